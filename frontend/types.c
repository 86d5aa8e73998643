/* types: tensor types as written and as computed. */
#include "frontend/values.h"

#include <string.h>

ir_dtype fe_dtype_named(const char *name)
{
    for (int d = IR_F32; d <= IR_BOOL; d++)
        if (strcmp(ir_dtype_of((ir_dtype)d)->name, name) == 0) return (ir_dtype)d;
    return IR_NO_DTYPE;
}

void fe_guess_dtypes(fe_guess *g)
{
    for (int d = IR_F32; d <= IR_BOOL; d++) fe_guess_try(g, ir_dtype_of((ir_dtype)d)->name);
}

const char *fe_type_text(const fe_walk *w, const ir_type *type) { return ir_print_type(type, w->c->arena); }

const char *fe_difference(const fe_walk *w, const ir_extent *got, const ir_extent *want)
{
    const ir_extent *difference = ir_extent_sub(w->c->module, got, want);
    if (difference && ir_extent_is_const(difference, NULL))
        return ir_format(w->c->arena, "%s is not %s", ir_extent_text(got), ir_extent_text(want));
    return ir_format(w->c->arena, "%s cannot be proved equal to %s", ir_extent_text(got), ir_extent_text(want));
}

const char *fe_type_difference(const fe_walk *w, const ir_type *got, const ir_type *want)
{
    if (got->dtype != want->dtype) return ir_format(w->c->arena, "use cast(..., %s)", ir_dtype_of(want->dtype)->name);
    if (got->rank != want->rank)
        return ir_format(w->c->arena, "it has %d ax%s, not %d", got->rank, got->rank == 1 ? "is" : "es", want->rank);
    int i = 0;
    while (got->dims[i] == want->dims[i]) i++;
    return ir_format(w->c->arena, "on axis %d, %s", i, fe_difference(w, got->dims[i], want->dims[i]));
}

/* Bytes, because that is what must be addressed. */
static bool size_fits(fe_walk *w, ir_dtype dtype, int rank, const ir_extent *const *dims)
{
    const ir_extent *size = ir_extent_const(w->c->module, ir_dtype_of(dtype)->bytes);
    for (int i = 0; i < rank && size; i++) size = ir_extent_mul(w->c->module, size, dims[i]);
    return size != NULL;
}

const ir_type *fe_tensor(fe_walk *w, fe_span at, ir_dtype dtype, int rank, const ir_extent *const *dims)
{
    int64_t value;
    for (int i = 0; i < rank; i++) {
        if (!dims[i]) {
            fe_error(w->c, at, "extent %d of the result overflows 63 bits", i);
            return NULL;
        }
        if (!ir_extent_is_const(dims[i], &value) || value > 0) continue;
        fe_error(w->c, at, "extent %d of the result would be %lld; a constant extent is at least 1", i,
                 (long long)value);
        return NULL;
    }
    const ir_type *type = ir_tensor(w->c->module, dtype, rank, dims);
    if (size_fits(w, dtype, rank, dims)) return type;
    fe_error(w->c, at, "the result %s is too large: it takes over 2^63 bytes", fe_type_text(w, type));
    return NULL;
}

static const ir_extent *declared_extent(fe_walk *w, const fe_expr *e)
{
    fe_value v = fe_eval(w, e);
    if (v.kind == FE_BAD) return NULL;
    if (v.kind != FE_INT) {
        fe_error(w->c, e->at, "an extent is an integer, this is %s", fe_value_text(w, &v));
        return NULL;
    }
    if (!v.extent && v.integer <= 0) {
        fe_error(w->c, e->at, "the extent is %lld; a constant extent is at least 1", (long long)v.integer);
        return NULL;
    }
    return fe_extent_of(w, &v);
}

static ir_dtype declared_dtype(fe_walk *w, const fe_type_expr *t, bool weight)
{
    ir_dtype dtype = fe_dtype_named(t->dtype->text);
    if (!dtype) {
        fe_guess g = fe_guess_for(w->c, t->dtype->text);
        fe_guess_dtypes(&g);
        fe_error(w->c, t->at, "'%s' is not a dtype%s", t->dtype->text,
                 fe_hint_text(&g, FE_FOREIGN_DTYPE, w->c->arena));
    }
    if (dtype != IR_I4 || weight) return dtype;
    fe_error(w->c, t->at, "i4 is for weights only; use i8");
    return IR_NO_DTYPE;
}

const ir_type *fe_type_of(fe_walk *w, const fe_type_expr *t, bool weight)
{
    const ir_extent *dims[IR_MAX_RANK];
    int rank = 0;
    ir_dtype dtype = declared_dtype(w, t, weight);
    bool good = dtype != IR_NO_DTYPE;
    for (const fe_arg *a = t->extents; a; a = a->next) {
        if (rank == IR_MAX_RANK) {
            fe_error(w->c, a->at, "a tensor has at most %d axes", IR_MAX_RANK);
            return NULL;
        }
        dims[rank] = declared_extent(w, a->value);
        good &= dims[rank++] != NULL;
    }
    if (!good) return NULL;
    if (size_fits(w, dtype, rank, dims)) return ir_tensor(w->c->module, dtype, rank, dims);
    fe_error(w->c, t->span, "the product of these extents is over 2^63 bytes");
    return NULL;
}
