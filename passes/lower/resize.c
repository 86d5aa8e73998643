/* resize: the nest of resize_bilinear. A tile is a row of the result; lanes run along the channels. Places are computed
 * in f64 as the interpreter does, so that both round them to the same two rows and columns; f32 holds the parts. */
#include "passes/lower/lower.h"

/* Where results lie on one axis of the argument. */
typedef struct between {
    ir_op *low, *high;      /* index */
    ir_op *far_part, *part; /* of low and of high, vectors of the compute dtype */
} between;

typedef struct resize_nest {
    lw_kernel *k;
    const ir_op *core;
    ir_op *in[2], *out[2], *channels;
    between y, x;
    ir_op *rows[2]; /* elements of the argument where the two rows begin */
} resize_nest;

static ir_op *f64(resize_nest *n, ir_op *index)
{
    return lw_cast(&n->k->b, index, IR_F64);
}

static ir_op *number(resize_nest *n, double value)
{
    return ir_const_float(&n->k->b, ir_scalar(n->k->module, IR_F64), value);
}

static ir_op *two(resize_nest *n, ir_opcode code, ir_op *a, ir_op *b)
{
    return ir_build2(&n->k->b, code, a->type, a, b);
}

static ir_op *source_place(resize_nest *n, int axis, ir_op *at)
{
    ir_builder *b = &n->k->b;
    ir_op *in = n->in[axis], *out = n->out[axis], *half = number(n, 0.5);
    if (ir_get_int(n->core, "align", 0)) {
        ir_op *gaps = lw_max(b, lw_addi(b, out, -1), lw_imm(b, 1)); /* one result lies at 0 whatever the divisor */
        return two(n, IR_OP_div, two(n, IR_OP_mul, f64(n, at), f64(n, lw_addi(b, in, -1))), f64(n, gaps));
    }
    if (!ir_get_int(n->core, "half_pixel", 0))
        return two(n, IR_OP_div, two(n, IR_OP_mul, f64(n, at), f64(n, in)), f64(n, out));
    ir_op *scaled = two(n, IR_OP_mul, two(n, IR_OP_add, f64(n, at), half), f64(n, in));
    return two(n, IR_OP_sub, two(n, IR_OP_div, scaled, f64(n, out)), half);
}

static ir_op *as_part(resize_nest *n, ir_op *value)
{
    return lw_splat(&n->k->b, lw_cast(&n->k->b, value, n->k->scalar->dtype), n->k->lanes);
}

static between place_of(resize_nest *n, int axis, ir_op *at)
{
    ir_builder *b = &n->k->b;
    between p;
    ir_op *end = lw_addi(b, n->in[axis], -1);
    ir_op *place = two(n, IR_OP_max, source_place(n, axis, at), number(n, 0));
    place = two(n, IR_OP_min, place, f64(n, end));
    p.low = lw_cast(b, place, IR_INDEX);
    p.high = lw_min(b, lw_addi(b, p.low, 1), end);
    ir_op *part = two(n, IR_OP_sub, place, f64(n, p.low));
    p.part = as_part(n, part);
    p.far_part = as_part(n, two(n, IR_OP_sub, number(n, 1), part));
    return p;
}

static ir_op *mix(resize_nest *n, ir_op *low, ir_op *high, const between *p)
{
    return lw_multiply_add(n->k, high, p->part, two(n, IR_OP_mul, low, p->far_part));
}

static ir_op *load(resize_nest *n, int row, ir_op *column, ir_op *channel, ir_op *mask)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
    ir_op *element = lw_add(b, lw_add(b, n->rows[row], lw_mul(b, column, n->channels)), channel);
    return lw_load_compute(k, k->lanes, k->arg_buffers[ir_get_int(n->core->args[0], "n", 0)], element, 0, mask);
}

static void one_vector(resize_nest *n, ir_op *outer, ir_op *channel, ir_op *mask)
{
    ir_op *mixed[2];
    for (int row = 0; row < 2; row++)
        mixed[row] = mix(n, load(n, row, n->x.low, channel, mask), load(n, row, n->x.high, channel, mask), &n->x);
    lw_finish(n->k, outer, channel, n->k->lanes, mask, mix(n, mixed[0], mixed[1], &n->y));
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

static void one_pixel(resize_nest *n, ir_op *outer)
{
    lw_kernel *k = n->k;
    ir_builder *b = &k->b;
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

static void build(lw_kernel *k)
{
    ir_builder *b = &k->b;
    resize_nest nest = {.k = k, .core = k->region->core}, *n = &nest;
    const ir_type *from = n->core->args[0]->type, *to = n->core->type;
    for (int i = 0; i < 2; i++) {
        n->in[i] = lw_extent(b, &k->dims, from->dims[i + 1]);
        n->out[i] = lw_extent(b, &k->dims, to->dims[i + 1]);
    }
    n->channels = lw_extent(b, &k->dims, to->dims[3]);
    lw_scope rows = lw_for(b, k->tile_lo, k->tile_hi, lw_imm(b, 1));
    ir_op *image = lw_mul(b, lw_div(b, rows.op, n->out[0]), n->in[0]), *pitch = lw_mul(b, n->in[1], n->channels);
    n->y = place_of(n, 0, lw_rem(b, rows.op, n->out[0]));
    n->rows[0] = lw_mul(b, lw_add(b, image, n->y.low), pitch);
    n->rows[1] = lw_mul(b, lw_add(b, image, n->y.high), pitch);
    lw_scope pixels = lw_for(b, lw_imm(b, 0), n->out[1], lw_imm(b, 1));
    n->x = place_of(n, 1, pixels.op);
    one_pixel(n, lw_add(b, lw_mul(b, rows.op, n->out[1]), pixels.op));
    lw_end(b, &pixels);
    lw_end(b, &rows);
}

const lw_nest lw_nest_resize = {"resize", refuses, measure, build};
