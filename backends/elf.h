/* elf: the data object, a relocatable ELF file with the weights and the manifest, written by hand. */
#ifndef SPC_BACKEND_ELF_H
#define SPC_BACKEND_ELF_H

#include "backends/link.h"

/* The section that link.c's script places in a segment of its own. */
#define BE_WEIGHTS_SECTION ".spc.weights"
#define BE_MANIFEST_SYMBOL "spc_manifest"

/* Writes the data object of the job's weights and manifest to path, which it creates or replaces. Without `filled` the weights
 * are a section that takes no place in the file, of the right size. Takes no memory for the weights, and leaves zero pages
 * of them as holes. */
spc_status be_elf_write(const be_link_job *, bool filled, const char *path, rt_error *);

/* Fills the empty weights of a library that was linked from such an object: appends them to the file and makes their
 * segment and section point there. So gigabytes never pass through the linker, which would copy them in memory. */
spc_status be_elf_fill(const be_link_job *, const char *path, rt_error *);

#endif
