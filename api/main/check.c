/* check: compiled layers against the reference, which runs the graph as it was written.
 *
 * Inputs are random (of a seed that is printed), small whole numbers, large, and zero; dims are those of --dim, else a
 * few that meet tails and full vectors. Results may differ by rounding: relative to the largest of the result. */
#include "command.h"
#include "element.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum fill_kind { FILL_RANDOM, FILL_WHOLE, FILL_LARGE, FILL_ZERO, FILL_COUNT } fill_kind;

typedef struct checker {
    const cli_args *args;
    spc_session *session;
    const spc_signature *layer;
    spc_module *compiled, *reference;
    spc_tensor *in, *out, *expected;
    uint64_t state; /* of the random numbers */
    size_t runs;
    bool differs;
} checker;

/* SplitMix64: the same numbers on every machine. */
static double next_random(checker *c)
{
    uint64_t z = c->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0 * 2 - 1;
}

static void fill(checker *c, spc_tensor *t, fill_kind kind)
{
    const size_t count = cli_count(t);
    for (size_t i = 0; i < count; i++) {
        const double r = next_random(c);
        const double values[FILL_COUNT] = {r, floor(r * 4), r * 1000, 0};
        cli_set_element(t, i, values[kind]);
    }
}

static double tolerance_of(spc_dtype dtype)
{
    switch (dtype) {
    case SPC_F64: return 1e-11;
    case SPC_F32: return 1e-4;
    case SPC_F16: return 4e-3;
    case SPC_BF16: return 3e-2;
    default: return 0;
    }
}

static void report(checker *c, const spc_value *v, const spc_tensor *t, size_t at, double got, double wanted, const char *dims)
{
    size_t index[8] = {0}, rest = at;
    for (int i = t->rank - 1; i >= 0; i--) {
        index[i] = rest % (size_t)t->dims[i];
        rest /= (size_t)t->dims[i];
    }
    c->differs = true;
    printf("layer %s%s%s: %s[", c->layer->layer, *dims ? ", " : "", dims, v->name);
    for (int i = 0; i < t->rank; i++) printf("%s%zu", i ? ", " : "", index[i]);
    printf("] is %.9g, the reference gives %.9g\n", got, wanted);
}

/* The first element of a result that differs is reported. */
static void compare(checker *c, size_t result, const char *dims)
{
    const spc_tensor *got = &c->out[result], *wanted = &c->expected[result];
    const size_t count = cli_count(got);
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        const double value = fabs(cli_element(wanted, i));
        if (isfinite(value) && value > largest) largest = value;
    }
    const double allowed = tolerance_of(got->dtype) * fmax(largest, 1e-3);
    for (size_t i = 0; i < count; i++) {
        const double a = cli_element(got, i), b = cli_element(wanted, i);
        if (a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= allowed) continue;
        report(c, &c->layer->result[result], got, i, a, b, dims);
        return;
    }
}

static spc_status run_both(checker *c, const char *dims)
{
    const spc_exec exec = {.size = sizeof exec, .dims = dims};
    const spc_signature *l = c->layer;
    spc_status status = spc_run(c->compiled, l->layer, c->in, l->inputs, c->out, l->results, &exec);
    const spc_module *failed = c->compiled;
    if (!status) {
        status = spc_run(c->reference, l->layer, c->in, l->inputs, c->expected, l->results, &exec);
        failed = c->reference;
    }
    if (status) {
        fprintf(stderr, "spc: error: %s\n", spc_module_error(failed));
        return status == SPC_E_ARG ? SPC_E_PROGRAM : status; /* dims that do not suit the layer */
    }
    c->runs++;
    return SPC_OK;
}

static spc_status allocate(checker *c)
{
    bool good = true;
    for (size_t i = 0; i < c->layer->inputs; i++) good = cli_allocate(&c->in[i]) && good;
    for (size_t i = 0; i < c->layer->results; i++) {
        c->expected[i] = c->out[i];
        good = cli_allocate(&c->out[i]) && good;
        good = cli_allocate(&c->expected[i]) && good;
    }
    if (good) return SPC_OK;
    cli_print_messages("spc: error: no memory for the inputs and results; give smaller dims (--dim)\n");
    return SPC_E_NOMEM;
}

static void release(checker *c)
{
    for (size_t i = 0; i < c->layer->inputs; i++) free(c->in[i].data);
    for (size_t i = 0; i < c->layer->results; i++) {
        free(c->out[i].data);
        free(c->expected[i].data);
    }
}

static spc_status check_dims(checker *c, const char *dims)
{
    const spc_signature *l = c->layer;
    for (size_t i = 0; i < l->inputs; i++) c->in[i] = (spc_tensor){0};
    for (size_t i = 0; i < l->results; i++) c->out[i] = c->expected[i] = (spc_tensor){0};
    spc_status status = spc_input_shapes(c->session, l->layer, dims, c->in, l->inputs);
    if (!status) status = spc_shapes(c->session, l->layer, dims, c->in, l->inputs, c->out, l->results);
    if (!status) status = allocate(c);
    for (int kind = 0; kind < FILL_COUNT && !status && !c->differs; kind++) {
        for (size_t i = 0; i < l->inputs; i++) fill(c, &c->in[i], (fill_kind)kind);
        status = run_both(c, dims);
        for (size_t i = 0; i < l->results && !status && !c->differs; i++) compare(c, i, dims ? dims : "");
    }
    release(c);
    return status;
}

/* The size, or the next one that the contract allows. */
static int64_t legal_size(const spc_dim *d, int64_t size)
{
    if (size <= d->lo) return d->lo;
    const int64_t last = d->lo + (d->hi - d->lo) / d->step * d->step;
    const int64_t next = d->lo + (size - d->lo + d->step - 1) / d->step * d->step;
    return next < last ? next : last;
}

enum { MOST_DIMS_TEXT = 4096, MOST_STEPS = 1024 };

static void write_dims(const checker *c, int64_t size, char *dims)
{
    *dims = 0;
    for (size_t d = 0; d < c->layer->dims; d++) {
        const size_t used = strlen(dims);
        snprintf(dims + used, MOST_DIMS_TEXT - used, "%s%s=%lld", d ? "," : "", c->layer->dim[d].name,
                 (long long)legal_size(&c->layer->dim[d], size));
    }
}

/* The first size from this one on, of all dims, that the layer's divisions and slices take; dims is "" where none is near. */
static spc_status find_size(checker *c, int64_t *size, char *dims)
{
    spc_status status = SPC_OK;
    int takes = 0;
    for (int step = 0; step < MOST_STEPS && !takes && !status; step++) {
        write_dims(c, *size + step, dims);
        status = spc_takes_dims(c->session, c->layer->layer, dims, &takes);
        *size += takes ? step : 0;
    }
    if (!takes) *dims = 0;
    return status;
}

static spc_status check_sizes(checker *c)
{
    static const int sizes[] = {1, 2, 7, 16, 33, 70};
    char *given = cli_dims(c->args);
    spc_status status = SPC_OK;
    if (given || c->layer->dims == 0) {
        status = check_dims(c, given);
        free(given);
        return status;
    }
    int64_t last = -1;
    for (size_t n = 0; n < sizeof sizes / sizeof *sizes && !status && !c->differs; n++) {
        char dims[MOST_DIMS_TEXT];
        int64_t size = sizes[n];
        status = find_size(c, &size, dims);
        if (status || !*dims || size == last) continue; /* one size may stand for several */
        last = size;
        status = check_dims(c, dims);
    }
    if (status || last >= 0) return status;
    fprintf(stderr, "spc: error: layer %s takes none of the sizes that were tried; give --dim\n", c->layer->layer);
    return SPC_E_PROGRAM;
}

static spc_status make_modules(checker *c)
{
    char name[256];
    const char *backend = cli_last(c->args, CLI_backend);
    if (!backend && spc_backend_at(0, name, sizeof name)) {
        name[strcspn(name, " ")] = 0;
        backend = name;
    }
    spc_status status = spc_set(c->session, "layer", c->layer->layer);
    if (!status) status = spc_set(c->session, "backend", backend ? backend : "interp");
    if (!status) status = spc_jit(c->session, &c->compiled);
    if (!status) status = spc_set(c->session, "backend", "reference");
    return status ? status : spc_jit(c->session, &c->reference);
}

static spc_status check_layer(checker *c)
{
    const spc_signature *l = c->layer;
    c->in = calloc(l->inputs + 1, sizeof *c->in);
    c->out = calloc(l->results + 1, sizeof *c->out);
    c->expected = calloc(l->results + 1, sizeof *c->expected);
    spc_status status = c->in && c->out && c->expected ? make_modules(c) : SPC_E_NOMEM;
    if (!status) status = check_sizes(c);
    if (!status) printf("layer %s: %zu runs, %s\n", l->layer, c->runs, c->differs ? "a difference" : "no difference");
    spc_module_free(c->compiled);
    spc_module_free(c->reference);
    free(c->in);
    free(c->out);
    free(c->expected);
    return status;
}

int cli_check(const cli_args *args)
{
    const char *wanted = cli_last(args, CLI_layer);
    uint64_t seed;
    spc_session *s;
    bool differs = false;
    int status = cli_number(args, CLI_seed, 1, UINT64_MAX, &seed);
    if (!status) status = cli_open(args, &s);
    if (status) return status;
    spc_status done = SPC_OK;
    if (wanted && !cli_layer(args, s)) return cli_close(s, SPC_OK), EXIT_USAGE;
    for (size_t i = 0; spc_layer_at(s, i) && !done; i++) {
        checker c = {.args = args, .session = s, .layer = spc_layer_at(s, i), .state = seed};
        if (wanted && strcmp(wanted, c.layer->layer)) continue;
        done = check_layer(&c);
        differs = differs || c.differs;
    }
    status = cli_close(s, done);
    return status == EXIT_DONE && differs ? EXIT_DEFECT : status;
}
