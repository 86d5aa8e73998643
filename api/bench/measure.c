/* measure: calls both forms of a layer in turn and times them.
 *
 * Blocks of a few calls of each form alternate, so that a machine which changes its pace changes it for both, and blocks
 * during which it did are dropped (runtime/clock.h); the first call of a long block brings the form's own data back into
 * the caches and does not count. Inputs and results rotate through more memory than the first cache level holds. Calls
 * shorter than a few microseconds are timed several at once. */
#include "api/bench/bench.h"
#include "api/buffers.h"

#include "runtime/clock.h"
#include "runtime/module.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SAMPLES = 1 << 20, MAX_PROFILES = 256, MAX_BLOCK = 200, MAX_REPEAT = 10000, LEAST = 3 };
static const double SAMPLE_NS = 1e4, BLOCK_NS = 2e6;

typedef struct sample_list {
    double *values;
    size_t count, capacity;
} sample_list;

/* The samples of one block are those up to `end` and from that of the block before. */
typedef struct timed_block {
    size_t end;
    rt_pace pace;
} timed_block;

typedef struct block_list {
    timed_block *values;
    size_t count, capacity;
} block_list;

/* One form at work. */
typedef struct runner {
    const bench_form *form;
    uint64_t **words; /* per set of buffers: dims, addresses, exec */
    size_t word_count;
    double estimate;  /* ns of a call */
    int64_t repeat;   /* calls per sample */
    sample_list samples;
    block_list blocks;
    rt_steadiness steadiness; /* of the blocks */
} runner;

typedef struct meter {
    spc_session *session;
    const bench_setting *setting;
    runner run[BENCH_FORMS];
    api_buffers buffers;
    size_t next;         /* set of them */
    spc_tensor *tensors; /* of the first set: inputs, then results */
    size_t nin, nout;
    spc_exec exec;
    spc_status status; /* of the first call that failed */
} meter;

double bench_now(void) { return rt_clock_now(); }

/* ---- buffers ---- */

static spc_status no_memory(spc_session *s) { return api_fail(s, SPC_E_NOMEM, NULL, "no memory for the tensors of the measurement"); }

static spc_status make_buffers(meter *m, const bench_dims *dims)
{
    spc_session *s = m->session;
    const char *layer = m->run[0].form->layer;
    spc_tensor *shapes = IR_ARRAY(s->arena, spc_tensor, m->nin + m->nout);
    spc_status status = api_input_shapes(s, layer, dims->text, shapes, m->nin);
    if (!status) status = api_result_shapes(s, layer, dims->text, shapes, m->nin, shapes + m->nin, m->nout);
    if (!status) status = api_buffers_make(s, shapes, m->nin, m->nout, m->setting->seed, &m->buffers);
    m->tensors = m->buffers.tensors;
    return status;
}

/* ---- calls ---- */

static int64_t value_of(const bench_dims *dims, const char *name)
{
    for (size_t i = 0; i < dims->count; i++)
        if (!strcmp(dims->names[i], name)) return dims->values[i];
    return 0;
}

static void make_words(meter *m, runner *r, const bench_dims *dims)
{
    const api_face *face = &r->form->face;
    ir_arena *arena = m->session->arena;
    const size_t each = m->nin + m->nout;
    r->word_count = face->ndims + each + 1;
    r->words = IR_ARRAY(arena, uint64_t *, m->buffers.sets);
    for (size_t set = 0; set < m->buffers.sets; set++) {
        uint64_t *word = r->words[set] = IR_ARRAY(arena, uint64_t, r->word_count);
        for (size_t i = 0; i < face->ndims; i++) *word++ = (uint64_t)value_of(dims, face->dims[i]->name);
        for (size_t i = 0; i < each; i++) *word++ = (uintptr_t)m->tensors[set * each + i].data;
        *word = (uintptr_t)&m->exec;
    }
}

static void call(meter *m, const runner *r)
{
    const size_t set = m->next++ % m->buffers.sets;
    const spc_tensor *tensors = m->tensors + set * (m->nin + m->nout);
    const spc_status status = r->form->function
                                  ? (spc_status)rt_call_words(r->form->function, r->words[set], r->word_count)
                                  : spc_run(r->form->module, r->form->layer, tensors, m->nin, tensors + m->nin, m->nout, &m->exec);
    if (status && !m->status) m->status = status;
}

/* Once through the door that checks everything. */
static spc_status try_call(const meter *m, const bench_form *form)
{
    spc_status status = spc_run(form->module, form->layer, m->tensors, m->nin, m->tensors + m->nin, m->nout, &m->exec);
    return status ? api_fail(m->session, status, NULL, "%s", spc_module_error(form->module)) : SPC_OK;
}

static spc_status make_scratch(meter *m)
{
    size_t most = 64;
    for (int f = 0; f < BENCH_FORMS; f++) {
        size_t bytes = 0;
        const bench_form *form = m->run[f].form;
        spc_status status = spc_scratch_for(form->module, form->layer, m->tensors, m->nin, &m->exec, &bytes);
        if (status) return api_fail(m->session, status, NULL, "%s", spc_module_error(form->module));
        if (bytes > most) most = bytes;
    }
    m->exec.scratch = api_allocate(m->session, (int64_t)most);
    m->exec.scratch_bytes = most;
    return m->exec.scratch ? SPC_OK : no_memory(m->session);
}

static double time_calls(meter *m, const runner *r, int64_t calls)
{
    const double start = bench_now();
    for (int64_t i = 0; i < calls; i++) call(m, r);
    return (bench_now() - start) / (double)calls;
}

/* ---- the layer ---- */

/* Room for one more of a growing array; NULL where there is none. */
static void *grow(void *values, size_t count, size_t *capacity, size_t each)
{
    if (count < *capacity) return values;
    const size_t larger = *capacity ? 2 * *capacity : 1024;
    void *grown = larger > MAX_SAMPLES ? NULL : realloc(values, larger * each);
    if (grown) *capacity = larger;
    return grown;
}

static bool add_sample(sample_list *list, double value)
{
    double *grown = grow(list->values, list->count, &list->capacity, sizeof value);
    if (!grown) return false;
    list->values = grown;
    list->values[list->count++] = value;
    return true;
}

static bool add_block(runner *r, rt_pace pace)
{
    timed_block *grown = grow(r->blocks.values, r->blocks.count, &r->blocks.capacity, sizeof *grown);
    if (!grown) return false;
    r->blocks.values = grown;
    r->blocks.values[r->blocks.count++] = (timed_block){r->samples.count, pace};
    return true;
}

static double between(double low, double value, double high) { return value < low ? low : value > high ? high : value; }

static void warm_up(meter *m)
{
    const double start = bench_now(), budget = m->setting->seconds * 1e9 / 8;
    for (int round = 0; round < 2 || (bench_now() - start < budget && round < MAX_REPEAT); round++)
        for (int f = 0; f < BENCH_FORMS; f++) {
            const double took = time_calls(m, &m->run[f], 1);
            if (round == 0 || took < m->run[f].estimate) m->run[f].estimate = took;
        }
    for (int f = 0; f < BENCH_FORMS; f++) {
        runner *r = &m->run[f];
        r->estimate = r->estimate > 1 ? r->estimate : 1;
        r->repeat = (int64_t)between(1, SAMPLE_NS / r->estimate, MAX_REPEAT);
    }
}

/* pace: before the block, then after it. */
static bool run_block(meter *m, runner *r, double *pace)
{
    const int length = (int)between(1, BLOCK_NS / (r->estimate * (double)r->repeat), MAX_BLOCK);
    const double before = *pace;
    if (length >= 4) time_calls(m, r, r->repeat);
    for (int i = 0; i < length; i++)
        if (!add_sample(&r->samples, time_calls(m, r, r->repeat))) return false;
    *pace = rt_clock_pace();
    return add_block(r, (rt_pace){before, *pace});
}

static void measure_layer(meter *m)
{
    const double start = bench_now(), budget = m->setting->seconds * 1e9;
    double pace = rt_clock_pace();
    bool room = true;
    for (int round = 0; room && (round < LEAST || bench_now() - start < budget); round++)
        for (int f = 0; f < BENCH_FORMS && room; f++) room = run_block(m, &m->run[(f + round) % BENCH_FORMS], &pace);
}

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static double percentile(const double *sorted, size_t count, int percent)
{
    return count ? sorted[(count * (size_t)percent + 99) / 100 - 1] : NAN;
}

/* Moves the samples of the blocks that count to the front and returns how many. */
static size_t drop_unsteady(runner *r, rt_pace *pace, double *work, bool *keep)
{
    size_t from = 0, to = 0;
    for (size_t i = 0; i < r->blocks.count; i++) pace[i] = r->blocks.values[i].pace;
    r->steadiness = rt_clock_keep(pace, r->blocks.count, work, keep);
    for (size_t i = 0; i < r->blocks.count; i++)
        for (; from < r->blocks.values[i].end; from++)
            if (keep[i]) r->samples.values[to++] = r->samples.values[from];
    return to;
}

static bench_times summarise(spc_session *s, runner *r)
{
    const size_t blocks = r->blocks.count;
    void *memory = api_allocate(s, (int64_t)(blocks * (sizeof(rt_pace) + 2 * sizeof(double) + sizeof(bool))));
    size_t count = r->samples.count;
    if (memory) {
        double *work = (double *)((rt_pace *)memory + blocks);
        count = drop_unsteady(r, memory, work, (bool *)(work + 2 * blocks));
        ir_release(s->arena, memory);
    }
    double *values = r->samples.values;
    if (count) qsort(values, count, sizeof *values, by_value);
    return (bench_times){percentile(values, count, 50), percentile(values, count, 95), percentile(values, count, 99),
                         count ? values[0] : NAN, (int64_t)count * r->repeat,
                         (int64_t)(r->samples.count - count) * r->repeat, r->steadiness.steady};
}

/* ---- its kernels ---- */

/* What parallel_for is while kernels are timed: a clock around the one below it. */
typedef struct tracer {
    const spc_exec *below;
    double *times; /* room for `room` launches of one call */
    size_t room, launches;
} tracer;

static void traced_for(void *ctx, void (*task)(void *arg, size_t index), void *arg, size_t tasks)
{
    tracer *t = ctx;
    const double start = bench_now();
    if (t->below->parallel_for) t->below->parallel_for(t->below->ctx, task, arg, tasks);
    else
        for (size_t i = 0; i < tasks; i++) task(arg, i);
    if (t->launches < t->room) t->times[t->launches] = bench_now() - start;
    t->launches++;
}

/* Times of one call's kernels; false where launches and kernels are not one to one, as with an extent of 0. */
static bool trace_call(meter *m, const runner *r, tracer *t, double *times)
{
    const spc_exec plain = m->exec;
    t->below = &plain;
    t->times = times;
    t->launches = 0;
    m->exec.parallel_for = traced_for;
    m->exec.ctx = t;
    call(m, r);
    m->exec = plain;
    return t->launches == t->room;
}

static void profile_form(meter *m, const runner *r, double *samples, size_t *count, size_t stride)
{
    tracer t = {.room = r->form->kernel_count};
    const int block = r->estimate < BLOCK_NS ? 5 : 1;
    for (int i = 0; i < block && *count < MAX_PROFILES; i++)
        if (trace_call(m, r, &t, samples + *count * stride) && (i > 0 || block == 1)) ++*count;
}

static void summarise_kernels(const double *samples, size_t count, size_t kernels, double *scratch, double *out)
{
    for (size_t k = 0; k < kernels; k++) {
        for (size_t i = 0; i < count; i++) scratch[i] = samples[i * kernels + k];
        if (count) qsort(scratch, count, sizeof *scratch, by_value);
        out[k] = percentile(scratch, count, 50);
    }
}

static spc_status measure_kernels(meter *m, double *out[BENCH_FORMS])
{
    double *samples[BENCH_FORMS], *column = IR_ARRAY(m->session->arena, double, MAX_PROFILES);
    size_t count[BENCH_FORMS] = {0};
    for (int f = 0; f < BENCH_FORMS; f++) {
        const size_t kernels = m->run[f].form->kernel_count;
        out[f] = IR_ARRAY(m->session->arena, double, kernels);
        samples[f] = api_allocate(m->session, (int64_t)((MAX_PROFILES * kernels + 1) * sizeof(double)));
        if (!samples[f]) return no_memory(m->session);
    }
    const double start = bench_now(), budget = m->setting->seconds * 1e9 / 4;
    for (int round = 0; round < LEAST || (bench_now() - start < budget && round < MAX_PROFILES); round++)
        for (int f = 0; f < BENCH_FORMS && m->run[0].form->kernel_count; f++)
            profile_form(m, &m->run[f], samples[f], &count[f], m->run[f].form->kernel_count);
    for (int f = 0; f < BENCH_FORMS; f++) {
        summarise_kernels(samples[f], count[f], m->run[f].form->kernel_count, column, out[f]);
        ir_release(m->session->arena, samples[f]);
    }
    return SPC_OK;
}

/* ---- all of it ---- */

static spc_status prepare(meter *m, const bench_dims *dims)
{
    spc_status status = make_buffers(m, dims);
    m->exec.dims = dims->text;
    if (!status) status = make_scratch(m);
    for (int f = 0; f < BENCH_FORMS && !status; f++) {
        make_words(m, &m->run[f], dims);
        status = try_call(m, m->run[f].form);
    }
    return status;
}

static void release(meter *m)
{
    ir_arena *arena = m->session->arena;
    api_buffers_release(m->session, &m->buffers);
    if (m->exec.scratch) ir_release(arena, m->exec.scratch);
    for (int f = 0; f < BENCH_FORMS; f++) {
        free(m->run[f].samples.values);
        free(m->run[f].blocks.values);
    }
}

spc_status bench_measure(spc_session *s, const bench_form forms[BENCH_FORMS], const bench_dims *dims,
                         const bench_setting *setting, bench_measured *out)
{
    meter m = {.session = s, .setting = setting, .run = {{&forms[0]}, {&forms[1]}}, .nin = forms[0].face.nin,
               .nout = forms[0].face.nout, .exec = setting->exec};
    spc_status status = prepare(&m, dims);
    if (!status) {
        warm_up(&m);
        measure_layer(&m);
        for (int f = 0; f < BENCH_FORMS; f++) out->layer[f] = summarise(s, &m.run[f]);
        status = measure_kernels(&m, out->kernel);
    }
    if (!status && m.status) status = api_fail(s, m.status, NULL, "a call failed while it was measured: %s", spc_status_text(m.status));
    release(&m);
    return status;
}
