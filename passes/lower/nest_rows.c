/* nest_rows: lanes along the rows of the weight (its outputs) or along the reduction, for few columns.
 *
 * Row groups -> a block of columns ("slots") kept in accumulators -> bundles. Every weight is read once per block of
 * columns, whose activations are copied first with pack=yes: each column in a stretch of its own. lanes=rows gives a vector of results per slot: stored at once where the result has its rows
 * contiguous in the same order, else one by one. lanes=k gives one result per row and slot: the sum over its lanes, which
 * several rows of a block may share. */
#include "passes/lower/lower.h"

#include <assert.h>

typedef struct rows_nest {
    lw_kernel *k;
    const lw_contraction *c;
    bool along_k;
    int folded;       /* lanes=k: rows of a block in one vector; 0: one */
    int group, units; /* rows of a group; accumulators of a slot */
    int slots;        /* of the block being built */
    ir_op *rows, *cols, *depth, *groups;
    ir_op *c0;        /* first column of the block */
    ir_op *group_lo, *group_hi;
    ir_op *buffer;    /* scratch: results of one group, [slot][row] */
    ir_op *panel;     /* scratch: activations of the block, [slot][depth]; NULL: read where they are */
    int64_t pitch;    /* elements from slot to slot there */
} rows_nest;

static const ir_extent *constant(const lw_kernel *k, int64_t value)
{
    return ir_extent_const(k->module, value);
}

static int group_rows(const lw_kernel *k)
{
    return k->storage ? lw_group_rows(k->storage) : 4;
}

/* Vector results of lanes=rows fit the result as they are. */
static bool stores_vectors(const lw_kernel *k)
{
    return k->region->contraction.rows_inside && !(k->storage && k->storage->sorted);
}

static bool packs(const lw_kernel *k)
{
    return k->storage && k->terms->pack > 0;
}

/* Elements of a packed column: whole vectors, and not a power of two apart. */
static int64_t pitch(const lw_kernel *k)
{
    int64_t vectors = (lw_columns_reached(k->storage) + k->lanes - 1) / k->lanes;
    return (vectors | 1) * k->lanes;
}

/* Sums that run at the same time: enough to hide how long a multiply-add takes, where bundles have so many steps. */
static int accumulator_copies(const lw_kernel *k, int sums)
{
    enum { IN_FLIGHT = 4 };
    int steps = k->terms->unroll * lw_window_slots(k->storage), copies = sums < IN_FLIGHT ? IN_FLIGHT / sums : 1;
    return copies < steps ? copies : steps;
}

static const char *refuses_both(const lw_kernel *k, int units)
{
    const lw_contraction *c = &k->region->contraction;
    const ir_plan_terms *t = k->terms;
    if (c->batch_rank)
        return "lanes: batched products take lanes=batch";
    bool along_k = t->lanes == PLAN_LANES_K;
    bool by_lanes = along_k && !(k->storage && lw_folded_rows(k->storage, k->lanes));
    if (k->storage && !lw_bundle_fits(k->storage, t->unroll * (by_lanes ? k->lanes : 1), along_k))
        return "unroll: too many values in one iteration";
    if (units * t->tile_cols > LW_MAX_ACCUMULATORS)
        return "tile: accumulators (rows of a group, over lanes, times columns) must not exceed 64";
    if (k->storage && k->storage->request.ktile)
        return "tile: K is not tiled with lanes=rows or lanes=k";
    if (t->rows > 0 && t->rows % group_rows(k))
        return "rows: must be a multiple of the storage's rows per group";
    return NULL;
}

static const char *refuses_rows(const lw_kernel *k)
{
    if (!k->storage)
        return "lanes: lanes=rows needs a weight that is packed";
    if (group_rows(k) % k->lanes)
        return "store: lanes=rows needs rows per group that are a multiple of the vector's lanes";
    if (!lw_rows_are_innermost(k->storage))
        return "store: lanes=rows needs a storage that keeps the rows of a group together";
    if (!packs(k) && lw_columns_reached(k->storage) > k->storage->cols)
        return "pack=no: lanes=rows cannot take blocks or windows that reach past the last column where they are";
    const char *why = lw_window_columns(k->storage) ? lw_refuses_windows(k) : NULL;
    if (why)
        return why;
    return refuses_both(k, group_rows(k) / k->lanes);
}

static const char *refuses_k(const lw_kernel *k)
{
    const lw_contraction *c = &k->region->contraction;
    if (k->lanes == 1)
        return "lanes: lanes=k needs vectors";
    int columns = 0;
    lw_row_kind kind = k->storage ? lw_row_layout(k->storage, &columns) : LW_ROW_DENSE;
    if (kind == LW_ROW_OTHER)
        return "store: lanes=k needs rows whose values are contiguous (dense:1, csr, bsr with wide blocks)";
    int folded = k->storage ? lw_folded_rows(k->storage, k->lanes) : 0;
    if (kind == LW_ROW_BLOCKS && columns % k->lanes && !folded)
        return "store: lanes=k needs blocks as wide as a multiple of the vector's lanes, or whose rows fill vectors together";
    if (kind != LW_ROW_GATHERED && !c->depth_inside && !packs(k))
        return "pack=no: lanes=k needs activations that are contiguous along the reduction";
    if (k->storage && !packs(k) && lw_columns_reached(k->storage) > k->storage->cols)
        return "pack=no: lanes=k cannot take blocks that reach past the last column where they are";
    return refuses_both(k, folded ? group_rows(k) / folded : group_rows(k));
}

/* Scratch: results of one group, and behind them the packed activations in their own dtype. */
static int64_t results_bytes(const lw_kernel *k)
{
    int64_t bytes = k->terms->tile_cols * group_rows(k) * ir_dtype_of(k->scalar->dtype)->bytes;
    return (bytes + 63) / 64 * 64;
}

static ir_dtype source_dtype(const lw_kernel *k)
{
    return k->region->fused->args[k->region->contraction.b_arg]->type->dtype;
}

static void measure(lw_kernel *k)
{
    const lw_contraction *c = &k->region->contraction;
    ir_module *m = k->module;
    const ir_extent *column_blocks = ir_extent_ceildiv(m, c->cols, constant(k, k->terms->tile_cols));
    k->units = column_blocks;
    k->blocks = lw_row_blocks(k, ir_extent_ceildiv(m, c->rows, constant(k, group_rows(k))));
    int64_t bytes = 0;
    if (k->terms->lanes == PLAN_LANES_ROWS && !stores_vectors(k))
        bytes = results_bytes(k);
    if (packs(k))
        bytes += k->terms->tile_cols * pitch(k) * ir_dtype_of(source_dtype(k))->bytes;
    if (bytes)
        k->slot_bytes = constant(k, (bytes + 63) / 64 * 64);
}

/* The result element of a row and a slot. */
static void finish_one(rows_nest *n, ir_op *row, int slot, ir_op *value)
{
    ir_builder *b = &n->k->b;
    ir_op *column = lw_addi(b, n->c0, slot);
    bool rows_inside = n->c->rows_inside;
    lw_finish(n->k, rows_inside ? column : row, rows_inside ? row : column, 1, NULL, value);
}

/* The true row of a place; places past the last row are skipped inside the returned scope. */
static ir_op *open_row(rows_nest *n, ir_op *place, lw_scope *guard)
{
    ir_builder *b = &n->k->b;
    ir_op *row = place;
    if (n->k->storage && n->k->storage->sorted)
        row = lw_cast(b, lw_load(b, ir_scalar(n->k->module, IR_U32), lw_array(n->k, "perm"), place, 0, NULL), IR_INDEX);
    int64_t known;
    guard->op = NULL;
    if (!lw_is_imm(n->rows, &known) || known % n->group)
        *guard = lw_if(b, lw_compare(b, IR_OP_lt, row, n->rows));
    return row;
}

static void close_row(rows_nest *n, const lw_scope *guard)
{
    if (guard->op)
        lw_end(&n->k->b, guard);
}

/* The sum of row r of the group over its lanes: all of a vector, or its part. */
static ir_op *sum_along_k(rows_nest *n, const lw_body *body, int r, int slot)
{
    ir_builder *b = &n->k->b;
    if (!n->folded)
        return ir_build1(b, IR_OP_reduce_add, NULL, lw_get(b, body->accumulators[r * n->slots + slot]));
    int64_t mask[LW_MAX_RUN_LANES];
    int columns = n->k->lanes / n->folded;
    ir_op *vector = lw_get(b, body->accumulators[r / n->folded * n->slots + slot]);
    for (int i = 0; i < columns; i++)
        mask[i] = r % n->folded * columns + i;
    ir_op *part = ir_build2(b, IR_OP_shuffle, ir_vector(n->k->module, n->k->scalar->dtype, columns), vector, vector);
    ir_set_ints(n->k->module, part, "mask", columns, mask);
    return ir_build1(b, IR_OP_reduce_add, NULL, part);
}

static void finish_sums_along_k(rows_nest *n, const lw_body *body, ir_op *first)
{
    ir_builder *b = &n->k->b;
    for (int r = 0; r < n->group; r++) {
        lw_scope guard;
        ir_op *row = open_row(n, lw_addi(b, first, r), &guard);
        for (int s = 0; s < n->slots; s++)
            finish_one(n, row, s, sum_along_k(n, body, r, s));
        close_row(n, &guard);
    }
}

/* Adds up the copies of each sum into the first. */
static void join_copies(rows_nest *n, lw_body *body)
{
    ir_builder *b = &n->k->b;
    for (int i = 0; i < n->units * n->slots && body->copies > 1; i++) {
        ir_op *sum = lw_get(b, body->accumulators[i * body->copies]);
        for (int copy = 1; copy < body->copies; copy++)
            sum = ir_build2(b, IR_OP_add, n->k->vector, sum, lw_get(b, body->accumulators[i * body->copies + copy]));
        body->accumulators[i] = body->accumulators[i * body->copies];
        lw_set(b, body->accumulators[i], sum);
    }
}

static void finish_vectors(rows_nest *n, const lw_body *body, ir_op *first)
{
    ir_builder *b = &n->k->b;
    int lanes = n->k->lanes;
    int64_t known;
    bool ragged = !lw_is_imm(n->rows, &known) || known % n->group;
    for (int u = 0; u < n->units; u++) {
        ir_op *row = lw_addi(b, first, u * lanes);
        ir_op *mask = ragged ? lw_tailmask(b, lw_sub(b, n->rows, row), lanes) : NULL;
        for (int s = 0; s < n->slots; s++)
            lw_finish(n->k, lw_addi(b, n->c0, s), row, lanes, mask, lw_get(b, body->accumulators[u * n->slots + s]));
    }
}

/* Sorted rows, or results with their columns contiguous: through scratch, one by one. */
static void finish_singly(rows_nest *n, const lw_body *body, ir_op *first)
{
    ir_builder *b = &n->k->b;
    for (int u = 0; u < n->units; u++)
        for (int s = 0; s < n->slots; s++)
            lw_store(b, lw_get(b, body->accumulators[u * n->slots + s]), n->buffer, lw_imm(b, 0),
                     (int64_t)s * n->group + (int64_t)u * n->k->lanes, NULL);
    lw_scope places = lw_for(b, lw_imm(b, 0), lw_imm(b, n->group), lw_imm(b, 1));
    lw_scope guard;
    ir_op *row = open_row(n, lw_add(b, first, places.op), &guard);
    for (int s = 0; s < n->slots; s++)
        finish_one(n, row, s, lw_load(b, n->k->scalar, n->buffer, places.op, (int64_t)s * n->group, NULL));
    close_row(n, &guard);
    lw_end(b, &places);
}

static lw_source slot_source(rows_nest *n)
{
    lw_kernel *k = n->k;
    lw_source s = {.buffer = k->arg_buffers[n->c->b_arg], .slots = n->slots};
    if (n->panel) {
        s.buffer = n->panel;
        s.stride = lw_imm(&k->b, 1);
        for (int i = 0; i < n->slots; i++)
            s.slot[i] = lw_imm(&k->b, i * n->pitch);
        return s;
    }
    s.stride = lw_extent(&k->b, &k->dims, n->c->b_k);
    ir_op *stride_c = lw_extent(&k->b, &k->dims, n->c->b_c);
    for (int i = 0; i < n->slots; i++)
        s.slot[i] = lw_mul(&k->b, lw_addi(&k->b, n->c0, i), stride_c);
    return s;
}

static void iterate_group(rows_nest *n, lw_body *body, ir_op *group)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    lw_walk walk = {.kernel = k, .unroll = k->terms->unroll, .bundle = n->along_k ? lw_body_k : lw_body_rows, .ctx = body};
    int columns;
    walk.along_block = n->along_k && k->storage && lw_row_layout(k->storage, &columns) == LW_ROW_BLOCKS;
    walk.masked_tail = n->along_k && !walk.along_block;
    if (walk.masked_tail)
        walk.unroll = k->lanes * k->terms->unroll;
    if (k->storage) {
        lw_iterate(&walk, group);
        return;
    }
    ir_op *starts[LW_MAX_ACCUMULATORS], *last = lw_addi(b, n->rows, -1);
    for (int r = 0; r < n->group; r++)
        starts[r] = lw_mul(b, lw_min(b, lw_addi(b, lw_muli(b, group, n->group), r), last),
                           lw_extent(b, &k->dims, n->c->a_row));
    lw_iterate_in_place(&walk, starts, n->group, n->depth);
}

/* A vector of a packed column from element k on, whose elements past the depth are 0. */
static void pack_vector(rows_nest *n, ir_op *from, ir_op *origin, ir_op *k, int slot)
{
    ir_builder *b = &n->k->b;
    const ir_type *vector = ir_vector(n->k->module, from->type->dtype, n->k->lanes);
    ir_op *mask = lw_tailmask(b, lw_sub(b, n->depth, k), n->k->lanes);
    lw_store(b, lw_load(b, vector, from, lw_add(b, origin, k), 0, mask), n->panel, k, slot * n->pitch, NULL);
}

static void zero_rest(rows_nest *n, ir_dtype dtype)
{
    ir_builder *b = &n->k->b;
    ir_op *zero = ir_const_int(b, ir_scalar(n->k->module, dtype), 0);
    lw_scope loop = lw_for(b, n->depth, lw_imm(b, n->pitch), lw_imm(b, 1));
    for (int s = 0; s < n->slots; s++)
        lw_store(b, zero, n->panel, loop.op, s * n->pitch, NULL);
    lw_end(b, &loop);
}

/* Each column of the block to a stretch of its own, with zeros behind it. */
static void pack_block(rows_nest *n)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    ir_op *stride_k = lw_extent(b, &k->dims, n->c->b_k), *stride_c = lw_extent(b, &k->dims, n->c->b_c);
    ir_op *from = k->arg_buffers[n->c->b_arg];
    const ir_type *element = ir_scalar(k->module, from->type->dtype);
    int64_t unit = 0;
    bool in_order = lw_is_imm(stride_k, &unit) && unit == 1;
    lw_scope loop = lw_for(b, lw_imm(b, 0), in_order ? lw_imm(b, n->pitch) : n->depth, lw_imm(b, in_order ? k->lanes : 1));
    for (int s = 0; s < n->slots; s++) {
        ir_op *origin = lw_mul(b, lw_addi(b, n->c0, s), stride_c);
        if (in_order) {
            pack_vector(n, from, origin, loop.op, s);
        } else {
            ir_op *at = lw_add(b, origin, lw_mul(b, loop.op, stride_k));
            lw_store(b, lw_load(b, element, from, at, 0, NULL), n->panel, loop.op, s * n->pitch, NULL);
        }
    }
    lw_end(b, &loop);
    if (!in_order)
        zero_rest(n, from->type->dtype);
}

static void column_block(rows_nest *n)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    lw_body body = {.kernel = k, .source = slot_source(n), .row_units = n->units, .folded = n->folded};
    body.copies = n->along_k && !n->folded ? 1 : accumulator_copies(k, n->units * n->slots);
    int sums = n->units * n->slots * body.copies;
    ir_op *regs[LW_MAX_ACCUMULATORS];
    if (n->panel)
        pack_block(n);
    for (int i = 0; i < sums; i++)
        regs[i] = lw_reg(b, k->vector);
    lw_scope groups = lw_for(b, n->group_lo, n->group_hi, lw_imm(b, 1));
    ir_op *zero = ir_const_int(b, k->vector, 0);
    for (int i = 0; i < sums; i++)
        lw_set(b, body.accumulators[i] = regs[i], zero);
    iterate_group(n, &body, groups.op);
    join_copies(n, &body);
    ir_op *first = lw_muli(b, groups.op, n->group);
    if (n->along_k)
        finish_sums_along_k(n, &body, first);
    else if (stores_vectors(k))
        finish_vectors(n, &body, first);
    else
        finish_singly(n, &body, first);
    lw_end(b, &groups);
}

static void one_tile(rows_nest *n, ir_op *tile)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    lw_block_share(k, lw_rem(b, tile, k->block_count), n->groups, &n->group_lo, &n->group_hi);
    n->c0 = lw_muli(b, lw_div(b, tile, k->block_count), k->terms->tile_cols);
    n->slots = (int)k->terms->tile_cols;
    if (n->slots == 1) {
        column_block(n);
        return;
    }
    lw_scope full = lw_if(b, lw_compare(b, IR_OP_ge, lw_sub(b, n->cols, n->c0), lw_imm(b, n->slots)));
    column_block(n);
    lw_else(b, &full);
    lw_scope rest = lw_for(b, n->c0, n->cols, lw_imm(b, 1));
    n->slots = 1;
    n->c0 = rest.op;
    column_block(n);
    lw_end(b, &rest);
    lw_end(b, &full);
}

static void build_nest(lw_kernel *k, bool along_k)
{
    ir_builder *b = &k->b;
    const lw_contraction *c = &k->region->contraction;
    rows_nest nest = {.k = k, .c = c, .along_k = along_k, .group = group_rows(k)};
    nest.folded = along_k && k->storage ? lw_folded_rows(k->storage, k->lanes) : 0;
    nest.units = !along_k ? nest.group / k->lanes : nest.folded ? nest.group / nest.folded : nest.group;
    nest.rows = lw_extent(b, &k->dims, c->rows);
    nest.cols = lw_extent(b, &k->dims, c->cols);
    nest.depth = lw_extent(b, &k->dims, c->depth);
    nest.groups = lw_ceildivi(b, nest.rows, nest.group);
    if (k->scratch)
        nest.buffer = lw_subbuffer(b, k->scratch, lw_imm(b, 0), k->scalar->dtype);
    if (packs(k)) {
        nest.pitch = pitch(k);
        bool results = !along_k && !stores_vectors(k);
        nest.panel = lw_subbuffer(b, k->scratch, lw_imm(b, results ? results_bytes(k) : 0), source_dtype(k));
    }
    lw_scope tiles = lw_for(b, k->tile_lo, k->tile_hi, lw_imm(b, 1));
    one_tile(&nest, tiles.op);
    lw_end(b, &tiles);
}

static void build_rows(lw_kernel *k)
{
    build_nest(k, false);
}

static void build_k(lw_kernel *k)
{
    build_nest(k, true);
}

const lw_nest lw_nest_rows = {"rows", refuses_rows, measure, build_rows};
const lw_nest lw_nest_k = {"k", refuses_k, measure, build_k};
