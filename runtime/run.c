/* run: one call of a layer. Finds the dims from the tensors' shapes, checks everything that the compiled code takes
 * for granted, and calls it. Allocates nothing, but that the first run packs weights which are bound at load time. */
#include "runtime/export.h"
#include "runtime/extent_eval.h"
#include "runtime/module_private.h"
#include "runtime/weights.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct call {
    const rt_layer *layer;
    const spc_tensor *in, *out;
    size_t nin, nout;
    const char *dims; /* given by name; NULL: none */
    bool scratch_only; /* no results are given, nor looked at */
    int64_t values[RT_MAX_WORDS]; /* of the dims, then threads */
    bool known[RT_MAX_WORDS];
    rt_error error;
} call;

static const spc_tensor *tensor_of(const call *c, size_t i)
{
    return i < c->nin ? &c->in[i] : &c->out[i - c->nin];
}

static const rt_port *port_of(const call *c, size_t i)
{
    return i < c->nin ? &c->layer->in[i] : &c->layer->out[i - c->nin];
}

/* ---- each tensor on its own ---- */

static spc_status check_count(call *c, const char *what, size_t given, size_t wanted)
{
    if (given == wanted)
        return SPC_OK;
    return rt_fail(&c->error, SPC_E_ARG, "layer %s has %zu %s%s, %zu given", c->layer->name, wanted, what,
                   wanted == 1 ? "" : "s", given);
}

/* Bytes of a tensor; -1 on overflow. Extents are not negative. */
static int64_t tensor_bytes(const spc_tensor *t)
{
    int64_t bytes = rt_dtype_bits(t->dtype) / 8;
    for (int i = 0; i < t->rank; i++)
        if (t->dims[i] == 0)
            return 0;
    for (int i = 0; i < t->rank; i++)
        if (__builtin_mul_overflow(bytes, t->dims[i], &bytes))
            return -1;
    return bytes;
}

static spc_status check_tensor(call *c, size_t i)
{
    const spc_tensor *t = tensor_of(c, i);
    const rt_port *port = port_of(c, i);
    if (t->dtype != port->dtype)
        return rt_fail(&c->error, SPC_E_ARG, "%s is %s, layer %s wants %s", port->name, rt_dtype_name(t->dtype),
                       c->layer->name, rt_dtype_name(port->dtype));
    if (t->rank != port->rank)
        return rt_fail(&c->error, SPC_E_ARG, "%s has rank %d, layer %s wants %d", port->name, (int)t->rank,
                       c->layer->name, port->rank);
    for (int axis = 0; axis < t->rank; axis++)
        if (t->dims[axis] < 0)
            return rt_fail(&c->error, SPC_E_ARG, "%s: axis %d has a negative extent", port->name, axis);
    const int64_t bytes = tensor_bytes(t);
    if (bytes < 0)
        return rt_fail(&c->error, SPC_E_ARG, "%s: its extents overflow", port->name);
    if (!t->data && bytes > 0)
        return rt_fail(&c->error, SPC_E_ARG, "%s: data is NULL", port->name);
    return SPC_OK;
}

static spc_status check_tensors(call *c)
{
    spc_status status = check_count(c, "input", c->nin, c->layer->nin);
    if (!status && !c->scratch_only)
        status = check_count(c, "result", c->nout, c->layer->nout);
    for (size_t i = 0; i < c->nin + c->nout && !status; i++)
        status = check_tensor(c, i);
    return status;
}

/* ---- dims ---- */

static void bind_bare(call *c, size_t i)
{
    const rt_port *port = port_of(c, i);
    for (int axis = 0; axis < port->rank; axis++) {
        const rt_size *size = &port->shape[axis];
        if (size->kind != RT_SIZE_DIM || c->known[size->value])
            continue;
        c->values[size->value] = tensor_of(c, i)->dims[axis];
        c->known[size->value] = true;
    }
}

/* Dims given as "k=3,n=4", for those that no shape shows; shapes that say otherwise are found out later. */
static spc_status bind_given(call *c)
{
    for (const char *at = c->dims; at && *at;) {
        const size_t length = strcspn(at, "=,");
        char *end;
        size_t d = 0;
        while (d < c->layer->ndims && (strlen(c->layer->dims[d].name) != length || strncmp(c->layer->dims[d].name, at, length)))
            d++;
        if (at[length] != '=' || at[length + 1] < '0' || at[length + 1] > '9')
            return rt_fail(&c->error, SPC_E_ARG, "spc_exec: dims is \"%s\"; write it like \"k=3,n=4\"", c->dims);
        errno = 0;
        const long long value = strtoll(at + length + 1, &end, 10);
        if (errno || (*end && *end != ','))
            return rt_fail(&c->error, SPC_E_ARG, "spc_exec: dims is \"%s\"; write it like \"k=3,n=4\"", c->dims);
        if (d < c->layer->ndims && !c->known[d]) {
            c->values[d] = value;
            c->known[d] = true;
        }
        at = *end ? end + 1 : end;
    }
    return SPC_OK;
}

/* Solves the compound extents of a tensor that are linear in one dim not yet known. */
static spc_status solve(call *c, size_t i, bool *progress)
{
    const rt_port *port = port_of(c, i);
    for (int axis = 0; axis < port->rank; axis++) {
        if (port->shape[axis].kind != RT_SIZE_TEXT)
            continue;
        size_t dim;
        int64_t value;
        const int64_t extent = tensor_of(c, i)->dims[axis];
        switch (rt_extent_solve(port->shape[axis].text, c->layer->names, c->values, c->known, c->layer->ndims, extent,
                                &dim, &value)) {
        case RT_SOLVED:
            c->values[dim] = value;
            c->known[dim] = true;
            *progress = true;
            break;
        case RT_NO_SOLUTION:
            return rt_fail(&c->error, SPC_E_ARG, "%s: axis %d is %" PRId64 ", which %s cannot be", port->name, axis,
                           extent, port->shape[axis].text);
        case RT_ALL_KNOWN:
        case RT_NOT_SOLVABLE:
            break;
        }
    }
    return SPC_OK;
}

/* Inputs come before results, so that a dim which both mention is the inputs'. */
static spc_status find_dims(call *c)
{
    const size_t tensors = c->nin + c->nout;
    for (size_t i = 0; i < tensors; i++)
        bind_bare(c, i);
    const spc_status given = bind_given(c);
    if (given)
        return given;
    for (bool progress = true; progress;) {
        progress = false;
        for (size_t i = 0; i < tensors; i++) {
            spc_status status = solve(c, i, &progress);
            if (status)
                return status;
        }
    }
    for (size_t d = 0; d < c->layer->ndims; d++)
        if (!c->known[d])
            return rt_fail(&c->error, SPC_E_ARG, "dim %s of layer %s does not follow from the shapes of its %s%s",
                           c->layer->dims[d].name, c->layer->name, c->scratch_only ? "inputs" : "tensors",
                           c->scratch_only ? "; give it in the spc_exec.dims of spc_scratch_for" : "; give it in spc_exec.dims (--dim)");
    return SPC_OK;
}

static spc_status check_contracts(call *c)
{
    for (size_t d = 0; d < c->layer->ndims; d++) {
        const rt_dim *dim = &c->layer->dims[d];
        const int64_t value = c->values[d];
        if (value >= dim->lo && value <= dim->hi && (value - dim->lo) % dim->step == 0)
            continue;
        if (dim->hi == INT64_MAX)
            return rt_fail(&c->error, SPC_E_ARG, "dim %s is %" PRId64 ", its contract is %" PRId64 " or more, step %" PRId64,
                           dim->name, value, dim->lo, dim->step);
        return rt_fail(&c->error, SPC_E_ARG, "dim %s is %" PRId64 ", its contract is %" PRId64 "..%" PRId64 " step %" PRId64,
                       dim->name, value, dim->lo, dim->hi, dim->step);
    }
    return SPC_OK;
}

/* ---- shapes ---- */

static bool size_value(const call *c, const rt_size *size, size_t names, int64_t *out)
{
    if (size->kind == RT_SIZE_TEXT)
        return rt_extent_eval(size->text, c->layer->names, c->values, names, out);
    *out = size->kind == RT_SIZE_DIM ? c->values[size->value] : size->value;
    return true;
}

static spc_status check_shape(call *c, size_t i)
{
    const rt_port *port = port_of(c, i);
    for (int axis = 0; axis < port->rank; axis++) {
        const rt_size *size = &port->shape[axis];
        const int64_t given = tensor_of(c, i)->dims[axis];
        int64_t wanted;
        if (!size_value(c, size, c->layer->ndims, &wanted))
            return rt_fail(&c->error, SPC_E_ARG, "%s: axis %d is %" PRId64 ", but %s has no value for these dims",
                           port->name, axis, given, size->text);
        if (given == wanted)
            continue;
        if (size->kind == RT_SIZE_CONST)
            return rt_fail(&c->error, SPC_E_ARG, "%s: axis %d is %" PRId64 ", layer %s wants %" PRId64, port->name, axis,
                           given, c->layer->name, wanted);
        return rt_fail(&c->error, SPC_E_ARG, "%s: axis %d is %" PRId64 ", but %s is %" PRId64, port->name, axis, given,
                       size->text, wanted);
    }
    return SPC_OK;
}

static bool overlap(const spc_tensor *a, const spc_tensor *b)
{
    const uintptr_t x = (uintptr_t)a->data, y = (uintptr_t)b->data;
    const uint64_t x_bytes = (uint64_t)tensor_bytes(a), y_bytes = (uint64_t)tensor_bytes(b);
    return x < y ? y - x < x_bytes && y_bytes > 0 : x - y < y_bytes && x_bytes > 0;
}

static spc_status check_overlaps(call *c)
{
    for (size_t o = c->nin; o < c->nin + c->nout; o++)
        for (size_t i = 0; i < o; i++)
            if (overlap(tensor_of(c, i), tensor_of(c, o)))
                return rt_fail(&c->error, SPC_E_ARG, "result %s overlaps %s", port_of(c, o)->name, port_of(c, i)->name);
    return SPC_OK;
}

static spc_status check_call(call *c)
{
    spc_status status = check_tensors(c);
    if (!status)
        status = find_dims(c);
    if (!status)
        status = check_contracts(c);
    for (size_t i = 0; i < c->nin + c->nout && !status; i++)
        status = check_shape(c, i);
    return status ? status : check_overlaps(c);
}

/* ---- scratch and settings ---- */

static spc_status find_scratch(call *c, int threads, size_t *bytes)
{
    int64_t value;
    c->values[c->layer->ndims] = threads < 1 ? 1 : threads;
    if (!size_value(c, &c->layer->scratch, c->layer->ndims + 1, &value) || value < 0)
        return rt_fail(&c->error, SPC_E_ARG, "layer %s: the scratch for these dims is too large", c->layer->name);
    *bytes = (size_t)value;
    return SPC_OK;
}

/* What the first version of the struct held; later members count as zero where the caller's ends before them. */
static const size_t least_exec = offsetof(spc_exec, weights);

static spc_status check_scratch(call *c, const spc_exec *exec)
{
    size_t needed = 0;
    if (!exec || !exec->scratch)
        return SPC_OK;
    const spc_status status = find_scratch(c, exec->threads, &needed);
    if (!status && exec->scratch_bytes < needed)
        return rt_fail(&c->error, SPC_E_ARG, "layer %s: %zu bytes of scratch given, %zu needed", c->layer->name,
                       exec->scratch_bytes, needed);
    return status;
}

/* Compiled layers check how much scratch they are given themselves, in less time than the manifest's formula takes to
 * evaluate, which would be a third of a small layer's time; the formula is for telling what was wrong. */
static spc_status check_exec(const spc_module *m, call *c, const spc_exec *exec)
{
    if (exec && exec->size < least_exec)
        return rt_fail(&c->error, SPC_E_ARG, "spc_exec: size is %zu, set it to sizeof(spc_exec)", exec->size);
    return m->code.symbol ? SPC_OK : check_scratch(c, exec);
}

/* ---- the call ---- */

static spc_status start(const spc_module *m, const char *layer, call *c)
{
    if (!m->manifest)
        return rt_fail(&c->error, SPC_E_ARG, "the module could not be opened");
    if (!layer)
        return rt_fail(&c->error, SPC_E_ARG, "the layer's name is NULL");
    if (!(c->layer = rt_manifest_layer(m->manifest, layer)))
        return rt_fail(&c->error, SPC_E_ARG, "no layer %s in this module", layer);
    if ((c->nin && !c->in) || (c->nout && !c->out))
        return rt_fail(&c->error, SPC_E_ARG, "layer %s: the array of tensors is NULL", layer);
    return SPC_OK;
}

static spc_status run(const spc_module *m, call *c, const spc_exec *exec)
{
    uint64_t words[RT_MAX_WORDS];
    size_t count = 0;
    for (size_t d = 0; d < c->layer->ndims; d++)
        words[count++] = (uint64_t)c->values[d];
    for (size_t i = 0; i < c->nin + c->nout; i++)
        words[count++] = (uintptr_t)tensor_of(c, i)->data;
    words[count++] = (uintptr_t)exec;
    int status;
    rt_error said = {.text = ""};
    if (m->code.symbol) {
        void *function = m->functions[c->layer - m->manifest->layers];
        if (!function)
            return rt_fail(&c->error, SPC_E_ABI, "layer %s: its function %s is missing", c->layer->name, c->layer->symbol);
        status = rt_call_words(function, words, count);
    } else {
        status = m->code.call(m->code.ctx, c->layer->name, words, count, &said);
    }
    if (!status)
        return SPC_OK;
    if (said.text[0]) /* an interpreter says more than a status */
        return rt_fail(&c->error, (spc_status)status, "layer %s: %s", c->layer->name, said.text);
    if (m->code.symbol && check_scratch(c, exec))
        return SPC_E_ARG;
    if (status == SPC_E_ARG) /* the shapes fit: what is left is what only the layer's own code looks at */
        return rt_fail(&c->error, SPC_E_ARG, "layer %s: with these dims an extent in its body is negative or does not divide, "
                       "a reduced axis is empty, or the contract of a layer that it calls does not hold", c->layer->name);
    return rt_fail(&c->error, (spc_status)status, "layer %s: %s", c->layer->name, spc_status_text((spc_status)status));
}

/* The caller's settings with the table of weights, where the module has one. */
static spc_status add_weights(const spc_module *m, call *c, const spc_exec **exec, spc_exec *own)
{
    if (!m->binding)
        return SPC_OK;
    const spc_exec *given = *exec;
    *own = (spc_exec){0};
    if (given)
        memcpy(own, given, given->size < sizeof *own ? given->size : sizeof *own);
    own->size = sizeof *own;
    *exec = own;
    return rt_binding_table(m->binding, &own->weights, &c->error);
}

static spc_status finish(const spc_module *m, call *c, spc_status status)
{
    if (status)
        rt_messages_set(m->messages, c->error.text);
    return status;
}

static const char *dims_of(const spc_exec *exec)
{
    return exec && exec->size >= offsetof(spc_exec, dims) + sizeof exec->dims ? exec->dims : NULL;
}

RT_EXPORT spc_status spc_run(const spc_module *m, const char *layer, const spc_tensor *in, size_t n_in,
                             const spc_tensor *out, size_t n_out, const spc_exec *exec)
{
    if (!m)
        return SPC_E_ARG;
    spc_exec own;
    call c = { .in = in, .out = out, .nin = n_in, .nout = n_out, .dims = dims_of(exec) };
    spc_status status = start(m, layer, &c);
    if (!status)
        status = check_call(&c);
    if (!status)
        status = check_exec(m, &c, exec);
    if (!status)
        status = add_weights(m, &c, &exec, &own);
    if (!status)
        status = run(m, &c, exec);
    return finish(m, &c, status);
}

RT_EXPORT spc_status spc_scratch_for(const spc_module *m, const char *layer, const spc_tensor *in, size_t n_in,
                                     const spc_exec *exec, size_t *out)
{
    if (!m)
        return SPC_E_ARG;
    call c = { .in = in, .nin = n_in, .scratch_only = true, .dims = dims_of(exec) };
    const bool threaded = exec && exec->size >= offsetof(spc_exec, threads) + sizeof exec->threads;
    spc_status status = out ? start(m, layer, &c) : rt_fail(&c.error, SPC_E_ARG, "the place for the result is NULL");
    if (!status)
        status = check_call(&c);
    if (!status)
        status = find_scratch(&c, threaded ? exec->threads : 1, out);
    return finish(m, &c, status);
}

RT_EXPORT spc_status spc_scratch_bytes(const spc_module *m, const char *layer, const spc_tensor *in, size_t n_in,
                                       int threads, size_t *out)
{
    const spc_exec exec = { .size = sizeof exec, .threads = threads };
    return spc_scratch_for(m, layer, in, n_in, &exec, out);
}
