/* window: ops that see a window of an image [n, h, w, c] for each element of their result: convolutions and pooling; and
 * convolutions of images whose channels are planes [n, c, h, w].
 *
 * As in contract.c and axes.c, floats are summed in f64 in the order of rows, columns and channels of the window and
 * rounded once, integers modulo 2^64. What lies outside the image is left out, which for sums is the same as zeros. */
#include "backends/interp/graph.h"
#include <math.h>
#include <stdlib.h>

typedef struct window {
    const interp_tensor *x, *out;
    const interp_lane *xs, *ws, *bs; /* widened; ws and bs NULL: none */
    bool whole;
    int64_t in[2], to[2], inputs, outputs; /* extents of both images */
    bool planes;
    int64_t pixel_step, channel_step; /* of the argument */
    int64_t size[2], stride[2], step[2], before[2];
} window;

/* Where the window of one result lies: its first element, which may lie outside, and what of it lies inside. */
typedef struct view {
    int64_t image, y, x, first[2], last[2]; /* window rows and columns [first, last) lie in the image */
} view;

/* Window elements k with 0 <= start + k * step < extent. */
static void clip_axis(int64_t start, int64_t step, int64_t size, int64_t extent, int64_t *first, int64_t *last)
{
    *first = start < 0 ? (-start + step - 1) / step : 0;
    *last = start < extent ? (extent - start + step - 1) / step : 0;
    if (*last > size) *last = size;
    if (*first > *last) *first = *last;
}

static view view_of(const window *w, int64_t pixel)
{
    const int64_t ox = pixel % w->to[1], oy = pixel / w->to[1] % w->to[0];
    view v = {.image = pixel / w->to[1] / w->to[0],
              .y = oy * w->stride[0] - w->before[0], .x = ox * w->stride[1] - w->before[1]};
    clip_axis(v.y, w->step[0], w->size[0], w->in[0], &v.first[0], &v.last[0]);
    clip_axis(v.x, w->step[1], w->size[1], w->in[1], &v.first[1], &v.last[1]);
    return v;
}

/* Channel 0 of the pixel under (ky, kx). */
static const interp_lane *pixel_at(const window *w, const view *v, int64_t ky, int64_t kx)
{
    const int64_t pixel = (v->y + ky * w->step[0]) * w->in[1] + v->x + kx * w->step[1];
    return w->xs + v->image * w->in[0] * w->in[1] * w->inputs + pixel * w->pixel_step;
}

static void multiply_add(const window *w, interp_lane *sum, const interp_lane *a, const interp_lane *b, int64_t n)
{
    if (w->whole)
        for (int64_t i = 0; i < n; i++) sum->u += a[i * w->channel_step].u * b[i].u;
    else
        for (int64_t i = 0; i < n; i++) sum->d += a[i * w->channel_step].d * b[i].d;
}

static interp_lane zero(const window *w)
{
    interp_lane lane = {.u = 0};
    if (!w->whole) lane.d = 0;
    return lane;
}

/* The value of the result at one pixel and channel. */
typedef interp_lane window_value(const window *, const view *, int64_t channel);

static interp_lane with_bias(const window *w, interp_lane sum, int64_t channel)
{
    if (w->bs && w->whole) sum.u += w->bs[channel].u;
    else if (w->bs) sum.d += w->bs[channel].d;
    return sum;
}

static interp_lane conv2d_value(const window *w, const view *v, int64_t o)
{
    const int64_t inputs = w->inputs;
    interp_lane sum = zero(w);
    for (int64_t ky = v->first[0]; ky < v->last[0]; ky++)
        for (int64_t kx = v->first[1]; kx < v->last[1]; kx++)
            multiply_add(w, &sum, pixel_at(w, v, ky, kx), w->ws + ((o * w->size[0] + ky) * w->size[1] + kx) * inputs, inputs);
    return with_bias(w, sum, o);
}

static interp_lane depthwise_value(const window *w, const view *v, int64_t c)
{
    interp_lane sum = zero(w);
    for (int64_t ky = v->first[0]; ky < v->last[0]; ky++)
        for (int64_t kx = v->first[1]; kx < v->last[1]; kx++)
            multiply_add(w, &sum, pixel_at(w, v, ky, kx) + c * w->channel_step, w->ws + (ky * w->size[1] + kx) * w->inputs + c, 1);
    return with_bias(w, sum, c);
}

static interp_lane largest_value(const window *w, const view *v, int64_t c)
{
    interp_lane best = {.i = interp_format_of(w->x->dtype)->lo};
    if (!w->whole) best.d = -INFINITY;
    for (int64_t ky = v->first[0]; ky < v->last[0]; ky++)
        for (int64_t kx = v->first[1]; kx < v->last[1]; kx++) {
            const interp_lane x = pixel_at(w, v, ky, kx)[c];
            if (w->whole ? x.i > best.i : best.d == best.d && (x.d != x.d || x.d > best.d)) best = x;
        }
    return best;
}

static interp_lane average_value(const window *w, const view *v, int64_t c)
{
    const double count = (double)((v->last[0] - v->first[0]) * (v->last[1] - v->first[1]));
    interp_lane sum = zero(w);
    for (int64_t ky = v->first[0]; ky < v->last[0]; ky++)
        for (int64_t kx = v->first[1]; kx < v->last[1]; kx++) sum.d += pixel_at(w, v, ky, kx)[c].d;
    sum.d = count > 0 ? sum.d / count : (double)NAN;
    return sum;
}

/* The farthest place that a window reaches is a number. */
static bool reach_fits(const window *w, int axis)
{
    int64_t far, reach;
    return !__builtin_mul_overflow(w->to[axis], w->stride[axis], &far) &&
           !__builtin_mul_overflow(w->size[axis], w->step[axis], &reach) && !__builtin_add_overflow(far, reach, &far);
}

static void set_extents(window *w, bool planes)
{
    const int first = planes ? 2 : 1, channels = planes ? 1 : 3;
    for (int i = 0; i < 2; i++) {
        w->in[i] = w->x->dims[first + i];
        w->to[i] = w->out->dims[first + i];
    }
    w->inputs = w->x->dims[channels];
    w->outputs = w->out->dims[channels];
    w->planes = planes;
    w->pixel_step = planes ? 1 : w->inputs;
    w->channel_step = planes ? w->in[0] * w->in[1] : 1;
}

static spc_status describe(interp_graph_run *run, const ir_op *op, const interp_tensor *out, window *w)
{
    const ir_attr *stride = ir_attr_find(op, "stride"), *step = ir_attr_find(op, "dilation"), *size = ir_attr_find(op, "size");
    *w = (window){.x = interp_tensor_of(run, op->args[0]), .out = out};
    w->whole = interp_class_of(w->x->dtype) == INTERP_WHOLE;
    set_extents(w, op->code == IR_OP_conv2d_planes || op->code == IR_OP_depthwise_conv2d_planes ||
                       op->code == IR_OP_maxpool2d_planes);
    const bool filters = op->code == IR_OP_conv2d || op->code == IR_OP_conv2d_planes;
    for (int i = 0; i < 2; i++) {
        w->stride[i] = stride->ints[i];
        w->step[i] = step ? step->ints[i] : 1;
        if (size) w->size[i] = size->ints[i];
        else w->size[i] = interp_tensor_of(run, op->args[1])->dims[i + filters];
        if (!reach_fits(w, i)) return rt_fail(run->error, SPC_E_ARG, "%s reaches beyond 2^63", ir_info(op->code)->name);
    }
    return interp_eval_starts(run, ir_get_str(op, "before", ""), 2, w->before);
}

static void run_values(const window *w, window_value *value)
{
    const int64_t pixels = w->to[0] * w->to[1];
    for (int64_t at = 0; at < w->out->count; at += w->outputs) {
        const int64_t pixel = at / w->outputs;
        const view v = view_of(w, pixel);
        for (int64_t c = 0; c < w->outputs; c++) {
            const int64_t plane = (v.image * w->outputs + c) * pixels + pixel % pixels;
            interp_put_sum(w->out, w->planes ? plane : at + c, value(w, &v, c), w->whole);
        }
    }
}

static spc_status run_window(interp_graph_run *run, const ir_op *op, interp_tensor *out, window_value *value)
{
    window w;
    spc_status status = describe(run, op, out, &w);
    if (!status && op->nargs > 1) status = interp_check_classes(run, op, w.x, interp_tensor_of(run, op->args[1]), out);
    if (status) return status;
    interp_lane *parts[3] = {NULL};
    bool ready = true;
    for (int i = 0; i < op->nargs; i++) ready &= (parts[i] = interp_widen(interp_tensor_of(run, op->args[i]))) != NULL;
    w.xs = parts[0], w.ws = parts[1], w.bs = parts[2];
    if (ready) run_values(&w, value);
    for (int i = 0; i < op->nargs; i++) free(parts[i]);
    return ready ? SPC_OK : rt_fail(run->error, SPC_E_NOMEM, "no memory for the reference of %s", ir_info(op->code)->name);
}

spc_status interp_conv2d(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    return run_window(run, op, out, conv2d_value);
}

spc_status interp_depthwise_conv2d(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    return run_window(run, op, out, depthwise_value);
}

spc_status interp_maxpool2d(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    return run_window(run, op, out, largest_value);
}

spc_status interp_avgpool2d(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    return run_window(run, op, out, average_value);
}
