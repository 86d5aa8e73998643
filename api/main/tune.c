/* tune: races plans and keeps the quickest; SIGINT ends it and keeps what was found. And wisdom, which looks after what
 * is kept. */
#include "command.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double LONGEST = 1e6; /* seconds */

/* ---- signals ---- */

/* They stay blocked, and are asked for between samples. Before any other thread exists. */
static sigset_t hold_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return set;
}

/* The number of the signal that has come; 0: none. */
static int came(const sigset_t *set)
{
    const struct timespec now = {0, 0};
    const int number = sigtimedwait(set, NULL, &now);
    return number > 0 ? number : 0;
}

/* ---- what people see ---- */

typedef struct printer {
    bool terminal; /* of standard error: one line that changes */
    double last;
    size_t results;
    sigset_t signals;
    int came;
} printer;

static bool show(void *ctx, const spc_tune_progress *p)
{
    printer *out = ctx;
    if (p->result) {
        fprintf(stderr, "%s", out->terminal ? "\r\033[K" : "");
        printf("%s\n", p->result);
        fflush(stdout);
        out->results++;
    } else if (out->terminal && p->seconds - out->last > 0.1) {
        fprintf(stderr, "\r\033[K%zu/%zu %s%s%s: %zu of %zu plans left, %.0f s", p->number + 1, p->count, p->kernel, *p->dims ? " at " : "",
                p->dims, p->left, p->candidates, p->seconds);
        out->last = p->seconds;
    }
    if (!out->came) out->came = came(&out->signals);
    return !out->came;
}

static int finish(spc_session *s, printer *out, spc_status status)
{
    if (out->terminal) fprintf(stderr, "\r\033[K");
    if (!status && !out->came && !out->results) printf("nothing to tune: no kernel has more than one plan, or no time was given\n");
    const int number = out->came;
    if (number) fprintf(stderr, "spc: interrupted; what was found is kept, and the same command goes on from there\n");
    const int done = cli_close(s, status);
    if (number) {
        fflush(stdout);
        signal(number, SIG_DFL);
        pthread_sigmask(SIG_UNBLOCK, &out->signals, NULL);
        raise(number);
    }
    return done;
}

/* Of --layer, or of every layer; an unknown one is said by tuning it. */
static int require_dims(const cli_args *args, spc_session *s)
{
    const char *wanted = cli_last(args, CLI_layer);
    int status = EXIT_DONE;
    for (size_t i = 0; spc_layer_at(s, i) && !status; i++)
        if (!wanted || !strcmp(spc_layer_at(s, i)->layer, wanted)) status = cli_require_dims(args, spc_layer_at(s, i));
    return status;
}

int cli_tune(const cli_args *args)
{
    spc_session *s;
    printer out = {.terminal = isatty(STDERR_FILENO) && isatty(STDOUT_FILENO)};
    spc_tune_options options = {.size = sizeof options, .again = cli_has(args, CLI_again), .progress = show, .progress_ctx = &out};
    int status = cli_seconds(args, -1, true, LONGEST, &options.seconds);
    if (!status) status = cli_open(args, &s);
    if (status) return status;
    status = require_dims(args, s);
    if (status) return cli_close(s, SPC_OK), status;
    out.signals = hold_signals();
    char *dims = cli_dims(args);
    const spc_status done = spc_tune_with(s, cli_last(args, CLI_layer), dims, &options);
    free(dims);
    return finish(s, &out, done);
}

/* ---- wisdom ---- */

static spc_status list(const cli_args *args, spc_session *s)
{
    (void)args;
    const char *text = spc_wisdom_list(s);
    if (text) fputs(text, stdout);
    return text ? SPC_OK : spc_last_status(s);
}

static spc_status export(const cli_args *args, spc_session *s)
{
    const char *path = cli_last(args, CLI_output);
    return spc_wisdom_export(s, path ? path : "-");
}

static spc_status import(const cli_args *args, spc_session *s)
{
    size_t count;
    const spc_status status = spc_wisdom_import(s, args->second, &count);
    if (!status) printf("%zu plan%s imported\n", count, count == 1 ? "" : "s");
    return status;
}

static spc_status clear(const cli_args *args, spc_session *s)
{
    size_t count;
    (void)args;
    const spc_status status = spc_wisdom_clear(s, &count);
    if (!status) printf("%zu plan%s cleared\n", count, count == 1 ? "" : "s");
    return status;
}

int cli_wisdom(const cli_args *args)
{
    static const struct {
        const char *name;
        bool file;
        spc_status (*run)(const cli_args *, spc_session *);
    } actions[] = {{"list", false, list}, {"export", false, export}, {"import", true, import}, {"clear", false, clear}};
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (!args->model || strcmp(args->model, actions[i].name)) continue;
        if (actions[i].file != (args->second != NULL))
            return cli_usage(actions[i].file ? "wisdom %s needs a FILE" : "wisdom %s takes no file", actions[i].name);
        const char *output = cli_last(args, CLI_output);
        cli_guard_outputs(&output, output ? 1 : 0);
        spc_session *s;
        const int status = cli_open_empty(args, &s);
        return status ? status : cli_close(s, actions[i].run(args, s));
    }
    return cli_usage("wisdom does one of list, export, import FILE and clear");
}
