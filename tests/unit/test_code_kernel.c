/* Memory, regs and control of kernels in machine code of every backend, against the interpreter, byte for byte over the whole output. */
#include "tests/unit/code_text.h"

enum { BYTES = 1024 };

#define BUFFERS " %0 = param \"x\" : buffer f32\n %1 = param \"z\" : buffer f32\n %2 = param \"n\" : index\n"
#define KERNEL(body) "kernel @k {\n" BUFFERS TASK_PARAMS body "}\n"

static void fill(float *data)
{
    for (int i = 0; i < BYTES / 4; i++)
        data[i] = (float)(i % 37) - 11;
}

/* Task 3 of 5, the same input for all. n: the index parameter. */
static void check(const char *text, int64_t n)
{
    static float x[BYTES / 4] __attribute__((aligned(64))), want[BYTES / 4] __attribute__((aligned(64)));
    static float got[BYTES / 4] __attribute__((aligned(64)));
    uint64_t words[5] = {(uint64_t)(uintptr_t)x, (uint64_t)(uintptr_t)want, (uint64_t)n, 3, 5};
    ir_arena *arena = ir_arena_new(0);
    ir_module *m = parse_text(arena, text);
    ir_target target;
    int ran = 0;

    fill(x);
    memset(want, 0x7f, BYTES);
    assert_int_equal(interp_kernel(m, ir_func_find(m, IR_KERNEL, "k"), words, 3, 5, NULL), SPC_OK);
    for (int i = 0; code_target(i, &target); i++) {
        if (!target.name)
            continue;
        be_image *image = code_load_module(m, &target, NULL);
        words[1] = (uint64_t)(uintptr_t)got;
        memset(got, 0x7f, BYTES);
        rt_call_words(code_function(image, "spck_k"), words, 5);
        if (memcmp(got, want, BYTES) != 0)
            fail_msg("%s %s with n = %lld:\n%s", code_backend->name, target.name, (long long)n, text);
        code_unload_module(image);
        ran++;
    }
    assert_true(ran > 0);
    ir_arena_free(arena);
}

static void test_addresses(void **state)
{
    (void)state;
    check(KERNEL(" %4 = load %0, %2 [disp=2] : f32\n store %4, %1, 0\n"
                 " %5 = load %0, 20 [disp=-3] : f32x4\n store %5, %1, %2 [disp=1]\n"
                 " %6 = subbuffer %0, 16 : buffer f32\n %7 = load %6, 0 [align=64] : f32x16\n store %7, %1, 16 [align=64]\n"
                 " %8 = subbuffer %0, 1 : buffer u8\n %9 = load %8, 7 : u8x8\n %10 = cast %9 : f32x8\n"
                 " store %10, %1, 100\n prefetch %0, %2 [disp=1, locality=3]\n prefetch %0, 0 [locality=2]\n"
                 " %11 = cast %100 : f32\n %12 = cast %101 : f32\n store %11, %1, 120\n store %12, %1, 121\n"), 7);
}

/* Lanes off are neither read nor written: the masked-off part of the first load lies nowhere. */
static void test_masks(void **state)
{
    (void)state;
    for (int64_t n = -1; n <= 17; n += 3) {
        check(KERNEL(" %4 = tailmask %2 : boolx16\n %5 = load %0, 3, %4 : f32x16\n store %5, %1, 1\n"
                     " store %5, %1, 40, %4 [disp=1]\n"), n);
        check(KERNEL(" %4 = tailmask %2 : boolx8\n %5 = load %0, 3, %4 : f32x8\n store %5, %1, 1, %4\n"
                     " %6 = load %0, 9, %4 : f32x8\n %7 = lt %6, %5 : boolx8\n %8 = select %7, %5, %6 : f32x8\n"
                     " %9 = subbuffer %1, 64 : buffer bool\n store %7, %9, 0\n store %4, %9, 8\n store %8, %1, 20\n"
                     " %10 = load %9, 3 : boolx4\n %11 = cast %10 : f32x4\n store %11, %1, 80\n"), n);
        check(KERNEL(" %4 = lt 0, %2 : bool\n %5 = load %0, 5, %4 : f32\n store %5, %1, 0\n store %5, %1, 1, %4\n"), n);
    }
}

static void test_gather(void **state)
{
    (void)state;
    check(KERNEL(" %4 = iota : i32x16\n %5 = const 7 : i32x16\n %6 = mul %4, %5 : i32x16\n"
                 " %7 = gather %0, %6 [disp=1] : f32x16\n store %7, %1, 0\n"
                 " %8 = cast %6 : u32x16\n %9 = tailmask %2 : boolx16\n %10 = gather %0, %8, %9 : f32x16\n store %10, %1, 16\n"
                 " %11 = cast %6 : i64x16\n %12 = gather %0, %11, %9 : f32x16\n store %12, %1, 32\n"
                 " %13 = neg %6\n %14 = subbuffer %0, 110 : buffer f32\n %15 = gather %14, %13 : f32x16\n store %15, %1, 48\n"
                 " %16 = subbuffer %0, 0 : buffer u16\n %17 = gather %16, %6 : u16x16\n %18 = cast %17 : f32x16\n"
                 " store %18, %1, 64\n"), 9);
}

static void test_loops(void **state)
{
    static const char sum[] = KERNEL(
        " %4 = reg : reg f32x4\n %5 = const 0.0 : f32x4\n set %4, %5\n"
        " %6 = for 1, %2, 3 {\n  %7 = load %0, %6 : f32x4\n  %8 = get %4\n  %9 = add %7, %8 : f32x4\n  set %4, %9\n"
        "  %10 = for %6, %2, 2 {\n   %11 = load %0, %10 : f32\n   store %11, %1, %10\n  }\n }\n"
        " %12 = get %4\n store %12, %1, 100\n");
    (void)state;
    for (int64_t n = -2; n < 12; n++)
        check(sum, n);
}

static void test_unrolled_loop(void **state)
{
    (void)state;
    check(KERNEL(" %4 = reg : reg f32\n %5 = const 0.0 : f32\n set %4, %5\n"
                 " %6 = for 2, 11, 3 [unroll] {\n  %7 = load %0, %6 : f32\n  %8 = get %4\n  %9 = add %7, %8 : f32\n"
                 "  set %4, %9\n  store %9, %1, %6\n }\n %10 = get %4\n store %10, %1, 0\n"
                 " %11 = for 0, %2, 1 [unroll] {\n  store %10, %1, %11 [disp=50]\n }\n"
                 " %12 = for 0, 100, 1 [unroll] {\n  store %10, %1, %12 [disp=100]\n }\n"
                 " %13 = for 5, 5, 1 [unroll] {\n  store %10, %1, 99\n }\n"), 4);
}

static void test_if(void **state)
{
    (void)state;
    for (int64_t n = 0; n < 6; n++)
        check(KERNEL(" %4 = reg : reg index\n set %4, %2\n %5 = lt %2, 3 : bool\n"
                     " if %5 {\n  %6 = eq %2, 1 : bool\n  if %6 {\n   set %4, 50\n  }\n } else {\n"
                     "  %7 = get %4\n  %8 = mul %7, 10 : index\n  set %4, %8\n }\n"
                     " %9 = get %4\n %10 = load %0, %9 : f32\n store %10, %1, 0\n"), n);
}

/* Bool regs hold masks. */
static void test_mask_in_reg(void **state)
{
    (void)state;
    check(KERNEL(" %4 = reg : reg boolx8\n %5 = tailmask %2 : boolx8\n set %4, %5\n %6 = get %4\n %7 = not %6\n"
                 " %8 = load %0, 0, %7 : f32x8\n store %8, %1, 0\n"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_masks), cmocka_unit_test(test_gather),
        cmocka_unit_test(test_loops),     cmocka_unit_test(test_unrolled_loop), cmocka_unit_test(test_if),
        cmocka_unit_test(test_mask_in_reg),
    };
    CODE_RUN_TESTS(tests, NULL);
}
