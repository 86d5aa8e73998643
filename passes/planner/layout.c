/* layout: which convolutions are computed on planes.
 *
 * On planes pixels lie along vector lanes, so that images must not be small, and strides above two would leave most
 * of each loaded vector unused. Windows are unrolled, so that they must be small, and extents are to be known. */
#include "passes/planner/planner.h"

enum { LEAST_PIXELS = 16, MOST_TAPS = 49 };

static bool const_pair(ir_module *m, const ir_op *op, int64_t out[2])
{
    const ir_extent *before[2];
    return ir_get_extents(m, op, "before", 2, before) && ir_extent_is_const(before[0], &out[0]) &&
           ir_extent_is_const(before[1], &out[1]);
}

static bool known_extents(const ir_type *t, int from, int to, int64_t *product)
{
    *product = 1;
    for (int i = from; i < to; i++) {
        int64_t extent;
        if (!ir_extent_is_const(t->dims[i], &extent) || __builtin_mul_overflow(*product, extent, product))
            return false;
    }
    return true;
}

bool planner_takes_planes(ir_module *m, const ir_op *op)
{
    const ir_type *x = op->args[0]->type;
    const bool filters = op->code == IR_OP_conv2d;
    const ir_attr *stride = ir_attr_find(op, "stride"), *window = ir_attr_find(op, "size");
    int64_t before[2], pixels, taps = window ? window->ints[0] * window->ints[1] : 0, in, size;
    for (int i = 1; i < op->nargs; i++)
        if (op->args[i]->code != IR_OP_weight || op->args[i]->type->dtype != IR_F32)
            return false;
    return x->dtype == IR_F32 && op->type->dtype == IR_F32 && const_pair(m, op, before) &&
           known_extents(op->type, 1, 4, &size) && known_extents(op->type, 1, 3, &pixels) && pixels >= LEAST_PIXELS &&
           size < INT32_MAX && known_extents(x, 1, 4, &in) && in < INT32_MAX &&
           (window || known_extents(op->args[1]->type, filters, filters + 2, &taps)) && taps <= MOST_TAPS && stride->ints[0] <= 2 &&
           stride->ints[1] <= 2;
}

/* Planes pay where a weight that is multiplied pixel by pixel has zeros to skip, and where depthwise convolutions follow. */
bool planner_wants_planes(ir_module *m, const pass_context *context, const ir_func *graph)
{
    (void)context;
    for (const ir_op *op = graph->body.first; op; op = op->next)
        if (op->code == IR_OP_conv2d && planner_takes_planes(m, op))
            return true;
    return false;
}

/* ---- panels of pixels ---- */

enum { MOST_VECTORS = 8, MOST_ROWS = 8 };

/* Cycles of loads for each vector of a depthwise convolution that takes so many rows at once: most cross a cache line. */
static double loads_of(const lw_planes *w, int64_t rows)
{
    const int64_t seen = (rows - 1) * w->stride[0] + w->size[0];
    return 2 * (double)(seen * w->size[1] * w->stride[1]) / (double)rows;
}

/* Rows that panels of depthwise convolutions take at once: what divides both those of the panel and those of the image. */
static int64_t rows_at_once(const lw_planes *w, int64_t rows)
{
    int64_t block = rows < MOST_ROWS ? rows : MOST_ROWS;
    while (block > 1 && (rows % block || w->out[0] % block))
        block--;
    return block;
}

double planner_panels(const planner_facts *f, int64_t columns)
{
    const lw_planes *w = &f->region->contraction.window;
    const lw_geometry g = lw_geometry_of(&f->region->contraction, columns, f->lanes);
    return !g.rows ? 0 : (double)((w->out[0] + g.rows - 1) / g.rows * g.parts);
}

double planner_fill_cycles(const planner_facts *f, int64_t columns)
{
    const lw_contraction *c = &f->region->contraction;
    const lw_planes *w = &c->window;
    const lw_geometry g = lw_geometry_of(c, columns, f->lanes);
    if (!g.rows)
        return 0;
    double each = 2 * (double)f->depth; /* windows: a load and a store for each tap */
    if (c->fill == LW_FILL_DEPTHWISE)
        each = (double)w->channels * ((double)(w->size[0] * w->size[1]) + loads_of(w, rows_at_once(w, g.rows)));
    return planner_panels(f, columns) * (double)(g.rows * ((g.pixels + f->lanes - 1) / f->lanes)) * each;
}

/* Vectors of all panels. A last one that is copied takes a half, a quarter ... of the others' where that suffices. */
static int64_t vectors_in_all(const planner_facts *f, int64_t vectors)
{
    const int64_t width = vectors * f->lanes, alike = (int64_t)planner_panels(f, width), left = f->columns % width;
    if (alike)
        return alike * vectors;
    int64_t last = left ? vectors : 0;
    while (last && last % 2 == 0 && last / 2 * f->lanes >= left)
        last /= 2;
    return f->columns / width * vectors + last;
}

/* Cycles for an image in panels of so many vectors: multiply-adds, or loads of pixels and weights where they are more,
 * and filling the panels. Dense rows share the pixels. */
static double panel_work(const planner_facts *f, int group_rows, int64_t vectors)
{
    const double v = (double)vectors, group = f->density < 1 ? 1 : (double)group_rows, extra = f->density < 1 ? 0.25 : 0.1;
    const double loads = (v + group) / (v * group), weights = (double)f->rows * (double)f->depth * f->density;
    return (double)vectors_in_all(f, vectors) * weights * ((loads > 1 ? loads : 1) + extra / v) +
           planner_fill_cycles(f, vectors * f->lanes);
}

/* Accumulators of a row group stay within registers, with some left for operands. */
int64_t planner_panel_pixels(const planner_facts *f, int group_rows)
{
    const int64_t spare = f->target->vector_registers > 16 ? 8 : 4;
    int64_t most = (f->target->vector_registers - spare) / (group_rows < 1 ? 1 : group_rows), best = 1;
    most = most < 1 ? 1 : most > MOST_VECTORS ? MOST_VECTORS : most;
    for (int64_t vectors = 2; vectors <= most; vectors++)
        if (panel_work(f, group_rows, vectors) <= panel_work(f, group_rows, best))
            best = vectors;
    return best * f->lanes;
}
