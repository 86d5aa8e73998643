/* scalar: functions over lanes, generated from scalar.def, and the conversions of cast. */
#include "backends/interp/scalar.h"
#include <assert.h>
#include <math.h>

static double logistic(double x) { return 1.0 / (1.0 + exp(-x)); }

/* Toward zero. b is not 0 in a right program; a wrong one gets 0, not a trap. */
static uint64_t divide(uint64_t a, uint64_t b)
{
    if (b == 0) return 0;
    return b == UINT64_MAX ? 0 - a : (uint64_t)((int64_t)a / (int64_t)b);
}

#define S(x) ((int64_t)(x))
/* The product of two floats is exact in double. */
#define FMA(a, b, c) (sizeof(T) == sizeof(float) ? (T)((double)(a) * (double)(b) + (double)(c)) : (T)fma(a, b, c))

#define LOOP(name, type, member, result, expression)                                                          \
    static void name(const interp_scalar *op, int n, interp_lane *out, const interp_lane *pa,                 \
                     const interp_lane *pb, const interp_lane *pc)                                            \
    {                                                                                                         \
        const double slope = op->slope;                                                                       \
        (void)slope;                                                                                          \
        for (int k = 0; k < n; k++) {                                                                         \
            const type a = (type)pa[k].member, b = (type)pb[k].member, c = (type)pc[k].member;                \
            (void)a, (void)b, (void)c;                                                                        \
            out[k].result = expression;                                                                       \
        }                                                                                                     \
    }

#define WHOLE(op, expression) LOOP(whole_##op, uint64_t, u, u, expression)
#define REAL(op, expression)
#define TEST(op, expression) LOOP(whole_##op, int64_t, i, i, expression)
#include "backends/interp/scalar.def"
#undef WHOLE
#undef REAL
#undef TEST

#define WHOLE(op, expression)
#define T float
#define REAL(op, expression) LOOP(real_##op, float, f, f, expression)
#define TEST(op, expression) LOOP(real_##op, float, f, i, expression)
#include "backends/interp/scalar.def"
#undef T
#undef REAL
#undef TEST
#define T double
#define REAL(op, expression) LOOP(wide_##op, double, d, d, expression)
#define TEST(op, expression) LOOP(wide_##op, double, d, i, expression)
#include "backends/interp/scalar.def"
#undef T
#undef REAL
#undef TEST
#undef WHOLE

#define REAL(op, expression) [IR_OP_##op][INTERP_REAL] = real_##op, [IR_OP_##op][INTERP_WIDE] = wide_##op,
#define WHOLE(op, expression) [IR_OP_##op][INTERP_WHOLE] = whole_##op,
#define TEST(op, expression) WHOLE(op, expression) REAL(op, expression)
static interp_elementwise *const table[IR_OP_COUNT][INTERP_CLASS_COUNT] = {
#include "backends/interp/scalar.def"
};
#undef WHOLE
#undef REAL
#undef TEST

/* ---- cast ---- */

/* Truncates, saturates, NaN gives 0. hi + 1 is exact in double where hi is not. */
static int64_t to_whole(double x, ir_dtype to)
{
    const interp_format *format = interp_format_of(to);
    if (isnan(x)) return 0;
    if (x <= (double)format->lo) return format->lo;
    if (x >= (double)format->hi) return format->hi;
    return (int64_t)x;
}

/* An integer in double such that rounding it once more, to 24 bits or fewer, rounds right: what does not fit leaves a
 * sticky bit. */
static double sticky(int64_t i)
{
    const int64_t low = i & 0xfff;
    if (i >= -(INT64_C(1) << 53) && i <= INT64_C(1) << 53) return (double)i;
    return (double)(i - low + (low ? 0x800 : 0));
}

#define CASTS(from, type, member, as_double)                                                       \
    LOOP(from##_to_whole, type, member, i, to_whole((double)a, op->to))                            \
    LOOP(from##_to_bool, type, member, i, a != 0)                                                  \
    LOOP(from##_to_real, type, member, f, (float)a)                                                \
    LOOP(from##_to_short, type, member, f, interp_round_real(op->to, as_double))                   \
    LOOP(from##_to_wide, type, member, d, (double)a)
CASTS(real, float, f, (double)a)
CASTS(wide, double, d, a)
LOOP(whole_to_whole, int64_t, i, i, a)
LOOP(whole_to_bool, int64_t, i, i, a != 0)
LOOP(whole_to_real, int64_t, i, f, (float)a)
LOOP(whole_to_short, int64_t, i, f, interp_round_real(op->to, sticky(a)))
LOOP(whole_to_wide, int64_t, i, d, (double)a)

static interp_elementwise *find_cast(ir_dtype from, ir_dtype to)
{
    enum { TO_WHOLE, TO_BOOL, TO_REAL, TO_SHORT, TO_WIDE, TARGETS };
    static interp_elementwise *const casts[INTERP_CLASS_COUNT][TARGETS] = {
        [INTERP_WHOLE] = {whole_to_whole, whole_to_bool, whole_to_real, whole_to_short, whole_to_wide},
        [INTERP_REAL] = {real_to_whole, real_to_bool, real_to_real, real_to_short, real_to_wide},
        [INTERP_WIDE] = {wide_to_whole, wide_to_bool, wide_to_real, wide_to_short, wide_to_wide},
    };
    static const int targets[IR_DTYPE_COUNT] = {
        [IR_F32] = TO_REAL, [IR_F16] = TO_SHORT, [IR_BF16] = TO_SHORT, [IR_F64] = TO_WIDE, [IR_BOOL] = TO_BOOL,
    };
    return casts[interp_class_of(from)][targets[to]];
}

static interp_elementwise *find(const ir_op *op)
{
    const ir_dtype dtype = op->args[0]->type->dtype;
    if (op->code == IR_OP_cast) return find_cast(dtype, op->type->dtype);
    if (op->code == IR_OP_select) return whole_select;
    return table[op->code][interp_class_of(dtype)];
}

bool interp_scalar_of(const ir_op *op, interp_scalar *out)
{
    if (op->nargs < 1 || op->nargs > 3 || op->args[0]->type->dtype == IR_NO_DTYPE) return false;
    if (op->type->dtype == IR_NO_DTYPE) return false;
    *out = (interp_scalar){find(op), interp_format_of(op->type->dtype)->narrow, ir_get_float(op, "slope", 0),
                           op->type->dtype};
    return out->apply != NULL;
}

bool interp_scalar_find(ir_opcode code, ir_dtype dtype, interp_scalar *out)
{
    *out = (interp_scalar){table[code][interp_class_of(dtype)], interp_format_of(dtype)->narrow, 0, dtype};
    return out->apply != NULL;
}

void interp_scalar_run(const interp_scalar *op, int n, interp_lane *out, const interp_lane *a, const interp_lane *b,
                       const interp_lane *c)
{
    op->apply(op, n, out, a, b, c);
    if (op->narrow) op->narrow(n, out);
}
