/* batch_extents: lanes along the batch before there is code: which plans the nest takes, how many panels and tasks there
 * are, and what they need of scratch.
 *
 * All of it in extents, since columns may be known only at the call. */
#include "passes/lower/batch.h"

static int64_t element_bytes(const lw_kernel *k)
{
    return ir_dtype_of(k->scalar->dtype)->bytes;
}

int batch_group_rows(const lw_kernel *k)
{
    return k->storage ? lw_group_rows(k->storage) : 4;
}

static const ir_extent *constant(const lw_kernel *k, int64_t value)
{
    return ir_extent_const(k->module, value);
}

/* Bytes of one packed panel: the K tile, or all of K, rounded up to whole vectors. */
const ir_extent *batch_panel_bytes(const lw_kernel *k)
{
    const lw_contraction *c = &k->region->contraction;
    const ir_extent *depth = c->depth;
    if (k->storage)
        depth = constant(k, k->storage->request.ktile ? k->storage->request.ktile : lw_columns_reached(k->storage));
    const ir_extent *steps = ir_extent_ceildiv(k->module, depth, constant(k, k->lanes));
    const ir_extent *bytes = ir_extent_mul(k->module, steps, constant(k, k->lanes * k->terms->tile_cols * element_bytes(k)));
    return c->planes ? ir_extent_add(k->module, bytes, constant(k, k->lanes * element_bytes(k))) : bytes; /* written past */
}

static const ir_extent *round_up(const lw_kernel *k, const ir_extent *value, int unit)
{
    return ir_extent_mul(k->module, ir_extent_ceildiv(k->module, value, constant(k, unit)), constant(k, unit));
}

/* Rows that wait in scratch: whole groups are written and whole vectors read, and places past the end need one. */
static const ir_extent *sums_rows(const lw_kernel *k)
{
    const ir_extent *rows = k->region->contraction.rows;
    const ir_extent *most = ir_extent_max(k->module, round_up(k, rows, k->lanes), round_up(k, rows, batch_group_rows(k)));
    return ir_extent_add(k->module, most, constant(k, k->lanes));
}

static bool needs_sums(const lw_kernel *k)
{
    const lw_contraction *c = &k->region->contraction;
    return c->rows_inside || (k->storage && lw_ktile_count(k->storage) > 1);
}

/* Rows that are sorted all together end up anywhere, so that a block of them cannot be transposed out on its own. */
static bool can_cut_rows(const lw_kernel *k)
{
    return !(k->region->contraction.rows_inside && k->storage && k->storage->sorted && !k->storage->window);
}

/* Rows that must stay in one task: a group, or the window in which they change places from K tile to K tile. */
int64_t batch_task_rows(const lw_kernel *k)
{
    return k->storage && k->storage->window ? k->storage->window : batch_group_rows(k);
}

static const ir_extent *batch_count(const lw_kernel *k)
{
    const lw_contraction *c = &k->region->contraction;
    const ir_extent *count = constant(k, 1);
    for (int i = 0; i < c->batch_rank; i++)
        count = ir_extent_mul(k->module, count, c->batch_dims[i]);
    return count;
}

lw_geometry batch_geometry_of(const lw_kernel *k)
{
    return lw_geometry_of(&k->region->contraction, k->terms->tile_cols, k->lanes);
}

/* Panels of one image or matrix. */
const ir_extent *batch_panel_count(const lw_kernel *k)
{
    const lw_contraction *c = &k->region->contraction;
    const lw_geometry g = batch_geometry_of(k);
    if (!g.rows)
        return ir_extent_ceildiv(k->module, c->cols, constant(k, k->terms->tile_cols));
    return constant(k, (c->window.out[0] + g.rows - 1) / g.rows * g.parts);
}

const char *batch_refuses(const lw_kernel *k)
{
    const lw_contraction *c = &k->region->contraction;
    const ir_plan_terms *t = k->terms;
    int64_t vectors = t->tile_cols / k->lanes;
    if (t->tile_cols % k->lanes)
        return "tile: columns must be a multiple of the vector's lanes";
    if (batch_group_rows(k) * vectors > LW_MAX_ACCUMULATORS)
        return "tile: rows of a group times vectors of a panel must not exceed 64";
    if (k->storage && !lw_bundle_fits(k->storage, t->unroll, false))
        return "unroll: too many values in one iteration";
    if (t->pack < 0 && (c->depth_inside || c->rows_inside))
        return "pack=no: activations or results lie along the other axis here, lanes=batch has to pack them";
    if (t->pack < 0 && c->fill != LW_FILL_COPY)
        return "pack=no: the panels are computed here";
    if (c->fill == LW_FILL_WINDOW && k->storage && (k->storage->request.ktile || lw_columns_reached(k->storage) > k->storage->cols))
        return "tile, store: panels of windows hold all of K, and no more";
    if (t->pack < 0 && k->storage && k->storage->request.ktile)
        return "pack=no: K tiles need packed panels";
    if (t->pack < 0 && k->storage && lw_columns_reached(k->storage) > k->storage->cols)
        return "pack=no: the storage's blocks reach past the last column";
    if (t->rows > 0 && t->rows % batch_task_rows(k))
        return "rows: must be a multiple of the storage's rows per group, and of its window";
    if (t->rows > 0 && !can_cut_rows(k))
        return "rows: sorted rows cannot be split where the result has its rows contiguous";
    if (!k->storage && t->tile_k > 0)
        return "tile: K cannot be tiled where the weight is not packed";
    return NULL;
}

void batch_measure(lw_kernel *k)
{
    ir_module *m = k->module;
    const ir_extent *bytes = constant(k, 0);
    if (k->terms->pack >= 0)
        bytes = batch_panel_bytes(k);
    if (needs_sums(k))
        bytes = ir_extent_add(m, bytes, ir_extent_mul(m, sums_rows(k), constant(k, k->terms->tile_cols * element_bytes(k))));
    if (bytes != constant(k, 0)) /* slots stay 64-aligned */
        k->slot_bytes = ir_extent_mul(m, ir_extent_ceildiv(m, bytes, constant(k, 64)), constant(k, 64));
    k->units = ir_extent_mul(m, batch_count(k), batch_panel_count(k));
    const ir_extent *pieces = ir_extent_ceildiv(m, k->region->contraction.rows, constant(k, batch_task_rows(k)));
    k->blocks = can_cut_rows(k) ? lw_row_blocks(k, pieces) : NULL;
}
