/* main.c: spc-gccjit, the program that runs libgccjit for libspc. Not for use by hand.
 *
 * libgccjit writes temporary files, starts the assembler, and stops its process on a full disk: so a child of this program
 * compiles, in a folder of its own, and this one waits, removes the folder, and does so, too, when whoever asked dies.
 * Input: a request (request.h). Output: a reply in descriptor 3; messages of all tools go to 1 and 2. */
#include "backends/gccjit/helper/unit.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <libgccjit.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_REQUEST = 1 << 28, MOST_SECONDS = 600 };

#ifdef SPC_SANITIZED
/* libgccjit ends its process where it fails, with memory of its own still held: leaks mean nothing here. And whoever kills
 * the child must see it die: a report from within fork() waits for locks that it holds itself. */
const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
    return "detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_abort=0";
}
#endif

/* ---- the reply ---- */

static bool write_at(const void *data, size_t size, off_t offset)
{
    const char *next = data;

    while (size > 0) {
        ssize_t n = pwrite(GJ_REPLY_FD, next, size, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        next += n;
        size -= (size_t)n;
        offset += n;
    }
    return true;
}

static bool reply_with(gj_reply *reply, spc_status status, const char *message)
{
    reply->status = status;
    reply->finished = 1;
    snprintf(reply->message, sizeof reply->message, "%s", message ? message : "");
    return write_at(reply, sizeof *reply, 0);
}

static char *read_file(int fd, ir_arena *arena, size_t *size)
{
    struct stat info;

    if (fstat(fd, &info) != 0 || info.st_size < 0 || info.st_size > MOST_REQUEST)
        return NULL;
    char *data = ir_alloc(arena, (size_t)info.st_size + 1);
    for (*size = 0; *size < (size_t)info.st_size;) {
        ssize_t n = pread(fd, data + *size, (size_t)info.st_size - *size, (off_t)*size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return NULL;
        *size += (size_t)n;
    }
    return data;
}

/* On a full disk some versions write less and say nothing: a whole object ends behind its table of sections, a text with
 * a line. */
static bool is_whole(const char *data, size_t size, be_format format)
{
    Elf64_Ehdr header;

    if (format != BE_OBJECT)
        return size > 0 && data[size - 1] == '\n';
    if (size < sizeof header)
        return false;
    memcpy(&header, data, sizeof header);
    return memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_shnum > 0 && header.e_shoff < size
        && (uint64_t)header.e_shnum * header.e_shentsize <= size - header.e_shoff;
}

static bool send_file(gj_reply *reply, const char *path, be_format format, ir_arena *arena)
{
    size_t size;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *data = fd >= 0 ? read_file(fd, arena, &size) : NULL;

    if (fd >= 0)
        close(fd);
    if (data && !is_whole(data, size, format))
        return reply_with(reply, SPC_E_IO, "gccjit: the compiled code is cut short: no space left for temporary files?");
    if (!data || !write_at(data, size, sizeof *reply))
        return reply_with(reply, SPC_E_IO, "the compiled code cannot be passed on");
    reply->bytes = size;
    return reply_with(reply, SPC_OK, NULL);
}

/* ---- the child: compiles ---- */

static void compile(gj_reply *reply)
{
    ir_arena *arena = ir_arena_new(0);
    gj_request request;
    rt_error error = {0};
    size_t size = 0;

    if (!arena || setjmp(*ir_guard(arena))) {
        reply_with(reply, SPC_E_NOMEM, "out of memory");
        return;
    }
    char *text = read_file(STDIN_FILENO, arena, &size), *out = ir_format(arena, "%s/out", reply->folder);
    if (!text || !gj_request_read(text, size, arena, &request)) {
        reply_with(reply, SPC_E_INTERNAL, "gccjit: not a request");
        return;
    }
    request.options.target = &request.target;
    ir_module *module = ir_module_new(arena, ir_diags_new(arena));
    const ir_source source = {"kernels", request.text, request.text_bytes};
    if (ir_parse(module, &source)) {
        reply_with(reply, SPC_E_INTERNAL, ir_diags_text(module->diags));
        return;
    }
    gj_request_place(&request, module);
    spc_status status = gj_compile(&request, module, reply->folder, out, arena, &error);
    if (status)
        reply_with(reply, status, error.text);
    else
        send_file(reply, out, request.format, arena);
}

_Noreturn static void run_child(gj_reply *reply)
{
    struct rlimit seconds = {MOST_SECONDS, MOST_SECONDS}, none = {0, 0};
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CPU, &seconds);
    setrlimit(RLIMIT_CORE, &none);
    compile(reply);
    fflush(NULL);
    _exit(0);
}

/* ---- the folder ---- */

/* PATH for the assembler; nothing else of the caller's environment reaches the compiler. */
static bool set_environment(const char *folder)
{
    const char *path = getenv("PATH");
    char *kept = strdup(path ? path : "/usr/bin:/bin");
    bool ok = kept && clearenv() == 0 && setenv("PATH", kept, 1) == 0 && setenv("TMPDIR", folder, 1) == 0
        && setenv("LC_ALL", "C", 1) == 0;

    free(kept);
    return ok;
}

static bool open_folder(gj_reply *reply)
{
    const char *place = getenv("TMPDIR");

    if (!place || place[0] != '/' || strlen(place) > sizeof reply->folder - 32)
        place = "/tmp";
    snprintf(reply->folder, sizeof reply->folder, "%s/spc-gccjit-XXXXXX", place);
    if (mkdtemp(reply->folder))
        return true;
    char message[sizeof reply->message];
    snprintf(message, sizeof message, "no temporary folder: %s: %s", reply->folder, strerror(errno));
    reply->folder[0] = '\0';
    reply_with(reply, SPC_E_IO, message);
    return false;
}

/* ---- waiting ---- */

/* Until the child is done, or whoever asked is gone or sends a signal, or it takes too long; then the child is stopped
 * with all that it started, which are in this process group. */
static int wait_for(pid_t child, const sigset_t *signals)
{
    int status = 0;

    for (;;) {
        int number = sigtimedwait(signals, NULL, &(struct timespec){.tv_sec = MOST_SECONDS});
        if (number == SIGCHLD && waitpid(child, &status, WNOHANG) == child)
            return status;
        if ((number < 0 && errno == EINTR) || number == SIGCHLD)
            continue;
        signal(SIGTERM, SIG_IGN);
        kill(child, SIGKILL);
        kill(0, SIGTERM);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
        return status;
    }
}

/* What the child wrote, if it came to that. */
static void read_result(gj_reply *reply)
{
    gj_reply written;

    if (pread(GJ_REPLY_FD, &written, sizeof written, 0) == sizeof written && written.finished)
        *reply = written;
}

int main(int argc, char **argv)
{
    gj_reply reply = {.magic = GJ_MAGIC, .status = SPC_E_BACKEND};
    sigset_t signals;

    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("%d.%d.%d\n", gcc_jit_version_major(), gcc_jit_version_minor(), gcc_jit_version_patchlevel());
        return 0;
    }
    if (argc != 2 || fcntl(GJ_REPLY_FD, F_GETFD) < 0) {
        fprintf(stderr, "%s is started by libspc, which needs it to compile\n", argv[0]);
        return 2;
    }
    sigemptyset(&signals);
    for (const int *s = (const int[]){SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, 0}; *s; s++)
        sigaddset(&signals, *s);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != (pid_t)atol(argv[1])) /* gone before the line above */
        return 1;
    if (!open_folder(&reply))
        return 1;
    if (!write_at(&reply, sizeof reply, 0) || !set_environment(reply.folder)) {
        gj_remove_folder(reply.folder);
        return 1;
    }
    pid_t child = fork();
    if (child == 0)
        run_child(&reply);
    int status = child > 0 ? wait_for(child, &signals) : 1 << 8;
    gj_remove_folder(reply.folder);
    read_result(&reply);
    reply.folder[0] = '\0';
    write_at(&reply, sizeof reply, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
