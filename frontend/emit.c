/* emit: from checked values to ops of the graph at work. */
#include "frontend/checks.h"

#include <string.h>

/* Where new ops say they come from. */
static ir_builder *at_place(fe_walk *w, fe_span at)
{
    w->builder->loc = fe_loc(w->c, at);
    return w->builder;
}

ir_op *fe_emit(fe_walk *w, fe_span at, ir_opcode code, const ir_type *type, int count, const fe_value *values)
{
    ir_op *args[FE_MAX_PARAMS];
    if (!w->builder) return NULL;
    for (int i = 0; i < count; i++) args[i] = values[i].op;
    return ir_build(at_place(w, at), code, type, count, args);
}

ir_op *fe_emit_constant(fe_walk *w, fe_span at, const ir_type *type, bool real, int64_t integer, double value)
{
    if (!w->builder) return NULL;
    return real ? ir_const_float(at_place(w, at), type, value) : ir_const_int(at_place(w, at), type, integer);
}

ir_op *fe_emit_extent(fe_walk *w, fe_span at, const ir_type *type, const ir_extent *extent)
{
    if (!w->builder) return NULL;
    ir_op *op = ir_build0(at_place(w, at), IR_OP_extent, type);
    ir_set_str(w->c->module, op, "value", ir_extent_text(extent));
    return op;
}

void fe_emit_require(fe_walk *w, fe_span at, const ir_extent *value, int64_t low, int64_t high, int64_t step)
{
    ir_module *m = w->c->module;
    if (!w->builder) return;
    ir_op *op = ir_build0(at_place(w, at), IR_OP_require, NULL);
    ir_set_str(m, op, "value", ir_extent_text(value));
    if (low != INT64_MIN) ir_set_int(m, op, "low", low);
    if (high != INT64_MAX) ir_set_int(m, op, "high", high);
    if (step != 1) ir_set_int(m, op, "step", step);
}

ir_op *fe_emit_input(fe_walk *w, const fe_field *f)
{
    ir_op *op = ir_build0(at_place(w, f->at), IR_OP_input, f->checked);
    op->name = f->name->text;
    return op;
}

void fe_emit_output(fe_walk *w, const fe_field *f, const fe_value *v)
{
    ir_op *op = ir_build1(at_place(w, f->at), IR_OP_output, NULL, v->op);
    op->name = f->name->text;
}

static const char *scale_text(fe_context *c, const fe_item *weight)
{
    if (weight->scale == FE_SCALE_GROUP) return ir_format(c->arena, "group(%lld)", (long long)weight->group);
    return weight->scale == FE_SCALE_ROW ? "row" : "tensor";
}

ir_op *fe_emit_weight(fe_walk *w, fe_item *weight)
{
    ir_module *m = w->c->module;
    if (!w->builder) return NULL;
    if (weight->op_generation == w->c->generation) return weight->op;
    ir_op *op = ir_build0(at_place(w, weight->at), IR_OP_weight, weight->checked);
    op->name = weight->name->text;
    ir_set_str(m, op, "tensor", weight->tensor);
    if (weight->pattern) ir_set_str(m, op, "pattern", weight->pattern);
    if (weight->scale) ir_set_str(m, op, "scale", scale_text(w->c, weight));
    weight->op = op;
    weight->op_generation = w->c->generation;
    return op;
}

/* ---- operations ---- */

ir_op *fe_emit_args(fe_call *call)
{
    fe_value values[FE_MAX_PARAMS];
    int count = 0;
    for (int i = 0; i < call->builtin->count; i++)
        if (call->args[i].given && call->args[i].value.kind == FE_TENSOR) values[count++] = call->args[i].value;
    return fe_emit(call->w, call->expr->at, (ir_opcode)call->builtin->code, call->type, count, values);
}

ir_op *fe_emit_leaky_relu(fe_call *call)
{
    ir_op *op = fe_emit_args(call);
    ir_set_float(call->w->c->module, op, "slope", call->args[1].real);
    return op;
}

/* min(max(x, lo), hi). The inner type is what x and lo broadcast to, which hi may stretch further. */
ir_op *fe_emit_clip(fe_call *call)
{
    fe_value inner[2] = {call->args[0].value, call->args[1].value}, *both[2] = {&inner[0], &inner[1]};
    const ir_type *type = fe_unify(call->w, call->expr->at, "clip", 2, both);
    fe_value outer[2] = {fe_tensor_value(type, fe_emit(call->w, call->expr->at, IR_OP_max, type, 2, inner)),
                         call->args[2].value};
    return fe_emit(call->w, call->expr->at, IR_OP_min, call->type, 2, outer);
}

/* ---- calls of layers: the callee's graph again, with its dims replaced ---- */

static const ir_type *type_in_call(fe_walk *w, const fe_expr *e, const ir_op *op)
{
    const ir_extent *dims[IR_MAX_RANK];
    const ir_type *t = op->type;
    bool same = true, good = true;
    for (int i = 0; i < t->rank; i++) {
        dims[i] = fe_substitute(w->c, t->dims[i]);
        same &= dims[i] == t->dims[i];
        good &= dims[i] != NULL;
    }
    if (same) return t;
    if (!good)
        fe_error(w->c, e->at, "with the dims of this call, an extent of %s overflows or does not divide",
                 fe_type_text(w, t));
    const ir_type *type = good ? fe_tensor(w, e->at, t->dtype, t->rank, dims) : NULL;
    if (!type) ir_report(w->c->module->diags, IR_NOTE, op->loc, "of this operation, %s", fe_type_text(w, t));
    return type;
}

static bool within(const ir_op *require, int64_t value)
{
    const int64_t low = ir_get_int(require, "low", INT64_MIN), step = ir_get_int(require, "step", 1);
    return value >= low && value <= ir_get_int(require, "high", INT64_MAX) && (step == 1 || (value - low) % step == 0);
}

/* What is known now need not be asked at the call. */
static bool copy_require(fe_walk *w, const fe_expr *e, const ir_op *op)
{
    const ir_extent *value = NULL;
    int64_t number;
    if (ir_get_extents(w->c->module, op, "value", 1, &value)) value = fe_substitute(w->c, value);
    if (!value || (ir_extent_is_const(value, &number) && !within(op, number))) {
        fe_error(w->c, e->at, "with the dims of this call, %s of '%s' overflows, does not divide or breaks a contract",
                 ir_get_str(op, "value", "?"), e->name ? e->name->text : "a layer");
        ir_report(w->c->module->diags, IR_NOTE, op->loc, "which is needed here");
        return false;
    }
    if (ir_extent_is_const(value, NULL)) return true;
    ir_op *copy = ir_clone(w->builder, op, NULL);
    ir_set_extents(w->c->module, copy, "value", 1, &value);
    return true;
}

static ir_op *copy_op(fe_walk *w, const fe_expr *e, const ir_op *op, ir_op *const *map)
{
    const ir_type *type = type_in_call(w, e, op);
    if (!type) return NULL;
    ir_op **args = IR_ARRAY(w->c->arena, ir_op *, op->nargs);
    for (int i = 0; i < op->nargs; i++) args[i] = map[op->args[i]->id];
    ir_op *copy = ir_clone(w->builder, op, args);
    copy->type = type;
    return fe_substitute_starts(w, e->at, copy) ? copy : NULL;
}

static bool copy_into(fe_walk *w, const fe_expr *e, const ir_op *op, ir_op **map)
{
    if (op->code == IR_OP_require) return copy_require(w, e, op);
    map[op->id] = op->code == IR_OP_weight ? fe_emit_weight(w, fe_intern(w->c, op->name, strlen(op->name))->item)
                                           : copy_op(w, e, op, map);
    return map[op->id] != NULL;
}

void fe_emit_call(fe_walk *w, const fe_expr *e, fe_item *callee, const fe_value *args, fe_value *results, int count)
{
    int ops = 0, input = 0, output = 0;
    for (const ir_op *op = callee->graph->body.first; op; op = op->next) ops++;
    ir_op **map = IR_ARRAY(w->c->arena, ir_op *, ops);
    for (const ir_op *op = callee->graph->body.first; op; op = op->next) {
        if (op->code == IR_OP_input) map[op->id] = args[input++].op;
        else if (op->code == IR_OP_output) results[output++].op = map[op->args[0]->id];
        else if (!copy_into(w, e, op, map)) {
            for (int i = 0; i < count; i++) results[i] = fe_bad();
            return;
        }
    }
}
