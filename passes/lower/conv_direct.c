/* conv_direct: conv2d whose filters are no packed weight but an input or an expression, of any extents. Filters and image
 * both have their inputs contiguous: lanes run along them and are added up at the end of each result. */
#include "passes/lower/lower.h"

typedef struct direct_nest {
    lw_kernel *k;
    const ir_op *core;
    lw_window w;
    ir_op *in[2], *out[2], *size[2], *before[2], *inputs, *outputs;
    ir_op *slots[LW_ROW_SLOTS]; /* regs */
    ir_op *pixel, *filter;      /* elements where the inputs of the tap at work begin */
} direct_nest;

static const char *refuses(const lw_kernel *k)
{
    (void)k;
    return NULL;
}

static void measure(lw_kernel *k)
{
    const ir_type *y = k->region->core->type;
    k->units = ir_extent_mul(k->module, y->dims[0], y->dims[1]);
}

static void add_vector(void *ctx, ir_op *index, ir_op *mask, int slot)
{
    direct_nest *n = ctx;
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    const lw_contraction *c = &k->region->contraction;
    ir_op *x = lw_load_compute(k, k->lanes, k->arg_buffers[c->b_arg], lw_add(b, n->pixel, index), 0, mask);
    ir_op *w = lw_load_compute(k, k->lanes, k->arg_buffers[c->a_arg], lw_add(b, n->filter, index), 0, mask);
    lw_set(b, n->slots[slot], lw_multiply_add(k, w, x, lw_get(b, n->slots[slot])));
}

static ir_op *sum_of(direct_nest *n)
{
    ir_builder *b = &n->k->b;
    ir_op *parts[LW_ROW_SLOTS];
    for (int i = 0; i < LW_ROW_SLOTS; i++)
        parts[i] = lw_get(b, n->slots[i]);
    for (int half = LW_ROW_SLOTS / 2; half; half /= 2)
        for (int i = 0; i < half; i++)
            parts[i] = ir_build2(b, IR_OP_add, parts[i]->type, parts[i], parts[i + half]);
    return n->k->lanes > 1 ? ir_build1(b, IR_OP_reduce_add, NULL, parts[0]) : parts[0];
}

/* A row or column of the image, and whether it is one. */
static ir_op *place(direct_nest *n, int axis, ir_op *at, ir_op *tap, ir_op **inside)
{
    ir_builder *b = &n->k->b;
    ir_op *start = lw_sub(b, lw_muli(b, at, n->w.stride[axis]), n->before[axis]);
    ir_op *position = lw_add(b, start, lw_muli(b, tap, n->w.step[axis]));
    ir_op *above = lw_compare(b, IR_OP_ge, position, lw_imm(b, 0));
    *inside = ir_build2(b, IR_OP_and, above->type, above, lw_compare(b, IR_OP_lt, position, n->in[axis]));
    return position;
}

/* One result: all taps of the window. */
static void one_result(direct_nest *n, ir_op *image, ir_op *oy, ir_op *ox, ir_op *output, ir_op *outer)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    ir_op *row_inside, *inside;
    for (int i = 0; i < LW_ROW_SLOTS; i++)
        lw_set(b, n->slots[i], ir_const_int(b, k->vector, 0));
    lw_scope ky = lw_for(b, lw_imm(b, 0), n->size[0], lw_imm(b, 1));
    ir_op *y = place(n, 0, oy, ky.op, &row_inside);
    lw_scope valid_row = lw_if(b, row_inside);
    lw_scope kx = lw_for(b, lw_imm(b, 0), n->size[1], lw_imm(b, 1));
    ir_op *x = place(n, 1, ox, kx.op, &inside);
    lw_scope valid = lw_if(b, inside);
    ir_op *row = lw_add(b, lw_mul(b, image, n->in[0]), y);
    n->pixel = lw_mul(b, lw_add(b, lw_mul(b, row, n->in[1]), x), n->inputs);
    ir_op *tap_row = lw_add(b, lw_mul(b, output, n->size[0]), ky.op);
    n->filter = lw_mul(b, lw_add(b, lw_mul(b, tap_row, n->size[1]), kx.op), n->inputs);
    lw_over_row(k, n->inputs, add_vector, n);
    lw_end(b, &valid);
    lw_end(b, &kx);
    lw_end(b, &valid_row);
    lw_end(b, &ky);
    lw_finish(k, outer, output, 1, NULL, sum_of(n));
}

static void build(lw_kernel *k)
{
    ir_builder *b = &k->b;
    direct_nest nest = {.k = k, .core = k->region->core}, *n = &nest;
    lw_window_of(k->module, n->core, &n->w);
    for (int i = 0; i < 2; i++) {
        n->in[i] = lw_extent(b, &k->dims, n->w.in[i]);
        n->out[i] = lw_extent(b, &k->dims, n->w.out[i]);
        n->size[i] = lw_extent(b, &k->dims, n->w.size[i]);
        n->before[i] = lw_extent(b, &k->dims, n->w.before[i]);
    }
    n->inputs = lw_extent(b, &k->dims, n->w.inputs);
    n->outputs = lw_extent(b, &k->dims, k->region->contraction.rows);
    for (int i = 0; i < LW_ROW_SLOTS; i++)
        n->slots[i] = lw_reg(b, k->vector);
    lw_scope rows = lw_for(b, k->tile_lo, k->tile_hi, lw_imm(b, 1));
    ir_op *image = lw_div(b, rows.op, n->out[0]), *oy = lw_rem(b, rows.op, n->out[0]);
    lw_scope columns = lw_for(b, lw_imm(b, 0), n->out[1], lw_imm(b, 1));
    lw_scope outputs = lw_for(b, lw_imm(b, 0), n->outputs, lw_imm(b, 1));
    one_result(n, image, oy, columns.op, outputs.op, lw_add(b, lw_mul(b, rows.op, n->out[1]), columns.op));
    lw_end(b, &outputs);
    lw_end(b, &columns);
    lw_end(b, &rows);
}

const lw_nest lw_nest_conv_direct = {"conv_direct", refuses, measure, build};
