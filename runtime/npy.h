/* npy: parts of the NumPy reader that the weights table and the tests need. Inside runtime/ only. */
#ifndef SPC_RT_NPY_H
#define SPC_RT_NPY_H

#include "runtime/weights.h"

typedef struct rt_npy_header {
    spc_dtype dtype;    /* of <u2: SPC_BF16 */
    bool is_u16;        /* the file says 16-bit integers */
    bool big_endian, fortran;
    int rank;
    int64_t dims[8];
    int64_t count;      /* elements */
    size_t data_offset; /* where the elements begin */
} rt_npy_header;

/* Reads the header of a file in memory, and checks that exactly its elements follow. `file` is for messages. */
spc_status rt_npy_parse(const unsigned char *bytes, size_t size, const char *file, rt_npy_header *out, rt_error *);
/* rt_npy_read that takes <u2 as bf16 whoever expects what, and says so. */
spc_status rt_npy_read_any(const char *path, rt_npy *out, bool *is_u16, rt_error *);

#endif
