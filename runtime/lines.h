/* lines: text files read line by line and word by word, with the place of every word for messages. The text is
 * untrusted and ends where its size says; nothing is copied. Inside runtime/ only. */
#ifndef SPC_RT_LINES_H
#define SPC_RT_LINES_H

#include "runtime/error.h"
#include <stdbool.h>

typedef struct rt_lines {
    const char *file; /* for messages */
    const char *line, *at, *line_end, *next, *end;
    int64_t number; /* of the line, from 1; 0 before the first */
    void *c_locale;
    rt_error *error;
} rt_lines;

typedef struct rt_word {
    const char *text; /* not terminated */
    size_t length;
} rt_word;

/* SPC_E_NOMEM where there is no memory for the C locale. */
spc_status rt_lines_open(rt_lines *, const void *data, size_t size, const char *file, rt_error *);
void rt_lines_close(rt_lines *);

bool rt_lines_next(rt_lines *); /* goes to the next line; false: there is none */
/* The next line that holds a word and does not begin with `comment` (0: none does). */
bool rt_lines_next_full(rt_lines *, char comment);
/* The line's next word: between blanks, or a single one of the separators. Length 0: none is left. */
rt_word rt_lines_word(rt_lines *, const char *separators);
bool rt_word_is(rt_word, const char *text); /* whatever the case */

/* The line's next word as a number; `what` names it in messages. */
spc_status rt_lines_count(rt_lines *, const char *what, int64_t least, int64_t most, int64_t *out);
spc_status rt_lines_real(rt_lines *, double *out); /* decimal, inf or nan */
spc_status rt_lines_done(rt_lines *); /* SPC_E_PROGRAM where the line holds more */

/* SPC_E_PROGRAM with "FILE:LINE:COLUMN: error: ..." at the word (text NULL: at the end of what was read). */
spc_status rt_lines_fail(const rt_lines *, rt_word, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
