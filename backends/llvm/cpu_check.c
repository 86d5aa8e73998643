/* cpu_check.c: the function that asks whether this CPU has some features, for entries, which run before they may use any.
 *
 *     static bool has(void) { static char answer; if (!answer) answer = ask() ? 2 : 1; return answer == 2; }
 *
 * The answer is kept because CPUID traps to the hypervisor (tens of microseconds) in a virtual machine. Threads may race
 * for it: they all find the same, and the accesses are atomic. */
#include "backends/llvm/emit.h"
#include <stdio.h>

typedef struct registers {
    LLVMValueRef of[4]; /* eax ebx ecx edx */
} registers;

/* A function of its own: LLVM starts an assembler for every place with inline assembly. */
static LLVMValueRef cpuid_function(llvm_emitter *e, LLVMTypeRef type)
{
    static const char constraints[] = "={ax},={bx},={cx},={dx},0,2,~{dirflag},~{fpsr},~{flags}";
    static const char name[] = "spc_cpuid";
    LLVMValueRef function = LLVMGetNamedFunction(e->unit, name);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(e->builder);

    if (function)
        return function;
    function = LLVMAddFunction(e->unit, name, type);
    LLVMSetLinkage(function, LLVMInternalLinkage);
    llvm_attribute(e, function, LLVMAttributeFunctionIndex, "nounwind", 0);
    llvm_attribute(e, function, LLVMAttributeFunctionIndex, "noinline", 0);
    llvm_position(e, LLVMAppendBasicBlockInContext(e->context, function, "body"));
    LLVMValueRef code = LLVMGetInlineAsm(type, "cpuid", 5, constraints, sizeof constraints - 1, true, false,
                                         LLVMInlineAsmDialectATT, false);
    LLVMValueRef args[2] = {LLVMGetParam(function, 0), LLVMGetParam(function, 1)};
    LLVMBuildRet(e->builder, LLVMBuildCall2(e->builder, type, code, args, 2, ""));
    llvm_position(e, here);
    return function;
}

static registers cpuid(llvm_emitter *e, uint32_t leaf, uint32_t subleaf)
{
    LLVMTypeRef word = llvm_i(e, 32), params[2] = {word, word}, results[4] = {word, word, word, word};
    LLVMTypeRef type = LLVMFunctionType(LLVMStructTypeInContext(e->context, results, 4, false), params, 2, false);
    LLVMValueRef args[2] = {llvm_int(e, 32, leaf), llvm_int(e, 32, subleaf)};
    LLVMValueRef all = LLVMBuildCall2(e->builder, type, cpuid_function(e, type), args, 2, "");
    registers result;

    for (unsigned i = 0; i < 4; i++)
        result.of[i] = LLVMBuildExtractValue(e->builder, all, i, "");
    return result;
}

/* The low half of XCR0: what the operating system saves. Only after OSXSAVE was seen. */
static LLVMValueRef xgetbv(llvm_emitter *e)
{
    static const char constraints[] = "={ax},={dx},{cx},~{dirflag},~{fpsr},~{flags}";
    LLVMTypeRef word = llvm_i(e, 32), results[2] = {word, word};
    LLVMTypeRef type = LLVMFunctionType(LLVMStructTypeInContext(e->context, results, 2, false), &word, 1, false);
    LLVMValueRef code = LLVMGetInlineAsm(type, "xgetbv", 6, constraints, sizeof constraints - 1, true, false,
                                         LLVMInlineAsmDialectATT, false);
    LLVMValueRef zero = llvm_int(e, 32, 0);
    return LLVMBuildExtractValue(e->builder, LLVMBuildCall2(e->builder, type, code, &zero, 1, ""), 0, "");
}

static LLVMValueRef has_bits(llvm_emitter *e, LLVMValueRef word, uint32_t bits)
{
    LLVMValueRef wanted = llvm_int(e, 32, bits);
    return LLVMBuildICmp(e->builder, LLVMIntEQ, LLVMBuildAnd(e->builder, word, wanted, ""), wanted, "");
}

/* A leaf beyond the last answers with another one's bits, so the last is asked for, too: leaf 0 (or 0x80000000) tells the last
 * leaf, subleaf 0 the last subleaf of leaf 7. */
static LLVMValueRef leaf_check(llvm_emitter *e, const be_cpu_leaf *wanted)
{
    LLVMValueRef last = cpuid(e, wanted->leaf & 0x80000000u, 0).of[0];
    LLVMValueRef ok = LLVMBuildICmp(e->builder, LLVMIntUGE, last, llvm_int(e, 32, wanted->leaf), "");
    registers found = cpuid(e, wanted->leaf, wanted->subleaf);

    if (wanted->subleaf > 0) {
        last = cpuid(e, wanted->leaf, 0).of[0];
        ok = LLVMBuildAnd(e->builder, ok,
                          LLVMBuildICmp(e->builder, LLVMIntUGE, last, llvm_int(e, 32, wanted->subleaf), ""), "");
    }
    for (int i = 0; i < 4; i++)
        if (wanted->bits[i])
            ok = LLVMBuildAnd(e->builder, ok, has_bits(e, found.of[i], wanted->bits[i]), "");
    return ok;
}

static LLVMValueRef cpu_bits_check(llvm_emitter *e, uint64_t features)
{
    LLVMValueRef ok = llvm_int(e, 1, 1);
    be_cpu_leaf leaves[RT_CPU_COUNT];
    int count = be_cpu_leaves(features, leaves);

    for (int i = 0; i < count; i++)
        ok = LLVMBuildAnd(e->builder, ok, leaf_check(e, &leaves[i]), "");
    return ok;
}

/* Leaves the answer (i8: 2 yes, 1 no) in *slot and goes on at `done`. */
static void ask(llvm_emitter *e, uint64_t features, LLVMValueRef function, LLVMValueRef slot, LLVMBasicBlockRef done)
{
    uint32_t state = be_cpu_state(features);
    LLVMValueRef ok = cpu_bits_check(e, features);

    if (state) {
        LLVMBasicBlockRef saved = LLVMAppendBasicBlockInContext(e->context, function, "state");
        LLVMBasicBlockRef join = LLVMAppendBasicBlockInContext(e->context, function, "asked");
        LLVMValueRef osxsave = has_bits(e, cpuid(e, 1, 0).of[2], BE_CPU_OSXSAVE), no = llvm_int(e, 1, 0);
        LLVMBasicBlockRef before = LLVMGetInsertBlock(e->builder);
        LLVMBuildCondBr(e->builder, osxsave, saved, join);
        llvm_position(e, saved);
        LLVMValueRef both = LLVMBuildAnd(e->builder, ok, has_bits(e, xgetbv(e), state), "");
        LLVMBuildBr(e->builder, join);
        llvm_position(e, join);
        ok = LLVMBuildPhi(e->builder, llvm_i(e, 1), "");
        LLVMAddIncoming(ok, (LLVMValueRef[]){no, both}, (LLVMBasicBlockRef[]){before, saved}, 2);
    }
    LLVMValueRef answer = LLVMBuildSelect(e->builder, ok, llvm_int(e, 8, 2), llvm_int(e, 8, 1), "");
    LLVMValueRef store = LLVMBuildStore(e->builder, answer, slot);
    LLVMSetAlignment(store, 1);
    LLVMSetOrdering(store, LLVMAtomicOrderingMonotonic);
    LLVMBuildBr(e->builder, done);
}

static LLVMValueRef atomic_byte(llvm_emitter *e, LLVMValueRef slot)
{
    LLVMValueRef load = LLVMBuildLoad2(e->builder, llvm_i(e, 8), slot, "");

    LLVMSetAlignment(load, 1);
    LLVMSetOrdering(load, LLVMAtomicOrderingMonotonic);
    return load;
}

static LLVMValueRef check_function(llvm_emitter *e, uint64_t features, const char *name, LLVMTypeRef type)
{
    LLVMValueRef function = LLVMAddFunction(e->unit, name, type);
    LLVMValueRef slot = LLVMAddGlobal(e->unit, llvm_i(e, 8), "spc_cpu_answer");
    LLVMBasicBlockRef start = LLVMAppendBasicBlockInContext(e->context, function, "start");
    LLVMBasicBlockRef first = LLVMAppendBasicBlockInContext(e->context, function, "first");
    LLVMBasicBlockRef done = LLVMAppendBasicBlockInContext(e->context, function, "done");

    LLVMSetLinkage(function, LLVMInternalLinkage);
    llvm_attribute(e, function, LLVMAttributeFunctionIndex, "nounwind", 0);
    llvm_attribute(e, function, LLVMAttributeFunctionIndex, "noinline", 0);
    LLVMSetLinkage(slot, LLVMInternalLinkage);
    LLVMSetInitializer(slot, llvm_int(e, 8, 0));
    llvm_position(e, start);
    LLVMValueRef known = LLVMBuildIsNotNull(e->builder, atomic_byte(e, slot), "");
    LLVMBuildCondBr(e->builder, known, done, first);
    llvm_position(e, first);
    ask(e, features, function, slot, done);
    llvm_position(e, done);
    LLVMBuildRet(e->builder, LLVMBuildICmp(e->builder, LLVMIntEQ, atomic_byte(e, slot), llvm_int(e, 8, 2), ""));
    return function;
}

/* Entries of one module that ask the same share the function, by its name. */
LLVMValueRef llvm_cpu_check(llvm_emitter *e, uint64_t features)
{
    LLVMTypeRef type = LLVMFunctionType(llvm_i(e, 1), NULL, 0, false);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(e->builder);
    LLVMMetadataRef line = LLVMGetCurrentDebugLocation2(e->builder);
    char name[64];

    snprintf(name, sizeof name, "spc_cpu_has_%llx", (unsigned long long)features);
    LLVMValueRef function = LLVMGetNamedFunction(e->unit, name);
    if (!function) {
        LLVMSetCurrentDebugLocation2(e->builder, NULL);
        function = check_function(e, features, name, type);
        llvm_position(e, here);
        LLVMSetCurrentDebugLocation2(e->builder, line);
    }
    return LLVMBuildCall2(e->builder, type, function, NULL, 0, "");
}
