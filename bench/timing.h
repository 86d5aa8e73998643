/* timing: contestants that take turns, and ratios of their medians.
 *
 * The machine is taken to be shared: it slows down and recovers. So all contestants run in one process, one after the
 * other in every round; a round counts only if the machine kept its pace (runtime/clock.h); and a contestant's time is the
 * processor time of its thread: by the clock on the wall a long call would be charged for more interruptions than a short
 * one. Only contestants with threads of their own are timed by the wall. */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stdbool.h>
#include <stddef.h>

double bench_now(void); /* seconds on the wall, for work that is not one thread's */

typedef struct bench_contestant {
    const char *name;
    void (*run)(void *ctx); /* NULL: does not take part */
    void *ctx;
    double median, p95; /* seconds of one call */
} bench_contestant;

enum { BENCH_MAX_CONTESTANTS = 8, BENCH_MAX_ROUNDS = 400 };

/* Takes about `seconds`. Returns the share of rounds that counted; 0: too few were steady, so all of them did, and the
 * figures are to be doubted. */
double bench_race(bench_contestant *, size_t count, double seconds);

typedef struct bench_rounds {
    int count, dropped; /* rounds that count; those that do not */
    bool steady;
    double times[BENCH_MAX_ROUNDS][BENCH_MAX_CONTESTANTS]; /* seconds of one call */
} bench_rounds;
/* The same with all that was measured: at least `least` rounds that count, where the machine lets it. wall: see above. */
void bench_race_rounds(bench_contestant *, size_t count, double seconds, int least, bool wall, bench_rounds *out);

#endif
