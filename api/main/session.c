/* session: from the command line to a session, and from a session's end to an exit status. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int cli_exit_status(spc_status status)
{
    static const int table[] = {[SPC_OK] = EXIT_DONE,
                                [SPC_E_ARG] = EXIT_USAGE,
                                [SPC_E_NOMEM] = EXIT_ENVIRONMENT,
                                [SPC_E_IO] = EXIT_ENVIRONMENT,
                                [SPC_E_PROGRAM] = EXIT_PROGRAM,
                                [SPC_E_UNSUPPORTED] = EXIT_ENVIRONMENT,
                                [SPC_E_BACKEND] = EXIT_ENVIRONMENT,
                                [SPC_E_ABI] = EXIT_ENVIRONMENT,
                                [SPC_E_INTERNAL] = EXIT_DEFECT};
    return (size_t)status < sizeof table / sizeof *table ? table[status] : EXIT_DEFECT;
}

/* ---- messages ---- */

typedef struct severity {
    const char *word, *colour;
} severity;

static void print_line(const char *line, size_t len)
{
    static const severity severities[] = {{"error: ", "\033[1;31m"}, {"warning: ", "\033[1;35m"}, {"note: ", "\033[1;36m"}};
    const char *first = NULL;
    const severity *found = NULL;
    for (size_t i = 0; i < sizeof severities / sizeof *severities; i++) {
        const char *at = memmem(line, len, severities[i].word, strlen(severities[i].word));
        if (!at || (at != line && (at < line + 2 || at[-2] != ':')) || (first && at > first)) continue;
        first = at;
        found = &severities[i];
    }
    if (!found) {
        fwrite(line, 1, len, stderr);
        return;
    }
    const size_t word = strlen(found->word) - 1, before = (size_t)(first - line);
    fprintf(stderr, "\033[1m%.*s\033[0m%s%.*s\033[0m", (int)before, line, found->colour, (int)word, first);
    fwrite(first + word, 1, len - before - word, stderr);
}

void cli_print_messages(const char *text)
{
    if (!isatty(STDERR_FILENO)) {
        fputs(text, stderr);
        return;
    }
    while (*text) {
        const char *end = strchr(text, '\n');
        const size_t len = end ? (size_t)(end - text) + 1 : strlen(text);
        print_line(text, len);
        text += len;
    }
}

int cli_close(spc_session *s, spc_status status)
{
    cli_print_messages(spc_messages(s));
    spc_session_free(s);
    return cli_exit_status(status);
}

/* ---- opening ---- */

static spc_status set_options(const cli_args *args, spc_session *s)
{
    static const char *const keys[] = {
#define CLI(id, name, letter, value, commands, key, doc) key,
#include "options.def"
#undef CLI
    };
    char staging[CLI_STAGING_SIZE];
    spc_status status = spc_set(s, "staging", cli_staging_name(staging));
    for (size_t i = 0; i < args->count && !status; i++)
        if (keys[args->given[i].id]) status = spc_set(s, keys[args->given[i].id], args->given[i].value);
    if (!status && strchr("RKBT", args->letter)) status = spc_set(s, "weights", "embedded"); /* these run the layers */
    if (!status && cli_has(args, CLI_debug)) status = spc_set(s, "debug", "yes");
    return status;
}

/* Makes the folder; false where there is no place for a cache. */
static bool default_cache(char *path, size_t size)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char parent[2048];
    if (base && base[0] == '/') snprintf(parent, sizeof parent, "%s", base);
    else if (home && home[0] == '/') snprintf(parent, sizeof parent, "%s/.cache", home);
    else return false;
    if (snprintf(path, size, "%s/spc", parent) >= (int)size) return false;
    if (mkdir(parent, 0777) != 0 && errno != EEXIST) return false;
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

static spc_status set_cache(const cli_args *args, spc_session *s)
{
    char path[4096];
    const char *given = cli_last(args, CLI_cache);
    if (given) return spc_set(s, "cache", given);
    return default_cache(path, sizeof path) ? spc_set(s, "cache", path) : SPC_OK;
}

static spc_status set_wisdom(const cli_args *args, spc_session *s)
{
    char folder[4096], path[4200];
    const char *given = cli_last(args, CLI_wisdom);
    if (given) return spc_set(s, "wisdom", given);
    if (!default_cache(folder, sizeof folder)) return SPC_OK;
    snprintf(path, sizeof path, "%s/wisdom.db", folder);
    return spc_set(s, "wisdom", path);
}

static spc_status load_standard_input(spc_session *s)
{
    char *text = NULL;
    size_t len = 0, got;
    FILE *memory = open_memstream(&text, &len);
    char buffer[1 << 16];
    while (memory && (got = fread(buffer, 1, sizeof buffer, stdin)) > 0) fwrite(buffer, 1, got, memory);
    if (!memory || ferror(stdin) || fclose(memory) != 0) {
        free(text);
        cli_print_messages("<stdin>: error: cannot read\n");
        return SPC_E_IO;
    }
    spc_status status = spc_load(s, "<stdin>", text, len);
    free(text);
    return status;
}

static spc_status fill_empty(const cli_args *args, spc_session *s)
{
    spc_status status = set_options(args, s);
    return status ? status : set_wisdom(args, s);
}

static spc_status fill(const cli_args *args, spc_session *s)
{
    spc_status status = set_options(args, s);
    if (!status) status = set_cache(args, s);
    if (!status) status = set_wisdom(args, s);
    if (!status) status = strcmp(args->model, "-") ? spc_load_file(s, args->model) : load_standard_input(s);
    const char *weights;
    for (size_t i = 0; !status && (weights = cli_nth(args, CLI_weights, i)); i++) status = spc_bind_file(s, weights);
    return status;
}

typedef spc_status filler(const cli_args *, spc_session *);

static int open_with(const cli_args *args, filler *with, spc_session **out)
{
    *out = NULL;
    spc_status status = spc_session_new(out);
    if (!status) status = with(args, *out);
    if (!status) return EXIT_DONE;
    spc_session *s = *out;
    *out = NULL;
    if (!s) cli_print_messages("spc: error: out of memory\n");
    return cli_close(s, status);
}

int cli_open_empty(const cli_args *args, spc_session **out) { return open_with(args, fill_empty, out); }

int cli_open(const cli_args *args, spc_session **out)
{
    *out = NULL;
    if (!args->model)
        return cli_usage("which model? usage: spc %s%sMODEL.sdl ...", args->command, *args->command ? " " : "");
    return open_with(args, fill, out);
}

/* ---- layers and dims ---- */

const spc_signature *cli_layer(const cli_args *args, spc_session *s)
{
    const char *wanted = cli_last(args, CLI_layer);
    const spc_signature *only = spc_layer_at(s, 0);
    char known[1024] = "";
    for (size_t i = 0; spc_layer_at(s, i); i++) {
        const spc_signature *layer = spc_layer_at(s, i);
        if (wanted && !strcmp(layer->layer, wanted)) return layer;
        const size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", layer->layer);
    }
    if (wanted) cli_usage("%s has no layer \"%s\"; its layers are %s", args->model, wanted, known);
    else if (!only) cli_usage("%s has no layers", args->model);
    else if (spc_layer_at(s, 1)) cli_usage("which layer? give --layer; the layers are %s", known);
    else return only;
    return NULL;
}

/* Where some are given, the library says which are wrong or missing. */
int cli_require_dims(const cli_args *args, const spc_signature *layer)
{
    char all[1024] = "";
    if (!layer->dims || cli_has(args, CLI_dim)) return EXIT_DONE;
    for (size_t i = 0; i < layer->dims; i++) {
        const size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", layer->dim[i].name);
    }
    return cli_usage("layer \"%s\" needs --dim for %s, as in --dim %s=1,32", layer->layer, all, layer->dim[0].name);
}

char *cli_dims(const cli_args *args)
{
    char *all = NULL;
    size_t len = 0;
    FILE *text = open_memstream(&all, &len);
    const char *dim;
    for (size_t i = 0; text && (dim = cli_nth(args, CLI_dim, i)); i++) fprintf(text, "%s%s", i ? "," : "", dim);
    if (!text || fclose(text) != 0 || len == 0) {
        free(all);
        return NULL;
    }
    return all;
}
