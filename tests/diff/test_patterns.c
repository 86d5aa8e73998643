/* test_patterns: every pattern under every committed plan, at awkward sizes, in every form of a product, for several CPUs.
 *
 *     test_patterns PLANS [--long] [--only CASE] [--at-least N]
 *
 * A case is a pattern, a plan and a variation; the variation draws form, sizes, CPU and batches from the case's number, so
 * that a few variations meet everything with everything over the run. --long takes many more of them. Every twelfth
 * case, which is each pattern with several plans and the other way round, also goes through gccjit. Fails where a
 * comparison does, where something breaks, or where fewer than N programs ran. */
#include "tests/diff/diff.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHORT_VARIATIONS = 1, LONG_VARIATIONS = 24, MAX_PLANS = 128, MAX_FAILURES = 8 };

static const diff_pattern patterns[] = {
    {"", DIFF_FULL, 0, 0, 1},
    {"unstructured", DIFF_SCATTERED, 0, 0, 0},
    {"unstructured", DIFF_SCATTERED, 0, 0, 0.02},
    {"unstructured(density=0.5)", DIFF_SCATTERED, 0, 0, 0.1},
    {"unstructured", DIFF_SCATTERED, 0, 0, 0.3},
    {"unstructured", DIFF_SCATTERED, 0, 0, 0.6},
    {"unstructured(density=0.05)", DIFF_SCATTERED, 0, 0, 0.95},
    {"unstructured", DIFF_FULL, 0, 0, 1},
    {"unstructured", DIFF_GAPS, 0, 0, 0.4},
    {"2:4", DIFF_NM, 2, 4, 0},
    {"2:4", DIFF_NM_LESS, 2, 4, 0},
    {"1:4", DIFF_NM, 1, 4, 0},
    {"2:8", DIFF_NM, 2, 8, 0},
    {"4:8", DIFF_NM_LESS, 4, 8, 0},
    {"3:5", DIFF_NM, 3, 5, 0},
    {"block(4, 1)", DIFF_BLOCK, 4, 1, 0.3},
    {"block(8, 4)", DIFF_BLOCK, 8, 4, 0.2},
    {"block(16, 1)", DIFF_BLOCK, 16, 1, 0.2},
    {"block(1, 16)", DIFF_BLOCK, 1, 16, 0.2},
    {"block(3, 5)", DIFF_BLOCK, 3, 5, 0.4},
    {"block(32, 32)", DIFF_BLOCK, 32, 32, 0.5},
    {"block(4, 4)", DIFF_BLOCK, 4, 4, 0},
    {"rows", DIFF_ROWS, 0, 0, 0.5},
    {"columns", DIFF_COLUMNS, 0, 0, 0.5},
    {"band(-2, 3)", DIFF_BAND, -2, 3, 0},
};

/* rows x cols of the weight; each meets the pattern's own unit first. */
static const int64_t sizes[][2] = {{1, 1}, {3, 17}, {17, 3}, {64, 64}, {67, 130}, {130, 67}, {1, 257}, {257, 1},
                                   {16, 16}, {33, 100}, {100, 33}, {8, 257}, {48, 80}, {31, 7}, {65, 66}};
static const int64_t batches[] = {0, 1, 2, 7, 8, 15, 16, 17, 33, 64, 100};

/* $R and $C: the weight's rows and columns. The weight w is declared in front. */
static const struct {
    const char *name, *text;
} forms[] = {
    {"linear", "layer f(x: f32[batch, $C]) -> y: f32[batch, $R] { y = linear(x, w); }\n"},
    {"linear with a tail", "layer f(x: f32[batch, $C], b: f32[$R], r: f32[batch, $R]) -> y: f32[batch, $R] {\n"
                           "    y = relu(linear(x, w, b)) + r;\n}\n"},
    {"linear of many", "layer f(x: f32[2, batch, 3, $C], s: f32[3, 1]) -> y: f32[2, batch, 3, $R] {\n"
                       "    y = max(linear(x, w), -1) * s;\n}\n"},
    {"linear of one", "layer f(x: f32[$C], g: f32[batch]) -> y: f32[$R] { y = abs(linear(x, w)); }\n"},
    {"matmul(w, x)", "layer f(x: f32[$C, batch]) -> y: f32[$R, batch] { y = matmul(w, x); }\n"},
    {"matmul(w, x) with a tail", "layer f(x: f32[$C, batch], b: f32[$R, 1], r: f32[$R, batch]) -> y: f32[$R, batch] {\n"
                                 "    y = clip(matmul(w, x) + b, -20, 30) - r;\n}\n"},
    {"matmul(x, w)", "layer f(x: f32[batch, $R]) -> y: f32[batch, $C] { y = matmul(x, w); }\n"},
    {"matmul(x, w) with a tail", "layer f(x: f32[batch, $R], b: f32[$C]) -> y: f32[batch, $C] {\n"
                                 "    y = relu6(matmul(x, w) + b) * 2 - matmul(x, w);\n}\n"},
    {"batched matmul(w, x)", "layer f(x: f32[2, 3, $C, batch]) -> y: f32[2, 3, $R, batch] { y = matmul(w, x); }\n"},
    {"batched matmul(x, w)", "layer f(x: f32[batch, 3, $R]) -> y: f32[batch, 3, $C] { y = -matmul(x, w); }\n"},
    {"two results", "layer f(x: f32[batch, $C], a: f32[$C, batch]) -> (y: f32[batch, $R], z: f32[$R, batch]) {\n"
                    "    h = linear(x, w);\n    y = max(h, 0);\n    z = matmul(w, a) * 3;\n}\n"},
    {"there and back", "layer there(x: f32[batch, $C]) -> y: f32[batch, $R] { y = relu(linear(x, w)); }\n"
                       "layer f(x: f32[batch, $C]) -> y: f32[batch, $C] { y = clip(x + matmul(x |> there, w), -9, 9); }\n"},
};

static const char *const cpus[] = {"x86-64-v2", "x86-64-v3", "native", "x86-64-v4"};
#define COUNT(array) (sizeof(array) / sizeof *(array))

typedef struct settings {
    char *plans[MAX_PLANS]; /* lines, with the layer in front */
    size_t plan_count;
    int variations;
    long only; /* -1: all */
    size_t share; /* one case of so many goes through the backends that compile slowly as well */
    int64_t at_least;
} settings;

/* ---- text ---- */

/* Copies text with each $X replaced. */
static void substitute(char *out, size_t size, const char *text, int64_t rows, int64_t cols)
{
    size_t n = 0;
    for (; *text && n + 24 < size; text++) {
        if (*text == '$') n += (size_t)snprintf(out + n, size - n, "%lld", (long long)(*++text == 'R' ? rows : cols));
        else out[n++] = *text;
    }
    out[n] = 0;
}

/* A plan of this pattern: {P} filled in, for all kernels. */
static void plan_for(char *out, size_t size, const char *plan, const diff_pattern *p)
{
    const bool block = p->kind == DIFF_BLOCK, nm = p->kind == DIFF_NM || p->kind == DIFF_NM_LESS;
    size_t n = (size_t)snprintf(out, size, "%s", *plan ? "@*.* " : "");
    for (; *plan && n + 24 < size; plan++) {
        if (strncmp(plan, "{P}", 3)) {
            out[n++] = *plan;
            continue;
        }
        const bool wants_block = out[n - 4] == 'b';
        const int64_t a = wants_block ? (block ? p->a : 4) : nm ? p->a : 2, b = wants_block ? (block ? p->b : 4) : nm ? p->b : 4;
        n += (size_t)snprintf(out + n, size - n, "%lld%c%lld", (long long)a, wants_block ? 'x' : ':', (long long)b);
        plan += 2;
    }
    out[n] = 0;
}

static bool read_plans(settings *s, const char *path)
{
    char line[512];
    FILE *f = fopen(path, "r");
    if (!f) return false;
    s->plans[s->plan_count++] = strdup("");
    while (s->plan_count < MAX_PLANS && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        if (line[0] && line[0] != '#') s->plans[s->plan_count++] = strdup(line);
    }
    fclose(f);
    return s->plan_count < MAX_PLANS;
}

/* ---- one case ---- */

typedef struct test_case {
    const diff_pattern *pattern;
    const char *plan;
    bool all_backends;
    char sdl[2048], plan_text[600], what[200];
    diff_program program;
} test_case;

static void make_case(test_case *c, long number, diff_random *random)
{
    const size_t form = (size_t)diff_below(random, COUNT(forms)), size = (size_t)diff_below(random, COUNT(sizes));
    int64_t rows = sizes[size][0], cols = sizes[size][1];
    char body[1500];
    diff_fit(c->pattern, &rows, &cols);
    substitute(body, sizeof body, forms[form].text, rows, cols);
    snprintf(c->sdl, sizeof c->sdl, "dim batch;\nweight w: f32[%lld, %lld]%s%s;\n%s", (long long)rows, (long long)cols,
             *c->pattern->sdl ? " sparse " : "", c->pattern->sdl, body);
    plan_for(c->plan_text, sizeof c->plan_text, c->plan, c->pattern);
    snprintf(c->what, sizeof c->what, "case %ld: %s, density %g, %s", number, *c->pattern->sdl ? c->pattern->sdl : "dense",
             c->pattern->density, forms[form].name);
    c->program = (diff_program){c->sdl, c->plan_text, cpus[diff_below(random, COUNT(cpus))], c->all_backends, 1};
    diff_weight_make(&c->program.weights[0], "w", SPC_F32, rows, cols, c->pattern, diff_below(random, 2), random);
}

/* Three of the batches, small and large. */
static void try_case(diff_tally *tally, test_case *c, long number)
{
    diff_random random = (diff_random)number;
    int64_t values[3];
    make_case(c, number, &random);
    const int64_t start = diff_below(&random, COUNT(batches));
    for (int64_t i = 0; i < 3; i++) values[i] = batches[(start + i * 4) % (int64_t)COUNT(batches)];
    const bool poisoned = diff_below(&random, 4) == 0;
    const diff_case all = {c->what, &c->program, *c->plan, {.layer = "f", .values = 4, .poisoned = poisoned}, 3, 1, values};
    diff_try(tally, &all, &random);
    diff_program_free(&c->program);
}

static void try_all(diff_tally *tally, const settings *s)
{
    static test_case c;
    long number = 0;
    for (int v = 0; v < s->variations; v++)
        for (size_t p = 0; p < COUNT(patterns); p++)
            for (size_t q = 0; q < s->plan_count && tally->failed < MAX_FAILURES; q++, number++) {
                c.pattern = &patterns[p];
                c.plan = s->plans[q];
                c.all_backends = s->only >= 0 || (p + q) % s->share == 0;
                if (s->only < 0 || s->only == number) try_case(tally, &c, number);
            }
}

static bool read_arguments(settings *s, int argc, char **argv)
{
    *s = (settings){.variations = SHORT_VARIATIONS, .only = -1, .share = 12};
    if (argc < 2 || !read_plans(s, argv[1])) return false;
    for (int i = 2; i < argc; i++) {
        if (!strcmp(argv[i], "--long")) s->variations = LONG_VARIATIONS, s->share = 5;
        else if (!strcmp(argv[i], "--only") && i + 1 < argc) s->only = atol(argv[++i]);
        else if (!strcmp(argv[i], "--at-least") && i + 1 < argc) s->at_least = atoll(argv[++i]);
        else return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    settings s;
    diff_tally tally = {0};
    if (!read_arguments(&s, argc, argv)) {
        fprintf(stderr, "usage: test_patterns PLANS [--long] [--only CASE] [--at-least N]\n");
        return 2;
    }
    try_all(&tally, &s);
    printf("%lld programs ran, %lld plans refused, %lld failures\n", (long long)tally.ran, (long long)tally.refused,
           (long long)tally.failed);
    diff_print_native(&tally);
    for (size_t i = 0; i < s.plan_count; i++) free(s.plans[i]);
    return tally.failed || tally.ran < s.at_least;
}
