/* Writing: plans become patches, patches become durable intents, intents become batched calls, and after the calls the
 * history tells whether a person edited the same cell in between. Nothing is sent before its intent is on disk. */
#include "bridge/base/hash.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include "mappings/value.h"

/* ---- patches ---- */

static void hold_cell(struct cell_plan *c, const char *why)
{
    free(c->why);
    c->why = mem_dup(why);
    c->act = ACT_HOLD;
    c->write[0] = c->write[1] = false;
}

/* What a merged write, landed alone, makes of the side's own shadow: as if the side had agreed to what the other one
 * still holds, so that the next decision carries the rest over. */
static json_t *as_if(const struct cell_plan *c, int side)
{
    struct err err = {0};
    return map_translate(c->f, 1 - side, c->now[1 - side], &err);
}

static void intent_cell(json_t *cells, const struct cell_plan *c, int side)
{
    json_t *cell = json_object();
    json_object_set(cell, "new", c->to[side]);
    json_object_set(cell, "was", c->now[side]);
    json_object_set(cell, "other", c->now[1 - side]);
    js_set(cell, "why", json_string(c->why));
    js_set(cell, "policy", json_string(policy_name(c->f->conflict)));
    if (c->conflict)
        js_set(cell, "conflict", json_true());
    if (c->merged) {
        json_t *alone = as_if(c, side);
        js_set(cell, "merged", json_true());
        if (alone)
            js_set(cell, "as_if", alone);
    }
    js_set(cells, c->f->name, cell);
}

static bool patch_cell(const struct batch *b, struct outgoing *o, struct cell_plan *c, int side, const json_t *held)
{
    struct err err = {0};
    if (!map_write_over(c->f, side, c->to[side], b->r->vocab[side], held, o->set, &err)) {
        hold_cell(c, err.text);
        return false;
    }
    /* A merge that keeps unmanaged elements may name labels this side alone knows; what cannot be named was not seen. */
    if (c->f->fence || !map_write(c->f, side, c->now[side], b->r->vocab[side], o->seen, &err))
        json_object_del(o->seen, c->f->path[side]);
    return true;
}

/* What Inbox held where a create leaves the cell to the service: should its answer be lost, recovery wants to know. */
static json_t *unsaid(const struct item *it)
{
    json_t *out = json_object();
    for (size_t i = 0; i < it->plan.n; i++)
        if (item_unsaid(&it->plan.cells[i]))
            json_object_set(out, it->plan.cells[i].f->name, it->plan.cells[i].now[SIDE_S]);
    return out;
}

char *write_fingerprint(const struct batch *b, const json_t *set)
{
    AUTO_FREE char *text = js_print_sorted(set);
    AUTO_FREE char *all = mem_printf("%s\n%s", b->r->mapping->hash, text);
    size_t n = 0;
    while (all[n])
        n++;
    return hash_sha256_hex(all, n);
}

/* A survivor of a merge may have lost the bridge key; the next write gives it back. */
static bool key_missing(const struct item *it)
{
    const json_t *key = json_object_get(it->t.fields, it->b->o->key);
    return it->has_t && it->t.fields && key && value_blank(key) && !it->link.secondary;
}

static void build(struct batch *b, struct item *it, int side)
{
    struct outgoing *o = &it->out[side];
    AUTO_JSON json_t *cells = json_object();
    o->set = json_object();
    o->seen = json_object();
    for (size_t i = 0; i < it->plan.n; i++) {
        struct cell_plan *c = &it->plan.cells[i];
        if (c->write[side] && patch_cell(b, o, c, side, side == SIDE_S ? it->subject.fields : it->t.fields))
            intent_cell(cells, c, side);
    }
    if (side == SIDE_T && it->create && it->b->o->of)
        map_first(it->b->o, b->r->currency[SIDE_S], o->set);
    if (side == SIDE_T && !it->create && json_object_size(o->set) && key_missing(it))
        js_set(o->set, it->b->o->key, json_string(it->link.key));
    o->wanted = json_object_size(o->set) || (side == SIDE_T && it->create);
    if (!o->wanted)
        return;
    o->op = (struct op){.route = mem_dup(b->r->name), .side = side, .kind = mem_dup(it->create && side == SIDE_T ? "create" : "update"),
                        .payload = json_pack("{s:O,s:O,s:O}", "cells", cells, "set", o->set, "seen", o->seen),
                        .created = b->r->env->now(b->r->env), .run = b->r->run,
                        .trace = mem_printf("%s-%016llx", it->link.key, (unsigned long long)b->r->env->random(b->r->env))};
    if (side == SIDE_T && it->create)
        js_set(o->op.payload, "unsaid", unsaid(it));
}

/* The same write was refused before and neither record nor mapping has changed: it stays dead. */
static bool still_dead(struct batch *b, struct item *it, int side, struct err *err)
{
    struct outgoing *o = &it->out[side];
    for (size_t i = 0; o->wanted && i < it->n_ops; i++) {
        struct op *old = &it->ops[i];
        if (old->state != OP_DEAD || old->side != side)
            continue;
        AUTO_FREE char *same = write_fingerprint(b, o->set);
        if (str_eq(old->revive, same)) {
            o->wanted = false;
            b->r->tally.dead++;
        } else if (!store_op_delete(b->r->store, old->id, err)) {
            return false;
        }
    }
    return true;
}

/* ---- intents ---- */

static bool intend_item(struct batch *b, struct item *it, struct err *err)
{
    for (int side = 0; side < 2; side++)
        if (it->plan.writes[side] || (side == SIDE_T && it->create))
            build(b, it, side);
    for (int side = 0; side < 2; side++)
        if (!still_dead(b, it, side, err))
            return false;
    if (!it->out[0].wanted && !it->out[1].wanted)
        return true;
    if (it->create && it->out[SIDE_T].wanted)
        it->link.state = LINK_CREATING;
    if ((!it->link.id || it->create) && !store_link_put(b->r->store, &it->link, err))
        return false;
    for (int side = 0; side < 2; side++) {
        it->out[side].op.link = it->link.id;
        it->out[side].op.bulk = side == SIDE_T ? it->bulk : 0;
        if (it->out[side].wanted && !(b->r->without & WITHOUT_INTENTS) &&
            !store_op_put(b->r->store, &it->out[side].op, err))
            return false;
    }
    return true;
}

static bool any_writes(const struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (!b->items[i].off && b->items[i].planned &&
            (b->items[i].create || b->items[i].plan.writes[0] || b->items[i].plan.writes[1]))
            return true;
    return false;
}

bool write_intend(struct batch *b, struct err *err)
{
    if (!any_writes(b))
        return true;
    STORE_TX(tx, b->r->store);
    if (!store_begin(b->r->store, err) || !bulk_stage(b, err))
        return false;
    for (size_t i = 0; i < b->n; i++)
        if (!b->items[i].off && b->items[i].planned && !intend_item(b, &b->items[i], err))
            return false;
    return store_commit(b->r->store, err);
}

/* ---- calls ---- */

/* Written, but what became of it could not be read back: as open as after a lost answer. To forget the op here would leave
 * the next decision with the old shadows, to which our own write looks like somebody's edit. */
static void unread(const struct endpoint *ep, struct outgoing *o)
{
    if ((ep->caps & CAP_FETCH) && o->result.err.kind == ERR_NONE && json_object_size(o->set) && !o->result.record.fields)
        err_set(&o->result.err, ERR_UNSURE, "written, and not read back");
}

static void put_side(struct batch *b, int side)
{
    AUTO_FREE struct patch *patches = mem_grow(NULL, b->n + 1, sizeof *patches);
    AUTO_FREE struct result *results = mem_grow(NULL, b->n + 1, sizeof *results);
    AUTO_FREE struct item **who = mem_grow(NULL, b->n + 1, sizeof *who);
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        if (!b->items[i].off && item_sent(&b->items[i], side)) {
            results[n] = (struct result){0};
            who[n] = &b->items[i];
            patches[n] = item_patch(&b->items[i], side);
            if (b->r->without & WITHOUT_CONDITION)
                patches[n].unchanged_since = 0;
            n++;
        }
    struct err err = {0};
    struct endpoint *ep = b->r->ep[side];
    bool ok = !n || ep->kind->put(ep, patches, n, results, &err);
    for (size_t i = 0; i < n; i++) {
        if (!ok && results[i].err.kind == ERR_NONE)
            results[i].err = err;
        who[i]->out[side].result = results[i];
        unread(ep, &who[i]->out[side]);
    }
    split_refused(b, side);
}

bool write_put(struct batch *b, struct err *err)
{
    (void)err;
    put_side(b, SIDE_T);
    put_side(b, SIDE_S);
    return true;
}

/* ---- the race check ---- */

static struct cell_plan *cell_of(struct item *it, const char *field)
{
    for (size_t i = 0; i < it->plan.n; i++)
        if (str_eq(it->plan.cells[i].f->name, field))
            return &it->plan.cells[i];
    return NULL;
}

static void race_item(struct batch *b, struct item *it, const struct record *rec)
{
    const char *name;
    json_t *cell;
    json_object_foreach (json_object_get(it->out[SIDE_T].op.payload, "cells"), name, cell) {
        struct cell_plan *c = cell_of(it, name);
        if (!c || !item_landed(it, name, SIDE_T))
            continue;
        struct race race = {.s = c->now[SIDE_S], .base_s = c->base[SIDE_S], .was = c->now[SIDE_T], .sent = c->to[SIDE_T],
                            .since = it->t.as_of - 3000};
        AUTO_JSON json_t *value = race_found(b->r, c->f, json_object_get(rec->history, c->f->path[SIDE_T]), &race);
        if (value)
            race_settle(b, it, c->f, &race, value);
    }
}

static bool was_updated(const struct item *it)
{
    return !it->off && !it->create && it->out[SIDE_T].wanted && it->out[SIDE_T].result.err.kind == ERR_NONE;
}

/* Where the check cannot be made (the read fails, or a replica does not know our write yet) the outcome is as unknown as
 * after a lost answer: the op stays, and recovery looks at the history later. Otherwise an edit we wrote over would be lost
 * without a word. */
static void race_check(struct batch *b, struct item *it, const struct record *rec, const struct err *why)
{
    struct result *written = &it->out[SIDE_T].result;
    if (why->kind == ERR_NONE && (rec->state != RECORD_LIVE || rec->modified >= written->record.modified))
        race_item(b, it, rec);
    else
        err_set(&written->err, ERR_UNSURE, "written, but not seen whether somebody edited it meanwhile: %s",
                why->kind == ERR_NONE ? "the CRM told an older state" : why->text);
}

bool write_race(struct batch *b, struct err *err)
{
    (void)err;
    struct endpoint *ep = b->r->ep[SIDE_T];
    if (!(ep->caps & CAP_HISTORY) || (b->r->without & WITHOUT_RACE))
        return true;
    for (size_t k = 0; k < b->r->n; k++) {
        struct bound *bound = &b->r->objects[k];
        AUTO_FREE const char **ids = mem_grow(NULL, b->n + 1, sizeof *ids);
        AUTO_FREE struct item **who = mem_grow(NULL, b->n + 1, sizeof *who);
        AUTO_FREE struct record *records = mem_grow(NULL, b->n + 1, sizeof *records);
        size_t n = 0;
        for (size_t i = 0; i < b->n; i++)
            if (b->items[i].b == bound && was_updated(&b->items[i])) {
                records[n] = (struct record){0};
                who[n] = &b->items[i];
                ids[n++] = b->items[i].link.t_id;
            }
        struct err one = {0};
        bool ok = !n || ep->kind->fetch(ep, bound->o->type[SIDE_T], ids, n, bound->needed[SIDE_T],
                                        FETCH_FRESH | FETCH_HISTORY, records, &one);
        for (size_t i = 0; i < n; i++) {
            race_check(b, who[i], &records[i], ok ? &records[i].err : &one);
            record_done(&records[i]);
        }
    }
    return true;
}
