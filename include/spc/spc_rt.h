/* spc_rt.h - run kernels that spc compiled.
 *
 * Needs libspc_rt only: no compiler inside. A generated kernels.h may be included together with this header.
 *
 * Threads: a loaded module is immutable once its first run began and may be run by many threads at once; every
 * other handle belongs to one thread at a time. There is no global state.
 * Errors: every function that can fail returns a spc_status; spc_module_error() has the sentence that goes with it.
 * The library never prints, exits, aborts or reads environment variables. */
#ifndef SPC_RT_H
#define SPC_RT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Append-only: a value never changes its meaning. The guard is shared with generated headers, as is spc_exec's. */
#ifndef SPC_STATUS_DEFINED
#define SPC_STATUS_DEFINED
typedef enum spc_status {
    SPC_OK = 0,
    SPC_E_ARG,         /* a wrong argument: shape, dtype, contract of a dim, null pointer */
    SPC_E_NOMEM,       /* out of memory, or over the limit that was set */
    SPC_E_IO,          /* a file could not be read or written */
    SPC_E_PROGRAM,     /* the SDL program, a weights file or another input is wrong; the messages say where */
    SPC_E_UNSUPPORTED, /* right, but not possible here: a missing CPU feature, a part that is not built in */
    SPC_E_BACKEND,     /* code generation, the linker or the loader failed */
    SPC_E_ABI,         /* a kernels.so of another ABI version */
    SPC_E_INTERNAL     /* a defect of spc; the message names the pass */
} spc_status;
#endif

const char *spc_status_text(spc_status);

typedef enum spc_dtype {
    SPC_F32 = 1, SPC_F16, SPC_BF16, SPC_F64, SPC_I8, SPC_U8, SPC_I4, SPC_I32, SPC_BOOL
} spc_dtype;

/* A dense tensor: packed, row-major, borrowed. f16 and bf16 are uint16_t bits, bool is uint8_t 0 or 1. */
typedef struct spc_tensor {
    void *data;
    spc_dtype dtype;
    int32_t rank;    /* 0 (a scalar) to 8 */
    int64_t dims[8]; /* in elements */
} spc_tensor;

#ifndef SPC_EXEC_DEFINED
#define SPC_EXEC_DEFINED
/* How to run one call. NULL in its place stands for: this thread, own scratch. */
typedef struct spc_exec {
    size_t size; /* sizeof(spc_exec): the struct may grow */
    /* Calls task(arg, i) once for every i in [0, tasks), in any order, and returns when all have returned.
     * NULL: serial. */
    void (*parallel_for)(void *ctx, void (*task)(void *arg, size_t index), void *arg, size_t tasks);
    void *ctx;
    int threads; /* how many tasks parallel_for runs at once; under 1 counts as 1 */
    void *scratch;
    size_t scratch_bytes; /* NULL: allocated for the call. Given, running allocates nothing. */
    const void *const *weights; /* spc_run sets it where weights are bound at load time; hosts leave it NULL */
    const char *dims; /* of spc_run and spc_scratch_for: dims that no shape shows, "k=3,n=4"; NULL: there are none */
} spc_exec;
#endif

typedef struct spc_module spc_module;
typedef struct spc_pool spc_pool;

/* Loads a kernels.so. SPC_E_UNSUPPORTED: this CPU lacks a feature that it was compiled for. On failure *out is a
 * module that only carries its message for spc_module_error() (free it), or NULL when there was no memory. */
spc_status spc_module_open(const char *so_path, spc_module **out);
/* Weights that were not embedded: PATH.safetensors or NAME=FILE, or one tensor, which is copied and comes before files.
 * Before the first run, which packs them: from then on the module is immutable and this is SPC_E_ARG. Data that breaks
 * its declaration or pattern is SPC_E_PROGRAM and is not bound; a run without all weights is SPC_E_ARG and its message
 * names them. */
spc_status spc_module_bind_file(spc_module *, const char *weights);
spc_status spc_module_bind(spc_module *, const char *weight, const spc_tensor *dense);
/* JSON text: layers, their inputs and results, dims and contracts, kernels, weights. Owned by the module. */
const char *spc_module_manifest(const spc_module *);
/* Runs a layer. Tensors in declared order; dims come from their shapes. Checks dtypes, ranks, extents and
 * contracts; never reads or writes outside the tensors. */
spc_status spc_run(const spc_module *, const char *layer, const spc_tensor *in, size_t n_in,
                   const spc_tensor *out, size_t n_out, const spc_exec *);
/* Bytes of scratch that a run on these inputs with this many threads needs. */
spc_status spc_scratch_bytes(const spc_module *, const char *layer, const spc_tensor *in, size_t n_in, int threads,
                             size_t *out);
/* The same for a call with these settings: their threads, and their dims, which inputs need not show. */
spc_status spc_scratch_for(const spc_module *, const char *layer, const spc_tensor *in, size_t n_in, const spc_exec *,
                           size_t *out);
/* The message of this thread's last failed call on this module; "" if none. */
const char *spc_module_error(const spc_module *);
void spc_module_free(spc_module *); /* every free takes NULL */

/* NumPy arrays. path "-" is standard input or output. Reads C and Fortran order and both byte orders; bf16 travels as
 * <u2 bits, so who wants bf16 says so by `expect` (0: as the file says). Free what was read with spc_tensor_free.
 * A file is written whole or not at all. message (may be NULL) receives one sentence on failure. */
spc_status spc_tensor_read(const char *path, spc_dtype expect, spc_tensor *out, char *message, size_t size);
spc_status spc_tensor_write(const char *path, const spc_tensor *, char *message, size_t size);
void spc_tensor_free(spc_tensor *);
size_t spc_dtype_bits(spc_dtype);      /* of one element */
const char *spc_dtype_name(spc_dtype); /* "f32" */

/* A thread pool (pthreadpool). threads 0: one per core. With more than there are cores for this process (its affinity, its
 * container's share), work is cut into parts for so many, but the cores' number of threads works on them. */
spc_status spc_pool_new(int threads, spc_pool **out);
spc_exec spc_pool_exec(spc_pool *); /* settings that run on the pool; valid while the pool lives */
void spc_pool_free(spc_pool *);

#ifdef __cplusplus
}
#endif
#endif
