/* emit.h: what the files of the LLVM backend share. One emitter turns some functions of a module into one LLVM module.
 *
 * Every op has one rule (emit.def); a rule returns the value that stands for the op, or NULL for ops without one. After
 * llvm_fail the emitter is spent: whoever calls a rule looks at e->status.
 * Nothing here allocates from the module's arena, whose failures would jump past LLVM's objects. */
#ifndef SPC_LLVM_EMIT_H
#define SPC_LLVM_EMIT_H

#include "backends/abi.h"
#include "backends/walk.h"
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>

/* Line tables; all NULL when they are not wanted. */
typedef struct llvm_lines {
    LLVMDIBuilderRef builder;
    LLVMMetadataRef unit, file, scope;
    const ir_source *source; /* of file */
} llvm_lines;

typedef struct llvm_emitter {
    const ir_module *module;
    const be_options *options;
    rt_error *error;
    spc_status status;
    LLVMContextRef context;
    LLVMModuleRef unit;
    LLVMBuilderRef builder;
    llvm_lines lines;
    /* the function at work */
    const ir_func *func;
    uint64_t features; /* what it may use; an entry: nothing beyond the baseline */
    be_map map; /* ops to values; for a reg its stack slot */
    LLVMValueRef function;
    LLVMBasicBlockRef allocas; /* the first block, which holds stack slots alone */
    unsigned params_seen;
    LLVMValueRef owned_scratch; /* entry: slot of what to free on return; NULL: no scratch */
} llvm_emitter;

typedef LLVMValueRef llvm_rule(llvm_emitter *, const ir_op *);

/* ---- emit.c ---- */
LLVMValueRef llvm_fail(llvm_emitter *, spc_status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
LLVMValueRef llvm_arg(llvm_emitter *, const ir_op *, int n); /* the value of argument n */
void llvm_define(llvm_emitter *, const ir_op *, LLVMValueRef);
void llvm_emit_block(llvm_emitter *, const ir_block *);
void llvm_emit_function(llvm_emitter *, const ir_func *);
llvm_rule *llvm_rule_of(ir_opcode); /* NULL: none */

/* ---- types.c ---- */
LLVMTypeRef llvm_i(llvm_emitter *, unsigned bits);
LLVMTypeRef llvm_ptr(llvm_emitter *);
LLVMTypeRef llvm_element(llvm_emitter *, ir_dtype);         /* of values; a bool is i1 */
LLVMTypeRef llvm_memory_element(llvm_emitter *, ir_dtype);  /* as it lies in memory; a bool is a byte, f16 and bf16 are words */
LLVMTypeRef llvm_type(llvm_emitter *, const ir_type *);     /* of a value; reg: of what it holds */
LLVMTypeRef llvm_shaped(LLVMTypeRef element, int lanes);    /* lanes 1: the scalar */
LLVMTypeRef llvm_like(LLVMTypeRef element, LLVMTypeRef shape);
int llvm_lanes(LLVMTypeRef);
LLVMValueRef llvm_int(llvm_emitter *, unsigned bits, int64_t);
LLVMValueRef llvm_const_splat(LLVMTypeRef, LLVMValueRef scalar); /* scalar itself where the type is one */
LLVMValueRef llvm_const_bits(LLVMTypeRef integer_or_vector, uint64_t);
LLVMValueRef llvm_const_real(LLVMTypeRef real_or_vector, double);
/* Calls an intrinsic; overloads: the types in its name's suffix. Fails where this LLVM has another signature. */
LLVMValueRef llvm_intrinsic(llvm_emitter *, const char *name, int overload_count, LLVMTypeRef *overloads,
                            int count, LLVMValueRef *args);
LLVMValueRef llvm_intrinsic1(llvm_emitter *, const char *name, LLVMValueRef);
LLVMValueRef llvm_intrinsic2(llvm_emitter *, const char *name, LLVMValueRef, LLVMValueRef);
bool llvm_has(const llvm_emitter *, rt_feature);

/* ---- arith.c, convert.c, vector.c ---- */
LLVMValueRef llvm_larger(llvm_emitter *, ir_dtype, LLVMValueRef, LLVMValueRef); /* the rule of max on values */

/* ---- function.c ---- */
void llvm_emit_kernel(llvm_emitter *, const ir_func *);
void llvm_emit_entry(llvm_emitter *, const ir_func *);
LLVMValueRef llvm_alloca(llvm_emitter *, LLVMTypeRef, const char *name);
LLVMBasicBlockRef llvm_block_new(llvm_emitter *, const char *name);
void llvm_position(llvm_emitter *, LLVMBasicBlockRef);
void llvm_attribute(llvm_emitter *, LLVMValueRef function, LLVMAttributeIndex, const char *name, uint64_t value);
void llvm_return(llvm_emitter *, int status);
/* The declaration of a kernel, whose parameters have these types. */
LLVMValueRef llvm_kernel_declaration(llvm_emitter *, const char *name, LLVMTypeRef *params, unsigned count,
                                     LLVMTypeRef *type);

/* ---- cpu_check.c ---- */
LLVMValueRef llvm_cpu_check(llvm_emitter *, uint64_t features); /* an i1 */

/* ---- lines.c ---- */
void llvm_lines_open(llvm_emitter *, const ir_func *const *, size_t count);
void llvm_lines_function(llvm_emitter *, const char *symbol);
void llvm_lines_set(llvm_emitter *, ir_loc);
void llvm_lines_close(llvm_emitter *);

/* ---- mend.c ---- */
void llvm_mend(llvm_emitter *); /* the module, after its passes */

#define EMIT(op, function) llvm_rule llvm_emit_##function;
#include "backends/llvm/emit.def"
#undef EMIT

#endif
