/* Reading: what the store knows about the batch, then Inbox for what is stale or unknown, then the CRM by id, or by the
 * bridge key and the match keys where there is no link yet. Nothing here decides; it only finds out. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/evidence.h"
#include "bridge/sync/memory.h"
#include "bridge/sync/verdict.h"

#define SEARCH_LAG_MS (10 * 60 * 1000) /* far beyond what a search index is seen to lag */
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

/* ---- the source ---- */

static bool has_open_op(const struct item *it, int side)
{
    for (size_t i = 0; i < it->n_ops; i++)
        if (it->ops[i].state == OP_OPEN && it->ops[i].side == side)
            return true;
    return false;
}

static bool wants_source(const struct item *it)
{
    return !it->off && (!it->known || it->subject.stale || !it->subject.fields || has_open_op(it, SIDE_S));
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
    if (!it->subject.missed_at) {
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
    if (it->link.id && it->link.state != LINK_TOMBSTONE) {
        it->link.state = LINK_TOMBSTONE;
        free(it->link.reason);
        it->link.reason = mem_dup("gone in Inbox");
        it->link_dirty = true;
        it->event = "source gone";
    }
    item_off(it, NEXT_FINISH, "gone in Inbox");
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
}

/* Fetches the picked items of one object in one call. */
typedef bool pick(const struct item *it);

static bool fetch_source(struct batch *b, struct bound *bound, pick *wanted, struct err *err)
{
    AUTO_FREE const char **ids = mem_grow(NULL, b->n + 1, sizeof *ids);
    AUTO_FREE struct item **who = mem_grow(NULL, b->n + 1, sizeof *who);
    AUTO_FREE struct record *records = mem_grow(NULL, b->n + 1, sizeof *records);
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        if (b->items[i].b == bound && !b->items[i].off && wanted(&b->items[i])) {
            who[n] = &b->items[i];
            ids[n++] = b->items[i].subject.id ? b->items[i].subject.id : b->items[i].who;
            records[n - 1] = (struct record){0};
        }
    struct endpoint *ep = b->r->ep[SIDE_S];
    bool ok = !n || ep->kind->fetch(ep, bound->o->type[SIDE_S], ids, n, bound->needed[SIDE_S], FETCH_FRESH, records, err);
    for (size_t i = 0; i < n; i++) {
        if (ok)
            source_answer(b, who[i], &records[i]);
        record_done(&records[i]);
    }
    return ok;
}

/* A whole call that failed files its error with every item it was for; the rest of the batch goes on. */
static void fail_all(struct batch *b, struct bound *bound, pick *wanted, const struct err *err)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->items[i].b == bound && !b->items[i].off && wanted(&b->items[i]))
            item_fail(b, &b->items[i], err);
}

static bool for_each_object(struct batch *b, pick *wanted,
                            bool (*step)(struct batch *, struct bound *, pick *, struct err *))
{
    for (size_t i = 0; i < b->r->n; i++) {
        struct err err = {0};
        if (!step(b, &b->r->objects[i], wanted, &err))
            fail_all(b, &b->r->objects[i], wanted, &err);
    }
    return true;
}

bool gather_source(struct batch *b, struct err *err)
{
    (void)err;
    return for_each_object(b, wants_source, fetch_source);
}

/* ---- the target, by id ---- */

static bool by_id(const struct item *it)
{
    return it->link.t_id && !it->has_t && it->link.state != LINK_DETACHED && it->link.state != LINK_TOMBSTONE;
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

static bool fetch_target_with(struct batch *b, struct bound *bound, pick *wanted, unsigned flags, struct err *err)
{
    if (!(b->r->ep[SIDE_T]->caps & CAP_FETCH))
        return recall_target(b, bound, wanted, err);
    AUTO_FREE const char **ids = mem_grow(NULL, b->n + 1, sizeof *ids);
    AUTO_FREE struct item **who = mem_grow(NULL, b->n + 1, sizeof *who);
    AUTO_FREE struct record *records = mem_grow(NULL, b->n + 1, sizeof *records);
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        if (b->items[i].b == bound && !b->items[i].off && wanted(&b->items[i])) {
            who[n] = &b->items[i];
            records[n] = (struct record){0};
            ids[n++] = b->items[i].link.t_id;
        }
    struct endpoint *ep = b->r->ep[SIDE_T];
    bool ok = !n || ep->kind->fetch(ep, bound->o->type[SIDE_T], ids, n, bound->needed[SIDE_T], flags, records, err);
    for (size_t i = 0; ok && i < n; i++) {
        if (records[i].err.kind != ERR_NONE && records[i].err.kind != ERR_GONE) {
            item_fail(b, who[i], &records[i].err);
            record_done(&records[i]);
            continue;
        }
        if (records[i].err.kind == ERR_GONE)
            records[i].state = RECORD_GONE;
        record_done(&who[i]->t);
        who[i]->t = records[i];
        who[i]->has_t = true;
    }
    return ok;
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
    return fetch_target_with(b, bound, wanted, by_time(bound->o) ? FETCH_HISTORY : 0, err);
}

static bool fetch_target_past(struct batch *b, struct bound *bound, pick *wanted, struct err *err)
{
    return fetch_target_with(b, bound, wanted, FETCH_FRESH | FETCH_HISTORY, err);
}

/* ---- the target, by key ---- */

static bool unlinked(const struct item *it)
{
    return !it->link.t_id && !it->has_t && it->link.state != LINK_TOMBSTONE && it->link.state != LINK_DETACHED &&
           it->link.state != LINK_AMBIGUOUS;
}

/* The value of the field that is looked for: the bridge key itself, or what the mapping sends to that CRM field. */
static char *match_value(const struct batch *b, const struct item *it, const char *field)
{
    const struct map_object *o = it->b->o;
    if (str_eq(field, o->key))
        return mem_dup(it->link.key);
    for (size_t i = 0; i < o->n_fields; i++) {
        const struct map_field *f = &o->fields[i];
        bool unknown = false;
        struct err err = {0};
        if (!str_eq(f->path[SIDE_T], field) || !it->subject.fields)
            continue;
        AUTO_JSON json_t *s = map_read(f, SIDE_S, it->subject.fields, b->r->vocab[SIDE_S], &unknown);
        AUTO_JSON json_t *t = s ? map_translate(f, SIDE_S, s, &err) : NULL;
        if (json_is_string(t) && *json_string_value(t))
            return mem_dup(json_string_value(t));
    }
    return NULL;
}

static void hold_candidates(struct item *it, const struct found *f, const char *field)
{
    json_t *ids = json_array();
    for (size_t i = 0; i < f->n; i++)
        json_array_append_new(ids, json_string(f->items[i].id));
    struct hold hold = {.why = mem_printf("several records have this %s", field), .about = json_pack("{s:o}", "candidates", ids)};
    it->holds = mem_grow(it->holds, it->n_holds + 1, sizeof *it->holds);
    it->holds[it->n_holds++] = hold;
    it->link.state = LINK_AMBIGUOUS;
    it->link_dirty = true;
    it->event = "ambiguous";
    item_off(it, NEXT_FINISH, "several records match");
}

/* One hit links, unless another prospect owns that record already. */
static bool take_found(struct batch *b, struct item *it, struct found *f, const char *field, struct err *err)
{
    if (f->err.kind != ERR_NONE) {
        item_fail(b, it, &f->err);
        return true;
    }
    if (f->n > 1)
        hold_candidates(it, f, field);
    if (f->n != 1)
        return true;
    struct link other = {0};
    bool taken = false;
    if (!store_link_by_target(b->r->store, b->r->name, it->b->o->type[SIDE_T], f->items[0].id, &other, &taken, err))
        return false;
    bool clash = taken && other.id != it->link.id;
    link_done(&other);
    if (clash) {
        hold_candidates(it, f, field);
        return true;
    }
    record_copy(&it->t, &f->items[0]);
    it->has_t = true;
    it->link.t_id = mem_dup(f->items[0].id);
    it->link_dirty = true;
    it->event = "linked";
    return true;
}

/* Without a unique key a record is found by search only, and searches lag behind: not finding one that may just have been made
 * says nothing yet. */
static bool too_early(const struct batch *b, struct item *it, const char *field)
{
    const struct schema_field *key = schema_find(&it->b->schema[SIDE_T], it->b->o->key);
    if (!str_eq(field, it->b->o->key) || !key || key->unique)
        return false;
    for (size_t i = 0; i < it->n_ops; i++) {
        const struct op *op = &it->ops[i];
        bool doubtful = op->state == OP_OPEN && op->side == SIDE_T && str_eq(op->kind, "create");
        if (!doubtful || b->r->env->now(b->r->env) >= op->created + SEARCH_LAG_MS)
            continue;
        item_off(it, NEXT_LATER, "probe");
        it->due = op->created + SEARCH_LAG_MS;
        return true;
    }
    return false;
}

static bool find_target(struct batch *b, struct bound *bound, const char *field, struct err *err)
{
    AUTO_FREE const char **values = mem_grow(NULL, b->n + 1, sizeof *values);
    AUTO_FREE struct item **who = mem_grow(NULL, b->n + 1, sizeof *who);
    AUTO_FREE struct found *found = mem_grow(NULL, b->n + 1, sizeof *found);
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        char *value = it->b == bound && !it->off && unlinked(it) && !too_early(b, it, field) ? match_value(b, it, field) : NULL;
        if (!value)
            continue;
        found[n] = (struct found){0};
        who[n] = it;
        values[n++] = value;
    }
    struct endpoint *ep = b->r->ep[SIDE_T];
    bool ok = !n || ep->kind->find(ep, bound->o->type[SIDE_T], field, values, n, bound->needed[SIDE_T], found, err);
    for (size_t i = 0; i < n; i++) {
        ok = ok && take_found(b, who[i], &found[i], field, err);
        found_done(&found[i]);
        free((char *)values[i]);
    }
    return ok;
}

/* A person picked the record of an ambiguous link. */
static void take_choice(struct item *it)
{
    for (size_t i = 0; i < it->n_holds; i++)
        if (!it->holds[i].field && it->holds[i].choice && it->link.state == LINK_AMBIGUOUS) {
            it->link.t_id = mem_dup(it->holds[i].choice);
            it->link.state = LINK_LINKED;
            it->link_dirty = true;
            it->event = "linked";
        }
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
        take_choice(it);
        family_admit(b, it);
        if (it->off)
            continue;
        if (!in_scope(b, it) && !it->off)
            item_off(it, NEXT_FINISH, "paused");
    }
    for_each_object(b, by_id_after_cut, fetch_target_past);
    if (!survey_recall(b, err))
        return false;
    for_each_object(b, by_id, fetch_target);
    for (size_t i = 0; i < b->r->n; i++) {
        struct bound *bound = &b->r->objects[i];
        for (size_t m = 0; (b->r->ep[SIDE_T]->caps & CAP_FIND) && m < bound->o->n_match; m++) {
            struct err one = {0};
            if (find_target(b, bound, bound->o->match[m], &one))
                continue;
            if (one.kind == ERR_STORE) {
                *err = one;
                return false;
            }
            fail_all(b, bound, unlinked, &one);
        }
    }
    return true;
}

/* ---- confirmation ---- */

static bool writes_t(const struct item *it)
{
    return it->planned && !it->create && it->plan.writes[SIDE_T];
}

static bool writes_s(const struct item *it)
{
    return it->planned && it->plan.writes[SIDE_S];
}

/* A second look at the cells about to be written: where they differ, somebody is editing right now. */
static bool moved(const struct batch *b, const struct item *it, int side, const json_t *fields)
{
    for (size_t i = 0; i < it->plan.n; i++) {
        const struct cell_plan *c = &it->plan.cells[i];
        bool unknown = false;
        if (!c->write[0] && !c->write[1])
            continue;
        AUTO_JSON json_t *now = map_read(c->f, side, fields, b->r->vocab[side], &unknown);
        if (now && !js_equal(now, c->now[side]))
            return true;
    }
    return false;
}

static void spare(struct batch *b, struct item *it)
{
    b->r->tally.spared++;
    item_off(it, NEXT_AGAIN, "changed while we looked");
}

static bool confirm_target(struct batch *b, struct bound *bound, pick *wanted, struct err *err)
{
    for (size_t i = 0; i < b->n; i++)
        b->items[i].has_t &= !(b->items[i].b == bound && !b->items[i].off && wanted(&b->items[i]));
    if (!fetch_target_with(b, bound, wanted, FETCH_FRESH, err))
        return false;
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        if (it->b != bound || it->off || !wanted(it))
            continue;
        if (it->t.state != RECORD_LIVE || place_stale(b, it) || moved(b, it, SIDE_T, it->t.fields))
            spare(b, it);
    }
    return true;
}

/* A look that leaves no call for the write is wasted, and the next time again: as many go on as may do both. */
static void as_many_as_may(struct batch *b)
{
    int64_t next = 0;
    size_t turns = endpoint_turns(b->r->ep[SIDE_S], 2, &next);
    struct err wait = {0};
    err_set(&wait, ERR_RATE, "%s: its call quota is used up for now", b->r->ep[SIDE_S]->name);
    wait.retry_at = next;
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        if (it->off || !writes_s(it))
            continue;
        if (turns)
            turns--;
        else
            item_fail_side(b, it, SIDE_S, &wait);
    }
}

static bool confirm_source(struct batch *b, struct bound *bound, pick *wanted, struct err *err)
{
    if (!fetch_source(b, bound, wanted, err))
        return false;
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        if (it->b == bound && !it->off && wanted(it) && moved(b, it, SIDE_S, it->subject.fields))
            spare(b, it);
    }
    return true;
}

bool gather_confirm(struct batch *b, struct err *err)
{
    (void)err;
    if (b->r->without & WITHOUT_CONFIRM)
        return true;
    as_many_as_may(b);
    for_each_object(b, writes_s, confirm_source);
    for_each_object(b, writes_t, confirm_target);
    return true;
}
