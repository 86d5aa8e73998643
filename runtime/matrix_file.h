/* matrix_file: text files of one matrix: Matrix Market (.mtx) and the patterns of the Deep Learning Matrix Collection
 * (.smtx). Untrusted: memory and time are bounded by the size of the text. Inside runtime/ only.
 *
 * Matrix Market: "coordinate" or "array", "real", "integer" or "pattern", "general", "symmetric" or "skew-symmetric";
 * symmetric files hold the lower triangle and are made whole. DLMC: "rows, cols, non-zeros", the row starts, the columns. */
#ifndef SPC_RT_MATRIX_FILE_H
#define SPC_RT_MATRIX_FILE_H

#include "runtime/source.h"

typedef enum rt_field { RT_FIELD_REAL, RT_FIELD_INTEGER, RT_FIELD_PATTERN } rt_field;

typedef struct rt_matrix_file {
    rt_field field;
    int64_t rows, cols, count;
    int64_t *row, *col; /* of each entry, row-major, no place twice; NULL: every element is there */
    double *values;     /* whole where the field is integer; NULL where it is pattern */
} rt_matrix_file;

/* Malformed: SPC_E_PROGRAM and "FILE:LINE:COLUMN: error: ...". */
spc_status rt_mtx_read(const void *data, size_t size, const char *file, rt_matrix_file *out, rt_error *);
spc_status rt_smtx_read(const void *data, size_t size, const char *file, rt_matrix_file *out, rt_error *);
void rt_matrix_file_free(rt_matrix_file *);

/* The matrix as it is declared. Real values convert to float dtypes, whole ones to any that holds them; where there are
 * none they are 1, or of this seed (NULL: none): a fraction of 0.25 to 1, or 1 to 7, of either sign where the dtype has
 * one. source: file and tensor, for messages. Borrows the columns. */
spc_status rt_matrix_file_take(const rt_matrix_file *, const rt_source *source, const rt_declaration *,
                               const uint64_t *seed, rt_holding *out, rt_error *);

#endif
