/* backends.c: which code generators this build has. */
#include "backends/backend.h"
#include <string.h>

#ifdef SPC_HAVE_LLVM
#include "backends/llvm/llvm.h"
#define BUILT_llvm &be_llvm
#else
#define BUILT_llvm NULL
#endif
#ifdef SPC_HAVE_GCCJIT
#include "backends/gccjit/gccjit.h"
#define BUILT_gccjit &be_gccjit
#else
#define BUILT_gccjit NULL
#endif

typedef struct known_backend {
    const char *name, *allows;
    const be_backend *backend; /* NULL: not built in */
} known_backend;

static const known_backend known[] = {
#define BACKEND(name, allows) {#name, allows, BUILT_##name},
#include "backends/backends.def"
#undef BACKEND
};
enum { KNOWN = sizeof known / sizeof *known };

const be_backend *be_at(int index)
{
    for (int i = 0; i < KNOWN && index >= 0; i++)
        if (known[i].backend && index-- == 0)
            return known[i].backend;
    return NULL;
}

const char *be_absent_at(int index, const char **allows)
{
    for (int i = 0; i < KNOWN && index >= 0; i++)
        if (!known[i].backend && index-- == 0) {
            *allows = known[i].allows;
            return known[i].name;
        }
    return NULL;
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
