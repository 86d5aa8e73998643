/* nonzeros: visits the non-zeros of a matrix in row-major order of its stored axes. Inside runtime/ only.
 *
 * Written to be inlined with a constant visitor. Whole words of zeros are skipped, so that a sparse matrix that is
 * stored dense costs little more than reading it. Explicit zeros of a CSR matrix are no non-zeros. */
#ifndef SPC_RT_NONZEROS_H
#define SPC_RT_NONZEROS_H

#include "runtime/dtype.h"
#include "runtime/storage.h"

#define RT_INLINED static inline __attribute__((always_inline))

/* False stops the visit. */
typedef bool rt_visit_nonzero(void *ctx, int64_t row, int64_t col, uint64_t bits);

RT_INLINED bool rt_visit_row(const unsigned char *data, int64_t row, int64_t cols, int width, uint64_t zero_mask,
                             rt_visit_nonzero *visit, void *ctx)
{
    const int per_word = 8 / width;
    uint64_t word_mask = 0;
    for (int i = 0; i < per_word; i++)
        word_mask |= zero_mask << (i * width * 8 % 64);
    data += row * cols * width;
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
            if ((bits & zero_mask) && !visit(ctx, row, col, bits))
                return false;
        }
    }
    return true;
}

RT_INLINED bool rt_visit_nibbles(const void *data, int64_t row, int64_t cols, rt_visit_nonzero *visit, void *ctx)
{
    for (int64_t col = 0; col < cols; col++) {
        uint64_t bits = rt_bits_get(data, 4, row * cols + col);
        if (bits && !visit(ctx, row, col, bits))
            return false;
    }
    return true;
}

RT_INLINED bool rt_visit_csr_row(const rt_matrix *m, const rt_dtype_info *info, int64_t row, rt_visit_nonzero *visit,
                                 void *ctx)
{
    for (int64_t i = m->row_start[row]; i < m->row_start[row + 1]; i++) {
        uint64_t bits = rt_bits_get(m->values, info->bits, i);
        if ((bits & info->zero_mask) && !visit(ctx, row, m->col[i], bits))
            return false;
    }
    return true;
}

/* A CSR matrix must be well formed. */
RT_INLINED bool rt_visit_nonzeros(const rt_matrix *m, rt_visit_nonzero *visit, void *ctx)
{
    const rt_dtype_info *info = rt_dtype_of(m->dtype);
    const uint64_t mask = info->zero_mask;
    bool on = true;
    for (int64_t row = 0; row < m->rows && on; row++) {
        if (!m->dense)
            on = rt_visit_csr_row(m, info, row, visit, ctx);
        else if (info->bits == 4)
            on = rt_visit_nibbles(m->dense, row, m->cols, visit, ctx);
        else if (info->bits == 8)
            on = rt_visit_row(m->dense, row, m->cols, 1, mask, visit, ctx);
        else if (info->bits == 16)
            on = rt_visit_row(m->dense, row, m->cols, 2, mask, visit, ctx);
        else if (info->bits == 32)
            on = rt_visit_row(m->dense, row, m->cols, 4, mask, visit, ctx);
        else
            on = rt_visit_row(m->dense, row, m->cols, 8, mask, visit, ctx);
    }
    return on;
}

#endif
