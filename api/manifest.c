/* manifest: what a compiled program says of itself, as JSON; docs/manifest.md describes it. Members and elements come
 * in a fixed order, so that equal programs give equal bytes. */
#include "api/compile.h"

#include <string.h>

void api_json_string(ir_text *out, const char *text)
{
    ir_text_add(out, "\"");
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') ir_text_add(out, "\\%c", c);
        else if (c < 0x20) ir_text_add(out, "\\u%04x", c);
        else ir_text_add_bytes(out, text, 1);
    }
    ir_text_add(out, "\"");
}

static void add_member(ir_text *out, const char *key, const char *value, const char *end)
{
    ir_text_add(out, "\"%s\":", key);
    api_json_string(out, value);
    ir_text_add(out, "%s", end);
}

static void add_shape(ir_text *out, const ir_type *type)
{
    ir_text_add(out, "\"shape\":[");
    for (int i = 0; i < type->rank; i++) {
        ir_text_add(out, "%s", i ? "," : "");
        api_json_string(out, ir_extent_text(type->dims[i]));
    }
    ir_text_add(out, "]");
}

static void add_ports(ir_text *out, const char *key, const api_port *ports, size_t count)
{
    ir_text_add(out, ",\"%s\":[", key);
    for (size_t i = 0; i < count; i++) {
        ir_text_add(out, "%s\n   {", i ? "," : "");
        add_member(out, "name", ports[i].name, ",");
        add_member(out, "dtype", ir_dtype_of(ports[i].type->dtype)->name, ",");
        add_shape(out, ports[i].type);
        ir_text_add(out, "}");
    }
    ir_text_add(out, "]");
}

static void add_layer(ir_text *out, const api_face *face, const char *prefix)
{
    ir_text_add(out, "\n  {");
    add_member(out, "name", face->name, ",");
    ir_text_add(out, "\"symbol\":");
    api_json_string(out, ir_format(out->arena, "%s%s", prefix, face->name));
    ir_text_add(out, ",\"dims\":[");
    for (size_t i = 0; i < face->ndims; i++) {
        ir_text_add(out, "%s", i ? "," : "");
        api_json_string(out, face->dims[i]->name);
    }
    ir_text_add(out, "]");
    add_ports(out, "inputs", face->in, face->nin);
    add_ports(out, "outputs", face->out, face->nout);
    ir_text_add(out, ",\n   ");
    add_member(out, "scratch", ir_extent_text(face->scratch), "}");
}

static spc_status add_layers(spc_session *s, api_program *program, ir_text *out, const char *prefix)
{
    const char *before = "";
    ir_text_add(out, ",\n \"layers\":[");
    for (const ir_func *f = program->module->funcs; f; f = f->next) {
        api_face face;
        if (f->form != IR_GRAPH) continue;
        spc_status status = api_face_of(s, program->module, f, &face);
        if (status) return status;
        ir_text_add(out, "%s", before);
        add_layer(out, &face, prefix);
        before = ",";
    }
    ir_text_add(out, "]");
    return SPC_OK;
}

static void add_dims(ir_text *out, const ir_module *m)
{
    ir_text_add(out, ",\n \"dims\":[");
    for (const ir_dim *d = m->dims; d; d = d->next) {
        ir_text_add(out, "%s\n  {", d == m->dims ? "" : ",");
        add_member(out, "name", d->name, ",");
        ir_text_add(out, "\"lo\":%lld,\"hi\":%lld,\"step\":%lld}", (long long)d->lo, (long long)d->hi, (long long)d->step);
    }
    ir_text_add(out, "]");
}

/* What whoever loads the module needs to pack the weight as the kernels want it. */
static void add_recipe(const spc_session *s, ir_text *out, const ir_packing *p)
{
    const api_weight *w = api_weight_find(s, p->weight);
    rt_array_info arrays[RT_MAX_ARRAYS] = {rt_plain_array((spc_dtype)p->type->dtype)};
    const int count = p->type->storage ? rt_storage_arrays(p->type->storage, arrays) : 1;
    if (w && w->pattern) add_member(out, "pattern", w->pattern, ",");
    if (w && w->scale) add_member(out, "scale", w->scale, ",");
    add_member(out, "tensor", w ? w->declaration.tensor : p->weight, "");
    if (p->type->storage) {
        const rt_storage_request *r = &p->type->storage->request;
        ir_text_add(out, ",\n   \"request\":{");
        add_member(out, "dtype", ir_dtype_of((ir_dtype)r->dtype)->name, ",");
        ir_text_add(out, "\"rows\":%lld,\"cols\":%lld,\"transposed\":%s,\"ktile\":%lld,\"nnz\":%lld,\"pad\":%lld,\"scale\":%d}",
                    (long long)r->rows, (long long)r->cols, r->transposed ? "true" : "false", (long long)r->ktile,
                    (long long)r->nnz, (long long)r->pad, r->crd_scale);
    }
    ir_text_add(out, ",\n   \"arrays\":[");
    for (int i = 0; i < count; i++) ir_text_add(out, "%s\"%s:%d\"", i ? "," : "", arrays[i].name, arrays[i].bits);
    ir_text_add(out, "]");
}

static void add_weights(const spc_session *s, ir_text *out, const ir_module *m)
{
    const bool late = api_binds_late(s, m);
    ir_text_add(out, ",\n \"weights\":[");
    for (const ir_packing *p = m->packings; p; p = p->next) {
        ir_text_add(out, "%s\n  {", p == m->packings ? "" : ",");
        add_member(out, "name", p->name, ",");
        add_member(out, "weight", p->weight, ",");
        add_member(out, "dtype", ir_dtype_of(p->type->dtype)->name, ",");
        add_shape(out, p->type);
        ir_text_add(out, ",");
        add_member(out, "storage", p->type->storage ? p->type->storage->request.name : "plain", ",");
        ir_text_add(out, "\"embedded\":%s", late ? "false,\n   " : "true");
        if (late) add_recipe(s, out, p);
        ir_text_add(out, "}");
    }
    ir_text_add(out, "]");
}

static void add_kernels(ir_text *out, const ir_module *m)
{
    const char *before = "";
    ir_text_add(out, ",\n \"kernels\":[");
    for (const ir_func *f = m->funcs; f; f = f->next) {
        if (f->form != IR_KERNEL) continue;
        ir_text_add(out, "%s\n  {", before);
        add_member(out, "name", f->name, ",");
        add_member(out, "plan", f->plan ? f->plan : "", "}");
        before = ",";
    }
    ir_text_add(out, "]");
}

spc_status api_manifest(spc_session *s, api_program *program, const char *prefix, const char **result)
{
    ir_text out;
    char features[1024];
    ir_text_init(&out, program->arena);
    rt_features_print(program->target.features, features, sizeof features);
    ir_text_add(&out, "{\"abi\":1,\"spc\":\"%s\",\n ", SPC_VERSION);
    add_member(&out, "cpu", program->target.name, ",");
    add_member(&out, "features", features, "");
    add_dims(&out, program->module);
    spc_status status = add_layers(s, program, &out, prefix);
    add_weights(s, &out, program->module);
    add_kernels(&out, program->module);
    ir_text_add(&out, "}\n");
    *result = out.data;
    return status;
}
