/* check: the order of all checks of a file, and those that look at it as a whole.
 *
 * Items are ordered by what they mention, in a loop over explicit links rather than by recursion: a chain of them may
 * be as long as the file. */
#include "frontend/builtins.h"

enum { MAX_TOTAL_OPERATIONS = 2000000 };

/* ---- names ---- */

static void declare_items(fe_context *c)
{
    for (fe_item *i = c->items; i; i = i->next) {
        if (!i->name->item) {
            i->name->item = i;
            continue;
        }
        fe_error(c, i->at, "the name '%s' is declared twice", i->name->text);
        fe_note(c, i->name->item->at, "first declared here, as %s", fe_item_kind_text(i->name->item->kind));
        i->used = true;
    }
}

/* ---- order ---- */

/* The item that a mention makes this one depend on; NULL: none. Layers depend on the layers that they call. */
static fe_item *dependency(const fe_item *item, const fe_mention *m)
{
    fe_item *target = m->name->item;
    if (!target) return NULL;
    bool layer = target->kind == FE_LAYER;
    return item->kind == FE_LAYER ? layer && m->called ? target : NULL : layer ? NULL : target;
}

static void report_cycle(fe_context *c, fe_item *from, const fe_mention *m, fe_item *to)
{
    bool layer = from->kind == FE_LAYER;
    fe_error(c, m->at, layer ? "'%s' calls itself; layers cannot be recursive" : "'%s' is defined through itself",
             to->name->text);
    for (fe_item *i = from; i != to; i = i->open_parent) {
        i->broken = true;
        fe_note(c, i->at, "by way of '%s'", i->name->text);
    }
    to->broken = true;
}

/* Depth-first from root; finish is called for each item once all that it depends on is finished. */
static void visit(fe_context *c, fe_item *root, void (*finish)(fe_context *, fe_item *))
{
    fe_item *at = root;
    root->open_parent = NULL;
    for (bool entering = true; at;) {
        if (entering) {
            at->progress = FE_OPEN;
            at->open_mention = at->mentions;
            entering = false;
        }
        const fe_mention *m = at->open_mention;
        if (!m) {
            at->progress = FE_DONE;
            finish(c, at);
            at = at->open_parent;
            continue;
        }
        at->open_mention = m->next;
        fe_item *target = dependency(at, m);
        if (!target || target->progress == FE_DONE) continue;
        if (target->progress == FE_OPEN) {
            report_cycle(c, at, m, target);
            continue;
        }
        target->open_parent = at;
        at = target;
        entering = true;
    }
}

static void visit_all(fe_context *c, bool layers, void (*finish)(fe_context *, fe_item *))
{
    for (fe_item *i = c->items; i; i = i->next)
        if ((i->kind == FE_LAYER) == layers && i->progress == FE_NEW) visit(c, i, finish);
}

/* ---- size ---- */

static void append_layer(fe_context *c, fe_item *layer)
{
    if (c->last_layer) c->last_layer->next_layer = layer;
    else c->first_layer = layer;
    c->last_layer = layer;
}

/* A call counts as an operation, so that calls of empty layers cannot multiply for free. */
static void count_operations(fe_context *c, fe_item *layer)
{
    bool over = false;
    int64_t total = layer->operations;
    append_layer(c, layer);
    for (int i = 0; i < layer->callee_count; i++) {
        const fe_item *callee = layer->callees[i];
        over |= callee->broken || callee->total > FE_MAX_OPERATIONS;
        if (__builtin_add_overflow(total, callee->total + 1, &total)) total = INT64_MAX / 2;
    }
    layer->total = total > INT64_MAX / 2 ? INT64_MAX / 2 : total;
    if (over || layer->broken || total <= FE_MAX_OPERATIONS) return;
    fe_error(c, layer->at, "the layer '%s' expands to %s%lld operations; the limit is %d", layer->name->text,
             layer->total == INT64_MAX / 2 ? "over " : "", (long long)layer->total, FE_MAX_OPERATIONS);
}

static void check_total(fe_context *c)
{
    int64_t total = 0;
    for (const fe_item *i = c->items; i; i = i->next) {
        if (i->kind != FE_LAYER) continue;
        if (i->total > FE_MAX_OPERATIONS) return;
        total += i->total;
        if (total <= MAX_TOTAL_OPERATIONS) continue;
        fe_error(c, i->at, "the layers of this file expand to over %d operations in all", MAX_TOTAL_OPERATIONS);
        return;
    }
}

/* ---- the whole ---- */

static void warn_unused(fe_context *c)
{
    for (const fe_item *i = c->items; i && !c->syntax_errors; i = i->next)
        if (!i->used && i->kind != FE_LAYER) 
            fe_warning(c, i->at, "the %s '%s' is never used", fe_item_kind_text(i->kind) + 2, i->name->text);
}

void fe_check(fe_context *c)
{
    if (!c->items && !c->syntax_errors) {
        fe_error(c, (fe_span){0, 1}, "the file is empty; it needs at least a layer");
        return;
    }
    declare_items(c);
    visit_all(c, false, fe_check_item);
    for (fe_item *i = c->items; i; i = i->next)
        if (i->kind == FE_LAYER) fe_check_item(c, i);
    for (fe_item *i = c->items; i; i = i->next)
        if (i->kind == FE_LAYER) fe_walk_layer(&(fe_walk){.c = c, .layer = i});
    visit_all(c, true, count_operations);
    check_total(c);
    warn_unused(c);
}
