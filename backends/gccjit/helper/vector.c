/* vector.c: rules of ops that make, mix and reduce vectors, and of opaque. */
#include "backends/gccjit/helper/emit.h"

gj_value *gj_emit_splat(gj_emitter *e, const ir_op *op)
{
    gcc_jit_rvalue *lanes[GJ_MOST_LANES], *scalar = gj_read(gj_arg(e, op, 0)->part[0]);
    int count = ir_lanes(op->type);

    for (int i = 0; i < count && i < GJ_MOST_LANES; i++)
        lanes[i] = scalar;
    return gj_from_lanes(e, op->type->dtype, count, lanes);
}

static gcc_jit_rvalue *number(gj_emitter *e, ir_dtype dtype, int value)
{
    if (dtype == IR_F32 || dtype == IR_F64)
        return gcc_jit_context_new_rvalue_from_double(e->context, gj_type(e, dtype, 1), value);
    if (ir_is_float(dtype))
        gj_fail(e, SPC_E_INTERNAL, "gccjit: iota of %s", ir_dtype_of(dtype)->name);
    return gj_int(e, dtype, value);
}

gj_value *gj_emit_iota(gj_emitter *e, const ir_op *op)
{
    gcc_jit_rvalue *lanes[GJ_MOST_LANES];
    int count = ir_lanes(op->type);

    for (int i = 0; i < count && i < GJ_MOST_LANES; i++)
        lanes[i] = number(e, op->type->dtype, i);
    return gj_from_lanes(e, op->type->dtype, count, lanes);
}

gj_value *gj_emit_extract(gj_emitter *e, const ir_op *op)
{
    int lane = (int)ir_get_int(op, "lane", 0);
    return gj_scalar(e, op->type->dtype, gj_lane(e, op->type->dtype, gj_arg(e, op, 0), lane));
}

gj_value *gj_emit_insert(gj_emitter *e, const ir_op *op)
{
    const gj_value *a = gj_arg(e, op, 0);
    gcc_jit_rvalue *lanes[GJ_MOST_LANES];
    ir_dtype dtype = op->type->dtype;
    int count = ir_lanes(op->type);

    for (int i = 0; i < count; i++)
        lanes[i] = gj_lane(e, dtype, a, i);
    lanes[ir_get_int(op, "lane", 0)] = gj_read(gj_arg(e, op, 1)->part[0]);
    return gj_from_lanes(e, dtype, count, lanes);
}

/* ---- shuffle ---- */

/* A run of lanes of one part: half of a register and the like. */
static gj_value *run_of(gj_emitter *e, const ir_op *op, const ir_attr *mask)
{
    int have = ir_lanes(op->args[0]->type), first = (int)mask->ints[0] % have;
    const gj_value *from = gj_arg(e, op, mask->ints[0] >= have);
    gj_shape shape = gj_shape_of(e, op->type->dtype, mask->count);
    gcc_jit_lvalue *parts[GJ_MOST_LANES];

    for (int i = 1; i < mask->count; i++)
        if (mask->ints[i] != mask->ints[0] + i)
            return NULL;
    if (op->type->dtype == IR_BOOL || first % shape.lanes || first + mask->count > have || from->lanes < shape.lanes)
        return NULL;
    for (int i = 0; i < shape.parts; i++)
        parts[i] = gj_slice(e, op->type->dtype, from, first + i * shape.lanes, shape.lanes);
    return gj_join(e, op->type->dtype, mask->count, parts, shape.lanes);
}

/* A vector of one part over and over: twice by joining it with itself, until it fills the result. */
static gj_value *repeated(gj_emitter *e, const ir_op *op, const ir_attr *mask)
{
    int have = ir_lanes(op->args[0]->type), lanes = have;
    const gj_value *from = gj_arg(e, op, 0);
    gj_shape shape = gj_shape_of(e, op->type->dtype, mask->count);

    for (int i = 0; i < mask->count; i++)
        if (mask->ints[i] != i % have)
            return NULL;
    if (op->type->dtype == IR_BOOL || have < 2 || from->parts != 1 || from->lanes != have || mask->count % have)
        return NULL;
    gcc_jit_lvalue *part = from->part[0], *parts[GJ_MOST_LANES];
    const gj_asm *row = shape.lanes == 4 * have ? gj_asm_find(e, IR_OP_shuffle, "four times", IR_I8, IR_I8,
                                                              shape.lanes * ir_dtype_of(op->type->dtype)->bytes) : NULL;
    if (row) {
        gcc_jit_rvalue *whole = gj_read(part);
        part = gj_asm_add(e, row, shape.type, 1, &whole);
        lanes = shape.lanes;
    }
    for (; lanes < shape.lanes; lanes *= 2)
        part = gj_join(e, op->type->dtype, 2 * lanes, (gcc_jit_lvalue *[]){part, part}, lanes)->part[0];
    if (lanes != shape.lanes)
        return NULL;
    for (int i = 0; i < shape.parts; i++)
        parts[i] = part;
    return gj_join(e, op->type->dtype, mask->count, parts, lanes);
}

gj_value *gj_emit_shuffle(gj_emitter *e, const ir_op *op)
{
    const ir_attr *mask = ir_attr_find(op, "mask");
    const gj_value *a = gj_arg(e, op, 0), *b = gj_arg(e, op, 1);
    gcc_jit_rvalue *lanes[GJ_MOST_LANES];
    int have = ir_lanes(op->args[0]->type);

    if (!mask || mask->count < 1 || mask->count > GJ_MOST_LANES)
        gj_fail(e, SPC_E_INTERNAL, "gccjit: a shuffle of these shapes");
    gj_value *known = run_of(e, op, mask);
    if (!known)
        known = repeated(e, op, mask);
    if (known)
        return known;
    for (int i = 0; i < mask->count; i++) {
        int lane = (int)mask->ints[i];
        lanes[i] = gj_lane(e, op->type->dtype, lane < have ? a : b, lane % have);
    }
    return gj_from_lanes(e, op->type->dtype, mask->count, lanes);
}

/* ---- permute ---- */

/* In memory, lane by lane: right everywhere, fast nowhere. The last argument is the index; those before it lie one behind
 * the other. The unsigned remainder of a negative index is right only for powers of two. */
static gj_value *permute_by_lanes(gj_emitter *e, const ir_op *op)
{
    const ir_op *indices = op->args[op->nargs - 1];
    ir_dtype dtype = op->type->dtype, index = indices->type->dtype;
    int count = ir_lanes(op->type), entries = count * (op->nargs - 1);
    gcc_jit_type *element = gj_type(e, dtype, 1), *word = gcc_jit_context_get_int_type(e->context, 8, 0);
    gcc_jit_type *bits = gcc_jit_context_get_int_type(e->context, ir_dtype_of(index)->bytes, 0);
    gcc_jit_lvalue *table = gj_local(e, gcc_jit_context_new_array_type(e->context, NULL, element, entries));
    gcc_jit_rvalue *lanes[GJ_MOST_LANES], *limit = gcc_jit_context_new_rvalue_from_int(e->context, word, entries);

    for (int i = 0; i < entries; i++)
        gj_assign(e, gcc_jit_context_new_array_access(e->context, NULL, gj_read(table), gj_int(e, IR_INDEX, i)),
                  gj_lane(e, dtype, gj_arg(e, op, i / count), i % count));
    for (int i = 0; i < count; i++) {
        gcc_jit_rvalue *at = gj_cast(e, gj_cast(e, gj_lane(e, index, gj_arg(e, op, op->nargs - 1), i), bits), word);
        at = gj_cast(e, gj_binary(e, GCC_JIT_BINARY_OP_MODULO, word, at, limit), gj_type(e, IR_INDEX, 1));
        lanes[i] = gj_read(gcc_jit_context_new_array_access(e->context, NULL, gj_read(table), at));
        lanes[i] = gj_read(gj_keep(e, element, lanes[i]));
    }
    return gj_from_lanes(e, dtype, count, lanes);
}

/* By one instruction, which takes the vectors and then the index, where there is one at this width. */
static gj_value *permuted(gj_emitter *e, const ir_op *op)
{
    int vectors = op->nargs - 1, count = ir_lanes(op->type);
    ir_dtype dtype = op->type->dtype, index = op->args[vectors]->type->dtype, word = gj_integer(ir_dtype_of(dtype)->bytes);
    gj_value *a = gj_arg(e, op, 0);
    const gj_asm *row = a->parts == 1 && a->lanes == count ? gj_asm_find(e, op->code, "", dtype, dtype, count) : NULL;
    gcc_jit_rvalue *inputs[3];

    if (!row)
        return permute_by_lanes(e, op);
    gj_value *wide = gj_convert(e, gj_arg(e, op, vectors), index, word, count), *result = gj_new(e, dtype, count);
    for (int i = 0; i < vectors; i++)
        inputs[i] = gj_read(gj_arg(e, op, i)->part[0]);
    inputs[vectors] = gj_read(wide->part[0]);
    result->part[0] = gj_asm_add(e, row, result->type, vectors + 1, inputs);
    return result;
}

gj_value *gj_emit_permute(gj_emitter *e, const ir_op *op)
{
    return ir_lanes(op->type) == 1 ? gj_arg(e, op, 0) : permuted(e, op);
}

gj_value *gj_emit_permute2(gj_emitter *e, const ir_op *op)
{
    return permuted(e, op);
}

/* ---- reductions: the tree of ops.def, lane i with lane i + half; an odd lane in the middle waits ---- */

static gj_value *reduce(gj_emitter *e, const ir_op *op)
{
    ir_block block;
    ir_builder build = gj_builder(e, op, &block);
    ir_opcode code = op->code == IR_OP_reduce_add ? IR_OP_add : IR_OP_max;
    ir_op *a = op->args[0];
    int64_t low[GJ_MOST_LANES], high[GJ_MOST_LANES];

    for (int lanes = ir_lanes(a->type); lanes > 1;) {
        int half = (lanes + 1) / 2;
        const ir_type *type = ir_vector(e->module, op->type->dtype, half);
        for (int i = 0; i < half; i++) {
            low[i] = i;
            high[i] = half + i < lanes ? half + i : i;
        }
        ir_op *first = ir_build2(&build, IR_OP_shuffle, type, a, a);
        ir_op *second = ir_build2(&build, IR_OP_shuffle, type, a, a);
        ir_set_ints(e->module, first, "mask", half, low);
        ir_set_ints(e->module, second, "mask", half, high);
        ir_op *both = ir_build2(&build, code, type, first, second);
        if (lanes % 2) { /* the last of the lower half has no partner */
            low[half - 1] = 2 * half - 1;
            for (int i = 0; i < half - 1; i++)
                low[i] = i;
            ir_op *kept = ir_build2(&build, IR_OP_shuffle, type, both, first);
            ir_set_ints(e->module, kept, "mask", half, low);
            both = kept;
        }
        a = both;
        lanes = half;
    }
    gj_emit_block(e, &block);
    return be_map_get(&e->map, a);
}

gj_value *gj_emit_reduce(gj_emitter *e, const ir_op *op) { return reduce(e, op); }

/* ---- masks ---- */

/* In integers as wide as the mask has them: i - a is negative where i < a. */
static gj_value *tailmask_of_vectors(gj_emitter *e, gcc_jit_rvalue *count, int lanes)
{
    gj_value *mask = gj_new(e, IR_BOOL, lanes);
    ir_dtype dtype = gj_mask_dtype(e, lanes);
    gcc_jit_rvalue *numbers[GJ_MOST_LANES], *limits[GJ_MOST_LANES], *shifts[GJ_MOST_LANES];
    gcc_jit_rvalue *limit = gj_read(gj_keep(e, gj_type(e, dtype, 1), gj_cast(e, count, gj_type(e, dtype, 1))));

    for (int i = 0; i < lanes; i++) {
        numbers[i] = gj_int(e, dtype, i);
        limits[i] = limit;
        shifts[i] = gj_int(e, dtype, 8 * ir_dtype_of(dtype)->bytes - 1);
    }
    gj_value *number = gj_from_lanes(e, dtype, lanes, numbers), *to = gj_from_lanes(e, dtype, lanes, limits);
    gj_value *shift = gj_from_lanes(e, dtype, lanes, shifts);
    for (int i = 0; i < mask->parts; i++) {
        gcc_jit_rvalue *difference = gj_binary(e, GCC_JIT_BINARY_OP_MINUS, mask->type, gj_read(number->part[i]),
                                               gj_read(to->part[i]));
        gj_assign(e, mask->part[i], gj_binary(e, GCC_JIT_BINARY_OP_RSHIFT, mask->type, difference,
                                              gj_read(shift->part[i])));
    }
    return mask;
}

static gj_value *tailmask_of_bits(gj_emitter *e, gcc_jit_rvalue *count, int lanes)
{
    gcc_jit_type *word = gcc_jit_context_get_int_type(e->context, 8, 0);
    gj_value *mask = gj_new(e, IR_BOOL, lanes);
    gcc_jit_rvalue *bits = gcc_jit_context_new_rvalue_from_long(e->context, word, lanes < 64 ? 1 : 2);

    count = gj_cast(e, count, word);
    if (lanes == 64) /* 2 << 63 is 0: one less, and none at all apart */
        count = gj_binary(e, GCC_JIT_BINARY_OP_MINUS, word, count, gcc_jit_context_one(e->context, word));
    bits = gj_binary(e, GCC_JIT_BINARY_OP_LSHIFT, word, bits, count);
    bits = gj_binary(e, GCC_JIT_BINARY_OP_MINUS, word, bits, gcc_jit_context_one(e->context, word));
    gj_assign(e, mask->part[0], gj_cast(e, bits, mask->type));
    return mask;
}

/* a is clamped first. */
gj_value *gj_emit_tailmask(gj_emitter *e, const ir_op *op)
{
    ir_block block;
    ir_builder build = gj_builder(e, op, &block);
    int lanes = ir_lanes(op->type);

    if (lanes > 64)
        gj_fail(e, SPC_E_INTERNAL, "gccjit: a mask of %d lanes", lanes);
    ir_op *count = ir_build2(&build, IR_OP_max, op->args[0]->type, op->args[0], ir_index(&build, lanes == 64 && e->k_masks));
    count = ir_build2(&build, IR_OP_min, count->type, count, ir_index(&build, lanes));
    gcc_jit_rvalue *clamped = gj_read(gj_emit_ops(e, &block)->part[0]);
    if (lanes == 1)
        return gj_scalar(e, IR_BOOL, gj_compare(e, GCC_JIT_COMPARISON_NE, clamped, gj_int(e, IR_INDEX, 0)));
    if (!e->k_masks)
        return tailmask_of_vectors(e, clamped, lanes);
    gj_value *mask = tailmask_of_bits(e, clamped, lanes);
    if (lanes == 64) { /* clamped to 1 at least: no lane where there was none */
        gcc_jit_rvalue *any = gj_compare(e, GCC_JIT_COMPARISON_GT, gj_read(gj_arg(e, op, 0)->part[0]), gj_int(e, IR_INDEX, 0));
        any = gcc_jit_context_new_unary_op(e->context, NULL, GCC_JIT_UNARY_OP_MINUS, mask->type, gj_cast(e, any, mask->type));
        gj_assign(e, mask->part[0], gj_binary(e, GCC_JIT_BINARY_OP_BITWISE_AND, mask->type, gj_read(mask->part[0]), any));
    }
    return mask;
}

gj_value *gj_emit_opaque(gj_emitter *e, const ir_op *op)
{
    gj_value *a = gj_arg(e, op, 0);

    if (op->type->kind == IR_BUFFER)
        return gj_hide(e, IR_INDEX, a);
    return op->type->dtype == IR_BOOL ? a : gj_hide(e, op->type->dtype, a);
}
