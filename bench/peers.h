/* peers: libraries that compute the same product, one table for all. Each is made for one problem, runs on one thread and
 * writes problem.y. Libraries that were not there when the benchmarks were built are in the table without functions. */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include "matrix.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_problem {
    const bench_matrix *matrix;
    const float *x; /* [cols, n]; linear: [n, cols] */
    float *y;       /* [rows, n]; linear: [n, rows] */
    int64_t n;
    bool linear;
    const char *mlir; /* library of MLIR's kernels for this shape; NULL: none */
} bench_problem;

typedef struct bench_peer {
    const char *name, *library, *what;
    bool dense; /* multiplies by zeros too: what sparsity is compared with */
    void *(*open)(const bench_problem *); /* NULL from it: cannot do this problem. NULL itself: not built in */
    void (*run)(void *);
    void (*close)(void *);
} bench_peer;

extern const bench_peer bench_peers[];
extern const size_t bench_peer_count;

#define BENCH_PEER(name)                          \
    void *name##_open(const bench_problem *);     \
    void name##_run(void *);                      \
    void name##_close(void *)
BENCH_PEER(bench_dnnl_sgemm);
BENCH_PEER(bench_dnnl);
BENCH_PEER(bench_openblas);
BENCH_PEER(bench_eigen);
BENCH_PEER(bench_xnnpack);
BENCH_PEER(bench_mlir);

#ifdef __cplusplus
}
#endif
#endif
