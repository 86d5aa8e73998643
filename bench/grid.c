/* grid: the cells of bench/run: one weight, several numbers of columns, spc against its own dense kernel and all peers.
 *
 *     bench_grid [--n=1,8,32,128,512] [--form=matmul|linear] [--seconds=S] [--rounds=R] [--threads=T] [--plan=TEXT]
 *                [--wisdom=FILE] [--mlir=FILE.so] ROWSxCOLS:PATTERN[@DENSITY] | FILE.smtx
 *     bench_grid --peers
 *
 * Writes one JSON object a line for each number of columns: what was measured in each round, for bench/run to judge. Every
 * result is first checked against sums in f64. With --threads spc runs on one thread and on T, timed by the wall, and
 * no peers take part. Exit status 1 if a result was wrong. */
#include "dense.h"
#include "peers.h"
#include "sizes.h"
#include "timing.h"
#include <inttypes.h>
#include <spc/spc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SIZES = 16, SPC_FORMS = 2 };

typedef struct options {
    int64_t n[MAX_SIZES];
    int sizes, rounds, threads;
    bool linear;
    double seconds; /* of one cell */
    const char *plan, *wisdom, *pattern, *mlir;
} options;

/* ---- spc ---- */

typedef struct kernel {
    const char *name;
    spc_module *module;
    spc_tensor in, out;
    spc_exec exec;
    spc_pool *pool;
    spc_status status;
    double compile_ms;
} kernel;

static void run_kernel(void *ctx)
{
    kernel *k = ctx;
    const spc_status status = spc_run(k->module, "f", &k->in, 1, &k->out, 1, &k->exec);
    k->status = status ? status : k->status;
}

static void write_program(const options *o, const bench_matrix *m, char *text, size_t size)
{
    const bool dense = strcmp(o->pattern, "dense") == 0;
    snprintf(text, size, "dim n; const i = %" PRId64 ", o = %" PRId64 "; weight w: f32[o, i]%s%s; %s", m->cols, m->rows,
             dense ? "" : " sparse ", dense ? "" : o->pattern,
             o->linear ? "layer f(x: f32[n, i]) -> y: f32[n, o] { y = linear(x, w); }"
                       : "layer f(x: f32[i, n]) -> y: f32[o, n] { y = matmul(w, x); }");
}

static spc_status compile(const options *o, const bench_matrix *m, bool dense, spc_session *s, spc_module **out)
{
    char text[512];
    const spc_tensor w = { m->dense, SPC_F32, 2, { m->rows, m->cols } };
    write_program(o, m, text, sizeof text);
    spc_status status = dense ? spc_set(s, "dense", "yes") : SPC_OK;
    if (!status && o->plan && !dense)
        status = spc_set(s, "plan", o->plan);
    if (!status && o->wisdom)
        status = spc_set(s, "wisdom", o->wisdom);
    if (!status)
        status = spc_load(s, "grid", text, strlen(text));
    if (!status)
        status = spc_bind(s, "w", &w);
    return status ? status : spc_jit(s, out);
}

static bool open_module(const options *o, const bench_matrix *m, bool dense, kernel *k)
{
    spc_session *s = NULL;
    const double start = bench_now();
    spc_status status = spc_session_new(&s);
    if (!status)
        status = compile(o, m, dense, s, &k->module);
    if (status)
        fprintf(stderr, "%s%s\n", s ? spc_messages(s) : "", spc_status_text(status));
    spc_session_free(s);
    k->compile_ms = 1e3 * (bench_now() - start);
    return !status;
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

static bool prepare(const options *o, kernel *k, const bench_problem *p, int threads)
{
    k->in = tensor(o, (float *)p->x, p->matrix->cols, p->n);
    k->out = tensor(o, p->y, p->matrix->rows, p->n);
    k->exec = (spc_exec){ .size = sizeof k->exec, .threads = 1 };
    if (threads > 1) {
        if (spc_pool_new(threads, &k->pool))
            return false;
        k->exec = spc_pool_exec(k->pool);
    }
    const spc_status status = spc_scratch_bytes(k->module, "f", &k->in, 1, threads, &k->exec.scratch_bytes);
    k->exec.scratch = aligned_alloc(64, (k->exec.scratch_bytes + 127) / 64 * 64);
    k->status = status ? status : k->exec.scratch ? SPC_OK : SPC_E_NOMEM;
    if (!k->status)
        run_kernel(k);
    if (k->status)
        fprintf(stderr, "%s\n", spc_module_error(k->module));
    return !k->status;
}

static void release(kernel *k)
{
    free(k->exec.scratch);
    spc_pool_free(k->pool);
    k->exec.scratch = NULL;
    k->pool = NULL;
}

/* ---- one cell ---- */

typedef struct cell {
    const options *options;
    bench_problem problem;
    kernel kernels[SPC_FORMS];
    void *held[BENCH_MAX_CONTESTANTS];
    const bench_peer *peer[BENCH_MAX_CONTESTANTS];
    bench_contestant contestants[BENCH_MAX_CONTESTANTS];
    size_t count;
    char wrong[256]; /* names of those whose result was */
} cell;

static bool is_right(cell *c, const char *name)
{
    const bench_problem *p = &c->problem;
    const bool right = bench_matrix_error(p->matrix, p->x, p->y, p->n, p->linear) <= 1;
    if (!right)
        snprintf(c->wrong + strlen(c->wrong), sizeof c->wrong - strlen(c->wrong), " %s", name);
    return right;
}

static void clear(const bench_problem *p) { memset(p->y, 0xff, (size_t)(p->matrix->rows * p->n) * sizeof *p->y); }

static bool add_kernels(cell *c)
{
    for (int i = 0; i < SPC_FORMS; i++) {
        kernel *k = &c->kernels[i];
        clear(&c->problem);
        if (!prepare(c->options, k, &c->problem, i ? c->options->threads : 1) || !is_right(c, k->name))
            return false;
        c->contestants[c->count++] = (bench_contestant){ .name = k->name, .run = run_kernel, .ctx = k };
    }
    return true;
}

/* A peer that cannot do it, or does it wrong, takes no part. */
static void add_peers(cell *c)
{
    for (size_t i = 0; i < bench_peer_count; i++) {
        const bench_peer *peer = &bench_peers[i];
        void *held = peer->open ? peer->open(&c->problem) : NULL;
        if (!held)
            continue;
        clear(&c->problem);
        peer->run(held);
        if (!is_right(c, peer->name)) {
            peer->close(held);
            continue;
        }
        c->held[c->count] = held;
        c->peer[c->count] = peer;
        c->contestants[c->count++] = (bench_contestant){ .name = peer->name, .run = peer->run, .ctx = held };
    }
}

static void close_cell(cell *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->peer[i])
            c->peer[i]->close(c->held[i]);
    for (int i = 0; i < SPC_FORMS; i++)
        release(&c->kernels[i]);
}

static void print_rounds(const cell *c, const bench_rounds *r)
{
    for (size_t i = 0; i < c->count; i++) {
        printf("%s\"%s\":[", i ? "," : "", c->contestants[i].name);
        for (int round = 0; round < r->count; round++)
            printf("%s%.5g", round ? "," : "", 1e9 * r->times[round][i]);
        printf("]");
    }
}

static void print_cell(const cell *c, const char *source, const bench_rounds *r)
{
    const bench_matrix *m = c->problem.matrix;
    const options *o = c->options;
    printf("{\"source\":\"%s\",\"pattern\":\"%s\",\"rows\":%" PRId64 ",\"cols\":%" PRId64 ",\"nonzeros\":%" PRId64 ",\"n\":%" PRId64
           ",\"form\":\"%s\",\"threads\":%d,\"compile_ms\":%.2f,\"dropped\":%d,\"steady\":%s,\"wrong\":\"%s\",\"ns\":{",
           source, o->pattern, m->rows, m->cols, m->nnz, c->problem.n, o->linear ? "linear" : "matmul", o->threads,
           c->kernels[0].compile_ms, r->dropped, r->steady ? "true" : "false", c->wrong);
    print_rounds(c, r);
    printf("}}\n");
    fflush(stdout);
}

static bool measure(const options *o, const bench_matrix *m, kernel kernels[SPC_FORMS], const char *source, int64_t n)
{
    float *x = bench_random_floats(m->cols * n, 7), *y = bench_random_floats(m->rows * n, 8);
    bench_rounds *rounds = calloc(1, sizeof *rounds);
    cell *c = calloc(1, sizeof *c);
    bool good = x && y && rounds && c;
    if (good) {
        *c = (cell){ .options = o, .problem = { m, x, y, n, o->linear, o->mlir } };
        memcpy(c->kernels, kernels, sizeof c->kernels);
        good = add_kernels(c);
        if (good && o->threads == 1)
            add_peers(c);
        if (good)
            bench_race_rounds(c->contestants, c->count, o->seconds, o->rounds, o->threads > 1, rounds);
        good = good && !c->wrong[0];
        if (rounds->count || c->wrong[0])
            print_cell(c, source, rounds);
        close_cell(c);
    }
    free(c);
    free(rounds);
    free(x);
    free(y);
    return good;
}

/* ---- all of them ---- */

/* "ROWSxCOLS:PATTERN[@DENSITY]" */
static bool read_spec(options *o, char *spec, bench_matrix *m)
{
    long long rows, cols;
    int end = 0;
    if (strstr(spec, ".smtx")) {
        o->pattern = "unstructured";
        return bench_matrix_read(spec, m);
    }
    if (sscanf(spec, "%lldx%lld:%n", &rows, &cols, &end) != 2 || !end || rows < 1 || cols < 1 || rows > 1 << 20 || cols > 1 << 20) {
        fprintf(stderr, "bench_grid: %s is not ROWSxCOLS:PATTERN[@DENSITY]\n", spec);
        return false;
    }
    char *density = strchr(spec + end, '@');
    if (density)
        *density++ = 0;
    o->pattern = spec + end;
    return bench_matrix_patterned(rows, cols, o->pattern, density ? strtod(density, NULL) : 1, m);
}

static bool measure_all(options *o, const char *argument)
{
    bench_matrix m;
    char *spec = strdup(argument);
    const char *slash = strrchr(argument, '/');
    kernel kernels[SPC_FORMS] = { { .name = "spc" }, { .name = o->threads > 1 ? "spc_threads" : "spc_dense" } };
    bool good = spec && read_spec(o, spec, &m);
    if (good) {
        for (int i = 0; i < SPC_FORMS && good; i++)
            good = open_module(o, &m, i == 1 && o->threads == 1, &kernels[i]);
        for (int i = 0; i < o->sizes && kernels[SPC_FORMS - 1].module; i++)
            good = measure(o, &m, kernels, slash ? slash + 1 : "random", o->n[i]) && good;
        for (int i = 0; i < SPC_FORMS; i++)
            spc_module_free(kernels[i].module);
        bench_matrix_free(&m);
    }
    free(spec);
    return good;
}

static int print_peers(void)
{
    for (size_t i = 0; i < bench_peer_count; i++)
        printf("{\"name\":\"%s\",\"library\":\"%s\",\"what\":\"%s\",\"dense\":%s,\"there\":%s}\n", bench_peers[i].name, bench_peers[i].library,
               bench_peers[i].what, bench_peers[i].dense ? "true" : "false", bench_peers[i].open ? "true" : "false");
    return 0;
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
    if (strncmp(arg, "--rounds=", 9) == 0)
        return (o->rounds = atoi(value)) > 0 && o->rounds <= BENCH_MAX_ROUNDS / 3;
    if (strncmp(arg, "--threads=", 10) == 0)
        return (o->threads = atoi(value)) > 0;
    if (strncmp(arg, "--plan=", 7) == 0)
        return (o->plan = value) != NULL;
    if (strncmp(arg, "--wisdom=", 9) == 0)
        return (o->wisdom = value) != NULL;
    if (strncmp(arg, "--mlir=", 7) == 0)
        return (o->mlir = value) != NULL;
    o->linear = strcmp(arg, "--form=linear") == 0;
    return o->linear || strcmp(arg, "--form=matmul") == 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--peers") == 0)
        return print_peers();
#ifdef BENCH_DENSE
    bench_dense_environment(argv, 1);
#endif
    options o = { .n = { 1, 8, 32, 128, 512 }, .sizes = 5, .seconds = 0.2, .rounds = 9, .threads = 1 };
    bool good = true;
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++)
        if (!read_option(&o, argv[at])) {
            fprintf(stderr, "bench_grid: %s is not understood; bench/README.md lists the options\n", argv[at]);
            return 2;
        }
    for (; at < argc; at++)
        good = measure_all(&o, argv[at]) && good;
    return !good;
}
