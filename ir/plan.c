/* plan: parsing, printing and searching plans.
 *
 *     line     = "@" LAYER "." NUMBER { term } | "@" LAYER "." NUMBER variants          LAYER, NUMBER: or "*"
 *     variants = "when" DIM "<=" NUMBER ":" { term } { ";" "when" ... } [ ";" "else" { term } ]
 *     term     = KEY "=" VALUE
 *
 * A line without "else" leaves the rest open. "#" starts a comment. Every wrong line is reported. */
#include "ir/intern.h"
#include "ir/plan_private.h"

#include <string.h>

ir_plan *ir_plan_new(ir_arena *arena)
{
    ir_plan *p = IR_NEW(arena, ir_plan);
    p->arena = arena;
    return p;
}

static bool layer_fits(const ir_plan_line *line, const char *layer)
{
    return strcmp(line->layer, "*") == 0 || strcmp(line->layer, layer) == 0;
}

const ir_plan_line *ir_plan_find(const ir_plan *plan, const char *layer, int kernel)
{
    for (const ir_plan_line *line = plan->lines; line; line = line->next)
        if (layer_fits(line, layer) && (line->kernel < 0 || line->kernel == kernel)) return line;
    return NULL;
}

ir_plan_line *ir_plan_add(ir_plan *plan, const char *layer, int kernel, const char *origin)
{
    ir_plan_line *line = IR_NEW(plan->arena, ir_plan_line), **end = &plan->lines;
    line->layer = ir_strdup(plan->arena, layer);
    line->kernel = kernel;
    line->origin = ir_strdup(plan->arena, origin);
    line->variants = IR_NEW(plan->arena, ir_plan_variant);
    while (*end) end = &(*end)->next;
    return *end = line;
}

ir_plan_variant *ir_plan_add_variant(ir_plan *plan, ir_plan_line *line, const char *dim, int64_t limit, const ir_plan_terms *terms)
{
    ir_plan_variant *v = IR_NEW(plan->arena, ir_plan_variant), **tail = &line->variants;
    *v = (ir_plan_variant){dim, limit, *terms, NULL};
    while (*tail) tail = &(*tail)->next;
    return *tail = v;
}

/* ---- printing ---- */

/* Each term with a blank before it. */
static void add_terms(ir_text *out, const ir_plan_terms *terms)
{
    const ir_plan_term *term;
    for (int i = 0; (term = ir_plan_term_at(i)); i++) {
        ir_text value;
        ir_text_init(&value, out->arena);
        term->print(&value, terms);
        if (value.len) ir_text_add(out, " %s=%s", term->key, value.data);
    }
}

char *ir_plan_print_terms(const ir_plan_terms *terms, ir_arena *arena)
{
    ir_text out;
    ir_text_init(&out, arena);
    add_terms(&out, terms);
    return out.data + (out.len > 0);
}

char *ir_plan_print_line(const ir_plan_line *line, ir_arena *arena)
{
    ir_text out;
    ir_text_init(&out, arena);
    ir_text_add(&out, "@%s.", line->layer);
    if (line->kernel < 0) ir_text_add(&out, "*");
    else ir_text_add(&out, "%d", line->kernel);
    for (const ir_plan_variant *v = line->variants; v; v = v->next) {
        if (v->dim) ir_text_add(&out, " when %s<=%lld:", v->dim, (long long)v->limit);
        else if (v != line->variants) ir_text_add(&out, " else");
        add_terms(&out, &v->terms);
        if (v->next) ir_text_add(&out, ";");
    }
    return out.data;
}

char *ir_plan_print(const ir_plan *plan, ir_arena *arena)
{
    ir_text out;
    ir_text_init(&out, arena);
    for (const ir_plan_line *line = plan->lines; line; line = line->next)
        ir_text_add(&out, "%s\n", ir_plan_print_line(line, arena));
    return out.data;
}

/* ---- parsing ---- */

typedef struct reader {
    ir_plan *plan;
    ir_diags *diags;
    const ir_source *source;
    const char *at, *end;   /* end: of the line */
    const char *line_start;
    int line;
} reader;

static ir_loc loc_at(const reader *r, const char *at, size_t len)
{
    return (ir_loc){r->source, r->line, (int)(at - r->line_start) + 1, len ? (int)len : 1};
}

static void skip_blanks(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\r')) r->at++;
}

static bool fail(const reader *r, const char *at, size_t len, const char *message)
{
    ir_report(r->diags, IR_ERROR, loc_at(r, at, len), "%s", message);
    return false;
}

static bool accept(reader *r, const char *text)
{
    skip_blanks(r);
    size_t len = strlen(text);
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, text, len) != 0) return false;
    r->at += len;
    return true;
}

static bool accept_word(reader *r, const char *text)
{
    const char *before = r->at;
    if (accept(r, text) && (r->at == r->end || !ir_is_word(*r->at))) return true;
    r->at = before;
    return false;
}

static char *read_word(reader *r)
{
    const char *start = r->at;
    while (r->at < r->end && ir_is_word(*r->at)) r->at++;
    return r->at == start ? NULL : ir_strndup(r->plan->arena, start, (size_t)(r->at - start));
}

static bool read_limit(reader *r, int64_t *out)
{
    skip_blanks(r);
    const char *start = r->at;
    int64_t value = 0;
    for (; r->at < r->end && ir_is_digit(*r->at); r->at++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *r->at - '0', &value))
            return fail(r, start, 1, "the number is too large");
    *out = value;
    return r->at > start || fail(r, start, 1, "expected a number");
}

static const ir_plan_term *find_term(const char *key, size_t len, int *index)
{
    const ir_plan_term *term;
    for (*index = 0; (term = ir_plan_term_at(*index)); ++*index)
        if (strlen(term->key) == len && memcmp(term->key, key, len) == 0) return term;
    return NULL;
}

static bool fail_unknown_term(const reader *r, const char *key, size_t len)
{
    ir_text known;
    const ir_plan_term *term;
    ir_text_init(&known, r->plan->arena);
    for (int i = 0; (term = ir_plan_term_at(i)); i++) ir_text_add(&known, "%s%s=", i ? ", " : "", term->key);
    ir_report(r->diags, IR_ERROR, loc_at(r, key, len), "'%.*s' is no term of a plan; terms are %s",
              len > 40 ? 40 : (int)len, key, known.data);
    return false;
}

static bool read_term(reader *r, ir_plan_terms *terms, unsigned *seen)
{
    const char *start = r->at;
    while (r->at < r->end && !strchr(" \t\r;=#", *r->at)) r->at++;
    size_t len = (size_t)(r->at - start);
    int index;
    const ir_plan_term *term = find_term(start, len, &index);
    if (!term || r->at == r->end || *r->at != '=') return fail_unknown_term(r, start, len);
    const char *value = ++r->at;
    while (r->at < r->end && !strchr(" \t\r;#", *r->at)) r->at++;
    size_t value_len = (size_t)(r->at - value);
    if (*seen >> index & 1) return fail(r, start, len, "the term stands twice");
    *seen |= 1u << index;
    if (term->read(terms, ir_strndup(r->plan->arena, value, value_len))) return true;
    ir_report(r->diags, IR_ERROR, loc_at(r, value, value_len), "'%.*s' is no value of %s=; legal: %s",
              value_len > 40 ? 40 : (int)value_len, value, term->key, term->legal);
    return false;
}

static bool read_terms(reader *r, ir_plan_terms *terms)
{
    unsigned seen = 0;
    for (;;) {
        skip_blanks(r);
        if (r->at == r->end || *r->at == ';') return true;
        if (!read_term(r, terms, &seen)) return false;
    }
}

static bool read_condition(reader *r, ir_plan_variant *v)
{
    skip_blanks(r);
    const char *start = r->at;
    char *dim = read_word(r);
    if (!dim) return fail(r, start, 1, "expected the name of a dim: when DIM<=NUMBER: ...");
    if (!accept(r, "<=")) return fail(r, r->at, 1, "expected '<=' after the dim");
    if (!read_limit(r, &v->limit)) return false;
    if (!accept(r, ":")) return fail(r, r->at, 1, "expected ':' after the limit");
    v->dim = dim;
    return true;
}

static bool read_variants(reader *r, ir_plan_line *line)
{
    ir_plan_variant *v = line->variants;
    while (accept_word(r, "when")) {
        if (!read_condition(r, v) || !read_terms(r, &v->terms)) return false;
        v = v->next = IR_NEW(r->plan->arena, ir_plan_variant);
        if (!accept(r, ";")) break;
    }
    bool conditions = v != line->variants;
    skip_blanks(r);
    if (conditions && r->at < r->end && !accept_word(r, "else"))
        return fail(r, r->at, 1, "expected 'when' or 'else' after ';'");
    if (!read_terms(r, &v->terms)) return false;
    return r->at == r->end || fail(r, r->at, 1, "a ';' belongs between 'when' parts; 'else' is the last");
}

/* "LAYER." or "*.": the reader stands behind the '@'. */
static char *read_layer(reader *r)
{
    char *layer = accept(r, "*") ? ir_strdup(r->plan->arena, "*") : read_word(r);
    if (!layer || r->at == r->end || *r->at != '.') return NULL;
    r->at++;
    return layer;
}

static bool read_line(reader *r)
{
    skip_blanks(r);
    if (r->at == r->end) return true;
    const char *start = r->at;
    const char *form = "a line of a plan starts with @LAYER.NUMBER or @*.*";
    if (*r->at++ != '@') return fail(r, start, 1, form);
    char *layer = read_layer(r);
    if (!layer) return fail(r, start, 1, form);
    int64_t kernel = -1;
    bool any = r->at < r->end && *r->at == '*';
    if (any) r->at++;
    else if (!read_limit(r, &kernel)) return false;
    if (kernel > INT32_MAX) return fail(r, start, 1, "the number of the kernel is too large");
    if (r->at < r->end && !strchr(" \t\r", *r->at)) return fail(r, r->at, 1, "expected a blank after the kernel's number");
    ir_plan_line *line = ir_plan_add(r->plan, layer, (int)kernel, "user");
    line->loc = loc_at(r, start, (size_t)(r->at - start));
    return read_variants(r, line);
}

spc_status ir_plan_parse(ir_plan *plan, ir_diags *diags, const ir_source *source)
{
    reader r = {.plan = plan, .diags = diags, .source = source};
    const char *at = source->text, *stop = at + source->len;
    bool right = true;
    for (r.line = 1; at < stop; r.line++) {
        const char *newline = memchr(at, '\n', (size_t)(stop - at));
        const char *end = newline ? newline : stop;
        const char *comment = memchr(at, '#', (size_t)(end - at));
        r.line_start = r.at = at;
        r.end = comment ? comment : end;
        if (!read_line(&r)) right = false;
        at = newline ? newline + 1 : stop;
    }
    return right ? SPC_OK : SPC_E_PROGRAM;
}

const char *ir_plan_read_terms(const char *text, ir_arena *arena, ir_plan_terms *out)
{
    static const char mark[] = ": error: ";
    ir_diags *diags = ir_diags_new(arena);
    ir_plan *plan = ir_plan_new(arena);
    const char *line = ir_format(arena, "@*.* %s", text);
    const ir_source source = {"plan", line, strlen(line)};
    const spc_status status = ir_plan_parse(plan, diags, &source);
    if (status || !plan->lines || plan->lines->next || plan->lines->variants->dim) {
        const char *message = ir_diags_text(diags), *at = strstr(message, mark);
        if (!at) return "it is not the terms of one kernel";
        return ir_strndup(arena, at + strlen(mark), strcspn(at + strlen(mark), "\n"));
    }
    *out = plan->lines->variants->terms;
    return NULL;
}
