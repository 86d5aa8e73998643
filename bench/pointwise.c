/* pointwise: kernels that only move memory, elementwise ones, softmax and norms, against memcpy of the same bytes.
 *
 *     bench_pointwise [--match=PART] [--seconds=S] [--cols=N]
 *
 * A layer that reads some tensors and writes one is compared with a copy of as many bytes, half of them read and half
 * written, in turns, where all of it fits in L2, in L3, or in neither. The share of the copy's bandwidth is printed. */
#include "matrix.h"
#include "timing.h"

#include <math.h>
#include <spc/spc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct layer_case {
    const char *name, *inputs, *body;
    int tensors; /* of [rows, cols], the result among them */
} layer_case;

static const layer_case cases[] = {
    {"relu", "", "relu(x)", 2}, {"x + z", ", z: f32[n, COLS]", "x + z", 3}, {"x * g + b", ", g: f32[COLS], b: f32[COLS]", "x * g + b", 2},
    {"relu6", "", "relu6(x)", 2}, {"exp", "", "exp(x)", 2}, {"sigmoid", "", "sigmoid(x)", 2}, {"silu", "", "silu(x)", 2},
    {"tanh", "", "tanh(x)", 2}, {"gelu", "", "gelu(x)", 2}, {"gelu_tanh", "", "gelu_tanh(x)", 2},
    {"softmax", "", "softmax(x)", 2}, {"layernorm", ", g: f32[COLS], b: f32[COLS]", "layernorm(x, g, b)", 2},
    {"rmsnorm", ", g: f32[COLS]", "rmsnorm(x, g)", 2}, {"transpose", "", "transpose(transpose(x, [1, 0]) + 1, [1, 0])", 4}, /* there and back */
    {"sum", "", "x - sum(x)", 3},
};

typedef struct options {
    const char *match;
    double seconds;
    int64_t cols;
} options;

typedef struct work {
    spc_module *module;
    spc_tensor in[4], out;
    size_t inputs;
    spc_exec exec;
    spc_status status;
    float *from, *to;
    size_t copied;
} work;

static void run_layer(void *ctx)
{
    work *w = ctx;
    spc_status status = spc_run(w->module, "f", w->in, w->inputs, &w->out, 1, &w->exec);
    if (status)
        w->status = status;
}

static void run_copy(void *ctx)
{
    const work *w = ctx;
    memcpy(w->to, w->from, w->copied);
}

static bool compile(work *w, const layer_case *c, int64_t cols)
{
    char text[1024];
    spc_session *s = NULL;
    int used = snprintf(text, sizeof text, "const COLS = %lld;\ndim n;\nlayer f(x: f32[n, COLS]%s) -> y: f32[n, COLS] { y = %s; }\n",
                        (long long)cols, c->inputs, c->body);
    bool good = !spc_session_new(&s) && !spc_set(s, "cpu", "native") && !spc_load(s, "case.sdl", text, (size_t)used) &&
                !spc_jit(s, &w->module);
    if (!good)
        fprintf(stderr, "%s", s ? spc_messages(s) : "no memory\n");
    spc_session_free(s);
    return good;
}

/* x and whatever else the layer takes; a vector where its name is g or b. */
static bool make_tensors(work *w, const layer_case *c, int64_t rows, int64_t cols)
{
    const size_t elements = (size_t)(rows * cols);
    w->in[w->inputs++] = (spc_tensor){bench_random_floats(rows * cols, 1), SPC_F32, 2, {rows, cols}};
    if (strstr(c->inputs, "z:"))
        w->in[w->inputs++] = (spc_tensor){bench_random_floats(rows * cols, 2), SPC_F32, 2, {rows, cols}};
    for (const char *name = "gb"; *name; name++) {
        const char part[] = {*name, ':', 0};
        if (strstr(c->inputs, part))
            w->in[w->inputs++] = (spc_tensor){bench_random_floats(cols, 3), SPC_F32, 1, {cols}};
    }
    w->out = (spc_tensor){bench_random_floats(rows * cols, 4), SPC_F32, 2, {rows, cols}};
    w->copied = elements * sizeof(float) * (size_t)c->tensors / 2;
    w->from = bench_random_floats((int64_t)(w->copied / sizeof(float)), 5);
    w->to = bench_random_floats((int64_t)(w->copied / sizeof(float)), 6);
    bool good = w->out.data && w->from && w->to;
    for (size_t i = 0; i < w->inputs; i++)
        good = good && w->in[i].data;
    return good;
}

static bool make_scratch(work *w)
{
    w->exec = (spc_exec){.size = sizeof w->exec, .threads = 1};
    if (spc_scratch_bytes(w->module, "f", w->in, w->inputs, 1, &w->exec.scratch_bytes))
        return false;
    w->exec.scratch = aligned_alloc(64, (w->exec.scratch_bytes + 127) / 64 * 64);
    return w->exec.scratch != NULL;
}

static void release(work *w)
{
    spc_module_free(w->module);
    for (size_t i = 0; i < w->inputs; i++)
        free(w->in[i].data);
    free(w->out.data);
    free(w->from);
    free(w->to);
    free(w->exec.scratch);
}

/* The share of the copy's bandwidth; 0: it could not be measured. */
static double measure(const options *o, const layer_case *c, int64_t bytes)
{
    work w = {.module = NULL};
    const int64_t rows = bytes / (int64_t)sizeof(float) / o->cols / c->tensors;
    double share = 0;
    if (compile(&w, c, o->cols) && make_tensors(&w, c, rows, o->cols) && make_scratch(&w)) {
        bench_contestant both[2] = {{.name = "spc", .run = run_layer, .ctx = &w}, {.name = "memcpy", .run = run_copy, .ctx = &w}};
        const double steady = bench_race(both, 2, o->seconds);
        share = both[1].median / both[0].median;
        printf("  %6.1f us %5.1f GB/s %4.0f %%%s", 1e6 * both[0].median, 2 * (double)w.copied / both[0].median / 1e9, 100 * share,
               steady > 0 ? " " : "?");
    }
    if (w.status)
        fprintf(stderr, "%s\n", spc_module_error(w.module));
    release(&w);
    return w.status ? 0 : share;
}

static bool read_options(options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = strchr(argv[i], '=');
        if (!value++)
            return false;
        if (strncmp(argv[i], "--match=", 8) == 0)
            o->match = value;
        else if (strncmp(argv[i], "--seconds=", 10) == 0)
            o->seconds = atof(value);
        else if (strncmp(argv[i], "--cols=", 7) == 0)
            o->cols = atoll(value);
        else
            return false;
    }
    return o->seconds > 0 && o->cols > 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int64_t bytes;
    } levels[] = {{"L2", 512 << 10}, {"L3", 8 << 20}, {"memory", 128 << 20}};
    options o = {.seconds = 0.3, .cols = 1024};
    bool good = true;
    if (!read_options(&o, argc, argv)) {
        fprintf(stderr, "usage: bench_pointwise [--match=PART] [--seconds=S] [--cols=N]\n");
        return 2;
    }
    printf("one thread, rows of %lld; time of a call, bytes read and written a second, share of memcpy's bandwidth\n", (long long)o.cols);
    printf("%-11s", "");
    for (size_t l = 0; l < sizeof levels / sizeof *levels; l++)
        printf("  %-30s", levels[l].name);
    printf("\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (o.match && !strstr(cases[i].name, o.match))
            continue;
        printf("%-11s", cases[i].name);
        for (size_t l = 0; l < sizeof levels / sizeof *levels; l++)
            good &= measure(&o, &cases[i], levels[l].bytes) > 0;
        printf("\n");
        fflush(stdout);
    }
    return !good;
}
