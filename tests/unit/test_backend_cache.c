/* The object cache: hits, what makes another key, broken and unwritable entries; and SHA-256 by the standard's examples. */
#include "backends/cache.h"
#include "backends/sha256.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A code generator that counts its calls and gives their number out. */
static int emitted;

static const char *fake_version(void) { return "1"; }

static spc_status fake_emit(const ir_module *m, const ir_func *const *funcs, size_t count, const be_options *options,
                            be_format format, be_blob *out, rt_error *error)
{
    (void)m, (void)funcs, (void)count, (void)options, (void)format, (void)error;
    char text[32];
    out->size = (size_t)snprintf(text, sizeof text, "object %d", ++emitted);
    out->data = strdup(text);
    return SPC_OK;
}

static const be_backend fake = {.name = "fake", .version = fake_version, .emit = fake_emit};

typedef struct world {
    ir_arena *arena;
    ir_module *module;
    ir_target target;
    be_options options;
    char base[64], dir[96];
} world;

static int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    static const char text[] = "kernel @k {\n %0 = param \"task\" : index\n %1 = param \"tasks\" : index\n}\n"
                               "kernel @other {\n %0 = param \"task\" : index\n %1 = param \"tasks\" : index\n}\n";
    static const ir_source source = {"test", text, sizeof text - 1};

    w->arena = ir_arena_new(0);
    w->module = ir_module_new(w->arena, ir_diags_new(w->arena));
    w->options = (be_options){&w->target, "", false};
    strcpy(w->base, "/tmp/spc-test-cache-XXXXXX");
    *state = w;
    emitted = 0;
    if (!mkdtemp(w->base) || !ir_target_find("x86-64-v3", &w->target, NULL))
        return -1;
    snprintf(w->dir, sizeof w->dir, "%s/not/there", w->base);
    return ir_parse(w->module, &source) ? -1 : 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    char command[160];

    ir_arena_free(w->arena);
    snprintf(command, sizeof command, "rm -rf '%s'", w->base);
    free(w);
    return system(command);
}

/* The number of the object and whether it came from the cache. */
static int get(world *w, const char *kernel, const char *dir, bool *hit)
{
    be_blob blob;
    rt_error error;
    const ir_func *func = ir_func_find(w->module, IR_KERNEL, kernel);

    assert_int_equal(be_emit_cached(&fake, w->module, func, &w->options, dir, &blob, hit, &error), SPC_OK);
    int number = atoi(blob.data + strlen("object "));
    free(blob.data);
    return number;
}

static void test_hit_and_miss(void **state)
{
    world *w = *state;
    bool hit;

    assert_int_equal(get(w, "k", w->dir, &hit), 1);
    assert_false(hit);
    assert_int_equal(get(w, "k", w->dir, &hit), 1);
    assert_true(hit);
    assert_int_equal(get(w, "other", w->dir, &hit), 2);
    assert_false(hit);
    assert_int_equal(get(w, "k", w->dir, NULL), 1);
    assert_int_equal(get(w, "k", NULL, &hit), 3);
    assert_false(hit);
}

static void test_everything_that_shapes_it_is_in_the_key(void **state)
{
    world *w = *state;
    bool hit;

    get(w, "k", w->dir, NULL);
    w->options.prefix = "p_";
    get(w, "k", w->dir, &hit);
    assert_false(hit);
    w->options.debug = true;
    get(w, "k", w->dir, &hit);
    assert_false(hit);
    ir_func_find(w->module, IR_KERNEL, "k")->loc.line = 77;
    get(w, "k", w->dir, &hit);
    assert_false(hit);
    w->target.features ^= 1;
    get(w, "k", w->dir, &hit);
    assert_false(hit);
    get(w, "k", w->dir, &hit);
    assert_true(hit);
}

/* The one entry's file, opened to be changed. */
static FILE *open_entry(const world *w)
{
    DIR *dir = opendir(w->dir);
    const struct dirent *entry;
    char path[512] = "";

    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            snprintf(path, sizeof path, "%s/%s", w->dir, entry->d_name);
    closedir(dir);
    return fopen(path, "r+b");
}

static void test_broken_entries_are_replaced(void **state)
{
    world *w = *state;
    bool hit;

    get(w, "k", w->dir, NULL);
    for (long at = 0; at < 88; at++) { /* header: 80 bytes, and the object's text */
        FILE *file = open_entry(w);
        assert_non_null(file);
        fseek(file, at, SEEK_SET);
        int byte = fgetc(file);
        fseek(file, at, SEEK_SET);
        fputc(byte ^ 0x10, file);
        fclose(file);
        get(w, "k", w->dir, &hit);
        assert_false(hit);
        get(w, "k", w->dir, &hit);
        assert_true(hit);
    }
    for (long size = 0; size < 88; size += 11) {
        FILE *file = open_entry(w);
        assert_int_equal(ftruncate(fileno(file), size), 0);
        fclose(file);
        get(w, "k", w->dir, &hit);
        assert_false(hit);
    }
}

static void test_unusable_folder_is_no_cache(void **state)
{
    world *w = *state;
    bool hit;

    assert_int_equal(get(w, "k", "/dev/null/cache", &hit), 1);
    assert_int_equal(get(w, "k", "/dev/null/cache", &hit), 2);
    assert_false(hit);
}

static void check_digest(const char *text, const char *want)
{
    be_sha256 hash;
    uint8_t digest[BE_SHA256_BYTES];
    char hex[65];

    be_sha256_start(&hash);
    for (size_t i = 0; i < strlen(text); i++)
        be_sha256_add(&hash, text + i, 1);
    be_sha256_end(&hash, digest);
    for (int i = 0; i < BE_SHA256_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(hex, want);
}

static void test_sha256(void **state)
{
    (void)state;
    check_digest("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_digest("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_hit_and_miss),
        TEST(test_everything_that_shapes_it_is_in_the_key),
        TEST(test_broken_entries_are_replaced),
        TEST(test_unusable_folder_is_no_cache),
        cmocka_unit_test(test_sha256),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
