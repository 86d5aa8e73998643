/* file: maps, reads and writes whole files. */
#include "runtime/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static spc_status io_error(rt_error *e, const char *what, const char *path)
{
    char text[128];
    int number = errno;
    return rt_fail(e, rt_system_status(number), "cannot %s %s: %s", what, path, strerror_r(number, text, sizeof text));
}

spc_status rt_file_map(const char *path, rt_mapping *out, rt_error *e)
{
    *out = (rt_mapping){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return io_error(e, "open", path);
    struct stat facts;
    spc_status status = SPC_OK;
    if (fstat(fd, &facts) != 0)
        status = io_error(e, "examine", path);
    else if (!S_ISREG(facts.st_mode))
        status = rt_fail(e, SPC_E_IO, "cannot open %s: not a regular file", path);
    else if (facts.st_size > 0) {
        void *data = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED)
            status = io_error(e, "map", path);
        else
            *out = (rt_mapping){data, (size_t)facts.st_size};
    }
    close(fd);
    return status;
}

void rt_file_unmap(rt_mapping *mapping)
{
    if (mapping->data)
        munmap((void *)(uintptr_t)mapping->data, mapping->size);
    *mapping = (rt_mapping){0};
}

/* Reads until the end or until the buffer is full. -1: error. */
static ssize_t read_some(int fd, unsigned char *data, size_t room)
{
    size_t done = 0;
    while (done < room) {
        ssize_t count = read(fd, data + done, room - done < INT_MAX ? room - done : INT_MAX);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        if (count == 0)
            break;
        done += (size_t)count;
    }
    return (ssize_t)done;
}

static spc_status read_stream(int fd, const char *path, size_t limit, rt_bytes *out, rt_error *e)
{
    struct stat facts;
    size_t capacity = 65536;
    if (fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size >= 0)
        capacity = (size_t)facts.st_size + 1; /* one more, to meet the end at once */
    for (;;) {
        if (capacity > limit)
            capacity = limit;
        void *grown = realloc(out->data, capacity ? capacity : 1);
        if (!grown)
            return rt_fail(e, SPC_E_NOMEM, "out of memory while reading %s", path);
        out->data = grown;
        ssize_t count = read_some(fd, (unsigned char *)out->data + out->size, capacity - out->size);
        if (count < 0)
            return io_error(e, "read", path);
        out->size += (size_t)count;
        if (out->size < capacity || capacity == limit)
            return SPC_OK;
        capacity *= 2;
    }
}

spc_status rt_file_read(const char *path, size_t limit, rt_bytes *out, rt_error *e)
{
    bool standard = strcmp(path, "-") == 0;
    *out = (rt_bytes){0};
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return io_error(e, "open", path);
    spc_status status = read_stream(fd, standard ? "standard input" : path, limit, out, e);
    if (!standard)
        close(fd);
    if (status != SPC_OK) {
        free(out->data);
        *out = (rt_bytes){0};
    }
    return status;
}

static bool write_all(int fd, const rt_bytes *parts, int count)
{
    for (int i = 0; i < count; i++)
        for (size_t done = 0; done < parts[i].size;) {
            size_t left = parts[i].size - done;
            ssize_t written = write(fd, (const char *)parts[i].data + done, left < INT_MAX ? left : INT_MAX);
            if (written < 0 && errno == EINTR)
                continue;
            if (written <= 0)
                return false;
            done += (size_t)written;
        }
    return true;
}

static spc_status write_directly(int fd, const char *path, const rt_bytes *parts, int count, rt_error *e)
{
    return write_all(fd, parts, count) ? SPC_OK : io_error(e, "write", path);
}

/* A new file beside the target, so that renaming stays within one file system. */
static int create_aside(const char *target, char *aside, size_t size)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        if (snprintf(aside, size, "%s.%ld-%d.tmp", target, (long)getpid(), attempt) >= (int)size) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

static spc_status write_aside(const char *path, const rt_bytes *parts, int count, rt_error *e)
{
    char aside[PATH_MAX + 32], resolved[PATH_MAX];
    const char *target = realpath(path, resolved) ? resolved : path; /* a link keeps pointing at what is replaced */
    int fd = create_aside(target, aside, sizeof aside);
    spc_status status = SPC_OK;
    if (fd < 0)
        status = io_error(e, "write", path);
    else {
        bool written = write_all(fd, parts, count);
        int number = errno;
        if (close(fd) != 0 && written) {
            number = errno;
            written = false;
        }
        if (written && rename(aside, target) != 0) {
            number = errno;
            written = false;
        }
        if (!written) {
            unlink(aside);
            errno = number;
            status = io_error(e, "write", path);
        }
    }
    return status;
}

spc_status rt_file_write(const char *path, const rt_bytes *parts, int count, rt_error *e)
{
    if (strcmp(path, "-") == 0)
        return write_directly(STDOUT_FILENO, "standard output", parts, count, e);
    struct stat facts;
    if (stat(path, &facts) != 0 || S_ISREG(facts.st_mode))
        return write_aside(path, parts, count, e);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return io_error(e, "open", path);
    spc_status status = write_directly(fd, path, parts, count, e);
    if (close(fd) != 0 && status == SPC_OK)
        status = io_error(e, "write", path);
    return status;
}
