/* The thread pool: every task once, nested and concurrent use, odd sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>
#include <spc/spc_rt.h>
#include <stdatomic.h>
#include <stdint.h>

enum { TASKS = 1000 };

typedef struct count {
    atomic_int seen[TASKS];
    const spc_exec *exec;
    struct count *inner;
} count;

static void mark(void *arg, size_t index)
{
    count *c = arg;
    atomic_fetch_add(&c->seen[index], 1);
}

static void mark_and_nest(void *arg, size_t index)
{
    count *c = arg;
    mark(c, index);
    c->exec->parallel_for(c->exec->ctx, mark, c->inner, 10);
}

static void check_counts(const count *c, size_t tasks, int wanted)
{
    for (size_t i = 0; i < TASKS; i++)
        assert_int_equal(c->seen[i], i < tasks ? wanted : 0);
}

static void test_every_task_once(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 2, 3, 7, TASKS };
    for (int threads = 0; threads <= 4; threads++) {
        spc_pool *pool;
        assert_int_equal(spc_pool_new(threads, &pool), SPC_OK);
        const spc_exec exec = spc_pool_exec(pool);
        assert_int_equal(exec.size, sizeof exec);
        assert_true(threads ? exec.threads == threads : exec.threads >= 1);
        assert_null(exec.scratch);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            count c = { .exec = &exec };
            exec.parallel_for(exec.ctx, mark, &c, sizes[i]);
            check_counts(&c, sizes[i], 1);
        }
        spc_pool_free(pool);
    }
}

static void test_nested(void **state)
{
    (void)state;
    spc_pool *pool;
    assert_int_equal(spc_pool_new(2, &pool), SPC_OK);
    const spc_exec exec = spc_pool_exec(pool);
    count inner = { .exec = &exec }, outer = { .exec = &exec, .inner = &inner };
    exec.parallel_for(exec.ctx, mark_and_nest, &outer, 50);
    check_counts(&outer, 50, 1);
    check_counts(&inner, 10, 50);
    spc_pool_free(pool);
}

static void *use_pool(void *arg)
{
    const spc_exec *exec = arg;
    for (int round = 0; round < 50; round++) {
        count c = { .exec = exec };
        exec->parallel_for(exec->ctx, mark, &c, 100);
        for (size_t i = 0; i < 100; i++)
            if (c.seen[i] != 1)
                return arg;
    }
    return NULL;
}

static void test_concurrent(void **state)
{
    (void)state;
    spc_pool *pool;
    assert_int_equal(spc_pool_new(2, &pool), SPC_OK);
    spc_exec exec = spc_pool_exec(pool);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_pool, &exec), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    spc_pool_free(pool);
}

static void test_arguments(void **state)
{
    (void)state;
    spc_pool *pool = (spc_pool *)(uintptr_t)1;
    assert_int_equal(spc_pool_new(-1, &pool), SPC_E_ARG);
    assert_null(pool);
    assert_int_equal(spc_pool_new(1 << 20, &pool), SPC_E_ARG);
    assert_int_equal(spc_pool_new(1, NULL), SPC_E_ARG);
    const spc_exec exec = spc_pool_exec(NULL);
    assert_null(exec.parallel_for);
    assert_int_equal(exec.threads, 1);
    spc_pool_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_task_once), cmocka_unit_test(test_nested),
        cmocka_unit_test(test_concurrent),      cmocka_unit_test(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
