/* jit.c: objects into this process with ORC's LLJIT; one LLJIT per image, no state between images.
 *
 * Only objects are added, never IR, so a load from the cache runs no compiler. Pages are written first and made
 * executable afterwards. Objects with line tables are announced to gdb. */
#include "backends/llvm/llvm.h"
#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <llvm-c/ExecutionEngine.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <llvm-c/OrcEE.h>
#include <llvm/Config/llvm-config.h>
#include <stdlib.h>
#include <string.h>

struct be_image {
    LLVMOrcLLJITRef jit;
};

static spc_status take_error(rt_error *error, const char *what, LLVMErrorRef failure)
{
    if (!failure)
        return SPC_OK;
    char *message = LLVMGetErrorMessage(failure);
    spc_status status = rt_fail(error, SPC_E_BACKEND, "LLVM: %s: %s", what, message);
    LLVMDisposeErrorMessage(message);
    return status;
}

/* Sections of one object refer to each other by 32-bit offsets: newer versions can keep them together for certain, older
 * ones place each near the first. */
static LLVMOrcObjectLayerRef new_layer(LLVMOrcExecutionSessionRef session)
{
#if LLVM_VERSION_MAJOR >= 22
    return LLVMOrcCreateRTDyldObjectLinkingLayerWithSectionMemoryManagerReserveAlloc(session, true);
#else
    return LLVMOrcCreateRTDyldObjectLinkingLayerWithSectionMemoryManager(session);
#endif
}

static LLVMOrcObjectLayerRef object_layer(void *context, LLVMOrcExecutionSessionRef session, const char *triple)
{
    const bool *debug = context;
    LLVMOrcObjectLayerRef layer = new_layer(session);

    (void)triple;
    if (*debug)
        LLVMOrcRTDyldObjectLinkingLayerRegisterJITEventListener(layer, LLVMCreateGDBRegistrationListener());
    return layer;
}

static bool has_lines(const be_blob *objects, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (memmem(objects[i].data, objects[i].size, ".debug_line", sizeof ".debug_line" - 1))
            return true;
    return false;
}

/* A look-up that fails says so by its result; left alone the session would print as well. */
static void stay_silent(void *context, LLVMErrorRef failure)
{
    (void)context;
    LLVMConsumeError(failure);
}

static spc_status open_jit(bool debug, LLVMOrcLLJITRef *out, rt_error *error)
{
    LLVMOrcLLJITBuilderRef builder = LLVMOrcCreateLLJITBuilder();
    LLVMOrcLLJITBuilderSetObjectLinkingLayerCreator(builder, object_layer, &debug);
    LLVMErrorRef failure = LLVMOrcCreateLLJIT(out, builder); /* takes the builder in any case */
    if (!failure)
        LLVMOrcExecutionSessionSetErrorReporter(LLVMOrcLLJITGetExecutionSession(*out), stay_silent, NULL);
    return take_error(error, "no JIT", failure);
}

/* spc_weights, and behind it whatever compiled code needs of libc and libm, which this process has. */
static spc_status define_symbols(LLVMOrcLLJITRef jit, const void *weights, rt_error *error)
{
    LLVMOrcJITDylibRef dylib = LLVMOrcLLJITGetMainJITDylib(jit);
    LLVMOrcCSymbolMapPair pair = {
        .Name = LLVMOrcLLJITMangleAndIntern(jit, BE_WEIGHTS_SYMBOL),
        .Sym = {.Address = (LLVMOrcExecutorAddress)(uintptr_t)weights,
                .Flags = {.GenericFlags = LLVMJITSymbolGenericFlagsExported}},
    };
    LLVMOrcMaterializationUnitRef symbols = LLVMOrcAbsoluteSymbols(&pair, 1);
    LLVMOrcDefinitionGeneratorRef process = NULL;
    LLVMErrorRef failure = LLVMOrcJITDylibDefine(dylib, symbols);

    if (failure) {
        LLVMOrcDisposeMaterializationUnit(symbols);
        return take_error(error, BE_WEIGHTS_SYMBOL, failure);
    }
    failure = LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(&process, LLVMOrcLLJITGetGlobalPrefix(jit), NULL,
                                                                   NULL);
    if (!failure)
        LLVMOrcJITDylibAddGenerator(dylib, process);
    return take_error(error, "this process's symbols", failure);
}

static spc_status add_object(LLVMOrcLLJITRef jit, const be_blob *object, rt_error *error)
{
    LLVMMemoryBufferRef copy = LLVMCreateMemoryBufferWithMemoryRangeCopy(object->data, object->size, "spc");
    return take_error(error, "object", LLVMOrcLLJITAddObjectFile(jit, LLVMOrcLLJITGetMainJITDylib(jit), copy));
}

/* Address 0 stands for "no weights"; nothing refers to them then. */
spc_status llvm_load(const be_blob *objects, size_t count, const void *weights, be_image **out, rt_error *error)
{
    be_image *image = calloc(1, sizeof *image);
    spc_status status;

    *out = NULL;
    if (!image)
        return rt_fail(error, SPC_E_NOMEM, "out of memory");
    llvm_register();
    status = open_jit(has_lines(objects, count), &image->jit, error);
    if (!status)
        status = define_symbols(image->jit, weights, error);
    for (size_t i = 0; i < count && !status; i++)
        status = add_object(image->jit, &objects[i], error);
    if (status) {
        llvm_unload(image);
        return status;
    }
    *out = image;
    return SPC_OK;
}

void *llvm_symbol(be_image *image, const char *name)
{
    LLVMOrcExecutorAddress address = 0;
    LLVMErrorRef failure = LLVMOrcLLJITLookup(image->jit, &address, name);

    if (failure) {
        LLVMConsumeError(failure);
        return NULL;
    }
    return (void *)(uintptr_t)address;
}

void llvm_unload(be_image *image)
{
    if (!image)
        return;
    if (image->jit) {
        LLVMErrorRef failure = LLVMOrcDisposeLLJIT(image->jit);
        if (failure)
            LLVMConsumeError(failure);
    }
    free(image);
}
