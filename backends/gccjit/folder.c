/* folder.c: removes the folder of temporary files that a compilation leaves. Part of the library and of the program. */
#include "backends/gccjit/request.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void remove_folder(const char *path, int depth)
{
    DIR *folder = opendir(path);

    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char inner[GJ_MOST_FOLDER + 300];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (unlink(inner) != 0 && depth > 0)
            remove_folder(inner, depth - 1);
    }
    if (folder)
        closedir(folder);
    rmdir(path);
}

void gj_remove_folder(const char *path)
{
    remove_folder(path, 3); /* libgccjit makes a folder of its own in it */
}
