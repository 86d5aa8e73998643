/* cache: compiled objects by the hash of everything that shaped them (function text, target, backend and its version,
 * spc's version and what its code generators were built from, options). A folder of files; several processes at once; a broken entry is a miss. */
#ifndef SPC_BACKEND_CACHE_H
#define SPC_BACKEND_CACHE_H

#include "backends/backend.h"

/* dir NULL: no cache on disk (always a miss). Emits one function through the cache. *hit may be NULL. */
spc_status be_emit_cached(const be_backend *, const ir_module *, const ir_func *, const be_options *, const char *dir,
                          be_blob *out, bool *hit, rt_error *);

#endif
