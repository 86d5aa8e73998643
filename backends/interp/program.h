/* program: a kernel or entry function as a flat list of instructions over a frame of lanes.
 *
 * Every value has its lanes in the frame, at a fixed place; constants stand there from the start. Loops and ifs are
 * jumps. A program is immutable: any number of machines may run it at once, each on its own copy of the frame. */
#ifndef SPC_INTERP_PROGRAM_H
#define SPC_INTERP_PROGRAM_H

#include "backends/interp/scalar.h"

typedef struct interp_machine interp_machine;
typedef struct interp_program interp_program;
typedef struct interp_instr interp_instr;
typedef void interp_run(interp_machine *, const interp_instr *);

struct interp_instr {
    interp_run *run;
    const ir_op *op;
    uint32_t out;         /* place of the value in the frame */
    uint32_t lanes;       /* of the value, or of what is stored */
    const uint32_t *args; /* places of the arguments; at least three, surplus ones repeat the first */
    int nargs;
    uint32_t target;             /* for, if: where to jump */
    int64_t disp, align;         /* memory ops; align 0: not stated */
    const interp_format *format; /* memory ops: of the buffer */
    interp_scalar scalar;        /* elementwise ops and reductions */
    interp_program *callee;      /* launch */
};

struct interp_program {
    const ir_func *func;
    interp_instr *code;
    uint32_t count;
    interp_lane *image; /* the frame before the first instruction */
    uint32_t frame_lanes;
    uint32_t *args;      /* all instructions' */
    uint32_t *params;    /* places, in order */
    uint32_t param_count;
};

/* Kernels that the function launches are compiled with it. SPC_E_NOMEM, or SPC_E_INTERNAL: an op that no kernel or
 * entry may hold, or the name of no kernel. */
spc_status interp_compile(const ir_module *, const ir_func *, interp_program **out);
void interp_program_free(interp_program *); /* takes NULL */

/* What one call of an entry knows. */
typedef struct interp_call {
    spc_exec exec; /* fields past the caller's size are zero */
    const char *weights;
    void *scratch; /* allocated for the call; freed at its end */
} interp_call;

struct interp_machine {
    interp_lane *frame;
    const interp_program *program;
    uint32_t pc;
    spc_status status;
    interp_call *call; /* entry only */
};

/* Runs on a fresh frame with these parameters. */
spc_status interp_run_program(const interp_program *, const uint64_t *words, interp_call *);

/* How an instruction of this opcode runs; NULL: not in kernels and entries, or without effect. */
interp_run *interp_run_of(const ir_op *);
/* True for ops that make no instruction: they are done when the frame is made, or have no meaning here. */
bool interp_is_silent(ir_opcode);

/* Some instruction, or none by right, stands for this op at its dtypes. */
bool interp_knows(const ir_op *);

/* The ops with jumps, placed by the compiler. */
interp_run interp_for_begin, interp_for_end, interp_if_begin, interp_jump;
/* The ops of entries (entry.c). */
interp_run interp_check, interp_threads, interp_scratch, interp_data, interp_bound, interp_launch, interp_cpu_has;

static inline void interp_fail(interp_machine *m, spc_status status)
{
    m->status = status;
    m->pc = m->program->count;
}

#endif
