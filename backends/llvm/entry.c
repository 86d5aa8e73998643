/* entry.c: rules of the ops that only entries have: what the host's call brings in (exec), checks, scratch, weights and
 * launches.
 *
 * spc_exec may grow: a member is read only where exec's own size says that it is there, and counts as zero elsewhere. */
#include "backends/llvm/emit.h"
#include <stddef.h>

LLVMValueRef llvm_emit_cpu_has(llvm_emitter *e, const ir_op *op)
{
    uint64_t features = 0;
    rt_error unknown;

    if (!rt_features_parse(ir_get_str(op, "features", ""), &features, &unknown))
        return llvm_fail(e, SPC_E_INTERNAL, "llvm: %s", unknown.text);
    return llvm_cpu_check(e, features);
}

/* Goes on in a new block where the condition holds; returns the status elsewhere. */
static void return_unless(llvm_emitter *e, LLVMValueRef condition, int status)
{
    LLVMBasicBlockRef leave = llvm_block_new(e, "leave"), next = llvm_block_new(e, "next");

    LLVMBuildCondBr(e->builder, condition, next, leave);
    llvm_position(e, leave);
    llvm_return(e, status);
    llvm_position(e, next);
}

LLVMValueRef llvm_emit_check(llvm_emitter *e, const ir_op *op)
{
    return_unless(e, llvm_arg(e, op, 0), (int)ir_get_int(op, "status", SPC_E_ARG));
    return NULL;
}

/* ---- exec ---- */

static LLVMValueRef byte_offset(llvm_emitter *e, LLVMValueRef pointer, size_t offset)
{
    LLVMValueRef at = llvm_int(e, 64, (int64_t)offset);
    return LLVMBuildGEP2(e->builder, llvm_i(e, 8), pointer, &at, 1, "");
}

static LLVMValueRef exec_member(llvm_emitter *e, LLVMTypeRef type, size_t offset, size_t size)
{
    LLVMValueRef exec = LLVMGetLastParam(e->function), zero = LLVMConstNull(type);
    LLVMBasicBlockRef given = llvm_block_new(e, "exec"), read = llvm_block_new(e, "member");
    LLVMBasicBlockRef join = llvm_block_new(e, "join"), before = LLVMGetInsertBlock(e->builder);

    LLVMBuildCondBr(e->builder, LLVMBuildIsNotNull(e->builder, exec, ""), given, join);
    llvm_position(e, given);
    LLVMValueRef whole = LLVMBuildLoad2(e->builder, llvm_i(e, 64), exec, "");
    LLVMValueRef needed = llvm_int(e, 64, (int64_t)(offset + size));
    LLVMBuildCondBr(e->builder, LLVMBuildICmp(e->builder, LLVMIntUGE, whole, needed, ""), read, join);
    llvm_position(e, read);
    LLVMValueRef value = LLVMBuildLoad2(e->builder, type, byte_offset(e, exec, offset), "");
    LLVMBuildBr(e->builder, join);
    llvm_position(e, join);
    LLVMValueRef result = LLVMBuildPhi(e->builder, type, "");
    LLVMAddIncoming(result, (LLVMValueRef[]){zero, zero, value}, (LLVMBasicBlockRef[]){before, given, read}, 3);
    return result;
}

#define EXEC_MEMBER(e, type, member) \
    exec_member((e), (type), offsetof(spc_exec, member), sizeof ((const spc_exec *)0)->member)

LLVMValueRef llvm_emit_threads(llvm_emitter *e, const ir_op *op)
{
    (void)op;
    LLVMValueRef threads = EXEC_MEMBER(e, llvm_i(e, 32), threads);
    threads = LLVMBuildSExt(e->builder, threads, llvm_i(e, 64), "");
    return llvm_intrinsic2(e, "llvm.smax", threads, llvm_int(e, 64, 1));
}

/* ---- scratch ---- */

static LLVMValueRef round_up(llvm_emitter *e, LLVMValueRef a)
{
    a = LLVMBuildAdd(e->builder, a, llvm_int(e, 64, 63), "");
    return LLVMBuildAnd(e->builder, a, llvm_int(e, 64, -64), "");
}

/* The caller's buffer from its first 64-aligned byte on, if that leaves enough. */
static LLVMValueRef given_scratch(llvm_emitter *e, LLVMValueRef given, LLVMValueRef bytes)
{
    LLVMValueRef have = EXEC_MEMBER(e, llvm_i(e, 64), scratch_bytes);
    LLVMValueRef start = LLVMBuildPtrToInt(e->builder, given, llvm_i(e, 64), "");
    LLVMValueRef slack = LLVMBuildSub(e->builder, round_up(e, start), start, "");
    LLVMValueRef needed = LLVMBuildAdd(e->builder, bytes, slack, "");

    return_unless(e, LLVMBuildICmp(e->builder, LLVMIntUGE, have, needed, ""), SPC_E_ARG);
    return LLVMBuildGEP2(e->builder, llvm_i(e, 8), given, &slack, 1, "");
}

/* At least one line, so that NULL always means that there is no memory. */
static LLVMValueRef own_scratch(llvm_emitter *e, LLVMValueRef bytes)
{
    LLVMTypeRef params[2] = {llvm_i(e, 64), llvm_i(e, 64)};
    LLVMTypeRef type = LLVMFunctionType(llvm_ptr(e), params, 2, false);
    LLVMValueRef allocate = LLVMGetNamedFunction(e->unit, "aligned_alloc");
    LLVMValueRef size = llvm_intrinsic2(e, "llvm.umax", round_up(e, bytes), llvm_int(e, 64, 64));

    if (!allocate)
        allocate = LLVMAddFunction(e->unit, "aligned_alloc", type);
    LLVMValueRef buffer = LLVMBuildCall2(e->builder, type, allocate, (LLVMValueRef[]){llvm_int(e, 64, 64), size}, 2, "");
    return_unless(e, LLVMBuildIsNotNull(e->builder, buffer, ""), SPC_E_NOMEM);
    LLVMBuildStore(e->builder, buffer, e->owned_scratch);
    return buffer;
}

LLVMValueRef llvm_emit_scratch(llvm_emitter *e, const ir_op *op)
{
    LLVMTypeRef pointer = llvm_ptr(e);
    LLVMValueRef bytes = llvm_arg(e, op, 0);

    if (e->owned_scratch)
        return llvm_fail(e, SPC_E_INTERNAL, "llvm: entry %s asks for scratch twice", e->func->name);
    return_unless(e, LLVMBuildICmp(e->builder, LLVMIntSGE, bytes, llvm_int(e, 64, 0), ""), SPC_E_INTERNAL);
    LLVMValueRef given = EXEC_MEMBER(e, pointer, scratch);
    e->owned_scratch = llvm_alloca(e, pointer, "owned");
    LLVMBuildStore(e->builder, LLVMConstNull(pointer), e->owned_scratch);

    LLVMBasicBlockRef use = llvm_block_new(e, "given"), make = llvm_block_new(e, "own");
    LLVMBasicBlockRef join = llvm_block_new(e, "scratch");
    LLVMBuildCondBr(e->builder, LLVMBuildIsNotNull(e->builder, given, ""), use, make);
    llvm_position(e, use);
    given = given_scratch(e, given, bytes);
    use = LLVMGetInsertBlock(e->builder);
    LLVMBuildBr(e->builder, join);
    llvm_position(e, make);
    LLVMValueRef made = own_scratch(e, bytes);
    make = LLVMGetInsertBlock(e->builder);
    LLVMBuildBr(e->builder, join);
    llvm_position(e, join);
    LLVMValueRef result = LLVMBuildPhi(e->builder, pointer, "");
    LLVMAddIncoming(result, (LLVMValueRef[]){given, made}, (LLVMBasicBlockRef[]){use, make}, 2);
    return result;
}

/* ---- weights ---- */

/* Default visibility, so that the address comes from a table: the weights may lie gigabytes away from the code. */
LLVMValueRef llvm_emit_data(llvm_emitter *e, const ir_op *op)
{
    LLVMValueRef weights = LLVMGetNamedGlobal(e->unit, BE_WEIGHTS_SYMBOL);

    if (!ir_attr_find(op, "offset"))
        return llvm_fail(e, SPC_E_INTERNAL, "llvm: data \"%s\" is not laid out", op->name ? op->name : "");
    if (!weights) {
        weights = LLVMAddGlobal(e->unit, LLVMArrayType2(llvm_i(e, 8), 0), BE_WEIGHTS_SYMBOL);
        LLVMSetGlobalConstant(weights, true);
    }
    return byte_offset(e, weights, (size_t)ir_get_int(op, "offset", 0));
}

LLVMValueRef llvm_emit_bound(llvm_emitter *e, const ir_op *op)
{
    LLVMValueRef table = EXEC_MEMBER(e, llvm_ptr(e), weights);
    size_t at = (size_t)ir_get_int(op, "index", 0) * sizeof(void *);

    return_unless(e, LLVMBuildIsNotNull(e->builder, table, ""), SPC_E_ARG);
    return LLVMBuildLoad2(e->builder, llvm_ptr(e), byte_offset(e, table, at), "");
}

/* ---- launch ---- */

typedef struct launch_call {
    LLVMTypeRef kernel_type, record_type; /* record: the kernel's params, then the number of tasks */
    LLVMValueRef kernel, tasks;
    LLVMValueRef *args; /* all but the task: params, a hole for it, tasks */
    unsigned params;
    bool traced; /* the host wants to see every launch */
} launch_call;

/* void thunk(void *record, size_t task): what parallel_for calls. */
static LLVMValueRef thunk(llvm_emitter *e, const launch_call *call)
{
    LLVMTypeRef params[2] = {llvm_ptr(e), llvm_i(e, 64)};
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(e->context), params, 2, false);
    LLVMValueRef function = LLVMAddFunction(e->unit, "spc_task", type), args[call->params + 2];
    LLVMBasicBlockRef here = LLVMGetInsertBlock(e->builder);

    LLVMSetLinkage(function, LLVMInternalLinkage);
    llvm_attribute(e, function, LLVMAttributeFunctionIndex, "nounwind", 0);
    LLVMSetCurrentDebugLocation2(e->builder, NULL);
    llvm_position(e, LLVMAppendBasicBlockInContext(e->context, function, "body"));
    for (unsigned i = 0; i <= call->params; i++) {
        LLVMValueRef at = LLVMBuildStructGEP2(e->builder, call->record_type, LLVMGetParam(function, 0), i, "");
        LLVMTypeRef member = LLVMStructGetTypeAtIndex(call->record_type, i);
        args[i < call->params ? i : i + 1] = LLVMBuildLoad2(e->builder, member, at, "");
    }
    args[call->params] = LLVMGetParam(function, 1);
    LLVMBuildCall2(e->builder, call->kernel_type, call->kernel, args, call->params + 2, "");
    LLVMBuildRetVoid(e->builder);
    llvm_position(e, here);
    return function;
}

static void launch_serial(llvm_emitter *e, const launch_call *call, LLVMBasicBlockRef after)
{
    LLVMBasicBlockRef before = LLVMGetInsertBlock(e->builder), loop = llvm_block_new(e, "tasks");
    LLVMTypeRef word = llvm_i(e, 64);

    LLVMBuildBr(e->builder, loop);
    llvm_position(e, loop);
    LLVMValueRef task = LLVMBuildPhi(e->builder, word, "task");
    call->args[call->params] = task;
    LLVMBuildCall2(e->builder, call->kernel_type, call->kernel, call->args, call->params + 2, "");
    LLVMValueRef next = LLVMBuildNSWAdd(e->builder, task, llvm_int(e, 64, 1), "");
    LLVMBuildCondBr(e->builder, LLVMBuildICmp(e->builder, LLVMIntSLT, next, call->tasks, ""), loop, after);
    LLVMAddIncoming(task, (LLVMValueRef[]){llvm_int(e, 64, 0), next}, (LLVMBasicBlockRef[]){before, loop}, 2);
}

static void launch_parallel(llvm_emitter *e, const launch_call *call, LLVMValueRef parallel_for)
{
    LLVMTypeRef pointer = llvm_ptr(e), params[4] = {pointer, pointer, pointer, llvm_i(e, 64)};
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(e->context), params, 4, false);
    LLVMValueRef record = llvm_alloca(e, call->record_type, "record");

    for (unsigned i = 0; i <= call->params; i++)
        LLVMBuildStore(e->builder, i < call->params ? call->args[i] : call->tasks,
                       LLVMBuildStructGEP2(e->builder, call->record_type, record, i, ""));
    LLVMValueRef args[4] = {EXEC_MEMBER(e, pointer, ctx), thunk(e, call), record, call->tasks};
    llvm_lines_set(e, e->func->loc);
    LLVMBuildCall2(e->builder, type, parallel_for, args, 4, "");
}

/* No task: nothing. One task: no need to wake anybody. */
static void launch(llvm_emitter *e, const launch_call *call)
{
    LLVMBasicBlockRef any = llvm_block_new(e, "any"), many = llvm_block_new(e, "parallel");
    LLVMBasicBlockRef serial = llvm_block_new(e, "serial"), after = llvm_block_new(e, "after");

    LLVMValueRef is_any = LLVMBuildICmp(e->builder, LLVMIntSGT, call->tasks, llvm_int(e, 64, 0), "");
    LLVMBuildCondBr(e->builder, is_any, any, after);
    llvm_position(e, any);
    LLVMValueRef parallel_for = EXEC_MEMBER(e, llvm_ptr(e), parallel_for);
    LLVMValueRef is_many = LLVMBuildICmp(e->builder, LLVMIntSGT, call->tasks, llvm_int(e, 64, call->traced ? 0 : 1), "");
    LLVMValueRef has_pool = LLVMBuildIsNotNull(e->builder, parallel_for, "");
    LLVMBuildCondBr(e->builder, LLVMBuildAnd(e->builder, is_many, has_pool, ""), many, serial);
    llvm_position(e, many);
    launch_parallel(e, call, parallel_for);
    LLVMBuildBr(e->builder, after);
    llvm_position(e, serial);
    launch_serial(e, call, after);
    llvm_position(e, after);
}

LLVMValueRef llvm_emit_launch(llvm_emitter *e, const ir_op *op)
{
    enum { MOST_ARGS = 256 };
    LLVMTypeRef types[MOST_ARGS + 2];
    LLVMValueRef args[MOST_ARGS + 2];
    launch_call call = {.tasks = llvm_arg(e, op, 0), .args = args, .params = (unsigned)op->nargs - 1,
                        .traced = ir_attr_find(op, "traced") != NULL};

    if (op->nargs - 1 > MOST_ARGS)
        return llvm_fail(e, SPC_E_INTERNAL, "llvm: launch %s has over %d arguments", op->name, MOST_ARGS);
    for (int i = 1; i < op->nargs; i++) {
        args[i - 1] = llvm_arg(e, op, i);
        types[i - 1] = llvm_type(e, op->args[i]->type);
    }
    types[call.params] = types[call.params + 1] = llvm_i(e, 64); /* task, tasks */
    args[call.params + 1] = call.tasks;
    call.record_type = LLVMStructTypeInContext(e->context, types, call.params + 1, false);
    call.kernel = llvm_kernel_declaration(e, op->name, types, call.params + 2, &call.kernel_type);
    if (e->status == SPC_OK)
        launch(e, &call);
    return NULL;
}
