/* pack_direct: the direct way into storages that have dense levels only.
 *
 * There a position is the sum of a part that the row makes and a part that the column makes, so two small tables
 * place every element, and no list of non-zeros is built: dense weights may be gigabytes. */
#include "runtime/dtype.h"
#include "runtime/levels.h"
#include <stdlib.h>

bool rt_packs_directly(const rt_storage *s, const rt_matrix *m)
{
    bool direct = m->dense != NULL;
    for (int i = 0; i < s->nlevels; i++)
        direct = direct && s->levels[i].kind == RT_LEVEL_dense && s->levels[i].axis != RT_SLOT;
    return direct;
}

/* The part of a position that a row or column makes, for dense levels only. */
static int64_t *offset_table(const rt_storage *s, rt_axis axis)
{
    int64_t extent = axis == RT_ROW ? s->rows : s->cols, stride = 1;
    int64_t *table = calloc((size_t)extent + 1, sizeof *table);
    for (int i = s->nlevels - 1; table && i >= 0; i--) {
        const rt_level *level = &s->levels[i];
        for (int64_t x = 0; level->axis == axis && x < extent; x++)
            table[x] += rt_level_coordinate(level, x) * stride;
        stride *= level->size;
    }
    return table;
}

/* Scatters a stored row; `bits` is a constant at each call. Returns its number of non-zeros. */
static inline __attribute__((always_inline)) int64_t scatter_row(void *values, const void *dense, int64_t first,
                                                                 int64_t count, int64_t base, const int64_t *offset,
                                                                 int bits, uint64_t zero_mask)
{
    int64_t nnz = 0;
    for (int64_t i = 0; i < count; i++) {
        uint64_t value = rt_bits_get(dense, bits, first + i);
        nnz += (value & zero_mask) != 0;
        rt_bits_set(values, bits, base + offset[i], value);
    }
    return nnz;
}

static int64_t scatter(void *values, const rt_matrix *m, const int64_t *outer, const int64_t *inner)
{
    const rt_dtype_info *info = rt_dtype_of(m->dtype);
    const uint64_t mask = info->zero_mask;
    int64_t nnz = 0;
    for (int64_t i = 0; i < m->rows; i++)
        switch (info->bits) {
        case 4: nnz += scatter_row(values, m->dense, i * m->cols, m->cols, outer[i], inner, 4, mask); break;
        case 8: nnz += scatter_row(values, m->dense, i * m->cols, m->cols, outer[i], inner, 8, mask); break;
        case 16: nnz += scatter_row(values, m->dense, i * m->cols, m->cols, outer[i], inner, 16, mask); break;
        case 32: nnz += scatter_row(values, m->dense, i * m->cols, m->cols, outer[i], inner, 32, mask); break;
        default: nnz += scatter_row(values, m->dense, i * m->cols, m->cols, outer[i], inner, 64, mask); break;
        }
    return nnz;
}

/* Rows one after the other, as the tensor itself lies. */
static bool is_row_major(const rt_storage *s)
{
    return !s->request.transposed && s->nlevels == 2 && s->levels[0].axis == RT_ROW && s->levels[1].axis == RT_COL &&
           s->levels[0].size == s->rows && s->levels[1].size == s->cols;
}

static inline __attribute__((always_inline)) int64_t count_width(const void *data, int64_t count, int bits,
                                                                 uint64_t zero_mask)
{
    int64_t nnz = 0;
    for (int64_t i = 0; i < count; i++)
        nnz += (rt_bits_get(data, bits, i) & zero_mask) != 0;
    return nnz;
}

static int64_t count_nonzeros(const void *data, int64_t count, const rt_dtype_info *info)
{
    switch (info->bits) {
    case 4: return count_width(data, count, 4, info->zero_mask);
    case 8: return count_width(data, count, 8, info->zero_mask);
    case 16: return count_width(data, count, 16, info->zero_mask);
    case 32: return count_width(data, count, 32, info->zero_mask);
    default: return count_width(data, count, 64, info->zero_mask);
    }
}

int64_t rt_pack_directly(const rt_storage *s, const rt_matrix *m, rt_packed *out)
{
    int64_t positions = 1;
    for (int i = 0; i < s->nlevels; i++)
        positions *= s->levels[i].size;
    void *values = rt_packed_array(out, positions);
    if (!values)
        return -1;
    if (is_row_major(s)) {
        memcpy(values, m->dense, (size_t)rt_dtype_bytes(m->dtype, positions));
        out->nnz = count_nonzeros(values, positions, rt_dtype_of(m->dtype));
        return positions;
    }
    int64_t *row = offset_table(s, RT_ROW), *col = offset_table(s, RT_COL);
    if (row && col)
        out->nnz = scatter(values, m, s->request.transposed ? col : row, s->request.transposed ? row : col);
    else
        positions = -1;
    free(row);
    free(col);
    return positions;
}
