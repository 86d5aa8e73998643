/* memory_failures: whatever allocation fails, alone or with all after it, every call says SPC_E_NOMEM or does its work; nothing
 * crashes, no file is left half made, and (with the address sanitizer) nothing leaks. */
#include "tests/memory/failing.h"

#include <dirent.h>
#include <setjmp.h>
#include <spc/spc.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#ifndef IR_ARENA_LARGEST_BLOCK /* blocks as always: few allocations */
enum { DENSE = 0 };
#else
enum { DENSE = 250 };
#endif

enum { N = 3, D = 8, O = 4, MOST_FAILURES = 200000 };

static const char program[] = "dim n;\n"
                              "weight w: f32[8, 8] sparse unstructured(density=0.2);\n"
                              "weight v: f32[4, 8] sparse unstructured;\n"
                              "weight b: f32[4];\n"
                              "layer f(x: f32[n, 8]) -> y: f32[n, 4] { y = linear(relu(linear(x, w)), v, b); }\n"
                              "layer g(x: f32[2]) -> y: f32[2] { y = relu(x); }\n";

static const float w[D * D] = {[0] = 1, [9] = 2, [12] = -1, [30] = 3, [63] = 1}, b[O] = {1, 2, 3, 4};
static const char v_text[] = "%%MatrixMarket matrix coordinate real general\n4 8 4\n1 1 2\n2 2 1\n3 6 1\n4 8 5\n";

typedef struct setting {
    char folder[32], model[64], npy[64], mtx[64], tensors[64], library[64], header[64], cache[64];
    const char *backend;
    long n; /* which allocation fails, and whether all do from then on */
    bool lasting;
    long every; /* after that many, in steps that grow; 0: always one by one */
    char messages[1000]; /* of the last session that failed */
} setting;

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void write_tensors(const char *path)
{
    static const char header[] = "{\"b\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}";
    char data[8 + sizeof header - 1 + sizeof b] = {sizeof header - 1};
    memcpy(data + 8, header, sizeof header - 1);
    memcpy(data + 8 + sizeof header - 1, b, sizeof b);
    write_file(path, data, sizeof data);
}

static int set_up(void **state)
{
    setting *world = calloc(1, sizeof *world);
    *state = world;
    world->every = getenv("SPC_TEST_EVERY_ALLOCATION") ? 0 : DENSE;
    strcpy(world->folder, "/tmp/spc-memory-XXXXXX");
    if (!mkdtemp(world->folder)) return -1;
    const struct {
        char *path;
        const char *name;
    } names[] = {{world->model, "m.sdl"}, {world->npy, "w.npy"},     {world->mtx, "v.mtx"}, {world->tensors, "b.safetensors"},
                 {world->library, "k.so"}, {world->header, "k.h"},   {world->cache, "cache"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        snprintf(names[i].path, sizeof world->model, "%s/%s", world->folder, names[i].name);
    const spc_tensor tensor = {(void *)w, SPC_F32, 2, {D, D}};
    write_file(world->model, program, strlen(program));
    write_file(world->mtx, v_text, strlen(v_text));
    write_tensors(world->tensors);
    return spc_tensor_write(world->npy, &tensor, NULL, 0);
}

static int remove_all(const char *folder, int depth)
{
    DIR *files = opendir(folder);
    for (const struct dirent *entry; files && (entry = readdir(files));) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") && unlink(path) && depth) remove_all(path, depth - 1);
    }
    if (files) closedir(files);
    return rmdir(folder);
}

static int tear_down(void **state)
{
    setting *world = *state;
    const int failure = remove_all(world->folder, 2);
    free(world);
    return failure;
}

/* ---- what is tried ---- */

static spc_status run(const spc_module *m, bool *right)
{
    float x[N * D], y[N * O];
    const spc_tensor in = {x, SPC_F32, 2, {N, D}}, out = {y, SPC_F32, 2, {N, O}};
    for (int i = 0; i < N * D; i++) x[i] = (float)(i % 7 - 3);
    memset(y, 0xff, sizeof y);
    const spc_status status = spc_run(m, "f", &in, 1, &out, 1, NULL);
    float v[O][D] = {{0}};
    v[0][0] = 2, v[1][1] = 1, v[2][5] = 1, v[3][7] = 5;
    for (int n = 0; n < N && !status; n++)
        for (int o = 0; o < O; o++) {
            float sum = b[o];
            for (int h = 0; h < D; h++) {
                float a = 0;
                for (int k = 0; k < D; k++) a += w[h * D + k] * x[n * D + k];
                sum += v[o][h] * (a > 0 ? a : 0);
            }
            *right = *right && sum == y[n * O + o];
        }
    return status;
}

static spc_status bind_all(spc_session *s, setting *world)
{
    const spc_tensor tensor = {(void *)w, SPC_F32, 2, {D, D}};
    char spec[80];
    snprintf(spec, sizeof spec, "v=%s", world->mtx);
    spc_status status = spc_bind(s, "w", &tensor);
    if (!status) status = spc_bind_file(s, spec);
    return status ? status : spc_bind_file(s, world->tensors);
}

/* After any failure the messages say something, also without memory for it. */
static spc_status close_session(setting *world, spc_session *s, spc_status status)
{
    if (s) snprintf(world->messages, sizeof world->messages, "%s", spc_messages(s));
    if (s && status) assert_true(strlen(world->messages) > 0);
    if (s && status) assert_int_equal(spc_last_status(s), status);
    spc_session_free(s);
    return status;
}

static spc_status open_session(setting *world, spc_session **out)
{
    spc_status status = spc_session_new(out);
    if (!status) status = spc_set(*out, "backend", world->backend);
    return status ? status : spc_load_file(*out, world->model);
}

static spc_status try_jit(setting *world, bool *right)
{
    spc_session *s;
    spc_module *m = NULL;
    spc_status status = open_session(world, &s);
    if (!status) status = spc_set(s, "cache", world->cache);
    if (!status) status = bind_all(s, world);
    if (!status) status = spc_jit(s, &m);
    status = close_session(world, s, status);
    if (!status) status = run(m, right);
    spc_module_free(m);
    return status;
}

/* Nothing fails but in the compilation itself, which is a small one: code generators are slow. */
static spc_status try_code(setting *world, bool *right)
{
    spc_session *s;
    spc_module *m = NULL;
    float x[2] = {-1, 1}, y[2] = {5, 5};
    const spc_tensor in = {x, SPC_F32, 1, {2}}, out = {y, SPC_F32, 1, {2}};
    failing_stop();
    spc_status status = open_session(world, &s);
    if (!status) status = spc_set(s, "layer", "g");
    failing_start(world->n, world->lasting);
    if (!status) status = spc_jit(s, &m);
    close_session(world, s, status);
    if (!status) status = spc_run(m, "g", &in, 1, &out, 1, NULL);
    if (!status) *right = *right && y[0] == 0 && y[1] == 1;
    spc_module_free(m);
    return status;
}

static spc_status bind_late(spc_module *m, setting *world)
{
    const spc_tensor tensor = {(void *)b, SPC_F32, 1, {O}};
    char v_spec[80], w_spec[80];
    snprintf(v_spec, sizeof v_spec, "v=%s", world->mtx);
    snprintf(w_spec, sizeof w_spec, "w=%s", world->npy);
    spc_status status = spc_module_bind(m, "b", &tensor);
    if (!status) status = spc_module_bind_file(m, v_spec);
    if (!status) status = spc_module_bind_file(m, w_spec);
    return status;
}

static spc_status try_late(setting *world, bool *right)
{
    spc_session *s;
    spc_module *m = NULL;
    spc_status status = open_session(world, &s);
    if (!status) status = spc_set(s, "cache", world->cache);
    if (!status) status = spc_jit(s, &m);
    status = close_session(world, s, status);
    if (!status) status = bind_late(m, world);
    if (!status) status = run(m, right);
    spc_module_free(m);
    return status;
}

/* Library and header are both there or both not. */
static void check_outputs(setting *world, spc_status status, bool *right)
{
    const bool there = access(world->library, F_OK) == 0;
    *right = *right && there == (status == SPC_OK) && there == (access(world->header, F_OK) == 0);
}

static spc_status try_emit(setting *world, bool *right)
{
    spc_session *s;
    spc_module *m = NULL;
    unlink(world->library);
    unlink(world->header);
    spc_status status = open_session(world, &s);
    if (!status) status = spc_set(s, "cache", world->cache);
    if (!status) status = bind_all(s, world);
    if (!status) status = spc_emit(s, world->library);
    status = close_session(world, s, status);
    check_outputs(world, status, right);
    if (!status) status = spc_module_open(world->library, &m);
    if (!status) status = run(m, right);
    spc_module_free(m);
    return status;
}

static spc_status write_texts(spc_session *s, setting *world)
{
    static const char *const kinds[] = {"graph", "kernel", "header", "manifest", "plan", "dump=fuse"};
    spc_status status = SPC_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !status; i++) {
        unlink(world->header);
        status = spc_output(s, kinds[i], world->header);
    }
    return status;
}

static spc_status ask(spc_session *s, bool *right)
{
    spc_tensor in = {NULL, SPC_F32, 2, {N, D}}, out = {0};
    const spc_signature *face = spc_layer_at(s, 0);
    if (!face) return spc_last_status(s);
    *right = *right && face->inputs == 1 && face->dims == 1;
    spc_status status = spc_shapes(s, "f", NULL, &in, 1, &out, 1);
    if (!status) *right = *right && out.rank == 2 && out.dims[0] == N && out.dims[1] == O;
    if (!status) status = spc_input_shapes(s, "f", "n=3", &in, 1);
    return status || spc_explain(s, NULL) ? status : spc_last_status(s);
}

static spc_status try_texts(setting *world, bool *right)
{
    spc_session *s;
    spc_status status = open_session(world, &s);
    if (!status) status = spc_set(s, "layer", "f");
    if (!status) status = spc_set(s, "plan", "@f.0 store=csr lanes=batch");
    if (!status) status = bind_all(s, world);
    if (!status) status = ask(s, right);
    if (!status) status = write_texts(s, world);
    return close_session(world, s, status);
}

static spc_status try_tensors(setting *world, bool *right)
{
    spc_session *s;
    spc_tensor tensor = {0};
    char message[100];
    unlink(world->header);
    spc_status status = spc_tensor_read(world->npy, 0, &tensor, message, sizeof message);
    if (!status) *right = *right && memcmp(tensor.data, w, sizeof w) == 0;
    if (!status && !(status = spc_session_new(&s))) {
        const char *const path = world->header;
        status = spc_write_tensors(s, &path, &tensor, 1);
        close_session(world, s, status);
        *right = *right && (access(path, F_OK) == 0) == !status;
    }
    spc_tensor_free(&tensor);
    return status;
}

/* ---- at every allocation ---- */

/* The names of what is in a folder are those that belong there; nothing of a failed try is left. */
static void check_folder(setting *world)
{
    static const char *const known[] = {".", "..", "m.sdl", "w.npy", "v.mtx", "b.safetensors", "k.so", "k.h", "cache"};
    DIR *files = opendir(world->folder);
    assert_non_null(files);
    for (const struct dirent *entry; (entry = readdir(files));) {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) found = found || !strcmp(entry->d_name, known[i]);
        if (!found) fail_msg("%s is left in the folder", entry->d_name);
    }
    closedir(files);
}

typedef spc_status trial(setting *, bool *right);

static void fail_each(setting *world, trial *attempt, bool lasting)
{
    long tried = 0;
    for (long n = 1; n < MOST_FAILURES; n += 1 + (world->every ? n / world->every : 0), tried++) {
        bool right = true;
        world->n = n;
        world->lasting = lasting;
        failing_start(n, lasting);
        const spc_status status = attempt(world, &right);
        const bool failed = failing_stop();
        if (!right) fail_msg("%s, allocation %ld: a wrong result", world->backend, n);
        if (status && (status != SPC_E_NOMEM || !failed))
            fail_msg("%s, allocation %ld: %s: %s", world->backend, n, spc_status_text(status), world->messages);
        check_folder(world);
        if (!failed) {
            print_message("%s: %ld of %ld allocations\n", world->backend, tried, n - 1);
            assert_true(tried > 5);
            return;
        }
    }
    fail_msg("never ends");
}

static void try_backend(setting *world, const char *backend, trial *attempt)
{
    world->backend = backend;
    fail_each(world, attempt, false);
    fail_each(world, attempt, true);
}

/* The built-in code generators, and the two that always are. */
static void try_backends(setting *world, trial *attempt, bool interpreted)
{
    char name[64];
    const bool generated = DENSE == 0 || !interpreted; /* every allocation of lowering counts once */
    for (int i = 0; generated && spc_backend_at(i, name, sizeof name); i++) {
        name[strcspn(name, " ")] = 0;
        try_backend(world, name, attempt);
    }
    if (!interpreted) return;
    try_backend(world, "interp", attempt);
    try_backend(world, "reference", attempt);
}

static void generating_code(void **state) { try_backends(*state, try_code, false); }
static void compiling_and_running(void **state) { try_backends(*state, try_jit, true); }
static void binding_late(void **state) { try_backends(*state, try_late, true); }
static void emitting(void **state) { try_backends(*state, try_emit, false); }
static void texts_and_questions(void **state) { try_backend(*state, "interp", try_texts); }
static void tensors(void **state) { try_backend(*state, "interp", try_tensors); }

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(generating_code, set_up, tear_down),
        cmocka_unit_test_setup_teardown(compiling_and_running, set_up, tear_down),
        cmocka_unit_test_setup_teardown(binding_late, set_up, tear_down),
        cmocka_unit_test_setup_teardown(emitting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(texts_and_questions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tensors, set_up, tear_down),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
