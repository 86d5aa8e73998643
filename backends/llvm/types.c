/* types.c: the IR's types as LLVM's, constants of them, and calls of intrinsics.
 *
 * f16 and bf16 are half and bfloat; a mask is a vector of i1 and a bool in memory a byte; a buffer is an opaque pointer.
 * Signedness is not in LLVM's types: rules take it from the op's dtype. */
#include "backends/llvm/emit.h"
#include <string.h>

typedef LLVMTypeRef make_type(LLVMContextRef);

static make_type *const elements[IR_DTYPE_COUNT] = {
    [IR_F32] = LLVMFloatTypeInContext, [IR_F16] = LLVMHalfTypeInContext, [IR_BF16] = LLVMBFloatTypeInContext,
    [IR_F64] = LLVMDoubleTypeInContext, [IR_I8] = LLVMInt8TypeInContext, [IR_U8] = LLVMInt8TypeInContext,
    [IR_I32] = LLVMInt32TypeInContext, [IR_BOOL] = LLVMInt1TypeInContext, [IR_I16] = LLVMInt16TypeInContext,
    [IR_U16] = LLVMInt16TypeInContext, [IR_U32] = LLVMInt32TypeInContext, [IR_I64] = LLVMInt64TypeInContext,
    [IR_INDEX] = LLVMInt64TypeInContext,
};

LLVMTypeRef llvm_i(llvm_emitter *e, unsigned bits) { return LLVMIntTypeInContext(e->context, bits); }

LLVMTypeRef llvm_ptr(llvm_emitter *e) { return LLVMPointerTypeInContext(e->context, 0); }

/* i4 exists packed in memory only, where kernels read it as u8: no value has it. */
LLVMTypeRef llvm_element(llvm_emitter *e, ir_dtype dtype)
{
    if (!elements[dtype]) {
        llvm_fail(e, SPC_E_INTERNAL, "llvm: a value of dtype %s", ir_dtype_of(dtype)->name);
        return llvm_i(e, 8);
    }
    return elements[dtype](e->context);
}

LLVMTypeRef llvm_memory_element(llvm_emitter *e, ir_dtype dtype)
{
    if (dtype == IR_F16 || dtype == IR_BF16)
        return llvm_i(e, 16);
    return dtype == IR_BOOL ? llvm_i(e, 8) : llvm_element(e, dtype);
}

LLVMTypeRef llvm_shaped(LLVMTypeRef element, int lanes)
{
    return lanes > 1 ? LLVMVectorType(element, (unsigned)lanes) : element;
}

int llvm_lanes(LLVMTypeRef type)
{
    return LLVMGetTypeKind(type) == LLVMVectorTypeKind ? (int)LLVMGetVectorSize(type) : 1;
}

LLVMTypeRef llvm_like(LLVMTypeRef element, LLVMTypeRef shape) { return llvm_shaped(element, llvm_lanes(shape)); }

LLVMTypeRef llvm_type(llvm_emitter *e, const ir_type *type)
{
    switch (type->kind) {
    case IR_SCALAR: return llvm_element(e, type->dtype);
    case IR_VECTOR:
    case IR_REG: return llvm_shaped(llvm_element(e, type->dtype), type->lanes);
    case IR_BUFFER: return llvm_ptr(e);
    case IR_VOID: return LLVMVoidTypeInContext(e->context);
    case IR_TENSOR: break;
    }
    llvm_fail(e, SPC_E_INTERNAL, "llvm: a tensor in a kernel");
    return llvm_i(e, 8);
}

LLVMValueRef llvm_int(llvm_emitter *e, unsigned bits, int64_t value)
{
    return LLVMConstInt(llvm_i(e, bits), (unsigned long long)value, true);
}

LLVMValueRef llvm_const_splat(LLVMTypeRef type, LLVMValueRef scalar)
{
    enum { MOST = 1024 };
    LLVMValueRef lanes[MOST];
    int count = llvm_lanes(type);

    if (LLVMGetTypeKind(type) != LLVMVectorTypeKind)
        return scalar;
    if (count > MOST)
        return NULL;
    for (int i = 0; i < count; i++)
        lanes[i] = scalar;
    return LLVMConstVector(lanes, (unsigned)count);
}

static LLVMTypeRef element_type(LLVMTypeRef type)
{
    return LLVMGetTypeKind(type) == LLVMVectorTypeKind ? LLVMGetElementType(type) : type;
}

LLVMValueRef llvm_const_bits(LLVMTypeRef type, uint64_t bits)
{
    return llvm_const_splat(type, LLVMConstInt(element_type(type), bits, false));
}

LLVMValueRef llvm_const_real(LLVMTypeRef type, double value)
{
    return llvm_const_splat(type, LLVMConstReal(element_type(type), value));
}

LLVMValueRef llvm_intrinsic(llvm_emitter *e, const char *name, int overload_count, LLVMTypeRef *overloads,
                            int count, LLVMValueRef *args)
{
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));

    if (id == 0)
        return llvm_fail(e, SPC_E_INTERNAL, "this LLVM has no %s", name);
    LLVMValueRef function = LLVMGetIntrinsicDeclaration(e->unit, id, overloads, (size_t)overload_count);
    LLVMTypeRef type = LLVMIntrinsicGetType(e->context, id, overloads, (size_t)overload_count);
    if ((int)LLVMCountParamTypes(type) != count)
        return llvm_fail(e, SPC_E_INTERNAL, "this LLVM's %s takes %u arguments, not %d", name,
                         LLVMCountParamTypes(type), count);
    return LLVMBuildCall2(e->builder, type, function, args, (unsigned)count, "");
}

LLVMValueRef llvm_intrinsic1(llvm_emitter *e, const char *name, LLVMValueRef a)
{
    LLVMTypeRef type = LLVMTypeOf(a);
    return llvm_intrinsic(e, name, 1, &type, 1, &a);
}

LLVMValueRef llvm_intrinsic2(llvm_emitter *e, const char *name, LLVMValueRef a, LLVMValueRef b)
{
    LLVMTypeRef type = LLVMTypeOf(a);
    return llvm_intrinsic(e, name, 1, &type, 2, (LLVMValueRef[]){a, b});
}

bool llvm_has(const llvm_emitter *e, rt_feature feature) { return e->features >> feature & 1; }
