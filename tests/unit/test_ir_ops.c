/* The op table and what is derived from it have no holes; building, attributes and numbering keep their promises. */
#include "ir_text.h"
#include "ir/spec.h"
#include "ir/verify.h"
#include <ctype.h>

static void test_rows(void **state)
{
    (void)state;
    for (int i = 0; i < IR_OP_COUNT; i++) {
        const ir_op_info *info = ir_info((ir_opcode)i);
        ir_opcode found;
        assert_true(info->name && *info->name && info->doc && *info->doc);
        for (const char *c = info->name; *c; c++) assert_true(islower((unsigned char)*c) || *c == '_' || isdigit((unsigned char)*c));
        assert_true(ir_opcode_find(info->name, strlen(info->name), &found));
        assert_int_equal(found, i); /* names are unique */
        assert_true(info->levels && !(info->levels & ~(IR_LEVEL_G | IR_LEVEL_K | IR_LEVEL_E)));
        assert_true(info->min_args >= 0 && (info->max_args < 0 || info->max_args >= info->min_args));
        bool by_argument = info->result == IR_RESULT_SAME || info->result == IR_RESULT_BOOL ||
                           info->result == IR_RESULT_ELEM || info->result == IR_RESULT_CONTENT;
        if (by_argument) assert_true(info->min_args > 0);
        assert_false((info->flags & IR_PURE) && (info->flags & IR_EFFECT));
        assert_true(info->flags & (IR_PURE | IR_EFFECT | IR_NAMED));
        if (info->flags & IR_COMMUTES) assert_int_equal(info->max_args, 2);
        if (info->flags & IR_BODY2) assert_true(info->flags & IR_BODY);
        if (!ir_verify_rule_of((ir_opcode)i)) fail_msg("verify.def has no rule for %s", info->name);
    }
}

static void test_attribute_columns(void **state)
{
    (void)state;
    for (int i = 0; i < IR_OP_COUNT; i++) {
        ir_attr_spec specs[IR_MAX_SPECS], found;
        int count = ir_attr_specs((ir_opcode)i, specs);
        size_t colons = 0;
        for (const char *c = ir_info((ir_opcode)i)->attrs; *c; c++) colons += *c == ':';
        assert_int_equal(count, colons);
        for (int j = 0; j < count; j++) {
            assert_true(specs[j].len > 0);
            assert_int_equal(ir_attr_spec_find((ir_opcode)i, specs[j].key, specs[j].len, &found), j);
            if (specs[j].kind == IR_ATTR_FLAG) assert_true(specs[j].optional);
            if (specs[j].number) assert_int_equal(i, IR_OP_const); /* the text form knows it there only */
        }
    }
    assert_int_equal(ir_attr_spec_find(IR_OP_load, "value", 5, NULL), -1);
}

static void test_dtypes(void **state)
{
    (void)state;
    static const char *const language[] = {"f32", "f16", "bf16", "f64", "i8", "u8", "i4", "i32", "bool"};
    for (int i = 0; i < 9; i++) assert_string_equal(ir_dtype_of((ir_dtype)(SPC_F32 + i))->name, language[i]);
    for (int i = 1; i < IR_DTYPE_COUNT; i++) {
        const ir_dtype_info *info = ir_dtype_of((ir_dtype)i);
        ir_dtype found;
        assert_true(ir_dtype_find(info->name, strlen(info->name), &found));
        assert_int_equal(found, i);
        assert_true(info->bytes >= 1 && info->bytes <= 8 && strchr("FSUB", info->class));
    }
}

static void test_types_are_interned(void **state)
{
    (void)state;
    fixture f = fixture_new();
    ir_module *m = f.module;
    const ir_extent *n = ir_extent_const(m, 64), *dims[] = {n, n};
    const ir_type *tensor = ir_tensor(m, IR_F32, 2, dims);
    assert_ptr_equal(tensor, ir_tensor(m, IR_F32, 2, dims));
    assert_ptr_not_equal(tensor, ir_tensor(m, IR_F32, 1, dims));
    assert_ptr_not_equal(tensor, ir_tensor(m, IR_F16, 2, dims));
    assert_ptr_equal(ir_type_with_dtype(m, tensor, IR_BOOL), ir_tensor(m, IR_BOOL, 2, dims));
    assert_ptr_equal(ir_vector(m, IR_F32, 1), ir_scalar(m, IR_F32));
    assert_ptr_equal(ir_reg_type(m, ir_vector(m, IR_F32, 8)), ir_reg_type(m, ir_vector(m, IR_F32, 8)));
    assert_ptr_not_equal(ir_buffer(m, IR_F32), ir_scalar(m, IR_F32));
    rt_storage_request request = {.name = "csr", .dtype = SPC_F32, .rows = 64, .cols = 64, .nnz = -1};
    rt_storage storage;
    assert_true(rt_storage_make(&request, &storage, NULL));
    const ir_type *stored = ir_tensor_stored(m, tensor, &storage);
    assert_ptr_not_equal(stored, tensor);
    request.pad = request.crd_scale = 1; /* as good as none */
    assert_true(rt_storage_make(&request, &storage, NULL));
    assert_ptr_equal(stored, ir_tensor_stored(m, tensor, &storage));
    assert_ptr_equal(ir_tensor_stored(m, stored, NULL), tensor);
    fixture_free(&f);
}

static void test_building(void **state)
{
    (void)state;
    fixture f = fixture_new();
    ir_module *m = f.module;
    ir_func *func = ir_func_new(m, IR_KERNEL, "k");
    ir_builder b = {m, &func->body, {NULL, 7, 1, 1}};
    ir_op *p = ir_build0(&b, IR_OP_param, ir_buffer(m, IR_F32));
    p->name = "x";
    ir_op *i = ir_index(&b, 3), *load = ir_build2(&b, IR_OP_load, ir_vector(m, IR_F32, 8), p, i);
    ir_set_int(m, load, "align", 32);
    ir_set_int(m, load, "disp", -8);
    assert_string_equal(load->attrs[0].key, "disp"); /* the row's order, not the caller's */
    assert_int_equal(ir_get_int(load, "align", 0), 32);
    ir_op *copy = ir_clone(&b, load, (ir_op *[]){p, i});
    ir_set_int(m, copy, "align", 64);
    assert_int_equal(ir_get_int(load, "align", 0), 32); /* copies do not share changes */
    assert_int_equal(ir_get_int(copy, "align", 0), 64);
    assert_int_equal(ir_get_int(copy, "disp", 0), -8);
    assert_int_equal(copy->loc.line, 7);
    assert_int_equal(ir_get_int(p, "disp", 5), 5);
    assert_ptr_equal(ir_build2(&b, IR_OP_add, load->type, load, copy)->type, load->type);
    assert_ptr_equal(ir_build1(&b, IR_OP_reduce_add, NULL, load)->type, ir_scalar(m, IR_F32));
    ir_number(func);
    assert_int_equal(p->id, 0);
    assert_int_equal(i->id, -1);
    assert_int_equal(load->id, 1);
    ir_unlink(&func->body, copy);
    assert_int_equal(load->next->code, IR_OP_add);
    assert_ptr_equal(load->next->prev, load);
    fixture_free(&f);
}

static void test_constants(void **state)
{
    (void)state;
    fixture f = fixture_new();
    ir_func *func = ir_func_new(f.module, IR_KERNEL, "k");
    ir_builder b = {f.module, &func->body, {0}};
    ir_op *one = ir_const_int(&b, ir_scalar(f.module, IR_F32), 1), *same = ir_const_float(&b, ir_scalar(f.module, IR_F32), 1);
    assert_int_equal(ir_attr_find(one, "value")->kind, ir_attr_find(same, "value")->kind);
    assert_true(ir_get_float(one, "value", 0) == 1);
    assert_true(ir_get_float(ir_index(&b, 4), "value", 0) == 4); /* an integer counts as well */
    fixture_free(&f);
}

static void test_module_lists(void **state)
{
    (void)state;
    fixture f = fixture_new();
    ir_module *m = f.module;
    ir_func *a = ir_func_new(m, IR_GRAPH, "f"), *b = ir_func_new(m, IR_KERNEL, "f");
    assert_ptr_equal(ir_func_find(m, IR_KERNEL, "f"), b);
    ir_func_remove(m, a);
    assert_null(ir_func_find(m, IR_GRAPH, "f"));
    assert_ptr_equal(m->funcs, b);
    ir_func *c = ir_func_new(m, IR_KERNEL, "g"); /* order holds through removal of the first, the last and all */
    assert_ptr_equal(b->next, c);
    ir_func_remove(m, c);
    assert_ptr_equal(b->next, NULL);
    c = ir_func_new(m, IR_KERNEL, "h");
    assert_ptr_equal(b->next, c);
    ir_func_remove(m, c);
    ir_func_remove(m, b);
    assert_null(m->funcs);
    c = ir_func_new(m, IR_KERNEL, "k");
    assert_ptr_equal(m->funcs, c);
    const ir_extent *n = ir_extent_const(m, 4);
    const ir_type *t = ir_tensor(m, IR_F32, 1, &n), *u = ir_tensor(m, IR_F16, 1, &n);
    const ir_packing *p = ir_packing_of(m, "w", t);
    assert_string_equal(p->name, "w");
    assert_ptr_equal(ir_packing_of(m, "w", t), p);
    assert_string_equal(ir_packing_of(m, "w", u)->name, "w.2");
    assert_string_equal(ir_packing_of(m, "v", t)->name, "v");
    ir_dim_add(m, "n", 1, 8, 1);
    assert_non_null(ir_dim_find(m, "n"));
    assert_null(ir_dim_find(m, "m"));
    fixture_free(&f);
}

/* Extents in attributes count like those of types; a function of extents is no dim. */
static void test_extents_in_attributes(void **state)
{
    (void)state;
    fixture f = fixture_new();
    const char *text = "dim n dim max dim k graph @g { %0 = input \"x\" : f32[4,4]"
                       " %1 = pad %0 [before=\"max(n, 1);0\"] : f32[max(n, 1) + 5,4] }";
    assert_int_equal(fixture_parse(&f, text), SPC_OK);
    ir_module *m = f.module;
    ir_op *pad = m->funcs->body.last;
    const ir_extent *starts[2], *n = ir_extent_dim(m, "n"), *one = ir_extent_const(m, 1);
    assert_true(ir_get_extents(m, pad, "before", 2, starts));
    assert_ptr_equal(starts[0], ir_extent_max(m, n, one));
    assert_false(ir_get_extents(m, pad, "before", 1, starts));
    assert_true(ir_op_mentions(pad, "n"));
    assert_false(ir_op_mentions(pad, "max"));
    assert_false(ir_op_mentions(pad, "k"));
    ir_set_extents(m, pad, "before", 2, (const ir_extent *[]){one, ir_extent_add(m, ir_extent_dim(m, "k"), one)});
    assert_string_equal(ir_get_str(pad, "before", ""), "1;k + 1");
    assert_true(ir_op_mentions(pad, "k"));
    assert_true(ir_extent_mentions(ir_extent_max(m, n, one), "n"));
    assert_false(ir_extent_mentions(one, "n"));
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),     cmocka_unit_test(test_attribute_columns), cmocka_unit_test(test_dtypes),
        cmocka_unit_test(test_types_are_interned), cmocka_unit_test(test_building), cmocka_unit_test(test_constants),
        cmocka_unit_test(test_module_lists), cmocka_unit_test(test_extents_in_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
