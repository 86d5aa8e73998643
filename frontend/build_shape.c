/* build_shape: from checked calls to ops along axes and of shape, and what a layer's call changes in such ops. */
#include "frontend/checks.h"

ir_op *fe_emit_over(fe_call *call, ir_opcode code, const ir_type *type, const ir_op *arg)
{
    call->w->builder->loc = fe_loc(call->w->c, call->expr->at);
    return ir_build1(call->w->builder, code, type, (ir_op *)arg);
}

static ir_opcode own_code(const fe_call *call) { return (ir_opcode)call->builtin->code; }

/* eps is the last parameter. */
ir_op *fe_emit_norm(fe_call *call)
{
    ir_op *op = fe_emit_args(call);
    ir_set_float(call->w->c->module, op, "eps", call->args[call->builtin->count - 1].real);
    return op;
}

/* ---- reductions ---- */

static int64_t from_front(int64_t axis, int rank) { return axis < 0 ? axis + rank : axis; }

/* The axes in ascending order; without an argument all. Returns how many. */
static int ascending_axes(const fe_call *call, int64_t axes[IR_MAX_RANK])
{
    const fe_bound *by = &call->args[1];
    const int rank = call->args[0].value.type->rank;
    int count = 0;
    for (int axis = 0; axis < rank; axis++) {
        bool named = !by->given;
        for (int i = 0; i < by->count; i++) named |= from_front(by->integers[i], rank) == axis;
        if (named) axes[count++] = axis;
    }
    return count;
}

/* Over no axis every element is its own sum, mean and largest. */
ir_op *fe_emit_reduction(fe_call *call)
{
    int64_t axes[IR_MAX_RANK];
    ir_op *x = call->args[0].value.op;
    const int count = ascending_axes(call, axes);
    if (!count) return x->type == call->type ? x : fe_emit_over(call, IR_OP_cast, call->type, x);
    ir_op *op = fe_emit_over(call, own_code(call), call->type, x);
    ir_set_ints(call->w->c->module, op, "axes", count, axes);
    return op;
}

ir_op *fe_emit_reordered(fe_call *call, ir_op *x, const int64_t *order)
{
    const ir_type *t = x->type;
    const ir_extent *dims[IR_MAX_RANK];
    for (int i = 0; i < t->rank; i++) dims[i] = t->dims[order[i]];
    ir_op *op = fe_emit_over(call, IR_OP_transpose, ir_tensor(call->w->c->module, t->dtype, t->rank, dims), x);
    ir_set_ints(call->w->c->module, op, "perm", t->rank, order);
    return op;
}

/* The axes moved behind the others and made one, so that its index counts them in row-major order. */
static ir_op *merge_axes(fe_call *call, ir_op *x, int count, const int64_t *axes)
{
    ir_module *m = call->w->c->module;
    const int kept = call->type->rank;
    int64_t order[IR_MAX_RANK];
    const ir_extent *dims[IR_MAX_RANK];
    int at = 0, front = 0;
    for (int axis = 0; axis < x->type->rank; axis++) {
        if (at < count && axes[at] == axis) order[kept + at++] = axis;
        else order[front++] = axis;
    }
    const bool last = axes[0] == kept; /* they are the last ones already */
    for (int i = 0; i < kept; i++) dims[i] = call->type->dims[i];
    dims[kept] = ir_extent_const(m, 1);
    for (int i = 0; i < count; i++) dims[kept] = ir_extent_mul(m, dims[kept], x->type->dims[axes[i]]);
    ir_op *behind = last ? x : fe_emit_reordered(call, x, order);
    return fe_emit_over(call, IR_OP_reshape, ir_tensor(m, x->type->dtype, kept + 1, dims), behind);
}

/* The op knows one axis only. Among no axes every element is alone, at index 0. */
ir_op *fe_emit_argmax(fe_call *call)
{
    int64_t axes[IR_MAX_RANK];
    ir_op *x = call->args[0].value.op;
    const int count = ascending_axes(call, axes);
    if (!count) return fe_emit_constant(call->w, call->expr->at, call->type, false, 0, 0);
    if (count > 1) {
        x = merge_axes(call, x, count, axes);
        axes[0] = x->type->rank - 1;
    }
    ir_op *op = fe_emit_over(call, IR_OP_argmax, call->type, x);
    ir_set_ints(call->w->c->module, op, "axes", 1, axes);
    return op;
}

/* ---- shape ---- */

ir_op *fe_emit_reshape(fe_call *call) { return fe_emit_over(call, IR_OP_reshape, call->type, call->args[0].value.op); }

ir_op *fe_emit_transpose(fe_call *call)
{
    int64_t order[IR_MAX_RANK];
    ir_op *x = call->args[0].value.op;
    for (int i = 0; i < x->type->rank; i++) order[i] = from_front(call->args[1].integers[i], x->type->rank);
    return fe_emit_reordered(call, x, order);
}

ir_op *fe_emit_concat(fe_call *call)
{
    ir_module *m = call->w->c->module;
    ir_op **parts = IR_ARRAY(m->arena, ir_op *, call->rest_count);
    for (int i = 0; i < call->rest_count; i++) parts[i] = call->rest[i].op;
    call->w->builder->loc = fe_loc(call->w->c, call->expr->at);
    ir_op *op = ir_build(call->w->builder, IR_OP_concat, call->type, call->rest_count, parts);
    ir_set_int(m, op, "axis", from_front(call->args[1].integers[0], call->type->rank));
    return op;
}

ir_op *fe_emit_slice(fe_call *call)
{
    ir_module *m = call->w->c->module;
    ir_op *op = fe_emit_over(call, IR_OP_slice, call->type, call->args[0].value.op);
    ir_set_int(m, op, "axis", from_front(call->args[1].integers[0], call->type->rank));
    ir_set_extents(m, op, "from", 1, call->args[2].extents);
    return op;
}

ir_op *fe_emit_pad(fe_call *call)
{
    const ir_extent *before[IR_MAX_RANK];
    ir_op *op = fe_emit_over(call, IR_OP_pad, call->type, call->args[0].value.op);
    for (int i = 0; i < call->type->rank; i++) before[i] = call->args[1].extents[2 * i];
    ir_set_extents(call->w->c->module, op, "before", call->type->rank, before);
    return op;
}

/* Channel (by * block + bx) * channels + c goes to row by, column bx of a block: axes split, reordered, merged. */
ir_op *fe_emit_depth_to_space(fe_call *call)
{
    ir_module *m = call->w->c->module;
    static const int64_t order[] = {0, 1, 3, 2, 4, 5};
    ir_op *x = call->args[0].value.op;
    const ir_extent *block = ir_extent_const(m, call->args[1].integers[0]), *const *dims = x->type->dims;
    const ir_extent *split[] = {dims[0], dims[1], dims[2], block, block, call->type->dims[3]};
    ir_op *parts = fe_emit_over(call, IR_OP_reshape, ir_tensor(m, x->type->dtype, 6, split), x);
    return fe_emit_over(call, IR_OP_reshape, call->type, fe_emit_reordered(call, parts, order));
}

/* ---- in calls of layers ---- */

static bool known_negative(const ir_extent *e)
{
    int64_t value;
    return e && ir_extent_is_const(e, &value) && value < 0;
}

/* What a slice takes lies within the tensor, what a pad holds within its result. */
static bool keeps_within(ir_module *m, const ir_op *op, int axis, const ir_extent *start)
{
    const ir_extent *x = op->args[0]->type->dims[axis], *y = op->type->dims[axis];
    const ir_extent *part = op->code == IR_OP_slice ? y : x, *whole = op->code == IR_OP_slice ? x : y;
    return !known_negative(start) && !known_negative(ir_extent_sub(m, whole, ir_extent_add(m, start, part)));
}

/* The attribute of an op that holds extents; NULL: it has none. */
static const char *extents_key(const ir_op *op)
{
    static const char *const keys[] = {"from", "before", "value"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (ir_get_str(op, keys[i], NULL)) return keys[i];
    return NULL;
}

bool fe_substitute_starts(fe_walk *w, fe_span at, ir_op *op)
{
    ir_module *m = w->c->module;
    const ir_extent *extents[IR_MAX_RANK];
    const char *key = extents_key(op);
    if (!key) return true;
    const bool moves = op->code == IR_OP_slice || op->code == IR_OP_pad;
    const int count = op->code == IR_OP_pad ? op->type->rank : ir_attr_find(op, "stride") ? 2 : 1;
    const int first = op->code == IR_OP_slice ? (int)ir_get_int(op, "axis", 0) : 0;
    bool good = ir_get_extents(m, op, key, count, extents);
    for (int i = 0; i < count && good; i++) {
        extents[i] = fe_substitute(w->c, extents[i]);
        good = extents[i] && (!moves || keeps_within(m, op, first + i, extents[i]));
    }
    if (good) {
        ir_set_extents(m, op, key, count, extents);
        return true;
    }
    fe_error(w->c, at, moves ? "with the dims of this call, %s goes beyond the extents of its tensor"
                             : "with the dims of this call, %s overflows or does not divide", ir_info(op->code)->name);
    ir_report(m->diags, IR_NOTE, op->loc, "of this operation, %s", fe_type_text(w, op->type));
    return false;
}
