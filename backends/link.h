/* link: objects to a shared library, by the system linker, started directly (no shell).
 *
 * The weights go into one read-only data object of their own that the linker places last, reached by one base symbol and
 * 64-bit offsets, so that several gigabytes link. */
#ifndef SPC_BACKEND_LINK_H
#define SPC_BACKEND_LINK_H

#include "backends/backend.h"

/* One piece of the weights object: bytes at an offset (64-aligned). Borrowed. */
typedef struct be_piece {
    const void *data;
    int64_t offset, bytes;
} be_piece;

typedef struct be_link_job {
    const be_blob *objects;
    size_t object_count;
    const be_piece *pieces; /* ascending, not overlapping; gaps are zero */
    size_t piece_count;
    int64_t weights_bytes;
    const char *manifest;       /* becomes the symbol spc_manifest */
    const char *const *exports; /* symbols to keep visible, beside spc_manifest */
    size_t export_count;
    const char *output;  /* written whole: a file aside in the same folder, then renamed by the caller (see be_link) */
    const char *soname;  /* NULL: none */
    bool relocatable;    /* one object file instead of a library; only the exports and spc_manifest stay global in it */
    bool for_here;       /* a library to load into this process: no weights and manifest in it, spc_weights is `weights` */
    const void *weights; /* borrowed */
} be_link_job;

/* Links into job->output, which the caller has chosen as the file aside (the caller renames). Temporary files live in
 * a fresh folder beside it and are gone afterwards, also on failure. SPC_E_BACKEND names the package when there is no
 * linker; SPC_E_IO on a full disk. */
spc_status be_link(const be_link_job *, rt_error *);

/* Only the weights as a relocatable object with the symbol spc_weights, and the manifest: for --emit=obj. */
spc_status be_write_data_object(const be_link_job *, const char *path, rt_error *);

#endif
