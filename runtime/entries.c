/* entries: collects the non-zeros of a dense or CSR matrix, and sorts them by position.
 *
 * Explicit zeros of a CSR matrix are dropped, so that it packs exactly as its dense form does. */
#include "runtime/entries.h"

#include "runtime/nonzeros.h"
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, LARGE = 4 << 20 };

void rt_prefer_large_pages(void *data, size_t size)
{
    const uintptr_t page = 4096;
    uintptr_t begin = ((uintptr_t)data + page - 1) / page * page, end = ((uintptr_t)data + size) / page * page;
    if (size >= LARGE)
        madvise((void *)begin, end - begin, MADV_HUGEPAGE); /* a wish: nothing depends on it */
}

void rt_entries_free(rt_entries *list)
{
    free(list->at);
    *list = (rt_entries){0};
}

bool rt_entries_reserve(rt_entries *list, int64_t capacity)
{
    if (capacity <= list->capacity)
        return true;
    if (capacity > INT64_MAX / (int64_t)sizeof(rt_entry))
        return false;
    rt_entry *grown = realloc(list->at, (size_t)capacity * sizeof(rt_entry));
    if (!grown)
        return false;
    rt_prefer_large_pages(grown, (size_t)capacity * sizeof(rt_entry));
    list->at = grown;
    list->capacity = capacity;
    return true;
}

static bool append(void *ctx, int64_t row, int64_t col, uint64_t bits)
{
    rt_entries *list = ctx;
    if (list->count == list->capacity && !rt_entries_reserve(list, list->capacity * 2 + 1024))
        return false;
    list->at[list->count++] = (rt_entry){.bits = bits, .place = (uint32_t)row, .col = (uint32_t)col};
    return true;
}

static spc_status check_csr(const rt_matrix *m, rt_error *e)
{
    if (m->row_start[0] != 0 || m->row_start[m->rows] != m->nnz)
        return rt_fail(e, SPC_E_PROGRAM, "row starts do not run from 0 to the number of entries");
    for (int64_t row = 0; row < m->rows; row++) {
        int64_t begin = m->row_start[row], end = m->row_start[row + 1], last = -1;
        if (end < begin || end > m->nnz)
            return rt_fail(e, SPC_E_PROGRAM, "row %" PRId64 ": its start passes its end", row);
        for (int64_t i = begin; i < end; last = m->col[i++])
            if (m->col[i] <= last || m->col[i] >= m->cols)
                return rt_fail(e, SPC_E_PROGRAM, "row %" PRId64 ", entry %" PRId64 ": column %" PRId64
                               " is out of order or range", row, i - begin, m->col[i]);
    }
    return SPC_OK;
}

spc_status rt_entries_collect(rt_entries *list, const rt_matrix *m, bool transposed, rt_error *e)
{
    spc_status status = m->dense ? SPC_OK : check_csr(m, e);
    if (status != SPC_OK)
        return status;
    if (!rt_visit_nonzeros(m, append, list))
        return rt_fail(e, SPC_E_NOMEM, "out of memory while packing");
    for (int64_t i = 0; transposed && i < list->count; i++) {
        rt_entry *entry = &list->at[i];
        uint32_t col = entry->place;
        entry->place = entry->col;
        entry->col = col;
    }
    return SPC_OK;
}

static bool is_sorted(const rt_entries *list, uint64_t *largest)
{
    bool sorted = true;
    *largest = 0;
    for (int64_t i = 0; i < list->count; i++) {
        sorted = sorted && list->at[i].position >= *largest;
        if (list->at[i].position > *largest)
            *largest = list->at[i].position;
    }
    return sorted;
}

/* One pass of a radix sort: by the digit of `position` at `shift`. */
static void distribute(const rt_entry *from, rt_entry *to, int64_t count, int shift)
{
    int64_t start[DIGITS + 1] = {0};
    for (int64_t i = 0; i < count; i++)
        start[(from[i].position >> shift & (DIGITS - 1)) + 1]++;
    for (int digit = 0; digit < DIGITS; digit++)
        start[digit + 1] += start[digit];
    for (int64_t i = 0; i < count; i++)
        to[start[from[i].position >> shift & (DIGITS - 1)]++] = from[i];
}

bool rt_entries_sort(rt_entries *list)
{
    uint64_t largest;
    if (is_sorted(list, &largest))
        return true;
    rt_entry *other = malloc((size_t)list->count * sizeof(rt_entry));
    if (!other)
        return false;
    rt_prefer_large_pages(other, (size_t)list->count * sizeof(rt_entry));
    for (int shift = 0; shift < 64 && largest >> shift; shift += DIGIT_BITS) {
        distribute(list->at, other, list->count, shift);
        rt_entry *sorted = other;
        other = list->at;
        list->at = sorted;
    }
    list->capacity = list->count;
    free(other);
    return true;
}
