/* shrink: drops what empty rows and columns of weights leave without effect. A row that is empty makes a result that is the
 * same number for any input (its bias, and what activations make of that): the products that read it take the number's
 * share into their bias. A column that is empty makes nobody need the channel it reads. Both go from the weights, and
 * from every value between them: elementwise ops, biases, residuals whose sides agree, depthwise convolutions, pooling.
 *
 * Requires graphs before layout and data of the weights; where they are bound late, nothing changes. Weights become
 * constants of the module (a row of take ops). Keeps what language.md says of zeros: only weights declared sparse count. Goes
 * round again while the shrunk weights have empty rows and columns anew. shrink_axes.c has the rules of each op,
 * shrink_constants.c the numbers. How much is worth dropping is the planner's to say. */
#include "passes/shrink.h"
#include "ir/intern.h"
#include "passes/planner/planner.h"
#include "runtime/dtype.h"

#include <string.h>

enum { MOST_ROUNDS = 8 };

/* ---- constants of the module ---- */

ir_op *shrink_take(shrink *s, ir_op *x, int axis, const int64_t *places, int count)
{
    const ir_extent *dims[IR_MAX_RANK];
    memcpy(dims, x->type->dims, sizeof dims);
    dims[axis] = ir_extent_const(s->m, count);
    ir_op *op = ir_build1(&s->pool_builder, IR_OP_take, ir_tensor(s->m, x->type->dtype, x->type->rank, dims), x);
    ir_set_int(s->m, op, "axis", axis);
    ir_set_ints(s->m, op, "kept", count, places);
    return op;
}

/* Copies what value is made of; marks hold the copies. */
static ir_op *copy_value(ir_builder *b, ir_op *value)
{
    ir_op **args = IR_ARRAY(b->module->arena, ir_op *, value->nargs);
    if (value->mark)
        return value->mark;
    for (int i = 0; i < value->nargs; i++)
        args[i] = copy_value(b, value->args[i]);
    return value->mark = ir_clone(b, value, args);
}

static void clear_marks(ir_op *value)
{
    if (!value->mark)
        return;
    value->mark = NULL;
    for (int i = 0; i < value->nargs; i++)
        clear_marks(value->args[i]);
}

/* Named by what it is made of: equal constants have equal names, in this module and in others. */
static ir_func *make_constant(shrink *s, const ir_op *value, const char *origin)
{
    ir_func *f = ir_func_new(s->m, IR_CONSTANT, "");
    ir_builder b = {s->m, &f->body, value->loc};
    f->loc = value->loc;
    ir_build1(&b, IR_OP_output, NULL, copy_value(&b, (ir_op *)value))->name = origin;
    clear_marks((ir_op *)value);
    f->name = ir_format(s->m->arena, "%s.%016llx", origin, (unsigned long long)ir_hash_text(ir_print_func(f, s->m->arena)));
    return f;
}

const char *shrink_define(shrink *s, const ir_op *value, const char *origin, const rt_matrix **data)
{
    ir_func *f = make_constant(s, value, origin);
    const char *name = f->name;
    if (ir_func_find(s->m, IR_CONSTANT, name) != f)
        ir_func_remove(s->m, f);
    else
        s->status = s->context->derive(s->context->derive_ctx, s->m, f);
    *data = s->status ? NULL : s->context->weight(s->context->weight_ctx, name);
    return *data ? name : NULL;
}

const rt_matrix *shrink_evaluate(shrink *s, const ir_op *value)
{
    ir_func *last = s->m->last;
    const rt_matrix *data;
    shrink_define(s, value, "value", &data);
    if (s->m->last != last)
        ir_func_remove(s->m, s->m->last);
    return data;
}

/* ---- which places go ---- */

static void need_places(shrink *s, const shrink_product *p)
{
    shrink_class *c = shrink_class_of(s, p->x, p->x_axis);
    const bool *held = shrink_held(s, p->weight, p->weight_axis);
    if (c->pinned)
        return;
    if (!c->needed)
        c->needed = IR_ARRAY(s->m->arena, bool, c->extent);
    for (int64_t i = 0; i < c->extent; i++)
        if (!c->needed[i] && (!held || held[i]))
            c->needed[i] = !shrink_folds(s, p, i);
}

/* Groups that hold a needed place stay, and as many others as the planner wants. */
static void settle(shrink *s, shrink_class *c)
{
    const int64_t g = c->granule, groups = c->extent / g;
    bool *keep = IR_ARRAY(s->m->arena, bool, groups);
    int64_t count = 0;
    for (int64_t i = 0; i < groups * g; i++)
        keep[i / g] = keep[i / g] || c->needed[i];
    for (int64_t i = 0; i < groups; i++)
        count += keep[i];
    const int64_t wanted = planner_keeps(c->extent, count * g);
    if (c->extent % g || wanted >= c->extent)
        return;
    for (int64_t i = 0; i < groups && count * g < wanted; i++) {
        count += !keep[i];
        keep[i] = true;
    }
    if (count == groups)
        return;
    c->kept = IR_ARRAY(s->m->arena, int64_t, count * g);
    for (int64_t i = 0; i < c->extent; i++)
        if (keep[i / g])
            c->kept[c->kept_count++] = i;
}

static bool choose_places(shrink *s)
{
    bool any = false;
    for (const ir_op *op = s->f->body.first; op; op = op->next) {
        shrink_product p;
        if (graph_is_contraction(op) && shrink_product_of(op, &p))
            need_places(s, &p);
    }
    for (const ir_op *op = s->f->body.first; op && !s->status; op = op->next)
        for (int i = 0; i < op->type->rank; i++) {
            shrink_class *c = shrink_class_of(s, op, i);
            if (!c->pinned && c->needed && !c->kept)
                settle(s, c);
            any = any || c->kept;
        }
    return any;
}

/* ---- the new body ---- */

static const ir_type *shrunk_type(const shrink *s, const ir_op *op)
{
    const ir_extent *dims[IR_MAX_RANK];
    if (op->type->kind != IR_TENSOR)
        return op->type;
    for (int i = 0; i < op->type->rank; i++) {
        const shrink_class *c = shrink_class_of(s, op, i);
        dims[i] = c->kept ? ir_extent_const(s->m, c->kept_count) : op->type->dims[i];
    }
    return ir_tensor(s->m, op->type->dtype, op->type->rank, dims);
}

/* The name of the weight that it was once made of: no name of SDL holds a point. */
static const char *origin_of(shrink *s, const char *name)
{
    return ir_strndup(s->m->arena, name, strcspn(name, "."));
}

static void rename_weight(shrink *s, ir_op *weight, const char *name)
{
    weight->name = name;
    ir_set_str(s->m, weight, "tensor", name);
}

static ir_op *shrink_weight(shrink *s, ir_builder *b, const ir_op *op)
{
    const rt_matrix *data;
    s->pool_builder.loc = op->loc;
    ir_op *value = ir_clone(&s->pool_builder, op, NULL), *whole = value;
    for (int i = 0; i < op->type->rank; i++) {
        const shrink_class *c = shrink_class_of(s, op, i);
        if (c->kept)
            value = shrink_take(s, value, i, c->kept, c->kept_count);
    }
    ir_op *made = ir_clone(b, op, NULL);
    if (value == whole)
        return made;
    const char *name = shrink_define(s, value, origin_of(s, op->name), &data);
    if (name)
        rename_weight(s, made, name);
    made->type = value->type;
    return made;
}

static bool all_zero(const rt_matrix *m)
{
    for (int64_t i = 0; i < m->rows * m->cols; i++)
        if (rt_value_get(m->dtype, m->dense, i) != 0)
            return false;
    return true;
}

/* Places of x that are dropped although the weight reads them: they are constant. */
static int folded_places(shrink *s, const shrink_product *p, int64_t **out)
{
    const shrink_class *c = shrink_class_of(s, p->x, p->x_axis);
    const bool *held = c->kept ? shrink_held(s, p->weight, p->weight_axis) : NULL;
    int count = 0, next = 0;
    *out = c->kept ? IR_ARRAY(s->m->arena, int64_t, c->extent) : NULL;
    for (int64_t i = 0; c->kept && i < c->extent; i++) {
        if (next < c->kept_count && c->kept[next] == i)
            next++;
        else if (!held || held[i])
            (*out)[count++] = i;
    }
    return count;
}

/* The vector that takes the bias's place, as a weight of the new body; NULL: the bias stays. */
static ir_op *folded_bias(shrink *s, ir_builder *b, const shrink_product *p)
{
    const shrink_class *results = shrink_class_of(s, p->op, p->result_axis);
    int64_t *places;
    const rt_matrix *data;
    const int count = folded_places(s, p, &places);
    if (!count)
        return NULL;
    ir_op *value = shrink_fold(s, p, places, count);
    if (results->kept)
        value = shrink_take(s, value, 0, results->kept, results->kept_count);
    const char *origin = p->op->nargs > 2 ? p->op->args[2]->name : NULL;
    const char *name = shrink_define(s, value, origin ? origin_of(s, origin) : origin_of(s, p->weight->name), &data);
    if (!name || (p->op->nargs < 3 && all_zero(data)))
        return NULL;
    ir_op *bias = ir_build0(b, IR_OP_weight, value->type);
    rename_weight(s, bias, name);
    return bias;
}

/* matmul has no bias: it is added, along the axis of the results. */
static ir_op *add_bias(shrink *s, ir_builder *b, ir_op *made, ir_op *bias, int axis)
{
    const ir_extent *dims[2] = {bias->type->dims[0], ir_extent_const(s->m, 1)};
    if (axis != made->type->rank - 1)
        bias = ir_build1(b, IR_OP_reshape, ir_tensor(s->m, bias->type->dtype, 2, dims), bias);
    return ir_build2(b, IR_OP_add, made->type, made, bias);
}

static ir_op *shrink_op(shrink *s, ir_builder *b, const ir_op *op)
{
    ir_op **args = IR_ARRAY(s->m->arena, ir_op *, op->nargs + 1);
    shrink_product p;
    const bool product = graph_is_contraction(op) && shrink_product_of(op, &p);
    ir_op *bias = product ? folded_bias(s, b, &p) : NULL;
    for (int i = 0; i < op->nargs; i++)
        args[i] = op->args[i]->mark;
    if (bias && op->code != IR_OP_matmul) {
        args[2] = bias;
        ir_op *made = ir_build(b, op->code, shrunk_type(s, op), 3, args);
        made->attrs = op->attrs;
        made->nattrs = op->nattrs;
        return made;
    }
    ir_op *made = ir_clone(b, op, args);
    made->type = shrunk_type(s, op);
    return bias && op->code == IR_OP_matmul ? add_bias(s, b, made, bias, p.result_axis) : made;
}

static void rebuild(shrink *s)
{
    ir_block fresh = {NULL, NULL};
    ir_builder b = {s->m, &fresh, s->f->loc};
    for (ir_op *op = s->f->body.first; op && !s->status; op = op->next) {
        b.loc = op->loc;
        op->mark = op->code == IR_OP_weight ? shrink_weight(s, &b, op) : shrink_op(s, &b, op);
    }
    for (ir_op *op = s->f->body.first; op; op = op->next)
        op->mark = NULL;
    if (s->status)
        return;
    graph_replace_body(s->f, fresh);
    graph_drop_unused(s->f);
}

/* ---- the pass ---- */

/* Without an empty row or column there is nothing to do. */
static bool has_empty_parts(shrink *s)
{
    for (const ir_op *op = s->f->body.first; op; op = op->next)
        for (int axis = 0; op->code == IR_OP_weight && axis < op->type->rank; axis++) {
            int64_t extent;
            const bool *held = axis == 0 || axis == op->type->rank - 1 ? shrink_held(s, op, axis) : NULL;
            ir_extent_is_const(op->type->dims[axis], &extent);
            for (int64_t i = 0; held && i < extent; i++)
                if (!held[i])
                    return true;
        }
    return false;
}

static bool shrink_once(shrink *s)
{
    s->ops = 0;
    for (ir_op *op = s->f->body.first; op; op = op->next)
        op->id = s->ops++;
    s->pool = (ir_block){NULL, NULL};
    s->held = (const bool *(*)[2])ir_alloc_array(s->m->arena, (size_t)s->ops, sizeof *s->held);
    if (!has_empty_parts(s))
        return false;
    shrink_find_classes(s);
    shrink_find_constants(s);
    if (!choose_places(s) || s->status)
        return false;
    rebuild(s);
    return !s->status;
}

spc_status pass_shrink(ir_module *m, pass_context *context)
{
    spc_status status = SPC_OK;
    if (!context->weight || !context->derive || context->dense)
        return SPC_OK;
    for (ir_func *f = m->funcs; f && !status; f = f->next) {
        shrink s = {.m = m, .context = context, .f = f};
        s.pool_builder = (ir_builder){m, &s.pool, f->loc};
        for (int round = 0; f->form == IR_GRAPH && round < MOST_ROUNDS && shrink_once(&s); round++) {
        }
        status = s.status;
    }
    return status;
}
