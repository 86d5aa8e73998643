/* program: one compilation's arena, module and code: made, guarded, dropped. */
#include "api/session.h"

#include "frontend/frontend.h"
#include <stdlib.h>
#include <string.h>

spc_status api_program_guarded(spc_session *s, api_program *program, api_work *work, void *ctx)
{
    jmp_buf *guard = ir_guard(program->arena);
    jmp_buf outer;
    memcpy(&outer, guard, sizeof outer); /* guarded work may call guarded work */
    if (setjmp(*guard)) {
        memcpy(guard, &outer, sizeof outer);
        return api_out_of_memory(s);
    }
    spc_status status = work(s, program, ctx);
    memcpy(guard, &outer, sizeof outer);
    return status;
}

void api_program_free(api_program *program)
{
    if (!program) return;
    if (program->image) program->backend->unload(program->image);
    for (size_t i = 0; i < program->object_count; i++) free(program->objects[i].data);
    free(program->objects);
    if (program->laid) ir_layout_free(&program->layout);
    free(program->weights);
    ir_arena_free(program->arena);
    free(program);
}

static spc_status build_graph(spc_session *s, api_program *program, void *diags)
{
    program->module = ir_module_new(program->arena, diags);
    const int before = ir_error_count(diags);
    spc_status status = fe_compile(program->module, s->source);
    return status || ir_error_count(diags) == before ? status : SPC_E_PROGRAM;
}

static size_t memory_limit(const spc_session *s)
{
    const char *value = api_option_value(s, API_memory);
    size_t limit = 0;
    if (value) api_parse_bytes(value, &limit);
    return limit;
}

spc_status api_program_new(spc_session *s, ir_diags *diags, api_program **out)
{
    api_program *program = calloc(1, sizeof *program);
    *out = NULL;
    if (!program) return api_out_of_memory(s);
    program->arena = ir_arena_new(memory_limit(s));
    if (!program->arena) {
        free(program);
        return api_out_of_memory(s);
    }
    program->next = s->programs;
    s->programs = program;
    spc_status status = api_program_guarded(s, program, build_graph, diags);
    if (!status) *out = program;
    return status;
}

void api_program_disown(spc_session *s, const api_program *program)
{
    for (api_program **link = &s->programs; *link; link = &(*link)->next)
        if (*link == program) {
            *link = program->next;
            return;
        }
}

void api_programs_drop(spc_session *s)
{
    api_program *next;
    for (api_program *program = s->programs; program; program = next) {
        next = program->next;
        if (program == s->fresh) continue;
        api_program_disown(s, program);
        api_program_free(program);
    }
}

/* The warnings of the front end were reported when the program was loaded; repeated ones are dropped. */
spc_status api_program_peek(spc_session *s, api_program **out)
{
    *out = NULL;
    if (!s->source) return api_fail(s, SPC_E_ARG, NULL, "no program is loaded");
    if (!s->loaded) return SPC_E_PROGRAM;
    if (!s->fresh) {
        spc_status status = api_program_new(s, ir_diags_new(s->arena), &s->fresh);
        if (status) return status;
        s->fresh->module->diags = s->diags;
    }
    *out = s->fresh;
    return SPC_OK;
}

spc_status api_program_take(spc_session *s, api_program **out)
{
    api_programs_drop(s);
    spc_status status = api_program_peek(s, out);
    if (!status) s->fresh = NULL;
    return status;
}
