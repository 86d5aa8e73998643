/* stage: outputs of one command, all or none.
 *
 * Each output is made in a folder beside its place and renamed at the end. If a rename fails, those before it are
 * taken back. What is not a regular file ("-", devices, pipes) is written from memory, or from a copy in /tmp. */
#ifndef SPC_API_STAGE_H
#define SPC_API_STAGE_H

#include "api/session.h"

typedef struct api_stage api_stage;

api_stage *api_stage_new(spc_session *); /* released with the session's arena at the latest */
/* Where to make the output that is to become path. */
spc_status api_stage_add(api_stage *, const char *path, const char **aside);
/* Makes it from bytes, which must stay until the commit. */
spc_status api_stage_write(api_stage *, const char *path, const char *data, size_t size);
/* Puts everything in place, or nothing; removes the folders. */
spc_status api_stage_commit(api_stage *);
/* Removes the folders and what is in them. */
void api_stage_drop(api_stage *);
/* "-", a device or a pipe: written to, not replaced. */
bool api_is_stream(const char *path);

#endif
