/* plot: see plot.h. */
#include "api/bench/plot.h"

#include "api/bench/bench.h"
#include <math.h>
#include <string.h>

enum { LEFT = 78, RIGHT = 14, TOP = 10, BOTTOM = 46, MAX_TICKS = 24 };

const char *plot_escape(ir_arena *arena, const char *text)
{
    ir_text out;
    ir_text_init(&out, arena);
    for (; *text; text++) switch (*text) {
        case '&': ir_text_add(&out, "&amp;"); break;
        case '<': ir_text_add(&out, "&lt;"); break;
        case '>': ir_text_add(&out, "&gt;"); break;
        case '"': ir_text_add(&out, "&quot;"); break;
        default: ir_text_add_bytes(&out, text, 1);
    }
    return out.data;
}

/* ---- axes ---- */

void plot_include(plot_axis *a, double value)
{
    if (!isfinite(value) || (a->log && !(value > 0))) return;
    a->low = fmin(a->low, value);
    a->high = fmax(a->high, value);
}

void plot_settle(plot_axis *a)
{
    if (a->low > a->high) a->low = a->high = 1;
    if (a->log) {
        const double air = fmax(pow(a->high / a->low, 0.06), 1.15);
        a->low /= air;
        a->high *= air;
        return;
    }
    if (a->low > 0 && a->low < a->high) a->low = 0;
    const double air = a->high > a->low ? 0.06 * (a->high - a->low) : 0.5;
    a->high += air;
    if (a->low != 0) a->low -= air;
}

static double share(const plot_axis *a, double value)
{
    if (a->log) return log(fmax(value, 1e-300) / a->low) / log(a->high / a->low);
    return (value - a->low) / (a->high - a->low);
}

static double limited(double value) { return value < -0.05 ? -0.05 : value > 1.05 ? 1.05 : value; }

static const char *x_at(const plot *p, double value)
{
    return bench_number(p->out->arena, "%.1f", LEFT + limited(share(&p->x, value)) * (p->width - LEFT - RIGHT));
}

static const char *y_at(const plot *p, double value)
{
    return bench_number(p->out->arena, "%.1f", p->height - BOTTOM - limited(share(&p->y, value)) * (p->height - TOP - BOTTOM));
}

/* Round numbers: 1, 2 and 5 times powers of ten; on a long logarithmic axis powers of ten only, on a
 * short one more. */
static size_t ticks_of(const plot_axis *a, double ticks[MAX_TICKS])
{
    static const double steps[] = {1, 2, 5}, fine[] = {1, 1.5, 2, 3, 4, 5, 6, 7, 8};
    size_t count = 0;
    for (size_t i = 0; i < a->name_count && count < MAX_TICKS; i++) ticks[count++] = (double)i;
    for (size_t i = 0; i < a->tick_count && count < MAX_TICKS; i++) ticks[count++] = a->ticks[i];
    if (count) return count;
    if (a->log) {
        const double decades = log10(a->high / a->low);
        const double *of = decades < 0.9 ? fine : steps;
        const int many = decades < 0.9 ? (int)(sizeof fine / sizeof *fine) : decades > 3 ? 1 : 3;
        for (int power = (int)floor(log10(a->low)); power <= (int)ceil(log10(a->high)); power++)
            for (int i = 0; i < many; i++) {
                const double value = of[i] * pow(10, power);
                if (value >= a->low && value <= a->high && count < MAX_TICKS) ticks[count++] = value;
            }
        return count;
    }
    const double rough = (a->high - a->low) / 5, power = pow(10, floor(log10(rough)));
    double step = power * 10;
    for (int i = 2; i >= 0; i--)
        if (steps[i] * power >= rough) step = steps[i] * power;
    for (double value = ceil(a->low / step) * step; value <= a->high && count < MAX_TICKS; value += step) ticks[count++] = value;
    return count;
}

static const char *label_of(const plot *p, const plot_axis *a, double value)
{
    ir_arena *arena = p->out->arena;
    if (a->names) return plot_escape(arena, a->names[(size_t)value]);
    return a->label ? a->label(arena, value) : bench_number(arena, "%.4g", value);
}

static void add_axes(const plot *p)
{
    double ticks[MAX_TICKS];
    const int right = p->width - RIGHT, bottom = p->height - BOTTOM;
    size_t count = ticks_of(&p->x, ticks);
    for (size_t i = 0; i < count; i++)
        ir_text_add(p->out, "<path class=\"grid\" d=\"M%s %dV%d\"/><text class=\"tick\" text-anchor=\"middle\" x=\"%s\" y=\"%d\">%s</text>\n",
                    x_at(p, ticks[i]), TOP, bottom, x_at(p, ticks[i]), bottom + 18, label_of(p, &p->x, ticks[i]));
    count = ticks_of(&p->y, ticks);
    for (size_t i = 0; i < count; i++)
        ir_text_add(p->out, "<path class=\"grid\" d=\"M%d %sH%d\"/><text class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%s\" dy=\"4\">%s</text>\n",
                    LEFT, y_at(p, ticks[i]), right, LEFT - 8, y_at(p, ticks[i]), label_of(p, &p->y, ticks[i]));
    ir_text_add(p->out, "<path class=\"axis\" d=\"M%d %dV%dH%d\"/>\n", LEFT, TOP, bottom, right);
    ir_text_add(p->out, "<text class=\"title\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">%s</text>\n", (LEFT + right) / 2, p->height - 6,
                plot_escape(p->out->arena, p->x.title));
    ir_text_add(p->out, "<text class=\"title\" text-anchor=\"middle\" transform=\"translate(14 %d) rotate(-90)\">%s</text>\n",
                (TOP + bottom) / 2, plot_escape(p->out->arena, p->y.title));
}

void plot_open(const plot *p)
{
    ir_text_add(p->out, "<figure><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"t%d d%d\"><title id=\"t%d\">%s</title><desc id=\"d%d\">%s</desc>\n",
                p->width, p->height, p->id, p->id, p->id, plot_escape(p->out->arena, p->title), p->id, plot_escape(p->out->arena, p->about));
    add_axes(p);
}

void plot_close(const plot *p, const char *caption)
{
    ir_text_add(p->out, "</svg><figcaption>%s</figcaption></figure>\n", caption);
}

/* ---- what is drawn ---- */

static bool drawable(const plot *p, double x, double y)
{
    return isfinite(x) && isfinite(y) && (!p->x.log || x > 0) && (!p->y.log || y > 0);
}

void plot_line(const plot *p, const char *class, const double *x, const double *y, size_t count)
{
    bool started = false;
    ir_text_add(p->out, "<path class=\"line %s\" d=\"", class);
    for (size_t i = 0; i < count; i++) {
        if (!drawable(p, x[i], y[i])) continue;
        ir_text_add(p->out, "%s%s %s", started ? "L" : "M", x_at(p, x[i]), y_at(p, y[i]));
        started = true;
    }
    ir_text_add(p->out, "%s\"/>\n", started ? "" : "M0 0");
}

void plot_band(const plot *p, const char *class, const double *x, const double *low, const double *high, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!drawable(p, x[i], low[i]) || !drawable(p, x[i], high[i])) return;
    if (count < 2) return;
    ir_text_add(p->out, "<path class=\"band %s\" d=\"", class);
    for (size_t i = 0; i < count; i++) ir_text_add(p->out, "%s%s %s", i ? "L" : "M", x_at(p, x[i]), y_at(p, high[i]));
    for (size_t i = count; i-- > 0;) ir_text_add(p->out, "L%s %s", x_at(p, x[i]), y_at(p, low[i]));
    ir_text_add(p->out, "Z\"/>\n");
}

void plot_mark(const plot *p, const char *class, char shape, double x, double y, const char *says)
{
    if (!drawable(p, x, y)) return;
    const char *path = shape == 'o' ? "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0Z" : shape == 's' ? "M-4-4H4V4H-4Z" : "M0-5.5L5.5 0L0 5.5L-5.5 0Z";
    ir_text_add(p->out, "<path class=\"mark %s\" transform=\"translate(%s %s)\" d=\"%s\"><title>%s</title></path>\n", class, x_at(p, x),
                y_at(p, y), path, plot_escape(p->out->arena, says));
}

void plot_bar(const plot *p, const char *class, double from, double to, double value, const char *says)
{
    if (!drawable(p, from, value)) return;
    ir_text_add(p->out, "<path class=\"bar %s\" d=\"M%s %sV%sH%sV%sZ\"><title>%s</title></path>\n", class, x_at(p, from), y_at(p, p->y.low),
                y_at(p, value), x_at(p, to), y_at(p, p->y.low), plot_escape(p->out->arena, says));
}

void plot_note(const plot *p, const char *class, double x, double y, const char *text)
{
    if (!drawable(p, x, y)) return;
    ir_text_add(p->out, "<text class=\"note %s\" x=\"%s\" y=\"%s\">%s</text>\n", class, x_at(p, x), y_at(p, y),
                plot_escape(p->out->arena, text));
}
