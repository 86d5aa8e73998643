/* lower: from fused graph ops to kernels, and from layers to entries. Private to this folder.
 *
 *     fused op ──region.c──▶ region (what is computed: contraction + elementwise tail, strides)
 *     region + plan terms ──nest_*.c──▶ loops over tiles, row groups and K tiles of one kernel
 *     storage levels ──iterate.c──▶ loops around bundles ──body.c──▶ multiply-adds       (one body for all storages)
 *     tail ──pointwise.c──▶ the elementwise ops on vectors along the last axis, at the store
 *     layer ──entry.c──▶ checks, scratch, dispatch among variants, launches
 *
 * Kernel IR is built through emit.h, which folds constants as it goes. */
#ifndef SPC_LOWER_H
#define SPC_LOWER_H

#include "passes/passes.h"

typedef struct lw_kernel lw_kernel;

/* ---- emit.c: building kernel and entry IR ---- */

ir_op *lw_imm(ir_builder *, int64_t);
bool lw_is_imm(const ir_op *, int64_t *value);
ir_op *lw_add(ir_builder *, ir_op *, ir_op *); /* index arithmetic, folded */
ir_op *lw_sub(ir_builder *, ir_op *, ir_op *);
ir_op *lw_mul(ir_builder *, ir_op *, ir_op *);
ir_op *lw_div(ir_builder *, ir_op *, ir_op *);
ir_op *lw_rem(ir_builder *, ir_op *, ir_op *);
ir_op *lw_min(ir_builder *, ir_op *, ir_op *);
ir_op *lw_max(ir_builder *, ir_op *, ir_op *);
ir_op *lw_addi(ir_builder *, ir_op *, int64_t);
ir_op *lw_muli(ir_builder *, ir_op *, int64_t);
ir_op *lw_divi(ir_builder *, ir_op *, int64_t);
ir_op *lw_ceildivi(ir_builder *, ir_op *, int64_t);
ir_op *lw_compare(ir_builder *, ir_opcode, ir_op *, ir_op *); /* bool scalar */
ir_op *lw_cast(ir_builder *, ir_op *, ir_dtype);              /* keeps lanes; nothing where the dtype is right */
ir_op *lw_splat(ir_builder *, ir_op *scalar, int lanes);
ir_op *lw_load(ir_builder *, const ir_type *, ir_op *buffer, ir_op *index, int64_t disp, ir_op *mask);
void lw_store(ir_builder *, ir_op *value, ir_op *buffer, ir_op *index, int64_t disp, ir_op *mask);
ir_op *lw_reg(ir_builder *, const ir_type *content);
ir_op *lw_get(ir_builder *, ir_op *reg);
void lw_set(ir_builder *, ir_op *reg, ir_op *value);
ir_op *lw_tailmask(ir_builder *, ir_op *count, int lanes);
ir_op *lw_subbuffer(ir_builder *, ir_op *buffer, ir_op *index, ir_dtype);
ir_op *lw_param(ir_builder *, const char *name, const ir_type *);

/* Opens a loop or a branch and moves the builder inside; lw_end moves it back. */
typedef struct lw_scope {
    ir_block *outer;
    ir_op *op;
} lw_scope;
lw_scope lw_for(ir_builder *, ir_op *lo, ir_op *hi, ir_op *step);
lw_scope lw_if(ir_builder *, ir_op *condition);
void lw_else(ir_builder *, lw_scope *);
void lw_end(ir_builder *, const lw_scope *);

/* Dims as values: the index arithmetic of an extent. */
typedef struct lw_dims {
    int count;
    const char **names;
    ir_op **values;
} lw_dims;
ir_op *lw_extent(ir_builder *, const lw_dims *, const ir_extent *);

/* ---- region.c: what a fused op computes ---- */

/* Windows over images whose channels are planes [n, c, h, w]; index 0 is the height, 1 the width. */
typedef struct lw_planes {
    int64_t channels, in[2], out[2], size[2], before[2]; /* channels of the argument */
    int64_t stride[2], step[2]; /* step: dilation */
} lw_planes;

/* What the panels of B hold: B itself; one tap of the windows for each k; what a depthwise convolution makes of it. */
typedef enum lw_fill { LW_FILL_COPY, LW_FILL_WINDOW, LW_FILL_DEPTHWISE } lw_fill;

/* Y[r, c] = sum over k of A[r, k] * B[k, c], for every batch. Strides are extents, in elements. */
typedef struct lw_contraction {
    const ir_op *op;            /* linear or matmul, in the fused body */
    int a_arg, b_arg;           /* argument numbers of the fused op */
    const ir_extent *rows, *cols, *depth;
    const ir_extent *a_row, *a_col; /* A in place: strides; packed: unused */
    const ir_extent *b_k, *b_c;     /* strides of B */
    bool depth_inside;          /* B has the reduction contiguous (b_k is 1); else its columns (b_c is 1) */
    bool rows_inside;           /* Y's last axis is r; else it is c */
    bool packed;                /* A is a weight matrix that is packed; else it is read in place */
    bool a_transposed;          /* the stored tensor is [k, r] */
    bool planes;                /* conv2d_planes: rows are planes of Y, columns its pixels, window says how they see B */
    lw_fill fill;
    lw_planes window;           /* of the convolution, or of the producer */
    const ir_op *producer;      /* the depthwise convolution in the fused body; NULL: none */
    bool windowed;              /* conv2d with a nest of its own: k counts (ky, kx, input), the strides of B mean nothing */
    int batch_rank;             /* leading axes that loop outside */
    const ir_extent *batch_dims[IR_MAX_RANK];
    bool a_batched[IR_MAX_RANK], b_batched[IR_MAX_RANK]; /* the axis is stretched where false */
} lw_contraction;

/* Windows over an image [n, h, w, c]; index 0 is the height, 1 the width. */
typedef struct lw_window {
    const ir_extent *images, *inputs; /* n; channels of the argument */
    const ir_extent *in[2], *out[2], *size[2], *before[2];
    int64_t stride[2], step[2]; /* step: dilation */
} lw_window;
void lw_window_of(ir_module *, const ir_op *core, lw_window *out);

typedef struct lw_region {
    const ir_op *fused;
    const char *title;       /* as plans name it: LAYER.NUMBER */
    const ir_op *result;     /* last op of the body */
    const ir_op *core;       /* the op of the body that has a nest of its own; NULL: elementwise only */
    bool has_contraction;    /* the core is one */
    lw_contraction contraction;
    int bias_arg;            /* argument number of what is added to the core's sums, for each output; -1: none */
    ir_dtype compute;        /* dtype that the core works in */
    int widest;              /* bytes of the widest element in the region: fixes the number of lanes */
} lw_region;

/* Analyses a fused op. Never fails on what fuse makes. */
void lw_region_of(ir_module *, const ir_op *fused, lw_region *out);

/* ---- the kernel at work ---- */

struct lw_kernel {
    ir_module *module;
    ir_builder b;
    const ir_target *target;
    const lw_region *region;
    const ir_plan_terms *terms;
    lw_dims dims;
    const char *only_one;            /* a dim that is 1 whenever the kernel runs; NULL */
    int lanes;                       /* of compute vectors */
    const ir_type *scalar, *vector;  /* of the compute dtype */
    ir_op **arg_buffers;             /* by argument of the fused op; NULL for a packed weight */
    ir_op *arrays[RT_MAX_ARRAYS];    /* packed weight: its arrays, in rt_storage_arrays' order */
    const rt_storage *storage;       /* NULL: in place */
    ir_op *out;
    ir_op *scratch;                  /* u8 buffer of this task, or NULL */
    ir_op *row;                      /* planes: of the weight, while its results are finished; for the bias */
    ir_op *task, *tasks;
    const ir_extent *slot_bytes;     /* scratch of one task; NULL: none */
    const ir_extent *units;          /* pieces of work that the plan's tiles make */
    const ir_extent *blocks;         /* row blocks that each unit is cut into; may mention threads. NULL: one */
    ir_op *block_count;              /* its value */
    ir_op *tile_lo, *tile_hi;        /* this task's share */
};

/* Which array of the storage is named so ("pos1", "values"); asserts that there is one. */
ir_op *lw_array(const lw_kernel *, const char *name);

/* Fills in everything that the chosen nest needs; the nest then builds the body. */
typedef struct lw_nest {
    const char *name;
    /* NULL: legal; else why not, naming the plan's term. */
    const char *(*refuses)(const lw_kernel *);
    /* units, blocks and slot_bytes, before the params are made. */
    void (*measure)(lw_kernel *);
    void (*build)(lw_kernel *);
} lw_nest;
extern const lw_nest lw_nest_pointwise, lw_nest_batch, lw_nest_rows, lw_nest_k, lw_nest_softmax, lw_nest_norm,
    lw_nest_reduce, lw_nest_move, lw_nest_transpose, lw_nest_concat, lw_nest_depthwise_planes, lw_nest_pool_planes, lw_nest_turn, lw_nest_conv, lw_nest_conv_direct,
    lw_nest_channels, lw_nest_resize;
const lw_nest *lw_nest_for(const lw_region *, const ir_plan_terms *);

/* ---- iterate.c: levels to loops around bundles ---- */

/* A column: base + offset, and where level >= 0 what its crd array holds at crd_index + crd_disp, times the level's div. */
typedef struct lw_column {
    ir_op *base; /* NULL: 0 */
    int64_t offset;
    int level; /* level whose crd array holds the varying part; -1: none */
    ir_op *crd_index;
    int64_t crd_disp;
} lw_column;

/* One stored value. Its address in the values array (or in A in place) is value_index + value_disp. */
typedef struct lw_leaf {
    int row;           /* row slot within the group */
    ir_op *values;     /* the buffer */
    ir_op *value_index;
    int64_t value_disp;
    lw_column column;
} lw_leaf;

/* Receives a static bundle of leaves. active: how many of the leaves count (index value), NULL: all. */
typedef void lw_bundle_fn(void *ctx, const lw_leaf *leaves, int count, ir_op *active);

typedef struct lw_walk {
    lw_kernel *kernel;
    int unroll;       /* steps of the dynamic level per bundle */
    ir_op *columns;   /* of the K tile that there are: the last one may be narrower; NULL: all */
    bool along_block; /* lanes run along the columns of a block, which must come whole */
    bool shares;      /* columns that rows of a bundle share are worth knowing */
    bool masked_tail; /* remainder: one bundle with `active`, instead of a loop of single steps */
    lw_bundle_fn *bundle;
    void *ctx;
} lw_walk;

/* Walks the levels below the row group at `position` (an index: the position at the row-group level). */
void lw_iterate(const lw_walk *, ir_op *position);
/* A in place: rows row_index[0..R) (index values, elements of A), depth steps. */
void lw_iterate_in_place(const lw_walk *, ir_op *const *row_index, int rows, ir_op *depth);
/* First level below K tile and row group; rows per group. */
int lw_inner_level(const rt_storage *);
/* Columns of a block that a bundle takes at once; wider blocks are loops, of `unroll` columns at a time. */
enum { LW_MAX_UNROLLED_COLUMNS = 16 };
/* A bundle of that many steps is not unreasonably large. */
bool lw_bundle_fits(const rt_storage *, int unroll, bool along_block);
/* Every count of slots is a multiple of the storage's pad (else only those of tiles whose width is one). */
bool lw_padding_is_complete(const rt_storage *);
int lw_group_rows(const rt_storage *);
/* Columns that its coordinates may reach: cols, rounded up to whole blocks or groups; windows go past the end. */
int64_t lw_columns_reached(const rt_storage *);
/* Columns of a window and slots that each row has in it; 0 and 1 where the storage has none. */
int lw_window_columns(const rt_storage *);
int lw_window_slots(const rt_storage *);
/* Shape facts of the levels below the row group, for what lanes may run along. */
bool lw_rows_are_innermost(const rt_storage *);  /* consecutive values are consecutive rows */
/* What consecutive values of one row are: a whole dense row, non-zeros that each have a column, blocks of some columns
 * (their number in *columns), or not consecutive at all. */
typedef enum lw_row_kind { LW_ROW_OTHER, LW_ROW_DENSE, LW_ROW_GATHERED, LW_ROW_BLOCKS } lw_row_kind;
lw_row_kind lw_row_layout(const rt_storage *, int *columns);
/* Rows of a row-major block that fill a vector of so many lanes together; 0: blocks are no such part of one. */
int lw_folded_rows(const rt_storage *, int lanes);
int64_t lw_group_count(const rt_storage *);
/* lanes=batch: the row at slot r of a group in a K tile: where sums wait and what the result's row is. */
ir_op *lw_row_of(lw_kernel *, ir_op *group, ir_op *ktile, int r);
int64_t lw_ktile_count(const rt_storage *);
/* The value of a column as a scalar index, or of consecutive leaves as an index vector (i32). */
ir_op *lw_column_value(lw_kernel *, const lw_column *);
ir_op *lw_column_vector(lw_kernel *, const lw_column *, int lanes, ir_op *mask);

/* ---- body.c: bundles to multiply-adds ---- */

enum { LW_MAX_ACCUMULATORS = 64, LW_MAX_RUN_LANES = 64 };

/* Where the activations of a bundle come from. */
typedef struct lw_source {
    ir_op *buffer;
    ir_op *origin;    /* element of column 0 for the first lane or slot; NULL: 0 */
    ir_op *stride;    /* elements per column */
    ir_op *table;     /* lanes=batch: buffer with the element of each column, instead of the stride; NULL: none */
    ir_op *slot[LW_MAX_ACCUMULATORS]; /* lanes=rows, k: element of each batch slot's column 0 */
    int slots;        /* batch slots */
    int vectors;      /* lanes=batch: vectors per panel */
    ir_op *masks[LW_MAX_ACCUMULATORS]; /* lanes=batch: mask of each vector, NULL: full */
} lw_source;

typedef struct lw_body {
    lw_kernel *kernel;
    lw_source source;
    ir_op *accumulators[LW_MAX_ACCUMULATORS]; /* regs: [row or row vector][vector or slot]; [copy] inside, lanes=batch: outermost */
    int copies;       /* accumulators of a sum that take turns, so that none waits for the one before */
    int folded;       /* lanes=k: rows of a block in one vector; 0: one row has it alone */
    int row_units;    /* rows (lanes=batch, k) or row vectors (lanes=rows) */
} lw_body;
lw_bundle_fn lw_body_batch, lw_body_rows, lw_body_k; /* ctx is a lw_body */
/* Windows of a storage as tables in registers: NULL, or why the target or the plan's lanes cannot. */
const char *lw_refuses_windows(const lw_kernel *);
/* lanes elements of a buffer, in the kernel's compute dtype. */
ir_op *lw_load_compute(lw_kernel *, int lanes, ir_op *buffer, ir_op *index, int64_t disp, ir_op *mask);
ir_op *lw_multiply_add(lw_kernel *, ir_op *a, ir_op *b, ir_op *c);

/* ---- pointwise.c: the elementwise tail ---- */

/* An operand of the region's body (an arg op) at [outer, inner ...] of the result, broadcast. */
ir_op *lw_operand(lw_kernel *, const ir_op *arg, ir_op *outer, ir_op *inner, int lanes, ir_op *mask);
/* Values of the region's result at [outer, inner .. inner + lanes), outer the flat index over all axes but the last.
 * core: the core's values there, in the compute dtype, or NULL. The value is of the result's dtype. */
ir_op *lw_pointwise(lw_kernel *, ir_op *outer, ir_op *inner, int lanes, ir_op *mask, ir_op *core);
/* What the core is fed with, from the producer's sums: the elementwise ops between them. */
ir_op *lw_fed(lw_kernel *, ir_op *producer);
/* lw_pointwise, stored to the result. */
void lw_finish(lw_kernel *, ir_op *outer, ir_op *inner, int lanes, ir_op *mask, ir_op *core);
const ir_extent *lw_last_extent(const ir_type *, ir_module *);  /* 1 for rank 0 */
const ir_extent *lw_outer_extent(const ir_type *, ir_module *); /* product of the others */

/* Rows of the result that make a tile of elementwise work: about 16,384 elements where the row's length is known. */
int64_t lw_tile_rows(const lw_kernel *);

/* ---- axes.c: walking along axes ---- */

/* Strides of a row-major tensor's axes, as index values. */
void lw_strides(lw_kernel *, const ir_type *, ir_op **strides);
/* The least value of a dtype, of which every other is the larger: -inf for floats. */
ir_op *lw_least(ir_builder *, const ir_type *);
/* Called for `lanes` elements from index on; slot: which of the independent accumulators. */
typedef void lw_row_fn(void *ctx, ir_op *index, ir_op *mask, int slot);
enum { LW_ROW_SLOTS = 4 };
/* Whole vectors LW_ROW_SLOTS at a time, then one by one in slot 0, then a masked one. */
void lw_over_row(lw_kernel *, ir_op *length, lw_row_fn *, void *ctx);

/* ---- panel.c: copies between layouts ---- */

/* panel[kk][0..width) = B[k0 + kk, c0 ..], kk in [0, depth_padded): zeros past the depth and the columns. */
void lw_pack_panel(lw_kernel *, ir_op *panel, ir_op *b, ir_op *b_origin, ir_op *k0, ir_op *c0, ir_op *cols_left,
                   int64_t width, int64_t depth_padded);
/* The lanes x lanes transpose of rows[0..lanes), in place. */
void lw_transpose(lw_kernel *, ir_op **rows, int lanes);

/* ---- planes.c, turn.c: convolutions on planes, and the way there and back ---- */

/* The region is a transpose between channels last and planes, of known extents, and its tail. */
bool lw_turns(const lw_region *);

void lw_planes_of(ir_module *, const ir_op *convolution, lw_planes *out);
/* Every pixel of the result sees the one pixel at its own place. */
bool lw_planes_plain(const lw_planes *);
/* How panels of so many columns divide an image: whole rows, or parts of some rows. A panel of parts of several rows is
 * always full, so that vectors of it are vectors of the image. */
typedef struct lw_geometry {
    int64_t rows, pixels, parts; /* of a panel; of each of its rows; of a row of the image. rows 0: panels are not of rows */
} lw_geometry;
lw_geometry lw_geometry_of(const lw_contraction *, int64_t columns, int lanes);
/* What of an image a panel holds: pixels x .. x + used of the rows y .. y_end, row behind row. */
typedef struct lw_panel {
    ir_op *panel, *origin;  /* origin: element of the image in B */
    ir_op *k0, *depth;      /* rows k0 .. k0 + depth of B; windows have all of theirs */
    ir_op *x, *used, *y, *y_end;
    int64_t rows, pixels;   /* of the image, in every panel but the last; of each row */
    int64_t width;          /* elements of a panel's row: at least the pixels */
} lw_panel;
void lw_fill_depthwise(lw_kernel *, const lw_panel *);
void lw_fill_window(lw_kernel *, const lw_panel *);

/* ---- variants and entries ---- */

typedef struct lw_variant {
    const char *dim; /* when dim <= limit; NULL: else */
    int64_t limit;
    const ir_func *kernel;
    const ir_extent *tiles, *blocks, *slot_bytes; /* tiles: units * blocks */
    bool serial; /* par=none: one task */
    const ir_packing *packing; /* of the contraction's weight; NULL */
    const rt_storage *storage;
    struct lw_variant *next;
} lw_variant;

/* ---- scratch.c: values of known size share memory by lifetime ---- */

typedef struct lw_lifetime {
    int64_t bytes;   /* a multiple of what offsets must be aligned to */
    int first, last; /* it lives from time first to time last, both inclusive */
    int64_t offset;  /* the result */
} lw_lifetime;
/* Gives every value an offset so that none that live together overlap; returns the bytes of all,
 * INT64_MAX where they overflow. */
int64_t lw_place(ir_arena *, lw_lifetime *values, int count);

/* What lowering keeps across the layers of a module: kernels by their text, so that equal ones are one. */
typedef struct lw_shared {
    ir_module *module;
    pass_context *context;
    struct lw_known_kernel *known;
    struct lw_known_kernel **table;
    size_t table_size;
} lw_shared;

/* Names of the dims that the region's ops mention, in the module's order. */
int lw_region_dims(ir_module *, const lw_region *, const char **names, int max);

/* Lanes of the vectors that a kernel works in. */
int lw_lanes(const ir_target *, const lw_region *, const ir_plan_terms *);
/* Whether lowering would take these terms, all of them chosen; and with which storage (packed; else A is in place).
 * why: filled in where it would not; may be NULL. */
bool lw_accepts(ir_module *, const pass_context *, const lw_region *, const ir_plan_terms *, rt_storage *storage,
                bool *packed, rt_error *why);
/* Kernels of one fused op, one per variant of its plan line; equal kernels are shared. */
lw_variant *lw_variants(lw_shared *, const ir_func *graph, const ir_op *fused, int number); /* NULL: refused, reported */
/* The entry of a layer, given the variants of its fused ops (in order). False: reported. */
bool lw_entry(lw_shared *, const ir_func *graph, lw_variant *const *variants);
/* Tasks of a launch: at most four per thread, one where serial or for one thread. */
const ir_extent *lw_task_count(ir_module *, const lw_variant *);
const ir_extent *lw_most_tasks(ir_module *); /* of any launch: 4 * threads, 1 for one thread */
/* Row blocks for `groups` row groups: what rows= says; else as many as give every thread work where the units alone do
 * not. Cutting rows changes no sum, so that results stay the same for any number of threads. */
const ir_extent *lw_row_blocks(lw_kernel *, const ir_extent *groups);
/* This tile's share of the groups. */
void lw_block_share(lw_kernel *, ir_op *block, ir_op *groups, ir_op **lo, ir_op **hi);

#endif
