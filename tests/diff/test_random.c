/* test_random: random layers, random patterns, random plans.
 *
 *     test_random [--seed S] [--count N] [--seconds T] [--at-least N]
 *
 * Program number i comes from seed S + i alone; a failure prints it, so that `--seed S+i --count 1` repeats it. Values
 * stay small: a product whose bound would leave the exact integers of f32 is clipped first. Stops at the count or
 * after T seconds. */
#include "tests/diff/random.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_FAILURES = 8 };

/* ---- layers ---- */

static void first_inputs(gen_layer *l)
{
    static const spc_dtype dtypes[] = {SPC_F32, SPC_F32, SPC_F32, SPC_F32, SPC_F32, SPC_F64, SPC_I32, SPC_I8, SPC_U8, SPC_F16, SPC_BF16};
    static const gen_dim shapes[][3] = {
        {GEN_BATCH, GEN_CONST}, {GEN_CONST, GEN_BATCH}, {GEN_BATCH, GEN_CONST, GEN_CONST}, {GEN_CONST, GEN_SEQ, GEN_BATCH},
        {GEN_BATCH, GEN_SEQ, GEN_CONST}, {GEN_CONST, GEN_CONST}, {GEN_CONST}, {GEN_SEQ, GEN_CONST}};
    static const int ranks[] = {2, 2, 3, 3, 3, 2, 1, 2};
    const int64_t shape = gen_below(l, 8);
    gen_extent dims[3];
    for (int i = 0; i < ranks[shape]; i++) {
        dims[i] = (gen_extent){shapes[shape][i], 1, 0};
        if (dims[i].dim == GEN_CONST) dims[i] = ranks[shape] > 2 ? gen_const(1 + gen_below(l, 24)) : gen_draw_extent(l);
    }
    gen_input(l, dtypes[gen_below(l, sizeof dtypes / sizeof *dtypes)], ranks[shape], dims);
}

/* Some of what the layer has made, its last value among it: an input is no result. */
static int write_results(gen_layer *l, gen_text *head, gen_text *tail, gen_value *results)
{
    int count = 0;
    for (int i = l->value_count - 1; i >= 0 && count < GEN_MAX_RESULTS; i--) {
        const gen_value *v = &l->values[i];
        char type[128];
        if (v->name[0] == 'x' || (count && gen_below(l, 3))) continue;
        gen_type_text(v, type);
        gen_add(head, "%sy%d: %s", count ? ", " : "", count, type);
        gen_add(tail, "    y%d = %s;\n", count, v->name);
        results[count++] = *v;
    }
    return count;
}

int gen_layer_write(gen_layer *l, const char *name, gen_value results[GEN_MAX_RESULTS])
{
    static gen_text parts[2][2]; /* of a called layer and of one that calls */
    gen_text *head = parts[l->called], *tail = head + 1;
    head->used = tail->used = 0;
    if (!l->called) first_inputs(l);
    for (int64_t left = (l->called ? 4 : 8) + gen_below(l, 14); left > 0 && gen_has_room(l); left--) gen_statement(l);
    gen_value last = l->values[l->value_count - 1];
    if (last.name[0] == 'x') gen_define(l, last, "%s%s", last.dtype == SPC_BOOL ? "!" : "0 + ", l->values[l->value_count - 1].name);
    const int count = write_results(l, head, tail, results);
    gen_add(&l->file->layers, "layer %s(%s) -> (%s) {\n%s%s}\n", name, l->inputs.text, head->text, l->body.text, tail->text);
    return count;
}

/* Layer f and what it calls, behind the weights. */
static int write_program(gen_file *file, gen_layer *f, char *sdl, size_t size, gen_value *results)
{
    *f = (gen_layer){.file = file};
    const int count = gen_layer_write(f, "f", results);
    snprintf(sdl, size, "dim batch, seq, inner;\n%s%s", file->weights.text, file->layers.text);
    return count;
}

static void write_plan(diff_random *random, gen_text *text)
{
    static const char *const stores[] = {"dense", "dense:4", "dense:8", "dense:16", "csr", "sell:1", "sell:4", "sell:8",
                                         "sell:16", "bsr:4x4", "bsr:8x1", "bsr:3x5", "bsc:8x1", "bsc:16x2", "bsc:4x4",
                                         "nm:2:4", "nm:4:8:4", "nm:3:5", "nm:1:4:16"};
    static const char *const lanes[] = {"batch", "batch", "rows", "k"}, *const pars[] = {"none", "cols", "rows", "both"};
    static const char *const tiles[] = {"8xall", "16xall", "32xall", "16x32", "32x64", "1xall", "4xall", "16x40"};
    for (int kernel = 0; kernel < 6; kernel++) {
        if (diff_below(random, 4) == 0) continue; /* the planner's */
        gen_add(text, "@f.%d", kernel);
        if (diff_below(random, 3)) gen_add(text, " store=%s", stores[diff_below(random, sizeof stores / sizeof *stores)]);
        if (diff_below(random, 2)) gen_add(text, " tile=%s", tiles[diff_below(random, 8)]);
        if (diff_below(random, 4) == 0) gen_add(text, " rows=%lld", (long long)(16 << diff_below(random, 3)));
        if (diff_below(random, 2)) gen_add(text, " unroll=%lld", (long long)(1 + diff_below(random, 5)));
        if (diff_below(random, 2)) gen_add(text, " lanes=%s", lanes[diff_below(random, 4)]);
        if (diff_below(random, 3) == 0) gen_add(text, " par=%s", pars[diff_below(random, 4)]);
        if (diff_below(random, 3) == 0) gen_add(text, " pack=%s", diff_below(random, 2) ? "yes" : "no");
        gen_add(text, "\n");
    }
}

/* Refused plans try again as the planner likes it, so that the program is not lost. */
static void try_seed(diff_tally *tally, uint64_t seed)
{
    static const char *const cpus[] = {"x86-64-v2", "x86-64-v3", "native", "x86-64-v4"};
    static const int64_t dims[][3] = {{0, 4, 1}, {1, 0, 1}, {3, 9, 1}, {8, 1, 1}, {17, 5, 1}, {40, 2, 1}};
    static char sdl[3 * GEN_TEXT];
    static gen_layer f;
    gen_file file = {.random = seed * UINT64_C(0x2545f4914f6cdd1d) + 1};
    gen_value results[GEN_MAX_RESULTS];
    double errors[GEN_MAX_RESULTS];
    gen_text plan = {.used = 0};
    char what[64];
    const int count = write_program(&file, &f, sdl, sizeof sdl, results);
    for (int i = 0; i < count; i++) errors[i] = results[i].error;
    write_plan(&file.random, &plan);
    snprintf(what, sizeof what, "seed %llu", (unsigned long long)seed);
    diff_program program = {sdl, plan.text, cpus[gen_below(&f, 4)], seed % 8 == 0, 0};
    /* A comparison or a cast may make something finite of a NaN that comes from a zero that others skip. */
    const bool poisoned = gen_below(&f, 4) == 0 && !file.discrete;
    diff_case c = {what, &program, true, {.layer = "f", .values = 3, .poisoned = poisoned, .errors = errors}, 2, 3,
                   dims[gen_below(&f, 5)]};
    const int64_t refused = tally->refused;
    if (diff_program_weights(&program, &file.random)) diff_try(tally, &c, &file.random);
    else tally->failed++;
    if (tally->refused > refused) {
        program.plan = "";
        c.refusable = false;
        diff_try(tally, &c, &file.random);
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
