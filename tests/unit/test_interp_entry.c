/* Entries in the interpreter: checks, threads, scratch, weights, launches. */
#include "tests/unit/interp_text.h"
#include <stdlib.h>

/* Calls entry @f with these words. */
static int call(const char *text, const uint64_t *words, size_t count, const void *weights, const char *data, int64_t offset)
{
    ir_arena *arena = ir_arena_new(0);
    ir_module *m = parse_text(arena, text);
    ir_func *entry = ir_func_find(m, IR_ENTRY, "f");
    for (ir_op *op = entry->body.first; data && op; op = op->next)
        if (op->code == IR_OP_data && !strcmp(op->name, data)) ir_set_int(m, op, "offset", offset);
    const int status = interp_entry(m, entry, words, count, weights);
    ir_arena_free(arena);
    return status;
}

static uint64_t word(const void *p) { return (uint64_t)(uintptr_t)p; }

/* Each task adds its index + 1 to its own element, and notes how many tasks there are. */
#define KERNEL_MARK                                                                                 \
    "kernel @mark {\n %0 = param \"z\" : buffer i64\n %1 = param \"bias\" : index\n"                  \
    " %2 = param \"task\" : index\n %3 = param \"tasks\" : index\n %4 = load %0, %2 : i64\n"          \
    " %5 = add %2, %1 : index\n %6 = cast %5 : i64\n %7 = add %4, %6 : i64\n %8 = cast %3 : i64\n"    \
    " %9 = add %7, %8 : i64\n store %9, %0, %2\n}\n"
#define ENTRY_MARK                                                                                        \
    "entry @f {\n %0 = param \"n\" : index\n %1 = param \"z\" : buffer i64\n %2 = ge %0, 0 : bool\n"       \
    " check %2 [status=1]\n %3 = cpu_has [features=\"avx2\"] : bool\n check %3 [status=5]\n"               \
    " launch %0, %1, 100 \"mark\"\n}\n"

typedef struct order {
    int calls;
    size_t tasks;
} order;

static void backwards(void *ctx, void (*task)(void *, size_t), void *arg, size_t tasks)
{
    order *o = ctx;
    o->calls++;
    o->tasks = tasks;
    for (size_t i = tasks; i-- > 0;) task(arg, i);
}

static void test_launch_runs_every_task_once(void **state)
{
    order o = {0};
    spc_exec exec = {sizeof exec, backwards, &o, 3, NULL, 0};
    (void)state;
    for (int i = 0; i < 2; i++) {
        int64_t z[6] = {0};
        const uint64_t words[] = {5, word(z), i ? word(&exec) : 0};
        assert_int_equal(call(KERNEL_MARK ENTRY_MARK, words, 3, NULL, NULL, 0), SPC_OK);
        for (int k = 0; k < 6; k++) assert_int_equal(z[k], k < 5 ? 100 + k + 5 : 0);
    }
    assert_int_equal(o.calls, 1);
    assert_int_equal(o.tasks, 5);
}

static void test_no_tasks_and_failed_check(void **state)
{
    int64_t z[1] = {7};
    (void)state;
    const uint64_t none[] = {0, word(z), 0}, negative[] = {(uint64_t)-1, word(z), 0};
    assert_int_equal(call(KERNEL_MARK ENTRY_MARK, none, 3, NULL, NULL, 0), SPC_OK);
    assert_int_equal(call(KERNEL_MARK ENTRY_MARK, negative, 3, NULL, NULL, 0), SPC_E_ARG);
    assert_int_equal(call(KERNEL_MARK ENTRY_MARK, none, 1, NULL, NULL, 0), SPC_E_ARG);
    assert_int_equal(z[0], 7);
}

/* Writes the threads, then uses the last of n bytes of scratch. */
#define ENTRY_SCRATCH                                                                                       \
    "kernel @touch {\n %0 = param \"s\" : buffer u8\n %1 = param \"n\" : index\n %2 = param \"task\" : index\n" \
    " %3 = param \"tasks\" : index\n %4 = const 1 : u8\n %5 = for 0, %1, 1 {\n store %4, %0, %5\n }\n"         \
    " %6 = load %0, 0 [align=64] : u8\n}\n"                                                                    \
    "kernel @note {\n %0 = param \"z\" : buffer i64\n %1 = param \"v\" : index\n %2 = param \"task\" : index\n" \
    " %3 = param \"tasks\" : index\n %4 = cast %1 : i64\n store %4, %0, 0\n}\n"                                \
    "entry @f {\n %0 = param \"n\" : index\n %1 = param \"z\" : buffer i64\n %2 = threads\n"                   \
    " launch 1, %1, %2 \"note\"\n %3 = scratch %0 : buffer u8\n launch 1, %3, %0 \"touch\"\n}\n"

static void test_scratch(void **state)
{
    _Alignas(64) char room[256];
    int64_t threads = 0;
    spc_exec exec = {sizeof exec, NULL, NULL, 4, room, 128};
    uint64_t words[] = {128, word(&threads), word(&exec)};
    (void)state;
    assert_int_equal(call(ENTRY_SCRATCH, words, 3, NULL, NULL, 0), SPC_OK);
    assert_int_equal(threads, 4);
    words[0] = 129;
    assert_int_equal(call(ENTRY_SCRATCH, words, 3, NULL, NULL, 0), SPC_E_ARG);
    /* Misaligned: what is left from the next multiple of 64 counts. */
    exec.scratch = room + 8;
    exec.scratch_bytes = 120;
    words[0] = 64;
    assert_int_equal(call(ENTRY_SCRATCH, words, 3, NULL, NULL, 0), SPC_OK);
    words[0] = 65;
    assert_int_equal(call(ENTRY_SCRATCH, words, 3, NULL, NULL, 0), SPC_E_ARG);
    exec.scratch_bytes = 8;
    words[0] = 1;
    assert_int_equal(call(ENTRY_SCRATCH, words, 3, NULL, NULL, 0), SPC_E_ARG);
}

static void test_own_scratch_and_no_exec(void **state)
{
    int64_t threads = 0;
    uint64_t words[] = {5000, word(&threads), 0};
    (void)state;
    assert_int_equal(call(ENTRY_SCRATCH, words, 3, NULL, NULL, 0), SPC_OK);
    assert_int_equal(threads, 1);
    assert_int_equal(call(ENTRY_SCRATCH, words, 2, NULL, NULL, 0), SPC_OK);
    words[0] = UINT64_C(1) << 62;
    assert_int_equal(call(ENTRY_SCRATCH, words, 2, NULL, NULL, 0), SPC_E_NOMEM);
}

/* A caller's struct that ends before `threads`: nothing past it is read. */
static void test_short_exec(void **state)
{
    const size_t size = offsetof(spc_exec, threads);
    void *exec = malloc(size);
    int64_t threads = 0;
    order o = {0};
    (void)state;
    assert_non_null(exec);
    memcpy(exec, &(spc_exec){size, backwards, &o, 9, NULL, 0}, size);
    const uint64_t words[] = {64, word(&threads), word(exec)};
    assert_int_equal(call(ENTRY_SCRATCH, words, 3, NULL, NULL, 0), SPC_OK);
    assert_int_equal(threads, 1);
    assert_int_equal(o.calls, 2);
    free(exec);
}

#define ENTRY_DATA                                                                                             \
    "packing \"w\" of \"w\" : f64[3]\n"                                                                          \
    "kernel @note {\n %0 = param \"z\" : buffer i64\n %1 = param \"w\" : buffer i64\n %2 = param \"task\" : index\n" \
    " %3 = param \"tasks\" : index\n %4 = load %1, 0 : i64\n store %4, %0, 0\n}\n"                                \
    "entry @f {\n %0 = param \"z\" : buffer i64\n %1 = data \"w/values\" : buffer i64\n launch 1, %0, %1 \"note\"\n}\n"

static void test_data(void **state)
{
    const int64_t weights[3] = {10, 20, 30};
    int64_t z = 0;
    const uint64_t words[] = {word(&z), 0};
    (void)state;
    assert_int_equal(call(ENTRY_DATA, words, 2, weights, "w/values", 16), SPC_OK);
    assert_int_equal(z, 30);
    assert_int_equal(call(ENTRY_DATA, words, 2, weights, NULL, 0), SPC_E_INTERNAL);
}

#define ENTRY_BOUND                                                                                            \
    "packing \"w\" of \"w\" : f64[3]\n"                                                                          \
    "kernel @note {\n %0 = param \"z\" : buffer i64\n %1 = param \"w\" : buffer i64\n %2 = param \"task\" : index\n" \
    " %3 = param \"tasks\" : index\n %4 = load %1, 2 : i64\n store %4, %0, 0\n}\n"                                \
    "entry @f {\n %0 = param \"z\" : buffer i64\n %1 = bound \"w/values\" [index=1] : buffer i64\n"               \
    " launch 1, %0, %1 \"note\"\n}\n"

static void test_bound(void **state)
{
    const int64_t weights[3] = {10, 20, 30};
    const void *const table[] = {NULL, weights};
    int64_t z = 0;
    spc_exec exec = {.size = sizeof exec, .weights = table}, shorter = exec;
    uint64_t words[] = {word(&z), word(&exec)};
    (void)state;
    assert_int_equal(call(ENTRY_BOUND, words, 2, NULL, NULL, 0), SPC_OK);
    assert_int_equal(z, 30);
    shorter.size = offsetof(spc_exec, weights);
    words[1] = word(&shorter);
    assert_int_equal(call(ENTRY_BOUND, words, 2, NULL, NULL, 0), SPC_E_ARG);
    exec.weights = NULL;
    words[1] = word(&exec);
    assert_int_equal(call(ENTRY_BOUND, words, 2, weights, NULL, 0), SPC_E_ARG);
    assert_int_equal(call(ENTRY_BOUND, words, 1, weights, NULL, 0), SPC_E_ARG);
}

/* A defect inside a task comes back through the launch. */
static void test_task_failure_is_returned(void **state)
{
    static const char text[] =
        "kernel @k {\n %0 = param \"step\" : index\n %1 = param \"task\" : index\n %2 = param \"tasks\" : index\n"
        " %3 = for 0, 1, %0 {\n }\n}\nentry @f {\n %0 = param \"step\" : index\n launch 2, %0 \"k\"\n}\n";
    const uint64_t bad[] = {0, 0}, good[] = {1, 0};
    (void)state;
    assert_int_equal(call(text, bad, 2, NULL, NULL, 0), SPC_E_INTERNAL);
    assert_int_equal(call(text, good, 2, NULL, NULL, 0), SPC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_launch_runs_every_task_once), cmocka_unit_test(test_no_tasks_and_failed_check),
        cmocka_unit_test(test_scratch), cmocka_unit_test(test_own_scratch_and_no_exec), cmocka_unit_test(test_short_exec),
        cmocka_unit_test(test_data), cmocka_unit_test(test_bound), cmocka_unit_test(test_task_failure_is_returned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
