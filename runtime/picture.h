/* picture: where a matrix has its non-zeros, in few enough numbers to draw: a raster of shares, how many non-zeros the
 * rows have, how full the tiles of 16 x 16 are. */
#ifndef SPC_RT_PICTURE_H
#define SPC_RT_PICTURE_H

#include "runtime/storage.h"

enum { RT_PICTURE_SIDE = 96, RT_PICTURE_BINS = 24, RT_PICTURE_TILE = 16 };

/* bin i: values from low + i * width to below low + (i + 1) * width; the last includes its end. */
typedef struct rt_histogram {
    double low, width;
    int bins;
    int64_t count[RT_PICTURE_BINS];
} rt_histogram;

typedef struct rt_picture {
    int height, width;         /* of the raster, in cells */
    int64_t cell_rows, cell_cols; /* elements of a cell; those at the end may have fewer */
    float cell[RT_PICTURE_SIDE][RT_PICTURE_SIDE]; /* share of the cell's elements that are not zero */
    double fullest;            /* the largest of them */
    rt_histogram row_lengths;  /* rows by number of non-zeros */
    rt_histogram tile_shares;  /* tiles by density */
} rt_picture;

spc_status rt_matrix_picture(const rt_matrix *, rt_picture *out, rt_error *);

#endif
