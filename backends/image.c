/* image.c: links objects to a library in a fresh temporary folder, loads it, and removes file and folder at once; the
 * mapping stays. The loader maps code executable and data writable, never both.
 *
 * The address of the weights is a symbol with a fixed value. Folders are tried in turn, as some are read-only, full or not
 * for programs. */
#include "backends/image.h"
#include "backends/link.h"
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct be_image {
    void *library;
};

static const char *const places[] = {"/tmp", "/var/tmp", "/dev/shm", NULL};

static spc_status link_and_open(be_link_job *job, const char *folder, be_image *image, rt_error *error)
{
    char path[64];

    snprintf(path, sizeof path, "%s/image.so", folder);
    job->output = path;
    spc_status status = be_link(job, error);
    if (status)
        return status;
    image->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!image->library) {
        const char *why = dlerror();
        status = rt_fail(error, SPC_E_IO, "cannot load compiled code: %s", why ? why : path);
    }
    unlink(path);
    return status;
}

static spc_status load_from(be_link_job *job, const char *place, be_image *image, rt_error *error)
{
    char folder[48];

    snprintf(folder, sizeof folder, "%s/spc-image-XXXXXX", place);
    if (!mkdtemp(folder))
        return rt_fail(error, rt_system_status(errno), "%s: %s", folder, strerror(errno));
    spc_status status = link_and_open(job, folder, image, error);
    rmdir(folder);
    return status;
}

spc_status be_image_load(const be_blob *objects, size_t count, const void *weights, be_image **out, rt_error *error)
{
    be_link_job job = {.objects = objects, .object_count = count, .for_here = true, .weights = weights};
    be_image *image = calloc(1, sizeof *image);
    spc_status status = SPC_E_IO;

    *out = NULL;
    if (!image)
        return rt_fail(error, SPC_E_NOMEM, "out of memory");
    for (int i = 0; places[i] && status == SPC_E_IO; i++)
        status = load_from(&job, places[i], image, error);
    if (status) {
        free(image);
        return status;
    }
    *out = image;
    return SPC_OK;
}

void *be_image_symbol(be_image *image, const char *name) { return dlsym(image->library, name); }

void be_image_unload(be_image *image)
{
    if (!image)
        return;
    dlclose(image->library);
    free(image);
}

const be_backend be_linked = {.name = "linked", .load = be_image_load, .symbol = be_image_symbol, .unload = be_image_unload};
