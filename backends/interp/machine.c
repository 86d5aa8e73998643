/* machine: how each op of kernels and entries runs. The entries' own ops are in entry.c. */
#include "backends/interp/program.h"
#include <stdlib.h>
#include <string.h>

static interp_lane *value_of(const interp_machine *m, const interp_instr *in) { return m->frame + in->out; }

static interp_lane *arg_of(const interp_machine *m, const interp_instr *in, int i) { return m->frame + in->args[i]; }

static void run_elementwise(interp_machine *m, const interp_instr *in)
{
    interp_scalar_run(&in->scalar, (int)in->lanes, value_of(m, in), arg_of(m, in, 0), arg_of(m, in, 1), arg_of(m, in, 2));
}

/* ---- lanes ---- */

static void copy_lanes(interp_machine *m, const interp_instr *in)
{
    memcpy(value_of(m, in), arg_of(m, in, 0), in->lanes * sizeof(interp_lane));
}

/* By way of memory, which is what "the same bits" means. */
static void run_bitcast(interp_machine *m, const interp_instr *in)
{
    const ir_type *from = in->op->args[0]->type;
    char bytes[64 * 8];
    interp_format_of(from->dtype)->store(bytes, 0, ir_lanes(from), arg_of(m, in, 0));
    interp_format_of(in->op->type->dtype)->load(bytes, 0, 1, (int)in->lanes, value_of(m, in));
}

static void run_splat(interp_machine *m, const interp_instr *in)
{
    for (uint32_t k = 0; k < in->lanes; k++) value_of(m, in)[k] = *arg_of(m, in, 0);
}

static void run_extract(interp_machine *m, const interp_instr *in)
{
    *value_of(m, in) = arg_of(m, in, 0)[ir_get_int(in->op, "lane", 0)];
}

static void run_insert(interp_machine *m, const interp_instr *in)
{
    copy_lanes(m, in);
    value_of(m, in)[ir_get_int(in->op, "lane", 0)] = *arg_of(m, in, 1);
}

static void run_shuffle(interp_machine *m, const interp_instr *in)
{
    const int64_t split = ir_lanes(in->op->args[0]->type), *mask = ir_attr_find(in->op, "mask")->ints;
    for (uint32_t k = 0; k < in->lanes; k++)
        value_of(m, in)[k] = mask[k] < split ? arg_of(m, in, 0)[mask[k]] : arg_of(m, in, 1)[mask[k] - split];
}

static void run_permute(interp_machine *m, const interp_instr *in)
{
    const int64_t lanes = in->lanes;
    for (int64_t k = 0; k < lanes; k++) {
        const int64_t index = arg_of(m, in, 1)[k].i % lanes;
        value_of(m, in)[k] = arg_of(m, in, 0)[index < 0 ? index + lanes : index];
    }
}

static void run_permute2(interp_machine *m, const interp_instr *in)
{
    const int64_t lanes = in->lanes;
    for (int64_t k = 0; k < lanes; k++) {
        const int64_t remainder = arg_of(m, in, 2)[k].i % (2 * lanes), index = remainder < 0 ? remainder + 2 * lanes : remainder;
        value_of(m, in)[k] = arg_of(m, in, index < lanes ? 0 : 1)[index % lanes];
    }
}

/* Lane k meets lane k + half; with an odd number the middle one waits for the next round. */
static void run_reduce(interp_machine *m, const interp_instr *in)
{
    interp_lane lanes[64], sums[64];
    int n = ir_lanes(in->op->args[0]->type);
    memcpy(lanes, arg_of(m, in, 0), (size_t)n * sizeof *lanes);
    while (n > 1) {
        const int half = (n + 1) / 2;
        interp_scalar_run(&in->scalar, n - half, sums, lanes, lanes + half, lanes);
        memcpy(lanes, sums, (size_t)(n - half) * sizeof *lanes);
        n = half;
    }
    *value_of(m, in) = lanes[0];
}

static void run_tailmask(interp_machine *m, const interp_instr *in)
{
    const int64_t count = arg_of(m, in, 0)->i;
    for (uint32_t k = 0; k < in->lanes; k++) value_of(m, in)[k].i = (int64_t)k < count;
}

/* ---- memory ---- */

static void run_subbuffer(interp_machine *m, const interp_instr *in)
{
    value_of(m, in)->p = interp_address(in->op->args[0]->type->dtype, arg_of(m, in, 0)->p, arg_of(m, in, 1)->i);
}

/* A stated alignment that does not hold is a defect of the program. */
static bool check_align(interp_machine *m, const interp_instr *in, const char *base, int64_t index, ir_dtype dtype)
{
    if (!in->align) return true;
    const uintptr_t address = (uintptr_t)base + (uintptr_t)(index * ir_dtype_of(dtype)->bytes);
    if (address % (uintptr_t)in->align == 0) return true;
    interp_fail(m, SPC_E_INTERNAL);
    return false;
}

static void run_load(interp_machine *m, const interp_instr *in)
{
    const char *base = arg_of(m, in, 0)->p;
    const int64_t index = arg_of(m, in, 1)->i + in->disp;
    interp_lane *out = value_of(m, in);
    if (!check_align(m, in, base, index, in->op->args[0]->type->dtype)) return;
    if (in->nargs == 2) {
        in->format->load(base, index, 1, (int)in->lanes, out);
        return;
    }
    memset(out, 0, in->lanes * sizeof *out);
    for (uint32_t k = 0; k < in->lanes; k++)
        if (arg_of(m, in, 2)[k].i) in->format->load(base, index + k, 1, 1, &out[k]);
}

static void run_store(interp_machine *m, const interp_instr *in)
{
    const interp_lane *from = arg_of(m, in, 0);
    char *base = arg_of(m, in, 1)->p;
    const int64_t index = arg_of(m, in, 2)->i + in->disp;
    if (!check_align(m, in, base, index, in->op->args[1]->type->dtype)) return;
    if (in->nargs == 3) {
        in->format->store(base, index, (int)in->lanes, from);
        return;
    }
    for (uint32_t k = 0; k < in->lanes; k++)
        if (arg_of(m, in, 3)[k].i) in->format->store(base, index + k, 1, &from[k]);
}

static void run_gather(interp_machine *m, const interp_instr *in)
{
    const interp_lane *mask = in->nargs == 3 ? arg_of(m, in, 2) : NULL;
    interp_lane *out = value_of(m, in);
    memset(out, 0, in->lanes * sizeof *out);
    for (uint32_t k = 0; k < in->lanes; k++)
        if (!mask || mask[k].i)
            in->format->load(arg_of(m, in, 0)->p, arg_of(m, in, 1)[k].i + in->disp, 1, 1, &out[k]);
}

static void run_set(interp_machine *m, const interp_instr *in)
{
    memcpy(arg_of(m, in, 0), arg_of(m, in, 1), in->lanes * sizeof(interp_lane));
}

/* ---- control ---- */

void interp_for_begin(interp_machine *m, const interp_instr *in)
{
    *value_of(m, in) = *arg_of(m, in, 0);
    if (arg_of(m, in, 2)->i <= 0) interp_fail(m, SPC_E_INTERNAL);
    else if (arg_of(m, in, 0)->i >= arg_of(m, in, 1)->i) m->pc = in->target;
}

void interp_for_end(interp_machine *m, const interp_instr *in)
{
    int64_t next;
    if (__builtin_add_overflow(value_of(m, in)->i, arg_of(m, in, 2)->i, &next) || next >= arg_of(m, in, 1)->i) return;
    value_of(m, in)->i = next;
    m->pc = in->target;
}

void interp_if_begin(interp_machine *m, const interp_instr *in)
{
    if (!arg_of(m, in, 0)->i) m->pc = in->target;
}

void interp_jump(interp_machine *m, const interp_instr *in) { m->pc = in->target; }

/* ---- the table ---- */

static interp_run *const runs[IR_OP_COUNT] = {
    [IR_OP_bitcast] = run_bitcast,
    [IR_OP_splat] = run_splat,
    [IR_OP_extract] = run_extract,
    [IR_OP_insert] = run_insert,
    [IR_OP_shuffle] = run_shuffle,
    [IR_OP_permute] = run_permute,
    [IR_OP_permute2] = run_permute2,
    [IR_OP_reduce_add] = run_reduce,
    [IR_OP_reduce_max] = run_reduce,
    [IR_OP_tailmask] = run_tailmask,
    [IR_OP_opaque] = copy_lanes,
    [IR_OP_subbuffer] = run_subbuffer,
    [IR_OP_load] = run_load,
    [IR_OP_store] = run_store,
    [IR_OP_gather] = run_gather,
    [IR_OP_get] = copy_lanes,
    [IR_OP_set] = run_set,
    [IR_OP_cpu_has] = interp_cpu_has,
    [IR_OP_check] = interp_check,
    [IR_OP_threads] = interp_threads,
    [IR_OP_scratch] = interp_scratch,
    [IR_OP_data] = interp_data,
    [IR_OP_bound] = interp_bound,
    [IR_OP_launch] = interp_launch,
};

static const bool silent[IR_OP_COUNT] = {
    [IR_OP_const] = true, [IR_OP_iota] = true, [IR_OP_param] = true, [IR_OP_reg] = true, [IR_OP_prefetch] = true,
};

bool interp_is_silent(ir_opcode code) { return silent[code]; }

interp_run *interp_run_of(const ir_op *op)
{
    interp_scalar scalar;
    if (runs[op->code]) return runs[op->code];
    return interp_scalar_of(op, &scalar) ? run_elementwise : NULL;
}

bool interp_knows(const ir_op *op)
{
    const bool jumps = op->code == IR_OP_for || op->code == IR_OP_if;
    return jumps || interp_is_silent(op->code) || interp_run_of(op);
}

spc_status interp_run_program(const interp_program *p, const uint64_t *words, interp_call *call)
{
    interp_machine m = {malloc((p->frame_lanes + 1) * sizeof *m.frame), p, 0, SPC_OK, call};
    if (!m.frame) return SPC_E_NOMEM;
    memcpy(m.frame, p->image, p->frame_lanes * sizeof *m.frame);
    for (uint32_t i = 0; i < p->param_count; i++) m.frame[p->params[i]].u = words[i];
    while (m.pc < p->count) {
        const interp_instr *in = &p->code[m.pc++];
        in->run(&m, in);
    }
    free(m.frame);
    return m.status;
}
