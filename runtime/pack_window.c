/* pack_window: non-zeros to windows that slide along the rows of a group.
 *
 * A window is `width` consecutive columns in which every row of the group has `slots` slots. Each begins at the leftmost
 * column that some row still waits with, and each row puts its next non-zeros into it, as many as there are slots and as
 * lie inside. So a row that has many takes its time while others run ahead by up to a window, and little is padding.
 *
 * Padding always finds a column where its row holds nothing. Each window begins at least `slots` columns right of the one
 * before, since the row that was last has taken so many or is through. So a row without a zero all along a window, which
 * has not gone past the end of the window before, still has `slots` entries to put in. At the matrix's end windows reach
 * past the last column, where nothing is held. */
#include "runtime/dtype.h"
#include "runtime/entries.h"
#include "runtime/levels.h"
#include <assert.h>
#include <stdlib.h>

/* What one row of the group still has: entries [next, end). */
typedef struct row_queue {
    int64_t next, low, end; /* low: first entry that is not left of the window */
} row_queue;

typedef struct slider {
    const rt_storage *storage;
    const rt_level *level;
    rt_entries *entries;
    row_queue *rows; /* of the group */
    int64_t first_row, count; /* rows of the matrix that the group has */
    rt_entries *out;      /* NULL: only counting */
} slider;

static uint32_t col_of(const slider *s, int64_t entry) { return s->entries->at[entry].col; }

/* The rows of group p, whose entries begin at entry `from`; returns where they end. */
static int64_t open_group(slider *s, int64_t p, int64_t from)
{
    int64_t height = s->storage->levels[0].div, left = s->storage->rows - p * height;
    s->first_row = p * height;
    s->count = left < height ? left : height;
    for (int64_t r = 0; r < s->count; r++) {
        row_queue *q = &s->rows[r];
        q->next = q->low = from;
        while (from < s->entries->count && s->entries->at[from].place == (uint32_t)(s->first_row + r))
            from++;
        q->end = from;
    }
    return from;
}

/* First column of the next window; -1: every row is through. */
static int64_t next_window(const slider *s)
{
    int64_t first = INT64_MAX;
    for (int64_t r = 0; r < s->count; r++)
        if (s->rows[r].next < s->rows[r].end && col_of(s, s->rows[r].next) < first)
            first = col_of(s, s->rows[r].next);
    return first == INT64_MAX ? -1 : first;
}

/* A column of the window where the row holds nothing, counted from the first. */
static uint32_t free_column(const slider *s, row_queue *q, int64_t first)
{
    while (q->low < q->end && col_of(s, q->low) < first)
        q->low++;
    int64_t column = first;
    for (int64_t i = q->low; i < q->end && col_of(s, i) == column; i++)
        column++;
    assert(column < first + s->level->shift);
    return (uint32_t)(column - first);
}

/* The row's slots of window number `window`; columns are those of the window from here on. */
static void fill_slots(slider *s, row_queue *q, uint32_t place, int64_t window, int64_t first)
{
    int64_t slots = s->level->size, end = first + s->level->shift;
    for (int64_t slot = 0; slot < slots; slot++) {
        bool holds = q->next < q->end && col_of(s, q->next) < end;
        rt_entry entry = {.place = place};
        if (holds) {
            entry = s->entries->at[q->next++];
            entry.col -= (uint32_t)first;
        } else if (s->out) {
            entry.col = free_column(s, q, first);
        }
        entry.position = (uint64_t)(window * slots + slot);
        if (s->out)
            s->out->at[s->out->count++] = entry;
    }
}

/* Windows of all groups; start[p]: the first one of group p. Their first columns go to crd unless it is NULL. */
static int64_t slide(slider *s, int64_t groups, int64_t *start, void *crd)
{
    int64_t windows = 0, from = 0;
    for (int64_t p = 0; p < groups; p++) {
        start[p] = windows;
        from = open_group(s, p, from);
        for (int64_t first = next_window(s); first >= 0; first = next_window(s), windows++) {
            if (crd)
                rt_bits_set(crd, s->level->crd_bits, windows, (uint64_t)first * (uint64_t)s->level->crd_scale);
            for (int64_t r = 0; r < s->count; r++)
                fill_slots(s, &s->rows[r], (uint32_t)(s->first_row + r), windows, first);
        }
    }
    start[groups] = windows;
    return windows;
}

static bool pack_arrays(slider *s, int64_t groups, int64_t windows, int64_t *start, rt_packed *out)
{
    void *pos = rt_packed_array(out, groups + 1), *crd = pos ? rt_packed_array(out, windows) : NULL;
    rt_entries filled = {0};
    if (!crd || !rt_entries_reserve(&filled, windows * s->level->size * s->storage->levels[0].div + 1))
        return false;
    s->out = &filled;
    slide(s, groups, start, crd);
    for (int64_t p = 0; p <= groups; p++)
        rt_bits_set(pos, s->level->pos_bits, p, (uint64_t)start[p]);
    rt_entries_free(s->entries);
    *s->entries = filled;
    return true;
}

int64_t rt_pack_windows(const rt_storage *storage, int level, rt_entries *entries, int64_t groups, rt_packed *out)
{
    slider s = {.storage = storage, .level = &storage->levels[level], .entries = entries};
    int64_t *start = malloc((size_t)(groups + 1) * sizeof *start), windows = -1;
    s.rows = malloc((size_t)storage->levels[0].div * sizeof *s.rows);
    if (start && s.rows && rt_entries_sort(entries)) {
        windows = slide(&s, groups, start, NULL);
        bool counted = s.level->pos_bits == 64 || windows <= UINT32_MAX;
        if (!counted || !pack_arrays(&s, groups, windows, start, out))
            windows = -1;
    }
    free(start);
    free(s.rows);
    return windows;
}
