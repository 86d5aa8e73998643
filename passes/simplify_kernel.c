/* simplify_kernel: one sweep over each kernel and entry that folds index constants, merges equal pure ops and moves
 * arithmetic that does not change out of loops and branches; then dead ops are dropped. Loads merge only where their
 * buffer is never stored to, and never move: a loop may have no trip, an address may be valid in its branch only; for
 * the same reason divisions stay. The order of stores and of the additions to any one value is kept. */
#include "passes/kernel.h"

#include <assert.h>

enum { MAX_DEPTH = 64, BUCKETS = 512 };

/* A value that may be merged with, visible until its block is left. */
typedef struct known {
    ir_op *op;
    size_t bucket;
    struct known *chain; /* same bucket, older */
    struct known *older; /* same block, older */
} known;

typedef struct simplifier {
    ir_arena *arena; /* of this and of what is known; gone behind the sweep */
    int depth;
    ir_block *blocks[MAX_DEPTH]; /* the new blocks from the function's own inwards */
    ir_op *holders[MAX_DEPTH];   /* the op whose body each one is */
    known *newest[MAX_DEPTH];
    known *table[BUCKETS];
} simplifier;

static simplifier *state(kernel_sweep *s)
{
    return s->ctx;
}

static void enter(kernel_sweep *s, ir_op *holder)
{
    simplifier *z = state(s);
    assert(z->depth < MAX_DEPTH);
    if (holder)
        holder->id = z->depth; /* a loop's value lives in its body */
    z->blocks[z->depth] = s->b.block;
    z->holders[z->depth] = holder;
    z->newest[z->depth++] = NULL;
}

static void leave(kernel_sweep *s)
{
    simplifier *z = state(s);
    for (known *k = z->newest[--z->depth]; k; k = k->older)
        z->table[k->bucket] = k->chain;
}

/* ---- merging ---- */

static void remember(kernel_sweep *s, ir_op *op, int depth)
{
    simplifier *z = state(s);
    known *k = IR_NEW(state(s)->arena, known);
    size_t bucket = ir_op_hash(op) % BUCKETS;
    *k = (known){op, bucket, z->table[bucket], z->newest[depth]};
    /* Chains are unwound block by block: an older block's value goes below the newer ones. */
    known **place = &z->table[bucket];
    while (*place && (*place)->op->id > depth)
        place = &(*place)->chain;
    k->chain = *place;
    *place = k;
    z->newest[depth] = k;
}

static const ir_op *root_buffer(const ir_op *buffer)
{
    while (buffer->code == IR_OP_subbuffer)
        buffer = buffer->args[0];
    return buffer;
}

/* Old params that are stored to carry a mark in their id (set before the sweep). */
enum { STORED = -2 };

static void mark_stored(const ir_block *block)
{
    for (ir_op *op = block->first; op; op = op->next) {
        if (op->code == IR_OP_store)
            ((ir_op *)root_buffer(op->args[1]))->id = STORED;
        mark_stored(&op->body);
        mark_stored(&op->body2);
    }
}

static bool is_mergeable(const ir_op *old)
{
    if (!(ir_info(old->code)->flags & IR_PURE) || old->name || old->code == IR_OP_get || old->code == IR_OP_opaque)
        return false;
    if (old->code == IR_OP_load || old->code == IR_OP_gather)
        return root_buffer(old->args[0])->id != STORED;
    return true;
}

static bool is_movable(const ir_op *old)
{
    return old->code != IR_OP_load && old->code != IR_OP_gather && old->code != IR_OP_div && old->code != IR_OP_rem;
}

/* ---- folding ---- */

static bool constant_index(const ir_op *op, int64_t *value)
{
    if (op->code != IR_OP_const || op->type->kind != IR_SCALAR || op->type->dtype != IR_INDEX)
        return false;
    *value = ir_get_int(op, "value", 0);
    return true;
}

static bool fold_pair(ir_opcode code, int64_t x, int64_t y, int64_t *out)
{
    switch (code) {
    case IR_OP_add: return !__builtin_add_overflow(x, y, out);
    case IR_OP_sub: return !__builtin_sub_overflow(x, y, out);
    case IR_OP_mul: return !__builtin_mul_overflow(x, y, out);
    case IR_OP_div: return y > 0 ? (*out = x / y, true) : false;
    case IR_OP_rem: return y > 0 ? (*out = x % y, true) : false;
    case IR_OP_min: return *out = x < y ? x : y, true;
    case IR_OP_max: return *out = x > y ? x : y, true;
    default: return false;
    }
}

static ir_op *fold(kernel_sweep *s, const ir_op *op, ir_op *const *args)
{
    int64_t x = 0, y = 0, value;
    if (op->nargs != 2 || op->type->kind != IR_SCALAR || op->type->dtype != IR_INDEX || op->code == IR_OP_load)
        return NULL;
    bool cx = constant_index(args[0], &x), cy = constant_index(args[1], &y);
    if (cx && cy && fold_pair(op->code, x, y, &value))
        return ir_index(&s->b, value);
    if (cy && ((y == 0 && (op->code == IR_OP_add || op->code == IR_OP_sub)) ||
               (y == 1 && (op->code == IR_OP_mul || op->code == IR_OP_div))))
        return args[0];
    if (cx && ((x == 0 && op->code == IR_OP_add) || (x == 1 && op->code == IR_OP_mul)))
        return args[1];
    return NULL;
}

/* ---- placing ---- */

/* How deep a new value lives: its id holds it during the sweep (ir_number restores ids afterwards). */
static int depth_of_args(ir_op *const *args, int count)
{
    int depth = 0;
    for (int i = 0; i < count; i++)
        if (args[i]->id > depth)
            depth = args[i]->id;
    return depth;
}

static void move_before(ir_block *block, ir_op *place, ir_op *op)
{
    op->prev = place->prev;
    op->next = place;
    if (place->prev)
        place->prev->next = op;
    else
        block->first = op;
    place->prev = op;
}

/* The op of this shape that is already there; else op itself, put into the outermost block that has its arguments. */
static ir_op *place_or_merge(kernel_sweep *s, ir_op *op, bool movable)
{
    simplifier *z = state(s);
    int here = z->depth - 1;
    for (const known *k = z->table[ir_op_hash(op) % BUCKETS]; k; k = k->chain)
        if (ir_op_same(k->op, op))
            return k->op;
    int depth = movable ? depth_of_args(op->args, op->nargs) : here;
    if (depth < here)
        move_before(z->blocks[depth], z->holders[depth + 1], op);
    else
        ir_append(s->b.block, op);
    op->id = depth;
    remember(s, op, depth);
    return op;
}

static ir_op *rewrite(kernel_sweep *s, const ir_op *old, ir_op *const *args)
{
    ir_op *folded = fold(s, old, args);
    if (folded && folded->code != IR_OP_const)
        return folded;
    if (!folded && (old->body.first || old->body2.first))
        return NULL;
    ir_op *op = folded ? folded : ir_clone(&s->b, old, args);
    if (!folded && !is_mergeable(old)) {
        op->id = state(s)->depth - 1;
        return op;
    }
    ir_unlink(s->b.block, op);
    return place_or_merge(s, op, folded || is_movable(old));
}

static void simplify(ir_module *m, ir_func *f)
{
    ir_arena *arena = ir_arena_within(m->arena);
    simplifier *z = IR_NEW(arena, simplifier);
    z->arena = arena;
    kernel_sweep sweep = {.module = m, .rewrite = rewrite, .enter = enter, .leave = leave, .ctx = z};
    ir_number(f);
    mark_stored(&f->body);
    kernel_rebuild(&sweep, f);
    kernel_drop_unused(f);
    ir_arena_drop(arena);
}

spc_status pass_simplify_kernel(ir_module *m, pass_context *context)
{
    (void)context;
    for (ir_func *f = m->funcs; f; f = f->next)
        if (f->form == IR_KERNEL || f->form == IR_ENTRY)
            simplify(m, f);
    return SPC_OK;
}
