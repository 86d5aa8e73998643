/* stage: makes outputs aside and puts them in place together. */
#include "api/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct output {
    const char *path;   /* as given, for messages */
    const char *target; /* what is replaced: links are followed */
    const char *folder, *aside, *backup; /* NULL: nothing there */
    const char *data;                    /* of a stream that is written from memory; borrowed until the commit */
    size_t size;
    bool stream, replaced, had_backup, existed;
    struct output *next;
} output;

struct api_stage {
    spc_session *session;
    output *first, **last;
    int count;
};

bool api_is_stream(const char *path)
{
    struct stat info;
    if (!strcmp(path, "-")) return true;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

static void remove_files(void *object)
{
    api_stage *stage = object;
    for (output *o = stage->first; o; o = o->next) {
        if (o->aside) unlink(o->aside);
        if (o->backup) unlink(o->backup);
        if (o->folder) rmdir(o->folder);
    }
    stage->first = NULL;
    stage->last = &stage->first;
}

api_stage *api_stage_new(spc_session *s)
{
    api_stage *stage = IR_NEW(s->arena, api_stage);
    stage->session = s;
    stage->last = &stage->first;
    ir_defer(s->arena, remove_files, stage);
    return stage;
}

void api_stage_drop(api_stage *stage) { ir_release(stage->session->arena, stage); }

static spc_status cannot_write(api_stage *stage, const char *path)
{
    const int cause = errno;
    return api_fail(stage->session, rt_system_status(cause), path, "cannot write: %s", strerror(cause));
}

/* A folder of ours that nobody else can write into; not a link that somebody put there. */
static bool is_own_folder(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid() && !(info.st_mode & 077);
}

static bool was_made(const api_stage *stage, const char *path)
{
    for (const output *o = stage->first; o; o = o->next)
        if (o->folder && !strcmp(o->folder, path)) return true;
    return false;
}

/* The folder in which the output is made; several outputs may share a named one. */
static const char *make_folder(api_stage *stage, const char *parent)
{
    spc_session *s = stage->session;
    const char *name = api_option_value(s, API_staging);
    if (!name) return mkdtemp(ir_format(s->arena, "%s/.spc-XXXXXX", parent));
    const char *path = ir_format(s->arena, "%s/%s", parent, name);
    /* Once only: what is gone since then was removed by whoever named it, because the work is to end. */
    const bool made = was_made(stage, path);
    if (!made && mkdir(path, 0700) == 0) return path;
    const int cause = made ? ENOENT : errno;
    if ((made || cause == EEXIST) && is_own_folder(path)) return path;
    errno = cause;
    return NULL;
}

static const char *follow_link(spc_session *s, const char *path)
{
    struct stat info;
    char resolved[PATH_MAX];
    if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode) && realpath(path, resolved)) return ir_strdup(s->arena, resolved);
    return path;
}

static bool same_file(const char *path, const struct stat *info)
{
    struct stat other;
    return stat(path, &other) == 0 && other.st_dev == info->st_dev && other.st_ino == info->st_ino;
}

/* An output must replace neither an input nor another output. */
static spc_status refuse_clash(api_stage *stage, const output *o, const struct stat *info)
{
    spc_session *s = stage->session;
    for (const output *other = stage->first; other; other = other->next)
        if (!strcmp(other->target, o->target)) return api_fail(s, SPC_E_ARG, o->path, "two outputs have this name");
    for (size_t i = 0; o->existed && i < s->input_count; i++)
        if (same_file(s->inputs[i], info)) return api_fail(s, SPC_E_ARG, o->path, "the output would replace an input");
    return SPC_OK;
}

static spc_status add_output(api_stage *stage, const char *path, output **out)
{
    spc_session *s = stage->session;
    struct stat info;
    output *o = *out = IR_NEW(s->arena, output);
    o->path = ir_strdup(s->arena, path);
    o->stream = api_is_stream(path);
    o->target = o->stream ? o->path : follow_link(s, o->path);
    o->existed = stat(o->target, &info) == 0;
    if (!o->stream && o->existed && S_ISDIR(info.st_mode)) {
        errno = EISDIR;
        return cannot_write(stage, path);
    }
    spc_status status = o->stream ? SPC_OK : refuse_clash(stage, o, &info);
    if (status) return status;
    *stage->last = o;
    stage->last = &o->next;
    return SPC_OK;
}

static spc_status make_aside(api_stage *stage, output *o)
{
    spc_session *s = stage->session;
    o->folder = make_folder(stage, o->stream ? P_tmpdir : dirname(ir_strdup(s->arena, o->target)));
    if (!o->folder) return cannot_write(stage, o->path);
    o->aside = ir_format(s->arena, "%s/%d.out", o->folder, stage->count++);
    return SPC_OK;
}

spc_status api_stage_add(api_stage *stage, const char *path, const char **aside)
{
    output *o;
    spc_status status = add_output(stage, path, &o);
    if (!status) status = make_aside(stage, o);
    *aside = o->aside;
    return status;
}

/* Writes everything; errno says why not. */
static bool write_all(int file, const char *data, size_t size)
{
    while (size > 0) {
        const ssize_t wrote = write(file, data, size);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return false;
        data += wrote;
        size -= (size_t)wrote;
    }
    return true;
}

static spc_status write_aside(api_stage *stage, const output *o, const char *data, size_t size)
{
    const int file = open(o->aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) return cannot_write(stage, o->path);
    bool good = write_all(file, data, size);
    const int cause = errno;
    if (close(file) != 0 && good) return cannot_write(stage, o->path);
    errno = cause;
    return good ? SPC_OK : cannot_write(stage, o->path);
}

spc_status api_stage_write(api_stage *stage, const char *path, const char *data, size_t size)
{
    output *o;
    spc_status status = add_output(stage, path, &o);
    o->data = data;
    o->size = size;
    if (!status && !o->stream) status = make_aside(stage, o);
    return status || o->stream ? status : write_aside(stage, o, data, size);
}

static bool copy_to(int from, int to)
{
    static const size_t chunk = 1 << 16;
    char buffer[1 << 16];
    ssize_t got;
    while ((got = read(from, buffer, chunk)) != 0) {
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 || !write_all(to, buffer, (size_t)got)) return false;
    }
    return true;
}

static spc_status write_stream(api_stage *stage, const output *o)
{
    const bool standard = !strcmp(o->path, "-");
    const int from = o->aside ? open(o->aside, O_RDONLY | O_CLOEXEC) : -1;
    const int to = standard ? STDOUT_FILENO : open(o->target, O_WRONLY | O_CLOEXEC);
    bool good = to >= 0 && (o->aside ? from >= 0 && copy_to(from, to) : write_all(to, o->data, o->size));
    int cause = errno;
    if (from >= 0) close(from);
    if (!standard && to >= 0 && close(to) != 0 && good) {
        cause = errno;
        good = false;
    }
    errno = cause;
    return good ? SPC_OK : cannot_write(stage, standard ? "standard output" : o->path);
}

static bool put_in_place(spc_session *s, output *o)
{
    if (o->existed) {
        o->backup = ir_format(s->arena, "%s.old", o->aside);
        o->had_backup = link(o->target, o->backup) == 0;
    }
    o->replaced = rename(o->aside, o->target) == 0;
    return o->replaced;
}

static void take_back(api_stage *stage)
{
    for (output *o = stage->first; o; o = o->next) {
        if (!o->replaced) continue;
        if (o->had_backup) rename(o->backup, o->target);
        else if (!o->existed) unlink(o->target);
    }
}

spc_status api_stage_commit(api_stage *stage)
{
    spc_status status = SPC_OK;
    for (output *o = stage->first; o && !status; o = o->next)
        if (o->stream) status = write_stream(stage, o);
    for (output *o = stage->first; o && !status; o = o->next)
        if (!o->stream && !put_in_place(stage->session, o)) status = cannot_write(stage, o->path);
    if (status) take_back(stage);
    api_stage_drop(stage);
    return status;
}
