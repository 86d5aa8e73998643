/* scan: a hand-written scanner for IR text. */
#include "ir/scan.h"
#include "ir/intern.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

static void free_locale(void *locale) { freelocale((locale_t)locale); }

void ir_scan_open(ir_scanner *s, ir_arena *arena, ir_diags *diags, const ir_source *source)
{
    *s = (ir_scanner){.arena = arena, .diags = diags, .source = source, .at = source->text, .line = 1};
    s->end = source->text + source->len;
    s->line_start = source->text;
    s->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (s->c_locale) ir_defer(arena, free_locale, s->c_locale);
    ir_scan_next(s);
}

void ir_scan_close(ir_scanner *s)
{
    if (s->c_locale) ir_release(s->arena, s->c_locale);
    s->c_locale = NULL;
}

ir_loc ir_scan_loc(const ir_scanner *s)
{
    int length = s->token.len ? (int)s->token.len : 1;
    return (ir_loc){s->source, s->token.line, s->token.column, length};
}

bool ir_scan_fail(ir_scanner *s, const char *fmt, ...)
{
    if (s->failed) return false;
    va_list args;
    va_start(args, fmt);
    const char *text = ir_vformat(s->arena, fmt, args);
    va_end(args);
    ir_report(s->diags, IR_ERROR, ir_scan_loc(s), "%s", text);
    s->failed = true;
    s->token.kind = IR_TOKEN_END;
    return false;
}

static int peek(const ir_scanner *s, size_t ahead)
{
    return (size_t)(s->end - s->at) > ahead ? (unsigned char)s->at[ahead] : -1;
}

static bool is_word(int c) { return c >= 0 && ir_is_word((char)c); }

static bool is_digit(int c) { return c >= 0 && ir_is_digit((char)c); }

static void skip_blanks(ir_scanner *s)
{
    for (;; s->at++) {
        int c = peek(s, 0);
        if (c == '#')
            while (peek(s, 1) >= 0 && peek(s, 1) != '\n') s->at++;
        else if (c == '\n') {
            s->line++;
            s->line_start = s->at + 1;
        } else if (c != ' ' && c != '\t' && c != '\r') return;
    }
}

static void scan_word(ir_scanner *s, const char *also)
{
    while (is_word(peek(s, 0)) || (peek(s, 0) > 0 && strchr(also, peek(s, 0)))) s->at++;
    s->token.len = (size_t)(s->at - s->token.text);
}

static bool digits(ir_scanner *s)
{
    const char *before = s->at;
    while (is_digit(peek(s, 0))) s->at++;
    return s->at > before;
}

/* The token's characters as a number; the scanner has found its end. */
static void read_number(ir_scanner *s, bool integer)
{
    char text[400];
    ir_token *t = &s->token;
    t->len = (size_t)(s->at - t->text);
    t->kind = integer ? IR_TOKEN_INT : IR_TOKEN_FLOAT;
    if (t->len >= sizeof text) {
        ir_scan_fail(s, "the number is too long");
        return;
    }
    memcpy(text, t->text, t->len);
    text[t->len] = 0;
    t->value = s->c_locale ? strtod_l(text, NULL, (locale_t)s->c_locale) : strtod(text, NULL);
    bool negative = *text == '-';
    for (const char *c = text + negative; integer && *c; c++)
        if (__builtin_mul_overflow(t->number, 10, &t->number) ||
            __builtin_sub_overflow(t->number, *c - '0', &t->number))
            ir_scan_fail(s, "the integer does not fit 64 bits");
    if (integer && !negative && __builtin_sub_overflow(0, t->number, &t->number))
        ir_scan_fail(s, "the integer does not fit 64 bits");
}

static void scan_number(ir_scanner *s)
{
    bool integer = true;
    if (peek(s, 0) == '-') s->at++;
    if ((size_t)(s->end - s->at) >= 3 && memcmp(s->at, "inf", 3) == 0) {
        s->at += 3;
        read_number(s, false);
        return;
    }
    if (!digits(s)) {
        ir_scan_fail(s, "expected a number after '-'");
        return;
    }
    if (peek(s, 0) == '.' && is_digit(peek(s, 1))) {
        s->at++;
        integer = !digits(s);
    }
    size_t sign = peek(s, 1) == '-' || peek(s, 1) == '+';
    if (peek(s, 0) == 'e' && is_digit(peek(s, 1 + sign))) {
        s->at += 1 + sign;
        integer = !digits(s);
    }
    read_number(s, integer);
}

static int hex_digit(int c)
{
    if (is_digit(c)) return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One character of a string at s->at; -1 where it is malformed. */
static int read_escape(ir_scanner *s)
{
    int c = peek(s, 0);
    s->at++;
    if (c != '\\') return c;
    c = peek(s, 0);
    s->at++;
    if (c == '"' || c == '\\') return c;
    int high = hex_digit(peek(s, 0)), low = hex_digit(peek(s, 1));
    if (c != 'x' || high < 0 || low < 0 || high + low == 0) return -1;
    s->at += 2;
    return 16 * high + low;
}

static void scan_string(ir_scanner *s)
{
    ir_text text;
    ir_text_init(&text, s->arena);
    s->at++;
    while (peek(s, 0) != '"') {
        if (peek(s, 0) < 0 || peek(s, 0) == '\n') {
            ir_scan_fail(s, "the string does not end");
            return;
        }
        int c = read_escape(s);
        if (c < 0) {
            ir_scan_fail(s, "wrong escape in the string; known are \\\" \\\\ \\xNN");
            return;
        }
        ir_text_add_bytes(&text, &(char){(char)c}, 1);
    }
    s->at++;
    s->token.len = (size_t)(s->at - s->token.text);
    s->token.string = text.data;
}

static void scan_func(ir_scanner *s)
{
    s->at++;
    if (peek(s, 0) == '"') {
        scan_string(s);
        return;
    }
    scan_word(s, ".$");
    s->token.string = ir_strndup(s->arena, s->token.text + 1, s->token.len - 1);
    if (s->token.len == 1) ir_scan_fail(s, "expected a name after '@'");
}

static void scan_value(ir_scanner *s)
{
    s->at++;
    s->token.text++;
    if (digits(s)) {
        read_number(s, true);
        s->token.text--;
        s->token.len++;
    } else {
        ir_scan_fail(s, "expected a number after '%%'");
    }
}

static void scan_mark(ir_scanner *s)
{
    bool range = peek(s, 0) == '.' && peek(s, 1) == '.';
    if (!range && !strchr("{}[](),:=", peek(s, 0))) {
        ir_scan_fail(s, "unexpected character");
        return;
    }
    s->token.len = range ? 2 : 1;
    s->at += s->token.len;
}

void ir_scan_next(ir_scanner *s)
{
    if (s->failed) return;
    skip_blanks(s);
    s->token = (ir_token){.text = s->at, .line = s->line, .column = (int)(s->at - s->line_start) + 1};
    int c = peek(s, 0);
    ir_token_kind kind = c < 0              ? IR_TOKEN_END
                         : c == '%'         ? IR_TOKEN_VALUE
                         : c == '@'         ? IR_TOKEN_FUNC
                         : c == '"'         ? IR_TOKEN_STRING
                         : c == '-' || is_digit(c) ? IR_TOKEN_INT
                         : is_word(c)       ? IR_TOKEN_NAME
                                            : IR_TOKEN_MARK;
    static void (*const scan[])(ir_scanner *) = {
        [IR_TOKEN_VALUE] = scan_value, [IR_TOKEN_FUNC] = scan_func, [IR_TOKEN_STRING] = scan_string,
        [IR_TOKEN_INT] = scan_number, [IR_TOKEN_MARK] = scan_mark};
    s->token.kind = kind;
    if (kind == IR_TOKEN_NAME) scan_word(s, "");
    else if (kind != IR_TOKEN_END) scan[kind](s);
    if (kind != IR_TOKEN_INT && !s->failed) s->token.kind = kind;
}

void ir_scan_resume(ir_scanner *s, const char *at)
{
    s->at = at;
    ir_scan_next(s);
}

bool ir_scan_is(const ir_scanner *s, const char *text)
{
    const ir_token *t = &s->token;
    return (t->kind == IR_TOKEN_NAME || t->kind == IR_TOKEN_MARK) && strlen(text) == t->len &&
           memcmp(text, t->text, t->len) == 0;
}

bool ir_scan_accept(ir_scanner *s, const char *text)
{
    if (!ir_scan_is(s, text)) return false;
    ir_scan_next(s);
    return true;
}

bool ir_scan_expect(ir_scanner *s, const char *text)
{
    return ir_scan_accept(s, text) || ir_scan_fail(s, "expected '%s'", text);
}
