/* race: which of several candidates is the quickest on this machine now.
 *
 * Candidates are opaque: numbers, called through a callback. They take turns in rounds, so that a machine which changes its
 * pace changes it for all; samples around which the pace moved are dropped (clock.h). Whoever is slower than the leader
 * in nearly all common rounds is out; the race ends when one is left, when those left are as good as equal, when the
 * time is over, or when the host says so. Of equals the first wins: hosts put first what they would take unmeasured. */
#ifndef SPC_RT_RACE_H
#define SPC_RT_RACE_H

#include "runtime/clock.h"
#include <spc/spc_rt.h>
#include <stdint.h>

typedef enum rt_fate {
    RT_RACE_UNTRIED, /* never called: the time was over before */
    RT_RACE_FAILED,  /* its call failed */
    RT_RACE_BEATEN,
    RT_RACE_LEFT,    /* still in the race at its end */
    RT_RACE_WON
} rt_fate;

typedef struct rt_runner {
    double handicap; /* what its times are multiplied by when they are compared: 1, or e.g. 0.95 to favour it by 5 % */
    /* results */
    rt_fate fate;
    double ns;       /* median of one call, as it was; NaN: never timed */
    size_t samples;  /* that count */
} rt_runner;

/* Where time comes from; tests have a clock of their own. Both in ns, as rt_clock_now and rt_clock_pace. */
typedef struct rt_race_clock {
    double (*now)(void *ctx);
    double (*pace)(void *ctx);
} rt_race_clock;

typedef struct rt_race rt_race;
struct rt_race {
    size_t count;
    rt_runner *runners;
    /* Makes `calls` calls of a candidate; false: it failed and is out. */
    bool (*call)(void *ctx, size_t candidate, int64_t calls);
    /* Asked before every sample, with the race so far; false ends the race. NULL: nobody wants to know. */
    bool (*go_on)(void *ctx, const rt_race *);
    void *ctx;
    double seconds;             /* at most, but for the sample at work; 0: nothing is called */
    int least;                  /* so many rounds are run even if they take longer; 0 for a time that must be kept */
    const rt_race_clock *clock; /* NULL: the machine's */
    /* results */
    size_t best;  /* 0 where nothing was measured */
    bool decided; /* more time would not change it; false also where best was not timed */
    bool stopped; /* go_on said so */
    int rounds;
};

enum { RT_RACE_MOST = 64 }; /* candidates */
/* SPC_E_ARG: no or too many candidates; SPC_E_NOMEM. */
spc_status rt_race_run(rt_race *);

#endif
