/* batch: what the two halves of the nest with lanes along the batch share. Private to nest_batch.c and batch_extents.c.
 *
 * nest_batch.c builds the loops; batch_extents.c says beforehand what they take. */
#ifndef SPC_LOWER_BATCH_H
#define SPC_LOWER_BATCH_H

#include "passes/lower/lower.h"

/* Of a row group; four where A is read in place. */
int batch_group_rows(const lw_kernel *);
/* Rows that must stay in one task: a group, or the window in which they change places from K tile to K tile. */
int64_t batch_task_rows(const lw_kernel *);
lw_geometry batch_geometry_of(const lw_kernel *);
/* Panels of one image or matrix. */
const ir_extent *batch_panel_count(const lw_kernel *);
/* Bytes of one packed panel: the K tile, or all of K, rounded up to whole vectors. */
const ir_extent *batch_panel_bytes(const lw_kernel *);
/* As lw_nest wants them. */
const char *batch_refuses(const lw_kernel *);
void batch_measure(lw_kernel *);

#endif
