/* test_shrink: networks whose weights have empty rows and columns, so that their neighbours shrink: every way that channels
 * take from the weight that makes them to the one that reads them. Each program runs with several draws of weights, and must
 * have shrunk in some of them, unless it must never.
 *
 *     test_shrink [--seed N] [--count DRAWS] */
#include "tests/diff/diff.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXTENTS = 3 };

typedef struct shrink_case {
    const char *name, *sdl;
    bool shrinks;
    diff_tolerance tolerance;
    int dims;
} shrink_case;

static const int64_t batches[EXTENTS] = {1, 5, 33};

static const shrink_case cases[] = {
    {"two linears", "dim n;\nweight a: f32[48, 20] sparse rows;\nweight b: f32[48];\nweight c: f32[12, 48] sparse columns;\n"
     "layer f(x: f32[n, 20]) -> y: f32[n, 12] { y = linear(relu(linear(x, a, b)), c); }\n", true, {0}, 1},
    {"rows alone: constants go into a bias", "dim n;\nweight a: f32[48, 20] sparse rows;\nweight b: f32[48];\n"
     "weight c: f32[12, 48] sparse unstructured;\nweight d: f32[12];\n"
     "layer f(x: f32[n, 20]) -> y: f32[n, 12] { y = linear(clip(linear(x, a, b) * 2 - 1, -4, 9), c, d); }\n", true, {0}, 1},
    {"rows alone: a bias comes new", "dim n;\nweight a: f32[48, 20] sparse rows;\nweight b: f32[48];\nweight c: f32[12, 48];\n"
     "layer f(x: f32[n, 20]) -> y: f32[n, 12] { y = relu(linear(relu(linear(x, a, b)), c)); }\n", true, {0}, 1},
    {"columns alone: rows that nobody reads", "dim n;\nweight a: f32[48, 20];\nweight b: f32[48];\n"
     "weight c: f32[12, 48] sparse columns;\n"
     "layer f(x: f32[n, 20]) -> y: f32[n, 12] { y = linear(relu(linear(x, a, b)), c); }\n", true, {0}, 1},
    {"gelu of biases", "dim n;\nweight a: f32[48, 20] sparse rows;\nweight b: f32[48];\nweight c: f32[12, 48];\nweight d: f32[12];\n"
     "layer f(x: f32[n, 20]) -> y: f32[n, 12] { y = linear(gelu(linear(x, a, b)), c, d); }\n", true, {1e-5, 1e-3}, 1},
    {"weights on the left", "dim n;\nweight a: f32[48, 20] sparse rows;\nweight b: f32[48, 1];\nweight c: f32[12, 48] sparse columns;\n"
     "layer f(x: f32[20, n]) -> y: f32[12, n] { y = matmul(c, relu(matmul(a, x) + b)) ; }\n", true, {0}, 1},
    {"weights on the right", "dim n;\nweight a: f32[20, 48] sparse columns;\nweight b: f32[48];\nweight c: f32[48, 12];\n"
     "layer f(x: f32[n, 2, 20]) -> y: f32[n, 2, 12] { y = matmul(relu(matmul(x, a) + b), c) + 1; }\n", true, {0}, 1},
    {"on the left, into a bias", "dim n;\nweight a: f32[48, 20] sparse rows;\nweight b: f32[48, 1];\nweight c: f32[12, 48];\n"
     "layer f(x: f32[20, n]) -> y: f32[12, n] { y = matmul(c, relu(matmul(a, x) + b)) ; }\n", true, {0}, 1},
    {"both sides of a residual", "dim n;\nweight a: f32[32, 20] sparse rows;\nweight b: f32[32, 20] sparse rows;\n"
     "weight c: f32[12, 32] sparse columns;\n"
     "layer f(x: f32[n, 20]) -> y: f32[n, 12] { y = linear(relu(linear(x, a) + linear(relu(x), b)), c); }\n", true, {0}, 1},
    {"three in a row: what is left is empty anew", "dim n;\nweight a: f32[64, 20] sparse rows;\nweight b: f32[32, 64] sparse rows;\n"
     "weight c: f32[32, 32] sparse columns;\nweight d: f32[12, 32] sparse columns;\n"
     "layer f(x: f32[n, 20]) -> y: f32[n, 12] { y = linear(relu(linear(relu(linear(relu(linear(x, a)), b)), c)), d); }\n", true, {0}, 1},
    {"gates and other operands", "dim n;\nweight a: f32[32, 20] sparse rows;\nweight g: f32[32, 20] sparse rows;\n"
     "weight c: f32[12, 32];\nweight s: f32[32];\n"
     "layer f(x: f32[n, 20], k: f32[n, 1]) -> y: f32[n, 12] { y = linear(linear(x, a) * relu(linear(x, g) + s) * k, c); }\n", false, {0}, 1},
    {"whole groups of 2:4", "dim n;\nweight a: f32[64, 20] sparse rows;\nweight c: f32[12, 64] sparse 2:4;\n"
     "layer f(x: f32[n, 20]) -> y: f32[n, 12] { y = linear(relu(linear(x, a)), c); }\n", true, {0}, 1},
    {"whole blocks", "dim n;\nweight a: f32[64, 20] sparse block(4, 4);\nweight c: f32[12, 64] sparse block(4, 8);\n"
     "layer f(x: f32[n, 20]) -> y: f32[n, 12] { y = linear(relu(linear(x, a)), c); }\n", true, {0}, 1},
    {"short floats", "dim n;\nweight a: f16[32, 20] sparse rows;\nweight b: f16[32];\nweight c: f16[12, 32];\n"
     "layer f(x: f16[n, 20]) -> y: f16[n, 12] { y = linear(clip(linear(x, a, b), -3, 3), c); }\n", true, {0}, 1},
    {"a result and a reader", "dim n;\nweight a: f32[32, 20] sparse rows;\nweight c: f32[12, 32] sparse columns;\n"
     "layer f(x: f32[n, 20]) -> (y: f32[n, 12], h: f32[n, 32]) { h = relu(linear(x, a)); y = linear(h, c); }\n", false, {0}, 1},
    {"two readers", "dim n;\nweight a: f32[64, 20];\nweight c: f32[12, 64] sparse columns;\nweight d: f32[7, 64] sparse columns;\n"
     "layer f(x: f32[n, 20]) -> (y: f32[n, 12], z: f32[n, 7]) { h = relu(linear(x, a)); y = linear(h, c); z = linear(h, d); }\n", true, {0}, 1},
    {"a norm between", "dim n;\nweight a: f32[32, 20] sparse rows;\nweight c: f32[12, 32] sparse columns;\nweight g: f32[32];\n"
     "layer f(x: f32[n, 20]) -> y: f32[n, 12] { y = linear(rmsnorm(linear(x, a), g), c); }\n", false, {1e-4, 1e-3}, 1},
    {"one weight twice", "dim n;\nweight a: f32[32, 20] sparse rows;\nweight w: f32[32, 32] sparse rows;\nweight c: f32[12, 32] sparse columns;\n"
     "layer f(x: f32[n, 20]) -> y: f32[n, 12] { y = linear(clip(linear(clip(linear(linear(x, a), w), -2, 2), w), -2, 2), c); }\n", true, {0}, 1},
    {"a network of convolutions", "dim n;\nweight a: f32[32, 1, 1, 6] sparse rows;\nweight b: f32[32];\nweight d: f32[3, 3, 32];\n"
     "weight e: f32[32];\nweight p: f32[8, 1, 1, 32] sparse columns;\n"
     "layer f(x: f32[n, 7, 6, 6]) -> y: f32[n, 7, 6, 8] {\n"
     "    y = conv2d(relu6(depthwise_conv2d(relu6(conv2d(x, a, b)), d, e, pad=same)), p);\n}\n", true, {0}, 1},
    {"padded windows of constants", "dim n;\nweight a: f32[32, 1, 1, 6] sparse rows;\nweight b: f32[32];\nweight w: f32[8, 3, 3, 32];\n"
     "layer f(x: f32[n, 7, 6, 6]) -> (y: f32[n, 7, 6, 8], z: f32[n, 5, 4, 8]) {\n"
     "    y = conv2d(relu(conv2d(x, a, b)), w, pad=1);\n    z = conv2d(clip(conv2d(x, a, b), 1, 4), w);\n}\n", true, {0}, 1},
    {"windows that stay inside", "dim n;\nweight a: f32[32, 1, 1, 6] sparse rows;\nweight b: f32[32];\nweight w: f32[8, 3, 2, 32];\nweight v: f32[8];\n"
     "layer f(x: f32[n, 7, 6, 6]) -> z: f32[n, 3, 3, 8] { z = conv2d(conv2d(x, a, b) + 1, w, v, stride=2); }\n", true, {0}, 1},
    {"pooling and shapes", "dim n;\nweight a: f32[32, 1, 1, 6] sparse rows;\nweight b: f32[32];\nweight c: f32[12, 32];\n"
     "layer f(x: f32[n, 8, 8, 6]) -> (y: f32[n, 12], z: f32[n, 16, 12]) {\n    h = maxpool2d(relu(conv2d(x, a, b)), 2);\n"
     "    y = linear(amax(h, axis=[1, 2]), c);\n    z = linear(reshape(h, [n, 16, 32]), c);\n}\n", true, {0}, 1},
    {"parts and wholes", "dim n;\nweight a: f32[32, 20] sparse rows;\nweight c: f32[12, 32] sparse columns;\n"
     "layer f(x: f32[n, 6, 20]) -> y: f32[n, 12, 4] {\n    h = linear(x, a);\n"
     "    t = concat(slice(h, axis=1, from=2), pad(h, [[0, 0], [1, 1], [0, 0]]), axis=1);\n"
     "    y = transpose(slice(linear(t, c), axis=1, to=4), [0, 2, 1]);\n}\n", true, {0}, 1},
    {"turned", "dim n;\nweight a: f32[32, 20] sparse rows;\nweight b: f32[32];\nweight c: f32[12, 32];\n"
     "layer f(x: f32[n, 5, 20]) -> y: f32[n, 5, 12] { y = transpose(matmul(c, transpose(relu(linear(x, a, b)), [0, 2, 1])), [0, 2, 1]); }\n", true, {0}, 1},
};

/* Draws weights anew and runs; returns how often weights shrank. */
static int64_t try_case(const shrink_case *s, int draws, diff_tally *tally, diff_random *random)
{
    static const char *const cpus[] = {"x86-64-v3", "x86-64-v4", "native"};
    const int64_t before = tally->shrunk;
    for (int i = 0; i < draws; i++) {
        diff_program program = {s->sdl, "", cpus[i % 3], i % 4 == 0, 0};
        const diff_case all = {s->name, &program, false, {"f", NULL, 0, 2, false, false, s->tolerance, NULL}, EXTENTS, s->dims, batches};
        if (diff_program_weights(&program, random)) diff_try(tally, &all, random);
        else tally->failed++;
        diff_program_free(&program);
    }
    return tally->shrunk - before;
}

int main(int argc, char **argv)
{
    diff_tally tally = {0};
    diff_random random = 1;
    int draws = 12;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--seed")) random = (diff_random)atoll(argv[i + 1]);
        if (!strcmp(argv[i], "--count")) draws = atoi(argv[i + 1]);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int64_t shrunk = try_case(&cases[i], draws, &tally, &random);
        if ((shrunk > 0) == cases[i].shrinks) continue;
        printf("FAILED: %s: weights %s\n", cases[i].name, shrunk ? "shrank" : "never shrank");
        tally.failed++;
    }
    printf("%lld programs ran, %lld of them shrank, %lld failures\n", (long long)tally.ran, (long long)tally.shrunk, (long long)tally.failed);
    diff_print_native(&tally);
    return tally.failed != 0;
}
