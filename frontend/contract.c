/* contract: what a call binds the callee's dims to, and whether that keeps the dims' contracts.
 *
 * Bindings are numbered by call, so that starting a new set costs nothing. */
#include "frontend/values.h"

#include <string.h>

void fe_binding_start(fe_context *c) { c->call_number++; }

const ir_extent *fe_binding_of(fe_context *c, const fe_item *dim)
{
    return dim->bound_in == c->call_number ? dim->bound : NULL;
}

void fe_bind(fe_context *c, fe_item *dim, const ir_extent *extent)
{
    if (fe_binding_of(c, dim)) return;
    dim->bound_in = c->call_number;
    dim->bound = extent;
}

bool fe_judge_once(fe_context *c, fe_item *dim)
{
    bool first = dim->judged_in != c->call_number;
    dim->judged_in = c->call_number;
    return first;
}

static const fe_item *dim_item(fe_context *c, const char *dim) { return fe_intern(c, dim, strlen(dim))->item; }

/* ---- substitution ---- */

static const ir_extent *substitute_factor(fe_context *c, const ir_factor *f)
{
    ir_module *m = c->module;
    if (f->kind == IR_FACTOR_DIM) {
        const ir_extent *bound = fe_binding_of(c, dim_item(c, f->dim));
        return bound ? bound : ir_extent_dim(m, f->dim);
    }
    const ir_extent *left = fe_substitute(c, f->left), *right = fe_substitute(c, f->right);
    static const ir_extent *(*const rebuild[])(ir_module *, const ir_extent *, const ir_extent *) = {
        [IR_FACTOR_DIV] = ir_extent_div,
        [IR_FACTOR_CEILDIV] = ir_extent_ceildiv,
        [IR_FACTOR_MIN] = ir_extent_min,
        [IR_FACTOR_MAX] = ir_extent_max,
    };
    return rebuild[f->kind](m, left, right);
}

static bool mentions_bound(fe_context *c, const ir_extent *e)
{
    for (int t = 0; t < ir_extent_terms(e); t++)
        for (int i = 0; i < ir_extent_factors(e, t); i++) {
            const ir_factor *f = ir_extent_factor(e, t, i);
            if (f->kind != IR_FACTOR_DIM || fe_binding_of(c, dim_item(c, f->dim))) return true;
        }
    return false;
}

const ir_extent *fe_substitute(fe_context *c, const ir_extent *e)
{
    if (!mentions_bound(c, e)) return e;
    const ir_extent *sum = ir_extent_const(c->module, 0);
    for (int t = 0; t < ir_extent_terms(e) && sum; t++) {
        const ir_extent *term = ir_extent_const(c->module, ir_extent_coefficient(e, t));
        for (int i = 0; i < ir_extent_factors(e, t) && term; i++)
            term = ir_extent_mul(c->module, term, substitute_factor(c, ir_extent_factor(e, t, i)));
        sum = ir_extent_add(c->module, sum, term);
    }
    return sum;
}

/* ---- contracts ---- */

/* All values an extent may take lie in [low, high]; the ends of int64 stand for anything beyond. */
typedef struct range {
    int64_t low, high;
} range;

static int64_t saturated_mul(int64_t a, int64_t b)
{
    int64_t product;
    if (!__builtin_mul_overflow(a, b, &product)) return product;
    return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
}

static int64_t saturated_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum)) return sum;
    return a < 0 ? INT64_MIN : INT64_MAX;
}

static range range_mul(range a, range b)
{
    int64_t ends[4] = {saturated_mul(a.low, b.low), saturated_mul(a.low, b.high), saturated_mul(a.high, b.low),
                       saturated_mul(a.high, b.high)};
    range r = {ends[0], ends[0]};
    for (int i = 1; i < 4; i++) {
        if (ends[i] < r.low) r.low = ends[i];
        if (ends[i] > r.high) r.high = ends[i];
    }
    return r;
}

/* Quotients and the like are not followed: anything. */
static range range_of_factor(fe_context *c, const ir_factor *f)
{
    if (f->kind != IR_FACTOR_DIM) return (range){INT64_MIN, INT64_MAX};
    const fe_item *dim = dim_item(c, f->dim);
    return (range){dim->low, dim->high};
}

static range range_of(fe_context *c, const ir_extent *e)
{
    range sum = {0, 0};
    for (int t = 0; t < ir_extent_terms(e); t++) {
        range term = {ir_extent_coefficient(e, t), ir_extent_coefficient(e, t)};
        for (int i = 0; i < ir_extent_factors(e, t); i++)
            term = range_mul(term, range_of_factor(c, ir_extent_factor(e, t, i)));
        sum = (range){saturated_add(sum.low, term.low), saturated_add(sum.high, term.high)};
    }
    return sum;
}

/* The remainder of a term by step, for all values of its dims; -1: it varies. */
static int64_t term_remainder(fe_context *c, const ir_extent *e, int t, int64_t step)
{
    int64_t coefficient = ir_extent_coefficient(e, t) % step;
    if (coefficient == 0) return 0;
    if (ir_extent_factors(e, t) == 0) return coefficient < 0 ? coefficient + step : coefficient;
    const ir_factor *f = ir_extent_factor(e, t, 0);
    if (ir_extent_factors(e, t) > 1 || f->kind != IR_FACTOR_DIM) return -1;
    const fe_item *dim = dim_item(c, f->dim);
    if ((__int128)coefficient * dim->stride % step) return -1;
    int64_t remainder = (int64_t)((__int128)coefficient * dim->low % step);
    return remainder < 0 ? remainder + step : remainder;
}

/* Whether e - low is a multiple of step, for all values of its dims. */
static bool steps_fit(fe_context *c, const ir_extent *e, int64_t low, int64_t step)
{
    __int128 sum = -(__int128)low;
    for (int t = 0; t < ir_extent_terms(e); t++) {
        int64_t remainder = term_remainder(c, e, t, step);
        if (remainder < 0) return false;
        sum += remainder;
    }
    return sum % step == 0;
}

fe_verdict fe_contract_holds(fe_context *c, const fe_item *dim, const ir_extent *e)
{
    bool free = dim->low == 0 && dim->high == INT64_MAX && dim->stride == 1;
    if (free || dim->broken || e == dim->extent) return FE_HOLDS;
    range r = range_of(c, e);
    bool steps = steps_fit(c, e, dim->low, dim->stride);
    if (r.low >= dim->low && r.high <= dim->high && steps) return FE_HOLDS;
    if (r.high < dim->low || r.low > dim->high || (ir_extent_is_const(e, NULL) && !steps)) return FE_FAILS;
    return FE_OPEN_QUESTION;
}
