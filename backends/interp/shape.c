/* shape: ops that move elements: each is one box or several, copied from one tensor into another.
 *
 * Elements of every dtype keep their bits, but for a bool, which becomes 0 or 1. */
#include "backends/interp/graph.h"
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 256 }; /* elements copied at a time */

/* A place in a tensor, and the elements to step per index of each dim of a box. */
typedef struct place {
    const interp_tensor *tensor;
    int64_t start;
    int64_t steps[IR_MAX_RANK];
} place;

/* The tensor from its first element on, along its own axes. */
static place all_of(const interp_tensor *tensor)
{
    place p = {.tensor = tensor};
    int64_t step = 1;
    for (int i = tensor->rank - 1; i >= 0; i--) {
        p.steps[i] = step;
        step *= tensor->dims[i];
    }
    return p;
}

static void copy_run(const interp_format *format, const place *to, int64_t at_to, const place *from, int64_t at_from, int64_t n)
{
    interp_lane lanes[CHUNK];
    for (int64_t i = 0; i < n; i += CHUNK) {
        const int count = n - i < CHUNK ? (int)(n - i) : CHUNK;
        format->load(from->tensor->data, at_from + i, 1, count, lanes);
        format->store(to->tensor->data, at_to + i, count, lanes);
    }
}

/* A box of these extents. Rows that lie together on both sides go at once. */
static void copy_box(int rank, const int64_t *dims, const place *to, const place *from)
{
    const bool rows = rank && to->steps[rank - 1] == 1 && from->steps[rank - 1] == 1;
    const int outer = rows ? rank - 1 : rank;
    int64_t count = 1;
    for (int i = 0; i < outer; i++) count *= dims[i];
    for (int64_t i = 0; i < count; i++)
        copy_run(interp_format_of(to->tensor->dtype), to, to->start + interp_broadcast_offset(outer, dims, to->steps, i),
                 from, from->start + interp_broadcast_offset(outer, dims, from->steps, i), rows ? dims[outer] : 1);
}

spc_status interp_reshape(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    const interp_tensor *x = interp_tensor_of(run, op->args[0]);
    const place to = {.tensor = out, .steps = {1}}, from = {.tensor = x, .steps = {1}};
    if (x->count != out->count)
        return rt_fail(run->error, SPC_E_ARG, "reshape of %lld elements to %lld", (long long)x->count, (long long)out->count);
    copy_box(1, &out->count, &to, &from);
    return SPC_OK;
}

spc_status interp_transpose(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    const ir_attr *perm = ir_attr_find(op, "perm");
    const place to = all_of(out), all = all_of(interp_tensor_of(run, op->args[0]));
    place from = all;
    for (int i = 0; i < out->rank; i++) from.steps[i] = all.steps[perm->ints[i]];
    copy_box(out->rank, out->dims, &to, &from);
    return SPC_OK;
}

spc_status interp_concat(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    const int64_t axis = ir_get_int(op, "axis", 0);
    place to = all_of(out);
    for (int i = 0; i < op->nargs; i++) {
        const interp_tensor *part = interp_tensor_of(run, op->args[i]);
        const place from = all_of(part);
        copy_box(part->rank, part->dims, &to, &from);
        to.start += part->dims[axis] * to.steps[axis];
    }
    return SPC_OK;
}

spc_status interp_take(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    const interp_tensor *x = interp_tensor_of(run, op->args[0]);
    const ir_attr *kept = ir_attr_find(op, "kept");
    const int64_t axis = ir_get_int(op, "axis", 0);
    const place whole = all_of(x);
    place to = all_of(out), from = whole;
    int64_t dims[IR_MAX_RANK];
    memcpy(dims, out->dims, sizeof dims);
    dims[axis] = 1;
    for (int i = 0; i < kept->count; i++) {
        to.start = i * to.steps[axis];
        from.start = kept->ints[i] * whole.steps[axis];
        copy_box(out->rank, dims, &to, &from);
    }
    return SPC_OK;
}

/* ---- where boxes start: extents in attributes ---- */

spc_status interp_eval_starts(interp_graph_run *run, const char *text, int count, int64_t *out)
{
    spc_status status = SPC_OK;
    for (int i = 0; i < count && !status; i++) {
        const size_t len = strcspn(text, ";");
        char *one = strndup(text, len);
        if (!one) return rt_fail(run->error, SPC_E_NOMEM, "no memory for an extent");
        if (!rt_extent_eval(one, run->dim_names, run->dims, run->dim_count, &out[i]) || out[i] < 0)
            status = rt_fail(run->error, SPC_E_ARG, "the extent %s has no value with these dims", one);
        free(one);
        text += len + (text[len] == ';');
    }
    return status;
}

/* part elements from start on lie within whole ones. */
static spc_status check_within(interp_graph_run *run, const ir_op *op, int64_t axis, int64_t start, int64_t part, int64_t whole)
{
    if (start <= whole && part <= whole - start) return SPC_OK;
    return rt_fail(run->error, SPC_E_ARG, "%s: %lld elements from %lld on do not lie within the %lld of axis %lld",
                   ir_info(op->code)->name, (long long)part, (long long)start, (long long)whole, (long long)axis);
}

spc_status interp_slice(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    const interp_tensor *x = interp_tensor_of(run, op->args[0]);
    const int64_t axis = ir_get_int(op, "axis", 0);
    const place to = all_of(out);
    place from = all_of(x);
    int64_t start;
    spc_status status = interp_eval_starts(run, ir_get_str(op, "from", "0"), 1, &start);
    if (!status) status = check_within(run, op, axis, start, out->dims[axis], x->dims[axis]);
    if (status) return status;
    from.start = start * from.steps[axis];
    copy_box(out->rank, out->dims, &to, &from);
    return SPC_OK;
}

/* What lies around stays zero, as the tensor was made. */
spc_status interp_pad(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    const interp_tensor *x = interp_tensor_of(run, op->args[0]);
    const place from = all_of(x);
    place to = all_of(out);
    int64_t before[IR_MAX_RANK];
    spc_status status = interp_eval_starts(run, ir_get_str(op, "before", ""), x->rank, before);
    for (int i = 0; i < x->rank && !status; i++) {
        status = check_within(run, op, i, before[i], x->dims[i], out->dims[i]);
        to.start += before[i] * to.steps[i];
    }
    if (!status) copy_box(x->rank, x->dims, &to, &from);
    return status;
}
