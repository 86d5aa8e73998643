/* test_images: networks of convolutions, pooling and resizing: first small programs, each for one thing, then random
 * networks of random geometry, patterns and plans.
 *
 *     test_images [--seed S] [--count N] [--at-least N]
 *
 * As in test_random, program number i comes from seed S + i alone. Values are multiples of a power of two and so small
 * that every sum is exact: pooling and resizing divide by powers of two only, and what grows is clipped. */
#include "tests/diff/diff.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- small programs ---- */

typedef struct image_case {
    const char *name, *sdl;
    int sets, dims;
    int64_t extents[9];
    diff_tolerance tolerance;
} image_case;

#define BATCHES 3, 1, {0, 1, 3}
#define SIZES 3, 2, {0, 0, 1, 1, 2, 5}
#define SUM_OF(type) "dim n;\nlayer f(x: " type "[n, 5, 4, 19], w: " type "[3, 2, 2, 19], d: " type "[3, 3, 19]) -> (y: "

static const image_case programs[] = {
    {"one pixel each", "dim n;\nweight w: f32[20, 1, 1, 24] sparse unstructured;\nweight b: f32[20];\n"
     "layer f(x: f32[n, 5, 7, 24]) -> y: f32[n, 5, 7, 20] { y = relu(conv2d(x, w, b)); }\n", BATCHES, {0}},
    {"any size of image", "dim n, s;\nweight w: f32[9, 3, 3, 5] sparse unstructured;\nweight d: f32[3, 5, 9];\n"
     "layer f(x: f32[n, s, 2 * s, 5]) -> (y: f32[n, s, 2 * s, 9], z: f32[n, s, s, 9]) {\n"
     "    y = conv2d(x, w, pad=1) |> depthwise_conv2d(d, pad=same);\n    z = conv2d(x, w, stride=[1, 2], pad=same);\n}\n", SIZES, {0}},
    {"no results", "dim n, s;\nweight w: f32[4, 3, 3, 5] sparse unstructured;\n"
     "layer f(x: f32[n, s, 4, 5]) -> y: f32[n, s - 2, 2, 4] { y = conv2d(x, w); }\n", 3, 2, {1, 2, 0, 3, 2, 3}, {0}},
    {"padding at the call", "dim n, s;\nweight w: f32[4, 3, 3, 5] sparse unstructured;\n"
     "layer f(x: f32[n, 3, 4, 5]) -> y: f32[n, s + 1, 2, 4] { y = conv2d(x, w, pad=[s, 0, 0, 0]); }\n", 3, 2,
     {1, 0, 2, 1, 1, 7}, {0}},
    {"filters of the host", "dim n, k;\nlayer f(x: f32[n, 6, 6, 3], w: f32[4, k, k + 1, 3], b: f32[4]) -> y: f32[n, 7 - k, 6 - k, 4] {\n"
     "    y = conv2d(x, w, b);\n}\n", 3, 2, {1, 3, 2, 1, 1, 5}, {0}},
    {"an expression as filter", "dim n;\nweight w: f32[4, 1, 1, 6];\nlayer f(x: f32[n, 3, 3, 6]) -> (y: f32[n, 3, 3, 4], z: f32[n, 2, 2, 4]) {\n"
     "    y = conv2d(x, -w);\n    z = conv2d(x, w + 1, stride=2);\n}\n", BATCHES, {0}},
    {"padding in front", "dim n;\nweight w: f32[8, 3, 3, 4] sparse unstructured;\nweight d: f32[3, 3, 4];\n"
     "layer f(x: f32[n, 5, 5, 4]) -> (y: f32[n, 4, 3, 8], z: f32[n, 6, 5, 4], p: f32[n, 4, 3, 4]) {\n"
     "    q = pad(x, [[0, 0], [1, 2], [0, 2], [0, 0]]);\n    y = conv2d(q, w, stride=2, pad=[1, 0, 1, 0]);\n"
     "    z = depthwise_conv2d(q, d);\n    p = maxpool2d(q, 2);\n}\n", BATCHES, {0}},
    {"patterns at each place of a window", "dim n;\nweight a: f32[8, 3, 2, 8] sparse 2:4;\nweight b: f32[8, 2, 3, 8] sparse block(4, 2);\n"
     "weight c: f32[8, 3, 3, 8] sparse band(-1, 2);\nweight d: f32[8, 2, 2, 8] sparse rows;\nweight e: f32[8, 2, 2, 8] sparse columns;\n"
     "layer f(x: f32[n, 9, 9, 8]) -> y: f32[n, 4, 4, 8] {\n    y = x |> conv2d(a, pad=[1, 1, 0, 1]) |> conv2d(b) |> clip(-9, 9)"
     " |> conv2d(c, stride=2, pad=same) |> clip(-9, 9) |> conv2d(d, pad=[0, 1, 1, 0]) |> clip(-9, 9) |> conv2d(e, pad=[1, 0, 0, 1]);\n}\n",
     BATCHES, {0}},
    {"64-bit floats", SUM_OF("f64") "f64[n, 4, 3, 3], z: f64[n, 5, 4, 19]) {\n    y = conv2d(x, w);\n"
     "    z = depthwise_conv2d(x, d, pad=1);\n}\n", BATCHES, {0}},
    {"16-bit floats", SUM_OF("f16") "f16[n, 4, 3, 3], z: f16[n, 5, 4, 19]) {\n    y = conv2d(x, w);\n"
     "    z = maxpool2d(depthwise_conv2d(x, d, pad=1), 3, stride=1, pad=1);\n}\n", BATCHES, {0}},
    {"integers", SUM_OF("i8") "i32[n, 4, 3, 3], z: i32[n, 5, 4, 19], m: i8[n, 2, 2, 19], s: i32[n, 19]) {\n    y = conv2d(x, w);\n"
     "    z = depthwise_conv2d(x * x * x, d, pad=1);\n    m = maxpool2d(x, [3, 2], stride=2);\n    s = sum(x * x * x, axis=[1, 2]);\n}\n",
     BATCHES, {0}},
    {"filters of integers", "dim n;\nweight w: i32[6, 2, 2, 3] sparse unstructured;\nweight h: bf16[6, 2, 2, 3] sparse unstructured;\n"
     "layer f(x: i32[n, 4, 4, 3], z: bf16[n, 4, 4, 3]) -> (y: i32[n, 3, 3, 6], v: bf16[n, 4, 4, 6]) {\n"
     "    y = conv2d(x, w);\n    v = conv2d(z, h, pad=same);\n}\n", BATCHES, {0}},
    {"averages", "dim n;\nlayer f(x: f32[n, 5, 6, 3]) -> (y: f32[n, 3, 3, 3], z: f32[n, 5, 6, 3]) {\n"
     "    y = avgpool2d(x, 3, stride=2, pad=1);\n    z = avgpool2d(x, [2, 3], stride=1, pad=same);\n}\n", BATCHES, {0x1p-22, 1e-6}},
    {"resizing", "dim n, h;\nlayer f(x: f32[n, h, 5, 3]) -> (y: f32[n, 7, 9, 3], z: f32[n, 4, 1, 3], v: f32[n, 2 * h, 3, 3]) {\n"
     "    y = resize_bilinear(x, 7, 9);\n    z = resize_bilinear(x, 4, 1, align=true);\n"
     "    v = resize_bilinear(x, 2 * h, 3, half_pixel=true);\n}\n", 3, 2, {0, 1, 1, 4, 2, 3}, {0x1p-20, 1e-5}},
    {"wide channels", "dim n;\nweight w: f32[70, 3, 3, 130] sparse unstructured;\n"
     "layer f(x: f32[n, 7, 7, 130]) -> y: f32[n, 4, 4, 70] { y = conv2d(x, w, stride=2, pad=1) + 1; }\n", BATCHES, {0}},
    {"a stride beyond the window", "dim n;\nweight w: f32[5, 2, 1, 3] sparse unstructured;\n"
     "layer f(x: f32[n, 11, 12, 3]) -> y: f32[n, 3, 2, 5] { y = conv2d(x, w, stride=[4, 7]); }\n", BATCHES, {0}},
    {"stride and dilation with a common divisor", "dim n;\nweight w: f32[5, 3, 4, 3] sparse unstructured;\n"
     "layer f(x: f32[n, 14, 13, 3]) -> y: f32[n, 3, 1, 5] { y = conv2d(x, w, stride=4, dilation=[2, 4]); }\n", BATCHES, {0}},
};

/* ---- random networks ---- */

enum { MAX_VALUES = 20, MAX_TEXT = 6000, LEAST_SIZE = 6, MOST_FRACTION = 6 };

/* An extent of an image: times * s + plus, where the dim s is at least LEAST_SIZE. */
typedef struct extent {
    int64_t times, plus;
} extent;

/* |elements| <= bound, multiples of 2^-fraction. */
typedef struct image {
    char name[8];
    extent size[2];
    int64_t channels, bound;
    int fraction;
} image;

typedef struct writer {
    diff_random random;
    char inputs[800], weights[1500], body[MAX_TEXT];
    size_t inputs_used, weights_used, body_used;
    image images[MAX_VALUES];
    int count, weight_count, input_count;
} writer;

static int64_t below(writer *w, int64_t limit) { return diff_below(&w->random, limit); }

__attribute__((format(printf, 4, 5))) static void add(char *text, size_t size, size_t *used, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (*used < size) *used += (size_t)vsnprintf(text + *used, size - *used, format, args);
    va_end(args);
}
#define BODY(w, ...) add((w)->body, sizeof (w)->body, &(w)->body_used, __VA_ARGS__)
#define WEIGHT(w, ...) add((w)->weights, sizeof (w)->weights, &(w)->weights_used, __VA_ARGS__)
#define INPUT(w, ...) add((w)->inputs, sizeof (w)->inputs, &(w)->inputs_used, __VA_ARGS__)

static int64_t least(extent e) { return e.times * LEAST_SIZE + e.plus; }

static const char *type_text(const image *v, char out[96])
{
    snprintf(out, 96, "f32[n, %lld * s - (%lld), %lld * s - (%lld), %lld]", (long long)v->size[0].times,
             -(long long)v->size[0].plus, (long long)v->size[1].times, -(long long)v->size[1].plus, (long long)v->channels);
    return out;
}

static image *new_image(writer *w, image like)
{
    image *v = &w->images[w->count];
    *v = like;
    snprintf(v->name, sizeof v->name, "t%d", w->count++);
    return v;
}

static image any_image(writer *w) { return w->images[below(w, w->count)]; }

/* The image, or a clipped one where sums of it might not be exact. */
static image bounded(writer *w)
{
    image v = any_image(w);
    if (v.bound <= 40) return v;
    BODY(w, "    t%d = clip(%s, -4, 3);\n", w->count, v.name);
    v.bound = 4;
    return *new_image(w, v);
}

/* ---- windows ---- */

typedef struct geometry {
    int64_t size[2], stride[2], step[2];
    char padding[48];
    extent out[2];
} geometry;

/* Symbolic extents keep to what can be proved: whole multiples of the stride. */
static bool same_extent(extent in, int64_t stride, extent *out)
{
    if (in.times && (in.times % stride || in.plus % stride)) return false;
    *out = (extent){in.times / stride, in.times ? in.plus / stride : (in.plus + stride - 1) / stride};
    return true;
}

static bool padded_extent(extent in, int64_t pads, int64_t reach, int64_t stride, extent *out)
{
    extent room = {in.times, in.plus + pads - reach};
    if (least(room) < 0 || room.times % stride) return false;
    const int64_t floor = room.plus / stride - (room.plus % stride < 0);
    *out = (extent){room.times / stride, floor + 1};
    return true;
}

/* False: such windows do not fit. most_pad: under the size of the window. */
static bool draw_geometry(writer *w, const image *x, int64_t most_size, bool dilates, geometry *g)
{
    const int64_t form = below(w, 3);
    int64_t pads[4];
    for (int i = 0; i < 2; i++) {
        g->size[i] = 1 + below(w, most_size);
        g->stride[i] = 1 + below(w, 2) * below(w, 3);
        g->step[i] = dilates ? 1 + below(w, 2) * below(w, 3) : 1;
    }
    for (int i = 0; i < 4; i++) pads[i] = form == 1 ? below(w, g->size[i / 2]) : 0;
    if (form == 1) snprintf(g->padding, sizeof g->padding, "[%lld, %lld, %lld, %lld]", (long long)pads[0], (long long)pads[1],
                            (long long)pads[2], (long long)pads[3]);
    else snprintf(g->padding, sizeof g->padding, form ? "same" : "valid");
    for (int i = 0; i < 2; i++) {
        const int64_t reach = (g->size[i] - 1) * g->step[i] + 1;
        if (form == 2 ? !same_extent(x->size[i], g->stride[i], &g->out[i])
                      : !padded_extent(x->size[i], pads[2 * i] + pads[2 * i + 1], reach, g->stride[i], &g->out[i]))
            return false;
    }
    return true;
}

static image seen_through(const image *x, const geometry *g)
{
    image y = *x;
    y.size[0] = g->out[0];
    y.size[1] = g->out[1];
    return y;
}

#define GEOMETRY ", stride=[%lld, %lld], dilation=[%lld, %lld], pad=%s);\n"
#define GEOMETRY_OF(g) (long long)(g).stride[0], (long long)(g).stride[1], (long long)(g).step[0], (long long)(g).step[1], (g).padding

/* ", b" with a fresh input as bias, or nothing. */
static const char *draw_bias(writer *w, int64_t outputs, char out[16])
{
    out[0] = 0;
    if (below(w, 2)) return out;
    INPUT(w, ", b%d: f32[%lld]", w->input_count, (long long)outputs);
    snprintf(out, 16, ", b%d", w->input_count++);
    return out;
}

static int64_t draw_channels(writer *w)
{
    static const int64_t channels[] = {1, 2, 3, 4, 8, 12, 16, 17, 20, 24, 33};
    return channels[below(w, sizeof channels / sizeof *channels)];
}

static void write_conv(writer *w)
{
    static const struct {
        const char *text;
        int64_t r, c;
    } patterns[] = {{"unstructured", 1, 1}, {"unstructured", 1, 1}, {"2:4", 1, 4}, {"1:3", 1, 3}, {"block(4, 1)", 4, 1},
                    {"block(4, 4)", 4, 4}, {"rows", 1, 1}, {"columns", 1, 1}, {"band(-3, 2)", 1, 1}, {"dense", 1, 1}};
    const image x = bounded(w);
    geometry g;
    char bias[16];
    if (!draw_geometry(w, &x, below(w, 3) ? 3 : 1, true, &g)) return;
    const size_t p = (size_t)below(w, sizeof patterns / sizeof *patterns);
    image y = seen_through(&x, &g);
    y.channels = (draw_channels(w) + patterns[p].r - 1) / patterns[p].r * patterns[p].r;
    const char *pattern = x.channels % patterns[p].c ? "unstructured" : patterns[p].text;
    const int weight = w->weight_count++;
    y.bound = x.bound * 3 * g.size[0] * g.size[1] * x.channels + 3;
    if (below(w, 8))
        WEIGHT(w, "weight w%d: f32[%lld, %lld, %lld, %lld] sparse %s;\n", weight, (long long)y.channels, (long long)g.size[0],
               (long long)g.size[1], (long long)x.channels, pattern);
    else
        INPUT(w, ", w%d: f32[%lld, %lld, %lld, %lld]", weight, (long long)y.channels, (long long)g.size[0],
              (long long)g.size[1], (long long)x.channels);
    BODY(w, "    t%d = conv2d(%s, w%d%s" GEOMETRY, w->count, x.name, weight, draw_bias(w, y.channels, bias), GEOMETRY_OF(g));
    new_image(w, y);
}

static void write_depthwise(writer *w)
{
    const image x = bounded(w);
    geometry g;
    char bias[16];
    if (!draw_geometry(w, &x, 5, true, &g)) return;
    image y = seen_through(&x, &g);
    y.bound = x.bound * 3 * g.size[0] * g.size[1] + 3;
    const int weight = w->weight_count++;
    WEIGHT(w, "weight w%d: f32[%lld, %lld, %lld];\n", weight, (long long)g.size[0], (long long)g.size[1], (long long)x.channels);
    BODY(w, "    t%d = depthwise_conv2d(%s, w%d%s" GEOMETRY, w->count, x.name, weight, draw_bias(w, x.channels, bias), GEOMETRY_OF(g));
    new_image(w, y);
}

static void write_maxpool(writer *w)
{
    const image x = any_image(w);
    geometry g;
    if (!draw_geometry(w, &x, 4, false, &g)) return;
    BODY(w, "    t%d = maxpool2d(%s, [%lld, %lld], stride=[%lld, %lld], pad=%s);\n", w->count, x.name, (long long)g.size[0],
         (long long)g.size[1], (long long)g.stride[0], (long long)g.stride[1], g.padding);
    new_image(w, seen_through(&x, &g));
}

/* Over one, two or four elements, all of which are there. */
static void write_average(writer *w)
{
    const image x = bounded(w);
    geometry g;
    if (x.fraction + 2 > MOST_FRACTION || !draw_geometry(w, &x, 2, false, &g) || strcmp(g.padding, "valid")) return;
    BODY(w, "    t%d = avgpool2d(%s, [%lld, %lld], stride=[%lld, %lld]);\n", w->count, x.name, (long long)g.size[0],
         (long long)g.size[1], (long long)g.stride[0], (long long)g.stride[1]);
    image y = seen_through(&x, &g);
    y.fraction += 2;
    new_image(w, y);
}

/* Twice as large: places are quarters. */
static void write_resize(writer *w)
{
    image y = bounded(w);
    if (y.fraction + 4 > MOST_FRACTION || y.size[0].times + y.size[1].times > 4) return;
    const char *from = y.name, *half = below(w, 2) ? "true" : "false";
    BODY(w, "    t%d = resize_bilinear(%s", w->count, from);
    for (int i = 0; i < 2; i++) {
        y.size[i] = (extent){2 * y.size[i].times, 2 * y.size[i].plus};
        BODY(w, ", %lld * s - (%lld)", (long long)y.size[i].times, -(long long)y.size[i].plus);
    }
    BODY(w, ", half_pixel=%s);\n", half);
    y.fraction += 4;
    new_image(w, y);
}

/* ---- others ---- */

static void write_depth_to_space(writer *w)
{
    image y = any_image(w);
    if (y.channels % 4 || y.size[0].times + y.size[1].times > 4) return;
    BODY(w, "    t%d = depth_to_space(%s, 2);\n", w->count, y.name);
    y.channels /= 4;
    for (int i = 0; i < 2; i++) y.size[i] = (extent){2 * y.size[i].times, 2 * y.size[i].plus};
    new_image(w, y);
}

static void write_unary(writer *w)
{
    static const char *const forms[] = {"relu(%s)", "relu6(%s)", "clip(%s, -2, 5)", "-%s", "abs(%s)"};
    image y = any_image(w);
    char text[64];
    snprintf(text, sizeof text, forms[below(w, 5)], y.name);
    BODY(w, "    t%d = %s;\n", w->count, text);
    y.bound += 6;
    new_image(w, y);
}

/* Activations that use their operand several times, and what weighs channels. */
static void write_gate(writer *w)
{
    image y = bounded(w);
    const bool squares = 2 * y.fraction <= MOST_FRACTION;
    const int64_t drawn = below(w, 4), form = squares || drawn == 0 ? drawn : 3;
    const char *x = y.name;
    if (form == 0) {
        BODY(w, "    t%d = where(%s > 0, %s, %s * p%d);\n", w->count, x, x, x, w->input_count);
        INPUT(w, ", p%d: f32[%lld]", w->input_count++, (long long)y.channels);
    } else if (form == 1) {
        BODY(w, "    t%d = %s * relu6(%s + 3);\n", w->count, x, x);
    } else if (form == 2) {
        BODY(w, "    t%d = %s * clip(reshape(sum(%s, axis=[1, 2]), [n, 1, 1, %lld]), -2, 2);\n", w->count, x, x, (long long)y.channels);
    } else {
        BODY(w, "    t%d = %s + q%d;\n", w->count, x, w->input_count);
        INPUT(w, ", q%d: f32[n, 1, 1, %lld]", w->input_count++, (long long)y.channels);
    }
    y.bound = y.bound * 6 + 3;
    y.fraction *= form == 1 || form == 2 ? 2 : 1;
    new_image(w, y);
}

/* Zeros around the channels, or some of them. */
static void write_channels(writer *w)
{
    image y = any_image(w);
    const int64_t front = below(w, 3), behind = 1 + below(w, 4);
    if (below(w, 2) && y.channels > front + 1) {
        BODY(w, "    t%d = slice(%s, axis=3, from=%lld, to=%lld);\n", w->count, y.name, (long long)front, (long long)y.channels - 1);
        y.channels -= front + 1;
    } else {
        BODY(w, "    t%d = pad(%s, [[0, 0], [0, 0], [0, 0], [%lld, %lld]]);\n", w->count, y.name, (long long)front, (long long)behind);
        y.channels += front + behind;
    }
    new_image(w, y);
}

static bool same_size(const image *a, const image *b) { return !memcmp(a->size, b->size, sizeof a->size); }

/* A residual, or both side by side. */
static void write_binary(writer *w)
{
    const image a = any_image(w), b = any_image(w);
    image y = a;
    if (!same_size(&a, &b)) return;
    const bool joined = a.channels != b.channels || !below(w, 3);
    BODY(w, joined ? "    t%d = concat(%s, %s, axis=3);\n" : "    t%d = %s + %s;\n", w->count, a.name, b.name);
    y.channels = joined ? a.channels + b.channels : a.channels;
    y.bound = a.bound + b.bound;
    y.fraction = a.fraction > b.fraction ? a.fraction : b.fraction;
    new_image(w, y);
}

/* ---- programs ---- */

static void write_network(writer *w)
{
    static void (*const statements[])(writer *) = {write_conv, write_conv, write_conv, write_depthwise, write_maxpool,
                                                   write_average, write_resize, write_depth_to_space, write_unary, write_binary,
                                                   write_binary, write_gate, write_gate, write_channels};
    char type[96];
    image x = {.channels = draw_channels(w), .bound = 3};
    for (int i = 0; i < 2; i++) x.size[i] = below(w, 3) ? (extent){0, 1 + below(w, 14)} : (extent){1 + below(w, 2), 0};
    INPUT(w, "t0: %s", type_text(new_image(w, x), type));
    for (int64_t left = 4 + below(w, 10); left > 0 && w->count + 3 < MAX_VALUES && w->weight_count + 1 < DIFF_MAX_WEIGHTS; left--)
        statements[below(w, sizeof statements / sizeof *statements)](w);
    if (w->count == 1) {
        BODY(w, "    t1 = relu(t0);\n");
        new_image(w, x);
    }
}

static void write_program(writer *w, char *sdl, size_t size)
{
    char results[800] = "", assigns[400] = "", type[96];
    size_t r = 0, a = 0, used = 0;
    int count = 0;
    write_network(w);
    for (int i = w->count - 1; i > 0 && count < 3; i--) {
        if (count && below(w, 3)) continue;
        add(results, sizeof results, &r, "%sy%d: %s", count ? ", " : "", count, type_text(&w->images[i], type));
        add(assigns, sizeof assigns, &a, "    y%d = %s;\n", count++, w->images[i].name);
    }
    add(sdl, size, &used, "dim n;\ndim s = %d..40;\n%slayer f(%s) -> (%s) {\n%s%s}\n", LEAST_SIZE, w->weights, w->inputs,
        results, w->body, assigns);
}

static void write_plan(writer *w, char *plan, size_t size)
{
    static const char *const stores[] = {"dense:4", "csr", "sell:4", "sell:8", "bsr:4x4", "nm:2:4", "dense:16", "bsr:3x5",
                                         "sell:4:8", "zip:4:64", "zip:2"};
    static const char *const tiles[] = {"16xall", "32xall", "64xall", "16x32", "32x24", "16x7"};
    size_t used = 0;
    plan[0] = 0;
    for (int kernel = 0; kernel < 8; kernel++) {
        if (below(w, 2)) continue; /* the planner's */
        add(plan, size, &used, "@f.%d store=%s tile=%s unroll=%lld lanes=batch\n", kernel, stores[below(w, 11)], tiles[below(w, 6)],
            (long long)(1 + below(w, 4)));
    }
}

static void try_seed(diff_tally *tally, uint64_t seed)
{
    static const char *const cpus[] = {"x86-64-v2", "x86-64-v3", "native", "x86-64-v4"};
    static const int64_t sets[][4] = {{0, 6, 2, 7}, {1, 6, 3, 9}, {1, 8, 0, 6}, {2, 11, 1, 6}};
    static writer w;
    char sdl[MAX_TEXT + 4000], plan[1500], what[64];
    memset(&w, 0, sizeof w);
    w.random = seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
    write_program(&w, sdl, sizeof sdl);
    write_plan(&w, plan, sizeof plan);
    snprintf(what, sizeof what, "seed %llu", (unsigned long long)seed);
    diff_program program = {sdl, plan, cpus[below(&w, 4)], seed % 12 == 0, 0};
    diff_case c = {what, &program, true, {.layer = "f", .values = 3}, 2, 2, sets[below(&w, 4)]};
    const int64_t refused = tally->refused;
    if (diff_program_weights(&program, &w.random)) diff_try(tally, &c, &w.random);
    else tally->failed++;
    if (tally->refused > refused) {
        program.plan = "";
        c.refusable = false;
        diff_try(tally, &c, &w.random);
    }
    diff_program_free(&program);
}

static void try_programs(diff_tally *tally)
{
    static const char *const cpus[] = {"x86-64-v2", "x86-64-v3", "native"};
    diff_random random = 1;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        for (size_t c = 0; c < sizeof cpus / sizeof *cpus; c++) {
            const image_case *p = &programs[i];
            diff_program program = {p->sdl, "", cpus[c], c == 2, 0};
            const diff_case all = {p->name, &program, false, {"f", NULL, 0, 4, false, false, p->tolerance}, p->sets, p->dims, p->extents};
            if (diff_program_weights(&program, &random)) diff_try(tally, &all, &random);
            else tally->failed++;
            diff_program_free(&program);
        }
}

int main(int argc, char **argv)
{
    uint64_t seed = 1;
    int64_t count = 100, at_least = 0;
    diff_tally tally = {0};
    for (int i = 1; i + 1 < argc; i += 2) {
        const long long number = atoll(argv[i + 1]);
        if (!strcmp(argv[i], "--seed")) seed = (uint64_t)number;
        else if (!strcmp(argv[i], "--count")) count = number;
        else if (!strcmp(argv[i], "--at-least")) at_least = number;
    }
    if (argc == 1 || at_least) try_programs(&tally);
    for (int64_t i = 0; i < count && tally.failed < 8; i++) try_seed(&tally, seed + (uint64_t)i);
    printf("seed %llu: %lld programs ran, %lld plans refused, %lld failures\n", (unsigned long long)seed, (long long)tally.ran,
           (long long)tally.refused, (long long)tally.failed);
    diff_print_native(&tally);
    return tally.failed || tally.ran < at_least;
}
