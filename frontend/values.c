/* values: numbers known while compiling, and how they become tensors.
 *
 * Integers are exact: 64 bits where constant, extents where they depend on dims. A number turns into a rank-0 tensor
 * where it meets one, rounded once to its dtype. */
#include "frontend/values.h"

#include <float.h>
#include <math.h>

fe_value fe_integer(fe_walk *w, fe_span at, const ir_extent *e)
{
    fe_value v = {.kind = FE_INT};
    if (!e) {
        fe_error(w->c, at, "this integer overflows 63 bits");
        return fe_bad();
    }
    if (!ir_extent_is_const(e, &v.integer)) v.extent = e;
    return v;
}

const ir_extent *fe_extent_of(fe_walk *w, const fe_value *v)
{
    return v->extent ? v->extent : ir_extent_const(w->c->module, v->integer);
}

static fe_value divide_integers(fe_walk *w, fe_span at, int64_t a, int64_t b)
{
    if (b == 0) fe_error(w->c, at, "division by zero");
    else if (a == INT64_MIN && b == -1) return fe_integer(w, at, NULL);
    else if (a % b) fe_error(w->c, at, "%lld / %lld does not come out exact; write %lld.0 / %lld for a fraction",
                             (long long)a, (long long)b, (long long)a, (long long)b);
    else return (fe_value){.kind = FE_INT, .integer = a / b};
    return fe_bad();
}

static fe_value constant_arithmetic(fe_walk *w, fe_operator op, fe_span at, int64_t a, int64_t b)
{
    fe_value v = {.kind = FE_INT};
    bool overflow = op == FE_ADD   ? __builtin_add_overflow(a, b, &v.integer)
                    : op == FE_SUB ? __builtin_sub_overflow(a, b, &v.integer)
                                   : __builtin_mul_overflow(a, b, &v.integer);
    return overflow ? fe_integer(w, at, NULL) : v;
}

/* What comes out exact for all values of the dims has no quotient left in it. */
static bool is_settled(const ir_extent *e)
{
    for (int t = 0; t < ir_extent_terms(e); t++)
        for (int i = 0; i < ir_extent_factors(e, t); i++)
            if (ir_extent_factor(e, t, i)->kind == IR_FACTOR_DIV) return false;
    return true;
}

/* Later arithmetic may take the quotient apart, as in (n / 4) * 4, but the call has to look at it all the same. */
static void note_division(fe_walk *w, fe_span at, const ir_extent *quotient)
{
    if (!w->layer || is_settled(quotient)) return;
    for (const fe_division *d = w->layer->divisions; d; d = d->next)
        if (d->quotient == quotient) return;
    fe_division *d = IR_NEW(w->c->arena, fe_division);
    *d = (fe_division){quotient, at, w->layer->divisions};
    w->layer->divisions = d;
}

static fe_value divide_extents(fe_walk *w, fe_span at, const ir_extent *a, const ir_extent *b)
{
    const ir_extent *quotient = a && b ? ir_extent_div(w->c->module, a, b) : NULL;
    if (quotient) note_division(w, at, quotient);
    if (quotient) return fe_integer(w, at, quotient);
    if (b && fe_extent_is(b, 0)) fe_error(w->c, at, "division by zero");
    else
        fe_error(w->c, at, "(%s) / (%s) cannot come out exact", a ? ir_extent_text(a) : "?",
                 b ? ir_extent_text(b) : "?");
    return fe_bad();
}

static fe_value symbolic_arithmetic(fe_walk *w, fe_operator op, fe_span at, fe_value a, fe_value b)
{
    ir_module *m = w->c->module;
    const ir_extent *x = fe_extent_of(w, &a), *y = fe_extent_of(w, &b);
    if (op == FE_ADD) return fe_integer(w, at, ir_extent_add(m, x, y));
    if (op == FE_SUB) return fe_integer(w, at, ir_extent_sub(m, x, y));
    if (op == FE_MUL) return fe_integer(w, at, ir_extent_mul(m, x, y));
    return divide_extents(w, at, x, y);
}

static double as_real(const fe_value *v) { return v->kind == FE_REAL ? v->real : (double)v->integer; }

fe_value fe_arithmetic(fe_walk *w, fe_operator op, fe_span at, fe_value a, fe_value b)
{
    if (a.kind == FE_INT && b.kind == FE_INT) {
        if (a.extent || b.extent) return symbolic_arithmetic(w, op, at, a, b);
        return op == FE_DIV ? divide_integers(w, at, a.integer, b.integer)
                            : constant_arithmetic(w, op, at, a.integer, b.integer);
    }
    fe_value v = {.kind = FE_REAL, .at_call = a.extent || b.extent || a.at_call || b.at_call};
    double x = as_real(&a), y = as_real(&b);
    v.real = op == FE_ADD ? x + y : op == FE_SUB ? x - y : op == FE_MUL ? x * y : x / y;
    if (v.at_call || isfinite(v.real)) return v;
    if (op == FE_DIV && y == 0) fe_error(w->c, at, "division by zero");
    else fe_error(w->c, at, "this number overflows f64");
    return fe_bad();
}

fe_value fe_negate(fe_walk *w, fe_span at, fe_value v)
{
    if (v.kind == FE_INT) return fe_arithmetic(w, FE_SUB, at, (fe_value){.kind = FE_INT}, v);
    v.real = -v.real;
    return v;
}

/* Significand bits and the exponent of the smallest subnormal; all other facts follow. */
static const struct { int bits, lowest; double largest; } formats[IR_DTYPE_COUNT] = {
    [IR_F64] = {53, -1074, DBL_MAX},
    [IR_F32] = {24, -149, FLT_MAX},
    [IR_F16] = {11, -24, 65504.0},
    [IR_BF16] = {8, -133, 0x1.fep127},
};

double fe_round_to(ir_dtype dtype, double value)
{
    int exponent;
    if (dtype == IR_F64 || value == 0 || !isfinite(value)) return value;
    frexp(value, &exponent);
    int unit = exponent - formats[dtype].bits;
    if (unit < formats[dtype].lowest) unit = formats[dtype].lowest;
    double rounded = ldexp(nearbyint(ldexp(value, -unit)), unit);
    return fabs(rounded) > formats[dtype].largest ? copysign(INFINITY, value) : rounded;
}

/* A 64-bit integer as a double that rounds to every narrower format as the integer itself would: where bits are lost,
 * the last one kept is made odd. */
static double sticky_double(int64_t value)
{
    double d = (double)value;
    bool exact = d < 0x1p63 && (int64_t)d == value;
    if (exact) return d;
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
    int shift = 64 - __builtin_clzll(magnitude) - 53;
    double odd = ldexp((double)(magnitude >> shift | 1), shift);
    return value < 0 ? -odd : odd;
}

static const struct { int64_t low, high; } ranges[IR_DTYPE_COUNT] = {
    [IR_I8] = {INT8_MIN, INT8_MAX}, [IR_U8] = {0, UINT8_MAX}, [IR_I32] = {INT32_MIN, INT32_MAX},
};

static bool fits_integer(fe_walk *w, fe_span at, const fe_value *v, ir_dtype dtype, int64_t *out)
{
    const char *name = ir_dtype_of(dtype)->name;
    if (v->kind == FE_REAL && (v->real != floor(v->real) || fabs(v->real) >= 0x1p62)) {
        fe_error(w->c, at, "the number %g meets an integer tensor (%s); cast the tensor to a float first", v->real,
                 name);
        return false;
    }
    *out = v->kind == FE_REAL ? (int64_t)v->real : v->integer;
    if (*out >= ranges[dtype].low && *out <= ranges[dtype].high) return true;
    fe_error(w->c, at, "%lld does not fit %s (%lld to %lld)", (long long)*out, name, (long long)ranges[dtype].low,
             (long long)ranges[dtype].high);
    return false;
}

static fe_value float_constant(fe_walk *w, fe_span at, const fe_value *v, const ir_type *type)
{
    double value = v->kind == FE_REAL      ? v->real
                   : type->dtype == IR_F64 ? (double)v->integer
                                           : sticky_double(v->integer);
    return fe_tensor_value(type, fe_emit_constant(w, at, type, true, 0, fe_round_to(type->dtype, value)));
}

fe_value fe_constant(fe_walk *w, fe_span at, const fe_value *v, ir_dtype dtype)
{
    int64_t integer = v->integer;
    if (dtype == IR_NO_DTYPE) dtype = v->kind == FE_TRUTH ? IR_BOOL : v->kind == FE_REAL ? IR_F32 : IR_I32;
    if ((v->kind == FE_TRUTH) != (dtype == IR_BOOL)) {
        fe_error(w->c, at, "%s meets a tensor of %s", v->kind == FE_TRUTH ? "a truth value" : "a number",
                 ir_dtype_of(dtype)->name);
        return fe_bad();
    }
    const ir_type *type = ir_tensor(w->c->module, dtype, 0, NULL);
    if (v->extent) return fe_tensor_value(type, fe_emit_extent(w, at, type, v->extent));
    if (v->at_call) {
        fe_unsupported(w->c, at, "a fraction of a dim as a number");
        return fe_tensor_value(type, NULL);
    }
    if (ir_is_float(dtype)) return float_constant(w, at, v, type);
    if (dtype != IR_BOOL && !fits_integer(w, at, v, dtype, &integer)) return fe_bad();
    return fe_tensor_value(type, fe_emit_constant(w, at, type, false, integer, 0));
}

const char *fe_value_text(fe_walk *w, const fe_value *v)
{
    static const char *const texts[] = {
        [FE_BAD] = "a mistake", [FE_TENSOR] = "a tensor",     [FE_INT] = "an integer",
        [FE_REAL] = "a number", [FE_TRUTH] = "a truth value", [FE_MANY] = "several results",
    };
    if (v->kind != FE_TENSOR) return texts[v->kind];
    const char *text = fe_type_text(w, v->type);
    if (v->quantity == FE_PLAIN) return text;
    return ir_format(w->c->arena, "%s with %s", text, v->quantity == FE_QUANTISED ? "its scale" : "a scale");
}
