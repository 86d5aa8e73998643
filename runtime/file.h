/* file: whole files, read and written. Inside runtime/ only; every failure of the system is SPC_E_IO. */
#ifndef SPC_RT_FILE_H
#define SPC_RT_FILE_H

#include "runtime/error.h"
#include <stdbool.h>

typedef struct rt_mapping {
    const unsigned char *data; /* NULL where size is 0 */
    size_t size;
} rt_mapping;

/* Maps a regular file read-only. It must not shrink while it is mapped. */
spc_status rt_file_map(const char *path, rt_mapping *out, rt_error *);
void rt_file_unmap(rt_mapping *);

typedef struct rt_bytes {
    void *data;
    size_t size;
} rt_bytes;

/* Reads a file or stream to its end, at most `limit` bytes of it; "-" is standard input. Grows with what arrives, so
 * that a stream cannot claim memory. free(out->data). */
spc_status rt_file_read(const char *path, size_t limit, rt_bytes *out, rt_error *);

/* Writes the parts one after the other, whole or not at all: aside, then renamed. What is no regular file (a pipe, a
 * device; "-" is standard output) is written directly. */
spc_status rt_file_write(const char *path, const rt_bytes *parts, int count, rt_error *);

#endif
