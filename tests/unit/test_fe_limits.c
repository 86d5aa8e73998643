/* Sizes: what is long must work or be refused in good order, never by way of the C stack; memory may run out anywhere. */
#include "fe_text.h"

#define HEAD "layer f(x: f32[4]) -> y: f32[4] { y = "
#define TAIL "; }\n"

static void test_nesting(void **state)
{
    (void)state;
    fixture f = fixture_new();
    static const char *const openers[] = {"(",     "-",   "!",         "[",
                                          "relu(", "- (", "relu(x + ", "relu(!true | true & x == x + x * "};
    for (size_t i = 0; i < sizeof openers / sizeof openers[0]; i++) {
        char *text = repeat(&f, HEAD, openers[i], 20000, "x" TAIL "dim n = q..3;\n");
        assert_error(&f, text, "error: nesting is over 200 levels deep");
        assert_contains(fixture_messages(&f), "'q' is not defined");
    }
    char *open = repeat(&f, HEAD, "(", 200, "x");
    assert_int_equal(compile(&f, repeat(&f, open, ")", 200, TAIL)), SPC_OK);
    open = repeat(&f, HEAD, "(", 201, "x");
    assert_int_equal(compile(&f, repeat(&f, open, ")", 201, TAIL)), SPC_E_PROGRAM);
    fixture_free(&f);
}

static void test_long_chains(void **state)
{
    (void)state;
    fixture f = fixture_new();
    assert_int_equal(compile(&f, repeat(&f, HEAD "x", " + x", 100000, TAIL)), SPC_OK);
    assert_error(&f, repeat(&f, HEAD "x", " + x", 200000, TAIL), "expands to 200000 operations; the limit is 100000");
    assert_int_equal(compile(&f, repeat(&f, HEAD "x", " |> relu", 100000, TAIL)), SPC_OK);
    assert_error(&f, repeat(&f, HEAD "x", " |> relu", 200000, TAIL), "expands to 200000 operations");
    assert_error(&f, repeat(&f, HEAD "x", " + q", 200000, TAIL), "'q' is not defined");
    assert_int_equal(compile(&f, repeat(&f, "const a = 1", " + 1", 200000,
                                        ";\nlayer f(x: f32[a]) -> y: f32[200001] { y = x; }\n")),
                     SPC_OK);
    assert_int_equal(compile(&f, repeat(&f, "mask m = causal", " | !causal", 200000, ";\n")), SPC_OK);
    assert_error(&f, repeat(&f, "pattern p = rows", " & rows", 200000, ";\n"), "a pattern has at most 8 parts");
    fixture_free(&f);
}

/* Items that lean on one another in a long row, in either order of declaration. */
static void test_long_dependencies(void **state)
{
    (void)state;
    enum { COUNT = 50000 };
    fixture f = fixture_new();
    ir_text consts, cycle;
    ir_text_init(&consts, f.arena);
    ir_text_init(&cycle, f.arena);
    for (int i = 0; i < COUNT; i++) {
        ir_text_add(&consts, "const a%d = a%d;\n", i, i + 1);
        ir_text_add(&cycle, "pattern p%d = p%d & rows;\n", i, (i + 1) % COUNT);
    }
    ir_text_add(&consts, "const a%d = 4;\nlayer f(x: f32[a0]) -> y: f32[4] { y = x; }\n", COUNT);
    assert_int_equal(compile(&f, consts.data), SPC_OK);
    assert_error(&f, cycle.data, "m.sdl:50000:18: error: 'p0' is defined through itself");
    fixture_free(&f);
}

static char *layers(fixture *f, int count, const char *body)
{
    ir_text text;
    ir_text_init(&text, f->arena);
    for (int i = 0; i < count; i++) {
        ir_text_add(&text, "layer f%d(x: f32[4]) -> y: f32[4] { y = ", i);
        ir_text_add(&text, body[0] == '1' ? "f%d(x)" : "x |> f%d |> f%d", i + 1, i + 1);
        ir_text_add(&text, "; }\n");
    }
    ir_text_add(&text, "layer f%d(x: f32[4]) -> y: f32[4] { y = x; }\n", count);
    return text.data;
}

static void test_layers_that_call(void **state)
{
    (void)state;
    fixture f = fixture_new();
    assert_int_equal(compile(&f, layers(&f, 1000, "1")), SPC_OK);
    assert_error(&f, layers(&f, 20000, "1"), "the layers of this file expand to over 2000000 operations in all");
    assert_error(&f, layers(&f, 30, "2"), "error: the layer 'f14' expands to 131070 operations; the limit is 100000");
    assert_int_equal(ir_error_count(f.module->diags), 1);
    assert_error(&f, layers(&f, 200, "2"), "expands to");
    fixture_free(&f);
}

static void test_many_errors(void **state)
{
    (void)state;
    fixture f = fixture_new();
    assert_error(&f, repeat(&f, "layer f(x: f32[4]) -> y: f32[4] {\n", "  a = q;\n", 1000, "  y = x;\n}\n"),
                 "more errors are not shown");
    fixture_free(&f);
}

/* SPC_E_NOMEM where the guard was taken. */
static spc_status compile_within(size_t limit, const ir_source *source)
{
    ir_arena *const arena = ir_arena_new(limit);
    assert_non_null(arena);
    if (setjmp(*ir_guard(arena))) {
        ir_arena_free(arena);
        return SPC_E_NOMEM;
    }
    spc_status status = fe_compile(ir_module_new(arena, ir_diags_new(arena)), source);
    ir_arena_free(arena);
    return status;
}

/* Memory that runs out must come back through the guard, whatever was under way. */
static void test_memory_limits(void **state)
{
    (void)state;
    static const char text[] = "dim n; weight w: f32[8, 8] sparse 2:4;\n"
                               "layer g(x: f32[n, 8]) -> y: f32[n, 8] { y = gelu(linear(x, w)) + 0.5; }\n"
                               "layer f(x: f32[n, 8]) -> y: f32[n, 8] { y = x |> g |> g; }\n";
    static const ir_source source = {"m.sdl", text, sizeof text - 1};
    int refused = 0, done = 0;
    for (size_t limit = 1 << 12; limit < (size_t)1 << 22; limit += limit / 16) {
        spc_status status = compile_within(limit, &source);
        assert_true(status == SPC_OK || status == SPC_E_NOMEM);
        refused += status == SPC_E_NOMEM;
        done += status == SPC_OK;
    }
    assert_true(refused > 10 && done > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nesting),          cmocka_unit_test(test_long_chains),
        cmocka_unit_test(test_long_dependencies), cmocka_unit_test(test_layers_that_call),
        cmocka_unit_test(test_many_errors),      cmocka_unit_test(test_memory_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
