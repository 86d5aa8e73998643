/* values: what an expression turns out to be, and the walk over a layer that finds it.
 *
 * The same walk checks and builds: without a builder it only finds types and reports; with one it also emits ops,
 * which happens only after the whole file was checked without errors. A value of kind FE_BAD was reported already and
 * silences whatever uses it. */
#ifndef SPC_FE_VALUES_H
#define SPC_FE_VALUES_H

#include "frontend/context.h"
#include "runtime/pattern.h"

/* Which names of the file may stand here. */
typedef enum fe_scope { FE_SCOPE_CONSTANT, FE_SCOPE_EXTENT, FE_SCOPE_BODY } fe_scope;

typedef enum fe_kind { FE_BAD, FE_TENSOR, FE_INT, FE_REAL, FE_TRUTH, FE_MANY } fe_kind;
typedef enum fe_quantity { FE_PLAIN, FE_SCALED_WEIGHT, FE_QUANTISED } fe_quantity;

typedef struct fe_value {
    fe_kind kind;
    const ir_type *type;     /* TENSOR */
    ir_op *op;               /* TENSOR, while building */
    fe_quantity quantity;    /* TENSOR: whether its integers stand for q * scale */
    const fe_item *weight;   /* TENSOR: the weight that it is, NULL: none */
    const ir_extent *extent; /* INT that depends on dims; else NULL and */
    int64_t integer;         /* INT; TRUTH */
    double real;             /* REAL, unless it */
    bool at_call;            /* depends on dims */
    struct fe_value *many;   /* MANY: the results of a layer */
    int count;
} fe_value;

struct fe_local {
    fe_name *name;
    fe_span at;
    const char *role; /* "input", "result", "name" */
    const fe_field *field; /* of inputs and results */
    bool assigned, used;
    int generation;
    fe_value value;
    struct fe_local *next;
};

typedef struct fe_walk {
    fe_context *c;
    fe_scope scope;
    fe_item *layer;      /* NULL: outside layers */
    ir_builder *builder; /* NULL: checking only */
    fe_local *locals, *last_local;
} fe_walk;

/* ---- eval.c ---- */
fe_value fe_eval(fe_walk *, const fe_expr *);
fe_value fe_eval_many(fe_walk *, const fe_expr *); /* may be FE_MANY: for a statement's whole right side */
fe_value fe_eval_call(fe_walk *, const fe_expr *, const fe_value *piped);
/* Marks what a wrong expression mentions as used, so that one mistake does not draw warnings about others. */
void fe_touch(fe_walk *, const fe_expr *);
/* A constant integer; false: reported. what: "the step of a dim". */
bool fe_eval_constant(fe_walk *, const fe_expr *, const char *what, int64_t *out);

/* ---- operators.c ---- */
fe_value fe_apply_unary(fe_walk *, const fe_expr *, fe_value);
fe_value fe_apply_binary(fe_walk *, const fe_expr *, fe_value left, fe_value right);

/* ---- elementwise.c ---- */
/* Makes tensors of all values, numbers taking the dtype of the tensors they meet, and finds the type that they
 * broadcast to. NULL: reported. */
const ir_type *fe_unify(fe_walk *, fe_span at, const char *what, int count, fe_value *const *values);
typedef enum fe_class { FE_ANY_DTYPE, FE_NUMBERS, FE_FLOATS, FE_BOOLS } fe_class;
/* Neither a quantised value nor a weight with a scale. */
bool fe_require_plain(fe_walk *, fe_span at, const char *what, const fe_value *);
bool fe_require_class(fe_walk *, fe_span at, const char *what, ir_dtype, fe_class);

/* ---- values.c ---- */
static inline fe_value fe_bad(void) { return (fe_value){.kind = FE_BAD}; }
static inline fe_value fe_tensor_value(const ir_type *type, ir_op *op)
{
    return type ? (fe_value){.kind = FE_TENSOR, .type = type, .op = op} : fe_bad();
}
static inline bool fe_is_number(const fe_value *v) { return v->kind == FE_INT || v->kind == FE_REAL; }
fe_value fe_integer(fe_walk *, fe_span at, const ir_extent *); /* NULL: reports an overflow */
fe_value fe_arithmetic(fe_walk *, fe_operator, fe_span at, fe_value, fe_value);
fe_value fe_negate(fe_walk *, fe_span at, fe_value);
const ir_extent *fe_extent_of(fe_walk *, const fe_value *); /* of an INT; NULL: -2^63 */
/* A number or truth value as a rank-0 tensor of that dtype; IR_NO_DTYPE: of its own. */
fe_value fe_constant(fe_walk *, fe_span at, const fe_value *, ir_dtype);
const char *fe_value_text(fe_walk *, const fe_value *); /* "f32[n,4]", "a number" */
double fe_round_to(ir_dtype, double);

/* ---- types.c ---- */
const ir_type *fe_type_of(fe_walk *, const fe_type_expr *, bool weight);
/* A computed type: extents must be positive and their product fit. NULL: reported (or an extent is NULL). */
const ir_type *fe_tensor(fe_walk *, fe_span at, ir_dtype, int rank, const ir_extent *const *dims);
const char *fe_type_text(const fe_walk *, const ir_type *);
/* "512 is not 64", "'n' cannot be proved equal to 'm'" */
const char *fe_difference(const fe_walk *, const ir_extent *got, const ir_extent *want);
/* The first thing in which two types differ, and what to do. */
const char *fe_type_difference(const fe_walk *, const ir_type *got, const ir_type *want);
ir_dtype fe_dtype_named(const char *name); /* of the language; IR_NO_DTYPE: none */
void fe_guess_dtypes(fe_guess *);
static inline bool fe_extent_is(const ir_extent *e, int64_t value)
{
    int64_t v;
    return ir_extent_is_const(e, &v) && v == value;
}

/* ---- patterns.c, masks.c ---- */
bool fe_eval_pattern(fe_walk *, const fe_expr *, rt_pattern *out);
bool fe_eval_mask(fe_walk *, const fe_expr *);
/* Whether a weight of this type can keep the pattern; reports. */
bool fe_pattern_fits(fe_walk *, fe_span at, const rt_pattern *, const ir_type *);

/* ---- layer.c, calls.c, items.c ---- */
/* One walk over a layer's body. With a builder, emits it. */
void fe_walk_layer(fe_walk *);
fe_value fe_call_layer(fe_walk *, const fe_expr *, fe_item *callee, const fe_value *piped);
void fe_check_item(fe_context *, fe_item *);

/* ---- contract.c ---- */
/* Starts a fresh set of bindings of dims, as a call makes. */
void fe_binding_start(fe_context *);
/* What the dim is bound to; NULL: nothing yet. */
const ir_extent *fe_binding_of(fe_context *, const fe_item *dim);
void fe_bind(fe_context *, fe_item *dim, const ir_extent *);
/* e with every bound dim replaced. NULL: overflow, or a division that does not come out. */
const ir_extent *fe_substitute(fe_context *, const ir_extent *);
/* True once for each dim of a set of bindings. */
bool fe_judge_once(fe_context *, fe_item *dim);
typedef enum fe_verdict { FE_HOLDS, FE_FAILS, FE_OPEN_QUESTION } fe_verdict;
/* Whether the extent keeps the dim's contract whatever the caller's dims are. */
fe_verdict fe_contract_holds(fe_context *, const fe_item *dim, const ir_extent *);

/* ---- emit.c: constants, weights and plain ops give NULL without a builder; the rest needs one ---- */
ir_op *fe_emit(fe_walk *, fe_span at, ir_opcode, const ir_type *, int count, const fe_value *args);
ir_op *fe_emit_constant(fe_walk *, fe_span at, const ir_type *, bool real, int64_t integer, double value);
ir_op *fe_emit_extent(fe_walk *, fe_span, const ir_type *, const ir_extent *);
ir_op *fe_emit_weight(fe_walk *, fe_item *);
/* Has the call look at an extent: its divisions, and where low, high and step are given, a contract. */
void fe_emit_require(fe_walk *, fe_span at, const ir_extent *value, int64_t low, int64_t high, int64_t step);
ir_op *fe_emit_input(fe_walk *, const fe_field *);
void fe_emit_output(fe_walk *, const fe_field *, const fe_value *);
void fe_emit_call(fe_walk *, const fe_expr *, fe_item *callee, const fe_value *args, fe_value *results, int count);

#endif
