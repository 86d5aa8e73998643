/* machine: rates of a core, for cost.c. One row of machines.def, which says what each is. */
#ifndef SPC_PLANNER_MACHINE_H
#define SPC_PLANNER_MACHINE_H

#include "ir/target.h"

enum { PLANNER_LEVELS = 3 }; /* L2, L3, DRAM */

typedef struct planner_machine {
    const char *prefix;
    double ghz, fma, halves, vector_loads, scalar_loads, issue, shuffles, gather, mispredict;
    double bytes[PLANNER_LEVELS];
} planner_machine;

/* Never NULL: the first row fits every target. */
const planner_machine *planner_machine_of(const ir_target *);

#endif
