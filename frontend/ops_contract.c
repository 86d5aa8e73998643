/* ops_contract: linear, matmul, convolutions, norms and softmax: where a weight may differ in dtype. */
#include "frontend/checks.h"

#include <string.h>

static bool is_plain_int(const fe_value *v) { return v->quantity == FE_PLAIN && !ir_is_float(v->type->dtype); }

/* Of a sum of products: x's; quantised ones give f32, plain integers i32. */
static ir_dtype sum_dtype(const fe_value *x) {
    if (x->quantity != FE_PLAIN) return IR_F32;
    return is_plain_int(x) ? IR_I32 : x->type->dtype;
}

static bool check_x(fe_call *call, const fe_bound *x) {
    if (x->value.quantity == FE_SCALED_WEIGHT) return fe_require_plain(call->w, x->at, "x", &x->value);
    return fe_require_class(call->w, x->at, call->builtin->name, x->value.type->dtype, FE_NUMBERS);
}

/* The bias of a contraction: one number for each output, added to the finished sum. */
static bool check_bias(fe_call *call, const fe_bound *b, const ir_extent *outputs) {
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

bool fe_check_linear(fe_call *call) {
    const fe_bound *x = &call->args[0], *weight = &call->args[1];
    if (!check_x(call, x) || !fe_require_rank(call, x, "x", 1, IR_MAX_RANK) ||
        !fe_require_rank(call, weight, "w", 2, 2))
        return false;
    const ir_type *t = x->value.type, *wt = weight->value.type;
    if (!fe_matches_dtype(call, x, weight, "w") ||
        !fe_same_extent(call, weight->at, "the last axis of x", t->dims[t->rank - 1], "that of w", wt->dims[1]) ||
        !check_bias(call, &call->args[2], wt->dims[0]))
        return false;
    const ir_extent *dims[IR_MAX_RANK];
    memcpy(dims, t->dims, sizeof dims);
    dims[t->rank - 1] = wt->dims[0];
    call->type = fe_tensor(call->w, call->expr->at, sum_dtype(&x->value), t->rank, dims);
    return call->type != NULL;
}

/* The axes in front of the last two broadcast. */
static bool batch_axes(fe_call *call, const ir_type *a, const ir_type *b, int rank, const ir_extent **dims) {
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

static bool matmul_dtypes(fe_call *call, const fe_bound *a, const fe_bound *b, ir_dtype *dtype) {
    bool swap = a->value.weight && !b->value.weight;
    const fe_bound *x = swap ? b : a, *weight = swap ? a : b;
    *dtype = sum_dtype(&x->value);
    return check_x(call, x) && fe_matches_dtype(call, x, weight, swap ? "a" : "b");
}

bool fe_check_matmul(fe_call *call) {
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

bool fe_check_softmax(fe_call *call) {
    const fe_bound *x = &call->args[0];
    call->type = x->value.type;
    return fe_require_class(call->w, x->at, "softmax", call->type->dtype, FE_FLOATS) &&
           fe_require_rank(call, x, "x", 1, IR_MAX_RANK);
}

bool fe_check_norm(fe_call *call) {
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

/* ---- windows: convolutions and pooling. Arguments: x, w or size, ..., then stride, dilation, pad ---- */

/* floor(a / b) = ceil((a - b + 1) / b) for a constant or symbolic a. */
static const ir_extent *floor_div(ir_module *m, const ir_extent *a, const ir_extent *b) {
    int64_t x, y;
    if (!a || fe_extent_is(b, 1)) return a;
    if (ir_extent_is_const(a, &x) && ir_extent_is_const(b, &y)) return ir_extent_const(m, x / y - (x % y < 0));
    return ir_extent_ceildiv(m, ir_extent_add(m, ir_extent_sub(m, a, b), ir_extent_const(m, 1)), b);
}

/* floor((in + pads - (k - 1) * dilation - 1) / stride) + 1, or with pad=same ceil(in / stride). axis 0: height. */
static const ir_extent *window_count(fe_call *call, int axis, const ir_extent *in, const ir_extent *k,
                                     const ir_extent *stride, const ir_extent *dilation, const fe_bound *pad) {
    ir_module *m = call->w->c->module;
    const ir_extent *one = ir_extent_const(m, 1);
    if (pad->same) return ir_extent_ceildiv(m, in, stride);
    const ir_extent *pads = ir_extent_add(m, pad->extents[axis ? 2 : 0], pad->extents[axis ? 3 : 1]);
    const ir_extent *reach = ir_extent_mul(m, ir_extent_sub(m, k, one), dilation);
    const ir_extent *room = ir_extent_sub(m, ir_extent_sub(m, ir_extent_add(m, in, pads), reach), one);
    return ir_extent_add(m, floor_div(m, room, stride), one);
}

static bool check_convolution(fe_call *call, const ir_extent *kh, const ir_extent *kw, const ir_extent *outputs) {
    const fe_bound *x = &call->args[0], *stride = &call->args[3], *dilation = &call->args[4], *pad = &call->args[5];
    const ir_type *t = x->value.type;
    if (!check_bias(call, &call->args[2], outputs)) return false;
    const ir_extent *dims[4] = {
        t->dims[0],
        window_count(call, 0, t->dims[1], kh, stride->extents[0], dilation->extents[0], pad),
        window_count(call, 1, t->dims[2], kw, stride->extents[1], dilation->extents[1], pad),
        outputs,
    };
    call->type = fe_tensor(call->w, call->expr->at, sum_dtype(&x->value), 4, dims);
    return call->type != NULL;
}

bool fe_check_conv2d(fe_call *call) {
    const fe_bound *x = &call->args[0], *weight = &call->args[1];
    if (!check_x(call, x) || !fe_require_rank(call, x, "x [n, h, w, c]", 4, 4) ||
        !fe_require_rank(call, weight, "w [out, kh, kw, in]", 4, 4) || !fe_matches_dtype(call, x, weight, "w"))
        return false;
    const ir_extent *const *dims = weight->value.type->dims;
    return fe_same_extent(call, weight->at, "the channels of x", x->value.type->dims[3], "the inputs of w", dims[3]) &&
           check_convolution(call, dims[1], dims[2], dims[0]);
}

bool fe_check_depthwise_conv2d(fe_call *call) {
    const fe_bound *x = &call->args[0], *weight = &call->args[1];
    if (!check_x(call, x) || !fe_require_rank(call, x, "x [n, h, w, c]", 4, 4) ||
        !fe_require_rank(call, weight, "w [kh, kw, c]", 3, 3) || !fe_matches_dtype(call, x, weight, "w"))
        return false;
    const ir_extent *const *dims = weight->value.type->dims;
    return fe_same_extent(call, weight->at, "the channels of x", x->value.type->dims[3], "those of w", dims[2]) &&
           check_convolution(call, dims[0], dims[1], dims[2]);
}

bool fe_check_pool(fe_call *call) {
    const fe_bound *x = &call->args[0], *size = &call->args[1], *pad = &call->args[3];
    const fe_bound *stride = call->args[2].given ? &call->args[2] : size;
    const ir_type *t = x->value.type;
    const ir_extent *one = ir_extent_const(call->w->c->module, 1);
    if (!fe_require_rank(call, x, "x [n, h, w, c]", 4, 4) ||
        !fe_require_class(call->w, x->at, call->builtin->name, t->dtype, FE_NUMBERS))
        return false;
    const ir_extent *dims[4] = {
        t->dims[0],
        window_count(call, 0, t->dims[1], size->extents[0], stride->extents[0], one, pad),
        window_count(call, 1, t->dims[2], size->extents[1], stride->extents[1], one, pad),
        t->dims[3],
    };
    call->type = fe_tensor(call->w, call->expr->at, t->dtype, 4, dims);
    return call->type != NULL;
}

bool fe_check_average_pool(fe_call *call) {
    return fe_require_class(call->w, call->args[0].at, "avgpool2d", call->args[0].value.type->dtype, FE_FLOATS) &&
           fe_check_pool(call);
}
