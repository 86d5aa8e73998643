/* choose: the first plan of a kernel, from the pattern, the shape and the target alone.
 *
 * Three cases by where lanes can run: columns of B contiguous (matmul with a sparse left side): lanes=batch. Rows of the
 * result contiguous (linear): the same over transposed panels. One column: lanes=rows with gathers. Nothing packed:
 * lanes=batch in place. Register blocks keep rows x vectors within half of the registers. */
#include "passes/planner/planner.h"

#include <stdio.h>
#include <string.h>

/* At this density and above a dense storage is quicker than its own non-zeros. */
static const double DENSE_FROM = 0.7;

/* From this density on a vector is multiplied sooner by all elements in order than by gathering for the non-zeros. */
static const double GATHER_UP_TO = 0.17;

/* Up to this density a packed panel is read too seldom to pay for its copy. */
static const double DIRECT_UP_TO = 0.04;

static int64_t largest_divisor(int64_t n, int64_t limit)
{
    for (int64_t d = limit < n ? limit : n; d > 1; d--)
        if (n % d == 0)
            return d;
    return 1;
}

/* Very sparse, and the activations lie along the lanes already. */
static bool reads_in_place(const planner_facts *f)
{
    const lw_contraction *c = &f->region->contraction;
    return planner_pattern_kind(f) == RT_UNSTRUCTURED && f->density <= DIRECT_UP_TO && !c->depth_inside && !c->rows_inside;
}

/* Storage for lanes=batch: up to 8 rows share a loaded vector or keep the multipliers busy. */
static void batch_storage(const planner_facts *f, char *store, size_t size)
{
    int64_t a = f->pattern.count ? f->pattern.part[0].a : 0, b = f->pattern.count ? f->pattern.part[0].b : 0;
    rt_pattern_kind kind = planner_pattern_kind(f);
    if (kind == RT_NM)
        snprintf(store, size, "nm:%ld:%ld:4", (long)a, (long)b);
    else if (kind == RT_BLOCK && a * b > 1)
        snprintf(store, size, "bsr:%ldx%ld", (long)largest_divisor(a, 8), (long)b);
    else if (kind == RT_BAND)
        snprintf(store, size, "band:%ld:%ld", (long)a, (long)b);
    else if (kind == RT_DENSE || f->density >= DENSE_FROM)
        snprintf(store, size, "dense:4");
    else if (kind == RT_ROWS || kind == RT_COLUMNS)
        snprintf(store, size, "%s:4", kind == RT_ROWS ? "rows" : "columns");
    else
        snprintf(store, size, "%s", reads_in_place(f) ? "csr" : "sell:4");
}

/* Storage for lanes=rows: whole vectors of rows. */
static void rows_storage(const planner_facts *f, char *store, size_t size)
{
    rt_pattern_kind kind = planner_pattern_kind(f);
    int64_t a = f->pattern.count ? f->pattern.part[0].a : 0, b = f->pattern.count ? f->pattern.part[0].b : 0;
    if (kind == RT_BLOCK && a % f->lanes == 0)
        snprintf(store, size, "bsc:%ldx%ld", (long)f->lanes, (long)b);
    else if (f->density < DENSE_FROM && (kind == RT_ROWS || kind == RT_COLUMNS))
        snprintf(store, size, "%s:%d", kind == RT_ROWS ? "rows" : "columns", f->lanes * 2);
    else if (kind == RT_DENSE || f->density >= GATHER_UP_TO)
        snprintf(store, size, "dense:%d", f->lanes * 2);
    else
        snprintf(store, size, "sell:%d", f->lanes);
}

static int rows_of_storage(const char *store)
{
    int rows = 1;
    if (!strncmp(store, "nm:", 3))
        return sscanf(store, "nm:%*d:%*d:%d", &rows) == 1 ? rows : 1;
    const char *colon = strchr(store, ':');
    return colon && sscanf(colon + 1, "%d", &rows) == 1 ? rows : 1;
}

/* Columns per panel so that the accumulators take at most half of the registers. */
static int64_t panel_columns(const planner_facts *f, int rows)
{
    int vectors = f->target->vector_registers / 2 / (rows ? rows : 1);
    int most = reads_in_place(f) ? 8 : 4;
    return (int64_t)f->lanes * (vectors < 1 ? 1 : vectors > most ? most : vectors);
}

/* K tile so that a packed panel of 32 columns fills the L1 data cache, twice over where rows are sparse: then the sums
 * carried from tile to tile and the ends of short loops cost more than panel rows that come from L2. The same for every
 * width, so that variants share one packed weight. Whole tiles of 64. */
static int64_t k_tile(const planner_facts *f)
{
    int64_t l1 = f->target->l1d_bytes ? f->target->l1d_bytes : 32768;
    int64_t rows = (f->density < 0.3 ? 2 : 1) * l1 / (32 * 4) / 64 * 64;
    if (rows < 64)
        rows = 64;
    return f->depth <= rows + rows / 2 ? -1 : rows;
}

static int64_t narrow_panel(const planner_facts *f)
{
    return f->lanes < 16 ? 16 : f->lanes;
}

/* K tiles must hold whole blocks and groups. */
static int64_t whole_units(const planner_facts *f, int64_t tile)
{
    if (tile <= 0 || !f->pattern.count)
        return tile;
    int64_t unit = f->pattern.part[0].kind == RT_NM || f->pattern.part[0].kind == RT_BLOCK ? f->pattern.part[0].b : 1;
    if (unit < 1 || tile % unit == 0)
        return tile;
    return (tile + unit - 1) / unit * unit;
}

/* K tiles of a convolution with windows are whole pixels of the window, or the same part of each pixel, so that tile after
 * tile reads what the last one brought to the cache. */
static int64_t window_tile(const planner_facts *f, int64_t tile)
{
    int64_t inputs = 1, unit = whole_units(f, 1);
    ir_extent_is_const(f->region->contraction.op->args[0]->type->dims[3], &inputs);
    if (tile <= 0 || inputs <= tile)
        return tile <= 0 ? tile : tile / inputs * inputs;
    int64_t part = largest_divisor(inputs, tile);
    return part % unit ? inputs : part;
}

static bool tiles_k(const char *store)
{
    return strncmp(store, "columns", 7) != 0 && strncmp(store, "band", 4) != 0;
}

/* Blocks and the columns of narrow whole rows are unrolled already. */
static int default_unroll(const planner_facts *f, const char *store)
{
    if (!strncmp(store, "bs", 2) || (!strncmp(store, "rows", 4) && f->depth <= 16))
        return 1;
    return !strncmp(store, "nm", 2) || !strcmp(store, "csr") ? 2 : 4;
}

static void choose_batch(const planner_facts *f, int64_t most, ir_plan_terms *t)
{
    const lw_contraction *c = &f->region->contraction;
    if (!t->store[0] && c->packed)
        batch_storage(f, t->store, sizeof t->store);
    int rows = c->packed ? rows_of_storage(t->store) : 4;
    if (!t->tile_cols && c->planes)
        t->tile_cols = planner_panel_pixels(f, rows);
    if (!t->tile_cols)
        t->tile_cols = most && most <= PLANNER_FEW ? narrow_panel(f) : panel_columns(f, rows);
    if (!t->pack && c->planes)
        t->pack = c->fill == LW_FILL_COPY ? -1 : 1;
    if (!t->tile_k && c->fill == LW_FILL_WINDOW)
        t->tile_k = -1;
    if (!t->pack)
        t->pack = c->depth_inside || c->rows_inside || t->tile_k > 0 || (c->packed && !reads_in_place(f)) ? 1 : -1;
    bool open_k = !t->tile_k;
    if (open_k)
        t->tile_k = tiles_k(t->store) && c->packed && t->pack > 0 ? whole_units(f, k_tile(f)) : -1;
    if (open_k && c->windowed)
        t->tile_k = window_tile(f, t->tile_k);
    if (!t->unroll)
        t->unroll = default_unroll(f, t->store);
}

static void choose_rows(const planner_facts *f, int64_t columns, ir_plan_terms *t)
{
    if (!t->store[0])
        rows_storage(f, t->store, sizeof t->store);
    int units = rows_of_storage(t->store) / f->lanes;
    int most = f->target->vector_registers / 2 / (units < 1 ? 1 : units);
    if (!t->tile_cols)
        t->tile_cols = columns && columns < 8 && columns < most ? columns : most < 8 ? most : 8;
    if (t->tile_cols < 1)
        t->tile_cols = 1;
    t->tile_k = t->tile_k ? t->tile_k : -1;
    t->pack = -1;
    t->unroll = t->unroll ? t->unroll : default_unroll(f, t->store);
}

static void choose_k(const planner_facts *f, ir_plan_terms *t)
{
    if (!t->store[0] && f->region->contraction.packed && planner_pattern_kind(f) == RT_BAND)
        batch_storage(f, t->store, sizeof t->store);
    else if (!t->store[0] && f->region->contraction.packed)
        snprintf(t->store, sizeof t->store, "%s", planner_pattern_kind(f) == RT_DENSE || f->density >= DENSE_FROM ? "dense:1" : "csr");
    if (!t->tile_cols)
        t->tile_cols = 4;
    t->tile_k = t->tile_k ? t->tile_k : -1;
    t->pack = -1;
    t->unroll = t->unroll ? t->unroll : 1;
}

static bool is_dense(const planner_facts *f)
{
    return planner_pattern_kind(f) == RT_DENSE || f->density >= DENSE_FROM;
}

static ir_lanes_kind lanes_for(const planner_facts *f, int64_t most)
{
    const lw_contraction *c = &f->region->contraction;
    bool one = most == PLANNER_ONE && !c->batch_rank;
    if (c->windowed || !c->packed || !(one || (is_dense(f) && c->rows_inside)))
        return PLAN_LANES_BATCH;
    if (planner_pattern_kind(f) != RT_BAND)
        return PLAN_LANES_ROWS;
    return c->depth_inside ? PLAN_LANES_K : PLAN_LANES_BATCH;
}

void planner_choose(const planner_facts *f, int64_t most, ir_plan_terms *t)
{
    if (!f->region->has_contraction) {
        t->unroll = t->unroll ? t->unroll : 1;
    } else {
        if (t->lanes == PLAN_LANES_OPEN)
            t->lanes = lanes_for(f, most);
        if (t->lanes == PLAN_LANES_BATCH)
            choose_batch(f, most, t);
        else if (t->lanes == PLAN_LANES_ROWS)
            choose_rows(f, most, t);
        else
            choose_k(f, t);
    }
    if (!t->rows)
        t->rows = -1;
    if (t->par == PLAN_PAR_OPEN)
        t->par = PLAN_PAR_BOTH;
}

const int64_t *planner_limits(const planner_facts *f)
{
    static const int64_t none[] = {0}, sparse[] = {PLANNER_ONE, PLANNER_FEW, 0};
    bool splits = f->region->has_contraction && f->batch_dim && f->region->contraction.packed && !is_dense(f) &&
                  !f->region->contraction.windowed;
    return splits ? sparse : none;
}
