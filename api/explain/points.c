/* points: the choices of dims at which a layer is explained. Given ones may name several values of a dim and dims of
 * other layers; without any, a few sizes that contracts allow stand for one call, a small batch and a large one. */
#include "api/choices.h"
#include "api/explain/explain.h"

#include <string.h>

enum { MOST_POINTS = 8 };
static const int64_t OWN[] = {1, 32, 512};
enum { OWN_POINTS = sizeof OWN / sizeof *OWN };

static int64_t allowed(const ir_dim *d, int64_t wanted)
{
    if (wanted <= d->lo) return d->lo > 0 ? d->lo : 1;
    if (wanted > d->hi) wanted = d->hi;
    return d->lo + (wanted - d->lo) / (d->step > 0 ? d->step : 1) * (d->step > 0 ? d->step : 1);
}

/* The value of a dim at the point: one of those given, or explain's own, through which dims without any go together. */
static explain_point make_point(const explain_layer *l, const api_choices *given, size_t index)
{
    ir_arena *arena = l->out->arena;
    const size_t count = given->count, mine = l->assumed ? index % OWN_POINTS : 0;
    explain_point p = {.count = count, .names = given->names, .values = IR_ARRAY(arena, int64_t, count)};
    ir_text text;
    index /= l->assumed ? OWN_POINTS : 1;
    for (size_t i = count; i-- > 0;) {
        const size_t values = given->value_count[i];
        p.values[i] = values ? given->values[i][index % values] : allowed(l->face.dims[i], OWN[mine]);
        index /= values ? values : 1;
    }
    ir_text_init(&text, arena);
    for (size_t i = 0; i < count; i++) ir_text_add(&text, "%s%s=%lld", i ? "," : "", p.names[i], (long long)p.values[i]);
    p.text = text.data;
    return p;
}

spc_status explain_find_points(explain_layer *l)
{
    api_choices given;
    size_t all = 1;
    spc_status status = api_choices_given(l->session, &l->face, api_option_value(l->session, API_dims), l->program->module, &given);
    if (status) return status;
    for (size_t i = 0; i < given.count; i++) {
        if (given.value_count[i]) all = all > MOST_POINTS ? all : all * given.value_count[i];
        else l->assumed = true;
    }
    all *= l->assumed ? OWN_POINTS : 1;
    l->points = IR_ARRAY(l->out->arena, explain_point, MOST_POINTS);
    for (size_t i = 0; i < all && l->point_count < MOST_POINTS; i++) {
        const explain_point p = make_point(l, &given, i);
        bool known = false;
        for (size_t k = 0; k < l->point_count; k++) known = known || !strcmp(l->points[k].text, p.text);
        if (!known) l->points[l->point_count++] = p;
    }
    return SPC_OK;
}
