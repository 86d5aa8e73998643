/* passes: graph IR to kernels and entries. One pass = one file = one function; passes.def is their order. */
#ifndef SPC_PASSES_H
#define SPC_PASSES_H

#include "ir/ir.h"
#include "ir/plan.h"
#include "ir/target.h"
#include "runtime/pattern.h"

/* A fused op as wisdom knows it, before any plan. */
typedef struct pass_region_key {
    const char *region; /* hash of its operations, shapes, dims and patterns; not of names and data */
    const char *facts;  /* what its weight's data is like; "" where there is none */
    double density;     /* of its weight; without data as the pattern promises or its hint says */
} pass_region_key;

/* In facts of weights whose data is of a rare kind: their plans are not for weights whose data is not known. */
#define PASS_FACTS_RARE "alike"

/* A plan that was measured, untrusted: terms, as text, that were the quickest at these dims ("batch=128"; "": none). */
typedef struct pass_tuned {
    const char *dims, *plan;
    const struct pass_tuned *next;
} pass_tuned;

/* What passes may ask about the world; borrowed for the run. */
typedef struct pass_context {
    const ir_target *target;
    ir_plan *plan; /* what the user gave; the planner completes it */
    /* The data of a weight, as its declaration's matrix; NULL: not bound (plan from the pattern alone). */
    const rt_matrix *(*weight)(void *ctx, const char *weight);
    void *weight_ctx;
    /* Computes a constant of the module; from here on `weight` knows its data by the constant's name, which says what it is
     * made of. NULL: there are none. Reports what fails. */
    spc_status (*derive)(void *ctx, const ir_module *, const ir_func *constant);
    void *derive_ctx;
    /* Tuned plans of a region; NULL: there is no wisdom. What it returns lives as long as the module. */
    const pass_tuned *(*tuned)(void *ctx, const pass_region_key *);
    void *tuned_ctx;
    const char *isolate; /* keep one fused op of this layer, as a layer of that name; NULL: all */
    int isolate_kernel;
    bool dense; /* plan every weight as if it were declared dense, for comparison */
    /* The storages of one large weight, for different sizes, take at most so many times its dense bytes, unless one alone
     * takes more; 0: no limit. */
    double budget;
    /* Rank plans as if weights had this density, whatever their data; 0: as they are. For break-even points. */
    double assumed_density;
    /* Called after every pass with its name, for --dump; may be NULL. */
    void (*after)(void *ctx, const char *pass, const ir_module *);
    void *after_ctx;
} pass_context;

/* Of a fused op of a graph as pass_fuse leaves it. Lives in the module's arena. */
pass_region_key pass_region_key_of(ir_module *, const pass_context *, const ir_op *fused);
/* Names of the dims that a fused op mentions, in the module's order; returns how many. */
int pass_region_dims(ir_module *, const ir_op *fused, const char **names, int max);

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
