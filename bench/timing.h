/* timing: contestants that take turns, and ratios of their medians.
 *
 * The machine is taken to be shared: it slows down and recovers. So all contestants run in one process, one after the
 * other in every round; a round counts only if a chain of dependent additions, which nothing but the clock rate and other
 * tenants can slow down, took as long as ever before and after it; and a contestant's time is the processor time of its
 * thread: by the clock on the wall a long call would be charged for more interruptions than a short one. */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stdbool.h>
#include <stddef.h>

double bench_now(void); /* seconds on the wall, for work that is not one thread's */

typedef struct bench_contestant {
    const char *name;
    void (*run)(void *ctx); /* NULL: does not take part */
    void *ctx;
    double median, p95; /* seconds of processor time of one call */
} bench_contestant;

enum { BENCH_MAX_CONTESTANTS = 8, BENCH_MAX_ROUNDS = 400 };

/* Takes about `seconds`. Returns the share of rounds that counted; 0: too few were steady, so all of them did, and the
 * figures are to be doubted. */
double bench_race(bench_contestant *, size_t count, double seconds);

#endif
