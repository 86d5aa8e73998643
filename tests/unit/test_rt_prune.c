/* What pruning keeps: counts, order, ties, NaN; and that the file is otherwise the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rt_files.h"
#include "rt_random.h"
#include "runtime/dtype.h"
#include "runtime/prune.h"
#include <math.h>

static rt_pattern pattern_of(const char *text)
{
    rt_pattern pattern;
    assert_true(rt_pattern_parse(text, &pattern, NULL));
    return pattern;
}

/* Prunes a copy of f32 data in place; returns the non-zeros that are left. */
static int64_t prune(const char *text, double share, const int64_t extents[3], float *values)
{
    const rt_pattern pattern = pattern_of(text);
    const int64_t lines = extents[0] * extents[1], cols = extents[2];
    float copy[512];
    rt_keep keep;
    int64_t left = 0;
    memcpy(copy, values, (size_t)(lines * cols) * sizeof *copy);
    assert_int_equal(rt_keep_make(&pattern, share, SPC_F32, copy, extents, &keep, NULL), SPC_OK);
    for (int64_t line = 0; line < lines; line++)
        left += rt_keep_line(&keep, line, values + line * cols);
    rt_keep_free(&keep);
    return left;
}

static void test_groups(void **state)
{
    (void)state;
    float values[8] = {1, -4, 3, 2, 5, 5, 5, 5};
    const float wanted[8] = {0, -4, 3, 0, 5, 5, 0, 0};
    assert_int_equal(prune("2:4", 0, (int64_t[]){1, 1, 8}, values), 4);
    assert_memory_equal(values, wanted, sizeof wanted);
}

static void test_nan_is_the_largest(void **state)
{
    (void)state;
    float values[6] = {INFINITY, -1, -NAN, 2, NAN, -INFINITY};
    assert_int_equal(prune("unstructured", 0.5, (int64_t[]){2, 1, 3}, values), 3);
    assert_true(isinf(values[0]) && isnan(values[2]) && isnan(values[4]));
    assert_true(values[1] == 0 && values[3] == 0 && values[5] == 0);
}

/* Rows and columns span the axes between; a block lies at one place of them. */
static void test_middle_axes(void **state)
{
    (void)state;
    const float from[8] = {1, 0, 1, 5, 2, 2, 2, 2}; /* [2, 2, 2] */
    float values[8];
    memcpy(values, from, sizeof values);
    assert_int_equal(prune("rows", 0.5, (int64_t[]){2, 2, 2}, values), 3);
    assert_true(values[0] == 1 && values[3] == 5 && values[4] == 0);
    memcpy(values, from, sizeof values);
    prune("columns", 0.5, (int64_t[]){2, 2, 2}, values);
    assert_true(values[0] == 0 && values[3] == 5 && values[4] == 0 && values[7] == 2);
    memcpy(values, from, sizeof values);
    prune("block(2, 1)", 0.25, (int64_t[]){2, 2, 2}, values);
    assert_true(values[3] == 5 && values[7] == 2 && values[0] == 0 && values[2] == 0 && values[5] == 0);
}

/* Nothing that goes is larger than anything that stays, and the count is exact. */
static void test_random_shares(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (int round = 0; round < 200; round++) {
        float before[512], after[512];
        const int64_t rows = 1 + (int64_t)(rt_random(&seed) % 8), cols = 1 + (int64_t)(rt_random(&seed) % 60);
        const double share = (double)(rt_random(&seed) % 101) / 100;
        float least = INFINITY, most = 0;
        for (int64_t i = 0; i < rows * cols; i++)
            after[i] = before[i] = (float)(1 + (rt_random(&seed) % 20)) * ((rt_random(&seed) % 2) ? -1 : 1);
        assert_int_equal(prune("unstructured", share, (int64_t[]){rows, 1, cols}, after), llround(share * (double)(rows * cols)));
        for (int64_t i = 0; i < rows * cols; i++) {
            if (after[i] != 0 && fabsf(before[i]) < least)
                least = fabsf(before[i]);
            if (after[i] == 0 && fabsf(before[i]) > most)
                most = fabsf(before[i]);
        }
        assert_true(most <= least);
    }
}

static void count_reports(void *ctx, const char *tensor, int64_t nonzeros, int64_t elements)
{
    assert_string_equal(tensor, "w");
    assert_int_equal(elements, 8);
    *(int64_t *)ctx += nonzeros;
}

static spc_status prune_file(const test_bytes *in, rt_prune_request *request, rt_error *error)
{
    request->in = "prune-in.safetensors";
    request->out = "prune-out.safetensors";
    request->out_name = "out";
    save(request->in, in->data, in->size);
    unlink(request->out);
    return rt_prune_file(request, error);
}

/* The header's length makes the data misaligned. */
static void test_file(void **state)
{
    (void)state;
    static const char header[] = "{\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
                                 "\"w\":{\"dtype\":\"F16\",\"shape\":[2,4],\"data_offsets\":[3,19]}}";
    const test_bytes in = make_safetensors(header, 19);
    unsigned char out[256];
    int64_t nonzeros = 0;
    rt_error error = {SPC_OK, ""};
    rt_prune_request request = {.pattern = "1:4", .report = count_reports, .report_ctx = &nonzeros};
    assert_int_equal(prune_file(&in, &request, &error), SPC_OK);
    assert_int_equal(nonzeros, 2);
    FILE *file = fopen(request.out, "rb");
    assert_non_null(file);
    assert_int_equal(fread(out, 1, sizeof out, file), in.size);
    fclose(file);
    assert_memory_equal(out, in.data, in.size - 16);
    for (int i = 0; i < 16; i++) /* bytes count up, so the last of each group is the largest */
        assert_int_equal(out[in.size - 16 + (size_t)i], i % 8 >= 6 ? in.data[in.size - 16 + (size_t)i] : 0);
    assert_int_equal(rt_prune_file(&request, &error), SPC_E_IO); /* the output exists by now */
    unlink(request.in);
    unlink(request.out);
}

static void test_refusals(void **state)
{
    (void)state;
    const test_bytes in = make_safetensors("{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}", 24);
    static const char *const none[] = {"q*"};
    const struct {
        const char *pattern;
        double density;
        size_t globs;
        spc_status status;
        const char *says;
    } cases[] = {{"2:4", 0, 0, SPC_E_PROGRAM, "w: error"},      {"rows", 0, 0, SPC_E_ARG, "density"},
                 {"rows", 2, 0, SPC_E_ARG, "density"},          {"dense", 0.5, 0, SPC_E_ARG, "dense"},
                 {"1:3 & rows", 0, 0, SPC_E_ARG, "1:3 & rows"}, {"rows(density=0.5)", 0.25, 0, SPC_E_ARG, "0.25"},
                 {"1:3", 0, 1, SPC_E_ARG, "q*"},                {"?", 0, 0, SPC_E_ARG, "block(r, c)"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rt_error error = {SPC_OK, ""};
        rt_prune_request request = {.pattern = cases[i].pattern, .density = cases[i].density, .tensors = none,
                                    .tensor_count = cases[i].globs};
        assert_int_equal(prune_file(&in, &request, &error), cases[i].status);
        assert_non_null(strstr(error.text, cases[i].says));
        assert_int_equal(access(request.out, F_OK), -1);
    }
    unlink("prune-in.safetensors");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_groups),        cmocka_unit_test(test_nan_is_the_largest),
                                       cmocka_unit_test(test_middle_axes),   cmocka_unit_test(test_random_shares),
                                       cmocka_unit_test(test_file),          cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
