/* plan_terms: how each term of a plan is read and printed. */
#include "ir/intern.h"
#include "ir/plan_private.h"

#include <stdio.h>
#include <string.h>

/* A positive decimal number up to 2^31 - 1 at *at. */
static bool read_number(const char **at, int64_t *out)
{
    const char *c = *at;
    int64_t value = 0;
    if (*c == '0') return false;
    for (; ir_is_digit(*c); c++) {
        value = 10 * value + (*c - '0');
        if (value > INT32_MAX) return false;
    }
    if (c == *at) return false;
    *at = c;
    *out = value;
    return true;
}

static bool read_number_or_all(const char *text, int64_t *out)
{
    if (strcmp(text, "all") == 0) {
        *out = -1;
        return true;
    }
    return read_number(&text, out) && !*text;
}

static void print_number_or_all(ir_text *out, int64_t value)
{
    if (value < 0) ir_text_add(out, "all");
    else ir_text_add(out, "%lld", (long long)value);
}

/* ---- store ---- */

static bool read_store(ir_plan_terms *t, const char *value)
{
    if (strlen(value) >= sizeof t->store || !rt_storage_is_name(value)) return false;
    snprintf(t->store, sizeof t->store, "%s", value);
    return true;
}

static void print_store(ir_text *out, const ir_plan_terms *t) { ir_text_add(out, "%s", t->store); }

/* ---- numbers ---- */

/* Either side may be "*", open. */
static bool read_tile(ir_plan_terms *t, const char *value)
{
    if (*value == '*') value++;
    else if (!read_number(&value, &t->tile_cols)) return false;
    if (*value++ != 'x') return false;
    return strcmp(value, "*") == 0 ? t->tile_cols > 0 : read_number_or_all(value, &t->tile_k);
}

static void print_tile(ir_text *out, const ir_plan_terms *t)
{
    if (!t->tile_cols && !t->tile_k) return;
    if (t->tile_cols) ir_text_add(out, "%lldx", (long long)t->tile_cols);
    else ir_text_add(out, "*x");
    if (t->tile_k) print_number_or_all(out, t->tile_k);
    else ir_text_add(out, "*");
}

static bool read_rows(ir_plan_terms *t, const char *value) { return read_number_or_all(value, &t->rows); }

static void print_rows(ir_text *out, const ir_plan_terms *t)
{
    if (t->rows) print_number_or_all(out, t->rows);
}

static bool read_unroll(ir_plan_terms *t, const char *value)
{
    int64_t n;
    if (!read_number(&value, &n) || *value || n > 64) return false;
    t->unroll = (int)n;
    return true;
}

static void print_unroll(ir_text *out, const ir_plan_terms *t)
{
    if (t->unroll) ir_text_add(out, "%d", t->unroll);
}

/* ---- words: position 0 is open ---- */

static const char *const lanes_words[] = {"", "batch", "rows", "k", NULL};
static const char *const par_words[] = {"", "none", "cols", "rows", "both", NULL};

static int find_word(const char *const *words, const char *value)
{
    for (int i = 1; words[i]; i++)
        if (strcmp(words[i], value) == 0) return i;
    return 0;
}

static bool read_lanes(ir_plan_terms *t, const char *value)
{
    t->lanes = (ir_lanes_kind)find_word(lanes_words, value);
    return t->lanes != PLAN_LANES_OPEN;
}

static void print_lanes(ir_text *out, const ir_plan_terms *t) { ir_text_add(out, "%s", lanes_words[t->lanes]); }

static bool read_par(ir_plan_terms *t, const char *value)
{
    t->par = (ir_par)find_word(par_words, value);
    return t->par != PLAN_PAR_OPEN;
}

static void print_par(ir_text *out, const ir_plan_terms *t) { ir_text_add(out, "%s", par_words[t->par]); }

static bool read_pack(ir_plan_terms *t, const char *value)
{
    t->pack = strcmp(value, "yes") == 0 ? 1 : strcmp(value, "no") == 0 ? -1 : 0;
    return t->pack != 0;
}

static void print_pack(ir_text *out, const ir_plan_terms *t)
{
    if (t->pack) ir_text_add(out, t->pack > 0 ? "yes" : "no");
}

/* Which there are, others know. */
static bool read_backend(ir_plan_terms *t, const char *value)
{
    const size_t len = strlen(value);
    if (!len || len >= sizeof t->backend || strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789") != len) return false;
    memcpy(t->backend, value, len + 1);
    return true;
}

static void print_backend(ir_text *out, const ir_plan_terms *t) { ir_text_add(out, "%s", t->backend); }

/* ", dense[:R], csr, ..." */
static const char storage_forms[] = ""
#define STORAGE(name, parameters, doc) ", " #name parameters
#include "runtime/storages.def"
#undef STORAGE
    ;

const ir_plan_term *ir_plan_term_at(int index)
{
    static const ir_plan_term table[] = {
#define PLAN_TERM(key, kind, legal) {#key, legal, read_##kind, print_##kind},
#include "ir/plan_terms.def"
#undef PLAN_TERM
    };
    return index >= 0 && index < (int)(sizeof table / sizeof *table) ? &table[index] : NULL;
}
