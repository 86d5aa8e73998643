/* lane: formats of the element types in memory, and rounding to the short floats.
 *
 * Short floats are converted by arithmetic, not by the CPU's instructions, so that the definition holds anywhere. */
#include "backends/interp/lane.h"
#include <assert.h>
#include <math.h>
#include <string.h>

interp_class interp_class_of(ir_dtype dtype)
{
    if (!ir_is_float(dtype)) return INTERP_WHOLE;
    return dtype == IR_F64 ? INTERP_WIDE : INTERP_REAL;
}

/* ---- short floats ---- */

/* The nearest multiple of 2^max(exponent - digits, least), or Inf past limit. Exact in double for digits <= 24. */
static double round_to(double x, int digits, int least, double limit)
{
    int exponent;
    if (x == 0 || !isfinite(x)) return x;
    frexp(x, &exponent);
    const int unit = exponent - digits > least ? exponent - digits : least;
    const double rounded = ldexp(rint(ldexp(x, -unit)), unit);
    return fabs(rounded) > limit ? copysign(INFINITY, x) : rounded;
}

float interp_round_real(ir_dtype dtype, double x)
{
    if (dtype == IR_F16) return (float)round_to(x, 11, -24, 65504.0);
    if (dtype == IR_BF16) return (float)round_to(x, 8, -133, 0x1.fep127);
    return (float)x;
}

static uint32_t bits_of(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static float decode_f16(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = (half >> 10) & 31u, fraction = half & 0x3ffu;
    if (exponent == 31) return float_of(sign | 0x7f800000u | fraction << 13);
    if (exponent == 0) return copysignf((float)fraction * 0x1p-24f, float_of(sign));
    return float_of(sign | (exponent + 112) << 23 | fraction << 13);
}

/* f fits an f16. A NaN keeps the payload's upper bits and stays one. */
static uint16_t encode_f16(float f)
{
    const uint32_t bits = bits_of(f), sign = (bits >> 16) & 0x8000u, fraction = (bits >> 13) & 0x3ffu;
    if (isnan(f)) return (uint16_t)(sign | 0x7c00u | (fraction ? fraction : 0x200u));
    if (isinf(f)) return (uint16_t)(sign | 0x7c00u);
    if (fabsf(f) < 0x1p-14f) return (uint16_t)(sign | (uint32_t)(fabsf(f) * 0x1p24f));
    return (uint16_t)(sign | (((bits >> 23) & 255u) - 112) << 10 | fraction);
}

static float decode_bf16(uint16_t half) { return float_of((uint32_t)half << 16); }

static uint16_t encode_bf16(float f)
{
    const uint16_t upper = (uint16_t)(bits_of(f) >> 16);
    return isnan(f) && !(upper & 0x7fu) ? (uint16_t)(upper | 0x40u) : upper;
}

/* ---- memory ---- */

/* FORMAT(dtype, C type in memory, member, from memory x, to memory v): all that take whole bytes */
#define FORMATS(FORMAT)                                          \
    FORMAT(f32, float, f, x, v)                                  \
    FORMAT(f16, uint16_t, f, decode_f16(x), encode_f16(v))       \
    FORMAT(bf16, uint16_t, f, decode_bf16(x), encode_bf16(v))    \
    FORMAT(f64, double, d, x, v)                                 \
    FORMAT(i8, int8_t, i, x, (int8_t)v)                          \
    FORMAT(u8, uint8_t, i, x, (uint8_t)v)                        \
    FORMAT(i32, int32_t, i, x, (int32_t)v)                       \
    FORMAT(bool, uint8_t, i, x != 0, v != 0)                     \
    FORMAT(i16, int16_t, i, x, (int16_t)v)                       \
    FORMAT(u16, uint16_t, i, x, (uint16_t)v)                     \
    FORMAT(u32, uint32_t, i, x, (uint32_t)v)                     \
    FORMAT(i64, int64_t, i, x, v)                                \
    FORMAT(index, int64_t, i, x, v)

/* memcpy: buffers promise no alignment beyond what an op states. */
#define ACCESS(dtype, type, member, decode, encode)                                                        \
    static void load_##dtype(const char *base, int64_t index, int stride, int n, interp_lane *out)         \
    {                                                                                                      \
        for (int k = 0; k < n; k++) {                                                                      \
            type x;                                                                                        \
            memcpy(&x, base + (index + (int64_t)stride * k) * (int64_t)sizeof x, sizeof x);                \
            out[k].member = decode;                                                                        \
        }                                                                                                  \
    }                                                                                                      \
    static void store_##dtype(char *base, int64_t index, int n, const interp_lane *from)                   \
    {                                                                                                      \
        for (int k = 0; k < n; k++) {                                                                      \
            const __typeof__(from[k].member) v = from[k].member;                                           \
            const type x = encode;                                                                         \
            memcpy(base + (index + k) * (int64_t)sizeof x, &x, sizeof x);                                  \
        }                                                                                                  \
    }
FORMATS(ACCESS)

static int64_t sign_extend_4(int64_t v) { return (int64_t)(((uint64_t)v & 15u) ^ 8u) - 8; }

/* Two to a byte, the low nibble first. */
static void load_i4(const char *base, int64_t index, int stride, int n, interp_lane *out)
{
    for (int k = 0; k < n; k++) {
        const int64_t at = index + (int64_t)stride * k;
        out[k].i = sign_extend_4((uint8_t)base[at / 2] >> (at % 2 * 4));
    }
}

static void store_i4(char *base, int64_t index, int n, const interp_lane *from)
{
    for (int64_t k = 0; k < n; k++) {
        const int shift = (int)((index + k) % 2 * 4);
        uint8_t *byte = (uint8_t *)base + (index + k) / 2;
        *byte = (uint8_t)((*byte & ~(15u << shift)) | ((unsigned)from[k].i & 15u) << shift);
    }
}

/* ---- narrowing ---- */

#define NARROW(dtype, member, expression)                      \
    static void narrow_##dtype(int n, interp_lane *lanes)      \
    {                                                          \
        for (int k = 0; k < n; k++) {                          \
            const __typeof__(lanes[k].member) v = lanes[k].member; \
            lanes[k].member = expression;                      \
        }                                                      \
    }
NARROW(f16, f, interp_round_real(IR_F16, v))
NARROW(bf16, f, interp_round_real(IR_BF16, v))
NARROW(i4, i, sign_extend_4(v))
NARROW(i8, i, (int8_t)v)
NARROW(u8, i, (uint8_t)v)
NARROW(i16, i, (int16_t)v)
NARROW(u16, i, (uint16_t)v)
NARROW(i32, i, (int32_t)v)
NARROW(u32, i, (uint32_t)v)
NARROW(bool, i, v & 1)

#define FORMAT(dtype, narrow, lo, hi) {load_##dtype, store_##dtype, narrow, lo, hi}
static const interp_format formats[IR_DTYPE_COUNT] = {
    [IR_F32] = FORMAT(f32, NULL, 0, 0),
    [IR_F16] = FORMAT(f16, narrow_f16, 0, 0),
    [IR_BF16] = FORMAT(bf16, narrow_bf16, 0, 0),
    [IR_F64] = FORMAT(f64, NULL, 0, 0),
    [IR_I4] = FORMAT(i4, narrow_i4, -8, 7),
    [IR_I8] = FORMAT(i8, narrow_i8, INT8_MIN, INT8_MAX),
    [IR_U8] = FORMAT(u8, narrow_u8, 0, UINT8_MAX),
    [IR_I16] = FORMAT(i16, narrow_i16, INT16_MIN, INT16_MAX),
    [IR_U16] = FORMAT(u16, narrow_u16, 0, UINT16_MAX),
    [IR_I32] = FORMAT(i32, narrow_i32, INT32_MIN, INT32_MAX),
    [IR_U32] = FORMAT(u32, narrow_u32, 0, UINT32_MAX),
    [IR_I64] = FORMAT(i64, NULL, INT64_MIN, INT64_MAX),
    [IR_INDEX] = FORMAT(index, NULL, INT64_MIN, INT64_MAX),
    [IR_BOOL] = FORMAT(bool, narrow_bool, 0, 1),
};

const interp_format *interp_format_of(ir_dtype dtype)
{
    assert(dtype > IR_NO_DTYPE && dtype < IR_DTYPE_COUNT);
    return &formats[dtype];
}

interp_lane interp_lane_of(ir_dtype dtype, const ir_attr *value)
{
    const bool whole = value->kind != IR_ATTR_FLOAT;
    interp_lane lane = {.u = 0};
    switch (interp_class_of(dtype)) {
    case INTERP_WIDE: lane.d = whole ? (double)value->i : value->f; break;
    case INTERP_REAL:
        if (whole && dtype == IR_F32) lane.f = (float)value->i;
        else lane.f = interp_round_real(dtype, whole ? (double)value->i : value->f);
        break;
    default:
        assert(whole && "a fraction in an integer constant");
        lane.i = value->i;
        if (formats[dtype].narrow) formats[dtype].narrow(1, &lane);
    }
    return lane;
}

char *interp_address(ir_dtype dtype, char *base, int64_t index)
{
    if (dtype != IR_I4) return base + index * ir_dtype_of(dtype)->bytes;
    assert(index % 2 == 0);
    return base + index / 2;
}

bool interp_bytes(ir_dtype dtype, int64_t count, int64_t *bytes)
{
    if (dtype == IR_I4) {
        *bytes = count / 2 + count % 2;
        return true;
    }
    return !__builtin_mul_overflow(count, (int64_t)ir_dtype_of(dtype)->bytes, bytes);
}
