/* simplify_graph: merges equal ops, removes identities (x + 0, x * 1, x - 0, x / 1, a cast to the same type), takes padding
 * into the convolution behind it, drops ops that nothing uses. One sweep builds the new body; a second one, backwards,
 * drops. Inputs and outputs stay. */
#include "passes/graph.h"

static bool is_constant(const ir_op *op, double value)
{
    return op->code == IR_OP_const && ir_get_float(op, "value", 0) == value;
}

/* The operand that an op is equal to, or NULL. The sign of a zero may be lost (docs/language.md). */
static ir_op *identity(const ir_op *op)
{
    if (op->nargs == 1)
        return op->code == IR_OP_cast && op->type == op->args[0]->type ? op->args[0] : NULL;
    if (op->nargs != 2 || op->type != op->args[0]->type)
        return NULL;
    double neutral = op->code == IR_OP_add || op->code == IR_OP_sub ? 0 : 1;
    bool has_neutral = op->code == IR_OP_add || op->code == IR_OP_sub || op->code == IR_OP_mul || op->code == IR_OP_div;
    return has_neutral && is_constant(op->args[1], neutral) ? op->args[0] : NULL;
}

/* Equal ops hash equally; a chain holds those of one hash. */
typedef struct known {
    ir_op *op;
    struct known *next;
} known;

enum { BUCKETS = 1024 };

static ir_op *find_equal(known *const *table, const ir_op *op)
{
    for (const known *k = table[ir_op_hash(op) % BUCKETS]; k; k = k->next)
        if (ir_op_same(k->op, op))
            return k->op;
    return NULL;
}

/* A convolution multiplies the zeros around its image, wherever they come from: those of a pad in front of it along height
 * and width become its own. How far windows go is the result's to say, so what the pad adds behind needs no word. */
static void absorb_padding(ir_module *m, ir_op *op)
{
    const ir_extent *own[2], *before[IR_MAX_RANK];
    const ir_op *pad = op->nargs ? op->args[0] : NULL;
    if ((op->code != IR_OP_conv2d && op->code != IR_OP_depthwise_conv2d) || pad->code != IR_OP_pad)
        return;
    const ir_type *x = pad->args[0]->type;
    if (x->dims[0] != pad->type->dims[0] || x->dims[3] != pad->type->dims[3] || !ir_get_extents(m, pad, "before", 4, before) ||
        !ir_get_extents(m, op, "before", 2, own))
        return;
    for (int i = 0; i < 2; i++)
        own[i] = ir_extent_add(m, own[i], before[i + 1]);
    if (!own[0] || !own[1])
        return;
    op->args[0] = pad->args[0];
    ir_set_extents(m, op, "before", 2, own);
}

static void sweep(ir_module *m, ir_func *f)
{
    ir_block fresh = {NULL, NULL};
    known *table[BUCKETS] = {NULL};
    for (ir_op *op = f->body.first, *next; op; op = next) {
        next = op->next;
        for (int i = 0; i < op->nargs; i++)
            if (op->args[i]->mark)
                op->args[i] = op->args[i]->mark;
        absorb_padding(m, op);
        op->mark = identity(op);
        if (!op->mark && (ir_info(op->code)->flags & IR_PURE) && !op->name)
            op->mark = find_equal(table, op);
        if (op->mark)
            continue;
        op->prev = op->next = NULL;
        ir_append(&fresh, op);
        known *k = IR_NEW(m->arena, known);
        size_t bucket = ir_op_hash(op) % BUCKETS;
        *k = (known){op, table[bucket]};
        table[bucket] = k;
    }
    graph_replace_body(f, fresh);
}

spc_status pass_simplify_graph(ir_module *m, pass_context *context)
{
    (void)context;
    for (ir_func *f = m->funcs; f; f = f->next)
        if (f->form == IR_GRAPH) {
            sweep(m, f);
            graph_drop_unused(f);
        }
    return SPC_OK;
}
