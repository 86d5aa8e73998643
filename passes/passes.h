/* passes: graph IR to kernels and entries. One pass = one file = one function; passes.def is their order. */
#ifndef SPC_PASSES_H
#define SPC_PASSES_H

#include "ir/ir.h"
#include "ir/plan.h"
#include "ir/target.h"
#include "runtime/pattern.h"

/* What passes may ask about the world; borrowed for the run. */
typedef struct pass_context {
    const ir_target *target;
    ir_plan *plan; /* what the user gave; the planner completes it */
    /* The data of a weight, as its declaration's matrix; NULL: not bound (plan from the pattern alone). */
    const rt_matrix *(*weight)(void *ctx, const char *weight);
    void *weight_ctx;
    bool dense; /* plan every weight as if it were declared dense, for comparison */
    /* Rank plans as if weights had this density, whatever their data; 0: as they are. For break-even points. */
    double assumed_density;
    /* Called after every pass with its name, for --dump; may be NULL. */
    void (*after)(void *ctx, const char *pass, const ir_module *);
    void *after_ctx;
} pass_context;

typedef spc_status pass_function(ir_module *, pass_context *);

typedef struct pass_info {
    const char *name;
    pass_function *run;
    int takes, leaves; /* IR_LEVEL_* */
    const char *doc;
} pass_info;
const pass_info *pass_find(const char *name); /* NULL: no such pass */
const pass_info *pass_at(int index);          /* in pipeline order; NULL past the end */

/* All passes of passes.def in order, the verifier after each. Graph functions stay in the module; kernels, entries
 * and packings are added. */
spc_status pass_run_all(ir_module *, pass_context *);

#define PASS(name, takes, leaves, doc) pass_function pass_##name;
#include "passes/passes.def"
#undef PASS

#endif
