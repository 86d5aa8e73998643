/* fuzz_sdl: any bytes as an SDL file.
 *
 * The front end must answer, within bounds of time and memory, with a module that the verifier accepts or with at least
 * one error. What it builds must print, parse and print the same. */
#include "frontend/frontend.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds) abort();
}

/* The text of a module must be one that reads back as itself. */
static void check_round_trip(ir_arena *arena, const ir_module *module)
{
    char *text = ir_print_module(module, arena);
    ir_source source = {"printed", text, strlen(text)};
    ir_module *again = ir_module_new(arena, ir_diags_new(arena));
    demand(ir_parse(again, &source) == SPC_OK);
    demand(strcmp(ir_print_module(again, arena), text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ir_arena *arena = ir_arena_new((size_t)256 << 20);
    if (!arena) return 0;
    if (setjmp(*ir_guard(arena))) { /* over the limit: an answer as good as any */
        ir_arena_free(arena);
        return 0;
    }
    char *text = ir_strndup(arena, (const char *)data, size);
    ir_diags *diags = ir_diags_new(arena);
    ir_module *module = ir_module_new(arena, diags);
    ir_source source = {"fuzz.sdl", text, size};
    spc_status status = fe_compile(module, &source);
    demand((status == SPC_OK) == (ir_error_count(diags) == 0));
    demand(ir_diags_text(diags) != NULL);
    if (status == SPC_OK) {
        demand(ir_verify(module, "frontend") == SPC_OK);
        check_round_trip(arena, module);
    }
    ir_arena_free(arena);
    return 0;
}
