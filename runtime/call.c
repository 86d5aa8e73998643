/* call: C functions whose number of arguments is known at run time only.
 *
 * Every argument is one 64-bit word (an integer or a pointer), so a function of n of them can be called as one of
 * more: in the System V ABI of x86-64 and in AArch64's the caller removes the stack arguments and surplus ones are not
 * looked at. A table of a few sizes therefore does; the smallest that holds the words is used. */
#include "runtime/module.h"
#include <string.h>

#if !defined(__x86_64__) && !defined(__aarch64__)
#error "rt_call_words is known to work on x86-64 (System V) and AArch64 only"
#endif

#define T4 uint64_t, uint64_t, uint64_t, uint64_t
#define T8 T4, T4
#define T16 T8, T8
#define T32 T16, T16
#define T64 T32, T32
#define T120 T64, T32, T16, T8

#define W4(i) w[i], w[(i) + 1], w[(i) + 2], w[(i) + 3]
#define W8(i) W4(i), W4((i) + 4)
#define W16(i) W8(i), W8((i) + 8)
#define W32(i) W16(i), W16((i) + 16)
#define W64(i) W32(i), W32((i) + 32)
#define W120(i) W64(i), W32((i) + 64), W16((i) + 96), W8((i) + 112)

#define CALLER(n) \
    static int call_##n(void *function, const uint64_t *w) { return ((int (*)(T##n))function)(W##n(0)); }
CALLER(4)
CALLER(8)
CALLER(16)
CALLER(32)
CALLER(64)
CALLER(120)

enum { MAX_WORDS = 120 };

static const struct {
    size_t words;
    int (*call)(void *function, const uint64_t *words);
} callers[] = { { 4, call_4 }, { 8, call_8 }, { 16, call_16 }, { 32, call_32 }, { 64, call_64 }, { 120, call_120 } };

int rt_call_words(void *function, const uint64_t *words, size_t count)
{
    uint64_t padded[MAX_WORDS];
    if (count > MAX_WORDS)
        return SPC_E_INTERNAL;
    for (size_t i = 0; i < sizeof callers / sizeof *callers; i++) {
        if (count > callers[i].words)
            continue;
        memcpy(padded, words, count * sizeof *words);
        memset(padded + count, 0, (callers[i].words - count) * sizeof *padded);
        return callers[i].call(function, padded);
    }
    return SPC_E_INTERNAL;
}
