/* element: reads and writes single elements of any dtype as double. */
#include "element.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double from_half(unsigned bits)
{
    const int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
    double size = ldexp(fraction + (exponent ? 1024 : 0), (exponent ? exponent : 1) - 25);
    if (exponent == 31) size = fraction ? NAN : INFINITY;
    return bits >> 15 ? -size : size;
}

static double from_brain(unsigned bits)
{
    const uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

/* Finite values of the normal range only: what random inputs need. */
static unsigned to_half(double value)
{
    int exponent;
    const unsigned sign = signbit(value) ? 0x8000u : 0;
    const double fraction = frexp(fabs(value), &exponent); /* 0.5 .. 1 */
    if (value == 0 || exponent < -13) return sign;
    if (exponent > 16) return sign | 0x7bffu;
    return sign | (unsigned)(exponent + 14) << 10 | ((unsigned)(fraction * 2048) & 1023u);
}

static unsigned to_brain(double value)
{
    const float narrow = (float)value;
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    return bits >> 16;
}

double cli_element(const spc_tensor *t, size_t i)
{
    switch (t->dtype) {
    case SPC_F32: return ((const float *)t->data)[i];
    case SPC_F64: return ((const double *)t->data)[i];
    case SPC_I32: return ((const int32_t *)t->data)[i];
    case SPC_I8: return ((const int8_t *)t->data)[i];
    case SPC_BF16: return from_brain(((const uint16_t *)t->data)[i]);
    case SPC_F16: return from_half(((const uint16_t *)t->data)[i]);
    default: return ((const uint8_t *)t->data)[i];
    }
}

void cli_set_element(spc_tensor *t, size_t i, double value)
{
    switch (t->dtype) {
    case SPC_F32: ((float *)t->data)[i] = (float)value; break;
    case SPC_F64: ((double *)t->data)[i] = value; break;
    case SPC_I32: ((int32_t *)t->data)[i] = (int32_t)value; break;
    case SPC_I8: ((int8_t *)t->data)[i] = (int8_t)fmax(-128, fmin(127, value)); break;
    case SPC_BF16: ((uint16_t *)t->data)[i] = (uint16_t)to_brain(value); break;
    case SPC_F16: ((uint16_t *)t->data)[i] = (uint16_t)to_half(value); break;
    case SPC_BOOL: ((uint8_t *)t->data)[i] = value > 0; break;
    default: ((uint8_t *)t->data)[i] = (uint8_t)fmax(0, fmin(255, value)); break;
    }
}

size_t cli_count(const spc_tensor *t)
{
    size_t count = 1;
    for (int i = 0; i < t->rank; i++)
        if (__builtin_mul_overflow(count, (size_t)t->dims[i], &count)) return SIZE_MAX;
    return count;
}

int cli_allocate(spc_tensor *t)
{
    size_t bytes;
    const size_t count = cli_count(t);
    t->data = NULL;
    if (count == SIZE_MAX || __builtin_mul_overflow(count, (spc_dtype_bits(t->dtype) + 7) / 8, &bytes) || bytes > PTRDIFF_MAX - 64)
        return 0;
    t->data = calloc(bytes + 1, 1);
    return t->data != NULL;
}
