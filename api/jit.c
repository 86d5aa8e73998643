/* jit: a program in this process, as a module that outlives the session: compiled code, the interpreter over the
 * kernels, or the reference that runs the graph as it was written.
 *
 * The module owns the whole program: arena, code and a copy of the weights. */
#include "api/compile.h"

#include "backends/interp/interp.h"
#include "runtime/module.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Symbols of code in memory: no layer's name can meet one of libc there. */
const char api_jit_prefix[] = "spc_jit_";

static void release_program(void *program) { api_program_free(program); }

static spc_status copy_weights(spc_session *s, api_program *program)
{
    const size_t bytes = (size_t)program->layout.bytes + IR_LAYOUT_ALIGN;
    program->weights = aligned_alloc(IR_LAYOUT_ALIGN, bytes / IR_LAYOUT_ALIGN * IR_LAYOUT_ALIGN);
    if (!program->weights) return api_out_of_memory(s);
    ir_layout_write(&program->layout, program->weights);
    return SPC_OK;
}

/* ---- compiled ---- */

static void *native_symbol(void *ctx, const char *name)
{
    const api_program *program = ctx;
    return program->backend->symbol(program->image, name);
}

static spc_status load_native(spc_session *s, api_program *program)
{
    rt_error error = {0};
    spc_status status = api_make_objects(s, program, api_jit_prefix);
    if (status) return status;
    status = program->backend->load(program->objects, program->object_count, program->weights, &program->image, &error);
    return status ? api_fail_error(s, NULL, &error) : SPC_OK;
}

/* ---- interpreted ---- */

static int call_entry(void *ctx, const char *layer, const uint64_t *words, size_t count, rt_error *error)
{
    (void)error;
    const api_program *program = ctx;
    const ir_func *entry = ir_func_find(program->module, IR_ENTRY, layer);
    return entry ? interp_entry(program->module, entry, words, count, program->weights) : SPC_E_INTERNAL;
}

/* ---- reference ---- */

enum { MAX_VALUES = 128 };

typedef struct reference_call {
    const api_program *program;
    const char *names[MAX_VALUES];
    int64_t dims[MAX_VALUES]; /* of the whole module, in order */
    size_t dim_count;
    spc_tensor in[MAX_VALUES], out[MAX_VALUES];
    const void *const *weights; /* where they are bound late */
} reference_call;

static const void *reference_weight(void *ctx, const char *weight)
{
    const reference_call *call = ctx;
    const api_program *program = call->program;
    char name[512];
    if (snprintf(name, sizeof name, "%s/values", weight) >= (int)sizeof name) return NULL;
    const ir_layout_piece *piece = ir_layout_find(&program->layout, name);
    if (!piece) return NULL;
    return program->late ? call->weights[piece - program->layout.pieces] : (const char *)program->weights + piece->offset;
}

static bool bind_tensor(const reference_call *call, const ir_type *type, uint64_t address, spc_tensor *out)
{
    *out = (spc_tensor){.data = (void *)(uintptr_t)address, .dtype = (spc_dtype)type->dtype, .rank = type->rank};
    for (int i = 0; i < type->rank; i++)
        if (!rt_extent_eval(ir_extent_text(type->dims[i]), call->names, call->dims, call->dim_count, &out->dims[i]))
            return false;
    return true;
}

static bool bind_dims(reference_call *call, const api_face *face, const uint64_t *words)
{
    for (const ir_dim *d = call->program->module->dims; d; d = d->next) {
        if (call->dim_count == MAX_VALUES) return false;
        call->names[call->dim_count] = d->name;
        for (size_t i = 0; i < face->ndims; i++)
            if (face->dims[i] == d) call->dims[call->dim_count] = (int64_t)words[i];
        call->dim_count++;
    }
    return true;
}

static int call_reference(const api_program *program, const api_face *face, const uint64_t *words, rt_error *error)
{
    reference_call *call = calloc(1, sizeof *call);
    if (!call) return SPC_E_NOMEM;
    call->program = program;
    bool good = face->nin <= MAX_VALUES && face->nout <= MAX_VALUES && bind_dims(call, face, words);
    const uint64_t *address = words + face->ndims;
    for (size_t i = 0; good && i < face->nin; i++) good = bind_tensor(call, face->in[i].type, *address++, &call->in[i]);
    for (size_t i = 0; good && i < face->nout; i++) good = bind_tensor(call, face->out[i].type, *address++, &call->out[i]);
    const spc_exec *exec = (const spc_exec *)(uintptr_t)words[face->ndims + face->nin + face->nout];
    call->weights = program->late && exec ? exec->weights : NULL;
    good = good && (!program->late || call->weights);
    const int status = good ? (int)interp_graph(program->module, face->graph, call->dims, reference_weight, call, call->in,
                                                call->out, error)
                            : SPC_E_ARG;
    free(call);
    return status;
}

static int call_graph(void *ctx, const char *layer, const uint64_t *words, size_t count, rt_error *error)
{
    const api_program *program = ctx;
    for (size_t i = 0; i < program->face_count; i++) {
        const api_face *face = &program->faces[i];
        if (!strcmp(face->name, layer) && count > face->ndims + face->nin + face->nout)
            return call_reference(program, face, words, error);
    }
    return SPC_E_INTERNAL;
}

/* Faces are gathered beforehand, since calls may come from many threads. Every weight is laid out plain. */
static spc_status prepare_reference(spc_session *s, api_program *program)
{
    ir_module *m = program->module;
    size_t count = 0;
    for (const ir_func *f = m->funcs; f; f = f->next) count++;
    program->faces = IR_ARRAY(program->arena, api_face, count);
    for (const ir_func *f = m->funcs; f; f = f->next) {
        spc_status status = api_face_of(s, m, f, &program->faces[program->face_count++]);
        if (status) return status;
        for (const ir_op *op = f->body.first; op; op = op->next)
            if (op->code == IR_OP_weight) ir_packing_of(m, op->name, op->type);
    }
    return SPC_OK;
}

/* What only making the module needed. The reference finds weights by the layout's names. */
static void shed(api_program *program, bool keep_layout)
{
    for (size_t i = 0; i < program->object_count; i++) free(program->objects[i].data);
    program->object_count = 0;
    if (keep_layout || !program->laid) return;
    ir_layout_free(&program->layout);
    program->laid = false;
}

/* ---- which ---- */

typedef struct jit_job {
    rt_code code;
    api_work *inspect;
    void *ctx;
    bool reference, interp;
} jit_job;

static spc_status prepare(spc_session *s, api_program *program, void *object)
{
    jit_job *job = object;
    const bool native = !job->reference && !job->interp;
    spc_status status = job->reference ? prepare_reference(s, program) : SPC_OK;
    if (!status) status = api_lay_out(s, program);
    if (!status && job->inspect) status = job->inspect(s, program, job->ctx);
    if (!status) status = copy_weights(s, program);
    if (!status && native) status = load_native(s, program);
    if (!status) status = api_manifest(s, program, native ? api_jit_prefix : "", &program->manifest);
    shed(program, job->reference);
    job->code = (rt_code){.ctx = program, .release = release_program};
    if (native) job->code.symbol = native_symbol;
    else job->code.call = job->reference ? call_graph : call_entry;
    return status;
}

spc_status api_jit(spc_session *s, api_work *inspect, void *ctx, spc_module **out)
{
    const char *chosen = api_option_value(s, API_backend);
    const char *backend = chosen || be_at(0) ? chosen : "interp"; /* a build without code generators runs all the same */
    jit_job job = {.inspect = inspect, .ctx = ctx, .reference = backend && !strcmp(backend, "reference"), .interp = backend && !strcmp(backend, "interp")};
    api_need need = {0};
    api_program *program = NULL;
    rt_error error = {0};
    spc_status status = job.reference ? api_select(s, &need, &program) : api_lower(s, &need, &program);
    if (!status) status = api_program_guarded(s, program, prepare, &job);
    if (!status) {
        api_program_disown(s, program);
        if (rt_module_new(program->manifest, &job.code, out, &error)) status = api_fail_error(s, NULL, &error);
    }
    api_programs_drop(s);
    return status;
}

RT_EXPORT spc_status spc_jit(spc_session *s, spc_module **out)
{
    if (out) *out = NULL;
    API_GUARD(s);
    return out ? api_jit(s, NULL, NULL, out) : api_fail(s, SPC_E_ARG, NULL, "spc_jit needs a place for the module");
}
