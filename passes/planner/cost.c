/* cost: what a plan is predicted to cost, as cycles of each resource of resources.def.
 *
 * The work of one pass over the weight (a panel or block of columns) is counted from the storage's expected population,
 * then multiplied by the passes. Resources that work at the same time overlap, so that the slowest counts and a share of
 * the others; packing, transposing and what happens once per row group come on top. */
#include "passes/planner/machine.h"
#include "passes/planner/planner.h"

#include <math.h>

/* What the generated code takes, in cycles unless said otherwise; the same on all machines. Fitted to measured grids of
 * bench_planner. */
static const double
    FMA_LATENCY = 4, OVERTAKEN = 3, /* of a chain of multiply-adds; some of which hide behind other rows */
    SHORT_CHAIN = 16,    /* chains of so many are half hidden */
    OVERLAP = 0.08,      /* share of the resources that do not bind that shows all the same */
    LOOP_ENTRY = 4, GROUP = 2.5, ROW_END = 1.5, /* of each loop, row group, row */
    REMEMBERED = 220,    /* ends of loops */
    IN_QUADS = 0.55,     /* scalar loads that a value is as long as which is loaded with three others, and spread */
    STEP = 1.4,          /* instructions of a step of a loop */
    SUM = 1.1,           /* a vector of sums that waits between K tiles: stored, loaded */
    PANEL_ROW = 4,       /* of a copied panel, beside its vectors */
    MISSES = 0.2,        /* share of the time that activations take to L1 that no arithmetic hides */
    CONFLICT = 2,        /* a line read in place that others push out by chance of where pages lie; of these 0.075 at least */
    TABLE_LOOKUP = 2.1,  /* shuffles that a look-up in two registers is as long as */
    UNPACK = 1.8,        /* a coordinate of a few bits */
    STORE_ONE = 2.8, STORE_WHOLE = 2, REDUCE = 6.2, /* lanes=rows: a result, a vector of results; lanes=k: a result */
    SCRATCH = 80,        /* to get and return it */
    CALL = 200,          /* checks, dispatch and launch of a layer */
    L1_SHARE = 0.8, L2_SHARE = 0.8; /* of a cache that data can count on to stay in */

enum { QUAD = 4 };

typedef struct work {
    const planner_facts *f;
    const planner_machine *machine;
    const planner_kernel *kernel;
    const ir_plan_terms *terms;
    planner_population p;
    double cols, rows, depth, group, lanes, ktiles, batches;
    double narrow; /* how many times as many vectors a cycle takes where they are narrower than the machine's */
    bool gathers; /* lanes=rows, k: each lane has a column of its own */
    double cycles[PLANNER_RESOURCES];
} work;

/* Cycles to read so many bytes out of a working set of that size, each part of it from the cache that it stays in. */
static double read_cycles(const work *w, double bytes, double working_set)
{
    const ir_target *t = w->f->target;
    double sizes[PLANNER_LEVELS] = {L1_SHARE * (double)t->l1d_bytes, L2_SHARE * (double)t->l2_bytes, (double)t->l3_bytes};
    double cycles = 0;
    for (int i = 0; i < PLANNER_LEVELS && working_set > sizes[i]; i++) {
        double past = i + 1 < PLANNER_LEVELS && sizes[i + 1] < working_set ? sizes[i + 1] : working_set;
        cycles += bytes * (past - sizes[i]) / working_set / w->machine->bytes[i];
    }
    return cycles;
}

/* Share of the L1 data cache that rows at this distance can use: at large powers of two they meet in few sets. */
double planner_usable(double stride_bytes, double lines)
{
    enum { PERIOD = 4096, LINE = 64 };
    int64_t stride = (int64_t)stride_bytes, step = PERIOD;
    while (step > LINE && stride % step)
        step /= 2;
    double share = (double)PERIOD / (double)step * lines / ((double)PERIOD / LINE);
    return share > 1 ? 1 : share;
}

static void loads(work *w, double vectors, double scalars)
{
    const planner_machine *m = w->machine;
    w->cycles[PLANNER_loads] += vectors / (m->vector_loads * w->narrow) + scalars / m->scalar_loads;
}

static void issue(work *w, double instructions)
{
    w->cycles[PLANNER_issue] += instructions / w->machine->issue;
}

/* Multiply-adds into one register follow one another; those of the next row group overtake the end of short chains, and what
 * hides little is where a group has too few sums at a time. The sums of a row take turns (nest_batch.c). */
static double chain(const work *w, double passes, double vectors)
{
    enum { IN_FLIGHT = 8 };
    double all = w->p.stored / w->group, length = w->p.runs > 0 ? all / w->p.runs : all;
    if (w->terms->lanes != PLAN_LANES_BATCH)
        return passes * all * OVERTAKEN / (w->terms->lanes == PLAN_LANES_K ? w->lanes : 1);
    double sums = w->group * ceil(vectors), copies = fmax(1, fmin(floor(IN_FLIGHT / sums), w->terms->unroll));
    bool exposed = sums * copies < IN_FLIGHT;
    return passes * all / copies * (exposed ? FMA_LATENCY : OVERTAKEN * length / (length + SHORT_CHAIN));
}

static void arithmetic(work *w, double passes, double fmas, double vectors)
{
    double rate = passes * fmas / (w->machine->fma * w->narrow), latency = chain(w, passes, vectors);
    w->cycles[PLANNER_arithmetic] += rate > latency ? rate : latency;
}

/* Loops whose length is data end by a wrong guess, unless they are so few that their lengths are remembered. */
static void loop_ends(work *w, double passes)
{
    double forgotten = w->p.counted ? w->p.runs / (w->p.runs + REMEMBERED) : 0;
    w->cycles[PLANNER_overhead] += passes * w->p.runs * (LOOP_ENTRY + forgotten * w->machine->mispredict);
}

static void weight_bytes(work *w, double passes)
{
    double bytes = w->p.value_bytes + w->p.metadata_bytes;
    w->cycles[PLANNER_weights] += read_cycles(w, passes * bytes, bytes);
}

/* Vectors copied one by one; or through the registers in squares of lanes x lanes. */
static double copy_cycles(const work *w, double vectors, bool transposes)
{
    double stages = transposes ? log2(w->lanes) / w->machine->shuffles : 0;
    return vectors * (1 / w->machine->vector_loads + 1 + stages) / w->narrow;
}

/* ---- lanes=batch ---- */

static void batch_pass(work *w, double passes, double vectors)
{
    const planner_population *p = &w->p;
    bool folded = p->columns >= p->stored; /* each activation vector has one use, as a memory operand */
    arithmetic(w, passes, p->stored * vectors, vectors);
    double values = p->stored * ((int)w->group % QUAD ? 1 : IN_QUADS);
    loads(w, passes * p->columns * vectors, passes * (values + p->coordinates + UNPACK * w->machine->scalar_loads * p->narrow));
    issue(w, passes * (p->stored * (vectors + 1) + (folded ? 0 : p->columns * vectors) + 2 * p->coordinates +
                       3 * p->narrow + STEP * p->steps / w->terms->unroll));
    loop_ends(w, passes);
    double sums = w->ktiles > 1 || w->f->region->contraction.rows_inside ? 2 * SUM * w->ktiles : 1;
    double rows = w->rows * (vectors * sums + ROW_END * w->ktiles) + w->rows / w->group * w->ktiles * GROUP;
    w->cycles[PLANNER_overhead] += passes * rows;
}

static void panel_traffic(work *w, double passes, double vectors, bool packed)
{
    double width = vectors * w->lanes * 4;
    double depth = w->terms->tile_k > 0 ? (double)w->terms->tile_k : w->depth;
    double share = packed ? 1 : planner_usable(w->cols * 4, width / 64);
    double bytes = passes * w->p.columns * width;
    double cycles = read_cycles(w, bytes, depth * width / share);
    w->cycles[PLANNER_activations] += cycles;
    if (w->kernel->dense) /* column after column, as prefetching expects */
        return;
    w->cycles[PLANNER_overhead] += MISSES * cycles;
    if (!packed && depth * width / share > (double)w->f->target->l1d_bytes)
        w->cycles[PLANNER_overhead] += CONFLICT * bytes / 64 * fmax(0.075, 0.25 / share - 1);
}

static void pack_panels(work *w, double panels, double vectors)
{
    const lw_contraction *c = &w->f->region->contraction;
    double moved = panels * w->depth * vectors, bytes = w->depth * w->cols * 4;
    double cycles = SCRATCH + copy_cycles(w, moved, c->depth_inside);
    cycles += panels * w->depth * PANEL_ROW / (c->depth_inside ? w->lanes : 1);
    cycles += read_cycles(w, moved * w->lanes * 4, bytes);
    if (c->rows_inside)
        cycles += copy_cycles(w, panels * w->rows * vectors, true);
    w->cycles[PLANNER_packing] += cycles;
}

static void panels_of(work *w, double panels, double vectors)
{
    bool packed = w->terms->pack > 0;
    batch_pass(w, panels, vectors);
    panel_traffic(w, panels, vectors, packed);
    weight_bytes(w, panels);
    if (packed)
        pack_panels(w, panels, vectors);
}

/* What is left beside whole panels is one of a half, a quarter ... of their vectors, as long as that suffices; unpacked, halves
 * for as long as they are full, then single vectors. */
static void batch_nest(work *w)
{
    double vectors = (double)w->terms->tile_cols / w->lanes, panels = floor(w->cols / (double)w->terms->tile_cols);
    double left = w->cols / w->lanes - panels * vectors;
    const double alike = planner_panels(w->f, w->terms->tile_cols);
    if (alike > 0) {
        panels_of(w, alike, vectors);
        w->cycles[PLANNER_packing] += planner_fill_cycles(w->f, w->terms->tile_cols) / w->machine->fma;
        return;
    }
    panels_of(w, panels, vectors);
    double least = w->lanes < w->f->lanes ? 1 : 1 / w->machine->halves; /* of vectors that are narrower, where they are quicker */
    if (left > 0 && w->terms->pack > 0) {
        while (vectors > least && (vectors <= 1 || fmod(vectors, 2) == 0) && vectors / 2 >= left)
            vectors /= 2;
        panels_of(w, 1, vectors);
        return;
    }
    for (; vectors > 3; left -= left >= vectors ? vectors : 0) {
        vectors = floor(vectors / 2);
        panels_of(w, left >= vectors, vectors);
    }
    panels_of(w, floor(left), 1);
    panels_of(w, left > floor(left), left - floor(left) > least ? 1 : least);
}

/* ---- lanes=rows, lanes=k ---- */

static void gather(work *w, double elements)
{
    w->cycles[PLANNER_loads] += elements * w->machine->gather;
    issue(w, elements * 2);
}

/* Windows: the activations are a table in two registers; each vector of values has its indices widened and takes a
 * look-up and a multiply-add for each column. */
static void window_pass(work *w, double passes, double slots)
{
    const planner_population *p = &w->p;
    double vectors = p->stored / w->lanes, permutes = vectors * (slots * TABLE_LOOKUP + 1);
    w->cycles[PLANNER_arithmetic] += passes * (vectors * slots / w->machine->fma + permutes / w->machine->shuffles);
    loads(w, passes * (1.25 * vectors + 2 * p->windows * slots), passes * p->windows);
    issue(w, passes * (vectors * (2 + 2 * slots) + p->windows * (2 * slots + 2) + STEP * p->steps / w->terms->unroll));
    loop_ends(w, passes);
}

static void lanes_pass(work *w, double passes, double slots)
{
    const planner_population *p = &w->p;
    bool along_k = w->terms->lanes == PLAN_LANES_K;
    double vectors = p->stored / w->lanes + (along_k && p->counted ? w->rows / 2 : 0); /* the last one is half full */
    double unpacking = UNPACK * w->machine->scalar_loads * p->narrow;
    arithmetic(w, passes, vectors * slots, slots);
    issue(w, passes * (vectors * (slots + 1) + p->columns * slots / (along_k ? w->lanes : 1) + STEP * p->steps / w->terms->unroll));
    loads(w, passes * vectors, passes * unpacking);
    if (w->gathers)
        gather(w, passes * p->stored * slots);
    else if (along_k)
        loads(w, passes * vectors * slots, 0);
    else
        loads(w, 0, passes * (p->columns * slots + p->coordinates));
    loop_ends(w, passes);
}

/* Sums that are stored as vectors, else one by one; lanes=k adds up lanes first. */
static void finish_lanes(work *w)
{
    bool whole = w->f->region->contraction.rows_inside && !w->kernel->sorted && w->terms->lanes == PLAN_LANES_ROWS;
    double each = whole ? STORE_WHOLE / w->lanes : w->terms->lanes == PLAN_LANES_K ? REDUCE : STORE_ONE;
    w->cycles[PLANNER_overhead] += w->cols * w->rows * each;
}

/* Each column to a stretch of its own, with zeros behind it for windows and blocks that reach past its end. */
static void pack_columns(work *w, double blocks)
{
    static const double ZEROS = 3; /* vectors */
    bool whole = w->f->region->contraction.depth_inside;
    double vectors = whole ? w->depth / w->lanes + ZEROS : w->depth + ZEROS * w->lanes;
    w->cycles[PLANNER_packing] += SCRATCH + blocks * LOOP_ENTRY + 2 * w->cols * vectors;
}

static void lanes_nest(work *w)
{
    double slots = (double)w->terms->tile_cols, blocks = floor(w->cols / slots), rest = w->cols - blocks * slots;
    bool windows = w->p.windows > 0;
    (windows ? window_pass : lanes_pass)(w, blocks, slots);
    (windows ? window_pass : lanes_pass)(w, rest, 1);
    if (w->terms->pack > 0)
        pack_columns(w, blocks + rest);
    weight_bytes(w, blocks + rest);
    finish_lanes(w);
}

/* ---- all ---- */

static void start(work *w)
{
    const lw_contraction *c = &w->f->region->contraction;
    int64_t batch;
    w->p = w->kernel->population;
    w->lanes = w->kernel->lanes;
    w->narrow = w->lanes < w->f->lanes ? w->machine->halves : 1;
    w->group = w->kernel->group;
    w->ktiles = (double)w->kernel->ktiles;
    w->rows = w->kernel->packed ? (double)w->f->rows : w->p.runs * w->group;
    w->depth = w->kernel->packed ? (double)w->f->depth : w->p.runs > 0 ? w->p.steps / w->p.runs : 0;
    w->batches = 1;
    for (int i = 0; i < c->batch_rank; i++)
        w->batches *= ir_extent_is_const(c->batch_dims[i], &batch) ? (double)batch : 1;
    w->gathers = w->kernel->packed && w->p.coordinates >= w->p.stored && w->terms->lanes != PLAN_LANES_BATCH;
}

static void sum_up(const work *w, planner_candidate *c)
{
    double most = 0, others = 0, on_top = CALL;
    for (int i = 0; i < PLANNER_RESOURCES; i++) {
        double cycles = w->cycles[i] * w->batches;
        c->ns[i] = cycles / w->machine->ghz;
        if (c->ns[i] > c->ns[c->binds])
            c->binds = (planner_resource)i;
        if (i > PLANNER_weights) {
            on_top += cycles;
            continue;
        }
        others += cycles;
        most = cycles > most ? cycles : most;
    }
    c->predicted_ns = (most + OVERLAP * (others - most) + on_top) / w->machine->ghz;
}

void planner_cost(const planner_facts *f, int64_t columns, const planner_kernel *k, planner_candidate *c)
{
    work w = {.f = f, .machine = planner_machine_of(f->target), .kernel = k, .terms = &k->terms, .cols = (double)columns};
    *c = (planner_candidate){.terms = k->terms, .family = k->family, .dense = k->dense};
    if (!f->region->has_contraction || !k->group)
        return;
    start(&w);
    if (k->terms.lanes == PLAN_LANES_BATCH)
        batch_nest(&w);
    else
        lanes_nest(&w);
    sum_up(&w, c);
}
