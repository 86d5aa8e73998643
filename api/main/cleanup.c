/* cleanup: leaves no half-made outputs behind when a signal ends the command.
 *
 * All other threads block the signals; one waits for them, removes the folders and then lets the signal do what it
 * does. A folder is removed until it is gone, since the compiler may still be writing into it. */
#include "command.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_TRIES = 1000, MAX_DEPTH = 4 };

typedef struct watch {
    sigset_t signals;
    char **folders;
    size_t count;
} watch;

const char *cli_staging_name(char buffer[CLI_STAGING_SIZE])
{
    snprintf(buffer, CLI_STAGING_SIZE, ".spc-%ld", (long)getpid());
    return buffer;
}

static void remove_tree(const char *path, int depth)
{
    DIR *folder = opendir(path);
    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        char inner[4096];
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        if (snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) >= (int)sizeof inner) continue;
        if (unlink(inner) != 0 && depth < MAX_DEPTH) remove_tree(inner, depth + 1);
    }
    if (folder) closedir(folder);
    rmdir(path);
}

static void remove_folder(const char *path)
{
    for (int tries = 0; tries < MAX_TRIES && access(path, F_OK) == 0; tries++) remove_tree(path, 0);
}

static void *wait_for_signal(void *object)
{
    const watch *w = object;
    int number = SIGTERM;
    sigwait(&w->signals, &number);
    for (size_t i = 0; i < w->count; i++) remove_folder(w->folders[i]);
    signal(number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &w->signals, NULL);
    raise(number);
    return NULL;
}

static void add_folder(watch *w, const char *parent)
{
    char name[CLI_STAGING_SIZE];
    if (asprintf(&w->folders[w->count], "%s/%s", parent, cli_staging_name(name)) >= 0) w->count++;
}

/* Without a thread the command works all the same; only a signal may then leave a folder behind. */
void cli_guard_outputs(const char *const *paths, size_t count)
{
    watch *w = calloc(1, sizeof *w);
    pthread_t thread;
    if (!w || !(w->folders = calloc(count + 1, sizeof *w->folders))) return;
    add_folder(w, P_tmpdir);
    for (size_t i = 0; i < count; i++) {
        char *copy = strdup(paths[i]);
        if (copy) add_folder(w, dirname(copy));
        free(copy);
    }
    sigemptyset(&w->signals);
    sigaddset(&w->signals, SIGINT);
    sigaddset(&w->signals, SIGTERM);
    sigaddset(&w->signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &w->signals, NULL);
    if (pthread_create(&thread, NULL, wait_for_signal, w) == 0) pthread_detach(thread);
    else pthread_sigmask(SIG_UNBLOCK, &w->signals, NULL);
}
