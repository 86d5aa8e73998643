/* emit: short names for building kernel and entry IR, with constants folded on the way.
 * Folding here keeps the text of kernels readable and the later passes quick; it never changes a value. */
#include "passes/lower/lower.h"

#include <assert.h>

ir_op *lw_imm(ir_builder *b, int64_t value)
{
    return ir_index(b, value);
}

bool lw_is_imm(const ir_op *op, int64_t *value)
{
    if (op->code != IR_OP_const || op->type->kind != IR_SCALAR || op->type->dtype != IR_INDEX)
        return false;
    *value = ir_get_int(op, "value", 0);
    return true;
}

static ir_op *fold(ir_builder *b, ir_opcode code, ir_op *x, ir_op *y)
{
    return ir_build2(b, code, x->type, x, y);
}

ir_op *lw_add(ir_builder *b, ir_op *x, ir_op *y)
{
    int64_t m = 0, n = 0, sum;
    bool cx = lw_is_imm(x, &m), cy = lw_is_imm(y, &n);
    if (cx && cy && !__builtin_add_overflow(m, n, &sum))
        return lw_imm(b, sum);
    if (cx && m == 0)
        return y;
    if (cy && n == 0)
        return x;
    return fold(b, IR_OP_add, x, y);
}

ir_op *lw_sub(ir_builder *b, ir_op *x, ir_op *y)
{
    int64_t m = 0, n = 0, difference;
    bool cx = lw_is_imm(x, &m), cy = lw_is_imm(y, &n);
    if (cx && cy && !__builtin_sub_overflow(m, n, &difference))
        return lw_imm(b, difference);
    if (cy && n == 0)
        return x;
    return fold(b, IR_OP_sub, x, y);
}

ir_op *lw_mul(ir_builder *b, ir_op *x, ir_op *y)
{
    int64_t m = 0, n = 0, product;
    bool cx = lw_is_imm(x, &m), cy = lw_is_imm(y, &n);
    if (cx && cy && !__builtin_mul_overflow(m, n, &product))
        return lw_imm(b, product);
    if ((cx && m == 0) || (cy && n == 1))
        return x;
    if ((cy && n == 0) || (cx && m == 1))
        return y;
    return fold(b, IR_OP_mul, x, y);
}

ir_op *lw_div(ir_builder *b, ir_op *x, ir_op *y)
{
    int64_t m = 0, n = 0;
    bool cx = lw_is_imm(x, &m), cy = lw_is_imm(y, &n);
    if (cy && n == 1)
        return x;
    if (cx && cy && n > 0)
        return lw_imm(b, m / n);
    return fold(b, IR_OP_div, x, y);
}

ir_op *lw_rem(ir_builder *b, ir_op *x, ir_op *y)
{
    int64_t m = 0, n = 0;
    bool cx = lw_is_imm(x, &m), cy = lw_is_imm(y, &n);
    if (cy && n == 1)
        return lw_imm(b, 0);
    if (cx && cy && n > 0)
        return lw_imm(b, m % n);
    return fold(b, IR_OP_rem, x, y);
}

ir_op *lw_min(ir_builder *b, ir_op *x, ir_op *y)
{
    int64_t m = 0, n = 0;
    if (lw_is_imm(x, &m) && lw_is_imm(y, &n))
        return m < n ? x : y;
    return fold(b, IR_OP_min, x, y);
}

ir_op *lw_max(ir_builder *b, ir_op *x, ir_op *y)
{
    int64_t m = 0, n = 0;
    if (lw_is_imm(x, &m) && lw_is_imm(y, &n))
        return m > n ? x : y;
    return fold(b, IR_OP_max, x, y);
}

ir_op *lw_addi(ir_builder *b, ir_op *x, int64_t n)
{
    return lw_add(b, x, lw_imm(b, n));
}

ir_op *lw_muli(ir_builder *b, ir_op *x, int64_t n)
{
    return lw_mul(b, x, lw_imm(b, n));
}

ir_op *lw_divi(ir_builder *b, ir_op *x, int64_t n)
{
    return lw_div(b, x, lw_imm(b, n));
}

ir_op *lw_ceildivi(ir_builder *b, ir_op *x, int64_t n)
{
    return lw_divi(b, lw_addi(b, x, n - 1), n);
}

ir_op *lw_compare(ir_builder *b, ir_opcode code, ir_op *x, ir_op *y)
{
    return ir_build2(b, code, ir_scalar(b->module, IR_BOOL), x, y);
}

ir_op *lw_cast(ir_builder *b, ir_op *x, ir_dtype dtype)
{
    if (x->type->dtype == dtype)
        return x;
    return ir_build1(b, IR_OP_cast, ir_type_with_dtype(b->module, x->type, dtype), x);
}

ir_op *lw_splat(ir_builder *b, ir_op *scalar, int lanes)
{
    if (lanes == 1)
        return scalar;
    return ir_build1(b, IR_OP_splat, ir_vector(b->module, scalar->type->dtype, lanes), scalar);
}

ir_op *lw_load(ir_builder *b, const ir_type *type, ir_op *buffer, ir_op *index, int64_t disp, ir_op *mask)
{
    ir_op *args[] = {buffer, index, mask};
    ir_op *op = ir_build(b, IR_OP_load, type, mask ? 3 : 2, args);
    if (disp)
        ir_set_int(b->module, op, "disp", disp);
    return op;
}

void lw_store(ir_builder *b, ir_op *value, ir_op *buffer, ir_op *index, int64_t disp, ir_op *mask)
{
    ir_op *args[] = {value, buffer, index, mask};
    ir_op *op = ir_build(b, IR_OP_store, NULL, mask ? 4 : 3, args);
    if (disp)
        ir_set_int(b->module, op, "disp", disp);
}

ir_op *lw_reg(ir_builder *b, const ir_type *content)
{
    return ir_build0(b, IR_OP_reg, ir_reg_type(b->module, content));
}

ir_op *lw_get(ir_builder *b, ir_op *reg)
{
    return ir_build1(b, IR_OP_get, NULL, reg);
}

void lw_set(ir_builder *b, ir_op *reg, ir_op *value)
{
    ir_build2(b, IR_OP_set, NULL, reg, value);
}

ir_op *lw_tailmask(ir_builder *b, ir_op *count, int lanes)
{
    return ir_build1(b, IR_OP_tailmask, ir_vector(b->module, IR_BOOL, lanes), count);
}

ir_op *lw_subbuffer(ir_builder *b, ir_op *buffer, ir_op *index, ir_dtype dtype)
{
    return ir_build2(b, IR_OP_subbuffer, ir_buffer(b->module, dtype), buffer, index);
}

ir_op *lw_param(ir_builder *b, const char *name, const ir_type *type)
{
    ir_op *op = ir_build0(b, IR_OP_param, type);
    op->name = name;
    return op;
}

lw_scope lw_for(ir_builder *b, ir_op *lo, ir_op *hi, ir_op *step)
{
    lw_scope scope = {b->block, ir_build3(b, IR_OP_for, NULL, lo, hi, step)};
    b->block = &scope.op->body;
    return scope;
}

lw_scope lw_if(ir_builder *b, ir_op *condition)
{
    lw_scope scope = {b->block, ir_build1(b, IR_OP_if, NULL, condition)};
    b->block = &scope.op->body;
    return scope;
}

void lw_else(ir_builder *b, lw_scope *scope)
{
    b->block = &scope->op->body2;
}

void lw_end(ir_builder *b, const lw_scope *scope)
{
    b->block = scope->outer;
}

static ir_op *dim_value(const lw_dims *dims, const char *name)
{
    for (int i = 0; i < dims->count; i++)
        if (dims->names[i] == name || __builtin_strcmp(dims->names[i], name) == 0)
            return dims->values[i];
    assert(!"a dim that the function has no parameter for");
    return NULL;
}

static ir_op *factor_value(ir_builder *b, const lw_dims *dims, const ir_factor *factor)
{
    if (factor->kind == IR_FACTOR_DIM)
        return dim_value(dims, factor->dim);
    ir_op *left = lw_extent(b, dims, factor->left), *right = lw_extent(b, dims, factor->right);
    switch (factor->kind) {
    case IR_FACTOR_DIV: return lw_div(b, left, right);
    case IR_FACTOR_CEILDIV: return lw_div(b, lw_add(b, left, lw_addi(b, right, -1)), right);
    case IR_FACTOR_MIN: return lw_min(b, left, right);
    default: return lw_max(b, left, right);
    }
}

ir_op *lw_extent(ir_builder *b, const lw_dims *dims, const ir_extent *extent)
{
    ir_op *sum = lw_imm(b, 0);
    for (int t = 0; t < ir_extent_terms(extent); t++) {
        ir_op *product = lw_imm(b, ir_extent_coefficient(extent, t));
        for (int f = 0; f < ir_extent_factors(extent, t); f++)
            product = lw_mul(b, product, factor_value(b, dims, ir_extent_factor(extent, t, f)));
        sum = lw_add(b, sum, product);
    }
    return sum;
}
