/* expand_math: replaces functions by arithmetic that every target has, on scalars and vectors of floats.
 *
 * f32 and f64 are worked in their own type, f16 and bf16 in f32. Errors stay within 4 ulp of f32 (gelu: or 1e-7), for f64
 * too: the language asks no more. Polynomial coefficients are Lawson-weighted least-squares fits (bench/fit_math.py
 * reproduces them). Leaves no relu, relu6, leaky_relu, gelu, gelu_tanh, sigmoid, silu, exp, tanh and no
 * arithmetic on f16 and bf16 behind. */
#include "passes/kernel.h"

#include <math.h>

typedef struct maths {
    ir_builder *b;
    const ir_type *type; /* f32 or f64, scalar or vector */
} maths;

static ir_op *number(const maths *m, double value)
{
    return ir_const_float(m->b, m->type, value);
}

static ir_op *two(const maths *m, ir_opcode code, ir_op *x, ir_op *y)
{
    return ir_build2(m->b, code, m->type, x, y);
}

static ir_op *scaled(const maths *m, ir_op *x, double factor)
{
    return two(m, IR_OP_mul, x, number(m, factor));
}

static ir_op *compare(const maths *m, ir_opcode code, ir_op *x, ir_op *y)
{
    return ir_build2(m->b, code, ir_type_with_dtype(m->b->module, m->type, IR_BOOL), x, y);
}

static ir_op *choose(const maths *m, ir_op *condition, ir_op *x, ir_op *y)
{
    return ir_build3(m->b, IR_OP_select, m->type, condition, x, y);
}

/* Horner's rule: c[0] + c[1] x + ... */
static ir_op *polynomial(const maths *m, ir_op *x, const double *c, int count)
{
    ir_op *sum = number(m, c[count - 1]);
    for (int i = count - 2; i >= 0; i--)
        sum = ir_build3(m->b, IR_OP_fma, m->type, sum, x, number(m, c[i]));
    return sum;
}

/* A float so large that its unit is 1: what is added to it is rounded to an integer, which stands in its last bits. */
static double rounder(const maths *m)
{
    return m->type->dtype == IR_F64 ? 0x1.8p52 : 0x1.8p23;
}

/* p * 2^n for n = shifted - rounder, where neither p nor the product leaves the normal range: n added to p's exponent. The
 * shift leaves n's bits alone. */
static ir_op *times_power_of_two(const maths *m, ir_op *p, ir_op *shifted)
{
    bool wide = m->type->dtype == IR_F64;
    const ir_type *ints = ir_type_with_dtype(m->b->module, m->type, wide ? IR_I64 : IR_I32);
    ir_op *n = ir_build2(m->b, IR_OP_shl, ints, ir_build1(m->b, IR_OP_bitcast, ints, shifted),
                         ir_const_int(m->b, ints, wide ? 52 : 23));
    ir_op *bits = ir_build2(m->b, IR_OP_add, ints, ir_build1(m->b, IR_OP_bitcast, ints, p), n);
    return ir_build1(m->b, IR_OP_bitcast, m->type, bits);
}

/* e^x = 2^n * e^r with n the integer nearest to x / ln 2. What would be subnormal is 0; beyond the largest float, x + inf is
 * infinity, or NaN if x is. Between them n stays within the exponents of normal floats. */
static ir_op *expand_exp(const maths *m, ir_op *x)
{
    static const double c[] = {1.0, 0.999999689236192, 0.4999911525102691, 0.16667675427762715, 0.04190255824679931,
                               0.008289456646392948};
    static const double c_wide[] = {1.0, 1.0, 0.5, 0.16666666666769928, 0.04166666667151071, 0.008333333309732734,
                                    0.0013888887190441498, 0.00019841275685830245, 2.480338357412411e-05,
                                    2.757451558241885e-06, 2.697847336849671e-07, 1.5521725658649025e-08};
    bool wide = m->type->dtype == IR_F64;
    double low = wide ? -708.396418532264 : -0x1.5d589ep+6, high = wide ? 709.7827128933841 : 0x1.62e43p+6;
    double ln2_high = wide ? 0x1.62e42fefap-1 : 0x1.62e4p-1;
    ir_op *large = number(m, rounder(m));
    ir_op *shifted = ir_build3(m->b, IR_OP_fma, m->type, x, number(m, 1 / M_LN2), large);
    ir_op *n = two(m, IR_OP_sub, shifted, large);
    ir_op *r = ir_build3(m->b, IR_OP_fma, m->type, n, number(m, -ln2_high), x);
    r = ir_build3(m->b, IR_OP_fma, m->type, n, number(m, -(M_LN2 - ln2_high)), r);
    ir_op *p = wide ? polynomial(m, r, c_wide, 12) : polynomial(m, r, c, 6);
    ir_op *y = times_power_of_two(m, p, shifted);
    y = choose(m, compare(m, IR_OP_ge, x, number(m, low)), y, number(m, 0));
    return choose(m, compare(m, IR_OP_lt, x, number(m, high)), y, two(m, IR_OP_add, x, number(m, INFINITY)));
}

static ir_op *expand_sigmoid(const maths *m, ir_op *x)
{
    ir_op *e = expand_exp(m, ir_build1(m->b, IR_OP_neg, NULL, x));
    return two(m, IR_OP_div, number(m, 1), two(m, IR_OP_add, number(m, 1), e));
}

static ir_op *expand_silu(const maths *m, ir_op *x)
{
    ir_op *e = expand_exp(m, ir_build1(m->b, IR_OP_neg, NULL, x));
    return two(m, IR_OP_div, x, two(m, IR_OP_add, number(m, 1), e));
}

/* Near 0: x + x^3 P(x^2), which keeps the relative error; beyond: 1 - 2 / (e^(2|x|) + 1) with the sign of x. */
static ir_op *expand_tanh(const maths *m, ir_op *x)
{
    static const double c[] = {-0.3333333134651184, 0.1333320587873459, -0.05394676327705383,
                               0.021700700744986534, -0.008177394978702068, 0.0021429588086903095};
    ir_op *size = ir_build1(m->b, IR_OP_abs, NULL, x), *square = two(m, IR_OP_mul, x, x);
    ir_op *cube = two(m, IR_OP_mul, square, x);
    ir_op *near = ir_build3(m->b, IR_OP_fma, m->type, cube, polynomial(m, square, c, 6), x);
    ir_op *e = expand_exp(m, scaled(m, size, 2));
    ir_op *far = two(m, IR_OP_sub, number(m, 1), two(m, IR_OP_div, number(m, 2), two(m, IR_OP_add, e, number(m, 1))));
    ir_op *negative = compare(m, IR_OP_lt, x, number(m, 0));
    far = choose(m, negative, ir_build1(m->b, IR_OP_neg, NULL, far), far);
    return choose(m, compare(m, IR_OP_lt, size, number(m, 0.625)), near, far);
}

/* x Phi(x) = max(x, 0) - g(|x|), g(a) = a/2 erfc(a/sqrt 2) = a exp(-a^2/2) S(t), t = 1 / (1 + 0.3 a). */
static ir_op *expand_gelu(const maths *m, ir_op *x)
{
    static const double c[] = {-0.0022921389900147915, 0.14616146683692932, -0.012775043956935406, 0.4813072085380554,
                               -0.5471908450126648, 0.7063146829605103, -0.323141872882843, 0.05161650851368904};
    ir_op *a = two(m, IR_OP_min, ir_build1(m->b, IR_OP_abs, NULL, x), number(m, 15)); /* g(15) is 0 in f32 */
    ir_op *t = two(m, IR_OP_div, number(m, 1), ir_build3(m->b, IR_OP_fma, m->type, a, number(m, 0.3), number(m, 1)));
    ir_op *e = expand_exp(m, two(m, IR_OP_mul, scaled(m, a, -0.5), a));
    ir_op *tail = two(m, IR_OP_mul, two(m, IR_OP_mul, a, e), polynomial(m, t, c, 8));
    ir_op *y = two(m, IR_OP_sub, two(m, IR_OP_max, x, number(m, 0)), tail);
    return choose(m, compare(m, IR_OP_eq, x, number(m, -INFINITY)), number(m, NAN), y); /* -inf * 0 */
}

/* x / 2 (1 + tanh u) = x / (1 + e^(-2u)), u = sqrt(2 / pi) (x + 0.044715 x^3). */
static ir_op *expand_gelu_tanh(const maths *m, ir_op *x)
{
    ir_op *square = two(m, IR_OP_mul, x, x);
    ir_op *inner = ir_build3(m->b, IR_OP_fma, m->type, two(m, IR_OP_mul, square, x), number(m, 0.044715), x);
    ir_op *e = expand_exp(m, scaled(m, inner, -2 * sqrt(2 / M_PI)));
    return two(m, IR_OP_div, x, two(m, IR_OP_add, number(m, 1), e));
}

static ir_op *expand_relu(const maths *m, ir_op *x)
{
    return two(m, IR_OP_max, x, number(m, 0));
}

static ir_op *expand_relu6(const maths *m, ir_op *x)
{
    return two(m, IR_OP_min, two(m, IR_OP_max, x, number(m, 0)), number(m, 6));
}

typedef ir_op *expansion(const maths *, ir_op *x);
static expansion *const expansions[IR_OP_COUNT] = {
    [IR_OP_exp] = expand_exp,   [IR_OP_sigmoid] = expand_sigmoid, [IR_OP_silu] = expand_silu,
    [IR_OP_tanh] = expand_tanh, [IR_OP_gelu] = expand_gelu,       [IR_OP_gelu_tanh] = expand_gelu_tanh,
    [IR_OP_relu] = expand_relu, [IR_OP_relu6] = expand_relu6,
};

static ir_op *leaky_relu(const maths *m, ir_op *x, double slope)
{
    return choose(m, compare(m, IR_OP_gt, x, number(m, 0)), x, scaled(m, x, slope));
}

/* Integer relu and relu6 are plain max and min. */
static ir_op *integer_relu(ir_builder *b, const ir_op *op, ir_op *x)
{
    ir_op *y = ir_build2(b, IR_OP_max, op->type, x, ir_const_int(b, op->type, 0));
    return op->code == IR_OP_relu6 ? ir_build2(b, IR_OP_min, op->type, y, ir_const_int(b, op->type, 6)) : y;
}

/* Arithmetic that f16 and bf16 do in f32, rounded once; exact for these, since f32 has over twice their digits. */
static const bool widened[IR_OP_COUNT] = {
    [IR_OP_add] = true, [IR_OP_sub] = true, [IR_OP_mul] = true, [IR_OP_div] = true, [IR_OP_max] = true, [IR_OP_min] = true,
    [IR_OP_neg] = true, [IR_OP_abs] = true, [IR_OP_sqrt] = true, [IR_OP_round] = true, [IR_OP_eq] = true,
    [IR_OP_ne] = true,  [IR_OP_lt] = true,  [IR_OP_le] = true,  [IR_OP_gt] = true,  [IR_OP_ge] = true,
};

static bool is_narrow(const ir_type *type)
{
    return type->dtype == IR_F16 || type->dtype == IR_BF16;
}

static ir_op *widen(kernel_sweep *s, const ir_op *op, ir_op *const *args)
{
    ir_op *wide[2];
    for (int i = 0; i < op->nargs; i++)
        wide[i] = ir_build1(&s->b, IR_OP_cast, ir_type_with_dtype(s->module, args[i]->type, IR_F32), args[i]);
    bool compares = op->type->dtype == IR_BOOL;
    const ir_type *type = compares ? op->type : ir_type_with_dtype(s->module, op->type, IR_F32);
    ir_op *value = ir_build(&s->b, op->code, type, op->nargs, wide);
    return compares ? value : ir_build1(&s->b, IR_OP_cast, op->type, value);
}

static ir_op *rewrite(kernel_sweep *s, const ir_op *op, ir_op *const *args)
{
    if (widened[op->code] && op->nargs && is_narrow(args[0]->type))
        return widen(s, op, args);
    bool leaky = op->code == IR_OP_leaky_relu;
    if (!expansions[op->code] && !leaky)
        return NULL;
    if (!ir_is_float(op->type->dtype))
        return integer_relu(&s->b, op, args[0]);
    bool narrow = is_narrow(op->type);
    maths m = {&s->b, narrow ? ir_type_with_dtype(s->module, op->type, IR_F32) : op->type};
    ir_op *x = narrow ? ir_build1(&s->b, IR_OP_cast, m.type, args[0]) : args[0];
    ir_op *y = leaky ? leaky_relu(&m, x, ir_get_float(op, "slope", 0.01)) : expansions[op->code](&m, x);
    return narrow ? ir_build1(&s->b, IR_OP_cast, op->type, y) : y;
}

spc_status pass_expand_math(ir_module *m, pass_context *context)
{
    (void)context;
    for (ir_func *f = m->funcs; f; f = f->next) {
        kernel_sweep sweep = {.module = m, .rewrite = rewrite};
        if (f->form == IR_KERNEL || f->form == IR_ENTRY)
            kernel_rebuild(&sweep, f);
    }
    return SPC_OK;
}
