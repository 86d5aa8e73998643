/* kernel: what the passes over kernel and entry IR share. Private to this folder. */
#ifndef SPC_PASSES_KERNEL_H
#define SPC_PASSES_KERNEL_H

#include "passes/passes.h"

/* One sweep over a function that builds it anew. For every op the rewriter sees the op and its arguments' new values and
 * returns the new value, or NULL for a plain copy (whose bodies are swept in turn). */
typedef struct kernel_sweep kernel_sweep;
typedef ir_op *kernel_rewriter(kernel_sweep *, const ir_op *, ir_op *const *args);
struct kernel_sweep {
    ir_module *module;
    ir_builder b;
    kernel_rewriter *rewrite;
    void (*enter)(kernel_sweep *, ir_op *holder); /* a body of holder begins; may be NULL */
    void (*leave)(kernel_sweep *);
    void *ctx;
};
void kernel_rebuild(kernel_sweep *, ir_func *);

/* Drops pure ops, regs and sets that nothing reads. */
void kernel_drop_unused(ir_func *);

#endif
