/* The weights table: search, shapes, conversion, CSR parts, and a file of several gigabytes. */
#include "runtime/weights.h"
#include "tests/unit/rt_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <cmocka.h>

#define FILE_NAME "rt_weights_test.safetensors"

typedef struct builder {
    char header[4096];
    unsigned char data[2048];
    size_t used, size;
} builder;

static void add(builder *b, const char *name, const char *dtype, const char *shape, const void *data, size_t size)
{
    b->used += (size_t)snprintf(b->header + b->used, sizeof b->header - b->used,
                                "%c\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
                                b->used ? ',' : '{', name, dtype, shape, b->size, b->size + size);
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static void save_builder(builder *b, const char *path)
{
    strcat(b->header, "}");
    test_bytes file = make_safetensors(b->header, b->size);
    memcpy(file.data + file.size - b->size, b->data, b->size);
    save(path, file.data, file.size);
}

static rt_weights *open_weights(const char *spec)
{
    rt_weights *w = rt_weights_new();
    rt_error error = {0};
    assert_true(rt_weights_empty(w));
    if (rt_weights_add_file(w, spec, &error) != SPC_OK)
        fail_msg("%s", error.text);
    assert_false(rt_weights_empty(w));
    return w;
}

static rt_declaration declare(const char *name, spc_dtype dtype, int rank, int64_t a, int64_t b)
{
    return (rt_declaration){.name = name, .tensor = name, .dtype = dtype, .rank = rank, .dims = {a, b}};
}

/* The finding fails, and its message holds the text. */
static void refuse(rt_weights *w, rt_declaration d, const char *text)
{
    rt_matrix m;
    bool found;
    rt_error error = {0};
    assert_int_equal(rt_weights_find(w, &d, &m, &found, &error), SPC_E_PROGRAM);
    if (!strstr(error.text, text))
        fail_msg("%s: %s", d.name, error.text);
}

static rt_matrix must_find(rt_weights *w, rt_declaration d)
{
    rt_matrix m = {0};
    bool found = false;
    rt_error error = {0};
    if (rt_weights_find(w, &d, &m, &found, &error) != SPC_OK || !found)
        fail_msg("%s: %s", d.name, error.text);
    return m;
}

static void test_plain_tensors(void **state)
{
    (void)state;
    builder b = {0};
    const float w[6] = {1, 2, 3, 4, 5, 6};
    const uint16_t half[2] = {0x3c00, 0xfc00};
    const double wide[1] = {1.00390625}; /* 1 + 2^-8: halfway between two bf16, to even is 1 */
    add(&b, "byte", "U8", "1", "\7", 1); /* all that follows is misaligned */
    add(&b, "w", "F32", "2,3", w, 24);
    add(&b, "fc.weight", "F32", "6", w, 24);
    add(&b, "h", "F16", "2", half, 4);
    add(&b, "d", "F64", "", wide, 8);
    add(&b, "new", "F8_E4M3", "2", half, 2);
    add(&b, "conv", "F32", "1,1,2,3", w, 24);
    add(&b, "flag", "BOOL", "2", "\1\2", 2);
    save_builder(&b, FILE_NAME);
    rt_weights *t = open_weights(FILE_NAME);
    rt_matrix m = must_find(t, declare("w", SPC_F32, 2, 2, 3));
    assert_int_equal(m.rows, 2);
    assert_int_equal(m.cols, 3);
    assert_int_equal((uintptr_t)m.dense % 4, 0);
    assert_memory_equal(m.dense, w, 24);
    rt_declaration again = declare("w", SPC_F32, 2, 2, 3);
    assert_ptr_equal(must_find(t, again).dense, m.dense);
    assert_string_equal(rt_weights_place(t, &again), FILE_NAME ": w");
    rt_declaration from = declare("mine", SPC_F64, 1, 6, 0);
    from.tensor = "fc.weight";
    m = must_find(t, from);
    assert_int_equal(m.rows, 1);
    assert_int_equal(m.cols, 6);
    assert_true(((const double *)m.dense)[5] == 6);
    m = must_find(t, declare("h", SPC_F32, 1, 2, 0));
    assert_true(((const float *)m.dense)[0] == 1 && ((const float *)m.dense)[1] < -1e30f);
    m = must_find(t, declare("d", SPC_BF16, 0, 0, 0));
    assert_int_equal(m.rows * m.cols, 1);
    assert_int_equal(*(const uint16_t *)m.dense, 0x3f80);
    rt_declaration conv = {.name = "conv", .tensor = "conv", .dtype = SPC_F32, .rank = 4, .dims = {1, 1, 2, 3}};
    assert_int_equal(must_find(t, conv).cols, 6);
    refuse(t, declare("w", SPC_F32, 2, 3, 2), FILE_NAME ": w: error: it is f32[2, 3], but weight 'w' is declared f32[3, 2]");
    refuse(t, declare("w", SPC_F32, 1, 6, 0), "f32[2, 3]");
    refuse(t, declare("w", SPC_I8, 2, 2, 3), "it is f32[2, 3], but weight 'w' is declared i8[2, 3]");
    refuse(t, declare("byte", SPC_F32, 1, 1, 0), "it is u8[1]");
    refuse(t, declare("new", SPC_F32, 1, 2, 0), "it is F8_E4M3[2]");
    refuse(t, declare("flag", SPC_BOOL, 1, 2, 0), "flag[0, 1]: error: 2 is not a bool");
    bool found = true;
    rt_declaration absent = declare("nothing", SPC_F32, 1, 2, 0);
    assert_int_equal(rt_weights_find(t, &absent, &m, &found, NULL), SPC_OK);
    assert_false(found);
    assert_string_equal(rt_weights_place(t, &absent), "");
    rt_weights_free(t);
}

static void test_nibbles(void **state)
{
    (void)state;
    builder b = {0};
    add(&b, "i8", "I8", "1,4", "\x01\xf8\x07\xff", 4);
    add(&b, "wide", "I8", "1,2", "\x01\x08", 2);
    add(&b, "u8", "U8", "1,2", "\x81\xf7", 2);
    add(&b, "flat", "U8", "2", "\x81\x07", 2);
    save_builder(&b, FILE_NAME);
    rt_weights *t = open_weights(FILE_NAME);
    assert_memory_equal(must_find(t, declare("i8", SPC_I4, 2, 1, 4)).dense, "\x81\xf7", 2);
    assert_memory_equal(must_find(t, declare("u8", SPC_I4, 2, 1, 4)).dense, "\x81\xf7", 2);
    assert_memory_equal(must_find(t, declare("flat", SPC_I4, 2, 1, 3)).dense, "\x81\x07", 2);
    refuse(t, declare("wide", SPC_I4, 2, 1, 2), "wide[0, 1]: error: 8 is not an i4");
    refuse(t, declare("u8", SPC_I4, 2, 1, 3), "u8[1, 2]");
    rt_weights_free(t);
}

static void test_csr(void **state)
{
    (void)state;
    builder b = {0};
    const int32_t crow[3] = {0, 1, 3};
    const int64_t wide[3] = {0, 1, 3};
    const float values[3] = {1, 0, 3};
    const uint8_t col[3] = {2, 0, 3};
    add(&b, "a.crow_indices", "I32", "3", crow, 12);
    add(&b, "a.col_indices", "U8", "3", col, 3);
    add(&b, "a.values", "F32", "3", values, 12);
    add(&b, "b.crow_indices", "I64", "3", wide, 24);
    add(&b, "b.col_indices", "I8", "3", col, 3);
    add(&b, "b.values", "I8", "3", "\1\2\3", 3);
    add(&b, "other.values", "F32", "3", values, 12);
    save_builder(&b, FILE_NAME);
    rt_weights *t = open_weights(FILE_NAME);
    rt_matrix m = must_find(t, declare("a", SPC_F16, 2, 2, 4));
    assert_null(m.dense);
    assert_int_equal(m.nnz, 3);
    assert_memory_equal(m.row_start, wide, sizeof wide);
    assert_int_equal(m.col[0], 2);
    assert_int_equal(((const uint16_t *)m.values)[0], 0x3c00);
    m = must_find(t, declare("b", SPC_I8, 2, 2, 4));
    assert_memory_equal(m.values, "\1\2\3", 3);
    m = must_find(t, declare("b", SPC_I4, 2, 2, 4));
    assert_memory_equal(m.values, "\x21\x03", 2);
    refuse(t, declare("b", SPC_F32, 2, 2, 4), "its values are i8");
    refuse(t, declare("a", SPC_F32, 2, 3, 4), "it has 3 entries, but weight 'a' has 3 rows");
    refuse(t, declare("a", SPC_F32, 2, 2, 3), "row 1, entry 1: column 3 is outside 0 to 2");
    rt_declaration other = declare("other", SPC_F32, 1, 3, 0);
    bool found = true;
    assert_int_equal(rt_weights_find(t, &other, &m, &found, NULL), SPC_OK);
    assert_false(found);
    rt_weights_free(t);
}

/* Row starts and columns of every integer dtype, in and out of range. */
static void test_index_dtypes(void **state)
{
    (void)state;
    static const char *const dtypes[] = {"I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64"};
    static const char all_ones[8] = {-1, -1, -1, -1, -1, -1, -1, -1};
    const uint64_t crow[3] = {0, 1, 3}, col[3] = {2, 0, 3};
    const float values[3] = {1, 0, 3};
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        const int bits = atoi(dtypes[i] + 1);
        unsigned char narrow[2][24];
        builder b = {0};
        for (int k = 0; k < 3; k++) {
            rt_bits_set(narrow[0], bits, k, crow[k]);
            rt_bits_set(narrow[1], bits, k, col[k]);
        }
        add(&b, "odd", "U8", "1", "", 1); /* so that what follows is misaligned */
        add(&b, "a.crow_indices", dtypes[i], "3", narrow[0], 3 * (size_t)bits / 8);
        add(&b, "a.col_indices", dtypes[i], "3", narrow[1], 3 * (size_t)bits / 8);
        add(&b, "a.values", "F32", "3", values, 12);
        memcpy(narrow[1], all_ones, (size_t)bits / 8);
        add(&b, "b.crow_indices", dtypes[i], "3", narrow[0], 3 * (size_t)bits / 8);
        add(&b, "b.col_indices", dtypes[i], "3", narrow[1], 3 * (size_t)bits / 8);
        add(&b, "b.values", "F32", "3", values, 12);
        save_builder(&b, FILE_NAME);
        rt_weights *t = open_weights(FILE_NAME);
        rt_matrix m = must_find(t, declare("a", SPC_F32, 2, 2, 4));
        for (int k = 0; k < 3; k++)
            assert_true(m.row_start[k] == (int64_t)crow[k] && m.col[k] == (int64_t)col[k]);
        refuse(t, declare("b", SPC_F32, 2, 2, 4), "row 0, entry 0: column");
        rt_weights_free(t);
    }
}

static void test_malformed_csr(void **state)
{
    (void)state;
    static const struct {
        int32_t crow[3], col[3];
        const char *message;
    } bad[] = {
        {{1, 2, 3}, {0, 1, 2}, "crow_indices: error: entry 0 is 1, not 0"},
        {{0, 2, 1}, {0, 1, 2}, "crow_indices: error: row 1 starts at 2 and ends at 1"},
        {{0, 1, 2}, {0, 1, 2}, "crow_indices: error: entry 2, the last, is 2, but there are 3 columns"},
        {{0, 1, 4}, {0, 1, 2}, "crow_indices: error: entry 2"},
        {{0, -1, 3}, {0, 1, 2}, "crow_indices: error: row 0 starts at 0 and ends at -1"},
        {{0, 1, 3}, {0, 2, 2}, "col_indices: error: row 1, entry 1: column 2 does not ascend after 2"},
        {{0, 1, 3}, {0, 2, 1}, "col_indices: error: row 1, entry 1: column 1 does not ascend"},
        {{0, 1, 3}, {-1, 0, 1}, "col_indices: error: row 0, entry 0: column -1 is outside 0 to 3"},
        {{0, 1, 3}, {4, 0, 1}, "col_indices: error: row 0, entry 0: column 4 is outside"},
    };
    const float values[3] = {1, 2, 3};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        builder b = {0};
        add(&b, "a.crow_indices", "I32", "3", bad[i].crow, 12);
        add(&b, "a.col_indices", "I32", "3", bad[i].col, 12);
        add(&b, "a.values", "F32", "3", values, 12);
        save_builder(&b, FILE_NAME);
        rt_weights *t = open_weights(FILE_NAME);
        refuse(t, declare("a", SPC_F32, 2, 2, 4), bad[i].message);
        rt_weights_free(t);
    }
    builder b = {0};
    add(&b, "a.crow_indices", "F32", "3", values, 12);
    add(&b, "a.col_indices", "I32", "3", values, 12);
    add(&b, "a.values", "F32", "3", values, 12);
    add(&b, "m.crow_indices", "I32", "3", values, 12);
    add(&b, "m.values", "F32", "3", values, 12);
    add(&b, "s.crow_indices", "I32", "3", values, 12);
    add(&b, "s.col_indices", "I32", "1,3", values, 12);
    add(&b, "s.values", "F32", "3", values, 12);
    save_builder(&b, FILE_NAME);
    rt_weights *t = open_weights(FILE_NAME);
    refuse(t, declare("a", SPC_F32, 2, 2, 4), "a.crow_indices: error: indices are integers, not F32");
    refuse(t, declare("m", SPC_F32, 2, 2, 4), "m: error: 'm.col_indices' is missing");
    refuse(t, declare("s", SPC_F32, 2, 2, 4), "s.col_indices: error: a part of a CSR tensor has rank 1, not 2");
    rt_weights_free(t);
}

static void test_several_sources(void **state)
{
    (void)state;
    builder b = {0};
    const float file_values[2] = {1, 2}, npy_values[2] = {3, 4}, memory_values[2] = {5, 6};
    add(&b, "w", "F32", "2", file_values, 8);
    add(&b, "v", "F32", "2", file_values, 8);
    save_builder(&b, FILE_NAME);
    b = (builder){0};
    add(&b, "only", "F32", "2", file_values, 8);
    save_builder(&b, "rt_weights_one.safetensors");
    test_bytes npy = make_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", npy_values, 8);
    save("rt_weights_test.npy", npy.data, npy.size);
    test_bytes bits = make_npy("{'descr': '<u2', 'fortran_order': False, 'shape': (2,), }", npy_values, 4);
    save("rt_weights_bits.npy", bits.data, bits.size);
    rt_weights *t = open_weights(FILE_NAME);
    rt_declaration w = declare("w", SPC_F32, 1, 2, 0);
    assert_memory_equal(must_find(t, w).dense, file_values, 8);
    assert_int_equal(rt_weights_add_file(t, "x=rt_weights_test.npy", NULL), SPC_OK);
    assert_int_equal(rt_weights_add_file(t, "v=rt_weights_test.npy", NULL), SPC_OK);
    assert_int_equal(rt_weights_add_file(t, "y=rt_weights_one.safetensors", NULL), SPC_OK);
    assert_int_equal(rt_weights_add_file(t, "q=rt_weights_bits.npy", NULL), SPC_OK);
    rt_declaration x = declare("x", SPC_F32, 1, 2, 0);
    x.tensor = "some.other.name";
    assert_memory_equal(must_find(t, x).dense, npy_values, 8);
    assert_string_equal(rt_weights_place(t, &x), "rt_weights_test.npy: x");
    assert_memory_equal(must_find(t, declare("y", SPC_F32, 1, 2, 0)).dense, file_values, 8);
    assert_memory_equal(must_find(t, declare("q", SPC_BF16, 1, 2, 0)).dense, npy_values, 4);
    refuse(t, declare("q", SPC_F32, 1, 2, 0), "it is u16[2]");
    refuse(t, declare("v", SPC_F32, 1, 2, 0), "weight 'v' is found twice; also in " FILE_NAME ": v");
    spc_tensor memory = {.data = (void *)memory_values, .dtype = SPC_F32, .rank = 1, .dims = {2}};
    assert_int_equal(rt_weights_add_tensor(t, "v", &memory, NULL), SPC_OK);
    assert_memory_equal(must_find(t, declare("v", SPC_F32, 1, 2, 0)).dense, memory_values, 8);
    assert_int_equal(rt_weights_add_tensor(t, "v", &memory, NULL), SPC_E_ARG);
    memory.rank = 9;
    assert_int_equal(rt_weights_add_tensor(t, "u", &memory, NULL), SPC_E_ARG);
    rt_weights_free(t);
}

static void test_unusable_files(void **state)
{
    (void)state;
    rt_weights *t = rt_weights_new();
    rt_error error = {0};
    assert_int_equal(rt_weights_add_file(t, "no_such_file.safetensors", &error), SPC_E_IO);
    assert_non_null(strstr(error.text, "no_such_file.safetensors"));
    assert_int_equal(rt_weights_add_file(t, ".", &error), SPC_E_IO);
    assert_int_equal(rt_weights_add_file(t, "/dev/null", &error), SPC_E_IO);
    save("rt_weights_empty.safetensors", "", 0);
    assert_int_equal(rt_weights_add_file(t, "rt_weights_empty.safetensors", &error), SPC_E_PROGRAM);
    save("rt_weights_bad.npy", "", 0);
    assert_int_equal(rt_weights_add_file(t, "w=rt_weights_bad.npy", &error), SPC_E_PROGRAM);
    assert_int_equal(rt_weights_add_file(t, "rt_weights_bad.npy", &error), SPC_E_ARG);
    assert_true(rt_weights_empty(t));
    rt_weights_free(t);
}

/* 2.3 GB of zeros that take no room on the disk, then a tensor past 2^31. */
static void test_large_sparse_file(void **state)
{
    (void)state;
    const char *path = "rt_weights_large.safetensors";
    char header[256] = "{\"big\":{\"dtype\":\"F32\",\"shape\":[25000,23000],\"data_offsets\":[0,2300000000]},"
                         "\"last\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[2300000000,2300000008]}}";
    while (strlen(header) % 8) /* as writers do; misaligned data would be copied */
        strcat(header, " ");
    uint64_t length = strlen(header);
    const int32_t last[2] = {11, 22};
    off_t size = (off_t)(8 + length) + 2300000008;
    int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0644);
    struct stat facts;
    bool made = fd >= 0 && ftruncate(fd, size) == 0 && pwrite(fd, &length, 8, 0) == 8 &&
                pwrite(fd, header, length, 8) == (ssize_t)length && pwrite(fd, last, 8, size - 8) == 8 &&
                fstat(fd, &facts) == 0;
    close(fd);
    if (!made || facts.st_blocks > 10000) {
        unlink(path);
        print_message("skipped: the file system has no sparse files of 2.3 GB\n");
        skip();
    }
    rt_weights *t = open_weights(path);
    assert_memory_equal(must_find(t, declare("last", SPC_I32, 1, 2, 0)).dense, last, 8);
    rt_matrix m = must_find(t, declare("big", SPC_F32, 2, 25000, 23000));
    assert_true(((const float *)m.dense)[575000000 - 1] == 0);
    rt_weights_free(t);
    unlink(path);
}

static void test_real_files(void **state)
{
    (void)state;
    if (access(SPC_DATA_DIR "/graphchallenge_1024/gc1024.safetensors", R_OK) != 0) {
        print_message("skipped: no data sets in " SPC_DATA_DIR "\n");
        skip();
    }
    rt_weights *t = open_weights(SPC_DATA_DIR "/graphchallenge_1024/gc1024.safetensors");
    rt_matrix m = must_find(t, declare("w1", SPC_F32, 2, 1024, 1024)); /* 32 non-zeros of 1/16 in each row and column */
    int in_column[1024] = {0};
    assert_int_equal(m.nnz, 32 * 1024);
    for (int64_t i = 0; i < m.nnz; i++) {
        assert_int_equal(m.row_start[i / 32], i / 32 * 32);
        assert_true(((const float *)m.values)[i] == 0.0625f);
        in_column[m.col[i]]++;
    }
    for (int col = 0; col < 1024; col++)
        assert_int_equal(in_column[col], 32);
    assert_int_equal(rt_weights_add_file(t, SPC_DATA_DIR "/face_detector/face_detector.safetensors", NULL), SPC_OK);
    rt_declaration conv = {.name = "t4", .tensor = "t4", .dtype = SPC_F32, .rank = 4, .dims = {32, 3, 3, 3}};
    assert_int_equal(must_find(t, conv).cols, 27);
    rt_weights_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_tensors), cmocka_unit_test(test_nibbles), cmocka_unit_test(test_csr), cmocka_unit_test(test_index_dtypes),
        cmocka_unit_test(test_malformed_csr), cmocka_unit_test(test_several_sources),
        cmocka_unit_test(test_unusable_files), cmocka_unit_test(test_large_sparse_file),
        cmocka_unit_test(test_real_files)};
    return cmocka_run_group_tests_name("rt_weights", tests, NULL, NULL);
}
