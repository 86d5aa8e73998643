/* gccjit.c: the libgccjit backend's vtable. Code is made by a program of its own (client.c) and loaded by the dynamic
 * loader; this process never sees libgccjit. */
#include "backends/gccjit/gccjit.h"
#include "backends/image.h"

/* Of the libgccjit that spc was built with; the program may run with a newer one. */
static const char *version(void) { return "libgccjit " SPC_GCCJIT_VERSION; }

const be_backend be_gccjit = {
    .name = "gccjit", .version = version, .emit = gccjit_emit,
    .load = be_image_load, .symbol = be_image_symbol, .unload = be_image_unload,
};
