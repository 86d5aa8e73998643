/* layout: the weights object of a module: every packing packed, its arrays one behind the other.
 *
 * The object is one run of read-only bytes behind one base address. Each array of each packing starts at a multiple
 * of 64; the gaps are zero. The `data "PACKING/ARRAY"` ops of entries get their offset attribute from here.
 * The order is that of the module's packings and of rt_storage_arrays, so equal inputs give equal bytes.
 *
 * Where the host binds the weights at load time there is no object but a table of the arrays' addresses, in the same
 * order: ir_layout_bound turns `data` into `bound`, and whoever fills the table (runtime/binding.c) packs likewise. */
#ifndef SPC_IR_LAYOUT_H
#define SPC_IR_LAYOUT_H

#include "ir/ir.h"

/* The matrix of a weight by its own name, as pass_context.weight gives it; NULL: not bound. */
typedef const rt_matrix *ir_matrix_lookup(void *ctx, const char *weight);

/* One array of one packing. */
typedef struct ir_layout_piece {
    const ir_packing *packing;
    rt_array_info array;
    const void *data;
    int64_t count, offset, bytes;
} ir_layout_piece;

typedef struct ir_layout {
    int64_t bytes; /* of the whole object; a multiple of 64 */
    size_t piece_count;
    ir_layout_piece *pieces; /* ascending offsets */
    size_t packed_count;     /* one per packing of the module, in order */
    rt_packed *packed;       /* for explain; a plain tensor (storage NULL) has no arrays here */
} ir_layout;

enum { IR_LAYOUT_ALIGN = 64 };

/* Packs every packing, gives the pieces and sets the offsets. A plain tensor is the single array "values": where its
 * matrix is dense the piece points straight at the matrix, so matrices must outlive the layout; CSR is densified.
 * SPC_E_PROGRAM: a weight without data, or one that its storage cannot hold; SPC_E_NOMEM; SPC_E_INTERNAL: a data op
 * names no array. On failure there is nothing to free. */
spc_status ir_layout_data(ir_module *, ir_matrix_lookup *, void *ctx, ir_layout *out, rt_error *);
/* The pieces without data, each one's place in the list being its index in the table; turns every `data` op into `bound`.
 * SPC_E_NOMEM, SPC_E_INTERNAL. */
spc_status ir_layout_bound(ir_module *, ir_layout *out, rt_error *);
/* Writes the whole object, gaps included, to bytes bytes at object (64-aligned). */
void ir_layout_write(const ir_layout *, void *object);
/* The piece of "PACKING/ARRAY"; NULL: there is none. */
const ir_layout_piece *ir_layout_find(const ir_layout *, const char *name);
void ir_layout_free(ir_layout *);

#endif
