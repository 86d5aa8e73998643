/* fuzz_plan: any text as a plan. What is accepted prints, and reads back the same. */
#include "ir/plan.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 64 << 20 };

static void check(ir_arena *arena, const char *text, size_t size)
{
    ir_diags *diags = ir_diags_new(arena);
    ir_plan *plan = ir_plan_new(arena), *again = ir_plan_new(arena);
    ir_source source = {"plan", text, size};
    if (ir_plan_parse(plan, diags, &source)) {
        if (ir_error_count(diags) == 0) abort();
        ir_diags_text(diags);
        return;
    }
    const char *once = ir_plan_print(plan, arena);
    ir_source printed = {"printed", once, strlen(once)};
    if (ir_plan_parse(again, diags, &printed)) abort();
    if (strcmp(once, ir_plan_print(again, arena)) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ir_arena *arena = ir_arena_new(MEMORY);
    if (!arena) return 0;
    if (setjmp(*ir_guard(arena)) == 0) check(arena, ir_strndup(arena, (const char *)data, size), size);
    ir_arena_free(arena);
    return 0;
}
