/* The full enumeration. Inbox lists no prospects, but every thread carries its own; so all views of threads are walked,
 * oldest first, one page a call. No source says which view holds what when none is named, so the unnamed one and each
 * named one are read (at most three times the pages of one). Threads that move during the walk move to its end, and
 * what moved behind our back is in the events since the number learnt before the walk began. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

#define PAGE_THREADS 100
#define RESTARTS_MAX 5
#define PAGES_MAX 50000 /* of one view: five million threads; beyond it the service is taken to go in circles */

static const char *const views[] = {NULL, "default", "requests", "archived", "no-reply"};

static bool is_no_reply(const struct inbox_cursor *at)
{
    return views[at->view] && !strcmp(views[at->view], "no-reply");
}

static void prepare(struct call *call, const struct inbox_cursor *at)
{
    const char *view = views[at->view];
    AUTO_FREE char *id = http_escape(js_str_or(at->at, "id", ""));
    AUTO_FREE char *timestamp = http_escape(js_str_or(at->at, "timestamp", ""));
    AUTO_FREE char *from = at->at ? mem_printf("&cursorId=%s&cursorTimestamp=%s", id, timestamp) : mem_dup("");
    call_init(call, "GET", "/threads?limit=%d&filters%%5BsortOrder%%5D=asc%s%s%s", PAGE_THREADS, view ? "&inbox=" : "",
              view ? view : "", from);
}

/* Moves on to `next`, noticing circles: the marked page is moved ahead at every power of two (Brent). */
bool inbox_walk_done_view(struct inbox_cursor *at, json_t *next)
{
    bool circle = next && (json_equal(next, at->at) || json_equal(next, at->mark));
    at->pages++;
    if ((at->pages & (at->pages - 1)) == 0) {
        json_decref(at->mark);
        at->mark = json_incref(at->at);
    }
    json_decref(at->at);
    at->at = json_incref(next);
    return !next || circle || at->pages >= PAGES_MAX;
}

static void begin_view(struct inbox_cursor *at, int64_t view)
{
    json_decref(at->at);
    json_decref(at->mark);
    at->at = at->mark = NULL;
    at->pages = 0;
    at->view = view;
}

static void advance(struct endpoint *ep, struct inbox_cursor *at, json_t *next, struct page *out)
{
    struct inbox *inbox = ep->state;
    out->more = true;
    if (!inbox_walk_done_view(at, next))
        return;
    begin_view(at, at->view + 1);
    if (at->view < (int64_t)COUNT(views))
        return;
    begin_view(at, 0);
    at->stage = INBOX_FEED;
    at->restarts = 0;
    inbox_tally_reset(&inbox->tally);
    out->more = false; /* the enumeration is complete */
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

static void take_threads(struct endpoint *ep, const struct call *call, const struct inbox_cursor *at, inbox_want want,
                         struct page *out)
{
    struct inbox *inbox = ep->state;
    const json_t *threads = json_object_get(call->json, "threads");
    struct inbox_tally *tally = inbox_wants_threads(want) ? &inbox->tally : NULL;
    int64_t as_of = inbox_as_of(&call->answer);
    out->items = mem_alloc((json_array_size(threads) + 1) * sizeof *out->items);
    for (size_t i = 0; i < json_array_size(threads); i++) {
        struct record *r = &out->items[out->n];
        if (!inbox_read_thread(json_array_get(threads, i), is_no_reply(at), want, tally, r))
            continue;
        r->as_of = as_of;
        out->n++;
    }
}

bool inbox_walk(struct endpoint *ep, inbox_want want, struct inbox_cursor *at, struct page *out, struct err *err)
{
    AUTO(call_done) struct call call = {0};
    if (at->view < 0 || at->view >= (int64_t)COUNT(views))
        begin_view(at, 0);
    prepare(&call, at);
    if (!endpoint_call(ep, &call, err)) {
        if (call.answer.status != 400 || !at->at || at->restarts++ >= RESTARTS_MAX)
            return err_wrap(err, "listing threads");
        begin_view(at, at->view); /* the page cursor is refused (expired, its thread deleted): this view again */
        out->more = true;
        return true;
    }
    if (!check_page(call.json, err))
        return false;
    take_threads(ep, &call, at, want, out);
    json_t *next = json_object_get(call.json, "nextCursor");
    advance(ep, at, json_is_null(next) ? NULL : next, out);
    return true;
}
