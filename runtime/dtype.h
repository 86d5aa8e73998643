/* dtype: the nine element types of the language: widths, raw bits, values and conversion.
 *
 * Bits are those in memory, in the low end of a uint64_t; i4 is two to a byte, the low nibble first. Data may be
 * misaligned. Values pass through double, which holds every value of every dtype exactly. */
#ifndef SPC_RT_DTYPE_H
#define SPC_RT_DTYPE_H

#include <spc/spc_rt.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef enum rt_dtype_class { RT_CLASS_FLOAT, RT_CLASS_SIGNED, RT_CLASS_UNSIGNED, RT_CLASS_BOOL } rt_dtype_class;

typedef struct rt_dtype_info {
    const char *name; /* as in SDL */
    int bits;
    rt_dtype_class kind;
    const char *npy;         /* dtype code behind the byte order in a NumPy header */
    const char *safetensors; /* dtype in a safetensors header; NULL: it has none */
    uint64_t zero_mask;      /* an element is zero where bits & zero_mask == 0 (-0.0 too) */
} rt_dtype_info;
/* NULL for a value that is not a dtype. */
const rt_dtype_info *rt_dtype_of(spc_dtype);

const char *rt_dtype_name(spc_dtype); /* "f32"; "?" */
int64_t rt_dtype_bits(spc_dtype);     /* 0 for no dtype */
bool rt_dtype_is_float(spc_dtype);
/* Bytes of `count` elements, i4 rounded up; -1 on overflow, for a negative count or no dtype. */
int64_t rt_dtype_bytes(spc_dtype, int64_t count);

/* Element `index` of an array of 1, 2, 4, 8, 16, 32 or 64-bit elements, sub-byte ones low bits first. */
static inline uint64_t rt_bits_get(const void *data, int bits, int64_t index)
{
    const unsigned char *at = data;
    uint64_t value = 0;
    if (bits < 8)
        return (uint64_t)(at[index * bits / 8] >> (index * bits % 8)) & ((1u << bits) - 1);
    memcpy(&value, at + index * (bits / 8), (size_t)(bits / 8));
    return value;
}

static inline void rt_bits_set(void *data, int bits, int64_t index, uint64_t value)
{
    unsigned char *at = data;
    if (bits < 8) {
        unsigned shift = (unsigned)(index * bits % 8), mask = (1u << bits) - 1;
        unsigned char *byte = at + index * bits / 8;
        *byte = (unsigned char)((*byte & ~(mask << shift)) | ((unsigned)value & mask) << shift);
        return;
    }
    memcpy(at + index * (bits / 8), &value, (size_t)(bits / 8));
}

double rt_value_of_bits(spc_dtype, uint64_t bits);
/* Rounds to nearest even into floats; integers take the nearest value (ties to even), saturate, and NaN gives 0. */
uint64_t rt_bits_of_value(spc_dtype, double);

double rt_value_get(spc_dtype, const void *data, int64_t index);
void rt_value_set(spc_dtype, void *data, int64_t index, double value);
/* Converts count elements one by one; each rounds once. The arrays must not overlap. */
void rt_convert(spc_dtype from, const void *source, spc_dtype to, void *target, int64_t count);

float rt_f32_of_f16(uint16_t);
float rt_f32_of_bf16(uint16_t);
uint16_t rt_f16_of_f64(double);
uint16_t rt_bf16_of_f64(double);

#endif
