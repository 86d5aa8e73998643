/* parse: what the lexer and the grammar share beyond the tree: literals, syntax messages and nesting. */
#ifndef SPC_FE_PARSE_H
#define SPC_FE_PARSE_H

#include "frontend/context.h"

/* A list under construction. */
typedef struct fe_list {
    void *first, *last;
} fe_list;

/* Literals. False: reported. */
bool fe_lex_int(fe_context *, fe_span, const char *text, int64_t *out);
bool fe_lex_real(fe_context *, fe_span, const char *text, double *out);
bool fe_lex_string(fe_context *, fe_span, const char *text, const char **out);
/* The value of a decimal number, whatever the host's locale. */
double fe_decimal(ir_arena *, const char *text);
/* A short copy of a token that begins with bytes of other alphabets, cut between characters. */
const char *fe_lex_clip(fe_context *, const char *text);
void fe_lex_error(fe_context *, fe_span, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The scanner's own failures: only memory, so it goes where the arena's go. */
_Noreturn void fe_lexer_failed(fe_context *);

/* "expected ';' but found 'layer'": count names of what would fit. */
void fe_syntax_error(fe_context *, fe_span at, const char *found, int count, const char *const *expected);
/* Something else where dim, const, ... must stand. */
void fe_wrong_item_word(fe_context *, fe_span at, const char *word, const char *found);
/* One level deeper; false and reported where that is too deep. */
bool fe_nest(fe_context *, fe_span at);

/* Statements and items in step with the parser: a whole one was read, or one was given up, whose names are then
 * doubtful. */
void fe_name_seen(fe_context *, fe_name *);
void fe_in_step(fe_context *);
void fe_give_up(fe_context *);

#endif
