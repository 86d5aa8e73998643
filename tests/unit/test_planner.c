/* The planner: candidates are legal, distinct and ranked, the dense plan is among them, and what a storage is expected to
 * hold is what packing makes of random matrices. */
#include "frontend/frontend.h"
#include "ir/target.h"
#include "passes/planner/planner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct world {
    ir_arena *arena;
    ir_module *module;
    ir_target target;
    pass_context context;
    rt_matrix matrix; /* of weight w; dense NULL: not bound */
} world;

static const rt_matrix *find(void *ctx, const char *name)
{
    const world *w = ctx;
    return w->matrix.dense && strcmp(name, "w") == 0 ? &w->matrix : NULL;
}

static void open_world(world *w, const char *cpu, const char *sdl)
{
    rt_error error;
    w->arena = ir_arena_new((size_t)1 << 28);
    w->module = ir_module_new(w->arena, ir_diags_new(w->arena));
    ir_source *source = IR_NEW(w->arena, ir_source);
    *source = (ir_source){"test.sdl", sdl, strlen(sdl)};
    assert_int_equal(fe_compile(w->module, source), SPC_OK);
    assert_true(ir_target_find(cpu, &w->target, &error));
    w->context = (pass_context){.target = &w->target, .plan = ir_plan_new(w->arena), .weight = find, .weight_ctx = w};
    for (int i = 0; strcmp(pass_at(i)->name, "plan"); i++)
        assert_int_equal(pass_at(i)->run(w->module, &w->context), SPC_OK);
}

static void close_world(world *w)
{
    ir_arena_free(w->arena);
    free((void *)w->matrix.dense);
    *w = (world){0};
}

static planner_question ask(world *w, int64_t columns)
{
    return (planner_question){w->module, &w->context, w->module->funcs, 0, columns};
}

static const char *const patterns[] = {"", " sparse unstructured", " sparse 2:4", " sparse block(8, 4)", " sparse rows",
                                       " sparse columns", " sparse band(-2, 2)"};
static const char *const forms[] = {"layer f(x: f32[n, 192]) -> y: f32[n, 256] { y = linear(x, w); }",
                                    "layer f(x: f32[192, n]) -> y: f32[256, n] { y = matmul(w, x); }",
                                    "layer f(x: f32[n, 256]) -> y: f32[n, 192] { y = matmul(x, w); }",
                                    "layer f(x: f32[2, 192, n]) -> y: f32[2, 256, n] { y = matmul(w, x); }"};
static const char *const cpus[] = {"x86-64-v2", "haswell", "znver4", "sapphirerapids"};
enum { PATTERNS = sizeof patterns / sizeof *patterns, FORMS = sizeof forms / sizeof *forms };

static void check_ranking(world *w, int64_t columns)
{
    static planner_candidate list[PLANNER_MAX_CANDIDATES];
    const planner_question q = ask(w, columns);
    const size_t count = planner_rank(&q, list, PLANNER_MAX_CANDIDATES);
    bool dense = false;
    assert_in_range(count, 1, PLANNER_MAX_CANDIDATES - 1);
    for (size_t i = 0; i < count; i++) {
        planner_candidate same;
        dense |= list[i].dense;
        assert_true(list[i].predicted_ns > 0 && isfinite(list[i].predicted_ns));
        assert_true(i == 0 || list[i - 1].predicted_ns <= list[i].predicted_ns);
        assert_true(list[i].ns[list[i].binds] > 0);
        assert_true(planner_predict(&q, &list[i].terms, &same));
        assert_memory_equal(&same.terms, &list[i].terms, sizeof same.terms);
        assert_true(same.predicted_ns == list[i].predicted_ns);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(ir_plan_print_terms(&list[j].terms, w->arena),
                                    ir_plan_print_terms(&list[i].terms, w->arena));
    }
    assert_true(dense);
}

static void test_candidates(void **state)
{
    (void)state;
    for (int p = 0; p < PATTERNS; p++)
        for (int f = 0; f < FORMS; f++) {
            world w = {0};
            char sdl[512];
            snprintf(sdl, sizeof sdl, "dim n; weight w: f32[256, 192]%s;\n%s\n", patterns[p], forms[f]);
            open_world(&w, cpus[(p + f) % 4], sdl);
            for (int64_t columns = 1; columns <= 512; columns *= 8)
                check_ranking(&w, columns);
            close_world(&w);
        }
}

/* What is asked about need not be there, and a plan need not be legal. */
static void test_wrong_questions(void **state)
{
    world w = {0};
    planner_candidate out;
    (void)state;
    open_world(&w, "znver4", "dim n; weight w: f32[64, 64] sparse unstructured;\n"
                             "layer f(x: f32[n, 64]) -> y: f32[n, 64] { y = softmax(linear(x, w)); }\n");
    planner_question q = ask(&w, 8);
    const ir_plan_terms wrong = {.store = "nm:2:4:16", .lanes = PLAN_LANES_ROWS};
    assert_false(planner_predict(&q, &wrong, &out));
    assert_non_null(planner_columns(&q));
    q.kernel = 1; /* softmax */
    assert_null(planner_columns(&q));
    assert_int_equal(planner_rank(&q, &out, 1), 1);
    assert_true(out.predicted_ns == 0);
    q.kernel = 2;
    assert_int_equal(planner_rank(&q, &out, 1), 0);
    assert_false(planner_predict(&q, &out.terms, &out));
    close_world(&w);
}

/* ---- what storages hold ---- */

enum { ROWS = 240, COLS = 320 };

/* Cells of r x c that are held with a chance of density, by a hash of their place; all of their elements are 1. */
static float *random_cells(int r, int c, double density)
{
    float *data = calloc(ROWS * COLS, sizeof *data);
    assert_non_null(data);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++) {
            uint64_t h = (uint64_t)(i / r * COLS + j / c + 1) * 0x9e3779b97f4a7c15u;
            h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
            h = (h ^ h >> 27) * 0x94d049bb133111ebu;
            data[i * COLS + j] = (double)((h ^ h >> 31) >> 11) * 0x1p-53 < density;
        }
    return data;
}

static void check_estimate(const char *pattern, int r, int c, double density, const char *store, int64_t ktile)
{
    world w = {.matrix = {SPC_F32, ROWS, COLS, random_cells(r, c, density)}};
    char sdl[512];
    lw_region region;
    planner_facts facts;
    planner_population expected;
    rt_storage storage;
    rt_packed packed;
    rt_error error = {0};
    rt_storage_request request = {.dtype = SPC_F32, .rows = ROWS, .cols = COLS, .nnz = -1, .ktile = ktile};
    snprintf(sdl, sizeof sdl, "dim n; weight w: f32[240, 320] sparse %s;\n"
             "layer f(x: f32[n, 320]) -> y: f32[n, 240] { y = linear(x, w); }", pattern);
    open_world(&w, "znver4", sdl);
    lw_region_of(w.module, w.module->funcs->body.last->prev, &region);
    planner_facts_of(w.module, &w.context, &region, &facts);
    snprintf(request.name, sizeof request.name, "%s", store);
    request.pad = strncmp(store, "sell", 4) ? 0 : 4;
    assert_true(rt_storage_make(&request, &storage, &error));
    assert_int_equal(rt_pack(&storage, &w.matrix, &packed, &error), SPC_OK);
    planner_estimate(&facts, &storage, &expected);
    const double values = (double)packed.values_bytes, metadata = (double)packed.metadata_bytes;
    if (fabs(expected.value_bytes - values) > 0.1 * values || fabs(expected.metadata_bytes - metadata) > 0.15 * metadata + 64)
        fail_msg("%s %g as %s: expected %g + %g bytes, packed %g + %g", pattern, density, store, expected.value_bytes,
                 expected.metadata_bytes, values, metadata);
    rt_packed_free(&packed);
    close_world(&w);
}

/* Whether plans that keep equal rows together are thought of for a random matrix in which r rows each are equal. */
static bool offers_alike(int r)
{
    static planner_candidate list[PLANNER_MAX_CANDIDATES];
    world w = {.matrix = {SPC_F32, ROWS, COLS, random_cells(r, 1, 0.1)}};
    bool offers = false;
    open_world(&w, "znver4", "dim n; weight w: f32[240, 320] sparse unstructured;\n"
                             "layer f(x: f32[n, 320]) -> y: f32[n, 240] { y = linear(x, w); }");
    const planner_question q = ask(&w, 64);
    const size_t count = planner_rank(&q, list, PLANNER_MAX_CANDIDATES);
    for (size_t i = 0; i < count; i++)
        offers = offers || !strncmp(list[i].terms.store, "alike", 5);
    const pass_region_key key = pass_region_key_of(w.module, &w.context, w.module->funcs->body.last->prev);
    assert_int_equal(strstr(key.facts, PASS_FACTS_RARE) != NULL, offers);
    close_world(&w);
    return offers;
}

static void test_equal_rows(void **state)
{
    (void)state;
    assert_false(offers_alike(1));
    assert_true(offers_alike(2));
    assert_true(offers_alike(8));
}

static void test_estimates(void **state)
{
    (void)state;
    for (double density = 0.03; density < 1; density *= 2) {
        check_estimate("unstructured", 1, 1, density, "csr", 0);
        check_estimate("unstructured", 1, 1, density, "csr", 64);
        check_estimate("unstructured", 1, 1, density, "sell:4", 0);
        check_estimate("unstructured", 1, 1, density, "sell:4", 128);
        check_estimate("unstructured", 1, 1, density, "sell:16", 0);
        check_estimate("unstructured", 1, 1, density, "bsr:4x1", 0);
        check_estimate("unstructured", 1, 1, density, "dense:4", 0);
        check_estimate("block(8, 4)", 8, 4, density, "bsr:8x4", 0);
        check_estimate("block(8, 4)", 8, 4, density, "bsr:8x4", 64);
        check_estimate("block(8, 4)", 8, 4, density, "bsr:4x4", 0);
        check_estimate("block(8, 4)", 8, 4, density, "csr", 0);
        check_estimate("block(16, 1)", 16, 1, density, "bsc:16x1", 0);
        check_estimate("rows", 1, COLS, density, "rows:4", 0);
        check_estimate("columns", ROWS, 1, density, "columns:4", 0);
    }
    check_estimate("band(-2, 2)", 1, 1, 0, "band:-2:2", 0);
}

/* How many storages the plan of the only kernel has, its K tiles being what they are; and what was left out. */
static int stores_at(world *w, double budget, const char **left_out)
{
    const ir_plan_terms *seen[PLANNER_MAX_VARIANTS];
    int count = 0;
    w->context.budget = budget;
    w->context.plan = ir_plan_new(w->arena);
    assert_int_equal(pass_find("plan")->run(w->module, &w->context), SPC_OK);
    *left_out = w->context.plan->lines->left_out;
    for (const ir_plan_variant *v = w->context.plan->lines->variants; v; v = v->next) {
        bool known = false;
        for (int i = 0; i < count; i++)
            known = known || (!strcmp(seen[i]->store, v->terms.store) && seen[i]->tile_k == v->terms.tile_k);
        if (!known)
            seen[count++] = &v->terms;
    }
    return count;
}

/* The less there may be the fewer storages there are, but one always; what goes is named. Small weights are left alone. */
static void test_budget(void **state)
{
    (void)state;
    const char *left_out;
    world w = {0};
    open_world(&w, "znver4", "dim n; weight w: f32[1024, 512] sparse unstructured(density=0.4);\n"
                             "layer f(x: f32[n, 512]) -> y: f32[n, 1024] { y = linear(x, w); }");
    const int all = stores_at(&w, 0, &left_out);
    assert_true(all > 1 && !left_out);
    assert_int_equal(stores_at(&w, 0.01, &left_out), 1);
    assert_non_null(left_out);
    assert_true(stores_at(&w, 1.3, &left_out) < all || !left_out);
    assert_int_equal(stores_at(&w, 100, &left_out), all);
    assert_null(left_out);
    close_world(&w);
    open_world(&w, "znver4", "dim n; weight w: f32[256, 192] sparse unstructured(density=0.4);\n"
                             "layer f(x: f32[n, 192]) -> y: f32[n, 256] { y = linear(x, w); }");
    const int small = stores_at(&w, 0, &left_out);
    assert_int_equal(stores_at(&w, 0.01, &left_out), small);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_candidates), cmocka_unit_test(test_budget), cmocka_unit_test(test_equal_rows),
        cmocka_unit_test(test_wrong_questions),
        cmocka_unit_test(test_estimates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
