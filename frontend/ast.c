/* ast: constructors. They keep the links that make long chains walkable and gather the names that items mention. */
#include "frontend/context.h"

#include <string.h>

static uint32_t hash_text(const char *text, size_t len)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < len; i++) hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return hash ^ hash >> 15;
}

fe_name *fe_intern(fe_context *c, const char *text, size_t len)
{
    fe_name **bucket = &c->names[hash_text(text, len) % FE_NAME_BUCKETS];
    for (fe_name *n = *bucket; n; n = n->next)
        if (n->len == len && memcmp(n->text, text, len) == 0) return n;
    fe_name *n = IR_NEW(c->arena, fe_name);
    n->text = ir_strndup(c->arena, text, len);
    n->len = len;
    n->next = *bucket;
    return *bucket = n;
}

fe_expr *fe_spine(const fe_expr *e)
{
    if (e->kind == FE_EXPR_BINARY) return e->left;
    return e->kind == FE_EXPR_CALL && e->piped ? e->args->value : NULL;
}

fe_expr *fe_expr_new(fe_context *c, fe_expr_kind kind, fe_span at)
{
    fe_expr *e = IR_NEW(c->arena, fe_expr);
    e->kind = kind;
    e->at = e->span = at;
    return e;
}

fe_expr *fe_expr_name(fe_context *c, fe_name *name, fe_span at)
{
    fe_expr *e = fe_expr_new(c, FE_EXPR_NAME, at);
    e->name = name;
    fe_mention_name(c, name, at, false);
    return e;
}

fe_expr *fe_expr_binary(fe_context *c, fe_operator op, fe_span at, fe_expr *left, fe_expr *right)
{
    fe_expr *e = fe_expr_new(c, FE_EXPR_BINARY, at);
    e->op = op;
    e->left = left;
    e->right = right;
    e->span = (fe_span){left->span.begin, right->span.end};
    left->parent = e;
    return e;
}

fe_expr *fe_expr_unary(fe_context *c, fe_operator op, fe_span at, fe_expr *right)
{
    fe_expr *e = fe_expr_new(c, FE_EXPR_UNARY, at);
    e->op = op;
    e->right = right;
    e->span.end = right->span.end;
    return e;
}

fe_expr *fe_expr_call(fe_context *c, fe_name *name, fe_span at, fe_arg *args, fe_span span)
{
    fe_expr *e = fe_expr_new(c, FE_EXPR_CALL, at);
    e->name = name;
    e->args = args;
    e->span = span;
    fe_mention_name(c, name, at, true);
    return e;
}

fe_expr *fe_expr_pipe(fe_context *c, fe_expr *left, fe_expr *callee)
{
    fe_arg *first = fe_arg_new(c, NULL, left->span, left);
    first->next = callee->args;
    callee->args = first;
    callee->piped = true;
    callee->span.begin = left->span.begin;
    left->parent = callee;
    return callee;
}

fe_expr *fe_expr_list(fe_context *c, fe_arg *elements, fe_span span)
{
    fe_expr *e = fe_expr_new(c, FE_EXPR_LIST, span);
    e->args = elements;
    return e;
}

fe_arg *fe_arg_new(fe_context *c, fe_name *name, fe_span at, fe_expr *value)
{
    fe_arg *a = IR_NEW(c->arena, fe_arg);
    *a = (fe_arg){name, at, value, NULL};
    return a;
}

fe_item *fe_item_new(fe_context *c, fe_item_kind kind, fe_name *name, fe_span at)
{
    fe_item *item = IR_NEW(c->arena, fe_item);
    item->kind = kind;
    item->name = name;
    item->at = at;
    item->mentions = c->mentions;
    c->mentions = NULL;
    if (c->last_item) c->last_item->next = item;
    else c->items = item;
    return c->last_item = item;
}

void fe_mention_name(fe_context *c, fe_name *name, fe_span at, bool called)
{
    fe_mention *m = IR_NEW(c->arena, fe_mention);
    *m = (fe_mention){name, at, called, c->mentions};
    c->mentions = m;
}

const char *fe_operator_text(fe_operator op)
{
    static const char *const texts[] = {
        [FE_OR] = "|",  [FE_AND] = "&", [FE_EQ] = "==", [FE_NE] = "!=", [FE_LT] = "<",  [FE_LE] = "<=", [FE_GT] = ">",
        [FE_GE] = ">=", [FE_ADD] = "+", [FE_SUB] = "-", [FE_MUL] = "*", [FE_DIV] = "/", [FE_NEG] = "-", [FE_NOT] = "!",
    };
    return texts[op];
}

const char *fe_item_kind_text(fe_item_kind kind)
{
    static const char *const texts[] = {
        [FE_DIM] = "a dim",   [FE_CONST] = "a const",   [FE_PATTERN] = "a pattern",
        [FE_MASK] = "a mask", [FE_WEIGHT] = "a weight", [FE_LAYER] = "a layer",
    };
    return texts[kind];
}
