/* verify_window: rules of the graph ops over images [n, h, w, c], or [n, c, h, w] where channels are planes: convolutions,
 * pooling, resizing. How far the windows reach is the result's to say, so that its height and width are free. */
#include "ir/verify.h"

static bool is_image(const ir_type *t) { return t->kind == IR_TENSOR && t->rank == 4 && !t->storage; }

static int channel_axis(const ir_op *op)
{
    return op->code == IR_OP_conv2d_planes || op->code == IR_OP_depthwise_conv2d_planes || op->code == IR_OP_maxpool2d_planes ? 1 : 3;
}

/* Images in and out, of the same number and (channels: the result's) with these channels. */
static bool check_images(ir_verifier *v, const ir_op *op, const ir_extent *channels)
{
    const ir_type *x = op->args[0]->type, *y = op->type;
    if (!is_image(x) || !is_image(y)) return ir_verify_fail(v, op, "no images of rank 4");
    if (x->dims[0] != y->dims[0]) return ir_verify_fail(v, op, "axis 0 of the argument is not that of the result");
    return y->dims[channel_axis(op)] == channels || ir_verify_fail(v, op, "the result has other channels");
}

/* Two integers from 1 to 2^31 - 1, so that products with extents of images do not overflow. */
static bool check_pair(ir_verifier *v, const ir_op *op, const char *key)
{
    const ir_attr *pair = ir_attr_find(op, key);
    if (pair->count != 2) return ir_verify_fail(v, op, "%s is not a pair", key);
    for (int i = 0; i < 2; i++)
        if (pair->ints[i] < 1 || pair->ints[i] > INT32_MAX) return ir_verify_fail(v, op, "%s is not in 1 .. 2^31 - 1", key);
    return true;
}

static bool check_window(ir_verifier *v, const ir_op *op, const char *other)
{
    const ir_extent *before[2];
    return check_pair(v, op, "stride") && check_pair(v, op, other) && ir_verify_starts(v, op, "before", 2, before);
}

/* Argument 1 is a filter of that rank with its inputs last, argument 2 a bias for each output. */
static bool check_filter(ir_verifier *v, const ir_op *op, int rank, const ir_extent **outputs)
{
    const ir_type *x = op->args[0]->type, *w = op->args[1]->type;
    if (!is_image(x) || w->kind != IR_TENSOR || w->rank != rank) return ir_verify_fail(v, op, "w is not of rank %d", rank);
    if (w->dims[rank - 1] != x->dims[channel_axis(op)]) return ir_verify_fail(v, op, "the inputs of w are not the channels of x");
    *outputs = w->dims[rank == 4 ? 0 : 2];
    if (op->nargs < 3) return true;
    const ir_type *b = op->args[2]->type;
    return (b->kind == IR_TENSOR && b->rank == 1 && b->dims[0] == *outputs) ||
           ir_verify_fail(v, op, "the bias is not [out]");
}

static bool check_convolution(ir_verifier *v, const ir_op *op, int rank)
{
    const ir_extent *outputs = NULL;
    return check_filter(v, op, rank, &outputs) && check_images(v, op, outputs) && check_window(v, op, "dilation") &&
           ir_verify_contraction_dtype(v, op);
}

bool ir_verify_conv2d(ir_verifier *v, const ir_op *op) { return check_convolution(v, op, 4); }

bool ir_verify_depthwise_conv2d(ir_verifier *v, const ir_op *op) { return check_convolution(v, op, 3); }

bool ir_verify_pool(ir_verifier *v, const ir_op *op)
{
    const ir_type *x = op->args[0]->type;
    if (!is_image(x) || !check_images(v, op, x->dims[channel_axis(op)]) || !check_window(v, op, "size")) return false;
    return (x->dtype == op->type->dtype && x->dtype != IR_BOOL) || ir_verify_fail(v, op, "of another dtype, or of bool");
}

bool ir_verify_avgpool(ir_verifier *v, const ir_op *op)
{
    return ir_verify_pool(v, op) && (ir_is_float(op->type->dtype) || ir_verify_fail(v, op, "not of a float dtype"));
}

bool ir_verify_resize(ir_verifier *v, const ir_op *op)
{
    const ir_type *x = op->args[0]->type;
    if (!is_image(x) || !check_images(v, op, x->dims[3])) return ir_verify_fail(v, op, "no images of rank 4");
    if (!ir_is_float(x->dtype) || x->dtype != op->type->dtype) return ir_verify_fail(v, op, "not of one float dtype");
    return !(ir_get_int(op, "align", 0) && ir_get_int(op, "half_pixel", 0)) ||
           ir_verify_fail(v, op, "align and half_pixel exclude each other");
}
