/* entry.c: rules of the ops that only entries have: what the host's call brings in (exec), checks, scratch, weights and
 * launches.
 *
 * spc_exec may grow: a member is read only where exec's own size says that it is there, and counts as zero elsewhere. */
#include "backends/gccjit/helper/emit.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

gj_value *gj_emit_cpu_has(gj_emitter *e, const ir_op *op)
{
    uint64_t features = 0;
    rt_error unknown;

    if (!rt_features_parse(ir_get_str(op, "features", ""), &features, &unknown))
        gj_fail(e, SPC_E_INTERNAL, "gccjit: %s", unknown.text);
    return gj_scalar(e, IR_BOOL, gj_cpu_check(e, features));
}

/* Goes on in a new block where the condition holds; returns the status elsewhere. */
static void return_unless(gj_emitter *e, gcc_jit_rvalue *condition, int status)
{
    gcc_jit_block *leave = gj_block_new(e), *next = gj_block_new(e);

    gj_branch(e, condition, next, leave, leave);
    gj_return(e, status);
    e->block = next;
}

gj_value *gj_emit_check(gj_emitter *e, const ir_op *op)
{
    return_unless(e, gj_read(gj_arg(e, op, 0)->part[0]), (int)ir_get_int(op, "status", SPC_E_ARG));
    return NULL;
}

/* ---- exec ---- */

static gcc_jit_rvalue *byte_at(gj_emitter *e, gcc_jit_rvalue *pointer, int64_t offset)
{
    gcc_jit_rvalue *at = gj_int(e, IR_INDEX, offset);
    return gcc_jit_lvalue_get_address(gcc_jit_context_new_array_access(e->context, NULL, pointer, at), NULL);
}

static gcc_jit_rvalue *value_at(gj_emitter *e, gcc_jit_type *type, gcc_jit_rvalue *pointer, int64_t offset)
{
    gcc_jit_rvalue *at = gj_cast(e, byte_at(e, pointer, offset), gcc_jit_type_get_pointer(type));
    return gj_read(gcc_jit_rvalue_dereference(at, NULL));
}

static gcc_jit_rvalue *null(gj_emitter *e, gcc_jit_type *pointer) { return gcc_jit_context_null(e->context, pointer); }

static gcc_jit_lvalue *exec_member(gj_emitter *e, gcc_jit_type *type, gcc_jit_rvalue *zero, size_t offset, size_t size)
{
    gcc_jit_rvalue *exec = gcc_jit_param_as_rvalue(e->exec);
    gcc_jit_block *given = gj_block_new(e), *read = gj_block_new(e), *join = gj_block_new(e);
    gcc_jit_lvalue *member = gj_keep(e, type, zero);

    gj_branch(e, gj_compare(e, GCC_JIT_COMPARISON_NE, exec, null(e, e->bytes)), given, join, given);
    gcc_jit_rvalue *whole = value_at(e, gj_type(e, IR_INDEX, 1), exec, 0);
    gcc_jit_rvalue *needed = gj_int(e, IR_INDEX, (int64_t)(offset + size));
    gj_branch(e, gj_compare(e, GCC_JIT_COMPARISON_GE, whole, needed), read, join, read);
    gj_assign(e, member, value_at(e, type, exec, (int64_t)offset));
    gj_jump(e, join, join);
    return member;
}

#define EXEC_MEMBER(e, type, zero, member) \
    exec_member((e), (type), (zero), offsetof(spc_exec, member), sizeof ((const spc_exec *)0)->member)

/* a where it is larger, in this type. */
static gcc_jit_rvalue *at_least(gj_emitter *e, gcc_jit_type *type, gcc_jit_rvalue *a, int64_t least)
{
    gcc_jit_lvalue *result = gj_keep(e, gj_type(e, IR_INDEX, 1), a);
    gcc_jit_block *small = gj_block_new(e), *after = gj_block_new(e);
    gcc_jit_rvalue *limit = gcc_jit_context_new_rvalue_from_long(e->context, type, least);

    gj_branch(e, gj_compare(e, GCC_JIT_COMPARISON_LT, gj_cast(e, gj_read(result), type), limit), small, after, small);
    gj_assign(e, result, gj_int(e, IR_INDEX, least));
    gj_jump(e, after, after);
    return gj_read(result);
}

gj_value *gj_emit_threads(gj_emitter *e, const ir_op *op)
{
    (void)op;
    gcc_jit_lvalue *threads = EXEC_MEMBER(e, gj_type(e, IR_I32, 1), gj_int(e, IR_I32, 0), threads);
    return gj_scalar(e, IR_INDEX, at_least(e, gj_type(e, IR_INDEX, 1), gj_cast(e, gj_read(threads), gj_type(e, IR_INDEX, 1)), 1));
}

/* ---- scratch ---- */

static gcc_jit_rvalue *round_up(gj_emitter *e, gcc_jit_rvalue *a)
{
    gcc_jit_type *type = gj_type(e, IR_INDEX, 1);

    a = gj_binary(e, GCC_JIT_BINARY_OP_PLUS, type, a, gj_int(e, IR_INDEX, 63));
    return gj_binary(e, GCC_JIT_BINARY_OP_BITWISE_AND, type, a, gj_int(e, IR_INDEX, -64));
}

/* The caller's buffer from its first 64-aligned byte on, if that leaves enough. */
static void use_given(gj_emitter *e, gcc_jit_rvalue *given, gcc_jit_rvalue *bytes, gcc_jit_lvalue *buffer)
{
    gcc_jit_type *type = gj_type(e, IR_INDEX, 1);
    gcc_jit_lvalue *have = EXEC_MEMBER(e, type, gj_int(e, IR_INDEX, 0), scratch_bytes);
    gcc_jit_rvalue *start = gj_bitcast(e, given, type);
    gcc_jit_lvalue *slack = gj_keep(e, type, gj_binary(e, GCC_JIT_BINARY_OP_MINUS, type, round_up(e, start), start));
    gcc_jit_type *word = gcc_jit_context_get_int_type(e->context, 8, 0);
    gcc_jit_rvalue *needed = gj_binary(e, GCC_JIT_BINARY_OP_PLUS, type, bytes, gj_read(slack));

    return_unless(e, gj_compare(e, GCC_JIT_COMPARISON_GE, gj_cast(e, gj_read(have), word), gj_cast(e, needed, word)),
                  SPC_E_ARG);
    gcc_jit_lvalue *at = gcc_jit_context_new_array_access(e->context, NULL, given, gj_read(slack));
    gj_assign(e, buffer, gcc_jit_lvalue_get_address(at, NULL));
}

/* At least one line, so that NULL always means that there is no memory; what wraps is too much for aligned_alloc. */
static void use_own(gj_emitter *e, gcc_jit_rvalue *bytes, gcc_jit_lvalue *buffer)
{
    gcc_jit_type *word = gj_type(e, IR_INDEX, 1), *params[2] = {word, word};
    gcc_jit_type *size = gcc_jit_context_get_int_type(e->context, 8, 0);
    gcc_jit_function *allocate = gj_import(e, "aligned_alloc", e->bytes, 2, params);
    gcc_jit_rvalue *args[2] = {gj_int(e, IR_INDEX, 64), at_least(e, size, round_up(e, bytes), 64)};

    gj_assign(e, buffer, gcc_jit_context_new_call(e->context, NULL, allocate, 2, args));
    return_unless(e, gj_compare(e, GCC_JIT_COMPARISON_NE, gj_read(buffer), null(e, e->bytes)), SPC_E_NOMEM);
    gj_assign(e, e->owned_scratch, gj_read(buffer));
}

gj_value *gj_emit_scratch(gj_emitter *e, const ir_op *op)
{
    gcc_jit_rvalue *bytes = gj_read(gj_arg(e, op, 0)->part[0]);
    gj_value *result = ir_alloc(e->arena, sizeof *result + sizeof *result->part);

    if (e->owned_scratch)
        gj_fail(e, SPC_E_INTERNAL, "gccjit: entry %s asks for scratch twice", e->func->name);
    return_unless(e, gj_compare(e, GCC_JIT_COMPARISON_GE, bytes, gj_int(e, IR_INDEX, 0)), SPC_E_INTERNAL);
    gcc_jit_lvalue *given = EXEC_MEMBER(e, e->bytes, null(e, e->bytes), scratch);
    e->owned_scratch = gj_keep(e, e->bytes, null(e, e->bytes));
    *result = (gj_value){.parts = 1, .lanes = 1, .type = e->bytes};
    result->part[0] = gj_local(e, e->bytes);
    gcc_jit_block *use = gj_block_new(e), *make = gj_block_new(e), *join = gj_block_new(e);
    gj_branch(e, gj_compare(e, GCC_JIT_COMPARISON_NE, gj_read(given), null(e, e->bytes)), use, make, use);
    use_given(e, gj_read(given), bytes, result->part[0]);
    gj_jump(e, join, make);
    use_own(e, bytes, result->part[0]);
    gj_jump(e, join, join);
    return result;
}

/* ---- weights ---- */

/* Of default visibility, so that the address comes from a table: the weights may lie gigabytes away from the code. */
gj_value *gj_emit_data(gj_emitter *e, const ir_op *op)
{
    gcc_jit_type *type = gcc_jit_context_new_array_type(e->context, NULL, gj_type(e, IR_U8, 1), 1);
    gj_value *result = ir_alloc(e->arena, sizeof *result + sizeof *result->part);

    if (!ir_attr_find(op, "offset"))
        gj_fail(e, SPC_E_INTERNAL, "gccjit: data \"%s\" is not laid out", op->name ? op->name : "");
    gcc_jit_lvalue *weights = gcc_jit_context_new_global(e->context, NULL, GCC_JIT_GLOBAL_IMPORTED, type, BE_WEIGHTS_SYMBOL);
    gcc_jit_rvalue *start = gj_cast(e, gcc_jit_lvalue_get_address(weights, NULL), e->bytes);
    *result = (gj_value){.parts = 1, .lanes = 1, .type = e->bytes};
    result->part[0] = gj_keep(e, e->bytes, start);
    gj_assign(e, result->part[0], byte_at(e, gj_read(result->part[0]), ir_get_int(op, "offset", 0)));
    return result;
}

gj_value *gj_emit_bound(gj_emitter *e, const ir_op *op)
{
    gcc_jit_lvalue *table = EXEC_MEMBER(e, e->bytes, null(e, e->bytes), weights);
    gj_value *result = ir_alloc(e->arena, sizeof *result + sizeof *result->part);

    return_unless(e, gj_compare(e, GCC_JIT_COMPARISON_NE, gj_read(table), null(e, e->bytes)), SPC_E_ARG);
    *result = (gj_value){.parts = 1, .lanes = 1, .type = e->bytes};
    result->part[0] = gj_keep(e, e->bytes, value_at(e, e->bytes, gj_read(table),
                                                    ir_get_int(op, "index", 0) * (int64_t)sizeof(void *)));
    return result;
}

/* ---- launch ---- */

typedef struct launch_call {
    int params;               /* of the kernel, without task and tasks */
    gcc_jit_type *types[BE_MOST_PARAMS + 2];
    gcc_jit_rvalue *args[BE_MOST_PARAMS + 2]; /* a hole for the task before the last */
    gcc_jit_function *kernel;
    gcc_jit_rvalue *tasks;
    bool traced;              /* the host wants to see every launch */
    gcc_jit_struct *record;   /* the params, then the number of tasks */
    gcc_jit_field *fields[BE_MOST_PARAMS + 1];
} launch_call;

/* void thunk(void *record, size_t task): what parallel_for calls. */
static gcc_jit_function *thunk(gj_emitter *e, const launch_call *call)
{
    gcc_jit_type *nothing = gcc_jit_context_get_type(e->context, GCC_JIT_TYPE_VOID);
    gcc_jit_type *pointer = gcc_jit_type_get_pointer(gcc_jit_struct_as_type(call->record));
    gcc_jit_param *params[2] = {gcc_jit_context_new_param(e->context, NULL, e->bytes, "record"),
                                gcc_jit_context_new_param(e->context, NULL, gj_type(e, IR_INDEX, 1), "task")};
    gcc_jit_rvalue *args[BE_MOST_PARAMS + 2];
    char name[32];

    snprintf(name, sizeof name, "spc_task_%d", e->thunks++);
    gcc_jit_function *function = gcc_jit_context_new_function(e->context, NULL, GCC_JIT_FUNCTION_INTERNAL, nothing, name,
                                                              2, params, 0);
    gcc_jit_block *block = gcc_jit_function_new_block(function, NULL);
    gcc_jit_rvalue *record = gj_cast(e, gcc_jit_param_as_rvalue(params[0]), pointer);
    for (int i = 0; i <= call->params; i++)
        args[i < call->params ? i : i + 1] = gj_read(gcc_jit_rvalue_dereference_field(record, NULL, call->fields[i]));
    args[call->params] = gcc_jit_param_as_rvalue(params[1]);
    gcc_jit_block_add_eval(block, NULL, gcc_jit_context_new_call(e->context, NULL, call->kernel, call->params + 2, args));
    gcc_jit_block_end_with_void_return(block, NULL);
    return function;
}

static void launch_serial(gj_emitter *e, launch_call *call, gcc_jit_block *after)
{
    gcc_jit_type *type = gj_type(e, IR_INDEX, 1);
    gcc_jit_lvalue *task = gj_keep(e, type, gj_int(e, IR_INDEX, 0));
    gcc_jit_block *loop = gj_block_new(e);

    gj_jump(e, loop, loop);
    call->args[call->params] = gj_read(task);
    gcc_jit_block_add_eval(e->block, e->location,
                           gcc_jit_context_new_call(e->context, e->location, call->kernel, call->params + 2, call->args));
    gj_assign(e, task, gj_binary(e, GCC_JIT_BINARY_OP_PLUS, type, gj_read(task), gj_int(e, IR_INDEX, 1)));
    gj_branch(e, gj_compare(e, GCC_JIT_COMPARISON_LT, gj_read(task), call->tasks), loop, after, after);
}

static void launch_parallel(gj_emitter *e, const launch_call *call, gcc_jit_rvalue *parallel_for)
{
    gcc_jit_lvalue *record = gj_local(e, gcc_jit_struct_as_type(call->record));
    gcc_jit_lvalue *context = EXEC_MEMBER(e, e->bytes, null(e, e->bytes), ctx);

    for (int i = 0; i <= call->params; i++)
        gj_assign(e, gcc_jit_lvalue_access_field(record, NULL, call->fields[i]), i < call->params ? call->args[i] : call->tasks);
    gcc_jit_rvalue *task = gj_cast(e, gcc_jit_function_get_address(thunk(e, call), NULL), e->bytes);
    gcc_jit_rvalue *args[4] = {gj_read(context), task, gj_cast(e, gcc_jit_lvalue_get_address(record, NULL), e->bytes), call->tasks};
    gcc_jit_block_add_eval(e->block, e->location, gcc_jit_context_new_call_through_ptr(e->context, e->location, parallel_for, 4, args));
}

/* No task: nothing. One task: no need to wake anybody. */
static void launch(gj_emitter *e, launch_call *call)
{
    gcc_jit_type *p = e->bytes, *params[4] = {p, p, p, gj_type(e, IR_INDEX, 1)};
    gcc_jit_type *function = gcc_jit_context_new_function_ptr_type(e->context, NULL, gcc_jit_context_get_type(e->context, GCC_JIT_TYPE_VOID),
                                                                   4, params, 0);
    gcc_jit_block *any = gj_block_new(e), *pooled = gj_block_new(e), *many = gj_block_new(e);
    gcc_jit_block *serial = gj_block_new(e), *after = gj_block_new(e);

    gj_branch(e, gj_compare(e, GCC_JIT_COMPARISON_GT, call->tasks, gj_int(e, IR_INDEX, 0)), any, after, any);
    gcc_jit_lvalue *parallel_for = EXEC_MEMBER(e, function, null(e, function), parallel_for);
    gj_branch(e, gj_compare(e, GCC_JIT_COMPARISON_GT, call->tasks, gj_int(e, IR_INDEX, !call->traced)), pooled, serial, pooled);
    gj_branch(e, gj_compare(e, GCC_JIT_COMPARISON_NE, gj_read(parallel_for), null(e, function)), many, serial, many);
    launch_parallel(e, call, gj_read(parallel_for));
    gj_jump(e, after, serial);
    launch_serial(e, call, after);
}

gj_value *gj_emit_launch(gj_emitter *e, const ir_op *op)
{
    launch_call call = {.params = op->nargs - 1, .tasks = gj_read(gj_arg(e, op, 0)->part[0]),
                        .traced = ir_attr_find(op, "traced") != NULL};
    gcc_jit_type *index = gj_type(e, IR_INDEX, 1);
    char *symbol = be_kernel_symbol(op->name), name[16];

    if (!symbol || call.params > BE_MOST_PARAMS)
        gj_fail(e, symbol ? SPC_E_INTERNAL : SPC_E_NOMEM, "gccjit: launch %s: too many arguments, or no memory", op->name);
    for (int i = 0; i < call.params; i++) {
        call.args[i] = gj_read(gj_arg(e, op, i + 1)->part[0]);
        call.types[i] = op->args[i + 1]->type->kind == IR_BUFFER ? e->bytes : gj_type(e, op->args[i + 1]->type->dtype, 1);
    }
    call.types[call.params] = call.types[call.params + 1] = index;
    call.args[call.params + 1] = call.tasks;
    for (int i = 0; i <= call.params; i++) {
        snprintf(name, sizeof name, "f%d", i);
        call.fields[i] = gcc_jit_context_new_field(e->context, NULL, call.types[i], name);
    }
    call.record = gcc_jit_context_new_struct_type(e->context, NULL, "spc_record", call.params + 1, call.fields);
    call.kernel = gj_import(e, symbol, gcc_jit_context_get_type(e->context, GCC_JIT_TYPE_VOID), call.params + 2, call.types);
    free(symbol);
    launch(e, &call);
    return NULL;
}
