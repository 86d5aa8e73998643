/* isolate: a fused op as a layer of its own, so that the tuner can measure it alone and wisdom can know it again whatever
 * layer it stands in. Takes fused graphs; what the op computes, its types and its weights stay the same. */
#include "passes/graph.h"

#include <string.h>

/* The ops of a fused body, which hold no bodies of their own. */
static ir_block copy_body(ir_module *m, const ir_op *fused)
{
    ir_block block = {NULL, NULL};
    ir_builder b = {m, &block, fused->loc};
    for (ir_op *op = fused->body.first; op; op = op->next) {
        ir_op **args = IR_ARRAY(m->arena, ir_op *, op->nargs);
        for (int i = 0; i < op->nargs; i++)
            args[i] = op->args[i]->mark;
        b.loc = op->loc;
        op->mark = ir_clone(&b, op, args);
    }
    for (ir_op *op = fused->body.first; op; op = op->next)
        op->mark = NULL;
    return block;
}

/* Its arguments become inputs a0, a1, ...; weights stay weights, under their own names unless it is to be nameless. */
static ir_func *isolated(ir_module *m, const ir_op *fused, const char *name, bool nameless)
{
    ir_func *f = ir_func_new(m, IR_GRAPH, name);
    ir_builder b = {m, &f->body, fused->loc};
    ir_op **args = IR_ARRAY(m->arena, ir_op *, fused->nargs);
    for (int i = 0; i < fused->nargs; i++) {
        const bool weight = fused->args[i]->code == IR_OP_weight;
        args[i] = weight ? ir_clone(&b, fused->args[i], NULL) : ir_build0(&b, IR_OP_input, fused->args[i]->type);
        if (!weight || nameless)
            args[i]->name = ir_format(m->arena, "a%d", i);
        if (weight && nameless)
            ir_set_str(m, args[i], "tensor", "");
        if (weight && nameless && ir_attr_find(args[i], "scale"))
            ir_set_str(m, args[i], "scale", "");
    }
    ir_op *copy = ir_clone(&b, fused, args);
    copy->body = copy_body(m, fused);
    ir_build1(&b, IR_OP_output, NULL, copy)->name = "y";
    f->loc = fused->loc;
    ir_number(f);
    return f;
}

const char *graph_region_text(ir_module *m, const ir_op *fused)
{
    ir_func *f = isolated(m, fused, "", true);
    const char *text = ir_print_func(f, m->arena);
    ir_func_remove(m, f);
    return text;
}

static const ir_op *find(const ir_func *f, int number)
{
    for (const ir_op *op = f ? f->body.first : NULL; op; op = op->next)
        if (op->code == IR_OP_fused && number-- == 0)
            return op;
    return NULL;
}

spc_status pass_isolate(ir_module *m, pass_context *context)
{
    if (!context->isolate)
        return SPC_OK;
    const ir_op *fused = find(ir_func_find(m, IR_GRAPH, context->isolate), context->isolate_kernel);
    if (!fused)
        return SPC_E_ARG;
    ir_func *kept = isolated(m, fused, "", false);
    for (ir_func *f = m->funcs, *next; f; f = next) {
        next = f->next;
        if (f != kept)
            ir_func_remove(m, f);
    }
    kept->name = context->isolate;
    return SPC_OK;
}
