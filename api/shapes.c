/* shapes: the faces of layers for hosts that know them at run time only: signatures, and the shapes of results. */
#include "api/compile.h"

#include "api/choices.h"
#include "runtime/extent_eval.h"
#include "runtime/module.h"
#include "runtime/weights.h"
#include <stdlib.h>
#include <string.h>

/* ---- signatures ---- */

static spc_value *values_of(spc_session *s, const api_port *ports, size_t count)
{
    spc_value *values = IR_ARRAY(s->arena, spc_value, count);
    for (size_t i = 0; i < count; i++) {
        const ir_type *type = ports[i].type;
        values[i] = (spc_value){ir_strdup(s->arena, ports[i].name), (spc_dtype)type->dtype, type->rank, {0}};
        for (int k = 0; k < type->rank; k++) values[i].extents[k] = ir_strdup(s->arena, ir_extent_text(type->dims[k]));
    }
    return values;
}

static spc_status sign(spc_session *s, api_program *program, void *out)
{
    spc_signature *signature = out;
    api_face face;
    const ir_func *graph = ir_func_find(program->module, IR_GRAPH, signature->layer);
    spc_status status = api_face_of(s, program->module, graph, &face);
    if (status) return status;
    spc_dim *dims = IR_ARRAY(s->arena, spc_dim, face.ndims);
    for (size_t i = 0; i < face.ndims; i++) {
        const ir_dim *d = face.dims[i];
        dims[i] = (spc_dim){ir_strdup(s->arena, d->name), d->lo, d->hi, d->step};
    }
    *signature = (spc_signature){signature->layer, face.nin, face.nout, face.ndims, values_of(s, face.in, face.nin),
                                 values_of(s, face.out, face.nout), dims};
    return SPC_OK;
}

static const spc_signature *layer_at(spc_session *s, size_t index)
{
    api_program *program;
    if (api_program_peek(s, &program)) return NULL;
    const ir_func *f = program->module->funcs;
    while (f && index--) f = f->next;
    if (!f) return NULL;
    spc_signature *signature = IR_NEW(s->arena, spc_signature);
    signature->layer = ir_strdup(s->arena, f->name);
    return api_program_guarded(s, program, sign, signature) ? NULL : signature;
}

RT_EXPORT const spc_signature *spc_layer_at(spc_session *s, size_t index)
{
    if (!s) return NULL;
    if (setjmp(*ir_guard(s->arena))) {
        api_out_of_memory(s);
        return NULL;
    }
    return layer_at(s, index);
}

/* ---- dims ---- */

typedef struct solver {
    spc_session *session;
    const api_face *face;
    const ir_module *others; /* dims of other layers of it are passed over; NULL: they are errors */
    const char **names;
    int64_t *values;
    bool *known;
} solver;

static int find_dim(const solver *sv, const char *name, size_t len)
{
    for (size_t i = 0; i < sv->face->ndims; i++)
        if (strlen(sv->names[i]) == len && !strncmp(sv->names[i], name, len)) return (int)i;
    return -1;
}

static bool is_others(const solver *sv, const char *name, size_t len)
{
    for (const ir_dim *d = sv->others ? sv->others->dims : NULL; d; d = d->next)
        if (strlen(d->name) == len && !strncmp(d->name, name, len)) return true;
    return false;
}

/* "batch=8,n=3": one value each. */
static spc_status read_dims(solver *sv, const char *text)
{
    while (text && *text) {
        const char *equals = strchr(text, '=');
        const size_t len = equals ? (size_t)(equals - text) : strlen(text);
        const int dim = equals ? find_dim(sv, text, len) : -1;
        if (!equals)
            return api_fail(sv->session, SPC_E_ARG, "option dims", "\"%s\" is not of the form NAME=VALUE; each dim has one value here", text);
        if (dim < 0 && !is_others(sv, text, len))
            return api_fail_dim(sv->session, sv->face, text, len);
        char *end;
        const long long value = strtoll(equals + 1, &end, 10);
        if (end == equals + 1 || value < 0 || (*end && *end != ',') || value > INT64_MAX / 2)
            return api_fail(sv->session, SPC_E_ARG, "option dims", "\"%s\" gives no extent, a whole number from 0", text);
        if (dim >= 0) {
            sv->values[dim] = value;
            sv->known[dim] = true;
        }
        text = *end ? end + 1 : end;
    }
    return SPC_OK;
}

static const char *shape_text(ir_arena *arena, const spc_tensor *t)
{
    ir_text out;
    ir_text_init(&out, arena);
    if (t->rank < 0 || t->rank > IR_MAX_RANK) return "not a tensor";
    ir_text_add(&out, "%s[", rt_dtype_name(t->dtype));
    for (int i = 0; i < t->rank; i++) ir_text_add(&out, "%s%lld", i ? "," : "", (long long)t->dims[i]);
    ir_text_add(&out, "]");
    return out.data;
}

static spc_status wrong_input(const solver *sv, const api_port *port, const spc_tensor *t, const char *detail)
{
    ir_arena *arena = sv->session->arena;
    return api_fail(sv->session, SPC_E_PROGRAM, ir_format(arena, "input %s", port->name), "it is %s, declared is %s%s",
                    shape_text(arena, t), ir_print_type(port->type, arena), detail);
}

static spc_status solve_input(solver *sv, const api_port *port, const spc_tensor *t)
{
    const ir_type *type = port->type;
    ir_arena *arena = sv->session->arena;
    if ((int)t->dtype != (int)type->dtype)
        return wrong_input(sv, port, t, ir_format(arena, "; convert it to %s", rt_dtype_name((spc_dtype)type->dtype)));
    if (t->rank != type->rank) return wrong_input(sv, port, t, "");
    for (int i = 0; i < type->rank; i++) {
        const char *name;
        if (t->dims[i] < 0) return wrong_input(sv, port, t, "");
        if (!ir_extent_is_dim(type->dims[i], &name)) continue;
        const int dim = find_dim(sv, name, strlen(name));
        if (dim < 0) return SPC_E_INTERNAL;
        if (sv->known[dim] && sv->values[dim] != t->dims[i])
            return wrong_input(sv, port, t, ir_format(arena, ", and %s is %lld already", name, (long long)sv->values[dim]));
        sv->values[dim] = t->dims[i];
        sv->known[dim] = true;
    }
    return SPC_OK;
}

/* Dims that compound extents of the input tell, once the bare ones are known. */
static bool solve_compound(solver *sv, const api_port *port, const spc_tensor *t)
{
    bool progress = false;
    for (int i = 0; i < port->type->rank; i++) {
        size_t dim;
        int64_t value;
        if (rt_extent_solve(ir_extent_text(port->type->dims[i]), sv->names, sv->values, sv->known, sv->face->ndims,
                            t->dims[i], &dim, &value) != RT_SOLVED)
            continue;
        sv->values[dim] = value;
        sv->known[dim] = true;
        progress = true;
    }
    return progress;
}

static void solve_all_compound(solver *sv, const spc_tensor *in)
{
    for (bool progress = true; progress;) {
        progress = false;
        for (size_t i = 0; i < sv->face->nin; i++) progress |= solve_compound(sv, &sv->face->in[i], &in[i]);
    }
}

static spc_status check_dim(const solver *sv, size_t i)
{
    const ir_dim *d = sv->face->dims[i];
    const int64_t value = sv->values[i];
    if (!sv->known[i])
        return api_fail(sv->session, SPC_E_ARG, NULL, "layer \"%s\": the inputs do not show dim \"%s\"; give --dim %s=VALUE",
                        sv->face->name, d->name, d->name);
    if (value >= d->lo && value <= d->hi && (value - d->lo) % d->step == 0) return SPC_OK;
    return api_fail(sv->session, SPC_E_PROGRAM, ir_format(sv->session->arena, "dim %s", d->name),
                    "it is %lld, declared is %lld..%lld step %lld", (long long)value, (long long)d->lo, (long long)d->hi,
                    (long long)d->step);
}

static bool evaluate(const solver *sv, const ir_extent *extent, int64_t *out)
{
    return rt_extent_eval(ir_extent_text(extent), sv->names, sv->values, sv->face->ndims, out) && *out >= 0;
}

static spc_status check_input(const solver *sv, const api_port *port, const spc_tensor *t)
{
    int64_t value;
    for (int i = 0; i < port->type->rank; i++)
        if (!evaluate(sv, port->type->dims[i], &value) || value != t->dims[i]) return wrong_input(sv, port, t, "");
    return SPC_OK;
}

static spc_status shape_port(const solver *sv, const char *what, const api_port *port, spc_tensor *t)
{
    t->dtype = (spc_dtype)port->type->dtype;
    t->rank = port->type->rank;
    for (int i = 0; i < t->rank; i++)
        if (!evaluate(sv, port->type->dims[i], &t->dims[i]))
            return api_fail(sv->session, SPC_E_PROGRAM, ir_format(sv->session->arena, "%s %s", what, port->name),
                            "its extent %s is no whole number at least 0 for these dims",
                            ir_extent_text(port->type->dims[i]));
    return SPC_OK;
}

/* One place more than dims, for "threads". */
static solver new_solver(spc_session *s, const api_face *face)
{
    const size_t room = face->ndims + 1;
    solver sv = {s, face, NULL, IR_ARRAY(s->arena, const char *, room), IR_ARRAY(s->arena, int64_t, room),
                 IR_ARRAY(s->arena, bool, room)};
    for (size_t i = 0; i < face->ndims; i++) sv.names[i] = face->dims[i]->name;
    return sv;
}

spc_status api_scratch_bytes(spc_session *s, const ir_module *m, const api_face *face, const char *dims, int64_t *out)
{
    solver sv = new_solver(s, face);
    sv.others = m;
    *out = -1;
    sv.names[face->ndims] = "threads";
    sv.values[face->ndims] = 1;
    spc_status status = read_dims(&sv, dims);
    bool all = !status;
    for (size_t i = 0; i < face->ndims; i++) all = all && sv.known[i];
    if (all && !rt_extent_eval(ir_extent_text(face->scratch), sv.names, sv.values, face->ndims + 1, out)) *out = -1;
    return status;
}

typedef struct shapes_job {
    const char *layer, *dims;
    const spc_tensor *in; /* NULL: the inputs' shapes are what is asked for */
    spc_tensor *out;
    size_t n_in, n_out;
} shapes_job;

static spc_status solve_inputs(solver *sv, const shapes_job *job)
{
    const api_face *face = sv->face;
    spc_status status = read_dims(sv, job->dims);
    for (size_t i = 0; i < face->ndims && !status; i++) status = check_dim(sv, i);
    for (size_t i = 0; i < face->nin && !status; i++) status = shape_port(sv, "input", &face->in[i], &job->out[i]);
    return status;
}

static spc_status solve(solver *sv, const shapes_job *job)
{
    const api_face *face = sv->face;
    spc_status status = read_dims(sv, job->dims);
    for (size_t i = 0; i < face->nin && !status; i++) status = solve_input(sv, &face->in[i], &job->in[i]);
    if (!status) solve_all_compound(sv, job->in);
    for (size_t i = 0; i < face->ndims && !status; i++) status = check_dim(sv, i);
    for (size_t i = 0; i < face->nin && !status; i++) status = check_input(sv, &face->in[i], &job->in[i]);
    for (size_t i = 0; i < face->nout && !status; i++) status = shape_port(sv, "result", &face->out[i], &job->out[i]);
    return status;
}

static spc_status shapes(spc_session *s, api_program *program, void *object)
{
    const shapes_job *job = object;
    api_face face;
    const ir_func *graph = ir_func_find(program->module, IR_GRAPH, job->layer);
    if (!graph) return api_fail(s, SPC_E_ARG, s->source->name, "there is no layer \"%s\"", job->layer);
    spc_status status = api_face_of(s, program->module, graph, &face);
    if (status) return status;
    if (face.nin != job->n_in || (job->in && face.nout != job->n_out))
        return api_fail(s, SPC_E_ARG, NULL, "layer \"%s\" has %zu inputs and %zu results, not %zu and %zu", job->layer,
                        face.nin, face.nout, job->n_in, job->n_out);
    solver sv = new_solver(s, &face);
    return job->in ? solve(&sv, job) : solve_inputs(&sv, job);
}

static spc_status find_shapes(spc_session *s, shapes_job *job)
{
    api_program *program;
    spc_status status = api_program_peek(s, &program);
    return status ? status : api_program_guarded(s, program, shapes, job);
}

spc_status api_result_shapes(spc_session *s, const char *layer, const char *dims, const spc_tensor *in, size_t n_in,
                             spc_tensor *out, size_t n_out)
{
    static const spc_tensor none = {0};
    shapes_job job = {layer, dims, in ? in : &none, out, n_in, n_out};
    if (!layer || (n_in && !in) || (n_out && !out)) return api_fail(s, SPC_E_ARG, NULL, "spc_shapes: a null argument");
    return find_shapes(s, &job);
}

spc_status api_input_shapes(spc_session *s, const char *layer, const char *dims, spc_tensor *in, size_t n_in)
{
    shapes_job job = {layer, dims, NULL, in, n_in, 0};
    if (!layer || (n_in && !in)) return api_fail(s, SPC_E_ARG, NULL, "spc_input_shapes: a null argument");
    return find_shapes(s, &job);
}

RT_EXPORT spc_status spc_shapes(spc_session *s, const char *layer, const char *dims, const spc_tensor *in, size_t n_in,
                                spc_tensor *out, size_t n_out)
{
    API_GUARD(s);
    return api_result_shapes(s, layer, dims, in, n_in, out, n_out);
}

RT_EXPORT spc_status spc_input_shapes(spc_session *s, const char *layer, const char *dims, spc_tensor *in, size_t n_in)
{
    API_GUARD(s);
    return api_input_shapes(s, layer, dims, in, n_in);
}

/* ---- which dims a layer takes ---- */

static bool keeps_contract(const solver *sv, size_t i)
{
    const ir_dim *d = sv->face->dims[i];
    return sv->values[i] >= d->lo && sv->values[i] <= d->hi && (sv->values[i] - d->lo) % d->step == 0;
}

/* The extents of the result, and what a require op asks. */
static bool op_takes(const solver *sv, const ir_op *op)
{
    int64_t value;
    for (int i = 0; i < op->type->rank; i++)
        if (!evaluate(sv, op->type->dims[i], &value)) return false;
    if (op->code != IR_OP_require) return true;
    const int64_t low = ir_get_int(op, "low", INT64_MIN), step = ir_get_int(op, "step", 1);
    if (!rt_extent_eval(ir_get_str(op, "value", ""), sv->names, sv->values, sv->face->ndims, &value)) return false;
    return value >= low && value <= ir_get_int(op, "high", INT64_MAX) && (step == 1 || (value - low) % step == 0);
}

typedef struct takes_job {
    const char *layer, *dims;
    int *takes;
} takes_job;

static spc_status try_dims(spc_session *s, api_program *program, void *object)
{
    const takes_job *job = object;
    api_face face;
    const ir_func *graph = ir_func_find(program->module, IR_GRAPH, job->layer);
    if (!graph) return api_fail(s, SPC_E_ARG, s->source->name, "there is no layer \"%s\"", job->layer);
    spc_status status = api_face_of(s, program->module, graph, &face);
    if (status) return status;
    solver sv = new_solver(s, &face);
    status = read_dims(&sv, job->dims);
    *job->takes = !status;
    for (size_t i = 0; i < face.ndims && !status; i++) {
        if (!sv.known[i]) status = check_dim(&sv, i);
        else *job->takes = *job->takes && keeps_contract(&sv, i);
    }
    for (const ir_op *op = graph->body.first; op && !status && *job->takes; op = op->next) *job->takes = op_takes(&sv, op);
    return status;
}

RT_EXPORT spc_status spc_takes_dims(spc_session *s, const char *layer, const char *dims, int *takes)
{
    API_GUARD(s);
    if (!layer || !takes) return api_fail(s, SPC_E_ARG, NULL, "spc_takes_dims: a null argument");
    takes_job job = {layer, dims, takes};
    api_program *program;
    spc_status status = api_program_peek(s, &program);
    return status ? status : api_program_guarded(s, program, try_dims, &job);
}
