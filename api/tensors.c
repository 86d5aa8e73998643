/* tensors: several NumPy files at once, all or none. */
#include "api/stage.h"

static spc_status write_one(spc_session *s, api_stage *stage, const char *path, const spc_tensor *tensor)
{
    rt_error error = {0};
    const char *aside = NULL;
    spc_status status = api_stage_add(stage, path, &aside);
    if (status) return status;
    return rt_npy_write(aside, tensor, &error) ? api_fail_error(s, path, &error) : SPC_OK;
}

static spc_status write_tensors(spc_session *s, const char *const *paths, const spc_tensor *tensors, size_t count)
{
    api_stage *stage = api_stage_new(s);
    spc_status status = SPC_OK;
    for (size_t i = 0; i < count && !status; i++) status = write_one(s, stage, paths[i], &tensors[i]);
    if (!status) status = api_stage_commit(stage);
    api_stage_drop(stage);
    return status;
}

RT_EXPORT spc_status spc_write_tensors(spc_session *s, const char *const *paths, const spc_tensor *tensors, size_t count)
{
    API_GUARD(s);
    if (count && (!paths || !tensors)) return api_fail(s, SPC_E_ARG, NULL, "spc_write_tensors: a null argument");
    return write_tensors(s, paths, tensors, count);
}
