/* report: places, messages, and guesses at what a wrong name was meant to be. */
#include "frontend/context.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

ir_loc fe_loc(const fe_context *c, fe_span at)
{
    int low = 0, high = c->line_count;
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (c->lines[middle] <= at.begin) low = middle;
        else high = middle;
    }
    uint32_t line_end = low + 1 < c->line_count ? c->lines[low + 1] - 1 : (uint32_t)c->source->len;
    uint32_t end = at.end < line_end ? at.end : line_end;
    int length = end > at.begin + 1 ? (int)(end - at.begin) : 1;
    return (ir_loc){c->source, low + 1, (int)(at.begin - c->lines[low]) + 1, length};
}

static void report(fe_context *c, ir_severity severity, fe_span at, const char *fmt, va_list args)
{
    ir_report(c->module->diags, severity, fe_loc(c, at), "%s", ir_vformat(c->arena, fmt, args));
}

void fe_error(fe_context *c, fe_span at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    report(c, IR_ERROR, at, fmt, args);
    va_end(args);
}

void fe_warning(fe_context *c, fe_span at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    report(c, IR_WARNING, at, fmt, args);
    va_end(args);
}

void fe_note(fe_context *c, fe_span at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    report(c, IR_NOTE, at, fmt, args);
    va_end(args);
}

void fe_unsupported(fe_context *c, fe_span at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fe_later *l = IR_NEW(c->arena, fe_later);
    *l = (fe_later){at, ir_vformat(c->arena, fmt, args), NULL};
    va_end(args);
    if (c->last_later) c->last_later->next = l;
    else c->later = l;
    c->last_later = l;
}

void fe_report_unsupported(fe_context *c)
{
    for (const fe_later *l = c->later; l; l = l->next) fe_error(c, l->at, "%s is not supported yet", l->text);
    c->later = c->last_later = NULL;
}

enum { LONGEST_GUESS = 48 };

fe_guess fe_guess_for(const fe_context *c, const char *wrong)
{
    size_t len = strlen(wrong);
    bool pointless = len < 2 || len > LONGEST_GUESS || ir_error_count(c->module->diags) >= IR_MAX_ERRORS;
    return (fe_guess){wrong, NULL, pointless ? 0 : len < 4 ? 1 : len < 8 ? 2 : 3};
}

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b. */
static int edit_distance(const char *a, int a_len, const char *b, int b_len)
{
    int rows[3][LONGEST_GUESS + 8];
    int *before = rows[0], *above = rows[1], *row = rows[2];
    for (int j = 0; j <= b_len; j++) above[j] = j;
    for (int i = 1; i <= a_len; i++) {
        row[0] = i;
        for (int j = 1; j <= b_len; j++) {
            int best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best) best = above[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        int *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_len];
}

void fe_guess_try(fe_guess *g, const char *candidate)
{
    int len = (int)strlen(g->wrong);
    size_t other = strlen(candidate);
    if (g->distance == 0 || other > LONGEST_GUESS || abs((int)other - len) > g->distance) return;
    int distance = edit_distance(g->wrong, len, candidate, (int)other);
    if (distance > g->distance || (g->best && distance == g->distance) || distance >= len) return;
    g->best = candidate;
    g->distance = distance;
}

const char *fe_guess_text(const fe_guess *g, ir_arena *arena)
{
    return g->best ? ir_format(arena, "; did you mean '%s'?", g->best) : "";
}

const char *fe_hint_text(const fe_guess *g, fe_foreign kind, ir_arena *arena)
{
    static const struct {
        fe_foreign kind;
        const char *name, *hint;
    } table[] = {
#define FOREIGN(kind, name, hint) {FE_FOREIGN_##kind, #name, "; " hint},
#include "frontend/foreign.def"
#undef FOREIGN
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].kind == kind && !strcasecmp(table[i].name, g->wrong)) return table[i].hint;
    return fe_guess_text(g, arena);
}
