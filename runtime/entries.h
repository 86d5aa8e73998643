/* entries: the non-zeros of a matrix as a list that packing moves from level to level. Inside runtime/ only. */
#ifndef SPC_RT_ENTRIES_H
#define SPC_RT_ENTRIES_H

#include "runtime/storage.h"

typedef struct rt_entry {
    uint64_t position; /* at the level reached so far */
    uint64_t bits;     /* of the value; padding has 0 */
    uint32_t place;    /* the row, or where a sorted storage puts it */
    uint32_t col;
} rt_entry;

typedef struct rt_entries {
    rt_entry *at;
    int64_t count, capacity;
} rt_entries;

/* The non-zeros in row-major order of the STORED axes; place and col are logical (swapped if transposed). */
spc_status rt_entries_collect(rt_entries *, const rt_matrix *, bool transposed, rt_error *);
/* Stable by position; linear time. False: no memory. */
bool rt_entries_sort(rt_entries *);
/* pack_order.c: rows become places, and the entries go in order of (K tile where tiles have orders of their own, place,
 * column). For sorted rows *perm, which the caller frees, is the row at each place of each order. False: no memory. */
bool rt_order_entries(const rt_storage *, rt_entries *, uint32_t **perm);
bool rt_entries_reserve(rt_entries *, int64_t capacity);
void rt_entries_free(rt_entries *);
/* A level of windows below `groups` row groups: writes its arrays, replaces the entries by those of all slots, padding
 * included, whose columns count from the window's first. Returns the number of windows; -1: no memory. */
int64_t rt_pack_windows(const rt_storage *, int level, rt_entries *, int64_t groups, rt_packed *);
/* SplitMix64's scramble: numbers that differ little give hashes that differ a lot; never mind the way back. */
static inline uint64_t rt_hash_number(uint64_t z)
{
    z = (z + 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}
/* For large fresh memory: page faults would cost as much as the packing itself. */
void rt_prefer_large_pages(void *data, size_t size);

#endif
