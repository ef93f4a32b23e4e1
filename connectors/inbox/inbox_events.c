/* Events → records. An event only says "look at this one"; when it carries the prospect with its whole context, that
 * is kept as content of the event's time and saves the look. Events of one prospect in one page become one record.
 * Types nobody knows yet are ignored. Pure. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

#define SAME_MOMENT_MS 600000 /* a message told so long after it was written belongs to an import of old ones */

enum meaning { NOTHING, CATALOGUE, ABOUT_PROSPECT, ABOUT_THREAD, THREAD_DELETED };

static enum meaning meaning_of(const char *type)
{
    static const char *const threads[] = {"thread.created",   "thread.assigned",     "thread.unassigned",
                                          "thread.archived",  "thread.unarchived",   "message.created",
                                          "target.contacted", "target.followUpSent", "target.replied"};
    if (!type)
        return NOTHING;
    if (str_starts(type, "tag.") || str_starts(type, "status."))
        return CATALOGUE;
    if (str_starts(type, "prospect."))
        return ABOUT_PROSPECT;
    if (!strcmp(type, "thread.deleted"))
        return THREAD_DELETED;
    for (size_t i = 0; i < COUNT(threads); i++)
        if (!strcmp(type, threads[i]))
            return ABOUT_THREAD;
    return NOTHING;
}

/* What an event says of its prospect may stand in three places. */
struct mentions {
    const json_t *said[3];
};

static void find_mentions(const json_t *data, enum meaning meaning, struct mentions *out)
{
    const json_t *thread = json_object_get(data, "thread");
    out->said[0] = json_object_get(data, "prospect");
    out->said[1] = json_object_get(thread, "prospect");
    out->said[2] = meaning == ABOUT_PROSPECT ? data : NULL;
}

/* externalId is the id everywhere; `id` alone is the second choice. */
static bool identify(const struct mentions *m, const json_t *data, struct record *out)
{
    for (size_t i = 0; i < COUNT(m->said); i++)
        if (js_str(m->said[i], "externalId") && inbox_identify(m->said[i], out))
            return true;
    for (size_t i = 0; i < COUNT(m->said); i++)
        if (inbox_identify(m->said[i], out))
            return true;
    const char *id = inbox_id_of(json_object_get(data, "prospectId"));
    if (!id)
        id = inbox_id_of(json_object_get(data, "prospect"));
    out->id = mem_dup(id);
    return id;
}

static const json_t *content_of(const struct mentions *m)
{
    for (size_t i = 0; i < COUNT(m->said); i++)
        if (inbox_has_context(m->said[i]))
            return m->said[i];
    return NULL;
}

static bool is_inbound(const json_t *data, const char *link)
{
    const json_t *message = json_object_get(data, "message");
    if (!message && js_str(data, "content"))
        message = data;
    return js_str(message, "authorId") && link && !inbox_is_ours(message, link);
}

/* One thread among possibly several: says that the prospect wrote, never that it did not, and no set of accounts. */
static void add_facts(const json_t *data, int64_t at, inbox_want want, json_t *fields)
{
    struct inbox_facts facts;
    const json_t *thread = json_object_get(data, "thread");
    inbox_read_facts(thread, false, &facts);
    const char *link = facts.n_links ? facts.links[0] : inbox_id_of(json_object_get(data, "accountLink"));
    facts.n_links = 0;
    if (facts.replied != INBOX_TRUE)
        facts.replied = is_inbound(data, link) ? INBOX_TRUE : INBOX_UNTOLD;
    facts.last_told = facts.last_told && facts.last > at - SAME_MOMENT_MS;
    inbox_put_facts(&facts, want, fields);
}

/* The thread whose prospect nobody named; NULL when not even that is told. */
static const char *thread_id_of(const json_t *data)
{
    const char *id = inbox_id_of(json_object_get(data, "thread"));
    if (!id)
        id = inbox_id_of(json_object_get(data, "threadId"));
    return id ? id : inbox_id_of(json_object_get(json_object_get(data, "message"), "threadId"));
}

void inbox_harvest_thread(struct inbox_harvest *h, const char *id)
{
    for (size_t i = 0; i < h->n_threads; i++)
        if (!strcmp(h->threads[i], id))
            return;
    if (h->n_threads == h->cap_threads) {
        h->cap_threads = h->cap_threads ? h->cap_threads * 2 : 16;
        h->threads = mem_grow(h->threads, h->cap_threads, sizeof *h->threads);
    }
    h->threads[h->n_threads++] = mem_dup(id);
}

static void harvest_unnamed(struct inbox_harvest *h, const json_t *data, enum meaning meaning)
{
    const char *thread = meaning == ABOUT_THREAD ? thread_id_of(data) : NULL;
    if (thread)
        inbox_harvest_thread(h, thread);
    else if (meaning != THREAD_DELETED)
        h->gap = true; /* somebody changed, and nothing says who */
}

/* Deleting a tag or status takes it off every prospect, and no source says that those are told one by one. */
static void harvest_catalogue(struct inbox_harvest *h, const char *type)
{
    h->relearn = true;
    if (!strcmp(type, "tag.deleted") || !strcmp(type, "status.deleted"))
        h->gap = true;
}

void inbox_harvest_event(struct inbox_harvest *h, const json_t *event, inbox_want want)
{
    const char *type = js_str(event, "type");
    const json_t *data = json_object_get(event, "data");
    enum meaning meaning = meaning_of(type);
    struct record r = {0};
    struct mentions m;
    if (want & INBOX_SAID) {
        inbox_harvest_message(h, event);
        return;
    }
    if (meaning == NOTHING)
        return;
    if (meaning == CATALOGUE) {
        harvest_catalogue(h, type);
        return;
    }
    find_mentions(data, meaning, &m);
    if (!identify(&m, data, &r)) {
        harvest_unnamed(h, data, meaning);
        return;
    }
    const char *when = js_str(event, "timestamp");
    bool dated = when && when_parse(when, &r.as_of);
    const json_t *content = dated && meaning != THREAD_DELETED ? content_of(&m) : NULL;
    if (content)
        r.fields = inbox_read_fields(content, want);
    if (content && meaning == ABOUT_THREAD)
        add_facts(data, r.as_of, want, r.fields);
    if (meaning == ABOUT_PROSPECT)
        r.modified = r.as_of;
    inbox_harvest_record(h, &r);
}

/* Joins two sayings about one prospect: the later one wins member by member. If either said only "look", looking is
 * what remains to be done. */
static void join(struct record *into, struct record *stolen)
{
    bool later = stolen->as_of >= into->as_of;
    struct record newer = later ? *stolen : *into, older = later ? *into : *stolen;
    if (newer.fields && older.fields) {
        json_object_update_missing(newer.fields, older.fields);
    } else {
        json_decref(newer.fields);
        newer.fields = NULL;
    }
    if (older.modified > newer.modified)
        newer.modified = older.modified;
    if (!newer.key) {
        newer.key = older.key;
        older.key = NULL;
    }
    record_done(&older);
    *into = newer;
}

/* Two sayings become one only when neither hides a value of the other: a person's edit that the next event has already gone
 * over must still be told. */
static bool agree(const struct record *a, const struct record *b)
{
    const char *name;
    json_t *value;
    if (!a->fields || !b->fields)
        return a->fields == b->fields;
    json_object_foreach (a->fields, name, value) {
        const json_t *other = json_object_get(b->fields, name);
        if (other && !js_equal(value, other))
            return false;
    }
    return true;
}

void inbox_harvest_record(struct inbox_harvest *h, struct record *stolen)
{
    for (size_t i = h->n; i-- > 0;)
        if (!strcmp(h->items[i].id, stolen->id)) {
            if (!agree(&h->items[i], stolen))
                break;
            join(&h->items[i], stolen);
            return;
        }
    if (h->n == h->cap) {
        h->cap = h->cap ? h->cap * 2 : 16;
        h->items = mem_grow(h->items, h->cap, sizeof *h->items);
    }
    h->items[h->n++] = *stolen;
}

/* Whatever was said, one look will do; who it is with stays known once it was told. */
void inbox_harvest_said(struct inbox_harvest *h, struct record *stolen)
{
    for (size_t i = 0; i < h->n; i++)
        if (!strcmp(h->items[i].id, stolen->id)) {
            struct record *bare = stolen->fields ? &h->items[i] : stolen, *full = stolen->fields ? stolen : &h->items[i];
            int64_t as_of = bare->as_of > full->as_of ? bare->as_of : full->as_of;
            struct record kept = *full, gone = *bare;
            kept.as_of = as_of;
            record_done(&gone);
            h->items[i] = kept;
            return;
        }
    if (h->n == h->cap) {
        h->cap = h->cap ? h->cap * 2 : 16;
        h->items = mem_grow(h->items, h->cap, sizeof *h->items);
    }
    h->items[h->n++] = *stolen;
}

void inbox_harvest_done(struct inbox_harvest *h)
{
    for (size_t i = 0; i < h->n; i++)
        record_done(&h->items[i]);
    for (size_t i = 0; i < h->n_threads; i++)
        free(h->threads[i]);
    free(h->items);
    free(h->threads);
    *h = (struct inbox_harvest){0};
}
