/* cpu: facts about the machine. Features by CPUID and XGETBV; caches and cores by cpuinfo. */
#ifndef SPC_RT_CPU_H
#define SPC_RT_CPU_H

#include "runtime/error.h"
#include <stdbool.h>
#include <stdint.h>

typedef enum rt_feature {
#define FEATURE(name, leaf, subleaf, reg, bit) RT_CPU_##name,
#include "runtime/cpu.def"
#undef FEATURE
    RT_CPU_COUNT
} rt_feature; /* at most 64 */

typedef struct rt_feature_info {
    const char *name;
    uint32_t leaf, subleaf;
    int reg; /* 0 EAX, 1 EBX, 2 ECX, 3 EDX */
    int bit;
} rt_feature_info;
const rt_feature_info *rt_feature_of(rt_feature);

uint64_t rt_cpu_features(void); /* bit i: rt_feature i is there and enabled; 0 on other architectures */
bool rt_features_parse(const char *comma_separated, uint64_t *out, rt_error *);
void rt_features_print(uint64_t features, char *out, size_t size);

typedef struct rt_caches {
    int64_t l1d, l2, l3; /* bytes that one core can use; 0: not known */
    int cores;           /* that this process may run on, by affinity and by a container's share of time; at least 1 */
} rt_caches;
rt_caches rt_cpu_caches(void);
/* What tells processors apart for measurements: vendor, family, model and stepping, e.g. "AuthenticAMD 25-17-1". */
void rt_cpu_identity(char *out, size_t size);
const char *rt_cpu_brand(void); /* e.g. "AMD EPYC"; "" where not known */

#endif
