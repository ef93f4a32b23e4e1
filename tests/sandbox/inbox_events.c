/* The feed: a ring of what happened, kept seven days and at most so many. An event's data is written when it happens; it
 * shows the state after the whole change. Numbers may have gaps, and a number may become visible after a higher one. */
#include "bridge/base/str.h"
#include "tests/sandbox/inbox_inner.h"
#include <string.h>

#define KEPT_MS (7 * INT64_C(86400000))
#define LATE_MS 4000

/* ---- raising ---- */

static struct event *next_event(struct inbox *x)
{
    if (x->n_events == x->cap_events) {
        size_t cap = x->cap_events ? x->cap_events * 2 : 16;
        struct event *events = mem_alloc(cap * sizeof *events);
        for (size_t i = 0; i < x->n_events; i++)
            events[i] = x->events[(x->first_event + i) % x->cap_events];
        free(x->events);
        x->events = events;
        x->cap_events = cap;
        x->first_event = 0;
    }
    return &x->events[(x->first_event + x->n_events++) % x->cap_events];
}

static void drop_first(struct inbox *x)
{
    struct event *e = &x->events[x->first_event];
    x->lost_seq = e->seq;
    free(e->data);
    free(e->own_type);
    x->first_event = (x->first_event + 1) % x->cap_events;
    x->n_events--;
}

void events_retire(struct inbox *x)
{
    int64_t oldest = x->n_events ? inbox_now(x) - KEPT_MS : 0;
    while (x->n_events && (x->events[x->first_event].at < oldest || (int64_t)x->n_events > x->manners.keep_events))
        drop_first(x);
}

static struct event *raise(struct inbox *x, char *stolen_data)
{
    struct event *e = next_event(x);
    *e = (struct event){.seq = x->next_seq, .at = inbox_now(x), .data = stolen_data};
    inbox_new_id(x, e->id);
    e->visible = e->at;
    if (x->manners.late_insert && inbox_random(x) % 4 == 0)
        e->visible += 1 + (int64_t)(inbox_random(x) % LATE_MS);
    x->next_seq += x->manners.seq_gaps && inbox_random(x) % 4 == 0 ? 2 + (int64_t)(inbox_random(x) % 3) : 1;
    return e;
}

void event_raise(struct inbox *x, const char *type, struct buf *data)
{
    if (!x->manners.record_events) {
        buf_done(data);
        return;
    }
    raise(x, buf_take(data))->type = type;
    events_retire(x);
}

void event_raise_named(struct inbox *x, const char *type, char *stolen_data)
{
    struct event *e = raise(x, stolen_data);
    e->type = e->own_type = mem_dup(type);
}

void tell_prospect(struct inbox *x, const char *type, const struct prospect *p)
{
    struct buf b = BUF_INIT(0);
    PUT(&b, "{\"prospect\":");
    write_prospect(x, &b, p, SHOWN_IN_EVENT);
    PUT(&b, "}");
    event_raise(x, type, &b);
}

void tell_thread(struct inbox *x, const char *type, const struct thread *t)
{
    struct buf b = BUF_INIT(0);
    PUT(&b, "{\"thread\":");
    write_thread(x, &b, t, SHOWN_BRIEFLY);
    if (str_eq(type, "thread.created")) {
        PUT(&b, ",\"prospect\":");
        write_prospect(x, &b, t->prospect, SHOWN_IN_EVENT);
    }
    PUT(&b, "}");
    event_raise(x, type, &b);
}

void tell_thread_gone(struct inbox *x, const struct thread *t)
{
    struct buf b = BUF_INIT(0);
    PUT(&b, "{\"threadId\":");
    write_text(&b, t->id);
    PUT(&b, "}");
    event_raise(x, "thread.deleted", &b);
}

/* message.deleted names ids only; message.edited the message and the thread's id; message.created everything. */
void tell_message(struct inbox *x, const char *type, const struct thread *t, const struct message *m)
{
    struct buf b = BUF_INIT(0);
    bool created = str_eq(type, "message.created");
    if (str_eq(type, "message.deleted")) {
        PUT(&b, "{\"messageId\":");
        write_text(&b, m->id);
    } else {
        PUT(&b, "{\"message\":");
        write_message(x, &b, t, m);
    }
    buf_puts(&b, created ? ",\"thread\":" : ",\"threadId\":");
    if (created)
        write_thread(x, &b, t, SHOWN_BRIEFLY);
    else
        write_text(&b, t->id);
    if (created && x->manners.message_prospect) {
        PUT(&b, ",\"prospect\":");
        write_prospect(x, &b, t->prospect, SHOWN_IN_EVENT);
    }
    PUT(&b, "}");
    event_raise(x, type, &b);
}

void tell_reaction(struct inbox *x, const char *type, const struct thread *t, const struct message *m,
                   const struct reaction *r)
{
    struct buf b = BUF_INIT(0);
    PUT(&b, "{\"messageId\":");
    write_text(&b, m->id);
    PUT(&b, ",\"threadId\":");
    write_text(&b, t->id);
    PUT(&b, ",\"reaction\":{\"emoji\":");
    write_text(&b, r->emoji);
    PUT(&b, ",\"senderPlatformId\":");
    write_text(&b, r->ours ? t->account->platform_id : t->prospect->platform_id);
    PUT(&b, ",\"createdAt\":");
    write_time(&b, r->at);
    PUT(&b, "}}");
    event_raise(x, type, &b);
}

void tell_label(struct inbox *x, const char *type, const struct label *l, bool status)
{
    struct buf b = BUF_INIT(0);
    buf_puts(&b, status ? "{\"status\":" : "{\"tag\":");
    write_label(&b, l, status);
    PUT(&b, "}");
    event_raise(x, type, &b);
}

void tell_label_gone(struct inbox *x, const struct label *l, bool status)
{
    struct buf b = BUF_INIT(0);
    if (x->manners.deleted_data == DELETED_OBJECT) {
        tell_label(x, status ? "status.deleted" : "tag.deleted", l, status);
        return;
    }
    buf_puts(&b, x->manners.deleted_data == DELETED_PLAIN ? "{\"id\":" : status ? "{\"statusId\":" : "{\"tagId\":");
    write_text(&b, l->id);
    PUT(&b, "}");
    event_raise(x, status ? "status.deleted" : "tag.deleted", &b);
}

/* ---- listing ---- */

static struct event *event_at(const struct inbox *x, size_t i)
{
    return &x->events[(x->first_event + i) % x->cap_events];
}

static size_t first_after(const struct inbox *x, int64_t seq)
{
    size_t low = 0, high = x->n_events;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (event_at(x, middle)->seq <= seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void write_event(struct inbox *x, struct buf *b, const struct event *e)
{
    double dice = (double)(inbox_mix((uint64_t)e->seq ^ x->seed) >> 11) / 9007199254740992.0;
    PUT(b, "{\"id\":");
    write_text(b, e->id);
    PUT(b, ",\"seq\":");
    write_number(b, e->seq);
    PUT(b, ",\"teamId\":");
    write_text(b, x->team);
    PUT(b, ",\"type\":");
    write_text(b, e->type);
    PUT(b, ",\"timestamp\":");
    write_time(b, e->at);
    PUT(b, ",\"version\":\"1.0\"");
    if (dice >= x->manners.drop_data) {
        PUT(b, ",\"data\":");
        buf_puts(b, e->data);
    }
    PUT(b, "}");
}

static bool ask_after(struct exchange *e, int64_t *after)
{
    const json_t *given = json_object_get(e->query, "afterSeq");
    const char *text = json_string_value(given);
    *after = -1;
    if (given && (!text || !str_to_int(text, 0, 9007199254740991, after))) {
        reply_error(e, 400, "VALIDATION_ERROR", "afterSeq must be a whole number from 0");
        return false;
    }
    if (!given || *after >= e->x->lost_seq || e->x->manners.retention_answer == RETENTION_OLDEST)
        return true;
    reply_error(e, e->x->manners.retention_answer == RETENTION_400 ? 400 : 410, "EVENTS_EXPIRED",
                "Events after %lld are no longer available", (long long)*after);
    return false;
}

/* Neighbours change places, some come twice, up to twice as many in all. */
static void disorder(struct inbox *x, const struct event **page, size_t *n)
{
    size_t room = 2 * *n;
    for (size_t i = 1; i < *n; i++) {
        const struct event *before = page[i - 1];
        if (inbox_random(x) % 10 < 3) {
            page[i - 1] = page[i];
            page[i] = before;
        }
        if (*n < room && inbox_random(x) % 10 < 2) {
            memmove(page + i + 1, page + i, (*n - i) * sizeof *page);
            page[i] = page[i - 1];
            ++*n;
        }
    }
}

/* The visible events after a number, at most so many; room for twice as many. */
static size_t take_page(const struct inbox *x, int64_t after, size_t most, const struct event **page, bool *more)
{
    size_t n = 0;
    int64_t now = sandbox_now(x->base.box);
    *more = false;
    for (size_t i = first_after(x, after); i < x->n_events && !*more; i++) {
        const struct event *e = event_at(x, i);
        if (e->visible > now)
            continue;
        *more = n == most;
        if (!*more)
            page[n++] = e;
    }
    return n;
}

void list_events(struct exchange *e)
{
    struct inbox *x = e->x;
    struct buf b = BUF_INIT(0);
    int64_t after, limit;
    bool more;
    if (!ask_limit(e, 1000, 100, &limit) || !ask_after(e, &after))
        return;
    size_t most = (size_t)limit < x->n_events ? (size_t)limit : x->n_events;
    AUTO_FREE const struct event **page = mem_alloc((2 * most + 1) * sizeof *page);
    size_t n = take_page(x, after, most, page, &more);
    int64_t last = n ? page[n - 1]->seq : -1;
    if (x->manners.disorder)
        disorder(x, page, &n);
    PUT(&b, "{\"events\":[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_putc(&b, ',');
        write_event(x, &b, page[i]);
    }
    buf_puts(&b, more ? "],\"hasMore\":true,\"lastSeq\":" : "],\"hasMore\":false,\"lastSeq\":");
    if (last < 0)
        PUT(&b, "null");
    else
        write_number(&b, last);
    PUT(&b, "}");
    reply(e, &b);
}
