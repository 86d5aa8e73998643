/* Graph ops along axes in the interpreter, against numbers found by hand. */
#include "tests/unit/interp_graph.h"

static const int64_t none[] = {0, 0};

/* ---- softmax ---- */

static void test_softmax(void **state)
{
    const float x[5 * 3] = {1, 2, 3, 1000, 1000, -INFINITY, -INFINITY, -INFINITY, -INFINITY, 1, NAN, 0, INFINITY, 0, 0};
    float y[15];
    const spc_tensor in[] = {TENSOR(x, F32, 5, 3)}, out[] = {TENSOR(y, F32, 5, 3)};
    /* e^-2, e^-1, 1 over their sum */
    const double want[15] = {0.0900305731703804631, 0.244728471054797642, 0.665240955774821879, 0.5, 0.5, 0, NAN, NAN, NAN,
                             NAN, NAN, NAN, NAN, NAN, NAN};
    (void)state;
    check_graph(ONE_OP("f32[5,3]", "softmax %0", ""), none, in, out);
    assert_floats(y, want, 15);
}

static void test_softmax_of_extents_1_and_0(void **state)
{
    const float x[2] = {-5, 700};
    float y[2] = {7, 7};
    const int64_t one[] = {2, 1}, no_rows[] = {0, 3}, no_columns[] = {2, 0};
    const char *text = ONE_OP("f32[n,k]", "softmax %0", "");
    (void)state;
    check_graph(text, one, (spc_tensor[]){TENSOR(x, F32, 2, 1)}, (spc_tensor[]){TENSOR(y, F32, 2, 1)});
    assert_true(y[0] == 1 && y[1] == 1);
    y[0] = 7;
    check_graph(text, no_rows, (spc_tensor[]){TENSOR(x, F32, 0, 3)}, (spc_tensor[]){TENSOR(y, F32, 0, 3)});
    check_graph(text, no_columns, (spc_tensor[]){TENSOR(x, F32, 2, 0)}, (spc_tensor[]){TENSOR(y, F32, 2, 0)});
    assert_true(y[0] == 7);
}

/* One rounding to the short format, of sums that it could not hold on the way. */
static void test_softmax_of_other_floats(void **state)
{
    uint16_t halves[4096], y[4096], brains[2] = {0x0000, 0x3f80}; /* 0, 1 */
    const double x[2] = {0, 1};
    double z[2];
    memset(halves, 0, sizeof halves);
    (void)state;
    check_graph(ONE_OP("f16[4096]", "softmax %0", ""), none, (spc_tensor[]){TENSOR(halves, F16, 4096)},
                (spc_tensor[]){TENSOR(y, F16, 4096)});
    for (int i = 0; i < 4096; i++) assert_int_equal(y[i], 0x0c00); /* 2^-12 */
    check_graph(ONE_OP("bf16[2]", "softmax %0", ""), none, (spc_tensor[]){TENSOR(brains, BF16, 2)},
                (spc_tensor[]){TENSOR(y, BF16, 2)});
    assert_int_equal(y[0], 0x3e8a); /* 0.26894 is 1.0758 / 4 */
    assert_int_equal(y[1], 0x3f3b); /* 0.73106 is 1.4621 / 2 */
    check_graph(ONE_OP("f64[2]", "softmax %0", ""), none, (spc_tensor[]){TENSOR(x, F64, 2)}, (spc_tensor[]){TENSOR(z, F64, 2)});
    assert_true(fabs(z[0] - 0.26894142136999512075) < 1e-16 && fabs(z[1] - 0.73105857863000487925) < 2e-16);
}

/* ---- norms ---- */

#define NORM(x, op) \
    "dim n\ndim k\ngraph @f {\n %0 = input \"x\" : " x "\n %1 = input \"g\" : f32[4]\n %2 = input \"b\" : f16[4]\n" \
    " %3 = " op "\n output %3 \"y\"\n}\n"

/* The variance of 1 2 3 4 is 5/4 (5/3 with Bessel's correction); with eps 1 the root is 3/2. */
static void test_layernorm(void **state)
{
    const float x[8] = {1, 2, 3, 4, 104, 103, 102, 101}, g[4] = {3, 6, 1, -2};
    const uint16_t b[4] = {0, 0x3c00, 0xbc00, 0x4000}; /* 0, 1, -1, 2 */
    float y[8];
    const spc_tensor in[] = {TENSOR(x, F32, 2, 4), TENSOR(g, F32, 4), TENSOR(b, F16, 4)}, out[] = {TENSOR(y, F32, 2, 4)};
    (void)state;
    check_graph(NORM("f32[2,4]", "layernorm %0, %1, %2 [eps=1.0]"), none, in, out);
    assert_floats(y, (const double[]){-3, -1, -2. / 3, 0, 3, 3, -4. / 3, 4}, 8);
    check_graph(NORM("f32[2,4]", "layernorm %0, %1 [eps=1.0]"), none, in, out);
    assert_floats(y, (const double[]){-3, -2, 1. / 3, -2, 3, 2, -1. / 3, 2}, 8);
}

/* The mean of squares of 6 8 0 0 is 25; of 3 4 0 0, 6.25, to which eps adds 2.75. */
static void test_rmsnorm(void **state)
{
    const float x[8] = {6, 8, 0, 0, 3, 4, 0, -0.0f}, g[4] = {5, 10, 1, 1};
    const uint16_t b[4] = {0};
    float y[8];
    const spc_tensor in[] = {TENSOR(x, F32, 2, 4), TENSOR(g, F32, 4), TENSOR(b, F16, 4)}, out[] = {TENSOR(y, F32, 2, 4)};
    (void)state;
    check_graph(NORM("f32[2,4]", "rmsnorm %0, %1 [eps=0.0]"), none, in, out);
    assert_floats(y, (const double[]){6, 16, 0, 0, 6, 16, 0, 0}, 8);
    check_graph(NORM("f32[2,4]", "rmsnorm %0, %1 [eps=2.75]"), none, in, out);
    assert_floats(y + 4, (const double[]){5, 40. / 3, 0, 0}, 4);
}

static void test_norms_of_odd_rows(void **state)
{
    const float zeros[4] = {0}, one[1] = {5}, g[1] = {2}, big[2] = {3e30f, -3e30f};
    float y[4] = {7, 7, 7, 7};
    const spc_tensor in[] = {TENSOR(zeros, F32, 1, 4), TENSOR(zeros, F32, 4), TENSOR(zeros, F16, 4)};
    const spc_tensor single[] = {TENSOR(one, F32, 1, 1), TENSOR(g, F32, 1)}, empty[] = {TENSOR(one, F32, 1, 0), TENSOR(g, F32, 0)};
    const char *text = "dim n\ndim k\ngraph @f {\n %0 = input \"x\" : f32[n,k]\n %1 = input \"g\" : f32[k]\n"
                       " %2 = layernorm %0, %1, %1 [eps=1e-05]\n output %2 \"y\"\n}\n";
    (void)state;
    check_graph(NORM("f32[1,4]", "rmsnorm %0, %1 [eps=0.0]"), none, in, (spc_tensor[]){TENSOR(y, F32, 1, 4)});
    assert_true(isnan(y[0]) && isnan(y[3]));
    /* a single element is its own mean: only the bias is left */
    check_graph(text, (int64_t[]){1, 1}, single, (spc_tensor[]){TENSOR(y, F32, 1, 1)});
    assert_true(y[0] == 2);
    check_graph(text, (int64_t[]){1, 0}, empty, (spc_tensor[]){TENSOR(y, F32, 1, 0)});
    /* squares that f32 could not hold */
    const spc_tensor large[] = {TENSOR(big, F32, 1, 2), TENSOR(((float[]){1, 1}), F32, 2)};
    check_graph(text, (int64_t[]){1, 2}, large, (spc_tensor[]){TENSOR(y, F32, 1, 2)});
    assert_floats(y, (const double[]){2, 0}, 2);
}

/* ---- sums and means ---- */

static void test_sum_over_every_set_of_axes(void **state)
{
    float x[2 * 3 * 4], y[24];
    for (int i = 0; i < 24; i++) x[i] = (float)(i * i % 17 - 5);
    static const struct {
        const char *text;
        int rank, keep[3];
    } cases[] = {
        {ONE_OP("f32[2,3,4]", "sum %0 [axes=(0)]", ": f32[3,4]"), 2, {0, 1, 1}},
        {ONE_OP("f32[2,3,4]", "sum %0 [axes=(1)]", ": f32[2,4]"), 2, {1, 0, 1}},
        {ONE_OP("f32[2,3,4]", "sum %0 [axes=(2)]", ": f32[2,3]"), 2, {1, 1, 0}},
        {ONE_OP("f32[2,3,4]", "sum %0 [axes=(0,1)]", ": f32[4]"), 1, {0, 0, 1}},
        {ONE_OP("f32[2,3,4]", "sum %0 [axes=(0,2)]", ": f32[3]"), 1, {0, 1, 0}},
        {ONE_OP("f32[2,3,4]", "sum %0 [axes=(1,2)]", ": f32[2]"), 1, {1, 0, 0}},
        {ONE_OP("f32[2,3,4]", "sum %0 [axes=(0,1,2)]", ": f32[]"), 0, {0, 0, 0}},
    };
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const int *keep = cases[c].keep, extents[3] = {keep[0] ? 2 : 1, keep[1] ? 3 : 1, keep[2] ? 4 : 1};
        float want[24] = {0};
        spc_tensor out = {y, SPC_F32, cases[c].rank, {0}};
        for (int a = 0, at = 0; a < 3; a++)
            if (keep[a]) out.dims[at++] = extents[a];
        for (int i = 0; i < 2; i++)
            for (int j = 0; j < 3; j++)
                for (int k = 0; k < 4; k++)
                    want[((i * keep[0]) * extents[1] + j * keep[1]) * extents[2] + k * keep[2]] += x[(i * 3 + j) * 4 + k];
        check_graph(cases[c].text, none, (spc_tensor[]){TENSOR(x, F32, 2, 3, 4)}, &out);
        assert_memory_equal(y, want, sizeof(float) * (size_t)(extents[0] * extents[1] * extents[2]));
    }
}

static void test_sums_are_kept_in_f64(void **state)
{
    const float x[3] = {1e8f, 1, -1e8f};
    const uint16_t halves[3] = {0x6800, 0x3c00, 0x3c00}, brains[3] = {0x4380, 0x3f80, 0x3f80}; /* 2048 or 256, 1, 1 */
    float y;
    uint16_t z;
    (void)state;
    check_graph(ONE_OP("f32[3]", "sum %0 [axes=(0)]", ": f32[]"), none, (spc_tensor[]){TENSOR(x, F32, 3)},
                (spc_tensor[]){TENSOR(&y, F32, )});
    assert_true(y == 1);
    check_graph(ONE_OP("f16[3]", "sum %0 [axes=(0)]", ": f16[]"), none, (spc_tensor[]){TENSOR(halves, F16, 3)},
                (spc_tensor[]){TENSOR(&z, F16, )});
    assert_int_equal(z, 0x6801); /* 2050 */
    check_graph(ONE_OP("bf16[3]", "sum %0 [axes=(0)]", ": bf16[]"), none, (spc_tensor[]){TENSOR(brains, BF16, 3)},
                (spc_tensor[]){TENSOR(&z, BF16, )});
    assert_int_equal(z, 0x4381); /* 258 */
}

static void test_integers_sum_to_i32(void **state)
{
    const int8_t bytes[3] = {-128, -128, -100};
    const uint8_t unsigneds[3] = {255, 255, 1};
    const int32_t words[3] = {INT32_MAX, INT32_MAX, 4};
    int32_t y;
    (void)state;
    check_graph(ONE_OP("i8[3]", "sum %0 [axes=(0)]", ": i32[]"), none, (spc_tensor[]){TENSOR(bytes, I8, 3)},
                (spc_tensor[]){TENSOR(&y, I32, )});
    assert_int_equal(y, -356);
    check_graph(ONE_OP("u8[3]", "sum %0 [axes=(0)]", ": i32[]"), none, (spc_tensor[]){TENSOR(unsigneds, U8, 3)},
                (spc_tensor[]){TENSOR(&y, I32, )});
    assert_int_equal(y, 511);
    check_graph(ONE_OP("i32[3]", "sum %0 [axes=(0)]", ": i32[]"), none, (spc_tensor[]){TENSOR(words, I32, 3)},
                (spc_tensor[]){TENSOR(&y, I32, )});
    assert_int_equal(y, 2); /* 2^32 + 2 wraps */
}

static void test_mean(void **state)
{
    const float x[6] = {1, 2, 4, 1, NAN, 3};
    const double wide[3] = {1, 1, 2};
    float y[2];
    double z;
    (void)state;
    check_graph(ONE_OP("f32[2,3]", "mean %0 [axes=(1)]", ": f32[2]"), none, (spc_tensor[]){TENSOR(x, F32, 2, 3)},
                (spc_tensor[]){TENSOR(y, F32, 2)});
    assert_floats(y, (const double[]){7. / 3, NAN}, 2);
    check_graph(ONE_OP("f64[3]", "mean %0 [axes=(0)]", ": f64[]"), none, (spc_tensor[]){TENSOR(wide, F64, 3)},
                (spc_tensor[]){TENSOR(&z, F64, )});
    assert_true(z == 4. / 3);
}

static void test_sums_of_nothing(void **state)
{
    float y[3] = {7, 7, 7};
    const spc_tensor in[] = {TENSOR(y, F32, 0, 3)}, out[] = {TENSOR(y, F32, 3)};
    (void)state;
    check_graph(ONE_OP("f32[n,3]", "sum %0 [axes=(0)]", ": f32[3]"), none, in, out);
    assert_floats(y, (const double[]){0, 0, 0}, 3);
    check_graph(ONE_OP("f32[n,3]", "mean %0 [axes=(0)]", ": f32[3]"), none, in, out);
    assert_floats(y, (const double[]){NAN, NAN, NAN}, 3);
    y[0] = 7;
    check_graph(ONE_OP("f32[n,3]", "sum %0 [axes=(1)]", ": f32[n]"), none, in, (spc_tensor[]){TENSOR(y, F32, 0)});
    assert_true(y[0] == 7);
}

/* ---- the largest ---- */

static void test_amax(void **state)
{
    const float x[4 * 3] = {1, 3, 2, -1, NAN, 5, -INFINITY, -INFINITY, -INFINITY, -3, -2, -4};
    float y[4];
    (void)state;
    check_graph(ONE_OP("f32[4,3]", "amax %0 [axes=(1)]", ": f32[4]"), none, (spc_tensor[]){TENSOR(x, F32, 4, 3)},
                (spc_tensor[]){TENSOR(y, F32, 4)});
    assert_floats(y, (const double[]){3, NAN, -INFINITY, -2}, 2);
    assert_true(y[2] == -INFINITY && y[3] == -2);
    check_graph(ONE_OP("f32[4,3]", "amax %0 [axes=(0,1)]", ": f32[]"), none, (spc_tensor[]){TENSOR(x, F32, 4, 3)},
                (spc_tensor[]){TENSOR(y, F32, )});
    assert_true(isnan(y[0]));
}

static void test_amax_of_other_dtypes(void **state)
{
    const int8_t bytes[3] = {-128, -3, -100};
    const uint8_t unsigneds[3] = {100, 200, 3};
    const int32_t words[3] = {INT32_MIN, -7, INT32_MIN};
    const uint16_t halves[3] = {0xbc00, 0x0001, 0x8000}; /* -1, the least subnormal, -0 */
    const double wide[3] = {1, 1 + 0x1p-50, 1};
    int8_t b;
    uint8_t u;
    int32_t w;
    uint16_t h;
    double d;
    (void)state;
    check_graph(ONE_OP("i8[3]", "amax %0 [axes=(0)]", ": i8[]"), none, (spc_tensor[]){TENSOR(bytes, I8, 3)},
                (spc_tensor[]){TENSOR(&b, I8, )});
    check_graph(ONE_OP("u8[3]", "amax %0 [axes=(0)]", ": u8[]"), none, (spc_tensor[]){TENSOR(unsigneds, U8, 3)},
                (spc_tensor[]){TENSOR(&u, U8, )});
    check_graph(ONE_OP("i32[3]", "amax %0 [axes=(0)]", ": i32[]"), none, (spc_tensor[]){TENSOR(words, I32, 3)},
                (spc_tensor[]){TENSOR(&w, I32, )});
    check_graph(ONE_OP("f16[3]", "amax %0 [axes=(0)]", ": f16[]"), none, (spc_tensor[]){TENSOR(halves, F16, 3)},
                (spc_tensor[]){TENSOR(&h, F16, )});
    check_graph(ONE_OP("f64[3]", "amax %0 [axes=(0)]", ": f64[]"), none, (spc_tensor[]){TENSOR(wide, F64, 3)},
                (spc_tensor[]){TENSOR(&d, F64, )});
    assert_int_equal(b, -3);
    assert_int_equal(u, 200);
    assert_int_equal(w, -7);
    assert_int_equal(h, 1);
    assert_true(d == 1 + 0x1p-50);
}

static void test_argmax(void **state)
{
    const float x[5 * 3] = {1, 3, 3, 5, NAN, NAN, -INFINITY, -INFINITY, -INFINITY, 0, -0.0f, 0, 2, 1, INFINITY};
    const uint8_t unsigneds[2 * 2] = {1, 200, 128, 127};
    int32_t y[5];
    (void)state;
    check_graph(ONE_OP("f32[5,3]", "argmax %0 [axes=(1)]", ": i32[5]"), none, (spc_tensor[]){TENSOR(x, F32, 5, 3)},
                (spc_tensor[]){TENSOR(y, I32, 5)});
    assert_memory_equal(y, ((const int32_t[]){1, 1, 0, 0, 2}), sizeof y);
    check_graph(ONE_OP("f32[5,3]", "argmax %0 [axes=(0)]", ": i32[3]"), none, (spc_tensor[]){TENSOR(x, F32, 5, 3)},
                (spc_tensor[]){TENSOR(y, I32, 3)});
    assert_memory_equal(y, ((const int32_t[]){1, 1, 1}), 12);
    check_graph(ONE_OP("u8[2,2]", "argmax %0 [axes=(0)]", ": i32[2]"), none, (spc_tensor[]){TENSOR(unsigneds, U8, 2, 2)},
                (spc_tensor[]){TENSOR(y, I32, 2)});
    assert_memory_equal(y, ((const int32_t[]){1, 0}), 8);
}

static void test_the_largest_of_nothing_is_an_error(void **state)
{
    float y[3] = {7, 7, 7};
    int32_t z[3] = {7, 7, 7};
    const spc_tensor in[] = {TENSOR(y, F32, 0, 3)}, out[] = {TENSOR(y, F32, 3)}, index[] = {TENSOR(z, I32, 3)};
    (void)state;
    check_refused(ONE_OP("f32[n,3]", "amax %0 [axes=(0)]", ": f32[3]"), none, in, out, "amax over axis 0, which is empty");
    check_refused(ONE_OP("f32[n,3]", "argmax %0 [axes=(0)]", ": i32[3]"), none, in, index, "argmax over axis 0, which is empty");
    /* no rows, but each would have a largest */
    check_graph(ONE_OP("f32[n,3]", "amax %0 [axes=(1)]", ": f32[n]"), none, in, (spc_tensor[]){TENSOR(y, F32, 0)});
    check_graph(ONE_OP("f32[n,3]", "argmax %0 [axes=(1)]", ": i32[n]"), none, in, (spc_tensor[]){TENSOR(z, I32, 0)});
    assert_true(y[0] == 7 && z[0] == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_softmax), cmocka_unit_test(test_softmax_of_extents_1_and_0),
        cmocka_unit_test(test_softmax_of_other_floats), cmocka_unit_test(test_layernorm), cmocka_unit_test(test_rmsnorm),
        cmocka_unit_test(test_norms_of_odd_rows), cmocka_unit_test(test_sum_over_every_set_of_axes),
        cmocka_unit_test(test_sums_are_kept_in_f64), cmocka_unit_test(test_integers_sum_to_i32),
        cmocka_unit_test(test_mean), cmocka_unit_test(test_sums_of_nothing), cmocka_unit_test(test_amax),
        cmocka_unit_test(test_amax_of_other_dtypes), cmocka_unit_test(test_argmax),
        cmocka_unit_test(test_the_largest_of_nothing_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
