/* facts: what a plan may rest on: the pattern along the contraction's axes, how full it is, the shape, the target. */
#include "passes/planner/planner.h"

rt_pattern_kind planner_pattern_kind(const planner_facts *f)
{
    return f->pattern.count ? f->pattern.part[0].kind : RT_DENSE;
}

/* The pattern along the axes of the contraction, where A is the stored tensor's transpose. */
static void transpose_pattern(rt_pattern *pattern)
{
    for (int i = 0; i < pattern->count; i++) {
        int64_t a = pattern->part[i].a, b = pattern->part[i].b;
        rt_pattern_kind *kind = &pattern->part[i].kind;
        bool band = *kind == RT_BAND;
        pattern->part[i].a = band ? -b : b;
        pattern->part[i].b = band ? -a : a;
        *kind = *kind == RT_NM ? RT_UNSTRUCTURED : *kind == RT_ROWS ? RT_COLUMNS : *kind == RT_COLUMNS ? RT_ROWS : *kind;
    }
}

/* The part that decides the storage comes first: the more regular, the better. */
static void order_parts(rt_pattern *pattern)
{
    static const int rank[] = {[RT_BLOCK] = 0, [RT_NM] = 1, [RT_BAND] = 2, [RT_ROWS] = 3,
                               [RT_COLUMNS] = 4, [RT_UNSTRUCTURED] = 5, [RT_DENSE] = 6};
    int best = 0;
    for (int i = 1; i < pattern->count; i++)
        if (rank[pattern->part[i].kind] < rank[pattern->part[best].kind])
            best = i;
    rt_pattern swapped = *pattern;
    pattern->part[0] = swapped.part[best];
    pattern->part[best] = swapped.part[0];
}

/* Density, and how rows differ, as they are; without data, as the pattern promises and as chance would have it. */
static void measure(planner_facts *f, const rt_matrix *matrix, rt_facts *out)
{
    f->density = rt_pattern_density(&f->pattern);
    if (f->context->assumed_density > 0) {
        f->density = f->context->assumed_density;
        if (planner_pattern_kind(f) == RT_DENSE)
            f->pattern = (rt_pattern){.count = 1, .part = {{.kind = RT_UNSTRUCTURED}}};
        return;
    }
    if (!matrix || f->density >= 1)
        return;
    if (rt_matrix_facts(matrix, &f->pattern, out, NULL)) {
        f->density = 1;
        return;
    }
    f->density = out->density;
    f->measured = true;
}

/* The pattern's cells, along the contraction's axes. A kind without cells of its own has single elements. */
static void find_cells(planner_facts *f, const rt_facts *seen)
{
    rt_pattern_kind kind = planner_pattern_kind(f);
    bool transposed = f->region->contraction.a_transposed;
    f->cell_rows = f->cell_cols = 1;
    f->cell_density = f->density;
    if (kind == RT_BLOCK) {
        f->cell_rows = (double)f->pattern.part[0].a;
        f->cell_cols = (double)f->pattern.part[0].b;
        if (f->measured && seen->block_fill > 0)
            f->cell_density = f->density / seen->block_fill;
    } else if (kind == RT_ROWS || kind == RT_COLUMNS) {
        bool along_rows = kind == RT_ROWS;
        f->cell_rows = along_rows ? 1 : (double)f->rows;
        f->cell_cols = along_rows ? (double)f->depth : 1;
        bool stored_rows = along_rows != transposed;
        int64_t all = stored_rows ? seen->rows : seen->cols, empty = stored_rows ? seen->empty_rows : seen->empty_cols;
        if (f->measured && all)
            f->cell_density = 1 - (double)empty / (double)all;
    }
    f->cell_rows = f->cell_rows < 1 ? 1 : f->cell_rows; /* of an empty matrix */
    f->cell_cols = f->cell_cols < 1 ? 1 : f->cell_cols;
    f->cell_density = f->cell_density > 1 ? 1 : f->cell_density;
    f->row_cv = f->measured && !transposed ? seen->row_cv : 0;
    f->alike = !f->measured ? 1 : transposed ? seen->col_alike : seen->row_alike;
}

static void weight_facts(planner_facts *f, const ir_op *weight)
{
    const pass_context *context = f->context;
    rt_facts seen = {0};
    const char *text = context->dense ? "dense" : ir_get_str(weight, "pattern", "dense");
    if (!rt_pattern_parse(text, &f->pattern, NULL))
        f->pattern = (rt_pattern){0};
    for (int i = 0; i < f->pattern.count && f->region->contraction.windowed; i++)
        if (f->pattern.part[i].kind == RT_BAND) /* one at each place of the window, not one of the whole matrix */
            f->pattern.part[i].kind = RT_UNSTRUCTURED;
    order_parts(&f->pattern);
    measure(f, context->weight ? context->weight(context->weight_ctx, weight->name) : NULL, &seen);
    if (f->region->contraction.a_transposed)
        transpose_pattern(&f->pattern);
    ir_extent_is_const(f->region->contraction.rows, &f->rows);
    ir_extent_is_const(f->region->contraction.depth, &f->depth);
    find_cells(f, &seen);
}

void planner_facts_of(ir_module *m, const pass_context *context, const lw_region *region, planner_facts *f)
{
    *f = (planner_facts){.module = m, .context = context, .region = region, .target = context->target, .density = 1,
                         .cell_rows = 1, .cell_cols = 1, .cell_density = 1, .alike = 1};
    int bytes = region->widest < 4 ? 4 : region->widest;
    f->lanes = context->target->vector_bytes / bytes;
    if (f->lanes < 1)
        f->lanes = 1;
    if (!region->has_contraction)
        return;
    const lw_contraction *c = &region->contraction;
    if (c->packed)
        weight_facts(f, region->fused->args[c->a_arg]);
    ir_extent_is_const(c->cols, &f->columns);
    if (!ir_extent_is_dim(c->cols, &f->batch_dim))
        f->batch_dim = NULL;
}
