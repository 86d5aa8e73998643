/* summary: the layer as a whole, before its kernels: predicted time against all weights dense, which kernels it is spent
 * in, and by Amdahl's law what sparsity brings and could bring. */
#include "api/explain/explain.h"

#include "api/bench/bench.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct totals {
    double chosen, dense;                /* of all modelled kernels */
    double sparse_chosen, sparse_dense;  /* of those for which a sparse storage was chosen */
    size_t unknown;                      /* kernels that are not modelled */
} totals;

static totals add_up(const explain_layer *l, size_t point)
{
    totals t = {0};
    for (size_t i = 0; i < l->group_count; i++) {
        const explain_group *g = &l->groups[i];
        const double chosen = explain_chosen_ns(g, point), dense = explain_dense_ns(g, point);
        if (isnan(chosen) || isnan(dense)) {
            t.unknown += g->count;
            continue;
        }
        t.chosen += chosen;
        t.dense += dense;
        if (!g->declared_sparse || (explain_is_dense(g, point) && !g->whole)) continue;
        t.sparse_chosen += chosen;
        t.sparse_dense += dense;
    }
    return t;
}

static const char *point_name(const explain_layer *l, size_t p) { return *l->points[p].text ? l->points[p].text : "its size"; }

static void say_points(const explain_layer *l)
{
    ir_arena *a = l->out->arena;
    ir_text_add(l->out, "    %-16s %11s %11s %7s   %s\n", "at", "as chosen", "all dense", "gain", "by Amdahl's law");
    for (size_t p = 0; p < l->point_count; p++) {
        const totals t = add_up(l, p);
        ir_text_add(l->out, "    %-16s %11s %11s %7s   ", point_name(l, p), bench_time_text(a, t.chosen > 0 ? t.chosen : NAN),
                    bench_time_text(a, t.dense > 0 ? t.dense : NAN), t.chosen > 0 ? ir_format(a, "%.2fx", t.dense / t.chosen) : "-");
        if (t.sparse_chosen > 0) {
            const double share = t.sparse_dense / t.dense, gain = t.sparse_dense / t.sparse_chosen;
            ir_text_add(l->out, "%s of it dense gets %.2fx as fast", explain_percent(a, share), gain);
            if (share < 0.995) ir_text_add(l->out, "; never over %.2fx", 1 / (1 - share));
        } else ir_text_add(l->out, "no sparse kernel");
        ir_text_add(l->out, "\n");
    }
}

/* ---- where the time goes ---- */

typedef struct ranked_group {
    const explain_group *group;
    double share;
} ranked_group;

static int by_share(const void *left, const void *right)
{
    const ranked_group *a = left, *b = right;
    if (a->share != b->share) return a->share > b->share ? -1 : 1;
    return a->group->numbers[0] - b->group->numbers[0];
}

enum { MOST_ROWS = 12 };

static void say_group_row(const explain_layer *l, const ranked_group *r, size_t p)
{
    const explain_group *g = r->group;
    ir_arena *a = l->out->arena;
    const double gain = explain_dense_ns(g, p) / explain_chosen_ns(g, p);
    const char *store = g->at[p].variant && g->at[p].variant->terms.store[0] ? g->at[p].variant->terms.store : "-";
    ir_text_add(l->out, "    %6s  %7s  %-9s %-14s %7s  %s\n", isnan(r->share) ? "-" : explain_percent(a, r->share), isnan(gain) ? "-" : ir_format(a, "%.2fx", gain),
                g->known ? bench_number(a, "%.4g", g->facts.density) : "-", store, g->whole ? "shrunk" : g->declared_sparse ? "sparse" : g->weight ? "dense" : "-", g->name);
}

static void say_groups(const explain_layer *l)
{
    const size_t p = l->point_count - 1;
    const totals t = add_up(l, p);
    ranked_group *ranked = IR_ARRAY(l->out->arena, ranked_group, l->group_count);
    for (size_t i = 0; i < l->group_count; i++) {
        const double chosen = explain_chosen_ns(&l->groups[i], p);
        ranked[i] = (ranked_group){&l->groups[i], isnan(chosen) || !(t.chosen > 0) ? 0 : chosen / t.chosen};
    }
    qsort(ranked, l->group_count, sizeof *ranked, by_share);
    ir_text_add(l->out, "    at %s:\n    %6s  %7s  %-9s %-14s %7s  %s\n", point_name(l, p), "time", "gain", "density", "stored as", "weight", "kernel");
    for (size_t i = 0; i < l->group_count && i < MOST_ROWS; i++) say_group_row(l, &ranked[i], p);
    if (l->group_count > MOST_ROWS) ir_text_add(l->out, "    and %zu more groups of kernels\n", l->group_count - MOST_ROWS);
}

static void say_bytes(const explain_layer *l)
{
    int64_t values = 0, metadata = 0, dense = 0;
    bool several = false;
    ir_arena *a = l->out->arena;
    for (size_t i = 0; i < l->group_count; i++) {
        several = several || l->groups[i].form_count > 1;
        for (size_t f = 0; f < l->groups[i].form_count; f++) {
            values += l->groups[i].forms[f].values;
            metadata += l->groups[i].forms[f].metadata;
        }
        dense += l->groups[i].dense;
    }
    if (!dense) return;
    if (l->program->laid)
        ir_text_add(l->out, "    weights: %s of values and %s of metadata, %s of the %s they take dense%s\n", explain_size(a, values), explain_size(a, metadata),
                    explain_percent(a, (double)(values + metadata) / (double)dense), explain_size(a, dense), several ? "; some are held in several forms, for different sizes" : "");
    else ir_text_add(l->out, "    weights: %s if dense; without data their packed size is not known\n", explain_size(a, dense));
}

void explain_write_summary(const explain_layer *l)
{
    size_t unknown = 0;
    ir_text_add(l->out, "  summary: %zu kernel%s", l->kernel_count, l->kernel_count == 1 ? "" : "s");
    if (l->group_count < l->kernel_count) ir_text_add(l->out, ", %zu different one%s", l->group_count, l->group_count == 1 ? "" : "s");
    ir_text_add(l->out, "; times are the cost model's for one thread of %s, not measured\n", explain_cpu(l));
    if (!l->kernel_count) return;
    say_points(l);
    if (l->kernel_count > 1) say_groups(l);
    say_bytes(l);
    for (size_t p = 0; p < l->point_count && !unknown; p++) unknown = add_up(l, p).unknown;
    if (unknown) ir_text_add(l->out, "    %zu kernel%s without products, not modelled and left out of the times\n", unknown, unknown == 1 ? "" : "s");
    if (l->assumed) ir_text_add(l->out, "    sizes are examples; --dim gives the real ones\n");
}
