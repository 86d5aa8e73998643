/* graph: what the parts of the graph interpreter share: tensors that are there, and how to make one. */
#ifndef SPC_INTERP_GRAPH_H
#define SPC_INTERP_GRAPH_H

#include "backends/interp/interp.h"
#include "backends/interp/opmap.h"
#include "backends/interp/scalar.h"
#include "runtime/module.h"

typedef struct interp_tensor {
    char *data;
    bool owned;
    ir_dtype dtype;
    int rank;
    int64_t dims[IR_MAX_RANK];
    int64_t count, bytes;
    size_t uses; /* still to come; an owned tensor is freed with the last */
} interp_tensor;

typedef struct interp_graph_run {
    const ir_module *module;
    const char **dim_names;
    const int64_t *dims;
    size_t dim_count;
    interp_weight *weight;
    void *weight_ctx;
    const spc_tensor *in, *out;
    int inputs, outputs; /* seen so far */
    interp_opmap map;    /* op -> index in tensors */
    interp_tensor *tensors;
    size_t tensor_count;
    int64_t bytes; /* owned in all */
    rt_error *error;
} interp_graph_run;

/* Dtype and extents; without data. */
spc_status interp_tensor_shape(interp_graph_run *, const ir_type *, interp_tensor *out);
/* Also with data, zeroed. Bounded in all. */
spc_status interp_tensor_make(interp_graph_run *, const ir_type *, interp_tensor *out);
interp_tensor *interp_tensor_of(interp_graph_run *, const ir_op *);

/* Offsets for walking an argument along the result's dims: elements to step per index of each dim, 0 where it is
 * stretched. Both are aligned at their last dims; skip of the argument's last dims are left out. */
void interp_broadcast_steps(const interp_tensor *arg, int skip, int rank, int64_t steps[IR_MAX_RANK]);
/* The offset for the flat index of these dims. */
int64_t interp_broadcast_offset(int rank, const int64_t *dims, const int64_t *steps, int64_t flat);

/* Fills the tensor of an op, which is there with its extents, zeroed. */
typedef spc_status interp_graph_op(interp_graph_run *, const ir_op *, interp_tensor *out);
/* The values of count extents that are separated by semicolons, each at least 0. */
spc_status interp_eval_starts(interp_graph_run *, const char *text, int count, int64_t *out);

/* What sums of products share (contract.c). A float may meet only floats, an integer only integers. */
spc_status interp_check_classes(interp_graph_run *, const ir_op *, const interp_tensor *a, const interp_tensor *b,
                                const interp_tensor *out);
/* An operand in the form it is summed in: d for floats, u for integers. NULL: no memory; the caller frees it. */
interp_lane *interp_widen(const interp_tensor *);
/* One result, rounded once. */
void interp_put_sum(const interp_tensor *out, int64_t index, interp_lane sum, bool whole);

interp_graph_op interp_linear, interp_matmul; /* contract.c */
interp_graph_op interp_softmax, interp_layernorm, interp_rmsnorm, interp_sum, interp_mean, interp_amax,
    interp_argmax; /* axes.c */
interp_graph_op interp_reshape, interp_transpose, interp_concat, interp_slice, interp_pad, interp_take; /* shape.c */
interp_graph_op interp_conv2d, interp_depthwise_conv2d, interp_maxpool2d, interp_avgpool2d; /* window.c */
interp_graph_op interp_resize_bilinear;                                                  /* resize.c */

#endif
