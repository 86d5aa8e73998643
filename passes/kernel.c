/* kernel: the sweep that passes over kernel and entry IR are written with, and the removal of dead ops. */
#include "passes/kernel.h"

#include <assert.h>

enum { MAX_ARGS = 256 };

static void sweep_block(kernel_sweep *s, const ir_block *old);

static void sweep_bodies(kernel_sweep *s, const ir_op *old, ir_op *fresh)
{
    ir_block *outer = s->b.block;
    const ir_block *from[] = {&old->body, &old->body2};
    ir_block *to[] = {&fresh->body, &fresh->body2};
    for (int i = 0; i < 2; i++) {
        if (!from[i]->first)
            continue;
        s->b.block = to[i];
        if (s->enter)
            s->enter(s, fresh);
        sweep_block(s, from[i]);
        if (s->leave)
            s->leave(s);
    }
    s->b.block = outer;
}

static void sweep_op(kernel_sweep *s, ir_op *op)
{
    ir_op *few[MAX_ARGS], **args = op->nargs <= MAX_ARGS ? few : IR_ARRAY(ir_ops_arena(s->module), ir_op *, op->nargs);
    for (int i = 0; i < op->nargs; i++) {
        args[i] = op->args[i]->mark;
        assert(args[i]);
    }
    s->b.loc = op->loc;
    ir_op *fresh = s->rewrite(s, op, args);
    if (!fresh) {
        fresh = ir_clone(&s->b, op, args);
        op->mark = fresh; /* a loop's value is used in its body */
        sweep_bodies(s, op, fresh);
    }
    op->mark = fresh;
}

static void sweep_block(kernel_sweep *s, const ir_block *old)
{
    for (ir_op *op = old->first; op; op = op->next)
        sweep_op(s, op);
}

void kernel_rebuild(kernel_sweep *s, ir_func *f)
{
    ir_block fresh = {NULL, NULL};
    ir_ops_begin(s->module);
    s->b = (ir_builder){s->module, &fresh, f->loc};
    if (s->enter)
        s->enter(s, NULL);
    sweep_block(s, &f->body);
    if (s->leave)
        s->leave(s);
    f->body = fresh;
    ir_ops_end(s->module, f);
    ir_number(f);
}

/* ---- dead ops ---- */

static const char used = 1;

/* A set is dead where its reg is never read; reading marks the reg. Later ops are seen first, loops twice at most:
 * a get in a loop may come before the set, so gets are marked ahead. */
static void mark_reads(const ir_block *block)
{
    for (ir_op *op = block->first; op; op = op->next) {
        if (op->code == IR_OP_get)
            op->args[0]->mark = (void *)&used;
        mark_reads(&op->body);
        mark_reads(&op->body2);
    }
}

static bool is_dead(const ir_op *op)
{
    if (op->mark)
        return false;
    if (op->code == IR_OP_set)
        return !op->args[0]->mark;
    if (op->code == IR_OP_if || op->code == IR_OP_for)
        return !op->body.first && !op->body2.first;
    return op->code == IR_OP_reg || (ir_info(op->code)->flags & IR_PURE);
}

static void drop_block(ir_block *block)
{
    for (ir_op *op = block->last, *before; op; op = before) {
        before = op->prev;
        drop_block(&op->body);
        drop_block(&op->body2);
        bool dead = op->code != IR_OP_param && is_dead(op);
        op->mark = NULL;
        if (dead) {
            ir_unlink(block, op);
            continue;
        }
        for (int i = 0; i < op->nargs; i++)
            op->args[i]->mark = (void *)&used;
    }
}

void kernel_drop_unused(ir_func *f)
{
    mark_reads(&f->body);
    drop_block(&f->body);
    ir_number(f);
}
