/* The clock goes forward, and samples around which the pace moved are dropped. No test here depends on how fast the
 * machine is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "runtime/clock.h"
#include <math.h>

enum { COUNT = 12 };

static rt_steadiness keep(const rt_pace *pace, size_t count, bool *out)
{
    double work[2 * COUNT];
    return rt_clock_keep(pace, count, work, out);
}

static void goes_forward(void **state)
{
    (void)state;
    double last = rt_clock_now();
    for (int i = 0; i < 1000; i++) {
        const double now = rt_clock_now();
        assert_true(now >= last);
        last = now;
    }
    assert_true(rt_clock_pace() > 0);
    assert_true(rt_clock_thread() > 0);
}

static void keeps_what_is_steady(void **state)
{
    (void)state;
    rt_pace pace[COUNT];
    bool kept[COUNT];
    for (int i = 0; i < COUNT; i++)
        pace[i] = (rt_pace){100 + 0.1 * i, 101};
    const rt_steadiness s = keep(pace, COUNT, kept);
    assert_true(s.steady);
    assert_int_equal(s.kept, COUNT);
}

/* The slow phase is the longer one here: it is the one to measure in, not the quickest moment. */
static void takes_the_commoner_pace(void **state)
{
    (void)state;
    rt_pace pace[COUNT];
    bool kept[COUNT];
    for (int i = 0; i < COUNT; i++)
        pace[i] = i < 4 ? (rt_pace){100, 100} : (rt_pace){150, 151};
    const rt_steadiness s = keep(pace, COUNT, kept);
    assert_true(s.steady);
    assert_int_equal(s.kept, COUNT - 4);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(kept[i], i >= 4);
}

static void drops_a_sample_in_which_it_moved(void **state)
{
    (void)state;
    const rt_pace pace[] = {{100, 100}, {100, 110}, {110, 100}, {101, 102}, {0, 100}, {100, NAN}, {100, -1}, {100, 100}};
    const bool expected[] = {true, false, false, true, false, false, false, true};
    bool kept[8];
    assert_int_equal(keep(pace, 8, kept).kept, 3);
    for (int i = 0; i < 8; i++)
        assert_int_equal(kept[i], expected[i]);
}

static void keeps_all_where_nothing_agrees(void **state)
{
    (void)state;
    rt_pace pace[COUNT];
    bool kept[COUNT];
    double ns = 1;
    for (int i = 0; i < COUNT; i++, ns *= 1.5)
        pace[i] = (rt_pace){ns, ns};
    const rt_steadiness s = keep(pace, COUNT, kept);
    assert_false(s.steady);
    assert_int_equal(s.kept, COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_true(kept[i]);
}

static void takes_none(void **state)
{
    (void)state;
    bool kept[1];
    assert_int_equal(keep(NULL, 0, kept).kept, 0);
    const rt_pace broken = {NAN, NAN};
    assert_false(keep(&broken, 1, kept).steady);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_forward),
        cmocka_unit_test(keeps_what_is_steady),
        cmocka_unit_test(takes_the_commoner_pace),
        cmocka_unit_test(drops_a_sample_in_which_it_moved),
        cmocka_unit_test(keeps_all_where_nothing_agrees),
        cmocka_unit_test(takes_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
