/* Plans: every term there and back, search, and errors that name the term and its legal values. Targets as well. */
#include "ir_text.h"
#include "ir/plan.h"
#include "ir/target.h"

static spc_status parse(fixture *f, const char *text, ir_plan **plan)
{
    ir_source *source = IR_NEW(f->arena, ir_source);
    *source = (ir_source){"plan", text, strlen(text)};
    *plan = ir_plan_new(f->arena);
    return ir_plan_parse(*plan, f->module->diags, source);
}

static void test_roundtrip(void **state)
{
    static const char *const lines[] = {
        "@ffn.0 store=sell:4 tile=64x256 rows=128 unroll=4 lanes=batch par=cols pack=yes\n",
        "@ffn.1 when batch<=8: store=csr lanes=rows; else store=nm:2:4 tile=64x256\n",
        "@ffn.2 when batch<=8: store=csr; when batch<=64: tile=32x*; else\n",
        "@*.* lanes=k pack=no rows=all par=both\n",
        "@a.* tile=16xall par=none\n@b.3\n",
        "@a.0 tile=*x128 par=rows\n",
        "@a.0 store=dense\n@a.1 store=dense:16\n@a.2 store=bsr:8x4\n@a.3 store=bsc:16x1\n@a.4 store=nm:1:4:16\n",
        "",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        fixture f = fixture_new();
        ir_plan *plan;
        if (parse(&f, lines[i], &plan)) fail_msg("%s", fixture_messages(&f));
        char *once = ir_plan_print(plan, f.arena);
        if (i != 3) assert_string_equal(once, lines[i]);
        assert_int_equal(parse(&f, once, &plan), SPC_OK);
        assert_string_equal(ir_plan_print(plan, f.arena), once);
        fixture_free(&f);
    }
}

static void test_values(void **state)
{
    (void)state;
    fixture f = fixture_new();
    ir_plan *plan;
    assert_int_equal(parse(&f, "# comment\n\n @ffn.1 when batch<=8: store=csr; else tile=64x256 rows=all pack=no # x\r\n", &plan), 0);
    const ir_plan_line *line = ir_plan_find(plan, "ffn", 1);
    assert_non_null(line);
    assert_string_equal(line->origin, "user");
    assert_int_equal(line->loc.line, 3);
    const ir_plan_variant *v = line->variants;
    assert_string_equal(v->dim, "batch");
    assert_int_equal(v->limit, 8);
    assert_string_equal(v->terms.store, "csr");
    assert_int_equal(v->terms.tile_cols, 0);
    assert_null(v->next->dim);
    assert_null(v->next->next);
    assert_int_equal(v->next->terms.tile_cols, 64);
    assert_int_equal(v->next->terms.tile_k, 256);
    assert_int_equal(v->next->terms.rows, -1);
    assert_int_equal(v->next->terms.pack, -1);
    assert_int_equal(v->next->terms.lanes, PLAN_LANES_OPEN);
    fixture_free(&f);
}

static void test_find(void **state)
{
    (void)state;
    fixture f = fixture_new();
    ir_plan *plan;
    assert_int_equal(parse(&f, "@a.1 unroll=1\n@a.* unroll=2\n@*.3 unroll=3\n", &plan), 0);
    assert_int_equal(ir_plan_find(plan, "a", 1)->variants->terms.unroll, 1);
    assert_int_equal(ir_plan_find(plan, "a", 3)->variants->terms.unroll, 2);
    assert_int_equal(ir_plan_find(plan, "b", 3)->variants->terms.unroll, 3);
    assert_null(ir_plan_find(plan, "b", 1));
    ir_plan_line *line = ir_plan_add(plan, "b", 1, "planner");
    line->variants->terms.par = PLAN_PAR_COLS;
    assert_ptr_equal(ir_plan_find(plan, "b", 1), line);
    assert_string_equal(ir_plan_print_line(line, f.arena), "@b.1 par=cols");
    assert_string_equal(ir_plan_print_terms(&line->variants->terms, f.arena), "par=cols");
    assert_string_equal(ir_plan_print_terms(&(ir_plan_terms){.unroll = 0}, f.arena), "");
    fixture_free(&f);
}

static void test_errors(void **state)
{
    static const struct {
        const char *text, *place, *message;
    } cases[] = {
        {"@a.0 store=coo", "plan:1:12", "'coo' is no value of store=; legal: dense[:R], csr"},
        {"@a.0 store=sell", "plan:1:12", "sell:R"},
        {"@a.0 store=sell:0", "plan:1:12", "sell:R"},
        {"@a.0 store=csr:4", "plan:1:12", "legal"},
        {"@a.0 store=nm:2", "plan:1:12", "nm:N:M"},
        {"@a.0 tile=64", "plan:1:11", "CxK"},
        {"@a.0 tile=0x4", "plan:1:11", "CxK"},
        {"@a.0 tile=*x*", "plan:1:11", "CxK"},
        {"@a.0 unroll=65", "plan:1:13", "1 to 64"},
        {"@a.0 lanes=cols", "plan:1:12", "batch, rows, k"},
        {"@a.0 par=", "plan:1:10", "none, cols, rows, both"},
        {"@a.0 pack=maybe", "plan:1:11", "yes, no"},
        {"@a.0 backend=", "plan:1:14", "name of a code generator"},
        {"@a.0 backend=no!", "plan:1:14", "name of a code generator"},
        {"@a.0 speed=9", "plan:1:6", "'speed' is no term of a plan; terms are store=, tile="},
        {"@a.0 unroll=1 unroll=2", "plan:1:15", "twice"},
        {"@a.0 unroll", "plan:1:6", "no term"},
        {"a.0 unroll=1", "plan:1:1", "@LAYER.NUMBER"},
        {"@a unroll=1", "plan:1:1", "@LAYER.NUMBER"},
        {"@a.x unroll=1", "plan:1:4", "expected a number"},
        {"@a.0x", "plan:1:5", "blank"},
        {"@a.99999999999999999999", "plan:1:4", "too large"},
        {"@a.0 when batch<8: unroll=1", "plan:1:16", "'<='"},
        {"@a.0 when batch<=: unroll=1", "plan:1:18", "number"},
        {"@a.0 when batch<=8 unroll=1", "plan:1:20", "':'"},
        {"@a.0 when <=8: unroll=1", "plan:1:11", "name of a dim"},
        {"@a.0 when a<=8: unroll=1; unroll=2", "plan:1:27", "'when' or 'else'"},
        {"@a.0 unroll=1; else unroll=2", "plan:1:14", "';'"},
        {"\n@a.0 unroll=1\n@b.0 x=1", "plan:3:6", "no term"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f = fixture_new();
        ir_plan *plan;
        assert_int_equal(parse(&f, cases[i].text, &plan), SPC_E_PROGRAM);
        assert_contains(fixture_messages(&f), cases[i].place);
        assert_contains(fixture_messages(&f), cases[i].message);
        fixture_free(&f);
    }
}

static void test_any_bytes(void **state)
{
    static const char alphabet[] = "@a.0 *when<=8:;else store=csr tile=64x256unroll\n\t#\r\xff";
    (void)state;
    uint64_t seed = 11;
    for (int i = 0; i < 3000; i++) {
        fixture f = fixture_new();
        char text[64];
        size_t len = i % sizeof text;
        for (size_t j = 0; j < len; j++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            text[j] = alphabet[(seed >> 40) % sizeof alphabet]; /* its NUL as well */
        }
        ir_source source = {"plan", text, len};
        ir_plan *plan = ir_plan_new(f.arena);
        spc_status status = ir_plan_parse(plan, f.module->diags, &source);
        assert_true((status != SPC_OK) == (ir_error_count(f.module->diags) > 0));
        fixture_free(&f);
    }
}

/* ---- targets ---- */

static void test_models(void **state)
{
    (void)state;
    ir_target t;
    rt_error error = {0};
    assert_true(ir_target_find("sapphirerapids", &t, &error));
    assert_int_equal(t.vector_bytes, 64);
    assert_int_equal(t.vector_registers, 32);
    assert_true(t.features >> RT_CPU_amx_int8 & 1);
    assert_true(ir_target_find("x86-64-v2", &t, &error));
    assert_int_equal(t.vector_bytes, 16);
    assert_false(t.features >> RT_CPU_avx & 1);
    assert_true(ir_target_find("haswell", &t, &error));
    assert_true(ir_target_find("znver5", &t, &error));
    assert_false(ir_target_find("pentium", &t, &error));
    assert_contains(error.text, "unknown CPU 'pentium'");
    assert_contains(error.text, "native, x86-64-v2");
    assert_contains(error.text, "graniterapids");
}

static void test_native(void **state)
{
    (void)state;
    ir_target t, model;
    rt_error error = {0};
    if (!ir_target_find("native", &t, &error)) {
        assert_contains(error.text, "x86-64-v2");
        print_message("this machine's CPU is not supported; nothing more to check\n");
        skip();
    }
    assert_string_equal(t.name, "native");
    assert_true(t.features == rt_cpu_features());
    assert_true(ir_target_find(t.llvm_name, &model, &error));
    assert_true((model.features & ~t.features) == 0);
    assert_true(t.l1d_bytes > 0 && t.l2_bytes > 0);
}

static void test_legal_ops(void **state)
{
    (void)state;
    fixture f = fixture_new();
    ir_target v2, v4;
    assert_true(ir_target_find("x86-64-v2", &v2, NULL) && ir_target_find("x86-64-v4", &v4, NULL));
    const ir_type *f32 = ir_scalar(f.module, IR_F32), *f32x16 = ir_vector(f.module, IR_F32, 16);
    assert_false(ir_target_has_op(&v2, IR_OP_fma, f32));
    assert_true(ir_target_has_op(&v4, IR_OP_fma, f32x16));
    assert_false(ir_target_has_op(&v4, IR_OP_gelu, f32x16));
    assert_false(ir_target_has_op(&v4, IR_OP_add, ir_vector(f.module, IR_BF16, 16)));
    assert_true(ir_target_has_op(&v4, IR_OP_load, ir_vector(f.module, IR_BF16, 16)));
    assert_true(ir_target_has_op(&v4, IR_OP_permute, f32x16));
    assert_false(ir_target_has_op(&v2, IR_OP_permute, f32x16));
    assert_true(ir_target_has_op(&v4, IR_OP_permute2, f32x16));
    assert_false(ir_target_has_op(&v2, IR_OP_permute2, f32x16));
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roundtrip), cmocka_unit_test(test_values),    cmocka_unit_test(test_find),
        cmocka_unit_test(test_errors),    cmocka_unit_test(test_any_bytes), cmocka_unit_test(test_models),
        cmocka_unit_test(test_native),    cmocka_unit_test(test_legal_ops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
