/* fuzz_wisdom: any text as exported wisdom. What is accepted is written, and read back the same number of times. */
#include "runtime/wisdom.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct copy {
    rt_wisdom_writer *writer;
    size_t count;
} copy;

static bool take(void *ctx, const rt_record *record)
{
    copy *c = ctx;
    for (int i = 0; rt_field_at(i); i++)
        if (rt_field_at(i)->kind == RT_FIELD_text && strlen(*(const rt_wisdom_text *)((const char *)record + rt_field_at(i)->offset)) > RT_WISDOM_TEXT)
            abort();
    c->count++;
    return rt_wisdom_write(c->writer, record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rt_error error = {0};
    copy first = {rt_wisdom_writer_new(), 0}, second = {rt_wisdom_writer_new(), 0};
    if (!first.writer || !second.writer) return 0;
    const spc_status status = rt_wisdom_read((const char *)data, size, take, &first, &error);
    if (status && !*error.text) abort();
    char *text = rt_wisdom_written(first.writer);
    if (text && rt_wisdom_read(text, strlen(text), take, &second, &error)) abort();
    if (text && first.count != second.count) abort();
    rt_wisdom_writer_free(first.writer);
    rt_wisdom_writer_free(second.writer);
    free(text);
    return 0;
}
