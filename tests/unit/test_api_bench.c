/* spc_bench for hosts: the callback, several calls in one session, what is refused; option dense computes the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <spc/spc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { D = 8 };

static const char program[] = "dim n;\nweight w: f32[8, 8] sparse unstructured;\n"
                              "layer l(x: f32[n, 8]) -> y: f32[n, 8] { y = relu(linear(x, w)); }\n"
                              "layer twice(x: f32[n]) -> y: f32[n] { y = x + x; }\n";

static spc_session *session(void)
{
    spc_session *s;
    float w[D * D] = {0};
    for (int i = 0; i < D; i++) w[i * D + (3 * i) % D] = (float)(i - 3);
    const spc_tensor tensor = {w, SPC_F32, 2, {D, D}};
    assert_int_equal(spc_session_new(&s), SPC_OK);
    if (spc_load(s, "m.sdl", program, strlen(program)) || spc_bind(s, "w", &tensor)) fail_msg("%s", spc_messages(s));
    return s;
}

typedef struct seen {
    int count;
    char json[4096];
} seen;

static void keep(void *ctx, const char *json, const char *table)
{
    seen *got = ctx;
    got->count++;
    strncpy(got->json, json, sizeof got->json - 1);
    assert_non_null(strstr(table, "speedup"));
}

static void test_callback(void **state)
{
    (void)state;
    spc_session *s = session();
    seen got = {0};
    spc_bench_options options = {.size = sizeof options, .threads = 1, .seconds = 0.005, .each = keep, .each_ctx = &got};
    if (spc_bench(s, "l", "n=1,3", &options)) fail_msg("%s", spc_messages(s));
    assert_int_equal(got.count, 2);
    assert_non_null(strstr(got.json, "\"dims\":{\"n\":3}"));
    if (spc_bench(s, "twice", "n=5", &options)) fail_msg("%s", spc_messages(s));
    assert_int_equal(got.count, 3);
    assert_non_null(strstr(got.json, "\"layer\":\"twice\""));
    assert_string_equal(spc_messages(s), "");
    spc_session_free(s);
}

static void test_refusals(void **state)
{
    (void)state;
    spc_bench_options good = {.size = sizeof good, .threads = 1, .seconds = 0.005}, wrong;
    assert_int_equal(spc_bench(NULL, "l", "n=1", &good), SPC_E_ARG);
    spc_session *s;
    assert_int_equal(spc_session_new(&s), SPC_OK);
    assert_int_equal(spc_bench(s, "l", "n=1", &good), SPC_E_ARG); /* nothing is loaded */
    spc_session_free(s);
    s = session();
    const char *const dims[] = {"", "m=1", "n", "n=", "n=1;2", "n=9999999999999999999", "=1", "n=1,n"};
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i++)
        assert_int_equal(spc_bench(s, "l", dims[i], &good), SPC_E_ARG);
    assert_int_equal(spc_bench(s, "l", NULL, &good), SPC_E_ARG);
    assert_int_equal(spc_bench(s, "q", "n=1", &good), SPC_E_ARG);
    assert_int_equal(spc_bench(s, NULL, "n=1", &good), SPC_E_ARG); /* there are two */
    assert_int_equal(spc_bench(s, "l", "n=1", NULL), SPC_E_ARG);
    wrong = good, wrong.size = 8;
    assert_int_equal(spc_bench(s, "l", "n=1", &wrong), SPC_E_ARG);
    wrong = good, wrong.seconds = (double)NAN;
    assert_int_equal(spc_bench(s, "l", "n=1", &wrong), SPC_E_ARG);
    wrong = good, wrong.threads = -1;
    assert_int_equal(spc_bench(s, "l", "n=1", &wrong), SPC_E_ARG);
    wrong = good, wrong.threads = 100000;
    assert_int_equal(spc_bench(s, "l", "n=1", &wrong), SPC_E_ARG);
    assert_non_null(strstr(spc_messages(s), "100000"));
    assert_int_equal(spc_bench(s, "l", "n=1", &good), SPC_OK);
    spc_session_free(s);
}

static void run_layer(spc_session *s, const float *x, float *y)
{
    spc_module *m = NULL;
    if (spc_jit(s, &m)) fail_msg("%s", spc_messages(s));
    const spc_tensor in = {(void *)(uintptr_t)x, SPC_F32, 2, {3, D}}, out = {y, SPC_F32, 2, {3, D}};
    if (spc_run(m, "l", &in, 1, &out, 1, NULL)) fail_msg("%s", spc_module_error(m));
    spc_module_free(m);
}

static void test_option_dense(void **state)
{
    (void)state;
    spc_session *s = session();
    float x[3 * D], sparse[3 * D], dense[3 * D];
    for (int i = 0; i < 3 * D; i++) x[i] = (float)(i % 7 - 3);
    assert_int_equal(spc_set(s, "plan", "@l.0 store=csr"), SPC_OK);
    run_layer(s, x, sparse);
    assert_non_null(strstr(spc_explain(s, "l"), "store=csr"));
    assert_int_equal(spc_set(s, "dense", "maybe"), SPC_E_ARG);
    assert_int_equal(spc_set(s, "dense", "yes"), SPC_OK);
    assert_null(strstr(spc_explain(s, "l"), "store=csr"));
    assert_non_null(strstr(spc_explain(s, "l"), "store=dense"));
    run_layer(s, x, dense);
    assert_memory_equal(sparse, dense, sizeof dense);
    spc_session_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_callback), cmocka_unit_test(test_refusals),
                                       cmocka_unit_test(test_option_dense)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
