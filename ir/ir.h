/* ir: the one data structure that all rooms speak (READ FIRST).
 *
 * A module holds functions of four forms: graph (tensors, what a layer means), kernel (scalars, vectors, loops: what
 * runs), entry (what the host calls: checks, scratch, launches) and constant (a graph without inputs: a weight made of
 * others). All are made of ops. An op *is* the value
 * it defines; some ops hold a body of ops; there are no phis: what is carried round a loop lives in a reg.
 * ops.def lists the operations, dtypes.def the element types. The interpreter (backends/interp) defines the meaning.
 *
 * Everything lives in the module's arena. Types and extents are interned: compare them by pointer. Ops are linked
 * in order; passes rebuild a function in one sweep with an old -> new map rather than edit in place.
 * A module belongs to one thread at a time. */
#ifndef SPC_IR_H
#define SPC_IR_H

#include "ir/arena.h"
#include "ir/diag.h"
#include "ir/extent.h"
#include "runtime/storage.h"
#include <spc/spc_rt.h>
#include <stdbool.h>
#include <stdint.h>

enum { IR_MAX_RANK = 8 };

typedef enum ir_dtype {
    IR_NO_DTYPE = 0,
#define DTYPE(name, NAME, bytes, class) IR_##NAME,
#include "ir/dtypes.def"
#undef DTYPE
    IR_DTYPE_COUNT
} ir_dtype; /* the first nine equal spc_dtype */

typedef struct ir_dtype_info {
    const char *name;
    int bytes;
    char class; /* 'F', 'S', 'U', 'B' */
} ir_dtype_info;
const ir_dtype_info *ir_dtype_of(ir_dtype);
static inline bool ir_is_float(ir_dtype d) { return ir_dtype_of(d)->class == 'F'; }

typedef enum ir_type_kind {
    IR_VOID,   /* no value */
    IR_SCALAR, /* f32, index, bool */
    IR_VECTOR, /* f32x16; boolx16 is a mask */
    IR_BUFFER, /* buffer f32: the address of elements */
    IR_REG,    /* reg f32x16, reg f32 */
    IR_TENSOR  /* f32[batch,512], with a storage where it is packed: f32[64,64]{...} */
} ir_type_kind;

typedef struct ir_type {
    ir_type_kind kind;
    ir_dtype dtype;
    int lanes; /* vector and reg: number of lanes; 1 for a reg that holds a scalar */
    int rank;  /* tensor */
    const ir_extent *dims[IR_MAX_RANK];
    const rt_storage *storage; /* tensor: NULL is dense row-major */
} ir_type;

const ir_type *ir_void(ir_module *);
const ir_type *ir_scalar(ir_module *, ir_dtype);
const ir_type *ir_vector(ir_module *, ir_dtype, int lanes); /* lanes 1 gives the scalar */
const ir_type *ir_buffer(ir_module *, ir_dtype);
const ir_type *ir_reg_type(ir_module *, const ir_type *content);
const ir_type *ir_tensor(ir_module *, ir_dtype, int rank, const ir_extent *const *dims);
const ir_type *ir_tensor_stored(ir_module *, const ir_type *tensor, const rt_storage *);
const ir_type *ir_type_with_dtype(ir_module *, const ir_type *, ir_dtype);
int ir_lanes(const ir_type *); /* of a scalar, vector or reg; 1 for scalars */

typedef enum ir_opcode {
#define OP(name, level, min_args, max_args, result, attrs, flags, doc) IR_OP_##name,
#include "ir/ops.def"
#undef OP
    IR_OP_COUNT
} ir_opcode;

enum { IR_LEVEL_G = 1, IR_LEVEL_K = 2, IR_LEVEL_E = 4 };
enum { IR_PURE = 1, IR_COMMUTES = 2, IR_EFFECT = 4, IR_BODY = 8, IR_BODY2 = 16, IR_NAMED = 32, IR_BROADCAST = 64 };
typedef enum ir_result_rule {
    IR_RESULT_VOID, IR_RESULT_SAME, IR_RESULT_GIVEN, IR_RESULT_BOOL, IR_RESULT_ELEM, IR_RESULT_INDEX, IR_RESULT_CONTENT
} ir_result_rule;

typedef struct ir_op_info {
    const char *name;
    int levels; /* IR_LEVEL_* */
    int min_args, max_args;
    ir_result_rule result;
    const char *attrs;
    int flags;
    const char *doc;
} ir_op_info;
const ir_op_info *ir_info(ir_opcode);

typedef enum ir_attr_kind { IR_ATTR_INT, IR_ATTR_FLOAT, IR_ATTR_STR, IR_ATTR_INTS, IR_ATTR_FLAG } ir_attr_kind;
typedef struct ir_attr {
    const char *key; /* a constant string of the op's row in ops.def */
    ir_attr_kind kind;
    int64_t i; /* INT, FLAG (1) */
    double f;
    const char *s;
    int count; /* INTS */
    const int64_t *ints;
} ir_attr;

typedef struct ir_op ir_op;
typedef struct ir_block {
    ir_op *first, *last;
} ir_block;

struct ir_op {
    ir_opcode code;
    const ir_type *type; /* of the value; IR_VOID where there is none */
    int nargs;
    ir_op **args;
    int nattrs;
    ir_attr *attrs;   /* in the order of the row */
    const char *name; /* NAMED ops */
    ir_block body, body2;
    ir_op *prev, *next;
    ir_loc loc;
    int id;     /* %id; ir_number gives them out anew in order */
    void *mark; /* for the pass at work; NULL between passes */
};

/* A constant is a graph without inputs and dims: its one output is the data of a weight that bears its name. */
typedef enum ir_form { IR_GRAPH, IR_KERNEL, IR_ENTRY, IR_CONSTANT, IR_FORMS } ir_form;

typedef struct ir_func {
    ir_form form;
    const char *name;
    ir_block body;
    ir_loc loc;
    const char *plan; /* kernel: its plan line, for explain and debug names; NULL: none */
    ir_arena *ops;    /* what its ops lie in, freed with the function; NULL: the module's arena */
    struct ir_func *next;
} ir_func;

/* A dim with its contract: lo, lo + step, ..., hi. Unconstrained: 0, INT64_MAX, 1. */
typedef struct ir_dim {
    const char *name;
    int64_t lo, hi, step;
    struct ir_dim *next;
} ir_dim;

/* A weight laid out for the kernels: one packed form of one weight. Two uses that want different storages make two.
 * `data "NAME/ARRAY"` in entries refers to its arrays. storage NULL: the plain row-major tensor, array "values". */
typedef struct ir_packing {
    const char *name;   /* unique: the weight's, or with .2, .3 behind it */
    const char *weight; /* the weight's own name */
    const ir_type *type; /* tensor of the declaration, with its storage */
    struct ir_packing *next;
} ir_packing;

struct ir_module {
    ir_arena *arena;
    ir_arena *ops; /* where new ops lie, between ir_ops_begin and ir_ops_end; NULL: in arena */
    ir_diags *diags;
    ir_dim *dims;   /* in the file's order */
    ir_func *funcs; /* in order; names are unique within a form */
    ir_func *last;  /* of funcs; kept by ir_func_new and ir_func_remove */
    ir_packing *packings;
    struct ir_tables *tables; /* interned types and extents; private to ir/ */
};

ir_module *ir_module_new(ir_arena *, ir_diags *);
ir_func *ir_func_new(ir_module *, ir_form, const char *name); /* appended */
ir_func *ir_func_find(const ir_module *, ir_form, const char *name);
void ir_func_remove(ir_module *, ir_func *); /* and frees its ops, where they lie by themselves */
/* Between these, new ops and their attributes lie in an arena of their own, which ir_ops_end gives to the function in place
 * of the one that its ops lay in: ops that were there before are gone. Whatever else outlives them goes to m->arena. */
void ir_ops_begin(ir_module *);
void ir_ops_end(ir_module *, ir_func *);
/* Of what lives no longer than the ops at work. */
static inline ir_arena *ir_ops_arena(const ir_module *m) { return m->ops ? m->ops : m->arena; }
ir_dim *ir_dim_add(ir_module *, const char *name, int64_t lo, int64_t hi, int64_t step);
/* Finds or adds the packing of this weight in this type's storage. */
const ir_packing *ir_packing_of(ir_module *, const char *weight, const ir_type *stored);
const ir_dim *ir_dim_find(const ir_module *, const char *name);

/* ---- building ---- */

/* Where new ops go: at the end of block. loc is copied into each. */
typedef struct ir_builder {
    ir_module *module;
    ir_block *block;
    ir_loc loc;
} ir_builder;

/* args is copied. type NULL: by the op's result rule (not for GIVEN). */
ir_op *ir_build(ir_builder *, ir_opcode, const ir_type *type, int nargs, ir_op *const *args);
ir_op *ir_build0(ir_builder *, ir_opcode, const ir_type *);
ir_op *ir_build1(ir_builder *, ir_opcode, const ir_type *, ir_op *);
ir_op *ir_build2(ir_builder *, ir_opcode, const ir_type *, ir_op *, ir_op *);
ir_op *ir_build3(ir_builder *, ir_opcode, const ir_type *, ir_op *, ir_op *, ir_op *);
ir_op *ir_const_int(ir_builder *, const ir_type *, int64_t); /* scalar, vector or tensor type; float types too */
ir_op *ir_const_float(ir_builder *, const ir_type *, double);
ir_op *ir_index(ir_builder *, int64_t);                      /* an index constant */
void ir_unlink(ir_block *, ir_op *);
void ir_append(ir_block *, ir_op *);

/* Attributes. Setting replaces; the key must be in the op's row (asserted). */
void ir_set_int(ir_module *, ir_op *, const char *key, int64_t);
void ir_set_float(ir_module *, ir_op *, const char *key, double);
void ir_set_str(ir_module *, ir_op *, const char *key, const char *);
void ir_set_ints(ir_module *, ir_op *, const char *key, int count, const int64_t *);
const ir_attr *ir_attr_find(const ir_op *, const char *key); /* NULL: absent */
int64_t ir_get_int(const ir_op *, const char *key, int64_t absent);
double ir_get_float(const ir_op *, const char *key, double absent); /* an INT counts as well */
const char *ir_get_str(const ir_op *, const char *key, const char *absent);
/* Extents in a text attribute, separated by semicolons. False: not count of them, or one that is malformed. */
bool ir_get_extents(ir_module *, const ir_op *, const char *key, int count, const ir_extent **out);
void ir_set_extents(ir_module *, ir_op *, const char *key, int count, const ir_extent *const *);
/* Whether an extent of the op's type or in one of its attributes mentions the dim; bodies are not looked into. */
bool ir_op_mentions(const ir_op *, const char *dim);

/* Whether two ops compute the same from the same operands: neither has a name of its own, and bodies are not looked at.
 * Equal ops hash equally, within one process. */
bool ir_op_same(const ir_op *, const ir_op *);
size_t ir_op_hash(const ir_op *);
/* Whether two functions differ in name and plan at most. Both have gone through ir_func_hash, which numbers all their ops;
 * equal ones hash equally, within one process. */
bool ir_func_same(const ir_func *, const ir_func *);
size_t ir_func_hash(ir_func *);

/* A copy of op with these arguments, without its bodies, at the builder's place. Keeps loc, name, attributes, type. */
ir_op *ir_clone(ir_builder *, const ir_op *, ir_op *const *args);
void ir_number(ir_func *); /* ids in order of appearance */

/* ---- text: canonical; print(parse(text)) == text for canonical text (see print.c for the grammar) ---- */
char *ir_print_module(const ir_module *, ir_arena *);
char *ir_print_func(const ir_func *, ir_arena *); /* numbers it first */
const char *ir_print_type(const ir_type *, ir_arena *);
/* Adds the functions of a text to the module. Errors go to its diagnostics. */
spc_status ir_parse(ir_module *, const ir_source *);

/* Checks every rule of ops.def and of scoping, dtypes and shapes. The first breach is reported as an internal error that
 * names `after` (the pass that ran last). */
spc_status ir_verify(const ir_module *, const char *after);

#endif
