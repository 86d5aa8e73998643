/* program: compiles a function to instructions.
 *
 * Two sweeps over the ops: the first counts (ops, lanes, arguments), the second writes. Recursion is by nesting of
 * bodies only, which the parser and the passes keep shallow. */
#include "backends/interp/program.h"
#include "backends/interp/opmap.h"
#include <stdlib.h>
#include <string.h>

typedef struct compiler {
    const ir_module *module;
    interp_program *program;
    interp_opmap places;
    uint32_t next_arg, next_lane;
    spc_status status;
} compiler;

typedef struct demand {
    size_t ops, lanes, args, params;
} demand;

enum { LEAST_ARGS = 3, MAX_FRAME = 1 << 26 };

static bool has_value(const ir_op *op) { return op->type->kind != IR_VOID; }

static void measure(const ir_block *block, demand *need)
{
    for (const ir_op *op = block->first; op; op = op->next) {
        need->ops++;
        need->params += op->code == IR_OP_param;
        need->lanes += has_value(op) ? (size_t)ir_lanes(op->type) : 0;
        need->args += op->nargs > LEAST_ARGS ? (size_t)op->nargs : LEAST_ARGS;
        measure(&op->body, need);
        measure(&op->body2, need);
    }
}

/* A loop makes two instructions, an if at most two, any other op at most one. */
static bool allocate(compiler *c, const demand *need)
{
    interp_program *p = c->program;
    if (need->lanes > MAX_FRAME || need->ops > MAX_FRAME || need->args > MAX_FRAME) return false;
    p->code = calloc(2 * need->ops + 1, sizeof *p->code);
    p->image = malloc((need->lanes + 1) * sizeof *p->image);
    p->args = calloc(need->args + 1, sizeof *p->args);
    p->params = calloc(need->params + 1, sizeof *p->params);
    if (!p->code || !p->image || !p->args || !p->params || !interp_opmap_init(&c->places, need->ops)) return false;
    /* What is read before it is written shows as NaN and -1. */
    memset(p->image, 0xff, (need->lanes + 1) * sizeof *p->image);
    p->frame_lanes = (uint32_t)need->lanes;
    return true;
}

static void preset(const ir_op *op, interp_lane *lanes)
{
    const int n = ir_lanes(op->type);
    if (op->code == IR_OP_const)
        for (int k = 0; k < n; k++) lanes[k] = interp_lane_of(op->type->dtype, ir_attr_find(op, "value"));
    if (op->code == IR_OP_iota)
        for (int k = 0; k < n; k++) {
            const ir_attr number = {.kind = IR_ATTR_INT, .i = k};
            lanes[k] = interp_lane_of(op->type->dtype, &number);
        }
}

static void place_value(compiler *c, const ir_op *op)
{
    interp_program *p = c->program;
    if (!has_value(op)) return;
    interp_opmap_set(&c->places, op, c->next_lane);
    preset(op, p->image + c->next_lane);
    if (op->code == IR_OP_param) p->params[p->param_count++] = c->next_lane;
    c->next_lane += (uint32_t)ir_lanes(op->type);
}

static const uint32_t *place_args(compiler *c, const ir_op *op)
{
    uint32_t *args = c->program->args + c->next_arg;
    const int n = op->nargs > LEAST_ARGS ? op->nargs : LEAST_ARGS;
    for (int i = 0; i < n && op->nargs; i++)
        if (!interp_opmap_get(&c->places, op->args[i < op->nargs ? i : 0], &args[i])) c->status = SPC_E_INTERNAL;
    c->next_arg += (uint32_t)n;
    return args;
}

/* Memory ops: which argument is the buffer, and whose lanes move. */
static void describe_access(interp_instr *in)
{
    const ir_op *op = in->op;
    const bool store = op->code == IR_OP_store;
    const ir_type *data = store ? op->args[0]->type : op->type;
    in->lanes = data->kind == IR_VOID ? 0 : (uint32_t)ir_lanes(data);
    in->disp = ir_get_int(op, "disp", 0);
    in->align = ir_get_int(op, "align", 0);
    in->format = interp_format_of(op->args[store]->type->dtype);
}

static void describe(compiler *c, interp_instr *in)
{
    const ir_op *op = in->op;
    in->lanes = has_value(op) ? (uint32_t)ir_lanes(op->type) : 0;
    switch (op->code) {
    case IR_OP_load: case IR_OP_store: case IR_OP_gather: describe_access(in); break;
    case IR_OP_set: in->lanes = (uint32_t)ir_lanes(op->args[1]->type); break;
    case IR_OP_reduce_add: interp_scalar_find(IR_OP_add, op->type->dtype, &in->scalar); break;
    case IR_OP_reduce_max: interp_scalar_find(IR_OP_max, op->type->dtype, &in->scalar); break;
    case IR_OP_launch: {
        const ir_func *kernel = ir_func_find(c->module, IR_KERNEL, op->name);
        c->status = kernel ? interp_compile(c->module, kernel, &in->callee) : SPC_E_INTERNAL;
        break;
    }
    default: interp_scalar_of(op, &in->scalar);
    }
}

static interp_instr *add_instr(compiler *c, const ir_op *op, interp_run *run)
{
    interp_instr *in = &c->program->code[c->program->count++];
    in->run = run;
    in->op = op;
    in->nargs = op->nargs;
    if (has_value(op) && !interp_opmap_get(&c->places, op, &in->out)) c->status = SPC_E_INTERNAL;
    return in;
}

static void compile_block(compiler *, const ir_block *);

static void compile_for(compiler *c, const ir_op *op)
{
    interp_instr *begin = add_instr(c, op, interp_for_begin);
    begin->args = place_args(c, op);
    const uint32_t first = c->program->count;
    compile_block(c, &op->body);
    interp_instr *end = add_instr(c, op, interp_for_end);
    end->args = begin->args;
    end->target = first;
    begin->target = c->program->count;
}

static void compile_if(compiler *c, const ir_op *op)
{
    interp_instr *begin = add_instr(c, op, interp_if_begin);
    begin->args = place_args(c, op);
    compile_block(c, &op->body);
    interp_instr *over = op->body2.first ? add_instr(c, op, interp_jump) : NULL;
    begin->target = c->program->count;
    compile_block(c, &op->body2);
    if (over) over->target = c->program->count;
}

static void compile_op(compiler *c, const ir_op *op)
{
    place_value(c, op);
    if (op->code == IR_OP_for) {
        compile_for(c, op);
    } else if (op->code == IR_OP_if) {
        compile_if(c, op);
    } else if (!interp_is_silent(op->code)) {
        interp_run *run = interp_run_of(op);
        if (!run) {
            c->status = SPC_E_INTERNAL;
            return;
        }
        interp_instr *in = add_instr(c, op, run);
        in->args = place_args(c, op);
        describe(c, in);
    }
}

static void compile_block(compiler *c, const ir_block *block)
{
    for (const ir_op *op = block->first; op && !c->status; op = op->next) compile_op(c, op);
}

spc_status interp_compile(const ir_module *m, const ir_func *func, interp_program **out)
{
    compiler c = {.module = m, .program = calloc(1, sizeof *c.program)};
    demand need = {0};
    *out = NULL;
    if (!c.program) return SPC_E_NOMEM;
    c.program->func = func;
    measure(&func->body, &need);
    if (allocate(&c, &need)) compile_block(&c, &func->body);
    else c.status = SPC_E_NOMEM;
    interp_opmap_free(&c.places);
    if (c.status) interp_program_free(c.program);
    else *out = c.program;
    return c.status;
}

void interp_program_free(interp_program *p)
{
    if (!p) return;
    for (uint32_t i = 0; i < p->count; i++) interp_program_free(p->code[i].callee);
    free(p->code);
    free(p->image);
    free(p->args);
    free(p->params);
    free(p);
}
