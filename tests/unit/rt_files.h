/* rt_files: files that the tests of the runtime's readers make, in the current (build) folder. */
#ifndef SPC_TEST_RT_FILES_H
#define SPC_TEST_RT_FILES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct test_bytes {
    unsigned char data[8192];
    size_t size;
} test_bytes;

/* A safetensors file: the header's text and `size` bytes of data that count up from 0. */
static inline test_bytes make_safetensors(const char *header, size_t size)
{
    test_bytes out = {.size = 8 + strlen(header) + size};
    if (out.size > sizeof out.data)
        abort();
    for (int i = 0; i < 8; i++)
        out.data[i] = (unsigned char)((uint64_t)strlen(header) >> (8 * i));
    memcpy(out.data + 8, header, strlen(header));
    for (size_t i = 0; i < size; i++)
        out.data[8 + strlen(header) + i] = (unsigned char)i;
    return out;
}

/* A NumPy file of version 1.0. */
static inline test_bytes make_npy(const char *dict, const void *data, size_t size)
{
    test_bytes out = {.size = 10 + strlen(dict) + size};
    if (out.size > sizeof out.data)
        abort();
    memcpy(out.data, "\x93NUMPY\x01", 8);
    out.data[8] = (unsigned char)strlen(dict);
    out.data[9] = (unsigned char)(strlen(dict) >> 8);
    memcpy(out.data + 10, dict, strlen(dict));
    if (size)
        memcpy(out.data + 10 + strlen(dict), data, size);
    return out;
}

static inline void save(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
}

#endif
