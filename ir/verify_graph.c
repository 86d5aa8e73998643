/* verify_graph: rules of graph ops, and broadcasting. Extents are equal exactly when their pointers are. */
#include "ir/verify.h"

#include <string.h>

static bool same_shape(const ir_type *a, const ir_type *b)
{
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i]) return false;
    return true;
}

static bool is_one(const ir_extent *e)
{
    int64_t n;
    return ir_extent_is_const(e, &n) && n == 1;
}

/* The extent of the type at an axis counted from the last; NULL beyond the first. */
static const ir_extent *from_last(const ir_type *type, int axis)
{
    return axis < type->rank ? type->dims[type->rank - 1 - axis] : NULL;
}

/* Axis by axis from the last: every argument has the result's extent, 1 or no axis; not all are stretched. skip: how many
 * of the last axes to leave out (a matmul's). */
static bool broadcasts(const ir_op *op, int first, int skip)
{
    int rank = 0;
    for (int a = first; a < op->nargs; a++)
        if (op->args[a]->type->rank > rank) rank = op->args[a]->type->rank;
    if (op->type->rank != rank) return false;
    for (int axis = skip; axis < rank; axis++) {
        bool met = false;
        for (int a = first; a < op->nargs; a++) {
            const ir_extent *e = from_last(op->args[a]->type, axis);
            if (e == from_last(op->type, axis)) met = true;
            else if (e && !is_one(e)) return false;
        }
        if (!met) return false;
    }
    return true;
}

bool ir_verify_broadcast(ir_verifier *v, const ir_op *op, int first)
{
    for (int i = first; i < op->nargs; i++) {
        const ir_type *type = op->args[i]->type;
        if (type->kind != op->type->kind) return ir_verify_fail(v, op, "argument %d is of another kind than the result", i);
        if (type->kind != IR_TENSOR && type->lanes != op->type->lanes)
            return ir_verify_fail(v, op, "argument %d has other lanes than the result", i);
    }
    if (op->type->kind == IR_TENSOR) return broadcasts(op, first, 0) || ir_verify_fail(v, op, "shapes do not broadcast");
    bool plain = op->type->kind == IR_SCALAR || op->type->kind == IR_VECTOR;
    return plain || ir_verify_fail(v, op, "neither tensors nor scalars nor vectors");
}

bool ir_verify_input(ir_verifier *v, const ir_op *op)
{
    if (v->depth) return ir_verify_fail(v, op, "inside a body");
    if (op->type->storage) return ir_verify_fail(v, op, "an input with a storage");
    return ir_verify_unique(v, op);
}

bool ir_verify_weight(ir_verifier *v, const ir_op *op)
{
    return !v->depth || ir_verify_fail(v, op, "inside a body");
}

bool ir_verify_output(ir_verifier *v, const ir_op *op)
{
    if (v->depth) return ir_verify_fail(v, op, "inside a body");
    if (op->args[0]->type->kind != IR_TENSOR) return ir_verify_fail(v, op, "no tensor");
    return ir_verify_unique(v, op);
}

bool ir_verify_fused(ir_verifier *v, const ir_op *op)
{
    if (v->depth) return ir_verify_fail(v, op, "inside a body");
    const ir_op *last = op->body.last;
    if (!last) return ir_verify_fail(v, op, "the body is empty");
    if (!last->type || last->type->kind != IR_TENSOR) return ir_verify_fail(v, op, "the body's last op has no value");
    return last->type == op->type || ir_verify_fail(v, op, "the body's last op has type %s instead of %s",
                                                    ir_print_type(last->type, v->module->arena),
                                                    ir_print_type(op->type, v->module->arena));
}

/* The storage of an argument may be chosen after its uses were written. */
bool ir_verify_arg(ir_verifier *v, const ir_op *op)
{
    int64_t n = ir_get_int(op, "n", -1);
    if (!v->fused) return ir_verify_fail(v, op, "outside fused");
    if (n < 0 || n >= v->fused->nargs) return ir_verify_fail(v, op, "the fused op has no argument %lld", (long long)n);
    const ir_type *type = v->fused->args[n]->type;
    bool same = type->kind == op->type->kind && type->dtype == op->type->dtype && same_shape(type, op->type);
    return same || ir_verify_fail(v, op, "of another type than the argument %lld of the fused op", (long long)n);
}

bool ir_verify_contraction_dtype(ir_verifier *v, const ir_op *op)
{
    const ir_type *x = op->args[0]->type;
    if (ir_is_float(x->dtype) != ir_is_float(op->type->dtype) && ir_is_float(x->dtype))
        return ir_verify_fail(v, op, "an integer result of a float argument");
    return (op->type->dtype != IR_BOOL && x->dtype != IR_BOOL) || ir_verify_fail(v, op, "of bool");
}

bool ir_verify_linear(ir_verifier *v, const ir_op *op)
{
    const ir_type *x = op->args[0]->type, *w = op->args[1]->type, *y = op->type;
    if (x->kind != IR_TENSOR || w->kind != IR_TENSOR) return ir_verify_fail(v, op, "no tensors");
    if (w->rank != 2) return ir_verify_fail(v, op, "the weight has rank %d", w->rank);
    if (x->rank < 1 || y->rank != x->rank) return ir_verify_fail(v, op, "the result's rank is not the argument's");
    if (from_last(x, 0) != w->dims[1]) return ir_verify_fail(v, op, "the last axis of x is not the last of w");
    if (from_last(y, 0) != w->dims[0]) return ir_verify_fail(v, op, "the last axis of the result is not the first of w");
    for (int i = 0; i + 1 < x->rank; i++)
        if (x->dims[i] != y->dims[i]) return ir_verify_fail(v, op, "axis %d of x is not that of the result", i);
    if (op->nargs == 3) {
        const ir_type *b = op->args[2]->type;
        if (b->kind != IR_TENSOR || b->rank != 1 || b->dims[0] != w->dims[0])
            return ir_verify_fail(v, op, "the bias is not [out]");
    }
    return ir_verify_contraction_dtype(v, op);
}

bool ir_verify_matmul(ir_verifier *v, const ir_op *op)
{
    const ir_type *a = op->args[0]->type, *b = op->args[1]->type, *y = op->type;
    if (a->kind != IR_TENSOR || b->kind != IR_TENSOR) return ir_verify_fail(v, op, "no tensors");
    if (a->rank < 2 || b->rank < 2 || y->rank < 2) return ir_verify_fail(v, op, "an argument of rank under 2");
    if (from_last(a, 0) != from_last(b, 1)) return ir_verify_fail(v, op, "the inner extents differ");
    if (from_last(y, 1) != from_last(a, 1) || from_last(y, 0) != from_last(b, 0))
        return ir_verify_fail(v, op, "the result is not [..., m, n]");
    if (!broadcasts(op, 0, 2)) return ir_verify_fail(v, op, "the leading axes do not broadcast");
    return ir_verify_contraction_dtype(v, op);
}
