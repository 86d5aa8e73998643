/* clock: time, and the pace of the core while something was timed.
 *
 * A shared machine changes its pace: its clock rises and falls, another process takes the core. A pace is what a chain of
 * dependent operations takes at that moment; samples around which it moved tell of the machine, not of the code, and are
 * dropped. Used by spc_bench, by the tuner's races and by bench/. */
#ifndef SPC_RT_CLOCK_H
#define SPC_RT_CLOCK_H

#include <stdbool.h>
#include <stddef.h>

/* ns since some fixed time. Never goes back, whatever happens to the time of day. */
double rt_clock_now(void);
/* The same of this thread's processor time. */
double rt_clock_thread(void);
/* ns that a chain of fixed length takes now, by rt_clock_now; itself some 20 us. */
double rt_clock_pace(void);

/* Around one sample. */
typedef struct rt_pace {
    double before, after;
} rt_pace;

typedef struct rt_steadiness {
    size_t kept;
    bool steady; /* false: under a third of the samples agreed on a pace, and all were kept */
} rt_steadiness;
/* keep[i]: sample i ran while the pace was, before and after it, within 3 % of the pace that most samples share. Pairs
 * that are no positive numbers never count. work has room for 2 * count. */
rt_steadiness rt_clock_keep(const rt_pace *, size_t count, double *work, bool *keep);

#endif
