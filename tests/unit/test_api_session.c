/* spc.h from outside: sessions, options, loading, binding, messages, statuses, null arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <spc/spc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char program[] = "dim n;\n"
                              "weight w: f32[2, 4] sparse 2:4;\n"
                              "layer f(x: f32[n, 4]) -> y: f32[n, 2] { y = relu(linear(x, w)); }\n"
                              "layer g(x: f32[2*n]) -> y: f32[2*n] { y = relu(x); }\n";

static spc_session *new_session(void)
{
    spc_session *s = NULL;
    assert_int_equal(spc_session_new(&s), SPC_OK);
    return s;
}

static spc_session *loaded(const char *text)
{
    spc_session *s = new_session();
    if (spc_load(s, "m.sdl", text, strlen(text))) fail_msg("%s", spc_messages(s));
    return s;
}

static void null_arguments(void **state)
{
    (void)state;
    spc_session *s = new_session();
    spc_module *m;
    assert_int_equal(spc_session_new(NULL), SPC_E_ARG);
    assert_int_equal(spc_set(NULL, "cpu", "native"), SPC_E_ARG);
    assert_int_equal(spc_set(s, NULL, "native"), SPC_E_ARG);
    assert_int_equal(spc_set(s, "cpu", NULL), SPC_E_ARG);
    assert_int_equal(spc_load(s, NULL, "", 0), SPC_E_ARG);
    assert_int_equal(spc_load(s, "m", NULL, 1), SPC_E_ARG);
    assert_int_equal(spc_load_file(s, NULL), SPC_E_ARG);
    assert_int_equal(spc_bind(s, NULL, NULL), SPC_E_ARG);
    assert_int_equal(spc_bind_file(s, NULL), SPC_E_ARG);
    assert_int_equal(spc_emit(s, NULL), SPC_E_ARG);
    assert_int_equal(spc_jit(s, NULL), SPC_E_ARG);
    assert_int_equal(spc_jit(NULL, &m), SPC_E_ARG);
    assert_null(m);
    assert_int_equal(spc_output(s, NULL, "-"), SPC_E_ARG);
    assert_null(spc_explain(NULL, NULL));
    assert_null(spc_layer_at(NULL, 0));
    assert_string_equal(spc_messages(NULL), "");
    spc_session_free(NULL);
    spc_session_free(s);
}

static void options_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *says;
    } wrong[] = {{"colour", "red", "backend"},   {"cpu", "z80", "z80"},         {"backend", "tcc", "interp"},
                 {"memory", "12X", "12X"},       {"memory", "", "bytes"},       {"prefix", "9a", "9a"},
                 {"prefix", "a b", "a b"},       {"debug", "maybe", "maybe"},   {"memory", "99999999999999999999G", "bytes"},
                 {"seed", "-1", "-1"},            {"seed", "18446744073709551616", "64 bits"},
                 {"weights", "none", "late"},
                 {"staging", "a/b", "a/b"},      {"cache", "", "empty"}};
    static const char *const right[][2] = {{"cpu", "x86-64-v3"}, {"cpu", "native"}, {"backend", "interp"},
                                           {"memory", "64M"},    {"prefix", "a_"},  {"prefix", ""},
                                           {"debug", "yes"},     {"cache", "none"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        spc_session *s = new_session();
        assert_int_equal(spc_set(s, wrong[i].key, wrong[i].value), SPC_E_ARG);
        assert_int_equal(spc_last_status(s), SPC_E_ARG);
        if (!strstr(spc_messages(s), wrong[i].says)) fail_msg("%s=%s: %s", wrong[i].key, wrong[i].value, spc_messages(s));
        spc_session_free(s);
    }
    spc_session *s = new_session();
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) assert_int_equal(spc_set(s, right[i][0], right[i][1]), SPC_OK);
    assert_string_equal(spc_messages(s), "");
    spc_session_free(s);
}

static void wrong_programs(void **state)
{
    (void)state;
    spc_module *m;
    spc_session *s = new_session();
    assert_int_equal(spc_jit(s, &m), SPC_E_ARG); /* nothing loaded */
    assert_int_equal(spc_load(s, "m.sdl", "layer", 5), SPC_E_PROGRAM);
    assert_non_null(strstr(spc_messages(s), "m.sdl:1:"));
    assert_int_equal(spc_jit(s, &m), SPC_E_PROGRAM);
    assert_null(m);
    assert_int_equal(spc_load(s, "n.sdl", program, strlen(program)), SPC_E_ARG); /* one program per session */
    spc_session_free(s);
    s = new_session();
    assert_int_equal(spc_load_file(s, "/nonexistent/m.sdl"), SPC_E_IO);
    assert_int_equal(spc_load_file(s, "/"), SPC_E_IO);
    assert_int_equal(spc_load(s, "m.sdl", program, strlen(program)), SPC_OK); /* a failed read spoils nothing */
    spc_session_free(s);
    s = new_session();
    assert_int_equal(spc_load(s, "m.sdl", "dim n;\0layer", 12), SPC_E_PROGRAM);
    spc_session_free(s);
}

static void bindings_are_checked(void **state)
{
    (void)state;
    float good[8] = {1, 0, 2, 0, 0, 3, 0, 4}, bad[8] = {1, 0, 2, 0, 1, 2, 3, 0};
    const spc_tensor right = {good, SPC_F32, 2, {2, 4}}, wrong = {bad, SPC_F32, 2, {2, 4}}, flat = {good, SPC_F32, 1, {8}};
    spc_session *s = loaded(program);
    assert_int_equal(spc_bind(s, "v", &right), SPC_E_ARG);
    assert_int_equal(spc_bind_file(s, "v=w.npy"), SPC_E_ARG);
    assert_int_equal(spc_bind_file(s, "/nonexistent/w.safetensors"), SPC_E_IO);
    assert_int_equal(spc_bind(s, "w", &wrong), SPC_E_PROGRAM);
    assert_non_null(strstr(spc_messages(s), "w[1, 2]"));
    assert_non_null(strstr(spc_messages(s), "m.sdl:2:"));
    spc_module *m;
    assert_int_equal(spc_jit(s, &m), SPC_E_PROGRAM); /* what was refused is not bound */
    assert_non_null(strstr(spc_messages(s), "no data for weight \"w\""));
    assert_int_equal(spc_bind(s, "w", &right), SPC_OK);
    assert_int_equal(spc_jit(s, &m), SPC_OK);
    spc_module_free(m);
    spc_session_free(s);
    s = loaded(program);
    assert_int_equal(spc_bind(s, "w", &flat), SPC_E_PROGRAM);
    spc_session_free(s);
    s = new_session(); /* bound before loading: checked at loading */
    assert_int_equal(spc_bind(s, "w", &wrong), SPC_OK);
    assert_int_equal(spc_load(s, "m.sdl", program, strlen(program)), SPC_E_PROGRAM);
    spc_session_free(s);
    s = loaded(program);
    assert_int_equal(spc_set(s, "weights", "embedded"), SPC_OK);
    assert_int_equal(spc_jit(s, &m), SPC_E_PROGRAM); /* no data */
    assert_non_null(strstr(spc_messages(s), "m.sdl:2:"));
    spc_session_free(s);
}

static void signatures_and_shapes(void **state)
{
    (void)state;
    spc_session *s = loaded(program);
    const spc_signature *f = spc_layer_at(s, 0), *g = spc_layer_at(s, 1);
    assert_string_equal(f->layer, "f");
    assert_int_equal(f->inputs, 1);
    assert_string_equal(f->input[0].name, "x");
    assert_string_equal(f->input[0].extents[0], "n");
    assert_string_equal(f->result[0].extents[1], "2");
    assert_int_equal(f->dims, 1);
    assert_string_equal(g->input[0].extents[0], "2*n");
    assert_null(spc_layer_at(s, 2));
    spc_tensor in = {NULL, SPC_F32, 2, {5, 4}}, out = {0};
    assert_int_equal(spc_shapes(s, "f", NULL, &in, 1, &out, 1), SPC_OK);
    assert_int_equal(out.rank, 2);
    assert_int_equal(out.dims[0], 5);
    assert_int_equal(out.dims[1], 2);
    assert_int_equal(spc_shapes(s, "f", "n=5", &in, 1, &out, 1), SPC_OK);
    assert_int_equal(spc_shapes(s, "f", "n=4", &in, 1, &out, 1), SPC_E_PROGRAM);
    assert_int_equal(spc_shapes(s, "f", "m=4", &in, 1, &out, 1), SPC_E_ARG);
    assert_int_equal(spc_shapes(s, "f", "n=x", &in, 1, &out, 1), SPC_E_ARG);
    assert_int_equal(spc_shapes(s, "h", NULL, &in, 1, &out, 1), SPC_E_ARG);
    assert_int_equal(spc_shapes(s, "f", NULL, &in, 1, &out, 2), SPC_E_ARG);
    in = (spc_tensor){NULL, SPC_F32, 1, {6}};
    assert_int_equal(spc_shapes(s, "g", NULL, &in, 1, &out, 1), SPC_OK);
    assert_int_equal(out.dims[0], 6);
    in.dims[0] = 7;
    assert_int_not_equal(spc_shapes(s, "g", NULL, &in, 1, &out, 1), SPC_OK);
    assert_int_equal(spc_input_shapes(s, "f", "n=9", &in, 1), SPC_OK);
    assert_int_equal(in.dims[0], 9);
    assert_int_equal(spc_input_shapes(s, "f", NULL, &in, 1), SPC_E_ARG);
    spc_session_free(s);
}

static void tensors_that_are_none(void **state)
{
    (void)state;
    float data[8] = {0};
    const int32_t ranks[] = {-1, 9, 1000000};
    for (int i = 0; i < 3; i++) {
        spc_session *s = loaded(program);
        const spc_tensor odd = {data, SPC_F32, ranks[i], {2, 4}}, no_dtype = {data, (spc_dtype)77, 2, {2, 4}};
        const spc_tensor no_data = {NULL, SPC_F32, 2, {2, 4}}, negative = {data, SPC_F32, 2, {-2, -4}};
        spc_tensor out;
        assert_int_not_equal(spc_bind(s, "w", &odd), SPC_OK);
        assert_int_not_equal(spc_bind(s, "w", &no_dtype), SPC_OK);
        assert_int_not_equal(spc_bind(s, "w", &no_data), SPC_OK);
        assert_int_not_equal(spc_bind(s, "w", &negative), SPC_OK);
        assert_int_equal(spc_shapes(s, "f", NULL, &odd, 1, &out, 1), SPC_E_PROGRAM);
        assert_int_equal(spc_shapes(s, "f", NULL, &no_dtype, 1, &out, 1), SPC_E_PROGRAM);
        assert_int_equal(spc_shapes(s, "f", NULL, &negative, 1, &out, 1), SPC_E_PROGRAM);
        spc_session_free(s);
    }
}

static void memory_has_a_limit(void **state)
{
    (void)state;
    spc_session *s = new_session();
    assert_int_equal(spc_set(s, "memory", "2K"), SPC_OK);
    assert_int_equal(spc_load(s, "m.sdl", program, strlen(program)), SPC_E_NOMEM);
    assert_non_null(strstr(spc_messages(s), "memory"));
    spc_session_free(s);
}

/* Every limit up to where it works either works or says SPC_E_NOMEM. */
static void every_limit_is_survived(void **state)
{
    (void)state;
    static const float w[8] = {1, 0, 2, 0, 0, 3, 0, 4};
    const spc_tensor tensor = {(void *)w, SPC_F32, 2, {2, 4}};
    bool worked = false;
    for (int kb = 1; kb < 4096 && !worked; kb = kb * 5 / 4 + 1) {
        char limit[32];
        spc_session *s = new_session();
        spc_module *m = NULL;
        snprintf(limit, sizeof limit, "%dK", kb);
        assert_int_equal(spc_set(s, "memory", limit), SPC_OK);
        assert_int_equal(spc_set(s, "layer", "f"), SPC_OK);
        assert_int_equal(spc_set(s, "backend", "interp"), SPC_OK);
        spc_status status = spc_load(s, "m.sdl", program, strlen(program));
        if (!status) status = spc_bind(s, "w", &tensor);
        if (!status) status = spc_jit(s, &m);
        if (status && status != SPC_E_NOMEM) fail_msg("%s: %s", limit, spc_messages(s));
        worked = !status;
        spc_module_free(m);
        spc_session_free(s);
    }
    assert_true(worked);
}

static void text_outputs_repeat(void **state)
{
    (void)state;
    char folder[] = "/tmp/spc-test-XXXXXX", path[2][64], text[2][8192];
    assert_non_null(mkdtemp(folder));
    spc_session *s = loaded(program);
    assert_int_equal(spc_set(s, "layer", "f"), SPC_OK);
    for (int i = 0; i < 2; i++) {
        snprintf(path[i], sizeof path[i], "%s/%d.txt", folder, i);
        if (spc_output(s, "kernel", path[i])) fail_msg("%s", spc_messages(s));
        FILE *file = fopen(path[i], "r");
        assert_non_null(file);
        text[i][fread(text[i], 1, sizeof text[i] - 1, file)] = 0;
        fclose(file);
        remove(path[i]);
    }
    assert_true(strlen(text[0]) > 0);
    assert_string_equal(text[0], text[1]);
    assert_int_equal(remove(folder), 0); /* nothing else is in it */
    assert_int_equal(spc_output(s, "novel", "-"), SPC_E_ARG);
    assert_int_equal(spc_output(s, "dump=novel", "-"), SPC_E_ARG);
    spc_session_free(s);
}

static void what_is_built_in(void **state)
{
    (void)state;
    char text[128];
    assert_true(strlen(spc_version()) > 0);
    for (int i = 0; spc_backend_at(i, text, sizeof text); i++) assert_non_null(strchr(text, '('));
    assert_null(spc_backend_at(-1, text, sizeof text));
    assert_null(spc_backend_at(0, NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_arguments),       cmocka_unit_test(options_are_checked),
        cmocka_unit_test(wrong_programs),       cmocka_unit_test(bindings_are_checked),
        cmocka_unit_test(signatures_and_shapes), cmocka_unit_test(memory_has_a_limit), cmocka_unit_test(tensors_that_are_none),
        cmocka_unit_test(every_limit_is_survived), cmocka_unit_test(text_outputs_repeat),
        cmocka_unit_test(what_is_built_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
