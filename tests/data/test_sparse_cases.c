/* Small sparse programs with published results: the same numbers come out, in the dtype of the case. */
#include "tests/data/program.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static json_t *read_cases(void)
{
    json_error_t where;
    size_t size;
    char *text = program_read(SPC_DATA_DIR "/mlir_sparse_cases/cases.json", &size);
    if (!text) return NULL;
    json_t *cases = json_loads(text, 0, &where);
    if (!cases) fail_msg("cases.json:%d: %s", where.line, where.text);
    free(text);
    return cases;
}

static const json_t *find_case(const json_t *file, const char *name)
{
    size_t i;
    const json_t *c;
    json_array_foreach(json_object_get(file, "cases"), i, c)
        if (!strcmp(json_string_value(json_object_get(c, "name")), name)) return c;
    fail_msg("there is no case %s", name);
    return NULL;
}

static int64_t integer_at(const json_t *list, size_t i) { return (int64_t)json_integer_value(json_array_get(list, i)); }

static void put(spc_tensor *t, int64_t i, double value)
{
    if (t->dtype == SPC_F32) ((float *)t->data)[i] = (float)value;
    else if (t->dtype == SPC_F64) ((double *)t->data)[i] = value;
    else ((int32_t *)t->data)[i] = (int32_t)value;
}

static spc_tensor zeros(spc_dtype dtype, int64_t rows, int64_t columns)
{
    spc_tensor t = {NULL, dtype, columns ? 2 : 1, {rows, columns}};
    t.data = calloc((size_t)program_count(&t) + 1, sizeof(double));
    return t;
}

/* {"shape": [...], "coo": [[row, column, value], ...]} */
static spc_tensor from_triples(const json_t *matrix, spc_dtype dtype)
{
    const json_t *shape = json_object_get(matrix, "shape"), *triple;
    size_t i;
    spc_tensor t = zeros(dtype, integer_at(shape, 0), integer_at(shape, 1));
    assert_true(json_array_size(json_object_get(matrix, "coo")) > 0);
    json_array_foreach(json_object_get(matrix, "coo"), i, triple)
        put(&t, integer_at(triple, 0) * t.dims[1] + integer_at(triple, 1), json_number_value(json_array_get(triple, 2)));
    return t;
}

/* [[...], ...] */
static spc_tensor from_rows(const json_t *rows, spc_dtype dtype)
{
    spc_tensor t = zeros(dtype, (int64_t)json_array_size(rows), (int64_t)json_array_size(json_array_get(rows, 0)));
    for (int64_t i = 0; i < program_count(&t); i++)
        put(&t, i, json_number_value(json_array_get(json_array_get(rows, (size_t)(i / t.dims[1])), (size_t)(i % t.dims[1]))));
    return t;
}

static void check_and_free(program *p)
{
    program_check(p);
    for (int i = 0; i < p->inputs; i++) free(p->in[i].data);
    for (int i = 0; i < p->weights; i++) free(p->weight[i].data);
    free(p->want.data);
}

/* x(i) = A(i,j) * b(j), b[j] = j + 1, of integers: exact. */
static void check_matvec(const json_t *file)
{
    const json_t *c = find_case(file, "matvec_wide"), *expected = json_object_get(c, "expected");
    assert_string_equal(json_string_value(json_object_get(c, "b")), "b[j]=j+1");
    program p = {.name = "matvec_wide", .inputs = 1, .weights = 1, .weight_names = {"a"},
                 .text = "weight a: i32[4, 256] sparse unstructured;\n"
                         "layer f(b: i32[256]) -> x: i32[4] { x = linear(b, a); }\n"};
    p.weight[0] = from_triples(json_object_get(c, "A"), SPC_I32);
    p.in[0] = zeros(SPC_I32, 256, 0);
    for (int j = 0; j < 256; j++) put(&p.in[0], j, j + 1);
    p.want = zeros(SPC_I32, (int64_t)json_array_size(expected), 0);
    for (size_t i = 0; i < json_array_size(expected); i++) put(&p.want, (int64_t)i, (double)integer_at(expected, i));
    check_and_free(&p);
}

/* X = S .* (A B): the sampled product as a whole one and a mask. */
static void check_sampled(const json_t *file)
{
    const json_t *c = find_case(file, "sddmm_5x5");
    assert_string_equal(json_string_value(json_object_get(c, "A")), "5x10: A[i][k]=i+1");
    assert_string_equal(json_string_value(json_object_get(c, "B")), "10x5: B[k][j]=j+1");
    program p = {.name = "sddmm_5x5", .inputs = 2, .weights = 1, .weight_names = {"s"}, .roundings = 2,
                 .text = "weight s: f32[5, 5] sparse unstructured;\n"
                         "layer f(a: f32[5, 10], b: f32[10, 5]) -> x: f32[5, 5] { x = s * matmul(a, b); }\n"};
    p.weight[0] = from_triples(json_object_get(c, "S"), SPC_F32);
    p.in[0] = zeros(SPC_F32, 5, 10);
    p.in[1] = zeros(SPC_F32, 10, 5);
    for (int i = 0; i < 50; i++) put(&p.in[0], i, i / 10 + 1);
    for (int i = 0; i < 50; i++) put(&p.in[1], i, i % 5 + 1);
    p.want = from_rows(json_object_get(c, "expected"), SPC_F32);
    check_and_free(&p);
}

static void check_sampled_wide(const json_t *file)
{
    const json_t *c = find_case(file, "sddmm_8x8"), *triple;
    size_t at;
    assert_string_equal(json_string_value(json_object_get(c, "A")), "8x8 all 3.0");
    assert_string_equal(json_string_value(json_object_get(c, "B")), "8x8 all 4.0");
    program p = {.name = "sddmm_8x8", .inputs = 3,
                 .text = "layer f(s: f64[8, 8], a: f64[8, 8], b: f64[8, 8]) -> x: f64[8, 8] {\n"
                         "    x = where(s != 0, s * matmul(a, b), 0);\n}\n"};
    p.in[0] = from_triples(json_object_get(c, "S"), SPC_F64);
    p.in[1] = zeros(SPC_F64, 8, 8);
    p.in[2] = zeros(SPC_F64, 8, 8);
    for (int i = 0; i < 64; i++) put(&p.in[1], i, 3);
    for (int i = 0; i < 64; i++) put(&p.in[2], i, 4);
    p.want = zeros(SPC_F64, 8, 8);
    json_array_foreach(json_object_get(c, "expected_nonzeros"), at, triple)
        put(&p.want, integer_at(triple, 0) * 8 + integer_at(triple, 1), (double)integer_at(triple, 2));
    check_and_free(&p);
}

/* X(i,k) = A(i,j) * B(j,k), B in blocks of 2 x 2. */
static void check_blocks(const json_t *file)
{
    const json_t *c = find_case(file, "bsr2x2_matmul");
    program p = {.name = "bsr2x2_matmul", .inputs = 1, .weights = 1, .weight_names = {"b"},
                 .text = "weight b: f64[4, 4] sparse block(2, 2);\n"
                         "layer f(a: f64[4, 4]) -> x: f64[4, 4] { x = matmul(a, b); }\n"};
    p.in[0] = from_rows(json_object_get(c, "A"), SPC_F64);
    p.weight[0] = from_rows(json_object_get(c, "B"), SPC_F64);
    p.want = from_rows(json_object_get(c, "expected"), SPC_F64);
    check_and_free(&p);
}

static void with_cases(void (*check)(const json_t *))
{
    json_t *file = read_cases();
    if (!file) skip();
    check(file);
    json_decref(file);
}

static void test_matrix_times_vector(void **state)
{
    (void)state;
    with_cases(check_matvec);
}

static void test_sampled_products(void **state)
{
    (void)state;
    with_cases(check_sampled);
}

static void test_sampled_products_in_f64(void **state)
{
    (void)state;
    with_cases(check_sampled_wide);
}

static void test_blocks(void **state)
{
    (void)state;
    with_cases(check_blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix_times_vector),
        cmocka_unit_test(test_sampled_products),
        cmocka_unit_test(test_sampled_products_in_f64),
        cmocka_unit_test(test_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
