/* pack: lays a matrix out as a storage says.
 *
 * One walk for every storage. The non-zeros are a list; each level moves every entry from its parent position to its
 * child position and writes the level's arrays; at the end an entry's position is where its value lies. Throughout,
 * entries of one position stay in row-major order of (place, column).
 * Slots (a slots level, or a dense level of the slot axis) are where padding is made: a short row gets entries of
 * value 0 in its first unused columns, and from then on they are entries like any other.
 * Storages of dense levels only take the direct way of pack_direct.c. */
#include "runtime/storage.h"

#include "runtime/dtype.h"
#include "runtime/entries.h"
#include "runtime/levels.h"
#include "runtime/zip.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

typedef struct packing {
    const rt_storage *storage;
    rt_packed *out;
    rt_error *error;
    rt_entries entries;
    int64_t positions; /* of the level reached so far */
    uint32_t *perm;    /* place to row, for each order; NULL: the same */
} packing;

static spc_status no_memory(const packing *k) { return rt_fail(k->error, SPC_E_NOMEM, "out of memory while packing"); }

void *rt_packed_array(rt_packed *out, int64_t count)
{
    int64_t bits = out->arrays[out->narrays].info.bits;
    if (count > (INT64_MAX >> 8) / bits)
        return NULL;
    int64_t bytes = (count * bits + 7) / 8, room = (bytes + 63) / 64 * 64 + 64;
    void *data = aligned_alloc(64, (size_t)room);
    if (!data)
        return NULL;
    rt_prefer_large_pages(data, (size_t)room);
    memset(data, 0, (size_t)room);
    out->arrays[out->narrays].count = count;
    out->arrays[out->narrays].bytes = bytes;
    out->arrays[out->narrays++].data = data;
    return data;
}

/* Coordinates of every row or column at a level, so that the walk divides once per row and column only. Columns inside
 * a window may be more than the matrix has. */
static uint32_t *coordinate_table(const packing *k, const rt_level *level)
{
    int64_t extent = level->axis == RT_ROW ? k->storage->rows : k->storage->cols;
    extent = extent > level->mod ? extent : level->mod;
    uint32_t *table = malloc((size_t)(extent + 1) * sizeof *table);
    for (int64_t i = 0; table && i < extent; i++)
        table[i] = (uint32_t)rt_level_coordinate(level, i);
    return table;
}

static bool multiply_positions(packing *k, const rt_level *level, int64_t size)
{
    uint32_t *table = coordinate_table(k, level);
    if (!table)
        return false;
    bool by_row = level->axis == RT_ROW;
    for (int64_t i = 0; i < k->entries.count; i++) {
        rt_entry *entry = &k->entries.at[i];
        entry->position = entry->position * (uint64_t)size + table[by_row ? entry->place : entry->col];
    }
    free(table);
    return true;
}

/* ---- slots ---- */

/* The rows and columns below a position of the levels above `level`, all of which are dense; within the matrix. */
typedef struct window {
    int64_t row, row_end, col, col_end;
} window;

/* A position of those levels, taken apart into coordinates, so that the next one costs no division. */
typedef struct cursor {
    const rt_storage *storage;
    int level;
    int64_t coordinate[RT_MAX_LEVELS];
    int64_t first[2], size[2]; /* of rows and columns */
} cursor;

static cursor cursor_at(const rt_storage *s, int level, int64_t position)
{
    cursor c = {.storage = s, .level = level, .size = {s->rows, s->cols}};
    for (int i = level - 1; i >= 0; i--) {
        const rt_level *above = &s->levels[i];
        assert(above->kind == RT_LEVEL_dense && above->axis != RT_SLOT);
        c.coordinate[i] = position % above->size;
        c.first[above->axis] += c.coordinate[i] * above->div;
        if (above->div < c.size[above->axis])
            c.size[above->axis] = above->div;
        position /= above->size;
    }
    return c;
}

static void cursor_advance(cursor *c)
{
    for (int i = c->level - 1; i >= 0; i--) {
        const rt_level *above = &c->storage->levels[i];
        c->first[above->axis] += above->div;
        if (++c->coordinate[i] < above->size)
            return;
        c->first[above->axis] -= above->div * above->size;
        c->coordinate[i] = 0;
    }
}

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static window window_of(const cursor *c)
{
    const int64_t *first = c->first, *size = c->size;
    return (window){first[RT_ROW], smaller(first[RT_ROW] + size[RT_ROW], c->storage->rows),
                    first[RT_COL], smaller(first[RT_COL] + size[RT_COL], c->storage->cols)};
}

static window window_at(const rt_storage *s, int level, int64_t position)
{
    cursor c = cursor_at(s, level, position);
    return window_of(&c);
}

/* Entries from `first` on that share its position and place. */
static int64_t run_length(const rt_entries *list, int64_t first)
{
    const rt_entry *at = list->at;
    int64_t end = first + 1;
    while (end < list->count && at[end].position == at[first].position && at[end].place == at[first].place)
        end++;
    return end - first;
}

/* Appends the row of the window as `slots` entries at consecutive positions: its `count` non-zeros and, in its first
 * unused columns, padding; columns ascend. A window narrower than the slots has no column left: its last one repeats. */
static void fill_row(rt_entries *out, const rt_entry *from, int64_t count, uint32_t place, const window *w,
                     uint64_t position, int64_t slots)
{
    int64_t missing = slots - count, unused = w->col;
    for (int64_t i = 0; i <= count; i++) {
        int64_t stop = i < count ? from[i].col : w->col_end;
        for (; missing > 0 && unused < stop; missing--)
            out->at[out->count++] = (rt_entry){position++, 0, place, (uint32_t)unused++};
        if (i == count)
            break;
        out->at[out->count] = from[i];
        out->at[out->count++].position = position++;
        unused = (int64_t)from[i].col + 1;
    }
    for (; missing > 0; missing--)
        out->at[out->count++] = (rt_entry){position++, 0, place, (uint32_t)w->col_end - 1};
}

/* Gives parent p the positions from start[p] to start[p + 1], for each of its rows. */
static spc_status fill_slots(packing *k, int level, const int64_t *start)
{
    if (!k->positions)
        return SPC_OK;
    rt_entries filled = {0};
    const rt_entry *from = k->entries.at;
    int64_t left = k->entries.count;
    cursor c = cursor_at(k->storage, level, 0);
    if (!rt_entries_reserve(&filled, start[k->positions] * c.size[RT_ROW] + 1))
        return no_memory(k);
    for (int64_t p = 0; p < k->positions; p++, cursor_advance(&c)) {
        window w = window_of(&c);
        for (int64_t row = w.row; row < w.row_end && w.col < w.col_end; row++) {
            int64_t count = 0;
            while (count < left && from[count].position == (uint64_t)p && from[count].place == row)
                count++;
            fill_row(&filled, from, count, (uint32_t)row, &w, (uint64_t)start[p], start[p + 1] - start[p]);
            from += count;
            left -= count;
        }
    }
    rt_entries_free(&k->entries);
    k->entries = filled;
    return SPC_OK;
}

static int64_t row_of(const packing *k, uint32_t place) { return k->perm ? k->perm[place] : place; }

/* A dense level of slots: the same number below every parent, which the rows must fit. */
static spc_status pack_fixed_slots(packing *k, int level)
{
    int64_t slots = k->storage->levels[level].size;
    for (int64_t i = 0, count; i < k->entries.count; i += count) {
        count = run_length(&k->entries, i);
        if (count <= slots)
            continue;
        const rt_entry *surplus = &k->entries.at[i + slots];
        window w = window_at(k->storage, level, (int64_t)surplus->position);
        return rt_fail(k->error, SPC_E_PROGRAM, "row %" PRId64 " has %" PRId64 " non-zeros in columns %" PRId64 " to %"
                       PRId64 ", where %s holds %" PRId64, row_of(k, surplus->place), count, w.col, w.col_end - 1,
                       k->storage->request.name, slots);
    }
    int64_t *start = malloc((size_t)(k->positions + 1) * sizeof *start);
    if (!start)
        return no_memory(k);
    for (int64_t p = 0; p <= k->positions; p++)
        start[p] = p * slots;
    spc_status status = fill_slots(k, level, start);
    k->positions *= slots;
    free(start);
    return status;
}

/* ---- one function for each kind of level ---- */

static spc_status pack_dense(packing *k, int index)
{
    const rt_level *level = &k->storage->levels[index];
    if (level->axis == RT_SLOT) {
        if (!rt_entries_sort(&k->entries))
            return no_memory(k);
        return pack_fixed_slots(k, index);
    }
    if (!multiply_positions(k, level, level->size))
        return no_memory(k);
    k->positions *= level->size;
    return SPC_OK;
}

static spc_status pos_overflow(const packing *k)
{
    return rt_fail(k->error, SPC_E_ARG, "storage %s was made for fewer non-zeros than the matrix has",
                   k->storage->request.name);
}

/* Goes down as if the level were dense, then numbers the positions that occur. */
static spc_status pack_compressed(packing *k, int index)
{
    const rt_level *level = &k->storage->levels[index];
    int64_t size = rt_level_coordinates(k->storage, level), children = 0;
    uint64_t last = UINT64_MAX;
    if (!multiply_positions(k, level, size) || !rt_entries_sort(&k->entries))
        return no_memory(k);
    for (int64_t i = 0; i < k->entries.count; last = k->entries.at[i++].position)
        children += k->entries.at[i].position != last;
    if (level->pos_bits == 32 && children > UINT32_MAX)
        return pos_overflow(k);
    void *pos = rt_packed_array(k->out, k->positions + 1), *crd = pos ? rt_packed_array(k->out, children) : NULL;
    if (!crd)
        return no_memory(k);
    int64_t child = -1, filled = 0; /* pos[0 .. filled] stand */
    last = UINT64_MAX;
    for (int64_t i = 0; i < k->entries.count; i++) {
        rt_entry *entry = &k->entries.at[i];
        if (entry->position != last) {
            last = entry->position;
            int64_t parent = (int64_t)(last / (uint64_t)size);
            rt_bits_set(crd, level->crd_bits, ++child, last % (uint64_t)size * (uint64_t)level->crd_scale);
            while (filled < parent)
                rt_bits_set(pos, level->pos_bits, ++filled, (uint64_t)child);
        }
        entry->position = (uint64_t)child;
    }
    while (filled < k->positions)
        rt_bits_set(pos, level->pos_bits, ++filled, (uint64_t)children);
    k->positions = children;
    return SPC_OK;
}

/* The longest row below each parent, in start[p + 1]. */
static void longest_rows(const rt_entries *list, int64_t *start)
{
    for (int64_t i = 0, count; i < list->count; i += count) {
        count = run_length(list, i);
        int64_t *longest = &start[list->at[i].position + 1];
        *longest = count > *longest ? count : *longest;
    }
}

/* Rounds counts up to `pad` where that cannot ask for more columns than there are, and sums them up. */
static void start_slots(const packing *k, int index, int64_t *start)
{
    int64_t pad = k->storage->request.pad;
    for (int64_t p = 0; p < k->positions; p++) {
        if (pad > 1 && start[p + 1] % pad) {
            window w = window_at(k->storage, index, p);
            if ((w.col_end - w.col) % pad == 0)
                start[p + 1] = (start[p + 1] + pad - 1) / pad * pad;
        }
        start[p + 1] += start[p];
    }
}

static spc_status pack_slots(packing *k, int index)
{
    const rt_level *level = &k->storage->levels[index];
    int64_t *start = calloc((size_t)(k->positions + 1), sizeof *start);
    if (!start || !rt_entries_sort(&k->entries)) {
        free(start);
        return no_memory(k);
    }
    longest_rows(&k->entries, start);
    start_slots(k, index, start);
    int64_t children = start[k->positions];
    spc_status status = SPC_OK;
    void *pos = NULL;
    if (level->pos_bits == 32 && children > UINT32_MAX)
        status = pos_overflow(k);
    else if (!(pos = rt_packed_array(k->out, k->positions + 1)))
        status = no_memory(k);
    for (int64_t p = 0; pos && p <= k->positions; p++)
        rt_bits_set(pos, level->pos_bits, p, (uint64_t)start[p]);
    if (status == SPC_OK)
        status = fill_slots(k, index, start);
    k->positions = children;
    free(start);
    return status;
}

/* Zips one parent's entries after the other; pos: where each class of each parent begins. */
static bool zip_groups(packing *k, int index, void *pos, rt_entries *zipped)
{
    const rt_level *level = &k->storage->levels[index];
    rt_zipper zipper = {.classes = rt_zip_classes_of(k->storage->row_align)};
    const rt_entry *from = k->entries.at;
    int64_t left = k->entries.count, counts[RT_ZIP_CLASSES], position = 0;
    cursor c = cursor_at(k->storage, index, 0);
    bool ok = true;
    for (int64_t p = 0; ok && p < k->positions; p++, cursor_advance(&c)) {
        window w = window_of(&c);
        int64_t count = 0;
        while (count < left && from[count].position == (uint64_t)p)
            count++;
        ok = rt_zip_group(&zipper, from, count, &(rt_zip_window){w.row, w.row_end, w.col, w.col_end}, (uint64_t)position,
                          zipped, counts);
        for (int class = 0; ok && class < level->classes; class++) {
            rt_bits_set(pos, level->pos_bits, p * level->classes + class, (uint64_t)position);
            position += counts[class];
        }
        from += count;
        left -= count;
    }
    rt_bits_set(pos, level->pos_bits, k->positions * level->classes, (uint64_t)position);
    rt_zipper_free(&zipper);
    return ok;
}

static int64_t sum_of_longest(const packing *k)
{
    int64_t sum = 0, *longest = calloc((size_t)(k->positions + 1), sizeof *longest);
    if (!longest)
        return -1;
    longest_rows(&k->entries, longest);
    for (int64_t p = 1; p <= k->positions; p++)
        sum += longest[p];
    free(longest);
    return sum;
}

static spc_status pack_zipped(packing *k, int index)
{
    const rt_level *level = &k->storage->levels[index];
    if (!rt_entries_sort(&k->entries))
        return no_memory(k);
    int64_t bundles = sum_of_longest(k);
    if (level->pos_bits == 32 && bundles > UINT32_MAX)
        return pos_overflow(k);
    rt_entries zipped = {0};
    void *pos = bundles < 0 ? NULL : rt_packed_array(k->out, k->positions * level->classes + 1);
    bool room = pos && rt_entries_reserve(&zipped, bundles * k->storage->row_align + 1);
    if (!room || (k->positions && !zip_groups(k, index, pos, &zipped))) {
        rt_entries_free(&zipped);
        return no_memory(k);
    }
    rt_entries_free(&k->entries);
    k->entries = zipped;
    k->positions = bundles;
    return SPC_OK;
}

static spc_status pack_singleton(packing *k, int index)
{
    const rt_level *level = &k->storage->levels[index];
    uint32_t *table = coordinate_table(k, level);
    void *crd = table ? rt_packed_array(k->out, k->positions) : NULL;
    for (int64_t i = 0; crd && i < k->entries.count; i++) {
        const rt_entry *entry = &k->entries.at[i];
        uint64_t coordinate = table[level->axis == RT_ROW ? entry->place : entry->col];
        rt_bits_set(crd, level->crd_bits, (int64_t)entry->position, coordinate * (uint64_t)level->crd_scale);
    }
    free(table);
    return crd ? SPC_OK : no_memory(k);
}

/* Columns that hold a non-zero, in order; every parent has all of them. */
static spc_status pack_listed(packing *k, int index)
{
    const rt_level *level = &k->storage->levels[index];
    int64_t size = k->storage->cols, count = 0;
    int32_t *rank = calloc((size_t)(size + 1), sizeof *rank);
    for (int64_t i = 0; rank && i < k->entries.count; i++)
        rank[k->entries.at[i].col] = 1;
    for (int64_t col = 0; rank && col < size; col++)
        count += rank[col];
    uint32_t *pos = rank ? rt_packed_array(k->out, 2) : NULL;
    void *crd = pos ? rt_packed_array(k->out, count) : NULL;
    if (!crd) {
        free(rank);
        return no_memory(k);
    }
    rt_bits_set(pos, level->pos_bits, 1, (uint64_t)count);
    for (int64_t col = 0, next = 0; col < size; col++)
        if (rank[col]) {
            rt_bits_set(crd, level->crd_bits, next, (uint64_t)col * (uint64_t)level->crd_scale);
            rank[col] = (int32_t)next++;
        }
    for (int64_t i = 0; i < k->entries.count; i++) {
        rt_entry *entry = &k->entries.at[i];
        entry->position = entry->position * (uint64_t)count + (uint64_t)rank[entry->col];
    }
    k->positions *= count;
    free(rank);
    return SPC_OK;
}

static spc_status pack_offset(packing *k, int index)
{
    const rt_level *level = &k->storage->levels[index];
    for (int64_t i = 0; i < k->entries.count; i++) {
        rt_entry *entry = &k->entries.at[i];
        int64_t child = (int64_t)entry->col - (int64_t)entry->place - level->shift;
        if (child < 0 || child >= level->size)
            return rt_fail(k->error, SPC_E_PROGRAM, "the element at row %" PRIu32 ", column %" PRIu32 " lies outside %s",
                           entry->place, entry->col, k->storage->request.name);
        entry->position = entry->position * (uint64_t)level->size + (uint64_t)child;
    }
    k->positions *= level->size;
    return SPC_OK;
}

static spc_status pack_window(packing *k, int index)
{
    int64_t windows = rt_pack_windows(k->storage, index, &k->entries, k->positions, k->out);
    if (windows < 0)
        return no_memory(k);
    k->positions = windows * k->storage->levels[index].size;
    return SPC_OK;
}

static spc_status (*const pack_level[RT_LEVEL_COUNT])(packing *, int) = {
#define LEVEL(name, has_pos, has_crd, doc) pack_##name,
#include "runtime/levels.def"
#undef LEVEL
};

static spc_status pack_tail(packing *k)
{
    if (k->perm) {
        int64_t count = rt_places(k->storage) * rt_row_orders(k->storage);
        void *perm = rt_packed_array(k->out, count);
        if (!perm)
            return no_memory(k);
        memcpy(perm, k->perm, (size_t)count * sizeof *k->perm);
    }
    void *values = rt_packed_array(k->out, k->positions);
    if (!values)
        return no_memory(k);
    int bits = (int)rt_dtype_bits(k->storage->request.dtype);
    for (int64_t i = 0; i < k->entries.count; i++)
        rt_bits_set(values, bits, (int64_t)k->entries.at[i].position, k->entries.at[i].bits);
    return SPC_OK;
}

static spc_status pack_walk(packing *k, const rt_matrix *m)
{
    int64_t expected = k->storage->request.nnz;
    if (m->dense && expected > 0 && expected <= m->rows * m->cols && !rt_entries_reserve(&k->entries, expected))
        return no_memory(k);
    spc_status status = rt_entries_collect(&k->entries, m, k->storage->request.transposed, k->error);
    if (status != SPC_OK)
        return status;
    k->out->nnz = k->entries.count;
    if (!rt_order_entries(k->storage, &k->entries, &k->perm))
        return no_memory(k);
    for (int i = 0; i < k->storage->nlevels && status == SPC_OK; i++)
        status = pack_level[k->storage->levels[i].kind](k, i);
    return status == SPC_OK ? pack_tail(k) : status;
}

static spc_status pack_matrix(packing *k, const rt_matrix *m)
{
    if (!rt_packs_directly(k->storage, m))
        return pack_walk(k, m);
    k->positions = rt_pack_directly(k->storage, m, k->out);
    return k->positions >= 0 ? SPC_OK : no_memory(k);
}

static bool fits(const rt_storage *s, const rt_matrix *m)
{
    int64_t rows = s->request.transposed ? m->cols : m->rows, cols = s->request.transposed ? m->rows : m->cols;
    return rows == s->rows && cols == s->cols && m->dtype == s->request.dtype && rt_dtype_of(m->dtype);
}

spc_status rt_pack(const rt_storage *s, const rt_matrix *m, rt_packed *out, rt_error *e)
{
    *out = (rt_packed){0};
    if (!fits(s, m))
        return rt_fail(e, SPC_E_ARG, "a %s matrix of %" PRId64 " x %" PRId64 " does not fit storage %s of %s %" PRId64
                       " x %" PRId64, rt_dtype_of(m->dtype) ? rt_dtype_of(m->dtype)->name : "?", m->rows, m->cols,
                       s->request.name, rt_dtype_of(s->request.dtype)->name, s->rows, s->cols);
    packing k = {.storage = s, .out = out, .error = e, .positions = 1};
    rt_array_info infos[RT_MAX_ARRAYS];
    int narrays = rt_storage_arrays(s, infos);
    for (int i = 0; i < narrays; i++)
        out->arrays[i].info = infos[i];
    spc_status status = pack_matrix(&k, m);
    rt_entries_free(&k.entries);
    free(k.perm);
    if (status != SPC_OK) {
        rt_packed_free(out);
        return status;
    }
    assert(out->narrays == narrays);
    out->padding = k.positions - out->nnz;
    for (int i = 0; i < narrays; i++)
        *(infos[i].is_float ? &out->values_bytes : &out->metadata_bytes) += out->arrays[i].bytes;
    return SPC_OK;
}

void rt_packed_free(rt_packed *packed)
{
    if (!packed)
        return;
    for (int i = 0; i < packed->narrays; i++)
        free(packed->arrays[i].data);
    *packed = (rt_packed){0};
}
