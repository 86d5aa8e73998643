/* source: a tensor that was found in a file or in memory, and how it becomes what a declaration asks for.
 * Inside runtime/ only. */
#ifndef SPC_RT_SOURCE_H
#define SPC_RT_SOURCE_H

#include "runtime/weights.h"

typedef struct rt_source {
    const char *file, *tensor; /* for messages: "FILE: TENSOR" */
    const char *dtype_text;    /* for messages, and the integer dtypes that only indices have */
    spc_dtype dtype;           /* 0: none of the language's */
    int rank;
    int64_t dims[8];
    int64_t count;
    const void *data; /* may be misaligned */
} rt_source;

/* What a declaration got: a matrix and what it allocated for it. */
typedef struct rt_holding {
    rt_matrix matrix;
    void *owned[3];
} rt_holding;
void rt_holding_free(rt_holding *);

/* rows x cols of the matrix that a declaration stands for. */
void rt_declared_matrix(const rt_declaration *, int64_t *rows, int64_t *cols);

/* Gives the source as the dense matrix that is declared. */
spc_status rt_source_dense(const rt_source *, const rt_declaration *, rt_holding *out, rt_error *);
/* The same from the parts of a CSR tensor: row starts, columns, values. */
spc_status rt_source_csr(const rt_source parts[3], const rt_declaration *, rt_holding *out, rt_error *);

/* Values as `want`, from `count` elements of the source: borrowed, or converted into *owned. */
spc_status rt_source_values(const rt_source *, spc_dtype want, int64_t count, int64_t cols, const void **data,
                            void **owned, rt_error *);
/* "f32[2, 3]" */
void rt_shape_print(const char *dtype, int rank, const int64_t *dims, char *out, size_t size);
/* "FILE: TENSOR: error: " followed by the message. */
spc_status rt_source_fail(const rt_source *, rt_error *, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
