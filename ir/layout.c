/* layout: packs the module's weights and gives every array its place in the weights object.
 *
 * rt_pack does the packing; here are only the running offset and the walk over the entries. Allocation is ordinary malloc, since a layout is larger than any arena ought to be. */
#include "ir/layout.h"
#include "runtime/weights.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PIECES_PER_PACKING = RT_MAX_ARRAYS };

typedef struct layout_job {
    ir_layout *out;
    ir_matrix_lookup *lookup;
    void *ctx;
    rt_error *error;
} layout_job;

static bool round_up(int64_t value, int64_t *out)
{
    if (__builtin_add_overflow(value, IR_LAYOUT_ALIGN - 1, out)) return false;
    *out &= ~(int64_t)(IR_LAYOUT_ALIGN - 1);
    return true;
}

static size_t count_packings(const ir_module *m)
{
    size_t n = 0;
    for (const ir_packing *p = m->packings; p; p = p->next) n++;
    return n;
}

static spc_status add_piece(layout_job *job, const ir_packing *packing, rt_array_info info, const void *data,
                            int64_t count, int64_t bytes)
{
    ir_layout *out = job->out;
    int64_t end;
    out->pieces[out->piece_count++] = (ir_layout_piece){packing, info, data, count, out->bytes, bytes};
    if (__builtin_add_overflow(out->bytes, bytes, &end) || !round_up(end, &out->bytes))
        return rt_fail(job->error, SPC_E_NOMEM, "the weights together exceed 2^63 bytes");
    return SPC_OK;
}

/* The row-major tensor itself. packed keeps what had to be made for it, so that it is freed like the rest. */
static spc_status lay_plain(layout_job *job, const ir_packing *packing, const rt_matrix *matrix, rt_packed *packed)
{
    int64_t count, bytes;
    const void *data = matrix->dense;
    if (!rt_plain_size(matrix, &count, &bytes))
        return rt_fail(job->error, SPC_E_NOMEM, "weight \"%s\" exceeds 2^63 bits", packing->weight);
    if (!data && count > 0) {
        void *dense = malloc((size_t)bytes);
        if (!dense) return rt_fail(job->error, SPC_E_NOMEM, "no memory for weight \"%s\"", packing->weight);
        rt_plain_fill(matrix, dense, bytes);
        packed->arrays[0].data = dense;
        data = dense;
    }
    return add_piece(job, packing, rt_plain_array(matrix->dtype), data, count, bytes);
}

static spc_status lay_packing(layout_job *job, const ir_packing *packing, rt_packed *packed)
{
    const rt_matrix *matrix = job->lookup(job->ctx, packing->weight);
    if (!matrix) return rt_fail(job->error, SPC_E_PROGRAM, "weight \"%s\" has no data", packing->weight);
    if ((int)matrix->dtype != (int)packing->type->dtype)
        return rt_fail(job->error, SPC_E_INTERNAL, "layout: the data of weight \"%s\" has another dtype than its packing",
                       packing->weight);
    if (!packing->type->storage) return lay_plain(job, packing, matrix, packed);
    spc_status status = rt_pack(packing->type->storage, matrix, packed, job->error);
    if (status) *packed = (rt_packed){0};
    for (int i = 0; !status && i < packed->narrays; i++)
        status = add_piece(job, packing, packed->arrays[i].info, packed->arrays[i].data, packed->arrays[i].count,
                           packed->arrays[i].bytes);
    return status;
}

typedef void place_op(ir_module *, ir_op *, const ir_layout *, const ir_layout_piece *);

static void set_offset(ir_module *m, ir_op *op, const ir_layout *layout, const ir_layout_piece *piece)
{
    (void)layout;
    ir_set_int(m, op, "offset", piece->offset);
}

static void make_bound(ir_module *m, ir_op *op, const ir_layout *layout, const ir_layout_piece *piece)
{
    op->code = IR_OP_bound;
    op->nattrs = 0;
    ir_set_int(m, op, "index", piece - layout->pieces);
}

static spc_status place_data(ir_module *m, const ir_layout *layout, const ir_block *block, place_op *place, rt_error *error)
{
    spc_status status = SPC_OK;
    for (ir_op *op = block->first; op && !status; op = op->next) {
        if (op->code == IR_OP_data) {
            const ir_layout_piece *piece = ir_layout_find(layout, op->name);
            if (!piece) return rt_fail(error, SPC_E_INTERNAL, "layout: no array \"%s\" is packed", op->name);
            place(m, op, layout, piece);
        }
        status = place_data(m, layout, &op->body, place, error);
        if (!status) status = place_data(m, layout, &op->body2, place, error);
    }
    return status;
}

static spc_status place_all(ir_module *m, const ir_layout *layout, place_op *place, rt_error *error)
{
    spc_status status = SPC_OK;
    for (const ir_func *f = m->funcs; f && !status; f = f->next)
        if (f->form == IR_ENTRY) status = place_data(m, layout, &f->body, place, error);
    return status;
}

static spc_status lay_all(ir_module *m, layout_job *job)
{
    spc_status status = SPC_OK;
    for (const ir_packing *p = m->packings; p && !status; p = p->next)
        status = lay_packing(job, p, &job->out->packed[job->out->packed_count++]);
    return status ? status : place_all(m, job->out, set_offset, job->error);
}

/* Room for all packings of the module; false: no memory. */
static bool begin_layout(ir_layout *out, const ir_module *m)
{
    const size_t packings = count_packings(m);
    *out = (ir_layout){0};
    out->packed = calloc(packings + 1, sizeof *out->packed);
    out->pieces = calloc(packings * MAX_PIECES_PER_PACKING + 1, sizeof *out->pieces);
    return out->packed && out->pieces;
}

spc_status ir_layout_data(ir_module *m, ir_matrix_lookup *lookup, void *ctx, ir_layout *out, rt_error *error)
{
    layout_job job = {out, lookup, ctx, error};
    spc_status status = begin_layout(out, m) ? lay_all(m, &job)
                                             : rt_fail(error, SPC_E_NOMEM, "no memory for the list of weights");
    if (status) ir_layout_free(out);
    return status;
}

spc_status ir_layout_bound(ir_module *m, ir_layout *out, rt_error *error)
{
    spc_status status = begin_layout(out, m) ? SPC_OK : rt_fail(error, SPC_E_NOMEM, "no memory for the list of weights");
    for (const ir_packing *p = m->packings; p && !status; p = p->next) {
        rt_array_info arrays[RT_MAX_ARRAYS] = {rt_plain_array((spc_dtype)p->type->dtype)};
        const int count = p->type->storage ? rt_storage_arrays(p->type->storage, arrays) : 1;
        for (int i = 0; i < count; i++)
            out->pieces[out->piece_count++] = (ir_layout_piece){.packing = p, .array = arrays[i]};
    }
    if (!status) status = place_all(m, out, make_bound, error);
    if (status) ir_layout_free(out);
    return status;
}

void ir_layout_write(const ir_layout *layout, void *object)
{
    int64_t at = 0;
    for (size_t i = 0; i < layout->piece_count; i++) {
        const ir_layout_piece *piece = &layout->pieces[i];
        memset((char *)object + at, 0, (size_t)(piece->offset - at));
        if (piece->bytes) memcpy((char *)object + piece->offset, piece->data, (size_t)piece->bytes);
        at = piece->offset + piece->bytes;
    }
    if (layout->bytes > at) memset((char *)object + at, 0, (size_t)(layout->bytes - at));
}

const ir_layout_piece *ir_layout_find(const ir_layout *layout, const char *name)
{
    for (size_t i = 0; i < layout->piece_count; i++) {
        const ir_layout_piece *piece = &layout->pieces[i];
        const size_t len = strlen(piece->packing->name);
        if (!strncmp(name, piece->packing->name, len) && name[len] == '/' && !strcmp(name + len + 1, piece->array.name))
            return piece;
    }
    return NULL;
}

/* A plain tensor's own copy lies in arrays[0] with narrays 0. */
static void free_packed(rt_packed *packed)
{
    if (packed->narrays == 0) free(packed->arrays[0].data);
    else rt_packed_free(packed);
}

void ir_layout_free(ir_layout *layout)
{
    for (size_t i = 0; i < layout->packed_count; i++) free_packed(&layout->packed[i]);
    free(layout->packed);
    free(layout->pieces);
    *layout = (ir_layout){0};
}
