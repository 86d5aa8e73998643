/* enumerate: all legal plans of a kernel for a number of columns, made from the rows of families.def.
 *
 * A row stands for the product of its lists. Lowering itself is asked whether it takes a combination, so that nothing
 * is known twice; terms that the user gave stand in place of the row's. */
#include "passes/planner/planner.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LIST = 4 };
enum { ROWS_DIVIDE = 1 << 16 }; /* in a list of rows: the largest divisor up to that */
enum { YES = 1, NO = -1 };

typedef struct kernel_family {
    const char *name;
    unsigned patterns; /* bit of each rt_pattern_kind */
    ir_lanes_kind lanes;
    const char *store;
    int rows[LIST + 1], columns[LIST + 1], tiles[LIST + 1], unrolls[LIST + 1];
    int pack;
} kernel_family;

#define L(...) {__VA_ARGS__}
#define D(n) {ROWS_DIVIDE + (n)}
enum {
    BITS_NM = 1 << RT_NM, BITS_BLOCK = 1 << RT_BLOCK, BITS_ROWS = 1 << RT_ROWS, BITS_COLUMNS = 1 << RT_COLUMNS,
    BITS_BAND = 1 << RT_BAND,
    BITS_SPARSE = BITS_NM | BITS_BLOCK | BITS_ROWS | BITS_COLUMNS | BITS_BAND | 1 << RT_UNSTRUCTURED,
    BITS_ANY = BITS_SPARSE | 1 << RT_DENSE,
};

static const kernel_family families[] = {
#define FAMILY(name, patterns, lanes, store, rows, columns, tiles, unrolls, pack) \
    {#name, BITS_##patterns, PLAN_LANES_##lanes, store, rows, columns, tiles, unrolls, pack},
#include "passes/planner/families.def"
#undef FAMILY
};
enum { FAMILIES = sizeof families / sizeof *families };

typedef struct enumeration {
    const planner_facts *f;
    int64_t columns;
    const ir_plan_terms *given;
    planner_candidate *out;
    size_t count, max;
} enumeration;

static int64_t largest_divisor(int64_t n, int64_t limit)
{
    for (int64_t d = limit < n ? limit : n; d > 1; d--)
        if (n % d == 0)
            return d;
    return 1;
}

static int64_t rows_of(const enumeration *e, const kernel_family *family, int item)
{
    const rt_pattern *p = &e->f->pattern;
    if (item >= ROWS_DIVIDE)
        return largest_divisor(p->count ? p->part[0].a : 1, item - ROWS_DIVIDE);
    return family->lanes == PLAN_LANES_ROWS ? (int64_t)item * e->f->lanes : item;
}

/* The family's storage with its letters replaced. */
static void write_store(const enumeration *e, const kernel_family *family, int64_t rows, char *out, size_t size)
{
    const rt_pattern *p = &e->f->pattern;
    size_t used = 0;
    for (const char *c = family->store; *c && used + 1 < size; c++) {
        int64_t number = *c == 'R' ? rows : !p->count ? 0 : *c == 'A' ? p->part[0].a : p->part[0].b;
        if (isupper((unsigned char)*c))
            used += (size_t)snprintf(out + used, size - used, "%lld", (long long)number);
        else
            out[used++] = *c;
    }
    out[used < size ? used : size - 1] = 0;
}

/* K tile for a packed panel of so many columns that takes quarters/4 of the L1 data cache: whole tiles of 64, and whole
 * groups and blocks. -1: all of K. */
static int64_t k_tile(const planner_facts *f, int64_t columns, int quarters)
{
    int64_t l1 = f->target->l1d_bytes ? f->target->l1d_bytes : 32768;
    int64_t rows = quarters * l1 / 4 / (columns * 4) / 64 * 64;
    if (!quarters || f->depth <= rows + rows / 4)
        return -1;
    if (rows < 64)
        rows = 64;
    rt_pattern_kind kind = planner_pattern_kind(f);
    int64_t unit = kind == RT_NM || kind == RT_BLOCK ? f->pattern.part[0].b : 1;
    return unit > 1 ? (rows + unit - 1) / unit * unit : rows;
}

/* What the user gave holds. */
static void impose(const ir_plan_terms *given, ir_plan_terms *t)
{
    if (!given)
        return;
    if (given->store[0])
        memcpy(t->store, given->store, sizeof t->store);
    t->tile_cols = given->tile_cols ? given->tile_cols : t->tile_cols;
    t->tile_k = given->tile_k ? given->tile_k : t->tile_k;
    t->rows = given->rows ? given->rows : t->rows;
    t->unroll = given->unroll ? given->unroll : t->unroll;
    t->lanes = given->lanes ? given->lanes : t->lanes;
    t->par = given->par ? given->par : t->par;
    t->pack = given->pack ? given->pack : t->pack;
}

static bool same_terms(const ir_plan_terms *a, const ir_plan_terms *b)
{
    return strcmp(a->store, b->store) == 0 && a->tile_cols == b->tile_cols && a->tile_k == b->tile_k &&
           a->rows == b->rows && a->unroll == b->unroll && a->lanes == b->lanes && a->par == b->par && a->pack == b->pack;
}

static bool is_known(const enumeration *e, const ir_plan_terms *t)
{
    for (size_t i = 0; i < e->count; i++)
        if (same_terms(&e->out[i].terms, t))
            return true;
    return false;
}

static void add(enumeration *e, const char *name, const ir_plan_terms *terms)
{
    planner_candidate *c = &e->out[e->count];
    rt_storage storage;
    bool packed;
    *c = (planner_candidate){.terms = *terms, .family = name};
    impose(e->given, &c->terms);
    if (is_known(e, &c->terms) || !lw_accepts(e->f->module, e->f->context, e->f->region, &c->terms, &storage, &packed))
        return;
    c->dense = !packed || strncmp(c->terms.store, "dense", 5) == 0;
    planner_cost(e->f, e->columns, packed ? &storage : NULL, c);
    e->count++;
}

/* More columns than there are would only be padding. */
static bool is_too_wide(const enumeration *e, int64_t columns, int64_t least)
{
    return columns > least && columns >= e->columns + least;
}

static void add_all(enumeration *e, const kernel_family *family, int64_t rows, int64_t columns)
{
    ir_plan_terms t = {.lanes = family->lanes, .pack = family->pack, .rows = -1, .par = PLAN_PAR_BOTH, .tile_cols = columns};
    if (e->f->region->contraction.packed)
        write_store(e, family, rows, t.store, sizeof t.store);
    for (int i = 0; i < LIST && (i == 0 || family->tiles[i]); i++)
        for (int j = 0; j < LIST && family->unrolls[j] && e->count < e->max; j++) {
            t.tile_k = k_tile(e->f, columns, family->tiles[i]);
            t.unroll = family->unrolls[j];
            add(e, family->name, &t);
        }
}

static void add_family(enumeration *e, const kernel_family *family)
{
    bool batch = family->lanes == PLAN_LANES_BATCH;
    int64_t unit = batch ? e->f->lanes : 1;
    for (int i = 0; i < LIST && family->rows[i]; i++)
        for (int j = 0; j < LIST && family->columns[j]; j++)
            if (!is_too_wide(e, family->columns[j] * unit, unit))
                add_all(e, family, rows_of(e, family, family->rows[i]), family->columns[j] * unit);
}

size_t planner_enumerate(const planner_facts *f, int64_t columns, const ir_plan_terms *given, planner_candidate *out,
                         size_t max)
{
    enumeration e = {.f = f, .columns = columns < 1 ? 1 : columns, .given = given, .out = out, .max = max};
    if (!max)
        return 0;
    if (!f->region->has_contraction) {
        add(&e, "elementwise", &(ir_plan_terms){.unroll = 1, .rows = -1, .par = PLAN_PAR_BOTH});
        return e.count;
    }
    for (int i = 0; i < FAMILIES && e.count < max; i++)
        if (families[i].patterns >> planner_pattern_kind(f) & 1)
            add_family(&e, &families[i]);
    return e.count;
}
