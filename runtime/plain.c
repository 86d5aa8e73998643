/* plain: weights that are read as they were declared: one row-major array, whatever form the data has. */
#include "runtime/dtype.h"
#include "runtime/storage.h"
#include <inttypes.h>
#include <stdlib.h>

rt_array_info rt_plain_array(spc_dtype dtype)
{
    return (rt_array_info){"values", (int)rt_dtype_bits(dtype), rt_dtype_is_float(dtype)};
}

bool rt_plain_size(const rt_matrix *m, int64_t *count, int64_t *bytes)
{
    if (__builtin_mul_overflow(m->rows, m->cols, count))
        return false;
    *bytes = rt_dtype_bytes(m->dtype, *count);
    return *bytes >= 0;
}

void rt_plain_fill(const rt_matrix *m, void *dense, int64_t bytes)
{
    const int bits = (int)rt_dtype_bits(m->dtype);
    if (bytes == 0)
        return;
    if (m->dense) {
        memcpy(dense, m->dense, (size_t)bytes);
        return;
    }
    memset(dense, 0, (size_t)bytes);
    for (int64_t row = 0; row < m->rows; row++)
        for (int64_t i = m->row_start[row]; i < m->row_start[row + 1]; i++)
            rt_bits_set(dense, bits, row * m->cols + m->col[i], rt_bits_get(m->values, bits, i));
}

spc_status rt_pack_plain(const rt_matrix *m, rt_packed *out, rt_error *e)
{
    int64_t count, bytes;
    *out = (rt_packed){0};
    if (!rt_plain_size(m, &count, &bytes) || bytes > PTRDIFF_MAX - 128)
        return rt_fail(e, SPC_E_NOMEM, "a weight of %" PRId64 " x %" PRId64 " elements is too large", m->rows, m->cols);
    void *data = aligned_alloc(64, ((size_t)bytes + 127) / 64 * 64);
    if (!data)
        return rt_fail(e, SPC_E_NOMEM, "out of memory while packing");
    rt_plain_fill(m, data, bytes);
    out->narrays = 1;
    out->arrays[0].info = rt_plain_array(m->dtype);
    out->arrays[0].count = count;
    out->arrays[0].bytes = out->values_bytes = bytes;
    out->arrays[0].data = data;
    return SPC_OK;
}
