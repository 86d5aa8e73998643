/* backend: a code generator as a vtable. Backends share everything that is not emission: linking (link.h), the data
 * object (elf.h), the object cache (cache.h).
 *
 * ABI of generated functions, all with C linkage:
 *   kernel @k   void spck_k(PARAMS..., int64_t task, int64_t tasks)     buffers are pointers, index is int64_t
 *   entry @f    int PREFIXf(PARAMS..., const spc_exec *exec)            0 or a spc_status
 * Weights lie behind one undefined symbol, spc_weights. */
#ifndef SPC_BACKEND_H
#define SPC_BACKEND_H

#include "ir/ir.h"
#include "ir/target.h"

typedef struct be_blob {
    char *data; /* malloc */
    size_t size;
} be_blob;

typedef enum be_format { BE_OBJECT, BE_ASM, BE_TEXT /* the generator's own text, e.g. LLVM IR */ } be_format;

typedef struct be_options {
    const ir_target *target;
    const char *prefix; /* of entry symbols; "" */
    bool debug;         /* line tables of the SDL and of kernel names, for perf and gdb */
    const char *helper; /* gccjit: the program that compiles; NULL: it finds its own */
} be_options;

/* Code loaded into this process. */
typedef struct be_image be_image;

typedef struct be_backend {
    const char *name;    /* "llvm", "gccjit" */
    const char *(*version)(void); /* e.g. "LLVM 22.1.8" */
    /* The functions (kernels and entries, in any mix) as one relocatable object or text. Thread-safe across calls. */
    spc_status (*emit)(const ir_module *, const ir_func *const *funcs, size_t count, const be_options *, be_format,
                       be_blob *out, rt_error *);
    /* Objects of emit into memory; weights is what spc_weights means (borrowed). Code pages are never writable and
     * executable at once. */
    spc_status (*load)(const be_blob *objects, size_t count, const void *weights, be_image **out, rt_error *);
    void *(*symbol)(be_image *, const char *name);
    void (*unload)(be_image *);
} be_backend;

const be_backend *be_find(const char *name); /* NULL name: the default; NULL: not built in */
const be_backend *be_at(int index);          /* NULL past the end */
/* The name of the index-th that this build lacks, and what it would allow; NULL past the end. */
const char *be_absent_at(int index, const char **allows);
#define BE_KERNEL_PREFIX "spck_"
#define BE_WEIGHTS_SYMBOL "spc_weights"

#endif
