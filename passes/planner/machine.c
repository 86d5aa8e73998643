/* machine: what the cores of a target can do in a cycle, from machines.def. */
#include "passes/planner/machine.h"

#include <string.h>

static const planner_machine machines[] = {
#define MACHINE(prefix, ghz, fma, halves, vector_loads, scalar_loads, issue, shuffles, gather, mispredict, l2, l3, dram) \
    {prefix, ghz, fma, halves, vector_loads, scalar_loads, issue, shuffles, gather, mispredict, {l2, l3, dram}},
#include "passes/planner/machines.def"
#undef MACHINE
};

const planner_machine *planner_machine_of(const ir_target *target)
{
    const planner_machine *found = machines;
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++)
        if (strncmp(target->llvm_name, machines[i].prefix, strlen(machines[i].prefix)) == 0)
            found = &machines[i];
    return found;
}
