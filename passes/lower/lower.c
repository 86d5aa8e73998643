/* lower: makes a kernel of every fused op and an entry of every layer. Requires graphs as fuse leaves them (inputs,
 * weights, fused, output) and a plan line for every fused op. Leaves the graphs in place. */
#include "passes/lower/lower.h"

static int count_fused(const ir_func *graph)
{
    int count = 0;
    for (const ir_op *op = graph->body.first; op; op = op->next)
        count += op->code == IR_OP_fused;
    return count;
}

static spc_status lower_layer(lw_shared *shared, const ir_func *graph)
{
    int number = 0;
    lw_variant **variants = IR_ARRAY(shared->module->arena, lw_variant *, count_fused(graph));
    for (const ir_op *op = graph->body.first; op; op = op->next) {
        if (op->code != IR_OP_fused)
            continue;
        variants[number] = lw_variants(shared, graph, op, number);
        if (!variants[number++])
            return SPC_E_PROGRAM;
    }
    return lw_entry(shared, graph, variants) ? SPC_OK : SPC_E_PROGRAM;
}

spc_status pass_lower(ir_module *m, pass_context *context)
{
    enum { TABLE_SIZE = 4096 };
    lw_shared shared = {.module = m, .context = context, .table_size = TABLE_SIZE};
    shared.table = IR_ARRAY(m->arena, struct lw_known_kernel *, TABLE_SIZE);
    for (const ir_func *f = m->funcs; f; f = f->next) {
        if (f->form != IR_GRAPH)
            continue;
        spc_status status = lower_layer(&shared, f);
        if (status)
            return status;
    }
    return SPC_OK;
}
