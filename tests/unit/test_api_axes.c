/* Ops along axes and of shape from outside, the same on every backend: NaN, infinities, empty axes, and what only a call can
 * refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <spc/spc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef void use_module(const spc_module *, const char *backend);

/* Compiles the program with the reference, the interpreter and every code generator. */
static void on_every_backend(const char *program, use_module *use)
{
    char names[8][64] = {"reference", "interp"};
    int count = 2;
    for (; count < 8 && spc_backend_at(count - 2, names[count], sizeof names[count]); count++)
        names[count][strcspn(names[count], " ")] = 0;
    for (int i = 0; i < count; i++) {
        spc_session *s;
        spc_module *m = NULL;
        assert_int_equal(spc_session_new(&s), SPC_OK);
        if (spc_set(s, "backend", names[i]) || spc_load(s, "axes.sdl", program, strlen(program)) || spc_jit(s, &m))
            fail_msg("%s: %s", names[i], spc_messages(s));
        spc_session_free(s);
        use(m, names[i]);
        spc_module_free(m);
    }
}

static spc_status run(const spc_module *m, const char *layer, spc_tensor in, spc_tensor out)
{
    return spc_run(m, layer, &in, 1, &out, 1, NULL);
}

static void expect(const spc_module *m, const char *backend, const char *layer, spc_tensor in, spc_tensor out)
{
    const spc_status status = run(m, layer, in, out);
    if (status) fail_msg("%s of %s: %s: %s", layer, backend, spc_status_text(status), spc_module_error(m));
}

static void expect_refusal(const spc_module *m, const char *backend, const char *layer, spc_tensor in, spc_tensor out)
{
    const spc_status status = run(m, layer, in, out);
    if (status != SPC_E_ARG) fail_msg("%s of %s: %s", layer, backend, spc_status_text(status));
}

#define FLOATS(data, ...) ((spc_tensor){(void *)(data), SPC_F32, 2, {__VA_ARGS__}})
#define ROW(data, type, n) ((spc_tensor){(void *)(data), SPC_##type, 1, {n}})

static void assert_row(const char *backend, const char *what, const float *got, const double *want, int count)
{
    for (int i = 0; i < count; i++) {
        const bool same = isnan(want[i])   ? isnan(got[i])
                          : isinf(want[i]) ? (double)got[i] == want[i]
                                           : fabs((double)got[i] - want[i]) <= 1e-6 * fabs(want[i]);
        if (!same) fail_msg("%s of %s: element %d is %g, not %g", what, backend, i, (double)got[i], want[i]);
    }
}

/* ---- NaN and infinities ---- */

static const char special_program[] = "dim n;\n"
                                      "layer soft(x: f32[n, 19]) -> y: f32[n, 19] { y = softmax(x); }\n"
                                      "layer most(x: f32[n, 19]) -> y: f32[n] { y = amax(x, axis=1); }\n"
                                      "layer most_down(x: f32[n, 19]) -> y: f32[19] { y = amax(x, axis=0); }\n"
                                      "layer where_most(x: f32[n, 19]) -> y: i32[n] { y = argmax(x); }\n"
                                      "layer where_down(x: f32[n, 19]) -> y: i32[19] { y = argmax(x, axis=0); }\n";
enum { ROWS = 7, WIDTH = 19 };

/* Row 0: NaNs at 5 and 9. 1: all -inf. 2: +inf at 3. 3: all equal. 4: the largest twice, at 4 and 17. 5: all -inf but
 * one. 6: a NaN last, +inf before. */
static void fill_special(float *x)
{
    for (int i = 0; i < ROWS * WIDTH; i++) x[i] = (float)(i % 5);
    x[5] = x[9] = NAN;
    for (int i = 0; i < WIDTH; i++) x[WIDTH + i] = x[5 * WIDTH + i] = -INFINITY;
    x[2 * WIDTH + 3] = INFINITY;
    for (int i = 0; i < WIDTH; i++) x[3 * WIDTH + i] = 1000;
    x[4 * WIDTH + 4] = x[4 * WIDTH + 17] = 9;
    x[5 * WIDTH + 11] = -3;
    x[6 * WIDTH] = INFINITY;
    x[6 * WIDTH + 18] = NAN;
}

static void use_special(const spc_module *m, const char *backend)
{
    float x[ROWS * WIDTH], y[ROWS * WIDTH];
    int32_t index[WIDTH];
    double want[WIDTH];
    fill_special(x);
    expect(m, backend, "soft", FLOATS(x, ROWS, WIDTH), FLOATS(y, ROWS, WIDTH));
    for (int i = 0; i < WIDTH; i++) want[i] = NAN;
    for (int row = 0; row < 3; row++) assert_row(backend, "soft", y + row * WIDTH, want, WIDTH);
    assert_row(backend, "soft", y + 6 * WIDTH, want, WIDTH);
    for (int i = 0; i < WIDTH; i++) want[i] = 1. / WIDTH;
    assert_row(backend, "soft", y + 3 * WIDTH, want, WIDTH);
    for (int i = 0; i < WIDTH; i++) want[i] = i == 11;
    assert_row(backend, "soft", y + 5 * WIDTH, want, WIDTH);

    expect(m, backend, "most", FLOATS(x, ROWS, WIDTH), ROW(y, F32, ROWS));
    assert_row(backend, "most", y, (const double[]){NAN, -INFINITY, INFINITY, 1000, 9, -3, NAN}, ROWS);
    expect(m, backend, "most_down", FLOATS(x, ROWS, WIDTH), ROW(y, F32, WIDTH));
    for (int i = 0; i < WIDTH; i++) want[i] = i == 5 || i == 9 || i == 18 ? NAN : i == 0 || i == 3 ? INFINITY : 1000;
    assert_row(backend, "most_down", y, want, WIDTH);

    expect(m, backend, "where_most", FLOATS(x, ROWS, WIDTH), ROW(index, I32, ROWS));
    assert_memory_equal(index, ((const int32_t[]){5, 0, 3, 0, 4, 11, 18}), ROWS * sizeof *index);
    expect(m, backend, "where_down", FLOATS(x, ROWS, WIDTH), ROW(index, I32, WIDTH));
    for (int i = 0; i < WIDTH; i++)
        assert_int_equal(index[i], i == 5 || i == 9 ? 0 : i == 18 || i == 0 ? 6 : i == 3 ? 2 : 3);
}

static void test_nan_and_infinities(void **state)
{
    (void)state;
    on_every_backend(special_program, use_special);
}

/* ---- empty axes ---- */

static const char empty_program[] = "dim n;\n"
                                    "layer add_up(x: f32[n, 3]) -> y: f32[3] { y = sum(x, axis=0) + 1; }\n"
                                    "layer average(x: f32[n, 3]) -> y: f32[3] { y = mean(x, axis=0); }\n"
                                    "layer most(x: f32[n, 3]) -> y: f32[3] { y = amax(x, axis=0); }\n"
                                    "layer where_most(x: f32[n, 3]) -> y: i32[3] { y = argmax(x, axis=0); }\n"
                                    "layer rows(x: f32[n, 3]) -> y: f32[n] { y = amax(softmax(x), axis=1); }\n"
                                    "layer across(x: f32[3, n]) -> y: f32[3, n] { y = softmax(x); }\n"
                                    "layer averages(x: f32[3, n]) -> y: f32[3] { y = mean(x, axis=1); }\n"
                                    "layer larger(x: f32[3, n]) -> y: f32[3] { y = amax(x, axis=1); }\n";

static void use_empty(const spc_module *m, const char *backend)
{
    float x[3] = {0}, y[3] = {7, 7, 7};
    int32_t index[3];
    expect(m, backend, "add_up", FLOATS(x, 0, 3), ROW(y, F32, 3));
    assert_row(backend, "add_up", y, (const double[]){1, 1, 1}, 3);
    expect(m, backend, "average", FLOATS(x, 0, 3), ROW(y, F32, 3));
    assert_row(backend, "average", y, (const double[]){NAN, NAN, NAN}, 3);
    expect(m, backend, "averages", FLOATS(x, 3, 0), ROW(y, F32, 3));
    assert_row(backend, "averages", y, (const double[]){NAN, NAN, NAN}, 3);
    expect(m, backend, "rows", FLOATS(x, 0, 3), ROW(y, F32, 0));
    expect(m, backend, "across", FLOATS(x, 3, 0), FLOATS(y, 3, 0));
    expect_refusal(m, backend, "most", FLOATS(x, 0, 3), ROW(y, F32, 3));
    expect_refusal(m, backend, "larger", FLOATS(x, 3, 0), ROW(y, F32, 3));
    expect_refusal(m, backend, "where_most", FLOATS(x, 0, 3), ROW(index, I32, 3));
}

static void test_empty_axes(void **state)
{
    (void)state;
    on_every_backend(empty_program, use_empty);
}

/* ---- what only a call can refuse ---- */

static const char bounds_program[] = "dim n, k;\n"
                                     "layer head(x: f32[n]) -> y: f32[4] { y = slice(x, axis=0, to=4); }\n"
                                     "layer tail(x: f32[n]) -> y: f32[4] { y = slice(x, axis=0, from=n - 4); }\n"
                                     "layer far(x: f32[n]) -> y: f32[1] { y = slice(x, axis=0, from=2 * n - 6, to=2 * n - 5); }\n"
                                     "layer fill(x: f32[n]) -> y: f32[6] { y = pad(x, [[6 - n, 0]]); }\n"
                                     "layer shift(x: f32[n], z: f32[k]) -> y: f32[2] {\n"
                                     "    y = slice(x, axis=0, from=k, to=k + 2) + sum(z);\n}\n"
                                     "layer threes(x: f32[n]) -> y: f32[n / 3, 3] { y = reshape(x, [-1, 3]); }\n";

/* A dim that only the start of a slice mentions besides the other input. */
static void use_shift(const spc_module *m, const char *backend)
{
    const float x[5] = {1, 2, 3, 4, 5}, z[4] = {10, 10, 10, 10};
    float y[2];
    for (int k = 0; k <= 4; k++) {
        const spc_tensor in[] = {ROW(x, F32, 5), ROW(z, F32, k)}, out[] = {ROW(y, F32, 2)};
        const spc_status status = spc_run(m, "shift", in, 2, out, 1, NULL);
        if (status != (k <= 3 ? SPC_OK : SPC_E_ARG)) fail_msg("shift of %s by %d: %s", backend, k, spc_status_text(status));
        if (k <= 3) assert_row(backend, "shift", y, (const double[]){11 * k + 1, 11 * k + 2}, 2);
    }
}

static void use_bounds(const spc_module *m, const char *backend)
{
    const float x[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    float y[9];
    expect(m, backend, "head", ROW(x, F32, 5), ROW(y, F32, 4));
    assert_memory_equal(y, x, 4 * sizeof *y);
    expect(m, backend, "tail", ROW(x, F32, 5), ROW(y, F32, 4));
    assert_memory_equal(y, x + 1, 4 * sizeof *y);
    expect(m, backend, "far", ROW(x, F32, 5), ROW(y, F32, 1));
    assert_memory_equal(y, x + 4, sizeof *y);
    expect(m, backend, "fill", ROW(x, F32, 5), ROW(y, F32, 6));
    assert_memory_equal(y + 1, x, 5 * sizeof *y);
    assert_true(y[0] == 0);
    expect(m, backend, "threes", ROW(x, F32, 6), FLOATS(y, 2, 3));
    assert_memory_equal(y, x, 6 * sizeof *y);
    expect_refusal(m, backend, "head", ROW(x, F32, 3), ROW(y, F32, 4));
    expect_refusal(m, backend, "tail", ROW(x, F32, 3), ROW(y, F32, 4));
    expect_refusal(m, backend, "far", ROW(x, F32, 6), ROW(y, F32, 1)); /* from 6 to 7 of 6 */
    expect_refusal(m, backend, "far", ROW(x, F32, 2), ROW(y, F32, 1)); /* from -2 on */
    expect_refusal(m, backend, "fill", ROW(x, F32, 7), ROW(y, F32, 6));
    expect_refusal(m, backend, "threes", ROW(x, F32, 7), FLOATS(y, 2, 3));
    use_shift(m, backend);
}

static void test_bounds(void **state)
{
    (void)state;
    on_every_backend(bounds_program, use_bounds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nan_and_infinities),
        cmocka_unit_test(test_empty_axes),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
