/* backends.c: which code generators this build has. */
#include "backends/backend.h"
#include <string.h>

#ifdef SPC_HAVE_LLVM
#include "backends/llvm/llvm.h"
#endif
#ifdef SPC_HAVE_GCCJIT
#include "backends/gccjit/gccjit.h"
#endif

/* In order of preference: the first is the default. */
static const be_backend *const backends[] = {
#ifdef SPC_HAVE_LLVM
    &be_llvm,
#endif
#ifdef SPC_HAVE_GCCJIT
    &be_gccjit,
#endif
    NULL,
};

const be_backend *be_at(int index)
{
    int count = (int)(sizeof backends / sizeof *backends) - 1;
    return index >= 0 && index < count ? backends[index] : NULL;
}

const be_backend *be_find(const char *name)
{
    const be_backend *backend = be_at(0);

    if (!name)
        return backend;
    for (int i = 0; (backend = be_at(i)); i++)
        if (strcmp(backend->name, name) == 0)
            break;
    return backend;
}
