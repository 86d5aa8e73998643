/* host_jit: compiles and runs the digits networks in one process, through spc.h and spc_run.
 *
 *     host_jit FOLDER         with digits.sdl, *.safetensors, images.npy, labels.npy and accuracy.txt */
#include "digits.h"
#include <spc/spc.h>
#include <stdio.h>

typedef struct host {
    spc_module *module;
    const spc_exec *exec;
} host;

static spc_module *compile(const char *folder)
{
    char path[4096];
    spc_session *session;
    spc_module *module = NULL;
    spc_status status = spc_session_new(&session);
    if (status) {
        fprintf(stderr, "%s\n", spc_status_text(status));
        return NULL;
    }
    snprintf(path, sizeof path, "%s/digits.sdl", folder);
    status = spc_load_file(session, path);
    for (int net = 0; net < DIGITS_NETS && !status; net++) {
        snprintf(path, sizeof path, "%s/%s.safetensors", folder, digits_names[net]);
        status = spc_bind_file(session, path);
    }
    if (!status)
        status = spc_jit(session, &module);
    if (status)
        fprintf(stderr, "%s%s\n", spc_messages(session), spc_status_text(status));
    spc_session_free(session);
    return module;
}

static int run(void *ctx, int net, const digits_set *set)
{
    const host *h = ctx;
    char layer[64];
    snprintf(layer, sizeof layer, "%s_net", digits_names[net]);
    const spc_tensor in = {set->images, SPC_F32, 2, {set->count, DIGITS_PIXELS}};
    const spc_tensor out = {set->results, SPC_F32, 2, {set->count, DIGITS_CLASSES}};
    const spc_status status = spc_run(h->module, layer, &in, 1, &out, 1, h->exec);
    if (status)
        fprintf(stderr, "%s\n", spc_module_error(h->module));
    return (int)status;
}

int main(int argc, char **argv)
{
    digits_set set = {0};
    spc_pool *pool = NULL;
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    host h = {.module = compile(argv[1])};
    int failed = !h.module || spc_pool_new(0, &pool) || digits_load(argv[1], &set);
    for (int pooled = 0; pooled < 2 && !failed; pooled++) {
        const spc_exec exec = spc_pool_exec(pool);
        if (pooled && exec.threads == 1)
            break;
        h.exec = pooled ? &exec : NULL;
        printf("%s%s, %d thread%s\n", pooled ? "\n" : "", "compiled in the process", pooled ? exec.threads : 1,
               pooled && exec.threads > 1 ? "s" : "");
        failed = digits_report(argv[1], &set, run, &h);
    }
    digits_free(&set);
    spc_pool_free(pool);
    spc_module_free(h.module);
    return failed;
}
