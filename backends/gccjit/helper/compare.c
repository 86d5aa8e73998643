/* compare.c: rules of comparisons and select. */
#include "backends/gccjit/helper/emit.h"

/* Predicates of the instructions on floats and on integers; a NaN makes all false but ne. */
typedef struct compare_row {
    enum gcc_jit_comparison on_scalars;
    int on_floats, on_integers;
} compare_row;

static const compare_row compares[IR_OP_COUNT] = {
    [IR_OP_eq] = {GCC_JIT_COMPARISON_EQ, 0, 0},     [IR_OP_ne] = {GCC_JIT_COMPARISON_NE, 4, 4},
    [IR_OP_lt] = {GCC_JIT_COMPARISON_LT, 0x11, 1},  [IR_OP_le] = {GCC_JIT_COMPARISON_LE, 0x12, 2},
    [IR_OP_gt] = {GCC_JIT_COMPARISON_GT, 0x1e, 6},  [IR_OP_ge] = {GCC_JIT_COMPARISON_GE, 0x1d, 5},
};

static gj_value *compare_lanes(gj_emitter *e, const ir_op *op, ir_dtype dtype)
{
    gj_value *a = gj_arg(e, op, 0), *b = gj_arg(e, op, 1);
    gcc_jit_rvalue *lanes[GJ_MOST_LANES];
    int count = ir_lanes(op->type);

    for (int i = 0; i < count; i++)
        lanes[i] = gj_compare(e, compares[op->code].on_scalars, gj_lane(e, dtype, a, i), gj_lane(e, dtype, b, i));
    return gj_from_lanes(e, IR_BOOL, count, lanes);
}

/* Masks differ where exactly one of them holds, and so on; scalars of C do what is asked. */
static gj_value *compare_masks(gj_emitter *e, const ir_op *op)
{
    ir_block block;
    ir_builder build = gj_builder(e, op, &block);
    bool swap = op->code == IR_OP_gt || op->code == IR_OP_ge;
    ir_op *a = op->args[swap], *b = op->args[!swap];

    switch (op->code) {
    case IR_OP_ne: ir_build2(&build, IR_OP_xor, op->type, a, b); break;
    case IR_OP_eq: ir_build1(&build, IR_OP_not, op->type, ir_build2(&build, IR_OP_xor, op->type, a, b)); break;
    case IR_OP_lt:
    case IR_OP_gt: ir_build2(&build, IR_OP_and, op->type, ir_build1(&build, IR_OP_not, op->type, a), b); break;
    default: ir_build2(&build, IR_OP_or, op->type, ir_build1(&build, IR_OP_not, op->type, a), b); break;
    }
    return gj_emit_ops(e, &block);
}

static gj_value *compare_halves(gj_emitter *e, const ir_op *op)
{
    ir_block block;
    ir_builder build = gj_builder(e, op, &block);
    const ir_type *wide = ir_type_with_dtype(e->module, op->args[0]->type, IR_F32);
    ir_op *a = ir_build1(&build, IR_OP_cast, wide, op->args[0]);
    ir_build2(&build, op->code, op->type, a, ir_build1(&build, IR_OP_cast, wide, op->args[1]));
    return gj_emit_ops(e, &block);
}

gj_value *gj_emit_compare(gj_emitter *e, const ir_op *op)
{
    ir_dtype dtype = op->args[0]->type->dtype;
    int all = ir_lanes(op->type), bytes = ir_dtype_of(dtype)->bytes;
    gcc_jit_lvalue *parts[GJ_MOST_LANES];

    if (dtype == IR_F16 || dtype == IR_BF16)
        return compare_halves(e, op);
    if (dtype == IR_BOOL && all > 1)
        return compare_masks(e, op);
    gj_shape shape = gj_shape_of(e, dtype, all);
    const gj_asm *row = gj_asm_find(e, IR_OP_eq, e->k_masks ? "k" : "x", dtype, IR_BOOL, shape.lanes);
    if (!row || all == 1)
        return compare_lanes(e, op, dtype);
    const gj_value *a = gj_arg(e, op, 0), *b = gj_arg(e, op, 1);
    const compare_row *how = &compares[op->code];
    for (int i = 0; i < a->parts; i++) {
        gcc_jit_rvalue *inputs[2] = {gj_read(a->part[i]), gj_read(b->part[i])};
        gcc_jit_type *type = gj_mask_type(e, a->lanes, bytes);
        parts[i] = gj_asm_compare(e, row, ir_is_float(dtype) ? how->on_floats : how->on_integers, type, inputs);
    }
    return gj_mask_join(e, all, parts, a->lanes, bytes);
}

/* ---- select ---- */

static gj_value *select_scalar(gj_emitter *e, const ir_op *op)
{
    gj_value *c = gj_arg(e, op, 0), *a = gj_arg(e, op, 1), *b = gj_arg(e, op, 2);
    gj_value *result = gj_new(e, op->type->dtype, 1);
    gcc_jit_block *then = gj_block_new(e), *otherwise = gj_block_new(e), *after = gj_block_new(e);

    gj_branch(e, gj_read(c->part[0]), then, otherwise, then);
    gj_assign(e, result->part[0], gj_read(a->part[0]));
    gj_jump(e, after, otherwise);
    gj_assign(e, result->part[0], gj_read(b->part[0]));
    gj_jump(e, after, after);
    return result;
}

static gcc_jit_rvalue *blend(gj_emitter *e, gcc_jit_type *type, gcc_jit_rvalue *c, gcc_jit_rvalue *a, gcc_jit_rvalue *b)
{
    gcc_jit_rvalue *not = gcc_jit_context_new_unary_op(e->context, e->location, GCC_JIT_UNARY_OP_BITWISE_NEGATE, type, c);
    return gj_binary(e, GCC_JIT_BINARY_OP_BITWISE_OR, type, gj_binary(e, GCC_JIT_BINARY_OP_BITWISE_AND, type, c, a),
                     gj_binary(e, GCC_JIT_BINARY_OP_BITWISE_AND, type, not, b));
}

/* In integers of the same width: where no instruction selects, by and, andnot, or with the mask as such integers. */
static gcc_jit_rvalue *blend_part(gj_emitter *e, ir_dtype dtype, gcc_jit_rvalue *c, const gj_value *a, const gj_value *b,
                                  int part)
{
    gcc_jit_type *bits = gj_type(e, gj_integer(ir_dtype_of(dtype)->bytes), a->lanes);
    return gj_bitcast(e, blend(e, bits, c, gj_bitcast(e, gj_read(a->part[part]), bits),
                               gj_bitcast(e, gj_read(b->part[part]), bits)), a->type);
}

static gcc_jit_rvalue *expanded_part(gj_emitter *e, const gj_value *mask, int all, int first, int lanes, int bytes)
{
    gcc_jit_rvalue *elements[64];
    ir_dtype dtype = gj_integer(bytes);

    if (!e->k_masks)
        return gj_mask_part(e, mask, all, first, lanes, bytes);
    for (int i = 0; i < lanes; i++)
        elements[i] = gcc_jit_context_new_unary_op(e->context, e->location, GCC_JIT_UNARY_OP_MINUS, gj_type(e, dtype, 1),
                                                   gj_cast(e, gj_mask_lane(e, mask, first + i), gj_type(e, dtype, 1)));
    if (lanes == 1)
        return elements[0];
    return gj_read(gj_keep(e, gj_type(e, dtype, lanes),
                           gcc_jit_context_new_rvalue_from_vector(e->context, e->location, gj_type(e, dtype, lanes),
                                                                  (size_t)lanes, elements)));
}

/* Of two masks by the third: as bits. */
static gj_value *select_masks(gj_emitter *e, const ir_op *op)
{
    gj_value *c = gj_arg(e, op, 0), *a = gj_arg(e, op, 1), *b = gj_arg(e, op, 2);
    gj_value *result = gj_new(e, IR_BOOL, ir_lanes(op->type));

    for (int i = 0; i < result->parts; i++)
        gj_assign(e, result->part[i], blend(e, result->type, gj_read(c->part[i]), gj_read(a->part[i]),
                                            gj_read(b->part[i])));
    return result;
}

gj_value *gj_emit_select(gj_emitter *e, const ir_op *op)
{
    ir_dtype dtype = op->type->dtype;
    int all = ir_lanes(op->type), bytes = ir_dtype_of(dtype)->bytes;

    if (all == 1)
        return select_scalar(e, op);
    if (dtype == IR_BOOL)
        return select_masks(e, op);
    gj_value *c = gj_arg(e, op, 0), *a = gj_arg(e, op, 1), *b = gj_arg(e, op, 2);
    gj_value *result = gj_new(e, dtype, all);
    const gj_asm *row = gj_asm_find(e, IR_OP_select, "", dtype, dtype, result->lanes);
    for (int i = 0; i < result->parts; i++) {
        int first = i * result->lanes;
        if (!row) {
            gcc_jit_rvalue *mask = expanded_part(e, c, all, first, result->lanes, bytes);
            gj_assign(e, result->part[i], blend_part(e, dtype, mask, a, b, i));
            continue;
        }
        gcc_jit_rvalue *inputs[3] = {gj_mask_part(e, c, all, first, result->lanes, bytes), gj_read(a->part[i]),
                                     gj_read(b->part[i])};
        result->part[i] = gj_asm_add(e, row, result->type, 3, inputs);
    }
    return result;
}
