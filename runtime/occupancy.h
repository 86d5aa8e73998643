/* occupancy: which rows, columns and blocks of a matrix hold a non-zero. Inside runtime/ only. */
#ifndef SPC_RT_OCCUPANCY_H
#define SPC_RT_OCCUPANCY_H

#include "runtime/pattern.h"

typedef struct rt_occupancy {
    int64_t rows, cols, width;   /* width: columns that are told apart; column % width is the channel */
    int64_t r, c;                /* sides of a block; 0: blocks are not looked at */
    int64_t block_rows, block_cols;
    int64_t nnz;
    int64_t *in_row;             /* non-zeros of each row */
    bool *channel;               /* of width: any non-zero */
    unsigned char *block;        /* one bit each, row-major */
    uint64_t *row_key, *col_key; /* hashes of a row's columns and of a column's rows; NULL: they are not looked at */
} rt_occupancy;

/* Looks at the blocks of the pattern's first block part, if there is one (pattern may be NULL), and at keys if these are
 * wanted. False: no memory. */
bool rt_occupancy_make(const rt_matrix *, const rt_pattern *, bool keys, rt_occupancy *out);
void rt_occupancy_free(rt_occupancy *);

static inline bool rt_occupancy_block(const rt_occupancy *o, int64_t row, int64_t col)
{
    int64_t index = row * o->block_cols + col;
    return o->block[index / 8] >> (index % 8) & 1;
}

#endif
