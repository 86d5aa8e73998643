/* explain: what was chosen for each layer, in words: per kernel its operations, shapes, weights, storage and plan, and
 * the layer's scratch. The text depends on the program, its weights and the options only. */
#include "api/compile.h"

#include "runtime/pattern.h"
#include <string.h>

typedef struct explainer {
    spc_session *session;
    api_program *program;
    ir_text out;
} explainer;

static const char *plural(int64_t n) { return n == 1 ? "" : "s"; }

/* "12.5 KB": three figures, so that sizes can be compared at a glance. */
static const char *size_text(ir_arena *arena, int64_t bytes) {
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1000 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1024;
        unit++;
    }
    return ir_format(arena, unit && value < 100 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static int64_t dense_bytes(const ir_type *type) {
    int64_t count = 1, extent;
    for (int i = 0; i < type->rank; i++)
        if (!ir_extent_is_const(type->dims[i], &extent) || __builtin_mul_overflow(count, extent, &count)) return 0;
    return count * ir_dtype_of(type->dtype)->bytes;
}

/* ---- weights ---- */

static void add_facts(explainer *e, const api_weight *w) {
    rt_pattern pattern = {0};
    rt_facts facts;
    rt_error error;
    const bool patterned = w->pattern && rt_pattern_parse(w->pattern, &pattern, &error);
    if (rt_matrix_facts(&w->matrix, patterned ? &pattern : NULL, &facts, &error)) return;
    ir_text_add(&e->out, "      non-zero    %lld of %lld (density %.4f), %lld to %lld in a row", (long long)facts.nnz,
                (long long)(facts.rows * facts.cols), facts.density, (long long)facts.row_min, (long long)facts.row_max);
    if (facts.empty_rows) ir_text_add(&e->out, ", %lld empty row%s", (long long)facts.empty_rows, plural(facts.empty_rows));
    if (facts.empty_cols) ir_text_add(&e->out, ", %lld empty column%s", (long long)facts.empty_cols, plural(facts.empty_cols));
    ir_text_add(&e->out, "\n");
    if (facts.blocks)
        ir_text_add(&e->out, "      blocks      %lld hold non-zeros, %.0f %% of their elements are\n", (long long)facts.blocks,
                    100 * facts.block_fill);
    if (!w->pattern && facts.rows > 1 && facts.density < 0.5)
        ir_text_add(&e->out, "      hint        it is declared dense; sparse unstructured would let its zeros be skipped\n");
}

/* What a plan without data rests on. */
static void add_assumption(explainer *e, const char *text) {
    rt_pattern pattern = {0};
    rt_error error;
    ir_text_add(&e->out, "      non-zero    not known: no data is bound");
    if (!text || !rt_pattern_parse(text, &pattern, &error) || rt_pattern_density(&pattern) == 1) {
        ir_text_add(&e->out, "\n");
        return;
    }
    bool implied = false;
    for (int i = 0; i < pattern.count; i++) implied = implied || pattern.part[i].kind == RT_NM;
    ir_text_add(&e->out, ", so density and row histogram are missing;\n"
                         "                  the planner counts on density %.4g%s\n", rt_pattern_density(&pattern),
                implied ? " by the pattern" : pattern.density > 0 ? " by the hint" : ", as there is no hint");
}

static void add_packing(explainer *e, const ir_packing *packing, const rt_packed *packed) {
    ir_arena *arena = e->out.arena;
    const int64_t dense = dense_bytes(packing->type);
    if (!packing->type->storage) {
        ir_text_add(&e->out, "      storage     row-major: %s\n", size_text(arena, dense));
        return;
    }
    ir_text_add(&e->out, "      storage     %s", packing->type->storage->request.name);
    if (packed) {
        const int64_t all = packed->values_bytes + packed->metadata_bytes;
        ir_text_add(&e->out, ": %s of values", size_text(arena, packed->values_bytes));
        ir_text_add(&e->out, " and %s of metadata", size_text(arena, packed->metadata_bytes));
        ir_text_add(&e->out, " against %s dense", size_text(arena, dense));
        if (dense > 0) ir_text_add(&e->out, " (%.1f %%)", 100.0 * (double)all / (double)dense);
        if (packed->padding) ir_text_add(&e->out, "; %lld padding entr%s", (long long)packed->padding, packed->padding == 1 ? "y" : "ies");
    }
    ir_text_add(&e->out, "\n");
}

static void add_weight(explainer *e, const ir_op *op) {
    const api_weight *w = api_weight_find(e->session, op->name);
    const char *pattern = ir_get_str(op, "pattern", NULL);
    size_t index = 0;
    ir_text_add(&e->out, "    weight %s: %s, %s\n", op->name, ir_print_type(op->type, e->out.arena), pattern ? pattern : "dense");
    if (w && w->found) add_facts(e, w);
    else add_assumption(e, pattern);
    for (const ir_packing *p = e->program->module->packings; p; p = p->next, index++)
        if (!strcmp(p->weight, op->name)) add_packing(e, p, e->program->laid ? &e->program->layout.packed[index] : NULL);
}

/* ---- kernels ---- */

static void add_operations(explainer *e, const ir_op *fused) {
    const char *before = "";
    for (const ir_op *op = fused->body.first; op; op = op->next) {
        if (op->code == IR_OP_arg || op->code == IR_OP_const) continue;
        ir_text_add(&e->out, "%s%s", before, ir_info(op->code)->name);
        before = " + ";
    }
    ir_text_add(&e->out, " -> %s\n", ir_print_type(fused->type, e->out.arena));
}

static void add_plan(explainer *e, const char *layer, int kernel) {
    const ir_plan_line *line = ir_plan_find(e->program->plan, layer, kernel);
    if (!line) return;
    ir_text_add(&e->out, "    plan (%s)\n", line->origin ? line->origin : "planner");
    for (const ir_plan_variant *v = line->variants; v; v = v->next) {
        if (v->dim) ir_text_add(&e->out, "      when %s<=%lld: ", v->dim, (long long)v->limit);
        else ir_text_add(&e->out, v == line->variants ? "      " : "      else: ");
        ir_text_add(&e->out, "%s\n", ir_plan_print_terms(&v->terms, e->out.arena));
    }
}

static void add_kernel(explainer *e, const char *layer, int number, const ir_op *fused) {
    ir_text_add(&e->out, "\n  kernel %s.%d: ", layer, number);
    add_operations(e, fused);
    for (int i = 0; i < fused->nargs; i++)
        if (fused->args[i]->code == IR_OP_weight) add_weight(e, fused->args[i]);
    add_plan(e, layer, number);
}

/* ---- layers ---- */

static void add_ports(explainer *e, const char *what, const api_port *ports, size_t count) {
    for (size_t i = 0; i < count; i++)
        ir_text_add(&e->out, "  %s %s: %s\n", what, ports[i].name, ir_print_type(ports[i].type, e->out.arena));
}

/* A formula that is longer is for the header; people are told bytes where they give dims. */
enum { READABLE = 120 };

static spc_status add_scratch(explainer *e, const api_face *face) {
    const char *dims = api_option_value(e->session, API_dims);
    int64_t bytes;
    spc_status status = api_scratch_bytes(e->session, e->program->module, face, dims, &bytes);
    const char *formula = ir_extent_text(face->scratch);
    if (strlen(formula) <= READABLE) ir_text_add(&e->out, "  scratch %s bytes\n", formula);
    else ir_text_add(&e->out, "  scratch as %s_scratch() of the header says, by dims and threads\n", face->name);
    if (dims && bytes >= 0)
        ir_text_add(&e->out, "          %s of one thread at %s\n", size_text(e->out.arena, bytes), dims);
    return status;
}

static spc_status add_layer(explainer *e, const ir_func *graph) {
    api_face face;
    int number = 0;
    spc_status status = api_face_of(e->session, e->program->module, graph, &face);
    if (status) return status;
    ir_text_add(&e->out, "%slayer %s\n", e->out.len ? "\n" : "", graph->name);
    add_ports(e, "input ", face.in, face.nin);
    add_ports(e, "result", face.out, face.nout);
    status = add_scratch(e, &face);
    for (const ir_op *op = graph->body.first; op; op = op->next)
        if (op->code == IR_OP_fused) add_kernel(e, graph->name, number++, op);
    return status;
}

/* Which code generator, where it is not the only thing that could be said of it. */
static void add_backend(explainer *e) {
    const char *name = api_option_value(e->session, API_backend), *absent, *allows;
    const be_backend *backend = be_find(name);
    for (int i = 0; backend && (absent = be_absent_at(i, &allows)); i++) {
        if (!i) ir_text_add(&e->out, "\ncode by %s (%s)\n", backend->name, backend->version());
        ir_text_add(&e->out, "  not built in: %s, which %s\n", absent, allows);
    }
}

static spc_status explain_all(spc_session *s, api_program *program, void *object) {
    const char **result = object;
    explainer e = {.session = s, .program = program};
    ir_text_init(&e.out, s->arena);
    spc_status status = s->bound ? api_lay_out(s, program) : SPC_OK;
    for (const ir_func *f = program->module->funcs; f && !status; f = f->next)
        if (f->form == IR_GRAPH) status = add_layer(&e, f);
    add_backend(&e);
    *result = e.out.data;
    return status;
}

static const char *explain(spc_session *s, const char *layer) {
    const char *kept = s->options[API_layer], *result = NULL;
    api_need need = {0};
    api_program *program;
    if (layer) s->options[API_layer] = layer;
    spc_status status = api_lower(s, &need, &program);
    s->options[API_layer] = kept;
    if (!status) status = api_program_guarded(s, program, explain_all, &result);
    if (status) s->last = status;
    api_programs_drop(s);
    return status ? NULL : result;
}

RT_EXPORT const char *spc_explain(spc_session *s, const char *layer) {
    if (!s) return NULL;
    if (setjmp(*ir_guard(s->arena))) {
        api_out_of_memory(s);
        return NULL;
    }
    return explain(s, layer);
}

/* Tuning needs candidates raced by the runtime, which is not there yet. */
RT_EXPORT spc_status spc_tune(spc_session *s, const char *layer, const char *dims, double seconds) {
    API_GUARD(s);
    (void)layer, (void)dims, (void)seconds;
    return api_fail(s, SPC_E_UNSUPPORTED, NULL, "tuning is not supported yet");
}
