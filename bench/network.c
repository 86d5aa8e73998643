/* network: a whole convolutional network by spc, by oneDNN and by XNNPACK, in turns.
 *
 *     bench_network MODEL.sdl WEIGHTS.safetensors [--seconds=S] [--threads=N] [--in=X.npy] [--out=Y.npy]... [--set=KEY=VALUE]...
 *
 * One thread unless given. Every contestant's results are first compared with the references that --out gives, in the order of the
 * layer's results, or else with oneDNN's, by the largest difference over the largest magnitude. Prints medians and 95th
 * percentiles of one run, the ratio to the fastest peer, spc's scratch, and where oneDNN and spc spend their time (spc by
 * `spc bench`, with the bytes of its weights). */
#include "net.h"
#include "net_dnnl.h"
#include "net_xnn.h"
#include "dense.h"
#include "timing.h"
#include "runtime/weights.h"
#include <math.h>
#include <spc/spc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_VALUES = 16, CONTESTANTS = 5 };

typedef struct options {
    const char *sdl, *weights, *in, *out[MAX_VALUES], *set[MAX_VALUES];
    int outs, sets, threads;
    double seconds;
} options;

typedef struct arrays {
    float **values; /* by value of the network: inputs and results */
    int inputs[MAX_VALUES], results[MAX_VALUES], input_count, result_count;
} arrays;

typedef struct contender {
    spc_module *module;
    const char *layer;
    spc_tensor in[MAX_VALUES], out[MAX_VALUES];
    size_t ins, outs;
    spc_pool *pool; /* NULL: one thread */
    spc_exec exec;
    spc_status status;
} contender;

/* ---- data ---- */

static void random_values(float *to, size_t count)
{
    uint64_t state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        to[i] = (float)(state >> 40) * 0x1p-23f - 1;
    }
}

static bool read_array(const char *path, float *to, size_t bytes)
{
    rt_npy npy;
    rt_error error;
    if (rt_npy_read(path, SPC_F32, &npy, &error)) {
        fprintf(stderr, "%s\n", error.text);
        return false;
    }
    size_t have = sizeof(float);
    for (int i = 0; i < npy.tensor.rank; i++)
        have *= (size_t)npy.tensor.dims[i];
    const bool fits = have == bytes && npy.tensor.dtype == SPC_F32;
    if (fits)
        memcpy(to, npy.tensor.data, bytes);
    else
        fprintf(stderr, "%s: another size or dtype\n", path);
    rt_npy_free(&npy);
    return fits;
}

static bool make_arrays(const options *o, const net *n, arrays *a)
{
    *a = (arrays){.values = calloc((size_t)n->values, sizeof *a->values)};
    for (int v = 0; v < n->values; v++) {
        if (!n->value[v].input && !n->value[v].output)
            continue;
        a->values[v] = aligned_alloc(64, (net_bytes(&n->value[v]) + 191) / 64 * 64);
        if (n->value[v].input && a->input_count < MAX_VALUES) {
            a->inputs[a->input_count++] = v;
            random_values(a->values[v], net_bytes(&n->value[v]) / sizeof(float));
            if (o->in && !read_array(o->in, a->values[v], net_bytes(&n->value[v])))
                return false;
        } else if (a->result_count < MAX_VALUES) {
            a->results[a->result_count++] = v;
        }
    }
    return true;
}

/* ---- spc ---- */

static void run_spc(void *ctx)
{
    contender *c = ctx;
    const spc_status status = spc_run(c->module, c->layer, c->in, c->ins, c->out, c->outs, &c->exec);
    c->status = status ? status : c->status;
}

static spc_tensor tensor(const net *n, const arrays *a, int v)
{
    spc_tensor t = {a->values[v], SPC_F32, n->value[v].rank, {0}};
    for (int i = 0; i < t.rank; i++)
        t.dims[i] = n->value[v].dims[i];
    return t;
}

/* Brings the results into the layer's order. */
static void order_results(const net *n, arrays *a, const spc_signature *s)
{
    for (size_t i = 0; i < s->results && i < (size_t)a->result_count; i++)
        for (int j = 0; j < a->result_count; j++)
            if (!strcmp(n->value[a->results[j]].output, s->result[i].name)) {
                const int here = a->results[i];
                a->results[i] = a->results[j];
                a->results[j] = here;
            }
}

static bool set_options(spc_session *session, const options *o, bool dense)
{
    bool good = !dense || !spc_set(session, "dense", "yes");
    for (int i = 0; i < o->sets && good; i++) {
        char key[64];
        const char *value = strchr(o->set[i], '=');
        snprintf(key, sizeof key, "%.*s", value ? (int)(value - o->set[i]) : 0, o->set[i]);
        good = value && !spc_set(session, key, value + 1);
    }
    return good;
}

static bool open_spc(contender *c, const options *o, const net *n, arrays *a, bool dense)
{
    spc_session *session = NULL;
    *c = (contender){.layer = n->layer, .exec.size = sizeof c->exec};
    bool good = !spc_session_new(&session) && set_options(session, o, dense) && !spc_load_file(session, o->sdl) &&
                !spc_bind_file(session, o->weights);
    const spc_signature *s = good ? spc_layer_at(session, 0) : NULL;
    for (int i = 0; i < a->input_count; i++)
        c->in[c->ins++] = tensor(n, a, a->inputs[i]);
    if (s)
        order_results(n, a, s);
    for (int i = 0; i < a->result_count; i++)
        c->out[c->outs++] = tensor(n, a, a->results[i]);
    good = s && !spc_jit(session, &c->module);
    if (!good)
        fprintf(stderr, "%s", spc_messages(session));
    spc_session_free(session);
    if (good && o->threads > 1 && !spc_pool_new(o->threads, &c->pool))
        c->exec = spc_pool_exec(c->pool);
    if (!good || spc_scratch_bytes(c->module, n->layer, c->in, c->ins, o->threads, &c->exec.scratch_bytes))
        return false;
    c->exec.scratch = aligned_alloc(64, (c->exec.scratch_bytes + 127) / 64 * 64);
    return c->exec.scratch != NULL;
}

static void close_spc(contender *c)
{
    spc_module_free(c->module);
    spc_pool_free(c->pool);
    free(c->exec.scratch);
}

/* ---- checking ---- */

static double difference(const float *a, const float *b, size_t count)
{
    double most = 0, largest = 0;
    for (size_t i = 0; i < count; i++) {
        most = fmax(most, fabs((double)a[i] - b[i]));
        largest = fmax(largest, fabs((double)b[i]));
    }
    return most / (largest > 0 ? largest : 1);
}

/* Runs a contestant on results filled with NaN. */
static double worst(const net *n, const arrays *a, const bench_contestant *c, float *const *wanted)
{
    double most = 0;
    for (int i = 0; i < a->result_count; i++)
        memset(a->values[a->results[i]], 0xff, net_bytes(&n->value[a->results[i]]));
    c->run(c->ctx);
    for (int i = 0; i < a->result_count; i++) {
        const double d = difference(a->values[a->results[i]], wanted[i], net_bytes(&n->value[a->results[i]]) / sizeof(float));
        most = d > most || isnan(d) ? d : most;
    }
    return most;
}

static bool make_references(const options *o, const net *n, const arrays *a, const bench_contestant *peer, float **wanted)
{
    if (!o->outs && peer->run)
        peer->run(peer->ctx);
    else if (!o->outs)
        return false;
    for (int i = 0; i < a->result_count; i++) {
        const size_t bytes = net_bytes(&n->value[a->results[i]]);
        wanted[i] = malloc(bytes);
        memcpy(wanted[i], a->values[a->results[i]], bytes);
        if (i < o->outs && !read_array(o->out[i], wanted[i], bytes))
            return false;
    }
    return true;
}

static bool check(const net *n, const arrays *a, const bench_contestant *c, float *const *wanted)
{
    bool right = true;
    for (int i = 0; i < CONTESTANTS; i++) {
        if (!c[i].run)
            continue;
        const double d = worst(n, a, &c[i], wanted);
        if (!(d < 1e-4))
            printf("%s: WRONG by %g\n", c[i].name, d);
        right = right && d < 1e-4;
    }
    return right;
}

/* ---- the report ---- */

static void print_race(const bench_contestant *c, bool steady)
{
    double best = INFINITY;
    for (int i = 2; i < CONTESTANTS; i++)
        best = c[i].run && c[i].median < best ? c[i].median : best;
    printf("%-22s %9s %9s %12s\n", "milliseconds of a run", "p50", "p95", "fastest peer");
    for (int i = 0; i < CONTESTANTS; i++)
        if (c[i].run)
            printf("%-22s %9.3f %9.3f %11.2fx\n", c[i].name, 1e3 * c[i].median, 1e3 * c[i].p95, best / c[i].median);
    if (!steady)
        printf("unsteady: the machine did not keep its pace\n");
}

static void print_shares(net_dnnl *d)
{
    static const char *const names[NET_KINDS] = {"convolution", "depthwise", "addition", "resize", "transpose",
                                                 "maximum", "average", "gate", "channels of zeros", "concat"};
    double times[NET_KINDS] = {0}, sum = 0;
    for (int i = 0; i < 20; i++)
        net_dnnl_time(d, times);
    for (int i = 0; i < NET_KINDS; i++)
        sum += times[i];
    printf("oneDNN spends:");
    for (int i = 0; i < NET_KINDS; i++)
        if (times[i] > 0)
            printf(" %s %.0f %% (%.3f ms)", names[i], 100 * times[i] / sum, 1e3 * times[i] / 20);
    printf("\n");
}

static void print_table(void *ctx, const char *json, const char *table)
{
    (void)ctx, (void)json;
    printf("\nspc's kernels, one after the other within the network:\n%s", table);
}

static void print_kernels(const options *o)
{
    const spc_bench_options bench = {.size = sizeof bench, .threads = o->threads, .seconds = o->seconds, .each = print_table};
    spc_session *session = NULL;
    if (spc_session_new(&session) || !set_options(session, o, false) || spc_load_file(session, o->sdl) ||
        spc_bind_file(session, o->weights) || spc_bench(session, NULL, NULL, &bench))
        fprintf(stderr, "%s", session ? spc_messages(session) : "no memory\n");
    spc_session_free(session);
}

/* Races by the clock on the wall where contestants have threads of their own. Returns whether the machine kept its pace. */
static bool race(const options *o, bench_contestant *c)
{
    bench_rounds *rounds = calloc(1, sizeof *rounds);
    if (!rounds)
        return false;
    bench_race_rounds(c, CONTESTANTS, o->seconds, 5, o->threads > 1, rounds);
    const bool steady = rounds->steady;
    free(rounds);
    return steady;
}

static bool read_options(options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "--seconds=", 10))
            o->seconds = atof(argv[i] + 10);
        else if (!strncmp(argv[i], "--threads=", 10))
            o->threads = atoi(argv[i] + 10);
        else if (!strncmp(argv[i], "--in=", 5))
            o->in = argv[i] + 5;
        else if (!strncmp(argv[i], "--out=", 6) && o->outs < MAX_VALUES)
            o->out[o->outs++] = argv[i] + 6;
        else if (!strncmp(argv[i], "--set=", 6) && o->sets < MAX_VALUES)
            o->set[o->sets++] = argv[i] + 6;
        else if (argv[i][0] != '-' && !o->sdl)
            o->sdl = argv[i];
        else if (argv[i][0] != '-' && !o->weights)
            o->weights = argv[i];
        else
            return false;
    }
    return o->weights && o->seconds > 0 && o->threads > 0;
}

static int measure(const options *o, const net *plain, const net *fused)
{
    arrays a;
    contender sparse, dense = {0};
    float *wanted[MAX_VALUES] = {NULL};
    if (!make_arrays(o, plain, &a))
        return 1;
    const bool compiled = open_spc(&sparse, o, plain, &a, false) && open_spc(&dense, o, plain, &a, true);
    net_dnnl *dnnl = net_dnnl_new(fused, a.values);
    net_xnn *xnn = net_xnn_new(plain, a.values, false, o->threads);
    net_xnn *xnn_sparse = net_xnn_new(plain, a.values, true, o->threads);
    bench_contestant c[CONTESTANTS] = {
        {.name = "spc", .run = compiled ? run_spc : NULL, .ctx = &sparse},
        {.name = "spc, all dense", .run = compiled ? run_spc : NULL, .ctx = &dense},
        {.name = "oneDNN", .run = dnnl ? net_dnnl_run : NULL, .ctx = dnnl},
        {.name = "XNNPACK", .run = xnn ? net_xnn_run : NULL, .ctx = xnn},
        {.name = "XNNPACK, sparse forced", .run = xnn_sparse ? net_xnn_run : NULL, .ctx = xnn_sparse},
    };
    const bool right = make_references(o, plain, &a, &c[2], wanted) && check(plain, &a, c, wanted);
    if (right) {
        print_race(c, race(o, c));
        printf("spc's scratch: %.2f MB; all dense: %.2f MB\n", (double)sparse.exec.scratch_bytes / 1e6, (double)dense.exec.scratch_bytes / 1e6);
        if (dnnl)
            print_shares(dnnl);
        print_kernels(o);
    }
    close_spc(&sparse);
    close_spc(&dense);
    net_dnnl_free(dnnl);
    net_xnn_free(xnn);
    net_xnn_free(xnn_sparse);
    for (int i = 0; i < a.result_count; i++)
        free(wanted[i]);
    for (int v = 0; v < plain->values; v++)
        free(a.values[v]);
    free(a.values);
    return !compiled || !right || sparse.status || dense.status;
}

int main(int argc, char **argv)
{
    options o = {.seconds = 5, .threads = 1};
    const bool understood = read_options(&o, argc, argv);
    bench_dense_environment(argv, o.threads);
    if (!understood) {
        fprintf(stderr, "usage: bench_network MODEL.sdl WEIGHTS.safetensors [--seconds=S] [--threads=N] [--in=X.npy] [--out=Y.npy]... "
                        "[--set=KEY=VALUE]...\n");
        return 2;
    }
    net plain = {0}, fused = {0};
    int status = 1;
    if (net_read(&plain, o.sdl, o.weights) && net_read(&fused, o.sdl, o.weights)) {
        net_fuse_additions(&fused);
        status = measure(&o, &plain, &fused);
    }
    net_free(&plain);
    net_free(&fused);
    return status;
}
