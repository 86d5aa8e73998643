/* peers: see peers.h. The dense ones are those of dense.h. */
#include "peers.h"
#include <stdlib.h>

/* ---- oneDNN and OpenBLAS ---- */

#ifdef BENCH_DENSE
#include "dense.h"

typedef struct held {
    bench_dense dense;
    bench_contestant contestants[BENCH_DENSE_COUNT];
    int which;
} held;

static void *open_dense(const bench_problem *p, int which)
{
    held *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->dense = (bench_dense){ .w = p->matrix->dense, .x = p->x, .y = p->y, .rows = p->matrix->rows,
                              .cols = p->matrix->cols, .n = p->n, .linear = p->linear };
    h->which = which;
    if (bench_dense_open(&h->dense)) {
        bench_dense_contestants(&h->dense, h->contestants);
        return h;
    }
    bench_dense_close(&h->dense);
    free(h);
    return NULL;
}

static void run_dense(void *object)
{
    held *h = object;
    h->contestants[h->which].run(h->contestants[h->which].ctx);
}

static void close_dense(void *object)
{
    held *h = object;
    bench_dense_close(&h->dense);
    free(h);
}

void *bench_dnnl_sgemm_open(const bench_problem *p) { return open_dense(p, 0); }
void bench_dnnl_sgemm_run(void *h) { run_dense(h); }
void bench_dnnl_sgemm_close(void *h) { close_dense(h); }
void *bench_dnnl_open(const bench_problem *p) { return open_dense(p, 1); }
void bench_dnnl_run(void *h) { run_dense(h); }
void bench_dnnl_close(void *h) { close_dense(h); }
void *bench_openblas_open(const bench_problem *p) { return open_dense(p, 2); }
void bench_openblas_run(void *h) { run_dense(h); }
void bench_openblas_close(void *h) { close_dense(h); }

#endif

/* ---- the table ---- */

#define HERE(name) name##_open, name##_run, name##_close
#define ABSENT NULL, NULL, NULL

const bench_peer bench_peers[] = {
#ifdef BENCH_DENSE
    { "onednn_sgemm", "oneDNN", "dnnl_sgemm", true, HERE(bench_dnnl_sgemm) },
    { "onednn", "oneDNN", "its matmul primitive, the weight reordered beforehand", true, HERE(bench_dnnl) },
    { "openblas", "OpenBLAS", "cblas_sgemm", true, HERE(bench_openblas) },
#else
    { "onednn", "oneDNN", "its matmul primitive, the weight reordered beforehand", true, ABSENT },
    { "openblas", "OpenBLAS", "cblas_sgemm", true, ABSENT },
#endif
#ifdef BENCH_EIGEN
    { "eigen", "Eigen", "row-major SparseMatrix times a dense matrix", false, HERE(bench_eigen) },
#else
    { "eigen", "Eigen", "row-major SparseMatrix times a dense matrix", false, ABSENT },
#endif
#ifdef BENCH_XNNPACK
    { "xnnpack", "XNNPACK", "1x1 convolution in NCHW, its sparse path; matmul only", false, HERE(bench_xnnpack) },
#else
    { "xnnpack", "XNNPACK", "1x1 convolution in NCHW, its sparse path; matmul only", false, ABSENT },
#endif
    { "mlir", "MLIR", "its sparsifier on CSR, vectors of 16; matmul only", false, HERE(bench_mlir) },
};
const size_t bench_peer_count = sizeof bench_peers / sizeof *bench_peers;
