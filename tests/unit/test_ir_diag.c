/* Diagnostics: places, carets under tabs and UTF-8, long lines, limits. */
#include "ir_text.h"

static ir_source source_of(const char *text) { return (ir_source){"f.sdl", text, strlen(text)}; }

static void test_formats(void **state)
{
    (void)state;
    ir_arena *arena = ir_arena_new(0);
    ir_diags *d = ir_diags_new(arena);
    ir_source s = source_of("dim n;\n\tfoo = b\xc3\xa4r(x, y);\r\nlast");
    ir_report(d, IR_ERROR, (ir_loc){&s, 2, 8, 4}, "unknown '%s'", "b\xc3\xa4r");
    ir_report(d, IR_NOTE, (ir_loc){&s, 2, 13, 1}, "here");
    ir_report(d, IR_WARNING, (ir_loc){&s, 3, 5, 1}, "at the end");
    ir_report_data(d, IR_ERROR, "w.st: fc1[0, 3]", "surplus\nelement");
    ir_report(d, IR_ERROR, (ir_loc){0}, "no place");
    assert_string_equal(ir_diags_text(d), "f.sdl:2:8: error: unknown 'b\xc3\xa4r'\n"
                                          "\tfoo = b\xc3\xa4r(x, y);\n"
                                          "\t      ^~~\n"
                                          "f.sdl:2:13: note: here\n"
                                          "\tfoo = b\xc3\xa4r(x, y);\n"
                                          "\t          ^\n"
                                          "f.sdl:3:5: warning: at the end\n"
                                          "last\n"
                                          "    ^\n"
                                          "w.st: fc1[0, 3]: error: surplus?element\n"
                                          "error: no place\n");
    assert_int_equal(ir_error_count(d), 3);
    ir_arena_free(arena);
}

static void test_long_line(void **state)
{
    (void)state;
    ir_arena *arena = ir_arena_new(0);
    ir_diags *d = ir_diags_new(arena);
    char line[10001];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = 0;
    line[5000] = '!';
    ir_source s = source_of(line);
    ir_report(d, IR_ERROR, (ir_loc){&s, 1, 5001, 9000}, "long");
    const char *text = ir_diags_text(d);
    assert_true(strlen(text) < 400);
    const char *shown = strchr(text, '\n') + 1, *caret = strchr(shown, '\n') + 1;
    assert_memory_equal(shown, "...", 3);
    assert_int_equal(shown[strchr(caret, '^') - caret], '!');
    ir_arena_free(arena);
}

static void test_limits(void **state)
{
    (void)state;
    ir_arena *arena = ir_arena_new(0);
    ir_diags *d = ir_diags_new(arena);
    ir_source s = source_of("x");
    assert_string_equal(ir_diags_text(d), "");
    for (int i = 0; i < IR_MAX_ERRORS + 3; i++) {
        ir_report(d, IR_ERROR, (ir_loc){&s, 1, 1, 1}, "number %d", i);
        ir_report(d, IR_NOTE, (ir_loc){0}, "note %d", i);
    }
    assert_int_equal(ir_error_count(d), IR_MAX_ERRORS + 3);
    const char *text = ir_diags_text(d);
    assert_contains(text, "number 19");
    assert_contains(text, "note 19");
    assert_null(strstr(text, "number 20"));
    assert_null(strstr(text, "note 20"));
    assert_contains(text, "3 more errors are not shown");
    ir_arena_free(arena);
}

/* Places that no source has must not be read. */
static void test_wild_places(void **state)
{
    (void)state;
    ir_arena *arena = ir_arena_new(0);
    ir_diags *d = ir_diags_new(arena);
    ir_source s = source_of("a\nb"), empty = source_of("");
    const ir_loc places[] = {{&s, 9, 1, 1}, {&s, 1, 99, 5}, {&s, 0, 0, 0}, {&s, -1, -1, -1}, {&empty, 1, 1, 1}, {&s, 2, 2, 1}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) ir_report(d, IR_ERROR, places[i], "x");
    assert_contains(ir_diags_text(d), "f.sdl:9:1: error: x\n");
    ir_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats), cmocka_unit_test(test_long_line), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_wild_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
