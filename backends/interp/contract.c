/* contract: linear and matmul on dense tensors.
 *
 * Floats are multiplied and summed in f64 in the order of the reduction index, whatever their dtype, and rounded once
 * to the result's: for f32 and shorter this is the reference that others are measured against. Integers multiply and
 * sum modulo 2^64, which wraps to the i32 that the language asks for. */
#include "backends/interp/graph.h"
#include <stdlib.h>
#include <string.h>

interp_lane *interp_widen(const interp_tensor *tensor)
{
    int64_t bytes;
    if (__builtin_mul_overflow(tensor->count + 1, (int64_t)sizeof(interp_lane), &bytes)) return NULL;
    interp_lane *lanes = malloc((size_t)bytes);
    if (!lanes) return NULL;
    for (int64_t at = 0; at < tensor->count; at += INT32_MAX) {
        const int64_t left = tensor->count - at;
        interp_format_of(tensor->dtype)->load(tensor->data, at, 1, left < INT32_MAX ? (int)left : INT32_MAX, lanes + at);
    }
    if (interp_class_of(tensor->dtype) == INTERP_REAL)
        for (int64_t i = 0; i < tensor->count; i++) lanes[i].d = (double)lanes[i].f;
    return lanes;
}

void interp_put_sum(const interp_tensor *out, int64_t index, interp_lane sum, bool whole)
{
    const interp_format *format = interp_format_of(out->dtype);
    interp_lane lane = sum;
    if (!whole && interp_class_of(out->dtype) == INTERP_REAL) lane.f = interp_round_real(out->dtype, sum.d);
    if (whole && format->narrow) format->narrow(1, &lane);
    format->store(out->data, index, 1, &lane);
}

static interp_lane zero(bool whole)
{
    interp_lane lane = {.u = 0};
    if (!whole) lane.d = 0;
    return lane;
}

static interp_lane dot(bool whole, int64_t n, const interp_lane *a, const interp_lane *b)
{
    interp_lane sum = zero(whole);
    if (whole)
        for (int64_t i = 0; i < n; i++) sum.u += a[i].u * b[i].u;
    else
        for (int64_t i = 0; i < n; i++) sum.d += a[i].d * b[i].d;
    return sum;
}

/* sums[j] = sum over i of a[i] * b[i][j], in the order of i */
static void dot_rows(interp_lane *sums, bool whole, int64_t inner, int64_t n, const interp_lane *a, const interp_lane *b)
{
    for (int64_t j = 0; j < n; j++) sums[j] = zero(whole);
    for (int64_t i = 0; i < inner; i++) {
        const interp_lane *row = b + i * n;
        if (whole)
            for (int64_t j = 0; j < n; j++) sums[j].u += a[i].u * row[j].u;
        else
            for (int64_t j = 0; j < n; j++) sums[j].d += a[i].d * row[j].d;
    }
}

static bool is_whole(const interp_tensor *a) { return interp_class_of(a->dtype) == INTERP_WHOLE; }

spc_status interp_check_classes(interp_graph_run *run, const ir_op *op, const interp_tensor *a, const interp_tensor *b,
                                const interp_tensor *out)
{
    if (is_whole(a) == is_whole(b) && is_whole(a) == is_whole(out)) return SPC_OK;
    return rt_fail(run->error, SPC_E_UNSUPPORTED, "the interpreter has no %s of integers with floats",
                   ir_info(op->code)->name);
}

static void linear_rows(const interp_lane *xs, const interp_lane *ws, const interp_lane *bs, int64_t inner, bool whole,
                        interp_tensor *out)
{
    const int64_t rows = out->dims[out->rank - 1];
    for (int64_t i = 0; i < out->count; i++) {
        interp_lane sum = dot(whole, inner, xs + i / rows * inner, ws + i % rows * inner);
        if (bs && whole) sum.u += bs[i % rows].u;
        else if (bs) sum.d += bs[i % rows].d;
        interp_put_sum(out, i, sum, whole);
    }
}

spc_status interp_linear(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    const interp_tensor *x = interp_tensor_of(run, op->args[0]), *w = interp_tensor_of(run, op->args[1]);
    const interp_tensor *b = op->nargs == 3 ? interp_tensor_of(run, op->args[2]) : NULL;
    const spc_status status = interp_check_classes(run, op, x, w, out);
    if (status) return status;
    interp_lane *xs = interp_widen(x), *ws = interp_widen(w), *bs = b ? interp_widen(b) : NULL;
    const bool ready = xs && ws && (!b || bs);
    if (ready) linear_rows(xs, ws, bs, w->dims[1], is_whole(x), out);
    free(xs);
    free(ws);
    free(bs);
    return ready ? SPC_OK : rt_fail(run->error, SPC_E_NOMEM, "no memory for the reference of a contraction");
}

/* Every row of every matrix of the result. sums: room for one row. */
static void matmul_rows(const interp_tensor *a, const interp_tensor *b, const interp_lane *as, const interp_lane *bs,
                        interp_lane *sums, interp_tensor *out)
{
    const bool whole = is_whole(a);
    const int lead = out->rank - 2;
    const int64_t m = out->dims[lead], n = out->dims[lead + 1], inner = a->dims[a->rank - 1];
    int64_t steps_a[IR_MAX_RANK], steps_b[IR_MAX_RANK];
    interp_broadcast_steps(a, 2, lead, steps_a);
    interp_broadcast_steps(b, 2, lead, steps_b);
    for (int64_t at = 0; at < out->count; at += n) {
        const int64_t batch = at / n / m, row = at / n % m;
        const interp_lane *pa = as + interp_broadcast_offset(lead, out->dims, steps_a, batch) + row * inner;
        dot_rows(sums, whole, inner, n, pa, bs + interp_broadcast_offset(lead, out->dims, steps_b, batch));
        for (int64_t j = 0; j < n; j++) interp_put_sum(out, at + j, sums[j], whole);
    }
}

spc_status interp_matmul(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    const interp_tensor *a = interp_tensor_of(run, op->args[0]), *b = interp_tensor_of(run, op->args[1]);
    const spc_status status = interp_check_classes(run, op, a, b, out);
    if (status) return status;
    const int64_t width = out->dims[out->rank - 1];
    interp_lane *as = interp_widen(a), *bs = interp_widen(b);
    interp_lane *sums = width < INT64_MAX / 16 ? malloc(((size_t)width + 1) * sizeof *sums) : NULL;
    const bool ready = as && bs && sums;
    if (ready) matmul_rows(a, b, as, bs, sums, out);
    free(as);
    free(bs);
    free(sums);
    return ready ? SPC_OK : rt_fail(run->error, SPC_E_NOMEM, "no memory for the reference of a contraction");
}
