/* intern: hash sets by content, private to ir/. They make types, extents and strings unique per module, and serve as
 * name indexes. Items are added, never removed; iteration order is never used, so that nothing depends on it. */
#ifndef SPC_IR_INTERN_H
#define SPC_IR_INTERN_H

#include "ir/ir.h"
#include <stddef.h>
#include <stdint.h>

typedef bool ir_same(const void *item, const void *key);

typedef struct ir_set {
    size_t count, capacity; /* capacity: 0 or a power of two */
    uint64_t *hashes;
    const void **items; /* NULL: free */
} ir_set;

const void *ir_set_find(const ir_set *, uint64_t hash, ir_same *, const void *key);
void ir_set_add(ir_set *, ir_arena *, uint64_t hash, const void *item); /* must not be in it */

uint64_t ir_hash_bytes(uint64_t seed, const void *, size_t);
uint64_t ir_hash_word(uint64_t seed, uint64_t word);
uint64_t ir_hash_text(const char *);
ir_same ir_same_text; /* items and keys are terminated strings */

/* ASCII letters, digits and _, whatever the locale. */
bool ir_is_word(char);
static inline bool ir_is_digit(char c) { return c >= '0' && c <= '9'; }

/* What a module keeps behind ir_module.tables. */
struct ir_tables {
    ir_set types, storages, extents, factors, names;
};
/* The one copy of these characters in the module. */
const char *ir_intern_name(ir_module *, const char *, size_t len);

#endif
