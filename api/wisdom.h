/* wisdom: what a session does with a file of tuned plans: makes keys, looks plans up while it compiles. */
#ifndef SPC_API_WISDOM_H
#define SPC_API_WISDOM_H

#include "api/session.h"
#include "passes/passes.h"
#include "runtime/wisdom.h"

/* A file that was asked for is opened when the first plan is looked up. */
typedef struct api_wisdom {
    spc_session *session;
    api_program *program; /* in whose arena answers live */
    rt_record key;        /* machine, version, threads, backend */
    rt_wisdom *file;      /* NULL: not open, or there is none */
    bool tried;
} api_wisdom;

/* The part of the key that holds for all kernels of a program. Lives in the program's arena. */
rt_record api_wisdom_key(const spc_session *, const api_program *);
int api_threads(const spc_session *); /* option threads, 0 resolved to one per core */

/* pass_context.tuned; ctx is an api_wisdom. A file that cannot be read is a warning, once. */
const pass_tuned *api_wisdom_look_up(void *wisdom, const pass_region_key *);
void api_wisdom_close(api_wisdom *);

/* Records of a fused op of the lowered program, at any dims. */
void api_wisdom_each(spc_session *, api_program *, const ir_op *fused, rt_record_fn *, void *ctx);

/* For tuning, import and clear. *out NULL after a warning where nothing can be kept. */
void api_wisdom_open(spc_session *, const char *path, rt_wisdom **out);
/* Once more, of something that has gone wrong with it. */
void api_wisdom_warn(spc_session *, const char *what, const rt_error *);
/* NULL, or what is wrong with terms of a plan from elsewhere. */
const char *api_wisdom_refuses(spc_session *, const char *plan);

#endif
