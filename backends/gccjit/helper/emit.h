/* emit.h: what the files of the libgccjit emitter share. One emitter turns some functions of a module, all kernels or all
 * entries, into one context of libgccjit.
 *
 * Every op has one rule (emit.def). A value is held in locals, its parts: vectors of a width that the machine has, or
 * scalars where none fits. What libgccjit cannot say goes through extended asm (asm.def), and what no instruction does is
 * expanded into other ops. The emitter runs in a process of its own, so failing jumps: gj_fail does not return. */
#ifndef SPC_GCCJIT_EMIT_H
#define SPC_GCCJIT_EMIT_H

#include "backends/abi.h"
#include "backends/walk.h"
#include <libgccjit.h>
#include <setjmp.h>

typedef struct gj_value {
    int parts, lanes;      /* lanes of each part */
    gcc_jit_type *type;    /* of each part */
    gcc_jit_lvalue *part[];
} gj_value;

typedef struct gj_shape {
    int parts, lanes;
    gcc_jit_type *type;
} gj_shape;

enum { GJ_MOST_LANES = 1024, GJ_LANE_SIZES = 7 /* 1 to 64 */ };

typedef struct gj_emitter {
    ir_module *module;
    const be_options *options;
    rt_error *error;
    jmp_buf *failed;
    ir_arena *arena;
    gcc_jit_context *context;
    uint64_t features; /* that the code may use; AVX-512 only as far as masks work on all widths */
    int vector_bytes;
    bool k_masks;      /* vectors of bool are integers, one bit a lane, as AVX-512 has them; else vectors of 0 and -1 */
    gcc_jit_type *types[IR_DTYPE_COUNT][GJ_LANE_SIZES];
    gcc_jit_type *bytes, *huge; /* a pointer to bytes; an array that stands for all behind a pointer */
    struct gj_question *questions;
    /* the function at work */
    const ir_func *func;
    be_map map;
    gcc_jit_function *function;
    gcc_jit_block *block;
    gcc_jit_location *location; /* NULL: no line tables */
    gcc_jit_param *exec;        /* entry: its last param */
    gcc_jit_lvalue *owned_scratch; /* entry: what to free on return; NULL: no scratch */
    int locals, thunks;
} gj_emitter;

/* A function that asks CPUID for these features; one for each set in a unit. */
typedef struct gj_question {
    uint64_t features;
    gcc_jit_function *function;
    struct gj_question *next;
} gj_question;

typedef gj_value *gj_rule(gj_emitter *, const ir_op *);

/* ---- emit.c ---- */
_Noreturn void gj_fail(gj_emitter *, spc_status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
gj_value *gj_arg(gj_emitter *, const ir_op *, int n);
void gj_define(gj_emitter *, const ir_op *, gj_value *);
void gj_emit_block(gj_emitter *, const ir_block *);
gj_value *gj_emit_op(gj_emitter *, const ir_op *);
gcc_jit_location *gj_location(gj_emitter *, ir_loc);
/* A builder of ops that stand for another one: what it builds goes to *block; gj_emit_ops emits it, and gives the value
 * of its last op. gj_given is an op whose value is there already. */
ir_builder gj_builder(gj_emitter *, const ir_op *, ir_block *);
gj_value *gj_emit_ops(gj_emitter *, const ir_block *);
ir_op *gj_given(gj_emitter *, const ir_type *, gj_value *);

/* ---- types.c ---- */
gcc_jit_type *gj_type(gj_emitter *, ir_dtype, int lanes); /* lanes of one part */
gj_shape gj_shape_of(gj_emitter *, ir_dtype, int lanes);
ir_dtype gj_mask_dtype(gj_emitter *, int lanes); /* without k masks: the integers that a mask of these lanes is made of */
ir_dtype gj_integer(int bytes);                  /* the signed integer of this size */
bool gj_has(const gj_emitter *, rt_feature);
gcc_jit_rvalue *gj_int(gj_emitter *, ir_dtype, int64_t);
gcc_jit_lvalue *gj_local(gj_emitter *, gcc_jit_type *);
void gj_assign(gj_emitter *, gcc_jit_lvalue *, gcc_jit_rvalue *);
gcc_jit_lvalue *gj_keep(gj_emitter *, gcc_jit_type *, gcc_jit_rvalue *); /* a local that holds this */
gcc_jit_rvalue *gj_binary(gj_emitter *, enum gcc_jit_binary_op, gcc_jit_type *, gcc_jit_rvalue *, gcc_jit_rvalue *);
gcc_jit_rvalue *gj_cast(gj_emitter *, gcc_jit_rvalue *, gcc_jit_type *);
gcc_jit_rvalue *gj_bitcast(gj_emitter *, gcc_jit_rvalue *, gcc_jit_type *);
gcc_jit_rvalue *gj_compare(gj_emitter *, enum gcc_jit_comparison, gcc_jit_rvalue *, gcc_jit_rvalue *);
gcc_jit_rvalue *gj_builtin(gj_emitter *, const char *name, int count, gcc_jit_rvalue **args);
static inline gcc_jit_rvalue *gj_read(gcc_jit_lvalue *lvalue) { return gcc_jit_lvalue_as_rvalue(lvalue); }

/* ---- lanes.c ---- */
gj_value *gj_new(gj_emitter *, ir_dtype, int lanes); /* parts are fresh locals */
gj_value *gj_scalar(gj_emitter *, ir_dtype, gcc_jit_rvalue *);
/* One lane as a scalar (of bool: a bool), and a value of all these. */
gcc_jit_rvalue *gj_lane(gj_emitter *, ir_dtype, const gj_value *, int lane);
gj_value *gj_from_lanes(gj_emitter *, ir_dtype, int lanes, gcc_jit_rvalue *const *);
/* Lanes [first, first + lanes) as one part. */
gcc_jit_lvalue *gj_slice(gj_emitter *, ir_dtype, const gj_value *, int first, int lanes);
/* A value of the dtype from parts that have `lanes` lanes each. */
gj_value *gj_join(gj_emitter *, ir_dtype, int all, gcc_jit_lvalue *const *, int lanes);

/* ---- masks.c ---- */
gj_value *gj_mask_from_lanes(gj_emitter *, int lanes, gcc_jit_rvalue *const *);
gcc_jit_rvalue *gj_mask_lane(gj_emitter *, const gj_value *, int lane);
/* The part of a mask for lanes [first, first + lanes) of data whose elements have these bytes. */
gcc_jit_rvalue *gj_mask_part(gj_emitter *, const gj_value *, int all, int first, int lanes, int bytes);
/* A mask from such parts. */
gj_value *gj_mask_join(gj_emitter *, int all, gcc_jit_lvalue *const *, int lanes, int bytes);
gcc_jit_type *gj_mask_type(gj_emitter *, int lanes, int bytes); /* of such a part */

/* ---- asm.c ---- */
typedef struct gj_asm gj_asm;
/* The row for this op on parts of `lanes` lanes; from and to: dtypes of the argument and of the result. NULL: none. */
const gj_asm *gj_asm_find(const gj_emitter *, ir_opcode, const char *variant, ir_dtype from, ir_dtype to, int lanes);
/* Adds the instruction; inputs stand in the row's order. Returns where the result is. */
gcc_jit_lvalue *gj_asm_add(gj_emitter *, const gj_asm *, gcc_jit_type *result, int count, gcc_jit_rvalue **inputs);
/* A comparison; predicate stands for the # of its template. */
gcc_jit_lvalue *gj_asm_compare(gj_emitter *, const gj_asm *, int predicate, gcc_jit_type *result, gcc_jit_rvalue **inputs);
/* With a place in memory that it changes instead of a result. */
void gj_asm_store(gj_emitter *, const gj_asm *, gcc_jit_lvalue *place, int count, gcc_jit_rvalue **inputs);
gj_value *gj_hide(gj_emitter *, ir_dtype, const gj_value *); /* the same, not to be looked through */

/* ---- convert.c ---- */
/* Converts lanes as C does, without care for what does not fit. Not for bool and 16-bit floats. */
gj_value *gj_convert(gj_emitter *, const gj_value *, ir_dtype from, ir_dtype to, int lanes);

/* ---- function.c ---- */
void gj_emit_kernel(gj_emitter *, const ir_func *);
void gj_emit_entry(gj_emitter *, const ir_func *);
gcc_jit_block *gj_block_new(gj_emitter *);
void gj_jump(gj_emitter *, gcc_jit_block *to, gcc_jit_block *next); /* ends the block at work; next is at work then */
void gj_branch(gj_emitter *, gcc_jit_rvalue *condition, gcc_jit_block *then, gcc_jit_block *otherwise, gcc_jit_block *next);
void gj_return(gj_emitter *, int status);
gcc_jit_function *gj_import(gj_emitter *, const char *symbol, gcc_jit_type *result, int count, gcc_jit_type **params);

/* ---- cpu_check.c ---- */
gcc_jit_rvalue *gj_cpu_check(gj_emitter *, uint64_t features); /* a bool */

#define EMIT(op, function) gj_rule gj_emit_##function;
#include "backends/gccjit/helper/emit.def"
#undef EMIT

#endif
