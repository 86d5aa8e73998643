/* picture: see picture.h. */
#include "runtime/picture.h"

#include "runtime/nonzeros.h"
#include <stdlib.h>
#include <string.h>

enum { NARROW = 16 }; /* cells; a matrix that would come out narrower is stretched */

typedef struct drawing {
    rt_picture *picture;
    int64_t *in_row, *in_tile;
    int64_t rows, cols, tile_cols;
} drawing;

static int64_t pieces(int64_t all, int64_t each) { return all / each + (all % each != 0); }

static int64_t shorter(int64_t a, int64_t b) { return a < b ? a : b; }

static bool mark(void *ctx, int64_t row, int64_t col, uint64_t bits)
{
    (void)bits;
    drawing *d = ctx;
    d->in_row[row]++;
    d->in_tile[row / RT_PICTURE_TILE * d->tile_cols + col / RT_PICTURE_TILE]++;
    d->picture->cell[row / d->picture->cell_rows][col / d->picture->cell_cols]++;
    return true;
}

/* Cells are square where the matrix is not so long that one side would vanish. */
static void choose_cells(const rt_matrix *m, rt_picture *p)
{
    const int64_t rows = pieces(m->rows, RT_PICTURE_SIDE), cols = pieces(m->cols, RT_PICTURE_SIDE);
    const int64_t side = rows > cols ? rows : cols;
    const bool square = side > 0 && pieces(m->rows, side) >= shorter(NARROW, m->rows) && pieces(m->cols, side) >= shorter(NARROW, m->cols);
    p->cell_rows = square ? side : rows > 0 ? rows : 1;
    p->cell_cols = square ? side : cols > 0 ? cols : 1;
    p->height = (int)pieces(m->rows, p->cell_rows);
    p->width = (int)pieces(m->cols, p->cell_cols);
}

static void take_shares(const rt_matrix *m, rt_picture *p)
{
    for (int64_t y = 0; y < p->height; y++)
        for (int64_t x = 0; x < p->width; x++) {
            const int64_t area = shorter(p->cell_rows, m->rows - y * p->cell_rows) * shorter(p->cell_cols, m->cols - x * p->cell_cols);
            p->cell[y][x] /= (float)area;
            if (p->cell[y][x] > p->fullest)
                p->fullest = p->cell[y][x];
        }
}

static void put(rt_histogram *h, double value)
{
    const int bin = (int)((value - h->low) / h->width);
    h->count[bin < 0 ? 0 : bin < h->bins ? bin : h->bins - 1]++;
}

/* Bins of whole numbers, so that none is empty because of rounding. */
static void count_rows(const drawing *d, rt_histogram *h)
{
    int64_t least = d->rows ? INT64_MAX : 0, most = 0;
    for (int64_t r = 0; r < d->rows; r++) {
        least = shorter(least, d->in_row[r]);
        most = d->in_row[r] > most ? d->in_row[r] : most;
    }
    const int64_t width = pieces(most - least + 1, RT_PICTURE_BINS);
    *h = (rt_histogram){.low = (double)least, .width = (double)width, .bins = (int)pieces(most - least + 1, width)};
    for (int64_t r = 0; r < d->rows; r++)
        put(h, (double)d->in_row[r]);
}

static void count_tiles(const drawing *d, rt_histogram *h)
{
    *h = (rt_histogram){.low = 0, .width = 1.0 / 20, .bins = 20};
    for (int64_t r = 0; r < d->rows; r += RT_PICTURE_TILE)
        for (int64_t c = 0; c < d->cols; c += RT_PICTURE_TILE) {
            const int64_t area = shorter(RT_PICTURE_TILE, d->rows - r) * shorter(RT_PICTURE_TILE, d->cols - c);
            put(h, (double)d->in_tile[r / RT_PICTURE_TILE * d->tile_cols + c / RT_PICTURE_TILE] / (double)area);
        }
}

spc_status rt_matrix_picture(const rt_matrix *m, rt_picture *out, rt_error *e)
{
    drawing d = {.picture = out, .rows = m->rows, .cols = m->cols, .tile_cols = pieces(m->cols, RT_PICTURE_TILE)};
    memset(out, 0, sizeof *out);
    choose_cells(m, out);
    d.in_row = calloc((size_t)m->rows + 1, sizeof *d.in_row);
    d.in_tile = calloc((size_t)(pieces(m->rows, RT_PICTURE_TILE) * d.tile_cols) + 1, sizeof *d.in_tile);
    const bool good = d.in_row && d.in_tile;
    if (good) {
        rt_visit_nonzeros(m, mark, &d);
        take_shares(m, out);
        count_rows(&d, &out->row_lengths);
        count_tiles(&d, &out->tile_shares);
    }
    free(d.in_row);
    free(d.in_tile);
    return good ? SPC_OK : rt_fail(e, SPC_E_NOMEM, "out of memory while looking at a matrix");
}
