/* attrs: attributes of ops, kept in the order of the op's row. */
#include "ir/intern.h"
#include "ir/spec.h"

#include <assert.h>
#include <string.h>

static ir_attr_kind kind_of(const char *name, size_t len, bool *number)
{
    static const struct {
        const char *name;
        ir_attr_kind kind;
    } kinds[] = {{"int", IR_ATTR_INT}, {"float", IR_ATTR_FLOAT}, {"str", IR_ATTR_STR}, {"ints", IR_ATTR_INTS},
                 {"flag", IR_ATTR_FLAG}, {"num", IR_ATTR_INT}};
    *number = len == 3 && memcmp(name, "num", 3) == 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i].name) == len && memcmp(kinds[i].name, name, len) == 0) return kinds[i].kind;
    assert(!"ops.def: unknown kind of attribute");
    return IR_ATTR_INT;
}

int ir_attr_specs(ir_opcode code, ir_attr_spec out[IR_MAX_SPECS])
{
    int count = 0;
    for (const char *at = ir_info(code)->attrs; *at; count++) {
        assert(count < IR_MAX_SPECS);
        size_t len = strcspn(at, " "), key = strcspn(at, ":");
        assert(key < len);
        ir_attr_spec *spec = &out[count];
        *spec = (ir_attr_spec){.key = at, .len = key, .optional = at[len - 1] == '?'};
        spec->kind = kind_of(at + key + 1, len - key - 1 - spec->optional, &spec->number);
        at += len;
        at += strspn(at, " ");
    }
    return count;
}

int ir_attr_spec_find(ir_opcode code, const char *key, size_t len, ir_attr_spec *out)
{
    ir_attr_spec specs[IR_MAX_SPECS];
    int count = ir_attr_specs(code, specs);
    for (int i = 0; i < count; i++) {
        if (specs[i].len != len || memcmp(specs[i].key, key, len) != 0) continue;
        if (out) *out = specs[i];
        return i;
    }
    return -1;
}

bool ir_attr_spec_accepts(const ir_attr_spec *spec, ir_attr_kind kind)
{
    if (spec->kind == kind) return true;
    return kind == IR_ATTR_FLOAT ? spec->number : kind == IR_ATTR_INT && spec->kind == IR_ATTR_FLOAT;
}

static void set(ir_module *m, ir_op *op, const char *key, ir_attr value)
{
    ir_attr_spec spec;
    size_t len = strlen(key);
    int place = ir_attr_spec_find(op->code, key, len, &spec);
    assert(place >= 0 && ir_attr_spec_accepts(&spec, value.kind));
    value.key = ir_intern_name(m, key, len);
    ir_attr *attrs = IR_ARRAY(ir_ops_arena(m), ir_attr, op->nattrs + 1);
    int count = 0;
    bool placed = false;
    for (int i = 0; i < op->nattrs; i++) {
        int other = ir_attr_spec_find(op->code, op->attrs[i].key, strlen(op->attrs[i].key), NULL);
        if (!placed && other >= place) {
            attrs[count++] = value;
            placed = true;
        }
        if (other != place) attrs[count++] = op->attrs[i];
    }
    if (!placed) attrs[count++] = value;
    op->attrs = attrs;
    op->nattrs = count;
}

void ir_set_int(ir_module *m, ir_op *op, const char *key, int64_t value)
{
    ir_attr_spec spec;
    bool flag = ir_attr_spec_find(op->code, key, strlen(key), &spec) >= 0 && spec.kind == IR_ATTR_FLAG;
    set(m, op, key, (ir_attr){.kind = flag ? IR_ATTR_FLAG : IR_ATTR_INT, .i = flag ? 1 : value});
}

void ir_set_flag(ir_module *m, ir_op *op, const char *key) { set(m, op, key, (ir_attr){.kind = IR_ATTR_FLAG, .i = 1}); }

void ir_set_float(ir_module *m, ir_op *op, const char *key, double value)
{
    set(m, op, key, (ir_attr){.kind = IR_ATTR_FLOAT, .f = value});
}

void ir_set_str(ir_module *m, ir_op *op, const char *key, const char *value)
{
    set(m, op, key, (ir_attr){.kind = IR_ATTR_STR, .s = ir_strdup(ir_ops_arena(m), value)});
}

void ir_set_ints(ir_module *m, ir_op *op, const char *key, int count, const int64_t *values)
{
    int64_t *copy = IR_ARRAY(ir_ops_arena(m), int64_t, count);
    if (count) memcpy(copy, values, (size_t)count * sizeof *copy);
    set(m, op, key, (ir_attr){.kind = IR_ATTR_INTS, .count = count, .ints = copy});
}

const ir_attr *ir_attr_find(const ir_op *op, const char *key)
{
    for (int i = 0; i < op->nattrs; i++)
        if (strcmp(op->attrs[i].key, key) == 0) return &op->attrs[i];
    return NULL;
}

int64_t ir_get_int(const ir_op *op, const char *key, int64_t absent)
{
    const ir_attr *a = ir_attr_find(op, key);
    return a && (a->kind == IR_ATTR_INT || a->kind == IR_ATTR_FLAG) ? a->i : absent;
}

double ir_get_float(const ir_op *op, const char *key, double absent)
{
    const ir_attr *a = ir_attr_find(op, key);
    if (!a || (a->kind != IR_ATTR_FLOAT && a->kind != IR_ATTR_INT)) return absent;
    return a->kind == IR_ATTR_FLOAT ? a->f : (double)a->i;
}

const char *ir_get_str(const ir_op *op, const char *key, const char *absent)
{
    const ir_attr *a = ir_attr_find(op, key);
    return a && a->kind == IR_ATTR_STR ? a->s : absent;
}

bool ir_get_extents(ir_module *m, const ir_op *op, const char *key, int count, const ir_extent **out)
{
    const char *at = ir_get_str(op, key, NULL);
    if (!at) return false;
    for (int i = 0; i < count; i++) {
        if (i && *at++ != ';') return false;
        out[i] = ir_extent_parse(m, at, &at);
        if (!out[i]) return false;
    }
    return !*at;
}

void ir_set_extents(ir_module *m, ir_op *op, const char *key, int count, const ir_extent *const *extents)
{
    ir_text text;
    ir_text_init(&text, m->arena);
    for (int i = 0; i < count; i++) ir_text_add(&text, "%s%s", i ? ";" : "", ir_extent_text(extents[i]));
    ir_set_str(m, op, key, text.data);
}

/* Extents in text: a word is a dim unless it is called. */
static bool text_mentions(const char *text, const char *dim)
{
    size_t len = strlen(dim);
    for (const char *at = text; *at;) {
        const char *word = at;
        while (ir_is_word(*at)) at++;
        if ((size_t)(at - word) == len && memcmp(word, dim, len) == 0 && *at != '(') return true;
        if (at == word) at++;
    }
    return false;
}

bool ir_op_mentions(const ir_op *op, const char *dim)
{
    static const char *const keys[] = {"from", "before", "value"}; /* texts of extents; a number has no text */
    for (int i = 0; i < op->type->rank; i++)
        if (ir_extent_mentions(op->type->dims[i], dim)) return true;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (text_mentions(ir_get_str(op, keys[i], ""), dim)) return true;
    return false;
}

/* ---- equal ops ---- */

static bool same_attr(const ir_attr *a, const ir_attr *b)
{
    bool same_text = a->s && b->s ? strcmp(a->s, b->s) == 0 : a->s == b->s;
    return a->key == b->key && a->kind == b->kind && a->i == b->i && memcmp(&a->f, &b->f, sizeof a->f) == 0 && same_text &&
           a->count == b->count && (a->count == 0 || memcmp(a->ints, b->ints, (size_t)a->count * sizeof *a->ints) == 0);
}

bool ir_op_same(const ir_op *a, const ir_op *b)
{
    if (a->code != b->code || a->type != b->type || a->nargs != b->nargs || a->nattrs != b->nattrs || a->name || b->name)
        return false;
    for (int i = 0; i < a->nargs; i++)
        if (a->args[i] != b->args[i])
            return false;
    for (int i = 0; i < a->nattrs; i++)
        if (!same_attr(&a->attrs[i], &b->attrs[i]))
            return false;
    return true;
}

size_t ir_op_hash(const ir_op *op)
{
    uintptr_t hash = (uintptr_t)op->code * 31 + (uintptr_t)op->type / 16;
    for (int i = 0; i < op->nargs; i++)
        hash = hash * 1000003 + (uintptr_t)op->args[i] / 16;
    if (op->nattrs) {
        uint64_t bits; /* a double need not fit an integer */
        memcpy(&bits, &op->attrs[0].f, sizeof bits);
        hash = hash * 31 + (uintptr_t)op->attrs[0].i + (uintptr_t)(bits >> 32) + (uintptr_t)bits;
    }
    return hash;
}

/* ---- equal functions: the same ops in the same order, whose operands stand at the same places ---- */

static bool same_place(const ir_op *a, const ir_op *b)
{
    if (a->code != b->code || a->type != b->type || a->nargs != b->nargs || a->nattrs != b->nattrs || !a->name != !b->name)
        return false;
    if (a->name && strcmp(a->name, b->name) != 0) return false;
    for (int i = 0; i < a->nargs; i++)
        if (a->args[i]->id != b->args[i]->id) return false;
    for (int i = 0; i < a->nattrs; i++)
        if (!same_attr(&a->attrs[i], &b->attrs[i])) return false;
    return true;
}

static bool same_block(const ir_block *left, const ir_block *right)
{
    const ir_op *a = left->first, *b = right->first;
    for (; a && b; a = a->next, b = b->next)
        if (!same_place(a, b) || !same_block(&a->body, &b->body) || !same_block(&a->body2, &b->body2)) return false;
    return a == b;
}

bool ir_func_same(const ir_func *a, const ir_func *b) { return a->form == b->form && same_block(&a->body, &b->body); }

static uint64_t mix(uint64_t hash, uint64_t value) { return (hash ^ value) * 1099511628211u; }

static uint64_t hash_block(const ir_block *block, int *count, uint64_t hash)
{
    for (ir_op *op = block->first; op; op = op->next) {
        op->id = (*count)++;
        hash = mix(mix(hash, (uint64_t)op->code), (uintptr_t)op->type);
        for (int i = 0; i < op->nargs; i++) hash = mix(hash, (uint64_t)op->args[i]->id);
        for (int i = 0; i < op->nattrs; i++) hash = mix(hash, (uint64_t)op->attrs[i].i);
        hash = hash_block(&op->body2, count, hash_block(&op->body, count, hash));
    }
    return hash;
}

size_t ir_func_hash(ir_func *f)
{
    int count = 0;
    return (size_t)hash_block(&f->body, &count, 14695981039346656037u);
}
