/* bind: arguments of a call to the parameters of a row of builtins.def. */
#include "frontend/builtins.h"

#include <string.h>

static int param_named(const fe_builtin *b, const char *name)
{
    for (int i = 0; i < b->count; i++)
        if (strcmp(b->params[i].name, name) == 0) return i;
    return -1;
}

static int unknown_argument(fe_call *call, const fe_arg *a)
{
    fe_guess g = fe_guess_for(call->w->c, a->name->text);
    for (int i = 0; i < call->builtin->count; i++) fe_guess_try(&g, call->builtin->params[i].name);
    fe_error(call->w->c, a->at, "'%s' has no argument '%s'%s", call->builtin->name, a->name->text,
             fe_guess_text(&g, call->w->c->arena));
    fe_note(call->w->c, call->expr->at, "it is %s", fe_usage(call->w->c, call->builtin));
    return -1;
}

static int by_name(fe_call *call, const fe_arg *a)
{
    int i = param_named(call->builtin, a->name->text);
    if (i < 0) return unknown_argument(call, a);
    if (call->builtin->params[i].repeats) {
        fe_error(call->w->c, a->at, "'%s' is given by position, not by name", a->name->text);
        return -1;
    }
    if (!call->args[i].given) return i;
    fe_error(call->w->c, a->at, "the argument '%s' is given twice", a->name->text);
    fe_note(call->w->c, call->args[i].at, "first given here");
    return -1;
}

/* next: how many came by position before. too_many is set, so that one message does for all surplus arguments. */
static int by_position(fe_call *call, const fe_arg *a, int next, bool *too_many)
{
    const fe_builtin *b = call->builtin;
    for (int i = 0; i < b->count && !b->params[i].named; i++)
        if (i == next || b->params[i].repeats) return i;
    if (!*too_many) {
        const char *hint = next < b->count && b->params[next].named ? "; those with '=' are given by name" : "";
        fe_error(call->w->c, a->at, "too many arguments by position: it is %s%s", fe_usage(call->w->c, b), hint);
    }
    *too_many = true;
    return -1;
}

static bool read_argument(fe_call *call, const fe_arg *a, int i, const fe_value *piped)
{
    static bool (*const readers[])(fe_walk *, const fe_expr *, fe_bound *) = {
#define KIND(name, reader, wants) fe_read_##reader,
#include "frontend/builtins.def"
#undef KIND
    };
    const fe_param *p = &call->builtin->params[i];
    fe_bound single = {0}, *bound = p->repeats ? &single : &call->args[i];
    bound->given = call->args[i].given = true;
    bound->at = a->value->at;
    if (piped) {
        bound->piped = true;
        bound->value = *piped;
    }
    bool good = readers[p->kind](call->w, a->value, bound);
    if (p->repeats) {
        call->rest[call->rest_count] = bound->value;
        call->rest_at[call->rest_count++] = bound->at;
    }
    return good;
}

static bool missing_argument(fe_call *call)
{
    const fe_builtin *b = call->builtin;
    for (int i = 0; i < b->count; i++) {
        if (call->args[i].given || b->params[i].optional) continue;
        fe_error(call->w->c, call->expr->at, "'%s' needs the argument '%s': it is %s", b->name, b->params[i].name,
                 fe_usage(call->w->c, b));
        return true;
    }
    return false;
}

static void fill_defaults(fe_call *call)
{
    for (int i = 0; i < call->builtin->count; i++) {
        fe_bound *bound = &call->args[i];
        const fe_param *p = &call->builtin->params[i];
        if (bound->given) continue;
        bound->at = call->expr->at;
        bound->real = p->number;
        bound->integers[0] = (int64_t)p->number;
        for (int j = 0; j < FE_MAX_INTEGERS; j++)
            bound->extents[j] = ir_extent_const(call->w->c->module, (int64_t)p->number);
    }
}

static void prepare_rest(fe_call *call)
{
    int count = 0;
    if (!call->builtin->count || !call->builtin->params[0].repeats) return;
    for (const fe_arg *a = call->expr->args; a; a = a->next) count++;
    call->rest = IR_ARRAY(call->w->c->arena, fe_value, count);
    call->rest_at = IR_ARRAY(call->w->c->arena, fe_span, count);
}

static bool touch_arguments(fe_call *call)
{
    for (const fe_arg *a = call->expr->args; a; a = a->next) fe_touch(call->w, a->value);
    return true;
}

bool fe_bind_arguments(fe_call *call, const fe_value *piped)
{
    bool good = true, named = false, too_many = false;
    int position = 0;
    if (call->builtin->open) return touch_arguments(call);
    prepare_rest(call);
    for (const fe_arg *a = call->expr->args; a; a = a->next) {
        int i = a->name ? by_name(call, a) : by_position(call, a, position++, &too_many);
        if (!a->name && named && i >= 0) {
            fe_error(call->w->c, a->at, "an argument by position cannot follow one by name");
            i = -1;
        }
        named |= a->name != NULL;
        const fe_value *value = a == call->expr->args ? piped : NULL;
        if (i >= 0 && !call->builtin->params[i].repeats && call->args[i].given) i = -1;
        if (i >= 0) good &= read_argument(call, a, i, value);
        else if (!value) fe_touch(call->w, a->value);
        good &= i >= 0;
    }
    if (good && missing_argument(call)) good = false;
    if (good) fill_defaults(call);
    return good;
}
