/* planner: the only place that chooses. Private to passes/; ranking.h is what others may see.
 *
 *     facts ──enumerate.c, estimate.c──▶ kernels ──cost.c──▶ candidates with their cost ──choose.c──▶ variants, terms */
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
    double alike;            /* rows for each different set of columns; 1 where it is not known */
    int64_t rows, depth;     /* of the packed weight; 0 otherwise */
    const char *batch_dim;   /* the dim that is the number of columns by itself; NULL */
    int64_t columns;         /* where constant; else 0 */
    int lanes;               /* of f32 vectors */
} planner_facts;

/* facts.c: of a region, from its weight's pattern and data. */
void planner_facts_of(ir_module *, const pass_context *, const lw_region *, planner_facts *out);
rt_pattern_kind planner_pattern_kind(const planner_facts *); /* of the part that decides */

/* What a storage is expected to hold, and what walking it once does. */
typedef struct planner_population {
    double stored;        /* values, padding included */
    double columns;       /* activation columns taken: rows of a bundle that share one take it once */
    double coordinates;   /* coordinate loads */
    double narrow;        /* of them of under 8 bits, which have to be cut out of a byte */
    double runs, steps;   /* loops over a row group's columns: how many, and their steps before unrolling */
    bool counted;         /* the length of these loops is data */
    double windows;       /* that slide along rows; each has its activations in registers */
    double value_bytes, metadata_bytes;
} planner_population;
void planner_estimate(const planner_facts *, const rt_storage *, planner_population *out);

/* Windows of a row group of so many rows. */
double planner_windows(double density, double cols, double rows, double width, double slots);

/* A legal plan with what its cost depends on besides the number of columns. */
typedef struct planner_kernel {
    ir_plan_terms terms;  /* complete */
    const char *family;
    bool dense, packed, sorted; /* packed: the weight is; else it is read in place and the storage's fields are of that */
    int group, lanes;     /* rows of a row group; of the vectors that it works in */
    int64_t ktile, ktiles, pad;
    planner_population population;
} planner_kernel;

/* Legal kernels in the order of families.def. given: terms that are not open there hold for all of them; NULL: all are
 * open. At most max; returns how many, at least one: where nothing that fits what is given is legal, lowering will say why. */
size_t planner_enumerate(const planner_facts *, const ir_plan_terms *given, planner_kernel *out, size_t max);
/* layout.c: whether a graph's convolutions gain from planes (passes/layout.c) at all, and whether this one can be had so. */
bool planner_wants_planes(ir_module *, const pass_context *, const ir_func *graph);
bool planner_takes_planes(ir_module *, const ir_op *convolution);
/* shrink.c: how many of so many places to keep where only `needed` have to be. */
int64_t planner_keeps(int64_t places, int64_t needed);
/* Columns of a panel of pixels for row groups of so many rows. */
int64_t planner_panel_pixels(const planner_facts *, int group_rows);
/* Panels of so many columns of an image where they are computed, which are all alike, and what that takes; else 0. */
double planner_panels(const planner_facts *, int64_t columns);
double planner_fill_cycles(const planner_facts *, int64_t columns);

/* Wider than so many columns can use, so that it would be mostly padding. */
bool planner_is_too_wide(const planner_facts *, const planner_kernel *, int64_t columns);
/* cost.c: the share of the L1 data cache that rows of so many lines at that distance can use. */
double planner_usable(double stride_bytes, double lines);
/* The kernel's prediction for so many columns. */
void planner_cost(const planner_facts *, int64_t columns, const planner_kernel *, planner_candidate *out);

/* Fills in every open term for a kernel that sees from `least` to `most` columns; most 0: no limit. */
void planner_choose(const planner_facts *, int64_t least, int64_t most, ir_plan_terms *);
/* The variants of a kernel, by rising limit on the columns, the last without one (0). */
enum { PLANNER_MAX_VARIANTS = 5 };
typedef struct planner_variant {
    int64_t limit;
    ir_plan_terms terms;
} planner_variant;
/* left_out: storages that would have paid but for the context's budget of bytes, as text; NULL: none. */
size_t planner_variants(const planner_facts *, planner_variant out[PLANNER_MAX_VARIANTS], const char **left_out);

#endif
