/* random: layers made at random, statement by statement. Private to diff_random.
 *
 * A value is a name in the layer that is being written, with what is known of it: extents, a bound of its elements and
 * how far rounding may have taken it. What is exact stays so small that any order of sums gives the same bits; what
 * rounds carries an error that grows with every use and ends as the tolerance of a result. */
#ifndef SPC_TEST_RANDOM_H
#define SPC_TEST_RANDOM_H

#include "tests/diff/diff.h"

enum { GEN_MAX_VALUES = 40, GEN_MAX_RANK = 5, GEN_MAX_INPUTS = 8, GEN_MAX_RESULTS = 3, GEN_TEXT = 6000 };

/* The file's dims, in its order; INNER is what layers that are called bind anew. */
typedef enum gen_dim { GEN_BATCH, GEN_SEQ, GEN_INNER, GEN_CONST } gen_dim;
extern const char *const gen_dim_names[GEN_CONST];

/* scale * dim + offset; of a constant the offset alone counts. */
typedef struct gen_extent {
    gen_dim dim;
    int64_t scale, offset;
} gen_extent;

typedef struct gen_value {
    char name[12];
    spc_dtype dtype;
    int rank;
    gen_extent dims[GEN_MAX_RANK];
    int64_t bound; /* |elements| <= bound */
    int bits;      /* exact ones are whole multiples of 2^-bits */
    double error;  /* absolute; 0: exact */
} gen_value;

typedef struct gen_text {
    char text[GEN_TEXT];
    size_t used;
} gen_text;
__attribute__((format(printf, 2, 3))) void gen_add(gen_text *, const char *format, ...);

typedef struct gen_file {
    diff_random random;
    gen_text weights, layers;
    int weight_count, layer_count;
    bool discrete; /* some value is no float */
} gen_file;

typedef struct gen_layer {
    gen_file *file;
    gen_text inputs, body;
    bool called; /* another layer calls it; it calls none */
    gen_value values[GEN_MAX_VALUES];
    int value_count, input_count;
    gen_value taken[GEN_MAX_INPUTS]; /* the inputs, in order */
} gen_layer;

int64_t gen_below(gen_layer *, int64_t limit);
gen_extent gen_const(int64_t);
bool gen_is_const(gen_extent, int64_t *value);
bool gen_same_extent(gen_extent, gen_extent);
gen_extent gen_draw_extent(gen_layer *);
int64_t gen_largest(gen_extent); /* in any run */
void gen_extent_text(gen_extent, char out[32]);
void gen_type_text(const gen_value *, char out[128]);

/* A copy of one of the layer's values, drawn; of this dtype where there is one. */
gen_value gen_any(gen_layer *);
bool gen_find(gen_layer *, spc_dtype, gen_value *out);
/* Another one of the same dtype and extents; v itself where there is none. */
gen_value gen_alike(gen_layer *, const gen_value *v);

/* A new input of the layer. */
gen_value gen_input(gen_layer *, spc_dtype, int rank, const gen_extent *);
/* Writes `name = expression;` for a value of this dtype, shape, bound and error; drops it where it grows too large,
 * too inexact or the layer is full. */
__attribute__((format(printf, 3, 4))) bool gen_define(gen_layer *, gen_value, const char *format, ...);
bool gen_has_room(const gen_layer *);
/* Declares a weight; extents grow to fit its pattern where they are free. -1: there are enough. */
int gen_weight(gen_layer *, spc_dtype, int64_t *rows, int64_t *cols, bool free_rows, bool free_cols);
/* The value clipped to what exact products of this depth bear; false: it cannot be. */
bool gen_bounded(gen_layer *, gen_value *, int64_t depth);
/* The largest integer up to which all are exact; of integers, which wrap, the largest. */
int64_t gen_exact_limit(spc_dtype);

/* Appends statements, drawn. */
void gen_statement(gen_layer *);
/* Writes layer `name` as text: a first input or two, statements, results. */
int gen_layer_write(gen_layer *, const char *name, gen_value results[GEN_MAX_RESULTS]);

#endif
