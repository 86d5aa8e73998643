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

#endif
