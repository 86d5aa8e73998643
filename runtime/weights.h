/* weights: named tensors from files and memory, found and converted as the SDL declares them.
 *
 * Files stay mapped read-only while the table lives; nothing is copied unless a dtype is converted. Untrusted input: every
 * header is checked for bounds, overflow, overlaps, holes and sizes before anything is read. */
#ifndef SPC_RT_WEIGHTS_H
#define SPC_RT_WEIGHTS_H

#include "runtime/dtype.h"
#include "runtime/storage.h"

typedef struct rt_weights rt_weights;

rt_weights *rt_weights_new(void); /* NULL: no memory */
void rt_weights_free(rt_weights *);

/* PATH.safetensors, or NAME=FILE (.npy, .mtx, .smtx, or a safetensors file of one tensor) for one tensor, NAME being the
 * weight's own name (or that + ".scale"). A file that cannot be opened: SPC_E_IO; malformed: SPC_E_PROGRAM. */
spc_status rt_weights_add_file(rt_weights *, const char *spec, rt_error *);
/* One tensor from memory, copied; it goes by the weight's own name and comes before files. */
spc_status rt_weights_add_tensor(rt_weights *, const char *weight, const spc_tensor *, rt_error *);
/* Undoes the last of these that succeeded: what was found in it is gone. */
void rt_weights_take_back(rt_weights *);
/* The FILE of NAME=FILE; NULL where the text is a path: NAME is made of letters, digits, '_' and '.'. */
const char *rt_weights_file_of(const char *spec);
bool rt_weights_empty(const rt_weights *);
/* What is found from now on in files without values gets random ones; without a seed they are 1. */
void rt_weights_seed(rt_weights *, uint64_t seed);

typedef struct rt_declaration {
    const char *name;   /* the weight's own name, for NAME=FILE and memory */
    const char *tensor; /* its name in weights files */
    spc_dtype dtype;
    int rank;
    int64_t dims[8];
} rt_declaration;

/* Finds the tensor of a declaration and gives it as a matrix of the declared dtype: rank 2 as it is, rank 1 as 1 x n,
 * rank 0 as 1 x 1, rank 4 as [d0, d1*d2*d3], others as [d0, rest]. Plain tensors come dense, NAME.crow_indices,
 * NAME.col_indices, NAME.values as CSR. Float dtypes convert to one another, others must match. The matrix is owned
 * by the table. SPC_E_PROGRAM: shape or dtype differs (both shown), malformed CSR (row and entry named), found twice.
 * *found false (and SPC_OK): no such tensor. */
spc_status rt_weights_find(rt_weights *, const rt_declaration *, rt_matrix *out, bool *found, rt_error *);
/* For a declaration without a tensor: names of tensors that no other weight took and that have its shape, quoted, the first
 * three or as many as the text holds. Their number, also of those left out. */
size_t rt_weights_alike(const rt_weights *, const rt_declaration *, char *text, size_t size);
/* "FILE: TENSOR" of the tensor that rt_weights_find took, for messages about its data. */
const char *rt_weights_place(rt_weights *, const rt_declaration *);

/* ---- NumPy arrays ---- */
typedef struct rt_npy {
    spc_tensor tensor; /* native byte order, C order */
    void *owned;       /* free with rt_npy_free */
} rt_npy;
/* Reads C or Fortran order, little or big endian, versions 1 to 3; path "-" is standard input. bf16 travels as <u2: the
 * caller that expects bf16 asks for it by `expect`; 0: as the file says. */
spc_status rt_npy_read(const char *path, spc_dtype expect, rt_npy *out, rt_error *);
/* Whole or not at all: writes aside, then renames. path "-" is standard output. */
spc_status rt_npy_write(const char *path, const spc_tensor *, rt_error *);
void rt_npy_free(rt_npy *);

#endif
