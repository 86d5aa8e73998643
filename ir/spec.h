/* spec: the attribute column of ops.def, read. Private to ir/: setters, printer, parser and verifier share it. */
#ifndef SPC_IR_SPEC_H
#define SPC_IR_SPEC_H

#include "ir/ir.h"

typedef struct ir_attr_spec {
    const char *key; /* not terminated */
    size_t len;
    ir_attr_kind kind; /* of a number: IR_ATTR_INT, with number set */
    bool number;       /* int or float */
    bool optional;
} ir_attr_spec;

enum { IR_MAX_SPECS = 8 };
/* The row's attributes in canonical order; returns how many. */
int ir_attr_specs(ir_opcode, ir_attr_spec out[IR_MAX_SPECS]);
/* The position of a key in the row; -1: the op has no such attribute. */
int ir_attr_spec_find(ir_opcode, const char *key, size_t len, ir_attr_spec *out);
/* Whether an attribute of this kind may stand where the spec does. */
bool ir_attr_spec_accepts(const ir_attr_spec *, ir_attr_kind);
void ir_set_flag(ir_module *, ir_op *, const char *key);

bool ir_opcode_find(const char *name, size_t len, ir_opcode *out);
bool ir_dtype_find(const char *name, size_t len, ir_dtype *out);
/* The type by the op's result rule; NULL where the rule is GIVEN or the arguments do not allow one. */
const ir_type *ir_result_type(ir_module *, ir_opcode, int nargs, ir_op *const *args);
/* The index constants that stand in operand places and have no line of their own. */
bool ir_is_index_const(const ir_op *);

#endif
