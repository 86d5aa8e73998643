/* arena: bump allocation in growing blocks, with a jump where memory or the limit runs out.
 *
 * Blocks double in size up to a cap, so that small modules stay small and large ones make few system calls. Close to
 * the limit a block is cut to what is asked for, so that the limit can be used to the last bytes. */
#include "ir/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A test sets 1: then every allocation is one of the system's, and can fail on its own. */
#ifndef IR_ARENA_LARGEST_BLOCK
#define IR_ARENA_LARGEST_BLOCK (1 << 20)
#endif

/* Of arenas within others, of which there are many and which come and go: little is left unused, and the system's allocator
 * gives the same blocks again. */
enum { LARGEST_WITHIN = IR_ARENA_LARGEST_BLOCK < 32768 ? IR_ARENA_LARGEST_BLOCK : 32768 };
enum { ALIGN = 16, LARGEST_BLOCK = IR_ARENA_LARGEST_BLOCK, FIRST_BLOCK = LARGEST_BLOCK < 4096 ? LARGEST_BLOCK : 4096 };

typedef struct block {
    struct block *next;
    size_t size, used; /* of the bytes behind this header */
    _Alignas(ALIGN) unsigned char data[];
} block;

typedef struct deferred {
    struct deferred *next;
    void (*release)(void *);
    void *object;
} deferred;

struct ir_arena {
    block *blocks; /* the newest is allocated from */
    deferred *deferred;
    ir_arena *outer; /* NULL: it has its own limit and guard */
    size_t limit, taken, next_block; /* taken: of an outer one, with what those within took */
    bool guarded;
    jmp_buf guard;
};

ir_arena *ir_arena_new(size_t limit)
{
    ir_arena *arena = calloc(1, sizeof *arena);
    if (!arena) return NULL;
    arena->limit = limit;
    arena->next_block = FIRST_BLOCK;
    return arena;
}

static _Noreturn void out_of_memory(ir_arena *arena)
{
    while (arena->outer) arena = arena->outer;
    if (!arena->guarded) abort();
    longjmp(arena->guard, 1);
}

static void free_within(void *arena) { ir_arena_free(arena); }

ir_arena *ir_arena_within(ir_arena *outer)
{
    ir_arena *arena = calloc(1, sizeof *arena);
    if (!arena) out_of_memory(outer);
    arena->outer = outer;
    arena->next_block = FIRST_BLOCK;
    ir_defer(outer, free_within, arena);
    return arena;
}

void ir_arena_drop(ir_arena *arena)
{
    if (arena) ir_release(arena->outer, arena);
}

void ir_arena_free(ir_arena *arena)
{
    if (!arena) return;
    for (ir_arena *outer = arena->outer; outer; outer = outer->outer) outer->taken -= arena->taken;
    for (deferred *d = arena->deferred; d; d = d->next)
        d->release(d->object);
    for (block *b = arena->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(arena);
}

jmp_buf *ir_guard(ir_arena *arena)
{
    arena->guarded = true;
    return &arena->guard;
}

static size_t bytes_left(const ir_arena *arena)
{
    while (arena->outer) arena = arena->outer;
    return arena->limit ? arena->limit - arena->taken : SIZE_MAX;
}

static block *new_block(ir_arena *arena, size_t need)
{
    size_t left = bytes_left(arena);
    if (need > SIZE_MAX - sizeof(block) || need + sizeof(block) > left) return NULL;
    size_t size = arena->next_block > need ? arena->next_block : need;
    if (size > left - sizeof(block)) size = need;
    block *b = calloc(1, sizeof *b + size);
    if (!b) return NULL;
    b->size = size;
    for (ir_arena *at = arena; at; at = at->outer) at->taken += sizeof *b + size;
    if (arena->next_block < (arena->outer ? LARGEST_WITHIN : LARGEST_BLOCK)) arena->next_block *= 2;
    b->next = arena->blocks;
    arena->blocks = b;
    return b;
}

static void *try_alloc(ir_arena *arena, size_t size)
{
    if (size > SIZE_MAX - ALIGN) return NULL;
    size_t need = size ? (size + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
    block *b = arena->blocks;
    if (!b || b->size - b->used < need) b = new_block(arena, need);
    if (!b) return NULL;
    void *result = b->data + b->used;
    b->used += need;
    return result;
}

void *ir_alloc(ir_arena *arena, size_t size)
{
    void *result = try_alloc(arena, size);
    if (!result) out_of_memory(arena);
    return result;
}

void *ir_alloc_array(ir_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) out_of_memory(arena);
    return ir_alloc(arena, bytes);
}

char *ir_strndup(ir_arena *arena, const char *text, size_t len)
{
    if (len == SIZE_MAX) out_of_memory(arena);
    char *copy = ir_alloc(arena, len + 1);
    if (len) memcpy(copy, text, len);
    return copy;
}

char *ir_strdup(ir_arena *arena, const char *text) { return ir_strndup(arena, text, strlen(text)); }

char *ir_vformat(ir_arena *arena, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (len < 0) out_of_memory(arena);
    char *text = ir_alloc(arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, fmt, args);
    return text;
}

char *ir_format(ir_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = ir_vformat(arena, fmt, args);
    va_end(args);
    return text;
}

/* The object is already the arena's when its record does not fit any more: it is released before the jump. */
void ir_defer(ir_arena *arena, void (*release)(void *), void *object)
{
    deferred *d = try_alloc(arena, sizeof *d);
    if (!d) {
        release(object);
        out_of_memory(arena);
    }
    *d = (deferred){arena->deferred, release, object};
    arena->deferred = d;
}

void ir_release(ir_arena *arena, void *object)
{
    for (deferred **link = &arena->deferred; *link; link = &(*link)->next) {
        deferred *d = *link;
        if (d->object != object) continue;
        *link = d->next;
        d->release(object);
        return;
    }
}

void ir_text_init(ir_text *text, ir_arena *arena)
{
    *text = (ir_text){.arena = arena, .data = ir_alloc(arena, 64), .capacity = 64};
}

static void text_reserve(ir_text *text, size_t more)
{
    if (more > SIZE_MAX / 4 - text->len) out_of_memory(text->arena);
    if (text->len + more + 1 <= text->capacity) return;
    size_t capacity = text->capacity;
    while (capacity < text->len + more + 1) capacity *= 2;
    char *data = ir_alloc(text->arena, capacity);
    memcpy(data, text->data, text->len);
    text->data = data;
    text->capacity = capacity;
}

void ir_text_add_bytes(ir_text *text, const char *bytes, size_t len)
{
    text_reserve(text, len);
    memcpy(text->data + text->len, bytes, len);
    text->len += len;
    text->data[text->len] = 0;
}

void ir_text_add(ir_text *text, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (len > 0) {
        text_reserve(text, (size_t)len);
        vsnprintf(text->data + text->len, (size_t)len + 1, fmt, args);
        text->len += (size_t)len;
    }
    va_end(args);
}
