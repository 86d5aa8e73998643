/* session: what stands behind spc.h. A session holds the texts, the options, the weights and the messages; a program is
 * one compilation, with an arena of its own, so that it can be dropped, repeated, or handed over to a module.
 *
 * Every public function guards the session's arena (API_GUARD); whatever works in a program's arena does so through
 * api_program_guarded. The session's arena holds texts only and has no limit; option "memory" limits programs. */
#ifndef SPC_API_SESSION_H
#define SPC_API_SESSION_H

#include "backends/backend.h"
#include "ir/layout.h"
#include "ir/plan.h"
#include "ir/target.h"
#include "runtime/export.h"
#include "runtime/weights.h"
#include <spc/spc.h>

typedef enum api_option {
#define OPTION(key, preset, doc) API_##key,
#include "api/options.def"
#undef OPTION
    API_OPTION_COUNT
} api_option;

typedef struct api_option_info {
    const char *key, *preset, *doc;
    spc_status (*check)(spc_session *, const char *value);
} api_option_info;
const api_option_info *api_option_at(int index); /* NULL past the end */

/* A weight that some layer uses, as it was declared. */
typedef struct api_weight {
    rt_declaration declaration;
    const char *pattern, *scale; /* as in the IR; NULL: dense, none */
    ir_loc loc;
    rt_matrix matrix; /* once found */
    bool found, checked;
    const struct api_weight *whole; /* derived: the declared weight that this is rows and columns of; NULL: none */
    struct api_weight *next;
} api_weight;

/* A layer's face. */
typedef struct api_port {
    const char *name;
    const ir_type *type;
} api_port;
typedef struct api_face {
    const char *name;
    const ir_func *graph, *entry; /* entry NULL: not lowered; then scratch is 0 */
    size_t ndims, nin, nout;
    const ir_dim **dims;
    api_port *in, *out;
    const ir_extent *scratch;
} api_face;

typedef struct api_program {
    ir_arena *arena;
    ir_module *module;
    ir_target target;
    ir_plan *plan;
    bool laid, late; /* late: the weights are bound when the module is loaded; the layout lists their arrays only */
    ir_layout layout;
    const char *manifest;
    be_blob *objects;
    size_t object_count;
    const be_backend *backend; /* of entries, and of kernels whose plan names none; loads the image */
    be_image *image;
    void *weights; /* the whole weights object, for code in this process */
    api_face *faces; /* of the reference, which has no entries */
    size_t face_count;
    struct api_program *next;
} api_program;

/* Option backend: the first that is built in, unless a kernel's plan names another; and tuning races all of them. */
#define api_any_backend "any"

/* While the tuner compiles: one kernel of a layer alone (NULL: all), this plan and no other, and no wisdom. */
typedef struct api_tuning {
    const char *isolate;
    int kernel;
    const ir_source *plan; /* NULL: what the user gave */
} api_tuning;

struct spc_session {
    ir_arena *arena;
    ir_diags *diags;
    const char *failure; /* what to say where there was no memory for a message; NULL: nothing */
    spc_status last;     /* of the last failed call */
    const char *options[API_OPTION_COUNT];
    const ir_source *source; /* NULL: nothing loaded yet */
    bool loaded;             /* and it is right */
    const ir_source *plan_source;
    const api_tuning *tuning; /* NULL: none */
    rt_weights *tensors;
    api_weight *weights; /* all that the layers use, by first use */
    api_weight *derived; /* computed from bound ones (pass_context.derive), by their names; until the next binding */
    api_program *programs; /* all that it owns */
    api_program *fresh;  /* loaded and not lowered yet; taken by the first compilation. NULL: none */
    bool bound;             /* some data was given */
    const ir_source *plan_checked; /* the plan_source that was compared with the kernels */
    spc_status bad_weights; /* not SPC_OK: bound data breaks a declaration or contract */
    const char **inputs; /* files read, for the depfile */
    size_t input_count, input_capacity;
};

#define API_GUARD(s)                                 \
    do {                                             \
        if (!(s)) return SPC_E_ARG;                  \
        if (setjmp(*ir_guard((s)->arena))) return api_out_of_memory(s); \
    } while (0)

spc_status api_out_of_memory(spc_session *);
/* Reports "place: error: ..." and returns the status; place NULL: "spc". */
spc_status api_fail(spc_session *, spc_status, const char *place, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
spc_status api_fail_error(spc_session *, const char *place, const rt_error *);
/* SPC_E_PROGRAM after reported errors, SPC_OK if there are none since `before`. */
spc_status api_errors_since(const spc_session *, int before);

/* Remembers a file that was read. */
void api_note_input(spc_session *, const char *path);
/* A whole file in the session's arena. */
spc_status api_read_file(spc_session *, const char *path, ir_source *out);

static inline const char *api_option_value(const spc_session *s, api_option option) { return s->options[option]; }
/* Option dense: weights are stored dense, and a plan given by hand does not count. */
bool api_is_dense(const spc_session *);
double api_budget(const spc_session *); /* option budget */
/* NULL where the option is not set or "none". */
const char *api_path_option(const spc_session *, api_option);

bool api_parse_bytes(const char *text, size_t *out);

/* ---- program.c ---- */

/* Runs work with the program's arena guarded. */
typedef spc_status api_work(spc_session *, api_program *, void *ctx);
spc_status api_program_guarded(spc_session *, api_program *, api_work *, void *ctx);
/* Front end only. diags: where its messages go. */
spc_status api_program_new(spc_session *, ir_diags *, api_program **out);
void api_program_free(api_program *); /* takes NULL; of one that no session owns */
/* From here on the session does not free it. */
void api_program_disown(spc_session *, const api_program *);
/* Frees all but the fresh one. */
void api_programs_drop(spc_session *);
/* The fresh program, made anew if it was taken; to be looked at only. */
spc_status api_program_peek(spc_session *, api_program **out);
/* A loaded program for one compilation, the fresh one or a new one; drops those of earlier ones. */
spc_status api_program_take(spc_session *, api_program **out);

/* ---- bind.c ---- */

/* Collects the weights that the graphs of the module use. */
void api_weights_collect(spc_session *, const ir_module *);
/* Finds and checks what is bound so far. */
spc_status api_weights_check(spc_session *);
/* Reports every weight of the module's graphs that has no data, at its declaration. */
spc_status api_weights_require(spc_session *, const ir_module *);
const api_weight *api_weight_find(const spc_session *, const char *name);
/* No data was bound, and the kernels use weights: the host binds them when the module is loaded. */
bool api_binds_late(const spc_session *, const ir_module *);
/* pass_context.derive; ctx is the session. */
spc_status api_weight_derive(void *session, const ir_module *, const ir_func *constant);
void api_weights_forget(spc_session *); /* the derived ones */
/* ir_matrix_lookup and pass_context.weight; ctx is the session. */
const rt_matrix *api_weight_matrix(void *session, const char *name);

#endif
