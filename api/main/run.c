/* run: one call of a layer on NumPy arrays. */
#include "command.h"
#include "element.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct job {
    const cli_args *args;
    spc_session *session;
    const spc_signature *layer;
    spc_tensor *in, *out;
    const char **in_path, **out_path;
    uint64_t threads; /* 0: one per core */
} job;

/* The value of a "NAME=FILE" whose NAME is this; NULL. */
static const char *named_file(const char *text, const char *name)
{
    const size_t len = strlen(name);
    return !strncmp(text, name, len) && text[len] == '=' ? text + len + 1 : NULL;
}

/* ---- which file is which ---- */

static int match(const job *j, cli_id option, const spc_value *values, size_t count, const char **paths)
{
    const char *text;
    for (size_t n = 0; (text = cli_nth(j->args, option, n)); n++) {
        bool found = false;
        for (size_t i = 0; i < count; i++) {
            const char *path = named_file(text, values[i].name);
            if (!path) continue;
            if (paths[i]) return cli_usage("\"%s\" is given twice", values[i].name);
            paths[i] = path;
            found = true;
        }
        if (!found)
            return cli_usage("layer \"%s\" has no %s for %s (write NAME=FILE.npy)", j->layer->layer,
                             option == CLI_in ? "input" : "result", text);
    }
    return EXIT_DONE;
}

static void add_value(FILE *text, const spc_value *v)
{
    fprintf(text, "%s: %s[", v->name, spc_dtype_name(v->dtype));
    for (int i = 0; i < v->rank; i++) fprintf(text, "%s%s", i ? ", " : "", v->extents[i]);
    fprintf(text, "]");
}

static int require_inputs(const job *j)
{
    char *list = NULL;
    size_t len = 0, missing = 0;
    FILE *text = open_memstream(&list, &len);
    if (!text) return EXIT_ENVIRONMENT;
    for (size_t i = 0; i < j->layer->inputs; i++) {
        if (j->in_path[i]) continue;
        fprintf(text, "%s", missing++ ? "; " : "");
        add_value(text, &j->layer->input[i]);
    }
    fclose(text);
    const int status = missing ? cli_usage("layer \"%s\" needs --in for %s", j->layer->layer, list) : EXIT_DONE;
    free(list);
    return status;
}

/* ---- data ---- */

static spc_status read_inputs(const job *j)
{
    for (size_t i = 0; i < j->layer->inputs; i++) {
        char message[1024], line[2048];
        spc_status status = spc_tensor_read(j->in_path[i], j->layer->input[i].dtype, &j->in[i], message, sizeof message);
        if (!status) continue;
        if (strstr(message, ": error: ")) snprintf(line, sizeof line, "%s\n", message);
        else snprintf(line, sizeof line, "%s: error: %s\n", j->in_path[i], message);
        cli_print_messages(line);
        return status;
    }
    return SPC_OK;
}

static spc_status allocate_results(const job *j)
{
    for (size_t i = 0; i < j->layer->results; i++) {
        if (cli_allocate(&j->out[i])) continue;
        cli_print_messages("spc: error: no memory for the results\n");
        return SPC_E_NOMEM;
    }
    return SPC_OK;
}

static spc_status call(const job *j, const char *dims)
{
    spc_pool *pool = NULL;
    spc_module *module = NULL;
    spc_status status = spc_set(j->session, "layer", j->layer->layer);
    if (!status) status = spc_jit(j->session, &module);
    if (status) return status;
    if (j->threads != 1) status = spc_pool_new((int)j->threads, &pool);
    spc_exec exec = pool ? spc_pool_exec(pool) : (spc_exec){.size = sizeof exec};
    exec.dims = dims;
    if (!status)
        status = spc_run(module, j->layer->layer, j->in, j->layer->inputs, j->out, j->layer->results, &exec);
    if (status) {
        char line[2048];
        const char *text = spc_module_error(module);
        snprintf(line, sizeof line, "spc: error: %s\n", *text ? text : spc_status_text(status));
        cli_print_messages(line);
    }
    spc_pool_free(pool);
    spc_module_free(module);
    return status == SPC_E_ARG ? SPC_E_PROGRAM : status; /* usage was checked: it is the data that do not suit */
}

/* ---- results ---- */

static void print_result(const spc_value *v, const spc_tensor *t)
{
    const size_t count = cli_count(t);
    size_t nans = 0;
    double low = INFINITY, high = -INFINITY;
    printf("%s: %s[", v->name, spc_dtype_name(t->dtype));
    for (int i = 0; i < t->rank; i++) printf("%s%lld", i ? "," : "", (long long)t->dims[i]);
    for (size_t i = 0; i < count; i++) {
        const double value = cli_element(t, i);
        if (isnan(value)) nans++;
        if (value < low) low = value;
        if (value > high) high = value;
    }
    if (count == 0) printf("] empty");
    else if (nans == count) printf("] all NaN");
    else printf("] min %g max %g", low, high);
    if (nans && nans < count) printf(", %zu NaN", nans);
    printf("\n");
}

static spc_status deliver(const job *j)
{
    const char *paths[128];
    spc_tensor tensors[128];
    size_t count = 0;
    for (size_t i = 0; i < j->layer->results; i++) {
        if (!j->out_path[i]) continue;
        if (count == 128) return SPC_E_UNSUPPORTED;
        paths[count] = j->out_path[i];
        tensors[count++] = j->out[i];
    }
    spc_status status = spc_write_tensors(j->session, paths, tensors, count);
    for (size_t i = 0; i < j->layer->results && !status; i++)
        if (!j->out_path[i]) print_result(&j->layer->result[i], &j->out[i]);
    return status;
}

static spc_status work(const job *j, const char *dims)
{
    spc_status status = read_inputs(j);
    if (!status)
        status = spc_shapes(j->session, j->layer->layer, dims, j->in, j->layer->inputs, j->out, j->layer->results);
    if (!status) status = allocate_results(j);
    if (!status) status = call(j, dims);
    return status ? status : deliver(j);
}

static int run_job(job *j)
{
    int status = match(j, CLI_in, j->layer->input, j->layer->inputs, j->in_path);
    if (!status) status = match(j, CLI_out, j->layer->result, j->layer->results, j->out_path);
    if (!status) status = require_inputs(j);
    if (status) {
        cli_close(j->session, SPC_OK);
        return status;
    }
    char *dims = cli_dims(j->args);
    const spc_status done = work(j, dims);
    free(dims);
    for (size_t i = 0; i < j->layer->inputs; i++) spc_tensor_free(&j->in[i]);
    for (size_t i = 0; i < j->layer->results; i++) free(j->out[i].data);
    return cli_close(j->session, done);
}

static void guard_results(const cli_args *args)
{
    const char *paths[64];
    size_t count = 0;
    const char *text;
    while (count < 64 && (text = cli_nth(args, CLI_out, count))) {
        const char *equals = strchr(text, '=');
        paths[count++] = equals ? equals + 1 : text;
    }
    cli_guard_outputs(paths, count);
}

int cli_run_layer(const cli_args *args)
{
    job j = {.args = args};
    int status = cli_number(args, CLI_threads, 1, 1024, &j.threads);
    if (status) return status;
    guard_results(args);
    status = cli_open(args, &j.session);
    if (status) return status;
    j.layer = cli_layer(args, j.session);
    if (!j.layer) {
        cli_close(j.session, SPC_OK);
        return EXIT_USAGE;
    }
    j.in = calloc(j.layer->inputs + 1, sizeof *j.in);
    j.out = calloc(j.layer->results + 1, sizeof *j.out);
    j.in_path = calloc(j.layer->inputs + 1, sizeof *j.in_path);
    j.out_path = calloc(j.layer->results + 1, sizeof *j.out_path);
    status = j.in && j.out && j.in_path && j.out_path ? run_job(&j) : cli_close(j.session, SPC_E_NOMEM);
    free(j.in);
    free(j.out);
    free(j.in_path);
    free(j.out_path);
    return status;
}
