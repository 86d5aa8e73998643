/* IR text: printing and parsing are inverse over every op; errors have places; no bytes bring the parser down. */
#include "ir_text.h"
#include <locale.h>
#include <stdlib.h>

static char *all_ops(size_t *len)
{
    FILE *file = fopen(SPC_SOURCE_DIR "/tests/unit/all_ops.ir", "rb");
    assert_non_null(file);
    char *text = calloc(1, 1 << 16);
    *len = fread(text, 1, (1 << 16) - 1, file);
    fclose(file);
    return text;
}

static void mark_codes(const ir_block *block, bool *seen)
{
    for (const ir_op *op = block->first; op; op = op->next) {
        seen[op->code] = true;
        mark_codes(&op->body, seen);
        mark_codes(&op->body2, seen);
    }
}

static void test_every_op_round_trips(void **state)
{
    (void)state;
    size_t len;
    char *text = all_ops(&len);
    fixture f = fixture_new();
    if (fixture_parse(&f, text) || ir_verify(f.module, "parse")) fail_msg("%s", fixture_messages(&f));
    assert_string_equal(ir_print_module(f.module, f.arena), text);
    bool seen[IR_OP_COUNT] = {false};
    for (ir_func *func = f.module->funcs; func; func = func->next) mark_codes(&func->body, seen);
    for (int i = 0; i < IR_OP_COUNT; i++)
        if (!seen[i]) fail_msg("all_ops.ir lacks %s", ir_info((ir_opcode)i)->name);
    fixture_free(&f);
    free(text);
}

static void test_locale(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "de_DE.UTF-8")) {
        print_message("no German locale here; the decimal comma is not tested\n");
        skip();
    }
    test_every_op_round_trips(state);
    setlocale(LC_ALL, "C");
}

/* What is written otherwise comes out canonical. */
static void test_other_spellings(void **state)
{
    (void)state;
    fixture f = fixture_new();
    const char *text = "# c\ndim n 0..9223372036854775807 step 1 graph @\"f\" { %9=input \"x\\x41\":f32[ n , 2*2 ]\n"
                       "%1 = leaky_relu %9 [ slope = 1 ] output %1 \"y\" }";
    if (fixture_parse(&f, text)) fail_msg("%s", fixture_messages(&f));
    assert_string_equal(ir_print_module(f.module, f.arena), "dim n\n\ngraph @f {\n  %0 = input \"xA\" : f32[n,4]\n"
                                                            "  %1 = leaky_relu %0 [slope=1]\n  output %1 \"y\"\n}\n");
    fixture_free(&f);
}

static void test_strings(void **state)
{
    (void)state;
    fixture f = fixture_new();
    const char *text = "graph @\"a b\" {\n  %0 = input \"q\\\"\\\\\\x0a\xc3\xa4\" : f32[]\n}\n";
    if (fixture_parse(&f, text)) fail_msg("%s", fixture_messages(&f));
    assert_string_equal(ir_print_module(f.module, f.arena), text);
    assert_string_equal(f.module->funcs->body.first->name, "q\"\\\n\xc3\xa4");
    fixture_free(&f);
}

static void test_errors(void **state)
{
    static const struct {
        const char *text, *place, *message;
    } cases[] = {
        {"garbage", "1:1", "expected dim, packing, graph, kernel, entry or constant"},
        {"graph f {}", "1:7", "expected @NAME"},
        {"graph @f {", "1:11", "expected '}'"},
        {"graph @f {}\ngraph @f {}", "2:7", "already"},
        {"dim n dim n", "1:11", "twice"},
        {"dim n 4..2", "1:10", "at least 4"},
        {"graph @f { %0 = input \"x\" : f32[n] }", "1:33", "declared dims"},
        {"graph @f { %0 = input \"x\" : f32[1,2,3,4,5,6,7,8,9] }", "1:32", "at most 8 axes"},
        {"graph @f { %0 = input \"x\" : f32[1,] }", "1:35", "extent"},
        {"graph @f { %0 = input \"x\" : f33[1] }", "1:29", "expected a type"},
        {"graph @f { %0 = input : f32[1] }", "1:23", "name of 'input' in quotes"},
        {"graph @f { %0 = input \"x\" }", "1:27", "expected ':'"},
        {"graph @f { %0 = blub }", "1:17", "expected an operation"},
        {"graph @f { %0 = gelu %0 }", "1:22", "%0 is not defined above"},
        {"graph @f { %0 = const 1 : f32[] %0 = const 1 : f32[] }", "1:33", "defined twice"},
        {"graph @f { const 1 : f32[] }", "1:28", "write %NUMBER ="},
        {"graph @f { %1 = const 1 : f32[] %0 = output %1 \"y\" }", "1:52", "has no value"},
        {"graph @f { %1 = const 1 : f32[] %0 = gelu %1, %1 }", "1:50", "takes 1 arguments, here are 2"},
        {"graph @f { %0 = gelu }", "1:22", "here are 0"},
        {"graph @f { %0 = const x : f32[] }", "1:23", "expected a number"},
        {"graph @f { %0 = const 1 [x=1] : f32[] }", "1:26", "no attribute of this name"},
        {"kernel @f { %0 = param \"x\" : buffer f32 %1 = load %0, 0 [disp=1, disp=2] : f32 }", "1:66", "twice"},
        {"kernel @f { %0 = param \"x\" : buffer f32 %1 = load %0, 0 [disp=1.5] : f32 }", "1:63", "integer"},
        {"kernel @f { %0 = param \"x\" : buffer f32 %1 = get %0 }", "1:53", "no result"},
        {"kernel @f { %0 = param \"x\" : buffer f32x4 }", "1:43", "a buffer has a scalar dtype"},
        {"kernel @f { %0 = const 99999999999999999999 : i64 }", "1:24", "64 bits"},
        {"kernel @f { %99999999999 = threads }", "1:13", "too large"},
        {"kernel @f { %0 = const \"1\" : i64 }", "1:24", "number"},
        {"graph @f { %0 = input \"x }", "1:23", "the string does not end"},
        {"graph @f { %0 = input \"\\q\" : f32[] }", "1:23", "wrong escape"},
        {"graph @f { ! }", "1:12", "unexpected character"},
        {"packing \"a\" of \"a\" : f32\n", "2:1", "tensor"},
        {"packing \"a\" of \"a\" : f32[4,4]{blub}", "1:30", "blub"},
        {"packing \"a\" of \"a\" : f32[4,4]{csr speed=1}", "1:30", "'speed=1' is no term of a storage"},
        {"packing \"a\" of \"a\" : f32[4,4]{csr", "1:30", "expected '}'"},
        {"dim n packing \"a\" of \"a\" : f32[n,4]{csr}", "1:36", "constant extents"},
        {"packing \"a\" of \"a\" : f32[4] packing \"a\" of \"a\" : f32[4]", "1:37", "two packings"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f = fixture_new();
        char place[32];
        snprintf(place, sizeof place, "test:%s: error:", cases[i].place);
        if (fixture_parse(&f, cases[i].text) != SPC_E_PROGRAM) fail_msg("no error for: %s", cases[i].text);
        assert_int_equal(ir_error_count(f.module->diags), 1);
        assert_contains(fixture_messages(&f), place);
        assert_contains(fixture_messages(&f), cases[i].message);
        fixture_free(&f);
    }
}

static void test_nesting_is_bounded(void **state)
{
    (void)state;
    fixture f = fixture_new();
    ir_text text;
    ir_text_init(&text, f.arena);
    ir_text_add(&text, "kernel @f {");
    for (int i = 0; i < 100000; i++) ir_text_add(&text, "%%%d = for 0, 1, 1 {", i);
    assert_int_equal(fixture_parse(&f, text.data), SPC_E_PROGRAM);
    assert_contains(fixture_messages(&f), "nested deeper");
    fixture_free(&f);
}

/* Damages the text of all ops: the parser must answer, and what it accepts the verifier must survive. */
static void test_damaged_texts(void **state)
{
    (void)state;
    size_t len;
    char *good = all_ops(&len), *bad = malloc(len + 1);
    uint64_t seed = 5;
    int accepted = 0;
    for (int i = 0; i < 1500; i++) {
        memcpy(bad, good, len + 1);
        for (int j = 0; j < 1 + i % 3; j++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            size_t at = (seed >> 33) % len, from = (seed >> 13) % len;
            if (i % 2) bad[at] = good[from];
            else bad[at] = (char)(seed >> 56);
        }
        fixture f = fixture_new();
        ir_source source = {"damaged", bad, len};
        spc_status status = ir_parse(f.module, &source);
        assert_true((status != SPC_OK) == (ir_error_count(f.module->diags) > 0));
        if (status == SPC_OK && ir_verify(f.module, "parse") == SPC_OK) {
            const char *once = ir_print_module(f.module, f.arena);
            assert_int_equal(fixture_parse(&f, once), SPC_OK);
            assert_string_equal(ir_print_module(f.module, f.arena), once);
            accepted++;
        }
        fixture_free(&f);
    }
    assert_true(accepted > 20);
    free(good);
    free(bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_op_round_trips), cmocka_unit_test(test_locale), cmocka_unit_test(test_other_spellings),
        cmocka_unit_test(test_strings), cmocka_unit_test(test_errors), cmocka_unit_test(test_nesting_is_bounded),
        cmocka_unit_test(test_damaged_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
