/* module: a compiled program that can be run, and its life: opened from a kernels.so or made from code in memory,
 * checked against this machine, and released. Running is in run.c. */
#include "runtime/module.h"
#include "runtime/cpu.h"
#include "runtime/export.h"
#include "runtime/module_private.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the machine ---- */

static spc_status check_features(const rt_manifest *m, rt_error *error)
{
    uint64_t needed;
    rt_error unknown;
    if (!rt_features_parse(m->features, &needed, &unknown))
        return rt_fail(error, SPC_E_UNSUPPORTED, "compiled for %s: %s", m->cpu, unknown.text);
    const uint64_t missing = needed & ~rt_cpu_features();
    if (!missing)
        return SPC_OK;
    char names[512];
    rt_features_print(missing, names, sizeof names);
    return rt_fail(error, SPC_E_UNSUPPORTED, "compiled for %s, but this CPU lacks %s", m->cpu, names);
}

/* ---- making ---- */

static spc_module *empty_module(void)
{
    spc_module *m = calloc(1, sizeof *m);
    if (m && !(m->messages = rt_messages_new())) {
        free(m);
        return NULL;
    }
    return m;
}

static spc_status find_functions(spc_module *m, rt_error *error)
{
    m->functions = calloc(m->manifest->nlayers + 1, sizeof *m->functions);
    if (!m->functions)
        return rt_fail(error, SPC_E_NOMEM, "no memory for the functions of a module");
    for (size_t i = 0; i < m->manifest->nlayers; i++)
        m->functions[i] = m->code.symbol(m->code.ctx, m->manifest->layers[i].symbol);
    return SPC_OK;
}

static spc_status fill(spc_module *m, const char *text, rt_error *error)
{
    if (!(m->text = strdup(text)))
        return rt_fail(error, SPC_E_NOMEM, "no memory for the manifest");
    spc_status status = rt_manifest_parse(text, &m->manifest, error);
    if (!status && m->code.symbol)
        status = check_features(m->manifest, error);
    if (!status && m->code.symbol)
        status = find_functions(m, error);
    if (!status && m->manifest->nlate && !(m->binding = rt_binding_new(m->manifest)))
        status = rt_fail(error, SPC_E_NOMEM, "no memory for the weights of a module");
    return status;
}

spc_status rt_module_new(const char *manifest, const rt_code *code, spc_module **out, rt_error *error)
{
    *out = NULL;
    spc_module *m = empty_module();
    if (!m) {
        if (code->release)
            code->release(code->ctx);
        return rt_fail(error, SPC_E_NOMEM, "no memory for a module");
    }
    m->code = *code;
    const spc_status status = fill(m, manifest, error);
    if (status)
        spc_module_free(m);
    else
        *out = m;
    return status;
}

/* ---- opening ---- */

static void *library_symbol(void *library, const char *name)
{
    return dlsym(library, name);
}

static void close_library(void *library)
{
    dlclose(library);
}

static spc_status open_library(spc_module *m, const char *path, rt_error *error)
{
    /* Without a slash the loader would look through its search path for another file of that name. */
    char *direct = NULL;
    if (asprintf(&direct, "%s%s", strchr(path, '/') ? "" : "./", path) < 0)
        return rt_fail(error, SPC_E_NOMEM, "no memory for a path");
    void *library = dlopen(direct, RTLD_NOW | RTLD_LOCAL);
    const bool readable = access(direct, R_OK) == 0;
    free(direct);
    if (!library) {
        const char *why = dlerror();
        return rt_fail(error, readable ? SPC_E_BACKEND : SPC_E_IO, "%s", why ? why : path);
    }
    m->code = (rt_code){ .ctx = library, .symbol = library_symbol, .release = close_library };
    const char *text = dlsym(library, "spc_manifest");
    if (!text)
        return rt_fail(error, SPC_E_ABI, "%s is not a library that spc made: it has no spc_manifest", path);
    return fill(m, text, error);
}

RT_EXPORT spc_status spc_module_open(const char *path, spc_module **out)
{
    if (!out)
        return SPC_E_ARG;
    if (!(*out = empty_module()))
        return SPC_E_NOMEM;
    rt_error error = { .status = SPC_OK };
    const spc_status status = path ? open_library(*out, path, &error)
                                   : rt_fail(&error, SPC_E_ARG, "the path of the library is NULL");
    if (status) {
        rt_messages_set((*out)->messages, error.text);
        rt_binding_free((*out)->binding);
        (*out)->binding = NULL;
        rt_manifest_free((*out)->manifest);
        (*out)->manifest = NULL;
    }
    return status;
}

/* ---- weights that were not embedded ---- */

static spc_status refuse_binding(const spc_module *m, const char *what, rt_error *error)
{
    if (!what)
        return rt_fail(error, SPC_E_ARG, "what to bind is NULL");
    if (!m->manifest)
        return rt_fail(error, SPC_E_ARG, "the module could not be opened");
    if (!m->binding)
        return rt_fail(error, SPC_E_UNSUPPORTED, "%s: weights are embedded in this module", what);
    return SPC_OK;
}

static spc_status finish_binding(const spc_module *m, spc_status status, const rt_error *error)
{
    if (status)
        rt_messages_set(m->messages, error->text);
    return status;
}

RT_EXPORT spc_status spc_module_bind_file(spc_module *m, const char *weights)
{
    if (!m)
        return SPC_E_ARG;
    rt_error error;
    spc_status status = refuse_binding(m, weights, &error);
    if (!status)
        status = rt_binding_add_file(m->binding, weights, &error);
    return finish_binding(m, status, &error);
}

RT_EXPORT spc_status spc_module_bind(spc_module *m, const char *weight, const spc_tensor *dense)
{
    if (!m)
        return SPC_E_ARG;
    rt_error error;
    spc_status status = refuse_binding(m, dense ? weight : NULL, &error);
    if (!status)
        status = rt_binding_add_tensor(m->binding, weight, dense, &error);
    return finish_binding(m, status, &error);
}

/* ---- asking and freeing ---- */

RT_EXPORT const char *spc_module_manifest(const spc_module *m)
{
    return m && m->text ? m->text : "";
}

RT_EXPORT const char *spc_module_error(const spc_module *m)
{
    return m ? rt_messages_get(m->messages) : "";
}

RT_EXPORT void spc_module_free(spc_module *m)
{
    if (!m)
        return;
    rt_binding_free(m->binding);
    rt_manifest_free(m->manifest);
    if (m->code.release)
        m->code.release(m->code.ctx);
    rt_messages_free(m->messages);
    free(m->functions);
    free(m->text);
    free(m);
}
