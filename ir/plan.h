/* plan: every tunable choice, as text that people can read and edit.
 *
 *     @ffn.0 store=sell:4 tile=64x256 unroll=4 lanes=batch par=cols
 *     @ffn.1 when batch<=8: store=csr lanes=rows; else store=nm:2:4 tile=64x256
 *
 * One line per kernel, LAYER.NUMBER in the order of the layer's fused ops ("*" stands for any layer or number). Terms
 * that are left out are chosen by the planner. Printing is canonical; parse(print(p)) == p. */
#ifndef SPC_IR_PLAN_H
#define SPC_IR_PLAN_H

#include "ir/ir.h"

typedef enum ir_lanes_kind { PLAN_LANES_OPEN, PLAN_LANES_BATCH, PLAN_LANES_ROWS, PLAN_LANES_K } ir_lanes_kind;
typedef enum ir_par { PLAN_PAR_OPEN, PLAN_PAR_NONE, PLAN_PAR_COLS, PLAN_PAR_ROWS, PLAN_PAR_BOTH } ir_par;

/* 0 or "" : open, the planner chooses. plan_terms.def says how each is spelt. */
typedef struct ir_plan_terms {
    char store[32];      /* storage of the weight: storages.def, e.g. "sell:4" */
    int64_t tile_cols;   /* tile=CxK: columns (batch elements) of a panel; a multiple of the vector width once chosen */
    int64_t tile_k;      /* K tile: reduction elements of a packed panel; 0 open, -1 ("all") not tiled */
    int64_t rows;        /* rows of the weight per task; -1 ("all") */
    int unroll;          /* bundles per iteration of the innermost loop */
    ir_lanes_kind lanes; /* what vector lanes run along */
    ir_par par;          /* which tiles become tasks */
    int pack;            /* pack=yes|no: copy activation panels to contiguous scratch. 0 open, 1 yes, -1 no */
    char backend[16];    /* code generator; stays open where the one for all kernels will do */
} ir_plan_terms;

typedef struct ir_plan_variant {
    const char *dim; /* when DIM<=LIMIT; NULL: else, or the only one */
    int64_t limit;
    ir_plan_terms terms;
    struct ir_plan_variant *next;
} ir_plan_variant;

typedef struct ir_plan_line {
    const char *layer; /* "*": any */
    int kernel;        /* -1: any */
    ir_plan_variant *variants; /* the last has dim NULL */
    const char *origin; /* "user", "planner", "wisdom" */
    const char *left_out; /* storages that further variants would have had but for the budget of bytes; NULL: none */
    ir_loc loc;
    struct ir_plan_line *next;
} ir_plan_line;

typedef struct ir_plan {
    ir_arena *arena;
    ir_plan_line *lines;
} ir_plan;

ir_plan *ir_plan_new(ir_arena *);
/* Reads lines separated by newlines (a ';' belongs to when). Errors name the term and its legal values. */
spc_status ir_plan_parse(ir_plan *, ir_diags *, const ir_source *);
/* The terms of one kernel alone, as ir_plan_print_terms prints them. NULL, or what is wrong with them. */
const char *ir_plan_read_terms(const char *text, ir_arena *, ir_plan_terms *out);
/* The first line that fits; NULL. */
const ir_plan_line *ir_plan_find(const ir_plan *, const char *layer, int kernel);
ir_plan_line *ir_plan_add(ir_plan *, const char *layer, int kernel, const char *origin);
/* Appended to the line. */
ir_plan_variant *ir_plan_add_variant(ir_plan *, ir_plan_line *, const char *dim, int64_t limit, const ir_plan_terms *);
char *ir_plan_print(const ir_plan *, ir_arena *);
char *ir_plan_print_line(const ir_plan_line *, ir_arena *);
char *ir_plan_print_terms(const ir_plan_terms *, ir_arena *);

#endif
