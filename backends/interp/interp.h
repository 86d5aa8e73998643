/* interp: the definition of the IR. Plain scalar loops, no cleverness; every index is checked against nothing but the
 * program's own rules, so tests run it under sanitizers. */
#ifndef SPC_INTERP_H
#define SPC_INTERP_H

#include "ir/ir.h"
#include "ir/layout.h"

/* What the interpreter knows about weights while it runs a graph: the dense row-major data of a weight. */
typedef const void *interp_weight(void *ctx, const char *weight);

/* Runs a graph function on dense row-major tensors: the meaning of the layer. dims: values of all the module's dims, in
 * order. in/out in declared order, extents already checked by the caller. f32 accumulates in f64 when `exact`
 * (reference), else as the language page says. */
spc_status interp_graph(const ir_module *, const ir_func *graph, const int64_t *dims, interp_weight *, void *weight_ctx,
                        const spc_tensor *in, const spc_tensor *out, rt_error *);

/* Computes a constant of the module from its weights, which lookup gives: a dense matrix as of a weight of its type.
 * The caller frees out->dense. */
spc_status interp_constant(const ir_module *, const ir_func *constant, ir_matrix_lookup *, void *ctx, rt_matrix *out,
                           rt_error *);

/* Runs an entry: words as for a native call (params in order, then the spc_exec address or 0). weights: the laid-out
 * weights object. Returns what the native function would return. */
int interp_entry(const ir_module *, const ir_func *entry, const uint64_t *words, size_t count, const void *weights);

/* Runs one kernel task directly, for tests: words are its params but the last two, which are task and tasks. 0, or
 * SPC_E_NOMEM, or SPC_E_INTERNAL: a stated alignment does not hold, a loop does not advance, an op is out of place. */
int interp_kernel(const ir_module *, const ir_func *kernel, const uint64_t *words, int64_t task, int64_t tasks,
                  const void *weights);

#endif
