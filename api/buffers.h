/* buffers: inputs and results for calls that are timed: sets of tensors which calls go through in turn, over more memory
 * than the first cache level holds. */
#ifndef SPC_API_BUFFERS_H
#define SPC_API_BUFFERS_H

#include "api/session.h"

typedef struct api_buffers {
    size_t sets, nin, nout;
    spc_tensor *tensors; /* sets x (inputs, then results) */
} api_buffers;

/* Sets of tensors of these shapes, inputs first: inputs random by the seed, results zero. SPC_E_NOMEM, reported. */
spc_status api_buffers_make(spc_session *, const spc_tensor *shapes, size_t nin, size_t nout, uint64_t seed, api_buffers *out);
void api_buffers_release(spc_session *, api_buffers *);
/* 64-aligned, freed with the session unless released before; NULL: no memory. */
void *api_allocate(spc_session *, int64_t bytes);
/* -1: over 63 bits. */
int64_t api_tensor_bytes(const spc_tensor *);
int64_t api_tensor_count(const spc_tensor *);

#endif
