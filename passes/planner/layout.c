/* layout: which convolutions are computed on planes.
 *
 * On planes pixels lie along vector lanes, so that images must not be small, and strides above two would leave most
 * of each loaded vector unused. Windows are unrolled, so that they must be small, and extents are to be known. */
#include "passes/planner/planner.h"

enum { LEAST_PIXELS = 32, MOST_TAPS = 49 };

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
    const ir_type *x = op->args[0]->type, *w = op->args[1]->type;
    const bool filters = op->code == IR_OP_conv2d;
    const ir_attr *stride = ir_attr_find(op, "stride");
    int64_t before[2], pixels, taps, in, size;
    for (int i = 1; i < op->nargs; i++)
        if (op->args[i]->code != IR_OP_weight || op->args[i]->type->dtype != IR_F32)
            return false;
    return x->dtype == IR_F32 && op->type->dtype == IR_F32 && const_pair(m, op, before) &&
           known_extents(op->type, 1, 4, &size) && known_extents(op->type, 1, 3, &pixels) && pixels >= LEAST_PIXELS &&
           size < INT32_MAX && known_extents(x, 1, 4, &in) && in < INT32_MAX &&
           known_extents(w, filters, filters + 2, &taps) && taps <= MOST_TAPS && stride->ints[0] <= 2 &&
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

/* Accumulators of a row group stay within registers, with some left for operands. */
int64_t planner_panel_pixels(const planner_facts *f, int group_rows)
{
    const lw_planes *w = &f->region->contraction.window;
    const int64_t spare = f->target->vector_registers > 16 ? 8 : 4;
    int64_t vectors = (f->target->vector_registers - spare) / (group_rows < 1 ? 1 : group_rows);
    vectors = vectors < 1 ? 1 : vectors > 8 ? 8 : vectors;
    const int64_t most = vectors * f->lanes, width = w->out[1];
    int64_t rows = width <= most ? most / width : 1;
    rows = rows > w->out[0] ? w->out[0] : rows;
    while (rows > 1 && w->out[0] % rows)
        rows--;
    const int64_t pixels = width <= most ? rows * width : most;
    return (pixels + f->lanes - 1) / f->lanes * f->lanes;
}
