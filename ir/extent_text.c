/* extent_text: the canonical text of extents, and reading it back.
 *
 *     sum     = product { ("+" | "-") product }          product = unary { ("*" | "/") unary }
 *     unary   = "-" unary | primary                      primary = number | dim | "(" sum ")" | call
 *     call    = ("ceil" | "min" | "max") "(" sum "," sum ")"
 */
#include "ir/extent_private.h"

#include <string.h>

/* ---- printing ---- */

static const char *const call_names[] = {
    [IR_FACTOR_CEILDIV] = "ceil", [IR_FACTOR_MIN] = "min", [IR_FACTOR_MAX] = "max"};

static bool is_product(const ir_extent *e) { return e->count == 1 && e->terms[0].coefficient > 0; }

static bool is_primary(const ir_extent *e)
{
    if (!is_product(e)) return false;
    const ir_term *t = &e->terms[0];
    return t->degree == 0 || (t->degree == 1 && t->coefficient == 1 && t->factors[0]->kind != IR_FACTOR_DIV);
}

static void add_wrapped(ir_text *out, const ir_extent *e, bool bare)
{
    ir_text_add(out, bare ? "%s" : "(%s)", ir_extent_text(e));
}

static void add_factor(ir_text *out, const ir_factor *f, bool alone)
{
    if (f->kind == IR_FACTOR_DIM) {
        ir_text_add(out, "%s", f->dim);
    } else if (f->kind == IR_FACTOR_DIV) {
        if (!alone) ir_text_add(out, "(");
        add_wrapped(out, f->left, is_product(f->left));
        ir_text_add(out, "/");
        add_wrapped(out, f->right, is_primary(f->right));
        if (!alone) ir_text_add(out, ")");
    } else {
        ir_text_add(out, "%s(%s, %s)", call_names[f->kind], ir_extent_text(f->left), ir_extent_text(f->right));
    }
}

static void add_term(ir_text *out, const ir_term *t, bool first)
{
    uint64_t size = t->coefficient < 0 ? (uint64_t)-t->coefficient : (uint64_t)t->coefficient;
    if (t->coefficient < 0) ir_text_add(out, first ? "-" : " - ");
    else if (!first) ir_text_add(out, " + ");
    bool shown = size != 1 || t->degree == 0;
    if (shown) ir_text_add(out, "%llu", (unsigned long long)size);
    for (int i = 0; i < t->degree; i++) {
        if (shown || i > 0) ir_text_add(out, "*");
        add_factor(out, t->factors[i], !shown && t->degree == 1);
    }
}

const char *ir_extent_make_text(ir_module *m, const ir_extent *e)
{
    ir_text out;
    ir_text_init(&out, m->arena);
    for (int i = 0; i < e->count; i++) add_term(&out, &e->terms[i], i == 0);
    if (!e->count) ir_text_add(&out, "0");
    return out.data;
}

/* ---- parsing ---- */

enum { MAX_DEPTH = 64 };

typedef struct reader {
    ir_module *module;
    const char *at;
    int depth;
} reader;

static const ir_extent *read_sum(reader *r);

static void skip_blanks(reader *r)
{
    while (*r->at == ' ' || *r->at == '\t') r->at++;
}

static bool accept(reader *r, char c)
{
    skip_blanks(r);
    if (*r->at != c) return false;
    r->at++;
    return true;
}

static const ir_extent *read_number(reader *r)
{
    int64_t value = 0;
    const char *start = r->at;
    for (; ir_is_digit(*r->at); r->at++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *r->at - '0', &value)) {
            r->at = start;
            return NULL;
        }
    return ir_extent_const(r->module, value);
}

typedef const ir_extent *operation(ir_module *, const ir_extent *, const ir_extent *);

static operation *find_call(const char *name, size_t len)
{
    static const struct {
        const char *name;
        operation *function;
    } calls[] = {{"ceil", ir_extent_ceildiv}, {"min", ir_extent_min}, {"max", ir_extent_max}};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strlen(calls[i].name) == len && memcmp(calls[i].name, name, len) == 0) return calls[i].function;
    return NULL;
}

static const ir_extent *read_call(reader *r, operation *function)
{
    const ir_extent *left = read_sum(r);
    if (!left || !accept(r, ',')) return NULL;
    const ir_extent *right = read_sum(r);
    if (!right || !accept(r, ')')) return NULL;
    return function(r->module, left, right);
}

/* Dims are declared before use; "threads" is what an entry's scratch may depend on besides. */
static const ir_extent *read_name(reader *r)
{
    const char *start = r->at;
    while (ir_is_word(*r->at)) r->at++;
    size_t len = (size_t)(r->at - start);
    operation *function = find_call(start, len);
    if (function && accept(r, '(')) return read_call(r, function);
    const char *name = ir_intern_name(r->module, start, len);
    if (ir_dim_find(r->module, name) || strcmp(name, "threads") == 0) return ir_extent_dim(r->module, name);
    r->at = start;
    return NULL;
}

static const ir_extent *read_unary(reader *r)
{
    if (r->depth >= MAX_DEPTH) return NULL;
    r->depth++;
    const ir_extent *e = NULL;
    if (accept(r, '-')) {
        e = ir_extent_sub(r->module, ir_extent_const(r->module, 0), read_unary(r));
    } else if (accept(r, '(')) {
        e = read_sum(r);
        if (e && !accept(r, ')')) e = NULL;
    } else if (ir_is_digit(*r->at)) {
        e = read_number(r);
    } else if (ir_is_word(*r->at)) {
        e = read_name(r);
    }
    r->depth--;
    return e;
}

static const ir_extent *read_product(reader *r)
{
    const ir_extent *e = read_unary(r);
    while (e) {
        if (accept(r, '*')) e = ir_extent_mul(r->module, e, read_unary(r));
        else if (accept(r, '/')) e = ir_extent_div(r->module, e, read_unary(r));
        else break;
    }
    return e;
}

static const ir_extent *read_sum(reader *r)
{
    const ir_extent *e = read_product(r);
    while (e) {
        if (accept(r, '+')) e = ir_extent_add(r->module, e, read_product(r));
        else if (accept(r, '-')) e = ir_extent_sub(r->module, e, read_product(r));
        else break;
    }
    return e;
}

const ir_extent *ir_extent_parse(ir_module *m, const char *text, const char **end)
{
    reader r = {.module = m, .at = text};
    const ir_extent *e = read_sum(&r);
    if (end) *end = r.at;
    return e;
}
