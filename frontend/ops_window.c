/* ops_window: operations whose results each see a window of an image [n, h, w, c]: convolutions and pooling. */
#include "frontend/checks.h"

/* What is common to them, along one axis at a time. */
typedef struct window {
    fe_call *call;
    const fe_bound *x, *stride, *pad;
    const fe_bound *culprit; /* where to point if the window does not fit */
    const ir_extent *reach[2]; /* rows and columns from its first to behind its last */
} window;

static const char *const axis_names[] = {"rows", "columns"};

/* floor(a / b) = ceil((a - b + 1) / b) for a constant or symbolic a. */
static const ir_extent *floor_div(ir_module *m, const ir_extent *a, const ir_extent *b)
{
    int64_t x, y;
    if (!a || fe_extent_is(b, 1)) return a;
    if (ir_extent_is_const(a, &x) && ir_extent_is_const(b, &y)) return ir_extent_const(m, x / y - (x % y < 0));
    return ir_extent_ceildiv(m, ir_extent_add(m, ir_extent_sub(m, a, b), ir_extent_const(m, 1)), b);
}

static ir_module *module_of(const window *w) { return w->call->w->c->module; }

static const ir_extent *minus_one(ir_module *m, const ir_extent *e) { return ir_extent_sub(m, e, ir_extent_const(m, 1)); }

/* Whether both are constant and a > b. */
static bool known_larger(const ir_extent *a, const ir_extent *b)
{
    int64_t x, y;
    return a && b && ir_extent_is_const(a, &x) && ir_extent_is_const(b, &y) && x > y;
}

/* Both integers are known now and of 32 bits. */
static bool check_pair(fe_call *call, const fe_bound *b, const char *name)
{
    for (int i = 0; i < 2; i++) {
        int64_t value;
        if (!ir_extent_is_const(b->extents[i], &value))
            return fe_refuse(call, b->at, "%s is %s; it must be known at compile time", name,
                             ir_extent_text(b->extents[i]));
        if (value > INT32_MAX)
            return fe_refuse(call, b->at, "%s is %lld; at most 2^31 - 1 is possible", name, (long long)value);
    }
    return true;
}

/* (k - 1) * dilation + 1 */
static const ir_extent *reach_of(ir_module *m, const ir_extent *k, const ir_extent *dilation)
{
    return ir_extent_add(m, ir_extent_mul(m, minus_one(m, k), dilation), ir_extent_const(m, 1));
}

/* ---- where windows lie ---- */

/* TensorFlow's rule: ceil(in / stride) results; what is missing goes around, the odd cell after. */
static const ir_extent *same_count(const window *w, int axis, const ir_extent *in, const ir_extent **before)
{
    ir_module *m = module_of(w);
    const ir_extent *stride = w->stride->extents[axis], *count = ir_extent_ceildiv(m, in, stride);
    const ir_extent *far = ir_extent_add(m, ir_extent_mul(m, minus_one(m, count), stride), w->reach[axis]);
    const ir_extent *missing = ir_extent_max(m, ir_extent_sub(m, far, in), ir_extent_const(m, 0));
    *before = floor_div(m, missing, ir_extent_const(m, 2));
    return count;
}

static const ir_extent *padded(const window *w, int axis, const ir_extent *in)
{
    ir_module *m = module_of(w);
    return ir_extent_add(m, in, ir_extent_add(m, w->pad->extents[2 * axis], w->pad->extents[2 * axis + 1]));
}

/* The window fits, and no border is thicker than both the image and the window: some windows would see nothing of it. */
static bool check_room(const window *w, int axis, const ir_extent *in)
{
    for (int end = 0; end < 2; end++) {
        const ir_extent *pad = w->pad->extents[2 * axis + end];
        if (known_larger(pad, in) && !known_larger(w->reach[axis], pad))
            return fe_refuse(w->call, w->pad->at, "%s %s of padding around %s %s of x, more than x and the window (%s) "
                             "have; pad(x, ...) adds as many as are wanted", ir_extent_text(pad), axis_names[axis],
                             ir_extent_text(in), axis_names[axis], ir_extent_text(w->reach[axis]));
    }
    const ir_extent *room = padded(w, axis, in);
    if (!known_larger(w->reach[axis], room)) return true;
    return fe_refuse(w->call, w->culprit->at, "the window reaches over %s %s, but x has %s%s",
                     ir_extent_text(w->reach[axis]), axis_names[axis], ir_extent_text(room),
                     room == in ? "" : " with its padding");
}

/* floor((in + pads - reach) / stride) + 1 */
static const ir_extent *padded_count(const window *w, int axis, const ir_extent *in, const ir_extent **before)
{
    ir_module *m = module_of(w);
    const ir_extent *room = padded(w, axis, in);
    const ir_extent *steps = floor_div(m, ir_extent_sub(m, room, w->reach[axis]), w->stride->extents[axis]);
    *before = w->pad->extents[2 * axis];
    return ir_extent_add(m, steps, ir_extent_const(m, 1));
}

/* Results along the axis and the padding before it. False: reported. */
static bool place_windows(const window *w, int axis, const ir_extent **count)
{
    fe_call *call = w->call;
    const ir_extent *in = w->x->value.type->dims[axis + 1];
    if (!w->reach[axis])
        return fe_refuse(call, w->culprit->at, "the %s that the window reaches over overflow 63 bits", axis_names[axis]);
    if (!w->pad->same && !check_room(w, axis, in)) return false;
    *count = (w->pad->same ? same_count : padded_count)(w, axis, in, &call->before[axis]);
    return (*count && call->before[axis]) ||
           fe_refuse(call, w->pad->at, "the %s of the result overflow 63 bits", axis_names[axis]);
}

static bool finish(const window *w, ir_dtype dtype, const ir_extent *channels)
{
    fe_call *call = w->call;
    const ir_extent *dims[4] = {w->x->value.type->dims[0], NULL, NULL, channels};
    if (!place_windows(w, 0, &dims[1]) || !place_windows(w, 1, &dims[2])) return false;
    call->type = fe_tensor(call->w, call->expr->at, dtype, 4, dims);
    return call->type != NULL;
}

/* ---- convolutions: x, w, b?, stride, dilation, pad ---- */

/* kernel: the extents of w that are its height and width. */
static bool check_convolution(fe_call *call, const ir_extent *const *kernel, const ir_extent *outputs)
{
    const fe_bound *args = call->args, *dilation = &args[4];
    ir_module *m = call->w->c->module;
    window w = {call, &args[0], &args[3], &args[5], dilation->given ? dilation : &args[1], {NULL, NULL}};
    if (!fe_check_bias(call, &args[2], outputs) || !check_pair(call, w.stride, "stride") ||
        !check_pair(call, dilation, "dilation"))
        return false;
    for (int i = 0; i < 2; i++) w.reach[i] = reach_of(m, kernel[i], dilation->extents[i]);
    return finish(&w, fe_sum_dtype(&args[0].value), outputs);
}

static bool check_filter(fe_call *call, int rank, const char *shape)
{
    const fe_bound *x = &call->args[0], *weight = &call->args[1];
    return fe_check_x(call, x) && fe_require_rank(call, x, "x [n, h, w, c]", 4, 4) &&
           fe_require_rank(call, weight, shape, rank, rank) && fe_matches_dtype(call, x, weight, "w") &&
           fe_same_extent(call, weight->at, "the last axis of x [n, h, w, c]", x->value.type->dims[3],
                          ir_format(call->w->c->arena, "that of %s", shape), weight->value.type->dims[rank - 1]);
}

bool fe_check_conv2d(fe_call *call)
{
    if (!check_filter(call, 4, "w [out, kh, kw, in]")) return false;
    const ir_extent *const *dims = call->args[1].value.type->dims;
    return check_convolution(call, dims + 1, dims[0]);
}

bool fe_check_depthwise_conv2d(fe_call *call)
{
    if (!check_filter(call, 3, "w [kh, kw, c]")) return false;
    const ir_extent *const *dims = call->args[1].value.type->dims;
    return check_convolution(call, dims, dims[2]);
}

/* ---- pooling: x, size, stride, pad ---- */

/* Padding counts for nothing, so that a window that sees only padding has no value. */
static bool check_pool_pads(const window *w, const fe_bound *size)
{
    for (int i = 0; i < 4 && !w->pad->same; i++)
        if (!fe_extent_is(w->pad->extents[i], 0) && !known_larger(size->extents[i / 2], w->pad->extents[i]) &&
            ir_extent_is_const(w->pad->extents[i], NULL))
            return fe_refuse(w->call, w->pad->at, "%s %s of padding for a window of %s: some windows would see nothing of x",
                             ir_extent_text(w->pad->extents[i]), axis_names[i / 2], ir_extent_text(size->extents[i / 2]));
    return true;
}

bool fe_check_pool(fe_call *call)
{
    const fe_bound *args = call->args, *size = &args[1], *stride = args[2].given ? &args[2] : size;
    window w = {call, &args[0], stride, &args[3], size, {size->extents[0], size->extents[1]}};
    if (!fe_require_rank(call, w.x, "x [n, h, w, c]", 4, 4) ||
        !fe_require_class(call->w, w.x->at, call->builtin->name, w.x->value.type->dtype, FE_NUMBERS) ||
        !check_pair(call, size, "size") || !check_pair(call, stride, "stride") || !check_pool_pads(&w, size))
        return false;
    return finish(&w, w.x->value.type->dtype, w.x->value.type->dims[3]);
}

bool fe_check_average_pool(fe_call *call)
{
    return fe_require_class(call->w, call->args[0].at, "avgpool2d", call->args[0].value.type->dtype, FE_FLOATS) &&
           fe_check_pool(call);
}
