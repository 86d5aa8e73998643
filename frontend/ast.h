/* ast: what the parser makes of a file, before any name has a meaning.
 *
 * One kind of expression serves tensors, extents, patterns and masks; which of them it is, is decided by the checks.
 * Everything lives in the module's arena and is written once, except for the fields marked as found by checks.
 * Chains that lean left (a + b + c, x |> f |> g) may be as deep as the file is long: walk them through fe_spine and
 * parent, never by recursion. All other nesting is bounded by FE_MAX_NESTING. */
#ifndef SPC_FE_AST_H
#define SPC_FE_AST_H

#include "ir/ir.h"

enum { FE_MAX_NESTING = 200 };

/* Bytes [begin, end) of the source. */
typedef struct fe_span {
    uint32_t begin, end;
} fe_span;

typedef struct fe_item fe_item;
typedef struct fe_local fe_local;
typedef struct fe_builtin fe_builtin;

/* A spelling, interned: equal names are one object. Carries what it stands for, so that looking up is following a
 * pointer. */
typedef struct fe_name {
    const char *text;
    size_t len;
    fe_item *item;               /* of the file; NULL: none */
    fe_local *local;             /* of the layer at work, if its generation is the current one */
    const fe_builtin *operation; /* built-in operation, pattern, mask of this name */
    const fe_builtin *pattern, *mask;
    bool doubtful; /* stood in a part that could not be parsed: may be declared after all */
    struct fe_name *recent; /* the name lexed before it since parsing was last in step, */
    int recent_in;          /* if this is the current step */
    struct fe_name *next; /* in its hash bucket */
} fe_name;

typedef enum fe_operator {
    FE_OR, FE_AND, FE_EQ, FE_NE, FE_LT, FE_LE, FE_GT, FE_GE, FE_ADD, FE_SUB, FE_MUL, FE_DIV, FE_NEG, FE_NOT
} fe_operator;

typedef enum fe_expr_kind {
    FE_EXPR_INT, FE_EXPR_REAL, FE_EXPR_TRUTH, FE_EXPR_NM, FE_EXPR_NAME, FE_EXPR_CALL, FE_EXPR_LIST, FE_EXPR_UNARY,
    FE_EXPR_BINARY
} fe_expr_kind;

typedef struct fe_expr fe_expr;
typedef struct fe_arg {
    fe_name *name; /* NULL: by position */
    fe_span at;    /* of the name, or of the value */
    fe_expr *value;
    struct fe_arg *next;
} fe_arg;

struct fe_expr {
    fe_expr_kind kind;
    fe_operator op;     /* UNARY, BINARY */
    bool piped;         /* CALL: its first argument stands left of |> */
    bool parenthesised; /* a comparison in parentheses may be compared again */
    fe_span at;         /* the point a message names: operator, callee, or the whole of a leaf */
    fe_span span;
    fe_expr *parent;      /* where this node is its parent's spine */
    fe_expr *left, *right; /* BINARY; UNARY: right */
    fe_name *name;        /* NAME; CALL: the callee */
    fe_arg *args;         /* CALL, LIST */
    int64_t first, second; /* INT: first; NM; TRUTH */
    double real;
};

typedef struct fe_type_expr {
    fe_name *dtype;
    fe_span at, span; /* of the dtype, of it all */
    fe_arg *extents;
} fe_type_expr;

/* A name with a type: an input or a result. */
typedef struct fe_field {
    fe_name *name;
    fe_span at;
    fe_type_expr *type;
    const ir_type *checked; /* found by checks; NULL: its type is wrong */
    struct fe_field *next;
} fe_field;

typedef struct fe_target {
    fe_name *name;
    fe_span at;
    struct fe_target *next;
} fe_target;

typedef struct fe_stmt {
    fe_target *targets;
    fe_expr *value;
    struct fe_stmt *next;
} fe_stmt;

/* `sparse EXPR`, `scale EXPR` or `from "TEXT"`; what the word is, is checked later. */
typedef struct fe_clause {
    fe_name *word;
    fe_span at, text_at;
    fe_expr *value;   /* or */
    const char *text; /* a string */
    struct fe_clause *next;
} fe_clause;

typedef enum fe_item_kind { FE_DIM, FE_CONST, FE_PATTERN, FE_MASK, FE_WEIGHT, FE_LAYER } fe_item_kind;

/* A name that an item mentions. Collected while parsing, so that the order of items is found without walking trees. */
typedef struct fe_mention {
    fe_name *name;
    fe_span at;
    bool called;
    struct fe_mention *next;
} fe_mention;

typedef enum fe_progress { FE_NEW, FE_OPEN, FE_DONE } fe_progress;
typedef enum fe_scale { FE_UNSCALED, FE_SCALE_ROW, FE_SCALE_TENSOR, FE_SCALE_GROUP } fe_scale;

/* A quotient of extents that only the call can tell to be exact. */
typedef struct fe_division {
    const ir_extent *quotient;
    fe_span at;
    struct fe_division *next;
} fe_division;

struct fe_item {
    fe_item_kind kind;
    fe_name *name;
    fe_span at; /* of the name */
    fe_mention *mentions;
    fe_expr *value;          /* const, pattern, mask; dim: lo, NULL without a contract */
    fe_expr *hi, *step;      /* dim */
    fe_name *step_word;      /* dim: must be "step" */
    fe_span step_at;
    fe_type_expr *type;      /* weight */
    fe_clause *clauses;      /* weight */
    fe_field *inputs, *results; /* layer */
    fe_stmt *body;              /* layer */
    fe_item *next;

    /* found by checks */
    bool used, broken; /* broken: reported already; whoever uses it stays silent */
    fe_progress progress;
    fe_item *open_parent;     /* while in progress: who led here, and */
    fe_mention *open_mention; /* which of its own mentions is next */
    const ir_extent *extent;  /* dim */
    int64_t low, high, stride; /* dim's contract */
    bool is_real;             /* const: real, else integer */
    int64_t integer;
    double real;
    const char *pattern; /* pattern: canonical text; weight: likewise, NULL without a clause */
    struct rt_pattern *parts; /* pattern */
    const ir_type *checked; /* weight */
    fe_scale scale;         /* weight */
    int64_t group;
    const char *tensor;     /* weight: its name in weights files */
    struct fe_division *divisions; /* layer: the quotients that its types and body mention */
    int64_t operations; /* layer: operators and operations of its own body */
    int64_t total;      /* layer: of all that it expands to; a call counts as one more */
    fe_item **callees;  /* layer: one per call of its body */
    int callee_count, callee_capacity;
    fe_item *next_layer; /* layer: in the order in which callees come first */
    ir_func *graph;      /* layer */
    const ir_extent *bound; /* dim: what the call at work binds it to, */
    int64_t bound_in;       /* if this is that call's number */
    int64_t judged_in;      /* dim: the call that its contract was last checked for */
    ir_op *op;             /* weight: its op in the graph at work, */
    int op_generation;     /* if this is the current generation */
};

/* The operand through which a chain leans left: a + b's a, x |> f's x; NULL: none. */
fe_expr *fe_spine(const fe_expr *);

typedef struct fe_context fe_context;
fe_name *fe_intern(fe_context *, const char *text, size_t len);
fe_expr *fe_expr_new(fe_context *, fe_expr_kind, fe_span at);
fe_expr *fe_expr_name(fe_context *, fe_name *, fe_span at);
fe_expr *fe_expr_binary(fe_context *, fe_operator, fe_span at, fe_expr *left, fe_expr *right);
fe_expr *fe_expr_unary(fe_context *, fe_operator, fe_span at, fe_expr *right);
fe_expr *fe_expr_call(fe_context *, fe_name *, fe_span at, fe_arg *args, fe_span span);
fe_expr *fe_expr_pipe(fe_context *, fe_expr *left, fe_expr *callee);
fe_expr *fe_expr_list(fe_context *, fe_arg *elements, fe_span span);
fe_arg *fe_arg_new(fe_context *, fe_name *, fe_span at, fe_expr *value);

/* Appends a finished item, giving it the mentions gathered since the last one. */
fe_item *fe_item_new(fe_context *, fe_item_kind, fe_name *, fe_span at);
void fe_mention_name(fe_context *, fe_name *, fe_span at, bool called);

const char *fe_operator_text(fe_operator);
const char *fe_item_kind_text(fe_item_kind); /* "a weight" */

#endif
