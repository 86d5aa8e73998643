/* manifest: reads the JSON text of a compiled program. What a module says of itself decides how memory is accessed
 * at a call, so nothing is taken on trust: counts, ranks, names and extents are all checked here, once. */
#include "runtime/manifest.h"
#include "runtime/extent_eval.h"
#include "runtime/module.h"
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

/* ---- weights that are not embedded ---- */

static spc_status read_declaration(reader *r, const json_t *object, rt_late *late)
{
    rt_declaration *d = &late->declaration;
    const char *dtype = json_string_value(json_object_get(object, "dtype"));
    const json_t *shape = json_object_get(object, "shape");
    int64_t elements = 1;
    spc_status status = read_text(r, object, "weight", &late->weight);
    if (!status)
        status = read_text(r, object, "tensor", &late->tensor);
    if (status)
        return status;
    d->name = late->weight;
    d->tensor = late->tensor;
    if (!dtype || !find_dtype(dtype, &d->dtype))
        return wrong(r, "is missing or not a dtype", "dtype");
    if (!json_is_array(shape) || json_array_size(shape) > RT_MAX_RANK)
        return wrong(r, "is missing, not an array or too long", "shape");
    d->rank = (int)json_array_size(shape);
    for (int i = 0; i < d->rank; i++) {
        const char *text = json_string_value(json_array_get(shape, (size_t)i));
        if (!text || !rt_extent_eval(text, NULL, NULL, 0, &d->dims[i]) || d->dims[i] < 0 ||
            __builtin_mul_overflow(elements, d->dims[i] ? d->dims[i] : 1, &elements))
            return wrong(r, "of a weight holds no constant extents", "shape");
    }
    return SPC_OK;
}

static spc_status read_pattern(reader *r, const json_t *object, rt_late *late)
{
    const char *text = json_string_value(json_object_get(object, "pattern"));
    late->has_pattern = text != NULL;
    return !text || rt_pattern_parse(text, &late->pattern, NULL) ? SPC_OK : wrong(r, "of a weight is not known", "pattern");
}

/* The arrays must be those that the code was made for: name:bits, in order. */
static bool same_arrays(const json_t *list, const rt_storage *storage)
{
    rt_array_info arrays[RT_MAX_ARRAYS];
    const int count = rt_storage_arrays(storage, arrays);
    char text[64];
    if (json_array_size(list) != (size_t)count)
        return false;
    for (int i = 0; i < count; i++) {
        const char *given = json_string_value(json_array_get(list, (size_t)i));
        snprintf(text, sizeof text, "%s:%d", arrays[i].name, arrays[i].bits);
        if (!given || strcmp(given, text) != 0)
            return false;
    }
    return true;
}

static spc_status read_storage(reader *r, const json_t *object, rt_late *late)
{
    const json_t *given = json_object_get(object, "request");
    const char *name = json_string_value(json_object_get(object, "storage"));
    const char *dtype = json_string_value(json_object_get(given, "dtype"));
    rt_storage_request q = {.transposed = json_is_true(json_object_get(given, "transposed"))};
    int64_t scale = 0;
    rt_error error;
    if (!name || strlen(name) >= sizeof q.name)
        return wrong(r, "of a weight is missing or too long", "storage");
    late->plain = strcmp(name, "plain") == 0;
    if (late->plain)
        return SPC_OK;
    strcpy(q.name, name);
    const struct {
        const char *key;
        int64_t *to;
    } numbers[] = {{"rows", &q.rows}, {"cols", &q.cols}, {"ktile", &q.ktile}, {"nnz", &q.nnz}, {"pad", &q.pad}, {"scale", &scale}};
    spc_status status = dtype && find_dtype(dtype, &q.dtype) ? SPC_OK : wrong(r, "of a storage is missing", "dtype");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !status; i++)
        status = read_int(r, given, numbers[i].key, numbers[i].to);
    q.crd_scale = (int)scale;
    if (!status && (scale != q.crd_scale || !rt_storage_make(&q, &late->storage, &error)))
        return wrong(r, "of a weight cannot be made", "storage");
    return status || same_arrays(json_object_get(object, "arrays"), &late->storage)
               ? status
               : wrong(r, "of a weight has other arrays in this version; compile it again", "storage");
}

static spc_status read_late(reader *r, const json_t *root, rt_manifest *m)
{
    const json_t *weights = json_object_get(root, "weights");
    spc_status status = SPC_OK;
    if (!(m->late = calloc(json_array_size(weights) + 1, sizeof *m->late)))
        return no_memory(r);
    for (size_t i = 0; i < json_array_size(weights) && !status; i++) {
        const json_t *object = json_array_get(weights, i);
        if (!json_is_false(json_object_get(object, "embedded")))
            continue;
        rt_late *late = &m->late[m->nlate++];
        status = read_declaration(r, object, late);
        if (!status)
            status = read_pattern(r, object, late);
        if (!status)
            status = read_storage(r, object, late);
    }
    return status;
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
    return status ? status : read_late(r, root, m);
}

spc_status rt_manifest_parse(const char *text, rt_manifest **out, rt_error *error)
{
    reader r = { .error = error, .layer = "" };
    *out = NULL;
    json_error_t where = {0};
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    if (!root && !where.text[0]) /* jansson gives no reason where it lacks memory */
        return no_memory(&r);
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
    for (size_t i = 0; i < m->nlate; i++) {
        free(m->late[i].weight);
        free(m->late[i].tensor);
    }
    free(m->late);
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
