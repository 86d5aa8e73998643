/* context: one compilation of one file, and how it reports.
 *
 * The context is on the stack of fe_compile; all that it points to is in the module's arena. Nothing here outlives the
 * call but the IR. */
#ifndef SPC_FE_CONTEXT_H
#define SPC_FE_CONTEXT_H

#include "frontend/ast.h"

enum { FE_NAME_BUCKETS = 8192, FE_MAX_OPERATIONS = 100000 };

/* An error that waits until all others are reported: right, but not possible yet. */
typedef struct fe_later {
    fe_span at;
    const char *text;
    struct fe_later *next;
} fe_later;

struct fe_context {
    ir_module *module;
    ir_arena *arena;
    const ir_source *source; /* without a byte order mark */
    char *text;              /* the lexer's copy: two NULs behind it, bad bytes blanked */
    uint32_t *lines;         /* where each line begins */
    int line_count;
    fe_name **names;
    fe_item *items, *last_item;
    /* parsing */
    int nesting;
    bool syntax_errors; /* then names may be unused only because their use was not understood */
    fe_name *recent;    /* names lexed since the last whole statement or item */
    int step;
    fe_mention *mentions;
    /* checking */
    int generation; /* of locals and weight ops: one per walk over a layer */
    fe_later *later, *last_later;
    int64_t call_number;  /* of bindings of dims: one per call of a layer */
    struct fe_call *free_calls;
    fe_item *first_layer, *last_layer; /* layers, callees before callers */
};

/* scan.c: line table, byte order mark, bytes that no program may hold. False: nothing worth parsing. */
bool fe_scan(fe_context *, const ir_source *);
/* parse.c: text to items. */
void fe_parse(fe_context *);
/* check.c: everything but building. */
void fe_check(fe_context *);
/* compile.c: all layers to graphs; only after a check without errors. */
void fe_build(fe_context *);

/* ---- report.c ---- */
ir_loc fe_loc(const fe_context *, fe_span);
void fe_error(fe_context *, fe_span, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void fe_warning(fe_context *, fe_span, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void fe_note(fe_context *, fe_span, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* "WHAT is not supported yet", once all real errors are out. */
void fe_unsupported(fe_context *, fe_span, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void fe_report_unsupported(fe_context *);

/* The nearest of several spellings to a wrong one. */
typedef struct fe_guess {
    const char *wrong, *best;
    int distance; /* of best; more than this is no guess */
} fe_guess;
fe_guess fe_guess_for(const fe_context *, const char *wrong);
void fe_guess_try(fe_guess *, const char *candidate);
const char *fe_guess_text(const fe_guess *, ir_arena *); /* "; did you mean 'x'?" or "" */
/* The same, unless the wrong name is one of another language that foreign.def knows: then "; HINT". */
typedef enum fe_foreign { FE_FOREIGN_OPERATION, FE_FOREIGN_DTYPE, FE_FOREIGN_PATTERN } fe_foreign;
const char *fe_hint_text(const fe_guess *, fe_foreign, ir_arena *);

#endif
