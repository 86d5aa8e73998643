/* axes: softmax, norms and reductions, row by row, on dense tensors.
 *
 * As in contract.c, floats of every dtype are worked on in f64 in the order of the index and rounded once to the result's
 * dtype; integers sum modulo 2^64, which wraps to i32. */
#include "backends/interp/graph.h"
#include <math.h>
#include <stdlib.h>

/* ---- elements ---- */

static interp_lane lane_at(const interp_tensor *t, int64_t index)
{
    interp_lane lane;
    interp_format_of(t->dtype)->load(t->data, index, 0, 1, &lane);
    return lane;
}

static double real_at(const interp_tensor *t, int64_t index)
{
    const interp_lane lane = lane_at(t, index);
    return interp_class_of(t->dtype) == INTERP_REAL ? (double)lane.f : lane.d;
}

static void put_real(const interp_tensor *t, int64_t index, double value)
{
    interp_lane lane;
    if (interp_class_of(t->dtype) == INTERP_REAL) lane.f = interp_round_real(t->dtype, value);
    else lane.d = value;
    interp_format_of(t->dtype)->store(t->data, index, 1, &lane);
}

static void put_whole(const interp_tensor *t, int64_t index, int64_t value)
{
    interp_lane lane = {.i = value};
    if (interp_format_of(t->dtype)->narrow) interp_format_of(t->dtype)->narrow(1, &lane);
    interp_format_of(t->dtype)->store(t->data, index, 1, &lane);
}

/* ---- rows along the last axis ---- */

/* What a norm does to every row besides. */
typedef struct affine {
    const double *scale, *bias; /* bias NULL: none */
    double eps;
} affine;
/* Replaces the n numbers of a row. */
typedef void change_row(double *row, int64_t n, const affine *);

static void softmax_row(double *row, int64_t n, const affine *unused)
{
    double most = -INFINITY, sum = 0;
    (void)unused;
    for (int64_t i = 0; i < n; i++)
        if (row[i] != row[i] || row[i] > most) most = row[i];
    for (int64_t i = 0; i < n; i++) sum += row[i] = exp(row[i] - most);
    for (int64_t i = 0; i < n; i++) row[i] /= sum;
}

/* Divides by root, then scales and shifts. */
static void scale_row(double *row, int64_t n, double root, const affine *norm)
{
    for (int64_t i = 0; i < n; i++) row[i] = row[i] / root * norm->scale[i] + (norm->bias ? norm->bias[i] : 0);
}

static double mean_of_squares(const double *row, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += row[i] * row[i];
    return sum / (double)n;
}

static void layernorm_row(double *row, int64_t n, const affine *norm)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += row[i];
    for (int64_t i = 0; i < n; i++) row[i] -= sum / (double)n;
    scale_row(row, n, sqrt(mean_of_squares(row, n) + norm->eps), norm);
}

static void rmsnorm_row(double *row, int64_t n, const affine *norm)
{
    scale_row(row, n, sqrt(mean_of_squares(row, n) + norm->eps), norm);
}

static void run_rows(const interp_tensor *x, interp_tensor *out, change_row *change, const affine *norm, double *row)
{
    const int64_t n = out->dims[out->rank - 1];
    for (int64_t at = 0; at < out->count; at += n) {
        for (int64_t i = 0; i < n; i++) row[i] = real_at(x, at + i);
        change(row, n, norm);
        for (int64_t i = 0; i < n; i++) put_real(out, at + i, row[i]);
    }
}

/* A row and the arguments behind the tensor as numbers of one allocation. */
static spc_status change_rows(interp_graph_run *run, const ir_op *op, interp_tensor *out, change_row *change)
{
    const int64_t n = out->dims[out->rank - 1];
    affine norm = {.eps = ir_get_float(op, "eps", 0)};
    double *row = n < INT64_MAX / 64 ? malloc(((size_t)n * (size_t)op->nargs + 1) * sizeof *row) : NULL;
    if (!row) return rt_fail(run->error, SPC_E_NOMEM, "no memory for a row of %s", ir_info(op->code)->name);
    for (int a = 1; a < op->nargs; a++)
        for (int64_t i = 0; i < n; i++) row[a * n + i] = real_at(interp_tensor_of(run, op->args[a]), i);
    norm.scale = row + n;
    if (op->nargs == 3) norm.bias = row + 2 * n;
    run_rows(interp_tensor_of(run, op->args[0]), out, change, &norm, row);
    free(row);
    return SPC_OK;
}

spc_status interp_softmax(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    return change_rows(run, op, out, softmax_row);
}

spc_status interp_layernorm(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    return change_rows(run, op, out, layernorm_row);
}

spc_status interp_rmsnorm(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    return change_rows(run, op, out, rmsnorm_row);
}

/* ---- reductions ---- */

/* Where the elements that make one result lie: the axes that vanish, outermost first. */
typedef struct reduction {
    const interp_tensor *x;
    int rank;
    int64_t dims[IR_MAX_RANK], steps[IR_MAX_RANK];
    int64_t count; /* of elements summed */
} reduction;

/* Puts axis i of x to those that vanish, or to those that stay (steps: theirs). */
static reduction split_axes(const interp_tensor *x, const ir_attr *axes, int64_t steps[IR_MAX_RANK])
{
    reduction r = {.x = x, .count = 1};
    int kept = 0, at = 0;
    int64_t all[IR_MAX_RANK];
    interp_broadcast_steps(x, 0, x->rank, all);
    for (int i = 0; i < x->rank; i++) {
        if (at == axes->count || axes->ints[at] != i) {
            steps[kept++] = all[i];
            continue;
        }
        r.dims[r.rank] = x->dims[i];
        r.steps[r.rank++] = all[i];
        r.count *= x->dims[i];
        at++;
    }
    return r;
}

static int64_t place_of(const reduction *r, int64_t start, int64_t i)
{
    return start + interp_broadcast_offset(r->rank, r->dims, r->steps, i);
}

typedef void reduce_one(const reduction *, int64_t start, const interp_tensor *out, int64_t index);

static double real_sum(const reduction *r, int64_t start)
{
    double sum = 0;
    for (int64_t i = 0; i < r->count; i++) sum += real_at(r->x, place_of(r, start, i));
    return sum;
}

static void sum_one(const reduction *r, int64_t start, const interp_tensor *out, int64_t index)
{
    uint64_t sum = 0;
    if (interp_class_of(r->x->dtype) != INTERP_WHOLE) {
        put_real(out, index, real_sum(r, start));
        return;
    }
    for (int64_t i = 0; i < r->count; i++) sum += lane_at(r->x, place_of(r, start, i)).u;
    put_whole(out, index, (int64_t)sum);
}

static void mean_one(const reduction *r, int64_t start, const interp_tensor *out, int64_t index)
{
    put_real(out, index, r->count ? real_sum(r, start) / (double)r->count : NAN);
}

/* The place of the first of the largest among those that are not less; the first NaN is larger than all. */
static int64_t largest(const reduction *r, int64_t start)
{
    int64_t best = 0;
    const bool whole = interp_class_of(r->x->dtype) == INTERP_WHOLE;
    for (int64_t i = 1; i < r->count; i++) {
        const int64_t a = place_of(r, start, best), b = place_of(r, start, i);
        const double held = whole ? 0 : real_at(r->x, a), next = whole ? 0 : real_at(r->x, b);
        const bool larger = whole ? lane_at(r->x, b).i > lane_at(r->x, a).i : held == held && (next != next || next > held);
        if (larger) best = i;
    }
    return best;
}

static void amax_one(const reduction *r, int64_t start, const interp_tensor *out, int64_t index)
{
    const interp_lane lane = lane_at(r->x, place_of(r, start, largest(r, start)));
    interp_format_of(out->dtype)->store(out->data, index, 1, &lane);
}

static void argmax_one(const reduction *r, int64_t start, const interp_tensor *out, int64_t index)
{
    put_whole(out, index, largest(r, start));
}

static spc_status reduce(interp_graph_run *run, const ir_op *op, interp_tensor *out, reduce_one *one)
{
    int64_t steps[IR_MAX_RANK];
    const reduction r = split_axes(interp_tensor_of(run, op->args[0]), ir_attr_find(op, "axes"), steps);
    for (int64_t i = 0; i < out->count; i++) one(&r, interp_broadcast_offset(out->rank, out->dims, steps, i), out, i);
    return SPC_OK;
}

spc_status interp_sum(interp_graph_run *run, const ir_op *op, interp_tensor *out) { return reduce(run, op, out, sum_one); }

spc_status interp_mean(interp_graph_run *run, const ir_op *op, interp_tensor *out) { return reduce(run, op, out, mean_one); }

/* The largest of nothing is an error, even where there is no place for it. */
static spc_status check_not_empty(interp_graph_run *run, const ir_op *op)
{
    const interp_tensor *x = interp_tensor_of(run, op->args[0]);
    const ir_attr *axes = ir_attr_find(op, "axes");
    for (int i = 0; i < axes->count; i++) {
        const int64_t extent = x->dims[axes->ints[i]];
        if (extent == 0)
            return rt_fail(run->error, SPC_E_ARG, "%s over axis %lld, which is empty with these dims",
                           ir_info(op->code)->name, (long long)axes->ints[i]);
        if (op->code == IR_OP_argmax && extent > INT32_MAX)
            return rt_fail(run->error, SPC_E_ARG, "argmax over an axis of over 2^31 elements: no i32 holds its index");
    }
    return SPC_OK;
}

spc_status interp_amax(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    const spc_status status = check_not_empty(run, op);
    return status ? status : reduce(run, op, out, amax_one);
}

spc_status interp_argmax(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    const spc_status status = check_not_empty(run, op);
    return status ? status : reduce(run, op, out, argmax_one);
}
