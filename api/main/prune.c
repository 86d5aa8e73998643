/* prune: a copy of a safetensors file whose tensors keep to a pattern; says how many non-zeros are left of each. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void report(void *ctx, const char *tensor, int64_t nonzeros, int64_t elements)
{
    fprintf(ctx, "%s: %lld of %lld", tensor, (long long)nonzeros, (long long)elements);
    if (elements > 0) fprintf(ctx, " (density %.4g)", (double)nonzeros / (double)elements);
    fprintf(ctx, "\n");
}

/* The share of --density; 0 where it is not given. */
static int read_density(const cli_args *args, double *out)
{
    const char *text = cli_last(args, CLI_density);
    char *end;
    *out = 0;
    if (!text) return EXIT_DONE;
    *out = strtod(text, &end);
    if (end != text && !*end && *out > 0 && *out <= 1) return EXIT_DONE;
    return cli_usage("--density=%s is no number above 0 and up to 1", text);
}

static spc_status prune(const cli_args *args, spc_session *s, spc_pruning *p)
{
    char staging[CLI_STAGING_SIZE];
    const char *output = cli_last(args, CLI_output);
    char *summary = NULL;
    size_t length = 0;
    FILE *text = open_memstream(&summary, &length);
    if (!text) return SPC_E_NOMEM;
    p->report = report;
    p->report_ctx = text;
    spc_status status = spc_set(s, "staging", cli_staging_name(staging));
    if (!status) status = spc_prune_file(s, args->model, output, p);
    if (fclose(text) == 0 && !status && strcmp(output, "-")) fputs(summary, stdout);
    free(summary);
    return status;
}

int cli_prune(const cli_args *args)
{
    spc_session *s;
    spc_pruning p = {.size = sizeof p, .pattern = cli_last(args, CLI_pattern)};
    const char *output = cli_last(args, CLI_output);
    int status = read_density(args, &p.density);
    if (status) return status;
    if (!args->model) return cli_usage("which weights? usage: spc prune IN.safetensors -o OUT.safetensors --pattern P");
    if (!output) return cli_usage("-o is needed: where the pruned weights go");
    if (!p.pattern) return cli_usage("--pattern is needed: N:M, block(r,c), unstructured, rows or columns");
    while (cli_nth(args, CLI_tensor, p.tensor_count)) p.tensor_count++;
    const char **globs = calloc(p.tensor_count + 1, sizeof *globs);
    if (!globs) return EXIT_ENVIRONMENT;
    for (size_t i = 0; i < p.tensor_count; i++) globs[i] = cli_nth(args, CLI_tensor, i);
    p.tensors = globs;
    cli_guard_outputs(&output, 1);
    if (!spc_session_new(&s)) status = cli_close(s, prune(args, s, &p));
    else {
        cli_print_messages("spc: error: out of memory\n");
        status = EXIT_ENVIRONMENT;
    }
    free(globs);
    return status;
}
