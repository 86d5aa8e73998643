/* diag: collects messages and renders them with their source line and a caret.
 *
 * Rendering happens on demand. Texts are bounded: errors and warnings over their limits are only counted, long lines are
 * cut to a window round the caret, and control characters never reach the terminal. */
#include "ir/diag.h"

#include <stdbool.h>
#include <string.h>

enum { MAX_WARNINGS = 100, MAX_NOTES = 10, WINDOW = 120 };

typedef struct message {
    ir_severity severity;
    ir_loc loc;
    const char *place; /* of a data message; else NULL */
    const char *text;
    struct message *next;
} message;

struct ir_diags {
    ir_arena *arena;
    message *first, *last;
    int errors, warnings, notes; /* notes: since the last other message */
    bool dropped;                /* the last error or warning was not kept, so its notes are not either */
};

ir_diags *ir_diags_new(ir_arena *arena)
{
    ir_diags *d = IR_NEW(arena, ir_diags);
    d->arena = arena;
    return d;
}

static bool keep(ir_diags *d, ir_severity severity)
{
    if (severity == IR_NOTE) return !d->dropped && d->notes++ < MAX_NOTES;
    d->notes = 0;
    int *count = severity == IR_ERROR ? &d->errors : &d->warnings;
    if (*count < INT32_MAX) ++*count;
    d->dropped = *count > (severity == IR_ERROR ? (int)IR_MAX_ERRORS : (int)MAX_WARNINGS);
    return !d->dropped;
}

static void append(ir_diags *d, message content)
{
    message *m = IR_NEW(d->arena, message);
    *m = content;
    if (d->last) d->last->next = m;
    else d->first = m;
    d->last = m;
}

static void mask_controls(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f) *text = '?';
}

void ir_report(ir_diags *d, ir_severity severity, ir_loc loc, const char *fmt, ...)
{
    if (!keep(d, severity)) return;
    va_list args;
    va_start(args, fmt);
    char *text = ir_vformat(d->arena, fmt, args);
    va_end(args);
    mask_controls(text);
    append(d, (message){severity, loc, NULL, text, NULL});
}

void ir_report_data(ir_diags *d, ir_severity severity, const char *place, const char *fmt, ...)
{
    if (!keep(d, severity)) return;
    va_list args;
    va_start(args, fmt);
    char *text = ir_vformat(d->arena, fmt, args);
    va_end(args);
    mask_controls(text);
    char *where = ir_strdup(d->arena, place);
    mask_controls(where);
    append(d, (message){severity, (ir_loc){0}, where, text, NULL});
}

int ir_error_count(const ir_diags *d) { return d->errors; }

static bool continues(char c) { return ((unsigned char)c & 0xc0) == 0x80; } /* inside a UTF-8 character */

/* The line that loc names, without its end; false where the source has no such line. */
static bool find_line(ir_loc loc, const char **line, size_t *len)
{
    const char *at = loc.source->text, *end = at + loc.source->len;
    for (int n = 1; n < loc.line; n++) {
        at = memchr(at, '\n', (size_t)(end - at));
        if (!at) return false;
        at++;
    }
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    *line = at;
    *len = (size_t)((stop ? stop : end) - at);
    if (*len && at[*len - 1] == '\r') --*len;
    return true;
}

/* The part [from, to) of the line to show: all of it, or a window round the caret on character boundaries. */
static void choose_window(const char *line, size_t len, size_t caret, size_t *from, size_t *to)
{
    *from = 0;
    *to = len;
    if (len <= WINDOW) return;
    *from = caret > WINDOW / 2 ? caret - WINDOW / 2 : 0;
    if (*from > len - WINDOW) *from = len - WINDOW;
    *to = *from + WINDOW;
    while (*from < caret && continues(line[*from])) ++*from;
    while (*to > caret && *to < len && continues(line[*to])) --*to;
}

static void add_line(ir_text *out, const char *line, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        unsigned char c = (unsigned char)line[i];
        char shown = (c < 0x20 && c != '\t') || c == 0x7f ? '?' : (char)c;
        ir_text_add_bytes(out, &shown, 1);
    }
}

static void add_caret(ir_text *out, const char *line, size_t from, size_t to, size_t caret, size_t length)
{
    for (size_t i = from; i < caret; i++)
        if (i >= to || !continues(line[i])) ir_text_add_bytes(out, i < to && line[i] == '\t' ? "\t" : " ", 1);
    ir_text_add_bytes(out, "^", 1);
    for (size_t i = caret + 1; i < caret + length && i < to; i++)
        if (!continues(line[i])) ir_text_add_bytes(out, "~", 1);
    ir_text_add_bytes(out, "\n", 1);
}

static void add_source(ir_text *out, ir_loc loc)
{
    const char *line;
    size_t len, from, to;
    if (loc.line < 1 || loc.column < 1 || !find_line(loc, &line, &len)) return;
    size_t caret = (size_t)loc.column - 1;
    if (caret > len) caret = len;
    choose_window(line, len, caret, &from, &to);
    const char *before = from > 0 ? "..." : "", *after = to < len ? "..." : "";
    ir_text_add(out, "%s", before);
    add_line(out, line, from, to);
    ir_text_add(out, "%s\n%*s", after, (int)strlen(before), "");
    add_caret(out, line, from, to, caret, loc.length > 1 ? (size_t)loc.length : 1);
}

static void add_place(ir_text *out, ir_loc loc)
{
    add_line(out, loc.source->name, 0, strlen(loc.source->name));
    ir_text_add(out, ":%d:%d: ", loc.line, loc.column);
}

static void add_message(ir_text *out, const message *m)
{
    static const char *const names[] = {[IR_NOTE] = "note", [IR_WARNING] = "warning", [IR_ERROR] = "error"};
    if (m->place) ir_text_add(out, "%s: ", m->place);
    else if (m->loc.source) add_place(out, m->loc);
    ir_text_add(out, "%s: %s\n", names[m->severity], m->text);
    if (!m->place && m->loc.source) add_source(out, m->loc);
}

const char *ir_diags_text(ir_diags *d)
{
    ir_text out;
    ir_text_init(&out, d->arena);
    for (const message *m = d->first; m; m = m->next) add_message(&out, m);
    int more = d->errors - IR_MAX_ERRORS;
    if (more > 0) ir_text_add(&out, "%d more error%s not shown\n", more, more == 1 ? " is" : "s are");
    more = d->warnings - MAX_WARNINGS;
    if (more > 0) ir_text_add(&out, "%d more warning%s not shown\n", more, more == 1 ? " is" : "s are");
    return out.data;
}
