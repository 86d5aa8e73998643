/* test_programs: small programs, each for one thing: elementwise ops and broadcasting, dtypes, functions, several
 * results, layers that call layers, dims of several kinds. Exact where integers allow it, within the language's bounds
 * where functions round.
 *
 *     test_programs */
#include "tests/diff/diff.h"
#include <stdio.h>

typedef struct program_case {
    const char *name, *sdl;
    int values; /* inputs are -values..values */
    bool spread;
    diff_tolerance tolerance;
    int sets, dims;
    int64_t extents[12];
} program_case;

/* Four units in the last place; results below the normal range may be flushed. */
#define FUNCTION(name, body)                                                                             \
    {name, "dim n;\nlayer f(x: f32[n, 3]) -> y: f32[n, 3] { y = " body "; }\n", 4, true,                    \
     {4 * 0x1p-23, 0x1p-126}, 4, 1, {0, 1, 23, 700}}
/* These may also be off by 1e-7. */
#define SMOOTH(name, body)                                                                               \
    {name, "dim n;\nlayer f(x: f32[n, 3]) -> y: f32[n, 3] { y = " body "; }\n", 4, true,                    \
     {4 * 0x1p-23, 1e-7}, 4, 1, {0, 1, 23, 700}}
#define BATCHES 5, 1, {0, 1, 5, 16, 67}

static const program_case programs[] = {
    FUNCTION("exp", "exp(x)"), FUNCTION("tanh", "tanh(x)"), FUNCTION("sigmoid", "sigmoid(x)"),
    FUNCTION("sqrt", "sqrt(abs(x))"), FUNCTION("relu", "relu(x)"), FUNCTION("relu6", "relu6(x)"),
    FUNCTION("max and min", "max(min(x, 2), -x)"), FUNCTION("quotient", "x / (x * x + 1)"),
    FUNCTION("clip", "clip(x, -1, 0.5)"), FUNCTION("leaky", "leaky_relu(x, slope=0.3)"),
    SMOOTH("gelu", "gelu(x)"), SMOOTH("gelu_tanh", "gelu_tanh(x)"), SMOOTH("silu", "silu(x)"),
    {"broadcasting",
     "dim n;\nlayer f(a: f32[n, 3, 5], b: f32[5], c: f32[3, 1], d: f32[n, 1, 5], s: f32[]) -> y: f32[n, 3, 5] {\n"
     "    y = (a + b) * c - d * s;\n}\n", 9, false, {0}, BATCHES},
    {"an outer sum", "dim n;\nlayer f(a: f32[n, 1], b: f32[1, 7]) -> y: f32[n, 7] { y = a + b; }\n", 9, false, {0}, BATCHES},
    {"scalars", "layer f(a: f32[], b: f32[]) -> y: f32[] { y = max(a * b, a - b); }\n", 9, false, {0}, 1, 0, {0}},
    {"where and comparisons",
     "dim n;\nlayer f(a: f32[n, 5], b: f32[5], c: bool[n, 5]) -> (y: f32[n, 5], z: bool[n, 5]) {\n"
     "    y = where(a < b & c, a, where(a == b, 7, b));\n    z = !(a >= b) | c;\n}\n", 3, false, {0}, BATCHES},
    {"more comparisons",
     "dim n;\nlayer f(a: f32[n, 5], b: f32[n, 5]) -> (y: bool[n, 5], z: bool[n, 5]) {\n"
     "    y = (a > b) == (b < a);\n    z = (a != b) | (a <= b);\n}\n", 3, true, {0}, BATCHES},
    {"integers wrap",
     "dim n;\nlayer f(a: i32[n, 5], b: i8[n, 5], c: u8[n, 5]) -> (y: i32[n, 5], z: i8[n, 5], v: u8[n, 5]) {\n"
     "    y = a * a * a * a * a * a * a - 3;\n    z = b * b + b;\n    v = max(c * c, c) - 200;\n}\n", 120, false, {0}, BATCHES},
    {"integer functions", "dim n;\nlayer f(a: i32[n, 5]) -> y: i32[n, 5] { y = clip(relu(a) - abs(a), -50, neg(a)); }\n", 99,
     false, {0}, BATCHES},
    {"casts",
     "dim n;\nlayer f(a: f32[n, 5], b: i32[n, 5]) -> (y: i8[n, 5], z: f32[n, 5], v: u8[n, 5], w: bool[n, 5], t: i32[n, 5]) {\n"
     "    y = cast(a, i8);\n    z = cast(b, f32);\n    v = cast(b, u8);\n    w = cast(a, bool);\n    t = cast(a * 1000.5, i32);\n}\n",
     300, false, {0}, BATCHES},
    {"casts of anything",
     "dim n;\nlayer f(a: f32[n, 5]) -> (y: i8[n, 5], z: i32[n, 5], v: u8[n, 5], h: f16[n, 5], g: bf16[n, 5]) {\n"
     "    y = cast(a, i8);\n    z = cast(a, i32);\n    v = cast(a, u8);\n    h = cast(a, f16);\n    g = cast(a, bf16);\n}\n",
     3, true, {0}, BATCHES},
    {"short floats", "dim n;\nlayer f(a: f16[n, 5], b: bf16[n, 5]) -> (y: f16[n, 5], z: bf16[n, 5]) {\n"
     "    y = a + a;\n    z = b * b;\n}\n", 30, false, {0}, BATCHES},
    {"doubles", "dim n;\nlayer f(a: f64[n, 5]) -> y: f64[n, 5] { y = a * 0.5 + relu(a); }\n", 30, false, {0}, BATCHES},
    {"f16 weights", "dim n;\nweight w: f16[33, 20] sparse unstructured;\n"
     "layer f(x: f32[n, 20]) -> y: f32[n, 33] { y = linear(x, w); }\n", 4, false, {0}, BATCHES},
    {"f16 product", "dim n;\nweight w: f16[33, 20] sparse unstructured;\n"
     "layer f(x: f16[n, 20]) -> y: f16[n, 33] { y = linear(x, w); }\n", 4, false, {0}, BATCHES},
    {"bf16 product", "dim n;\nweight w: bf16[33, 20] sparse 2:4;\n"
     "layer f(x: bf16[n, 20]) -> y: bf16[n, 33] { y = linear(x, w); }\n", 4, false, {0}, BATCHES},
    {"f64 product", "dim n;\nweight w: f64[33, 20] sparse unstructured;\n"
     "layer f(x: f64[n, 20]) -> y: f64[n, 33] { y = linear(x, w); }\n", 4, false, {0}, BATCHES},
    {"i32 product", "dim n;\nweight w: i32[33, 20] sparse unstructured;\n"
     "layer f(x: i32[n, 20]) -> y: i32[n, 33] { y = linear(x, w); }\n", 100, false, {0}, BATCHES},
    {"matmul of inputs", "dim n;\nlayer f(a: f32[n, 19], b: f32[19, 35]) -> y: f32[n, 35] { y = matmul(a, b) + 1; }\n", 5,
     false, {0}, BATCHES},
    {"linear of inputs", "dim n;\nlayer f(a: f32[n, 19], b: f32[35, 19], c: f32[35]) -> y: f32[n, 35] {\n"
     "    y = linear(a, b, c);\n}\n", 5, false, {0}, BATCHES},
    {"matmul with dims everywhere", "dim n, m, k;\nlayer f(a: f32[n, k], b: f32[k, m]) -> y: f32[n, m] { y = matmul(a, b); }\n",
     5, false, {0}, 4, 3, {3, 4, 5, 17, 1, 33, 0, 5, 6, 4, 7, 0}},
    {"batched matmul of inputs",
     "dim n;\nlayer f(a: f32[2, 1, n, 6], b: f32[3, 6, 9]) -> y: f32[2, 3, n, 9] { y = matmul(a, b); }\n", 5, false, {0}, BATCHES},
    {"attention's products",
     "dim n, m;\nlayer f(q: f32[2, n, 8], k: f32[2, 8, m], v: f32[2, m, 8]) -> y: f32[2, n, 8] {\n"
     "    y = matmul(clip(matmul(q, k), -3, 3), v);\n}\n", 2, false, {0}, 3, 2, {4, 7, 1, 1, 0, 9}},
    {"a product of an expression", "dim n;\nweight w: f32[12, 20] sparse unstructured;\n"
     "layer f(x: f32[n, 20], s: f32[20]) -> y: f32[n, 12] { y = linear(relu(x) * s - 1, w); }\n", 4, false, {0}, BATCHES},
    {"one value twice, and an input as it is",
     "dim n;\nweight w: f32[12, 20] sparse unstructured;\n"
     "layer f(x: f32[n, 20]) -> (y: f32[n, 12], z: f32[n, 12], v: f32[n, 20], u: f32[n, 20]) {\n"
     "    h = relu(linear(x, w));\n    y = h;\n    z = h;\n    v = x;\n    u = x + x;\n}\n", 4, false, {0}, BATCHES},
    {"a constant result", "dim n;\nlayer f(x: f32[n]) -> (y: f32[n], z: f32[n]) {\n    y = x * 0 + 2.5;\n    z = x * n;\n}\n", 4,
     false, {0}, BATCHES},
    {"one weight twice", "dim n;\nweight w: f32[20, 20] sparse block(4, 4);\n"
     "layer f(x: f32[n, 20]) -> y: f32[n, 20] { y = linear(clip(linear(x, w), -3, 3), w) + matmul(x, w); }\n", 2, false, {0},
     BATCHES},
    {"a network",
     "dim n;\nweight w1: f32[40, 24] sparse unstructured;\nweight b1: f32[40];\nweight w2: f32[24, 40] sparse 2:4;\n"
     "weight w3: f32[48, 24] sparse block(8, 4);\nweight w4: f32[9, 48];\n"
     "layer block(x: f32[n, 24]) -> y: f32[n, 24] { y = clip(x + linear(relu(linear(x, w1, b1)), w2), -4, 4); }\n"
     "layer head(x: f32[n, 24]) -> (y: f32[n, 9], top: f32[n, 9]) {\n"
     "    y = linear(relu6(linear(x, w3)), w4);\n    top = max(y, 0);\n}\n"
     "layer f(x: f32[n, 24]) -> (y: f32[n, 9], z: f32[n, 9]) {\n    h = x |> block |> block;\n    y, z = head(h);\n}\n", 2, false,
     {0}, BATCHES},
    {"dims with a contract", "dim n = 2..70 step 2;\nweight w: f32[17, 8] sparse unstructured;\n"
     "layer f(x: f32[n / 2, 8], r: f32[n / 2, 17]) -> y: f32[n / 2, 17] { y = linear(x, w) + r; }\n", 3, false, {0}, 3, 1,
     {2, 34, 70}},
    {"one column of bf16", "dim n;\nweight w: bf16[1, 33] sparse unstructured;\n"
     "layer f(x: bf16[n, 33]) -> y: bf16[n, 1] { y = linear(x, w); }\n", 2, false, {0}, BATCHES},
    {"transposes of all kinds",
     "dim n;\nlayer f(a: f32[n, 35], b: f32[2, n, 5, 7], c: f64[3, n, 24], d: bf16[n, 18], e: i8[n, 9], s: f32[n]) ->\n"
     "    (v: f32[35, n], w: f32[7, 2, 5, n], x: f64[24, 3, n], y: bf16[18, n], z: i8[9, n], t: f32[2, 7, 5, n]) {\n"
     "    v = transpose(a, [1, 0]) * s;\n    w = transpose(b, [3, 0, 2, 1]) + s;\n    x = transpose(c, [2, 0, 1]);\n"
     "    y = transpose(d, [1, 0]);\n    z = transpose(e, [1, 0]);\n    t = transpose(b, [0, 3, 2, 1]);\n}\n", 9, false, {0}, BATCHES},
    {"a choice of short floats", "dim n;\nlayer f(c: bool[n, 20], a: bf16[n, 20], b: bf16[20], d: f16[n, 20]) -> (y: bf16[n, 20], z: f16[n, 20]) {\n"
     "    y = where(c, a, b);\n    z = where(c, d, 1);\n}\n", 9, false, {0}, BATCHES},
    {"short integers sum as i32", "dim n;\nlayer f(x: u8[n, 20], z: i8[20, 3], v: u8[20, 3]) -> (y: i32[n, 3], s: i32[20], t: i32[n]) {\n"
     "    y = matmul(x, v);\n    s = sum(z, axis=-1);\n    t = sum(x, axis=1);\n}\n", 250, false, {0}, BATCHES},
    {"norms of one element, the mean of none",
     "dim n;\nlayer f(x: f32[n, 1], g: f32[1], b: f32[1]) -> (y: f32[n, 1], z: f32[n, 1], s: f32[n, 1], m: f32[1]) {\n"
     "    y = layernorm(x, g, b);\n    z = rmsnorm(x * 0, g);\n    s = softmax(x);\n    m = mean(x, axis=0);\n}\n", 4, false,
     {0x1p-20, 0}, BATCHES},
    {"no batch", "weight w: f32[17, 8] sparse unstructured;\nlayer f(x: f32[8]) -> y: f32[17] { y = linear(x, w); }\n", 3, false,
     {0}, 1, 0, {0}},
};

int main(void)
{
    static const char *const cpus[] = {"x86-64-v2", "x86-64-v3", "x86-64-v4", "native"};
    diff_tally tally = {0};
    diff_random random = 1;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        for (size_t c = 0; c < sizeof cpus / sizeof *cpus; c++) {
            const program_case *p = &programs[i];
            diff_program program = {p->sdl, "", cpus[c], (i + c) % 3 == 0, 0}; /* each program on one CPU by all */
            const diff_case all = {p->name, &program, false, {"f", NULL, 0, p->values, p->spread, false, p->tolerance},
                                   p->sets, p->dims, p->extents};
            if (diff_program_weights(&program, &random)) diff_try(&tally, &all, &random);
            else tally.failed++;
            diff_program_free(&program);
        }
    printf("%lld programs ran, %lld failures\n", (long long)tally.ran, (long long)tally.failed);
    diff_print_native(&tally);
    return tally.failed != 0;
}
