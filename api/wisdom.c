/* wisdom: see wisdom.h; and the functions of spc.h that show, hand on and clear a file of tuned plans. */
#include "api/wisdom.h"

#include "api/stage.h"
#include "ir/plan.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_IMPORT = 256 << 20 };

/* ---- keys ---- */

int api_threads(const spc_session *s)
{
    const int threads = atoi(api_option_value(s, API_threads)); /* checked when it was set */
    return threads ? threads : rt_cpu_caches().cores;
}

static const char *machine_text(ir_arena *arena, const ir_target *target)
{
    char cpu[256], features[2048], compiled[2048];
    const rt_caches caches = rt_cpu_caches();
    rt_cpu_identity(cpu, sizeof cpu);
    rt_features_print(rt_cpu_features(), features, sizeof features);
    rt_features_print(target->features, compiled, sizeof compiled);
    const bool same = !strcmp(features, compiled);
    return ir_format(arena, "%s; caches %lld %lld %lld; %s; for %s%s%s", cpu, (long long)caches.l1d, (long long)caches.l2,
                     (long long)caches.l3, features, target->name, same ? "" : " with ", same ? "" : compiled);
}

rt_record api_wisdom_key(const spc_session *s, const api_program *program)
{
    const char *name = api_option_value(s, API_backend);
    const be_backend *backend = be_find(name);
    return (rt_record){.machine = machine_text(program->arena, &program->target), .version = spc_version(),
                       .backend = backend ? backend->name : name ? name : "interp", .threads = api_threads(s)};
}

/* ---- looking up ---- */

void api_wisdom_warn(spc_session *s, const char *what, const rt_error *e)
{
    ir_report_data(s->diags, IR_WARNING, "wisdom", "%s%s", e->text, what);
}

static void close_file(void *file) { rt_wisdom_close(file); }

static void open_to_read(api_wisdom *w)
{
    rt_error note;
    const char *path = api_path_option(w->session, API_wisdom);
    w->tried = true;
    if (!path) return;
    if (rt_wisdom_open(path, false, &w->file, &note)) api_wisdom_warn(w->session, "; compiling without it", &note);
    if (w->file) ir_defer(w->program->arena, close_file, w->file);
}

void api_wisdom_close(api_wisdom *w)
{
    if (w->file) ir_release(w->program->arena, w->file);
    w->file = NULL;
}

typedef struct answer {
    ir_arena *arena;
    const pass_tuned *first, **tail;
} answer;

static bool add_answer(void *ctx, const rt_record *record)
{
    answer *a = ctx;
    pass_tuned *made = IR_NEW(a->arena, pass_tuned);
    *made = (pass_tuned){ir_strdup(a->arena, record->dims), ir_strdup(a->arena, record->plan), NULL};
    *a->tail = made;
    a->tail = &made->next;
    return true;
}

/* The facts nearest to a weight without data: of the same kernel, of a density that is nearest to what it is planned with,
 * and without what few weights have, on which their plans may rest. */
typedef struct nearest {
    ir_arena *arena;
    double density, distance;
    const char *facts; /* NULL: none yet */
} nearest;

static bool take_nearer(void *ctx, const rt_record *record)
{
    nearest *n = ctx;
    char *end;
    static const char start[] = "density ";
    if (strncmp(record->facts, start, strlen(start)) || strstr(record->facts, PASS_FACTS_RARE)) return true;
    const double density = strtod(record->facts + strlen(start), &end), distance = fabs(log(density / n->density));
    if (!(density > 0) || !isfinite(distance)) return true;
    if (n->facts && (distance > n->distance || (distance == n->distance && strcmp(record->facts, n->facts) >= 0))) return true;
    n->distance = distance;
    n->facts = ir_strdup(n->arena, record->facts);
    return true;
}

/* Calls with the records of the region; where its weight has no data, and no such kernel was measured, with those of the
 * nearest weight that was. */
static spc_status find(api_wisdom *w, const pass_region_key *region, rt_record_fn *call, void *ctx, rt_error *error)
{
    nearest n = {.arena = w->program->arena, .density = region->density};
    w->key.region = region->region;
    w->key.facts = *region->facts ? region->facts : NULL;
    spc_status status = *region->facts ? SPC_OK : rt_wisdom_find(w->file, &w->key, take_nearer, &n, error);
    if (status) return status;
    w->key.facts = *region->facts || !n.facts ? region->facts : n.facts;
    return rt_wisdom_find(w->file, &w->key, call, ctx, error);
}

const pass_tuned *api_wisdom_look_up(void *wisdom, const pass_region_key *region)
{
    api_wisdom *w = wisdom;
    rt_error error;
    if (!w->tried) open_to_read(w);
    if (!w->file) return NULL;
    answer a = {.arena = w->program->arena};
    a.tail = &a.first;
    if (!find(w, region, add_answer, &a, &error)) return a.first;
    api_wisdom_warn(w->session, "; compiling without it", &error);
    api_wisdom_close(w);
    return NULL;
}

void api_wisdom_each(spc_session *s, api_program *program, const ir_op *fused, rt_record_fn *call, void *ctx)
{
    const pass_context context = {.target = &program->target, .weight = api_weight_matrix, .weight_ctx = s};
    const pass_region_key region = pass_region_key_of(program->module, &context, fused);
    api_wisdom w = {.session = s, .program = program, .key = api_wisdom_key(s, program)};
    rt_error error;
    open_to_read(&w);
    if (w.file && find(&w, &region, call, ctx, &error)) api_wisdom_warn(s, "", &error);
    api_wisdom_close(&w);
}

/* ---- writing ---- */

void api_wisdom_open(spc_session *s, const char *path, rt_wisdom **out)
{
    rt_error note;
    *out = NULL;
    if (!path) ir_report_data(s->diags, IR_WARNING, "wisdom", "no file is named, so what is found will be lost");
    else if (rt_wisdom_open(path, true, out, &note)) api_wisdom_warn(s, "; what is found will be lost", &note);
    else if (*note.text) api_wisdom_warn(s, "", &note);
    if (*out) ir_defer(s->arena, close_file, *out);
}

const char *api_wisdom_refuses(spc_session *s, const char *plan)
{
    ir_plan_terms terms;
    return ir_plan_read_terms(plan, s->arena, &terms);
}

/* ---- for people, and for other machines ---- */

/* What a file says may hold anything; a terminal gets printable characters. */
static const char *printable(ir_arena *arena, const char *text)
{
    char *copy = ir_strdup(arena, text);
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f) *c = '?';
    return copy;
}

static const char *micros(ir_arena *arena, double ns)
{
    if (!isfinite(ns)) return "-";
    char *text = ir_format(arena, ns < 1e4 ? "%.2f" : "%.1f", ns / 1000);
    for (char *c = text; *c; c++)
        if (*c == ',') *c = '.';
    return text;
}

typedef struct lister {
    ir_text out;
    const char *machine;
    size_t count;
} lister;

static bool list_record(void *ctx, const rt_record *r)
{
    lister *l = ctx;
    ir_arena *a = l->out.arena;
    if (!l->machine || strcmp(l->machine, r->machine)) {
        l->machine = ir_strdup(a, r->machine);
        ir_text_add(&l->out, "%smachine %s\n  %10s %10s %10s  %-24s %7s %-8s %-8s %-20s %s\n", l->count ? "\n" : "", printable(a, r->machine),
                    "us", "first", "dense", "kernel", "threads", "backend", "spc", "date", "plan");
    }
    l->count++;
    const char *kernel = *r->dims ? ir_format(a, "%s at %s", r->kernel, r->dims) : r->kernel;
    ir_text_add(&l->out, "  %10s %10s %10s  %-24s %7lld %-8s %-8s %-20s %s%s\n", micros(a, r->ns), micros(a, r->first_ns), micros(a, r->dense_ns),
                printable(a, kernel), (long long)r->threads, printable(a, r->backend), printable(a, r->version), printable(a, r->date),
                printable(a, r->plan), r->complete ? "" : " (time ran out)");
    return true;
}

typedef spc_status work(spc_session *, rt_wisdom *, void *ctx);

/* *file NULL: there is none, which is an empty one. */
static spc_status with_file(spc_session *s, bool write, work *call, void *ctx)
{
    rt_wisdom *file = NULL;
    rt_error note;
    const char *path = api_path_option(s, API_wisdom);
    if (!path) return api_fail(s, SPC_E_ARG, "option wisdom", "no file is named");
    spc_status status = rt_wisdom_open(path, write, &file, &note);
    if (status) return api_fail(s, status, "wisdom", "%s", note.text);
    if (*note.text) api_wisdom_warn(s, "", &note);
    if (file) ir_defer(s->arena, close_file, file);
    status = call(s, file, ctx);
    if (file) ir_release(s->arena, file);
    return status;
}

static spc_status walk(spc_session *s, rt_wisdom *file, rt_record_fn *call, void *ctx)
{
    rt_error error = {0};
    if (!file || !rt_wisdom_all(file, call, ctx, &error)) return SPC_OK;
    return api_fail(s, error.status, "wisdom", "%s", error.text);
}

static spc_status list(spc_session *s, rt_wisdom *file, void *ctx) { return walk(s, file, list_record, ctx); }

RT_EXPORT const char *spc_wisdom_list(spc_session *s)
{
    if (!s) return NULL;
    if (setjmp(*ir_guard(s->arena))) {
        api_out_of_memory(s);
        return NULL;
    }
    lister *l = IR_NEW(s->arena, lister);
    ir_text_init(&l->out, s->arena);
    if (with_file(s, false, list, l)) return NULL;
    if (!l->count) ir_text_add(&l->out, "no plans\n");
    return l->out.data;
}

static void free_writer(void *writer) { rt_wisdom_writer_free(writer); }

static spc_status export(spc_session *s, rt_wisdom *file, void *path)
{
    rt_wisdom_writer *writer = rt_wisdom_writer_new();
    if (!writer) return api_out_of_memory(s);
    ir_defer(s->arena, free_writer, writer);
    spc_status status = walk(s, file, rt_wisdom_write, writer);
    char *text = status ? NULL : rt_wisdom_written(writer);
    ir_release(s->arena, writer);
    if (status) return status;
    if (!text) return api_out_of_memory(s);
    ir_defer(s->arena, free, text);
    api_stage *stage = api_stage_new(s);
    status = api_stage_write(stage, path, text, strlen(text));
    if (!status) status = api_stage_commit(stage);
    api_stage_drop(stage);
    ir_release(s->arena, text);
    return status;
}

RT_EXPORT spc_status spc_wisdom_export(spc_session *s, const char *path)
{
    API_GUARD(s);
    if (!path) return api_fail(s, SPC_E_ARG, NULL, "spc_wisdom_export needs a path");
    return with_file(s, false, export, (void *)path);
}

/* ---- import ---- */

typedef struct importer {
    spc_session *session;
    const char *path;
    rt_record *records;
    size_t count, capacity;
    spc_status status;
} importer;

static bool take_record(void *ctx, const rt_record *record)
{
    importer *im = ctx;
    ir_arena *a = im->session->arena;
    const char *why = api_wisdom_refuses(im->session, record->plan);
    if (why) {
        im->status = api_fail(im->session, SPC_E_PROGRAM, im->path, "plan %zu, of kernel %s: %s", im->count, printable(a, record->kernel), why);
        return false;
    }
    if (im->count == im->capacity) {
        im->capacity = 2 * im->capacity + 64;
        rt_record *grown = IR_ARRAY(a, rt_record, im->capacity);
        if (im->count) memcpy(grown, im->records, im->count * sizeof *grown);
        im->records = grown;
    }
    rt_record *made = &im->records[im->count++];
    *made = *record;
    for (int i = 0; rt_field_at(i); i++)
        if (rt_field_at(i)->kind == RT_FIELD_text) {
            rt_wisdom_text *text = (rt_wisdom_text *)((char *)made + rt_field_at(i)->offset);
            *text = ir_strdup(a, *text);
        }
    return true;
}

static spc_status keep_all(spc_session *s, rt_wisdom *file, void *ctx)
{
    const importer *im = ctx;
    rt_error error;
    spc_status status = rt_wisdom_keep(file, im->records, im->count, &error);
    return status ? api_fail(s, status, "wisdom", "%s", error.text) : SPC_OK;
}

static spc_status import(spc_session *s, const char *path, size_t *count)
{
    importer *im = IR_NEW(s->arena, importer);
    ir_source source;
    rt_error error;
    *im = (importer){.session = s, .path = path};
    spc_status status = api_read_file(s, path, &source);
    if (status) return status;
    status = rt_wisdom_read(source.text, source.len, take_record, im, &error);
    if (status) return api_fail(s, status, path, "%s", error.text);
    if (!im->status) im->status = with_file(s, true, keep_all, im);
    if (count) *count = im->count;
    return im->status;
}

RT_EXPORT spc_status spc_wisdom_import(spc_session *s, const char *path, size_t *count)
{
    API_GUARD(s);
    if (count) *count = 0;
    return path ? import(s, path, count) : api_fail(s, SPC_E_ARG, NULL, "spc_wisdom_import needs a path");
}

static spc_status clear(spc_session *s, rt_wisdom *file, void *count)
{
    rt_error error;
    spc_status status = rt_wisdom_clear(file, count, &error);
    return status ? api_fail(s, status, "wisdom", "%s", error.text) : SPC_OK;
}

RT_EXPORT spc_status spc_wisdom_clear(spc_session *s, size_t *count)
{
    API_GUARD(s);
    int64_t all = 0;
    spc_status status = with_file(s, true, clear, &all);
    if (count) *count = (size_t)all;
    return status;
}
