/* tune: spc_tune. Goes through the kernels of the layers and the choices of dims, races the plans of each that wisdom
 * does not know yet, and keeps each result as it is found: what is interrupted goes on where it stopped. */
#include "api/tune/tune.h"

#include "api/bench/bench.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_DIMS = 64, MOST_OTHERS = 8, LEAST_ROUNDS = 5 };
static const double EACH_SECONDS = 3; /* for one race without its compiling, where no budget is given */
static const double COMPILING = 0.6;  /* share of a race's time for making its candidates */

typedef struct known_key {
    const char *text;
    struct known_key *next;
} known_key;

typedef struct tuner {
    spc_session *session;
    const spc_tune_options *options;
    rt_wisdom *file; /* NULL: nothing is kept */
    spc_pool *pool;
    spc_exec exec;
    double start;
    bool stopped;
    known_key *known; /* of this call */
    spc_tune_progress progress;
    const tune_kernel *at;
    double compile_until; /* seconds since the start */
    size_t races_left;
} tuner;

/* ---- time and people ---- */

static double spent(const tuner *t) { return (rt_clock_now() - t->start) / 1e9; }

static double seconds_left(const tuner *t) { return t->options->seconds < 0 ? INFINITY : fmax(0, t->options->seconds - spent(t)); }

/* False: somebody wants it to end. */
static bool tell(tuner *t, size_t left, const char *result)
{
    t->progress.left = left;
    t->progress.result = result;
    t->progress.seconds = spent(t);
    if (t->options->progress && !t->options->progress(t->options->progress_ctx, &t->progress)) t->stopped = true;
    return !t->stopped;
}

static bool may_compile(void *ctx)
{
    tuner *t = ctx;
    return tell(t, t->at->count, NULL) && spent(t) < t->compile_until;
}

static bool may_race(void *ctx, const rt_race *race)
{
    tuner *t = ctx;
    size_t left = 0;
    for (size_t i = 0; i < race->count; i++) left += race->runners[i].fate == RT_RACE_LEFT || race->runners[i].fate == RT_RACE_UNTRIED;
    return tell(t, left, NULL);
}

static const char *label(const tuner *t)
{
    const tune_kernel *k = t->at;
    return ir_format(t->session->arena, "%s%s%s", k->name, *k->dims.text ? " at " : "", k->dims.text);
}

/* ---- keys ---- */

/* The value of those dims that the kernel mentions. */
static api_dims own_dims(const tuner *t, ir_module *m, const ir_op *fused, const api_dims *all)
{
    ir_arena *arena = t->session->arena;
    const char **names = IR_ARRAY(arena, const char *, MOST_DIMS);
    const int count = pass_region_dims(m, fused, names, MOST_DIMS);
    api_dims own = {0, names, IR_ARRAY(arena, int64_t, MOST_DIMS), ""};
    for (int i = 0; i < count; i++)
        for (size_t d = 0; d < all->count; d++)
            if (!strcmp(all->names[d], names[i])) {
                own.names[own.count] = all->names[d];
                own.text = ir_format(arena, "%s%s%s=%lld", own.text, own.count ? "," : "", all->names[d], (long long)all->values[d]);
                own.values[own.count++] = all->values[d];
            }
    return own;
}

static bool seen_before(tuner *t, const rt_record *key)
{
    ir_arena *arena = t->session->arena;
    const char *text = ir_format(arena, "%s %s %s %s", key->backend, key->region, key->facts, key->dims);
    for (const known_key *k = t->known; k; k = k->next)
        if (!strcmp(k->text, text)) return true;
    known_key *made = IR_NEW(arena, known_key);
    *made = (known_key){text, t->known};
    t->known = made;
    return false;
}

static bool is_complete(void *ctx, const rt_record *record)
{
    bool *complete = ctx;
    *complete = *complete || record->complete;
    return true;
}

static bool in_wisdom(tuner *t, const rt_record *key)
{
    bool complete = false;
    rt_error error;
    if (!t->file || t->options->again) return false;
    if (rt_wisdom_find(t->file, key, is_complete, &complete, &error)) api_wisdom_warn(t->session, "", &error);
    return complete;
}

/* ---- one race ---- */

/* All but the winner that were timed, quickest first. */
static const char *others_of(const tuner *t, const tune_result *r)
{
    ir_text out;
    bool told[RT_RACE_MOST] = {0};
    ir_text_init(&out, t->session->arena);
    told[r->best] = true;
    for (int n = 0; n < MOST_OTHERS; n++) {
        size_t next = RT_RACE_MOST;
        for (size_t i = 0; i < t->at->count; i++)
            if (!told[i] && r->runners[i].ns > 0 && (next == RT_RACE_MOST || r->runners[i].ns < r->runners[next].ns)) next = i;
        if (next == RT_RACE_MOST) break;
        told[next] = true;
        ir_text_add(&out, "%lld %s\n", (long long)r->runners[next].ns, t->at->candidates[next].plan);
    }
    return out.data;
}

static double best_dense(const tuner *t, const tune_result *r)
{
    double best = NAN;
    for (size_t i = 0; i < t->at->count; i++)
        if (t->at->candidates[i].dense) best = fmin(best, r->runners[i].ns); /* which prefers a number */
    return best;
}

static const char *now_text(ir_arena *arena)
{
    const time_t now = time(NULL);
    struct tm utc;
    char text[32];
    if (!gmtime_r(&now, &utc) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)) return "";
    return ir_strdup(arena, text);
}

static void keep(tuner *t, const tune_result *r)
{
    const tune_kernel *k = t->at;
    rt_record record = k->key;
    rt_error error;
    record.kernel = k->name;
    record.plan = k->candidates[r->best].plan;
    record.ns = r->runners[r->best].ns;
    record.first_ns = r->runners[0].ns;
    record.dense_ns = best_dense(t, r);
    record.others = others_of(t, r);
    record.complete = r->decided;
    record.date = now_text(t->session->arena);
    if (!t->file || !rt_wisdom_keep(t->file, &record, 1, &error)) return;
    api_wisdom_warn(t->session, "; what is found will be lost", &error);
    ir_release(t->session->arena, t->file);
    t->file = NULL;
}

static const char *result_text(const tuner *t, const tune_result *r)
{
    const tune_kernel *k = t->at;
    ir_arena *a = t->session->arena;
    if (!r->timed) return ir_format(a, "%s: no time left; the planner's plan stays", label(t));
    const double first = r->runners[0].ns, best = r->runners[r->best].ns, dense = best_dense(t, r);
    ir_text out;
    ir_text_init(&out, a);
    ir_text_add(&out, "%s: %s", label(t), bench_time_text(a, best));
    if (r->best && isfinite(first)) ir_text_add(&out, ", %d %% less than the planner's %s", (int)lround(100 * (1 - best / first)), bench_time_text(a, first));
    if (!r->best) ir_text_add(&out, ", the planner's own plan");
    if (isfinite(dense) && dense != best) ir_text_add(&out, "; dense %s", bench_time_text(a, dense));
    ir_text_add(&out, "; %s%s", k->candidates[r->best].plan, r->decided ? "" : " (time ran out)");
    return out.data;
}

static void introduce(tuner *t, tune_kernel *k)
{
    t->at = k;
    t->progress.kernel = k->name;
    t->progress.dims = k->dims.text;
    t->progress.candidates = k->count;
}

/* What is left of the budget is shared out evenly among the races that are left. Without one, a race may take long enough
 * to mean something on a busy machine. */
static tune_rules rules_of(tuner *t, double until)
{
    tune_rules rules = {t->exec, EACH_SECONDS, LEAST_ROUNDS, may_race, t};
    if (isinf(until)) return rules;
    rules.seconds = fmax(1e-6, until - spent(t));
    rules.least = 0;
    return rules;
}

static bool may_make_final(void *ctx)
{
    tuner *t = ctx;
    return tell(t, t->at->count, NULL) && seconds_left(t) > 0;
}

/* The best once more, next to what other code generators make of them. */
static spc_status race_final(tuner *t, tune_kernel *k, double until, tune_result *result)
{
    spc_status status = tune_make_final(k, result, may_make_final, t);
    if (status || t->stopped) return status;
    const tune_rules rules = rules_of(t, until);
    tune_result final;
    status = tune_race(k, &rules, &final);
    if (!status && final.timed) *result = final;
    return status;
}

static spc_status race(tuner *t, tune_kernel *k)
{
    tune_result result = {0};
    const double share = seconds_left(t) / (double)t->races_left, until = spent(t) + share;
    t->compile_until = spent(t) + share * COMPILING;
    introduce(t, k);
    spc_status status = tune_compile(k, may_compile, t);
    if (!status && !t->stopped && k->count > 1 && seconds_left(t) > 0) {
        const tune_rules rules = rules_of(t, until);
        status = tune_race(k, &rules, &result);
    }
    if (!status && !t->stopped && result.timed && tune_has_final(k) && seconds_left(t) > 0) status = race_final(t, k, until, &result);
    if (!status && result.timed) keep(t, &result);
    if (!status && !t->stopped) tell(t, 0, result_text(t, &result));
    tune_release(k);
    return status;
}

/* The kernel at these dims, where it has to be raced; NULL: it has not. */
static tune_kernel *make_kernel(tuner *t, api_program *base, const char *layer, int number, const ir_op *fused, const api_dims *dims)
{
    ir_arena *arena = t->session->arena;
    const pass_context context = {.target = &base->target, .weight = api_weight_matrix, .weight_ctx = t->session};
    const pass_region_key region = pass_region_key_of(base->module, &context, fused);
    tune_kernel *k = IR_NEW(arena, tune_kernel);
    *k = (tune_kernel){.session = t->session, .layer = layer, .number = number, .name = ir_format(arena, "%s.%d", layer, number),
                       .dims = own_dims(t, base->module, fused, dims), .key = api_wisdom_key(t->session, base)};
    k->key.region = region.region;
    k->key.facts = region.facts;
    k->key.dims = k->dims.text;
    if (seen_before(t, &k->key)) return NULL;
    tune_pick(k, base);
    if (!k->count) return NULL;
    if (!in_wisdom(t, &k->key)) return k;
    introduce(t, k);
    tell(t, 0, ir_format(arena, "%s: known", label(t)));
    return NULL;
}

/* ---- a layer ---- */

static void free_program(void *program) { api_program_free(program); }

/* The layer lowered as it would be without wisdom. It is kept while candidates are compiled, which drops all others. */
static spc_status lower(tuner *t, const char *layer, api_program **out)
{
    spc_session *s = t->session;
    const char *kept[] = {s->options[API_layer], s->options[API_weights]};
    const api_tuning tuning = {NULL, 0, NULL};
    api_need need = {0};
    s->options[API_layer] = layer;
    s->options[API_weights] = "embedded";
    s->tuning = &tuning;
    spc_status status = api_lower(s, &need, out);
    s->tuning = NULL;
    s->options[API_layer] = kept[0];
    s->options[API_weights] = kept[1];
    if (status) return status;
    api_program_disown(s, *out);
    ir_defer(s->arena, free_program, *out);
    return SPC_OK;
}

typedef struct layer_job {
    tuner *tuner;
    const char *layer, *dims;
} layer_job;

/* Kernels that stand in a queue for their race. */
typedef struct queue {
    tune_kernel **kernels;
    size_t count, capacity;
} queue;

static void enqueue(tuner *t, queue *q, tune_kernel *k)
{
    if (q->count == q->capacity) {
        q->capacity = 2 * q->capacity + 16;
        tune_kernel **grown = IR_ARRAY(t->session->arena, tune_kernel *, q->capacity);
        if (q->count) memcpy(grown, q->kernels, q->count * sizeof *grown);
        q->kernels = grown;
    }
    q->kernels[q->count++] = k;
}

/* Kernels whose plan the user gave are left alone. */
static void find_races(tuner *t, api_program *base, const layer_job *job, const api_choices *choices, queue *q)
{
    const ir_func *graph = ir_func_find(base->module, IR_GRAPH, job->layer);
    int number = 0;
    for (const ir_op *op = graph->body.first; op; op = op->next) {
        if (op->code != IR_OP_fused) continue;
        const ir_plan_line *line = ir_plan_find(base->plan, job->layer, number);
        const bool given = line && !strcmp(line->origin, "user");
        for (size_t i = 0; i < choices->all && !given && !t->stopped; i++) {
            const api_dims dims = api_choice(t->session, choices, i);
            tune_kernel *k = make_kernel(t, base, job->layer, number, op, &dims);
            if (k) enqueue(t, q, k);
        }
        number++;
    }
}

static spc_status tune_lowered(spc_session *s, api_program *base, void *object)
{
    const layer_job *job = object;
    tuner *t = job->tuner;
    api_face face;
    api_choices choices;
    queue q = {0};
    spc_status status = api_face_of(s, base->module, ir_func_find(base->module, IR_GRAPH, job->layer), &face);
    if (!status) status = api_choices_read(s, &face, job->dims, base->module, &choices);
    if (status || seconds_left(t) <= 0) return status;
    find_races(t, base, job, &choices, &q);
    t->progress.count = q.count;
    for (size_t i = 0; i < q.count && !status && !t->stopped; i++) {
        t->progress.number = i;
        t->races_left = q.count - i;
        status = race(t, q.kernels[i]);
    }
    return status;
}

static spc_status tune_layer(tuner *t, const char *layer, const char *dims)
{
    api_program *base;
    layer_job job = {t, layer, dims};
    spc_status status = lower(t, layer, &base);
    if (status) return status;
    status = api_program_guarded(t->session, base, tune_lowered, &job);
    ir_release(t->session->arena, base);
    return status;
}

/* ---- all of it ---- */

static void free_pool(void *pool) { spc_pool_free(pool); }

static spc_status make_pool(tuner *t)
{
    const int threads = api_threads(t->session);
    t->exec = (spc_exec){.size = sizeof(spc_exec), .threads = 1};
    if (threads == 1) return SPC_OK;
    spc_status status = spc_pool_new(threads, &t->pool);
    if (status) return api_fail(t->session, status, NULL, "cannot make a pool of %d threads", threads);
    ir_defer(t->session->arena, free_pool, t->pool);
    t->exec = spc_pool_exec(t->pool);
    return SPC_OK;
}

/* Names of the layers to tune, NULL behind the last. */
static spc_status find_layers(tuner *t, const char *layer, const char ***out)
{
    spc_session *s = t->session;
    api_program *program;
    spc_status status = api_program_peek(s, &program);
    if (status) return status;
    size_t count = 0;
    ir_text known;
    ir_text_init(&known, s->arena);
    for (const ir_func *f = program->module->funcs; f; f = f->next) ir_text_add(&known, "%s%s", count++ ? ", " : "", f->name);
    *out = IR_ARRAY(s->arena, const char *, count + 1);
    count = 0;
    for (const ir_func *f = program->module->funcs; f; f = f->next)
        if (!layer || !strcmp(layer, f->name)) (*out)[count++] = ir_strdup(s->arena, f->name);
    if (count || !layer) return SPC_OK;
    return api_fail(s, SPC_E_ARG, s->source->name, "there is no layer \"%s\"; the layers are %s", layer, known.data);
}

/* That every layer has its dims is seen before the first is tuned. */
static spc_status check_dims(spc_session *s, const char *const *layers, const char *dims)
{
    api_program *program;
    spc_status status = api_program_peek(s, &program);
    for (; *layers && !status; layers++) {
        api_face face;
        api_choices choices;
        status = api_face_of(s, program->module, ir_func_find(program->module, IR_GRAPH, *layers), &face);
        if (!status) status = api_choices_read(s, &face, dims, program->module, &choices);
    }
    return status;
}

static spc_status run(tuner *t, const char *layer, const char *dims)
{
    spc_session *s = t->session;
    const char **layers;
    spc_status status = api_code_generator(s) ? find_layers(t, layer, &layers) : SPC_E_UNSUPPORTED;
    if (!status) status = check_dims(s, layers, dims);
    if (!status) status = make_pool(t);
    if (status) return status;
    api_wisdom_open(s, api_path_option(s, API_wisdom), &t->file);
    for (; *layers && !status && !t->stopped; layers++) status = tune_layer(t, *layers, dims);
    if (t->file) ir_release(s->arena, t->file);
    if (t->pool) ir_release(s->arena, t->pool);
    return status;
}

RT_EXPORT spc_status spc_tune_with(spc_session *s, const char *layer, const char *dims, const spc_tune_options *options)
{
    API_GUARD(s);
    s->tuning = NULL; /* should memory have run out in the last call */
    if (!options || options->size < sizeof *options)
        return api_fail(s, SPC_E_ARG, NULL, "spc_tune_with needs options, with size set to sizeof(spc_tune_options)");
    if (!(options->seconds <= 1e9)) return api_fail(s, SPC_E_ARG, NULL, "spc_tune: the seconds are no time");
    tuner *t = IR_NEW(s->arena, tuner);
    *t = (tuner){.session = s, .options = options, .start = rt_clock_now()};
    t->progress.size = sizeof t->progress;
    return run(t, layer, dims);
}

RT_EXPORT spc_status spc_tune(spc_session *s, const char *layer, const char *dims, double seconds)
{
    const spc_tune_options options = {.size = sizeof options, .seconds = seconds};
    return spc_tune_with(s, layer, dims, &options);
}
