/* report: one measurement as a JSON object and as a table. Numbers print the same in every locale. */
#include "api/bench/bench.h"

#include <math.h>
#include <string.h>

/* What is left of a shrunk weight may well be dense. */
static bool is_sparse(const bench_kernel *k, const bench_variant *v) { return v && v->stored && (!v->dense || k->shrunk); }

static bool fell_back(const bench_kernel *k, const bench_variant *v)
{
    return v && v->stored && !is_sparse(k, v) && k->pattern && strcmp(k->pattern, "dense") != 0;
}

/* The time below which the machine cannot do it, against the time it took. */
static void compare_with_machine(const bench_report *r, const bench_form *form, bench_row *row)
{
    const double flops = bench_flops(row->kernel, r->dims), bytes = bench_bytes(form, row->kernel, r->dims);
    const double peak = isnan(flops) ? 0 : bench_peak(r->machine, row->kernel->compute);
    const double bandwidth = bench_bandwidth(r->machine, bytes);
    row->intensity = flops / bytes;
    row->gflops = flops / row->p50;
    row->roofline = NAN;
    if (!(bandwidth > 0) || isnan(row->p50) || (!isnan(flops) && !(peak > 0)) || (row->kernel->product && isnan(flops))) return;
    const double computing = isnan(flops) ? 0 : flops / peak, reading = bytes / bandwidth;
    row->binds = computing > reading ? "fma" : "memory";
    row->roofline = fmin(fmax(computing, reading) / row->p50, 1);
}

static bench_row make_row(const bench_report *r, size_t i)
{
    const bench_form *form = &r->forms[BENCH_COMPILED];
    bench_row row = {.kernel = &form->kernels[i], .variant = bench_variant_at(&form->kernels[i], r->dims),
                      .p50 = r->measured->kernel[BENCH_COMPILED][i], .dense_p50 = NAN};
    if (r->forms[BENCH_DENSE].kernel_count == form->kernel_count) row.dense_p50 = r->measured->kernel[BENCH_DENSE][i];
    compare_with_machine(r, form, &row);
    return row;
}

static void add_packing(const bench_form *form, const bool *used, size_t index, bench_summary *sum)
{
    const bench_packing *p = &form->packings[index];
    bool counted = false;
    for (size_t i = 0; i < index; i++) counted = counted || ((used[i] || !form->kernel_count) && !strcmp(form->packings[i].weight, p->weight));
    sum->values += p->values;
    sum->metadata += p->metadata;
    if (!counted) sum->dense += p->dense;
}

static bench_summary summarise(const bench_report *r, const bench_row *rows)
{
    const bench_form *form = &r->forms[BENCH_COMPILED];
    bench_summary sum = {.speedup = r->measured->layer[BENCH_DENSE].p50 / r->measured->layer[BENCH_COMPILED].p50};
    bool *used = IR_ARRAY(form->program->arena, bool, form->packing_count);
    double all = 0, sparse = 0;
    for (size_t i = 0; i < form->kernel_count; i++) {
        const bench_variant *v = rows[i].variant;
        all += rows[i].p50;
        if (is_sparse(&form->kernels[i], v)) sparse += rows[i].p50;
        sum.fallbacks += fell_back(&form->kernels[i], v);
        for (size_t u = 0; v && u < v->uses; u++) used[v->use[u]] = true;
    }
    for (size_t i = 0; i < form->packing_count; i++)
        if (used[i] || !form->kernel_count) add_packing(form, used, i, &sum);
    sum.coverage = all > 0 ? sparse / all : NAN;
    return sum;
}

void bench_report_fill(bench_report *r)
{
    const bench_form *form = &r->forms[BENCH_COMPILED];
    bench_row *rows = IR_ARRAY(form->program->arena, bench_row, form->kernel_count);
    for (size_t i = 0; i < form->kernel_count; i++) rows[i] = make_row(r, i);
    r->rows = rows;
    r->sum = summarise(r, rows);
}

/* ---- JSON ---- */

static void json_member(ir_text *out, const char *key, const char *text)
{
    ir_text_add(out, "\"%s\":", key);
    if (text) api_json_string(out, text);
    else ir_text_add(out, "null");
}

static void json_times(ir_text *out, const char *key, const bench_times *t)
{
    ir_arena *a = out->arena;
    ir_text_add(out, ",\"%s\":{\"p50\":%s,\"p95\":%s,\"p99\":%s,\"min\":%s,\"runs\":%lld,\"dropped\":%lld,\"steady\":%s}", key, bench_json_number(a, "%.1f", t->p50),
                bench_json_number(a, "%.1f", t->p95), bench_json_number(a, "%.1f", t->p99), bench_json_number(a, "%.1f", t->min), (long long)t->runs,
                (long long)t->dropped, t->steady ? "true" : "false");
}

static void json_kernel(ir_text *out, const bench_row *row)
{
    ir_arena *a = out->arena;
    ir_text_add(out, "{");
    json_member(out, "name", row->kernel->name);
    ir_text_add(out, ",");
    json_member(out, "op", row->kernel->operations);
    ir_text_add(out, ",");
    json_member(out, "pattern", row->kernel->pattern);
    ir_text_add(out, ",\"density\":%s,", bench_json_number(a, "%.6g", row->kernel->density));
    json_member(out, "plan", row->variant ? row->variant->plan : NULL);
    ir_text_add(out, ",\"p50_ns\":%s,\"dense_p50_ns\":%s,\"gflops_nonzero\":%s,\"roofline_fraction\":%s,",
                bench_json_number(a, "%.1f", row->p50), bench_json_number(a, "%.1f", row->dense_p50), bench_json_number(a, "%.6g", row->gflops),
                bench_json_number(a, "%.4g", row->roofline));
    json_member(out, "binds", row->binds);
    ir_text_add(out, "}");
}

void bench_write_json(const bench_report *r, ir_text *out)
{
    const bench_row *rows = r->rows;
    const bench_summary sum = r->sum;
    ir_text_add(out, "{");
    json_member(out, "model", r->model);
    ir_text_add(out, ",");
    json_member(out, "layer", r->layer);
    ir_text_add(out, ",");
    json_member(out, "cpu", r->cpu);
    ir_text_add(out, ",");
    json_member(out, "isa", r->isa);
    ir_text_add(out, ",\"threads\":%d,\"dims\":{", r->machine->exec.threads);
    for (size_t i = 0; i < r->dims->count; i++) {
        ir_text_add(out, "%s", i ? "," : "");
        api_json_string(out, r->dims->names[i]);
        ir_text_add(out, ":%lld", (long long)r->dims->values[i]);
    }
    ir_text_add(out, "}");
    json_times(out, "latency_ns", &r->measured->layer[BENCH_COMPILED]);
    json_times(out, "dense_latency_ns", &r->measured->layer[BENCH_DENSE]);
    ir_text_add(out, ",\"speedup\":%s,\"weights_bytes\":{\"values\":%lld,\"metadata\":%lld,\"dense\":%lld}",
                bench_json_number(out->arena, "%.6g", sum.speedup), (long long)sum.values, (long long)sum.metadata, (long long)sum.dense);
    ir_text_add(out, ",\"sparse_coverage\":%s,\"fallbacks\":%d,\"kernels\":[", bench_json_number(out->arena, "%.6g", sum.coverage),
                sum.fallbacks);
    for (size_t i = 0; i < r->forms[BENCH_COMPILED].kernel_count; i++) {
        ir_text_add(out, "%s", i ? "," : "");
        json_kernel(out, &rows[i]);
    }
    ir_text_add(out, "]}\n");
}

/* ---- the table ---- */

static void table_times(ir_text *out, const char *name, const bench_times *t)
{
    ir_arena *a = out->arena;
    ir_text_add(out, "  %-10s %10s %10s %10s %10s %10lld %10lld%s\n", name, bench_time_text(a, t->p50), bench_time_text(a, t->p95),
                bench_time_text(a, t->p99), bench_time_text(a, t->min), (long long)t->runs, (long long)t->dropped,
                t->steady ? "" : "  the machine changed its pace all the time");
}

static void table_kernel(ir_text *out, const bench_row *row, int width)
{
    ir_arena *a = out->arena;
    const bench_variant *v = row->variant;
    const char *store = v && !strncmp(v->plan, "store=", 6) ? v->plan + 6 : "-";
    ir_text_add(out, "  %-*s %10s %10s %8s %9s %-7s %8s %-14.*s %s\n", width, row->kernel->name, bench_time_text(a, row->p50),
                bench_time_text(a, row->dense_p50), bench_figure(a, "%.4g", row->gflops), bench_figure(a, "%.2f", row->roofline),
                row->binds ? row->binds : "-", bench_figure(a, "%.4g", row->kernel->density), (int)strcspn(store, " "), store,
                row->kernel->operations);
}

void bench_write_table(const bench_report *r, ir_text *out)
{
    const bench_row *rows = r->rows;
    const bench_summary sum = r->sum;
    ir_arena *a = out->arena;
    ir_text_add(out, "layer %s%s%s, %d thread%s, %s (%s)\n", r->layer, r->dims->count ? " at " : "", r->dims->text,
                r->machine->exec.threads, r->machine->exec.threads == 1 ? "" : "s", r->cpu, r->isa);
    ir_text_add(out, "  %-10s %10s %10s %10s %10s %10s %10s\n", "", "p50", "p95", "p99", "min", "calls", "dropped");
    table_times(out, "compiled", &r->measured->layer[BENCH_COMPILED]);
    table_times(out, "dense", &r->measured->layer[BENCH_DENSE]);
    ir_text_add(out, "  speedup %s, sparse kernels take %s of the time, %d fall%s back to dense\n", bench_figure(a, "%.2f", sum.speedup),
                bench_figure(a, "%.2f", sum.coverage), sum.fallbacks, sum.fallbacks == 1 ? "s" : "");
    ir_text_add(out, "  weights: %s of values and %s of metadata, dense %s\n", bench_size_text(a, sum.values), bench_size_text(a, sum.metadata),
                bench_size_text(a, sum.dense));
    int width = 10;
    for (size_t i = 0; i < r->forms[BENCH_COMPILED].kernel_count; i++)
        if ((int)strlen(rows[i].kernel->name) > width) width = (int)strlen(rows[i].kernel->name);
    if (r->forms[BENCH_COMPILED].kernel_count)
        ir_text_add(out, "  %-*s %10s %10s %8s %9s %-7s %8s %-14s %s\n", width, "kernel", "p50", "dense p50", "GFLOP/s", "roofline",
                    "binds", "density", "store", "operations");
    for (size_t i = 0; i < r->forms[BENCH_COMPILED].kernel_count; i++) table_kernel(out, &rows[i], width);
}
