/* plan: completes the plan, so that every fused op has a line of its own with no open term. What the user wrote stays;
 * open terms and missing lines are the planner's. Requires fused graphs; changes no IR. */
#include "passes/planner/planner.h"

#include <string.h>

static double measured_density(const rt_matrix *matrix)
{
    rt_facts facts;
    if (rt_matrix_facts(matrix, NULL, &facts, NULL))
        return 1;
    return facts.density;
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

static void weight_facts(planner_facts *f, pass_context *context, const ir_op *weight)
{
    const char *text = context->dense ? "dense" : ir_get_str(weight, "pattern", "dense");
    if (!rt_pattern_parse(text, &f->pattern, NULL))
        f->pattern = (rt_pattern){0};
    order_parts(&f->pattern);
    f->density = rt_pattern_density(&f->pattern);
    const rt_matrix *matrix = context->weight ? context->weight(context->weight_ctx, weight->name) : NULL;
    if (matrix && f->density < 1) {
        f->density = measured_density(matrix);
        f->measured = true;
    }
    if (f->region->contraction.a_transposed)
        transpose_pattern(&f->pattern);
    ir_extent_is_const(f->region->contraction.rows, &f->rows);
    ir_extent_is_const(f->region->contraction.depth, &f->depth);
}

static planner_facts facts_of(pass_context *context, const lw_region *region)
{
    planner_facts f = {.region = region, .target = context->target, .density = 1};
    int bytes = region->widest < 4 ? 4 : region->widest;
    f.lanes = context->target->vector_bytes / bytes;
    if (f.lanes < 1)
        f.lanes = 1;
    if (!region->has_contraction)
        return f;
    const lw_contraction *c = &region->contraction;
    if (c->packed)
        weight_facts(&f, context, region->fused->args[c->a_arg]);
    ir_extent_is_const(c->cols, &f.columns);
    if (!ir_extent_is_dim(c->cols, &f.batch_dim))
        f.batch_dim = NULL;
    return f;
}

static ir_plan_variant *add_variant(ir_plan *plan, ir_plan_line *line, const char *dim, int64_t limit,
                                    const ir_plan_terms *terms)
{
    ir_plan_variant *v = IR_NEW(plan->arena, ir_plan_variant), **tail = &line->variants;
    *v = (ir_plan_variant){dim, limit, *terms, NULL};
    while (*tail)
        tail = &(*tail)->next;
    *tail = v;
    return v;
}

static void complete_line(const planner_facts *f, const ir_plan_line *given, ir_plan *plan, ir_plan_line *line)
{
    static const ir_plan_terms open;
    line->variants = NULL; /* instead of the open one that a new line has */
    if (given) {
        line->loc = given->loc;
        for (const ir_plan_variant *v = given->variants; v; v = v->next) {
            bool of_columns = v->dim && f->batch_dim && !strcmp(v->dim, f->batch_dim);
            planner_choose(f, of_columns ? v->limit : f->columns,
                           &add_variant(plan, line, v->dim, v->limit, &v->terms)->terms);
        }
        return;
    }
    for (const int64_t *limit = planner_limits(f); *limit; limit++)
        planner_choose(f, *limit, &add_variant(plan, line, f->batch_dim, *limit, &open)->terms);
    planner_choose(f, f->columns, &add_variant(plan, line, NULL, 0, &open)->terms);
}

spc_status pass_plan(ir_module *m, pass_context *context)
{
    ir_plan *complete = ir_plan_new(m->arena);
    for (const ir_func *f = m->funcs; f; f = f->next) {
        int number = 0;
        if (f->form != IR_GRAPH)
            continue;
        for (const ir_op *op = f->body.first; op; op = op->next) {
            if (op->code != IR_OP_fused)
                continue;
            const ir_plan_line *given = context->plan ? ir_plan_find(context->plan, f->name, number) : NULL;
            lw_region region;
            lw_region_of(m, op, &region);
            planner_facts facts = facts_of(context, &region);
            complete_line(&facts, given, complete, ir_plan_add(complete, f->name, number, given ? given->origin : "planner"));
            number++;
        }
    }
    context->plan = complete;
    return SPC_OK;
}
