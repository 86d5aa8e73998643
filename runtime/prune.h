/* prune: which elements of a tensor a pattern keeps, by magnitude, and pruned copies of safetensors files.
 *
 * A tensor of rank 2 or more is seen as lines along its last axis: line = first index * middle + middle index, where
 * middle is the product of the axes between. Blocks and groups hold within [first axis, last axis] at each place of the
 * middle axes, rows and columns span them: what the patterns of weights mean. NaN counts as larger than infinity. */
#ifndef SPC_RT_PRUNE_H
#define SPC_RT_PRUNE_H

#include "runtime/pattern.h"

typedef struct rt_keep {
    rt_pattern_kind kind; /* RT_NM: groups of b elements keep a; all others: units */
    int64_t a, b;
    spc_dtype dtype;
    const void *data;              /* borrowed; may be misaligned */
    int64_t rows, middle, cols;    /* first axis, axes between, last axis */
    int64_t unit[3], count[3];     /* elements of a unit along those three; units along them */
    uint64_t *keys;                /* one per unit; NULL: every unit is one element */
    uint64_t *group;               /* N:M: room for the keys of one group */
    uint64_t threshold;            /* units above it stay, and equal ones up to the unit last_tie */
    int64_t last_tie;
} rt_keep;

/* kind: unstructured, N:M, block, rows or columns. share: of the units that stay (not for N:M), rounded to whole ones.
 * The blocks and groups must divide their axes. SPC_E_NOMEM. */
spc_status rt_keep_make(const rt_pattern *, double share, spc_dtype, const void *data, const int64_t extents[3],
                        rt_keep *out, rt_error *);
/* Sets to zero what does not stay of a copy of that line's elements; returns the non-zeros that are left. */
int64_t rt_keep_line(rt_keep *, int64_t line, void *elements);
void rt_keep_free(rt_keep *);

typedef struct rt_prune_request {
    const char *in;      /* a safetensors file */
    const char *out;     /* made anew; must not exist. What is in it after a failure is not whole */
    const char *out_name; /* what messages call it */
    const char *pattern;
    double density;      /* share kept; 0: not given. N:M has its own; else it is needed, here or in the pattern */
    const char *const *tensors; /* globs; count 0: every float tensor of rank 2 or more */
    size_t tensor_count;
    void (*report)(void *ctx, const char *tensor, int64_t nonzeros, int64_t elements); /* when all is done; may be NULL */
    void *report_ctx;
} rt_prune_request;

/* SPC_E_ARG: the request is wrong in itself, or a glob fits no tensor that can be pruned. SPC_E_PROGRAM: the file is
 * malformed, or a block or group does not divide a tensor's axis. Memory: a line, and a key per block, row or column. */
spc_status rt_prune_file(const rt_prune_request *, rt_error *);

#endif
