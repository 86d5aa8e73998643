/* llvm_text: what the tests of the LLVM backend share: text to code in memory, for every target that this CPU can run. */
#ifndef SPC_TEST_LLVM_TEXT_H
#define SPC_TEST_LLVM_TEXT_H

#include "backends/backend.h"
#include "backends/interp/interp.h"
#include "runtime/module.h"
#include "tests/unit/interp_text.h"
#include <stdlib.h>

/* The i-th target to test on; NULL past the end, a target without a name where this CPU cannot run it. */
static inline bool llvm_target(int i, ir_target *out)
{
    static const char *const names[] = {"x86-64-v2", "x86-64-v3", "x86-64-v4", "native"};
    rt_error error = {0};

    if (i >= (int)(sizeof names / sizeof *names))
        return false;
    if (!ir_target_find(names[i], out, &error) || out->features & ~rt_cpu_features())
        out->name = NULL;
    return true;
}

/* All functions of the module as one blob; free its data. */
static inline be_blob llvm_emit_module(const ir_module *m, const ir_target *target, const char *prefix,
                                       be_format format)
{
    const be_options options = {target, prefix, false};
    const ir_func *funcs[16];
    size_t count = 0;
    be_blob blob;
    rt_error error = {0};

    for (const ir_func *f = m->funcs; f && count < 16; f = f->next)
        funcs[count++] = f;
    if (be_find("llvm")->emit(m, funcs, count, &options, format, &blob, &error))
        fail_msg("%s", error.text);
    return blob;
}

static inline be_image *llvm_load_module(const ir_module *m, const ir_target *target, const void *weights)
{
    be_blob blob = llvm_emit_module(m, target, "", BE_OBJECT);
    be_image *image;
    rt_error error = {0};

    if (be_find("llvm")->load(&blob, 1, weights, &image, &error))
        fail_msg("%s", error.text);
    free(blob.data);
    return image;
}

static inline void *llvm_function(be_image *image, const char *name)
{
    void *function = be_find("llvm")->symbol(image, name);
    assert_non_null(function);
    return function;
}

static inline void llvm_unload_module(be_image *image) { be_find("llvm")->unload(image); }

#define LLVM_OR_SKIP() \
    do { \
        if (!be_find("llvm")) { \
            print_message("built without LLVM: skipped\n"); \
            skip(); \
        } \
    } while (0)

#endif
