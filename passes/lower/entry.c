/* entry: what the host calls for a layer. Checks the CPU, the dims' contracts and the sizes; divides scratch among
 * intermediate results (a slot is reused once its value is dead) and the tasks of the running kernel; launches the
 * kernels of the fused ops in order, dispatching among variants by their dim. */
#include "passes/lower/lower.h"

#include "passes/graph.h"
#include "runtime/cpu.h"
#include <assert.h>
#include <string.h>

/* Extents are of a bounded size: the largest of more needs than that is bounded by the largest slot for every task. */
enum { MAX_DIMS = 64, MAX_NEEDS = 24 };

/* A stretch of scratch that holds one intermediate result at a time, where sizes depend on dims: only values of the very
 * same size share. Where sizes are known, scratch.c does better. */
typedef struct slot {
    const ir_extent *bytes, *offset;
    bool taken;
    struct slot *next;
} slot;

typedef struct entry_builder {
    lw_shared *shared;
    ir_module *m;
    ir_builder b;
    const ir_func *graph;
    lw_dims dims;    /* the layer's, plus threads once needed */
    slot *slots;
    const ir_extent *values_bytes; /* of all slots */
    const ir_extent *tasks_bytes;  /* of the largest kernel's tasks; NULL: too many needs */
    const ir_extent *slot_bytes;   /* the largest of one task; NULL: cannot be told */
    const ir_extent *task_needs[MAX_NEEDS]; /* the distinct needs that tasks_bytes is the largest of */
    int need_count;
    ir_op *scratch, *tasks_scratch;
} entry_builder;

/* Per graph op: where its value is, and when it is used for the last time. */
typedef struct value_info {
    ir_op *buffer; /* in the entry */
    int last_use;
    slot *slot;
    lw_lifetime *life; /* of a value of known size in scratch */
} value_info;

static const ir_extent *constant(entry_builder *e, int64_t value)
{
    return ir_extent_const(e->m, value);
}

static const ir_extent *round_up(entry_builder *e, const ir_extent *bytes)
{
    return ir_extent_mul(e->m, ir_extent_ceildiv(e->m, bytes, constant(e, 64)), constant(e, 64));
}

static const ir_extent *tensor_bytes(entry_builder *e, const ir_type *type)
{
    const ir_extent *product = constant(e, ir_dtype_of(type->dtype)->bytes);
    for (int i = 0; i < type->rank; i++)
        product = ir_extent_mul(e->m, product, type->dims[i]);
    return product;
}

/* ---- parameters and checks ---- */

static bool block_mentions(const ir_block *block, const char *dim)
{
    for (const ir_op *op = block->first; op; op = op->next) {
        if (ir_op_mentions(op, dim) || block_mentions(&op->body, dim))
            return true;
    }
    return false;
}

static void make_dims(entry_builder *e)
{
    e->dims.names = IR_ARRAY(e->m->arena, const char *, MAX_DIMS);
    e->dims.values = IR_ARRAY(e->m->arena, ir_op *, MAX_DIMS);
    for (const ir_dim *dim = e->m->dims; dim && e->dims.count < MAX_DIMS - 1; dim = dim->next)
        if (block_mentions(&e->graph->body, dim->name)) {
            e->dims.names[e->dims.count] = dim->name;
            e->dims.values[e->dims.count++] = lw_param(&e->b, dim->name, ir_scalar(e->m, IR_INDEX));
        }
}

static void check(entry_builder *e, ir_op *condition, spc_status status)
{
    ir_op *op = ir_build1(&e->b, IR_OP_check, NULL, condition);
    ir_set_int(e->m, op, "status", status);
}

static void check_cpu(entry_builder *e)
{
    char features[1024];
    rt_features_print(e->shared->context->target->features, features, sizeof features);
    if (!features[0])
        return;
    ir_op *has = ir_build0(&e->b, IR_OP_cpu_has, ir_scalar(e->m, IR_BOOL));
    ir_set_str(e->m, has, "features", features);
    check(e, has, SPC_E_UNSUPPORTED);
}

static ir_op *as_f64(entry_builder *e, ir_op *index)
{
    return ir_build1(&e->b, IR_OP_cast, ir_scalar(e->m, IR_F64), index);
}

static void check_divisions(entry_builder *e, const ir_extent *extent)
{
    ir_builder *b = &e->b;
    for (int t = 0; t < ir_extent_terms(extent); t++)
        for (int f = 0; f < ir_extent_factors(extent, t); f++) {
            const ir_factor *factor = ir_extent_factor(extent, t, f);
            if (factor->kind != IR_FACTOR_DIV)
                continue;
            ir_op *divisor = lw_extent(b, &e->dims, factor->right);
            check(e, lw_compare(b, IR_OP_ge, divisor, lw_imm(b, 1)), SPC_E_ARG);
            ir_op *rest = lw_rem(b, lw_extent(b, &e->dims, factor->left), divisor);
            check(e, lw_compare(b, IR_OP_eq, rest, lw_imm(b, 0)), SPC_E_ARG);
        }
}

/* Divisions that the program wrote must come out exact, and no extent may be negative. */
static void check_extent(entry_builder *e, const ir_extent *extent)
{
    ir_builder *b = &e->b;
    if (ir_extent_is_const(extent, NULL) || ir_extent_is_dim(extent, NULL))
        return;
    check_divisions(e, extent);
    check(e, lw_compare(b, IR_OP_ge, lw_extent(b, &e->dims, extent), lw_imm(b, 0)), SPC_E_ARG);
}

/* Elements of a tensor stay far below 2^63. Counted in f64, which cannot overflow on the way. */
static void check_tensor(entry_builder *e, const ir_type *type)
{
    ir_builder *b = &e->b;
    const ir_type *f64 = ir_scalar(e->m, IR_F64);
    ir_op *product = NULL;
    for (int i = 0; i < type->rank; i++) {
        check_extent(e, type->dims[i]);
        ir_op *extent = as_f64(e, lw_extent(b, &e->dims, type->dims[i]));
        product = product ? ir_build2(b, IR_OP_mul, f64, product, extent) : extent;
    }
    if (product && !ir_extent_is_const(tensor_bytes(e, type), NULL))
        check(e, lw_compare(b, IR_OP_lt, product, ir_const_float(b, f64, 0x1p56)), SPC_E_ARG);
}

/* The largest of no elements does not exist. */
static void check_reduced(entry_builder *e, const ir_op *op)
{
    const ir_attr *axes = ir_attr_find(op, "axes");
    if (op->code != IR_OP_amax && op->code != IR_OP_argmax)
        return;
    for (int i = 0; i < axes->count; i++)
        check(e, lw_compare(&e->b, IR_OP_ge, lw_extent(&e->b, &e->dims, op->args[0]->type->dims[axes->ints[i]]),
                            lw_imm(&e->b, 1)), SPC_E_ARG);
}

/* part elements from start on lie within whole ones. */
static void check_within(entry_builder *e, const ir_extent *start, const ir_extent *part, const ir_extent *whole)
{
    check_extent(e, start);
    check_extent(e, ir_extent_sub(e->m, whole, ir_extent_add(e->m, start, part)));
}

/* A slice reads within its argument, a pad's argument lies within the result. */
static void check_moved(entry_builder *e, const ir_op *op)
{
    const ir_extent *starts[IR_MAX_RANK];
    const bool slice = op->code == IR_OP_slice;
    if (!slice && op->code != IR_OP_pad)
        return;
    const int axis = slice ? (int)ir_get_int(op, "axis", 0) : 0, count = slice ? 1 : op->type->rank;
    const bool parsed = ir_get_extents(e->m, op, slice ? "from" : "before", count, starts);
    assert(parsed);
    for (int i = 0; i < count && parsed; i++) {
        const ir_extent *x = op->args[0]->type->dims[axis + i], *y = op->type->dims[axis + i];
        check_within(e, starts[i], slice ? y : x, slice ? x : y);
    }
}

/* No border is negative, and an image to resize has a pixel. */
static void check_image(entry_builder *e, const ir_op *op)
{
    const ir_extent *before[2];
    if (ir_attr_find(op, "stride") && ir_get_extents(e->m, op, "before", 2, before))
        for (int i = 0; i < 2; i++)
            check_extent(e, before[i]);
    for (int i = 1; i < 3 && op->code == IR_OP_resize_bilinear; i++) {
        const ir_extent *in = op->args[0]->type->dims[i];
        if (!ir_extent_is_const(in, NULL))
            check(e, lw_compare(&e->b, IR_OP_ge, lw_extent(&e->b, &e->dims, in), lw_imm(&e->b, 1)), SPC_E_ARG);
    }
}

/* low <= value <= high, and value - low a multiple of step. */
static void check_contract(entry_builder *e, ir_op *value, int64_t low, int64_t high, int64_t step)
{
    ir_builder *b = &e->b;
    if (low != INT64_MIN)
        check(e, lw_compare(b, IR_OP_ge, value, lw_imm(b, low)), SPC_E_ARG);
    if (high != INT64_MAX)
        check(e, lw_compare(b, IR_OP_le, value, lw_imm(b, high)), SPC_E_ARG);
    if (step > 1)
        check(e, lw_compare(b, IR_OP_eq, lw_rem(b, lw_addi(b, value, -low), lw_imm(b, step)), lw_imm(b, 0)), SPC_E_ARG);
}

static void check_dims(entry_builder *e)
{
    for (int i = 0; i < e->dims.count; i++) {
        const ir_dim *dim = ir_dim_find(e->m, e->dims.names[i]);
        check_contract(e, e->dims.values[i], dim->lo > 0 ? dim->lo : 0, dim->hi, dim->step);
    }
}

static void check_required(entry_builder *e, const ir_op *op)
{
    const ir_extent *value = NULL;
    const bool parsed = op->code == IR_OP_require && ir_get_extents(e->m, op, "value", 1, &value);
    if (!parsed)
        return;
    check_divisions(e, value);
    check_contract(e, lw_extent(&e->b, &e->dims, value), ir_get_int(op, "low", INT64_MIN),
                   ir_get_int(op, "high", INT64_MAX), ir_get_int(op, "step", 1));
}

static void check_op(entry_builder *e, const ir_op *op)
{
    check_required(e, op);
    check_image(e, op);
    check_reduced(e, op);
    check_moved(e, op);
}

static void check_tensors(entry_builder *e)
{
    const ir_type *seen[16] = {NULL}; /* most layers use few types: skip the repeats cheaply */
    int next = 0;
    for (const ir_op *op = e->graph->body.first; op; op = op->next) {
        check_op(e, op);
        for (const ir_op *inner = op->body.first; inner; inner = inner->next)
            check_op(e, inner);
        bool repeated = op->type->kind != IR_TENSOR;
        for (int i = 0; i < 16 && !repeated; i++)
            repeated = seen[i] == op->type;
        if (repeated)
            continue;
        seen[next++ % 16] = op->type;
        check_tensor(e, op->type);
    }
}

/* ---- values ---- */

static value_info *info(const ir_op *op)
{
    return op->mark;
}

static void collect_uses(entry_builder *e)
{
    int time = 0;
    for (ir_op *op = e->graph->body.first; op; op = op->next, time++) {
        op->mark = IR_NEW(e->m->arena, value_info);
        for (int i = 0; i < op->nargs; i++)
            info(graph_viewed(op->args[i]))->last_use = time; /* a view's argument is marked before the view's user */
    }
}

static void make_buffers(entry_builder *e, ir_opcode which)
{
    for (ir_op *op = e->graph->body.first; op; op = op->next) {
        if (op->code != which)
            continue;
        const ir_op *tensor = which == IR_OP_output ? graph_viewed(op->args[0]) : op;
        info(tensor)->buffer = lw_param(&e->b, op->name, ir_buffer(e->m, tensor->type->dtype));
    }
}

static slot *take_slot(entry_builder *e, const ir_extent *bytes)
{
    for (slot *s = e->slots; s; s = s->next)
        if (!s->taken && s->bytes == bytes) {
            s->taken = true;
            return s;
        }
    slot *s = IR_NEW(e->m->arena, slot);
    *s = (slot){bytes, e->values_bytes, true, e->slots};
    e->values_bytes = ir_extent_add(e->m, e->values_bytes, bytes);
    e->slots = s;
    return s;
}

/* Layers repeat their kernels: each distinct need enters the maximum once, which keeps its text short. */
static void add_task_need(entry_builder *e, const lw_variant *v)
{
    const ir_extent *bytes = ir_extent_mul(e->m, v->slot_bytes, lw_task_count(e->m, v));
    e->slot_bytes = ir_extent_max(e->m, e->slot_bytes, v->slot_bytes);
    for (int i = 0; i < e->need_count; i++)
        if (e->task_needs[i] == bytes)
            return;
    if (e->need_count == MAX_NEEDS) {
        e->tasks_bytes = NULL;
        return;
    }
    e->task_needs[e->need_count++] = bytes;
    e->tasks_bytes = ir_extent_max(e->m, e->tasks_bytes, bytes);
}

/* Values of known size come first in scratch; returns their bytes. */
static int64_t place_known(entry_builder *e)
{
    int count = 0, time = 0;
    for (const ir_op *op = e->graph->body.first; op; op = op->next)
        count += op->code == IR_OP_fused;
    lw_lifetime *lives = IR_ARRAY(e->m->arena, lw_lifetime, count + 1);
    count = 0;
    for (const ir_op *op = e->graph->body.first; op; op = op->next, time++) {
        int64_t bytes;
        value_info *v = info(op);
        if (op->code != IR_OP_fused || v->buffer || !ir_extent_is_const(round_up(e, tensor_bytes(e, op->type)), &bytes))
            continue;
        v->life = &lives[count++];
        *v->life = (lw_lifetime){bytes, time, v->last_use > time ? v->last_use : time, 0};
    }
    return lw_place(e->m->arena, lives, count);
}

/* Gives every intermediate result its place and finds the largest scratch of any launch. */
static void plan_scratch(entry_builder *e, lw_variant *const *variants)
{
    int time = 0, number = 0;
    e->values_bytes = constant(e, place_known(e));
    e->tasks_bytes = e->slot_bytes = constant(e, 0);
    for (ir_op *op = e->graph->body.first; op; op = op->next, time++) {
        if (op->code == IR_OP_fused) {
            if (!info(op)->buffer && !info(op)->life)
                info(op)->slot = take_slot(e, round_up(e, tensor_bytes(e, op->type)));
            for (const lw_variant *v = variants[number++]; v; v = v->next)
                if (v->slot_bytes)
                    add_task_need(e, v);
        }
        for (int i = 0; i < op->nargs; i++) {
            const value_info *v = info(graph_viewed(op->args[i]));
            if (v->slot && v->last_use == time)
                v->slot->taken = false;
        }
    }
    if (!e->tasks_bytes)
        e->tasks_bytes = ir_extent_mul(e->m, e->slot_bytes, lw_most_tasks(e->m));
}

static ir_op *value_buffer(entry_builder *e, const ir_op *view)
{
    const ir_op *op = graph_viewed(view);
    value_info *v = info(op);
    if (v->buffer)
        return v->buffer;
    if (v->slot || v->life) {
        ir_op *offset = v->life ? lw_imm(&e->b, v->life->offset) : lw_extent(&e->b, &e->dims, v->slot->offset);
        v->buffer = lw_subbuffer(&e->b, e->scratch, offset, op->type->dtype);
        return v->buffer;
    }
    assert(op->code == IR_OP_weight);
    const ir_packing *packing = ir_packing_of(e->m, op->name, op->type);
    ir_op *data = ir_build0(&e->b, IR_OP_data, ir_buffer(e->m, op->type->dtype));
    data->name = ir_format(e->m->arena, "%s/values", packing->name);
    return data;
}

/* ---- launches ---- */

static ir_dtype array_dtype(const rt_storage *storage, const rt_array_info *array)
{
    if (array->is_float)
        return (ir_dtype)storage->request.dtype;
    return array->bits <= 8 ? IR_U8 : array->bits == 16 ? IR_U16 : array->bits == 32 ? IR_U32 : IR_I64;
}

static int add_arrays(entry_builder *e, const lw_variant *v, ir_op **args, int count)
{
    rt_array_info arrays[RT_MAX_ARRAYS];
    int n = v->storage ? rt_storage_arrays(v->storage, arrays) : 0;
    for (int i = 0; i < n; i++) {
        ir_op *data = ir_build0(&e->b, IR_OP_data, ir_buffer(e->m, array_dtype(v->storage, &arrays[i])));
        data->name = ir_format(e->m->arena, "%s/%s", v->packing->name, arrays[i].name);
        args[count++] = data;
    }
    return count;
}

static void launch(entry_builder *e, const ir_op *fused, const lw_variant *v)
{
    ir_op **args = IR_ARRAY(e->m->arena, ir_op *, fused->nargs + MAX_DIMS + RT_MAX_ARRAYS + 4);
    const char *names[MAX_DIMS];
    lw_region region;
    lw_region_of(e->m, fused, &region);
    int count = 0;
    args[count++] = lw_extent(&e->b, &e->dims, lw_task_count(e->m, v));
    int dims = lw_region_dims(e->m, &region, names, MAX_DIMS);
    for (int i = 0; i < dims; i++)
        args[count++] = lw_extent(&e->b, &e->dims, ir_extent_dim(e->m, names[i]));
    if (v->blocks)
        args[count++] = lw_extent(&e->b, &e->dims, v->blocks);
    if (v->slot_bytes)
        args[count++] = e->tasks_scratch;
    count = add_arrays(e, v, args, count);
    for (int i = 0; i < fused->nargs; i++)
        if (!v->storage || i != region.contraction.a_arg)
            args[count++] = value_buffer(e, fused->args[i]);
    args[count++] = value_buffer(e, fused);
    ir_op *op = ir_build(&e->b, IR_OP_launch, NULL, count, args);
    op->name = v->kernel->name;
}

static void launch_variant(entry_builder *e, const ir_op *fused, const lw_variant *v)
{
    if (!v->next) {
        launch(e, fused, v);
        return;
    }
    ir_op *dim = lw_extent(&e->b, &e->dims, ir_extent_dim(e->m, v->dim));
    lw_scope scope = lw_if(&e->b, lw_compare(&e->b, IR_OP_le, dim, lw_imm(&e->b, v->limit)));
    launch(e, fused, v);
    lw_else(&e->b, &scope);
    launch_variant(e, fused, v->next);
    lw_end(&e->b, &scope);
}

/* Values that branches share are made before them. */
static void make_values(entry_builder *e, const ir_op *fused)
{
    for (int i = 0; i < fused->nargs; i++)
        if (info(graph_viewed(fused->args[i]))->slot || info(graph_viewed(fused->args[i]))->life)
            value_buffer(e, fused->args[i]);
    value_buffer(e, fused);
}

/* NULL: the sizes overflow, or are too many different ones to be told in one formula. */
static const ir_extent *make_scratch(entry_builder *e)
{
    const ir_extent *zero = constant(e, 0), *total = ir_extent_add(e->m, e->values_bytes, e->tasks_bytes);
    if (total == zero)
        return total;
    total = ir_extent_add(e->m, total, constant(e, 64));
    if (!total)
        return NULL;
    ir_op *bytes = lw_extent(&e->b, &e->dims, total);
    e->scratch = ir_build1(&e->b, IR_OP_scratch, ir_buffer(e->m, IR_U8), bytes);
    e->tasks_scratch = lw_subbuffer(&e->b, e->scratch, lw_extent(&e->b, &e->dims, e->values_bytes), IR_U8);
    return total;
}

bool lw_entry(lw_shared *shared, const ir_func *graph, lw_variant *const *variants)
{
    ir_module *m = shared->module;
    ir_func *func = ir_func_new(m, IR_ENTRY, graph->name);
    func->loc = graph->loc;
    entry_builder builder = {.shared = shared, .m = m, .b = {m, &func->body, graph->loc}, .graph = graph};
    entry_builder *e = &builder;
    ir_ops_begin(m);
    collect_uses(e);
    make_dims(e);
    make_buffers(e, IR_OP_input);
    make_buffers(e, IR_OP_output);
    check_cpu(e);
    check_dims(e);
    check_tensors(e);
    e->dims.names[e->dims.count] = "threads";
    e->dims.values[e->dims.count++] = ir_build0(&e->b, IR_OP_threads, NULL);
    plan_scratch(e, variants);
    const ir_extent *bytes = make_scratch(e);
    if (bytes)
        func->plan = ir_extent_text(bytes);
    else
        ir_report(m->diags, IR_ERROR, graph->loc, "layer '%s' needs more scratch than can be computed", graph->name);
    int number = 0;
    for (ir_op *op = graph->body.first; op; op = op->next)
        if (bytes && op->code == IR_OP_fused) {
            e->b.loc = op->loc;
            make_values(e, op);
            launch_variant(e, op, variants[number++]);
        }
    for (ir_op *op = graph->body.first; op; op = op->next)
        op->mark = NULL;
    ir_ops_end(m, func);
    return bytes != NULL;
}
