/* cpu_check.c: the function that asks whether this CPU has some features, for entries, which run before they may use any.
 *
 *     static bool has(void) { static char answer; if (!answer) answer = ask() ? 2 : 1; return answer == 2; }
 *
 * The answer is kept because CPUID traps to the hypervisor (tens of microseconds) in a virtual machine. Threads may race
 * for it: they all find the same, and a byte is read and written whole. */
#include "backends/gccjit/helper/emit.h"
#include <stdio.h>

typedef struct registers {
    gcc_jit_lvalue *of[4]; /* eax ebx ecx edx */
} registers;

static registers cpuid(gj_emitter *e, uint32_t leaf, uint32_t subleaf)
{
    static const char *const names[4] = {"=a", "=b", "=c", "=d"};
    gcc_jit_type *word = gj_type(e, IR_U32, 1);
    gcc_jit_rvalue *in[2] = {gj_int(e, IR_U32, leaf), gj_int(e, IR_U32, subleaf)};
    registers result;

    for (int i = 0; i < 4; i++)
        result.of[i] = gj_local(e, word);
    gcc_jit_extended_asm *code = gcc_jit_block_add_extended_asm(e->block, NULL, "cpuid");
    for (int i = 0; i < 4; i++)
        gcc_jit_extended_asm_add_output_operand(code, NULL, names[i], result.of[i]);
    gcc_jit_extended_asm_add_input_operand(code, NULL, "0", in[0]);
    gcc_jit_extended_asm_add_input_operand(code, NULL, "2", in[1]);
    return result;
}

/* The low half of XCR0: what the operating system saves. Only after OSXSAVE was seen. */
static gcc_jit_lvalue *xgetbv(gj_emitter *e)
{
    gcc_jit_type *word = gj_type(e, IR_U32, 1);
    gcc_jit_lvalue *low = gj_local(e, word), *high = gj_local(e, word);
    gcc_jit_rvalue *zero = gj_int(e, IR_U32, 0);
    gcc_jit_extended_asm *code = gcc_jit_block_add_extended_asm(e->block, NULL, "xgetbv");

    gcc_jit_extended_asm_add_output_operand(code, NULL, "=a", low);
    gcc_jit_extended_asm_add_output_operand(code, NULL, "=d", high);
    gcc_jit_extended_asm_add_input_operand(code, NULL, "c", zero);
    gcc_jit_extended_asm_set_volatile_flag(code, 1); /* it must not move before the question for OSXSAVE */
    return low;
}

/* Goes on in a new block where the condition holds, at `no` elsewhere. */
static void require(gj_emitter *e, gcc_jit_rvalue *condition, gcc_jit_block *no)
{
    gcc_jit_block *next = gj_block_new(e);
    gj_branch(e, condition, next, no, next);
}

static void require_bits(gj_emitter *e, gcc_jit_lvalue *word, uint32_t bits, gcc_jit_block *no)
{
    gcc_jit_type *type = gj_type(e, IR_U32, 1);
    gcc_jit_rvalue *wanted = gj_int(e, IR_U32, bits);
    gcc_jit_rvalue *found = gj_binary(e, GCC_JIT_BINARY_OP_BITWISE_AND, type, gj_read(word), wanted);

    require(e, gj_compare(e, GCC_JIT_COMPARISON_EQ, found, wanted), no);
}

/* A leaf beyond the last answers with another one's bits, so the last is asked for, too: leaf 0 (or 0x80000000) tells the last
 * leaf, subleaf 0 the last subleaf of leaf 7. */
static void require_leaf(gj_emitter *e, const be_cpu_leaf *wanted, gcc_jit_block *no)
{
    registers last = cpuid(e, wanted->leaf & 0x80000000u, 0);

    require(e, gj_compare(e, GCC_JIT_COMPARISON_GE, gj_read(last.of[0]), gj_int(e, IR_U32, wanted->leaf)), no);
    if (wanted->subleaf > 0) {
        last = cpuid(e, wanted->leaf, 0);
        require(e, gj_compare(e, GCC_JIT_COMPARISON_GE, gj_read(last.of[0]), gj_int(e, IR_U32, wanted->subleaf)), no);
    }
    registers found = cpuid(e, wanted->leaf, wanted->subleaf);
    for (int i = 0; i < 4; i++)
        if (wanted->bits[i])
            require_bits(e, found.of[i], wanted->bits[i], no);
}

static void ask(gj_emitter *e, uint64_t features, gcc_jit_block *no)
{
    be_cpu_leaf leaves[RT_CPU_COUNT];
    int count = be_cpu_leaves(features, leaves);
    uint32_t state = be_cpu_state(features);

    for (int i = 0; i < count; i++)
        require_leaf(e, &leaves[i], no);
    if (state) {
        require_bits(e, cpuid(e, 1, 0).of[2], BE_CPU_OSXSAVE, no);
        require_bits(e, xgetbv(e), state, no);
    }
}

static gcc_jit_function *check_function(gj_emitter *e, uint64_t features, const char *name)
{
    gcc_jit_function *outer = e->function;
    gcc_jit_block *outer_block = e->block;
    gcc_jit_type *byte = gj_type(e, IR_U8, 1), *truth = gj_type(e, IR_BOOL, 1);
    char slot_name[80];

    snprintf(slot_name, sizeof slot_name, "%s_answer", name);
    gcc_jit_lvalue *slot = gcc_jit_context_new_global(e->context, NULL, GCC_JIT_GLOBAL_INTERNAL, gcc_jit_type_get_volatile(byte),
                                                      slot_name);

    e->function = gcc_jit_context_new_function(e->context, NULL, GCC_JIT_FUNCTION_INTERNAL, truth, name, 0, NULL, 0);
    e->block = gj_block_new(e);
    gcc_jit_block *first = gj_block_new(e), *no = gj_block_new(e), *done = gj_block_new(e);
    gj_branch(e, gj_compare(e, GCC_JIT_COMPARISON_NE, gj_read(slot), gj_int(e, IR_U8, 0)), done, first, first);
    ask(e, features, no);
    gj_assign(e, slot, gj_int(e, IR_U8, 2));
    gj_jump(e, done, no);
    gj_assign(e, slot, gj_int(e, IR_U8, 1));
    gj_jump(e, done, done);
    gcc_jit_block_end_with_return(e->block, NULL, gj_compare(e, GCC_JIT_COMPARISON_EQ, gj_read(slot), gj_int(e, IR_U8, 2)));
    gcc_jit_function *made = e->function;
    e->function = outer;
    e->block = outer_block;
    return made;
}

/* Entries of one unit that ask the same share the function. */
gcc_jit_rvalue *gj_cpu_check(gj_emitter *e, uint64_t features)
{
    char name[64];

    snprintf(name, sizeof name, "spc_cpu_has_%llx", (unsigned long long)features);
    for (gj_question *q = e->questions; q; q = q->next)
        if (q->features == features)
            return gcc_jit_context_new_call(e->context, NULL, q->function, 0, NULL);
    gj_question *question = IR_NEW(e->arena, gj_question);
    *question = (gj_question){features, check_function(e, features, name), e->questions};
    e->questions = question;
    return gcc_jit_context_new_call(e->context, NULL, question->function, 0, NULL);
}
