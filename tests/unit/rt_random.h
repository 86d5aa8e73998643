/* rt_random: seeded random numbers for the tests of the runtime (SplitMix64), the same on every machine. */
#ifndef SPC_TEST_RT_RANDOM_H
#define SPC_TEST_RT_RANDOM_H

#include <stdint.h>

static inline uint64_t rt_random(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* In [0, 1). */
static inline double rt_random_unit(uint64_t *seed) { return (double)(rt_random(seed) >> 11) * 0x1p-53; }

#endif
