/* ops_elementwise: activations, clip, max, min, where, cast, quantize, dequantize. */
#include "frontend/checks.h"

static bool check_unary(fe_call *call, fe_class class)
{
    call->type = call->args[0].value.type;
    return fe_require_class(call->w, call->args[0].at, call->builtin->name, call->type->dtype, class);
}

bool fe_check_numbers(fe_call *call) { return check_unary(call, FE_NUMBERS); }

bool fe_check_floats(fe_call *call) { return check_unary(call, FE_FLOATS); }

bool fe_check_elementwise(fe_call *call)
{
    fe_value *values[FE_MAX_PARAMS];
    for (int i = 0; i < call->builtin->count; i++) values[i] = &call->args[i].value;
    call->type = fe_unify(call->w, call->expr->at, call->builtin->name, call->builtin->count, values);
    return call->type && fe_require_class(call->w, call->expr->at, call->builtin->name, call->type->dtype, FE_NUMBERS);
}

/* The condition has a dtype of its own but broadcasts with the rest, so its shape takes part as one of theirs. */
bool fe_check_where(fe_call *call)
{
    fe_value *condition = &call->args[0].value, *choices[2] = {&call->args[1].value, &call->args[2].value};
    const ir_type *chosen = fe_unify(call->w, call->expr->at, "where", 2, choices);
    const ir_type *shape = chosen ? fe_unify(call->w, call->args[0].at, "where", 1, &condition) : NULL;
    if (!shape || !fe_require_class(call->w, call->args[0].at, "the condition of where", shape->dtype, FE_BOOLS))
        return false;
    fe_value as_bool = fe_tensor_value(ir_type_with_dtype(call->w->c->module, chosen, IR_BOOL), NULL);
    fe_value *shapes[2] = {condition, &as_bool};
    const ir_type *all = fe_unify(call->w, call->expr->at, "where", 2, shapes);
    call->type = all ? ir_type_with_dtype(call->w->c->module, all, chosen->dtype) : NULL;
    return all != NULL;
}

bool fe_check_cast(fe_call *call)
{
    if (call->args[1].dtype == IR_I4) return fe_refuse(call, call->args[1].at, "i4 is for weights only; use i8");
    call->type = ir_type_with_dtype(call->w->c->module, call->args[0].value.type, call->args[1].dtype);
    return true;
}

bool fe_check_quantize(fe_call *call)
{
    const fe_bound *x = &call->args[0];
    if (!fe_require_class(call->w, x->at, "quantize", x->value.type->dtype, FE_FLOATS)) return false;
    if (call->args[1].dtype != IR_I8)
        return fe_refuse(call, call->args[1].at, "the dtype can only be i8, not %s",
                         ir_dtype_of(call->args[1].dtype)->name);
    if (call->args[2].per_row && !fe_require_rank(call, x, "x", 1, IR_MAX_RANK)) return false;
    call->type = ir_type_with_dtype(call->w->c->module, x->value.type, IR_I8);
    call->quantity = FE_QUANTISED;
    return true;
}

bool fe_check_dequantize(fe_call *call)
{
    const fe_bound *x = &call->args[0];
    if (x->value.quantity != FE_QUANTISED)
        return fe_refuse(call, x->at, "x must be a result of quantize, got %s", fe_value_text(call->w, &x->value));
    call->type = ir_type_with_dtype(call->w->c->module, x->value.type, IR_F32);
    return true;
}

bool fe_check_unknown(fe_call *call)
{
    (void)call;
    return true;
}
