/* interp_graph: what tests of single graph ops share: a graph of one op from its text, run in the interpreter. */
#ifndef SPC_TEST_INTERP_GRAPH_H
#define SPC_TEST_INTERP_GRAPH_H

#include "tests/unit/interp_text.h"
#include <math.h>

#define TENSOR(values, type, ...)                                                                        \
    ((spc_tensor){(void *)(values), SPC_##type, (int)(sizeof((int64_t[]){0, __VA_ARGS__}) / sizeof(int64_t)) - 1, \
                  {__VA_ARGS__}})

/* Runs the text's first function, a graph without weights. */
static inline spc_status run_graph(const char *text, const int64_t *dims, const spc_tensor *in, const spc_tensor *out,
                                   rt_error *error)
{
    ir_arena *arena = ir_arena_new(0);
    ir_module *m = parse_text(arena, text);
    const spc_status status = interp_graph(m, m->funcs, dims, NULL, NULL, in, out, error);
    ir_arena_free(arena);
    return status;
}

static inline void check_graph(const char *text, const int64_t *dims, const spc_tensor *in, const spc_tensor *out)
{
    rt_error error = {0};
    if (run_graph(text, dims, in, out, &error)) fail_msg("%s\n%s", text, error.text);
}

/* Nothing but SPC_E_ARG, with these words in the message. */
static inline void check_refused(const char *text, const int64_t *dims, const spc_tensor *in, const spc_tensor *out,
                                 const char *words)
{
    rt_error error = {0};
    assert_int_equal(run_graph(text, dims, in, out, &error), SPC_E_ARG);
    if (!strstr(error.text, words)) fail_msg("\"%s\" is not in: %s", words, error.text);
}

/* A graph of one input and one op. */
#define ONE_OP(from, op, to) \
    "dim n\ndim k\ngraph @f {\n %0 = input \"x\" : " from "\n %1 = " op " " to "\n output %1 \"y\"\n}\n"

/* Right to a unit in the last place of f32. */
static inline void assert_floats(const float *got, const double *want, int count)
{
    for (int i = 0; i < count; i++) {
        const bool same = isnan(want[i]) ? isnan(got[i]) : fabs((double)got[i] - want[i]) <= fabs(want[i]) * 0x1p-23;
        if (!same) fail_msg("element %d is %.9g, not %.9g", i, (double)got[i], want[i]);
    }
}

#endif
