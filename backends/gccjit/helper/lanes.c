/* lanes.c: values as parts: taking lanes out, putting them together, cutting and joining parts.
 *
 * libgccjit 12 has no access to lanes and no shuffles. Reading through a pointer to the local at a constant place becomes an
 * extraction, and a vector built from such lanes becomes one permutation: GCC sees through both. */
#include "backends/gccjit/helper/emit.h"

gj_value *gj_new(gj_emitter *e, ir_dtype dtype, int lanes)
{
    gj_shape shape = gj_shape_of(e, dtype, lanes);
    gj_value *value = ir_alloc(e->arena, sizeof *value + (size_t)shape.parts * sizeof *value->part);

    value->parts = shape.parts;
    value->lanes = shape.lanes;
    value->type = shape.type;
    for (int i = 0; i < shape.parts; i++)
        value->part[i] = gj_local(e, shape.type);
    return value;
}

gj_value *gj_scalar(gj_emitter *e, ir_dtype dtype, gcc_jit_rvalue *rvalue)
{
    gj_value *value = gj_new(e, dtype, 1);

    gj_assign(e, value->part[0], rvalue);
    return value;
}

static gcc_jit_rvalue *part_lane(gj_emitter *e, ir_dtype dtype, gcc_jit_lvalue *part, int lanes, int lane)
{
    if (lanes == 1)
        return gj_read(part);
    gcc_jit_type *pointer = gcc_jit_type_get_pointer(gj_type(e, dtype, 1));
    gcc_jit_rvalue *first = gj_cast(e, gcc_jit_lvalue_get_address(part, e->location), pointer);
    return gj_read(gcc_jit_context_new_array_access(e->context, e->location, first, gj_int(e, IR_INDEX, lane)));
}

gcc_jit_rvalue *gj_lane(gj_emitter *e, ir_dtype dtype, const gj_value *value, int lane)
{
    if (dtype == IR_BOOL && (value->parts > 1 || value->lanes > 1))
        return gj_mask_lane(e, value, lane);
    return part_lane(e, dtype, value->part[lane / value->lanes], value->lanes, lane % value->lanes);
}

static gcc_jit_rvalue *vector_of(gj_emitter *e, gcc_jit_type *type, int lanes, gcc_jit_rvalue *const *from)
{
    gcc_jit_rvalue *elements[GJ_MOST_LANES];

    if (lanes == 1)
        return from[0];
    for (int i = 0; i < lanes; i++)
        elements[i] = from[i];
    return gcc_jit_context_new_rvalue_from_vector(e->context, e->location, type, (size_t)lanes, elements);
}

gj_value *gj_from_lanes(gj_emitter *e, ir_dtype dtype, int lanes, gcc_jit_rvalue *const *from)
{
    if (dtype == IR_BOOL && lanes > 1)
        return gj_mask_from_lanes(e, lanes, from);
    gj_value *value = gj_new(e, dtype, lanes);
    for (int i = 0; i < value->parts; i++)
        gj_assign(e, value->part[i], vector_of(e, value->type, value->lanes, from + i * value->lanes));
    return value;
}

/* An instruction that cuts or joins halves, by the bytes of the whole; its dtype does not matter. */
static const gj_asm *half_row(const gj_emitter *e, const char *which, int bytes)
{
    return gj_asm_find(e, IR_OP_shuffle, which, IR_I8, IR_I8, bytes);
}

/* Lanes of one part that is wider than asked for. */
static gcc_jit_lvalue *cut(gj_emitter *e, ir_dtype dtype, gcc_jit_lvalue *part, int have, int first, int lanes)
{
    gcc_jit_rvalue *elements[64], *whole = gj_read(part);
    gcc_jit_type *type = gj_type(e, dtype, lanes);
    const gj_asm *row = have == 2 * lanes ? half_row(e, first ? "high" : "low", have * ir_dtype_of(dtype)->bytes) : NULL;

    if (row)
        return gj_asm_add(e, row, type, 1, &whole);
    for (int i = 0; i < lanes; i++)
        elements[i] = part_lane(e, dtype, part, have, first + i);
    return gj_keep(e, type, vector_of(e, type, lanes, elements));
}

gcc_jit_lvalue *gj_slice(gj_emitter *e, ir_dtype dtype, const gj_value *value, int first, int lanes)
{
    gcc_jit_rvalue *elements[64];
    gcc_jit_type *type = gj_type(e, dtype, lanes);

    if (value->lanes == lanes)
        return value->part[first / lanes];
    if (value->lanes > lanes)
        return cut(e, dtype, value->part[first / value->lanes], value->lanes, first % value->lanes, lanes);
    for (int i = 0; i < lanes; i++)
        elements[i] = gj_lane(e, dtype, value, first + i);
    return gj_keep(e, type, vector_of(e, type, lanes, elements));
}

static gcc_jit_lvalue *join_two(gj_emitter *e, ir_dtype dtype, gcc_jit_lvalue *const *parts, int lanes)
{
    gcc_jit_type *type = gj_type(e, dtype, 2 * lanes);
    gcc_jit_rvalue *inputs[2] = {gj_read(parts[0]), gj_read(parts[1])}, *elements[64];
    const gj_asm *row = half_row(e, "join", 2 * lanes * ir_dtype_of(dtype)->bytes);

    if (row)
        return gj_asm_add(e, row, type, 2, inputs);
    for (int i = 0; i < 2 * lanes; i++)
        elements[i] = part_lane(e, dtype, parts[i / lanes], lanes, i % lanes);
    return gj_keep(e, type, vector_of(e, type, 2 * lanes, elements));
}

gj_value *gj_join(gj_emitter *e, ir_dtype dtype, int all, gcc_jit_lvalue *const *parts, int lanes)
{
    gj_value *value = gj_new(e, dtype, all);

    if (value->lanes == lanes) {
        for (int i = 0; i < value->parts; i++)
            value->part[i] = parts[i];
        return value;
    }
    if (value->lanes == 2 * lanes) {
        for (int i = 0; i < value->parts; i++)
            value->part[i] = join_two(e, dtype, parts + 2 * i, lanes);
        return value;
    }
    gcc_jit_rvalue *elements[GJ_MOST_LANES];
    for (int i = 0; i < all; i++)
        elements[i] = part_lane(e, dtype, parts[i / lanes], lanes, i % lanes);
    return gj_from_lanes(e, dtype, all, elements);
}
