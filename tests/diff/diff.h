/* diff: what the differential tests share.
 *
 * A program is SDL text with weights. It is compiled once as written (the reference: its graph, interpreted) and once
 * through all passes under a plan and a CPU; the latter runs in the kernel interpreter and, where the machine can, as
 * machine code. Data are small integers, so that every sum is exact and any order of it gives the same bits. */
#ifndef SPC_TEST_DIFF_H
#define SPC_TEST_DIFF_H

#include "backends/backend.h"
#include "backends/interp/interp.h"
#include "ir/layout.h"
#include "passes/passes.h"

/* Stops the test where it cannot go on; in every build, unlike assert. */
void diff_need(bool holds, const char *what);

/* ---- random numbers: SplitMix64, the same everywhere ---- */
typedef uint64_t diff_random;
uint64_t diff_next(diff_random *);
int64_t diff_below(diff_random *, int64_t limit); /* [0, limit) */

/* ---- weights ---- */
typedef enum diff_kind {
    DIFF_FULL, DIFF_SCATTERED, DIFF_GAPS, DIFF_NM, DIFF_NM_LESS, DIFF_BLOCK, DIFF_ROWS, DIFF_COLUMNS, DIFF_BAND
} diff_kind;

typedef struct diff_pattern {
    const char *sdl; /* what stands behind "sparse"; "" for none */
    diff_kind kind;
    int64_t a, b;    /* N, M; r, c; lo, hi */
    double density;  /* of elements, blocks, rows or columns that are kept */
} diff_pattern;

typedef struct diff_weight {
    char name[32];
    rt_matrix matrix; /* dense or CSR, as the case has it */
    bool full; /* no zeros */
    void *dense;
    int64_t *row_start, *col;
    void *values;
} diff_weight;

/* Small integers that are not zero, at the places that the pattern keeps. as_csr: the matrix comes as CSR. Sizes fit
 * the pattern (diff_fit). */
void diff_weight_make(diff_weight *, const char *name, spc_dtype, int64_t rows, int64_t cols, const diff_pattern *,
                      bool as_csr, diff_random *);
void diff_weight_free(diff_weight *);
/* The next size up of which the pattern's groups or blocks make whole ones. */
void diff_fit(const diff_pattern *, int64_t *rows, int64_t *cols);
/* Writes an integer as an element of this dtype. */
void diff_put(spc_dtype, void *data, int64_t index, int64_t value);
double diff_at(spc_dtype, const void *data, int64_t index);

/* ---- programs ---- */
enum { DIFF_MAX_WEIGHTS = 8, DIFF_MAX_BACKENDS = 4 };
typedef struct diff_program {
    const char *sdl;
    const char *plan; /* lines of a plan; "" leaves all to the planner */
    const char *cpu;
    bool all_backends; /* else those that compile fast: LLVM alone */
    int weight_count;
    diff_weight weights[DIFF_MAX_WEIGHTS];
} diff_program;

typedef enum diff_outcome { DIFF_OK, DIFF_REFUSED, DIFF_BROKEN } diff_outcome;

/* A constant of the module, computed: a weight like those of the program. Its name lives as long as the module. */
typedef struct diff_derived {
    const char *name;
    rt_matrix matrix;
    struct diff_derived *next;
} diff_derived;

typedef struct diff_unit {
    const diff_program *program;
    ir_arena *arenas[2];
    ir_module *reference, *module;
    ir_layout layout;
    diff_derived *derived;
    struct diff_pages *weights; /* the weights object */
    be_image *images[DIFF_MAX_BACKENDS]; /* of be_at(i); NULL: not asked for, or this machine cannot run the CPU's code */
    char message[8192];
} diff_unit;

/* REFUSED: the plan is not legal here, and a diagnostic says so. On BROKEN message says what happened. Free always. */
diff_outcome diff_compile(const diff_program *, diff_unit *out);
void diff_unit_free(diff_unit *);

/* Makes all the weights that the program declares, as their patterns allow. False: the front end finds fault. */
bool diff_program_weights(diff_program *, diff_random *);
void diff_program_free(diff_program *);

/* How exact a comparison is. */
typedef struct diff_tolerance {
    double relative, absolute;
} diff_tolerance;

/* Runs the layer at these dims (all of the module's, in order) in every way and compares. values: the range of inputs,
 * [-values, values], integers; spread: fractions and extreme values as well; poisoned: some are NaN or Inf, which must
 * stay where they belong: what the reference has finite must be the same, what it has not may be anything where a
 * weight's zero may have been skipped. False: message says what differs. */
typedef struct diff_run {
    const char *layer;
    const int64_t *dims;
    uint64_t seed;
    int values;
    bool spread, poisoned;
    diff_tolerance tolerance;
    const double *errors; /* of each result in order, in place of the tolerance's absolute; NULL: none */
} diff_run;
bool diff_run_all(diff_unit *, const diff_run *);

/* ---- memory that faults when it is left ---- */

/* Bytes that end at a page without access; what stands before them is watched. */
typedef struct diff_pages {
    char *map, *data;
    size_t map_bytes, bytes;
} diff_pages;
diff_pages *diff_pages_new(size_t bytes);
bool diff_pages_intact(const diff_pages *);
void diff_pages_free(diff_pages *);

/* ---- reports ---- */
typedef struct diff_tally {
    int64_t ran, native[DIFF_MAX_BACKENDS], refused, failed; /* compiled programs; native: of ran, those of be_at(i) */
    int64_t shrunk; /* of ran, those with weights made of others */
} diff_tally;
/* Compiles, runs at each set of dims, counts and reports. refusable: a plan that is not legal is no failure. */
typedef struct diff_case {
    const char *what; /* for the report */
    diff_program *program;
    bool refusable;
    diff_run run;     /* its dims are those of the set at work */
    int sets, dims;
    const int64_t *values; /* sets x dims */
} diff_case;
void diff_try(diff_tally *, const diff_case *, diff_random *);
/* Prints how many ran as machine code, for each backend. */
void diff_print_native(const diff_tally *);
/* Prints a failing program whole, so that it can be run again by hand. */
void diff_report(diff_tally *, const diff_unit *, const char *what);

#endif
