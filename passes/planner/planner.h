/* planner: the only place that chooses. Private to passes/; ranking.h is what others may see.
 *
 *     facts ──enumerate.c──▶ candidates ──estimate.c, cost.c──▶ with their cost ──choose.c──▶ terms, variants */
#ifndef SPC_PLANNER_H
#define SPC_PLANNER_H

#include "passes/lower/lower.h"
#include "passes/planner/ranking.h"

/* What is known about a region when its plan is made. */
typedef struct planner_facts {
    ir_module *module;
    const pass_context *context;
    const lw_region *region;
    const ir_target *target;
    rt_pattern pattern;      /* of the packed weight; dense where there is none */
    double density;          /* measured, else hinted, else 0.1 for sparse patterns; 1 for dense */
    bool measured;
    /* The pattern as cells of equal size, each of which holds something or not: single elements, blocks, whole rows. */
    double cell_rows, cell_cols, cell_density;
    double row_cv;           /* coefficient of variation of the counts of rows */
    int64_t rows, depth;     /* of the packed weight; 0 otherwise */
    const char *batch_dim;   /* the dim that is the number of columns by itself; NULL */
    int64_t columns;         /* where constant; else 0 */
    int lanes;               /* of f32 vectors */
} planner_facts;

/* facts.c: of a region, from its weight's pattern and data. */
void planner_facts_of(ir_module *, const pass_context *, const lw_region *, planner_facts *out);
rt_pattern_kind planner_pattern_kind(const planner_facts *); /* of the part that decides */

/* Legal candidates for so many columns, each with its cost, in the order of families.def. given: terms that are not
 * open there hold for all of them; NULL: all are open. At most max; returns how many. */
size_t planner_enumerate(const planner_facts *, int64_t columns, const ir_plan_terms *given, planner_candidate *out,
                         size_t max);

/* layout.c: whether a graph's convolutions gain from planes (passes/layout.c) at all, and whether this one can be had so. */
bool planner_wants_planes(ir_module *, const pass_context *, const ir_func *graph);
bool planner_takes_planes(ir_module *, const ir_op *convolution);
/* Columns of a panel of pixels: whole rows of the image where they fit. */
int64_t planner_panel_pixels(const planner_facts *, int group_rows);

/* What a storage is expected to hold, and what walking it once does. */
typedef struct planner_population {
    double stored;        /* values, padding included */
    double columns;       /* activation columns taken: rows of a bundle that share one take it once */
    double coordinates;   /* coordinate loads */
    double narrow;        /* of them of under 8 bits, which have to be cut out of a byte */
    double runs, steps;   /* loops over a row group's columns: how many, and their steps before unrolling */
    bool counted;         /* the length of these loops is data */
    double value_bytes, metadata_bytes;
} planner_population;
void planner_estimate(const planner_facts *, const rt_storage *, planner_population *out);

/* cost.c: fills in the candidate's prediction. storage NULL: the weight is read in place. */
void planner_cost(const planner_facts *, int64_t columns, const rt_storage *, planner_candidate *);

/* Fills in every open term. most: the kernel sees at most so many columns; 0: any number. */
void planner_choose(const planner_facts *, int64_t most, ir_plan_terms *);
/* Limits on the columns at which kernels of their own pay, ascending, 0 at the end. One: the product is with a vector, for
 * which lanes lie along rows. Few: a panel of one vector of lanes, since a wider one would be mostly padding. */
enum { PLANNER_ONE = 1, PLANNER_FEW = 32 };
const int64_t *planner_limits(const planner_facts *);

#endif
