/* spc-opt: runs passes on text, for golden tests and for people at work on the compiler.
 *
 *     spc-opt [options] [FILE]          FILE: IR text, or SDL by its extension .sdl; "-" or none: standard input
 *     --passes=A,B   runs these passes, the verifier after each      --all       runs the whole pipeline
 *     --cpu=NAME     the target (default x86-64-v3)                   --plan=TEXT what the user's plan says
 *     --verify       prints nothing but messages                      --list      lists the passes
 *     --sdl          standard input is SDL                            --dump=PASS prints the module after this pass
 *     --roundtrip    prints, parses, prints again: must be the same   --exact     and the same as the input
 *     --check        interprets before and after on random data: the results must be the same
 *
 * Exit status: 0 done, 1 the text is wrong, 2 usage, 3 a file or memory, 70 a defect (verifier, round trip). */
#include "frontend/frontend.h"
#include "ir/ir.h"
#include "passes/passes.h"
#include "tests/tools/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_WRONG = 1, EXIT_USAGE = 2, EXIT_WORLD = 3, EXIT_DEFECT = 70 };

typedef struct options {
    const char *passes, *cpu, *plan, *dump, *file;
    bool all, verify, roundtrip, exact, sdl, list, check;
} options;

typedef struct job {
    const options *options;
    ir_arena *arena;
    ir_module *module;
    ir_source source;
} job;

/* ---- input ---- */

static bool read_all(ir_arena *arena, const char *path, ir_source *out)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "spc-opt: cannot open %s: %s\n", path, strerror(errno));
        return false;
    }
    ir_text text;
    char chunk[4096];
    ir_text_init(&text, arena);
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0;) ir_text_add_bytes(&text, chunk, n);
    bool right = !ferror(file);
    if (!right) fprintf(stderr, "spc-opt: cannot read %s\n", path);
    if (!standard) fclose(file);
    *out = (ir_source){standard ? "stdin" : path, text.data, text.len};
    return right;
}

static bool is_sdl(const options *o)
{
    size_t len = strlen(o->file);
    return o->sdl || (len > 4 && strcmp(o->file + len - 4, ".sdl") == 0);
}

static int exit_of(spc_status status)
{
    switch (status) {
    case SPC_OK: return 0;
    case SPC_E_INTERNAL: return EXIT_DEFECT;
    case SPC_E_NOMEM:
    case SPC_E_IO: return EXIT_WORLD;
    default: return EXIT_WRONG;
    }
}

/* ---- passes ---- */

static void print_after(void *ctx, const char *pass, const ir_module *m)
{
    const job *j = ctx;
    if (j->options->dump && strcmp(j->options->dump, pass) == 0) fputs(ir_print_module(m, j->arena), stdout);
}

static spc_status run_named(job *j, pass_context *context)
{
    char *names = ir_strdup(j->arena, j->options->passes), *rest = NULL;
    for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        const pass_info *pass = pass_find(name);
        if (!pass) {
            fprintf(stderr, "spc-opt: there is no pass '%s'; --list names them\n", name);
            exit(EXIT_USAGE);
        }
        spc_status status = pass->run(j->module, context);
        if (!status) status = ir_verify(j->module, name);
        if (status) return status;
        print_after(j, name, j->module);
    }
    return SPC_OK;
}

static spc_status run_passes(job *j)
{
    ir_target target;
    rt_error error = {0};
    if (!ir_target_find(j->options->cpu, &target, &error)) {
        fprintf(stderr, "spc-opt: %s\n", error.text);
        exit(EXIT_USAGE);
    }
    ir_plan *plan = ir_plan_new(j->arena);
    const char *text = j->options->plan ? j->options->plan : "";
    ir_source *source = ir_alloc(j->arena, sizeof *source); /* messages, printed later, point into it */
    *source = (ir_source){"plan", text, strlen(text)};
    spc_status status = ir_plan_parse(plan, j->module->diags, source);
    if (status) return status;
    pass_context context = {.target = &target, .plan = plan, .after = print_after, .after_ctx = j};
    return j->options->all ? pass_run_all(j->module, &context) : run_named(j, &context);
}

/* ---- round trip ---- */

static int check_roundtrip(job *j)
{
    const char *once = ir_print_module(j->module, j->arena);
    ir_diags *diags = ir_diags_new(j->arena);
    ir_module *again = ir_module_new(j->arena, diags);
    ir_source source = {"printed", once, strlen(once)};
    if (ir_parse(again, &source) || ir_verify(again, "parse")) {
        fputs(ir_diags_text(diags), stderr);
        return EXIT_DEFECT;
    }
    const char *twice = ir_print_module(again, j->arena);
    if (strcmp(once, twice) != 0) {
        fprintf(stderr, "spc-opt: the text changes when it is parsed and printed:\n%s---- becomes\n%s", once, twice);
        return EXIT_DEFECT;
    }
    if (j->options->exact && strcmp(j->source.text, once) != 0) {
        fprintf(stderr, "spc-opt: the text is not canonical; it prints as\n%s", once);
        return EXIT_DEFECT;
    }
    return 0;
}

/* ---- the command ---- */

static spc_status load(job *j, ir_module **out)
{
    bool sdl = is_sdl(j->options);
    *out = ir_module_new(j->arena, ir_diags_new(j->arena));
    spc_status status = sdl ? fe_compile(*out, &j->source) : ir_parse(*out, &j->source);
    return status ? status : ir_verify(*out, sdl ? "build" : "parse");
}

static int check_meaning(job *j)
{
    ir_module *before;
    rt_error error = {0};
    if (load(j, &before) == SPC_OK && check_modules(before, j->module, &error)) return 0;
    fprintf(stderr, "spc-opt: %s\n", error.text);
    return EXIT_DEFECT;
}

static int run(job *j)
{
    const options *o = j->options;
    if (!read_all(j->arena, o->file, &j->source)) return EXIT_WORLD;
    spc_status status = load(j, &j->module);
    if (!status && (o->all || o->passes)) status = run_passes(j);
    int result = exit_of(status);
    fputs(ir_diags_text(j->module->diags), stderr);
    if (status) return result;
    if (o->roundtrip) return check_roundtrip(j);
    if (!o->verify && !o->dump) fputs(ir_print_module(j->module, j->arena), stdout);
    return o->check ? check_meaning(j) : 0;
}

static int list_passes(void)
{
    const pass_info *pass;
    for (int i = 0; (pass = pass_at(i)); i++) printf("%-16s %s\n", pass->name, pass->doc);
    return 0;
}

static bool take_value(const char *arg, const char *key, const char **out)
{
    size_t len = strlen(key);
    if (strncmp(arg, key, len) != 0) return false;
    *out = arg + len;
    return true;
}

static bool take_flag(const char *arg, const char *key, bool *out)
{
    if (strcmp(arg, key) != 0) return false;
    return *out = true;
}

static bool take_option(options *o, const char *arg)
{
    if (arg[0] != '-' || !arg[1]) {
        o->file = arg;
        return true;
    }
    return take_value(arg, "--passes=", &o->passes) || take_value(arg, "--cpu=", &o->cpu) ||
           take_value(arg, "--plan=", &o->plan) || take_value(arg, "--dump=", &o->dump) ||
           take_flag(arg, "--all", &o->all) || take_flag(arg, "--verify", &o->verify) ||
           take_flag(arg, "--roundtrip", &o->roundtrip) || take_flag(arg, "--exact", &o->exact) ||
           take_flag(arg, "--sdl", &o->sdl) || take_flag(arg, "--list", &o->list) ||
           take_flag(arg, "--check", &o->check) ||
           take_flag(arg, "--print", &(bool){false});
}

int main(int argc, char **argv)
{
    options o = {.cpu = "x86-64-v3", .file = "-"};
    for (int i = 1; i < argc; i++) {
        if (take_option(&o, argv[i])) continue;
        fprintf(stderr, "spc-opt: unknown option '%s'\n", argv[i]);
        return EXIT_USAGE;
    }
    if (o.list) return list_passes();
    job j = {.options = &o, .arena = ir_arena_new(0)};
    if (!j.arena || setjmp(*ir_guard(j.arena))) {
        fprintf(stderr, "spc-opt: out of memory\n");
        return EXIT_WORLD;
    }
    int result = run(&j);
    ir_arena_free(j.arena);
    return result;
}
