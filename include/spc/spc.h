/* spc.h - compile sparse layers.
 *
 * Needs libspc. A session is one compilation: it owns its memory and its messages and belongs to one thread at a
 * time; distinct sessions may live in distinct threads at once. Paths and texts are borrowed for the call only.
 *
 *     spc_session *s;
 *     spc_session_new(&s);
 *     if (spc_load_file(s, "model.sdl") || spc_bind_file(s, "model.safetensors") || spc_jit(s, &module))
 *         fputs(spc_messages(s), stderr);
 *     spc_session_free(s);
 */
#ifndef SPC_H
#define SPC_H

#include <spc/spc_rt.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct spc_session spc_session;

spc_status spc_session_new(spc_session **out);
void spc_session_free(spc_session *);
/* The command line's options as text: "cpu", "backend", "plan", "prefix", "wisdom", "memory", ... */
spc_status spc_set(spc_session *, const char *key, const char *value);
/* SDL text; name is what diagnostics call it. One program per session. */
spc_status spc_load(spc_session *, const char *name, const char *text, size_t len);
spc_status spc_load_file(spc_session *, const char *path);
/* One weight from memory; copied. Checked against its declaration and pattern at once. */
spc_status spc_bind(spc_session *, const char *weight, const spc_tensor *dense);
/* A weights file, or NAME=FILE for a single tensor. */
spc_status spc_bind_file(spc_session *, const char *path);
/* dims as for --dim, e.g. "batch=1,8,128". */
spc_status spc_tune(spc_session *, const char *layer, const char *dims, double seconds);
/* Writes so_path and the header beside it, both or neither. */
spc_status spc_emit(spc_session *, const char *so_path);
/* Compiles in the process. The module outlives the session. */
spc_status spc_jit(spc_session *, spc_module **out);
/* What was chosen and why, as `spc explain` prints it; NULL layer: all. NULL on failure. Owned by the session. */
const char *spc_explain(spc_session *, const char *layer);
/* All diagnostics so far, as the command prints them; "" if none. Owned by the session, valid until its next call. */
const char *spc_messages(const spc_session *);

#ifdef __cplusplus
}
#endif
#endif
