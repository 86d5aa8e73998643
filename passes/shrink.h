/* shrink: what the parts of the pass share. Private to shrink*.c.
 *
 * A *channel class* is a set of axes of values that have to keep the same places: the axis of a linear's result, of the
 * bias and activation behind it, of the weight that reads them. Places of a class that no product needs are dropped from all
 * its axes at once. */
#ifndef SPC_PASSES_SHRINK_H
#define SPC_PASSES_SHRINK_H

#include "passes/graph.h"

/* What is known of a value along one axis. */
typedef struct shrink_constant {
    int axis;       /* -1: one number for all elements */
    const bool *at; /* the places whose elements are all one number, whatever the inputs; NULL: all places */
    ir_op *value;   /* in the pool: the numbers, [extent] or []; at other places anything */
    int depth;      /* of ops behind value */
    const rt_matrix *data; /* of value, once evaluated */
} shrink_constant;

/* A product over a class: x and a weight, at these axes, and the op's result axis that the weight's other one makes. */
typedef struct shrink_product {
    const ir_op *op, *x, *weight;
    int x_axis, weight_axis, other_axis, result_axis;
} shrink_product;

typedef struct shrink_class {
    int64_t extent;  /* 0: not known while compiling */
    bool pinned;     /* some axis of it has to stay as it is */
    int64_t granule; /* whole aligned groups of so many places stay or go together */
    bool *needed;    /* each place */
    int kept_count;  /* 0: nothing is dropped */
    int64_t *kept;
} shrink_class;

typedef struct shrink {
    ir_module *m;
    pass_context *context;
    ir_func *f;
    int ops;                     /* ids of the function's ops are under it */
    int *first;                  /* by op: the number of its first axis */
    int *parent;                 /* of an axis, in a union-find forest */
    shrink_class *classes;       /* at the root of each tree */
    const bool *(*held)[2];      /* by op: of a weight, shrink_held of its first and last axis once asked for */
    shrink_constant **constants; /* by op; NULL: nothing is known */
    ir_block pool;               /* what constants are made of; graph ops without inputs */
    ir_builder pool_builder;
    spc_status status;
} shrink;

/* ---- shrink_axes.c ---- */

void shrink_find_classes(shrink *);
shrink_class *shrink_class_of(const shrink *, const ir_op *, int axis);
/* The operands of a product with a weight of the function; false: op is none. */
bool shrink_product_of(const ir_op *, shrink_product *out);
/* Its rows and columns may be counted: it has data, of a size that is worth it. */
const rt_matrix *shrink_matrix(const shrink *, const ir_op *weight);
/* Places of the axis, first or last, at which the weight holds a non-zero; NULL: all may count, since its zeros are not
 * declared or its data not known. */
const bool *shrink_held(shrink *, const ir_op *weight, int axis);

/* ---- shrink_constants.c ---- */

void shrink_find_constants(shrink *);
/* Whether the op has no bias, or one that is known. */
bool shrink_bias_is_known(const shrink *, const ir_op *product);
/* Whether x at this place only adds a constant to the product's results. */
bool shrink_folds(shrink *, const shrink_product *, int64_t place);
/* A vector for all results: the bias, if there is one, and what the given places of x add; in the pool. */
ir_op *shrink_fold(shrink *, const shrink_product *, const int64_t *places, int count);

/* ---- weights made of others ---- */

/* The numbers of a value of the pool; NULL: status says why not. */
const rt_matrix *shrink_evaluate(shrink *, const ir_op *value);
/* Places of an axis; in the pool. */
ir_op *shrink_take(shrink *, ir_op *x, int axis, const int64_t *places, int count);
/* Makes the value, of the pool, a constant of the module with its data and returns the name, which begins with origin; of equal ones, the same.
 * NULL: status says why. */
const char *shrink_define(shrink *, const ir_op *value, const char *origin, const rt_matrix **data);

#endif
