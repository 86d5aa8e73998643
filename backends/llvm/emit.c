/* emit.c: walks the ops of a function and applies the rule of each; the map from ops to LLVM values.
 *
 * The map is ours, not ir_op.mark, so that emission never writes to the module: several threads may emit functions of
 * one module that nobody changes meanwhile. */
#include "backends/llvm/emit.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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

/* ---- the map ---- */

static size_t count_ops(const ir_block *block)
{
    size_t count = 0;

    for (const ir_op *op = block->first; op; op = op->next)
        count += 1 + count_ops(&op->body) + count_ops(&op->body2);
    return count;
}

static bool map_open(llvm_map *map, size_t ops)
{
    map->capacity = 16;
    while (map->capacity < 2 * ops)
        map->capacity *= 2;
    map->slots = calloc(map->capacity, sizeof *map->slots);
    return map->slots != NULL;
}

/* The slot of op, or the empty one where it belongs. */
static llvm_slot *map_slot(const llvm_map *map, const ir_op *op)
{
    size_t at = (size_t)(((uintptr_t)op >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20);

    for (;; at++) {
        llvm_slot *slot = &map->slots[at & (map->capacity - 1)];
        if (slot->op == op || !slot->op)
            return slot;
    }
}

void llvm_define(llvm_emitter *e, const ir_op *op, LLVMValueRef value)
{
    *map_slot(&e->map, op) = (llvm_slot){op, value};
}

LLVMValueRef llvm_arg(llvm_emitter *e, const ir_op *op, int n)
{
    const llvm_slot *slot = map_slot(&e->map, op->args[n]);

    if (!slot->op) { /* any value keeps the rule at work going until its caller sees the failure */
        llvm_fail(e, SPC_E_INTERNAL, "llvm: %s uses a value before its definition", ir_info(op->code)->name);
        return LLVMGetUndef(llvm_type(e, op->args[n]->type));
    }
    return slot->value;
}

/* ---- the walk ---- */

void llvm_emit_block(llvm_emitter *e, const ir_block *block)
{
    for (const ir_op *op = block->first; op && e->status == SPC_OK; op = op->next) {
        llvm_rule *rule = rules[op->code];
        if (!rule) {
            llvm_fail(e, SPC_E_INTERNAL, "llvm: no rule for op %s", ir_info(op->code)->name);
            return;
        }
        llvm_lines_set(e, op->loc);
        LLVMValueRef value = rule(e, op);
        if (value && e->status == SPC_OK)
            llvm_define(e, op, value);
    }
}

void llvm_emit_function(llvm_emitter *e, const ir_func *func)
{
    if (!map_open(&e->map, count_ops(&func->body))) {
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
    free(e->map.slots);
    e->map.slots = NULL;
}
