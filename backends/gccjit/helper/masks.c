/* masks.c: vectors of bool, which have no elements of their own.
 *
 * With AVX-512 a mask is an integer with one bit for each lane; bits beyond the lanes are zero. Elsewhere it is a vector of
 * integers that are 0 or -1, as wide as fill a register with its lanes; data of another width take a copy of that width. */
#include "backends/gccjit/helper/emit.h"

static gcc_jit_type *bits_type(gj_emitter *e, int lanes)
{
    int bytes = lanes <= 8 ? 1 : lanes <= 16 ? 2 : lanes <= 32 ? 4 : 8;
    return gcc_jit_context_get_int_type(e->context, bytes, 0);
}

static gcc_jit_rvalue *word(gj_emitter *e, int64_t value)
{
    return gcc_jit_context_new_rvalue_from_long(e->context, gcc_jit_context_get_int_type(e->context, 8, 0), value);
}

gcc_jit_type *gj_mask_type(gj_emitter *e, int lanes, int bytes)
{
    if (lanes == 1 && bytes == 0)
        return gj_type(e, IR_BOOL, 1);
    return e->k_masks ? bits_type(e, lanes) : gj_type(e, gj_integer(bytes), lanes);
}

gcc_jit_rvalue *gj_mask_lane(gj_emitter *e, const gj_value *mask, int lane)
{
    if (!e->k_masks) {
        ir_dtype dtype = gj_mask_dtype(e, mask->parts * mask->lanes);
        return gj_compare(e, GCC_JIT_COMPARISON_NE, gj_lane(e, dtype, mask, lane), gj_int(e, dtype, 0));
    }
    gcc_jit_type *type = gcc_jit_context_get_int_type(e->context, 8, 0);
    gcc_jit_rvalue *bits = gj_cast(e, gj_read(mask->part[lane / mask->lanes]), type);
    bits = gj_binary(e, GCC_JIT_BINARY_OP_RSHIFT, type, bits, word(e, lane % mask->lanes));
    bits = gj_binary(e, GCC_JIT_BINARY_OP_BITWISE_AND, type, bits, word(e, 1));
    return gj_compare(e, GCC_JIT_COMPARISON_NE, bits, word(e, 0));
}

static gcc_jit_rvalue *bits_from_lanes(gj_emitter *e, gcc_jit_type *to, int lanes, gcc_jit_rvalue *const *from)
{
    gcc_jit_type *type = gcc_jit_context_get_int_type(e->context, 8, 0);
    gcc_jit_lvalue *bits = gj_keep(e, type, word(e, 0));

    for (int i = 0; i < lanes; i++) {
        gcc_jit_rvalue *bit = gj_binary(e, GCC_JIT_BINARY_OP_LSHIFT, type, gj_cast(e, from[i], type), word(e, i));
        gj_assign(e, bits, gj_binary(e, GCC_JIT_BINARY_OP_BITWISE_OR, type, gj_read(bits), bit));
    }
    return gj_cast(e, gj_read(bits), to);
}

gj_value *gj_mask_from_lanes(gj_emitter *e, int lanes, gcc_jit_rvalue *const *from)
{
    gcc_jit_rvalue *elements[GJ_MOST_LANES];

    if (!e->k_masks) {
        ir_dtype dtype = gj_mask_dtype(e, lanes);
        gcc_jit_type *type = gj_type(e, dtype, 1);
        for (int i = 0; i < lanes; i++)
            elements[i] = gcc_jit_context_new_unary_op(e->context, e->location, GCC_JIT_UNARY_OP_MINUS, type,
                                                       gj_cast(e, from[i], type));
        return gj_from_lanes(e, dtype, lanes, elements);
    }
    gj_value *mask = gj_new(e, IR_BOOL, lanes);
    for (int i = 0; i < mask->parts; i++) {
        int count = lanes - i * mask->lanes < mask->lanes ? lanes - i * mask->lanes : mask->lanes;
        gj_assign(e, mask->part[i], bits_from_lanes(e, mask->type, count, from + i * mask->lanes));
    }
    return mask;
}

gcc_jit_rvalue *gj_mask_part(gj_emitter *e, const gj_value *mask, int all, int first, int lanes, int bytes)
{
    if (!e->k_masks) {
        ir_dtype have = gj_mask_dtype(e, all), want = gj_integer(bytes);
        return gj_read(gj_slice(e, want, gj_convert(e, mask, have, want, all), first, lanes));
    }
    gcc_jit_rvalue *bits = gj_read(mask->part[first / mask->lanes]);
    if (mask->lanes == lanes)
        return bits;
    gcc_jit_type *type = bits_type(e, mask->lanes);
    if (first % mask->lanes)
        bits = gj_binary(e, GCC_JIT_BINARY_OP_RSHIFT, type, bits,
                         gj_cast(e, word(e, first % mask->lanes), type));
    if (lanes < 8)
        bits = gj_binary(e, GCC_JIT_BINARY_OP_BITWISE_AND, type, bits, gj_cast(e, word(e, (1 << lanes) - 1), type));
    return gj_read(gj_keep(e, bits_type(e, lanes), gj_cast(e, bits, bits_type(e, lanes))));
}

gj_value *gj_mask_join(gj_emitter *e, int all, gcc_jit_lvalue *const *parts, int lanes, int bytes)
{
    if (!e->k_masks) {
        ir_dtype have = gj_integer(bytes);
        return gj_convert(e, gj_join(e, have, all, parts, lanes), have, gj_mask_dtype(e, all), all);
    }
    gj_value *mask = gj_new(e, IR_BOOL, all);
    int each = mask->lanes / lanes;
    gcc_jit_type *type = gcc_jit_context_get_int_type(e->context, 8, 0);
    for (int i = 0; i < mask->parts; i++) {
        gcc_jit_rvalue *bits = gj_cast(e, gj_read(parts[i * each]), type);
        for (int j = 1; j < each && (i * each + j) * lanes < all; j++) {
            gcc_jit_rvalue *more = gj_cast(e, gj_read(parts[i * each + j]), type);
            more = gj_binary(e, GCC_JIT_BINARY_OP_LSHIFT, type, more, word(e, j * lanes));
            bits = gj_binary(e, GCC_JIT_BINARY_OP_BITWISE_OR, type, bits, more);
        }
        gj_assign(e, mask->part[i], gj_cast(e, bits, mask->type));
    }
    return mask;
}
