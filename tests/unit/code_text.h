/* code_text: what the tests of code generators share: text to code in memory, by the backend at work and for every target
 * that this CPU can run. A test program runs all its tests once for each backend that is built in. */
#ifndef SPC_TEST_CODE_TEXT_H
#define SPC_TEST_CODE_TEXT_H

#include "backends/backend.h"
#include "backends/interp/interp.h"
#include "runtime/module.h"
#include "tests/unit/interp_text.h"
#include <stdlib.h>

static const be_backend *code_backend; /* the one at work */

/* The i-th target to test on; NULL past the end, a target without a name where this CPU cannot run it. */
static inline bool code_target(int i, ir_target *out)
{
    static const char *const names[] = {"x86-64-v2", "x86-64-v3", "x86-64-v4", "native"};
    rt_error error = {0};

    if (i >= (int)(sizeof names / sizeof *names))
        return false;
    if (!ir_target_find(names[i], out, &error) || out->features & ~rt_cpu_features())
        out->name = NULL;
    return true;
}

static inline be_options code_options(const ir_target *target, const char *prefix)
{
    return (be_options){.target = target, .prefix = prefix, .helper = SPC_GCCJIT_HELPER};
}

/* All functions of the module as one blob; free its data. */
static inline be_blob code_emit_module(const ir_module *m, const ir_target *target, const char *prefix,
                                       be_format format)
{
    const be_options options = code_options(target, prefix);
    const ir_func *funcs[16];
    size_t count = 0;
    be_blob blob;
    rt_error error = {0};

    for (const ir_func *f = m->funcs; f && count < 16; f = f->next)
        funcs[count++] = f;
    if (code_backend->emit(m, funcs, count, &options, format, &blob, &error))
        fail_msg("%s: %s", code_backend->name, error.text);
    return blob;
}

static inline be_image *code_load_module(const ir_module *m, const ir_target *target, const void *weights)
{
    be_blob blob = code_emit_module(m, target, "", BE_OBJECT);
    be_image *image;
    rt_error error = {0};

    if (code_backend->load(&blob, 1, weights, &image, &error))
        fail_msg("%s: %s", code_backend->name, error.text);
    free(blob.data);
    return image;
}

static inline void *code_function(be_image *image, const char *name)
{
    void *function = code_backend->symbol(image, name);
    assert_non_null(function);
    return function;
}

static inline void code_unload_module(be_image *image) { code_backend->unload(image); }

/* In main: the tests once for each backend. */
#define CODE_RUN_TESTS(tests, setup) \
    do { \
        int failed_ = 0; \
        for (int b_ = 0; (code_backend = be_at(b_)); b_++) { \
            print_message("---- backend %s\n", code_backend->name); \
            failed_ += cmocka_run_group_tests_name(code_backend->name, tests, setup, NULL); \
        } \
        if (!be_at(0)) \
            print_message("no code generator is built in: skipped\n"); \
        return failed_; \
    } while (0)

#endif
