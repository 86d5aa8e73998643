/* sizes: the option --n of the benchmarks. */
#ifndef BENCH_SIZES_H
#define BENCH_SIZES_H

#include <stdbool.h>
#include <stdint.h>

/* "1,8,32": positive numbers, at least one and at most `most`. False: it is something else. */
bool bench_read_sizes(const char *text, int64_t *out, int most, int *count);

#endif
