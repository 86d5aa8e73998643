/* choose: the plan of a kernel: for each number of columns the cheapest candidate, with as few variants as pay.
 *
 * Costs are looked at in sample points. What a plan costs there above the cheapest is its regret (as a logarithm: factors
 * count, not nanoseconds). The plan line is the path through the points with the least regret, where every further variant has to
 * earn its code, and one with a storage of its own also the second copy of the weight. Of plans that cost the same within
 * a few per cent a dense one is taken, which cannot disappoint. */
#include "passes/planner/planner.h"

#include <math.h>
#include <string.h>

/* One column is met more often than any other number, and by those to whom each microsecond counts. */
static const int64_t points[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
enum { POINTS = sizeof points / sizeof *points, WEIGHT_OF_ONE = 3 };

/* Regrets: of another variant's code, of another copy of the weight; and what a dense plan is favoured by. */
static const double VARIANT = 0.25, COPY = 0.1, FAVOUR_DENSE = 0.05;
/* What is lost against the best dense kernel counts so many times again: never to be slower than that is what is promised. */
static const double SLOWER_THAN_DENSE = 1;

typedef struct field {
    const planner_facts *f;
    size_t count;
    planner_kernel kernels[PLANNER_MAX_CANDIDATES];
    bool banned[PLANNER_MAX_CANDIDATES]; /* for the storage's bytes */
    double regret[POINTS][PLANNER_MAX_CANDIDATES];
    double reach[POINTS][PLANNER_MAX_CANDIDATES]; /* regret of the best path to this kernel */
    int from[POINTS][PLANNER_MAX_CANDIDATES]; /* the kernel of the point before, on the best path to this one */
} field;

static double cost(const field *d, size_t kernel, int64_t columns)
{
    planner_candidate c;
    planner_cost(d->f, columns, &d->kernels[kernel], &c);
    return c.predicted_ns > 0 ? log(c.predicted_ns) - (c.dense ? FAVOUR_DENSE : 0) : 0;
}

static void fill_regrets(field *d, int point, int64_t columns)
{
    double least = INFINITY, dense = INFINITY;
    for (size_t i = 0; i < d->count; i++) {
        d->regret[point][i] = cost(d, i, columns);
        least = fmin(least, d->regret[point][i]);
        dense = d->kernels[i].dense ? fmin(dense, d->regret[point][i]) : dense;
    }
    for (size_t i = 0; i < d->count; i++) {
        double value = d->regret[point][i], slower = fmax(0, value - dense);
        d->regret[point][i] = (value - least + SLOWER_THAN_DENSE * slower) * (columns == 1 ? WEIGHT_OF_ONE : 1);
    }
}

static size_t least_of(const double *values, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (values[i] < values[best])
            best = i;
    return best;
}

/* One kernel for all of the points in [first, past). */
static size_t least_sum(const field *d, int first, int past)
{
    double sums[PLANNER_MAX_CANDIDATES] = {0};
    for (int p = first; p < past; p++)
        for (size_t i = 0; i < d->count; i++)
            sums[i] += d->regret[p][i];
    return least_of(sums, d->count);
}

/* ---- variants ---- */

static bool same_weight(const planner_kernel *a, const planner_kernel *b)
{
    return strcmp(a->terms.store, b->terms.store) == 0 && a->ktile == b->ktile && a->pad == b->pad;
}

static double change(const field *d, size_t a, size_t b)
{
    return a == b ? 0 : VARIANT + (same_weight(&d->kernels[a], &d->kernels[b]) ? 0 : COPY);
}

/* The best path: the kernel of each point; returns its regret. */
static double find_path(field *d, size_t path[POINTS])
{
    for (size_t i = 0; i < d->count; i++)
        d->reach[0][i] = d->banned[i] ? INFINITY : d->regret[0][i];
    for (int p = 1; p < POINTS; p++)
        for (size_t i = 0; i < d->count; i++) {
            double reach[PLANNER_MAX_CANDIDATES];
            for (size_t j = 0; j < d->count; j++)
                reach[j] = d->reach[p - 1][j] + change(d, j, i);
            d->from[p][i] = (int)least_of(reach, d->count);
            d->reach[p][i] = d->banned[i] ? INFINITY : d->regret[p][i] + reach[d->from[p][i]];
        }
    path[POINTS - 1] = least_of(d->reach[POINTS - 1], d->count);
    for (int p = POINTS - 1; p > 0; p--)
        path[p - 1] = (size_t)d->from[p][path[p]];
    return d->reach[POINTS - 1][path[POINTS - 1]];
}

/* ---- the budget of storages ---- */

/* The point has a storage that none before it on the path has. */
static bool is_new_storage(const field *d, const size_t path[POINTS], int point)
{
    for (int p = 0; p < point; p++)
        if (same_weight(&d->kernels[path[p]], &d->kernels[path[point]]))
            return false;
    return true;
}

static double path_bytes(const field *d, const size_t path[POINTS], int *storages)
{
    double bytes = 0;
    *storages = 0;
    for (int p = 0; p < POINTS; p++)
        if (is_new_storage(d, path, p)) {
            const planner_population *held = &d->kernels[path[p]].population;
            bytes += held->value_bytes + held->metadata_bytes;
            ++*storages;
        }
    return bytes;
}

/* Leaves to choose from what the path uses, but for one kernel's storage. */
static void leave_out(field *d, const size_t path[POINTS], size_t kernel)
{
    for (size_t i = 0; i < d->count; i++) {
        d->banned[i] = true;
        for (int p = 0; p < POINTS && !same_weight(&d->kernels[i], &d->kernels[kernel]); p++)
            d->banned[i] &= !same_weight(&d->kernels[i], &d->kernels[path[p]]);
    }
}

/* The storage of the path without which the rest does best. */
static size_t least_missed(field *d, const size_t path[POINTS])
{
    size_t best = path[0], other[POINTS];
    double least = INFINITY;
    for (int p = 0; p < POINTS; p++) {
        if (!is_new_storage(d, path, p))
            continue;
        leave_out(d, path, path[p]);
        const double regret = find_path(d, other);
        if (regret < least) {
            least = regret;
            best = path[p];
        }
    }
    return best;
}

/* Leaves storages out until the rest keeps to the budget. *note: which, for people; NULL: none. */
static void keep_budget(field *d, size_t path[POINTS], const char **note)
{
    static const double LARGE = 1 << 20; /* bytes; smaller weights may be there as often as pays */
    const lw_region *region = d->f->region;
    const int each = ir_dtype_of(region->fused->args[region->contraction.a_arg]->type->dtype)->bytes;
    const double dense = each * (double)d->f->rows * (double)d->f->depth, budget = d->f->context->budget;
    int storages;
    ir_text out;
    ir_text_init(&out, d->f->module->arena);
    *note = NULL;
    while (budget > 0 && dense >= LARGE && path_bytes(d, path, &storages) > budget * dense && storages > 1) {
        const size_t missed = least_missed(d, path);
        leave_out(d, path, missed);
        ir_text_add(&out, "%s%s", out.len ? ", " : "", d->kernels[missed].terms.store);
        if (d->kernels[missed].ktile)
            ir_text_add(&out, " tile=*x%lld", (long long)d->kernels[missed].ktile);
        find_path(d, path);
    }
    if (out.len)
        *note = out.data;
}

/* Between two points: up to how many columns the first of two kernels is the cheaper one. */
static int64_t limit_between(const field *d, size_t first, size_t second, int64_t lo, int64_t hi)
{
    int64_t step = (hi - lo) / 8 < 1 ? 1 : (hi - lo) / 8, limit = lo;
    while (limit + step < hi && cost(d, first, limit + step) <= cost(d, second, limit + step))
        limit += step;
    return limit;
}

static size_t write_path(const field *d, const size_t path[POINTS], planner_variant *out)
{
    size_t count = 0;
    for (int p = 0; p + 1 < POINTS && count + 1 < PLANNER_MAX_VARIANTS; p++)
        if (path[p] != path[p + 1])
            out[count++] = (planner_variant){limit_between(d, path[p], path[p + 1], points[p], points[p + 1]),
                                             d->kernels[path[p]].terms};
    out[count++] = (planner_variant){0, d->kernels[path[POINTS - 1]].terms};
    return count;
}

static void open_field(field *d, const planner_facts *f, const ir_plan_terms *given)
{
    d->f = f;
    memset(d->banned, 0, sizeof d->banned);
    d->count = planner_enumerate(f, given, d->kernels, PLANNER_MAX_CANDIDATES);
}

size_t planner_variants(const planner_facts *f, planner_variant out[PLANNER_MAX_VARIANTS], const char **left_out)
{
    static const ir_plan_terms open;
    field d;
    size_t path[POINTS];
    *left_out = NULL;
    if (f->columns || !f->batch_dim || !f->region->contraction.packed) {
        out[0] = (planner_variant){0, open};
        planner_choose(f, f->columns, f->columns, &out[0].terms);
        return 1;
    }
    open_field(&d, f, &open);
    for (int p = 0; p < POINTS; p++)
        fill_regrets(&d, p, points[p]);
    find_path(&d, path);
    keep_budget(&d, path, left_out);
    return write_path(&d, path, out);
}

void planner_choose(const planner_facts *f, int64_t least, int64_t most, ir_plan_terms *terms)
{
    field d;
    int count = 0;
    open_field(&d, f, terms);
    for (int p = 0; p < POINTS; p++)
        if (points[p] >= least && (!most || points[p] < most))
            fill_regrets(&d, count++, points[p]);
    if (most && count < POINTS)
        fill_regrets(&d, count++, most);
    *terms = d.kernels[least_sum(&d, 0, count)].terms;
}
