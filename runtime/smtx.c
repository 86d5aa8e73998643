/* smtx: reads DLMC files: CSR patterns in three lines of text, whose numbers stand between blanks or commas. */
#include "runtime/lines.h"
#include "runtime/matrix_file.h"

#include <inttypes.h>
#include <stdlib.h>

typedef struct reader {
    rt_lines lines;
    int64_t nnz;
    rt_matrix_file *out;
} reader;

/* Commas part numbers as blanks do. */
static spc_status next_number(reader *r, const char *what, int64_t least, int64_t most, int64_t *out)
{
    rt_lines *l = &r->lines;
    const char *before = l->at;
    if (rt_word_is(rt_lines_word(l, ","), ","))
        before = l->at;
    l->at = before;
    return rt_lines_count(l, what, least, most, out);
}

static spc_status read_sizes(reader *r)
{
    rt_matrix_file *m = r->out;
    rt_lines *l = &r->lines;
    if (!rt_lines_next(l))
        return rt_lines_fail(l, (rt_word){0}, "the file is empty; it begins with 'rows, columns, non-zeros'");
    spc_status status = next_number(r, "the number of rows", 0, INT64_MAX - 1, &m->rows);
    if (!status)
        status = next_number(r, "the number of columns", 0, INT64_MAX, &m->cols);
    if (!status)
        status = next_number(r, "the number of non-zeros", 0, INT64_MAX, &r->nnz);
    if (!status)
        status = rt_lines_done(l);
    /* So that a size cannot claim memory: a number takes two characters with the blank behind it. */
    int64_t most = (l->end - l->next + 1) / 2;
    if (!status && (m->rows > most || r->nnz > most))
        return rt_lines_fail(l, (rt_word){l->line, 1}, "the file is too short for as many rows and non-zeros");
    return status;
}

/* Fills the row of every entry. */
static spc_status read_starts(reader *r)
{
    rt_matrix_file *m = r->out;
    rt_lines *l = &r->lines;
    int64_t start = 0, end = 0;
    if (!rt_lines_next(l))
        return rt_lines_fail(l, (rt_word){0}, "the file ends before the row starts");
    spc_status status = next_number(r, "the start of row 0", 0, 0, &start);
    for (int64_t row = 0; row < m->rows && !status; row++) {
        status = next_number(r, "the end of a row", start, r->nnz, &end);
        for (; !status && start < end; start++)
            m->row[start] = row;
    }
    if (!status)
        status = rt_lines_done(l);
    if (!status && start != r->nnz)
        return rt_lines_fail(l, (rt_word){0}, "the rows end at %" PRId64 ", but there are %" PRId64 " non-zeros", start, r->nnz);
    return status;
}

static spc_status read_columns(reader *r)
{
    rt_matrix_file *m = r->out;
    rt_lines *l = &r->lines;
    spc_status status = SPC_OK;
    if (!rt_lines_next(l) && r->nnz)
        return rt_lines_fail(l, (rt_word){0}, "the file ends before the columns");
    for (; m->count < r->nnz && !status; m->count++) {
        const int64_t i = m->count;
        const char *before = l->at;
        status = next_number(r, "the column", 0, m->cols - 1, &m->col[i]);
        if (!status && i && m->row[i] == m->row[i - 1] && m->col[i] <= m->col[i - 1])
            status = rt_lines_fail(l, (rt_word){before, 1}, "column %" PRId64 " does not ascend after %" PRId64 " in row %" PRId64,
                                   m->col[i], m->col[i - 1], m->row[i]);
    }
    if (!status)
        status = rt_lines_done(l);
    if (!status && rt_lines_next_full(l, 0))
        status = rt_lines_fail(l, (rt_word){l->line, 1}, "the file goes on after the columns");
    return status;
}

spc_status rt_smtx_read(const void *data, size_t size, const char *file, rt_matrix_file *out, rt_error *e)
{
    reader r = {.out = out};
    *out = (rt_matrix_file){.field = RT_FIELD_PATTERN};
    spc_status status = rt_lines_open(&r.lines, data, size, file, e);
    if (!status)
        status = read_sizes(&r);
    if (!status) {
        out->row = malloc(((size_t)r.nnz + 1) * sizeof *out->row);
        out->col = malloc(((size_t)r.nnz + 1) * sizeof *out->col);
        if (!out->row || !out->col)
            status = rt_fail(e, SPC_E_NOMEM, "out of memory while reading %s", file);
    }
    if (!status)
        status = read_starts(&r);
    if (!status)
        status = read_columns(&r);
    rt_lines_close(&r.lines);
    if (status)
        rt_matrix_file_free(out);
    return status;
}
