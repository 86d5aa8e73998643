/* fuzz_ir: any text as IR. What parses must survive the verifier; what the verifier accepts must print, parse and print
 * again to the same text. */
#include "ir/ir.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 64 << 20 };

static void check(ir_arena *arena, const char *text, size_t size)
{
    ir_module *m = ir_module_new(arena, ir_diags_new(arena)), *again = ir_module_new(arena, ir_diags_new(arena));
    ir_source source = {"fuzz", text, size};
    spc_status status = ir_parse(m, &source);
    if ((status != SPC_OK) != (ir_error_count(m->diags) > 0)) abort();
    if (status != SPC_OK || ir_verify(m, "parse") != SPC_OK) {
        ir_diags_text(m->diags);
        return;
    }
    const char *once = ir_print_module(m, arena);
    ir_source printed = {"printed", once, strlen(once)};
    if (ir_parse(again, &printed) || ir_verify(again, "parse")) abort();
    if (strcmp(once, ir_print_module(again, arena)) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ir_arena *arena = ir_arena_new(MEMORY);
    if (!arena) return 0;
    if (setjmp(*ir_guard(arena)) == 0) check(arena, ir_strndup(arena, (const char *)data, size), size);
    ir_arena_free(arena);
    return 0;
}
