/* enumerate: all legal plans of a kernel for a number of columns, made from the rows of families.def.
 *
 * A row stands for the product of its lists. Lowering itself is asked whether it takes a combination, so that nothing
 * is known twice; terms that the user gave stand in place of the row's. */
#include "passes/planner/planner.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LIST = 4 };
enum { ROWS_DIVIDE = 1 << 16 }; /* in a list of rows: the largest divisor up to that */
enum { HALF = 1 << 16 }; /* in a list of vectors: half a one, for few columns */
enum { BLOCK = 1 << 16 }; /* in a list of unrolls: as suits the width of blocks */
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
    BITS_BAND = 1 << RT_BAND, BITS_ALIKE = 1 << (RT_BAND + 1), /* unstructured, with rows that have the same columns */
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
    const ir_plan_terms *given;
    planner_kernel *out;
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

/* Two vectors of columns: what one instruction looks up in. */
static int64_t window_columns(const planner_facts *f)
{
    return 2 * (int64_t)f->lanes;
}

/* Slots of a window: few leave more windows, whose activations have to be loaded, many more padding. */
static int64_t window_slots(const planner_facts *f, int64_t rows)
{
    static const int choices[] = {1, 2, 3, 4, 6, 8, 12, 16};
    static const double TABLES = 2, SLOT = 5; /* cycles: of a window, of a slot of a vector of rows with its bytes */
    double width = (double)window_columns(f), least = INFINITY;
    int64_t best = 1;
    for (size_t i = 0; i < sizeof choices / sizeof *choices && choices[i] <= width; i++) {
        double each = TABLES + SLOT * choices[i] * (double)rows / f->lanes;
        double cycles = each * planner_windows(f->density, (double)f->depth, (double)rows, width, choices[i]);
        if (cycles < least) {
            least = cycles;
            best = choices[i];
        }
    }
    return best;
}

/* Rows of sliced ELL that are sorted among themselves: many, so that neighbours are equally long, and a few windows for tasks. */
static int64_t sorted_rows(const planner_facts *f)
{
    enum { LEAST = 64, MOST = 256, UNIT = 32, WINDOWS = 8 };
    int64_t window = f->rows / WINDOWS / UNIT * UNIT;
    return window < LEAST ? LEAST : window > MOST ? MOST : window;
}

static int unroll_of(const planner_facts *f, int item)
{
    if (item != BLOCK)
        return item;
    if (!f->pattern.count || f->pattern.part[0].b <= LW_MAX_UNROLLED_COLUMNS)
        return f->pattern.count && f->pattern.part[0].a == 1 ? 2 : 1;
    return 4;
}

/* What stands for a letter of a family's storage. */
static int64_t letter(const enumeration *e, char c, int64_t rows)
{
    const rt_pattern *p = &e->f->pattern;
    switch (c) {
    case 'R': return rows;
    case 'N': return sorted_rows(e->f);
    case 'W': return window_columns(e->f);
    case 'S': return window_slots(e->f, rows);
    case 'A': return p->count ? p->part[0].a : 0;
    default: return p->count ? p->part[0].b : 0;
    }
}

/* The family's storage with its letters replaced. */
static void write_store(const enumeration *e, const kernel_family *family, int64_t rows, char *out, size_t size)
{
    size_t used = 0;
    for (const char *c = family->store; *c && used + 1 < size; c++) {
        if (isupper((unsigned char)*c))
            used += (size_t)snprintf(out + used, size - used, "%lld", (long long)letter(e, *c, rows));
        else
            out[used++] = *c;
    }
    out[used < size ? used : size - 1] = 0;
}

/* K tiles of a convolution with windows are whole pixels of the window, or the same part of each pixel, so that tile after
 * tile reads what the last one brought to the cache. */
static int64_t window_tile(const planner_facts *f, int64_t tile, int64_t unit)
{
    int64_t inputs = 1;
    ir_extent_is_const(f->region->contraction.op->args[0]->type->dims[3], &inputs);
    if (inputs <= tile)
        return tile / inputs * inputs;
    int64_t part = largest_divisor(inputs, tile);
    return part % unit ? inputs : part;
}

/* K tile for a packed panel of so many columns that takes quarters/4 of the L1 data cache: all of one size, as
 * far as whole vectors, groups and blocks go. -1: all of K. */
static int64_t k_tile(const planner_facts *f, int64_t columns, int quarters)
{
    int64_t l1 = f->target->l1d_bytes ? f->target->l1d_bytes : 32768;
    int64_t rows = quarters * l1 / 4 / (columns * 4) / 64 * 64;
    if (!quarters || f->depth <= rows + rows / 4)
        return -1;
    if (rows < 64)
        rows = 64;
    if (!f->region->contraction.windowed) {
        int64_t tiles = (f->depth + rows - 1) / rows * 16;
        rows = (f->depth + tiles - 1) / tiles * 16;
    }
    rt_pattern_kind kind = planner_pattern_kind(f);
    int64_t unit = kind == RT_NM || kind == RT_BLOCK ? f->pattern.part[0].b : 1;
    if (unit > 1)
        rows = (rows + unit - 1) / unit * unit;
    return f->region->contraction.windowed ? window_tile(f, rows, unit < 1 ? 1 : unit) : rows;
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
    memcpy(t->backend, given->backend, sizeof t->backend);
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

/* A read in place: every element, four rows at a time. */
static void fill_in_place(const planner_facts *f, planner_kernel *k)
{
    enum { TYPICAL = 256, IN_PLACE_ROWS = 4 }; /* of extents that are given at the call */
    int64_t rows = TYPICAL, depth = TYPICAL;
    ir_extent_is_const(f->region->contraction.rows, &rows);
    ir_extent_is_const(f->region->contraction.depth, &depth);
    double all = (double)rows * (double)depth;
    k->dense = true;
    k->group = IN_PLACE_ROWS;
    k->ktiles = 1;
    k->population = (planner_population){.stored = all, .columns = all / k->group, .runs = (double)rows / k->group,
                                         .steps = all / k->group, .value_bytes = 4 * all};
}

static void fill_packed(const planner_facts *f, const rt_storage *storage, planner_kernel *k)
{
    k->dense = strncmp(k->terms.store, "dense", 5) == 0;
    k->sorted = storage->sorted;
    k->group = lw_group_rows(storage);
    k->ktile = storage->request.ktile;
    k->ktiles = lw_ktile_count(storage);
    k->pad = storage->request.pad;
    planner_estimate(f, storage, &k->population);
}

/* Its sums, a vector of weights and one of activations do not fit in the registers at once. */
static bool spills(const planner_facts *f, const planner_kernel *k)
{
    bool vectors = k->terms.lanes != PLAN_LANES_K;
    int64_t sums = k->group * k->terms.tile_cols / (vectors ? k->lanes : 1);
    return sums > f->target->vector_registers - 4;
}

static void add(enumeration *e, const char *name, const ir_plan_terms *terms)
{
    planner_kernel *k = &e->out[e->count];
    rt_storage storage;
    *k = (planner_kernel){.terms = *terms, .family = name};
    impose(e->given, &k->terms);
    if (is_known(e, &k->terms) || !lw_accepts(e->f->module, e->f->context, e->f->region, &k->terms, &storage, &k->packed, NULL))
        return;
    if (k->packed)
        fill_packed(e->f, &storage, k);
    else if (e->f->region->has_contraction)
        fill_in_place(e->f, k);
    k->lanes = lw_lanes(e->f->target, e->f->region, &k->terms);
    bool asked = e->given && (e->given->tile_cols || e->given->store[0]);
    if (asked || !e->f->region->has_contraction || !spills(e->f, k))
        e->count++;
}

bool planner_is_too_wide(const planner_facts *f, const planner_kernel *k, int64_t columns)
{
    int64_t least = k->terms.lanes == PLAN_LANES_BATCH ? f->lanes : 1;
    return k->terms.tile_cols > least && k->terms.tile_cols >= columns + least;
}

/* Pixels at the same places of all planes do not fit in the few sets of the L1 cache that they share. */
static bool planes_conflict(const planner_facts *f, int64_t columns)
{
    const double bytes = (double)columns * 4, share = planner_usable((double)f->columns * 4, bytes / 64);
    return share < 0.25 && (double)f->depth * bytes > share * (double)f->target->l1d_bytes;
}

/* Images: panels are whole rows of pixels, and made as the convolution says. */
static void fit_planes(const planner_facts *f, int64_t rows, ir_plan_terms *t)
{
    const lw_contraction *c = &f->region->contraction;
    t->tile_cols = planner_panel_pixels(f, (int)rows);
    t->pack = c->fill == LW_FILL_COPY && f->columns % f->lanes == 0 && !planes_conflict(f, t->tile_cols) ? -1 : 1; /* aligned rows */
}

/* Panels of windows are long, and results on planes lie at equal places of many pages: of 8 rows by 48 pixels less of both
 * has to be in the L1 cache at a time than of 4 by 96, with as many loads. */
static bool wants_more_rows(const planner_facts *f, const kernel_family *family, int64_t rows)
{
    return f->region->contraction.fill == LW_FILL_WINDOW && f->target->vector_registers > 16 && rows < 8 &&
           !strcmp(family->store, "dense:R");
}

static void add_all(enumeration *e, const kernel_family *family, int64_t rows, int64_t columns)
{
    if (wants_more_rows(e->f, family, rows))
        return;
    ir_plan_terms t = {.lanes = family->lanes, .pack = family->pack, .rows = -1, .par = PLAN_PAR_BOTH, .tile_cols = columns};
    if (e->f->region->contraction.packed)
        write_store(e, family, rows, t.store, sizeof t.store);
    if (e->f->region->contraction.planes && family->lanes == PLAN_LANES_BATCH)
        fit_planes(e->f, rows, &t);
    for (int i = 0; i < LIST && (i == 0 || family->tiles[i]); i++)
        for (int j = 0; j < LIST && family->unrolls[j] && e->count < e->max; j++) {
            t.tile_k = k_tile(e->f, t.tile_cols, family->tiles[i]);
            t.unroll = unroll_of(e->f, family->unrolls[j]);
            add(e, family->name, &t);
        }
}

static void add_family(enumeration *e, const kernel_family *family)
{
    int64_t unit = family->lanes == PLAN_LANES_BATCH ? e->f->lanes : 1;
    for (int i = 0; i < LIST && family->rows[i]; i++)
        for (int j = 0; j < LIST && family->columns[j]; j++)
            add_all(e, family, rows_of(e, family, family->rows[i]),
                    family->columns[j] == HALF ? unit / 2 : family->columns[j] * unit);
}

/* What is given fits nothing: the first kernel of the lanes that are wanted, all the same, so that lowering says why not. */
static void add_refused(enumeration *e)
{
    const ir_lanes_kind wanted = e->given ? e->given->lanes : PLAN_LANES_OPEN;
    const kernel_family *family = families;
    while (wanted && family < families + FAMILIES - 1 && family->lanes != wanted)
        family++;
    ir_plan_terms t = {.lanes = family->lanes, .pack = family->pack, .rows = -1, .par = PLAN_PAR_BOTH, .tile_k = -1,
                       .unroll = family->unrolls[0]};
    t.tile_cols = (family->columns[0] == HALF ? 1 : family->columns[0]) * (family->lanes == PLAN_LANES_BATCH ? e->f->lanes : 1);
    if (e->f->region->contraction.packed)
        write_store(e, family, rows_of(e, family, family->rows[0]), t.store, sizeof t.store);
    impose(e->given, &t);
    e->out[e->count++] = (planner_kernel){.terms = t, .family = family->name};
}

static unsigned pattern_bits(const planner_facts *f)
{
    static const double LEAST_ALIKE = 2;
    rt_pattern_kind kind = planner_pattern_kind(f);
    return 1u << kind | (kind == RT_UNSTRUCTURED && f->alike >= LEAST_ALIKE ? (unsigned)BITS_ALIKE : 0);
}

size_t planner_enumerate(const planner_facts *f, const ir_plan_terms *given, planner_kernel *out, size_t max)
{
    enumeration e = {.f = f, .given = given, .out = out, .max = max};
    if (!f->region->has_contraction)
        add(&e, "elementwise", &(ir_plan_terms){.unroll = 1, .rows = -1, .par = PLAN_PAR_BOTH});
    else
        for (int i = 0; i < FAMILIES && e.count < max; i++)
            if (families[i].patterns & pattern_bits(f))
                add_family(&e, &families[i]);
    if (!e.count)
        add_refused(&e);
    return e.count;
}
