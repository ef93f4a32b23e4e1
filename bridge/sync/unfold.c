/* Conversations become entries. A job of an appended object is either about an entry, which goes the ordinary road, or about
 * a whole conversation: that one is read here, rendered by the mapping's rules, and what differs from the entries known becomes
 * subjects and jobs of its own, in one transaction. What waits for its person's record, or is not to be logged, is not even
 * read; the person's own pass wakes it. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include "mappings/digest.h"
#include <string.h>

#define WAITS "waits"     /* reason of a job whose conversation may not be logged yet */
#define SYNCING "syncing" /* reason of one that is to be read again */
#define WAIT_MS (24 * 60 * 60 * INT64_C(1000)) /* it is woken; this is for whatever woke nobody */
#define SYNCING_MS (5 * 60 * INT64_C(1000))    /* older messages are still coming in */
#define BEHIND_MS (5 * INT64_C(1000))
#define BEHIND_MOST_MS (10 * 60 * INT64_C(1000)) /* a feed that never comes to its end keeps nobody waiting */
#define ENTRY "entry"
#define PAGE 200

/* Entries follow the rules of one route, so they are kept by route. */
static char *stream_of(const struct route *r, const struct map_object *o)
{
    return mem_printf("%s/%s", r->name, o->name);
}

bool unfold_gather(struct batch *b, struct item *it, struct err *err)
{
    struct route *r = b->r;
    const struct map_object *o = it->b->o;
    AUTO_FREE char *stream = stream_of(r, o);
    bool linked = false;
    if (!store_subject_get(r->store, stream, ENTRY, it->job->key, &it->subject, &it->known, err))
        return false;
    it->whole = !it->known;
    if (it->whole && !store_subject_get(r->store, r->ep[SIDE_S]->name, o->type[SIDE_S], it->job->key, &it->subject, &it->known, err))
        return false;
    const char *parent = js_str(it->subject.fields, "parent");
    return !parent || store_link_get(r->store, r->name, o->of, parent, &it->parent, &linked, err);
}

/* ---- what may be logged ---- */

static bool has_record(const struct item *it)
{
    return it->parent.id && it->parent.t_id && it->parent.state == LINK_LINKED;
}

bool unfold_placed(const struct item *it)
{
    return !it->b->o->digest || has_record(it);
}

static bool silenced(const struct route *r, const struct digest *d, const json_t *tags)
{
    size_t i;
    json_t *tag;
    json_array_foreach ((json_t *)tags, i, tag) {
        const char *id = json_string_value(tag), *label = id ? vocabulary_label(r->vocab[SIDE_S], "context.tags", id) : NULL;
        if (digest_silences(d, label ? label : id))
            return true;
    }
    return false;
}

static bool may_log(struct batch *b, struct item *it, const char **why, struct err *err)
{
    struct route *r = b->r;
    const struct digest *d = it->b->o->digest;
    struct bound *of = route_object(r, it->b->o->of);
    struct subject person __attribute__((cleanup(subject_done))) = {0};
    bool found = false;
    *why = has_record(it) ? NULL : "the person has no record in the CRM yet";
    if (*why || !digest_asks_tags(d))
        return true;
    if (!store_subject_get(r->store, r->ep[SIDE_S]->name, of->o->type[SIDE_S], js_str(it->subject.fields, "parent"), &person, &found, err))
        return false;
    const json_t *tags = json_object_get(person.fields, "context.tags");
    if (!tags)
        *why = "the person's tags are not known yet";
    else if (silenced(r, d, tags))
        *why = "never logged: the person's tags";
    return true;
}

/* ---- what is known ---- */

static const struct entry *entry_of(const struct entries *e, const char *key)
{
    for (size_t i = 0; i < e->n; i++)
        if (str_eq(e->items[i].key, key))
            return &e->items[i];
    return NULL;
}

struct unfolding {
    struct batch *b;
    struct item *it;
    char *stream;
    struct entries entries; /* as the conversation is now */
    bool *known;            /* of each: an entry of that key is there */
    bool whole;             /* the conversation was read to its beginning */
};

static bool keep(struct unfolding *u, const char *key, const json_t *fields, struct err *err)
{
    struct route *r = u->b->r;
    int64_t now = r->env->now(r->env);
    struct subject s = {.object = (char *)ENTRY, .key = (char *)key, .fields = (json_t *)fields, .as_of = now};
    return store_subject_put(r->store, u->stream, &s, err) &&
           store_job_mark(r->store, r->name, u->it->b->o->name, key, u->it->job->lane, now, "said", err);
}

static bool compare(struct unfolding *u, const struct subject *old, struct err *err)
{
    const struct entry *now = entry_of(&u->entries, old->key);
    const char *print = js_str_or(old->fields, "print", "");
    if (now) {
        u->known[now - u->entries.items] = true;
        return str_eq(js_str(now->fields, "print"), print) || keep(u, old->key, now->fields, err);
    }
    if (!u->whole || str_eq(print, "empty"))
        return true;
    AUTO_JSON json_t *empty = digest_emptied(u->it->b->o->digest, old->fields);
    return keep(u, old->key, empty, err);
}

/* The entries known of this conversation, in the order of their keys. */
static bool compare_known(struct unfolding *u, struct err *err)
{
    AUTO_FREE char *prefix = mem_printf("%s:", u->it->subject.id), *after = mem_dup(prefix);
    for (bool more = true; more;) {
        struct subject *list = NULL;
        size_t n = 0;
        if (!store_subjects_after(u->b->r->store, u->stream, ENTRY, after, PAGE, &list, &n, err))
            return false;
        bool ok = true;
        more = n == PAGE;
        for (size_t i = 0; ok && i < n; i++) {
            more = more && str_starts(list[i].key, prefix);
            ok = !str_starts(list[i].key, prefix) || compare(u, &list[i], err);
        }
        free(after);
        after = mem_dup(n ? list[n - 1].key : "");
        subjects_free(list, n);
        if (!ok)
            return false;
    }
    return true;
}

static bool keep_all(struct unfolding *u, struct err *err)
{
    STORE_TX(tx, u->b->r->store);
    if (!store_begin(u->b->r->store, err) || !compare_known(u, err))
        return false;
    for (size_t i = 0; i < u->entries.n; i++)
        if (!u->known[i] && !keep(u, u->entries.items[i].key, u->entries.items[i].fields, err))
            return false;
    return store_commit(u->b->r->store, err);
}

/* ---- one conversation ---- */

static bool unfold(struct batch *b, struct item *it, const struct record *rec, struct err *err)
{
    const struct map_object *o = it->b->o;
    AUTO_JSON json_t *conversation = json_copy(it->subject.fields);
    bool syncing = js_bool_or(rec->fields, "syncing", false);
    struct unfolding u = {.b = b, .it = it, .stream = stream_of(b->r, o), .whole = !syncing};
    json_object_update(conversation, rec->fields);
    js_set(conversation, "conversation", json_string(it->subject.id));
    digest_render(o->digest, digest_limit(o->digest, o), conversation, &u.entries);
    u.known = mem_alloc((u.entries.n + 1) * sizeof *u.known);
    bool ok = keep_all(&u, err);
    entries_done(&u.entries);
    free(u.known);
    free(u.stream);
    it->subject.stale = false;
    it->subject_dirty = true;
    b->r->tally.unchanged++;
    it->due = b->r->env->now(b->r->env) + SYNCING_MS;
    item_off(it, syncing ? NEXT_LATER : NEXT_FINISH, syncing ? SYNCING : "read");
    return ok;
}

static bool take(struct batch *b, struct item *it, const struct record *rec, struct err *err)
{
    if (rec->err.kind != ERR_NONE && rec->err.kind != ERR_GONE) {
        item_fail_side(b, it, SIDE_S, &rec->err);
        return true;
    }
    if (rec->err.kind == ERR_GONE || rec->state == RECORD_GONE || !rec->fields) {
        item_off(it, NEXT_FINISH, "the conversation is gone; what was logged stays");
        return true;
    }
    return unfold(b, it, rec, err);
}

static bool wanted(const struct item *it, const struct bound *bound)
{
    return it->whole && !it->off && it->b == bound;
}

static bool read_all(struct batch *b, struct bound *bound, struct err *err)
{
    AUTO_FREE const char **ids = mem_grow(NULL, b->n + 1, sizeof *ids);
    AUTO_FREE struct item **who = mem_grow(NULL, b->n + 1, sizeof *who);
    AUTO_FREE struct record *records = mem_alloc((b->n + 1) * sizeof *records);
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        if (wanted(&b->items[i], bound)) {
            who[n] = &b->items[i];
            ids[n++] = b->items[i].subject.id;
        }
    struct err call = {0};
    struct endpoint *ep = b->r->ep[SIDE_S];
    bool read = !n || ep->kind->fetch(ep, bound->o->type[SIDE_S], ids, n, bound->needed[SIDE_S], FETCH_FRESH, records, &call), ok = true;
    for (size_t i = 0; i < n; i++) {
        if (!read)
            item_fail_side(b, who[i], SIDE_S, &call);
        else if (ok)
            ok = take(b, who[i], &records[i], err);
        record_done(&records[i]);
    }
    return ok;
}

/* While the feed goes on telling what was said, every page of it would have the same conversations read again. */
static bool too_early(const struct batch *b, int64_t now)
{
    return !b->dry && b->r->behind && now - b->r->behind < BEHIND_MOST_MS;
}

static bool sieve(struct batch *b, struct item *it, struct err *err)
{
    const char *why = NULL;
    if (!it->known || !it->subject.id || !it->subject.fields) {
        item_off(it, NEXT_FINISH, "nobody knows this conversation");
        return true;
    }
    if (!may_log(b, it, &why, err))
        return false;
    int64_t now = b->r->env->now(b->r->env);
    if (b->dry)
        item_off(it, NEXT_FINISH, why ? why : "a conversation: read when it is synced");
    if (!why && too_early(b, now)) {
        it->due = now + BEHIND_MS;
        item_off(it, NEXT_LATER, it->job->why);
    }
    if (b->dry || !why)
        return true;
    b->r->tally.excluded++;
    it->due = now + WAIT_MS;
    item_off(it, NEXT_LATER, WAITS);
    return true;
}

bool unfold_batch(struct batch *b, struct err *err)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->items[i].whole && !b->items[i].off && !sieve(b, &b->items[i], err))
            return false;
    for (size_t k = 0; k < b->r->n; k++)
        if (b->r->objects[k].o->digest && !read_all(b, &b->r->objects[k], err))
            return false;
    return true;
}

/* ---- waking ---- */

static bool wake_one(struct route *r, const struct map_object *o, const char *key, struct err *err)
{
    struct job job __attribute__((cleanup(job_done))) = {0};
    bool found = false;
    if (!store_job_get(r->store, r->name, o->name, key, &job, &found, err))
        return false;
    bool waits = found && !str_eq(job.why, SYNCING); /* or will, once this batch is settled */
    return !waits || store_job_mark(r->store, r->name, o->name, key, job.lane, r->env->now(r->env), "woken", err);
}

bool unfold_wake(struct batch *b, const struct item *it, struct err *err)
{
    struct route *r = b->r;
    AUTO_FREE char *prefix = mem_printf("%s/", it->job->key);
    for (size_t k = 0; k < r->n; k++) {
        const struct map_object *o = r->objects[k].o;
        struct subject *list = NULL;
        size_t n = 0;
        if (!o->digest || !str_eq(o->of, it->job->object) || it->link.state != LINK_LINKED || !it->link.t_id)
            continue;
        if (!store_subjects_after(r->store, r->ep[SIDE_S]->name, o->type[SIDE_S], prefix, PAGE, &list, &n, err))
            return false;
        bool ok = true;
        for (size_t i = 0; ok && i < n && str_starts(list[i].key, prefix); i++)
            ok = wake_one(r, o, list[i].key, err);
        subjects_free(list, n);
        if (!ok)
            return false;
    }
    return true;
}
