/* extent: polynomials over dims in canonical form.
 *
 * Every operation builds its terms in a fixed array on the stack, sorts and merges them, and interns the result. So
 * equal polynomials are one object, whatever way they were made. */
#include "ir/extent_private.h"

#include <assert.h>
#include <string.h>

typedef struct sum { /* terms in any order, to be made canonical */
    int count;
    bool failed; /* overflow, or too many terms */
    ir_term terms[2 * IR_MAX_TERMS];
} sum;

static int order_text(const char *a, const char *b) { return a == b ? 0 : strcmp(a, b); }

int ir_factor_order(const ir_factor *a, const ir_factor *b)
{
    if (a == b) return 0;
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    if (a->kind == IR_FACTOR_DIM) return order_text(a->dim, b->dim);
    int order = ir_extent_order(a->left, b->left);
    return order ? order : ir_extent_order(a->right, b->right);
}

static int monomial_order(const ir_term *a, const ir_term *b)
{
    if (a->degree != b->degree) return a->degree > b->degree ? -1 : 1;
    for (int i = 0; i < a->degree; i++) {
        int order = ir_factor_order(a->factors[i], b->factors[i]);
        if (order) return order;
    }
    return 0;
}

int ir_extent_order(const ir_extent *a, const ir_extent *b)
{
    if (a == b) return 0;
    for (int i = 0; i < a->count && i < b->count; i++) {
        int order = monomial_order(&a->terms[i], &b->terms[i]);
        if (order) return order;
        int64_t left = a->terms[i].coefficient, right = b->terms[i].coefficient;
        if (left != right) return left < right ? -1 : 1;
    }
    return (a->count > b->count) - (a->count < b->count);
}

/* ---- interning ---- */

static bool same_term(const ir_term *a, const ir_term *b)
{
    return a->coefficient == b->coefficient && a->degree == b->degree &&
           memcmp(a->factors, b->factors, (size_t)a->degree * sizeof a->factors[0]) == 0;
}

static bool same_extent(const void *item, const void *key)
{
    const ir_extent *a = item, *b = key;
    if (a->count != b->count) return false;
    for (int i = 0; i < a->count; i++)
        if (!same_term(&a->terms[i], &b->terms[i])) return false;
    return true;
}

static int extent_size(const ir_extent *e)
{
    int size = 1;
    for (int i = 0; i < e->count; i++) {
        size++;
        for (int j = 0; j < e->terms[i].degree; j++) {
            const ir_factor *f = e->terms[i].factors[j];
            size += f->kind == IR_FACTOR_DIM ? 1 : f->left->size + f->right->size;
        }
    }
    return size;
}

static const ir_extent *intern_terms(ir_module *m, int count, const ir_term *terms)
{
    uint64_t hash = (uint64_t)count;
    for (int i = 0; i < count; i++) {
        hash = ir_hash_word(hash, (uint64_t)terms[i].coefficient);
        for (int j = 0; j < terms[i].degree; j++) hash = ir_hash_word(hash, (uint64_t)(uintptr_t)terms[i].factors[j]);
    }
    ir_extent key = {.count = count, .terms = terms};
    const ir_extent *found = ir_set_find(&m->tables->extents, hash, same_extent, &key);
    if (found) return found;
    key.size = extent_size(&key);
    if (key.size > IR_MAX_EXTENT_SIZE) return NULL;
    ir_term *copy = IR_ARRAY(m->arena, ir_term, count);
    if (count) memcpy(copy, terms, (size_t)count * sizeof *copy);
    ir_extent *e = IR_NEW(m->arena, ir_extent);
    *e = (ir_extent){count, copy, key.size, NULL};
    e->text = ir_extent_make_text(m, e);
    ir_set_add(&m->tables->extents, m->arena, hash, e);
    return e;
}

static bool same_factor(const void *item, const void *key)
{
    const ir_factor *a = item, *b = key;
    return a->kind == b->kind && a->dim == b->dim && a->left == b->left && a->right == b->right;
}

/* The extent that consists of one factor. */
static const ir_extent *atom(ir_module *m, ir_factor key)
{
    uint64_t hash = ir_hash_word((uint64_t)key.kind, (uint64_t)(uintptr_t)key.dim);
    hash = ir_hash_word(hash, (uint64_t)(uintptr_t)key.left);
    hash = ir_hash_word(hash, (uint64_t)(uintptr_t)key.right);
    const ir_factor *f = ir_set_find(&m->tables->factors, hash, same_factor, &key);
    if (!f) {
        ir_factor *copy = IR_NEW(m->arena, ir_factor);
        *copy = key;
        ir_set_add(&m->tables->factors, m->arena, hash, copy);
        f = copy;
    }
    return intern_terms(m, 1, &(ir_term){1, 1, {f}});
}

/* ---- sums ---- */

/* Leaves the terms as they are: clearing them would cost more than most sums. */
static void sum_init(sum *s)
{
    s->count = 0;
    s->failed = false;
}

static void sum_add(sum *s, const ir_term *term)
{
    if (term->coefficient == INT64_MIN) s->failed = true;
    if (s->failed || term->coefficient == 0) return;
    int at = 0;
    while (at < s->count && monomial_order(&s->terms[at], term) < 0) at++;
    if (at < s->count && monomial_order(&s->terms[at], term) == 0) {
        int64_t *c = &s->terms[at].coefficient;
        if (__builtin_add_overflow(*c, term->coefficient, c) || *c == INT64_MIN) s->failed = true;
        else if (*c == 0) memmove(&s->terms[at], &s->terms[at + 1], (size_t)(--s->count - at) * sizeof *s->terms);
        return;
    }
    if (s->count == 2 * IR_MAX_TERMS) {
        s->failed = true;
        return;
    }
    memmove(&s->terms[at + 1], &s->terms[at], (size_t)(s->count++ - at) * sizeof *s->terms);
    s->terms[at] = *term;
}

static void sum_add_scaled(sum *s, const ir_extent *e, int64_t scale)
{
    for (int i = 0; i < e->count; i++) {
        ir_term term = e->terms[i];
        if (__builtin_mul_overflow(term.coefficient, scale, &term.coefficient)) s->failed = true;
        sum_add(s, &term);
    }
}

/* out = a * b; false on overflow. */
static bool multiply_terms(const ir_term *a, const ir_term *b, ir_term *out)
{
    if (a->degree + b->degree > IR_MAX_DEGREE) return false;
    if (__builtin_mul_overflow(a->coefficient, b->coefficient, &out->coefficient)) return false;
    int i = 0, j = 0;
    out->degree = 0;
    while (i < a->degree || j < b->degree) {
        bool left = j == b->degree || (i < a->degree && ir_factor_order(a->factors[i], b->factors[j]) <= 0);
        out->factors[out->degree++] = left ? a->factors[i++] : b->factors[j++];
    }
    return true;
}

/* out = a / b where that leaves no remainder and no factor of b over. */
static bool divide_terms(const ir_term *a, const ir_term *b, ir_term *out)
{
    if (a->coefficient % b->coefficient) return false;
    *out = (ir_term){.coefficient = a->coefficient / b->coefficient};
    int j = 0;
    for (int i = 0; i < a->degree; i++) {
        if (j < b->degree && a->factors[i] == b->factors[j]) j++;
        else out->factors[out->degree++] = a->factors[i];
    }
    return j == b->degree;
}

/* A term that holds an exact division and its divisor is the dividend: (seq/4)*4 is seq. */
static bool cancel_division(const ir_term *term, ir_term *rest, const ir_factor **division)
{
    for (int i = 0; i < term->degree; i++) {
        const ir_factor *f = term->factors[i];
        if (f->kind != IR_FACTOR_DIV || f->right->count != 1) continue;
        ir_term others = *term;
        memmove(&others.factors[i], &others.factors[i + 1], (size_t)(--others.degree - i) * sizeof others.factors[0]);
        if (!divide_terms(&others, &f->right->terms[0], rest)) continue;
        *division = f;
        return true;
    }
    return false;
}

static void sum_add_product(sum *s, const ir_term *a, const ir_term *b)
{
    ir_term product, rest;
    const ir_factor *division;
    if (s->failed) return;
    if (!multiply_terms(a, b, &product)) s->failed = true;
    else if (!cancel_division(&product, &rest, &division)) sum_add(s, &product);
    else
        for (int i = 0; i < division->left->count; i++) sum_add_product(s, &rest, &division->left->terms[i]);
}

/* Added up, coefficients may come to cancel a division. */
static void sum_cancel(sum *s)
{
    ir_term rest;
    const ir_factor *division;
    for (int i = 0, steps = 0; i < s->count && !s->failed; i++) {
        if (!cancel_division(&s->terms[i], &rest, &division)) continue;
        if (++steps > IR_MAX_TERMS) s->failed = true;
        memmove(&s->terms[i], &s->terms[i + 1], (size_t)(--s->count - i) * sizeof *s->terms);
        for (int t = 0; t < division->left->count; t++) sum_add_product(s, &rest, &division->left->terms[t]);
        i = -1;
    }
}

static const ir_extent *sum_finish(ir_module *m, sum *s)
{
    sum_cancel(s);
    if (s->failed || s->count > IR_MAX_TERMS) return NULL;
    return intern_terms(m, s->count, s->terms);
}

/* ---- the operations ---- */

const ir_extent *ir_extent_const(ir_module *m, int64_t value)
{
    if (value == INT64_MIN) return NULL;
    return intern_terms(m, value != 0, &(ir_term){.coefficient = value});
}

const ir_extent *ir_extent_dim(ir_module *m, const char *name)
{
    return atom(m, (ir_factor){.kind = IR_FACTOR_DIM, .dim = ir_intern_name(m, name, strlen(name))});
}

static const ir_extent *add_scaled(ir_module *m, const ir_extent *a, const ir_extent *b, int64_t scale)
{
    if (!a || !b) return NULL;
    sum s;
    sum_init(&s);
    sum_add_scaled(&s, a, 1);
    sum_add_scaled(&s, b, scale);
    return sum_finish(m, &s);
}

const ir_extent *ir_extent_add(ir_module *m, const ir_extent *a, const ir_extent *b) { return add_scaled(m, a, b, 1); }

const ir_extent *ir_extent_sub(ir_module *m, const ir_extent *a, const ir_extent *b) { return add_scaled(m, a, b, -1); }

const ir_extent *ir_extent_mul(ir_module *m, const ir_extent *a, const ir_extent *b)
{
    if (!a || !b) return NULL;
    sum s;
    sum_init(&s);
    for (int i = 0; i < a->count; i++)
        for (int j = 0; j < b->count; j++) sum_add_product(&s, &a->terms[i], &b->terms[j]);
    return sum_finish(m, &s);
}

/* Long division by the leading term. NULL where there is a remainder. */
static const ir_extent *divide_exactly(ir_module *m, const ir_extent *a, const ir_extent *b)
{
    sum rest, quotient;
    sum_init(&rest);
    sum_init(&quotient);
    sum_add_scaled(&rest, a, 1);
    for (int steps = 0; rest.count && steps <= IR_MAX_TERMS; steps++) {
        ir_term q, product;
        if (!divide_terms(&rest.terms[0], &b->terms[0], &q)) return NULL;
        sum_add(&quotient, &q);
        q.coefficient = -q.coefficient;
        for (int i = 0; i < b->count; i++) {
            if (!multiply_terms(&q, &b->terms[i], &product)) return NULL;
            sum_add(&rest, &product);
        }
        if (rest.failed || quotient.failed) return NULL;
    }
    return rest.count ? NULL : sum_finish(m, &quotient);
}

static int64_t gcd(int64_t a, int64_t b)
{
    if (a < 0) a = -a;
    if (b < 0) b = -b;
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* keep = the factors that both have. */
static void common_factors(ir_term *keep, const ir_term *other)
{
    int count = 0, j = 0;
    for (int i = 0; i < keep->degree; i++) {
        while (j < other->degree && ir_factor_order(other->factors[j], keep->factors[i]) < 0) j++;
        if (j < other->degree && other->factors[j] == keep->factors[i]) {
            keep->factors[count++] = keep->factors[i];
            j++;
        }
    }
    keep->degree = count;
}

/* The largest monomial that divides every term of both. */
static ir_term content_of(const ir_extent *a, const ir_extent *b)
{
    ir_term content = a->terms[0];
    for (int i = 0; i < a->count + b->count; i++) {
        const ir_term *term = i < a->count ? &a->terms[i] : &b->terms[i - a->count];
        content.coefficient = gcd(content.coefficient, term->coefficient);
        common_factors(&content, term);
    }
    return content;
}

static const ir_extent *divide_by_term(ir_module *m, const ir_extent *e, const ir_term *term)
{
    sum s;
    sum_init(&s);
    for (int i = 0; i < e->count; i++) {
        ir_term quotient;
        if (!divide_terms(&e->terms[i], term, &quotient)) return NULL;
        sum_add(&s, &quotient);
    }
    return sum_finish(m, &s);
}

static const ir_extent *negate(ir_module *m, const ir_extent *e) { return ir_extent_sub(m, ir_extent_const(m, 0), e); }

/* Whether e, whatever integers its atoms are, never divides by the constant: 2*n + 1 by 4. */
static bool never_divides(const ir_extent *e, int64_t divisor)
{
    int64_t common = divisor, constant = 0;
    for (int i = 0; i < e->count; i++) {
        if (e->terms[i].degree) common = gcd(common, e->terms[i].coefficient);
        else constant = e->terms[i].coefficient;
    }
    return constant % common != 0;
}

/* a and b have nothing in common any more. Signs move out, and (a/b)/c is a/(b*c), so that equal quotients meet. */
static const ir_extent *division_atom(ir_module *m, const ir_extent *a, const ir_extent *b)
{
    if (!a || !b) return NULL;
    if (b->terms[0].coefficient < 0) return division_atom(m, negate(m, a), negate(m, b));
    if (a->terms[0].coefficient < 0) return negate(m, division_atom(m, negate(m, a), b));
    const ir_term *only = &a->terms[0];
    if (a->count == 1 && only->coefficient == 1 && only->degree == 1 && only->factors[0]->kind == IR_FACTOR_DIV)
        return ir_extent_div(m, only->factors[0]->left, ir_extent_mul(m, only->factors[0]->right, b));
    return atom(m, (ir_factor){.kind = IR_FACTOR_DIV, .left = a, .right = b});
}

const ir_extent *ir_extent_div(ir_module *m, const ir_extent *a, const ir_extent *b)
{
    int64_t divisor;
    if (!a || !b || b->count == 0) return NULL;
    const ir_extent *quotient = divide_exactly(m, a, b);
    if (quotient) return quotient;
    if (ir_extent_is_const(b, &divisor) && never_divides(a, divisor)) return NULL;
    ir_term content = content_of(a, b);
    return division_atom(m, divide_by_term(m, a, &content), divide_by_term(m, b, &content));
}

/* Whole multiples of the divisor move out of the atom, ceil(2*n - 3, 2) = n + ceil(1, 2) - 2, so that equal quotients meet;
 * the constant left inside is 0 .. divisor - 1. False: nothing to move. */
static bool split_ceiling(const ir_extent *a, int64_t divisor, sum *outside, sum *inside)
{
    sum_init(outside);
    sum_init(inside);
    for (int i = 0; i < a->count; i++) {
        ir_term whole = a->terms[i], rest = a->terms[i];
        const int64_t floor = whole.coefficient / divisor - (whole.coefficient % divisor < 0);
        const bool moves = !whole.degree || whole.coefficient % divisor == 0;
        whole.coefficient = moves ? floor : 0;
        rest.coefficient -= whole.coefficient * divisor;
        sum_add(outside, &whole);
        sum_add(inside, &rest);
    }
    return outside->count && !outside->failed && !inside->failed;
}

const ir_extent *ir_extent_ceildiv(ir_module *m, const ir_extent *a, const ir_extent *b)
{
    int64_t x, y;
    if (!a || !b || b->count == 0) return NULL;
    bool constant = ir_extent_is_const(b, &y);
    if (constant && y < 0) return NULL;
    if (constant && ir_extent_is_const(a, &x)) return ir_extent_const(m, x / y + (x % y > 0));
    const ir_extent *quotient = divide_exactly(m, a, b);
    sum outside, inside;
    if (!quotient && constant && split_ceiling(a, y, &outside, &inside))
        return ir_extent_add(m, sum_finish(m, &outside), ir_extent_ceildiv(m, sum_finish(m, &inside), b));
    return quotient ? quotient : atom(m, (ir_factor){.kind = IR_FACTOR_CEILDIV, .left = a, .right = b});
}

/* want: -1 min, 1 max. Decided at once where the difference is a constant. */
static const ir_extent *choose(ir_module *m, const ir_extent *a, const ir_extent *b, int want)
{
    if (!a || !b) return NULL;
    const ir_extent *difference = ir_extent_sub(m, a, b);
    int64_t d;
    if (difference && ir_extent_is_const(difference, &d)) return (want < 0) == (d < 0) ? a : b;
    bool swap = ir_extent_order(a, b) > 0;
    ir_factor_kind kind = want < 0 ? IR_FACTOR_MIN : IR_FACTOR_MAX;
    return atom(m, (ir_factor){.kind = kind, .left = swap ? b : a, .right = swap ? a : b});
}

const ir_extent *ir_extent_min(ir_module *m, const ir_extent *a, const ir_extent *b) { return choose(m, a, b, -1); }

const ir_extent *ir_extent_max(ir_module *m, const ir_extent *a, const ir_extent *b) { return choose(m, a, b, 1); }

/* ---- reading ---- */

bool ir_extent_is_const(const ir_extent *e, int64_t *value)
{
    if (e->count > 1 || (e->count == 1 && e->terms[0].degree)) return false;
    if (value) *value = e->count ? e->terms[0].coefficient : 0;
    return true;
}

bool ir_extent_is_dim(const ir_extent *e, const char **name)
{
    if (e->count != 1 || e->terms[0].coefficient != 1 || e->terms[0].degree != 1) return false;
    const ir_factor *f = e->terms[0].factors[0];
    if (f->kind != IR_FACTOR_DIM) return false;
    if (name) *name = f->dim;
    return true;
}

int ir_extent_terms(const ir_extent *e) { return e->count; }

int64_t ir_extent_coefficient(const ir_extent *e, int term)
{
    assert(term >= 0 && term < e->count);
    return e->terms[term].coefficient;
}

int ir_extent_factors(const ir_extent *e, int term)
{
    assert(term >= 0 && term < e->count);
    return e->terms[term].degree;
}

const ir_factor *ir_extent_factor(const ir_extent *e, int term, int factor)
{
    assert(term >= 0 && term < e->count && factor >= 0 && factor < e->terms[term].degree);
    return e->terms[term].factors[factor];
}

bool ir_extent_mentions(const ir_extent *e, const char *dim)
{
    for (int t = 0; t < e->count; t++)
        for (int i = 0; i < e->terms[t].degree; i++) {
            const ir_factor *f = e->terms[t].factors[i];
            if (f->kind == IR_FACTOR_DIM ? strcmp(f->dim, dim) == 0
                                         : ir_extent_mentions(f->left, dim) || ir_extent_mentions(f->right, dim))
                return true;
        }
    return false;
}

const char *ir_extent_text(const ir_extent *e) { return e->text; }
