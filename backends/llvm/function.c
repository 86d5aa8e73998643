/* function.c: LLVM functions for kernels and entries: signature, attributes, the stack slots' block, the return.
 *
 * A kernel may use every feature of the target and nothing else: its CPU is the baseline plus the listed features, the
 * target's model only tunes. (A model as target-cpu would allow what the entry does not check.) An entry runs before
 * any check and is baseline code. */
#include "backends/llvm/emit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void llvm_position(llvm_emitter *e, LLVMBasicBlockRef block) { LLVMPositionBuilderAtEnd(e->builder, block); }

LLVMBasicBlockRef llvm_block_new(llvm_emitter *e, const char *name)
{
    return LLVMAppendBasicBlockInContext(e->context, e->function, name);
}

/* In the first block, wherever the builder is: a slot inside a loop would grow the stack. */
LLVMValueRef llvm_alloca(llvm_emitter *e, LLVMTypeRef type, const char *name)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(e->builder);

    llvm_position(e, e->allocas);
    LLVMValueRef slot = LLVMBuildAlloca(e->builder, type, name);
    llvm_position(e, here);
    return slot;
}

void llvm_attribute(llvm_emitter *e, LLVMValueRef function, LLVMAttributeIndex at, const char *name, uint64_t value)
{
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));

    if (kind != 0)
        LLVMAddAttributeAtIndex(function, at, LLVMCreateEnumAttribute(e->context, kind, value));
}

static void text_attribute(llvm_emitter *e, LLVMValueRef function, const char *name, const char *value)
{
    LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex,
                            LLVMCreateStringAttribute(e->context, name, (unsigned)strlen(name), value,
                                                      (unsigned)strlen(value)));
}

static void feature_text(uint64_t features, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (int i = 0; i < RT_CPU_COUNT && used < size; i++)
        if (features >> i & 1)
            used += (size_t)snprintf(out + used, size - used, "%s+%s", used ? "," : "",
                                     be_feature_name_of((rt_feature)i).text);
}

static void target_attributes(llvm_emitter *e, LLVMValueRef function, bool is_kernel)
{
    const ir_target *target = e->options->target;
    char features[1024];

    llvm_attribute(e, function, LLVMAttributeFunctionIndex, "nounwind", 0);
    if (e->options->debug)
        llvm_attribute(e, function, LLVMAttributeFunctionIndex, "uwtable", 2);
    text_attribute(e, function, "target-cpu", "x86-64");
    if (!is_kernel)
        return;
    feature_text(target->features, features, sizeof features);
    text_attribute(e, function, "target-features", features);
    text_attribute(e, function, "tune-cpu", target->llvm_name);
    text_attribute(e, function, "prefer-vector-width", target->vector_bytes == 64 ? "512" : "256");
    text_attribute(e, function, "min-legal-vector-width", target->vector_bytes == 64 ? "512" : "256");
}

static unsigned parameter_types(llvm_emitter *e, const ir_func *func, LLVMTypeRef *types)
{
    const ir_op *params[BE_MOST_PARAMS];
    int count = be_params(func, params);

    if (count < 0)
        llvm_fail(e, SPC_E_INTERNAL, "llvm: %s has over %d parameters", func->name, BE_MOST_PARAMS);
    for (int i = 0; i < count; i++)
        types[i] = llvm_type(e, params[i]->type);
    return count < 0 ? 0 : (unsigned)count;
}

/* Makes e->function current with an empty first block and a second one to write to. */
static void begin(llvm_emitter *e, LLVMValueRef function, bool is_kernel)
{
    e->function = function;
    e->params_seen = 0;
    e->owned_scratch = NULL;
    e->features = is_kernel ? e->options->target->features : 0;
    target_attributes(e, function, is_kernel);
    e->allocas = llvm_block_new(e, "slots");
    llvm_position(e, llvm_block_new(e, "body"));
}

static void end(llvm_emitter *e)
{
    LLVMBasicBlockRef body = LLVMGetNextBasicBlock(e->allocas);

    llvm_position(e, e->allocas);
    LLVMSetCurrentDebugLocation2(e->builder, NULL);
    LLVMBuildBr(e->builder, body);
}

/* ---- kernels ---- */

static void kernel_parameters(llvm_emitter *e, const ir_func *func)
{
    unsigned number = 0;

    for (const ir_op *op = func->body.first; op; op = op->next) {
        if (op->code != IR_OP_param)
            continue;
        number++;
        if (op->type->kind != IR_BUFFER)
            continue;
        llvm_attribute(e, e->function, number, "noalias", 0);
        llvm_attribute(e, e->function, number, "nocapture", 0); /* until LLVM 20, then: captures(none) */
        llvm_attribute(e, e->function, number, "captures", 0);
        if (!be_is_written(func, op))
            llvm_attribute(e, e->function, number, "readonly", 0);
    }
}

/* Hidden: reached from the entries of the same library, never through a table of its own. */
LLVMValueRef llvm_kernel_declaration(llvm_emitter *e, const char *name, LLVMTypeRef *params, unsigned count,
                                     LLVMTypeRef *type)
{
    char *symbol = be_kernel_symbol(name);

    *type = LLVMFunctionType(LLVMVoidTypeInContext(e->context), params, count, false);
    if (!symbol)
        return llvm_fail(e, SPC_E_NOMEM, "out of memory");
    LLVMValueRef function = LLVMGetNamedFunction(e->unit, symbol);
    if (!function) {
        function = LLVMAddFunction(e->unit, symbol, *type);
        LLVMSetVisibility(function, LLVMHiddenVisibility);
    } else if (LLVMGlobalGetValueType(function) != *type) {
        llvm_fail(e, SPC_E_INTERNAL, "llvm: kernel %s is launched with other parameters than it has", name);
    }
    free(symbol);
    return function;
}

void llvm_emit_kernel(llvm_emitter *e, const ir_func *func)
{
    LLVMTypeRef params[BE_MOST_PARAMS], type;
    unsigned count = parameter_types(e, func, params);
    LLVMValueRef function = llvm_kernel_declaration(e, func->name, params, count, &type);

    if (e->status != SPC_OK)
        return;
    begin(e, function, true);
    kernel_parameters(e, func);
    llvm_lines_function(e, func->name);
    llvm_emit_block(e, &func->body);
    LLVMBuildRetVoid(e->builder);
    end(e);
}

/* ---- entries ---- */

void llvm_return(llvm_emitter *e, int status)
{
    if (e->owned_scratch) {
        LLVMTypeRef pointer = llvm_ptr(e);
        LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(e->context), &pointer, 1, false);
        LLVMValueRef release = LLVMGetNamedFunction(e->unit, "free");
        LLVMValueRef owned = LLVMBuildLoad2(e->builder, pointer, e->owned_scratch, "");
        if (!release)
            release = LLVMAddFunction(e->unit, "free", type);
        LLVMBuildCall2(e->builder, type, release, &owned, 1, "");
    }
    LLVMBuildRet(e->builder, llvm_int(e, 32, status));
}

void llvm_emit_entry(llvm_emitter *e, const ir_func *func)
{
    LLVMTypeRef params[BE_MOST_PARAMS + 1];
    unsigned count = parameter_types(e, func, params);
    char *symbol = be_entry_symbol(e->options, func->name);

    if (!symbol)
        llvm_fail(e, SPC_E_NOMEM, "out of memory");
    if (e->status != SPC_OK) {
        free(symbol);
        return;
    }
    params[count++] = llvm_ptr(e); /* const spc_exec * */
    begin(e, LLVMAddFunction(e->unit, symbol, LLVMFunctionType(llvm_i(e, 32), params, count, false)), false);
    llvm_lines_function(e, symbol);
    free(symbol);
    llvm_emit_block(e, &func->body);
    llvm_lines_set(e, func->loc);
    llvm_return(e, SPC_OK);
    end(e);
}
