/* matrix_file: what was read from a text file, as the matrix that a declaration asks for. */
#include "runtime/matrix_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void rt_matrix_file_free(rt_matrix_file *m)
{
    free(m->row);
    free(m->col);
    free(m->values);
    *m = (rt_matrix_file){0};
}

/* ---- values where the file has none ---- */

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Weights of one seed differ from one another, whatever the order they are read in. */
static uint64_t start_of(uint64_t seed, const char *name)
{
    for (; *name; name++)
        seed = mix(seed + (unsigned char)*name + 0x9e3779b97f4a7c15u);
    return seed;
}

/* Never zero, not even rounded: the pattern stays what the file says. */
static double random_value(uint64_t bits, const rt_dtype_info *dtype)
{
    const double sign = dtype->kind != RT_CLASS_UNSIGNED && bits & 1 ? -1 : 1;
    if (dtype->kind == RT_CLASS_BOOL)
        return 1;
    if (dtype->kind == RT_CLASS_FLOAT)
        return sign * (0.25 + 0.75 * (double)(bits >> 11) * 0x1p-53);
    return sign * (double)(1 + (bits >> 1) % 7);
}

/* ---- taking ---- */

typedef struct taking {
    const rt_matrix_file *file;
    const rt_source *source;
    const rt_declaration *declaration;
    const rt_dtype_info *dtype;
    uint64_t start; /* of the random values */
    bool random;
    rt_holding *out;
    rt_error *error;
} taking;

static spc_status no_memory(const taking *t)
{
    return rt_fail(t->error, SPC_E_NOMEM, "out of memory while converting %s: %s", t->source->file, t->source->tensor);
}

static spc_status check_shape(const taking *t, int64_t rows, int64_t cols)
{
    static const char *const fields[] = {"real", "integer", "pattern"};
    const rt_declaration *d = t->declaration;
    const bool convertible = t->file->field != RT_FIELD_REAL || rt_dtype_is_float(d->dtype);
    char declared[256];
    if (convertible && t->file->rows == rows && t->file->cols == cols)
        return SPC_OK;
    rt_shape_print(rt_dtype_name(d->dtype), d->rank, d->dims, declared, sizeof declared);
    return rt_source_fail(t->source, t->error, "it is %s[%" PRId64 ", %" PRId64 "], but weight '%s' is declared %s",
                          fields[t->file->field], t->file->rows, t->file->cols, d->name, declared);
}

static spc_status wrong_value(const taking *t, int64_t i, double value)
{
    const rt_matrix_file *f = t->file;
    const int64_t row = f->row ? f->row[i] : i / f->cols, col = f->col ? f->col[i] : i % f->cols;
    return rt_fail(t->error, SPC_E_PROGRAM, "%s: %s[%" PRId64 ", %" PRId64 "]: error: %g is no %s", t->source->file,
                   t->source->tensor, row, col, value, t->dtype->name);
}

static spc_status take_values(taking *t, void **values)
{
    const rt_matrix_file *f = t->file;
    const spc_dtype dtype = t->declaration->dtype;
    const int64_t bytes = rt_dtype_bytes(dtype, f->count);
    if (bytes < 0 || !(*values = aligned_alloc(64, ((size_t)bytes + 127) / 64 * 64)))
        return no_memory(t);
    memset(*values, 0, (size_t)bytes); /* i4 fills bytes by halves */
    for (int64_t i = 0; i < f->count; i++) {
        const double value = f->values ? f->values[i] : t->random ? random_value(mix(t->start + (uint64_t)i), t->dtype) : 1;
        rt_value_set(dtype, *values, i, value);
        if (t->dtype->kind != RT_CLASS_FLOAT && rt_value_get(dtype, *values, i) != value)
            return wrong_value(t, i, value);
    }
    return SPC_OK;
}

/* The entries are in order; rows without any start where the next one does. */
static spc_status take_rows(taking *t, const int64_t **row_start, void **owned)
{
    const rt_matrix_file *f = t->file;
    int64_t *start = *owned = calloc((size_t)f->rows + 1, sizeof *start);
    if (!start)
        return no_memory(t);
    for (int64_t i = 0; i < f->count; i++)
        start[f->row[i] + 1]++;
    for (int64_t row = 0; row < f->rows; row++)
        start[row + 1] += start[row];
    *row_start = start;
    return SPC_OK;
}

spc_status rt_matrix_file_take(const rt_matrix_file *file, const rt_source *source, const rt_declaration *d,
                               const uint64_t *seed, rt_holding *out, rt_error *e)
{
    taking t = {file, source, d, rt_dtype_of(d->dtype), seed ? start_of(*seed, d->name) : 0, seed != NULL, out, e};
    rt_matrix *m = &out->matrix;
    *out = (rt_holding){.matrix = {.dtype = d->dtype}};
    rt_declared_matrix(d, &m->rows, &m->cols);
    spc_status status = check_shape(&t, m->rows, m->cols);
    if (!status)
        status = take_values(&t, &out->owned[0]);
    if (!status && file->row)
        status = take_rows(&t, &m->row_start, &out->owned[1]);
    if (status) {
        rt_holding_free(out);
        return status;
    }
    if (file->row) {
        m->values = out->owned[0];
        m->col = file->col;
        m->nnz = file->count;
    } else {
        m->dense = out->owned[0];
    }
    return SPC_OK;
}
