/* ranking: the plans that a kernel may have, with what each is predicted to cost. For api/ (explain, tuning) and for the
 * planner itself, which takes the cheapest.
 *
 * A prediction is a model's, made of the machine's rates (machines.def), the shape and what is known of the pattern; it
 * is the same in every run, measures nothing, and ranks plans better than it tells times. */
#ifndef SPC_PLANNER_RANKING_H
#define SPC_PLANNER_RANKING_H

#include "passes/passes.h"

typedef enum planner_resource {
#define RESOURCE(name, text) PLANNER_##name,
#include "passes/planner/resources.def"
#undef RESOURCE
    PLANNER_RESOURCES
} planner_resource;
const char *planner_resource_name(planner_resource); /* "loads" */
const char *planner_resource_text(planner_resource); /* "loads of activations ..." */

typedef struct planner_candidate {
    ir_plan_terms terms;  /* complete and legal */
    const char *family;   /* of families.def */
    bool dense;           /* stores all elements: what sparsity is compared with */
    double predicted_ns;  /* of one run on one thread; 0: this kind of kernel is not modelled */
    double ns[PLANNER_RESOURCES]; /* what each resource alone would take */
    planner_resource binds;
} planner_candidate;

enum { PLANNER_MAX_CANDIDATES = 192 };

/* What is to be ranked: a kernel of a layer, and for how many columns (elements of the batch). */
typedef struct planner_question {
    ir_module *module;           /* with its graphs as pass_fuse leaves them; later passes keep them */
    const pass_context *context; /* target, weight, dense */
    const ir_func *layer;
    int kernel;                  /* number among the layer's fused ops */
    int64_t columns;             /* at least 1; see planner_columns */
} planner_question;

/* How many columns the kernel has: an extent over the layer's dims. NULL: it has no contraction. */
const ir_extent *planner_columns(const planner_question *);
/* All candidates, cheapest first, into an array of max; returns how many. 0: no such kernel. A kernel without a
 * contraction has one, which is not modelled. */
size_t planner_rank(const planner_question *, planner_candidate *out, size_t max);
/* The cost of a plan given as terms; terms that are open are chosen. False: it is not legal. */
bool planner_predict(const planner_question *, const ir_plan_terms *, planner_candidate *out);

#endif
