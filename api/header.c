/* header: kernels.h, the C and C++ face of compiled layers.
 *
 * It stands alone: what it needs of spc_rt.h it declares itself, under the guards that spc_rt.h uses too, so that both
 * may be included in any order, and several generated headers as well. */
#include "api/compile.h"

#include <string.h>

/* ---- names ---- */

/* What a parameter may not be called: keywords, and what the declarations themselves use. */
static bool is_taken(const char *name)
{
    static const char *const ours[] = {"int64_t", "int32_t", "int8_t", "uint8_t", "uint16_t", "size_t", "spc_exec",
                                       "spc_status", "NULL"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (!strcmp(name, ours[i])) return true;
    return api_is_keyword(name);
}

typedef struct names {
    ir_arena *arena;
    const char **all;
    size_t count;
} names;

static bool has_name(const names *n, const char *name)
{
    for (size_t i = 0; i < n->count; i++)
        if (!strcmp(n->all[i], name)) return true;
    return false;
}

/* wanted, or wanted with as many underscores behind it as make it free. */
static const char *free_name(const names *n, const char *wanted)
{
    const char *name = wanted;
    while (is_taken(name) || has_name(n, name)) name = ir_format(n->arena, "%s_", name);
    return name;
}

/* Names of the parameters, in order: dims, inputs, outputs. Names that need no change keep theirs. */
static names choose_names(ir_arena *arena, const api_face *face)
{
    const size_t count = face->ndims + face->nin + face->nout;
    names n = {arena, IR_ARRAY(arena, const char *, count + 1), count};
    size_t at = 0;
    for (size_t i = 0; i < face->ndims; i++) n.all[at++] = face->dims[i]->name;
    for (size_t i = 0; i < face->nin; i++) n.all[at++] = face->in[i].name;
    for (size_t i = 0; i < face->nout; i++) n.all[at++] = face->out[i].name;
    for (size_t i = 0; i < count; i++)
        if (is_taken(n.all[i])) n.all[i] = free_name(&n, n.all[i]);
    return n;
}

/* ---- extents as C ---- */

typedef struct dim_names {
    const api_face *face;
    const names *params;
    const char *threads; /* what the threads parameter is called */
} dim_names;

static const char *dim_name(const dim_names *d, const char *dim)
{
    for (size_t i = 0; i < d->face->ndims; i++)
        if (!strcmp(d->face->dims[i]->name, dim)) return d->params->all[i];
    return d->threads;
}

static void add_extent(ir_text *out, const ir_extent *extent, const dim_names *d);

static void add_factor(ir_text *out, const ir_factor *factor, const dim_names *d)
{
    static const char *const calls[] = {[IR_FACTOR_DIV] = "spc_exact_div",
                                        [IR_FACTOR_CEILDIV] = "spc_ceil_div",
                                        [IR_FACTOR_MIN] = "spc_min",
                                        [IR_FACTOR_MAX] = "spc_max"};
    if (factor->kind == IR_FACTOR_DIM) {
        ir_text_add(out, "%s", dim_name(d, factor->dim));
        return;
    }
    ir_text_add(out, "%s(", calls[factor->kind]);
    add_extent(out, factor->left, d);
    ir_text_add(out, ", ");
    add_extent(out, factor->right, d);
    ir_text_add(out, ")");
}

static void add_extent(ir_text *out, const ir_extent *extent, const dim_names *d)
{
    const int terms = ir_extent_terms(extent);
    if (terms == 0) ir_text_add(out, "0");
    for (int i = 0; i < terms; i++) {
        const int64_t coefficient = ir_extent_coefficient(extent, i);
        const bool shown = coefficient != 1 || ir_extent_factors(extent, i) == 0;
        ir_text_add(out, "%s", i ? " + " : "");
        if (shown) ir_text_add(out, "INT64_C(%lld)", (long long)coefficient);
        for (int k = 0; k < ir_extent_factors(extent, i); k++) {
            ir_text_add(out, "%s", k || shown ? " * " : "");
            add_factor(out, ir_extent_factor(extent, i, k), d);
        }
    }
}

/* ---- declarations ---- */

static const char *c_type(ir_dtype dtype)
{
    static const char *const c_names[IR_DTYPE_COUNT] = {
        [IR_F32] = "float",   [IR_F16] = "uint16_t", [IR_BF16] = "uint16_t", [IR_F64] = "double", [IR_I8] = "int8_t",
        [IR_U8] = "uint8_t",  [IR_I4] = "uint8_t",   [IR_I32] = "int32_t",   [IR_BOOL] = "uint8_t"};
    return c_names[dtype];
}

static void add_comment(ir_text *out, const char *direction, const api_port *port, const char *name)
{
    ir_text_add(out, " *   %s %s: %s[", direction, name, ir_dtype_of(port->type->dtype)->name);
    for (int i = 0; i < port->type->rank; i++) ir_text_add(out, "%s%s", i ? ", " : "", ir_extent_text(port->type->dims[i]));
    ir_text_add(out, "]\n");
}

static void add_contract(ir_text *out, const ir_dim *dim, const char *name)
{
    if (dim->lo == 0 && dim->hi == INT64_MAX && dim->step == 1) return;
    ir_text_add(out, " *   %s is in %lld..%lld", name, (long long)dim->lo, (long long)dim->hi);
    ir_text_add(out, dim->step > 1 ? " in steps of %lld\n" : "\n", (long long)dim->step);
}

static bool uses_weights(const ir_func *graph)
{
    for (const ir_op *op = graph->body.first; op; op = op->next)
        if (op->code == IR_OP_weight) return true;
    return false;
}

static void add_call(ir_text *out, const api_face *face, const names *params, const char *symbol, bool late)
{
    const char *const *name = params->all;
    ir_text_add(out, "\n/* layer %s\n", face->name);
    for (size_t i = 0; i < face->ndims; i++) add_contract(out, face->dims[i], name[i]);
    for (size_t i = 0; i < face->nin; i++) add_comment(out, "in ", &face->in[i], name[face->ndims + i]);
    for (size_t i = 0; i < face->nout; i++) add_comment(out, "out", &face->out[i], name[face->ndims + face->nin + i]);
    if (late && uses_weights(face->graph))
        ir_text_add(out, " * its weights are bound at load time: call it through spc_run of libspc_rt, after spc_module_bind_file;\n"
                         " * called directly it returns SPC_E_ARG\n");
    ir_text_add(out, " */\nint %s(", symbol);
    for (size_t i = 0; i < face->ndims; i++) ir_text_add(out, "int64_t %s, ", *name++);
    for (size_t i = 0; i < face->nin; i++) ir_text_add(out, "const %s *%s, ", c_type(face->in[i].type->dtype), *name++);
    for (size_t i = 0; i < face->nout; i++) ir_text_add(out, "%s *%s, ", c_type(face->out[i].type->dtype), *name++);
    ir_text_add(out, "const spc_exec *%s);\n", free_name(params, "e"));
}

static void add_scratch(ir_text *out, const api_face *face, const names *params, const char *symbol)
{
    const dim_names d = {face, params, free_name(params, "threads")};
    ir_text_add(out, "static inline size_t %s_scratch(", symbol);
    for (size_t i = 0; i < face->ndims; i++) ir_text_add(out, "int64_t %s, ", params->all[i]);
    ir_text_add(out, "int %s)\n{\n", d.threads);
    for (size_t i = 0; i < face->ndims; i++) ir_text_add(out, "    (void)%s;\n", params->all[i]);
    ir_text_add(out, "    if (%s < 1) %s = 1;\n    return spc_scratch_size(", d.threads, d.threads);
    add_extent(out, face->scratch, &d);
    ir_text_add(out, ");\n}\n");
}

static const char preamble[] =
    "#include <stddef.h>\n#include <stdint.h>\n\n"
    "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
    "#ifndef SPC_EXEC_DEFINED\n#define SPC_EXEC_DEFINED\n"
    "/* How to run one call; NULL in its place: on this thread, with scratch of its own. */\n"
    "typedef struct spc_exec {\n"
    "    size_t size; /* sizeof(spc_exec) */\n"
    "    void (*parallel_for)(void *ctx, void (*task)(void *arg, size_t index), void *arg, size_t tasks);\n"
    "    void *ctx;\n"
    "    int threads; /* how many tasks parallel_for runs at once */\n"
    "    void *scratch;\n"
    "    size_t scratch_bytes;\n"
    "    const void *const *weights; /* for libspc_rt; leave it NULL */\n"
    "    const char *dims; /* for libspc_rt; here dims are parameters */\n"
    "} spc_exec;\n#endif\n\n"
    "#ifndef SPC_STATUS_DEFINED\n#define SPC_STATUS_DEFINED\n"
    "typedef enum spc_status {\n"
    "    SPC_OK = 0, SPC_E_ARG, SPC_E_NOMEM, SPC_E_IO, SPC_E_PROGRAM, SPC_E_UNSUPPORTED, SPC_E_BACKEND, SPC_E_ABI,\n"
    "    SPC_E_INTERNAL\n} spc_status;\n#endif\n\n"
    "#ifndef SPC_EXTENTS_DEFINED\n#define SPC_EXTENTS_DEFINED\n"
    "static inline int64_t spc_min(int64_t a, int64_t b) { return a < b ? a : b; }\n"
    "static inline int64_t spc_max(int64_t a, int64_t b) { return a > b ? a : b; }\n"
    "static inline int64_t spc_exact_div(int64_t a, int64_t b) { return b != 0 ? a / b : 0; }\n"
    "static inline int64_t spc_ceil_div(int64_t a, int64_t b) { return b > 0 ? a / b + (a % b > 0) : 0; }\n"
    "static inline size_t spc_scratch_size(int64_t bytes) { return bytes > 0 ? (size_t)bytes : 0; }\n"
    "#endif\n";

static uint64_t hash_text(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return hash;
}

spc_status api_header(spc_session *s, api_program *program, const char **result)
{
    const char *prefix = api_option_value(s, API_prefix);
    ir_text body, out;
    ir_text_init(&body, program->arena);
    ir_text_init(&out, program->arena);
    for (const ir_func *f = program->module->funcs; f; f = f->next) {
        api_face face;
        if (f->form != IR_GRAPH) continue;
        spc_status status = api_face_of(s, program->module, f, &face);
        if (status) return status;
        const names params = choose_names(program->arena, &face);
        const char *symbol = ir_format(program->arena, "%s%s", prefix, f->name);
        add_call(&body, &face, &params, symbol, api_binds_late(s, program->module));
        add_scratch(&body, &face, &params, symbol);
    }
    const unsigned long long id = hash_text(body.data);
    ir_text_add(&out, "/* Generated by spc %s. Functions return 0 or an spc_status; tensors are packed, row-major;\n", SPC_VERSION);
    ir_text_add(&out, " * f16 and bf16 are uint16_t bits, bool is uint8_t 0 or 1; outputs overlap nothing. */\n");
    ir_text_add(&out, "#ifndef SPC_KERNELS_%016llX\n#define SPC_KERNELS_%016llX\n\n%s%s", id, id, preamble, body.data);
    ir_text_add(&out, "\n#ifdef __cplusplus\n}\n#endif\n#endif\n");
    *result = out.data;
    return SPC_OK;
}
