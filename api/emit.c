/* emit: everything that can be written of a program, by kind. */
#include "api/compile.h"
#include "api/stage.h"

#include "backends/link.h"
#include "passes/passes.h"
#include <stdlib.h>
#include <string.h>

typedef struct emit_job {
    const char *kind, *path;
    api_stage *stage;
    api_program *program;
} emit_job;

typedef spc_status emit_function(spc_session *, emit_job *);

/* ---- what goes beside the output ---- */

/* dir/k.so gives dir/k.h */
static const char *header_path(spc_session *s, const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    const size_t stem = dot && dot > (slash ? slash + 1 : path) ? (size_t)(dot - path) : strlen(path);
    return ir_format(s->arena, "%.*s.h", (int)stem, path);
}

static void add_make_name(ir_text *out, const char *name)
{
    for (; *name; name++) {
        if (*name == '$') ir_text_add(out, "$");
        if (strchr(" #\\", *name)) ir_text_add(out, "\\");
        ir_text_add_bytes(out, name, 1);
    }
}

static spc_status write_depfile(spc_session *s, emit_job *job, const char *beside)
{
    ir_text out;
    const char *path = api_option_value(s, API_depfile);
    if (!path) return SPC_OK;
    ir_text_init(&out, s->arena);
    add_make_name(&out, job->path);
    if (beside) ir_text_add(&out, " ");
    if (beside) add_make_name(&out, beside);
    ir_text_add(&out, ":");
    for (size_t i = 0; i < s->input_count; i++) {
        ir_text_add(&out, " \\\n ");
        add_make_name(&out, s->inputs[i]);
    }
    ir_text_add(&out, "\n");
    return api_stage_write(job->stage, path, out.data, out.len);
}

static spc_status write_header(spc_session *s, emit_job *job, const char *path)
{
    const char *text;
    spc_status status = api_header(s, job->program, &text);
    return status ? status : api_stage_write(job->stage, path, text, strlen(text));
}

/* ---- binary kinds ---- */

static const char *const *export_names(spc_session *s, const api_program *program, size_t *count)
{
    const ir_func **entries = api_funcs(program->module, s->arena, false, true, count);
    const char **names = IR_ARRAY(s->arena, const char *, *count);
    for (size_t i = 0; i < *count; i++)
        names[i] = ir_format(s->arena, "%s%s", api_option_value(s, API_prefix), entries[i]->name);
    return names;
}

static const be_piece *link_pieces(spc_session *s, const ir_layout *layout, size_t count)
{
    be_piece *pieces = IR_ARRAY(s->arena, be_piece, count);
    for (size_t i = 0; i < count; i++)
        pieces[i] = (be_piece){layout->pieces[i].data, layout->pieces[i].offset, layout->pieces[i].bytes};
    return pieces;
}

static spc_status link_objects(spc_session *s, emit_job *job, const char *output)
{
    api_program *p = job->program;
    rt_error error = {0};
    const size_t pieces = p->late ? 0 : p->layout.piece_count;
    be_link_job link = {.objects = p->objects,
                        .object_count = p->object_count,
                        .pieces = link_pieces(s, &p->layout, pieces),
                        .piece_count = pieces,
                        .weights_bytes = p->layout.bytes,
                        .output = output,
                        .relocatable = !strcmp(job->kind, "obj")};
    link.exports = export_names(s, p, &link.export_count);
    spc_status status = api_manifest(s, p, api_option_value(s, API_prefix), &link.manifest);
    if (status) return status;
    return be_link(&link, &error) ? api_fail_error(s, job->path, &error) : SPC_OK;
}

/* Code needs the places of the weights. */
static spc_status lay_out(spc_session *s, api_program *program)
{
    spc_status status = api_check_names(s, program->module, api_option_value(s, API_prefix));
    return status ? status : api_lay_out(s, program);
}

static spc_status emit_library(spc_session *s, emit_job *job)
{
    const char *prefix = api_option_value(s, API_prefix);
    spc_status status = lay_out(s, job->program);
    if (!status) status = api_make_objects(s, job->program, prefix);
    const char *aside = NULL;
    if (!status) status = api_stage_add(job->stage, job->path, &aside);
    if (!status) status = link_objects(s, job, aside);
    const char *header = api_is_stream(job->path) ? NULL : header_path(s, job->path);
    if (!status && header) status = write_header(s, job, header);
    return status ? status : write_depfile(s, job, header);
}

/* ---- text kinds ---- */

static spc_status write_text(spc_session *s, emit_job *job, const char *text, size_t size)
{
    spc_status status = api_stage_write(job->stage, job->path, text, size);
    return status ? status : write_depfile(s, job, NULL);
}

/* What this generator makes of its share of the functions. */
static spc_status add_generated(spc_session *s, const api_program *p, const be_backend *backend, be_format format, ir_text *out)
{
    rt_error error = {0};
    be_blob text = {0};
    size_t count, own = 0;
    const ir_func **funcs = api_funcs(p->module, s->arena, true, true, &count);
    const be_options options = api_backend_options(s, p, api_option_value(s, API_prefix));
    for (size_t i = 0; i < count; i++) {
        const be_backend *of = api_backend_of(s, p, funcs[i]);
        if (!of) return SPC_E_UNSUPPORTED;
        if (of == backend) funcs[own++] = funcs[i];
    }
    if (!own) return SPC_OK;
    if (backend->emit(p->module, funcs, own, &options, format, &text, &error)) return api_fail_error(s, NULL, &error);
    ir_text_add_bytes(out, text.data, text.size);
    free(text.data);
    return SPC_OK;
}

/* only: of one generator; NULL: of all, one after the other. */
static spc_status emit_generated(spc_session *s, emit_job *job, const be_backend *only, be_format format)
{
    api_program *p = job->program;
    ir_text out;
    ir_text_init(&out, s->arena);
    p->backend = api_code_generator(s);
    spc_status status = p->backend ? lay_out(s, p) : SPC_E_UNSUPPORTED;
    for (int i = 0; be_at(i) && !status; i++)
        if (!only || only == be_at(i)) status = add_generated(s, p, be_at(i), format, &out);
    return status ? status : write_text(s, job, out.data, out.len);
}

static spc_status emit_assembly(spc_session *s, emit_job *job) { return emit_generated(s, job, NULL, BE_ASM); }

static spc_status emit_generator_text(spc_session *s, emit_job *job)
{
    const be_backend *backend = api_code_generator(s);
    if (!backend) return SPC_E_UNSUPPORTED;
    if (strcmp(backend->name, job->kind))
        return api_fail(s, SPC_E_ARG, "emit", "%s needs the backend of that name, not %s: choose it by option backend", job->kind, backend->name);
    return emit_generated(s, job, backend, BE_TEXT);
}

static spc_status emit_module(spc_session *s, emit_job *job)
{
    ir_module *m = job->program->module;
    for (ir_func *f = m->funcs, *next; f; f = next) {
        next = f->next;
        if (f->form == IR_GRAPH && ir_func_find(m, IR_ENTRY, f->name)) ir_func_remove(m, f);
    }
    const char *text = ir_print_module(m, m->arena);
    return write_text(s, job, text, strlen(text));
}

static spc_status emit_header(spc_session *s, emit_job *job)
{
    spc_status status = api_check_names(s, job->program->module, api_option_value(s, API_prefix));
    if (!status) status = write_header(s, job, job->path);
    return status ? status : write_depfile(s, job, NULL);
}

static spc_status emit_manifest(spc_session *s, emit_job *job)
{
    const char *text;
    spc_status status = api_manifest(s, job->program, api_option_value(s, API_prefix), &text);
    return status ? status : write_text(s, job, text, strlen(text));
}

static spc_status emit_plan(spc_session *s, emit_job *job)
{
    const char *text = ir_plan_print(job->program->plan, job->program->arena);
    return write_text(s, job, text, strlen(text));
}

/* ---- the table ---- */

typedef struct emit_kind {
    const char *name;
    bool lowered; /* needs the passes */
    emit_function *emit;
} emit_kind;

static const emit_kind *find_kind(const char *name)
{
    static const emit_kind kinds[] = {{"so", true, emit_library},         {"obj", true, emit_library},
                                      {"asm", true, emit_assembly},       {"llvm", true, emit_generator_text},
                                      {"gccjit", true, emit_generator_text},
                                      {"kernel", true, emit_module},      {"graph", false, emit_module},
                                      {"header", true, emit_header},      {"manifest", true, emit_manifest},
                                      {"plan", true, emit_plan}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].name, name)) return &kinds[i];
    return NULL;
}

static spc_status emit_in_arena(spc_session *s, api_program *program, void *object)
{
    emit_job *job = object;
    job->program = program;
    return find_kind(job->kind)->emit(s, job);
}

static spc_status emit(spc_session *s, const char *kind, const char *path)
{
    const emit_kind *found = find_kind(kind);
    api_need need = {0};
    api_program *program = NULL;
    if (!found) return api_fail(s, SPC_E_ARG, "emit", "there is no kind \"%s\"; known are so, obj, asm, llvm, gccjit, kernel, "
                                                      "graph, header, manifest, plan and dump=PASS", kind);
    spc_status status = found->lowered ? api_lower(s, &need, &program) : api_program_take(s, &program);
    emit_job job = {.kind = kind, .path = path, .stage = api_stage_new(s)};
    if (!status) status = api_program_guarded(s, program, emit_in_arena, &job);
    if (!status) status = api_stage_commit(job.stage);
    api_stage_drop(job.stage);
    api_programs_drop(s);
    return status;
}

static spc_status dump(spc_session *s, const char *pass, const char *path)
{
    api_need need = {.dump = pass};
    api_program *program = NULL;
    ir_text known;
    ir_text_init(&known, s->arena);
    for (int i = 0; pass_at(i); i++) ir_text_add(&known, "%s%s", i ? ", " : "", pass_at(i)->name);
    if (!pass_find(pass))
        return api_fail(s, SPC_E_ARG, "dump", "there is no pass \"%s\"; in order they are %s", pass, known.data);
    spc_status status = api_lower(s, &need, &program);
    api_stage *stage = api_stage_new(s);
    if (need.dumped) { /* also where a later pass failed */
        spc_status wrote = api_stage_write(stage, path, need.dumped, strlen(need.dumped));
        if (!wrote) wrote = api_stage_commit(stage);
        if (!status) status = wrote;
    }
    api_stage_drop(stage);
    api_programs_drop(s);
    return status;
}

RT_EXPORT spc_status spc_output(spc_session *s, const char *kind, const char *path)
{
    API_GUARD(s);
    if (!kind || !path || !*path) return api_fail(s, SPC_E_ARG, NULL, "spc_output needs a kind and a path");
    return strncmp(kind, "dump=", 5) ? emit(s, kind, path) : dump(s, kind + 5, path);
}

RT_EXPORT spc_status spc_emit(spc_session *s, const char *so_path) { return spc_output(s, "so", so_path); }
