/* face: what the host sees of a layer, gathered from its graph and, once lowered, its entry. */
#include "api/compile.h"

#include <string.h>

static size_t count_ops(const ir_func *f, ir_opcode code)
{
    size_t count = 0;
    for (const ir_op *op = f->body.first; op; op = op->next) count += op->code == code;
    return count;
}

static api_port *collect_ports(ir_arena *arena, const ir_func *graph, ir_opcode code, size_t *count)
{
    *count = count_ops(graph, code);
    api_port *ports = IR_ARRAY(arena, api_port, *count), *next = ports;
    for (const ir_op *op = graph->body.first; op; op = op->next)
        if (op->code == code) *next++ = (api_port){op->name, code == IR_OP_output ? op->args[0]->type : op->type};
    return ports;
}

static bool graph_mentions(const ir_func *graph, const char *dim)
{
    for (const ir_op *op = graph->body.first; op; op = op->next)
        if (ir_op_mentions(op, dim)) return true;
    return false;
}

/* The index parameters of an entry are its dims; without an entry they are those that the graph mentions. */
static bool has_dim(const api_face *face, const ir_dim *dim)
{
    if (!face->entry) return graph_mentions(face->graph, dim->name);
    for (const ir_op *op = face->entry->body.first; op; op = op->next)
        if (op->code == IR_OP_param && op->type->kind == IR_SCALAR && !strcmp(op->name, dim->name)) return true;
    return false;
}

static void collect_dims(const ir_module *m, api_face *face)
{
    size_t all = 0;
    for (const ir_dim *d = m->dims; d; d = d->next) all++;
    face->dims = IR_ARRAY(m->arena, const ir_dim *, all);
    for (const ir_dim *d = m->dims; d; d = d->next)
        if (has_dim(face, d)) face->dims[face->ndims++] = d;
}

static spc_status find_scratch(spc_session *s, ir_module *m, api_face *face)
{
    const char *text = face->entry && face->entry->plan ? face->entry->plan : "0", *end = "";
    face->scratch = ir_extent_parse(m, text, &end);
    if (face->scratch && !*end) return SPC_OK;
    return api_fail(s, SPC_E_INTERNAL, NULL, "lower: \"%s\" is no extent for the scratch of \"%s\"", text,
                    face->graph->name);
}

spc_status api_face_of(spc_session *s, ir_module *m, const ir_func *graph, api_face *out)
{
    *out = (api_face){.entry = ir_func_find(m, IR_ENTRY, graph->name), .graph = graph, .name = graph->name};
    out->in = collect_ports(m->arena, graph, IR_OP_input, &out->nin);
    out->out = collect_ports(m->arena, graph, IR_OP_output, &out->nout);
    collect_dims(m, out);
    return find_scratch(s, m, out);
}
