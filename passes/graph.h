/* graph: what the passes over graph IR share. Private to this folder. */
#ifndef SPC_PASSES_GRAPH_H
#define SPC_PASSES_GRAPH_H

#include "passes/passes.h"

/* Elementwise: each element of the result depends on one element of every operand. */
bool graph_is_elementwise(const ir_op *);
bool graph_is_contraction(const ir_op *);

/* Replaces the body of a function by `fresh`, which a sweep has built. */
void graph_replace_body(ir_func *, ir_block fresh);

#endif
