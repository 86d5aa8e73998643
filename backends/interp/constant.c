/* constant: runs the function of a constant, whose weights may be stored sparse: those are spread out while it runs. */
#include "backends/interp/interp.h"
#include <stdlib.h>

/* A matrix that was spread out. */
typedef struct spread {
    struct spread *next;
    _Alignas(16) char data[];
} spread;

typedef struct sources {
    ir_matrix_lookup *lookup;
    void *ctx;
    spread *spreads;
} sources;

static const void *dense_data(void *object, const char *weight)
{
    sources *s = object;
    const rt_matrix *m = s->lookup(s->ctx, weight);
    int64_t count, bytes;
    if (!m || m->dense) return m ? m->dense : NULL;
    if (!rt_plain_size(m, &count, &bytes)) return NULL;
    spread *made = malloc(sizeof *made + (size_t)bytes);
    if (!made) return NULL;
    rt_plain_fill(m, made->data, bytes);
    made->next = s->spreads;
    s->spreads = made;
    return made->data;
}

static size_t count_dims(const ir_module *m)
{
    size_t n = 0;
    for (const ir_dim *d = m->dims; d; d = d->next) n++;
    return n;
}

/* Rows are the first axis of two or more. */
static spc_status describe(const ir_type *type, spc_tensor *tensor, rt_matrix *out, rt_error *error)
{
    int64_t count, bytes;
    *tensor = (spc_tensor){.dtype = (spc_dtype)type->dtype, .rank = type->rank};
    *out = (rt_matrix){.dtype = tensor->dtype, .rows = 1, .cols = 1};
    for (int i = 0; i < type->rank; i++) {
        ir_extent_is_const(type->dims[i], &tensor->dims[i]);
        int64_t *axis = i == 0 && type->rank > 1 ? &out->rows : &out->cols;
        if (__builtin_mul_overflow(*axis, tensor->dims[i], axis)) return rt_fail(error, SPC_E_NOMEM, "a constant of over 2^63 elements");
    }
    if (!rt_plain_size(out, &count, &bytes)) return rt_fail(error, SPC_E_NOMEM, "a constant of over 2^63 bytes");
    tensor->data = malloc((size_t)bytes + 1);
    out->dense = tensor->data;
    return tensor->data ? SPC_OK : rt_fail(error, SPC_E_NOMEM, "no memory for a constant of %lld bytes", (long long)bytes);
}

spc_status interp_constant(const ir_module *m, const ir_func *constant, ir_matrix_lookup *lookup, void *ctx, rt_matrix *out,
                           rt_error *error)
{
    sources s = {lookup, ctx, NULL};
    spc_tensor result;
    int64_t *dims = calloc(count_dims(m) + 1, sizeof *dims);
    spc_status status = dims ? describe(constant->body.last->args[0]->type, &result, out, error)
                             : rt_fail(error, SPC_E_NOMEM, "no memory for a constant");
    if (!status) status = interp_graph(m, constant, dims, dense_data, &s, NULL, &result, error);
    for (spread *at = s.spreads, *next; at; at = next) {
        next = at->next;
        free(at);
    }
    free(dims);
    if (!status) return SPC_OK;
    free((void *)out->dense);
    out->dense = NULL;
    return status;
}
