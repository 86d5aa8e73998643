/* variants: the kernels of one fused op. For each variant of its plan line: the storage is made, the nest is asked
 * whether it can, then the kernel is built; a kernel that reads like one built before is dropped for it. */
#include "passes/lower/lower.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

typedef struct lw_known_kernel {
    const ir_func *func;
    const char *backend;
    size_t hash;
    struct lw_known_kernel *next;
} lw_known_kernel;

/* The same kernel for the same code generator, built before; or NULL, and this one is known from now on. */
static const ir_func *known_kernel(lw_shared *s, ir_func *func, const char *backend)
{
    const size_t hash = ir_func_hash(func);
    lw_known_kernel **slot = &s->table[hash % s->table_size];
    for (const lw_known_kernel *k = *slot; k; k = k->next)
        if (k->hash == hash && !strcmp(k->backend, backend) && ir_func_same(k->func, func))
            return k->func;
    lw_known_kernel *k = IR_NEW(s->module->arena, lw_known_kernel);
    *k = (lw_known_kernel){func, backend, hash, *slot};
    *slot = k;
    return NULL;
}

ir_op *lw_array(const lw_kernel *k, const char *name)
{
    rt_array_info info[RT_MAX_ARRAYS];
    int count = rt_storage_arrays(k->storage, info);
    for (int i = 0; i < count; i++)
        if (strcmp(info[i].name, name) == 0)
            return k->arrays[i];
    assert(!"an array that the storage does not have");
    return NULL;
}

static const lw_nest *const core_nests[IR_OP_COUNT] = {
    [IR_OP_softmax] = &lw_nest_softmax, [IR_OP_layernorm] = &lw_nest_norm, [IR_OP_rmsnorm] = &lw_nest_norm,
    [IR_OP_sum] = &lw_nest_reduce,      [IR_OP_mean] = &lw_nest_reduce,    [IR_OP_amax] = &lw_nest_reduce,
    [IR_OP_argmax] = &lw_nest_reduce,   [IR_OP_transpose] = &lw_nest_transpose, [IR_OP_slice] = &lw_nest_move,
    [IR_OP_pad] = &lw_nest_move,        [IR_OP_concat] = &lw_nest_concat,
    [IR_OP_depthwise_conv2d_planes] = &lw_nest_depthwise_planes, [IR_OP_maxpool2d_planes] = &lw_nest_pool_planes,
    [IR_OP_depthwise_conv2d] = &lw_nest_channels, [IR_OP_maxpool2d] = &lw_nest_channels,
    [IR_OP_avgpool2d] = &lw_nest_channels, [IR_OP_resize_bilinear] = &lw_nest_resize,
};

const lw_nest *lw_nest_for(const lw_region *region, const ir_plan_terms *terms)
{
    if (!region->core)
        return &lw_nest_pointwise;
    if (lw_turns(region))
        return &lw_nest_turn;
    if (!region->has_contraction)
        return core_nests[region->core->code];
    if (region->contraction.windowed)
        return region->contraction.packed ? &lw_nest_conv : &lw_nest_conv_direct;
    return terms->lanes == PLAN_LANES_ROWS ? &lw_nest_rows : terms->lanes == PLAN_LANES_K ? &lw_nest_k : &lw_nest_batch;
}

/* One task for one thread, else four per thread, so that uneven ones even out: a multiple, so that equal ones come out even. */
const ir_extent *lw_most_tasks(ir_module *m)
{
    const ir_extent *threads = ir_extent_dim(m, "threads");
    const ir_extent *one_if_one = ir_extent_sub(m, ir_extent_mul(m, ir_extent_const(m, 8), threads), ir_extent_const(m, 7));
    return ir_extent_min(m, ir_extent_mul(m, ir_extent_const(m, 4), threads), one_if_one);
}

const ir_extent *lw_task_count(ir_module *m, const lw_variant *v)
{
    return ir_extent_min(m, v->tiles, v->serial ? ir_extent_const(m, 1) : lw_most_tasks(m));
}

/* Where every block of a unit packs the unit's panel anew: one block, unless the units leave threads without work; then as
 * many as there are threads. */
static const ir_extent *blocks_that_pack(ir_module *m, const ir_extent *units)
{
    const ir_extent *one = ir_extent_const(m, 1), *none = ir_extent_const(m, 0), *threads = ir_extent_dim(m, "threads");
    const ir_extent *rounds = ir_extent_ceildiv(m, units, threads);
    const ir_extent *left = ir_extent_sub(m, ir_extent_mul(m, rounds, threads), units); /* idle in the last round */
    const ir_extent *few = ir_extent_max(m, none, ir_extent_sub(m, ir_extent_mul(m, ir_extent_const(m, 4), threads), units));
    const ir_extent *uneven = ir_extent_min(m, one, ir_extent_mul(m, left, few));
    return ir_extent_add(m, one, ir_extent_mul(m, uneven, ir_extent_sub(m, threads, one)));
}

const ir_extent *lw_row_blocks(lw_kernel *k, const ir_extent *groups)
{
    ir_module *m = k->module;
    const ir_extent *one = ir_extent_const(m, 1);
    if (k->terms->rows > 0)
        return ir_extent_ceildiv(m, k->region->contraction.rows, ir_extent_const(m, k->terms->rows));
    if (k->terms->par == PLAN_PAR_NONE || k->terms->par == PLAN_PAR_COLS)
        return NULL;
    const ir_extent *units = ir_extent_max(m, k->units, one);
    const ir_extent *wanted = k->terms->pack > 0 ? blocks_that_pack(m, units) : ir_extent_ceildiv(m, lw_most_tasks(m), units);
    return ir_extent_max(m, ir_extent_min(m, wanted, groups), one);
}

void lw_block_share(lw_kernel *k, ir_op *block, ir_op *groups, ir_op **lo, ir_op **hi)
{
    ir_builder *b = &k->b;
    *lo = lw_div(b, lw_mul(b, groups, block), k->block_count);
    *hi = lw_div(b, lw_mul(b, groups, lw_addi(b, block, 1)), k->block_count);
}

/* ---- storage ---- */

/* N:M and band storages have no room for what the declared pattern does not rule out. */
static bool storage_holds(const lw_kernel *k, const ir_op *weight, const char *store)
{
    const lw_contraction *c = &k->region->contraction;
    rt_pattern pattern;
    int64_t depth = 0;
    long a, b;
    bool nm = sscanf(store, "nm:%ld:%ld", &a, &b) == 2, band = sscanf(store, "band:%ld:%ld", &a, &b) == 2;
    if (!nm && !band)
        return true;
    if (!rt_pattern_parse(ir_get_str(weight, "pattern", "dense"), &pattern, NULL))
        return false;
    ir_extent_is_const(c->depth, &depth);
    for (int i = 0; i < pattern.count; i++) {
        int64_t pa = pattern.part[i].a, pb = pattern.part[i].b;
        if (nm && pattern.part[i].kind == RT_NM && !c->a_transposed && pa <= a && pb == b && depth % b == 0)
            return true;
        int64_t lo = c->a_transposed ? -pb : pa, hi = c->a_transposed ? -pa : pb;
        if (band && !c->windowed && pattern.part[i].kind == RT_BAND && lo >= a && hi <= b)
            return true;
    }
    return false;
}

static bool make_storage(lw_kernel *k, const pass_context *context, const ir_op *weight, rt_storage *out, rt_error *error)
{
    const lw_contraction *c = &k->region->contraction;
    const ir_plan_terms *t = k->terms;
    rt_storage_request request = {.dtype = (spc_dtype)weight->type->dtype, .transposed = c->a_transposed, .nnz = -1};
    snprintf(request.name, sizeof request.name, "%s", t->store);
    if (!storage_holds(k, weight, t->store)) {
        rt_fail(error, SPC_E_ARG, "store: %s needs a weight whose pattern promises it along the reduction", t->store);
        return false;
    }
    bool fixed = ir_extent_is_const(c->rows, &request.rows) && ir_extent_is_const(c->depth, &request.cols);
    assert(fixed);
    (void)fixed;
    request.ktile = t->tile_k > 0 && t->tile_k < request.cols ? t->tile_k : 0;
    request.pad = !strncmp(t->store, "sell", 4) && t->unroll > 1 ? t->unroll : 0;
    const rt_matrix *matrix = context->weight ? context->weight(context->weight_ctx, weight->name) : NULL;
    /* Exact counts would make kernels of equal layers differ; only whether 32-bit positions suffice may show. */
    if (matrix)
        request.nnz = matrix->rows * matrix->cols < INT32_MAX ? INT32_MAX : -1;
    return rt_storage_make(&request, out, error);
}

/* ---- one kernel ---- */

/* Panels that are narrower than the machine's vectors, or no multiple of them, take narrower ones. */
enum { NARROWEST = 4 };

int lw_lanes(const ir_target *target, const lw_region *region, const ir_plan_terms *terms)
{
    int lanes = target->vector_bytes / (region->widest < 4 ? 4 : region->widest);
    bool batch = region->has_contraction && terms->lanes == PLAN_LANES_BATCH;
    while (batch && lanes > NARROWEST && terms->tile_cols % lanes)
        lanes /= 2;
    return lanes < 1 ? 1 : lanes;
}

static void set_types(lw_kernel *k)
{
    k->lanes = lw_lanes(k->target, k->region, k->terms);
    k->scalar = ir_scalar(k->module, k->region->compute);
    k->vector = ir_vector(k->module, k->region->compute, k->lanes);
}

static ir_dtype array_dtype(const lw_kernel *k, const rt_array_info *info)
{
    if (info->is_float)
        return (ir_dtype)k->storage->request.dtype;
    return info->bits <= 8 ? IR_U8 : info->bits == 16 ? IR_U16 : info->bits == 32 ? IR_U32 : IR_I64;
}

static void make_params(lw_kernel *k)
{
    ir_builder *b = &k->b;
    ir_module *m = k->module;
    const lw_region *region = k->region;
    const char *names[64];
    k->dims.count = lw_region_dims(m, region, names, 64);
    k->dims.names = IR_ARRAY(ir_ops_arena(m), const char *, k->dims.count);
    k->dims.values = IR_ARRAY(ir_ops_arena(m), ir_op *, k->dims.count);
    for (int i = 0; i < k->dims.count; i++) {
        k->dims.names[i] = names[i];
        ir_op *param = lw_param(b, names[i], ir_scalar(m, IR_INDEX));
        /* A kernel for at most one is never run for none: what the dim multiplies becomes plain. */
        k->dims.values[i] = k->only_one && !strcmp(k->only_one, names[i]) ? lw_imm(b, 1) : param;
    }
    k->block_count = k->blocks ? lw_param(b, "blocks", ir_scalar(m, IR_INDEX)) : lw_imm(b, 1);
    if (k->slot_bytes)
        k->scratch = lw_param(b, "scratch", ir_buffer(m, IR_U8));
    if (k->storage) {
        rt_array_info info[RT_MAX_ARRAYS];
        int count = rt_storage_arrays(k->storage, info);
        for (int i = 0; i < count; i++)
            k->arrays[i] = lw_param(b, info[i].name, ir_buffer(m, array_dtype(k, &info[i])));
    }
    k->arg_buffers = IR_ARRAY(ir_ops_arena(m), ir_op *, region->fused->nargs);
    for (int i = 0; i < region->fused->nargs; i++)
        if (!k->storage || i != region->contraction.a_arg)
            k->arg_buffers[i] = lw_param(b, ir_format(m->arena, "arg%d", i),
                                         ir_buffer(m, region->fused->args[i]->type->dtype));
    k->out = lw_param(b, "out", ir_buffer(m, region->result->type->dtype));
    k->task = lw_param(b, "task", ir_scalar(m, IR_INDEX));
    k->tasks = lw_param(b, "tasks", ir_scalar(m, IR_INDEX));
}

/* This task's share of the tiles: [tiles * task / tasks, tiles * (task + 1) / tasks), and its slot of scratch. */
static void make_share(lw_kernel *k)
{
    ir_builder *b = &k->b;
    ir_op *tiles = lw_mul(b, lw_extent(b, &k->dims, k->units), k->block_count);
    k->tile_lo = lw_div(b, lw_mul(b, tiles, k->task), k->tasks);
    k->tile_hi = lw_div(b, lw_mul(b, tiles, lw_addi(b, k->task, 1)), k->tasks);
    if (k->slot_bytes) {
        ir_op *offset = lw_mul(b, k->task, lw_extent(b, &k->dims, k->slot_bytes));
        k->scratch = lw_subbuffer(b, k->scratch, offset, IR_U8);
    }
}

static void report_refusal(lw_kernel *k, const ir_plan_line *line, const char *why)
{
    ir_loc none = {0};
    bool user = line && line->loc.source;
    ir_report(k->module->diags, IR_ERROR, user ? line->loc : none, "plan of kernel %s (%s): %s", k->region->title,
              ir_plan_print_terms(k->terms, k->module->arena), why);
}

/* The weight that is A, as an op of the graph; NULL: A is not packed. */
static const ir_op *packed_weight(const lw_region *region)
{
    if (!region->has_contraction || !region->contraction.packed)
        return NULL;
    return region->fused->args[region->contraction.a_arg];
}

/* The kernel's storage (in *storage; NULL where nothing is packed) and nest. NULL, or why the plan is not legal. */
static const char *prepare(lw_kernel *k, const pass_context *context, rt_storage *storage, const lw_nest **nest,
                           rt_error *error)
{
    set_types(k);
    const ir_op *weight = packed_weight(k->region);
    if (weight && !make_storage(k, context, weight, storage, error))
        return error->text;
    k->storage = weight ? storage : NULL;
    *nest = lw_nest_for(k->region, k->terms);
    return (*nest)->refuses(k);
}

bool lw_accepts(ir_module *m, const pass_context *context, const lw_region *region, const ir_plan_terms *terms,
                rt_storage *storage, bool *packed, rt_error *why)
{
    lw_kernel kernel = {.module = m, .target = context->target, .region = region, .terms = terms};
    const lw_nest *nest;
    rt_error error = {SPC_OK, ""};
    const char *refusal = prepare(&kernel, context, storage, &nest, &error);
    *packed = kernel.storage != NULL;
    if (refusal)
        rt_fail(why, SPC_E_PROGRAM, "%s", refusal);
    return !refusal;
}

static bool build_kernel(lw_shared *s, const lw_region *region, const ir_plan_line *line, const ir_plan_variant *variant,
                         const char *name, lw_variant *out)
{
    ir_module *m = s->module;
    const ir_plan_terms *terms = &variant->terms;
    lw_kernel kernel = {.module = m, .target = s->context->target, .region = region, .terms = terms};
    kernel.only_one = variant->limit == 1 ? variant->dim : NULL;
    lw_kernel *k = &kernel;
    rt_error error = {SPC_OK, ""};
    const ir_op *weight = packed_weight(region);
    rt_storage *storage = IR_NEW(m->arena, rt_storage);
    const lw_nest *nest;
    const char *why = prepare(k, s->context, storage, &nest, &error);
    if (why) {
        report_refusal(k, line, why);
        return false;
    }
    nest->measure(k);
    ir_func *func = ir_func_new(m, IR_KERNEL, name);
    func->loc = region->fused->loc;
    func->plan = ir_plan_print_terms(terms, m->arena);
    k->b = (ir_builder){m, &func->body, region->result->loc};
    ir_ops_begin(m);
    make_params(k);
    make_share(k);
    nest->build(k);
    ir_ops_end(m, func);
    const ir_func *same = known_kernel(s, func, terms->backend);
    if (same)
        ir_func_remove(m, func);
    *out = (lw_variant){.kernel = same ? same : func, .blocks = k->blocks, .slot_bytes = k->slot_bytes,
                        .storage = k->storage, .serial = terms->par == PLAN_PAR_NONE};
    out->tiles = k->blocks ? ir_extent_mul(m, k->units, k->blocks) : k->units;
    if (weight)
        out->packing = ir_packing_of(m, weight->name, ir_tensor_stored(m, weight->type, storage));
    return true;
}

lw_variant *lw_variants(lw_shared *s, const ir_func *graph, const ir_op *fused, int number)
{
    ir_module *m = s->module;
    lw_region *region = IR_NEW(m->arena, lw_region);
    lw_region_of(m, fused, region);
    region->title = ir_format(m->arena, "%s.%d", graph->name, number);
    const ir_plan_line *line = ir_plan_find(s->context->plan, graph->name, number);
    assert(line && "the plan pass completes every line");
    lw_variant *first = NULL, **tail = &first;
    int index = 0;
    for (const ir_plan_variant *v = line->variants; v; v = v->next, index++) {
        const char *suffix = line->variants->next ? ir_format(m->arena, "_v%d", index) : "";
        const char *name = ir_format(m->arena, "%s_%d%s", graph->name, number, suffix);
        lw_variant *made = IR_NEW(m->arena, lw_variant);
        if (!build_kernel(s, region, line, v, name, made))
            return NULL;
        made->dim = v->dim;
        made->limit = v->limit;
        *tail = made;
        tail = &made->next;
    }
    return first;
}
