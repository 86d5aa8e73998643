/* fuse: every core (contraction, op along axes, copy) with its elementwise tail, and every group of elementwise ops,
 * becomes one fused op: one kernel. An op joins the elementwise op whose group has all of its users, as in x * sigmoid(x),
 * where shapes are the same; a group holds one core at most. Constants and extents are copied into the groups that use them. Requires
 * graphs; afterwards they hold inputs, weights, views, fused ops and outputs only, and every output is the result of a
 * fused op of its own, or a view of one. */
#include "passes/graph.h"
#include "passes/lower/lower.h"

#include <assert.h>
#include <string.h>

/* MAX_FEEDING: elementwise ops between a depthwise convolution and the panels that it makes. */
enum { MAX_GROUP_ARGS = 48, MAX_SHARED = 8, MAX_FEEDING = 12 };

/* A value that members of a group use, of several users. */
typedef struct shared_use {
    ir_op *value;
    int seen; /* how many of its uses are the group's */
} shared_use;

typedef struct group {
    bool core;
    bool closed; /* takes no tail */
    bool feeds;  /* a depthwise convolution on planes and elementwise ops of it alone: makes panels for what follows */
    int args;    /* an upper bound on the values from outside */
    int size;    /* elementwise members */
    int loose;   /* their operands, constants left out, that no member makes */
    int count;   /* of shared */
    shared_use shared[MAX_SHARED];
} group;

/* What is known of an op of the old body. */
typedef struct op_info {
    int uses;
    ir_op *leader; /* last op of the group; the op itself when it leads */
    group group;   /* of a leader */
    ir_op *fresh;  /* its value in the new body */
    bool is_output; /* already the value of an output */
} op_info;

typedef struct fuser {
    ir_module *m;
    ir_func *f;
    ir_builder b; /* the new body */
} fuser;

static op_info *info(const ir_op *op)
{
    return op->mark;
}

static bool computes(const ir_op *op)
{
    return graph_is_core(op) || graph_is_elementwise(op);
}

static bool same_shape(const ir_type *a, const ir_type *b)
{
    return a->rank == b->rank && memcmp(a->dims, b->dims, (size_t)a->rank * sizeof a->dims[0]) == 0;
}

static void count_uses(fuser *fu)
{
    for (ir_op *op = fu->f->body.first; op; op = op->next) {
        op->mark = IR_NEW(fu->m->arena, op_info);
        info(op)->leader = op;
        for (int i = 0; i < op->nargs; i++)
            info(op->args[i])->uses++;
    }
}

/* Whether the group that makes x is to fill the panels of the 1x1 convolution op. */
static bool is_fed_by(ir_module *m, const ir_op *op, const ir_op *x)
{
    lw_planes w;
    if (op->code != IR_OP_conv2d_planes || x != op->args[0] || !computes(x) || !info(x)->group.feeds || info(x)->uses != 1)
        return false;
    lw_planes_of(m, op, &w);
    return lw_planes_plain(&w);
}

static void note_use(group *g, ir_op *value, int seen)
{
    for (int i = 0; i < g->count; i++)
        if (g->shared[i].value == value) {
            g->shared[i].seen += seen;
            return;
        }
    if (g->count < MAX_SHARED) /* else it keeps a kernel of its own */
        g->shared[g->count++] = (shared_use){value, seen};
}

/* Whether all that use the value are in op's group, and it may be, too. */
static bool may_join(const ir_op *op, const shared_use *use)
{
    const group *g = &info(op)->group, *theirs = &info(use->value)->group;
    return use->seen == info(use->value)->uses && same_shape(use->value->type, op->type) && !theirs->closed &&
           !(theirs->core && g->core) && g->args + theirs->args <= MAX_GROUP_ARGS;
}

static void join(ir_op *op, int which)
{
    group *g = &info(op)->group;
    const shared_use use = g->shared[which];
    const group *theirs = &info(use.value)->group;
    g->shared[which] = g->shared[--g->count];
    info(use.value)->leader = op;
    g->core = g->core || theirs->core;
    g->feeds = g->feeds || theirs->feeds;
    g->args += theirs->args;
    g->size += theirs->size;
    g->loose += theirs->loose - use.seen;
    for (int i = 0; i < theirs->count; i++)
        note_use(g, theirs->shared[i].value, theirs->shared[i].seen);
}

/* The group of an elementwise op takes in what only its members use: each value that joins may bring more such. */
static void join_values(ir_op *op)
{
    group *g = &info(op)->group;
    g->size = 1;
    for (int i = 0; i < op->nargs; i++) {
        g->loose += op->args[i]->code != IR_OP_const;
        if (computes(op->args[i]))
            note_use(g, op->args[i], 1);
    }
    for (int i = 0; i < g->count;) {
        const bool joins = may_join(op, &g->shared[i]);
        if (joins)
            join(op, i);
        i = joins ? 0 : i + 1;
    }
    g->feeds = g->feeds && !g->loose && g->size <= MAX_FEEDING;
}

static void join_operands(ir_module *m, ir_op *op)
{
    group *g = &info(op)->group;
    g->core = graph_is_core(op);
    g->feeds = op->code == IR_OP_depthwise_conv2d_planes;
    g->closed = op->code == IR_OP_concat; /* its parts are stored separately */
    g->args = op->nargs;
    if (op->code == IR_OP_conv2d_planes && is_fed_by(m, op, op->args[0])) {
        info(op->args[0])->leader = op;
        g->args += info(op->args[0])->group.args;
    } else if (graph_is_elementwise(op)) {
        join_values(op);
    }
}

static ir_op *leader_of(ir_op *op)
{
    while (info(op)->leader != op)
        op = info(op)->leader;
    return op;
}

/* ---- building a fused op ---- */

typedef struct body_builder {
    fuser *fu;
    ir_op **args;   /* values from outside */
    ir_op **inside; /* their arg ops */
    int count;
    ir_builder b;
} body_builder;

static ir_op *inside_value(body_builder *body, ir_op *outside)
{
    ir_module *m = body->fu->m;
    if (outside->code == IR_OP_const || outside->code == IR_OP_extent)
        return ir_clone(&body->b, outside, NULL);
    ir_op *fresh = info(outside)->fresh;
    for (int i = 0; i < body->count; i++)
        if (body->args[i] == fresh)
            return body->inside[i];
    ir_op *arg = ir_build0(&body->b, IR_OP_arg, outside->type);
    ir_set_int(m, arg, "n", body->count);
    body->args[body->count] = fresh;
    body->inside[body->count++] = arg;
    return arg;
}

static ir_op *finish_fused(body_builder *body, const ir_op *leader, ir_block block, const char *name)
{
    fuser *fu = body->fu;
    fu->b.loc = leader->loc;
    ir_op *fused = ir_build(&fu->b, IR_OP_fused, leader->type, body->count, body->args);
    fused->body = block;
    fused->name = name;
    return fused;
}

/* Members in the old order; the first is a contraction's or the earliest ancestor's place. */
static void add_member(body_builder *body, ir_op *op, ir_op *leader, ir_text *name)
{
    ir_op **args = IR_ARRAY(body->fu->m->arena, ir_op *, op->nargs);
    for (int i = 0; i < op->nargs; i++) {
        ir_op *operand = op->args[i];
        bool member = computes(operand) && info(operand)->leader != operand && leader_of(operand) == leader;
        if (member && !info(operand)->fresh)
            add_member(body, operand, leader, name);
        args[i] = member ? info(operand)->fresh : inside_value(body, operand);
    }
    ir_text_add(name, "%s%s", name->len ? "+" : "", ir_info(op->code)->name);
    body->b.loc = op->loc;
    info(op)->fresh = ir_clone(&body->b, op, args);
}

static body_builder new_body(fuser *fu, ir_block *block, ir_loc loc, int most_args)
{
    return (body_builder){.fu = fu, .args = IR_ARRAY(fu->m->arena, ir_op *, most_args),
                          .inside = IR_ARRAY(fu->m->arena, ir_op *, most_args), .b = {fu->m, block, loc}};
}

static ir_op *fuse_group(fuser *fu, ir_op *leader)
{
    ir_block block = {NULL, NULL};
    ir_text name;
    ir_text_init(&name, fu->m->arena);
    body_builder body = new_body(fu, &block, leader->loc, info(leader)->group.args + 1);
    add_member(&body, leader, leader, &name);
    return finish_fused(&body, leader, block, name.data);
}

/* A fused op that only copies: outputs that are inputs, weights, constants or another output. */
static ir_op *copy_of(fuser *fu, ir_op *value)
{
    ir_block block = {NULL, NULL};
    body_builder body = new_body(fu, &block, value->loc, 1);
    inside_value(&body, value);
    return finish_fused(&body, value, block, "copy");
}

static void rebuild_op(fuser *fu, ir_op *op)
{
    fu->b.loc = op->loc;
    if (op->code == IR_OP_output) {
        ir_op *value = op->args[0];
        const ir_op *viewed = graph_viewed(value);
        bool own = computes(viewed) && !info(viewed)->is_output;
        ir_op *result = own ? info(value)->fresh : copy_of(fu, value);
        info(viewed)->is_output = true;
        fu->b.loc = op->loc;
        ir_clone(&fu->b, op, &result);
    } else if (computes(op)) {
        if (info(op)->leader == op)
            info(op)->fresh = fuse_group(fu, op);
    } else if (graph_is_view(op)) {
        info(op)->fresh = ir_clone(&fu->b, op, &info(op->args[0])->fresh);
    } else if (op->code != IR_OP_const && op->code != IR_OP_extent) {
        info(op)->fresh = ir_clone(&fu->b, op, NULL);
    }
}

spc_status pass_fuse(ir_module *m, pass_context *context)
{
    (void)context;
    for (ir_func *f = m->funcs; f; f = f->next) {
        if (f->form != IR_GRAPH)
            continue;
        ir_block fresh = {NULL, NULL};
        fuser fu = {m, f, {m, &fresh, f->loc}};
        count_uses(&fu);
        for (ir_op *op = f->body.first; op; op = op->next)
            if (computes(op))
                join_operands(m, op);
        for (ir_op *op = f->body.first; op; op = op->next)
            rebuild_op(&fu, op);
        for (ir_op *op = f->body.first; op; op = op->next)
            op->mark = NULL;
        graph_replace_body(f, fresh);
    }
    return SPC_OK;
}
