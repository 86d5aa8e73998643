/* extent_eval: one recursive-descent evaluator for both questions, what an extent is and which dim gives it.
 *
 * It computes with forms (a * d + b) / q, where d is the one dim that is not known, if any. While a is 0 the form is
 * a plain number (q is 1) and division must come out exact. */
#include "runtime/extent_eval.h"
#include "runtime/module.h"
#include <string.h>

enum { MAX_NESTING = 64 };

typedef struct form {
    int64_t a, b, q; /* q > 0 */
} form;

typedef enum failure { NONE, MALFORMED, NUMERIC, NOT_LINEAR } failure;

typedef struct parser {
    const char *at;
    const char *const *names;
    const int64_t *values;
    const bool *known; /* NULL: all */
    size_t count;
    size_t unknown; /* index of the dim that d stands for; count: none met */
    bool shape_only; /* dims have no values: only the grammar counts, numbers are of no interest */
    int nesting;
    failure failed; /* the first failure; forms are meaningless from then on */
} parser;

static form sum(parser *p);

static form fail(parser *p, failure why)
{
    if (p->shape_only && why != MALFORMED)
        return (form){ 0, 1, 1 };
    if (p->failed == NONE)
        p->failed = why;
    return (form){ 0, 0, 1 };
}

static form number(int64_t value)
{
    return (form){ 0, value, 1 };
}

static bool take(parser *p, char c)
{
    p->at += strspn(p->at, " \t");
    if (*p->at != c)
        return false;
    p->at++;
    return true;
}

/* ---- arithmetic on forms ---- */

static bool scale(form x, int64_t by, form *out)
{
    return !__builtin_mul_overflow(x.a, by, &out->a) && !__builtin_mul_overflow(x.b, by, &out->b) &&
           !__builtin_mul_overflow(x.q, by, &out->q);
}

static form add(parser *p, form x, form y)
{
    form r, s;
    if (!scale(x, y.q, &r) || !scale(y, x.q, &s) || __builtin_add_overflow(r.a, s.a, &r.a) ||
        __builtin_add_overflow(r.b, s.b, &r.b))
        return fail(p, NUMERIC);
    return r;
}

static form subtract(parser *p, form x, form y)
{
    form r, s;
    if (!scale(x, y.q, &r) || !scale(y, x.q, &s) || __builtin_sub_overflow(r.a, s.a, &r.a) ||
        __builtin_sub_overflow(r.b, s.b, &r.b))
        return fail(p, NUMERIC);
    return r;
}

/* A form whose dim has cancelled is a number again, if it is whole. */
static form settle(parser *p, form x)
{
    if (x.a != 0 || x.q == 1)
        return x;
    return x.b % x.q == 0 ? number(x.b / x.q) : fail(p, NUMERIC);
}

static form multiply(parser *p, form x, form y)
{
    if (x.a != 0 && y.a != 0)
        return fail(p, NOT_LINEAR);
    if (y.a != 0)
        return multiply(p, y, x);
    form r = { 0, 0, x.q };
    if (__builtin_mul_overflow(x.a, y.b, &r.a) || __builtin_mul_overflow(x.b, y.b, &r.b))
        return fail(p, NUMERIC);
    return settle(p, r);
}

static form divide(parser *p, form x, form y)
{
    if (y.a != 0)
        return fail(p, NOT_LINEAR);
    if (y.b == 0 || y.b == INT64_MIN)
        return fail(p, NUMERIC);
    if (y.b < 0)
        return divide(p, subtract(p, number(0), x), number(-y.b));
    form r = { x.a, x.b, 1 };
    if (__builtin_mul_overflow(x.q, y.b, &r.q))
        return fail(p, NUMERIC);
    return settle(p, r);
}

static form ceiling(parser *p, int64_t a, int64_t b)
{
    if (b == 0 || (a == INT64_MIN && b == -1))
        return fail(p, NUMERIC);
    const bool up = a % b != 0 && (a < 0) == (b < 0);
    return number(a / b + (up ? 1 : 0));
}

/* ---- the grammar ---- */

static form literal(parser *p)
{
    int64_t value = 0;
    for (; *p->at >= '0' && *p->at <= '9'; p->at++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *p->at - '0', &value))
            return fail(p, NUMERIC);
    return number(value);
}

static form dim(parser *p, const char *name, size_t length)
{
    for (size_t i = 0; i < p->count; i++) {
        if (strlen(p->names[i]) != length || memcmp(p->names[i], name, length) != 0)
            continue;
        if (p->shape_only)
            return number(1);
        if (!p->known || p->known[i])
            return number(p->values[i]);
        if (p->unknown != p->count && p->unknown != i)
            return fail(p, NOT_LINEAR);
        p->unknown = i;
        return (form){ 1, 0, 1 };
    }
    return fail(p, MALFORMED);
}

static form call(parser *p, const char *name, size_t length)
{
    const form x = sum(p);
    if (!take(p, ','))
        return fail(p, MALFORMED);
    const form y = sum(p);
    if (!take(p, ')'))
        return fail(p, MALFORMED);
    if (p->failed)
        return number(0);
    if (x.a != 0 || y.a != 0)
        return fail(p, NOT_LINEAR);
    if (length == 4 && memcmp(name, "ceil", 4) == 0)
        return ceiling(p, x.b, y.b);
    if (length == 3 && memcmp(name, "min", 3) == 0)
        return number(x.b < y.b ? x.b : y.b);
    if (length == 3 && memcmp(name, "max", 3) == 0)
        return number(x.b > y.b ? x.b : y.b);
    return fail(p, MALFORMED);
}

static size_t name_length(const char *at)
{
    if (*at >= '0' && *at <= '9')
        return 0;
    return strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
}

static form primary(parser *p)
{
    bool negative = false;
    while (take(p, '-'))
        negative = !negative;
    if (negative)
        return subtract(p, number(0), primary(p));
    if (take(p, '(')) {
        const form x = sum(p);
        return take(p, ')') ? x : fail(p, MALFORMED);
    }
    if (*p->at >= '0' && *p->at <= '9')
        return literal(p);
    const char *name = p->at;
    const size_t length = name_length(name);
    if (!length)
        return fail(p, MALFORMED);
    p->at += length;
    return take(p, '(') ? call(p, name, length) : dim(p, name, length);
}

static form product(parser *p)
{
    form x = primary(p);
    while (!p->failed) {
        if (take(p, '*'))
            x = multiply(p, x, primary(p));
        else if (take(p, '/'))
            x = divide(p, x, primary(p));
        else
            break;
    }
    return x;
}

static form sum(parser *p)
{
    if (++p->nesting > MAX_NESTING)
        return fail(p, MALFORMED);
    form x = product(p);
    while (!p->failed) {
        if (take(p, '+'))
            x = settle(p, add(p, x, product(p)));
        else if (take(p, '-'))
            x = settle(p, subtract(p, x, product(p)));
        else
            break;
    }
    p->nesting--;
    return x;
}

static form whole(parser *p)
{
    const form x = sum(p);
    p->at += strspn(p->at, " \t");
    return *p->at ? fail(p, MALFORMED) : x;
}

bool rt_extent_eval(const char *text, const char *const *names, const int64_t *values, size_t count, int64_t *out)
{
    parser p = { .at = text, .names = names, .values = values, .count = count, .unknown = count };
    const form x = whole(&p);
    *out = x.b;
    return p.failed == NONE;
}

bool rt_extent_well_formed(const char *text, const char *const *names, size_t count)
{
    parser p = { .at = text, .names = names, .count = count, .unknown = count, .shape_only = true };
    whole(&p);
    return p.failed != MALFORMED;
}

rt_solution rt_extent_solve(const char *text, const char *const *names, const int64_t *values, const bool *known,
                            size_t count, int64_t want, size_t *dim_index, int64_t *value)
{
    parser p = { .at = text, .names = names, .values = values, .known = known, .count = count, .unknown = count };
    const form x = whole(&p);
    if (p.unknown == count)
        return RT_ALL_KNOWN; /* also where it has no value: that is found when it is evaluated */
    if (p.failed)
        return p.failed == NOT_LINEAR ? RT_NOT_SOLVABLE : RT_NO_SOLUTION;
    int64_t scaled, rest;
    if (x.a == 0) /* the dim has cancelled */
        return RT_NOT_SOLVABLE;
    if (__builtin_mul_overflow(want, x.q, &scaled) || __builtin_sub_overflow(scaled, x.b, &rest) ||
        (x.a == -1 && rest == INT64_MIN) || rest % x.a != 0)
        return RT_NO_SOLUTION;
    *dim_index = p.unknown;
    *value = rest / x.a;
    return RT_SOLVED;
}
