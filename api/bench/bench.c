/* bench: spc_bench. Makes the layer twice, then measures both forms at every choice of dims. */
#include "api/bench/bench.h"

#include "api/stage.h"
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const double PRESET_SECONDS = 0.5;

typedef struct bench {
    spc_session *session;
    const spc_bench_options *options;
    api_choices choices;
    bench_form forms[BENCH_FORMS];
    bench_machine machine;
    spc_pool *pool;
    ir_text json, page;
} bench;

/* ---- the two forms ---- */

static void free_module(void *module) { spc_module_free(module); }

static spc_status make_form(spc_session *s, const char *layer, bool dense, bench_form *form)
{
    const char *kept[] = {s->options[API_layer], s->options[API_dense], s->options[API_weights]};
    form->layer = layer;
    s->options[API_layer] = layer;
    s->options[API_dense] = dense ? "yes" : kept[1];
    s->options[API_weights] = "embedded";
    spc_status status = api_jit(s, bench_inspect, form, &form->module);
    s->options[API_layer] = kept[0];
    s->options[API_dense] = kept[1];
    s->options[API_weights] = kept[2];
    if (form->module) ir_defer(s->arena, free_module, form->module);
    if (!status && form->program->image)
        form->function = form->program->backend->symbol(form->program->image, ir_format(s->arena, "%s%s", api_jit_prefix, layer));
    return status;
}

static spc_status make_pool(bench *b)
{
    const int threads = b->options->threads;
    b->machine.exec = (spc_exec){.size = sizeof(spc_exec), .threads = 1};
    if (threads == 1) return SPC_OK;
    spc_status status = spc_pool_new(threads, &b->pool);
    if (status) return api_fail(b->session, status, NULL, "cannot make a pool of %d threads", threads);
    b->machine.exec = spc_pool_exec(b->pool);
    return SPC_OK;
}

static const char *isa_name(const ir_target *t)
{
    if (!t->features) return "baseline";
    return t->vector_bytes == 64 ? "avx512" : t->vector_bytes == 32 ? "avx2" : "sse";
}

/* ---- measuring ---- */

static void tell(bench *b, bench_report *report)
{
    ir_text json, table;
    ir_text_init(&json, b->session->arena);
    ir_text_init(&table, b->session->arena);
    bench_report_fill(report);
    bench_write_json(report, &json);
    bench_write_table(report, &table);
    ir_text_add_bytes(&b->json, json.data, json.len);
    if (b->options->each) b->options->each(b->options->each_ctx, json.data, table.data);
}

static spc_status measure(spc_session *s, api_program *program, void *object)
{
    bench *b = object;
    const bench_setting setting = {b->options->seconds > 0 ? b->options->seconds : PRESET_SECONDS, b->options->seed, b->machine.exec};
    bench_report *reports = IR_ARRAY(s->arena, bench_report, b->choices.all);
    spc_status status = SPC_OK;
    for (size_t i = 0; i < b->choices.all && !status; i++) {
        bench_dims *dims = IR_NEW(s->arena, bench_dims);
        bench_measured *measured = IR_NEW(s->arena, bench_measured);
        *dims = api_choice(s, &b->choices, i);
        reports[i] = (bench_report){.model = s->source->name, .layer = b->forms[0].layer, .isa = isa_name(&program->target),
                                    .cpu = *rt_cpu_brand() ? rt_cpu_brand() : program->target.name, .forms = b->forms,
                                    .dims = dims, .measured = measured, .machine = &b->machine};
        status = bench_measure(s, b->forms, dims, &setting, measured);
        if (!status) tell(b, &reports[i]);
    }
    if (!status && b->options->html) bench_write_page(s, reports, b->choices.all, &b->page);
    return status;
}

/* Both or neither. */
static spc_status write_files(spc_session *s, const bench *b)
{
    const spc_bench_options *o = b->options;
    if (!o->json && !o->html) return SPC_OK;
    api_stage *stage = api_stage_new(s);
    spc_status status = SPC_OK;
    if (o->json) status = api_stage_write(stage, o->json, b->json.data, b->json.len);
    if (o->html && !status) status = api_stage_write(stage, o->html, b->page.data, b->page.len);
    if (!status) status = api_stage_commit(stage);
    api_stage_drop(stage);
    return status;
}

static const char *find_layer(spc_session *s, const ir_module *m, const char *layer)
{
    ir_text known;
    ir_text_init(&known, s->arena);
    for (const ir_func *f = m->funcs; f; f = f->next) {
        if (layer && !strcmp(f->name, layer)) return ir_strdup(s->arena, layer);
        ir_text_add(&known, "%s%s", f == m->funcs ? "" : ", ", f->name);
    }
    if (!layer && m->funcs && !m->funcs->next) return ir_strdup(s->arena, m->funcs->name);
    if (layer) api_fail(s, SPC_E_ARG, s->source->name, "there is no layer \"%s\"; the layers are %s", layer, known.data);
    else api_fail(s, SPC_E_ARG, s->source->name, "which layer? they are %s", known.data);
    return NULL;
}

static spc_status run(spc_session *s, const char *layer, const char *dims, const spc_bench_options *options)
{
    bench *b = IR_NEW(s->arena, bench);
    api_program *program;
    *b = (bench){.session = s, .options = options};
    ir_text_init(&b->json, s->arena);
    ir_text_init(&b->page, s->arena);
    spc_status status = api_program_peek(s, &program);
    if (status) return status;
    layer = find_layer(s, program->module, layer);
    if (!layer) return SPC_E_ARG;
    status = make_form(s, layer, false, &b->forms[BENCH_COMPILED]);
    if (!status) status = api_choices_read(s, &b->forms[BENCH_COMPILED].face, dims, NULL, &b->choices);
    if (!status) status = make_form(s, layer, true, &b->forms[BENCH_DENSE]);
    if (!status) status = make_pool(b);
    if (!status) status = api_program_guarded(s, b->forms[BENCH_COMPILED].program, measure, b);
    spc_pool_free(b->pool);
    for (int f = 0; f < BENCH_FORMS; f++)
        if (b->forms[f].module) ir_release(s->arena, b->forms[f].module);
    return status ? status : write_files(s, b);
}

/* What hosts knew before the struct grew. */
static const size_t LEAST_OPTIONS = offsetof(spc_bench_options, html);

RT_EXPORT spc_status spc_bench(spc_session *s, const char *layer, const char *dims, const spc_bench_options *options)
{
    API_GUARD(s);
    spc_bench_options known = {0};
    if (!options || options->size < LEAST_OPTIONS)
        return api_fail(s, SPC_E_ARG, NULL, "spc_bench needs options, with size set to sizeof(spc_bench_options)");
    memcpy(&known, options, options->size < sizeof known ? options->size : sizeof known);
    if (!(known.seconds >= 0 && known.seconds <= 3600) || known.threads < 0)
        return api_fail(s, SPC_E_ARG, NULL, "spc_bench: 0 to 3600 seconds, 0 or more threads");
    return run(s, layer, dims, &known);
}
