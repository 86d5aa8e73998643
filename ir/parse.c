/* parse: IR text to a module; print.c has the grammar. The first error ends it.
 *
 * Everything is checked here that building needs to be safe (arguments exist and are few enough, a result type can be
 * had, nesting is bounded). Whether the program makes sense is the verifier's work. */
#include "ir/intern.h"
#include "ir/scan.h"
#include "ir/spec.h"

#include <math.h>
#include <string.h>

/* The lists of a module are searched one by one, so their lengths are bounded. */
enum { MAX_DEPTH = 64, MAX_FUNCS = 10000, MAX_PACKINGS = 10000, MAX_DIMS = 1000, MAX_ARGS = 10000 };

typedef struct parser {
    ir_module *module;
    ir_scanner scan;
    ir_set values; /* ops of this function by the id in the text */
    int depth, funcs, dims, packings;
} parser;

static bool parse_block(parser *p, ir_block *block);

/* ---- values ---- */

static uint64_t hash_id(int id) { return ir_hash_word(1, (uint64_t)id); }

static bool same_id(const void *item, const void *key) { return ((const ir_op *)item)->id == *(const int *)key; }

static bool read_id(parser *p, int *id)
{
    if (p->scan.token.number > INT32_MAX) return ir_scan_fail(&p->scan, "the number of the value is too large");
    *id = (int)p->scan.token.number;
    return true;
}

static ir_op *parse_operand(parser *p, ir_builder *b)
{
    int id;
    ir_op *op = NULL;
    if (p->scan.token.kind == IR_TOKEN_INT) {
        op = ir_index(b, p->scan.token.number);
    } else if (p->scan.token.kind != IR_TOKEN_VALUE) {
        ir_scan_fail(&p->scan, "expected a value");
        return NULL;
    } else {
        if (!read_id(p, &id)) return NULL;
        op = (ir_op *)ir_set_find(&p->values, hash_id(id), same_id, &id);
        if (!op) {
            ir_scan_fail(&p->scan, "%%%d is not defined above", id);
            return NULL;
        }
    }
    ir_scan_next(&p->scan);
    return op;
}

typedef struct operands {
    int count, capacity;
    ir_op **ops;
} operands;

static bool starts_operand(const parser *p)
{
    return p->scan.token.kind == IR_TOKEN_VALUE || p->scan.token.kind == IR_TOKEN_INT;
}

static bool parse_operands(parser *p, ir_builder *b, const ir_op_info *info, operands *out)
{
    *out = (operands){.capacity = 4, .ops = IR_ARRAY(p->module->arena, ir_op *, 4)};
    if (info->max_args == 0 || !starts_operand(p)) return true;
    do {
        if (out->count == out->capacity) {
            ir_op **more = IR_ARRAY(p->module->arena, ir_op *, 2 * out->capacity);
            memcpy(more, out->ops, (size_t)out->count * sizeof *more);
            out->ops = more;
            out->capacity *= 2;
        }
        if (out->count == MAX_ARGS) return ir_scan_fail(&p->scan, "too many arguments");
        if (!(out->ops[out->count++] = parse_operand(p, b))) return false;
    } while (ir_scan_accept(&p->scan, ","));
    return true;
}

static bool check_count(parser *p, const ir_op_info *info, int count)
{
    bool right = count >= info->min_args && (info->max_args < 0 || count <= info->max_args);
    if (right) return true;
    if (info->min_args == info->max_args)
        return ir_scan_fail(&p->scan, "'%s' takes %d arguments, here are %d", info->name, info->min_args, count);
    return ir_scan_fail(&p->scan, "'%s' takes %d or more arguments, here are %d", info->name, info->min_args, count);
}

/* ---- attributes ---- */

static bool parse_number(parser *p, ir_op *op, const char *key, const ir_attr_spec *spec)
{
    ir_token t = p->scan.token;
    bool nan = ir_scan_is(&p->scan, "nan"), inf = ir_scan_is(&p->scan, "inf");
    bool fraction = t.kind == IR_TOKEN_FLOAT || nan || inf;
    bool floats = spec->kind == IR_ATTR_FLOAT || spec->number;
    if (!fraction && t.kind != IR_TOKEN_INT) return ir_scan_fail(&p->scan, "expected a number");
    if (fraction && !floats) return ir_scan_fail(&p->scan, "expected an integer");
    if (fraction) ir_set_float(p->module, op, key, nan ? (double)NAN : inf ? (double)INFINITY : t.value);
    else ir_set_int(p->module, op, key, t.number);
    ir_scan_next(&p->scan);
    return true;
}

static bool parse_ints(parser *p, ir_op *op, const char *key)
{
    int count = 0, capacity = 16;
    int64_t *values = IR_ARRAY(p->module->arena, int64_t, capacity);
    if (!ir_scan_expect(&p->scan, "(")) return false;
    while (p->scan.token.kind == IR_TOKEN_INT) {
        if (count == capacity) {
            int64_t *more = IR_ARRAY(p->module->arena, int64_t, 2 * capacity);
            memcpy(more, values, (size_t)count * sizeof *more);
            values = more;
            capacity *= 2;
        }
        values[count++] = p->scan.token.number;
        ir_scan_next(&p->scan);
        if (!ir_scan_accept(&p->scan, ",")) break;
    }
    ir_set_ints(p->module, op, key, count, values);
    return ir_scan_expect(&p->scan, ")");
}

static bool parse_attr(parser *p, ir_op *op)
{
    ir_attr_spec spec;
    ir_token t = p->scan.token;
    if (t.kind != IR_TOKEN_NAME) return ir_scan_fail(&p->scan, "expected an attribute");
    if (ir_attr_spec_find(op->code, t.text, t.len, &spec) < 0)
        return ir_scan_fail(&p->scan, "'%s' has no attribute of this name", ir_info(op->code)->name);
    const char *key = ir_intern_name(p->module, t.text, t.len);
    if (ir_attr_find(op, key)) return ir_scan_fail(&p->scan, "the attribute stands twice");
    ir_scan_next(&p->scan);
    if (spec.kind == IR_ATTR_FLAG) {
        ir_set_flag(p->module, op, key);
        return true;
    }
    if (!ir_scan_expect(&p->scan, "=")) return false;
    if (spec.kind == IR_ATTR_INTS) return parse_ints(p, op, key);
    if (spec.kind != IR_ATTR_STR) return parse_number(p, op, key, &spec);
    if (p->scan.token.kind != IR_TOKEN_STRING) return ir_scan_fail(&p->scan, "expected a string");
    ir_set_str(p->module, op, key, p->scan.token.string);
    ir_scan_next(&p->scan);
    return true;
}

static bool parse_attrs(parser *p, ir_op *op)
{
    ir_attr_spec value;
    if (op->code == IR_OP_const) {
        ir_attr_spec_find(op->code, "value", 5, &value);
        if (!parse_number(p, op, "value", &value)) return false;
    }
    if (!ir_scan_accept(&p->scan, "[")) return true;
    do {
        if (!parse_attr(p, op)) return false;
    } while (ir_scan_accept(&p->scan, ","));
    return ir_scan_expect(&p->scan, "]");
}

/* ---- ops ---- */

/* What of an op follows its operands: name, attributes, type. The op is made last, since its type comes last, so
 * that attributes are collected on a stand-in. */
static bool parse_tail(parser *p, ir_opcode code, const operands *args, ir_op *stand_in, const ir_type **type)
{
    const ir_op_info *info = ir_info(code);
    *stand_in = (ir_op){.code = code};
    *type = NULL;
    if (info->flags & IR_NAMED) {
        if (p->scan.token.kind != IR_TOKEN_STRING)
            return ir_scan_fail(&p->scan, "expected the name of '%s' in quotes", info->name);
        stand_in->name = p->scan.token.string;
        ir_scan_next(&p->scan);
    }
    if (!parse_attrs(p, stand_in)) return false;
    if (info->result == IR_RESULT_GIVEN) {
        if (!ir_scan_expect(&p->scan, ":")) return false;
        *type = ir_parse_type(p->module, &p->scan);
        return *type;
    }
    *type = ir_result_type(p->module, code, args->count, args->ops);
    return *type || ir_scan_fail(&p->scan, "'%s' has no result for arguments of these types", info->name);
}

static bool parse_bodies(parser *p, ir_op *op)
{
    int flags = ir_info(op->code)->flags;
    if (!(flags & IR_BODY)) return true;
    if (!parse_block(p, &op->body)) return false;
    return !(flags & IR_BODY2) || !ir_scan_accept(&p->scan, "else") || parse_block(p, &op->body2);
}

static bool define(parser *p, ir_op *op, bool has_id, int id)
{
    bool is_void = op->type->kind == IR_VOID;
    if (is_void && has_id) return ir_scan_fail(&p->scan, "'%s' has no value", ir_info(op->code)->name);
    if (is_void) return true;
    if (!has_id) return ir_scan_fail(&p->scan, "'%s' has a value: write %%NUMBER = before it", ir_info(op->code)->name);
    op->id = id;
    ir_set_add(&p->values, p->module->arena, hash_id(id), op);
    return true;
}

static bool parse_op(parser *p, ir_builder *b)
{
    int id = -1;
    bool has_id = p->scan.token.kind == IR_TOKEN_VALUE;
    b->loc = ir_scan_loc(&p->scan);
    if (has_id) {
        if (!read_id(p, &id)) return false;
        if (ir_set_find(&p->values, hash_id(id), same_id, &id))
            return ir_scan_fail(&p->scan, "%%%d is defined twice", id);
        ir_scan_next(&p->scan);
        if (!ir_scan_expect(&p->scan, "=")) return false;
        b->loc = ir_scan_loc(&p->scan);
    }
    ir_opcode code;
    operands args;
    ir_op stand_in;
    const ir_type *type = NULL;
    if (p->scan.token.kind != IR_TOKEN_NAME || !ir_opcode_find(p->scan.token.text, p->scan.token.len, &code))
        return ir_scan_fail(&p->scan, "expected an operation");
    ir_scan_next(&p->scan);
    if (!parse_operands(p, b, ir_info(code), &args) || !check_count(p, ir_info(code), args.count)) return false;
    if (!parse_tail(p, code, &args, &stand_in, &type)) return false;
    ir_op *op = ir_build(b, code, type, args.count, args.ops);
    op->name = stand_in.name;
    op->attrs = stand_in.attrs;
    op->nattrs = stand_in.nattrs;
    return define(p, op, has_id, id) && parse_bodies(p, op);
}

static bool parse_block(parser *p, ir_block *block)
{
    ir_builder b = {p->module, block, {0}};
    if (p->depth == MAX_DEPTH) return ir_scan_fail(&p->scan, "nested deeper than %d", MAX_DEPTH);
    if (!ir_scan_expect(&p->scan, "{")) return false;
    p->depth++;
    while (!ir_scan_is(&p->scan, "}")) {
        if (p->scan.token.kind == IR_TOKEN_END) return ir_scan_fail(&p->scan, "expected '}'");
        if (!parse_op(p, &b)) return false;
    }
    p->depth--;
    ir_scan_next(&p->scan);
    return true;
}

/* ---- what stands in a module ---- */

static bool parse_func(parser *p, ir_form form)
{
    ir_loc loc = ir_scan_loc(&p->scan);
    if (p->scan.token.kind != IR_TOKEN_FUNC) return ir_scan_fail(&p->scan, "expected @NAME");
    if (ir_func_find(p->module, form, p->scan.token.string))
        return ir_scan_fail(&p->scan, "there is a function of this form and name already");
    if (p->funcs++ == MAX_FUNCS) return ir_scan_fail(&p->scan, "more than %d functions", MAX_FUNCS);
    ir_func *f = ir_func_new(p->module, form, p->scan.token.string);
    f->loc = loc;
    p->values = (ir_set){0};
    ir_scan_next(&p->scan);
    bool planned = ir_scan_accept(&p->scan, "plan");
    if (planned && p->scan.token.kind == IR_TOKEN_STRING) {
        f->plan = p->scan.token.string;
        ir_scan_next(&p->scan);
    } else if (planned) {
        ir_scan_fail(&p->scan, "expected the plan in quotes");
    }
    if (parse_block(p, &f->body)) return true;
    ir_func_remove(p->module, f);
    return false;
}

static bool parse_int(parser *p, int64_t least, int64_t *out)
{
    if (p->scan.token.kind != IR_TOKEN_INT || p->scan.token.number < least)
        return ir_scan_fail(&p->scan, "expected an integer of at least %lld", (long long)least);
    *out = p->scan.token.number;
    ir_scan_next(&p->scan);
    return true;
}

static bool parse_dim(parser *p)
{
    int64_t lo = 0, hi = INT64_MAX, step = 1;
    if (p->scan.token.kind != IR_TOKEN_NAME) return ir_scan_fail(&p->scan, "expected the name of a dim");
    const char *name = ir_intern_name(p->module, p->scan.token.text, p->scan.token.len);
    if (ir_dim_find(p->module, name)) return ir_scan_fail(&p->scan, "the dim is declared twice");
    if (p->dims++ == MAX_DIMS) return ir_scan_fail(&p->scan, "more than %d dims", MAX_DIMS);
    ir_scan_next(&p->scan);
    if (p->scan.token.kind == IR_TOKEN_INT) {
        if (!parse_int(p, 0, &lo) || !ir_scan_expect(&p->scan, "..") || !parse_int(p, lo, &hi)) return false;
        if (ir_scan_accept(&p->scan, "step") && !parse_int(p, 1, &step)) return false;
    }
    ir_dim_add(p->module, name, lo, hi, step);
    return true;
}

static char *parse_string(parser *p)
{
    char *string = p->scan.token.string;
    if (p->scan.token.kind != IR_TOKEN_STRING) return ir_scan_fail(&p->scan, "expected a string"), NULL;
    ir_scan_next(&p->scan);
    return string;
}

static ir_packing **find_packing(ir_module *m, const char *name)
{
    ir_packing **at = &m->packings;
    while (*at && strcmp((*at)->name, name) != 0) at = &(*at)->next;
    return at;
}

static bool parse_packing(parser *p)
{
    if (p->packings++ == MAX_PACKINGS) return ir_scan_fail(&p->scan, "more than %d packings", MAX_PACKINGS);
    const char *string = p->scan.token.kind == IR_TOKEN_STRING ? p->scan.token.string : "";
    ir_packing **place = find_packing(p->module, string);
    if (*place) return ir_scan_fail(&p->scan, "there are two packings '%s'", string);
    const char *name = parse_string(p);
    if (!name || !ir_scan_expect(&p->scan, "of")) return false;
    const char *weight = parse_string(p);
    if (!weight || !ir_scan_expect(&p->scan, ":")) return false;
    const ir_type *type = ir_parse_type(p->module, &p->scan);
    if (!type) return false;
    if (type->kind != IR_TENSOR) return ir_scan_fail(&p->scan, "a packing has a tensor type");
    *place = IR_NEW(p->module->arena, ir_packing);
    **place = (ir_packing){name, weight, type, NULL};
    return true;
}

static bool parse_item(parser *p)
{
    if (ir_scan_accept(&p->scan, "dim")) return parse_dim(p);
    if (ir_scan_accept(&p->scan, "packing")) return parse_packing(p);
    if (ir_scan_accept(&p->scan, "graph")) return parse_func(p, IR_GRAPH);
    if (ir_scan_accept(&p->scan, "kernel")) return parse_func(p, IR_KERNEL);
    if (ir_scan_accept(&p->scan, "entry")) return parse_func(p, IR_ENTRY);
    if (ir_scan_accept(&p->scan, "constant")) return parse_func(p, IR_CONSTANT);
    return ir_scan_fail(&p->scan, "expected dim, packing, graph, kernel, entry or constant");
}

spc_status ir_parse(ir_module *m, const ir_source *source)
{
    parser p = {.module = m};
    ir_scan_open(&p.scan, m->arena, m->diags, source);
    if (memchr(source->text, 0, source->len)) ir_scan_fail(&p.scan, "the text holds a NUL byte");
    while (!p.scan.failed && p.scan.token.kind != IR_TOKEN_END && parse_item(&p)) {
    }
    bool failed = p.scan.failed;
    ir_scan_close(&p.scan);
    return failed ? SPC_E_PROGRAM : SPC_OK;
}
