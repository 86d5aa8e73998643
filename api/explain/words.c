/* words: plan terms and figures as a person reads them. */
#include "api/explain/explain.h"

#include <stdio.h>
#include <string.h>

/* Three figures, so that sizes can be compared at a glance. */
const char *explain_size(ir_arena *arena, int64_t bytes)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1000 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1024;
        unit++;
    }
    return ir_format(arena, unit && value < 100 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

/* What native stands for here. */
const char *explain_cpu(const explain_layer *l)
{
    const ir_target *t = &l->program->target;
    return strcmp(t->name, "native") ? t->name : ir_format(l->out->arena, "%s (native)", t->llvm_name);
}

const char *explain_percent(ir_arena *arena, double share)
{
    const double percent = 100 * share;
    return ir_format(arena, percent > 99 && percent < 100 ? "%.2f %%" : "%.1f %%", percent);
}

/* What storages are called in the field; the rest by their own documentation. */
static const char *storage_words(const char *store)
{
    static const struct {
        const char *name, *words;
    } table[] = {
        {"dense", "all elements, zeros too"},
        {"csr", "compressed sparse rows"},
        {"sell", "sliced ELL: rows of similar length interleaved, short ones padded"},
        {"bsr", "compressed blocks"},
        {"bsc", "compressed blocks, column-major inside"},
        {"nm", "the kept elements of each group with packed indices"},
        {"rows", "only the rows that hold non-zeros"},
        {"columns", "only the columns that hold non-zeros"},
        {"band", "the diagonals, without indices"},
#define STORAGE(name, parameters, doc) {#name, doc},
#include "runtime/storages.def"
#undef STORAGE
    };
    const size_t len = strcspn(store, ":");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strlen(table[i].name) == len && !strncmp(table[i].name, store, len)) return table[i].words;
    return NULL;
}

static void say_columns(ir_text *out, const ir_plan_terms *t)
{
    const char *plural = t->tile_cols == 1 ? "" : "s";
    switch (t->lanes) {
    case PLAN_LANES_BATCH:
        ir_text_add(out, "vector lanes run along the columns, %lld at a time", (long long)t->tile_cols);
        break;
    case PLAN_LANES_ROWS:
        ir_text_add(out, "vector lanes run along rows of the weight, for %lld column%s at a time", (long long)t->tile_cols, plural);
        break;
    case PLAN_LANES_K:
        ir_text_add(out, "vector lanes run along the reduction, for %lld column%s at a time", (long long)t->tile_cols, plural);
        break;
    case PLAN_LANES_OPEN: break;
    }
}

void explain_say_terms(ir_text *out, const ir_plan_terms *t)
{
    const char *words = t->store[0] ? storage_words(t->store) : NULL;
    if (words) ir_text_add(out, "%s; ", words);
    if (t->lanes == PLAN_LANES_OPEN) ir_text_add(out, "one pass over the elements");
    say_columns(out, t);
    if (t->pack > 0 && t->tile_k > 0)
        ir_text_add(out, ", copied beforehand to panels of %lld of the reduction", (long long)t->tile_k);
    else if (t->pack > 0) ir_text_add(out, ", copied beforehand to panels");
    else if (t->lanes == PLAN_LANES_BATCH) ir_text_add(out, ", read where they lie");
}

void explain_say_operations(ir_text *out, const ir_op *fused)
{
    const char *before = "";
    for (const ir_op *op = fused->body.first; op; op = op->next) {
        if (op->code == IR_OP_arg || op->code == IR_OP_const) continue;
        ir_text_add(out, "%s%s", before, ir_info(op->code)->name);
        before = " + ";
    }
    ir_text_add(out, " -> %s", ir_print_type(fused->type, out->arena));
}
