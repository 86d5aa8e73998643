/* digits: what the two hosts of this example share: the test set, counting right answers, time, the table.
 * A host gives a function that runs one of the four networks on all images. */
#ifndef DIGITS_H
#define DIGITS_H

#include <stdint.h>

enum { DIGITS_PIXELS = 256, DIGITS_CLASSES = 10, DIGITS_NETS = 4 };

typedef struct digits_set {
    int64_t count;
    float *images; /* [count, DIGITS_PIXELS], 0 to 1 */
    uint8_t *labels;
    float *results; /* [count, DIGITS_CLASSES] */
} digits_set;

/* The networks' names, as in accuracy.txt; the layer of NAME is NAME_net. */
extern const char *const digits_names[DIGITS_NETS];

/* 0 on success, else it has said on stderr what is wrong. */
int digits_load(const char *folder, digits_set *);
void digits_free(digits_set *);

/* Runs network `net` on all images into set->results; 0 or a spc_status. */
typedef int digits_run(void *ctx, int net, const digits_set *set);
/* Prints the table; checks every accuracy against FOLDER/accuracy.txt. 0: all as expected. */
int digits_report(const char *folder, const digits_set *, digits_run *, void *ctx);

#endif
