/* conv: the nest of conv2d with packed filters of any kernel, stride, dilation, padding and storage. conv.h says how the
 * image lies in the panel.
 *
 * Band of rows -> panel of tile_cols results -> K tile -> row group of the filters -> bundles, with the body of lanes=batch.
 * Sums wait in scratch until all K tiles are through, then are transposed out: outputs are contiguous in the result. */
#include "passes/lower/conv.h"

#include <assert.h>

typedef struct conv_nest {
    lw_kernel *k;
    const lw_contraction *c;
    conv_shape shape;
    conv_panel panel;
    int group;      /* filters per row group */
    int64_t width;  /* results of a panel */
    int vectors;
    int64_t ktiles, ktile;
    ir_op *rows, *groups, *sums;
    ir_op *out[2];
    ir_op *image, *y0;
    ir_op *count; /* results of this band, with those to drop */
    ir_op *p0;    /* the first of the panel */
} conv_nest;

static const char *refuses(const lw_kernel *k)
{
    const ir_plan_terms *t = k->terms;
    if (t->lanes != PLAN_LANES_BATCH)
        return "lanes: a convolution with windows has lanes=batch only";
    if (t->tile_cols % k->lanes)
        return "tile: columns must be a multiple of the vector's lanes";
    if (lw_group_rows(k->storage) * (t->tile_cols / k->lanes) > LW_MAX_ACCUMULATORS)
        return "tile: rows of a group times vectors of a panel must not exceed 64";
    if (!lw_bundle_fits(k->storage, t->unroll, false))
        return "unroll: too many values in one iteration";
    if (t->pack < 0)
        return "pack=no: a convolution with windows has to pack its image";
    if (t->rows > 0)
        return "rows: the filters of a convolution with windows are not split";
    return NULL;
}

static void measure(lw_kernel *k)
{
    conv_shape s;
    conv_shape_of(k, &s);
    k->units = ir_extent_mul(k->module, s.w.images, s.bands);
    k->slot_bytes = ir_extent_add(k->module, s.table_bytes, ir_extent_add(k->module, s.panel_bytes, s.sums_bytes));
}

/* ---- one row group over one K tile ---- */

static void set_zero(conv_nest *n, lw_body *body)
{
    for (int i = 0; i < n->group * n->vectors; i++)
        lw_set(&n->k->b, body->accumulators[i], ir_const_int(&n->k->b, n->k->vector, 0));
}

/* Between the accumulators and the rows of sums. */
static void move_sums(conv_nest *n, lw_body *body, ir_op *const *rows, bool load)
{
    ir_builder *b = &n->k->b;
    for (int r = 0; r < n->group; r++)
        for (int v = 0; v < n->vectors; v++) {
            ir_op *reg = body->accumulators[r * n->vectors + v], *at = lw_muli(b, rows[r], n->width);
            int64_t shift = (int64_t)v * n->k->lanes;
            if (load)
                lw_set(b, reg, lw_load(b, n->k->vector, n->sums, at, shift, NULL));
            else
                lw_store(b, lw_get(b, reg), n->sums, at, shift, NULL);
        }
}

static void start_group(conv_nest *n, lw_body *body, ir_op *const *rows, ir_op *ktile)
{
    ir_builder *b = &n->k->b;
    if (n->ktiles == 1) {
        set_zero(n, body);
        return;
    }
    lw_scope first = lw_if(b, lw_compare(b, IR_OP_eq, ktile, lw_imm(b, 0)));
    set_zero(n, body);
    lw_else(b, &first);
    move_sums(n, body, rows, true);
    lw_end(b, &first);
}

static void row_groups(conv_nest *n, ir_op *ktile)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    ir_op *table = lw_subbuffer(b, n->panel.table, lw_muli(b, ktile, n->ktile), n->panel.table->type->dtype);
    lw_body body = {.kernel = k, .row_units = n->group, .copies = 1,
                    .source = {.buffer = n->panel.panel, .origin = n->p0, .table = table, .vectors = n->vectors}};
    for (int i = 0; i < n->group * n->vectors; i++)
        body.accumulators[i] = lw_reg(b, k->vector);
    lw_walk walk = {.kernel = k, .unroll = k->terms->unroll, .bundle = lw_body_batch, .ctx = &body};
    lw_scope groups = lw_for(b, lw_imm(b, 0), n->groups, lw_imm(b, 1));
    ir_op *rows[LW_MAX_ACCUMULATORS];
    for (int r = 0; r < n->group; r++)
        rows[r] = lw_row_of(k, groups.op, ktile, r);
    start_group(n, &body, rows, ktile);
    lw_iterate(&walk, lw_add(b, lw_muli(b, ktile, lw_group_count(k->storage)), groups.op));
    move_sums(n, &body, rows, false);
    lw_end(b, &groups);
}

/* ---- results ---- */

/* Result p of the band as a pixel of the result, and whether it is one. */
static ir_op *pixel_of(conv_nest *n, ir_op *p, ir_op **exists)
{
    ir_builder *b = &n->k->b;
    ir_op *row = lw_div(b, p, n->panel.pitch), *column = lw_rem(b, p, n->panel.pitch);
    ir_op *used = lw_compare(b, IR_OP_lt, column, n->out[1]);
    *exists = ir_build2(b, IR_OP_and, used->type, used, lw_compare(b, IR_OP_lt, p, n->count));
    ir_op *line = lw_add(b, lw_mul(b, n->image, n->out[0]), lw_add(b, n->y0, row));
    return lw_add(b, lw_mul(b, line, n->out[1]), column);
}

/* The panel's sums, transposed a block of outputs by lanes results at a time. */
static void finish_panel(conv_nest *n)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    int lanes = k->lanes;
    ir_op *block[64], *pixels[64], *exists[64];
    ir_op *used = lw_min(b, lw_sub(b, n->count, n->p0), lw_imm(b, n->width));
    lw_scope columns = lw_for(b, lw_imm(b, 0), used, lw_imm(b, lanes));
    for (int c = 0; c < lanes; c++)
        pixels[c] = pixel_of(n, lw_addi(b, lw_add(b, n->p0, columns.op), c), &exists[c]);
    lw_scope rows = lw_for(b, lw_imm(b, 0), n->rows, lw_imm(b, lanes));
    for (int r = 0; r < lanes; r++)
        block[r] = lw_load(b, k->vector, n->sums, lw_add(b, lw_muli(b, rows.op, n->width), columns.op), r * n->width, NULL);
    lw_transpose(k, block, lanes);
    ir_op *mask = lw_tailmask(b, lw_sub(b, n->rows, rows.op), lanes);
    for (int c = 0; c < lanes; c++) {
        lw_scope inside = lw_if(b, exists[c]);
        lw_finish(k, pixels[c], rows.op, lanes, mask, block[c]);
        lw_end(b, &inside);
    }
    lw_end(b, &rows);
    lw_end(b, &columns);
}

/* ---- bands ---- */

static void one_panel(conv_nest *n)
{
    ir_builder *b = &n->k->b;
    lw_scope tiles = {0};
    ir_op *ktile = lw_imm(b, 0);
    if (n->ktiles > 1) {
        tiles = lw_for(b, ktile, lw_imm(b, n->ktiles), lw_imm(b, 1));
        ktile = tiles.op;
    }
    row_groups(n, ktile);
    if (n->ktiles > 1)
        lw_end(b, &tiles);
    finish_panel(n);
}

static void one_band(conv_nest *n, ir_op *tile)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    ir_op *bands = lw_extent(b, &k->dims, n->shape.bands), *height = lw_extent(b, &k->dims, n->shape.band_rows);
    n->image = lw_div(b, tile, bands);
    n->y0 = lw_mul(b, lw_rem(b, tile, bands), height);
    n->count = lw_mul(b, lw_min(b, height, lw_sub(b, n->out[0], n->y0)), n->panel.pitch);
    conv_pack(&n->panel, n->image, n->y0);
    lw_scope panels = lw_for(b, lw_imm(b, 0), n->count, lw_imm(b, n->width));
    n->p0 = panels.op;
    one_panel(n);
    lw_end(b, &panels);
}

static void make_buffers(conv_nest *n)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    const conv_shape *s = &n->shape;
    conv_panel *p = &n->panel;
    ir_op *panel = lw_extent(b, &k->dims, s->table_bytes);
    ir_op *sums = lw_add(b, panel, lw_extent(b, &k->dims, s->panel_bytes));
    *p = (conv_panel){.k = k, .shape = s, .table = lw_subbuffer(b, k->scratch, lw_imm(b, 0), s->narrow ? IR_I32 : IR_I64),
                      .panel = lw_subbuffer(b, k->scratch, panel, k->scalar->dtype)};
    n->sums = lw_subbuffer(b, k->scratch, sums, k->scalar->dtype);
    p->pitch = lw_extent(b, &k->dims, s->pitch);
    p->plane = lw_extent(b, &k->dims, s->plane);
    p->phase = lw_extent(b, &k->dims, s->phase);
    for (int i = 0; i < 2; i++) {
        p->in[i] = lw_extent(b, &k->dims, s->w.in[i]);
        p->before[i] = lw_extent(b, &k->dims, s->w.before[i]);
        n->out[i] = lw_extent(b, &k->dims, s->w.out[i]);
    }
}

static void build(lw_kernel *k)
{
    ir_builder *b = &k->b;
    conv_nest nest = {.k = k, .c = &k->region->contraction, .group = lw_group_rows(k->storage), .width = k->terms->tile_cols,
                      .vectors = (int)(k->terms->tile_cols / k->lanes), .ktiles = lw_ktile_count(k->storage),
                      .ktile = k->storage->request.ktile};
    conv_nest *n = &nest;
    conv_shape_of(k, &n->shape);
    n->rows = lw_extent(b, &k->dims, n->c->rows);
    n->groups = lw_ceildivi(b, n->rows, n->group);
    make_buffers(n);
    conv_fill_table(&n->panel);
    lw_scope tiles = lw_for(b, k->tile_lo, k->tile_hi, lw_imm(b, 1));
    one_band(n, tiles.op);
    lw_end(b, &tiles);
}

const lw_nest lw_nest_conv = {"conv", refuses, measure, build};
