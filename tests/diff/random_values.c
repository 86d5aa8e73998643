/* random_values: extents, values and weights of the layers made at random. */
#include "tests/diff/random.h"
#include "runtime/dtype.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST_ELEMENTS = 30000 };

const char *const gen_dim_names[GEN_CONST] = {"batch", "seq", "inner"};

void gen_add(gen_text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    t->used += (size_t)vsnprintf(t->text + t->used, sizeof t->text - t->used, format, args);
    va_end(args);
    diff_need(t->used < sizeof t->text, "room for the program's text");
}

int64_t gen_below(gen_layer *l, int64_t limit) { return diff_below(&l->file->random, limit); }

/* ---- extents ---- */

gen_extent gen_const(int64_t value) { return (gen_extent){GEN_CONST, 0, value}; }

bool gen_is_const(gen_extent e, int64_t *value)
{
    *value = e.offset;
    return e.dim == GEN_CONST;
}

bool gen_same_extent(gen_extent a, gen_extent b) { return a.dim == b.dim && a.scale == b.scale && a.offset == b.offset; }

gen_extent gen_draw_extent(gen_layer *l)
{
    static const int64_t extents[] = {1, 1, 2, 3, 4, 5, 8, 12, 16, 17, 20, 24, 33, 40, 48, 64, 67};
    return gen_const(extents[gen_below(l, sizeof extents / sizeof *extents)]);
}

/* The dims that test_random.c gives; `inner` is bound to no more than twice its own. */
int64_t gen_largest(gen_extent e)
{
    static const int64_t largest[] = {[GEN_BATCH] = 40, [GEN_SEQ] = 9, [GEN_INNER] = 40, [GEN_CONST] = 0};
    return e.scale * largest[e.dim] + e.offset;
}

void gen_extent_text(gen_extent e, char out[32])
{
    if (e.dim == GEN_CONST) snprintf(out, 32, "%lld", (long long)e.offset);
    else if (e.scale == 1 && !e.offset) snprintf(out, 32, "%s", gen_dim_names[e.dim]);
    else snprintf(out, 32, "%lld * %s + %lld", (long long)e.scale, gen_dim_names[e.dim], (long long)e.offset);
}

void gen_type_text(const gen_value *v, char out[128])
{
    size_t n = (size_t)snprintf(out, 128, "%s[", rt_dtype_name(v->dtype));
    for (int i = 0; i < v->rank; i++) {
        char extent[32];
        gen_extent_text(v->dims[i], extent);
        n += (size_t)snprintf(out + n, 128 - n, "%s%s", i ? ", " : "", extent);
    }
    snprintf(out + n, 128 - n, "]");
}

static int64_t elements(const gen_value *v)
{
    int64_t n = 1;
    for (int i = 0; i < v->rank; i++) n *= gen_largest(v->dims[i]);
    return n;
}

/* ---- values ---- */

gen_value gen_any(gen_layer *l) { return l->values[gen_below(l, l->value_count)]; }

bool gen_find(gen_layer *l, spc_dtype dtype, gen_value *out)
{
    for (int tries = 0; tries < 4; tries++) {
        *out = gen_any(l);
        if (out->dtype == dtype) return true;
    }
    return false;
}

static bool same_type(const gen_value *a, const gen_value *b)
{
    if (a->rank != b->rank || a->dtype != b->dtype) return false;
    for (int i = 0; i < a->rank; i++)
        if (!gen_same_extent(a->dims[i], b->dims[i])) return false;
    return true;
}

gen_value gen_alike(gen_layer *l, const gen_value *v)
{
    const int64_t from = gen_below(l, l->value_count);
    for (int i = 0; i < l->value_count; i++) {
        const gen_value *other = &l->values[(from + i) % l->value_count];
        if (same_type(v, other) && strcmp(v->name, other->name)) return *other;
    }
    return *v;
}

bool gen_has_room(const gen_layer *l)
{
    return l->value_count + 4 < GEN_MAX_VALUES && l->input_count + 1 < GEN_MAX_INPUTS && l->body.used < GEN_TEXT - 900;
}

gen_value gen_input(gen_layer *l, spc_dtype dtype, int rank, const gen_extent *dims)
{
    char type[128];
    gen_value *v = &l->values[l->value_count];
    diff_need(l->value_count < GEN_MAX_VALUES && l->input_count < GEN_MAX_INPUTS, "room for an input");
    *v = (gen_value){.dtype = dtype, .rank = rank, .bound = dtype == SPC_U8 ? 255 : 3};
    snprintf(v->name, sizeof v->name, "x%d", l->value_count++);
    for (int i = 0; i < rank; i++) v->dims[i] = dims[i];
    gen_type_text(v, type);
    gen_add(&l->inputs, "%s%s: %s", l->input_count ? ", " : "", v->name, type);
    l->taken[l->input_count++] = *v;
    return *v;
}

int64_t gen_exact_limit(spc_dtype dtype)
{
    static const int64_t limits[] = {
        [SPC_F32] = 1 << 24, [SPC_F16] = 1 << 11, [SPC_BF16] = 1 << 8, [SPC_F64] = (int64_t)1 << 40,
        [SPC_I8] = 128, [SPC_U8] = 255, [SPC_I32] = (int64_t)1 << 31, [SPC_BOOL] = 1};
    return limits[dtype];
}

/* Integers wrap, so that any bound will do; floats must stay exact, or close. */
static bool settle(gen_value *v)
{
    const int64_t limit = gen_exact_limit(v->dtype);
    if (!rt_dtype_is_float(v->dtype)) {
        if (v->bound > limit) v->bound = limit;
        return v->error == 0 && v->bits == 0;
    }
    if (v->error > 0) return (v->dtype == SPC_F32 || v->dtype == SPC_F64) && v->bound < 1 << 20 && v->error < 0.02;
    return v->bits < 20 && v->bound <= limit >> v->bits;
}

bool gen_define(gen_layer *l, gen_value v, const char *format, ...)
{
    va_list args;
    char expression[900];
    if (!settle(&v) || elements(&v) > MOST_ELEMENTS || l->value_count >= GEN_MAX_VALUES) return false;
    va_start(args, format);
    diff_need((size_t)vsnprintf(expression, sizeof expression, format, args) < sizeof expression, "room for a statement");
    va_end(args);
    snprintf(v.name, sizeof v.name, "t%d", l->value_count);
    gen_add(&l->body, "    %s = %s;\n", v.name, expression);
    l->values[l->value_count++] = v;
    l->file->discrete |= !rt_dtype_is_float(v.dtype);
    return true;
}

bool gen_bounded(gen_layer *l, gen_value *v, int64_t depth)
{
    const int64_t limit = rt_dtype_is_float(v->dtype) ? gen_exact_limit(v->dtype) >> v->bits : INT64_MAX >> 1;
    const int64_t most = (v->error > 0 ? 1 << 14 : limit) / (4 * depth + 4);
    if (v->bound <= most && v->bound <= 64) return true;
    if (most < 1) return false;
    const gen_value from = *v;
    v->bound = most < 4 ? most : 4;
    const int64_t low = v->dtype == SPC_U8 ? 1 : -v->bound, high = v->dtype == SPC_U8 ? v->bound : (v->bound + 1) / 2;
    if (!gen_define(l, *v, "clip(%s, %lld, %lld)", from.name, (long long)low, (long long)high))
        return false;
    *v = l->values[l->value_count - 1];
    return true;
}

/* ---- weights ---- */

static int64_t multiple(int64_t extent, int64_t unit) { return (extent + unit - 1) / unit * unit; }

int gen_weight(gen_layer *l, spc_dtype dtype, int64_t *rows, int64_t *cols, bool free_rows, bool free_cols)
{
    static const struct {
        const char *text;
        int64_t r, c;
    } patterns[] = {{"unstructured", 1, 1}, {"unstructured(density=0.2)", 1, 1}, {"2:4", 1, 4}, {"1:4", 1, 4}, {"4:8", 1, 8},
                    {"3:5", 1, 5}, {"block(4, 1)", 4, 1}, {"block(8, 4)", 8, 4}, {"block(16, 1)", 16, 1},
                    {"block(1, 16)", 1, 16}, {"block(3, 5)", 3, 5}, {"rows", 1, 1}, {"columns", 1, 1},
                    {"band(-3, 2)", 1, 1}, {"dense", 1, 1}};
    gen_file *f = l->file;
    if (f->weight_count >= DIFF_MAX_WEIGHTS) return -1;
    const size_t p = (size_t)gen_below(l, sizeof patterns / sizeof *patterns);
    if (free_rows) *rows = multiple(*rows, patterns[p].r);
    if (free_cols) *cols = multiple(*cols, patterns[p].c);
    const bool fits = *rows % patterns[p].r == 0 && *cols % patterns[p].c == 0;
    gen_add(&f->weights, "weight w%d: %s[%lld, %lld] sparse %s;\n", f->weight_count, rt_dtype_name(dtype), (long long)*rows,
            (long long)*cols, fits ? patterns[p].text : "unstructured");
    return f->weight_count++;
}
