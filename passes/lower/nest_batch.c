/* nest_batch: lanes along the columns of B (the batch). Panel of columns -> K tiles -> row groups -> bundles.
 *
 * With pack, each K tile of the panel is copied to contiguous scratch, where it stays in L1 while all row groups pass
 * over it; sums of unfinished rows wait in scratch. Without it activations are read where they are, and the columns that
 * do not fill a panel are taken a vector at a time, masked.
 * Where Y has its rows contiguous (linear), finished panels are transposed block by block on their way out.
 * Sums of one element are added in the order of the storage, K tile after K tile, whatever the number of tasks. */
#include "passes/lower/batch.h"

#include <assert.h>

typedef struct batch_nest {
    lw_kernel *k;
    const lw_contraction *c;
    bool packed;       /* panels are copied */
    bool rows_inside;  /* Y has its rows contiguous */
    int group;         /* rows per group */
    int64_t width;     /* columns of a panel */
    lw_geometry shape; /* planes: what of an image a panel holds */
    int vectors;       /* of the panel being built: width / lanes, or 1 in the unpacked remainder */
    int64_t ktiles, ktile;
    ir_op *rows, *cols, *depth, *groups;
    ir_op *panel, *sums; /* scratch parts */
    ir_op *batch, *b_origin, *a_origin;
    ir_op *group_lo, *group_hi;
    ir_op *c0, *left;  /* first column of the panel, columns from there on */
    ir_op *mask;       /* unpacked remainder: of its one vector */
} batch_nest;

/* ---- one row group ---- */

static ir_op *sum_index(batch_nest *n, ir_op *row)
{
    return lw_muli(&n->k->b, row, n->width);
}

ir_op *lw_row_of(lw_kernel *k, ir_op *group, ir_op *ktile, int r)
{
    ir_builder *b = &k->b;
    const rt_storage *storage = k->storage;
    const int rows = batch_group_rows(k);
    ir_op *place = lw_muli(b, group, rows);
    if (!storage || !storage->sorted)
        return lw_addi(b, place, r);
    if (rt_row_orders(storage) > 1)
        place = lw_add(b, place, lw_muli(b, ktile, lw_group_count(storage) * rows));
    ir_op *row = lw_load(b, ir_scalar(k->module, IR_U32), lw_array(k, "perm"), place, r, NULL);
    return lw_cast(b, row, IR_INDEX);
}

/* Sums of a row that take turns, where a group has so few that each would wait for its last multiply-add. */
static int accumulator_copies(const batch_nest *n)
{
    enum { IN_FLIGHT = 8 };
    int sums = n->group * n->vectors, copies = sums < IN_FLIGHT ? IN_FLIGHT / sums : 1;
    return copies < n->k->terms->unroll ? copies : n->k->terms->unroll;
}

static void set_zero(batch_nest *n, lw_body *body, int first_copy)
{
    int sums = n->group * n->vectors;
    ir_op *zero = ir_const_int(&n->k->b, n->k->vector, 0);
    for (int i = first_copy * sums; i < body->copies * sums; i++)
        lw_set(&n->k->b, body->accumulators[i], zero);
}

/* Adds up the copies of each sum into the first. */
static void join_copies(batch_nest *n, lw_body *body)
{
    ir_builder *b = &n->k->b;
    int sums = n->group * n->vectors;
    for (int i = 0; i < sums && body->copies > 1; i++) {
        ir_op *sum = lw_get(b, body->accumulators[i]);
        for (int copy = 1; copy < body->copies; copy++)
            sum = ir_build2(b, IR_OP_add, n->k->vector, sum, lw_get(b, body->accumulators[copy * sums + i]));
        lw_set(b, body->accumulators[i], sum);
    }
}

static void load_sums(batch_nest *n, lw_body *body, ir_op *const *rows)
{
    for (int r = 0; r < n->group; r++)
        for (int v = 0; v < n->vectors; v++)
            lw_set(&n->k->b, body->accumulators[r * n->vectors + v],
                   lw_load(&n->k->b, n->k->vector, n->sums, sum_index(n, rows[r]), (int64_t)v * n->k->lanes, NULL));
}

static void store_sums(batch_nest *n, lw_body *body, ir_op *const *rows)
{
    for (int r = 0; r < n->group; r++)
        for (int v = 0; v < n->vectors; v++)
            lw_store(&n->k->b, lw_get(&n->k->b, body->accumulators[r * n->vectors + v]), n->sums, sum_index(n, rows[r]),
                     (int64_t)v * n->k->lanes, NULL);
}

/* The column where vector v begins, from the panel's first one on. */
static int64_t column_of(const batch_nest *n, int v)
{
    const int64_t pixel = (int64_t)v * n->k->lanes;
    if (n->shape.rows < 2 || n->shape.parts < 2)
        return pixel;
    return pixel / n->shape.pixels * n->c->window.out[1] + pixel % n->shape.pixels;
}

static void finish_row(batch_nest *n, lw_body *body, int r, ir_op *outer, bool masked)
{
    ir_builder *b = &n->k->b;
    if (n->c->planes) /* the axes above the last one are planes and their rows; columns run through all rows */
        outer = lw_mul(b, outer, lw_extent(b, &n->k->dims, n->k->region->result->type->dims[2]));
    for (int v = 0; v < n->vectors; v++) {
        int64_t shift = column_of(n, v);
        ir_op *mask = n->mask ? n->mask : masked ? lw_tailmask(b, lw_addi(b, n->left, -shift), n->k->lanes) : NULL;
        lw_finish(n->k, outer, lw_addi(b, n->c0, shift), n->k->lanes, mask, lw_get(b, body->accumulators[r * n->vectors + v]));
    }
}

/* Columns inside: straight from the accumulators to Y. Places past the last row are left out. */
static void finish_group(batch_nest *n, lw_body *body, ir_op *const *rows)
{
    ir_builder *b = &n->k->b;
    int64_t known;
    bool ragged = !lw_is_imm(n->rows, &known) || known % n->group;
    for (int r = 0; r < n->group; r++) {
        lw_scope inside = {0};
        if (ragged)
            inside = lw_if(b, lw_compare(b, IR_OP_lt, rows[r], n->rows));
        ir_op *outer = lw_add(b, lw_mul(b, n->batch, n->rows), rows[r]);
        n->k->row = rows[r];
        if (n->packed) {
            lw_scope full = lw_if(b, lw_compare(b, IR_OP_ge, n->left, lw_imm(b, n->width)));
            finish_row(n, body, r, outer, false);
            lw_else(b, &full);
            finish_row(n, body, r, outer, true);
            lw_end(b, &full);
        } else {
            finish_row(n, body, r, outer, false);
        }
        if (ragged)
            lw_end(b, &inside);
    }
}

static void iterate_group(batch_nest *n, lw_body *body, ir_op *group, ir_op *ktile)
{
    lw_kernel *k = n->k;
    lw_walk walk = {.kernel = k, .unroll = k->terms->unroll, .shares = true, .bundle = lw_body_batch, .ctx = body};
    if (k->storage) {
        if (n->ktiles > 1 && k->storage->cols % n->ktile)
            walk.columns = lw_min(&k->b, lw_sub(&k->b, n->depth, lw_muli(&k->b, ktile, n->ktile)), lw_imm(&k->b, n->ktile));
        ir_op *first = lw_muli(&k->b, ktile, lw_group_count(k->storage));
        lw_iterate(&walk, lw_add(&k->b, first, group));
        return;
    }
    ir_op *starts[LW_MAX_ACCUMULATORS];
    ir_op *last = lw_addi(&k->b, n->rows, -1);
    for (int r = 0; r < n->group; r++) {
        ir_op *row = lw_min(&k->b, lw_addi(&k->b, lw_muli(&k->b, group, n->group), r), last);
        starts[r] = lw_add(&k->b, n->a_origin, lw_mul(&k->b, row, lw_extent(&k->b, &k->dims, n->c->a_row)));
    }
    lw_iterate_in_place(&walk, starts, n->group, n->depth);
}

static lw_source panel_source(batch_nest *n)
{
    lw_kernel *k = n->k;
    lw_source s = {.vectors = n->vectors};
    if (n->packed) {
        s.buffer = n->panel;
        s.stride = lw_imm(&k->b, n->width);
        return s;
    }
    s.buffer = k->arg_buffers[n->c->b_arg];
    s.stride = lw_extent(&k->b, &k->dims, n->c->b_k);
    s.origin = lw_add(&k->b, n->b_origin, n->c0);
    for (int v = 0; v < n->vectors; v++)
        s.masks[v] = n->mask;
    return s;
}

static void start_group(batch_nest *n, lw_body *body, ir_op *const *rows, ir_op *ktile)
{
    ir_builder *b = &n->k->b;
    if (n->ktiles == 1) {
        set_zero(n, body, 0);
        return;
    }
    lw_scope first = lw_if(b, lw_compare(b, IR_OP_eq, ktile, lw_imm(b, 0)));
    set_zero(n, body, 0);
    lw_else(b, &first);
    set_zero(n, body, 1);
    load_sums(n, body, rows);
    lw_end(b, &first);
}

/* After the last K tile the sums are complete; before, and where they are still to be transposed, they wait. */
static void end_group(batch_nest *n, lw_body *body, ir_op *const *rows, ir_op *ktile)
{
    ir_builder *b = &n->k->b;
    if (n->rows_inside) {
        store_sums(n, body, rows);
        return;
    }
    if (n->ktiles == 1) {
        finish_group(n, body, rows);
        return;
    }
    lw_scope last = lw_if(b, lw_compare(b, IR_OP_eq, ktile, lw_imm(b, n->ktiles - 1)));
    finish_group(n, body, rows);
    lw_else(b, &last);
    store_sums(n, body, rows);
    lw_end(b, &last);
}

/* All row groups over one K tile. */
static void row_groups(batch_nest *n, ir_op *ktile)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    lw_body body = {.kernel = k, .source = panel_source(n), .row_units = n->group};
    body.copies = accumulator_copies(n);
    for (int i = 0; i < n->group * n->vectors * body.copies; i++)
        body.accumulators[i] = lw_reg(b, k->vector);
    lw_scope groups = lw_for(b, n->group_lo, n->group_hi, lw_imm(b, 1));
    ir_op *rows[LW_MAX_ACCUMULATORS];
    for (int r = 0; r < n->group; r++)
        rows[r] = lw_row_of(k, groups.op, ktile, r);
    start_group(n, &body, rows, ktile);
    iterate_group(n, &body, groups.op, ktile);
    join_copies(n, &body);
    end_group(n, &body, rows, ktile);
    lw_end(b, &groups);
}

/* Rows inside: the finished panel, transposed a block of rows by lanes columns at a time. */
static void finish_transposed(batch_nest *n)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    int lanes = k->lanes;
    ir_op *row_lo = lw_muli(b, n->group_lo, n->group), *row_hi = lw_min(b, lw_muli(b, n->group_hi, n->group), n->rows);
    ir_op *used = lw_min(b, n->left, lw_imm(b, n->width));
    lw_scope columns = lw_for(b, lw_imm(b, 0), used, lw_imm(b, lanes));
    lw_scope rows = lw_for(b, row_lo, row_hi, lw_imm(b, lanes));
    ir_op *block[64];
    for (int r = 0; r < lanes; r++)
        block[r] = lw_load(b, k->vector, n->sums, lw_add(b, sum_index(n, rows.op), columns.op), r * n->width, NULL);
    lw_transpose(k, block, lanes);
    ir_op *mask = lw_tailmask(b, lw_sub(b, row_hi, rows.op), lanes);
    ir_op *first = lw_add(b, lw_mul(b, n->batch, n->cols), lw_add(b, n->c0, columns.op));
    for (int c = 0; c < lanes; c++) {
        lw_scope inside = lw_if(b, lw_compare(b, IR_OP_lt, lw_addi(b, columns.op, c), used));
        lw_finish(k, lw_addi(b, first, c), rows.op, lanes, mask, block[c]);
        lw_end(b, &inside);
    }
    lw_end(b, &rows);
    lw_end(b, &columns);
}

/* Panels of windows: rows of the image from c0 on. */
static void fill_panel(batch_nest *n, ir_op *ktile, int64_t padded)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    const lw_planes *w = &n->c->window;
    const lw_geometry *g = &n->shape;
    ir_op *k0 = lw_muli(b, ktile, n->ktile), *depth = lw_sub(b, n->depth, k0);
    lw_panel p = {.panel = n->panel, .origin = n->b_origin, .k0 = k0, .rows = g->rows, .pixels = g->pixels, .width = n->width};
    p.depth = padded ? lw_min(b, depth, lw_imm(b, padded)) : depth;
    p.y = lw_divi(b, n->c0, w->out[1]);
    p.x = g->parts > 1 ? lw_rem(b, n->c0, lw_imm(b, w->out[1])) : lw_imm(b, 0);
    p.used = g->parts > 1 && g->rows == 1 ? n->left : lw_imm(b, g->pixels);
    p.y_end = lw_addi(b, p.y, 1);
    if (g->rows > 1)
        p.y_end = w->out[0] % g->rows ? lw_min(b, lw_addi(b, p.y, g->rows), lw_imm(b, w->out[0])) : lw_addi(b, p.y, g->rows);
    (n->c->fill == LW_FILL_WINDOW ? lw_fill_window : lw_fill_depthwise)(k, &p);
    if (!padded)
        return;
    lw_scope rest = lw_for(b, lw_mul(b, p.depth, lw_imm(b, n->width)), lw_imm(b, padded * n->width), lw_imm(b, k->lanes));
    lw_store(b, ir_const_int(b, k->vector, 0), n->panel, rest.op, 0, NULL);
    lw_end(b, &rest);
}

static void one_panel(batch_nest *n)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    int64_t padded = n->ktile;
    if (!padded && k->storage && lw_columns_reached(k->storage) > k->storage->cols)
        padded = lw_columns_reached(k->storage);
    lw_scope tiles = {0};
    ir_op *ktile = lw_imm(b, 0);
    if (n->ktiles > 1) {
        tiles = lw_for(b, ktile, lw_imm(b, n->ktiles), lw_imm(b, 1));
        ktile = tiles.op;
    }
    if (n->shape.rows)
        fill_panel(n, ktile, padded);
    else if (n->packed)
        lw_pack_panel(k, n->panel, k->arg_buffers[n->c->b_arg], n->b_origin, lw_muli(b, ktile, n->ktile), n->c0, n->left,
                      n->width, padded);
    row_groups(n, ktile);
    if (n->ktiles > 1)
        lw_end(b, &tiles);
    if (n->rows_inside)
        finish_transposed(n);
}

/* A single vector of columns; of half the lanes where that holds what is left, and machines may be the quicker for it. */
static void one_vector(batch_nest *n)
{
    enum { LEAST_LANES = 8 };
    lw_kernel *k = n->k;
    const batch_nest whole = *n;
    const int lanes = k->lanes;
    const ir_type *vector = k->vector;
    const bool halves = lanes > LEAST_LANES && !n->c->planes;
    lw_scope few = {0};
    for (int half = halves; half >= 0; half--) {
        if (half)
            few = lw_if(&k->b, lw_compare(&k->b, IR_OP_le, n->left, lw_imm(&k->b, lanes / 2)));
        else if (halves)
            lw_else(&k->b, &few);
        n->width = k->lanes = half ? lanes / 2 : lanes;
        k->vector = half ? ir_vector(k->module, k->scalar->dtype, lanes / 2) : vector;
        n->mask = n->packed ? NULL : lw_tailmask(&k->b, n->left, k->lanes);
        one_panel(n);
    }
    if (halves)
        lw_end(&k->b, &few);
    *n = whole;
}

/* The columns from c0 on, fewer than `vectors` vectors of them: half as many at once if there are, and so on; the last ones
 * a vector at a time. */
static void unpacked_rest(batch_nest *n, int vectors)
{
    ir_builder *b = &n->k->b;
    ir_op *first = n->c0, *left = n->left;
    if (vectors > 3) {
        const int64_t half = (int64_t)(vectors / 2) * n->k->lanes;
        ir_op *enough = lw_compare(b, IR_OP_ge, left, lw_imm(b, half));
        lw_scope some = lw_if(b, enough);
        n->vectors = vectors / 2;
        n->width = half;
        one_panel(n);
        lw_end(b, &some);
        ir_op *taken = ir_build3(b, IR_OP_select, first->type, enough, lw_imm(b, half), lw_imm(b, 0));
        n->c0 = lw_add(b, first, taken);
        n->left = lw_sub(b, left, taken);
        unpacked_rest(n, vectors / 2);
        return;
    }
    lw_scope rest = lw_for(b, first, n->cols, lw_imm(b, n->k->lanes));
    n->vectors = 1;
    n->c0 = rest.op;
    n->left = lw_sub(b, n->cols, rest.op);
    one_vector(n);
    lw_end(b, &rest);
}

static void unpacked_panels(batch_nest *n)
{
    ir_builder *b = &n->k->b;
    const batch_nest whole = *n;
    lw_scope full = lw_if(b, lw_compare(b, IR_OP_ge, n->left, lw_imm(b, n->width)));
    one_panel(n);
    lw_else(b, &full);
    unpacked_rest(n, n->vectors);
    *n = whole;
    lw_end(b, &full);
}

/* A last panel of few columns takes only as many vectors as a half, a quarter ... of the width gives it. Panels of images
 * are of whole rows, and all alike. */
static void packed_panels(batch_nest *n)
{
    ir_builder *b = &n->k->b;
    const int vectors = n->vectors;
    const int64_t width = n->width, half = width / 2;
    int64_t cols;
    bool known = lw_is_imm(n->cols, &cols);
    bool narrows = !n->shape.rows && !(known && (cols % width == 0 || cols % width > half));
    if (vectors == 1 && narrows) {
        one_vector(n);
        return;
    }
    if (vectors % 2 || !narrows) {
        one_panel(n);
        return;
    }
    lw_scope few = lw_if(b, lw_compare(b, IR_OP_le, n->left, lw_imm(b, half)));
    n->vectors = vectors / 2;
    n->width = half;
    packed_panels(n);
    n->vectors = vectors;
    n->width = width;
    lw_else(b, &few);
    one_panel(n);
    lw_end(b, &few);
}

/* Element of a batched operand's slice: its leading axes, stretched ones left out. */
static ir_op *batch_origin(batch_nest *n, const bool *batched, ir_op *slice)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    ir_op *index = lw_imm(b, 0), *rest = n->batch, *stride = slice;
    for (int i = n->c->batch_rank - 1; i >= 0; i--) {
        ir_op *dim = lw_extent(b, &k->dims, n->c->batch_dims[i]);
        if (batched[i]) {
            index = lw_add(b, index, lw_mul(b, lw_rem(b, rest, dim), stride));
            stride = lw_mul(b, stride, dim);
        }
        rest = lw_div(b, rest, dim);
    }
    return index;
}

/* The columns of panel number `panel`: where they begin and how many are left from there on. */
static void place_panel(batch_nest *n, ir_op *panel)
{
    ir_builder *b = &n->k->b;
    const lw_geometry *g = &n->shape;
    if (g->parts > 1) {
        const int64_t width = n->c->window.out[1];
        ir_op *first = lw_muli(b, lw_rem(b, panel, lw_imm(b, g->parts)), g->pixels);
        n->c0 = lw_add(b, lw_muli(b, lw_divi(b, panel, g->parts), g->rows * width), first);
        n->left = g->rows > 1 ? lw_imm(b, n->width) : lw_min(b, lw_sub(b, lw_imm(b, width), first), lw_imm(b, g->pixels));
        return;
    }
    n->c0 = lw_muli(b, panel, g->rows ? g->rows * g->pixels : n->width);
    n->left = lw_sub(b, n->cols, n->c0);
    if (g->rows && g->rows * g->pixels < n->width)
        n->left = lw_min(b, n->left, lw_imm(b, g->rows * g->pixels));
}

/* The row groups of a block, in whole windows. */
static void share_rows(batch_nest *n, ir_op *block)
{
    ir_builder *b = &n->k->b;
    int64_t unit = batch_task_rows(n->k) / n->group; /* groups */
    lw_block_share(n->k, block, lw_ceildivi(b, n->groups, unit), &n->group_lo, &n->group_hi);
    n->group_lo = lw_muli(b, n->group_lo, unit);
    n->group_hi = unit == 1 ? n->group_hi : lw_min(b, lw_muli(b, n->group_hi, unit), n->groups);
}

static void split_tile(batch_nest *n, ir_op *tile)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    ir_op *panels = lw_extent(b, &k->dims, batch_panel_count(k)), *rest = lw_div(b, tile, k->block_count);
    ir_op *panel = n->c->batch_rank ? lw_rem(b, rest, panels) : rest;
    n->batch = n->c->batch_rank ? lw_div(b, rest, panels) : lw_imm(b, 0);
    place_panel(n, panel);
    share_rows(n, lw_rem(b, tile, k->block_count));
    ir_op *slice = lw_mul(b, n->depth, n->cols);
    if (n->c->planes)
        slice = lw_imm(b, n->c->window.channels * n->c->window.in[0] * n->c->window.in[1]);
    n->b_origin = batch_origin(n, n->c->b_batched, slice);
    n->a_origin = batch_origin(n, n->c->a_batched, lw_mul(b, n->depth, n->rows));
}

static void build(lw_kernel *k)
{
    ir_builder *b = &k->b;
    const lw_contraction *c = &k->region->contraction;
    batch_nest nest = {.k = k, .c = c, .packed = k->terms->pack >= 0, .rows_inside = c->rows_inside,
                       .group = batch_group_rows(k), .width = k->terms->tile_cols,
                       .vectors = (int)(k->terms->tile_cols / k->lanes),
                       .ktiles = k->storage ? lw_ktile_count(k->storage) : 1,
                       .ktile = k->storage ? k->storage->request.ktile : 0, .shape = batch_geometry_of(k)};
    batch_nest *n = &nest;
    n->rows = lw_extent(b, &k->dims, c->rows);
    n->cols = lw_extent(b, &k->dims, c->cols);
    n->depth = lw_extent(b, &k->dims, c->depth);
    n->groups = lw_ceildivi(b, n->rows, n->group);
    if (k->scratch) {
        ir_op *panel = n->packed ? lw_extent(b, &k->dims, batch_panel_bytes(k)) : lw_imm(b, 0);
        n->panel = lw_subbuffer(b, k->scratch, lw_imm(b, 0), k->scalar->dtype);
        n->sums = lw_subbuffer(b, k->scratch, panel, k->scalar->dtype);
    }
    lw_scope tiles = lw_for(b, k->tile_lo, k->tile_hi, lw_imm(b, 1));
    split_tile(n, tiles.op);
    if (n->packed)
        packed_panels(n);
    else
        unpacked_panels(n);
    lw_end(b, &tiles);
}

const lw_nest lw_nest_batch = {"batch", batch_refuses, batch_measure, build};
