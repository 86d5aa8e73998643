/* opmap: op -> number, for one function. Reads the IR only, so that many threads may interpret one module at once. */
#ifndef SPC_INTERP_OPMAP_H
#define SPC_INTERP_OPMAP_H

#include "ir/ir.h"

typedef struct interp_opmap {
    size_t mask; /* slots - 1 */
    struct {
        const ir_op *op;
        uint32_t value;
    } *slots;
} interp_opmap;

bool interp_opmap_init(interp_opmap *, size_t most_ops); /* false: no memory */
void interp_opmap_set(interp_opmap *, const ir_op *, uint32_t value);
bool interp_opmap_get(const interp_opmap *, const ir_op *, uint32_t *value); /* false: not there */
void interp_opmap_free(interp_opmap *);

/* Ops of a block and of all bodies below it. */
size_t interp_count_ops(const ir_block *);

#endif
