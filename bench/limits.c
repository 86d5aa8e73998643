/* limits: what the machine itself can do, for bench/run to begin with: multiply-adds from registers and reading what lies in
 * each level of memory, by the probes of spc bench, on one thread and on two. One JSON object. */
#include "api/bench/bench.h"
#include "runtime/clock.h"
#include "runtime/cpu.h"
#include <math.h>
#include <stdio.h>

double bench_now(void) { return rt_clock_now(); }

enum { REPEATS = 5, LEVELS = 4 };

typedef struct limits {
    double fma, bandwidth[LEVELS];
} limits;

/* The best of some: with a pool, a thread that another process holds up makes a probe worthless. */
static limits probe(const double bytes[LEVELS], spc_pool *pool)
{
    limits best = { 0 };
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        bench_machine machine = { .exec = { .size = sizeof(spc_exec), .threads = 1 } };
        if (pool)
            machine.exec = spc_pool_exec(pool);
        best.fma = fmax(best.fma, bench_peak(&machine, SPC_F32));
        for (int i = 0; i < LEVELS; i++)
            best.bandwidth[i] = fmax(best.bandwidth[i], bench_bandwidth(&machine, bytes[i]));
    }
    return best;
}

/* What each thread has for itself is read by each; the rest they share. */
static void print_threads(int threads, spc_pool *pool)
{
    const rt_caches c = rt_cpu_caches();
    const double bytes[LEVELS] = { (double)c.l1d / 2 * threads, (double)c.l2 / 2 * threads, (double)c.l3 / 2, 256.0 * 1024 * 1024 };
    const char *const names[LEVELS] = { "l1", "l2", "l3", "dram" };
    const limits best = probe(bytes, pool);
    printf("{\"threads\":%d,\"fma_f32_gflops\":%.1f", threads, best.fma);
    for (int i = 0; i < LEVELS; i++)
        printf(",\"%s_bytes\":%.0f,\"%s_gbytes\":%.1f", names[i], bytes[i], names[i], best.bandwidth[i]);
    printf("}");
}

int main(void)
{
    printf("{\"cpu\":\"%s\",\"pace_ns\":%.0f,\"limits\":[", rt_cpu_brand(), rt_clock_pace());
    print_threads(1, NULL);
    spc_pool *pool = NULL;
    if (!spc_pool_new(2, &pool)) {
        printf(",");
        print_threads(2, pool);
    }
    spc_pool_free(pool);
    printf("]}\n");
    return 0;
}
