/* extent: symbolic sizes over dims.
 *
 * An extent is an integer polynomial over dims, in canonical form and interned per module: two extents are provably
 * equal exactly when their pointers are equal. A division that does not come out exact at compile time stays as an
 * atom and is checked at the call. Also used for scratch sizes, hence min and max and ceil-division atoms. */
#ifndef SPC_IR_EXTENT_H
#define SPC_IR_EXTENT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct ir_extent ir_extent;
typedef struct ir_module ir_module;

/* All return NULL when a constant overflows 63 bits (or, for division, when it is known not to come out exact). */
const ir_extent *ir_extent_const(ir_module *, int64_t);
const ir_extent *ir_extent_dim(ir_module *, const char *name);
const ir_extent *ir_extent_add(ir_module *, const ir_extent *, const ir_extent *);
const ir_extent *ir_extent_sub(ir_module *, const ir_extent *, const ir_extent *);
const ir_extent *ir_extent_mul(ir_module *, const ir_extent *, const ir_extent *);
const ir_extent *ir_extent_div(ir_module *, const ir_extent *, const ir_extent *); /* exact */
const ir_extent *ir_extent_ceildiv(ir_module *, const ir_extent *, const ir_extent *);
const ir_extent *ir_extent_min(ir_module *, const ir_extent *, const ir_extent *);
const ir_extent *ir_extent_max(ir_module *, const ir_extent *, const ir_extent *);

bool ir_extent_is_const(const ir_extent *, int64_t *value); /* value may be NULL */
bool ir_extent_is_dim(const ir_extent *, const char **name);
/* Canonical text, e.g. "2*batch + 1", "seq/4", "ceil(batch, 64)", "min(batch, 8)"; ir_extent_parse reads it back.
 * It is also valid in a manifest, where the runtime evaluates it (runtime/extent_eval.h), and with ceil, min and
 * max spelt as calls. */
const char *ir_extent_text(const ir_extent *);
const ir_extent *ir_extent_parse(ir_module *, const char *text, const char **end);

/* Its structure, for building index arithmetic from it: sum over terms of coefficient * product of factors. */
typedef enum ir_factor_kind { IR_FACTOR_DIM, IR_FACTOR_DIV, IR_FACTOR_CEILDIV, IR_FACTOR_MIN, IR_FACTOR_MAX } ir_factor_kind;
typedef struct ir_factor {
    ir_factor_kind kind;
    const char *dim;            /* DIM */
    const ir_extent *left, *right; /* the others */
} ir_factor;
int ir_extent_terms(const ir_extent *);
int64_t ir_extent_coefficient(const ir_extent *, int term);
int ir_extent_factors(const ir_extent *, int term);
const ir_factor *ir_extent_factor(const ir_extent *, int term, int factor); /* powers repeat the factor */
bool ir_extent_mentions(const ir_extent *, const char *dim);

#endif
