/* parse: literals, syntax messages and the nesting limit. The grammar itself is grammar.y. */
#include "frontend/parse.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void fe_lex_error(fe_context *c, fe_span at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    c->syntax_errors = true;
    fe_error(c, at, "%s", ir_vformat(c->arena, fmt, args));
    va_end(args);
}

bool fe_lex_int(fe_context *c, fe_span at, const char *text, int64_t *out)
{
    errno = 0;
    unsigned long long value = strtoull(text, NULL, 10);
    *out = (int64_t)value;
    if (!errno && value <= INT64_MAX) return true;
    bool lowest = !errno && value == (unsigned long long)INT64_MAX + 1;
    fe_lex_error(c, at, "the integer %.40s%s is over 9223372036854775807%s", text, strlen(text) > 40 ? "..." : "",
                 lowest ? "; -9223372036854775808 cannot be written, as the minus applies to a positive literal" : "");
    return false;
}

/* strtod by way of the C locale's point: the host may have set another locale, so digits are handed over without it. */
double fe_decimal(ir_arena *arena, const char *text)
{
    const char *point = strchr(text, '.');
    if (!point) return strtod(text, NULL);
    const char *exponent = strpbrk(text, "eE");
    size_t end = exponent ? (size_t)(exponent - text) : strlen(text), whole = (size_t)(point - text);
    int64_t power = exponent ? strtoll(exponent + 1, NULL, 10) : 0;
    if (power > 1000000) power = 1000000;
    if (power < -1000000) power = -1000000;
    return strtod(ir_format(arena, "%.*s%.*se%lld", (int)whole, text, (int)(end - whole - 1), point + 1,
                            (long long)(power - (int64_t)(end - whole - 1))), NULL);
}

bool fe_lex_real(fe_context *c, fe_span at, const char *text, double *out)
{
    *out = fe_decimal(c->arena, text);
    if (isfinite(*out)) return true;
    fe_lex_error(c, at, "the number %.40s is too large for f64", text);
    return false;
}

bool fe_lex_string(fe_context *c, fe_span at, const char *text, const char **out)
{
    size_t len = strlen(text) - 1, used = 0;
    char *copy = ir_alloc(c->arena, len + 1);
    for (size_t i = 1; i < len; i++) {
        if (text[i] == '\\' && text[++i] != '"' && text[i] != '\\') {
            fe_span escape = {at.begin + (uint32_t)i - 1, at.begin + (uint32_t)i + 1};
            fe_lex_error(c, escape, "strings know the escapes \\\" and \\\\ only");
            return false;
        }
        copy[used++] = text[i];
    }
    *out = copy;
    return true;
}

const char *fe_lex_clip(fe_context *c, const char *text)
{
    size_t len = strlen(text);
    if (len > 24) len = 24;
    while (len > 1 && ((unsigned char)text[len] & 0xc0) == 0x80) len--;
    return ir_strndup(c->arena, text, len);
}

_Noreturn void fe_lexer_failed(fe_context *c)
{
    for (;;) ir_alloc_array(c->arena, SIZE_MAX, 2);
}

void fe_syntax_error(fe_context *c, fe_span at, const char *found, int count, const char *const *expected)
{
    ir_text text;
    ir_text_init(&text, c->arena);
    for (int i = 0; i < count; i++)
        ir_text_add(&text, "%s%s", i == 0 ? "" : i == count - 1 ? " or " : ", ", expected[i]);
    if (count) fe_lex_error(c, at, "expected %s but found %s", text.data, found);
    else fe_lex_error(c, at, "unexpected %s", found);
}

void fe_wrong_item_word(fe_context *c, fe_span at, const char *word, const char *found)
{
    static const char *const words[] = {"dim", "const", "pattern", "mask", "weight", "layer"};
    fe_guess g = fe_guess_for(c, word);
    for (int i = 0; i < 6; i++) fe_guess_try(&g, words[i]);
    fe_lex_error(c, at, "expected dim, const, pattern, mask, weight or layer but found %s%s", found,
                 fe_guess_text(&g, c->arena));
}

bool fe_nest(fe_context *c, fe_span at)
{
    if (++c->nesting <= FE_MAX_NESTING) return true;
    fe_lex_error(c, at, "nesting is over %d levels deep; give inner parts names of their own", FE_MAX_NESTING);
    return false;
}

void fe_name_seen(fe_context *c, fe_name *name)
{
    if (name->recent_in == c->step) return;
    name->recent_in = c->step;
    name->recent = c->recent;
    c->recent = name;
}

void fe_in_step(fe_context *c)
{
    c->recent = NULL;
    c->step++;
    c->nesting = 0;
}

void fe_give_up(fe_context *c)
{
    for (fe_name *n = c->recent; n; n = n->recent) n->doubtful = true;
    fe_in_step(c);
}
