/* arena: memory that lives as long as its owner (a session, a test).
 *
 * Allocation never returns NULL. When memory or the limit runs out it jumps to the guard that the public call set
 * up (ir_guard), so code that builds IR has no out-of-memory paths. The price: whoever holds something that is not
 * arena memory (a file, an LLVM handle) across an allocation registers it with ir_defer. */
#ifndef SPC_IR_ARENA_H
#define SPC_IR_ARENA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

typedef struct ir_arena ir_arena;

/* limit: bytes it may take from the system in all; 0: no limit. NULL when there is no memory for the arena itself. */
ir_arena *ir_arena_new(size_t limit);
/* An arena whose bytes count against the limit of another, whose guard it jumps to, and which frees it at last; earlier by
 * ir_arena_drop. */
ir_arena *ir_arena_within(ir_arena *);
void ir_arena_drop(ir_arena *); /* takes NULL */
void ir_arena_free(ir_arena *); /* runs what was deferred, newest first; takes NULL */

/* The jump target of a failed allocation. Usage, in a public function:
 *     if (setjmp(*ir_guard(a))) return SPC_E_NOMEM;
 * Without a guard a failed allocation calls abort(): a defect of the caller. */
jmp_buf *ir_guard(ir_arena *);

/* Zeroed, aligned for any type. size 0 gives a valid pointer. ir_alloc_array checks the product for overflow. */
void *ir_alloc(ir_arena *, size_t size);
void *ir_alloc_array(ir_arena *, size_t count, size_t size);
char *ir_strdup(ir_arena *, const char *);
char *ir_strndup(ir_arena *, const char *, size_t len);
char *ir_format(ir_arena *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *ir_vformat(ir_arena *, const char *fmt, va_list);

/* Calls release(object) when the arena is freed, or when ir_release(object) comes first. */
void ir_defer(ir_arena *, void (*release)(void *), void *object);
void ir_release(ir_arena *, void *object);

#define IR_NEW(arena, type) ((type *)ir_alloc((arena), sizeof(type)))
#define IR_ARRAY(arena, type, count) ((type *)ir_alloc_array((arena), (size_t)(count), sizeof(type)))

/* A text that grows in an arena. */
typedef struct ir_text {
    ir_arena *arena;
    char *data; /* always terminated; "" at first needs ir_text_init */
    size_t len, capacity;
} ir_text;
void ir_text_init(ir_text *, ir_arena *);
void ir_text_add(ir_text *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void ir_text_add_bytes(ir_text *, const char *, size_t);

#endif
