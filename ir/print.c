/* print: the canonical text of modules.
 *
 *     module    = { dim | packing } { function }
 *     dim       = "dim" NAME [ LO ".." HI [ "step" N ] ]
 *     packing   = "packing" STRING "of" STRING ":" type
 *     function  = ("graph" | "kernel" | "entry") "@" NAME [ "plan" STRING ] block
 *     block     = "{" { op } "}"
 *     op        = [ "%" ID "=" ] OPNAME [ operand { "," operand } ] [ STRING ] [ NUMBER ] [ attrs ] [ ":" type ]
 *                 [ block [ "else" block ] ]
 *     operand   = "%" ID | INTEGER                            an integer is an index constant
 *     attrs     = "[" attr { "," attr } "]"
 *     attr      = KEY | KEY "=" ( NUMBER | STRING | "(" INTEGER { "," INTEGER } ")" )
 *     type      = DTYPE | DTYPE "x" LANES | "buffer" DTYPE | "reg" content | DTYPE "[" extents "]" [ "{" storage "}" ]
 *
 * STRING is the op's name; NUMBER the value of const; the type stands exactly where the result rule is GIVEN. A storage's brace
 * touches the bracket before it. "#" starts a comment. */
#include "ir/intern.h"
#include "ir/spec.h"
#include "ir/storage_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_type(ir_text *out, const ir_type *type)
{
    const char *dtype = ir_dtype_of(type->dtype)->name;
    switch (type->kind) {
    case IR_VOID: ir_text_add(out, "void"); return;
    case IR_BUFFER: ir_text_add(out, "buffer %s", dtype); return;
    case IR_REG:
    case IR_SCALAR:
    case IR_VECTOR:
        ir_text_add(out, type->kind == IR_REG ? "reg %s" : "%s", dtype);
        if (type->lanes > 1) ir_text_add(out, "x%d", type->lanes);
        return;
    case IR_TENSOR:
        ir_text_add(out, "%s[", dtype);
        for (int i = 0; i < type->rank; i++) ir_text_add(out, "%s%s", i ? "," : "", ir_extent_text(type->dims[i]));
        ir_text_add(out, "]");
        if (type->storage) ir_print_storage(out, type);
        return;
    }
}

const char *ir_print_type(const ir_type *type, ir_arena *arena)
{
    ir_text out;
    ir_text_init(&out, arena);
    add_type(&out, type);
    return out.data;
}

static void add_string(ir_text *out, const char *text)
{
    ir_text_add(out, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') ir_text_add(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f) ir_text_add(out, "\\x%02x", c);
        else ir_text_add_bytes(out, text, 1);
    }
    ir_text_add(out, "\"");
}

/* The shortest of two forms that reads back as the same double; always with a point, exponent or letter, so that it
 * is no integer. The locale's decimal comma becomes a point. */
static void add_float(ir_text *out, double value)
{
    char digits[40];
    if (isnan(value)) {
        ir_text_add(out, "nan");
        return;
    }
    snprintf(digits, sizeof digits, "%.9g", value);
    if (strtod(digits, NULL) != value) snprintf(digits, sizeof digits, "%.17g", value);
    for (char *c = digits; *c; c++)
        if (*c == ',') *c = '.';
    bool plain = !strpbrk(digits, ".en");
    ir_text_add(out, plain ? "%s.0" : "%s", digits);
}

static void add_attr_value(ir_text *out, const ir_attr *a)
{
    switch (a->kind) {
    case IR_ATTR_INT: ir_text_add(out, "%lld", (long long)a->i); return;
    case IR_ATTR_FLOAT: add_float(out, a->f); return;
    case IR_ATTR_STR: add_string(out, a->s); return;
    case IR_ATTR_INTS:
        ir_text_add(out, "(");
        for (int i = 0; i < a->count; i++) ir_text_add(out, "%s%lld", i ? "," : "", (long long)a->ints[i]);
        ir_text_add(out, ")");
        return;
    case IR_ATTR_FLAG: return;
    }
}

static void add_attrs(ir_text *out, const ir_op *op)
{
    const char *before = " [";
    for (int i = 0; i < op->nattrs; i++) {
        const ir_attr *a = &op->attrs[i];
        if (op->code == IR_OP_const && strcmp(a->key, "value") == 0) continue;
        ir_text_add(out, "%s%s", before, a->key);
        if (a->kind != IR_ATTR_FLAG) ir_text_add(out, "=");
        add_attr_value(out, a);
        before = ", ";
    }
    if (*before == ',') ir_text_add(out, "]");
}

static void add_operands(ir_text *out, const ir_op *op)
{
    for (int i = 0; i < op->nargs; i++) {
        const ir_op *arg = op->args[i];
        ir_text_add(out, i ? ", " : " ");
        if (ir_is_index_const(arg)) ir_text_add(out, "%lld", (long long)ir_get_int(arg, "value", 0));
        else ir_text_add(out, "%%%d", arg->id);
    }
}

static void add_block(ir_text *out, const ir_block *block, int depth);

static void add_op(ir_text *out, const ir_op *op, int depth)
{
    const ir_op_info *info = ir_info(op->code);
    ir_text_add(out, "%*s", 2 * depth, "");
    if (op->id >= 0) ir_text_add(out, "%%%d = ", op->id);
    ir_text_add(out, "%s", info->name);
    add_operands(out, op);
    if (info->flags & IR_NAMED) {
        ir_text_add(out, " ");
        add_string(out, op->name ? op->name : "");
    }
    const ir_attr *value = op->code == IR_OP_const ? ir_attr_find(op, "value") : NULL;
    if (value) ir_text_add(out, " ");
    if (value) add_attr_value(out, value);
    add_attrs(out, op);
    if (info->result == IR_RESULT_GIVEN) {
        ir_text_add(out, " : ");
        add_type(out, op->type);
    }
    if (info->flags & IR_BODY) add_block(out, &op->body, depth);
    if (op->body2.first) {
        ir_text_add(out, " else");
        add_block(out, &op->body2, depth);
    }
    ir_text_add(out, "\n");
}

static void add_block(ir_text *out, const ir_block *block, int depth)
{
    ir_text_add(out, " {\n");
    for (const ir_op *op = block->first; op; op = op->next)
        if (!ir_is_index_const(op)) add_op(out, op, depth + 1);
    ir_text_add(out, "%*s}", 2 * depth, "");
}

static bool is_bare_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!ir_is_word(*c) && !strchr("_.$", *c)) return false;
    return *name;
}

static void add_func(ir_text *out, const ir_func *f)
{
    static const char *const forms[] = {[IR_GRAPH] = "graph", [IR_KERNEL] = "kernel", [IR_ENTRY] = "entry",
                                        [IR_CONSTANT] = "constant"};
    ir_text_add(out, "%s @", forms[f->form]);
    if (is_bare_name(f->name)) ir_text_add(out, "%s", f->name);
    else add_string(out, f->name);
    if (f->plan) {
        ir_text_add(out, " plan ");
        add_string(out, f->plan);
    }
    add_block(out, &f->body, 0);
    ir_text_add(out, "\n");
}

static void add_dim(ir_text *out, const ir_dim *d)
{
    ir_text_add(out, "dim %s", d->name);
    if (d->lo != 0 || d->hi != INT64_MAX || d->step != 1)
        ir_text_add(out, " %lld..%lld", (long long)d->lo, (long long)d->hi);
    if (d->step != 1) ir_text_add(out, " step %lld", (long long)d->step);
    ir_text_add(out, "\n");
}

char *ir_print_func(const ir_func *f, ir_arena *arena)
{
    ir_text out;
    ir_text_init(&out, arena);
    ir_number((ir_func *)f); /* ids are a property of the text, not of the function's meaning */
    add_func(&out, f);
    return out.data;
}

char *ir_print_module(const ir_module *m, ir_arena *arena)
{
    ir_text out;
    ir_text_init(&out, arena);
    for (const ir_dim *d = m->dims; d; d = d->next) add_dim(&out, d);
    for (const ir_packing *p = m->packings; p; p = p->next) {
        ir_text_add(&out, "packing ");
        add_string(&out, p->name);
        ir_text_add(&out, " of ");
        add_string(&out, p->weight);
        ir_text_add(&out, " : ");
        add_type(&out, p->type);
        ir_text_add(&out, "\n");
    }
    for (ir_func *f = m->funcs; f; f = f->next) {
        if (out.len) ir_text_add(&out, "\n");
        ir_number(f);
        add_func(&out, f);
    }
    return out.data;
}
