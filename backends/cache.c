/* cache.c: one file per object, named by the hash of all that shaped it.
 *
 *     magic | key | length (64 bits) | SHA-256 of the object | object
 *
 * Files are written aside and renamed, so several processes may share the folder. Whatever is wrong with a file or the folder
 * only means that the object is made anew. */
#include "backends/cache.h"
#include "backends/sha256.h"
#include "build_id.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 30 };

typedef struct entry_header {
    char magic[8];
    uint8_t key[BE_SHA256_BYTES];
    uint64_t length;
    uint8_t checksum[BE_SHA256_BYTES];
} entry_header;

static const char magic[8] = "spcobj1";

/* ---- the key ---- */

/* With its length, so that no two lists of texts look alike. */
static void add_text(be_sha256 *hash, const char *text)
{
    uint64_t length = text ? strlen(text) : 0;

    be_sha256_add(hash, &length, sizeof length);
    be_sha256_add(hash, text ? text : "", length);
}

static void add_number(be_sha256 *hash, uint64_t number) { be_sha256_add(hash, &number, sizeof number); }

static void add_loc(be_sha256 *hash, ir_loc loc)
{
    add_text(hash, loc.source ? loc.source->name : NULL);
    add_number(hash, (uint64_t)loc.line << 32 | (uint32_t)loc.column);
}

/* Source lines are not part of a function's text, but of its line table. */
static void add_locs(be_sha256 *hash, const ir_block *block)
{
    for (const ir_op *op = block->first; op; op = op->next) {
        add_loc(hash, op->loc);
        add_locs(hash, &op->body);
        add_locs(hash, &op->body2);
    }
}

static void make_key(const be_backend *backend, const ir_module *module, const ir_func *func,
                     const be_options *options, uint8_t key[BE_SHA256_BYTES])
{
    be_sha256 hash;

    be_sha256_start(&hash);
    add_text(&hash, SPC_VERSION);
    add_text(&hash, SPC_BUILD_ID);
    add_text(&hash, backend->name);
    add_text(&hash, backend->version());
    add_text(&hash, options->target->llvm_name);
    add_number(&hash, options->target->features);
    add_number(&hash, (uint64_t)options->target->vector_bytes);
    add_text(&hash, options->prefix);
    add_number(&hash, options->debug);
    ir_arena *text = ir_arena_within(module->arena);
    add_text(&hash, ir_print_func(func, text));
    ir_arena_drop(text);
    if (options->debug) {
        add_loc(&hash, func->loc);
        add_locs(&hash, &func->body);
    }
    be_sha256_end(&hash, key);
}

static char *entry_path(const char *dir, const uint8_t key[BE_SHA256_BYTES], const char *suffix)
{
    char hex[2 * BE_SHA256_BYTES + 1], *path = NULL;

    for (int i = 0; i < BE_SHA256_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", key[i]);
    return asprintf(&path, "%s/%s%s", dir, hex, suffix) < 0 ? NULL : path;
}

static void checksum_of(const void *data, size_t size, uint8_t out[BE_SHA256_BYTES])
{
    be_sha256 hash;

    be_sha256_start(&hash);
    be_sha256_add(&hash, data, size);
    be_sha256_end(&hash, out);
}

/* ---- reading ---- */

static bool read_all(int fd, void *data, size_t size)
{
    char *next = data;

    while (size > 0) {
        ssize_t n = read(fd, next, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        next += n;
        size -= (size_t)n;
    }
    return true;
}

static bool read_entry(int fd, const uint8_t key[BE_SHA256_BYTES], be_blob *out)
{
    entry_header header;
    struct stat info;
    uint8_t sum[BE_SHA256_BYTES];

    if (fstat(fd, &info) != 0 || !read_all(fd, &header, sizeof header)
        || memcmp(header.magic, magic, sizeof magic) != 0 || memcmp(header.key, key, sizeof header.key) != 0
        || header.length > MOST_BYTES || (int64_t)(header.length + sizeof header) != info.st_size)
        return false;
    out->data = malloc(header.length + 1);
    if (!out->data)
        return false;
    out->size = header.length;
    out->data[out->size] = '\0';
    if (!read_all(fd, out->data, out->size))
        return false;
    checksum_of(out->data, out->size, sum);
    return memcmp(sum, header.checksum, sizeof sum) == 0;
}

static bool look_up(const char *dir, const uint8_t key[BE_SHA256_BYTES], be_blob *out)
{
    char *path = entry_path(dir, key, ".o");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    free(path);
    if (fd < 0)
        return false;
    bool found = read_entry(fd, key, out);
    close(fd);
    if (!found) {
        free(out->data);
        *out = (be_blob){0};
    }
    return found;
}

/* ---- writing ---- */

static bool write_all(int fd, const void *data, size_t size)
{
    const char *next = data;

    while (size > 0) {
        ssize_t n = write(fd, next, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        next += n;
        size -= (size_t)n;
    }
    return true;
}

/* The folder and those above it, as far as they are missing. */
static void make_folders(const char *dir)
{
    char *path = strdup(dir);

    for (char *slash = path; path && slash && (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        mkdir(path, 0777);
        *slash = '/';
    }
    if (path)
        mkdir(path, 0777);
    free(path);
}

/* temp: a pattern for mkostemp, which becomes the name. */
static int open_aside(const char *dir, char *temp)
{
    int fd = mkostemp(temp, O_CLOEXEC);

    if (fd >= 0 || errno != ENOENT)
        return fd;
    make_folders(dir);
    memset(temp + strlen(temp) - 6, 'X', 6);
    return mkostemp(temp, O_CLOEXEC);
}

static void keep(const char *dir, const uint8_t key[BE_SHA256_BYTES], const be_blob *object)
{
    entry_header header = {.length = object->size};
    char *path = entry_path(dir, key, ".o"), *temp = entry_path(dir, key, ".XXXXXX");
    int fd = path && temp ? open_aside(dir, temp) : -1;

    if (fd >= 0) {
        memcpy(header.magic, magic, sizeof magic);
        memcpy(header.key, key, sizeof header.key);
        checksum_of(object->data, object->size, header.checksum);
        bool ok = write_all(fd, &header, sizeof header) && write_all(fd, object->data, object->size);
        ok = close(fd) == 0 && ok;
        if (!ok || rename(temp, path) != 0)
            unlink(temp);
    }
    free(path);
    free(temp);
}

spc_status be_emit_cached(const be_backend *backend, const ir_module *module, const ir_func *func,
                          const be_options *options, const char *dir, be_blob *out, bool *hit, rt_error *error)
{
    uint8_t key[BE_SHA256_BYTES];
    bool found = false;

    *out = (be_blob){0};
    if (dir) {
        make_key(backend, module, func, options, key);
        found = look_up(dir, key, out);
    }
    if (hit)
        *hit = found;
    if (found)
        return SPC_OK;
    spc_status status = backend->emit(module, &func, 1, options, BE_OBJECT, out, error);
    if (!status && dir && out->size <= MOST_BYTES)
        keep(dir, key, out);
    return status;
}
