/* bind: the weights of the program and the data bound to them.
 *
 * Data is checked against declaration and pattern as soon as both are known: at binding, or at loading if that comes
 * later. What is missing is only known when a layer is compiled; then all of it is named at once. Where nothing was
 * bound at all, weights are left to whoever loads the module. */
#include "api/session.h"

#include "backends/interp/interp.h"
#include "runtime/pattern.h"
#include <stdlib.h>
#include <string.h>

static const api_weight *find_in(const api_weight *list, const char *name)
{
    for (const api_weight *w = list; w; w = w->next)
        if (!strcmp(w->declaration.name, name)) return w;
    return NULL;
}

const api_weight *api_weight_find(const spc_session *s, const char *name)
{
    const api_weight *declared = find_in(s->weights, name);
    return declared ? declared : find_in(s->derived, name);
}

const rt_matrix *api_weight_matrix(void *session, const char *name)
{
    const api_weight *w = api_weight_find(session, name);
    return w && w->found ? &w->matrix : NULL;
}

/* ---- weights made of others ---- */

void api_weights_forget(spc_session *s)
{
    for (const api_weight *w = s->derived; w; w = w->next) free((void *)w->matrix.dense);
    s->derived = NULL;
}

/* The weight that a constant takes places of and does nothing else with; NULL: there is none. */
static const api_weight *weight_taken(const spc_session *s, const ir_func *constant)
{
    const ir_op *first = constant->body.first;
    for (const ir_op *op = first->next; op; op = op->next)
        if (op->code != IR_OP_take && op->code != IR_OP_output) return NULL;
    const api_weight *from = first->code == IR_OP_weight ? api_weight_find(s, first->name) : NULL;
    return from && from->whole ? from->whole : from;
}

spc_status api_weight_derive(void *session, const ir_module *m, const ir_func *constant)
{
    spc_session *s = session;
    rt_error error = {0};
    if (find_in(s->derived, constant->name)) return SPC_OK;
    api_weight *w = IR_NEW(s->arena, api_weight);
    w->declaration = (rt_declaration){.name = ir_strdup(s->arena, constant->name)};
    w->declaration.tensor = w->declaration.name;
    w->loc = constant->loc;
    if (interp_constant(m, constant, api_weight_matrix, s, &w->matrix, &error)) return api_fail_error(s, constant->name, &error);
    w->found = w->checked = true;
    w->whole = weight_taken(s, constant);
    w->pattern = w->whole ? w->whole->pattern : NULL;
    w->next = s->derived;
    s->derived = w;
    return SPC_OK;
}

bool api_binds_late(const spc_session *s, const ir_module *m) { return !s->bound && m->packings; }

static void add_weight(spc_session *s, const ir_op *op)
{
    api_weight **link = &s->weights;
    while (*link && strcmp((*link)->declaration.name, op->name)) link = &(*link)->next;
    if (*link) return;
    api_weight *w = IR_NEW(s->arena, api_weight);
    rt_declaration *d = &w->declaration;
    d->name = ir_strdup(s->arena, op->name);
    d->tensor = ir_strdup(s->arena, ir_get_str(op, "tensor", op->name));
    d->dtype = (spc_dtype)op->type->dtype;
    d->rank = op->type->rank;
    for (int i = 0; i < d->rank; i++) ir_extent_is_const(op->type->dims[i], &d->dims[i]);
    const char *pattern = ir_get_str(op, "pattern", NULL);
    const char *scale = ir_get_str(op, "scale", NULL);
    w->pattern = pattern ? ir_strdup(s->arena, pattern) : NULL;
    w->scale = scale ? ir_strdup(s->arena, scale) : NULL;
    w->loc = op->loc;
    *link = w;
}

void api_weights_collect(spc_session *s, const ir_module *m)
{
    for (const ir_func *f = m->funcs; f; f = f->next)
        for (const ir_op *op = f->form == IR_GRAPH ? f->body.first : NULL; op; op = op->next)
            if (op->code == IR_OP_weight) add_weight(s, op);
}

/* Axes of the violation as those of the tensor: a conv weight's column is its last three. */
static const char *element_place(spc_session *s, const api_weight *w, const rt_violation *v)
{
    const char *place = rt_weights_place(s->tensors, &w->declaration);
    return ir_format(s->arena, "%s[%lld, %lld]", place, (long long)v->row, (long long)v->col);
}

static spc_status report_violation(spc_session *s, const api_weight *w, const rt_pattern *pattern,
                                   const rt_violation *v)
{
    char text[256];
    rt_violation_print(pattern, v, text, sizeof text);
    ir_report_data(s->diags, IR_ERROR, element_place(s, w, v), "%s", text);
    ir_report(s->diags, IR_NOTE, w->loc, "declared here; prune the weights to the pattern (spc prune), or declare "
                                         "them unstructured");
    return SPC_E_PROGRAM;
}

static spc_status check_pattern(spc_session *s, api_weight *w)
{
    rt_pattern pattern;
    rt_violation violation;
    rt_error error;
    w->checked = true;
    if (!w->pattern) return SPC_OK;
    if (!rt_pattern_parse(w->pattern, &pattern, &error)) return api_fail_error(s, w->declaration.name, &error);
    rt_pattern_check(&pattern, &w->matrix, &violation);
    if (violation.surplus > 0) return report_violation(s, w, &pattern, &violation);
    if (violation.scattered)
        ir_report_data(s->diags, IR_WARNING, rt_weights_place(s->tensors, &w->declaration),
                       "under half of the zeros fall in the whole zero parts that the pattern %s promises", w->pattern);
    return SPC_OK;
}

/* rt_error texts of weights name the file and the tensor. */
static spc_status check_weight(spc_session *s, api_weight *w)
{
    rt_error error = {0};
    const rt_matrix before = w->matrix;
    spc_status status = rt_weights_find(s->tensors, &w->declaration, &w->matrix, &w->found, &error);
    /* A tensor from memory takes the place of one from a file. */
    if (before.dense != w->matrix.dense || before.values != w->matrix.values) w->checked = false;
    if (status || !w->found) {
        w->found = w->checked = false;
        w->matrix = (rt_matrix){0};
    }
    if (status) {
        status = api_fail_error(s, w->declaration.name, &error);
        ir_report(s->diags, IR_NOTE, w->loc, "declared here");
        return status;
    }
    return w->found && !w->checked ? check_pattern(s, w) : SPC_OK;
}

spc_status api_weights_check(spc_session *s)
{
    spc_status first = SPC_OK;
    for (api_weight *w = s->weights; w; w = w->next) {
        spc_status status = check_weight(s, w);
        if (!first) first = status;
    }
    s->bad_weights = first;
    return first;
}

static bool is_missing(const spc_session *s, const ir_op *op)
{
    const api_weight *w = op->code == IR_OP_weight ? api_weight_find(s, op->name) : NULL;
    return w && !w->found;
}

/* The first use of a weight reports it; a weight used by several layers is one missing tensor. */
static bool used_before(const ir_module *m, const ir_func *in, const ir_op *at)
{
    for (const ir_func *f = m->funcs; f; f = f->next)
        for (const ir_op *op = f->form == IR_GRAPH ? f->body.first : NULL; op; op = op->next) {
            if (f == in && op == at) return false;
            if (op->code == IR_OP_weight && !strcmp(op->name, at->name)) return true;
        }
    return false;
}

static void report_missing(spc_session *s, const ir_op *op)
{
    char alike[256];
    const api_weight *w = api_weight_find(s, op->name);
    const size_t count = rt_weights_alike(s->tensors, &w->declaration, alike, sizeof alike);
    const char *way = !*alike ? "bind one that has it"
                             : ir_format(s->arena, "they have %s%s of its shape: name the tensor with from \"...\", bind a file that has it",
                                         alike, count > 3 ? ", ..." : "");
    ir_report(s->diags, IR_ERROR, op->loc, "no data for weight \"%s\": tensor \"%s\" is in none of the weights files; %s, or the tensor "
              "alone as %s=FILE", op->name, w->declaration.tensor, way, op->name);
}

spc_status api_weights_require(spc_session *s, const ir_module *m)
{
    spc_status status = s->bad_weights;
    for (const ir_func *f = m->funcs; f; f = f->next)
        for (const ir_op *op = f->form == IR_GRAPH ? f->body.first : NULL; op; op = op->next) {
            if (!is_missing(s, op) || used_before(m, f, op)) continue;
            report_missing(s, op);
            status = SPC_E_PROGRAM;
        }
    return status;
}

/* What is refused now is taken back, so that the right data can be bound after it. */
static spc_status bound(spc_session *s, spc_status status, const char *place, const rt_error *error)
{
    const bool was_bad = s->bad_weights != SPC_OK;
    if (status) return api_fail_error(s, place, error);
    s->bound = true;
    api_weights_forget(s);
    if (s->loaded) status = api_weights_check(s);
    if (status && !was_bad) {
        rt_weights_take_back(s->tensors);
        api_weights_check(s);
    }
    return status;
}

static spc_status bind_tensor(spc_session *s, const char *weight, const spc_tensor *tensor)
{
    rt_error error = {0};
    if (s->loaded && !api_weight_find(s, weight))
        return api_fail(s, SPC_E_ARG, s->source->name, "no layer uses a weight \"%s\"", weight);
    return bound(s, rt_weights_add_tensor(s->tensors, weight, tensor, &error), weight, &error);
}

RT_EXPORT spc_status spc_bind(spc_session *s, const char *weight, const spc_tensor *dense)
{
    API_GUARD(s);
    if (!weight || !dense) return api_fail(s, SPC_E_ARG, NULL, "spc_bind needs a weight's name and a tensor");
    return bind_tensor(s, weight, dense);
}

/* NAME=FILE where NAME is an SDL name (or that + ".scale"); otherwise the whole is a path. */
static bool names_weight(const char *spec, size_t *len)
{
    *len = strcspn(spec, "=");
    if (!spec[*len] || *len == 0 || (spec[0] >= '0' && spec[0] <= '9')) return false;
    for (size_t i = 0; i < *len; i++) {
        const char c = spec[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.'))
            return false;
    }
    return true;
}

static spc_status bind_file(spc_session *s, const char *spec)
{
    rt_error error = {0};
    size_t len;
    const bool named = names_weight(spec, &len);
    const char *path = named ? spec + len + 1 : spec;
    if (named && s->loaded) {
        const char *name = ir_strndup(s->arena, spec, len);
        if (!api_weight_find(s, name))
            return api_fail(s, SPC_E_ARG, spec, "no layer of %s uses a weight \"%s\"", s->source->name, name);
    }
    spc_status status = rt_weights_add_file(s->tensors, spec, &error);
    if (!status) api_note_input(s, path);
    return bound(s, status, path, &error);
}

RT_EXPORT spc_status spc_bind_file(spc_session *s, const char *path)
{
    API_GUARD(s);
    if (!path) return api_fail(s, SPC_E_ARG, NULL, "spc_bind_file needs a path");
    return bind_file(s, path);
}
