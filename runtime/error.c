/* error: fills in the one message of a failed runtime call. */
#include "runtime/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* The text is one line: what came from a file name or a header must not break it. */
static void keep_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = ' ';
}

spc_status rt_fail(rt_error *e, spc_status status, const char *fmt, ...)
{
    if (!e)
        return status;
    va_list args;
    va_start(args, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, args);
    va_end(args);
    keep_one_line(e->text);
    e->status = status;
    return status;
}

spc_status rt_system_status(int number)
{
    return number == ENOMEM ? SPC_E_NOMEM : SPC_E_IO;
}
