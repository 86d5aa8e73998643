/* names: which layers can have a C function of their name. */
#include "api/compile.h"

#include <stdlib.h>
#include <string.h>

static int compare_names(const void *key, const void *element) { return strcmp(key, *(const char *const *)element); }

bool api_is_keyword(const char *name)
{
    static const char *const table[] = {
#define KEYWORD(word) #word,
#include "api/reserved.def"
    };
    return bsearch(name, table, sizeof table / sizeof *table, sizeof *table, compare_names) != NULL;
}

static bool is_library_symbol(const char *name)
{
    static const char *const table[] = {
#define SYMBOL(word) #word,
#include "api/reserved.def"
    };
    return bsearch(name, table, sizeof table / sizeof *table, sizeof *table, compare_names) != NULL;
}

/* Identifiers that start so are the implementation's, by the C standard or by our own ABI. */
static bool has_reserved_start(const char *name)
{
    if (name[0] == '_' && (name[1] == '_' || (name[1] >= 'A' && name[1] <= 'Z'))) return true;
    return !strncmp(name, BE_KERNEL_PREFIX, strlen(BE_KERNEL_PREFIX)) || !strncmp(name, "spc_", 4);
}

static const char *why_not(const char *symbol)
{
    if (api_is_keyword(symbol)) return "a keyword of C or C++";
    if (is_library_symbol(symbol)) return "a name of the C library or of spc itself";
    return has_reserved_start(symbol) ? "reserved" : NULL;
}

/* The layer whose NAME_scratch this name is; NULL. */
static const ir_func *scratch_owner(const ir_module *m, const char *name)
{
    for (const ir_func *f = m->funcs; f; f = f->next) {
        const size_t len = strlen(f->name);
        if (f->form == IR_GRAPH && !strncmp(name, f->name, len) && !strcmp(name + len, "_scratch")) return f;
    }
    return NULL;
}

spc_status api_check_names(spc_session *s, const ir_module *m, const char *prefix)
{
    spc_status status = SPC_OK;
    for (const ir_func *f = m->funcs; f; f = f->next) {
        if (f->form != IR_GRAPH) continue;
        const char *symbol = ir_format(s->arena, "%s%s", prefix, f->name);
        const char *reason = why_not(symbol);
        const ir_func *owner = scratch_owner(m, f->name);
        if (reason)
            ir_report(s->diags, IR_ERROR, f->loc,
                      "layer \"%s\" cannot become the C function \"%s\": that is %s; give --prefix=P or rename the layer",
                      f->name, symbol, reason);
        else if (owner)
            ir_report(s->diags, IR_ERROR, f->loc,
                      "layer \"%s\" clashes with the function that gives the scratch size of layer \"%s\"; rename one",
                      f->name, owner->name);
        if (reason || owner) status = SPC_E_PROGRAM;
    }
    return status;
}
