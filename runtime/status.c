/* status: the words for a spc_status, the only thing that all parts share at run time.
 * A value that this version does not know still gets a text, because hosts print what they are given. */
#include "runtime/export.h"
#include <spc/spc_rt.h>

RT_EXPORT const char *spc_status_text(spc_status status)
{
    static const char *const texts[] = {
        [SPC_OK] = "done",
        [SPC_E_ARG] = "wrong argument",
        [SPC_E_NOMEM] = "out of memory",
        [SPC_E_IO] = "a file could not be read or written",
        [SPC_E_PROGRAM] = "the program or its data is wrong",
        [SPC_E_UNSUPPORTED] = "not supported here",
        [SPC_E_BACKEND] = "code generation or loading failed",
        [SPC_E_ABI] = "compiled for another ABI version",
        [SPC_E_INTERNAL] = "internal error of spc",
    };
    if ((unsigned)status >= sizeof texts / sizeof *texts)
        return "unknown status";
    return texts[status];
}
