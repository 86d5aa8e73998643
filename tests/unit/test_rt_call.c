/* Calls with a number of words known at run time: every word must arrive, in registers and on the stack. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "runtime/module.h"

static int none(void)
{
    return 41;
}

static int three(int64_t a, const int *b, uint64_t c)
{
    return a == -5 && *b == 9 && c == UINT64_MAX ? 0 : 1;
}

#define P8(p) uint64_t p##0, uint64_t p##1, uint64_t p##2, uint64_t p##3, uint64_t p##4, uint64_t p##5, uint64_t p##6, \
              uint64_t p##7
#define SUM8(p) (p##0 + 3 * p##1 + 5 * p##2 + 7 * p##3 + 11 * p##4 + 13 * p##5 + 17 * p##6 + 19 * p##7)

static int ten(P8(a), uint64_t b0, uint64_t b1)
{
    return (int)(SUM8(a) + 23 * b0 + 29 * b1);
}

static int forty(P8(a), P8(b), P8(c), P8(d), P8(e))
{
    return (int)(SUM8(a) + 2 * SUM8(b) + 3 * SUM8(c) + 4 * SUM8(d) + 5 * SUM8(e));
}

static int most(P8(a), P8(b), P8(c), P8(d), P8(e), P8(f), P8(g), P8(h), P8(i), P8(j), P8(k), P8(l), P8(m), P8(n), P8(o))
{
    return (int)(SUM8(a) + 2 * SUM8(b) + 3 * SUM8(c) + 4 * SUM8(d) + 5 * SUM8(e) + 6 * SUM8(f) + 7 * SUM8(g) +
                 8 * SUM8(h) + 9 * SUM8(i) + 10 * SUM8(j) + 11 * SUM8(k) + 12 * SUM8(l) + 13 * SUM8(m) + 14 * SUM8(n) +
                 15 * SUM8(o));
}

static int expected(const uint64_t *words, int groups)
{
    static const uint64_t prime[] = { 1, 3, 5, 7, 11, 13, 17, 19 };
    uint64_t sum = 0;
    for (int i = 0; i < 8 * groups; i++)
        sum += (uint64_t)(i / 8 + 1) * prime[i % 8] * words[i];
    return (int)sum;
}

static void test_words(void **state)
{
    (void)state;
    uint64_t words[121] = { 0 };
    const int nine = 9;
    assert_int_equal(rt_call_words((void *)none, words, 0), 41);
    words[0] = (uint64_t)-5;
    words[1] = (uintptr_t)&nine;
    words[2] = UINT64_MAX;
    assert_int_equal(rt_call_words((void *)three, words, 3), 0);
    for (int i = 0; i < 121; i++)
        words[i] = (uint64_t)(i * i + 1);
    assert_int_equal(rt_call_words((void *)ten, words, 10), expected(words, 1) + 23 * 65 + 29 * 82);
    assert_int_equal(rt_call_words((void *)forty, words, 40), expected(words, 5));
    assert_int_equal(rt_call_words((void *)most, words, 120), expected(words, 15));
    assert_int_equal(rt_call_words((void *)most, words, 121), SPC_E_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_words) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
