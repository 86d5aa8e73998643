/* about: what this library is and what is built in. */
#include "api/session.h"

#include <stdio.h>

RT_EXPORT const char *spc_version(void) { return SPC_VERSION; }

RT_EXPORT const char *spc_backend_at(int index, char *buffer, size_t size)
{
    const be_backend *backend = be_at(index);
    if (!backend || !buffer || size == 0) return NULL;
    snprintf(buffer, size, "%s (%s)", backend->name, backend->version());
    return buffer;
}
