/* channels: the nest of ops that see a window of each channel by itself: depthwise_conv2d, maxpool2d, avgpool2d.
 *
 * A tile is a row of the result. Lanes run along the channels, which are contiguous; each vector of results walks the part
 * of its window that lies in the image, row by row. Sums are added in that order whatever the number of tasks. */
#include "passes/lower/lower.h"

typedef struct channel_nest {
    lw_kernel *k;
    const ir_op *core;
    lw_window w;
    ir_op *in[2], *out[2], *size[2], *before[2], *channels;
    ir_op *sum;                  /* reg: the vector of results at work */
    ir_op *row;                  /* of the result, over all images */
    ir_op *image;                /* element of the argument where the row's image begins */
    ir_op *start[2];             /* row and column of the window's first element, which may lie outside */
    ir_op *first[2], *last[2];   /* what of the window lies inside: [first, last) */
} channel_nest;

static bool multiplies(const channel_nest *n)
{
    return n->core->code == IR_OP_depthwise_conv2d;
}

static ir_op *argument(const channel_nest *n, int i)
{
    return n->k->arg_buffers[ir_get_int(n->core->args[i], "n", 0)];
}

/* Elements e of the window with 0 <= start + e * step < in. */
static void clip_axis(channel_nest *n, int axis, ir_op *position)
{
    ir_builder *b = &n->k->b;
    int64_t step = n->w.step[axis];
    ir_op *zero = lw_imm(b, 0);
    n->start[axis] = lw_sub(b, lw_muli(b, position, n->w.stride[axis]), n->before[axis]);
    n->first[axis] = lw_ceildivi(b, lw_max(b, lw_sub(b, zero, n->start[axis]), zero), step);
    ir_op *inside = lw_ceildivi(b, lw_max(b, lw_sub(b, n->in[axis], n->start[axis]), zero), step);
    n->last[axis] = lw_min(b, inside, n->size[axis]);
}

static ir_op *combined(channel_nest *n, ir_op *x, ir_op *tap, ir_op *channel, ir_op *mask)
{
    lw_kernel *k = n->k;
    ir_op *sum = lw_get(&k->b, n->sum);
    if (!multiplies(n))
        return ir_build2(&k->b, n->core->code == IR_OP_maxpool2d ? IR_OP_max : IR_OP_add, x->type, x, sum);
    ir_op *weight = lw_add(&k->b, lw_mul(&k->b, tap, n->channels), channel);
    return lw_multiply_add(k, x, lw_load_compute(k, k->lanes, argument(n, 1), weight, 0, mask), sum);
}

/* Walks the window's part inside the image for a vector of channels. */
static void walk_window(channel_nest *n, ir_op *channel, ir_op *mask)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    lw_scope rows = lw_for(b, n->first[0], n->last[0], lw_imm(b, 1));
    ir_op *y = lw_add(b, n->start[0], lw_muli(b, rows.op, n->w.step[0]));
    lw_scope columns = lw_for(b, n->first[1], n->last[1], lw_imm(b, 1));
    ir_op *x = lw_add(b, n->start[1], lw_muli(b, columns.op, n->w.step[1]));
    ir_op *pixel = lw_mul(b, lw_add(b, lw_mul(b, y, n->in[1]), x), n->channels);
    ir_op *tap = lw_add(b, lw_mul(b, rows.op, n->size[1]), columns.op);
    ir_op *value = lw_load_compute(k, k->lanes, argument(n, 0), lw_add(b, lw_add(b, n->image, pixel), channel), 0, mask);
    lw_set(b, n->sum, combined(n, value, tap, channel, mask));
    lw_end(b, &columns);
    lw_end(b, &rows);
}

/* Padding does not count in the divisor. */
static ir_op *average(channel_nest *n, ir_op *sum)
{
    ir_builder *b = &n->k->b;
    ir_op *count = lw_imm(b, 1);
    for (int i = 0; i < 2; i++)
        count = lw_mul(b, count, lw_max(b, lw_sub(b, n->last[i], n->first[i]), lw_imm(b, 0)));
    return ir_build2(b, IR_OP_div, sum->type, sum, lw_splat(b, lw_cast(b, count, sum->type->dtype), ir_lanes(sum->type)));
}

static void one_vector(channel_nest *n, ir_op *outer, ir_op *channel, ir_op *mask)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    bool largest = n->core->code == IR_OP_maxpool2d;
    lw_set(b, n->sum, largest ? lw_least(b, k->vector) : ir_const_int(b, k->vector, 0));
    walk_window(n, channel, mask);
    ir_op *sum = lw_get(b, n->sum);
    lw_finish(k, outer, channel, k->lanes, mask, n->core->code == IR_OP_avgpool2d ? average(n, sum) : sum);
}

/* All channels of one pixel of the result. */
static void one_pixel(channel_nest *n, ir_op *x)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    clip_axis(n, 1, x);
    ir_op *outer = lw_add(b, lw_mul(b, n->row, n->out[1]), x);
    ir_op *whole = lw_muli(b, lw_divi(b, n->channels, k->lanes), k->lanes);
    lw_scope vectors = lw_for(b, lw_imm(b, 0), whole, lw_imm(b, k->lanes));
    one_vector(n, outer, vectors.op, NULL);
    lw_end(b, &vectors);
    if (k->lanes == 1)
        return;
    lw_scope rest = lw_if(b, lw_compare(b, IR_OP_lt, whole, n->channels));
    one_vector(n, outer, whole, lw_tailmask(b, lw_sub(b, n->channels, whole), k->lanes));
    lw_end(b, &rest);
}

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

static void build(lw_kernel *k)
{
    ir_builder *b = &k->b;
    channel_nest nest = {.k = k, .core = k->region->core}, *n = &nest;
    lw_window_of(k->module, n->core, &n->w);
    for (int i = 0; i < 2; i++) {
        n->in[i] = lw_extent(b, &k->dims, n->w.in[i]);
        n->out[i] = lw_extent(b, &k->dims, n->w.out[i]);
        n->size[i] = lw_extent(b, &k->dims, n->w.size[i]);
        n->before[i] = lw_extent(b, &k->dims, n->w.before[i]);
    }
    n->channels = lw_extent(b, &k->dims, n->w.inputs);
    n->sum = lw_reg(b, k->vector);
    lw_scope rows = lw_for(b, k->tile_lo, k->tile_hi, lw_imm(b, 1));
    n->row = rows.op;
    clip_axis(n, 0, lw_rem(b, rows.op, n->out[0]));
    ir_op *size = lw_mul(b, lw_mul(b, n->in[0], n->in[1]), n->channels);
    n->image = lw_mul(b, lw_div(b, rows.op, n->out[0]), size);
    lw_scope pixels = lw_for(b, lw_imm(b, 0), n->out[1], lw_imm(b, 1));
    one_pixel(n, pixels.op);
    lw_end(b, &pixels);
    lw_end(b, &rows);
}

const lw_nest lw_nest_channels = {"channels", refuses, measure, build};
