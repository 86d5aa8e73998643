/* unit: a request to one object. */
#ifndef SPC_GCCJIT_UNIT_H
#define SPC_GCCJIT_UNIT_H

#include "backends/gccjit/request.h"

/* Compiles the functions of the request to the file `out` in the folder, which may hold temporary files as well. */
spc_status gj_compile(const gj_request *, ir_module *, const char *folder, const char *out, ir_arena *, rt_error *);

#endif
