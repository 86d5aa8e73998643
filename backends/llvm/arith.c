/* arith.c: rules of constants, arithmetic, comparisons and select.
 *
 * No fast-math flags anywhere: what the IR says is what runs; contraction is the IR's own fma. Integers wrap. */
#include "backends/llvm/emit.h"
#include <math.h>

static char class_of(const ir_op *op) { return ir_dtype_of(op->type->dtype)->class; }

LLVMValueRef llvm_emit_const(llvm_emitter *e, const ir_op *op)
{
    LLVMTypeRef type = llvm_type(e, op->type);
    const ir_attr *value = ir_attr_find(op, "value");
    LLVMValueRef result;

    if (!value)
        return llvm_fail(e, SPC_E_INTERNAL, "llvm: a const without value");
    if (ir_is_float(op->type->dtype))
        result = llvm_const_real(type, value->kind == IR_ATTR_FLOAT ? value->f : (double)value->i);
    else
        result = llvm_const_bits(type, (uint64_t)(value->kind == IR_ATTR_FLOAT ? (int64_t)value->f : value->i));
    return result ? result : llvm_fail(e, SPC_E_INTERNAL, "llvm: a constant of too many lanes");
}

/* By class: float, signed, unsigned, bool; 0: the op does not exist there. */
typedef struct binary_row {
    LLVMOpcode on_float, on_signed, on_unsigned, on_bool;
} binary_row;

static const binary_row binaries[IR_OP_COUNT] = {
    [IR_OP_add] = {LLVMFAdd, LLVMAdd, LLVMAdd, 0}, [IR_OP_sub] = {LLVMFSub, LLVMSub, LLVMSub, 0},
    [IR_OP_mul] = {LLVMFMul, LLVMMul, LLVMMul, 0}, [IR_OP_div] = {LLVMFDiv, LLVMSDiv, LLVMUDiv, 0},
    [IR_OP_rem] = {0, LLVMSRem, LLVMURem, 0},      [IR_OP_and] = {0, LLVMAnd, LLVMAnd, LLVMAnd},
    [IR_OP_or] = {0, LLVMOr, LLVMOr, LLVMOr},      [IR_OP_xor] = {0, LLVMXor, LLVMXor, LLVMXor},
    [IR_OP_shl] = {0, LLVMShl, LLVMShl, 0},        [IR_OP_shr] = {0, LLVMAShr, LLVMLShr, 0},
};

LLVMValueRef llvm_emit_binary(llvm_emitter *e, const ir_op *op)
{
    const binary_row *row = &binaries[op->code];
    char class = class_of(op);
    LLVMOpcode code = class == 'F' ? row->on_float : class == 'S' ? row->on_signed
                    : class == 'U' ? row->on_unsigned : row->on_bool;

    if (code == 0)
        return llvm_fail(e, SPC_E_INTERNAL, "llvm: %s on %s", ir_info(op->code)->name,
                         ir_dtype_of(op->type->dtype)->name);
    return LLVMBuildBinOp(e->builder, code, llvm_arg(e, op, 0), llvm_arg(e, op, 1), "");
}

/* Only a constant can be known not to be NaN. A splat of one is a constant vector, too. */
static bool is_number(LLVMValueRef value)
{
    LLVMBool lossy;

    if (!LLVMIsConstant(value))
        return false;
    if (LLVMGetTypeKind(LLVMTypeOf(value)) == LLVMVectorTypeKind)
        value = LLVMGetAggregateElement(value, 0);
    return value && LLVMIsAConstantFP(value) && !isnan(LLVMConstRealGetDouble(value, &lossy));
}

/* x86's max and min give their second operand when either is NaN. `compare ? a : b` with a number in a is therefore one
 * instruction in which a NaN of b wins; otherwise one more comparison looks at a. The sign of a zero may be either's. */
static LLVMValueRef float_extreme(llvm_emitter *e, LLVMRealPredicate compare, LLVMValueRef a, LLVMValueRef b)
{
    if (is_number(b)) {
        LLVMValueRef swap = a;
        a = b, b = swap;
    }
    LLVMValueRef first = LLVMBuildFCmp(e->builder, compare, a, b, "");
    LLVMValueRef result = LLVMBuildSelect(e->builder, first, a, b, "");
    if (is_number(a))
        return result;
    LLVMValueRef is_nan = LLVMBuildFCmp(e->builder, LLVMRealUNO, a, a, "");
    return LLVMBuildSelect(e->builder, is_nan, a, result, "");
}

static LLVMValueRef extreme(llvm_emitter *e, ir_dtype dtype, bool larger, LLVMValueRef a, LLVMValueRef b)
{
    switch (ir_dtype_of(dtype)->class) {
    case 'F': return float_extreme(e, larger ? LLVMRealOGT : LLVMRealOLT, a, b);
    case 'S': return llvm_intrinsic2(e, larger ? "llvm.smax" : "llvm.smin", a, b);
    case 'U': return llvm_intrinsic2(e, larger ? "llvm.umax" : "llvm.umin", a, b);
    default: return larger ? LLVMBuildOr(e->builder, a, b, "") : LLVMBuildAnd(e->builder, a, b, "");
    }
}

LLVMValueRef llvm_larger(llvm_emitter *e, ir_dtype dtype, LLVMValueRef a, LLVMValueRef b)
{
    return extreme(e, dtype, true, a, b);
}

LLVMValueRef llvm_emit_max(llvm_emitter *e, const ir_op *op)
{
    return extreme(e, op->type->dtype, true, llvm_arg(e, op, 0), llvm_arg(e, op, 1));
}

LLVMValueRef llvm_emit_min(llvm_emitter *e, const ir_op *op)
{
    return extreme(e, op->type->dtype, false, llvm_arg(e, op, 0), llvm_arg(e, op, 1));
}

/* Without the instruction llvm.fma would be a call of libm. */
LLVMValueRef llvm_emit_fma(llvm_emitter *e, const ir_op *op)
{
    LLVMValueRef args[3] = {llvm_arg(e, op, 0), llvm_arg(e, op, 1), llvm_arg(e, op, 2)};
    ir_dtype dtype = op->type->dtype;
    LLVMTypeRef type = llvm_type(e, op->type);

    if (!ir_is_float(dtype))
        return LLVMBuildAdd(e->builder, LLVMBuildMul(e->builder, args[0], args[1], ""), args[2], "");
    if ((dtype == IR_F32 || dtype == IR_F64) ? llvm_has(e, RT_CPU_fma)
                                             : dtype == IR_F16 && llvm_has(e, RT_CPU_avx512fp16))
        return llvm_intrinsic(e, "llvm.fma", 1, &type, 3, args);
    return LLVMBuildFAdd(e->builder, LLVMBuildFMul(e->builder, args[0], args[1], ""), args[2], "");
}

LLVMValueRef llvm_emit_neg(llvm_emitter *e, const ir_op *op)
{
    LLVMValueRef a = llvm_arg(e, op, 0);
    return class_of(op) == 'F' ? LLVMBuildFNeg(e->builder, a, "") : LLVMBuildNeg(e->builder, a, "");
}

LLVMValueRef llvm_emit_abs(llvm_emitter *e, const ir_op *op)
{
    LLVMValueRef a = llvm_arg(e, op, 0);
    LLVMTypeRef type = LLVMTypeOf(a);

    if (class_of(op) == 'F')
        return llvm_intrinsic1(e, "llvm.fabs", a);
    if (class_of(op) != 'S')
        return a;
    return llvm_intrinsic(e, "llvm.abs", 1, &type, 2, (LLVMValueRef[]){a, llvm_int(e, 1, 0)});
}

LLVMValueRef llvm_emit_sqrt(llvm_emitter *e, const ir_op *op)
{
    return llvm_intrinsic1(e, "llvm.sqrt", llvm_arg(e, op, 0));
}

/* Without SSE4.1 the intrinsic would call libm, which has no vectors: adding and taking away 2^23 (2^52) with the sign
 * of a rounds to even, and larger numbers are integers as they are. */
static LLVMValueRef round_by_magic(llvm_emitter *e, LLVMValueRef a, double magic)
{
    LLVMTypeRef type = LLVMTypeOf(a);
    LLVMValueRef big = llvm_const_real(type, magic), size = llvm_intrinsic1(e, "llvm.fabs", a);
    LLVMValueRef rounded = LLVMBuildFSub(e->builder, LLVMBuildFAdd(e->builder, size, big, ""), big, "");
    LLVMValueRef small = LLVMBuildFCmp(e->builder, LLVMRealOLT, size, big, "");

    return LLVMBuildSelect(e->builder, small, llvm_intrinsic2(e, "llvm.copysign", rounded, a), a, "");
}

LLVMValueRef llvm_emit_round(llvm_emitter *e, const ir_op *op)
{
    LLVMValueRef a = llvm_arg(e, op, 0);

    if (class_of(op) != 'F')
        return a;
    if (llvm_has(e, RT_CPU_sse4_1) || (op->type->dtype != IR_F32 && op->type->dtype != IR_F64))
        return llvm_intrinsic1(e, "llvm.roundeven", a);
    return round_by_magic(e, a, op->type->dtype == IR_F32 ? 0x1p23 : 0x1p52);
}

LLVMValueRef llvm_emit_not(llvm_emitter *e, const ir_op *op)
{
    return LLVMBuildNot(e->builder, llvm_arg(e, op, 0), "");
}

typedef struct compare_row {
    LLVMRealPredicate on_float;
    LLVMIntPredicate on_signed, on_unsigned;
} compare_row;

static const compare_row compares[IR_OP_COUNT] = {
    [IR_OP_eq] = {LLVMRealOEQ, LLVMIntEQ, LLVMIntEQ},   [IR_OP_ne] = {LLVMRealUNE, LLVMIntNE, LLVMIntNE},
    [IR_OP_lt] = {LLVMRealOLT, LLVMIntSLT, LLVMIntULT}, [IR_OP_le] = {LLVMRealOLE, LLVMIntSLE, LLVMIntULE},
    [IR_OP_gt] = {LLVMRealOGT, LLVMIntSGT, LLVMIntUGT}, [IR_OP_ge] = {LLVMRealOGE, LLVMIntSGE, LLVMIntUGE},
};

LLVMValueRef llvm_emit_compare(llvm_emitter *e, const ir_op *op)
{
    const compare_row *row = &compares[op->code];
    char class = ir_dtype_of(op->args[0]->type->dtype)->class;
    LLVMValueRef a = llvm_arg(e, op, 0), b = llvm_arg(e, op, 1);

    if (class == 'F')
        return LLVMBuildFCmp(e->builder, row->on_float, a, b, "");
    return LLVMBuildICmp(e->builder, class == 'S' ? row->on_signed : row->on_unsigned, a, b, "");
}

LLVMValueRef llvm_emit_select(llvm_emitter *e, const ir_op *op)
{
    return LLVMBuildSelect(e->builder, llvm_arg(e, op, 0), llvm_arg(e, op, 1), llvm_arg(e, op, 2), "");
}
