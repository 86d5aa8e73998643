/* memory.c: rules of params, buffers, loads and stores, and of regs.
 *
 * Everything is reached through a dereferenced pointer to a type of the alignment that is known: asm operands want that, and
 * GCC folds the address into the instruction. A bool in memory is a byte. */
#include "backends/gccjit/helper/emit.h"

static ir_dtype in_memory(ir_dtype dtype) { return dtype == IR_BOOL ? IR_U8 : dtype; }

/* The address of element `index` behind a pointer to bytes, as a pointer to elements. */
static gcc_jit_rvalue *element_at(gj_emitter *e, ir_dtype dtype, gcc_jit_rvalue *base, gcc_jit_rvalue *index)
{
    gcc_jit_rvalue *first = gj_cast(e, base, gcc_jit_type_get_pointer(gj_type(e, in_memory(dtype), 1)));
    return gcc_jit_lvalue_get_address(gcc_jit_context_new_array_access(e->context, e->location, first, index), e->location);
}

gj_value *gj_emit_subbuffer(gj_emitter *e, const ir_op *op)
{
    gj_value *result = ir_alloc(e->arena, sizeof *result + sizeof *result->part);
    gcc_jit_rvalue *at = element_at(e, op->args[0]->type->dtype, gj_read(gj_arg(e, op, 0)->part[0]),
                                    gj_read(gj_arg(e, op, 1)->part[0]));

    *result = (gj_value){.parts = 1, .lanes = 1, .type = e->bytes};
    result->part[0] = gj_keep(e, e->bytes, gj_cast(e, at, e->bytes));
    return result;
}

/* Where a load or store happens. */
typedef struct place {
    ir_dtype dtype; /* of memory */
    gcc_jit_rvalue *base, *index;
    int64_t disp, align;
} place;

static place place_of(gj_emitter *e, const ir_op *op, int buffer)
{
    ir_dtype dtype = in_memory(op->args[buffer]->type->dtype);
    int64_t align = ir_get_int(op, "align", 0);

    return (place){dtype, gj_read(gj_arg(e, op, buffer)->part[0]), gj_read(gj_arg(e, op, buffer + 1)->part[0]),
                   ir_get_int(op, "disp", 0), align > 0 ? align : ir_dtype_of(dtype)->bytes};
}

/* `lanes` elements from lane `first` on; the type is aligned as far as that is known. */
static gcc_jit_lvalue *at_lane(gj_emitter *e, const place *p, int first, int lanes, gcc_jit_type **type)
{
    int64_t bytes = ir_dtype_of(p->dtype)->bytes, align = p->align;
    gcc_jit_rvalue *at = element_at(e, p->dtype, p->base, p->index);

    if (p->disp + first) {
        gcc_jit_rvalue *offset = gj_int(e, IR_INDEX, p->disp + first);
        at = gcc_jit_lvalue_get_address(gcc_jit_context_new_array_access(e->context, e->location, at, offset), e->location);
    }
    while (first * bytes % align)
        align /= 2;
    *type = gcc_jit_type_get_aligned(gj_type(e, p->dtype, lanes), (size_t)align);
    return gcc_jit_rvalue_dereference(gj_cast(e, at, gcc_jit_type_get_pointer(*type)), e->location);
}

static gcc_jit_rvalue *read_part(gj_emitter *e, const place *p, int first, int lanes)
{
    gcc_jit_type *type;
    gcc_jit_lvalue *from = at_lane(e, p, first, lanes, &type);
    return gj_bitcast(e, gj_read(from), gj_type(e, p->dtype, lanes));
}

static void write_part(gj_emitter *e, const place *p, int first, int lanes, gcc_jit_rvalue *value)
{
    gcc_jit_type *type;
    gcc_jit_lvalue *to = at_lane(e, p, first, lanes, &type);
    gj_assign(e, to, gj_bitcast(e, value, type));
}

/* ---- bools as bytes ---- */

static gj_value *mask_of_bytes(gj_emitter *e, const gj_value *bytes, int lanes)
{
    const gj_asm *row = gj_asm_find(e, IR_OP_ne, "bytes", IR_U8, IR_BOOL, bytes->lanes);
    gcc_jit_lvalue *parts[GJ_MOST_LANES];
    gcc_jit_rvalue *elements[GJ_MOST_LANES];

    for (int i = 0; row && i < bytes->parts; i++) {
        gcc_jit_rvalue *input = gj_read(bytes->part[i]);
        parts[i] = gj_asm_add(e, row, gj_mask_type(e, bytes->lanes, 1), 1, &input);
    }
    if (row)
        return gj_mask_join(e, lanes, parts, bytes->lanes, 1);
    for (int i = 0; i < lanes; i++)
        elements[i] = gj_compare(e, GCC_JIT_COMPARISON_NE, gj_lane(e, IR_U8, bytes, i), gj_int(e, IR_U8, 0));
    return gj_from_lanes(e, IR_BOOL, lanes, elements);
}

static gj_value *bytes_of_mask(gj_emitter *e, const gj_value *mask, int lanes)
{
    gj_shape shape = gj_shape_of(e, IR_U8, lanes);
    const gj_asm *row = lanes > 1 ? gj_asm_find(e, IR_OP_ne, "to bytes", IR_BOOL, IR_U8, shape.lanes) : NULL;
    gcc_jit_rvalue *elements[GJ_MOST_LANES];

    for (int i = 0; i < lanes; i++)
        elements[i] = row ? gj_int(e, IR_U8, 1) : gj_cast(e, gj_lane(e, IR_BOOL, mask, i), gj_type(e, IR_U8, 1));
    gj_value *bytes = gj_from_lanes(e, IR_U8, lanes, elements);
    for (int i = 0; row && i < bytes->parts; i++) {
        gcc_jit_rvalue *inputs[2] = {gj_read(bytes->part[i]), gj_mask_part(e, mask, lanes, i * bytes->lanes, bytes->lanes, 1)};
        bytes->part[i] = gj_asm_add(e, row, bytes->type, 2, inputs);
    }
    return bytes;
}

/* ---- masked ---- */

/* Goes on in a block that runs where this lane of the mask is on; *after is where both ways meet. */
static void enter_lane(gj_emitter *e, const gj_value *mask, int lane, gcc_jit_block **after)
{
    gcc_jit_block *then = gj_block_new(e);

    *after = gj_block_new(e);
    gj_branch(e, gj_lane(e, IR_BOOL, mask, lane), then, *after, then);
}

static gj_value *masked_load_by_lanes(gj_emitter *e, const place *p, const gj_value *mask, int lanes)
{
    gcc_jit_type *element = gj_type(e, p->dtype, 1);
    gcc_jit_rvalue *elements[GJ_MOST_LANES];
    gcc_jit_block *after;

    for (int i = 0; i < lanes; i++) {
        gcc_jit_lvalue *lane = gj_keep(e, element, gcc_jit_context_zero(e->context, element));
        enter_lane(e, mask, i, &after);
        gj_assign(e, lane, read_part(e, p, i, 1));
        gj_jump(e, after, after);
        elements[i] = gj_read(lane);
    }
    return gj_from_lanes(e, p->dtype, lanes, elements);
}

static gj_value *masked_load(gj_emitter *e, const place *p, const gj_value *mask, int lanes)
{
    gj_shape shape = gj_shape_of(e, p->dtype, lanes);
    int bytes = ir_dtype_of(p->dtype)->bytes;
    const gj_asm *row = lanes > 1 ? gj_asm_find(e, IR_OP_load, "masked", p->dtype, p->dtype, shape.lanes) : NULL;

    if (!row)
        return masked_load_by_lanes(e, p, mask, lanes);
    gj_value *value = gj_new(e, p->dtype, lanes);
    for (int i = 0; i < value->parts; i++) {
        gcc_jit_type *type;
        gcc_jit_rvalue *inputs[2] = {gj_read(at_lane(e, p, i * value->lanes, value->lanes, &type)),
                                     gj_mask_part(e, mask, lanes, i * value->lanes, value->lanes, bytes)};
        value->part[i] = gj_asm_add(e, row, value->type, 2, inputs);
    }
    return value;
}

static void masked_store(gj_emitter *e, const place *p, const gj_value *value, const gj_value *mask, int lanes)
{
    int bytes = ir_dtype_of(p->dtype)->bytes;
    const gj_asm *row = lanes > 1 ? gj_asm_find(e, IR_OP_store, "masked", p->dtype, p->dtype, value->lanes) : NULL;
    gcc_jit_block *after;

    for (int i = 0; row && i < value->parts; i++) {
        gcc_jit_type *type;
        gcc_jit_lvalue *to = at_lane(e, p, i * value->lanes, value->lanes, &type);
        gcc_jit_rvalue *inputs[2] = {gj_read(value->part[i]),
                                     gj_mask_part(e, mask, lanes, i * value->lanes, value->lanes, bytes)};
        gj_asm_store(e, row, to, 2, inputs);
    }
    for (int i = 0; !row && i < lanes; i++) {
        enter_lane(e, mask, i, &after);
        write_part(e, p, i, 1, gj_lane(e, p->dtype, value, i));
        gj_jump(e, after, after);
    }
}

/* ---- the rules ---- */

gj_value *gj_emit_load(gj_emitter *e, const ir_op *op)
{
    place p = place_of(e, op, 0);
    int lanes = ir_lanes(op->type);
    gj_value *value;

    if (op->nargs == 3) {
        value = masked_load(e, &p, gj_arg(e, op, 2), lanes);
    } else {
        value = gj_new(e, p.dtype, lanes);
        for (int i = 0; i < value->parts; i++)
            gj_assign(e, value->part[i], read_part(e, &p, i * value->lanes, value->lanes));
    }
    return op->type->dtype == IR_BOOL ? mask_of_bytes(e, value, lanes) : value;
}

gj_value *gj_emit_store(gj_emitter *e, const ir_op *op)
{
    place p = place_of(e, op, 1);
    int lanes = ir_lanes(op->args[0]->type);
    const gj_value *value = gj_arg(e, op, 0);

    if (op->args[0]->type->dtype == IR_BOOL)
        value = bytes_of_mask(e, value, lanes);
    if (op->nargs == 4)
        masked_store(e, &p, value, gj_arg(e, op, 3), lanes);
    for (int i = 0; op->nargs == 3 && i < value->parts; i++)
        write_part(e, &p, i * value->lanes, value->lanes, gj_read(value->part[i]));
    return NULL;
}

static gj_value *gather_by_lanes(gj_emitter *e, place *p, const gj_value *index, ir_dtype index_type,
                                 const gj_value *mask, int lanes)
{
    gcc_jit_type *element = gj_type(e, p->dtype, 1);
    gcc_jit_rvalue *elements[GJ_MOST_LANES];
    gcc_jit_block *after = NULL;

    for (int i = 0; i < lanes; i++) {
        gcc_jit_lvalue *lane = gj_keep(e, element, gcc_jit_context_zero(e->context, element));
        p->index = gj_cast(e, gj_lane(e, index_type, index, i), gj_type(e, IR_INDEX, 1));
        if (mask)
            enter_lane(e, mask, i, &after);
        gj_assign(e, lane, read_part(e, p, 0, 1));
        if (mask)
            gj_jump(e, after, after);
        elements[i] = gj_read(lane);
    }
    return gj_from_lanes(e, p->dtype, lanes, elements);
}

/* By the instruction, in steps that both the data and the indices have as one part. */
static gj_value *gather(gj_emitter *e, const place *p, const gj_value *index, ir_dtype index_type, const gj_value *mask,
                        int lanes, const gj_asm *row, int step)
{
    gcc_jit_rvalue *base = gj_cast(e, element_at(e, p->dtype, p->base, gj_int(e, IR_INDEX, p->disp)), e->bytes);
    gcc_jit_rvalue *all = gj_read(gcc_jit_rvalue_dereference(gj_cast(e, base, e->huge), e->location));
    gcc_jit_lvalue *parts[GJ_MOST_LANES];

    for (int i = 0; i < lanes / step; i++) {
        gcc_jit_rvalue *inputs[4] = {base, gj_read(gj_slice(e, index_type, index, i * step, step)), all, NULL};
        if (mask) {
            inputs[3] = all;
            inputs[2] = gj_mask_part(e, mask, lanes, i * step, step, ir_dtype_of(p->dtype)->bytes);
        }
        parts[i] = gj_asm_add(e, row, gj_type(e, p->dtype, step), mask ? 4 : 3, inputs);
    }
    return gj_join(e, p->dtype, lanes, parts, step);
}

gj_value *gj_emit_gather(gj_emitter *e, const ir_op *op)
{
    ir_dtype index_type = op->args[1]->type->dtype;
    int lanes = ir_lanes(op->type);
    const gj_value *index = gj_arg(e, op, 1), *mask = op->nargs == 3 ? gj_arg(e, op, 2) : NULL;
    place p = {in_memory(op->args[0]->type->dtype), gj_read(gj_arg(e, op, 0)->part[0]), gj_int(e, IR_INDEX, 0),
               ir_get_int(op, "disp", 0), 0};

    p.align = ir_dtype_of(p.dtype)->bytes;
    if (index_type == IR_U32) {
        index = gj_convert(e, index, IR_U32, IR_I64, lanes);
        index_type = IR_I64;
    }
    gj_shape data = gj_shape_of(e, p.dtype, lanes), place_shape = gj_shape_of(e, index_type, lanes);
    int step = data.lanes < place_shape.lanes ? data.lanes : place_shape.lanes;
    const gj_asm *row = gj_asm_find(e, IR_OP_gather, mask ? "masked" : "", p.dtype, index_type, step);
    gj_value *value = row ? gather(e, &p, index, index_type, mask, lanes, row, step)
                          : gather_by_lanes(e, &p, index, index_type, mask, lanes);
    return op->type->dtype == IR_BOOL ? mask_of_bytes(e, value, lanes) : value;
}

gj_value *gj_emit_prefetch(gj_emitter *e, const ir_op *op)
{
    place p = place_of(e, op, 0);
    gcc_jit_type *type, *number = gcc_jit_context_get_type(e->context, GCC_JIT_TYPE_INT);
    gcc_jit_lvalue *at = at_lane(e, &p, 0, 1, &type);
    gcc_jit_type *pointer = gcc_jit_context_get_type(e->context, GCC_JIT_TYPE_VOID_PTR);
    gcc_jit_rvalue *args[3] = {
        gj_cast(e, gcc_jit_lvalue_get_address(at, e->location), pointer), gcc_jit_context_zero(e->context, number),
        gcc_jit_context_new_rvalue_from_int(e->context, number, (int)ir_get_int(op, "locality", 3))};

    gcc_jit_block_add_eval(e->block, e->location, gj_builtin(e, "__builtin_prefetch", 3, args));
    return NULL;
}

/* ---- regs: locals that are assigned again ---- */

static void copy(gj_emitter *e, const gj_value *to, const gj_value *from)
{
    for (int i = 0; i < to->parts; i++)
        gj_assign(e, to->part[i], gj_read(from->part[i]));
}

gj_value *gj_emit_reg(gj_emitter *e, const ir_op *op) { return gj_new(e, op->type->dtype, op->type->lanes); }

gj_value *gj_emit_get(gj_emitter *e, const ir_op *op)
{
    gj_value *value = gj_new(e, op->type->dtype, ir_lanes(op->type));

    copy(e, value, gj_arg(e, op, 0));
    return value;
}

gj_value *gj_emit_set(gj_emitter *e, const ir_op *op)
{
    copy(e, gj_arg(e, op, 0), gj_arg(e, op, 1));
    return NULL;
}
