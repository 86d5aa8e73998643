/* Weights bound when a module is loaded, end to end: the same results as with embedded weights, bit for bit, from every
 * backend and from one library opened twice with different weights; what is refused; positions of 64 bits. */
#include "tests/unit/rt_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <pthread.h>
#include <spc/spc.h>
#include <stdbool.h>

enum { D = 16, H = 32, MAX_BATCH = 40 };

static const char program[] = "dim batch;\n"
                              "weight w1: f32[32, 16] sparse unstructured(density=0.25);\n"
                              "weight b1: f32[32];\n"
                              "weight w2: f32[16, 32] sparse 2:4 from \"fc2.weight\";\n"
                              "layer ffn(x: f32[batch, 16]) -> y: f32[batch, 16] {\n"
                              "    a = relu(linear(x, w1, b1));\n"
                              "    y = x + linear(a, w2);\n"
                              "}\n"
                              "layer twice(x: f32[batch]) -> y: f32[batch] { y = x + x; }\n";

/* Whole numbers, so that every sum is exact whatever the plan. */
typedef struct weights {
    float w1[H * D], b1[H], w2[D * H];
} weights;

static weights make_weights(unsigned state)
{
    weights w = {0};
    for (int i = 0; i < H * D; i++) {
        state = state * 1103515245u + 12345u;
        if ((state >> 16) % 4 == 0) w.w1[i] = (float)((int)(state >> 20) % 5 - 2);
        if (i % 4 != (int)(state >> 18) % 4 && i % 4 < 2) w.w2[i] = (float)((int)(state >> 24) % 3 + 1);
    }
    for (int i = 0; i < H; i++) w.b1[i] = (float)((int)state % 3 + i % 5);
    return w;
}

static void save_weights(const char *path, const weights *w)
{
    test_bytes file = make_safetensors("{\"w1\":{\"dtype\":\"F32\",\"shape\":[32,16],\"data_offsets\":[0,2048]},"
                                       "\"b1\":{\"dtype\":\"F32\",\"shape\":[32],\"data_offsets\":[2048,2176]},"
                                       "\"fc2.weight\":{\"dtype\":\"F32\",\"shape\":[16,32],\"data_offsets\":[2176,4224]}}",
                                       sizeof *w);
    memcpy(file.data + file.size - sizeof *w, w, sizeof *w);
    save(path, file.data, file.size);
}

static spc_session *session(const char *text, const char *backend)
{
    spc_session *s;
    assert_int_equal(spc_session_new(&s), SPC_OK);
    if ((backend && spc_set(s, "backend", backend)) || spc_load(s, "ffn.sdl", text, strlen(text)))
        fail_msg("%s", spc_messages(s));
    return s;
}

static spc_module *jit(spc_session *s)
{
    spc_module *m = NULL;
    if (spc_jit(s, &m)) fail_msg("%s", spc_messages(s));
    spc_session_free(s);
    return m;
}

static void run(const spc_module *m, int batch, float *y)
{
    float x[MAX_BATCH * D];
    const spc_tensor in = {x, SPC_F32, 2, {batch, D}}, out = {y, SPC_F32, 2, {batch, D}};
    for (int i = 0; i < batch * D; i++) x[i] = (float)(i % 9 - 4);
    if (spc_run(m, "ffn", &in, 1, &out, 1, NULL)) fail_msg("%s", spc_module_error(m));
}

static void bind_all(spc_module *m, const char *path)
{
    if (spc_module_bind_file(m, path)) fail_msg("%s", spc_module_error(m));
}

static void same_results(const spc_module *a, const spc_module *b)
{
    static const int batches[] = {1, 3, 8, 9, 16, 33, 40};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        float p[MAX_BATCH * D], q[MAX_BATCH * D];
        run(a, batches[i], p);
        run(b, batches[i], q);
        assert_memory_equal(p, q, (size_t)batches[i] * D * sizeof *p);
        bool any = false;
        for (int k = 0; k < batches[i] * D; k++) any = any || p[k] != 0;
        assert_true(any);
    }
}

/* A module with the weights of a file embedded. */
static spc_module *embedded(const char *path)
{
    spc_session *s = session(program, NULL);
    if (spc_bind_file(s, path)) fail_msg("%s", spc_messages(s));
    return jit(s);
}

static void every_backend_binds_late(void **state)
{
    (void)state;
    char name[64];
    const char *backends[] = {"reference", "interp", NULL, NULL};
    const weights w = make_weights(1);
    save_weights("late.safetensors", &w);
    spc_module *wanted = embedded("late.safetensors");
    for (int i = 0; i < 2 && spc_backend_at(i, name, sizeof name); i++) {
        name[strcspn(name, " ")] = 0;
        backends[2 + i] = strdup(name);
    }
    for (int i = 0; i < 4 && backends[i]; i++) {
        spc_module *m = jit(session(program, backends[i]));
        bind_all(m, "late.safetensors");
        same_results(wanted, m);
        assert_int_equal(spc_module_bind_file(m, "late.safetensors"), SPC_E_ARG);
        spc_module_free(m);
    }
    free((void *)(uintptr_t)backends[2]);
    free((void *)(uintptr_t)backends[3]);
    spc_module_free(wanted);
    unlink("late.safetensors");
}

static void missing_weights_are_named(void **state)
{
    (void)state;
    const weights w = make_weights(2);
    const spc_tensor w1 = {(void *)w.w1, SPC_F32, 2, {H, D}}, b1 = {(void *)w.b1, SPC_F32, 1, {H}};
    float x[D] = {0}, y[D];
    const spc_tensor in = {x, SPC_F32, 2, {1, D}}, out = {y, SPC_F32, 2, {1, D}};
    spc_module *m = jit(session(program, NULL));
    assert_int_equal(spc_module_bind(m, "w1", &w1), SPC_OK);
    assert_int_equal(spc_run(m, "ffn", &in, 1, &out, 1, NULL), SPC_E_ARG);
    assert_non_null(strstr(spc_module_error(m), "b1 (tensor \"b1\")"));
    assert_non_null(strstr(spc_module_error(m), "w2 (tensor \"fc2.weight\")"));
    assert_null(strstr(spc_module_error(m), "w1 (tensor"));
    assert_int_equal(spc_module_bind(m, "b1", &b1), SPC_OK);
    spc_module_free(m); /* never run */
}

static void wrong_weights_are_refused(void **state)
{
    (void)state;
    weights w = make_weights(3);
    spc_module *m = jit(session(program, NULL));
    const spc_tensor turned = {w.w1, SPC_F32, 2, {D, H}}, w2 = {w.w2, SPC_F32, 2, {D, H}};
    assert_int_equal(spc_module_bind(m, "w1", &turned), SPC_E_PROGRAM);
    assert_non_null(strstr(spc_module_error(m), "it is f32[16, 32], but weight 'w1' is declared f32[32, 16]"));
    spc_module_free(m);
    m = jit(session(program, NULL));
    for (int i = 0; i < 4; i++) w.w2[H + i] = 2;
    assert_int_equal(spc_module_bind(m, "w2", &w2), SPC_E_PROGRAM);
    assert_non_null(strstr(spc_module_error(m), "w2[1, 2]: error: 2 breaks the pattern 2:4"));
    spc_module_free(m);
}

typedef struct library {
    char folder[32], path[48], header[48];
} library;

/* The library without weights; false: there is no code generator. */
static bool emit(library *l, const char *text)
{
    spc_session *s = session(text, NULL);
    strcpy(l->folder, "/tmp/spc-test-XXXXXX");
    assert_non_null(mkdtemp(l->folder));
    snprintf(l->path, sizeof l->path, "%s/k.so", l->folder);
    snprintf(l->header, sizeof l->header, "%s/k.h", l->folder);
    const spc_status status = spc_emit(s, l->path);
    if (status && status != SPC_E_UNSUPPORTED) fail_msg("%s", spc_messages(s));
    spc_session_free(s);
    if (status) rmdir(l->folder);
    return status == SPC_OK;
}

static void discard(const library *l)
{
    assert_int_equal(remove(l->path), 0);
    assert_int_equal(remove(l->header), 0);
    assert_int_equal(remove(l->folder), 0);
}

static spc_module *open_library(const library *l)
{
    spc_module *m;
    if (spc_module_open(l->path, &m)) fail_msg("%s", spc_module_error(m));
    return m;
}

static void a_library_binds_late(void **state)
{
    (void)state;
    library l;
    const weights w = make_weights(4);
    if (!emit(&l, program)) skip();
    save_weights("late.safetensors", &w);
    spc_module *m = open_library(&l), *wanted = embedded("late.safetensors");
    float x[4] = {1, 2, 3, 4}, y[4 * D];
    const spc_tensor in = {x, SPC_F32, 1, {4}}, out = {y, SPC_F32, 1, {4}};
    bind_all(m, "late.safetensors");
    same_results(wanted, m);
    if (spc_run(m, "twice", &in, 1, &out, 1, NULL)) fail_msg("%s", spc_module_error(m));
    assert_true(y[3] == 8);

    void *code = dlopen(l.path, RTLD_NOW | RTLD_LOCAL); /* called directly */
    assert_non_null(code);
    int (*ffn)(int64_t, const float *, float *, const spc_exec *);
    int (*twice)(int64_t, const float *, float *, const spc_exec *);
    *(void **)&ffn = dlsym(code, "ffn");
    *(void **)&twice = dlsym(code, "twice");
    const spc_exec exec = {.size = sizeof exec, .threads = 1};
    float in_place[D] = {0};
    assert_int_equal(ffn(1, in_place, y, NULL), SPC_E_ARG);
    assert_int_equal(ffn(1, in_place, y, &exec), SPC_E_ARG);
    assert_int_equal(twice(4, x, y, NULL), SPC_OK);
    dlclose(code);
    spc_module_free(m);
    spc_module_free(wanted);
    discard(&l);
    unlink("late.safetensors");
}

typedef struct runner {
    const spc_module *module;
    float y[MAX_BATCH * D];
} runner;

static void *run_often(void *object)
{
    runner *r = object;
    for (int i = 0; i < 30; i++) run(r->module, MAX_BATCH, r->y);
    return NULL;
}

static void two_modules_of_one_library(void **state)
{
    (void)state;
    library l;
    if (!emit(&l, program)) skip();
    static const char *const paths[] = {"late0.safetensors", "late1.safetensors"};
    spc_module *modules[2], *wanted[2];
    runner runners[4] = {0};
    pthread_t threads[4];
    for (int i = 0; i < 2; i++) {
        const weights w = make_weights(10 + (unsigned)i);
        save_weights(paths[i], &w);
        modules[i] = open_library(&l);
        bind_all(modules[i], paths[i]);
        wanted[i] = embedded(paths[i]);
        unlink(paths[i]); /* still open */
    }
    for (int i = 0; i < 4; i++) { /* the first run of each module meets another one */
        runners[i].module = modules[i % 2];
        assert_int_equal(pthread_create(&threads[i], NULL, run_often, &runners[i]), 0);
    }
    float y[2][MAX_BATCH * D];
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        run(wanted[i % 2], MAX_BATCH, y[i % 2]);
        assert_memory_equal(runners[i].y, y[i % 2], sizeof y[0]);
    }
    assert_memory_not_equal(y[0], y[1], sizeof y[0]);
    for (int i = 0; i < 2; i++) {
        spc_module_free(modules[i]);
        spc_module_free(wanted[i]);
    }
    discard(&l);
}

static void embedding_can_be_required(void **state)
{
    (void)state;
    spc_module *m;
    spc_session *s = session(program, NULL);
    assert_int_equal(spc_set(s, "weights", "embedded"), SPC_OK);
    assert_int_equal(spc_jit(s, &m), SPC_E_PROGRAM);
    assert_non_null(strstr(spc_messages(s), "no data for weight \"w2\""));
    spc_session_free(s);
    const weights w = make_weights(5);
    const spc_tensor w1 = {(void *)w.w1, SPC_F32, 2, {H, D}};
    s = session(program, NULL);
    assert_int_equal(spc_bind(s, "w1", &w1), SPC_OK);
    assert_int_equal(spc_jit(s, &m), SPC_E_PROGRAM); /* some, but not all */
    spc_session_free(s);
}

static void explain_says_what_is_missing(void **state)
{
    (void)state;
    spc_session *s = session(program, NULL);
    const char *text = spc_explain(s, "ffn");
    assert_non_null(text);
    assert_non_null(strstr(text, "no data is bound, so density, row lengths and bytes are missing"));
    assert_non_null(strstr(text, "the planner counts on density 0.25 by the hint"));
    assert_non_null(strstr(text, "the planner counts on density 0.5 by the pattern"));
    spc_session_free(s);
}

/* So large that 32 bits may not hold a position: kernels and packing must agree on 64. */
static void wide_positions(void **state)
{
    (void)state;
    enum { N = 70000, NNZ = 5 };
    static const char text[] = "dim n;\nweight w: f32[70000, 70000] sparse unstructured(density=0.0001);\n"
                               "layer f(x: f32[n, 70000]) -> y: f32[n, 70000] { y = linear(x, w); }\n";
    static const char header[] = "{\"w.crow_indices\":{\"dtype\":\"I64\",\"shape\":[70001],\"data_offsets\":[0,560008]},"
                                 "\"w.col_indices\":{\"dtype\":\"I32\",\"shape\":[5],\"data_offsets\":[560008,560028]},"
                                 "\"w.values\":{\"dtype\":\"F32\",\"shape\":[5],\"data_offsets\":[560028,560048]}}";
    static const int rows[NNZ] = {0, 0, 3, 69999, 69999}, cols[NNZ] = {1, 69999, 2, 0, 69998};
    static const float values[NNZ] = {1, 2, 3, 4, 5};
    static const int batches[] = {2, 9};
    const uint64_t length = strlen(header);
    char *file = calloc(1, 8 + length + 560048);
    memcpy(file, &length, 8);
    memcpy(file + 8, header, length);
    for (int64_t row = 0; row <= N; row++) {
        int64_t start = 0;
        for (int i = 0; i < NNZ; i++) start += rows[i] < row;
        memcpy(file + 8 + length + 8 * row, &start, 8);
    }
    memcpy(file + 8 + length + 560008, cols, 20);
    memcpy(file + 8 + length + 560028, values, 20);
    save("wide.safetensors", file, 8 + length + 560048);
    free(file);
    spc_session *s = session(text, NULL);
    assert_int_equal(spc_set(s, "plan", "@*.* when n<=2: store=csr lanes=k; else store=csr lanes=batch"), SPC_OK);
    spc_module *m = jit(s);
    assert_non_null(strstr(spc_module_manifest(m), ":64\""));
    bind_all(m, "wide.safetensors");
    for (int b = 0; b < 2; b++) {
        float *x = calloc((size_t)batches[b] * N, 4), *y = calloc((size_t)batches[b] * N, 4);
        const spc_tensor in = {x, SPC_F32, 2, {batches[b], N}}, out = {y, SPC_F32, 2, {batches[b], N}};
        for (int64_t i = 0; i < (int64_t)batches[b] * N; i++) x[i] = (float)(i % 11);
        if (spc_run(m, "f", &in, 1, &out, 1, NULL)) fail_msg("%s", spc_module_error(m));
        for (int n = 0; n < batches[b]; n++) {
            double sum = 0, wanted = 0;
            for (int i = 0; i < N; i++) sum += (double)y[(int64_t)n * N + i];
            for (int i = 0; i < NNZ; i++) wanted += (double)(values[i] * x[(int64_t)n * N + cols[i]]);
            assert_true(sum == wanted);
            assert_true(y[(int64_t)n * N + 3] == 3 * x[(int64_t)n * N + 2]);
        }
        free(x);
        free(y);
    }
    spc_module_free(m);
    unlink("wide.safetensors");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_backend_binds_late),  cmocka_unit_test(missing_weights_are_named),
        cmocka_unit_test(wrong_weights_are_refused), cmocka_unit_test(a_library_binds_late),
        cmocka_unit_test(two_modules_of_one_library), cmocka_unit_test(embedding_can_be_required),
        cmocka_unit_test(explain_says_what_is_missing), cmocka_unit_test(wide_positions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
