/* graph: what the passes over graph IR share. */
#include "passes/graph.h"

bool graph_is_contraction(const ir_op *op)
{
    return op->code == IR_OP_linear || op->code == IR_OP_matmul;
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
