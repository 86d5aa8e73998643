/* vector.c: rules of ops that make, mix and reduce vectors, and of opaque. */
#include "backends/llvm/emit.h"
#include <stdio.h>
#include <string.h>

enum { MOST_LANES = 1024 };

static LLVMValueRef lane_number(llvm_emitter *e, int64_t lane) { return llvm_int(e, 32, lane); }

LLVMValueRef llvm_emit_splat(llvm_emitter *e, const ir_op *op)
{
    LLVMTypeRef type = llvm_type(e, op->type);
    LLVMValueRef scalar = llvm_arg(e, op, 0);

    if (llvm_lanes(type) == 1)
        return scalar;
    if (LLVMIsConstant(scalar))
        return llvm_const_splat(type, scalar);
    LLVMValueRef first = LLVMBuildInsertElement(e->builder, LLVMGetPoison(type), scalar, lane_number(e, 0), "");
    LLVMTypeRef mask = llvm_shaped(llvm_i(e, 32), llvm_lanes(type));
    return LLVMBuildShuffleVector(e->builder, first, LLVMGetPoison(type), LLVMConstNull(mask), "");
}

static LLVMValueRef counted(LLVMTypeRef element, int lanes, bool is_float)
{
    LLVMValueRef values[MOST_LANES];

    for (int i = 0; i < lanes; i++)
        values[i] = is_float ? LLVMConstReal(element, i) : LLVMConstInt(element, (unsigned)i, false);
    return lanes > 1 ? LLVMConstVector(values, (unsigned)lanes) : values[0];
}

LLVMValueRef llvm_emit_iota(llvm_emitter *e, const ir_op *op)
{
    int lanes = ir_lanes(op->type);

    if (lanes > MOST_LANES)
        return llvm_fail(e, SPC_E_INTERNAL, "llvm: a vector of %d lanes", lanes);
    return counted(llvm_element(e, op->type->dtype), lanes, ir_is_float(op->type->dtype));
}

LLVMValueRef llvm_emit_extract(llvm_emitter *e, const ir_op *op)
{
    LLVMValueRef a = llvm_arg(e, op, 0);

    if (llvm_lanes(LLVMTypeOf(a)) == 1)
        return a;
    return LLVMBuildExtractElement(e->builder, a, lane_number(e, ir_get_int(op, "lane", 0)), "");
}

LLVMValueRef llvm_emit_insert(llvm_emitter *e, const ir_op *op)
{
    LLVMValueRef a = llvm_arg(e, op, 0), b = llvm_arg(e, op, 1);

    if (llvm_lanes(LLVMTypeOf(a)) == 1)
        return b;
    return LLVMBuildInsertElement(e->builder, a, b, lane_number(e, ir_get_int(op, "lane", 0)), "");
}

static unsigned element_bits(LLVMTypeRef type)
{
    LLVMTypeRef element = LLVMGetTypeKind(type) == LLVMVectorTypeKind ? LLVMGetElementType(type) : type;

    switch (LLVMGetTypeKind(element)) {
    case LLVMIntegerTypeKind: return LLVMGetIntTypeWidth(element);
    case LLVMHalfTypeKind:
    case LLVMBFloatTypeKind: return 16;
    case LLVMFloatTypeKind: return 32;
    default: return 64;
    }
}

/* ---- opaque ---- */

static LLVMValueRef through_asm(llvm_emitter *e, LLVMValueRef a, const char *constraints)
{
    LLVMTypeRef type = LLVMTypeOf(a);
    LLVMTypeRef function = LLVMFunctionType(type, &type, 1, false);
    LLVMValueRef nothing = LLVMGetInlineAsm(function, "", 0, constraints, strlen(constraints), false, false,
                                            LLVMInlineAsmDialectATT, false);
    return LLVMBuildCall2(e->builder, function, nothing, &a, 1, "");
}

/* Vectors go as 32-bit elements, which every vector register class takes. Types that no class holds (masks, odd widths)
 * pass as they are: the op is a hint, not a meaning. */
static LLVMValueRef opaque_vector(llvm_emitter *e, LLVMValueRef a)
{
    LLVMTypeRef type = LLVMTypeOf(a);
    unsigned bits = element_bits(type) * (unsigned)llvm_lanes(type);

    if (element_bits(type) < 8)
        return a;
    if (bits != 128 && !(bits == 256 && llvm_has(e, RT_CPU_avx)) && !(bits == 512 && llvm_has(e, RT_CPU_avx512f)))
        return a;
    LLVMValueRef words = LLVMBuildBitCast(e->builder, a, LLVMVectorType(llvm_i(e, 32), bits / 32), "");
    words = through_asm(e, words, llvm_has(e, RT_CPU_avx512vl) ? "=v,0" : "=x,0");
    return LLVMBuildBitCast(e->builder, words, type, "");
}

static LLVMValueRef shuffled(llvm_emitter *e, LLVMValueRef a, LLVMValueRef b, int count, const int64_t *lanes)
{
    LLVMValueRef mask[MOST_LANES];

    for (int i = 0; i < count; i++)
        mask[i] = lane_number(e, lanes[i]);
    return LLVMBuildShuffleVector(e->builder, a, b, LLVMConstVector(mask, (unsigned)count), "");
}

static LLVMValueRef picked(llvm_emitter *e, LLVMValueRef a, LLVMValueRef b, int64_t lane)
{
    int lanes = llvm_lanes(LLVMTypeOf(a));
    LLVMValueRef from = lane < lanes ? a : b;

    return lanes == 1 ? from : LLVMBuildExtractElement(e->builder, from, lane_number(e, lane % lanes), "");
}

/* Shuffles of shuffles (a transpose) take LLVM quadratic time: its search for fewer of them outweighs the rest of a
 * kernel. A value that it cannot look through ends the search at every second level. */
static bool is_chained(const ir_op *op)
{
    return op->args[0]->code == IR_OP_shuffle || op->args[1]->code == IR_OP_shuffle;
}

LLVMValueRef llvm_emit_shuffle(llvm_emitter *e, const ir_op *op)
{
    const ir_attr *mask = ir_attr_find(op, "mask");
    LLVMValueRef a = llvm_arg(e, op, 0), b = llvm_arg(e, op, 1);

    if (!mask || mask->count < 1 || mask->count > MOST_LANES)
        return llvm_fail(e, SPC_E_INTERNAL, "llvm: a shuffle of these shapes");
    if (mask->count == 1)
        return picked(e, a, b, mask->ints[0]);
    if (llvm_lanes(LLVMTypeOf(a)) > 1)
        return is_chained(op) ? opaque_vector(e, shuffled(e, a, b, mask->count, mask->ints))
                              : shuffled(e, a, b, mask->count, mask->ints);
    LLVMValueRef result = LLVMGetPoison(llvm_type(e, op->type));
    for (int i = 0; i < mask->count; i++)
        result = LLVMBuildInsertElement(e->builder, result, picked(e, a, b, mask->ints[i]), lane_number(e, i), "");
    return result;
}

/* ---- permute, permute2: one instruction where the CPU has it ---- */

typedef struct permute_row {
    int vectors, bits, lanes;
    rt_feature feature;
    const char *name; /* indices are taken modulo all lanes by the instruction itself */
} permute_row;

/* (data, index), or (data, index, data). */
static const permute_row permutes[] = {
    {1, 32, 16, RT_CPU_avx512f, "llvm.x86.avx512.permvar.sf.512"},
    {1, 32, 8, RT_CPU_avx2, "llvm.x86.avx2.permps"},
    {1, 32, 4, RT_CPU_avx, "llvm.x86.avx.vpermilvar.ps"},
    {1, 64, 8, RT_CPU_avx512f, "llvm.x86.avx512.permvar.df.512"},
    {1, 16, 32, RT_CPU_avx512bw, "llvm.x86.avx512.permvar.hi.512"},
    {1, 8, 64, RT_CPU_avx512vbmi, "llvm.x86.avx512.permvar.qi.512"},
    {2, 32, 16, RT_CPU_avx512f, "llvm.x86.avx512.vpermi2var.ps.512"},
    {2, 32, 8, RT_CPU_avx512vl, "llvm.x86.avx512.vpermi2var.ps.256"},
    {2, 32, 4, RT_CPU_avx512vl, "llvm.x86.avx512.vpermi2var.ps.128"},
    {2, 64, 8, RT_CPU_avx512f, "llvm.x86.avx512.vpermi2var.pd.512"},
    {2, 64, 4, RT_CPU_avx512vl, "llvm.x86.avx512.vpermi2var.pd.256"},
    {2, 16, 32, RT_CPU_avx512bw, "llvm.x86.avx512.vpermi2var.hi.512"},
};

static const permute_row *permute_row_for(const llvm_emitter *e, LLVMTypeRef type, int vectors)
{
    for (size_t i = 0; i < sizeof permutes / sizeof *permutes; i++)
        if (permutes[i].vectors == vectors && permutes[i].bits == (int)element_bits(type)
            && permutes[i].lanes == llvm_lanes(type) && llvm_has(e, permutes[i].feature)
            && LLVMLookupIntrinsicID(permutes[i].name, strlen(permutes[i].name)))
            return &permutes[i];
    return NULL;
}

static LLVMValueRef permute_by_table(llvm_emitter *e, const permute_row *row, LLVMValueRef a, LLVMValueRef b,
                                     LLVMValueRef index)
{
    LLVMTypeRef params[3], type = LLVMTypeOf(a);
    LLVMTypeRef words = llvm_shaped(llvm_i(e, (unsigned)row->bits), row->lanes);
    unsigned id = LLVMLookupIntrinsicID(row->name, strlen(row->name));

    LLVMGetParamTypes(LLVMIntrinsicGetType(e->context, id, NULL, 0), params);
    LLVMValueRef args[3] = {LLVMBuildBitCast(e->builder, a, params[0], ""),
                            LLVMBuildIntCast2(e->builder, index, words, false, ""),
                            LLVMBuildBitCast(e->builder, b, params[0], "")};
    return LLVMBuildBitCast(e->builder, llvm_intrinsic(e, row->name, 0, NULL, row->vectors + 1, args), type, "");
}

/* Lane by lane: right everywhere, fast nowhere. */
static LLVMValueRef permute_by_lanes(llvm_emitter *e, LLVMValueRef table, LLVMTypeRef result_type, LLVMValueRef index)
{
    int entries = llvm_lanes(LLVMTypeOf(table)), lanes = llvm_lanes(result_type);
    LLVMTypeRef type = LLVMTypeOf(index);
    LLVMValueRef result = LLVMGetPoison(result_type);

    /* The unsigned remainder of a negative index is right only for powers of two, where the mask does the same. */
    index = (entries & (entries - 1)) == 0
        ? LLVMBuildAnd(e->builder, index, llvm_const_bits(type, (uint64_t)entries - 1), "")
        : LLVMBuildURem(e->builder, index, llvm_const_bits(type, (uint64_t)entries), "");
    for (int i = 0; i < lanes; i++) {
        LLVMValueRef from = LLVMBuildExtractElement(e->builder, index, lane_number(e, i), "");
        LLVMValueRef value = LLVMBuildExtractElement(e->builder, table, from, "");
        result = LLVMBuildInsertElement(e->builder, result, value, lane_number(e, i), "");
    }
    return result;
}

LLVMValueRef llvm_emit_permute(llvm_emitter *e, const ir_op *op)
{
    LLVMValueRef a = llvm_arg(e, op, 0), index = llvm_arg(e, op, 1);

    if (llvm_lanes(LLVMTypeOf(a)) == 1)
        return a;
    const permute_row *row = permute_row_for(e, LLVMTypeOf(a), 1);
    return row ? permute_by_table(e, row, a, a, index) : permute_by_lanes(e, a, LLVMTypeOf(a), index);
}

LLVMValueRef llvm_emit_permute2(llvm_emitter *e, const ir_op *op)
{
    LLVMValueRef a = llvm_arg(e, op, 0), b = llvm_arg(e, op, 1), index = llvm_arg(e, op, 2);
    const permute_row *row = permute_row_for(e, LLVMTypeOf(a), 2);
    int64_t both[MOST_LANES];
    int lanes = llvm_lanes(LLVMTypeOf(a));

    if (row)
        return permute_by_table(e, row, a, b, index);
    if (2 * lanes > MOST_LANES)
        return llvm_fail(e, SPC_E_INTERNAL, "llvm: permute2 of %d lanes", lanes);
    for (int i = 0; i < 2 * lanes; i++)
        both[i] = i;
    return permute_by_lanes(e, shuffled(e, a, b, 2 * lanes, both), LLVMTypeOf(a), index);
}

/* ---- reductions ---- */

static LLVMValueRef combine(llvm_emitter *e, const ir_op *op, LLVMValueRef a, LLVMValueRef b)
{
    if (op->code == IR_OP_reduce_max)
        return llvm_larger(e, op->type->dtype, a, b);
    return ir_is_float(op->type->dtype) ? LLVMBuildFAdd(e->builder, a, b, "") : LLVMBuildAdd(e->builder, a, b, "");
}

/* The tree of ops.def: lane i with lane i + half, until one is left; an odd lane in the middle waits for the next round. */
static LLVMValueRef reduce_lanes(llvm_emitter *e, const ir_op *op, LLVMValueRef a, int lanes)
{
    LLVMValueRef lane[MOST_LANES];

    for (int i = 0; i < lanes; i++)
        lane[i] = LLVMBuildExtractElement(e->builder, a, lane_number(e, i), "");
    for (int half; lanes > 1; lanes = half) {
        half = (lanes + 1) / 2;
        for (int i = 0; half + i < lanes; i++)
            lane[i] = combine(e, op, lane[i], lane[half + i]);
    }
    return lane[0];
}

LLVMValueRef llvm_emit_reduce(llvm_emitter *e, const ir_op *op)
{
    LLVMValueRef a = llvm_arg(e, op, 0);
    int lanes = llvm_lanes(LLVMTypeOf(a));
    int64_t low[MOST_LANES], high[MOST_LANES];

    if (lanes == 1)
        return a;
    if (lanes > MOST_LANES)
        return llvm_fail(e, SPC_E_INTERNAL, "llvm: %s of %d lanes", ir_info(op->code)->name, lanes);
    for (; lanes % 2 == 0 && lanes > 2; lanes /= 2) {
        for (int i = 0; i < lanes / 2; i++) {
            low[i] = i;
            high[i] = lanes / 2 + i;
        }
        a = combine(e, op, shuffled(e, a, a, lanes / 2, low), shuffled(e, a, a, lanes / 2, high));
    }
    return reduce_lanes(e, op, a, lanes);
}

/* ---- masks ---- */

/* a is clamped first, so that the comparison can be done in elements as narrow as the lanes are wide. */
LLVMValueRef llvm_emit_tailmask(llvm_emitter *e, const ir_op *op)
{
    int lanes = ir_lanes(op->type);
    unsigned bits = lanes <= 16 ? 32 : lanes <= 32 ? 16 : 8;
    LLVMValueRef count = llvm_arg(e, op, 0);

    if (lanes > 64)
        return llvm_fail(e, SPC_E_INTERNAL, "llvm: a mask of %d lanes", lanes);
    count = llvm_intrinsic2(e, "llvm.smax", count, llvm_int(e, 64, 0));
    count = llvm_intrinsic2(e, "llvm.smin", count, llvm_int(e, 64, lanes));
    if (lanes == 1)
        return LLVMBuildICmp(e->builder, LLVMIntNE, count, llvm_int(e, 64, 0), "");
    LLVMTypeRef type = llvm_shaped(llvm_i(e, bits), lanes);
    LLVMValueRef narrow = LLVMBuildTrunc(e->builder, count, llvm_i(e, bits), "");
    LLVMValueRef first = LLVMBuildInsertElement(e->builder, LLVMGetPoison(type), narrow, lane_number(e, 0), "");
    LLVMValueRef zeros = LLVMConstNull(llvm_shaped(llvm_i(e, 32), lanes));
    LLVMValueRef all = LLVMBuildShuffleVector(e->builder, first, LLVMGetPoison(type), zeros, "");
    return LLVMBuildICmp(e->builder, LLVMIntSLT, counted(llvm_i(e, bits), lanes, false), all, "");
}

LLVMValueRef llvm_emit_opaque(llvm_emitter *e, const ir_op *op)
{
    LLVMValueRef a = llvm_arg(e, op, 0);
    ir_dtype dtype = op->type->dtype;

    if (op->type->kind == IR_BUFFER)
        return through_asm(e, a, "=r,0");
    if (dtype == IR_BOOL)
        return a;
    if (llvm_lanes(LLVMTypeOf(a)) > 1)
        return opaque_vector(e, a);
    if (!ir_is_float(dtype))
        return through_asm(e, a, "=r,0");
    if (dtype != IR_F32 && dtype != IR_F64)
        return a;
    return through_asm(e, a, llvm_has(e, RT_CPU_avx512vl) ? "=v,0" : "=x,0");
}
