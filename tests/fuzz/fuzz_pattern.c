/* fuzz_pattern: any text as a pattern and as the name of a storage; what is accepted prints, and reads back the same. */
#include "runtime/pattern.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_pattern(const char *text)
{
    rt_pattern pattern, again;
    rt_error error;
    char printed[2048], reprinted[2048];
    if (!rt_pattern_parse(text, &pattern, &error))
        return;
    rt_pattern_print(&pattern, printed, sizeof printed);
    if (!rt_pattern_parse(printed, &again, &error))
        abort();
    rt_pattern_print(&again, reprinted, sizeof reprinted);
    if (strcmp(printed, reprinted) != 0 || again.density != pattern.density)
        abort();
}

static void check_storage(const char *text)
{
    rt_storage_request request = {.dtype = SPC_F32, .rows = 33, .cols = 77, .nnz = -1, .ktile = 16};
    rt_storage storage;
    rt_array_info arrays[RT_MAX_ARRAYS];
    strncpy(request.name, text, sizeof request.name - 1);
    if (rt_storage_make(&request, &storage, NULL) && rt_storage_arrays(&storage, arrays) > RT_MAX_ARRAYS)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    check_pattern(text);
    check_storage(text);
    free(text);
    return 0;
}
