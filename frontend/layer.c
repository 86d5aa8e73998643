/* layer: one walk over a layer's body: its names, statements and results. */
#include "frontend/values.h"

#include <string.h>

static bool name_is_taken(fe_walk *w, const fe_name *name, fe_span at, const char *role)
{
    const fe_item *item = name->item;
    if (name->local && name->local->generation == w->c->generation) {
        fe_error(w->c, at, "'%s' is declared already; a name is assigned once, and inputs not at all", name->text);
        fe_note(w->c, name->local->at, "first declared here");
        return true;
    }
    if (!item || (item->kind != FE_DIM && item->kind != FE_CONST && item->kind != FE_WEIGHT)) return false;
    fe_error(w->c, at, "the %s '%s' repeats the name of %s of the file; give it another", role, name->text,
             fe_item_kind_text(item->kind));
    fe_note(w->c, item->at, "declared here");
    return true;
}

static fe_local *declare(fe_walk *w, fe_name *name, fe_span at, const char *role, const fe_field *field)
{
    fe_local *l = IR_NEW(w->c->arena, fe_local);
    bool taken = name_is_taken(w, name, at, role);
    *l =
        (fe_local){.name = name, .at = at, .role = role, .field = field, .generation = w->c->generation, .used = taken};
    if (w->last_local) w->last_local->next = l;
    else w->locals = l;
    w->last_local = l;
    if (!taken) name->local = l;
    return l;
}

/* The check before found all divisions of the layer. */
static void require_divisions(fe_walk *w)
{
    for (const fe_division *d = w->layer->divisions; d && w->builder; d = d->next)
        fe_emit_require(w, d->at, d->quotient, INT64_MIN, INT64_MAX, 1);
}

static void declare_inputs(fe_walk *w)
{
    for (const fe_field *f = w->layer->inputs; f; f = f->next) {
        fe_local *l = declare(w, f->name, f->at, "input", f);
        l->assigned = true;
        l->value = fe_tensor_value(f->checked, w->builder ? fe_emit_input(w, f) : NULL);
    }
}

/* ---- assignments ---- */

static void check_result(fe_walk *w, fe_span at, const fe_field *field, const fe_value *v)
{
    if (!field->checked || v->kind != FE_TENSOR) return;
    if (v->quantity != FE_PLAIN)
        fe_error(w->c, at, "the result '%s' cannot be %s; use dequantize", field->name->text, fe_value_text(w, v));
    else if (v->type != field->checked)
        fe_error(w->c, at, "the result '%s' is declared %s but this is %s: %s", field->name->text,
                 fe_type_text(w, field->checked), fe_type_text(w, v->type),
                 fe_type_difference(w, v->type, field->checked));
    else return;
    fe_note(w->c, field->at, "declared here");
}

static void assign(fe_walk *w, const fe_target *t, fe_value v)
{
    fe_local *l = t->name->local;
    if (l && l->generation == w->c->generation && l->field && !l->assigned) check_result(w, t->at, l->field, &v);
    else l = declare(w, t->name, t->at, "name", NULL);
    l->at = t->at;
    l->assigned = true;
    l->value = v;
}

/* Numbers meet no tensor any more once they have a name. */
static fe_value settle(fe_walk *w, const fe_expr *e, fe_value v)
{
    if (!fe_is_number(&v) && v.kind != FE_TRUTH) return v;
    return fe_constant(w, e->at, &v, IR_NO_DTYPE);
}

static void walk_statement(fe_walk *w, const fe_stmt *s)
{
    int targets = 0;
    for (const fe_target *t = s->targets; t; t = t->next) targets++;
    fe_value v = settle(w, s->value, fe_eval_many(w, s->value));
    int count = v.kind == FE_MANY ? v.count : 1;
    if (v.kind != FE_BAD && count != targets) {
        fe_error(w->c, s->targets->at, "%d name%s for %d result%s", targets, targets == 1 ? "" : "s", count,
                 count == 1 ? "" : "s");
        v = fe_bad();
    }
    int i = 0;
    for (const fe_target *t = s->targets; t; t = t->next, i++) assign(w, t, v.kind == FE_MANY ? v.many[i] : v);
}

/* ---- the end ---- */

static void check_results(fe_walk *w)
{
    for (const fe_field *f = w->layer->results; f; f = f->next) {
        const fe_local *l = f->name->local;
        if (!l || l->field != f || l->generation != w->c->generation) continue;
        if (!l->assigned && !f->name->doubtful)
            fe_error(w->c, f->at, "the result '%s' is never assigned", f->name->text);
        if (w->builder && l->value.kind == FE_TENSOR) fe_emit_output(w, f, &l->value);
    }
}

static void warn_unused(fe_walk *w)
{
    if (w->builder || w->c->syntax_errors) return;
    for (const fe_local *l = w->locals; l; l = l->next)
        if (!l->used && l->value.kind != FE_BAD && strcmp(l->role, "result") != 0)
            fe_warning(w->c, l->at, "the %s '%s' is never used", l->role, l->name->text);
}

void fe_walk_layer(fe_walk *w)
{
    w->c->generation++;
    w->scope = FE_SCOPE_BODY;
    w->layer->operations = 0;
    w->layer->callee_count = 0;
    require_divisions(w);
    declare_inputs(w);
    for (const fe_field *f = w->layer->results; f; f = f->next) declare(w, f->name, f->at, "result", f);
    for (const fe_stmt *s = w->layer->body; s; s = s->next) walk_statement(w, s);
    check_results(w);
    warn_unused(w);
}
