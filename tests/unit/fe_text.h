/* fe_text: what the front end's unit tests share: SDL in, a module and messages out. */
#ifndef SPC_TEST_FE_TEXT_H
#define SPC_TEST_FE_TEXT_H

#include "frontend/frontend.h"
#include "ir_text.h"

/* A fresh module of these bytes, copied, in the fixture's arena. */
static inline spc_status compile_bytes(fixture *f, const char *text, size_t len)
{
    ir_source *source = IR_NEW(f->arena, ir_source);
    *source = (ir_source){"m.sdl", ir_strndup(f->arena, text, len), len};
    f->module = ir_module_new(f->arena, ir_diags_new(f->arena));
    return fe_compile(f->module, source);
}

static inline spc_status compile(fixture *f, const char *text) { return compile_bytes(f, text, strlen(text)); }

/* head, then part count times, then tail. */
static inline char *repeat(fixture *f, const char *head, const char *part, int count, const char *tail)
{
    ir_text text;
    ir_text_init(&text, f->arena);
    ir_text_add_bytes(&text, head, strlen(head));
    for (int i = 0; i < count; i++) ir_text_add_bytes(&text, part, strlen(part));
    ir_text_add_bytes(&text, tail, strlen(tail));
    return text.data;
}

static inline void assert_error(fixture *f, const char *text, const char *message)
{
    assert_int_equal(compile(f, text), SPC_E_PROGRAM);
    assert_contains(fixture_messages(f), message);
}

#endif
