/* peer_xnnpack: a 1x1 convolution in NCHW is matmul(w, x) with pixels for columns; that operator takes XNNPACK's sparse
 * path, which its high-level interface leaves off on CPUs with AVX. It has no sparse path for linear. */
#include "peers.h"
#include <math.h>
#include <stdlib.h>
#include <xnnpack.h>

typedef struct held {
    xnn_operator_t operator;
} held;

void *bench_xnnpack_open(const bench_problem *p)
{
    held *h = calloc(1, sizeof *h);
    if (!p->linear && h && xnn_initialize(NULL) == xnn_status_success &&
        xnn_create_convolution2d_nchw_f32(0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, (size_t)p->matrix->cols, (size_t)p->matrix->rows,
                                          (size_t)p->matrix->cols, (size_t)p->matrix->rows, p->matrix->dense, NULL, -INFINITY,
                                          INFINITY, 0, &h->operator) == xnn_status_success &&
        xnn_setup_convolution2d_nchw_f32(h->operator, 1, 1, (size_t)p->n, p->x, p->y, NULL) == xnn_status_success)
        return h;
    if (h && h->operator)
        xnn_delete_operator(h->operator);
    free(h);
    return NULL;
}

void bench_xnnpack_run(void *object) { xnn_run_operator(((held *)object)->operator, NULL); }

void bench_xnnpack_close(void *object)
{
    xnn_delete_operator(((held *)object)->operator);
    free(object);
}
