/* check: random data for graphs, and the three ways to run them: the graph before, the graph after, the entry. */
#include "tests/tools/check.h"
#include "backends/interp/interp.h"
#include "ir/layout.h"
#include "runtime/dtype.h"
#include "runtime/module.h"
#include "runtime/pattern.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TENSORS = 32, MAX_DIMS = 16, MAX_WEIGHTS = 64, MAX_WORDS = 64 };

typedef struct bound {
    const char *name;
    rt_matrix matrix;
} bound;

typedef struct checker {
    ir_arena *arena;
    ir_module *before, *after;
    rt_error *error;
    uint64_t seed;
    int ndims, nweights;
    const char *dim_names[MAX_DIMS];
    int64_t dims[MAX_DIMS];
    bound weights[MAX_WEIGHTS];
} checker;

typedef struct tensors {
    int count;
    const char *names[MAX_TENSORS];
    spc_tensor list[MAX_TENSORS];
} tensors;

static bool fail(checker *c, const char *what, const char *name)
{
    rt_fail(c->error, SPC_E_INTERNAL, "check: %s '%s'", what, name);
    return false;
}

static int64_t next_random(checker *c, int64_t limit)
{
    c->seed = c->seed * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((c->seed >> 33) % (uint64_t)limit);
}

/* ---- data ---- */

/* The dims' values of one round: the least, then some that are not round. */
static bool choose_dims(checker *c, int round)
{
    c->ndims = 0;
    for (const ir_dim *d = c->before->dims; d; d = d->next) {
        if (c->ndims == MAX_DIMS) return fail(c, "too many dims, at", d->name);
        int64_t steps = (d->hi - d->lo) / d->step, wanted = round == 0 ? (d->lo == 0) : 5 + 12 * (round - 1);
        c->dim_names[c->ndims] = d->name;
        c->dims[c->ndims++] = d->lo + d->step * (wanted < steps ? wanted : steps);
    }
    return true;
}

static bool make_tensor(checker *c, const ir_op *op, const ir_type *type, spc_tensor *out)
{
    int64_t count = 1;
    *out = (spc_tensor){.dtype = (spc_dtype)type->dtype, .rank = type->rank};
    for (int i = 0; i < type->rank; i++) {
        if (!rt_extent_eval(ir_extent_text(type->dims[i]), c->dim_names, c->dims, (size_t)c->ndims, &out->dims[i]) ||
            out->dims[i] < 0 || __builtin_mul_overflow(count, out->dims[i], &count))
            return fail(c, "no such extent for", op->name);
    }
    int64_t bytes = rt_dtype_bytes(out->dtype, count);
    if (bytes < 0 || bytes > 1 << 26) return fail(c, "too large to check:", op->name);
    out->data = ir_alloc(c->arena, (size_t)bytes + 64);
    for (int64_t i = 0; i < count; i++) rt_value_set(out->dtype, out->data, i, (double)(next_random(c, 7) - 3));
    return true;
}

static bool collect(checker *c, const ir_func *f, ir_opcode code, tensors *out)
{
    out->count = 0;
    for (const ir_op *op = f->body.first; op; op = op->next) {
        if (op->code != code) continue;
        if (out->count == MAX_TENSORS) return fail(c, "too many tensors in", f->name);
        const ir_type *type = code == IR_OP_output ? op->args[0]->type : op->type;
        if (!make_tensor(c, op, type, &out->list[out->count])) return false;
        out->names[out->count++] = op->name;
    }
    return true;
}

/* ---- weights: half zeros, and what the pattern forbids is zero ---- */

static void keep_pattern(const rt_pattern *p, const rt_matrix *m, void *data)
{
    for (int part = 0; part < p->count; part++) {
        int64_t a = p->part[part].a, b = p->part[part].b;
        for (int64_t row = 0; row < m->rows; row++)
            for (int64_t col = 0, in_group = 0; col < m->cols; col++) {
                int64_t at = row * m->cols + col;
                if (p->part[part].kind == RT_NM && col % b == 0) in_group = 0;
                bool zero = rt_value_get(m->dtype, data, at) == 0;
                bool surplus = p->part[part].kind == RT_NM && !zero && in_group++ >= a;
                bool outside = p->part[part].kind == RT_BAND && (col - row < a || col - row > b);
                if (surplus || outside) rt_value_set(m->dtype, data, at, 0);
            }
    }
}

static const rt_matrix *find_matrix(void *ctx, const char *weight)
{
    const checker *c = ctx;
    for (int i = 0; i < c->nweights; i++)
        if (strcmp(c->weights[i].name, weight) == 0) return &c->weights[i].matrix;
    return NULL;
}

static const void *find_data(void *ctx, const char *weight)
{
    const rt_matrix *m = find_matrix(ctx, weight);
    return m ? m->dense : NULL;
}

static bool bind_weight(checker *c, const ir_op *op)
{
    spc_tensor t;
    rt_pattern pattern;
    if (find_matrix(c, op->name)) return true;
    if (c->nweights == MAX_WEIGHTS) return fail(c, "too many weights, at", op->name);
    if (!make_tensor(c, op, op->type, &t)) return false;
    rt_matrix m = {.dtype = t.dtype, .rows = 1, .cols = 1, .dense = t.data};
    for (int i = 0; i < t.rank; i++) *(i == 0 && t.rank > 1 ? &m.rows : &m.cols) *= t.dims[i];
    const char *text = ir_get_str(op, "pattern", NULL);
    bool sparse = text && strcmp(text, "dense") != 0;
    for (int64_t i = 0; sparse && i < m.rows * m.cols; i++)
        if (next_random(c, 2)) rt_value_set(t.dtype, t.data, i, 0);
    if (sparse && !rt_pattern_parse(text, &pattern, c->error)) return false;
    if (sparse) keep_pattern(&pattern, &m, t.data);
    c->weights[c->nweights++] = (bound){op->name, m};
    return true;
}

static bool bind_weights(checker *c, const ir_func *f)
{
    for (const ir_op *op = f->body.first; op; op = op->next)
        if (op->code == IR_OP_weight && !bind_weight(c, op)) return false;
    return true;
}

/* ---- running ---- */

/* Sums of whole numbers are exact; behind a function (gelu) they are rounded, and may cancel: of 64 terms of up to 30 each that
 * come to about 1, an ulp of the largest partial sum is 1e-4. */
static bool same_value(double a, double b)
{
    if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
    return a == b || fabs(a - b) <= 1e-4 * (1 + fabs(a));
}

static bool compare(checker *c, const tensors *want, const tensors *got, const char *what)
{
    for (int t = 0; t < want->count; t++) {
        const spc_tensor *a = &want->list[t], *b = &got->list[t];
        int64_t count = 1;
        for (int i = 0; i < a->rank; i++) count *= a->dims[i];
        for (int64_t i = 0; i < count; i++) {
            double x = rt_value_get(a->dtype, a->data, i), y = rt_value_get(b->dtype, b->data, i);
            if (same_value(x, y)) continue;
            rt_fail(c->error, SPC_E_INTERNAL, "check: %s differs in '%s': element %lld is %g instead of %g", what,
                    want->names[t], (long long)i, y, x);
            return false;
        }
    }
    return true;
}

static bool run_graph(checker *c, const ir_module *m, const ir_func *f, const tensors *in, const tensors *out)
{
    return interp_graph(m, f, c->dims, find_data, c, in->list, out->list, c->error) == SPC_OK;
}

static bool find_word(const checker *c, const tensors *in, const tensors *out, const char *name, uint64_t *word)
{
    for (int i = 0; i < c->ndims; i++)
        if (strcmp(c->dim_names[i], name) == 0) *word = (uint64_t)c->dims[i];
    for (int i = 0; i < in->count; i++)
        if (strcmp(in->names[i], name) == 0) *word = (uint64_t)(uintptr_t)in->list[i].data;
    for (int i = 0; i < out->count; i++)
        if (strcmp(out->names[i], name) == 0) *word = (uint64_t)(uintptr_t)out->list[i].data;
    return *word != UINT64_MAX;
}

static bool call_entry(checker *c, const ir_func *entry, const tensors *in, const tensors *out, const void *data)
{
    uint64_t words[MAX_WORDS];
    size_t count = 0;
    for (const ir_op *op = entry->body.first; op; op = op->next) {
        if (op->code != IR_OP_param) continue;
        if (count + 1 == MAX_WORDS) return fail(c, "too many params of", entry->name);
        words[count] = UINT64_MAX;
        if (!find_word(c, in, out, op->name, &words[count++])) return fail(c, "an unknown param", op->name);
    }
    words[count++] = 0; /* no exec */
    int status = interp_entry(c->after, entry, words, count, data);
    if (status) rt_fail(c->error, SPC_E_INTERNAL, "check: entry '%s' returns %s", entry->name, spc_status_text(status));
    return status == 0;
}

static bool run_entry(checker *c, const ir_func *entry, const tensors *in, const tensors *out)
{
    ir_layout layout;
    if (ir_layout_data(c->after, find_matrix, c, &layout, c->error)) return false;
    char *memory = ir_alloc(c->arena, (size_t)layout.bytes + 64);
    void *object = memory + (64 - (uintptr_t)memory % 64) % 64;
    ir_layout_write(&layout, object);
    ir_layout_free(&layout);
    return call_entry(c, entry, in, out, object);
}

static bool check_graph(checker *c, const ir_func *f)
{
    tensors in, want, got;
    const ir_func *later = ir_func_find(c->after, IR_GRAPH, f->name), *entry = ir_func_find(c->after, IR_ENTRY, f->name);
    if (!later) return fail(c, "the passes removed", f->name);
    if (!collect(c, f, IR_OP_input, &in) || !collect(c, f, IR_OP_output, &want) || !run_graph(c, c->before, f, &in, &want))
        return false;
    if (!collect(c, f, IR_OP_output, &got) || !run_graph(c, c->after, later, &in, &got)) return false;
    if (!compare(c, &want, &got, "the graph after the passes")) return false;
    if (!entry) return true;
    if (!collect(c, f, IR_OP_output, &got) || !run_entry(c, entry, &in, &got)) return false;
    return compare(c, &want, &got, "the entry");
}

bool check_modules(ir_module *before, ir_module *after, rt_error *error)
{
    checker c = {.arena = before->arena, .before = before, .after = after, .error = error, .seed = 1};
    if (!choose_dims(&c, 0)) return false;
    for (const ir_func *f = before->funcs; f; f = f->next)
        if (f->form == IR_GRAPH && !bind_weights(&c, f)) return false;
    for (int round = 0; round < 3; round++) {
        if (!choose_dims(&c, round)) return false;
        for (const ir_func *f = before->funcs; f; f = f->next)
            if (f->form == IR_GRAPH && !check_graph(&c, f)) return false;
    }
    return true;
}
