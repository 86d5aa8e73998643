/* zip: bundles of a row group in which rows share columns.
 *
 * The entries of a group are gathered by column: an item is a column with the entries of the rows that have one there,
 * its mask. Items whose masks together make up a class become bundles of it, as many as the rarest of those masks allows;
 * a mask that no class has is split into one that is most wanted and a rest. What is left over shares nothing. */
#include "runtime/zip.h"

#include <stdlib.h>

static const rt_zip_classes zip_table[] = {
    {2, 2, {{{0, 0}}, {{0, 1}}}},
    {4, 5, {{{0, 0, 0, 0}}, {{0, 0, 2, 2}}, {{0, 1, 0, 1}}, {{0, 1, 1, 0}}, {{0, 1, 2, 3}}}},
};
enum { MASKS = 1 << RT_ZIP_ROWS };

typedef struct rt_zip_item {
    const rt_entry *of[RT_ZIP_ROWS];
    unsigned mask;
} rt_zip_item;

/* The items of one group, sorted by mask: those of a mask not yet in a bundle are next[mask] .. end[mask]. */
typedef struct zip_group {
    const rt_zip_classes *classes;
    const rt_zip_window *window;
    const rt_entry *row[RT_ZIP_ROWS + 1]; /* where each row's entries begin */
    rt_zip_item *items;
    int64_t count;
    int64_t next[MASKS], end[MASKS];
    rt_entries *out;
    uint64_t position;
} zip_group;

const rt_zip_classes *rt_zip_classes_of(int64_t rows)
{
    for (size_t i = 0; i < sizeof zip_table / sizeof *zip_table; i++)
        if (zip_table[i].rows == rows)
            return &zip_table[i];
    return NULL;
}

void rt_zipper_free(rt_zipper *z)
{
    free(z->items);
    free(z->sorted);
    *z = (rt_zipper){0};
}

static bool reserve(rt_zipper *z, int64_t count)
{
    if (count <= z->capacity)
        return true;
    free(z->items);
    free(z->sorted);
    z->items = calloc((size_t)count, sizeof *z->items);
    z->sorted = calloc((size_t)count, sizeof *z->sorted);
    z->capacity = z->items && z->sorted ? count : 0;
    return z->capacity == count;
}

static void find_rows(zip_group *g, const rt_entry *from, int64_t count)
{
    int64_t at = 0;
    for (int r = 0; r <= g->classes->rows; r++) {
        while (at < count && from[at].place < g->window->place + r)
            at++;
        g->row[r] = from + at;
    }
}

/* One item for each column that occurs, ascending. */
static void gather_columns(zip_group *g)
{
    const rt_entry *at[RT_ZIP_ROWS];
    for (int r = 0; r < g->classes->rows; r++)
        at[r] = g->row[r];
    for (;;) {
        uint32_t col = UINT32_MAX;
        for (int r = 0; r < g->classes->rows; r++)
            if (at[r] < g->row[r + 1] && at[r]->col < col)
                col = at[r]->col;
        if (col == UINT32_MAX)
            return;
        rt_zip_item item = {0};
        for (int r = 0; r < g->classes->rows; r++)
            if (at[r] < g->row[r + 1] && at[r]->col == col) {
                item.of[r] = at[r]++;
                item.mask |= 1u << r;
            }
        g->items[g->count++] = item;
    }
}

/* The rows that share row r's column in a class. */
static unsigned mask_of(const rt_zip_classes *classes, int class, int r)
{
    unsigned mask = 0;
    for (int other = 0; other < classes->rows; other++)
        if (classes->at[class].first[other] == classes->at[class].first[r])
            mask |= 1u << other;
    return mask;
}

static bool has_mask(const rt_zip_classes *classes, unsigned mask)
{
    for (int class = 0; class < classes->count; class++)
        for (int r = 0; r < classes->rows; r++)
            if (mask_of(classes, class, r) == mask)
                return true;
    return false;
}

/* The part of an item that becomes one of its own: all rows but the one whose removal leaves the mask that lacks most
 * against its complement. */
static unsigned part_of(const zip_group *g, unsigned mask, const int64_t *held)
{
    unsigned best = 0, all = (1u << g->classes->rows) - 1;
    int64_t most = 0;
    for (int r = 0; r < g->classes->rows; r++) {
        unsigned part = mask & ~(1u << r);
        int64_t wanted = held[all & ~part] - held[part];
        if (part != mask && (!best || wanted > most)) {
            best = part;
            most = wanted;
        }
    }
    return best;
}

static void split_items(zip_group *g)
{
    int64_t held[MASKS] = {0}, count = g->count;
    for (int64_t i = 0; i < count; i++)
        held[g->items[i].mask]++;
    for (int64_t i = 0; i < count; i++) {
        rt_zip_item *item = &g->items[i];
        if (has_mask(g->classes, item->mask))
            continue;
        rt_zip_item *rest = &g->items[g->count++];
        unsigned part = part_of(g, item->mask, held);
        *rest = *item;
        rest->mask &= ~part;
        item->mask = part;
        held[part]++;
    }
}

/* By mask, in their order: columns ascend, then the rests that were split off. */
static void sort_items(zip_group *g, rt_zip_item *sorted)
{
    int64_t at = 0;
    for (unsigned mask = 0; mask < MASKS; mask++) {
        g->next[mask] = at;
        for (int64_t i = 0; i < g->count; i++)
            if (g->items[i].mask == mask)
                sorted[at++] = g->items[i];
        g->end[mask] = at;
    }
    g->items = sorted;
}

static void put(zip_group *g, const rt_entry *entry)
{
    g->out->at[g->out->count] = *entry;
    g->out->at[g->out->count++].position = g->position;
}

/* As many bundles of the class as there are items for. */
static int64_t zip_class(zip_group *g, int class)
{
    unsigned mask[RT_ZIP_ROWS];
    int64_t count = INT64_MAX;
    for (int r = 0; r < g->classes->rows; r++) {
        mask[r] = mask_of(g->classes, class, r);
        int64_t left = g->end[mask[r]] - g->next[mask[r]];
        count = left < count ? left : count;
    }
    for (int64_t i = 0; i < count; i++, g->position++)
        for (int r = 0; r < g->classes->rows; r++)
            put(g, g->items[g->next[mask[r]] + i].of[r]);
    for (int r = 0; r < g->classes->rows; r++)
        if (g->classes->at[class].first[r] == r)
            g->next[mask[r]] += count;
    return count;
}

/* The next entry of row r that is in no bundle yet; NULL: none. *item is where to look from. */
static const rt_entry *next_single(const zip_group *g, int r, int64_t *item)
{
    for (; *item < g->count; ++*item) {
        const rt_zip_item *at = &g->items[*item];
        if ((at->mask >> r & 1) && *item >= g->next[at->mask])
            return g->items[(*item)++].of[r];
    }
    return NULL;
}

/* The next column from *col on that row r does not use. */
static uint32_t unused_column(const zip_group *g, int r, const rt_entry **used, int64_t *col)
{
    while (*used < g->row[r + 1] && (*used)->col == *col) {
        ++*used;
        ++*col;
    }
    return (uint32_t)(*col)++;
}

/* What is left: entries of their own, and padding up to `bundles` of them. */
static void put_singles(zip_group *g, int64_t bundles)
{
    int64_t item[RT_ZIP_ROWS] = {0}, col[RT_ZIP_ROWS];
    const rt_entry *used[RT_ZIP_ROWS];
    int rows = (int)(g->window->place_end - g->window->place);
    for (int r = 0; r < rows; r++) {
        used[r] = g->row[r];
        col[r] = g->window->col;
    }
    for (int64_t i = 0; i < bundles; i++, g->position++)
        for (int r = 0; r < rows; r++) {
            const rt_entry *entry = next_single(g, r, &item[r]);
            if (entry)
                put(g, entry);
            else
                put(g, &(rt_entry){.place = (uint32_t)(g->window->place + r), .col = unused_column(g, r, &used[r], &col[r])});
        }
}

static int64_t longest_row(const zip_group *g)
{
    int64_t most = 0;
    for (int r = 0; r < g->classes->rows; r++)
        most = g->row[r + 1] - g->row[r] > most ? g->row[r + 1] - g->row[r] : most;
    return most;
}

bool rt_zip_group(rt_zipper *z, const rt_entry *from, int64_t count, const rt_zip_window *window, uint64_t first,
                  rt_entries *out, int64_t counts[RT_ZIP_CLASSES])
{
    if (!reserve(z, count))
        return false;
    zip_group g = {.classes = z->classes, .window = window, .items = z->items, .out = out, .position = first};
    find_rows(&g, from, count);
    gather_columns(&g);
    split_items(&g);
    sort_items(&g, z->sorted);
    int last = z->classes->count - 1;
    int64_t bundles = 0;
    for (int class = 0; class < last; class++)
        bundles += counts[class] = zip_class(&g, class);
    counts[last] = longest_row(&g) - bundles;
    put_singles(&g, counts[last]);
    return true;
}
