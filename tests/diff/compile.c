/* compile: a program to the two modules, the weights object and the machine code that are compared. */
#include "tests/diff/diff.h"
#include "frontend/frontend.h"
#include "ir/plan.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const rt_matrix *find_matrix(void *ctx, const char *weight)
{
    const diff_program *p = ctx;
    for (int i = 0; i < p->weight_count; i++)
        if (!strcmp(p->weights[i].name, weight)) return &p->weights[i].matrix;
    return NULL;
}

/* Of the program, or made of those by a pass. */
static const rt_matrix *find_any(void *ctx, const char *weight)
{
    const diff_unit *u = ctx;
    for (const diff_derived *d = u->derived; d; d = d->next)
        if (!strcmp(d->name, weight)) return &d->matrix;
    return find_matrix((void *)u->program, weight);
}

static spc_status derive(void *ctx, const ir_module *m, const ir_func *constant)
{
    diff_unit *u = ctx;
    rt_error error = {0};
    diff_derived *made = calloc(1, sizeof *made);
    diff_need(made, "memory");
    *made = (diff_derived){constant->name, {0}, u->derived};
    u->derived = made;
    const spc_status status = interp_constant(m, constant, find_any, u, &made->matrix, &error);
    if (status) ir_report(m->diags, IR_ERROR, constant->loc, "%s", error.text);
    return status;
}

static diff_outcome broken(diff_unit *u, const char *where, const char *text)
{
    snprintf(u->message, sizeof u->message, "%s: %s", where, text);
    return DIFF_BROKEN;
}

/* A module of the program's text in an arena of its own. NULL with the message where the front end finds fault. */
static ir_module *load(diff_unit *u, int which)
{
    ir_arena *arena = u->arenas[which];
    ir_module *m = ir_module_new(arena, ir_diags_new(arena));
    ir_source *source = IR_NEW(arena, ir_source);
    *source = (ir_source){"program.sdl", u->program->sdl, strlen(u->program->sdl)};
    if (!fe_compile(m, source)) return m;
    broken(u, "front end", ir_diags_text(m->diags));
    return NULL;
}

/* ---- passes ---- */

static diff_outcome run_passes(diff_unit *u, const ir_target *target)
{
    ir_arena *arena = u->arenas[1];
    ir_source *source = IR_NEW(arena, ir_source);
    *source = (ir_source){"plan", u->program->plan, strlen(u->program->plan)};
    pass_context context = {.target = target, .plan = ir_plan_new(arena), .weight = find_any, .weight_ctx = u,
                            .derive = derive, .derive_ctx = u};
    if (ir_plan_parse(context.plan, u->module->diags, source)) return broken(u, "plan", ir_diags_text(u->module->diags));
    const spc_status status = pass_run_all(u->module, &context);
    if (!status) return DIFF_OK;
    broken(u, "passes", ir_diags_text(u->module->diags));
    return status == SPC_E_PROGRAM && ir_error_count(u->module->diags) > 0 ? DIFF_REFUSED : DIFF_BROKEN;
}

/* What the passes made reads back as it was printed. */
static diff_outcome check_text(diff_unit *u)
{
    ir_arena *arena = u->arenas[1];
    const char *text = ir_print_module(u->module, arena);
    ir_module *again = ir_module_new(arena, ir_diags_new(arena));
    ir_source *source = IR_NEW(arena, ir_source);
    *source = (ir_source){"printed", text, strlen(text)};
    if (ir_parse(again, source)) return broken(u, "parsing what was printed", ir_diags_text(again->diags));
    return strcmp(ir_print_module(again, arena), text) ? broken(u, "print and parse", "the text differs") : DIFF_OK;
}

/* ---- weights and machine code ---- */

/* A plan may ask for N:M where the data are not: packing refuses that, naming the row. */
static diff_outcome lay_out(diff_unit *u)
{
    rt_error error = {0};
    const spc_status status = ir_layout_data(u->module, find_any, u, &u->layout, &error);
    if (status) broken(u, "layout", error.text);
    if (status) return status == SPC_E_PROGRAM && strstr(u->program->plan, "store=nm") ? DIFF_REFUSED : DIFF_BROKEN;
    u->weights = diff_pages_new((size_t)u->layout.bytes);
    ir_layout_write(&u->layout, u->weights->data);
    return DIFF_OK;
}

static spc_status emit(diff_unit *u, const be_backend *backend, const ir_target *target, be_blob *blob, rt_error *error)
{
    size_t count = 0, at = 0;
    for (const ir_func *f = u->module->funcs; f; f = f->next) count += f->form == IR_KERNEL || f->form == IR_ENTRY;
    const ir_func **funcs = IR_ARRAY(u->arenas[1], const ir_func *, count + 1);
    for (const ir_func *f = u->module->funcs; f; f = f->next)
        if (f->form == IR_KERNEL || f->form == IR_ENTRY) funcs[at++] = f;
    const be_options options = {target, "", false, SPC_GCCJIT_HELPER};
    return backend->emit(u->module, funcs, count, &options, BE_OBJECT, blob, error);
}

static diff_outcome make_code(diff_unit *u, const ir_target *target)
{
    if (target->features & ~rt_cpu_features()) return DIFF_OK;
    for (int i = 0; i < DIFF_MAX_BACKENDS && be_at(i); i++) {
        const be_backend *backend = be_at(i);
        rt_error error = {0};
        be_blob blob = {0};
        if (!u->program->all_backends && strcmp(backend->name, "llvm")) continue;
        spc_status status = emit(u, backend, target, &blob, &error);
        if (!status) status = backend->load(&blob, 1, u->weights->data, &u->images[i], &error);
        free(blob.data);
        if (status) return broken(u, backend->name, error.text);
    }
    return DIFF_OK;
}

static diff_outcome compile(diff_unit *u)
{
    ir_target target;
    rt_error error = {0};
    if (!ir_target_find(u->program->cpu, &target, &error)) return broken(u, "cpu", error.text);
    u->reference = load(u, 0);
    u->module = u->reference ? load(u, 1) : NULL;
    if (!u->module) return DIFF_BROKEN;
    diff_outcome outcome = run_passes(u, &target);
    if (!outcome) outcome = lay_out(u);
    if (!outcome) outcome = check_text(u);
    return outcome ? outcome : make_code(u, &target);
}

diff_outcome diff_compile(const diff_program *program, diff_unit *out)
{
    *out = (diff_unit){.program = program};
    for (int i = 0; i < 2; i++) {
        out->arenas[i] = ir_arena_new((size_t)1 << 31);
        if (!out->arenas[i]) return broken(out, "arena", "no memory");
        if (setjmp(*ir_guard(out->arenas[i]))) return broken(out, "arena", "out of memory");
    }
    return compile(out);
}

void diff_unit_free(diff_unit *u)
{
    for (int i = 0; i < DIFF_MAX_BACKENDS; i++)
        if (u->images[i]) be_at(i)->unload(u->images[i]);
    diff_pages_free(u->weights);
    ir_layout_free(&u->layout);
    for (diff_derived *at = u->derived, *next; at; at = next) {
        next = at->next;
        free((void *)at->matrix.dense);
        free(at);
    }
    for (int i = 0; i < 2; i++) ir_arena_free(u->arenas[i]);
}

/* ---- weights as a program declares them ---- */

/* The first part of a declared pattern, with a density of its own. */
static diff_pattern pattern_of(const ir_op *weight, diff_random *random)
{
    static const diff_kind kinds[] = {
        [RT_DENSE] = DIFF_FULL, [RT_UNSTRUCTURED] = DIFF_SCATTERED, [RT_NM] = DIFF_NM_LESS, [RT_BLOCK] = DIFF_BLOCK,
        [RT_ROWS] = DIFF_ROWS, [RT_COLUMNS] = DIFF_COLUMNS, [RT_BAND] = DIFF_BAND,
    };
    static const double densities[] = {0, 0.03, 0.1, 0.3, 0.5, 0.8, 1};
    const double density = densities[diff_below(random, 7)];
    rt_pattern p;
    if (!rt_pattern_parse(ir_get_str(weight, "pattern", "dense"), &p, NULL) || p.count == 0)
        return (diff_pattern){"", DIFF_FULL, 0, 0, 1};
    return (diff_pattern){"", kinds[p.part[0].kind], p.part[0].a, p.part[0].b, density};
}

static bool has_weight(const diff_program *p, const char *name)
{
    for (int i = 0; i < p->weight_count; i++)
        if (!strcmp(p->weights[i].name, name)) return true;
    return false;
}

/* As rt_weights_find gives it: [d0, the rest], or 1 x n. */
static void make_declared(diff_program *p, const ir_op *op, diff_random *random)
{
    int64_t extents[2] = {1, 1};
    const diff_pattern pattern = pattern_of(op, random);
    for (int i = 0; i < op->type->rank; i++) {
        int64_t extent = 0;
        ir_extent_is_const(op->type->dims[i], &extent);
        extents[op->type->rank > 1 && i == 0 ? 0 : 1] *= extent;
    }
    diff_weight_make(&p->weights[p->weight_count++], op->name, (spc_dtype)op->type->dtype, extents[0], extents[1], &pattern,
                     op->type->rank == 2 && diff_below(random, 2), random);
}

bool diff_program_weights(diff_program *p, diff_random *random)
{
    ir_arena *arena = ir_arena_new(0);
    diff_unit unit = {.program = p, .arenas = {arena, NULL}};
    if (setjmp(*ir_guard(arena))) return false;
    ir_module *m = load(&unit, 0);
    for (const ir_func *f = m ? m->funcs : NULL; f; f = f->next)
        for (const ir_op *op = f->body.first; op; op = op->next)
            if (op->code == IR_OP_weight && !has_weight(p, op->name) && p->weight_count < DIFF_MAX_WEIGHTS)
                make_declared(p, op, random);
    if (!m) printf("%s\n%s", unit.message, p->sdl);
    ir_arena_free(arena);
    return m != NULL;
}

void diff_program_free(diff_program *p)
{
    for (int i = 0; i < p->weight_count; i++) diff_weight_free(&p->weights[i]);
}

/* ---- reports ---- */

/* What a crash is about. A static, because a signal handler has nothing else. */
static const diff_case *volatile crashing;

static void write_text(const char *text)
{
    const ssize_t written = write(STDOUT_FILENO, text, strlen(text));
    (void)written;
}

static void tell_crash(int number)
{
    const diff_program *p = crashing->program;
    const char *const texts[] = {"CRASHED: ", crashing->what, "\ncpu ", p->cpu, "\n---- program\n", p->sdl, "---- plan\n", p->plan, "\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) write_text(texts[i]);
    signal(number, SIG_DFL);
    raise(number);
}

static void watch_crashes(const diff_case *c)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    crashing = c;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) signal(numbers[i], c ? tell_crash : SIG_DFL);
}

/* Runs every set of dims; the message of a failure names the set. */
static bool run_sets(diff_unit *u, const diff_case *c, diff_random *random)
{
    for (int i = 0; i < c->sets; i++) {
        diff_run run = c->run;
        run.dims = c->values + i * c->dims;
        run.seed = diff_next(random);
        if (diff_run_all(u, &run)) continue;
        size_t used = strlen(u->message);
        for (int d = 0; d < c->dims && used < sizeof u->message; d++)
            used += (size_t)snprintf(u->message + used, sizeof u->message - used, " [dim %lld]", (long long)run.dims[d]);
        return false;
    }
    return true;
}

void diff_try(diff_tally *tally, const diff_case *c, diff_random *random)
{
    diff_unit unit;
    watch_crashes(c);
    const diff_outcome outcome = diff_compile(c->program, &unit);
    if (outcome == DIFF_REFUSED && c->refusable) {
        tally->refused++;
    } else if (outcome || !run_sets(&unit, c, random)) {
        diff_report(tally, &unit, c->what);
    } else {
        tally->ran++;
        tally->shrunk += unit.derived != NULL;
        for (int i = 0; i < DIFF_MAX_BACKENDS; i++) tally->native[i] += unit.images[i] != NULL;
    }
    diff_unit_free(&unit);
    watch_crashes(NULL);
}

void diff_print_native(const diff_tally *tally)
{
    for (int i = 0; i < DIFF_MAX_BACKENDS && be_at(i); i++)
        printf("%s%lld by %s", i ? ", " : "as machine code: ", (long long)tally->native[i], be_at(i)->name);
    printf(be_at(0) ? "\n" : "no code generator is built in: interpreted alone\n");
}

void diff_report(diff_tally *tally, const diff_unit *u, const char *what)
{
    tally->failed++;
    printf("FAILED: %s\ncpu %s\n---- program\n%s---- plan\n%s\n---- %s\n\n", what, u->program->cpu, u->program->sdl,
           u->program->plan, u->message);
    fflush(stdout);
}
