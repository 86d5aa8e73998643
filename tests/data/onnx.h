/* onnx: nodes of the ONNX standard as SDL. */
#ifndef SPC_TEST_DATA_ONNX_H
#define SPC_TEST_DATA_ONNX_H

#include <jansson.h>
#include <spc/spc_rt.h>
#include <stdbool.h>

enum { ONNX_MAX_INPUTS = 3 };

typedef struct onnx_node {
    const char *op;
    const json_t *attrs;
    int inputs;
    const char *names[ONNX_MAX_INPUTS];
    spc_tensor tensors[ONNX_MAX_INPUTS];
    spc_tensor result; /* its first output */
} onnx_node;

/* The text of a layer f from the node's inputs to its result; free it. Inputs from number `first_weight` on are weights of the
 * file. NULL: the operator has no row. terms: how many numbers each element of the result is a sum of. */
char *onnx_sdl(const onnx_node *, int first_weight, int64_t *terms);

#endif
