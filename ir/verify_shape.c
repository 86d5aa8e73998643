/* verify_shape: rules of the graph ops that move elements. Extents are equal exactly when their pointers are; an order of
 * extents that no constant decides (from within the axis, not more padding than there is room) is checked at the call. */
#include "ir/verify.h"

/* The result is a plain tensor of argument i's dtype. */
static bool check_moved(ir_verifier *v, const ir_op *op, int i)
{
    const ir_type *x = op->args[i]->type, *y = op->type;
    if (x->kind != IR_TENSOR || y->kind != IR_TENSOR) return ir_verify_fail(v, op, "no tensors");
    if (x->dtype != y->dtype) return ir_verify_fail(v, op, "argument %d has another dtype than the result", i);
    return !y->storage || ir_verify_fail(v, op, "a result with a storage");
}

/* The extents of all axes but `without` agree. */
static bool check_extents(ir_verifier *v, const ir_op *op, int i, int without)
{
    const ir_type *x = op->args[i]->type, *y = op->type;
    if (x->rank != y->rank) return ir_verify_fail(v, op, "argument %d has another rank than the result", i);
    for (int axis = 0; axis < x->rank; axis++)
        if (axis != without && x->dims[axis] != y->dims[axis])
            return ir_verify_fail(v, op, "axis %d of argument %d is not that of the result", axis, i);
    return true;
}

static int axis_of(const ir_op *op)
{
    int64_t axis = ir_get_int(op, "axis", -1);
    return axis >= 0 && axis < op->type->rank ? (int)axis : -1;
}

/* ---- reshape ---- */

/* NULL: over 2^63. */
static const ir_extent *product(ir_module *m, const ir_type *t, int without)
{
    const ir_extent *p = ir_extent_const(m, 1);
    for (int i = 0; i < t->rank; i++)
        if (i != without) p = ir_extent_mul(m, p, t->dims[i]);
    return p;
}

/* One extent is what is left of the elements when all others are divided out. */
static bool divides_out(ir_module *m, const ir_extent *elements, const ir_type *t)
{
    for (int i = 0; i < t->rank; i++)
        if (ir_extent_div(m, elements, product(m, t, i)) == t->dims[i]) return true;
    return false;
}

bool ir_verify_reshape(ir_verifier *v, const ir_op *op)
{
    if (!check_moved(v, op, 0)) return false;
    ir_module *m = v->types;
    const ir_type *x = op->args[0]->type, *y = op->type;
    const ir_extent *have = product(m, x, -1), *want = product(m, y, -1);
    bool same = have && want && (have == want || divides_out(m, have, y) || divides_out(m, want, x));
    return same || ir_verify_fail(v, op, "%s elements become %s", have ? ir_extent_text(have) : "too many",
                                  want ? ir_extent_text(want) : "too many");
}

/* ---- the others ---- */

bool ir_verify_transpose(ir_verifier *v, const ir_op *op)
{
    if (!check_moved(v, op, 0)) return false;
    const ir_type *x = op->args[0]->type, *y = op->type;
    const ir_attr *perm = ir_attr_find(op, "perm");
    unsigned seen = 0;
    if (perm->count != x->rank || y->rank != x->rank)
        return ir_verify_fail(v, op, "%d axes of %d are ordered into %d", perm->count, x->rank, y->rank);
    for (int i = 0; i < perm->count; i++) {
        int64_t axis = perm->ints[i];
        if (axis < 0 || axis >= x->rank || seen >> axis & 1) return ir_verify_fail(v, op, "perm is no permutation");
        seen |= 1u << axis;
        if (y->dims[i] != x->dims[axis]) return ir_verify_fail(v, op, "axis %d of the result is not axis %d", i, (int)axis);
    }
    return true;
}

bool ir_verify_concat(ir_verifier *v, const ir_op *op)
{
    ir_module *m = v->types;
    const ir_extent *sum = ir_extent_const(m, 0);
    int axis = axis_of(op);
    if (axis < 0) return ir_verify_fail(v, op, "the result has no axis %lld", (long long)ir_get_int(op, "axis", -1));
    for (int i = 0; i < op->nargs; i++) {
        if (!check_moved(v, op, i) || !check_extents(v, op, i, axis)) return false;
        sum = ir_extent_add(m, sum, op->args[i]->type->dims[axis]);
    }
    return sum == op->type->dims[axis] || ir_verify_fail(v, op, "axis %d of the arguments makes %s, not %s", axis,
                                                         sum ? ir_extent_text(sum) : "too much",
                                                         ir_extent_text(op->type->dims[axis]));
}

static bool known_negative(const ir_extent *e)
{
    int64_t value;
    return e && ir_extent_is_const(e, &value) && value < 0;
}

/* The extents of the attribute: right, declared, and none known to be negative. */
bool ir_verify_starts(ir_verifier *v, const ir_op *op, const char *key, int count, const ir_extent **out)
{
    if (!ir_get_extents(v->types, op, key, count, out))
        return ir_verify_fail(v, op, "%s is not %d extent%s", key, count, count == 1 ? "" : "s");
    for (int i = 0; i < count; i++) {
        if (!ir_verify_extent(v, op, out[i])) return false;
        if (known_negative(out[i])) return ir_verify_fail(v, op, "%s is negative", key);
    }
    return true;
}

/* A part of size elements from start on lies within the whole, as far as constants tell. */
static bool may_fit(ir_module *m, const ir_extent *start, const ir_extent *size, const ir_extent *whole)
{
    const ir_extent *rest = ir_extent_sub(m, whole, ir_extent_add(m, start, size));
    return rest && !known_negative(rest);
}

bool ir_verify_extent_value(ir_verifier *v, const ir_op *op)
{
    const ir_extent *value;
    if (!ir_get_extents(v->types, op, "value", 1, &value)) return ir_verify_fail(v, op, "value is not 1 extent");
    if (op->type->kind != IR_TENSOR || op->type->rank || op->type->storage)
        return ir_verify_fail(v, op, "the result is no scalar");
    return ir_verify_extent(v, op, value);
}

bool ir_verify_require(ir_verifier *v, const ir_op *op)
{
    const ir_extent *value;
    if (v->depth) return ir_verify_fail(v, op, "inside a body");
    if (!ir_get_extents(v->types, op, "value", 1, &value)) return ir_verify_fail(v, op, "value is not 1 extent");
    if (ir_get_int(op, "step", 1) < 1) return ir_verify_fail(v, op, "step is under 1");
    return ir_verify_extent(v, op, value);
}

bool ir_verify_slice(ir_verifier *v, const ir_op *op)
{
    const ir_extent *from;
    int axis = axis_of(op);
    if (axis < 0) return ir_verify_fail(v, op, "the result has no axis %lld", (long long)ir_get_int(op, "axis", -1));
    if (!check_moved(v, op, 0) || !check_extents(v, op, 0, axis) || !ir_verify_starts(v, op, "from", 1, &from)) return false;
    return may_fit(v->types, from, op->type->dims[axis], op->args[0]->type->dims[axis]) ||
           ir_verify_fail(v, op, "it ends behind the axis");
}

bool ir_verify_take(ir_verifier *v, const ir_op *op)
{
    const ir_attr *kept = ir_attr_find(op, "kept");
    const int axis = axis_of(op);
    int64_t extent, taken;
    if (v->func->form != IR_CONSTANT) return ir_verify_fail(v, op, "stands in constants only");
    if (axis < 0) return ir_verify_fail(v, op, "the result has no axis %lld", (long long)ir_get_int(op, "axis", -1));
    if (!check_moved(v, op, 0) || !check_extents(v, op, 0, axis)) return false;
    if (!ir_extent_is_const(op->args[0]->type->dims[axis], &extent) || !ir_extent_is_const(op->type->dims[axis], &taken) ||
        taken != kept->count)
        return ir_verify_fail(v, op, "the result's extent is not the number of places");
    for (int i = 0; i < kept->count; i++)
        if (kept->ints[i] < 0 || kept->ints[i] >= extent || (i && kept->ints[i] <= kept->ints[i - 1]))
            return ir_verify_fail(v, op, "place %d of kept is out of order or range", i);
    return true;
}

bool ir_verify_pad(ir_verifier *v, const ir_op *op)
{
    const ir_type *x = op->args[0]->type, *y = op->type;
    const ir_extent *before[IR_MAX_RANK];
    if (!check_moved(v, op, 0)) return false;
    if (x->rank != y->rank) return ir_verify_fail(v, op, "argument 0 has another rank than the result");
    if (!ir_verify_starts(v, op, "before", x->rank, before)) return false;
    for (int i = 0; i < x->rank; i++)
        if (!may_fit(v->types, before[i], x->dims[i], y->dims[i]))
            return ir_verify_fail(v, op, "axis %d of the result has no room", i);
    return true;
}
