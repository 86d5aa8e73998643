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

/* Fills in every open term. few: for at most PLANNER_FEW columns. */
enum { PLANNER_FEW = 8 };
void planner_choose(const planner_facts *, bool few, ir_plan_terms *);
/* Whether few columns deserve a variant of their own. */
bool planner_splits(const planner_facts *);

#endif
