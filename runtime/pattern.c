/* pattern: the text of a contract, read and written in one canonical form. */
#include "runtime/pattern.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    rt_pattern_kind kind;
    int numbers; /* how many it takes in parentheses */
} names[] = {{"dense", RT_DENSE, 0}, {"unstructured", RT_UNSTRUCTURED, 0}, {"block", RT_BLOCK, 2},
             {"rows", RT_ROWS, 0},   {"columns", RT_COLUMNS, 0},           {"band", RT_BAND, 2}};

typedef struct scanner {
    const char *at;
    rt_pattern *out;
} scanner;

static void skip_space(scanner *s)
{
    while (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r')
        s->at++;
}

static bool take(scanner *s, char c)
{
    skip_space(s);
    if (*s->at != c)
        return false;
    s->at++;
    return true;
}

static bool take_integer(scanner *s, int64_t *out)
{
    bool negative = take(s, '-');
    skip_space(s);
    if (*s->at < '0' || *s->at > '9')
        return false;
    for (*out = 0; *s->at >= '0' && *s->at <= '9'; s->at++)
        if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, *s->at - '0', out))
            return false;
    *out = negative ? -*out : *out;
    return true;
}

static bool take_word(scanner *s, const char *word)
{
    size_t length = strlen(word);
    skip_space(s);
    if (strncmp(s->at, word, length) != 0)
        return false;
    char next = s->at[length];
    if ((next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') || (next >= '0' && next <= '9') || next == '_')
        return false;
    s->at += length;
    return true;
}

/* strtod as in the C locale, whatever the program's own is. */
static double to_double(const char *text)
{
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c_locale)
        return (double)NAN;
    double value = strtod_l(text, NULL, c_locale);
    freelocale(c_locale);
    return value;
}

static size_t digits_at(const char *text) { return strspn(text, "0123456789"); }

/* A decimal number as in SDL: 12, 0.3, 1e-5; at most 60 characters. */
static bool take_fraction(scanner *s, double *out)
{
    char text[64];
    skip_space(s);
    size_t length = digits_at(s->at);
    if (!length)
        return false;
    if (s->at[length] == '.') {
        size_t more = digits_at(s->at + length + 1);
        if (!more)
            return false;
        length += 1 + more;
    }
    if (s->at[length] == 'e' || s->at[length] == 'E') {
        size_t sign = s->at[length + 1] == '-' || s->at[length + 1] == '+';
        size_t more = digits_at(s->at + length + 1 + sign);
        if (!more)
            return false;
        length += 1 + sign + more;
    }
    if (length > 60)
        return false;
    memcpy(text, s->at, length);
    text[length] = 0;
    s->at += length;
    *out = to_double(text);
    return true;
}

static const char *take_density(scanner *s)
{
    double density;
    if (!take_word(s, "density") || !take(s, '=') || !take_fraction(s, &density))
        return "want density=NUMBER";
    if (!(density > 0 && density <= 1))
        return "a density lies above 0 and up to 1";
    s->out->density = density;
    return NULL;
}

/* What stands in parentheses: `numbers` integers, then perhaps the hint. */
static const char *take_arguments(scanner *s, int numbers, int64_t value[2])
{
    if (!take(s, '('))
        return numbers ? "want two numbers in parentheses" : NULL;
    for (int i = 0; i < numbers; i++)
        if ((i && !take(s, ',')) || !take_integer(s, &value[i]))
            return "want two numbers in parentheses";
    if (!take(s, ')')) {
        if (numbers && !take(s, ','))
            return "')' is missing";
        const char *wrong = take_density(s);
        if (wrong)
            return wrong;
        return take(s, ')') ? NULL : "')' is missing";
    }
    return numbers ? NULL : "want density=NUMBER";
}

static const char *range_fault(rt_pattern_kind kind, int64_t a, int64_t b)
{
    if (kind == RT_NM && (a <= 0 || a >= b))
        return "N:M wants 0 < N < M";
    if (kind == RT_BLOCK && (a <= 0 || b <= 0))
        return "the sides of a block are positive";
    if (kind == RT_BAND && a > b)
        return "band(lo, hi) wants lo <= hi";
    return NULL;
}

static const char *take_part(scanner *s)
{
    rt_pattern *p = s->out;
    int64_t value[2] = {0, 0};
    rt_pattern_kind kind = RT_NM;
    if (p->count == RT_MAX_PATTERNS)
        return "at most 8 parts";
    const char *wrong = NULL;
    size_t i = 0;
    while (i < sizeof names / sizeof names[0] && !take_word(s, names[i].name))
        i++;
    if (i < sizeof names / sizeof names[0]) {
        kind = names[i].kind;
        wrong = take_arguments(s, names[i].numbers, value);
    } else if (!take_integer(s, &value[0]) || !take(s, ':') || !take_integer(s, &value[1]))
        wrong = "there is no such pattern";
    if (!wrong)
        wrong = range_fault(kind, value[0], value[1]);
    p->part[p->count].kind = kind;
    p->part[p->count].a = value[0];
    p->part[p->count++].b = value[1];
    return wrong;
}

bool rt_pattern_parse(const char *text, rt_pattern *out, rt_error *e)
{
    *out = (rt_pattern){0};
    scanner s = {text, out};
    const char *wrong;
    do
        wrong = take_part(&s);
    while (!wrong && take(&s, '&'));
    skip_space(&s);
    if (!wrong && *s.at)
        wrong = "something follows it";
    if (!wrong)
        return true;
    rt_fail(e, SPC_E_PROGRAM, "pattern '%s': %s", text, wrong);
    return false;
}

static const char *name_of(rt_pattern_kind kind)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].kind == kind)
            return names[i].name;
    return "?";
}

/* The part that carries the hint: the first unstructured one, else the first that can. */
static int hinted_part(const rt_pattern *p)
{
    for (int i = 0; i < p->count; i++)
        if (p->part[i].kind == RT_UNSTRUCTURED)
            return i;
    for (int i = 0; i < p->count; i++)
        if (p->part[i].kind != RT_NM)
            return i;
    return -1;
}

/* The shortest text that reads back as the same number. */
static void print_density(double density, char *out, size_t size)
{
    for (int digits = 1; digits <= 17; digits++) {
        double back;
        snprintf(out, size, "%.*g", digits, density);
        rt_pattern ignored;
        char *comma = strchr(out, ',');
        if (comma)
            *comma = '.'; /* as some locales print it */
        scanner s = {out, &ignored};
        if (take_fraction(&s, &back) && back == density)
            return;
    }
}

void rt_pattern_print(const rt_pattern *p, char *out, size_t size)
{
    size_t used = 0;
    if (size)
        *out = 0;
    for (int i = 0; i < p->count && used < size; i++) {
        rt_pattern_kind kind = p->part[i].kind;
        char hint[64] = "", number[40] = "", text[160];
        bool two = kind == RT_BLOCK || kind == RT_BAND, hinted = p->density > 0 && i == hinted_part(p);
        if (hinted) {
            print_density(p->density, number, sizeof number);
            snprintf(hint, sizeof hint, two ? ", density=%s" : "(density=%s)", number);
        }
        if (kind == RT_NM)
            snprintf(text, sizeof text, "%" PRId64 ":%" PRId64, p->part[i].a, p->part[i].b);
        else if (two)
            snprintf(text, sizeof text, "%s(%" PRId64 ", %" PRId64 "%s)", name_of(kind), p->part[i].a, p->part[i].b, hint);
        else
            snprintf(text, sizeof text, "%s%s", name_of(kind), hint);
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? " & " : "", text);
    }
}

double rt_pattern_density(const rt_pattern *p)
{
    for (int i = 0; i < p->count; i++)
        if (p->part[i].kind == RT_NM)
            return (double)p->part[i].a / (double)p->part[i].b;
    if (!p->count || p->part[0].kind == RT_DENSE)
        return 1;
    return p->density > 0 ? p->density : 0.1;
}
