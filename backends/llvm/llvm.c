/* llvm.c: the LLVM backend's vtable and the way from functions to an object: emit, verify, a short list of passes, codegen.
 *
 * One context, module and target machine per call, so calls run in parallel without locks. The one static of this
 * backend is the pthread_once that registers LLVM's x86 target, which LLVM itself keeps per process. */
#include "backends/llvm/emit.h"
#include "backends/llvm/llvm.h"
#include <llvm-c/Analysis.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <llvm/Config/llvm-config.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char triple[] = "x86_64-pc-linux-gnu";

/* Kernels arrive as final vector code: promoting regs, merging address arithmetic and canonical forms for instruction
 * selection are all that is left. Longer lists (O2) cost several times as much and gained nothing. instcombine as text
 * stops the process unless it converged; hence the option. */
static const char pass_list[] = "function(sroa,early-cse,instcombine<no-verify-fixpoint>)";

static void register_target(void)
{
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmParser();
    LLVMInitializeX86AsmPrinter();
}

void llvm_register(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_target);
}

static spc_status take_message(rt_error *error, spc_status status, const char *what, char *message)
{
    spc_status result = rt_fail(error, status, "LLVM: %s: %s", what, message ? message : "no reason given");
    LLVMDisposeMessage(message);
    return result;
}

static spc_status target_machine(LLVMTargetMachineRef *out, rt_error *error)
{
    LLVMTargetRef target;
    char *message = NULL;

    llvm_register();
    if (LLVMGetTargetFromTriple(triple, &target, &message))
        return take_message(error, SPC_E_BACKEND, "no x86-64", message);
    *out = LLVMCreateTargetMachine(target, triple, "x86-64", "", LLVMCodeGenLevelDefault, LLVMRelocPIC,
                                   LLVMCodeModelSmall);
    return *out ? SPC_OK : rt_fail(error, SPC_E_BACKEND, "LLVM: no target machine for %s", triple);
}

/* Without a handler LLVM would print. */
static void on_diagnostic(LLVMDiagnosticInfoRef info, void *context)
{
    llvm_emitter *e = context;

    if (LLVMGetDiagInfoSeverity(info) != LLVMDSError)
        return;
    char *text = LLVMGetDiagInfoDescription(info);
    llvm_fail(e, SPC_E_BACKEND, "LLVM: %s", text);
    LLVMDisposeMessage(text);
}

static void open_unit(llvm_emitter *e, LLVMTargetMachineRef machine)
{
    e->context = LLVMContextCreate();
    LLVMContextSetDiagnosticHandler(e->context, on_diagnostic, e);
    e->unit = LLVMModuleCreateWithNameInContext("spc", e->context);
    e->builder = LLVMCreateBuilderInContext(e->context);
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(machine);
    LLVMSetModuleDataLayout(e->unit, layout);
    LLVMDisposeTargetData(layout);
    LLVMSetTarget(e->unit, triple);
    LLVMAddModuleFlag(e->unit, LLVMModuleFlagBehaviorOverride, "PIC Level", 9, LLVMValueAsMetadata(llvm_int(e, 32, 2)));
}

static void close_unit(llvm_emitter *e)
{
    LLVMDisposeBuilder(e->builder);
    LLVMDisposeModule(e->unit);
    LLVMContextDispose(e->context);
}

static void optimise(llvm_emitter *e, LLVMTargetMachineRef machine)
{
    char *message = NULL;

    if (LLVMVerifyModule(e->unit, LLVMReturnStatusAction, &message)) {
        llvm_fail(e, SPC_E_INTERNAL, "llvm: broken module: %s", message);
        LLVMDisposeMessage(message);
        return;
    }
    LLVMDisposeMessage(message);
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMErrorRef failure = LLVMRunPasses(e->unit, pass_list, machine, options);
    LLVMDisposePassBuilderOptions(options);
    if (failure) {
        message = LLVMGetErrorMessage(failure);
        llvm_fail(e, SPC_E_INTERNAL, "llvm: passes: %s", message);
        LLVMDisposeErrorMessage(message);
        return;
    }
    llvm_mend(e);
}

static void copy_out(llvm_emitter *e, const char *data, size_t size, be_blob *out)
{
    out->data = malloc(size + 1);
    if (!out->data) {
        llvm_fail(e, SPC_E_NOMEM, "out of memory");
        return;
    }
    memcpy(out->data, data, size);
    out->data[size] = '\0'; /* behind the end, for readers of text */
    out->size = size;
}

static void generate(llvm_emitter *e, LLVMTargetMachineRef machine, be_format format, be_blob *out)
{
    LLVMMemoryBufferRef buffer = NULL;
    char *message = NULL;

    if (format == BE_TEXT) {
        char *text = LLVMPrintModuleToString(e->unit);
        copy_out(e, text, strlen(text), out);
        LLVMDisposeMessage(text);
        return;
    }
    if (LLVMTargetMachineEmitToMemoryBuffer(machine, e->unit, format == BE_ASM ? LLVMAssemblyFile : LLVMObjectFile,
                                            &message, &buffer)) {
        llvm_fail(e, SPC_E_BACKEND, "LLVM: code generation: %s", message);
        LLVMDisposeMessage(message);
        return;
    }
    if (e->status == SPC_OK)
        copy_out(e, LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer), out);
    LLVMDisposeMemoryBuffer(buffer);
}

static spc_status emit(const ir_module *module, const ir_func *const *funcs, size_t count, const be_options *options,
                       be_format format, be_blob *out, rt_error *error)
{
    rt_error unread = {0};
    llvm_emitter e = {.module = module, .options = options, .error = error ? error : &unread};
    LLVMTargetMachineRef machine = NULL;
    spc_status status = target_machine(&machine, error);

    *out = (be_blob){0};
    if (status)
        return status;
    open_unit(&e, machine);
    llvm_lines_open(&e, funcs, count);
    for (size_t i = 0; i < count && e.status == SPC_OK; i++)
        llvm_emit_function(&e, funcs[i]);
    llvm_lines_close(&e);
    if (e.status == SPC_OK)
        optimise(&e, machine);
    if (e.status == SPC_OK)
        generate(&e, machine, format, out);
    close_unit(&e);
    LLVMDisposeTargetMachine(machine);
    return e.status;
}

static const char *version(void) { return "LLVM " LLVM_VERSION_STRING; }

const be_backend be_llvm = {
    .name = "llvm", .version = version, .emit = emit,
    .load = llvm_load, .symbol = llvm_symbol, .unload = llvm_unload,
};
