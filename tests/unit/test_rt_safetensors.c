/* The safetensors reader against good headers and hostile ones. */
#include "runtime/safetensors.h"
#include "tests/unit/rt_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define TENSOR(name, dtype, shape, begin, end) \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" begin "," end "]}"

static void test_directory(void **state)
{
    (void)state;
    test_bytes file = make_safetensors("{\"__metadata__\":{\"format\":\"pt\",\"a\":\"\\u00e4\"}, "
                                       TENSOR("w", "F32", "2,3", "8", "32") ", " TENSOR("b\\u00e4", "F64", "", "0", "8")
                                       ",\n " TENSOR("empty", "I64", "0,5", "32", "32") ","
                                       TENSOR("odd", "F9_NEW", "1", "32", "37") "}   ", 37);
    rt_directory d;
    rt_error error = {0};
    if (rt_safetensors_read(file.data, file.size, "f", &d, &error) != SPC_OK)
        fail_msg("%s", error.text);
    assert_int_equal(d.count, 4);
    const rt_file_tensor *w = rt_directory_find(&d, "w");
    assert_non_null(w);
    assert_string_equal(w->dtype, "F32");
    assert_int_equal(w->rank, 2);
    assert_int_equal(w->dims[1], 3);
    assert_int_equal(w->count, 6);
    assert_int_equal(w->data[0], 8);
    assert_int_equal(rt_directory_find(&d, "b\xc3\xa4")->rank, 0);
    assert_int_equal(rt_directory_find(&d, "empty")->count, 0);
    assert_null(rt_directory_find(&d, "x"));
    rt_directory_free(&d);
}

static const struct {
    const char *header;
    size_t data;
    const char *message;
} hostile[] = {
    {"", 0, "does not begin with an object"},
    {" {}", 0, "does not begin with an object"},
    {"[]", 0, "does not begin with an object"},
    {"{", 0, "name was expected"},
    {"{}x", 0, "something follows"},
    {"{}", 1, "1 bytes at the end belong to no tensor"},
    {"{\"a\"}", 0, "name was expected"},
    {"{\"a\":1}", 0, "f: a: error: its entry"},
    {"{\"a\":{}", 0, "dtype"},
    {"{\"a\":{\"dtype\":1}}", 0, "dtype"},
    {"{\"a\":{\"dtype\":\"AVERYLONGDTYPENAME\"}}", 0, "dtype"},
    {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 0, "duplicate"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[[[[[[[[[[1]]]]]]]]]]}}", 0, "too long or deep"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":3}}", 0, "not a list"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1]}}", 0, "natural"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5]}}", 0, "natural"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999]}}", 0, "too big integer"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296]}}", 0, "too large"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "data_offsets"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "data_offsets"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, "data_offsets"},
    {"{" TENSOR("a", "F32", "1", "4", "0") "}", 4, "backwards"},
    {"{" TENSOR("a", "F32", "1", "0", "8") "}", 8, "not as long"},
    {"{" TENSOR("a", "F32", "2", "0", "8") "}", 4, "outside the file"},
    {"{" TENSOR("a", "F32", "1", "9223372036854775804", "9223372036854775807") "}", 4, "outside the file"},
    {"{" TENSOR("a", "F32", "2305843009213693952", "0", "4") "}", 4, "too large"},
    {"{" TENSOR("a", "F4", "3", "0", "1") "}", 1, "not as long"},
    {"{" TENSOR("a", "U8", "4", "0", "4") "," TENSOR("b", "U8", "4", "2", "6") "}", 6, "overlap those of 'a'"},
    {"{" TENSOR("a", "U8", "4", "0", "4") "," TENSOR("b", "U8", "4", "0", "4") "}", 4, "overlap"},
    {"{" TENSOR("a", "U8", "4", "0", "4") "," TENSOR("b", "U8", "4", "6", "10") "}", 10, "the 2 bytes before"},
    {"{" TENSOR("a", "U8", "4", "1", "5") "}", 5, "the 1 bytes before"},
    {"{" TENSOR("a", "U8", "4", "0", "4") "," TENSOR("a", "U8", "4", "4", "8") "}", 8, "a: error: the header has it twice"},
    {"{" TENSOR("a", "U8", "1", "0", "1") ",}", 1, "name was expected"},
    {"{" TENSOR("a", "U8", "1", "0", "1") " " TENSOR("b", "U8", "1", "1", "2") "}", 2, "does not end"},
    {"{\"__metadata__\":1}", 0, "not an object"},
    {"{\"__metadata__\":{\"a\":1}}", 0, "strings to strings"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "twice"},
    {"{\"__metadata__\":{\"a\":\"\\x\"}}", 0, "not valid"},
    {"{\"a\\u0000b\":{}}", 0, "not valid text"},
    {"{\"\xff\":{}}", 0, "not valid text"},
    {"{\"a", 0, "name was expected"},
    {"{\"a\\", 0, "name was expected"},
    {"{\"a\":{\"b\":\"", 0, "not an object that ends"},
};

static void test_hostile_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        test_bytes file = make_safetensors(hostile[i].header, hostile[i].data);
        unsigned char *exact = malloc(file.size); /* so that a sanitizer sees a read past the end */
        memcpy(exact, file.data, file.size);
        rt_directory d;
        rt_error error = {0};
        assert_int_equal(rt_safetensors_read(exact, file.size, "f", &d, &error), SPC_E_PROGRAM);
        if (!strstr(error.text, hostile[i].message) || strncmp(error.text, "f: ", 3) || !strstr(error.text, "error: "))
            fail_msg("%s: %s", hostile[i].header, error.text);
        assert_int_equal(d.count, 0);
        free(exact);
    }
}

static void test_header_length(void **state)
{
    (void)state;
    static const struct {
        uint64_t length;
        size_t size;
        const char *message;
    } cases[] = {{0, 0, "shorter than 8"}, {0, 7, "shorter than 8"}, {3, 10, "longer than the file"},
                 {UINT64_MAX, 10, "100 MB"}, {100000001, 10, "100 MB"}, {INT64_MAX, 10, "100 MB"},
                 {100000000, 10, "longer than the file"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char bytes[16] = {0};
        memcpy(bytes, &cases[i].length, 8);
        bytes[8] = '{';
        bytes[9] = '}';
        rt_directory d;
        rt_error error = {0};
        assert_int_equal(rt_safetensors_read(bytes, cases[i].size, "f", &d, &error), SPC_E_PROGRAM);
        if (!strstr(error.text, cases[i].message))
            fail_msg("%zu: %s", i, error.text);
    }
}

/* Every cut of a good file is refused, or is the file itself. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    test_bytes file = make_safetensors("{" TENSOR("a", "U8", "4", "0", "4") "," TENSOR("b", "F32", "1", "4", "8") "}", 8);
    for (size_t size = 0; size <= file.size; size++) {
        unsigned char *exact = malloc(size + 1);
        memcpy(exact, file.data, size);
        rt_directory d;
        spc_status status = rt_safetensors_read(exact, size, "f", &d, NULL);
        assert_int_equal(status, size == file.size ? SPC_OK : SPC_E_PROGRAM);
        rt_directory_free(&d);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_directory), cmocka_unit_test(test_hostile_headers),
                                       cmocka_unit_test(test_header_length), cmocka_unit_test(test_cut_anywhere)};
    return cmocka_run_group_tests_name("rt_safetensors", tests, NULL, NULL);
}
