/* weights: the page's pictures of the layer's weights: where each has its non-zeros, how long its rows are, how full
 * its tiles. Weights that are alike in every figure shown are many in deep networks; only so many are drawn. */
#include "api/bench/bench.h"
#include "api/bench/plot.h"

#include "runtime/pattern.h"
#include "runtime/picture.h"
#include <math.h>
#include <string.h>

enum { SHADES = 5, MOST_DRAWN = 24, FEW_BINS = 12 };

/* A path for each shade, of horizontal runs of cells; the darkest is the fullest cell of this weight. */
static int shade_of(const rt_picture *p, int y, int x)
{
    return p->fullest > 0 ? (int)ceil(SHADES * (double)p->cell[y][x] / p->fullest - 1e-6) : 0;
}

static void add_shade(ir_text *out, const rt_picture *p, int shade)
{
    bool any = false;
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width; x++) {
            const int from = x;
            while (x < p->width && shade_of(p, y, x) == shade) x++;
            if (x == from) continue;
            if (!any) ir_text_add(out, "<path class=\"shade s%d\" d=\"", shade);
            ir_text_add(out, "M%d %dh%dv1h-%dZ", from, y, x - from, x - from);
            any = true;
        }
    if (any) ir_text_add(out, "\"/>\n");
}

static void add_raster(ir_text *out, const char *name, const rt_picture *p, int id)
{
    ir_arena *a = out->arena;
    ir_text_add(out, "<figure class=\"raster\"><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"t%d d%d\"%s><title id=\"t%d\">Pattern of %s</title>"
                     "<desc id=\"d%d\">Rows downwards, columns to the right; darker cells hold more non-zeros.</desc>\n",
                p->width, p->height, id, id, p->cell_rows == p->cell_cols ? "" : " preserveAspectRatio=\"none\"", id,
                plot_escape(a, name), id);
    for (int shade = 1; shade <= SHADES; shade++) add_shade(out, p, shade);
    ir_text_add(out, "</svg><figcaption>one cell is %lld&thinsp;&times;&thinsp;%lld element%s; the darkest are %s&thinsp;%% non-zero</figcaption></figure>\n",
                (long long)p->cell_rows, (long long)p->cell_cols, p->cell_rows * p->cell_cols == 1 ? "" : "s",
                bench_number(a, "%.3g", 100 * p->fullest));
}

static const char *percent(ir_arena *arena, double value) { return ir_format(arena, "%s %%", bench_number(arena, "%.4g", 100 * value)); }

/* Of a bar that stands for one number. */
static const char *whole_number(ir_arena *arena, double value) { return ir_format(arena, "%.0f", floor(value)); }

static void add_histogram(ir_text *out, const rt_histogram *h, bool shares, const char *name, int id)
{
    ir_arena *a = out->arena;
    plot p = {.out = out, .id = id, .width = 340, .height = 220, .y = {.low = 0, .high = 0},
              .x = {.low = h->low, .high = h->low + h->width * h->bins, .label = shares ? percent : NULL,
                    .title = shares ? "non-zero in a tile of 16 by 16" : "non-zeros in a row"},
              .about = "A histogram; the bars say their figures."};
    p.y.title = shares ? "tiles" : "rows";
    p.title = ir_format(a, "%s: %s by density", name, p.y.title);
    if (!shares) p.title = ir_format(a, "%s: rows by number of non-zeros", name);
    double middles[RT_PICTURE_BINS];
    const bool whole = !shares && h->width == 1 && h->bins <= FEW_BINS;
    for (int i = 0; i < h->bins && whole; i++) middles[i] = h->low + i + 0.5;
    if (whole) p.x.ticks = middles, p.x.tick_count = (size_t)h->bins, p.x.label = whole_number;
    for (int i = 0; i < h->bins; i++) plot_include(&p.y, (double)h->count[i]);
    plot_settle(&p.y);
    plot_open(&p);
    for (int i = 0; i < h->bins; i++) {
        const double from = h->low + i * h->width, to = from + h->width;
        const char *range = shares ? ir_format(a, "%s to %s", percent(a, from), percent(a, to))
                            : h->width == 1 ? ir_format(a, "%.0f", from) : ir_format(a, "%.0f to %.0f", from, to - 1);
        if (h->count[i]) plot_bar(&p, "sparse", from, to, (double)h->count[i], ir_format(a, "%s: %lld", range, (long long)h->count[i]));
    }
    plot_close(&p, shares ? "density of tiles: one peak if zeros are spread evenly" : "lengths of rows: a wide spread means padding or imbalance");
}

static void add_card(ir_text *out, const api_weight *w, int id)
{
    ir_arena *a = out->arena;
    rt_picture *picture = IR_NEW(a, rt_picture);
    rt_facts facts;
    if (rt_matrix_picture(&w->matrix, picture, NULL) || rt_matrix_facts(&w->matrix, NULL, &facts, NULL)) return;
    ir_text_add(out, "<section class=\"card\"><h3>%s</h3><p>%lld&thinsp;&times;&thinsp;%lld, %s; %lld non-zeros (density %s), %lld to %lld in a row, "
                     "coefficient of variation %s",
                plot_escape(a, w->declaration.name), (long long)facts.rows, (long long)facts.cols,
                plot_escape(a, w->pattern ? w->pattern : "dense"), (long long)facts.nnz, bench_number(a, "%.4g", facts.density),
                (long long)facts.row_min, (long long)facts.row_max, bench_number(a, "%.2g", facts.row_cv));
    if (facts.empty_rows) ir_text_add(out, "; %lld rows are empty", (long long)facts.empty_rows);
    if (facts.empty_cols) ir_text_add(out, "; %lld columns are empty", (long long)facts.empty_cols);
    ir_text_add(out, "</p><div class=\"row\">\n");
    add_raster(out, w->declaration.name, picture, id);
    add_histogram(out, &picture->row_lengths, false, w->declaration.name, id + 1);
    add_histogram(out, &picture->tile_shares, true, w->declaration.name, id + 2);
    ir_text_add(out, "</div></section>\n");
}

/* A matrix, not a bias: vectors have nothing to show. */
static const api_weight *drawable(spc_session *s, const bench_form *form, size_t index)
{
    const char *name = form->packings[index].weight;
    for (size_t i = 0; i < index; i++)
        if (!strcmp(form->packings[i].weight, name)) return NULL;
    const api_weight *w = api_weight_find(s, name);
    return w && w->found && w->matrix.rows > 1 && w->matrix.cols > 1 ? w : NULL;
}

void bench_write_weights(spc_session *s, const bench_report *r, ir_text *out)
{
    const bench_form *form = &r->forms[BENCH_COMPILED];
    int drawn = 0, left = 0;
    for (size_t i = 0; i < form->packing_count; i++) {
        const api_weight *w = drawable(s, form, i);
        if (!w) continue;
        if (drawn == MOST_DRAWN) left++;
        else add_card(out, w, 1000 + 3 * drawn++);
    }
    if (left) ir_text_add(out, "<p>%d more weights are not drawn.</p>\n", left);
    if (!drawn) ir_text_add(out, "<p>The layer has no weight matrix.</p>\n");
}
