/* prune: pruned copies of weights files, for hosts: the work is the runtime's, the output appears whole or not at all. */
#include "api/stage.h"

#include "runtime/prune.h"

static spc_status fail_request(spc_session *s, const rt_error *error)
{
    return error->status == SPC_E_ARG ? api_fail(s, SPC_E_ARG, "prune", "%s", error->text) : api_fail_error(s, NULL, error);
}

static spc_status prune(spc_session *s, const char *in, const char *out, const spc_pruning *p)
{
    rt_error error = {0};
    const char *aside;
    api_stage *stage = api_stage_new(s);
    api_note_input(s, in);
    spc_status status = api_stage_add(stage, out, &aside);
    const rt_prune_request request = {.in = in, .out = aside, .out_name = out, .pattern = p->pattern, .density = p->density,
                                      .tensors = p->tensors, .tensor_count = p->tensor_count,
                                      .report = p->report, .report_ctx = p->report_ctx};
    if (!status && rt_prune_file(&request, &error)) status = fail_request(s, &error);
    if (!status) status = api_stage_commit(stage);
    api_stage_drop(stage);
    return status;
}

RT_EXPORT spc_status spc_prune_file(spc_session *s, const char *in, const char *out, const spc_pruning *p)
{
    API_GUARD(s);
    if (!in || !out || !*out || !p || !p->pattern || (p->tensor_count && !p->tensors))
        return api_fail(s, SPC_E_ARG, NULL, "spc_prune_file needs two paths and a pattern");
    if (p->size < sizeof *p) return api_fail(s, SPC_E_ARG, NULL, "spc_pruning: size is %zu, set it to sizeof(spc_pruning)", p->size);
    return prune(s, in, out, p);
}
