/* checks: the functions that builtins.def names. Operations: ops_*.c; patterns.c; masks.c; emit.c. */
#ifndef SPC_FE_CHECKS_H
#define SPC_FE_CHECKS_H

#include "frontend/builtins.h"

#define OPERATION(name, parameters, check, emit, code) bool fe_check_##check(fe_call *);
#define PATTERN(name, parameters, check, kind) bool fe_check_pattern_##check(fe_call *);
#define MASK(name, parameters, check) bool fe_check_mask_##check(fe_call *);
#include "frontend/builtins.def"
#undef OPERATION
#undef PATTERN
#undef MASK

ir_op *fe_emit_args(fe_call *); /* one op with all tensors given, in order */
ir_op *fe_emit_leaky_relu(fe_call *);
ir_op *fe_emit_clip(fe_call *);

/* build_window.c */
ir_op *fe_emit_convolution(fe_call *);
ir_op *fe_emit_pool(fe_call *);
ir_op *fe_emit_resize(fe_call *);

/* build_shape.c */
ir_op *fe_emit_norm(fe_call *);
ir_op *fe_emit_reduction(fe_call *);
ir_op *fe_emit_argmax(fe_call *);
ir_op *fe_emit_reshape(fe_call *);
ir_op *fe_emit_transpose(fe_call *);
ir_op *fe_emit_concat(fe_call *);
ir_op *fe_emit_slice(fe_call *);
ir_op *fe_emit_pad(fe_call *);
ir_op *fe_emit_depth_to_space(fe_call *);
/* The op of this call over these arguments; its attributes are still to be set. */
ir_op *fe_emit_over(fe_call *, ir_opcode, const ir_type *, const ir_op *arg);
ir_op *fe_emit_reordered(fe_call *, ir_op *x, const int64_t *order);
/* Extents in attributes (where slices and pads start), with the dims of a call; op's types are there already. False:
 * reported. */
bool fe_substitute_starts(fe_walk *, fe_span at, ir_op *);

#endif
