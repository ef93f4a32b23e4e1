/* State, not events: an event only says "look at this one". Its content is believed when it is certainly newer than what
 * was read before; in doubt the record is marked stale and read by id. */
#include "bridge/sync/intake.h"
#include "bridge/base/hash.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include "bridge/sync/evidence.h"
#include "bridge/sync/memory.h"
#include "mappings/value.h"
#include <string.h>

#define CLOCKS_APART_MS 5000
#define SCAN_MS (10 * 60 * 1000)
#define COMPARED_MS (24 * 60 * 60 * 1000)
#define WALKED "end"

/* On which side of the route does this endpoint stand? */
static int side_of(const struct route *r, const struct endpoint *ep)
{
    return r->ep[SIDE_S] == ep ? SIDE_S : SIDE_T;
}

bool intake_is_source(const struct intake *in)
{
    return in->n && side_of(in->routes[0], in->ep) == SIDE_S;
}

/* ---- fields to ask for: what any route needs ---- */

static const char **needed(const struct intake *in, const char *object)
{
    size_t n = 0;
    const char **all = mem_grow(NULL, 1, sizeof *all);
    for (size_t i = 0; i < in->n; i++) {
        struct bound *b = route_object_of(in->routes[i], side_of(in->routes[i], in->ep), object);
        const char **list = b ? b->needed[side_of(in->routes[i], in->ep)] : NULL;
        for (; list && *list; list++) {
            bool there = false;
            for (size_t k = 0; k < n; k++)
                there |= str_eq(all[k], *list);
            if (there)
                continue;
            all = mem_grow(all, n + 2, sizeof *all);
            all[n++] = *list;
        }
    }
    all[n] = NULL;
    return all;
}

/* ---- the source side ---- */

/* Every member that was told is already known. */
static bool tells_nothing_new(const struct subject *s, const struct record *rec)
{
    const char *name;
    json_t *value;
    if (!s->fields || s->stale)
        return false;
    json_object_foreach (rec->fields, name, value)
        if (!js_equal(json_object_get(s->fields, name), value))
            return false;
    return true;
}

static void identify(struct subject *s, const struct record *rec)
{
    if (rec->id && !str_eq(rec->id, s->id)) {
        free(s->id);
        s->id = mem_dup(rec->id);
    }
    if (rec->label && !str_eq(rec->label, s->label)) {
        free(s->label);
        s->label = mem_dup(rec->label);
    }
}

/* Answers whether anybody has to look. */
static bool learn(struct subject *s, const struct record *rec, bool fresh, int64_t late)
{
    bool back = s->missed_at && rec->state == RECORD_LIVE && rec->as_of > s->missed_at;
    identify(s, rec);
    s->missed_at = back ? 0 : s->missed_at;
    if (rec->state != RECORD_LIVE || !rec->fields || !rec->key) {
        s->stale = true;
        return true;
    }
    if (tells_nothing_new(s, rec)) {
        if (rec->as_of > s->as_of)
            s->as_of = rec->as_of;
        return fresh || back;
    }
    if (s->fields && (rec->as_of <= s->as_of || s->stale)) {
        s->stale = true;
        return true;
    }
    int64_t from = late && rec->as_of - late > s->as_of ? rec->as_of - late : s->as_of;
    evidence_note(&s->changed, s->fields, rec->fields, from, rec->as_of);
    json_t *fields = s->fields ? json_copy(s->fields) : json_object();
    json_object_update(fields, rec->fields);
    json_decref(s->fields);
    s->fields = fields;
    s->as_of = rec->as_of;
    return true;
}

/* Did the bridge write this cell after that moment? The clocks are two, so in doubt yes. */
static bool written_since(const struct link *link, const struct map_field *f, int64_t moment)
{
    return js_int_or(json_object_get(link->cells, f->name), "at", 0) + CLOCKS_APART_MS >= moment;
}

/* An event older than what we know tells a value that is no longer there. Where a later edit of a person took its place,
 * that is their business; where our own write went over it, it is not believed, but it is not forgotten either. */
static bool log_overtaken_of(struct route *r, struct bound *b, const struct subject *s, const struct record *rec, struct err *err)
{
    struct kin kin __attribute__((cleanup(kin_done))) = {0};
    AUTO_JSON json_t *notes = json_object();
    if (!family_newest(r, b->o, s->key, &kin, err))
        return false;
    for (size_t k = 0; kin.found && k < b->o->n_fields; k++) {
        const struct map_field *f = &b->o->fields[k];
        bool unknown = false;
        AUTO_JSON json_t *told = map_read(f, SIDE_S, rec->fields, r->vocab[SIDE_S], &unknown);
        AUTO_JSON json_t *known = map_read(f, SIDE_S, s->fields, r->vocab[SIDE_S], &unknown);
        if (f->flow != FLOW_TO_CRM && told && known && !value_same(told, known) && written_since(&kin.link, f, rec->as_of))
            js_set(notes, f->name, json_pack("{s:O,s:s}", "lost", told, "why", "an older edit in Inbox, already overtaken"));
    }
    return !json_object_size(notes) || store_log_add(r->store, r->run, kin.link.id, "overtaken", notes, err);
}

static bool log_overtaken(struct intake *in, const char *object, const struct subject *s, const struct record *rec, struct err *err)
{
    for (size_t i = 0; i < in->n; i++)
        for (size_t k = 0; k < in->routes[i]->n; k++) {
            struct bound *b = &in->routes[i]->objects[k];
            if (str_eq(b->o->type[SIDE_S], object) && !log_overtaken_of(in->routes[i], b, s, rec, err))
                return false;
        }
    return true;
}

/* What a page was read for. */
struct reading {
    bool beside;               /* a walk beside the feed: its cursor is another one */
    const struct route *route; /* route compares everything after the walk; NULL = none does */
};

static bool mark_route_at(struct route *r, const char *object, const char *key, int lane, int64_t due, const char *why, struct err *err)
{
    for (size_t k = 0; k < r->n; k++) {
        struct map_object *o = r->objects[k].o;
        if (str_eq(o->type[SIDE_S], object) && (!o->of || o->digest) &&
            !store_job_mark(r->store, r->name, o->name, key, lane, due, why, err))
            return false;
    }
    return true;
}

static bool mark_route(struct route *r, const char *object, const char *key, int lane, const char *why, struct err *err)
{
    return mark_route_at(r, object, key, lane, r->env->now(r->env), why, err);
}

static bool mark_routes(struct intake *in, const char *object, const char *key, bool scanning, const struct reading *reading,
                        struct err *err)
{
    bool ok = true;
    in->marked++;
    for (size_t i = 0; ok && i < in->n; i++)
        if (in->routes[i] == reading->route)
            ok = mark_route_at(in->routes[i], object, key, LANE_RECONCILE, in->env->now(in->env) + COMPARED_MS, "compare", err);
        else
            ok = mark_route(in->routes[i], object, key, scanning ? LANE_BACKFILL : LANE_LIVE, scanning ? "scan" : "event", err);
    return ok;
}

bool intake_others(const struct route *from, const char *object, const char *key, int lane, struct err *err)
{
    struct intake *in = from->source;
    for (size_t i = 0; in && i < in->n; i++) {
        if (in->routes[i] == from || (from->without & WITHOUT_OTHERS))
            continue;
        in->marked++; /* a pass is not quiet before the others have looked */
        if (!mark_route(in->routes[i], object, key, lane, "another route", err))
            return false;
    }
    return true;
}

/* A feed tells again what a webhook told before, in its own order. Taken anew, the older of two edits would contradict the newer
 * one, and every such contradiction is a read. What was taken in once has been considered in full: hearing it again is nothing. */
static uint64_t digest_of(const struct intake *in, const char *object, const struct record *rec)
{
    AUTO_FREE const char **names = needed(in, object);
    AUTO_JSON json_t *told = json_object(); /* a webhook brings more than a feed that was asked for some fields */
    for (const char **name = names; *name; name++)
        if (json_object_get(rec->fields, *name))
            json_object_set(told, *name, json_object_get(rec->fields, *name));
    if (!json_object_size(told)) /* an event of a conversation tells only which word it is about */
        json_object_update(told, rec->fields);
    AUTO_FREE char *fields = js_print_sorted(told);
    AUTO_FREE char *text = mem_printf("%s %s %lld %d %s", object, rec->key, (long long)rec->as_of, (int)rec->state, fields);
    return hash_fast(text, strlen(text), 0);
}

static bool is_event(const struct record *rec, const struct page *page)
{
    return !page->walk && rec->key && rec->fields && rec->as_of;
}

static bool take_source(struct intake *in, const char *object, const struct record *rec, const struct page *page,
                        const struct reading *reading, struct err *err)
{
    bool scanning = page->walk;
    uint64_t digest = is_event(rec, page) ? digest_of(in, object, rec) : 0, *heard = &in->heard[digest % COUNT(in->heard)];
    if (digest && *heard == digest)
        return true;
    struct subject s __attribute__((cleanup(subject_done))) = {0};
    bool found = false;
    if (rec->key ? !store_subject_get(in->store, in->ep->name, object, rec->key, &s, &found, err)
                 : !store_subject_by_id(in->store, in->ep->name, object, rec->id, &s, &found, err))
        return false;
    if (!found && !rec->key)
        return true; /* an id nobody knows, without a key: the next scan names it */
    bool forgotten = false;
    const char *person = js_str_or(rec->fields, "parent", rec->key); /* of a conversation: whom it is with */
    if (!found && !store_forgotten(in->store, person, &forgotten, err))
        return false;
    if (forgotten)
        return true;
    if (!found) {
        s.object = mem_dup(object);
        s.key = mem_dup(rec->key);
    }
    bool older = found && rec->fields && s.fields && rec->as_of <= s.as_of && !tells_nothing_new(&s, rec);
    if (older && !scanning && !log_overtaken(in, object, &s, rec, err))
        return false;
    int64_t before = s.as_of;
    bool renamed = !str_eq(rec->id ? rec->id : s.id, s.id) || !str_eq(rec->label ? rec->label : s.label, s.label);
    bool look = learn(&s, rec, !found, page->late);
    in->echoes += !scanning && found && !look;
    if (scanning && found && !look && !renamed && rec->as_of - before < SCAN_MS)
        return true; /* every prospect comes with each of its threads, in several views: said before, a moment ago */
    if (!store_subject_put(in->store, in->ep->name, &s, err) ||
        (look && !mark_routes(in, object, s.key, scanning, reading, err)))
        return false;
    if (digest)
        *heard = digest;
    return true;
}

/* ---- the target side: only linked records matter ---- */

/* Whose record is it? The service may name it by its own id or by the bridge key. */
static bool link_of(struct route *r, const char *object, const struct record *rec, struct link *out, bool *found, struct err *err)
{
    struct bound *b = route_object_of(r, SIDE_T, object);
    if (!store_link_by_target(r->store, r->name, object, rec->id, out, found, err))
        return false;
    return *found || !rec->key || !b || store_link_get(r->store, r->name, b->o->name, rec->key, out, found, err);
}

static bool take_target(struct intake *in, const char *object, const struct record *rec, struct err *err)
{
    AUTO_FREE const char **fields = in->ep->caps & CAP_FETCH ? NULL : needed(in, object);
    bool news = !fields; /* of an endpoint that can be read anything may be new */
    for (size_t i = 0; i < in->n; i++) {
        struct route *r = in->routes[i];
        struct link link __attribute__((cleanup(link_done))) = {0};
        bool found = false, mine = false;
        if (!link_of(r, object, rec, &link, &found, err))
            return false;
        bool seen = rec->version && str_eq(rec->version, link.t_version); /* windows overlap: most of what they tell is known */
        in->echoes += found && seen;
        if (!found || seen)
            continue;
        if (fields && !memory_told(r, in->ep->name, &link, rec, fields, &mine, err))
            return false;
        news |= mine; /* what one route was told, the others that share the record were told too */
        in->echoes += !news;
        if (!news)
            continue;
        in->marked++;
        if (!store_seen_drop(in->store, link.id, err) || /* what a survey told of it may be older */
            !store_job_mark(in->store, r->name, link.object, link.key, LANE_LIVE, in->env->now(in->env), "crm", err))
            return false;
    }
    return true;
}

/* ---- pages ---- */

/* The stream whose cursor it is: the object's own name is the feed's. */
static char *stream_of(const char *object, const struct reading *reading)
{
    return reading->beside ? mem_printf("walk:%s", object) : mem_dup(object);
}

void intake_unheard(struct intake *in)
{
    memset(in->heard, 0, sizeof in->heard);
}

static bool keep_page(struct intake *in, const char *object, const struct page *page, const struct reading *reading, struct err *err)
{
    AUTO_FREE char *stream = stream_of(object, reading);
    STORE_TX(tx, in->store);
    if (!store_begin(in->store, err))
        return false;
    for (size_t i = 0; i < page->n; i++) {
        const struct record *rec = &page->items[i];
        if (intake_is_source(in) ? !take_source(in, object, rec, page, reading, err) : !take_target(in, object, rec, err))
            return false;
    }
    const char *next = page->gap && intake_is_source(in) ? "" : page->next;
    if (reading->beside && !page->more && !page->gap)
        next = WALKED;
    if (next && !store_cursor_set(in->store, in->ep->name, stream, next, err))
        return false;
    return store_commit(in->store, err);
}

static bool take_page(struct intake *in, const char *object, const struct page *page, const struct reading *reading, struct err *err)
{
    if (keep_page(in, object, page, reading, err))
        return true;
    intake_unheard(in);
    return false;
}

/* Is there more of what was said than has been heard? A full enumeration tells each conversation once, and is not meant. */
static void note_behind(struct intake *in, const char *object, const struct page *page)
{
    bool more = page->more && !page->walk;
    for (size_t i = 0; i < in->n; i++) {
        struct route *r = in->routes[i];
        const struct bound *b = intake_is_source(in) ? route_object_of(r, SIDE_S, object) : NULL;
        if (b && b->o->digest)
            r->behind = !more ? 0 : r->behind ? r->behind : in->env->now(in->env);
    }
}

static bool read_page(struct intake *in, const char *object, const struct reading *reading, bool *more, struct err *err)
{
    AUTO_FREE char *cursor = NULL, *stream = stream_of(object, reading);
    AUTO_FREE const char **fields = needed(in, object);
    struct page page __attribute__((cleanup(page_done))) = {0};
    if (!store_cursor_get(in->store, in->ep->name, stream, &cursor, err))
        return false;
    *more = false;
    if (reading->beside && str_eq(cursor, WALKED))
        return true;
    bool start = !cursor || !*cursor;
    const char *from = start ? (intake_is_source(in) ? NULL : "now") : cursor;
    if (!in->ep->kind->changes(in->ep, object, fields, from, &page, err))
        return err_wrap(err, "endpoint %s: changes of %s", in->ep->name, object);
    if (!take_page(in, object, &page, reading, err))
        return false;
    if (!reading->beside)
        note_behind(in, object, &page);
    in->relearn |= page.relearn;
    in->items += (int64_t)page.n;
    in->pages++;
    *more = page.more || (page.gap && intake_is_source(in));
    return true;
}

bool intake_page(struct intake *in, const char *object, bool *more, struct err *err)
{
    return read_page(in, object, &(struct reading){0}, more, err);
}

static const char *const *objects_of(const struct intake *in)
{
    return in->ep->kind->objects;
}

static bool used(const struct intake *in, const char *object)
{
    for (size_t i = 0; i < in->n; i++) {
        int side = side_of(in->routes[i], in->ep);
        const struct bound *b = route_object_of(in->routes[i], side, object);
        if (b && (side == SIDE_S || !b->o->digest)) /* what is appended there is only ever written */
            return true;
    }
    return false;
}

/* A page taken in while a route does not know its schemas would be marked for nobody, and the cursor gone past it. */
static bool ready(const struct intake *in, struct err *err)
{
    for (size_t i = 0; i < in->n; i++)
        if (!in->routes[i]->learnt)
            return err_set(err, ERR_TEMP, "endpoint %s waits: route %s has not learnt its schemas yet", in->ep->name, in->routes[i]->name);
    return true;
}

bool intake_ready(const struct intake *in)
{
    struct err err = {0};
    return ready(in, &err);
}

bool intake_take(struct intake *in, const struct page *page, struct err *err)
{
    if (!ready(in, err))
        return false;
    for (size_t i = 0; i < page->n; i++) {
        const struct record *rec = &page->items[i];
        const char *object = rec->object ? rec->object : in->ep->kind->objects[0];
        if (!object)
            continue;
        if (intake_is_source(in) ? !take_source(in, object, rec, page, &(struct reading){0}, err)
                                 : !take_target(in, object, rec, err))
            return false;
    }
    in->relearn |= page->relearn;
    in->items += (int64_t)page->n;
    return true;
}

bool intake_delivery(struct intake *in, const struct page *page, struct err *err)
{
    STORE_TX(tx, in->store);
    if (store_begin(in->store, err) && intake_take(in, page, err) && store_commit(in->store, err))
        return true;
    intake_unheard(in);
    return false;
}

bool intake_some(struct intake *in, bool *more, struct err *err)
{
    bool source = intake_is_source(in);
    *more = false;
    if (!ready(in, err))
        return false;
    for (const char *const *object = objects_of(in); *object && (source || !*more); object++) {
        bool here = false;
        if (used(in, *object) && !intake_page(in, *object, &here, err))
            return false;
        *more |= here;
    }
    for (size_t i = 0; !source && i < in->n; i++)
        in->routes[i]->hearing = *more;
    return true;
}

bool intake_all(struct intake *in, void (*progress)(void *, int64_t), void *self, struct err *err)
{
    if (!ready(in, err))
        return false;
    for (const char *const *object = objects_of(in); *object; object++) {
        bool more = used(in, *object);
        while (more) {
            if (!intake_page(in, *object, &more, err))
                return false;
            if (progress)
                progress(self, in->items);
        }
    }
    return true;
}

bool intake_restart(struct intake *in, struct err *err)
{
    for (const char *const *object = objects_of(in); *object; object++)
        if (used(in, *object) && !store_cursor_set(in->store, in->ep->name, *object, "", err))
            return false;
    return true;
}

bool intake_walk(struct intake *in, const struct route *for_route, bool *more, struct err *err)
{
    struct reading reading = {.beside = true, .route = for_route};
    bool any = false;
    if (!ready(in, err))
        return false;
    for (const char *const *object = objects_of(in); *object; object++) {
        bool here = false;
        if (used(in, *object) && !read_page(in, *object, &reading, &here, err))
            return false;
        any |= here;
    }
    *more = any;
    return true;
}

bool intake_walk_again(struct intake *in, struct err *err)
{
    for (const char *const *object = objects_of(in); *object; object++) {
        AUTO_FREE char *stream = stream_of(*object, &(struct reading){.beside = true});
        if (used(in, *object) && !store_cursor_set(in->store, in->ep->name, stream, "", err))
            return false;
    }
    return true;
}

bool intake_mark_all(struct route *r, int lane, struct err *err)
{
    int64_t after = 0, now = r->env->now(r->env);
    for (;;) {
        struct link *links = NULL;
        size_t n = 0;
        if (!store_links_after(r->store, r->name, after, 500, &links, &n, err))
            return false;
        STORE_TX(tx, r->store);
        bool ok = store_begin(r->store, err);
        for (size_t i = 0; ok && i < n; i++) {
            after = links[i].id;
            ok = store_job_mark(r->store, r->name, links[i].object, links[i].key, lane, now, "compare", err);
        }
        ok = ok && store_commit(r->store, err);
        links_free(links, n);
        if (!ok || !n)
            return ok;
    }
}
