/* dense: the best dense products that Debian has, on one thread: oneDNN (its sgemm, and its matmul with the constant
 * matrix in whatever layout it likes best, reordered beforehand) and OpenBLAS. */
#ifndef BENCH_DENSE_H
#define BENCH_DENSE_H

#include "timing.h"
#include <stdint.h>

typedef struct bench_dense {
    const float *w; /* [rows, cols] */
    const float *x; /* [cols, n]; linear: [n, cols] */
    float *y;       /* [rows, n]; linear: [n, rows] */
    int64_t rows, cols, n;
    bool linear;
    void *matmul; /* bench_dense_open's own */
} bench_dense;

enum { BENCH_DENSE_COUNT = 3 };

bool bench_dense_open(bench_dense *);
void bench_dense_close(bench_dense *);
/* Fills in the contestants; they write d->y. */
void bench_dense_contestants(bench_dense *d, bench_contestant out[BENCH_DENSE_COUNT]);

/* OpenBLAS 0.3.21 takes its Haswell kernels on CPUs that it does not know; this starts the program anew with
 * OPENBLAS_CORETYPE=SkylakeX where the CPU has AVX-512, and so many threads for both libraries. To be called first. */
void bench_dense_environment(char **argv, int threads);

#endif
