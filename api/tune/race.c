/* race: candidates of one kernel at work. All get the same inputs; each one's results are compared with the first one's
 * before anything is timed. Inputs and results rotate through more memory than the first cache level holds. */
#include "api/buffers.h"
#include "api/tune/tune.h"

#include "runtime/dtype.h"
#include "runtime/module.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEED = 1 };
/* A gain of little when a kernel runs alone may be none among others, whose data fills the caches. */
static const double FAVOUR_FIRST = 0.96;
static const double FAVOUR_DENSE = 0.95; /* of a sparse plan and a dense one that are even, the dense one is simpler */

typedef struct course {
    tune_kernel *kernel;
    const tune_rules *rules;
    api_buffers buffers;
    size_t next; /* set of them */
    size_t nin, nout;
    spc_tensor *tensors; /* of the first set: inputs, then results */
    spc_tensor *expected; /* results of the first candidate */
    size_t word_count;
    uint64_t **words; /* of each set: dims, addresses, exec */
    spc_exec exec;
} course;

/* ---- buffers ---- */

static spc_status no_memory(spc_session *s) { return api_fail(s, SPC_E_NOMEM, NULL, "no memory for the tensors of the race"); }

static bool shape_of(const course *c, const ir_type *type, spc_tensor *out)
{
    const api_dims *dims = &c->kernel->dims;
    *out = (spc_tensor){.dtype = (spc_dtype)type->dtype, .rank = type->rank};
    for (int i = 0; i < type->rank; i++)
        if (!rt_extent_eval(ir_extent_text(type->dims[i]), dims->names, dims->values, dims->count, &out->dims[i]) || out->dims[i] < 0)
            return false;
    return true;
}

static spc_status shapes_of(const course *c, spc_tensor *shapes)
{
    const api_face *face = &c->kernel->candidates[0].face;
    bool good = true;
    for (size_t i = 0; i < c->nin; i++) good = good && shape_of(c, face->in[i].type, &shapes[i]);
    for (size_t i = 0; i < c->nout; i++) good = good && shape_of(c, face->out[i].type, &shapes[c->nin + i]);
    return good ? SPC_OK : api_fail(c->kernel->session, SPC_E_ARG, "option dims", "kernel %s has no shape at %s", c->kernel->name,
                                    c->kernel->dims.text);
}

static spc_status make_buffers(course *c)
{
    spc_session *session = c->kernel->session;
    const size_t each = c->nin + c->nout;
    spc_tensor *shapes = IR_ARRAY(session->arena, spc_tensor, each);
    spc_status status = shapes_of(c, shapes);
    if (!status) status = api_buffers_make(session, shapes, c->nin, c->nout, SEED, &c->buffers);
    c->tensors = c->buffers.tensors;
    c->expected = IR_ARRAY(session->arena, spc_tensor, each);
    return status;
}

static void release(course *c)
{
    ir_arena *arena = c->kernel->session->arena;
    api_buffers_release(c->kernel->session, &c->buffers);
    for (size_t i = 0; c->expected && i < c->nout; i++)
        if (c->expected[i].data) ir_release(arena, c->expected[i].data);
    if (c->exec.scratch) ir_release(arena, c->exec.scratch);
}

/* ---- calls ---- */

static spc_status make_scratch(course *c)
{
    tune_kernel *k = c->kernel;
    size_t most = 64;
    for (size_t i = 0; i < k->count; i++) {
        size_t bytes = 0;
        const tune_candidate *at = &k->candidates[i];
        spc_status status = spc_scratch_for(at->module, k->layer, c->tensors, c->nin, &c->exec, &bytes);
        if (status) return api_fail(k->session, status, NULL, "%s", spc_module_error(at->module));
        if (bytes > most) most = bytes;
    }
    c->exec.scratch = api_allocate(k->session, (int64_t)most);
    c->exec.scratch_bytes = most;
    return c->exec.scratch ? SPC_OK : no_memory(k->session);
}

/* The face of every candidate is the same: they differ in plans only. */
static void make_words(course *c)
{
    const api_face *face = &c->kernel->candidates[0].face;
    const api_dims *dims = &c->kernel->dims;
    ir_arena *arena = c->kernel->session->arena;
    const size_t each = c->nin + c->nout;
    c->word_count = face->ndims + each + 1;
    c->words = IR_ARRAY(arena, uint64_t *, c->buffers.sets);
    for (size_t set = 0; set < c->buffers.sets; set++) {
        uint64_t *word = c->words[set] = IR_ARRAY(arena, uint64_t, c->word_count);
        for (size_t i = 0; i < face->ndims; i++, word++)
            for (size_t d = 0; d < dims->count; d++)
                if (!strcmp(dims->names[d], face->dims[i]->name)) *word = (uint64_t)dims->values[d];
        for (size_t i = 0; i < each; i++) *word++ = (uintptr_t)c->tensors[set * each + i].data;
        *word = (uintptr_t)&c->exec;
    }
}

static bool call(void *ctx, size_t candidate, int64_t calls)
{
    course *c = ctx;
    const tune_candidate *at = &c->kernel->candidates[candidate];
    for (int64_t i = 0; i < calls; i++)
        if (rt_call_words(at->function, c->words[c->next++ % c->buffers.sets], c->word_count)) return false;
    return true;
}

/* ---- results ---- */

static double tolerance(spc_dtype dtype)
{
    return dtype == SPC_F64 ? 1e-10 : dtype == SPC_F32 ? 2e-4 : dtype == SPC_F16 ? 8e-3 : dtype == SPC_BF16 ? 6e-2 : 0;
}

/* Within the tolerance of the largest magnitude of the result; NaN equals NaN, infinities themselves. */
static bool agrees(const spc_tensor *got, const spc_tensor *want)
{
    const int64_t count = api_tensor_count(want);
    double most = 0;
    for (int64_t i = 0; i < count; i++) {
        const double value = fabs(rt_value_get(want->dtype, want->data, i));
        if (isfinite(value) && value > most) most = value;
    }
    for (int64_t i = 0; i < count; i++) {
        const double a = rt_value_get(got->dtype, got->data, i), b = rt_value_get(want->dtype, want->data, i);
        if (a == b || (isnan(a) && isnan(b))) continue;
        if (!(fabs(a - b) <= tolerance(want->dtype) * most)) return false;
    }
    return true;
}

static spc_status run_once(const course *c, const tune_candidate *at)
{
    return spc_run(at->module, c->kernel->layer, c->tensors, c->nin, c->tensors + c->nin, c->nout, &c->exec);
}

static spc_status expect(course *c)
{
    spc_session *s = c->kernel->session;
    const tune_candidate *first = &c->kernel->candidates[0];
    spc_status status = run_once(c, first);
    if (status) return api_fail(s, status, NULL, "%s", spc_module_error(first->module));
    for (size_t i = 0; i < c->nout; i++) {
        const spc_tensor *result = &c->tensors[c->nin + i];
        const int64_t bytes = api_tensor_bytes(result);
        c->expected[i] = *result;
        c->expected[i].data = api_allocate(s, bytes);
        if (!c->expected[i].data) return no_memory(s);
        memcpy(c->expected[i].data, result->data, (size_t)bytes);
    }
    return SPC_OK;
}

static bool is_right(course *c, const tune_candidate *at)
{
    for (size_t i = 0; i < c->nout; i++) memset(c->tensors[c->nin + i].data, 0x55, (size_t)api_tensor_bytes(&c->tensors[c->nin + i]));
    bool right = !run_once(c, at);
    for (size_t i = 0; i < c->nout && right; i++) right = agrees(&c->tensors[c->nin + i], &c->expected[i]);
    return right;
}

/* A plan may change speed and nothing else; one that does more is a defect of spc and must not win. */
static spc_status drop_wrong(course *c)
{
    tune_kernel *k = c->kernel;
    size_t kept = 1;
    spc_status status = expect(c);
    for (size_t i = 1; i < k->count && !status; i++) {
        if (is_right(c, &k->candidates[i])) {
            k->candidates[kept++] = k->candidates[i];
            continue;
        }
        ir_report_data(k->session->diags, IR_WARNING, "tuning",
                       "kernel %s gives other results with plan %s than with %s; this is a defect of spc, please report it", k->name,
                       k->candidates[i].plan, k->candidates[0].plan);
        ir_release(k->session->arena, k->candidates[i].module);
    }
    if (!status) k->count = kept;
    return status;
}

/* ---- the race ---- */

static spc_status prepare(course *c)
{
    spc_status status = make_buffers(c);
    if (!status) status = make_scratch(c);
    if (status) return status;
    make_words(c);
    return drop_wrong(c);
}

static bool go_on(void *ctx, const rt_race *race)
{
    const course *c = ctx;
    return c->rules->go_on(c->rules->ctx, race);
}

spc_status tune_race(tune_kernel *k, const tune_rules *rules, tune_result *out)
{
    const api_face *face = &k->candidates[0].face;
    course *c = IR_NEW(k->session->arena, course);
    *c = (course){.kernel = k, .rules = rules, .nin = face->nin, .nout = face->nout, .exec = rules->exec};
    *out = (tune_result){0};
    spc_status status = prepare(c);
    if (!status) {
        rt_race race = {.count = k->count, .runners = out->runners, .call = call, .go_on = go_on, .ctx = c, .seconds = rules->seconds, .least = rules->least};
        for (size_t i = 0; i < k->count; i++) out->runners[i].handicap = k->candidates[i].dense ? FAVOUR_DENSE : i ? 1 : FAVOUR_FIRST;
        status = rt_race_run(&race);
        if (status) status = no_memory(k->session);
        out->best = race.best;
        out->decided = race.decided;
        out->stopped = race.stopped;
        out->timed = !status && out->runners[race.best].samples > 0;
    }
    release(c);
    return status;
}
