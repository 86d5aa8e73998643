/* Extents as manifests spell them: values, what must be refused, and dims solved from extents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runtime/extent_eval.h"
#include "runtime/module.h"

static const char *const names[] = { "batch", "seq", "min", "threads" };
static const int64_t values[] = { 6, 64, 3, 2 };
enum { COUNT = 4 };

static void check_value(const char *text, int64_t wanted)
{
    int64_t got = -77;
    if (!rt_extent_eval(text, names, values, COUNT, &got))
        fail_msg("\"%s\" was refused", text);
    if (got != wanted)
        fail_msg("\"%s\" is %lld, expected %lld", text, (long long)got, (long long)wanted);
}

static void check_refused(const char *text)
{
    int64_t got;
    if (rt_extent_eval(text, names, values, COUNT, &got))
        fail_msg("\"%s\" was taken as %lld", text, (long long)got);
}

static void test_values(void **state)
{
    (void)state;
    check_value("7", 7);
    check_value("2*batch + 1", 13);
    check_value("seq/4", 16);
    check_value("seq/4*batch - 1", 95);
    check_value("(seq - 4)/batch", 10);
    check_value("ceil(batch, 4)", 2);
    check_value("ceil(-7, 2)", -3);
    check_value("ceil(-7, -2)", 4);
    check_value("min(batch, min)", 3);
    check_value("max(min(batch, 9), ceil(seq, 10))*threads", 14);
    check_value("-batch + seq", 58);
    check_value("2 - -3*-(batch)", -16);
    check_value(" ( seq )\t* 2 ", 128);
    check_value("seq/-8", -8);
    check_value("9223372036854775807", INT64_MAX);
    check_value("-9223372036854775807 - 1", INT64_MIN);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", " ", "+", "batch batch", "batch +", "*2", "unknown", "batchx", "2batch", "(batch", "batch)", "min(1)",
        "min(1, 2, 3)", "floor(1, 2)", "ceil(batch, 0)", "batch/0", "batch/4", "seq/batch", "9223372036854775808",
        "9223372036854775807 + 1", "9223372036854775807*2", "-9223372036854775807 - 2", "1.5", "batch%2", "0x10",
        "(-9223372036854775807 - 1)/-1", "ceil(-9223372036854775807 - 1, -1)", "batch,", "\"batch\"", "min(,)",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_refused(texts[i]);
}

static void check_nesting(int depth, bool wanted)
{
    char *text = calloc(2 * (size_t)depth + 2, 1);
    assert_non_null(text);
    memset(text, '(', (size_t)depth);
    text[depth] = '1';
    memset(text + depth + 1, ')', (size_t)depth);
    int64_t got;
    assert_int_equal(rt_extent_eval(text, names, values, COUNT, &got), wanted);
    assert_int_equal(rt_extent_well_formed(text, names, COUNT), wanted);
    free(text);
}

static void test_nesting(void **state)
{
    (void)state;
    check_nesting(50, true);
    check_nesting(100, false);
    check_nesting(1 << 20, false);
}

static void test_long_texts(void **state)
{
    (void)state;
    enum { TERMS = 100000 };
    char *text = malloc(2 * TERMS);
    assert_non_null(text);
    for (size_t i = 0; i < TERMS; i++)
        memcpy(text + 2 * i, "1+", 2);
    text[2 * TERMS - 1] = '\0';
    check_value(text, TERMS);
    memset(text, '-', TERMS);
    memcpy(text + TERMS, "1", 2);
    check_value(text, TERMS % 2 ? -1 : 1);
    free(text);
}

static void test_well_formed(void **state)
{
    (void)state;
    assert_true(rt_extent_well_formed("batch/4 + 1/0", names, COUNT));
    assert_true(rt_extent_well_formed("batch*seq*batch/ceil(seq, 0)", names, COUNT));
    assert_false(rt_extent_well_formed("batch/4 + other", names, COUNT));
    assert_false(rt_extent_well_formed("1/0 + ", names, COUNT));
    assert_false(rt_extent_well_formed("99999999999999999999", names, COUNT));
}

static rt_solution solve(const char *text, bool seq_known, int64_t want, size_t *dim, int64_t *value)
{
    const bool known[COUNT] = { false, seq_known, true, true };
    return rt_extent_solve(text, names, values, known, COUNT, want, dim, value);
}

static void check_solved(const char *text, int64_t want, int64_t batch)
{
    size_t dim;
    int64_t value;
    assert_int_equal(solve(text, true, want, &dim, &value), RT_SOLVED);
    assert_int_equal(dim, 0);
    assert_int_equal(value, batch);
}

static void test_solve(void **state)
{
    (void)state;
    check_solved("2*batch + 1", 13, 6);
    check_solved("batch/4", 5, 20);
    check_solved("(batch + 2)/4 - 1", 4, 18);
    check_solved("seq*batch - batch", 63, 1);
    check_solved("-batch + seq", 60, 4);
    check_solved("batch/-2", -3, 6);
    size_t dim;
    int64_t value;
    assert_int_equal(solve("2*batch + 1", true, 12, &dim, &value), RT_NO_SOLUTION);
    assert_int_equal(solve("seq/4", true, 16, &dim, &value), RT_ALL_KNOWN);
    assert_int_equal(solve("batch*batch", true, 16, &dim, &value), RT_NOT_SOLVABLE);
    assert_int_equal(solve("batch*seq", false, 16, &dim, &value), RT_NOT_SOLVABLE);
    assert_int_equal(solve("batch + seq", false, 16, &dim, &value), RT_NOT_SOLVABLE);
    assert_int_equal(solve("ceil(batch, 4)", true, 16, &dim, &value), RT_NOT_SOLVABLE);
    assert_int_equal(solve("batch - batch + 1", true, 1, &dim, &value), RT_NOT_SOLVABLE);
    assert_int_equal(solve("batch/2", true, INT64_MAX, &dim, &value), RT_NO_SOLUTION);
    assert_int_equal(solve("batch -", true, 1, &dim, &value), RT_NO_SOLUTION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),      cmocka_unit_test(test_refused),     cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_long_texts),  cmocka_unit_test(test_well_formed), cmocka_unit_test(test_solve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
