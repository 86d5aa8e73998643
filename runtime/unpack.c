/* unpack: from the arrays of a storage back to a dense tensor, for tests and explain.
 *
 * Visits every position of every level from the outside in, carrying the place and column reached so far. Checks as
 * it goes: positions within the arrays, coordinates in range, padding zero, no element twice. */
#include "runtime/storage.h"

#include "runtime/dtype.h"
#include "runtime/levels.h"
#include <inttypes.h>

typedef struct unpacking {
    const rt_storage *storage;
    const void *pos[RT_MAX_LEVELS], *crd[RT_MAX_LEVELS];
    int64_t parents[RT_MAX_LEVELS], children[RT_MAX_LEVELS]; /* counts of pos - 1 and crd */
    const uint32_t *perm;
    const void *values;
    int64_t count; /* of values */
    int bits;
    uint64_t zero_mask;
    void *dense;
    rt_error *error;
} unpacking;

typedef struct spot {
    int64_t position, place, col;
} spot;

static spc_status visit(const unpacking *u, int level, spot at);

static spc_status malformed(const unpacking *u, int level, int64_t position, const char *what)
{
    return rt_fail(u->error, SPC_E_INTERNAL, "unpack %s: level %d, position %" PRId64 ": %s", u->storage->request.name,
                   level, position, what);
}

/* Goes to child position `child` with the coordinate of this level. */
static spc_status descend(const unpacking *u, int level, spot at, int64_t child, int64_t coordinate)
{
    const rt_level *l = &u->storage->levels[level];
    if (l->axis == RT_ROW)
        at.place += coordinate * l->div;
    else if (l->axis == RT_COL)
        at.col += coordinate * l->div;
    at.position = child;
    return visit(u, level + 1, at);
}

static spc_status descend_stored(const unpacking *u, int level, spot at, int64_t child)
{
    const rt_level *l = &u->storage->levels[level];
    if (!u->crd[level])
        return descend(u, level, at, child, 0);
    if (child >= u->children[level])
        return malformed(u, level, child, "no such coordinate");
    int64_t coordinate = (int64_t)rt_bits_get(u->crd[level], l->crd_bits, child);
    if (coordinate % l->crd_scale || coordinate / l->crd_scale >= rt_level_coordinates(u->storage, l))
        return malformed(u, level, child, "coordinate out of range");
    return descend(u, level, at, child, coordinate / l->crd_scale);
}

static spc_status unpack_dense(const unpacking *u, int level, spot at)
{
    int64_t size = u->storage->levels[level].size;
    spc_status status = SPC_OK;
    for (int64_t i = 0; i < size && status == SPC_OK; i++)
        status = descend(u, level, at, at.position * size + i, i);
    return status;
}

/* Classes of a zipped level follow one another. */
static spc_status unpack_range(const unpacking *u, int level, spot at)
{
    const rt_level *l = &u->storage->levels[level];
    int64_t parts = l->classes ? l->classes : 1;
    if ((at.position + 1) * parts > u->parents[level])
        return malformed(u, level, at.position, "no such parent");
    int64_t begin = (int64_t)rt_bits_get(u->pos[level], l->pos_bits, at.position * parts);
    int64_t end = (int64_t)rt_bits_get(u->pos[level], l->pos_bits, (at.position + 1) * parts);
    if (begin < 0 || begin > end || end > u->count)
        return malformed(u, level, at.position, "children out of range");
    spc_status status = SPC_OK;
    for (int64_t child = begin; child < end && status == SPC_OK; child++)
        status = descend_stored(u, level, at, child);
    return status;
}

static spc_status unpack_compressed(const unpacking *u, int level, spot at) { return unpack_range(u, level, at); }
static spc_status unpack_slots(const unpacking *u, int level, spot at) { return unpack_range(u, level, at); }
static spc_status unpack_zipped(const unpacking *u, int level, spot at) { return unpack_range(u, level, at); }

static spc_status unpack_window(const unpacking *u, int level, spot at)
{
    const rt_level *l = &u->storage->levels[level];
    if (at.position >= u->parents[level])
        return malformed(u, level, at.position, "no such parent");
    int64_t begin = (int64_t)rt_bits_get(u->pos[level], l->pos_bits, at.position);
    int64_t end = (int64_t)rt_bits_get(u->pos[level], l->pos_bits, at.position + 1);
    if (begin < 0 || begin > end || end > u->children[level])
        return malformed(u, level, at.position, "windows out of range");
    spc_status status = SPC_OK;
    for (int64_t child = begin * l->size; child < end * l->size && status == SPC_OK; child++) {
        int64_t first = (int64_t)rt_bits_get(u->crd[level], l->crd_bits, child / l->size) / l->crd_scale;
        status = descend(u, level, at, child, first);
    }
    return status;
}

static spc_status unpack_singleton(const unpacking *u, int level, spot at)
{
    return descend_stored(u, level, at, at.position);
}

static spc_status unpack_listed(const unpacking *u, int level, spot at)
{
    const rt_level *l = &u->storage->levels[level];
    int64_t count = (int64_t)rt_bits_get(u->pos[level], l->pos_bits, 1);
    spc_status status = SPC_OK;
    if (count < 0 || count > u->children[level])
        return malformed(u, level, at.position, "children out of range");
    for (int64_t c = 0; c < count && status == SPC_OK; c++) {
        int64_t col = (int64_t)rt_bits_get(u->crd[level], l->crd_bits, c) / l->crd_scale;
        status = descend(u, level, at, at.position * count + c, col);
    }
    return status;
}

static spc_status unpack_offset(const unpacking *u, int level, spot at)
{
    const rt_level *l = &u->storage->levels[level];
    spc_status status = SPC_OK;
    for (int64_t c = 0; c < l->size && status == SPC_OK; c++)
        status = descend(u, level, at, at.position * l->size + c, at.place + l->shift + c);
    return status;
}

static spc_status (*const unpack_level[RT_LEVEL_COUNT])(const unpacking *, int, spot) = {
#define LEVEL(name, has_pos, has_crd, doc) unpack_##name,
#include "runtime/levels.def"
#undef LEVEL
};

static spc_status put(const unpacking *u, spot at)
{
    const rt_storage *s = u->storage;
    if (at.position >= u->count)
        return malformed(u, s->nlevels, at.position, "no such value");
    uint64_t bits = rt_bits_get(u->values, u->bits, at.position);
    int64_t order = rt_row_orders(s) > 1 ? at.col / s->request.ktile : 0, places = rt_places(s);
    int64_t row = u->perm && at.place < places ? u->perm[order * places + at.place] : at.place;
    if (row >= s->rows || at.col < 0 || at.col >= s->cols)
        return bits ? malformed(u, s->nlevels, at.position, "padding is not zero") : SPC_OK;
    if (!bits)
        return SPC_OK;
    int64_t index = s->request.transposed ? at.col * s->rows + row : row * s->cols + at.col;
    if (rt_bits_get(u->dense, u->bits, index) & u->zero_mask)
        return malformed(u, s->nlevels, at.position, "an element comes twice");
    rt_bits_set(u->dense, u->bits, index, bits);
    return SPC_OK;
}

static spc_status visit(const unpacking *u, int level, spot at)
{
    if (level == u->storage->nlevels)
        return put(u, at);
    return unpack_level[u->storage->levels[level].kind](u, level, at);
}

/* Hands the arrays to their levels, in the order of rt_storage_arrays. */
static void find_arrays(unpacking *u, const rt_packed *packed)
{
    const rt_storage *s = u->storage;
    int next = 0;
    for (int i = 0; i < s->nlevels; i++) {
        const rt_level_info *info = rt_level_of(s->levels[i].kind);
        if (info->has_pos) {
            u->parents[i] = packed->arrays[next].count - 1;
            u->pos[i] = packed->arrays[next++].data;
        }
        if (info->has_crd) {
            u->children[i] = packed->arrays[next].count;
            u->crd[i] = packed->arrays[next++].data;
        }
    }
    if (s->sorted)
        u->perm = packed->arrays[next++].data;
    u->count = packed->arrays[next].count;
    u->values = packed->arrays[next].data;
}

spc_status rt_unpack(const rt_storage *s, const rt_packed *packed, void *dense, rt_error *e)
{
    const rt_dtype_info *info = rt_dtype_of(s->request.dtype);
    rt_array_info infos[RT_MAX_ARRAYS];
    unpacking u = {.storage = s, .dense = dense, .error = e, .bits = info->bits, .zero_mask = info->zero_mask};
    if (packed->narrays != rt_storage_arrays(s, infos))
        return rt_fail(e, SPC_E_ARG, "the arrays are not those of storage %s", s->request.name);
    find_arrays(&u, packed);
    memset(dense, 0, (size_t)rt_dtype_bytes(s->request.dtype, s->rows * s->cols));
    return visit(&u, 0, (spot){0});
}
