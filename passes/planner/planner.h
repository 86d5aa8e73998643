/* planner: the only place that chooses. Private to passes/. */
#ifndef SPC_PLANNER_H
#define SPC_PLANNER_H

#include "passes/lower/lower.h"

/* What is known about a region when its plan is made. */
typedef struct planner_facts {
    const lw_region *region;
    const ir_target *target;
    rt_pattern pattern;      /* of the packed weight; dense where there is none */
    double density;          /* measured, else hinted, else 0.1 for sparse patterns; 1 for dense */
    bool measured;
    int64_t rows, depth;     /* of the packed weight; 0 otherwise */
    const char *batch_dim;   /* the dim that is the number of columns by itself; NULL */
    int64_t columns;         /* where constant; else 0 */
    int lanes;               /* of f32 vectors */
} planner_facts;

/* Fills in every open term. most: the kernel sees at most so many columns; 0: any number. */
void planner_choose(const planner_facts *, int64_t most, ir_plan_terms *);
/* Limits on the columns at which kernels of their own pay, ascending, 0 at the end. One: the product is with a vector, for
 * which lanes lie along rows. Few: a panel of one vector of lanes, since a wider one would be mostly padding. */
enum { PLANNER_ONE = 1, PLANNER_FEW = 32 };
const int64_t *planner_limits(const planner_facts *);

#endif
