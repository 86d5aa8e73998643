/* reduce: the nest of sum, mean, amax and argmax over any axes.
 *
 * Where the last axis stays, lanes run along it and each vector of results walks the reduced axes. Where it is reduced,
 * lanes run along it too, and are combined at the end of each result. argmax goes element by element. */
#include "passes/lower/lower.h"

#include <math.h>

enum { CHUNK_VECTORS = 16, TILE_RESULTS = 16 };

typedef struct reduce_nest {
    lw_kernel *k;
    const ir_op *core;
    const ir_type *type; /* of the argument */
    bool reduced[IR_MAX_RANK];
    bool last_stays;
    ir_op *dims[IR_MAX_RANK], *strides[IR_MAX_RANK];
    ir_op *slots[LW_ROW_SLOTS]; /* accumulators */
    ir_op *mask;                /* of the vector of results at work, where the last axis stays; NULL: full */
    ir_op *start;               /* element of the argument at which the innermost walk begins */
    ir_op *position;            /* argmax: reg of the index */
} reduce_nest;

static bool is_largest(const reduce_nest *n)
{
    return n->core->code == IR_OP_amax;
}

static void describe(lw_kernel *k, reduce_nest *n)
{
    const ir_attr *axes = ir_attr_find(k->region->core, "axes");
    *n = (reduce_nest){.k = k, .core = k->region->core, .type = k->region->core->args[0]->type};
    for (int i = 0; i < axes->count; i++)
        n->reduced[axes->ints[i]] = true;
    n->last_stays = n->type->rank > 0 && !n->reduced[n->type->rank - 1] && n->core->code != IR_OP_argmax;
}

ir_op *lw_least(ir_builder *b, const ir_type *type)
{
    if (ir_is_float(type->dtype))
        return ir_const_float(b, type, -INFINITY);
    return ir_const_int(b, type, type->dtype == IR_I32 ? INT32_MIN : type->dtype == IR_I8 ? INT8_MIN : 0);
}

static ir_op *neutral(reduce_nest *n, const ir_type *type)
{
    return is_largest(n) ? lw_least(&n->k->b, type) : ir_const_int(&n->k->b, type, 0);
}

static ir_op *combine(reduce_nest *n, ir_op *x, ir_op *y)
{
    return ir_build2(&n->k->b, is_largest(n) ? IR_OP_max : IR_OP_add, x->type, x, y);
}

static ir_op *load(reduce_nest *n, ir_op *index, int lanes, ir_op *mask)
{
    lw_kernel *k = n->k;
    const ir_type *type = ir_vector(k->module, n->type->dtype, lanes);
    int arg = (int)ir_get_int(n->core->args[0], "n", 0);
    return lw_cast(&k->b, lw_load(&k->b, type, k->arg_buffers[arg], index, 0, mask), k->scalar->dtype);
}

/* The flat index over the axes that stay (all, or all but the last) as an element of the argument. */
static ir_op *kept_start(reduce_nest *n, ir_op *flat, int end)
{
    ir_builder *b = &n->k->b;
    ir_op *start = lw_imm(b, 0);
    for (int i = end - 1; i >= 0; i--) {
        if (n->reduced[i])
            continue;
        start = lw_add(b, start, lw_mul(b, lw_rem(b, flat, n->dims[i]), n->strides[i]));
        flat = lw_div(b, flat, n->dims[i]);
    }
    return start;
}

/* Loops over the reduced axes in [axis, end), then does the walk at each place. */
static void over_reduced(reduce_nest *n, int axis, int end, ir_op *start, void (*walk)(reduce_nest *, ir_op *start))
{
    ir_builder *b = &n->k->b;
    while (axis < end && !n->reduced[axis])
        axis++;
    if (axis >= end) {
        walk(n, start);
        return;
    }
    lw_scope loop = lw_for(b, lw_imm(b, 0), n->dims[axis], lw_imm(b, 1));
    over_reduced(n, axis + 1, end, lw_add(b, start, lw_mul(b, loop.op, n->strides[axis])), walk);
    lw_end(b, &loop);
}

static ir_op *divided(reduce_nest *n, ir_op *sum)
{
    ir_builder *b = &n->k->b;
    if (n->core->code != IR_OP_mean)
        return sum;
    ir_op *count = lw_imm(b, 1);
    for (int i = 0; i < n->type->rank; i++)
        if (n->reduced[i])
            count = lw_mul(b, count, n->dims[i]);
    ir_op *divisor = lw_splat(b, lw_cast(b, count, sum->type->dtype), ir_lanes(sum->type));
    return ir_build2(b, IR_OP_div, sum->type, sum, divisor);
}

/* ---- the last axis stays ---- */

static void add_column(reduce_nest *n, ir_op *start)
{
    ir_builder *b = &n->k->b;
    lw_set(b, n->slots[0], combine(n, lw_get(b, n->slots[0]), load(n, start, n->k->lanes, n->mask)));
}

static void one_vector(reduce_nest *n, ir_op *outer, ir_op *kept, ir_op *inner, ir_op *mask)
{
    ir_builder *b = &n->k->b;
    lw_set(b, n->slots[0], neutral(n, n->k->vector));
    n->mask = mask;
    over_reduced(n, 0, n->type->rank, lw_add(b, kept, inner), add_column);
    lw_finish(n->k, outer, inner, n->k->lanes, mask, divided(n, lw_get(b, n->slots[0])));
}

static void build_columns(reduce_nest *n)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    int lanes = k->lanes;
    ir_op *length = n->dims[n->type->rank - 1];
    ir_op *chunks = lw_ceildivi(b, length, CHUNK_VECTORS * lanes);
    n->slots[0] = lw_reg(b, k->vector);
    lw_scope tiles = lw_for(b, k->tile_lo, k->tile_hi, lw_imm(b, 1));
    ir_op *outer = lw_div(b, tiles.op, chunks);
    ir_op *lo = lw_muli(b, lw_rem(b, tiles.op, chunks), CHUNK_VECTORS * lanes);
    ir_op *hi = lw_min(b, lw_addi(b, lo, CHUNK_VECTORS * lanes), length);
    ir_op *kept = kept_start(n, outer, n->type->rank - 1);
    ir_op *whole = lw_add(b, lo, lw_muli(b, lw_divi(b, lw_sub(b, hi, lo), lanes), lanes));
    lw_scope loop = lw_for(b, lo, whole, lw_imm(b, lanes));
    one_vector(n, outer, kept, loop.op, NULL);
    lw_end(b, &loop);
    if (lanes > 1) {
        lw_scope rest = lw_if(b, lw_compare(b, IR_OP_lt, whole, hi));
        one_vector(n, outer, kept, whole, lw_tailmask(b, lw_sub(b, hi, whole), lanes));
        lw_end(b, &rest);
    }
    lw_end(b, &tiles);
}

/* ---- the last axis is reduced ---- */

static void add_row_vector(void *ctx, ir_op *index, ir_op *mask, int slot)
{
    reduce_nest *n = ctx;
    ir_builder *b = &n->k->b;
    ir_op *x = load(n, lw_add(b, n->start, index), n->k->lanes, mask);
    if (mask)
        x = ir_build3(b, IR_OP_select, x->type, mask, x, neutral(n, x->type));
    lw_set(b, n->slots[slot], combine(n, lw_get(b, n->slots[slot]), x));
}

static void add_row(reduce_nest *n, ir_op *start)
{
    n->start = start;
    lw_over_row(n->k, n->dims[n->type->rank - 1], add_row_vector, n);
}

static ir_op *combined_lanes(reduce_nest *n)
{
    ir_builder *b = &n->k->b;
    ir_op *low = combine(n, lw_get(b, n->slots[0]), lw_get(b, n->slots[1]));
    ir_op *high = combine(n, lw_get(b, n->slots[2]), lw_get(b, n->slots[3]));
    ir_op *all = combine(n, low, high);
    if (n->k->lanes == 1)
        return all;
    return ir_build1(b, is_largest(n) ? IR_OP_reduce_max : IR_OP_reduce_add, NULL, all);
}

static ir_op *one_result(reduce_nest *n, ir_op *kept)
{
    ir_builder *b = &n->k->b;
    for (int i = 0; i < LW_ROW_SLOTS; i++)
        lw_set(b, n->slots[i], neutral(n, n->k->vector));
    over_reduced(n, 0, n->type->rank - 1, kept, add_row);
    return divided(n, combined_lanes(n));
}

/* ---- argmax ---- */

/* A later element wins if it is larger, or a NaN where the best so far is none. */
static ir_op *first_largest(reduce_nest *n, ir_op *kept)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    const ir_type *boolean = ir_scalar(k->module, IR_BOOL);
    int axis = (int)ir_attr_find(n->core, "axes")->ints[0];
    lw_set(b, n->slots[0], load(n, kept, 1, NULL));
    lw_set(b, n->position, lw_imm(b, 0));
    lw_scope loop = lw_for(b, lw_imm(b, 1), n->dims[axis], lw_imm(b, 1));
    ir_op *x = load(n, lw_add(b, kept, lw_mul(b, loop.op, n->strides[axis])), 1, NULL), *best = lw_get(b, n->slots[0]);
    ir_op *better = lw_compare(b, IR_OP_gt, x, best);
    if (ir_is_float(x->type->dtype)) {
        ir_op *first_nan = ir_build2(b, IR_OP_and, boolean, lw_compare(b, IR_OP_ne, x, x), lw_compare(b, IR_OP_eq, best, best));
        better = ir_build2(b, IR_OP_or, boolean, better, first_nan);
    }
    lw_scope wins = lw_if(b, better);
    lw_set(b, n->slots[0], x);
    lw_set(b, n->position, loop.op);
    lw_end(b, &wins);
    lw_end(b, &loop);
    return lw_cast(b, lw_get(b, n->position), IR_I32);
}

static void build_results(reduce_nest *n)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    bool argmax = n->core->code == IR_OP_argmax;
    for (int i = 0; i < LW_ROW_SLOTS; i++)
        n->slots[i] = lw_reg(b, argmax ? k->scalar : k->vector);
    n->position = lw_reg(b, ir_scalar(k->module, IR_INDEX));
    const ir_type *result = n->core->type;
    ir_op *last = lw_extent(b, &k->dims, lw_last_extent(result, k->module));
    ir_op *count = lw_mul(b, last, lw_extent(b, &k->dims, lw_outer_extent(result, k->module)));
    ir_op *unit = lw_imm(b, TILE_RESULTS);
    lw_scope loop = lw_for(b, lw_mul(b, k->tile_lo, unit), lw_min(b, lw_mul(b, k->tile_hi, unit), count), lw_imm(b, 1));
    ir_op *kept = kept_start(n, loop.op, n->type->rank);
    ir_op *value = argmax ? first_largest(n, kept) : one_result(n, kept);
    lw_finish(k, lw_div(b, loop.op, last), lw_rem(b, loop.op, last), 1, NULL, value);
    lw_end(b, &loop);
}

/* ---- the nest ---- */

static const char *refuses(const lw_kernel *k)
{
    (void)k;
    return NULL;
}

static void measure(lw_kernel *k)
{
    ir_module *m = k->module;
    reduce_nest n;
    describe(k, &n);
    const ir_type *result = k->region->core->type;
    const ir_extent *last = lw_last_extent(result, m), *outer = lw_outer_extent(result, m);
    int64_t unit = n.last_stays ? CHUNK_VECTORS * k->lanes : TILE_RESULTS;
    if (n.last_stays)
        k->units = ir_extent_mul(m, outer, ir_extent_ceildiv(m, last, ir_extent_const(m, unit)));
    else
        k->units = ir_extent_ceildiv(m, ir_extent_mul(m, outer, last), ir_extent_const(m, unit));
}

static void build(lw_kernel *k)
{
    reduce_nest n;
    describe(k, &n);
    lw_strides(k, n.type, n.strides);
    for (int i = 0; i < n.type->rank; i++)
        n.dims[i] = lw_extent(&k->b, &k->dims, n.type->dims[i]);
    if (n.last_stays)
        build_columns(&n);
    else
        build_results(&n);
}

const lw_nest lw_nest_reduce = {"reduce", refuses, measure, build};
