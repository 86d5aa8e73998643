/* module_private: what module.c makes and run.c reads. Immutable once made, but for messages and binding, which have
 * locks of their own. */
#ifndef SPC_RT_MODULE_PRIVATE_H
#define SPC_RT_MODULE_PRIVATE_H

#include "runtime/binding.h"
#include "runtime/messages.h"
#include "runtime/module.h"

struct spc_module {
    rt_code code;
    char *text;            /* of the manifest; NULL or invalid JSON only in a module that failed to open */
    rt_manifest *manifest; /* NULL: the module could not be opened */
    void **functions;      /* of its layers, where code.symbol finds them: looking one up may cost more than to run it */
    rt_binding *binding;   /* NULL: all weights are embedded, or there are none */
    rt_messages *messages;
};

#endif
