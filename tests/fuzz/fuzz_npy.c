/* fuzz_npy: any bytes as a NumPy file; the elements of what is accepted lie within the bytes. */
#include "runtime/npy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rt_npy_header header;
    rt_error error;
    if (rt_npy_parse(data, size, "fuzz", &header, &error) != SPC_OK)
        return 0;
    int64_t bytes = rt_dtype_bytes(header.dtype, header.count);
    if (bytes < 0 || header.data_offset > size || (uint64_t)bytes != size - header.data_offset || header.rank > 8)
        abort();
    return 0;
}
