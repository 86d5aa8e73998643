/* dtype: the table of the language's element types, and conversion between them.
 *
 * Every conversion goes through double, which holds each source value exactly, and so rounds only once. */
#include "runtime/dtype.h"

#include <math.h>

static const rt_dtype_info table[] = {
    [SPC_F32] = {"f32", 32, RT_CLASS_FLOAT, "f4", "F32", 0x7fffffffu},
    [SPC_F16] = {"f16", 16, RT_CLASS_FLOAT, "f2", "F16", 0x7fffu},
    [SPC_BF16] = {"bf16", 16, RT_CLASS_FLOAT, "u2", "BF16", 0x7fffu},
    [SPC_F64] = {"f64", 64, RT_CLASS_FLOAT, "f8", "F64", 0x7fffffffffffffffu},
    [SPC_I8] = {"i8", 8, RT_CLASS_SIGNED, "i1", "I8", 0xffu},
    [SPC_U8] = {"u8", 8, RT_CLASS_UNSIGNED, "u1", "U8", 0xffu},
    [SPC_I4] = {"i4", 4, RT_CLASS_SIGNED, NULL, NULL, 0xfu},
    [SPC_I32] = {"i32", 32, RT_CLASS_SIGNED, "i4", "I32", 0xffffffffu},
    [SPC_BOOL] = {"bool", 8, RT_CLASS_BOOL, "b1", "BOOL", 0xffu},
};

const rt_dtype_info *rt_dtype_of(spc_dtype dtype)
{
    unsigned index = (unsigned)dtype;
    return index >= SPC_F32 && index < sizeof table / sizeof table[0] ? &table[index] : NULL;
}

const char *rt_dtype_name(spc_dtype dtype)
{
    const rt_dtype_info *info = rt_dtype_of(dtype);
    return info ? info->name : "?";
}

int64_t rt_dtype_bits(spc_dtype dtype)
{
    const rt_dtype_info *info = rt_dtype_of(dtype);
    return info ? info->bits : 0;
}

bool rt_dtype_is_float(spc_dtype dtype)
{
    const rt_dtype_info *info = rt_dtype_of(dtype);
    return info && info->kind == RT_CLASS_FLOAT;
}

int64_t rt_dtype_bytes(spc_dtype dtype, int64_t count)
{
    int64_t bits;
    if (count < 0 || !rt_dtype_of(dtype) || __builtin_mul_overflow(count, rt_dtype_bits(dtype), &bits) ||
        bits > INT64_MAX - 7)
        return -1;
    return (bits + 7) / 8;
}

/* Widens a float of 1 + (15 - fraction) + fraction bits. */
static double widen(uint32_t bits, int fraction)
{
    int exponent_bits = 15 - fraction;
    int bias = (1 << (exponent_bits - 1)) - 1, top = (1 << exponent_bits) - 1;
    int exponent = (int)(bits >> fraction) & top;
    double digits = bits & ((1u << fraction) - 1);
    double magnitude;
    if (exponent == top)
        magnitude = digits != 0 ? (double)NAN : (double)INFINITY;
    else if (exponent == 0)
        magnitude = ldexp(digits, 1 - bias - fraction);
    else
        magnitude = ldexp(digits + (double)(1u << fraction), exponent - bias - fraction);
    return bits >> 15 ? -magnitude : magnitude;
}

/* Narrows to 1 + (15 - fraction) + fraction bits, to nearest even, through subnormals to zero and over to infinity.
 * Every NaN becomes the quiet one of its sign. */
static uint16_t narrow(double value, int fraction)
{
    int bias = (1 << (14 - fraction)) - 1;
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t sign = (uint32_t)(bits >> 63) << 15, infinity = (uint32_t)((1 << (15 - fraction)) - 1) << fraction;
    int exponent = (int)(bits >> 52 & 0x7ff) - 1023 + bias;
    uint64_t digits = bits & 0xfffffffffffffu;
    if ((bits >> 52 & 0x7ff) == 0x7ff)
        return (uint16_t)(sign | infinity | (digits ? 1u << (fraction - 1) : 0));
    if (exponent >= (1 << (15 - fraction)) - 1)
        return (uint16_t)(sign | infinity);
    int drop = 52 - fraction;
    if (exponent <= 0) { /* subnormal: the leading one moves into the fraction */
        digits |= (uint64_t)1 << 52;
        drop += 1 - exponent;
        exponent = 0;
        if (drop > 54)
            return (uint16_t)sign;
    }
    uint64_t kept = digits >> drop, rest = digits & (((uint64_t)1 << drop) - 1), half = (uint64_t)1 << (drop - 1);
    if (rest > half || (rest == half && (kept & 1)))
        kept++; /* a carry runs into the exponent, up to infinity, as it must */
    return (uint16_t)(sign | (((uint32_t)exponent << fraction) + (uint32_t)kept));
}

float rt_f32_of_f16(uint16_t bits) { return (float)widen(bits, 10); }
uint16_t rt_f16_of_f64(double value) { return narrow(value, 10); }
uint16_t rt_bf16_of_f64(double value) { return narrow(value, 7); }

float rt_f32_of_bf16(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

static double float_of_bits(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return value;
}

double rt_value_of_bits(spc_dtype dtype, uint64_t bits)
{
    double wide;
    switch (dtype) {
    case SPC_F32: return float_of_bits(bits);
    case SPC_F16: return widen((uint32_t)(bits & 0xffff), 10);
    case SPC_BF16: return rt_f32_of_bf16((uint16_t)bits);
    case SPC_F64: memcpy(&wide, &bits, sizeof wide); return wide;
    case SPC_I8: return (int8_t)bits;
    case SPC_U8: return (uint8_t)bits;
    case SPC_I4: return (double)((int64_t)(bits & 0xf) - ((bits & 8) ? 16 : 0));
    case SPC_I32: return (int32_t)(uint32_t)bits;
    case SPC_BOOL: return (bits & 0xff) != 0;
    }
    return 0;
}

static uint64_t integer_bits(double value, double low, double high)
{
    if (isnan(value))
        return 0;
    double near = nearbyint(value);
    return (uint64_t)(int64_t)(near < low ? low : near > high ? high : near);
}

uint64_t rt_bits_of_value(spc_dtype dtype, double value)
{
    float single = (float)value;
    uint32_t low = 0;
    uint64_t bits = 0;
    switch (dtype) {
    case SPC_F32: memcpy(&low, &single, sizeof low); return low;
    case SPC_F16: return narrow(value, 10);
    case SPC_BF16: return narrow(value, 7);
    case SPC_F64: memcpy(&bits, &value, sizeof bits); return bits;
    case SPC_I8: return integer_bits(value, -128, 127) & 0xff;
    case SPC_U8: return integer_bits(value, 0, 255);
    case SPC_I4: return integer_bits(value, -8, 7) & 0xf;
    case SPC_I32: return integer_bits(value, INT32_MIN, INT32_MAX) & 0xffffffffu;
    case SPC_BOOL: return value != 0;
    }
    return 0;
}

double rt_value_get(spc_dtype dtype, const void *data, int64_t index)
{
    return rt_value_of_bits(dtype, rt_bits_get(data, (int)rt_dtype_bits(dtype), index));
}

void rt_value_set(spc_dtype dtype, void *data, int64_t index, double value)
{
    rt_bits_set(data, (int)rt_dtype_bits(dtype), index, rt_bits_of_value(dtype, value));
}

void rt_convert(spc_dtype from, const void *source, spc_dtype to, void *target, int64_t count)
{
    if (from == to) {
        if (count)
            memcpy(target, source, (size_t)rt_dtype_bytes(from, count));
        return;
    }
    for (int64_t i = 0; i < count; i++)
        rt_value_set(to, target, i, rt_value_get(from, source, i));
}
