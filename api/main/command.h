/* command: the parts of the `spc` command. It uses the public headers only.
 *
 * Every command is a function of its parsed arguments that returns the exit status: 0 done, 1 the program or its data
 * is wrong, 2 wrong usage, 3 the environment failed, 70 a defect of spc. */
#ifndef SPC_COMMAND_H
#define SPC_COMMAND_H

#include <spc/spc.h>
#include <stdbool.h>

enum { EXIT_DONE = 0, EXIT_PROGRAM = 1, EXIT_USAGE = 2, EXIT_ENVIRONMENT = 3, EXIT_DEFECT = 70 };

typedef enum cli_id {
#define CLI(id, name, letter, value, commands, key, doc) CLI_##id,
#include "options.def"
#undef CLI
    CLI_COUNT
} cli_id;

typedef struct cli_args {
    const char *command; /* "" for compiling */
    char letter;         /* of the command, as in options.def */
    const char *model;   /* the operand; NULL: none */
    const char *second;  /* of wisdom, which has two; NULL: none */
    struct {
        cli_id id;
        const char *value;
    } *given;
    size_t count;
} cli_args;

typedef int cli_run(const cli_args *);
typedef struct cli_command {
    const char *name;
    char letter;
    const char *operands, *doc;
    cli_run *run;
} cli_command;
const cli_command *cli_command_at(int index); /* compiling first; NULL past the end */

/* ---- arguments.c ---- */

/* 0, or EXIT_USAGE after saying why. argv is borrowed; given is allocated. */
int cli_parse(int argc, char **argv, cli_args *out);
void cli_print_help(const cli_command *);
const char *cli_last(const cli_args *, cli_id); /* NULL: not given */
bool cli_has(const cli_args *, cli_id);
/* The n-th value given; NULL past the last. */
const char *cli_nth(const cli_args *, cli_id, size_t n);
/* The whole number given, at most limit; `absent` where the option is not given. 0, or EXIT_USAGE after saying why. */
int cli_number(const cli_args *, cli_id, uint64_t absent, uint64_t limit, uint64_t *out);
/* Says "spc: error: ..." and returns EXIT_USAGE. */
int cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- session.c ---- */

/* A session with the options of the arguments alone. 0, or an exit status after the messages. */
int cli_open_empty(const cli_args *, spc_session **out);
/* --seconds: up to limit, above 0 unless zero is allowed; absent where it is not given. 0, or EXIT_USAGE after saying why. */
int cli_seconds(const cli_args *, double absent, bool zero, double limit, double *out);
/* A session with the options, the model and the weights of the arguments. 0, or an exit status after the messages. */
int cli_open(const cli_args *, spc_session **out);
/* Prints the session's messages, frees it, and turns a status into an exit status. */
int cli_close(spc_session *, spc_status);
/* The layer that --layer names, or the only one; NULL after saying why not. */
const spc_signature *cli_layer(const cli_args *, spc_session *);
/* All --dim values joined; NULL: none given. Allocated. */
char *cli_dims(const cli_args *);
/* 0, or EXIT_USAGE after saying which dims the layer has, where there is no --dim at all. */
int cli_require_dims(const cli_args *, const spc_signature *);
int cli_exit_status(spc_status);
/* Messages with colour on a terminal. */
void cli_print_messages(const char *text);

/* ---- cleanup.c ---- */

/* From here on SIGINT, SIGTERM and SIGHUP first remove the folders named cli_staging_name() beside these paths and in
 * /tmp. Call once, before any other thread exists. */
void cli_guard_outputs(const char *const *paths, size_t count);
enum { CLI_STAGING_SIZE = 32 };
const char *cli_staging_name(char buffer[CLI_STAGING_SIZE]); /* of this process; returns buffer */

cli_run cli_compile, cli_run_layer, cli_explain, cli_check, cli_bench, cli_prune, cli_tune, cli_wisdom;

#endif
