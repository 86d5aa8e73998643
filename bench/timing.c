/* timing: see timing.h. */
#include "timing.h"
#include "runtime/clock.h"
#include <stdlib.h>
#include <string.h>

enum { MIN_ROUNDS = 9, MOST_TRIES = 3 };
static const double SAMPLE_NS = 2e5;

typedef double clock_of(void);

double bench_now(void)
{
    return 1e-9 * rt_clock_now();
}

/* Calls in a row so that one sample is long against the clock's own cost. */
static long repeats(const bench_contestant *c, clock_of *clock)
{
    c->run(c->ctx);
    const double start = clock();
    c->run(c->ctx);
    const double once = clock() - start;
    return once > SAMPLE_NS ? 1 : (long)(SAMPLE_NS / (once > 1 ? once : 1)) + 1;
}

/* Seconds of one call, after one that is not timed: each contestant would begin with the data of the others in the caches. */
static double sample(const bench_contestant *c, long calls, clock_of *clock)
{
    c->run(c->ctx);
    const double start = clock();
    for (long i = 0; i < calls; i++)
        c->run(c->ctx);
    return 1e-9 * (clock() - start) / (double)calls;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Adds rounds until the time is up; each contestant is first in some of them. */
static int gather(const bench_contestant *c, size_t count, const long *calls, clock_of *clock, int least, double end,
                  bench_rounds *out, rt_pace *pace, int from)
{
    double before = rt_clock_pace();
    int n = from;
    while (n < BENCH_MAX_ROUNDS && (n < from + least || bench_now() < end)) {
        for (size_t i = 0; i < count; i++) {
            const size_t which = (i + (size_t)n) % count;
            out->times[n][which] = c[which].run ? sample(&c[which], calls[which], clock) : 0;
        }
        pace[n].before = before;
        pace[n++].after = before = rt_clock_pace();
    }
    return n;
}

/* Moves the rounds that count to the front. */
static void drop_unsteady(bench_rounds *out, const rt_pace *pace, int n)
{
    double work[2 * BENCH_MAX_ROUNDS];
    bool keep[BENCH_MAX_ROUNDS];
    const rt_steadiness s = rt_clock_keep(pace, (size_t)n, work, keep);
    int to = 0;
    for (int i = 0; i < n; i++)
        if (keep[i])
            memmove(out->times[to++], out->times[i], sizeof out->times[i]);
    out->count = to;
    out->dropped = n - to;
    out->steady = s.steady;
}

static void summarise(bench_contestant *c, size_t which, const bench_rounds *rounds)
{
    double sorted[BENCH_MAX_ROUNDS];
    const int n = rounds->count;
    for (int i = 0; i < n; i++)
        sorted[i] = rounds->times[i][which];
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    c->median = sorted[n / 2];
    c->p95 = sorted[n * 95 / 100];
}

static int steady_rounds(const rt_pace *pace, int n)
{
    double work[2 * BENCH_MAX_ROUNDS];
    bool keep[BENCH_MAX_ROUNDS];
    const rt_steadiness s = rt_clock_keep(pace, (size_t)n, work, keep);
    return s.steady ? (int)s.kept : 0;
}

void bench_race_rounds(bench_contestant *c, size_t count, double seconds, int least, bool wall, bench_rounds *out)
{
    long calls[BENCH_MAX_CONTESTANTS];
    rt_pace pace[BENCH_MAX_ROUNDS];
    clock_of *clock = wall ? rt_clock_now : rt_clock_thread;
    int n = 0;
    for (size_t i = 0; i < count; i++)
        calls[i] = c[i].run ? repeats(&c[i], clock) : 0;
    for (int tries = 0; tries < MOST_TRIES && (!n || steady_rounds(pace, n) < least); tries++)
        n = gather(c, count, calls, clock, least, tries ? 0 : bench_now() + seconds, out, pace, n);
    drop_unsteady(out, pace, n);
    for (size_t i = 0; i < count; i++)
        summarise(&c[i], i, out);
}

double bench_race(bench_contestant *c, size_t count, double seconds)
{
    bench_rounds *rounds = calloc(1, sizeof *rounds);
    if (!rounds)
        return 0;
    bench_race_rounds(c, count, seconds, MIN_ROUNDS, false, rounds);
    const double share = rounds->steady ? (double)rounds->count / (rounds->count + rounds->dropped) : 0;
    free(rounds);
    return share;
}
