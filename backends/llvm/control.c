/* control.c: rules of for and if, as basic blocks. */
#include "backends/llvm/emit.h"

/* The body once per step, without a loop. Its ops are defined anew in each copy. */
static void unroll(llvm_emitter *e, const ir_op *op, const be_steps *steps)
{
    for (int i = 0; i < steps->count; i++) {
        llvm_define(e, op, llvm_int(e, 64, steps->from + i * steps->step));
        llvm_emit_block(e, &op->body);
    }
}

/* Tests before the first iteration and at the end of each: the form that the code generator wants. Bounds are extents, so
 * i + step never comes near 2^63. */
LLVMValueRef llvm_emit_for(llvm_emitter *e, const ir_op *op)
{
    LLVMValueRef from = llvm_arg(e, op, 0), to = llvm_arg(e, op, 1), step = llvm_arg(e, op, 2);
    be_steps steps;

    if (be_unrolls(op, &steps)) {
        unroll(e, op, &steps);
        return NULL;
    }
    LLVMBasicBlockRef before = LLVMGetInsertBlock(e->builder);
    LLVMBasicBlockRef body = llvm_block_new(e, "for"), after = llvm_block_new(e, "end");
    LLVMBuildCondBr(e->builder, LLVMBuildICmp(e->builder, LLVMIntSLT, from, to, ""), body, after);

    llvm_position(e, body);
    LLVMValueRef index = LLVMBuildPhi(e->builder, llvm_i(e, 64), "i");
    llvm_define(e, op, index);
    llvm_emit_block(e, &op->body);
    llvm_lines_set(e, op->loc);
    LLVMValueRef next = LLVMBuildNSWAdd(e->builder, index, step, "");
    LLVMBasicBlockRef latch = LLVMGetInsertBlock(e->builder);
    LLVMBuildCondBr(e->builder, LLVMBuildICmp(e->builder, LLVMIntSLT, next, to, ""), body, after);
    LLVMAddIncoming(index, (LLVMValueRef[]){from, next}, (LLVMBasicBlockRef[]){before, latch}, 2);
    llvm_position(e, after);
    return NULL;
}

LLVMValueRef llvm_emit_if(llvm_emitter *e, const ir_op *op)
{
    LLVMBasicBlockRef then = llvm_block_new(e, "then"), after = llvm_block_new(e, "end");
    LLVMBasicBlockRef otherwise = op->body2.first ? llvm_block_new(e, "else") : after;

    LLVMBuildCondBr(e->builder, llvm_arg(e, op, 0), then, otherwise);
    llvm_position(e, then);
    llvm_emit_block(e, &op->body);
    LLVMBuildBr(e->builder, after);
    if (op->body2.first) {
        llvm_position(e, otherwise);
        llvm_emit_block(e, &op->body2);
        LLVMBuildBr(e->builder, after);
    }
    llvm_position(e, after);
    return NULL;
}
