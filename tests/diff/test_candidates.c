/* test_candidates: every plan that the planner thinks of gives the right result. For each pattern, form and CPU the planner is
 * asked for all its candidates, and each of them is run as a user's plan would be.
 *
 *     test_candidates [--every N] [--only CASE] [--at-least N]
 *
 * --every N runs one case in N (default 1: all of them); which ones differs from program to program, so that over the
 * patterns each kind of kernel has its turn. None may be refused: the planner offers legal plans only. */
#include "tests/diff/diff.h"

#include "frontend/frontend.h"
#include "passes/planner/planner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    diff_pattern pattern;
    int64_t rows, cols;
} matrices[] = {
    {{"", DIFF_FULL, 0, 0, 1}, 67, 130},
    {{"unstructured", DIFF_SCATTERED, 0, 0, 0.02}, 100, 200},
    {{"unstructured", DIFF_SCATTERED, 0, 0, 0.4}, 65, 1100}, /* deep enough for K tiles */
    {{"unstructured", DIFF_COLUMNS, 0, 0, 0.3}, 70, 300}, /* rows with the same columns */
    {{"2:4", DIFF_NM, 2, 4, 0}, 66, 700},
    {{"3:5", DIFF_NM_LESS, 3, 5, 0}, 33, 100},
    {{"block(8, 4)", DIFF_BLOCK, 8, 4, 0.2}, 64, 96},
    {{"block(3, 5)", DIFF_BLOCK, 3, 5, 0.4}, 66, 130},
    {{"block(16, 16)", DIFF_BLOCK, 16, 16, 0.3}, 64, 1120},
    {{"rows", DIFF_ROWS, 0, 0, 0.5}, 67, 130},
    {{"columns", DIFF_COLUMNS, 0, 0, 0.5}, 67, 130},
    {{"band(-2, 3)", DIFF_BAND, -2, 3, 0}, 70, 64},
};
static const char *const forms[] = {
    "layer f(x: f32[batch, $C], b: f32[$R]) -> y: f32[batch, $R] { y = relu(linear(x, w, b)); }\n",
    "layer f(x: f32[$C, batch]) -> y: f32[$R, batch] { y = matmul(w, x); }\n",
    "layer f(x: f32[batch, $R]) -> y: f32[batch, $C] { y = matmul(x, w); }\n",
    "layer f(x: f32[2, $C, batch]) -> y: f32[2, $R, batch] { y = matmul(w, x); }\n",
};
static const char *const cpus[] = {"native", "x86-64-v3", "x86-64-v2"};
#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { MAX_FAILURES = 8, GCCJIT_SHARE = 10 }; /* one case in so many goes through backends that compile slowly as well */

typedef struct settings {
    long every, only;
    int64_t at_least;
} settings;

typedef struct plans {
    size_t count;
    char text[PLANNER_MAX_CANDIDATES][200];
} plans;

static void write_program(char *out, size_t size, const diff_pattern *p, int64_t rows, int64_t cols, const char *form)
{
    size_t n = (size_t)snprintf(out, size, "dim batch;\nweight w: f32[%lld, %lld]%s%s;\n", (long long)rows, (long long)cols,
                                *p->sdl ? " sparse " : "", p->sdl);
    for (; *form && n + 24 < size; form++) {
        if (*form == '$') n += (size_t)snprintf(out + n, size - n, "%lld", (long long)(*++form == 'R' ? rows : cols));
        else out[n++] = *form;
    }
    out[n] = 0;
}

static const rt_matrix *find_matrix(void *ctx, const char *name)
{
    const diff_program *p = ctx;
    return strcmp(name, "w") ? NULL : &p->weights[0].matrix;
}

/* The front end and the passes up to planning, then all candidates of the one kernel. */
static void enumerate(diff_program *program, plans *out)
{
    ir_arena *arena = ir_arena_new((size_t)1 << 28);
    ir_target target;
    rt_error error;
    static planner_kernel kernels[PLANNER_MAX_CANDIDATES];
    diff_need(arena != NULL && !setjmp(*ir_guard(arena)), "memory");
    ir_module *m = ir_module_new(arena, ir_diags_new(arena));
    const ir_source source = {"program.sdl", program->sdl, strlen(program->sdl)};
    diff_need(ir_target_find(program->cpu, &target, &error), "a CPU that is known");
    diff_need(!fe_compile(m, &source), "a program without errors");
    pass_context context = {.target = &target, .plan = ir_plan_new(arena), .weight = find_matrix, .weight_ctx = program};
    for (int i = 0; strcmp(pass_at(i)->name, "plan"); i++) diff_need(!pass_at(i)->run(m, &context), "passes");
    const ir_op *fused = m->funcs->body.first;
    while (fused && fused->code != IR_OP_fused) fused = fused->next;
    diff_need(fused != NULL, "a kernel");
    lw_region region;
    planner_facts facts;
    lw_region_of(m, fused, &region);
    planner_facts_of(m, &context, &region, &facts);
    out->count = planner_enumerate(&facts, NULL, kernels, PLANNER_MAX_CANDIDATES);
    diff_need(out->count < PLANNER_MAX_CANDIDATES, "room for all candidates");
    for (size_t i = 0; i < out->count; i++)
        snprintf(out->text[i], sizeof out->text[i], "@*.* %s", ir_plan_print_terms(&kernels[i].terms, arena));
    ir_arena_free(arena);
}

static void try_program(diff_tally *tally, const settings *s, size_t matrix, size_t form, const char *cpu, long *number)
{
    static plans list;
    static const int64_t batches[] = {1, 5, 16, 70, 130};
    char sdl[1000], what[300];
    int64_t rows = matrices[matrix].rows, cols = matrices[matrix].cols;
    const diff_pattern *pattern = &matrices[matrix].pattern;
    diff_random random = (diff_random)*number + 1;
    diff_fit(pattern, &rows, &cols);
    write_program(sdl, sizeof sdl, pattern, rows, cols, forms[form]);
    diff_program program = {sdl, "", cpu, false, 1};
    diff_weight_make(&program.weights[0], "w", SPC_F32, rows, cols, pattern, false, &random);
    enumerate(&program, &list);
    for (size_t i = 0; i < list.count && tally->failed < MAX_FAILURES; i++, ++*number) {
        const bool due = s->only >= 0 ? *number == s->only : *number % s->every == 0;
        if (!due) continue;
        program.plan = list.text[i];
        program.all_backends = s->only >= 0 || *number / s->every % GCCJIT_SHARE == 0;
        snprintf(what, sizeof what, "case %ld: %s", *number, list.text[i]);
        const diff_case all = {what, &program, false, {.layer = "f", .values = 4}, COUNT(batches), 1, batches};
        diff_try(tally, &all, &random);
    }
    diff_program_free(&program);
}

static bool read_arguments(settings *s, int argc, char **argv)
{
    *s = (settings){.every = 1, .only = -1};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--every")) s->every = atol(argv[i + 1]);
        else if (!strcmp(argv[i], "--only")) s->only = atol(argv[i + 1]);
        else if (!strcmp(argv[i], "--at-least")) s->at_least = atoll(argv[i + 1]);
        else return false;
    }
    return argc % 2 == 1 && s->every > 0;
}

int main(int argc, char **argv)
{
    settings s;
    diff_tally tally = {0};
    long number = 0;
    if (!read_arguments(&s, argc, argv)) {
        fprintf(stderr, "usage: test_candidates [--every N] [--only CASE] [--at-least N]\n");
        return 2;
    }
    for (size_t m = 0; m < COUNT(matrices); m++)
        for (size_t f = 0; f < COUNT(forms); f++)
            for (size_t c = 0; c < COUNT(cpus); c++) try_program(&tally, &s, m, f, cpus[c], &number);
    printf("%ld candidates, %lld ran, %lld failures\n", number, (long long)tally.ran, (long long)tally.failed);
    diff_print_native(&tally);
    return tally.failed || tally.ran < s.at_least;
}
