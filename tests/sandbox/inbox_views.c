/* Threads in the order of the inbox: one sorted array per view, so that a page is a binary search and a walk. A thread
 * leaves its views before anything changes that says where it belongs, and comes back after. */
#include "tests/sandbox/inbox_inner.h"
#include <string.h>

static int compare(const struct thread *a, int64_t sort, const char *id)
{
    if (a->sort != sort)
        return a->sort < sort ? -1 : 1;
    return strcmp(a->id, id);
}

static bool belongs(const struct inbox *x, const struct thread *t, enum view view)
{
    if (t->idle)
        return view == VIEW_ALL && x->manners.list_idle;
    switch (view) {
    case VIEW_ALL:
        return true;
    case VIEW_DEFAULT:
        return !t->done && !t->request;
    case VIEW_NO_REPLY:
        return !t->done && !t->request && t->last && !t->last->ours;
    case VIEW_REQUESTS:
        return !t->done && t->request;
    default:
        return t->done;
    }
}

/* The first place whose thread is not before (sort, id). */
static size_t place(const struct order *o, int64_t sort, const char *id)
{
    size_t low = 0, high = o->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(o->items[middle], sort, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void append(struct order *o, struct thread *t)
{
    if (o->n == o->cap) {
        o->cap = o->cap ? o->cap * 2 : 16;
        o->items = mem_grow(o->items, o->cap, sizeof(struct thread *));
    }
    o->items[o->n++] = t;
}

void views_in(struct inbox *x, struct thread *t)
{
    for (int v = 0; v < VIEWS; v++) {
        struct order *o = &x->order[v];
        if (!belongs(x, t, (enum view)v))
            continue;
        size_t at = place(o, t->sort, t->id);
        append(o, t);
        memmove(o->items + at + 1, o->items + at, (o->n - 1 - at) * sizeof(struct thread *));
        o->items[at] = t;
    }
}

void views_out(struct inbox *x, struct thread *t)
{
    for (int v = 0; v < VIEWS; v++) {
        struct order *o = &x->order[v];
        size_t at = place(o, t->sort, t->id);
        if (at == o->n || o->items[at] != t)
            continue;
        o->n--;
        memmove(o->items + at, o->items + at + 1, (o->n - at) * sizeof(struct thread *));
    }
}

static int in_order(const void *a, const void *b)
{
    const struct thread *one = *(struct thread *const *)a, *two = *(struct thread *const *)b;
    return compare(one, two->sort, two->id);
}

void views_sort(struct inbox *x)
{
    for (int v = 0; v < VIEWS; v++)
        x->order[v].n = 0;
    for (size_t i = 0; i < x->n_prospects; i++)
        for (size_t k = 0; k < x->prospects[i]->n_threads; k++)
            for (int v = 0; v < VIEWS; v++)
                if (belongs(x, x->prospects[i]->threads[k], (enum view)v))
                    append(&x->order[v], x->prospects[i]->threads[k]);
    for (int v = 0; v < VIEWS; v++)
        if (x->order[v].n)
            qsort(x->order[v].items, x->order[v].n, sizeof(struct thread *), in_order);
}

size_t views_from(const struct inbox *x, enum view view, const struct cursor *from, bool ascending)
{
    const struct order *o = &x->order[view];
    if (!from->given)
        return ascending ? 0 : o->n;
    size_t at = place(o, from->at, from->id);
    bool there = at < o->n && compare(o->items[at], from->at, from->id) == 0;
    bool repeat = there && x->manners.boundary_repeat;
    return ascending ? at + (there && !repeat) : at + repeat;
}
