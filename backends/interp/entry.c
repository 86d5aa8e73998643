/* entry: the ops that only entries have, and the calls from outside. */
#include "backends/interp/interp.h"
#include "backends/interp/program.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const size_t most_scratch = (size_t)1 << 36;

static interp_lane *arg_of(const interp_machine *m, const interp_instr *in, int i) { return m->frame + in->args[i]; }

/* The interpreter needs no feature of the CPU. */
void interp_cpu_has(interp_machine *m, const interp_instr *in) { m->frame[in->out].i = 1; }

void interp_check(interp_machine *m, const interp_instr *in)
{
    if (!arg_of(m, in, 0)->i) interp_fail(m, (spc_status)ir_get_int(in->op, "status", SPC_E_INTERNAL));
}

void interp_threads(interp_machine *m, const interp_instr *in)
{
    const int threads = m->call->exec.threads;
    m->frame[in->out].i = threads < 1 ? 1 : threads;
}

/* What exec offers counts from its first address that is 64-aligned. */
static char *take_offered(const spc_exec *exec, size_t bytes)
{
    const size_t skip = (size_t)(-(uintptr_t)exec->scratch & 63);
    if (skip > exec->scratch_bytes || bytes > exec->scratch_bytes - skip) return NULL;
    return (char *)exec->scratch + skip;
}

static char *allocate_scratch(interp_call *call, size_t bytes)
{
    if (bytes > most_scratch) return NULL;
    free(call->scratch);
    call->scratch = aligned_alloc(64, (bytes + 64) & ~(size_t)63);
    return call->scratch;
}

void interp_scratch(interp_machine *m, const interp_instr *in)
{
    interp_call *call = m->call;
    const int64_t bytes = arg_of(m, in, 0)->i;
    const bool offered = call->exec.scratch != NULL;
    if (bytes < 0) {
        interp_fail(m, SPC_E_INTERNAL);
        return;
    }
    char *place = offered ? take_offered(&call->exec, (size_t)bytes) : allocate_scratch(call, (size_t)bytes);
    m->frame[in->out].p = place;
    if (!place) interp_fail(m, offered ? SPC_E_ARG : SPC_E_NOMEM);
}

void interp_data(interp_machine *m, const interp_instr *in)
{
    const ir_attr *offset = ir_attr_find(in->op, "offset");
    if (!offset || !m->call->weights) interp_fail(m, SPC_E_INTERNAL);
    else m->frame[in->out].p = (char *)m->call->weights + offset->i;
}

void interp_bound(interp_machine *m, const interp_instr *in)
{
    const void *const *weights = m->call->exec.weights;
    if (!weights) interp_fail(m, SPC_E_ARG);
    else m->frame[in->out].p = (char *)(uintptr_t)weights[ir_get_int(in->op, "index", 0)];
}

/* ---- launch ---- */

enum { MAX_WORDS = 120 };

typedef struct launch_job {
    const interp_program *kernel;
    uint64_t words[MAX_WORDS];
    size_t count; /* without the task and the number of tasks */
    size_t tasks;
    atomic_int status; /* of a task that failed */
} launch_job;

static void run_task(void *arg, size_t index)
{
    launch_job *job = arg;
    uint64_t words[MAX_WORDS];
    memcpy(words, job->words, job->count * sizeof *words);
    words[job->count] = index;
    words[job->count + 1] = job->tasks;
    const spc_status status = interp_run_program(job->kernel, words, NULL);
    if (status) atomic_store(&job->status, (int)status);
}

void interp_launch(interp_machine *m, const interp_instr *in)
{
    const spc_exec *exec = &m->call->exec;
    const int64_t tasks = arg_of(m, in, 0)->i;
    launch_job job = {.kernel = in->callee, .count = (size_t)in->nargs - 1, .tasks = (size_t)tasks};
    const uint32_t given = (uint32_t)job.count + 2;
    if (tasks < 0 || given > MAX_WORDS || given != job.kernel->param_count) {
        interp_fail(m, SPC_E_INTERNAL);
        return;
    }
    for (size_t i = 0; i < job.count; i++) job.words[i] = arg_of(m, in, (int)i + 1)->u;
    atomic_init(&job.status, SPC_OK);
    if (exec->parallel_for && tasks > 0) exec->parallel_for(exec->ctx, run_task, &job, job.tasks);
    else
        for (size_t i = 0; i < job.tasks; i++) run_task(&job, i);
    const int status = atomic_load(&job.status);
    if (status) interp_fail(m, (spc_status)status);
}

/* ---- calls ---- */

/* The caller's struct may be older and shorter, or newer and longer, than ours. */
static spc_exec read_exec(const spc_exec *from)
{
    spc_exec exec = {0};
    if (from) memcpy(&exec, from, from->size < sizeof exec ? from->size : sizeof exec);
    return exec;
}

int interp_entry(const ir_module *m, const ir_func *entry, const uint64_t *words, size_t count, const void *weights)
{
    interp_program *program;
    spc_status status = interp_compile(m, entry, &program);
    if (status) return (int)status;
    if (count < program->param_count) {
        interp_program_free(program);
        return SPC_E_ARG;
    }
    const uint64_t exec = count > program->param_count ? words[program->param_count] : 0;
    interp_call call = {read_exec((const spc_exec *)(uintptr_t)exec), weights, NULL};
    status = interp_run_program(program, words, &call);
    free(call.scratch);
    interp_program_free(program);
    return (int)status;
}

int interp_kernel(const ir_module *m, const ir_func *kernel, const uint64_t *words, int64_t task, int64_t tasks,
                  const void *weights)
{
    interp_program *program;
    uint64_t all[MAX_WORDS];
    interp_call call = {.weights = weights};
    spc_status status = interp_compile(m, kernel, &program);
    if (status) return (int)status;
    const uint32_t given = program->param_count - 2;
    if (program->param_count < 2 || program->param_count > MAX_WORDS) status = SPC_E_INTERNAL;
    if (!status) {
        memcpy(all, words, given * sizeof *all);
        all[given] = (uint64_t)task;
        all[given + 1] = (uint64_t)tasks;
        status = interp_run_program(program, all, &call);
    }
    interp_program_free(program);
    return (int)status;
}
