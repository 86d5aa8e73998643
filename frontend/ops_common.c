/* ops_common: what the checks of several operations share: ranks, extents, dtypes, axes. */
#include "frontend/builtins.h"

bool fe_refuse(fe_call *call, fe_span at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fe_error(call->w->c, at, "%s: %s", call->builtin->name, ir_vformat(call->w->c->arena, fmt, args));
    va_end(args);
    return false;
}

bool fe_same_extent(fe_call *call, fe_span at, const char *a_what, const ir_extent *a, const char *b_what,
                    const ir_extent *b)
{
    if (a == b) return true;
    const ir_extent *difference = ir_extent_sub(call->w->c->module, a, b);
    const char *unproved = difference && ir_extent_is_const(difference, NULL) ? "" : "; they cannot be proved equal";
    return fe_refuse(call, at, "%s is %s but %s is %s%s", a_what, ir_extent_text(a), b_what, ir_extent_text(b),
                     unproved);
}

bool fe_require_rank(fe_call *call, const fe_bound *b, const char *name, int least, int most)
{
    const ir_type *t = b->value.type;
    if (t->rank >= least && t->rank <= most) return true;
    const char *or_more = most == IR_MAX_RANK ? " or more" : "";
    return fe_refuse(call, b->at, "%s has %d ax%s%s, got %s", name, least, least == 1 ? "is" : "es", or_more,
                     fe_type_text(call->w, t));
}

static bool refuse_dtype(fe_call *call, const fe_bound *x, const fe_bound *operand, const char *name)
{
    const char *want = ir_dtype_of(x->value.type->dtype)->name;
    return fe_refuse(call, operand->at, "%s is %s but the other operand is %s; use cast(..., %s)", name,
                     fe_value_text(call->w, &operand->value), fe_value_text(call->w, &x->value), want);
}

bool fe_matches_dtype(fe_call *call, const fe_bound *x, const fe_bound *operand, const char *name)
{
    const fe_value *v = &operand->value;
    ir_dtype want = x->value.type->dtype;
    if (v->quantity == FE_SCALED_WEIGHT && (ir_is_float(want) || x->value.quantity == FE_QUANTISED)) {
        fe_unsupported(call->w->c, operand->at, "a weight with a scale (i8, i4)");
        return true;
    }
    if (x->value.quantity == FE_QUANTISED && v->quantity == FE_QUANTISED) return true;
    if (x->value.quantity == FE_QUANTISED)
        return fe_refuse(call, operand->at, "a quantised x needs %s with a scale, got %s", name,
                         fe_value_text(call->w, v));
    if (v->quantity != FE_PLAIN) return refuse_dtype(call, x, operand, name);
    if (v->weight && ir_is_float(want) && ir_is_float(v->type->dtype)) return true;
    return v->type->dtype == want || refuse_dtype(call, x, operand, name);
}

int fe_axis(fe_call *call, fe_span at, int64_t axis, int rank)
{
    if (axis >= -rank && axis < rank) return (int)(axis < 0 ? axis + rank : axis);
    if (rank == 0) fe_refuse(call, at, "a scalar has no axes");
    else
        fe_refuse(call, at, "axis %lld does not exist; x has %d axes (%d to %d)", (long long)axis, rank, -rank,
                  rank - 1);
    return -1;
}
