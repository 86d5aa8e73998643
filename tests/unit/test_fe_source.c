/* The bytes of an SDL file: NULs, UTF-8, marks, line ends; and the places that messages and ops name. */
#include "fe_text.h"

#define LAYER "layer f(x: f32[4]) -> y: f32[4] { y = relu(x); }\n"

static void test_nul(void **state)
{
    (void)state;
    fixture f = fixture_new();
    static const char text[] = "dim n; # a\0b\n" LAYER;
    assert_int_equal(compile_bytes(&f, text, sizeof text - 1), SPC_E_PROGRAM);
    assert_contains(fixture_messages(&f), "m.sdl:1:11: error: a NUL byte");
    assert_int_equal(ir_error_count(f.module->diags), 1);
    fixture_free(&f);
}

static void test_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {
        "# \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xef\xbf\xbf \xf4\x8f\xbf\xbf\n" LAYER};
    static const char *const bad[] = {
        "# \x80", "# \xc3", "# \xc0\xaf", "# \xc1\xbf", "# \xe0\x9f\xbf", "# \xed\xa0\x80", "# \xf0\x8f\xbf\xbf",
        "# \xf4\x90\x80\x80", "# \xf5\x80\x80\x80", "# \xe2\x82\n", "# \xff", "# \xe2(\xa1",
    };
    fixture f = fixture_new();
    assert_int_equal(compile(&f, good[0]), SPC_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_error(&f, ir_format(f.arena, "%s\n%s", bad[i], LAYER), "m.sdl:1:3: error: the byte 0x");
        assert_int_equal(ir_error_count(f.module->diags), 1);
    }
    fixture_free(&f);
}

static void test_bad_bytes_do_not_hide_errors(void **state)
{
    (void)state;
    fixture f = fixture_new();
    assert_error(&f, "# \xff\nlayer f(x: f32[4]) -> y: f32[4] { y = q; }\n", "m.sdl:2:39: error: 'q' is not defined");
    assert_contains(fixture_messages(&f), "m.sdl:1:3: error: the byte 0xff");
    fixture_free(&f);
}

static void test_mark_and_line_ends(void **state)
{
    (void)state;
    fixture f = fixture_new();
    assert_int_equal(compile(&f, "\xef\xbb\xbf" LAYER), SPC_OK);
    assert_error(&f, "\xef\xbb\xbf\xef\xbb\xbf" LAYER, "m.sdl:1:1: error:");
    assert_error(&f, "\xef\xbb\xbf" "dm n;\r\n" LAYER, "m.sdl:1:1: error: expected dim");
    assert_int_equal(compile(&f, "layer f(x: f32[4])\r\n-> y: f32[4] {\r\ty = x;\r\n}"), SPC_OK);
    assert_int_equal(compile(&f, "layer f(x: f32[4]) -> y: f32[4] { y = x; } # no line end"), SPC_OK);
    fixture_free(&f);
}

static void test_empty(void **state)
{
    (void)state;
    static const char *const empty[] = {"", "\n", "# only a comment", " \t\r\n\n", "\xef\xbb\xbf"};
    fixture f = fixture_new();
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        assert_error(&f, empty[i], "m.sdl:1:1: error: the file is empty");
        assert_int_equal(ir_error_count(f.module->diags), 1);
    }
    fixture_free(&f);
}

/* Every truncation of a program ends in an orderly way; one in the middle of a layer is an error. */
static void test_truncations(void **state)
{
    (void)state;
    static const char text[] =
        "dim n = 16..64 step 16; const d = 4;\npattern p = 2:4 & block(2, 2);\nmask m = causal | !window(1, 2);\n"
        "weight w: i8[d, 8] sparse p scale group(4) from \"a\\\"b\";\n"
        "layer f(x: f32[n, 8]) -> (y: f32[n, 4], z: bool[n]) { y = x |> linear(w=w) + 0.5; z = x == 1e3; }\n";
    fixture f = fixture_new();
    for (size_t len = 0; len < sizeof text; len++) {
        spc_status status = compile_bytes(&f, text, len);
        assert_true((status == SPC_OK) == (ir_error_count(f.module->diags) == 0));
        bool inside = len > 0 && strstr(ir_strndup(f.arena, text, len), "layer");
        if (inside || len == 0) assert_int_equal(status, SPC_E_PROGRAM);
    }
    fixture_free(&f);
}

static void test_places_of_ops(void **state)
{
    (void)state;
    fixture f = fixture_new();
    assert_int_equal(compile(&f, "weight w: f32[4, 4];\n"
                                 "layer g(x: f32[4]) -> y: f32[4] {\n  y = linear(x, w) + x;\n}\n"
                                 "layer f(x: f32[4]) -> y: f32[4] {\n  y = g(relu(x));\n}\n"), SPC_OK);
    const ir_func *g = ir_func_find(f.module, IR_GRAPH, "f");
    static const struct { ir_opcode code; int line, column, length;
    } want[] = {
        {IR_OP_input, 5, 9, 1},  {IR_OP_relu, 6, 9, 4}, {IR_OP_weight, 1, 8, 1},
        {IR_OP_linear, 3, 7, 6}, {IR_OP_add, 3, 20, 1}, {IR_OP_output, 5, 23, 1},
    };
    const ir_op *op = g->body.first;
    assert_int_equal(g->loc.line, 5);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++, op = op->next) {
        assert_non_null(op);
        assert_int_equal(op->code, want[i].code);
        assert_int_equal(op->loc.line, want[i].line);
        assert_int_equal(op->loc.column, want[i].column);
        assert_int_equal(op->loc.length, want[i].length);
    }
    assert_null(op);
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_bad_bytes_do_not_hide_errors),
        cmocka_unit_test(test_mark_and_line_ends),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_truncations),
        cmocka_unit_test(test_places_of_ops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
