/* kernel: the six questions, answered for one group of kernels: what is sparse, when, in which pattern, can this machine
 * exploit it and with which kernel, what does it cost, what gets better. Then the plans with those they won against. */
#include "api/explain/explain.h"

#include "api/bench/bench.h"
#include <math.h>
#include <string.h>

static const char *plural(int64_t n) { return n == 1 ? "" : "s"; }

static ir_text *label(const explain_layer *l, const char *name)
{
    ir_text_add(l->out, "    %-9s ", name);
    return l->out;
}

/* ---- what, when, which ---- */

/* Places that other weights' empty rows and columns leave constant or unused. */
static void say_shrunk(ir_text *out, const rt_declaration *whole)
{
    ir_text_add(out, ", of whose [");
    for (int i = 0; i < whole->rank; i++) ir_text_add(out, "%s%lld", i ? "," : "", (long long)whole->dims[i]);
    ir_text_add(out, "] the layer needs no more than");
}

static void say_what(const explain_layer *l, const explain_group *g)
{
    ir_text *out = label(l, "sparse");
    if (!g->weight) {
        ir_text_add(out, "nothing: it multiplies by no weight\n");
        return;
    }
    ir_text_add(out, "weight %s", g->whole ? g->whole->name : g->weight->name);
    if (g->weight_count > 1) ir_text_add(out, " and %zu like it", g->weight_count - 1);
    if (g->whole) say_shrunk(out, g->whole);
    ir_text_add(out, "%s %s", g->whole ? "" : ",", ir_print_type(g->weight->type, out->arena));
    if (!g->known) ir_text_add(out, g->declared_sparse ? ": declared %s\n" : ": nothing is declared sparse\n", g->pattern);
    else ir_text_add(out, ": %lld of %lld elements (%s) are zero%s\n", (long long)(g->facts.rows * g->facts.cols - g->facts.nnz),
                     (long long)(g->facts.rows * g->facts.cols), explain_percent(out->arena, 1 - g->facts.density),
                     g->declared_sparse || g->facts.density > 0.9 ? "" : ", but it is declared dense");
}

static void say_when(const explain_layer *l, const explain_group *g)
{
    if (!g->declared_sparse) return;
    ir_text_add(label(l, "when"), "always: the zeros are fixed in the weight, whatever the input%s\n",
                g->known ? "; that they keep to the pattern was checked" : "; data is checked against the pattern when it is bound");
}

/* What a plan without data rests on. */
static void say_missing(const explain_layer *l, const explain_group *g)
{
    rt_pattern pattern = {0};
    rt_error error;
    ir_text *out = label(l, "not known");
    ir_text_add(out, "no data is bound");
    if (!rt_pattern_parse(g->pattern, &pattern, &error) || rt_pattern_density(&pattern) == 1) {
        ir_text_add(out, "\n");
        return;
    }
    bool implied = false;
    for (int i = 0; i < pattern.count; i++) implied = implied || pattern.part[i].kind == RT_NM;
    ir_text_add(out, ", so density, row lengths and bytes are missing; the planner counts on density %.4g%s\n", rt_pattern_density(&pattern),
                implied ? " by the pattern" : pattern.density > 0 ? " by the hint" : ", as there is no hint");
}

static void say_pattern(const explain_layer *l, const explain_group *g)
{
    const rt_facts *f = &g->facts;
    if (!g->weight) return;
    if (!g->known) {
        say_missing(l, g);
        return;
    }
    ir_text *out = label(l, "pattern");
    ir_text_add(out, "%s; %lld", g->pattern, (long long)f->row_min);
    if (f->row_max > f->row_min) ir_text_add(out, " to %lld non-zeros in a row (mean %.1f)", (long long)f->row_max, f->row_mean);
    else ir_text_add(out, " non-zero%s in each row", plural(f->row_min));
    if (f->empty_rows) ir_text_add(out, ", %lld empty row%s", (long long)f->empty_rows, plural(f->empty_rows));
    if (f->empty_cols) ir_text_add(out, ", %lld empty column%s", (long long)f->empty_cols, plural(f->empty_cols));
    if (f->blocks) ir_text_add(out, "; %lld blocks hold non-zeros, %.0f %% of their elements are", (long long)f->blocks, 100 * f->block_fill);
    ir_text_add(out, "\n");
    if (!g->declared_sparse && f->rows > 1 && f->density < 0.5)
        ir_text_add(label(l, "hint"), "declared `sparse unstructured`, its zeros could be skipped\n");
}

/* ---- cost ---- */

static void say_form(const explain_layer *l, const explain_group *g, const explain_form *f, const char *name)
{
    ir_text *out = label(l, name);
    ir_arena *a = out->arena;
    ir_text_add(out, "as %s: %s of values", f->store, explain_size(a, f->values));
    if (f->metadata) ir_text_add(out, " and %s of metadata", explain_size(a, f->metadata));
    if (g->dense) ir_text_add(out, ", %s of the %s it takes dense", explain_percent(a, (double)(f->values + f->metadata) / (double)g->dense), explain_size(a, g->dense));
    if (f->metadata && g->nonzeros) ir_text_add(out, "; %.2f bytes of metadata for a non-zero", (double)f->metadata / (double)g->nonzeros);
    if (f->padding && strncmp(f->store, "dense", 5) != 0) ir_text_add(out, "; padding %s", explain_percent(a, (double)f->padding / (double)(g->nonzeros + f->padding)));
    ir_text_add(out, "\n");
}

static void say_cost(const explain_layer *l, const explain_group *g)
{
    if (!g->weight) return;
    if (l->program->laid) {
        for (size_t i = 0; i < g->form_count; i++) say_form(l, g, &g->forms[i], i ? "" : "cost");
        return;
    }
    ir_text *out = label(l, "cost");
    for (size_t i = 0; i < g->form_count; i++) ir_text_add(out, "%s%s", i ? ", " : "as ", g->forms[i].store);
    ir_text_add(out, "; %s if dense\n", explain_size(out->arena, g->dense));
}

/* ---- can this machine exploit it ---- */

static const double SLOWER = 0.97;

static void list_points(const explain_layer *l, const explain_group *g, bool dense, ir_text *out)
{
    bool any = false;
    for (size_t p = 0; p < l->point_count; p++) {
        if (!g->at[p].variant || explain_is_dense(g, p) != dense) continue;
        ir_text_add(out, "%s%s", any ? ", " : "", *l->points[p].text ? l->points[p].text : "its size");
        any = true;
    }
}

/* A plan by rules or by hand may be one that the model holds for slower than dense. */
static void say_losses(const explain_layer *l, const explain_group *g, ir_text *out)
{
    bool any = false;
    for (size_t p = 0; p < l->point_count; p++) {
        if (explain_is_dense(g, p) || !(explain_dense_ns(g, p) < SLOWER * explain_chosen_ns(g, p))) continue;
        ir_text_add(out, "%s%s", any ? ", " : "; by the model dense were quicker at ", *l->points[p].text ? l->points[p].text : "its size");
        any = true;
    }
    ir_text_add(out, "\n");
}

static void say_machine(const explain_layer *l, const explain_group *g)
{
    size_t dense = 0, all = 0;
    if (!g->declared_sparse) return;
    for (size_t p = 0; p < l->point_count; p++) {
        all += g->at[p].variant != NULL;
        dense += g->at[p].variant && explain_is_dense(g, p);
    }
    ir_text *out = label(l, "machine");
    ir_text_add(out, "%s, %d f32 lanes, %d vector registers: ", explain_cpu(l), l->program->target.vector_bytes / 4,
                l->program->target.vector_registers);
    if (g->whole) ir_text_add(out, "what is not needed is gone before there are kernels; of the rest it ");
    if (!dense) ir_text_add(out, "exploits it with a sparse kernel at every size below");
    else if (dense == all) ir_text_add(out, g->whole ? "takes all, with a dense kernel" : "a dense kernel was chosen at every size below");
    else {
        ir_text_add(out, "exploits it at ");
        list_points(l, g, false, out);
        ir_text_add(out, "; dense was chosen at ");
        list_points(l, g, true, out);
    }
    say_losses(l, g, out);
}

/* ---- what gets better ---- */

static const char *break_even_text(ir_arena *a, const explain_group *g, const explain_choice *c)
{
    if (isnan(c->break_even)) return "-";
    if (c->break_even >= 1) return g->declared_sparse ? "any density" : "-";
    return c->break_even < 0.005 ? "no density" : ir_format(a, "%.2f", c->break_even);
}

static void say_point(const explain_layer *l, const explain_group *g, size_t p)
{
    const explain_choice *c = &g->at[p];
    ir_arena *a = l->out->arena;
    const double chosen = explain_chosen_ns(g, p), dense = explain_dense_ns(g, p);
    ir_text_add(l->out, "      %-16s %11s %11s %7s  %-11s %s\n", l->points[p].text, bench_time_text(a, chosen), bench_time_text(a, dense),
                isnan(dense / chosen) ? "-" : ir_format(a, "%.2fx", dense / chosen), break_even_text(a, g, c),
                c->modelled ? planner_resource_text(c->chosen.binds) : "not modelled");
}

static void say_gain(const explain_layer *l, const explain_group *g)
{
    bool modelled = false;
    for (size_t p = 0; p < l->point_count; p++) modelled = modelled || g->at[p].modelled;
    if (!modelled) {
        ir_text_add(label(l, "gain"), "not predicted: the model knows products only\n");
        return;
    }
    ir_text_add(label(l, "gain"), "predicted%s\n", g->count > 1 ? ", all of them together" : "");
    ir_text_add(l->out, "      %-16s %11s %11s %7s  %-11s %s\n", "at", "as chosen", "dense", "gain", "pays below", "bound by");
    for (size_t p = 0; p < l->point_count; p++) say_point(l, g, p);
}

/* ---- plans ---- */

static bool is_chosen(const explain_choice *c, const planner_candidate *candidate, ir_arena *arena)
{
    return !strcmp(ir_plan_print_terms(&candidate->terms, arena), ir_plan_print_terms(&c->chosen.terms, arena));
}

static void say_candidate(const explain_layer *l, const explain_choice *c, const planner_candidate *k, const char *note)
{
    const double off = 100 * (k->predicted_ns / c->chosen.predicted_ns - 1);
    ir_text_add(l->out, "          %10s %+5.0f %%  %s%s\n", bench_time_text(l->out->arena, k->predicted_ns), off,
                ir_plan_print_terms(&k->terms, l->out->arena), note);
    if (!l->details) return;
    ir_text_add(l->out, "                             ");
    for (int r = 0; r < PLANNER_RESOURCES; r++)
        ir_text_add(l->out, "%s%s %s", r ? ", " : "", planner_resource_name((planner_resource)r), bench_time_text(l->out->arena, k->ns[r]));
    ir_text_add(l->out, "\n");
}

/* The next best two and the best of the other kind; with details all of them. */
static void say_runners_up(const explain_layer *l, const explain_choice *c, bool of_range)
{
    const size_t most = l->details ? c->count : 2;
    const double notable = 0.995 * c->chosen.predicted_ns;
    size_t shown = 0;
    bool quicker = false, dense = c->chosen.dense, sparse = !c->chosen.dense;
    for (size_t i = 0; i < c->count && shown < most; i++) {
        const planner_candidate *k = &c->ranked[i];
        if (is_chosen(c, k, l->out->arena)) continue;
        quicker = quicker || (k->dense == c->chosen.dense && k->predicted_ns < notable);
        const bool first = k->dense ? !dense : !sparse;
        say_candidate(l, c, k, first ? (k->dense ? "  (the best dense one)" : "  (the best sparse one)") : k->dense ? "  (dense)" : "");
        dense = dense || k->dense;
        sparse = sparse || !k->dense;
        shown++;
    }
    if (!dense && c->best_dense) say_candidate(l, c, c->best_dense, "  (the best dense one)");
    if (!sparse && c->best_sparse) say_candidate(l, c, c->best_sparse, "  (the best sparse one)");
    if (of_range && quicker) ir_text_add(l->out, "          below 0 %%: better at this size, less good over all sizes of the variant; one more variant would not be "
                                                 "worth its code\n");
}

static void say_why_dense(const explain_layer *l, const explain_group *g, size_t p)
{
    const explain_choice *c = &g->at[p];
    ir_text *out = l->out;
    if (!g->declared_sparse || !explain_is_dense(g, p) || !c->modelled) return;
    ir_text_add(out, "        dense ");
    if (g->line->origin && strcmp(g->line->origin, "planner") != 0) {
        ir_text_add(out, "because the plan%s says so\n", !strcmp(g->line->origin, "wisdom") ? " from wisdom" : " of the user");
        return;
    }
    if (!c->best_sparse) {
        ir_text_add(out, "because there is no legal sparse plan\n");
        return;
    }
    const double off = c->best_sparse->predicted_ns / c->chosen.predicted_ns - 1;
    if (off > 0) ir_text_add(out, "because the best sparse plan is predicted to take %.0f %% longer, bound by %s", 100 * off,
                             planner_resource_text(c->best_sparse->binds));
    else ir_text_add(out, "because the best sparse plan is predicted to save only %.0f %%", -100 * off);
    if (c->break_even > 0 && c->break_even < 1)
        ir_text_add(out, "; sparse pays below density %s", bench_number(out->arena, "%.2f", c->break_even));
    ir_text_add(out, "\n");
}

static void say_terms(const explain_layer *l, const explain_group *g, const ir_plan_variant *v)
{
    ir_text_add(l->out, "      ");
    if (v->dim) ir_text_add(l->out, "when %s<=%lld: ", v->dim, (long long)v->limit);
    else if (g->line->variants != v) ir_text_add(l->out, "else: ");
    ir_text_add(l->out, "%s\n        ", ir_plan_print_terms(&v->terms, l->out->arena));
    explain_say_terms(l->out, &v->terms);
    ir_text_add(l->out, "\n");
}

/* One point stands for its variant, unless details are asked for. */
static void say_variant(const explain_layer *l, const explain_group *g, const ir_plan_variant *v)
{
    say_terms(l, g, v);
    for (size_t p = 0; p < l->point_count; p++) {
        if (g->at[p].variant != v) continue;
        say_why_dense(l, g, p);
        if (g->at[p].modelled && g->at[p].count > 1) {
            ir_text_add(l->out, "        not taken%s%s, predicted%s:\n", *l->points[p].text ? " at " : "", l->points[p].text,
                        g->count > 1 ? " for each" : "");
            say_runners_up(l, &g->at[p], g->line->origin && !strcmp(g->line->origin, "planner") && g->line->variants->next);
        }
        if (!l->details) return;
    }
}

static void say_plans(const explain_layer *l, const explain_group *g)
{
    if (!g->line) return;
    const bool tuned = g->line->origin && !strcmp(g->line->origin, "wisdom");
    ir_text_add(label(l, "plan"), "%s%s\n", tuned ? "from " : "by the ", g->line->origin ? g->line->origin : "planner");
    if (g->line->left_out)
        ir_text_add(l->out, "      left out, for with it the storages would take over %s times the dense bytes (--budget): %s\n",
                    api_option_value(l->session, API_budget), g->line->left_out);
    for (const ir_plan_variant *v = g->line->variants; v; v = v->next) say_variant(l, g, v);
    explain_write_measured(l, g);
}

void explain_write_group(const explain_layer *l, const explain_group *g)
{
    ir_text_add(l->out, "\n  kernel %s: ", g->name);
    explain_say_operations(l->out, g->fused);
    ir_text_add(l->out, "\n");
    say_what(l, g);
    say_when(l, g);
    say_pattern(l, g);
    say_machine(l, g);
    say_cost(l, g);
    say_gain(l, g);
    say_plans(l, g);
}
