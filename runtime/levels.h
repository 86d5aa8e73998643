/* levels: what packing and unpacking share about the levels of a storage. Inside runtime/ only. */
#ifndef SPC_RT_LEVELS_H
#define SPC_RT_LEVELS_H

#include "runtime/storage.h"

/* How many coordinates the level can have: those of (axis / div) % mod; dense levels count the whole of mod. */
int64_t rt_level_coordinates(const rt_storage *, const rt_level *);

static inline int64_t rt_level_coordinate(const rt_level *level, int64_t index)
{
    int64_t coordinate = index / level->div;
    return level->mod ? coordinate % level->mod : coordinate;
}

/* Rows rounded up to row_align. */
static inline int64_t rt_places(const rt_storage *s)
{
    return (s->rows + s->row_align - 1) / s->row_align * s->row_align;
}

/* The next array of the list that rt_storage_arrays gave, zeroed, with at least 64 zero bytes behind it so that vector
 * loads of the tail stay inside. NULL: no memory. */
void *rt_packed_array(rt_packed *, int64_t count);

/* Whether rt_pack_directly can pack this. */
bool rt_packs_directly(const rt_storage *, const rt_matrix *);
/* Makes the one array, values, and sets nnz. Returns the number of positions; -1: no memory. */
int64_t rt_pack_directly(const rt_storage *, const rt_matrix *, rt_packed *out);

#endif
