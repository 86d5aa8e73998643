/* axes: nests along the last axis: softmax, layernorm, rmsnorm. A row is walked in whole vectors, LW_ROW_SLOTS of them
 * at a time into as many accumulators, then a masked rest; the order is fixed, so results do not depend on tasks. */
#include "passes/lower/lower.h"

#include <math.h>

void lw_strides(lw_kernel *k, const ir_type *type, ir_op **strides)
{
    ir_op *stride = lw_imm(&k->b, 1);
    for (int i = type->rank - 1; i >= 0; i--) {
        strides[i] = stride;
        stride = lw_mul(&k->b, stride, lw_extent(&k->b, &k->dims, type->dims[i]));
    }
}

void lw_over_row(lw_kernel *k, ir_op *length, lw_row_fn *fn, void *ctx)
{
    ir_builder *b = &k->b;
    int lanes = k->lanes;
    ir_op *bulk = lw_muli(b, lw_divi(b, length, LW_ROW_SLOTS * lanes), LW_ROW_SLOTS * lanes);
    ir_op *whole = lw_muli(b, lw_divi(b, length, lanes), lanes);
    lw_scope many = lw_for(b, lw_imm(b, 0), bulk, lw_imm(b, LW_ROW_SLOTS * lanes));
    for (int slot = 0; slot < LW_ROW_SLOTS; slot++)
        fn(ctx, lw_addi(b, many.op, slot * lanes), NULL, slot);
    lw_end(b, &many);
    lw_scope single = lw_for(b, bulk, whole, lw_imm(b, lanes));
    fn(ctx, single.op, NULL, 0);
    lw_end(b, &single);
    if (lanes == 1)
        return;
    lw_scope rest = lw_if(b, lw_compare(b, IR_OP_lt, whole, length));
    fn(ctx, whole, lw_tailmask(b, lw_sub(b, length, whole), lanes), 0);
    lw_end(b, &rest);
}

/* ---- one row ---- */

typedef struct row_nest {
    lw_kernel *k;
    const ir_op *core;
    ir_op *row, *length;
    ir_op *slots[LW_ROW_SLOTS]; /* regs */
    ir_op *first, *second;      /* what earlier passes found: maximum, mean, scale */
    ir_op *kept;                /* softmax: scratch row of exponentials */
} row_nest;

static ir_op *two(row_nest *n, ir_opcode code, ir_op *x, ir_op *y)
{
    return ir_build2(&n->k->b, code, x->type, x, y);
}

static ir_op *load_x(row_nest *n, ir_op *index, ir_op *mask)
{
    ir_op *x = lw_operand(n->k, n->core->args[0], n->row, index, n->k->lanes, mask);
    return lw_cast(&n->k->b, x, n->k->scalar->dtype);
}

/* Lanes that are off count as `neutral`. */
static ir_op *or_neutral(row_nest *n, ir_op *mask, ir_op *x, double neutral)
{
    ir_builder *b = &n->k->b;
    return mask ? ir_build3(b, IR_OP_select, x->type, mask, x, ir_const_float(b, x->type, neutral)) : x;
}

static void accumulate(row_nest *n, int slot, ir_op *x)
{
    ir_builder *b = &n->k->b;
    lw_set(b, n->slots[slot], two(n, IR_OP_add, lw_get(b, n->slots[slot]), x));
}

static void reset(row_nest *n, double value)
{
    for (int i = 0; i < LW_ROW_SLOTS; i++)
        lw_set(&n->k->b, n->slots[i], ir_const_float(&n->k->b, n->k->vector, value));
}

static ir_op *total(row_nest *n)
{
    ir_builder *b = &n->k->b;
    ir_op *low = two(n, IR_OP_add, lw_get(b, n->slots[0]), lw_get(b, n->slots[1]));
    ir_op *high = two(n, IR_OP_add, lw_get(b, n->slots[2]), lw_get(b, n->slots[3]));
    ir_op *sum = two(n, IR_OP_add, low, high);
    return n->k->lanes > 1 ? ir_build1(b, IR_OP_reduce_add, NULL, sum) : sum;
}

/* The larger; which of a NaN and a number does not matter here, since the NaN reaches the sum. */
static ir_op *larger(row_nest *n, ir_op *x, ir_op *y)
{
    ir_builder *b = &n->k->b;
    ir_op *above = ir_build2(b, IR_OP_gt, ir_type_with_dtype(b->module, x->type, IR_BOOL), x, y);
    return ir_build3(b, IR_OP_select, x->type, above, x, y);
}

/* ---- softmax: maximum, exponentials and their sum, quotients ---- */

static void softmax_maximum(void *ctx, ir_op *index, ir_op *mask, int slot)
{
    row_nest *n = ctx;
    ir_op *x = or_neutral(n, mask, load_x(n, index, mask), -INFINITY);
    lw_set(&n->k->b, n->slots[slot], larger(n, x, lw_get(&n->k->b, n->slots[slot])));
}

static void softmax_exponentials(void *ctx, ir_op *index, ir_op *mask, int slot)
{
    row_nest *n = ctx;
    ir_op *e = ir_build1(&n->k->b, IR_OP_exp, NULL, two(n, IR_OP_sub, load_x(n, index, mask), n->first));
    lw_store(&n->k->b, e, n->kept, index, 0, mask);
    accumulate(n, slot, or_neutral(n, mask, e, 0));
}

static void softmax_quotients(void *ctx, ir_op *index, ir_op *mask, int slot)
{
    row_nest *n = ctx;
    (void)slot;
    ir_op *e = lw_load(&n->k->b, n->k->vector, n->kept, index, 0, mask);
    lw_finish(n->k, n->row, index, n->k->lanes, mask, two(n, IR_OP_mul, e, n->second));
}

static ir_op *row_maximum(row_nest *n)
{
    ir_builder *b = &n->k->b;
    ir_op *low = larger(n, lw_get(b, n->slots[0]), lw_get(b, n->slots[1]));
    ir_op *high = larger(n, lw_get(b, n->slots[2]), lw_get(b, n->slots[3]));
    ir_op *most = larger(n, low, high);
    return n->k->lanes > 1 ? ir_build1(b, IR_OP_reduce_max, NULL, most) : most;
}

static void softmax_row(row_nest *n)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    reset(n, -INFINITY);
    lw_over_row(k, n->length, softmax_maximum, n);
    n->first = lw_splat(b, row_maximum(n), k->lanes);
    reset(n, 0);
    lw_over_row(k, n->length, softmax_exponentials, n);
    ir_op *one = ir_const_float(b, k->scalar, 1);
    n->second = lw_splat(b, ir_build2(b, IR_OP_div, k->scalar, one, total(n)), k->lanes);
    lw_over_row(k, n->length, softmax_quotients, n);
}

/* ---- norms: mean, variance or mean of squares, scaled values ---- */

static void norm_sum(void *ctx, ir_op *index, ir_op *mask, int slot)
{
    row_nest *n = ctx;
    /* A masked load gives zeros, but not that of a row of one element, which is a splat. */
    accumulate(n, slot, or_neutral(n, mask, load_x(n, index, mask), 0));
}

static ir_op *centred(row_nest *n, ir_op *index, ir_op *mask)
{
    ir_op *x = load_x(n, index, mask);
    return n->first ? two(n, IR_OP_sub, x, n->first) : x;
}

static void norm_squares(void *ctx, ir_op *index, ir_op *mask, int slot)
{
    row_nest *n = ctx;
    ir_builder *b = &n->k->b;
    ir_op *x = or_neutral(n, mask, centred(n, index, mask), 0);
    lw_set(b, n->slots[slot], lw_multiply_add(n->k, x, x, lw_get(b, n->slots[slot])));
}

static ir_op *parameter(row_nest *n, int i, ir_op *index, ir_op *mask)
{
    ir_op *value = lw_operand(n->k, n->core->args[i], lw_imm(&n->k->b, 0), index, n->k->lanes, mask);
    return lw_cast(&n->k->b, value, n->k->scalar->dtype);
}

static void norm_values(void *ctx, ir_op *index, ir_op *mask, int slot)
{
    row_nest *n = ctx;
    (void)slot;
    ir_op *scaled = two(n, IR_OP_mul, centred(n, index, mask), n->second);
    ir_op *gain = parameter(n, 1, index, mask);
    ir_op *y = n->core->nargs > 2 ? lw_multiply_add(n->k, scaled, gain, parameter(n, 2, index, mask))
                                  : two(n, IR_OP_mul, scaled, gain);
    lw_finish(n->k, n->row, index, n->k->lanes, mask, y);
}

static void norm_row(row_nest *n)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    ir_op *count = lw_cast(b, n->length, k->scalar->dtype);
    n->first = NULL;
    if (n->core->code == IR_OP_layernorm) {
        reset(n, 0);
        lw_over_row(k, n->length, norm_sum, n);
        n->first = lw_splat(b, ir_build2(b, IR_OP_div, k->scalar, total(n), count), k->lanes);
    }
    reset(n, 0);
    lw_over_row(k, n->length, norm_squares, n);
    ir_op *eps = ir_const_float(b, k->scalar, ir_get_float(n->core, "eps", 1e-5));
    ir_op *variance = ir_build2(b, IR_OP_add, k->scalar, ir_build2(b, IR_OP_div, k->scalar, total(n), count), eps);
    ir_op *root = ir_build1(b, IR_OP_sqrt, NULL, variance);
    n->second = lw_splat(b, ir_build2(b, IR_OP_div, k->scalar, ir_const_float(b, k->scalar, 1), root), k->lanes);
    lw_over_row(k, n->length, norm_values, n);
}

/* ---- the nests ---- */

static const char *refuses(const lw_kernel *k)
{
    (void)k;
    return NULL;
}

static void measure(lw_kernel *k)
{
    ir_module *m = k->module;
    const ir_extent *rows = lw_outer_extent(k->region->core->type, m);
    k->units = ir_extent_ceildiv(m, rows, ir_extent_const(m, lw_tile_rows(k)));
}

static void measure_softmax(lw_kernel *k)
{
    ir_module *m = k->module;
    const ir_extent *bytes = ir_extent_mul(m, lw_last_extent(k->region->core->type, m),
                                           ir_extent_const(m, ir_dtype_of(k->scalar->dtype)->bytes));
    const ir_extent *line = ir_extent_const(m, 64);
    measure(k);
    k->slot_bytes = ir_extent_mul(m, ir_extent_ceildiv(m, bytes, line), line);
}

static void build_rows(lw_kernel *k, void (*one_row)(row_nest *))
{
    ir_builder *b = &k->b;
    const ir_type *type = k->region->core->type;
    row_nest n = {.k = k, .core = k->region->core};
    n.length = lw_extent(b, &k->dims, lw_last_extent(type, k->module));
    ir_op *rows = lw_extent(b, &k->dims, lw_outer_extent(type, k->module));
    ir_op *unit = lw_imm(b, lw_tile_rows(k));
    if (k->scratch)
        n.kept = lw_subbuffer(b, k->scratch, lw_imm(b, 0), k->scalar->dtype);
    for (int i = 0; i < LW_ROW_SLOTS; i++)
        n.slots[i] = lw_reg(b, k->vector);
    lw_scope loop = lw_for(b, lw_mul(b, k->tile_lo, unit), lw_min(b, lw_mul(b, k->tile_hi, unit), rows), lw_imm(b, 1));
    n.row = loop.op;
    one_row(&n);
    lw_end(b, &loop);
}

static void build_softmax(lw_kernel *k)
{
    build_rows(k, softmax_row);
}

static void build_norm(lw_kernel *k)
{
    build_rows(k, norm_row);
}

const lw_nest lw_nest_softmax = {"softmax", refuses, measure_softmax, build_softmax};
const lw_nest lw_nest_norm = {"norm", refuses, measure, build_norm};
