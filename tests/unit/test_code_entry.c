/* Entries in machine code of every backend: checks, CPU features, threads, scratch from either side, weights, launches serial and parallel. */
#include "tests/unit/code_text.h"
#include <pthread.h>
#include <unistd.h>

/* Under sanitizers, too, too much memory is NULL. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }
const char *__tsan_default_options(void) { return "allocator_may_return_null=1"; }

#define KERNEL_ADD \
    "kernel @add {\n %0 = param \"x\" : buffer f32\n %1 = param \"y\" : buffer f32\n %2 = param \"n\" : index\n" TASK_PARAMS \
    " %3 = load %0, %100 : f32\n %4 = cast %2 : f32\n %5 = add %3, %4 : f32\n %6 = cast %101 : f32\n" \
    " %7 = add %5, %6 : f32\n store %7, %1, %100\n}\n"

typedef struct loaded {
    ir_arena *arena;
    be_image *image;
} loaded;

static loaded load_text(const char *text, const void *weights)
{
    loaded l = {.arena = ir_arena_new(0)};
    ir_module *m = parse_text(l.arena, text);
    ir_target target;

    assert_true(ir_target_find("x86-64-v2", &target, NULL));
    l.image = code_load_module(m, &target, weights);
    return l;
}

static void unload(loaded *l)
{
    code_unload_module(l->image);
    ir_arena_free(l->arena);
}

/* ---- launches ---- */

typedef int add_function(int64_t n, const float *x, float *y, const spc_exec *);

#define ENTRY_ADD \
    KERNEL_ADD "entry @run {\n %0 = param \"n\" : index\n %1 = param \"x\" : buffer f32\n %2 = param \"y\" : buffer f32\n" \
    " launch %0, %1, %2, %0 \"add\"\n}\n"

static void check_sums(const float *x, const float *y, int n, int all)
{
    for (int i = 0; i < all; i++)
        assert_true(y[i] == (i < n ? x[i] + 2 * (float)n : -1));
}

typedef struct pool {
    int calls;
    size_t tasks;
} pool;

/* Backwards, as any order must do. */
static void backwards(void *ctx, void (*task)(void *arg, size_t index), void *arg, size_t tasks)
{
    pool *p = ctx;
    p->calls++;
    p->tasks = tasks;
    for (size_t i = tasks; i-- > 0;)
        task(arg, i);
}

static void test_launch(void **state)
{
    float x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, y[8];
    (void)state;
    loaded l = load_text(ENTRY_ADD, NULL);
    add_function *run = (add_function *)(uintptr_t)code_function(l.image, "run");
    for (int n = -1; n <= 8; n++) {
        pool p = {0};
        spc_exec exec = {.size = sizeof exec, .parallel_for = backwards, .ctx = &p, .threads = 2};
        spc_exec serial = {.size = sizeof serial, .threads = 2};
        const spc_exec *const ways[] = {NULL, &serial, &exec};
        for (int way = 0; way < 3; way++) {
            for (int i = 0; i < 8; i++)
                y[i] = -1;
            assert_int_equal(run(n, x, y, ways[way]), SPC_OK);
            check_sums(x, y, n, 8);
        }
        assert_int_equal(p.calls, n > 1); /* one task needs no pool */
        if (n > 1)
            assert_int_equal(p.tasks, n);
    }
    unload(&l);
}

/* A traced launch comes by the host even with one task, and still not with none. */
static void test_traced_launch(void **state)
{
    float x[2] = {1, 2}, y[2];
    (void)state;
    loaded l = load_text(KERNEL_ADD "entry @run {\n %0 = param \"n\" : index\n %1 = param \"x\" : buffer f32\n"
                         " %2 = param \"y\" : buffer f32\n launch %0, %1, %2, %0 \"add\" [traced]\n}\n", NULL);
    add_function *run = (add_function *)(uintptr_t)code_function(l.image, "run");
    for (int n = 0; n <= 2; n++) {
        pool p = {0};
        spc_exec exec = {.size = sizeof exec, .parallel_for = backwards, .ctx = &p, .threads = 1};
        y[0] = y[1] = -1;
        assert_int_equal(run(n, x, y, &exec), SPC_OK);
        check_sums(x, y, n, 2);
        assert_int_equal(p.calls, n > 0);
        assert_int_equal(run(n, x, y, NULL), SPC_OK);
    }
    unload(&l);
}

/* An exec that ends before parallel_for is an older one: its memory behind the end is not read. */
static void test_short_exec(void **state)
{
    float x[4] = {1, 2, 3, 4}, y[4];
    pool p = {0};
    spc_exec exec = {.size = offsetof(spc_exec, parallel_for), .parallel_for = backwards, .ctx = &p};
    (void)state;
    loaded l = load_text(ENTRY_ADD, NULL);
    add_function *run = (add_function *)(uintptr_t)code_function(l.image, "run");
    assert_int_equal(run(4, x, y, &exec), SPC_OK);
    check_sums(x, y, 4, 4);
    assert_int_equal(p.calls, 0);
    unload(&l);
}

/* ---- checks ---- */

typedef int index_function(int64_t n, int64_t *out, const spc_exec *);

#define ENTRY(body) \
    "kernel @put {\n %0 = param \"z\" : buffer i64\n %1 = param \"v\" : index\n" TASK_PARAMS \
    " %2 = cast %1 : i64\n store %2, %0, 0\n}\n" \
    "entry @run {\n %0 = param \"n\" : index\n %1 = param \"z\" : buffer i64\n" body "}\n"

static index_function *index_entry(loaded *l, const char *text)
{
    *l = load_text(text, NULL);
    return (index_function *)(uintptr_t)code_function(l->image, "run");
}

static void test_check(void **state)
{
    loaded l;
    int64_t out = -1;
    (void)state;
    index_function *run = index_entry(&l, ENTRY(" %2 = ge %0, 0 : bool\n check %2 [status=1]\n %3 = rem %0, 4\n"
                                                " %4 = eq %3, 0 : bool\n check %4 [status=4]\n"
                                                " launch 1, %1, %0 \"put\"\n"));
    assert_int_equal(run(-4, &out, NULL), 1);
    assert_int_equal(run(6, &out, NULL), 4);
    assert_int_equal(out, -1);
    assert_int_equal(run(8, &out, NULL), 0);
    assert_int_equal(out, 8);
    unload(&l);
}

static void test_threads(void **state)
{
    loaded l;
    int64_t out;
    (void)state;
    index_function *run = index_entry(&l, ENTRY(" %2 = threads\n launch 1, %1, %2 \"put\"\n"));
    for (int threads = -1; threads < 4; threads++) {
        spc_exec exec = {.size = sizeof exec, .threads = threads};
        assert_int_equal(run(0, &out, &exec), 0);
        assert_int_equal(out, threads < 1 ? 1 : threads);
    }
    assert_int_equal(run(0, &out, NULL), 0);
    assert_int_equal(out, 1);
    unload(&l);
}

/* Each feature alone, and all that this CPU has, as the runtime finds them by its own CPUID. */
static void test_cpu_has(void **state)
{
    uint64_t here = rt_cpu_features();
    (void)state;
    for (int i = 0; i <= RT_CPU_COUNT; i++) {
        uint64_t asked = i < RT_CPU_COUNT ? UINT64_C(1) << i : here;
        char names[512], text[2048];
        loaded l;
        int64_t out;
        rt_features_print(asked, names, sizeof names);
        snprintf(text, sizeof text,
                 "entry @run {\n %%0 = param \"n\" : index\n %%1 = param \"z\" : buffer i64\n"
                 " %%2 = cpu_has [features=\"%s\"] : bool\n check %%2 [status=5]\n"
                 " %%3 = cpu_has [features=\"%s\"] : bool\n check %%3 [status=6]\n}\n", names, names);
        index_function *run = index_entry(&l, text);
        int want = (asked & ~here) == 0 ? SPC_OK : SPC_E_UNSUPPORTED;
        assert_int_equal(run(0, &out, NULL), want);
        assert_int_equal(run(0, &out, NULL), want);
        unload(&l);
    }
}

/* ---- scratch ---- */

#define ENTRY_SCRATCH \
    "kernel @fill {\n %0 = param \"s\" : buffer u8\n %1 = param \"n\" : index\n %2 = param \"z\" : buffer i64\n" TASK_PARAMS \
    " %3 = const 7 : u8\n %4 = for 0, %1, 1 {\n  store %3, %0, %4\n }\n %5 = const 9 : i64\n store %5, %2, 0\n}\n" \
    "entry @run {\n %0 = param \"n\" : index\n %1 = param \"z\" : buffer i64\n %2 = scratch %0 : buffer u8\n" \
    " launch 1, %2, %0, %1 \"fill\"\n}\n"

static void test_own_scratch(void **state)
{
    loaded l;
    int64_t out;
    spc_exec exec = {.size = sizeof exec};
    (void)state;
    index_function *run = index_entry(&l, ENTRY_SCRATCH);
    for (int64_t n = 0; n < 200; n += 9) {
        out = 0;
        assert_int_equal(run(n, &out, n % 2 ? NULL : &exec), 0);
        assert_int_equal(out, 9);
    }
    assert_int_equal(run(INT64_C(1) << 60, &out, NULL), SPC_E_NOMEM);
    assert_int_equal(run(INT64_MAX, &out, NULL), SPC_E_NOMEM);
    assert_int_equal(run(-1, &out, NULL), SPC_E_INTERNAL);
    unload(&l);
}

/* From its first 64-aligned byte on, and not a byte behind its end. */
static void test_given_scratch(void **state)
{
    static uint8_t memory[512] __attribute__((aligned(64)));
    loaded l;
    int64_t out;
    (void)state;
    index_function *run = index_entry(&l, ENTRY_SCRATCH);
    for (size_t start = 1; start <= 128; start += 21) {
        size_t skip = -start % 64;
        spc_exec exec = {.size = sizeof exec, .scratch = memory + start, .scratch_bytes = 100 + skip};
        memset(memory, 0, sizeof memory);
        assert_int_equal(run(100, &out, &exec), SPC_OK);
        for (size_t i = 0; i < sizeof memory; i++)
            assert_int_equal(memory[i], i >= start + skip && i < start + skip + 100 ? 7 : 0);
        assert_int_equal(run(101, &out, &exec), SPC_E_ARG);
        exec.scratch_bytes = 0;
        assert_int_equal(run(1, &out, &exec), SPC_E_ARG);
    }
    unload(&l);
}

/* ---- weights ---- */

static void test_data(void **state)
{
    static const float weights[] = {0, 0, 0, 0, 10, 20, 30, 40};
    float y[4];
    (void)state;
    loaded l = load_text("packing \"w\" of \"w\" : f32[8]\n" KERNEL_ADD "entry @run {\n %0 = param \"y\" : buffer f32\n"
                                    " %1 = data \"w/values\" [offset=16] : buffer f32\n launch 4, %1, %0, 0 \"add\"\n}\n",
                         weights);
    int (*run)(float *, const spc_exec *) = (int (*)(float *, const spc_exec *))(uintptr_t)code_function(l.image, "run");
    assert_int_equal(run(y, NULL), SPC_OK);
    for (int i = 0; i < 4; i++)
        assert_true(y[i] == weights[4 + i] + 4);
    unload(&l);
}

static void test_bound(void **state)
{
    static const float weights[] = {10, 20, 30, 40};
    const void *const table[] = {NULL, NULL, weights};
    float y[4] = {0};
    (void)state;
    loaded l = load_text("packing \"w\" of \"w\" : f32[4]\n" KERNEL_ADD "entry @run {\n %0 = param \"y\" : buffer f32\n"
                         " %1 = scratch 100 : buffer u8\n" /* which is given back where there are no weights */
                         " %2 = bound \"w/values\" [index=2] : buffer f32\n launch 4, %2, %0, 0 \"add\"\n}\n",
                         NULL);
    int (*run)(float *, const spc_exec *) = (int (*)(float *, const spc_exec *))(uintptr_t)code_function(l.image, "run");
    spc_exec exec = {.size = sizeof exec, .weights = table};
    assert_int_equal(run(y, NULL), SPC_E_ARG);
    exec.size = offsetof(spc_exec, weights);
    assert_int_equal(run(y, &exec), SPC_E_ARG);
    exec.size = sizeof exec;
    exec.weights = NULL;
    assert_int_equal(run(y, &exec), SPC_E_ARG);
    assert_true(y[0] == 0);
    exec.weights = table;
    assert_int_equal(run(y, &exec), SPC_OK);
    for (int i = 0; i < 4; i++)
        assert_true(y[i] == weights[i] + 4);
    unload(&l);
}

/* ---- failures ---- */

/* An entry without its kernel: loading or the look-up fails, and nothing is printed. */
static void test_missing_symbol(void **state)
{
    ir_arena *arena = ir_arena_new(0);
    ir_target target = {0};
    be_options options = code_options(&target, "");
    be_blob blob;
    be_image *image;
    rt_error error;
    char printed[1];
    (void)state;
    ir_module *m = parse_text(arena, ENTRY_ADD);
    const ir_func *entry = ir_func_find(m, IR_ENTRY, "run");
    assert_true(ir_target_find("x86-64-v2", &target, NULL));
    assert_int_equal(code_backend->emit(m, &entry, 1, &options, BE_OBJECT, &blob, &error), SPC_OK);
    FILE *file = tmpfile();
    int before = dup(2);
    dup2(fileno(file), 2);
    spc_status status = code_backend->load(&blob, 1, NULL, &image, &error);
    void *run = status ? NULL : code_backend->symbol(image, "run");
    void *other = status ? NULL : code_backend->symbol(image, "nowhere");
    dup2(before, 2);
    close(before);
    assert_true(status == SPC_OK || (status == SPC_E_BACKEND && strstr(error.text, "spck_add")));
    assert_null(run);
    assert_null(other);
    rewind(file);
    assert_int_equal(fread(printed, 1, 1, file), 0);
    fclose(file);
    if (!status)
        code_unload_module(image);
    free(blob.data);
    ir_arena_free(arena);
}

/* ---- concurrency ---- */

static void *compile_and_run(void *arg)
{
    float x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, y[8];
    (void)arg;
    for (int i = 0; i < 5; i++) {
        loaded l = load_text(ENTRY_ADD, NULL);
        add_function *run = (add_function *)(uintptr_t)code_function(l.image, "run");
        int status = run(8, x, y, NULL);
        unload(&l);
        if (status || y[7] != x[7] + 16)
            return (void *)1;
    }
    return NULL;
}

static void test_concurrent_compilations(void **state)
{
    pthread_t threads[4];
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, compile_and_run, NULL), 0);
    for (int i = 0; i < 4; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_launch),        cmocka_unit_test(test_short_exec),
        cmocka_unit_test(test_traced_launch),
        cmocka_unit_test(test_check),         cmocka_unit_test(test_threads),
        cmocka_unit_test(test_cpu_has),       cmocka_unit_test(test_own_scratch),
        cmocka_unit_test(test_given_scratch), cmocka_unit_test(test_data), cmocka_unit_test(test_bound),
        cmocka_unit_test(test_missing_symbol),
        cmocka_unit_test(test_concurrent_compilations),
    };
    CODE_RUN_TESTS(tests, NULL);
}
