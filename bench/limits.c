/* limits: what the machine itself can do, for bench/run to begin with: multiply-adds from registers and reading what lies in
 * each level of memory, by the probes of spc bench, on one thread and on two. One JSON object. */
#include "api/bench/bench.h"
#include "runtime/clock.h"
#include "runtime/cpu.h"
#include <stdio.h>

double bench_now(void) { return rt_clock_now(); }

static void print_threads(int threads, spc_pool *pool)
{
    static bench_machine machine;
    const rt_caches c = rt_cpu_caches();
    const double bytes[] = { (double)c.l1d / 2, (double)c.l2 / 2, (double)c.l3 / 2, 256.0 * 1024 * 1024 };
    const char *const names[] = { "l1", "l2", "l3", "dram" };
    machine = (bench_machine){ .exec = { .size = sizeof(spc_exec), .threads = 1 } };
    if (pool)
        machine.exec = spc_pool_exec(pool);
    printf("{\"threads\":%d,\"fma_f32_gflops\":%.1f", threads, bench_peak(&machine, SPC_F32));
    for (int i = 0; i < 4; i++)
        printf(",\"%s_bytes\":%.0f,\"%s_gbytes\":%.1f", names[i], bytes[i] * (i < 2 ? threads : 1), names[i],
               bench_bandwidth(&machine, bytes[i] * (i < 2 ? threads : 1)));
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
