/* dense: see dense.h. */
#include "dense.h"
#include <cblas.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- oneDNN's matmul primitive ---- */

typedef struct matmul {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    dnnl_memory_t memories[4]; /* left, right, result, the constant one in its own layout */
    dnnl_exec_arg_t args[3];
} matmul;

static bool plain(dnnl_memory_desc_t *out, int64_t rows, int64_t cols, bool transposed)
{
    const dnnl_dims_t dims = { rows, cols };
    return !dnnl_memory_desc_init_by_tag(out, 2, dims, dnnl_f32, transposed ? dnnl_ba : dnnl_ab);
}

static bool reorder(matmul *m, dnnl_memory_t from, dnnl_memory_t to)
{
    const dnnl_memory_desc_t *source, *target;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_t primitive = NULL;
    const dnnl_exec_arg_t args[2] = { { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } };
    const bool good = !dnnl_memory_get_memory_desc(from, &source) && !dnnl_memory_get_memory_desc(to, &target) &&
                      !dnnl_reorder_primitive_desc_create(&pd, source, m->engine, target, m->engine, NULL) &&
                      !dnnl_primitive_create(&primitive, pd) &&
                      !dnnl_primitive_execute(primitive, m->stream, 2, args) && !dnnl_stream_wait(m->stream);
    dnnl_primitive_destroy(primitive);
    dnnl_primitive_desc_destroy(pd);
    return good;
}

/* left [a, k] times right [k, b]; `packed` (0 left, 1 right) is the constant operand. */
static bool build(matmul *m, const bench_dense *d, dnnl_memory_desc_t desc[3], int packed)
{
    dnnl_memory_desc_t wanted[3];
    dnnl_matmul_desc_t op;
    dnnl_primitive_desc_t pd = NULL;
    void *data[3] = { (void *)(d->linear ? d->x : d->w), (void *)(d->linear ? d->w : d->x), d->y };
    const dnnl_dims_t dims = { desc[packed].dims[0], desc[packed].dims[1] };
    memcpy(wanted, desc, sizeof wanted);
    if (dnnl_memory_desc_init_by_tag(&wanted[packed], 2, dims, dnnl_f32, dnnl_format_tag_any) ||
        dnnl_matmul_desc_init(&op, &wanted[0], &wanted[1], NULL, &wanted[2]) ||
        dnnl_primitive_desc_create(&pd, &op, NULL, m->engine, NULL))
        return false;
    const dnnl_memory_desc_t *best = dnnl_primitive_desc_query_md(pd, packed ? dnnl_query_weights_md : dnnl_query_src_md, 0);
    bool good = best && !dnnl_primitive_create(&m->primitive, pd) &&
                !dnnl_memory_create(&m->memories[3], best, m->engine, DNNL_MEMORY_ALLOCATE);
    for (int i = 0; i < 3 && good; i++)
        good = !dnnl_memory_create(&m->memories[i], &desc[i], m->engine, data[i]);
    dnnl_primitive_desc_destroy(pd);
    return good && reorder(m, m->memories[packed], m->memories[3]);
}

bool bench_dense_open(bench_dense *d)
{
    matmul *m = calloc(1, sizeof *m);
    dnnl_memory_desc_t desc[3];
    const int packed = d->linear ? 1 : 0;
    d->matmul = m;
    if (!m || dnnl_engine_create(&m->engine, dnnl_cpu, 0) ||
        dnnl_stream_create(&m->stream, m->engine, dnnl_stream_default_flags))
        return false;
    const bool good = d->linear ? plain(&desc[0], d->n, d->cols, false) && plain(&desc[1], d->cols, d->rows, true) &&
                                      plain(&desc[2], d->n, d->rows, false)
                                : plain(&desc[0], d->rows, d->cols, false) && plain(&desc[1], d->cols, d->n, false) &&
                                      plain(&desc[2], d->rows, d->n, false);
    if (!good || !build(m, d, desc, packed))
        return false;
    const int names[3] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST };
    for (int i = 0; i < 3; i++)
        m->args[i] = (dnnl_exec_arg_t){ names[i], m->memories[i == packed ? 3 : i] };
    return true;
}

void bench_dense_close(bench_dense *d)
{
    matmul *m = d->matmul;
    if (!m)
        return;
    for (int i = 0; i < 4; i++)
        dnnl_memory_destroy(m->memories[i]);
    dnnl_primitive_destroy(m->primitive);
    dnnl_stream_destroy(m->stream);
    dnnl_engine_destroy(m->engine);
    free(m);
    d->matmul = NULL;
}

/* ---- the contestants ---- */

static void run_matmul(void *ctx)
{
    matmul *m = ((bench_dense *)ctx)->matmul;
    dnnl_primitive_execute(m->primitive, m->stream, 3, m->args);
    dnnl_stream_wait(m->stream);
}

static void run_sgemm(void *ctx)
{
    const bench_dense *d = ctx;
    if (d->linear)
        dnnl_sgemm('N', 'T', d->n, d->rows, d->cols, 1, d->x, d->cols, d->w, d->cols, 0, d->y, d->rows);
    else
        dnnl_sgemm('N', 'N', d->rows, d->n, d->cols, 1, d->w, d->cols, d->x, d->n, 0, d->y, d->n);
}

static void run_openblas(void *ctx)
{
    const bench_dense *d = ctx;
    const blasint rows = (blasint)d->rows, cols = (blasint)d->cols, n = (blasint)d->n;
    if (d->linear)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, rows, cols, 1, d->x, cols, d->w, cols, 0, d->y, rows);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, n, cols, 1, d->w, cols, d->x, n, 0, d->y, n);
}

void bench_dense_contestants(bench_dense *d, bench_contestant out[BENCH_DENSE_COUNT])
{
    out[0] = (bench_contestant){ .name = "oneDNN sgemm", .run = run_sgemm, .ctx = d };
    out[1] = (bench_contestant){ .name = "oneDNN matmul", .run = run_matmul, .ctx = d };
    out[2] = (bench_contestant){ .name = "OpenBLAS", .run = run_openblas, .ctx = d };
}

void bench_dense_environment(char **argv, int threads)
{
    char number[16];
    if (getenv("SPC_BENCH_STARTED"))
        return;
    snprintf(number, sizeof number, "%d", threads);
    setenv("SPC_BENCH_STARTED", "1", 1);
    setenv("OMP_NUM_THREADS", number, 1);
    setenv("OPENBLAS_NUM_THREADS", number, 1);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
    execv("/proc/self/exe", argv);
}
