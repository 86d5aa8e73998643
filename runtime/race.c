/* race: see race.h. */
#include "runtime/race.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST = 5, ENOUGH = 24, MOST = 96, MOST_CALLS = 100000 }; /* rounds; calls in a sample */
static const double SAMPLE_NS = 2e5;  /* a sample is at least so long, or one call */
static const double HOPELESS = 3;     /* times the quickest first calls: not raced */
static const double EVEN = 1.01;      /* ratios up to this are no difference */
static const double NEARLY_EVEN = 1.02;
static const double CLEARLY = 1.05;

/* One race at work. Samples lie round by round, one for each candidate; NaN where there is none. */
typedef struct racing {
    rt_race *race;
    double estimate[RT_RACE_MOST]; /* ns of a call */
    bool in[RT_RACE_MOST];
    double *sample;   /* MOST x count, ns of a call */
    rt_pace *pace;    /* the same */
    bool *keep;       /* the same */
    double *work;     /* 2 x MOST x count */
    double last, spent; /* ns; spent never shrinks */
    double last_pace;
    bool over;
} racing;

static double machine_now(void *ctx)
{
    (void)ctx;
    return rt_clock_now();
}

static double machine_pace(void *ctx)
{
    (void)ctx;
    return rt_clock_pace();
}

static const rt_race_clock machine = {machine_now, machine_pace};

/* A clock that jumps back costs no time, one that jumps ahead ends the race early: never a race without end. */
static double look_at_clock(racing *r)
{
    const double now = r->race->clock->now(r->race->ctx);
    if (now > r->last)
        r->spent += now - r->last;
    r->last = now;
    if (r->spent >= r->race->seconds * 1e9 && r->race->rounds >= r->race->least)
        r->over = true;
    return now;
}

static bool may_go_on(racing *r)
{
    look_at_clock(r);
    if (!r->over && r->race->go_on && !r->race->go_on(r->race->ctx, r->race))
        r->over = r->race->stopped = true;
    return !r->over;
}

/* ns of one of these calls; NaN where it failed or the clock jumped. */
static double time_calls(racing *r, size_t candidate, int64_t calls)
{
    const double start = look_at_clock(r);
    if (!r->race->call(r->race->ctx, candidate, calls)) {
        r->race->runners[candidate].fate = RT_RACE_FAILED;
        r->in[candidate] = false;
        return NAN;
    }
    const double took = (look_at_clock(r) - start) / (double)calls;
    return took > 0 ? took : NAN;
}

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double sorted_median(const double *sorted, size_t count)
{
    if (!count)
        return NAN;
    return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

/* ---- samples ---- */

static bool counts(const racing *r, int round, size_t candidate)
{
    const size_t at = (size_t)round * r->race->count + candidate;
    return r->keep[at] && r->sample[at] > 0;
}

/* The median of what counts; how many there are goes to count. */
static double median_of(racing *r, size_t candidate, size_t *count)
{
    *count = 0;
    for (int round = 0; round < r->race->rounds; round++)
        if (counts(r, round, candidate))
            r->work[(*count)++] = r->sample[(size_t)round * r->race->count + candidate];
    qsort(r->work, *count, sizeof *r->work, by_value);
    return sorted_median(r->work, *count);
}

/* How a candidate does against another in the rounds that count for both, sorted into work; returns how many. */
static size_t ratios(racing *r, size_t candidate, size_t other)
{
    const rt_runner *runners = r->race->runners;
    size_t count = 0;
    for (int round = 0; round < r->race->rounds; round++) {
        if (!counts(r, round, candidate) || !counts(r, round, other))
            continue;
        const double *row = r->sample + (size_t)round * r->race->count;
        r->work[count++] = row[candidate] * runners[candidate].handicap / (row[other] * runners[other].handicap);
    }
    qsort(r->work, count, sizeof *r->work, by_value);
    return count;
}

static void judge_paces(racing *r)
{
    rt_clock_keep(r->pace, (size_t)r->race->rounds * r->race->count, r->work, r->keep);
    for (size_t i = 0; i < r->race->count; i++) {
        rt_runner *runner = &r->race->runners[i];
        const double ns = median_of(r, i, &runner->samples);
        if (runner->samples)
            runner->ns = ns;
    }
}

/* ---- who leads, who is out ---- */

static double standing(const racing *r, size_t i)
{
    const rt_runner *runner = &r->race->runners[i];
    return r->in[i] && runner->samples ? runner->ns * runner->handicap : INFINITY;
}

static size_t leader(const racing *r)
{
    size_t best = 0;
    for (size_t i = 1; i < r->race->count; i++)
        if (standing(r, i) < standing(r, best))
            best = i;
    return best;
}

/* Slower than the leader in all but a few common rounds: the lower end of the 95 % interval of the median ratio. */
static void drop_beaten(racing *r, size_t lead)
{
    for (size_t i = 0; i < r->race->count; i++) {
        if (!r->in[i] || i == lead)
            continue;
        const size_t count = ratios(r, i, lead);
        if (count < LEAST)
            continue;
        const size_t low = (size_t)fmax(0, floor(((double)count - 2 * sqrt((double)count)) / 2));
        if (r->work[low] > 1 && sorted_median(r->work, count) > EVEN) {
            r->in[i] = false;
            r->race->runners[i].fate = RT_RACE_BEATEN;
        }
    }
}

static bool all_even(racing *r, size_t lead)
{
    for (size_t i = 0; i < r->race->count; i++)
        if (r->in[i] && i != lead) {
            const size_t count = ratios(r, i, lead);
            if (!count || sorted_median(r->work, count) > NEARLY_EVEN)
                return false;
        }
    return true;
}

static size_t count_in(const racing *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->race->count; i++)
        count += r->in[i];
    return count;
}

/* ---- the course ---- */

/* Two calls each, the first of which warms up; what is many times slower is not raced. False: the time is over. */
static bool first_calls(racing *r)
{
    double quickest = INFINITY;
    for (size_t i = 0; i < r->race->count; i++) {
        if (!may_go_on(r))
            return false;
        r->in[i] = true;
        r->race->runners[i].fate = RT_RACE_LEFT;
        const double first = time_calls(r, i, 1), second = r->in[i] ? time_calls(r, i, 1) : NAN;
        r->estimate[i] = fmin(first, second); /* fmin prefers a number to a NaN */
        if (r->estimate[i] < quickest)
            quickest = r->estimate[i];
    }
    for (size_t i = 0; i < r->race->count; i++)
        if (r->in[i] && r->estimate[i] > HOPELESS * quickest) {
            r->in[i] = false;
            r->race->runners[i].fate = RT_RACE_BEATEN;
            r->race->runners[i].ns = r->estimate[i];
        }
    return true;
}

static void take_sample(racing *r, size_t candidate)
{
    const size_t at = (size_t)r->race->rounds * r->race->count + candidate;
    const double calls = ceil(SAMPLE_NS / r->estimate[candidate]);
    const int64_t repeat = calls >= 1 ? calls < MOST_CALLS ? (int64_t)calls : MOST_CALLS : 1;
    if (repeat > 1)
        time_calls(r, candidate, 1); /* its data back into the caches */
    r->pace[at].before = r->last_pace;
    r->sample[at] = r->in[candidate] ? time_calls(r, candidate, repeat) : NAN;
    r->pace[at].after = r->last_pace = r->race->clock->pace(r->race->ctx);
    if (!r->in[candidate] || isnan(r->sample[at]))
        r->pace[at] = (rt_pace){NAN, NAN};
}

/* False: the time was over before all had their turn; such a round does not count. */
static bool run_round(racing *r)
{
    const size_t count = r->race->count, row = (size_t)r->race->rounds * count;
    for (size_t i = 0; i < count; i++) {
        r->sample[row + i] = NAN;
        r->pace[row + i] = (rt_pace){NAN, NAN};
    }
    for (size_t turn = 0; turn < count; turn++) {
        const size_t candidate = (turn + (size_t)r->race->rounds) % count;
        if (!r->in[candidate])
            continue;
        if (!may_go_on(r))
            return false;
        take_sample(r, candidate);
    }
    r->race->rounds++;
    return true;
}

static void run_rounds(racing *r)
{
    rt_race *race = r->race;
    r->last_pace = race->clock->pace(race->ctx);
    while (!race->decided && race->rounds < MOST && count_in(r) && run_round(r)) {
        judge_paces(r);
        const size_t lead = leader(r);
        drop_beaten(r, lead);
        race->decided = (count_in(r) == 1 && r->race->runners[lead].samples) || (race->rounds >= ENOUGH && all_even(r, lead));
    }
    race->decided = race->decided || race->rounds == MOST;
}

/* Too few rounds to tell chance from more: then it takes a clear lead in all of them. */
static bool leads_clearly(racing *r, size_t lead)
{
    const size_t count = ratios(r, 0, lead);
    return count > 1 && r->work[0] > CLEARLY;
}

/* The first of those that are even with the leader. Without enough rounds the first candidate keeps its place. */
static void find_best(racing *r)
{
    rt_race *race = r->race;
    size_t lead = leader(r), best = lead;
    if (!race->runners[lead].samples || !r->in[lead]) {
        race->decided = false;
        return;
    }
    for (size_t i = lead; i-- > 0;)
        if (r->in[i] && ratios(r, i, lead) && sorted_median(r->work, ratios(r, i, lead)) <= EVEN)
            best = i;
    if (race->rounds < LEAST && !race->decided && r->in[0] && race->runners[0].samples && !leads_clearly(r, lead))
        best = 0;
    race->best = best;
    race->runners[best].fate = RT_RACE_WON;
}

static bool allocate(racing *r)
{
    const size_t cells = (size_t)MOST * r->race->count;
    r->sample = malloc(cells * sizeof *r->sample);
    r->pace = malloc(cells * sizeof *r->pace);
    r->keep = malloc(cells * sizeof *r->keep);
    r->work = malloc(2 * cells * sizeof *r->work);
    return r->sample && r->pace && r->keep && r->work;
}

static void release(racing *r)
{
    free(r->sample);
    free(r->pace);
    free(r->keep);
    free(r->work);
}

spc_status rt_race_run(rt_race *race)
{
    racing r = {.race = race};
    if (!race->count || race->count > RT_RACE_MOST)
        return SPC_E_ARG;
    if (!race->clock)
        race->clock = &machine;
    for (size_t i = 0; i < race->count; i++) {
        race->runners[i].fate = RT_RACE_UNTRIED;
        race->runners[i].ns = NAN;
        race->runners[i].samples = 0;
    }
    race->best = 0;
    race->rounds = 0;
    race->decided = race->stopped = false;
    if (!allocate(&r)) {
        release(&r);
        return SPC_E_NOMEM;
    }
    r.last = race->clock->now(race->ctx);
    if (race->seconds > 0 && first_calls(&r))
        run_rounds(&r);
    find_best(&r);
    release(&r);
    return SPC_OK;
}
