/* tuned: from measured points to variants. A plan was measured at some number of columns; it serves the class of sizes that
 * this lies in, and several points of a class share it, cut at their geometric means. Classes without a point stay the
 * planner's. */
#include "passes/tuned.h"

#include "passes/graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_POINTS = 64, MOST_DIMS = 64 };

typedef struct point {
    int64_t columns; /* value of the dim that variants may ask for; 0 where there is none */
    ir_plan_terms terms;
} point;

/* ---- keys ---- */

static uint64_t hash_text(const char *text)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

/* Coarse, so that a weight that was trained a little longer is still the same to wisdom. */
static const char *facts_text(const planner_facts *f)
{
    if (!f->measured)
        return "";
    const char *alike = f->alike >= 2 ? ir_format(f->module->arena, ", rows " PASS_FACTS_RARE " %.0f", f->alike) : "";
    return ir_format(f->module->arena, "density %.2g, cells %.2g, spread %.1f%s", f->density, f->cell_density, f->row_cv, alike);
}

static pass_region_key key_of(const planner_facts *f, const ir_op *fused)
{
    const char *text = graph_region_text(f->module, fused);
    return (pass_region_key){ir_format(f->module->arena, "%016llx", (unsigned long long)hash_text(text)), facts_text(f), f->density};
}

pass_region_key pass_region_key_of(ir_module *m, const pass_context *context, const ir_op *fused)
{
    lw_region region;
    planner_facts facts;
    lw_region_of(m, fused, &region);
    planner_facts_of(m, context, &region, &facts);
    return key_of(&facts, fused);
}

int pass_region_dims(ir_module *m, const ir_op *fused, const char **names, int max)
{
    lw_region region;
    lw_region_of(m, fused, &region);
    return lw_region_dims(m, &region, names, max);
}

/* ---- one point ---- */

static void warn(const tuned_kernel *k, const pass_tuned *t, const char *why)
{
    const ir_loc none = {0};
    ir_report(k->facts->module->diags, IR_WARNING, none, "wisdom's plan of kernel %s.%d%s%s is passed over: %s", k->layer->name,
              k->number, *t->dims ? " at " : "", t->dims, why);
}

/* "NAME=VALUE,NAME=VALUE"; 0: the dim is not among them. */
static int64_t value_of(const char *dims, const char *name)
{
    const size_t len = strlen(name);
    for (const char *at = dims; at && *at; at = strchr(at, ','), at = at ? at + 1 : NULL) {
        long long value;
        if (!strncmp(at, name, len) && at[len] == '=' && sscanf(at + len + 1, "%lld", &value) == 1)
            return value > 0 ? value : 0;
    }
    return 0;
}

static bool read_point(const tuned_kernel *k, const pass_tuned *t, point *out)
{
    const planner_facts *f = k->facts;
    rt_storage storage;
    rt_error refusal = {0};
    bool packed;
    *out = (point){.columns = f->batch_dim ? value_of(t->dims, f->batch_dim) : 0};
    if (f->batch_dim && !out->columns)
        return false;
    const char *why = ir_plan_read_terms(t->plan, f->module->arena, &out->terms);
    if (!why) {
        const int64_t columns = out->columns ? out->columns : f->columns;
        planner_choose(f, columns, columns, &out->terms);
        if (!lw_accepts(f->module, f->context, f->region, &out->terms, &storage, &packed, &refusal))
            why = refusal.text;
    }
    if (why)
        warn(k, t, why);
    return !why;
}

static int by_columns(const void *left, const void *right)
{
    const point *a = left, *b = right;
    return (a->columns > b->columns) - (a->columns < b->columns);
}

/* Ascending, one for each number of columns. */
static size_t read_points(const tuned_kernel *k, const pass_tuned *list, point *points)
{
    size_t count = 0, kept = 0;
    for (; list && count < MOST_POINTS; list = list->next)
        count += read_point(k, list, &points[count]);
    qsort(points, count, sizeof *points, by_columns);
    for (size_t i = 0; i < count; i++)
        if (!kept || points[i].columns != points[kept - 1].columns)
            points[kept++] = points[i];
    return kept;
}

/* ---- variants ---- */

typedef struct writer {
    const tuned_kernel *kernel;
    ir_plan *plan;
    ir_plan_line *line;
    ir_plan_variant *last;
} writer;

static bool same_terms(writer *w, const ir_plan_terms *a, const ir_plan_terms *b)
{
    return !strcmp(ir_plan_print_terms(a, w->plan->arena), ir_plan_print_terms(b, w->plan->arena));
}

/* limit 0: all the rest. A variant like the one before it widens that one, but for the one of a single column, which is
 * a simpler kernel. */
static void add(writer *w, int64_t limit, const ir_plan_terms *terms)
{
    const char *dim = limit ? w->kernel->facts->batch_dim : NULL;
    if (w->last && w->last->limit != 1 && same_terms(w, &w->last->terms, terms)) {
        w->last->limit = limit;
        w->last->dim = dim;
        return;
    }
    w->last = ir_plan_add_variant(w->plan, w->line, dim, limit, terms);
}

static int64_t between(int64_t low, int64_t high)
{
    const int64_t mean = (int64_t)sqrt((double)low * (double)high);
    return mean < low ? low : mean >= high ? high - 1 : mean;
}

/* On either side of these, different kernels are quick: what was measured on one says nothing of the other. */
static const int64_t classes[] = {1, 32};
enum { CLASSES = sizeof classes / sizeof *classes };

/* The variants of the columns from least on, above the points that are done, up to limit (0: all). */
static const point *add_range(writer *w, const point *at, const point *end, int64_t least, int64_t limit)
{
    static const ir_plan_terms open;
    const planner_facts *f = w->kernel->facts;
    if (at == end || (limit && at->columns > limit)) {
        ir_plan_terms terms = open;
        planner_choose(f, f->columns ? f->columns : least, limit ? limit : f->columns, &terms);
        add(w, limit, &terms);
        return at;
    }
    for (; at < end && (!limit || at->columns <= limit); at++) {
        const bool last = at + 1 == end || (limit && at[1].columns > limit);
        add(w, last ? limit : between(at->columns, at[1].columns), &at->terms);
    }
    return at;
}

bool tuned_complete(const tuned_kernel *k, ir_plan *plan, ir_plan_line *line)
{
    const pass_context *context = k->facts->context;
    if (!context->tuned || context->dense)
        return false;
    const pass_region_key key = key_of(k->facts, k->fused);
    point *points = IR_ARRAY(plan->arena, point, MOST_POINTS);
    size_t count = read_points(k, context->tuned(context->tuned_ctx, &key), points);
    if (!count)
        return false;
    if (!k->facts->batch_dim)
        count = 1;
    writer w = {k, plan, line, NULL};
    const point *at = points, *end = points + count;
    line->variants = NULL; /* instead of the open one that a new line has */
    line->origin = "wisdom";
    int64_t least = 1;
    for (size_t i = 0; i < CLASSES && k->facts->batch_dim; i++) {
        at = add_range(&w, at, end, least, classes[i]);
        least = classes[i] + 1;
    }
    add_range(&w, at, end, least, 0);
    return true;
}
