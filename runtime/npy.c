/* npy: NumPy arrays read into native, C-ordered tensors, and written whole or not at all. */
#include "runtime/npy.h"

#include "runtime/file.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void rt_npy_free(rt_npy *npy)
{
    if (!npy)
        return;
    free(npy->owned);
    *npy = (rt_npy){0};
}

/* Turns the bytes of every element round. */
static void swap_bytes(unsigned char *data, int64_t count, int width)
{
    for (int64_t i = 0; i < count; i++, data += width)
        for (int low = 0, high = width - 1; low < high; low++, high--) {
            unsigned char byte = data[low];
            data[low] = data[high];
            data[high] = byte;
        }
}

/* From Fortran to C order: walks the target in order, the source by strides. */
static void reorder(const rt_npy_header *h, const unsigned char *from, unsigned char *to, int width)
{
    int64_t stride[8], index[8] = {0}, at = 0;
    int64_t step = 1;
    for (int axis = 0; axis < h->rank; axis++) {
        stride[axis] = step;
        step *= h->dims[axis];
    }
    for (int64_t i = 0; i < h->count; i++) {
        memcpy(to + i * width, from + at * width, (size_t)width);
        for (int axis = h->rank - 1; axis >= 0; axis--) {
            at += stride[axis];
            if (++index[axis] < h->dims[axis])
                break;
            at -= stride[axis] * h->dims[axis];
            index[axis] = 0;
        }
    }
}

static bool bools_are_valid(const rt_npy_header *h, const unsigned char *data)
{
    for (int64_t i = 0; h->dtype == SPC_BOOL && i < h->count; i++)
        if (data[i] > 1)
            return false;
    return true;
}

/* Takes over the file's bytes; the tensor lies in them where it can. */
static spc_status take_tensor(rt_bytes *file, const rt_npy_header *h, const char *name, rt_npy *out, rt_error *e)
{
    unsigned char *data = (unsigned char *)file->data + h->data_offset;
    int width = (int)rt_dtype_bits(h->dtype) / 8;
    if (!bools_are_valid(h, data))
        return rt_fail(e, SPC_E_PROGRAM, "%s: error: a bool is neither 0 nor 1", name);
    if (h->big_endian)
        swap_bytes(data, h->count, width);
    if ((h->fortran && h->rank > 1) || (uintptr_t)data % (uintptr_t)width) {
        unsigned char *ordered = malloc((size_t)(h->count * width) + 1);
        if (!ordered)
            return rt_fail(e, SPC_E_NOMEM, "out of memory while reading %s", name);
        if (h->fortran && h->rank > 1)
            reorder(h, data, ordered, width);
        else
            memcpy(ordered, data, (size_t)(h->count * width));
        free(file->data);
        file->data = data = ordered;
    }
    *out = (rt_npy){.tensor = {.data = data, .dtype = h->dtype, .rank = h->rank}, .owned = file->data};
    memcpy(out->tensor.dims, h->dims, sizeof h->dims);
    file->data = NULL;
    return SPC_OK;
}

spc_status rt_npy_read_any(const char *path, rt_npy *out, bool *is_u16, rt_error *e)
{
    const char *name = strcmp(path, "-") == 0 ? "<standard input>" : path;
    rt_bytes file;
    rt_npy_header header;
    *out = (rt_npy){0};
    spc_status status = rt_file_read(path, SIZE_MAX / 4, &file, e);
    if (status == SPC_OK)
        status = rt_npy_parse(file.data, file.size, name, &header, e);
    if (status == SPC_OK) {
        *is_u16 = header.is_u16;
        status = take_tensor(&file, &header, name, out, e);
    }
    free(file.data);
    return status;
}

spc_status rt_npy_read(const char *path, spc_dtype expect, rt_npy *out, rt_error *e)
{
    bool is_u16;
    spc_status status = rt_npy_read_any(path, out, &is_u16, e);
    if (status != SPC_OK || !is_u16 || expect == SPC_BF16)
        return status;
    rt_npy_free(out);
    return rt_fail(e, SPC_E_PROGRAM, "%s: error: dtype '<u2' (uint16) stands for bf16 only, and %s is expected here",
                   path, rt_dtype_of(expect) ? rt_dtype_name(expect) : "no bf16");
}

static int print_dict(const spc_tensor *t, char *out, size_t size)
{
    const rt_dtype_info *info = rt_dtype_of(t->dtype);
    int used = snprintf(out, size, "{'descr': '%c%s', 'fortran_order': False, 'shape': (", info->bits > 8 ? '<' : '|',
                        info->npy);
    for (int i = 0; i < t->rank; i++)
        used += snprintf(out + used, size - (size_t)used, "%s%" PRId64 "%s",
                         i ? ", " : "", t->dims[i], t->rank == 1 ? "," : "");
    return used + snprintf(out + used, size - (size_t)used, "), }");
}

spc_status rt_npy_write(const char *path, const spc_tensor *t, rt_error *e)
{
    const rt_dtype_info *info = rt_dtype_of(t->dtype);
    int64_t count = 1;
    char header[512];
    if (!info || !info->npy || t->rank < 0 || t->rank > 8)
        return rt_fail(e, SPC_E_ARG, "%s: a tensor of dtype %s and rank %d cannot be written", path,
                       rt_dtype_name(t->dtype), (int)t->rank);
    for (int i = 0; i < t->rank; i++)
        if (t->dims[i] < 0 || __builtin_mul_overflow(count, t->dims[i], &count))
            return rt_fail(e, SPC_E_ARG, "%s: the tensor's extents are out of range", path);
    int64_t bytes = rt_dtype_bytes(t->dtype, count);
    if (bytes < 0)
        return rt_fail(e, SPC_E_ARG, "%s: the tensor's extents are out of range", path);
    int used = 10 + print_dict(t, header + 10, sizeof header - 80);
    while ((used + 1) % 64) /* NumPy aligns the data so */
        header[used++] = ' ';
    header[used++] = '\n';
    memcpy(header, "\x93NUMPY\x01", 8); /* version 1.0; the terminating 0 is the minor part */
    header[8] = (char)((used - 10) & 0xff);
    header[9] = (char)((used - 10) >> 8);
    rt_bytes parts[2] = {{header, (size_t)used}, {t->data, (size_t)bytes}};
    return rt_file_write(path, parts, 2, e);
}
