/* ops_shape: operations that move elements or reduce axes: shapes, reductions, images. */
#include "frontend/checks.h"

#include <string.h>

static bool finish(fe_call *call, ir_dtype dtype, int rank, const ir_extent *const *dims)
{
    call->type = fe_tensor(call->w, call->expr->at, dtype, rank, dims);
    return call->type != NULL;
}

static const ir_extent *product(ir_module *m, int count, const ir_extent *const *dims, int without)
{
    const ir_extent *p = ir_extent_const(m, 1);
    for (int i = 0; i < count; i++)
        if (i != without) p = ir_extent_mul(m, p, dims[i]);
    return p;
}

/* The place of the one -1; count: none; -1: reported. */
static int find_open(fe_call *call, const fe_bound *shape)
{
    int open = shape->count;
    for (int i = 0; i < shape->count; i++) {
        if (!fe_extent_is(shape->extents[i], -1)) continue;
        if (open < shape->count) {
            fe_refuse(call, shape->at, "only one extent may be -1");
            return -1;
        }
        open = i;
    }
    return open;
}

bool fe_check_reshape(fe_call *call)
{
    ir_module *m = call->w->c->module;
    const ir_type *t = call->args[0].value.type;
    const fe_bound *shape = &call->args[1];
    const ir_extent *dims[IR_MAX_RANK];
    int open = find_open(call, shape);
    if (open < 0) return false;
    memcpy(dims, shape->extents, sizeof dims);
    const ir_extent *have = product(m, t->rank, t->dims, -1), *want = product(m, shape->count, dims, open);
    if (!have || !want) return fe_refuse(call, shape->at, "the number of elements overflows 63 bits");
    if (open < shape->count) {
        dims[open] = ir_extent_div(m, have, want);
        if (!dims[open])
            return fe_refuse(call, shape->at, "%s elements cannot be split into parts of %s", ir_extent_text(have),
                             ir_extent_text(want));
    } else if (have != want) {
        return fe_refuse(call, shape->at, "%s has %s elements, this shape has %s; %s", fe_type_text(call->w, t),
                         ir_extent_text(have), ir_extent_text(want), fe_difference(call->w, have, want));
    }
    return finish(call, t->dtype, shape->count, dims);
}

/* Axes as a set of bits, each in range and named once. False: reported. */
static bool axis_set(fe_call *call, const fe_bound *b, int rank, unsigned *set)
{
    *set = 0;
    for (int i = 0; i < b->count; i++) {
        int axis = fe_axis(call, b->at, b->integers[i], rank);
        if (axis < 0) return false;
        if (*set >> axis & 1) return fe_refuse(call, b->at, "axis %d is named twice", axis);
        *set |= 1u << axis;
    }
    return true;
}

bool fe_check_transpose(fe_call *call)
{
    const ir_type *t = call->args[0].value.type;
    const fe_bound *order = &call->args[1];
    const ir_extent *dims[IR_MAX_RANK];
    unsigned set;
    if (!axis_set(call, order, t->rank, &set)) return false;
    if (order->count != t->rank)
        return fe_refuse(call, order->at, "the order names %d axes, but x is %s", order->count,
                         fe_type_text(call->w, t));
    for (int i = 0; i < t->rank; i++)
        dims[i] = t->dims[order->integers[i] < 0 ? order->integers[i] + t->rank : order->integers[i]];
    return finish(call, t->dtype, t->rank, dims);
}

bool fe_check_concat(fe_call *call)
{
    ir_module *m = call->w->c->module;
    const ir_type *first = call->rest[0].type;
    const fe_bound *by = &call->args[1];
    const ir_extent *dims[IR_MAX_RANK];
    int axis = fe_axis(call, by->at, by->integers[0], first->rank);
    if (axis < 0) return false;
    memcpy(dims, first->dims, sizeof dims);
    for (int i = 1; i < call->rest_count; i++) {
        const ir_type *t = call->rest[i].type;
        if (t->rank != first->rank || t->dtype != first->dtype)
            return fe_refuse(call, call->rest_at[i], "%s does not fit the first part, %s", fe_type_text(call->w, t),
                             fe_type_text(call->w, first));
        for (int j = 0; j < t->rank; j++)
            if (j != axis && !fe_same_extent(call, call->rest_at[i], ir_format(m->arena, "axis %d of this part", j),
                                             t->dims[j], "that of the first", first->dims[j]))
                return false;
        dims[axis] = ir_extent_add(m, dims[axis], t->dims[axis]);
        if (!dims[axis]) break;
    }
    return finish(call, first->dtype, first->rank, dims);
}

/* Whether a <= b may hold: false only where it is known not to. */
static bool may_not_exceed(ir_module *m, const ir_extent *a, const ir_extent *b)
{
    int64_t difference;
    const ir_extent *d = ir_extent_sub(m, b, a);
    return !d || !ir_extent_is_const(d, &difference) || difference >= 0;
}

bool fe_check_slice(fe_call *call)
{
    ir_module *m = call->w->c->module;
    const ir_type *t = call->args[0].value.type;
    const fe_bound *by = &call->args[1], *from = &call->args[2], *to = &call->args[3];
    int axis = fe_axis(call, by->at, by->integers[0], t->rank);
    if (axis < 0) return false;
    const ir_extent *extent = t->dims[axis], *dims[IR_MAX_RANK];
    const ir_extent *low = from->extents[0], *high = to->given ? to->extents[0] : extent;
    if (!may_not_exceed(m, ir_extent_const(m, 0), low) || !may_not_exceed(m, low, high) ||
        !may_not_exceed(m, high, extent))
        return fe_refuse(call, call->expr->at, "from %s to %s is not within 0 to %s, the extent of axis %d",
                         ir_extent_text(low), ir_extent_text(high), ir_extent_text(extent), axis);
    memcpy(dims, t->dims, sizeof dims);
    dims[axis] = ir_extent_sub(m, high, low);
    return finish(call, t->dtype, t->rank, dims);
}

bool fe_check_pad(fe_call *call)
{
    ir_module *m = call->w->c->module;
    const ir_type *t = call->args[0].value.type;
    const fe_bound *pads = &call->args[1];
    const ir_extent *dims[IR_MAX_RANK];
    if (pads->count != 2 * t->rank)
        return fe_refuse(call, pads->at, "%d pairs of pads for the %d axes of %s", pads->count / 2, t->rank,
                         fe_type_text(call->w, t));
    for (int i = 0; i < t->rank; i++)
        dims[i] = ir_extent_add(m, t->dims[i], ir_extent_add(m, pads->extents[2 * i], pads->extents[2 * i + 1]));
    return finish(call, t->dtype, t->rank, dims);
}

/* ---- reductions ---- */

static bool reduce(fe_call *call, fe_class class, ir_dtype dtype)
{
    const fe_bound *x = &call->args[0], *by = &call->args[1];
    const ir_type *t = x->value.type;
    const ir_extent *dims[IR_MAX_RANK];
    unsigned set = ~0u;
    int rank = 0;
    if (!fe_require_class(call->w, x->at, call->builtin->name, t->dtype, class)) return false;
    if (by->given && !axis_set(call, by, t->rank, &set)) return false;
    for (int i = 0; i < t->rank; i++)
        if (!(set >> i & 1)) dims[rank++] = t->dims[i];
    return finish(call, dtype, rank, dims);
}

bool fe_check_mean(fe_call *call) { return reduce(call, FE_FLOATS, call->args[0].value.type->dtype); }

bool fe_check_sum(fe_call *call)
{
    ir_dtype dtype = call->args[0].value.type->dtype;
    return reduce(call, FE_NUMBERS, ir_is_float(dtype) ? dtype : IR_I32);
}

bool fe_check_amax(fe_call *call) { return reduce(call, FE_NUMBERS, call->args[0].value.type->dtype); }

bool fe_check_argmax(fe_call *call)
{
    fe_bound *by = &call->args[1];
    by->count = by->given ? by->count : 1;
    by->given = true;
    return reduce(call, FE_NUMBERS, IR_I32);
}

/* ---- images ---- */

bool fe_check_resize(fe_call *call)
{
    const fe_bound *x = &call->args[0];
    const ir_type *t = x->value.type;
    if (!fe_require_rank(call, x, "x [n, h, w, c]", 4, 4) ||
        !fe_require_class(call->w, x->at, "resize_bilinear", t->dtype, FE_FLOATS))
        return false;
    if (call->args[3].truth && call->args[4].truth)
        return fe_refuse(call, call->args[4].at, "align and half_pixel exclude each other");
    const ir_extent *dims[4] = {t->dims[0], call->args[1].extents[0], call->args[2].extents[0], t->dims[3]};
    return finish(call, t->dtype, 4, dims);
}

bool fe_check_depth_to_space(fe_call *call)
{
    ir_module *m = call->w->c->module;
    const fe_bound *x = &call->args[0];
    const ir_type *t = x->value.type;
    int64_t block = call->args[1].integers[0];
    if (!fe_require_rank(call, x, "x [n, h, w, c]", 4, 4)) return false;
    if (block < 1) return fe_refuse(call, call->args[1].at, "the block is %lld; it is at least 1", (long long)block);
    const ir_extent *b = ir_extent_const(m, block), *area = ir_extent_mul(m, b, b);
    const ir_extent *channels = area ? ir_extent_div(m, t->dims[3], area) : NULL;
    if (!channels)
        return fe_refuse(call, call->args[1].at, "a block of %lld x %lld does not divide the %s channels of x",
                         (long long)block, (long long)block, ir_extent_text(t->dims[3]));
    const ir_extent *dims[4] = {t->dims[0], ir_extent_mul(m, t->dims[1], b), ir_extent_mul(m, t->dims[2], b), channels};
    return finish(call, t->dtype, 4, dims);
}
