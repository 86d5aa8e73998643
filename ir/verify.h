/* verify: what the parts of the verifier share. Private to ir/. verify.c walks, verify_*.c hold the rules of single
 * ops, verify.def says which rule an op has. */
#ifndef SPC_IR_VERIFY_H
#define SPC_IR_VERIFY_H

#include "ir/intern.h"
#include "ir/spec.h"

/* What launches need to know of a kernel, gathered once. */
typedef struct ir_verify_kernel {
    const char *name;
    int count;
    const ir_type **params;
} ir_verify_kernel;

typedef struct ir_verifier {
    const ir_module *module;
    ir_module *types; /* the same module, to make types in */
    const ir_func *func;
    const ir_op *fused;  /* the op whose body this is; NULL outside */
    int depth;           /* of bodies */
    bool scratch_seen;
    ir_set kernels, packings, dims; /* by name */
    ir_set names;             /* of inputs and outputs, or of params, of this function */
    char *message;       /* the first breach; NULL: none */
    ir_loc loc;
} ir_verifier;

ir_same ir_same_kernel; /* items are ir_verify_kernel, keys names */

/* Keeps the first message. Always false. */
bool ir_verify_fail(ir_verifier *, const ir_op *, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Every dim that the extent mentions is declared. */
bool ir_verify_extent(ir_verifier *, const ir_op *, const ir_extent *);
/* The name must be new among those of the set. */
bool ir_verify_unique(ir_verifier *, const ir_op *);

typedef bool ir_verify_rule(ir_verifier *, const ir_op *);
/* The rule of an op beyond its row in ops.def. */
ir_verify_rule *ir_verify_rule_of(ir_opcode);

#define RULE(op, rule) ir_verify_rule ir_verify_##rule;
#include "ir/verify.def"
#undef RULE

/* Elementwise ops serve both levels: tensors broadcast, scalars and vectors are of one shape. */
bool ir_verify_broadcast(ir_verifier *, const ir_op *, int first); /* arguments from first on, to the result's shape */
bool ir_is_index(const ir_op *);
/* Integers do not come of floats, and nothing is bool. */
bool ir_verify_contraction_dtype(ir_verifier *, const ir_op *);
/* The attribute holds count extents of declared dims, none known to be negative. */
bool ir_verify_starts(ir_verifier *, const ir_op *, const char *key, int count, const ir_extent **out);

#endif
