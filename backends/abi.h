/* abi: what generated code looks like from outside, for every code generator: names of symbols, features by the names
 * that compilers have for them, what a kernel writes, and which questions an entry asks of CPUID. */
#ifndef SPC_BACKEND_ABI_H
#define SPC_BACKEND_ABI_H

#include "backends/backend.h"

enum { BE_MOST_PARAMS = 256 };

/* Freed by the caller; NULL: no memory. */
char *be_kernel_symbol(const char *kernel);
char *be_entry_symbol(const be_options *, const char *entry);

/* Params of the function in order; MOST_PARAMS at most, else -1. */
int be_params(const ir_func *, const ir_op **out);
/* Whether any store of the function may write behind this param. */
bool be_is_written(const ir_func *, const ir_op *param);

/* cpu.def spells names as C identifiers; LLVM and GCC say sse4.1 and amx-tile. */
typedef struct be_feature_name {
    char text[32];
} be_feature_name;
be_feature_name be_feature_name_of(rt_feature);

/* One leaf of CPUID and the bits wanted of each register. */
typedef struct be_cpu_leaf {
    uint32_t leaf, subleaf, bits[4]; /* eax ebx ecx edx */
} be_cpu_leaf;
int be_cpu_leaves(uint64_t features, be_cpu_leaf out[RT_CPU_COUNT]);
/* What the operating system has to save for them: bits of XCR0, to be read after OSXSAVE was seen. */
uint32_t be_cpu_state(uint64_t features);
#define BE_CPU_OSXSAVE (1u << 27) /* leaf 1, ecx */

#endif
