/* random_statements: one function for each kind of operation; each appends a statement or, where its operand does not
 * suit, none. A new operation of the language: a function here and its row in `statements`. */
#include "tests/diff/random.h"
#include "runtime/dtype.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double UNIT = 0x1p-22; /* what one rounded step may be off, relative to its bound; twice what it is */

static bool is_float(const gen_value *v) { return rt_dtype_is_float(v->dtype); }
static bool is_wide(const gen_value *v) { return v->dtype == SPC_F32 || v->dtype == SPC_F64; }
static bool is_inexact(const gen_value *v) { return v->error > 0; }

/* One more rounding, where the value is rounded at all. */
static void rounds(gen_value *v)
{
    if (is_inexact(v)) v->error += UNIT * (double)v->bound;
}

/* ---- products ---- */

static gen_value product_of(const gen_value *x, int axis, gen_extent extent, int64_t depth)
{
    gen_value y = *x;
    y.dims[axis] = extent;
    y.bound = (x->bound * 3 + 1) * depth + 3;
    y.error *= 3 * (double)depth;
    if (is_inexact(x)) y.error += UNIT * (double)(y.bound * depth);
    if (x->dtype == SPC_I8 || x->dtype == SPC_U8) y.dtype = SPC_I32;
    return y;
}

/* Floats take weights of any float dtype, i32 its own. */
static spc_dtype weight_dtype(gen_layer *l, const gen_value *x)
{
    static const spc_dtype floats[] = {SPC_F32, SPC_F16, SPC_BF16, SPC_F64};
    if (!is_float(x) || gen_below(l, 3)) return x->dtype;
    return floats[gen_below(l, 4)];
}

/* An operand whose products along this axis are of constant depth and stay exact. */
static bool factor(gen_layer *l, gen_value *x, int rank, bool second_last, int *axis, int64_t *depth)
{
    *x = gen_any(l);
    *axis = x->rank - 1 - second_last;
    return x->dtype != SPC_BOOL && x->rank >= rank && gen_is_const(x->dims[*axis], depth) && gen_bounded(l, x, *depth);
}

static void write_linear(gen_layer *l)
{
    gen_value x;
    int axis;
    int64_t depth, rows = gen_draw_extent(l).offset;
    if (!factor(l, &x, 1, false, &axis, &depth) || x.dtype == SPC_I8 || x.dtype == SPC_U8) return;
    const int weight = gen_weight(l, weight_dtype(l, &x), &rows, &depth, true, false);
    if (weight < 0) return;
    const gen_value y = product_of(&x, axis, gen_const(rows), depth);
    if (gen_below(l, 2)) gen_define(l, y, "linear(%s, w%d)", x.name, weight);
    else gen_define(l, y, "linear(%s, w%d, %s)", x.name, weight, gen_input(l, x.dtype, 1, &y.dims[axis]).name);
}

/* matmul(w, x) or matmul(x, w) */
static void write_matmul(gen_layer *l)
{
    const bool left = gen_below(l, 2);
    gen_value x;
    int axis;
    int64_t depth, other = gen_draw_extent(l).offset;
    if (!factor(l, &x, 2, left, &axis, &depth) || x.dtype == SPC_I8 || x.dtype == SPC_U8) return;
    const spc_dtype dtype = weight_dtype(l, &x);
    const int weight = left ? gen_weight(l, dtype, &other, &depth, true, false)
                            : gen_weight(l, dtype, &depth, &other, false, true);
    if (weight < 0) return;
    const gen_value y = product_of(&x, axis, gen_const(other), depth);
    if (left) gen_define(l, y, "matmul(w%d, %s)", weight, x.name);
    else gen_define(l, y, "matmul(%s, w%d)", x.name, weight);
}

/* The product with a fresh input, which may have the leading axes too, or some of them as 1. */
static void write_matmul_of_inputs(gen_layer *l)
{
    gen_value x;
    gen_extent dims[GEN_MAX_RANK];
    int axis;
    int64_t depth;
    if (!factor(l, &x, 2, false, &axis, &depth)) return;
    const int leading = (int)gen_below(l, x.rank - 1), first = x.rank - 2 - leading;
    for (int i = 0; i < leading; i++) dims[i] = gen_below(l, 2) ? x.dims[first + i] : gen_const(1);
    dims[leading] = x.dims[axis];
    dims[leading + 1] = gen_draw_extent(l);
    const gen_value y = product_of(&x, axis, dims[leading + 1], depth);
    gen_define(l, y, "matmul(%s, %s)", x.name, gen_input(l, x.dtype, leading + 2, dims).name);
}

/* ---- elementwise ---- */

static void write_unary(gen_layer *l)
{
    static const char *const forms[] = {"relu(%s)", "abs(%s)", "-%s", "relu6(%s)", "clip(%s, -7, 5)", "max(%s, -2)",
                                        "min(1, %s)", "%s + 1", "2 - %s", "neg(%s)"};
    gen_value x = gen_any(l);
    const gen_value from = x;
    if (x.dtype == SPC_BOOL) return;
    if (is_float(&x) && gen_below(l, 10) == 0) {
        x.bits++;
        gen_define(l, x, "leaky_relu(%s, slope=0.5)", from.name);
        return;
    }
    const char *form = forms[gen_below(l, sizeof forms / sizeof *forms)];
    if (x.dtype == SPC_U8 && strchr(form, '-')) return;
    x.bound += 7;
    rounds(&x);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    gen_define(l, x, form, from.name);
#pragma GCC diagnostic pop
}

/* A fresh input that broadcasts to x. */
static gen_value new_broadcast(gen_layer *l, const gen_value *x)
{
    gen_extent dims[GEN_MAX_RANK];
    const int drop = (int)gen_below(l, x->rank + 1);
    for (int i = 0; i < x->rank; i++) dims[i] = gen_below(l, 4) ? x->dims[i] : gen_const(1);
    return gen_input(l, x->dtype, x->rank - drop, dims + drop);
}

static gen_value partner(gen_layer *l, const gen_value *x)
{
    const gen_value other = gen_alike(l, x);
    return strcmp(other.name, x->name) || gen_below(l, 6) == 0 ? other : new_broadcast(l, x);
}

static void write_binary(gen_layer *l)
{
    static const char *const forms[] = {"%s + %s", "%s - %s", "max(%s, %s)", "min(%s, %s)", "%s * %s"};
    gen_value x = gen_any(l);
    if (x.dtype == SPC_BOOL) return;
    const gen_value y = partner(l, &x), from = x;
    const int form = (int)gen_below(l, 5);
    x.error = form == 4 ? x.error * (double)y.bound + y.error * (double)x.bound : x.error + y.error;
    x.bound = form == 4 ? x.bound * y.bound : x.bound + y.bound;
    x.bits = form == 4 ? x.bits + y.bits : x.bits > y.bits ? x.bits : y.bits;
    rounds(&x);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    gen_define(l, x, forms[form], from.name, y.name);
#pragma GCC diagnostic pop
}

/* With a dim or a quotient of powers of two in it. */
static void write_arithmetic(gen_layer *l)
{
    gen_value x = gen_any(l);
    if (!is_wide(&x)) return;
    x.bits += 2;
    x.bound = x.bound * 3 + 40;
    rounds(&x);
    if (gen_below(l, 2)) gen_define(l, x, "%s / 4 + batch", x.name);
    else gen_define(l, x, "(%s * 3 - seq) / 2", x.name);
}

/* A smooth function, and how far it carries an error; its operand is small. */
static void write_function(gen_layer *l)
{
    static const struct {
        const char *form;
        int64_t bound;
        double slope;
    } functions[] = {{"exp(%s)", 60, 60}, {"tanh(%s)", 1, 1}, {"sigmoid(%s)", 1, 1}, {"gelu(%s)", 4, 1.2},
                     {"gelu_tanh(%s)", 4, 1.2}, {"silu(%s)", 4, 1.2}, {"sqrt(abs(%s) + 1)", 3, 1},
                     {"1 / (%s * %s + 2)", 1, 1}, {"leaky_relu(%s, slope=0.3)", 4, 1}};
    gen_value x = gen_any(l);
    const size_t which = (size_t)gen_below(l, sizeof functions / sizeof *functions);
    if (!is_wide(&x)) return;
    if (x.bound > 4) {
        const gen_value from = x;
        x.bound = 4;
        if (!gen_define(l, x, "clip(%s, -4, 3)", from.name)) return;
        x = l->values[l->value_count - 1];
    }
    gen_value y = x;
    y.bound = functions[which].bound;
    y.bits = 0;
    y.error = x.error * functions[which].slope + 4 * UNIT * (double)y.bound;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
    gen_define(l, y, functions[which].form, x.name, x.name);
#pragma GCC diagnostic pop
}

/* ---- truth ---- */

static void write_comparison(gen_layer *l)
{
    static const char *const signs[] = {"==", "!=", "<", "<=", ">", ">="};
    const gen_value x = gen_any(l);
    if (is_inexact(&x)) return;
    const char *sign = signs[gen_below(l, x.dtype == SPC_BOOL ? 2 : 6)];
    const bool number = gen_below(l, 3) == 0 && x.dtype != SPC_BOOL;
    const gen_value y = number ? x : partner(l, &x);
    gen_value truth = x;
    if (is_inexact(&y)) return;
    truth.dtype = SPC_BOOL;
    truth.bound = 1;
    truth.bits = 0;
    if (number) gen_define(l, truth, "%s %s 1", x.name, sign);
    else gen_define(l, truth, "%s %s %s", x.name, sign, y.name);
}

static void write_logic(gen_layer *l)
{
    gen_value x;
    if (!gen_find(l, SPC_BOOL, &x)) return;
    const gen_value y = partner(l, &x);
    switch (gen_below(l, 3)) {
    case 0: gen_define(l, x, "%s & %s", x.name, y.name); break;
    case 1: gen_define(l, x, "%s | !%s", x.name, y.name); break;
    default: gen_define(l, x, "!%s", x.name); break;
    }
}

static void write_where(gen_layer *l)
{
    gen_value c;
    if (!gen_find(l, SPC_BOOL, &c)) return;
    gen_value x = gen_any(l);
    if (x.dtype == SPC_BOOL) return;
    if (x.rank != c.rank || memcmp(x.dims, c.dims, sizeof x.dims))
        x = gen_input(l, gen_below(l, 2) ? SPC_F32 : x.dtype, c.rank, c.dims);
    const gen_value y = partner(l, &x), from = x;
    x.bound += y.bound;
    x.error += y.error;
    if (y.bits > x.bits) x.bits = y.bits;
    if (gen_below(l, 3)) gen_define(l, x, "where(%s, %s, %s)", c.name, from.name, y.name);
    else gen_define(l, x, "where(%s, %s, 5)", c.name, from.name);
}

/* Whatever may come out of a cast of numbers that are in range, or of integers, which wrap. */
static void write_cast(gen_layer *l)
{
    static const spc_dtype dtypes[] = {SPC_F32, SPC_F32, SPC_F64, SPC_F16, SPC_BF16, SPC_I32, SPC_I8, SPC_U8, SPC_BOOL};
    gen_value x = gen_any(l);
    const gen_value from = x;
    x.dtype = dtypes[gen_below(l, sizeof dtypes / sizeof *dtypes)];
    const bool rounded = is_float(&x) && (x.bound << x.bits) > gen_exact_limit(x.dtype);
    if (is_inexact(&x) ? !is_wide(&x) : rounded) return;
    if (!is_float(&x)) x.bits = 0;
    if (x.dtype == SPC_U8) x.bound = 255;
    gen_define(l, x, "cast(%s, %s)", from.name, rt_dtype_name(x.dtype));
}

/* ---- along axes ---- */

static void write_norm(gen_layer *l)
{
    gen_value x = gen_any(l);
    if (!is_wide(&x) || x.rank < 1 || !gen_bounded(l, &x, 100)) return;
    gen_value y = x;
    const gen_extent *last = &x.dims[x.rank - 1];
    const double in = x.error + UNIT * (double)x.bound;
    y.bits = 0;
    switch (gen_below(l, 3)) {
    case 0:
        y.bound = 1;
        y.error = 2 * x.error + 16 * UNIT;
        gen_define(l, y, "softmax(%s)", x.name);
        return;
    case 1:
        y.bound = 40;
        y.error = 60 * in + 40 * 8 * UNIT;
        gen_define(l, y, "rmsnorm(%s, %s, eps=0.25)", x.name, gen_input(l, x.dtype, 1, last).name);
        return;
    default:
        y.bound = 40;
        y.error = 100 * in + 40 * 8 * UNIT;
        gen_define(l, y, "layernorm(%s, %s, %s, eps=0.25)", x.name, gen_input(l, x.dtype, 1, last).name,
                   gen_input(l, x.dtype, 1, last).name);
    }
}

/* Takes axes away: all of them, one, or two. count: of elements that become one, 0 where it is not constant. */
static void reduced(gen_layer *l, gen_value *y, char axes[48], int64_t *count, int64_t *most, bool *may_be_empty)
{
    const int kind = y->rank ? (int)gen_below(l, 3) : 0, first = y->rank ? (int)gen_below(l, y->rank) : 0;
    const int second = kind == 2 ? (int)gen_below(l, y->rank) : first;
    int64_t extent;
    int rank = 0;
    *count = *most = 1;
    *may_be_empty = false;
    if (kind == 0) axes[0] = 0;
    else if (first == second) snprintf(axes, 48, ", axis=%d", gen_below(l, 2) ? first : first - y->rank);
    else snprintf(axes, 48, ", axis=[%d, %d]", first, second - y->rank);
    for (int i = 0; i < y->rank; i++)
        if (kind && i != first && i != second) {
            y->dims[rank++] = y->dims[i];
        } else {
            *may_be_empty |= y->dims[i].offset == 0;
            *count *= gen_is_const(y->dims[i], &extent) ? extent : 0;
            *most *= gen_largest(y->dims[i]);
        }
    y->rank = rank;
}

static void write_reduction(gen_layer *l)
{
    gen_value x = gen_any(l), y = x;
    char axes[48];
    bool may_be_empty;
    int64_t count, most;
    if (x.dtype == SPC_BOOL) return;
    reduced(l, &y, axes, &count, &most, &may_be_empty);
    const int kind = (int)gen_below(l, 3);
    if (kind == 0 && !may_be_empty) {
        gen_define(l, y, "amax(%s%s)", x.name, axes);
        return;
    }
    if (kind == 1 && is_wide(&x) && !may_be_empty) { /* not exact but where the count is a power of two */
        for (int64_t half = count; half > 1 && half % 2 == 0; half /= 2) y.bits++;
        const bool exact = count && !(count & (count - 1)) && x.bound * count <= gen_exact_limit(x.dtype) >> y.bits;
        if (!exact) y.error += UNIT * (double)(x.bound * most) / 8 + UNIT * (double)x.bound;
        if (!exact) y.bits = 0;
        gen_define(l, y, "mean(%s%s)", x.name, axes);
        return;
    }
    if (x.bound > INT64_C(1) << 40) return;
    y.bound *= most;
    y.error *= (double)most;
    rounds(&y);
    if (!is_float(&y)) y.dtype = SPC_I32;
    gen_define(l, y, "sum(%s%s)", x.name, axes);
}

static void write_argmax(gen_layer *l)
{
    gen_value x = gen_any(l), y = x;
    int64_t extent;
    if (x.dtype == SPC_BOOL || is_inexact(&x) || x.rank < 1) return;
    const int axis = (int)gen_below(l, x.rank);
    if (!gen_is_const(x.dims[axis], &extent) && x.dims[axis].offset == 0) return;
    memmove(y.dims + axis, y.dims + axis + 1, (size_t)(x.rank - axis - 1) * sizeof *y.dims);
    y.rank--;
    y.dtype = SPC_I32;
    y.bound = 3000;
    y.bits = 0;
    if (axis == x.rank - 1 && gen_below(l, 2)) gen_define(l, y, "argmax(%s)", x.name);
    else gen_define(l, y, "argmax(%s, axis=%d)", x.name, axis - (gen_below(l, 2) ? x.rank : 0));
}

/* ---- shape ---- */

static void list_extents(const gen_value *v, char out[160])
{
    size_t n = 0;
    for (int i = 0; i < v->rank; i++) {
        char extent[32];
        gen_extent_text(v->dims[i], extent);
        n += (size_t)snprintf(out + n, 160 - n, "%s%s", i ? ", " : "", extent);
    }
}

/* Joins two neighbours of which one is constant, splits a constant axis, or adds one of 1. */
static void write_reshape(gen_layer *l)
{
    gen_value x = gen_any(l), y = x;
    char extents[160];
    int64_t a, b;
    const int axis = x.rank ? (int)gen_below(l, x.rank) : 0;
    const bool join = axis + 1 < x.rank && gen_below(l, 2);
    if (x.rank == 0 || (!join && x.rank == GEN_MAX_RANK)) return;
    if (join) {
        const bool first = gen_is_const(x.dims[axis], &a), second = gen_is_const(x.dims[axis + 1], &b);
        if (!first && !second) return;
        const gen_extent by = x.dims[first ? axis + 1 : axis];
        const int64_t factor_of = first ? a : b;
        y.dims[axis] = (gen_extent){by.dim, by.scale * factor_of, by.offset * factor_of};
        memmove(y.dims + axis + 1, y.dims + axis + 2, (size_t)(x.rank - axis - 2) * sizeof *y.dims);
        y.rank--;
    } else {
        memmove(y.dims + axis + 1, y.dims + axis, (size_t)(x.rank - axis) * sizeof *y.dims);
        y.dims[axis] = gen_const(1);
        if (gen_is_const(x.dims[axis], &a) && a % 2 == 0) {
            y.dims[axis] = gen_const(2);
            y.dims[axis + 1] = gen_const(a / 2);
        }
        y.rank++;
    }
    list_extents(&y, extents);
    if (y.rank == 1 && gen_below(l, 2)) snprintf(extents, sizeof extents, "-1");
    gen_define(l, y, "reshape(%s, [%s])", x.name, extents);
}

static void write_transpose(gen_layer *l)
{
    gen_value x = gen_any(l), y = x;
    int order[GEN_MAX_RANK];
    char list[64];
    size_t n = 0;
    if (x.rank < 2) return;
    for (int i = 0; i < x.rank; i++) order[i] = i;
    for (int i = x.rank - 1; i > 0; i--) {
        const int other = (int)gen_below(l, i + 1), swapped = order[i];
        order[i] = order[other];
        order[other] = swapped;
    }
    for (int i = 0; i < x.rank; i++) {
        y.dims[i] = x.dims[order[i]];
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%d", i ? ", " : "", order[i] - (gen_below(l, 5) ? 0 : x.rank));
    }
    gen_define(l, y, "transpose(%s, [%s])", x.name, list);
}

static void write_concat(gen_layer *l)
{
    gen_value x = gen_any(l);
    if (x.rank < 1) return;
    gen_value y = gen_alike(l, &x), sum = x;
    const int axis = (int)gen_below(l, x.rank);
    if (gen_below(l, 2)) { /* a fresh part of another extent along the axis */
        gen_extent dims[GEN_MAX_RANK];
        memcpy(dims, x.dims, sizeof dims);
        dims[axis] = gen_below(l, 2) ? gen_draw_extent(l) : x.dims[axis];
        y = gen_input(l, x.dtype, x.rank, dims);
    }
    gen_extent *e = &sum.dims[axis];
    const gen_extent more = y.dims[axis];
    *e = (gen_extent){e->dim == GEN_CONST ? more.dim : e->dim, e->scale + more.scale, e->offset + more.offset};
    if (y.bound > sum.bound) sum.bound = y.bound;
    if (y.bits > sum.bits) sum.bits = y.bits;
    sum.error += y.error;
    gen_define(l, sum, "concat(%s, %s, axis=%d)", x.name, y.name, axis - (gen_below(l, 3) ? 0 : x.rank));
}

static void write_slice(gen_layer *l)
{
    gen_value x = gen_any(l), y = x;
    char to[32];
    if (x.rank < 1) return;
    const int axis = (int)gen_below(l, x.rank);
    gen_extent *e = &y.dims[axis];
    int64_t extent;
    const int64_t most = gen_is_const(*e, &extent) ? extent - 1 : e->offset;
    const int64_t front = gen_below(l, most + 1), back = gen_below(l, most - front + 1);
    e->offset -= back;
    gen_extent_text(*e, to);
    e->offset -= front;
    if (!back) gen_define(l, y, "slice(%s, axis=%d, from=%lld)", x.name, axis, (long long)front);
    else gen_define(l, y, "slice(%s, axis=%d, from=%lld, to=%s)", x.name, axis, (long long)front, to);
}

static void write_pad(gen_layer *l)
{
    gen_value x = gen_any(l), y = x;
    char pads[160];
    size_t n = 0;
    if (x.rank < 1) return;
    for (int i = 0; i < x.rank; i++) {
        const int before = (int)gen_below(l, 3), after = (int)gen_below(l, 2) * (int)gen_below(l, 4);
        y.dims[i].offset += before + after;
        n += (size_t)snprintf(pads + n, sizeof pads - n, "%s[%d, %d]", i ? ", " : "", before, after);
    }
    gen_define(l, y, "pad(%s, [%s])", x.name, pads);
}

/* ---- layers that are called ---- */

/* What an extent of the called layer is where it is called: its dim `inner` is bound there. */
static gen_extent outer_extent(gen_extent e, gen_extent inner)
{
    if (e.dim != GEN_INNER) return e;
    return (gen_extent){inner.dim, e.scale * inner.scale, e.scale * inner.offset + e.offset};
}

static void outer_value(gen_value *v, gen_extent inner)
{
    for (int i = 0; i < v->rank; i++) v->dims[i] = outer_extent(v->dims[i], inner);
}

/* Room for the results, which have names of their own. */
static void take_results(gen_layer *l, const char *callee, const char *arguments, gen_value *results, int count)
{
    for (int i = 0; i < count; i++) {
        snprintf(results[i].name, sizeof results[i].name, "t%d", l->value_count);
        gen_add(&l->body, "%s%s", i ? ", " : "    ", results[i].name);
        l->values[l->value_count++] = results[i];
    }
    gen_add(&l->body, " = %s(%s);\n", callee, arguments);
}

/* A layer of its own that takes x, and whatever else it wants as inputs of this one. Its first extent may become the
 * dim `inner` in there. */
static void write_call(gen_layer *l)
{
    static gen_layer callee; /* too large for the stack; written whole before the next */
    gen_value x = gen_any(l), results[GEN_MAX_RESULTS];
    char name[16], arguments[200];
    if (l->called || l->file->layer_count >= 2 || x.rank < 1) return;
    const gen_extent first = x.dims[0], inner = {GEN_INNER, 1, 0};
    const bool bind = gen_below(l, 2) && gen_largest(first) <= 80;
    memset(&callee, 0, sizeof callee);
    callee.file = l->file;
    callee.called = true;
    gen_value inside = x;
    if (bind) inside.dims[0] = inner;
    gen_value *taken = &callee.values[0];
    (void)gen_input(&callee, x.dtype, x.rank, inside.dims);
    taken->bound = x.bound;
    taken->bits = x.bits;
    taken->error = x.error;
    snprintf(name, sizeof name, "g%d", l->file->layer_count++);
    const int count = gen_layer_write(&callee, name, results);
    if (l->input_count + callee.input_count > GEN_MAX_INPUTS || l->value_count + 10 > GEN_MAX_VALUES) return;
    size_t n = (size_t)snprintf(arguments, sizeof arguments, "%s", x.name);
    for (int i = 1; i < callee.input_count; i++) {
        gen_value wanted = callee.taken[i];
        if (bind) outer_value(&wanted, first);
        n += (size_t)snprintf(arguments + n, sizeof arguments - n, ", %s",
                              gen_input(l, wanted.dtype, wanted.rank, wanted.dims).name);
    }
    for (int i = 0; i < count && bind; i++) outer_value(&results[i], first);
    take_results(l, name, arguments, results, count);
}

void gen_statement(gen_layer *l)
{
    static void (*const statements[])(gen_layer *) = {
        write_linear, write_linear, write_linear, write_matmul, write_matmul, write_matmul_of_inputs, write_unary,
        write_unary, write_binary, write_binary, write_binary, write_arithmetic, write_function, write_comparison,
        write_logic, write_where, write_where, write_cast, write_norm, write_reduction, write_argmax, write_reshape,
        write_transpose, write_concat, write_slice, write_pad, write_call};
    statements[gen_below(l, sizeof statements / sizeof *statements)](l);
}
