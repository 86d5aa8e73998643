/* arith.c: rules of constants, arithmetic, comparisons and select.
 *
 * What the IR says is what runs: GCC contracts a product and a sum only where the IR has fma, so the product of a float mul
 * is hidden. Integers wrap (-fwrapv). */
#include "backends/gccjit/helper/emit.h"
#include "runtime/dtype.h"
#include <math.h>

static char class_of(const ir_op *op) { return ir_dtype_of(op->type->dtype)->class; }

static gcc_jit_rvalue *constant_lane(gj_emitter *e, ir_dtype dtype, const ir_attr *value)
{
    double real = value->kind == IR_ATTR_FLOAT ? value->f : (double)value->i;
    int64_t whole = value->kind == IR_ATTR_FLOAT ? 0 : value->i;

    if (value->kind == IR_ATTR_FLOAT && !ir_is_float(dtype)) /* of a value that the dtype has */
        whole = (int64_t)value->f;
    switch (dtype) {
    case IR_F32:
        if (isfinite(real)) /* GCC rounds once, from the decimal value that this double is */
            return gcc_jit_context_new_rvalue_from_double(e->context, gj_type(e, dtype, 1), (double)(float)real);
        return gj_bitcast(e, gj_int(e, IR_U32, (int64_t)rt_bits_of_value(SPC_F32, real)), gj_type(e, dtype, 1));
    case IR_F64:
        if (isfinite(real))
            return gcc_jit_context_new_rvalue_from_double(e->context, gj_type(e, dtype, 1), real);
        return gj_bitcast(e, gj_int(e, IR_I64, (int64_t)rt_bits_of_value(SPC_F64, real)), gj_type(e, dtype, 1));
    case IR_F16: return gj_int(e, dtype, rt_f16_of_f64(real));
    case IR_BF16: return gj_int(e, dtype, rt_bf16_of_f64(real));
    case IR_BOOL: return gj_int(e, dtype, whole != 0);
    case IR_I8: return gj_int(e, dtype, (int8_t)whole);
    case IR_U8: return gj_int(e, dtype, (uint8_t)whole);
    case IR_I16: return gj_int(e, dtype, (int16_t)whole);
    case IR_U16: return gj_int(e, dtype, (uint16_t)whole);
    case IR_I32: return gj_int(e, dtype, (int32_t)whole);
    case IR_U32: return gj_int(e, dtype, (uint32_t)whole);
    default: return gj_int(e, dtype, whole);
    }
}

gj_value *gj_emit_const(gj_emitter *e, const ir_op *op)
{
    const ir_attr *value = ir_attr_find(op, "value");
    gcc_jit_rvalue *lanes[GJ_MOST_LANES];
    int count = ir_lanes(op->type);

    if (!value || count > GJ_MOST_LANES)
        gj_fail(e, SPC_E_INTERNAL, "gccjit: a const without value or of %d lanes", count);
    for (int i = 0; i < count; i++)
        lanes[i] = constant_lane(e, op->type->dtype, value);
    return gj_from_lanes(e, op->type->dtype, count, lanes);
}

/* ---- two operands, part by part ---- */

typedef struct binary_row {
    enum gcc_jit_binary_op op;
    const char *classes; /* those on which it is */
} binary_row;

static const binary_row binaries[IR_OP_COUNT] = {
    [IR_OP_add] = {GCC_JIT_BINARY_OP_PLUS, "FSU"},        [IR_OP_sub] = {GCC_JIT_BINARY_OP_MINUS, "FSU"},
    [IR_OP_mul] = {GCC_JIT_BINARY_OP_MULT, "FSU"},        [IR_OP_div] = {GCC_JIT_BINARY_OP_DIVIDE, "FSU"},
    [IR_OP_rem] = {GCC_JIT_BINARY_OP_MODULO, "SU"},       [IR_OP_and] = {GCC_JIT_BINARY_OP_BITWISE_AND, "SUB"},
    [IR_OP_or] = {GCC_JIT_BINARY_OP_BITWISE_OR, "SUB"},   [IR_OP_xor] = {GCC_JIT_BINARY_OP_BITWISE_XOR, "SUB"},
    [IR_OP_shl] = {GCC_JIT_BINARY_OP_LSHIFT, "SU"},       [IR_OP_shr] = {GCC_JIT_BINARY_OP_RSHIFT, "SU"},
};

static bool has_class(const char *classes, char class)
{
    return classes && __builtin_strchr(classes, class);
}

gj_value *gj_emit_binary(gj_emitter *e, const ir_op *op)
{
    const binary_row *row = &binaries[op->code];
    gj_value *a = gj_arg(e, op, 0), *b = gj_arg(e, op, 1);

    if (!has_class(row->classes, class_of(op)))
        gj_fail(e, SPC_E_INTERNAL, "gccjit: %s on %s", ir_info(op->code)->name, ir_dtype_of(op->type->dtype)->name);
    gj_value *result = gj_new(e, op->type->dtype, ir_lanes(op->type));
    for (int i = 0; i < result->parts; i++)
        gj_assign(e, result->part[i], gj_binary(e, row->op, result->type, gj_read(a->part[i]), gj_read(b->part[i])));
    return op->code == IR_OP_mul && class_of(op) == 'F' ? gj_hide(e, op->type->dtype, result) : result;
}

gj_value *gj_emit_fma(gj_emitter *e, const ir_op *op)
{
    gj_value *a = gj_arg(e, op, 0), *b = gj_arg(e, op, 1), *c = gj_arg(e, op, 2);
    gj_value *result = gj_new(e, op->type->dtype, ir_lanes(op->type));

    for (int i = 0; i < result->parts; i++) {
        gcc_jit_rvalue *product = gj_binary(e, GCC_JIT_BINARY_OP_MULT, result->type, gj_read(a->part[i]),
                                            gj_read(b->part[i]));
        gj_assign(e, result->part[i], gj_binary(e, GCC_JIT_BINARY_OP_PLUS, result->type, product,
                                                gj_read(c->part[i])));
    }
    return result;
}

/* ---- max, min ---- */

static bool is_number(const ir_op *op)
{
    while (op->code == IR_OP_splat)
        op = op->args[0];
    const ir_attr *value = op->code == IR_OP_const ? ir_attr_find(op, "value") : NULL;
    return value && !(value->kind == IR_ATTR_FLOAT && isnan(value->f));
}

/* compare ? a : b gives b where either is NaN, so a number goes first; else a NaN of a is looked for. */
static gj_value *extreme_by_select(gj_emitter *e, const ir_op *op, ir_op *a, ir_op *b)
{
    ir_block block;
    ir_builder build = gj_builder(e, op, &block);
    const ir_type *mask = ir_type_with_dtype(e->module, op->type, IR_BOOL);
    ir_op *first = ir_build2(&build, op->code == IR_OP_max ? IR_OP_gt : IR_OP_lt, mask, a, b);
    ir_op *result = ir_build3(&build, IR_OP_select, op->type, first, a, b);

    if (class_of(op) == 'F' && !is_number(a)) {
        ir_op *nan = ir_build2(&build, IR_OP_ne, mask, a, a);
        ir_build3(&build, IR_OP_select, op->type, nan, a, result);
    }
    return gj_emit_ops(e, &block);
}

static gj_value *extreme(gj_emitter *e, const ir_op *op)
{
    ir_op *first = op->args[0], *second = op->args[1];
    ir_dtype dtype = op->type->dtype;

    if (is_number(second))
        first = op->args[1], second = op->args[0];
    gj_shape shape = gj_shape_of(e, dtype, ir_lanes(op->type));
    bool number = class_of(op) != 'F' || is_number(first);
    const gj_asm *row = gj_asm_find(e, op->code, number ? "number" : "any", dtype, dtype, shape.lanes);
    if (!row)
        return extreme_by_select(e, op, first, second);
    gj_value *a = be_map_get(&e->map, first), *b = be_map_get(&e->map, second);
    gj_value *result = gj_new(e, dtype, ir_lanes(op->type));
    for (int i = 0; i < result->parts; i++) {
        gcc_jit_rvalue *inputs[2] = {gj_read(a->part[i]), gj_read(b->part[i])};
        result->part[i] = gj_asm_add(e, row, result->type, 2, inputs);
    }
    return result;
}

gj_value *gj_emit_max(gj_emitter *e, const ir_op *op) { return extreme(e, op); }
gj_value *gj_emit_min(gj_emitter *e, const ir_op *op) { return extreme(e, op); }

/* ---- one operand ---- */

static gj_value *unary(gj_emitter *e, const ir_op *op, enum gcc_jit_unary_op code)
{
    gj_value *a = gj_arg(e, op, 0), *result = gj_new(e, op->type->dtype, ir_lanes(op->type));

    for (int i = 0; i < result->parts; i++)
        gj_assign(e, result->part[i],
                  gcc_jit_context_new_unary_op(e->context, e->location, code, result->type, gj_read(a->part[i])));
    return result;
}

gj_value *gj_emit_neg(gj_emitter *e, const ir_op *op) { return unary(e, op, GCC_JIT_UNARY_OP_MINUS); }

/* Bits of a mask beyond its lanes stay zero. */
gj_value *gj_emit_not(gj_emitter *e, const ir_op *op)
{
    ir_dtype dtype = op->type->dtype;
    int lanes = ir_lanes(op->type);

    if (dtype == IR_BOOL && lanes == 1)
        return unary(e, op, GCC_JIT_UNARY_OP_LOGICAL_NEGATE);
    gj_value *result = unary(e, op, GCC_JIT_UNARY_OP_BITWISE_NEGATE);
    if (dtype == IR_BOOL && e->k_masks && lanes < 8) {
        gcc_jit_rvalue *all = gcc_jit_context_new_rvalue_from_int(e->context, result->type, (1 << lanes) - 1);
        gj_assign(e, result->part[0], gj_binary(e, GCC_JIT_BINARY_OP_BITWISE_AND, result->type,
                                                gj_read(result->part[0]), all));
    }
    return result;
}

/* Floats: without the sign bit. */
gj_value *gj_emit_abs(gj_emitter *e, const ir_op *op)
{
    ir_block block;
    ir_builder build = gj_builder(e, op, &block);

    if (class_of(op) == 'S') {
        ir_op *negative = ir_build1(&build, IR_OP_neg, op->type, op->args[0]);
        ir_build2(&build, IR_OP_max, op->type, op->args[0], negative);
        return gj_emit_ops(e, &block);
    }
    if (class_of(op) != 'F')
        return gj_arg(e, op, 0);
    int bytes = ir_dtype_of(op->type->dtype)->bytes;
    const ir_type *bits = ir_type_with_dtype(e->module, op->type, gj_integer(bytes));
    ir_op *size = ir_const_int(&build, bits, bytes == 8 ? INT64_MAX : INT32_MAX);
    ir_op *all = ir_build1(&build, IR_OP_bitcast, bits, op->args[0]);
    ir_build1(&build, IR_OP_bitcast, op->type, ir_build2(&build, IR_OP_and, bits, all, size));
    return gj_emit_ops(e, &block);
}

/* By an instruction on each part; two lanes of f32, which fill no register, lane by lane. */
static gj_value *by_instruction(gj_emitter *e, const ir_op *op)
{
    gj_value *a = gj_arg(e, op, 0), *result = gj_new(e, op->type->dtype, ir_lanes(op->type));
    ir_dtype dtype = op->type->dtype;
    const gj_asm *row = gj_asm_find(e, op->code, "", dtype, dtype, result->lanes);
    const gj_asm *scalar = gj_asm_find(e, op->code, "", dtype, dtype, 1);
    gcc_jit_rvalue *lanes[GJ_MOST_LANES];

    for (int i = 0; row && i < result->parts; i++) {
        gcc_jit_rvalue *input = gj_read(a->part[i]);
        result->part[i] = gj_asm_add(e, row, result->type, 1, &input);
    }
    if (row)
        return result;
    if (!scalar)
        gj_fail(e, SPC_E_INTERNAL, "gccjit: %s on %s", ir_info(op->code)->name, ir_dtype_of(dtype)->name);
    for (int i = 0; i < ir_lanes(op->type); i++) {
        gcc_jit_rvalue *input = gj_lane(e, dtype, a, i);
        lanes[i] = gj_read(gj_asm_add(e, scalar, gj_type(e, dtype, 1), 1, &input));
    }
    return gj_from_lanes(e, dtype, ir_lanes(op->type), lanes);
}

gj_value *gj_emit_sqrt(gj_emitter *e, const ir_op *op) { return by_instruction(e, op); }

gj_value *gj_emit_round(gj_emitter *e, const ir_op *op)
{
    return class_of(op) == 'F' ? by_instruction(e, op) : gj_arg(e, op, 0);
}
