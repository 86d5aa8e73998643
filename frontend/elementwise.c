/* elementwise: operands of one dtype that broadcast.
 *
 * As NumPy, but only a constant extent 1 stretches: a dim never does, whatever its value. */
#include "frontend/values.h"

bool fe_require_class(fe_walk *w, fe_span at, const char *what, ir_dtype dtype, fe_class class)
{
    char got = ir_dtype_of(dtype)->class;
    static const char *const wanted[] = {
        [FE_ANY_DTYPE] = "anything", [FE_NUMBERS] = "numbers", [FE_FLOATS] = "floats", [FE_BOOLS] = "bool"};
    bool fits = class == FE_ANY_DTYPE || (class == FE_NUMBERS && got != 'B') || (class == FE_FLOATS && got == 'F') ||
                (class == FE_BOOLS && got == 'B');
    if (fits) return true;
    const char *example = class == FE_FLOATS  ? "; use cast(..., f32)"
                          : class == FE_BOOLS ? "; compare, as in x != 0"
                                              : "";
    fe_error(w->c, at, "%s is for %s, not for %s%s", what, wanted[class], ir_dtype_of(dtype)->name, example);
    return false;
}

bool fe_require_plain(fe_walk *w, fe_span at, const char *what, const fe_value *v)
{
    if (v->quantity == FE_QUANTISED)
        fe_error(w->c, at, "%s cannot take a quantised value; it goes to linear, matmul or dequantize only", what);
    if (v->quantity == FE_SCALED_WEIGHT)
        fe_error(w->c, at, "%s cannot take '%s': a weight with a scale is the w of linear, matmul or a convolution only",
                 what, v->weight->name->text);
    return v->quantity == FE_PLAIN;
}

/* The dtype that numbers among the values take: that of the first tensor; without one, f32 if any is a fraction. */
static ir_dtype common_dtype(int count, fe_value *const *values)
{
    bool real = false, truth = true;
    for (int i = 0; i < count; i++) {
        if (values[i]->kind == FE_TENSOR) return values[i]->type->dtype;
        real |= values[i]->kind == FE_REAL;
        truth &= values[i]->kind == FE_TRUTH;
    }
    return truth ? IR_BOOL : real ? IR_F32 : IR_I32;
}

static bool make_tensor(fe_walk *w, fe_span at, const char *what, fe_value *v, ir_dtype dtype)
{
    if (v->kind == FE_BAD || v->kind == FE_MANY) return false;
    if (v->kind != FE_TENSOR) *v = fe_constant(w, at, v, dtype);
    if (v->kind != FE_TENSOR) return false;
    return fe_require_plain(w, at, what, v);
}

static bool stretch(const ir_extent **into, const ir_extent *other)
{
    if (!*into || fe_extent_is(*into, 1)) *into = other;
    return *into == other || fe_extent_is(other, 1);
}

static bool broadcast_into(int *rank, const ir_extent **dims, const ir_type *t, int *axis)
{
    for (; *rank < t->rank; ++*rank) {
        for (int i = *rank; i > 0; i--) dims[i] = dims[i - 1];
        dims[0] = NULL;
    }
    for (int i = 0; i < t->rank; i++) {
        *axis = *rank - t->rank + i;
        if (!stretch(&dims[*axis], t->dims[i])) return false;
    }
    return true;
}

static const ir_type *broadcast(fe_walk *w, fe_span at, const char *what, int count, fe_value *const *values)
{
    const ir_extent *dims[IR_MAX_RANK];
    int rank = 0, axis;
    for (int i = 0; i < count; i++) {
        const ir_type *t = values[i]->type;
        if (broadcast_into(&rank, dims, t, &axis)) continue;
        const ir_extent *other = t->dims[axis - (rank - t->rank)];
        ir_text shapes;
        ir_text_init(&shapes, w->c->arena);
        for (int j = 0; j <= i; j++) ir_text_add(&shapes, "%s%s", j ? " and " : "", fe_type_text(w, values[j]->type));
        fe_error(w->c, at, "%s: the shapes %s do not fit: on axis %d of the result, %s", what, shapes.data, axis,
                 fe_difference(w, other, dims[axis]));
        return NULL;
    }
    return fe_tensor(w, at, values[0]->type->dtype, rank, dims);
}

const ir_type *fe_unify(fe_walk *w, fe_span at, const char *what, int count, fe_value *const *values)
{
    bool good = true;
    for (int i = 0; i < count; i++) good &= values[i]->kind != FE_BAD;
    if (!good) return NULL;
    ir_dtype dtype = common_dtype(count, values);
    for (int i = 0; i < count; i++) good &= make_tensor(w, at, what, values[i], dtype);
    if (!good) return NULL;
    for (int i = 1; i < count; i++) {
        if (values[i]->type->dtype == dtype) continue;
        fe_error(w->c, at, "%s: the dtypes of %s and %s differ; use cast(..., %s)", what,
                 fe_type_text(w, values[0]->type), fe_type_text(w, values[i]->type), ir_dtype_of(dtype)->name);
        return NULL;
    }
    return broadcast(w, at, what, count, values);
}
