/* facts: what a lowered program says of its kernels: plans, packed weights, operations on non-zeros, bytes moved. */
#include "api/bench/bench.h"

#include "runtime/dtype.h"
#include "runtime/module.h"
#include "runtime/pattern.h"
#include <math.h>
#include <string.h>

/* ---- launches ---- */

typedef struct launch_list {
    ir_module *module;
    ir_op **ops; /* in the order of the entry: kernel by kernel, each its variants */
    size_t count, capacity;
} launch_list;

static void collect_launches(launch_list *list, const ir_block *block)
{
    for (ir_op *op = block->first; op; op = op->next) {
        collect_launches(list, &op->body);
        collect_launches(list, &op->body2);
        if (op->code != IR_OP_launch) continue;
        ir_set_int(list->module, op, "traced", 1);
        if (list->count == list->capacity) {
            ir_op **grown = IR_ARRAY(list->module->arena, ir_op *, 2 * list->capacity + 16);
            if (list->count) memcpy(grown, list->ops, list->count * sizeof *grown);
            list->ops = grown;
            list->capacity = 2 * list->capacity + 16;
        }
        list->ops[list->count++] = op;
    }
}

/* ---- packings ---- */

static int64_t declared_bytes(const ir_type *type)
{
    int64_t count = 1, extent;
    for (int i = 0; i < type->rank; i++) {
        if (!ir_extent_is_const(type->dims[i], &extent)) return 0;
        count *= extent; /* the front end has refused what overflows */
    }
    return rt_dtype_bytes((spc_dtype)type->dtype, count);
}

/* What is left of a weight counts as all of it. */
static int64_t dense_bytes(const spc_session *s, const ir_packing *p)
{
    const api_weight *w = api_weight_find(s, p->weight);
    if (!w || !w->whole) return declared_bytes(p->type);
    return rt_dtype_bytes(w->whole->matrix.dtype, w->whole->matrix.rows * w->whole->matrix.cols);
}

static void collect_packings(const spc_session *s, bench_form *form, const api_program *program)
{
    ir_arena *arena = program->arena;
    size_t index = 0;
    for (const ir_packing *p = program->module->packings; p; p = p->next) form->packing_count++;
    form->packings = IR_ARRAY(arena, bench_packing, form->packing_count);
    for (const ir_packing *p = program->module->packings; p; p = p->next, index++) {
        const rt_packed *packed = &program->layout.packed[index];
        const ir_layout_piece *plain = ir_layout_find(&program->layout, ir_format(arena, "%s/values", p->name));
        bench_packing *made = &form->packings[index];
        *made = (bench_packing){p->weight, plain ? plain->bytes : 0, 0, dense_bytes(s, p)};
        if (!p->type->storage) continue;
        made->values = packed->values_bytes;
        made->metadata = packed->metadata_bytes;
    }
}

static bool packing_index(const ir_module *m, const char *data, size_t *out)
{
    const char *slash = strrchr(data, '/');
    const size_t len = slash ? (size_t)(slash - data) : 0;
    *out = 0;
    for (const ir_packing *p = m->packings; p; p = p->next, ++*out)
        if (strlen(p->name) == len && !strncmp(p->name, data, len)) return true;
    return false;
}

static void collect_uses(ir_module *m, const ir_op *launch, bench_variant *variant)
{
    variant->use = IR_ARRAY(m->arena, size_t, launch->nargs);
    for (int i = 0; i < launch->nargs; i++) {
        size_t index;
        if (launch->args[i]->code != IR_OP_data || !packing_index(m, launch->args[i]->name, &index)) continue;
        bool known = false;
        for (size_t u = 0; u < variant->uses; u++) known = known || variant->use[u] == index;
        if (!known) variant->use[variant->uses++] = index;
    }
}

/* ---- kernels ---- */

static const char *operations_of(ir_arena *arena, const ir_op *fused)
{
    ir_text out;
    ir_text_init(&out, arena);
    for (const ir_op *op = fused->body.first; op; op = op->next) {
        if (op->code == IR_OP_arg || op->code == IR_OP_const) continue;
        ir_text_add(&out, "%s%s", out.len ? " + " : "", ir_info(op->code)->name);
    }
    return out.data;
}

/* The weight of that rank that the operand is; NULL: it is none. */
static const ir_op *weight_of(const ir_op *fused, const ir_op *operand, int rank)
{
    const ir_op *value = operand->code == IR_OP_arg ? fused->args[ir_get_int(operand, "n", 0)] : NULL;
    return value && value->code == IR_OP_weight && value->type->rank == rank ? value : NULL;
}

static bool is_convolution(const ir_op *op) { return op->code == IR_OP_conv2d || op->code == IR_OP_conv2d_planes; }

/* The weight that a multiplication streams, and which of its axes makes the outputs. */
static const ir_op *streamed_weight(const ir_op *fused, const ir_op *op, int *axis)
{
    *axis = 0;
    if (is_convolution(op)) return weight_of(fused, op->args[1], 4);
    const ir_op *left = weight_of(fused, op->args[0], 2), *right = weight_of(fused, op->args[1], 2);
    *axis = op->code == IR_OP_matmul && right && !left ? 1 : 0;
    return op->code == IR_OP_linear ? right : right && !left ? right : left;
}

static void describe_weight(spc_session *s, bench_kernel *k, const ir_op *weight, int axis)
{
    const api_weight *w = api_weight_find(s, weight->name);
    rt_facts facts;
    if (!w || !w->found || rt_matrix_facts(&w->matrix, NULL, &facts, NULL)) return;
    k->pattern = ir_get_str(weight, "pattern", "dense");
    k->shrunk = w->whole != NULL;
    const rt_matrix *declared = k->shrunk ? &w->whole->matrix : &w->matrix;
    k->density = facts.rows && facts.cols ? (double)facts.nnz / ((double)declared->rows * (double)declared->cols) : NAN;
    k->nonzeros = facts.nnz;
    ir_extent_is_const(weight->type->dims[axis], &k->outputs);
}

static void describe_operations(spc_session *s, bench_kernel *k)
{
    k->density = NAN;
    for (const ir_op *op = k->fused->body.first; op; op = op->next) {
        int axis;
        if (op->code != IR_OP_linear && op->code != IR_OP_matmul && !is_convolution(op)) continue;
        const ir_op *weight = streamed_weight(k->fused, op, &axis);
        const ir_dtype dtype = op->type->dtype;
        k->product = op->type;
        k->compute = dtype == IR_F64 ? SPC_F64 : ir_is_float(dtype) ? SPC_F32 : (spc_dtype)0;
        if (weight) describe_weight(s, k, weight, axis);
    }
}

static size_t describe_variants(ir_module *m, bench_kernel *k, const ir_plan_line *line, ir_op *const *launches)
{
    for (const ir_plan_variant *v = line->variants; v; v = v->next) k->variant_count++;
    bench_variant *made = k->variants = IR_ARRAY(m->arena, bench_variant, k->variant_count);
    for (const ir_plan_variant *v = line->variants; v; v = v->next, made++, launches++) {
        *made = (bench_variant){v->dim, v->limit, ir_plan_print_terms(&v->terms, m->arena), v->terms.store[0] != 0,
                                !strncmp(v->terms.store, "dense", 5), 0, NULL};
        collect_uses(m, *launches, made);
    }
    return k->variant_count;
}

static size_t count_variants(const bench_form *form, const api_program *program, size_t kernels)
{
    size_t count = 0;
    for (size_t i = 0; i < kernels; i++) {
        const ir_plan_line *line = ir_plan_find(program->plan, form->layer, (int)i);
        for (const ir_plan_variant *v = line ? line->variants : NULL; v; v = v->next) count++;
    }
    return count;
}

/* Where the program was not lowered (the reference) there are no kernels to tell of. */
static void collect_kernels(spc_session *s, bench_form *form, const api_program *program, const launch_list *launches)
{
    ir_module *m = program->module;
    size_t count = 0, next = 0;
    for (const ir_op *op = form->face.graph->body.first; op; op = op->next) count += op->code == IR_OP_fused;
    if (launches->count != count_variants(form, program, count)) return;
    form->kernels = IR_ARRAY(m->arena, bench_kernel, count);
    for (const ir_op *op = form->face.graph->body.first; op && launches->count; op = op->next) {
        if (op->code != IR_OP_fused) continue;
        bench_kernel *k = &form->kernels[form->kernel_count];
        const ir_plan_line *line = ir_plan_find(program->plan, form->layer, (int)form->kernel_count);
        k->fused = op;
        k->name = ir_format(m->arena, "%s.%zu", form->layer, form->kernel_count++);
        k->operations = operations_of(m->arena, op);
        describe_operations(s, k);
        next += describe_variants(m, k, line, launches->ops + next);
    }
}

spc_status bench_inspect(spc_session *s, api_program *program, void *object)
{
    bench_form *form = object;
    launch_list launches = {.module = program->module};
    form->program = program;
    spc_status status = api_face_of(s, program->module, ir_func_find(program->module, IR_GRAPH, form->layer), &form->face);
    if (status) return status;
    if (form->face.entry) collect_launches(&launches, &form->face.entry->body);
    collect_packings(s, form, program);
    collect_kernels(s, form, program, &launches);
    return SPC_OK;
}

/* ---- at given dims ---- */

const bench_variant *bench_variant_at(const bench_kernel *k, const bench_dims *dims)
{
    for (size_t i = 0; i < k->variant_count; i++) {
        const bench_variant *v = &k->variants[i];
        if (!v->dim) return v;
        for (size_t d = 0; d < dims->count; d++)
            if (!strcmp(dims->names[d], v->dim) && dims->values[d] <= v->limit) return v;
    }
    return NULL;
}

static double elements(const ir_type *type, const bench_dims *dims)
{
    double product = 1;
    int64_t extent;
    for (int i = 0; i < type->rank; i++) {
        if (!rt_extent_eval(ir_extent_text(type->dims[i]), dims->names, dims->values, dims->count, &extent)) return NAN;
        product *= (double)extent;
    }
    return product;
}

double bench_flops(const bench_kernel *k, const bench_dims *dims)
{
    if (!k->pattern || k->outputs < 1) return NAN;
    return 2.0 * (double)k->nonzeros * elements(k->product, dims) / (double)k->outputs;
}

double bench_bytes(const bench_form *form, const bench_kernel *k, const bench_dims *dims)
{
    const bench_variant *v = bench_variant_at(k, dims);
    if (!v) return NAN;
    double bytes = elements(k->fused->type, dims) * ir_dtype_of(k->fused->type->dtype)->bytes;
    for (int i = 0; i < k->fused->nargs; i++) {
        const ir_op *arg = k->fused->args[i];
        if (arg->code != IR_OP_weight) bytes += elements(arg->type, dims) * ir_dtype_of(arg->type->dtype)->bytes;
    }
    for (size_t u = 0; u < v->uses; u++)
        bytes += (double)(form->packings[v->use[u]].values + form->packings[v->use[u]].metadata);
    return bytes;
}
