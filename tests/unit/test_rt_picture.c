/* Pictures of matrices: the raster has every non-zero, histograms every row and tile, at the sides too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "runtime/picture.h"
#include <stdlib.h>

static int64_t total(const rt_histogram *h)
{
    int64_t sum = 0;
    for (int i = 0; i < h->bins; i++)
        sum += h->count[i];
    return sum;
}

static void draw(float *data, int64_t rows, int64_t cols, rt_picture *out)
{
    const rt_matrix m = {.dtype = SPC_F32, .rows = rows, .cols = cols, .dense = data};
    rt_error e = {0};
    assert_int_equal(rt_matrix_picture(&m, out, &e), SPC_OK);
}

static void small_ones_are_exact(void **state)
{
    (void)state;
    float data[3][5] = {{0, 1, 0, 0, 2}, {0}, {0, 0, 0, 3, 0}};
    rt_picture *p = malloc(sizeof *p);
    draw(data[0], 3, 5, p);
    assert_int_equal(p->height, 3);
    assert_int_equal(p->width, 5);
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 5; c++)
            assert_true(p->cell[r][c] == (data[r][c] != 0));
    assert_int_equal(p->row_lengths.bins, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(p->row_lengths.count[i], 1);
    assert_int_equal(p->tile_shares.count[4], 1); /* 3 of 15 */
    free(p);
}

/* Sizes around the raster's side and around tiles; the shares, weighed by area, are the non-zeros. */
static void large_ones_are_complete(void **state)
{
    (void)state;
    static const int64_t sizes[][2] = {{1, 1}, {96, 97}, {97, 96}, {193, 400}, {1000, 7}, {5, 3000}, {256, 17}};
    rt_picture *p = malloc(sizeof *p);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const int64_t rows = sizes[s][0], cols = sizes[s][1];
        float *data = calloc((size_t)(rows * cols), sizeof *data);
        int64_t nonzeros = 0;
        double drawn = 0;
        for (int64_t i = 0; i < rows * cols; i += 1 + i % 7, nonzeros++)
            data[i] = 1;
        draw(data, rows, cols, p);
        assert_in_range(p->height, 1, RT_PICTURE_SIDE);
        assert_in_range(p->width, 1, RT_PICTURE_SIDE);
        for (int y = 0; y < p->height; y++)
            for (int x = 0; x < p->width; x++) {
                const int64_t h = rows - y * p->cell_rows, w = cols - x * p->cell_cols;
                drawn += (double)p->cell[y][x] * (double)(h < p->cell_rows ? h : p->cell_rows) * (double)(w < p->cell_cols ? w : p->cell_cols);
            }
        assert_true(drawn > (double)nonzeros - 0.5 && drawn < (double)nonzeros + 0.5);
        assert_int_equal(total(&p->row_lengths), rows);
        assert_int_equal(total(&p->tile_shares), ((rows + 15) / 16) * ((cols + 15) / 16));
        free(data);
    }
    free(p);
}

static void empty_ones_draw_nothing(void **state)
{
    (void)state;
    rt_picture *p = malloc(sizeof *p);
    float data[1] = {0};
    draw(data, 0, 5, p);
    assert_int_equal(p->height, 0);
    draw(data, 5, 0, p);
    assert_int_equal(p->width, 0);
    assert_int_equal(total(&p->row_lengths), 5);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_ones_are_exact),
        cmocka_unit_test(large_ones_are_complete),
        cmocka_unit_test(empty_ones_draw_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
