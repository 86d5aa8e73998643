/* Graphs in the interpreter: the meaning of layers on dense tensors. */
#include "tests/unit/interp_text.h"
#include <math.h>
#include <stdlib.h>

typedef struct given {
    const char *weight;
    const void *data;
} given;

static const void *find_weight(void *ctx, const char *weight)
{
    const given *g = ctx;
    return g && !strcmp(g->weight, weight) ? g->data : NULL;
}

static spc_status run(const char *text, const int64_t *dims, const given *weight, const spc_tensor *in,
                      const spc_tensor *out, rt_error *error)
{
    ir_arena *arena = ir_arena_new(0);
    ir_module *m = parse_text(arena, text);
    const spc_status status = interp_graph(m, m->funcs, dims, find_weight, (void *)weight, in, out, error);
    ir_arena_free(arena);
    return status;
}

#define TENSOR(data, dtype, rank, ...) ((spc_tensor){data, SPC_##dtype, rank, {__VA_ARGS__}})

static void check(const char *text, const int64_t *dims, const given *weight, const spc_tensor *in, const spc_tensor *out)
{
    rt_error error = {0};
    if (run(text, dims, weight, in, out, &error)) fail_msg("%s", error.text);
}

static void test_linear(void **state)
{
    const float x[2 * 3] = {1, 2, 3, -1, 0.5f, 4}, w[2 * 3] = {1, 0, -2, 0.25f, 3, 1}, b[2] = {10, -1};
    float y[4];
    const int64_t batch = 2;
    const given weight = {"w", w};
    const spc_tensor in[] = {TENSOR((void *)x, F32, 2, 2, 3), TENSOR((void *)b, F32, 1, 2)};
    const spc_tensor out[] = {TENSOR(y, F32, 2, 2, 2)};
    (void)state;
    check("dim batch\ngraph @f {\n %0 = input \"x\" : f32[batch,3]\n %1 = input \"b\" : f32[2]\n"
          " %2 = weight \"w\" [tensor=\"w\"] : f32[2,3]\n %3 = linear %0, %2, %1 : f32[batch,2]\n output %3 \"y\"\n}\n",
          &batch, &weight, in, out);
    const float want[4] = {5, 8.25f, 1, 4.25f};
    assert_memory_equal(y, want, sizeof want);
}

static const rt_matrix *find_csr(void *ctx, const char *weight)
{
    return strcmp(weight, "w") ? NULL : ctx;
}

/* Of a weight that is stored sparse, and what fails where there is no such weight. */
static void test_constant(void **state)
{
    const int64_t starts[4] = {0, 1, 1, 3}, cols[3] = {2, 0, 3};
    const float values[3] = {5, -1, 2}, want[4] = {0, 9, -1, 0};
    rt_matrix csr = {.dtype = SPC_F32, .rows = 3, .cols = 4, .row_start = starts, .col = cols, .values = values, .nnz = 3}, out;
    rt_error error = {0};
    ir_arena *arena = ir_arena_new(0);
    (void)state;
    ir_module *m = parse_text(arena, "dim n\nconstant @c {\n %0 = weight \"w\" [tensor=\"w\"] : f32[3,4]\n"
                                     " %1 = take %0 [axis=0, kept=(0,2)] : f32[2,4]\n %2 = take %1 [axis=1, kept=(0,2)] : f32[2,2]\n"
                                     " %3 = const 1.0 : f32[2,2]\n %4 = max %2, %3 : f32[2,2]\n %5 = add %2, %4 : f32[2,2]\n"
                                     " %6 = sub %5, %3 : f32[2,2]\n output %6 \"c\"\n}\n");
    assert_int_equal(interp_constant(m, m->funcs, find_csr, &csr, &out, &error), SPC_OK);
    assert_int_equal(out.rows, 2);
    assert_int_equal(out.cols, 2);
    assert_memory_equal(out.dense, want, sizeof want);
    free((void *)out.dense);
    m = parse_text(arena, "constant @c {\n %0 = weight \"v\" [tensor=\"v\"] : f32[3,4]\n output %0 \"c\"\n}\n");
    assert_int_equal(interp_constant(m, m->funcs, find_csr, &csr, &out, &error), SPC_E_PROGRAM);
    assert_null(out.dense);
    ir_arena_free(arena);
}

static void test_linear_sums_in_f64(void **state)
{
    const float x[3] = {1e8f, 1, -1e8f}, w[3] = {1, 1, 1};
    float y;
    const spc_tensor in[] = {TENSOR((void *)x, F32, 1, 3), TENSOR((void *)w, F32, 2, 1, 3)}, out[] = {TENSOR(&y, F32, 1, 1)};
    (void)state;
    check("graph @f {\n %0 = input \"x\" : f32[3]\n %1 = input \"w\" : f32[1,3]\n %2 = linear %0, %1 : f32[1]\n"
          " output %2 \"y\"\n}\n", NULL, NULL, in, out);
    assert_true(y == 1.0f);
}

static void test_linear_of_integers_wraps(void **state)
{
    const int32_t x[2] = {65536, 3}, w[4] = {65536, 1, 65537, 2};
    int32_t y[2];
    const spc_tensor in[] = {TENSOR((void *)x, I32, 1, 2), TENSOR((void *)w, I32, 2, 2, 2)}, out[] = {TENSOR(y, I32, 1, 2)};
    (void)state;
    check("graph @f {\n %0 = input \"x\" : i32[2]\n %1 = input \"w\" : i32[2,2]\n %2 = linear %0, %1 : i32[2]\n"
          " output %2 \"y\"\n}\n", NULL, NULL, in, out);
    assert_int_equal(y[0], 3);
    assert_int_equal(y[1], 65542);
}

/* a [2,1,2,3] by b [2,3,2]: leading axes broadcast to [2,2]. */
static void test_matmul_broadcasts(void **state)
{
    float a[12], b[12], y[16];
    for (int i = 0; i < 12; i++) a[i] = (float)i, b[i] = (float)(i % 5 - 2);
    const spc_tensor in[] = {TENSOR(a, F32, 4, 2, 1, 2, 3), TENSOR(b, F32, 3, 2, 3, 2)}, out[] = {TENSOR(y, F32, 4, 2, 2, 2, 2)};
    (void)state;
    check("graph @f {\n %0 = input \"a\" : f32[2,1,2,3]\n %1 = input \"b\" : f32[2,3,2]\n"
          " %2 = matmul %0, %1 : f32[2,2,2,2]\n output %2 \"y\"\n}\n", NULL, NULL, in, out);
    for (int p = 0; p < 2; p++)
        for (int q = 0; q < 2; q++)
            for (int i = 0; i < 2; i++)
                for (int j = 0; j < 2; j++) {
                    float sum = 0;
                    for (int k = 0; k < 3; k++) sum += a[p * 6 + i * 3 + k] * b[q * 6 + k * 2 + j];
                    assert_true(y[p * 8 + q * 4 + i * 2 + j] == sum);
                }
}

static void test_elementwise_broadcasts(void **state)
{
    float a[2 * 3], b[3] = {10, 20, 30}, c[2] = {1, -1}, s = 0.5f, y[6];
    for (int i = 0; i < 6; i++) a[i] = (float)i;
    const spc_tensor in[] = {TENSOR(a, F32, 2, 2, 3), TENSOR(b, F32, 1, 3), TENSOR(c, F32, 2, 2, 1), TENSOR(&s, F32, 0)};
    const spc_tensor out[] = {TENSOR(y, F32, 2, 2, 3)};
    (void)state;
    check("graph @f {\n %0 = input \"a\" : f32[2,3]\n %1 = input \"b\" : f32[3]\n %2 = input \"c\" : f32[2,1]\n"
          " %3 = input \"s\" : f32[]\n %4 = add %0, %1 : f32[2,3]\n %5 = mul %4, %2 : f32[2,3]\n"
          " %6 = sub %5, %3 : f32[2,3]\n output %6 \"y\"\n}\n", NULL, NULL, in, out);
    for (int i = 0; i < 6; i++) assert_true(y[i] == (a[i] + b[i % 3]) * c[i / 3] - s);
}

/* Long rows are worked on in chunks: none may be lost at the seams. */
static void test_long_rows(void **state)
{
    static float a[2 * 1000], y[2 * 1000];
    for (int i = 0; i < 2000; i++) a[i] = (float)(i - 1000);
    const spc_tensor in[] = {TENSOR(a, F32, 2, 2, 1000)}, out[] = {TENSOR(y, F32, 2, 2, 1000)};
    (void)state;
    check("graph @f {\n %0 = input \"a\" : f32[2,1000]\n %1 = const 2 : f32[1000]\n %2 = mul %0, %1 : f32[2,1000]\n"
          " %3 = relu %2\n output %3 \"y\"\n}\n", NULL, NULL, in, out);
    for (int i = 0; i < 2000; i++) assert_true(y[i] == (a[i] > 0 ? 2 * a[i] : 0));
}

static void test_select_compare_cast(void **state)
{
    const float a[4] = {1, NAN, -3.7f, 1e20f};
    int32_t y[4];
    uint8_t z[4];
    const spc_tensor in[] = {TENSOR((void *)a, F32, 1, 4)}, out[] = {TENSOR(y, I32, 1, 4), TENSOR(z, BOOL, 1, 4)};
    (void)state;
    check("graph @f {\n %0 = input \"a\" : f32[4]\n %1 = const 0 : f32[]\n %2 = ge %0, %1 : bool[4]\n %3 = cast %0 : i32[4]\n"
          " %4 = const -1 : i32[]\n %5 = select %2, %3, %4 : i32[4]\n output %5 \"y\"\n output %2 \"z\"\n}\n",
          NULL, NULL, in, out);
    const int32_t want[4] = {1, -1, -1, INT32_MAX};
    const uint8_t bools[4] = {1, 0, 0, 1};
    assert_memory_equal(y, want, sizeof want);
    assert_memory_equal(z, bools, sizeof bools);
}

static void test_fused_means_its_body(void **state)
{
    const float x[4] = {1, -2, 3, -4}, w[4] = {1, 1, 2, 0};
    float y[4], z[4];
    const given weight = {"w", w};
    const spc_tensor in[] = {TENSOR((void *)x, F32, 2, 2, 2)}, out[] = {TENSOR(y, F32, 2, 2, 2), TENSOR(z, F32, 2, 2, 2)};
    (void)state;
    check("graph @f {\n %0 = input \"x\" : f32[2,2]\n %1 = weight \"w\" [tensor=\"w\"] : f32[2,2]\n"
          " %2 = fused %0, %1 \"f.0\" : f32[2,2] {\n %3 = arg [n=0] : f32[2,2]\n %4 = arg [n=1] : f32[2,2]\n"
          " %5 = linear %3, %4 : f32[2,2]\n %6 = add %5, %3 : f32[2,2]\n %7 = relu %6\n }\n"
          " %8 = fused %2 \"f.1\" : f32[2,2] {\n %9 = arg [n=0] : f32[2,2]\n }\n"
          " output %8 \"y\"\n output %2 \"z\"\n}\n", NULL, &weight, in, out);
    const float want[4] = {0, 0, 2, 2};
    assert_memory_equal(y, want, sizeof want);
    assert_memory_equal(z, want, sizeof want);
}

static void test_empty_extents(void **state)
{
    float y[3] = {7, 7, 7}, x[1];
    const int64_t none[] = {0, 0};
    const spc_tensor in[] = {TENSOR(x, F32, 2, 0, 0), TENSOR(x, F32, 2, 3, 0)}, out[] = {TENSOR(y, F32, 2, 0, 3)};
    const char *text = "dim n\ndim k\ngraph @f {\n %0 = input \"x\" : f32[n,k]\n %1 = input \"w\" : f32[3,k]\n"
                       " %2 = linear %0, %1 : f32[n,3]\n output %2 \"y\"\n}\n";
    (void)state;
    check(text, none, NULL, in, out);
    assert_true(y[0] == 7);
    /* An empty sum is zero. */
    const int64_t one[] = {1, 0};
    const spc_tensor in1[] = {TENSOR(x, F32, 2, 1, 0), in[1]}, out1[] = {TENSOR(y, F32, 2, 1, 3)};
    check(text, one, NULL, in1, out1);
    assert_true(y[0] == 0 && y[1] == 0 && y[2] == 0);
}

static void test_f16_rounds_once_per_op(void **state)
{
    const uint16_t x[2] = {0x3c00, 0x1000}; /* 1, 2^-11 */
    const uint16_t w[4] = {0x3c00, 0x3c00, 0x3c00, 0x4200};
    uint16_t y[2];
    const spc_tensor in[] = {TENSOR((void *)x, F16, 1, 2), TENSOR((void *)w, F16, 2, 2, 2)}, out[] = {TENSOR(y, F16, 1, 2)};
    (void)state;
    check("graph @f {\n %0 = input \"x\" : f16[2]\n %1 = input \"w\" : f16[2,2]\n %2 = linear %0, %1 : f16[2]\n"
          " output %2 \"y\"\n}\n", NULL, NULL, in, out);
    assert_int_equal(y[0], 0x3c00); /* 1 + 2^-11: a tie, to even */
    assert_int_equal(y[1], 0x3c02); /* 1 + 3 * 2^-11: a tie, to even */
}

static void test_failures_are_told_apart(void **state)
{
    float x[4] = {0}, y[4];
    rt_error error = {0};
    const int64_t n = 2, huge = INT64_C(1) << 40, negative = 1;
    const spc_tensor in[] = {TENSOR(x, F32, 1, 2)}, out[] = {TENSOR(y, F32, 1, 2)};
    (void)state;
    const char *text = "dim n\ngraph @f {\n %0 = input \"x\" : f32[n]\n %1 = weight \"w\" [tensor=\"w\"] : f32[1]\n"
                       " %2 = add %0, %1 : f32[n]\n output %2 \"y\"\n}\n";
    assert_int_equal(run(text, &n, NULL, in, out, &error), SPC_E_PROGRAM);
    assert_non_null(strstr(error.text, "\"w\""));
    const char *big = "dim n\ngraph @f {\n %0 = const 1 : f32[n,n]\n %1 = input \"x\" : f32[2]\n output %1 \"y\"\n}\n";
    assert_int_equal(run(big, &huge, NULL, in, out, &error), SPC_E_NOMEM);
    assert_int_equal(run(big, &n, NULL, in, out, &error), SPC_OK);
    const char *less = "dim n\ngraph @f {\n %0 = const 1 : f32[n - 2]\n %1 = input \"x\" : f32[2]\n output %1 \"y\"\n}\n";
    assert_int_equal(run(less, &negative, NULL, in, out, &error), SPC_E_ARG);
    const spc_tensor other[] = {TENSOR(x, F32, 1, 3)};
    assert_int_equal(run(big, &n, NULL, other, out, &error), SPC_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear), cmocka_unit_test(test_constant), cmocka_unit_test(test_linear_sums_in_f64),
        cmocka_unit_test(test_linear_of_integers_wraps), cmocka_unit_test(test_matmul_broadcasts),
        cmocka_unit_test(test_elementwise_broadcasts), cmocka_unit_test(test_long_rows),
        cmocka_unit_test(test_select_compare_cast), cmocka_unit_test(test_fused_means_its_body),
        cmocka_unit_test(test_empty_extents), cmocka_unit_test(test_f16_rounds_once_per_op),
        cmocka_unit_test(test_failures_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
