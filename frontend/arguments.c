/* arguments: one reader for each kind of parameter of builtins.def. Each reports what it cannot take. */
#include "frontend/builtins.h"

#include <math.h>
#include <string.h>

/* ---- values ---- */

bool fe_read_operand(fe_walk *w, const fe_expr *e, fe_bound *b)
{
    if (!b->piped) b->value = fe_eval(w, e);
    return b->value.kind != FE_BAD;
}

bool fe_read_any(fe_walk *w, const fe_expr *e, fe_bound *b)
{
    if (!fe_read_operand(w, e, b)) return false;
    if (b->value.kind != FE_TENSOR) b->value = fe_constant(w, e->at, &b->value, IR_NO_DTYPE);
    return b->value.kind == FE_TENSOR;
}

bool fe_read_tensor(fe_walk *w, const fe_expr *e, fe_bound *b)
{
    return fe_read_any(w, e, b) && fe_require_plain(w, b->at, "this argument", &b->value);
}

/* ---- integers ---- */

static const ir_extent *read_extent(fe_walk *w, const fe_expr *e)
{
    fe_value v = fe_eval(w, e);
    if (v.kind == FE_BAD) return NULL;
    if (v.kind == FE_INT) return fe_integer(w, e->at, fe_extent_of(w, &v)).kind == FE_INT ? fe_extent_of(w, &v) : NULL;
    fe_error(w->c, e->at, "an integer is expected here, this is %s", fe_value_text(w, &v));
    return NULL;
}

/* An integer (count stays 0) or a list of them. */
static bool read_integers(fe_walk *w, const fe_expr *e, fe_bound *b)
{
    bool good = true;
    if (e->kind != FE_EXPR_LIST) return (b->extents[0] = read_extent(w, e)) != NULL;
    for (const fe_arg *a = e->args; a; a = a->next) {
        if (b->count == FE_MAX_INTEGERS) {
            fe_error(w->c, a->at, "this list has over %d elements", FE_MAX_INTEGERS);
            return false;
        }
        b->extents[b->count] = read_extent(w, a->value);
        good &= b->extents[b->count++] != NULL;
    }
    return good;
}

static bool at_least(fe_walk *w, const fe_expr *e, const fe_bound *b, int64_t least)
{
    int64_t value;
    for (int i = 0; i < (b->count ? b->count : 1); i++) {
        if (!ir_extent_is_const(b->extents[i], &value) || value >= least) continue;
        fe_error(w->c, e->at, "%lld is too small; at least %lld is needed", (long long)value, (long long)least);
        return false;
    }
    return true;
}

static bool wrong_count(fe_walk *w, const fe_expr *e, int got, const char *wants)
{
    fe_error(w->c, e->at, "%s is expected here, this list has %d element%s", wants, got, got == 1 ? "" : "s");
    return false;
}

bool fe_read_extent(fe_walk *w, const fe_expr *e, fe_bound *b) { return (b->extents[0] = read_extent(w, e)) != NULL; }

bool fe_read_integer(fe_walk *w, const fe_expr *e, fe_bound *b)
{
    return fe_eval_constant(w, e, "this argument", &b->integers[0]);
}

bool fe_read_pair(fe_walk *w, const fe_expr *e, fe_bound *b)
{
    if (!read_integers(w, e, b)) return false;
    if (e->kind == FE_EXPR_LIST && b->count != 2) return wrong_count(w, e, b->count, "an integer or [height, width]");
    if (!b->count) b->extents[1] = b->extents[0];
    return at_least(w, e, b, 1);
}

/* A file's own name wins over the words valid and same. */
static bool is_word(const fe_walk *w, const fe_expr *e, const char *word)
{
    if (e->kind != FE_EXPR_NAME || strcmp(e->name->text, word) != 0) return false;
    bool local = e->name->local && e->name->local->generation == w->c->generation;
    return !local && !e->name->item;
}

bool fe_read_padding(fe_walk *w, const fe_expr *e, fe_bound *b)
{
    b->same = is_word(w, e, "same");
    for (int i = 0; i < 4; i++) b->extents[i] = ir_extent_const(w->c->module, 0);
    if (b->same || is_word(w, e, "valid")) return true;
    if (e->kind == FE_EXPR_NAME && !e->name->item && !e->name->local) {
        fe_guess g = fe_guess_for(w->c, e->name->text);
        fe_guess_try(&g, "same");
        fe_guess_try(&g, "valid");
        fe_error(w->c, e->at, "'%s' is no padding: valid, same, an integer or [top, bottom, left, right]%s",
                 e->name->text, fe_guess_text(&g, w->c->arena));
        return false;
    }
    if (!read_integers(w, e, b)) return false;
    if (e->kind == FE_EXPR_LIST && b->count != 4)
        return wrong_count(w, e, b->count, "valid, same, an integer or [top, bottom, left, right]");
    for (int i = b->count ? 4 : 1; i < 4; i++) b->extents[i] = b->extents[0];
    return at_least(w, e, b, 0);
}

bool fe_read_axes(fe_walk *w, const fe_expr *e, fe_bound *b)
{
    if (e->kind != FE_EXPR_LIST) {
        b->count = 1;
        return fe_eval_constant(w, e, "an axis", &b->integers[0]);
    }
    bool good = true;
    for (const fe_arg *a = e->args; a; a = a->next) {
        if (b->count == IR_MAX_RANK) return wrong_count(w, e, b->count + 1, "a list of axes, each once,");
        good &= fe_eval_constant(w, a->value, "an axis", &b->integers[b->count++]);
    }
    return good;
}

bool fe_read_shape(fe_walk *w, const fe_expr *e, fe_bound *b)
{
    if (e->kind != FE_EXPR_LIST) {
        fe_error(w->c, e->at, "a shape in brackets is expected here, as in [batch, 64]");
        fe_touch(w, e);
        return false;
    }
    if (!read_integers(w, e, b)) return false;
    if (b->count <= IR_MAX_RANK) return true;
    fe_error(w->c, e->at, "a tensor has at most %d axes, this shape has %d", IR_MAX_RANK, b->count);
    return false;
}

static bool read_pad_pair(fe_walk *w, const fe_expr *e, fe_bound *b)
{
    fe_bound pair = {0};
    if (e->kind != FE_EXPR_LIST) {
        fe_error(w->c, e->at, "a pair [before, after] is expected here");
        fe_touch(w, e);
        return false;
    }
    if (!read_integers(w, e, &pair)) return false;
    if (pair.count != 2) return wrong_count(w, e, pair.count, "a pair [before, after]");
    b->extents[b->count++] = pair.extents[0];
    b->extents[b->count++] = pair.extents[1];
    return at_least(w, e, &pair, 0);
}

bool fe_read_pads(fe_walk *w, const fe_expr *e, fe_bound *b)
{
    bool good = true;
    if (e->kind != FE_EXPR_LIST) {
        fe_error(w->c, e->at, "a list with a pair [before, after] for each axis is expected here");
        fe_touch(w, e);
        return false;
    }
    for (const fe_arg *a = e->args; a; a = a->next) {
        if (b->count + 2 > FE_MAX_INTEGERS) {
            fe_error(w->c, a->at, "a tensor has at most %d axes", IR_MAX_RANK);
            return false;
        }
        good &= read_pad_pair(w, a->value, b);
    }
    return good;
}

/* ---- others ---- */

bool fe_read_real(fe_walk *w, const fe_expr *e, fe_bound *b)
{
    fe_value v = fe_eval(w, e);
    b->real = v.kind == FE_INT ? (double)v.integer : v.real;
    if (fe_is_number(&v) && !v.extent && !v.at_call) return true;
    if (v.kind != FE_BAD)
        fe_error(w->c, e->at, "a constant number is expected here, this is %s",
                 fe_is_number(&v) ? "known only at the call" : fe_value_text(w, &v));
    return false;
}

bool fe_read_truth(fe_walk *w, const fe_expr *e, fe_bound *b)
{
    fe_value v = fe_eval(w, e);
    b->truth = v.integer != 0;
    if (v.kind == FE_TRUTH) return true;
    if (v.kind != FE_BAD) fe_error(w->c, e->at, "true or false is expected here, this is %s", fe_value_text(w, &v));
    return false;
}

bool fe_read_dtype(fe_walk *w, const fe_expr *e, fe_bound *b)
{
    b->dtype = e->kind == FE_EXPR_NAME ? fe_dtype_named(e->name->text) : IR_NO_DTYPE;
    if (b->dtype) return true;
    fe_guess g = fe_guess_for(w->c, e->kind == FE_EXPR_NAME ? e->name->text : "");
    fe_guess_dtypes(&g);
    fe_error(w->c, e->at, "a dtype is expected here, as f32, i8 or bool%s", fe_guess_text(&g, w->c->arena));
    fe_touch(w, e);
    return false;
}

bool fe_read_scaling(fe_walk *w, const fe_expr *e, fe_bound *b)
{
    bool name = e->kind == FE_EXPR_NAME;
    b->per_row = name && strcmp(e->name->text, "row") == 0;
    if (b->per_row || (name && strcmp(e->name->text, "tensor") == 0)) return true;
    fe_error(w->c, e->at, "row or tensor is expected here");
    fe_touch(w, e);
    return false;
}

bool fe_read_mask(fe_walk *w, const fe_expr *e, fe_bound *b)
{
    (void)b;
    return fe_eval_mask(w, e);
}
