/* digits: see digits.h. */
#include "digits.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 40 };

const char *const digits_names[DIGITS_NETS] = {"dense", "unstructured", "nm", "block"};

/* ---- the test set ---- */

static FILE *open_file(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        perror(path);
    return file;
}

/* The bytes of a NumPy file of unsigned bytes, version 1, as train.py writes them. */
static uint8_t *read_bytes(const char *folder, const char *name, int64_t *count)
{
    unsigned char head[10];
    char text[256] = "";
    uint8_t *bytes = NULL;
    FILE *file = open_file(folder, name);
    if (!file)
        return NULL;
    if (fread(head, 1, sizeof head, file) == sizeof head && !memcmp(head, "\x93NUMPY\1", 7)) {
        const size_t length = head[8] + 256u * head[9];
        const char *shape = NULL;
        if (length < sizeof text && fread(text, 1, length, file) == length && strstr(text, "'|u1'"))
            shape = strstr(text, "'shape': (");
        *count = 1;
        for (char *end = shape ? (char *)shape + 10 : text; *end >= '0' && *end <= '9'; end += strspn(end, ", "))
            *count *= strtol(end, &end, 10);
        bytes = shape ? malloc((size_t)*count) : NULL;
        if (bytes && fread(bytes, 1, (size_t)*count, file) != (size_t)*count) {
            free(bytes);
            bytes = NULL;
        }
    }
    fclose(file);
    if (!bytes)
        fprintf(stderr, "%s/%s: not an array of bytes\n", folder, name);
    return bytes;
}

int digits_load(const char *folder, digits_set *set)
{
    int64_t pixels = 0;
    memset(set, 0, sizeof *set);
    uint8_t *bytes = read_bytes(folder, "images.npy", &pixels);
    set->labels = read_bytes(folder, "labels.npy", &set->count);
    const int good = bytes && set->labels && pixels == set->count * DIGITS_PIXELS;
    if (good) {
        set->images = malloc((size_t)pixels * sizeof *set->images);
        set->results = calloc((size_t)set->count * DIGITS_CLASSES, sizeof *set->results);
    }
    for (int64_t i = 0; set->images && i < pixels; i++)
        set->images[i] = (float)bytes[i] / 255;
    free(bytes);
    return set->images && set->results ? 0 : 1;
}

void digits_free(digits_set *set)
{
    free(set->images);
    free(set->labels);
    free(set->results);
}

/* ---- running ---- */

static double accuracy(const digits_set *set)
{
    int64_t right = 0;
    for (int64_t i = 0; i < set->count; i++) {
        const float *y = set->results + i * DIGITS_CLASSES;
        int best = 0;
        for (int k = 1; k < DIGITS_CLASSES; k++)
            if (y[k] > y[best])
                best = k;
        right += best == set->labels[i];
    }
    return (double)right / (double)set->count;
}

static double expected_accuracy(const char *folder, const char *net)
{
    char name[32];
    double value, found = NAN;
    FILE *file = open_file(folder, "accuracy.txt");
    while (file && fscanf(file, "%31s %lf", name, &value) == 2)
        if (!strcmp(name, net))
            found = value;
    if (file)
        fclose(file);
    return found;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The least seconds of each network, for whatever else runs only adds; the four take turns, so that a slow moment of the
 * machine meets all of them. */
static int measure(const digits_set *set, digits_run *run, void *ctx, double seconds[DIGITS_NETS])
{
    for (int round = 0; round < ROUNDS; round++) {
        for (int net = 0; net < DIGITS_NETS; net++) {
            const double start = now();
            const int status = run(ctx, net, set);
            const double taken = now() - start;
            if (status)
                return status;
            seconds[net] = round == 0 ? taken : fmin(taken, seconds[net]);
        }
    }
    return 0;
}

int digits_report(const char *folder, const digits_set *set, digits_run *run, void *ctx)
{
    double found[DIGITS_NETS], seconds[DIGITS_NETS];
    int wrong = 0;
    for (int net = 0; net < DIGITS_NETS; net++) {
        memset(set->results, 0, (size_t)set->count * DIGITS_CLASSES * sizeof *set->results);
        if (run(ctx, net, set))
            return 1;
        found[net] = accuracy(set);
    }
    if (measure(set, run, ctx, seconds))
        return 1;
    printf("%-14s %9s %9s %14s %9s\n", "network", "accuracy", "expected", "us per image", "speed-up");
    for (int net = 0; net < DIGITS_NETS; net++) {
        const double expected = expected_accuracy(folder, digits_names[net]);
        /* One image in the set may be a tie that rounding decides. */
        const int differs = !(fabs(found[net] - expected) < 1.5 / (double)set->count);
        printf("%-14s %8.1f%% %8.1f%% %14.3f %8.2fx%s\n", digits_names[net], 100 * found[net], 100 * expected,
               1e6 * seconds[net] / (double)set->count, seconds[0] / seconds[net], differs ? "  DIFFERS" : "");
        wrong |= differs;
    }
    return wrong;
}
