/* Vector, memory and control ops of the kernel interpreter. */
#include "tests/unit/interp_text.h"
#include "backends/interp/program.h"
#include <math.h>

#define KERNEL(params, body) "kernel @k {\n" params TASK_PARAMS body "}\n"
#define F32_IN_OUT " %0 = param \"x\" : buffer f32\n %1 = param \"z\" : buffer f32\n"

static const float xs[8] = {1, 2, 3, 4, 5, 6, 7, 8};

static void test_masked_memory_leaves_lanes_alone(void **state)
{
    float z[10] = {9, 9, 9, 9, 9, 9, 9, 9, 9, 9};
    (void)state;
    RUN_KERNEL(KERNEL(F32_IN_OUT, " %2 = tailmask 3 : boolx4\n %3 = load %0, 2, %2 : f32x4\n"
                      " %4 = tailmask 2 : boolx4\n store %3, %1, 1, %4\n store %3, %1, 5\n"),
               (void *)xs, z);
    const float want[10] = {9, 3, 4, 9, 9, 3, 4, 5, 0, 9};
    assert_memory_equal(z, want, sizeof want);
}

static void test_masked_off_lanes_touch_no_memory(void **state)
{
    (void)state;
    RUN_KERNEL(KERNEL(F32_IN_OUT, " %2 = tailmask -5 : boolx4\n %3 = load %0, 1000, %2 : f32x4\n store %3, %1, 0, %2\n"
                      " %4 = iota : i32x4\n %5 = gather %0, %4, %2 : f32x4\n store %5, %1, 0, %2\n"), NULL, NULL);
}

static void test_tailmask_of_any_index(void **state)
{
    uint8_t z[4 * 8];
    (void)state;
    memset(z, 7, sizeof z);
    RUN_KERNEL(KERNEL(" %1 = param \"z\" : buffer bool\n",
                      " %2 = tailmask -9223372036854775807 : boolx8\n store %2, %1, 0\n %3 = tailmask 0 : boolx8\n"
                      " store %3, %1, 8\n %4 = tailmask 5 : boolx8\n store %4, %1, 16\n"
                      " %5 = tailmask 9223372036854775807 : boolx8\n store %5, %1, 24\n"), z);
    for (int k = 0; k < 8; k++) {
        assert_int_equal(z[k], 0);
        assert_int_equal(z[8 + k], 0);
        assert_int_equal(z[16 + k], k < 5);
        assert_int_equal(z[24 + k], 1);
    }
}

static void test_addressing(void **state)
{
    float z[3];
    (void)state;
    RUN_KERNEL(KERNEL(F32_IN_OUT, " %2 = load %0, 1 [disp=2] : f32\n store %2, %1, 0\n %3 = subbuffer %0, 4 : buffer f32\n"
                      " %4 = load %3, 5 [disp=-3] : f32\n store %4, %1, 0 [disp=1]\n"
                      " %5 = subbuffer %0, 1 : buffer u8\n %6 = subbuffer %5, 4 : buffer f32\n %7 = load %6, 0 : f32\n"
                      " store %7, %1, 2\n prefetch %0, 0 [locality=3]\n"), (void *)xs, z);
    assert_true(z[0] == 4 && z[1] == 7 && z[2] == 3);
}

static void test_gather(void **state)
{
    float z[4];
    (void)state;
    const int32_t at[4] = {5, -1, 0, 3};
    RUN_KERNEL(KERNEL(F32_IN_OUT " %2 = param \"at\" : buffer i32\n",
                      " %3 = load %2, 0 : i32x4\n %4 = gather %0, %3 [disp=2] : f32x4\n store %4, %1, 0\n"),
               (void *)xs, z, (void *)at);
    assert_true(z[0] == 8 && z[1] == 2 && z[2] == 3 && z[3] == 6);
}

static void test_lanes(void **state)
{
    float z[20];
    (void)state;
    RUN_KERNEL(KERNEL(F32_IN_OUT,
                      " %2 = load %0, 0 : f32x4\n %3 = load %0, 4 : f32x4\n"
                      " %4 = shuffle %2, %3 [mask=(7,0,4,3,3,6,1,2)] : f32x8\n store %4, %1, 0\n"
                      " %5 = const 0.5 : f32\n %6 = splat %5 : f32x4\n %7 = extract %3 [lane=2]\n"
                      " %8 = insert %6, %7 [lane=1]\n store %8, %1, 8\n"
                      " %9 = iota : i32x4\n %10 = const 7 : i32x4\n %11 = mul %9, %10 : i32x4\n %12 = permute %2, %11\n"
                      " store %12, %1, 12\n %13 = const -1 : i32x4\n %14 = sub %13, %9 : i32x4\n %15 = permute %2, %14\n"
                      " store %15, %1, 16\n"), (void *)xs, z);
    const float want[20] = {8, 1, 5, 4, 4, 7, 2, 3, 0.5f, 7, 0.5f, 0.5f, 1, 4, 3, 2, 4, 3, 2, 1};
    assert_memory_equal(z, want, sizeof want);
}

static void test_permute2(void **state)
{
    float z[4];
    (void)state;
    RUN_KERNEL(KERNEL(F32_IN_OUT,
                      " %2 = load %0, 0 : f32x4\n %3 = load %0, 4 : f32x4\n %4 = iota : i32x4\n %5 = const -3 : i32x4\n"
                      " %6 = mul %4, %5 : i32x4\n %7 = permute2 %2, %3, %6\n store %7, %1, 0\n"), (void *)xs, z);
    const float want[4] = {xs[0], xs[5], xs[2], xs[7]}; /* 0, -3, -6, -9 modulo 8 */
    assert_memory_equal(z, want, sizeof want);
}

static void test_bitcast(void **state)
{
    const float x[2] = {1.0f, -0.0f};
    uint32_t z[2];
    uint8_t bytes[8];
    (void)state;
    RUN_KERNEL(KERNEL(" %0 = param \"x\" : buffer f32\n %1 = param \"z\" : buffer u32\n %9 = param \"b\" : buffer u8\n",
                      " %2 = load %0, 0 : f32x2\n %3 = bitcast %2 : u32x2\n store %3, %1, 0\n"
                      " %4 = bitcast %2 : u8x8\n store %4, %9, 0\n"), (void *)x, z, bytes);
    assert_int_equal(z[0], 0x3f800000);
    assert_int_equal(z[1], 0x80000000);
    assert_memory_equal(bytes, x, sizeof x);
}

/* The tree adds halves: ((1e8 + -1e8) + (1 + 1)) where a left-to-right sum of 1e8, 1, -1e8, 1 loses a one. */
static void test_reduce_is_a_tree(void **state)
{
    const float x[8] = {1e8f, 1, -1e8f, 1, 3, NAN, 5, 4};
    float z[3];
    (void)state;
    RUN_KERNEL(KERNEL(F32_IN_OUT, " %2 = load %0, 0 : f32x4\n %3 = reduce_add %2\n store %3, %1, 0\n"
                      " %4 = reduce_max %2\n store %4, %1, 1\n %5 = load %0, 4 : f32x4\n %6 = reduce_max %5\n"
                      " store %6, %1, 2\n"), (void *)x, z);
    assert_true(z[0] == 2 && z[1] == 1e8f && isnan(z[2]));
}

static void test_i4_nibbles(void **state)
{
    const uint8_t x[2] = {0x8f, 0x71};
    int8_t z[4];
    uint8_t back[2] = {0xff, 0xff};
    (void)state;
    RUN_KERNEL(KERNEL(" %0 = param \"x\" : buffer i4\n %1 = param \"z\" : buffer i8\n %2 = param \"w\" : buffer i4\n",
                      " %3 = load %0, 0 : i4x4\n %4 = cast %3 : i8x4\n store %4, %1, 0\n %5 = load %0, 1 : i4x2\n"
                      " store %5, %2, 1\n"), (void *)x, z, back);
    const int8_t want[4] = {-1, -8, 1, 7};
    assert_memory_equal(z, want, sizeof want);
    assert_int_equal(back[0], 0x8f);
    assert_int_equal(back[1], 0xf1);
}

static void test_loops(void **state)
{
    int64_t z[8] = {0};
    (void)state;
    RUN_KERNEL(KERNEL(" %0 = param \"z\" : buffer i64\n",
                      " %1 = reg : reg i64\n %2 = const 0 : i64\n set %1, %2\n"
                      " %3 = for 0, 10, 3 {\n %4 = for %3, 12, 4 {\n %5 = get %1\n %6 = cast %4 : i64\n"
                      " %7 = add %5, %6 : i64\n set %1, %7\n }\n }\n %8 = get %1\n store %8, %0, 0\n"
                      " %9 = for 5, 5, 1 {\n store %2, %0, 100000\n }\n %10 = for 9, 2, 1 {\n store %2, %0, 100000\n }\n"
                      " %11 = for 9223372036854775800, 9223372036854775807, 5 {\n %12 = get %1\n"
                      " %13 = const 1 : i64\n %14 = add %12, %13 : i64\n set %1, %14\n }\n"
                      " %15 = get %1\n store %15, %0, 1\n"), z);
    int64_t want = 0;
    for (int i = 0; i < 10; i += 3)
        for (int j = i; j < 12; j += 4) want += j;
    assert_int_equal(z[0], want);
    assert_int_equal(z[1], want + 2);
}

static void test_branches(void **state)
{
    int64_t z[8];
    (void)state;
    RUN_KERNEL(KERNEL(" %0 = param \"z\" : buffer i64\n",
                      " %1 = for 0, 8, 1 {\n %2 = rem %1, 2\n %3 = eq %2, 0 : bool\n %4 = cast %1 : i64\n"
                      " store %4, %0, %1\n if %3 {\n %5 = neg %4\n store %5, %0, %1\n } else {\n"
                      " %6 = lt %1, 4 : bool\n if %6 {\n %7 = add %4, %4 : i64\n store %7, %0, %1\n }\n }\n }\n"), z);
    const int64_t want[8] = {0, 2, -2, 6, -4, 5, -6, 7};
    assert_memory_equal(z, want, sizeof want);
}

static void test_defects_are_reported(void **state)
{
    _Alignas(64) float x[32] = {0};
    float *odd = x + 1;
    (void)state;
    void *const aligned[] = {x}, *const misaligned[] = {odd};
    const char *text = KERNEL(" %0 = param \"x\" : buffer f32\n",
                              " %1 = load %0, 0 [align=64] : f32x16\n store %1, %0, 0 [align=64]\n");
    assert_int_equal(run_kernel(text, 1, aligned), SPC_OK);
    assert_int_equal(run_kernel(text, 1, misaligned), SPC_E_INTERNAL);
    const char *endless = KERNEL(" %0 = param \"n\" : index\n", " %1 = for 0, 4, %0 {\n }\n");
    void *const zero[] = {NULL};
    assert_int_equal(run_kernel(endless, 1, zero), SPC_E_INTERNAL);
}

/* Every op that kernels and entries may hold has a meaning here: none is forgotten when ops.def grows. */
static void test_no_op_is_missing(void **state)
{
    (void)state;
    ir_arena *arena = ir_arena_new(0);
    ir_module *m = ir_module_new(arena, ir_diags_new(arena));
    const ir_type *types[] = {ir_scalar(m, IR_F32), ir_scalar(m, IR_INDEX), ir_scalar(m, IR_BOOL)};
    for (int code = 0; code < IR_OP_COUNT; code++) {
        if (!(ir_info((ir_opcode)code)->levels & (IR_LEVEL_K | IR_LEVEL_E))) continue;
        bool known = false;
        for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
            ir_op arg = {.code = IR_OP_param, .type = types[t]};
            ir_op *args[] = {&arg, &arg, &arg};
            const int nargs = ir_info((ir_opcode)code)->min_args;
            ir_op op = {.code = (ir_opcode)code, .type = types[t], .nargs = nargs, .args = args};
            known |= interp_knows(&op);
        }
        if (!known) fail_msg("the interpreter has no %s", ir_info((ir_opcode)code)->name);
    }
    ir_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masked_memory_leaves_lanes_alone), cmocka_unit_test(test_masked_off_lanes_touch_no_memory),
        cmocka_unit_test(test_tailmask_of_any_index), cmocka_unit_test(test_addressing), cmocka_unit_test(test_gather),
        cmocka_unit_test(test_lanes), cmocka_unit_test(test_permute2), cmocka_unit_test(test_bitcast), cmocka_unit_test(test_reduce_is_a_tree),
        cmocka_unit_test(test_i4_nibbles), cmocka_unit_test(test_loops), cmocka_unit_test(test_branches),
        cmocka_unit_test(test_defects_are_reported), cmocka_unit_test(test_no_op_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
