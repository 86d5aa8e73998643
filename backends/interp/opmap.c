/* opmap: open addressing by the op's address; never fuller than half. */
#include "backends/interp/opmap.h"
#include <stdlib.h>

static size_t place_of(const interp_opmap *map, const ir_op *op)
{
    size_t at = (size_t)(((uintptr_t)op >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & map->mask;
    while (map->slots[at].op && map->slots[at].op != op) at = (at + 1) & map->mask;
    return at;
}

bool interp_opmap_init(interp_opmap *map, size_t most_ops)
{
    size_t slots = 16;
    while (slots < 2 * most_ops) slots *= 2;
    map->mask = slots - 1;
    map->slots = calloc(slots, sizeof *map->slots);
    return map->slots != NULL;
}

void interp_opmap_set(interp_opmap *map, const ir_op *op, uint32_t value)
{
    const size_t at = place_of(map, op);
    map->slots[at].op = op;
    map->slots[at].value = value;
}

bool interp_opmap_get(const interp_opmap *map, const ir_op *op, uint32_t *value)
{
    const size_t at = place_of(map, op);
    *value = map->slots[at].value;
    return map->slots[at].op != NULL;
}

void interp_opmap_free(interp_opmap *map)
{
    free(map->slots);
    map->slots = NULL;
}

size_t interp_count_ops(const ir_block *block)
{
    size_t n = 0;
    for (const ir_op *op = block->first; op; op = op->next)
        n += 1 + interp_count_ops(&op->body) + interp_count_ops(&op->body2);
    return n;
}
