/* page: all choices of dims of one bench as one HTML page that needs nothing else. The text comes first, then plots, then
 * the tables that hold the same figures for those who cannot see plots. */
#include "api/bench/bench.h"
#include "api/bench/plot.h"

#include "runtime/cpu.h"
#include <math.h>
#include <string.h>

typedef struct page {
    spc_session *session;
    const bench_report *reports;
    size_t count;
    int varying; /* the one dim that differs between reports; -1: none or several */
    ir_text *out;
    ir_arena *arena;
} page;

static const char *esc(const page *p, const char *text) { return plot_escape(p->arena, text); }

enum { MOST_TICKS = 12, MOST_NAMED = 8 };

/* With the Greek letter, which the table on a terminal does without. */
static const char *time_of(ir_arena *arena, double ns)
{
    const char *text = bench_time_text(arena, ns);
    const size_t len = strlen(text);
    return len > 2 && !strcmp(text + len - 2, "us") ? ir_format(arena, "%.*s\xc2\xb5s", (int)len - 2, text) : text;
}

static const char *dims_text(const bench_report *r) { return r->dims->count ? r->dims->text : "its only size"; }

/* ---- the head ---- */

static void add_tile(const page *p, const char *value, const char *class, const char *says)
{
    ir_text_add(p->out, "<div class=\"tile\"><b class=\"%s\">%s</b><span>%s</span></div>\n", class, value, says);
}

static const char *range(const page *p, double low, double high, const char *format)
{
    const char *first = bench_figure(p->arena, format, low), *last = bench_figure(p->arena, format, high);
    return strcmp(first, last) ? ir_format(p->arena, "%s&thinsp;&ndash;&thinsp;%s", first, last) : first;
}

static void add_tiles(const page *p)
{
    double low = INFINITY, high = -INFINITY, coverage_low = INFINITY, coverage_high = -INFINITY;
    int fallbacks = 0;
    for (size_t i = 0; i < p->count; i++) {
        const bench_summary *s = &p->reports[i].sum;
        low = fmin(low, s->speedup), high = fmax(high, s->speedup);
        coverage_low = fmin(coverage_low, 100 * s->coverage), coverage_high = fmax(coverage_high, 100 * s->coverage);
        fallbacks = s->fallbacks > fallbacks ? s->fallbacks : fallbacks;
    }
    const bench_summary *last = &p->reports[p->count - 1].sum;
    const double stored = (double)(last->values + last->metadata) / (double)last->dense;
    ir_text_add(p->out, "<div class=\"tiles\">\n");
    add_tile(p, ir_format(p->arena, "%s&times;", range(p, low, high, "%.2f")), low >= 1 ? "good" : high < 1 ? "bad" : "",
             "as fast as the same layer stored dense");
    add_tile(p, last->dense ? ir_format(p->arena, "%s&thinsp;%%", bench_figure(p->arena, "%.3g", 100 * stored)) : "-", "",
             "of the dense weights&rsquo; bytes are stored");
    add_tile(p, ir_format(p->arena, "%s&thinsp;%%", range(p, coverage_low, coverage_high, "%.0f")), "", "of the time is spent in sparse kernels");
    add_tile(p, ir_format(p->arena, "%d", fallbacks), "", "sparse weights for which dense was chosen");
    ir_text_add(p->out, "</div>\n");
}

static void add_head(const page *p)
{
    const bench_report *r = p->reports;
    ir_text_add(p->out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n"
                        "<meta name=\"generator\" content=\"spc %s\"><title>%s of %s, measured</title><style>\n%s</style></head>\n<body><main>\n",
                spc_version(), esc(p, r->layer), esc(p, r->model), bench_page_style);
    ir_text_add(p->out, "<h1>Layer %s, sparse against dense</h1>\n<p class=\"soft\">%s &middot; %s, compiled for %s &middot; %d thread%s &middot; spc %s</p>\n",
                esc(p, r->layer), esc(p, r->model), esc(p, r->cpu), r->isa, r->machine->exec.threads,
                r->machine->exec.threads == 1 ? "" : "s", spc_version());
    add_tiles(p);
}

/* ---- latency and speedup ---- */

static double place(const page *p, size_t i)
{
    return p->varying < 0 ? (double)i : (double)p->reports[i].dims->values[p->varying];
}

static int find_varying(const page *p)
{
    int found = -1;
    for (size_t d = 0; d < p->reports[0].dims->count; d++) {
        bool differs = false;
        for (size_t i = 1; i < p->count; i++) differs = differs || p->reports[i].dims->values[d] != p->reports[0].dims->values[d];
        for (size_t i = 0; i < p->count && differs; i++) differs = p->reports[i].dims->values[d] > 0;
        if (differs && found >= 0) return -1;
        if (differs) found = (int)d;
    }
    for (size_t i = 1; i < p->count && found >= 0; i++)
        if (p->reports[i].dims->values[found] <= p->reports[i - 1].dims->values[found]) return -1;
    return found;
}

static void choose_x(const page *p, plot *q)
{
    const bool numeric = p->varying >= 0;
    q->x = (plot_axis)PLOT_EMPTY;
    q->x.log = numeric;
    q->x.title = numeric ? p->reports[0].dims->names[p->varying] : "choice of dims";
    for (size_t i = 0; i < p->count; i++) plot_include(&q->x, place(p, i));
    if (numeric) {
        double *ticks = IR_ARRAY(p->arena, double, p->count);
        for (size_t i = 0; i < p->count; i++) ticks[i] = place(p, i);
        q->x.ticks = ticks;
        q->x.tick_count = p->count <= MOST_TICKS ? p->count : 0;
        plot_settle(&q->x);
        return;
    }
    const char **names = IR_ARRAY(p->arena, const char *, p->count);
    for (size_t i = 0; i < p->count; i++) names[i] = dims_text(&p->reports[i]);
    q->x.names = names;
    q->x.name_count = p->count;
    q->x.low = -0.5;
    q->x.high = (double)p->count - 0.5;
}

static const char *times_text(const page *p, const bench_report *r, int form)
{
    const bench_times *t = &r->measured->layer[form];
    return ir_format(p->arena, "%s at %s: p50 %s, p95 %s, p99 %s", form == BENCH_DENSE ? "dense" : "as compiled", dims_text(r),
                     time_of(p->arena, t->p50), time_of(p->arena, t->p95), time_of(p->arena, t->p99));
}

static void add_latency(const page *p)
{
    static const char *const class[] = {"sparse", "dense"};
    plot q = {.out = p->out, .id = 1, .width = 560, .height = 340, .y = PLOT_EMPTY, .title = "Latency",
              .about = "Median time of one call with a band up to the 95th percentile, as compiled and dense. The table below has the figures."};
    double *x = IR_ARRAY(p->arena, double, p->count), *p50 = IR_ARRAY(p->arena, double, p->count), *p95 = IR_ARRAY(p->arena, double, p->count);
    q.y.log = true;
    q.y.title = "time of one call";
    q.y.label = time_of;
    choose_x(p, &q);
    for (size_t i = 0; i < p->count; i++)
        for (int f = 0; f < BENCH_FORMS; f++) {
            plot_include(&q.y, p->reports[i].measured->layer[f].p50);
            plot_include(&q.y, p->reports[i].measured->layer[f].p95);
        }
    plot_settle(&q.y);
    plot_open(&q);
    for (int f = BENCH_FORMS - 1; f >= 0; f--) {
        for (size_t i = 0; i < p->count; i++) {
            x[i] = place(p, i);
            p50[i] = p->reports[i].measured->layer[f].p50;
            p95[i] = p->reports[i].measured->layer[f].p95;
        }
        plot_band(&q, class[f], x, p50, p95, p->count);
        plot_line(&q, class[f], x, p50, p->count);
        for (size_t i = 0; i < p->count; i++) plot_mark(&q, class[f], f ? 's' : 'o', x[i], p50[i], times_text(p, &p->reports[i], f));
    }
    plot_close(&q, "Lines: median of one call. Bands: up to the 95th percentile.");
}

static const char *times_factor(ir_arena *arena, double value) { return ir_format(arena, "%s&times;", bench_number(arena, "%.3g", value)); }

static void add_speedup(const page *p)
{
    plot q = {.out = p->out, .id = 2, .width = 560, .height = 340, .y = PLOT_EMPTY, .title = "Speedup over dense",
              .about = "Dense median divided by the compiled layer's, the two measured in turn. Above 1 sparsity pays."};
    double *x = IR_ARRAY(p->arena, double, p->count), *y = IR_ARRAY(p->arena, double, p->count);
    q.y.title = "speedup over dense";
    q.y.label = times_factor;
    choose_x(p, &q);
    plot_include(&q.y, 0);
    plot_include(&q.y, 1);
    for (size_t i = 0; i < p->count; i++) {
        x[i] = place(p, i);
        plot_include(&q.y, y[i] = p->reports[i].sum.speedup);
    }
    plot_settle(&q.y);
    plot_open(&q);
    const double ends[] = {q.x.low, q.x.high}, even[] = {1, 1};
    plot_line(&q, "even", ends, even, 2);
    plot_line(&q, "sparse", x, y, p->count);
    for (size_t i = 0; i < p->count; i++)
        plot_mark(&q, "sparse", 'o', x[i], y[i], ir_format(p->arena, "%s: %s times as fast as dense", dims_text(&p->reports[i]),
                                                           bench_figure(p->arena, "%.2f", y[i])));
    plot_close(&q, "The dotted line is dense: below it sparsity costs time.");
}

static void add_times_row(const page *p, const bench_report *r, int form)
{
    const bench_times *t = &r->measured->layer[form];
    ir_text_add(p->out, "<tr><th scope=\"row\">%s</th><td class=\"text\">%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%lld</td><td>%lld</td>",
                esc(p, dims_text(r)), form == BENCH_DENSE ? "dense" : "as compiled", time_of(p->arena, t->p50),
                time_of(p->arena, t->p95), time_of(p->arena, t->p99), time_of(p->arena, t->min),
                (long long)t->runs, (long long)t->dropped);
    const bench_summary *s = &r->sum;
    if (form == BENCH_DENSE) ir_text_add(p->out, "<td></td><td></td><td></td><td>%s</td><td></td></tr>\n", bench_size_text(p->arena, s->dense));
    else ir_text_add(p->out, "<td>%s</td><td>%s</td><td>%d</td><td>%s</td><td>%s</td></tr>\n", bench_figure(p->arena, "%.2f", s->speedup),
                     bench_figure(p->arena, "%.2f", s->coverage), s->fallbacks, bench_size_text(p->arena, s->values),
                     bench_size_text(p->arena, s->metadata));
}

static void add_times(const page *p)
{
    bool steady = true;
    ir_text_add(p->out, "<div class=\"scroll\"><table><caption>The whole layer</caption><thead><tr><th scope=\"col\" class=\"text\">dims</th><th scope=\"col\" class=\"text\">form</th>"
                        "<th scope=\"col\">p50</th><th scope=\"col\">p95</th><th scope=\"col\">p99</th><th scope=\"col\">min</th><th scope=\"col\">calls</th>"
                        "<th scope=\"col\">dropped</th><th scope=\"col\">speedup</th><th scope=\"col\">sparse share</th><th scope=\"col\">fallbacks</th>"
                        "<th scope=\"col\">values</th><th scope=\"col\">metadata</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < p->count; i++)
        for (int f = 0; f < BENCH_FORMS; f++) {
            add_times_row(p, &p->reports[i], f);
            steady = steady && p->reports[i].measured->layer[f].steady;
        }
    ir_text_add(p->out, "</tbody></table></div>\n");
    if (!steady) ir_text_add(p->out, "<p class=\"bad\">The machine changed its pace all the time; repeat on a quiet one.</p>\n");
}

/* ---- machine and roofline ---- */

typedef struct level {
    const char *name;
    double bytes; /* that lie in it */
} level;

enum { LEVELS = 4 };
static size_t levels_of(level out[LEVELS])
{
    const rt_caches c = rt_cpu_caches();
    const level all[LEVELS] = {{"L1", (double)c.l1d / 2}, {"L2", (double)c.l2 / 2}, {"L3", (double)c.l3 / 2}, {"memory", 256.0 * 1024 * 1024}};
    size_t count = 0;
    for (int i = 0; i < LEVELS; i++)
        if (all[i].bytes > 0) out[count++] = all[i];
    return count;
}

static void add_machine(const page *p)
{
    bench_machine *m = p->reports[0].machine;
    level levels[LEVELS];
    const size_t count = levels_of(levels);
    const double peak = bench_peak(m, SPC_F32);
    if (!(peak > 0)) return;
    ir_text_add(p->out, "<div class=\"scroll\"><table><caption>What this machine could do in the same process, with as many threads</caption><tbody>\n"
                        "<tr><th scope=\"row\">f32 multiply-adds from registers</th><td>%s GFLOP/s</td></tr>\n", bench_number(p->arena, "%.1f", peak));
    for (size_t i = 0; i < count; i++)
        ir_text_add(p->out, "<tr><th scope=\"row\">reading %s over and over (%s)</th><td>%s GB/s</td></tr>\n", bench_size_text(p->arena, (int64_t)levels[i].bytes),
                    levels[i].name, bench_number(p->arena, "%.1f", bench_bandwidth(m, levels[i].bytes)));
    ir_text_add(p->out, "</tbody></table></div>\n");
}

static void add_roofs(const page *p, const plot *q)
{
    bench_machine *m = p->reports[0].machine;
    const double peak = bench_peak(m, SPC_F32);
    level levels[LEVELS];
    const size_t count = levels_of(levels);
    for (size_t i = 0; i < count; i++) {
        const double bandwidth = bench_bandwidth(m, levels[i].bytes), knee = peak / bandwidth;
        const double x[] = {q->x.low, fmax(fmin(knee, q->x.high), q->x.low), q->x.high};
        const double y[] = {fmin(q->x.low * bandwidth, peak), fmin(bandwidth * x[1], peak), fmin(bandwidth * q->x.high, peak)};
        plot_line(q, i + 1 == count ? "roof" : "roof thin", x, y, 3);
        const double at = fmax(q->x.low, q->y.low / bandwidth) * 1.1;
        if (at * bandwidth < peak && at < q->x.high) plot_note(q, "roof", at, at * bandwidth * 1.12, levels[i].name);
    }
}

static const char *kernel_text(const page *p, const bench_report *r, const bench_row *row)
{
    return ir_format(p->arena, "%s at %s: %s GFLOP/s, %s operations a byte, %s %% of what the machine allows", row->kernel->name, dims_text(r),
                     bench_figure(p->arena, "%.3g", row->gflops), bench_figure(p->arena, "%.3g", row->intensity),
                     bench_figure(p->arena, "%.0f", 100 * row->roofline));
}

static bool is_dense(const bench_row *row) { return !row->variant || row->variant->dense; }

static void add_roofline(const page *p)
{
    plot q = {.out = p->out, .id = 3, .width = 1120, .height = 420, .x = PLOT_EMPTY, .y = PLOT_EMPTY, .title = "Roofline",
              .about = "Each kernel's operations on non-zeros per second against operations per byte, below what the machine can do. The tables have the figures."};
    const double peak = bench_peak(p->reports[0].machine, SPC_F32);
    bool any = false;
    q.x.log = q.y.log = true;
    q.x.title = "operations on non-zeros for each byte (weights as stored, inputs, results)";
    q.y.title = "GFLOP/s on non-zeros";
    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0; k < p->reports[i].forms[0].kernel_count; k++) {
            const bench_row *row = &p->reports[i].rows[k];
            any = any || (isfinite(row->gflops) && row->gflops > 0 && isfinite(row->intensity));
            plot_include(&q.x, row->intensity);
            plot_include(&q.y, row->gflops);
        }
    if (!any || !(peak > 0)) return;
    plot_include(&q.y, peak);
    plot_settle(&q.x);
    plot_settle(&q.y);
    plot_open(&q);
    add_roofs(p, &q);
    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0; k < p->reports[i].forms[0].kernel_count; k++) {
            const bench_row *row = &p->reports[i].rows[k];
            plot_mark(&q, is_dense(row) ? "dense" : "sparse", is_dense(row) ? 's' : 'o', row->intensity, row->gflops, kernel_text(p, &p->reports[i], row));
            if (i + 1 == p->count && p->reports[i].forms[0].kernel_count <= MOST_NAMED)
                plot_note(&q, "beside", row->intensity, row->gflops, row->kernel->name);
        }
    plot_close(&q, "Discs: kernels with a sparse storage; squares: dense. Sloping lines: reading from each level of memory; the flat one: multiply-adds. "
                   "Names stand at the last choice of dims. A kernel cannot lie above the line of the memory in which its data is.");
}

/* ---- kernels ---- */

static void add_kernel_rows(const page *p, const bench_report *r)
{
    for (size_t k = 0; k < r->forms[0].kernel_count; k++) {
        const bench_row *row = &r->rows[k];
        ir_text_add(p->out, "<tr><th scope=\"row\">%s</th><td class=\"text\">%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td class=\"text\">%s</td>"
                            "<td class=\"text\"><code>%s</code></td></tr>\n",
                    esc(p, row->kernel->name), row->kernel->pattern ? esc(p, row->kernel->pattern) : "-", bench_figure(p->arena, "%.4g", row->kernel->density),
                    time_of(p->arena, row->p50), time_of(p->arena, row->dense_p50), bench_figure(p->arena, "%.2f", row->dense_p50 / row->p50),
                    bench_figure(p->arena, "%.4g", row->gflops), bench_figure(p->arena, "%.2f", row->roofline), row->binds ? row->binds : "-",
                    row->variant ? esc(p, row->variant->plan) : "-");
    }
}

static void add_kernels(const page *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const bench_report *r = &p->reports[i];
        if (!r->forms[0].kernel_count) continue;
        ir_text_add(p->out, "<details%s><summary>%zu kernel%s at %s</summary><div class=\"scroll\"><table><thead><tr><th scope=\"col\" class=\"text\">kernel</th>"
                            "<th scope=\"col\" class=\"text\">pattern</th><th scope=\"col\">density</th><th scope=\"col\">p50</th><th scope=\"col\">dense p50</th>"
                            "<th scope=\"col\">speedup</th><th scope=\"col\">GFLOP/s</th><th scope=\"col\">roofline</th><th scope=\"col\" class=\"text\">binds</th>"
                            "<th scope=\"col\" class=\"text\">plan</th></tr></thead><tbody>\n",
                    i + 1 == p->count ? " open" : "", r->forms[0].kernel_count, r->forms[0].kernel_count == 1 ? "" : "s", esc(p, dims_text(r)));
        add_kernel_rows(p, r);
        ir_text_add(p->out, "</tbody></table></div></details>\n");
    }
}

static const char notes[] =
    "<h2>How to read this</h2>\n"
    "<p>The two forms took turns in one process, so a ratio means something where an absolute time depends on how busy the machine was. "
    "Calls during which the machine changed its pace by more than 3&thinsp;% are dropped. Dense is the same layer with the same fusions and "
    "every weight stored dense; it is no comparison with other libraries.</p>\n"
    "<p>Roofline is the least time in which this machine could do the work on non-zeros, or read the bytes, divided by the time it took; "
    "<i>binds</i> says which of the two it is. Padding, indices and packing are not work in this sense, so 0.5 to 0.7 is good for an unstructured pattern. "
    "The share of time in sparse kernels bounds what faster ones could still bring: 1&thinsp;/&thinsp;(1&thinsp;&minus;&thinsp;share).</p>\n";

void bench_write_page(spc_session *s, const bench_report *reports, size_t count, ir_text *out)
{
    page p = {.session = s, .reports = reports, .count = count, .out = out, .arena = out->arena};
    if (!count) return;
    p.varying = find_varying(&p);
    add_head(&p);
    ir_text_add(out, "<h2>Latency</h2>\n<p class=\"key\"><span><i class=\"sparse\"></i>as compiled</span><span><i class=\"dense\"></i>stored dense</span></p>\n<div class=\"row\">\n");
    add_latency(&p);
    add_speedup(&p);
    ir_text_add(out, "</div>\n");
    add_times(&p);
    ir_text_add(out, "<h2>Kernels</h2>\n");
    add_roofline(&p);
    add_machine(&p);
    add_kernels(&p);
    ir_text_add(out, "<h2>Weights</h2>\n");
    bench_write_weights(s, &reports[0], out);
    ir_text_add(out, "%s</main></body></html>\n", notes);
}
