/* intern: open addressing with linear probing, grown at half load. */
#include "ir/intern.h"

#include <string.h>

const void *ir_set_find(const ir_set *set, uint64_t hash, ir_same *same, const void *key)
{
    if (!set->capacity) return NULL;
    for (size_t at = hash & (set->capacity - 1); set->items[at]; at = (at + 1) & (set->capacity - 1))
        if (set->hashes[at] == hash && same(set->items[at], key)) return set->items[at];
    return NULL;
}

static void place(ir_set *set, uint64_t hash, const void *item)
{
    size_t at = hash & (set->capacity - 1);
    while (set->items[at]) at = (at + 1) & (set->capacity - 1);
    set->hashes[at] = hash;
    set->items[at] = item;
}

static void grow(ir_set *set, ir_arena *arena)
{
    ir_set bigger = {.count = set->count, .capacity = set->capacity ? 2 * set->capacity : 16};
    bigger.hashes = IR_ARRAY(arena, uint64_t, bigger.capacity);
    bigger.items = IR_ARRAY(arena, const void *, bigger.capacity);
    for (size_t i = 0; i < set->capacity; i++)
        if (set->items[i]) place(&bigger, set->hashes[i], set->items[i]);
    *set = bigger;
}

void ir_set_add(ir_set *set, ir_arena *arena, uint64_t hash, const void *item)
{
    if (2 * (set->count + 1) > set->capacity) grow(set, arena);
    place(set, hash, item);
    set->count++;
}

uint64_t ir_hash_word(uint64_t seed, uint64_t word)
{
    uint64_t h = (seed ^ word) * 0x9e3779b97f4a7c15u;
    h = (h ^ (h >> 32)) * 0xd6e8feb86659fd93u;
    return h ^ (h >> 32);
}

uint64_t ir_hash_bytes(uint64_t seed, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t h = ir_hash_word(seed, size);
    for (size_t i = 0; i < size; i++) h = (h ^ bytes[i]) * 0x100000001b3u;
    return ir_hash_word(h, 0);
}

uint64_t ir_hash_text(const char *text) { return ir_hash_bytes(0, text, strlen(text)); }

bool ir_same_text(const void *item, const void *key) { return strcmp(item, key) == 0; }

typedef struct slice {
    const char *text;
    size_t len;
} slice;

static bool same_slice(const void *item, const void *key)
{
    const slice *s = key;
    return strncmp(item, s->text, s->len) == 0 && ((const char *)item)[s->len] == 0;
}

const char *ir_intern_name(ir_module *m, const char *text, size_t len)
{
    slice key = {text, len};
    uint64_t hash = ir_hash_bytes(0, text, len);
    const char *name = ir_set_find(&m->tables->names, hash, same_slice, &key);
    if (name) return name;
    name = ir_strndup(m->arena, text, len);
    ir_set_add(&m->tables->names, m->arena, hash, name);
    return name;
}

bool ir_is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || ir_is_digit(c) || c == '_'; }
