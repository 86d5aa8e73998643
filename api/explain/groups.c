/* groups: the kernels of a layer, those alike together, with what their weights are and what the planner's model says of
 * their plans at every point. */
#include "api/explain/explain.h"

#include "runtime/module.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- one kernel ---- */

/* The weight that it multiplies by: biases and scales have rank 1, depthwise filters, of rank 3, come second to the
 * matrix or the filters that are multiplied behind them. */
static const ir_op *matrix_of(const ir_op *fused)
{
    const ir_op *found = NULL;
    for (int i = 0; i < fused->nargs; i++) {
        const ir_op *arg = fused->args[i];
        if (arg->code == IR_OP_weight && arg->type->rank >= 2 && (!found || found->type->rank == 3)) found = arg;
    }
    return found;
}

static int64_t dense_bytes(const ir_type *type)
{
    int64_t count = 1, extent;
    for (int i = 0; i < type->rank; i++)
        if (!ir_extent_is_const(type->dims[i], &extent) || __builtin_mul_overflow(count, extent, &count)) return 0;
    return count * ir_dtype_of(type->dtype)->bytes;
}

/* As it was declared, before it shrank. */
static int64_t declared_bytes(const explain_layer *l, const ir_op *weight)
{
    const api_weight *w = api_weight_find(l->session, weight->name);
    if (!w || !w->whole) return dense_bytes(weight->type);
    return ir_dtype_of(weight->type->dtype)->bytes * w->whole->matrix.rows * w->whole->matrix.cols;
}

static void look_at_weight(const explain_layer *l, explain_group *g)
{
    const api_weight *w = api_weight_find(l->session, g->weight->name);
    rt_pattern pattern = {0};
    rt_error error;
    g->whole = w && w->whole ? &w->whole->declaration : NULL;
    g->enlarged = (double)declared_bytes(l, g->weight) / (double)dense_bytes(g->weight->type);
    g->pattern = ir_get_str(g->weight, "pattern", "dense");
    g->declared_sparse = strcmp(g->pattern, "dense") != 0;
    const bool patterned = rt_pattern_parse(g->pattern, &pattern, &error);
    g->known = w && w->found && !rt_matrix_facts(&w->matrix, patterned ? &pattern : NULL, &g->facts, &error);
}

static void add_plan(ir_text *key, const ir_plan_line *line)
{
    for (const ir_plan_variant *v = line ? line->variants : NULL; v; v = v->next)
        ir_text_add(key, "|%s %lld %s", v->dim ? v->dim : "", (long long)v->limit, ir_plan_print_terms(&v->terms, key->arena));
    if (line) ir_text_add(key, "|%s", line->origin ? line->origin : "");
}

static explain_group look_at_kernel(const explain_layer *l, const ir_op *fused, int number)
{
    explain_group g = {.fused = fused, .weight = matrix_of(fused), .pattern = "dense", .enlarged = 1,
                       .line = ir_plan_find(l->program->plan, l->graph->name, number)};
    ir_text key;
    ir_text_init(&key, l->out->arena);
    if (g.weight) look_at_weight(l, &g);
    explain_say_operations(&key, fused);
    if (g.weight) ir_text_add(&key, "|%s|%s|%.2g", ir_print_type(g.weight->type, key.arena), g.pattern, g.known ? g.facts.density : -1.0);
    add_plan(&key, g.line);
    g.key = key.data;
    return g;
}

/* ---- its packed weights ---- */

static explain_form *form_of(explain_group *g, const char *store)
{
    for (size_t i = 0; i < g->form_count; i++)
        if (!strcmp(g->forms[i].store, store)) return &g->forms[i];
    explain_form *f = &g->forms[g->form_count < EXPLAIN_FORMS ? g->form_count++ : EXPLAIN_FORMS - 1];
    f->store = store;
    return f;
}

static void add_packings(const explain_layer *l, explain_group *g, const ir_op *weight)
{
    const api_program *program = l->program;
    size_t index = 0;
    g->dense += declared_bytes(l, weight);
    for (const ir_packing *p = program->module->packings; p; p = p->next, index++) {
        if (strcmp(p->weight, weight->name) != 0) continue;
        explain_form *f = form_of(g, p->type->storage ? p->type->storage->request.name : "row-major");
        if (!program->laid) continue;
        const rt_packed *packed = &program->layout.packed[index];
        f->values += p->type->storage ? packed->values_bytes : dense_bytes(p->type);
        f->metadata += p->type->storage ? packed->metadata_bytes : 0;
        f->padding += p->type->storage ? packed->padding : 0;
    }
}

/* ---- groups ---- */

static void add_kernel(explain_layer *l, const ir_op *fused, int number)
{
    explain_group made = look_at_kernel(l, fused, number), *g = NULL;
    for (size_t i = 0; i < l->group_count && !g; i++)
        if (!strcmp(l->groups[i].key, made.key)) g = &l->groups[i];
    if (!g) {
        g = &l->groups[l->group_count++];
        *g = made;
        g->numbers = IR_ARRAY(l->out->arena, int, l->kernel_count);
        g->weights = IR_ARRAY(l->out->arena, const char *, l->kernel_count);
    }
    g->numbers[g->count++] = number;
    for (size_t i = 0; i < g->weight_count; i++)
        if (made.weight && !strcmp(g->weights[i], made.weight->name)) return;
    if (!made.weight) return;
    g->weights[g->weight_count++] = made.weight->name;
    add_packings(l, g, made.weight);
    g->nonzeros += made.known ? made.facts.nnz : 0;
}

/* "ffn.0", "ffn.1 to ffn.118 (118 kernels)", "ffn.0, ffn.2, ... (4 kernels)" */
static const char *name_of(const explain_layer *l, const explain_group *g)
{
    const char *layer = l->graph->name;
    const int first = g->numbers[0], last = g->numbers[g->count - 1];
    ir_arena *arena = l->out->arena;
    if (g->count == 1) return ir_format(arena, "%s.%d", layer, first);
    if (last - first + 1 == (int)g->count) return ir_format(arena, "%s.%d to %s.%d (%zu equal ones)", layer, first, layer, last, g->count);
    return ir_format(arena, "%s.%d, %s.%d, ... %s.%d (%zu equal ones)", layer, first, layer, g->numbers[1], layer, last, g->count);
}

/* ---- predictions ---- */

static const ir_plan_variant *variant_at(const ir_plan_line *line, const explain_point *p)
{
    for (const ir_plan_variant *v = line ? line->variants : NULL; v; v = v->next) {
        if (!v->dim) return v;
        for (size_t i = 0; i < p->count; i++)
            if (!strcmp(p->names[i], v->dim) && p->values[i] <= v->limit) return v;
    }
    return NULL;
}

static const planner_candidate *best_of(const explain_choice *c, bool dense)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->ranked[i].dense == dense) return &c->ranked[i];
    return NULL;
}

/* How much sooner the best sparse plan is than the best dense one at a density: log of the ratio; NaN. */
static double advantage(planner_question q, const pass_context *context, double density, planner_candidate *room)
{
    pass_context assumed = *context;
    explain_choice c = {.ranked = room};
    assumed.assumed_density = density;
    q.context = &assumed;
    c.count = planner_rank(&q, room, PLANNER_MAX_CANDIDATES);
    const planner_candidate *dense = best_of(&c, true), *sparse = best_of(&c, false);
    return dense && sparse && sparse->predicted_ns > 0 ? log(dense->predicted_ns / sparse->predicted_ns) : NAN;
}

enum { HALVINGS = 9 };
static const double LEAST = 0.001;

/* Where the pattern itself fixes the density (N:M, bands) there is none. */
static double find_break_even(const planner_question *q, const pass_context *context, const explain_group *g, planner_candidate *room)
{
    rt_pattern pattern = {0};
    if (!rt_pattern_parse(g->pattern, &pattern, NULL)) return NAN;
    for (int i = 0; i < pattern.count; i++)
        if (pattern.part[i].kind == RT_NM || pattern.part[i].kind == RT_BAND) return NAN;
    double low = LEAST, high = 1;
    const double least = advantage(*q, context, low, room), most = advantage(*q, context, high, room);
    if (isnan(least) || isnan(most)) return NAN;
    if (least <= 0) return 0;
    if (most > 0) return 1;
    for (int i = 0; i < HALVINGS; i++) {
        const double middle = (low + high) / 2;
        if (advantage(*q, context, middle, room) > 0) low = middle;
        else high = middle;
    }
    return low;
}

static void predict(const explain_layer *l, const explain_group *g, const explain_point *p, explain_choice *c)
{
    ir_arena *arena = l->out->arena;
    pass_context context = {.target = &l->program->target, .weight = api_weight_matrix, .weight_ctx = l->session, .dense = api_is_dense(l->session)};
    planner_question q = {.module = l->program->module, .context = &context, .layer = l->graph, .kernel = g->numbers[0]};
    const ir_extent *columns = planner_columns(&q);
    c->variant = variant_at(g->line, p);
    c->break_even = NAN;
    if (!columns || !rt_extent_eval(ir_extent_text(columns), p->names, p->values, p->count, &c->columns) || c->columns < 1) {
        c->columns = 0;
        return;
    }
    q.columns = c->columns;
    c->ranked = IR_ARRAY(arena, planner_candidate, PLANNER_MAX_CANDIDATES);
    c->count = planner_rank(&q, c->ranked, PLANNER_MAX_CANDIDATES);
    c->best_dense = best_of(c, true);
    c->best_sparse = best_of(c, false);
    c->modelled = c->variant && planner_predict(&q, &c->variant->terms, &c->chosen) && c->chosen.predicted_ns > 0;
    if (g->weight && c->modelled)
        c->break_even = find_break_even(&q, &context, g, IR_ARRAY(arena, planner_candidate, PLANNER_MAX_CANDIDATES));
}

void explain_find_groups(explain_layer *l)
{
    ir_arena *arena = l->out->arena;
    int number = 0;
    for (const ir_op *op = l->graph->body.first; op; op = op->next) l->kernel_count += op->code == IR_OP_fused;
    l->groups = IR_ARRAY(arena, explain_group, l->kernel_count);
    for (const ir_op *op = l->graph->body.first; op; op = op->next)
        if (op->code == IR_OP_fused) add_kernel(l, op, number++);
    for (size_t i = 0; i < l->group_count; i++) {
        explain_group *g = &l->groups[i];
        g->name = name_of(l, g);
        g->at = IR_ARRAY(arena, explain_choice, l->point_count);
        memset(g->at, 0, l->point_count * sizeof *g->at);
        for (size_t p = 0; p < l->point_count; p++) predict(l, g, &l->points[p], &g->at[p]);
    }
}

double explain_chosen_ns(const explain_group *g, size_t point)
{
    return g->at[point].modelled ? (double)g->count * g->at[point].chosen.predicted_ns : NAN;
}

/* The same kernel with its weight stored dense; where there is no such plan it is what it is. */
double explain_dense_ns(const explain_group *g, size_t point)
{
    const explain_choice *c = &g->at[point];
    return c->best_dense && g->weight ? (double)g->count * g->enlarged * c->best_dense->predicted_ns : explain_chosen_ns(g, point);
}

bool explain_is_dense(const explain_group *g, size_t point)
{
    const ir_plan_variant *v = g->at[point].variant;
    return v && !strncmp(v->terms.store, "dense", 5);
}
