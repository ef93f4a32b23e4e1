/* A hash table of 32-byte rows, filled while a walk runs. Rows are found by a 64-bit digest of the prospect's key; two
 * prospects with one digest would share a row, which in a million prospects happens once in 37 million walks. */
#include "connectors/inbox/inbox_tally.h"
#include "bridge/base/hash.h"
#include "bridge/base/mem.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

struct inbox_tally_row {
    uint64_t digest; /* 0 = free */
    int64_t last;
    uint16_t links[INBOX_LINKS_MAX];
    uint8_t n_links, many, replied;
};

void inbox_tally_init(struct inbox_tally *t)
{
    *t = (struct inbox_tally){0};
    pthread_mutex_init(&t->lock, NULL);
}

static void forget(struct inbox_tally *t)
{
    free(t->rows);
    t->rows = NULL;
    t->size = t->used = 0;
}

/* The links' names stay: records of a walk that another thread runs may still point at them, and there are few. */
void inbox_tally_reset(struct inbox_tally *t)
{
    pthread_mutex_lock(&t->lock);
    forget(t);
    pthread_mutex_unlock(&t->lock);
}

void inbox_tally_done(struct inbox_tally *t)
{
    forget(t);
    for (size_t i = 0; i < t->n_links; i++)
        free(t->links[i]);
    free(t->links);
    t->links = NULL;
    t->n_links = 0;
    pthread_mutex_destroy(&t->lock);
}

static struct inbox_tally_row *slot(struct inbox_tally_row *rows, size_t size, uint64_t digest)
{
    size_t i = digest & (size - 1);
    while (rows[i].digest && rows[i].digest != digest)
        i = (i + 1) & (size - 1);
    return &rows[i];
}

static void grow(struct inbox_tally *t)
{
    size_t size = t->size ? t->size * 2 : 256;
    struct inbox_tally_row *rows = mem_alloc(size * sizeof *rows);
    for (size_t i = 0; i < t->size; i++)
        if (t->rows[i].digest)
            *slot(rows, size, t->rows[i].digest) = t->rows[i];
    free(t->rows);
    t->rows = rows;
    t->size = size;
}

static struct inbox_tally_row *row_of(struct inbox_tally *t, const char *key)
{
    uint64_t digest = hash_fast(key, strlen(key), 0);
    digest = digest ? digest : 1; /* 0 marks a free row */
    if (t->used * 5 >= t->size * 4)
        grow(t);
    struct inbox_tally_row *row = slot(t->rows, t->size, digest);
    if (!row->digest) {
        row->digest = digest;
        t->used++;
    }
    return row;
}

/* UINT16_MAX when there are too many to number. */
static uint16_t number_of(struct inbox_tally *t, const char *link)
{
    for (size_t i = 0; i < t->n_links; i++)
        if (!strcmp(t->links[i], link))
            return (uint16_t)i;
    if (t->n_links == UINT16_MAX)
        return UINT16_MAX;
    t->links = mem_grow(t->links, t->n_links + 1, sizeof *t->links);
    t->links[t->n_links] = mem_dup(link);
    return (uint16_t)t->n_links++;
}

static void add_link(struct inbox_tally_row *row, uint16_t link)
{
    for (size_t i = 0; i < row->n_links; i++)
        if (row->links[i] == link)
            return;
    if (row->n_links < INBOX_LINKS_MAX && link != UINT16_MAX)
        row->links[row->n_links++] = link;
    else
        row->many = true;
}

bool inbox_tally_join(struct inbox_tally *t, const char *key, struct inbox_facts *facts)
{
    pthread_mutex_lock(&t->lock);
    struct inbox_tally_row *row = row_of(t, key);
    for (size_t i = 0; i < facts->n_links; i++)
        add_link(row, number_of(t, facts->links[i]));
    facts->newest = facts->last >= row->last;
    row->last = facts->newest ? facts->last : row->last;
    facts->last = row->last;
    facts->last_told = facts->last_told || row->last;
    row->replied = row->replied || facts->replied == INBOX_TRUE;
    facts->replied = row->replied ? INBOX_TRUE : facts->replied;
    facts->n_links = row->n_links;
    for (size_t i = 0; i < row->n_links; i++)
        facts->links[i] = t->links[row->links[i]];
    bool known = !row->many;
    pthread_mutex_unlock(&t->lock);
    return known;
}
