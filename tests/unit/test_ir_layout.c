/* The weights object: places, gaps, plain tensors, and what fails. */
#include "ir/layout.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3, COLS = 5 };

static const float dense[ROWS * COLS] = {1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 4};
static const int64_t starts[ROWS + 1] = {0, 2, 2, 4}, columns[4] = {0, 3, 1, 4};
static const float values[4] = {1, 2, 3, 4};
static const uint8_t nibbles[2] = {0x21, 0x43};

static const rt_matrix *find(void *ctx, const char *weight)
{
    static const rt_matrix matrices[] = {
        {SPC_F32, ROWS, COLS, dense, NULL, NULL, NULL, 0},
        {SPC_F32, ROWS, COLS, NULL, starts, columns, values, 4},
        {SPC_I4, ROWS, COLS, NULL, starts, columns, nibbles, 4},
    };
    static const char *const names[] = {"dense", "csr", "i4"};
    (void)ctx;
    for (int i = 0; i < 3; i++)
        if (!strcmp(weight, names[i])) return &matrices[i];
    return NULL;
}

typedef struct setting {
    ir_arena *arena;
    ir_module *m;
} setting;

static setting begin(void)
{
    setting s = {ir_arena_new(0), NULL};
    if (setjmp(*ir_guard(s.arena))) fail_msg("out of memory");
    s.m = ir_module_new(s.arena, ir_diags_new(s.arena));
    return s;
}

static const ir_packing *pack(setting *s, const char *weight, ir_dtype dtype, const char *storage)
{
    const ir_extent *dims[] = {ir_extent_const(s->m, ROWS), ir_extent_const(s->m, COLS)};
    const ir_type *type = ir_tensor(s->m, dtype, 2, dims);
    if (storage) {
        rt_storage_request request = {.dtype = (spc_dtype)dtype, .rows = ROWS, .cols = COLS, .nnz = -1};
        rt_storage *made = IR_NEW(s->arena, rt_storage);
        strcpy(request.name, storage);
        assert_true(rt_storage_make(&request, made, NULL));
        type = ir_tensor_stored(s->m, type, made);
    }
    return ir_packing_of(s->m, weight, type);
}

/* data op under a loop of an entry: it must be found there. */
static ir_op *add_data(setting *s, const char *name)
{
    ir_func *entry = ir_func_find(s->m, IR_ENTRY, "f");
    if (!entry) entry = ir_func_new(s->m, IR_ENTRY, "f");
    ir_builder b = {s->m, &entry->body, {0}};
    ir_op *loop = ir_build3(&b, IR_OP_for, NULL, ir_index(&b, 0), ir_index(&b, 1), ir_index(&b, 1));
    b.block = &loop->body;
    ir_op *op = ir_build0(&b, IR_OP_data, ir_buffer(s->m, IR_U8));
    op->name = name;
    return op;
}

static void test_object(void **state)
{
    setting s = begin();
    ir_layout layout;
    rt_error error = {0};
    (void)state;
    pack(&s, "dense", IR_F32, NULL);
    pack(&s, "csr", IR_F32, NULL);
    pack(&s, "i4", IR_I4, NULL);
    pack(&s, "dense", IR_F32, "csr");
    ir_op *first = add_data(&s, "dense/values"), *packed = add_data(&s, "dense.2/values"), *pos = add_data(&s, "dense.2/pos1");
    if (ir_layout_data(s.m, find, NULL, &layout, &error)) fail_msg("%s", error.text);
    char *object = malloc((size_t)layout.bytes);
    assert_non_null(object);
    memset(object, 0x55, (size_t)layout.bytes);
    ir_layout_write(&layout, object);

    assert_int_equal(layout.bytes % 64, 0);
    assert_int_equal(ir_get_int(first, "offset", -1), 0);
    assert_ptr_equal(layout.pieces[0].data, dense);
    assert_memory_equal(object, dense, sizeof dense);
    assert_memory_equal(object + 64, dense, sizeof dense); /* 60 bytes, so the CSR form starts at 64 */
    for (int i = 60; i < 64; i++) assert_int_equal(object[i], 0);
    const uint8_t want[8] = {0x01, 0x20, 0, 0, 0, 0x30, 0x00, 0x04};
    assert_memory_equal(object + 128, want, sizeof want);

    const float *stored = (const float *)(object + ir_get_int(packed, "offset", -1));
    const uint32_t *start = (const uint32_t *)(object + ir_get_int(pos, "offset", -1));
    assert_memory_equal(stored, values, sizeof values);
    for (int i = 0; i <= ROWS; i++) assert_int_equal(start[i], starts[i]);
    for (size_t i = 0; i < layout.piece_count; i++) assert_int_equal(layout.pieces[i].offset % 64, 0);
    free(object);
    ir_layout_free(&layout);
    ir_arena_free(s.arena);
}

static void test_bound(void **state)
{
    setting s = begin();
    ir_layout layout;
    rt_error error = {0};
    (void)state;
    pack(&s, "dense", IR_F32, NULL);
    pack(&s, "dense", IR_F32, "csr"); /* pos1, crd1, values */
    pack(&s, "nobody", IR_F32, NULL);
    ir_op *plain = add_data(&s, "dense/values"), *packed = add_data(&s, "dense.2/values"), *last = add_data(&s, "nobody/values");
    if (ir_layout_bound(s.m, &layout, &error)) fail_msg("%s", error.text);
    ir_op *const ops[] = {plain, packed, last};
    static const int indices[] = {0, 3, 4};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ops[i]->code, IR_OP_bound);
        assert_int_equal(ir_get_int(ops[i], "index", -1), indices[i]);
        assert_null(ir_attr_find(ops[i], "offset"));
    }
    assert_int_equal(layout.piece_count, 5);
    assert_int_equal(layout.bytes, 0);
    assert_string_equal(layout.pieces[1].array.name, "pos1");
    ir_layout_free(&layout);
    add_data(&s, "dense/perm");
    assert_int_equal(ir_layout_bound(s.m, &layout, NULL), SPC_E_INTERNAL);
    ir_arena_free(s.arena);
}

static spc_status status_of(setting *s)
{
    ir_layout layout;
    const spc_status status = ir_layout_data(s->m, find, NULL, &layout, NULL);
    if (!status) ir_layout_free(&layout);
    ir_arena_free(s->arena);
    return status;
}

static void test_failures(void **state)
{
    (void)state;
    setting unbound = begin();
    pack(&unbound, "dense", IR_F32, "csr");
    pack(&unbound, "nobody", IR_F32, NULL);
    assert_int_equal(status_of(&unbound), SPC_E_PROGRAM);

    setting surplus = begin();
    pack(&surplus, "csr", IR_F32, NULL);
    pack(&surplus, "dense", IR_F32, "nm:1:5");
    assert_int_equal(status_of(&surplus), SPC_E_PROGRAM);

    setting astray = begin();
    pack(&astray, "dense", IR_F32, NULL);
    add_data(&astray, "dense/pos1");
    assert_int_equal(status_of(&astray), SPC_E_INTERNAL);

    setting other = begin();
    pack(&other, "dense", IR_F64, NULL);
    assert_int_equal(status_of(&other), SPC_E_INTERNAL);
}

static void test_nothing(void **state)
{
    setting s = begin();
    ir_layout layout;
    (void)state;
    assert_int_equal(ir_layout_data(s.m, find, NULL, &layout, NULL), SPC_OK);
    assert_int_equal(layout.bytes, 0);
    ir_layout_write(&layout, NULL);
    ir_layout_free(&layout);
    ir_arena_free(s.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_object), cmocka_unit_test(test_bound), cmocka_unit_test(test_failures), cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
