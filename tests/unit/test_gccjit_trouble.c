/* What goes wrong around the program that runs libgccjit: each ends in a clear status and leaves nothing behind, neither
 * files nor processes. TMPDIR of this test is a folder of its own, which is empty again after each case. */
#include "tests/unit/code_text.h"
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/tmp/spc-test-gccjit-XXXXXX", path_before[4096];

#define KERNEL "kernel @k {\n %0 = param \"x\" : buffer f32\n %1 = param \"task\" : index\n %2 = param \"tasks\" : index\n" \
               " %3 = load %0, %1 : f32\n store %3, %0, %2\n}\n"

static int set_up(void **state)
{
    (void)state;
    snprintf(path_before, sizeof path_before, "%s", getenv("PATH") ? getenv("PATH") : "");
    return mkdtemp(folder) && setenv("TMPDIR", folder, 1) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int entries_in(const char *path)
{
    DIR *dir = opendir(path);
    int count = -2; /* . and .. */

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

#define GCCJIT_OR_SKIP() \
    do { \
        code_backend = be_find("gccjit"); \
        if (!code_backend) { \
            print_message("built without libgccjit: skipped\n"); \
            skip(); \
        } \
    } while (0)

static spc_status emit_with(const char *text, const char *helper, rt_error *error)
{
    ir_arena *arena = ir_arena_new(0);
    ir_module *m = parse_text(arena, text);
    ir_target target;
    be_blob blob;

    assert_true(ir_target_find("x86-64-v2", &target, NULL));
    be_options options = code_options(&target, "");
    if (helper)
        options.helper = helper;
    const ir_func *func = m->funcs;
    *error = (rt_error){0};
    spc_status status = code_backend->emit(m, &func, 1, &options, BE_OBJECT, &blob, error);
    assert_true(status ? blob.data == NULL : blob.size > 0);
    assert_true(!status == !error->text[0]);
    free(blob.data);
    ir_arena_free(arena);
    return status;
}

static void check_fails(spc_status want, const char *says, const char *helper)
{
    rt_error error;
    spc_status status = emit_with(KERNEL, helper, &error);

    if (status != want || !strstr(error.text, says))
        fail_msg("status %d, not %d: %s", status, want, error.text);
    assert_int_equal(entries_in(folder), 0);
}

/* ---- the program and its tools ---- */

static void test_no_program(void **state)
{
    (void)state;
    GCCJIT_OR_SKIP();
    check_fails(SPC_E_BACKEND, "/nowhere/spc-gccjit", "/nowhere/spc-gccjit");
    check_fails(SPC_E_BACKEND, "failed", "/bin/false"); /* another program */
    check_fails(SPC_E_BACKEND, "failed", "/bin/true");
}

/* libgccjit looks into folders of its own as well; there none has a name that is made up here. */
static void test_no_assembler(void **state)
{
    rt_error error;
    (void)state;
    GCCJIT_OR_SKIP();
    setenv("PATH", folder, 1);
    spc_status status = emit_with(KERNEL, NULL, &error);
    setenv("PATH", path_before, 1);
    if (status != SPC_E_BACKEND || !strstr(error.text, "binutils"))
        fail_msg("status %d: %s", status, error.text);
    assert_int_equal(entries_in(folder), 0);
    assert_int_equal(emit_with(KERNEL, NULL, &error), SPC_OK);
}

/* An assembler that fails, says something, or kills whoever started it. */
static void with_assembler(const char *script, spc_status want, const char *says)
{
    char tools[64], as[80], path[200];

    snprintf(tools, sizeof tools, "%s-tools", folder);
    snprintf(as, sizeof as, "%s/as", tools);
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", tools);
    assert_int_equal(mkdir(tools, 0700), 0);
    FILE *file = fopen(as, "w");
    fputs(script, file);
    fclose(file);
    chmod(as, 0700);
    setenv("PATH", path, 1);
    rt_error error;
    spc_status status = emit_with(KERNEL, NULL, &error);
    setenv("PATH", path_before, 1);
    unlink(as);
    rmdir(tools);
    if (status != want || !strstr(error.text, says))
        fail_msg("status %d, not %d: %s", status, want, error.text);
    assert_int_equal(entries_in(folder), 0);
}

static void test_failing_assembler(void **state)
{
    (void)state;
    GCCJIT_OR_SKIP();
    with_assembler("#!/bin/sh\necho as: I do not feel well >&2\nexit 1\n", SPC_E_BACKEND, "I do not feel well");
    with_assembler("#!/bin/sh\necho as: cannot write: No space left on device >&2\nexit 1\n", SPC_E_IO, "no space left");
    with_assembler("#!/bin/sh\nkill -9 $PPID\n", SPC_E_BACKEND, "gccjit");
    with_assembler("#!/bin/sh\nhead -c 1000000 /dev/zero >&2\nexit 1\n", SPC_E_BACKEND, "libgccjit");
}

/* ---- folders ---- */

static void test_bad_folders(void **state)
{
    (void)state;
    GCCJIT_OR_SKIP();
    setenv("TMPDIR", "/nowhere/at/all", 1);
    check_fails(SPC_E_IO, "/nowhere/at/all", NULL);
    setenv("TMPDIR", "/proc", 1); /* never writable, not even for root */
    check_fails(SPC_E_IO, "/proc", NULL);
    setenv("TMPDIR", folder, 1);
}

/* A file system of 16 KB in a mount namespace of a child, where that is allowed. Exit status: 77 where it is not. */
static int in_small_folder(void)
{
    rt_error error;

    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return 77;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mount("none", folder, "tmpfs", 0, "size=16k") != 0)
        return 77;
    char path[64], *fill = calloc(1, 8192);
    snprintf(path, sizeof path, "%s/full", folder);
    FILE *file = fopen(path, "w");
    fwrite(fill, 1, 8192, file);
    fclose(file);
    spc_status status = emit_with(KERNEL, NULL, &error);
    if (status != SPC_E_IO)
        print_message("status %d: %s\n", status, error.text);
    return status == SPC_E_IO && strstr(error.text, "no space left") && entries_in(folder) == 1 ? 0 : 1;
}

static void test_full_folder(void **state)
{
    int status;
    (void)state;
    GCCJIT_OR_SKIP();
    pid_t child = fork();
    if (child == 0)
        _exit(in_small_folder());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("no small file system can be mounted here: skipped\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- interruptions ---- */

static void wait_until(bool (*holds)(void), const char *what)
{
    for (int i = 0; i < 1000; i++) {
        if (holds())
            return;
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    fail_msg("still not after ten seconds: %s", what);
}

static bool folder_is_used(void) { return entries_in(folder) > 0; }
static bool folder_is_empty(void) { return entries_in(folder) == 0; }

/* A kernel that takes seconds to compile. */
static char *long_text(void)
{
    size_t size = 1 << 20, used = 0;
    char *text = malloc(size);

    used += (size_t)snprintf(text, size, "kernel @k {\n %%0 = param \"x\" : buffer f32\n %%1 = param \"task\" : index\n"
                                         " %%2 = param \"tasks\" : index\n");
    for (int i = 0; i < 3000; i++)
        used += (size_t)snprintf(text + used, size - used, " %%%d = load %%0, %%1 [disp=%d] : f32x4\n"
                                 " %%%d = shuffle %%%d, %%%d [mask=(3,2,1,0)] : f32x4\n store %%%d, %%0, %%2 [disp=%d]\n",
                                 10 + 2 * i, 4 * i, 11 + 2 * i, 10 + 2 * i, 10 + 2 * i, 11 + 2 * i, 4 * i + 1);
    snprintf(text + used, size - used, "}\n");
    return text;
}

static pid_t start_long(void)
{
    pid_t child = fork();

    if (child == 0) {
        rt_error error;
        _exit(emit_with(long_text(), NULL, &error) == SPC_OK ? 0 : 1);
    }
    wait_until(folder_is_used, "the compiler has started");
    return child;
}

/* Whoever asked is killed: the program stops by itself and cleans up. */
static void test_host_dies(void **state)
{
    static const int numbers[] = {SIGKILL, SIGINT, SIGTERM};
    (void)state;
    GCCJIT_OR_SKIP();
    for (int i = 0; i < 3; i++) {
        pid_t child = start_long();
        kill(child, numbers[i]);
        waitpid(child, NULL, 0);
        wait_until(folder_is_empty, "the compiler has cleaned up");
    }
}

/* The program of a process, by /proc: the child of `parent`. 0: none. */
static pid_t child_of(pid_t parent)
{
    char path[64];
    long child = 0;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%ld", &child) != 1)
        child = 0;
    if (file)
        fclose(file);
    return (pid_t)child;
}

/* The program, or its child that compiles, is killed or asked to stop: a status, and nothing is left. */
static void test_program_dies(void **state)
{
    static const struct { bool inner; int number; } ways[] = {{false, SIGKILL}, {false, SIGTERM}, {true, SIGKILL}, {true, SIGSEGV}};
    (void)state;
    GCCJIT_OR_SKIP();
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        int status;
        pid_t child = start_long(), program = child_of(child), inner = 0;
        if (program == 0) {
            print_message("/proc does not tell children: skipped\n");
            waitpid(child, &status, 0);
            skip();
        }
        for (int turn = 0; ways[i].inner && turn < 500 && !(inner = child_of(program)); turn++)
            nanosleep(&(struct timespec){0, 2000000}, NULL);
        kill(ways[i].inner ? inner : program, ways[i].number);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1); /* a status, no crash */
        wait_until(folder_is_empty, "nothing is left");
    }
}

/* ---- hosts of all kinds ---- */

static void *emit_often(void *arg)
{
    rt_error error;
    for (int i = 0; i < 3; i++)
        if (emit_with(KERNEL, NULL, &error) != SPC_OK)
            return arg;
    return NULL;
}

static void test_many_at_once(void **state)
{
    pthread_t threads[4];
    void *failed;
    (void)state;
    GCCJIT_OR_SKIP();
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, emit_often, folder), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(entries_in(folder), 0);
}

/* Without standard descriptors, with children ignored, with signals blocked. */
static int in_odd_host(void)
{
    rt_error error;
    sigset_t all;

    signal(SIGCHLD, SIG_IGN);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (int fd = 0; fd < 10; fd++)
        close(fd);
    return emit_with(KERNEL, NULL, &error) == SPC_OK ? 0 : 1;
}

static void test_odd_host(void **state)
{
    int status;
    (void)state;
    GCCJIT_OR_SKIP();
    pid_t child = fork();
    if (child == 0)
        _exit(in_odd_host());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(entries_in(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_program),   cmocka_unit_test(test_no_assembler), cmocka_unit_test(test_failing_assembler),
        cmocka_unit_test(test_bad_folders),  cmocka_unit_test(test_full_folder),  cmocka_unit_test(test_host_dies),
        cmocka_unit_test(test_program_dies), cmocka_unit_test(test_many_at_once), cmocka_unit_test(test_odd_host),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
