/* Element types: exact widening, rounding to nearest even at every halfway point of both 16-bit formats, integers,
 * packed bits; and that messages stay one line. */
#include "runtime/dtype.h"
#include "runtime/error.h"
#include "tests/unit/rt_random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static double f16(uint16_t bits) { return rt_f32_of_f16(bits); }
static double bf16(uint16_t bits) { return rt_f32_of_bf16(bits); }

static void test_widening(void **state)
{
    (void)state;
    assert_true(f16(0x3c00) == 1 && f16(0xc000) == -2 && f16(0x7bff) == 65504 && f16(0x0001) == 0x1p-24);
    assert_true(f16(0x0400) == 0x1p-14 && f16(0x7c00) == (double)INFINITY && isnan(f16(0x7c01)));
    assert_true(bf16(0x3f80) == 1 && bf16(0x0001) == 0x1p-133 && bf16(0xff80) == -(double)INFINITY);
    assert_true(signbit(f16(0x8000)) && signbit(bf16(0x8000)));
}

/* What is widened comes back; halfway points go to the even neighbour; a step beyond goes to the nearer one. */
static void check_format(double (*widen)(uint16_t), uint16_t (*narrow)(double), uint16_t infinity)
{
    for (uint32_t bits = 0; bits < infinity; bits++) {
        double low = widen((uint16_t)bits), high = bits + 1 == infinity ? 2 * low - widen((uint16_t)(bits - 1))
                                                                        : widen((uint16_t)(bits + 1));
        double half = low + (high - low) / 2;
        uint16_t even = (uint16_t)(bits & 1 ? bits + 1 : bits);
        assert_int_equal(narrow(low), bits);
        assert_int_equal(narrow(-low), bits | 0x8000);
        assert_int_equal(narrow(half), even);
        assert_int_equal(narrow(nextafter(half, 0)), bits);
        assert_int_equal(narrow(nextafter(half, (double)INFINITY)), bits + 1);
    }
    assert_int_equal(narrow((double)INFINITY), infinity);
    assert_int_equal(narrow(-(double)INFINITY), infinity | 0x8000);
    assert_int_equal(narrow(1e300), infinity);
    assert_int_equal(narrow(1e-300), 0);
    assert_int_equal(narrow(5e-324), 0);
    assert_true(isnan(widen(narrow((double)NAN))));
}

static void test_narrowing(void **state)
{
    (void)state;
    check_format(f16, rt_f16_of_f64, 0x7c00);
    check_format(bf16, rt_bf16_of_f64, 0x7f80);
}

static void test_integers(void **state)
{
    (void)state;
    static const struct {
        spc_dtype dtype;
        double in, out;
    } cases[] = {{SPC_I8, 127.6, 127}, {SPC_I8, -129, -128}, {SPC_I8, 2.5, 2}, {SPC_I8, 3.5, 4}, {SPC_U8, -1, 0},
                 {SPC_U8, 300, 255}, {SPC_I4, 9, 7}, {SPC_I4, -9, -8}, {SPC_I4, -3, -3}, {SPC_I32, 1e10, 2147483647},
                 {SPC_I32, -1e10, -2147483648.0}, {SPC_BOOL, 0.5, 1}, {SPC_BOOL, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(rt_value_of_bits(cases[i].dtype, rt_bits_of_value(cases[i].dtype, cases[i].in)) == cases[i].out);
    assert_int_equal(rt_bits_of_value(SPC_I32, (double)NAN), 0);
}

static void test_packed_bits(void **state)
{
    (void)state;
    static const int widths[] = {1, 2, 4, 8, 16, 32, 64};
    uint64_t seed = 4;
    for (int w = 0; w < 7; w++) {
        unsigned char packed[8 * 64] = {0};
        uint64_t expected[64], mask = widths[w] == 64 ? UINT64_MAX : ((uint64_t)1 << widths[w]) - 1;
        for (int round = 0; round < 2; round++)
            for (int i = 0; i < 64; i++)
                rt_bits_set(packed, widths[w], i, expected[i] = rt_random(&seed) & mask);
        for (int i = 0; i < 64; i++)
            assert_true(rt_bits_get(packed, widths[w], i) == expected[i]);
        assert_int_equal(packed[0], (unsigned char)(widths[w] == 4 ? expected[0] | expected[1] << 4 : packed[0]));
    }
}

static void test_table(void **state)
{
    (void)state;
    assert_string_equal(rt_dtype_name(SPC_BF16), "bf16");
    assert_string_equal(rt_dtype_name((spc_dtype)0), "?");
    assert_string_equal(rt_dtype_name((spc_dtype)77), "?");
    assert_int_equal(rt_dtype_bits(SPC_I4), 4);
    assert_int_equal(rt_dtype_bytes(SPC_I4, 3), 2);
    assert_int_equal(rt_dtype_bytes(SPC_F64, INT64_MAX / 8), -1);
    assert_int_equal(rt_dtype_bytes(SPC_F32, -1), -1);
    const float from[3] = {1.5f, -2, 70000};
    uint16_t to[3];
    rt_convert(SPC_F32, from, SPC_F16, to, 3);
    assert_int_equal(to[0], 0x3e00);
    assert_int_equal(to[2], 0x7c00);
}

static void test_messages_are_one_line(void **state)
{
    (void)state;
    rt_error error;
    assert_int_equal(rt_fail(&error, SPC_E_IO, "a\nb\t%s", "c\x01"), SPC_E_IO);
    assert_string_equal(error.text, "a b c ");
    assert_int_equal(rt_fail(NULL, SPC_E_NOMEM, "x"), SPC_E_NOMEM);
    char big[3000];
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = 0;
    rt_fail(&error, SPC_E_IO, "%s", big);
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_widening),  cmocka_unit_test(test_narrowing),
                                       cmocka_unit_test(test_integers),  cmocka_unit_test(test_packed_bits),
                                       cmocka_unit_test(test_table),     cmocka_unit_test(test_messages_are_one_line)};
    return cmocka_run_group_tests_name("rt_dtype", tests, NULL, NULL);
}
