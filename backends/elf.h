/* elf: the data object, a relocatable ELF file with the weights and the manifest, written by hand. */
#ifndef SPC_BACKEND_ELF_H
#define SPC_BACKEND_ELF_H

#include "backends/link.h"

/* The section that link.c's script places in a segment of its own. */
#define BE_WEIGHTS_SECTION ".spc.weights"
#define BE_MANIFEST_SYMBOL "spc_manifest"

/* Writes the data object of the job's pieces, weights_bytes and manifest to path, which it creates or replaces. Streams:
 * takes no memory for the weights, and leaves zero pages of them as holes. */
spc_status be_elf_write(const be_link_job *, const char *path, rt_error *);

#endif
