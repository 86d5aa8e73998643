/* nest_transpose: transposes that move the last axis. Squares of lanes x lanes elements are read along the argument's last
 * axis, transposed in registers and written along the result's; what is left at the edges is masked. All others, and
 * elements under 32 bits, go by the nest of moves. */
#include "passes/lower/lower.h"

typedef struct square_nest {
    lw_kernel *k;
    const ir_type *from, *to;
    const int64_t *perm;
    int across; /* the axis of the result that is the argument's last */
    ir_op *dims[IR_MAX_RANK];    /* of the result */
    ir_op *strides[IR_MAX_RANK]; /* of the argument */
    ir_op *regs[16];             /* so that whole and ragged squares share the shuffles */
} square_nest;

static bool is_square(const lw_kernel *k)
{
    const ir_op *core = k->region->core;
    const int last = core->type->rank - 1;
    return last > 0 && ir_attr_find(core, "perm")->ints[last] != last && ir_dtype_of(k->scalar->dtype)->bytes >= 4;
}

static const char *refuses(const lw_kernel *k)
{
    (void)k;
    return NULL;
}

static int axis_across(const ir_op *core)
{
    const int64_t *perm = ir_attr_find(core, "perm")->ints;
    int axis = 0;
    while (perm[axis] != core->type->rank - 1)
        axis++;
    return axis;
}

/* A unit: lanes rows of the result, one behind the other along the axis across. */
static void measure(lw_kernel *k)
{
    ir_module *m = k->module;
    const ir_type *to = k->region->core->type;
    if (!is_square(k)) {
        lw_nest_move.measure(k);
        return;
    }
    const int across = axis_across(k->region->core);
    k->units = ir_extent_ceildiv(m, to->dims[across], ir_extent_const(m, k->lanes));
    for (int i = 0; i < to->rank - 1; i++)
        if (i != across)
            k->units = ir_extent_mul(m, k->units, to->dims[i]);
}

/* ---- one square ---- */

/* The argument's element of the first of a row. */
static ir_op *row_start(square_nest *n, ir_op *row)
{
    ir_builder *b = &n->k->b;
    ir_op *start = lw_imm(b, 0);
    for (int i = n->to->rank - 2; i >= 0; i--) {
        start = lw_add(b, start, lw_mul(b, i ? lw_rem(b, row, n->dims[i]) : row, n->strides[n->perm[i]]));
        row = lw_div(b, row, n->dims[i]);
    }
    return start;
}

static void read_square(square_nest *n, ir_op *from, ir_op *stride, ir_op *rows_left, ir_op *columns_left)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    ir_op *source = k->arg_buffers[ir_get_int(k->region->core->args[0], "n", 0)], *none = lw_imm(b, 0);
    for (int i = 0; i < k->lanes; i++) {
        ir_op *mask = NULL;
        if (rows_left) {
            ir_op *there = lw_compare(b, IR_OP_gt, columns_left, lw_imm(b, i));
            mask = lw_tailmask(b, ir_build3(b, IR_OP_select, rows_left->type, there, rows_left, none), k->lanes);
        }
        lw_set(b, n->regs[i], lw_load_compute(k, k->lanes, source, lw_add(b, from, lw_muli(b, stride, i)), 0, mask));
    }
}

static void write_square(square_nest *n, ir_op *const *block, ir_op *row, ir_op *step, ir_op *column, ir_op *rows_left,
                         ir_op *columns_left)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    ir_op *mask = rows_left ? lw_tailmask(b, columns_left, k->lanes) : NULL;
    for (int i = 0; i < k->lanes; i++) {
        ir_op *target = lw_add(b, row, lw_muli(b, step, i));
        if (!rows_left) {
            lw_finish(k, target, column, k->lanes, NULL, block[i]);
            continue;
        }
        lw_scope there = lw_if(b, lw_compare(b, IR_OP_gt, rows_left, lw_imm(b, i)));
        lw_finish(k, target, column, k->lanes, mask, block[i]);
        lw_end(b, &there);
    }
}

static void one_square(square_nest *n, ir_op *start, ir_op *row, ir_op *step, ir_op *column, ir_op *rows_left)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    const int last = n->to->rank - 1;
    ir_op *stride = n->strides[n->perm[last]], *columns_left = lw_sub(b, n->dims[last], column);
    ir_op *from = lw_add(b, start, lw_mul(b, column, stride)), *block[16];
    ir_op *whole = lw_compare(b, IR_OP_ge, lw_min(b, rows_left, columns_left), lw_imm(b, k->lanes));
    lw_scope reads = lw_if(b, whole);
    read_square(n, from, stride, NULL, NULL);
    lw_else(b, &reads);
    read_square(n, from, stride, rows_left, columns_left);
    lw_end(b, &reads);
    for (int i = 0; i < k->lanes; i++)
        block[i] = lw_get(b, n->regs[i]);
    lw_transpose(k, block, k->lanes);
    lw_scope writes = lw_if(b, whole);
    write_square(n, block, row, step, column, NULL, NULL);
    lw_else(b, &writes);
    write_square(n, block, row, step, column, rows_left, columns_left);
    lw_end(b, &writes);
}

/* ---- all of them ---- */

static void build_squares(square_nest *n)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    const int last = n->to->rank - 1;
    ir_op *inner = lw_imm(b, 1), *bands = lw_ceildivi(b, n->dims[n->across], k->lanes);
    for (int i = n->across + 1; i < last; i++)
        inner = lw_mul(b, inner, n->dims[i]);
    for (int i = 0; i < k->lanes; i++)
        n->regs[i] = lw_reg(b, k->vector);
    lw_scope units = lw_for(b, k->tile_lo, k->tile_hi, lw_imm(b, 1));
    ir_op *outer = lw_div(b, units.op, inner), *place = lw_muli(b, lw_rem(b, outer, bands), k->lanes);
    ir_op *block = lw_add(b, lw_mul(b, lw_div(b, outer, bands), n->dims[n->across]), place);
    ir_op *row = lw_add(b, lw_mul(b, block, inner), lw_rem(b, units.op, inner)), *start = row_start(n, row);
    lw_scope columns = lw_for(b, lw_imm(b, 0), n->dims[last], lw_imm(b, k->lanes));
    one_square(n, start, row, inner, columns.op, lw_sub(b, n->dims[n->across], place));
    lw_end(b, &columns);
    lw_end(b, &units);
}

static void build(lw_kernel *k)
{
    const ir_op *core = k->region->core;
    square_nest n = {.k = k, .from = core->args[0]->type, .to = core->type, .perm = ir_attr_find(core, "perm")->ints};
    if (!is_square(k)) {
        lw_nest_move.build(k);
        return;
    }
    n.across = axis_across(core);
    lw_strides(k, n.from, n.strides);
    for (int i = 0; i < n.to->rank; i++)
        n.dims[i] = lw_extent(&k->b, &k->dims, n.to->dims[i]);
    build_squares(&n);
}

const lw_nest lw_nest_transpose = {"transpose", refuses, measure, build};
