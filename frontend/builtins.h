/* builtins: operations, patterns and masks as rows of a table, and their calls with arguments bound to parameters. */
#ifndef SPC_FE_BUILTINS_H
#define SPC_FE_BUILTINS_H

#include "frontend/values.h"

enum { FE_MAX_PARAMS = 6, FE_MAX_INTEGERS = 2 * IR_MAX_RANK };

typedef enum fe_param_kind {
#define KIND(name, reader, wants) FE_PARAM_##name,
#include "frontend/builtins.def"
#undef KIND
    FE_PARAM_KINDS
} fe_param_kind;

typedef struct fe_param {
    const char *name;
    fe_param_kind kind;
    bool named, optional, repeats;
    const char *fallback; /* the default as written; NULL: none */
    double number;        /* its value, where it is a number */
} fe_param;

/* What a parameter got. Which fields count depends on its kind. */
typedef struct fe_bound {
    bool given;
    bool piped; /* value is there already */
    fe_span at;
    fe_value value;                            /* tensor, operand, any */
    int count;                                 /* integers in a list; of a single one 0 */
    const ir_extent *extents[FE_MAX_INTEGERS]; /* extent, shape, pair, padding, pads */
    int64_t integers[FE_MAX_INTEGERS];         /* integer, axes */
    double real;
    bool truth, same; /* same: of padding */
    ir_dtype dtype;
    bool per_row; /* scaling */
} fe_bound;

typedef struct fe_call {
    fe_walk *w;
    const fe_expr *expr;
    const fe_builtin *builtin;
    fe_bound args[FE_MAX_PARAMS];
    fe_value *rest; /* of a parameter that repeats */
    fe_span *rest_at;
    int rest_count;
    const ir_type *type;  /* out: the result's */
    fe_quantity quantity; /* out */
    const ir_extent *before[2]; /* out, of windows: rows and columns of padding above and left */
    rt_pattern *pattern;  /* out, of patterns: parts are added */
    struct fe_call *next_free;
} fe_call;

struct fe_builtin {
    const char *name;
    const char *parameters;
    bool (*check)(fe_call *); /* false: reported */
    ir_op *(*emit)(fe_call *); /* NULL: not supported yet */
    int code;                  /* ir_opcode, or rt_pattern_kind */
    bool open;                 /* takes anything */
    int count;
    fe_param params[FE_MAX_PARAMS];
};

/* Reads the tables and hangs every row on its name. */
void fe_builtins_init(fe_context *);
void fe_guess_operations(fe_guess *);
void fe_guess_patterns(fe_guess *);
void fe_guess_masks(fe_guess *);

/* Calls nest as deep as expressions and are large, so they are kept and used again rather than put on the stack. */
fe_call *fe_call_open(fe_walk *, const fe_expr *, const fe_builtin *);
void fe_call_close(fe_call *);
/* Binds the arguments of the expression (piped: the first one's value). False: reported. */
bool fe_bind_arguments(fe_call *, const fe_value *piped);
fe_value fe_call_operation(fe_walk *, const fe_expr *, const fe_builtin *, const fe_value *piped);
/* "linear(x, w, b?)" */
const char *fe_usage(fe_context *, const fe_builtin *);

/* Readers of arguments, one per kind (arguments.c). */
#define KIND(name, reader, wants) bool fe_read_##reader(fe_walk *, const fe_expr *, fe_bound *);
#include "frontend/builtins.def"
#undef KIND

/* A check's complaint about an argument. Returns false. */
bool fe_refuse(fe_call *, fe_span at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Whether extents are provably equal, else a complaint: "x has LAST AXIS 512 but w has 64". */
bool fe_same_extent(fe_call *, fe_span at, const char *a_what, const ir_extent *a, const char *b_what,
                    const ir_extent *b);
bool fe_require_rank(fe_call *, const fe_bound *, const char *name, int least, int most);
/* The dtype rule of contractions and norms: x's dtype, unless the operand is a weight of another float. */
bool fe_matches_dtype(fe_call *, const fe_bound *x, const fe_bound *operand, const char *name);
/* Of a sum of products: x's; quantised ones give f32, plain integers i32. */
ir_dtype fe_sum_dtype(const fe_value *x);
/* The first operand of a sum of products. */
bool fe_check_x(fe_call *, const fe_bound *x);
/* The bias of a contraction: one number for each output, added to the finished sum. */
bool fe_check_bias(fe_call *, const fe_bound *b, const ir_extent *outputs);
/* An axis counted from either end, as an index; -1: reported. */
int fe_axis(fe_call *, fe_span at, int64_t axis, int rank);

#endif
