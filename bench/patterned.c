/* patterned: random matrices of a pattern and density. Values are a hash of the position, as for DLMC. */
#include "matrix.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct maker {
    int64_t rows, cols;
    double density;
    long long a, b; /* N:M, block's sides, band's ends */
    uint64_t state;
} maker;

/* Uniform in [0, 1). */
static double toss(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static void make_any(maker *k, bool *mask)
{
    for (int64_t i = 0; i < k->rows * k->cols; i++)
        mask[i] = toss(&k->state) < k->density;
}

/* Of each group as many as N, at random places. */
static void make_nm(maker *k, bool *mask)
{
    for (int64_t at = 0; at < k->rows * k->cols; at += k->b) {
        long long left = k->a;
        for (int64_t i = 0; i < k->b; i++)
            if (toss(&k->state) * (double)(k->b - i) < (double)left) {
                mask[at + i] = true;
                left--;
            }
    }
}

static void make_blocks(maker *k, bool *mask)
{
    for (int64_t r = 0; r < k->rows; r += k->a)
        for (int64_t c = 0; c < k->cols; c += k->b) {
            if (toss(&k->state) >= k->density)
                continue;
            for (int64_t i = 0; i < k->a * k->b; i++)
                if (r + i / k->b < k->rows && c + i % k->b < k->cols)
                    mask[(r + i / k->b) * k->cols + c + i % k->b] = true;
        }
}

static void make_rows(maker *k, bool *mask)
{
    for (int64_t r = 0; r < k->rows; r++)
        if (toss(&k->state) < k->density)
            memset(mask + r * k->cols, true, (size_t)k->cols);
}

static void make_columns(maker *k, bool *mask)
{
    for (int64_t c = 0; c < k->cols; c++) {
        const bool held = toss(&k->state) < k->density;
        for (int64_t r = 0; r < k->rows; r++)
            mask[r * k->cols + c] = held;
    }
}

static void make_band(maker *k, bool *mask)
{
    for (int64_t r = 0; r < k->rows; r++)
        for (int64_t c = r + k->a; c <= r + k->b; c++)
            if (c >= 0 && c < k->cols)
                mask[r * k->cols + c] = true;
}

static const struct pattern {
    const char *name, *format; /* format: of its two numbers, in place of a name */
    void (*make)(maker *, bool *mask);
} patterns[] = {
    { "unstructured", NULL, make_any },
    { "dense", NULL, make_any },
    { "rows", NULL, make_rows },
    { "columns", NULL, make_columns },
    { NULL, "%lld:%lld%n", make_nm },
    { NULL, "block(%lld,%lld)%n", make_blocks },
    { NULL, "band(%lld,%lld)%n", make_band },
};

static const struct pattern *find(const char *text, maker *k)
{
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        const struct pattern *p = &patterns[i];
        int end = 0;
        if (!p->format) {
            if (strcmp(text, p->name) == 0)
                return p;
        } else if (sscanf(text, p->format, &k->a, &k->b, &end) == 2 && end && !text[end]) {
            return p;
        }
    }
    return NULL;
}

static bool fits(const maker *k, const struct pattern *p)
{
    if (p->make == make_nm)
        return k->a > 0 && k->b >= k->a && k->cols % k->b == 0;
    return p->make != make_blocks || (k->a > 0 && k->b > 0);
}

bool bench_matrix_patterned(int64_t rows, int64_t cols, const char *pattern, double density, bench_matrix *m)
{
    maker k = { .rows = rows, .cols = cols, .density = strcmp(pattern, "dense") ? density : 1, .state = 1 };
    const struct pattern *p = find(pattern, &k);
    bool *mask = p && fits(&k, p) ? calloc((size_t)(rows * cols), sizeof *mask) : NULL;
    memset(m, 0, sizeof *m);
    if (mask)
        p->make(&k, mask);
    const bool good = mask && bench_matrix_of(rows, cols, mask, m);
    free(mask);
    if (!good)
        fprintf(stderr, "cannot make a matrix of %s\n", pattern);
    return good;
}
