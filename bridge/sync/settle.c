/* Settling: what the services answered becomes, in one transaction, links, shadows, log rows, holds, and the end of ops
 * and jobs. A shadow moves only on a confirmed result, and only to what was read back. */
#include "bridge/base/buf.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/bulk.h"
#include "bridge/sync/intake.h"
#include "bridge/sync/memory.h"
#include "bridge/sync/verdict.h"
#include "mappings/value.h"

#define FLAP_WINDOW_MS (60 * 60 * 1000)
#define FLAP_TIMES 3
#define TURN_WINDOW_MS (10 * 60 * 1000)
#define TURN_TIMES 12 /* no two people answer each other in one field so often and so fast */
#define PROBE_AFTER_MS 5000
#define LEARN_AGAIN_MS (10 * 60 * 1000)
#define LISTS_AGAIN_MS (60 * 60 * 1000)

/* ---- cells and their notes ---- */

static json_t *note_of(struct item *it, const char *field)
{
    if (!it->log)
        it->log = json_object();
    json_t *note = json_object_get(it->log, field);
    if (!note) {
        note = json_object();
        js_set(it->log, field, note);
    }
    return note;
}

/* Two automations, one on each side, that answer every change with another one of their own would go on for ever without a value
 * coming back: what they cannot hide is that each write goes the other way. */
static void count_turns(json_t *cell, const json_t *old, enum wrote wrote, int64_t since)
{
    int64_t last = js_int_or(old, "w", WROTE_NOTHING), turns = js_int_or(old, "m", 0);
    bool turned = last != WROTE_NOTHING && (wrote == WROTE_BOTH || wrote != last) && since < TURN_WINDOW_MS;
    js_set(cell, "w", json_integer(wrote));
    if (turned)
        js_set(cell, "m", json_integer(turns + 1));
}

/* Both shadows at once; the log row says the same, so that replaying the log gives the cells bit for bit. */
void settle_cell(struct item *it, const struct map_field *f, const json_t *s, const json_t *t, int64_t now, enum wrote wrote)
{
    json_t *old = json_object_get(it->link.cells, f->name), *cell = json_object();
    int64_t before = js_int_or(old, "at", 0), flips = js_int_or(old, "n", 0);
    json_object_set(cell, "s", (json_t *)s);
    json_object_set(cell, "t", (json_t *)t);
    if (wrote != WROTE_NOTHING) {
        bool back = json_object_get(old, "p") && value_same(json_object_get(old, "p"), s);
        flips = back && now - before < FLAP_WINDOW_MS ? flips + 1 : 0;
        js_set(cell, "at", json_integer(now));
        if (json_object_get(old, "s"))
            json_object_set(cell, "p", json_object_get(old, "s"));
        if (flips)
            js_set(cell, "n", json_integer(flips));
        count_turns(cell, old, wrote, now - before);
    }
    js_set(it->link.cells, f->name, cell);
    json_t *note = note_of(it, f->name);
    json_object_set(note, "s", (json_t *)s);
    json_object_set(note, "t", (json_t *)t);
    it->link_dirty = true;
}

void settle_note(struct item *it, const char *field, const char *side, const json_t *old, const json_t *now,
                 const char *why, const char *policy, int line, const json_t *lost)
{
    json_t *note = note_of(it, field);
    js_set(note, "side", json_string(side));
    if (old)
        json_object_set(note, "old", (json_t *)old);
    if (now)
        json_object_set(note, "new", (json_t *)now);
    js_set(note, "why", js_text(why));
    js_set(note, "policy", js_text(policy));
    js_set(note, "line", json_integer(line));
    if (lost && !json_object_get(note, "lost"))
        json_object_set(note, "lost", (json_t *)lost);
    else if (lost && !js_equal(json_object_get(note, "lost"), lost))
        json_object_set(note, "lost_too", (json_t *)lost);
}

/* ---- one write's answer ---- */

static void set_text(char **slot, const char *text)
{
    char *copy = mem_dup(text);
    free(*slot);
    *slot = copy;
}

static json_t *read_back(struct batch *b, const struct cell_plan *c, int side, const struct result *res)
{
    bool unknown = false;
    if (b->r->without & WITHOUT_READBACK)
        return json_incref(c->to[side]);
    return res->record.fields ? map_read(c->f, side, res->record.fields, b->r->vocab[side], &unknown) : NULL;
}

static void settle_flap(struct item *it, const struct cell_plan *c)
{
    json_t *cell = json_object_get(it->link.cells, c->f->name);
    if (js_int_or(cell, "n", 0) < FLAP_TIMES && js_int_or(cell, "m", 0) < TURN_TIMES)
        return;
    json_object_del(cell, "m"); /* once a person has spoken, they may begin anew */
    it->holds = mem_grow(it->holds, it->n_holds + 1, sizeof *it->holds);
    it->holds[it->n_holds++] = (struct hold){
        .link = it->link.id, .field = mem_dup(c->f->name), .why = mem_dup("flapping"),
        .about = json_pack("{s:O,s:O}", "a", json_object_get(cell, "s"), "b", json_object_get(cell, "p"))};
}

static bool done(const struct item *it, int side)
{
    return item_sent(it, side) && it->out[side].result.err.kind == ERR_NONE;
}

/* A cell that was written: where both sides were, both answers count; where one of two landed, see as_if in write.c. */
static void settle_written(struct batch *b, struct item *it, struct cell_plan *c)
{
    int64_t now = b->r->env->now(b->r->env);
    const char *field = c->f->name;
    int side = c->write[SIDE_T] && item_landed(it, field, SIDE_T) ? SIDE_T : SIDE_S;
    bool both = c->write[0] && c->write[1] && item_landed(it, field, 0) && item_landed(it, field, 1);
    AUTO_JSON json_t *mine = read_back(b, c, side, &it->out[side].result);
    AUTO_JSON json_t *other = both ? read_back(b, c, 1 - side, &it->out[1 - side].result) : json_incref(c->now[1 - side]);
    if (!mine || !other) { /* not told what it made of it: look again */
        it->next = NEXT_AGAIN;
        it->why = "read back";
        return;
    }
    if (c->merged && !both) {
        const json_t *cell = json_object_get(json_object_get(it->out[side].op.payload, "cells"), c->f->name);
        json_t *alone = json_object_get(cell, "as_if");
        if (alone) {
            json_decref(mine);
            mine = json_incref(alone);
        }
        it->next = NEXT_AGAIN;
        it->why = "other half of a merge";
    }
    const json_t *old = c->now[side], *lost = c->conflict ? c->now[side] : NULL;
    settle_cell(it, c->f, side == SIDE_S ? mine : other, side == SIDE_S ? other : mine, now, both ? WROTE_BOTH : side == SIDE_S ? WROTE_S : WROTE_T);
    settle_note(it, c->f->name, both ? "both" : side == SIDE_S ? "inbox" : "crm", old, mine, c->why,
                policy_name(c->f->conflict), c->f->line, lost);
    if (both) /* `old` is the CRM's; an undo needs this one too */
        json_object_set(note_of(it, c->f->name), "old_inbox", c->now[SIDE_S]);
    settle_flap(it, c);
    b->r->tally.conflicts += c->conflict;
}

/* What a create says nothing about: a blank on both sides is agreement, and so is what the service itself gave the new record
 * where both sides may write. It is nobody's edit and no news for the other side; what somebody makes of it later is. */
static void settle_created_rest(struct batch *b, struct item *it, struct cell_plan *c)
{
    bool unknown = false;
    if (c->f->fence && it->next == NEXT_FINISH) { /* what it says is known once the record is read */
        it->next = NEXT_AGAIN;
        it->why = "its line";
    }
    if (c->write[SIDE_T] || !c->now[SIDE_S] || c->f->flow == FLOW_NONE || c->f->fence)
        return;
    const struct result *res = &it->out[SIDE_T].result;
    bool born = res->created && res->record.untouched && item_unsaid(c);
    AUTO_JSON json_t *told = res->record.fields ? map_read(c->f, SIDE_T, res->record.fields, b->r->vocab[SIDE_T], &unknown) : NULL;
    AUTO_JSON json_t *t = told ? json_incref(told) : value_canonical(json_null(), c->f->is_set);
    it->news |= c->f->flow == FLOW_TO_INBOX && !value_blank(t); /* the CRM alone has a say here, and it has spoken */
    if ((born && told) || (value_blank(c->now[SIDE_S]) && value_blank(t)))
        settle_cell(it, c->f, c->now[SIDE_S], t, b->r->env->now(b->r->env), WROTE_NOTHING);
}

/* How new the CRM's record is known to be: replicas that are older are not believed. */
static void know(struct item *it, const struct record *rec)
{
    if (rec->modified <= it->link.touched)
        return;
    it->link.touched = rec->modified;
    it->link_dirty = true;
}

static void take_record(struct item *it, int side)
{
    struct record *rec = &it->out[side].result.record;
    if (side == SIDE_T) {
        know(it, rec);
        if (rec->id && !it->link.t_id)
            it->link.t_id = mem_dup(rec->id);
        if (rec->version && it->create)
            set_text(&it->link.t_version, rec->version);
        it->link.state = LINK_LINKED;
        it->link_dirty = true;
        return;
    }
    if (!rec->fields)
        return;
    json_t *fields = json_copy(it->subject.fields), *value;
    const char *name;
    json_object_foreach (rec->fields, name, value)
        it->news |= !json_object_get(it->out[side].set, name) && !js_equal(value, json_object_get(fields, name));
    json_object_update(fields, rec->fields);
    json_decref(it->subject.fields);
    it->subject.fields = fields;
    if (rec->as_of > it->subject.as_of)
        it->subject.as_of = rec->as_of;
    it->subject_dirty = it->moved = true;
}

static bool bury(struct batch *b, struct op *op, char *stolen_words, struct err *err)
{
    op->revive = write_fingerprint(b, json_object_get(op->payload, "set"));
    op->state = OP_DEAD;
    op->error = stolen_words;
    b->r->tally.dead++;
    return store_op_put(b->r->store, op, err);
}

/* A value that was refused where only listed ones are taken: the list may have changed since it was learnt. Asked again at most
 * once an hour, for most refusals have other reasons. */
static void doubt_list(struct batch *b, const struct item *it, int side, const char *field)
{
    int64_t now = b->r->env->now(b->r->env);
    for (size_t i = 0; it->planned && i < it->plan.n; i++) {
        const struct cell_plan *c = &it->plan.cells[i];
        const struct schema_field *f = schema_find(&it->b->schema[side], c->f->path[side]);
        bool written = c->write[side] && (!field || str_eq(field, c->f->name));
        b->r->relearn |= written && f && f->n_options && now - b->r->learnt_at >= LISTS_AGAIN_MS;
    }
}

/* Of a split record only what was refused stays behind, under the fingerprint of just that: it is offered again when one
 * of those values changes. */
static bool bury_refused(struct batch *b, struct outgoing *o, const struct item *it, int side, struct err *err)
{
    json_t *cells = json_object(), *set = json_object(), *words;
    struct buf all = {0};
    const char *field;
    json_object_foreach (o->refused, field, words) {
        doubt_list(b, it, side, field);
        json_object_set(cells, field, json_object_get(json_object_get(o->op.payload, "cells"), field));
        buf_printf(&all, "%s%s: %s", all.n ? "; " : "", field, json_string_value(words));
        for (size_t i = 0; i < it->plan.n; i++)
            if (str_eq(it->plan.cells[i].f->name, field))
                json_object_set(set, it->plan.cells[i].f->path[side], json_object_get(o->set, it->plan.cells[i].f->path[side]));
    }
    json_decref(o->op.payload);
    o->op.payload = json_pack("{s:o,s:o}", "cells", cells, "set", set);
    return bury(b, &o->op, buf_take(&all), err);
}

bool settle_owned(struct batch *b, struct item *it, struct result *res, struct err *err)
{
    struct link other = {0};
    bool taken = false;
    if (res->err.kind != ERR_NONE || it->link.t_id || !res->record.id)
        return true;
    if (!store_link_by_target(b->r->store, b->r->name, it->link.t_type, res->record.id, &other, &taken, err))
        return false;
    if (taken && other.id != it->link.id)
        err_set(&res->err, ERR_REJECT, "the CRM answered with the id %s, which is another prospect's record", res->record.id);
    link_done(&other);
    return true;
}

/* What was sent and not refused after all. */
static json_t *accepted(const struct outgoing *o, const struct item *it, int side)
{
    json_t *set = json_copy(o->set);
    for (size_t i = 0; i < it->plan.n; i++)
        if (json_object_get(o->refused, it->plan.cells[i].f->name))
            json_object_del(set, it->plan.cells[i].f->path[side]);
    return set;
}

/* The op's end, by the verdict table. */
static bool settle_op(struct batch *b, struct item *it, int side, struct err *err)
{
    struct outgoing *o = &it->out[side];
    if (side == SIDE_T && !settle_owned(b, it, &o->result, err))
        return false;
    const struct verdict *v = verdict_of(o->result.err.kind);
    if (v->then == THEN_DONE) {
        take_record(it, side);
    } else {
        item_fail_side(b, it, side, &o->result.err);
    }
    AUTO_JSON json_t *sent = accepted(o, it, side);
    if (side == SIDE_T && !memory_wrote(b, it, &o->result, sent, o->seen, err))
        return false;
    if (v->op_stays) {
        if (side == SIDE_T)
            know(it, &o->result.record); /* written, perhaps, and only unchecked */
        it->next = NEXT_LATER;
        it->why = "probe";
        it->due = b->r->env->now(b->r->env) + PROBE_AFTER_MS;
        return true;
    }
    if (v->then == THEN_LOST && side == SIDE_S) {
        it->subject.stale = true;
        it->subject_dirty = true;
    }
    if (v->then == THEN_DEAD) {
        doubt_list(b, it, side, NULL);
        it->next = NEXT_FINISH;
        return bury(b, &o->op, mem_dup(o->result.err.text), err);
    }
    if (json_object_size(o->refused))
        return bury_refused(b, o, it, side, err);
    return !o->op.id || store_op_delete(b->r->store, o->op.id, err);
}

/* A create left to a bulk job: the op stays open, and the job comes again when the bulk job has told. */
static bool leave_op(struct batch *b, struct item *it)
{
    it->next = NEXT_LATER;
    it->why = "bulk";
    it->due = b->r->env->now(b->r->env) + BULK_LIFE_MS;
    return true;
}

/* ---- holds ---- */

static bool settle_hold(struct batch *b, struct item *it, struct cell_plan *c, struct err *err)
{
    const struct hold *old = NULL;
    for (size_t i = 0; i < it->n_holds; i++)
        if (it->holds[i].id && str_eq(it->holds[i].field, c->f->name))
            old = &it->holds[i];
    bool over = old && c->act != ACT_HOLD && (!(c->write[0] || c->write[1]) || done(it, 0) || done(it, 1));
    if (over && !store_hold_delete(b->r->store, old->id, err))
        return false;
    if (c->act != ACT_HOLD)
        return true;
    b->r->tally.held++;
    bool unknown = old && str_eq(old->why, "unknown outcome"); /* what was sent, and what stood there before, stay told */
    json_t *about = unknown ? json_deep_copy(old->about) : json_object();
    static const char *const names[2][2] = {{"s", "base_s"}, {"t", "base_t"}};
    for (int side = 0; side < 2; side++) {
        if (c->now[side])
            json_object_set(about, names[side][0], c->now[side]);
        if (c->base[side])
            json_object_set(about, names[side][1], c->base[side]);
    }
    if (old && js_equal(old->about, about)) {
        json_decref(about);
        return true;
    }
    struct hold hold = {.link = it->link.id, .route = (char *)b->r->name, .field = c->f->name,
                        .why = old && str_eq(old->why, "flapping") ? old->why : c->why, .about = about};
    bool ok = store_hold_put(b->r->store, &hold, err);
    json_decref(about);
    return ok;
}

/* Holds that came up on the way: ambiguous links, races, flapping. */
static bool settle_new_holds(struct batch *b, struct item *it, struct err *err)
{
    for (size_t i = 0; i < it->n_holds; i++) {
        struct hold *h = &it->holds[i];
        if (h->id)
            continue;
        h->link = it->link.id;
        if (!h->route)
            h->route = mem_dup(b->r->name);
        if (!store_hold_put(b->r->store, h, err))
            return false;
        b->r->tally.held += !h->choice;
        if (h->choice)
            it->next = NEXT_AGAIN;
    }
    return true;
}

/* ---- one item ---- */

static void settle_cells(struct batch *b, struct item *it)
{
    int64_t now = b->r->env->now(b->r->env);
    for (size_t i = 0; i < it->plan.n; i++) {
        struct cell_plan *c = &it->plan.cells[i];
        bool written = (c->write[SIDE_S] && item_landed(it, c->f->name, SIDE_S)) ||
                       (c->write[SIDE_T] && item_landed(it, c->f->name, SIDE_T));
        if (written)
            settle_written(b, it, c);
        else if (it->create && done(it, SIDE_T))
            settle_created_rest(b, it, c);
        else if (c->adopt_only && !it->create)
            settle_cell(it, c->f, c->now[SIDE_S], c->now[SIDE_T], now, WROTE_NOTHING);
    }
}

/* Somebody who came after we asked who is who: ask again, though not for ever, for some ids nobody knows. */
static void settle_unknown(struct batch *b, struct item *it)
{
    int64_t now = b->r->env->now(b->r->env);
    b->r->tally.stale++;
    b->r->relearn |= now - b->r->learnt_at >= LEARN_AGAIN_MS;
    if (it->next != NEXT_FINISH || it->job->attempts >= 2)
        return;
    it->next = NEXT_RETRY;
    it->due = now + LEARN_AGAIN_MS;
}

static bool settle_planned(struct batch *b, struct item *it, struct err *err)
{
    for (int side = 0; side < 2; side++)
        if (it->out[side].wanted && !(item_sent(it, side) ? settle_op(b, it, side, err) : leave_op(b, it)))
            return false;
    settle_cells(b, it);
    struct tally *t = &b->r->tally;
    bool t_done = done(it, SIDE_T), s_done = done(it, SIDE_S);
    t->created += it->create && t_done;
    t->updated_t += !it->create && t_done;
    t->updated_s += s_done;
    t->adopted += it->plan.adopts > 0 && !t_done && !s_done && !it->settled && !it->bulk;
    bool nothing = !it->plan.adopts && !it->settled && !it->out[0].wanted && !it->out[1].wanted && !it->plan.holds;
    t->unchanged += nothing;
    t->echo_s += nothing && str_eq(it->job->why, "event");
    t->echo_t += nothing && str_eq(it->job->why, "crm");
    if (it->plan.unknown)
        settle_unknown(b, it);
    if (!it->event && it->log)
        it->event = it->create ? "created" : "synced";
    if (it->event && str_eq(it->event, "linked"))
        it->link.state = LINK_LINKED;
    /* The version of a read that was decided on, never that of our own update: between the two somebody may have edited. */
    if (it->has_t && it->t.version && !it->out[SIDE_T].wanted && !str_eq(it->t.version, it->link.t_version)) {
        set_text(&it->link.t_version, it->t.version);
        know(it, &it->t);
        it->link_dirty = true;
    }
    bool row = it->link.id || it->link.t_id;
    if (row && it->link_dirty && !store_link_put(b->r->store, &it->link, err))
        return false;
    it->link_dirty = false;
    for (size_t i = 0; i < it->plan.n; i++)
        if (it->link.id && !settle_hold(b, it, &it->plan.cells[i], err))
            return false;
    return true;
}

static bool settle_job(struct batch *b, struct item *it, struct err *err)
{
    if (it->news && it->next == NEXT_FINISH) {
        it->next = NEXT_AGAIN;
        it->why = "news while writing";
    }
    struct store *st = b->r->store;
    int64_t now = b->r->env->now(b->r->env);
    const char *why = drift_waits(it) ? it->job->why : it->why ? it->why : "again";
    switch (it->next) {
    case NEXT_FINISH:
        return store_job_finish(st, it->job, err);
    case NEXT_AGAIN:
        return store_job_again(st, it->job, now, why, !str_eq(why, "risky"), err);
    case NEXT_RETRY:
        b->r->tally.retried++;
        return store_job_again(st, it->job, it->due, "retry", true, err);
    default:
        return store_job_again(st, it->job, it->due, why, str_eq(why, "probe"), err);
    }
}

static bool settle_item(struct batch *b, struct item *it, struct err *err)
{
    struct store *st = b->r->store;
    if (it->planned && !settle_planned(b, it, err))
        return false;
    if (it->subject_dirty && it->known && !store_subject_put(st, b->r->ep[SIDE_S]->name, &it->subject, err))
        return false;
    if (it->link_dirty && (it->link.id || it->event) && !store_link_put(st, &it->link, err))
        return false;
    if (!settle_new_holds(b, it, err))
        return false;
    if ((it->event || it->log) && it->link.id &&
        !store_log_add(st, b->r->run, it->link.id, it->event ? it->event : "synced", it->log, err))
        return false;
    bool shared = it->b && !it->b->o->digest && it->known && it->moved; /* entries of conversations are each route's own */
    if (shared && !intake_others(b->r, it->b->o->type[SIDE_S], it->subject.key, it->job->lane, err))
        return false;
    return family_settle(b, it, err) && (!it->b || unfold_wake(b, it, err)) && settle_job(b, it, err);
}

bool settle_batch(struct batch *b, struct err *err)
{
    STORE_TX(tx, b->r->store);
    if (!store_begin(b->r->store, err))
        return false;
    for (size_t i = 0; i < b->n; i++)
        if (!settle_item(b, &b->items[i], err))
            return err_wrap(err, "settle %s", b->items[i].job->key);
    if (!guard_count(b, err) || !drift_keep(b, err))
        return false;
    return store_commit(b->r->store, err);
}
