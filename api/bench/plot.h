/* plot: small SVG charts inside an HTML page: axes with ticks, lines, bands, marks, bars. Colours are classes of the page's
 * style sheet, so that charts follow its light and dark themes. Each has a title and a description for those who
 * cannot see it, and each mark says its figures when pointed at. Numbers lie in data units; the plot maps them. */
#ifndef SPC_API_BENCH_PLOT_H
#define SPC_API_BENCH_PLOT_H

#include "ir/arena.h"
#include <stdbool.h>

typedef struct plot_axis {
    double low, high; /* low < high; above 0 where log */
    bool log;
    const char *title;
    const char *(*label)(ir_arena *, double);
    const double *ticks; /* where the grid stands; NULL: at round numbers */
    size_t tick_count;
    const char *const *names; /* of the whole numbers from 0 on, in place of ticks; NULL: ticks */
    size_t name_count;
} plot_axis;

typedef struct plot {
    ir_text *out;
    int id; /* of the page's charts: distinct */
    plot_axis x, y;
    const char *title, *about;
    int width, height;
} plot;

/* Grows an axis to hold the value. Start with PLOT_EMPTY. */
#define PLOT_EMPTY {.low = 1e300, .high = -1e300}
void plot_include(plot_axis *, double value);
/* Gives an axis some air, and a width where it has none. */
void plot_settle(plot_axis *);

void plot_open(const plot *);
void plot_line(const plot *, const char *class, const double *x, const double *y, size_t count);
void plot_band(const plot *, const char *class, const double *x, const double *low, const double *high, size_t count);
/* shape: 'o' a disc, 's' a square, 'd' a diamond. */
void plot_mark(const plot *, const char *class, char shape, double x, double y, const char *says);
void plot_bar(const plot *, const char *class, double from, double to, double value, const char *says);
void plot_note(const plot *, const char *class, double x, double y, const char *text);
void plot_close(const plot *, const char *caption);

/* Text for between tags and in attributes. */
const char *plot_escape(ir_arena *, const char *);

#endif
