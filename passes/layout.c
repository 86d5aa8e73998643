/* layout: chooses for every image between channels last [n, h, w, c], as programs declare them, and channels as planes
 * [n, c, h, w], and makes the changes between the two explicit transposes. Convolutions become ops over planes, with
 * what pads their argument taken into their window; elementwise ops, copies, maxpool2d and sums over pixels follow their operands.
 *
 * Why planes: a sparse 1x1 convolution is then a sparse matrix times the matrix of planes, whose pixels lie along vector
 * lanes as they are, and whose result is as the next layer wants it; a depthwise one works plane by plane.
 * Requires graphs before fuse. Which convolutions gain is the planner's to say (planner_wants_planes). */
#include "passes/graph.h"
#include "passes/planner/planner.h"

#include <string.h>

typedef struct layout {
    ir_module *m;
    ir_builder b; /* the new body */
} layout;

/* The forms that an op's value has in the new body; NULL: not there yet. */
typedef struct forms {
    ir_op *last, *planes; /* channels last, or whatever a value that is no image has; channels as planes */
    bool born_planes;     /* computed so; the other form is a copy */
} forms;

static forms *forms_of(const ir_op *op)
{
    return op->mark;
}

static ir_op *transposed(layout *l, ir_op *x, const int64_t perm[4])
{
    const ir_extent *dims[4];
    for (int i = 0; i < 4; i++)
        dims[i] = x->type->dims[perm[i]];
    ir_op *op = ir_build1(&l->b, IR_OP_transpose, ir_tensor(l->m, x->type->dtype, 4, dims), x);
    ir_set_ints(l->m, op, "perm", 4, perm);
    return op;
}

static ir_op *as_planes(layout *l, const ir_op *op)
{
    static const int64_t perm[4] = {0, 3, 1, 2};
    forms *f = forms_of(op);
    if (!f->planes)
        f->planes = transposed(l, f->last, perm);
    return f->planes;
}

static ir_op *as_last(layout *l, const ir_op *op)
{
    static const int64_t perm[4] = {0, 2, 3, 1};
    forms *f = forms_of(op);
    if (!f->last)
        f->last = transposed(l, f->planes, perm);
    return f->last;
}

static const ir_type *planes_type(layout *l, const ir_type *image)
{
    const ir_extent *dims[4] = {image->dims[0], image->dims[3], image->dims[1], image->dims[2]};
    return ir_tensor(l->m, image->dtype, 4, dims);
}

/* ---- convolutions ---- */

/* The op that a convolution reads, past padding of rows and columns with zeros; adds that padding to before. */
static const ir_op *past_padding(layout *l, const ir_op *x, const ir_extent *before[2])
{
    const ir_extent *starts[IR_MAX_RANK], *none = ir_extent_const(l->m, 0);
    while (x->code == IR_OP_pad && x->type->rank == 4 && ir_get_extents(l->m, x, "before", 4, starts) && starts[0] == none &&
           starts[3] == none && x->type->dims[0] == x->args[0]->type->dims[0] && x->type->dims[3] == x->args[0]->type->dims[3]) {
        for (int i = 0; i < 2; i++)
            before[i] = ir_extent_add(l->m, before[i], starts[1 + i]);
        x = x->args[0];
    }
    return x;
}

static bool to_planes(layout *l, const ir_op *op)
{
    const ir_extent *before[2];
    if (!ir_get_extents(l->m, op, "before", 2, before))
        return false;
    const ir_op *x = past_padding(l, op->args[0], before);
    ir_op *args[3] = {as_planes(l, x)};
    for (int i = 1; i < op->nargs; i++)
        args[i] = as_last(l, op->args[i]);
    ir_op *made = ir_build(&l->b, op->code == IR_OP_conv2d ? IR_OP_conv2d_planes : op->code == IR_OP_maxpool2d ?
                           IR_OP_maxpool2d_planes : IR_OP_depthwise_conv2d_planes, planes_type(l, op->type), op->nargs, args);
    static const char *const pairs[3] = {"stride", "dilation", "size"};
    for (int i = 0; i < 3; i++) {
        const ir_attr *pair = ir_attr_find(op, pairs[i]);
        if (pair)
            ir_set_ints(l->m, made, pairs[i], pair->count, pair->ints);
    }
    ir_set_extents(l->m, made, "before", 2, before);
    *forms_of(op) = (forms){NULL, made, true};
    return true;
}

/* ---- ops that go along with their operands ---- */

/* Where an axis of images lies on planes. */
static const int64_t on_planes[4] = {0, 2, 3, 1};

static bool is_one(layout *l, const ir_extent *e)
{
    return e == ir_extent_const(l->m, 1);
}

/* The operand is one value for each channel, or one for all pixels: it has neither height nor width. */
static bool is_by_channel(layout *l, const ir_type *operand)
{
    for (int i = 2; i <= 3 && i <= operand->rank; i++)
        if (!is_one(l, operand->dims[operand->rank - i]))
            return false;
    return operand->rank <= 4;
}

static bool is_image_of(const ir_type *operand, const ir_type *result)
{
    return operand->rank == 4 && !memcmp(operand->dims, result->dims, 4 * sizeof result->dims[0]);
}

/* Elementwise on images of one shape and values by channel, one operand of which is planes already. */
static bool follows_planes(layout *l, const ir_op *op)
{
    bool any = false;
    if (!graph_is_elementwise(op) || op->type->rank != 4)
        return false;
    for (int i = 0; i < op->nargs; i++) {
        const bool image = is_image_of(op->args[i]->type, op->type);
        if (!image && !is_by_channel(l, op->args[i]->type))
            return false;
        any = any || (image && forms_of(op->args[i])->born_planes);
    }
    return any;
}

/* The operand's elements keep their order: [..., 1, 1, c] is [..., c, 1, 1]. */
static ir_op *by_channel(layout *l, const ir_op *op)
{
    const ir_type *t = op->type;
    const ir_extent *one = ir_extent_const(l->m, 1), *dims[4] = {one, one, one, one};
    if (t->rank == 0 || (t->rank == 1 && is_one(l, t->dims[0])))
        return as_last(l, op);
    dims[0] = t->rank == 4 ? t->dims[0] : one;
    dims[1] = t->dims[t->rank - 1];
    return ir_build1(&l->b, IR_OP_reshape, ir_tensor(l->m, t->dtype, 4, dims), as_last(l, op));
}

static void follow(layout *l, const ir_op *op)
{
    ir_op **args = IR_ARRAY(l->m->arena, ir_op *, op->nargs);
    for (int i = 0; i < op->nargs; i++)
        args[i] = is_image_of(op->args[i]->type, op->type) ? as_planes(l, op->args[i]) : by_channel(l, op->args[i]);
    ir_op *made = ir_clone(&l->b, op, args);
    made->type = planes_type(l, op->type);
    *forms_of(op) = (forms){NULL, made, true};
}

static bool reads_planes(const ir_op *op)
{
    bool any = false;
    for (int i = 0; i < op->nargs; i++)
        if (op->args[i]->type->rank != 4)
            return false;
        else
            any = any || forms_of(op->args[i])->born_planes;
    return any;
}

/* Sums and the like over height and width: the rest lies as it would otherwise. */
static bool reduce_planes(layout *l, const ir_op *op)
{
    const ir_attr *axes = ir_attr_find(op, "axes");
    bool reduced[4] = {false}; /* of planes */
    int64_t mapped[4];
    int count = 0;
    for (int i = 0; i < axes->count; i++)
        reduced[on_planes[axes->ints[i]]] = true;
    if (!reduced[2] || !reduced[3])
        return false;
    for (int i = 0; i < 4; i++)
        if (reduced[i])
            mapped[count++] = i;
    ir_op *x = as_planes(l, op->args[0]);
    ir_op *made = ir_clone(&l->b, op, &x);
    ir_set_ints(l->m, made, "axes", count, mapped);
    forms_of(op)->last = made;
    return true;
}

/* Copies of images along any axis. */
static bool move_planes(layout *l, const ir_op *op)
{
    const ir_extent *starts[4], *moved[4];
    const bool pads = op->code == IR_OP_pad;
    ir_op **args = IR_ARRAY(l->m->arena, ir_op *, op->nargs);
    if (pads && !ir_get_extents(l->m, op, "before", 4, starts))
        return false;
    for (int i = 0; i < op->nargs; i++)
        args[i] = as_planes(l, op->args[i]);
    ir_op *made = ir_clone(&l->b, op, args);
    made->type = planes_type(l, op->type);
    for (int i = 0; i < 4 && pads; i++)
        moved[on_planes[i]] = starts[i];
    if (pads)
        ir_set_extents(l->m, made, "before", 4, moved);
    else
        ir_set_int(l->m, made, "axis", on_planes[ir_get_int(op, "axis", 0)]);
    *forms_of(op) = (forms){NULL, made, true};
    return true;
}

/* The largest of windows goes along where its argument is planes. */
static bool pool_planes(layout *l, const ir_op *op)
{
    return planner_takes_planes(l->m, op) && to_planes(l, op);
}

/* By op: makes it of planes. False: it keeps to channels last. */
static bool (*const on_planes_of[IR_OP_COUNT])(layout *, const ir_op *) = {
    [IR_OP_sum] = reduce_planes, [IR_OP_mean] = reduce_planes,  [IR_OP_amax] = reduce_planes,
    [IR_OP_pad] = move_planes,   [IR_OP_concat] = move_planes,  [IR_OP_slice] = move_planes,
    [IR_OP_maxpool2d] = pool_planes,
};

static void keep(layout *l, const ir_op *op)
{
    ir_op **args = IR_ARRAY(l->m->arena, ir_op *, op->nargs);
    for (int i = 0; i < op->nargs; i++)
        args[i] = as_last(l, op->args[i]);
    forms_of(op)->last = ir_clone(&l->b, op, args);
}

static bool is_convolution(const ir_op *op)
{
    return op->code == IR_OP_conv2d || op->code == IR_OP_depthwise_conv2d;
}

spc_status pass_layout(ir_module *m, pass_context *context)
{
    for (ir_func *f = m->funcs; f; f = f->next) {
        if (f->form != IR_GRAPH || !planner_wants_planes(m, context, f))
            continue;
        ir_block fresh = {NULL, NULL};
        layout l = {m, {m, &fresh, f->loc}};
        for (ir_op *op = f->body.first; op; op = op->next)
            op->mark = IR_NEW(m->arena, forms);
        for (ir_op *op = f->body.first; op; op = op->next) {
            l.b.loc = op->loc;
            if (is_convolution(op) && planner_takes_planes(m, op) && to_planes(&l, op))
                continue;
            if (on_planes_of[op->code] && reads_planes(op) && on_planes_of[op->code](&l, op))
                continue;
            if (follows_planes(&l, op))
                follow(&l, op);
            else
                keep(&l, op);
        }
        for (ir_op *op = f->body.first; op; op = op->next)
            op->mark = NULL;
        graph_replace_body(f, fresh);
        graph_drop_unused(f); /* padding that went into windows, and what was transposed for it */
    }
    return SPC_OK;
}
