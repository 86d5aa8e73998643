/* iterate: the levels of a storage become loops around static bundles of leaves.
 *
 * One function per level kind, in a table made from runtime/levels.def. A walk carries a set of cursors: positions at
 * the level above, one per leaf so far. A level either widens the set (a static level: rows of a group, columns of a
 * block, slots of an N:M group) or opens a loop over its children and steps through it `unroll` at a time (the one
 * dynamic level below the row group: coordinates that occur, slots, column groups). */
#include "passes/lower/lower.h"
#include "runtime/zip.h"

#include <assert.h>
#include <stdio.h>

enum { MAX_CURSORS = 1024 };

typedef struct cursor {
    ir_op *base; /* position = base + disp */
    int64_t disp;
    int row;
    lw_column column;
} cursor;

typedef struct cursor_set {
    int count;
    cursor *at;
} cursor_set;

typedef struct walk_state {
    const lw_walk *walk;
    const rt_storage *storage;
    ir_op *active; /* children that count in the dynamic level's masked remainder */
    const rt_zip_class *class; /* below a zipped level: which rows share columns; NULL: none is known to */
} walk_state;

static void walk_level(walk_state *, int level, const cursor_set *);

static ir_builder *builder(const walk_state *s)
{
    return &s->walk->kernel->b;
}

static cursor_set new_set(const walk_state *s, int count)
{
    assert(count <= MAX_CURSORS);
    return (cursor_set){count, IR_ARRAY(ir_ops_arena(s->walk->kernel->module), cursor, count)};
}

/* A coordinate c of this level adds c * div to the row or column. */
static void add_coordinate(cursor *c, const rt_level *level, int64_t coordinate)
{
    if (level->axis == RT_ROW)
        c->row += (int)(coordinate * level->div);
    else if (level->axis == RT_COL)
        c->column.offset += coordinate * level->div;
}

/* A dense level of columns is a loop directly below the row group, and where a block is too wide to unroll. Lanes along
 * the block take more of it at a time. */
enum { MAX_BLOCK_LANES = 64 };

static bool is_wide(const rt_storage *storage, int number, bool along_block)
{
    const rt_level *level = &storage->levels[number];
    return number < storage->nlevels && level->kind == RT_LEVEL_dense && level->axis == RT_COL &&
           level->size > (along_block ? MAX_BLOCK_LANES : LW_MAX_UNROLLED_COLUMNS);
}

/* Rows of a group, columns of a block, slots of a group: every cursor becomes as many as there are coordinates. */
static void iterate_static_dense(walk_state *s, int number, const cursor_set *in)
{
    const rt_level *level = &s->storage->levels[number];
    cursor_set out = new_set(s, in->count * (int)level->size);
    for (int i = 0, n = 0; i < in->count; i++) {
        ir_op *base = lw_muli(builder(s), in->at[i].base, level->size);
        for (int64_t c = 0; c < level->size; c++, n++) {
            out.at[n] = in->at[i];
            out.at[n].base = base;
            out.at[n].disp = in->at[i].disp * level->size + c;
            add_coordinate(&out.at[n], level, c);
        }
    }
    walk_level(s, number + 1, &out);
}

/* One trip of a loop over children: `steps` of them from `child` on. */
typedef struct trip {
    ir_op *child;
    ir_op *coordinate; /* of the first child; NULL: stored */
    ir_op *stored_at;  /* where its coordinate is stored */
    int steps;
} trip;

static void dynamic_trip(walk_state *s, int number, const cursor *parent, const trip *t)
{
    const rt_level *level = &s->storage->levels[number];
    bool stores = rt_level_of(level->kind)->has_crd;
    cursor_set out = new_set(s, t->steps);
    for (int u = 0; u < t->steps; u++) {
        cursor *c = &out.at[u];
        *c = *parent;
        c->base = t->child;
        c->disp = u;
        if (t->coordinate) {
            c->column.base = c->column.base ? lw_add(builder(s), c->column.base, t->coordinate) : t->coordinate;
            add_coordinate(c, level, u);
        } else if (stores) {
            c->column.level = number;
            c->column.crd_index = t->stored_at;
            c->column.crd_disp = u;
        }
    }
    walk_level(s, number + 1, &out);
}

/* The children of one parent, for the loop over them: v in [lo, hi), child = base + v. */
typedef struct child_range {
    ir_op *base; /* NULL: 0 */
    ir_op *lo, *hi;
    ir_op *first; /* coordinate of v = 0; NULL: coordinates are stored */
    bool listed;  /* stored by v, not by child */
    bool exact;   /* hi - lo is known to be a multiple of the walk's unroll */
} child_range;

/* Steps through the range by unroll, then through the rest, singly or as one masked bundle. */
static void dynamic_loop(walk_state *s, int number, const cursor *parent, const child_range *range)
{
    const rt_level *level = &s->storage->levels[number];
    ir_builder *b = builder(s);
    bool nested = is_wide(s->storage, number + 1, s->walk->along_block); /* then the loop inside is the one to unroll */
    int unroll = nested ? 1 : s->walk->unroll;
    bool exact = nested || range->exact;
    ir_op *count = lw_sub(b, range->hi, range->lo);
    ir_op *main_end = exact ? range->hi : lw_add(b, range->lo, lw_muli(b, lw_divi(b, count, unroll), unroll));
    for (int rest = 0; rest < (exact ? 1 : 2); rest++) {
        bool masked = rest && s->walk->masked_tail;
        int steps = rest && !masked ? 1 : unroll;
        lw_scope loop = lw_for(b, rest ? main_end : range->lo, rest ? range->hi : main_end, lw_imm(b, steps));
        trip t = {range->base ? lw_add(b, range->base, loop.op) : loop.op, NULL, NULL, steps};
        if (range->first)
            t.coordinate = lw_add(b, range->first, lw_muli(b, loop.op, level->div));
        else
            t.stored_at = range->listed ? loop.op : t.child;
        s->active = masked ? lw_sub(b, range->hi, loop.op) : NULL;
        dynamic_trip(s, number, parent, &t);
        s->active = NULL;
        lw_end(b, &loop);
    }
}

/* Columns directly below the row group are the loop; rows, block columns and slots are unrolled. */
static void iterate_dense(walk_state *s, int number, const cursor_set *in)
{
    const rt_level *level = &s->storage->levels[number];
    bool inner = number == lw_inner_level(s->storage) && level->axis == RT_COL;
    if (!inner && !(is_wide(s->storage, number, s->walk->along_block) && in->count == 1 && in->at[0].disp == 0)) {
        iterate_static_dense(s, number, in);
        return;
    }
    assert(in->count == 1 && in->at[0].disp == 0);
    ir_builder *b = builder(s);
    child_range range = {.base = lw_muli(b, in->at[0].base, level->size), .lo = lw_imm(b, 0), .hi = lw_imm(b, level->size),
                         .first = lw_imm(b, 0), .exact = level->size % s->walk->unroll == 0};
    if (inner && s->walk->columns) {
        int64_t last = s->storage->cols % s->storage->request.ktile;
        range.hi = lw_ceildivi(b, s->walk->columns, level->div);
        range.exact &= (last + level->div - 1) / level->div % s->walk->unroll == 0;
    }
    dynamic_loop(s, number, &in->at[0], &range);
}

/* pos[index + disp], as an index. */
static ir_op *load_pos_at(walk_state *s, int number, ir_op *index, int64_t disp)
{
    const rt_level *level = &s->storage->levels[number];
    ir_builder *b = builder(s);
    char name[16];
    snprintf(name, sizeof name, "pos%d", number);
    const ir_type *type = ir_scalar(b->module, level->pos_bits == 64 ? IR_I64 : IR_U32);
    return lw_cast(b, lw_load(b, type, lw_array(s->walk->kernel, name), index, disp, NULL), IR_INDEX);
}

/* pos[parent] or pos[parent + 1]. */
static ir_op *load_pos(walk_state *s, int number, const cursor *parent, int64_t next)
{
    return load_pos_at(s, number, parent->base, parent->disp + next);
}

static void iterate_range(walk_state *s, int number, const cursor_set *in)
{
    assert(in->count == 1);
    int64_t pad = s->storage->request.pad;
    int unroll = s->walk->unroll;
    bool padded = s->storage->levels[number].kind == RT_LEVEL_slots && pad > 0 && pad % unroll == 0;
    child_range range = {.lo = load_pos(s, number, &in->at[0], 0), .hi = load_pos(s, number, &in->at[0], 1),
                         .exact = unroll == 1 || (padded && lw_padding_is_complete(s->storage))};
    dynamic_loop(s, number, &in->at[0], &range);
}

static void iterate_compressed(walk_state *s, int number, const cursor_set *in)
{
    iterate_range(s, number, in);
}

static void iterate_slots(walk_state *s, int number, const cursor_set *in)
{
    iterate_range(s, number, in);
}

/* One loop for each class; one for all of them where sharing is of no use. */
static void iterate_zipped(walk_state *s, int number, const cursor_set *in)
{
    assert(in->count == 1 && in->at[0].disp == 0);
    const rt_zip_classes *classes = rt_zip_classes_of(lw_group_rows(s->storage));
    int parts = s->walk->shares ? classes->count : 1;
    ir_op *first = lw_muli(builder(s), in->at[0].base, classes->count);
    for (int part = 0; part < parts; part++) {
        int end = s->walk->shares ? part + 1 : classes->count;
        child_range range = {.lo = load_pos_at(s, number, first, part), .hi = load_pos_at(s, number, first, end),
                             .exact = s->walk->unroll == 1};
        s->class = s->walk->shares ? &classes->at[part] : NULL;
        dynamic_loop(s, number, &in->at[0], &range);
    }
    s->class = NULL;
}

static void iterate_listed(walk_state *s, int number, const cursor_set *in)
{
    ir_builder *b = builder(s);
    assert(in->count == 1 && in->at[0].disp == 0);
    cursor root = {.base = lw_imm(b, 0)};
    ir_op *count = load_pos(s, number, &root, 1);
    child_range range = {.base = lw_mul(b, in->at[0].base, count), .lo = lw_imm(b, 0), .hi = count, .listed = true,
                         .exact = s->walk->unroll == 1};
    dynamic_loop(s, number, &in->at[0], &range);
}

/* The parent position is the row: bands stand directly below rows that are neither grouped nor tiled. Diagonals that
 * begin or end outside the matrix are cut to what lies inside. */
static void iterate_offset(walk_state *s, int number, const cursor_set *in)
{
    ir_builder *b = builder(s);
    const rt_level *level = &s->storage->levels[number];
    assert(in->count == 1 && in->at[0].disp == 0 && number == 1);
    ir_op *row = in->at[0].base, *first = lw_addi(b, row, level->shift), *zero = lw_imm(b, 0);
    ir_op *end = lw_min(b, lw_imm(b, level->size), lw_sub(b, lw_imm(b, s->storage->cols), first));
    child_range range = {.base = lw_muli(b, row, level->size), .lo = lw_max(b, zero, lw_sub(b, zero, first)),
                         .hi = end, .first = first, .exact = s->walk->unroll == 1};
    dynamic_loop(s, number, &in->at[0], &range);
}

/* The slots of some windows from `first` on. Coordinates below count from each window's first column. */
static void window_trip(walk_state *s, int number, const cursor *parent, ir_op *first, int windows)
{
    const rt_level *level = &s->storage->levels[number];
    ir_builder *b = builder(s);
    int slots = (int)level->size;
    cursor_set out = new_set(s, windows * slots);
    ir_op *base = lw_muli(b, first, slots);
    for (int u = 0; u < windows; u++) {
        lw_column start = {NULL, 0, number, first, u};
        ir_op *column = lw_column_value(s->walk->kernel, &start);
        for (int slot = 0; slot < slots; slot++) {
            cursor *c = &out.at[u * slots + slot];
            *c = *parent;
            c->base = base;
            c->disp = u * slots + slot;
            c->column.base = column;
        }
    }
    walk_level(s, number + 1, &out);
}

static void iterate_window(walk_state *s, int number, const cursor_set *in)
{
    ir_builder *b = builder(s);
    assert(in->count == 1);
    int unroll = s->walk->unroll;
    ir_op *lo = load_pos(s, number, &in->at[0], 0), *hi = load_pos(s, number, &in->at[0], 1);
    ir_op *main_end = lw_add(b, lo, lw_muli(b, lw_divi(b, lw_sub(b, hi, lo), unroll), unroll));
    for (int rest = 0; rest < (unroll > 1 ? 2 : 1); rest++) {
        int windows = rest ? 1 : unroll;
        lw_scope loop = lw_for(b, rest ? main_end : lo, rest || unroll == 1 ? hi : main_end, lw_imm(b, windows));
        window_trip(s, number, &in->at[0], loop.op, windows);
        lw_end(b, &loop);
    }
}

static void iterate_singleton(walk_state *s, int number, const cursor_set *in)
{
    cursor_set out = new_set(s, in->count);
    for (int i = 0; i < in->count; i++) {
        out.at[i] = in->at[i];
        out.at[i].column.level = number;
        out.at[i].column.crd_index = in->at[i].base;
        out.at[i].column.crd_disp = in->at[i].disp;
        if (s->class) /* rows are innermost */
            out.at[i].column.crd_disp += s->class->first[in->at[i].row] - in->at[i].row;
    }
    walk_level(s, number + 1, &out);
}

typedef void iterate_fn(walk_state *, int level, const cursor_set *);
static iterate_fn *const iterate_table[RT_LEVEL_COUNT] = {
#define LEVEL(name, has_pos, has_crd, doc) [RT_LEVEL_##name] = iterate_##name,
#include "runtime/levels.def"
#undef LEVEL
};

static void emit_bundle(walk_state *s, const cursor_set *in)
{
    const lw_walk *walk = s->walk;
    lw_leaf *leaves = IR_ARRAY(ir_ops_arena(walk->kernel->module), lw_leaf, in->count);
    for (int i = 0; i < in->count; i++)
        leaves[i] = (lw_leaf){in->at[i].row, lw_array(walk->kernel, "values"), in->at[i].base, in->at[i].disp,
                              in->at[i].column};
    walk->bundle(walk->ctx, leaves, in->count, s->active);
}

static void walk_level(walk_state *s, int level, const cursor_set *in)
{
    if (level == s->storage->nlevels)
        emit_bundle(s, in);
    else
        iterate_table[s->storage->levels[level].kind](s, level, in);
}

void lw_iterate(const lw_walk *walk, ir_op *position)
{
    walk_state state = {walk, walk->kernel->storage, NULL, NULL};
    cursor root = {position, 0, 0, {NULL, 0, -1, NULL, 0}};
    cursor_set set = {1, &root};
    walk_level(&state, lw_inner_level(walk->kernel->storage), &set);
}

void lw_iterate_in_place(const lw_walk *walk, ir_op *const *row_index, int rows, ir_op *depth)
{
    lw_kernel *k = walk->kernel;
    ir_builder *b = &k->b;
    int unroll = walk->unroll;
    ir_op *main_end = lw_muli(b, lw_divi(b, depth, unroll), unroll);
    ir_op *values = k->arg_buffers[k->region->contraction.a_arg];
    ir_op *stride = lw_extent(b, &k->dims, k->region->contraction.a_col);
    for (int rest = 0; rest < (unroll > 1 ? 2 : 1); rest++) {
        bool masked = rest && walk->masked_tail;
        int steps = rest && !masked ? 1 : unroll, count = 0;
        lw_scope loop = lw_for(b, rest ? main_end : lw_imm(b, 0), rest || unroll == 1 ? depth : main_end, lw_imm(b, steps));
        lw_leaf *leaves = IR_ARRAY(ir_ops_arena(k->module), lw_leaf, rows * steps);
        for (int r = 0; r < rows; r++)
            for (int u = 0; u < steps; u++) {
                int64_t unit;
                bool contiguous = lw_is_imm(stride, &unit) && unit == 1;
                ir_op *at = lw_mul(b, contiguous ? loop.op : lw_addi(b, loop.op, u), stride);
                leaves[count++] = (lw_leaf){r, values, lw_add(b, row_index[r], at), contiguous ? u : 0,
                                            {loop.op, u, -1, NULL, 0}};
            }
        walk->bundle(walk->ctx, leaves, count, masked ? lw_sub(b, depth, loop.op) : NULL);
        lw_end(b, &loop);
    }
}

int lw_inner_level(const rt_storage *storage)
{
    return storage->request.ktile ? 2 : 1;
}

bool lw_bundle_fits(const rt_storage *storage, int unroll, bool along_block)
{
    int64_t leaves = unroll;
    int inner = lw_inner_level(storage);
    for (int i = inner; i < storage->nlevels && leaves <= MAX_CURSORS; i++) {
        const rt_level *level = &storage->levels[i];
        bool loops = (i == inner && level->axis == RT_COL) || (i == inner + 1 && is_wide(storage, i, along_block));
        if (level->kind == RT_LEVEL_dense && !loops)
            leaves *= level->size;
        if (level->kind == RT_LEVEL_window)
            leaves *= level->size;
    }
    return leaves <= MAX_CURSORS;
}

bool lw_rows_are_innermost(const rt_storage *storage)
{
    int i = storage->nlevels - 1;
    while (i > lw_inner_level(storage) && storage->levels[i].kind == RT_LEVEL_singleton)
        i--;
    return i >= lw_inner_level(storage) && storage->levels[i].axis == RT_ROW && storage->levels[i].kind == RT_LEVEL_dense;
}

int lw_window_columns(const rt_storage *storage)
{
    const rt_level *level = &storage->levels[lw_inner_level(storage)];
    return level->kind == RT_LEVEL_window ? (int)level->shift : 0;
}

int lw_window_slots(const rt_storage *storage)
{
    const rt_level *level = &storage->levels[lw_inner_level(storage)];
    return level->kind == RT_LEVEL_window ? (int)level->size : 1;
}

lw_row_kind lw_row_layout(const rt_storage *storage, int *columns)
{
    int inner = lw_inner_level(storage), end = storage->nlevels - 1;
    while (end > inner && storage->levels[end].kind == RT_LEVEL_dense && storage->levels[end].size == 1)
        end--;
    const rt_level *last = &storage->levels[end];
    if (lw_group_rows(storage) == 1 && end == inner && last->axis == RT_COL) {
        if (last->kind == RT_LEVEL_dense || last->kind == RT_LEVEL_offset)
            return LW_ROW_DENSE;
        if (last->kind == RT_LEVEL_compressed && last->div == 1)
            return LW_ROW_GATHERED;
    }
    if (end > inner && last->kind == RT_LEVEL_dense && last->axis == RT_COL && !is_wide(storage, end, true)) {
        *columns = (int)last->size;
        return LW_ROW_BLOCKS;
    }
    return LW_ROW_OTHER;
}

int lw_folded_rows(const rt_storage *storage, int lanes)
{
    int columns = 0, group = lw_group_rows(storage), end = storage->nlevels - 1;
    if (lw_row_layout(storage, &columns) != LW_ROW_BLOCKS || columns >= lanes || lanes % columns)
        return 0;
    const rt_level *rows = &storage->levels[end - 1];
    bool adjacent = end - 1 > lw_inner_level(storage) && rows->axis == RT_ROW && rows->size == group &&
                    storage->levels[end].size == columns;
    return adjacent && group % (lanes / columns) == 0 ? lanes / columns : 0;
}

bool lw_padding_is_complete(const rt_storage *storage)
{
    int64_t width = storage->request.ktile ? storage->request.ktile : storage->cols;
    return width % storage->request.pad == 0 && storage->cols % width % storage->request.pad == 0;
}

int64_t lw_columns_reached(const rt_storage *storage)
{
    int64_t unit = 1;
    for (int i = lw_inner_level(storage); i < storage->nlevels; i++)
        if (storage->levels[i].axis == RT_COL && storage->levels[i].div > unit)
            unit = storage->levels[i].div;
    return (storage->cols + unit - 1) / unit * unit + lw_window_columns(storage);
}

int lw_group_rows(const rt_storage *storage)
{
    return (int)storage->levels[lw_inner_level(storage) - 1].div;
}

int64_t lw_group_count(const rt_storage *storage)
{
    return storage->levels[lw_inner_level(storage) - 1].size;
}

int64_t lw_ktile_count(const rt_storage *storage)
{
    return storage->request.ktile ? storage->levels[0].size : 1;
}

/* ---- coordinates as values ---- */

static ir_dtype crd_dtype(int bits)
{
    return bits <= 8 ? IR_U8 : bits == 16 ? IR_U16 : IR_U32;
}

static ir_op *crd_buffer(const lw_kernel *k, int level)
{
    char name[16];
    snprintf(name, sizeof name, "crd%d", level);
    return lw_array(k, name);
}

/* Coordinates below a byte: 8 / bits of them to a byte, low bits first. */
static ir_op *load_packed_crd(lw_kernel *k, const lw_column *c, int bits)
{
    ir_builder *b = &k->b;
    int per_byte = 8 / bits;
    ir_op *index = lw_addi(b, c->crd_index, c->crd_disp);
    ir_op *byte = lw_load(b, ir_scalar(k->module, IR_U8), crd_buffer(k, c->level), lw_divi(b, index, per_byte), 0, NULL);
    ir_op *shift = lw_muli(b, lw_rem(b, index, lw_imm(b, per_byte)), bits);
    ir_op *word = ir_build2(b, IR_OP_shr, NULL, lw_cast(b, byte, IR_INDEX), shift);
    return ir_build2(b, IR_OP_and, word->type, word, lw_imm(b, (1 << bits) - 1));
}

/* What the crd array holds is in units of the level's div. */
static int64_t crd_unit(const rt_storage *storage, int level)
{
    return storage->levels[level].div;
}

ir_op *lw_column_value(lw_kernel *k, const lw_column *c)
{
    ir_builder *b = &k->b;
    ir_op *value = lw_imm(b, 0);
    if (c->level >= 0) {
        int bits = k->storage->levels[c->level].crd_bits;
        ir_op *crd;
        if (bits < 8)
            crd = load_packed_crd(k, c, bits);
        else
            crd = lw_cast(b, lw_load(b, ir_scalar(k->module, crd_dtype(bits)), crd_buffer(k, c->level), c->crd_index,
                                     c->crd_disp, NULL), IR_INDEX);
        value = lw_muli(b, crd, crd_unit(k->storage, c->level));
    }
    if (c->base)
        value = lw_add(b, value, c->base);
    return lw_addi(b, value, c->offset);
}

ir_op *lw_column_vector(lw_kernel *k, const lw_column *c, int lanes, ir_op *mask)
{
    ir_builder *b = &k->b;
    const ir_type *vector = ir_vector(k->module, IR_I32, lanes);
    assert(c->level >= 0);
    int bits = k->storage->levels[c->level].crd_bits;
    ir_op *crd;
    if (bits < 8) {
        crd = ir_const_int(b, vector, 0);
        for (int i = 0; i < lanes; i++) {
            lw_column lane = *c;
            lane.crd_disp += i;
            ir_op *value = lw_cast(b, load_packed_crd(k, &lane, bits), IR_I32);
            crd = ir_build2(b, IR_OP_insert, NULL, crd, value);
            ir_set_int(k->module, crd, "lane", i);
        }
    } else {
        const ir_type *type = ir_vector(k->module, crd_dtype(bits), lanes);
        crd = lw_cast(b, lw_load(b, type, crd_buffer(k, c->level), c->crd_index, c->crd_disp, mask), IR_I32);
    }
    if (crd_unit(k->storage, c->level) > 1)
        crd = ir_build2(b, IR_OP_mul, vector, crd, ir_const_int(b, vector, crd_unit(k->storage, c->level)));
    ir_op *rest = lw_addi(b, c->base ? c->base : lw_imm(b, 0), c->offset);
    int64_t constant;
    if (lw_is_imm(rest, &constant) && constant == 0)
        return crd;
    return ir_build2(b, IR_OP_add, vector, crd, lw_splat(b, lw_cast(b, rest, IR_I32), lanes));
}
