/* module: what a module holds besides types: functions, dims and packings. */
#include "ir/intern.h"

#include <assert.h>
#include <string.h>

ir_module *ir_module_new(ir_arena *arena, ir_diags *diags)
{
    ir_module *m = IR_NEW(arena, ir_module);
    m->arena = arena;
    m->diags = diags;
    m->tables = IR_NEW(arena, struct ir_tables);
    return m;
}

ir_func *ir_func_new(ir_module *m, ir_form form, const char *name)
{
    ir_func *f = IR_NEW(m->arena, ir_func);
    f->form = form;
    f->name = ir_strdup(m->arena, name);
    if (m->last) m->last->next = f;
    else m->funcs = f;
    return m->last = f;
}

ir_func *ir_func_find(const ir_module *m, ir_form form, const char *name)
{
    for (ir_func *f = m->funcs; f; f = f->next)
        if (f->form == form && strcmp(f->name, name) == 0) return f;
    return NULL;
}

void ir_func_remove(ir_module *m, ir_func *f)
{
    ir_func *before = NULL;
    for (ir_func **at = &m->funcs; *at; before = *at, at = &(*at)->next) {
        if (*at != f) continue;
        *at = f->next;
        if (m->last == f) m->last = before;
        f->next = NULL;
        ir_arena_drop(f->ops);
        f->ops = NULL;
        return;
    }
}

void ir_ops_begin(ir_module *m)
{
    assert(!m->ops);
    m->ops = ir_arena_within(m->arena);
}

void ir_ops_end(ir_module *m, ir_func *f)
{
    ir_arena_drop(f->ops);
    f->ops = m->ops;
    m->ops = NULL;
}

ir_dim *ir_dim_add(ir_module *m, const char *name, int64_t lo, int64_t hi, int64_t step)
{
    ir_dim *d = IR_NEW(m->arena, ir_dim);
    *d = (ir_dim){ir_strdup(m->arena, name), lo, hi, step, NULL};
    ir_dim **end = &m->dims;
    while (*end) end = &(*end)->next;
    return *end = d;
}

const ir_dim *ir_dim_find(const ir_module *m, const char *name)
{
    for (const ir_dim *d = m->dims; d; d = d->next)
        if (strcmp(d->name, name) == 0) return d;
    return NULL;
}

static bool packing_named(const ir_module *m, const char *name)
{
    for (const ir_packing *p = m->packings; p; p = p->next)
        if (strcmp(p->name, name) == 0) return true;
    return false;
}

/* A weight may itself be called "w.2", hence the search for a free number. */
static const char *packing_name(ir_module *m, const char *weight)
{
    const char *name = ir_strdup(m->arena, weight);
    for (int n = 2; packing_named(m, name); n++) name = ir_format(m->arena, "%s.%d", weight, n);
    return name;
}

const ir_packing *ir_packing_of(ir_module *m, const char *weight, const ir_type *stored)
{
    ir_packing **end = &m->packings;
    for (; *end; end = &(*end)->next)
        if (strcmp((*end)->weight, weight) == 0 && (*end)->type == stored) return *end;
    ir_packing *p = IR_NEW(m->arena, ir_packing);
    *p = (ir_packing){packing_name(m, weight), ir_strdup(m->arena, weight), stored, NULL};
    return *end = p;
}
