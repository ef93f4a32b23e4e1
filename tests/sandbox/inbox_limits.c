/* Three sliding windows over one ring of times, exact to the millisecond. Refused requests are not counted. */
#include "bridge/base/when.h"
#include "tests/sandbox/inbox_inner.h"

static const struct {
    uint64_t most;
    int64_t span;
} limit[3] = {{300, 60000}, {10000, 3600000}, {100000, 86400000}};

static int64_t oldest(const struct windows *w, int i)
{
    return w->at[w->tail[i] & (w->cap - 1)];
}

static uint64_t used(const struct windows *w, int i)
{
    return w->head - w->tail[i];
}

static void slide(struct windows *w, int64_t now)
{
    for (int i = 0; i < 3; i++)
        while (w->tail[i] < w->head && oldest(w, i) <= now - limit[i].span)
            w->tail[i]++;
}

static void grow(struct windows *w)
{
    size_t cap = w->cap ? w->cap * 2 : 64;
    int64_t *at = mem_alloc(cap * sizeof *at);
    for (uint64_t i = w->tail[2]; i < w->head; i++)
        at[i & (cap - 1)] = w->at[i & (w->cap - 1)];
    free(w->at);
    w->at = at;
    w->cap = cap;
}

bool limits_pass(struct inbox *x, int64_t now, int64_t *wait_ms)
{
    struct windows *w = &x->windows;
    *wait_ms = 0;
    if (x->base.box->no_limits)
        return true;
    slide(w, now);
    for (int i = 0; i < 3; i++)
        if (used(w, i) >= limit[i].most && oldest(w, i) + limit[i].span - now > *wait_ms)
            *wait_ms = oldest(w, i) + limit[i].span - now;
    if (*wait_ms)
        return false;
    if (used(w, 2) == w->cap)
        grow(w);
    w->at[w->head++ & (w->cap - 1)] = now;
    return true;
}

/* The window the headers speak of: the minute's, or the one with the least left. */
static int shown(const struct inbox *x)
{
    int best = 0;
    for (int i = 1; i < 3 && x->manners.rate_window; i++)
        if (limit[i].most - used(&x->windows, i) < limit[best].most - used(&x->windows, best))
            best = i;
    return best;
}

static void put_number(struct http_answer *a, const char *name, int64_t n)
{
    char text[24];
    char *at = text + sizeof text - 1;
    *at = '\0';
    do
        *--at = (char)('0' + n % 10);
    while (n /= 10);
    http_headers_set(&a->headers, name, at);
}

void limits_headers(struct inbox *x, int64_t now, struct http_answer *a)
{
    struct windows *w = &x->windows;
    if (x->base.box->no_limits)
        return; /* a limit that is told is heeded, and here there is none */
    slide(w, now);
    int i = shown(x);
    int64_t reset = used(w, i) ? oldest(w, i) + limit[i].span : now + limit[i].span;
    put_number(a, "x-ratelimit-limit", (int64_t)limit[i].most);
    put_number(a, "x-ratelimit-remaining", (int64_t)(limit[i].most - used(w, i)));
    put_number(a, "x-ratelimit-reset", (reset + 999) / 1000);
}
