/* Modules over fake code: manifests that must be refused, dims from shapes, everything spc_run checks, messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "runtime/module.h"
#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIMS "\"dims\":[{\"name\":\"batch\",\"lo\":0,\"hi\":9223372036854775807,\"step\":1}," \
             "{\"name\":\"seq\",\"lo\":16,\"hi\":64,\"step\":16},{\"name\":\"left\",\"lo\":0,\"hi\":9,\"step\":1}]"
#define PORT(name, dtype, shape) "{\"name\":\"" name "\",\"dtype\":\"" dtype "\",\"shape\":[" shape "]}"
#define LAYER(name, dims, in, out, scratch) \
    "{\"name\":\"" name "\",\"symbol\":\"code_" name "\",\"dims\":[" dims "],\"inputs\":[" in "],\"outputs\":[" out \
    "],\"scratch\":\"" scratch "\"}"
#define MANIFEST(abi, features, layers) \
    "{\"abi\":" abi ",\"spc\":\"0.1.0\",\"cpu\":\"some-cpu\",\"features\":\"" features "\"," DIMS \
    ",\"layers\":[" layers "],\"weights\":[{\"name\":\"w\",\"embedded\":true}],\"kernels\":[]}"

static const char layers[] = MANIFEST("1", "",
    LAYER("plain", "\"batch\"", PORT("x", "f32", "\"batch\",\"4\""), PORT("y", "f32", "\"2*batch\""), "batch*64*threads") ","
    LAYER("twice", "\"seq\",\"batch\"", PORT("x", "f32", "\"2*seq + 1\"") "," PORT("z", "u8", "\"batch\",\"batch\""),
          PORT("y", "f32", "\"seq/4\",\"batch\""), "0") ","
    LAYER("outer", "\"batch\"", "", PORT("y", "f64", "\"batch\""), "batch*9223372036854775807") ","
    LAYER("hidden", "\"left\"", PORT("x", "f32", "\"ceil(left, 2)\""), PORT("y", "f32", "\"1\""), "0") ","
    LAYER("scalar", "", PORT("x", "f32", ""), PORT("y", "f32", ""), "0") ","
    LAYER("failing", "", PORT("x", "f32", ""), PORT("y", "f32", ""), "0"));

/* What the fake code saw. */
typedef struct record {
    char layer[32];
    uint64_t words[16];
    size_t count;
    int released;
} record;

static int record_call(void *ctx, const char *layer, const uint64_t *words, size_t count, rt_error *error)
{
    (void)error;
    record *r = ctx;
    snprintf(r->layer, sizeof r->layer, "%s", layer);
    memcpy(r->words, words, count * sizeof *words);
    r->count = count;
    return strcmp(layer, "failing") == 0 ? SPC_E_NOMEM : 0;
}

static void record_release(void *ctx)
{
    ((record *)ctx)->released++;
}

static spc_module *make(record *r)
{
    const rt_code code = { .ctx = r, .call = record_call, .release = record_release };
    spc_module *m;
    rt_error error = { .text = "" };
    memset(r, 0, sizeof *r);
    if (rt_module_new(layers, &code, &m, &error))
        fail_msg("%s", error.text);
    return m;
}

static float floats[512];
#define F32(rank, ...) ((spc_tensor){ floats, SPC_F32, rank, { __VA_ARGS__ } })
#define F32_AT(offset, rank, ...) ((spc_tensor){ floats + (offset), SPC_F32, rank, { __VA_ARGS__ } })

static void check_refused(const spc_module *m, const char *layer, const spc_tensor *in, size_t nin,
                          const spc_tensor *out, size_t nout, const char *words)
{
    assert_int_equal(spc_run(m, layer, in, nin, out, nout, NULL), SPC_E_ARG);
    if (!strstr(spc_module_error(m), words))
        fail_msg("\"%s\" does not say \"%s\"", spc_module_error(m), words);
}

static void test_runs(void **state)
{
    (void)state;
    record r;
    spc_module *m = make(&r);
    assert_string_equal(spc_module_manifest(m), layers);
    spc_tensor in[2] = { F32(2, 3, 4) }, out = F32_AT(100, 1, 6);
    assert_int_equal(spc_run(m, "plain", in, 1, &out, 1, NULL), SPC_OK);
    assert_string_equal(r.layer, "plain");
    assert_int_equal(r.count, 4);
    assert_int_equal(r.words[0], 3);
    assert_int_equal(r.words[1], (uintptr_t)floats);
    assert_int_equal(r.words[2], (uintptr_t)(floats + 100));
    assert_int_equal(r.words[3], 0);
    unsigned char bytes[4] = { 0 };
    in[0] = F32(1, 33);
    in[1] = (spc_tensor){ bytes, SPC_U8, 2, { 2, 2 } };
    out = F32_AT(100, 2, 4, 2);
    const spc_exec exec = { .size = sizeof exec };
    assert_int_equal(spc_run(m, "twice", in, 2, &out, 1, &exec), SPC_OK);
    assert_int_equal(r.words[0], 16);
    assert_int_equal(r.words[1], 2);
    assert_int_equal(r.words[5], (uintptr_t)&exec);
    in[0] = F32(0, 0);
    out = F32_AT(1, 0, 0);
    assert_int_equal(spc_run(m, "scalar", in, 1, &out, 1, NULL), SPC_OK);
    assert_int_equal(r.count, 3);
    double doubles[5];
    out = (spc_tensor){ doubles, SPC_F64, 1, { 5 } };
    assert_int_equal(spc_run(m, "outer", NULL, 0, &out, 1, NULL), SPC_OK);
    assert_int_equal(r.words[0], 5);
    assert_string_equal(spc_module_error(m), "");
    assert_int_equal(r.released, 0);
    spc_module_free(m);
    assert_int_equal(r.released, 1);
}

static void test_empty_tensors(void **state)
{
    (void)state;
    record r;
    spc_module *m = make(&r);
    const spc_tensor in = { NULL, SPC_F32, 2, { 0, 4 } }, out = { NULL, SPC_F32, 1, { 0 } };
    assert_int_equal(spc_run(m, "plain", &in, 1, &out, 1, NULL), SPC_OK);
    assert_int_equal(r.words[0], 0);
    spc_module_free(m);
}

static void test_refused_tensors(void **state)
{
    (void)state;
    record r;
    spc_module *m = make(&r);
    spc_tensor in = F32(2, 3, 4), out = F32_AT(100, 1, 6);
    check_refused(m, "plain", &in, 0, &out, 1, "1 input, 0 given");
    check_refused(m, "plain", &in, 1, &out, 0, "1 result, 0 given");
    check_refused(m, "plain", NULL, 1, &out, 1, "NULL");
    check_refused(m, "other", &in, 1, &out, 1, "no layer other");
    check_refused(m, NULL, &in, 1, &out, 1, "NULL");
    in.dtype = SPC_F64;
    check_refused(m, "plain", &in, 1, &out, 1, "x is f64, layer plain wants f32");
    in.dtype = (spc_dtype)99;
    check_refused(m, "plain", &in, 1, &out, 1, "wants f32");
    in = F32(1, 12);
    check_refused(m, "plain", &in, 1, &out, 1, "rank 1, layer plain wants 2");
    in = F32(2, 3, 5);
    check_refused(m, "plain", &in, 1, &out, 1, "axis 1 is 5, layer plain wants 4");
    in = F32(2, -3, 4);
    check_refused(m, "plain", &in, 1, &out, 1, "negative");
    in = F32(2, INT64_MAX, 4);
    check_refused(m, "plain", &in, 1, &out, 1, "overflow");
    in = (spc_tensor){ NULL, SPC_F32, 2, { 3, 4 } };
    check_refused(m, "plain", &in, 1, &out, 1, "x: data is NULL");
    in = F32(2, 3, 4);
    out = F32_AT(100, 1, 7);
    check_refused(m, "plain", &in, 1, &out, 1, "y: axis 0 is 7, but 2*batch is 6");
    assert_int_equal(r.count, 0);
    spc_module_free(m);
}

static void test_refused_dims(void **state)
{
    (void)state;
    record r;
    spc_module *m = make(&r);
    unsigned char bytes[6];
    spc_tensor in[2] = { F32(1, 33), { bytes, SPC_U8, 2, { 2, 3 } } }, out = F32_AT(100, 2, 4, 2);
    check_refused(m, "twice", in, 2, &out, 1, "z: axis 1 is 3, but batch is 2");
    in[1].dims[1] = 2;
    in[0] = F32(1, 32);
    check_refused(m, "twice", in, 2, &out, 1, "axis 0 is 32, which 2*seq + 1 cannot be");
    in[0] = F32(1, 35);
    check_refused(m, "twice", in, 2, &out, 1, "dim seq is 17, its contract is 16..64 step 16");
    in[0] = F32(1, 161);
    check_refused(m, "twice", in, 2, &out, 1, "dim seq is 80");
    in[0] = F32(1, 2);
    out = F32_AT(100, 1, 1);
    check_refused(m, "hidden", in, 1, &out, 1, "dim left of layer hidden does not follow");
    assert_int_equal(r.count, 0);
    spc_module_free(m);
}

static void test_overlaps(void **state)
{
    (void)state;
    record r;
    spc_module *m = make(&r);
    const spc_tensor in = F32_AT(50, 2, 3, 4);
    spc_tensor out = F32_AT(61, 1, 6);
    check_refused(m, "plain", &in, 1, &out, 1, "result y overlaps x");
    out = F32_AT(45, 1, 6);
    check_refused(m, "plain", &in, 1, &out, 1, "result y overlaps x");
    out = F32_AT(62, 1, 6);
    assert_int_equal(spc_run(m, "plain", &in, 1, &out, 1, NULL), SPC_OK);
    out = F32_AT(44, 1, 6);
    assert_int_equal(spc_run(m, "plain", &in, 1, &out, 1, NULL), SPC_OK);
    spc_module_free(m);
}

static void test_scratch(void **state)
{
    (void)state;
    record r;
    spc_module *m = make(&r);
    const spc_tensor in = F32(2, 3, 4), out = F32_AT(100, 1, 6);
    size_t bytes = 0;
    assert_int_equal(spc_scratch_bytes(m, "plain", &in, 1, 2, &bytes), SPC_OK);
    assert_int_equal(bytes, 3 * 64 * 2);
    assert_int_equal(spc_scratch_bytes(m, "plain", &in, 1, -4, &bytes), SPC_OK);
    assert_int_equal(bytes, 3 * 64);
    assert_int_equal(spc_scratch_bytes(m, "plain", &in, 1, 1, NULL), SPC_E_ARG);
    assert_int_equal(spc_scratch_bytes(m, "outer", NULL, 0, 1, &bytes), SPC_E_ARG);
    const spc_exec named = { .size = sizeof named, .threads = 2, .dims = NULL }, old = { .size = sizeof(size_t) };
    assert_int_equal(spc_scratch_for(m, "plain", &in, 1, &named, &bytes), SPC_OK);
    assert_int_equal(bytes, 3 * 64 * 2);
    assert_int_equal(spc_scratch_for(m, "plain", &in, 1, &old, &bytes), SPC_OK);
    assert_int_equal(bytes, 3 * 64);
    assert_int_equal(spc_scratch_for(m, "plain", &in, 1, NULL, &bytes), SPC_OK);
    assert_int_equal(bytes, 3 * 64);
    char scratch[192];
    spc_exec exec = { .size = sizeof exec, .scratch = scratch, .scratch_bytes = 191 };
    assert_int_equal(spc_run(m, "plain", &in, 1, &out, 1, &exec), SPC_E_ARG);
    assert_non_null(strstr(spc_module_error(m), "191 bytes of scratch given, 192 needed"));
    exec.scratch_bytes = 192;
    assert_int_equal(spc_run(m, "plain", &in, 1, &out, 1, &exec), SPC_OK);
    exec.size = 8;
    assert_int_equal(spc_run(m, "plain", &in, 1, &out, 1, &exec), SPC_E_ARG);
    spc_module_free(m);
}

static void *fail_elsewhere(void *arg)
{
    const spc_module *m = arg;
    if (*spc_module_error(m))
        return arg;
    spc_run(m, "elsewhere", NULL, 0, NULL, 0, NULL);
    return strstr(spc_module_error(m), "no layer elsewhere") ? NULL : arg;
}

static void test_messages(void **state)
{
    (void)state;
    record r;
    spc_module *m = make(&r);
    const spc_tensor in = F32(0, 0), out = F32_AT(1, 0, 0);
    assert_int_equal(spc_run(m, "failing", &in, 1, &out, 1, NULL), SPC_E_NOMEM);
    assert_string_equal(spc_module_error(m), "layer failing: out of memory");
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        void *failed;
        assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, m), 0);
        assert_int_equal(pthread_join(thread, &failed), 0);
        assert_null(failed);
    }
    assert_string_equal(spc_module_error(m), "layer failing: out of memory");
    spc_module_free(m);
    assert_string_equal(spc_module_error(NULL), "");
    assert_string_equal(spc_module_manifest(NULL), "");
    spc_module_free(NULL);
}

/* ---- manifests ---- */

static int add_one(const float *x, float *y, const spc_exec *exec)
{
    (void)exec;
    *y = *x + 1;
    return 0;
}

static void *only_scalar(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "code_scalar") == 0 ? (void *)add_one : NULL;
}

static spc_status make_native(const char *manifest, record *r, spc_module **m, rt_error *error)
{
    const rt_code code = { .ctx = r, .symbol = only_scalar, .release = record_release };
    memset(r, 0, sizeof *r);
    return rt_module_new(manifest, &code, m, error);
}

static void test_native(void **state)
{
    (void)state;
    record r;
    spc_module *m;
    rt_error error;
    assert_int_equal(make_native(layers, &r, &m, &error), SPC_OK);
    floats[0] = 6.5f;
    const spc_tensor in = F32(0, 0), out = F32_AT(1, 0, 0);
    assert_int_equal(spc_run(m, "scalar", &in, 1, &out, 1, NULL), SPC_OK);
    assert_true(floats[1] == 7.5f);
    assert_int_equal(spc_run(m, "failing", &in, 1, &out, 1, NULL), SPC_E_ABI);
    assert_int_equal(spc_module_bind_file(m, "w.safetensors"), SPC_E_UNSUPPORTED);
    assert_non_null(strstr(spc_module_error(m), "weights are embedded in this module"));
    assert_int_equal(spc_module_bind(m, "w", NULL), SPC_E_ARG);
    spc_module_free(m);
}

static void check_manifest(const char *manifest, spc_status wanted, const char *words)
{
    record r;
    spc_module *m;
    rt_error error = { .text = "" };
    assert_int_equal(make_native(manifest, &r, &m, &error), wanted);
    assert_null(m);
    assert_int_equal(r.released, 1);
    if (!strstr(error.text, words))
        fail_msg("\"%s\" does not say \"%s\"", error.text, words);
}

#define ONE(dims, in, out, scratch) MANIFEST("1", "", LAYER("l", dims, in, out, scratch))

static void test_wrong_manifests(void **state)
{
    (void)state;
    check_manifest("", SPC_E_ABI, "manifest");
    check_manifest("{", SPC_E_ABI, "line 1");
    check_manifest("[]", SPC_E_ABI, "\"abi\"");
    check_manifest("{\"abi\":1,\"abi\":1}", SPC_E_ABI, "manifest");
    check_manifest(MANIFEST("2", "", ""), SPC_E_ABI, "ABI version 2");
    check_manifest(MANIFEST("\"1\"", "", ""), SPC_E_ABI, "\"abi\"");
    check_manifest(MANIFEST("1", "warp_drive", ""), SPC_E_UNSUPPORTED, "warp_drive");
    check_manifest(MANIFEST("1", "", "7"), SPC_E_ABI, "\"name\"");
    check_manifest(ONE("\"nowhere\"", "", "", "0"), SPC_E_ABI, "not declared");
    check_manifest(ONE("7", "", "", "0"), SPC_E_ABI, "not declared");
    check_manifest(ONE("", PORT("x", "f31", ""), "", "0"), SPC_E_ABI, "dtype");
    check_manifest(ONE("", PORT("x", "i4", ""), "", "0"), SPC_E_ABI, "dtype");
    check_manifest(ONE("", PORT("x", "f32", "\"batch\""), "", "0"), SPC_E_ABI, "extent");
    check_manifest(ONE("", PORT("x", "f32", "\"1 +\""), "", "0"), SPC_E_ABI, "extent");
    check_manifest(ONE("", PORT("x", "f32", "\"-1\""), "", "0"), SPC_E_ABI, "negative");
    check_manifest(ONE("", PORT("x", "f32", "1,1,1,1,1,1,1,1,1"), "", "0"), SPC_E_ABI, "shape");
    check_manifest(ONE("", "", "", "work"), SPC_E_ABI, "scratch");
}

static void test_missing_features(void **state)
{
    (void)state;
    /* No machine has both of these two makers' latest extensions; where one does, the module must load. */
    record r;
    spc_module *m;
    rt_error error;
    const spc_status status = make_native(MANIFEST("1", "sse3,amx_fp16,avx512fp16", ""), &r, &m, &error);
    if (status == SPC_OK) {
        spc_module_free(m);
        return;
    }
    assert_int_equal(status, SPC_E_UNSUPPORTED);
    assert_non_null(strstr(error.text, "compiled for some-cpu, but this CPU lacks"));
    assert_non_null(strstr(error.text, "amx_fp16"));
    assert_null(strstr(error.text, "sse3"));
}

static void test_open(void **state)
{
    (void)state;
    spc_module *m;
    assert_int_equal(spc_module_open("/nonexistent/kernels.so", &m), SPC_E_IO);
    assert_non_null(strstr(spc_module_error(m), "/nonexistent/kernels.so"));
    assert_int_equal(spc_run(m, "l", NULL, 0, NULL, 0, NULL), SPC_E_ARG);
    spc_module_free(m);
    assert_int_equal(spc_module_open(NULL, &m), SPC_E_ARG);
    spc_module_free(m);
    assert_int_equal(spc_module_open("/dev/null", &m), SPC_E_BACKEND);
    spc_module_free(m);
    Dl_info info;
    /* A function of libc that no sanitizer puts its own before. */
    assert_true(dladdr((void *)(uintptr_t)gnu_get_libc_version, &info));
    assert_int_equal(spc_module_open(info.dli_fname, &m), SPC_E_ABI);
    assert_non_null(strstr(spc_module_error(m), "spc_manifest"));
    spc_module_free(m);
    assert_int_equal(spc_module_open("x", NULL), SPC_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs),          cmocka_unit_test(test_empty_tensors),
        cmocka_unit_test(test_refused_tensors), cmocka_unit_test(test_refused_dims),
        cmocka_unit_test(test_overlaps),      cmocka_unit_test(test_scratch),
        cmocka_unit_test(test_messages),      cmocka_unit_test(test_native),
        cmocka_unit_test(test_wrong_manifests), cmocka_unit_test(test_missing_features),
        cmocka_unit_test(test_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
