/* The thread pool: every task once, nested and concurrent use, odd sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <spc/spc_rt.h>
#include <stdatomic.h>
#include <stdbool.h>
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

/* ---- threads that no core is there for ---- */

enum { ASKED = 64 };

typedef struct who {
    pthread_mutex_t lock;
    pthread_t seen[ASKED + 1];
    int count;
} who;

static void note_thread(void *arg, size_t index)
{
    who *w = arg;
    (void)index;
    pthread_mutex_lock(&w->lock);
    bool known = false;
    for (int i = 0; i < w->count; i++)
        known = known || pthread_equal(w->seen[i], pthread_self());
    if (!known && w->count <= ASKED)
        w->seen[w->count++] = pthread_self();
    pthread_mutex_unlock(&w->lock);
}

static void *pool_on_one_core(void *arg)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(*(int *)arg, &one);
    spc_pool *pool;
    if (sched_setaffinity(0, sizeof one, &one) != 0 || spc_pool_new(ASKED, &pool) != SPC_OK)
        return arg;
    const spc_exec exec = spc_pool_exec(pool);
    who w = { .lock = PTHREAD_MUTEX_INITIALIZER };
    for (int round = 0; round < 20; round++)
        exec.parallel_for(exec.ctx, note_thread, &w, 1000);
    spc_pool_free(pool);
    return exec.threads == ASKED && w.count == 1 ? NULL : arg;
}

/* Work is cut for as many threads as are asked for, but no more run than have a core. */
static void test_more_threads_than_cores(void **state)
{
    (void)state;
    int core = sched_getcpu();
    pthread_t thread;
    void *failed;
    assert_int_equal(pthread_create(&thread, NULL, pool_on_one_core, &core), 0);
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
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
        cmocka_unit_test(test_every_task_once), cmocka_unit_test(test_more_threads_than_cores), cmocka_unit_test(test_nested),
        cmocka_unit_test(test_concurrent),      cmocka_unit_test(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
