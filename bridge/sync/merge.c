/* Element-wise merges. Notes are lists of paragraphs: a paragraph is added or removed as a whole, never edited in
 * place, so that no merge can invent a sentence nobody wrote. */
#include "bridge/sync/merge.h"
#include "bridge/base/buf.h"
#include "bridge/base/js.h"
#include "mappings/value.h"
#include <string.h>

static bool has(const json_t *set, const json_t *item)
{
    for (size_t i = 0; i < json_array_size(set); i++)
        if (json_equal(json_array_get(set, i), item))
            return true;
    return false;
}

/* What one side did to its own base. */
static bool removed(const json_t *base, const json_t *now, const json_t *item)
{
    return has(base, item) && !has(now, item);
}

json_t *merge_sets(const json_t *base_s, const json_t *base_t, const json_t *s, const json_t *t)
{
    AUTO_JSON json_t *out = json_array();
    const json_t *sources[2] = {s, t};
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < json_array_size(sources[side]); i++) {
            json_t *item = json_array_get(sources[side], i);
            if (!has(out, item) && !removed(base_s, s, item) && !removed(base_t, t, item))
                json_array_append(out, item);
        }
    return value_canonical(out, true);
}

/* ---- notes ---- */

#define PARAGRAPHS_MAX 2000

struct text {
    char *copy;
    char *part[PARAGRAPHS_MAX];
    size_t n;
};

/* Splits at blank lines; false beyond the ceiling. */
static bool split(struct text *t, const char *s)
{
    t->n = 0;
    t->copy = mem_dup(s ? s : "");
    char *at = t->copy;
    for (;;) {
        at += strspn(at, "\r\n");
        if (!*at)
            return true;
        if (t->n == PARAGRAPHS_MAX)
            return false;
        t->part[t->n++] = at;
        char *end = strstr(at, "\n\n");
        char *next = end ? end + 2 : NULL;
        for (end = end ? end : at + strlen(at); end[-1] == '\n' || end[-1] == '\r'; end--)
            continue; /* a paragraph is its words, not the newlines after it */
        *end = '\0';
        if (!next)
            return true;
        at = next;
    }
}

static bool holds(const struct text *t, const char *part)
{
    for (size_t i = 0; i < t->n; i++)
        if (!strcmp(t->part[i], part))
            return true;
    return false;
}

static void put(struct buf *out, const char *part)
{
    if (out->n)
        buf_puts(out, "\n\n");
    buf_puts(out, part);
}

struct merge {
    struct text base[2], now[2];
    size_t at[2]; /* at[side]: paragraphs of now[side] already merged */
    struct buf out;
};

static void merge_free(struct merge **m)
{
    for (int side = 0; side < 2; side++) {
        free((*m)->base[side].copy);
        free((*m)->now[side].copy);
    }
    buf_done(&(*m)->out);
    free(*m);
}

/* Paragraphs that only this side has, up to the next one both hold. */
static void put_own(struct merge *m, int side)
{
    const struct text *mine = &m->now[side], *other = &m->now[1 - side];
    for (; m->at[side] < mine->n; m->at[side]++) {
        const char *part = mine->part[m->at[side]];
        if (holds(other, part))
            return;
        if (!holds(&m->base[1 - side], part)) /* else the other side dropped it */
            put(&m->out, part);
    }
}

static void forget(struct text *t, size_t i)
{
    memmove(&t->part[i], &t->part[i + 1], (t->n - i - 1) * sizeof t->part[0]);
    t->n--;
}

/* The common paragraph this side stands at; where the other side has it elsewhere, this side's place is kept. */
static void put_common(struct merge *m, int side)
{
    struct text *mine = &m->now[side], *other = &m->now[1 - side];
    if (m->at[side] >= mine->n)
        return;
    const char *part = mine->part[m->at[side]++];
    put(&m->out, part);
    for (size_t i = m->at[1 - side]; i < other->n; i++)
        if (!strcmp(other->part[i], part)) {
            forget(other, i);
            return;
        }
}

json_t *merge_notes(const char *base_s, const char *base_t, const char *s, const char *t, int newer_first)
{
    struct merge *m __attribute__((cleanup(merge_free))) = mem_alloc(sizeof *m);
    int first = newer_first ? 1 : 0;
    if (!split(&m->base[0], base_s) || !split(&m->base[1], base_t) || !split(&m->now[0], s) || !split(&m->now[1], t))
        return NULL;
    while (m->at[0] < m->now[0].n || m->at[1] < m->now[1].n) {
        put_own(m, first);
        put_own(m, 1 - first);
        put_common(m, m->at[first] < m->now[first].n ? first : 1 - first);
    }
    return json_string(buf_str(&m->out));
}
