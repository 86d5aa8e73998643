/* ops: the operation table, and making ops, numbering them and moving them between blocks. */
#include "ir/spec.h"

#include <assert.h>
#include <string.h>

#define IR_LEVEL_GK (IR_LEVEL_G | IR_LEVEL_K)
#define IR_LEVEL_KE (IR_LEVEL_K | IR_LEVEL_E)
#define IR_LEVEL_GKE (IR_LEVEL_G | IR_LEVEL_K | IR_LEVEL_E)

/* The flags column is written without prefixes. */
enum {
    PURE = IR_PURE, COMMUTES = IR_COMMUTES, EFFECT = IR_EFFECT, BODY = IR_BODY, BODY2 = IR_BODY2, NAMED = IR_NAMED,
    BROADCAST = IR_BROADCAST
};

const ir_op_info *ir_info(ir_opcode code)
{
    static const ir_op_info table[IR_OP_COUNT] = {
#define OP(name, level, min_args, max_args, result, attrs, flags, doc) \
    [IR_OP_##name] = {#name, IR_LEVEL_##level, min_args, max_args, IR_RESULT_##result, attrs, flags, doc},
#include "ir/ops.def"
#undef OP
    };
    assert((unsigned)code < IR_OP_COUNT);
    return &table[code];
}

static bool same_slice(const char *name, const char *text, size_t len)
{
    return strncmp(name, text, len) == 0 && name[len] == 0;
}

bool ir_opcode_find(const char *name, size_t len, ir_opcode *out)
{
    for (int i = 0; i < IR_OP_COUNT; i++) {
        if (!same_slice(ir_info((ir_opcode)i)->name, name, len)) continue;
        *out = (ir_opcode)i;
        return true;
    }
    return false;
}

bool ir_dtype_find(const char *name, size_t len, ir_dtype *out)
{
    for (int i = 1; i < IR_DTYPE_COUNT; i++) {
        if (!same_slice(ir_dtype_of((ir_dtype)i)->name, name, len)) continue;
        *out = (ir_dtype)i;
        return true;
    }
    return false;
}

const ir_type *ir_result_type(ir_module *m, ir_opcode code, int nargs, ir_op *const *args)
{
    ir_result_rule rule = ir_info(code)->result;
    const ir_type *first = nargs > 0 ? args[0]->type : NULL;
    bool plain = first && (first->kind == IR_SCALAR || first->kind == IR_VECTOR);
    switch (rule) {
    case IR_RESULT_VOID: return ir_void(m);
    case IR_RESULT_INDEX: return ir_scalar(m, IR_INDEX);
    case IR_RESULT_SAME: return plain || (first && first->kind == IR_TENSOR) ? first : NULL;
    case IR_RESULT_BOOL: return plain || (first && first->kind == IR_TENSOR) ? ir_type_with_dtype(m, first, IR_BOOL) : NULL;
    case IR_RESULT_ELEM: return plain ? ir_scalar(m, first->dtype) : NULL;
    case IR_RESULT_CONTENT: return first && first->kind == IR_REG ? ir_vector(m, first->dtype, first->lanes) : NULL;
    case IR_RESULT_GIVEN: return NULL;
    }
    return NULL;
}

bool ir_is_index_const(const ir_op *op)
{
    return op->code == IR_OP_const && op->type->kind == IR_SCALAR && op->type->dtype == IR_INDEX;
}

void ir_append(ir_block *block, ir_op *op)
{
    op->prev = block->last;
    op->next = NULL;
    if (block->last) block->last->next = op;
    else block->first = op;
    block->last = op;
}

void ir_unlink(ir_block *block, ir_op *op)
{
    if (op->prev) op->prev->next = op->next;
    else block->first = op->next;
    if (op->next) op->next->prev = op->prev;
    else block->last = op->prev;
    op->prev = op->next = NULL;
}

ir_op *ir_build(ir_builder *b, ir_opcode code, const ir_type *type, int nargs, ir_op *const *args)
{
    if (!type) type = ir_result_type(b->module, code, nargs, args);
    assert(type);
    ir_arena *arena = ir_ops_arena(b->module);
    ir_op *op = IR_NEW(arena, ir_op);
    op->code = code;
    op->type = type;
    op->nargs = nargs;
    op->args = nargs ? IR_ARRAY(arena, ir_op *, nargs) : NULL;
    if (nargs) memcpy(op->args, args, (size_t)nargs * sizeof *args);
    op->loc = b->loc;
    op->id = -1;
    ir_append(b->block, op);
    return op;
}

ir_op *ir_build0(ir_builder *b, ir_opcode code, const ir_type *type) { return ir_build(b, code, type, 0, NULL); }

ir_op *ir_build1(ir_builder *b, ir_opcode code, const ir_type *type, ir_op *x)
{
    return ir_build(b, code, type, 1, &x);
}

ir_op *ir_build2(ir_builder *b, ir_opcode code, const ir_type *type, ir_op *x, ir_op *y)
{
    return ir_build(b, code, type, 2, (ir_op *[]){x, y});
}

ir_op *ir_build3(ir_builder *b, ir_opcode code, const ir_type *type, ir_op *x, ir_op *y, ir_op *z)
{
    return ir_build(b, code, type, 3, (ir_op *[]){x, y, z});
}

/* The kind of the value follows the dtype, so that equal constants are equal as text. */
ir_op *ir_const_int(ir_builder *b, const ir_type *type, int64_t value)
{
    ir_op *op = ir_build0(b, IR_OP_const, type);
    if (ir_is_float(type->dtype)) ir_set_float(b->module, op, "value", (double)value);
    else ir_set_int(b->module, op, "value", value);
    return op;
}

ir_op *ir_const_float(ir_builder *b, const ir_type *type, double value)
{
    assert(ir_is_float(type->dtype));
    ir_op *op = ir_build0(b, IR_OP_const, type);
    ir_set_float(b->module, op, "value", value);
    return op;
}

ir_op *ir_index(ir_builder *b, int64_t value) { return ir_const_int(b, ir_scalar(b->module, IR_INDEX), value); }

/* The attributes lie with the copy, since the ops that it is a copy of may go first. */
static ir_attr *copy_attrs(ir_arena *arena, const ir_op *op)
{
    ir_attr *attrs = IR_ARRAY(arena, ir_attr, op->nattrs);
    for (int i = 0; i < op->nattrs; i++) {
        attrs[i] = op->attrs[i];
        if (attrs[i].s) attrs[i].s = ir_strdup(arena, attrs[i].s);
        if (!attrs[i].count) continue;
        int64_t *ints = IR_ARRAY(arena, int64_t, attrs[i].count);
        memcpy(ints, attrs[i].ints, (size_t)attrs[i].count * sizeof *ints);
        attrs[i].ints = ints;
    }
    return attrs;
}

/* Attribute arrays are never changed in place, so that copies in the same arena may share them. */
ir_op *ir_clone(ir_builder *b, const ir_op *op, ir_op *const *args)
{
    ir_op *copy = ir_build(b, op->code, op->type, op->nargs, args);
    copy->nattrs = op->nattrs;
    copy->attrs = b->module->ops && op->nattrs ? copy_attrs(b->module->ops, op) : op->attrs;
    copy->name = op->name;
    copy->loc = op->loc;
    return copy;
}

static void number_block(const ir_block *block, int *next)
{
    for (ir_op *op = block->first; op; op = op->next) {
        op->id = op->type->kind == IR_VOID || ir_is_index_const(op) ? -1 : (*next)++;
        number_block(&op->body, next);
        number_block(&op->body2, next);
    }
}

void ir_number(ir_func *f)
{
    int next = 0;
    number_block(&f->body, &next);
}
