/* graph: what the passes over graph IR share. */
#include "passes/graph.h"

bool graph_is_contraction(const ir_op *op)
{
    return op->code == IR_OP_linear || op->code == IR_OP_matmul || op->code == IR_OP_conv2d || op->code == IR_OP_conv2d_planes;
}

/* What graph ops are to fusion, beside elementwise. */
enum { NONE, CORE, VIEW };
static const unsigned char kinds[IR_OP_COUNT] = {
    [IR_OP_linear] = CORE,  [IR_OP_matmul] = CORE, [IR_OP_softmax] = CORE,   [IR_OP_layernorm] = CORE,
    [IR_OP_rmsnorm] = CORE, [IR_OP_sum] = CORE,    [IR_OP_mean] = CORE,      [IR_OP_amax] = CORE,
    [IR_OP_argmax] = CORE,  [IR_OP_slice] = CORE,  [IR_OP_transpose] = CORE, [IR_OP_pad] = CORE,
    [IR_OP_concat] = CORE,  [IR_OP_conv2d] = CORE, [IR_OP_depthwise_conv2d] = CORE, [IR_OP_maxpool2d] = CORE,
    [IR_OP_avgpool2d] = CORE, [IR_OP_maxpool2d_planes] = CORE, [IR_OP_resize_bilinear] = CORE, [IR_OP_conv2d_planes] = CORE,
    [IR_OP_depthwise_conv2d_planes] = CORE, [IR_OP_reshape] = VIEW,
};

bool graph_is_core(const ir_op *op)
{
    return kinds[op->code] == CORE;
}

bool graph_is_view(const ir_op *op)
{
    return kinds[op->code] == VIEW;
}

const ir_op *graph_viewed(const ir_op *op)
{
    while (graph_is_view(op))
        op = op->args[0];
    return op;
}

/* Graph ops that kernels have too mean the same on vectors as on tensors. */
bool graph_is_elementwise(const ir_op *op)
{
    const ir_op_info *info = ir_info(op->code);
    return op->code != IR_OP_const && (info->levels & IR_LEVEL_G) && (info->levels & IR_LEVEL_K);
}

void graph_replace_body(ir_func *f, ir_block fresh)
{
    f->body = fresh;
    ir_number(f);
}

void graph_drop_unused(ir_func *f)
{
    static const char used = 1;
    for (ir_op *op = f->body.last, *before; op; op = before) {
        before = op->prev;
        bool keep = op->mark || !(ir_info(op->code)->flags & IR_PURE);
        op->mark = NULL;
        if (!keep) {
            ir_unlink(&f->body, op);
            continue;
        }
        for (int i = 0; i < op->nargs; i++)
            op->args[i]->mark = (void *)&used;
    }
}
