/* check: compiled layers against the reference. */
#include "api/main/command.h"

int cli_check(const cli_args *args) { return cli_later(args); }
