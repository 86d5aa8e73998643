/* wisdom_text: wisdom as JSON, {"spc wisdom": 1, "plans": [{...}]}, a member for each field of wisdom.def. A text comes
 * from anywhere: all of it is checked before any record is handed on. */
#include "runtime/wisdom.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT = 1 };

struct rt_wisdom_writer {
    json_t *root, *plans;
};

rt_wisdom_writer *rt_wisdom_writer_new(void)
{
    rt_wisdom_writer *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->root = json_object();
    w->plans = json_array();
    if (w->root && w->plans && !json_object_set_new(w->root, "spc wisdom", json_integer(FORMAT)) &&
        !json_object_set(w->root, "plans", w->plans))
        return w;
    rt_wisdom_writer_free(w);
    return NULL;
}

static json_t *field_value(const rt_record *record, const rt_field *f)
{
    const void *value = (const char *)record + f->offset;
    if (f->kind == RT_FIELD_text)
        return json_string(*(const rt_wisdom_text *)value);
    if (f->kind == RT_FIELD_time)
        return isfinite(*(const double *)value) ? json_real(*(const double *)value) : json_null();
    return f->kind == RT_FIELD_flag ? json_boolean(*(const int64_t *)value) : json_integer(*(const int64_t *)value);
}

bool rt_wisdom_write(void *writer, const rt_record *record)
{
    rt_wisdom_writer *w = writer;
    json_t *object = json_object();
    bool good = object != NULL;
    for (int i = 0; rt_field_at(i) && good; i++)
        good = !json_object_set_new(object, rt_field_at(i)->name, field_value(record, rt_field_at(i)));
    return !json_array_append_new(w->plans, object) && good;
}

char *rt_wisdom_written(rt_wisdom_writer *w)
{
    char *text = json_dumps(w->root, JSON_INDENT(1)), *grown = NULL;
    const size_t len = text ? strlen(text) : 0;
    if (text && (grown = realloc(text, len + 2))) memcpy(grown + len, "\n", 2);
    if (!grown) free(text);
    return grown;
}

void rt_wisdom_writer_free(rt_wisdom_writer *w)
{
    if (!w)
        return;
    json_decref(w->plans);
    json_decref(w->root);
    free(w);
}

/* ---- reading ---- */

static bool read_field(const json_t *value, const rt_field *f, rt_record *out)
{
    void *to = (char *)out + f->offset;
    if (f->kind == RT_FIELD_text) {
        if (!json_is_string(value) || json_string_length(value) > RT_WISDOM_TEXT || strlen(json_string_value(value)) != json_string_length(value))
            return false;
        *(rt_wisdom_text *)to = json_string_value(value);
    } else if (f->kind == RT_FIELD_time) {
        const double ns = json_is_null(value) ? NAN : json_number_value(value);
        if (!json_is_null(value) && (!json_is_number(value) || !(ns > 0) || !isfinite(ns)))
            return false;
        *(double *)to = ns;
    } else if (f->kind == RT_FIELD_flag) {
        if (!json_is_boolean(value))
            return false;
        *(int64_t *)to = json_is_true(value);
    } else {
        if (!json_is_integer(value) || json_integer_value(value) < 0)
            return false;
        *(int64_t *)to = json_integer_value(value);
    }
    return true;
}

static spc_status read_plan(const json_t *object, size_t index, rt_record *out, rt_error *e)
{
    static const char *const kinds[] = {[RT_FIELD_text] = "a text of at most 65536 bytes", [RT_FIELD_count] = "a whole number, 0 or more",
                                        [RT_FIELD_flag] = "true or false", [RT_FIELD_time] = "a number above 0, or null"};
    for (int i = 0; rt_field_at(i); i++) {
        const rt_field *f = rt_field_at(i);
        const json_t *value = json_object_get(object, f->name);
        if (!value || !read_field(value, f, out))
            return rt_fail(e, SPC_E_PROGRAM, "plan %zu: \"%s\" must be %s", index, f->name, kinds[f->kind]);
    }
    return SPC_OK;
}

static spc_status read_plans(const json_t *root, rt_record_fn *call, void *ctx, rt_error *e)
{
    const json_t *format = json_object_get(root, "spc wisdom"), *plans = json_object_get(root, "plans");
    spc_status status = SPC_OK;
    rt_record record;
    if (!json_is_integer(format) || !json_is_array(plans))
        return rt_fail(e, SPC_E_PROGRAM, "it holds no wisdom: want {\"spc wisdom\": %d, \"plans\": [...]}", FORMAT);
    if (json_integer_value(format) != FORMAT)
        return rt_fail(e, SPC_E_PROGRAM, "it was written by a later version of spc");
    for (size_t i = 0; i < json_array_size(plans) && !status; i++)
        status = read_plan(json_array_get(plans, i), i, &record, e);
    for (size_t i = 0; i < json_array_size(plans) && !status; i++) {
        status = read_plan(json_array_get(plans, i), i, &record, e);
        if (!status && !call(ctx, &record))
            break;
    }
    return status;
}

spc_status rt_wisdom_read(const char *text, size_t len, rt_record_fn *call, void *ctx, rt_error *e)
{
    json_error_t where;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
    if (!root)
        return rt_fail(e, SPC_E_PROGRAM, "it is no JSON: line %d, column %d: %s", where.line, where.column, where.text);
    spc_status status = read_plans(root, call, ctx, e);
    json_decref(root);
    return status;
}
