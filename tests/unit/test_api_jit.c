/* spc_jit from outside: the module outlives its session, runs in several threads at once, allocates nothing when scratch
 * is given, and refuses tensors that do not fit. Every backend computes the same exact sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <spc/spc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { D = 24, H = 40, MAX_BATCH = 70 };

static const char program[] = "dim batch;\n"
                              "weight w1: f32[40, 24] sparse unstructured;\n"
                              "weight b1: f32[40];\n"
                              "weight w2: f32[24, 40] sparse unstructured;\n"
                              "layer ffn(x: f32[batch, 24]) -> y: f32[batch, 24] {\n"
                              "    a = relu(linear(x, w1, b1));\n"
                              "    y = x + linear(a, w2);\n"
                              "}\n";

/* ---- counting allocations: these definitions stand before libc's ---- */

#ifndef SPC_SANITIZED
#define COUNTS_ALLOCATIONS 1
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
static atomic_long allocations;

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}
void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}
void *realloc(void *old, size_t size)
{
    allocations++;
    return __libc_realloc(old, size);
}
void *aligned_alloc(size_t alignment, size_t size)
{
    allocations++;
    return __libc_memalign(alignment, size);
}
int posix_memalign(void **out, size_t alignment, size_t size)
{
    allocations++;
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : 12;
}
#endif

/* ---- the layer ---- */

typedef struct data {
    float w1[H * D], b1[H], w2[D * H], x[MAX_BATCH * D], y[MAX_BATCH * D];
} data;

static data *make_data(void)
{
    data *d = calloc(1, sizeof *d);
    unsigned state = 1;
    float *const arrays[] = {d->w1, d->w2};
    for (int a = 0; a < 2; a++)
        for (int i = 0; i < H * D; i++) {
            state = state * 1103515245u + 12345u;
            arrays[a][i] = (state >> 16) % 4 ? 0 : (float)((int)(state >> 20) % 5 - 2);
        }
    for (int i = 0; i < H; i++) d->b1[i] = (float)(i % 5 - 2);
    for (int i = 0; i < MAX_BATCH * D; i++) d->x[i] = (float)(i % 9 - 4);
    return d;
}

static void expect(const data *d, int batch)
{
    for (int n = 0; n < batch; n++) {
        float a[H];
        for (int h = 0; h < H; h++) {
            a[h] = d->b1[h];
            for (int i = 0; i < D; i++) a[h] += d->w1[h * D + i] * d->x[n * D + i];
            if (a[h] < 0) a[h] = 0;
        }
        for (int o = 0; o < D; o++) {
            float y = d->x[n * D + o];
            for (int h = 0; h < H; h++) y += d->w2[o * H + h] * a[h];
            if (y != d->y[n * D + o]) fail_msg("batch %d: y[%d, %d] is %g, not %g", batch, n, o, d->y[n * D + o], y);
        }
    }
}

static spc_module *compile(const char *backend, const data *d)
{
    spc_session *s;
    spc_module *m = NULL;
    const spc_tensor w1 = {(void *)d->w1, SPC_F32, 2, {H, D}}, b1 = {(void *)d->b1, SPC_F32, 1, {H}};
    const spc_tensor w2 = {(void *)d->w2, SPC_F32, 2, {D, H}};
    assert_int_equal(spc_session_new(&s), SPC_OK);
    if ((backend && spc_set(s, "backend", backend)) || spc_load(s, "ffn.sdl", program, strlen(program)) ||
        spc_bind(s, "w1", &w1) || spc_bind(s, "b1", &b1) || spc_bind(s, "w2", &w2) || spc_jit(s, &m))
        fail_msg("%s", spc_messages(s));
    spc_session_free(s); /* before the first run */
    return m;
}

static spc_status run(const spc_module *m, data *d, int batch, const spc_exec *exec)
{
    const spc_tensor in = {d->x, SPC_F32, 2, {batch, D}}, out = {d->y, SPC_F32, 2, {batch, D}};
    memset(d->y, 0xff, sizeof d->y);
    return spc_run(m, "ffn", &in, 1, &out, 1, exec);
}

static const char *first_backend(char *name, size_t size)
{
    if (!spc_backend_at(0, name, size)) return "interp";
    name[strcspn(name, " ")] = 0;
    return name;
}

static void every_backend_is_exact(void **state)
{
    (void)state;
    char name[64];
    const char *const backends[] = {"reference", "interp", first_backend(name, sizeof name)};
    static const int batches[] = {0, 1, 2, 8, 15, 16, 33, 64, 70};
    data *d = make_data();
    for (size_t b = 0; b < sizeof backends / sizeof *backends; b++) {
        spc_module *m = compile(backends[b], d);
        for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
            if (run(m, d, batches[i], NULL)) fail_msg("%s: %s", backends[b], spc_module_error(m));
            expect(d, batches[i]);
        }
        spc_module_free(m);
    }
    free(d);
}

static void tensors_are_checked(void **state)
{
    (void)state;
    data *d = make_data();
    spc_module *m = compile(NULL, d);
    const spc_tensor good = {d->x, SPC_F32, 2, {3, D}}, out = {d->y, SPC_F32, 2, {3, D}};
    spc_tensor wrong = good;
    wrong.dims[1] = D + 1;
    assert_int_equal(spc_run(m, "ffn", &wrong, 1, &out, 1, NULL), SPC_E_ARG);
    wrong = good;
    wrong.dtype = SPC_F64;
    assert_int_equal(spc_run(m, "ffn", &wrong, 1, &out, 1, NULL), SPC_E_ARG);
    wrong = out;
    wrong.dims[0] = 4;
    assert_int_equal(spc_run(m, "ffn", &good, 1, &wrong, 1, NULL), SPC_E_ARG);
    assert_int_equal(spc_run(m, "ffm", &good, 1, &out, 1, NULL), SPC_E_ARG);
    assert_int_equal(spc_run(m, "ffn", &good, 0, &out, 1, NULL), SPC_E_ARG);
    assert_true(strlen(spc_module_error(m)) > 0);
    const spc_exec small = {.size = sizeof small, .threads = 1, .scratch = d->y, .scratch_bytes = 1};
    size_t need = 0;
    assert_int_equal(spc_scratch_bytes(m, "ffn", &good, 1, 1, &need), SPC_OK);
    if (need > 1) assert_int_equal(spc_run(m, "ffn", &good, 1, &out, 1, &small), SPC_E_ARG);
    spc_module_free(m);
    free(d);
}

static void given_scratch_allocates_nothing(void **state)
{
    (void)state;
#ifndef COUNTS_ALLOCATIONS
    skip(); /* a sanitizer owns malloc */
#else
    data *d = make_data();
    spc_module *m = compile(NULL, d);
    const spc_tensor in = {d->x, SPC_F32, 2, {64, D}};
    size_t need = 0;
    assert_int_equal(spc_scratch_bytes(m, "ffn", &in, 1, 1, &need), SPC_OK);
    const spc_exec exec = {.size = sizeof exec, .threads = 1, .scratch = aligned_alloc(64, need / 64 * 64 + 64), .scratch_bytes = need};
    const long before = allocations;
    assert_int_equal(run(m, d, 64, &exec), SPC_OK);
    assert_int_equal(allocations, before);
    expect(d, 64);
    assert_true(before > 0); /* the counter counts */
    free(exec.scratch);
    spc_module_free(m);
    free(d);
#endif
}

typedef struct runner {
    spc_module *module;
    data *data;
    int batch;
    spc_status status;
} runner;

static void *run_often(void *object)
{
    runner *r = object;
    for (int i = 0; i < 50 && !r->status; i++) r->status = run(r->module, r->data, r->batch, NULL);
    return NULL;
}

static void many_threads_run_at_once(void **state)
{
    (void)state;
    char name[64];
    const char *const backends[] = {"interp", first_backend(name, sizeof name)};
    for (int b = 0; b < 2; b++) {
        pthread_t threads[3];
        runner runners[3];
        data *d = make_data();
        spc_module *m = compile(backends[b], d);
        for (int i = 0; i < 3; i++) {
            runners[i] = (runner){m, make_data(), 5 + 20 * i, SPC_OK};
            assert_int_equal(pthread_create(&threads[i], NULL, run_often, &runners[i]), 0);
        }
        for (int i = 0; i < 3; i++) {
            pthread_join(threads[i], NULL);
            assert_int_equal(runners[i].status, SPC_OK);
            expect(runners[i].data, runners[i].batch);
            free(runners[i].data);
        }
        spc_module_free(m);
        free(d);
    }
}

static void *compile_and_run(void *object)
{
    runner *r = object;
    spc_module *m = compile(NULL, r->data);
    r->status = run(m, r->data, r->batch, NULL);
    spc_module_free(m);
    return NULL;
}

static void many_sessions_compile_at_once(void **state)
{
    (void)state;
    pthread_t threads[3];
    runner runners[3];
    for (int i = 0; i < 3; i++) {
        runners[i] = (runner){NULL, make_data(), 3 + i, SPC_OK};
        assert_int_equal(pthread_create(&threads[i], NULL, compile_and_run, &runners[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(runners[i].status, SPC_OK);
        expect(runners[i].data, runners[i].batch);
        free(runners[i].data);
    }
}

static void a_pool_gives_the_same_bits(void **state)
{
    (void)state;
    data *d = make_data();
    spc_module *m = compile(NULL, d);
    spc_pool *pool;
    assert_int_equal(spc_pool_new(3, &pool), SPC_OK);
    const spc_exec exec = spc_pool_exec(pool);
    assert_int_equal(run(m, d, MAX_BATCH, &exec), SPC_OK);
    expect(d, MAX_BATCH);
    spc_pool_free(pool);
    spc_module_free(m);
    free(d);
}

static void a_library_runs_as_the_jit_does(void **state)
{
    (void)state;
    char folder[] = "/tmp/spc-test-XXXXXX", path[64], header[64];
    data *d = make_data();
    spc_session *s;
    spc_module *m = NULL;
    const spc_tensor w1 = {d->w1, SPC_F32, 2, {H, D}}, b1 = {d->b1, SPC_F32, 1, {H}}, w2 = {d->w2, SPC_F32, 2, {D, H}};
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/k.so", folder);
    snprintf(header, sizeof header, "%s/k.h", folder);
    assert_int_equal(spc_session_new(&s), SPC_OK);
    if (spc_load(s, "ffn.sdl", program, strlen(program)) || spc_bind(s, "w1", &w1) || spc_bind(s, "b1", &b1) ||
        spc_bind(s, "w2", &w2))
        fail_msg("%s", spc_messages(s));
    const spc_status status = spc_emit(s, path);
    if (status == SPC_E_UNSUPPORTED) { /* no code generator */
        spc_session_free(s);
        free(d);
        skip();
    }
    if (status) fail_msg("%s", spc_messages(s));
    spc_session_free(s);
    if (spc_module_open(path, &m)) fail_msg("%s", spc_module_error(m));
    assert_non_null(strstr(spc_module_manifest(m), "\"ffn\""));
    assert_int_equal(run(m, d, 19, NULL), SPC_OK);
    expect(d, 19);
    spc_module_free(m);
    assert_int_equal(remove(path), 0);
    assert_int_equal(remove(header), 0);
    assert_int_equal(remove(folder), 0);
    free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_backend_is_exact),        cmocka_unit_test(tensors_are_checked),
        cmocka_unit_test(given_scratch_allocates_nothing), cmocka_unit_test(many_threads_run_at_once),
        cmocka_unit_test(many_sessions_compile_at_once), cmocka_unit_test(a_pool_gives_the_same_bits),
        cmocka_unit_test(a_library_runs_as_the_jit_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
