/* binding: the weights of a module that are not embedded: collected, checked, and packed by the first run.
 *
 * Collecting belongs to one thread at a time, but first runs may meet: one of them packs, the others wait. From then on
 * the table is immutable. Inside runtime/ only. */
#ifndef SPC_RT_BINDING_H
#define SPC_RT_BINDING_H

#include "runtime/manifest.h"

typedef struct rt_binding rt_binding;

rt_binding *rt_binding_new(const rt_manifest *); /* borrows the manifest; NULL: no memory */
void rt_binding_free(rt_binding *);              /* takes NULL */

/* As rt_weights_add_file and rt_weights_add_tensor. What is found so far is checked against declarations and patterns.
 * SPC_E_ARG after the first run, and for the name of a weight that the module does not have. */
spc_status rt_binding_add_file(rt_binding *, const char *spec, rt_error *);
spc_status rt_binding_add_tensor(rt_binding *, const char *weight, const spc_tensor *, rt_error *);

/* The addresses of all arrays in the manifest's order, packed now if they are not yet. SPC_E_ARG naming the weights
 * that have no data; these may still be bound. */
spc_status rt_binding_table(rt_binding *, const void *const **table, rt_error *);

#endif
