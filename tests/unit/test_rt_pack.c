/* Packing and unpacking: the identity for every storage, the rules of padding, the list of arrays, determinism, and
 * known layouts written out by hand. */
#include "runtime/dtype.h"
#include "runtime/storage.h"
#include "tests/unit/rt_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

typedef struct test_case {
    const char *name;
    spc_dtype dtype;
    int64_t rows, cols; /* stored */
    bool transposed;
    int64_t ktile, pad;
    int crd_scale;
    double density;
    int n, m; /* at most n in m logical columns; 0: no limit */
} test_case;

static rt_storage make(const test_case *t, int64_t nnz)
{
    rt_storage_request request = {.dtype = t->dtype, .rows = t->transposed ? t->cols : t->rows,
                                  .cols = t->transposed ? t->rows : t->cols, .transposed = t->transposed,
                                  .ktile = t->ktile, .nnz = nnz, .pad = t->pad, .crd_scale = t->crd_scale};
    snprintf(request.name, sizeof request.name, "%s", t->name);
    rt_storage storage;
    rt_error error = {0};
    if (!rt_storage_make(&request, &storage, &error))
        fail_msg("%s: %s", t->name, error.text);
    return storage;
}

/* Random bits of a non-zero value (never -0.0, which packing may lose the sign of). */
static uint64_t random_bits(uint64_t *seed, spc_dtype dtype)
{
    const rt_dtype_info *info = rt_dtype_of(dtype);
    uint64_t all = info->bits == 64 ? UINT64_MAX : ((uint64_t)1 << info->bits) - 1, bits;
    do
        bits = dtype == SPC_BOOL ? 1 : rt_random(seed) & all;
    while (!(bits & info->zero_mask));
    return bits;
}

static void *random_tensor(const test_case *t, uint64_t *seed)
{
    int bits = (int)rt_dtype_bits(t->dtype);
    int64_t lrows = t->transposed ? t->cols : t->rows, lcols = t->transposed ? t->rows : t->cols;
    void *data = calloc((size_t)(lrows * lcols + 1), 8);
    for (int64_t row = 0; row < lrows; row++) {
        int held = 0;
        bool empty = rt_random(seed) % 8 == 0; /* whole rows without a non-zero */
        for (int64_t col = 0; col < lcols; col++) {
            if (t->m && col % t->m == 0)
                held = 0;
            if (empty || rt_random_unit(seed) >= t->density || (t->m && held == t->n))
                continue;
            held++;
            rt_bits_set(data, bits, t->transposed ? col * lrows + row : row * lcols + col, random_bits(seed, t->dtype));
        }
    }
    return data;
}

typedef struct csr {
    int64_t *row_start, *col;
    void *values;
} csr;

static rt_matrix as_csr(const rt_matrix *m, csr *out)
{
    const rt_dtype_info *info = rt_dtype_of(m->dtype);
    out->row_start = calloc((size_t)m->rows + 1, 8);
    out->col = calloc((size_t)(m->rows * m->cols + 1), 8);
    out->values = calloc((size_t)(m->rows * m->cols + 1), 8);
    int64_t nnz = 0;
    for (int64_t row = 0; row < m->rows; row++) {
        for (int64_t col = 0; col < m->cols; col++) {
            uint64_t bits = rt_bits_get(m->dense, info->bits, row * m->cols + col);
            if (!(bits & info->zero_mask) && (row + col) % 7) /* some zeros become explicit ones */
                continue;
            out->col[nnz] = col;
            rt_bits_set(out->values, info->bits, nnz++, bits);
        }
        out->row_start[row + 1] = nnz;
    }
    return (rt_matrix){.dtype = m->dtype, .rows = m->rows, .cols = m->cols, .row_start = out->row_start,
                       .col = out->col, .values = out->values, .nnz = nnz};
}

static void free_csr(csr *c)
{
    free(c->row_start);
    free(c->col);
    free(c->values);
}

static void assert_same_bytes(const rt_packed *a, const rt_packed *b)
{
    assert_int_equal(a->narrays, b->narrays);
    for (int i = 0; i < a->narrays; i++) {
        assert_int_equal(a->arrays[i].bytes, b->arrays[i].bytes);
        assert_memory_equal(a->arrays[i].data, b->arrays[i].data, (size_t)a->arrays[i].bytes + 1);
    }
}

static void check_arrays(const rt_storage *s, const rt_packed *p, int64_t nnz)
{
    rt_array_info infos[RT_MAX_ARRAYS];
    int count = rt_storage_arrays(s, infos);
    int64_t bytes = 0;
    assert_int_equal(count, p->narrays);
    for (int i = 0; i < count; i++) {
        assert_string_equal(infos[i].name, p->arrays[i].info.name);
        assert_int_equal(infos[i].bits, p->arrays[i].info.bits);
        assert_int_equal(p->arrays[i].bytes, (p->arrays[i].count * infos[i].bits + 7) / 8);
        assert_int_equal((uintptr_t)p->arrays[i].data % 64, 0);
        const unsigned char *slack = (const unsigned char *)p->arrays[i].data + p->arrays[i].bytes;
        for (int b = 0; b < 64; b++)
            assert_int_equal(slack[b], 0);
        bytes += p->arrays[i].bytes;
    }
    assert_string_equal(infos[count - 1].name, "values");
    assert_int_equal(p->nnz, nnz);
    assert_int_equal(p->nnz + p->padding, p->arrays[count - 1].count);
    assert_int_equal(p->values_bytes, p->arrays[count - 1].bytes);
    assert_int_equal(p->values_bytes + p->metadata_bytes, bytes);
}

static int64_t count_nonzeros(const rt_matrix *m)
{
    const rt_dtype_info *info = rt_dtype_of(m->dtype);
    int64_t nnz = 0;
    for (int64_t i = 0; i < m->rows * m->cols; i++)
        nnz += (rt_bits_get(m->dense, info->bits, i) & info->zero_mask) != 0;
    return nnz;
}

static void check_case(const test_case *t, uint64_t *seed)
{
    rt_matrix dense = {.dtype = t->dtype, .rows = t->rows, .cols = t->cols, .dense = random_tensor(t, seed)};
    int64_t nnz = count_nonzeros(&dense), bytes = rt_dtype_bytes(t->dtype, t->rows * t->cols);
    rt_storage storage = make(t, rt_random(seed) % 2 ? nnz : -1);
    csr parts;
    rt_matrix sparse = as_csr(&dense, &parts);
    rt_packed first, again, from_csr;
    rt_error error = {0};
    if (rt_pack(&storage, &dense, &first, &error) != SPC_OK)
        fail_msg("%s: %s", t->name, error.text);
    check_arrays(&storage, &first, nnz);
    assert_int_equal(rt_pack(&storage, &dense, &again, &error), SPC_OK);
    assert_same_bytes(&first, &again);
    assert_int_equal(rt_pack(&storage, &sparse, &from_csr, &error), SPC_OK);
    assert_same_bytes(&first, &from_csr);
    void *back = malloc((size_t)bytes + 1);
    if (rt_unpack(&storage, &first, back, &error) != SPC_OK)
        fail_msg("%s: %s", t->name, error.text);
    assert_memory_equal(back, dense.dense, (size_t)bytes);
    free(back);
    rt_packed_free(&first);
    rt_packed_free(&again);
    rt_packed_free(&from_csr);
    free_csr(&parts);
    free((void *)dense.dense);
}

static const struct {
    const char *name;
    int column_unit; /* K tiles are multiples of this; 0: there are none */
    int n, m;
} storages[] = {
    {"dense", 1, 0, 0}, {"dense:4", 1, 0, 0}, {"dense:16", 1, 0, 0}, {"csr", 1, 0, 0},
    {"sell:1", 1, 0, 0}, {"sell:4", 1, 0, 0}, {"sell:16", 1, 0, 0}, {"sell:4:16", 1, 0, 0},
    {"sell:2:6", 1, 0, 0}, {"zip:2", 1, 0, 0}, {"zip:4", 1, 0, 0}, {"zip:4:8", 1, 0, 0}, {"alike:1", 1, 0, 0},
    {"alike:4", 1, 0, 0}, {"bsr:1x1", 1, 0, 0},
    {"window:1:8x2", 0, 0, 0}, {"window:16:32x2", 0, 0, 0}, {"swindow:4:16x1", 0, 0, 0}, {"window:3:256x7", 0, 0, 0},
    {"bsr:8x4", 4, 0, 0}, {"bsr:3x5", 5, 0, 0}, {"bsr:16x1", 1, 0, 0}, {"bsc:8x4", 4, 0, 0},
    {"bsc:1x16", 16, 0, 0}, {"nm:2:4", 4, 2, 4}, {"nm:1:4:16", 4, 1, 4}, {"nm:4:8:3", 8, 4, 8},
    {"nm:1:2", 2, 1, 2}, {"nm:3:7:2", 7, 3, 7}, {"nm:5:16", 16, 5, 16}, {"nm:9:100", 100, 9, 100},
};

static void test_identity(void **state)
{
    (void)state;
    static const int64_t sizes[][2] = {{1, 1}, {1, 37}, {37, 1}, {5, 8}, {16, 64}, {33, 100}, {64, 129}};
    static const double densities[] = {0, 0.02, 0.3, 0.9, 1};
    static const spc_dtype dtypes[] = {SPC_F32, SPC_F16, SPC_BF16, SPC_F64, SPC_I8, SPC_U8, SPC_I4, SPC_I32, SPC_BOOL};
    uint64_t seed = 1;
    for (size_t s = 0; s < sizeof storages / sizeof storages[0]; s++)
        for (size_t z = 0; z < sizeof sizes / sizeof sizes[0]; z++)
            for (size_t d = 0; d < sizeof densities / sizeof densities[0]; d++)
                for (int bits = 0; bits < 8; bits++) {
                    test_case t = {.name = storages[s].name, .dtype = dtypes[rt_random(&seed) % 9],
                                   .rows = sizes[z][0], .cols = sizes[z][1], .density = densities[d],
                                   .transposed = bits & 1, .pad = bits & 4 ? 4 : 0, .n = storages[s].n,
                                   .m = storages[s].m, .crd_scale = bits & 4 ? 3 : 0};
                    if (bits & 2 && storages[s].column_unit)
                        t.ktile = storages[s].column_unit * (int64_t)(1 + rt_random(&seed) % 40);
                    check_case(&t, &seed);
                }
}

static void test_every_dtype(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (size_t s = 0; s < sizeof storages / sizeof storages[0]; s++)
        for (int dtype = SPC_F32; dtype <= SPC_BOOL; dtype++) {
            test_case t = {.name = storages[s].name, .dtype = (spc_dtype)dtype, .rows = 19, .cols = 112, .density = 0.4,
                           .n = storages[s].n, .m = storages[s].m, .transposed = dtype & 1};
            check_case(&t, &seed);
        }
}

/* Every place of a row within the matrix points into [0, cols), and where its weight is zero, at a column of its tile
 * that has no weight there. Checked for sliced ELL by walking the arrays as a kernel would. */
static void check_sell_padding(const char *name, int64_t rows, int64_t cols, int64_t ktile, int64_t pad, double density,
                               uint64_t *seed)
{
    const int64_t height = 4;
    test_case t = {.name = name, .dtype = SPC_F32, .rows = rows, .cols = cols, .ktile = ktile, .pad = pad,
                   .density = density};
    rt_matrix m = {.dtype = SPC_F32, .rows = rows, .cols = cols, .dense = random_tensor(&t, seed)};
    rt_storage s = make(&t, -1);
    rt_packed p;
    assert_int_equal(rt_pack(&s, &m, &p, NULL), SPC_OK);
    const uint32_t *pos = p.arrays[0].data, *perm = p.arrays[2].data, *values = p.arrays[3].data, *dense = m.dense;
    int64_t slices = (rows + height - 1) / height, tile = ktile ? ktile : cols;
    assert_int_equal(p.arrays[0].count, slices * ((cols + tile - 1) / tile) + 1);
    for (int64_t parent = 0; parent + 1 < p.arrays[0].count; parent++) {
        int64_t first = parent / slices * tile, width = first + tile < cols ? tile : cols - first;
        if (pad > 1 && width % pad == 0)
            assert_int_equal((pos[parent + 1] - pos[parent]) % pad, 0);
        for (int64_t k = pos[parent] * height; k < pos[parent + 1] * height; k++) {
            int64_t order = rt_row_orders(&s) > 1 ? parent / slices : 0;
            int64_t row = perm[(order * slices + parent % slices) * height + k % height];
            int64_t crd = (int64_t)rt_bits_get(p.arrays[1].data, p.arrays[1].info.bits, k);
            assert_in_range(crd, 0, width - 1);
            if (row < rows)
                assert_int_equal(dense[row * cols + first + crd], values[k]);
            else
                assert_int_equal(values[k], 0);
        }
    }
    rt_packed_free(&p);
    free((void *)m.dense);
}

/* The same of windows, which may go past the last column, where nothing is held. Each begins SLOTS columns after the one
 * before or later. */
static void check_window_padding(int64_t rows, int64_t cols, double density, uint64_t *seed)
{
    enum { HEIGHT = 4, WIDTH = 8, SLOTS = 2 };
    test_case t = {.name = "window:4:8x2", .dtype = SPC_F32, .rows = rows, .cols = cols, .density = density};
    rt_matrix m = {.dtype = SPC_F32, .rows = rows, .cols = cols, .dense = random_tensor(&t, seed)};
    rt_storage s = make(&t, -1);
    rt_packed p;
    assert_int_equal(rt_pack(&s, &m, &p, NULL), SPC_OK);
    const uint32_t *pos = p.arrays[0].data, *values = p.arrays[3].data, *dense = m.dense;
    int64_t windows = p.arrays[1].count, group = 0;
    for (int64_t k = 0; k < windows * SLOTS * HEIGHT; k++) {
        int64_t window = k / (SLOTS * HEIGHT), row = group * HEIGHT + k % HEIGHT;
        while (window >= pos[group + 1])
            row = ++group * HEIGHT + k % HEIGHT;
        int64_t first = (int64_t)rt_bits_get(p.arrays[1].data, p.arrays[1].info.bits, window);
        int64_t col = first + (int64_t)rt_bits_get(p.arrays[2].data, p.arrays[2].info.bits, k);
        if (window > pos[group])
            assert_true(first >= (int64_t)rt_bits_get(p.arrays[1].data, p.arrays[1].info.bits, window - 1) + SLOTS);
        assert_in_range(first, 0, cols - 1);
        assert_in_range(col, first, first + WIDTH - 1);
        assert_int_equal(row < rows && col < cols ? dense[row * cols + col] : 0, values[k]);
    }
    rt_packed_free(&p);
    free((void *)m.dense);
}

static void test_padding_is_exact(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int round = 0; round < 200; round++)
        check_sell_padding(round % 2 ? "sell:4" : "sell:4:8", 1 + (int64_t)(rt_random(&seed) % 30), 1 + (int64_t)(rt_random(&seed) % 60),
                           (int64_t)(rt_random(&seed) % 3 * 8), (int64_t)(rt_random(&seed) % 5),
                           rt_random_unit(&seed), &seed);
    for (int round = 0; round < 200; round++)
        check_window_padding(1 + (int64_t)(rt_random(&seed) % 30), 1 + (int64_t)(rt_random(&seed) % 60),
                             round % 4 ? rt_random_unit(&seed) : 1, &seed);
}

static void test_sell_order(void **state)
{
    (void)state;
    float dense[5 * 4] = {0, 1, 0, 0, 2, 0, 3, 4, 0, 0, 0, 0, 5, 0, 0, 6, 7, 0, 0, 0};
    rt_matrix m = {.dtype = SPC_F32, .rows = 5, .cols = 4, .dense = dense};
    rt_storage s = make(&(test_case){.name = "sell:2", .dtype = SPC_F32, .rows = 5, .cols = 4}, 7);
    rt_packed p;
    assert_int_equal(rt_pack(&s, &m, &p, NULL), SPC_OK);
    const uint32_t pos[] = {0, 3, 4, 4}, perm[] = {1, 3, 0, 4, 2, 5};
    /* row 3 has one place too many and gets column 1, its first unused one; the last slice is empty */
    const uint8_t crd[] = {0, 0, 2, 1, 3, 3, 1, 0};
    const float values[] = {2, 5, 3, 0, 4, 6, 1, 7};
    assert_int_equal(p.arrays[0].count, 4);
    assert_memory_equal(p.arrays[0].data, pos, sizeof pos);
    assert_int_equal(p.arrays[3].count, 8);
    assert_memory_equal(p.arrays[1].data, crd, sizeof crd);
    assert_memory_equal(p.arrays[2].data, perm, sizeof perm);
    assert_memory_equal(p.arrays[3].data, values, sizeof values);
    rt_packed_free(&p);
}

/* Rows 0 and 3 have the same columns, as have 1 and 4; the empty one comes last. */
static void test_alike_order(void **state)
{
    (void)state;
    float dense[5 * 4] = {1, 0, 0, 2, /**/ 0, 3, 0, 0, /**/ 0, 0, 0, 0, /**/ 4, 0, 0, 5, /**/ 0, 6, 0, 0};
    rt_matrix m = {.dtype = SPC_F32, .rows = 5, .cols = 4, .dense = dense};
    rt_storage s = make(&(test_case){.name = "alike:2", .dtype = SPC_F32, .rows = 5, .cols = 4}, 6);
    rt_packed p;
    assert_int_equal(rt_pack(&s, &m, &p, NULL), SPC_OK);
    assert_int_equal(p.narrays, 4); /* pos, crd, perm, values */
    assert_int_equal(p.padding, 0);
    assert_int_equal(p.arrays[1].count, 3); /* columns 0 and 3 once for two rows, column 1 for the others */
    const uint32_t *perm = p.arrays[2].data;
    const uint32_t first = perm[0];
    assert_true((first == 0 && perm[1] == 3 && perm[2] == 1 && perm[3] == 4) ||
                (first == 1 && perm[1] == 4 && perm[2] == 0 && perm[3] == 3));
    assert_int_equal(perm[4], 2);
    rt_packed_free(&p);
}

/* Rows 0..3 and 4..6 are a window each, and each K tile of 2 columns orders them anew. */
static void test_window_order(void **state)
{
    (void)state;
    float dense[7 * 4] = {0, 1, 0, 0, /**/ 2, 3, 0, 0, /**/ 0, 0, 4, 5, /**/ 0, 0, 0, 6, //
                          0, 0, 0, 7, /**/ 8, 0, 0, 0, /**/ 0, 0, 9, 10};
    rt_matrix m = {.dtype = SPC_F32, .rows = 7, .cols = 4, .dense = dense};
    rt_storage s = make(&(test_case){.name = "sell:2:4", .dtype = SPC_F32, .rows = 7, .cols = 4, .ktile = 2}, 10);
    rt_packed p;
    assert_int_equal(rt_row_orders(&s), 2);
    assert_int_equal(rt_pack(&s, &m, &p, NULL), SPC_OK);
    const uint32_t perm[] = {1, 0, 2, 3, 5, 4, 6, 7, 2, 3, 0, 1, 6, 4, 5, 7}, pos[] = {0, 2, 2, 3, 3, 5, 5, 7, 7};
    assert_int_equal(p.arrays[0].count, 9);
    assert_memory_equal(p.arrays[0].data, pos, sizeof pos);
    assert_int_equal(p.arrays[2].count, 16);
    assert_memory_equal(p.arrays[2].data, perm, sizeof perm);
    rt_packed_free(&p);
}

static void test_nm_bits(void **state)
{
    (void)state;
    int8_t dense[8] = {0, 0, 0, 9, 5, 0, 0, 0};
    rt_matrix m = {.dtype = SPC_I8, .rows = 1, .cols = 8, .dense = dense};
    rt_storage s = make(&(test_case){.name = "nm:2:4", .dtype = SPC_I8, .rows = 1, .cols = 8}, 2);
    rt_packed p;
    assert_int_equal(rt_pack(&s, &m, &p, NULL), SPC_OK);
    assert_int_equal(p.arrays[0].info.bits, 2);
    assert_int_equal(*(uint8_t *)p.arrays[0].data, 0 | 3 << 2 | 0 << 4 | 1 << 6);
    const int8_t values[] = {0, 9, 5, 0};
    assert_memory_equal(p.arrays[1].data, values, 4);
    rt_packed_free(&p);
    int8_t surplus[8] = {0, 0, 0, 9, 5, 0, 4, 1};
    rt_error error = {0};
    m.dense = surplus;
    assert_int_equal(rt_pack(&s, &m, &p, &error), SPC_E_PROGRAM);
    assert_non_null(strstr(error.text, "row 0 has 3 non-zeros in columns 4 to 7"));
}

static void test_block_layouts(void **state)
{
    (void)state;
    uint8_t dense[4 * 4] = {0, 0, 1, 2, 0, 0, 3, 4, 5, 0, 0, 0, 0, 6, 0, 0};
    rt_matrix m = {.dtype = SPC_U8, .rows = 4, .cols = 4, .dense = dense};
    const uint8_t by_row[] = {1, 2, 3, 4, 5, 0, 0, 6}, by_col[] = {1, 3, 2, 4, 5, 0, 0, 6}, crd[] = {1, 0};
    const uint32_t pos[] = {0, 1, 2};
    for (int column_major = 0; column_major < 2; column_major++) {
        const char *name = column_major ? "bsc:2x2" : "bsr:2x2";
        rt_storage s = make(&(test_case){.name = name, .dtype = SPC_U8, .rows = 4, .cols = 4}, 6);
        rt_packed p;
        assert_int_equal(rt_pack(&s, &m, &p, NULL), SPC_OK);
        assert_memory_equal(p.arrays[0].data, pos, sizeof pos);
        assert_memory_equal(p.arrays[1].data, crd, sizeof crd);
        assert_memory_equal(p.arrays[2].data, column_major ? by_col : by_row, 8);
        assert_int_equal(p.padding, 2);
        rt_packed_free(&p);
    }
}

static void test_illegal_requests(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t ktile;
        const char *message;
    } wrong[] = {
        {"", 0, "no such storage"}, {"coo", 0, "no such storage"}, {"csr:2", 0, "no parameter"},
        {"sell", 0, "sell:R"}, {"sell:0", 0, "numbers"}, {"sell:4x", 0, "numbers"}, {"sell:99999999999999999999", 0, "numbers"},
        {"sell:4x4", 0, "sell:R"}, {"bsr:8:4", 0, "block"}, {"bsr:8x4", 6, "multiple of the block"},
        {"nm:4:4", 0, "N < M"}, {"nm:2", 0, "nm:N:M"}, {"nm:2x4", 0, "nm:N:M"}, {"nm:2:4:4:4", 0, "numbers"},
        {"nm:2:4", 6, "multiple of M"}, {"dense:4:4", 0, "dense"}, {"csr", -1, "K tile"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        rt_storage_request request = {.dtype = SPC_F32, .rows = 8, .cols = 8, .ktile = wrong[i].ktile, .nnz = -1};
        snprintf(request.name, sizeof request.name, "%s", wrong[i].name);
        rt_storage storage;
        rt_error error = {0};
        assert_false(rt_storage_make(&request, &storage, &error));
        if (!strstr(error.text, wrong[i].message))
            fail_msg("%s: %s", wrong[i].name, error.text);
    }
}

static void test_widths(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t cols, ktile;
        int scale, bits;
    } widths[] = {{"csr", 256, 0, 0, 8}, {"csr", 257, 0, 0, 16}, {"csr", 65537, 0, 0, 32}, {"csr", 100000, 256, 0, 8},
                  {"csr", 100000, 256, 256, 16}, {"nm:1:2", 64, 0, 0, 1}, {"nm:2:4", 64, 0, 0, 2},
                  {"nm:2:8", 64, 0, 0, 4}, {"nm:2:4", 64, 0, 64, 8}, {"bsr:4x4", 1024, 0, 0, 8}};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        test_case t = {.name = widths[i].name, .dtype = SPC_F32, .rows = 4, .cols = widths[i].cols,
                       .ktile = widths[i].ktile, .crd_scale = widths[i].scale};
        rt_storage s = make(&t, -1);
        rt_array_info infos[RT_MAX_ARRAYS];
        int count = rt_storage_arrays(&s, infos);
        assert_int_equal(infos[count - 2].bits, widths[i].bits);
    }
    rt_storage large = make(&(test_case){.name = "csr", .dtype = SPC_F32, .rows = 1 << 20, .cols = 1 << 20}, -1);
    assert_int_equal(large.levels[1].pos_bits, 64);
    large = make(&(test_case){.name = "csr", .dtype = SPC_F32, .rows = 1 << 20, .cols = 1 << 20}, 1 << 30);
    assert_int_equal(large.levels[1].pos_bits, 32);
}

static void test_malformed_csr(void **state)
{
    (void)state;
    rt_storage s = make(&(test_case){.name = "csr", .dtype = SPC_F32, .rows = 2, .cols = 4}, -1);
    float values[3] = {1, 2, 3};
    int64_t start[][3] = {{0, 2, 3}, {0, 4, 3}, {0, 2, 3}, {1, 2, 3}, {0, 2, 2}};
    int64_t col[][3] = {{1, 1, 0}, {0, 1, 0}, {0, 4, 0}, {0, 1, 0}, {0, 1, 0}};
    for (int i = 0; i < 5; i++) {
        rt_matrix m = {.dtype = SPC_F32, .rows = 2, .cols = 4, .row_start = start[i], .col = col[i], .values = values,
                       .nnz = 3};
        rt_packed p;
        assert_int_equal(rt_pack(&s, &m, &p, NULL), SPC_E_PROGRAM);
        assert_int_equal(p.narrays, 0);
    }
}

static void test_empty_matrices(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (size_t s = 0; s < sizeof storages / sizeof storages[0]; s++)
        for (int shape = 0; shape < 3; shape++) {
            test_case t = {.name = storages[s].name, .dtype = SPC_F32, .rows = shape == 0 ? 0 : 8,
                           .cols = shape == 1 ? 0 : 8, .n = storages[s].n, .m = storages[s].m};
            check_case(&t, &seed);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity), cmocka_unit_test(test_every_dtype), cmocka_unit_test(test_padding_is_exact),
        cmocka_unit_test(test_sell_order), cmocka_unit_test(test_alike_order), cmocka_unit_test(test_window_order), cmocka_unit_test(test_nm_bits), cmocka_unit_test(test_block_layouts),
        cmocka_unit_test(test_illegal_requests), cmocka_unit_test(test_widths), cmocka_unit_test(test_malformed_csr),
        cmocka_unit_test(test_empty_matrices),
    };
    return cmocka_run_group_tests_name("rt_pack", tests, NULL, NULL);
}
