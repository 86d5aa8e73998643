/* facts: what a matrix looks like: counts per row, empty rows and columns, blocks that are held. */
#include "runtime/entries.h"
#include "runtime/nonzeros.h"
#include "runtime/occupancy.h"

#include <math.h>
#include <stdlib.h>

static bool mark(void *ctx, int64_t row, int64_t col, uint64_t bits)
{
    (void)bits;
    rt_occupancy *o = ctx;
    o->nnz++;
    o->in_row[row]++;
    o->channel[o->width == o->cols ? col : col % o->width] = true;
    if (o->block) {
        int64_t index = row / o->r * o->block_cols + col / o->c;
        o->block[index / 8] |= (unsigned char)(1u << (index % 8));
    }
    if (o->row_key) {
        o->row_key[row] += rt_hash_number((uint64_t)col);
        o->col_key[col] += rt_hash_number((uint64_t)row);
    }
    return true;
}

static void choose_block(const rt_pattern *p, rt_occupancy *o)
{
    for (int i = 0; p && i < p->count && !o->r; i++)
        if (p->part[i].kind == RT_BLOCK) {
            o->r = p->part[i].a;
            o->c = p->part[i].b;
        }
}

bool rt_occupancy_make(const rt_matrix *m, const rt_pattern *p, bool keys, rt_occupancy *o)
{
    bool grouped = p && p->width > 0 && p->width < m->cols;
    *o = (rt_occupancy){.rows = m->rows, .cols = m->cols, .width = grouped ? p->width : m->cols};
    choose_block(p, o);
    o->in_row = calloc((size_t)m->rows + 1, sizeof *o->in_row);
    o->channel = calloc((size_t)o->width + 1, sizeof *o->channel);
    if (o->r) {
        o->block_rows = m->rows / o->r + (m->rows % o->r != 0);
        o->block_cols = m->cols / o->c + (m->cols % o->c != 0);
        o->block = calloc((size_t)(o->block_rows * o->block_cols) / 8 + 1, 1);
    }
    if (keys) {
        o->row_key = calloc((size_t)m->rows + 1, sizeof *o->row_key);
        o->col_key = calloc((size_t)m->cols + 1, sizeof *o->col_key);
    }
    if (!o->in_row || !o->channel || (o->r && !o->block) || (keys && (!o->row_key || !o->col_key))) {
        rt_occupancy_free(o);
        return false;
    }
    rt_visit_nonzeros(m, mark, o);
    return true;
}

void rt_occupancy_free(rt_occupancy *o)
{
    free(o->in_row);
    free(o->channel);
    free(o->block);
    free(o->row_key);
    free(o->col_key);
    *o = (rt_occupancy){0};
}

typedef struct held_parts {
    int64_t width;
    bool *rows, *cols;
} held_parts;

static bool mark_held(void *ctx, int64_t row, int64_t col, uint64_t bits)
{
    const held_parts *h = ctx;
    (void)bits;
    h->rows[row] = h->cols[col % h->width] = true;
    return true;
}

void rt_matrix_held(const rt_matrix *m, int64_t width, bool *rows, bool *cols)
{
    held_parts h = {width, rows, cols};
    rt_visit_nonzeros(m, mark_held, &h);
}

static int64_t shorter(int64_t a, int64_t b) { return a < b ? a : b; }

static void block_facts(const rt_occupancy *o, rt_facts *out)
{
    int64_t held = 0;
    for (int64_t row = 0; row < o->block_rows; row++)
        for (int64_t col = 0; col < o->block_cols; col++)
            if (rt_occupancy_block(o, row, col)) {
                out->blocks++;
                held += shorter(o->r, o->rows - row * o->r) * shorter(o->c, o->cols - col * o->c);
            }
    out->block_fill = held ? (double)o->nnz / (double)held : 0;
}

static void row_facts(const rt_occupancy *o, rt_facts *out)
{
    double spread = 0;
    out->row_min = o->rows ? INT64_MAX : 0;
    out->row_mean = o->rows ? (double)o->nnz / (double)o->rows : 0;
    for (int64_t row = 0; row < o->rows; row++) {
        int64_t count = o->in_row[row];
        double off = (double)count - out->row_mean;
        out->row_min = count < out->row_min ? count : out->row_min;
        out->row_max = count > out->row_max ? count : out->row_max;
        out->empty_rows += count == 0;
        spread += off * off;
    }
    out->row_cv = out->row_mean > 0 ? sqrt(spread / (double)o->rows) / out->row_mean : 0;
}

/* Keys that are not 0 for each different one: 1 where no two are equal. -1: no memory. */
static double keys_for_each(const uint64_t *keys, int64_t count)
{
    int64_t used = 0, different = 0, slots = 16;
    while (slots < 2 * count)
        slots *= 2;
    uint64_t *table = calloc((size_t)slots, sizeof *table);
    if (!table)
        return -1;
    for (int64_t i = 0; i < count; i++) {
        int64_t slot = (int64_t)(keys[i] & (uint64_t)(slots - 1));
        if (!keys[i])
            continue;
        while (table[slot] && table[slot] != keys[i])
            slot = (slot + 1) & (slots - 1);
        used++;
        different += !table[slot];
        table[slot] = keys[i];
    }
    free(table);
    return different ? (double)used / (double)different : 1;
}

spc_status rt_matrix_facts(const rt_matrix *m, const rt_pattern *p, rt_facts *out, rt_error *e)
{
    rt_occupancy o;
    *out = (rt_facts){.rows = m->rows, .cols = m->cols};
    if (!rt_occupancy_make(m, p, true, &o))
        return rt_fail(e, SPC_E_NOMEM, "out of memory while looking at a matrix");
    out->nnz = o.nnz;
    out->density = m->rows && m->cols ? (double)o.nnz / ((double)m->rows * (double)m->cols) : 0;
    row_facts(&o, out);
    for (int64_t col = 0; col < o.width; col++)
        out->empty_cols += !o.channel[col];
    if (o.width)
        out->empty_cols *= m->cols / o.width;
    if (o.block)
        block_facts(&o, out);
    out->row_alike = keys_for_each(o.row_key, m->rows);
    out->col_alike = keys_for_each(o.col_key, m->cols);
    rt_occupancy_free(&o);
    if (out->row_alike < 0 || out->col_alike < 0)
        return rt_fail(e, SPC_E_NOMEM, "out of memory while looking at a matrix");
    return SPC_OK;
}
