/* abi.c: symbols, params, features; see abi.h. */
#include "backends/abi.h"
#include <stdio.h>
#include <string.h>

static char *joined(const char *a, const char *b)
{
    char *text = NULL;
    return asprintf(&text, "%s%s", a, b) < 0 ? NULL : text;
}

char *be_kernel_symbol(const char *kernel) { return joined(BE_KERNEL_PREFIX, kernel); }

char *be_entry_symbol(const be_options *options, const char *entry)
{
    return joined(options->prefix ? options->prefix : "", entry);
}

/* ---- params ---- */

int be_params(const ir_func *func, const ir_op **out)
{
    int count = 0;

    for (const ir_op *op = func->body.first; op; op = op->next) {
        if (op->code != IR_OP_param)
            continue;
        if (count == BE_MOST_PARAMS)
            return -1;
        out[count++] = op;
    }
    return count;
}

/* The param that a buffer value starts from; NULL: not to be seen. */
static const ir_op *origin(const ir_op *buffer)
{
    while (buffer->code == IR_OP_subbuffer || buffer->code == IR_OP_opaque)
        buffer = buffer->args[0];
    return buffer->code == IR_OP_param ? buffer : NULL;
}

static bool writes(const ir_block *block, const ir_op *param)
{
    for (const ir_op *op = block->first; op; op = op->next) {
        if (op->code == IR_OP_store) {
            const ir_op *start = origin(op->args[1]);
            if (!start || start == param)
                return true;
        }
        if (writes(&op->body, param) || writes(&op->body2, param))
            return true;
    }
    return false;
}

bool be_is_written(const ir_func *func, const ir_op *param) { return writes(&func->body, param); }

/* ---- features ---- */

be_feature_name be_feature_name_of(rt_feature feature)
{
    be_feature_name name;
    const char mark = strncmp(rt_feature_of(feature)->name, "sse4", 4) == 0 ? '.' : '-';

    snprintf(name.text, sizeof name.text, "%s", rt_feature_of(feature)->name);
    for (char *c = name.text; *c; c++)
        if (*c == '_')
            *c = mark;
    return name;
}

/* Which XCR0 bits a feature needs, by its name: amx 17-18, avx512 5-7 and 1-2, other vectors over 128 bits 1-2. */
static uint32_t state_bits(const char *name)
{
    if (strncmp(name, "amx", 3) == 0)
        return 3u << 17;
    if (strncmp(name, "avx512", 6) == 0)
        return 7u << 5 | 3u << 1;
    if (strncmp(name, "avx", 3) == 0 || strcmp(name, "fma") == 0 || strcmp(name, "f16c") == 0)
        return 3u << 1;
    return 0;
}

uint32_t be_cpu_state(uint64_t features)
{
    uint32_t bits = 0;

    for (int i = 0; i < RT_CPU_COUNT; i++)
        if (features >> i & 1)
            bits |= state_bits(rt_feature_of((rt_feature)i)->name);
    return bits;
}

static be_cpu_leaf *leaf_of(be_cpu_leaf *leaves, int *count, const rt_feature_info *info)
{
    for (int i = 0; i < *count; i++)
        if (leaves[i].leaf == info->leaf && leaves[i].subleaf == info->subleaf)
            return &leaves[i];
    leaves[*count] = (be_cpu_leaf){.leaf = info->leaf, .subleaf = info->subleaf};
    return &leaves[(*count)++];
}

int be_cpu_leaves(uint64_t features, be_cpu_leaf out[RT_CPU_COUNT])
{
    int count = 0;

    for (int i = 0; i < RT_CPU_COUNT; i++) {
        const rt_feature_info *info = rt_feature_of((rt_feature)i);
        if (features >> i & 1)
            leaf_of(out, &count, info)->bits[info->reg] |= 1u << info->bit;
    }
    return count;
}
