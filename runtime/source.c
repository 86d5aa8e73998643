/* source: shapes and dtypes of tensors that were found, against what is declared.
 *
 * Float dtypes convert to one another with one rounding; others must match, but for i4, which files hold as I8 of -8
 * to 7 or as U8 with two in a byte, the low nibble first. */
#include "runtime/source.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void rt_holding_free(rt_holding *h)
{
    for (int i = 0; i < 3; i++)
        free(h->owned[i]);
    *h = (rt_holding){0};
}

spc_status rt_source_fail(const rt_source *s, rt_error *e, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return rt_fail(e, SPC_E_PROGRAM, "%s: %s: error: %s", s->file, s->tensor, text);
}

void rt_declared_matrix(const rt_declaration *d, int64_t *rows, int64_t *cols)
{
    *rows = d->rank >= 2 ? d->dims[0] : 1;
    *cols = 1;
    for (int i = d->rank >= 2; i < d->rank; i++)
        *cols *= d->dims[i];
}

void rt_shape_print(const char *dtype, int rank, const int64_t *dims, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%s[", dtype);
    for (int i = 0; i < rank && i < 8 && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%" PRId64, i ? ", " : "", dims[i]);
    if (used < size)
        snprintf(out + used, size - used, rank > 8 ? ", ...]" : "]");
}

static spc_status differs(const rt_source *s, const rt_declaration *d, rt_error *e)
{
    char found[256], declared[256];
    rt_shape_print(s->dtype ? rt_dtype_name(s->dtype) : s->dtype_text, s->rank, s->dims, found, sizeof found);
    rt_shape_print(rt_dtype_name(d->dtype), d->rank, d->dims, declared, sizeof declared);
    return rt_source_fail(s, e, "it is %s, but weight '%s' is declared %s", found, d->name, declared);
}

static bool same_shape(const rt_source *s, const rt_declaration *d)
{
    bool same = s->rank == d->rank;
    for (int i = 0; same && i < d->rank; i++)
        same = s->dims[i] == d->dims[i];
    return same;
}

/* U8 with two i4 in a byte: one list of all bytes, or the last axis halved. */
static bool packed_shape(const rt_source *s, const rt_declaration *d, int64_t count)
{
    if (s->rank == 1 && s->dims[0] == count / 2 + count % 2)
        return true;
    if (s->rank != d->rank || d->rank == 0 || d->dims[d->rank - 1] % 2)
        return false;
    for (int i = 0; i + 1 < d->rank; i++)
        if (s->dims[i] != d->dims[i])
            return false;
    return s->dims[d->rank - 1] == d->dims[d->rank - 1] / 2;
}

static bool convertible(const rt_source *s, spc_dtype want)
{
    if (want == SPC_I4)
        return s->dtype == SPC_I4 || s->dtype == SPC_I8 || s->dtype == SPC_U8;
    return s->dtype == want || (rt_dtype_is_float(s->dtype) && rt_dtype_is_float(want));
}

static spc_status wrong_element(const rt_source *s, int64_t index, int64_t cols, double value, const char *what,
                                rt_error *e)
{
    char place[64] = "";
    if (cols > 0)
        snprintf(place, sizeof place, "[%" PRId64 ", %" PRId64 "]", index / cols, index % cols);
    else
        snprintf(place, sizeof place, "[%" PRId64 "]", index);
    return rt_fail(e, SPC_E_PROGRAM, "%s: %s%s: error: %g is %s", s->file, s->tensor, place, value, what);
}

static spc_status check_bools(const rt_source *s, int64_t count, int64_t cols, rt_error *e)
{
    const unsigned char *bytes = s->data;
    for (int64_t i = 0; i < count; i++)
        if (bytes[i] > 1)
            return wrong_element(s, i, cols, bytes[i], "not a bool: 0 or 1", e);
    return SPC_OK;
}

static spc_status pack_nibbles(const rt_source *s, int64_t count, int64_t cols, void *out, rt_error *e)
{
    const int8_t *values = s->data;
    for (int64_t i = 0; i < count; i++) {
        if (values[i] < -8 || values[i] > 7)
            return wrong_element(s, i, cols, values[i], "not an i4: -8 to 7", e);
        rt_bits_set(out, 4, i, (uint64_t)values[i] & 0xf);
    }
    return SPC_OK;
}

spc_status rt_source_values(const rt_source *s, spc_dtype want, int64_t count, int64_t cols, const void **data,
                            void **owned, rt_error *e)
{
    int64_t size = rt_dtype_bits(want) < 8 ? 1 : rt_dtype_bits(want) / 8, bytes = rt_dtype_bytes(want, count);
    bool as_is = s->dtype == want || (want == SPC_I4 && s->dtype == SPC_U8);
    spc_status status = want == SPC_BOOL ? check_bools(s, count, cols, e) : SPC_OK;
    *data = s->data;
    if (status != SPC_OK || (as_is && (uintptr_t)s->data % (uintptr_t)size == 0))
        return status;
    if (bytes < 0 || !(*owned = aligned_alloc(64, ((size_t)bytes + 127) / 64 * 64)))
        return rt_fail(e, SPC_E_NOMEM, "out of memory while converting %s: %s", s->file, s->tensor);
    *data = *owned;
    if (as_is)
        memcpy(*owned, s->data, (size_t)bytes);
    else if (want == SPC_I4) {
        memset(*owned, 0, (size_t)bytes);
        status = pack_nibbles(s, count, cols, *owned, e);
    } else
        rt_convert(s->dtype, s->data, want, *owned, count);
    return status;
}

spc_status rt_source_dense(const rt_source *s, const rt_declaration *d, rt_holding *out, rt_error *e)
{
    int64_t rows, cols;
    rt_declared_matrix(d, &rows, &cols);
    *out = (rt_holding){.matrix = {.dtype = d->dtype, .rows = rows, .cols = cols}};
    bool nibbles = d->dtype == SPC_I4 && s->dtype == SPC_U8;
    if (!convertible(s, d->dtype) || !(nibbles ? packed_shape(s, d, rows * cols) : same_shape(s, d)))
        return differs(s, d, e);
    spc_status status = rt_source_values(s, d->dtype, rows * cols, cols, &out->matrix.dense, &out->owned[0], e);
    if (status != SPC_OK)
        rt_holding_free(out);
    return status;
}

/* ---- CSR ---- */

static const struct {
    const char *name;
    int bits;
    bool is_signed;
} index_dtypes[] = {{"I8", 8, true},   {"U8", 8, false},   {"I16", 16, true}, {"U16", 16, false},
                    {"I32", 32, true}, {"U32", 32, false}, {"I64", 64, true}, {"U64", 64, false}};

/* Indices as int64: borrowed where they are, else widened. What passes int64 comes out negative, and is found then. */
static spc_status take_indices(const rt_source *s, const int64_t **out, void **owned, rt_error *e)
{
    size_t kind = 0, kinds = sizeof index_dtypes / sizeof index_dtypes[0];
    while (kind < kinds && strcmp(index_dtypes[kind].name, s->dtype_text) != 0)
        kind++;
    if (kind == kinds)
        return rt_source_fail(s, e, "indices are integers, not %s", s->dtype_text);
    int bits = index_dtypes[kind].bits;
    *out = s->data;
    if (bits == 64 && (uintptr_t)s->data % sizeof(int64_t) == 0)
        return SPC_OK;
    int64_t *wide = *owned = malloc(((size_t)s->count + 1) * sizeof *wide);
    if (!wide)
        return rt_fail(e, SPC_E_NOMEM, "out of memory while reading %s: %s", s->file, s->tensor);
    for (int64_t i = 0; i < s->count; i++) {
        uint64_t value = rt_bits_get(s->data, bits, i);
        uint64_t sign = index_dtypes[kind].is_signed && bits < 64 ? (uint64_t)1 << (bits - 1) : 0;
        wide[i] = (int64_t)((value ^ sign) - sign);
    }
    *out = wide;
    return SPC_OK;
}

static spc_status check_starts(const rt_source parts[3], const rt_matrix *m, rt_error *e)
{
    const int64_t *start = m->row_start;
    if (start[0] != 0)
        return rt_source_fail(&parts[0], e, "entry 0 is %" PRId64 ", not 0", start[0]);
    for (int64_t row = 0; row < m->rows; row++)
        if (start[row + 1] < start[row])
            return rt_source_fail(&parts[0], e, "row %" PRId64 " starts at %" PRId64 " and ends at %" PRId64, row,
                                  start[row], start[row + 1]);
    if (start[m->rows] != m->nnz)
        return rt_source_fail(&parts[0], e, "entry %" PRId64 ", the last, is %" PRId64 ", but there are %" PRId64
                              " columns", m->rows, start[m->rows], m->nnz);
    return SPC_OK;
}

static spc_status check_columns(const rt_source parts[3], const rt_matrix *m, rt_error *e)
{
    for (int64_t row = 0; row < m->rows; row++)
        for (int64_t i = m->row_start[row]; i < m->row_start[row + 1]; i++) {
            int64_t entry = i - m->row_start[row];
            if (m->col[i] < 0 || m->col[i] >= m->cols)
                return rt_source_fail(&parts[1], e, "row %" PRId64 ", entry %" PRId64 ": column %" PRId64
                                      " is outside 0 to %" PRId64, row, entry, m->col[i], m->cols - 1);
            if (entry && m->col[i] <= m->col[i - 1])
                return rt_source_fail(&parts[1], e, "row %" PRId64 ", entry %" PRId64 ": column %" PRId64
                                      " does not ascend after %" PRId64, row, entry, m->col[i], m->col[i - 1]);
        }
    return SPC_OK;
}

static spc_status check_counts(const rt_source parts[3], const rt_declaration *d, const rt_matrix *m, rt_error *e)
{
    for (int i = 0; i < 3; i++)
        if (parts[i].rank != 1)
            return rt_source_fail(&parts[i], e, "a part of a CSR tensor has rank 1, not %d", parts[i].rank);
    if (parts[0].count != m->rows + 1)
        return rt_source_fail(&parts[0], e, "it has %" PRId64 " entries, but weight '%s' has %" PRId64 " rows, which "
                              "takes %" PRId64, parts[0].count, d->name, m->rows, m->rows + 1);
    int64_t stored = parts[2].count;
    bool nibbles = d->dtype == SPC_I4 && parts[2].dtype == SPC_U8;
    if (stored != (nibbles ? m->nnz / 2 + m->nnz % 2 : m->nnz))
        return rt_source_fail(&parts[2], e, "it has %" PRId64 " values for %" PRId64 " columns", stored, m->nnz);
    if (!convertible(&parts[2], d->dtype))
        return rt_source_fail(&parts[2], e, "its values are %s, but weight '%s' is declared %s",
                              parts[2].dtype ? rt_dtype_name(parts[2].dtype) : parts[2].dtype_text, d->name,
                              rt_dtype_name(d->dtype));
    return SPC_OK;
}

spc_status rt_source_csr(const rt_source parts[3], const rt_declaration *d, rt_holding *out, rt_error *e)
{
    *out = (rt_holding){.matrix = {.dtype = d->dtype, .nnz = parts[1].count}};
    rt_matrix *m = &out->matrix;
    rt_declared_matrix(d, &m->rows, &m->cols);
    spc_status status = check_counts(parts, d, m, e);
    if (status == SPC_OK)
        status = take_indices(&parts[0], &m->row_start, &out->owned[0], e);
    if (status == SPC_OK)
        status = take_indices(&parts[1], &m->col, &out->owned[1], e);
    if (status == SPC_OK)
        status = check_starts(parts, m, e);
    if (status == SPC_OK)
        status = check_columns(parts, m, e);
    if (status == SPC_OK)
        status = rt_source_values(&parts[2], d->dtype, m->nnz, 0, &m->values, &out->owned[2], e);
    if (status != SPC_OK)
        rt_holding_free(out);
    return status;
}
