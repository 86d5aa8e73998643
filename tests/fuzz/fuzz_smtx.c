/* fuzz_smtx: any bytes as a file of one matrix; the entries of what is accepted lie in it, in order and once each. */
#include "runtime/matrix_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_entries(const rt_matrix_file *m)
{
    for (int64_t i = 0; i < m->count; i++) {
        if (m->row[i] < 0 || m->row[i] >= m->rows || m->col[i] < 0 || m->col[i] >= m->cols)
            abort();
        if (i && (m->row[i] < m->row[i - 1] || (m->row[i] == m->row[i - 1] && m->col[i] <= m->col[i - 1])))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rt_matrix_file file;
    rt_error error;
    volatile double sum = 0;
    if (rt_smtx_read(data, size, "fuzz", &file, &error) != SPC_OK)
        return 0;
    if (file.row)
        check_entries(&file);
    for (int64_t i = 0; file.values && i < file.count; i++)
        sum = sum + file.values[i];
    rt_matrix_file_free(&file);
    return 0;
}
