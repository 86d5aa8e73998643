/* compile: the front end's one entry, from text to graphs. */
#include "frontend/frontend.h"
#include "frontend/builtins.h"

static void build_layer(fe_context *c, fe_item *layer)
{
    ir_builder builder = {.module = c->module, .block = &layer->graph->body};
    fe_walk_layer(&(fe_walk){.c = c, .layer = layer, .builder = &builder});
    ir_number(layer->graph);
}

/* Functions stand in the file's order but are filled callees first, because a call copies its callee's graph. A call
 * may still fail, where its dims make an extent of the callee's body impossible. */
void fe_build(fe_context *c)
{
    for (fe_item *i = c->items; i; i = i->next) {
        if (i->kind == FE_DIM) ir_dim_add(c->module, i->name->text, i->low, i->high, i->stride);
        if (i->kind != FE_LAYER) continue;
        i->graph = ir_func_new(c->module, IR_GRAPH, i->name->text);
        i->graph->loc = fe_loc(c, i->at);
    }
    int before = ir_error_count(c->module->diags);
    for (fe_item *i = c->first_layer; i && ir_error_count(c->module->diags) == before; i = i->next_layer)
        build_layer(c, i);
    if (ir_error_count(c->module->diags) == before) return;
    for (fe_item *i = c->items; i; i = i->next)
        if (i->graph) ir_func_remove(c->module, i->graph);
}

spc_status fe_compile(ir_module *module, const ir_source *source)
{
    fe_context c = {.module = module, .arena = module->arena};
    int before = ir_error_count(module->diags);
    c.names = IR_ARRAY(c.arena, fe_name *, FE_NAME_BUCKETS);
    if (fe_scan(&c, source)) {
        fe_builtins_init(&c);
        fe_parse(&c);
        fe_check(&c);
        fe_report_unsupported(&c);
    }
    if (ir_error_count(module->diags) == before) fe_build(&c);
    return ir_error_count(module->diags) == before ? SPC_OK : SPC_E_PROGRAM;
}
