/* wisdom: a file of tuned plans. An SQLite database, so that several processes may use it at once and a process that is
 * killed at any moment leaves it whole. What it holds is untrusted: whoever reads a plan from it parses and checks it
 * as one that a user wrote. A library of its own (spc_wisdom), so that running layers needs no SQLite. */
#ifndef SPC_RT_WISDOM_H
#define SPC_RT_WISDOM_H

#include "runtime/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef const char *rt_wisdom_text;
typedef int64_t rt_wisdom_count, rt_wisdom_flag;
typedef double rt_wisdom_time;

typedef struct rt_record {
#define WISDOM(kind, name, key, doc) rt_wisdom_##kind name;
#include "runtime/wisdom.def"
#undef WISDOM
} rt_record;

typedef enum rt_field_kind { RT_FIELD_text, RT_FIELD_count, RT_FIELD_flag, RT_FIELD_time } rt_field_kind;
typedef struct rt_field {
    const char *name, *doc;
    rt_field_kind kind;
    bool key;
    size_t offset; /* in rt_record */
} rt_field;
const rt_field *rt_field_at(int index); /* NULL past the end */

enum { RT_WISDOM_TEXT = 64 << 10 }; /* longest text of a record */

/* What a caller does with a record, which lives for the call only; false: enough. */
typedef bool rt_record_fn(void *ctx, const rt_record *);

/* ---- wisdom.c: the file ---- */

typedef struct rt_wisdom rt_wisdom;

/* For reading: *out NULL and SPC_OK where there is no file; SPC_E_PROGRAM where it cannot be understood.
 * For writing: makes the file (not its folder); one that is broken or of a later version is renamed and a new one
 * begun, which note says (status SPC_OK, text not empty). note is filled on failure too. */
spc_status rt_wisdom_open(const char *path, bool write, rt_wisdom **out, rt_error *note);
void rt_wisdom_close(rt_wisdom *); /* takes NULL */
/* Records whose key is this one, by ascending text of dims; dims NULL: any. */
spc_status rt_wisdom_find(rt_wisdom *, const rt_record *key, rt_record_fn *, void *ctx, rt_error *);
spc_status rt_wisdom_all(rt_wisdom *, rt_record_fn *, void *ctx, rt_error *);
/* All of them or none. A record replaces one of the same key unless that is complete and this is not. */
spc_status rt_wisdom_keep(rt_wisdom *, const rt_record *, size_t count, rt_error *);
spc_status rt_wisdom_clear(rt_wisdom *, int64_t *count, rt_error *);

/* ---- wisdom_text.c: its JSON form, to be taken to another machine ---- */

/* JSON of all that the callback is called with; free() it. NULL: no memory. */
typedef struct rt_wisdom_writer rt_wisdom_writer;
rt_wisdom_writer *rt_wisdom_writer_new(void);
bool rt_wisdom_write(void *writer, const rt_record *); /* an rt_record_fn; false: no memory */
char *rt_wisdom_written(rt_wisdom_writer *);           /* ends with a newline */
void rt_wisdom_writer_free(rt_wisdom_writer *);        /* takes NULL */

/* Calls with every record of the text, after all of it was found right. */
spc_status rt_wisdom_read(const char *text, size_t len, rt_record_fn *, void *ctx, rt_error *);

#endif
