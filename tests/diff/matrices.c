/* matrices: weights of small integers in every pattern, dense or as CSR. */
#include "tests/diff/diff.h"
#include "backends/interp/lane.h"
#include "runtime/weights.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void diff_need(bool holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "the test needs: %s\n", what);
    abort();
}

uint64_t diff_next(diff_random *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

int64_t diff_below(diff_random *state, int64_t limit) { return (int64_t)(diff_next(state) % (uint64_t)limit); }

static bool chance(diff_random *random, double share) { return (double)(diff_next(random) >> 11) * 0x1p-53 < share; }

void diff_put(spc_dtype dtype, void *data, int64_t index, int64_t value)
{
    const ir_attr number = {.kind = IR_ATTR_INT, .i = value};
    const interp_lane lane = interp_lane_of((ir_dtype)dtype, &number);
    interp_format_of((ir_dtype)dtype)->store(data, index, 1, &lane);
}

double diff_at(spc_dtype dtype, const void *data, int64_t index)
{
    interp_lane lane;
    interp_format_of((ir_dtype)dtype)->load(data, index, 1, 1, &lane);
    switch (interp_class_of((ir_dtype)dtype)) {
    case INTERP_WIDE: return lane.d;
    case INTERP_REAL: return (double)lane.f;
    default: return (double)lane.i;
    }
}

static int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

void diff_fit(const diff_pattern *p, int64_t *rows, int64_t *cols)
{
    if (p->kind == DIFF_NM || p->kind == DIFF_NM_LESS) *cols = round_up(*cols, p->b);
    if (p->kind == DIFF_BLOCK) {
        *rows = round_up(*rows, p->a);
        *cols = round_up(*cols, p->b);
    }
}

/* ---- which elements are kept ---- */

/* `keep` of the group's M places, drawn without replacement. */
static void keep_of_group(bool *kept, int64_t keep, int64_t m, diff_random *random)
{
    for (int64_t i = 0, left = keep; i < m; i++)
        if (diff_below(random, m - i) < left) {
            kept[i] = true;
            left--;
        }
}

static void keep_groups(bool *kept, int64_t rows, int64_t cols, const diff_pattern *p, diff_random *random)
{
    for (int64_t at = 0; at < rows * cols; at += p->b)
        keep_of_group(kept + at, p->kind == DIFF_NM ? p->a : diff_below(random, p->a + 1), p->b, random);
}

static void keep_blocks(bool *kept, int64_t rows, int64_t cols, const diff_pattern *p, diff_random *random)
{
    for (int64_t r = 0; r < rows; r += p->a)
        for (int64_t c = 0; c < cols; c += p->b) {
            const bool keep = chance(random, p->density);
            for (int64_t i = 0; i < p->a * p->b; i++) kept[(r + i / p->b) * cols + c + i % p->b] = keep;
        }
}

/* Whether the pattern keeps element (r, c), given one draw each for the element, its row and its column. */
static bool keeps(const diff_pattern *p, int64_t r, int64_t c, bool element, bool row, bool column)
{
    switch (p->kind) {
    case DIFF_FULL: return true;
    case DIFF_GAPS: return element && r % 3 != 0 && c % 4 != 1;
    case DIFF_ROWS: return row;
    case DIFF_COLUMNS: return column;
    case DIFF_BAND: return p->a <= c - r && c - r <= p->b;
    default: return element;
    }
}

static void keep_elements(bool *kept, int64_t rows, int64_t cols, const diff_pattern *p, diff_random *random)
{
    bool *columns = calloc((size_t)cols + 1, sizeof *columns);
    diff_need(columns, "memory");
    for (int64_t c = 0; c < cols; c++) columns[c] = chance(random, p->density);
    for (int64_t r = 0; r < rows; r++) {
        const bool row = chance(random, p->density);
        for (int64_t c = 0; c < cols; c++)
            kept[r * cols + c] = keeps(p, r, c, chance(random, p->density), row, columns[c]);
    }
    free(columns);
}

static void keep_all(bool *kept, int64_t rows, int64_t cols, const diff_pattern *p, diff_random *random)
{
    if (p->kind == DIFF_NM || p->kind == DIFF_NM_LESS) keep_groups(kept, rows, cols, p, random);
    else if (p->kind == DIFF_BLOCK) keep_blocks(kept, rows, cols, p, random);
    else keep_elements(kept, rows, cols, p, random);
}

/* ---- the matrix ---- */

/* -3..3 without zero. */
static int64_t draw_value(diff_random *random)
{
    const int64_t v = diff_below(random, 6);
    return v < 3 ? v - 3 : v - 2;
}

static void fill_dense(diff_weight *w, const bool *kept, diff_random *random)
{
    for (int64_t i = 0; i < w->matrix.rows * w->matrix.cols; i++)
        diff_put(w->matrix.dtype, w->dense, i, kept[i] ? draw_value(random) : 0);
}

static void fill_csr(diff_weight *w, const bool *kept)
{
    rt_matrix *m = &w->matrix;
    const int64_t bytes = rt_dtype_bits(m->dtype) / 8;
    for (int64_t r = 0; r < m->rows; r++) {
        w->row_start[r] = m->nnz;
        for (int64_t c = 0; c < m->cols; c++) {
            if (!kept[r * m->cols + c]) continue;
            w->col[m->nnz] = c;
            memcpy((char *)w->values + m->nnz++ * bytes, (char *)w->dense + (r * m->cols + c) * bytes, (size_t)bytes);
        }
    }
    w->row_start[m->rows] = m->nnz;
    m->row_start = w->row_start;
    m->col = w->col;
    m->values = w->values;
}

void diff_weight_make(diff_weight *w, const char *name, spc_dtype dtype, int64_t rows, int64_t cols,
                      const diff_pattern *pattern, bool as_csr, diff_random *random)
{
    const size_t count = (size_t)(rows * cols) + 1;
    bool *kept = calloc(count, sizeof *kept);
    *w = (diff_weight){.matrix = {.dtype = dtype, .rows = rows, .cols = cols}};
    snprintf(w->name, sizeof w->name, "%s", name);
    w->dense = calloc(count, 8);
    w->values = calloc(count, 8);
    w->col = calloc(count, sizeof *w->col);
    w->row_start = calloc((size_t)rows + 1, sizeof *w->row_start);
    diff_need(kept && w->dense && w->values && w->col && w->row_start, "memory");
    keep_all(kept, rows, cols, pattern, random);
    fill_dense(w, kept, random);
    w->full = !memchr(kept, false, (size_t)(rows * cols));
    if (as_csr) fill_csr(w, kept);
    else w->matrix.dense = w->dense;
    free(kept);
}

void diff_weight_free(diff_weight *w)
{
    free(w->dense);
    free(w->values);
    free(w->col);
    free(w->row_start);
}
