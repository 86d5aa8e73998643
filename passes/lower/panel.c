/* panel: copies of activations between layouts: packing a panel, transposing blocks in registers. */
#include "passes/lower/lower.h"

/* Merges neighbours at distance `half`: the two-source shuffles of one stage of the transpose. */
static ir_op *merge(lw_kernel *k, ir_op *x, ir_op *y, int lanes, int half, int upper)
{
    int64_t mask[64];
    for (int i = 0; i < lanes; i++) {
        int block = i / half % 2, base = i - block * half;
        mask[i] = (block ? lanes : 0) + base + upper * half;
    }
    ir_op *op = ir_build2(&k->b, IR_OP_shuffle, x->type, x, y);
    ir_set_ints(k->module, op, "mask", lanes, mask);
    return op;
}

void lw_transpose(lw_kernel *k, ir_op **rows, int lanes)
{
    for (int half = 1; half < lanes; half *= 2)
        for (int i = 0; i < lanes; i++) {
            if (i & half)
                continue;
            ir_op *x = rows[i], *y = rows[i + half];
            rows[i] = merge(k, x, y, lanes, half, 0);
            rows[i + half] = merge(k, x, y, lanes, half, 1);
        }
}

/* B has its columns contiguous: rows are copied, zeros past the columns and the depth. */
static void pack_rows(lw_kernel *k, ir_op *panel, ir_op *source, ir_op *first, ir_op *stride, ir_op *depth_left,
                      ir_op *cols_left, int64_t width, int64_t padded)
{
    ir_builder *b = &k->b;
    int lanes = k->lanes;
    ir_op *rows = padded ? lw_min(b, depth_left, lw_imm(b, padded)) : depth_left;
    lw_scope full = lw_if(b, lw_compare(b, IR_OP_ge, cols_left, lw_imm(b, width)));
    for (int masked = 0; masked < 2; masked++) {
        ir_op *masks[LW_MAX_ACCUMULATORS] = {NULL};
        for (int v = 0; masked && v < width / lanes; v++)
            masks[v] = lw_tailmask(b, lw_addi(b, cols_left, -(int64_t)v * lanes), lanes);
        lw_scope loop = lw_for(b, lw_imm(b, 0), rows, lw_imm(b, 1));
        ir_op *from = lw_add(b, first, lw_mul(b, loop.op, stride)), *to = lw_muli(b, loop.op, width);
        for (int v = 0; v < width / lanes; v++)
            lw_store(b, lw_load_compute(k, lanes, source, from, (int64_t)v * lanes, masks[v]), panel, to,
                     (int64_t)v * lanes, NULL);
        lw_end(b, &loop);
        if (!masked)
            lw_else(b, &full);
    }
    lw_end(b, &full);
    if (!padded)
        return;
    lw_scope rest = lw_for(b, rows, lw_imm(b, padded), lw_imm(b, 1));
    for (int v = 0; v < width / lanes; v++)
        lw_store(b, ir_const_int(b, k->vector, 0), panel, lw_muli(b, rest.op, width), (int64_t)v * lanes, NULL);
    lw_end(b, &rest);
}

/* B has the reduction contiguous: lanes x lanes blocks are read along it and transposed. */
static void pack_columns(lw_kernel *k, ir_op *panel, ir_op *source, ir_op *first, ir_op *stride, ir_op *depth_left,
                         ir_op *cols_left, int64_t width, ir_op *steps)
{
    ir_builder *b = &k->b;
    int lanes = k->lanes;
    ir_op *regs[64]; /* so that whole and ragged blocks share the shuffles, which are most of the code */
    for (int c = 0; c < lanes; c++)
        regs[c] = lw_reg(b, k->vector);
    lw_scope columns = lw_for(b, lw_imm(b, 0), lw_imm(b, width), lw_imm(b, lanes));
    lw_scope depth = lw_for(b, lw_imm(b, 0), steps, lw_imm(b, lanes));
    ir_op *left = lw_sub(b, depth_left, depth.op), *none = lw_imm(b, 0);
    ir_op *from = lw_add(b, lw_add(b, first, lw_mul(b, columns.op, stride)), depth.op);
    ir_op *block[64], *inside_all = lw_compare(b, IR_OP_ge, lw_sub(b, cols_left, columns.op), lw_imm(b, lanes));
    ir_op *whole = ir_build2(b, IR_OP_and, inside_all->type, lw_compare(b, IR_OP_ge, left, lw_imm(b, lanes)), inside_all);
    lw_scope full = lw_if(b, whole);
    for (int c = 0; c < lanes; c++)
        lw_set(b, regs[c], lw_load_compute(k, lanes, source, lw_add(b, from, lw_muli(b, stride, c)), 0, NULL));
    lw_else(b, &full);
    for (int c = 0; c < lanes; c++) {
        ir_op *inside = lw_compare(b, IR_OP_lt, lw_addi(b, columns.op, c), cols_left);
        ir_op *mask = lw_tailmask(b, ir_build3(b, IR_OP_select, left->type, inside, left, none), lanes);
        lw_set(b, regs[c], lw_load_compute(k, lanes, source, lw_add(b, from, lw_muli(b, stride, c)), 0, mask));
    }
    lw_end(b, &full);
    for (int c = 0; c < lanes; c++)
        block[c] = lw_get(b, regs[c]);
    lw_transpose(k, block, lanes);
    for (int d = 0; d < lanes; d++)
        lw_store(b, block[d], panel, lw_add(b, lw_muli(b, depth.op, width), columns.op), d * width, NULL);
    lw_end(b, &depth);
    lw_end(b, &columns);
}

void lw_pack_panel(lw_kernel *k, ir_op *panel, ir_op *source, ir_op *origin, ir_op *k0, ir_op *c0, ir_op *cols_left,
                   int64_t width, int64_t padded)
{
    ir_builder *b = &k->b;
    const lw_contraction *c = &k->region->contraction;
    ir_op *stride_k = lw_extent(b, &k->dims, c->b_k), *stride_c = lw_extent(b, &k->dims, c->b_c);
    ir_op *depth_left = lw_sub(b, lw_extent(b, &k->dims, c->depth), k0);
    ir_op *first = lw_add(b, origin, lw_add(b, lw_mul(b, k0, stride_k), lw_mul(b, c0, stride_c)));
    if (!c->depth_inside) {
        pack_rows(k, panel, source, first, stride_k, depth_left, cols_left, width, padded);
        return;
    }
    ir_op *depth = padded ? lw_imm(b, padded) : lw_muli(b, lw_ceildivi(b, depth_left, k->lanes), k->lanes);
    pack_columns(k, panel, source, first, stride_c, depth_left, cols_left, width, depth);
}
