/* failing.c: every wrapped function asks fails() first. Counts over all threads; tests fail one call path at a time. */
#include "tests/memory/failing.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_long left; /* allocations until one fails; 0: none will */
static atomic_bool always, happened;

void failing_start(long n, bool lasting)
{
    happened = false;
    always = lasting;
    left = n;
}

bool failing_stop(void)
{
    left = 0;
    always = false;
    return happened;
}

static bool fails(void)
{
    const bool failure = (left > 0 && atomic_fetch_sub(&left, 1) == 1) || (always && happened);
    if (!failure) return false;
    happened = true;
    errno = ENOMEM;
    return true;
}

#define WRAP(result, name, parameters, arguments)   \
    result __real_##name parameters;                \
    result __wrap_##name parameters;                \
    result __wrap_##name parameters { return fails() ? NULL : __real_##name arguments; }

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t count, size_t size), (count, size))
WRAP(void *, realloc, (void *old, size_t size), (old, size))
WRAP(void *, reallocarray, (void *old, size_t count, size_t size), (old, count, size))
WRAP(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t size), (text, size))
WRAP(char *, realpath, (const char *path, char *resolved), (path, resolved))
WRAP(FILE *, open_memstream, (char **text, size_t *size), (text, size))
WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode))
WRAP(DIR *, opendir, (const char *path), (path))

int __wrap_asprintf(char **out, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **out, const char *format, ...)
{
    va_list arguments;
    if (fails()) return -1; /* *out is undefined then */
    va_start(arguments, format);
    const int length = vasprintf(out, format, arguments);
    va_end(arguments);
    return length;
}
