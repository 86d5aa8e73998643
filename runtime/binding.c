/* binding: from files and tensors to the table of packed arrays that the code of a module reads. */
#include "runtime/binding.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct late {
    rt_matrix matrix;
    bool found;
    const void *checked; /* the data that kept the pattern */
} late;

struct rt_binding {
    const rt_manifest *manifest;
    pthread_mutex_t lock;
    _Atomic(const void *const *) table; /* NULL: not packed yet */
    rt_weights *weights;                /* NULL once they are packed */
    late *late;                         /* one for each of the manifest's */
    rt_packed *packed;
    const void **addresses;
};

/* What arrays without elements point at. */
static const _Alignas(64) unsigned char nothing[64];

rt_binding *rt_binding_new(const rt_manifest *m)
{
    rt_binding *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->manifest = m;
    b->weights = rt_weights_new();
    b->late = calloc(m->nlate + 1, sizeof *b->late);
    b->packed = calloc(m->nlate + 1, sizeof *b->packed);
    b->addresses = calloc(m->nlate * RT_MAX_ARRAYS + 1, sizeof *b->addresses);
    if (b->weights && b->late && b->packed && b->addresses && pthread_mutex_init(&b->lock, NULL) == 0)
        return b;
    rt_weights_free(b->weights);
    free(b->late);
    free(b->packed);
    free(b->addresses);
    free(b);
    return NULL;
}

static void free_packed(rt_binding *b)
{
    for (size_t i = 0; i < b->manifest->nlate; i++)
        rt_packed_free(&b->packed[i]);
}

void rt_binding_free(rt_binding *b)
{
    if (!b)
        return;
    free_packed(b);
    rt_weights_free(b->weights);
    pthread_mutex_destroy(&b->lock);
    free(b->late);
    free(b->packed);
    free(b->addresses);
    free(b);
}

/* ---- checking ---- */

static const void *data_of(const rt_matrix *m) { return m->dense ? m->dense : m->values; }

static spc_status check_pattern(rt_binding *b, const rt_late *l, const rt_matrix *m, rt_error *e)
{
    rt_violation violation;
    char text[256];
    rt_pattern_check(&l->pattern, m, &violation);
    if (violation.surplus == 0)
        return SPC_OK;
    rt_violation_print(&l->pattern, &violation, text, sizeof text);
    return rt_fail(e, SPC_E_PROGRAM, "%s[%lld, %lld]: error: %s", rt_weights_place(b->weights, &l->declaration),
                   (long long)violation.row, (long long)violation.col, text);
}

/* What a later file or tensor took over is checked again. */
static spc_status check_late(rt_binding *b, size_t i, rt_error *e)
{
    late *l = &b->late[i];
    const rt_late *declared = &b->manifest->late[i];
    spc_status status = rt_weights_find(b->weights, &declared->declaration, &l->matrix, &l->found, e);
    if (status || !l->found)
        l->checked = NULL;
    if (status || !l->found || !declared->has_pattern || (l->checked && l->checked == data_of(&l->matrix)))
        return status;
    status = check_pattern(b, declared, &l->matrix, e);
    if (!status)
        l->checked = data_of(&l->matrix);
    return status;
}

static spc_status check_all(rt_binding *b, rt_error *e)
{
    spc_status status = SPC_OK;
    for (size_t i = 0; i < b->manifest->nlate && !status; i++)
        status = check_late(b, i, e);
    return status;
}

/* ---- collecting ---- */

static bool has_weight(const rt_binding *b, const char *name, size_t length)
{
    for (size_t i = 0; i < b->manifest->nlate; i++) {
        const char *known = b->manifest->late[i].declaration.name;
        if (strlen(known) == length && strncmp(known, name, length) == 0)
            return true;
    }
    return false;
}

/* Under the lock from here to end_adding. */
static spc_status begin_adding(rt_binding *b, const char *name, size_t length, rt_error *e)
{
    pthread_mutex_lock(&b->lock);
    if (!b->weights)
        return rt_fail(e, SPC_E_ARG, "weights are bound before the first run; this module has run");
    if (name && !has_weight(b, name, length))
        return rt_fail(e, SPC_E_ARG, "no layer of this module uses a weight \"%.*s\"", (int)length, name);
    return SPC_OK;
}

/* What was refused is taken back, so that the right data can be bound after it. */
static spc_status end_adding(rt_binding *b, spc_status status, rt_error *e)
{
    rt_error ignored;
    if (!status && (status = check_all(b, e))) {
        rt_weights_take_back(b->weights);
        check_all(b, &ignored);
    }
    pthread_mutex_unlock(&b->lock);
    return status;
}

spc_status rt_binding_add_file(rt_binding *b, const char *spec, rt_error *e)
{
    const char *file = rt_weights_file_of(spec);
    spc_status status = begin_adding(b, file ? spec : NULL, file ? (size_t)(file - spec - 1) : 0, e);
    if (!status)
        status = rt_weights_add_file(b->weights, spec, e);
    return end_adding(b, status, e);
}

spc_status rt_binding_add_tensor(rt_binding *b, const char *weight, const spc_tensor *tensor, rt_error *e)
{
    spc_status status = begin_adding(b, weight, strlen(weight), e);
    if (!status)
        status = rt_weights_add_tensor(b->weights, weight, tensor, e);
    return end_adding(b, status, e);
}

/* ---- packing ---- */

static bool named_before(const rt_binding *b, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (!b->late[k].found && strcmp(b->manifest->late[k].declaration.name, b->manifest->late[i].declaration.name) == 0)
            return true;
    return false;
}

/* As many names as a message holds, and the number of the others. */
static spc_status require_all(const rt_binding *b, rt_error *e)
{
    char names[sizeof e->text - 200] = "";
    size_t missing = 0, left_out = 0, used = 0;
    for (size_t i = 0; i < b->manifest->nlate; i++) {
        const rt_declaration *d = &b->manifest->late[i].declaration;
        if (b->late[i].found || named_before(b, i))
            continue;
        const char *separator = missing++ ? ", " : "";
        int length = snprintf(NULL, 0, "%s%s (tensor \"%s\")", separator, d->name, d->tensor);
        if (length < 0 || used + (size_t)length >= sizeof names) {
            left_out++;
            continue;
        }
        used += (size_t)sprintf(names + used, "%s%s (tensor \"%s\")", separator, d->name, d->tensor);
    }
    if (!missing)
        return SPC_OK;
    if (left_out)
        return rt_fail(e, SPC_E_ARG, "no data is bound for these weights: %s and %zu others", names, left_out);
    return rt_fail(e, SPC_E_ARG, "no data is bound for %s: %s; see spc_module_bind_file",
                   missing == 1 ? "this weight" : "these weights", names);
}

static spc_status pack_all(rt_binding *b, rt_error *e)
{
    size_t at = 0;
    spc_status status = SPC_OK;
    for (size_t i = 0; i < b->manifest->nlate && !status; i++) {
        const rt_late *declared = &b->manifest->late[i];
        rt_packed *packed = &b->packed[i];
        status = declared->plain ? rt_pack_plain(&b->late[i].matrix, packed, e)
                                 : rt_pack(&declared->storage, &b->late[i].matrix, packed, e);
        if (status)
            *packed = (rt_packed){0};
        for (int k = 0; k < packed->narrays; k++)
            b->addresses[at++] = packed->arrays[k].bytes ? packed->arrays[k].data : nothing;
    }
    if (status)
        free_packed(b);
    return status;
}

/* The files are let go: what was in them is packed. */
static spc_status make_table(rt_binding *b, rt_error *e)
{
    spc_status status = check_all(b, e);
    if (!status)
        status = require_all(b, e);
    if (!status)
        status = pack_all(b, e);
    if (status)
        return status;
    rt_weights_free(b->weights);
    b->weights = NULL;
    atomic_store_explicit(&b->table, b->addresses, memory_order_release);
    return SPC_OK;
}

spc_status rt_binding_table(rt_binding *b, const void *const **table, rt_error *e)
{
    spc_status status = SPC_OK;
    *table = atomic_load_explicit(&b->table, memory_order_acquire);
    if (*table)
        return SPC_OK;
    pthread_mutex_lock(&b->lock);
    if (b->weights)
        status = make_table(b, e);
    pthread_mutex_unlock(&b->lock);
    *table = status ? NULL : b->addresses;
    return status;
}
