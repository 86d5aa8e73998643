/* candidates: which plans race, and each of them compiled as a layer that is this one kernel. */
#include "api/tune/tune.h"

#include "passes/planner/ranking.h"
#include "runtime/module.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Beyond these many the model's ranking would have to be far off for another to win; compiling each costs some 20 ms. */
enum { MOST_CANDIDATES = 20, MOST_OF_FAMILY = 6, MOST_FINALISTS = 4 };
_Static_assert((int)MOST_CANDIDATES <= (int)RT_RACE_MOST, "they race");

/* ---- picking ---- */

static bool is_picked(const tune_kernel *k, const char *plan)
{
    for (size_t i = 0; i < k->count; i++)
        if (!strcmp(k->candidates[i].plan, plan)) return true;
    return false;
}

static void pick(tune_kernel *k, const ir_plan_terms *terms, bool dense)
{
    const char *plan = ir_plan_print_terms(terms, k->session->arena);
    if (k->count < MOST_CANDIDATES && !is_picked(k, plan)) k->candidates[k->count++] = (tune_candidate){.plan = plan, .dense = dense};
}

/* How many better ranked ones are of the same family. */
static size_t rank_in_family(const planner_candidate *ranked, size_t index)
{
    size_t before = 0;
    for (size_t i = 0; i < index; i++) before += !strcmp(ranked[i].family, ranked[index].family);
    return before;
}

/* The best of every family first, since the model tells members of a family apart better than families; then by rank. */
static void pick_ranked(tune_kernel *k, const planner_candidate *ranked, size_t count)
{
    for (size_t most = 1; most <= MOST_OF_FAMILY; most++)
        for (size_t i = 0; i < count; i++)
            if (rank_in_family(ranked, i) + 1 == most) pick(k, &ranked[i].terms, ranked[i].dense);
}

static int64_t value_of(const api_dims *dims, const char *name)
{
    for (size_t i = 0; i < dims->count; i++)
        if (!strcmp(dims->names[i], name)) return dims->values[i];
    return 0;
}

static const ir_plan_terms *terms_at(const ir_plan_line *line, const api_dims *dims)
{
    const ir_plan_variant *v = line->variants;
    while (v->dim && value_of(dims, v->dim) > v->limit) v = v->next;
    return &v->terms;
}

spc_status tune_pick(tune_kernel *k, api_program *base)
{
    const ir_func *graph = ir_func_find(base->module, IR_GRAPH, k->layer);
    const pass_context context = {.target = &base->target, .weight = api_weight_matrix, .weight_ctx = k->session};
    planner_question question = {base->module, &context, graph, k->number, 0};
    const ir_plan_line *line = ir_plan_find(base->plan, k->layer, k->number);
    const ir_extent *columns = graph && line ? planner_columns(&question) : NULL;
    k->count = 0;
    if (!columns || !rt_extent_eval(ir_extent_text(columns), k->dims.names, k->dims.values, k->dims.count, &question.columns) ||
        question.columns < 1)
        return SPC_OK;
    planner_candidate *ranked = IR_ARRAY(base->arena, planner_candidate, PLANNER_MAX_CANDIDATES);
    const size_t count = planner_rank(&question, ranked, PLANNER_MAX_CANDIDATES);
    const ir_plan_terms *first = terms_at(line, &k->dims);
    pick(k, first, !strncmp(first->store, "dense", 5));
    pick_ranked(k, ranked, count);
    if (k->count < 2) k->count = 0;
    return SPC_OK;
}

/* ---- compiling ---- */

static spc_status inspect(spc_session *s, api_program *program, void *object)
{
    tune_candidate *c = object;
    ir_module *m = program->module;
    const ir_func *graph = m->funcs;
    while (graph && graph->form != IR_GRAPH) graph = graph->next;
    c->program = program;
    return graph ? api_face_of(s, m, graph, &c->face) : SPC_E_INTERNAL;
}

static void free_module(void *module) { spc_module_free(module); }

static spc_status compile(tune_kernel *k, tune_candidate *c)
{
    spc_session *s = k->session;
    const char *text = ir_format(s->arena, "@*.* %s", c->plan);
    const ir_source plan = {"candidate", text, strlen(text)};
    const api_tuning tuning = {k->layer, k->number, &plan};
    const char *kept[] = {s->options[API_layer], s->options[API_weights], s->options[API_cache]};
    s->options[API_layer] = k->layer;
    s->options[API_weights] = "embedded";
    s->options[API_cache] = NULL; /* objects of plans that lose would fill it */
    s->tuning = &tuning;
    spc_status status = api_jit(s, inspect, c, &c->module);
    s->tuning = NULL;
    s->options[API_layer] = kept[0];
    s->options[API_weights] = kept[1];
    s->options[API_cache] = kept[2];
    if (c->module) ir_defer(s->arena, free_module, c->module);
    if (!status) c->function = c->program->backend->symbol(c->program->image, ir_format(s->arena, "%s%s", api_jit_prefix, k->layer));
    return status || c->function ? status : SPC_E_INTERNAL;
}

/* A plan that turns out wrong must not end the tuning with an error: its messages go aside. */
static spc_status try_to_compile(tune_kernel *k, tune_candidate *c, bool needed)
{
    spc_session *s = k->session;
    ir_diags *kept = s->diags;
    const spc_status last = s->last;
    if (needed) return compile(k, c);
    s->diags = ir_diags_new(s->arena);
    spc_status status = compile(k, c);
    const char *said = status ? ir_diags_text(s->diags) : "";
    s->diags = kept;
    if (!status || status == SPC_E_NOMEM) return status;
    s->last = last;
    ir_report_data(s->diags, IR_WARNING, "tuning", "kernel %s cannot be made with plan %s: %.*s", k->name, c->plan,
                   (int)strcspn(said, "\n"), said);
    return status;
}

static void release(tune_kernel *k, tune_candidate *c)
{
    if (c->module) ir_release(k->session->arena, c->module);
    c->module = NULL;
}

spc_status tune_compile(tune_kernel *k, bool (*go_on)(void *ctx), void *ctx)
{
    size_t made = 0;
    for (size_t i = 0; i < k->count; i++) {
        if (i && !go_on(ctx)) break;
        spc_status status = try_to_compile(k, &k->candidates[i], i == 0);
        if (status) release(k, &k->candidates[i]);
        if (status && (i == 0 || status == SPC_E_NOMEM)) return status;
        if (!status) k->candidates[made++] = k->candidates[i];
    }
    k->count = made;
    return SPC_OK;
}

/* ---- other code generators ---- */

/* Which of the quickest goes on to the final, whatever their number; the planner's own and the best dense one always do. */
static bool is_finalist(const tune_kernel *k, const tune_result *r, size_t index)
{
    size_t quicker = 0, quicker_dense = 0;
    if (!(r->runners[index].ns > 0)) return false;
    for (size_t i = 0; i < k->count; i++) {
        const bool before = r->runners[i].ns < r->runners[index].ns;
        quicker += before;
        quicker_dense += before && k->candidates[i].dense;
    }
    return index == 0 || quicker < MOST_FINALISTS || (k->candidates[index].dense && !quicker_dense);
}

bool tune_has_final(const tune_kernel *k)
{
    const char *backend = api_option_value(k->session, API_backend);
    return backend && !strcmp(backend, api_any_backend) && be_at(1);
}

/* Drops the others, from the result as well. The winner is one of them. */
static void keep_finalists(tune_kernel *k, tune_result *r)
{
    bool stays[RT_RACE_MOST];
    size_t kept = 0, best = 0;
    for (size_t i = 0; i < k->count; i++) stays[i] = i == r->best || is_finalist(k, r, i);
    for (size_t i = 0; i < k->count; i++) {
        if (!stays[i]) release(k, &k->candidates[i]);
        if (!stays[i]) continue;
        if (i == r->best) best = kept;
        r->runners[kept] = r->runners[i];
        k->candidates[kept++] = k->candidates[i];
    }
    r->best = best;
    k->count = kept;
}

spc_status tune_make_final(tune_kernel *k, tune_result *r, bool (*go_on)(void *ctx), void *ctx)
{
    keep_finalists(k, r);
    const size_t kept = k->count;
    for (int b = 1; be_at(b); b++)
        for (size_t i = 0; i < kept && k->count < RT_RACE_MOST && go_on(ctx); i++) {
            tune_candidate *made = &k->candidates[k->count];
            const char *plan = ir_format(k->session->arena, "%s backend=%s", k->candidates[i].plan, be_at(b)->name);
            *made = (tune_candidate){.plan = plan, .dense = k->candidates[i].dense};
            spc_status status = try_to_compile(k, made, false);
            r->runners[k->count] = (rt_runner){.ns = NAN};
            if (status) release(k, made);
            else k->count++;
            if (status == SPC_E_NOMEM) return status;
        }
    return SPC_OK;
}

void tune_release(tune_kernel *k)
{
    for (size_t i = 0; i < k->count; i++) release(k, &k->candidates[i]);
    k->count = 0;
}
