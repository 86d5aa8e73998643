/* convert.c: the rules of cast and bitcast.
 *
 * gj_convert says what the machine does. The language's conversions are made of it and of other ops, as ops that stand for
 * the cast: saturation, NaN, and 16-bit floats where no instruction has them. Each cast rounds once: f64 and wide integers
 * go to the 16-bit floats through an f32 that was rounded to odd. */
#include "backends/gccjit/helper/emit.h"

gj_value *gj_convert(gj_emitter *e, const gj_value *value, ir_dtype from, ir_dtype to, int lanes)
{
    gj_shape have = gj_shape_of(e, from, lanes), want = gj_shape_of(e, to, lanes);
    int step = have.lanes < want.lanes ? have.lanes : want.lanes;
    const gj_asm *row = gj_asm_find(e, IR_OP_cast, "", from, to, step);
    gcc_jit_lvalue *parts[GJ_MOST_LANES];
    gcc_jit_rvalue *elements[GJ_MOST_LANES];

    if (from == to)
        return (gj_value *)(uintptr_t)value;
    for (int i = 0; row && i < lanes / step; i++) {
        gcc_jit_rvalue *input = gj_read(gj_slice(e, from, value, i * step, step));
        parts[i] = gj_asm_add(e, row, gj_type(e, to, step), 1, &input);
    }
    if (row)
        return gj_join(e, to, lanes, parts, step);
    for (int i = 0; i < lanes; i++)
        elements[i] = gj_cast(e, gj_lane(e, from, value, i), gj_type(e, to, 1));
    return gj_from_lanes(e, to, lanes, elements);
}

/* ---- building blocks of expansions: all on values shaped as the cast's ---- */

typedef struct expansion {
    gj_emitter *e;
    ir_builder build;
    const ir_type *shape; /* any dtype */
} expansion;

static const ir_type *typed(const expansion *x, ir_dtype dtype)
{
    return ir_type_with_dtype(x->e->module, x->shape, dtype);
}

static ir_op *bits(expansion *x, ir_dtype dtype, int64_t value) { return ir_const_int(&x->build, typed(x, dtype), value); }
static ir_op *real(expansion *x, ir_dtype dtype, double value) { return ir_const_float(&x->build, typed(x, dtype), value); }

static ir_op *two(expansion *x, ir_opcode code, ir_op *a, ir_op *b) { return ir_build2(&x->build, code, a->type, a, b); }

static ir_op *with(expansion *x, ir_opcode code, ir_op *a, int64_t value)
{
    return two(x, code, a, bits(x, a->type->dtype, value));
}

static ir_op *test(expansion *x, ir_opcode code, ir_op *a, ir_op *b)
{
    return ir_build2(&x->build, code, typed(x, IR_BOOL), a, b);
}

static ir_op *choose(expansion *x, ir_op *c, ir_op *a, ir_op *b) { return ir_build3(&x->build, IR_OP_select, a->type, c, a, b); }

static ir_op *as(expansion *x, ir_opcode code, ir_op *a, ir_dtype dtype)
{
    return ir_build1(&x->build, code, typed(x, dtype), a);
}

/* What is built so far, then the machine's own conversion of it. */
static ir_op *machine(expansion *x, ir_op *a, ir_dtype to)
{
    gj_emitter *e = x->e;

    gj_emit_block(e, x->build.block);
    *x->build.block = (ir_block){0};
    gj_value *value = gj_convert(e, be_map_get(&e->map, a), a->type->dtype, to, ir_lanes(x->shape));
    return gj_given(e, typed(x, to), value);
}

static bool machine_has(const expansion *x, ir_dtype from, ir_dtype to)
{
    int lanes = ir_lanes(x->shape);
    gj_shape have = gj_shape_of(x->e, from, lanes), want = gj_shape_of(x->e, to, lanes);
    return gj_asm_find(x->e, IR_OP_cast, "", from, to, have.lanes < want.lanes ? have.lanes : want.lanes);
}

/* ---- 16-bit floats ---- */

static ir_op *bf16_to_f32(expansion *x, ir_op *a)
{
    ir_op *wide = machine(x, as(x, IR_OP_bitcast, a, IR_U16), IR_U32);
    return as(x, IR_OP_bitcast, with(x, IR_OP_shl, wide, 16), IR_F32);
}

static ir_op *f32_to_bf16(expansion *x, ir_op *a)
{
    if (machine_has(x, IR_F32, IR_BF16))
        return machine(x, a, IR_BF16);
    ir_op *all = as(x, IR_OP_bitcast, a, IR_U32);
    ir_op *odd = with(x, IR_OP_and, with(x, IR_OP_shr, all, 16), 1);
    ir_op *rounded = two(x, IR_OP_add, with(x, IR_OP_add, all, 0x7fff), odd);
    ir_op *quiet = with(x, IR_OP_or, all, 0x400000);
    ir_op *result = choose(x, test(x, IR_OP_ne, a, a), quiet, rounded);
    return as(x, IR_OP_bitcast, machine(x, with(x, IR_OP_shr, result, 16), IR_U16), IR_BF16);
}

/* The exponent is rebased by a multiplication, which also normalises subnormals. */
static ir_op *f16_to_f32(expansion *x, ir_op *a)
{
    if (machine_has(x, IR_F16, IR_F32))
        return machine(x, a, IR_F32);
    ir_op *wide = machine(x, as(x, IR_OP_bitcast, a, IR_U16), IR_U32);
    ir_op *sign = with(x, IR_OP_shl, with(x, IR_OP_and, wide, 0x8000), 16);
    ir_op *size = with(x, IR_OP_shl, with(x, IR_OP_and, wide, 0x7fff), 13);
    ir_op *number = two(x, IR_OP_mul, as(x, IR_OP_bitcast, size, IR_F32), real(x, IR_F32, 0x1p112));
    ir_op *special = test(x, IR_OP_ge, size, bits(x, IR_U32, 0x7c00 << 13));
    ir_op *result = choose(x, special, with(x, IR_OP_or, size, 0x7f800000), as(x, IR_OP_bitcast, number, IR_U32));
    return as(x, IR_OP_bitcast, two(x, IR_OP_or, result, sign), IR_F32);
}

/* Subnormal results: adding 0.5 leaves |a| in units of 2^-24 in the low bits, rounded to even by the adder. */
static ir_op *f32_to_f16(expansion *x, ir_op *a)
{
    if (machine_has(x, IR_F32, IR_F16))
        return machine(x, a, IR_F16);
    ir_op *all = as(x, IR_OP_bitcast, a, IR_U32);
    ir_op *sign = with(x, IR_OP_and, with(x, IR_OP_shr, all, 16), 0x8000);
    ir_op *size = with(x, IR_OP_and, all, 0x7fffffff);
    ir_op *odd = with(x, IR_OP_and, with(x, IR_OP_shr, size, 13), 1);
    ir_op *normal = with(x, IR_OP_shr, two(x, IR_OP_add, with(x, IR_OP_sub, size, 0x38000000 - 0xfff), odd), 13);
    ir_op *shifted = two(x, IR_OP_add, as(x, IR_OP_bitcast, size, IR_F32), real(x, IR_F32, 0.5));
    ir_op *small = with(x, IR_OP_sub, as(x, IR_OP_bitcast, shifted, IR_U32), 0x3f000000);
    ir_op *result = choose(x, test(x, IR_OP_lt, size, bits(x, IR_U32, 0x38800000)), small, normal);
    result = choose(x, test(x, IR_OP_ge, size, bits(x, IR_U32, 0x47800000)), bits(x, IR_U32, 0x7c00), result);
    result = choose(x, test(x, IR_OP_gt, size, bits(x, IR_U32, 0x7f800000)), bits(x, IR_U32, 0x7e00), result);
    return as(x, IR_OP_bitcast, machine(x, two(x, IR_OP_or, result, sign), IR_U16), IR_F16);
}

/* Toward zero, then the last bit says whether anything was lost. */
static ir_op *f64_to_f32_odd(expansion *x, ir_op *a)
{
    ir_op *nearest = machine(x, a, IR_F32), *back = machine(x, nearest, IR_F64);
    ir_op *above = test(x, IR_OP_gt, ir_build1(&x->build, IR_OP_abs, back->type, back),
                        ir_build1(&x->build, IR_OP_abs, a->type, a));
    ir_op *number = test(x, IR_OP_eq, a, a);
    ir_op *lossy = two(x, IR_OP_and, test(x, IR_OP_ne, back, a), number);
    ir_op *all = as(x, IR_OP_bitcast, nearest, IR_U32);
    all = choose(x, above, with(x, IR_OP_sub, all, 1), all);
    return as(x, IR_OP_bitcast, choose(x, lossy, with(x, IR_OP_or, all, 1), all), IR_F32);
}

static bool is_half(ir_dtype dtype) { return dtype == IR_F16 || dtype == IR_BF16; }

static ir_op *unhalved(expansion *x, ir_op *a)
{
    return a->type->dtype == IR_F16 ? f16_to_f32(x, a) : a->type->dtype == IR_BF16 ? bf16_to_f32(x, a) : a;
}

static ir_op *to_half(expansion *x, ir_op *a, ir_dtype to) { return to == IR_F16 ? f32_to_f16(x, a) : f32_to_bf16(x, a); }

/* ---- the kinds of casts ---- */

static ir_op *to_float(expansion *x, ir_op *a, ir_dtype to)
{
    ir_dtype from = a->type->dtype;

    if (!is_half(to))
        return from == to ? a : machine(x, a, to);
    if (from == IR_F32 || ir_dtype_of(from)->bytes <= 2)
        return to_half(x, from == IR_F32 ? a : machine(x, a, IR_F32), to);
    return to_half(x, f64_to_f32_odd(x, from == IR_F64 ? a : machine(x, a, IR_F64)), to);
}

/* Integers whose bounds the float holds: clamped, then cut. */
static ir_op *clamped(expansion *x, ir_op *a, ir_dtype to, ir_dtype through, double low, double high)
{
    ir_dtype from = a->type->dtype;

    a = choose(x, test(x, IR_OP_eq, a, a), a, real(x, from, 0));
    a = two(x, IR_OP_max, a, real(x, from, low));
    a = two(x, IR_OP_min, a, real(x, from, high));
    a = machine(x, a, through);
    return through == to ? a : machine(x, a, to);
}

/* The machine gives the lowest integer for all that does not fit. */
static ir_op *saturated(expansion *x, ir_op *a, ir_dtype to, double limit, int64_t most)
{
    ir_op *cut = machine(x, a, to);
    cut = choose(x, test(x, IR_OP_ge, a, real(x, a->type->dtype, limit)), bits(x, to, most), cut);
    return choose(x, test(x, IR_OP_eq, a, a), cut, bits(x, to, 0));
}

static ir_op *to_integer(expansion *x, ir_op *a, ir_dtype to)
{
    bool is_f64 = a->type->dtype == IR_F64;

    switch (to) {
    case IR_I8: return clamped(x, a, to, IR_I32, INT8_MIN, INT8_MAX);
    case IR_U8: return clamped(x, a, to, IR_I32, 0, UINT8_MAX);
    case IR_I16: return clamped(x, a, to, IR_I32, INT16_MIN, INT16_MAX);
    case IR_U16: return clamped(x, a, to, IR_I32, 0, UINT16_MAX);
    case IR_I32: return is_f64 ? clamped(x, a, to, to, INT32_MIN, INT32_MAX) : saturated(x, a, to, 0x1p31, INT32_MAX);
    case IR_U32:
        if (is_f64)
            return clamped(x, a, to, IR_I64, 0, UINT32_MAX);
        a = two(x, IR_OP_min, clamped(x, a, IR_I64, IR_I64, 0, 0x1p32), bits(x, IR_I64, UINT32_MAX));
        return machine(x, a, to);
    default: return saturated(x, a, to, 0x1p63, INT64_MAX);
    }
}

static ir_op *to_bool(expansion *x, ir_op *a)
{
    ir_dtype dtype = a->type->dtype;
    return test(x, IR_OP_ne, a, ir_is_float(dtype) ? real(x, dtype, 0) : bits(x, dtype, 0));
}

static ir_op *from_bool(expansion *x, ir_op *a, ir_dtype to)
{
    if (ir_is_float(to))
        return choose(x, a, real(x, to, 1), real(x, to, 0));
    return choose(x, a, bits(x, to, 1), bits(x, to, 0));
}

gj_value *gj_emit_cast(gj_emitter *e, const ir_op *op)
{
    ir_dtype from = op->args[0]->type->dtype, to = op->type->dtype;
    ir_block block;
    expansion x = {e, gj_builder(e, op, &block), op->type};
    ir_op *result = op->args[0];

    if (from == to)
        return gj_arg(e, op, 0);
    if (from == IR_BOOL)
        result = from_bool(&x, result, to);
    else if (!ir_is_float(from) && !ir_is_float(to) && to != IR_BOOL)
        return gj_convert(e, gj_arg(e, op, 0), from, to, ir_lanes(op->type));
    else {
        result = unhalved(&x, result);
        result = to == IR_BOOL ? to_bool(&x, result) : ir_is_float(to) ? to_float(&x, result, to)
                                                                       : to_integer(&x, result, to);
    }
    gj_emit_block(e, &block);
    return be_map_get(&e->map, result);
}

/* ---- bitcast ---- */

/* Parts of other sizes meet in memory. */
static gj_value *through_memory(gj_emitter *e, const gj_value *a, gj_value *result, int bytes)
{
    gcc_jit_type *space = gcc_jit_context_new_array_type(e->context, NULL, gj_type(e, IR_U8, 1), bytes);
    gcc_jit_rvalue *start = gcc_jit_lvalue_get_address(gj_local(e, space), NULL);

    for (int i = 0; i < a->parts; i++) {
        gcc_jit_rvalue *at = gj_cast(e, start, gcc_jit_type_get_pointer(gcc_jit_type_get_aligned(a->type, 1)));
        at = gcc_jit_lvalue_get_address(gcc_jit_context_new_array_access(e->context, NULL, at, gj_int(e, IR_INDEX, i)), NULL);
        gj_assign(e, gcc_jit_rvalue_dereference(at, NULL),
                  gj_bitcast(e, gj_read(a->part[i]), gcc_jit_type_get_aligned(a->type, 1)));
    }
    for (int i = 0; i < result->parts; i++) {
        gcc_jit_rvalue *at = gj_cast(e, start, gcc_jit_type_get_pointer(gcc_jit_type_get_aligned(result->type, 1)));
        gcc_jit_lvalue *from = gcc_jit_context_new_array_access(e->context, NULL, at, gj_int(e, IR_INDEX, i));
        gj_assign(e, result->part[i], gj_bitcast(e, gj_read(from), result->type));
    }
    return result;
}

gj_value *gj_emit_bitcast(gj_emitter *e, const ir_op *op)
{
    gj_value *a = gj_arg(e, op, 0), *result = gj_new(e, op->type->dtype, ir_lanes(op->type));
    int bytes = ir_dtype_of(op->type->dtype)->bytes;

    if (op->args[0]->type->dtype == IR_BOOL || op->type->dtype == IR_BOOL)
        gj_fail(e, SPC_E_INTERNAL, "gccjit: bitcast of bool");
    if (a->parts != result->parts)
        return through_memory(e, a, result, bytes * ir_lanes(op->type));
    for (int i = 0; i < a->parts; i++)
        gj_assign(e, result->part[i], gj_bitcast(e, gj_read(a->part[i]), result->type));
    return result;
}
