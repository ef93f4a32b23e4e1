/* What events left open: conversations whose prospect nobody named, and prospects named without the platform's id, by
 * which alone a stranger can be told from somebody known. Both are read here, in parallel. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "connectors/inbox/inbox_inner.h"

#define LOOKUPS_MAX 100 /* for one page of events; beyond it a full enumeration is cheaper */

/* A conversation is looked up by its thread; of those known by id alone the engine knows the rest. */
static bool is_open(const struct record *r, inbox_want want)
{
    return !r->key && !(want & INBOX_SAID);
}

static size_t count_keyless(const struct inbox_harvest *h, inbox_want want)
{
    size_t n = 0;
    for (size_t i = 0; i < h->n; i++)
        n += is_open(&h->items[i], want);
    return n;
}

static void prepare(const struct inbox_harvest *h, struct call *calls, inbox_want want)
{
    size_t n = 0;
    for (size_t i = 0; i < h->n_threads; i++) {
        AUTO_FREE char *id = http_escape(h->threads[i]);
        call_init(&calls[n++], "GET", "/threads/%s", id);
    }
    for (size_t i = 0; i < h->n; i++)
        if (is_open(&h->items[i], want))
            inbox_call_prospect(&calls[n++], h->items[i].id);
}

/* A thread says who it is with; what else it says is one thread's part only, so the record remains a "look". */
static void take_thread(struct inbox_harvest *h, const struct call *call, inbox_want want)
{
    struct record r = {.as_of = inbox_as_of(&call->answer)};
    if (want & INBOX_SAID) {
        AUTO_FREE char *now = mem_printf("read %lld", (long long)r.as_of);
        int64_t as_of = r.as_of;
        if (!inbox_read_conversation(call->json, &r))
            return;
        r.as_of = as_of;
        js_set(r.fields, "touched", json_string(now));
        inbox_harvest_said(h, &r);
        return;
    }
    if (inbox_identify(json_object_get(call->json, "prospect"), &r))
        inbox_harvest_record(h, &r);
}

static void take_prospect(struct record *item, const struct call *call, inbox_want want)
{
    struct record r = {0};
    if (!inbox_read_prospect(call->json, want, &r))
        return; /* gone: the engine finds that out by the id */
    r.as_of = inbox_as_of(&call->answer);
    r.modified = item->modified;
    record_done(item);
    *item = r;
}

static bool check(const struct call *calls, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++)
        if (calls[i].err.kind && calls[i].err.kind != ERR_GONE) {
            *err = calls[i].err;
            return err_wrap(err, "looking up whom events are about");
        }
    return true;
}

static void take_all(struct inbox_harvest *h, const struct call *calls, inbox_want want)
{
    size_t at = h->n_threads, n = h->n;
    for (size_t i = 0; i < n; i++)
        if (is_open(&h->items[i], want))
            take_prospect(&h->items[i], &calls[at++], want);
    for (size_t i = 0; i < h->n_threads; i++)
        take_thread(h, &calls[i], want);
}

bool inbox_harvest_complete(struct endpoint *ep, struct inbox_harvest *h, inbox_want want, struct err *err)
{
    size_t n = h->n_threads + count_keyless(h, want);
    if (n > LOOKUPS_MAX)
        h->gap = true;
    if (!n || n > LOOKUPS_MAX)
        return true;
    struct call *calls = mem_alloc(n * sizeof *calls);
    prepare(h, calls, want);
    endpoint_call_many(ep, calls, n);
    bool ok = check(calls, n, err);
    if (ok)
        take_all(h, calls, want);
    for (size_t i = 0; i < n; i++)
        call_done(&calls[i]);
    free(calls);
    return ok;
}
