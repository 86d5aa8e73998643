/* pool: spc_exec on a pthreadpool. A pool of that library takes one job at a time: parallelize_1d locks until its job
 * is done, so calls from several threads follow one another, and a call from inside a task would wait for itself.
 * Such nested calls run serially on the thread that makes them; they are known by a mark on that thread.
 * (What remains is a ring: a task of pool A that waits for pool B, a task of which waits for A.)
 *
 * The library's threads wait by spinning, so one that has no core stops those that have: with two threads on one core, a
 * round takes a thousand times as long. So there are never more of them than cores; work is cut as was asked all the same. */
#include "runtime/cpu.h"
#include "runtime/export.h"
#include <pthread.h>
#include <pthreadpool.h>
#include <stdlib.h>

/* The thread sanitizer does not see what the pool's library does, which is built without it. What holds is said here: a
 * round begins after all that its caller did before, and ends after all that its tasks did. */
#ifdef SPC_WATCHES_THREADS
#include <sanitizer/tsan_interface.h>
static void happens_before(void *round) { __tsan_release(round); }
static void happens_after(void *round) { __tsan_acquire(round); }
#else
static void happens_before(const void *round) { (void)round; }
static void happens_after(const void *round) { (void)round; }
#endif

enum { MAX_THREADS = 4096 };

struct spc_pool {
    pthreadpool_t workers;
    int threads; /* asked for, or one per core */
    pthread_key_t inside; /* not NULL on a thread that runs a task of this pool */
};

typedef struct job {
    spc_pool *pool;
    void (*task)(void *arg, size_t index);
    void *arg;
} job;

static void run_task(void *context, size_t index)
{
    job *j = context;
    happens_after(j);
    pthread_setspecific(j->pool->inside, j);
    j->task(j->arg, index);
    pthread_setspecific(j->pool->inside, NULL);
    happens_before(j);
}

static void parallel_for(void *ctx, void (*task)(void *arg, size_t index), void *arg, size_t tasks)
{
    spc_pool *pool = ctx;
    if (tasks <= 1 || pthread_getspecific(pool->inside)) {
        for (size_t i = 0; i < tasks; i++)
            task(arg, i);
        return;
    }
    job j = { .pool = pool, .task = task, .arg = arg };
    happens_before(&j);
    pthreadpool_parallelize_1d(pool->workers, run_task, &j, tasks, 0);
    happens_after(&j);
}

RT_EXPORT spc_status spc_pool_new(int threads, spc_pool **out)
{
    if (!out)
        return SPC_E_ARG;
    *out = NULL;
    if (threads < 0 || threads > MAX_THREADS)
        return SPC_E_ARG;
    spc_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return SPC_E_NOMEM;
    if (pthread_key_create(&pool->inside, NULL) != 0) {
        free(pool);
        return SPC_E_NOMEM;
    }
    const int cores = rt_cpu_caches().cores;
    pool->threads = threads ? threads : cores;
    pool->workers = pthreadpool_create((size_t)(pool->threads < cores ? pool->threads : cores));
    if (!pool->workers) {
        pthread_key_delete(pool->inside);
        free(pool);
        return SPC_E_NOMEM;
    }
    *out = pool;
    return SPC_OK;
}

RT_EXPORT spc_exec spc_pool_exec(spc_pool *pool)
{
    spc_exec exec = { .size = sizeof exec, .threads = 1 };
    if (!pool)
        return exec;
    exec.parallel_for = parallel_for;
    exec.ctx = pool;
    exec.threads = pool->threads;
    return exec;
}

RT_EXPORT void spc_pool_free(spc_pool *pool)
{
    if (!pool)
        return;
    pthreadpool_destroy(pool->workers);
    pthread_key_delete(pool->inside);
    free(pool);
}
