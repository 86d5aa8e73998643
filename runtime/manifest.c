/* manifest: reads the JSON text of a compiled program. What a module says of itself decides how memory is accessed
 * at a call, so nothing is taken on trust: counts, ranks, names and extents are all checked here, once. */
#include "runtime/manifest.h"
#include "runtime/extent_eval.h"
#include "runtime/module.h"
#include "runtime/weights.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    rt_error *error;
    const char *layer; /* being read, for messages; "" outside */
} reader;

static spc_status wrong(reader *r, const char *what, const char *key)
{
    return rt_fail(r->error, SPC_E_ABI, "manifest: %s%s%s\"%s\" %s", r->layer[0] ? "layer " : "", r->layer,
                   r->layer[0] ? ": " : "", key, what);
}

static spc_status no_memory(reader *r)
{
    return rt_fail(r->error, SPC_E_NOMEM, "no memory for the manifest");
}

static spc_status read_text(reader *r, const json_t *object, const char *key, char **out)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (!text)
        return wrong(r, "is missing or not a string", key);
    *out = strdup(text);
    return *out ? SPC_OK : no_memory(r);
}

static spc_status read_int(reader *r, const json_t *object, const char *key, int64_t *out)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value))
        return wrong(r, "is missing or not an integer", key);
    *out = json_integer_value(value);
    return SPC_OK;
}

/* An array of at most `limit` elements, and zeroed memory for as many structs. */
static spc_status read_array(reader *r, const json_t *object, const char *key, size_t limit, size_t size,
                             const json_t **array, void *out, size_t *count)
{
    *array = json_object_get(object, key);
    if (!json_is_array(*array) || json_array_size(*array) > limit)
        return wrong(r, "is missing, not an array or too long", key);
    void *memory = calloc(json_array_size(*array) + 1, size);
    if (!memory)
        return no_memory(r);
    memcpy(out, &memory, sizeof memory);
    *count = json_array_size(*array);
    return SPC_OK;
}

/* ---- extents ---- */

static spc_status read_size(reader *r, const json_t *value, const rt_layer *layer, const char *key, rt_size *out)
{
    char digits[32];
    const char *text = json_string_value(value);
    if (json_is_integer(value)) {
        snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(value));
        text = digits;
    }
    if (!text)
        return wrong(r, "holds an extent that is not a string", key);
    if (!(out->text = strdup(text)))
        return no_memory(r);
    for (size_t i = 0; i < layer->ndims; i++) {
        if (strcmp(layer->dims[i].name, text) == 0) {
            out->kind = RT_SIZE_DIM;
            out->value = (int64_t)i;
            return SPC_OK;
        }
    }
    out->kind = rt_extent_eval(text, NULL, NULL, 0, &out->value) ? RT_SIZE_CONST : RT_SIZE_TEXT;
    if (!rt_extent_well_formed(text, layer->names, layer->ndims + 1))
        return wrong(r, "holds an extent that cannot be read", key);
    return out->kind == RT_SIZE_CONST && out->value < 0 ? wrong(r, "holds a negative extent", key) : SPC_OK;
}

/* ---- tensors ---- */

static bool find_dtype(const char *name, spc_dtype *out)
{
    for (int d = SPC_F32; d <= SPC_BOOL; d++) {
        if (strcmp(rt_dtype_name((spc_dtype)d), name) == 0) {
            *out = (spc_dtype)d;
            return true;
        }
    }
    return false;
}

static spc_status read_port(reader *r, const json_t *object, const rt_layer *layer, rt_port *port)
{
    spc_status status = read_text(r, object, "name", &port->name);
    if (status)
        return status;
    const char *dtype = json_string_value(json_object_get(object, "dtype"));
    if (!dtype || !find_dtype(dtype, &port->dtype) || port->dtype == SPC_I4)
        return wrong(r, "is missing or not the dtype of a tensor", "dtype");
    const json_t *shape = json_object_get(object, "shape");
    if (!json_is_array(shape) || json_array_size(shape) > RT_MAX_RANK)
        return wrong(r, "is missing, not an array or too long", "shape");
    port->rank = (int)json_array_size(shape);
    for (int i = 0; i < port->rank && !status; i++)
        status = read_size(r, json_array_get(shape, (size_t)i), layer, "shape", &port->shape[i]);
    return status;
}

static spc_status read_ports(reader *r, const json_t *object, const char *key, const rt_layer *layer, rt_port **ports,
                             size_t *count)
{
    const json_t *array;
    spc_status status = read_array(r, object, key, RT_MAX_WORDS, sizeof **ports, &array, ports, count);
    for (size_t i = 0; i < *count && !status; i++)
        status = read_port(r, json_array_get(array, i), layer, &(*ports)[i]);
    return status;
}

/* ---- dims and layers ---- */

static spc_status read_dim(reader *r, const json_t *all, const char *name, rt_dim *dim)
{
    for (size_t i = 0; name && i < json_array_size(all); i++) {
        const json_t *object = json_array_get(all, i);
        const char *other = json_string_value(json_object_get(object, "name"));
        if (!other || strcmp(other, name) != 0)
            continue;
        spc_status status = read_text(r, object, "name", &dim->name);
        if (!status)
            status = read_int(r, object, "lo", &dim->lo);
        if (!status)
            status = read_int(r, object, "hi", &dim->hi);
        if (!status)
            status = read_int(r, object, "step", &dim->step);
        return !status && (dim->lo < 0 || dim->step < 1) ? wrong(r, "has an impossible contract", "dims") : status;
    }
    return wrong(r, "names a dim that is not declared", "dims");
}

static spc_status read_dims(reader *r, const json_t *root, const json_t *object, rt_layer *layer)
{
    const json_t *array;
    spc_status status = read_array(r, object, "dims", RT_MAX_WORDS, sizeof *layer->dims, &array, &layer->dims,
                                   &layer->ndims);
    for (size_t i = 0; i < layer->ndims && !status; i++)
        status = read_dim(r, json_object_get(root, "dims"), json_string_value(json_array_get(array, i)),
                          &layer->dims[i]);
    if (status)
        return status;
    if (!(layer->names = calloc(layer->ndims + 1, sizeof *layer->names)))
        return no_memory(r);
    for (size_t i = 0; i < layer->ndims; i++)
        layer->names[i] = layer->dims[i].name;
    layer->names[layer->ndims] = "threads";
    return SPC_OK;
}

static spc_status read_layer(reader *r, const json_t *root, const json_t *object, rt_layer *layer)
{
    spc_status status = read_text(r, object, "name", &layer->name);
    if (status)
        return status;
    r->layer = layer->name;
    status = read_text(r, object, "symbol", &layer->symbol);
    if (!status)
        status = read_dims(r, root, object, layer);
    if (!status)
        status = read_ports(r, object, "inputs", layer, &layer->in, &layer->nin);
    if (!status)
        status = read_ports(r, object, "outputs", layer, &layer->out, &layer->nout);
    if (!status)
        status = read_size(r, json_object_get(object, "scratch"), layer, "scratch", &layer->scratch);
    if (!status && layer->ndims + layer->nin + layer->nout + 1 > RT_MAX_WORDS)
        return rt_fail(r->error, SPC_E_UNSUPPORTED, "layer %s has more than %d dims, inputs and results", layer->name,
                       RT_MAX_WORDS - 1);
    r->layer = "";
    return status;
}

static size_t count_unbound(const json_t *root)
{
    size_t count = 0;
    const json_t *weights = json_object_get(root, "weights");
    for (size_t i = 0; i < json_array_size(weights); i++)
        if (json_is_false(json_object_get(json_array_get(weights, i), "embedded")))
            count++;
    return count;
}

static spc_status read_root(reader *r, const json_t *root, rt_manifest *m)
{
    spc_status status = read_int(r, root, "abi", &m->abi);
    if (status)
        return status;
    if (m->abi != RT_ABI)
        return rt_fail(r->error, SPC_E_ABI, "compiled for ABI version %lld, this library runs version %d; compile it again",
                       (long long)m->abi, RT_ABI);
    status = read_text(r, root, "cpu", &m->cpu);
    if (!status)
        status = read_text(r, root, "features", &m->features);
    const json_t *layers;
    if (!status)
        status = read_array(r, root, "layers", 1 << 20, sizeof *m->layers, &layers, &m->layers, &m->nlayers);
    for (size_t i = 0; i < m->nlayers && !status; i++)
        status = read_layer(r, root, json_array_get(layers, i), &m->layers[i]);
    m->unbound = count_unbound(root);
    return status;
}

spc_status rt_manifest_parse(const char *text, rt_manifest **out, rt_error *error)
{
    reader r = { .error = error, .layer = "" };
    *out = NULL;
    json_error_t where;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    if (!root)
        return rt_fail(error, SPC_E_ABI, "manifest: line %d: %s", where.line, where.text);
    rt_manifest *m = calloc(1, sizeof *m);
    spc_status status = m ? read_root(&r, root, m) : no_memory(&r);
    json_decref(root);
    if (status) {
        rt_manifest_free(m);
        return status;
    }
    *out = m;
    return SPC_OK;
}

/* ---- the end ---- */

static void free_ports(rt_port *ports, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(ports[i].name);
        for (int axis = 0; axis < RT_MAX_RANK; axis++)
            free(ports[i].shape[axis].text);
    }
    free(ports);
}

static void free_layer(rt_layer *layer)
{
    free_ports(layer->in, layer->nin);
    free_ports(layer->out, layer->nout);
    for (size_t i = 0; i < layer->ndims; i++)
        free(layer->dims[i].name);
    free(layer->dims);
    free(layer->names);
    free(layer->scratch.text);
    free(layer->name);
    free(layer->symbol);
}

void rt_manifest_free(rt_manifest *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->nlayers; i++)
        free_layer(&m->layers[i]);
    free(m->layers);
    free(m->cpu);
    free(m->features);
    free(m);
}

const rt_layer *rt_manifest_layer(const rt_manifest *m, const char *name)
{
    for (size_t i = 0; i < m->nlayers; i++)
        if (strcmp(m->layers[i].name, name) == 0)
            return &m->layers[i];
    return NULL;
}
