/* walk.c: the map from ops to values (open addressing), the walk, and unrolling. */
#include "backends/walk.h"
#include <stdlib.h>

/* for unroll: this many copies of the body at most, else it stays a loop. */
enum { MOST_COPIES = 64 };

/* ---- the map ---- */

static size_t count_ops(const ir_block *block)
{
    size_t count = 0;

    for (const ir_op *op = block->first; op; op = op->next)
        count += 1 + count_ops(&op->body) + count_ops(&op->body2);
    return count;
}

static bool allocate(be_map *map, size_t ops)
{
    map->used = 0;
    map->capacity = 16;
    while (map->capacity < 2 * ops)
        map->capacity *= 2;
    map->slots = calloc(map->capacity, sizeof *map->slots);
    return map->slots != NULL;
}

bool be_map_open(be_map *map, const ir_func *func) { return allocate(map, count_ops(&func->body) + 1); }

void be_map_close(be_map *map)
{
    free(map->slots);
    *map = (be_map){0};
}

/* The slot of op, or the empty one where it belongs. */
static be_slot *slot_of(const be_map *map, const ir_op *op)
{
    size_t at = (size_t)(((uintptr_t)op >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20);

    for (;; at++) {
        be_slot *slot = &map->slots[at & (map->capacity - 1)];
        if (slot->op == op || !slot->op)
            return slot;
    }
}

static bool grow(be_map *map)
{
    be_map grown;

    if (!allocate(&grown, map->capacity))
        return false;
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].op)
            *slot_of(&grown, map->slots[i].op) = map->slots[i];
    grown.used = map->used;
    free(map->slots);
    *map = grown;
    return true;
}

bool be_map_set(be_map *map, const ir_op *op, void *value)
{
    if (2 * (map->used + 1) > map->capacity && !grow(map))
        return false;
    be_slot *slot = slot_of(map, op);
    map->used += !slot->op;
    *slot = (be_slot){op, value};
    return true;
}

void *be_map_get(const be_map *map, const ir_op *op) { return slot_of(map, op)->value; }

/* ---- the walk ---- */

bool be_walk(const ir_block *block, be_visit *visit, void *emitter)
{
    for (const ir_op *op = block->first; op; op = op->next)
        if (!visit(emitter, op))
            return false;
    return true;
}

/* ---- unrolling ---- */

static bool constant_of(const ir_op *op, int64_t *value)
{
    const ir_attr *attr = op->code == IR_OP_const ? ir_attr_find(op, "value") : NULL;

    *value = attr && attr->kind == IR_ATTR_INT ? attr->i : 0;
    return attr && attr->kind == IR_ATTR_INT;
}

bool be_unrolls(const ir_op *loop, be_steps *out)
{
    int64_t to;

    *out = (be_steps){0};
    if (!ir_attr_find(loop, "unroll") || !constant_of(loop->args[0], &out->from) || !constant_of(loop->args[1], &to)
        || !constant_of(loop->args[2], &out->step) || out->step <= 0)
        return false;
    if (out->from >= to)
        return true;
    uint64_t count = ((uint64_t)to - (uint64_t)out->from - 1) / (uint64_t)out->step + 1;
    out->count = count <= MOST_COPIES ? (int)count : 0;
    return count <= MOST_COPIES;
}
