/* graph: what the passes over graph IR share. Private to this folder. */
#ifndef SPC_PASSES_GRAPH_H
#define SPC_PASSES_GRAPH_H

#include "passes/passes.h"

/* Elementwise: each element of the result depends on one element of every operand. */
bool graph_is_elementwise(const ir_op *);
bool graph_is_contraction(const ir_op *);
/* A core has a loop nest of its own, to which an elementwise tail may be fused: contractions, ops along axes, copies. */
bool graph_is_core(const ir_op *);
/* A view has its argument's elements in its argument's order: no kernel, the same buffer. */
bool graph_is_view(const ir_op *);
/* What a chain of views looks at. */
const ir_op *graph_viewed(const ir_op *);

/* Drops pure ops that nothing uses. No op bears a mark, before and after. */
void graph_drop_unused(ir_func *);

/* Replaces the body of a function by `fresh`, which a sweep has built. */
void graph_replace_body(ir_func *, ir_block fresh);

/* isolate.c: a fused op as a graph of its own, without names of layers and weights: equal for equal work. */
const char *graph_region_text(ir_module *, const ir_op *fused);

#endif
