/* verify_values: rules of ops on values: elementwise ones of all levels, and those on scalars and vectors. */
#include "ir/verify.h"

#include <math.h>

bool ir_is_index(const ir_op *op) { return op->type->kind == IR_SCALAR && op->type->dtype == IR_INDEX; }

static bool is_plain(const ir_type *t) { return t->kind == IR_SCALAR || t->kind == IR_VECTOR; }

static char class_of(const ir_op *op) { return ir_dtype_of(op->type->dtype)->class; }

static bool is_integer(const ir_op *op) { return class_of(op) == 'S' || class_of(op) == 'U'; }

/* Arguments from first on and the result share a dtype, and shapes fit. */
static bool check_same_dtype(ir_verifier *v, const ir_op *op, int first)
{
    for (int i = first; i < op->nargs; i++)
        if (op->args[i]->type->dtype != op->type->dtype)
            return ir_verify_fail(v, op, "argument %d has another dtype than the result", i);
    return ir_verify_broadcast(v, op, first);
}

bool ir_verify_arithmetic(ir_verifier *v, const ir_op *op)
{
    if (class_of(op) == 'B') return ir_verify_fail(v, op, "arithmetic on bool");
    return check_same_dtype(v, op, 0);
}

bool ir_verify_float(ir_verifier *v, const ir_op *op)
{
    if (class_of(op) != 'F') return ir_verify_fail(v, op, "not of a float dtype");
    return check_same_dtype(v, op, 0);
}

bool ir_verify_integer(ir_verifier *v, const ir_op *op)
{
    if (!is_integer(op)) return ir_verify_fail(v, op, "not of an integer dtype");
    return check_same_dtype(v, op, 0);
}

bool ir_verify_bitwise(ir_verifier *v, const ir_op *op)
{
    if (class_of(op) == 'F') return ir_verify_fail(v, op, "bitwise on floats");
    return check_same_dtype(v, op, 0);
}

bool ir_verify_comparison(ir_verifier *v, const ir_op *op)
{
    if (op->type->dtype != IR_BOOL) return ir_verify_fail(v, op, "the result is not bool");
    if (op->args[0]->type->dtype != op->args[1]->type->dtype) return ir_verify_fail(v, op, "the arguments differ in dtype");
    return ir_verify_broadcast(v, op, 0);
}

bool ir_verify_select(ir_verifier *v, const ir_op *op)
{
    if (op->args[0]->type->dtype != IR_BOOL) return ir_verify_fail(v, op, "the condition is not bool");
    for (int i = 1; i < 3; i++)
        if (op->args[i]->type->dtype != op->type->dtype)
            return ir_verify_fail(v, op, "argument %d has another dtype than the result", i);
    return ir_verify_broadcast(v, op, 0);
}

bool ir_verify_cast(ir_verifier *v, const ir_op *op) { return ir_verify_broadcast(v, op, 0); }

bool ir_verify_const(ir_verifier *v, const ir_op *op)
{
    const ir_attr *a = ir_attr_find(op, "value");
    if (!is_plain(op->type) && op->type->kind != IR_TENSOR) return ir_verify_fail(v, op, "no scalar, vector or tensor");
    bool fraction = a->kind == IR_ATTR_FLOAT && class_of(op) != 'F';
    return !fraction || ir_verify_fail(v, op, "a float value of an integer type");
}

/* ---- vectors ---- */

static int64_t bits_of(const ir_type *t)
{
    return (int64_t)ir_lanes(t) * (t->dtype == IR_I4 ? 4 : 8 * ir_dtype_of(t->dtype)->bytes);
}

bool ir_verify_bitcast(ir_verifier *v, const ir_op *op)
{
    const ir_type *from = op->args[0]->type;
    if (!is_plain(from) || !is_plain(op->type)) return ir_verify_fail(v, op, "no scalar or vector");
    if (from->dtype == IR_BOOL || op->type->dtype == IR_BOOL) return ir_verify_fail(v, op, "bool has no fixed bits");
    return bits_of(from) == bits_of(op->type) || ir_verify_fail(v, op, "of another size");
}

bool ir_verify_splat(ir_verifier *v, const ir_op *op)
{
    const ir_type *from = op->args[0]->type;
    if (from->kind != IR_SCALAR || op->type->kind != IR_VECTOR) return ir_verify_fail(v, op, "not from scalar to vector");
    return from->dtype == op->type->dtype || ir_verify_fail(v, op, "changes the dtype");
}

bool ir_verify_iota(ir_verifier *v, const ir_op *op)
{
    bool right = op->type->kind == IR_VECTOR && is_integer(op);
    return right || ir_verify_fail(v, op, "not an integer vector");
}

static bool check_lane(ir_verifier *v, const ir_op *op)
{
    int64_t lane = ir_get_int(op, "lane", -1);
    if (op->args[0]->type->kind != IR_VECTOR) return ir_verify_fail(v, op, "not on a vector");
    bool right = lane >= 0 && lane < op->args[0]->type->lanes;
    return right || ir_verify_fail(v, op, "the vector has no lane %lld", (long long)lane);
}

bool ir_verify_extract(ir_verifier *v, const ir_op *op) { return check_lane(v, op); }

bool ir_verify_insert(ir_verifier *v, const ir_op *op)
{
    const ir_type *element = op->args[1]->type;
    if (!check_lane(v, op)) return false;
    bool right = element->kind == IR_SCALAR && element->dtype == op->type->dtype;
    return right || ir_verify_fail(v, op, "the element is not a scalar of the vector's dtype");
}

bool ir_verify_shuffle(ir_verifier *v, const ir_op *op)
{
    const ir_type *a = op->args[0]->type;
    const ir_attr *mask = ir_attr_find(op, "mask");
    if (!is_plain(a) || a != op->args[1]->type) return ir_verify_fail(v, op, "the arguments differ in type");
    if (!is_plain(op->type) || op->type->dtype != a->dtype) return ir_verify_fail(v, op, "changes the dtype");
    if (mask->count != ir_lanes(op->type)) return ir_verify_fail(v, op, "the mask has %d lanes", mask->count);
    for (int i = 0; i < mask->count; i++)
        if (mask->ints[i] < 0 || mask->ints[i] >= 2 * ir_lanes(a))
            return ir_verify_fail(v, op, "lane %lld of the mask is out of range", (long long)mask->ints[i]);
    return true;
}

bool ir_verify_permute(ir_verifier *v, const ir_op *op)
{
    const ir_type *a = op->args[0]->type;
    bool right = a->kind == IR_VECTOR && a->lanes == op->args[1]->type->lanes && is_integer(op->args[1]) &&
                 op->args[1]->type->kind == IR_VECTOR;
    return right || ir_verify_fail(v, op, "not a vector and an integer vector of as many lanes");
}

bool ir_verify_permute2(ir_verifier *v, const ir_op *op)
{
    const ir_type *a = op->args[0]->type, *index = op->args[2]->type;
    bool right = a->kind == IR_VECTOR && a == op->args[1]->type && index->kind == IR_VECTOR && a->lanes == index->lanes &&
                 is_integer(op->args[2]);
    return right || ir_verify_fail(v, op, "not two vectors of one type and an integer vector of as many lanes");
}

bool ir_verify_reduce(ir_verifier *v, const ir_op *op)
{
    bool right = op->args[0]->type->kind == IR_VECTOR && class_of(op) != 'B';
    return right || ir_verify_fail(v, op, "not on a vector of numbers");
}

bool ir_verify_tailmask(ir_verifier *v, const ir_op *op)
{
    if (!ir_is_index(op->args[0])) return ir_verify_fail(v, op, "the count is not an index");
    return (is_plain(op->type) && op->type->dtype == IR_BOOL) || ir_verify_fail(v, op, "the result is not bool");
}

bool ir_verify_opaque(ir_verifier *v, const ir_op *op)
{
    return is_plain(op->type) || op->type->kind == IR_BUFFER || ir_verify_fail(v, op, "no scalar or vector");
}
