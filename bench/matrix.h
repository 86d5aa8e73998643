/* matrix: sparse matrices to measure with, from DLMC files (patterns only) or made up, and the reference product. */
#ifndef BENCH_MATRIX_H
#define BENCH_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bench_matrix {
    int64_t rows, cols, nnz;
    int64_t *start; /* rows + 1 */
    int64_t *col;
    float *dense; /* row-major, with the values of DLMC's SOURCE: a hash of the position, -0.5 to 0.5 */
} bench_matrix;

#ifdef __cplusplus
extern "C" {
#endif

bool bench_matrix_read(const char *smtx_path, bench_matrix *);
bool bench_matrix_random(int64_t rows, int64_t cols, double density, bench_matrix *);
/* pattern: unstructured, dense, rows, columns, N:M, block(r,c), band(lo,hi); density where the pattern does not say it. */
bool bench_matrix_patterned(int64_t rows, int64_t cols, const char *pattern, double density, bench_matrix *);
/* mask: rows x cols, true where it is not zero. */
bool bench_matrix_of(int64_t rows, int64_t cols, const bool *mask, bench_matrix *);
void bench_matrix_free(bench_matrix *);

/* count floats from -0.5 to 0.5; NULL: no memory. 64-aligned, free with free(). */
float *bench_random_floats(int64_t count, uint64_t seed);
/* Largest error of y = A x in units of what f32 may give: (terms + 2) * eps * sum |a||x|, by sums in f64. x is [cols, n]
 * and y [rows, n]; transposed: x [n, cols] and y [n, rows]. Over 1 is wrong. */
double bench_matrix_error(const bench_matrix *, const float *x, const float *y, int64_t n, bool transposed);

#ifdef __cplusplus
}
#endif
#endif
