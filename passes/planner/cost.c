/* cost: what a plan is predicted to cost, as cycles of each resource of resources.def.
 *
 * The work of one pass over the weight (a panel or block of columns) is counted from the storage's expected population,
 * then multiplied by the passes. Resources that work at the same time overlap, so that the slowest counts and a share of
 * the others; packing, transposing and what happens once per row group come on top. */
#include "passes/planner/machine.h"
#include "passes/planner/planner.h"

#include <math.h>
#include <string.h>

/* Constants of the model that are of the code that is generated, not of a machine. Fitted by bench/planner. */
static const double FMA_LATENCY = 4, OVERLAP = 0.15, LOOP_ENTRY = 6, ROW_END = 2, CALL = 150, CACHE_SHARE = 0.75;

typedef struct work {
    const planner_facts *f;
    const planner_machine *machine;
    const ir_plan_terms *terms;
    planner_population p;
    double cols, rows, depth, group, lanes, ktiles, batches;
    bool gathers; /* lanes=rows, k: each lane has a column of its own */
    double cycles[PLANNER_RESOURCES];
} work;

/* Size of what fits in a level, and where something of so many bytes lies: -1 L1, else an index of bytes[]. */
static int level_of(const ir_target *t, double bytes)
{
    double sizes[PLANNER_LEVELS] = {(double)t->l1d_bytes, (double)t->l2_bytes, (double)t->l3_bytes};
    int level = -1;
    for (int i = 0; i < PLANNER_LEVELS && bytes > CACHE_SHARE * sizes[i]; i++)
        level = i;
    return level;
}

static double cycles_of_bytes(const work *w, double bytes, int level)
{
    return level < 0 ? 0 : bytes / w->machine->bytes[level];
}

/* Share of the L1 data cache that rows at this distance can use: at large powers of two they meet in few sets. */
static double usable(double stride_bytes, double lines)
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
    w->cycles[PLANNER_loads] += vectors / m->vector_loads + scalars / m->scalar_loads;
}

static void issue(work *w, double instructions)
{
    w->cycles[PLANNER_issue] += instructions / w->machine->issue;
}

static double chain(const work *w, double passes)
{
    return passes * w->p.stored / w->group * FMA_LATENCY;
}

static void arithmetic(work *w, double passes, double fmas)
{
    double rate = passes * fmas / w->machine->fma, latency = chain(w, passes);
    w->cycles[PLANNER_arithmetic] += rate > latency ? rate : latency;
}

/* Loops whose length is data end by a wrong guess, unless they are so short and few that the predictor knows them. */
static void loop_ends(work *w, double passes)
{
    double each = LOOP_ENTRY + (w->p.counted ? w->machine->mispredict : 0);
    w->cycles[PLANNER_overhead] += passes * w->p.runs * each;
}

static void weight_bytes(work *w, double passes)
{
    double bytes = w->p.value_bytes + w->p.metadata_bytes;
    w->cycles[PLANNER_weights] += cycles_of_bytes(w, passes * bytes, level_of(w->f->target, bytes));
}

/* Vectors copied one by one; or through the registers in squares of lanes x lanes. */
static double copy_cycles(const work *w, double vectors, bool transposes)
{
    double stages = transposes ? log2(w->lanes) / w->machine->shuffles : 0;
    return vectors * (1 / w->machine->vector_loads + 1 + stages);
}

/* ---- lanes=batch ---- */

static void batch_pass(work *w, double passes, double vectors)
{
    const planner_population *p = &w->p;
    bool folded = p->columns >= p->stored; /* each activation vector has one use, as a memory operand */
    arithmetic(w, passes, p->stored * vectors);
    loads(w, passes * p->columns * vectors, passes * (p->stored + p->coordinates));
    issue(w, passes * (p->stored * (vectors + 1) + (folded ? 0 : p->columns * vectors) + 2 * p->coordinates +
                       3 * p->narrow + 2 * p->steps / w->terms->unroll));
    loop_ends(w, passes);
    double sums = w->ktiles > 1 || w->f->region->contraction.rows_inside ? 2 * w->ktiles : 1;
    w->cycles[PLANNER_overhead] += passes * (w->rows * vectors * sums + w->rows * ROW_END * w->ktiles);
}

static void panel_traffic(work *w, double passes, double vectors, bool packed)
{
    double line_bytes = w->lanes * 4, width = vectors * line_bytes;
    double depth = w->terms->tile_k > 0 ? (double)w->terms->tile_k : w->depth;
    double share = packed ? 1 : usable(w->cols * 4, vectors * line_bytes / 64);
    int level = level_of(w->f->target, depth * width / (share > 0 ? share : 1));
    w->cycles[PLANNER_activations] += cycles_of_bytes(w, passes * w->p.columns * width, level);
}

static void pack_panels(work *w, double panels, double vectors)
{
    const lw_contraction *c = &w->f->region->contraction;
    double bytes = w->depth * w->cols * 4;
    double cycles = copy_cycles(w, panels * w->depth * vectors, c->depth_inside);
    cycles += cycles_of_bytes(w, panels * w->depth * vectors * w->lanes * 4, level_of(w->f->target, bytes));
    if (c->rows_inside)
        cycles += copy_cycles(w, panels * w->rows * vectors, true);
    w->cycles[PLANNER_packing] += cycles;
}

static void batch_nest(work *w)
{
    double width = (double)w->terms->tile_cols, vectors = width / w->lanes;
    bool packed = w->terms->pack > 0;
    double panels = packed ? ceil(w->cols / width) : floor(w->cols / width);
    double rest = packed ? 0 : ceil((w->cols - panels * width) / w->lanes);
    batch_pass(w, panels, vectors);
    batch_pass(w, rest, 1);
    panel_traffic(w, panels, vectors, packed);
    panel_traffic(w, rest, 1, packed);
    weight_bytes(w, panels + rest);
    if (packed)
        pack_panels(w, panels, vectors);
}

/* ---- lanes=rows, lanes=k ---- */

static void gather(work *w, double elements)
{
    w->cycles[PLANNER_loads] += elements * w->machine->gather;
    issue(w, elements * 2);
}

static void lanes_pass(work *w, double passes, double slots)
{
    const planner_population *p = &w->p;
    bool along_k = w->terms->lanes == PLAN_LANES_K;
    double vectors = p->stored / w->lanes + (along_k ? w->rows / 2 : 0); /* the last of a row is half full */
    arithmetic(w, passes, vectors * slots);
    issue(w, passes * (vectors * (slots + 1) + p->columns * slots / (along_k ? w->lanes : 1) + 2 * p->steps / w->terms->unroll));
    loads(w, passes * vectors, 0);
    if (w->gathers)
        gather(w, passes * p->stored * slots);
    else if (along_k)
        loads(w, passes * vectors * slots, 0);
    else
        loads(w, 0, passes * (p->columns * slots + p->coordinates));
    loop_ends(w, passes);
}

/* Sums that are stored as vectors, else one by one; lanes=k adds up lanes first. */
static void finish_lanes(work *w, bool sorted)
{
    bool whole = w->f->region->contraction.rows_inside && !sorted && w->terms->lanes == PLAN_LANES_ROWS;
    double each = whole ? 2 / w->lanes : w->terms->lanes == PLAN_LANES_K ? 10 : 3;
    w->cycles[PLANNER_overhead] += w->cols * w->rows * each;
}

static void lanes_nest(work *w, const rt_storage *storage)
{
    double slots = (double)w->terms->tile_cols, blocks = floor(w->cols / slots), rest = w->cols - blocks * slots;
    lanes_pass(w, blocks, slots);
    lanes_pass(w, rest, 1);
    weight_bytes(w, blocks + rest);
    finish_lanes(w, storage && storage->sorted);
}

/* ---- all ---- */

static double or_typical(double known)
{
    enum { TYPICAL = 256 }; /* extents that are given at the call */
    return known > 0 ? known : TYPICAL;
}

/* A read in place: every element, four rows at a time. */
static planner_population in_place(const work *w)
{
    double all = w->rows * w->depth;
    return (planner_population){.stored = all, .columns = all / 4, .runs = w->rows / 4, .steps = all / 4, .value_bytes = 4 * all};
}

static void start(work *w, const rt_storage *storage)
{
    const lw_contraction *c = &w->f->region->contraction;
    int64_t rows = w->f->rows, depth = w->f->depth, batch;
    if (!storage) {
        ir_extent_is_const(c->rows, &rows);
        ir_extent_is_const(c->depth, &depth);
    }
    w->rows = or_typical((double)rows);
    w->depth = or_typical((double)depth);
    w->batches = 1;
    for (int i = 0; i < c->batch_rank; i++)
        w->batches *= ir_extent_is_const(c->batch_dims[i], &batch) ? (double)batch : 1;
    w->group = storage ? lw_group_rows(storage) : 4;
    w->ktiles = storage ? (double)lw_ktile_count(storage) : 1;
    if (storage)
        planner_estimate(w->f, storage, &w->p);
    else
        w->p = in_place(w);
    w->gathers = storage && w->p.coordinates >= w->p.stored && w->terms->lanes != PLAN_LANES_BATCH;
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

void planner_cost(const planner_facts *f, int64_t columns, const rt_storage *storage, planner_candidate *c)
{
    work w = {.f = f, .machine = planner_machine_of(f->target), .terms = &c->terms, .cols = (double)columns, .lanes = f->lanes};
    c->predicted_ns = 0;
    if (!f->region->has_contraction)
        return;
    start(&w, storage);
    if (c->terms.lanes == PLAN_LANES_BATCH)
        batch_nest(&w);
    else
        lanes_nest(&w, storage);
    sum_up(&w, c);
}
