/* fuzz_safetensors: any bytes as a safetensors file; every tensor of what is accepted lies within the bytes. */
#include "runtime/safetensors.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rt_directory directory;
    rt_error error;
    volatile unsigned char sum = 0;
    if (rt_safetensors_read(data, size, "fuzz", &directory, &error) != SPC_OK)
        return 0;
    for (int64_t i = 0; i < directory.count; i++) {
        const rt_file_tensor *tensor = &directory.tensors[i];
        if (rt_directory_find(&directory, tensor->name) != tensor)
            abort();
        for (int64_t b = 0; b < tensor->end - tensor->begin; b++)
            sum = (unsigned char)(sum + tensor->data[b]);
    }
    rt_directory_free(&directory);
    return 0;
}
