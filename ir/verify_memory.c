/* verify_memory: rules of ops on memory, control, and what only entries hold. */
#include "ir/verify.h"
#include "runtime/cpu.h"

#include <string.h>

static bool is_plain(const ir_type *t) { return t->kind == IR_SCALAR || t->kind == IR_VECTOR; }

static bool is_bool(const ir_op *op) { return op->type->kind == IR_SCALAR && op->type->dtype == IR_BOOL; }

bool ir_verify_param(ir_verifier *v, const ir_op *op)
{
    if (v->depth) return ir_verify_fail(v, op, "inside a body");
    if (!ir_is_index(op) && op->type->kind != IR_BUFFER) return ir_verify_fail(v, op, "neither index nor buffer");
    return ir_verify_unique(v, op);
}

/* A buffer and an index at these argument positions. */
static bool check_address(ir_verifier *v, const ir_op *op, int buffer)
{
    if (op->args[buffer]->type->kind != IR_BUFFER) return ir_verify_fail(v, op, "argument %d is no buffer", buffer);
    return ir_is_index(op->args[buffer + 1]) || ir_verify_fail(v, op, "argument %d is no index", buffer + 1);
}

static bool check_align(ir_verifier *v, const ir_op *op)
{
    int64_t align = ir_get_int(op, "align", 1);
    return (align > 0 && !(align & (align - 1))) || ir_verify_fail(v, op, "align is no power of two");
}

static bool check_mask(ir_verifier *v, const ir_op *op, int mask, const ir_type *value)
{
    if (op->nargs <= mask) return true;
    const ir_type *t = op->args[mask]->type;
    bool right = is_plain(t) && t->dtype == IR_BOOL && t->lanes == value->lanes;
    return right || ir_verify_fail(v, op, "the mask is not bool of the value's lanes");
}

/* Memory holds what the buffer says: conversion is cast's work. */
static bool check_access(ir_verifier *v, const ir_op *op, int buffer, const ir_type *value)
{
    if (!check_address(v, op, buffer) || !check_align(v, op)) return false;
    if (!is_plain(value)) return ir_verify_fail(v, op, "the value is no scalar or vector");
    if (value->dtype != op->args[buffer]->type->dtype) return ir_verify_fail(v, op, "of another dtype than the buffer");
    return check_mask(v, op, buffer + 2, value);
}

bool ir_verify_load(ir_verifier *v, const ir_op *op) { return check_access(v, op, 0, op->type); }

bool ir_verify_store(ir_verifier *v, const ir_op *op) { return check_access(v, op, 1, op->args[0]->type); }

bool ir_verify_subbuffer(ir_verifier *v, const ir_op *op)
{
    return check_address(v, op, 0) && (op->type->kind == IR_BUFFER || ir_verify_fail(v, op, "the result is no buffer"));
}

bool ir_verify_gather(ir_verifier *v, const ir_op *op)
{
    const ir_type *buffer = op->args[0]->type, *index = op->args[1]->type;
    if (buffer->kind != IR_BUFFER) return ir_verify_fail(v, op, "argument 0 is no buffer");
    if (!is_plain(op->type) || op->type->dtype != buffer->dtype)
        return ir_verify_fail(v, op, "of another dtype than the buffer");
    bool integer = index->dtype == IR_I32 || index->dtype == IR_U32 || index->dtype == IR_I64;
    if (!is_plain(index) || !integer || index->lanes != op->type->lanes)
        return ir_verify_fail(v, op, "the indices are not i32, u32 or i64 of the result's lanes");
    return check_mask(v, op, 2, op->type);
}

bool ir_verify_prefetch(ir_verifier *v, const ir_op *op)
{
    int64_t locality = ir_get_int(op, "locality", -1);
    if (locality < 0 || locality > 3) return ir_verify_fail(v, op, "locality is not 0 to 3");
    return check_address(v, op, 0);
}

bool ir_verify_reg(ir_verifier *v, const ir_op *op)
{
    return op->type->kind == IR_REG || ir_verify_fail(v, op, "the type is no reg");
}

bool ir_verify_get(ir_verifier *v, const ir_op *op)
{
    return op->args[0]->code == IR_OP_reg || ir_verify_fail(v, op, "argument 0 is no reg");
}

bool ir_verify_set(ir_verifier *v, const ir_op *op)
{
    const ir_type *reg = op->args[0]->type, *value = op->args[1]->type;
    if (op->args[0]->code != IR_OP_reg) return ir_verify_fail(v, op, "argument 0 is no reg");
    bool right = is_plain(value) && value->dtype == reg->dtype && value->lanes == reg->lanes;
    return right || ir_verify_fail(v, op, "the value is of another type than the reg holds");
}

bool ir_verify_for(ir_verifier *v, const ir_op *op)
{
    for (int i = 0; i < 3; i++)
        if (!ir_is_index(op->args[i])) return ir_verify_fail(v, op, "argument %d is no index", i);
    bool forward = op->args[2]->code != IR_OP_const || ir_get_int(op->args[2], "value", 0) > 0;
    return forward || ir_verify_fail(v, op, "the step is not positive");
}

bool ir_verify_if(ir_verifier *v, const ir_op *op)
{
    return is_bool(op->args[0]) || ir_verify_fail(v, op, "the condition is no bool scalar");
}

/* ---- entries ---- */

bool ir_verify_cpu_has(ir_verifier *v, const ir_op *op)
{
    uint64_t features;
    rt_error error = {0};
    if (!is_bool(op)) return ir_verify_fail(v, op, "the result is no bool scalar");
    return rt_features_parse(ir_get_str(op, "features", ""), &features, &error) || ir_verify_fail(v, op, "%s", error.text);
}

bool ir_verify_check(ir_verifier *v, const ir_op *op)
{
    int64_t status = ir_get_int(op, "status", 0);
    if (!is_bool(op->args[0])) return ir_verify_fail(v, op, "the condition is no bool scalar");
    if (status <= SPC_OK || status > SPC_E_INTERNAL) return ir_verify_fail(v, op, "no status %lld", (long long)status);
    return !v->scratch_seen || ir_verify_fail(v, op, "after scratch");
}

bool ir_verify_threads(ir_verifier *v, const ir_op *op)
{
    (void)v, (void)op;
    return true;
}

bool ir_verify_scratch(ir_verifier *v, const ir_op *op)
{
    if (v->depth) return ir_verify_fail(v, op, "inside a body");
    if (v->scratch_seen) return ir_verify_fail(v, op, "twice in one entry");
    v->scratch_seen = true;
    if (!ir_is_index(op->args[0])) return ir_verify_fail(v, op, "the size is no index");
    bool bytes = op->type->kind == IR_BUFFER && op->type->dtype == IR_U8;
    return bytes || ir_verify_fail(v, op, "the result is not buffer u8");
}

static bool same_packing(const void *item, const void *key)
{
    const ir_packing *p = item;
    const char *name = key;
    size_t len = strlen(p->name);
    return strncmp(p->name, name, len) == 0 && name[len] == '/' && !strchr(name + len + 1, '/');
}

static bool has_array(const ir_packing *p, const char *array)
{
    rt_array_info arrays[RT_MAX_ARRAYS];
    if (!p->type->storage) return strcmp(array, "values") == 0;
    int count = rt_storage_arrays(p->type->storage, arrays);
    for (int i = 0; i < count; i++)
        if (strcmp(arrays[i].name, array) == 0) return true;
    return false;
}

static bool check_array(ir_verifier *v, const ir_op *op)
{
    const char *slash = strrchr(op->name, '/');
    if (op->type->kind != IR_BUFFER) return ir_verify_fail(v, op, "the result is no buffer");
    if (!slash) return ir_verify_fail(v, op, "\"%s\" is not PACKING/ARRAY", op->name);
    uint64_t hash = ir_hash_bytes(0, op->name, (size_t)(slash - op->name));
    const ir_packing *p = ir_set_find(&v->packings, hash, same_packing, op->name);
    if (!p) return ir_verify_fail(v, op, "there is no packing of \"%s\"", op->name);
    return has_array(p, slash + 1) || ir_verify_fail(v, op, "the packing has no array \"%s\"", slash + 1);
}

bool ir_verify_data(ir_verifier *v, const ir_op *op)
{
    return check_array(v, op) && (ir_get_int(op, "offset", 0) >= 0 || ir_verify_fail(v, op, "a negative offset"));
}

bool ir_verify_bound(ir_verifier *v, const ir_op *op)
{
    return check_array(v, op) && (ir_get_int(op, "index", -1) >= 0 || ir_verify_fail(v, op, "a negative index"));
}

/* Params are the arguments from 1 on, then task and tasks. */
bool ir_verify_launch(ir_verifier *v, const ir_op *op)
{
    const ir_verify_kernel *k = ir_set_find(&v->kernels, ir_hash_text(op->name), ir_same_kernel, op->name);
    if (!k) return ir_verify_fail(v, op, "there is no kernel @%s", op->name);
    if (!ir_is_index(op->args[0])) return ir_verify_fail(v, op, "the number of tasks is no index");
    if (k->count != op->nargs + 1)
        return ir_verify_fail(v, op, "@%s takes %d params, here are %d with task and tasks", op->name, k->count, op->nargs + 1);
    for (int i = 1; i < op->nargs; i++)
        if (k->params[i - 1] != op->args[i]->type)
            return ir_verify_fail(v, op, "argument %d is not of the type of @%s's param", i, op->name);
    return true;
}
