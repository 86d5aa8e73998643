/* planes: convolutions of images whose channels are planes [n, c, h, w]; lanes lie along the pixels of a row.
 *
 * A window's tap is a load that is shifted: what it reaches outside the row is masked off, rows outside the image are
 * left out. A depthwise convolution sums its taps for some rows of the result at once, so that a loaded vector serves
 * every row that sees it. It has a nest of its own, or else fills the panels of the 1x1 convolution behind it, so that its
 * result never leaves the cache. Other convolutions fill panels with their taps, one row of the panel for each. */
#include "passes/lower/lower.h"

#include <assert.h>

enum { MAX_BLOCK = 8, MAX_HELD_TAPS = 12, MAX_TAPS = 49 };

void lw_planes_of(ir_module *m, const ir_op *op, lw_planes *out)
{
    const ir_type *x = op->args[0]->type;
    const ir_attr *stride = ir_attr_find(op, "stride"), *step = ir_attr_find(op, "dilation"), *size = ir_attr_find(op, "size");
    const ir_extent *before[2];
    bool there = ir_get_extents(m, op, "before", 2, before);
    const int filters = op->code == IR_OP_conv2d_planes;
    for (int i = 0; i < 2; i++) {
        there = there && ir_extent_is_const(before[i], &out->before[i]) && ir_extent_is_const(x->dims[2 + i], &out->in[i]) &&
                ir_extent_is_const(op->type->dims[2 + i], &out->out[i]) &&
                (size || ir_extent_is_const(op->args[1]->type->dims[i + filters], &out->size[i]));
        out->stride[i] = stride->ints[i];
        out->step[i] = step ? step->ints[i] : 1;
        if (size)
            out->size[i] = size->ints[i];
    }
    there = there && ir_extent_is_const(x->dims[1], &out->channels);
    assert(there && "the layout pass takes known extents only");
    (void)there;
}

bool lw_planes_plain(const lw_planes *w)
{
    bool plain = true;
    for (int i = 0; i < 2; i++)
        plain = plain && w->size[i] == 1 && w->stride[i] == 1 && w->before[i] == 0 && w->in[i] == w->out[i];
    return plain;
}

/* Depthwise convolutions load less the more rows they take at once. */
lw_geometry lw_geometry_of(const lw_contraction *c, int64_t columns, int lanes)
{
    const int64_t width = c->window.out[1], height = c->window.out[0], vectors = columns / lanes;
    if (!c->planes || c->fill == LW_FILL_COPY)
        return (lw_geometry){0};
    for (int64_t rows = vectors < MAX_BLOCK ? vectors : MAX_BLOCK; rows > 1 && c->fill == LW_FILL_DEPTHWISE; rows--) {
        const int64_t pixels = vectors / rows * lanes;
        if (vectors % rows == 0 && height % rows == 0 && width > pixels && width % pixels == 0)
            return (lw_geometry){rows, pixels, width / pixels};
    }
    if (width > columns)
        return (lw_geometry){1, columns, (width + columns - 1) / columns};
    const int64_t rows = columns / width;
    return (lw_geometry){rows < height ? rows : height, width, 1};
}

/* ---- taps ---- */

/* A column of vectors: pixels x .. x + lanes of some rows of the result. */
typedef struct column {
    lw_kernel *k;
    const lw_planes *w;
    ir_op *buffer;
    ir_op *x;                         /* first pixel, of the result */
    ir_op *masks[MAX_TAPS][2];        /* by kx; the second for what a stride of two reads beyond */
    ir_op *outside;                   /* what pixels outside the row count as; NULL: 0 */
} column;

static int64_t shift_of(const lw_planes *w, int kx)
{
    return kx * w->step[1] - w->before[1];
}

/* Lanes i with 0 <= first + i < width; NULL: all of them, for every x. */
static ir_op *lanes_within(column *c, int64_t shift)
{
    lw_kernel *k = c->k;
    ir_builder *b = &k->b;
    const lw_planes *w = c->w;
    ir_op *first = lw_addi(b, lw_muli(b, c->x, w->stride[1]), shift);
    int64_t last = (w->out[1] - 1) / k->lanes * k->lanes * w->stride[1] + shift; /* of the last column */
    ir_op *within = NULL;
    if (last + k->lanes > w->in[1])
        within = lw_tailmask(b, lw_sub(b, lw_imm(b, w->in[1]), first), k->lanes);
    if (shift >= 0)
        return within;
    ir_op *inside = ir_build1(b, IR_OP_not, NULL, lw_tailmask(b, lw_sub(b, lw_imm(b, 0), first), k->lanes));
    return within ? ir_build2(b, IR_OP_and, within->type, within, inside) : inside;
}

static void start_column(column *c)
{
    for (int kx = 0; kx < c->w->size[1]; kx++)
        for (int part = 0; part < c->w->stride[1]; part++)
            c->masks[kx][part] = lanes_within(c, shift_of(c->w, kx) + part * c->k->lanes);
}

static ir_op *load_part(column *c, ir_op *at, int64_t disp, ir_op *mask)
{
    lw_kernel *k = c->k;
    ir_op *x = lw_load_compute(k, k->lanes, c->buffer, at, disp, mask);
    return mask && c->outside ? ir_build3(&k->b, IR_OP_select, x->type, mask, x, c->outside) : x;
}

/* The tap (row, kx) of the vector: `at` is the element where a window without padding would begin; row counts from there. */
static ir_op *load_tap(column *c, ir_op *at, int64_t row, int kx)
{
    lw_kernel *k = c->k;
    const lw_planes *w = c->w;
    int64_t disp = (row - w->before[0]) * w->in[1] + shift_of(w, kx);
    ir_op *first = load_part(c, at, disp, c->masks[kx][0]);
    if (w->stride[1] == 1)
        return first;
    int64_t even[64];
    for (int i = 0; i < k->lanes; i++)
        even[i] = 2 * i;
    ir_op *second = load_part(c, at, disp + k->lanes, c->masks[kx][1]);
    ir_op *op = ir_build2(&k->b, IR_OP_shuffle, first->type, first, second);
    ir_set_ints(k->module, op, "mask", k->lanes, even);
    return op;
}

/* Begins a branch that is taken where row `row` of the windows of output row y lies in the image; op NULL: it always does. */
static lw_scope begin_row(column *c, ir_op *y, int64_t row, int block)
{
    ir_builder *b = &c->k->b;
    const lw_planes *w = c->w;
    const int64_t least = row - w->before[0], most = (w->out[0] - block) * w->stride[0] + least;
    if (least >= 0 && most < w->in[0])
        return (lw_scope){0};
    ir_op *at = lw_addi(b, lw_muli(b, y, w->stride[0]), least);
    ir_op *above = lw_compare(b, IR_OP_ge, at, lw_imm(b, 0)), *below = lw_compare(b, IR_OP_lt, at, lw_imm(b, w->in[0]));
    if (least >= 0)
        return lw_if(b, below);
    return lw_if(b, most < w->in[0] ? above : ir_build2(b, IR_OP_and, above->type, above, below));
}

static void end_row(column *c, const lw_scope *scope)
{
    if (scope->op)
        lw_end(&c->k->b, scope);
}

/* Element of the argument where the window of (y, x) begins, padding left out of account. */
static ir_op *window_start(column *c, ir_op *plane, ir_op *y)
{
    ir_builder *b = &c->k->b;
    ir_op *row = lw_muli(b, lw_muli(b, y, c->w->stride[0]), c->w->in[1]);
    return lw_add(b, lw_add(b, plane, row), lw_muli(b, c->x, c->w->stride[1]));
}

/* ---- depthwise ---- */

typedef struct depthwise {
    column *c;
    ir_op *weights, *bias;   /* buffers; bias NULL */
    ir_op *channel;
    ir_op *taps[MAX_TAPS];   /* held in registers; NULL: loaded where used */
    ir_op *sums[MAX_BLOCK];  /* regs */
    int block;               /* rows at once */
} depthwise;

static depthwise new_depthwise(column *c, const ir_op *op, int block)
{
    lw_kernel *k = c->k;
    depthwise d = {.c = c, .weights = k->arg_buffers[ir_get_int(op->args[1], "n", 0)], .block = block};
    if (op->nargs > 2)
        d.bias = k->arg_buffers[ir_get_int(op->args[2], "n", 0)];
    for (int i = 0; i < block; i++)
        d.sums[i] = lw_reg(&k->b, k->vector);
    return d;
}

static ir_op *tap_weight(depthwise *d, int64_t tap)
{
    lw_kernel *k = d->c->k;
    if (d->taps[tap])
        return d->taps[tap];
    ir_op *weight = lw_load_compute(k, 1, d->weights, d->channel, tap * d->c->w->channels, NULL);
    return lw_splat(&k->b, weight, k->lanes);
}

static void start_channel(depthwise *d, ir_op *channel)
{
    const int64_t taps = d->c->w->size[0] * d->c->w->size[1];
    d->channel = channel;
    for (int64_t t = 0; t < taps; t++)
        d->taps[t] = NULL;
    for (int64_t t = 0; t < taps && taps <= MAX_HELD_TAPS; t++)
        d->taps[t] = tap_weight(d, t);
}

/* The row of the weights that row `row` of the block's windows is for sum i; -1: none. */
static int64_t weight_row(const lw_planes *w, int64_t row, int i)
{
    const int64_t first = row - i * w->stride[0];
    return first >= 0 && first % w->step[0] == 0 && first / w->step[0] < w->size[0] ? first / w->step[0] : -1;
}

/* Adds row `row` of the windows of the block to every sum that sees it. */
static void add_row(depthwise *d, ir_op *at, int64_t row)
{
    lw_kernel *k = d->c->k;
    const lw_planes *w = d->c->w;
    for (int kx = 0; kx < w->size[1]; kx++) {
        ir_op *x = NULL;
        for (int i = 0; i < d->block; i++) {
            const int64_t ky = weight_row(w, row, i);
            if (ky < 0)
                continue;
            x = x ? x : load_tap(d->c, at, row, kx);
            ir_op *weight = tap_weight(d, ky * w->size[1] + kx);
            lw_set(&k->b, d->sums[i], lw_multiply_add(k, weight, x, lw_get(&k->b, d->sums[i])));
        }
    }
}

static int64_t block_reach(const depthwise *d)
{
    const lw_planes *w = d->c->w;
    return (d->block - 1) * w->stride[0] + (w->size[0] - 1) * w->step[0] + 1;
}

static void sum_by_rows(depthwise *d, ir_op *at, ir_op *y)
{
    for (int64_t row = 0; row < block_reach(d); row++) {
        lw_scope inside = begin_row(d->c, y, row, d->block);
        add_row(d, at, row);
        end_row(d->c, &inside);
    }
}

/* Windows with more weights than registers, column of the window by column: its weights are held while all rows pass. The
 * place of a column's loads is made opaque, so that those of another are not moved there and spilled. */
static void sum_by_columns(depthwise *d, ir_op *at, ir_op *y, int64_t first, int64_t last)
{
    lw_kernel *k = d->c->k;
    ir_builder *b = &k->b;
    const lw_planes *w = d->c->w;
    ir_op *weights[MAX_TAPS], *shift = y;
    for (int kx = 0; kx < w->size[1]; kx++) {
        shift = ir_build1(b, IR_OP_opaque, NULL, shift);
        ir_op *moved = lw_sub(b, shift, y), *channel = lw_add(b, d->channel, moved), *from = lw_add(b, at, moved);
        for (int64_t ky = 0; ky < w->size[0]; ky++)
            weights[ky] = lw_splat(b, lw_load_compute(k, 1, d->weights, channel, (ky * w->size[1] + kx) * w->channels, NULL), k->lanes);
        for (int64_t row = first; row < last; row++) {
            ir_op *x = NULL;
            for (int i = 0; i < d->block; i++) {
                const int64_t ky = weight_row(w, row, i);
                if (ky < 0)
                    continue;
                x = x ? x : load_tap(d->c, from, row, kx);
                lw_set(b, d->sums[i], lw_multiply_add(k, weights[ky], x, lw_get(b, d->sums[i])));
            }
        }
    }
}

/* Sums of windows that lie within the image's rows have no branches. */
static void sum_windows(depthwise *d, ir_op *at, ir_op *y)
{
    ir_builder *b = &d->c->k->b;
    const lw_planes *w = d->c->w;
    const int64_t reach = block_reach(d), above = w->before[0], blocks = w->out[0] / d->block;
    if (blocks == 1) { /* the rows outside are known */
        const int64_t last = above + w->in[0];
        sum_by_columns(d, at, y, above, last < reach ? last : reach);
        return;
    }
    ir_op *start = lw_addi(b, lw_muli(b, y, w->stride[0]), -above);
    ir_op *from_top = lw_compare(b, IR_OP_ge, start, lw_imm(b, 0));
    ir_op *to_bottom = lw_compare(b, IR_OP_le, start, lw_imm(b, w->in[0] - reach));
    lw_scope whole = lw_if(b, ir_build2(b, IR_OP_and, from_top->type, from_top, to_bottom));
    sum_by_columns(d, at, y, 0, reach);
    lw_else(b, &whole);
    sum_by_rows(d, at, y);
    lw_end(b, &whole);
}

/* Sums of rows y .. y + block of the channel whose plane begins at `plane`. */
static void sum_block(depthwise *d, ir_op *plane, ir_op *y)
{
    lw_kernel *k = d->c->k;
    const lw_planes *w = d->c->w;
    ir_op *start = ir_const_int(&k->b, k->vector, 0), *at = window_start(d->c, plane, y);
    if (d->bias)
        start = lw_splat(&k->b, lw_load_compute(k, 1, d->bias, d->channel, 0, NULL), k->lanes);
    for (int i = 0; i < d->block; i++)
        lw_set(&k->b, d->sums[i], start);
    if (w->size[0] * w->size[1] > MAX_HELD_TAPS)
        sum_windows(d, at, y);
    else
        sum_by_rows(d, at, y);
}

/* Rows at once: a divisor of what there is, so that blocks come whole. */
static int block_rows(int64_t rows, int64_t all)
{
    for (int block = MAX_BLOCK; block > 1; block--)
        if (rows % block == 0 && all % block == 0)
            return block;
    return 1;
}

/* ---- panels ---- */

/* Columns of vectors are taken from the right: the lanes that the rightmost one writes too many are written again. */
static lw_scope begin_columns(column *c, const lw_panel *p)
{
    ir_builder *b = &c->k->b;
    ir_op *count = lw_ceildivi(b, p->used, c->k->lanes);
    lw_scope loop = lw_for(b, lw_imm(b, 0), count, lw_imm(b, 1));
    ir_op *from_right = lw_sub(b, lw_addi(b, count, -1), loop.op);
    c->x = lw_add(b, p->x, lw_muli(b, from_right, c->k->lanes));
    start_column(c);
    return loop;
}

/* Element of the panel's row where (y, the column's x) lies. */
static ir_op *panel_place(const column *c, const lw_panel *p, ir_op *y)
{
    ir_builder *b = &c->k->b;
    return lw_add(b, lw_muli(b, lw_sub(b, y, p->y), p->pixels), lw_sub(b, c->x, p->x));
}

void lw_fill_depthwise(lw_kernel *k, const lw_panel *p)
{
    ir_builder *b = &k->b;
    const lw_contraction *c = &k->region->contraction;
    const lw_planes *w = &c->window;
    column col = {.k = k, .w = w, .buffer = k->arg_buffers[c->b_arg]};
    depthwise d = new_depthwise(&col, c->producer, block_rows(p->rows, w->out[0]));
    lw_scope columns = begin_columns(&col, p);
    lw_scope channels = lw_for(b, lw_imm(b, 0), p->depth, lw_imm(b, 1));
    ir_op *channel = lw_add(b, p->k0, channels.op);
    start_channel(&d, channel);
    ir_op *plane = lw_add(b, p->origin, lw_muli(b, channel, w->in[0] * w->in[1]));
    lw_scope rows = lw_for(b, p->y, p->y_end, lw_imm(b, d.block));
    sum_block(&d, plane, rows.op);
    ir_op *place = lw_add(b, lw_muli(b, channels.op, p->width), panel_place(&col, p, rows.op));
    for (int i = 0; i < d.block; i++)
        lw_store(b, lw_fed(k, lw_get(b, d.sums[i])), p->panel, place, i * p->pixels, NULL);
    lw_end(b, &rows);
    lw_end(b, &channels);
    lw_end(b, &columns);
}

void lw_fill_window(lw_kernel *k, const lw_panel *p)
{
    ir_builder *b = &k->b;
    const lw_contraction *c = &k->region->contraction;
    const lw_planes *w = &c->window;
    column col = {.k = k, .w = w, .buffer = k->arg_buffers[c->b_arg]};
    ir_op *value = lw_reg(b, k->vector);
    lw_scope columns = begin_columns(&col, p);
    for (int ky = 0; ky < w->size[0]; ky++)
        for (int kx = 0; kx < w->size[1]; kx++) {
            lw_scope channels = lw_for(b, lw_imm(b, 0), lw_imm(b, w->channels), lw_imm(b, 1));
            ir_op *plane = lw_add(b, p->origin, lw_muli(b, channels.op, w->in[0] * w->in[1]));
            lw_scope rows = lw_for(b, p->y, p->y_end, lw_imm(b, 1));
            lw_set(b, value, ir_const_int(b, k->vector, 0));
            lw_scope inside = begin_row(&col, rows.op, ky * w->step[0], 1);
            lw_set(b, value, load_tap(&col, window_start(&col, plane, rows.op), ky * w->step[0], kx));
            end_row(&col, &inside);
            ir_op *place = lw_add(b, lw_muli(b, channels.op, p->width), panel_place(&col, p, rows.op));
            lw_store(b, lw_get(b, value), p->panel, place, (ky * w->size[1] + kx) * w->channels * p->width, NULL);
            lw_end(b, &rows);
            lw_end(b, &channels);
        }
    lw_end(b, &columns);
}

/* ---- the nest of a depthwise convolution by itself ---- */

static const char *refuses(const lw_kernel *k)
{
    (void)k;
    return NULL;
}

static void measure(lw_kernel *k)
{
    const ir_type *t = k->region->core->type;
    k->units = ir_extent_mul(k->module, t->dims[0], t->dims[1]);
}

static void store_rows(depthwise *d, ir_op *plane, ir_op *y)
{
    lw_kernel *k = d->c->k;
    ir_builder *b = &k->b;
    const int64_t width = d->c->w->out[1];
    ir_op *mask = NULL;
    if (width % k->lanes)
        mask = lw_tailmask(b, lw_sub(b, lw_imm(b, width), d->c->x), k->lanes);
    ir_op *outer = lw_add(b, lw_muli(b, plane, d->c->w->out[0]), y);
    for (int i = 0; i < d->block; i++)
        lw_finish(k, lw_addi(b, outer, i), d->c->x, k->lanes, mask, lw_get(b, d->sums[i]));
}

static void build(lw_kernel *k)
{
    ir_builder *b = &k->b;
    const ir_op *op = k->region->core;
    lw_planes w;
    lw_planes_of(k->module, op, &w);
    column col = {.k = k, .w = &w, .buffer = k->arg_buffers[ir_get_int(op->args[0], "n", 0)]};
    depthwise d = new_depthwise(&col, op, block_rows(w.out[0], w.out[0]));
    lw_scope planes = lw_for(b, k->tile_lo, k->tile_hi, lw_imm(b, 1));
    start_channel(&d, lw_rem(b, planes.op, lw_imm(b, w.channels)));
    ir_op *plane = lw_muli(b, planes.op, w.in[0] * w.in[1]);
    lw_scope columns = lw_for(b, lw_imm(b, 0), lw_imm(b, w.out[1]), lw_imm(b, k->lanes));
    col.x = columns.op;
    start_column(&col);
    lw_scope rows = lw_for(b, lw_imm(b, 0), lw_imm(b, w.out[0]), lw_imm(b, d.block));
    sum_block(&d, plane, rows.op);
    store_rows(&d, planes.op, rows.op);
    lw_end(b, &rows);
    lw_end(b, &columns);
    lw_end(b, &planes);
}

const lw_nest lw_nest_depthwise_planes = {"depthwise_planes", refuses, measure, build};

/* ---- the nest of maxpool2d ---- */

/* The largest of the windows of vector c->x of row y of the plane. */
static ir_op *largest_of(column *c, ir_op *reg, ir_op *plane, ir_op *y)
{
    ir_builder *b = &c->k->b;
    ir_op *at = window_start(c, plane, y);
    lw_set(b, reg, c->outside);
    for (int64_t ky = 0; ky < c->w->size[0]; ky++) {
        lw_scope inside = begin_row(c, y, ky, 1);
        for (int kx = 0; kx < c->w->size[1]; kx++) {
            ir_op *x = load_tap(c, at, ky, kx);
            lw_set(b, reg, ir_build2(b, IR_OP_max, x->type, x, lw_get(b, reg)));
        }
        end_row(c, &inside);
    }
    return lw_get(b, reg);
}

static void build_pool(lw_kernel *k)
{
    ir_builder *b = &k->b;
    const ir_op *op = k->region->core;
    lw_planes w;
    lw_planes_of(k->module, op, &w);
    column col = {.k = k, .w = &w, .buffer = k->arg_buffers[ir_get_int(op->args[0], "n", 0)], .outside = lw_least(b, k->vector)};
    ir_op *reg = lw_reg(b, k->vector);
    lw_scope planes = lw_for(b, k->tile_lo, k->tile_hi, lw_imm(b, 1));
    ir_op *plane = lw_muli(b, planes.op, w.in[0] * w.in[1]);
    lw_scope columns = lw_for(b, lw_imm(b, 0), lw_imm(b, w.out[1]), lw_imm(b, k->lanes));
    col.x = columns.op;
    start_column(&col);
    ir_op *mask = w.out[1] % k->lanes ? lw_tailmask(b, lw_sub(b, lw_imm(b, w.out[1]), col.x), k->lanes) : NULL;
    lw_scope rows = lw_for(b, lw_imm(b, 0), lw_imm(b, w.out[0]), lw_imm(b, 1));
    ir_op *largest = largest_of(&col, reg, plane, rows.op);
    lw_finish(k, lw_add(b, lw_muli(b, planes.op, w.out[0]), rows.op), col.x, k->lanes, mask, largest);
    lw_end(b, &rows);
    lw_end(b, &columns);
    lw_end(b, &planes);
}

const lw_nest lw_nest_pool_planes = {"pool_planes", refuses, measure, build_pool};
