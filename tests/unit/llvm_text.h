/* llvm_text: the tools of code_text.h for tests of the LLVM backend alone. */
#ifndef SPC_TEST_LLVM_TEXT_H
#define SPC_TEST_LLVM_TEXT_H

#include "tests/unit/code_text.h"

#define llvm_target code_target
#define llvm_emit_module code_emit_module
#define llvm_load_module code_load_module
#define llvm_function code_function
#define llvm_unload_module code_unload_module

#define LLVM_OR_SKIP() \
    do { \
        code_backend = be_find("llvm"); \
        if (!code_backend) { \
            print_message("built without LLVM: skipped\n"); \
            skip(); \
        } \
    } while (0)

#endif
