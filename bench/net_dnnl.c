/* net_dnnl: see net_dnnl.h. */
#include "net_dnnl.h"
#include "passes/lower/lower.h"
#include "timing.h"
#include <math.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ARGS = 8, MAX_DATA = 4 };

typedef struct node {
    const net_step *step;
    dnnl_primitive_t primitive; /* NULL: copied by hand */
    dnnl_exec_arg_t args[MAX_ARGS];
    int count;
    const float *x, *y;
    float *out;
} node;

struct net_dnnl {
    const net *n;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    float **data; /* by value */
    void *arena;  /* the memory of intermediate values */
    node *nodes;
    int count;
    bool failed;
};

static bool good(net_dnnl *d, dnnl_status_t status, const char *what)
{
    if (status && !d->failed)
        fprintf(stderr, "bench_network: oneDNN: %s: status %d\n", what, (int)status);
    d->failed = d->failed || status;
    return !status;
}

/* ---- memory ---- */

/* An addition may happen in the operand's own memory where nothing reads that later. */
static bool adds_in_place(const net *n, const net_step *s)
{
    return s->kind == NET_CONV && s->y >= 0 && net_last_use(n, s->y) == (int)(s - n->step) && n->value[s->y].step >= 0;
}

static void join_in_place(net *n)
{
    for (int i = 0; i < n->steps; i++) {
        const net_step *s = &n->step[i];
        if (s->dropped || !adds_in_place(n, s))
            continue;
        for (int v = 0; v < n->values; v++)
            if (n->value[v].of == s->out && v != s->out)
                n->value[v].of = n->value[s->y].of;
        n->value[s->out].of = n->value[s->y].of;
    }
}

static bool place_values(net_dnnl *d)
{
    const net *n = d->n;
    ir_arena *arena = ir_arena_new(0);
    lw_lifetime *lives = calloc((size_t)n->values, sizeof *lives);
    int *which = calloc((size_t)n->values, sizeof *which), count = 0;
    for (int v = 0; v < n->values; v++)
        if (n->value[v].of == v && !d->data[v] && n->value[v].step >= 0) {
            which[count] = v;
            lives[count++] = (lw_lifetime){(int64_t)(net_bytes(&n->value[v]) + 63) / 64 * 64, n->value[v].step,
                                           net_last_use(n, v), 0};
        }
    const int64_t bytes = lw_place(arena, lives, count);
    d->arena = aligned_alloc(64, (size_t)bytes + 64);
    for (int i = 0; i < count; i++)
        d->data[which[i]] = (float *)((char *)d->arena + lives[i].offset);
    for (int v = 0; v < n->values; v++)
        if (!d->data[v])
            d->data[v] = d->data[n->value[v].of];
    ir_arena_free(arena);
    free(lives);
    free(which);
    return d->arena != NULL;
}

/* ---- primitives ---- */

/* The logical order of oneDNN is n, c, h, w whatever lies where. */
static dnnl_memory_desc_t image(const net_value *v)
{
    const dnnl_dims_t dims = {v->dims[0], net_channels(v), v->rank == 4 ? v->dims[1] : 1, v->rank == 4 ? v->dims[2] : 1};
    dnnl_memory_desc_t out;
    memset(&out, 0, sizeof out);
    dnnl_memory_desc_init_by_tag(&out, 4, dims, dnnl_f32, dnnl_nhwc);
    return out;
}

static dnnl_memory_t memory(net_dnnl *d, const dnnl_memory_desc_t *desc, void *data)
{
    dnnl_memory_t out = NULL;
    good(d, dnnl_memory_create(&out, desc, d->engine, data), "memory");
    return out;
}

static void add_arg(net_dnnl *d, node *at, int name, const dnnl_memory_desc_t *desc, void *data)
{
    at->args[at->count++] = (dnnl_exec_arg_t){name, memory(d, desc, data)};
}

static void append_activation(net_dnnl *d, const net_step *s, dnnl_post_ops_t ops)
{
    if (!isinf(s->low))
        good(d, isinf(s->high) ? dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, 0, 0)
                               : dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_clip, s->low, s->high), "clip");
    if (s->activation == NET_HARD_SWISH)
        good(d, dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_hardswish, 0, 0), "hard swish");
    if (s->activation == NET_SIGMOID)
        good(d, dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_logistic, 0, 0), "sigmoid");
    if (s->activation != NET_HARD_SIGMOID)
        return;
    good(d, dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_linear, 1 / 6.0f, 0.5f), "hard sigmoid");
    good(d, dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_clip, 0, 1), "hard sigmoid");
}

static dnnl_primitive_attr_t attributes(net_dnnl *d, const net_step *s, bool in_place, const dnnl_memory_desc_t *added)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t ops = NULL;
    good(d, dnnl_primitive_attr_create(&attr), "attributes");
    good(d, dnnl_post_ops_create(&ops), "post-ops");
    if (in_place)
        good(d, dnnl_post_ops_append_sum(ops, 1), "sum");
    else if (added)
        good(d, dnnl_post_ops_append_binary(ops, dnnl_binary_add, added), "binary");
    append_activation(d, s, ops);
    good(d, dnnl_primitive_attr_set_post_ops(attr, ops), "post-ops");
    dnnl_post_ops_destroy(ops);
    return attr;
}

/* One value for each channel. */
static dnnl_memory_desc_t by_channel(const net_value *v)
{
    const dnnl_dims_t dims = {1, net_channels(v), 1, 1};
    dnnl_memory_desc_t out;
    memset(&out, 0, sizeof out);
    dnnl_memory_desc_init_by_tag(&out, 4, dims, dnnl_f32, dnnl_nhwc);
    return out;
}

/* Weights as they lie: [out, kh, kw, in], or [kh, kw, c] as c groups. */
static dnnl_memory_desc_t plain_weights(const net_step *s, int64_t outs, int64_t ins, dnnl_memory_desc_t *any)
{
    dnnl_memory_desc_t out;
    memset(&out, 0, sizeof out);
    const int64_t kh = s->kernel[0], kw = s->kernel[1];
    if (s->kind == NET_DEPTHWISE) {
        const dnnl_dims_t dims = {outs, 1, 1, kh, kw}, strides = {1, outs, outs, kw * outs, outs};
        dnnl_memory_desc_init_by_strides(&out, 5, dims, dnnl_f32, strides);
        dnnl_memory_desc_init_by_tag(any, 5, dims, dnnl_f32, dnnl_format_tag_any);
    } else {
        const dnnl_dims_t dims = {outs, ins, kh, kw}, strides = {kh * kw * ins, 1, kw * ins, ins};
        dnnl_memory_desc_init_by_strides(&out, 4, dims, dnnl_f32, strides);
        dnnl_memory_desc_init_by_tag(any, 4, dims, dnnl_f32, dnnl_format_tag_any);
    }
    return out;
}

static void add_weights(net_dnnl *d, node *at, const dnnl_memory_desc_t *plain, const dnnl_memory_desc_t *best)
{
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_t reorder = NULL;
    dnnl_memory_t from = memory(d, plain, (void *)at->step->weights);
    add_arg(d, at, DNNL_ARG_WEIGHTS, best, DNNL_MEMORY_ALLOCATE);
    const dnnl_exec_arg_t args[2] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, at->args[at->count - 1].memory}};
    if (good(d, dnnl_reorder_primitive_desc_create(&pd, plain, d->engine, best, d->engine, NULL), "reorder") &&
        good(d, dnnl_primitive_create(&reorder, pd), "reorder"))
        good(d, dnnl_primitive_execute(reorder, d->stream, 2, args), "reorder");
    dnnl_stream_wait(d->stream);
    dnnl_primitive_destroy(reorder);
    dnnl_primitive_desc_destroy(pd);
    dnnl_memory_destroy(from);
}

static void build_convolution(net_dnnl *d, node *at)
{
    const net_step *s = at->step;
    const net_value *x = &d->n->value[s->x], *y = &d->n->value[s->out];
    const dnnl_dims_t strides = {s->stride[0], s->stride[1]}, dilates = {s->dilation[0] - 1, s->dilation[1] - 1};
    const dnnl_dims_t left = {s->pads[0], s->pads[2]}, right = {s->pads[1], s->pads[3]}, outs = {net_channels(y)};
    dnnl_memory_desc_t in = image(x), out = image(y), any, bias;
    dnnl_memory_desc_t plain = plain_weights(s, net_channels(y), net_channels(x), &any);
    dnnl_memory_desc_init_by_tag(&bias, 1, outs, dnnl_f32, dnnl_a);
    dnnl_convolution_desc_t desc;
    dnnl_primitive_desc_t pd = NULL;
    const bool in_place = s->y >= 0 && d->data[s->y] == d->data[s->out];
    dnnl_primitive_attr_t attr = attributes(d, s, in_place, s->y >= 0 && !in_place ? &out : NULL);
    if (good(d, dnnl_dilated_convolution_forward_desc_init(&desc, dnnl_forward_inference, dnnl_convolution_auto, &in, &any,
                                                           s->bias ? &bias : NULL, &out, strides, dilates, left, right), "convolution") &&
        good(d, dnnl_primitive_desc_create(&pd, &desc, attr, d->engine, NULL), "convolution") &&
        good(d, dnnl_primitive_create(&at->primitive, pd), "convolution")) {
        add_weights(d, at, &plain, dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0));
        if (s->bias)
            add_arg(d, at, DNNL_ARG_BIAS, &bias, (void *)s->bias);
        add_arg(d, at, DNNL_ARG_SRC, &in, d->data[s->x]);
        add_arg(d, at, DNNL_ARG_DST, &out, d->data[s->out]);
        if (s->y >= 0 && !in_place)
            add_arg(d, at, DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, &out, d->data[s->y]);
    }
    dnnl_primitive_desc_destroy(pd);
    dnnl_primitive_attr_destroy(attr);
}

static void build_resize(net_dnnl *d, node *at)
{
    const net_step *s = at->step;
    dnnl_memory_desc_t in = image(&d->n->value[s->x]), out = image(&d->n->value[s->out]);
    dnnl_resampling_desc_t desc;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_attr_t attr = attributes(d, s, false, NULL);
    if (!s->half_pixel)
        good(d, dnnl_unimplemented, "resizing but with half_pixel");
    if (good(d, dnnl_resampling_forward_desc_init(&desc, dnnl_forward_inference, dnnl_resampling_linear, NULL, &in, &out), "resampling") &&
        good(d, dnnl_primitive_desc_create(&pd, &desc, attr, d->engine, NULL), "resampling") &&
        good(d, dnnl_primitive_create(&at->primitive, pd), "resampling")) {
        add_arg(d, at, DNNL_ARG_SRC, &in, d->data[s->x]);
        add_arg(d, at, DNNL_ARG_DST, &out, d->data[s->out]);
    }
    dnnl_primitive_desc_destroy(pd);
    dnnl_primitive_attr_destroy(attr);
}

/* An addition, or channels times their gates. */
static void build_binary(net_dnnl *d, node *at)
{
    const net_step *s = at->step;
    const bool gate = s->kind == NET_GATE;
    dnnl_memory_desc_t desc = image(&d->n->value[s->out]), second = gate ? by_channel(&d->n->value[s->out]) : desc;
    dnnl_binary_desc_t binary;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_attr_t attr = attributes(d, s, false, NULL);
    if (good(d, dnnl_binary_desc_init(&binary, gate ? dnnl_binary_mul : dnnl_binary_add, &desc, &second, &desc), "binary") &&
        good(d, dnnl_primitive_desc_create(&pd, &binary, attr, d->engine, NULL), "binary") &&
        good(d, dnnl_primitive_create(&at->primitive, pd), "binary")) {
        add_arg(d, at, DNNL_ARG_SRC_0, &desc, d->data[s->x]);
        add_arg(d, at, DNNL_ARG_SRC_1, &second, d->data[s->y]);
        add_arg(d, at, DNNL_ARG_DST, &desc, d->data[s->out]);
    }
    dnnl_primitive_desc_destroy(pd);
    dnnl_primitive_attr_destroy(attr);
}

static void build_pool(net_dnnl *d, node *at)
{
    const net_step *s = at->step;
    dnnl_memory_desc_t in = image(&d->n->value[s->x]), out = image(&d->n->value[s->out]);
    const dnnl_dims_t strides = {s->stride[0], s->stride[1]}, size = {s->kernel[0], s->kernel[1]};
    const dnnl_dims_t left = {s->pads[0], s->pads[2]}, right = {s->pads[1], s->pads[3]};
    dnnl_pooling_desc_t desc;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_attr_t attr = attributes(d, s, false, NULL);
    if (good(d, dnnl_pooling_forward_desc_init(&desc, dnnl_forward_inference,
                                               s->kind == NET_MAX ? dnnl_pooling_max : dnnl_pooling_avg_exclude_padding, &in, &out,
                                               strides, size, left, right), "pooling") &&
        good(d, dnnl_primitive_desc_create(&pd, &desc, attr, d->engine, NULL), "pooling") &&
        good(d, dnnl_primitive_create(&at->primitive, pd), "pooling")) {
        add_arg(d, at, DNNL_ARG_SRC, &in, d->data[s->x]);
        add_arg(d, at, DNNL_ARG_DST, &out, d->data[s->out]);
    }
    dnnl_primitive_desc_destroy(pd);
    dnnl_primitive_attr_destroy(attr);
}

static void build_copy(net_dnnl *d, node *at)
{
    at->x = d->data[at->step->x];
    at->y = at->step->y >= 0 ? d->data[at->step->y] : NULL;
    at->out = d->data[at->step->out];
}

/* PReLU by itself, in place: as a post-op it sends convolutions to the reference implementation. */
static void build_prelu(net_dnnl *d, node *at)
{
    const net_step *s = at->step;
    dnnl_memory_desc_t data = image(&d->n->value[s->out]), slopes = by_channel(&d->n->value[s->out]);
    dnnl_prelu_desc_t desc;
    dnnl_primitive_desc_t pd = NULL;
    if (good(d, dnnl_prelu_forward_desc_init(&desc, dnnl_forward_inference, &data, &slopes), "prelu") &&
        good(d, dnnl_primitive_desc_create(&pd, &desc, NULL, d->engine, NULL), "prelu") &&
        good(d, dnnl_primitive_create(&at->primitive, pd), "prelu")) {
        add_arg(d, at, DNNL_ARG_SRC, &data, d->data[s->out]);
        add_arg(d, at, DNNL_ARG_WEIGHTS, &slopes, (void *)s->slope);
        add_arg(d, at, DNNL_ARG_DST, &data, d->data[s->out]);
    }
    dnnl_primitive_desc_destroy(pd);
}

static void build_step(net_dnnl *d, const net_step *s)
{
    static void (*const builders[NET_KINDS])(net_dnnl *, node *) = {
        [NET_CONV] = build_convolution, [NET_DEPTHWISE] = build_convolution, [NET_ADD] = build_binary,
        [NET_RESIZE] = build_resize,    [NET_TRANSPOSE] = build_copy,        [NET_MAX] = build_pool,
        [NET_AVERAGE] = build_pool,     [NET_GATE] = build_binary,           [NET_WIDEN] = build_copy,
        [NET_CONCAT] = build_copy,
    };
    d->nodes[d->count].step = s;
    builders[s->kind](d, &d->nodes[d->count++]);
    if (s->activation != NET_PRELU)
        return;
    d->nodes[d->count].step = s;
    build_prelu(d, &d->nodes[d->count++]);
}

net_dnnl *net_dnnl_new(const net *n, float *const *values)
{
    net_dnnl *d = calloc(1, sizeof *d);
    d->n = n;
    d->data = calloc((size_t)n->values, sizeof *d->data);
    d->nodes = calloc(2 * (size_t)n->steps, sizeof *d->nodes);
    join_in_place((net *)n);
    for (int v = 0; v < n->values; v++)
        if (values[v])
            d->data[n->value[v].of] = values[v];
    if (!place_values(d) || dnnl_engine_create(&d->engine, dnnl_cpu, 0) ||
        dnnl_stream_create(&d->stream, d->engine, dnnl_stream_default_flags))
        d->failed = true;
    for (int i = 0; i < n->steps && !d->failed; i++)
        if (!n->step[i].dropped)
            build_step(d, &n->step[i]);
    if (!d->failed)
        return d;
    net_dnnl_free(d);
    return NULL;
}

void net_dnnl_free(net_dnnl *d)
{
    if (!d)
        return;
    for (int i = 0; i < d->count; i++) {
        dnnl_primitive_destroy(d->nodes[i].primitive);
        for (int a = 0; a < d->nodes[i].count; a++)
            dnnl_memory_destroy(d->nodes[i].args[a].memory);
    }
    dnnl_stream_destroy(d->stream);
    dnnl_engine_destroy(d->engine);
    free(d->arena);
    free(d->data);
    free(d->nodes);
    free(d);
}

static void run_node(net_dnnl *d, const node *at)
{
    if (at->primitive)
        dnnl_primitive_execute(at->primitive, d->stream, at->count, at->args);
    else
        net_copy(d->n, at->step, at->x, at->y, at->out);
}

void net_dnnl_run(void *ctx)
{
    net_dnnl *d = ctx;
    for (int i = 0; i < d->count; i++)
        run_node(d, &d->nodes[i]);
    dnnl_stream_wait(d->stream);
}

void net_dnnl_time(net_dnnl *d, double *by_kind)
{
    for (int i = 0; i < d->count; i++) {
        const double start = bench_now();
        run_node(d, &d->nodes[i]);
        by_kind[d->nodes[i].step->kind] += bench_now() - start;
    }
}
