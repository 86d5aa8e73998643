/* mtx: reads Matrix Market files. Entries may come in any order; they are sorted, and a place given twice is an error
 * that names both lines. */
#include "runtime/lines.h"
#include "runtime/matrix_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef enum symmetry { GENERAL, SYMMETRIC, SKEW } symmetry;

typedef struct entry {
    int64_t row, col, line;
    double value;
} entry;

typedef struct reader {
    rt_lines lines;
    bool array;
    rt_field field;
    symmetry symmetry;
    int64_t rows, cols, stored; /* stored: lines of values in the file */
    entry *entries;
    int64_t count;
    rt_matrix_file *out;
} reader;

/* ---- header ---- */

typedef struct choice {
    const char *name;
    int value; /* -1: known, but not for weights */
} choice;

static const choice forms[] = {{"coordinate", 0}, {"array", 1}, {NULL, 0}};
static const choice fields[] = {{"real", RT_FIELD_REAL},
                                {"double", RT_FIELD_REAL},
                                {"integer", RT_FIELD_INTEGER},
                                {"unsigned-integer", RT_FIELD_INTEGER},
                                {"pattern", RT_FIELD_PATTERN},
                                {"complex", -1},
                                {NULL, 0}};
static const choice symmetries[] = {
    {"general", GENERAL}, {"symmetric", SYMMETRIC}, {"skew-symmetric", SKEW}, {"hermitian", -1}, {NULL, 0}};

static spc_status read_choice(reader *r, const choice *choices, const char *known, int *out)
{
    rt_word w = rt_lines_word(&r->lines, "");
    for (const choice *c = choices; c->name; c++) {
        if (!rt_word_is(w, c->name))
            continue;
        *out = c->value;
        return c->value >= 0 ? SPC_OK : rt_lines_fail(&r->lines, w, "%s matrices cannot be weights", c->name);
    }
    return rt_lines_fail(&r->lines, w, "'%.*s' is not known here; it is %s", w.length > 40 ? 40 : (int)w.length, w.text, known);
}

static spc_status read_banner(reader *r)
{
    int form = 0, field = 0, sym = 0;
    rt_lines *l = &r->lines;
    rt_word banner = {0}, matrix = {0};
    if (rt_lines_next(l)) {
        banner = rt_lines_word(l, "");
        matrix = rt_lines_word(l, "");
    }
    if (!rt_word_is(banner, "%%MatrixMarket") || !rt_word_is(matrix, "matrix"))
        return rt_lines_fail(l, banner, "a Matrix Market file begins with '%%%%MatrixMarket matrix'");
    spc_status status = read_choice(r, forms, "coordinate or array", &form);
    if (!status)
        status = read_choice(r, fields, "real, integer or pattern", &field);
    if (!status)
        status = read_choice(r, symmetries, "general, symmetric or skew-symmetric", &sym);
    r->array = form == 1;
    r->field = (rt_field)field;
    r->symmetry = (symmetry)sym;
    if (!status && r->field == RT_FIELD_PATTERN && (r->array || r->symmetry == SKEW))
        return rt_lines_fail(l, banner, "a pattern has neither an array nor skew symmetry");
    return status ? status : rt_lines_done(l);
}

/* How many values an array has in the file; false on overflow. */
static bool array_count(reader *r)
{
    int64_t all;
    if (__builtin_mul_overflow(r->rows, r->cols, &all))
        return false;
    int64_t half = (all - r->rows) / 2; /* below the diagonal, where it is square */
    r->stored = r->symmetry == GENERAL ? all : r->symmetry == SYMMETRIC ? half + r->rows : half;
    return true;
}

static spc_status read_size(reader *r)
{
    rt_lines *l = &r->lines;
    if (!rt_lines_next_full(l, '%'))
        return rt_lines_fail(l, (rt_word){0}, "the file ends before the size of the matrix");
    spc_status status = rt_lines_count(l, "the number of rows", 0, INT64_MAX, &r->rows);
    if (!status)
        status = rt_lines_count(l, "the number of columns", 0, INT64_MAX, &r->cols);
    if (!status && !r->array)
        status = rt_lines_count(l, "the number of entries", 0, INT64_MAX, &r->stored);
    if (!status)
        status = rt_lines_done(l);
    if (status)
        return status;
    rt_word start = {l->line, 1};
    if (r->symmetry != GENERAL && r->rows != r->cols)
        return rt_lines_fail(l, start, "a symmetric matrix is square, not %" PRId64 " x %" PRId64, r->rows, r->cols);
    /* So that a size cannot claim memory: an entry takes "1 1\n" at least, an element of an array "0\n". */
    int64_t left = l->end - l->next, each = r->array ? 2 : 4;
    if ((r->array && !array_count(r)) || r->stored > (left + 1) / each)
        return rt_lines_fail(l, start, "the file is too short for as many %s", r->array ? "elements" : "entries");
    return SPC_OK;
}

/* ---- values ---- */

static spc_status read_value(reader *r, double *out)
{
    rt_lines *l = &r->lines;
    int64_t whole = 0;
    *out = 1;
    if (r->field == RT_FIELD_PATTERN)
        return SPC_OK;
    if (r->field == RT_FIELD_REAL)
        return rt_lines_real(l, out);
    spc_status status = rt_lines_count(l, "the value", -((int64_t)1 << 53), (int64_t)1 << 53, &whole);
    *out = (double)whole;
    return status;
}

static spc_status next_line(reader *r, int64_t index)
{
    if (rt_lines_next_full(&r->lines, '%'))
        return SPC_OK;
    return rt_lines_fail(&r->lines, (rt_word){0}, "the file ends after %" PRId64 " of %" PRId64 " %s", index, r->stored,
                         r->array ? "elements" : "entries");
}

static spc_status no_more(reader *r)
{
    rt_lines *l = &r->lines;
    if (!rt_lines_next_full(l, '%'))
        return SPC_OK;
    return rt_lines_fail(l, (rt_word){l->line, 1}, "the file has more than the %" PRId64 " %s it announces", r->stored,
                         r->array ? "elements" : "entries");
}

static spc_status no_memory(reader *r)
{
    return rt_fail(r->lines.error, SPC_E_NOMEM, "out of memory while reading %s", r->lines.file);
}

/* ---- coordinate ---- */

static spc_status read_entry(reader *r)
{
    rt_lines *l = &r->lines;
    entry e = {.line = l->number};
    spc_status status = rt_lines_count(l, "the row", 1, r->rows, &e.row);
    if (!status)
        status = rt_lines_count(l, "the column", 1, r->cols, &e.col);
    if (!status)
        status = read_value(r, &e.value);
    if (!status)
        status = rt_lines_done(l);
    if (status)
        return status;
    rt_word start = {l->line, 1};
    if (r->symmetry != GENERAL && e.row < e.col)
        return rt_lines_fail(l, start, "a symmetric file holds the lower triangle; this entry is above the diagonal");
    if (r->symmetry == SKEW && e.row == e.col)
        return rt_lines_fail(l, start, "a skew-symmetric matrix has no entries on the diagonal");
    e.row--;
    e.col--;
    r->entries[r->count++] = e;
    if (r->symmetry != GENERAL && e.row != e.col)
        r->entries[r->count++] = (entry){e.col, e.row, e.line, r->symmetry == SKEW ? -e.value : e.value};
    return SPC_OK;
}

static int compare(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    if (x->col != y->col)
        return x->col < y->col ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

/* Sorts unless the entries come sorted, as many files have them. */
static spc_status sort(reader *r)
{
    bool sorted = true;
    for (int64_t i = 1; sorted && i < r->count; i++)
        sorted = compare(&r->entries[i - 1], &r->entries[i]) < 0;
    if (!sorted)
        qsort(r->entries, (size_t)r->count, sizeof *r->entries, compare);
    for (int64_t i = 1; i < r->count; i++) {
        const entry *a = &r->entries[i - 1], *b = &r->entries[i];
        if (a->row == b->row && a->col == b->col)
            return rt_fail(r->lines.error, SPC_E_PROGRAM,
                           "%s:%" PRId64 ":1: error: row %" PRId64 ", column %" PRId64 " is given again, after line %" PRId64,
                           r->lines.file, b->line, b->row + 1, b->col + 1, a->line);
    }
    return SPC_OK;
}

static spc_status hand_over(reader *r)
{
    rt_matrix_file *out = r->out;
    const size_t bytes = ((size_t)r->count + 1) * sizeof(int64_t);
    out->count = r->count;
    out->row = malloc(bytes);
    out->col = malloc(bytes);
    out->values = r->field == RT_FIELD_PATTERN ? NULL : malloc(bytes);
    if (!out->row || !out->col || (!out->values && r->field != RT_FIELD_PATTERN))
        return no_memory(r);
    for (int64_t i = 0; i < r->count; i++) {
        out->row[i] = r->entries[i].row;
        out->col[i] = r->entries[i].col;
        if (out->values)
            out->values[i] = r->entries[i].value;
    }
    return SPC_OK;
}

static spc_status read_coordinates(reader *r)
{
    const size_t most = (size_t)r->stored * (r->symmetry == GENERAL ? 1 : 2);
    if (!(r->entries = calloc(most + 1, sizeof *r->entries)))
        return no_memory(r);
    spc_status status = SPC_OK;
    for (int64_t i = 0; i < r->stored && !status; i++) {
        status = next_line(r, i);
        if (!status)
            status = read_entry(r);
    }
    if (!status)
        status = no_more(r);
    if (!status)
        status = sort(r);
    return status ? status : hand_over(r);
}

/* ---- array ---- */

/* Columns one after the other; of symmetric ones what lies on (not skew) and below the diagonal. */
static spc_status read_array(reader *r)
{
    rt_matrix_file *out = r->out;
    int64_t index = 0;
    spc_status status = SPC_OK;
    out->count = r->rows * r->cols;
    if (!(out->values = calloc((size_t)out->count + 1, sizeof *out->values)))
        return no_memory(r);
    for (int64_t col = 0; col < r->cols && r->stored && !status; col++) {
        int64_t first = r->symmetry == GENERAL ? 0 : r->symmetry == SYMMETRIC ? col : col + 1;
        for (int64_t row = first; row < r->rows && !status; row++) {
            double value = 0;
            status = next_line(r, index++);
            if (!status)
                status = read_value(r, &value);
            if (!status)
                status = rt_lines_done(&r->lines);
            out->values[row * r->cols + col] = value;
            if (r->symmetry != GENERAL && row != col)
                out->values[col * r->cols + row] = r->symmetry == SKEW ? -value : value;
        }
    }
    return status ? status : no_more(r);
}

spc_status rt_mtx_read(const void *data, size_t size, const char *file, rt_matrix_file *out, rt_error *e)
{
    reader r = {.out = out};
    *out = (rt_matrix_file){0};
    spc_status status = rt_lines_open(&r.lines, data, size, file, e);
    if (!status)
        status = read_banner(&r);
    if (!status)
        status = read_size(&r);
    out->field = r.field;
    out->rows = r.rows;
    out->cols = r.cols;
    if (!status)
        status = r.array ? read_array(&r) : read_coordinates(&r);
    free(r.entries);
    rt_lines_close(&r.lines);
    if (status)
        rt_matrix_file_free(out);
    return status;
}
