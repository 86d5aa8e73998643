/* lane: one element as the interpreter holds it, and its way to and from memory.
 *
 * A lane is 64 bits that are read by the class of its dtype: whole numbers (integers, index, bool 0 or 1) in i, sign- or
 * zero-extended; f32, f16 and bf16 in f, of which the last two hold only values that fit them; f64 in d. Addresses of
 * buffers lie in p. */
#ifndef SPC_INTERP_LANE_H
#define SPC_INTERP_LANE_H

#include "ir/ir.h"

typedef union interp_lane {
    int64_t i;
    uint64_t u;
    float f;
    double d;
    char *p;
} interp_lane;

typedef enum interp_class { INTERP_WHOLE, INTERP_REAL, INTERP_WIDE, INTERP_CLASS_COUNT } interp_class;
interp_class interp_class_of(ir_dtype);

/* n elements from or to the buffer at base, at element index, index + stride, ... (load: stride 0 or 1). */
typedef void interp_load(const char *base, int64_t index, int stride, int n, interp_lane *out);
typedef void interp_store(char *base, int64_t index, int n, const interp_lane *from);
/* Makes lanes fit their dtype again: integers wrap, f16 and bf16 round to nearest even. */
typedef void interp_narrow(int n, interp_lane *);

typedef struct interp_format {
    interp_load *load;
    interp_store *store;
    interp_narrow *narrow; /* NULL: nothing to do */
    int64_t lo, hi;        /* whole numbers: the range; bool 0..1 */
} interp_format;
const interp_format *interp_format_of(ir_dtype);

/* Nearest even in f16 or bf16; other float dtypes: as float. */
float interp_round_real(ir_dtype, double);
/* The number of a const op in a lane of this dtype. */
interp_lane interp_lane_of(ir_dtype, const ir_attr *value);
/* Address of element index, which starts a byte (i4: index is even). */
char *interp_address(ir_dtype, char *base, int64_t index);
/* Bytes of count elements, i4 packed; false on overflow. */
bool interp_bytes(ir_dtype, int64_t count, int64_t *bytes);

#endif
