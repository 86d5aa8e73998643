/* items: consts, dims, patterns, masks, weights and the signatures of layers. Whatever they mention is done before. */
#include "frontend/values.h"

#include <string.h>

static void check_const(fe_walk *w, fe_item *item)
{
    fe_value v = fe_eval(w, item->value);
    item->is_real = v.kind == FE_REAL;
    item->integer = v.integer;
    item->real = v.real;
    item->broken |= !fe_is_number(&v);
    if (v.kind != FE_BAD && item->broken)
        fe_error(w->c, item->value->at, "a const is a number, this is %s", fe_value_text(w, &v));
}

static void check_range(fe_walk *w, fe_item *item)
{
    fe_context *c = w->c;
    item->stride = 1;
    if (item->step && strcmp(item->step_word->text, "step") != 0) {
        fe_error(c, item->step_at, "expected 'step' but found '%s'", item->step_word->text);
        item->broken = true;
        return;
    }
    bool good = fe_eval_constant(w, item->value, "the lower end of a dim", &item->low);
    good &= fe_eval_constant(w, item->hi, "the upper end of a dim", &item->high);
    if (item->step) good &= fe_eval_constant(w, item->step, "the step of a dim", &item->stride);
    item->broken = !good;
    if (!good) return;
    item->broken = true;
    if (item->low < 0) fe_error(c, item->value->at, "a dim cannot be negative");
    else if (item->low > item->high)
        fe_error(c, item->value->at, "no value is in %lld..%lld", (long long)item->low, (long long)item->high);
    else if (item->stride < 1) fe_error(c, item->step->at, "a step is at least 1");
    else item->broken = false;
}

static void check_dim(fe_walk *w, fe_item *item)
{
    item->low = 0;
    item->high = INT64_MAX;
    item->stride = 1;
    item->extent = ir_extent_dim(w->c->module, item->name->text);
    if (item->value && !item->broken) check_range(w, item);
}

static void check_pattern(fe_walk *w, fe_item *item)
{
    item->parts = IR_NEW(w->c->arena, rt_pattern);
    item->broken |= !fe_eval_pattern(w, item->value, item->parts);
}

/* ---- weights ---- */

static void check_sparse(fe_walk *w, fe_item *item, const fe_clause *clause)
{
    rt_pattern pattern = {0};
    char text[512];
    if (!clause->value) {
        fe_error(w->c, clause->text_at, "a pattern is expected here, not a string");
        return;
    }
    if (!fe_eval_pattern(w, clause->value, &pattern) || !item->checked) return;
    if (!fe_pattern_fits(w, clause->value->at, &pattern, item->checked)) return;
    rt_pattern_print(&pattern, text, sizeof text);
    item->pattern = ir_strdup(w->c->arena, text);
}

static void check_group(fe_walk *w, fe_item *item, const fe_expr *e)
{
    const ir_type *t = item->checked;
    int64_t extent;
    if (!e->args || e->args->next || e->args->name) {
        fe_error(w->c, e->at, "group takes the size of a group: scale group(64)");
        return;
    }
    if (!fe_eval_constant(w, e->args->value, "a group", &item->group) || !t) return;
    if (t->rank != 2)
        fe_error(w->c, e->at, "scale group(...) is for weights [out, in], this one is %s", fe_type_text(w, t));
    else if (item->group < 1) fe_error(w->c, e->args->at, "a group is at least 1");
    else if (ir_extent_is_const(t->dims[1], &extent) && extent % item->group)
        fe_error(w->c, e->args->at, "a group of %lld does not divide the last axis of the weight, %lld",
                 (long long)item->group, (long long)extent);
    item->scale = FE_SCALE_GROUP;
}

static void check_scale(fe_walk *w, fe_item *item, const fe_clause *clause)
{
    const fe_expr *e = clause->value;
    ir_dtype dtype = item->checked ? item->checked->dtype : IR_NO_DTYPE;
    const char *word = e && (e->kind == FE_EXPR_NAME || e->kind == FE_EXPR_CALL) ? e->name->text : "";
    bool called = e && e->kind == FE_EXPR_CALL;
    if (strcmp(word, "row") == 0 && !called) item->scale = FE_SCALE_ROW;
    else if (strcmp(word, "tensor") == 0 && !called) item->scale = FE_SCALE_TENSOR;
    else if (strcmp(word, "group") == 0 && called) check_group(w, item, e);
    else fe_error(w->c, clause->text_at, "a scale is row, tensor or group(g)");
    if (dtype && dtype != IR_I8 && dtype != IR_I4) {
        fe_error(w->c, clause->at, "a scale is for i8 and i4 weights, not for %s", ir_dtype_of(dtype)->name);
        item->scale = FE_UNSCALED;
    }
    if (item->scale == FE_SCALE_ROW && item->checked && item->checked->rank == 0)
        fe_error(w->c, clause->text_at, "a scalar has no rows; use scale tensor");
}

static void check_from(fe_walk *w, fe_item *item, const fe_clause *clause)
{
    if (clause->text) item->tensor = clause->text;
    else fe_error(w->c, clause->text_at, "a tensor's name in double quotes is expected here: from \"fc1.weight\"");
}

static const struct clause_rule {
    const char *word;
    void (*check)(fe_walk *, fe_item *, const fe_clause *);
} clause_rules[] = {{"sparse", check_sparse}, {"scale", check_scale}, {"from", check_from}};
enum { CLAUSES = sizeof clause_rules / sizeof clause_rules[0] };

static void check_clause(fe_walk *w, fe_item *item, const fe_clause *clause, const fe_clause **seen)
{
    for (int i = 0; i < CLAUSES; i++) {
        if (strcmp(clause->word->text, clause_rules[i].word) != 0) continue;
        if (seen[i]) {
            fe_error(w->c, clause->at, "a weight has one '%s' clause only", clause->word->text);
            fe_note(w->c, seen[i]->at, "the first one is here");
        } else {
            clause_rules[i].check(w, item, clause);
        }
        seen[i] = clause;
        return;
    }
    fe_guess g = fe_guess_for(w->c, clause->word->text);
    for (int i = 0; i < CLAUSES; i++) fe_guess_try(&g, clause_rules[i].word);
    fe_error(w->c, clause->at, "expected sparse, scale, from or ';' but found '%s'%s", clause->word->text,
             fe_guess_text(&g, w->c->arena));
}

static void check_weight(fe_walk *w, fe_item *item)
{
    const fe_clause *seen[CLAUSES] = {0};
    item->tensor = item->name->text;
    item->checked = fe_type_of(w, item->type, true);
    item->broken |= !item->checked;
    for (const fe_clause *clause = item->clauses; clause; clause = clause->next) check_clause(w, item, clause, seen);
    if (!item->checked || seen[1] || (item->checked->dtype != IR_I8 && item->checked->dtype != IR_I4)) return;
    fe_error(w->c, item->type->at, "an %s weight needs its scale: scale row, scale tensor or scale group(g)",
             ir_dtype_of(item->checked->dtype)->name);
    item->broken = true;
}

/* ---- layers ---- */

static void check_fields(fe_walk *w, fe_field *fields)
{
    for (fe_field *f = fields; f; f = f->next) f->checked = fe_type_of(w, f->type, false);
}

void fe_check_item(fe_context *c, fe_item *item)
{
    const bool layer = item->kind == FE_LAYER;
    fe_walk w = {.c = c, .scope = layer ? FE_SCOPE_EXTENT : FE_SCOPE_CONSTANT, .layer = layer ? item : NULL};
    if (item->broken && item->kind != FE_DIM && item->kind != FE_LAYER) return;
    switch (item->kind) {
    case FE_DIM: check_dim(&w, item); break;
    case FE_CONST: check_const(&w, item); break;
    case FE_PATTERN: check_pattern(&w, item); break;
    case FE_MASK: item->broken |= !fe_eval_mask(&w, item->value); break;
    case FE_WEIGHT: check_weight(&w, item); break;
    case FE_LAYER:
        check_fields(&w, item->inputs);
        check_fields(&w, item->results);
        break;
    }
}
