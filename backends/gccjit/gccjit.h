/* gccjit.h: the libgccjit backend; see be_backend in backend.h for what each function promises. */
#ifndef SPC_GCCJIT_H
#define SPC_GCCJIT_H

#include "backends/backend.h"

extern const be_backend be_gccjit;

spc_status gccjit_emit(const ir_module *, const ir_func *const *funcs, size_t count, const be_options *, be_format,
                       be_blob *out, rt_error *);

#endif
