/* layout: chooses for every image between channels last [n, h, w, c], as programs declare them, and channels as planes
 * [n, c, h, w], and makes the changes between the two explicit transposes. Convolutions become ops over planes, with
 * what pads their argument taken into their window; elementwise ops follow their operands.
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
    ir_op *made = ir_build(&l->b, op->code == IR_OP_conv2d ? IR_OP_conv2d_planes : IR_OP_depthwise_conv2d_planes,
                           planes_type(l, op->type), op->nargs, args);
    static const char *const pairs[2] = {"stride", "dilation"};
    for (int i = 0; i < 2; i++) {
        const ir_attr *pair = ir_attr_find(op, pairs[i]);
        ir_set_ints(l->m, made, pairs[i], pair->count, pair->ints);
    }
    ir_set_extents(l->m, made, "before", 2, before);
    *forms_of(op) = (forms){NULL, made, true};
    return true;
}

/* ---- elementwise ops ---- */

static bool is_single(const ir_type *t)
{
    return t->rank == 0;
}

/* Elementwise on images of one shape and single values, one operand of which is planes already. */
static bool follows_planes(const ir_op *op)
{
    bool any = false;
    if (!graph_is_elementwise(op) || op->type->rank != 4)
        return false;
    for (int i = 0; i < op->nargs; i++) {
        const ir_type *t = op->args[i]->type;
        if (is_single(t))
            continue;
        if (t->rank != 4 || memcmp(t->dims, op->type->dims, 4 * sizeof t->dims[0]))
            return false;
        any = any || forms_of(op->args[i])->born_planes;
    }
    return any;
}

static void follow(layout *l, const ir_op *op)
{
    ir_op **args = IR_ARRAY(l->m->arena, ir_op *, op->nargs);
    for (int i = 0; i < op->nargs; i++)
        args[i] = is_single(op->args[i]->type) ? as_last(l, op->args[i]) : as_planes(l, op->args[i]);
    ir_op *made = ir_clone(&l->b, op, args);
    made->type = planes_type(l, op->type);
    *forms_of(op) = (forms){NULL, made, true};
}

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
            if (follows_planes(op))
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
