/* llvm.h: the LLVM backend, and its loading half (jit.c); see be_backend in backend.h for what each function promises. */
#ifndef SPC_LLVM_H
#define SPC_LLVM_H

#include "backends/backend.h"

extern const be_backend be_llvm;

void llvm_register(void); /* makes LLVM's x86 target known, once per process */
spc_status llvm_load(const be_blob *objects, size_t count, const void *weights, be_image **out, rt_error *);
void *llvm_symbol(be_image *, const char *name);
void llvm_unload(be_image *);

#endif
