/* conv_panel: the geometry of packed convolutions, the table of offsets, and copying a band of the image into planes. */
#include "passes/lower/conv.h"

/* ---- geometry ---- */

static int64_t gcd(int64_t a, int64_t b)
{
    return b ? gcd(b, a % b) : a;
}

static conv_axis axis_of(const lw_window *w, int i)
{
    conv_axis a = {.stride = w->stride[i], .step = w->step[i]};
    ir_extent_is_const(w->size[i], &a.taps);
    int64_t apart = gcd(a.step, a.stride), all = a.stride / apart;
    a.between = a.taps <= all ? 0 : apart;
    a.phases = a.between ? all : a.taps;
    a.overlap = a.between ? (a.taps - 1) * a.step / a.stride : 0;
    return a;
}

static const ir_extent *constant(const lw_kernel *k, int64_t value)
{
    return ir_extent_const(k->module, value);
}

static const ir_extent *plus(const lw_kernel *k, const ir_extent *e, int64_t n)
{
    return ir_extent_add(k->module, e, constant(k, n));
}

static const ir_extent *times(const lw_kernel *k, const ir_extent *e, int64_t n)
{
    return ir_extent_mul(k->module, e, constant(k, n));
}

static const ir_extent *round_up(const lw_kernel *k, const ir_extent *e, int64_t unit)
{
    return times(k, ir_extent_ceildiv(k->module, e, constant(k, unit)), unit);
}

/* A band's panel fills half of the L2 cache at most, but holds a few vectors of results; bands of an image are of nearly
 * the same height. Where the width is not known, four rows. */
enum { UNKNOWN_ROWS = 4 };

static void choose_bands(const lw_kernel *k, conv_shape *s)
{
    int64_t height, width, rows = UNKNOWN_ROWS;
    int64_t l2 = k->target->l2_bytes ? k->target->l2_bytes : 262144;
    if (ir_extent_is_const(s->pitch, &width) && width) {
        int64_t row = width * s->inputs * s->axes[0].phases * s->axes[1].phases * ir_dtype_of(k->scalar->dtype)->bytes;
        int64_t least = (k->terms->tile_cols + width - 1) / width;
        rows = l2 / 2 / row - s->axes[0].overlap;
        rows = rows < least ? least : rows;
    }
    if (ir_extent_is_const(s->w.out[0], &height) && height) {
        int64_t bands = (height + rows - 1) / rows;
        rows = (height + bands - 1) / bands;
    }
    s->band_rows = constant(k, rows);
    s->bands = ir_extent_ceildiv(k->module, s->w.out[0], s->band_rows);
}

/* Whole groups are written and whole vectors read, and places past the end need one. */
static const ir_extent *sums_rows(const lw_kernel *k)
{
    const ir_extent *rows = k->region->contraction.rows;
    return plus(k, ir_extent_max(k->module, round_up(k, rows, k->lanes), round_up(k, rows, lw_group_rows(k->storage))), k->lanes);
}

void conv_shape_of(const lw_kernel *k, conv_shape *s)
{
    const lw_contraction *c = &k->region->contraction;
    int64_t bytes = ir_dtype_of(k->scalar->dtype)->bytes, width = k->terms->tile_cols, elements;
    *s = (conv_shape){.columns = lw_columns_reached(k->storage)};
    lw_window_of(k->module, c->op, &s->w);
    for (int i = 0; i < 2; i++)
        s->axes[i] = axis_of(&s->w, i);
    ir_extent_is_const(s->w.inputs, &s->inputs);
    if (k->storage->request.ktile)
        s->columns = lw_ktile_count(k->storage) * k->storage->request.ktile;
    s->pitch = plus(k, s->w.out[1], s->axes[1].overlap);
    choose_bands(k, s);
    /* A vector stored or read at the end of a row or plane must not reach the next one's beginning. */
    const ir_extent *rows = plus(k, s->band_rows, s->axes[0].overlap);
    s->plane = plus(k, ir_extent_mul(k->module, rows, s->pitch), k->lanes);
    s->phase = times(k, s->plane, s->inputs);
    s->blocks = ir_extent_ceildiv(k->module, ir_extent_mul(k->module, s->band_rows, s->pitch), constant(k, width));
    const ir_extent *planes = times(k, s->phase, s->axes[0].phases * s->axes[1].phases);
    const ir_extent *zeros = plus(k, times(k, s->blocks, width), width + s->axes[1].overlap);
    const ir_extent *panel = ir_extent_add(k->module, planes, zeros);
    s->narrow = ir_extent_is_const(panel, &elements) && elements < INT32_MAX;
    s->table_bytes = round_up(k, constant(k, s->columns * (s->narrow ? 4 : 8)), 64);
    s->panel_bytes = round_up(k, times(k, panel, bytes), 64);
    s->sums_bytes = round_up(k, times(k, sums_rows(k), width * bytes), 64);
}

/* ---- the table ---- */

static ir_op *phase_of(ir_builder *b, const conv_axis *a, ir_op *tap)
{
    if (!a->between)
        return tap;
    return lw_divi(b, lw_rem(b, lw_muli(b, tap, a->step), lw_imm(b, a->stride)), a->between);
}

static ir_op *rows_down(ir_builder *b, const conv_axis *a, ir_op *tap)
{
    return a->between ? lw_divi(b, lw_muli(b, tap, a->step), a->stride) : lw_imm(b, 0);
}

static void set_entry(const conv_panel *p, ir_op *column, ir_op *element)
{
    lw_store(&p->k->b, lw_cast(&p->k->b, element, p->table->type->dtype), p->table, column, 0, NULL);
}

/* Columns past the last one have a zero in every row, and zeros as activations. */
void conv_fill_table(const conv_panel *p)
{
    ir_builder *b = &p->k->b;
    const conv_shape *s = p->shape;
    const conv_axis *ay = &s->axes[0], *ax = &s->axes[1];
    int64_t depth = ay->taps * ax->taps * s->inputs;
    lw_scope ky = lw_for(b, lw_imm(b, 0), lw_imm(b, ay->taps), lw_imm(b, 1));
    lw_scope kx = lw_for(b, lw_imm(b, 0), lw_imm(b, ax->taps), lw_imm(b, 1));
    ir_op *phase = lw_add(b, lw_muli(b, phase_of(b, ay, ky.op), ax->phases), phase_of(b, ax, kx.op));
    ir_op *shift = lw_add(b, lw_mul(b, rows_down(b, ay, ky.op), p->pitch), rows_down(b, ax, kx.op));
    ir_op *first = lw_add(b, lw_mul(b, phase, p->phase), shift);
    ir_op *column = lw_muli(b, lw_add(b, lw_muli(b, ky.op, ax->taps), kx.op), s->inputs);
    lw_scope inputs = lw_for(b, lw_imm(b, 0), lw_imm(b, s->inputs), lw_imm(b, 1));
    set_entry(p, lw_add(b, column, inputs.op), lw_add(b, first, lw_mul(b, inputs.op, p->plane)));
    lw_end(b, &inputs);
    lw_end(b, &kx);
    lw_end(b, &ky);
    ir_op *zeros = lw_muli(b, p->phase, ay->phases * ax->phases);
    lw_scope rest = lw_for(b, lw_imm(b, depth), lw_imm(b, s->columns), lw_imm(b, 1));
    set_entry(p, rest.op, zeros);
    lw_end(b, &rest);
    /* The zeros themselves, and what vectors read behind the last plane. */
    ir_op *end = lw_divi(b, lw_extent(b, &p->k->dims, s->panel_bytes), ir_dtype_of(p->k->scalar->dtype)->bytes);
    lw_scope clear = lw_for(b, zeros, end, lw_imm(b, 1));
    lw_store(b, ir_const_int(b, p->k->scalar, 0), p->panel, clear.op, 0, NULL);
    lw_end(b, &clear);
}

/* ---- packing ---- */

/* A row of one phase: where it comes from and goes to. */
typedef struct conv_row {
    ir_op *inside;  /* bool: it lies in the image */
    ir_op *source;  /* element of the image where the row begins */
    ir_op *target;  /* element of the panel's plane of input 0 */
    ir_op *first;   /* column of the image that column 0 is; may be negative */
    ir_op *regs[64];
} conv_row;

static ir_op *both(ir_builder *b, ir_op *x, ir_op *y)
{
    return ir_build2(b, IR_OP_and, x->type, x, y);
}

/* Padded row or column where the phase begins, against the image. */
static ir_op *phase_start(const conv_panel *p, int axis, ir_op *phase)
{
    ir_builder *b = &p->k->b;
    const conv_axis *a = &p->shape->axes[axis];
    return lw_sub(b, lw_muli(b, phase, a->between ? a->between : a->step), p->before[axis]);
}

/* lanes pixels from column x on x lanes inputs from c on, as many as are left; what lies outside is zero. */
static void load_block(const conv_panel *p, const conv_row *row, ir_op *x, ir_op *c, ir_op *left)
{
    lw_kernel *k = p->k;
    ir_builder *b = &k->b;
    ir_op *image = k->arg_buffers[k->region->contraction.b_arg], *none = lw_imm(b, 0);
    const conv_axis *a = &p->shape->axes[1];
    ir_op *first = lw_add(b, row->first, lw_muli(b, x, a->stride));
    ir_op *last = lw_addi(b, first, (k->lanes - 1) * a->stride);
    ir_op *from = lw_add(b, lw_add(b, row->source, lw_muli(b, first, p->shape->inputs)), c);
    ir_op *whole = both(b, row->inside, lw_compare(b, IR_OP_ge, left, lw_imm(b, k->lanes)));
    whole = both(b, whole, lw_compare(b, IR_OP_ge, first, none));
    whole = both(b, whole, lw_compare(b, IR_OP_lt, last, p->in[1]));
    lw_scope full = lw_if(b, whole);
    for (int i = 0; i < k->lanes; i++)
        lw_set(b, row->regs[i], lw_load_compute(k, k->lanes, image, from, i * a->stride * p->shape->inputs, NULL));
    lw_else(b, &full);
    for (int i = 0; i < k->lanes; i++) {
        ir_op *column = lw_addi(b, first, i * a->stride);
        ir_op *inside = both(b, row->inside, lw_compare(b, IR_OP_ge, column, none));
        inside = both(b, inside, lw_compare(b, IR_OP_lt, column, p->in[1]));
        ir_op *mask = lw_tailmask(b, ir_build3(b, IR_OP_select, left->type, inside, left, none), k->lanes);
        lw_set(b, row->regs[i], lw_load_compute(k, k->lanes, image, from, i * a->stride * p->shape->inputs, mask));
    }
    lw_end(b, &full);
}

/* The block transposed: `count` inputs, each a vector of pixels in its plane. */
static void store_block(const conv_panel *p, const conv_row *row, ir_op *x, ir_op *c, int64_t count)
{
    lw_kernel *k = p->k;
    ir_builder *b = &k->b;
    ir_op *block[64];
    for (int i = 0; i < k->lanes; i++)
        block[i] = lw_get(b, row->regs[i]);
    lw_transpose(k, block, k->lanes);
    ir_op *to = lw_add(b, row->target, x);
    for (int i = 0; i < count; i++)
        lw_store(b, block[i], p->panel, lw_add(b, to, lw_mul(b, lw_addi(b, c, i), p->plane)), 0, NULL);
}

static void pack_row(const conv_panel *p, const conv_row *row)
{
    lw_kernel *k = p->k;
    ir_builder *b = &k->b;
    int64_t inputs = p->shape->inputs, whole = inputs / k->lanes * k->lanes;
    lw_scope pixels = lw_for(b, lw_imm(b, 0), p->pitch, lw_imm(b, k->lanes));
    lw_scope channels = lw_for(b, lw_imm(b, 0), lw_imm(b, whole), lw_imm(b, k->lanes));
    load_block(p, row, pixels.op, channels.op, lw_imm(b, k->lanes));
    store_block(p, row, pixels.op, channels.op, k->lanes);
    lw_end(b, &channels);
    if (inputs > whole) {
        load_block(p, row, pixels.op, lw_imm(b, whole), lw_imm(b, inputs - whole));
        store_block(p, row, pixels.op, lw_imm(b, whole), inputs - whole);
    }
    lw_end(b, &pixels);
}

/* Rows ascend within each plane, so that what a row's last vector writes too much is written over. */
void conv_pack(const conv_panel *p, ir_op *image, ir_op *y0)
{
    lw_kernel *k = p->k;
    ir_builder *b = &k->b;
    const conv_shape *s = p->shape;
    conv_row row;
    for (int i = 0; i < k->lanes; i++)
        row.regs[i] = lw_reg(b, k->vector);
    lw_scope py = lw_for(b, lw_imm(b, 0), lw_imm(b, s->axes[0].phases), lw_imm(b, 1));
    lw_scope px = lw_for(b, lw_imm(b, 0), lw_imm(b, s->axes[1].phases), lw_imm(b, 1));
    ir_op *phase = lw_mul(b, lw_add(b, lw_muli(b, py.op, s->axes[1].phases), px.op), p->phase);
    row.first = phase_start(p, 1, px.op);
    ir_op *top = lw_add(b, phase_start(p, 0, py.op), lw_muli(b, y0, s->axes[0].stride));
    ir_op *count = lw_addi(b, lw_extent(b, &k->dims, s->band_rows), s->axes[0].overlap);
    lw_scope rows = lw_for(b, lw_imm(b, 0), count, lw_imm(b, 1));
    ir_op *y = lw_add(b, top, lw_muli(b, rows.op, s->axes[0].stride));
    row.inside = both(b, lw_compare(b, IR_OP_ge, y, lw_imm(b, 0)), lw_compare(b, IR_OP_lt, y, p->in[0]));
    ir_op *line = lw_add(b, lw_mul(b, image, p->in[0]), y);
    row.source = lw_muli(b, lw_mul(b, line, p->in[1]), s->inputs);
    row.target = lw_add(b, phase, lw_mul(b, rows.op, p->pitch));
    pack_row(p, &row);
    lw_end(b, &rows);
    lw_end(b, &px);
    lw_end(b, &py);
}
