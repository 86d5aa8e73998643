/* scan: tokens of IR text. Private to ir/. The text is untrusted; after the first error only END comes. */
#ifndef SPC_IR_SCAN_H
#define SPC_IR_SCAN_H

#include "ir/ir.h"

typedef enum ir_token_kind {
    IR_TOKEN_END, IR_TOKEN_NAME, IR_TOKEN_VALUE /* %3 */, IR_TOKEN_FUNC /* @name */, IR_TOKEN_INT, IR_TOKEN_FLOAT,
    IR_TOKEN_STRING, IR_TOKEN_MARK /* one of { } [ ] ( ) , : = or .. */
} ir_token_kind;

typedef struct ir_token {
    ir_token_kind kind;
    const char *text; /* of NAME, MARK, ... in the source, not terminated */
    size_t len;
    char *string; /* STRING, FUNC: the decoded text */
    int64_t number; /* INT, VALUE */
    double value;   /* FLOAT, and INT as a double */
    int line, column;
} ir_token;

typedef struct ir_scanner {
    ir_arena *arena;
    ir_diags *diags;
    const ir_source *source;
    const char *at, *end, *line_start;
    int line;
    void *c_locale; /* numbers read alike everywhere */
    bool failed;
    ir_token token; /* the one to look at */
} ir_scanner;

void ir_scan_open(ir_scanner *, ir_arena *, ir_diags *, const ir_source *); /* the first token is there */
void ir_scan_close(ir_scanner *);
void ir_scan_next(ir_scanner *);
bool ir_scan_is(const ir_scanner *, const char *text); /* a NAME or MARK spelt so */
ir_loc ir_scan_loc(const ir_scanner *);                /* of the token */
/* Reports at the token, unless something was reported before. Always false. */
bool ir_scan_fail(ir_scanner *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool ir_scan_accept(ir_scanner *, const char *text);
bool ir_scan_expect(ir_scanner *, const char *text);

/* Goes on at this place of the line of the token, with the token there; for parts that others read. */
void ir_scan_resume(ir_scanner *, const char *at);

const ir_type *ir_parse_type(ir_module *, ir_scanner *); /* NULL: reported */

#endif
