/* lines: splits a text into lines and words and reads the numbers among them. */
#include "runtime/lines.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_NUMBER = 127 }; /* characters; the shortest decimal of a double has 24 */

spc_status rt_lines_open(rt_lines *l, const void *data, size_t size, const char *file, rt_error *e)
{
    *l = (rt_lines){.file = file, .error = e};
    l->line = l->at = l->line_end = l->next = size ? data : "";
    l->end = l->next + size;
    l->c_locale = newlocale(LC_ALL_MASK, "C", NULL);
    return l->c_locale ? SPC_OK : rt_fail(e, SPC_E_NOMEM, "out of memory while reading %s", file);
}

void rt_lines_close(rt_lines *l)
{
    if (l->c_locale)
        freelocale(l->c_locale);
    l->c_locale = NULL;
}

bool rt_lines_next(rt_lines *l)
{
    if (l->next == l->end)
        return false;
    l->line = l->at = l->next;
    const char *newline = memchr(l->line, '\n', (size_t)(l->end - l->line));
    l->line_end = newline ? newline : l->end;
    l->next = newline ? newline + 1 : l->end;
    l->number++;
    return true;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

static const char *skip_blanks(const rt_lines *l)
{
    const char *at = l->at;
    while (at < l->line_end && is_blank(*at))
        at++;
    return at;
}

bool rt_lines_next_full(rt_lines *l, char comment)
{
    while (rt_lines_next(l)) {
        bool is_comment = comment && l->line < l->line_end && *l->line == comment;
        if (!is_comment && skip_blanks(l) < l->line_end)
            return true;
    }
    return false;
}

rt_word rt_lines_word(rt_lines *l, const char *separators)
{
    const char *start = l->at = skip_blanks(l);
    while (l->at < l->line_end && !is_blank(*l->at) && (!*l->at || !strchr(separators, *l->at)))
        l->at++;
    if (l->at == start && l->at < l->line_end)
        l->at++;
    return (rt_word){start, (size_t)(l->at - start)};
}

bool rt_word_is(rt_word w, const char *text)
{
    return strlen(text) == w.length && strncasecmp(w.text, text, w.length) == 0;
}

spc_status rt_lines_fail(const rt_lines *l, rt_word w, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const char *at = w.text ? w.text : l->at;
    return rt_fail(l->error, SPC_E_PROGRAM, "%s:%" PRId64 ":%" PRId64 ": error: %s", l->file, l->number ? l->number : 1,
                   (int64_t)(at - l->line) + 1, text);
}

static int shown(rt_word w) { return w.length > 40 ? 40 : (int)w.length; }

spc_status rt_lines_count(rt_lines *l, const char *what, int64_t least, int64_t most, int64_t *out)
{
    rt_word w = rt_lines_word(l, ",");
    int64_t value = 0;
    bool good = w.length > 0, negative = w.length > 1 && *w.text == '-';
    for (size_t i = negative; good && i < w.length; i++)
        good = w.text[i] >= '0' && w.text[i] <= '9' && !__builtin_mul_overflow(value, 10, &value) &&
               !__builtin_add_overflow(value, w.text[i] - '0', &value);
    *out = !good ? 0 : negative ? -value : value; /* what overflowed may have no negative */
    if (!w.length)
        return rt_lines_fail(l, w, "the line ends where %s is expected", what);
    if (!good)
        return rt_lines_fail(l, w, "'%.*s' is no whole number for %s", shown(w), w.text, what);
    if (*out < least || *out > most)
        return rt_lines_fail(l, w, "%s is %" PRId64 ", outside %" PRId64 " to %" PRId64, what, *out, least, most);
    return SPC_OK;
}

/* strtod takes hexadecimal and "nan(...)" too, which no such file means. */
static bool is_decimal(const char *text)
{
    const char *digits = text + (*text == '-' || *text == '+');
    if (!strcasecmp(digits, "inf") || !strcasecmp(digits, "infinity") || !strcasecmp(digits, "nan"))
        return true;
    return *digits && strspn(digits, "0123456789.eE+-") == strlen(digits);
}

spc_status rt_lines_real(rt_lines *l, double *out)
{
    rt_word w = rt_lines_word(l, "");
    char text[MAX_NUMBER + 1] = "", *end = text;
    if (!w.length)
        return rt_lines_fail(l, w, "the line ends where a value is expected");
    if (w.length <= MAX_NUMBER) {
        memcpy(text, w.text, w.length);
        text[w.length] = 0;
        *out = strlen(text) == w.length && is_decimal(text) ? strtod_l(text, &end, l->c_locale) : 0;
    }
    if (w.length > MAX_NUMBER || end == text || *end)
        return rt_lines_fail(l, w, "'%.*s' is not a number", shown(w), w.text);
    if (isinf(*out) && strpbrk(text, "0123456789"))
        return rt_lines_fail(l, w, "%.*s is too large for a number", shown(w), w.text);
    return SPC_OK;
}

spc_status rt_lines_done(rt_lines *l)
{
    rt_word w = rt_lines_word(l, "");
    return w.length ? rt_lines_fail(l, w, "'%.*s' is one word too many on this line", shown(w), w.text) : SPC_OK;
}
