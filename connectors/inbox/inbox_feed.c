/* Following events. Events may become visible late and out of order, so every poll reads the last OVERLAP numbers again
 * and knows what it has seen by id. Inbox keeps events for seven days and perhaps only the last 25,000; what fell out
 * in between is noticed by the overlap being gone, and answered with gap: a full enumeration heals it. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

#define PAGE_EVENTS 1000
#define PAGE_BYTES (32u << 20) /* a thousand events with thread and prospect */
#define OVERLAP 50
#define RECENT_MAX 64
#define LATE_MS 60000 /* an event may become visible so late */
#define FRESH_MS 600000 /* nothing falls out of the retention within ten minutes */

static void prepare(struct call *call, int64_t after)
{
    if (after < 0)
        call_init(call, "GET", "/events?limit=%d", PAGE_EVENTS);
    else
        call_init(call, "GET", "/events?limit=%d&afterSeq=%lld", PAGE_EVENTS, (long long)after);
    call->request.answer_max = PAGE_BYTES;
}

static int64_t seq_of(const json_t *event)
{
    return js_int_or(event, "seq", -1);
}

static int64_t newest_of(const json_t *page)
{
    const json_t *events = json_object_get(page, "events");
    int64_t newest = -1;
    for (size_t i = 0; i < json_array_size(events); i++) {
        int64_t seq = seq_of(json_array_get(events, i));
        newest = seq > newest ? seq : newest;
    }
    return newest < 0 ? js_int_or(page, "lastSeq", -1) : newest;
}

static bool is_recent(const struct inbox_cursor *at, const json_t *event)
{
    const char *id = js_str(event, "id");
    for (size_t i = 0; id && i < json_array_size(at->recent); i++)
        if (str_eq(json_string_value(json_array_get(at->recent, i)), id))
            return true;
    return false;
}

static void forget(struct inbox_cursor *at)
{
    at->seq = -1;
    json_decref(at->recent);
    at->recent = NULL;
}

/* The page covers the overlap of the next poll, so it alone says which ids that poll will meet again. */
static void remember(struct inbox_cursor *at, const json_t *events, int64_t newest, int64_t date)
{
    at->polled = date;
    if (!json_array_size(events))
        return;
    json_decref(at->recent);
    at->recent = json_array();
    at->seq = newest;
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        if (seq_of(event) <= newest - OVERLAP || !js_str(event, "id"))
            continue;
        if (json_array_size(at->recent) == RECENT_MAX)
            json_array_remove(at->recent, 0);
        js_add(at->recent, js_text(js_str(event, "id")));
    }
}

/* Whether the numbers at or before ours that came again are the ones we saw: a store that was reset has others. */
static bool overlap_is_known(const struct inbox_cursor *at, const json_t *events, bool *met)
{
    bool known = false;
    *met = false;
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        if (seq_of(event) > at->seq)
            continue;
        *met = true;
        known = known || is_recent(at, event);
    }
    return known;
}

bool inbox_judge_gap(const struct inbox_cursor *at, const json_t *events, int64_t date)
{
    bool met;
    int64_t first = INT64_MAX, last = -1;
    for (size_t i = 0; i < json_array_size(events); i++) {
        int64_t seq = seq_of(json_array_get(events, i));
        first = seq < first ? seq : first;
        last = seq > last ? seq : last;
    }
    if (at->seq < 0)
        return false; /* nothing known, nothing lost */
    if (last < at->seq)
        return true; /* empty, or the numbers went backwards */
    bool known = overlap_is_known(at, events, &met);
    if (met)
        return !known && json_array_size(at->recent) > 0;
    bool fresh = at->polled && date && date - at->polled < FRESH_MS;
    return first - 1 > at->seq && !fresh;
}

static bool check_page(const json_t *page, struct err *err)
{
    if (!json_is_array(json_object_get(page, "events")))
        return err_set(err, ERR_TEMP, "Inbox answered a page without events");
    return true;
}

static bool harvest(struct endpoint *ep, const json_t *events, const struct inbox_cursor *at, inbox_want want,
                    struct page *out, struct err *err)
{
    AUTO(inbox_harvest_done) struct inbox_harvest h = {0};
    for (size_t i = 0; i < json_array_size(events); i++)
        if (!is_recent(at, json_array_get(events, i)))
            inbox_harvest_event(&h, json_array_get(events, i), want);
    if (!inbox_harvest_complete(ep, &h, want, err))
        return false;
    out->gap = out->gap || h.gap;
    out->relearn = h.relearn;
    out->items = h.items;
    out->n = h.n;
    h.items = NULL;
    h.n = 0;
    return true;
}

/* 400 and 410 for a number that was fine once: it is older than what is kept. */
static bool begin_anew(const struct call *call, struct inbox_cursor *at, struct page *out, struct err *err)
{
    if (at->seq < 0 || (call->answer.status != 400 && call->answer.status != 410))
        return err_wrap(err, "following events");
    forget(at);
    out->gap = true;
    return true;
}

bool inbox_follow(struct endpoint *ep, inbox_want want, struct inbox_cursor *at, struct page *out, struct err *err)
{
    AUTO(call_done) struct call call = {0};
    int64_t before = at->seq;
    prepare(&call, at->seq > OVERLAP ? at->seq - OVERLAP : at->seq >= 0 ? 0 : -1);
    if (!endpoint_call(ep, &call, err))
        return begin_anew(&call, at, out, err);
    if (!check_page(call.json, err))
        return false;
    const json_t *events = json_object_get(call.json, "events");
    int64_t date = endpoint_answer_date(&call.answer), newest = newest_of(call.json);
    out->gap = inbox_judge_gap(at, events, date);
    out->late = at->polled && !out->gap ? LATE_MS : 0;
    if (out->gap)
        forget(at); /* other numbers, other ids */
    if (!harvest(ep, events, at, want, out, err))
        return false;
    remember(at, events, newest, date);
    out->more = js_bool_or(call.json, "hasMore", false) && newest > before;
    return true;
}

/* Before the walk: only which event is the newest. Reads what is kept, page by page, and keeps nothing of it. */
bool inbox_learn(struct endpoint *ep, inbox_want want, struct inbox_cursor *at, struct page *out, struct err *err)
{
    AUTO(call_done) struct call call = {0};
    struct inbox *inbox = ep->state;
    prepare(&call, at->seq);
    if (!endpoint_call(ep, &call, err))
        return err_wrap(err, "learning the newest event");
    if (!check_page(call.json, err))
        return false;
    int64_t newest = newest_of(call.json);
    bool more = js_bool_or(call.json, "hasMore", false) && newest > at->seq;
    if (newest < at->seq)
        newest = at->seq;
    remember(at, json_object_get(call.json, "events"), newest, endpoint_answer_date(&call.answer));
    if (!more) {
        at->stage = INBOX_WALK;
        if (!(want & INBOX_SAID))
            inbox_tally_reset(&inbox->tally);
    }
    out->more = true;
    return true;
}
