/* diag: sources and the messages about them.
 *
 * One list per session, in order of discovery. A diagnostic names file, line and column (both from 1, columns in
 * bytes) and shows the line with a caret. Data errors have no source line; their place is "FILE: TENSOR[row, col]". */
#ifndef SPC_IR_DIAG_H
#define SPC_IR_DIAG_H

#include "ir/arena.h"
#include <stdint.h>

typedef struct ir_source {
    const char *name; /* as the user gave it */
    const char *text; /* terminated; may contain no NUL before len */
    size_t len;
} ir_source;

/* A place in a source. source NULL: none. line and column from 1; length in bytes, at least 1, within the line. */
typedef struct ir_loc {
    const ir_source *source;
    int line, column, length;
} ir_loc;

typedef enum ir_severity { IR_NOTE, IR_WARNING, IR_ERROR } ir_severity;

typedef struct ir_diags ir_diags;
enum { IR_MAX_ERRORS = 20 }; /* further errors are only counted */

ir_diags *ir_diags_new(ir_arena *);
/* A note belongs to the message before it. Text without a final newline or full stop, lower case, says the way out. */
void ir_report(ir_diags *, ir_severity, ir_loc, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* place: "FILE: TENSOR[row, col]" or the like. */
void ir_report_data(ir_diags *, ir_severity, const char *place, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
int ir_error_count(const ir_diags *);
/* All messages as the command prints them (no colour), valid until the next report. */
const char *ir_diags_text(ir_diags *);

#endif
