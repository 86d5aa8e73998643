/* spc.h - compile sparse layers.
 *
 * Needs libspc. A session is one compilation: it owns its memory and its messages and belongs to one thread at a
 * time; distinct sessions may live in distinct threads at once. Paths and texts are borrowed for the call only.
 *
 *     spc_session *s;
 *     spc_session_new(&s);
 *     if (spc_load_file(s, "model.sdl") || spc_bind_file(s, "model.safetensors") || spc_jit(s, &module))
 *         fputs(spc_messages(s), stderr);
 *     spc_session_free(s);
 */
#ifndef SPC_H
#define SPC_H

#include <spc/spc_rt.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct spc_session spc_session;

spc_status spc_session_new(spc_session **out);
void spc_session_free(spc_session *);
/* The command line's options as text: "backend", "cache", "cpu", "debug", "dense", "depfile", "details", "dims", "helper", "layer",
 * "memory", "plan", "prefix", "seed", "staging", "threads", "weights", "wisdom"; docs/c-api.md says what each takes. */
spc_status spc_set(spc_session *, const char *key, const char *value);
/* SDL text; name is what diagnostics call it. One program per session. */
spc_status spc_load(spc_session *, const char *name, const char *text, size_t len);
spc_status spc_load_file(spc_session *, const char *path);
/* One weight from memory; copied. Checked against its declaration and pattern at once, or else when the program is loaded.
 * What is refused at once is not bound. */
spc_status spc_bind(spc_session *, const char *weight, const spc_tensor *dense);
/* A weights file, or NAME=FILE for a single tensor; checked likewise. */
spc_status spc_bind_file(spc_session *, const char *path);
/* Races plans of every kernel of the layer (NULL: of all layers) on this machine, at every choice of dims ("batch=1,8,128", as
 * for --dim), and keeps the quickest in the file that option "wisdom" names; compiling with that file takes them. seconds:
 * at most, in all; 0 measures nothing; below 0: until the races are decided. What the file knows already is not raced
 * again. A file that cannot be written is a warning. */
spc_status spc_tune(spc_session *, const char *layer, const char *dims, double seconds);
typedef struct spc_tune_progress {
    size_t size;
    const char *kernel, *dims; /* at work: "ffn.0", "batch=8" */
    size_t number, count;      /* which race of how many of this layer; some of them may not be needed */
    size_t candidates, left;   /* plans in this race, and how many of them are not beaten yet */
    double seconds;            /* spent so far */
    const char *result;        /* a line for people when the race is over; NULL before */
} spc_tune_progress;
typedef struct spc_tune_options {
    size_t size;    /* sizeof(spc_tune_options): the struct may grow */
    double seconds; /* as above */
    int again;      /* not 0: race also what the file knows already */
    /* Called many times a second; false ends the tuning (with SPC_OK: what was found is kept). NULL: none. */
    bool (*progress)(void *ctx, const spc_tune_progress *);
    void *progress_ctx;
} spc_tune_options;
spc_status spc_tune_with(spc_session *, const char *layer, const char *dims, const spc_tune_options *);
/* The file of option "wisdom": as a table for people (NULL on failure; owned by the session); as JSON, all or none; and
 * emptied. count may be NULL. Plans that are imported are checked. */
const char *spc_wisdom_list(spc_session *);
spc_status spc_wisdom_export(spc_session *, const char *path);
spc_status spc_wisdom_import(spc_session *, const char *path, size_t *count);
spc_status spc_wisdom_clear(spc_session *, size_t *count);
/* Writes so_path and the header beside it, both or neither. */
spc_status spc_emit(spc_session *, const char *so_path);
/* Writes one thing that is made of the program. kind: so (as spc_emit) or obj, with the header beside it; asm, llvm,
 * kernel, graph, header, manifest, plan; dump=PASS. path "-" is standard output, without a header beside it. */
spc_status spc_output(spc_session *, const char *kind, const char *path);
/* Compiles in the process. The module outlives the session. */
spc_status spc_jit(spc_session *, spc_module **out);
/* What was chosen and why, as `spc explain` prints it; NULL layer: all. NULL on failure. Owned by the session. */
const char *spc_explain(spc_session *, const char *layer);

/* Measures a layer as it is compiled against the same layer with every weight stored dense, interleaved. */
typedef struct spc_bench_options {
    size_t size;    /* sizeof(spc_bench_options): the struct may grow */
    int threads;    /* 0: one per core */
    double seconds; /* to measure at each choice of dims; 0: 0.5 */
    uint64_t seed;  /* of the inputs */
    const char *json; /* file for one JSON object per choice of dims, a line each ("-": standard output); NULL: none */
    /* After each choice of dims: its JSON object, and a table for people. NULL: none. */
    void (*each)(void *ctx, const char *json, const char *table);
    void *each_ctx;
    const char *html; /* file for a page with plots, complete in itself; NULL: none */
} spc_bench_options;
/* layer NULL: the only one. dims: every dim of the layer, each with one or more values: "batch=1,8,128,n=3". Not guarded
 * against other work on the machine: docs/benchmarking.md says how to read the figures. */
spc_status spc_bench(spc_session *, const char *layer, const char *dims, const spc_bench_options *);

/* An input or result of a layer. extents are texts over the dims, e.g. "batch" or "2*seq + 1". */
typedef struct spc_value {
    const char *name;
    spc_dtype dtype;
    int32_t rank;
    const char *extents[8];
} spc_value;
typedef struct spc_dim {
    const char *name;
    int64_t lo, hi, step; /* its contract: lo, lo + step, ... up to hi */
} spc_dim;
typedef struct spc_signature {
    const char *layer;
    size_t inputs, results, dims;
    const spc_value *input, *result;
    const spc_dim *dim; /* the dims that its types mention, in the file's order */
} spc_signature;
/* The layer number index in the file's order; NULL: none. Owned by the session. */
const spc_signature *spc_layer_at(spc_session *, size_t index);
/* Checks inputs against a layer's declaration and fills in dtype, rank and dims of its results. dims: values of dims
 * that the inputs do not show, e.g. "n=3"; may be NULL. SPC_E_PROGRAM: an input of another dtype, rank or extent, or a
 * dim outside its contract; SPC_E_ARG: an unknown name, a wrong number of inputs, a dim that is still not known. */
spc_status spc_shapes(spc_session *, const char *layer, const char *dims, const spc_tensor *in, size_t n_in,
                      spc_tensor *out, size_t n_out);
/* The other way round: dtype, rank and dims of a layer's inputs, given all of its dims. */
spc_status spc_input_shapes(spc_session *, const char *layer, const char *dims, spc_tensor *in, size_t n_in);
/* Whether a call with these dims, all given, keeps their contracts and what divisions and slices in the layer ask of them.
 * SPC_E_ARG: an unknown name, a dim that is not given. */
spc_status spc_takes_dims(spc_session *, const char *layer, const char *dims, int *takes);

/* Makes weights fit a pattern: what is largest by magnitude stays (of blocks, rows and columns by L2 norm; of equals the
 * lower index; NaN is larger than infinity), the rest becomes zero. */
typedef struct spc_pruning {
    size_t size;         /* sizeof(spc_pruning): the struct may grow */
    const char *pattern; /* "2:4", "block(8, 4)", "unstructured", "rows" or "columns" */
    double density;      /* share kept, of each tensor; 0: not given, as for N:M, which says it */
    const char *const *tensors; /* globs of names; count 0: every float tensor of rank 2 or more */
    size_t tensor_count;
    void (*report)(void *ctx, const char *tensor, int64_t nonzeros, int64_t elements); /* of each pruned one; may be NULL */
    void *report_ctx;
} spc_pruning;
/* Reads one safetensors file and writes another, whole or not at all ("-" is standard output). All but the pruned
 * elements stays as it is. SPC_E_PROGRAM: `in` is malformed, or an axis is no multiple of the block or group. */
spc_status spc_prune_file(spc_session *, const char *in, const char *out, const spc_pruning *);

/* Writes NumPy files, all or none. */
spc_status spc_write_tensors(spc_session *, const char *const *paths, const spc_tensor *, size_t count);

const char *spc_version(void);
/* The code generators that are built in, the default first, e.g. "llvm (LLVM 22.1.8)"; NULL past the end. */
const char *spc_backend_at(int index, char *buffer, size_t size);

/* All diagnostics so far, as the command prints them; "" if none. Owned by the session, valid until its next call. */
const char *spc_messages(const spc_session *);

/* The status of the last call that failed; SPC_OK if none did. For functions that return no status. */
spc_status spc_last_status(const spc_session *);

#ifdef __cplusplus
}
#endif
#endif
