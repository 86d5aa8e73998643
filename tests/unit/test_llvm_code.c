/* The shape of LLVM's code: hot loops without spills, nothing that the target lacks, line tables, the same bytes again,
 * refusal of ops that may not arrive. */
#include "tests/unit/llvm_text.h"

#define F32X16_ZERO " %90 = const 0.0 : f32x16\n"

/* Rows of a CSR matrix times a packed panel of four vectors: the loop that everything stands on. */
#define SPMM \
    "kernel @k {\n %0 = param \"pos\" : buffer u32\n %1 = param \"crd\" : buffer u16\n %2 = param \"v\" : buffer f32\n" \
    " %3 = param \"x\" : buffer f32\n %4 = param \"y\" : buffer f32\n %100 = param \"task\" : index\n" \
    " %101 = param \"tasks\" : index\n" F32X16_ZERO \
    " %7 = load %0, %100 : u32\n %8 = load %0, %100 [disp=1] : u32\n %9 = cast %7 : index\n %10 = cast %8 : index\n" \
    " %11 = reg : reg f32x16\n %12 = reg : reg f32x16\n %13 = reg : reg f32x16\n %14 = reg : reg f32x16\n" \
    " set %11, %90\n set %12, %90\n set %13, %90\n set %14, %90\n" \
    " %15 = for %9, %10, 1 {\n  %16 = load %2, %15 : f32\n  %17 = splat %16 : f32x16\n  %18 = load %1, %15 : u16\n" \
    "  %19 = cast %18 : index\n" \
    "  %20 = load %3, %19 : f32x16\n  %21 = load %3, %19 [disp=16] : f32x16\n  %22 = load %3, %19 [disp=32] : f32x16\n" \
    "  %23 = load %3, %19 [disp=48] : f32x16\n" \
    "  %24 = get %11\n  %25 = fma %17, %20, %24\n  set %11, %25\n  %26 = get %12\n  %27 = fma %17, %21, %26\n" \
    "  set %12, %27\n  %28 = get %13\n  %29 = fma %17, %22, %28\n  set %13, %29\n  %30 = get %14\n" \
    "  %31 = fma %17, %23, %30\n  set %14, %31\n }\n" \
    " %40 = get %11\n %41 = get %12\n %42 = get %13\n %43 = get %14\n store %40, %4, 0\n store %41, %4, 16\n" \
    " store %42, %4, 32\n store %43, %4, 48\n}\n"

#define ENTRY_COPY \
    "kernel @copy {\n %0 = param \"x\" : buffer f32\n %1 = param \"y\" : buffer f32\n" TASK_PARAMS \
    " %2 = load %0, %100 : f32x16\n store %2, %1, %100\n}\n" \
    "entry @run {\n %0 = param \"x\" : buffer f32\n %1 = param \"y\" : buffer f32\n" \
    " %2 = cpu_has [features=\"avx512f,avx2\"] : bool\n check %2 [status=5]\n launch 4, %0, %1 \"copy\"\n}\n"

/* The code of all functions of a text; free it. */
static char *code_of(const char *text, const char *cpu, be_format format)
{
    ir_arena *arena = ir_arena_new(0);
    ir_module *m = parse_text(arena, text);
    ir_target target;

    assert_true(ir_target_find(cpu, &target, NULL));
    be_blob blob = llvm_emit_module(m, &target, "p_", format);
    ir_arena_free(arena);
    return blob.data;
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (; (text = strstr(text, what)); text++)
        n++;
    return n;
}

static void test_hot_loop(void **state)
{
    static const char *const cpus[] = {"x86-64-v4", "znver4", "sapphirerapids"};
    (void)state;
    LLVM_OR_SKIP();
    for (int i = 0; i < 3; i++) {
        char *code = code_of(SPMM, cpus[i], BE_ASM);
        assert_int_equal(count(code, "vfmadd231ps\t"), 4);
        for (const char *at = code; (at = strstr(at, "vfmadd231ps\t")); at++) {
            assert_ptr_equal(strchr(at, '('), strpbrk(at, "(\n")); /* an operand in memory */
            assert_true(strstr(at, "zmm") < strchr(at, '\n'));
        }
        assert_int_equal(count(code, "vbroadcastss\t("), 1);
        assert_int_equal(count(code, "%rsp"), 0);
        free(code);
    }
}

static void test_wide_vectors_split_on_narrow_targets(void **state)
{
    (void)state;
    LLVM_OR_SKIP();
    char *code = code_of(SPMM, "x86-64-v3", BE_ASM);
    assert_int_equal(count(code, "vfmadd231ps\t"), 8);
    assert_int_equal(count(code, "zmm"), 0);
    free(code);
    code = code_of(SPMM, "x86-64-v2", BE_ASM);
    assert_int_equal(count(code, "ymm"), 0);
    assert_int_equal(count(code, "fmadd"), 0);
    free(code);
}

/* One vmaxps for relu, on whichever side the zero stands. */
static void test_relu_is_one_instruction(void **state)
{
    (void)state;
    LLVM_OR_SKIP();
    char *code = code_of("kernel @k {\n %0 = param \"x\" : buffer f32\n" TASK_PARAMS F32X16_ZERO
                         " %1 = load %0, 0 : f32x16\n %2 = max %1, %90 : f32x16\n %3 = load %0, 16 : f32x16\n"
                         " %4 = max %90, %3 : f32x16\n store %2, %0, 32\n store %4, %0, 48\n}\n", "x86-64-v4", BE_ASM);
    assert_int_equal(count(code, "vmaxps\t"), 2);
    assert_int_equal(count(code, "vcmp"), 0);
    free(code);
}

/* An entry runs before its own check. */
static void test_entries_are_baseline_code(void **state)
{
    (void)state;
    LLVM_OR_SKIP();
    char *code = code_of(ENTRY_COPY, "x86-64-v4", BE_ASM);
    assert_int_equal(count(code, "zmm"), 2);
    const char *entry = strstr(code, "\np_run:");
    assert_non_null(entry);
    for (const char *at = entry; (at = strstr(at, "\n\tv")); at++) /* every AVX mnemonic starts with v */
        fail_msg("AVX in an entry: %.40s", at + 2);
    free(code);
}

static void test_same_bytes_again(void **state)
{
    ir_arena *arena = ir_arena_new(0);
    ir_target target;
    (void)state;
    LLVM_OR_SKIP();
    ir_module *m = parse_text(arena, ENTRY_COPY);
    assert_true(ir_target_find("x86-64-v4", &target, NULL));
    be_blob first = llvm_emit_module(m, &target, "", BE_OBJECT), second = llvm_emit_module(m, &target, "", BE_OBJECT);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    free(first.data);
    free(second.data);
    ir_arena_free(arena);
}

static void test_text_form(void **state)
{
    (void)state;
    LLVM_OR_SKIP();
    char *code = code_of(ENTRY_COPY, "x86-64-v4", BE_TEXT);
    assert_non_null(strstr(code, "define i32 @p_run("));
    assert_non_null(strstr(code, "define hidden void @spck_copy("));
    free(code);
}

/* Only where asked for; file and line are the program's. */
static void test_line_tables(void **state)
{
    ir_arena *arena = ir_arena_new(0);
    ir_target target;
    be_options options = {&target, "", true};
    be_blob blob;
    rt_error error;
    (void)state;
    LLVM_OR_SKIP();
    ir_module *m = parse_text(arena, SPMM);
    const ir_source sdl = {"model.sdl", "", 0};
    m->funcs->loc = (ir_loc){&sdl, 7, 3, 1};
    for (ir_op *op = m->funcs->body.first; op; op = op->next)
        op->loc = (ir_loc){&sdl, 42, 5, 1};
    assert_true(ir_target_find("x86-64-v4", &target, NULL));
    const ir_func *func = m->funcs;
    assert_int_equal(be_find("llvm")->emit(m, &func, 1, &options, BE_ASM, &blob, &error), SPC_OK);
    assert_non_null(strstr(blob.data, "\"model.sdl\""));
    assert_non_null(strstr(blob.data, "\t.loc\t1 42 5"));
    free(blob.data);
    options.debug = false;
    assert_int_equal(be_find("llvm")->emit(m, &func, 1, &options, BE_ASM, &blob, &error), SPC_OK);
    assert_null(strstr(blob.data, "model.sdl"));
    free(blob.data);
    ir_arena_free(arena);
}

/* What ir/legal.def says no target has. */
static const ir_opcode replaced[] = {
#define WHERE_NEVER(op) IR_OP_##op,
#define WHERE_PLAIN(op)
#define WHERE_FUSED(op)
#define WHERE_TABLE(op)
#define WHERE_TABLE2(op)
#define LEGAL(op, rule) WHERE_##rule(op)
#include "ir/legal.def"
#undef LEGAL
};

/* Every op that kernels and entries may hold has a rule, but for those that expand_math replaces. */
static void test_no_op_is_forgotten(void **state)
{
    static const bool has_rule[IR_OP_COUNT] = {
#define EMIT(op, function) [IR_OP_##op] = true,
#include "backends/llvm/emit.def"
#undef EMIT
    };
    (void)state;
    for (int code = 0; code < IR_OP_COUNT; code++) {
        bool wanted = ir_info((ir_opcode)code)->levels & (IR_LEVEL_K | IR_LEVEL_E);
        for (size_t i = 0; i < sizeof replaced / sizeof *replaced; i++)
            wanted = wanted && replaced[i] != (ir_opcode)code;
        if (has_rule[code] != wanted)
            fail_msg("%s", ir_info((ir_opcode)code)->name);
    }
}

static void test_functions_are_refused(void **state)
{
    ir_target target;
    be_options options = {&target, "", false};
    (void)state;
    LLVM_OR_SKIP();
    assert_true(ir_target_find("x86-64-v4", &target, NULL));
    for (size_t i = 0; i < sizeof replaced / sizeof *replaced; i++) {
        ir_arena *arena = ir_arena_new(0);
        char text[512];
        rt_error error = {0};
        be_blob blob;
        const char *name = ir_info(replaced[i])->name;
        snprintf(text, sizeof text, "kernel @k {\n %%0 = param \"x\" : buffer f32\n" " %%100 = param \"task\" : index\n"
                 " %%101 = param \"tasks\" : index\n %%1 = load %%0, 0 : f32\n %%2 = %s %%1%s\n store %%2, %%0, 0\n}\n",
                 name, replaced[i] == IR_OP_leaky_relu ? " [slope=0.5]" : "");
        ir_module *m = parse_text(arena, text);
        const ir_func *func = m->funcs;
        assert_int_equal(be_find("llvm")->emit(m, &func, 1, &options, BE_OBJECT, &blob, &error), SPC_E_INTERNAL);
        assert_non_null(strstr(error.text, name));
        ir_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hot_loop),
        cmocka_unit_test(test_wide_vectors_split_on_narrow_targets),
        cmocka_unit_test(test_relu_is_one_instruction),
        cmocka_unit_test(test_entries_are_baseline_code),
        cmocka_unit_test(test_same_bytes_again),
        cmocka_unit_test(test_text_form),
        cmocka_unit_test(test_line_tables),
        cmocka_unit_test(test_no_op_is_forgotten),
        cmocka_unit_test(test_functions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
