/* module: the run side of a compiled program, whatever runs it: a kernels.so, code in memory, or the interpreter.
 *
 * Layers are called with 64-bit words: the layer's dims in order, input addresses, output addresses, and the address
 * of the spc_exec (or 0). The manifest (JSON) says what they are; docs/manifest.md describes it. */
#ifndef SPC_RT_MODULE_H
#define SPC_RT_MODULE_H

#include "runtime/error.h"
#include <spc/spc_rt.h>
#include <stdbool.h>

typedef struct rt_code {
    void *ctx;
    /* Address of a layer's function, NULL if there is none; NULL pointer: `call` is used instead. */
    void *(*symbol)(void *ctx, const char *name);
    int (*call)(void *ctx, const char *layer, const uint64_t *words, size_t count, rt_error *error);
    void (*release)(void *ctx);
} rt_code;

/* Takes over code (released with the module, and when this fails). */
spc_status rt_module_new(const char *manifest, const rt_code *code, spc_module **out, rt_error *);

/* Calls a function of `count` integer or pointer arguments, all passed as 64-bit words. Relies on the C ABIs of x86-64
 * (System V) and AArch64, in which surplus trailing arguments are ignored. count <= 120. */
int rt_call_words(void *function, const uint64_t *words, size_t count);

/* Evaluates the text of an extent (ir/extent.h). names/values: the dims. False on overflow, inexact division, division
 * by zero, an unknown name or a malformed text; *negative is not checked. */
bool rt_extent_eval(const char *text, const char *const *names, const int64_t *values, size_t count, int64_t *out);

#endif
