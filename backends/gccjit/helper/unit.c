/* unit.c: contexts of libgccjit. Kernels may use every feature of the target; an entry runs before any check and is baseline
 * code, so a request with both makes two contexts, whose objects become one. */
#include "backends/gccjit/helper/unit.h"
#include "backends/gccjit/helper/emit.h"
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Contraction is wanted for the IR's fma alone; other products are hidden from it (arith.c). Vectors are written as such:
 * the vectorisers would only cost time. Floats are as the IR says: no errno, no traps, but all NaNs and infinities. */
static const char *const options[] = {
    "-fPIC", "-ffp-contract=fast", "-fno-strict-aliasing", "-fwrapv", "-fno-math-errno", "-fno-trapping-math",
    "-fno-tree-loop-vectorize", "-fno-tree-slp-vectorize", "-fno-tree-loop-distribute-patterns",
    "-fno-asynchronous-unwind-tables", "-fno-stack-protector", "-fcf-protection=none", "-w", "-march=x86-64",
};

static void add_option(gcc_jit_context *context, const char *before, const char *text)
{
    char option[64];

    snprintf(option, sizeof option, "%s%s", before, text);
    gcc_jit_context_add_command_line_option(context, option);
}

/* GCC 12 knows all that kernels use; of tiles nothing is said but by asm. */
static bool has_option(rt_feature feature) { return strncmp(rt_feature_of(feature)->name, "amx", 3) != 0; }

static void set_options(gj_emitter *e, bool kernels)
{
    const ir_target *target = e->options->target;

    gcc_jit_context_set_int_option(e->context, GCC_JIT_INT_OPTION_OPTIMIZATION_LEVEL, 2);
    gcc_jit_context_set_bool_option(e->context, GCC_JIT_BOOL_OPTION_DEBUGINFO, e->options->debug);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        add_option(e->context, "", options[i]);
    if (!kernels)
        return;
    add_option(e->context, "-mtune=", target->gcc_name);
    add_option(e->context, "-mprefer-vector-width=", target->vector_bytes == 64 ? "512" : "256");
    if (target->features >> RT_CPU_fma & 1) /* tuning for some CPUs would leave chains of fma apart */
        add_option(e->context, "", "--param=avoid-fma-max-bits=0");
    for (int i = 0; i < RT_CPU_COUNT; i++)
        if (target->features >> i & 1 && has_option((rt_feature)i))
            add_option(e->context, "-m", be_feature_name_of((rt_feature)i).text);
}

/* Masks in k registers need all of the four; a target with less is treated as one without AVX-512. */
static void set_features(gj_emitter *e, bool kernels)
{
    const uint64_t all = UINT64_C(1) << RT_CPU_avx512f | UINT64_C(1) << RT_CPU_avx512bw | UINT64_C(1) << RT_CPU_avx512dq
                       | UINT64_C(1) << RT_CPU_avx512vl;

    e->features = kernels ? e->options->target->features : 0;
    e->vector_bytes = kernels ? e->options->target->vector_bytes : 16;
    e->k_masks = (e->features & all) == all;
    for (int i = 0; i < RT_CPU_COUNT && !e->k_masks; i++)
        if (strncmp(rt_feature_of((rt_feature)i)->name, "avx512", 6) == 0)
            e->features &= ~(UINT64_C(1) << i);
    if (!e->k_masks && e->vector_bytes > 32)
        e->vector_bytes = 32;
}

static void fill(gj_emitter *e, bool kernels)
{
    gcc_jit_type *byte = gj_type(e, IR_U8, 1);

    e->bytes = gcc_jit_type_get_pointer(byte);
    e->huge = gcc_jit_type_get_pointer(gcc_jit_context_new_array_type(e->context, NULL, byte, 0x7fffffff));
    for (const ir_func *f = e->module->funcs; f; f = f->next) {
        if ((f->form == IR_KERNEL) != kernels)
            continue;
        if (kernels)
            gj_emit_kernel(e, f);
        else
            gj_emit_entry(e, f);
    }
}

/* BE_TEXT: what the emitter said, before GCC sees it. */
static spc_status write_out(gj_emitter *e, be_format format, const char *path)
{
    const enum gcc_jit_output_kind kind = format == BE_ASM ? GCC_JIT_OUTPUT_KIND_ASSEMBLER : GCC_JIT_OUTPUT_KIND_OBJECT_FILE;

    const char *why = gcc_jit_context_get_first_error(e->context);
    if (!why && format == BE_TEXT)
        gcc_jit_context_dump_to_file(e->context, path, 0);
    else if (!why)
        gcc_jit_context_compile_to_file(e->context, kind, path);
    if (!why)
        why = gcc_jit_context_get_first_error(e->context);
    return why ? rt_fail(e->error, SPC_E_BACKEND, "libgccjit: %s", why) : SPC_OK;
}

static spc_status compile_context(const gj_request *request, ir_module *module, bool kernels, const char *path,
                                  ir_arena *arena, rt_error *error)
{
    jmp_buf failed;
    gj_emitter e = {.module = module, .options = &request->options, .error = error, .failed = &failed, .arena = arena,
                    .context = gcc_jit_context_acquire()};

    if (!e.context)
        return rt_fail(error, SPC_E_BACKEND, "libgccjit gives no context");
    if (setjmp(failed))
        return error->status;
    set_features(&e, kernels);
    set_options(&e, kernels);
    fill(&e, kernels);
    spc_status status = write_out(&e, request->format, path);
    gcc_jit_context_release(e.context);
    return status;
}

/* ---- both ---- */

static spc_status join_texts(const char *const *paths, const char *out, rt_error *error)
{
    FILE *to = fopen(out, "wb");
    bool ok = to != NULL;

    for (int i = 0; i < 2 && ok; i++) {
        char chunk[8192];
        FILE *from = fopen(paths[i], "rb");
        for (size_t n; from && (n = fread(chunk, 1, sizeof chunk, from)) > 0;)
            ok = ok && fwrite(chunk, 1, n, to) == n;
        ok = from && fclose(from) == 0 && ok;
    }
    ok = to && fclose(to) == 0 && ok;
    return ok ? SPC_OK : rt_fail(error, SPC_E_IO, "%s: %s", out, strerror(errno));
}

extern char **environ;

static spc_status join_objects(const char *const *paths, const char *out, rt_error *error)
{
    char *arguments[] = {(char *)"ld", (char *)"-r", (char *)"-o", (char *)out, (char *)paths[0], (char *)paths[1], NULL};
    pid_t pid;
    int status = 0, failure = posix_spawnp(&pid, "ld", NULL, NULL, arguments, environ);

    if (failure)
        return rt_fail(error, SPC_E_BACKEND, "there is no linker (ld); install the package binutils");
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? SPC_OK : rt_fail(error, SPC_E_BACKEND, "ld -r failed");
}

spc_status gj_compile(const gj_request *request, ir_module *module, const char *folder, const char *out, ir_arena *arena,
                      rt_error *error)
{
    bool has[2] = {false, false}; /* entries, kernels */
    const char *paths[2];
    spc_status status = SPC_OK;

    for (const ir_func *f = module->funcs; f; f = f->next) {
        if (f->form == IR_GRAPH)
            return rt_fail(error, SPC_E_INTERNAL, "gccjit: graph %s is not lowered", f->name);
        has[f->form == IR_KERNEL] = true;
    }
    const bool both = has[0] && has[1];
    for (int kernels = 1; kernels >= 0 && !status; kernels--) {
        paths[kernels] = both ? ir_format(arena, "%s/%d.out", folder, kernels) : out;
        if (has[kernels])
            status = compile_context(request, module, kernels, paths[kernels], arena, error);
    }
    if (!has[0] && !has[1]) /* an empty unit is an object all the same */
        status = compile_context(request, module, false, out, arena, error);
    if (status || !both)
        return status;
    return request->format == BE_OBJECT ? join_objects(paths, out, error) : join_texts(paths, out, error);
}
