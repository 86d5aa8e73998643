/* onnx: one function for each operator writes its expression; the table at the end says which. */
#include "tests/data/onnx.h"
#include "tests/data/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t get_integer(const onnx_node *n, const char *key, int64_t absent)
{
    const json_t *value = json_object_get(n->attrs, key);
    return value ? (int64_t)json_integer_value(value) : absent;
}

/* The axis of the attribute, counted from the first. */
static int get_axis(const onnx_node *n, int64_t absent)
{
    const int64_t axis = get_integer(n, "axis", absent);
    return (int)(axis < 0 ? axis + n->tensors[0].rank : axis);
}

static int64_t last_extent(const spc_tensor *t) { return t->dims[t->rank - 1]; }

/* ---- elementwise ---- */

static int64_t write_call(FILE *out, const onnx_node *n, const char *operation)
{
    fprintf(out, "    result = %s(%s);\n", operation, n->names[0]);
    return 1;
}

static int64_t write_operator(FILE *out, const onnx_node *n, const char *operator)
{
    fprintf(out, "    result = %s %s %s;\n", n->names[0], operator, n->names[1]);
    return 1;
}

/* ---- products ---- */

static int64_t write_matmul(FILE *out, const onnx_node *n, const char *operation)
{
    fprintf(out, "    result = %s(%s, %s);\n", operation, n->names[0], n->names[1]);
    return last_extent(&n->tensors[0]);
}

/* alpha * A' B' + beta * C. A transposed B is what linear takes. */
static int64_t write_gemm(FILE *out, const onnx_node *n, const char *unused)
{
    const json_t *alpha = json_object_get(n->attrs, "alpha"), *beta = json_object_get(n->attrs, "beta");
    const bool turned = get_integer(n, "transA", 0) != 0;
    (void)unused;
    fprintf(out, "    result = ");
    if (alpha) fprintf(out, "%.9f * ", json_number_value(alpha));
    fprintf(out, get_integer(n, "transB", 0) ? "linear(" : "matmul(");
    fprintf(out, turned ? "transpose(%s, [1, 0])" : "%s", n->names[0]);
    fprintf(out, ", %s)", n->names[1]);
    if (n->inputs == 3) fprintf(out, " + ");
    if (n->inputs == 3 && beta) fprintf(out, "%.9f * ", json_number_value(beta));
    fprintf(out, "%s;\n", n->inputs == 3 ? n->names[2] : "");
    return n->tensors[0].dims[turned ? 0 : 1] + 1;
}

/* ---- along axes: SDL's work on the last one ---- */

/* The order that changes the axis with the last, which is its own inverse. */
static void write_swap(FILE *out, int axis, int rank)
{
    for (int i = 0; i < rank; i++) fprintf(out, "%s%d", i ? ", " : "[", i == axis ? rank - 1 : i == rank - 1 ? axis : i);
    fprintf(out, "]");
}

static int64_t write_softmax(FILE *out, const onnx_node *n, const char *unused)
{
    const int rank = n->tensors[0].rank, axis = get_axis(n, -1);
    (void)unused;
    if (axis == rank - 1) {
        fprintf(out, "    result = softmax(%s);\n", n->names[0]);
    } else {
        fprintf(out, "    swapped = transpose(%s, ", n->names[0]);
        write_swap(out, axis, rank);
        fprintf(out, ");\n    result = transpose(softmax(swapped), ");
        write_swap(out, axis, rank);
        fprintf(out, ");\n");
    }
    return n->tensors[0].dims[axis];
}

/* ONNX normalises over all axes from `axis` on: they become one. */
static int64_t write_layernorm(FILE *out, const onnx_node *n, const char *unused)
{
    const spc_tensor *x = &n->tensors[0];
    const int axis = get_axis(n, -1);
    const json_t *epsilon = json_object_get(n->attrs, "epsilon");
    int64_t terms = 1, rows = 1;
    (void)unused;
    for (int i = 0; i < x->rank; i++) *(i < axis ? &rows : &terms) *= x->dims[i];
    fprintf(out, "    rows = reshape(%s, [%lld, -1]);\n", n->names[0], (long long)rows);
    fprintf(out, "    result = reshape(layernorm(rows, reshape(%s, [-1])", n->names[1]);
    if (n->inputs == 3) fprintf(out, ", reshape(%s, [-1])", n->names[2]);
    if (epsilon) fprintf(out, ", eps=%.9f", json_number_value(epsilon));
    fprintf(out, "), [");
    for (int i = 0; i < x->rank; i++) fprintf(out, "%s%lld", i ? ", " : "", (long long)x->dims[i]);
    fprintf(out, "]);\n");
    return terms;
}

/* ---- images: ONNX has [n, c, h, w] and filters [out, in, kh, kw], SDL has channels last ---- */

static int64_t write_conv(FILE *out, const onnx_node *n, const char *unused)
{
    const spc_tensor *w = &n->tensors[1];
    const json_t *pads = json_object_get(n->attrs, "pads"), *strides = json_object_get(n->attrs, "strides");
    long long pad[4] = {0}, stride[2] = {1, 1}; /* pads: top, left, bottom, right */
    (void)unused;
    for (size_t i = 0; i < 4 && pads; i++) pad[i] = json_integer_value(json_array_get(pads, i));
    for (size_t i = 0; i < 2 && strides; i++) stride[i] = json_integer_value(json_array_get(strides, i));
    fprintf(out, "    image = transpose(%s, [0, 2, 3, 1]);\n    filters = transpose(%s, [0, 2, 3, 1]);\n", n->names[0], n->names[1]);
    fprintf(out, "    seen = conv2d(image, filters, stride=[%lld, %lld], pad=[%lld, %lld, %lld, %lld]);\n", stride[0], stride[1],
            pad[0], pad[2], pad[1], pad[3]);
    fprintf(out, "    result = transpose(seen, [0, 3, 1, 2]);\n");
    return w->dims[1] * w->dims[2] * w->dims[3];
}

/* ---- the table ---- */

static const struct {
    const char *op;
    int64_t (*write)(FILE *, const onnx_node *, const char *operation); /* gives the number of terms */
    const char *operation;
} operators[] = {
    {"Add", write_operator, "+"},    {"Mul", write_operator, "*"},     {"Relu", write_call, "relu"},
    {"Sigmoid", write_call, "sigmoid"}, {"Tanh", write_call, "tanh"},  {"MatMul", write_matmul, "matmul"},
    {"Gemm", write_gemm, NULL},      {"Softmax", write_softmax, NULL}, {"LayerNormalization", write_layernorm, NULL},
    {"Conv", write_conv, NULL},
};

char *onnx_sdl(const onnx_node *n, int first_weight, int64_t *terms)
{
    char *text = NULL, type[128];
    size_t size, row = 0;
    while (row < sizeof operators / sizeof *operators && strcmp(operators[row].op, n->op)) row++;
    if (row == sizeof operators / sizeof *operators) return NULL;
    FILE *out = open_memstream(&text, &size);
    for (int i = first_weight; i < n->inputs; i++)
        fprintf(out, "weight %s: %s;\n", n->names[i], program_type(&n->tensors[i], type, sizeof type));
    fprintf(out, "layer f(");
    for (int i = 0; i < n->inputs && i < first_weight; i++)
        fprintf(out, "%s%s: %s", i ? ", " : "", n->names[i], program_type(&n->tensors[i], type, sizeof type));
    fprintf(out, ") -> result: %s {\n", program_type(&n->result, type, sizeof type));
    *terms = operators[row].write(out, n, operators[row].operation);
    fprintf(out, "}\n");
    fclose(out);
    return text;
}
