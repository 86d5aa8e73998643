/* compile: from the loaded graph to kernels, packed weights and objects. The only place where front end, passes and
 * backends meet. */
#include "api/compile.h"
#include "api/wisdom.h"

#include "backends/cache.h"
#include "backends/image.h"
#include "passes/passes.h"
#include <stdlib.h>
#include <string.h>

/* ---- passes ---- */

static spc_status keep_layer(spc_session *s, ir_module *m)
{
    const char *layer = api_option_value(s, API_layer);
    if (!layer) return SPC_OK;
    if (!ir_func_find(m, IR_GRAPH, layer)) {
        ir_text known;
        ir_text_init(&known, s->arena);
        for (const ir_func *f = m->funcs; f; f = f->next)
            ir_text_add(&known, "%s%s", f == m->funcs ? "" : ", ", f->name);
        return api_fail(s, SPC_E_ARG, s->source->name, "there is no layer \"%s\"; the layers are %s", layer, known.data);
    }
    for (ir_func *f = m->funcs, *next; f; f = next) {
        next = f->next;
        if (strcmp(f->name, layer)) ir_func_remove(m, f);
    }
    return SPC_OK;
}

static void keep_dump(void *object, const char *pass, const ir_module *m)
{
    api_need *need = object;
    if (need->dump && !strcmp(pass, need->dump)) need->dumped = ir_print_module(m, m->arena);
}

/* Once for each plan: lines of the user's that fit no kernel are most likely misspelt. Layers that are left out of this
 * compilation are not known here, so they are looked up among all. */
static void warn_unused(spc_session *s, const ir_plan *given, const ir_plan *complete)
{
    for (const ir_plan_line *line = given->lines; line; line = line->next) {
        int kernels = 0;
        bool fits = false;
        for (const ir_plan_line *k = complete->lines; k; k = k->next) {
            const bool same = !strcmp(line->layer, "*") || !strcmp(line->layer, k->layer);
            kernels += same;
            fits = fits || (same && (line->kernel < 0 || line->kernel == k->kernel));
        }
        if (!fits && kernels)
            ir_report(s->diags, IR_WARNING, line->loc, "layer '%s' has no kernel %d: it has %d, counted from 0", line->layer, line->kernel, kernels);
        else if (!fits && !api_option_value(s, API_layer))
            ir_report(s->diags, IR_WARNING, line->loc, "no layer '%s' has kernels; spc explain names them", line->layer);
    }
}

static spc_status run_passes(spc_session *s, api_program *program, void *need)
{
    pass_context context = {.target = &program->target,
                            .plan = program->plan,
                            .weight = api_weight_matrix,
                            .weight_ctx = s,
                            .derive = api_weight_derive,
                            .derive_ctx = s,
                            .dense = api_is_dense(s),
                            .budget = api_budget(s),
                            .after = keep_dump,
                            .after_ctx = need};
    api_wisdom wisdom = {.session = s, .program = program};
    if (s->tuning) {
        context.isolate = s->tuning->isolate;
        context.isolate_kernel = s->tuning->kernel;
    } else if (api_path_option(s, API_wisdom)) {
        wisdom.key = api_wisdom_key(s, program);
        context.tuned = api_wisdom_look_up;
        context.tuned_ctx = &wisdom;
    }
    const int before = ir_error_count(s->diags);
    spc_status status = pass_run_all(program->module, &context);
    api_wisdom_close(&wisdom);
    if (!status && s->plan_source && s->plan_source != s->plan_checked && !s->tuning && !context.dense) {
        s->plan_checked = s->plan_source;
        warn_unused(s, program->plan, context.plan);
    }
    program->plan = context.plan; /* the planner's, complete */
    if (!status) status = api_errors_since(s, before);
    if (status && ir_error_count(s->diags) == before) api_fail(s, status, NULL, "a pass failed without saying why");
    return status;
}

static spc_status choose(spc_session *s, api_program *program, void *object)
{
    rt_error error = {0};
    (void)object;
    if (!ir_target_find(api_option_value(s, API_cpu), &program->target, &error)) return api_fail_error(s, NULL, &error);
    spc_status status = keep_layer(s, program->module);
    if (!status) status = s->bad_weights;
    if (!status && (s->bound || !strcmp(api_option_value(s, API_weights), "embedded")))
        status = api_weights_require(s, program->module);
    program->plan = ir_plan_new(program->arena);
    const ir_source *plan = s->tuning && s->tuning->plan ? s->tuning->plan : s->plan_source;
    if (!status && plan && !api_is_dense(s)) status = ir_plan_parse(program->plan, s->diags, plan);
    return status;
}

spc_status api_select(spc_session *s, api_need *need, api_program **out)
{
    spc_status status = api_program_take(s, out);
    return status ? status : api_program_guarded(s, *out, choose, need);
}

spc_status api_lower(spc_session *s, api_need *need, api_program **out)
{
    spc_status status = api_select(s, need, out);
    return status ? status : api_program_guarded(s, *out, run_passes, need);
}

/* ---- weights ---- */

static spc_status lay_out(spc_session *s, api_program *program, void *unused)
{
    rt_error error = {0};
    (void)unused;
    program->late = api_binds_late(s, program->module);
    spc_status status = program->late ? ir_layout_bound(program->module, &program->layout, &error)
                                      : ir_layout_data(program->module, api_weight_matrix, s, &program->layout, &error);
    if (status) return api_fail_error(s, NULL, &error);
    program->laid = true;
    return SPC_OK;
}

spc_status api_lay_out(spc_session *s, api_program *program) { return api_program_guarded(s, program, lay_out, NULL); }

/* ---- objects ---- */

const be_backend *api_code_generator(spc_session *s)
{
    const char *name = api_option_value(s, API_backend);
    const be_backend *backend = name && !strcmp(name, api_any_backend) ? be_at(0) : be_find(name);
    if (backend) return backend;
    if (name) api_fail(s, SPC_E_UNSUPPORTED, "option backend", "%s runs layers but writes no code", name);
    else api_fail(s, SPC_E_UNSUPPORTED, NULL, "no code generator is built in; configure with SPC_LLVM or SPC_GCCJIT");
    return NULL;
}

be_options api_backend_options(const spc_session *s, const api_program *program, const char *prefix)
{
    return (be_options){&program->target, prefix, !strcmp(api_option_value(s, API_debug), "yes"),
                        api_option_value(s, API_helper)};
}

const be_backend *api_backend_of(spc_session *s, const api_program *program, const ir_func *func)
{
    ir_plan_terms terms = {0};
    ir_text known;
    if (func->plan) ir_plan_read_terms(func->plan, program->arena, &terms);
    const be_backend *backend = *terms.backend ? be_find(terms.backend) : program->backend;
    if (backend) return backend;
    ir_text_init(&known, s->arena);
    for (int i = 0; be_at(i); i++) ir_text_add(&known, "%s%s", i ? ", " : "", be_at(i)->name);
    api_fail(s, SPC_E_UNSUPPORTED, ir_format(s->arena, "plan of kernel %s", func->name),
             "there is no backend \"%s\"; built in are %s", terms.backend, known.data);
    return NULL;
}

const ir_func **api_funcs(const ir_module *m, ir_arena *arena, bool kernels, bool entries, size_t *count)
{
    size_t all = 0;
    for (const ir_func *f = m->funcs; f; f = f->next) all++;
    const ir_func **funcs = IR_ARRAY(arena, const ir_func *, all);
    *count = 0;
    for (const ir_func *f = m->funcs; f; f = f->next)
        if ((kernels && f->form == IR_KERNEL) || (entries && f->form == IR_ENTRY)) funcs[(*count)++] = f;
    return funcs;
}

static spc_status make_objects(spc_session *s, api_program *program, void *prefix)
{
    rt_error error = {0};
    size_t count;
    const be_options options = api_backend_options(s, program, prefix);
    const ir_func **funcs = api_funcs(program->module, program->arena, true, true, &count);
    program->objects = calloc(count + 1, sizeof *program->objects);
    if (!program->objects) return api_out_of_memory(s);
    bool mixed = false;
    for (size_t i = 0; i < count; i++) {
        be_blob *object = &program->objects[program->object_count];
        const be_backend *backend = api_backend_of(s, program, funcs[i]);
        if (!backend) return SPC_E_UNSUPPORTED;
        mixed = mixed || backend != program->backend;
        if (be_emit_cached(backend, program->module, funcs[i], &options, api_path_option(s, API_cache), object,
                           NULL, &error))
            return api_fail_error(s, NULL, &error);
        program->object_count++;
    }
    if (mixed) program->backend = &be_linked;
    return SPC_OK;
}

spc_status api_make_objects(spc_session *s, api_program *program, const char *prefix)
{
    program->backend = api_code_generator(s);
    if (!program->backend) return SPC_E_UNSUPPORTED;
    return api_program_guarded(s, program, make_objects, (void *)prefix);
}
