/* Patterns: their text, contracts on dense and CSR matrices alike, the warning, and facts. */
#include "runtime/pattern.h"
#include "tests/unit/rt_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static rt_pattern parse(const char *text)
{
    rt_pattern p;
    rt_error error = {0};
    if (!rt_pattern_parse(text, &p, &error))
        fail_msg("%s", error.text);
    return p;
}

static void test_text(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"dense", "dense"}, {" unstructured ", "unstructured"}, {"2:4", "2:4"}, {"2 : 4", "2:4"},
        {"block(8,4)", "block(8, 4)"}, {"rows", "rows"}, {"columns", "columns"}, {"band(-1, 1)", "band(-1, 1)"},
        {"block( 16 , 1 )&columns", "block(16, 1) & columns"}, {"unstructured(density=0.1)", "unstructured(density=0.1)"},
        {"unstructured(density=1e-3) & rows", "unstructured(density=0.001) & rows"},
        {"block(8, 4, density=0.25)", "block(8, 4, density=0.25)"}, {"rows(density=0.5)", "rows(density=0.5)"},
        {"unstructured(density=0.30000000000000004)", "unstructured(density=0.30000000000000004)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[200];
        rt_pattern p = parse(cases[i][0]);
        rt_pattern_print(&p, text, sizeof text);
        assert_string_equal(text, cases[i][1]);
    }
    rt_pattern p = parse("block(8, 4) & columns");
    assert_int_equal(p.count, 2);
    assert_int_equal(p.part[0].kind, RT_BLOCK);
    assert_int_equal(p.part[0].a, 8);
    assert_int_equal(p.part[0].b, 4);
    char cut[8];
    rt_pattern_print(&p, cut, sizeof cut);
    assert_string_equal(cut, "block(8");
}

static void test_bad_text(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "sparse", "densely", "0:4", "4:4", "-1:4", "2:", "2", "block", "block(8)",
                                      "block(0, 4)", "block(8, 4", "band(1, -1)", "rows &", "& rows", "rows rows", "rows()",
                                      "unstructured(density=0)", "unstructured(density=1.5)", "unstructured(density=)",
                                      "unstructured(0.5)", "99999999999999999999:4", "block(8, 4,)",
                                      "rows & rows & rows & rows & rows & rows & rows & rows & rows"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rt_pattern p;
        rt_error error = {0};
        if (rt_pattern_parse(bad[i], &p, &error))
            fail_msg("'%s' was taken", bad[i]);
        assert_int_equal(error.status, SPC_E_PROGRAM);
        assert_non_null(strstr(error.text, bad[i]));
    }
}

typedef struct csr {
    int64_t row_start[65], col[64 * 64];
    float values[64 * 64];
} csr;

static rt_matrix as_csr(const float *dense, int64_t rows, int64_t cols, csr *out)
{
    int64_t nnz = 0;
    out->row_start[0] = 0;
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t col = 0; col < cols; col++)
            if (dense[row * cols + col] != 0 || (row + col) % 5 == 0) {
                out->col[nnz] = col;
                out->values[nnz++] = dense[row * cols + col];
            }
        out->row_start[row + 1] = nnz;
    }
    return (rt_matrix){.dtype = SPC_F32, .rows = rows, .cols = cols, .row_start = out->row_start, .col = out->col,
                       .values = out->values, .nnz = nnz};
}

/* Checks the dense matrix and its CSR form, which must agree. */
static rt_violation check(const char *text, int64_t width, const float *dense, int64_t rows, int64_t cols)
{
    static const size_t parts = sizeof(csr);
    csr *sparse = malloc(parts);
    rt_pattern p = parse(text);
    p.width = width;
    rt_matrix m = {.dtype = SPC_F32, .rows = rows, .cols = cols, .dense = dense};
    rt_matrix s = as_csr(dense, rows, cols, sparse);
    rt_violation a, b;
    rt_pattern_check(&p, &m, &a);
    rt_pattern_check(&p, &s, &b);
    assert_int_equal(a.surplus, b.surplus);
    assert_int_equal(a.row, b.row);
    assert_int_equal(a.col, b.col);
    assert_true(a.value == b.value || (a.value != a.value && b.value != b.value));
    assert_int_equal(a.scattered, b.scattered);
    free(sparse);
    return a;
}

static void test_contracts(void **state)
{
    (void)state;
    const float nan = __builtin_nanf("");
    const float good[16] = {1, 0, 2, 0, 0, 0, -0.0f, 3, 0, 4, 5, 0, 0, 0, 0, 0};
    assert_int_equal(check("2:4", 0, good, 2, 8).surplus, 0);
    assert_int_equal(check("dense", 0, good, 2, 8).surplus, 0);
    const float bad[16] = {1, 0, 2, 0, 0, 0, 0, 0, 7, 8, 0, 9, 1, nan, 2, 3};
    rt_violation v = check("2:4", 0, bad, 2, 8);
    assert_int_equal(v.surplus, 3);
    assert_int_equal(v.row, 1);
    assert_int_equal(v.col, 3);
    assert_true(v.value == 9);
    v = check("unstructured & 1:4", 0, bad, 2, 8);
    assert_int_equal(v.surplus, 6);
    assert_int_equal(v.part, 1);
    const float nans[4] = {nan, nan, 0, nan};
    v = check("2:4", 0, nans, 1, 4);
    assert_int_equal(v.surplus, 1);
    assert_int_equal(v.col, 3);
    assert_true(v.value != v.value);
    const float banded[9] = {1, 1, 0, 1, 1, 1, 5, 1, 1};
    v = check("band(-1, 1)", 0, banded, 3, 3);
    assert_int_equal(v.surplus, 1);
    assert_int_equal(v.row, 2);
    assert_int_equal(v.col, 0);
    assert_int_equal(check("band(-2, 1)", 0, banded, 3, 3).surplus, 0);
    const float taps[8] = {1, 0, 1, 0, 0, 1, 0, 1}; /* the diagonal at each of two kernel positions */
    assert_int_equal(check("band(0, 0)", 2, taps, 2, 4).surplus, 0);
    assert_int_equal(check("band(0, 0)", 0, taps, 2, 4).surplus, 2);
}

static void test_surplus_is_counted_once(void **state)
{
    (void)state;
    uint64_t seed = 9;
    for (int round = 0; round < 50; round++) {
        float dense[16 * 32];
        int64_t surplus = 0, first = -1;
        for (int i = 0; i < 16 * 32; i++)
            dense[i] = rt_random(&seed) % 2 ? (float)i + 1 : 0;
        for (int row = 0; row < 16; row++)
            for (int group = 0; group < 8; group++)
                for (int col = group * 4, held = 0; col < group * 4 + 4; col++) {
                    bool set = dense[row * 32 + col] != 0, off = col - row < -5 || col - row > 9;
                    held += set;
                    if (set && (held > 2 || off)) {
                        surplus++;
                        first = first < 0 ? row * 32 + col : first;
                    }
                }
        rt_violation v = check("2:4 & band(-5, 9)", 0, dense, 16, 32);
        assert_int_equal(v.surplus, surplus);
        assert_int_equal(v.row * 32 + v.col, first);
    }
}

static void test_scattered(void **state)
{
    (void)state;
    float m[64] = {0};
    for (int i = 0; i < 64; i++)
        m[i] = i / 8 < 4 ? 1 : 0; /* the lower half is zero */
    assert_false(check("block(4, 4)", 0, m, 8, 8).scattered);
    assert_false(check("rows", 0, m, 8, 8).scattered);
    assert_true(check("columns", 0, m, 8, 8).scattered);
    assert_false(check("unstructured", 0, m, 8, 8).scattered);
    for (int i = 0; i < 64; i++)
        m[i] = (i / 8 + i) % 2 ? 1 : 0; /* a chess board */
    assert_true(check("block(2, 2)", 0, m, 8, 8).scattered);
    assert_false(check("block(1, 1)", 0, m, 8, 8).scattered);
    for (int i = 0; i < 64; i++)
        m[i] = i % 8 < 2 ? 0 : 1;
    assert_false(check("block(8, 4) & columns", 0, m, 8, 8).scattered);
    assert_true(check("block(8, 4)", 0, m, 8, 8).scattered);
    for (int i = 0; i < 64; i++)
        m[i] = i % 4 < 2 ? 0 : 1; /* channels 0 and 1 of 4, at two kernel positions */
    assert_false(check("columns", 4, m, 8, 8).scattered);
}

static void test_facts(void **state)
{
    (void)state;
    const float dense[4 * 6] = {1, 2, 0, 0, 0, 0, 3, 4, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0};
    rt_matrix m = {.dtype = SPC_F32, .rows = 4, .cols = 6, .dense = dense};
    rt_pattern p = parse("block(2, 2)");
    rt_facts f;
    assert_int_equal(rt_matrix_facts(&m, &p, &f, NULL), SPC_OK);
    assert_int_equal(f.nnz, 6);
    assert_true(f.density == 0.25);
    assert_int_equal(f.row_min, 0);
    assert_int_equal(f.row_max, 3);
    assert_int_equal(f.empty_rows, 1);
    assert_int_equal(f.empty_cols, 3);
    assert_true(f.row_mean == 1.5);
    assert_true(f.row_cv > 0.745 && f.row_cv < 0.7455); /* sqrt(5) / 3 */
    assert_int_equal(f.blocks, 3);
    assert_true(f.block_fill == 0.5);
    csr *sparse = malloc(sizeof *sparse);
    rt_matrix s = as_csr(dense, 4, 6, sparse);
    rt_facts g;
    assert_int_equal(rt_matrix_facts(&s, &p, &g, NULL), SPC_OK);
    assert_memory_equal(&f, &g, sizeof f);
    free(sparse);
    rt_matrix empty = {.dtype = SPC_F32, .rows = 0, .cols = 0, .dense = dense};
    assert_int_equal(rt_matrix_facts(&empty, NULL, &f, NULL), SPC_OK);
    assert_true(f.density == 0 && f.row_min == 0 && f.row_cv == 0);
    const float twins[4 * 3] = {1, 2, 0, 0, 0, 0, 3, 4, 0, 0, 0, 5}; /* rows 0 and 2, columns 0 and 1 */
    rt_matrix t = {.dtype = SPC_F32, .rows = 4, .cols = 3, .dense = twins};
    assert_int_equal(rt_matrix_facts(&t, NULL, &f, NULL), SPC_OK);
    assert_true(f.row_alike == 1.5 && f.col_alike == 1.5);
    assert_true(g.row_alike == 1 && g.col_alike == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text), cmocka_unit_test(test_bad_text), cmocka_unit_test(test_contracts),
        cmocka_unit_test(test_surplus_is_counted_once), cmocka_unit_test(test_scattered), cmocka_unit_test(test_facts)};
    return cmocka_run_group_tests_name("rt_pattern", tests, NULL, NULL);
}
