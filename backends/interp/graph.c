/* graph: runs a graph function op by op on dense row-major tensors; the meaning of a layer.
 *
 * Nothing is fused, skipped or reordered. A tensor lives from its op to its last use. All memory is checked, bounded
 * and freed on every path. */
#include "backends/interp/graph.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const int64_t most_bytes = INT64_C(1) << 36; /* of all tensors at a time */
enum { CHUNK = 256 };                               /* lanes worked on at a time */

/* ---- tensors ---- */

static spc_status eval_extent(interp_graph_run *run, const ir_extent *extent, int64_t *out)
{
    const bool known = ir_extent_is_const(extent, out) ||
                       rt_extent_eval(ir_extent_text(extent), run->dim_names, run->dims, run->dim_count, out);
    if (known && *out >= 0) return SPC_OK;
    return rt_fail(run->error, SPC_E_ARG, "the extent %s has no value with these dims", ir_extent_text(extent));
}

spc_status interp_tensor_shape(interp_graph_run *run, const ir_type *type, interp_tensor *out)
{
    *out = (interp_tensor){.dtype = type->dtype, .rank = type->rank, .count = 1};
    for (int i = 0; i < type->rank; i++) {
        const spc_status status = eval_extent(run, type->dims[i], &out->dims[i]);
        if (status) return status;
        if (__builtin_mul_overflow(out->count, out->dims[i], &out->count))
            return rt_fail(run->error, SPC_E_NOMEM, "a tensor of over 2^63 elements");
    }
    return interp_bytes(out->dtype, out->count, &out->bytes)
               ? SPC_OK
               : rt_fail(run->error, SPC_E_NOMEM, "a tensor of over 2^63 bytes");
}

spc_status interp_tensor_make(interp_graph_run *run, const ir_type *type, interp_tensor *out)
{
    const spc_status status = interp_tensor_shape(run, type, out);
    if (status) return status;
    if (out->bytes > most_bytes - run->bytes)
        return rt_fail(run->error, SPC_E_NOMEM, "the interpreter would need over %lld GB", (long long)(most_bytes >> 30));
    out->data = calloc((size_t)out->bytes + 1, 1);
    if (!out->data) return rt_fail(run->error, SPC_E_NOMEM, "no memory for a tensor of %lld bytes", (long long)out->bytes);
    out->owned = true;
    run->bytes += out->bytes;
    return SPC_OK;
}

static void free_tensor(interp_graph_run *run, interp_tensor *tensor)
{
    if (!tensor->owned) return;
    run->bytes -= tensor->bytes;
    free(tensor->data);
    tensor->owned = false;
    tensor->data = NULL;
}

interp_tensor *interp_tensor_of(interp_graph_run *run, const ir_op *op)
{
    uint32_t at;
    const bool there = interp_opmap_get(&run->map, op, &at);
    assert(there);
    (void)there;
    return &run->tensors[at];
}

/* ---- broadcasting ---- */

void interp_broadcast_steps(const interp_tensor *arg, int skip, int rank, int64_t steps[IR_MAX_RANK])
{
    int64_t step = 1;
    for (int i = arg->rank - 1; i >= arg->rank - skip; i--) step *= arg->dims[i];
    for (int i = rank - 1; i >= 0; i--) {
        const int from = i - rank + arg->rank - skip;
        steps[i] = from < 0 || arg->dims[from] == 1 ? 0 : step;
        if (from >= 0) step *= arg->dims[from];
    }
}

int64_t interp_broadcast_offset(int rank, const int64_t *dims, const int64_t *steps, int64_t flat)
{
    int64_t offset = 0;
    for (int i = rank - 1; i >= 0; i--) {
        offset += flat % dims[i] * steps[i];
        flat /= dims[i];
    }
    return offset;
}

/* ---- elementwise ---- */

typedef struct operand {
    const interp_tensor *tensor;
    const interp_format *format;
    int64_t steps[IR_MAX_RANK];
    int last; /* step along the last dim */
} operand;

static operand describe_operand(interp_graph_run *run, const ir_op *arg, int rank)
{
    operand o = {.tensor = interp_tensor_of(run, arg)};
    o.format = interp_format_of(o.tensor->dtype);
    interp_broadcast_steps(o.tensor, 0, rank, o.steps);
    o.last = rank ? (int)o.steps[rank - 1] : 0;
    return o;
}

/* Row by row of the last dim, a chunk of lanes at a time. */
static void run_rows(const interp_scalar *scalar, int nargs, const operand *operands, interp_tensor *out)
{
    interp_lane lanes[3][CHUNK], result[CHUNK];
    const int outer = out->rank ? out->rank - 1 : 0;
    const int64_t width = out->rank ? out->dims[outer] : 1;
    const interp_format *format = interp_format_of(out->dtype);
    for (int64_t row = 0; row < out->count; row += width)
        for (int64_t at = 0; at < width; at += CHUNK) {
            const int n = width - at < CHUNK ? (int)(width - at) : CHUNK;
            for (int i = 0; i < nargs; i++) {
                const operand *o = &operands[i];
                const int64_t start = interp_broadcast_offset(outer, out->dims, o->steps, row / width) + at * o->last;
                o->format->load(o->tensor->data, start, o->last, n, lanes[i]);
            }
            interp_scalar_run(scalar, n, result, lanes[0], lanes[nargs > 1], lanes[nargs > 2 ? 2 : 0]);
            format->store(out->data, row + at, n, result);
        }
}

static spc_status run_elementwise(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    interp_scalar scalar;
    operand operands[3];
    if (!interp_scalar_of(op, &scalar))
        return rt_fail(run->error, SPC_E_UNSUPPORTED, "the interpreter has no %s on %s", ir_info(op->code)->name,
                       ir_dtype_of(op->args[0]->type->dtype)->name);
    for (int i = 0; i < op->nargs; i++) operands[i] = describe_operand(run, op->args[i], out->rank);
    if (out->count) run_rows(&scalar, op->nargs, operands, out);
    return SPC_OK;
}

static spc_status run_const(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    const interp_lane lane = interp_lane_of(out->dtype, ir_attr_find(op, "value"));
    (void)run;
    for (int64_t i = 0; i < out->count; i++) interp_format_of(out->dtype)->store(out->data, i, 1, &lane);
    return SPC_OK;
}

static spc_status run_extent(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    int64_t value;
    const char *text = ir_get_str(op, "value", "");
    if (!rt_extent_eval(text, run->dim_names, run->dims, run->dim_count, &value))
        return rt_fail(run->error, SPC_E_ARG, "the extent %s has no value with these dims", text);
    const ir_attr number = {.kind = IR_ATTR_INT, .i = value};
    const interp_lane lane = interp_lane_of(out->dtype, &number);
    interp_format_of(out->dtype)->store(out->data, 0, 1, &lane);
    return SPC_OK;
}

/* ---- values from outside ---- */

/* The caller's tensor agrees with what the graph takes it for. */
static spc_status check_given(interp_graph_run *run, const ir_op *op, const interp_tensor *tensor, const spc_tensor *given)
{
    if ((int)given->dtype == (int)tensor->dtype && given->rank == tensor->rank &&
        !memcmp(given->dims, tensor->dims, sizeof *tensor->dims * (size_t)tensor->rank))
        return SPC_OK;
    return rt_fail(run->error, SPC_E_ARG, "\"%s\" is given with another dtype or shape than the graph has", op->name);
}

static spc_status run_input(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    const spc_tensor *given = &run->in[run->inputs++];
    out->data = given->data;
    return check_given(run, op, out, given);
}

static spc_status run_weight(interp_graph_run *run, const ir_op *op, interp_tensor *out)
{
    out->data = (char *)(uintptr_t)run->weight(run->weight_ctx, op->name);
    return out->data ? SPC_OK : rt_fail(run->error, SPC_E_PROGRAM, "weight \"%s\" has no data", op->name);
}

static spc_status run_output(interp_graph_run *run, const ir_op *op)
{
    const interp_tensor *value = interp_tensor_of(run, op->args[0]);
    const spc_tensor *given = &run->out[run->outputs++];
    const spc_status status = check_given(run, op, value, given);
    if (!status && value->bytes) memcpy(given->data, value->data, (size_t)value->bytes);
    return status;
}

/* ---- ops ---- */

/* Other ops of graphs are elementwise. borrows: the data are somebody else's. */
static const struct {
    interp_graph_op *run;
    bool borrows;
} runs[IR_OP_COUNT] = {
    [IR_OP_input] = {run_input, true},
    [IR_OP_weight] = {run_weight, true},
    [IR_OP_const] = {run_const, false},
    [IR_OP_extent] = {run_extent, false},
    [IR_OP_linear] = {interp_linear, false},
    [IR_OP_matmul] = {interp_matmul, false},
    [IR_OP_conv2d] = {interp_conv2d, false},
    [IR_OP_depthwise_conv2d] = {interp_depthwise_conv2d, false},
    [IR_OP_conv2d_planes] = {interp_conv2d, false},
    [IR_OP_depthwise_conv2d_planes] = {interp_depthwise_conv2d, false},
    [IR_OP_maxpool2d] = {interp_maxpool2d, false},
    [IR_OP_maxpool2d_planes] = {interp_maxpool2d, false},
    [IR_OP_avgpool2d] = {interp_avgpool2d, false},
    [IR_OP_resize_bilinear] = {interp_resize_bilinear, false},
    [IR_OP_softmax] = {interp_softmax, false},
    [IR_OP_layernorm] = {interp_layernorm, false},
    [IR_OP_rmsnorm] = {interp_rmsnorm, false},
    [IR_OP_sum] = {interp_sum, false},
    [IR_OP_mean] = {interp_mean, false},
    [IR_OP_amax] = {interp_amax, false},
    [IR_OP_argmax] = {interp_argmax, false},
    [IR_OP_reshape] = {interp_reshape, false},
    [IR_OP_transpose] = {interp_transpose, false},
    [IR_OP_concat] = {interp_concat, false},
    [IR_OP_slice] = {interp_slice, false},
    [IR_OP_pad] = {interp_pad, false},
    [IR_OP_take] = {interp_take, false},
};

static spc_status run_block(interp_graph_run *, const ir_block *, const ir_op *fused);

/* The uses stand already. */
static interp_tensor *set_tensor(interp_graph_run *run, const ir_op *op, const interp_tensor *tensor)
{
    interp_tensor *value = interp_tensor_of(run, op);
    const size_t uses = value->uses;
    *value = *tensor;
    value->uses = uses;
    return value;
}

/* A value that belongs to another: the tensor of a fused op's argument. */
static void alias(interp_graph_run *run, const ir_op *op, const ir_op *of)
{
    interp_tensor tensor = *interp_tensor_of(run, of);
    tensor.owned = false;
    set_tensor(run, op, &tensor);
}

/* The body's last value becomes that of the fused op; what the body only borrowed is copied, since it may go first. */
static spc_status run_fused(interp_graph_run *run, const ir_op *op)
{
    interp_tensor result;
    spc_status status = run_block(run, &op->body, op);
    if (status) return status;
    interp_tensor *last = interp_tensor_of(run, op->body.last);
    if (last->owned) {
        result = *last;
        last->owned = false;
    } else {
        status = interp_tensor_make(run, op->type, &result);
        if (!status && result.bytes) memcpy(result.data, last->data, (size_t)result.bytes);
    }
    if (!status) set_tensor(run, op, &result);
    return status;
}

static spc_status run_valued(interp_graph_run *run, const ir_op *op)
{
    interp_tensor out;
    spc_status status = runs[op->code].borrows ? interp_tensor_shape(run, op->type, &out)
                                               : interp_tensor_make(run, op->type, &out);
    if (status) return status;
    interp_tensor *value = set_tensor(run, op, &out);
    return runs[op->code].run ? runs[op->code].run(run, op, value) : run_elementwise(run, op, value);
}

static spc_status run_require(interp_graph_run *run, const ir_op *op)
{
    const int64_t low = ir_get_int(op, "low", INT64_MIN), step = ir_get_int(op, "step", 1);
    const char *text = ir_get_str(op, "value", "");
    int64_t value;
    const bool known = rt_extent_eval(text, run->dim_names, run->dims, run->dim_count, &value);
    if (known && value >= low && value <= ir_get_int(op, "high", INT64_MAX) && (step == 1 || (value - low) % step == 0))
        return SPC_OK;
    return rt_fail(run->error, SPC_E_ARG, known ? "with these dims %s is %lld, outside the contract that the layer needs"
                                                : "with these dims %s does not come out exact", text, (long long)value);
}

static spc_status run_op(interp_graph_run *run, const ir_op *op, const ir_op *fused)
{
    switch (op->code) {
    case IR_OP_arg: alias(run, op, fused->args[ir_get_int(op, "n", 0)]); return SPC_OK;
    case IR_OP_fused: return run_fused(run, op);
    case IR_OP_require: return run_require(run, op);
    case IR_OP_output: return run_output(run, op);
    default: return run_valued(run, op);
    }
}

/* Frees what op was the last to use. */
static void release_args(interp_graph_run *run, const ir_op *op)
{
    for (int i = 0; i < op->nargs; i++) {
        interp_tensor *arg = interp_tensor_of(run, op->args[i]);
        if (--arg->uses == 0) free_tensor(run, arg);
    }
}

static spc_status run_block(interp_graph_run *run, const ir_block *block, const ir_op *fused)
{
    spc_status status = SPC_OK;
    for (const ir_op *op = block->first; op && !status; op = op->next) {
        status = run_op(run, op, fused);
        if (!status) release_args(run, op);
    }
    return status;
}

/* ---- the whole function ---- */

/* Numbers the ops and counts how often each is used. */
static void number_block(interp_graph_run *run, const ir_block *block)
{
    for (const ir_op *op = block->first; op; op = op->next) {
        interp_opmap_set(&run->map, op, (uint32_t)run->tensor_count++);
        for (int i = 0; i < op->nargs; i++) interp_tensor_of(run, op->args[i])->uses++;
        number_block(run, &op->body);
    }
}

static size_t count_dims(const ir_module *m)
{
    size_t n = 0;
    for (const ir_dim *d = m->dims; d; d = d->next) n++;
    return n;
}

static bool prepare(interp_graph_run *run, const ir_func *graph)
{
    const size_t ops = interp_count_ops(&graph->body);
    size_t n = 0;
    run->tensors = calloc(ops + 1, sizeof *run->tensors);
    run->dim_names = calloc(run->dim_count + 1, sizeof *run->dim_names);
    if (!run->tensors || !run->dim_names || !interp_opmap_init(&run->map, ops)) return false;
    for (const ir_dim *d = run->module->dims; d; d = d->next) run->dim_names[n++] = d->name;
    number_block(run, &graph->body);
    return true;
}

spc_status interp_graph(const ir_module *m, const ir_func *graph, const int64_t *dims, interp_weight *weight,
                        void *weight_ctx, const spc_tensor *in, const spc_tensor *out, rt_error *error)
{
    interp_graph_run run = {.module = m, .dims = dims, .dim_count = count_dims(m), .weight = weight,
                            .weight_ctx = weight_ctx, .in = in, .out = out, .error = error};
    const spc_status status = prepare(&run, graph) ? run_block(&run, &graph->body, NULL)
                                                   : rt_fail(error, SPC_E_NOMEM, "no memory to interpret a graph");
    for (size_t i = 0; i < run.tensor_count; i++) free_tensor(&run, &run.tensors[i]);
    interp_opmap_free(&run.map);
    free(run.tensors);
    free(run.dim_names);
    return status;
}
