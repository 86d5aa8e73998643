/* request: what goes between the library and the program that compiles for it. The request is text (functions as IR text), on
 * the program's standard input; the reply a header and the object, in the file that is its descriptor 3. */
#ifndef SPC_GCCJIT_REQUEST_H
#define SPC_GCCJIT_REQUEST_H

#include "backends/backend.h"

#define GJ_PROGRAM "spc-gccjit"
enum { GJ_REPLY_FD = 3, GJ_MAGIC = 0x316a6773, GJ_MOST_FOLDER = 400 };

typedef struct gj_request {
    ir_target target; /* name, gcc_name, features, vector_bytes */
    be_options options;
    be_format format;
    const char *text; /* the functions */
    size_t text_bytes;
    const char *places; /* where each op and function comes from; "" without line tables */
} gj_request;

/* Written twice: at the start, with the folder, so that it can be removed when the program dies; and in the end. */
typedef struct gj_reply {
    uint32_t magic;
    int32_t status;   /* a spc_status; SPC_E_BACKEND until something better is known */
    int32_t finished; /* 1: status, message and bytes count */
    int32_t unused;
    uint64_t bytes;   /* of the object, behind this header */
    char folder[GJ_MOST_FOLDER]; /* of temporary files; "" when it is gone */
    char message[600];
} gj_reply;

/* The request as text in the arena. */
char *gj_request_write(const ir_func *const *funcs, size_t count, const be_options *, be_format, ir_arena *, size_t *size);
/* Reads it back; strings lie in the arena. False: not such a text. */
bool gj_request_read(const char *text, size_t size, ir_arena *, gj_request *out);
/* Gives the ops of the module's functions the places that the request tells. */
void gj_request_place(const gj_request *, ir_module *);

/* Removes the folder of temporary files: by the program, or by the library when the program was killed before it could. */
void gj_remove_folder(const char *path);

#endif
