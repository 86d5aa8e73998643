/* patterns: what may be non-zero in a weight, and masks: which pairs attention computes.
 *
 * Both are expressions over names and calls of their own tables. A file's own pattern or mask hides a built-in one; names
 * of other kinds do not. */
#include "frontend/checks.h"

/* ---- names ---- */

typedef struct meaning {
    fe_item *item; /* of the wanted kind; or */
    const fe_builtin *builtin;
} meaning;

static bool refuse_kind(fe_walk *w, const fe_expr *e, const char *is, const fe_item *declared, bool mask)
{
    fe_error(w->c, e->at, "'%s' is %s; a %s is expected here", e->name->text, is, mask ? "mask" : "pattern");
    if (declared) fe_note(w->c, declared->at, "declared here");
    fe_touch(w, e);
    return false;
}

static const char *pattern_hint(const fe_walk *w, const fe_guess *g)
{
    const char *hint = fe_hint_text(g, FE_FOREIGN_PATTERN, w->c->arena);
    return *hint ? hint : "; there are dense, unstructured, N:M, block(r, c), rows, columns, band(lo, hi) and what 'pattern' items name";
}

static bool undefined(fe_walk *w, const fe_expr *e, bool mask)
{
    fe_guess g = fe_guess_for(w->c, e->name->text);
    for (const fe_item *i = w->c->items; i; i = i->next)
        if (i->kind == (mask ? FE_MASK : FE_PATTERN)) fe_guess_try(&g, i->name->text);
    if (mask) fe_guess_masks(&g);
    else fe_guess_patterns(&g);
    if (!e->name->doubtful)
        fe_error(w->c, e->at, "there is no %s '%s'%s", mask ? "mask" : "pattern", e->name->text,
                 mask ? fe_guess_text(&g, w->c->arena) : pattern_hint(w, &g));
    fe_touch(w, e);
    return false;
}

static bool resolve(fe_walk *w, const fe_expr *e, bool mask, meaning *out)
{
    fe_item *item = e->name->item;
    const fe_builtin *wanted = mask ? e->name->mask : e->name->pattern,
                     *other = mask ? e->name->pattern : e->name->mask;
    *out = (meaning){NULL, wanted};
    if (item && (item->kind == FE_PATTERN || item->kind == FE_MASK)) {
        item->used = true;
        if (item->kind != (mask ? FE_MASK : FE_PATTERN))
            return refuse_kind(w, e, fe_item_kind_text(item->kind), item, mask);
        *out = (meaning){item, NULL};
    }
    if (out->item || wanted) return true;
    if (item) return refuse_kind(w, e, fe_item_kind_text(item->kind), item, mask);
    if (other) return refuse_kind(w, e, mask ? "a pattern" : "a mask", NULL, mask);
    return undefined(w, e, mask);
}

static bool takes_no_arguments(fe_walk *w, const fe_expr *e)
{
    if (e->kind != FE_EXPR_CALL) return true;
    fe_error(w->c, e->at, "'%s' is the file's own; it takes no arguments", e->name->text);
    fe_touch(w, e);
    return false;
}

static bool call_builtin(fe_walk *w, const fe_expr *e, const fe_builtin *b, rt_pattern *out)
{
    fe_call *call = fe_call_open(w, e, b);
    call->pattern = out;
    bool good = fe_bind_arguments(call, NULL) && b->check(call);
    fe_call_close(call);
    return good;
}

static bool not_one(fe_walk *w, const fe_expr *e, bool mask)
{
    fe_error(w->c, e->at, "a %s is expected here%s", mask ? "mask" : "pattern",
             e->kind == FE_EXPR_BINARY || e->kind == FE_EXPR_UNARY
                 ? mask ? "; masks know & | !" : "; patterns know & only"
                 : "");
    fe_touch(w, e);
    return false;
}

/* ---- patterns ---- */

static bool add_part(fe_walk *w, fe_span at, rt_pattern *out, rt_pattern_kind kind, int64_t a, int64_t b)
{
    if (out->count < RT_MAX_PATTERNS) {
        out->part[out->count].kind = kind;
        out->part[out->count].a = a;
        out->part[out->count++].b = b;
        return true;
    }
    fe_error(w->c, at, "a pattern has at most %d parts", RT_MAX_PATTERNS);
    return false;
}

static bool add_nm(fe_walk *w, const fe_expr *e, rt_pattern *out)
{
    if (e->first > 0 && e->first < e->second) return add_part(w, e->at, out, RT_NM, e->first, e->second);
    fe_error(w->c, e->at, "%lld:%lld is not a pattern: N:M means at most N non-zeros of M, with 0 < N < M",
             (long long)e->first, (long long)e->second);
    return false;
}

static bool add_named(fe_walk *w, const fe_expr *e, const fe_item *item, rt_pattern *out)
{
    if (!takes_no_arguments(w, e) || item->broken) return false;
    for (int i = 0; i < item->parts->count; i++)
        if (!add_part(w, e->at, out, item->parts->part[i].kind, item->parts->part[i].a, item->parts->part[i].b))
            return false;
    if (item->parts->density > 0) out->density = item->parts->density;
    return true;
}

static bool pattern_leaf(fe_walk *w, const fe_expr *e, rt_pattern *out)
{
    meaning m;
    if (e->kind == FE_EXPR_NM) return add_nm(w, e, out);
    if (e->kind != FE_EXPR_NAME && e->kind != FE_EXPR_CALL) return not_one(w, e, false);
    if (!resolve(w, e, false, &m)) return false;
    return m.item ? add_named(w, e, m.item, out) : call_builtin(w, e, m.builtin, out);
}

bool fe_eval_pattern(fe_walk *w, const fe_expr *e, rt_pattern *out)
{
    const fe_expr *at = e;
    while (at->kind == FE_EXPR_BINARY && at->op == FE_AND) at = at->left;
    bool good = pattern_leaf(w, at, out);
    while (at != e) {
        at = at->parent;
        good = fe_eval_pattern(w, at->right, out) && good;
        if (!good && out->count == RT_MAX_PATTERNS) return false;
    }
    return good;
}

bool fe_check_pattern_plain(fe_call *call)
{
    return add_part(call->w, call->expr->at, call->pattern, (rt_pattern_kind)call->builtin->code, 0, 0);
}

bool fe_check_pattern_unstructured(fe_call *call)
{
    const fe_bound *density = &call->args[0];
    if (density->given && !(density->real > 0 && density->real <= 1))
        return fe_refuse(call, density->at, "the density is %g; it is over 0 and at most 1", density->real);
    if (density->given) call->pattern->density = density->real;
    return fe_check_pattern_plain(call);
}

bool fe_check_pattern_block(fe_call *call)
{
    const fe_bound *r = &call->args[0], *c = &call->args[1];
    if (r->integers[0] < 1 || c->integers[0] < 1)
        return fe_refuse(call, r->at, "%lld x %lld is no block; both sides are at least 1", (long long)r->integers[0],
                         (long long)c->integers[0]);
    return add_part(call->w, call->expr->at, call->pattern, RT_BLOCK, r->integers[0], c->integers[0]);
}

bool fe_check_pattern_band(fe_call *call)
{
    int64_t lo = call->args[0].integers[0], hi = call->args[1].integers[0];
    if (lo > hi)
        return fe_refuse(call, call->args[0].at, "the band %lld to %lld is empty", (long long)lo, (long long)hi);
    return add_part(call->w, call->expr->at, call->pattern, RT_BAND, lo, hi);
}

/* ---- a pattern on a weight ---- */

static bool divides(fe_walk *w, fe_span at, const char *what, int64_t part, const ir_extent *axis, const char *which)
{
    int64_t extent;
    if (ir_extent_is_const(axis, &extent) && extent % part == 0) return true;
    fe_error(w->c, at, "%s of %lld does not divide the %s axis of the weight, %s", what, (long long)part, which,
             ir_extent_text(axis));
    return false;
}

bool fe_pattern_fits(fe_walk *w, fe_span at, const rt_pattern *p, const ir_type *type)
{
    for (int i = 0; i < p->count; i++) {
        rt_pattern_kind kind = p->part[i].kind;
        if (kind == RT_DENSE || kind == RT_UNSTRUCTURED) continue;
        if (type->rank != 2 && type->rank != 4) {
            fe_error(w->c, at, "this pattern is for weights of 2 or 4 axes; %s takes dense or unstructured",
                     fe_type_text(w, type));
            return false;
        }
        const ir_extent *rows = type->dims[0], *columns = type->dims[type->rank - 1];
        if (kind == RT_NM && !divides(w, at, "the group", p->part[i].b, columns, "last")) return false;
        if (kind == RT_BLOCK && !divides(w, at, "a block", p->part[i].a, rows, "first")) return false;
        if (kind == RT_BLOCK && !divides(w, at, "a block", p->part[i].b, columns, "last")) return false;
    }
    return true;
}

/* ---- masks ---- */

static bool mask_leaf(fe_walk *w, const fe_expr *e)
{
    meaning m;
    if (e->kind == FE_EXPR_UNARY && e->op == FE_NOT) return fe_eval_mask(w, e->right);
    if (e->kind != FE_EXPR_NAME && e->kind != FE_EXPR_CALL) return not_one(w, e, true);
    if (!resolve(w, e, true, &m)) return false;
    if (m.item) return takes_no_arguments(w, e) && !m.item->broken;
    if (w->scope == FE_SCOPE_BODY || !m.builtin->count || m.builtin->params[0].kind != FE_PARAM_tensor)
        return call_builtin(w, e, m.builtin, NULL);
    fe_error(w->c, e->at, "'%s' takes an input of a layer, so it can stand inside a layer only", e->name->text);
    fe_touch(w, e);
    return false;
}

bool fe_eval_mask(fe_walk *w, const fe_expr *e)
{
    const fe_expr *at = e;
    while (at->kind == FE_EXPR_BINARY && (at->op == FE_AND || at->op == FE_OR)) at = at->left;
    bool good = mask_leaf(w, at);
    while (at != e) {
        at = at->parent;
        good = fe_eval_mask(w, at->right) && good;
    }
    return good;
}

static bool each_at_least(fe_call *call, int64_t least)
{
    for (int i = 0; i < call->builtin->count; i++) {
        const fe_bound *b = &call->args[i];
        if (call->builtin->params[i].kind == FE_PARAM_integer && b->integers[0] < least)
            return fe_refuse(call, b->at, "%s is %lld; it is at least %lld", call->builtin->params[i].name,
                             (long long)b->integers[0], (long long)least);
    }
    return true;
}

bool fe_check_mask_nothing(fe_call *call)
{
    (void)call;
    return true;
}

bool fe_check_mask_not_negative(fe_call *call) { return each_at_least(call, 0); }

bool fe_check_mask_positive(fe_call *call) { return each_at_least(call, 1); }

bool fe_check_mask_dilated(fe_call *call)
{
    const fe_bound *step = &call->args[1];
    if (step->integers[0] < 1)
        return fe_refuse(call, step->at, "step is %lld; it is at least 1", (long long)step->integers[0]);
    return each_at_least(call, 0);
}

bool fe_check_mask_random(fe_call *call)
{
    const fe_bound *size = &call->args[1];
    if (size->integers[0] < 1)
        return fe_refuse(call, size->at, "size is %lld; it is at least 1", (long long)size->integers[0]);
    return each_at_least(call, 0);
}

bool fe_check_mask_blocks(fe_call *call)
{
    const fe_bound *t = &call->args[0];
    if (t->value.type->dtype != IR_I32)
        return fe_refuse(call, t->at, "t is i32[query blocks, k], got %s", fe_type_text(call->w, t->value.type));
    return fe_require_rank(call, t, "t", 2, 2) && fe_check_mask_positive(call);
}
