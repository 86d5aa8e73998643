/* types.c: the IR's types as libgccjit's, and the smallest steps of building code.
 *
 * f16 and bf16 are their bits, a buffer is a pointer to bytes, an index int64_t. A vector type is as wide as a register or
 * half of the narrowest one; a value of more lanes has several parts, one of odd lanes is made of scalars. */
#include "backends/gccjit/helper/emit.h"
#include <stdio.h>

static gcc_jit_type *element_type(gj_emitter *e, ir_dtype dtype)
{
    const ir_dtype_info *info = ir_dtype_of(dtype);

    switch (dtype) {
    case IR_F32: return gcc_jit_context_get_type(e->context, GCC_JIT_TYPE_FLOAT);
    case IR_F64: return gcc_jit_context_get_type(e->context, GCC_JIT_TYPE_DOUBLE);
    case IR_BOOL: return gcc_jit_context_get_type(e->context, GCC_JIT_TYPE_BOOL);
    case IR_F16:
    case IR_BF16: return gcc_jit_context_get_int_type(e->context, 2, 0);
    case IR_NO_DTYPE:
    case IR_I4: gj_fail(e, SPC_E_INTERNAL, "gccjit: a value of dtype %s", info->name);
    default: return gcc_jit_context_get_int_type(e->context, info->bytes, info->class == 'S');
    }
}

gcc_jit_type *gj_type(gj_emitter *e, ir_dtype dtype, int lanes)
{
    int size = __builtin_ctz((unsigned)lanes);

    if (!e->types[dtype][size]) {
        gcc_jit_type *element = lanes == 1 ? element_type(e, dtype) : gj_type(e, dtype, 1);
        e->types[dtype][size] = lanes == 1 ? element : gcc_jit_type_get_vector(element, (size_t)lanes);
    }
    return e->types[dtype][size];
}

ir_dtype gj_integer(int bytes) { return bytes == 1 ? IR_I8 : bytes == 2 ? IR_I16 : bytes == 4 ? IR_I32 : IR_I64; }

ir_dtype gj_mask_dtype(gj_emitter *e, int lanes)
{
    int bytes = e->vector_bytes / lanes;
    return gj_integer(bytes >= 4 ? 4 : bytes >= 2 ? 2 : 1);
}

static int part_lanes(const gj_emitter *e, int bytes, int lanes)
{
    int most = lanes & -lanes; /* the largest power of two that divides it */

    while (most * bytes > e->vector_bytes)
        most /= 2;
    return most * bytes < 8 ? 1 : most;
}

gj_shape gj_shape_of(gj_emitter *e, ir_dtype dtype, int lanes)
{
    if (lanes > GJ_MOST_LANES)
        gj_fail(e, SPC_E_INTERNAL, "gccjit: a vector of %d lanes", lanes);
    if (dtype == IR_BOOL && lanes > 1 && e->k_masks) {
        int each = lanes < 64 ? lanes : 64, bytes = each <= 8 ? 1 : each <= 16 ? 2 : each <= 32 ? 4 : 8;
        return (gj_shape){(lanes + 63) / 64, each, gcc_jit_context_get_int_type(e->context, bytes, 0)};
    }
    if (dtype == IR_BOOL && lanes > 1)
        dtype = gj_mask_dtype(e, lanes);
    int each = part_lanes(e, ir_dtype_of(dtype)->bytes, lanes);
    return (gj_shape){lanes / each, each, gj_type(e, dtype, each)};
}

bool gj_has(const gj_emitter *e, rt_feature feature) { return e->features >> feature & 1; }

gcc_jit_rvalue *gj_int(gj_emitter *e, ir_dtype dtype, int64_t value)
{
    return gcc_jit_context_new_rvalue_from_long(e->context, gj_type(e, dtype, 1), value);
}

gcc_jit_lvalue *gj_local(gj_emitter *e, gcc_jit_type *type)
{
    char name[24];

    snprintf(name, sizeof name, "v%d", e->locals++);
    return gcc_jit_function_new_local(e->function, e->location, type, name);
}

void gj_assign(gj_emitter *e, gcc_jit_lvalue *to, gcc_jit_rvalue *value)
{
    gcc_jit_block_add_assignment(e->block, e->location, to, value);
}

gcc_jit_lvalue *gj_keep(gj_emitter *e, gcc_jit_type *type, gcc_jit_rvalue *value)
{
    gcc_jit_lvalue *local = gj_local(e, type);

    gj_assign(e, local, value);
    return local;
}

gcc_jit_rvalue *gj_binary(gj_emitter *e, enum gcc_jit_binary_op op, gcc_jit_type *type, gcc_jit_rvalue *a,
                          gcc_jit_rvalue *b)
{
    return gcc_jit_context_new_binary_op(e->context, e->location, op, type, a, b);
}

gcc_jit_rvalue *gj_cast(gj_emitter *e, gcc_jit_rvalue *value, gcc_jit_type *type)
{
    return gcc_jit_context_new_cast(e->context, e->location, value, type);
}

gcc_jit_rvalue *gj_bitcast(gj_emitter *e, gcc_jit_rvalue *value, gcc_jit_type *type)
{
    return gcc_jit_context_new_bitcast(e->context, e->location, value, type);
}

gcc_jit_rvalue *gj_compare(gj_emitter *e, enum gcc_jit_comparison how, gcc_jit_rvalue *a, gcc_jit_rvalue *b)
{
    return gcc_jit_context_new_comparison(e->context, e->location, how, a, b);
}

gcc_jit_rvalue *gj_builtin(gj_emitter *e, const char *name, int count, gcc_jit_rvalue **args)
{
    gcc_jit_function *function = gcc_jit_context_get_builtin_function(e->context, name);

    if (!function)
        gj_fail(e, SPC_E_INTERNAL, "gccjit: this libgccjit has no %s", name);
    return gcc_jit_context_new_call(e->context, e->location, function, count, args);
}
