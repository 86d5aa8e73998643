/* explain: what was chosen for each layer and why, in words: a summary, then kernel by kernel (api/explain/), with the layer's
 * scratch. The text depends on the program, its weights and the options only. */
#include "api/explain/explain.h"

#include "runtime/pattern.h"
#include <string.h>

typedef struct explainer {
    spc_session *session;
    api_program *program;
    ir_text out;
} explainer;

/* ---- layers ---- */

static void add_ports(explainer *e, const char *what, const api_port *ports, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ir_text_add(&e->out, "  %s %s: %s\n", what, ports[i].name, ir_print_type(ports[i].type, e->out.arena));
}

/* A formula that is longer is for the header; people are told bytes where they give dims. */
enum { READABLE = 120 };

static spc_status add_scratch(explainer *e, const explain_layer *layer)
{
    const api_face *face = &layer->face;
    const explain_point *last = &layer->points[layer->point_count - 1];
    const char *dims = layer->assumed || !last->count ? NULL : last->text;
    int64_t bytes;
    spc_status status = api_scratch_bytes(e->session, e->program->module, face, dims, &bytes);
    const char *formula = ir_extent_text(face->scratch);
    if (strlen(formula) <= READABLE) ir_text_add(&e->out, "  scratch %s bytes\n", formula);
    else ir_text_add(&e->out, "  scratch as %s_scratch() of the header says, by dims and threads\n", face->name);
    if (dims && bytes >= 0)
        ir_text_add(&e->out, "          %s of one thread at %s\n", explain_size(e->out.arena, bytes), dims);
    return status;
}

static spc_status add_layer(explainer *e, const ir_func *graph)
{
    explain_layer layer = {.session = e->session, .program = e->program, .graph = graph, .out = &e->out};
    layer.details = !strcmp(api_option_value(e->session, API_details), "yes");
    spc_status status = api_face_of(e->session, e->program->module, graph, &layer.face);
    if (!status) status = explain_find_points(&layer);
    if (status) return status;
    explain_find_groups(&layer);
    ir_text_add(&e->out, "%slayer %s\n", e->out.len ? "\n" : "", graph->name);
    explain_write_summary(&layer);
    add_ports(e, "input ", layer.face.in, layer.face.nin);
    add_ports(e, "result", layer.face.out, layer.face.nout);
    status = add_scratch(e, &layer);
    for (size_t i = 0; i < layer.group_count; i++) explain_write_group(&layer, &layer.groups[i]);
    return status;
}

/* Which code generator, where it is not the only thing that could be said of it. */
static void add_backend(explainer *e)
{
    const char *name = api_option_value(e->session, API_backend), *absent, *allows;
    const be_backend *backend = be_find(name);
    for (int i = 0; backend && (absent = be_absent_at(i, &allows)); i++) {
        if (!i) ir_text_add(&e->out, "\ncode by %s (%s)\n", backend->name, backend->version());
        ir_text_add(&e->out, "  not built in: %s, which %s\n", absent, allows);
    }
}

static spc_status explain_all(spc_session *s, api_program *program, void *object)
{
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

static const char *explain(spc_session *s, const char *layer)
{
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

RT_EXPORT const char *spc_explain(spc_session *s, const char *layer)
{
    if (!s) return NULL;
    if (setjmp(*ir_guard(s->arena))) {
        api_out_of_memory(s);
        return NULL;
    }
    return explain(s, layer);
}
