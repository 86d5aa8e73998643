/* mend.c: what has to be put right between LLVM's passes and its code generator.
 *
 * A masked store of truncated lanes becomes one instruction in AVX-512; where its mask is known to have a single lane,
 * LLVM (22) makes a plain store of that lane as it was before it was truncated, which writes beyond the element. The
 * passes find such masks where an extent is 1. They are stored as scalars here, so that the code generator has none.
 *
 * A choice among 16-bit floats is promoted to f32 and back, the latter by a call of compiler-rt where the CPU has no
 * instruction. Passes and code generator undo a choice among their bits, so it becomes arithmetic on them here. */
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

static bool is_short_float(LLVMTypeRef type)
{
    const LLVMTypeKind kind = LLVMGetTypeKind(LLVMGetTypeKind(type) == LLVMVectorTypeKind ? LLVMGetElementType(type) : type);

    return kind == LLVMHalfTypeKind || kind == LLVMBFloatTypeKind;
}

/* What was loaded is loaded again as words, which the code generator does not take for a choice of floats; the other load
 * is dropped unless it has other uses. */
static LLVMValueRef as_words(llvm_emitter *e, LLVMValueRef value, LLVMTypeRef words)
{
    if (!LLVMIsALoadInst(value))
        return LLVMBuildBitCast(e->builder, value, words, "");
    LLVMPositionBuilderBefore(e->builder, value);
    LLVMValueRef load = LLVMBuildLoad2(e->builder, words, LLVMGetOperand(value, 0), "");
    LLVMSetAlignment(load, LLVMGetAlignment(value));
    return load;
}

static void mend_select(llvm_emitter *e, LLVMValueRef select)
{
    LLVMTypeRef type = LLVMTypeOf(select);
    const bool vector = LLVMGetTypeKind(type) == LLVMVectorTypeKind;
    LLVMTypeRef bits = vector ? LLVMVectorType(llvm_i(e, 16), LLVMGetVectorSize(type)) : llvm_i(e, 16);
    LLVMValueRef values[2];

    if (vector != (LLVMGetTypeKind(LLVMTypeOf(LLVMGetOperand(select, 0))) == LLVMVectorTypeKind))
        return;
    for (unsigned i = 0; i < 2; i++) {
        LLVMPositionBuilderBefore(e->builder, select);
        values[i] = as_words(e, LLVMGetOperand(select, i + 1), bits);
    }
    LLVMPositionBuilderBefore(e->builder, select);
    LLVMValueRef mask = LLVMBuildSExt(e->builder, LLVMGetOperand(select, 0), bits, "");
    LLVMValueRef change = LLVMBuildAnd(e->builder, LLVMBuildXor(e->builder, values[0], values[1], ""), mask, "");
    LLVMValueRef chosen = LLVMBuildXor(e->builder, values[1], change, "");
    LLVMReplaceAllUsesWith(select, LLVMBuildBitCast(e->builder, chosen, type, ""));
    LLVMInstructionEraseFromParent(select);
}

void llvm_mend(llvm_emitter *e)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(e->unit); f; f = LLVMGetNextFunction(f))
        for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(f); block; block = LLVMGetNextBasicBlock(block))
            for (LLVMValueRef i = LLVMGetFirstInstruction(block), next; i; i = next) {
                next = LLVMGetNextInstruction(i);
                if (is_masked_store(i))
                    mend_store(e, i);
                else if (LLVMIsASelectInst(i) && is_short_float(LLVMTypeOf(i)))
                    mend_select(e, i);
            }
}
