/* emit.c: applies to each op of a function the rule that the table names, and keeps the values that stand for them. */
#include "backends/gccjit/helper/emit.h"
#include <stdarg.h>
#include <stdio.h>

static gj_rule *const rules[IR_OP_COUNT] = {
#define EMIT(op, function) [IR_OP_##op] = gj_emit_##function,
#include "backends/gccjit/helper/emit.def"
#undef EMIT
};

void gj_fail(gj_emitter *e, spc_status status, const char *fmt, ...)
{
    char text[sizeof e->error->text];
    va_list list;

    va_start(list, fmt);
    vsnprintf(text, sizeof text, fmt, list);
    va_end(list);
    rt_fail(e->error, status, "%s", text);
    longjmp(*e->failed, 1);
}

void gj_define(gj_emitter *e, const ir_op *op, gj_value *value)
{
    if (!be_map_set(&e->map, op, value))
        gj_fail(e, SPC_E_NOMEM, "out of memory");
}

gj_value *gj_arg(gj_emitter *e, const ir_op *op, int n)
{
    gj_value *value = be_map_get(&e->map, op->args[n]);

    if (!value)
        gj_fail(e, SPC_E_INTERNAL, "gccjit: %s uses a value before its definition", ir_info(op->code)->name);
    return value;
}

gcc_jit_location *gj_location(gj_emitter *e, ir_loc loc)
{
    if (!e->options->debug || !loc.source || loc.line < 1)
        return NULL;
    return gcc_jit_context_new_location(e->context, loc.source->name ? loc.source->name : "spc", loc.line, loc.column);
}

gj_value *gj_emit_op(gj_emitter *e, const ir_op *op)
{
    gj_rule *rule = rules[op->code];

    if (!rule)
        gj_fail(e, SPC_E_INTERNAL, "gccjit: no rule for op %s", ir_info(op->code)->name);
    if (op->loc.source)
        e->location = gj_location(e, op->loc);
    return rule(e, op);
}

static bool visit(void *emitter, const ir_op *op)
{
    gj_value *value = gj_emit_op(emitter, op);

    if (value)
        gj_define(emitter, op, value);
    return true;
}

void gj_emit_block(gj_emitter *e, const ir_block *block) { be_walk(block, visit, e); }

/* ---- ops that stand for another ---- */

ir_builder gj_builder(gj_emitter *e, const ir_op *op, ir_block *block)
{
    *block = (ir_block){0};
    return (ir_builder){e->module, block, op->loc};
}

gj_value *gj_emit_ops(gj_emitter *e, const ir_block *block)
{
    gj_emit_block(e, block);
    return be_map_get(&e->map, block->last);
}

ir_op *gj_given(gj_emitter *e, const ir_type *type, gj_value *value)
{
    ir_block aside = {0};
    ir_builder b = {e->module, &aside, {0}};
    ir_op *op = ir_const_int(&b, ir_scalar(e->module, IR_INDEX), 0); /* never emitted: it has its value */

    op->type = type;
    gj_define(e, op, value);
    return op;
}
