/* pack_order: takes the non-zeros of a matrix from the order of the stored axes into that of places.
 *
 * A place is where a storage puts a row. Unsorted storages keep rows in place; sorted ones order them by falling count,
 * ties by row, so that rows that are stored side by side are about equally long. Either all rows change places by the
 * counts of whole rows, or, with a window, each K tile has an order of its own by the counts within the tile, in which
 * rows stay within their window: then little is padded, and a window's rows can still be a task of their own. Or rows
 * with the same columns are brought together, so that they share one list of them. */
#include "runtime/entries.h"
#include "runtime/levels.h"

#include <stdlib.h>

typedef struct ordering {
    const rt_storage *storage;
    int64_t orders;        /* how many there are */
    int64_t width, window; /* columns of one, rows that change places among themselves */
} ordering;

static ordering ordering_of(const rt_storage *s)
{
    ordering o = {.storage = s, .orders = rt_row_orders(s), .width = s->cols, .window = s->rows};
    if (o.orders > 1)
        o.width = s->request.ktile;
    if (s->window && s->window < s->rows)
        o.window = s->window;
    return o;
}

static int64_t order_of(const ordering *o, uint32_t col)
{
    return o->orders > 1 ? col / o->width : 0;
}

/* ---- rows with the same columns ---- */

/* Keys by which rows with equal columns come together, and rows with nearly equal ones often: the least of three hashes of
 * the columns, which two rows have in common as often as they share columns, then a hash of them all. */
static void key_rows(const rt_entries *entries, rt_entries *rows)
{
    enum { HASHES = 3, BITS = 16 };
    for (int64_t i = 0; i < rows->count; i++)
        rows->at[i].position = ~(uint64_t)0 << BITS;
    for (int64_t i = 0; i < entries->count; i++) {
        const uint64_t hash = rt_hash_number(entries->at[i].col);
        uint64_t *key = &rows->at[entries->at[i].place].position;
        for (int h = 1; h <= HASHES; h++) {
            const uint64_t field = (uint64_t)0xffff << h * BITS, mine = hash & field;
            if (mine < (*key & field))
                *key = (*key & ~field) | mine;
        }
        *key = (*key & ~(uint64_t)0xffff) | ((*key + (hash & 0xffff)) & 0xffff);
    }
}

/* ---- all orders ---- */

/* One entry for each order and row, sorted by (order, window, falling count), ties by row. */
static bool order_rows(const ordering *o, const rt_entries *entries, rt_entries *rows)
{
    const int64_t count = o->storage->rows;
    if (!rt_entries_reserve(rows, o->orders * count + 1))
        return false;
    rows->count = o->orders * count;
    const int64_t windows = count ? (count + o->window - 1) / o->window : 0;
    for (int64_t i = 0; i < rows->count; i++) {
        const int64_t row = i % count, window = i / count * windows + row / o->window;
        rows->at[i] = (rt_entry){.position = (uint64_t)(window * (o->width + 1) + o->width), .place = (uint32_t)row};
    }
    for (int64_t i = 0; i < entries->count && !o->storage->alike; i++)
        rows->at[order_of(o, entries->at[i].col) * count + entries->at[i].place].position--;
    if (o->storage->alike)
        key_rows(entries, rows);
    return rt_entries_sort(rows);
}

/* Takes the entries to the places of their rows. */
static bool sort_rows(const ordering *o, rt_entries *entries, uint32_t *perm)
{
    const int64_t count = o->storage->rows, places = rt_places(o->storage);
    rt_entries rows = {0};
    uint32_t *place_of = malloc((size_t)(o->orders * count + 1) * sizeof *place_of);
    const bool ok = place_of && order_rows(o, entries, &rows);
    for (int64_t i = 0; ok && i < o->orders * places; i++) {
        const int64_t order = i / places, place = i % places;
        perm[i] = place < count ? rows.at[order * count + place].place : (uint32_t)count;
        if (place < count)
            place_of[order * count + perm[i]] = (uint32_t)place;
    }
    for (int64_t i = 0; ok && i < entries->count; i++)
        entries->at[i].place = place_of[order_of(o, entries->at[i].col) * count + entries->at[i].place];
    free(place_of);
    rt_entries_free(&rows);
    return ok;
}

bool rt_order_entries(const rt_storage *s, rt_entries *entries, uint32_t **perm)
{
    const ordering o = ordering_of(s);
    const int64_t places = rt_places(s);
    if (!s->sorted && !s->request.transposed)
        return true;
    if (s->sorted) {
        *perm = malloc((size_t)(o.orders * places + 1) * sizeof **perm);
        if (!*perm || !sort_rows(&o, entries, *perm))
            return false;
    }
    for (int64_t i = 0; i < entries->count; i++)
        entries->at[i].position = (uint64_t)(order_of(&o, entries->at[i].col) * places + entries->at[i].place);
    if (!rt_entries_sort(entries))
        return false;
    for (int64_t i = 0; i < entries->count; i++)
        entries->at[i].position = 0;
    return true;
}
