/* sizes: see sizes.h. */
#include "sizes.h"

#include <stdlib.h>
#include <string.h>

bool bench_read_sizes(const char *text, int64_t *out, int most, int *count)
{
    for (*count = 0; *text && *count < most; text += strspn(text, ",")) {
        char *end;
        out[*count] = strtoll(text, &end, 10);
        if (end == text || out[(*count)++] < 1)
            return false;
        text = end;
    }
    return *count > 0 && !*text;
}
