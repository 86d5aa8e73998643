/* scratch: values of known size that live at different times share memory.
 *
 * Which value lies where is the problem of packing intervals of time into a strip of memory, which is hard to solve
 * exactly. The largest value is placed first, each at the lowest offset where it fits between those that live when it
 * does: for networks this comes out at or near the most bytes that live at one time, below which nothing can get. */
#include "passes/lower/lower.h"

#include <stdlib.h>

static int larger_first(const void *a, const void *b)
{
    const lw_lifetime *x = *(lw_lifetime *const *)a, *y = *(lw_lifetime *const *)b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return (x->first > y->first) - (x->first < y->first);
}

static bool live_together(const lw_lifetime *a, const lw_lifetime *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* The lowest offset for `value` among the first `count` of `placed`, which ascend by offset. */
static int64_t lowest_offset(lw_lifetime *const *placed, int count, const lw_lifetime *value)
{
    int64_t offset = 0;
    for (int i = 0; i < count; i++) {
        if (!live_together(placed[i], value))
            continue;
        if (placed[i]->offset - offset >= value->bytes)
            break;
        int64_t end;
        if (__builtin_add_overflow(placed[i]->offset, placed[i]->bytes, &end))
            return INT64_MAX;
        offset = end > offset ? end : offset;
    }
    return offset;
}

static void insert_by_offset(lw_lifetime **placed, int count, lw_lifetime *value)
{
    int at = count;
    for (; at > 0 && placed[at - 1]->offset > value->offset; at--)
        placed[at] = placed[at - 1];
    placed[at] = value;
}

int64_t lw_place(ir_arena *arena, lw_lifetime *values, int count)
{
    lw_lifetime **order = IR_ARRAY(arena, lw_lifetime *, count + 1), **placed = IR_ARRAY(arena, lw_lifetime *, count + 1);
    int64_t total = 0;
    for (int i = 0; i < count; i++)
        order[i] = &values[i];
    qsort(order, (size_t)count, sizeof *order, larger_first);
    for (int i = 0; i < count; i++) {
        int64_t end;
        order[i]->offset = lowest_offset(placed, i, order[i]);
        insert_by_offset(placed, i, order[i]);
        if (__builtin_add_overflow(order[i]->offset, order[i]->bytes, &end))
            return INT64_MAX;
        total = end > total ? end : total;
    }
    return total;
}
