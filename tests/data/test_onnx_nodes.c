/* The single-operator tests of the ONNX suite: the suite's outputs come out, whether tensors are inputs or weights. */
#include "runtime/safetensors.h"
#include "tests/data/onnx.h"
#include "tests/data/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER SPC_DATA_DIR "/onnx_nodes"

typedef struct suite {
    char *bytes;
    rt_directory tensors;
    json_t *cases;
} suite;

static bool open_suite(suite *s)
{
    size_t size;
    rt_error error = {0};
    json_error_t where;
    *s = (suite){.bytes = program_read(FOLDER "/onnx_nodes.safetensors", &size)};
    char *text = s->bytes ? program_read(FOLDER "/tests.json", &(size_t){0}) : NULL;
    if (!text) {
        free(s->bytes);
        return false;
    }
    if (rt_safetensors_read((const unsigned char *)s->bytes, size, "onnx_nodes", &s->tensors, &error)) fail_msg("%s", error.text);
    s->cases = json_loads(text, 0, &where);
    if (!s->cases) fail_msg("tests.json:%d: %s", where.line, where.text);
    free(text);
    return true;
}

static void close_suite(suite *s)
{
    json_decref(s->cases);
    rt_directory_free(&s->tensors);
    free(s->bytes);
}

/* A copy, since the file's is not aligned; free its data. */
static spc_tensor load(const suite *s, const char *test, const char *kind, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s/%s", test, kind, name);
    const rt_file_tensor *t = rt_directory_find(&s->tensors, path);
    if (!t || strcmp(t->dtype, "F32")) fail_msg("there is no f32 tensor %s", path);
    spc_tensor out = {calloc((size_t)t->count + 1, sizeof(float)), SPC_F32, t->rank, {0}};
    memcpy(out.dims, t->dims, sizeof out.dims);
    memcpy(out.data, t->data, (size_t)t->count * sizeof(float));
    return out;
}

static const char *string_at(const json_t *list, size_t i) { return json_string_value(json_array_get(list, i)); }

static onnx_node read_node(const suite *s, const json_t *test, const char *name)
{
    const json_t *node = json_object_get(test, "node"), *inputs = json_object_get(node, "inputs");
    onnx_node n = {.op = json_string_value(json_object_get(node, "op")), .attrs = json_object_get(node, "attrs")};
    n.inputs = (int)json_array_size(inputs);
    assert_in_range(n.inputs, 1, ONNX_MAX_INPUTS);
    for (int i = 0; i < n.inputs; i++) {
        n.names[i] = string_at(inputs, (size_t)i);
        n.tensors[i] = load(s, name, "input", n.names[i]);
    }
    n.result = load(s, name, "output", string_at(json_object_get(node, "outputs"), 0));
    return n;
}

static void free_node(onnx_node *n)
{
    for (int i = 0; i < n->inputs; i++) free(n->tensors[i].data);
    free(n->result.data);
}

/* The suite's side and ours round once per term and a few times besides. False: no row for the operator. */
static bool check_node(const char *name, const onnx_node *n, int first_weight)
{
    int64_t terms;
    program p = {.name = name, .text = onnx_sdl(n, first_weight, &terms), .want = n->result};
    if (!p.text) return false;
    for (int i = 0; i < n->inputs; i++) {
        if (i < first_weight) {
            p.in[p.inputs++] = n->tensors[i];
        } else {
            p.weight_names[p.weights] = n->names[i];
            p.weight[p.weights++] = n->tensors[i];
        }
    }
    p.roundings = 2 * ((double)terms + 8);
    program_check(&p);
    free((char *)p.text);
    return true;
}

static void check_suite(int first_weight)
{
    suite s;
    size_t i, checked = 0;
    const json_t *test;
    if (!open_suite(&s)) skip();
    json_array_foreach(s.cases, i, test) {
        const char *name = json_string_value(json_object_get(test, "test"));
        onnx_node n = read_node(&s, test, name);
        if (!check_node(name, &n, first_weight)) fail_msg("%s: no SDL for %s", name, n.op);
        checked++;
        free_node(&n);
    }
    print_message("%zu nodes agree\n", checked);
    assert_int_equal(checked, 37);
    close_suite(&s);
}

static void test_all_tensors_are_inputs(void **state)
{
    (void)state;
    check_suite(ONNX_MAX_INPUTS);
}

static void test_all_but_the_first_are_weights(void **state)
{
    (void)state;
    check_suite(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_tensors_are_inputs),
        cmocka_unit_test(test_all_but_the_first_are_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
