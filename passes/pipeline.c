/* pipeline: runs the passes of passes.def in order, with the verifier after each. */
#include "passes/passes.h"

#include <string.h>

enum { G = IR_LEVEL_G, GKE = IR_LEVEL_G | IR_LEVEL_K | IR_LEVEL_E };

static const pass_info passes[] = {
#define PASS(name, takes, leaves, doc) {#name, pass_##name, takes, leaves, doc},
#include "passes/passes.def"
#undef PASS
};

const pass_info *pass_at(int index)
{
    return index >= 0 && index < (int)(sizeof passes / sizeof passes[0]) ? &passes[index] : NULL;
}

const pass_info *pass_find(const char *name)
{
    for (int i = 0; pass_at(i); i++)
        if (strcmp(passes[i].name, name) == 0)
            return &passes[i];
    return NULL;
}

spc_status pass_run_all(ir_module *m, pass_context *context)
{
    spc_status status = ir_verify(m, "the front end");
    for (int i = 0; !status && pass_at(i); i++) {
        status = passes[i].run(m, context);
        if (!status)
            status = ir_verify(m, passes[i].name);
        if (!status && context->after)
            context->after(context->after_ctx, passes[i].name, m);
    }
    return status;
}
