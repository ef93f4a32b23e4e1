/* Conversations with everything that was said. Messages come a page at a time, newest first, for one thread; several threads
 * are read side by side. A message is ours when one of the team's accounts wrote it, or a member or campaign sent it; who
 * that was is looked up once for all. What cannot be read (encrypted, attached) is named, not guessed. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

#define PAGE_MESSAGES 100
#define PAGES_MAX_OF_THREAD 1000 /* a hundred thousand messages */

/* ---- threads ---- */

/* Who it is with and over which account; `touched` tells one saying from the next. The key leads with the person's, so that
 * the conversations of one person stand together. */
bool inbox_read_conversation(const json_t *thread, struct record *out)
{
    AUTO(record_done) struct record prospect = {0};
    const char *id = inbox_id_of(thread);
    struct inbox_facts facts;
    if (!id || !inbox_identify(json_object_get(thread, "prospect"), &prospect) || !prospect.key)
        return false;
    inbox_read_facts(thread, false, &facts);
    *out = (struct record){.id = mem_dup(id), .key = mem_printf("%s/%s", prospect.key, id)}; /* no label: it is the person's */
    out->fields = json_object();
    js_set(out->fields, "parent", json_string(prospect.key));
    js_set(out->fields, "with", js_text(prospect.label));
    if (facts.n_links)
        js_set(out->fields, "link", js_text(facts.links[0]));
    if (facts.conversation) {
        AUTO_FREE char *url = mem_printf("https://x.com/i/chat/%s", facts.conversation);
        js_set(out->fields, "url", json_string(url));
    }
    return true;
}

bool inbox_walk_conversation(const json_t *thread, int64_t seq, struct record *out)
{
    if (!inbox_read_conversation(thread, out))
        return false;
    const char *last = inbox_id_of(json_object_get(thread, "lastMessage"));
    AUTO_FREE char *seen = mem_printf("%lld %s", (long long)seq, last ? last : "");
    js_set(out->fields, "walked", json_string(seen));
    return true;
}

/* ---- events ---- */

static bool is_said(const char *type)
{
    static const char *const types[] = {"message.created",  "message.edited",      "message.deleted", "thread.created",
                                        "target.contacted", "target.followUpSent", "target.replied"};
    for (size_t i = 0; type && i < COUNT(types); i++)
        if (!strcmp(type, types[i]))
            return true;
    return false;
}

/* What the thread's own event leaves out of its prospect may stand beside it. */
static bool identify(const json_t *data, struct record *out)
{
    AUTO_JSON json_t *thread = json_copy(json_object_get(data, "thread"));
    if (thread && inbox_read_conversation(thread, out))
        return true;
    if (thread && json_object_get(data, "prospect"))
        json_object_set(thread, "prospect", json_object_get(data, "prospect"));
    return thread && inbox_read_conversation(thread, out);
}

void inbox_harvest_message(struct inbox_harvest *h, const json_t *event)
{
    const json_t *data = json_object_get(event, "data"), *thread = json_object_get(data, "thread");
    const char *type = js_str(event, "type"), *id = inbox_id_of(thread), *when = js_str(event, "timestamp");
    struct record r = {0};
    if (!is_said(type))
        return;
    id = id ? id : inbox_id_of(json_object_get(data, "threadId"));
    id = id ? id : inbox_id_of(json_object_get(json_object_get(data, "message"), "threadId"));
    if (!id) {
        h->gap = true; /* somebody said something, and nothing tells where */
        return;
    }
    if (thread && !identify(data, &r)) {
        inbox_harvest_thread(h, id);
        return;
    }
    if (!r.id) /* known by its id alone, and if it is not known yet, its first event or the next walk names it */
        r.id = mem_dup(id);
    if (when)
        when_parse(when, &r.as_of);
    if (r.fields)
        js_set(r.fields, "touched", js_text(js_str(event, "id")));
    inbox_harvest_said(h, &r);
}

/* ---- messages ---- */

static json_t *kinds_of(const json_t *attachment)
{
    static const char *const names[] = {"kind", "type", "mimeType", "name"};
    json_t *out = json_array();
    size_t n = json_is_array(attachment) ? json_array_size(attachment) : attachment && !json_is_null(attachment);
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_is_array(attachment) ? json_array_get(attachment, i) : attachment;
        const char *kind = NULL;
        for (size_t k = 0; k < COUNT(names) && !kind; k++)
            kind = js_str(one, names[k]);
        js_add(out, json_string(kind ? kind : ""));
    }
    return out;
}

static const char *named(const json_t *names, const char *id)
{
    return id ? js_str(names, id) : NULL;
}

static bool is_told(const json_t *v)
{
    return v && !json_is_null(v);
}

json_t *inbox_read_message(const json_t *m, const struct inbox_team *team)
{
    int64_t at = 0;
    const char *when = js_str(m, "createdAt"), *author = js_str(m, "authorId"), *by;
    if (!js_str(m, "id") || !when || !when_parse(when, &at))
        return NULL;
    bool link = author && json_object_get(team->links, author);
    bool sent = link || inbox_is_ours(m, "");
    by = named(team->members, js_str(m, "userId"));
    by = by ? by : link ? named(team->links, author) : NULL;
    json_t *out = json_object();
    js_set(out, "id", json_string(js_str(m, "id")));
    js_set(out, "at", json_integer(at));
    js_set(out, "order", js_text(js_str(m, "platformId")));
    js_set(out, "sent", json_boolean(sent));
    js_set(out, "by", js_text(by));
    js_set(out, "text", json_string(js_str_or(m, "content", "")));
    js_set(out, "edited", json_boolean(js_bool_or(m, "isEdited", false)));
    js_set(out, "deleted", json_boolean(is_told(json_object_get(m, "deletedAt")) || is_told(json_object_get(m, "platformDeletedAt"))));
    js_set(out, "encrypted", json_boolean(js_bool_or(m, "isEncrypted", false)));
    js_set(out, "attachments", kinds_of(json_object_get(m, "attachment")));
    return out;
}

static int by_number(const char *a, const char *b)
{
    size_t n = strlen(a), k = strlen(b);
    return n != k ? (n < k ? -1 : 1) : strcmp(a, b);
}

/* By time, then by X's number, then by id: no source promises an order. */
static int by_order(const void *one, const void *other)
{
    const json_t *a = *(json_t *const *)one, *b = *(json_t *const *)other;
    int64_t x = js_int_or(a, "at", 0), y = js_int_or(b, "at", 0);
    if (x != y)
        return x < y ? -1 : 1;
    int order = by_number(js_str_or(a, "order", ""), js_str_or(b, "order", ""));
    return order ? order : strcmp(js_str(a, "id"), js_str(b, "id"));
}

static json_t *sorted(const json_t *by_id)
{
    size_t n = 0;
    const char *id;
    json_t *m, *out = json_array();
    AUTO_FREE json_t **all = mem_alloc((json_object_size(by_id) + 1) * sizeof *all);
    json_object_foreach ((json_t *)by_id, id, m)
        all[n++] = m;
    qsort(all, n, sizeof *all, by_order);
    for (size_t i = 0; i < n; i++) {
        json_object_del(all[i], "order");
        json_array_append(out, all[i]);
    }
    return out;
}

/* ---- reading ---- */

struct telling { /* one conversation being read */
    const char *id;
    struct inbox_place place;
    json_t *by_id; /* messages read so far, each once */
    bool syncing;
    int64_t as_of;
    struct record *out;
};

static void prepare(struct call *call, const struct telling *t)
{
    AUTO_FREE char *thread = http_escape(t->id);
    AUTO_FREE char *id = http_escape(js_str_or(t->place.at, "id", ""));
    AUTO_FREE char *timestamp = http_escape(js_str_or(t->place.at, "timestamp", ""));
    AUTO_FREE char *from = t->place.at ? mem_printf("&cursorId=%s&cursorTimestamp=%s", id, timestamp) : mem_dup("");
    call_init(call, "GET", "/threads/%s/messages?limit=%d%s", thread, PAGE_MESSAGES, from);
}

static void fail(struct telling *t, const struct err *err)
{
    t->place.done = true;
    if (err->kind == ERR_GONE)
        t->out->state = RECORD_GONE;
    else
        t->out->err = *err;
}

static void take_page(struct telling *t, const struct call *call, const struct inbox_team *team)
{
    const json_t *list = json_object_get(call->json, "messages"), *next = json_object_get(call->json, "nextCursor");
    struct err err = {0};
    if (call->err.kind) {
        fail(t, &call->err);
        return;
    }
    bool ends = !next || json_is_null(next), goes_on = js_str(next, "id") && js_str(next, "timestamp");
    if (!json_is_array(list) || (!ends && !goes_on)) {
        err_set(&err, ERR_TEMP, "Inbox answered a page of messages that is none");
        fail(t, &err);
        return;
    }
    if (!t->place.pages)
        t->as_of = inbox_as_of(&call->answer);
    t->syncing |= js_bool_or(call->json, "isSyncing", false);
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *m = inbox_read_message(json_array_get(list, i), team);
        if (m)
            js_set(t->by_id, js_str(m, "id"), m);
    }
    inbox_walk_move(&t->place, ends ? NULL : (json_t *)next);
    if (!t->place.done && t->place.pages >= PAGES_MAX_OF_THREAD) {
        err_set(&err, ERR_REJECT, "a conversation of more than %d messages", PAGES_MAX_OF_THREAD * PAGE_MESSAGES);
        fail(t, &err);
    }
}

/* The next page of every conversation that has one, side by side. False when all are read. */
static bool read_round(struct endpoint *ep, struct telling *all, size_t n, const struct inbox_team *team)
{
    AUTO_FREE struct call *calls = mem_alloc((n + 1) * sizeof *calls);
    AUTO_FREE struct telling **of = mem_alloc((n + 1) * sizeof *of);
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (!all[i].place.done) {
            prepare(&calls[k], &all[i]);
            of[k++] = &all[i];
        }
    if (k)
        endpoint_call_many(ep, calls, k);
    for (size_t i = 0; i < k; i++) {
        take_page(of[i], &calls[i], team);
        call_done(&calls[i]);
    }
    return k > 0;
}

static void tell(struct telling *t)
{
    t->out->id = mem_dup(t->id);
    t->out->as_of = t->as_of;
    if (t->out->err.kind == ERR_NONE && t->out->state == RECORD_LIVE)
        t->out->fields = json_pack("{s:o,s:b}", "messages", sorted(t->by_id), "syncing", t->syncing);
    json_decref(t->place.at);
    json_decref(t->place.mark);
    json_decref(t->by_id);
}

bool inbox_fetch_conversations(struct endpoint *ep, const char *const *ids, size_t n, struct record *out, struct err *err)
{
    AUTO(inbox_team_done) struct inbox_team team = {0};
    AUTO_FREE struct telling *all = mem_alloc((n + 1) * sizeof *all);
    if (n && !inbox_learn_team(ep, &team, err))
        return false;
    for (size_t i = 0; i < n; i++)
        all[i] = (struct telling){.id = ids[i], .by_id = json_object(), .out = &out[i]};
    while (read_round(ep, all, n, &team))
        continue;
    for (size_t i = 0; i < n; i++)
        tell(&all[i]);
    return true;
}
