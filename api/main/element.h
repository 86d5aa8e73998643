/* element: single elements of tensors as numbers, for the command's summaries and comparisons. */
#ifndef SPC_COMMAND_ELEMENT_H
#define SPC_COMMAND_ELEMENT_H

#include <spc/spc_rt.h>

double cli_element(const spc_tensor *, size_t index);
/* Rounded towards zero where the dtype has fewer bits. */
void cli_set_element(spc_tensor *, size_t index, double value);
/* Elements in all; SIZE_MAX on overflow. */
size_t cli_count(const spc_tensor *);
/* Zeroed data for it; 0: no memory. */
int cli_allocate(spc_tensor *);

#endif
