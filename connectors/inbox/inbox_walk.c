/* The full enumeration. Inbox lists no prospects, but every thread carries its own; so all views of threads are walked,
 * oldest first, one page of each view a call, together. No source says which view holds what when none is named, so the
 * unnamed one and each named one are read (at most three times the pages of one). Threads that move during the walk move to
 * its end, and what moved behind our back is in the events since the number learnt before the walk began. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

#define PAGE_THREADS 100
#define RESTARTS_MAX 5
#define PAGES_MAX 50000 /* of one view: five million threads; beyond it the service is taken to go in circles */

static const char *const views[INBOX_VIEWS] = {NULL, "default", "requests", "archived", "no-reply"};

static bool is_no_reply(size_t view)
{
    return views[view] && !strcmp(views[view], "no-reply");
}

static void prepare(struct call *call, size_t view, const struct inbox_place *place)
{
    AUTO_FREE char *id = http_escape(js_str_or(place->at, "id", ""));
    AUTO_FREE char *timestamp = http_escape(js_str_or(place->at, "timestamp", ""));
    AUTO_FREE char *from = place->at ? mem_printf("&cursorId=%s&cursorTimestamp=%s", id, timestamp) : mem_dup("");
    call_init(call, "GET", "/threads?limit=%d&filters%%5BsortOrder%%5D=asc%s%s%s", PAGE_THREADS, views[view] ? "&inbox=" : "",
              views[view] ? views[view] : "", from);
}

/* Circles are noticed: the marked page is moved ahead at every power of two (Brent). */
void inbox_walk_move(struct inbox_place *place, json_t *next)
{
    bool circle = next && (json_equal(next, place->at) || json_equal(next, place->mark));
    place->pages++;
    if ((place->pages & (place->pages - 1)) == 0) {
        json_decref(place->mark);
        place->mark = json_incref(place->at);
    }
    json_decref(place->at);
    place->at = json_incref(next);
    place->done = !next || circle || place->pages >= PAGES_MAX;
}

/* The page cursor is refused (expired, its thread deleted): this view again. */
static bool begin_again(struct inbox_place *place, const struct call *call)
{
    if (call->answer.status != 400 || !place->at || place->restarts >= RESTARTS_MAX)
        return false;
    json_decref(place->at);
    json_decref(place->mark);
    *place = (struct inbox_place){.restarts = place->restarts + 1};
    return true;
}

/* A page that neither ends nor says how it goes on must not be taken for the end. */
static bool check_page(const json_t *page, struct err *err)
{
    const json_t *next = json_object_get(page, "nextCursor");
    if (!json_is_array(json_object_get(page, "threads")))
        return err_set(err, ERR_TEMP, "Inbox answered a page without threads");
    if (next && !json_is_null(next) && !(js_str(next, "id") && js_str(next, "timestamp")))
        return err_set(err, ERR_TEMP, "Inbox answered a page whose nextCursor has no id and timestamp");
    return true;
}

static bool read_thread(const json_t *thread, bool no_reply, inbox_want want, struct inbox_tally *tally, int64_t seq, struct record *out)
{
    if (want & INBOX_SAID)
        return inbox_walk_conversation(thread, seq, out);
    return inbox_read_thread(thread, no_reply, want, tally, out);
}

static void take_threads(struct endpoint *ep, const struct call *call, bool no_reply, inbox_want want, int64_t seq, struct page *out)
{
    struct inbox *inbox = ep->state;
    const json_t *threads = json_object_get(call->json, "threads");
    struct inbox_tally *tally = inbox_wants_threads(want) ? &inbox->tally : NULL;
    int64_t as_of = inbox_as_of(&call->answer);
    out->items = mem_grow(out->items, out->n + json_array_size(threads) + 1, sizeof *out->items);
    for (size_t i = 0; i < json_array_size(threads); i++) {
        struct record *r = &out->items[out->n];
        if (!read_thread(json_array_get(threads, i), no_reply, want, tally, seq, r))
            continue;
        r->as_of = as_of;
        out->n++;
    }
}

/* What one view's call brought; false with err when it brought the walk no further. */
static bool take(struct endpoint *ep, struct call *call, size_t view, inbox_want want, struct inbox_cursor *at, struct page *out,
                 struct err *err)
{
    struct inbox_place *place = &at->views[view];
    if (call->err.kind != ERR_NONE) {
        if (begin_again(place, call))
            return true;
        *err = call->err;
        return err_wrap(err, "listing threads");
    }
    if (!check_page(call->json, err))
        return false;
    take_threads(ep, call, is_no_reply(view), want, at->seq, out);
    json_t *next = json_object_get(call->json, "nextCursor");
    inbox_walk_move(place, json_is_null(next) ? NULL : next);
    return true;
}

static void calls_done(struct call *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        call_done(&calls[i]);
}

/* One view's trouble does not hold up the others: it is told when nothing else moves any more. */
bool inbox_walk(struct endpoint *ep, inbox_want want, struct inbox_cursor *at, struct page *out, struct err *err)
{
    struct inbox *inbox = ep->state;
    struct call calls[INBOX_VIEWS] = {0};
    struct err why = {0};
    size_t of[INBOX_VIEWS], n = 0, moved = 0;
    AUTO_FREE const char **members = inbox_members(want);
    for (size_t view = 0; view < INBOX_VIEWS; view++)
        if (!at->views[view].done) {
            prepare(&calls[n], view, &at->views[view]);
            calls[n].only = members;
            of[n++] = view;
        }
    endpoint_call_many(ep, calls, n);
    for (size_t i = 0; i < n; i++) {
        moved += take(ep, &calls[i], of[i], want, at, out, &why);
        out->more = out->more || !at->views[of[i]].done;
    }
    calls_done(calls, n);
    if (n && !moved) {
        *err = why;
        return false;
    }
    if (!out->more) { /* the enumeration is complete */
        at->stage = INBOX_FEED;
        if (!(want & INBOX_SAID))
            inbox_tally_reset(&inbox->tally);
    }
    return true;
}
