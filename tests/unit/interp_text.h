/* interp_text: what the interpreter's unit tests share: a module from text, and calls on it. */
#ifndef SPC_TEST_INTERP_TEXT_H
#define SPC_TEST_INTERP_TEXT_H

#include "backends/interp/interp.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

/* Parses and verifies; prints the messages and fails the test where the text is wrong. The arena owns all. */
static inline ir_module *parse_text(ir_arena *arena, const char *text)
{
    ir_module *m = ir_module_new(arena, ir_diags_new(arena));
    ir_source *source = IR_NEW(arena, ir_source);
    *source = (ir_source){"test", text, strlen(text)};
    if (setjmp(*ir_guard(arena))) fail_msg("out of memory");
    if (ir_parse(m, source) || ir_verify(m, "test")) {
        print_error("%s\n%s", text, ir_diags_text(m->diags));
        fail();
    }
    return m;
}

/* One task of the kernel @k over pointers. */
static inline int run_kernel(const char *text, int count, void *const *pointers)
{
    ir_arena *arena = ir_arena_new(0);
    ir_module *m = parse_text(arena, text);
    uint64_t words[16];
    for (int i = 0; i < count; i++) words[i] = (uint64_t)(uintptr_t)pointers[i];
    const int status = interp_kernel(m, ir_func_find(m, IR_KERNEL, "k"), words, 0, 1, NULL);
    ir_arena_free(arena);
    return status;
}

#define RUN_KERNEL(text, ...)                                                            \
    do {                                                                                 \
        void *const pointers_[] = {__VA_ARGS__};                                         \
        assert_int_equal(run_kernel((text), (int)(sizeof pointers_ / sizeof *pointers_), pointers_), 0); \
    } while (0)

/* The end of every kernel's parameters. */
#define TASK_PARAMS "%100 = param \"task\" : index\n %101 = param \"tasks\" : index\n"

#endif
