/* main: the `spc` command: its table of commands, compiling, and what is small. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const cli_command *cli_command_at(int index)
{
    static const cli_command table[] = {
        {"", 'C', "MODEL.sdl -o FILE [options]", "Compiles the layers of a file to a library and its header.", cli_compile},
        {"run", 'R', "MODEL.sdl -w FILE --layer L --in x=x.npy --out y=y.npy", "Runs a layer once on NumPy arrays.", cli_run_layer},
        {"explain", 'E', "MODEL.sdl -w FILE [--layer L]", "Says what was chosen and why.", cli_explain},
        {"check", 'K', "MODEL.sdl -w FILE [--layer L]", "Compares compiled layers with the reference on random inputs.", cli_check},
        {"bench", 'B', "MODEL.sdl -w FILE --layer L --dim batch=128", "Measures a layer against its dense form.", cli_bench},
        {"tune", 'T', "MODEL.sdl -w FILE [--layer L] --dim batch=1,128", "Races plans on this machine and keeps the quickest.", cli_tune},
        {"prune", 'P', "IN.safetensors -o OUT.safetensors --pattern P [--density D]", "Prunes weights to a pattern.", cli_prune},
        {"wisdom", 'W', "list | export [-o FILE] | import FILE | clear", "Shows, hands on or clears tuned plans.", cli_wisdom},
    };
    return (size_t)index < sizeof table / sizeof *table ? &table[index] : NULL;
}

static int print_version(void)
{
    char backend[256];
    printf("spc %s\nbackends:", spc_version());
    for (int i = 0; spc_backend_at(i, backend, sizeof backend); i++) printf(" %s,", backend);
    printf(" interp, reference\nlicense: Apache License 2.0, no warranty; see LICENSE, installed in share/doc/spc\n");
    return EXIT_DONE;
}

/* dir/k.so gives dir/k.d */
static char *depend_path(const char *output)
{
    const char *slash = strrchr(output, '/'), *dot = strrchr(output, '.');
    const size_t stem = dot && dot > (slash ? slash + 1 : output) ? (size_t)(dot - output) : strlen(output);
    char *path = NULL;
    return asprintf(&path, "%.*s.d", (int)stem, output) < 0 ? NULL : path;
}

static int refuse_compile(const cli_args *args, const char *kind, const char *output)
{
    const bool binary = !strcmp(kind, "so") || !strcmp(kind, "obj");
    if (cli_has(args, CLI_dump) && cli_has(args, CLI_emit)) return cli_usage("--dump and --emit exclude one another");
    if (binary && !output) return cli_usage("-o is needed for --emit=%s", kind);
    if ((cli_has(args, CLI_depend) || cli_has(args, CLI_depend_file)) && (!output || !strcmp(output, "-")))
        return cli_usage("a make rule needs an output: give -o FILE");
    return EXIT_DONE;
}

int cli_compile(const cli_args *args)
{
    const char *output = cli_last(args, CLI_output), *dump = cli_last(args, CLI_dump);
    char kind[256];
    if (dump) snprintf(kind, sizeof kind, "dump=%s", dump);
    else snprintf(kind, sizeof kind, "%s", cli_has(args, CLI_emit) ? cli_last(args, CLI_emit) : "so");
    if (!args->model) return cli_usage("which model? usage: spc MODEL.sdl -o FILE; see spc --help");
    int status = refuse_compile(args, kind, output);
    if (status) return status;
    char *depend = cli_has(args, CLI_depend) && !cli_has(args, CLI_depend_file) ? depend_path(output) : NULL;
    const char *rule = depend ? depend : cli_last(args, CLI_depend_file);
    cli_guard_outputs((const char *[]){output ? output : "-", rule ? rule : "-"}, 2);
    spc_session *s;
    status = cli_open(args, &s);
    if (!status) {
        spc_status done = depend ? spc_set(s, "depfile", depend) : SPC_OK;
        if (!done) done = spc_output(s, kind, output ? output : "-");
        status = cli_close(s, done);
    }
    free(depend);
    return status;
}

int cli_explain(const cli_args *args)
{
    spc_session *s;
    char *dims = cli_dims(args);
    int status = cli_open(args, &s);
    if (!status) {
        spc_status done = dims ? spc_set(s, "dims", dims) : SPC_OK;
        if (!done && cli_has(args, CLI_details)) done = spc_set(s, "details", "yes");
        const char *text = done ? NULL : spc_explain(s, cli_last(args, CLI_layer));
        if (text) fputs(text, stdout);
        if (!done && !text) done = spc_last_status(s);
        status = cli_close(s, done);
    }
    free(dims);
    return status;
}

static int dispatch(const cli_args *args)
{
    for (int i = 0; cli_command_at(i); i++) {
        const cli_command *command = cli_command_at(i);
        if (command->letter != args->letter) continue;
        if (cli_has(args, CLI_version)) return print_version();
        if (!cli_has(args, CLI_help)) return command->run(args);
        cli_print_help(command);
    }
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    cli_args args;
    int status = cli_parse(argc, argv, &args);
    if (!status) status = dispatch(&args);
    free(args.given);
    if (fflush(stdout) != 0 && !status) {
        fprintf(stderr, "spc: error: cannot write standard output: %s\n", strerror(errno));
        status = EXIT_ENVIRONMENT;
    }
    return status;
}
