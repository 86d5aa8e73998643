/* points: the choices of dims at which a layer is explained. Given ones may name several values of a dim and dims of
 * other layers; without any, a few sizes that contracts allow stand for one call, a small batch and a large one. */
#include "api/explain/explain.h"

#include "api/choices.h"
#include <string.h>

enum { MOST_POINTS = 8, MOST_VALUES = 64 };
static const int64_t OWN[] = {1, 32, 512};

typedef struct dim_values {
    int64_t value[MOST_VALUES];
    size_t count;
} dim_values;

static bool read_value(const char **text, int64_t *out) {
    const char *c = *text;
    for (*out = 0; *c >= '0' && *c <= '9'; c++)
        if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, *c - '0', out)) return false;
    if (c == *text || (*c && *c != ',')) return false;
    *text = *c ? c + 1 : c;
    return true;
}

static int dim_of(const api_face *face, const char *name, size_t len) {
    for (size_t i = 0; i < face->ndims; i++)
        if (strlen(face->dims[i]->name) == len && !strncmp(face->dims[i]->name, name, len)) return (int)i;
    return -1;
}

static bool is_known_elsewhere(const ir_module *m, const char *name, size_t len) {
    for (const ir_dim *d = m->dims; d; d = d->next)
        if (strlen(d->name) == len && !strncmp(d->name, name, len)) return true;
    return false;
}

/* "batch=1,8,n=3" */
static spc_status read_given(explain_layer *l, const char *text, dim_values *values) {
    spc_session *s = l->session;
    int dim = -1;
    bool named = false;
    while (*text) {
        const size_t len = strcspn(text, ",="), item = strcspn(text, ",");
        const char *start = text;
        int64_t value;
        if (text[len] == '=') {
            dim = dim_of(&l->face, text, len);
            if (dim < 0 && !is_known_elsewhere(l->program->module, text, len))
                return api_fail_dim(s, &l->face, start, len);
            named = true;
            text += len + 1;
        }
        if (!named) return api_fail(s, SPC_E_ARG, "option dims", "\"%.*s\" is not of the form NAME=VALUE", (int)item, start);
        if (!read_value(&text, &value)) return api_fail(s, SPC_E_ARG, "option dims", "\"%.*s\" gives no extent, a whole number from 0", (int)item, start);
        if (dim < 0) continue;
        if (values[dim].count == MOST_VALUES) return api_fail(s, SPC_E_ARG, "option dims", "over %d values", MOST_VALUES);
        values[dim].value[values[dim].count++] = value;
    }
    return SPC_OK;
}

static int64_t allowed(const ir_dim *d, int64_t wanted) {
    if (wanted <= d->lo) return d->lo > 0 ? d->lo : 1;
    if (wanted > d->hi) wanted = d->hi;
    return d->lo + (wanted - d->lo) / (d->step > 0 ? d->step : 1) * (d->step > 0 ? d->step : 1);
}

/* Dims that were not given go together through explain's own sizes. */
static void add_own(const explain_layer *l, dim_values *values, size_t *own) {
    *own = 1;
    for (size_t i = 0; i < l->face.ndims; i++) {
        if (values[i].count) continue;
        for (size_t k = 0; k < sizeof OWN / sizeof *OWN; k++) values[i].value[k] = allowed(l->face.dims[i], OWN[k]);
        *own = sizeof OWN / sizeof *OWN;
    }
}

static explain_point make_point(const explain_layer *l, const dim_values *values, size_t index, size_t own) {
    ir_arena *arena = l->out->arena;
    const size_t count = l->face.ndims;
    explain_point p = {.count = count, .names = IR_ARRAY(arena, const char *, count), .values = IR_ARRAY(arena, int64_t, count)};
    ir_text text;
    const size_t mine = index % own;
    index /= own;
    for (size_t i = count; i-- > 0;) {
        p.names[i] = l->face.dims[i]->name;
        p.values[i] = values[i].value[values[i].count ? index % values[i].count : mine];
        if (values[i].count) index /= values[i].count;
    }
    ir_text_init(&text, arena);
    for (size_t i = 0; i < count; i++) ir_text_add(&text, "%s%s=%lld", i ? "," : "", p.names[i], (long long)p.values[i]);
    p.text = text.data;
    return p;
}

spc_status explain_find_points(explain_layer *l) {
    const char *given = api_option_value(l->session, API_dims);
    dim_values *values = IR_ARRAY(l->out->arena, dim_values, l->face.ndims);
    size_t own, all = 1;
    memset(values, 0, l->face.ndims * sizeof *values);
    spc_status status = given ? read_given(l, given, values) : SPC_OK;
    if (status) return status;
    for (size_t i = 0; i < l->face.ndims; i++) {
        if (values[i].count) all = all > MOST_POINTS ? all : all * values[i].count;
        else l->assumed = true;
    }
    add_own(l, values, &own);
    all *= own;
    l->points = IR_ARRAY(l->out->arena, explain_point, MOST_POINTS);
    for (size_t i = 0; i < all && l->point_count < MOST_POINTS; i++) {
        const explain_point p = make_point(l, values, i, own);
        bool known = false;
        for (size_t k = 0; k < l->point_count; k++) known = known || !strcmp(l->points[k].text, p.text);
        if (!known) l->points[l->point_count++] = p;
    }
    return SPC_OK;
}
