/* Graph ops that move elements in the interpreter: every element arrives where its index says, in every dtype. */
#include "tests/unit/interp_graph.h"

static const int64_t none[] = {0, 0};

static void test_reshape(void **state)
{
    float x[12], y[12];
    for (int i = 0; i < 12; i++) x[i] = (float)i;
    (void)state;
    check_graph(ONE_OP("f32[2,6]", "reshape %0", ": f32[3,1,4]"), none, (spc_tensor[]){TENSOR(x, F32, 2, 6)},
                (spc_tensor[]){TENSOR(y, F32, 3, 1, 4)});
    assert_memory_equal(x, y, sizeof x);
    check_graph(ONE_OP("f32[1,1]", "reshape %0", ": f32[]"), none, (spc_tensor[]){TENSOR(x + 5, F32, 1, 1)},
                (spc_tensor[]){TENSOR(y, F32, )});
    assert_true(y[0] == 5);
    /* 4 * n elements by 3 come out for n = 3, not for n = 2 */
    const char *text = ONE_OP("f32[n,4]", "reshape %0", ": f32[4*n/3,3]");
    check_graph(text, (int64_t[]){3, 0}, (spc_tensor[]){TENSOR(x, F32, 3, 4)}, (spc_tensor[]){TENSOR(y, F32, 4, 3)});
    assert_memory_equal(x, y, sizeof x);
    check_refused(text, (int64_t[]){2, 0}, (spc_tensor[]){TENSOR(x, F32, 2, 4)}, (spc_tensor[]){TENSOR(y, F32, 2, 3)},
                  "4*n/3 has no value");
    check_graph(text, none, (spc_tensor[]){TENSOR(x, F32, 0, 4)}, (spc_tensor[]){TENSOR(y, F32, 0, 3)});
}

static void test_transpose(void **state)
{
    double x[2 * 3 * 5], y[2 * 3 * 5];
    for (int i = 0; i < 30; i++) x[i] = i;
    (void)state;
    check_graph(ONE_OP("f64[2,3,5]", "transpose %0 [perm=(2,0,1)]", ": f64[5,2,3]"), none,
                (spc_tensor[]){TENSOR(x, F64, 2, 3, 5)}, (spc_tensor[]){TENSOR(y, F64, 5, 2, 3)});
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 5; k++) assert_true(y[(k * 2 + i) * 3 + j] == x[(i * 3 + j) * 5 + k]);
    /* the last axis stays: whole rows move */
    check_graph(ONE_OP("f64[2,3,5]", "transpose %0 [perm=(1,0,2)]", ": f64[3,2,5]"), none,
                (spc_tensor[]){TENSOR(x, F64, 2, 3, 5)}, (spc_tensor[]){TENSOR(y, F64, 3, 2, 5)});
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 5; k++) assert_true(y[(j * 2 + i) * 5 + k] == x[(i * 3 + j) * 5 + k]);
}

/* 2 x 3 becomes 3 x 2, whatever an element is. */
#define TRANSPOSES(dtype, TYPE, type)                                                                        \
    do {                                                                                                     \
        const type x_[6] = {0, 1, 0, 1, 1, 0}, want_[6] = {0, 1, 1, 1, 0, 0};                                \
        type y_[6];                                                                                          \
        check_graph(ONE_OP(#dtype "[2,3]", "transpose %0 [perm=(1,0)]", ": " #dtype "[3,2]"), none,          \
                    (spc_tensor[]){TENSOR(x_, TYPE, 2, 3)}, (spc_tensor[]){TENSOR(y_, TYPE, 3, 2)});         \
        assert_memory_equal(y_, want_, sizeof y_);                                                           \
    } while (0)

static void test_every_dtype_moves(void **state)
{
    (void)state;
    TRANSPOSES(f32, F32, float);
    TRANSPOSES(f16, F16, uint16_t);
    TRANSPOSES(bf16, BF16, uint16_t);
    TRANSPOSES(f64, F64, double);
    TRANSPOSES(i8, I8, int8_t);
    TRANSPOSES(u8, U8, uint8_t);
    TRANSPOSES(i32, I32, int32_t);
    TRANSPOSES(bool, BOOL, uint8_t);
    /* two to a byte, low nibble first: rows 1 2 3 and 4 5 -6, an element straddling the bytes of others */
    const uint8_t x[3] = {0x21, 0x43, 0xa5}, want[3] = {0x41, 0x52, 0xa3};
    uint8_t y[3];
    check_graph(ONE_OP("i4[2,3]", "transpose %0 [perm=(1,0)]", ": i4[3,2]"), none, (spc_tensor[]){TENSOR(x, I4, 2, 3)},
                (spc_tensor[]){TENSOR(y, I4, 3, 2)});
    assert_memory_equal(y, want, sizeof y);
}

static void test_bits_are_kept(void **state)
{
    const uint16_t x[6] = {0x8000, 0x7e01, 0xfc00, 0x0001, 0x83ff, 0x7bff}; /* -0, a NaN, -inf, subnormals, the largest */
    uint16_t y[6];
    (void)state;
    check_graph(ONE_OP("f16[6]", "reshape %0", ": f16[2,3]"), none, (spc_tensor[]){TENSOR(x, F16, 6)},
                (spc_tensor[]){TENSOR(y, F16, 2, 3)});
    assert_memory_equal(x, y, sizeof x);
}

#define CONCAT(a, b, axis, to)                                                                           \
    "dim n\ndim k\ngraph @f {\n %0 = input \"a\" : " a "\n %1 = input \"b\" : " b "\n"                     \
    " %2 = concat %0, %1, %0 [axis=" axis "] : " to "\n output %2 \"y\"\n}\n"

static void test_concat(void **state)
{
    const int32_t a[4] = {1, 2, 3, 4}, b[6] = {10, 20, 30, 40, 50, 60};
    int32_t y[14];
    const spc_tensor in[] = {TENSOR(a, I32, 2, 2), TENSOR(b, I32, 2, 3)};
    (void)state;
    check_graph(CONCAT("i32[2,2]", "i32[2,3]", "1", "i32[2,7]"), none, in, (spc_tensor[]){TENSOR(y, I32, 2, 7)});
    assert_memory_equal(y, ((const int32_t[]){1, 2, 10, 20, 30, 1, 2, 3, 4, 40, 50, 60, 3, 4}), sizeof y);
    const spc_tensor rows[] = {TENSOR(a, I32, 2, 2), TENSOR(b, I32, 3, 2)};
    check_graph(CONCAT("i32[2,2]", "i32[3,2]", "0", "i32[7,2]"), none, rows, (spc_tensor[]){TENSOR(y, I32, 7, 2)});
    assert_memory_equal(y, ((const int32_t[]){1, 2, 3, 4, 10, 20, 30, 40, 50, 60, 1, 2, 3, 4}), sizeof y);
    /* an empty part, and an empty whole */
    const spc_tensor part[] = {TENSOR(a, I32, 2, 0), TENSOR(b, I32, 2, 3)};
    const char *text = CONCAT("i32[n,k]", "i32[n,3]", "1", "i32[n,2*k + 3]");
    check_graph(text, (int64_t[]){2, 0}, part, (spc_tensor[]){TENSOR(y, I32, 2, 3)});
    assert_memory_equal(y, b, sizeof b);
    const spc_tensor nothing[] = {TENSOR(a, I32, 0, 2), TENSOR(b, I32, 0, 3)};
    check_graph(text, (int64_t[]){0, 2}, nothing, (spc_tensor[]){TENSOR(y, I32, 0, 7)});
    assert_memory_equal(y, b, sizeof b);
}

static void test_slice(void **state)
{
    int8_t x[3 * 4], y[12];
    for (int i = 0; i < 12; i++) x[i] = (int8_t)i;
    const spc_tensor in[] = {TENSOR(x, I8, 3, 4)};
    (void)state;
    check_graph(ONE_OP("i8[3,4]", "slice %0 [axis=1, from=\"1\"]", ": i8[3,2]"), none, in,
                (spc_tensor[]){TENSOR(y, I8, 3, 2)});
    assert_memory_equal(y, ((const int8_t[]){1, 2, 5, 6, 9, 10}), 6);
    check_graph(ONE_OP("i8[3,4]", "slice %0 [axis=0, from=\"2\"]", ": i8[1,4]"), none, in,
                (spc_tensor[]){TENSOR(y, I8, 1, 4)});
    assert_memory_equal(y, x + 8, 4);
    /* from n on, k rows */
    const char *text = ONE_OP("i8[3,4]", "slice %0 [axis=0, from=\"n\"]", ": i8[k,4]");
    check_graph(text, (int64_t[]){1, 2}, in, (spc_tensor[]){TENSOR(y, I8, 2, 4)});
    assert_memory_equal(y, x + 4, 8);
    check_graph(text, (int64_t[]){3, 0}, in, (spc_tensor[]){TENSOR(y, I8, 0, 4)});
    check_refused(text, (int64_t[]){2, 2}, in, (spc_tensor[]){TENSOR(y, I8, 2, 4)}, "slice: 2 elements from 2 on");
    check_refused(text, (int64_t[]){4, 0}, in, (spc_tensor[]){TENSOR(y, I8, 0, 4)}, "slice: 0 elements from 4 on");
    check_refused(ONE_OP("i8[3,4]", "slice %0 [axis=0, from=\"n - 1\"]", ": i8[k,4]"), (int64_t[]){0, 2}, in,
                  (spc_tensor[]){TENSOR(y, I8, 2, 4)}, "n - 1 has no value");
}

static void test_pad(void **state)
{
    const float x[2 * 3] = {1, 2, 3, 4, 5, 6};
    float y[4 * 5];
    const spc_tensor in[] = {TENSOR(x, F32, 2, 3)};
    (void)state;
    check_graph(ONE_OP("f32[2,3]", "pad %0 [before=\"1;2\"]", ": f32[4,5]"), none, in, (spc_tensor[]){TENSOR(y, F32, 4, 5)});
    const float want[20] = {0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 4, 5, 6};
    assert_memory_equal(y, want, sizeof want);
    /* n rows before, k rows in all */
    const char *text = ONE_OP("f32[2,3]", "pad %0 [before=\"n;0\"]", ": f32[k,3]");
    check_graph(text, (int64_t[]){1, 3}, in, (spc_tensor[]){TENSOR(y, F32, 3, 3)});
    assert_memory_equal(y, ((const float[]){0, 0, 0, 1, 2, 3, 4, 5, 6}), 36);
    check_refused(text, (int64_t[]){2, 3}, in, (spc_tensor[]){TENSOR(y, F32, 3, 3)}, "pad: 2 elements from 2 on");
    check_graph(ONE_OP("f32[]", "pad %0 [before=\"\"]", ": f32[]"), none, (spc_tensor[]){TENSOR(x + 3, F32, )},
                (spc_tensor[]){TENSOR(y, F32, )});
    assert_true(y[0] == 4);
    /* nothing but zeros */
    y[0] = 7;
    check_graph(ONE_OP("f32[n]", "pad %0 [before=\"2\"]", ": f32[n + 3]"), none, (spc_tensor[]){TENSOR(x, F32, 0)},
                (spc_tensor[]){TENSOR(y, F32, 3)});
    assert_memory_equal(y, ((const float[]){0, 0, 0}), 12);
}

/* Long rows are moved in chunks: none may be lost at the seams. */
static void test_long_rows(void **state)
{
    static int32_t x[2 * 700], y[2 * 700];
    for (int i = 0; i < 1400; i++) x[i] = i;
    (void)state;
    check_graph(ONE_OP("i32[2,700]", "slice %0 [axis=1, from=\"3\"]", ": i32[2,600]"), none,
                (spc_tensor[]){TENSOR(x, I32, 2, 700)}, (spc_tensor[]){TENSOR(y, I32, 2, 600)});
    for (int i = 0; i < 1200; i++) assert_int_equal(y[i], i / 600 * 700 + i % 600 + 3);
}

/* Moves of moves, inside a fused body too. */
static void test_chains(void **state)
{
    const float x[4] = {1, 2, 3, 4};
    float y[4];
    (void)state;
    check_graph("graph @f {\n %0 = input \"x\" : f32[2,2]\n %1 = fused %0 \"g\" : f32[2,2] {\n %2 = arg [n=0] : f32[2,2]\n"
                " %3 = transpose %2 [perm=(1,0)] : f32[2,2]\n %4 = add %2, %3 : f32[2,2]\n }\n"
                " %5 = reshape %1 : f32[4]\n output %5 \"y\"\n}\n",
                NULL, (spc_tensor[]){TENSOR(x, F32, 2, 2)}, (spc_tensor[]){TENSOR(y, F32, 4)});
    assert_memory_equal(y, ((const float[]){2, 5, 5, 8}), sizeof y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reshape), cmocka_unit_test(test_transpose), cmocka_unit_test(test_every_dtype_moves),
        cmocka_unit_test(test_bits_are_kept), cmocka_unit_test(test_concat), cmocka_unit_test(test_slice),
        cmocka_unit_test(test_pad), cmocka_unit_test(test_long_rows), cmocka_unit_test(test_chains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
