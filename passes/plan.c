/* plan: completes the plan, so that every fused op has a line of its own with no open term. What the user wrote stays;
 * lines that are missing are taken from wisdom, and open terms and what wisdom does not know are the planner's. Requires
 * fused graphs; changes no IR. */
#include "passes/tuned.h"

#include <string.h>

/* What the user left open. A variant sees the columns above the limit of those before it. */
static void complete_given(const planner_facts *f, const ir_plan_line *given, ir_plan *plan, ir_plan_line *line)
{
    int64_t least = 1;
    line->loc = given->loc;
    for (const ir_plan_variant *v = given->variants; v; v = v->next) {
        bool of_columns = v->dim && f->batch_dim && !strcmp(v->dim, f->batch_dim);
        int64_t most = of_columns ? v->limit : f->columns;
        planner_choose(f, f->columns ? f->columns : least, most, &ir_plan_add_variant(plan, line, v->dim, v->limit, &v->terms)->terms);
        if (of_columns && v->limit >= least)
            least = v->limit + 1;
    }
}

static void complete_line(const planner_facts *f, const ir_plan_line *given, ir_plan *plan, ir_plan_line *line)
{
    planner_variant variants[PLANNER_MAX_VARIANTS];
    line->variants = NULL; /* instead of the open one that a new line has */
    if (given) {
        complete_given(f, given, plan, line);
        return;
    }
    size_t count = planner_variants(f, variants, &line->left_out);
    for (size_t i = 0; i < count; i++)
        ir_plan_add_variant(plan, line, variants[i].limit ? f->batch_dim : NULL, variants[i].limit, &variants[i].terms);
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
            planner_facts facts;
            planner_facts_of(m, context, &region, &facts);
            ir_plan_line *line = ir_plan_add(complete, f->name, number, given ? given->origin : "planner");
            const tuned_kernel kernel = {&facts, f, op, number};
            if (given || !tuned_complete(&kernel, complete, line))
                complete_line(&facts, given, complete, line);
            number++;
        }
    }
    context->plan = complete;
    return SPC_OK;
}
