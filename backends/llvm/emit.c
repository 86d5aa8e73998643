/* emit.c: applies to each op of a function the rule that the table names, and keeps the LLVM values that stand for them. */
#include "backends/llvm/emit.h"
#include <stdarg.h>
#include <stdio.h>

static llvm_rule *const rules[IR_OP_COUNT] = {
#define EMIT(op, function) [IR_OP_##op] = llvm_emit_##function,
#include "backends/llvm/emit.def"
#undef EMIT
};

llvm_rule *llvm_rule_of(ir_opcode code) { return rules[code]; }

LLVMValueRef llvm_fail(llvm_emitter *e, spc_status status, const char *fmt, ...)
{
    if (e->status == SPC_OK) {
        char text[sizeof e->error->text];
        va_list list;

        va_start(list, fmt);
        vsnprintf(text, sizeof text, fmt, list);
        va_end(list);
        e->status = rt_fail(e->error, status, "%s", text);
    }
    return NULL;
}

void llvm_define(llvm_emitter *e, const ir_op *op, LLVMValueRef value)
{
    if (!be_map_set(&e->map, op, value))
        llvm_fail(e, SPC_E_NOMEM, "out of memory");
}

LLVMValueRef llvm_arg(llvm_emitter *e, const ir_op *op, int n)
{
    LLVMValueRef value = be_map_get(&e->map, op->args[n]);

    if (!value) { /* any value keeps the rule at work going until its caller sees the failure */
        llvm_fail(e, SPC_E_INTERNAL, "llvm: %s uses a value before its definition", ir_info(op->code)->name);
        return LLVMGetUndef(llvm_type(e, op->args[n]->type));
    }
    return value;
}

/* ---- the walk ---- */

static bool visit(void *emitter, const ir_op *op)
{
    llvm_emitter *e = emitter;
    llvm_rule *rule = rules[op->code];

    if (!rule) {
        llvm_fail(e, SPC_E_INTERNAL, "llvm: no rule for op %s", ir_info(op->code)->name);
        return false;
    }
    llvm_lines_set(e, op->loc);
    LLVMValueRef value = rule(e, op);
    if (value && e->status == SPC_OK)
        llvm_define(e, op, value);
    return e->status == SPC_OK;
}

void llvm_emit_block(llvm_emitter *e, const ir_block *block)
{
    if (e->status == SPC_OK)
        be_walk(block, visit, e);
}

void llvm_emit_function(llvm_emitter *e, const ir_func *func)
{
    if (!be_map_open(&e->map, func)) {
        llvm_fail(e, SPC_E_NOMEM, "out of memory");
        return;
    }
    e->func = func;
    if (func->form == IR_KERNEL)
        llvm_emit_kernel(e, func);
    else if (func->form == IR_ENTRY)
        llvm_emit_entry(e, func);
    else
        llvm_fail(e, SPC_E_INTERNAL, "llvm: graph %s is not lowered", func->name);
    be_map_close(&e->map);
}
