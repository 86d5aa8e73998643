/* target: CPU models by name, the machine at hand, and which ops are legal on them. */
#include "ir/target.h"

#include <stdio.h>
#include <string.h>

/* Feature sets that contain one another; single features are added in targets.def. */
#define V2 "sse3,ssse3,sse4_1,sse4_2,popcnt"
#define V3 V2 ",avx,fma,f16c,bmi,bmi2,avx2,lzcnt"
#define V4 V3 ",avx512f,avx512dq,avx512cd,avx512bw,avx512vl"
#define ICX V4 ",avx512vnni,avx512vbmi,avx512vbmi2,avx512bitalg,avx512vpopcntdq"
#define SPR ICX ",avx512bf16,avx512fp16,avxvnni,amx_tile,amx_int8,amx_bf16"

typedef struct model {
    const char *name, *llvm_name, *gcc_name, *brand, *features;
    int vector_bytes, vector_registers;
    int l1d, l2, l3; /* KiB */
} model;

static const model models[] = {
#define TARGET(name, llvm, gcc, brand, features, bytes, registers, l1d, l2, l3) \
    {name, llvm, gcc, brand, features, bytes, registers, l1d, l2, l3},
#include "ir/targets.def"
#undef TARGET
};
enum { MODELS = sizeof models / sizeof *models };

static bool fill(const model *m, ir_target *out, rt_error *error)
{
    *out = (ir_target){
        .name = m->name, .llvm_name = m->llvm_name, .gcc_name = m->gcc_name,
        .vector_bytes = m->vector_bytes,
        .vector_registers = m->vector_registers, .slow_gather = strcmp(m->brand, "AMD") == 0,
        .l1d_bytes = 1024 * (int64_t)m->l1d,
        .l2_bytes = 1024 * (int64_t)m->l2, .l3_bytes = 1024 * (int64_t)m->l3,
    };
    return rt_features_parse(m->features, &out->features, error);
}

/* The richest model that this machine is; features are all that CPUID shows, also those beyond it. */
static bool find_native(ir_target *out, rt_error *error)
{
    uint64_t present = rt_cpu_features();
    const char *brand = rt_cpu_brand();
    bool found = false;
    for (int i = 0; i < MODELS; i++) {
        ir_target candidate;
        if (!strstr(brand, models[i].brand)) continue;
        if (!fill(&models[i], &candidate, error)) return false;
        if (candidate.features & ~present) continue;
        *out = candidate;
        found = true;
    }
    if (!found) {
        rt_fail(error, SPC_E_UNSUPPORTED, "this machine's CPU is not supported: it lacks features of x86-64-v2");
        return false;
    }
    rt_caches caches = rt_cpu_caches();
    out->name = "native";
    out->features = present;
    if (caches.l1d > 0) out->l1d_bytes = caches.l1d;
    if (caches.l2 > 0) out->l2_bytes = caches.l2;
    if (caches.l3 > 0) out->l3_bytes = caches.l3;
    return true;
}

static bool fail_unknown(const char *cpu, rt_error *error)
{
    char known[sizeof error->text] = "native";
    size_t len = strlen(known);
    for (int i = 0; i < MODELS && len < sizeof known; i++)
        len += (size_t)snprintf(known + len, sizeof known - len, ", %s", models[i].name);
    rt_fail(error, SPC_E_ARG, "unknown CPU '%.60s'; known are %s", cpu, known);
    return false;
}

bool ir_target_find(const char *cpu, ir_target *out, rt_error *error)
{
    if (strcmp(cpu, "native") == 0) return find_native(out, error);
    for (int i = 0; i < MODELS; i++)
        if (strcmp(models[i].name, cpu) == 0) return fill(&models[i], out, error);
    return fail_unknown(cpu, error);
}

/* ---- legal ops ---- */

typedef bool legal_rule(const ir_target *, const ir_type *);

static bool has(const ir_target *t, rt_feature f) { return t->features >> f & 1; }

static bool rule_NEVER(const ir_target *t, const ir_type *type)
{
    (void)t, (void)type;
    return false;
}

static bool rule_PLAIN(const ir_target *t, const ir_type *type)
{
    (void)t;
    return type->dtype != IR_F16 && type->dtype != IR_BF16 && type->dtype != IR_I4;
}

static bool rule_FUSED(const ir_target *t, const ir_type *type) { return rule_PLAIN(t, type) && has(t, RT_CPU_fma); }

static bool rule_TABLE(const ir_target *t, const ir_type *type)
{
    static const struct {
        int element, vector; /* bytes */
        rt_feature feature;
    } widths[] = {
        {1, 16, RT_CPU_ssse3},    {1, 32, RT_CPU_avx512vbmi}, {1, 64, RT_CPU_avx512vbmi}, {2, 16, RT_CPU_avx512bw},
        {2, 32, RT_CPU_avx512bw}, {2, 64, RT_CPU_avx512bw},   {4, 16, RT_CPU_avx},        {4, 32, RT_CPU_avx2},
        {4, 64, RT_CPU_avx512f},  {8, 32, RT_CPU_avx512f},    {8, 64, RT_CPU_avx512f},
    };
    int element = ir_dtype_of(type->dtype)->bytes;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        if (widths[i].element == element && widths[i].vector == element * ir_lanes(type)) return has(t, widths[i].feature);
    return false;
}

static bool rule_TABLE2(const ir_target *t, const ir_type *type)
{
    int element = ir_dtype_of(type->dtype)->bytes, vector = element * ir_lanes(type);
    if (element < 2 || (vector != 64 && vector != 32 && vector != 16)) return false;
    return has(t, RT_CPU_avx512f) && (vector == 64 || has(t, RT_CPU_avx512vl)) && (element > 2 || has(t, RT_CPU_avx512bw));
}

bool ir_target_has_op(const ir_target *target, ir_opcode code, const ir_type *type)
{
    static legal_rule *const rules[IR_OP_COUNT] = {
#define LEGAL(op, rule) [IR_OP_##op] = rule_##rule,
#include "ir/legal.def"
#undef LEGAL
    };
    return !rules[code] || rules[code](target, type);
}
