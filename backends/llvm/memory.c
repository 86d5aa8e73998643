/* memory.c: rules of params, buffers, loads and stores, and of regs.
 *
 * Addresses are byte pointers plus element offsets without `inbounds`: index alone may lie outside where index + disp
 * lies inside. What LLVM may assume comes from `noalias` and `readonly` on kernel parameters. */
#include "backends/llvm/emit.h"
#include <string.h>

LLVMValueRef llvm_emit_param(llvm_emitter *e, const ir_op *op)
{
    (void)op;
    return LLVMGetParam(e->function, e->params_seen++);
}

static LLVMValueRef offset_by(llvm_emitter *e, LLVMTypeRef element, LLVMValueRef base, LLVMValueRef index)
{
    return LLVMBuildGEP2(e->builder, element, base, &index, 1, "");
}

LLVMValueRef llvm_emit_subbuffer(llvm_emitter *e, const ir_op *op)
{
    LLVMTypeRef element = llvm_memory_element(e, op->args[0]->type->dtype);
    return offset_by(e, element, llvm_arg(e, op, 0), llvm_arg(e, op, 1));
}

static LLVMValueRef address(llvm_emitter *e, const ir_op *op, int buffer)
{
    LLVMTypeRef element = llvm_memory_element(e, op->args[buffer]->type->dtype);
    int64_t disp = ir_get_int(op, "disp", 0);
    LLVMValueRef at = offset_by(e, element, llvm_arg(e, op, buffer), llvm_arg(e, op, buffer + 1));

    return disp ? offset_by(e, element, at, llvm_int(e, 64, disp)) : at;
}

static unsigned alignment(const ir_op *op, int buffer)
{
    int64_t align = ir_get_int(op, "align", 0);
    return align > 0 ? (unsigned)align : (unsigned)ir_dtype_of(op->args[buffer]->type->dtype)->bytes;
}

/* 16-bit floats pass through memory as words: masked stores of half and bfloat would be taken apart into calls of
 * conversion routines on CPUs that lack them. */
static bool is_half(ir_dtype dtype) { return dtype == IR_F16 || dtype == IR_BF16; }

static LLVMValueRef from_memory(llvm_emitter *e, ir_dtype dtype, LLVMValueRef value)
{
    if (is_half(dtype))
        return LLVMBuildBitCast(e->builder, value, llvm_shaped(llvm_element(e, dtype), llvm_lanes(LLVMTypeOf(value))), "");
    if (dtype != IR_BOOL)
        return value;
    return LLVMBuildICmp(e->builder, LLVMIntNE, value, LLVMConstNull(LLVMTypeOf(value)), "");
}

static LLVMValueRef to_memory(llvm_emitter *e, ir_dtype dtype, LLVMValueRef value)
{
    if (is_half(dtype))
        return LLVMBuildBitCast(e->builder, value, llvm_shaped(llvm_i(e, 16), llvm_lanes(LLVMTypeOf(value))), "");
    if (dtype != IR_BOOL)
        return value;
    return LLVMBuildZExt(e->builder, value, llvm_like(llvm_i(e, 8), LLVMTypeOf(value)), "");
}

/* Masked operations are defined on vectors: a scalar becomes one of one lane. */
static LLVMValueRef as_vector(llvm_emitter *e, LLVMValueRef value)
{
    LLVMTypeRef type = LLVMTypeOf(value);

    if (LLVMGetTypeKind(type) == LLVMVectorTypeKind)
        return value;
    return LLVMBuildInsertElement(e->builder, LLVMGetPoison(LLVMVectorType(type, 1)), value, llvm_int(e, 32, 0), "");
}

/* llvm.masked.*: the alignment was an argument behind the pointers until LLVM 21 and is an attribute of them since. */
static LLVMValueRef masked(llvm_emitter *e, const char *name, LLVMTypeRef *overloads, int count, LLVMValueRef *args,
                           int pointer, unsigned align)
{
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMTypeRef type = LLVMIntrinsicGetType(e->context, id, overloads, 2);
    LLVMValueRef with_align[8];

    if (id != 0 && (int)LLVMCountParamTypes(type) == count + 1) {
        for (int i = 0, j = 0; i < count; i++) {
            with_align[j++] = args[i];
            if (i == pointer)
                with_align[j++] = llvm_int(e, 32, align);
        }
        return llvm_intrinsic(e, name, 2, overloads, count + 1, with_align);
    }
    LLVMValueRef call = llvm_intrinsic(e, name, 2, overloads, count, args);
    if (call)
        LLVMAddCallSiteAttribute(call, (unsigned)pointer + 1, LLVMCreateEnumAttribute(e->context,
            LLVMGetEnumAttributeKindForName("align", 5), align));
    return call;
}

static LLVMValueRef masked_load(llvm_emitter *e, LLVMTypeRef type, LLVMValueRef at, LLVMValueRef mask, unsigned align)
{
    bool scalar = llvm_lanes(type) == 1;
    LLVMTypeRef vector = scalar ? LLVMVectorType(type, 1) : type;
    LLVMTypeRef overloads[2] = {vector, llvm_ptr(e)};
    LLVMValueRef args[3] = {at, as_vector(e, mask), LLVMConstNull(vector)};
    LLVMValueRef value = masked(e, "llvm.masked.load", overloads, 3, args, 0, align);

    return value && scalar ? LLVMBuildExtractElement(e->builder, value, llvm_int(e, 32, 0), "") : value;
}

LLVMValueRef llvm_emit_load(llvm_emitter *e, const ir_op *op)
{
    LLVMTypeRef type = llvm_shaped(llvm_memory_element(e, op->type->dtype), ir_lanes(op->type));
    LLVMValueRef at = address(e, op, 0), value;

    if (op->nargs == 3) {
        value = masked_load(e, type, at, llvm_arg(e, op, 2), alignment(op, 0));
    } else {
        value = LLVMBuildLoad2(e->builder, type, at, "");
        LLVMSetAlignment(value, alignment(op, 0));
    }
    return value ? from_memory(e, op->type->dtype, value) : NULL;
}

LLVMValueRef llvm_emit_store(llvm_emitter *e, const ir_op *op)
{
    LLVMValueRef value = to_memory(e, op->args[0]->type->dtype, llvm_arg(e, op, 0)), at = address(e, op, 1);

    if (op->nargs == 4) {
        value = as_vector(e, value);
        LLVMTypeRef overloads[2] = {LLVMTypeOf(value), llvm_ptr(e)};
        LLVMValueRef args[3] = {value, at, as_vector(e, llvm_arg(e, op, 3))};
        masked(e, "llvm.masked.store", overloads, 3, args, 1, alignment(op, 1));
    } else {
        LLVMSetAlignment(LLVMBuildStore(e->builder, value, at), alignment(op, 1));
    }
    return NULL;
}

/* i32 indices stay narrow: the address computation extends their sign, as the gather instructions do. */
LLVMValueRef llvm_emit_gather(llvm_emitter *e, const ir_op *op)
{
    ir_dtype dtype = op->args[0]->type->dtype;
    LLVMTypeRef element = llvm_memory_element(e, dtype), type = llvm_shaped(element, ir_lanes(op->type));
    LLVMValueRef base = llvm_arg(e, op, 0), index = llvm_arg(e, op, 1);
    int64_t disp = ir_get_int(op, "disp", 0);

    if (ir_dtype_of(op->args[1]->type->dtype)->class == 'U')
        index = LLVMBuildZExt(e->builder, index, llvm_like(llvm_i(e, 64), LLVMTypeOf(index)), "");
    if (disp)
        base = offset_by(e, element, base, llvm_int(e, 64, disp));
    LLVMValueRef at = offset_by(e, element, base, index);
    LLVMTypeRef overloads[2] = {type, LLVMTypeOf(at)};
    if (llvm_lanes(type) == 1)
        return llvm_fail(e, SPC_E_INTERNAL, "llvm: a gather of one lane");
    LLVMValueRef mask = op->nargs == 3 ? llvm_arg(e, op, 2) : llvm_const_bits(llvm_like(llvm_i(e, 1), type), 1);
    LLVMValueRef args[3] = {at, mask, LLVMConstNull(type)};
    LLVMValueRef value = masked(e, "llvm.masked.gather", overloads, 3, args, 0, (unsigned)ir_dtype_of(dtype)->bytes);
    return value ? from_memory(e, dtype, value) : NULL;
}

LLVMValueRef llvm_emit_prefetch(llvm_emitter *e, const ir_op *op)
{
    LLVMTypeRef pointer = llvm_ptr(e);
    LLVMValueRef args[4] = {address(e, op, 0), llvm_int(e, 32, 0), llvm_int(e, 32, ir_get_int(op, "locality", 3)),
                            llvm_int(e, 32, 1)};
    llvm_intrinsic(e, "llvm.prefetch", 1, &pointer, 4, args);
    return NULL;
}

/* ---- regs: stack slots that sroa turns into values ---- */

LLVMValueRef llvm_emit_reg(llvm_emitter *e, const ir_op *op) { return llvm_alloca(e, llvm_type(e, op->type), "reg"); }

LLVMValueRef llvm_emit_get(llvm_emitter *e, const ir_op *op)
{
    return LLVMBuildLoad2(e->builder, llvm_type(e, op->type), llvm_arg(e, op, 0), "");
}

LLVMValueRef llvm_emit_set(llvm_emitter *e, const ir_op *op)
{
    LLVMBuildStore(e->builder, llvm_arg(e, op, 1), llvm_arg(e, op, 0));
    return NULL;
}
