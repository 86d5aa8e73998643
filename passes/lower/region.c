/* region: what a fused op computes, in the one form that all nests understand:
 * Y[r, c] = sum over k of A[r, k] * B[k, c], then the elementwise tail. A is the operand whose values are streamed (the
 * weight where there is one), B the operand that lies along vector lanes. */
#include "passes/lower/lower.h"

#include "passes/graph.h"

#include <assert.h>
#include <string.h>

static const ir_extent *one(ir_module *m)
{
    return ir_extent_const(m, 1);
}

static const ir_extent *dim_from_end(const ir_type *type, int i)
{
    return type->dims[type->rank - 1 - i];
}

/* Product of the axes [0, rank - skip). */
static const ir_extent *leading(ir_module *m, const ir_type *type, int skip)
{
    const ir_extent *product = one(m);
    for (int i = 0; i < type->rank - skip; i++)
        product = ir_extent_mul(m, product, type->dims[i]);
    return product;
}

static int arg_number(const ir_op *operand)
{
    assert(operand->code == IR_OP_arg);
    return (int)ir_get_int(operand, "n", 0);
}

/* A weight matrix is packed; a weight of another rank, an input or an intermediate is read in place. */
static bool is_packable(const ir_op *fused, int arg)
{
    const ir_op *value = fused->args[arg];
    return value->code == IR_OP_weight && value->type->rank == 2;
}

static void linear_region(ir_module *m, const ir_op *fused, const ir_op *op, lw_contraction *c)
{
    int x = arg_number(op->args[0]), w = arg_number(op->args[1]);
    const ir_type *xt = op->args[0]->type, *wt = op->args[1]->type;
    c->bias_arg = op->nargs > 2 ? arg_number(op->args[2]) : -1;
    c->depth = wt->dims[1];
    c->packed = is_packable(fused, w);
    c->depth_inside = true;
    c->b_k = one(m);
    c->b_c = c->depth;
    if (c->packed) { /* A = w: rows are outputs, columns of B the batch */
        c->a_arg = w, c->b_arg = x;
        c->rows = wt->dims[0];
        c->cols = leading(m, xt, 1);
        c->rows_inside = true;
        return;
    }
    c->a_arg = x, c->b_arg = w; /* A = x in place: rows are the batch, columns of B the outputs */
    c->rows = leading(m, xt, 1);
    c->cols = wt->dims[0];
    c->a_row = c->depth;
    c->a_col = one(m);
}

static void batch_axes(ir_module *m, const ir_type *a, const ir_type *b, const ir_type *y, lw_contraction *c)
{
    c->batch_rank = y->rank - 2;
    for (int i = 0; i < c->batch_rank; i++) {
        int from_end = y->rank - 1 - i;
        c->batch_dims[i] = y->dims[i];
        bool has_a = from_end < a->rank, has_b = from_end < b->rank;
        c->a_batched[i] = has_a && (dim_from_end(a, from_end) == y->dims[i]);
        c->b_batched[i] = has_b && (dim_from_end(b, from_end) == y->dims[i]);
    }
    (void)m;
}

static void matmul_region(ir_module *m, const ir_op *fused, const ir_op *op, lw_contraction *c)
{
    int a = arg_number(op->args[0]), b = arg_number(op->args[1]);
    const ir_type *at = op->args[0]->type, *bt = op->args[1]->type;
    const ir_extent *rows = dim_from_end(at, 1), *depth = dim_from_end(at, 0), *cols = dim_from_end(bt, 0);
    c->bias_arg = -1;
    c->depth = depth;
    if (is_packable(fused, b) && !is_packable(fused, a)) { /* A = b transposed, columns of B the rows of a */
        c->packed = c->a_transposed = c->depth_inside = c->rows_inside = true;
        c->a_arg = b, c->b_arg = a;
        c->rows = cols;
        c->cols = leading(m, at, 1);
        c->b_k = one(m), c->b_c = depth;
        return;
    }
    c->packed = is_packable(fused, a);
    c->a_arg = a, c->b_arg = b;
    c->rows = rows, c->cols = cols;
    c->a_row = depth, c->a_col = one(m);
    c->b_k = cols, c->b_c = one(m);
    batch_axes(m, at, bt, op->type, c);
}

/* conv2d on planes: A = w, whose rows make planes; columns of B the pixels. A depthwise convolution in the same body,
 * with nothing but elementwise ops of one operand behind it, makes B. */
static void planes_region(ir_module *m, const ir_op *fused, const ir_op *op, lw_contraction *c)
{
    const ir_type *wt = op->args[1]->type;
    const ir_op *x = op->args[0];
    while (x->code != IR_OP_arg && !graph_is_core(x))
        x = x->args[0]->code == IR_OP_const ? x->args[1] : x->args[0];
    c->planes = true;
    c->producer = x->code == IR_OP_arg ? NULL : x;
    lw_planes_of(m, c->producer ? c->producer : op, &c->window);
    c->fill = c->producer ? LW_FILL_DEPTHWISE : lw_planes_plain(&c->window) ? LW_FILL_COPY : LW_FILL_WINDOW;
    c->a_arg = arg_number(op->args[1]);
    c->b_arg = arg_number(c->producer ? c->producer->args[0] : x);
    c->bias_arg = op->nargs > 2 ? arg_number(op->args[2]) : -1;
    c->packed = fused->args[c->a_arg]->code == IR_OP_weight;
    c->rows = wt->dims[0];
    c->depth = ir_extent_mul(m, wt->dims[1], ir_extent_mul(m, wt->dims[2], wt->dims[3]));
    c->cols = ir_extent_mul(m, op->type->dims[2], op->type->dims[3]);
    c->b_k = ir_extent_mul(m, ir_extent_const(m, c->window.in[0]), ir_extent_const(m, c->window.in[1]));
    c->b_c = one(m);
    c->batch_rank = 1;
    c->batch_dims[0] = op->type->dims[0];
    c->b_batched[0] = true;
}

/* Sums keep f32 whatever the storage type, and those of integers i32. */
static ir_dtype compute_dtype(const ir_op *core)
{
    const ir_dtype dtype = core->args[0]->type->dtype;
    if (core->code != IR_OP_concat && (dtype == IR_F16 || dtype == IR_BF16))
        return IR_F32;
    return core->code == IR_OP_sum || graph_is_contraction(core) ? (ir_is_float(dtype) ? dtype : IR_I32) : dtype;
}

void lw_region_of(ir_module *m, const ir_op *fused, lw_region *out)
{
    *out = (lw_region){.fused = fused, .result = fused->body.last, .widest = 1};
    for (const ir_op *op = fused->body.first; op; op = op->next) {
        int bytes = ir_dtype_of(op->type->dtype)->bytes;
        if (bytes > out->widest)
            out->widest = bytes;
        if (!graph_is_core(op))
            continue;
        assert(!out->core || out->core->code == IR_OP_depthwise_conv2d_planes); /* that makes the operand of this one */
        out->core = op;
        if (!graph_is_contraction(op))
            continue;
        out->has_contraction = true;
        out->contraction.op = op;
        (op->code == IR_OP_linear ? linear_region : op->code == IR_OP_matmul ? matmul_region : planes_region)
            (m, fused, op, &out->contraction);
    }
    out->compute = out->core ? compute_dtype(out->core) : out->result->type->dtype;
}

/* ---- dims that types mention ---- */

int lw_region_dims(ir_module *m, const lw_region *region, const char **names, int max)
{
    int count = 0;
    for (const ir_dim *dim = m->dims; dim && count < max; dim = dim->next) {
        bool used = false;
        for (const ir_op *op = region->fused->body.first; op && !used; op = op->next)
            used = ir_op_mentions(op, dim->name);
        if (used)
            names[count++] = dim->name;
    }
    return count;
}
