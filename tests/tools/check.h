/* check: interprets a module before and after passes on random small integers and compares, so that a golden test
 * cannot bless a wrong result. */
#ifndef SPC_TEST_CHECK_H
#define SPC_TEST_CHECK_H

#include "ir/ir.h"

/* For every graph of `before`: the same graph of `after`, and the entry of that name where there is one, must give the
 * same results. False with a message in the error. */
bool check_modules(ir_module *before, ir_module *after, rt_error *);

#endif
