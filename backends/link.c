/* link.c: runs the system linker on the objects, the data object and two small scripts, in a folder of their own, then
 * fills in the weights, which the linker only makes room for in a library.
 *
 * The linker is started directly, with an environment of our own (LD_RUN_PATH and the like would change the bytes). libc
 * and libm are named by the files that this process runs on, so neither development packages nor search paths matter;
 * the library records their sonames only. */
#include "backends/link.h"
#include "backends/elf.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The weights lie behind everything else, in a read-only segment of their own on a 2 MB border: nothing that is reached
 * by 32-bit offsets has them in between, and the kernel can map them in huge pages. */
static const char weights_script[] =
    "SECTIONS { " BE_WEIGHTS_SECTION " : ALIGN(0x200000) { *(" BE_WEIGHTS_SECTION ") } } INSERT AFTER .bss;\n";

/* Names that a tool may have, ended by NULL; the first that is installed is run. Linkers: those that know INSERT. */
static const char *const linkers[] = {"ld", "ld.bfd", "ld.lld", NULL};
static const char *const object_copiers[] = {"objcopy", "llvm-objcopy", NULL};

typedef struct strings {
    char **at; /* terminated by NULL */
    size_t count;
} strings;

typedef struct link_run {
    const be_link_job *job;
    rt_error *error;
    char *folder;
    strings files;     /* in folder, to be removed */
    strings arguments; /* of the tool that runs next */
} link_run;

static spc_status no_memory(rt_error *error) { return rt_fail(error, SPC_E_NOMEM, "out of memory"); }

/* ---- texts ---- */

/* Takes text over; false (and text freed) when there is no memory, or text is NULL already. */
static bool append(strings *list, char *text)
{
    char **grown = text ? realloc(list->at, (list->count + 2) * sizeof *grown) : NULL;

    if (!grown) {
        free(text);
        return false;
    }
    list->at = grown;
    list->at[list->count++] = text;
    list->at[list->count] = NULL;
    return true;
}

static bool append_copy(strings *list, const char *text) { return append(list, strdup(text)); }

static void strings_free(strings *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->at[i]);
    free(list->at);
    *list = (strings){0};
}

static char *joined(const char *a, const char *b)
{
    char *text = NULL;
    return asprintf(&text, "%s%s", a, b) < 0 ? NULL : text;
}

/* ---- the folder ---- */

static spc_status open_folder(link_run *run)
{
    const char *slash = strrchr(run->job->output, '/');
    int size = slash ? (int)(slash - run->job->output) + 1 : 2;

    if (asprintf(&run->folder, "%.*s.spc-XXXXXX", size, slash ? run->job->output : "./") < 0) {
        run->folder = NULL;
        return no_memory(run->error);
    }
    if (mkdtemp(run->folder))
        return SPC_OK;
    spc_status status = rt_fail(run->error, rt_system_status(errno), "%s: %s", run->folder, strerror(errno));
    free(run->folder);
    run->folder = NULL;
    return status;
}

static void close_folder(link_run *run)
{
    for (size_t i = 0; i < run->files.count; i++)
        unlink(run->files.at[i]);
    if (run->folder)
        rmdir(run->folder);
    free(run->folder);
    strings_free(&run->files);
    strings_free(&run->arguments);
}

/* The path of a new file in the folder, remembered for removal; NULL: no memory. */
static const char *new_file(link_run *run, const char *name)
{
    char *path = NULL;

    if (asprintf(&path, "%s/%s", run->folder, name) < 0)
        return NULL;
    return append(&run->files, path) ? path : NULL;
}

static spc_status write_file(link_run *run, const char *name, const char *data, size_t size, const char **path)
{
    *path = new_file(run, name);
    if (!*path)
        return no_memory(run->error);
    FILE *file = fopen(*path, "wbe");
    if (!file)
        return rt_fail(run->error, rt_system_status(errno), "%s: %s", *path, strerror(errno));
    bool ok = fwrite(data, 1, size, file) == size;
    int why = errno;
    if (fclose(file) != 0 && ok) {
        ok = false;
        why = errno;
    }
    return ok ? SPC_OK : rt_fail(run->error, rt_system_status(why), "%s: %s", *path, strerror(why));
}

/* ---- inputs ---- */

static spc_status write_exports(link_run *run, const char **path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    if (!file)
        return no_memory(run->error);
    fprintf(file, "{ global: %s;", BE_MANIFEST_SYMBOL);
    for (size_t i = 0; i < run->job->export_count; i++)
        fprintf(file, " %s;", run->job->exports[i]);
    fprintf(file, " local: *; };\n");
    spc_status status = fclose(file) == 0 ? write_file(run, "exports.map", text, size, path) : no_memory(run->error);
    free(text);
    return status;
}

static spc_status add_objects(link_run *run)
{
    const char *path;
    char name[32];

    for (size_t i = 0; i < run->job->object_count; i++) {
        snprintf(name, sizeof name, "%zu.o", i);
        spc_status status = write_file(run, name, run->job->objects[i].data, run->job->objects[i].size, &path);
        if (status)
            return status;
        if (!append_copy(&run->arguments, path))
            return no_memory(run->error);
    }
    if (run->job->for_here)
        return SPC_OK;
    path = new_file(run, "data.o");
    if (!path || !append_copy(&run->arguments, path))
        return no_memory(run->error);
    return be_elf_write(run->job, run->job->relocatable, path, run->error);
}

/* The file of a library of this process; NULL: not loaded. */
static char *library_path(const char *soname)
{
    struct link_map *map = NULL;
    char *path = NULL;
    void *handle = dlopen(soname, RTLD_LAZY | RTLD_NOLOAD);

    if (!handle)
        return NULL;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map->l_name[0] == '/')
        path = strdup(map->l_name);
    dlclose(handle);
    return path;
}

/* With libc at hand a symbol that nobody defines is found here and not by the user. */
static bool add_libraries(strings *arguments)
{
    char *libc = library_path("libc.so.6"), *libm = library_path("libm.so.6");
    bool ok = true;

    if (libc)
        ok = append_copy(arguments, "--as-needed") && append_copy(arguments, "--no-undefined");
    if (libc)
        ok = append(arguments, libc) && ok;
    if (libm)
        ok = append(arguments, libm) && ok;
    return ok;
}

/* The exports and the place of the weights, as scripts. */
static spc_status add_scripts(link_run *run)
{
    strings *arguments = &run->arguments;
    const char *exports = NULL, *script = NULL;

    spc_status status = write_exports(run, &exports);
    if (!status)
        status = write_file(run, "weights.ld", weights_script, sizeof weights_script - 1, &script);
    if (status)
        return status;
    bool ok = append(arguments, joined("--version-script=", exports)) && append_copy(arguments, "-T")
        && append_copy(arguments, script);
    return ok ? SPC_OK : no_memory(run->error);
}

/* Everything is to be found in the library, and its own references stay inside: but for the weights, which the linker
 * would take for an address inside of it as well. */
static spc_status add_weights_address(link_run *run)
{
    static const char dynamic[] = "{ " BE_WEIGHTS_SYMBOL "; };\n";
    char *symbol = NULL;
    const char *list;

    spc_status status = write_file(run, "dynamic.list", dynamic, sizeof dynamic - 1, &list);
    if (status)
        return status;
    if (asprintf(&symbol, "--defsym=%s=%#llx", BE_WEIGHTS_SYMBOL,
                 (unsigned long long)(uintptr_t)run->job->weights) < 0)
        symbol = NULL;
    bool ok = append(&run->arguments, symbol) && append(&run->arguments, joined("--dynamic-list=", list));
    return ok ? SPC_OK : no_memory(run->error);
}

/* --no-relax: the linker must not turn the weights' address from the table into a 32-bit offset. --build-id=none and the
 * rest: the same inputs give the same bytes. */
static spc_status library_arguments(link_run *run)
{
    static const char *const fixed[] = {"ld", "-shared", "--hash-style=gnu", "--build-id=none", "--no-relax",
                                        "--eh-frame-hdr", "-z", "noexecstack", "-z", "relro"};
    strings *arguments = &run->arguments;
    bool ok = true;

    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        ok = ok && append_copy(arguments, fixed[i]);
    ok = ok && append_copy(arguments, "-o") && append_copy(arguments, run->job->output);
    if (run->job->soname)
        ok = ok && append(arguments, joined("-soname=", run->job->soname));
    if (!ok)
        return no_memory(run->error);
    spc_status status = run->job->for_here ? add_weights_address(run) : add_scripts(run);
    if (!status)
        status = add_objects(run);
    return status || add_libraries(arguments) ? status : no_memory(run->error);
}

static spc_status object_arguments(link_run *run)
{
    strings *arguments = &run->arguments;
    bool ok = append_copy(arguments, "ld") && append_copy(arguments, "-r") && append_copy(arguments, "-o")
        && append_copy(arguments, run->job->output);

    return ok ? add_objects(run) : no_memory(run->error);
}

/* Makes kernels and weights local to the object, so that several of them go into one program. */
static spc_status copier_arguments(link_run *run)
{
    strings *arguments = &run->arguments;

    strings_free(arguments);
    bool ok = append_copy(arguments, "objcopy") && append_copy(arguments, "--keep-global-symbol=" BE_MANIFEST_SYMBOL);
    for (size_t i = 0; i < run->job->export_count; i++)
        ok = ok && append(arguments, joined("--keep-global-symbol=", run->job->exports[i]));
    ok = ok && append_copy(arguments, run->job->output);
    return ok ? SPC_OK : no_memory(run->error);
}

/* ---- the linker ---- */

static int spawn(const char *const *names, const strings *arguments, int messages, pid_t *pid)
{
    static char *const environment[] = {"LC_ALL=C", NULL}; /* messages are read below */
    posix_spawn_file_actions_t actions;
    int failure = posix_spawn_file_actions_init(&actions);

    if (failure)
        return failure;
    failure = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (!failure)
        failure = posix_spawn_file_actions_adddup2(&actions, messages, 1);
    if (!failure)
        failure = posix_spawn_file_actions_adddup2(&actions, messages, 2);
    for (; !failure && *names; names++) {
        failure = posix_spawnp(pid, *names, &actions, NULL, arguments->at, environment);
        if (failure != ENOENT)
            break;
        failure = names[1] ? 0 : ENOENT;
    }
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

/* Everything, so that the writer never waits; the first part is kept, as one line. */
static void read_messages(int fd, char *text, size_t size)
{
    char chunk[4096];
    size_t used = 0;

    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        for (ssize_t i = 0; i < n && used + 1 < size; i++)
            text[used++] = chunk[i] == '\n' ? ' ' : chunk[i];
    }
    while (used > 0 && text[used - 1] == ' ')
        used--;
    text[used] = '\0';
}

static spc_status judge(const link_run *run, int status, const char *messages)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return SPC_OK;
    if (strstr(messages, "No space left") || strstr(messages, "quota exceeded")
        || (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS)) /* a mapped output on a full disk */
        return rt_fail(run->error, SPC_E_IO, "%s: no space left: %s", run->job->output, messages);
    if (WIFSIGNALED(status))
        return rt_fail(run->error, SPC_E_BACKEND, "the linker died of signal %d: %s", WTERMSIG(status), messages);
    return rt_fail(run->error, SPC_E_BACKEND, "the linker failed: %s", messages);
}

/* Where the host ignores SIGCHLD there is no exit status: the output tells. */
static spc_status wait_for(const link_run *run, pid_t pid, const char *messages)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return access(run->job->output, R_OK) == 0
                ? SPC_OK : rt_fail(run->error, SPC_E_BACKEND, "the linker failed: %s", messages);
    return judge(run, status, messages);
}

static spc_status run_tool(const link_run *run, const char *const *names)
{
    char messages[800] = "";
    int ends[2], failure;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return rt_fail(run->error, SPC_E_BACKEND, "pipe: %s", strerror(errno));
    failure = spawn(names, &run->arguments, ends[1], &pid);
    close(ends[1]);
    if (!failure)
        read_messages(ends[0], messages, sizeof messages);
    close(ends[0]);
    if (failure == ENOENT)
        return rt_fail(run->error, SPC_E_BACKEND, "there is no linker (%s); install the package binutils", names[0]);
    if (failure)
        return rt_fail(run->error, SPC_E_BACKEND, "cannot start the linker (%s): %s", names[0], strerror(failure));
    return wait_for(run, pid, messages);
}

static spc_status link_all(link_run *run)
{
    const bool object = run->job->relocatable;
    spc_status status = object ? object_arguments(run) : library_arguments(run);

    if (status)
        return status;
    unlink(run->job->output);
    status = run_tool(run, linkers);
    if (!status && object)
        status = copier_arguments(run);
    if (!status && object)
        status = run_tool(run, object_copiers);
    if (!status && !object && !run->job->for_here)
        status = be_elf_fill(run->job, run->job->output, run->error);
    if (status)
        unlink(run->job->output);
    return status;
}

spc_status be_link(const be_link_job *job, rt_error *error)
{
    link_run run = {.job = job, .error = error};
    spc_status status = open_folder(&run);

    if (!status)
        status = link_all(&run);
    close_folder(&run);
    return status;
}

spc_status be_write_data_object(const be_link_job *job, const char *path, rt_error *error)
{
    return be_elf_write(job, true, path, error);
}
