/* tuned: lines of a plan made from wisdom. Private to passes/. */
#ifndef SPC_PASSES_TUNED_H
#define SPC_PASSES_TUNED_H

#include "passes/planner/planner.h"

typedef struct tuned_kernel {
    const planner_facts *facts;
    const ir_func *layer;
    const ir_op *fused;
    int number; /* among the layer's fused ops */
} tuned_kernel;

/* Fills in the line's variants and origin from what the context's wisdom knows. False: it knows nothing that is legal,
 * and the line is as it was. A plan that is not legal is passed over with a warning. */
bool tuned_complete(const tuned_kernel *, ir_plan *, ir_plan_line *);

#endif
