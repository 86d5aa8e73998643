/* entries: collects the non-zeros of a dense or CSR matrix, and sorts them by position.
 *
 * Explicit zeros of a CSR matrix are dropped, so that it packs exactly as its dense form does. */
#include "runtime/entries.h"

#include "runtime/dtype.h"
#include <inttypes.h>
#include <stdlib.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };

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
    list->at = grown;
    list->capacity = capacity;
    return true;
}

static bool append(rt_entries *list, int64_t row, int64_t col, uint64_t bits)
{
    if (list->count == list->capacity && !rt_entries_reserve(list, list->capacity * 2 + 1024))
        return false;
    list->at[list->count++] = (rt_entry){.bits = bits, .place = (uint32_t)row, .col = (uint32_t)col};
    return true;
}

/* One row of elements of a constant width: whole words of zeros are skipped. `width` is a constant at each call. */
static inline __attribute__((always_inline)) bool scan_row(rt_entries *list, const unsigned char *data, int64_t row,
                                                           int64_t cols, int width, uint64_t zero_mask)
{
    const int per_word = 8 / width;
    uint64_t word_mask = 0;
    for (int i = 0; i < per_word; i++)
        word_mask |= zero_mask << (i * width * 8 % 64);
    for (int64_t col = 0; col < cols;) {
        uint64_t word = 0;
        if (cols - col >= per_word) {
            memcpy(&word, data + col * width, 8);
            if (!(word & word_mask)) {
                col += per_word;
                continue;
            }
        }
        int64_t end = col + per_word < cols ? col + per_word : cols;
        for (; col < end; col++) {
            uint64_t bits = 0;
            memcpy(&bits, data + col * width, (size_t)width);
            if ((bits & zero_mask) && !append(list, row, col, bits))
                return false;
        }
    }
    return true;
}

static bool scan_nibbles(rt_entries *list, const void *data, int64_t row, int64_t cols)
{
    for (int64_t col = 0; col < cols; col++) {
        uint64_t bits = rt_bits_get(data, 4, row * cols + col);
        if (bits && !append(list, row, col, bits))
            return false;
    }
    return true;
}

static bool collect_dense(rt_entries *list, const rt_matrix *m)
{
    const rt_dtype_info *info = rt_dtype_of(m->dtype);
    bool ok = true;
    for (int64_t row = 0; row < m->rows && ok; row++) {
        const unsigned char *data = (const unsigned char *)m->dense + (info->bits < 8 ? 0 : row * m->cols * (info->bits / 8));
        switch (info->bits) {
        case 4: ok = scan_nibbles(list, data, row, m->cols); break;
        case 8: ok = scan_row(list, data, row, m->cols, 1, info->zero_mask); break;
        case 16: ok = scan_row(list, data, row, m->cols, 2, info->zero_mask); break;
        case 32: ok = scan_row(list, data, row, m->cols, 4, info->zero_mask); break;
        default: ok = scan_row(list, data, row, m->cols, 8, info->zero_mask); break;
        }
    }
    return ok;
}

static spc_status collect_csr(rt_entries *list, const rt_matrix *m, rt_error *e)
{
    const rt_dtype_info *info = rt_dtype_of(m->dtype);
    if (m->row_start[0] != 0 || m->row_start[m->rows] != m->nnz)
        return rt_fail(e, SPC_E_PROGRAM, "row starts do not run from 0 to the number of entries");
    if (!rt_entries_reserve(list, m->nnz))
        return rt_fail(e, SPC_E_NOMEM, "out of memory while packing");
    for (int64_t row = 0; row < m->rows; row++) {
        if (m->row_start[row + 1] < m->row_start[row] || m->row_start[row + 1] > m->nnz)
            return rt_fail(e, SPC_E_PROGRAM, "row %" PRId64 ": its start passes its end", row);
        int64_t last = -1;
        for (int64_t i = m->row_start[row]; i < m->row_start[row + 1]; i++) {
            if (m->col[i] <= last || m->col[i] >= m->cols)
                return rt_fail(e, SPC_E_PROGRAM, "row %" PRId64 ", entry %" PRId64 ": column %" PRId64
                               " is out of order or range", row, i - m->row_start[row], m->col[i]);
            last = m->col[i];
            uint64_t bits = rt_bits_get(m->values, info->bits, i);
            if ((bits & info->zero_mask) && !append(list, row, last, bits))
                return rt_fail(e, SPC_E_NOMEM, "out of memory while packing");
        }
    }
    return SPC_OK;
}

spc_status rt_entries_collect(rt_entries *list, const rt_matrix *m, bool transposed, rt_error *e)
{
    if (m->dense && !collect_dense(list, m))
        return rt_fail(e, SPC_E_NOMEM, "out of memory while packing");
    spc_status status = m->dense ? SPC_OK : collect_csr(list, m, e);
    if (status != SPC_OK || !transposed)
        return status;
    for (int64_t i = 0; i < list->count; i++) {
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
