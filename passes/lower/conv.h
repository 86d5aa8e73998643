/* conv: what the two halves of the nest of packed convolutions share. Private to conv.c and conv_panel.c.
 *
 * The panel holds a band of the image, zero padded, each input (channel) in a plane of its own, so that lanes run along
 * pixels. Rows of a plane have the pitch of a row of results plus what windows reach beyond it: then element
 *     table[k] + p
 * is the activation of column k = (ky, kx, input) for result p = row * pitch + column of the band, whatever the geometry.
 * A stride s > 1 splits an axis into phases: rows (columns) s apart become neighbours. Results p with a column beyond the
 * last one of their row are computed from neighbours and dropped. */
#ifndef SPC_LOWER_CONV_H
#define SPC_LOWER_CONV_H

#include "passes/lower/lower.h"

/* One axis. Tap t starts at padded row t * step: in phase (t * step) % stride, `(t * step) / stride` rows down. */
typedef struct conv_axis {
    int64_t taps, stride, step;
    int64_t phases;  /* that some tap is in */
    int64_t between; /* phases are so far apart; 0: each tap has a phase of its own, which starts at its row */
    int64_t overlap; /* rows of a phase beyond those of results */
} conv_axis;

typedef struct conv_shape {
    lw_window w;
    conv_axis axes[2];
    int64_t inputs;
    const ir_extent *band_rows; /* rows of results in a band, at most */
    const ir_extent *bands;     /* of an image */
    const ir_extent *pitch, *plane, *phase; /* elements of a row, of an input, of all inputs of a phase */
    const ir_extent *blocks;    /* panels of tile_cols results in a band, at most */
    int64_t columns;            /* entries of the table: whole K tiles, whole blocks of the storage */
    bool narrow;                /* offsets fit 32 bits */
    const ir_extent *table_bytes, *panel_bytes, *sums_bytes; /* scratch, in this order */
} conv_shape;

/* Everything that follows from the region and the plan's terms. */
void conv_shape_of(const lw_kernel *, conv_shape *);

typedef struct conv_panel {
    lw_kernel *k;
    const conv_shape *shape;
    ir_op *table, *panel;        /* buffers */
    ir_op *pitch, *plane, *phase; /* values */
    ir_op *in[2], *before[2];
} conv_panel;

/* Fills the table; it is the same for every band. */
void conv_fill_table(const conv_panel *);
/* Copies the rows of image number `image` that results from row y0 on need. */
void conv_pack(const conv_panel *, ir_op *image, ir_op *y0);

#endif
