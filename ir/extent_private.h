/* extent_private: the structure of extents, shared by extent.c (algebra) and extent_text.c (text). Private to ir/. */
#ifndef SPC_IR_EXTENT_PRIVATE_H
#define SPC_IR_EXTENT_PRIVATE_H

#include "ir/extent.h"
#include "ir/intern.h"

/* Bounds on one extent, so that untrusted texts cannot make polynomials explode; beyond them operations give NULL. */
enum { IR_MAX_TERMS = 64, IR_MAX_DEGREE = 16, IR_MAX_EXTENT_SIZE = 512 };

/* factors ascend by ir_factor_order; the same factor may repeat (a power). */
typedef struct ir_term {
    int64_t coefficient; /* not 0, not INT64_MIN */
    int degree;
    const ir_factor *factors[IR_MAX_DEGREE];
} ir_term;

/* terms descend by degree, then ascend by factors: a monomial order, so that division finds every exact quotient. */
struct ir_extent {
    int count;
    const ir_term *terms;
    int size; /* terms in all, those of nested extents included */
    const char *text;
};

/* Order by content, never by address: the text must not depend on what was built first. */
int ir_factor_order(const ir_factor *, const ir_factor *);
int ir_extent_order(const ir_extent *, const ir_extent *);
const char *ir_extent_make_text(ir_module *, const ir_extent *);

#endif
