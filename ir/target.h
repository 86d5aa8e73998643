/* target: what a machine can do, as one table that passes and backends share.
 *
 * A target is a CPU model of targets.def (or "native": what CPUID says here). Features are those of runtime/cpu.def. */
#ifndef SPC_IR_TARGET_H
#define SPC_IR_TARGET_H

#include "ir/ir.h"
#include "runtime/cpu.h"

typedef struct ir_target {
    const char *name;      /* as given to --cpu */
    const char *llvm_name; /* -mcpu for code generators, e.g. "znver4" */
    const char *gcc_name;  /* -mtune for GCC 12 and newer */
    uint64_t features;     /* bits of rt_feature that generated code may use and the entry checks */
    int vector_bytes;      /* widest vectors to use: 16, 32 or 64 */
    int vector_registers;  /* 16 or 32 */
    bool slow_gather;      /* loads one by one beat the gather instruction (AMD's Zen) */
    int64_t l1d_bytes, l2_bytes, l3_bytes; /* one core's share; defaults of the model unless native */
} ir_target;

/* False with a message listing what is known when there is no such CPU model. */
bool ir_target_find(const char *cpu, ir_target *out, rt_error *);
/* Legal kernel ops: false where the op at this type must have been legalised by a pass before a backend sees it
 * (e.g. fma without FMA units, gelu anywhere, f16 arithmetic). */
bool ir_target_has_op(const ir_target *, ir_opcode, const ir_type *);

#endif
