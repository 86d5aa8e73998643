/* Arena: limits, the guard, deferred releases. Every allocation of a small compile is made to fail once. */
#include "ir_text.h"
#include "ir/plan.h"
#include <stdint.h>

static void test_alignment_and_zero(void **state)
{
    (void)state;
    ir_arena *arena = ir_arena_new(0);
    for (size_t size = 0; size < 5000; size += 37) {
        unsigned char *p = ir_alloc(arena, size);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < size; i++) assert_int_equal(p[i], 0);
        memset(p, 0xff, size);
    }
    ir_arena_free(arena);
    ir_arena_free(NULL);
}

static void count_release(void *object) { ++*(int *)object; }

static void test_deferred(void **state)
{
    (void)state;
    int first = 0, second = 0;
    ir_arena *arena = ir_arena_new(0);
    ir_defer(arena, count_release, &first);
    ir_defer(arena, count_release, &second);
    ir_release(arena, &first);
    assert_int_equal(first, 1);
    ir_release(arena, &first); /* once only */
    ir_arena_free(arena);
    assert_int_equal(first, 1);
    assert_int_equal(second, 1);
}

/* Its bytes are the outer one's, are given back when it goes, and its failures jump to the outer guard. */
static void test_within(void **state)
{
    (void)state;
    enum { PIECE = 1 << 16, ROUNDS = 64 };
    ir_arena *arena = ir_arena_new(4 * PIECE);
    volatile int rounds = 0, failures = 0, released = 0;
    if (setjmp(*ir_guard(arena))) failures++;
    for (; !failures && rounds < ROUNDS; rounds++) {
        ir_arena *within = ir_arena_within(arena);
        ir_defer(within, count_release, (int *)&released);
        memset(ir_alloc(within, PIECE), 1, PIECE);
        ir_arena_drop(within);
    }
    assert_int_equal(rounds, ROUNDS);
    assert_int_equal(released, ROUNDS);
    if (!failures) {
        ir_arena *within = ir_arena_within(arena);
        for (int i = 0; i < 5; i++) ir_alloc(ir_arena_within(within), PIECE);
    }
    assert_int_equal(failures, 1);
    ir_arena_drop(NULL);
    ir_arena_free(arena);
}

static void test_array_overflow(void **state)
{
    (void)state;
    ir_arena *arena = ir_arena_new(0);
    volatile int failures = 0;
    if (setjmp(*ir_guard(arena))) failures++;
    if (failures == 0) ir_alloc_array(arena, SIZE_MAX / 2, 3);
    if (failures == 1) ir_alloc(arena, SIZE_MAX - 3);
    assert_int_equal(failures, 2);
    ir_arena_free(arena);
}

static const char text[] =
    "dim n 0..64 step 2\n"
    "graph @f {\n"
    "  %0 = input \"x\" : f32[n,2*n + 1]\n"
    "  %1 = const 1.5 : f32[]\n"
    "  %2 = mul %0, %1 : f32[n,2*n + 1]\n"
    "  output %2 \"y\"\n"
    "}\n";

/* Parses, verifies and prints; the result lives in the arena. */
static const char *work(ir_arena *arena, ir_source *source)
{
    ir_module *m = ir_module_new(arena, ir_diags_new(arena));
    if (ir_parse(m, source) || ir_verify(m, "test")) return NULL;
    ir_plan *plan = ir_plan_new(arena);
    ir_source line = {"plan", "@f.0 store=csr tile=64x256", 26};
    if (ir_plan_parse(plan, m->diags, &line)) return NULL;
    return ir_print_module(m, arena);
}

static void test_every_limit(void **state)
{
    (void)state;
    ir_source source = {"test", text, sizeof text - 1};
    volatile int failed = 0, done = 0;
    for (volatile size_t limit = 64; !done; limit += 64) {
        int released = 0;
        ir_arena *arena = ir_arena_new(limit);
        if (setjmp(*ir_guard(arena))) {
            failed++;
        } else {
            ir_defer(arena, count_release, &released);
            const char *printed = work(arena, &source);
            assert_non_null(printed);
            assert_string_equal(printed, "dim n 0..64 step 2\n\ngraph @f {\n  %0 = input \"x\" : f32[n,2*n + 1]\n"
                                         "  %1 = const 1.5 : f32[]\n  %2 = mul %0, %1 : f32[n,2*n + 1]\n"
                                         "  output %2 \"y\"\n}\n");
            done = 1;
        }
        ir_arena_free(arena);
    }
    assert_true(failed > 20);
}

static void test_text_grows(void **state)
{
    (void)state;
    ir_arena *arena = ir_arena_new(0);
    ir_text t;
    ir_text_init(&t, arena);
    assert_string_equal(t.data, "");
    for (int i = 0; i < 1000; i++) ir_text_add(&t, "%d,", i);
    assert_int_equal(t.len, strlen(t.data));
    assert_memory_equal(t.data, "0,1,2,3,", 8);
    assert_string_equal(t.data + t.len - 8, "998,999,");
    ir_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alignment_and_zero), cmocka_unit_test(test_deferred), cmocka_unit_test(test_within), cmocka_unit_test(test_array_overflow),
        cmocka_unit_test(test_every_limit), cmocka_unit_test(test_text_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
