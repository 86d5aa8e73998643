/* compile: the stages of one compilation, each on top of the one before, and the texts made from them. */
#ifndef SPC_API_COMPILE_H
#define SPC_API_COMPILE_H

#include "api/session.h"

typedef struct api_need {
    const char *dump; /* keep the module's text after this pass; NULL: none */
    const char *dumped;
} api_need;

/* A program with its target chosen, option layer obeyed and its weights there; api_lower: and through all passes. */
spc_status api_select(spc_session *, api_need *, api_program **out);
spc_status api_lower(spc_session *, api_need *, api_program **out);
/* Packs the weights, or numbers their arrays where they are bound late. */
spc_status api_lay_out(spc_session *, api_program *);
/* The code generator that option backend names; NULL after reporting that there is none. */
const be_backend *api_code_generator(spc_session *);
/* The one that the function's plan names, else the program's; NULL after reporting that it is not built in. */
const be_backend *api_backend_of(spc_session *, const api_program *, const ir_func *);
be_options api_backend_options(const spc_session *, const api_program *, const char *prefix);
/* One object per kernel and entry, from the cache where it has them. */
spc_status api_make_objects(spc_session *, api_program *, const char *prefix);

/* What spc_jit does. inspect (may be NULL) is called once the weights are laid out, before there is code. */
spc_status api_jit(spc_session *, api_work *inspect, void *ctx, spc_module **out);
/* Before every function's name in code that api_jit makes, but not where it is interpreted. */
extern const char api_jit_prefix[];

/* spc_input_shapes and spc_shapes. */
spc_status api_input_shapes(spc_session *, const char *layer, const char *dims, spc_tensor *in, size_t n_in);
spc_status api_result_shapes(spc_session *, const char *layer, const char *dims, const spc_tensor *in, size_t n_in,
                             spc_tensor *out, size_t n_out);

/* The functions of these forms; count is set. */
const ir_func **api_funcs(const ir_module *, ir_arena *, bool kernels, bool entries, size_t *count);

/* Lives in the module's arena. */
spc_status api_face_of(spc_session *, ir_module *, const ir_func *graph, api_face *out);

/* Scratch of one thread at these dims ("n=3"); -1 where they do not tell. Dims of the module's other layers may stand
 * among them. */
spc_status api_scratch_bytes(spc_session *, const ir_module *, const api_face *, const char *dims, int64_t *out);

/* Names that clash with C, libc or one another are reported at the layer. */
spc_status api_check_names(spc_session *, const ir_module *, const char *prefix);
bool api_is_keyword(const char *name); /* of C or C++ */
/* Works in the program's arena. */
spc_status api_header(spc_session *, api_program *, const char **out);
/* Quoted and escaped. */
void api_json_string(ir_text *, const char *);
/* embedded: the weights are in the module; see docs/manifest.md. */
spc_status api_manifest(spc_session *, api_program *, const char *prefix, const char **out);

#endif
