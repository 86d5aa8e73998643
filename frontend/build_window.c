/* build_window: from checked calls to the ops over images: convolutions, pooling, resizing. */
#include "frontend/checks.h"

/* The pair of an argument that was checked to be constant. */
static void set_pair(fe_call *call, ir_op *op, const char *key, const fe_bound *b)
{
    int64_t pair[2];
    for (int i = 0; i < 2; i++) ir_extent_is_const(b->extents[i], &pair[i]);
    ir_set_ints(call->w->c->module, op, key, 2, pair);
}

static void set_before(fe_call *call, ir_op *op)
{
    ir_set_extents(call->w->c->module, op, "before", 2, call->before);
}

ir_op *fe_emit_convolution(fe_call *call)
{
    ir_op *op = fe_emit_args(call);
    set_pair(call, op, "stride", &call->args[3]);
    set_pair(call, op, "dilation", &call->args[4]);
    set_before(call, op);
    return op;
}

ir_op *fe_emit_pool(fe_call *call)
{
    const fe_bound *size = &call->args[1];
    ir_op *op = fe_emit_over(call, (ir_opcode)call->builtin->code, call->type, call->args[0].value.op);
    set_pair(call, op, "size", size);
    set_pair(call, op, "stride", call->args[2].given ? &call->args[2] : size);
    set_before(call, op);
    return op;
}

ir_op *fe_emit_resize(fe_call *call)
{
    static const char *const flags[] = {"align", "half_pixel"};
    ir_op *op = fe_emit_over(call, IR_OP_resize_bilinear, call->type, call->args[0].value.op);
    for (int i = 0; i < 2; i++)
        if (call->args[3 + i].truth) ir_set_int(call->w->c->module, op, flags[i], 1);
    return op;
}
