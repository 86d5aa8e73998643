/* shrink_constants: elements of values that are one number each, whatever the inputs: results of empty rows, what biases and
 * activations make of them, and what they add to the products behind. */
#include "passes/shrink.h"

#include "runtime/dtype.h"
#include <string.h>

enum { MOST_DEPTH = 64 }; /* of ops that make one constant */

static shrink_constant *known(const shrink *s, const ir_op *op)
{
    return s->constants[op->id];
}

static const ir_type *vector_of(shrink *s, ir_dtype dtype, const ir_extent *extent)
{
    return ir_tensor(s->m, dtype, extent != NULL, &extent);
}

static void learn(shrink *s, const ir_op *op, int axis, const bool *at, ir_op *value, int depth)
{
    shrink_constant *c = IR_NEW(s->m->arena, shrink_constant);
    if (depth > MOST_DEPTH)
        return;
    *c = (shrink_constant){axis, at, value, depth};
    s->constants[op->id] = c;
}

bool shrink_bias_is_known(const shrink *s, const ir_op *op)
{
    const shrink_constant *bias = op->nargs > 2 ? known(s, op->args[2]) : NULL;
    return op->nargs < 3 || (bias && bias->axis == 0 && !bias->at);
}

/* ---- where constants come from ---- */

static void learn_number(shrink *s, const ir_op *op)
{
    ir_op *value = ir_clone(&s->pool_builder, op, NULL);
    value->type = vector_of(s, op->type->dtype, NULL);
    learn(s, op, -1, NULL, value, 1);
}

/* A weight with at most one axis of more than one element. */
static void learn_weight(shrink *s, const ir_op *op)
{
    int axis = -1;
    int64_t extent;
    if (!shrink_matrix(s, op))
        return;
    for (int i = 0; i < op->type->rank; i++) {
        if (ir_extent_is_const(op->type->dims[i], &extent) && extent == 1)
            continue;
        if (axis >= 0)
            return;
        axis = i;
    }
    ir_op *value = ir_clone(&s->pool_builder, op, NULL);
    const ir_type *type = vector_of(s, op->type->dtype, axis < 0 ? NULL : op->type->dims[axis]);
    learn(s, op, axis, NULL, type == op->type ? value : ir_build1(&s->pool_builder, IR_OP_reshape, type, value), 1);
}

/* The number of a bias at each result, or zeros; NULL: the bias is not known. */
static ir_op *bias_of(shrink *s, const ir_op *op, int axis, int *depth)
{
    *depth = 1;
    if (op->nargs < 3)
        return ir_const_int(&s->pool_builder, vector_of(s, op->type->dtype, op->type->dims[axis]), 0);
    if (!shrink_bias_is_known(s, op))
        return NULL;
    *depth = known(s, op->args[2])->depth + 1;
    return known(s, op->args[2])->value;
}

/* Places whose part of the weight is empty have the bias alone. */
static void learn_empty(shrink *s, const ir_op *op, const ir_op *weight, int weight_axis, int axis)
{
    const bool *held = shrink_held(s, weight, weight_axis);
    const int64_t extent = shrink_class_of(s, op, axis)->extent;
    bool *empty = IR_ARRAY(s->m->arena, bool, extent), any = false;
    int depth;
    for (int64_t i = 0; held && i < extent; i++) {
        empty[i] = !held[i];
        any = any || empty[i];
    }
    ir_op *value = any ? bias_of(s, op, axis, &depth) : NULL;
    if (value)
        learn(s, op, axis, empty, value, depth);
}

static void learn_product(shrink *s, const ir_op *op)
{
    shrink_product p;
    if (shrink_product_of(op, &p))
        learn_empty(s, op, p.weight, p.other_axis, p.result_axis);
}

static void learn_depthwise(shrink *s, const ir_op *op)
{
    if (op->args[1]->code == IR_OP_weight)
        learn_empty(s, op, op->args[1], 2, 3);
}

/* ---- ops that carry constants on ---- */

/* Where op takes argument k's axis to; -1: nowhere. */
static int axis_behind(const ir_op *op, int k, int axis)
{
    const ir_op *arg = op->args[k];
    const int behind = axis + op->type->rank - arg->type->rank;
    return arg->type->dims[axis] == op->type->dims[behind] ? behind : -1;
}

/* Joins what is known of an operand to what the result is known for; false: nothing is. */
static bool meet(shrink *s, const ir_op *op, int k, int *axis, bool *at, int64_t extent)
{
    const shrink_constant *c = known(s, op->args[k]);
    if (!c || c->axis < 0)
        return c != NULL;
    const int behind = axis_behind(op, k, c->axis);
    if (behind < 0 || (*axis >= 0 && *axis != behind))
        return false;
    *axis = behind;
    for (int64_t i = 0; c->at && i < extent; i++)
        at[i] = at[i] && c->at[i];
    return true;
}

/* The extent of the one axis that operands have constants along; 0: there is none. */
static int64_t extent_of_operands(const shrink *s, const ir_op *op)
{
    for (int k = 0; k < op->nargs; k++) {
        const shrink_constant *c = known(s, op->args[k]);
        if (c && c->axis >= 0)
            return shrink_class_of(s, op->args[k], c->axis)->extent;
    }
    return 0;
}

static void learn_elementwise(shrink *s, const ir_op *op)
{
    ir_op *values[3];
    int axis = -1, depth = 0;
    for (int k = 0; k < op->nargs; k++)
        if (!known(s, op->args[k]))
            return;
    const int64_t extent = extent_of_operands(s, op);
    bool *at = IR_ARRAY(s->m->arena, bool, extent);
    memset(at, true, (size_t)extent);
    for (int k = 0; k < op->nargs; k++) {
        const shrink_constant *c = known(s, op->args[k]);
        if (!meet(s, op, k, &axis, at, extent))
            return;
        values[k] = c->value;
        depth = c->depth > depth ? c->depth : depth;
    }
    ir_op *value = ir_clone(&s->pool_builder, op, values);
    value->type = vector_of(s, op->type->dtype, axis < 0 ? NULL : op->type->dims[axis]);
    learn(s, op, axis, at, value, depth + 1);
}

/* Ops that take places of an axis to places of one as they are: argument 0's axis in the result, or -1. */
static int axis_kept(const ir_op *op, int axis)
{
    const ir_attr *list = ir_attr_find(op, op->code == IR_OP_transpose ? "perm" : "axes");
    const int last = op->args[0]->type->rank - 1;
    int kept = axis;
    int64_t extent;
    switch (op->code) {
    case IR_OP_maxpool2d:
    case IR_OP_avgpool2d:
    case IR_OP_resize_bilinear: return axis == 3 ? 3 : -1;
    case IR_OP_reshape:
        return axis == last && op->type->rank && op->type->dims[op->type->rank - 1] == op->args[0]->type->dims[last] ? op->type->rank - 1 : -1;
    case IR_OP_transpose:
        for (int i = 0; i < list->count; i++)
            if (list->ints[i] == axis)
                return i;
        return -1;
    case IR_OP_mean:
    case IR_OP_amax: /* of nothing there is no number */
        for (int i = 0; i < list->count; i++) {
            if (list->ints[i] == axis || !ir_extent_is_const(op->args[0]->type->dims[list->ints[i]], &extent) || extent < 1)
                return -1;
            kept -= list->ints[i] < axis;
        }
        return kept;
    default: return -1;
    }
}

static void learn_carried(shrink *s, const ir_op *op)
{
    const shrink_constant *c = op->nargs ? known(s, op->args[0]) : NULL;
    const int axis = c && c->axis >= 0 ? axis_kept(op, c->axis) : -1;
    if (axis >= 0)
        learn(s, op, axis, c->at, c->value, c->depth + 1);
}

void shrink_find_constants(shrink *s)
{
    s->constants = IR_ARRAY(s->m->arena, shrink_constant *, s->ops);
    for (const ir_op *op = s->f->body.first; op; op = op->next) {
        s->pool_builder.loc = op->loc;
        if (op->code == IR_OP_const)
            learn_number(s, op);
        else if (op->code == IR_OP_weight)
            learn_weight(s, op);
        else if (op->code == IR_OP_depthwise_conv2d)
            learn_depthwise(s, op);
        else if (graph_is_contraction(op))
            learn_product(s, op);
        else if (graph_is_elementwise(op))
            learn_elementwise(s, op);
        else
            learn_carried(s, op);
    }
}

/* ---- what constants add to products ---- */

/* Every window of a convolution lies within its image, as far as extents are known; products without windows do. */
static bool stays_inside(shrink *s, const ir_op *op)
{
    const ir_extent *before[2], *none = ir_extent_const(s->m, 0);
    if (op->code != IR_OP_conv2d)
        return true;
    if (!ir_get_extents(s->m, op, "before", 2, before) || before[0] != none || before[1] != none)
        return false;
    const ir_attr *stride = ir_attr_find(op, "stride"), *dilation = ir_attr_find(op, "dilation");
    for (int i = 0; i < 2; i++) {
        int64_t in, out, size, reach;
        if (!ir_extent_is_const(op->args[0]->type->dims[1 + i], &in) || !ir_extent_is_const(op->type->dims[1 + i], &out) ||
            !ir_extent_is_const(op->args[1]->type->dims[1 + i], &size) || __builtin_mul_overflow(out - 1, stride->ints[i], &reach) ||
            __builtin_mul_overflow(size - 1, dilation->ints[i], &size) || reach >= in || size >= in - reach)
            return false;
    }
    return true;
}

static bool is_zero(shrink *s, shrink_constant *c, int64_t place)
{
    if (!c->data)
        c->data = shrink_evaluate(s, c->value);
    return c->data && rt_value_get(c->data->dtype, c->data->dense, place) == 0;
}

bool shrink_folds(shrink *s, const shrink_product *p, int64_t place)
{
    shrink_constant *x = known(s, p->x);
    if (!x || x->axis != p->x_axis || (x->at && !x->at[place]) || !shrink_matrix(s, p->weight) ||
        !shrink_bias_is_known(s, p->op))
        return false;
    return stays_inside(s, p->op) || is_zero(s, x, place);
}

/* The weight's part at these places, as [results, places]. */
static ir_op *part_of_weight(shrink *s, const shrink_product *p, const int64_t *places, int count)
{
    static const int64_t windows[2] = {1, 2}, turned[2] = {1, 0};
    ir_builder *b = &s->pool_builder;
    ir_op *w = shrink_take(s, ir_clone(b, p->weight, NULL), p->weight_axis, places, count);
    if (p->weight_axis == 0) {
        const ir_extent *dims[2] = {w->type->dims[1], w->type->dims[0]};
        w = ir_build1(b, IR_OP_transpose, ir_tensor(s->m, w->type->dtype, 2, dims), w);
        ir_set_ints(s->m, w, "perm", 2, turned);
    } else if (w->type->rank == 4) {
        const ir_extent *dims[2] = {w->type->dims[0], w->type->dims[3]};
        w = ir_build1(b, IR_OP_sum, ir_tensor(s->m, w->type->dtype, 2, dims), w);
        ir_set_ints(s->m, w, "axes", 2, windows);
    }
    return w;
}

ir_op *shrink_fold(shrink *s, const shrink_product *p, const int64_t *places, int count)
{
    const ir_extent *results = p->op->type->dims[p->result_axis];
    const bool biased = p->op->nargs > 2;
    s->pool_builder.loc = p->op->loc;
    ir_op *args[3] = {shrink_take(s, known(s, p->x)->value, 0, places, count), part_of_weight(s, p, places, count),
                      biased ? known(s, p->op->args[2])->value : NULL};
    return ir_build(&s->pool_builder, IR_OP_linear, vector_of(s, p->op->type->dtype, results), biased ? 3 : 2, args);
}
