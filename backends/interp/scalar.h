/* scalar: what an elementwise op does to lanes; the one place for graphs and kernels alike. */
#ifndef SPC_INTERP_SCALAR_H
#define SPC_INTERP_SCALAR_H

#include "backends/interp/lane.h"

typedef struct interp_scalar interp_scalar;

/* The op's first three arguments; where it has fewer, any valid lanes. */
typedef void interp_elementwise(const interp_scalar *, int n, interp_lane *out, const interp_lane *a,
                                const interp_lane *b, const interp_lane *c);

/* An op resolved for its dtypes. */
struct interp_scalar {
    interp_elementwise *apply;
    interp_narrow *narrow; /* of the result; NULL: none */
    double slope;
    ir_dtype to; /* of the result */
};

/* By opcode and the dtype it computes in, for ops but cast that give that dtype again. */
bool interp_scalar_find(ir_opcode, ir_dtype, interp_scalar *out);
/* False: op is not elementwise, or not defined on its arguments' dtype. */
bool interp_scalar_of(const ir_op *, interp_scalar *out);
void interp_scalar_run(const interp_scalar *, int n, interp_lane *out, const interp_lane *a, const interp_lane *b,
                       const interp_lane *c);

#endif
