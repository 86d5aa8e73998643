/* manifest: the JSON text of docs/manifest.md as C structs, with every shape ready to be checked at a call.
 * Only what running needs is read; kernels, weights' facts and whatever is added later stay in the text. */
#ifndef SPC_RT_MANIFEST_H
#define SPC_RT_MANIFEST_H

#include "runtime/pattern.h"
#include "runtime/weights.h"

enum { RT_ABI = 1, RT_MAX_RANK = 8, RT_MAX_WORDS = 120 };

typedef enum rt_size_kind { RT_SIZE_CONST, RT_SIZE_DIM, RT_SIZE_TEXT } rt_size_kind;

/* An extent: the two common cases are told apart once, the rest is evaluated from its text. */
typedef struct rt_size {
    rt_size_kind kind;
    int64_t value; /* CONST; DIM: index among the layer's dims */
    char *text;    /* always there, for messages */
} rt_size;

typedef struct rt_port {
    char *name;
    spc_dtype dtype;
    int rank;
    rt_size shape[RT_MAX_RANK];
} rt_port;

typedef struct rt_dim {
    char *name;
    int64_t lo, hi, step;
} rt_dim;

typedef struct rt_layer {
    char *name, *symbol;
    size_t ndims, nin, nout;
    rt_dim *dims;
    const char **names; /* of the dims and, last, "threads" (a dim of that name hides it) */
    rt_port *in, *out;
    rt_size scratch;
} rt_layer;

/* A weight that is bound when the module is loaded, as one storage has it. */
typedef struct rt_late {
    char *weight, *tensor; /* what the declaration's names point at */
    rt_declaration declaration;
    bool has_pattern, plain; /* plain: no storage */
    rt_pattern pattern;
    rt_storage storage;
} rt_late;

typedef struct rt_manifest {
    int64_t abi;
    char *cpu, *features;
    size_t nlayers, nlate;
    rt_layer *layers;
    rt_late *late; /* in the order of the table of arrays */
} rt_manifest;

/* SPC_E_ABI where the text is not JSON of this form, or of another abi. *out is NULL on failure. */
spc_status rt_manifest_parse(const char *text, rt_manifest **out, rt_error *);
void rt_manifest_free(rt_manifest *);
const rt_layer *rt_manifest_layer(const rt_manifest *, const char *name); /* NULL: no such layer */

#endif
