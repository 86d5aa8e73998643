/* probe: what this machine can do at this moment, with as many threads as the layer gets: multiply-adds from registers,
 * and reading memory of a given size over and over. The loops are assembly, so that the build's optimisation does not
 * matter; machines other than x86-64 have no probe. */
#include "api/bench/bench.h"

#include "runtime/cpu.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 8, LANES_F32 = 4 };
static const double TRY_NS = 1e6, MOST_BYTES = 256.0 * 1024 * 1024, LEAST_BYTES = 4096;

#if defined(__x86_64__)

/* Fourteen chains, which hide the latency of two multiply-adders; registers 0 and 1 hold the factors, all zero. */
#define EACH_CHAIN(op, a, b, r)                                                                                        \
    op(a, b, r "2") op(a, b, r "3") op(a, b, r "4") op(a, b, r "5") op(a, b, r "6") op(a, b, r "7") op(a, b, r "8")    \
    op(a, b, r "9") op(a, b, r "10") op(a, b, r "11") op(a, b, r "12") op(a, b, r "13") op(a, b, r "14") op(a, b, r "15")
#define FUSED_PS(a, b, r) "vfmadd231ps " a ", " b ", " r "\n\t"
#define FUSED_PD(a, b, r) "vfmadd231pd " a ", " b ", " r "\n\t"
#define APART_PS(a, b, r) "mulps " a ", " r "\n\taddps " b ", " r "\n\t"
#define APART_PD(a, b, r) "mulpd " a ", " r "\n\taddpd " b ", " r "\n\t"
#define CLEAR_WIDE(a, b, r) "vpxor " r ", " r ", " r "\n\t"
#define CLEAR(a, b, r) "xorps " r ", " r "\n\t"
#define CLOBBERS "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",     \
                 "xmm12", "xmm13", "xmm14", "xmm15", "cc"
#define WIDE_LOOP(name, op, r)                                                                                         \
    static void name(int64_t rounds) {                                                                                 \
        __asm__ volatile(CLEAR_WIDE(, , "%%ymm0") CLEAR_WIDE(, , "%%ymm1") EACH_CHAIN(CLEAR_WIDE, , , "%%ymm") "1:\n\t" \
                         EACH_CHAIN(op, "%%" r "0", "%%" r "1", "%%" r) "dec %0\n\tjnz 1b\n\tvzeroupper"                \
                         : "+r"(rounds) : : CLOBBERS);                                                                 \
    }
#define NARROW_LOOP(name, op)                                                                                          \
    static void name(int64_t rounds) {                                                                                 \
        __asm__ volatile(CLEAR(, , "%%xmm0") CLEAR(, , "%%xmm1") EACH_CHAIN(CLEAR, , , "%%xmm") "1:\n\t"               \
                         EACH_CHAIN(op, "%%xmm0", "%%xmm1", "%%xmm") "dec %0\n\tjnz 1b" : "+r"(rounds) : : CLOBBERS);  \
    }
WIDE_LOOP(fused_f32_zmm, FUSED_PS, "zmm")
WIDE_LOOP(fused_f64_zmm, FUSED_PD, "zmm")
WIDE_LOOP(fused_f32_ymm, FUSED_PS, "ymm")
WIDE_LOOP(fused_f64_ymm, FUSED_PD, "ymm")
NARROW_LOOP(apart_f32_xmm, APART_PS)
NARROW_LOOP(apart_f64_xmm, APART_PD)

/* 256 bytes per round. */
static void read_zmm(const void *at, int64_t rounds)
{
    __asm__ volatile("1:\n\tvmovups (%0), %%zmm0\n\tvmovups 64(%0), %%zmm1\n\tvmovups 128(%0), %%zmm2\n\t"
                     "vmovups 192(%0), %%zmm3\n\tadd $256, %0\n\tdec %1\n\tjnz 1b\n\tvzeroupper"
                     : "+r"(at), "+r"(rounds) : : "memory", CLOBBERS);
}

static void read_ymm(const void *at, int64_t rounds)
{
    __asm__ volatile("1:\n\tvmovups (%0), %%ymm0\n\tvmovups 32(%0), %%ymm1\n\tvmovups 64(%0), %%ymm2\n\t"
                     "vmovups 96(%0), %%ymm3\n\tvmovups 128(%0), %%ymm4\n\tvmovups 160(%0), %%ymm5\n\t"
                     "vmovups 192(%0), %%ymm6\n\tvmovups 224(%0), %%ymm7\n\tadd $256, %0\n\tdec %1\n\tjnz 1b\n\tvzeroupper"
                     : "+r"(at), "+r"(rounds) : : "memory", CLOBBERS);
}

static void read_xmm(const void *at, int64_t rounds)
{
    __asm__ volatile("1:\n\tmovups (%0), %%xmm0\n\tmovups 16(%0), %%xmm1\n\tmovups 32(%0), %%xmm2\n\t"
                     "movups 48(%0), %%xmm3\n\tmovups 64(%0), %%xmm4\n\tmovups 80(%0), %%xmm5\n\tmovups 96(%0), %%xmm6\n\t"
                     "movups 112(%0), %%xmm7\n\tmovups 128(%0), %%xmm0\n\tmovups 144(%0), %%xmm1\n\t"
                     "movups 160(%0), %%xmm2\n\tmovups 176(%0), %%xmm3\n\tmovups 192(%0), %%xmm4\n\t"
                     "movups 208(%0), %%xmm5\n\tmovups 224(%0), %%xmm6\n\tmovups 240(%0), %%xmm7\n\t"
                     "add $256, %0\n\tdec %1\n\tjnz 1b" : "+r"(at), "+r"(rounds) : : "memory", CLOBBERS);
}

/* The widest first; features: what the loops need. */
typedef struct width {
    uint64_t features;
    int widening; /* of a vector against 128 bits */
    void (*f32)(int64_t rounds), (*f64)(int64_t rounds);
    void (*read)(const void *at, int64_t rounds);
} width;

static const width *widest(void)
{
    static const width table[] = {
        {1ull << RT_CPU_avx512f, 4, fused_f32_zmm, fused_f64_zmm, read_zmm},
        {1ull << RT_CPU_avx2 | 1ull << RT_CPU_fma, 2, fused_f32_ymm, fused_f64_ymm, read_ymm},
        {0, 1, apart_f32_xmm, apart_f64_xmm, read_xmm},
    };
    const uint64_t features = rt_cpu_features();
    const width *w = table;
    while ((features & w->features) != w->features) w++;
    return w;
}

#else

typedef struct width {
    int widening;
    void (*f32)(int64_t rounds), (*f64)(int64_t rounds);
    void (*read)(const void *at, int64_t rounds);
} width;
static const width *widest(void) { return NULL; }

#endif

/* ---- work on every thread ---- */

typedef struct work {
    void (*compute)(int64_t rounds);
    void (*read)(const void *at, int64_t rounds);
    int64_t rounds, passes;
    const char *memory;
    size_t share; /* bytes of each thread */
} work;

static void do_work(void *arg, size_t index)
{
    const work *w = arg;
    if (w->compute) w->compute(w->rounds);
    for (int64_t i = 0; i < w->passes; i++) w->read(w->memory + index * w->share, w->rounds);
}

static double time_work(const spc_exec *exec, work *w)
{
    const double start = bench_now();
    if (exec->parallel_for && exec->threads > 1) exec->parallel_for(exec->ctx, do_work, w, (size_t)exec->threads);
    else do_work(w, 0);
    return bench_now() - start;
}

static double quickest_of(const spc_exec *exec, work *w, int tries)
{
    double best = time_work(exec, w);
    for (int i = 1; i < tries; i++) {
        const double took = time_work(exec, w);
        if (took < best) best = took;
    }
    return best;
}

/* Of work that takes TRY_NS or so; *amount grows until it does. Always the quickest of some tries: one that another
 * process held up must not count. */
static double quickest(const spc_exec *exec, work *w, int64_t *amount)
{
    while (*amount < INT64_MAX / 4 && quickest_of(exec, w, 3) < TRY_NS / 2) *amount *= 2;
    return quickest_of(exec, w, TRIES);
}

static double thread_count(const spc_exec *exec) { return exec->parallel_for && exec->threads > 1 ? exec->threads : 1; }

double bench_peak(bench_machine *m, spc_dtype dtype)
{
    const width *wide = widest();
    if (!wide || (dtype != SPC_F32 && dtype != SPC_F64)) return 0;
    if (m->fma[dtype] > 0) return m->fma[dtype];
    work w = {.compute = dtype == SPC_F32 ? wide->f32 : wide->f64, .rounds = 1024};
    const double took = quickest(&m->exec, &w, &w.rounds);
    const double lanes = (double)(LANES_F32 * wide->widening) / (dtype == SPC_F64 ? 2 : 1);
    m->fma[dtype] = 14 * 2 * lanes * (double)w.rounds * thread_count(&m->exec) / took;
    return m->fma[dtype];
}

/* Eight classes for each power of two. */
double bench_bandwidth(bench_machine *m, double bytes)
{
    const width *wide = widest();
    if (!wide || !(bytes > 0)) return 0;
    bytes = fmin(fmax(bytes, LEAST_BYTES * thread_count(&m->exec)), MOST_BYTES);
    const int class = (int)(log2(bytes) * 8) % (int)(sizeof m->bandwidth / sizeof *m->bandwidth);
    if (m->bandwidth[class] > 0) return m->bandwidth[class];
    work w = {.read = wide->read, .passes = 1, .share = (size_t)(bytes / thread_count(&m->exec)) / 256 * 256};
    const size_t all = w.share * (size_t)thread_count(&m->exec);
    void *memory = aligned_alloc(256, all);
    if (!memory) return 0;
    memset(memory, 1, all); /* pages of zeros might share one page of memory */
    w.memory = memory;
    w.rounds = (int64_t)(w.share / 256);
    const double took = quickest(&m->exec, &w, &w.passes);
    free(memory);
    return m->bandwidth[class] = (double)all * (double)w.passes / took;
}
