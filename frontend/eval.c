/* eval: expressions to values.
 *
 * A chain that leans left is descended in a loop and folded on the way up; only what hangs off it recurses, and that
 * nests no deeper than FE_MAX_NESTING. */
#include "frontend/builtins.h"

/* ---- names ---- */

static void guess_values(fe_walk *w, fe_guess *g)
{
    if (w->scope == FE_SCOPE_BODY)
        for (const fe_local *l = w->locals; l; l = l->next)
            if (l->assigned) fe_guess_try(g, l->name->text);
    for (const fe_item *i = w->c->items; i && g->distance; i = i->next) {
        bool fits = i->kind == FE_CONST || (i->kind == FE_DIM && w->scope != FE_SCOPE_CONSTANT) ||
                    (i->kind == FE_WEIGHT && w->scope == FE_SCOPE_BODY);
        if (fits) fe_guess_try(g, i->name->text);
    }
}

static fe_value undefined(fe_walk *w, const fe_expr *e)
{
    const char *name = e->name->text;
    if (w->scope == FE_SCOPE_BODY && e->name->operation)
        fe_error(w->c, e->at, "'%s' is an operation; write %s(...)", name, name);
    else if (!e->name->doubtful) {
        fe_guess g = fe_guess_for(w->c, name);
        guess_values(w, &g);
        const char *dim = g.best || w->scope != FE_SCOPE_EXTENT ? "" : ir_format(w->c->arena, "; declare it: dim %s;", name);
        fe_error(w->c, e->at, "'%s' is not defined%s%s", name, fe_guess_text(&g, w->c->arena), dim);
    }
    return fe_bad();
}

/* Whether a statement of the layer assigns the name, and where. */
static bool assigned_later(const fe_walk *w, const fe_name *name, fe_span *at)
{
    for (const fe_stmt *s = w->layer->body; s; s = s->next)
        for (const fe_target *t = s->targets; t; t = t->next)
            if (t->name == name) {
                *at = t->at;
                return true;
            }
    return false;
}

static fe_value unassigned(fe_walk *w, const fe_expr *e)
{
    fe_span at;
    if (assigned_later(w, e->name, &at)) {
        fe_error(w->c, e->at, "'%s' is used before it is assigned", e->name->text);
        fe_note(w->c, at, "assigned here");
    } else if (!e->name->doubtful) {
        fe_error(w->c, e->at, "'%s' is used but never assigned", e->name->text);
    }
    return fe_bad();
}

static fe_value wrong_kind(fe_walk *w, const fe_expr *e, const fe_item *item)
{
    const char *name = e->name->text;
    if (item->kind == FE_LAYER && w->scope == FE_SCOPE_BODY)
        fe_error(w->c, e->at, "'%s' is a layer; call it with its inputs in parentheses", name);
    else if (item->kind == FE_DIM)
        fe_error(w->c, e->at, "'%s' is a dim, known only at the call; here only consts can stand", name);
    else
        fe_error(w->c, e->at, "'%s' is %s; it cannot stand here", name, fe_item_kind_text(item->kind));
    fe_note(w->c, item->at, "declared here");
    return fe_bad();
}

static fe_value item_value(fe_walk *w, const fe_expr *e, fe_item *item)
{
    item->used = true;
    bool fits = item->kind == FE_CONST || (item->kind == FE_DIM && w->scope != FE_SCOPE_CONSTANT) ||
                (item->kind == FE_WEIGHT && w->scope == FE_SCOPE_BODY);
    if (!fits) return wrong_kind(w, e, item);
    if (item->broken) return fe_bad();
    if (item->kind == FE_DIM) return (fe_value){.kind = FE_INT, .extent = item->extent};
    if (item->kind == FE_CONST)
        return (fe_value){.kind = item->is_real ? FE_REAL : FE_INT, .integer = item->integer, .real = item->real};
    fe_value v = fe_tensor_value(item->checked, fe_emit_weight(w, item));
    v.weight = item;
    v.quantity = item->scale ? FE_SCALED_WEIGHT : FE_PLAIN;
    return v;
}

static fe_value name_value(fe_walk *w, const fe_expr *e)
{
    fe_local *l = e->name->local;
    if (w->scope == FE_SCOPE_BODY && l && l->generation == w->c->generation) {
        l->used = true;
        return l->assigned ? l->value : unassigned(w, e);
    }
    if (e->name->item) return item_value(w, e, e->name->item);
    fe_span at;
    if (w->scope == FE_SCOPE_BODY && w->layer && assigned_later(w, e->name, &at)) return unassigned(w, e);
    return undefined(w, e);
}

/* ---- calls ---- */

static fe_value undefined_callee(fe_walk *w, const fe_expr *e)
{
    fe_guess g = fe_guess_for(w->c, e->name->text);
    for (const fe_item *i = w->c->items; i; i = i->next)
        if (i->kind == FE_LAYER) fe_guess_try(&g, i->name->text);
    fe_guess_operations(&g);
    if (e->name->item)
        fe_error(w->c, e->at, "'%s' is %s; only layers and operations are called", e->name->text,
                 fe_item_kind_text(e->name->item->kind));
    else if (!e->name->doubtful)
        fe_error(w->c, e->at, "'%s' is neither a layer nor an operation%s", e->name->text,
                 fe_hint_text(&g, FE_FOREIGN_OPERATION, w->c->arena));
    fe_touch(w, e);
    return fe_bad();
}

fe_value fe_eval_call(fe_walk *w, const fe_expr *e, const fe_value *piped)
{
    fe_item *item = e->name->item;
    if (w->scope != FE_SCOPE_BODY) {
        fe_error(w->c, e->at, "'%s' is called; only integers, consts and their arithmetic can stand here",
                 e->name->text);
        fe_touch(w, e);
        return fe_bad();
    }
    if (item && item->kind == FE_LAYER) return fe_call_layer(w, e, item, piped);
    if (e->name->operation) return fe_call_operation(w, e, e->name->operation, piped);
    return undefined_callee(w, e);
}

/* ---- expressions ---- */

static fe_value leaf(fe_walk *w, const fe_expr *e)
{
    switch (e->kind) {
    case FE_EXPR_INT: return (fe_value){.kind = FE_INT, .integer = e->first};
    case FE_EXPR_REAL: return (fe_value){.kind = FE_REAL, .real = e->real};
    case FE_EXPR_TRUTH: return (fe_value){.kind = FE_TRUTH, .integer = e->first};
    case FE_EXPR_NAME: return name_value(w, e);
    case FE_EXPR_CALL: return fe_eval_call(w, e, NULL);
    case FE_EXPR_UNARY: return fe_apply_unary(w, e, fe_eval(w, e->right));
    case FE_EXPR_NM:
        fe_error(w->c, e->at, "%lld:%lld is a pattern; it cannot stand here", (long long)e->first,
                 (long long)e->second);
        return fe_bad();
    default:
        fe_error(w->c, e->at, "a list cannot stand here");
        fe_touch(w, e);
        return fe_bad();
    }
}

static fe_value single(fe_walk *w, const fe_expr *e, fe_value v)
{
    if (v.kind != FE_MANY) return v;
    fe_error(w->c, e->at, "'%s' has %d results; take them in a statement of its own, as in 'a, b = %s(...);'",
             e->name->text, v.count, e->name->text);
    return fe_bad();
}

static fe_value fold(fe_walk *w, const fe_expr *e, fe_value spine)
{
    spine = single(w, fe_spine(e), spine);
    if (e->kind == FE_EXPR_CALL) return fe_eval_call(w, e, &spine);
    return fe_apply_binary(w, e, spine, fe_eval(w, e->right));
}

fe_value fe_eval_many(fe_walk *w, const fe_expr *e)
{
    const fe_expr *at = e;
    while (fe_spine(at)) at = fe_spine(at);
    fe_value v = leaf(w, at);
    while (at != e) {
        at = at->parent;
        v = fold(w, at, v);
    }
    return v;
}

fe_value fe_eval(fe_walk *w, const fe_expr *e) { return single(w, e, fe_eval_many(w, e)); }

bool fe_eval_constant(fe_walk *w, const fe_expr *e, const char *what, int64_t *out)
{
    fe_value v = fe_eval(w, e);
    *out = v.integer;
    if (v.kind == FE_INT && !v.extent) return true;
    if (v.kind != FE_BAD) fe_error(w->c, e->at, "%s is a constant integer, this is %s", what,
                                   v.kind == FE_INT ? "known only at the call" : fe_value_text(w, &v));
    return false;
}

/* ---- marking ---- */

static void touch_name(fe_walk *w, const fe_name *name)
{
    if (name->local && name->local->generation == w->c->generation) name->local->used = true;
    else if (name->item) name->item->used = true;
}

static void touch_node(fe_walk *w, const fe_expr *e)
{
    if (e->kind == FE_EXPR_NAME) touch_name(w, e->name);
    if (e->kind == FE_EXPR_CALL && e->name->item) e->name->item->used = true;
    if (e->right) fe_touch(w, e->right);
    for (const fe_arg *a = e->args; a; a = a->next)
        if (a->value != fe_spine(e)) fe_touch(w, a->value);
}

void fe_touch(fe_walk *w, const fe_expr *e)
{
    for (const fe_expr *at = e; at; at = fe_spine(at)) touch_node(w, at);
}
