/* lines.c: line tables, so that perf and gdb show the SDL lines of kernels under the kernels' names.
 *
 * Functions and lines only; no variables and no types. Off unless the options ask: it costs time and bytes. */
#include "backends/llvm/emit.h"
#include <string.h>

static LLVMMetadataRef file_of(llvm_lines *lines, const ir_source *source)
{
    const char *name = source && source->name ? source->name : "spc";
    return LLVMDIBuilderCreateFile(lines->builder, name, strlen(name), "", 0);
}

static const ir_source *first_source(const ir_func *const *funcs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (funcs[i]->loc.source)
            return funcs[i]->loc.source;
    return NULL;
}

void llvm_lines_open(llvm_emitter *e, const ir_func *const *funcs, size_t count)
{
    static const char producer[] = "spc " SPC_VERSION;
    llvm_lines *lines = &e->lines;

    if (!e->options->debug)
        return;
    lines->builder = LLVMCreateDIBuilder(e->unit);
    lines->source = first_source(funcs, count);
    lines->file = file_of(lines, lines->source);
    lines->unit = LLVMDIBuilderCreateCompileUnit(lines->builder, LLVMDWARFSourceLanguageC11, lines->file, producer,
                                                 sizeof producer - 1, true, "", 0, 0, "", 0,
                                                 LLVMDWARFEmissionLineTablesOnly, 0, false, false, "", 0, "", 0);
    LLVMAddModuleFlag(e->unit, LLVMModuleFlagBehaviorWarning, "Debug Info Version", 18,
                      LLVMValueAsMetadata(llvm_int(e, 32, LLVMDebugMetadataVersion())));
}

void llvm_lines_function(llvm_emitter *e, const char *symbol)
{
    llvm_lines *lines = &e->lines;
    const ir_loc *loc = &e->func->loc;

    if (!lines->builder)
        return;
    LLVMMetadataRef file = loc->source == lines->source ? lines->file : file_of(lines, loc->source);
    LLVMMetadataRef type = LLVMDIBuilderCreateSubroutineType(lines->builder, file, NULL, 0, LLVMDIFlagZero);
    unsigned line = loc->source ? (unsigned)loc->line : 0;
    size_t size;
    const char *linkage = LLVMGetValueName2(e->function, &size);
    lines->scope = LLVMDIBuilderCreateFunction(lines->builder, file, symbol, strlen(symbol), linkage, size, file, line,
                                               type, false, true, line, LLVMDIFlagZero, true);
    LLVMSetSubprogram(e->function, lines->scope);
    llvm_lines_set(e, *loc);
}

void llvm_lines_set(llvm_emitter *e, ir_loc loc)
{
    if (!e->lines.scope)
        return;
    unsigned line = loc.source ? (unsigned)loc.line : 0, column = loc.source ? (unsigned)loc.column : 0;
    LLVMSetCurrentDebugLocation2(e->builder, LLVMDIBuilderCreateDebugLocation(e->context, line, column, e->lines.scope,
                                                                              NULL));
}

void llvm_lines_close(llvm_emitter *e)
{
    if (!e->lines.builder)
        return;
    LLVMDIBuilderFinalize(e->lines.builder);
    LLVMDisposeDIBuilder(e->lines.builder);
    e->lines.builder = NULL;
}
