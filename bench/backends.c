/* backends: the code generators of this build against each other, on the same kernels: run time, interleaved, and time to
 * compile.
 *
 *     bench_backends [--n=1,8,32,128] [--pattern=TEXT] [--form=matmul|linear] [--seconds=S] [--plan=TEXT]
 *                    [FILE.smtx | ROWSxCOLSxDENSITY]...
 *
 * One thread. Each line: times of one call (medians) and how many times slower than the first backend each one is; then
 * geometric means. pattern: how the weight is declared (unstructured; dense; 2:4; "block(4, 4)": random matrices are then
 * made to fit). Every result is first checked against sums in f64. */
#include "matrix.h"
#include "sizes.h"
#include "timing.h"
#include <spc/spc.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SIZES = 16, MAX_BACKENDS = 4 };

typedef struct options {
    int64_t n[MAX_SIZES];
    int sizes;
    bool linear;
    double seconds;
    const char *plan, *pattern;
    char names[MAX_BACKENDS][16];
    int backends;
} options;

typedef struct entrant {
    spc_module *module;
    spc_tensor in, out;
    spc_exec exec;
    spc_status status;
    double compile; /* seconds, without a cache */
} entrant;

typedef struct totals {
    double log_ratio[MAX_SIZES][MAX_BACKENDS], compile[MAX_BACKENDS]; /* sums */
    int lines[MAX_SIZES];
    bool wrong;
} totals;

/* ---- matrices that fit a pattern ---- */

static uint64_t mixed(uint64_t x)
{
    x = (x ^ x >> 31) * UINT64_C(0x9e3779b97f4a7c15);
    return x ^ x >> 29;
}

/* Keeps whole blocks, or n of every m in a row. */
static bool kept(const options *o, int64_t row, int64_t col, double density)
{
    int a = 1, b = 1;
    if (sscanf(o->pattern, "block(%d,%d)", &a, &b) == 2 && a > 0 && b > 0)
        return (double)(mixed((uint64_t)(row / a * 100003 + col / b)) >> 11) * 0x1p-53 < density;
    if (sscanf(o->pattern, "%d:%d", &a, &b) == 2 && a > 0 && b > 0)
        return ((uint64_t)(col % b) + mixed((uint64_t)(row * 100003 + col / b))) % (uint64_t)b < (uint64_t)a;
    return true;
}

static void reshape(const options *o, bench_matrix *m, double density)
{
    int64_t count = 0;
    for (int64_t r = 0; r < m->rows; r++) {
        m->start[r] = count;
        for (int64_t c = 0; c < m->cols; c++) {
            float *w = &m->dense[r * m->cols + c];
            *w = kept(o, r, c, density) ? (float)((int64_t)(mixed((uint64_t)(r * m->cols + c)) % 1000) - 500) / 1000 + 0.0005f : 0;
            if (*w != 0)
                m->col[count++] = c;
        }
    }
    m->start[m->rows] = m->nnz = count;
}

/* A random matrix has room for all elements where it is to be reshaped. */
static bool read_spec(const options *o, const char *spec, bench_matrix *m)
{
    long long rows, cols;
    double density;
    int end = 0;
    if (sscanf(spec, "%lldx%lldx%lf%n", &rows, &cols, &density, &end) != 3 || spec[end] || rows < 1 || cols < 1)
        return bench_matrix_read(spec, m);
    const bool shaped = strcmp(o->pattern, "unstructured") != 0 && strcmp(o->pattern, "dense") != 0;
    if (!bench_matrix_random(rows, cols, shaped ? 1 : density, m))
        return false;
    if (shaped)
        reshape(o, m, density);
    return true;
}

/* ---- spc ---- */

static void run_entrant(void *ctx)
{
    entrant *t = ctx;
    const spc_status status = spc_run(t->module, "f", &t->in, 1, &t->out, 1, &t->exec);
    t->status = status ? status : t->status;
}

static spc_module *compile(const options *o, const char *backend, const bench_matrix *m, double *seconds)
{
    char text[512];
    spc_session *session = NULL;
    spc_module *module = NULL;
    const bool dense = strcmp(o->pattern, "dense") == 0;
    const spc_tensor w = { m->dense, SPC_F32, 2, { m->rows, m->cols } };
    snprintf(text, sizeof text, "dim n; const i = %" PRId64 ", o = %" PRId64 "; weight w: f32[o, i]%s%s; %s", m->cols, m->rows,
             dense ? "" : " sparse ", dense ? "" : o->pattern,
             o->linear ? "layer f(x: f32[n, i]) -> y: f32[n, o] { y = relu(linear(x, w)); }"
                       : "layer f(x: f32[i, n]) -> y: f32[o, n] { y = matmul(w, x); }");
    const double start = bench_now();
    spc_status status = spc_session_new(&session);
    if (!status)
        status = spc_set(session, "backend", backend);
    if (!status)
        status = spc_set(session, "cache", "none");
    if (!status && o->plan)
        status = spc_set(session, "plan", o->plan);
    if (!status)
        status = spc_load(session, "backends", text, strlen(text));
    if (!status)
        status = spc_bind(session, "w", &w);
    if (!status)
        status = spc_jit(session, &module);
    *seconds = bench_now() - start;
    if (status)
        fprintf(stderr, "%s: %s%s\n", backend, session ? spc_messages(session) : "", spc_status_text(status));
    spc_session_free(session);
    return module;
}

static spc_tensor tensor(const options *o, float *data, int64_t features, int64_t n)
{
    spc_tensor t = { data, SPC_F32, 2, { features, n } };
    if (o->linear) {
        t.dims[0] = n;
        t.dims[1] = features;
    }
    return t;
}

static bool open_entrant(entrant *t, const options *o, const char *backend, const bench_matrix *m, float *x, int64_t n)
{
    float *y = bench_random_floats(m->rows * n, 8);
    *t = (entrant){ .in = tensor(o, x, m->cols, n), .out = tensor(o, y, m->rows, n), .exec.size = sizeof t->exec };
    t->module = y ? compile(o, backend, m, &t->compile) : NULL;
    if (!t->module || spc_scratch_bytes(t->module, "f", &t->in, 1, 1, &t->exec.scratch_bytes))
        return false;
    t->exec.scratch = aligned_alloc(64, (t->exec.scratch_bytes + 127) / 64 * 64);
    if (!t->exec.scratch)
        return false;
    run_entrant(t);
    const double error = bench_matrix_error(m, x, y, n, o->linear);
    if (!o->linear && error > 1) /* linear has a relu behind it: compared with the first backend below */
        printf(" WRONG RESULT of %s: %.3g times the error bound\n", backend, error);
    return !t->status && (o->linear || error <= 1);
}

static void close_entrant(entrant *t)
{
    spc_module_free(t->module);
    free(t->exec.scratch);
    free(t->out.data);
}

/* ---- one line ---- */

static bool agree(const entrant *a, const entrant *b, int64_t count)
{
    const float *x = a->out.data, *y = b->out.data;
    for (int64_t i = 0; i < count; i++)
        if (fabsf(x[i] - y[i]) > 1e-4f * (1 + fabsf(x[i])))
            return false;
    return true;
}

static void race(const options *o, const bench_matrix *m, int size, entrant *entrants, totals *t)
{
    bench_contestant c[MAX_BACKENDS] = { { 0 } };
    for (int i = 0; i < o->backends; i++)
        c[i] = (bench_contestant){ .name = o->names[i], .run = run_entrant, .ctx = &entrants[i] };
    const double steady = bench_race(c, (size_t)o->backends, o->seconds);
    printf(" %5" PRId64 "x%-5" PRId64 " %5.1f%% %5" PRId64, m->rows, m->cols,
           100.0 * (double)m->nnz / ((double)m->rows * (double)m->cols), o->n[size]);
    for (int i = 0; i < o->backends; i++) {
        printf(" %10.2f us %7.1f ms", 1e6 * c[i].median, 1e3 * entrants[i].compile);
        t->log_ratio[size][i] += log(c[i].median / c[0].median);
        t->compile[i] += entrants[i].compile;
        if (i > 0)
            printf(" %6.3fx", c[i].median / c[0].median);
    }
    printf("%s\n", steady > 0 ? "" : "  unsteady");
    fflush(stdout);
    t->lines[size]++;
}

static void measure(const options *o, const bench_matrix *m, int size, totals *t)
{
    entrant entrants[MAX_BACKENDS] = { { 0 } };
    float *x = bench_random_floats(m->cols * o->n[size], 7);
    bool good = x != NULL;
    for (int i = 0; i < o->backends && good; i++) {
        good = open_entrant(&entrants[i], o, o->names[i], m, x, o->n[size]);
        if (good && !agree(&entrants[0], &entrants[i], m->rows * o->n[size])) {
            printf(" %s and %s give different results\n", o->names[0], o->names[i]);
            good = false;
        }
    }
    if (good)
        race(o, m, size, entrants, t);
    t->wrong |= !good;
    for (int i = 0; i < o->backends; i++)
        close_entrant(&entrants[i]);
    free(x);
}

static void measure_file(const options *o, const char *spec, totals *t)
{
    bench_matrix m;
    const char *name = strrchr(spec, '/');
    printf("%s\n", name ? name + 1 : spec);
    if (!read_spec(o, spec, &m)) {
        t->wrong = true;
        return;
    }
    for (int size = 0; size < o->sizes; size++)
        measure(o, &m, size, t);
    bench_matrix_free(&m);
}

/* ---- all of them ---- */

static int summary(const options *o, const totals *t)
{
    int lines = 0;
    for (int size = 0; size < o->sizes; size++) {
        lines += t->lines[size];
        for (int i = 1; i < o->backends && t->lines[size]; i++)
            printf("n = %5" PRId64 ": %s takes %.3f of %s's time (geometric mean of %d)\n", o->n[size], o->names[i],
                   exp(t->log_ratio[size][i] / t->lines[size]), o->names[0], t->lines[size]);
    }
    for (int i = 0; i < o->backends && lines; i++)
        printf("compile  : %s %.1f ms on average\n", o->names[i], 1e3 * t->compile[i] / lines);
    return t->wrong || !lines;
}

static bool read_option(options *o, const char *arg)
{
    const char *value = strchr(arg, '=');
    if (!value++)
        return false;
    if (strncmp(arg, "--n=", 4) == 0)
        return bench_read_sizes(value, o->n, MAX_SIZES, &o->sizes);
    if (strncmp(arg, "--seconds=", 10) == 0)
        return (o->seconds = atof(value)) > 0;
    if (strncmp(arg, "--plan=", 7) == 0)
        return (o->plan = value) != NULL;
    if (strncmp(arg, "--pattern=", 10) == 0)
        return (o->pattern = value) != NULL;
    o->linear = strcmp(arg, "--form=linear") == 0;
    return o->linear || strcmp(arg, "--form=matmul") == 0;
}

static void find_backends(options *o)
{
    char name[256];
    while (o->backends < MAX_BACKENDS && spc_backend_at(o->backends, name, sizeof name)) {
        snprintf(o->names[o->backends], sizeof o->names[0], "%.*s", (int)strcspn(name, " "), name);
        o->backends++;
    }
}

int main(int argc, char **argv)
{
    static const char *const usual[] = { "512x512x0.1", "1024x1024x0.05", "256x1024x0.2" };
    options o = { .n = { 1, 8, 32, 128 }, .sizes = 4, .seconds = 0.5, .pattern = "unstructured" };
    totals t = { .wrong = false };
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (!read_option(&o, argv[at])) {
            fprintf(stderr, "bench_backends: %s is not understood; bench/README.md lists the options\n", argv[at]);
            return 2;
        }
    }
    find_backends(&o);
    if (o.backends < 2) {
        fprintf(stderr, "bench_backends: this build has fewer than two code generators\n");
        return 2;
    }
    printf(" %-11s %6s %5s; then for each backend time of a call, time to compile, ratio\n", "shape", "dens.", "n");
    for (size_t i = 0; at == argc && i < sizeof usual / sizeof *usual; i++)
        measure_file(&o, usual[i], &t);
    for (; at < argc; at++)
        measure_file(&o, argv[at], &t);
    return summary(&o, &t);
}
