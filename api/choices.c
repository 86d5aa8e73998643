/* choices: see choices.h. */
#include "api/choices.h"

#include <string.h>

enum { MAX_CHOICES = 4096 };

/* What is read into. A value of a dim that belongs to another layer goes nowhere. */
typedef struct reader {
    spc_session *session;
    const api_face *face;
    const ir_module *module;
    api_choices *choices;
} reader;

enum { NO_DIM = -1, ANOTHERS = -2 };

static bool take_value(const char **text, int64_t *out)
{
    const char *c = *text;
    for (*out = 0; *c >= '0' && *c <= '9'; c++)
        if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, *c - '0', out) || *out > INT64_MAX / 2) return false;
    if (c == *text || (*c && *c != ',')) return false;
    *text = *c ? c + 1 : c;
    return true;
}

/* The dim named by the first len characters. */
static int find_dim(const reader *r, const char *text, size_t len)
{
    const api_choices *c = r->choices;
    for (size_t i = 0; i < c->count; i++)
        if (strlen(c->names[i]) == len && !strncmp(c->names[i], text, len)) return (int)i;
    return r->module && ir_dim_find(r->module, ir_strndup(r->session->arena, text, len)) ? ANOTHERS : NO_DIM;
}

static spc_status add_value(const reader *r, int dim, int64_t value)
{
    api_choices *c = r->choices;
    if (dim == ANOTHERS) return SPC_OK;
    if (c->value_count[dim] == MAX_CHOICES) return api_fail(r->session, SPC_E_ARG, "option dims", "over %d values", MAX_CHOICES);
    c->values[dim][c->value_count[dim]++] = value;
    return SPC_OK;
}

spc_status api_fail_dim(spc_session *s, const api_face *face, const char *name, size_t len)
{
    ir_text known;
    ir_text_init(&known, s->arena);
    for (size_t i = 0; i < face->ndims; i++) ir_text_add(&known, "%s%s", i ? ", " : "", face->dims[i]->name);
    return api_fail(s, SPC_E_ARG, "option dims", "layer \"%s\" has no dim \"%.*s\"; its dims are %s", face->name, (int)len, name,
                    known.len ? known.data : "none");
}

static spc_status add_values(const reader *r, const char *text)
{
    int dim = NO_DIM;
    while (text && *text) {
        const size_t len = strcspn(text, ",="), item = strcspn(text, ",");
        const char *start = text;
        int64_t value;
        if (text[len] == '=') {
            dim = find_dim(r, text, len);
            if (dim == NO_DIM)
                return api_fail_dim(r->session, r->face, text, len);
            text += len + 1;
        }
        if (dim == NO_DIM)
            return api_fail(r->session, SPC_E_ARG, "option dims", "\"%.*s\" is not of the form NAME=VALUE", (int)item, text);
        if (!take_value(&text, &value))
            return api_fail(r->session, SPC_E_ARG, "option dims", "\"%.*s\" gives no extent, a whole number from 0", (int)item, start);
        spc_status status = add_value(r, dim, value);
        if (status) return status;
    }
    return SPC_OK;
}

static spc_status require_dims(spc_session *s, const char *layer, api_choices *c)
{
    ir_text missing;
    ir_text_init(&missing, s->arena);
    c->all = 1;
    for (size_t i = 0; i < c->count; i++) {
        const size_t count = c->value_count[i];
        if (!count) ir_text_add(&missing, "%s%s", missing.len ? ", " : "", c->names[i]);
        if (count && c->all > MAX_CHOICES / count)
            return api_fail(s, SPC_E_ARG, "option dims", "over %d choices of dims", MAX_CHOICES);
        c->all *= count;
    }
    if (!missing.len) return SPC_OK;
    return api_fail(s, SPC_E_ARG, "option dims", "layer \"%s\" needs values of %s", layer, missing.data);
}

spc_status api_choices_given(spc_session *s, const api_face *face, const char *dims, const ir_module *m, api_choices *out)
{
    const reader r = {s, face, m, out};
    *out = (api_choices){.count = face->ndims, .names = IR_ARRAY(s->arena, const char *, face->ndims),
                         .value_count = IR_ARRAY(s->arena, size_t, face->ndims), .values = IR_ARRAY(s->arena, int64_t *, face->ndims)};
    for (size_t i = 0; i < out->count; i++) {
        out->names[i] = ir_strdup(s->arena, face->dims[i]->name);
        out->values[i] = IR_ARRAY(s->arena, int64_t, MAX_CHOICES);
    }
    return add_values(&r, dims);
}

spc_status api_choices_read(spc_session *s, const api_face *face, const char *dims, const ir_module *m, api_choices *out)
{
    spc_status status = api_choices_given(s, face, dims, m, out);
    return status ? status : require_dims(s, face->name, out);
}

api_dims api_choice(spc_session *s, const api_choices *c, size_t index)
{
    api_dims dims = {c->count, c->names, IR_ARRAY(s->arena, int64_t, c->count), NULL};
    ir_text text;
    ir_text_init(&text, s->arena);
    for (size_t i = c->count; i-- > 0; index /= c->value_count[i]) dims.values[i] = c->values[i][index % c->value_count[i]];
    for (size_t i = 0; i < c->count; i++)
        ir_text_add(&text, "%s%s=%lld", i ? "," : "", c->names[i], (long long)dims.values[i]);
    dims.text = text.data;
    return dims;
}
