/* cpu: facts about the machine. What instructions there are comes from CPUID, and whether the system saves their
 * registers from XCR0, since the packaged cpuinfo knows neither AMX nor FP16. Caches and the brand come from cpuinfo,
 * whose getters abort unless its initialisation succeeded: it is asked first, each time (it runs once). */
#include "runtime/cpu.h"
#include <cpuinfo.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

enum { EAX, EBX, ECX, EDX };

static const rt_feature_info features_table[RT_CPU_COUNT] = {
#define FEATURE(name, leaf, subleaf, reg, bit) [RT_CPU_##name] = { #name, leaf, subleaf, reg, bit },
#include "runtime/cpu.def"
#undef FEATURE
};
_Static_assert(RT_CPU_COUNT <= 64, "features are bits of one word");

const rt_feature_info *rt_feature_of(rt_feature feature)
{
    return (unsigned)feature < RT_CPU_COUNT ? &features_table[feature] : NULL;
}

#if defined(__x86_64__)
/* The register states that the operating system saves; 0 where it does not say. */
static uint64_t enabled_states(void)
{
    uint32_t regs[4];
    if (!__get_cpuid(1, &regs[EAX], &regs[EBX], &regs[ECX], &regs[EDX]) || !(regs[ECX] & bit_OSXSAVE))
        return 0;
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/* What of XCR0 a feature needs, by its name; fma and f16c work on AVX registers too. */
static uint64_t needed_states(const char *name)
{
    static const struct {
        const char *prefix;
        uint64_t states;
    } rules[] = {
        { "amx", 0x60000 }, { "avx512", 0xe6 }, { "avx", 0x6 }, { "fma", 0x6 }, { "f16c", 0x6 },
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strncmp(name, rules[i].prefix, strlen(rules[i].prefix)) == 0)
            return rules[i].states;
    return 0;
}

uint64_t rt_cpu_features(void)
{
    const uint64_t enabled = enabled_states();
    uint64_t found = 0;
    for (int i = 0; i < RT_CPU_COUNT; i++) {
        const rt_feature_info *info = &features_table[i];
        const uint64_t needed = needed_states(info->name);
        uint32_t regs[4];
        if ((enabled & needed) == needed &&
            __get_cpuid_count(info->leaf, info->subleaf, &regs[EAX], &regs[EBX], &regs[ECX], &regs[EDX]) &&
            (regs[info->reg] >> info->bit & 1))
            found |= UINT64_C(1) << i;
    }
    return found;
}

void rt_cpu_identity(char *out, size_t size)
{
    uint32_t regs[4], vendor[3] = {0};
    if (__get_cpuid(0, &regs[EAX], &vendor[0], &vendor[2], &vendor[1]) && __get_cpuid(1, &regs[EAX], &regs[EBX], &regs[ECX], &regs[EDX])) {
        const uint32_t base = regs[EAX] >> 8 & 15, family = base == 15 ? base + (regs[EAX] >> 20 & 255) : base;
        const uint32_t model = (regs[EAX] >> 4 & 15) | (base == 6 || base == 15 ? regs[EAX] >> 12 & 0xf0 : 0);
        snprintf(out, size, "%.12s %u-%u-%u", (const char *)vendor, family, model, regs[EAX] & 15);
    } else {
        snprintf(out, size, "x86");
    }
}
#else
void rt_cpu_identity(char *out, size_t size)
{
    snprintf(out, size, "%s", rt_cpu_brand());
}

uint64_t rt_cpu_features(void)
{
    return 0;
}
#endif

static int feature_index(const char *name, size_t length)
{
    for (int i = 0; i < RT_CPU_COUNT; i++)
        if (strlen(features_table[i].name) == length && memcmp(features_table[i].name, name, length) == 0)
            return i;
    return -1;
}

bool rt_features_parse(const char *text, uint64_t *out, rt_error *error)
{
    *out = 0;
    if (!*text)
        return true;
    for (;;) {
        const size_t length = strcspn(text, ",");
        const int index = feature_index(text, length);
        if (index < 0) {
            rt_fail(error, SPC_E_ARG, "unknown CPU feature \"%.*s\"", (int)(length < 64 ? length : 64), text);
            return false;
        }
        *out |= UINT64_C(1) << index;
        if (!text[length])
            return true;
        text += length + 1;
    }
}

void rt_features_print(uint64_t features, char *out, size_t size)
{
    size_t used = 0;
    if (size)
        out[0] = '\0';
    for (int i = 0; i < RT_CPU_COUNT; i++) {
        const char *name = features_table[i].name;
        const size_t length = strlen(name) + (used ? 1 : 0);
        if (!(features >> i & 1) || used + length >= size)
            continue;
        if (used)
            out[used] = ',';
        memcpy(out + used + (used ? 1 : 0), name, strlen(name) + 1);
        used += length;
    }
}

/* Cores of the affinity mask, which may be wider than cpu_set_t on large machines. */
static int affinity_cores(void)
{
    for (int cpus = 1024; cpus <= 1 << 18; cpus *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)cpus);
        if (!set)
            break;
        const size_t size = CPU_ALLOC_SIZE((size_t)cpus);
        const int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (count > 0)
            return count;
    }
    return 1;
}

/* A number of microseconds that stands alone in a file; 0: no such file, or none ("max", -1). */
static double microseconds(const char *path)
{
    FILE *file = fopen(path, "re");
    double value = 0;
    if (file && fscanf(file, "%lf", &value) != 1)
        value = 0;
    if (file)
        fclose(file);
    return value > 0 ? value : 0;
}

/* The cores that a container's share of processor time amounts to, rounded up, by either version of control groups as it is
 * mounted inside; `cores` without such a limit. */
static int quota_cores(int cores)
{
    double quota = 0, period = 0;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (file) {
        if (fscanf(file, "%lf %lf", &quota, &period) != 2)
            quota = 0;
        fclose(file);
    } else {
        quota = microseconds("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
        period = microseconds("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
    }
    return quota > 0 && period > 0 && quota < period * cores ? (int)((quota + period - 1) / period) : cores;
}

/* A cache divided among the cores (not the hardware threads) that share it. */
static int64_t core_share(const struct cpuinfo_cache *cache, uint32_t threads_per_core)
{
    if (!cache)
        return 0;
    const uint32_t cores = threads_per_core ? cache->processor_count / threads_per_core : 0;
    return (int64_t)cache->size / (cores ? cores : 1);
}

rt_caches rt_cpu_caches(void)
{
    rt_caches caches = { .cores = quota_cores(affinity_cores()) };
    if (!cpuinfo_initialize())
        return caches;
    const struct cpuinfo_processor *cpu = cpuinfo_get_processors_count() ? cpuinfo_get_processor(0) : NULL;
    if (!cpu)
        return caches;
    const uint32_t threads = cpu->core ? cpu->core->processor_count : 1;
    caches.l1d = core_share(cpu->cache.l1d, threads);
    caches.l2 = core_share(cpu->cache.l2, threads);
    caches.l3 = core_share(cpu->cache.l3, threads);
    return caches;
}

const char *rt_cpu_brand(void)
{
    if (!cpuinfo_initialize() || !cpuinfo_get_packages_count())
        return "";
    const struct cpuinfo_package *package = cpuinfo_get_package(0);
    return package ? package->name : "";
}
