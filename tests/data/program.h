/* program: an SDL program of one layer with its tensors, run through the public C API on every backend. */
#ifndef SPC_TEST_DATA_PROGRAM_H
#define SPC_TEST_DATA_PROGRAM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <spc/spc.h>

enum { MAX_GIVEN = 4 };

typedef struct program {
    const char *name; /* of the case, for messages */
    const char *text; /* SDL; the layer is called f and has one result */
    int inputs, weights;
    spc_tensor in[MAX_GIVEN], weight[MAX_GIVEN];
    const char *weight_names[MAX_GIVEN];
    spc_tensor want;  /* its data too */
    double roundings; /* how many roundings either side may be off, at the scale of the largest result; 0: exact */
} program;

/* Runs it on all backends; fails the test where a result is not the one wanted. */
void program_check(const program *);
/* "f32[3,4]" */
const char *program_type(const spc_tensor *, char *buffer, size_t size);
int64_t program_count(const spc_tensor *);
/* The whole file, with a 0 behind it. NULL: there is none, which is said. */
char *program_read(const char *path, size_t *size);

#endif
