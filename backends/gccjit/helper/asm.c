/* asm.c: instructions by extended asm, from the rows of asm.def.
 *
 * Every operand is made before the statement is added, and memory operands are dereferenced pointers: libgccjit 12 stops
 * the process otherwise. None is volatile: an instruction whose result nobody wants may go. */
#include "backends/gccjit/helper/emit.h"
#include <stdio.h>
#include <string.h>

enum {
    F32 = 1 << IR_F32, F64 = 1 << IR_F64, F16 = 1 << IR_F16, BF16 = 1 << IR_BF16, I8 = 1 << IR_I8, U8 = 1 << IR_U8,
    I16 = 1 << IR_I16, U16 = 1 << IR_U16, I32 = 1 << IR_I32, U32 = 1 << IR_U32, I64 = 1 << IR_I64,
    INDEX = 1 << IR_INDEX, BOOL = 1 << IR_BOOL,
    BITS8 = I8 | U8, BITS16 = I16 | U16 | F16 | BF16, BITS32 = F32 | I32 | U32, BITS64 = F64 | I64 | INDEX,
};

struct gj_asm {
    ir_opcode op;
    const char *variant;
    int from, to, lanes; /* sets */
    rt_feature feature;
    const char *out, *scratch, *in, *template;
};

static const gj_asm rows[] = {
#define ASM(op, variant, from, to, lanes, feature, out, scratch, in, template) \
    {IR_OP_##op, variant, from, to, lanes, RT_CPU_##feature, out, scratch, in, template},
#include "backends/gccjit/helper/asm.def"
#undef ASM
};

const gj_asm *gj_asm_find(const gj_emitter *e, ir_opcode op, const char *variant, ir_dtype from, ir_dtype to, int lanes)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const gj_asm *row = &rows[i];
        if (row->op == op && strcmp(row->variant, variant) == 0 && row->from >> from & 1 && row->to >> to & 1
            && row->lanes & lanes && gj_has(e, row->feature))
            return row;
    }
    return NULL;
}

/* A k register holds the mask of up to 64 lanes; other scratch is like the result. */
static gcc_jit_lvalue *scratch_of(gj_emitter *e, const gj_asm *row, gcc_jit_type *result)
{
    if (!*row->scratch)
        return NULL;
    if (strchr(row->scratch, 'k'))
        return gj_local(e, gcc_jit_context_get_int_type(e->context, 2, 0));
    return gj_local(e, strchr(row->out, 'r') ? gj_type(e, IR_F32, 1) : result);
}

static void add_inputs(const gj_asm *row, gcc_jit_extended_asm *statement, int count, gcc_jit_rvalue **inputs)
{
    const char *next = row->in;

    for (int i = 0; i < count; i++) {
        char constraint[8];
        int length = (int)strcspn(next, ",");
        snprintf(constraint, sizeof constraint, "%.*s", length, next);
        gcc_jit_extended_asm_add_input_operand(statement, NULL, constraint, inputs[i]);
        next += length + (next[length] == ',');
    }
}

static void add(gj_emitter *e, const gj_asm *row, gcc_jit_lvalue *out, gcc_jit_type *type, int count,
                gcc_jit_rvalue **inputs)
{
    gcc_jit_lvalue *scratch = scratch_of(e, row, type);
    gcc_jit_extended_asm *statement = gcc_jit_block_add_extended_asm(e->block, e->location, row->template);

    gcc_jit_extended_asm_add_output_operand(statement, NULL, row->out, out);
    if (scratch)
        gcc_jit_extended_asm_add_output_operand(statement, NULL, row->scratch, scratch);
    add_inputs(row, statement, count, inputs);
}

gcc_jit_lvalue *gj_asm_add(gj_emitter *e, const gj_asm *row, gcc_jit_type *result, int count, gcc_jit_rvalue **inputs)
{
    gcc_jit_lvalue *out = gj_local(e, result);

    add(e, row, out, result, count, inputs);
    return out;
}

void gj_asm_store(gj_emitter *e, const gj_asm *row, gcc_jit_lvalue *place, int count, gcc_jit_rvalue **inputs)
{
    add(e, row, place, NULL, count, inputs);
}

gcc_jit_lvalue *gj_asm_compare(gj_emitter *e, const gj_asm *row, int predicate, gcc_jit_type *result,
                               gcc_jit_rvalue **inputs)
{
    gj_asm numbered = *row;
    const char *mark = strchr(row->template, '#');
    char text[64];

    snprintf(text, sizeof text, "%.*s%d%s", (int)(mark - row->template), row->template, predicate, mark + 1);
    numbered.template = text;
    return gj_asm_add(e, &numbered, result, 2, inputs);
}

/* ---- hiding ---- */

static const char *register_class(const gj_emitter *e, ir_dtype dtype, int lanes)
{
    bool in_vector = lanes > 1 || dtype == IR_F32 || dtype == IR_F64;
    return !in_vector ? "=r" : e->k_masks ? "=v" : "=x";
}

gj_value *gj_hide(gj_emitter *e, ir_dtype dtype, const gj_value *value)
{
    gj_value *hidden = ir_alloc(e->arena, sizeof *value + (size_t)value->parts * sizeof *value->part);

    *hidden = *value;
    for (int i = 0; i < value->parts; i++) {
        gcc_jit_rvalue *input = gj_read(value->part[i]);
        hidden->part[i] = gj_local(e, value->type);
        gcc_jit_extended_asm *nothing = gcc_jit_block_add_extended_asm(e->block, e->location, "");
        gcc_jit_extended_asm_add_output_operand(nothing, NULL, register_class(e, dtype, value->lanes), hidden->part[i]);
        gcc_jit_extended_asm_add_input_operand(nothing, NULL, "0", input);
    }
    return hidden;
}
