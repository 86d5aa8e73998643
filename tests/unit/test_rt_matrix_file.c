/* Matrix Market and DLMC files: what they mean, what is refused and where, what a seed gives. */
#include "runtime/weights.h"
#include "tests/unit/rt_files.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static rt_declaration declare(spc_dtype dtype, int rank, int64_t a, int64_t b)
{
    return (rt_declaration){.name = "w", .tensor = "w", .dtype = dtype, .rank = rank, .dims = {a, b}};
}

static rt_weights *open_text(const char *file, const char *text, spc_status wanted, const char *message)
{
    rt_weights *w = rt_weights_new();
    rt_error error = {0};
    char spec[64];
    save(file, text, strlen(text));
    snprintf(spec, sizeof spec, "w=%s", file);
    assert_int_equal(rt_weights_add_file(w, spec, &error), wanted);
    if (message && !strstr(error.text, message))
        fail_msg("%s: %s", text, error.text);
    return w;
}

static rt_weights *open_mtx(const char *text) { return open_text("m.mtx", text, SPC_OK, NULL); }

static rt_matrix must_find(rt_weights *w, rt_declaration d)
{
    rt_matrix m = {0};
    bool found = false;
    rt_error error = {0};
    if (rt_weights_find(w, &d, &m, &found, &error) != SPC_OK || !found)
        fail_msg("%s", error.text);
    return m;
}

static void refuse_find(rt_weights *w, rt_declaration d, const char *message)
{
    rt_matrix m;
    bool found;
    rt_error error = {0};
    assert_int_equal(rt_weights_find(w, &d, &m, &found, &error), SPC_E_PROGRAM);
    if (!strstr(error.text, message))
        fail_msg("%s", error.text);
}

/* The matrix as dense values. */
static void expect(const rt_matrix *m, const double *wanted)
{
    for (int64_t row = 0; row < m->rows; row++)
        for (int64_t col = 0; col < m->cols; col++) {
            double value = m->dense ? rt_value_get(m->dtype, m->dense, row * m->cols + col) : 0;
            for (int64_t i = m->dense ? 0 : m->row_start[row]; !m->dense && i < m->row_start[row + 1]; i++)
                if (m->col[i] == col)
                    value = rt_value_get(m->dtype, m->values, i);
            if (value != wanted[row * m->cols + col])
                fail_msg("[%lld, %lld] is %g", (long long)row, (long long)col, value);
        }
}

static void test_coordinates(void **state)
{
    (void)state;
    rt_weights *w = open_mtx("%%MatrixMarket MATRIX Coordinate real general\n% a comment\n\n3 4 4\r\n"
                             "3 1 -2.5e0\n1 4 1\n% among the entries\n\n1 2 +.5\n  3\t4  0\n");
    rt_matrix m = must_find(w, declare(SPC_F32, 2, 3, 4));
    assert_int_equal(m.nnz, 4); /* an explicit zero counts */
    expect(&m, (const double[]){0, .5, 0, 1, 0, 0, 0, 0, -2.5, 0, 0, 0});
    m = must_find(w, declare(SPC_F16, 2, 3, 4));
    assert_int_equal(((const uint16_t *)m.values)[2], 0xc100);
    refuse_find(w, declare(SPC_F32, 2, 4, 3), "m.mtx: w: error: it is real[3, 4], but weight 'w' is declared f32[4, 3]");
    refuse_find(w, declare(SPC_I8, 2, 3, 4), "it is real[3, 4], but weight 'w' is declared i8[3, 4]");
    rt_weights_free(w);
    w = open_mtx("%%MatrixMarket matrix coordinate integer general\n2 2 2\n1 1 -8\n2 2 7");
    const double whole[] = {-8, 0, 0, 7};
    static const spc_dtype dtypes[] = {SPC_F32, SPC_F64, SPC_BF16, SPC_I8, SPC_I4, SPC_I32};
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        m = must_find(w, declare(dtypes[i], 2, 2, 2));
        expect(&m, whole);
    }
    refuse_find(w, declare(SPC_U8, 2, 2, 2), "m.mtx: w[0, 0]: error: -8 is no u8");
    refuse_find(w, declare(SPC_BOOL, 2, 2, 2), "w[0, 0]: error: -8 is no bool");
    rt_weights_free(w);
    w = open_mtx("%%MatrixMarket matrix coordinate pattern general\n1 3 1\n1 2\n");
    const double one[] = {0, 1, 0};
    m = must_find(w, declare(SPC_F32, 1, 3, 0)); /* a vector is one row, as among CSR parts */
    expect(&m, one);
    m = must_find(w, declare(SPC_BOOL, 2, 1, 3));
    expect(&m, one);
    rt_weights_free(w);
}

static void test_symmetry_and_arrays(void **state)
{
    (void)state;
    rt_weights *w = open_mtx("%%MatrixMarket matrix coordinate real symmetric\n3 3 3\n1 1 4\n3 1 2\n3 2 -1\n");
    rt_matrix m = must_find(w, declare(SPC_F32, 2, 3, 3));
    expect(&m, (const double[]){4, 0, 2, 0, 0, -1, 2, -1, 0});
    rt_weights_free(w);
    w = open_mtx("%%MatrixMarket matrix coordinate integer skew-symmetric\n2 2 1\n2 1 3\n");
    m = must_find(w, declare(SPC_I32, 2, 2, 2));
    expect(&m, (const double[]){0, -3, 3, 0});
    rt_weights_free(w);
    w = open_mtx("%%MatrixMarket matrix coordinate pattern symmetric\n2 2 1\n2 1\n");
    m = must_find(w, declare(SPC_F32, 2, 2, 2));
    expect(&m, (const double[]){0, 1, 1, 0});
    rt_weights_free(w);
    w = open_mtx("%%MatrixMarket matrix array real general\n2 3\n1\n2\n3\n4\n5\n6\n"); /* by columns */
    m = must_find(w, declare(SPC_F32, 2, 2, 3));
    assert_non_null(m.dense);
    expect(&m, (const double[]){1, 3, 5, 2, 4, 6});
    rt_weights_free(w);
    w = open_mtx("%%MatrixMarket matrix array real symmetric\n2 2\n1\n2\n3\n");
    m = must_find(w, declare(SPC_F32, 2, 2, 2));
    expect(&m, (const double[]){1, 2, 2, 3});
    rt_weights_free(w);
    w = open_mtx("%%MatrixMarket matrix array real skew-symmetric\n3 3\n1\n2\n3\n");
    m = must_find(w, declare(SPC_F32, 2, 3, 3));
    expect(&m, (const double[]){0, -1, -2, 1, 0, -3, 2, 3, 0});
    rt_weights_free(w);
    w = open_mtx("%%MatrixMarket matrix array integer general\n0 5\n");
    m = must_find(w, declare(SPC_F32, 2, 0, 5));
    assert_int_equal(m.rows, 0);
    rt_weights_free(w);
}

#define MTX "%%MatrixMarket matrix "

static void test_malformed_mtx(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", "m.mtx:1:1: error: a Matrix Market file begins with"},
        {"1 1 1\n", "m.mtx:1:1: error: a Matrix Market file begins with '%%MatrixMarket matrix'"},
        {"%%MatrixMarket vector coordinate real general\n", "m.mtx:1:1: error"},
        {MTX "sparse real general\n", "m.mtx:1:23: error: 'sparse' is not known here; it is coordinate or array"},
        {MTX "coordinate complex general\n", "m.mtx:1:34: error: complex matrices cannot be weights"},
        {MTX "coordinate real hermitian\n", "hermitian"},
        {MTX "coordinate real\n", "general, symmetric or skew-symmetric"},
        {MTX "array pattern general\n", "a pattern has neither"},
        {MTX "coordinate pattern skew-symmetric\n", "a pattern has neither"},
        {MTX "coordinate real general more\n", "'more' is one word too many"},
        {MTX "coordinate real general\n", "the file ends before the size"},
        {MTX "coordinate real general\n2 2\n", "m.mtx:2:4: error: the line ends where the number of entries is expected"},
        {MTX "coordinate real general\n2 x 1\n", "m.mtx:2:3: error: 'x' is no whole number for the number of columns"},
        {MTX "coordinate real general\n-2 2 1\n", "the number of rows is -2, outside 0 to"},
        {MTX "coordinate real general\n2 2 99999999999999999999\n", "no whole number"},
        {MTX "coordinate real general\n2 2 9000000000000000000\n1 1 1\n", "m.mtx:2:1: error: the file is too short"},
        {MTX "array real general\n4000000000 4000000000\n1\n", "m.mtx:2:1: error: the file is too short"},
        {MTX "array real general\n3000000 3000000\n1\n", "m.mtx:2:1: error: the file is too short"},
        {MTX "coordinate real symmetric\n2 3 1\n1 1 1\n", "a symmetric matrix is square, not 2 x 3"},
        {MTX "coordinate real general\n2 2 2\n1 1 1\n\n%\n%\n", "the file ends after 1 of 2 entries"},
        {MTX "coordinate real general\n2 2 1\n1 1 1\n2 2 1\n", "m.mtx:4:1: error: the file has more than the 1 entries"},
        {MTX "coordinate real general\n2 2 1\n0 1 1\n", "m.mtx:3:1: error: the row is 0, outside 1 to 2"},
        {MTX "coordinate real general\n2 2 1\n1 3 1\n", "m.mtx:3:3: error: the column is 3, outside 1 to 2"},
        {MTX "coordinate real general\n2 2 1\n1 1\n   ", "m.mtx:3:4: error: the line ends where a value is expected"},
        {MTX "coordinate real general\n2 2 1\n1 1 0x1\n", "'0x1' is not a number"},
        {MTX "coordinate real general\n2 2 1\n1 1 1,5\n", "'1,5' is not a number"},
        {MTX "coordinate real general\n2 2 1\n1 1 1e999\n", "1e999 is too large"},
        {MTX "coordinate real general\n2 2 1\n1 1 nan(7)\n", "'nan(7)' is not a number"},
        {MTX "coordinate real general\n2 2 1\n1 1 1 1\n", "m.mtx:3:7: error: '1' is one word too many on this line"},
        {MTX "coordinate integer general\n2 2 1\n1 1 1.5\n", "'1.5' is no whole number for the value"},
        {MTX "coordinate real general\n2 2 3\n2 1 1\n1 1 1\n2 1 5\n", "m.mtx:5:1: error: row 2, column 1 is given again, after line 3"},
        {MTX "coordinate real symmetric\n2 2 1\n1 2 1\n", "m.mtx:3:1: error: a symmetric file holds the lower triangle"},
        {MTX "coordinate real skew-symmetric\n2 2 1\n2 2 1\n", "no entries on the diagonal"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        rt_weights_free(open_text("m.mtx", bad[i].text, SPC_E_PROGRAM, bad[i].message));
    char text[400] = MTX "coordinate real general\n1 1 1\n1 1 ";
    memset(text + strlen(text), '1', 200);
    rt_weights_free(open_text("m.mtx", text, SPC_E_PROGRAM, "is not a number"));
    rt_weights *w = rt_weights_new();
    rt_error error;
    assert_int_equal(rt_weights_add_file(w, "m.mtx", &error), SPC_E_ARG); /* no name */
    assert_int_equal(rt_weights_add_file(w, "w=none.mtx", &error), SPC_E_IO);
    rt_weights_free(w);
}

static void test_infinities_in_any_locale(void **state)
{
    (void)state;
    setlocale(LC_NUMERIC, "de_DE.UTF-8"); /* where there is one, a comma is its decimal point */
    rt_weights *w = open_mtx(MTX "coordinate real general\n1 3 3\n1 1 -inf\n1 2 NaN\n1 3 1.5\n");
    const float *values = must_find(w, declare(SPC_F32, 2, 1, 3)).values;
    assert_true(isinf(values[0]) && values[0] < 0 && isnan(values[1]) && values[2] == 1.5f);
    rt_weights_free(w);
    setlocale(LC_NUMERIC, "C");
}

static void test_smtx(void **state)
{
    (void)state;
    rt_weights *w = open_text("m.smtx", "3, 4, 3\n0 2 2 3 \n1 3 0\n", SPC_OK, NULL);
    rt_matrix m = must_find(w, declare(SPC_F32, 2, 3, 4));
    expect(&m, (const double[]){0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0});
    refuse_find(w, declare(SPC_F32, 2, 4, 4), "m.smtx: w: error: it is pattern[3, 4], but weight 'w' is declared f32[4, 4]");
    rt_weights_free(w);
    w = open_text("m.smtx", "2 3 0\r\n0,0,0\r\n", SPC_OK, NULL);
    assert_int_equal(must_find(w, declare(SPC_I8, 2, 2, 3)).nnz, 0);
    rt_weights_free(w);
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", "m.smtx:1:1: error: the file is empty"},
        {"1, 2\n", "the line ends where the number of non-zeros is expected"},
        {"1, 2, 3, 4\n", "one word too many"},
        {"1,, 2, 3\n", "',' is no whole number for the number of columns"},
        {"1000000000000000, 2, 0\n0\n\n", "the file is too short"},
        {"1, 2, 1000000000000000\n0 1\n0\n", "the file is too short"},
        {"1, 2, 1\n", "the file"},
        {"2, 2, 2\n1 1 2\n0 1\n", "m.smtx:2:1: error: the start of row 0 is 1, outside 0 to 0"},
        {"2, 2, 2\n0 2 1\n0 1\n", "m.smtx:2:5: error: the end of a row is 1, outside 2 to 2"},
        {"2, 2, 2\n0 1 3\n0 1\n", "m.smtx:2:5: error: the end of a row is 3, outside 1 to 2"},
        {"2, 2, 2\n0 1 1\n0 1\n", "the rows end at 1, but there are 2 non-zeros"},
        {"2, 2, 2\n0 1\n0 1\n", "m.smtx:2:4: error: the line ends where the end of a row is expected"},
        {"2, 2, 2\n0 1 2 2\n0 1\n", "one word too many"},
        {"1, 2, 2\n0 2\n0 2\n", "m.smtx:3:3: error: the column is 2, outside 0 to 1"},
        {"1, 2, 2\n0 2\n1 1\n", "column 1 does not ascend after 1 in row 0"},
        {"1, 2, 2\n0 2\n0\n1\n", "m.smtx:3:2: error: the line ends where the column is expected"},
        {"1, 2, 2\n0 2\n0 1 1\n", "one word too many"},
        {"1, 2, 2\n0 2\n0 1\n\n7\n", "m.smtx:5:1: error: the file goes on after the columns"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        rt_weights_free(open_text("m.smtx", bad[i].text, SPC_E_PROGRAM, bad[i].message));
}

static void test_seed(void **state)
{
    (void)state;
    static const char text[] = "2, 4, 6\n0 3 6\n0 1 3 0 1 2\n";
    static const spc_dtype dtypes[] = {SPC_F32, SPC_F16, SPC_I8, SPC_U8, SPC_I4, SPC_BOOL};
    for (size_t d = 0; d < sizeof dtypes / sizeof *dtypes; d++) {
        double seen[3][6], other = 0;
        for (int i = 0; i < 3; i++) {
            rt_weights *w = open_text("m.smtx", text, SPC_OK, NULL);
            rt_weights_seed(w, i < 2 ? 7 : 8);
            rt_matrix m = must_find(w, declare(dtypes[d], 2, 2, 4));
            assert_int_equal(m.nnz, 6);
            for (int k = 0; k < 6; k++) {
                seen[i][k] = rt_value_get(m.dtype, m.values, k);
                assert_true(seen[i][k] != 0 && fabs(seen[i][k]) <= (rt_dtype_is_float(m.dtype) ? 1 : 7));
                other += i == 2 && seen[i][k] != seen[0][k];
            }
            rt_weights_free(w);
        }
        assert_memory_equal(seen[0], seen[1], sizeof seen[0]);
        if (dtypes[d] != SPC_BOOL)
            assert_true(other > 0);
    }
}

static void test_dlmc(void **state)
{
    (void)state;
    static const char path[] = SPC_DATA_DIR "/dlmc/rn50__magnitude_pruning__0.9__bottleneck_1_block_group3_1_1.smtx";
    if (access(path, R_OK) != 0) {
        print_message("skipped: no data sets in " SPC_DATA_DIR "\n");
        skip();
    }
    rt_weights *w = rt_weights_new();
    long long rows = 0, cols = 0, nnz = 0;
    FILE *file = fopen(path, "r");
    assert_true(file && fscanf(file, "%lld, %lld, %lld", &rows, &cols, &nnz) == 3);
    fclose(file);
    assert_int_equal(rt_weights_add_file(w, "w=" SPC_DATA_DIR "/dlmc/rn50__magnitude_pruning__0.9__bottleneck_1_block_group3_1_1.smtx", NULL), SPC_OK);
    rt_matrix m = must_find(w, declare(SPC_F32, 2, rows, cols));
    assert_int_equal(m.nnz, nnz);
    assert_int_equal(m.row_start[rows], nnz);
    rt_weights_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coordinates), cmocka_unit_test(test_symmetry_and_arrays), cmocka_unit_test(test_malformed_mtx),
        cmocka_unit_test(test_infinities_in_any_locale), cmocka_unit_test(test_smtx), cmocka_unit_test(test_seed),
        cmocka_unit_test(test_dlmc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
