/* storage: how a weight matrix lies in memory, as data.
 *
 * A storage is a list of levels, outermost first. Each level takes every position of the level above to child
 * positions; the last level's positions are where values lie. A level speaks of one axis of the matrix (row, column)
 * or of a slot (the rank of a non-zero among those of its row below the same parent), as (axis / div) % mod.
 * With the kinds of levels.def this spells CSR, BSR, sliced ELL, packed N:M and tiled forms of each:
 *
 *     csr            dense row, compressed col
 *     bsr 8x4        dense row/8, compressed col/4, dense row%8, dense col%4
 *     sliced ELL 4   dense row/4, slots, dense row%4, singleton col        (rows sorted by count, see `window`)
 *     zip 4          dense row/4, zipped, dense row%4, singleton col       (as sliced ELL; see zip.h)
 *     alike 8        dense row/8, compressed col, dense row%8              (rows sorted by their columns, see `alike`)
 *     2:4, R rows    dense row/R, dense col/4, dense slot:2, dense row%R, singleton col%4 (2 bits each)
 *     band -2..2     dense row, offset col, 5 from row - 2
 *     sliding window dense row/16, window col of 32 with 4 slots, dense row%16, singleton col%32 (from the window's first)
     K tile 256     dense col/256 in front of any of them, and col%256 in place of col below
 *
 * Arrays that a storage makes, in this order: for each level that has them pos (start of each parent's children) and
 * crd (coordinates); perm (row order, where rows are sorted); values. rt_storage_arrays lists them: the contract
 * between packing and generated code.
 * What a dense level rounds up (rows to row_align, columns to the K tile or block) and what a window has past the last
 * column are positions of weight 0: places
 * past the last row, with coordinates 0, and columns past the last one, which generated code must not read.
 * A level of one coordinate (row%1, col%1) is left out of the list.
 * Shapes: rows x cols are the logical matrix (outputs x inputs of the contraction), which may be the transpose of
 * the stored tensor. Sizes are in elements unless a name says bytes. */
#ifndef SPC_RT_STORAGE_H
#define SPC_RT_STORAGE_H

#include "runtime/error.h"
#include <spc/spc_rt.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum rt_level_kind {
#define LEVEL(name, has_pos, has_crd, doc) RT_LEVEL_##name,
#include "runtime/levels.def"
#undef LEVEL
    RT_LEVEL_COUNT
} rt_level_kind;

typedef struct rt_level_info {
    const char *name;
    bool has_pos, has_crd;
    const char *doc;
} rt_level_info;
const rt_level_info *rt_level_of(rt_level_kind);

typedef enum rt_axis { RT_ROW, RT_COL, RT_SLOT } rt_axis;

typedef struct rt_level {
    rt_level_kind kind;
    rt_axis axis;
    int64_t div;  /* >= 1 */
    int64_t mod;  /* 0: none */
    int64_t size;  /* dense, offset: number of coordinates; window: slots of each; 0 otherwise */
    int classes;   /* zipped: how many; their loops differ in which rows share a column */
    int64_t shift; /* offset: coordinates begin at row + shift; window: columns of each */
    int crd_bits; /* compressed, singleton: 1, 2, 4, 8, 16 or 32 bits per coordinate */
    int crd_scale; /* coordinates are stored multiplied by this (1 unless pre-scaled for addressing) */
    int pos_bits; /* compressed, slots: 32 or 64 */
} rt_level;

enum { RT_MAX_LEVELS = 8, RT_MAX_ARRAYS = 2 * RT_MAX_LEVELS + 2 };

/* What a storage is made from; printing a storage prints its request. */
typedef struct rt_storage_request {
    char name[32];    /* as in a plan: "csr", "sell:4", "bsr:8x4", "nm:2:4", "dense:16" */
    spc_dtype dtype;  /* of the values */
    int64_t rows, cols; /* of the logical matrix */
    bool transposed;  /* logical rows are the last axis of the stored tensor */
    int64_t ktile;    /* 0: no K tile; else columns per tile, the outermost level */
    int64_t nnz;      /* non-zeros; -1 where not known, then the largest possible. Chooses pos_bits only */
    int64_t pad;      /* 0 or 1: none; slots: counts per parent are rounded up to a multiple of this */
    int crd_scale;    /* coordinates are stored multiplied by this; 0 counts as 1 */
} rt_storage_request;

typedef struct rt_storage {
    rt_storage_request request;
    int64_t rows, cols;
    bool sorted;      /* rows ordered by falling count, ties by row: perm[place] = row */
    bool alike;       /* with sorted: ordered so that rows with the same columns are neighbours, instead of by count */
    int64_t window;   /* 0: whole rows are counted, and all may change places. Else rows change places only within each
                       * window of so many (a multiple of row_align), and each K tile has an order of its own, by the
                       * counts within it: perm[tile * places + place], places: rows rounded up to row_align */
    int64_t row_align; /* row levels cover rows rounded up to this; places past the end are empty rows (perm: row = rows) */
    int nlevels;
    rt_level levels[RT_MAX_LEVELS];
} rt_storage;

typedef struct rt_array_info {
    const char *name; /* "values", "perm", "pos2", "crd2" (the level's number) */
    int bits;         /* per element; pos and perm are unsigned 32 or 64 */
    bool is_float;    /* values */
} rt_array_info;
int rt_storage_arrays(const rt_storage *, rt_array_info out[RT_MAX_ARRAYS]); /* returns how many */
/* Orders of the rows that perm holds, one behind the other: one, or where rows are sorted in windows one for each K tile. */
int64_t rt_row_orders(const rt_storage *);

/* Lists the levels and fills in sizes and widths: coordinates get the narrowest of 8, 16, 32 bits (1, 2, 4 too for
 * nm) that holds extent * crd_scale; pos is 32 bits unless nnz may pass 2^32 - 1. The legal names stand in
 * storages.def. False with a message that names the term where the name or a parameter is not legal for the shape. */
bool rt_storage_make(const rt_storage_request *, rt_storage *out, rt_error *);

/* Whether the name is one of storages.def with parameters of the right form; some shapes may refuse it still. */
bool rt_storage_is_name(const char *name);

/* A matrix to pack: either dense (row-major tensor data) or CSR. Borrowed. rows x cols are the STORED axes. */
typedef struct rt_matrix {
    spc_dtype dtype;
    int64_t rows, cols;
    const void *dense;                     /* NULL for CSR */
    const int64_t *row_start;              /* CSR: rows + 1 */
    const int64_t *col;                    /* ascending in each row */
    const void *values;                    /* of dtype */
    int64_t nnz;                           /* CSR: stored entries; explicit zeros count */
} rt_matrix;

typedef struct rt_packed {
    int narrays;
    struct {
        rt_array_info info;
        int64_t count; /* elements */
        int64_t bytes; /* rounded up to whole bytes */
        void *data;    /* 64-aligned */
    } arrays[RT_MAX_ARRAYS];
    int64_t nnz, padding; /* values stored in all = nnz + padding */
    int64_t values_bytes, metadata_bytes;
} rt_packed;

/* One generic packer for every storage: it walks the levels over the non-zeros. Padding entries have value 0 and point at a
 * column of the same row (and tile, and group) that holds no non-zero, so that Inf and NaN do not leak; only where
 * a row is full in its tile there is none, and then no padding is made. Fails with SPC_E_NOMEM, or SPC_E_PROGRAM where the matrix does not fit the
 * storage (surplus non-zeros in an N:M group). Free with rt_packed_free. */
spc_status rt_pack(const rt_storage *, const rt_matrix *, rt_packed *out, rt_error *);
/* A plain tensor, which has no storage: its one array, its elements and bytes (false on overflow), and its data from
 * either form of a matrix, written to `bytes` bytes. */
rt_array_info rt_plain_array(spc_dtype);
bool rt_plain_size(const rt_matrix *, int64_t *count, int64_t *bytes);
void rt_plain_fill(const rt_matrix *, void *dense, int64_t bytes);
spc_status rt_pack_plain(const rt_matrix *, rt_packed *out, rt_error *); /* a copy, 64-aligned */
/* Back to a dense row-major tensor of the STORED shape, for tests and explain. Padding must be zero (checked). */
spc_status rt_unpack(const rt_storage *, const rt_packed *, void *dense, rt_error *);
void rt_packed_free(rt_packed *);

#endif
