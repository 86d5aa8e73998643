/* turn: images between channels last and channels as planes: for each image the transpose of a matrix, taken in blocks of
 * lanes x lanes that are turned in registers; pixels of few channels are loaded as they lie and picked apart. The elementwise
 * tail sees the turned vectors. */
#include "passes/lower/lower.h"

#include <string.h>

enum { LEAST_CHANNELS = 8, MOST_LANES = 64 }; /* of fewer channels, blocks would be mostly empty */

/* The matrix [rows, cols] of each image becomes [cols, rows]; last: extent of the result's last axis, which divides rows. */
typedef struct turn {
    lw_kernel *k;
    int64_t rows, cols, last;
    bool few;             /* channels last, too few for blocks */
    ir_op *image, *first; /* the image's element 0; the block's first row */
    ir_op *mask;          /* rows that are left, of a ragged last block; NULL: all */
    ir_op *outer;         /* of the image's first row of the result */
} turn;

static bool known(const ir_type *t, int64_t out[4])
{
    for (int i = 1; i < 4; i++)
        if (!ir_extent_is_const(t->dims[i], &out[i]))
            return false;
    return true;
}

static bool is_one(const ir_extent *e)
{
    int64_t value;
    return ir_extent_is_const(e, &value) && value == 1;
}

/* An operand of the tail can be read where vectors of pixels run across the ends of rows: it is as the result, or has neither
 * height nor width. */
static bool reads_across(const ir_type *operand, const ir_type *result)
{
    bool flat = true;
    for (int i = 1; i <= 2 && i <= operand->rank; i++)
        flat = flat && is_one(operand->dims[operand->rank - i]);
    return flat || (operand->rank == result->rank && !memcmp(operand->dims, result->dims, (size_t)result->rank * sizeof result->dims[0]));
}

static bool tail_reads_across(const lw_region *region)
{
    for (const ir_op *op = region->fused->body.first; op; op = op->next)
        if (op->code == IR_OP_arg && op != region->core->args[0] && !reads_across(op->type, region->result->type))
            return false;
    return true;
}

static bool turn_of(const lw_region *region, turn *out)
{
    static const int64_t to_planes[4] = {0, 3, 1, 2}, to_last[4] = {0, 2, 3, 1};
    const ir_op *core = region->core;
    const ir_attr *perm = ir_attr_find(core, "perm");
    int64_t from[4];
    if (perm->count != 4 || core->type->dtype != IR_F32 || region->widest != 4 || !known(core->args[0]->type, from))
        return false;
    const bool planes = !memcmp(perm->ints, to_planes, sizeof to_planes);
    if (planes)
        *out = (turn){.rows = from[1] * from[2], .cols = from[3], .last = from[2], .few = from[3] < LEAST_CHANNELS};
    else if (!memcmp(perm->ints, to_last, sizeof to_last) && from[1] >= LEAST_CHANNELS)
        *out = (turn){.rows = from[1], .cols = from[2] * from[3], .last = from[1]};
    else
        return false;
    return out->rows > 0 && out->cols > 0 && (!planes || tail_reads_across(region));
}

bool lw_turns(const lw_region *region)
{
    turn t;
    return region->core && region->core->code == IR_OP_transpose && turn_of(region, &t);
}

static const char *refuses(const lw_kernel *k)
{
    (void)k;
    return NULL;
}

static int64_t blocks_of(const lw_kernel *k, const turn *t)
{
    return (t->rows + k->lanes - 1) / k->lanes;
}

static void measure(lw_kernel *k)
{
    turn t;
    turn_of(k->region, &t);
    k->units = ir_extent_mul(k->module, k->region->core->type->dims[0], ir_extent_const(k->module, blocks_of(k, &t)));
}

/* Columns col .. col + count of the block's rows; what a ragged block lacks is read from the last row again. */
static void turn_block(turn *t, ir_op *col, int count)
{
    lw_kernel *k = t->k;
    ir_builder *b = &k->b;
    ir_op *source = k->arg_buffers[ir_get_int(k->region->core->args[0], "n", 0)], *block[MOST_LANES];
    ir_op *inside = count < k->lanes ? lw_tailmask(b, lw_imm(b, count), k->lanes) : NULL;
    for (int i = 0; i < k->lanes; i++) {
        ir_op *row = lw_addi(b, t->first, i);
        if (t->mask)
            row = lw_min(b, row, lw_imm(b, t->rows - 1));
        block[i] = lw_load_compute(k, k->lanes, source, lw_add(b, lw_add(b, t->image, lw_muli(b, row, t->cols)), col), 0, inside);
    }
    lw_transpose(k, block, k->lanes);
    for (int i = 0; i < count; i++) {
        ir_op *outer = lw_add(b, t->outer, lw_muli(b, lw_addi(b, col, i), t->rows / t->last));
        lw_finish(k, outer, t->first, k->lanes, t->mask, block[i]);
    }
}

/* The c-th of every `cols` elements of the vectors, which lie one behind the other. */
static ir_op *pick(const turn *t, ir_op *const *vectors, int c)
{
    lw_kernel *k = t->k;
    ir_op *picked = vectors[k->lanes == 1 ? c : 0];
    for (int j = 1; j < (k->lanes == 1 ? 1 : t->cols); j++) {
        int64_t mask[MOST_LANES];
        for (int i = 0; i < k->lanes; i++) {
            const int64_t at = i * t->cols + c, inside = at % k->lanes;
            mask[i] = at / k->lanes == j ? k->lanes + inside : j == 1 ? inside : i;
        }
        picked = ir_build2(&k->b, IR_OP_shuffle, picked->type, picked, vectors[j]);
        ir_set_ints(k->module, picked, "mask", k->lanes, mask);
    }
    return picked;
}

/* All channels of `lanes` pixels from t->first on. */
static void spread_block(turn *t)
{
    lw_kernel *k = t->k;
    ir_builder *b = &k->b;
    ir_op *source = k->arg_buffers[ir_get_int(k->region->core->args[0], "n", 0)], *vectors[LEAST_CHANNELS];
    ir_op *from = lw_muli(b, t->first, t->cols), *left = lw_sub(b, lw_imm(b, t->rows * t->cols), from);
    for (int j = 0; j < t->cols; j++) {
        ir_op *mask = t->mask ? lw_tailmask(b, lw_addi(b, left, -(int64_t)j * k->lanes), k->lanes) : NULL;
        vectors[j] = lw_load_compute(k, k->lanes, source, lw_add(b, t->image, from), (int64_t)j * k->lanes, mask);
    }
    for (int c = 0; c < t->cols; c++)
        lw_finish(k, lw_addi(b, t->outer, c * (t->rows / t->last)), t->first, k->lanes, t->mask, pick(t, vectors, c));
}

/* The blocks of all columns. */
static void turn_blocks(turn *t)
{
    lw_kernel *k = t->k;
    ir_builder *b = &k->b;
    const int64_t whole = t->cols / k->lanes * k->lanes;
    lw_scope columns = lw_for(b, lw_imm(b, 0), lw_imm(b, whole), lw_imm(b, k->lanes));
    turn_block(t, columns.op, k->lanes);
    lw_end(b, &columns);
    if (whole < t->cols)
        turn_block(t, lw_imm(b, whole), (int)(t->cols - whole));
}

static void build(lw_kernel *k)
{
    ir_builder *b = &k->b;
    turn t;
    turn_of(k->region, &t);
    t.k = k;
    const int64_t blocks = blocks_of(k, &t);
    lw_scope tiles = lw_for(b, k->tile_lo, k->tile_hi, lw_imm(b, 1));
    ir_op *image = lw_divi(b, tiles.op, blocks);
    t.image = lw_muli(b, image, t.rows * t.cols);
    t.outer = lw_muli(b, image, t.rows * t.cols / t.last);
    t.first = lw_muli(b, lw_rem(b, tiles.op, lw_imm(b, blocks)), k->lanes);
    if (t.rows % k->lanes)
        t.mask = lw_tailmask(b, lw_sub(b, lw_imm(b, t.rows), t.first), k->lanes);
    (t.few ? spread_block : turn_blocks)(&t);
    lw_end(b, &tiles);
}

const lw_nest lw_nest_turn = {"turn", refuses, measure, build};
