/* What a compilation leaves behind: modules after errors, the data programs, rounding of numbers, the table of operations. */
#include "fe_text.h"
#include "frontend/builtins.h"

#include <math.h>

static void test_errors_leave_no_functions(void **state)
{
    (void)state;
    fixture f = fixture_new();
    assert_error(&f, "layer g(x: f32[4]) -> y: f32[4] { y = x; }\nlayer f(x: f32[4]) -> y: f32[4] { y = q; }\n", "'q'");
    assert_null(f.module->funcs);
    fixture_free(&f);
}

/* Errors that were in the diagnostics before are not this file's. */
static void test_earlier_errors(void **state)
{
    (void)state;
    fixture f = fixture_new();
    static const char text[] = "layer f(x: f32[4]) -> y: f32[4] { y = x; }\n";
    static const ir_source source = {"m.sdl", text, sizeof text - 1};
    ir_report(f.module->diags, IR_ERROR, (ir_loc){0}, "an error of another kind");
    assert_int_equal(fe_compile(f.module, &source), SPC_OK);
    assert_non_null(ir_func_find(f.module, IR_GRAPH, "f"));
    fixture_free(&f);
}

static bool compile_file(fixture *f, const char *path, spc_status *status)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        print_message("skipped: there is no %s\n", path);
        return false;
    }
    char *text = ir_alloc(f->arena, 1 << 20);
    size_t len = fread(text, 1, 1 << 20, file);
    fclose(file);
    *status = compile_bytes(f, text, len);
    return true;
}

static int count_ops(const ir_func *func, ir_opcode code)
{
    int count = 0;
    for (const ir_op *op = func->body.first; op; op = op->next) count += op->code == code;
    return count;
}

static void test_graph_challenge(void **state)
{
    (void)state;
    fixture f = fixture_new();
    spc_status status;
    if (!compile_file(&f, SPC_DATA_DIR "/graphchallenge_1024/gc1024.sdl", &status)) skip();
    assert_int_equal(status, SPC_OK);
    const ir_func *infer = ir_func_find(f.module, IR_GRAPH, "infer");
    assert_int_equal(count_ops(infer, IR_OP_weight), 30);
    assert_int_equal(count_ops(infer, IR_OP_linear), 120);
    assert_int_equal(ir_verify(f.module, "frontend"), SPC_OK);
    fixture_free(&f);
}

static void test_cora(void **state)
{
    (void)state;
    fixture f = fixture_new();
    spc_status status;
    if (!compile_file(&f, SPC_DATA_DIR "/gnn_cora/cora.sdl", &status)) skip();
    assert_int_equal(status, SPC_OK);
    assert_int_equal(count_ops(ir_func_find(f.module, IR_GRAPH, "gcn"), IR_OP_matmul), 4);
    assert_int_equal(ir_verify(f.module, "frontend"), SPC_OK);
    fixture_free(&f);
}

/* The checks of convolutions, pads, reshapes and images agree with a real network; only building them is missing. */
static void test_face_detector(void **state)
{
    (void)state;
    fixture f = fixture_new();
    spc_status status;
    if (!compile_file(&f, SPC_DATA_DIR "/face_detector/face_detector.sdl", &status)) skip();
    const char *text = fixture_messages(&f);
    for (const char *at = strstr(text, "error: "); at; at = strstr(at + 1, "error: ")) {
        const char *end = strchr(at, '\n');
        char *line = ir_strndup(f.arena, at, (size_t)(end - at));
        assert_contains(line, "is not supported yet");
    }
    fixture_free(&f);
}

static void test_rounding(void **state)
{
    (void)state;
    static const struct { ir_dtype dtype; double value, want;
    } cases[] = {
        {IR_F32, 0.1, 0.1f},  {IR_F32, 1e-46, 0},     {IR_F32, 1e-45, 0x1p-149},    {IR_F32, 3.5e38, INFINITY},
        {IR_F32, -0.0, -0.0}, {IR_F16, 65519, 65504}, {IR_F16, 65520, INFINITY},    {IR_F16, 2049, 2048},
        {IR_F16, 2051, 2052}, {IR_F16, 0x1p-25, 0},   {IR_F16, 0x1.8p-25, 0x1p-24}, {IR_F16, -0x1.8p-24, -0x1p-23},
        {IR_BF16, 257, 256},  {IR_BF16, 259, 260},    {IR_BF16, 3.4e38, INFINITY},  {IR_BF16, 0x1.fep127, 0x1.fep127},
        {IR_F64, 0.1, 0.1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double got = fe_round_to(cases[i].dtype, cases[i].value);
        assert_memory_equal(&got, &cases[i].want, sizeof got);
    }
}

/* An integer beyond 53 bits meets f32 and bf16 without being rounded to f64 first. */
static void test_integers_round_once(void **state)
{
    (void)state;
    static const struct { const char *dtype, *number; double want; } cases[] = {
        {"f32", "9007199791611905", 0x1.000002p53}, /* 2^53 + 2^29 + 1: up, where f64 first would tie to even */
        {"f32", "9007199791611904", 0x1p53},
        {"bf16", "36169534507319297", 0x1.02p55}, /* 2^55 + 2^47 + 1 */
        {"bf16", "36169534507319296", 0x1p55},
        {"f32", "9223372036854775807", 0x1p63},
        {"f64", "9007199254740993", 0x1p53},
    };
    fixture f = fixture_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *type = cases[i].dtype;
        assert_int_equal(compile(&f, ir_format(f.arena, "layer f(x: %s[4]) -> y: %s[4] { y = x * %s; }\n", type, type,
                                               cases[i].number)),
                         SPC_OK);
        const ir_op *op = f.module->funcs->body.first;
        while (op->code != IR_OP_const) op = op->next;
        assert_true(ir_get_float(op, "value", 0) == cases[i].want);
    }
    fixture_free(&f);
}

/* Every row of the table names known kinds and lists parameters in the order that binding relies on. */
static void test_table(void **state)
{
    (void)state;
    static const char *const operations[] = {
#define OPERATION(name, parameters, check, emit, code) #name,
#include "frontend/builtins.def"
#undef OPERATION
    };
    fixture f = fixture_new();
    fe_context c = {.module = f.module, .arena = f.arena};
    c.names = IR_ARRAY(f.arena, fe_name *, FE_NAME_BUCKETS);
    fe_builtins_init(&c);
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        const fe_builtin *b = fe_intern(&c, operations[i], strlen(operations[i]))->operation;
        bool optional = false, named = false;
        assert_non_null(b);
        assert_true(b->count <= FE_MAX_PARAMS && (b->open || b->count > 0));
        for (int j = 0; j < b->count; j++) {
            const fe_param *p = &b->params[j];
            assert_true(p->kind < FE_PARAM_KINDS);
            assert_true(p->named || (!named && (p->optional || !optional)));
            optional |= p->optional;
            named |= p->named;
        }
        if (b->emit) assert_true(ir_info((ir_opcode)b->code)->levels & IR_LEVEL_G);
    }
    assert_string_equal(fe_usage(&c, fe_intern(&c, "concat", 6)->operation), "concat(parts, ..., axis=)");
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors_leave_no_functions), cmocka_unit_test(test_earlier_errors),
        cmocka_unit_test(test_graph_challenge),           cmocka_unit_test(test_cora),
        cmocka_unit_test(test_face_detector),             cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_integers_round_once),       cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
