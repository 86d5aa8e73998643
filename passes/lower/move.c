/* move: nests that only move elements: transpose, slice, pad, concat.
 *
 * transpose, slice and pad walk the result row by row; each row's coordinates give the element of the argument that
 * its first one is, and the stride along the row. concat copies its parts one behind the other. */
#include "passes/lower/lower.h"

#include <assert.h>
#include <string.h>

/* Along each axis of the result: which axis of the argument, and what to add to its coordinate. */
typedef struct axis_map {
    int axis;
    ir_op *shift; /* NULL: 0 */
    bool bounded; /* pad: the coordinate may lie outside the argument */
} axis_map;

typedef struct move_nest {
    lw_kernel *k;
    const ir_op *core;
    const ir_type *from, *to;
    axis_map maps[IR_MAX_RANK];
    ir_op *strides[IR_MAX_RANK]; /* of the argument */
    ir_op *inside;               /* bool: the row lies within the argument; NULL: always */
} move_nest;

static void map_axes(move_nest *n)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    const ir_op *op = n->core;
    const ir_extent *starts[IR_MAX_RANK] = {NULL};
    bool slices = op->code == IR_OP_slice, pads = op->code == IR_OP_pad;
    if (slices || pads) {
        bool there = ir_get_extents(k->module, op, slices ? "from" : "before", slices ? 1 : n->from->rank, starts);
        assert(there);
        (void)there;
    }
    for (int i = 0; i < n->to->rank; i++) {
        n->maps[i].axis = op->code == IR_OP_transpose ? (int)ir_attr_find(op, "perm")->ints[i] : i;
        if (slices && i == ir_get_int(op, "axis", 0))
            n->maps[i].shift = lw_extent(b, &k->dims, starts[0]);
        if (pads) {
            n->maps[i].shift = lw_sub(b, lw_imm(b, 0), lw_extent(b, &k->dims, starts[i]));
            n->maps[i].bounded = n->from->dims[i] != n->to->dims[i];
        }
    }
}

static ir_op *both(ir_builder *b, ir_op *x, ir_op *y)
{
    return x ? ir_build2(b, IR_OP_and, x->type, x, y) : y;
}

static ir_op *shifted(move_nest *n, int axis, ir_op *coordinate)
{
    return n->maps[axis].shift ? lw_add(&n->k->b, coordinate, n->maps[axis].shift) : coordinate;
}

/* The element of the argument at the row's coordinates, the last axis left out; sets n->inside. */
static ir_op *row_start(move_nest *n, ir_op *row)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    ir_op *start = lw_imm(b, 0);
    n->inside = NULL;
    for (int i = n->to->rank - 2; i >= 0; i--) {
        ir_op *extent = lw_extent(b, &k->dims, n->to->dims[i]);
        ir_op *coordinate = shifted(n, i, i ? lw_rem(b, row, extent) : row);
        row = i ? lw_div(b, row, extent) : row;
        if (n->maps[i].bounded) {
            ir_op *limit = lw_extent(b, &k->dims, n->from->dims[i]);
            n->inside = both(b, n->inside, lw_compare(b, IR_OP_ge, coordinate, lw_imm(b, 0)));
            n->inside = both(b, n->inside, lw_compare(b, IR_OP_lt, coordinate, limit));
        }
        start = lw_add(b, start, lw_mul(b, coordinate, n->strides[n->maps[i].axis]));
    }
    return start;
}

static ir_op *source(const move_nest *n)
{
    return n->k->arg_buffers[ir_get_int(n->core->args[0], "n", 0)];
}

typedef struct row_copy {
    move_nest *n;
    ir_op *row, *start;
} row_copy;

/* Lanes of [index, index + lanes) that lie within the argument's last axis, shifted. */
static ir_op *lanes_inside(move_nest *n, ir_op *index, ir_op *mask)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    int last = n->to->rank - 1;
    ir_op *limit = lw_extent(b, &k->dims, n->from->dims[last]), *from = shifted(n, last, index);
    ir_op *below = lw_tailmask(b, lw_sub(b, limit, from), k->lanes);
    ir_op *before = lw_tailmask(b, lw_sub(b, lw_imm(b, 0), from), k->lanes);
    ir_op *within = both(b, below, ir_build1(b, IR_OP_not, NULL, before));
    return mask ? both(b, within, mask) : within;
}

static void copy_vector(void *ctx, ir_op *index, ir_op *mask, int slot)
{
    row_copy *c = ctx;
    move_nest *n = c->n;
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    int last = n->to->rank - 1;
    (void)slot;
    ir_op *within = n->maps[last].bounded ? lanes_inside(n, index, mask) : mask;
    ir_op *element = lw_add(b, c->start, shifted(n, last, index));
    lw_finish(k, c->row, index, k->lanes, mask, lw_load_compute(k, k->lanes, source(n), element, 0, within));
}

static void zero_vector(void *ctx, ir_op *index, ir_op *mask, int slot)
{
    row_copy *c = ctx;
    lw_kernel *k = c->n->k;
    (void)slot;
    lw_finish(k, c->row, index, k->lanes, mask, ir_const_int(&k->b, k->vector, 0));
}

static void copy_row(move_nest *n, ir_op *row, ir_op *length)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    row_copy c = {n, row, row_start(n, row)};
    if (!n->inside) {
        lw_over_row(k, length, copy_vector, &c);
        return;
    }
    lw_scope scope = lw_if(b, n->inside);
    lw_over_row(k, length, copy_vector, &c);
    lw_else(b, &scope);
    lw_over_row(k, length, zero_vector, &c);
    lw_end(b, &scope);
}

/* The row runs across the argument: element by element. */
static void gather_row(move_nest *n, ir_op *row, ir_op *length)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    int last = n->to->rank - 1;
    ir_op *start = row_start(n, row);
    lw_scope loop = lw_for(b, lw_imm(b, 0), length, lw_imm(b, 1));
    ir_op *element = lw_add(b, start, lw_mul(b, loop.op, n->strides[n->maps[last].axis]));
    lw_finish(k, row, loop.op, 1, NULL, lw_load_compute(k, 1, source(n), element, 0, NULL));
    lw_end(b, &loop);
}

static const char *refuses(const lw_kernel *k)
{
    (void)k;
    return NULL;
}

static void measure_move(lw_kernel *k)
{
    ir_module *m = k->module;
    const ir_extent *rows = lw_outer_extent(k->region->core->type, m);
    k->units = ir_extent_ceildiv(m, rows, ir_extent_const(m, lw_tile_rows(k)));
}

static void build_move(lw_kernel *k)
{
    ir_builder *b = &k->b;
    const ir_op *core = k->region->core;
    move_nest n = {.k = k, .core = core, .from = core->args[0]->type, .to = core->type};
    int last = n.to->rank - 1;
    lw_strides(k, n.from, n.strides);
    map_axes(&n);
    ir_op *rows = lw_extent(b, &k->dims, lw_outer_extent(n.to, k->module));
    ir_op *length = lw_extent(b, &k->dims, lw_last_extent(n.to, k->module));
    ir_op *unit = lw_imm(b, lw_tile_rows(k));
    lw_scope loop = lw_for(b, lw_mul(b, k->tile_lo, unit), lw_min(b, lw_mul(b, k->tile_hi, unit), rows), lw_imm(b, 1));
    bool along = last < 0 || n.maps[last].axis == last;
    if (last < 0)
        lw_finish(k, loop.op, lw_imm(b, 0), 1, NULL, lw_load_compute(k, 1, source(&n), lw_imm(b, 0), 0, NULL));
    else
        (along ? copy_row : gather_row)(&n, loop.op, length);
    lw_end(b, &loop);
}

const lw_nest lw_nest_move = {"move", refuses, measure_move, build_move};

/* ---- concat ---- */

typedef struct part_copy {
    lw_kernel *k;
    ir_op *from, *source, *target;
} part_copy;

static void copy_part(void *ctx, ir_op *index, ir_op *mask, int slot)
{
    part_copy *p = ctx;
    ir_builder *b = &p->k->b;
    (void)slot;
    ir_op *value = lw_load(b, p->k->vector, p->from, lw_add(b, p->source, index), 0, mask);
    lw_store(b, value, p->k->out, lw_add(b, p->target, index), 0, mask);
}

static const ir_extent *product(ir_module *m, const ir_type *type, int lo, int hi)
{
    const ir_extent *p = ir_extent_const(m, 1);
    for (int i = lo; i < hi; i++)
        p = ir_extent_mul(m, p, type->dims[i]);
    return p;
}

static void measure_concat(lw_kernel *k)
{
    const ir_op *core = k->region->core;
    k->units = product(k->module, core->type, 0, (int)ir_get_int(core, "axis", 0));
}

static void build_concat(lw_kernel *k)
{
    ir_builder *b = &k->b;
    ir_module *m = k->module;
    const ir_op *core = k->region->core;
    int axis = (int)ir_get_int(core, "axis", 0);
    ir_op *whole = lw_extent(b, &k->dims, product(m, core->type, axis, core->type->rank));
    lw_scope loop = lw_for(b, k->tile_lo, k->tile_hi, lw_imm(b, 1));
    ir_op *target = lw_mul(b, loop.op, whole);
    for (int i = 0; i < core->nargs; i++) {
        const ir_op *arg = core->args[i];
        ir_op *length = lw_extent(b, &k->dims, product(m, arg->type, axis, arg->type->rank));
        part_copy p = {k, k->arg_buffers[ir_get_int(arg, "n", 0)], lw_mul(b, loop.op, length), target};
        lw_over_row(k, length, copy_part, &p);
        target = lw_add(b, target, length);
    }
    lw_end(b, &loop);
}

const lw_nest lw_nest_concat = {"concat", refuses, measure_concat, build_concat};
