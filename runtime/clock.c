/* clock: see clock.h. */
#include "runtime/clock.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

enum { CHAIN = 8000 };
static const double TOLERANCE = 1.03;

static double read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

double rt_clock_now(void) { return read_clock(CLOCK_MONOTONIC); }

double rt_clock_thread(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

/* Multiplications wait for one another and for nothing else; the compiler cannot see that the product is known. */
static double time_chain(void)
{
    const double start = rt_clock_now();
    uint64_t x = 3;
    for (int i = 0; i < CHAIN; i++) {
        x *= x;
        __asm__ volatile("" : "+r"(x));
    }
    return rt_clock_now() - start;
}

/* The quicker of two, for an interrupt in one of them is no change of pace. */
double rt_clock_pace(void) { return fmin(time_chain(), time_chain()); }

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static bool is_time(double ns) { return isfinite(ns) && ns > 0; }

/* The lower end of the 3 % of scale in which most of these lie. */
static double commonest(const double *sorted, size_t count)
{
    size_t first = 0, most = 0;
    double best = 0;
    for (size_t last = 0; last < count; last++) {
        while (sorted[last] > sorted[first] * TOLERANCE)
            first++;
        if (last - first + 1 > most) {
            most = last - first + 1;
            best = sorted[first];
        }
    }
    return best;
}

static bool within(double ns, double low) { return is_time(ns) && ns >= low && ns <= low * TOLERANCE; }

rt_steadiness rt_clock_keep(const rt_pace *pace, size_t count, double *work, bool *keep)
{
    size_t times = 0, kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_time(pace[i].before) || !is_time(pace[i].after))
            continue;
        work[times++] = pace[i].before;
        work[times++] = pace[i].after;
    }
    if (times)
        qsort(work, times, sizeof *work, by_value);
    const double low = commonest(work, times);
    for (size_t i = 0; i < count; i++)
        kept += keep[i] = times && within(pace[i].before, low) && within(pace[i].after, low);
    if (3 * kept >= count && kept)
        return (rt_steadiness){kept, true};
    for (size_t i = 0; i < count; i++)
        keep[i] = true;
    return (rt_steadiness){count, false};
}
