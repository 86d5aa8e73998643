/* Placing values of known size: none that live together overlap, whatever their sizes and times; and where values form a
 * chain with residuals, as in networks, the bytes of all are the most that live at one time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "passes/lower/lower.h"
#include "rt_random.h"

enum { MOST = 200 };

static int64_t most_alive(const lw_lifetime *values, int count)
{
    int64_t most = 0;
    for (int t = 0; t < count + 8; t++) {
        int64_t alive = 0;
        for (int i = 0; i < count; i++)
            alive += values[i].first <= t && t <= values[i].last ? values[i].bytes : 0;
        most = alive > most ? alive : most;
    }
    return most;
}

static void assert_apart(const lw_lifetime *values, int count, int64_t total)
{
    for (int i = 0; i < count; i++) {
        assert_true(values[i].offset >= 0 && values[i].offset % 64 == 0);
        assert_true(values[i].offset + values[i].bytes <= total);
        for (int j = 0; j < i; j++) {
            const lw_lifetime *a = &values[i], *b = &values[j];
            const bool together = a->first <= b->last && b->first <= a->last;
            assert_true(!together || a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset);
        }
    }
}

static void test_random(void **state)
{
    (void)state;
    uint64_t seed = 12;
    for (int round = 0; round < 50; round++) {
        lw_lifetime values[MOST];
        const int count = (int)(rt_random(&seed) % MOST);
        for (int i = 0; i < count; i++) {
            const int first = (int)(rt_random(&seed) % MOST);
            values[i] = (lw_lifetime){(int64_t)(rt_random(&seed) % 40) * 64, first, first + (int)(rt_random(&seed) % 8), 0};
        }
        ir_arena *arena = ir_arena_new(0);
        assert_apart(values, count, lw_place(arena, values, count));
        ir_arena_free(arena);
    }
}

/* Bottlenecks: wide, narrow, narrow, wide, the wide one added to the one before; the sizes halve now and then. */
static void test_network(void **state)
{
    (void)state;
    lw_lifetime values[MOST];
    int count = 0;
    for (int block = 0; block < 40; block++) {
        const int64_t wide = (int64_t)(64 * 1024) >> block / 10;
        for (int step = 0; step < 4; step++, count++)
            values[count] = (lw_lifetime){step % 3 ? wide / 4 : wide, count, step ? count + 1 : count + 4, 0};
    }
    ir_arena *arena = ir_arena_new(0);
    const int64_t total = lw_place(arena, values, count);
    assert_apart(values, count, total);
    assert_int_equal(total, most_alive(values, count));
    ir_arena_free(arena);
}

static void test_none(void **state)
{
    (void)state;
    ir_arena *arena = ir_arena_new(0);
    assert_int_equal(lw_place(arena, NULL, 0), 0);
    ir_arena_free(arena);
}

static void test_overflow(void **state)
{
    (void)state;
    lw_lifetime values[3] = {{INT64_MAX / 2, 0, 4, 0}, {INT64_MAX / 2, 1, 3, 0}, {INT64_MAX / 2, 2, 2, 0}};
    ir_arena *arena = ir_arena_new(0);
    assert_int_equal(lw_place(arena, values, 3), INT64_MAX);
    ir_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_network),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
