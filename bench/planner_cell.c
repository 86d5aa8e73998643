/* planner_cell: see planner_cell.h. The planner is asked for its candidates directly; they are then compiled and run by
 * the public interface, as a user's plan would be. */
#include "planner_cell.h"

#include "frontend/frontend.h"
#include "passes/planner/planner.h"

#include <inttypes.h>
#include <spc/spc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_PLANS = 320, RACE_ROUNDS = 7, DUEL_ROUNDS = 11 };
static const double SAMPLE_SECONDS = 1e-4, GIVE_UP = 1.6;

typedef struct entrant {
    spc_module *module;
    char *plan; /* terms; NULL: what spc chooses */
    bool dense; /* option dense */
} entrant;

/* Those of one number of columns. */
typedef struct field {
    size_t count;
    int entrant[PLANNER_MAX_CANDIDATES];
    planner_candidate candidate[PLANNER_MAX_CANDIDATES];
} field;

typedef struct bench_plans {
    entrant at[MAX_PLANS]; /* 0: chosen, 1: dense */
    int count;
    field fields[BENCH_MAX_SIZES];
} bench_plans;

static void write_program(const bench_unit *u, char *text, size_t size)
{
    char body[200];
    if (u->linear)
        snprintf(body, sizeof body, "x: f32[n, %" PRId64 "]) -> y: f32[n, %" PRId64 "] { y = linear(x, w);", u->cols, u->rows);
    else
        snprintf(body, sizeof body, "x: f32[%" PRId64 ", n]) -> y: f32[%" PRId64 ", n] { y = matmul(w, x);", u->cols, u->rows);
    snprintf(text, size, "dim n; weight w: f32[%" PRId64 ", %" PRId64 "] sparse %s; layer f(%s }", u->rows, u->cols,
             u->pattern, body);
}

/* ---- candidates ---- */

static const rt_matrix *find_matrix(void *ctx, const char *name)
{
    (void)name;
    return ctx;
}

static int find_plan(bench_plans *p, const char *text)
{
    for (int i = 0; i < p->count; i++)
        if (p->at[i].plan && strcmp(p->at[i].plan, text) == 0)
            return i;
    if (p->count == MAX_PLANS)
        return -1;
    p->at[p->count] = (entrant){.plan = strdup(text)};
    return p->count++;
}

/* What the cost of each plan depends on besides the columns, for fitting the model's constants. */
static void describe(const bench_unit *u, ir_module *m, const pass_context *context)
{
    static planner_kernel list[PLANNER_MAX_CANDIDATES];
    lw_region region;
    planner_facts facts;
    lw_region_of(m, m->funcs->body.last->prev, &region);
    planner_facts_of(m, context, &region, &facts);
    const size_t count = planner_enumerate(&facts, NULL, list, PLANNER_MAX_CANDIDATES);
    for (size_t i = 0; i < count; i++) {
        const planner_kernel *k = &list[i];
        const planner_population *p = &k->population;
        fprintf(u->describe, "{\"unit\":\"%s\",\"plan\":\"%s\",\"family\":\"%s\",\"group\":%d,\"ktile\":%" PRId64
                ",\"ktiles\":%" PRId64 ",\"sorted\":%d,\"stored\":%.1f,\"columns\":%.1f,\"coordinates\":%.1f,\"narrow\":%.1f,"
                "\"runs\":%.1f,\"steps\":%.1f,\"counted\":%d,\"values\":%.1f,\"metadata\":%.1f}\n",
                u->name, ir_plan_print_terms(&k->terms, m->arena), k->family, k->group, k->ktile, k->ktiles, k->sorted,
                p->stored, p->columns, p->coordinates, p->narrow, p->runs, p->steps, p->counted, p->value_bytes, p->metadata_bytes);
    }
}

static void rank(bench_unit *u, ir_module *m, const pass_context *context)
{
    static planner_candidate list[PLANNER_MAX_CANDIDATES];
    for (int s = 0; s < u->sizes; s++) {
        field *f = &u->plans->fields[s];
        const planner_question question = {m, context, m->funcs, 0, u->n[s]};
        const size_t count = planner_rank(&question, list, PLANNER_MAX_CANDIDATES);
        for (size_t i = 0; i < count; i++) {
            const int at = find_plan(u->plans, ir_plan_print_terms(&list[i].terms, m->arena));
            if (at < 0)
                continue;
            f->entrant[f->count] = at;
            f->candidate[f->count++] = list[i];
        }
    }
}

static bool enumerate(bench_unit *u)
{
    char text[400];
    rt_matrix matrix = {.dtype = SPC_F32, .rows = u->rows, .cols = u->cols, .dense = u->w};
    rt_error error;
    ir_target target;
    ir_arena *arena = ir_arena_new((size_t)1 << 30);
    if (!arena || setjmp(*ir_guard(arena)))
        return false;
    ir_module *m = ir_module_new(arena, ir_diags_new(arena));
    write_program(u, text, sizeof text);
    const ir_source source = {u->name, text, strlen(text)};
    pass_context context = {.target = &target, .plan = ir_plan_new(arena), .weight = find_matrix, .weight_ctx = &matrix};
    bool good = ir_target_find("native", &target, &error) && !fe_compile(m, &source);
    for (int i = 0; good && strcmp(pass_at(i)->name, "plan"); i++)
        good = !pass_at(i)->run(m, &context);
    if (good && u->describe)
        describe(u, m, &context);
    else if (good)
        rank(u, m, &context);
    else
        fprintf(stderr, "%s\n%s", text, ir_diags_text(m->diags));
    ir_arena_free(arena);
    return good;
}

/* ---- compiling ---- */

static bool compile(const bench_unit *u, entrant *e)
{
    char text[400], plan[300];
    spc_session *s = NULL;
    const spc_tensor w = {u->w, SPC_F32, 2, {u->rows, u->cols}};
    write_program(u, text, sizeof text);
    snprintf(plan, sizeof plan, "@*.* %s", e->plan ? e->plan : "");
    spc_status status = spc_session_new(&s);
    status = status ? status : u->cache ? spc_set(s, "cache", u->cache) : SPC_OK;
    status = status ? status : e->plan ? spc_set(s, "plan", plan) : SPC_OK;
    status = status ? status : e->dense ? spc_set(s, "dense", "yes") : SPC_OK;
    status = status ? status : spc_load(s, u->name, text, strlen(text));
    status = status ? status : spc_bind(s, "w", &w);
    status = status ? status : spc_jit(s, &e->module);
    if (status)
        fprintf(stderr, "%s: %s\n%s\n", u->name, plan, s ? spc_messages(s) : spc_status_text(status));
    spc_session_free(s);
    return !status;
}

bool bench_unit_prepare(bench_unit *u)
{
    u->plans = calloc(1, sizeof *u->plans);
    if (!u->plans)
        return false;
    u->plans->at[1].dense = true;
    u->plans->count = 2;
    bool good = enumerate(u);
    if (u->describe)
        return good;
    for (int i = 0; good && i < u->plans->count; i++)
        good = compile(u, &u->plans->at[i]);
    return good;
}

void bench_unit_free(bench_unit *u)
{
    for (int i = 0; u->plans && i < u->plans->count; i++) {
        spc_module_free(u->plans->at[i].module);
        free(u->plans->at[i].plan);
    }
    free(u->plans);
    free(u->w);
    u->plans = NULL;
    u->w = NULL;
}

/* ---- racing ---- */

typedef struct race {
    spc_tensor in, out;
    spc_exec exec;
    spc_status status;
} race;

typedef struct lane {
    const spc_module *module;
    int calls, count; /* of a sample; samples */
    double times[RACE_ROUNDS + DUEL_ROUNDS], median;
} lane;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The first call is not counted: others have had the caches meanwhile. */
static double sample(race *r, const lane *l, int calls)
{
    spc_run(l->module, "f", &r->in, 1, &r->out, 1, &r->exec);
    const double start = now();
    for (int i = 0; i < calls; i++) {
        const spc_status status = spc_run(l->module, "f", &r->in, 1, &r->out, 1, &r->exec);
        r->status = status ? status : r->status;
    }
    return (now() - start) / calls;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, int count)
{
    double sorted[RACE_ROUNDS + DUEL_ROUNDS];
    memcpy(sorted, values, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, by_value);
    return sorted[count / 2];
}

static void one_round(race *r, lane *lanes, int count, double limit)
{
    for (int i = 0; i < count; i++) {
        lane *l = &lanes[i];
        if (l->count >= 2 && l->median > limit)
            continue;
        l->times[l->count++] = sample(r, l, l->calls);
        l->median = median(l->times, l->count);
    }
}

/* All take turns; after two rounds those that are far behind are dropped. */
static void race_all(race *r, lane *lanes, int count)
{
    for (int i = 0; i < count; i++) {
        const double once = sample(r, &lanes[i], 1);
        lanes[i].calls = once >= SAMPLE_SECONDS ? 1 : (int)(SAMPLE_SECONDS / once) + 1;
    }
    for (int round = 0; round < RACE_ROUNDS; round++) {
        double best = lanes[0].median;
        for (int i = 1; i < count; i++)
            best = lanes[i].median < best ? lanes[i].median : best;
        one_round(r, lanes, count, GIVE_UP * best);
    }
}

/* Dense over chosen, round by round: median and the bounds of its 95 % interval (11 rounds: the 2nd and 10th). */
static void duel(race *r, lane *lanes, double ratio[3])
{
    double ratios[DUEL_ROUNDS];
    for (int round = 0; round < DUEL_ROUNDS; round++) {
        const double chosen = sample(r, &lanes[0], lanes[0].calls), dense = sample(r, &lanes[1], lanes[1].calls);
        ratios[round] = dense / chosen;
    }
    qsort(ratios, DUEL_ROUNDS, sizeof *ratios, by_value);
    ratio[0] = ratios[1];
    ratio[1] = ratios[DUEL_ROUNDS / 2];
    ratio[2] = ratios[DUEL_ROUNDS - 2];
}

static void write_line(const bench_unit *u, int s, const lane *lanes, const double ratio[3], FILE *out)
{
    const field *f = &u->plans->fields[s];
    fprintf(out, "{\"unit\":\"%s\",\"n\":%" PRId64 ",\"chosen\":%.1f,\"dense\":%.1f,\"dense_over_chosen\":[%.4f,%.4f,%.4f],"
            "\"candidates\":[", u->name, u->n[s], lanes[0].median * 1e9, lanes[1].median * 1e9, ratio[0], ratio[1], ratio[2]);
    for (size_t i = 0; i < f->count; i++) {
        const planner_candidate *c = &f->candidate[i];
        fprintf(out, "%s{\"plan\":\"%s\",\"family\":\"%s\",\"dense\":%d,\"measured\":%.1f,\"predicted\":%.1f,\"resources\":[",
                i ? "," : "", u->plans->at[f->entrant[i]].plan, c->family, c->dense, lanes[i + 2].median * 1e9, c->predicted_ns);
        for (int r = 0; r < PLANNER_RESOURCES; r++)
            fprintf(out, "%s%.1f", r ? "," : "", c->ns[r]);
        fprintf(out, "]}");
    }
    fprintf(out, "]}\n");
    fflush(out);
}

static float *floats(int64_t count)
{
    float *data = aligned_alloc(64, (size_t)(count * 4 + 127) / 64 * 64);
    for (int64_t i = 0; data && i < count; i++)
        data[i] = (float)(i % 17) / 8 - 1;
    return data;
}

static spc_tensor tensor(const bench_unit *u, float *data, int64_t features, int64_t n)
{
    spc_tensor t = {data, SPC_F32, 2, {features, n}};
    if (u->linear) {
        t.dims[0] = n;
        t.dims[1] = features;
    }
    return t;
}

static bool measure(bench_unit *u, int s, FILE *out)
{
    static lane lanes[PLANNER_MAX_CANDIDATES + 2];
    const field *f = &u->plans->fields[s];
    const int count = (int)f->count + 2;
    race r = {.exec.size = sizeof(spc_exec)};
    float *x = floats(u->cols * u->n[s]), *y = floats(u->rows * u->n[s]);
    double ratio[3];
    r.in = tensor(u, x, u->cols, u->n[s]);
    r.out = tensor(u, y, u->rows, u->n[s]);
    memset(lanes, 0, sizeof lanes);
    for (int i = 0; i < count; i++) {
        size_t bytes = 0;
        lanes[i].module = u->plans->at[i < 2 ? i : f->entrant[i - 2]].module;
        spc_scratch_bytes(lanes[i].module, "f", &r.in, 1, 1, &bytes);
        r.exec.scratch_bytes = bytes > r.exec.scratch_bytes ? bytes : r.exec.scratch_bytes;
    }
    r.exec.scratch = aligned_alloc(64, (r.exec.scratch_bytes + 127) / 64 * 64);
    bool good = x && y && r.exec.scratch;
    if (good) {
        race_all(&r, lanes, count);
        duel(&r, lanes, ratio);
        write_line(u, s, lanes, ratio, out);
    }
    free(x);
    free(y);
    free(r.exec.scratch);
    return good && !r.status;
}

bool bench_unit_measure(bench_unit *u, FILE *out)
{
    bool good = true;
    for (int s = 0; s < u->sizes; s++)
        good &= measure(u, s, out);
    return good;
}
