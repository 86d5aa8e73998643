/* timing: see timing.h. */
#include "timing.h"
#include <stdlib.h>
#include <time.h>

enum { CHAIN = 20000, MIN_ROUNDS = 9 };

typedef struct round_times {
    double chain;
    double times[BENCH_MAX_CONTESTANTS];
} round_times;

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

static double processor_time(void)
{
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

static double chain(void)
{
    const double start = processor_time();
    double x = 1;
    for (int i = 0; i < CHAIN; i++) {
        x += 1e-9;
        __asm__ volatile("" : "+x"(x));
    }
    return processor_time() - start;
}

/* Calls in a row so that one sample is long against the clock's own cost. */
static long repeats(const bench_contestant *c)
{
    c->run(c->ctx);
    const double start = processor_time();
    c->run(c->ctx);
    const double once = processor_time() - start;
    return once > 2e-4 ? 1 : (long)(2e-4 / (once > 1e-9 ? once : 1e-9)) + 1;
}

static double sample(const bench_contestant *c, long calls)
{
    const double start = processor_time();
    for (long i = 0; i < calls; i++)
        c->run(c->ctx);
    return (processor_time() - start) / (double)calls;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int gather_rounds(const bench_contestant *c, size_t count, double seconds, round_times *rounds)
{
    long calls[BENCH_MAX_CONTESTANTS];
    for (size_t i = 0; i < count; i++)
        calls[i] = c[i].run ? repeats(&c[i]) : 0;
    const double end = bench_now() + seconds;
    int n = 0;
    while (n < BENCH_MAX_ROUNDS && (n < MIN_ROUNDS || bench_now() < end)) {
        round_times *r = &rounds[n++];
        r->chain = chain();
        for (size_t i = 0; i < count; i++)
            r->times[i] = c[i].run ? sample(&c[i], calls[i]) : 0;
        const double after = chain();
        r->chain = after > r->chain ? after : r->chain;
    }
    return n;
}

/* Moves the rounds that count to the front and returns how many; 0 where they are too few. */
static int keep_steady(round_times *rounds, int n)
{
    double best = rounds[0].chain;
    int steady = 0, to = 0;
    for (int i = 1; i < n; i++)
        best = rounds[i].chain < best ? rounds[i].chain : best;
    for (int i = 0; i < n; i++)
        steady += rounds[i].chain <= 1.03 * best;
    if (3 * steady < n)
        return 0;
    for (int i = 0; i < n; i++)
        if (rounds[i].chain <= 1.03 * best)
            rounds[to++] = rounds[i];
    return to;
}

static void summarise(bench_contestant *c, size_t which, const round_times *rounds, int n)
{
    double sorted[BENCH_MAX_ROUNDS];
    for (int i = 0; i < n; i++)
        sorted[i] = rounds[i].times[which];
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    c->median = sorted[n / 2];
    c->p95 = sorted[n * 95 / 100];
}

double bench_race(bench_contestant *c, size_t count, double seconds)
{
    round_times *rounds = calloc(BENCH_MAX_ROUNDS, sizeof *rounds);
    if (!rounds)
        return 0;
    const int all = gather_rounds(c, count, seconds, rounds);
    const int steady = keep_steady(rounds, all);
    for (size_t i = 0; i < count; i++)
        summarise(&c[i], i, rounds, steady ? steady : all);
    free(rounds);
    return (double)steady / all;
}
