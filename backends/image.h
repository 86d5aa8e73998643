/* image: objects into this process through the system linker and the dynamic loader, for code generators that have no
 * loader of their own. See be_backend in backend.h for what each function promises. */
#ifndef SPC_BACKEND_IMAGE_H
#define SPC_BACKEND_IMAGE_H

#include "backends/backend.h"

spc_status be_image_load(const be_blob *objects, size_t count, const void *weights, be_image **out, rt_error *);
void *be_image_symbol(be_image *, const char *name);
void be_image_unload(be_image *);

/* Loads, finds and unloads as above what several generators made together; it emits nothing. */
extern const be_backend be_linked;

#endif
