/* keep: chooses what stays of a tensor.
 *
 * Sizes are compared as the bits of non-negative floats, whose order is that of the numbers; the k-th largest is found
 * by counting digits of 16 bits, so that no list is sorted. Equal sizes: the lower index stays. */
#include "runtime/prune.h"

#include "runtime/dtype.h"
#include <math.h>
#include <stdlib.h>

enum { DIGIT = 16, DIGITS = 1 << DIGIT, FEW = 32 };

static int key_bits(const rt_keep *k) { return k->keys ? 64 : (int)rt_dtype_bits(k->dtype); }

/* The bits of infinity, by the width of the exponent. */
static uint64_t infinity_of(spc_dtype dtype)
{
    return dtype == SPC_F16 ? 0x7c00 : dtype == SPC_BF16 ? 0x7f80 : dtype == SPC_F32 ? 0x7f800000u : 0x7ff0000000000000u;
}

/* The magnitude's bits; all NaN are equal and above infinity. */
static uint64_t magnitude(spc_dtype dtype, uint64_t bits)
{
    const uint64_t key = bits & rt_dtype_of(dtype)->zero_mask, infinity = infinity_of(dtype);
    return key > infinity ? infinity + 1 : key;
}

static uint64_t element_key(const rt_keep *k, int64_t element)
{
    return magnitude(k->dtype, rt_bits_get(k->data, (int)rt_dtype_bits(k->dtype), element));
}

static uint64_t unit_key(const rt_keep *k, int64_t unit)
{
    return k->keys ? k->keys[unit] : element_key(k, unit);
}

static int64_t unit_count(const rt_keep *k) { return k->count[0] * k->count[1] * k->count[2]; }

/* ---- the largest of all units ---- */

/* The place of the wanted-th largest digit, counted from the top; *wanted becomes its rank among equal digits. */
static int64_t pick_digit(const int64_t *counts, int64_t *wanted)
{
    int64_t digit = DIGITS - 1;
    while (counts[digit] < *wanted)
        *wanted -= counts[digit--];
    return digit;
}

static void count_digits(const rt_keep *k, int shift, uint64_t prefix, int64_t *counts)
{
    const int64_t units = unit_count(k);
    const bool top = shift + DIGIT >= key_bits(k);
    for (int64_t i = 0; i < DIGITS; i++)
        counts[i] = 0;
    for (int64_t i = 0; i < units; i++) {
        uint64_t key = unit_key(k, i);
        if (top || key >> (shift + DIGIT) == prefix)
            counts[(key >> shift) & (DIGITS - 1)]++;
    }
}

static spc_status choose_units(rt_keep *k, int64_t kept, rt_error *e)
{
    k->threshold = UINT64_MAX;
    k->last_tie = -1;
    if (kept < 1)
        return SPC_OK;
    int64_t *counts = malloc(DIGITS * sizeof *counts), wanted = kept;
    if (!counts)
        return rt_fail(e, SPC_E_NOMEM, "out of memory while pruning");
    uint64_t prefix = 0;
    for (int shift = key_bits(k) - DIGIT; shift >= 0; shift -= DIGIT) {
        count_digits(k, shift, prefix, counts);
        prefix = prefix << DIGIT | (uint64_t)pick_digit(counts, &wanted);
    }
    free(counts);
    k->threshold = prefix;
    while (wanted > 0)
        wanted -= unit_key(k, ++k->last_tie) == prefix;
    return SPC_OK;
}

static bool unit_stays(const rt_keep *k, int64_t unit)
{
    uint64_t key = unit_key(k, unit);
    return key > k->threshold || (key == k->threshold && unit <= k->last_tie);
}

/* ---- sizes of units ---- */

static int64_t unit_of(const rt_keep *k, int64_t line, int64_t col)
{
    int64_t row = line / k->middle / k->unit[0], middle = line % k->middle / k->unit[1];
    return (row * k->count[1] + middle) * k->count[2] + col / k->unit[2];
}

/* L2 norms. Squares of any f64 fit the range of long double where that is wider, as it is on x86. */
static spc_status measure_units(rt_keep *k, rt_error *e)
{
    const int64_t units = unit_count(k);
    long double *squares = calloc((size_t)units + 1, sizeof *squares);
    k->keys = calloc((size_t)units + 1, sizeof *k->keys);
    if (!squares || !k->keys) {
        free(squares);
        return rt_fail(e, SPC_E_NOMEM, "out of memory while pruning");
    }
    for (int64_t line = 0, element = 0; line < k->rows * k->middle; line++)
        for (int64_t col = 0; col < k->cols; col++, element++) {
            long double value = rt_value_get(k->dtype, k->data, element);
            squares[unit_of(k, line, col)] += value * value;
        }
    for (int64_t i = 0; i < units; i++) {
        double norm = (double)sqrtl(squares[i]);
        uint64_t bits;
        memcpy(&bits, &norm, sizeof bits);
        k->keys[i] = magnitude(SPC_F64, bits);
    }
    free(squares);
    return SPC_OK;
}

/* ---- N of M ---- */

static int falling(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? 1 : a > b ? -1 : 0;
}

/* The n-th largest key of the group, and how many equal ones stay. */
static uint64_t group_threshold(rt_keep *k, int64_t first, int64_t *ties)
{
    for (int64_t i = 0; i < k->b; i++)
        k->group[i] = element_key(k, first + i);
    if (k->b > FEW)
        qsort(k->group, (size_t)k->b, sizeof *k->group, falling);
    else
        for (int64_t i = 1; i < k->b; i++)
            for (int64_t j = i; j > 0 && k->group[j] > k->group[j - 1]; j--) {
                uint64_t swapped = k->group[j];
                k->group[j] = k->group[j - 1];
                k->group[j - 1] = swapped;
            }
    uint64_t threshold = k->group[k->a - 1];
    *ties = 0;
    for (int64_t i = 0; i < k->a; i++)
        *ties += k->group[i] == threshold;
    return threshold;
}

static void prune_groups(rt_keep *k, int64_t line, void *elements)
{
    const int bits = (int)rt_dtype_bits(k->dtype);
    for (int64_t group = 0; group < k->cols; group += k->b) {
        int64_t ties, first = line * k->cols + group;
        uint64_t threshold = group_threshold(k, first, &ties);
        for (int64_t i = 0; i < k->b; i++) {
            uint64_t key = element_key(k, first + i);
            bool stays = key > threshold || (key == threshold && ties-- > 0);
            if (!stays)
                rt_bits_set(elements, bits, group + i, 0);
        }
    }
}

/* ---- the whole ---- */

static void set_units(rt_keep *k)
{
    const int64_t whole[3] = {k->rows, k->middle, k->cols};
    const int64_t unit[3] = {k->kind == RT_BLOCK ? k->a : k->kind == RT_COLUMNS ? k->rows : 1,
                             k->kind == RT_ROWS || k->kind == RT_COLUMNS ? k->middle : 1,
                             k->kind == RT_BLOCK ? k->b : k->kind == RT_ROWS ? k->cols : 1};
    for (int i = 0; i < 3; i++) {
        k->unit[i] = unit[i] > 0 ? unit[i] : 1;
        k->count[i] = whole[i] / k->unit[i];
    }
}

spc_status rt_keep_make(const rt_pattern *pattern, double share, spc_dtype dtype, const void *data,
                        const int64_t extents[3], rt_keep *out, rt_error *e)
{
    *out = (rt_keep){.kind = pattern->part[0].kind, .a = pattern->part[0].a, .b = pattern->part[0].b, .dtype = dtype,
                     .data = data, .rows = extents[0], .middle = extents[1], .cols = extents[2]};
    spc_status status = SPC_OK;
    if (out->kind == RT_NM) {
        out->group = calloc((size_t)out->b, sizeof *out->group);
        return out->group ? SPC_OK : rt_fail(e, SPC_E_NOMEM, "out of memory while pruning");
    }
    set_units(out);
    if (out->kind != RT_UNSTRUCTURED)
        status = measure_units(out, e);
    if (!status)
        status = choose_units(out, llround(share * (double)unit_count(out)), e);
    if (status)
        rt_keep_free(out);
    return status;
}

int64_t rt_keep_line(rt_keep *k, int64_t line, void *elements)
{
    const int bits = (int)rt_dtype_bits(k->dtype);
    int64_t left = 0;
    if (k->kind == RT_NM)
        prune_groups(k, line, elements);
    for (int64_t col = 0; col < k->cols; col++) {
        if (k->kind != RT_NM && !unit_stays(k, unit_of(k, line, col)))
            rt_bits_set(elements, bits, col, 0);
        left += (rt_bits_get(elements, bits, col) & rt_dtype_of(k->dtype)->zero_mask) != 0;
    }
    return left;
}

void rt_keep_free(rt_keep *k)
{
    free(k->keys);
    free(k->group);
    *k = (rt_keep){0};
}
