/* pattern: contracts about where a weight may be non-zero, and facts about where it is.
 *
 * Text as in SDL: "dense", "unstructured", "2:4", "block(8, 4)", "rows", "columns", "band(-1, 1)", joined by " & ".
 * Axes are the stored ones; zero is 0 or -0.0, NaN is not zero. */
#ifndef SPC_RT_PATTERN_H
#define SPC_RT_PATTERN_H

#include "runtime/storage.h"

typedef enum rt_pattern_kind {
    RT_DENSE, RT_UNSTRUCTURED, RT_NM, RT_BLOCK, RT_ROWS, RT_COLUMNS, RT_BAND
} rt_pattern_kind;

enum { RT_MAX_PATTERNS = 8 };
typedef struct rt_pattern { /* all of the parts hold */
    int count;
    struct {
        rt_pattern_kind kind;
        int64_t a, b; /* N, M; r, c; lo, hi */
    } part[RT_MAX_PATTERNS];
    double density; /* the hint; 0: none */
    int64_t width;  /* 0, or columns of one (kh, kw) of a conv weight: band and columns then take column % width */
} rt_pattern;

bool rt_pattern_parse(const char *text, rt_pattern *out, rt_error *);
/* Canonical text of it. */
void rt_pattern_print(const rt_pattern *, char *out, size_t size);

typedef struct rt_violation {
    int64_t row, col; /* the first surplus element in row-major order */
    double value;
    int64_t surplus; /* how many surplus elements in all; 0: the contract holds */
    int part;        /* which part of the pattern */
    bool scattered;  /* warning: under half of the zeros fall in whole zero blocks, rows or columns */
} rt_violation;
void rt_pattern_check(const rt_pattern *, const rt_matrix *, rt_violation *out);
/* What to say of a violation, without its place. */
void rt_violation_print(const rt_pattern *, const rt_violation *, char *out, size_t size);
/* Density that a plan counts on where there is no data: what the pattern implies, else the hint, else 0.1. */
double rt_pattern_density(const rt_pattern *);

typedef struct rt_facts {
    int64_t rows, cols, nnz;
    double density;            /* nnz / (rows * cols); 0 for an empty matrix */
    int64_t row_min, row_max;  /* non-zeros in a row */
    int64_t empty_rows, empty_cols;
    double row_mean, row_cv;   /* coefficient of variation */
    double block_fill;         /* for a block pattern: non-zeros / elements of the blocks that hold any; else 0 */
    int64_t blocks;            /* blocks that hold any non-zero */
    double row_alike;          /* rows for each different set of columns, empty rows left out: 1 where no two are equal */
    double col_alike;          /* the same of columns */
} rt_facts;
/* Marks the rows that hold a non-zero, and the columns, taken modulo width; marks that are there stay. */
void rt_matrix_held(const rt_matrix *, int64_t width, bool *rows, bool *cols);
spc_status rt_matrix_facts(const rt_matrix *, const rt_pattern *, rt_facts *out, rt_error *);

#endif
