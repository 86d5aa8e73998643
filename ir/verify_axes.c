/* verify_axes: rules of the graph ops that work along axes: softmax, norms, reductions. */
#include "ir/verify.h"

static bool is_tensor(const ir_type *t) { return t->kind == IR_TENSOR; }

/* A float tensor with a last axis; the row of ops.def sees to the result. */
static bool check_last_axis(ir_verifier *v, const ir_op *op)
{
    const ir_type *x = op->args[0]->type;
    if (!is_tensor(x)) return ir_verify_fail(v, op, "argument 0 is no tensor");
    if (!ir_is_float(x->dtype)) return ir_verify_fail(v, op, "not of a float dtype");
    return x->rank >= 1 || ir_verify_fail(v, op, "a scalar has no last axis");
}

bool ir_verify_softmax(ir_verifier *v, const ir_op *op) { return check_last_axis(v, op); }

/* Scale and bias may be of another float dtype than the tensor. */
bool ir_verify_norm(ir_verifier *v, const ir_op *op)
{
    if (!check_last_axis(v, op)) return false;
    const ir_type *x = op->args[0]->type;
    for (int i = 1; i < op->nargs; i++) {
        const ir_type *t = op->args[i]->type;
        if (!is_tensor(t) || t->rank != 1 || t->dims[0] != x->dims[x->rank - 1])
            return ir_verify_fail(v, op, "argument %d is not [last axis]", i);
        if (!ir_is_float(t->dtype)) return ir_verify_fail(v, op, "argument %d is not of a float dtype", i);
    }
    double eps = ir_get_float(op, "eps", 0);
    return eps == eps || ir_verify_fail(v, op, "eps is not a number");
}

/* ---- reductions ---- */

/* The axes ascend and exist, at least one; what is left of the argument's extents is the result's. */
static bool check_axes(ir_verifier *v, const ir_op *op)
{
    const ir_type *x = op->args[0]->type, *y = op->type;
    const ir_attr *axes = ir_attr_find(op, "axes");
    if (!is_tensor(x) || !is_tensor(y)) return ir_verify_fail(v, op, "no tensors");
    if (axes->count < 1) return ir_verify_fail(v, op, "over no axis");
    int at = 0, left = 0;
    for (int i = 0; i < axes->count; i++) {
        if (axes->ints[i] < 0 || axes->ints[i] >= x->rank)
            return ir_verify_fail(v, op, "the argument has no axis %lld", (long long)axes->ints[i]);
        if (i && axes->ints[i] <= axes->ints[i - 1]) return ir_verify_fail(v, op, "the axes do not ascend");
    }
    for (int i = 0; i < x->rank; i++) {
        if (at < axes->count && axes->ints[at] == i) at++;
        else if (left < y->rank && y->dims[left] == x->dims[i]) left++;
        else return ir_verify_fail(v, op, "axis %d of the argument is not in the result", i);
    }
    if (y->storage) return ir_verify_fail(v, op, "a result with a storage");
    return left == y->rank || ir_verify_fail(v, op, "the result has %d axes instead of %d", y->rank, left);
}

static bool check_reduction(ir_verifier *v, const ir_op *op, ir_dtype result)
{
    if (ir_dtype_of(op->args[0]->type->dtype)->class == 'B') return ir_verify_fail(v, op, "of bool");
    if (op->type->dtype != result) return ir_verify_fail(v, op, "the result is not %s", ir_dtype_of(result)->name);
    return check_axes(v, op);
}

/* Integers of every width sum to i32. */
bool ir_verify_sum(ir_verifier *v, const ir_op *op)
{
    ir_dtype dtype = op->args[0]->type->dtype;
    return check_reduction(v, op, ir_is_float(dtype) ? dtype : IR_I32);
}

bool ir_verify_mean(ir_verifier *v, const ir_op *op)
{
    ir_dtype dtype = op->args[0]->type->dtype;
    if (!ir_is_float(dtype)) return ir_verify_fail(v, op, "not of a float dtype");
    return check_reduction(v, op, dtype);
}

bool ir_verify_amax(ir_verifier *v, const ir_op *op) { return check_reduction(v, op, op->args[0]->type->dtype); }

bool ir_verify_argmax(ir_verifier *v, const ir_op *op)
{
    if (ir_attr_find(op, "axes")->count != 1) return ir_verify_fail(v, op, "not over one axis");
    return check_reduction(v, op, IR_I32);
}
