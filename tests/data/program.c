/* program: compiling, running and comparing. */
#include "tests/data/program.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t program_count(const spc_tensor *t)
{
    int64_t count = 1;
    for (int i = 0; i < t->rank; i++) count *= t->dims[i];
    return count;
}

const char *program_type(const spc_tensor *t, char *buffer, size_t size)
{
    size_t len = (size_t)snprintf(buffer, size, "%s[", spc_dtype_name(t->dtype));
    for (int i = 0; i < t->rank && len < size; i++)
        len += (size_t)snprintf(buffer + len, size - len, "%s%lld", i ? "," : "", (long long)t->dims[i]);
    if (len < size) snprintf(buffer + len, size - len, "]");
    return buffer;
}

char *program_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        print_message("there is no %s; skipped\n", path);
        return NULL;
    }
    fseek(file, 0, SEEK_END);
    const long length = ftell(file);
    assert_true(length >= 0);
    rewind(file);
    char *text = calloc((size_t)length + 1, 1);
    assert_int_equal(fread(text, 1, (size_t)length, file), length);
    fclose(file);
    *size = (size_t)length;
    return text;
}

/* ---- comparing ---- */

static double element(const spc_tensor *t, int64_t i)
{
    if (t->dtype == SPC_F32) return (double)((const float *)t->data)[i];
    if (t->dtype == SPC_F64) return ((const double *)t->data)[i];
    assert_int_equal(t->dtype, SPC_I32);
    return (double)((const int32_t *)t->data)[i];
}

static void compare(const program *p, const char *backend, const spc_tensor *got)
{
    const double unit = p->want.dtype == SPC_F64 ? DBL_EPSILON : (double)FLT_EPSILON;
    const int64_t count = program_count(&p->want);
    double largest = 0;
    for (int64_t i = 0; i < count; i++) largest = fmax(largest, fabs(element(&p->want, i)));
    for (int64_t i = 0; i < count; i++) {
        const double want = element(&p->want, i), result = element(got, i);
        if (!(fabs(result - want) <= p->roundings * unit * largest))
            fail_msg("%s on %s: element %lld is %.9g, not %.9g\n%s", p->name, backend, (long long)i, result, want, p->text);
    }
}

/* ---- running ---- */

static spc_module *compile(const program *p, const char *backend)
{
    spc_session *s;
    spc_module *module = NULL;
    assert_int_equal(spc_session_new(&s), SPC_OK);
    spc_status status = spc_set(s, "backend", backend);
    if (!status) status = spc_load(s, p->name, p->text, strlen(p->text));
    for (int i = 0; i < p->weights && !status; i++) status = spc_bind(s, p->weight_names[i], &p->weight[i]);
    if (!status) status = spc_jit(s, &module);
    if (status) fail_msg("%s on %s: %s\n%s%s", p->name, backend, spc_status_text(status), spc_messages(s), p->text);
    spc_session_free(s);
    return module;
}

static void run(const program *p, const char *backend)
{
    spc_module *module = compile(p, backend);
    spc_tensor out = p->want;
    out.data = calloc((size_t)program_count(&out) + 1, sizeof(double));
    const spc_status status = spc_run(module, "f", p->in, (size_t)p->inputs, &out, 1, NULL);
    if (status) fail_msg("%s on %s: %s: %s", p->name, backend, spc_status_text(status), spc_module_error(module));
    compare(p, backend, &out);
    free(out.data);
    spc_module_free(module);
}

void program_check(const program *p)
{
    char name[64];
    run(p, "reference");
    run(p, "interp");
    for (int i = 0; spc_backend_at(i, name, sizeof name); i++) {
        name[strcspn(name, " ")] = 0;
        run(p, name);
    }
}
