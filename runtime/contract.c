/* contract: checks a matrix against its pattern, non-zero by non-zero, in row-major order.
 *
 * Only N:M and band can be violated. Blocks, rows and columns allow zeros inside what they keep, so for them there is
 * a warning where most zeros are of that kind. */
#include "runtime/nonzeros.h"
#include "runtime/occupancy.h"

#include <stdio.h>

typedef struct checking {
    const rt_pattern *pattern;
    spc_dtype dtype;
    rt_violation *out;
    int64_t row[RT_MAX_PATTERNS], group[RT_MAX_PATTERNS], held[RT_MAX_PATTERNS]; /* of each N:M part */
} checking;

/* Whether this non-zero is one too many in its group. */
static bool overfills(checking *c, int part, int64_t row, int64_t col)
{
    int64_t group = col / c->pattern->part[part].b;
    if (c->row[part] != row || c->group[part] != group) {
        c->row[part] = row;
        c->group[part] = group;
        c->held[part] = 0;
    }
    return ++c->held[part] > c->pattern->part[part].a;
}

static bool off_band(const checking *c, int part, int64_t row, int64_t col)
{
    int64_t diagonal = (c->pattern->width > 0 ? col % c->pattern->width : col) - row;
    return diagonal < c->pattern->part[part].a || diagonal > c->pattern->part[part].b;
}

static bool check_element(void *ctx, int64_t row, int64_t col, uint64_t bits)
{
    checking *c = ctx;
    int violated = -1;
    for (int part = 0; part < c->pattern->count; part++) {
        rt_pattern_kind kind = c->pattern->part[part].kind;
        bool surplus = kind == RT_NM ? overfills(c, part, row, col) : kind == RT_BAND && off_band(c, part, row, col);
        if (surplus && violated < 0)
            violated = part;
    }
    if (violated < 0)
        return true;
    if (c->out->surplus++ == 0) {
        c->out->row = row;
        c->out->col = col;
        c->out->value = rt_value_of_bits(c->dtype, bits);
        c->out->part = violated;
    }
    return true;
}

static bool has_part(const rt_pattern *p, rt_pattern_kind kind)
{
    for (int i = 0; i < p->count; i++)
        if (p->part[i].kind == kind)
            return true;
    return false;
}

static int64_t shorter(int64_t a, int64_t b) { return a < b ? a : b; }

/* Elements of a window that lie in no zero row and no zero column, as far as the pattern speaks of those. */
static int64_t live_elements(const rt_occupancy *o, const rt_pattern *p, int64_t row, int64_t rows, int64_t col,
                             int64_t cols)
{
    int64_t live_rows = 0, live_cols = 0;
    bool by_row = has_part(p, RT_ROWS), by_col = has_part(p, RT_COLUMNS);
    for (int64_t i = row; i < row + rows; i++)
        live_rows += !by_row || o->in_row[i];
    for (int64_t i = col; i < col + cols; i++)
        live_cols += !by_col || o->channel[i % o->width];
    return live_rows * live_cols;
}

/* Elements that no zero block, row or column covers. */
static int64_t uncovered(const rt_occupancy *o, const rt_pattern *p)
{
    int64_t count = 0;
    if (!o->r)
        return live_elements(o, p, 0, o->rows, 0, o->cols);
    for (int64_t i = 0; i < o->block_rows; i++)
        for (int64_t j = 0; j < o->block_cols; j++)
            if (rt_occupancy_block(o, i, j))
                count += live_elements(o, p, i * o->r, shorter(o->r, o->rows - i * o->r), j * o->c,
                                       shorter(o->c, o->cols - j * o->c));
    return count;
}

/* Whether under half of the zeros fall in whole zero blocks, rows or columns. False where there is no memory to see. */
static bool is_scattered(const rt_pattern *p, const rt_matrix *m)
{
    rt_occupancy o;
    if (!has_part(p, RT_BLOCK) && !has_part(p, RT_ROWS) && !has_part(p, RT_COLUMNS))
        return false;
    if (!rt_occupancy_make(m, p, false, &o))
        return false;
    int64_t elements = m->rows * m->cols, zeros = elements - o.nnz, covered = elements - uncovered(&o, p);
    rt_occupancy_free(&o);
    return covered < zeros - covered;
}

void rt_pattern_check(const rt_pattern *p, const rt_matrix *m, rt_violation *out)
{
    *out = (rt_violation){0};
    checking c = {.pattern = p, .dtype = m->dtype, .out = out};
    for (int i = 0; i < p->count; i++)
        c.row[i] = -1;
    if (has_part(p, RT_NM) || has_part(p, RT_BAND))
        rt_visit_nonzeros(m, check_element, &c);
    out->scattered = is_scattered(p, m);
}

void rt_violation_print(const rt_pattern *p, const rt_violation *v, char *out, size_t size)
{
    const rt_pattern part = {.count = 1, .part = {p->part[v->part]}};
    char text[128];
    rt_pattern_print(&part, text, sizeof text);
    snprintf(out, size, "%g breaks the pattern %s; surplus elements in all: %lld", v->value, text, (long long)v->surplus);
}
