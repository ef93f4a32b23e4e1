/* Reading: what the store knows about the batch, then Inbox for what is stale or unknown, then the CRM by id. Nothing here
 * decides; it only finds out. Who has no record yet is looked for in match.c, what is about to be written again in confirm.c. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/evidence.h"
#include "bridge/sync/memory.h"

#define GONE_AGAIN_MS (60 * 60 * 1000) /* a source record is gone when two reads an hour apart say so */

/* ---- the store ---- */

static bool gather_item(struct batch *b, struct item *it, struct err *err)
{
    struct route *r = b->r;
    const char *source = it->b->o->type[SIDE_S];
    AUTO_FREE char *key = NULL;
    bool found = false;
    if (!family_gather(b, it, &key, err) ||
        (!it->b->o->digest && !store_subject_get(r->store, r->ep[SIDE_S]->name, source, it->who, &it->subject, &it->known, err)))
        return false;
    if (it->whole)
        return true;
    if (!store_link_get(r->store, r->name, it->job->object, key, &it->link, &found, err))
        return false;
    if (!found) {
        it->link = (struct link){.route = mem_dup(r->name), .object = mem_dup(it->job->object),
                                 .key = mem_dup(key), .t_type = mem_dup(it->b->o->type[SIDE_T]),
                                 .cells = json_object()};
        family_parent(it);
        return true;
    }
    if (!it->link.cells)
        it->link.cells = json_object();
    family_parent(it);
    return store_holds_of(r->store, it->link.id, &it->holds, &it->n_holds, err) &&
           store_ops_of(r->store, it->link.id, &it->ops, &it->n_ops, err);
}

bool gather_store(struct batch *b, const struct job *jobs, size_t n, struct err *err)
{
    STORE_TX(tx, b->r->store);
    if (!store_begin(b->r->store, err))
        return false;
    b->items = mem_grow(NULL, n + 1, sizeof *b->items);
    for (b->n = 0; b->n < n; b->n++) {
        struct item *it = &b->items[b->n];
        *it = (struct item){.job = &jobs[b->n], .b = route_object(b->r, jobs[b->n].object)};
        it->final = str_eq(it->job->why, "risky");
        if (!it->b)
            item_off(it, NEXT_FINISH, "the mapping has no such object");
        else if (!gather_item(b, it, err))
            return false;
    }
    family_turns(b);
    return true;
}

/* ---- one call for many ---- */

struct asked {
    const char **ids;
    struct item **who;
    struct record *records; /* records: the answers, in the same order */
    size_t n;
};

static void asked_done(struct asked *a)
{
    for (size_t i = 0; i < a->n; i++)
        record_done(&a->records[i]);
    free(a->ids);
    free(a->who);
    free(a->records);
}

/* Asks one side for the picked items of one object. */
static bool ask(struct batch *b, struct bound *bound, int side, pick *wanted, unsigned flags, struct asked *a, struct err *err)
{
    struct endpoint *ep = b->r->ep[side];
    *a = (struct asked){.ids = mem_grow(NULL, b->n + 1, sizeof *a->ids), .who = mem_grow(NULL, b->n + 1, sizeof *a->who),
                        .records = mem_grow(NULL, b->n + 1, sizeof *a->records)};
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        if (it->b != bound || it->off || !wanted(it))
            continue;
        a->who[a->n] = it;
        a->ids[a->n] = side == SIDE_T ? it->link.t_id : it->subject.id ? it->subject.id : it->who;
        a->records[a->n++] = (struct record){0};
    }
    return !a->n || ep->kind->fetch(ep, bound->o->type[side], a->ids, a->n, bound->needed[side], flags, a->records, err);
}

/* ---- the source ---- */

static bool has_open_op(const struct item *it, int side)
{
    for (size_t i = 0; i < it->n_ops; i++)
        if (it->ops[i].state == OP_OPEN && it->ops[i].side == side)
            return true;
    return false;
}

static bool was_gone(const struct item *it)
{
    return it->link.state == LINK_TOMBSTONE && str_eq(it->link.reason, WHY_SOURCE_GONE);
}

/* Given up as gone, and told of again since: it is asked for, and if it is there it comes back. */
static bool seems_back(const struct item *it)
{
    return was_gone(it) && !it->subject.missed_at;
}

static bool wants_source(const struct item *it)
{
    return !it->off && (!it->known || it->subject.stale || !it->subject.fields || has_open_op(it, SIDE_S) || seems_back(it));
}

/* What was told replaces what was known; what was not told stays. */
static void overlay(struct item *it, const struct record *rec)
{
    json_t *fields = it->subject.fields ? json_copy(it->subject.fields) : json_object();
    evidence_note(&it->subject.changed, it->subject.fields, rec->fields, it->subject.as_of, rec->as_of);
    json_object_update(fields, rec->fields);
    it->moved |= !js_equal(fields, it->subject.fields);
    it->news |= it->planned && !js_equal(fields, it->subject.fields);
    json_decref(it->subject.fields);
    it->subject.fields = fields;
    if (rec->as_of > it->subject.as_of)
        it->subject.as_of = rec->as_of;
    it->subject.stale = false;
    it->subject.missed_at = 0;
    it->subject_dirty = true;
}

static void source_gone(struct batch *b, struct item *it)
{
    int64_t now = b->r->env->now(b->r->env);
    it->subject_dirty = it->known;
    it->subject.stale = true; /* believed only when it has been read again */
    if (!it->subject.missed_at || it->subject.missed_at > now) {
        it->subject.missed_at = now;
        it->due = now + GONE_AGAIN_MS;
        item_off(it, it->link.id ? NEXT_LATER : NEXT_FINISH, "gone in Inbox: will look again");
        return;
    }
    if (now - it->subject.missed_at < GONE_AGAIN_MS) {
        it->due = it->subject.missed_at + GONE_AGAIN_MS;
        item_off(it, NEXT_LATER, "gone in Inbox: will look again");
        return;
    }
    if (it->link.id && it->link.state != LINK_TOMBSTONE)
        place_gone(b, it);
    else
        item_off(it, NEXT_FINISH, WHY_SOURCE_GONE);
}

/* It answers after all: what was kept of it is compared as if nothing had been. */
static void come_back(struct item *it)
{
    it->link.state = LINK_LINKED;
    free(it->link.reason);
    it->link.reason = NULL;
    it->link_dirty = true;
    it->event = "source back";
}

static void source_answer(struct batch *b, struct item *it, const struct record *rec)
{
    if (rec->err.kind != ERR_NONE && rec->err.kind != ERR_GONE) {
        item_fail_side(b, it, SIDE_S, &rec->err);
        return;
    }
    if (rec->err.kind == ERR_GONE || rec->state == RECORD_GONE || rec->state == RECORD_ARCHIVED || !rec->fields) {
        source_gone(b, it);
        return;
    }
    if (!it->known) {
        it->subject.object = mem_dup(it->b->o->type[SIDE_S]);
        it->subject.key = mem_dup(it->who);
        it->known = true;
    }
    if (rec->id && !str_eq(rec->id, it->subject.id)) {
        free(it->subject.id);
        it->subject.id = mem_dup(rec->id);
    }
    if (rec->label && !str_eq(rec->label, it->subject.label)) {
        free(it->subject.label);
        it->subject.label = mem_dup(rec->label);
    }
    overlay(it, rec);
    if (was_gone(it))
        come_back(it);
}

bool gather_fetch_source(struct batch *b, struct bound *bound, pick *wanted, struct err *err)
{
    struct asked a __attribute__((cleanup(asked_done)));
    if (!ask(b, bound, SIDE_S, wanted, FETCH_FRESH, &a, err))
        return false;
    for (size_t i = 0; i < a.n; i++)
        source_answer(b, a.who[i], &a.records[i]);
    return true;
}

void gather_fail(struct batch *b, struct bound *bound, pick *wanted, const struct err *err)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->items[i].b == bound && !b->items[i].off && wanted(&b->items[i]))
            item_fail(b, &b->items[i], err);
}

void gather_each(struct batch *b, pick *wanted, bool (*step)(struct batch *, struct bound *, pick *, struct err *))
{
    for (size_t i = 0; i < b->r->n; i++) {
        struct err err = {0};
        if (!step(b, &b->r->objects[i], wanted, &err))
            gather_fail(b, &b->r->objects[i], wanted, &err);
    }
}

void gather_source(struct batch *b)
{
    gather_each(b, wants_source, gather_fetch_source);
}

/* ---- the target, by id ---- */

/* A detached record is asked for, too: people bring back what they deleted by mistake. */
static bool by_id(const struct item *it)
{
    return it->link.t_id && !it->has_t && it->link.state != LINK_TOMBSTONE;
}

static bool by_id_after_cut(const struct item *it)
{
    return by_id(it) && has_open_op(it, SIDE_T);
}

/* A side that cannot be read is what was last said. */
static bool recall_target(struct batch *b, struct bound *bound, pick *wanted, struct err *err)
{
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        struct record rec = {0};
        if (it->b != bound || it->off || !wanted(it))
            continue;
        if (!memory_recall(b->r, bound, &it->link, &rec, err))
            return false;
        record_done(&it->t);
        it->t = rec;
        it->has_t = true;
    }
    return true;
}

static void target_answer(struct batch *b, struct item *it, struct record *rec)
{
    if (rec->err.kind != ERR_NONE && rec->err.kind != ERR_GONE) {
        item_fail(b, it, &rec->err);
        return;
    }
    if (rec->err.kind == ERR_GONE)
        rec->state = RECORD_GONE;
    record_done(&it->t);
    it->t = *rec;
    it->has_t = true;
    *rec = (struct record){0};
}

bool gather_fetch_target(struct batch *b, struct bound *bound, pick *wanted, unsigned flags, struct err *err)
{
    if (!(b->r->ep[SIDE_T]->caps & CAP_FETCH))
        return recall_target(b, bound, wanted, err);
    struct asked a __attribute__((cleanup(asked_done)));
    if (!ask(b, bound, SIDE_T, wanted, flags, &a, err))
        return false;
    for (size_t i = 0; i < a.n; i++)
        target_answer(b, a.who[i], &a.records[i]);
    return true;
}

/* Some field asks which edit was later: then the record's past is worth its price. */
static bool by_time(const struct map_object *o)
{
    for (size_t i = 0; i < o->n_fields; i++)
        if (o->fields[i].conflict == POLICY_NEWEST || o->fields[i].initial == POLICY_NEWEST)
            return true;
    return false;
}

static bool fetch_target(struct batch *b, struct bound *bound, pick *wanted, struct err *err)
{
    return gather_fetch_target(b, bound, wanted, by_time(bound->o) ? FETCH_HISTORY : 0, err);
}

static bool fetch_target_past(struct batch *b, struct bound *bound, pick *wanted, struct err *err)
{
    return gather_fetch_target(b, bound, wanted, FETCH_FRESH | FETCH_HISTORY, err);
}

static bool in_scope(struct batch *b, struct item *it)
{
    const char *out = map_filter(it->b->o, it->subject.fields, b->r->vocab[SIDE_S]);
    if (!out) {
        if (it->link.state == LINK_PAUSED && str_starts(it->link.reason ? it->link.reason : "", "filter")) {
            it->link.state = LINK_LINKED;
            it->link_dirty = true;
        }
        return it->link.state != LINK_PAUSED;
    }
    if (it->link.id && it->link.state == LINK_LINKED) {
        it->link.state = LINK_PAUSED;
        free(it->link.reason);
        it->link.reason = mem_printf("filter: %s", out);
        it->link_dirty = true;
        it->event = "paused";
    }
    b->r->tally.excluded++;
    item_off(it, NEXT_FINISH, out);
    return false;
}

bool gather_target(struct batch *b, struct err *err)
{
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        if (it->off)
            continue;
        family_admit(b, it);
        if (it->off)
            continue;
        if (!in_scope(b, it) && !it->off)
            item_off(it, NEXT_FINISH, "paused");
    }
    gather_each(b, by_id_after_cut, fetch_target_past);
    if (!survey_recall(b, err))
        return false;
    gather_each(b, by_id, fetch_target);
    return true;
}
