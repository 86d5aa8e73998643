/* walk: what every code generator does alike with the ops of a function: a map from ops to whatever stands for their values
 * in the generator, the walk over a body, and the rule for loops that are unrolled.
 *
 * The map is the generator's, not ir_op.mark, so that emission never writes to the module: several threads may emit
 * functions of one module that nobody changes meanwhile. */
#ifndef SPC_BACKEND_WALK_H
#define SPC_BACKEND_WALK_H

#include "ir/ir.h"

typedef struct be_slot {
    const ir_op *op;
    void *value;
} be_slot;

typedef struct be_map {
    be_slot *slots;
    size_t capacity, used; /* capacity: a power of two, at least twice used */
} be_map;

bool be_map_open(be_map *, const ir_func *); /* with room for all ops of the function; false: no memory */
void be_map_close(be_map *);
bool be_map_set(be_map *, const ir_op *, void *value); /* replaces; false: no memory */
void *be_map_get(const be_map *, const ir_op *);       /* NULL: none yet */

/* Calls visit for each op of the body in order, not for those inside of ops; stops where it gives false. */
typedef bool be_visit(void *emitter, const ir_op *);
bool be_walk(const ir_block *, be_visit *, void *emitter);

/* A `for` that becomes its body once per step: from, from + step, ..., count of them. */
typedef struct be_steps {
    int64_t from, step;
    int count;
} be_steps;
bool be_unrolls(const ir_op *loop, be_steps *);

#endif
