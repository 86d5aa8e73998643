/* Races on a clock of the test's own: what wins is known, whatever the machine and the clock do in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "runtime/race.h"
#include "rt_random.h"

#include <math.h>

enum { MOST = 12 };

/* A machine: what each candidate costs, and what happens to the time. */
typedef struct track {
    double now, cost[MOST];
    double noise;     /* share of a call that it may take longer */
    double slow;      /* factor in slow phases; 0: none */
    double jump;      /* ns that the clock leaps now and then */
    int fails;        /* this candidate fails; -1: none */
    int64_t calls[MOST], samples, stop_after; /* 0: never */
    uint64_t seed;
} track;


static double pace_factor(const track *t) { return t->slow > 0 && fmod(t->now, 3e7) > 1e7 ? t->slow : 1; }

static bool call(void *ctx, size_t candidate, int64_t calls)
{
    track *t = ctx;
    t->calls[candidate] += calls;
    if ((int)candidate == t->fails)
        return false;
    for (int64_t i = 0; i < calls; i++)
        t->now += t->cost[candidate] * pace_factor(t) * (1 + t->noise * rt_random_unit(&t->seed));
    if (t->jump != 0 && rt_random_unit(&t->seed) < 0.1)
        t->now += t->jump;
    return true;
}

static double now(void *ctx) { return ((track *)ctx)->now; }

static double pace(void *ctx)
{
    track *t = ctx;
    const double took = 7000 * pace_factor(t);
    t->now += 2 * took;
    return took;
}

static bool go_on(void *ctx, const rt_race *race)
{
    track *t = ctx;
    (void)race;
    return !t->stop_after || ++t->samples <= t->stop_after;
}

static const rt_race_clock the_clock = {now, pace};

static rt_race run(track *t, rt_runner *runners, size_t count, double seconds)
{
    rt_race race = {.count = count, .runners = runners, .call = call, .go_on = go_on, .ctx = t, .seconds = seconds, .clock = &the_clock};
    for (size_t i = 0; i < count; i++)
        runners[i].handicap = runners[i].handicap > 0 ? runners[i].handicap : 1;
    assert_int_equal(rt_race_run(&race), SPC_OK);
    return race;
}

static track new_track(void) { return (track){.now = 1e9, .cost = {500e3, 300e3, 400e3, 900e3}, .noise = 0.05, .fails = -1, .seed = 7}; }

static void test_quickest_wins(void **state)
{
    (void)state;
    track t = new_track();
    rt_runner runners[4] = {{0}};
    const rt_race race = run(&t, runners, 4, 10);
    assert_true(race.decided && !race.stopped);
    assert_int_equal(race.best, 1);
    assert_int_equal(runners[1].fate, RT_RACE_WON);
    assert_int_equal(runners[0].fate, RT_RACE_BEATEN);
    assert_true(runners[1].ns > 300e3 && runners[1].ns < 320e3);
    assert_true(race.rounds < 10);
}

/* The hopeless one is called twice and never again. */
static void test_hopeless(void **state)
{
    (void)state;
    track t = new_track();
    rt_runner runners[4] = {{0}};
    t.cost[3] = 30e6;
    run(&t, runners, 4, 10);
    assert_int_equal(t.calls[3], 2);
    assert_int_equal(runners[3].fate, RT_RACE_BEATEN);
    assert_true(runners[3].ns >= 30e6);
}

static void test_first_of_equals(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        track t = new_track();
        rt_runner runners[3] = {{0}};
        t.cost[0] = t.cost[1] = t.cost[2] = 250e3;
        t.noise = 0.03;
        t.seed = seed;
        const rt_race race = run(&t, runners, 3, 10);
        assert_true(race.decided);
        assert_int_equal(race.best, 0);
    }
}

static void test_handicap(void **state)
{
    (void)state;
    track t = new_track();
    rt_runner runners[2] = {{.handicap = 1}, {.handicap = 0.9}};
    t.cost[0] = 300e3;
    t.cost[1] = 310e3;
    assert_int_equal(run(&t, runners, 2, 10).best, 1);
    assert_true(runners[1].ns > 305e3); /* told as it was */
}

static void test_failing(void **state)
{
    (void)state;
    track t = new_track();
    rt_runner runners[4] = {{0}};
    t.fails = 1;
    assert_int_equal(run(&t, runners, 4, 10).best, 2);
    assert_int_equal(runners[1].fate, RT_RACE_FAILED);
    t = new_track();
    t.fails = 0;
    const rt_race race = run(&t, runners, 1, 10);
    assert_int_equal(race.best, 0);
    assert_false(race.decided);
    assert_true(isnan(runners[0].ns));
}

static void test_no_time(void **state)
{
    (void)state;
    track t = new_track();
    rt_runner runners[4] = {{0}};
    const rt_race race = run(&t, runners, 4, 0);
    assert_int_equal(race.best, 0);
    assert_false(race.decided);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(t.calls[i], 0);
        assert_int_equal(runners[i].fate, RT_RACE_UNTRIED);
    }
}

/* The budget is kept up to one sample and its pace. */
static void test_budget(void **state)
{
    (void)state;
    for (double seconds = 1e-4; seconds < 1; seconds *= 2.3) {
        track t = new_track();
        rt_runner runners[4] = {{0}};
        const double start = t.now;
        run(&t, runners, 4, seconds);
        assert_true(t.now - start <= seconds * 1e9 + 2e6);
    }
}

/* Rounds that must be run are run, however long they take. */
static void test_least(void **state)
{
    (void)state;
    track t = new_track();
    rt_runner runners[4] = {{.handicap = 1}, {.handicap = 1}, {.handicap = 1}, {.handicap = 1}};
    rt_race race = {.count = 4, .runners = runners, .call = call, .ctx = &t, .seconds = 1e-9, .least = 3, .clock = &the_clock};
    assert_int_equal(rt_race_run(&race), SPC_OK);
    assert_int_equal(race.rounds, 3);
    assert_int_equal(race.best, 1);
}

static void test_stop(void **state)
{
    (void)state;
    for (int64_t after = 1; after < 40; after++) {
        track t = new_track();
        rt_runner runners[4] = {{0}};
        t.stop_after = after;
        t.noise = 0;
        t.cost[0] = 300.5e3; /* a long race */
        const rt_race race = run(&t, runners, 2, 100);
        assert_true(race.stopped || race.decided);
        assert_true(race.best < 2);
        assert_true(!race.stopped || t.samples == after + 1);
    }
}

/* Half of the time everything takes twice as long. */
static void test_slow_phases(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        track t = new_track();
        rt_runner runners[4] = {{0}};
        t.cost[2] = 315e3;
        t.slow = 2;
        t.seed = seed;
        const rt_race race = run(&t, runners, 4, 60);
        assert_int_equal(race.best, 1);
        assert_true(race.decided);
    }
}

/* A clock that leaps in either direction neither hangs nor crowns a slow one. */
static void test_jumping_clock(void **state)
{
    (void)state;
    static const double jumps[] = {-5e6, 5e6, -1e12, 3e5};
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++)
        for (uint64_t seed = 1; seed < 10; seed++) {
            track t = new_track();
            rt_runner runners[4] = {{0}};
            t.jump = jumps[i];
            t.seed = seed;
            const rt_race race = run(&t, runners, 4, 60);
            assert_true(race.best == 1 || (race.best == 0 && !race.decided));
            assert_true(t.calls[0] < 1000);
        }
}

static double still_now(void *ctx)
{
    (void)ctx;
    return 42;
}

/* No time is ever seen to pass. */
static void test_clock_that_stands(void **state)
{
    (void)state;
    static const rt_race_clock still = {still_now, still_now};
    track t = new_track();
    rt_runner runners[3] = {{.handicap = 1}, {.handicap = 1}, {.handicap = 1}};
    rt_race race = {.count = 3, .runners = runners, .call = call, .ctx = &t, .seconds = 1, .clock = &still};
    assert_int_equal(rt_race_run(&race), SPC_OK);
    assert_int_equal(race.best, 0);
    assert_false(race.decided);
}

static void test_arguments(void **state)
{
    (void)state;
    rt_runner runners[1] = {{.handicap = 1}};
    rt_race race = {.count = 0, .runners = runners, .call = call};
    assert_int_equal(rt_race_run(&race), SPC_E_ARG);
    race.count = RT_RACE_MOST + 1;
    assert_int_equal(rt_race_run(&race), SPC_E_ARG);
}

/* The machine's own clock: one that does twice as much is never the winner. */
static bool spin(void *ctx, size_t candidate, int64_t calls)
{
    (void)ctx;
    for (int64_t i = 0; i < calls * (candidate ? 40000 : 120000); i++)
        __asm__ volatile("");
    return true;
}

static void test_real_clock(void **state)
{
    (void)state;
    rt_runner runners[2] = {{.handicap = 1}, {.handicap = 1}};
    rt_race race = {.count = 2, .runners = runners, .call = spin, .seconds = 20};
    assert_int_equal(rt_race_run(&race), SPC_OK);
    if (race.decided)
        assert_int_equal(race.best, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quickest_wins), cmocka_unit_test(test_hopeless),     cmocka_unit_test(test_first_of_equals),
        cmocka_unit_test(test_handicap),      cmocka_unit_test(test_failing),      cmocka_unit_test(test_no_time),
        cmocka_unit_test(test_budget),        cmocka_unit_test(test_least), cmocka_unit_test(test_stop),         cmocka_unit_test(test_slow_phases),
        cmocka_unit_test(test_jumping_clock), cmocka_unit_test(test_clock_that_stands),
        cmocka_unit_test(test_arguments),     cmocka_unit_test(test_real_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
