/* net: see net.h. */
#include "net.h"
#include "frontend/frontend.h"
#include "runtime/weights.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct net_source {
    ir_arena *arena;
    rt_weights *weights;
    char *text;
};

typedef struct reader {
    net *n;
    ir_module *module;
    const ir_op *op; /* at work */
} reader;

/* What is known of an op: its value, or the weight it names, or the pad that it is. */
typedef struct known {
    int value; /* -1: part of an activation whose last op is still to come */
    int64_t pads[4];
} known;

static bool refuse(const reader *r, const char *why)
{
    fprintf(stderr, "bench_network: line %d: %s: %s\n", r->op->loc.line, ir_info(r->op->code)->name, why);
    return false;
}

static known *of(const ir_op *op)
{
    return op->mark;
}

static bool add_value(reader *r, int step)
{
    net_value *v = &r->n->value[r->n->values];
    const ir_type *type = r->op->type;
    *v = (net_value){.rank = type->rank, .of = r->n->values, .step = step};
    for (int i = 0; i < type->rank; i++)
        if (!ir_extent_is_const(type->dims[i], &v->dims[i]))
            return refuse(r, "extents must be known");
    of(r->op)->value = r->n->values++;
    return type->dtype == IR_F32 ? true : refuse(r, "only f32");
}

static net_step *add_step(reader *r, net_kind kind, int x, int y)
{
    net_step *s = &r->n->step[r->n->steps];
    *s = (net_step){.kind = kind, .x = x, .y = y, .low = -INFINITY, .high = INFINITY};
    if (!add_value(r, r->n->steps))
        return NULL;
    s->out = of(r->op)->value;
    r->n->value[x].uses++;
    if (y >= 0)
        r->n->value[y].uses++;
    r->n->steps++;
    return s;
}

static const float *weight_data(reader *r, const ir_op *op)
{
    rt_declaration d = {.name = op->name, .tensor = ir_get_str(op, "tensor", op->name), .dtype = SPC_F32, .rank = op->type->rank};
    for (int i = 0; i < d.rank; i++)
        ir_extent_is_const(op->type->dims[i], &d.dims[i]);
    rt_matrix matrix;
    rt_error error;
    bool found = false;
    if (op->code != IR_OP_weight || rt_weights_find(r->n->source->weights, &d, &matrix, &found, &error) || !found)
        return NULL;
    return matrix.dense;
}

static void copy_pair(const ir_op *op, const char *key, int64_t out[2])
{
    const ir_attr *a = ir_attr_find(op, key);
    out[0] = a ? a->ints[0] : 1;
    out[1] = a ? a->ints[1] : 1;
}

/* The pads on the far side are what the result's extents need. */
static bool set_window(reader *r, net_step *s, const known *x)
{
    const ir_extent *before[2];
    const net_value *in = &r->n->value[x->value], *out = &r->n->value[s->out];
    if (!ir_get_extents(r->module, r->op, "before", 2, before))
        return refuse(r, "no padding");
    for (int i = 0; i < 2; i++) {
        int64_t first;
        if (!ir_extent_is_const(before[i], &first))
            return refuse(r, "padding must be known");
        int64_t reach = (out->dims[1 + i] - 1) * s->stride[i] + (s->kernel[i] - 1) * s->dilation[i] + 1;
        s->pads[2 * i] = first + x->pads[2 * i];
        s->pads[2 * i + 1] = reach - in->dims[1 + i] - s->pads[2 * i];
        if (s->pads[2 * i + 1] < x->pads[2 * i + 1])
            s->pads[2 * i + 1] = x->pads[2 * i + 1]; /* more than strides reach, but what the network says */
    }
    return true;
}

static bool read_convolution(reader *r)
{
    const ir_op *op = r->op, *w = op->args[1];
    const bool depthwise = op->code == IR_OP_depthwise_conv2d;
    net_step *s = add_step(r, depthwise ? NET_DEPTHWISE : NET_CONV, of(op->args[0])->value, -1);
    if (!s)
        return false;
    for (int i = 0; i < 2; i++)
        ir_extent_is_const(w->type->dims[i + (depthwise ? 0 : 1)], &s->kernel[i]);
    copy_pair(op, "stride", s->stride);
    copy_pair(op, "dilation", s->dilation);
    s->weights = weight_data(r, w);
    s->bias = op->nargs > 2 ? weight_data(r, op->args[2]) : NULL;
    if (!s->weights || (op->nargs > 2 && !s->bias))
        return refuse(r, "its weights have no data");
    return set_window(r, s, of(op->args[0]));
}

static bool read_linear(reader *r)
{
    net_step *s = add_step(r, NET_CONV, of(r->op->args[0])->value, -1);
    if (!s)
        return false;
    for (int i = 0; i < 2; i++)
        s->kernel[i] = s->stride[i] = s->dilation[i] = 1;
    s->weights = weight_data(r, r->op->args[1]);
    s->bias = r->op->nargs > 2 ? weight_data(r, r->op->args[2]) : NULL;
    return s->weights && (s->bias || r->op->nargs < 3) ? true : refuse(r, "its weights have no data");
}

static bool read_pool(reader *r)
{
    net_step *s = add_step(r, r->op->code == IR_OP_maxpool2d ? NET_MAX : NET_AVERAGE, of(r->op->args[0])->value, -1);
    if (!s)
        return false;
    copy_pair(r->op, "size", s->kernel);
    copy_pair(r->op, "stride", s->stride);
    s->dilation[0] = s->dilation[1] = 1;
    return set_window(r, s, of(r->op->args[0]));
}

static bool read_mean(reader *r)
{
    const ir_attr *axes = ir_attr_find(r->op, "axes");
    if (r->op->args[0]->type->rank != 4 || axes->count != 2 || axes->ints[0] != 1 || axes->ints[1] != 2)
        return refuse(r, "only over all pixels");
    net_step *s = add_step(r, NET_AVERAGE, of(r->op->args[0])->value, -1);
    for (int i = 0; s && i < 2; i++) {
        s->kernel[i] = r->n->value[s->x].dims[1 + i];
        s->stride[i] = s->dilation[i] = 1;
    }
    return s != NULL;
}

static bool read_concat(reader *r)
{
    if (r->op->nargs != 2)
        return refuse(r, "only of two");
    net_step *s = add_step(r, NET_CONCAT, of(r->op->args[0])->value, of(r->op->args[1])->value);
    if (s)
        s->axis = (int)ir_get_int(r->op, "axis", 0);
    return s != NULL;
}

static bool read_pad(reader *r)
{
    const ir_extent *before[IR_MAX_RANK];
    const ir_op *x = r->op->args[0];
    int64_t first, from, to;
    if (x->type->rank == 4 && x->type->dims[3] != r->op->type->dims[3])
        return add_step(r, NET_WIDEN, of(x)->value, -1) != NULL;
    *of(r->op) = *of(x);
    if (r->op->type->rank != 4 || !ir_get_extents(r->module, r->op, "before", 4, before))
        return refuse(r, "only images are padded");
    for (int i = 0; i < 2; i++) {
        if (!ir_extent_is_const(before[1 + i], &first) || !ir_extent_is_const(x->type->dims[1 + i], &from) ||
            !ir_extent_is_const(r->op->type->dims[1 + i], &to))
            return refuse(r, "padding must be known");
        of(r->op)->pads[2 * i] += first;
        of(r->op)->pads[2 * i + 1] += to - from - first;
    }
    return true;
}

/* The step that makes x, to whose result something is done; NULL: told. */
static net_step *step_behind(reader *r, const ir_op *x)
{
    const int number = of(x)->value;
    const net_value *v = number < 0 ? NULL : &r->n->value[number];
    if (!v || v->step < 0 || v->uses || r->n->step[v->step].activation || !isinf(r->n->step[v->step].low)) {
        refuse(r, "only behind a step of its own");
        return NULL;
    }
    of(r->op)->value = number;
    return &r->n->step[v->step];
}

static bool read_part(reader *r)
{
    of(r->op)->value = -1;
    return true;
}

static bool read_clip(reader *r)
{
    if (of(r->op->args[0])->value < 0)
        return read_part(r);
    net_step *s = step_behind(r, r->op->args[0]);
    if (!s)
        return false;
    s->low = 0;
    s->high = r->op->code == IR_OP_relu6 ? 6 : INFINITY;
    return true;
}

static bool activate(reader *r, const ir_op *x, net_activation activation)
{
    net_step *s = step_behind(r, x);
    if (s)
        s->activation = activation;
    return s != NULL;
}

static bool read_sigmoid(reader *r)
{
    return activate(r, r->op->args[0], NET_SIGMOID);
}

/* where(x > 0, x, x * slope) */
static bool read_select(reader *r)
{
    const ir_op *above = r->op->args[0], *x = r->op->args[1], *below = r->op->args[2];
    if (above->code != IR_OP_gt || above->args[0] != x || below->code != IR_OP_mul || below->args[0] != x)
        return refuse(r, "only PReLU");
    net_step *s = step_behind(r, x);
    if (!s)
        return false;
    s->activation = NET_PRELU;
    s->slope = weight_data(r, below->args[1]);
    return s->slope ? true : refuse(r, "its slopes have no data");
}

/* What x is if op is relu6(x + 3); NULL. */
static const ir_op *in_relu6(const ir_op *op)
{
    const ir_op *add = op->code == IR_OP_relu6 ? op->args[0] : NULL;
    return add && add->code == IR_OP_add && add->args[1]->code == IR_OP_const && ir_get_float(add->args[1], "value", 0) == 3 ? add->args[0] : NULL;
}

/* relu6(x + 3) / 6, or x times that. */
static bool read_div(reader *r)
{
    const ir_op *top = r->op->args[0], *bottom = r->op->args[1];
    if (bottom->code != IR_OP_const || ir_get_float(bottom, "value", 0) != 6)
        return refuse(r, "only hard swish and hard sigmoid");
    if (in_relu6(top))
        return activate(r, in_relu6(top), NET_HARD_SIGMOID);
    if (top->code == IR_OP_mul && in_relu6(top->args[1]) == top->args[0])
        return activate(r, top->args[0], NET_HARD_SWISH);
    return refuse(r, "only hard swish and hard sigmoid");
}

/* Part of an activation, or the gate of squeeze and excitation. */
static bool read_mul(reader *r)
{
    const ir_op *x = r->op->args[0], *y = r->op->args[1];
    if (y->code == IR_OP_weight || in_relu6(y) == x)
        return read_part(r);
    if (of(x)->value < 0 || of(y)->value < 0 || x->type->rank != 4 || net_bytes(&r->n->value[of(y)->value]) !=
        sizeof(float) * (size_t)net_channels(&r->n->value[of(x)->value]))
        return refuse(r, "only by channel");
    return add_step(r, NET_GATE, of(x)->value, of(y)->value) != NULL;
}

static bool read_resize(reader *r)
{
    net_step *s = add_step(r, NET_RESIZE, of(r->op->args[0])->value, -1);
    if (s) {
        s->align = ir_attr_find(r->op, "align") != NULL;
        s->half_pixel = ir_attr_find(r->op, "half_pixel") != NULL;
    }
    return s != NULL;
}

static bool read_transpose(reader *r)
{
    net_step *s = add_step(r, NET_TRANSPOSE, of(r->op->args[0])->value, -1);
    const ir_attr *perm = ir_attr_find(r->op, "perm");
    for (int i = 0; s && i < perm->count; i++)
        s->perm[i] = perm->ints[i];
    return s != NULL;
}

static bool read_reshape(reader *r)
{
    const int x = of(r->op->args[0])->value;
    if (!add_value(r, r->n->value[x].step))
        return false;
    r->n->value[of(r->op)->value].of = r->n->value[x].of;
    r->n->value[x].uses++;
    return true;
}

static bool read_add(reader *r)
{
    if (r->op->args[1]->code == IR_OP_const)
        return read_part(r);
    return add_step(r, NET_ADD, of(r->op->args[0])->value, of(r->op->args[1])->value) != NULL;
}

static bool read_input(reader *r)
{
    if (!add_value(r, -1))
        return false;
    r->n->value[of(r->op)->value].input = r->op->name;
    return true;
}

static bool read_output(reader *r)
{
    net_value *v = &r->n->value[of(r->op->args[0])->value];
    v->output = r->op->name;
    v->uses++;
    return true;
}

static bool read_weight(reader *r)
{
    (void)r;
    return true;
}

static bool read_op(reader *r)
{
    static bool (*const readers[IR_OP_COUNT])(reader *) = {
        [IR_OP_input] = read_input,     [IR_OP_output] = read_output,       [IR_OP_weight] = read_weight,
        [IR_OP_conv2d] = read_convolution, [IR_OP_depthwise_conv2d] = read_convolution, [IR_OP_pad] = read_pad,
        [IR_OP_relu] = read_clip,       [IR_OP_relu6] = read_clip,          [IR_OP_resize_bilinear] = read_resize,
        [IR_OP_transpose] = read_transpose, [IR_OP_reshape] = read_reshape, [IR_OP_add] = read_add,
        [IR_OP_const] = read_weight,    [IR_OP_gt] = read_part,             [IR_OP_select] = read_select,
        [IR_OP_mul] = read_mul,         [IR_OP_div] = read_div,             [IR_OP_sigmoid] = read_sigmoid,
        [IR_OP_linear] = read_linear,   [IR_OP_mean] = read_mean,           [IR_OP_maxpool2d] = read_pool,
        [IR_OP_avgpool2d] = read_pool,  [IR_OP_concat] = read_concat,
    };
    if (!readers[r->op->code])
        return refuse(r, "this operation is not known here");
    ((ir_op *)r->op)->mark = IR_NEW(r->module->arena, known);
    return readers[r->op->code](r);
}

static char *read_text(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *text = file ? malloc(1 << 22) : NULL;
    *size = text ? fread(text, 1, 1 << 22, file) : 0;
    if (file)
        fclose(file);
    return text;
}

static bool compile(net *n, const char *sdl, ir_module **out)
{
    struct net_source *s = n->source;
    size_t size;
    s->text = read_text(sdl, &size);
    s->arena = ir_arena_new(0);
    if (!s->text || !s->arena) {
        fprintf(stderr, "bench_network: %s cannot be read\n", sdl);
        return false;
    }
    ir_diags *diags = ir_diags_new(s->arena);
    ir_source *source = IR_NEW(s->arena, ir_source);
    *source = (ir_source){.name = sdl, .text = s->text, .len = size};
    *out = ir_module_new(s->arena, diags);
    if (fe_compile(*out, source))
        fprintf(stderr, "%s", ir_diags_text(diags));
    return !ir_error_count(diags);
}

bool net_read(net *n, const char *sdl, const char *weights)
{
    *n = (net){.source = calloc(1, sizeof(struct net_source))};
    ir_module *module;
    rt_error error;
    if (!n->source || !compile(n, sdl, &module))
        return false;
    n->source->weights = rt_weights_new();
    if (rt_weights_add_file(n->source->weights, weights, &error)) {
        fprintf(stderr, "%s\n", error.text);
        return false;
    }
    const ir_func *f = module->funcs;
    int count = 0;
    for (const ir_op *op = f->body.first; op; op = op->next)
        count++;
    n->layer = f->name;
    n->value = IR_ARRAY(module->arena, net_value, count);
    n->step = IR_ARRAY(module->arena, net_step, count);
    reader r = {n, module, NULL};
    for (r.op = f->body.first; r.op; r.op = r.op->next)
        if (!read_op(&r))
            return false;
    return true;
}

void net_free(net *n)
{
    if (!n->source)
        return;
    rt_weights_free(n->source->weights);
    ir_arena_free(n->source->arena);
    free(n->source->text);
    free(n->source);
    n->source = NULL;
}

/* The step that makes x may add y: nothing else sees x, and y is there when it runs. */
static bool takes_addition(const net *n, int x, int y)
{
    const net_value *v = &n->value[x];
    if (v->step < 0 || v->uses != 1 || v->of != x || n->value[y].step >= v->step)
        return false;
    const net_step *s = &n->step[v->step];
    return (s->kind == NET_CONV || s->kind == NET_DEPTHWISE) && s->y < 0 && isinf(s->low) && !s->activation;
}

void net_fuse_additions(net *n)
{
    for (int i = 0; i < n->steps; i++) {
        net_step *add = &n->step[i];
        if (add->kind != NET_ADD)
            continue;
        const bool first = takes_addition(n, add->x, add->y);
        if (!first && !takes_addition(n, add->y, add->x))
            continue;
        net_step *s = &n->step[n->value[first ? add->x : add->y].step];
        s->y = first ? add->y : add->x;
        s->low = add->low;
        s->high = add->high;
        s->activation = add->activation;
        s->slope = add->slope;
        s->out = add->out;
        n->value[add->out].step = (int)(s - n->step);
        add->dropped = true;
    }
}

size_t net_bytes(const net_value *v)
{
    size_t bytes = sizeof(float);
    for (int i = 0; i < v->rank; i++)
        bytes *= (size_t)v->dims[i];
    return bytes;
}

int64_t net_channels(const net_value *v)
{
    return v->dims[v->rank - 1];
}

int net_last_use(const net *n, int value)
{
    const int root = n->value[value].of;
    int last = n->value[root].step;
    for (int i = 0; i < n->steps; i++) {
        const net_step *s = &n->step[i];
        if (!s->dropped && (n->value[s->x].of == root || (s->y >= 0 && n->value[s->y].of == root)))
            last = i > last ? i : last;
    }
    for (int i = 0; i < n->values; i++)
        if (n->value[i].of == root && n->value[i].output)
            last = n->steps + 1;
    return last;
}

static void transpose(const net *n, const net_step *s, const float *x, float *y)
{
    const net_value *in = &n->value[s->x], *out = &n->value[s->out];
    int64_t strides[NET_MAX_RANK], at[NET_MAX_RANK] = {0}, stride = 1, run = 1;
    int rank = in->rank;
    for (int i = rank - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= in->dims[i];
    }
    if (s->perm[rank - 1] == rank - 1)
        run = in->dims[--rank];
    for (size_t done = 0; done < net_bytes(out) / sizeof *y; done += (size_t)run) {
        int64_t from = 0;
        for (int i = 0; i < rank; i++)
            from += at[i] * strides[s->perm[i]];
        memcpy(y + done, x + from, (size_t)run * sizeof *y);
        for (int i = rank - 1; i >= 0 && ++at[i] == out->dims[i]; i--)
            at[i] = 0;
    }
}

/* Elements from an axis on. */
static int64_t run_of(const net_value *v, int axis)
{
    int64_t run = 1;
    for (int i = axis; i < v->rank; i++)
        run *= v->dims[i];
    return run;
}

void net_copy(const net *n, const net_step *s, const float *x, const float *y, float *out)
{
    const net_value *to = &n->value[s->out];
    const bool widens = s->kind == NET_WIDEN;
    const int axis = widens ? to->rank - 1 : s->axis;
    if (s->kind == NET_TRANSPOSE) {
        transpose(n, s, x, out);
        return;
    }
    const int64_t first = run_of(&n->value[s->x], axis), whole = run_of(to, axis), all = run_of(to, 0);
    for (int64_t at = 0; at < all; at += whole, x += first) {
        memcpy(out + at, x, (size_t)first * sizeof *x);
        if (widens)
            memset(out + at + first, 0, (size_t)(whole - first) * sizeof *x);
        else
            memcpy(out + at + first, y + at / whole * (whole - first), (size_t)(whole - first) * sizeof *y);
    }
}
