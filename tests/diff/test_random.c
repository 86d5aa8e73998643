/* test_random: random layers, random patterns, random plans.
 *
 *     test_random [--seed S] [--count N] [--seconds T] [--at-least N]
 *
 * Program number i comes from seed S + i alone; a failure prints it, so that `--seed S+i --count 1` repeats it. Values
 * stay small: a product whose bound would leave the exact integers of f32 is clipped first. Stops at the count or
 * after T seconds. */
#include "tests/diff/diff.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_VALUES = 24, MAX_TEXT = 6000, MAX_FAILURES = 8, BATCH = -1 };

/* A tensor of the layer; an extent of BATCH is the dim. */
typedef struct value {
    char name[8];
    int rank;
    int64_t dims[4];
    int64_t bound; /* |elements| <= bound */
} value;

typedef struct writer {
    diff_random random;
    char inputs[1000], weights[1500], body[MAX_TEXT];
    size_t inputs_used, weights_used, body_used;
    value values[MAX_VALUES];
    int value_count, input_count, weight_count;
} writer;

static int64_t below(writer *w, int64_t limit) { return diff_below(&w->random, limit); }

__attribute__((format(printf, 4, 5))) static void add(char *text, size_t size, size_t *used, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (*used < size) *used += (size_t)vsnprintf(text + *used, size - *used, format, args);
    va_end(args);
}
#define BODY(w, ...) add((w)->body, sizeof (w)->body, &(w)->body_used, __VA_ARGS__)

/* ---- shapes ---- */

static int64_t draw_extent(writer *w)
{
    static const int64_t extents[] = {1, 2, 3, 5, 8, 12, 16, 17, 20, 24, 33, 40, 48, 64, 67};
    return extents[below(w, sizeof extents / sizeof *extents)];
}

static void type_text(const value *v, char out[64])
{
    size_t n = (size_t)snprintf(out, 64, "f32[");
    for (int i = 0; i < v->rank; i++) {
        if (v->dims[i] == BATCH) n += (size_t)snprintf(out + n, 64 - n, "%sbatch", i ? ", " : "");
        else n += (size_t)snprintf(out + n, 64 - n, "%s%lld", i ? ", " : "", (long long)v->dims[i]);
    }
    snprintf(out + n, 64 - n, "]");
}

static value *new_value(writer *w, const char *prefix, int rank, const int64_t *dims, int64_t bound)
{
    value *v = &w->values[w->value_count];
    snprintf(v->name, sizeof v->name, "%s%d", prefix, w->value_count++);
    v->rank = rank;
    memcpy(v->dims, dims, (size_t)rank * sizeof *dims);
    v->bound = bound;
    return v;
}

static value *new_input(writer *w, int rank, const int64_t *dims)
{
    char type[64];
    value *v = new_value(w, "x", rank, dims, 3);
    type_text(v, type);
    add(w->inputs, sizeof w->inputs, &w->inputs_used, "%s%s: %s", w->input_count++ ? ", " : "", v->name, type);
    return v;
}

static value *any_value(writer *w) { return &w->values[below(w, w->value_count)]; }

/* ---- weights ---- */

static int64_t multiple(int64_t extent, int64_t unit)
{
    return extent == BATCH ? extent : (extent + unit - 1) / unit * unit;
}

/* Declares a weight [rows, cols]; `free_rows`, `free_cols`: where the extent may grow to fit a pattern. */
static int new_weight(writer *w, int64_t *rows, int64_t *cols, bool free_rows, bool free_cols)
{
    static const struct {
        const char *text;
        int64_t r, c;
    } patterns[] = {{"unstructured", 1, 1}, {"unstructured(density=0.2)", 1, 1}, {"2:4", 1, 4}, {"1:4", 1, 4}, {"4:8", 1, 8},
                    {"3:5", 1, 5}, {"block(4, 1)", 4, 1}, {"block(8, 4)", 8, 4}, {"block(16, 1)", 16, 1},
                    {"block(1, 16)", 1, 16}, {"block(3, 5)", 3, 5}, {"rows", 1, 1}, {"columns", 1, 1},
                    {"band(-3, 2)", 1, 1}, {"dense", 1, 1}};
    const size_t p = (size_t)below(w, sizeof patterns / sizeof *patterns);
    if (free_rows) *rows = multiple(*rows, patterns[p].r);
    if (free_cols) *cols = multiple(*cols, patterns[p].c);
    const bool fits = *rows % patterns[p].r == 0 && *cols % patterns[p].c == 0;
    add(w->weights, sizeof w->weights, &w->weights_used, "weight w%d: f32[%lld, %lld] sparse %s;\n", w->weight_count,
        (long long)*rows, (long long)*cols, fits ? patterns[p].text : "unstructured");
    return w->weight_count++;
}

/* ---- statements: each defines one value, or does nothing ---- */

/* name = template, with $a and $b replaced. */
static void write_form(writer *w, const char *form, const char *a, const char *b)
{
    BODY(w, "    t%d = ", w->value_count);
    for (; *form; form++) {
        if (*form != '$') BODY(w, "%c", *form);
        else BODY(w, "%s", *++form == 'a' ? a : b);
    }
    BODY(w, ";\n");
}

/* The value, or a clipped one where products with it might leave the exact integers. */
static value bounded(writer *w, const value *v)
{
    if (v->bound <= 60) return *v;
    const value from = *v;
    write_form(w, "clip($a, -4, 3)", from.name, "");
    return *new_value(w, "t", from.rank, from.dims, 4);
}

static bool room_left(const writer *w) { return w->value_count + 3 < MAX_VALUES && w->weight_count < DIFF_MAX_WEIGHTS; }

/* x with its dim `axis` replaced by `extent`, after a product over `inner`. */
static void add_product(writer *w, const value *x, int axis, int64_t extent, int64_t inner)
{
    int64_t dims[4];
    memcpy(dims, x->dims, sizeof dims);
    dims[axis] = extent;
    new_value(w, "t", x->rank, dims, x->bound * inner * 3 + 3);
}

static void write_linear(writer *w)
{
    const value *from = any_value(w);
    if (from->rank < 1 || from->dims[from->rank - 1] == BATCH) return;
    const value x = bounded(w, from);
    int64_t rows = draw_extent(w), cols = x.dims[x.rank - 1];
    const int weight = new_weight(w, &rows, &cols, true, false);
    char form[40];
    const char *bias = "";
    if (below(w, 2)) bias = new_input(w, 1, &rows)->name;
    snprintf(form, sizeof form, *bias ? "linear($a, w%d, $b)" : "linear($a, w%d)", weight);
    write_form(w, form, x.name, bias);
    add_product(w, &x, x.rank - 1, rows, cols);
}

/* matmul(w, x) or matmul(x, w) */
static void write_matmul(writer *w)
{
    const value *from = any_value(w);
    const bool left = below(w, 2);
    const int axis = left ? from->rank - 2 : from->rank - 1;
    if (from->rank < 2 || from->dims[axis] == BATCH) return;
    const value x = bounded(w, from);
    int64_t inner = x.dims[axis], other = draw_extent(w);
    const int weight = left ? new_weight(w, &other, &inner, true, false) : new_weight(w, &inner, &other, false, true);
    char form[40];
    snprintf(form, sizeof form, left ? "matmul(w%d, $a)" : "matmul($a, w%d)", weight);
    write_form(w, form, x.name, "");
    add_product(w, &x, axis, other, inner);
}

/* The product with a fresh input. */
static void write_matmul_of_inputs(writer *w)
{
    const value *from = any_value(w);
    if (from->rank < 2 || from->dims[from->rank - 1] == BATCH) return;
    const value x = bounded(w, from);
    const int64_t dims[2] = {x.dims[x.rank - 1], draw_extent(w)};
    write_form(w, "matmul($a, $b)", x.name, new_input(w, 2, dims)->name);
    add_product(w, &x, x.rank - 1, dims[1], dims[0]);
}

static void write_unary(writer *w)
{
    static const char *const forms[] = {"relu($a)", "abs($a)", "-$a", "relu6($a)", "leaky_relu($a, slope=0.5)",
                                        "clip($a, -7, 5)", "max($a, -2)", "min(1, $a)", "$a + 1", "2 - $a", "neg($a)"};
    const value x = *any_value(w);
    const int64_t form = below(w, sizeof forms / sizeof *forms);
    /* The only form that leaves the integers: not twice, nor on large ones. */
    if (form == 4 && x.bound > 60) return;
    write_form(w, forms[form], x.name, "");
    new_value(w, "t", x.rank, x.dims, form == 4 ? 1000 : x.bound + 9);
}

static bool same_shape(const value *a, const value *b)
{
    return a->rank == b->rank && !memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims);
}

/* A fresh input that broadcasts to x. */
static const value *new_broadcast(writer *w, const value *x)
{
    int64_t dims[4];
    const int drop = (int)below(w, x->rank + 1);
    memcpy(dims, x->dims, sizeof dims);
    for (int i = 0; i < x->rank; i++)
        if (below(w, 4) == 0) dims[i] = 1;
    return new_input(w, x->rank - drop, dims + drop);
}

/* With a value of the same shape, or a fresh input that broadcasts to it. */
static void write_binary(writer *w)
{
    static const char *const forms[] = {"$a + $b", "$a - $b", "max($a, $b)", "min($b, $a)", "where($a > $b, $b, $a)",
                                        "$a * $b"};
    const value x = *any_value(w), *other = any_value(w);
    const value y = same_shape(&x, other) ? *other : *new_broadcast(w, &x);
    const bool small = x.bound <= 60 && y.bound <= 60;
    const int64_t form = below(w, small ? 6 : 5);
    write_form(w, forms[form], x.name, y.name);
    new_value(w, "t", x.rank, x.dims, form == 5 ? x.bound * y.bound : x.bound + y.bound);
}

/* ---- the program ---- */

static void write_body(writer *w)
{
    static void (*const statements[])(writer *) = {write_linear, write_linear, write_matmul, write_matmul_of_inputs,
                                                   write_unary, write_binary, write_binary};
    static const int64_t shapes[][4] = {{BATCH, 0}, {0, BATCH}, {BATCH, 3, 0}, {2, 0, BATCH}, {BATCH, 0}, {0, 0}, {0}};
    static const int ranks[] = {2, 2, 3, 3, 2, 2, 1};
    const int64_t shape = below(w, 7);
    int64_t dims[4];
    for (int i = 0; i < ranks[shape]; i++) dims[i] = shapes[shape][i] ? shapes[shape][i] : draw_extent(w);
    new_input(w, ranks[shape], dims);
    for (int64_t left = 2 + below(w, 6); left > 0 && room_left(w); left--)
        statements[below(w, sizeof statements / sizeof *statements)](w);
    if (w->values[w->value_count - 1].name[0] == 'x') { /* a result is assigned, not an input */
        const value x = w->values[w->value_count - 1];
        write_form(w, "relu($a)", x.name, "");
        new_value(w, "t", x.rank, x.dims, x.bound);
    }
}

/* Layer f with one result or several; every value that nothing uses is harmless (a warning). */
static void write_program(writer *w, char *sdl, size_t size)
{
    char results[800] = "", assigns[400] = "", type[64];
    size_t r = 0, a = 0, used = 0;
    write_body(w);
    int count = 0;
    for (int i = w->value_count - 1; i >= 0 && count < 3; i--) {
        const value *v = &w->values[i];
        if (v->name[0] == 'x' || (count && below(w, 3))) continue;
        type_text(v, type);
        add(results, sizeof results, &r, "%sy%d: %s", count ? ", " : "", count, type);
        add(assigns, sizeof assigns, &a, "    y%d = %s;\n", count++, v->name);
    }
    add(sdl, size, &used, "dim batch;\n%slayer f(%s) -> (%s) {\n%s%s}\n", w->weights, w->inputs, results, w->body, assigns);
}

static void write_plan(writer *w, char *plan, size_t size)
{
    static const char *const stores[] = {"dense", "dense:4", "dense:8", "dense:16", "csr", "sell:1", "sell:4", "sell:8",
                                         "sell:16", "bsr:4x4", "bsr:8x1", "bsr:3x5", "bsc:8x1", "bsc:16x2", "bsc:4x4",
                                         "nm:2:4", "nm:4:8:4", "nm:3:5", "nm:1:4:16"};
    static const char *const lanes[] = {"batch", "batch", "rows", "k"}, *const pars[] = {"none", "cols", "rows", "both"};
    static const char *const tiles[] = {"8xall", "16xall", "32xall", "16x32", "32x64", "1xall", "4xall", "16x40"};
    size_t used = 0;
    plan[0] = 0;
    for (int kernel = 0; kernel < 6; kernel++) {
        if (below(w, 4) == 0) continue; /* the planner's */
        add(plan, size, &used, "@f.%d", kernel);
        if (below(w, 3)) add(plan, size, &used, " store=%s", stores[below(w, sizeof stores / sizeof *stores)]);
        if (below(w, 2)) add(plan, size, &used, " tile=%s", tiles[below(w, 8)]);
        if (below(w, 4) == 0) add(plan, size, &used, " rows=%lld", (long long)(16 << below(w, 3)));
        if (below(w, 2)) add(plan, size, &used, " unroll=%lld", (long long)(1 + below(w, 5)));
        if (below(w, 2)) add(plan, size, &used, " lanes=%s", lanes[below(w, 4)]);
        if (below(w, 3) == 0) add(plan, size, &used, " par=%s", pars[below(w, 4)]);
        if (below(w, 3) == 0) add(plan, size, &used, " pack=%s", below(w, 2) ? "yes" : "no");
        add(plan, size, &used, "\n");
    }
}

/* Refused plans try again as the planner likes it, so that the program is not lost. */
static void try_seed(diff_tally *tally, uint64_t seed)
{
    static const char *const cpus[] = {"x86-64-v2", "x86-64-v3", "native", "x86-64-v4"};
    static const int64_t batches[] = {0, 1, 3, 8, 17, 40};
    static writer w;
    char sdl[MAX_TEXT + 4000], plan[1500], what[64];
    memset(&w, 0, sizeof w);
    w.random = seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
    write_program(&w, sdl, sizeof sdl);
    write_plan(&w, plan, sizeof plan);
    snprintf(what, sizeof what, "seed %llu", (unsigned long long)seed);
    diff_program program = {sdl, plan, cpus[below(&w, 4)], seed % 8 == 0, 0};
    /* A comparison may make something finite of a NaN that comes from a zero that others skip. */
    const bool poisoned = below(&w, 4) == 0 && !strstr(sdl, "where(");
    diff_case c = {what, &program, true, {.layer = "f", .values = 3, .poisoned = poisoned}, 2, 1, batches + below(&w, 5)};
    const int64_t refused = tally->refused;
    if (diff_program_weights(&program, &w.random)) diff_try(tally, &c, &w.random);
    else tally->failed++;
    if (tally->refused > refused) {
        program.plan = "";
        c.refusable = false;
        diff_try(tally, &c, &w.random);
    }
    diff_program_free(&program);
}

typedef struct settings {
    uint64_t seed;
    int64_t count, seconds, at_least;
} settings;

static bool read_arguments(settings *s, int argc, char **argv)
{
    *s = (settings){1, 300, 3600, 0};
    for (int i = 1; i + 1 < argc; i += 2) {
        const long long number = atoll(argv[i + 1]);
        if (!strcmp(argv[i], "--seed")) s->seed = (uint64_t)number;
        else if (!strcmp(argv[i], "--count")) s->count = number;
        else if (!strcmp(argv[i], "--seconds")) s->seconds = number;
        else if (!strcmp(argv[i], "--at-least")) s->at_least = number;
        else return false;
    }
    return argc % 2 == 1;
}

int main(int argc, char **argv)
{
    settings s;
    diff_tally tally = {0};
    const time_t start = time(NULL);
    if (!read_arguments(&s, argc, argv)) {
        fprintf(stderr, "usage: test_random [--seed S] [--count N] [--seconds T] [--at-least N]\n");
        return 2;
    }
    for (int64_t i = 0; i < s.count && tally.failed < MAX_FAILURES && time(NULL) - start < s.seconds; i++)
        try_seed(&tally, s.seed + (uint64_t)i);
    printf("seed %llu: %lld programs ran, %lld plans refused, %lld failures\n", (unsigned long long)s.seed, (long long)tally.ran,
           (long long)tally.refused, (long long)tally.failed);
    diff_print_native(&tally);
    return tally.failed || tally.ran < s.at_least;
}
