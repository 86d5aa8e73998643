/* number: figures as text, the same in every locale. What is not known is "-" for people and null in JSON. */
#include "api/bench/bench.h"

#include <math.h>
#include <stdio.h>

/* Some locales write a comma for the point. */
const char *bench_number(ir_arena *arena, const char *format, double value)
{
    char text[64];
    snprintf(text, sizeof text, format, value);
    for (char *c = text; *c; c++)
        if (*c == ',') *c = '.';
    return ir_strdup(arena, text);
}

const char *bench_json_number(ir_arena *arena, const char *format, double value)
{
    return isfinite(value) ? bench_number(arena, format, value) : "null";
}

const char *bench_figure(ir_arena *arena, const char *format, double value)
{
    return isfinite(value) ? bench_number(arena, format, value) : "-";
}

const char *bench_time_text(ir_arena *arena, double ns)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    size_t unit = 0;
    if (!isfinite(ns)) return "-";
    for (; ns >= 1000 && unit + 1 < sizeof units / sizeof *units; unit++) ns /= 1000;
    return ir_format(arena, "%s %s", bench_number(arena, ns < 10 ? "%.2f" : ns < 100 ? "%.1f" : "%.0f", ns), units[unit]);
}

const char *bench_size_text(ir_arena *arena, int64_t bytes)
{
    static const char *const units[] = {"B", "KB", "MB", "GB"};
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++) value /= 1024;
    return ir_format(arena, "%s %s", bench_number(arena, unit && value < 100 ? "%.1f" : "%.0f", value), units[unit]);
}
