/* control.c: rules of for and if, as blocks. */
#include "backends/gccjit/helper/emit.h"

/* The body once per step, without a loop. Its ops are defined anew in each copy. */
static void unroll(gj_emitter *e, const ir_op *op, const be_steps *steps)
{
    for (int i = 0; i < steps->count; i++) {
        gj_define(e, op, gj_scalar(e, IR_INDEX, gj_int(e, IR_INDEX, steps->from + i * steps->step)));
        gj_emit_block(e, &op->body);
    }
}

/* Tests before the first iteration and at the end of each. The body sees a copy of the counter, which it cannot change. */
gj_value *gj_emit_for(gj_emitter *e, const ir_op *op)
{
    gcc_jit_rvalue *to = gj_read(gj_arg(e, op, 1)->part[0]), *step = gj_read(gj_arg(e, op, 2)->part[0]);
    gcc_jit_type *type = gj_type(e, IR_INDEX, 1);
    be_steps steps;

    if (be_unrolls(op, &steps)) {
        unroll(e, op, &steps);
        return NULL;
    }
    gcc_jit_lvalue *counter = gj_keep(e, type, gj_read(gj_arg(e, op, 0)->part[0]));
    gcc_jit_block *body = gj_block_new(e), *after = gj_block_new(e);
    gj_branch(e, gj_compare(e, GCC_JIT_COMPARISON_LT, gj_read(counter), to), body, after, body);
    gj_define(e, op, gj_scalar(e, IR_INDEX, gj_read(counter)));
    gj_emit_block(e, &op->body);
    e->location = gj_location(e, op->loc);
    gj_assign(e, counter, gj_binary(e, GCC_JIT_BINARY_OP_PLUS, type, gj_read(counter), step));
    gj_branch(e, gj_compare(e, GCC_JIT_COMPARISON_LT, gj_read(counter), to), body, after, after);
    return NULL;
}

gj_value *gj_emit_if(gj_emitter *e, const ir_op *op)
{
    gcc_jit_block *then = gj_block_new(e), *after = gj_block_new(e);
    gcc_jit_block *otherwise = op->body2.first ? gj_block_new(e) : after;

    gj_branch(e, gj_read(gj_arg(e, op, 0)->part[0]), then, otherwise, then);
    gj_emit_block(e, &op->body);
    gj_jump(e, after, otherwise);
    if (op->body2.first) {
        gj_emit_block(e, &op->body2);
        gj_jump(e, after, after);
    }
    return NULL;
}
