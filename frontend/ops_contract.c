/* ops_contract: linear, matmul, norms and softmax: where a weight may differ in dtype. */
#include "frontend/checks.h"

#include <string.h>

static bool is_plain_int(const fe_value *v) { return v->quantity == FE_PLAIN && !ir_is_float(v->type->dtype); }

ir_dtype fe_sum_dtype(const fe_value *x)
{
    if (x->quantity != FE_PLAIN) return IR_F32;
    return is_plain_int(x) ? IR_I32 : x->type->dtype;
}

bool fe_check_x(fe_call *call, const fe_bound *x)
{
    if (x->value.quantity == FE_SCALED_WEIGHT) return fe_require_plain(call->w, x->at, "x", &x->value);
    return fe_require_class(call->w, x->at, call->builtin->name, x->value.type->dtype, FE_NUMBERS);
}

bool fe_check_bias(fe_call *call, const fe_bound *b, const ir_extent *outputs)
{
    if (!b->given) return true;
    const fe_bound *x = &call->args[0];
    fe_bound sum = *x;
    if (x->value.quantity == FE_QUANTISED) {
        sum.value.quantity = FE_PLAIN;
        sum.value.type = ir_type_with_dtype(call->w->c->module, x->value.type, IR_F32);
    }
    return fe_require_rank(call, b, "b", 1, 1) && fe_matches_dtype(call, &sum, b, "b") &&
           fe_same_extent(call, b->at, "the length of b", b->value.type->dims[0], "the number of outputs", outputs);
}

bool fe_check_linear(fe_call *call)
{
    const fe_bound *x = &call->args[0], *weight = &call->args[1];
    if (!fe_check_x(call, x) || !fe_require_rank(call, x, "x", 1, IR_MAX_RANK) ||
        !fe_require_rank(call, weight, "w", 2, 2))
        return false;
    const ir_type *t = x->value.type, *wt = weight->value.type;
    if (!fe_matches_dtype(call, x, weight, "w") ||
        !fe_same_extent(call, weight->at, "the last axis of x", t->dims[t->rank - 1], "that of w [out, in]", wt->dims[1]) ||
        !fe_check_bias(call, &call->args[2], wt->dims[0]))
        return false;
    const ir_extent *dims[IR_MAX_RANK];
    memcpy(dims, t->dims, sizeof dims);
    dims[t->rank - 1] = wt->dims[0];
    call->type = fe_tensor(call->w, call->expr->at, fe_sum_dtype(&x->value), t->rank, dims);
    return call->type != NULL;
}

/* The axes in front of the last two broadcast. */
static bool batch_axes(fe_call *call, const ir_type *a, const ir_type *b, int rank, const ir_extent **dims)
{
    for (int i = 0; i < rank - 2; i++) {
        int ia = i - (rank - a->rank), ib = i - (rank - b->rank);
        const ir_extent *left = ia >= 0 ? a->dims[ia] : NULL, *right = ib >= 0 ? b->dims[ib] : NULL;
        if (!left || !right) dims[i] = left ? left : right;
        else if (fe_extent_is(left, 1)) dims[i] = right;
        else if (fe_extent_is(right, 1) || left == right) dims[i] = left;
        else
            return fe_refuse(call, call->expr->at, "the leading axes of %s and %s do not fit: %s",
                             fe_type_text(call->w, a), fe_type_text(call->w, b), fe_difference(call->w, right, left));
    }
    return true;
}

static bool matmul_dtypes(fe_call *call, const fe_bound *a, const fe_bound *b, ir_dtype *dtype)
{
    bool swap = a->value.weight && !b->value.weight;
    const fe_bound *x = swap ? b : a, *weight = swap ? a : b;
    *dtype = fe_sum_dtype(&x->value);
    return fe_check_x(call, x) && fe_matches_dtype(call, x, weight, swap ? "a" : "b");
}

bool fe_check_matmul(fe_call *call)
{
    const fe_bound *a = &call->args[0], *b = &call->args[1];
    ir_dtype dtype;
    const ir_extent *dims[IR_MAX_RANK];
    if (!fe_require_rank(call, a, "a", 2, IR_MAX_RANK) || !fe_require_rank(call, b, "b", 2, IR_MAX_RANK) ||
        !matmul_dtypes(call, a, b, &dtype))
        return false;
    const ir_type *at = a->value.type, *bt = b->value.type;
    int rank = at->rank > bt->rank ? at->rank : bt->rank;
    if (!fe_same_extent(call, b->at, "the last axis of a", at->dims[at->rank - 1], "the last but one of b",
                        bt->dims[bt->rank - 2]) ||
        !batch_axes(call, at, bt, rank, dims))
        return false;
    dims[rank - 2] = at->dims[at->rank - 2];
    dims[rank - 1] = bt->dims[bt->rank - 1];
    call->type = fe_tensor(call->w, call->expr->at, dtype, rank, dims);
    return call->type != NULL;
}

bool fe_check_softmax(fe_call *call)
{
    const fe_bound *x = &call->args[0];
    call->type = x->value.type;
    return fe_require_class(call->w, x->at, "softmax", call->type->dtype, FE_FLOATS) &&
           fe_require_rank(call, x, "x", 1, IR_MAX_RANK);
}

bool fe_check_norm(fe_call *call)
{
    const fe_bound *x = &call->args[0];
    if (!fe_check_softmax(call)) return false;
    const ir_extent *last = call->type->dims[call->type->rank - 1];
    for (int i = 1; i < call->builtin->count && call->builtin->params[i].kind == FE_PARAM_tensor; i++) {
        const fe_bound *b = &call->args[i];
        const char *name = call->builtin->params[i].name;
        if (!b->given) continue;
        if (!fe_require_rank(call, b, name, 1, 1) || !fe_matches_dtype(call, x, b, name) ||
            !fe_same_extent(call, b->at, "its length", b->value.type->dims[0], "the last axis of x", last))
            return false;
    }
    return true;
}
