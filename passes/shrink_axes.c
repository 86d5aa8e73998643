/* shrink_axes: which axes of a function's values go together. Every op has a rule; what has none pins its axes, and so do
 * inputs, outputs and axes that the op mixes. */
#include "passes/shrink.h"

#include <string.h>

enum { MOST_ELEMENTS = 1 << 28 };

static int node_of(const shrink *s, const ir_op *op, int axis)
{
    return s->first[op->id] + axis;
}

static int root_of(const shrink *s, int node)
{
    while (s->parent[node] != node)
        node = s->parent[node] = s->parent[s->parent[node]];
    return node;
}

shrink_class *shrink_class_of(const shrink *s, const ir_op *op, int axis)
{
    return &s->classes[root_of(s, node_of(s, op, axis))];
}

static int64_t gcd(int64_t a, int64_t b)
{
    return b ? gcd(b, a % b) : a;
}

static void join(shrink *s, const ir_op *a, int i, const ir_op *b, int j)
{
    const int x = root_of(s, node_of(s, a, i)), y = root_of(s, node_of(s, b, j));
    if (x == y)
        return;
    shrink_class *into = &s->classes[x], *from = &s->classes[y];
    into->pinned = into->pinned || from->pinned || into->extent != from->extent;
    const int64_t part = into->granule / gcd(into->granule, from->granule);
    into->pinned = into->pinned || __builtin_mul_overflow(part, from->granule, &into->granule);
    s->parent[y] = x;
}

static void pin(shrink *s, const ir_op *op, int axis)
{
    shrink_class_of(s, op, axis)->pinned = true;
}

static void pin_all(shrink *s, const ir_op *op)
{
    for (int i = 0; i < op->type->rank; i++)
        pin(s, op, i);
}

/* ---- weights ---- */

const rt_matrix *shrink_matrix(const shrink *s, const ir_op *weight)
{
    const rt_matrix *m = s->context->weight ? s->context->weight(s->context->weight_ctx, weight->name) : NULL;
    const bool plain = !ir_attr_find(weight, "scale") && !weight->type->storage;
    return m && plain && m->rows > 0 && m->cols <= MOST_ELEMENTS / m->rows ? m : NULL;
}

static bool pattern_of(const ir_op *weight, rt_pattern *out)
{
    rt_error error;
    return rt_pattern_parse(ir_get_str(weight, "pattern", "dense"), out, &error);
}

static bool may_skip_zeros(const rt_pattern *p)
{
    for (int i = 0; i < p->count; i++)
        if (p->part[i].kind != RT_DENSE)
            return true;
    return false;
}

const bool *shrink_held(shrink *s, const ir_op *weight, int axis)
{
    const rt_matrix *m = shrink_matrix(s, weight);
    const int last = weight->type->rank - 1;
    int64_t width;
    rt_pattern pattern;
    const bool **known = s->held[weight->id];
    if (known[axis > 0])
        return known[axis > 0];
    if (!m || last < 1 || !pattern_of(weight, &pattern) || !may_skip_zeros(&pattern) || (axis && axis != last) ||
        !ir_extent_is_const(weight->type->dims[last], &width))
        return NULL;
    bool *rows = IR_ARRAY(s->m->arena, bool, m->rows), *cols = IR_ARRAY(s->m->arena, bool, width);
    rt_matrix_held(m, width, rows, cols);
    known[0] = rows;
    known[1] = cols;
    return known[axis > 0];
}

static void set_granule(shrink *s, const ir_op *weight, int axis, int64_t granule)
{
    shrink_class_of(s, weight, axis)->granule = granule;
}

/* Patterns speak of the first axis and of the last one. */
static void join_weight(shrink *s, const ir_op *op)
{
    const int last = op->type->rank - 1;
    rt_pattern p;
    if (!shrink_matrix(s, op) || !pattern_of(op, &p)) {
        pin_all(s, op);
        return;
    }
    for (int i = 1; i < last; i++)
        pin(s, op, i);
    for (int i = 0; i < p.count && last >= 1; i++) {
        if (p.part[i].kind == RT_NM)
            set_granule(s, op, last, p.part[i].b);
        if (p.part[i].kind == RT_BLOCK) {
            set_granule(s, op, 0, p.part[i].a);
            set_granule(s, op, last, p.part[i].b);
        }
        if (p.part[i].kind == RT_BAND)
            pin_all(s, op);
    }
}

/* ---- ops ---- */

/* Where extents agree axes go together; a stretched one stays. */
static void join_elementwise(shrink *s, const ir_op *op)
{
    for (int k = 0; k < op->nargs; k++) {
        const ir_op *arg = op->args[k];
        const int shift = op->type->rank - arg->type->rank;
        for (int i = 0; i < arg->type->rank; i++) {
            if (arg->type->dims[i] == op->type->dims[i + shift])
                join(s, op, i + shift, arg, i);
            else
                pin(s, arg, i);
        }
    }
}

/* All axes of the result with those of argument 0 but this one (-1: without exception), and that one is mixed. */
static void join_but(shrink *s, const ir_op *op, int axis)
{
    const ir_op *x = op->args[0];
    for (int i = 0; i < op->type->rank; i++) {
        if (i != axis && x->type->dims[i] == op->type->dims[i]) {
            join(s, op, i, x, i);
            continue;
        }
        pin(s, op, i);
        pin(s, x, i);
    }
}

/* Along the last axis; gain and bias have its extent. */
static void join_norm(shrink *s, const ir_op *op)
{
    join_but(s, op, op->type->rank - 1);
    for (int i = 1; i < op->nargs; i++)
        pin_all(s, op->args[i]);
}

static void join_reduction(shrink *s, const ir_op *op)
{
    const ir_attr *axes = ir_attr_find(op, "axes");
    const ir_op *x = op->args[0];
    for (int i = 0, gone = 0; i < x->type->rank; i++) {
        if (gone < axes->count && axes->ints[gone] == i) {
            pin(s, x, i);
            gone++;
        } else
            join(s, x, i, op, i - gone);
    }
}

static void join_transpose(shrink *s, const ir_op *op)
{
    const ir_attr *perm = ir_attr_find(op, "perm");
    for (int i = 0; i < op->type->rank; i++)
        join(s, op, i, op->args[0], (int)perm->ints[i]);
}

/* The last axis stays one where its extent does; elements are in row-major order. */
static void join_reshape(shrink *s, const ir_op *op)
{
    const ir_op *x = op->args[0];
    const int from = x->type->rank - 1, to = op->type->rank - 1;
    const bool same = from >= 0 && to >= 0 && x->type->dims[from] == op->type->dims[to];
    for (int i = 0; i <= from - same; i++)
        pin(s, x, i);
    for (int i = 0; i <= to - same; i++)
        pin(s, op, i);
    if (same)
        join(s, x, from, op, to);
}

static void join_concat(shrink *s, const ir_op *op)
{
    const int axis = (int)ir_get_int(op, "axis", 0);
    for (int k = 0; k < op->nargs; k++)
        for (int i = 0; i < op->type->rank; i++) {
            if (i != axis)
                join(s, op, i, op->args[k], i);
            else
                pin(s, op->args[k], i);
        }
    pin(s, op, axis);
}

/* Extents that change are moved over. */
static void join_moved(shrink *s, const ir_op *op)
{
    join_but(s, op, -1);
}

/* Windows mix rows and columns of an image, not its channels. */
static void join_window(shrink *s, const ir_op *op)
{
    const ir_op *x = op->args[0];
    for (int i = 1; i < 3; i++) {
        pin(s, x, i);
        pin(s, op, i);
    }
    join(s, x, 0, op, 0);
    join(s, x, 3, op, 3);
}

static void join_depthwise(shrink *s, const ir_op *op)
{
    join_window(s, op);
    pin(s, op->args[1], 0);
    pin(s, op->args[1], 1);
    join(s, op, 3, op->args[1], 2);
    if (op->nargs > 2)
        join(s, op, 3, op->args[2], 0);
}

static void pin_product(shrink *s, const ir_op *op)
{
    pin_all(s, op);
    for (int i = 0; i < op->nargs; i++)
        pin_all(s, op->args[i]);
}

bool shrink_product_of(const ir_op *op, shrink_product *out)
{
    const int last = op->type->rank - 1;
    if (op->code == IR_OP_linear || op->code == IR_OP_conv2d)
        *out = (shrink_product){op, op->args[0], op->args[1], op->args[0]->type->rank - 1, op->args[1]->type->rank - 1, 0, last};
    else if (op->code == IR_OP_matmul && op->args[1]->code == IR_OP_weight && op->args[1]->type->rank == 2)
        *out = (shrink_product){op, op->args[0], op->args[1], op->args[0]->type->rank - 1, 0, 1, last};
    else if (op->code == IR_OP_matmul && op->args[0]->type->rank == 2)
        *out = (shrink_product){op, op->args[1], op->args[0], op->args[1]->type->rank - 2, 1, 0, last - 1};
    else
        return false;
    return out->weight->code == IR_OP_weight;
}

/* The axes of x that the product leaves are those of the result; a window's rows and columns are not. */
static void join_product(shrink *s, const ir_op *op)
{
    shrink_product p;
    if (!shrink_product_of(op, &p)) {
        pin_product(s, op);
        return;
    }
    for (int i = 0; i < op->type->rank; i++) {
        if (op->code == IR_OP_conv2d && (i == 1 || i == 2)) {
            pin(s, op, i);
            pin(s, p.x, i);
        } else if (i != p.result_axis)
            join(s, op, i, p.x, i);
    }
    join(s, op, p.result_axis, p.weight, p.other_axis);
    join(s, p.x, p.x_axis, p.weight, p.weight_axis);
    if (op->nargs > 2)
        join(s, op, p.result_axis, op->args[2], 0);
}

static void join_nothing(shrink *s, const ir_op *op)
{
    (void)s;
    (void)op;
}

typedef void joiner(shrink *, const ir_op *);

static joiner *const joiners[IR_OP_COUNT] = {
    [IR_OP_weight] = join_weight,       [IR_OP_const] = join_nothing,        [IR_OP_linear] = join_product,
    [IR_OP_matmul] = join_product,      [IR_OP_conv2d] = join_product,       [IR_OP_depthwise_conv2d] = join_depthwise,
    [IR_OP_maxpool2d] = join_window,    [IR_OP_avgpool2d] = join_window,     [IR_OP_resize_bilinear] = join_window,
    [IR_OP_softmax] = join_norm,        [IR_OP_layernorm] = join_norm,       [IR_OP_rmsnorm] = join_norm,
    [IR_OP_sum] = join_reduction,       [IR_OP_mean] = join_reduction,       [IR_OP_amax] = join_reduction,
    [IR_OP_argmax] = join_reduction,    [IR_OP_reshape] = join_reshape,      [IR_OP_transpose] = join_transpose,
    [IR_OP_concat] = join_concat,       [IR_OP_slice] = join_moved,          [IR_OP_pad] = join_moved,
};

static void start_class(shrink *s, const ir_op *op, int axis)
{
    const int node = node_of(s, op, axis);
    shrink_class *c = &s->classes[node];
    s->parent[node] = node;
    *c = (shrink_class){.granule = 1};
    c->pinned = !ir_extent_is_const(op->type->dims[axis], &c->extent) || c->extent < 2;
}

void shrink_find_classes(shrink *s)
{
    int axes = 0;
    s->first = IR_ARRAY(s->m->arena, int, s->ops);
    for (const ir_op *op = s->f->body.first; op; op = op->next) {
        s->first[op->id] = axes;
        axes += op->type->rank;
    }
    s->parent = IR_ARRAY(s->m->arena, int, axes);
    s->classes = IR_ARRAY(s->m->arena, shrink_class, axes);
    for (const ir_op *op = s->f->body.first; op; op = op->next)
        for (int i = 0; i < op->type->rank; i++)
            start_class(s, op, i);
    for (const ir_op *op = s->f->body.first; op; op = op->next) {
        if (joiners[op->code])
            joiners[op->code](s, op);
        else if (graph_is_elementwise(op))
            join_elementwise(s, op);
        else
            pin_product(s, op);
    }
}
