/* bench: a layer against its dense form: a table for each choice of dims as it is measured, JSON and a page where asked
 * for. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct printer {
    bool quiet; /* standard output is a file's */
    size_t count;
} printer;

static void print_table(void *ctx, const char *json, const char *table)
{
    printer *p = ctx;
    (void)json;
    if (!p->quiet) printf("%s%s", p->count++ ? "\n" : "", table);
    fflush(stdout);
}

static int bench(const cli_args *args, spc_bench_options *options)
{
    spc_session *s;
    int status = cli_open(args, &s);
    if (status) return status;
    const spc_signature *layer = cli_layer(args, s);
    if (!layer || cli_require_dims(args, layer)) {
        cli_close(s, SPC_OK);
        return EXIT_USAGE;
    }
    char *dims = cli_dims(args);
    const spc_status done = spc_bench(s, layer->layer, dims, options);
    free(dims);
    return cli_close(s, done);
}

int cli_bench(const cli_args *args)
{
    const char *json = cli_last(args, CLI_json), *html = cli_last(args, CLI_html);
    const char *outputs[2];
    size_t output_count = 0;
    printer p = {.quiet = (json && !strcmp(json, "-")) || (html && !strcmp(html, "-"))};
    uint64_t threads, seed;
    spc_bench_options options = {.size = sizeof options, .json = json, .html = html, .each = print_table,
                                 .each_ctx = &p};
    int status = cli_number(args, CLI_threads, 1, 1024, &threads);
    if (!status) status = cli_number(args, CLI_seed, 1, UINT64_MAX, &seed);
    if (!status) status = cli_seconds(args, 0, false, 3600, &options.seconds);
    if (status) return status;
    options.threads = (int)threads;
    options.seed = seed;
    if (json && html && !strcmp(json, "-") && !strcmp(html, "-")) return cli_usage("--json and --html cannot both be standard output");
    if (json) outputs[output_count++] = json;
    if (html) outputs[output_count++] = html;
    cli_guard_outputs(outputs, output_count);
    return bench(args, &options);
}
