/* Text to thing: an open hash table with linear probing. Keys are borrowed from the things they lead to, so a thing
 * leaves the table before its key changes. */
#include "bridge/base/hash.h"
#include "tests/sandbox/inbox_inner.h"
#include <string.h>

static size_t home(const struct table *t, const char *key)
{
    return hash_fast(key, strlen(key), 0) & (t->cap - 1);
}

/* The slot of key, or the empty one where it would go. */
static struct slot *find(const struct table *t, const char *key)
{
    size_t i = home(t, key);
    while (t->slots[i].key && strcmp(t->slots[i].key, key) != 0)
        i = (i + 1) & (t->cap - 1);
    return &t->slots[i];
}

void *table_get(const struct table *t, const char *key)
{
    return t->n && key ? find(t, key)->value : NULL;
}

static void grow(struct table *t)
{
    struct table bigger = {.n = t->n, .cap = t->cap ? t->cap * 2 : 16};
    bigger.slots = mem_alloc(bigger.cap * sizeof *bigger.slots);
    for (size_t i = 0; i < t->cap; i++)
        if (t->slots[i].key)
            *find(&bigger, t->slots[i].key) = t->slots[i];
    free(t->slots);
    *t = bigger;
}

void table_put(struct table *t, const char *key, void *value)
{
    if (2 * (t->n + 1) > t->cap)
        grow(t);
    struct slot *slot = find(t, key);
    t->n += !slot->key;
    *slot = (struct slot){key, value};
}

/* What probed past the hole moves back into it. */
void table_drop(struct table *t, const char *key)
{
    if (!t->n || !find(t, key)->key)
        return;
    size_t hole = (size_t)(find(t, key) - t->slots), mask = t->cap - 1;
    t->n--;
    for (size_t i = (hole + 1) & mask; t->slots[i].key; i = (i + 1) & mask) {
        size_t from_home = (i - home(t, t->slots[i].key)) & mask, from_hole = (i - hole) & mask;
        if (from_home < from_hole)
            continue;
        t->slots[hole] = t->slots[i];
        hole = i;
    }
    t->slots[hole] = (struct slot){0};
}

void table_done(struct table *t)
{
    free(t->slots);
    *t = (struct table){0};
}
