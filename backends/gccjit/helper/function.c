/* function.c: functions for kernels and entries: params, blocks, the return. */
#include "backends/gccjit/helper/emit.h"
#include <stdlib.h>

gcc_jit_block *gj_block_new(gj_emitter *e) { return gcc_jit_function_new_block(e->function, NULL); }

void gj_jump(gj_emitter *e, gcc_jit_block *to, gcc_jit_block *next)
{
    gcc_jit_block_end_with_jump(e->block, e->location, to);
    e->block = next;
}

void gj_branch(gj_emitter *e, gcc_jit_rvalue *condition, gcc_jit_block *then, gcc_jit_block *otherwise,
               gcc_jit_block *next)
{
    gcc_jit_block_end_with_conditional(e->block, e->location, condition, then, otherwise);
    e->block = next;
}

gcc_jit_function *gj_import(gj_emitter *e, const char *symbol, gcc_jit_type *result, int count, gcc_jit_type **params)
{
    gcc_jit_param *list[BE_MOST_PARAMS + 2];

    for (int i = 0; i < count; i++)
        list[i] = gcc_jit_context_new_param(e->context, NULL, params[i], "p");
    return gcc_jit_context_new_function(e->context, NULL, GCC_JIT_FUNCTION_IMPORTED, result, symbol, count, list, 0);
}

static gj_value *param_value(gj_emitter *e, gcc_jit_type *type, gcc_jit_param *param)
{
    gj_value *value = ir_alloc(e->arena, sizeof *value + sizeof *value->part);

    *value = (gj_value){.parts = 1, .lanes = 1, .type = type};
    value->part[0] = gcc_jit_param_as_lvalue(param);
    return value;
}

/* The function is at work from here on, in an empty block. extra: a last param of entries; NULL: none. */
static void begin(gj_emitter *e, const ir_func *func, const char *symbol, gcc_jit_type *result, gcc_jit_param *extra)
{
    const ir_op *params[BE_MOST_PARAMS];
    gcc_jit_param *list[BE_MOST_PARAMS + 1];
    int count = be_params(func, params);

    if (!symbol)
        gj_fail(e, SPC_E_NOMEM, "out of memory");
    if (count < 0)
        gj_fail(e, SPC_E_INTERNAL, "gccjit: %s has over %d parameters", func->name, BE_MOST_PARAMS);
    if (!be_map_open(&e->map, func))
        gj_fail(e, SPC_E_NOMEM, "out of memory");
    e->func = func;
    e->location = gj_location(e, func->loc);
    for (int i = 0; i < count; i++) {
        gcc_jit_type *type = params[i]->type->kind == IR_BUFFER ? e->bytes : gj_type(e, params[i]->type->dtype, 1);
        list[i] = gcc_jit_context_new_param(e->context, NULL, type, params[i]->name ? params[i]->name : "p");
        gj_define(e, params[i], param_value(e, type, list[i]));
    }
    if (extra)
        list[count] = extra;
    e->exec = extra;
    e->owned_scratch = NULL;
    e->function = gcc_jit_context_new_function(e->context, e->location, GCC_JIT_FUNCTION_EXPORTED, result, symbol,
                                               count + (extra != NULL), list, 0);
    e->block = gj_block_new(e);
}

gj_value *gj_emit_param(gj_emitter *e, const ir_op *op) { return be_map_get(&e->map, op); }

void gj_emit_kernel(gj_emitter *e, const ir_func *func)
{
    char *symbol = be_kernel_symbol(func->name);

    begin(e, func, symbol, gcc_jit_context_get_type(e->context, GCC_JIT_TYPE_VOID), NULL);
    free(symbol);
    gj_emit_block(e, &func->body);
    gcc_jit_block_end_with_void_return(e->block, e->location);
    be_map_close(&e->map);
}

void gj_return(gj_emitter *e, int status)
{
    gcc_jit_type *number = gcc_jit_context_get_type(e->context, GCC_JIT_TYPE_INT);

    if (e->owned_scratch) {
        gcc_jit_type *nothing = gcc_jit_context_get_type(e->context, GCC_JIT_TYPE_VOID);
        gcc_jit_rvalue *owned = gj_read(e->owned_scratch);
        gcc_jit_function *release = gj_import(e, "free", nothing, 1, &e->bytes);
        gcc_jit_block_add_eval(e->block, NULL, gcc_jit_context_new_call(e->context, NULL, release, 1, &owned));
    }
    gcc_jit_block_end_with_return(e->block, e->location, gcc_jit_context_new_rvalue_from_int(e->context, number, status));
}

void gj_emit_entry(gj_emitter *e, const ir_func *func)
{
    char *symbol = be_entry_symbol(e->options, func->name);
    gcc_jit_param *exec = gcc_jit_context_new_param(e->context, NULL, e->bytes, "exec");

    begin(e, func, symbol, gcc_jit_context_get_type(e->context, GCC_JIT_TYPE_INT), exec);
    free(symbol);
    gj_emit_block(e, &func->body);
    e->location = gj_location(e, func->loc);
    gj_return(e, SPC_OK);
    be_map_close(&e->map);
}
