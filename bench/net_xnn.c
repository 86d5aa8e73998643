/* net_xnn: see net_xnn.h.
 *
 * XNNPACK keeps to its dense path on x86 with AVX whatever hint it is given. The rewriting that the hint would ask for is a
 * function that its library exports and its header does not declare. */
#include "net_xnn.h"
#include <pthreadpool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xnnpack.h>

enum xnn_status xnn_subgraph_optimize(xnn_subgraph_t subgraph, uint32_t flags);
void xnn_subgraph_rewrite_for_nchw(xnn_subgraph_t subgraph);

struct net_xnn {
    const net *n;
    xnn_subgraph_t subgraph;
    xnn_runtime_t runtime;
    uint32_t *id;   /* by value */
    struct xnn_external_value *external;
    size_t externals;
    pthreadpool_t pool; /* NULL: one thread */
    bool failed;
};

static bool good(net_xnn *x, enum xnn_status status, const char *what)
{
    if (status && !x->failed)
        fprintf(stderr, "bench_network: XNNPACK: %s: status %d\n", what, (int)status);
    x->failed = x->failed || status;
    return !status;
}

static uint32_t tensor(net_xnn *x, int rank, const int64_t *dims, const void *data, uint32_t external, uint32_t flags)
{
    size_t sizes[NET_MAX_RANK];
    uint32_t id = XNN_INVALID_VALUE_ID;
    for (int i = 0; i < rank; i++)
        sizes[i] = (size_t)dims[i];
    good(x, xnn_define_tensor_value(x->subgraph, xnn_datatype_fp32, (size_t)rank, sizes, data, external, flags, &id), "tensor");
    return id;
}

/* A result of the network lies in the value's memory: its number; -1. */
static int result_in(const net *n, int value)
{
    for (int v = 0; v < n->values; v++)
        if (n->value[v].of == value && n->value[v].output)
            return v;
    return -1;
}

/* Depth-to-space is an image whose channels are split, reordered and merged: only the merged one is a value here. */
static bool is_split(const net *n, int v)
{
    for (int i = 0; i < n->steps; i++)
        if (n->step[i].kind == NET_TRANSPOSE && n->step[i].x == v)
            return true;
    return false;
}

static void define_values(net_xnn *x, float *const *values)
{
    const net *n = x->n;
    for (int v = 0; v < n->values; v++) {
        const net_value *value = &n->value[v];
        const int result = result_in(n, v);
        int64_t merged[NET_MAX_RANK];
        memcpy(merged, value->dims, sizeof merged);
        if (value->of != v || is_split(n, v))
            continue;
        const bool shuffled = value->rank == 6; /* n, h, block, w, block, c */
        if (shuffled)
            memcpy(merged, (int64_t[]){merged[0], merged[1] * merged[2], merged[3] * merged[4], merged[5]}, 4 * sizeof *merged);
        const uint32_t flags = value->step < 0 ? XNN_VALUE_FLAG_EXTERNAL_INPUT : result >= 0 ? XNN_VALUE_FLAG_EXTERNAL_OUTPUT : 0;
        const uint32_t external = flags ? (uint32_t)x->externals : XNN_INVALID_VALUE_ID;
        x->id[v] = tensor(x, shuffled ? 4 : value->rank, merged, NULL, external, flags);
        if (flags)
            x->external[x->externals++] = (struct xnn_external_value){x->id[v], values[result >= 0 ? result : v]};
    }
}

static void define_convolution(net_xnn *x, const net_step *s)
{
    const net_value *in = &x->n->value[s->x], *out = &x->n->value[s->out];
    const bool depthwise = s->kind == NET_DEPTHWISE;
    const int64_t full[4] = {net_channels(out), s->kernel[0], s->kernel[1], net_channels(in)};
    const int64_t thin[4] = {1, s->kernel[0], s->kernel[1], net_channels(in)};
    const uint32_t filter = tensor(x, 4, depthwise ? thin : full, s->weights, XNN_INVALID_VALUE_ID, 0);
    const uint32_t bias = s->bias ? tensor(x, 1, &out->dims[out->rank - 1], s->bias, XNN_INVALID_VALUE_ID, 0) : XNN_INVALID_VALUE_ID;
    uint32_t g[10] = {(uint32_t)s->pads[0],     (uint32_t)s->pads[3],     (uint32_t)s->pads[1],   (uint32_t)s->pads[2],
                      (uint32_t)s->kernel[0],   (uint32_t)s->kernel[1],   (uint32_t)s->stride[0], (uint32_t)s->stride[1],
                      (uint32_t)s->dilation[0], (uint32_t)s->dilation[1]};
    if (depthwise)
        good(x, xnn_define_depthwise_convolution_2d(x->subgraph, g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7], g[8], g[9], 1,
                                                    (size_t)net_channels(in), s->low, s->high, x->id[s->x], filter, bias,
                                                    x->id[s->out], 0), "depthwise convolution");
    else
        good(x, xnn_define_convolution_2d(x->subgraph, g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7], g[8], g[9], 1,
                                          (size_t)net_channels(in), (size_t)net_channels(out), s->low, s->high, x->id[s->x], filter,
                                          bias, x->id[s->out], 0), "convolution");
}

static void define_transpose(net_xnn *x, const net_step *s)
{
    static const int64_t perm[6] = {0, 1, 3, 2, 4, 5};
    const net_value *split = &x->n->value[s->x];
    if (split->rank != 6 || split->dims[3] != split->dims[4] || memcmp(perm, s->perm, sizeof perm) || split->of == s->x)
        good(x, xnn_status_unsupported_parameter, "a transpose that is not depth-to-space");
    else
        good(x, xnn_define_depth_to_space(x->subgraph, x->id[split->of], x->id[s->out], (uint32_t)split->dims[3], 0), "depth to space");
}

static void define_pool(net_xnn *x, const net_step *s)
{
    const net_value *in = &x->n->value[s->x];
    if (s->kind == NET_MAX)
        good(x, xnn_define_max_pooling_2d(x->subgraph, (uint32_t)s->pads[0], (uint32_t)s->pads[3], (uint32_t)s->pads[1],
                                          (uint32_t)s->pads[2], (uint32_t)s->kernel[0], (uint32_t)s->kernel[1], (uint32_t)s->stride[0],
                                          (uint32_t)s->stride[1], 1, 1, s->low, s->high, x->id[s->x], x->id[s->out], 0), "pooling");
    else if (s->kernel[0] == in->dims[1] && s->kernel[1] == in->dims[2])
        good(x, xnn_define_global_average_pooling_2d(x->subgraph, s->low, s->high, x->id[s->x], x->id[s->out], 0), "pooling");
    else
        good(x, xnn_status_unsupported_parameter, "an average of windows");
}

static void define_gate(net_xnn *x, const net_step *s)
{
    good(x, xnn_define_multiply2(x->subgraph, s->low, s->high, x->id[s->x], x->id[s->y], x->id[s->out], 0), "gate");
}

static void define_add(net_xnn *x, const net_step *s)
{
    good(x, xnn_define_add2(x->subgraph, s->low, s->high, x->id[s->x], x->id[s->y], x->id[s->out], 0), "addition");
}

static void define_resize(net_xnn *x, const net_step *s)
{
    const net_value *out = &x->n->value[s->out];
    const uint32_t flags = s->half_pixel ? 0 : s->align ? XNN_FLAG_ALIGN_CORNERS : XNN_FLAG_TENSORFLOW_LEGACY_MODE;
    good(x, xnn_define_static_resize_bilinear_2d(x->subgraph, (size_t)out->dims[1], (size_t)out->dims[2], x->id[s->x],
                                                 x->id[s->out], flags), "resize");
}

static void define_widen(net_xnn *x, const net_step *s)
{
    const size_t before[4] = {0}, behind[4] = {0, 0, 0, (size_t)(net_channels(&x->n->value[s->out]) - net_channels(&x->n->value[s->x]))};
    good(x, xnn_define_static_constant_pad(x->subgraph, before, behind, 0, x->id[s->x], x->id[s->out], 0), "channels of zeros");
}

static void refuse_concat(net_xnn *x, const net_step *s)
{
    (void)s;
    good(x, xnn_status_unsupported_parameter, "this version has no concatenation");
}

/* From the value `from` to the step's result. */
static void define_activation(net_xnn *x, const net_step *s, uint32_t from)
{
    const net_value *out = &x->n->value[s->out];
    if (s->activation == NET_SIGMOID)
        good(x, xnn_define_sigmoid(x->subgraph, from, x->id[s->out], 0), "sigmoid");
    else if (s->activation == NET_HARD_SWISH)
        good(x, xnn_define_hardswish(x->subgraph, from, x->id[s->out], 0), "hard swish");
    else if (s->activation == NET_PRELU)
        good(x, xnn_define_prelu(x->subgraph, from, tensor(x, 1, &out->dims[out->rank - 1], s->slope, XNN_INVALID_VALUE_ID, 0),
                                 x->id[s->out], 0), "PReLU");
    else
        good(x, xnn_status_unsupported_parameter, "an activation that is not known here");
}

static void define_step(net_xnn *x, int number)
{
    static void (*const definers[NET_KINDS])(net_xnn *, const net_step *) = {
        [NET_CONV] = define_convolution, [NET_DEPTHWISE] = define_convolution, [NET_ADD] = define_add,
        [NET_RESIZE] = define_resize,    [NET_TRANSPOSE] = define_transpose,   [NET_MAX] = define_pool,
        [NET_AVERAGE] = define_pool,     [NET_GATE] = define_gate,             [NET_WIDEN] = define_widen,
        [NET_CONCAT] = refuse_concat,
    };
    const net_step *s = &x->n->step[number];
    const net_value *out = &x->n->value[s->out];
    const uint32_t result = x->id[s->out];
    if (!s->activation) {
        definers[s->kind](x, s);
        return;
    }
    const uint32_t plain = tensor(x, out->rank, out->dims, NULL, XNN_INVALID_VALUE_ID, 0);
    x->id[s->out] = plain;
    definers[s->kind](x, s);
    x->id[s->out] = result;
    define_activation(x, s, plain);
}

net_xnn *net_xnn_new(const net *n, float *const *values, bool sparse, int threads)
{
    net_xnn *x = calloc(1, sizeof *x);
    x->n = n;
    x->pool = threads > 1 ? pthreadpool_create((size_t)threads) : NULL;
    x->id = calloc((size_t)n->values, sizeof *x->id);
    x->external = calloc((size_t)n->values, sizeof *x->external);
    if (good(x, xnn_initialize(NULL), "start") &&
        good(x, xnn_create_subgraph((uint32_t)n->values, 0, &x->subgraph), "subgraph"))
        define_values(x, values);
    for (int i = 0; i < n->steps && !x->failed; i++)
        define_step(x, i);
    if (!x->failed && sparse && good(x, xnn_subgraph_optimize(x->subgraph, 0), "optimise"))
        xnn_subgraph_rewrite_for_nchw(x->subgraph);
    if (!x->failed && good(x, xnn_create_runtime_v2(x->subgraph, x->pool, 0, &x->runtime), "runtime"))
        good(x, xnn_setup_runtime(x->runtime, x->externals, x->external), "setup");
    if (!x->failed)
        return x;
    net_xnn_free(x);
    return NULL;
}

void net_xnn_free(net_xnn *x)
{
    if (!x)
        return;
    xnn_delete_runtime(x->runtime);
    xnn_delete_subgraph(x->subgraph);
    pthreadpool_destroy(x->pool);
    free(x->id);
    free(x->external);
    free(x);
}

void net_xnn_run(void *ctx)
{
    net_xnn *x = ctx;
    good(x, xnn_invoke_runtime(x->runtime), "run");
}
