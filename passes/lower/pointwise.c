/* pointwise: the elementwise ops of a region, evaluated on vectors along the result's last axis, and the nest for
 * regions that have nothing else.
 *
 * Each operand is read by its own shape against the result's: axes are aligned from the right, an axis of constant
 * extent 1 is stretched. The last axes that every operand has, or none, are walked as one: a factor for each channel of
 * planes goes along whole planes, and operands of the whole shape along one flat vector. */
#include "passes/lower/lower.h"

#include "passes/graph.h"
#include <assert.h>

const ir_extent *lw_last_extent(const ir_type *type, ir_module *m)
{
    return type->rank ? type->dims[type->rank - 1] : ir_extent_const(m, 1);
}

const ir_extent *lw_outer_extent(const ir_type *type, ir_module *m)
{
    const ir_extent *product = ir_extent_const(m, 1);
    for (int i = 0; i < type->rank - 1; i++)
        product = ir_extent_mul(m, product, type->dims[i]);
    return product;
}

static bool is_one(const ir_extent *e)
{
    int64_t value;
    return ir_extent_is_const(e, &value) && value == 1;
}

static bool has_one_element(const ir_type *type)
{
    for (int i = 0; i < type->rank; i++)
        if (!is_one(type->dims[i]))
            return false;
    return true;
}

static bool is_stretched(const ir_type *operand, const ir_type *result, int from_end)
{
    if (from_end >= operand->rank)
        return true;
    const ir_extent *own = operand->dims[operand->rank - 1 - from_end];
    return is_one(own) && !is_one(result->dims[result->rank - 1 - from_end]);
}

/* Element of the operand where the row `outer` of the result begins. */
static ir_op *row_start(lw_kernel *k, const ir_type *operand, ir_op *outer)
{
    ir_builder *b = &k->b;
    const ir_type *result = k->region->result->type;
    bool none = true, all = operand->rank == result->rank;
    for (int i = 1; i < result->rank; i++) {
        bool stretched = is_stretched(operand, result, i);
        none = none && stretched;
        all = all && !stretched;
    }
    if (none)
        return lw_imm(b, 0);
    ir_op *stride = lw_extent(b, &k->dims, lw_last_extent(operand, k->module));
    if (all)
        return lw_mul(b, outer, stride);
    ir_op *start = lw_imm(b, 0), *rest = outer;
    for (int i = 1; i < result->rank; i++) {
        ir_op *dim = lw_extent(b, &k->dims, result->dims[result->rank - 1 - i]);
        if (!is_stretched(operand, result, i)) {
            start = lw_add(b, start, lw_mul(b, lw_rem(b, rest, dim), stride));
            stride = lw_mul(b, stride, dim);
        }
        rest = lw_div(b, rest, dim);
    }
    return start;
}

typedef struct place {
    ir_op *outer, *inner, *mask, *core;
    int lanes;
} place;

static ir_op *load_arg(lw_kernel *k, const ir_type *type, int arg, const place *p)
{
    ir_builder *b = &k->b;
    ir_op *buffer = k->arg_buffers[arg];
    const ir_type *result = k->region->result->type;
    if (has_one_element(type) || is_stretched(type, result, 0)) {
        ir_op *index = has_one_element(type) ? lw_imm(b, 0) : row_start(k, type, p->outer);
        return lw_splat(b, lw_load(b, ir_scalar(k->module, type->dtype), buffer, index, 0, NULL), p->lanes);
    }
    ir_op *index = lw_add(b, row_start(k, type, p->outer), p->inner);
    return lw_load(b, ir_vector(k->module, type->dtype, p->lanes), buffer, index, 0, p->mask);
}

ir_op *lw_operand(lw_kernel *k, const ir_op *arg, ir_op *outer, ir_op *inner, int lanes, ir_op *mask)
{
    place p = {outer, inner, mask, NULL, lanes};
    return load_arg(k, arg->type, (int)ir_get_int(arg, "n", 0), &p);
}

/* The core's value: the bias of a sum of products added, rounded to its dtype. */
static ir_op *core_value(lw_kernel *k, const ir_op *op, const place *p)
{
    ir_op *value = p->core;
    int bias = k->region->bias_arg;
    if (bias >= 0) {
        ir_op *addend = k->region->contraction.planes
                            ? lw_splat(&k->b, lw_load_compute(k, 1, k->arg_buffers[bias], k->row, 0, NULL), p->lanes)
                            : lw_cast(&k->b, load_arg(k, op->args[2]->type, bias, p), value->type->dtype);
        value = ir_build2(&k->b, IR_OP_add, value->type, value, addend);
    }
    return lw_cast(&k->b, value, op->type->dtype);
}

static ir_op *evaluate(lw_kernel *k, const ir_op *op, const place *p)
{
    ir_builder *b = &k->b;
    const ir_type *type = ir_vector(k->module, op->type->dtype, p->lanes);
    if (op->code == IR_OP_arg)
        return load_arg(k, op->type, (int)ir_get_int(op, "n", 0), p);
    if (op == k->region->core)
        return core_value(k, op, p);
    if (op->code == IR_OP_const) {
        ir_op *constant = ir_clone(b, op, NULL);
        constant->type = type;
        return constant;
    }
    if (op->code == IR_OP_extent) {
        const ir_extent *extent;
        bool there = ir_get_extents(k->module, op, "value", 1, &extent);
        assert(there);
        (void)there;
        return lw_splat(b, lw_cast(b, lw_extent(b, &k->dims, extent), op->type->dtype), p->lanes);
    }
    ir_op *args[3];
    assert(op->nargs <= 3);
    for (int i = 0; i < op->nargs; i++)
        args[i] = op->args[i]->mark;
    ir_op *value = ir_clone(b, op, args);
    value->type = type;
    return value;
}

/* Operands of the core, and what makes them, are the nest's to read. */
static bool feeds_core_only(const lw_kernel *k, const ir_op *op)
{
    const lw_region *region = k->region;
    if (!region->core || op == region->core || op == region->result)
        return false;
    for (const ir_op *user = op->next; user; user = user->next)
        for (int i = 0; i < user->nargs; i++)
            if (user->args[i] == op && user != region->core && !feeds_core_only(k, user))
                return false;
    return true;
}

ir_op *lw_fed(lw_kernel *k, ir_op *sums)
{
    place p = {NULL, NULL, NULL, NULL, k->lanes};
    const lw_contraction *c = &k->region->contraction;
    const ir_op *fed = c->op->args[0];
    if (fed == c->producer)
        return sums;
    ((ir_op *)c->producer)->mark = sums;
    for (ir_op *op = k->region->fused->body.first; op != c->op; op = op->next)
        if (op->code == IR_OP_const || (op != c->producer && op->nargs && graph_is_elementwise(op) && feeds_core_only(k, op)))
            op->mark = evaluate(k, op, &p);
    ir_op *value = fed->mark;
    for (ir_op *op = k->region->fused->body.first; op; op = op->next)
        op->mark = NULL;
    return lw_cast(&k->b, value, k->scalar->dtype);
}

ir_op *lw_pointwise(lw_kernel *k, ir_op *outer, ir_op *inner, int lanes, ir_op *mask, ir_op *core)
{
    place p = {outer, inner, mask, core, lanes};
    for (ir_op *op = k->region->fused->body.first; op; op = op->next)
        if (!feeds_core_only(k, op))
            op->mark = evaluate(k, op, &p);
    ir_op *value = k->region->result->mark;
    for (ir_op *op = k->region->fused->body.first; op; op = op->next)
        op->mark = NULL;
    return value;
}

void lw_finish(lw_kernel *k, ir_op *outer, ir_op *inner, int lanes, ir_op *mask, ir_op *core)
{
    ir_builder *b = &k->b;
    ir_op *value = lw_pointwise(k, outer, inner, lanes, mask, core);
    ir_op *last = lw_extent(b, &k->dims, lw_last_extent(k->region->result->type, k->module));
    lw_store(b, value, k->out, lw_add(b, lw_mul(b, outer, last), inner), 0, mask);
}

/* ---- the nest of regions without a core ---- */

enum { TILE_ELEMENTS = 16384, TILE_ROWS = 16 };

/* How many of the last axes make a row: those that each operand has all of, or none of. */
static int row_axes(const lw_kernel *k)
{
    const ir_type *result = k->region->result->type;
    int axes = result->rank;
    for (const ir_op *op = k->region->fused->body.first; op; op = op->next) {
        if (op->code != IR_OP_arg || has_one_element(op->type))
            continue;
        int same = 1;
        while (same < axes && is_stretched(op->type, result, same) == is_stretched(op->type, result, 0))
            same++;
        axes = same < axes ? same : axes;
    }
    return axes;
}

/* Product of the axes from .. to of the result. */
static const ir_extent *product_of(const lw_kernel *k, int from, int to)
{
    const ir_extent *product = ir_extent_const(k->module, 1);
    for (int i = from; i < to; i++)
        product = ir_extent_mul(k->module, product, k->region->result->type->dims[i]);
    return product;
}

static int64_t rows_of_tile(const ir_extent *row)
{
    int64_t length;
    if (!ir_extent_is_const(row, &length))
        return TILE_ROWS;
    return length >= TILE_ELEMENTS ? 1 : TILE_ELEMENTS / (length ? length : 1);
}

int64_t lw_tile_rows(const lw_kernel *k)
{
    return rows_of_tile(lw_last_extent(k->region->result->type, k->module));
}

static const char *refuses(const lw_kernel *k)
{
    (void)k;
    return NULL;
}

static void measure(lw_kernel *k)
{
    ir_module *m = k->module;
    const int rank = k->region->result->type->rank, axes = row_axes(k);
    const ir_extent *outer = product_of(k, 0, rank - axes), *length = product_of(k, rank - axes, rank);
    k->units = axes == rank ? ir_extent_ceildiv(m, length, ir_extent_const(m, TILE_ELEMENTS))
                            : ir_extent_ceildiv(m, outer, ir_extent_const(m, rows_of_tile(length)));
}

/* One row, or the flat vector: whole vectors, then a masked one. */
static void build_row(lw_kernel *k, ir_op *outer, ir_op *lo, ir_op *hi)
{
    ir_builder *b = &k->b;
    ir_op *whole = lw_add(b, lo, lw_muli(b, lw_divi(b, lw_sub(b, hi, lo), k->lanes), k->lanes));
    lw_scope loop = lw_for(b, lo, whole, lw_imm(b, k->lanes));
    lw_finish(k, outer, loop.op, k->lanes, NULL, NULL);
    lw_end(b, &loop);
    if (k->lanes == 1)
        return;
    lw_scope rest = lw_if(b, lw_compare(b, IR_OP_lt, whole, hi));
    lw_finish(k, outer, whole, k->lanes, lw_tailmask(b, lw_sub(b, hi, whole), k->lanes), NULL);
    lw_end(b, &rest);
}

static void build(lw_kernel *k)
{
    ir_builder *b = &k->b;
    const int rank = k->region->result->type->rank, axes = row_axes(k);
    const ir_extent *row = product_of(k, rank - axes, rank);
    ir_op *length = lw_extent(b, &k->dims, row), *rows_of_all = lw_extent(b, &k->dims, product_of(k, 0, rank - axes));
    const bool flat = axes == rank;
    const int64_t unit = flat ? TILE_ELEMENTS : rows_of_tile(row);
    ir_op *lo = lw_muli(b, k->tile_lo, unit), *hi = lw_min(b, lw_muli(b, k->tile_hi, unit), flat ? length : rows_of_all);
    if (flat) {
        build_row(k, lw_imm(b, 0), lo, hi);
        return;
    }
    ir_op *inside = lw_extent(b, &k->dims, product_of(k, rank - axes, rank - 1)); /* of a row, along all but the last axis */
    lw_scope rows = lw_for(b, lo, hi, lw_imm(b, 1));
    build_row(k, lw_mul(b, rows.op, inside), lw_imm(b, 0), length);
    lw_end(b, &rows);
}

const lw_nest lw_nest_pointwise = {"pointwise", refuses, measure, build};
