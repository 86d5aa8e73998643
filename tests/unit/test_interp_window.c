/* Graph ops over images in the interpreter: windows lie where stride, dilation and padding put them, pooled padding counts
 * for nothing, resized images come out as other frameworks have them. */
#include "tests/unit/interp_graph.h"

static const int64_t none[] = {0, 0};

static void count_up(float *x, int n)
{
    for (int i = 0; i < n; i++) x[i] = (float)i;
}

/* A graph with an image and a filter as inputs. */
#define TWO_INPUTS(from, filter, op, to)                                                                       \
    "dim n\ndim k\ngraph @f {\n %0 = input \"x\" : " from "\n %1 = input \"w\" : " filter "\n %2 = " op " " to \
    "\n output %2 \"y\"\n}\n"

/* The convolutions of the ONNX suite (a 5 x 5 image that counts up, a window of ones). */
static void test_conv2d_padding(void **state)
{
    static const double want[] = {12, 21, 27, 33, 24, 33, 54, 63, 72, 51, 63, 99, 108, 117, 81,
                                  93, 144, 153, 162, 111, 72, 111, 117, 123, 84};
    float x[25], w[9], y[25];
    (void)state;
    count_up(x, 25);
    for (int i = 0; i < 9; i++) w[i] = 1;
    const spc_tensor in[] = {TENSOR(x, F32, 1, 5, 5, 1), TENSOR(w, F32, 1, 3, 3, 1)};
    check_graph(TWO_INPUTS("f32[1,5,5,1]", "f32[1,3,3,1]",
                           "conv2d %0, %1 [stride=(1,1), dilation=(1,1), before=\"1;1\"]", ": f32[1,5,5,1]"),
                none, in, (spc_tensor[]){TENSOR(y, F32, 1, 5, 5, 1)});
    assert_floats(y, want, 25);
    check_graph(TWO_INPUTS("f32[1,5,5,1]", "f32[1,3,3,1]",
                           "conv2d %0, %1 [stride=(2,2), dilation=(1,1), before=\"0;0\"]", ": f32[1,2,2,1]"),
                none, in, (spc_tensor[]){TENSOR(y, F32, 1, 2, 2, 1)});
    assert_floats(y, (double[]){54, 72, 144, 162}, 4);
}

/* Each axis of the filter is told apart: out 1, row 1, column 0, input 1 alone is not zero. */
static void test_conv2d_axes(void **state)
{
    float x[2 * 3 * 4 * 2], w[2 * 2 * 3 * 2] = {0}, y[2 * 2 * 2 * 2];
    (void)state;
    count_up(x, 48);
    w[((1 * 2 + 1) * 3 + 0) * 2 + 1] = 10;
    check_graph(TWO_INPUTS("f32[2,3,4,2]", "f32[2,2,3,2]",
                           "conv2d %0, %1 [stride=(1,1), dilation=(1,1), before=\"0;0\"]", ": f32[2,2,2,2]"),
                none, (spc_tensor[]){TENSOR(x, F32, 2, 3, 4, 2), TENSOR(w, F32, 2, 2, 3, 2)},
                (spc_tensor[]){TENSOR(y, F32, 2, 2, 2, 2)});
    for (int n = 0; n < 2; n++)
        for (int oy = 0; oy < 2; oy++)
            for (int ox = 0; ox < 2; ox++) {
                const float *pixel = y + ((n * 2 + oy) * 2 + ox) * 2;
                assert_true(pixel[0] == 0);
                assert_true(pixel[1] == 10 * x[((n * 3 + oy + 1) * 4 + ox) * 2 + 1]);
            }
}

static void test_depthwise(void **state)
{
    float x[1 * 4 * 1 * 2], w[2 * 1 * 2] = {1, 2, 10, 20}, y[6];
    (void)state;
    count_up(x, 8);
    /* rows -1 and 1, 1 and 3, 3 and 5 of each channel: dilated, strided, padded at both ends */
    check_graph(TWO_INPUTS("f32[1,4,1,2]", "f32[2,1,2]",
                           "depthwise_conv2d %0, %1 [stride=(2,1), dilation=(2,1), before=\"1;0\"]", ": f32[1,3,1,2]"),
                none, (spc_tensor[]){TENSOR(x, F32, 1, 4, 1, 2), TENSOR(w, F32, 2, 1, 2)},
                (spc_tensor[]){TENSOR(y, F32, 1, 3, 1, 2)});
    assert_floats(y, (double[]){20, 60, 2 + 60, 6 + 140, 6, 14}, 6);
}

static void test_integers_wrap(void **state)
{
    const int32_t x[2] = {INT32_MAX, 5}, w[1] = {2};
    int32_t y[2];
    (void)state;
    check_graph(TWO_INPUTS("i32[1,1,2,1]", "i32[1,1,1]",
                           "depthwise_conv2d %0, %1 [stride=(1,1), dilation=(1,1), before=\"0;0\"]", ": i32[1,1,2,1]"),
                none, (spc_tensor[]){TENSOR(x, I32, 1, 1, 2, 1), TENSOR(w, I32, 1, 1, 1)},
                (spc_tensor[]){TENSOR(y, I32, 1, 1, 2, 1)});
    assert_int_equal(y[0], -2);
    assert_int_equal(y[1], 10);
}

static void test_pools(void **state)
{
    float x[4] = {-3, -1, -5, NAN}, y[4];
    const spc_tensor in[] = {TENSOR(x, F32, 1, 1, 4, 1)}, out[] = {TENSOR(y, F32, 1, 1, 3, 1)};
    (void)state;
    check_graph(ONE_OP("f32[1,1,4,1]", "maxpool2d %0 [size=(1,2), stride=(1,2), before=\"0;1\"]", ": f32[1,1,3,1]"), none, in, out);
    assert_floats(y, (double[]){-3, -1, NAN}, 3);
    check_graph(ONE_OP("f32[1,1,4,1]", "avgpool2d %0 [size=(1,2), stride=(1,2), before=\"0;1\"]", ": f32[1,1,3,1]"), none, in, out);
    assert_floats(y, (double[]){-3, -3, NAN}, 3);
    const int8_t small[3] = {-128, -7, 3};
    int8_t best[2];
    check_graph(ONE_OP("i8[1,3,1,1]", "maxpool2d %0 [size=(2,1), stride=(1,1), before=\"0;0\"]", ": i8[1,2,1,1]"), none,
                (spc_tensor[]){TENSOR(small, I8, 1, 3, 1, 1)}, (spc_tensor[]){TENSOR(best, I8, 1, 2, 1, 1)});
    assert_int_equal(best[0], -7);
    assert_int_equal(best[1], 3);
}

/* 2 columns to 4, as TensorFlow's three flavours have it. */
static void test_resize(void **state)
{
    float x[2] = {0, 12}, y[4];
    const spc_tensor in[] = {TENSOR(x, F32, 1, 1, 2, 1)}, out[] = {TENSOR(y, F32, 1, 1, 4, 1)};
    (void)state;
    check_graph(ONE_OP("f32[1,1,2,1]", "resize_bilinear %0", ": f32[1,1,4,1]"), none, in, out);
    assert_floats(y, (double[]){0, 6, 12, 12}, 4);
    check_graph(ONE_OP("f32[1,1,2,1]", "resize_bilinear %0 [half_pixel]", ": f32[1,1,4,1]"), none, in, out);
    assert_floats(y, (double[]){0, 3, 9, 12}, 4);
    check_graph(ONE_OP("f32[1,1,2,1]", "resize_bilinear %0 [align]", ": f32[1,1,4,1]"), none, in, out);
    assert_floats(y, (double[]){0, 4, 8, 12}, 4);
    check_graph(ONE_OP("f32[1,1,2,1]", "resize_bilinear %0 [align]", ": f32[1,1,1,1]"), none, in,
                (spc_tensor[]){TENSOR(y, F32, 1, 1, 1, 1)});
    assert_floats(y, (double[]){0}, 1);
    check_refused(ONE_OP("f32[n,k,2,1]", "resize_bilinear %0", ": f32[n,4,2,1]"), (int64_t[]){1, 0},
                  (spc_tensor[]){TENSOR(x, F32, 1, 0, 2, 1)}, (spc_tensor[]){TENSOR(y, F32, 1, 4, 2, 1)}, "empty");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv2d_padding), cmocka_unit_test(test_conv2d_axes), cmocka_unit_test(test_depthwise),
        cmocka_unit_test(test_integers_wrap),  cmocka_unit_test(test_pools),       cmocka_unit_test(test_resize),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
