/* module_private: what module.c makes and run.c reads. Immutable once made, but for the messages behind their lock. */
#ifndef SPC_RT_MODULE_PRIVATE_H
#define SPC_RT_MODULE_PRIVATE_H

#include "runtime/manifest.h"
#include "runtime/messages.h"
#include "runtime/module.h"

struct spc_module {
    rt_code code;
    char *text;            /* of the manifest; NULL or invalid JSON only in a module that failed to open */
    rt_manifest *manifest; /* NULL: the module could not be opened */
    rt_messages *messages;
};

#endif
