/* Elementwise ops and conversions of the interpreter, through kernels, against expectations worked out otherwise. */
#include "tests/unit/interp_text.h"
#include <math.h>

enum { LANES = 8 };

static const float xs[LANES] = {1.5f, -2.25f, 0.0f, 7.0f, NAN, INFINITY, -INFINITY, 3.0f};
static const float ys[LANES] = {2.0f, 0.5f, -0.0f, 7.0f, 1.0f, -1.0f, 2.0f, NAN};

/* z = op(x, y, x) on f32x8; nargs of them. */
static void apply_f32(const char *op, int nargs, float z[LANES])
{
    static const char *const operands[] = {"", "%2", "%2, %3", "%2, %3, %2"};
    char text[600];
    snprintf(text, sizeof text,
             "kernel @k {\n %%0 = param \"x\" : buffer f32\n %%1 = param \"y\" : buffer f32\n"
             " %%9 = param \"z\" : buffer f32\n" " %%100 = param \"task\" : index\n %%101 = param \"tasks\" : index\n"
             " %%2 = load %%0, 0 : f32x8\n %%3 = load %%1, 0 : f32x8\n %%4 = %s %s%s\n store %%4, %%9, 0\n}\n",
             op, operands[nargs], strcmp(op, "fma") && nargs > 1 ? " : f32x8" : "");
    RUN_KERNEL(text, (void *)xs, (void *)ys, z);
}

static void same(const char *op, int lane, double got, double want, double tolerance)
{
    if (isnan(want) ? isnan(got) : got == want || fabs(got - want) <= tolerance * fabs(want)) return;
    fail_msg("%s, lane %d: %.9g, not %.9g", op, lane, got, want);
}

static double larger(double a, double b) { return isnan(a) || isnan(b) ? NAN : fmax(a, b); }
static double smaller(double a, double b) { return isnan(a) || isnan(b) ? NAN : fmin(a, b); }
static double add(double a, double b) { return a + b; }
static double sub(double a, double b) { return a - b; }
static double mul(double a, double b) { return a * b; }
static double quotient(double a, double b) { return a / b; }

static void test_binary_f32(void **state)
{
    static const struct {
        const char *name;
        double (*want)(double, double);
    } ops[] = {{"add", add}, {"sub", sub}, {"mul", mul}, {"div", quotient}, {"max", larger}, {"min", smaller}};
    (void)state;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        float z[LANES];
        apply_f32(ops[i].name, 2, z);
        for (int k = 0; k < LANES; k++) same(ops[i].name, k, z[k], (float)ops[i].want(xs[k], ys[k]), 0);
    }
}

static double relu(double a) { return isnan(a) ? a : a > 0 ? a : 0; }
static double relu6(double a) { return isnan(a) ? a : fmin(fmax(a, 0), 6); }
static double gelu(double a) { return a * (0.5 + 0.5 * erf(a / sqrt(2))); }
static double gelu_tanh(double a) { return 0.5 * a * (1 + tanh(sqrt(2 / acos(-1)) * (a + 0.044715 * a * a * a))); }
static double sigmoid(double a) { return 1 / (1 + exp(-a)); }
static double silu(double a) { return a * sigmoid(a); }
static double negate(double a) { return -a; }

static void test_unary_f32(void **state)
{
    static const struct {
        const char *name;
        double (*want)(double);
        double tolerance;
    } ops[] = {{"neg", negate, 0}, {"abs", fabs, 0}, {"sqrt", sqrt, 1e-7}, {"exp", exp, 1e-7}, {"tanh", tanh, 1e-7},
               {"round", nearbyint, 0}, {"relu", relu, 0}, {"relu6", relu6, 0}, {"gelu", gelu, 1e-7},
               {"gelu_tanh", gelu_tanh, 1e-7}, {"sigmoid", sigmoid, 1e-7}, {"silu", silu, 1e-7}};
    (void)state;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        float z[LANES];
        apply_f32(ops[i].name, 1, z);
        for (int k = 0; k < LANES; k++) same(ops[i].name, k, z[k], (float)ops[i].want(xs[k]), ops[i].tolerance);
    }
}

static void test_leaky_relu(void **state)
{
    float z[LANES];
    (void)state;
    RUN_KERNEL("kernel @k {\n %0 = param \"x\" : buffer f32\n %1 = param \"z\" : buffer f32\n" TASK_PARAMS
               " %2 = load %0, 0 : f32x8\n %3 = leaky_relu %2 [slope=0.25]\n store %3, %1, 0\n}\n", (void *)xs, z);
    for (int k = 0; k < LANES; k++) same("leaky_relu", k, z[k], xs[k] > 0 ? xs[k] : 0.25 * (double)xs[k], 0);
}

static void test_fma_rounds_the_sum_only(void **state)
{
    float x = 0x1.000002p0f, y = -0x1.000004p0f, z[2] = {0};
    (void)state;
    RUN_KERNEL("kernel @k {\n %0 = param \"x\" : buffer f32\n %1 = param \"y\" : buffer f32\n"
               " %2 = param \"z\" : buffer f32\n" TASK_PARAMS
               " %3 = load %0, 0 : f32\n %4 = load %1, 0 : f32\n %5 = fma %3, %3, %4\n store %5, %2, 0\n}\n", &x, &y, z);
    assert_true(z[0] == 0x1p-46f);
    float all[LANES];
    apply_f32("fma", 3, all);
    for (int k = 0; k < LANES; k++) same("fma", k, all[k], (double)xs[k] * (double)ys[k] + (double)xs[k], 1e-7);
}

static void test_comparisons(void **state)
{
    static const char *const names[] = {"eq", "ne", "lt", "le", "gt", "ge"};
    (void)state;
    for (int i = 0; i < 6; i++) {
        char text[500];
        uint8_t z[LANES];
        snprintf(text, sizeof text,
                 "kernel @k {\n %%0 = param \"x\" : buffer f32\n %%1 = param \"y\" : buffer f32\n"
                 " %%9 = param \"z\" : buffer bool\n %%100 = param \"task\" : index\n %%101 = param \"tasks\" : index\n"
                 " %%2 = load %%0, 0 : f32x8\n %%3 = load %%1, 0 : f32x8\n %%4 = %s %%2, %%3 : boolx8\n store %%4, %%9, 0\n}\n",
                 names[i]);
        RUN_KERNEL(text, (void *)xs, (void *)ys, z);
        for (int k = 0; k < LANES; k++) {
            const bool want[] = {xs[k] == ys[k], xs[k] != ys[k], xs[k] < ys[k], xs[k] <= ys[k], xs[k] > ys[k], xs[k] >= ys[k]};
            assert_int_equal(z[k], want[i]);
        }
    }
}

/* ---- integers ---- */

static int64_t apply_int(const char *op, const char *dtype, int64_t a, int64_t b)
{
    char text[700];
    int64_t z = 0;
    snprintf(text, sizeof text,
             "kernel @k {\n %%0 = param \"x\" : buffer i64\n %%1 = param \"z\" : buffer i64\n"
             " %%100 = param \"task\" : index\n %%101 = param \"tasks\" : index\n"
             " %%2 = load %%0, 0 : i64\n %%3 = load %%0, 1 : i64\n %%4 = cast %%2 : %s\n %%5 = cast %%3 : %s\n"
             " %%6 = %s %%4, %%5%s%s\n %%7 = cast %%6 : i64\n store %%7, %%1, 0\n}\n",
             dtype, dtype, op, strcmp(op, "xor") && strncmp(op, "sh", 2) && strcmp(op, "rem") ? " : " : "",
             strcmp(op, "xor") && strncmp(op, "sh", 2) && strcmp(op, "rem") ? dtype : "");
    int64_t x[2] = {a, b};
    RUN_KERNEL(text, x, &z);
    return z;
}

static void test_integers_wrap(void **state)
{
    (void)state;
    assert_int_equal(apply_int("add", "i8", 100, 100), -56);
    assert_int_equal(apply_int("sub", "u8", 3, 5), 254);
    assert_int_equal(apply_int("mul", "i32", 65536, 65537), 65536);
    assert_int_equal(apply_int("mul", "i16", 300, 300), 24464);
    assert_int_equal(apply_int("add", "u32", 4294967295, 2), 1);
    assert_int_equal(apply_int("add", "i64", INT64_MAX, 1), INT64_MIN);
    assert_int_equal(apply_int("max", "i8", -3, 2), 2);
    assert_int_equal(apply_int("max", "u8", 200, 100), 200);
    assert_int_equal(apply_int("min", "i32", -3, 2), -3);
    assert_int_equal(apply_int("div", "index", -7, 2), -3);
    assert_int_equal(apply_int("rem", "index", -7, 2), -1);
    assert_int_equal(apply_int("div", "index", INT64_MIN, -1), INT64_MIN);
}

static void test_bits(void **state)
{
    (void)state;
    assert_int_equal(apply_int("and", "u8", 0xcc, 0xaa), 0x88);
    assert_int_equal(apply_int("or", "i32", 0x0c, 0x0a), 0x0e);
    assert_int_equal(apply_int("xor", "i64", -1, 5), -6);
    assert_int_equal(apply_int("shl", "i32", 1, 31), INT32_MIN);
    assert_int_equal(apply_int("shr", "i32", -8, 1), -4);
    assert_int_equal(apply_int("shr", "u32", 0xfffffff0, 4), 0x0fffffff);
    assert_int_equal(apply_int("shl", "u8", 0x81, 1), 2);
    assert_int_equal(apply_int("eq", "bool", 0, 0), 1);
}

/* ---- cast ---- */

/* Bytes of the cast of one element of `from` to `to`. */
static void cast_one(const char *from, const void *x, const char *to, void *z)
{
    char text[400];
    snprintf(text, sizeof text,
             "kernel @k {\n %%0 = param \"x\" : buffer %s\n %%1 = param \"z\" : buffer %s\n"
             " %%100 = param \"task\" : index\n %%101 = param \"tasks\" : index\n"
             " %%2 = load %%0, 0 : %s\n %%3 = cast %%2 : %s\n store %%3, %%1, 0\n}\n", from, to, from, to);
    RUN_KERNEL(text, (void *)x, z);
}

static void test_float_to_integer(void **state)
{
    static const struct {
        float x;
        int i8, u8;
        int32_t i32;
        int64_t i64;
        bool b;
    } cases[] = {{1.9f, 1, 1, 1, 1, true}, {-1.9f, -1, 0, -1, -1, true}, {0.5f, 0, 0, 0, 0, true},
                 {300, 127, 255, 300, 300, true}, {-300, -128, 0, -300, -300, true}, {NAN, 0, 0, 0, 0, true},
                 {INFINITY, 127, 255, INT32_MAX, INT64_MAX, true}, {-INFINITY, -128, 0, INT32_MIN, INT64_MIN, true},
                 {0x1p31f, 127, 255, INT32_MAX, INT64_C(1) << 31, true}, {0x1p63f, 127, 255, INT32_MAX, INT64_MAX, true},
                 {-0.0f, 0, 0, 0, 0, false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int8_t i8;
        uint8_t u8, b;
        int32_t i32;
        int64_t i64;
        cast_one("f32", &cases[i].x, "i8", &i8);
        cast_one("f32", &cases[i].x, "u8", &u8);
        cast_one("f32", &cases[i].x, "i32", &i32);
        cast_one("f32", &cases[i].x, "i64", &i64);
        cast_one("f32", &cases[i].x, "bool", &b);
        assert_int_equal(i8, cases[i].i8);
        assert_int_equal(u8, cases[i].u8);
        assert_int_equal(i32, cases[i].i32);
        assert_int_equal(i64, cases[i].i64);
        assert_int_equal(b, cases[i].b);
    }
}

static void test_integer_to_any(void **state)
{
    const int32_t x = -129, y = 300;
    const int64_t big = (INT64_C(1) << 53) + 1, tie = (INT64_C(1) << 56) + (INT64_C(1) << 48) + 1;
    int8_t i8;
    uint8_t u8;
    float f;
    double d;
    uint16_t half;
    (void)state;
    cast_one("i32", &x, "i8", &i8);
    assert_int_equal(i8, 127);
    cast_one("i32", &y, "u8", &u8);
    assert_int_equal(u8, 44);
    cast_one("i32", &x, "f32", &f);
    assert_true(f == -129.0f);
    cast_one("i64", &big, "f64", &d);
    assert_true(d == 0x1p53);
    cast_one("i32", &y, "bool", &u8);
    assert_int_equal(u8, 1);
    /* One past the tie of two bf16 values: rounding twice would give the even one, below. */
    cast_one("i64", &tie, "bf16", &half);
    assert_int_equal(half, 0x5b81);
}

static uint16_t to_half(const char *dtype, double x)
{
    uint16_t bits;
    cast_one("f64", &x, dtype, &bits);
    return bits;
}

static void test_short_floats_round_to_even(void **state)
{
    (void)state;
    assert_int_equal(to_half("f16", 1.0), 0x3c00);
    assert_int_equal(to_half("f16", -2.0), 0xc000);
    assert_int_equal(to_half("f16", 65504.0), 0x7bff);
    assert_int_equal(to_half("f16", 65519.9), 0x7bff);
    assert_int_equal(to_half("f16", 65520.0), 0x7c00);
    assert_int_equal(to_half("f16", 0x1p-24), 0x0001);
    assert_int_equal(to_half("f16", 0x1p-25), 0x0000);
    assert_int_equal(to_half("f16", 0x1.8p-24), 0x0002);
    assert_int_equal(to_half("f16", 0x1.002p0), 0x3c00);
    assert_int_equal(to_half("f16", 0x1.006p0), 0x3c02);
    /* Rounding to f32 on the way would make a tie of it. */
    assert_int_equal(to_half("f16", 0x1.0020000001p0), 0x3c01);
    assert_int_equal(to_half("bf16", 1.0), 0x3f80);
    assert_int_equal(to_half("bf16", 0x1.01p0), 0x3f80);
    assert_int_equal(to_half("bf16", 0x1.03p0), 0x3f82);
    assert_int_equal(to_half("bf16", 0x1.ffp127), 0x7f80);
    assert_int_equal(to_half("bf16", 0x1p-133), 0x0001);
    assert_true((to_half("f16", NAN) & 0x7fff) > 0x7c00);
    assert_true((to_half("bf16", NAN) & 0x7fff) > 0x7f80);
}

/* All 65536 patterns go to f32 and back unchanged, by loops of one kernel. */
static void check_round_trip(const char *dtype)
{
    static uint16_t x[65536], z[65536];
    char text[500];
    for (int i = 0; i < 65536; i++) x[i] = (uint16_t)i;
    memset(z, 0, sizeof z);
    snprintf(text, sizeof text,
             "kernel @k {\n %%0 = param \"x\" : buffer %s\n %%1 = param \"z\" : buffer %s\n"
             " %%100 = param \"task\" : index\n %%101 = param \"tasks\" : index\n"
             " %%2 = for 0, 65536, 64 {\n %%3 = load %%0, %%2 : %sx64\n %%4 = cast %%3 : f32x64\n"
             " %%5 = cast %%4 : %sx64\n store %%5, %%1, %%2\n }\n}\n", dtype, dtype, dtype, dtype);
    RUN_KERNEL(text, x, z);
    for (int i = 0; i < 65536; i++) {
        const bool nan = (i & 0x7fff) > (strcmp(dtype, "f16") ? 0x7f80 : 0x7c00);
        if (nan) assert_true((z[i] & 0x7fff) > (strcmp(dtype, "f16") ? 0x7f80 : 0x7c00));
        else assert_int_equal(z[i], i);
    }
}

static void test_short_floats_round_trip(void **state)
{
    (void)state;
    check_round_trip("f16");
    check_round_trip("bf16");
}

static void test_f16_arithmetic_rounds(void **state)
{
    const uint16_t x[2] = {0x3c00, 0x1000}; /* 1 + 2^-11 is a tie; to even gives 1 */
    uint16_t z;
    (void)state;
    RUN_KERNEL("kernel @k {\n %0 = param \"x\" : buffer f16\n %1 = param \"z\" : buffer f16\n" TASK_PARAMS
               " %2 = load %0, 0 : f16\n %3 = load %0, 1 : f16\n %4 = add %2, %3 : f16\n store %4, %1, 0\n}\n",
               (void *)x, &z);
    assert_int_equal(z, 0x3c00);
}

static void test_select_and_not(void **state)
{
    const uint8_t c[4] = {1, 0, 1, 0};
    float z[4];
    uint8_t flipped[4];
    (void)state;
    RUN_KERNEL("kernel @k {\n %0 = param \"c\" : buffer bool\n %1 = param \"x\" : buffer f32\n"
               " %2 = param \"z\" : buffer f32\n %3 = param \"f\" : buffer bool\n" TASK_PARAMS
               " %4 = load %0, 0 : boolx4\n %5 = load %1, 0 : f32x4\n %6 = const -1 : f32x4\n"
               " %7 = select %4, %5, %6 : f32x4\n store %7, %2, 0\n %8 = not %4\n store %8, %3, 0\n}\n",
               (void *)c, (void *)(xs + 2), z, flipped);
    assert_true(z[0] == 0 && z[1] == -1 && isnan(z[2]) && z[3] == -1);
    for (int k = 0; k < 4; k++) assert_int_equal(flipped[k], !c[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_binary_f32), cmocka_unit_test(test_unary_f32), cmocka_unit_test(test_leaky_relu),
        cmocka_unit_test(test_fma_rounds_the_sum_only), cmocka_unit_test(test_comparisons),
        cmocka_unit_test(test_integers_wrap), cmocka_unit_test(test_bits), cmocka_unit_test(test_float_to_integer),
        cmocka_unit_test(test_integer_to_any), cmocka_unit_test(test_short_floats_round_to_even),
        cmocka_unit_test(test_short_floats_round_trip), cmocka_unit_test(test_f16_arithmetic_rounds),
        cmocka_unit_test(test_select_and_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
