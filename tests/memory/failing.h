/* failing: allocations that fail when a test says so. The linker puts these before libc's for everything that is linked
 * statically into the test (--wrap), which is all of spc; what LLVM, libc and other libraries allocate themselves is left
 * alone: LLVM ends its process without memory, and jansson 2.14 reads on behind a text that it could not grow. */
#ifndef SPC_TESTS_FAILING_H
#define SPC_TESTS_FAILING_H

#include <stdbool.h>

/* The n-th allocation from now on fails, n >= 1; lasting: and all after it. */
void failing_start(long n, bool lasting);
/* No more failures. Whether one happened. */
bool failing_stop(void);

#endif
