/* body: bundles to multiply-adds, for each of the three ways to lay vector lanes.
 *
 *   lanes=batch   one stored value times a vector of activations:      acc[row][v] += splat(w) * B[column][v]
 *   lanes=rows    a vector of values of consecutive rows times one activation or a gathered vector of them
 *   lanes=k       a vector of values along the reduction times as many activations; lanes are summed at the end
 *
 * What storage the leaves come from does not matter here: only whether their addresses and columns are consecutive. */
#include "passes/lower/lower.h"

#include <assert.h>

ir_op *lw_multiply_add(lw_kernel *k, ir_op *a, ir_op *x, ir_op *c)
{
    if (ir_is_float(c->type->dtype))
        return ir_build3(&k->b, IR_OP_fma, NULL, a, x, c);
    return ir_build2(&k->b, IR_OP_add, c->type, ir_build2(&k->b, IR_OP_mul, c->type, a, x), c);
}

ir_op *lw_load_compute(lw_kernel *k, int lanes, ir_op *buffer, ir_op *index, int64_t disp, ir_op *mask)
{
    const ir_type *type = ir_vector(k->module, buffer->type->dtype, lanes);
    return lw_cast(&k->b, lw_load(&k->b, type, buffer, index, disp, mask), k->scalar->dtype);
}

/* Element of B at this column, from the column's origin on. */
static ir_op *column_element(lw_body *body, const lw_column *column)
{
    ir_builder *b = &body->kernel->b;
    ir_op *value = lw_column_value(body->kernel, column), *table = body->source.table;
    if (table)
        return lw_cast(b, lw_load(b, ir_scalar(b->module, table->type->dtype), table, value, 0, NULL), IR_INDEX);
    return lw_mul(b, value, body->source.stride);
}

/* The elements of B for a run of leaves that each have a column of their own. */
typedef struct gathering {
    const lw_leaf *run;
    ir_op *mask;
    ir_op *indices;                    /* vector, for the gather instruction */
    ir_op *elements[LW_MAX_RUN_LANES]; /* scalars, for loads one by one */
} gathering;

/* Index vector of a run's columns, in elements of B. */
static ir_op *column_elements(lw_body *body, const lw_column *first, int lanes, ir_op *mask)
{
    lw_kernel *k = body->kernel;
    ir_op *vector = lw_column_vector(k, first, lanes, mask);
    int64_t stride;
    if (lw_is_imm(body->source.stride, &stride) && stride == 1)
        return vector;
    ir_op *splat = lw_splat(&k->b, lw_cast(&k->b, body->source.stride, IR_I64), lanes);
    return ir_build2(&k->b, IR_OP_mul, splat->type, lw_cast(&k->b, vector, IR_I64), splat);
}

/* Where gathers are slow, addresses come from scalar loads of the coordinates. A masked run keeps the instruction: its
 * coordinates past the end must not be read. */
static gathering start_gathering(lw_body *body, const lw_leaf *run, ir_op *mask)
{
    lw_kernel *k = body->kernel;
    gathering g = {.run = run, .mask = mask};
    if (mask || !k->target->slow_gather)
        g.indices = column_elements(body, &run[0].column, k->lanes, mask);
    else
        for (int i = 0; i < k->lanes; i++)
            g.elements[i] = column_element(body, &run[i].column);
    return g;
}

static ir_op *gathered(lw_body *body, const gathering *g, int slot)
{
    lw_kernel *k = body->kernel;
    const lw_source *s = &body->source;
    const ir_type *type = ir_vector(k->module, s->buffer->type->dtype, k->lanes);
    ir_op *start = s->slot[slot];
    if (g->indices) {
        ir_op *base = start ? lw_subbuffer(&k->b, s->buffer, start, s->buffer->type->dtype) : s->buffer;
        ir_op *args[] = {base, g->indices, g->mask};
        return lw_cast(&k->b, ir_build(&k->b, IR_OP_gather, type, g->mask ? 3 : 2, args), k->scalar->dtype);
    }
    ir_op *vector = ir_const_int(&k->b, k->vector, 0);
    for (int i = 0; i < k->lanes; i++) {
        ir_op *element = start ? lw_add(&k->b, g->elements[i], start) : g->elements[i];
        vector = ir_build2(&k->b, IR_OP_insert, NULL, vector, lw_load_compute(k, 1, s->buffer, element, 0, NULL));
        ir_set_int(k->module, vector, "lane", i);
    }
    return vector;
}

static void accumulate(lw_kernel *k, ir_op *reg, ir_op *a, ir_op *x)
{
    lw_set(&k->b, reg, lw_multiply_add(k, a, x, lw_get(&k->b, reg)));
}

static bool same_column(const lw_column *a, const lw_column *b)
{
    return a->base == b->base && a->offset == b->offset && a->level == b->level && a->crd_index == b->crd_index &&
           a->crd_disp == b->crd_disp;
}

/* ---- lanes=batch ---- */

/* The activations of one column, loaded once however many rows of the bundle use it. */
typedef struct loaded_column {
    const lw_column *column;
    ir_op *vectors[LW_MAX_ACCUMULATORS];
} loaded_column;

static void load_column(lw_body *body, const lw_column *column, loaded_column *out)
{
    lw_kernel *k = body->kernel;
    const lw_source *s = &body->source;
    ir_op *element = column_element(body, column);
    if (s->origin)
        element = lw_add(&k->b, element, s->origin);
    out->column = column;
    for (int v = 0; v < s->vectors; v++)
        out->vectors[v] = lw_load_compute(k, k->lanes, s->buffer, element, (int64_t)v * k->lanes, s->masks[v]);
}

/* Values that lie side by side are loaded a quad (16 bytes of compute type) at a time into every quad of a vector, and
 * each is spread from there: a shuffle within quads, where a broadcast from memory would take the place of a vector of
 * activations in the load units, which are what binds here. */
enum { QUAD_BYTES = 16 };

static int quad_values(const lw_kernel *k)
{
    int values = QUAD_BYTES / (int)ir_dtype_of(k->scalar->dtype)->bytes;
    return ir_is_float(k->scalar->dtype) && values > 1 && k->lanes > values ? values : 1;
}

static bool follows(const lw_leaf *first, const lw_leaf *leaf, int distance)
{
    return leaf->values == first->values && leaf->value_index == first->value_index &&
           leaf->value_disp == first->value_disp + distance;
}

static ir_op *shuffled(lw_kernel *k, ir_op *a, const int64_t *lanes)
{
    ir_op *op = ir_build2(&k->b, IR_OP_shuffle, k->vector, a, a);
    ir_set_ints(k->module, op, "mask", k->lanes, lanes);
    return op;
}

/* The quad in every quad of a vector; opaque, or the two shuffles would become a longer one. */
static ir_op *load_quad(lw_kernel *k, const lw_leaf *first, int values)
{
    int64_t lanes[LW_MAX_RUN_LANES];
    for (int i = 0; i < k->lanes; i++)
        lanes[i] = i % values;
    ir_op *quad = lw_load_compute(k, values, first->values, first->value_index, first->value_disp, NULL);
    return ir_build1(&k->b, IR_OP_opaque, NULL, shuffled(k, quad, lanes));
}

static ir_op *spread(lw_kernel *k, ir_op *quads, int which, int values)
{
    int64_t lanes[LW_MAX_RUN_LANES];
    for (int i = 0; i < k->lanes; i++)
        lanes[i] = i / values * values + which;
    return shuffled(k, quads, lanes);
}

/* The last quad loaded. */
typedef struct loaded_quad {
    ir_op *vector; /* NULL: none */
    int first;     /* its first leaf */
    int values;    /* of a quad; 1: no quads here */
} loaded_quad;

static void load_quad_at(lw_kernel *k, const lw_leaf *leaves, int count, int i, loaded_quad *quad)
{
    int run = 1;
    while (run < quad->values && i + run < count && follows(&leaves[i], &leaves[i + run], run))
        run++;
    quad->vector = quad->values > 1 && run == quad->values ? load_quad(k, &leaves[i], run) : NULL;
    quad->first = i;
}

/* The value of leaf i in all lanes; leaves are asked for in order. */
static ir_op *splat_value(lw_kernel *k, const lw_leaf *leaves, int count, int i, loaded_quad *quad)
{
    if (!quad->vector || i >= quad->first + quad->values)
        load_quad_at(k, leaves, count, i, quad);
    if (quad->vector)
        return spread(k, quad->vector, i - quad->first, quad->values);
    ir_op *value = lw_load_compute(k, 1, leaves[i].values, leaves[i].value_index, leaves[i].value_disp, NULL);
    return lw_splat(&k->b, value, k->lanes);
}

void lw_body_batch(void *ctx, const lw_leaf *leaves, int count, ir_op *active)
{
    lw_body *body = ctx;
    lw_kernel *k = body->kernel;
    loaded_column *columns = IR_ARRAY(ir_ops_arena(k->module), loaded_column, count);
    loaded_quad quad = {.values = quad_values(k)};
    int loaded = 0, met[LW_MAX_ACCUMULATORS] = {0};
    assert(!active);
    (void)active;
    for (int i = 0; i < count; i++) {
        int c = 0;
        while (c < loaded && !same_column(columns[c].column, &leaves[i].column))
            c++;
        if (c == loaded)
            load_column(body, &leaves[i].column, &columns[loaded++]);
        ir_op *splat = splat_value(k, leaves, count, i, &quad);
        int turn = met[leaves[i].row]++ % body->copies;
        ir_op **sums = body->accumulators + (turn * body->row_units + leaves[i].row) * body->source.vectors;
        for (int v = 0; v < body->source.vectors; v++)
            accumulate(k, sums[v], splat, columns[c].vectors[v]);
    }
}

/* ---- lanes=rows ---- */

static ir_op *broadcast(lw_body *body, ir_op *element, int slot)
{
    lw_kernel *k = body->kernel;
    const lw_source *s = &body->source;
    ir_op *at = s->slot[slot] ? lw_add(&k->b, element, s->slot[slot]) : element;
    return lw_splat(&k->b, lw_load_compute(k, 1, s->buffer, at, 0, NULL), k->lanes);
}

static ir_op **rows_accumulator(lw_body *body, const lw_leaf *run, int slot, int copy)
{
    int unit = run[0].row / body->kernel->lanes;
    return &body->accumulators[(unit * body->source.slots + slot) * body->copies + copy];
}

/* Activations of a run of leaves that share their column, or have one each in order. */
static void rows_run(lw_body *body, const lw_leaf *run, int copy)
{
    lw_kernel *k = body->kernel;
    int lanes = k->lanes;
    bool share = lanes == 1 || same_column(&run[0].column, &run[lanes - 1].column);
    for (int i = 0; i < lanes; i++)
        assert(share ? same_column(&run[i].column, &run[0].column)
                     : run[i].column.crd_disp == run[0].column.crd_disp + i);
    ir_op *values = lw_load_compute(k, lanes, run[0].values, run[0].value_index, run[0].value_disp, NULL);
    ir_op *shared = share ? column_element(body, &run[0].column) : NULL;
    gathering g = share ? (gathering){0} : start_gathering(body, run, NULL);
    for (int slot = 0; slot < body->source.slots; slot++) {
        ir_op *x = share ? broadcast(body, shared, slot) : gathered(body, &g, slot);
        accumulate(k, *rows_accumulator(body, run, slot, copy), values, x);
    }
}

/* ---- lanes=rows, windows: activations looked up in registers ---- */

enum { MAX_TABLES = 4 };

/* The activations of a window, for every slot. */
typedef struct window_tables {
    const ir_op *first; /* its first column; NULL: none loaded */
    int count;          /* vectors of a window */
    ir_op *vectors[LW_MAX_ACCUMULATORS][MAX_TABLES];
} window_tables;

const char *lw_refuses_windows(const lw_kernel *k)
{
    int columns = lw_window_columns(k->storage), tables = columns / k->lanes;
    if (columns % k->lanes || tables > MAX_TABLES || (tables & (tables - 1)))
        return "store: windows must be one, two or four vectors wide";
    if (!ir_target_has_op(k->target, IR_OP_permute, k->vector))
        return "store: windows need a look-up instruction, which this CPU lacks at this width";
    return NULL;
}

static void load_tables(lw_body *body, const ir_op *first, window_tables *t)
{
    lw_kernel *k = body->kernel;
    const lw_source *s = &body->source;
    t->first = first;
    t->count = lw_window_columns(k->storage) / k->lanes;
    for (int slot = 0; slot < s->slots; slot++) {
        ir_op *element = s->slot[slot] ? lw_add(&k->b, (ir_op *)first, s->slot[slot]) : (ir_op *)first;
        for (int i = 0; i < t->count; i++)
            t->vectors[slot][i] = lw_load_compute(k, k->lanes, s->buffer, element, (int64_t)i * k->lanes, NULL);
    }
}

/* Where the bit of the index is set: taken to the sign, which is what blends go by. */
static ir_op *has_bit(lw_kernel *k, ir_op *index, int bit)
{
    int place = __builtin_ctz((unsigned)bit);
    ir_op *sign = ir_build2(&k->b, IR_OP_shl, NULL, index, ir_const_int(&k->b, index->type, 31 - place));
    return ir_build2(&k->b, IR_OP_lt, ir_vector(k->module, IR_BOOL, k->lanes), sign, ir_const_int(&k->b, index->type, 0));
}

/* Element index[lane] of 1, 2 or 4 vectors; more significant bits of it do not count. */
static ir_op *look_up(lw_kernel *k, ir_op *const *tables, int count, ir_op *index)
{
    if (count == 1)
        return ir_build2(&k->b, IR_OP_permute, NULL, tables[0], index);
    if (count == 2 && ir_target_has_op(k->target, IR_OP_permute2, k->vector))
        return ir_build3(&k->b, IR_OP_permute2, NULL, tables[0], tables[1], index);
    ir_op *low = look_up(k, tables, count / 2, index), *high = look_up(k, tables + count / 2, count / 2, index);
    return ir_build3(&k->b, IR_OP_select, k->vector, has_bit(k, index, count / 2 * k->lanes), high, low);
}

static void window_run(lw_body *body, const lw_leaf *run, int copy, window_tables *tables)
{
    lw_kernel *k = body->kernel;
    lw_column place = run[0].column;
    if (place.base != tables->first)
        load_tables(body, place.base, tables);
    place.base = NULL;
    ir_op *values = lw_load_compute(k, k->lanes, run[0].values, run[0].value_index, run[0].value_disp, NULL);
    ir_op *index = lw_column_vector(k, &place, k->lanes, NULL);
    for (int slot = 0; slot < body->source.slots; slot++)
        accumulate(k, *rows_accumulator(body, run, slot, copy), values,
                   look_up(k, tables->vectors[slot], tables->count, index));
}

void lw_body_rows(void *ctx, const lw_leaf *leaves, int count, ir_op *active)
{
    lw_body *body = ctx;
    int lanes = body->kernel->lanes;
    window_tables tables = {.first = NULL};
    assert(!active && count % lanes == 0);
    (void)active;
    for (int i = 0; i < count; i += lanes) {
        int copy = i / lanes / body->row_units % body->copies;
        for (int lane = 0; lane < lanes; lane++)
            assert(leaves[i + lane].row == leaves[i].row + lane && leaves[i + lane].value_disp == leaves[i].value_disp + lane);
        if (lw_window_columns(body->kernel->storage))
            window_run(body, leaves + i, copy, &tables);
        else
            rows_run(body, leaves + i, copy);
    }
}

/* ---- lanes=k ---- */

/* The activations of a block's columns, for each of its rows in the vector. */
static ir_op *repeated_columns(lw_kernel *k, const lw_source *s, ir_op *element, int rows)
{
    int64_t lanes[LW_MAX_RUN_LANES];
    int columns = k->lanes / rows;
    for (int i = 0; i < k->lanes; i++)
        lanes[i] = i % columns;
    return shuffled(k, lw_load_compute(k, columns, s->buffer, element, 0, NULL), lanes);
}

/* Leaves of one row, or of some rows of a block, consecutive in memory, `lanes` at a time. */
static void k_run(lw_body *body, const lw_leaf *run, int copy, ir_op *mask)
{
    lw_kernel *k = body->kernel;
    const lw_source *s = &body->source;
    ir_op *values = lw_load_compute(k, k->lanes, run[0].values, run[0].value_index, run[0].value_disp, mask);
    bool gathers = run[0].column.level >= 0 && !same_column(&run[0].column, &run[1].column) &&
                    run[0].column.crd_disp != run[1].column.crd_disp;
    gathering g = gathers ? start_gathering(body, run, mask) : (gathering){0};
    ir_op *first = gathers ? NULL : column_element(body, &run[0].column);
    int unit = body->folded ? run[0].row / body->folded : run[0].row;
    for (int slot = 0; slot < s->slots; slot++) {
        ir_op *element = gathers ? NULL : s->slot[slot] ? lw_add(&k->b, first, s->slot[slot]) : first;
        ir_op *x = gathers ? gathered(body, &g, slot)
                   : body->folded ? repeated_columns(k, s, element, body->folded)
                                  : lw_load_compute(k, k->lanes, s->buffer, element, 0, mask);
        accumulate(k, body->accumulators[(unit * s->slots + slot) * body->copies + copy], values, x);
    }
}

void lw_body_k(void *ctx, const lw_leaf *leaves, int count, ir_op *active)
{
    lw_body *body = ctx;
    lw_kernel *k = body->kernel;
    int row_start = 0; /* leaves of a row stand together; each row is `active` long */
    assert(count % k->lanes == 0);
    for (int i = 0; i < count; i += k->lanes) {
        ir_op *mask = NULL;
        if (leaves[i].row != leaves[row_start].row)
            row_start = i;
        if (active)
            mask = lw_tailmask(&k->b, lw_addi(&k->b, active, row_start - i), k->lanes);
        for (int lane = 0; lane < k->lanes && body->folded; lane++)
            assert(leaves[i + lane].value_disp == leaves[i].value_disp + lane &&
                   leaves[i + lane].row == leaves[i].row + lane / (k->lanes / body->folded));
        k_run(body, leaves + i, body->folded ? i / k->lanes / body->row_units % body->copies : 0, mask);
    }
}
