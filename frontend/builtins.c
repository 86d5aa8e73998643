/* builtins: the rows of builtins.def, and what calls of operations have in common. */
#include "frontend/builtins.h"
#include "frontend/checks.h"
#include "frontend/parse.h"

#include <string.h>

#define EMIT_none NULL
#define EMIT_args fe_emit_args
#define EMIT_leaky_relu fe_emit_leaky_relu
#define EMIT_clip fe_emit_clip
#define EMIT_convolution fe_emit_convolution
#define EMIT_pool fe_emit_pool
#define EMIT_resize fe_emit_resize
#define EMIT_depth_to_space fe_emit_depth_to_space
#define EMIT_norm fe_emit_norm
#define EMIT_reduction fe_emit_reduction
#define EMIT_argmax fe_emit_argmax
#define EMIT_reshape fe_emit_reshape
#define EMIT_transpose fe_emit_transpose
#define EMIT_concat fe_emit_concat
#define EMIT_slice fe_emit_slice
#define EMIT_pad fe_emit_pad

typedef struct row {
    const char *name, *parameters;
    bool (*check)(fe_call *);
    ir_op *(*emit)(fe_call *);
    int code;
} row;

static const row operations[] = {
#define OPERATION(name, parameters, check, emit, code) {#name, parameters, fe_check_##check, EMIT_##emit, IR_OP_##code},
#include "frontend/builtins.def"
#undef OPERATION
};
static const row patterns[] = {
#define PATTERN(name, parameters, check, kind) {#name, parameters, fe_check_pattern_##check, NULL, kind},
#include "frontend/builtins.def"
#undef PATTERN
};
static const row masks[] = {
#define MASK(name, parameters, check) {#name, parameters, fe_check_mask_##check, NULL, 0},
#include "frontend/builtins.def"
#undef MASK
};
enum {
    OPERATIONS = sizeof operations / sizeof operations[0],
    PATTERNS = sizeof patterns / sizeof patterns[0],
    MASKS = sizeof masks / sizeof masks[0]
};

/* ---- reading the parameter texts ---- */

static fe_param_kind kind_named(const char *text, size_t len)
{
    static const char *const names[] = {
#define KIND(name, reader, wants) #name,
#include "frontend/builtins.def"
#undef KIND
    };
    int kind = 0;
    while (kind < FE_PARAM_KINDS && (strlen(names[kind]) != len || memcmp(names[kind], text, len) != 0)) kind++;
    return (fe_param_kind)kind;
}

/* One "KIND NAME" with its suffix, of len bytes. */
static fe_param read_param(ir_arena *arena, const char *text, size_t len)
{
    size_t kind = strcspn(text, " "), name = kind + 1 + strcspn(text + kind + 1, "?=.,");
    fe_param p = {.kind = kind_named(text, kind), .name = ir_strndup(arena, text + kind + 1, name - kind - 1)};
    p.repeats = text[name] == '.';
    p.named = text[name] == '=';
    if (p.named && name + 1 < len) p.fallback = ir_strndup(arena, text + name + 1, len - name - 1);
    p.optional = text[name] == '?' || p.fallback;
    if (p.fallback && strchr("-0123456789", p.fallback[0])) p.number = fe_decimal(arena, p.fallback);
    return p;
}

static const fe_builtin *read_row(fe_context *c, const row *r)
{
    fe_builtin *b = IR_NEW(c->arena, fe_builtin);
    *b =
        (fe_builtin){.name = r->name, .parameters = r->parameters, .check = r->check, .emit = r->emit, .code = r->code};
    const char *at = r->parameters;
    b->open = strcmp(at, "...") == 0;
    while (*at && !b->open) {
        size_t len = strcspn(at, ",");
        b->params[b->count++] = read_param(c->arena, at, len);
        at += len;
        at += strspn(at, ", ");
    }
    return b;
}

void fe_builtins_init(fe_context *c)
{
    for (int i = 0; i < OPERATIONS; i++)
        fe_intern(c, operations[i].name, strlen(operations[i].name))->operation = read_row(c, &operations[i]);
    for (int i = 0; i < PATTERNS; i++)
        fe_intern(c, patterns[i].name, strlen(patterns[i].name))->pattern = read_row(c, &patterns[i]);
    for (int i = 0; i < MASKS; i++) fe_intern(c, masks[i].name, strlen(masks[i].name))->mask = read_row(c, &masks[i]);
}

void fe_guess_operations(fe_guess *g)
{
    for (int i = 0; i < OPERATIONS; i++) fe_guess_try(g, operations[i].name);
}

void fe_guess_patterns(fe_guess *g)
{
    for (int i = 0; i < PATTERNS; i++) fe_guess_try(g, patterns[i].name);
}

void fe_guess_masks(fe_guess *g)
{
    for (int i = 0; i < MASKS; i++) fe_guess_try(g, masks[i].name);
}

const char *fe_usage(fe_context *c, const fe_builtin *b)
{
    ir_text text;
    ir_text_init(&text, c->arena);
    ir_text_add(&text, "%s(", b->name);
    for (int i = 0; i < b->count; i++) {
        const fe_param *p = &b->params[i];
        ir_text_add(&text, "%s%s", i ? ", " : "", p->name);
        if (p->repeats) ir_text_add(&text, ", ...");
        else if (p->named) ir_text_add(&text, "=%s", p->fallback ? p->fallback : "");
        else if (p->optional) ir_text_add(&text, "?");
    }
    ir_text_add(&text, ")");
    return text.data;
}

/* ---- calling ---- */

fe_call *fe_call_open(fe_walk *w, const fe_expr *e, const fe_builtin *b)
{
    fe_call *call = w->c->free_calls;
    if (call) w->c->free_calls = call->next_free;
    else call = IR_NEW(w->c->arena, fe_call);
    *call = (fe_call){.w = w, .expr = e, .builtin = b};
    return call;
}

void fe_call_close(fe_call *call)
{
    call->next_free = call->w->c->free_calls;
    call->w->c->free_calls = call;
}

static fe_value result_of(fe_call *call)
{
    fe_walk *w = call->w;
    if (!call->builtin->emit) fe_unsupported(w->c, call->expr->at, "'%s'", call->builtin->name);
    ir_op *op = w->builder && call->builtin->emit ? call->builtin->emit(call) : NULL;
    fe_value v = fe_tensor_value(call->type, op);
    v.quantity = call->quantity;
    return v;
}

fe_value fe_call_operation(fe_walk *w, const fe_expr *e, const fe_builtin *b, const fe_value *piped)
{
    fe_call *call = fe_call_open(w, e, b);
    if (w->layer) w->layer->operations++;
    fe_value v = fe_bind_arguments(call, piped) && b->check(call) ? result_of(call) : fe_bad();
    fe_call_close(call);
    return v;
}
