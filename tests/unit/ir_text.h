/* ir_text: what the IR's unit tests share: a module in an arena, texts in and out. */
#ifndef SPC_TEST_IR_TEXT_H
#define SPC_TEST_IR_TEXT_H

#include "ir/ir.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

typedef struct fixture {
    ir_arena *arena;
    ir_module *module;
} fixture;

static inline fixture fixture_new(void)
{
    fixture f = {.arena = ir_arena_new(0)};
    assert_non_null(f.arena);
    f.module = ir_module_new(f.arena, ir_diags_new(f.arena));
    return f;
}

static inline void fixture_free(fixture *f) { ir_arena_free(f->arena); }

/* A fresh module of this text in the fixture's arena; the text is copied. */
static inline spc_status fixture_parse(fixture *f, const char *text)
{
    ir_source *source = IR_NEW(f->arena, ir_source);
    *source = (ir_source){"test", ir_strdup(f->arena, text), strlen(text)};
    f->module = ir_module_new(f->arena, ir_diags_new(f->arena));
    return ir_parse(f->module, source);
}

static inline const char *fixture_messages(fixture *f) { return ir_diags_text(f->module->diags); }

static inline void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("\"%s\" is not in:\n%s", part, text);
}

#endif
