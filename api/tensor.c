/* tensor: NumPy files for hosts; part of both shared libraries. */
#include "runtime/export.h"
#include "runtime/weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static spc_status tell(spc_status status, const rt_error *error, char *message, size_t size)
{
    if (message && size) snprintf(message, size, "%s", status ? error->text : "");
    return status;
}

/* The reader may keep data inside a larger block; a tensor's owner frees data itself. */
static spc_status take_over(rt_npy *npy, spc_tensor *out, rt_error *error)
{
    *out = npy->tensor;
    if (npy->owned == npy->tensor.data) return SPC_OK;
    int64_t bits = rt_dtype_bits(out->dtype);
    for (int i = 0; i < out->rank; i++) bits *= out->dims[i];
    const size_t bytes = (size_t)(bits / 8);
    out->data = malloc(bytes ? bytes : 1);
    if (out->data && bytes) memcpy(out->data, npy->tensor.data, bytes);
    rt_npy_free(npy);
    return out->data ? SPC_OK : rt_fail(error, SPC_E_NOMEM, "no memory for the array");
}

RT_EXPORT spc_status spc_tensor_read(const char *path, spc_dtype expect, spc_tensor *out, char *message, size_t size)
{
    rt_error error = {0};
    rt_npy npy = {0};
    if (!path || !out) return SPC_E_ARG;
    *out = (spc_tensor){0};
    spc_status status = rt_npy_read(path, expect, &npy, &error);
    if (!status) status = take_over(&npy, out, &error);
    return tell(status, &error, message, size);
}

RT_EXPORT spc_status spc_tensor_write(const char *path, const spc_tensor *tensor, char *message, size_t size)
{
    rt_error error = {0};
    if (!path || !tensor) return SPC_E_ARG;
    return tell(rt_npy_write(path, tensor, &error), &error, message, size);
}

RT_EXPORT void spc_tensor_free(spc_tensor *tensor)
{
    if (!tensor) return;
    free(tensor->data);
    *tensor = (spc_tensor){0};
}

RT_EXPORT size_t spc_dtype_bits(spc_dtype dtype) { return (size_t)rt_dtype_bits(dtype); }
RT_EXPORT const char *spc_dtype_name(spc_dtype dtype) { return rt_dtype_name(dtype); }
