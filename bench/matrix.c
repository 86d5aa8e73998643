/* matrix: see matrix.h. */
#include "matrix.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SIDE = 1 << 20 };

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static float value_at(int64_t row, int64_t col, int64_t cols)
{
    const uint32_t hash = (uint32_t)((uint64_t)(row * cols + col) * 2654435761u);
    return (float)((double)(hash >> 8) / 16777216.0 - 0.5);
}

static bool allocate(bench_matrix *m)
{
    m->start = calloc((size_t)m->rows + 1, sizeof *m->start);
    m->col = calloc((size_t)m->nnz + 1, sizeof *m->col);
    m->dense = calloc((size_t)(m->rows * m->cols), sizeof *m->dense);
    return m->start && m->col && m->dense;
}

static bool read_numbers(FILE *file, int64_t *out, int64_t count, int64_t limit)
{
    for (int64_t i = 0; i < count; i++) {
        long long value;
        if (fscanf(file, "%lld", &value) != 1 || value < 0 || value > limit)
            return false;
        out[i] = value;
    }
    return true;
}

static bool fill(bench_matrix *m)
{
    if (m->start[0] != 0 || m->start[m->rows] != m->nnz)
        return false;
    for (int64_t r = 0; r < m->rows; r++) {
        if (m->start[r + 1] < m->start[r])
            return false;
        for (int64_t i = m->start[r]; i < m->start[r + 1]; i++)
            m->dense[r * m->cols + m->col[i]] = value_at(r, m->col[i], m->cols);
    }
    return true;
}

bool bench_matrix_read(const char *path, bench_matrix *m)
{
    memset(m, 0, sizeof *m);
    long long rows, cols, nnz;
    FILE *file = fopen(path, "r");
    bool good = file && fscanf(file, "%lld, %lld, %lld", &rows, &cols, &nnz) == 3 && rows > 0 && rows <= MAX_SIDE &&
                cols > 0 && cols <= MAX_SIDE && nnz >= 0 && nnz <= rows * cols;
    if (good) {
        m->rows = rows;
        m->cols = cols;
        m->nnz = nnz;
        good = allocate(m) && read_numbers(file, m->start, rows + 1, nnz) && read_numbers(file, m->col, nnz, cols - 1) &&
               fill(m);
    }
    if (file)
        fclose(file);
    if (!good) {
        fprintf(stderr, "%s: not a readable .smtx file\n", path);
        bench_matrix_free(m);
    }
    return good;
}

bool bench_matrix_of(int64_t rows, int64_t cols, const bool *mask, bench_matrix *m)
{
    *m = (bench_matrix){ .rows = rows, .cols = cols };
    for (int64_t i = 0; i < rows * cols; i++)
        m->nnz += mask[i];
    if (!allocate(m)) {
        bench_matrix_free(m);
        return false;
    }
    int64_t count = 0;
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; c < cols; c++)
            if (mask[r * cols + c])
                m->col[count++] = c;
        m->start[r + 1] = count;
    }
    return fill(m);
}

bool bench_matrix_random(int64_t rows, int64_t cols, double density, bench_matrix *m)
{
    uint64_t state = 1;
    bool *mask = calloc((size_t)(rows * cols), sizeof *mask);
    for (int64_t i = 0; mask && i < rows * cols; i++)
        mask[i] = (double)(next_random(&state) >> 11) * 0x1p-53 < density;
    const bool good = mask && bench_matrix_of(rows, cols, mask, m);
    free(mask);
    return good;
}

void bench_matrix_free(bench_matrix *m)
{
    free(m->start);
    free(m->col);
    free(m->dense);
    memset(m, 0, sizeof *m);
}

float *bench_random_floats(int64_t count, uint64_t seed)
{
    float *out = aligned_alloc(64, ((size_t)count * sizeof *out + 127) / 64 * 64);
    for (int64_t i = 0; out && i < count; i++)
        out[i] = (float)((double)(next_random(&seed) >> 40) * 0x1p-24 - 0.5);
    return out;
}

/* One row of the product: sums[j] and absolute sums[n + j]. */
static void multiply_row(const bench_matrix *m, int64_t row, const float *x, int64_t n, bool transposed, double *sums)
{
    memset(sums, 0, 2 * (size_t)n * sizeof *sums);
    for (int64_t i = m->start[row]; i < m->start[row + 1]; i++) {
        const double w = m->dense[row * m->cols + m->col[i]];
        for (int64_t j = 0; j < n; j++) {
            const double product = w * (transposed ? x[j * m->cols + m->col[i]] : x[m->col[i] * n + j]);
            sums[j] += product;
            sums[n + j] += fabs(product);
        }
    }
}

double bench_matrix_error(const bench_matrix *m, const float *x, const float *y, int64_t n, bool transposed)
{
    double worst = 0;
    double *sums = calloc(2 * (size_t)n, sizeof *sums);
    if (!sums)
        return INFINITY;
    for (int64_t row = 0; row < m->rows; row++) {
        multiply_row(m, row, x, n, transposed, sums);
        const double terms = (double)(m->start[row + 1] - m->start[row]) + 2;
        for (int64_t j = 0; j < n; j++) {
            const double error = fabs((transposed ? y[j * m->rows + row] : y[row * n + j]) - sums[j]);
            const double allowed = terms * FLT_EPSILON * sums[n + j] + FLT_MIN;
            if (!(error / allowed <= worst)) /* NaN too */
                worst = isnan(error) ? INFINITY : error / allowed;
        }
    }
    free(sums);
    return worst;
}
