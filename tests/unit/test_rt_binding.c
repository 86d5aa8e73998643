/* Weights bound at load time, over fake code: what the first run packs, what is refused and when, first runs that meet,
 * and manifests whose weights cannot be packed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "runtime/module.h"
#include "tests/unit/rt_files.h"
#include <pthread.h>
#include <stdatomic.h>

#define REQUEST "{\"dtype\":\"f32\",\"rows\":2,\"cols\":4,\"transposed\":false,\"ktile\":0,\"nnz\":-1,\"pad\":0,\"scale\":0}"
#define WEIGHT(name, weight, shape, storage, more)                                                                    \
    "{\"name\":\"" name "\",\"weight\":\"" weight "\",\"tensor\":\"t." weight "\",\"dtype\":\"f32\",\"shape\":[" shape     \
    "],\"storage\":\"" storage "\",\"embedded\":false" more "}"
#define CSR(name, pattern, request, arrays) \
    WEIGHT(name, "w", "\"2\",\"4\"", "csr", ",\"pattern\":\"" pattern "\",\"request\":" request ",\"arrays\":[" arrays "]")
#define ARRAYS "\"pos1:32\",\"crd1:8\",\"values:32\""
#define MANIFEST(weights)                                                                                             \
    "{\"abi\":1,\"spc\":\"0.1.0\",\"cpu\":\"c\",\"features\":\"\",\"dims\":[],\"layers\":[{\"name\":\"f\",\"symbol\":\"f\"," \
    "\"dims\":[],\"inputs\":[],\"outputs\":[{\"name\":\"y\",\"dtype\":\"f32\",\"shape\":[\"1\"]}],\"scratch\":\"0\"}],"    \
    "\"weights\":[" weights "],\"kernels\":[]}"
#define PLAIN WEIGHT("b", "b", "\"3\"", "plain", ",\"arrays\":[\"values:32\"]")
#define EMPTY WEIGHT("none", "none", "\"0\",\"3\"", "plain", ",\"arrays\":[\"values:32\"]")

static const char manifest[] = MANIFEST(CSR("w", "2:4", REQUEST, ARRAYS) "," PLAIN "," CSR("w.2", "2:4", REQUEST, ARRAYS));

typedef struct record {
    atomic_int runs;
    size_t size;
    int threads;
    const void *const *weights;
} record;

static int record_call(void *ctx, const char *layer, const uint64_t *words, size_t count, rt_error *error)
{
    (void)error;
    record *r = ctx;
    const spc_exec *exec = (const spc_exec *)(uintptr_t)words[count - 1];
    (void)layer;
    if (atomic_fetch_add(&r->runs, 1) == 0) {
        r->size = exec->size;
        r->threads = exec->threads;
        r->weights = exec->weights;
    }
    return exec->weights ? SPC_OK : SPC_E_INTERNAL;
}

static spc_module *make(const char *text, record *r)
{
    const rt_code code = {.ctx = r, .call = record_call};
    spc_module *m;
    rt_error error = {.text = ""};
    *r = (record){.size = 0};
    if (rt_module_new(text, &code, &m, &error))
        fail_msg("%s", error.text);
    return m;
}

static spc_status run(const spc_module *m, const spc_exec *exec)
{
    float y[1];
    const spc_tensor out = {y, SPC_F32, 1, {1}};
    return spc_run(m, "f", NULL, 0, &out, 1, exec);
}

static void says(const spc_module *m, const char *words)
{
    if (!strstr(spc_module_error(m), words))
        fail_msg("\"%s\" does not say \"%s\"", spc_module_error(m), words);
}

static const float matrix[8] = {0, 1, 0, 2, 3, 0, 0, 0}, vector[3] = {7, 8, 9};

static spc_status bind(spc_module *m, const char *weight, const float *data, int rank, int64_t a, int64_t b)
{
    const spc_tensor t = {(void *)data, SPC_F32, rank, {a, b}};
    return spc_module_bind(m, weight, &t);
}

static void check_table(const record *r)
{
    const uint32_t pos[] = {0, 2, 3};
    const float values[] = {1, 2, 3};
    assert_memory_equal(r->weights[0], pos, sizeof pos);
    assert_memory_equal(r->weights[1], "\1\3\0", 3);
    assert_memory_equal(r->weights[2], values, sizeof values);
    assert_memory_equal(r->weights[3], vector, sizeof vector);
    assert_memory_equal(r->weights[4], pos, sizeof pos);
    assert_memory_equal(r->weights[6], values, sizeof values);
    for (int i = 0; i < 7; i++)
        assert_int_equal((uintptr_t)r->weights[i] % 64, 0);
}

static void test_first_run_packs(void **state)
{
    (void)state;
    record r;
    float copied[8];
    size_t scratch = 1;
    memcpy(copied, matrix, sizeof copied);
    spc_module *m = make(manifest, &r);
    assert_int_equal(spc_scratch_bytes(m, "f", NULL, 0, 1, &scratch), SPC_OK); /* needs no weights */
    assert_int_equal(run(m, NULL), SPC_E_ARG);
    says(m, "no data is bound for these weights: w (tensor \"t.w\"), b (tensor \"t.b\"); see spc_module_bind_file");
    assert_int_equal(bind(m, "w", copied, 2, 2, 4), SPC_OK);
    memset(copied, 0, sizeof copied);
    assert_int_equal(run(m, NULL), SPC_E_ARG);
    says(m, "no data is bound for this weight: b (tensor \"t.b\")");
    assert_int_equal(bind(m, "b", vector, 1, 3, 0), SPC_OK);
    const spc_exec short_one = {.size = offsetof(spc_exec, weights), .threads = 3};
    assert_int_equal(run(m, &short_one), SPC_OK);
    assert_int_equal(r.size, sizeof(spc_exec));
    assert_int_equal(r.threads, 3);
    check_table(&r);
    assert_int_equal(bind(m, "w", matrix, 2, 2, 4), SPC_E_ARG);
    says(m, "weights are bound before the first run");
    assert_int_equal(spc_module_bind_file(m, "x.safetensors"), SPC_E_ARG);
    assert_int_equal(run(m, NULL), SPC_OK);
    spc_module_free(m);
}

/* One file for both weights: the first as CSR parts, the second plain; and files of one tensor. */
static void test_files(void **state)
{
    (void)state;
    record r;
    static const char header[] =
        "{\"t.w.crow_indices\":{\"dtype\":\"I32\",\"shape\":[3],\"data_offsets\":[0,12]},"
        "\"t.w.col_indices\":{\"dtype\":\"I32\",\"shape\":[3],\"data_offsets\":[12,24]},"
        "\"t.w.values\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,36]},"
        "\"t.b\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[36,48]},"
        "\"other\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[48,49]}}";
    const struct {
        int32_t crow[3], col[3];
        float values[3], vector[3];
    } data = {{0, 2, 3}, {1, 3, 0}, {1, 2, 3}, {7, 8, 9}};
    test_bytes file = make_safetensors(header, 49);
    memcpy(file.data + file.size - 49, &data, 48);
    save("rt_binding.safetensors", file.data, file.size);
    spc_module *m = make(manifest, &r);
    if (spc_module_bind_file(m, "rt_binding.safetensors") || run(m, NULL))
        fail_msg("%s", spc_module_error(m));
    unlink("rt_binding.safetensors");
    check_table(&r); /* packed: the file is not needed any more */
    spc_module_free(m);
    static const char mtx[] = "%%MatrixMarket matrix coordinate real general\n2 4 3\n1 2 1\n1 4 2\n2 1 3\n";
    test_bytes npy = make_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", vector, sizeof vector);
    save("rt_binding.npy", npy.data, npy.size);
    save("rt_binding.mtx", mtx, strlen(mtx));
    m = make(manifest, &r);
    assert_int_equal(spc_module_bind_file(m, "c=rt_binding.npy"), SPC_E_ARG);
    says(m, "no layer of this module uses a weight \"c\"");
    assert_int_equal(spc_module_bind_file(m, "rt_binding.npy"), SPC_E_ARG);
    assert_int_equal(spc_module_bind_file(m, "no_such.safetensors"), SPC_E_IO);
    if (spc_module_bind_file(m, "b=rt_binding.npy") || spc_module_bind_file(m, "w=rt_binding.mtx") || run(m, NULL))
        fail_msg("%s", spc_module_error(m));
    check_table(&r);
    spc_module_free(m);
}

static void test_wrong_data(void **state)
{
    (void)state;
    record r;
    static const float full[8] = {1, 1, 1, 0, 0, 5, 6, 7};
    spc_module *m = make(manifest, &r);
    assert_int_equal(bind(m, "c", matrix, 2, 2, 4), SPC_E_ARG);
    assert_int_equal(spc_module_bind(m, "w", NULL), SPC_E_ARG);
    assert_int_equal(spc_module_bind_file(m, NULL), SPC_E_ARG);
    assert_int_equal(spc_module_bind_file(NULL, "w"), SPC_E_ARG);
    assert_int_equal(bind(m, "w", matrix, 9, 2, 4), SPC_E_ARG);
    assert_int_equal(bind(m, "w", full, 2, 4, 2), SPC_E_PROGRAM);
    says(m, "memory: w: error: it is f32[4, 2], but weight 'w' is declared f32[2, 4]");
    assert_int_equal(bind(m, "w", full, 2, 2, 4), SPC_E_PROGRAM);
    says(m, "memory: w[0, 2]: error: 1 breaks the pattern 2:4; surplus elements in all: 2");
    assert_int_equal(bind(m, "b", vector, 1, 3, 0), SPC_OK);
    assert_int_equal(run(m, NULL), SPC_E_ARG); /* what was refused is not bound */
    says(m, "no data is bound for this weight: w");
    assert_int_equal(bind(m, "w", matrix, 2, 2, 4), SPC_OK);
    assert_int_equal(bind(m, "w", matrix, 2, 2, 4), SPC_E_ARG); /* bound twice */
    assert_int_equal(run(m, NULL), SPC_OK);
    check_table(&r);
    spc_module_free(m);
    test_bytes npy = make_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }", full, sizeof full);
    save("rt_binding.npy", npy.data, npy.size);
    m = make(manifest, &r);
    assert_int_equal(spc_module_bind_file(m, "w=rt_binding.npy"), SPC_E_PROGRAM);
    says(m, "rt_binding.npy: w[0, 2]: error: 1 breaks the pattern 2:4");
    test_bytes right = make_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }", matrix, sizeof matrix);
    save("rt_right.npy", right.data, right.size);
    assert_int_equal(spc_module_bind_file(m, "w=rt_right.npy"), SPC_OK);
    assert_int_equal(spc_module_bind_file(m, "w=rt_binding.npy"), SPC_E_PROGRAM);
    says(m, "found twice");
    assert_int_equal(bind(m, "w", matrix, 2, 2, 4), SPC_OK); /* memory comes before files */
    assert_int_equal(bind(m, "b", vector, 1, 3, 0), SPC_OK);
    assert_int_equal(run(m, NULL), SPC_OK);
    check_table(&r);
    spc_module_free(m);
}

static void test_nothing_in_it(void **state)
{
    (void)state;
    record r;
    spc_module *m = make(MANIFEST(EMPTY), &r);
    assert_int_equal(bind(m, "none", vector, 2, 0, 3), SPC_OK);
    assert_int_equal(run(m, NULL), SPC_OK);
    assert_non_null(r.weights[0]);
    spc_module_free(m);
    m = make(MANIFEST(""), &r); /* nothing to bind */
    assert_int_equal(bind(m, "w", matrix, 2, 2, 4), SPC_E_UNSUPPORTED);
    spc_module_free(m);
}

static void *run_first(void *object)
{
    return (void *)(uintptr_t)run(object, NULL);
}

static void test_first_runs_meet(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        record r;
        pthread_t threads[4];
        spc_module *m = make(manifest, &r);
        assert_int_equal(bind(m, "w", matrix, 2, 2, 4), SPC_OK);
        assert_int_equal(bind(m, "b", vector, 1, 3, 0), SPC_OK);
        for (int i = 0; i < 4; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, run_first, m), 0);
        for (int i = 0; i < 4; i++) {
            void *status;
            pthread_join(threads[i], &status);
            assert_null(status);
        }
        assert_int_equal(r.runs, 4);
        check_table(&r);
        spc_module_free(m);
    }
}

static void test_manifests(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        {MANIFEST("{\"name\":\"w\",\"embedded\":false}"), "\"weight\" is missing"},
        {MANIFEST(WEIGHT("w", "w", "\"n\"", "plain", "")), "\"shape\" of a weight holds no constant extents"},
        {MANIFEST(WEIGHT("w", "w", "\"-1\"", "plain", "")), "\"shape\" of a weight holds no constant extents"},
        {MANIFEST(WEIGHT("w", "w", "\"4294967296\",\"4294967296\"", "plain", "")), "\"shape\""},
        {MANIFEST(WEIGHT("w", "w", "\"2\",\"4\"", "csr", "")), "\"dtype\" of a storage is missing"},
        {MANIFEST(CSR("w", "9:4", REQUEST, ARRAYS)), "\"pattern\" of a weight is not known"},
        {MANIFEST(CSR("w", "2:4", "{\"dtype\":\"f32\",\"rows\":2}", ARRAYS)), "\"cols\" is missing"},
        {MANIFEST(WEIGHT("w", "w", "\"2\",\"4\"", "heap", ",\"request\":" REQUEST)), "\"storage\" of a weight cannot be made"},
        {MANIFEST(CSR("w", "2:4", REQUEST, "\"pos1:64\",\"crd1:8\",\"values:32\"")), "other arrays in this version"},
        {MANIFEST(CSR("w", "2:4", REQUEST, "\"pos1:32\",\"crd1:8\"")), "other arrays in this version"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        record r;
        const rt_code code = {.ctx = &r, .call = record_call};
        spc_module *m;
        rt_error error = {.text = ""};
        assert_int_equal(rt_module_new(bad[i].text, &code, &m, &error), SPC_E_ABI);
        assert_null(m);
        if (!strstr(error.text, bad[i].message))
            fail_msg("%zu: %s", i, error.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_run_packs), cmocka_unit_test(test_files), cmocka_unit_test(test_wrong_data),
        cmocka_unit_test(test_nothing_in_it), cmocka_unit_test(test_first_runs_meet), cmocka_unit_test(test_manifests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
