/* client.c: runs spc-gccjit for each emission and turns what comes back into an object or a status.
 *
 * Request, reply and messages are files in memory, so nothing blocks and no signal can hit the host. The program runs in a
 * process group of its own: a signal from the terminal reaches the host alone, whose end the program notices. Several
 * emissions at once are several processes. */
#include "backends/gccjit/gccjit.h"
#include "backends/gccjit/request.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

typedef struct client {
    const be_options *options;
    ir_arena *arena;
    rt_error *error;
    int request, reply, messages; /* descriptors; -1: none */
    int status;                   /* of the program; -1: not known */
} client;

static spc_status no_memory(rt_error *error) { return rt_fail(error, SPC_E_NOMEM, "out of memory"); }

/* ---- the program ---- */

static const char *if_there(const char *path) { return access(path, X_OK) == 0 ? path : NULL; }

/* Beside the library or program that this code is part of, as installed and as built; else where it was to be installed. */
static const char *find_program(const client *c)
{
    Dl_info info;
    char *folder = NULL;
    const char *slash, *found = NULL;

    if (c->options->helper)
        return c->options->helper;
    if (dladdr((void *)(uintptr_t)gccjit_emit, &info) && info.dli_fname && (slash = strrchr(info.dli_fname, '/')))
        folder = ir_strndup(c->arena, info.dli_fname, (size_t)(slash - info.dli_fname));
    for (int i = 0; folder && i < 2 && !found; i++) /* lib/libspc.so, lib/x86_64-linux-gnu/libspc.so */
        found = if_there(ir_format(c->arena, "%s/..%s/libexec/spc/%s", folder, i ? "/.." : "", GJ_PROGRAM));
    return found ? found : if_there(SPC_LIBEXEC_DIR "/" GJ_PROGRAM);
}

/* Descriptors above those that the program is given, so that none is overwritten while they are put in place. */
static int memory_file(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC), high;

    if (fd < 0 || fd > GJ_REPLY_FD)
        return fd;
    high = fcntl(fd, F_DUPFD_CLOEXEC, GJ_REPLY_FD + 1);
    close(fd);
    return high;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all, none;
    int failure = posix_spawnattr_setpgroup(attributes, 0);

    sigfillset(&all);
    sigemptyset(&none);
    if (!failure)
        failure = posix_spawnattr_setsigdefault(attributes, &all);
    if (!failure)
        failure = posix_spawnattr_setsigmask(attributes, &none);
    return failure ? failure : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF
                                                                    | POSIX_SPAWN_SETSIGMASK);
}

static int spawn(const client *c, const char *program, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char parent[24];
    char *arguments[] = {(char *)GJ_PROGRAM, parent, NULL};
    int failure = posix_spawn_file_actions_init(&actions);

    snprintf(parent, sizeof parent, "%ld", (long)getpid());
    if (failure)
        return failure;
    failure = posix_spawnattr_init(&attributes);
    if (!failure) {
        failure = set_attributes(&attributes);
        const int sources[] = {c->request, c->messages, c->messages, c->reply};
        for (int i = 0; i < 4 && !failure; i++)
            failure = posix_spawn_file_actions_adddup2(&actions, sources[i], i);
        if (!failure)
            failure = posix_spawn(pid, program, &actions, &attributes, arguments, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

static spc_status run(client *c)
{
    const char *program = find_program(c);
    pid_t pid;

    if (!program)
        return rt_fail(c->error, SPC_E_BACKEND, "the program %s, which compiles for this backend, is not installed", GJ_PROGRAM);
    int failure = spawn(c, program, &pid);
    if (failure)
        return rt_fail(c->error, SPC_E_BACKEND, "cannot start %s: %s", program, strerror(failure));
    while (waitpid(pid, &c->status, 0) < 0)
        if (errno != EINTR) { /* the host ignores SIGCHLD: the reply tells */
            c->status = -1;
            break;
        }
    if (c->status != 0)
        kill(-pid, SIGKILL); /* whatever it left running; nothing, unless it was killed */
    return SPC_OK;
}

/* ---- the reply ---- */

/* What tools said, in one line. */
static void read_messages(const client *c, char *text, size_t size)
{
    ssize_t n = pread(c->messages, text, size - 1, 0);
    size_t used = n > 0 ? (size_t)n : 0;

    while (used > 0 && (text[used - 1] == '\n' || text[used - 1] == ' '))
        used--;
    text[used] = '\0';
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < ' ')
            *at = ' ';
}

static bool says(const char *text, const char *what) { return strstr(text, what) != NULL; }

/* What went wrong, by what the tools said about it. */
static spc_status judge(const client *c, const gj_reply *reply, const char *messages)
{
    const char *ours = reply->finished ? reply->message : "";

    if (says(messages, "No space left") || says(messages, "File size limit") || says(messages, "quota exceeded")
        || says(ours, "No space left"))
        return rt_fail(c->error, SPC_E_IO, "gccjit: no space left for temporary files: %s", *messages ? messages : ours);
    if (says(messages, "cannot execute") || says(messages, "CreateProcess") || says(ours, "binutils"))
        return rt_fail(c->error, SPC_E_BACKEND, "there is no assembler (as) in PATH; install the package binutils");
    if (reply->finished)
        return rt_fail(c->error, (spc_status)reply->status, "%s%s%s", ours, *messages ? ": " : "", messages);
    if (WIFSIGNALED(c->status) && c->status > 0)
        return rt_fail(c->error, SPC_E_BACKEND, "gccjit: the compiler was stopped by signal %d", WTERMSIG(c->status));
    return rt_fail(c->error, SPC_E_BACKEND, "libgccjit failed: %s", *messages ? messages : "it was interrupted");
}

static spc_status take_object(const client *c, const gj_reply *reply, be_blob *out)
{
    struct stat info;

    if (fstat(c->reply, &info) != 0 || (uint64_t)info.st_size != sizeof *reply + reply->bytes)
        return rt_fail(c->error, SPC_E_INTERNAL, "gccjit: a reply of the wrong size");
    out->data = malloc(reply->bytes + 1);
    if (!out->data)
        return no_memory(c->error);
    if (pread(c->reply, out->data, reply->bytes, sizeof *reply) != (ssize_t)reply->bytes) {
        free(out->data);
        *out = (be_blob){0};
        return rt_fail(c->error, rt_system_status(errno), "gccjit: cannot read the reply: %s", strerror(errno));
    }
    out->data[reply->bytes] = '\0';
    out->size = reply->bytes;
    return SPC_OK;
}

static spc_status read_reply(const client *c, be_blob *out)
{
    gj_reply reply = {0};
    char messages[800];

    read_messages(c, messages, sizeof messages);
    if (pread(c->reply, &reply, sizeof reply, 0) != sizeof reply || reply.magic != GJ_MAGIC)
        reply = (gj_reply){.status = SPC_E_BACKEND};
    reply.folder[sizeof reply.folder - 1] = reply.message[sizeof reply.message - 1] = '\0';
    if (reply.folder[0])
        gj_remove_folder(reply.folder);
    return reply.finished && reply.status == SPC_OK ? take_object(c, &reply, out) : judge(c, &reply, messages);
}

/* ---- one emission ---- */

static spc_status write_request(const client *c, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = write(c->request, text, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return rt_fail(c->error, rt_system_status(errno), "gccjit: cannot write the request: %s", strerror(errno));
        text += n;
        size -= (size_t)n;
    }
    return lseek(c->request, 0, SEEK_SET) == 0 ? SPC_OK : rt_fail(c->error, rt_system_status(errno), "gccjit: %s", strerror(errno));
}

static spc_status emit(client *c, const ir_func *const *funcs, size_t count, be_format format, be_blob *out)
{
    size_t size;

    if (setjmp(*ir_guard(c->arena)))
        return no_memory(c->error);
    const char *text = gj_request_write(funcs, count, c->options, format, c->arena, &size);
    c->request = memory_file("spc-request");
    c->reply = memory_file("spc-reply");
    c->messages = memory_file("spc-messages");
    if (c->request < 0 || c->reply < 0 || c->messages < 0)
        return rt_fail(c->error, rt_system_status(errno), "gccjit: no file in memory: %s", strerror(errno));
    spc_status status = write_request(c, text, size);
    if (!status)
        status = run(c);
    return status ? status : read_reply(c, out);
}

spc_status gccjit_emit(const ir_module *module, const ir_func *const *funcs, size_t count, const be_options *options,
                       be_format format, be_blob *out, rt_error *error)
{
    client c = {options, ir_arena_new(0), error, -1, -1, -1, 0};

    (void)module;
    *out = (be_blob){0};
    if (!c.arena)
        return no_memory(error);
    spc_status status = emit(&c, funcs, count, format, out);
    const int files[] = {c.request, c.reply, c.messages};
    for (int i = 0; i < 3; i++)
        if (files[i] >= 0)
            close(files[i]);
    ir_arena_free(c.arena);
    return status;
}
