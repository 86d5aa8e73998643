/* calls: layers that call layers.
 *
 * A call binds the callee's dims anew, each from an extent that is that bare dim; all other extents must then agree. */
#include "frontend/values.h"

#include <string.h>

typedef struct inputs {
    int count;
    const fe_field **fields;
    fe_value *values;
    fe_span *at;
    bool *given;
} inputs;

static inputs inputs_of(fe_context *c, const fe_item *callee)
{
    inputs in = {0};
    for (const fe_field *f = callee->inputs; f; f = f->next) in.count++;
    in.fields = IR_ARRAY(c->arena, const fe_field *, in.count);
    in.values = IR_ARRAY(c->arena, fe_value, in.count);
    in.at = IR_ARRAY(c->arena, fe_span, in.count);
    in.given = IR_ARRAY(c->arena, bool, in.count);
    int i = 0;
    for (const fe_field *f = callee->inputs; f; f = f->next) in.fields[i++] = f;
    return in;
}

/* ---- arguments ---- */

static void note_callee(fe_walk *w, const fe_item *callee) { fe_note(w->c, callee->at, "the layer is declared here"); }

static int named_input(fe_walk *w, const fe_item *callee, const inputs *in, const fe_arg *a)
{
    fe_guess g = fe_guess_for(w->c, a->name->text);
    for (int i = 0; i < in->count; i++) {
        if (in->fields[i]->name == a->name) return i;
        fe_guess_try(&g, in->fields[i]->name->text);
    }
    fe_error(w->c, a->at, "the layer '%s' has no input '%s'%s", callee->name->text, a->name->text,
             fe_guess_text(&g, w->c->arena));
    note_callee(w, callee);
    return -1;
}

static int free_input(fe_walk *w, const fe_item *callee, const inputs *in, const fe_arg *a, int position,
                      bool after_named)
{
    if (!a->name && after_named) {
        fe_error(w->c, a->at, "an argument by position cannot follow one by name");
        return -1;
    }
    if (!a->name) return position < in->count ? position : -1;
    int i = named_input(w, callee, in, a);
    if (i < 0 || !in->given[i]) return i;
    fe_error(w->c, a->at, "the input '%s' is given twice", a->name->text);
    fe_note(w->c, in->at[i], "first given here");
    return -1;
}

static bool read_inputs(fe_walk *w, const fe_expr *e, const fe_item *callee, const fe_value *piped, inputs *in)
{
    int position = 0, given = 0;
    bool good = true, named = false;
    for (const fe_arg *a = e->args; a; a = a->next, given++) {
        int i = free_input(w, callee, in, a, position, named);
        named |= a->name != NULL;
        position += a->name == NULL;
        fe_value v = piped && a == e->args ? *piped : fe_eval(w, a->value);
        if (v.kind != FE_TENSOR && v.kind != FE_BAD) v = fe_constant(w, a->value->at, &v, IR_NO_DTYPE);
        good &= v.kind == FE_TENSOR && (i >= 0 || position > in->count);
        if (i < 0) continue;
        in->values[i] = v;
        in->at[i] = a->value->at;
        in->given[i] = true;
    }
    if (!good || (given == in->count && position <= in->count)) return good;
    fe_error(w->c, e->at, "the layer '%s' takes %d input%s, here %s %d", callee->name->text, in->count,
             in->count == 1 ? "" : "s", given == 1 ? "is" : "are", given);
    note_callee(w, callee);
    return false;
}

/* ---- dims ---- */

static void bind_bare_dims(fe_walk *w, const inputs *in)
{
    const char *dim;
    for (int i = 0; i < in->count; i++) {
        const ir_type *formal = in->fields[i]->checked, *actual = in->values[i].type;
        if (formal->rank != actual->rank) continue;
        for (int j = 0; j < formal->rank; j++)
            if (ir_extent_is_dim(formal->dims[j], &dim))
                fe_bind(w->c, fe_intern(w->c, dim, strlen(dim))->item, actual->dims[j]);
    }
}

static const ir_type *substituted(fe_walk *w, fe_span at, const ir_type *type)
{
    const ir_extent *dims[IR_MAX_RANK];
    for (int i = 0; i < type->rank; i++) {
        dims[i] = fe_substitute(w->c, type->dims[i]);
        if (dims[i]) continue;
        fe_error(w->c, at, "with the dims of this call, the extent %s overflows or does not divide",
                 ir_extent_text(type->dims[i]));
        return NULL;
    }
    return fe_tensor(w, at, type->dtype, type->rank, dims);
}

static bool input_fits(fe_walk *w, const fe_item *callee, const inputs *in, int i)
{
    const fe_value *v = &in->values[i];
    const fe_field *f = in->fields[i];
    if (!fe_require_plain(w, in->at[i], "a layer", v)) return false;
    const ir_type *want = substituted(w, in->at[i], f->checked);
    if (!want || want == v->type) return want != NULL;
    fe_error(w->c, in->at[i], "the input '%s' of '%s' is %s here, got %s: %s", f->name->text, callee->name->text,
             fe_type_text(w, want), fe_type_text(w, v->type), fe_type_difference(w, v->type, want));
    fe_note(w->c, f->at, "declared %s here", fe_type_text(w, f->checked));
    return false;
}

static const char *contract_text(fe_context *c, const fe_item *dim)
{
    const char *step = dim->stride == 1 ? "" : ir_format(c->arena, " step %lld", (long long)dim->stride);
    return ir_format(c->arena, "%lld..%lld%s", (long long)dim->low, (long long)dim->high, step);
}

static bool contracts_hold(fe_walk *w, const fe_expr *e, const inputs *in)
{
    const char *dim;
    for (int i = 0; i < in->count; i++)
        for (int j = 0; j < in->fields[i]->checked->rank; j++) {
            if (!ir_extent_is_dim(in->fields[i]->checked->dims[j], &dim)) continue;
            fe_item *item = fe_intern(w->c, dim, strlen(dim))->item;
            const ir_extent *e_bound = fe_binding_of(w->c, item);
            if (!fe_judge_once(w->c, item)) continue;
            fe_verdict verdict = fe_contract_holds(w->c, item, e_bound);
            if (verdict == FE_FAILS) {
                fe_error(w->c, in->at[i], "the dim '%s' would be %s, outside its contract %s", dim,
                         ir_extent_text(e_bound), contract_text(w->c, item));
                fe_note(w->c, item->at, "declared here");
                return false;
            }
            if (verdict == FE_OPEN_QUESTION) fe_emit_require(w, e->at, e_bound, item->low, item->high, item->stride);
        }
    return true;
}

/* ---- results ---- */

static void note_call(fe_context *c, fe_item *caller, fe_item *callee)
{
    if (caller->callee_count == caller->callee_capacity) {
        int capacity = caller->callee_capacity ? 2 * caller->callee_capacity : 4;
        fe_item **larger = IR_ARRAY(c->arena, fe_item *, capacity);
        if (caller->callee_count) memcpy(larger, caller->callees, (size_t)caller->callee_count * sizeof *larger);
        caller->callees = larger;
        caller->callee_capacity = capacity;
    }
    caller->callees[caller->callee_count++] = callee;
}

static fe_value results_of(fe_walk *w, const fe_expr *e, fe_item *callee, const inputs *in)
{
    int count = 0;
    for (const fe_field *f = callee->results; f; f = f->next) count++;
    fe_value *values = IR_ARRAY(w->c->arena, fe_value, count);
    int i = 0;
    for (const fe_field *f = callee->results; f; f = f->next)
        values[i++] = fe_tensor_value(f->checked ? substituted(w, e->at, f->checked) : NULL, NULL);
    if (w->builder) fe_emit_call(w, e, callee, in->values, values, count);
    return count == 1 ? values[0] : (fe_value){.kind = FE_MANY, .many = values, .count = count};
}

fe_value fe_call_layer(fe_walk *w, const fe_expr *e, fe_item *callee, const fe_value *piped)
{
    inputs in = inputs_of(w->c, callee);
    callee->used = true;
    note_call(w->c, w->layer, callee);
    if (!read_inputs(w, e, callee, piped, &in)) return fe_bad();
    for (int i = 0; i < in.count; i++)
        if (!in.fields[i]->checked) return fe_bad();
    fe_binding_start(w->c);
    bind_bare_dims(w, &in);
    bool good = true;
    for (int i = 0; i < in.count; i++) good &= input_fits(w, callee, &in, i);
    return good && contracts_hold(w, e, &in) ? results_of(w, e, callee, &in) : fe_bad();
}
