/* operators: + - * / comparisons & | ! on numbers and tensors. */
#include "frontend/values.h"

typedef struct operator_rule {
    const char *name; /* as messages call it */
    ir_opcode code;
    fe_class class; /* of the operands */
    bool truth;     /* the result is bool */
} operator_rule;

static const operator_rule *rule_of(fe_operator op)
{
    static const operator_rule rules[] = {
        [FE_OR] = {"'|'", IR_OP_or, FE_BOOLS, true},      [FE_AND] = {"'&'", IR_OP_and, FE_BOOLS, true},
        [FE_EQ] = {"'=='", IR_OP_eq, FE_ANY_DTYPE, true}, [FE_NE] = {"'!='", IR_OP_ne, FE_ANY_DTYPE, true},
        [FE_LT] = {"'<'", IR_OP_lt, FE_NUMBERS, true},    [FE_LE] = {"'<='", IR_OP_le, FE_NUMBERS, true},
        [FE_GT] = {"'>'", IR_OP_gt, FE_NUMBERS, true},    [FE_GE] = {"'>='", IR_OP_ge, FE_NUMBERS, true},
        [FE_ADD] = {"'+'", IR_OP_add, FE_NUMBERS, false}, [FE_SUB] = {"'-'", IR_OP_sub, FE_NUMBERS, false},
        [FE_MUL] = {"'*'", IR_OP_mul, FE_NUMBERS, false}, [FE_DIV] = {"'/'", IR_OP_div, FE_FLOATS, false},
        [FE_NEG] = {"'-'", IR_OP_neg, FE_NUMBERS, false}, [FE_NOT] = {"'!'", IR_OP_not, FE_BOOLS, true},
    };
    return &rules[op];
}

static fe_value apply(fe_walk *w, const fe_expr *e, int count, fe_value *values)
{
    const operator_rule *rule = rule_of(e->op);
    fe_value *operands[2] = {&values[0], &values[1]};
    if (w->layer) w->layer->operations++;
    const ir_type *type = fe_unify(w, e->at, rule->name, count, operands);
    if (!type || !fe_require_class(w, e->at, rule->name, type->dtype, rule->class)) return fe_bad();
    if (rule->truth) type = ir_type_with_dtype(w->c->module, type, IR_BOOL);
    return fe_tensor_value(type, fe_emit(w, e->at, rule->code, type, count, values));
}

/* Outside a layer there are no tensors, so that whatever is left over is not a number. */
static bool only_numbers(fe_walk *w, const fe_expr *e)
{
    if (w->scope == FE_SCOPE_BODY) return false;
    fe_error(w->c, e->at, "%s cannot stand here; numbers know + - * /", rule_of(e->op)->name);
    return true;
}

fe_value fe_apply_unary(fe_walk *w, const fe_expr *e, fe_value v)
{
    if (v.kind == FE_BAD) return v;
    if (e->op == FE_NEG && fe_is_number(&v)) return fe_negate(w, e->at, v);
    if (e->op == FE_NOT && v.kind == FE_TRUTH) return (fe_value){.kind = FE_TRUTH, .integer = !v.integer};
    if (only_numbers(w, e)) return fe_bad();
    return apply(w, e, 1, &v);
}

fe_value fe_apply_binary(fe_walk *w, const fe_expr *e, fe_value left, fe_value right)
{
    if (left.kind == FE_BAD || right.kind == FE_BAD) return fe_bad();
    if (e->op >= FE_ADD && fe_is_number(&left) && fe_is_number(&right))
        return fe_arithmetic(w, e->op, e->at, left, right);
    if (only_numbers(w, e)) return fe_bad();
    fe_value values[2] = {left, right};
    return apply(w, e, 2, values);
}
