/* spmm: a sparse weight times activations, spc against the best dense product, on the matrices of DLMC or made-up ones.
 *
 *     bench_spmm [--n=32,128,512] [--form=matmul|linear] [--seconds=S] [--match=TEXT] [--plan=TEXT] [--cpu=NAME] [--fixed]
 *                [FILE.smtx | ROWSxCOLSxDENSITY]...
 *
 * One thread. Each line: times of one call (medians), how many times faster spc is than the best dense one, and GFLOP/s
 * on the non-zeros. Every result is first checked against sums in f64. Without files: all of SPC_DATA_DIR/dlmc. */
#include "dense.h"
#include "matrix.h"
#include "sizes.h"
#include <spc/spc.h>
#include <glob.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SIZES = 16 };

typedef struct options {
    int64_t n[MAX_SIZES];
    int sizes;
    bool linear, fixed; /* fixed: n is a constant of the program, not a dim */
    double seconds;     /* of one line */
    const char *match, *plan, *cpu;
} options;

typedef struct totals {
    double log_ratio[MAX_SIZES]; /* sums */
    int lines[MAX_SIZES];
    bool wrong;
} totals;

/* ---- spc ---- */

typedef struct sparse {
    spc_module *module;
    spc_tensor in, out;
    spc_exec exec;
    spc_status status;
} sparse;

static void run_sparse(void *ctx)
{
    sparse *s = ctx;
    const spc_status status = spc_run(s->module, "f", &s->in, 1, &s->out, 1, &s->exec);
    s->status = status ? status : s->status;
}

static void write_program(const options *o, const bench_matrix *m, int64_t n, char *text, size_t size)
{
    char size_item[64] = "dim n";
    if (o->fixed)
        snprintf(size_item, sizeof size_item, "const n = %" PRId64, n);
    snprintf(text, size, "%s; const i = %" PRId64 ", o = %" PRId64 "; weight w: f32[o, i] sparse unstructured; %s",
             size_item, m->cols, m->rows,
             o->linear ? "layer f(x: f32[n, i]) -> y: f32[n, o] { y = linear(x, w); }"
                       : "layer f(x: f32[i, n]) -> y: f32[o, n] { y = matmul(w, x); }");
}

static spc_module *compile(const options *o, const bench_matrix *m, int64_t n)
{
    char text[512];
    spc_session *session = NULL;
    spc_module *module = NULL;
    const spc_tensor w = { m->dense, SPC_F32, 2, { m->rows, m->cols } };
    write_program(o, m, n, text, sizeof text);
    spc_status status = spc_session_new(&session);
    if (!status && o->plan)
        status = spc_set(session, "plan", o->plan);
    if (!status && o->cpu)
        status = spc_set(session, "cpu", o->cpu);
    if (!status)
        status = spc_load(session, "spmm", text, strlen(text));
    if (!status)
        status = spc_bind(session, "w", &w);
    if (!status)
        status = spc_jit(session, &module);
    if (status)
        fprintf(stderr, "%s%s\n", session ? spc_messages(session) : "", spc_status_text(status));
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

static bool open_sparse(sparse *s, const options *o, const bench_matrix *m, float *x, float *y, int64_t n)
{
    *s = (sparse){ .in = tensor(o, x, m->cols, n), .out = tensor(o, y, m->rows, n), .exec.size = sizeof s->exec };
    s->module = compile(o, m, n);
    if (!s->module)
        return false;
    const spc_status status = spc_scratch_bytes(s->module, "f", &s->in, 1, 1, &s->exec.scratch_bytes);
    s->exec.scratch = aligned_alloc(64, (s->exec.scratch_bytes + 127) / 64 * 64);
    if (!status && s->exec.scratch)
        run_sparse(s);
    if (status || !s->exec.scratch || s->status)
        fprintf(stderr, "%s\n", spc_module_error(s->module));
    return !status && s->exec.scratch && !s->status;
}

static void close_sparse(sparse *s)
{
    spc_module_free(s->module);
    free(s->exec.scratch);
}

/* ---- one line ---- */

static void print_line(const bench_matrix *m, int64_t n, const bench_contestant *c, double ratio, double steady)
{
    const double flops = 2.0 * (double)m->nnz * (double)n;
    printf(" %5" PRId64 "x%-5" PRId64 " %5.1f%% %5" PRId64, m->rows, m->cols,
           100.0 * (double)m->nnz / ((double)m->rows * (double)m->cols), n);
    for (int i = 0; i <= BENCH_DENSE_COUNT; i++)
        printf(" %10.1f", 1e6 * c[i].median);
    printf(" %7.2fx %7.1f%s\n", ratio, flops / c[0].median / 1e9, steady > 0 ? "" : "  unsteady");
    fflush(stdout);
}

static bool race(const options *o, const bench_matrix *m, bench_dense *d, sparse *s, totals *t, int size)
{
    bench_contestant c[1 + BENCH_DENSE_COUNT] = { { .name = "spc", .run = run_sparse, .ctx = s } };
    bench_dense_contestants(d, c + 1);
    const double steady = bench_race(c, 1 + BENCH_DENSE_COUNT, o->seconds);
    double best = c[1].median;
    for (int i = 2; i <= BENCH_DENSE_COUNT; i++)
        best = c[i].median < best ? c[i].median : best;
    print_line(m, d->n, c, best / c[0].median, steady);
    t->log_ratio[size] += log(best / c[0].median);
    t->lines[size]++;
    return !s->status;
}

/* The dense peers are checked as well: a wrong call would make them fast. */
static bool check(const options *o, const bench_matrix *m, bench_dense *d, const sparse *s)
{
    bench_contestant dense[BENCH_DENSE_COUNT];
    const double error = bench_matrix_error(m, d->x, s->out.data, d->n, o->linear);
    bool good = error <= 1;
    if (!good)
        printf(" WRONG RESULT of spc: %.3g times the error bound\n", error);
    bench_dense_contestants(d, dense);
    for (int i = 0; i < BENCH_DENSE_COUNT; i++) {
        memset(d->y, 0xff, (size_t)(d->rows * d->n) * sizeof *d->y);
        dense[i].run(dense[i].ctx);
        /* They add up all columns, zeros too, but zeros add no error. */
        if (bench_matrix_error(m, d->x, d->y, d->n, o->linear) <= 1)
            continue;
        printf(" WRONG RESULT of %s\n", dense[i].name);
        good = false;
    }
    return good;
}

static bool measure(const options *o, const bench_matrix *m, int size, totals *t)
{
    const int64_t n = o->n[size];
    float *x = bench_random_floats(m->cols * n, 7);
    float *y = bench_random_floats(m->rows * n, 8), *other = bench_random_floats(m->rows * n, 9);
    bench_dense d = { .w = m->dense, .x = x, .y = other, .rows = m->rows, .cols = m->cols, .n = n, .linear = o->linear };
    sparse s = { 0 };
    bool good = x && y && other && bench_dense_open(&d) && open_sparse(&s, o, m, x, y, n) && check(o, m, &d, &s) &&
                race(o, m, &d, &s, t, size);
    bench_dense_close(&d);
    close_sparse(&s);
    free(x);
    free(y);
    free(other);
    return good;
}

/* ---- all of them ---- */

static bool read_spec(const char *spec, bench_matrix *m)
{
    long long rows, cols;
    double density;
    int end = 0;
    if (sscanf(spec, "%lldx%lldx%lf%n", &rows, &cols, &density, &end) == 3 && !spec[end] && rows > 0 && cols > 0)
        return bench_matrix_random(rows, cols, density, m);
    return bench_matrix_read(spec, m);
}

static void measure_file(const options *o, const char *spec, totals *t)
{
    bench_matrix m;
    if (o->match && !strstr(spec, o->match))
        return;
    const char *name = strrchr(spec, '/');
    printf("%s\n", name ? name + 1 : spec);
    if (!read_spec(spec, &m)) {
        t->wrong = true;
        return;
    }
    for (int size = 0; size < o->sizes; size++)
        if (!measure(o, &m, size, t))
            t->wrong = true;
    bench_matrix_free(&m);
}

static int summary(const options *o, const totals *t)
{
    double sum = 0;
    int lines = 0;
    for (int size = 0; size < o->sizes; size++) {
        if (t->lines[size])
            printf("n = %5" PRId64 ": geometric mean %.2fx of the best dense, %d matrices\n", o->n[size],
                   exp(t->log_ratio[size] / t->lines[size]), t->lines[size]);
        sum += t->log_ratio[size];
        lines += t->lines[size];
    }
    if (lines)
        printf("all      : geometric mean %.2fx\n", exp(sum / lines));
    if (t->wrong || !lines)
        printf("some lines are missing or wrong\n");
    return t->wrong || !lines;
}

static bool read_option(options *o, const char *arg)
{
    const char *value = strchr(arg, '=');
    if (strcmp(arg, "--fixed") == 0)
        return o->fixed = true;
    if (!value++)
        return false;
    if (strncmp(arg, "--n=", 4) == 0)
        return bench_read_sizes(value, o->n, MAX_SIZES, &o->sizes);
    if (strncmp(arg, "--seconds=", 10) == 0)
        return (o->seconds = atof(value)) > 0;
    if (strncmp(arg, "--match=", 8) == 0)
        return (o->match = value) != NULL;
    if (strncmp(arg, "--cpu=", 6) == 0)
        return (o->cpu = value) != NULL;
    if (strncmp(arg, "--plan=", 7) == 0)
        return (o->plan = value) != NULL;
    o->linear = strcmp(arg, "--form=linear") == 0;
    return o->linear || strcmp(arg, "--form=matmul") == 0;
}

int main(int argc, char **argv)
{
    bench_dense_environment(argv, 1);
    options o = { .n = { 32, 128, 512 }, .sizes = 3, .seconds = 0.5 };
    totals t = { .wrong = false };
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (!read_option(&o, argv[at])) {
            fprintf(stderr, "bench_spmm: %s is not understood; bench/README.md lists the options\n", argv[at]);
            return 2;
        }
    }
    printf("%s, one thread, microseconds of one call; ratio against the best dense; GFLOP/s on non-zeros\n",
           o.linear ? "linear(x, w), x [n, in]" : "matmul(w, x), x [in, n]");
    printf(" %-11s %6s %5s %10s %10s %10s %10s %8s %7s\n", "shape", "dens.", "n", "spc", "dnnl_sgemm", "dnnl", "OpenBLAS",
           "ratio", "GFLOP/s");
    glob_t found = { 0 };
    if (at == argc && glob(SPC_DATA_DIR "/dlmc/*.smtx", 0, NULL, &found) != 0)
        fprintf(stderr, "no matrices in " SPC_DATA_DIR "/dlmc\n");
    for (size_t i = 0; i < found.gl_pathc; i++)
        measure_file(&o, found.gl_pathv[i], &t);
    for (; at < argc; at++)
        measure_file(&o, argv[at], &t);
    globfree(&found);
    return summary(&o, &t);
}
