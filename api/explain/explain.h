/* explain: what the parts of spc_explain share. A layer is looked at for several choices of dims (points). Its kernels that
 * are alike in operations, shapes, pattern, density and plan are one group, so that a network of a hundred equal layers
 * stays readable. Times are predictions of the planner's model: the same in every run, nothing is measured. */
#ifndef SPC_API_EXPLAIN_H
#define SPC_API_EXPLAIN_H

#include "api/compile.h"
#include "passes/planner/ranking.h"
#include "runtime/pattern.h"

/* One choice of dims. */
typedef struct explain_point {
    const char *text; /* "batch=8"; "" where there are no dims */
    size_t count;
    const char **names;
    int64_t *values;
} explain_point;

/* A group of kernels at one point. Pointers into ranked, NULL where there is none. */
typedef struct explain_choice {
    int64_t columns; /* 0: not known, or there is no contraction; then nothing below is */
    const ir_plan_variant *variant;
    planner_candidate chosen;
    bool modelled; /* chosen has a prediction */
    planner_candidate *ranked; /* all that are legal, the quickest first */
    size_t count;
    const planner_candidate *best_dense, *best_sparse;
    double break_even; /* density at which the best sparse plan takes as long as the best dense one; NaN */
} explain_choice;

/* One packed form of the group's weights; a kernel may read one for small batches and another for large ones. */
typedef struct explain_form {
    const char *store;
    int64_t values, metadata, padding; /* of all of them: bytes, bytes, values */
} explain_form;
enum { EXPLAIN_FORMS = 8 };

typedef struct explain_group {
    int *numbers; /* of its kernels, ascending */
    size_t count;
    const char *name, *key;
    const ir_op *fused, *weight; /* of the first; weight NULL: it multiplies by none */
    const char *pattern;         /* "dense" where none is declared */
    const rt_declaration *whole; /* of the weight that the first's is a part of (pass shrink); NULL: it is no part */
    double enlarged;             /* how many times as large that is; a dense kernel takes about so much longer */
    bool declared_sparse, known; /* known: facts are those of data */
    rt_facts facts;              /* of the first */
    const char **weights;        /* of all, each once: kernels may share one */
    size_t weight_count;
    int64_t dense, nonzeros;     /* of these: bytes where dense, non-zeros */
    explain_form forms[EXPLAIN_FORMS];
    size_t form_count;
    const ir_plan_line *line;
    explain_choice *at; /* for each point */
} explain_group;

typedef struct explain_layer {
    spc_session *session;
    api_program *program;
    const ir_func *graph;
    api_face face;
    explain_point *points;
    size_t point_count;
    bool assumed; /* no --dim was given: the points are explain's own */
    explain_group *groups;
    size_t group_count, kernel_count;
    bool details; /* all candidates, all resources */
    ir_text *out;
} explain_layer;

/* points.c: from option dims, or a few of explain's own within the contracts. */
spc_status explain_find_points(explain_layer *);
/* groups.c: the kernels with what is known of them at every point. */
void explain_find_groups(explain_layer *);
/* words.c: plan terms as a sentence; operations of a kernel. */
void explain_say_terms(ir_text *, const ir_plan_terms *);
void explain_say_operations(ir_text *, const ir_op *fused);
const char *explain_cpu(const explain_layer *);
const char *explain_size(ir_arena *, int64_t bytes);
const char *explain_percent(ir_arena *, double share);
/* summary.c and kernel.c. */
void explain_write_summary(const explain_layer *);
/* measured.c: nothing where the plan is not from wisdom. */
void explain_write_measured(const explain_layer *, const explain_group *);
void explain_write_group(const explain_layer *, const explain_group *);

/* Predicted ns of all kernels of the group; NaN where not modelled. */
double explain_chosen_ns(const explain_group *, size_t point);
double explain_dense_ns(const explain_group *, size_t point);
bool explain_is_dense(const explain_group *, size_t point); /* a dense storage was chosen */

#endif
