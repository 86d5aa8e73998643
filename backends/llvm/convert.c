/* convert.c: the rules of cast and bitcast.
 *
 * Conversions that the function's CPU lacks are spelt out in integer arithmetic: left to LLVM they would become calls of
 * compiler-rt, and compiled code may depend on libc and libm only. Each cast rounds once: f64 and wide integers go to
 * the 16-bit floats through an f32 that was rounded to odd, which keeps what the second rounding needs to know. */
#include "backends/llvm/emit.h"

static LLVMValueRef bits_of(llvm_emitter *e, LLVMValueRef value, unsigned width)
{
    return LLVMBuildBitCast(e->builder, value, llvm_like(llvm_i(e, width), LLVMTypeOf(value)), "");
}

static LLVMTypeRef f32_like(llvm_emitter *e, LLVMValueRef value)
{
    return llvm_like(LLVMFloatTypeInContext(e->context), LLVMTypeOf(value));
}

static LLVMValueRef with_bits(llvm_emitter *e, LLVMOpcode code, LLVMValueRef a, uint64_t bits)
{
    return LLVMBuildBinOp(e->builder, code, a, llvm_const_bits(LLVMTypeOf(a), bits), "");
}

static LLVMValueRef compare_bits(llvm_emitter *e, LLVMIntPredicate predicate, LLVMValueRef a, uint64_t bits)
{
    return LLVMBuildICmp(e->builder, predicate, a, llvm_const_bits(LLVMTypeOf(a), bits), "");
}

static LLVMValueRef widen(llvm_emitter *e, LLVMValueRef half_bits)
{
    return LLVMBuildZExt(e->builder, half_bits, llvm_like(llvm_i(e, 32), LLVMTypeOf(half_bits)), "");
}

static LLVMValueRef narrow_to(llvm_emitter *e, LLVMValueRef bits, LLVMTypeRef half_type)
{
    bits = LLVMBuildTrunc(e->builder, bits, llvm_like(llvm_i(e, 16), LLVMTypeOf(bits)), "");
    return LLVMBuildBitCast(e->builder, bits, half_type, "");
}

static LLVMValueRef bf16_to_f32(llvm_emitter *e, LLVMValueRef a)
{
    LLVMValueRef bits = with_bits(e, LLVMShl, widen(e, bits_of(e, a, 16)), 16);
    return LLVMBuildBitCast(e->builder, bits, f32_like(e, a), "");
}

static LLVMValueRef f32_to_bf16(llvm_emitter *e, LLVMValueRef a, LLVMTypeRef type)
{
    if (llvm_has(e, RT_CPU_avx512bf16) && llvm_lanes(type) > 1)
        return LLVMBuildFPTrunc(e->builder, a, type, "");
    LLVMValueRef bits = bits_of(e, a, 32);
    LLVMValueRef odd = with_bits(e, LLVMAnd, with_bits(e, LLVMLShr, bits, 16), 1);
    LLVMValueRef rounded = LLVMBuildAdd(e->builder, with_bits(e, LLVMAdd, bits, 0x7fff), odd, "");
    LLVMValueRef quiet = with_bits(e, LLVMOr, bits, 0x400000);
    LLVMValueRef is_nan = LLVMBuildFCmp(e->builder, LLVMRealUNO, a, a, "");

    bits = LLVMBuildSelect(e->builder, is_nan, quiet, rounded, "");
    return narrow_to(e, with_bits(e, LLVMLShr, bits, 16), type);
}

/* The exponent is rebased by a multiplication, which also normalises subnormals. */
static LLVMValueRef f16_to_f32(llvm_emitter *e, LLVMValueRef a)
{
    LLVMTypeRef type = f32_like(e, a);

    if (llvm_has(e, RT_CPU_f16c))
        return LLVMBuildFPExt(e->builder, a, type, "");
    LLVMValueRef bits = widen(e, bits_of(e, a, 16));
    LLVMValueRef sign = with_bits(e, LLVMShl, with_bits(e, LLVMAnd, bits, 0x8000), 16);
    LLVMValueRef size = with_bits(e, LLVMShl, with_bits(e, LLVMAnd, bits, 0x7fff), 13);
    LLVMValueRef number = LLVMBuildFMul(e->builder, LLVMBuildBitCast(e->builder, size, type, ""),
                                        llvm_const_real(type, 0x1p112), "");
    LLVMValueRef special = compare_bits(e, LLVMIntUGE, size, 0x7c00u << 13);

    bits = LLVMBuildSelect(e->builder, special, with_bits(e, LLVMOr, size, 0x7f800000), bits_of(e, number, 32), "");
    return LLVMBuildBitCast(e->builder, LLVMBuildOr(e->builder, bits, sign, ""), type, "");
}

/* Subnormal results: adding 0.5 leaves |a| in units of 2^-24 in the low bits, rounded to even by the adder. */
static LLVMValueRef f32_to_f16(llvm_emitter *e, LLVMValueRef a, LLVMTypeRef type)
{
    if (llvm_has(e, RT_CPU_f16c))
        return LLVMBuildFPTrunc(e->builder, a, type, "");
    LLVMValueRef bits = bits_of(e, a, 32);
    LLVMValueRef sign = with_bits(e, LLVMAnd, with_bits(e, LLVMLShr, bits, 16), 0x8000);
    LLVMValueRef size = with_bits(e, LLVMAnd, bits, 0x7fffffff);
    LLVMValueRef odd = with_bits(e, LLVMAnd, with_bits(e, LLVMLShr, size, 13), 1);
    LLVMValueRef normal = LLVMBuildAdd(e->builder, with_bits(e, LLVMSub, size, 0x38000000 - 0xfff), odd, "");
    LLVMValueRef number = LLVMBuildBitCast(e->builder, size, LLVMTypeOf(a), "");
    LLVMValueRef shifted = LLVMBuildFAdd(e->builder, number, llvm_const_real(LLVMTypeOf(a), 0.5), "");
    LLVMValueRef subnormal = with_bits(e, LLVMSub, bits_of(e, shifted, 32), 0x3f000000);
    LLVMTypeRef word = LLVMTypeOf(bits);
    LLVMValueRef result = with_bits(e, LLVMLShr, normal, 13);

    result = LLVMBuildSelect(e->builder, compare_bits(e, LLVMIntULT, size, 0x38800000), subnormal, result, "");
    result = LLVMBuildSelect(e->builder, compare_bits(e, LLVMIntUGE, size, 0x47800000),
                             llvm_const_bits(word, 0x7c00), result, "");
    result = LLVMBuildSelect(e->builder, compare_bits(e, LLVMIntUGT, size, 0x7f800000),
                             llvm_const_bits(word, 0x7e00), result, "");
    return narrow_to(e, LLVMBuildOr(e->builder, result, sign, ""), type);
}

/* Toward zero, then the last bit says whether anything was lost. */
static LLVMValueRef f64_to_f32_odd(llvm_emitter *e, LLVMValueRef a)
{
    LLVMTypeRef type = f32_like(e, a);
    LLVMValueRef nearest = LLVMBuildFPTrunc(e->builder, a, type, "");
    LLVMValueRef back = LLVMBuildFPExt(e->builder, nearest, LLVMTypeOf(a), "");
    LLVMValueRef above = LLVMBuildFCmp(e->builder, LLVMRealOGT, llvm_intrinsic1(e, "llvm.fabs", back),
                                       llvm_intrinsic1(e, "llvm.fabs", a), "");
    LLVMValueRef lossy = LLVMBuildFCmp(e->builder, LLVMRealONE, back, a, "");
    LLVMValueRef bits = bits_of(e, nearest, 32);
    LLVMTypeRef word = LLVMTypeOf(bits);

    bits = LLVMBuildSub(e->builder, bits, LLVMBuildZExt(e->builder, above, word, ""), "");
    bits = LLVMBuildOr(e->builder, bits, LLVMBuildZExt(e->builder, lossy, word, ""), "");
    return LLVMBuildBitCast(e->builder, bits, type, "");
}

static LLVMValueRef to_half(llvm_emitter *e, LLVMValueRef f32, ir_dtype to, LLVMTypeRef type)
{
    return to == IR_F16 ? f32_to_f16(e, f32, type) : f32_to_bf16(e, f32, type);
}

static bool is_half(ir_dtype dtype) { return dtype == IR_F16 || dtype == IR_BF16; }

/* A 16-bit float as f32, which holds it exactly; others as they are. */
static LLVMValueRef unhalved(llvm_emitter *e, LLVMValueRef a, ir_dtype dtype)
{
    return dtype == IR_F16 ? f16_to_f32(e, a) : dtype == IR_BF16 ? bf16_to_f32(e, a) : a;
}

static LLVMValueRef float_to_float(llvm_emitter *e, LLVMValueRef a, ir_dtype from, ir_dtype to, LLVMTypeRef type)
{
    if (from == to)
        return a;
    a = unhalved(e, a, from);
    if (is_half(to))
        return to_half(e, from == IR_F64 ? f64_to_f32_odd(e, a) : a, to, type);
    if (from == IR_F64)
        return LLVMBuildFPTrunc(e->builder, a, type, "");
    return to == IR_F64 ? LLVMBuildFPExt(e->builder, a, type, "") : a;
}

static LLVMValueRef int_to_float(llvm_emitter *e, LLVMValueRef a, ir_dtype from, ir_dtype to, LLVMTypeRef type)
{
    bool is_signed = ir_dtype_of(from)->class == 'S';
    LLVMOpcode code = is_signed ? LLVMSIToFP : LLVMUIToFP;

    if (!is_half(to))
        return LLVMBuildCast(e->builder, code, a, type, "");
    if (ir_dtype_of(from)->bytes <= 2)
        return to_half(e, LLVMBuildCast(e->builder, code, a, f32_like(e, a), ""), to, type);
    LLVMTypeRef wide = llvm_like(LLVMDoubleTypeInContext(e->context), LLVMTypeOf(a));
    return to_half(e, f64_to_f32_odd(e, LLVMBuildCast(e->builder, code, a, wide, "")), to, type);
}

/* A lane where the comparison holds, else b's. */
static LLVMValueRef lanes_where(llvm_emitter *e, LLVMRealPredicate holds, LLVMValueRef a, LLVMValueRef b, LLVMValueRef then,
                                LLVMValueRef otherwise)
{
    return LLVMBuildSelect(e->builder, LLVMBuildFCmp(e->builder, holds, a, b, ""), then, otherwise, "");
}

/* LLVM takes llvm.fptosi.sat of vectors apart into lanes: 30 ns for 16 of them. What is clamped beforehand converts by one
 * instruction; f32 has no number between the largest i32 and 2^31. */
static LLVMValueRef vector_to_int(llvm_emitter *e, LLVMValueRef a, ir_dtype to, LLVMTypeRef type)
{
    LLVMTypeRef real = LLVMTypeOf(a), words = llvm_shaped(llvm_i(e, 32), llvm_lanes(type));
    const bool single = LLVMGetTypeKind(LLVMGetElementType(real)) == LLVMFloatTypeKind;
    const double low = to == IR_I8 ? INT8_MIN : to == IR_U8 ? 0 : INT32_MIN;
    const double high = to == IR_I8 ? INT8_MAX : to == IR_U8 ? UINT8_MAX : single ? 0x1p31 - 128 : INT32_MAX;
    LLVMValueRef least = llvm_const_real(real, low), most = llvm_const_real(real, high);

    LLVMValueRef number = lanes_where(e, LLVMRealORD, a, a, a, LLVMConstNull(real));
    LLVMValueRef clamped = lanes_where(e, LLVMRealOGT, number, least, number, least);
    clamped = lanes_where(e, LLVMRealOLT, clamped, most, clamped, most);
    LLVMValueRef result = LLVMBuildFPToSI(e->builder, clamped, words, "");
    if (to != IR_I32)
        return LLVMBuildTrunc(e->builder, result, type, "");
    return single ? lanes_where(e, LLVMRealOGT, number, most, llvm_const_bits(words, INT32_MAX), result) : result;
}

static LLVMValueRef float_to_int(llvm_emitter *e, LLVMValueRef a, ir_dtype from, ir_dtype to, LLVMTypeRef type)
{
    a = unhalved(e, a, from);
    if (llvm_lanes(type) > 1 && (to == IR_I8 || to == IR_U8 || to == IR_I32))
        return vector_to_int(e, a, to, type);
    bool is_signed = ir_dtype_of(to)->class == 'S';
    LLVMTypeRef overloads[2] = {type, LLVMTypeOf(a)};
    return llvm_intrinsic(e, is_signed ? "llvm.fptosi.sat" : "llvm.fptoui.sat", 2, overloads, 1, &a);
}

static LLVMValueRef to_bool(llvm_emitter *e, LLVMValueRef a, ir_dtype from)
{
    if (!ir_is_float(from))
        return LLVMBuildICmp(e->builder, LLVMIntNE, a, LLVMConstNull(LLVMTypeOf(a)), "");
    a = unhalved(e, a, from);
    return LLVMBuildFCmp(e->builder, LLVMRealUNE, a, LLVMConstNull(LLVMTypeOf(a)), "");
}

LLVMValueRef llvm_emit_cast(llvm_emitter *e, const ir_op *op)
{
    LLVMValueRef a = llvm_arg(e, op, 0);
    ir_dtype from = op->args[0]->type->dtype, to = op->type->dtype;
    LLVMTypeRef type = llvm_type(e, op->type);

    if (from == to)
        return a;
    if (to == IR_BOOL)
        return to_bool(e, a, from);
    if (ir_is_float(from))
        return ir_is_float(to) ? float_to_float(e, a, from, to, type) : float_to_int(e, a, from, to, type);
    if (ir_is_float(to))
        return int_to_float(e, a, from, to, type);
    return LLVMBuildIntCast2(e->builder, a, type, ir_dtype_of(from)->class == 'S', "");
}

LLVMValueRef llvm_emit_bitcast(llvm_emitter *e, const ir_op *op)
{
    return LLVMBuildBitCast(e->builder, llvm_arg(e, op, 0), llvm_type(e, op->type), "");
}
