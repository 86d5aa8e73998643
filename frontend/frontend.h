/* frontend: SDL text to graph IR. See docs/language.md. */
#ifndef SPC_FRONTEND_H
#define SPC_FRONTEND_H

#include "ir/ir.h"

/* Lexes, parses, checks and builds: dims and one graph function per layer (calls inlined) are added to the module.
 * weight ops carry the location of their declaration, other ops that of their expression. All errors (up to 20) and
 * warnings go to the module's diagnostics; SPC_E_PROGRAM if there was an error. The source must outlive the module. */
spc_status fe_compile(ir_module *, const ir_source *);

#endif
