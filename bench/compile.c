/* compile: how long compiling takes, on a 1024x1024 layer with 90 % zeros: in the process without and with the object
 * cache, and a whole run of the spc command.
 *
 *     bench_compile SPC [ROWSxCOLS]       SPC: the command, e.g. build/bin/spc */
#include "matrix.h"
#include "timing.h"
#include <spc/spc.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 11 };

typedef struct job {
    const char *command;
    char folder[64], program[1024];
    bench_matrix matrix;
    const char *cache; /* NULL: none */
    bool failed;
} job;

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- in the process ---- */

static void jit(job *j)
{
    spc_session *session = NULL;
    spc_module *module = NULL;
    const spc_tensor w = { j->matrix.dense, SPC_F32, 2, { j->matrix.rows, j->matrix.cols } };
    spc_status status = spc_session_new(&session);
    if (!status)
        status = spc_set(session, "cache", j->cache ? j->cache : "none");
    if (!status)
        status = spc_load(session, "model.sdl", j->program, strlen(j->program));
    if (!status)
        status = spc_bind(session, "w", &w);
    if (!status)
        status = spc_jit(session, &module);
    if (status)
        fprintf(stderr, "%s%s\n", session ? spc_messages(session) : "", spc_status_text(status));
    j->failed |= status != SPC_OK;
    spc_module_free(module);
    spc_session_free(session);
}

/* ---- the command ---- */

extern char **environ;

static void run_command(job *j)
{
    char model[128], weights[128], output[128];
    snprintf(model, sizeof model, "%s/model.sdl", j->folder);
    snprintf(weights, sizeof weights, "w=%s/w.npy", j->folder);
    snprintf(output, sizeof output, "%s/kernels.so", j->folder);
    char *argv[] = { (char *)j->command, model, "-w", weights, "-o", output, NULL };
    pid_t child;
    int status = 1;
    if (posix_spawn(&child, j->command, NULL, NULL, argv, environ) == 0)
        waitpid(child, &status, 0);
    j->failed |= status != 0;
}

static bool write_file(const char *path, const void *head, size_t head_size, const void *body, size_t body_size)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    const bool good = fwrite(head, 1, head_size, file) == head_size && fwrite(body, 1, body_size, file) == body_size;
    return fclose(file) == 0 && good;
}

static bool write_inputs(const job *j)
{
    char path[128], header[128];
    memset(header, ' ', sizeof header);
    memcpy(header, "\x93NUMPY\1\0\x76\0", 10);
    header[10 + snprintf(header + 10, 118, "{'descr': '<f4', 'fortran_order': False, 'shape': (%" PRId64 ", %" PRId64 ")}",
                         j->matrix.rows, j->matrix.cols)] = ' ';
    header[127] = '\n';
    snprintf(path, sizeof path, "%s/w.npy", j->folder);
    const size_t bytes = (size_t)(j->matrix.rows * j->matrix.cols) * sizeof *j->matrix.dense;
    if (!write_file(path, header, sizeof header, j->matrix.dense, bytes))
        return false;
    snprintf(path, sizeof path, "%s/model.sdl", j->folder);
    return write_file(path, j->program, strlen(j->program), "", 0);
}

/* ---- the table ---- */

static void report(const char *what, void (*work)(job *), job *j)
{
    double times[ROUNDS];
    work(j); /* fills the cache, warms the files */
    for (int i = 0; i < ROUNDS && !j->failed; i++) {
        const double start = bench_now();
        work(j);
        times[i] = bench_now() - start;
    }
    if (j->failed) {
        printf("%-40s failed\n", what);
        return;
    }
    qsort(times, ROUNDS, sizeof *times, by_value);
    printf("%-40s %8.2f ms (median), %8.2f ms (fastest)\n", what, 1e3 * times[ROUNDS / 2], 1e3 * times[0]);
}

static void clean_up(const job *j)
{
    char path[192];
    static const char *const names[] = { "w.npy", "model.sdl", "kernels.so", "kernels.h" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", j->folder, names[i]);
        unlink(path);
    }
    printf("the cache that was used is left in %s\n", j->folder);
}

int main(int argc, char **argv)
{
    long long rows = 1024, cols = 1024;
    job j = { .command = argc > 1 ? argv[1] : NULL, .folder = "/tmp/spc-bench-XXXXXX" };
    if (!j.command || (argc > 2 && sscanf(argv[2], "%lldx%lld", &rows, &cols) != 2) || rows < 1 || cols < 1) {
        fprintf(stderr, "usage: bench_compile SPC [ROWSxCOLS]\n");
        return 2;
    }
    snprintf(j.program, sizeof j.program,
             "dim n;\nweight w: f32[%lld, %lld] sparse unstructured;\n"
             "layer f(x: f32[n, %lld]) -> y: f32[n, %lld] {\n    y = relu(linear(x, w));\n}\n", rows, cols, cols, rows);
    if (!bench_matrix_random(rows, cols, 0.1, &j.matrix) || !mkdtemp(j.folder) || !write_inputs(&j)) {
        fprintf(stderr, "bench_compile: cannot write its inputs\n");
        return 3;
    }
    report("session, load, bind, jit; no cache", jit, &j);
    j.cache = j.folder;
    report("the same from the cache", jit, &j);
    report("spc model.sdl -w w.npy -o kernels.so", run_command, &j);
    clean_up(&j);
    bench_matrix_free(&j.matrix);
    return j.failed;
}
