/* NumPy files: what is read, what is refused, and that writing is whole or not at all. */
#include "runtime/npy.h"
#include "tests/unit/rt_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <dirent.h>
#include <sys/mman.h>
#include <cmocka.h>

#define DICT(descr, order, shape) "{'descr': '" descr "', 'fortran_order': " order ", 'shape': " shape ", }"

static spc_status read_bytes(const test_bytes *file, spc_dtype expect, rt_npy *out, rt_error *e)
{
    save("rt_npy_test.npy", file->data, file->size);
    return rt_npy_read("rt_npy_test.npy", expect, out, e);
}

static rt_npy must_read(const char *dict, const void *data, size_t size, spc_dtype expect)
{
    test_bytes file = make_npy(dict, data, size);
    rt_npy npy;
    rt_error error = {0};
    if (read_bytes(&file, expect, &npy, &error) != SPC_OK)
        fail_msg("%s: %s", dict, error.text);
    return npy;
}

static void test_orders(void **state)
{
    (void)state;
    const float ordered[6] = {1, 2, 3, 4, 5, 6};
    const float fortran[6] = {1, 4, 2, 5, 3, 6};
    rt_npy a = must_read(DICT("<f4", "False", "(2, 3)"), ordered, 24, 0);
    rt_npy b = must_read(DICT("<f4", "True", "(2, 3)"), fortran, 24, 0);
    assert_int_equal(a.tensor.rank, 2);
    assert_int_equal(a.tensor.dims[1], 3);
    assert_memory_equal(a.tensor.data, ordered, 24);
    assert_memory_equal(b.tensor.data, ordered, 24);
    rt_npy_free(&a);
    rt_npy_free(&b);
    const unsigned char big[8] = {0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0};
    const float values[2] = {1, -2};
    a = must_read(DICT(">f4", "False", "(2,)"), big, 8, 0);
    assert_memory_equal(a.tensor.data, values, 8);
    rt_npy_free(&a);
    const int8_t cube[8] = {0, 4, 2, 6, 1, 5, 3, 7}; /* Fortran order of 2 x 2 x 2 */
    const int8_t counted[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    a = must_read(DICT("|i1", "True", "(2, 2, 2)"), cube, 8, 0);
    assert_memory_equal(a.tensor.data, counted, 8);
    rt_npy_free(&a);
}

static void test_dtypes_and_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *dict;
        size_t size;
        spc_dtype dtype;
    } good[] = {
        {DICT("<f2", "False", "(1,)"), 2, SPC_F16}, {DICT("<f8", "False", "()"), 8, SPC_F64},
        {DICT("|i1", "False", "(3L,)"), 3, SPC_I8}, {DICT("|u1", "False", "(0, 7)"), 0, SPC_U8},
        {DICT("<i4", "True", "()"), 4, SPC_I32}, {DICT("|b1", "False", "(2, 1, 1)"), 2, SPC_BOOL},
        {DICT("=f4", "False", "(1,)"), 4, SPC_F32}, {DICT("<u2", "False", "(2,)"), 4, SPC_BF16},
        {"{\"shape\":(2,),'fortran_order':False,'descr':'<f4'}\n", 8, SPC_F32},
    };
    const unsigned char zeros[16] = {0};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        rt_npy npy = must_read(good[i].dict, zeros, good[i].size, SPC_BF16);
        assert_int_equal(npy.tensor.dtype, good[i].dtype);
        rt_npy_free(&npy);
    }
    test_bytes file = make_npy(DICT("<u2", "False", "(2,)"), zeros, 4);
    rt_npy npy;
    rt_error error = {0};
    assert_int_equal(read_bytes(&file, SPC_F32, &npy, &error), SPC_E_PROGRAM);
    assert_non_null(strstr(error.text, "uint16"));
    assert_null(npy.owned);
}

static void test_versions(void **state)
{
    (void)state;
    for (unsigned char version = 0; version < 5; version++) {
        const char *dict = DICT("|u1", "False", "(1,)");
        test_bytes file = {.size = 12 + strlen(dict) + 1};
        memcpy(file.data, "\x93NUMPY\x02", 8);
        file.data[6] = version;
        file.data[8] = (unsigned char)strlen(dict);
        size_t begin = version == 1 ? 10 : 12;
        memcpy(file.data + begin, dict, strlen(dict));
        file.data[begin + strlen(dict)] = 77;
        file.size = begin + strlen(dict) + 1;
        rt_npy npy;
        spc_status status = read_bytes(&file, 0, &npy, NULL);
        assert_int_equal(status, version >= 1 && version <= 3 ? SPC_OK : SPC_E_PROGRAM);
        if (status == SPC_OK)
            assert_int_equal(*(unsigned char *)npy.tensor.data, 77);
        rt_npy_free(&npy);
    }
}

static const struct {
    const char *dict;
    size_t size;
    const char *message;
} bad[] = {
    {"", 0, "not a dict"},
    {"[]", 0, "not a dict"},
    {"{", 0, "key was expected"},
    {"{}", 0, "missing"},
    {DICT("<i8", "False", "(1,)"), 8, "int64"},
    {DICT("<c8", "False", "(1,)"), 8, "none of SDL's"},
    {DICT("|f4", "False", "(1,)"), 4, "none of SDL's"},
    {DICT("f4", "False", "(1,)"), 4, "none of SDL's"},
    {DICT("", "False", "(1,)"), 4, "none of SDL's"},
    {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", 4, "plain dtype"},
    {DICT("<f4", "0", "(1,)"), 4, "True or False"},
    {DICT("<f4", "False", "(2)"), 8, "not a tuple"},
    {DICT("<f4", "False", "[2]"), 8, "not a tuple"},
    {DICT("<f4", "False", "(-1,)"), 8, "natural number"},
    {DICT("<f4", "False", "(99999999999999999999,)"), 8, "natural number"},
    {DICT("<f4", "False", "(4294967296, 4294967296)"), 8, "too large"},
    {DICT("<f4", "False", "(4611686018427387904,)"), 8, "too large"},
    {DICT("<f4", "False", "(1, 1, 1, 1, 1, 1, 1, 1, 1)"), 4, "over 8 axes"},
    {DICT("<f4", "False", "(2,)"), 7, "7 bytes follow its header, but its shape and dtype take 8"},
    {DICT("<f4", "False", "(2,)"), 9, "9 bytes follow"},
    {DICT("<f4", "False", "(1000000000000,)"), 8, "take 4000000000000"},
    {"{'descr': '<f4', 'descr': '<f4'}", 0, "comes twice"},
    {"{'color': '<f4'}", 0, "unknown key"},
    {"{'descr': '<f4'", 0, "does not end"},
    {DICT("<f4", "False", "(1,)") "x", 4, "something follows"},
    {"{'descr", 0, "key was expected"},
    {"{'descr': '<f4", 0, "plain dtype"},
};

static void test_malformed(void **state)
{
    (void)state;
    const unsigned char zeros[16] = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        test_bytes file = make_npy(bad[i].dict, zeros, bad[i].size);
        rt_npy npy;
        rt_error error = {0};
        assert_int_equal(read_bytes(&file, 0, &npy, &error), SPC_E_PROGRAM);
        if (!strstr(error.text, bad[i].message) || strncmp(error.text, "rt_npy_test.npy: error: ", 24))
            fail_msg("%s: %s", bad[i].dict, error.text);
        assert_null(npy.owned);
    }
    const unsigned char two = 2;
    test_bytes file = make_npy(DICT("|b1", "False", "(1,)"), &two, 1);
    assert_int_equal(read_bytes(&file, 0, &(rt_npy){0}, NULL), SPC_E_PROGRAM);
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    const float value = 1;
    test_bytes file = make_npy(DICT("<f4", "False", "(1,)"), &value, 4);
    for (size_t size = 0; size < file.size; size++) {
        unsigned char *exact = malloc(size + 1);
        memcpy(exact, file.data, size);
        rt_npy_header header;
        assert_int_equal(rt_npy_parse(exact, size, "f", &header, NULL), SPC_E_PROGRAM);
        free(exact);
    }
}

static void test_write_and_read(void **state)
{
    (void)state;
    static const int64_t shapes[][3] = {{-1}, {5, -1}, {0, 4, -1}, {2, 3, 4}};
    unsigned char data[24 * 8];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i % 2); /* bools stay bools */
    for (int dtype = SPC_F32; dtype <= SPC_BOOL; dtype++)
        for (int s = 0; s < 4; s++) {
            spc_tensor t = {.data = data, .dtype = (spc_dtype)dtype};
            while (t.rank < 3 && shapes[s][t.rank] >= 0) {
                t.dims[t.rank] = shapes[s][t.rank];
                t.rank++;
            }
            spc_status status = rt_npy_write("rt_npy_out.npy", &t, NULL);
            assert_int_equal(status, dtype == SPC_I4 ? SPC_E_ARG : SPC_OK);
            if (status != SPC_OK)
                continue;
            rt_npy back;
            assert_int_equal(rt_npy_read("rt_npy_out.npy", t.dtype, &back, NULL), SPC_OK);
            assert_int_equal(back.tensor.dtype, dtype);
            assert_int_equal(back.tensor.rank, t.rank);
            assert_memory_equal(back.tensor.dims, t.dims, sizeof t.dims);
            int64_t count = 1;
            for (int i = 0; i < t.rank; i++)
                count *= t.dims[i];
            assert_memory_equal(back.tensor.data, data, (size_t)rt_dtype_bytes(t.dtype, count));
            rt_npy_free(&back);
        }
}

static int files_here(void)
{
    int count = 0;
    DIR *here = opendir(".");
    for (struct dirent *entry; (entry = readdir(here));)
        count += strstr(entry->d_name, "rt_npy_") != NULL;
    closedir(here);
    return count;
}

/* Memory that may not be read: write() answers EFAULT, as a failing disk would with EIO. */
static void *unreadable(size_t size) { return mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }

static void test_write_failures(void **state)
{
    (void)state;
    float value = 1;
    spc_tensor t = {.data = &value, .dtype = SPC_F32, .rank = 1, .dims = {1}};
    rt_error error = {0};
    assert_int_equal(rt_npy_write("/dev/full", &t, &error), SPC_E_IO);
    assert_non_null(strstr(error.text, "cannot write /dev/full: "));
    assert_int_equal(rt_npy_write("no_such_folder/y.npy", &t, &error), SPC_E_IO);
    assert_int_equal(rt_npy_write(".", &t, &error), SPC_E_IO);
    assert_int_equal(rt_npy_read("no_such_file.npy", 0, &(rt_npy){0}, &error), SPC_E_IO);
    assert_int_equal(rt_npy_read(".", 0, &(rt_npy){0}, &error), SPC_E_IO);
    assert_int_equal(rt_npy_write("rt_npy_out.npy", &t, NULL), SPC_OK);
    int before = files_here();
    t.dims[0] = INT64_MAX;
    assert_int_equal(rt_npy_write("rt_npy_out.npy", &t, NULL), SPC_E_ARG);
    t.dims[0] = 1 << 20;
    t.data = unreadable(4 << 20);
    assert_int_equal(rt_npy_write("rt_npy_out.npy", &t, &error), SPC_E_IO);
    assert_int_equal(files_here(), before);
    rt_npy back;
    assert_int_equal(rt_npy_read("rt_npy_out.npy", 0, &back, NULL), SPC_OK); /* the old file is whole */
    assert_int_equal(back.tensor.dims[0], 1);
    rt_npy_free(&back);
}

static void test_streams(void **state)
{
    (void)state;
    float value = 3;
    spc_tensor t = {.data = &value, .dtype = SPC_F32, .rank = 0};
    int ends[2], input = dup(0), output = dup(1);
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    dup2(ends[1], 1);
    spc_status written = rt_npy_write("-", &t, NULL);
    dup2(output, 1);
    close(ends[1]);
    dup2(ends[0], 0);
    rt_npy back;
    spc_status status = rt_npy_read("-", 0, &back, NULL);
    dup2(input, 0);
    close(ends[0]);
    close(input);
    close(output);
    assert_int_equal(written, SPC_OK);
    assert_int_equal(status, SPC_OK);
    assert_true(*(float *)back.tensor.data == 3);
    rt_npy_free(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders), cmocka_unit_test(test_dtypes_and_shapes), cmocka_unit_test(test_versions),
        cmocka_unit_test(test_malformed), cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_write_and_read),
        cmocka_unit_test(test_write_failures), cmocka_unit_test(test_streams)};
    return cmocka_run_group_tests_name("rt_npy", tests, NULL, NULL);
}
