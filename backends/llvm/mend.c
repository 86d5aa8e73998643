/* mend.c: what has to be put right between LLVM's passes and its code generator.
 *
 * A masked store of truncated lanes becomes one instruction in AVX-512; where its mask is known to have a single lane,
 * LLVM (22) makes a plain store of that lane as it was before it was truncated, which writes beyond the element. The
 * passes find such masks where an extent is 1. They are stored as scalars here, so that the code generator has none. */
#include "backends/llvm/emit.h"

/* The one lane that a constant mask has; -1: another mask. */
static int single_lane(LLVMValueRef mask)
{
    int found = -1;

    if (!LLVMIsAConstantVector(mask))
        return -1;
    for (int i = 0; i < LLVMGetNumOperands(mask); i++) {
        LLVMValueRef bit = LLVMGetOperand(mask, (unsigned)i);
        if (!LLVMIsAConstantInt(bit) || (LLVMConstIntGetZExtValue(bit) && found >= 0))
            return -1;
        if (LLVMConstIntGetZExtValue(bit))
            found = i;
    }
    return found;
}

static bool is_masked_store(LLVMValueRef instruction)
{
    static const unsigned in_order = 3; /* value, pointer, mask; until LLVM 21 an alignment before the mask */

    if (!LLVMIsACallInst(instruction) || LLVMGetNumArgOperands(instruction) < in_order)
        return false;
    LLVMValueRef callee = LLVMGetCalledValue(instruction);
    return LLVMIsAFunction(callee) && LLVMGetIntrinsicID(callee) == LLVMLookupIntrinsicID("llvm.masked.store", 17);
}

static void mend_store(llvm_emitter *e, LLVMValueRef call)
{
    const int lane = single_lane(LLVMGetOperand(call, LLVMGetNumArgOperands(call) - 1));
    LLVMTypeRef element = LLVMGetElementType(LLVMTypeOf(LLVMGetOperand(call, 0)));

    if (lane < 0)
        return;
    LLVMPositionBuilderBefore(e->builder, call);
    LLVMValueRef value = LLVMBuildExtractElement(e->builder, LLVMGetOperand(call, 0), llvm_int(e, 32, lane), "");
    LLVMValueRef number = llvm_int(e, 64, lane), at = LLVMGetOperand(call, 1);
    LLVMSetAlignment(LLVMBuildStore(e->builder, value, LLVMBuildGEP2(e->builder, element, at, &number, 1, "")), 1);
    LLVMInstructionEraseFromParent(call);
}

void llvm_mend(llvm_emitter *e)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(e->unit); f; f = LLVMGetNextFunction(f))
        for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(f); block; block = LLVMGetNextBasicBlock(block))
            for (LLVMValueRef i = LLVMGetFirstInstruction(block), next; i; i = next) {
                next = LLVMGetNextInstruction(i);
                if (is_masked_store(i))
                    mend_store(e, i);
            }
}
