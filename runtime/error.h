/* error: one message of a failed runtime call. The compiler has ir/diag.h for more than one. */
#ifndef SPC_RT_ERROR_H
#define SPC_RT_ERROR_H

#include <spc/spc_rt.h>

typedef struct rt_error {
    spc_status status;
    char text[1024]; /* one line without newline, cut where too long */
} rt_error;

/* Fills e (NULL is allowed) and returns status, so that `return rt_fail(e, SPC_E_IO, "...", ...)` reads well. */
spc_status rt_fail(rt_error *e, spc_status status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* What the system could not do: SPC_E_NOMEM where it lacked memory, SPC_E_IO for any other value of errno. */
spc_status rt_system_status(int number);

#endif
