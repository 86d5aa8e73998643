/* prune: a pruned copy of a safetensors file. The header and every byte that is not pruned are copied as they are, so
 * names, order, metadata and dtypes stay. Everything is checked before the first byte is written; tensors stream through
 * one line of memory. */
#include "runtime/prune.h"

#include "runtime/dtype.h"
#include "runtime/file.h"
#include "runtime/safetensors.h"
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct target {
    const rt_file_tensor *tensor;
    spc_dtype dtype;
    int64_t extents[3], nonzeros;
} target;

typedef struct pruning {
    const rt_prune_request *request;
    rt_pattern pattern;
    double share;
    rt_mapping file;
    rt_directory directory;
    target *targets; /* in the order of their data */
    int64_t count;
    FILE *out;
    rt_error *error;
} pruning;

/* ---- the request ---- */

static spc_status check_share(pruning *p)
{
    const double given = p->request->density, hint = p->pattern.density;
    const rt_pattern_kind kind = p->pattern.part[0].kind;
    const double own = kind == RT_NM ? (double)p->pattern.part[0].a / (double)p->pattern.part[0].b : hint;
    p->share = given > 0 ? given : own;
    if (!(given >= 0 && given <= 1))
        return rt_fail(p->error, SPC_E_ARG, "a density lies above 0 and up to 1");
    if (given > 0 && own > 0 && given != own)
        return rt_fail(p->error, SPC_E_ARG, "pattern %s has the density %g, not %g", p->request->pattern, own, given);
    if (!(p->share > 0))
        return rt_fail(p->error, SPC_E_ARG, "pattern %s needs a density: the share that is kept", p->request->pattern);
    return SPC_OK;
}

static spc_status check_pattern(pruning *p)
{
    rt_error wrong = {SPC_OK, ""};
    if (!rt_pattern_parse(p->request->pattern, &p->pattern, &wrong))
        return rt_fail(p->error, SPC_E_ARG, "%s; known are N:M, block(r, c), unstructured, rows and columns", wrong.text);
    const rt_pattern_kind kind = p->pattern.part[0].kind;
    if (p->pattern.count != 1 || kind == RT_DENSE || kind == RT_BAND)
        return rt_fail(p->error, SPC_E_ARG, "pattern %s cannot be pruned to; choose one of N:M, block(r, c), "
                       "unstructured, rows and columns", p->request->pattern);
    return check_share(p);
}

/* ---- which tensors ---- */

/* 0: not a float of the language. */
static spc_dtype float_dtype(const rt_file_tensor *t)
{
    static const spc_dtype floats[] = {SPC_F32, SPC_F16, SPC_BF16, SPC_F64};
    for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++)
        if (strcmp(rt_dtype_of(floats[i])->safetensors, t->dtype) == 0)
            return floats[i];
    return (spc_dtype)0;
}

static bool can_prune(const rt_file_tensor *t) { return t->rank >= 2 && float_dtype(t); }

static bool is_wanted(const rt_prune_request *r, const char *name)
{
    bool wanted = r->tensor_count == 0;
    for (size_t i = 0; i < r->tensor_count && !wanted; i++)
        wanted = fnmatch(r->tensors[i], name, 0) == 0;
    return wanted;
}

static spc_status check_globs(const pruning *p)
{
    for (size_t i = 0; i < p->request->tensor_count; i++) {
        bool found = false;
        for (int64_t t = 0; t < p->directory.count && !found; t++)
            found = can_prune(&p->directory.tensors[t]) &&
                    fnmatch(p->request->tensors[i], p->directory.tensors[t].name, 0) == 0;
        if (!found)
            return rt_fail(p->error, SPC_E_ARG, "%s has no float tensor of rank 2 or more named %s", p->request->in,
                           p->request->tensors[i]);
    }
    return SPC_OK;
}

static spc_status refuse(const pruning *p, const rt_file_tensor *t, const char *axis, int64_t extent, int64_t unit)
{
    return rt_fail(p->error, SPC_E_PROGRAM, "%s: %s: error: pattern %s needs a %s axis that is a multiple of %" PRId64
                   ", and it is %" PRId64 "; choose tensors by their names", p->request->in, t->name,
                   p->request->pattern, axis, unit, extent);
}

static spc_status check_target(const pruning *p, const target *t)
{
    const rt_pattern_kind kind = p->pattern.part[0].kind;
    const int64_t a = p->pattern.part[0].a, b = p->pattern.part[0].b;
    if (t->tensor->rank > RT_MAX_RANK)
        return rt_fail(p->error, SPC_E_PROGRAM, "%s: %s: error: it has rank %d, at most %d can be pruned",
                       p->request->in, t->tensor->name, t->tensor->rank, RT_MAX_RANK);
    if (kind == RT_BLOCK && t->extents[0] % a)
        return refuse(p, t->tensor, "first", t->extents[0], a);
    if ((kind == RT_BLOCK || kind == RT_NM) && t->extents[2] % b)
        return refuse(p, t->tensor, "last", t->extents[2], b);
    return SPC_OK;
}

static int by_data(const void *left, const void *right)
{
    const target *a = left, *b = right;
    return a->tensor->begin < b->tensor->begin ? -1 : a->tensor->begin > b->tensor->begin;
}

static spc_status choose_targets(pruning *p)
{
    p->targets = calloc((size_t)p->directory.count + 1, sizeof *p->targets);
    if (!p->targets)
        return rt_fail(p->error, SPC_E_NOMEM, "out of memory while pruning");
    for (int64_t i = 0; i < p->directory.count; i++) {
        const rt_file_tensor *t = &p->directory.tensors[i];
        if (!can_prune(t) || !is_wanted(p->request, t->name))
            continue;
        target *made = &p->targets[p->count++];
        const int last = (t->rank < RT_MAX_RANK ? t->rank : RT_MAX_RANK) - 1;
        *made = (target){t, float_dtype(t), {t->dims[0], 1, t->dims[last]}, 0};
        for (int axis = 1; axis < last && t->count > 0; axis++)
            made->extents[1] *= t->dims[axis];
        spc_status status = check_target(p, made);
        if (status)
            return status;
    }
    if (p->count)
        qsort(p->targets, (size_t)p->count, sizeof *p->targets, by_data);
    return check_globs(p);
}

/* ---- writing ---- */

static spc_status write_bytes(const pruning *p, const void *data, size_t size)
{
    if (size == 0 || fwrite(data, 1, size, p->out) == size)
        return SPC_OK;
    char text[128];
    return rt_fail(p->error, rt_system_status(errno), "cannot write %s: %s", p->request->out_name, strerror_r(errno, text, sizeof text));
}

static spc_status write_lines(const pruning *p, target *t, rt_keep *keep, void *line)
{
    const size_t bytes = (size_t)(t->extents[2] * rt_dtype_bits(t->dtype) / 8);
    spc_status status = SPC_OK;
    for (int64_t i = 0; i < t->extents[0] * t->extents[1] && !status; i++) {
        memcpy(line, t->tensor->data + (size_t)i * bytes, bytes);
        t->nonzeros += rt_keep_line(keep, i, line);
        status = write_bytes(p, line, bytes);
    }
    return status;
}

static spc_status write_target(const pruning *p, target *t)
{
    rt_keep keep;
    if (t->tensor->count == 0)
        return SPC_OK;
    spc_status status = rt_keep_make(&p->pattern, p->share, t->dtype, t->tensor->data, t->extents, &keep, p->error);
    if (status)
        return status;
    void *line = malloc((size_t)(t->extents[2] * rt_dtype_bits(t->dtype) / 8));
    status = line ? write_lines(p, t, &keep, line) : rt_fail(p->error, SPC_E_NOMEM, "out of memory while pruning");
    free(line);
    rt_keep_free(&keep);
    return status;
}

static spc_status write_all(const pruning *p)
{
    const unsigned char *at = p->file.data, *end = at + p->file.size;
    spc_status status = SPC_OK;
    for (int64_t i = 0; i < p->count && !status; i++) {
        target *t = &p->targets[i];
        status = write_bytes(p, at, (size_t)(t->tensor->data - at));
        if (!status)
            status = write_target(p, t);
        at = t->tensor->data + (t->tensor->end - t->tensor->begin);
    }
    return status ? status : write_bytes(p, at, (size_t)(end - at));
}

static spc_status write_file(pruning *p)
{
    char text[128];
    p->out = fopen(p->request->out, "wbxe");
    if (!p->out)
        return rt_fail(p->error, rt_system_status(errno), "cannot write %s: %s", p->request->out_name, strerror_r(errno, text, sizeof text));
    spc_status status = write_all(p);
    if (fclose(p->out) != 0 && !status)
        status = rt_fail(p->error, rt_system_status(errno), "cannot write %s: %s", p->request->out_name, strerror_r(errno, text, sizeof text));
    return status;
}

spc_status rt_prune_file(const rt_prune_request *request, rt_error *e)
{
    pruning p = {.request = request, .error = e};
    spc_status status = check_pattern(&p);
    if (!status)
        status = rt_file_map(request->in, &p.file, e);
    if (!status)
        status = rt_safetensors_read(p.file.data, p.file.size, request->in, &p.directory, e);
    if (!status)
        status = choose_targets(&p);
    if (!status)
        status = write_file(&p);
    for (int64_t i = 0; i < p.count && !status && request->report; i++)
        request->report(request->report_ctx, p.targets[i].tensor->name, p.targets[i].nonzeros, p.targets[i].tensor->count);
    free(p.targets);
    rt_directory_free(&p.directory);
    rt_file_unmap(&p.file);
    return status;
}
