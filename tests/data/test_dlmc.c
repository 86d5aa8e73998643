/* Every matrix of the Deep Learning Matrix Collection in SPC_DATA_DIR, times activations of 0 to 128 columns, in both
 * orientations: each result lies within the forward error bound of a product in f64,
 * |y - Ax| <= (terms + 2) eps sum |a||x|, and results of no column touch nothing. */
#include "program.h"
#include <dirent.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct matrix {
    long rows, cols, nnz;
    long *start, *col;
    float *dense;
} matrix;

static const int64_t columns[] = {0, 1, 7, 8, 32, 128};

static void parse_matrix(const char *text, matrix *m)
{
    char *at = strdup(text), *next = at;
    for (char *c = at; *c; c++)
        if (*c == ',') *c = ' ';
    m->rows = strtol(next, &next, 10), m->cols = strtol(next, &next, 10), m->nnz = strtol(next, &next, 10);
    m->start = malloc((size_t)(m->rows + 1) * sizeof *m->start);
    m->col = malloc((size_t)m->nnz * sizeof *m->col + 1);
    m->dense = calloc((size_t)(m->rows * m->cols), sizeof *m->dense);
    for (long i = 0; i <= m->rows; i++) m->start[i] = strtol(next, &next, 10);
    for (long i = 0; i < m->nnz; i++) m->col[i] = strtol(next, &next, 10);
    free(at);
    assert_int_equal(m->start[m->rows], m->nnz);
    for (long r = 0; r < m->rows; r++)
        for (long p = m->start[r]; p < m->start[r + 1]; p++) {
            const uint32_t place = (uint32_t)(r * m->cols + m->col[p]);
            m->dense[r * m->cols + m->col[p]] = (float)((place * 2654435761u) >> 8) / 16777216.0f - 0.5f;
        }
}

static float activation(int64_t i)
{
    return (float)((uint32_t)i * 2246822519u >> 8) / 8388608.0f - 1.0f;
}

/* x is [cols, n] and y [rows, n]; inside: x is [n, cols] and y [n, rows]. */
static void assert_close(const matrix *m, const float *x, const float *y, int64_t n, bool inside)
{
    for (long r = 0; r < m->rows; r++)
        for (int64_t c = 0; c < n; c++) {
            double sum = 0, size = 0;
            for (long p = m->start[r]; p < m->start[r + 1]; p++) {
                const long k = m->col[p];
                const double term = (double)m->dense[r * m->cols + k] * x[inside ? c * m->cols + k : k * n + c];
                sum += term;
                size += fabs(term);
            }
            const double got = y[inside ? c * m->rows + r : r * n + c];
            const double bound = (double)(m->start[r + 1] - m->start[r] + 2) * FLT_EPSILON * size;
            if (!(fabs(got - sum) <= bound))
                fail_msg("row %ld, column %lld of %lld: %.9g is not %.9g within %.3g", r, (long long)c, (long long)n, got, sum, bound);
        }
}

static void run_columns(spc_module *module, const matrix *m, int64_t n, bool inside)
{
    float *x = malloc((size_t)(m->cols * n) * sizeof *x + 1), *y = malloc((size_t)(m->rows * n + 1) * sizeof *y);
    for (int64_t i = 0; i < m->cols * n; i++) x[i] = activation(i);
    y[m->rows * n] = 12345;
    spc_tensor in = {x, SPC_F32, 2, {inside ? n : m->cols, inside ? m->cols : n}};
    spc_tensor out = {y, SPC_F32, 2, {inside ? n : m->rows, inside ? m->rows : n}};
    if (spc_run(module, inside ? "inside" : "outside", &in, 1, &out, 1, NULL)) fail_msg("%s", spc_module_error(module));
    assert_close(m, x, y, n, inside);
    assert_true(y[m->rows * n] == 12345);
    free(x);
    free(y);
}

static void check_matrix(const char *path)
{
    char text[400];
    size_t size;
    matrix m;
    spc_session *s;
    spc_module *module;
    char *file = program_read(path, &size);
    assert_non_null(file);
    parse_matrix(file, &m);
    snprintf(text, sizeof text,
             "dim n; weight w: f32[%ld, %ld] sparse unstructured;"
             "layer outside(x: f32[%ld, n]) -> y: f32[%ld, n] { y = matmul(w, x); }"
             "layer inside(x: f32[n, %ld]) -> y: f32[n, %ld] { y = linear(x, w); }",
             m.rows, m.cols, m.cols, m.rows, m.cols, m.rows);
    assert_int_equal(spc_session_new(&s), SPC_OK);
    spc_tensor w = {m.dense, SPC_F32, 2, {m.rows, m.cols}};
    if (spc_load(s, "dlmc", text, strlen(text)) || spc_bind(s, "w", &w) || spc_jit(s, &module))
        fail_msg("%s: %s", path, spc_messages(s));
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        run_columns(module, &m, columns[i], false);
        run_columns(module, &m, columns[i], true);
    }
    spc_module_free(module);
    spc_session_free(s);
    free(m.start), free(m.col), free(m.dense), free(file);
}

static void test_matrices(void **state)
{
    char path[1024];
    int seen = 0;
    DIR *folder = opendir(SPC_DATA_DIR "/dlmc");
    (void)state;
    if (!folder) {
        print_message("skipped: no matrices in " SPC_DATA_DIR "/dlmc\n");
        skip();
    }
    for (struct dirent *e; (e = readdir(folder));) {
        const size_t length = strlen(e->d_name);
        if (length < 5 || strcmp(e->d_name + length - 5, ".smtx") != 0) continue;
        snprintf(path, sizeof path, "%s/dlmc/%s", SPC_DATA_DIR, e->d_name);
        check_matrix(path);
        seen++;
    }
    closedir(folder);
    assert_int_equal(seen, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_matrices)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
