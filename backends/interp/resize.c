/* resize: resize_bilinear on images [n, h, w, c]: along each axis the two nearest rows or columns and how far the place
 * lies between them, in f64; then their mean, summed in f64 and rounded once. */
#include "backends/interp/graph.h"
#include <math.h>
#include <stdlib.h>

/* Where a result lies on one axis of the argument. */
typedef struct between {
    int64_t low, high;
    double part; /* of high */
} between;

static double source_of(const ir_op *op, int64_t at, int64_t in, int64_t out)
{
    if (ir_get_int(op, "align", 0)) return out > 1 ? (double)at * (double)(in - 1) / (double)(out - 1) : 0;
    if (ir_get_int(op, "half_pixel", 0)) return ((double)at + 0.5) * (double)in / (double)out - 0.5;
    return (double)at * (double)in / (double)out;
}

static between between_of(const ir_op *op, int64_t at, int64_t in, int64_t out)
{
    const double place = fmin(fmax(source_of(op, at, in, out), 0), (double)(in - 1));
    between b = {.low = (int64_t)place};
    b.high = b.low + 1 < in ? b.low + 1 : b.low;
    b.part = place - (double)b.low;
    return b;
}

static double mix(double low, double high, double part) { return low * (1 - part) + high * part; }

static void resize_pixels(const ir_op *op, const interp_tensor *x, const interp_lane *xs, const interp_tensor *out)
{
    const int64_t h = x->dims[1], w = x->dims[2], c = x->dims[3], rows = out->dims[1], columns = out->dims[2];
    for (int64_t at = 0; at < out->count; at += c) {
        const int64_t pixel = at / c, image = pixel / columns / rows;
        const between y = between_of(op, pixel / columns % rows, h, rows), z = between_of(op, pixel % columns, w, columns);
        const interp_lane *top = xs + (image * h + y.low) * w * c, *bottom = xs + (image * h + y.high) * w * c;
        for (int64_t i = 0; i < c; i++) {
            const double above = mix(top[z.low * c + i].d, top[z.high * c + i].d, z.part);
            const double below = mix(bottom[z.low * c + i].d, bottom[z.high * c + i].d, z.part);
            interp_put_sum(out, at + i, (interp_lane){.d = mix(above, below, y.part)}, false);
        }
    }
}

spc_status interp_resize_bilinear(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    const interp_tensor *x = interp_tensor_of(run, op->args[0]);
    if (!x->dims[1] || !x->dims[2]) return rt_fail(run->error, SPC_E_ARG, "resize_bilinear of an empty image");
    interp_lane *xs = interp_widen(x);
    if (!xs) return rt_fail(run->error, SPC_E_NOMEM, "no memory for the reference of resize_bilinear");
    resize_pixels(op, x, xs, out);
    free(xs);
    return SPC_OK;
}
