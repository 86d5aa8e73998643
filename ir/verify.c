/* verify: one walk over a module that checks scoping, the rows of ops.def and each op's own rule.
 *
 * A value is in scope while its mark is the token of the region at hand; leaving a block clears the marks of its ops.
 * A fused body is a region of its own, so that outer values are out of scope there. Marks are NULL afterwards. */
#include "ir/verify.h"

#include <string.h>

enum { MAX_DEPTH = 200 };

static bool check_block(ir_verifier *v, const ir_block *block, void *region);

bool ir_verify_fail(ir_verifier *v, const ir_op *op, const char *fmt, ...)
{
    if (v->message) return false;
    va_list args;
    va_start(args, fmt);
    char *text = ir_vformat(v->module->arena, fmt, args);
    va_end(args);
    const char *name = op ? ir_info(op->code)->name : "function";
    const char *function = v->func ? v->func->name : "";
    v->message = ir_format(v->module->arena, "%s in @%s: %s", name, function, text);
    v->loc = op ? op->loc : v->func ? v->func->loc : (ir_loc){0};
    return false;
}

bool ir_verify_unique(ir_verifier *v, const ir_op *op)
{
    uint64_t hash = ir_hash_text(op->name);
    if (ir_set_find(&v->names, hash, ir_same_text, op->name))
        return ir_verify_fail(v, op, "the name \"%s\" is there already", op->name);
    ir_set_add(&v->names, v->module->arena, hash, op->name);
    return true;
}

/* ---- types ---- */

static bool check_extent(ir_verifier *v, const ir_op *op, const ir_extent *e)
{
    for (int t = 0; t < ir_extent_terms(e); t++)
        for (int i = 0; i < ir_extent_factors(e, t); i++) {
            const ir_factor *f = ir_extent_factor(e, t, i);
            if (f->kind == IR_FACTOR_DIM && !ir_set_find(&v->dims, ir_hash_text(f->dim), ir_same_text, f->dim))
                return ir_verify_fail(v, op, "the type mentions the dim '%s', which is not declared", f->dim);
            if (f->kind != IR_FACTOR_DIM && (!check_extent(v, op, f->left) || !check_extent(v, op, f->right)))
                return false;
        }
    return true;
}

bool ir_verify_extent(ir_verifier *v, const ir_op *op, const ir_extent *e) { return check_extent(v, op, e); }

static bool check_type(ir_verifier *v, const ir_op *op)
{
    const ir_type *type = op->type;
    if (!type) return ir_verify_fail(v, op, "has no type");
    bool graph = v->func->form == IR_GRAPH || v->func->form == IR_CONSTANT;
    if (type->kind == IR_TENSOR && !graph) return ir_verify_fail(v, op, "a tensor outside a graph");
    if (type->kind != IR_TENSOR && type->kind != IR_VOID && graph) return ir_verify_fail(v, op, "no tensor, in a graph");
    if (type->kind != IR_VOID && (type->dtype <= IR_NO_DTYPE || type->dtype >= IR_DTYPE_COUNT))
        return ir_verify_fail(v, op, "a type without dtype");
    for (int i = 0; i < type->rank; i++) {
        int64_t size;
        if (!type->dims[i]) return ir_verify_fail(v, op, "an axis without extent");
        if (ir_extent_is_const(type->dims[i], &size) && size < 0) return ir_verify_fail(v, op, "a negative extent");
        if (!check_extent(v, op, type->dims[i])) return false;
    }
    return true;
}

/* ---- the row of ops.def ---- */

static bool check_result(ir_verifier *v, const ir_op *op, const ir_op_info *info)
{
    if (info->result == IR_RESULT_GIVEN)
        return op->type->kind != IR_VOID || ir_verify_fail(v, op, "has no type");
    const ir_type *expected = ir_result_type(v->types, op->code, op->nargs, op->args);
    if (!expected) return ir_verify_fail(v, op, "an argument has no type that the result could follow from");
    return expected == op->type ||
           ir_verify_fail(v, op, "the result has type %s instead of %s", ir_print_type(op->type, v->module->arena),
                          ir_print_type(expected, v->module->arena));
}

static bool check_attrs(ir_verifier *v, const ir_op *op)
{
    ir_attr_spec specs[IR_MAX_SPECS];
    int count = ir_attr_specs(op->code, specs), at = 0;
    for (int i = 0; i < op->nattrs; i++) {
        const ir_attr *a = &op->attrs[i];
        int place = ir_attr_spec_find(op->code, a->key, strlen(a->key), NULL);
        if (place < 0) return ir_verify_fail(v, op, "has no attribute '%s'", a->key);
        for (; at < place; at++)
            if (!specs[at].optional)
                return ir_verify_fail(v, op, "lacks the attribute '%.*s'", (int)specs[at].len, specs[at].key);
        if (at++ != place) return ir_verify_fail(v, op, "the attribute '%s' is out of order", a->key);
        if (!ir_attr_spec_accepts(&specs[place], a->kind))
            return ir_verify_fail(v, op, "the attribute '%s' is of the wrong kind", a->key);
    }
    for (; at < count; at++)
        if (!specs[at].optional)
            return ir_verify_fail(v, op, "lacks the attribute '%.*s'", (int)specs[at].len, specs[at].key);
    return true;
}

static bool check_level(ir_verifier *v, const ir_op *op, const ir_op_info *info)
{
    static const int levels[] = {[IR_GRAPH] = IR_LEVEL_G, [IR_KERNEL] = IR_LEVEL_K, [IR_ENTRY] = IR_LEVEL_E,
                                 [IR_CONSTANT] = IR_LEVEL_G};
    return (info->levels & levels[v->func->form]) || ir_verify_fail(v, op, "does not belong into this form of function");
}

static bool check_args(ir_verifier *v, const ir_op *op, const ir_op_info *info, const void *region)
{
    if (op->nargs < info->min_args || (info->max_args >= 0 && op->nargs > info->max_args))
        return ir_verify_fail(v, op, "%d arguments", op->nargs);
    for (int i = 0; i < op->nargs; i++) {
        if (!op->args[i]) return ir_verify_fail(v, op, "argument %d is missing", i);
        if (op->args[i]->mark != region) return ir_verify_fail(v, op, "argument %d is not in scope", i);
    }
    return true;
}

static bool check_parts(ir_verifier *v, const ir_op *op, const ir_op_info *info)
{
    if (!(info->flags & IR_NAMED) != !op->name)
        return ir_verify_fail(v, op, op->name ? "has a name" : "has no name");
    if (op->body.first && !(info->flags & IR_BODY)) return ir_verify_fail(v, op, "has a body");
    if (op->body2.first && !(info->flags & IR_BODY2)) return ir_verify_fail(v, op, "has a second body");
    return true;
}

/* ---- the walk ---- */

static bool check_bodies(ir_verifier *v, ir_op *op, void *region)
{
    const ir_op *outer = v->fused;
    bool fused = op->code == IR_OP_fused;
    if (v->depth == MAX_DEPTH) return ir_verify_fail(v, op, "nested deeper than %d", MAX_DEPTH);
    v->depth++;
    if (fused) v->fused = op;
    bool has_value = op->code == IR_OP_for; /* a loop's value is there in its body only */
    if (has_value) op->mark = region;
    bool right = check_block(v, &op->body, fused ? op : region) && check_block(v, &op->body2, region);
    if (has_value) op->mark = NULL;
    v->fused = outer;
    v->depth--;
    return right;
}

static bool check_op(ir_verifier *v, ir_op *op, void *region)
{
    const ir_op_info *info = ir_info(op->code);
    bool right = check_type(v, op) && check_level(v, op, info) && check_args(v, op, info, region) &&
                 check_attrs(v, op) && check_parts(v, op, info) && check_result(v, op, info) &&
                 ir_verify_rule_of(op->code)(v, op);
    if (!right) return false;
    return !(info->flags & IR_BODY) || check_bodies(v, op, region);
}

static void clear_marks(const ir_block *block)
{
    for (ir_op *op = block->first; op; op = op->next) op->mark = NULL;
}

static bool check_block(ir_verifier *v, const ir_block *block, void *region)
{
    bool right = true;
    const ir_op *before = NULL;
    for (ir_op *op = block->first; right && op; before = op, op = op->next) {
        if ((unsigned)op->code >= IR_OP_COUNT) right = ir_verify_fail(v, NULL, "an op of no known code");
        else if (op->prev != before) right = ir_verify_fail(v, op, "the list of ops is broken");
        else right = check_op(v, op, region);
        if (op->code != IR_OP_for) op->mark = region;
    }
    clear_marks(block);
    if (right && block->last != before) right = ir_verify_fail(v, before, "the list of ops is broken");
    return right;
}

/* Kernels take the task and the number of tasks last. */
static bool check_kernel_params(ir_verifier *v)
{
    const ir_verify_kernel *k = ir_set_find(&v->kernels, ir_hash_text(v->func->name), ir_same_kernel, v->func->name);
    const ir_type *index = ir_scalar(v->types, IR_INDEX);
    if (k->count >= 2 && k->params[k->count - 2] == index && k->params[k->count - 1] == index) return true;
    return ir_verify_fail(v, NULL, "a kernel's last two params are the task and the tasks, of type index");
}

/* One output, whose extents are known, made of weights. */
static bool check_constant(ir_verifier *v)
{
    int64_t extent;
    const ir_op *last = v->func->body.last;
    for (const ir_op *op = v->func->body.first; op; op = op->next)
        if (op->code == IR_OP_input || op->code == IR_OP_require || (op->code == IR_OP_output && op != last))
            return ir_verify_fail(v, op, "does not belong into a constant");
    if (!last || last->code != IR_OP_output) return ir_verify_fail(v, NULL, "a constant ends with its output");
    for (int i = 0; i < last->args[0]->type->rank; i++)
        if (!ir_extent_is_const(last->args[0]->type->dims[i], &extent))
            return ir_verify_fail(v, last, "the extents of a constant are known");
    return true;
}

static bool check_func(ir_verifier *v, const ir_func *f)
{
    v->func = f;
    v->names = (ir_set){0};
    v->scratch_seen = false;
    v->depth = 0;
    if (!check_block(v, &f->body, v)) return false;
    if (f->form == IR_CONSTANT) return check_constant(v);
    return f->form != IR_KERNEL || check_kernel_params(v);
}

/* ---- names of the module ---- */

static bool same_func(const void *item, const void *key) { return strcmp(((const ir_func *)item)->name, key) == 0; }

static bool same_packing(const void *item, const void *key)
{
    return strcmp(((const ir_packing *)item)->name, key) == 0;
}

bool ir_same_kernel(const void *item, const void *key)
{
    return strcmp(((const ir_verify_kernel *)item)->name, key) == 0;
}

static void index_kernel(ir_verifier *v, const ir_func *f)
{
    ir_verify_kernel *k = IR_NEW(v->module->arena, ir_verify_kernel);
    k->name = f->name;
    for (const ir_op *op = f->body.first; op; op = op->next) k->count += op->code == IR_OP_param;
    k->params = IR_ARRAY(v->module->arena, const ir_type *, k->count);
    int at = 0;
    for (const ir_op *op = f->body.first; op; op = op->next)
        if (op->code == IR_OP_param) k->params[at++] = op->type;
    ir_set_add(&v->kernels, v->module->arena, ir_hash_text(f->name), k);
}

static bool index_funcs(ir_verifier *v)
{
    ir_set seen[IR_FORMS] = {{0}};
    for (const ir_func *f = v->module->funcs; f; f = f->next) {
        uint64_t hash = ir_hash_text(f->name);
        v->func = f;
        if (ir_set_find(&seen[f->form], hash, same_func, f->name))
            return ir_verify_fail(v, NULL, "two functions of this form and name");
        ir_set_add(&seen[f->form], v->module->arena, hash, f);
        if (f->form == IR_KERNEL) index_kernel(v, f);
    }
    v->func = NULL;
    return true;
}

static bool index_packings(ir_verifier *v)
{
    for (const ir_packing *p = v->module->packings; p; p = p->next) {
        uint64_t hash = ir_hash_text(p->name);
        if (p->type->kind != IR_TENSOR) return ir_verify_fail(v, NULL, "the packing \"%s\" is no tensor", p->name);
        if (ir_set_find(&v->packings, hash, same_packing, p->name))
            return ir_verify_fail(v, NULL, "two packings are called \"%s\"", p->name);
        ir_set_add(&v->packings, v->module->arena, hash, p);
    }
    return true;
}

static bool index_dims(ir_verifier *v)
{
    for (const ir_dim *d = v->module->dims; d; d = d->next) {
        uint64_t hash = ir_hash_text(d->name);
        if (d->lo < 0 || d->hi < d->lo || d->step < 1) return ir_verify_fail(v, NULL, "the dim '%s' has no value", d->name);
        if (ir_set_find(&v->dims, hash, ir_same_text, d->name)) return ir_verify_fail(v, NULL, "two dims '%s'", d->name);
        ir_set_add(&v->dims, v->module->arena, hash, d->name);
    }
    return true;
}

ir_verify_rule *ir_verify_rule_of(ir_opcode code)
{
    static ir_verify_rule *const rules[IR_OP_COUNT] = {
#define RULE(op, rule) [IR_OP_##op] = ir_verify_##rule,
#include "ir/verify.def"
#undef RULE
    };
    return rules[code];
}

spc_status ir_verify(const ir_module *m, const char *after)
{
    ir_verifier v = {.module = m, .types = (ir_module *)m};
    bool right = index_dims(&v) && index_packings(&v) && index_funcs(&v);
    for (const ir_func *f = m->funcs; right && f; f = f->next) right = check_func(&v, f);
    if (right) return SPC_OK;
    ir_report(m->diags, IR_ERROR, v.loc, "internal error after %s: %s", after, v.message);
    return SPC_E_INTERNAL;
}
