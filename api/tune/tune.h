/* tune: what the parts of spc_tune share. tune.c goes through kernels and dims, candidates.c picks plans and compiles
 * each as a layer of one kernel, race.c calls them: results first, then times. */
#ifndef SPC_API_TUNE_H
#define SPC_API_TUNE_H

#include "api/choices.h"
#include "api/compile.h"
#include "api/wisdom.h"
#include "runtime/race.h"

/* One plan, compiled. */
typedef struct tune_candidate {
    const char *plan; /* terms */
    bool dense;
    spc_module *module; /* owns the program */
    const api_program *program;
    api_face face; /* of the kernel as a layer */
    void *function;
} tune_candidate;

/* One kernel at one choice of dims. */
typedef struct tune_kernel {
    spc_session *session;
    const char *layer;
    int number;           /* among the layer's fused ops */
    const char *name;     /* "ffn.0" */
    api_dims dims;        /* those that it mentions */
    rt_record key;
    size_t count;
    tune_candidate candidates[RT_RACE_MOST]; /* the planner's own first */
} tune_kernel;

/* ---- candidates.c ---- */

/* The planner's plan and the most promising others, not compiled yet; count 0: there is nothing to choose. base is the
 * lowered layer. */
spc_status tune_pick(tune_kernel *, api_program *base);
/* Makes modules of them. A candidate that cannot be made is dropped with a warning, unless it is the first. */
spc_status tune_compile(tune_kernel *, bool (*go_on)(void *ctx), void *ctx);
void tune_release(tune_kernel *);

typedef struct tune_result {
    size_t best;
    bool timed, decided, stopped;
    rt_runner runners[RT_RACE_MOST];
} tune_result;

/* Option backend says any, and there are several code generators: a second race among the best of the first and these as
 * the other generators make them. The planner's own plan stays the first. */
bool tune_has_final(const tune_kernel *);
spc_status tune_make_final(tune_kernel *, tune_result *, bool (*go_on)(void *ctx), void *ctx);

/* ---- race.c ---- */

typedef struct tune_rules {
    spc_exec exec; /* without scratch */
    double seconds;
    int least; /* rounds, whatever the time */
    bool (*go_on)(void *ctx, const rt_race *);
    void *ctx;
} tune_rules;
/* Candidates whose results differ from the first one's are dropped with a warning before anything is timed. */
spc_status tune_race(tune_kernel *, const tune_rules *, tune_result *out);

#endif
