/* Group commit by the first who comes: while it waits for the disk the others queue up behind it, and one of them writes
 * for all of those next. */
#include "bridge/app/intray.h"
#include "bridge/app/delivery.h"
#include "bridge/base/log.h"

#define SHARE 200 /* deliveries in one transaction of the engine */

struct intray_entry { /* lives on the stack of the thread that waits for it */
    const char *endpoint, *text;
    int64_t at;
    bool settled, ok;
    struct err err;
    struct intray_entry *next;
};

bool intray_open(struct intray *t, struct app *app, struct err *err)
{
    *t = (struct intray){.store = app->store};
    t->last = &t->first;
    for (size_t i = 0; i < app->n_endpoints; i++) {
        int64_t n = 0;
        if (!store_deliveries_count(app->store, app->endpoints[i].ep->name, &n, err))
            return false;
        t->waiting += n;
    }
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->done, NULL);
    return true;
}

void intray_close(struct intray *t)
{
    if (!t->store)
        return;
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->done);
    t->store = NULL;
}

int64_t intray_waiting(struct intray *t)
{
    pthread_mutex_lock(&t->lock);
    int64_t n = t->waiting;
    pthread_mutex_unlock(&t->lock);
    return n;
}

/* ---- in ---- */

static bool keep(struct store *st, const struct intray_entry *list, struct err *err)
{
    STORE_TX(tx, st);
    if (!store_begin(st, err))
        return false;
    for (const struct intray_entry *e = list; e; e = e->next)
        if (!store_delivery_add(st, e->endpoint, e->at, e->text, err))
            return false;
    return store_commit(st, err);
}

/* With the lock held; gives it up while the disk works. */
static void lead(struct intray *t)
{
    struct intray_entry *list = t->first;
    struct err err = {0};
    t->first = NULL;
    t->last = &t->first;
    t->leading = true;
    pthread_mutex_unlock(&t->lock);
    bool ok = keep(t->store, list, &err);
    pthread_mutex_lock(&t->lock);
    t->leading = false;
    for (struct intray_entry *e = list, *next; e; e = next) {
        next = e->next; /* once settled its thread may be gone */
        e->ok = ok;
        e->err = err;
        t->waiting += ok;
        e->settled = true;
    }
    pthread_cond_broadcast(&t->done);
}

bool intray_put(struct intray *t, const char *endpoint, int64_t at, const char *text, struct err *err)
{
    struct intray_entry e = {.endpoint = endpoint, .text = text, .at = at};
    pthread_mutex_lock(&t->lock);
    if (t->waiting >= INTRAY_MOST) {
        pthread_mutex_unlock(&t->lock);
        return err_set(err, ERR_LIMIT, "%d deliveries wait already", INTRAY_MOST);
    }
    *t->last = &e;
    t->last = &e.next;
    while (!e.settled)
        if (t->leading)
            pthread_cond_wait(&t->done, &t->lock);
        else
            lead(t);
    pthread_mutex_unlock(&t->lock);
    if (!e.ok)
        *err = e.err;
    return e.ok;
}

/* ---- out ---- */

static bool take_one(struct intray *t, struct intake *in, const struct store_delivery *d, struct err *err)
{
    struct page page __attribute__((cleanup(page_done))) = {0};
    struct err bad = {0};
    if (!delivery_page(d->text, &page, &bad))
        log_error("delivery.unreadable", "endpoint", in->ep->name, "error", bad.text, NULL);
    else if (!intake_take(in, &page, err))
        return false;
    return store_delivery_delete(t->store, d->id, err);
}

bool intray_take(struct intray *t, struct intake *in, int64_t *taken, struct err *err)
{
    struct store_delivery *all = NULL;
    size_t n = 0;
    *taken = 0;
    if (!intray_waiting(t) || !intake_ready(in))
        return true;
    STORE_TX(tx, t->store);
    bool ok = store_begin(t->store, err) && store_deliveries(t->store, in->ep->name, SHARE, &all, &n, err);
    for (size_t i = 0; ok && i < n; i++)
        ok = take_one(t, in, &all[i], err);
    store_deliveries_free(all, n);
    if (!ok || !store_commit(t->store, err)) {
        intake_unheard(in);
        return false;
    }
    pthread_mutex_lock(&t->lock);
    t->waiting -= (int64_t)n;
    pthread_mutex_unlock(&t->lock);
    *taken = (int64_t)n;
    return true;
}
