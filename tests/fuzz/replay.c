/* replay: runs a fuzz target over the files of its corpus, as an ordinary test.
 *
 *     replay FOLDER       every file of it, each also cut short at a few places and with a few bytes changed */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_SIZE = 1 << 20, VARIANTS = 12 };

/* A copy of exactly this size, so that reading past the end is seen by a sanitizer. */
static void run_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) exit(3);
    if (size) memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_variants(uint8_t *data, size_t size)
{
    uint64_t state = size * 0x9e3779b97f4a7c15u + 1;
    run_copy(data, size);
    for (int i = 0; i < VARIANTS && size; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        size_t at = (size_t)(state >> 33) % size;
        uint8_t kept = data[at];
        run_copy(data, at);
        data[at] = (uint8_t)(state >> 20);
        run_copy(data, size);
        data[at] = kept;
    }
}

static int run_file(const char *folder, const char *name)
{
    char path[4096];
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(MAX_SIZE);
    if (!file || !data) {
        fprintf(stderr, "replay: cannot read %s\n", path);
        exit(3);
    }
    size_t size = fread(data, 1, MAX_SIZE, file);
    fclose(file);
    run_variants(data, size);
    free(data);
    return 1;
}

int main(int argc, char **argv)
{
    int files = 0;
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder) {
        fprintf(stderr, "usage: replay FOLDER\n");
        return 2;
    }
    for (const struct dirent *entry; (entry = readdir(folder));) files += run_file(argv[1], entry->d_name);
    closedir(folder);
    printf("%d files\n", files);
    return files ? 0 : 1;
}
