/* ranking: answers of the planner for other rooms; see ranking.h. */
#include "passes/planner/planner.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *text;
} resources[] = {
#define RESOURCE(name, text) {#name, text},
#include "passes/planner/resources.def"
#undef RESOURCE
};

const char *planner_resource_name(planner_resource r)
{
    return resources[r].name;
}

const char *planner_resource_text(planner_resource r)
{
    return resources[r].text;
}

static const ir_op *find_kernel(const planner_question *q)
{
    int number = 0;
    for (const ir_op *op = q->layer->body.first; op; op = op->next)
        if (op->code == IR_OP_fused && number++ == q->kernel)
            return op;
    return NULL;
}

static bool find_facts(const planner_question *q, lw_region *region, planner_facts *facts)
{
    const ir_op *fused = find_kernel(q);
    if (!fused)
        return false;
    lw_region_of(q->module, fused, region);
    planner_facts_of(q->module, q->context, region, facts);
    return true;
}

const ir_extent *planner_columns(const planner_question *q)
{
    lw_region region;
    const ir_op *fused = find_kernel(q);
    if (!fused)
        return NULL;
    lw_region_of(q->module, fused, &region);
    return region.has_contraction ? region.contraction.cols : NULL;
}

static int by_prediction(const void *a, const void *b)
{
    const planner_candidate *x = a, *y = b;
    if (x->predicted_ns != y->predicted_ns)
        return x->predicted_ns < y->predicted_ns ? -1 : 1;
    if (x->terms.tile_cols != y->terms.tile_cols) /* of equals always the same one first */
        return x->terms.tile_cols < y->terms.tile_cols ? -1 : 1;
    return x->terms.unroll != y->terms.unroll ? x->terms.unroll - y->terms.unroll : strcmp(x->terms.store, y->terms.store);
}

size_t planner_rank(const planner_question *q, planner_candidate *out, size_t max)
{
    lw_region region;
    planner_facts facts;
    planner_kernel kernels[PLANNER_MAX_CANDIDATES];
    size_t count = 0;
    if (!find_facts(q, &region, &facts))
        return 0;
    size_t all = planner_enumerate(&facts, NULL, kernels, PLANNER_MAX_CANDIDATES);
    for (size_t i = 0; i < all && count < max; i++)
        if (!planner_is_too_wide(&facts, &kernels[i], q->columns))
            planner_cost(&facts, q->columns, &kernels[i], &out[count++]);
    qsort(out, count, sizeof *out, by_prediction);
    return count;
}

bool planner_predict(const planner_question *q, const ir_plan_terms *terms, planner_candidate *out)
{
    lw_region region;
    planner_facts facts;
    planner_kernel kernel;
    rt_storage storage;
    bool packed;
    ir_plan_terms complete = *terms;
    if (!find_facts(q, &region, &facts))
        return false;
    planner_choose(&facts, q->columns, q->columns, &complete);
    if (!lw_accepts(q->module, q->context, &region, &complete, &storage, &packed, NULL))
        return false;
    planner_enumerate(&facts, &complete, &kernel, 1);
    planner_cost(&facts, q->columns, &kernel, out);
    return true;
}
