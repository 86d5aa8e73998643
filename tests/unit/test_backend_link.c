/* Linking: what the library exports and needs, weights behind one symbol, several gigabytes of them, failures. */
#include "backends/elf.h"
#include "backends/link.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <dlfcn.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/spc-test-link-XXXXXX";

static const char *in_folder(char out[256], const char *name)
{
    snprintf(out, 256, "%s/%s", folder, name);
    return out;
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

/* Fails where anything was left behind, temporary folders included. */
static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int entries_in_folder(void)
{
    DIR *dir = opendir(folder);
    int count = -2; /* . and .. */

    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

/* Functions at fixed distances from the weights, by the code generator that is built in. */
static be_blob object_of(const char *text)
{
    ir_arena *arena = ir_arena_new(0);
    ir_module *m = ir_module_new(arena, ir_diags_new(arena));
    ir_source source = {"test", text, strlen(text)};
    ir_target target;
    be_options options = {&target, "", false};
    be_blob blob = {0};
    rt_error error = {0};

    assert_true(ir_target_find("x86-64-v2", &target, &error));
    if (ir_parse(m, &source))
        fail_msg("%s", ir_diags_text(m->diags));
    const ir_func *funcs[8];
    size_t count = 0;
    for (const ir_func *f = m->funcs; f; f = f->next)
        funcs[count++] = f;
    if (be_find(NULL)->emit(m, funcs, count, &options, BE_OBJECT, &blob, &error))
        fail_msg("%s", error.text);
    ir_arena_free(arena);
    return blob;
}

#define COPY_KERNEL \
    "kernel @copy {\n %0 = param \"w\" : buffer u8\n %1 = param \"y\" : buffer u8\n %2 = param \"task\" : index\n" \
    " %3 = param \"tasks\" : index\n %4 = load %0, %2 : u8\n store %4, %1, %2\n}\n"
#define COPY_ENTRY(name, offset) \
    "entry @" name " {\n %0 = param \"y\" : buffer u8\n %1 = data \"w/values\" [offset=" offset "] : buffer u8\n" \
    " launch 4, %1, %0 \"copy\"\n}\n"

typedef int copy_function(uint8_t *y, const spc_exec *);

static void *open_library(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        fail_msg("%s", dlerror());
    return library;
}

static void link_copy(const be_piece *pieces, size_t count, int64_t bytes, be_blob object, const char *path)
{
    static const char *const exports[] = {"first", "second"};
    be_link_job job = {&object, 1, pieces, count, bytes, "{\"spc\": 1}", exports, 2, path, "k.so"};
    rt_error error = {0};

    if (be_link(&job, &error))
        fail_msg("%s", error.text);
}

static void test_library_works(void **state)
{
    char path[256];
    const be_piece pieces[] = {{"abcd", 0, 4}, {"wxyz", 128, 4}};
    be_blob object = object_of(COPY_KERNEL COPY_ENTRY("first", "0") COPY_ENTRY("second", "128"));
    uint8_t y[4];
    (void)state;

    link_copy(pieces, 2, 192, object, in_folder(path, "k.so"));
    void *library = open_library(path);
    copy_function *first = (copy_function *)(uintptr_t)dlsym(library, "first");
    copy_function *second = (copy_function *)(uintptr_t)dlsym(library, "second");
    assert_non_null(first);
    assert_non_null(second);
    assert_int_equal(first(y, NULL), 0);
    assert_memory_equal(y, "abcd", 4);
    assert_int_equal(second(y, NULL), 0);
    assert_memory_equal(y, "wxyz", 4);
    assert_string_equal(dlsym(library, BE_MANIFEST_SYMBOL), "{\"spc\": 1}");
    assert_null(dlsym(library, BE_WEIGHTS_SYMBOL));
    assert_null(dlsym(library, "spck_copy"));
    dlclose(library);
    free(object.data);
    assert_int_equal(entries_in_folder(), 1);
    unlink(path);
}

static char *read_whole(const char *path, size_t *size)
{
    struct stat info;
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &info), 0);
    char *data = malloc((size_t)info.st_size);
    assert_int_equal(fread(data, 1, (size_t)info.st_size, file), info.st_size);
    fclose(file);
    *size = (size_t)info.st_size;
    return data;
}

/* Segments of the file: the weights' own one is read-only, on a 2 MB border and behind all others. */
static void test_weights_segment(void **state)
{
    char path[256];
    size_t size;
    const be_piece piece = {"abcd", 0, 4};
    be_blob object = object_of(COPY_KERNEL COPY_ENTRY("first", "0") COPY_ENTRY("second", "0"));
    uint64_t last = 0, alignment_left = 1;
    (void)state;

    link_copy(&piece, 1, 64, object, in_folder(path, "k.so"));
    char *data = read_whole(path, &size);
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)data;
    const Elf64_Phdr *segments = (const Elf64_Phdr *)(data + header->e_phoff);
    uint32_t flags = 0;
    for (int i = 0; i < header->e_phnum; i++) {
        if (segments[i].p_type != PT_LOAD || segments[i].p_vaddr < last)
            continue;
        last = segments[i].p_vaddr;
        alignment_left = segments[i].p_vaddr % 0x200000;
        flags = segments[i].p_flags;
    }
    assert_int_equal(flags, PF_R);
    assert_int_equal(alignment_left, 0);
    free(data);
    free(object.data);
    unlink(path);
}

static void test_same_bytes_again(void **state)
{
    char path[2][256];
    char *data[2];
    size_t size[2];
    const be_piece piece = {"abcd", 0, 4};
    (void)state;

    for (int i = 0; i < 2; i++) {
        be_blob object = object_of(COPY_KERNEL COPY_ENTRY("first", "0") COPY_ENTRY("second", "0"));
        link_copy(&piece, 1, 64, object, in_folder(path[i], i ? "b.so" : "a.so"));
        data[i] = read_whole(path[i], &size[i]);
        free(object.data);
    }
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(data[0], data[1], size[0]);
    for (int i = 0; i < 2; i++) {
        free(data[i]);
        unlink(path[i]);
    }
}

/* More than 32 bits can address, from code that must not notice. Zero pages: the object is a file of holes. */
static void test_large(void **state)
{
    const int64_t bytes = INT64_C(2300000000) / 64 * 64;
    char path[256];
    char *data = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    be_blob object = object_of(COPY_KERNEL COPY_ENTRY("first", "0") COPY_ENTRY("second", "2299999936"));
    uint8_t y[4];
    (void)state;

    assert_true(data != MAP_FAILED);
    memcpy(data, "near", 4);
    memcpy(data + 2299999936, "far!", 4);
    const be_piece piece = {data, 0, bytes};
    link_copy(&piece, 1, bytes, object, in_folder(path, "large.so"));
    void *library = open_library(path);
    unlink(path);
    assert_int_equal(((copy_function *)(uintptr_t)dlsym(library, "first"))(y, NULL), 0);
    assert_memory_equal(y, "near", 4);
    assert_int_equal(((copy_function *)(uintptr_t)dlsym(library, "second"))(y, NULL), 0);
    assert_memory_equal(y, "far!", 4);
    dlclose(library);
    munmap(data, (size_t)bytes);
    free(object.data);
}

static void test_failures_leave_nothing(void **state)
{
    char path[256], no_folder[256];
    be_blob broken = {(char *)"not an object", 13};
    be_piece outside = {"abcd", 62, 4};
    be_link_job job = {&broken, 1, NULL, 0, 0, "{}", NULL, 0, in_folder(path, "k.so"), NULL};
    rt_error error = {0};
    (void)state;

    assert_int_equal(be_link(&job, &error), SPC_E_BACKEND);
    assert_true(strlen(error.text) > 20);
    job.object_count = 0;
    job.pieces = &outside;
    job.piece_count = 1;
    job.weights_bytes = 64;
    assert_int_equal(be_link(&job, &error), SPC_E_INTERNAL);
    job.output = in_folder(no_folder, "none/k.so");
    assert_int_equal(be_link(&job, &error), SPC_E_IO);
    assert_int_equal(entries_in_folder(), 0);
}

static void test_undefined_symbol_is_found_here(void **state)
{
    char path[256];
    be_blob object = object_of("entry @first {\n %0 = param \"y\" : buffer u8\n launch 4, %0 \"nowhere\"\n}\n");
    be_link_job job = {&object, 1, NULL, 0, 0, "{}", NULL, 0, in_folder(path, "k.so"), NULL};
    rt_error error = {0};
    (void)state;

    assert_int_equal(be_link(&job, &error), SPC_E_BACKEND);
    assert_non_null(strstr(error.text, "spck_nowhere"));
    free(object.data);
}

/* A PATH without any linker: the message names the package. */
static void test_missing_linker(void **state)
{
    char path[256];
    const char *before = getenv("PATH");
    char *kept = before ? strdup(before) : NULL;
    be_link_job job = {NULL, 0, NULL, 0, 0, "{}", NULL, 0, in_folder(path, "k.so"), NULL};
    rt_error error = {0};
    (void)state;

    setenv("PATH", folder, 1);
    spc_status status = be_link(&job, &error);
    if (kept)
        setenv("PATH", kept, 1);
    free(kept);
    assert_int_equal(status, SPC_E_BACKEND);
    assert_non_null(strstr(error.text, "binutils"));
    assert_int_equal(entries_in_folder(), 0);
}

static void test_data_object(void **state)
{
    char path[256];
    size_t size;
    const be_piece piece = {"abcd", 64, 4};
    be_link_job job = {NULL, 0, &piece, 1, 128, "{\"spc\": 1}", NULL, 0, NULL, NULL};
    rt_error error = {0};
    (void)state;

    assert_int_equal(be_write_data_object(&job, in_folder(path, "data.o"), &error), SPC_OK);
    char *data = read_whole(path, &size);
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)data;
    const Elf64_Shdr *sections = (const Elf64_Shdr *)(data + header->e_shoff);
    assert_int_equal(header->e_type, ET_REL);
    assert_int_equal(sections[1].sh_size, 128);
    assert_memory_equal(data + sections[1].sh_offset + 64, "abcd", 4);
    assert_string_equal(data + sections[2].sh_offset, "{\"spc\": 1}");
    free(data);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_library_works),          cmocka_unit_test(test_weights_segment),
        cmocka_unit_test(test_same_bytes_again),       cmocka_unit_test(test_large),
        cmocka_unit_test(test_failures_leave_nothing), cmocka_unit_test(test_undefined_symbol_is_found_here),
        cmocka_unit_test(test_missing_linker),         cmocka_unit_test(test_data_object),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
