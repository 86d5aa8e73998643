/* peer_mlir: what MLIR's sparsifier makes of CSR times dense. Its kernels are for one shape of the weight; bench/run builds
 * a library for each shape (mlir_kernels.py) and names it. No kernel for linear. */
#include "peers.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* MLIR's descriptors of memory, as its C interface takes them. */
typedef struct vector {
    void *allocated, *aligned;
    int64_t offset, size, stride;
} vector;
typedef struct matrix {
    void *allocated, *aligned;
    int64_t offset, sizes[2], strides[2];
} matrix;
typedef void multiply(matrix *result, vector *pos, vector *crd, vector *values, matrix *x, matrix *y);
typedef void multiply_vector(vector *result, vector *pos, vector *crd, vector *values, vector *x, vector *y);

typedef struct held {
    void *library;
    multiply *many;
    multiply_vector *one; /* for a single column */
    vector pos, crd, values;
    bench_problem problem;
} held;

static vector vector_of(void *data, int64_t size) { return (vector){ data, data, 0, size, 1 }; }

static matrix matrix_of(const float *data, int64_t rows, int64_t cols)
{
    return (matrix){ (void *)data, (void *)data, 0, { rows, cols }, { cols, 1 } };
}

static bool fill(held *h, const bench_matrix *m)
{
    int32_t *pos = malloc(((size_t)m->rows + 1) * sizeof *pos), *crd = malloc(((size_t)m->nnz + 1) * sizeof *crd);
    float *values = malloc(((size_t)m->nnz + 1) * sizeof *values);
    h->pos = vector_of(pos, m->rows + 1);
    h->crd = vector_of(crd, m->nnz);
    h->values = vector_of(values, m->nnz);
    if (!pos || !crd || !values)
        return false;
    for (int64_t r = 0; r <= m->rows; r++)
        pos[r] = (int32_t)m->start[r];
    for (int64_t r = 0; r < m->rows; r++)
        for (int64_t i = m->start[r]; i < m->start[r + 1]; i++) {
            crd[i] = (int32_t)m->col[i];
            values[i] = m->dense[r * m->cols + m->col[i]];
        }
    return true;
}

void *bench_mlir_open(const bench_problem *p)
{
    held *h = p->mlir && !p->linear ? calloc(1, sizeof *h) : NULL;
    if (!h)
        return NULL;
    h->problem = *p;
    h->library = dlopen(p->mlir, RTLD_NOW | RTLD_LOCAL);
    if (h->library) {
        *(void **)&h->many = dlsym(h->library, "_mlir_ciface_bench_mlir_many");
        *(void **)&h->one = dlsym(h->library, "_mlir_ciface_bench_mlir_one");
    }
    if (h->many && h->one && fill(h, p->matrix))
        return h;
    bench_mlir_close(h);
    return NULL;
}

/* The kernels add to y. */
void bench_mlir_run(void *object)
{
    held *h = object;
    const bench_problem *p = &h->problem;
    const int64_t rows = p->matrix->rows, cols = p->matrix->cols;
    memset(p->y, 0, (size_t)(rows * p->n) * sizeof *p->y);
    if (p->n == 1) {
        vector result, x = vector_of((void *)p->x, cols), y = vector_of(p->y, rows);
        h->one(&result, &h->pos, &h->crd, &h->values, &x, &y);
    } else {
        matrix result, x = matrix_of(p->x, cols, p->n), y = matrix_of(p->y, rows, p->n);
        h->many(&result, &h->pos, &h->crd, &h->values, &x, &y);
    }
}

void bench_mlir_close(void *object)
{
    held *h = object;
    free(h->pos.aligned);
    free(h->crd.aligned);
    free(h->values.aligned);
    if (h->library)
        dlclose(h->library);
    free(h);
}
