/* host: reads the digits with both networks through kernels.h and compares the accuracies with accuracy.txt. Links nothing
 * of spc.
 *
 *     host IMAGES.bin LABELS.bin accuracy.txt     a byte for each pixel (16 x 16 an image) and each label */
#include "kernels.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PIXELS = 256, DIGITS = 10, MOST = 4096, ROUNDS = 15 };

typedef int network(int64_t batch, const float *x, float *y, const spc_exec *exec);

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* As many bytes as the file has, up to `most`; 0: none. */
static size_t read_file(const char *path, unsigned char *bytes, size_t most)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 0;
    }
    const size_t count = fread(bytes, 1, most, file);
    fclose(file);
    return count;
}

/* The accuracy that the file has for this network; -1: none. */
static double expected(const char *path, const char *name)
{
    char line[80], word[64];
    double value, found = -1;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "%63s %lf", word, &value) == 2 && !strcmp(word, name))
            found = value;
    if (file)
        fclose(file);
    return found;
}

static double accuracy(const float *results, const unsigned char *labels, size_t count)
{
    size_t right = 0;
    for (size_t i = 0; i < count; i++) {
        int best = 0;
        for (int d = 1; d < DIGITS; d++)
            if (results[i * DIGITS + d] > results[i * DIGITS + best])
                best = d;
        right += best == labels[i];
    }
    return (double)right / (double)count;
}

int main(int argc, char **argv)
{
    static unsigned char bytes[MOST * PIXELS], labels[MOST];
    static float images[MOST * PIXELS], results[MOST * DIGITS];
    static const struct {
        const char *name;
        network *run;
    } networks[] = {{"dense", dense_net}, {"pruned", pruned_net}};
    int wrong = 0;
    if (argc != 4) {
        fprintf(stderr, "usage: %s IMAGES LABELS ACCURACY\n", argv[0]);
        return 2;
    }
    const size_t count = read_file(argv[2], labels, sizeof labels);
    if (!count || read_file(argv[1], bytes, sizeof bytes) != count * PIXELS)
        return 1;
    for (size_t i = 0; i < count * PIXELS; i++)
        images[i] = (float)bytes[i] / 255;
    for (size_t n = 0; n < sizeof networks / sizeof *networks; n++) {
        double best = HUGE_VAL;
        for (int round = 0; round < ROUNDS; round++) {
            const double start = now();
            const int status = networks[n].run((int64_t)count, images, results, NULL);
            const double took = now() - start;
            if (status)
                return fprintf(stderr, "%s: status %d\n", networks[n].name, status), 1;
            best = took < best ? took : best;
        }
        const double found = accuracy(results, labels, count), wanted = expected(argv[3], networks[n].name);
        printf("%-7s accuracy %.3f   %6.1f us an image\n", networks[n].name, found, best * 1e3 / (double)count);
        if (!(fabs(found - wanted) < 5e-4)) {
            fprintf(stderr, "%s: accuracy.txt has %.3f\n", networks[n].name, wanted);
            wrong = 1;
        }
    }
    return wrong;
}
