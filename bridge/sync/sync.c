/* The natural way of a change, in one screen: sync_batch() is the drawing of the design as code. */
#include "bridge/sync/sync.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include "mappings/value.h"

static void batch_done(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        item_done(&b->items[i]);
    free(b->items);
}

/* ---- deciding ---- */

/* A record with our key already there, or found by a match key: linked; none and the mapping may create: created. */
static void place_unlinked(struct batch *b, struct item *it)
{
    if (it->link.t_id)
        return;
    if (!unfold_placed(it)) {
        it->due = b->r->env->now(b->r->env) + 60 * 60 * 1000;
        item_off(it, NEXT_LATER, "the record it belongs to is not there");
        return;
    }
    if (it->b->o->mode == MODE_CREATE && (b->r->ep[SIDE_T]->caps & CAP_CREATE)) {
        it->create = true;
        return;
    }
    b->r->tally.excluded++;
    item_off(it, NEXT_FINISH, "no CRM record matches, and the mapping does not create");
}

/* link-only: at first contact both sides are taken as they are; only later changes flow. */
static void take_as_is(struct item *it)
{
    for (size_t i = 0; i < it->plan.n; i++) {
        struct cell_plan *c = &it->plan.cells[i];
        if (c->now[0] && c->now[1] && !c->base[0] && c->f->flow != FLOW_NONE)
            plan_as_is(c, "linked only: both sides stay as they are");
    }
    plan_count(&it->plan);
}

static void decide_item(struct batch *b, struct item *it)
{
    place_unlinked(b, it);
    if (it->off)
        return;
    if (it->link.secondary) {
        item_off(it, NEXT_FINISH, "another prospect owns this record's fields");
        return;
    }
    if (!it->create && !it->t.fields) {
        item_off(it, NEXT_RETRY, "the CRM told nothing about the record");
        return;
    }
    struct sides in = item_sides(b, it);
    plan_cells(it->b->o, it->link.cells, &in, it->holds, it->n_holds, &it->plan);
    it->planned = true;
    if (it->b->o->mode == MODE_LINK && json_object_size(it->link.cells) == 0)
        take_as_is(it);
    if (it->b->o->of)
        closed_decide(b, it);
}

static void decide_batch(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (!b->items[i].off)
            decide_item(b, &b->items[i]);
}

/* ---- the two halves of the road ---- */

static bool road_in(struct batch *b, const struct job *jobs, size_t n, struct err *err)
{
    if (!gather_store(b, jobs, n, err) || !bulk_wait(b, err) || !unfold_batch(b, err) || !repeat_ops(b, err))
        return false;
    gather_source(b);
    if (!match_choices(b, err) || !gather_target(b, err) || !match_targets(b, err))
        return false;
    place_targets(b);
    if (!recover_ops(b, err))
        return false;
    decide_batch(b);
    return true;
}

static bool road_out(struct batch *b, struct err *err)
{
    if (!guard_batch(b, err) || !others_wait(b, err))
        return false;
    confirm_writes(b);
    if (!write_intend(b, err) || !write_put(b, err) || !write_race(b, err))
        return false;
    tie_batch(b);
    return settle_batch(b, err);
}

bool sync_batch(struct route *r, const struct job *jobs, size_t n, struct err *err)
{
    struct batch b __attribute__((cleanup(batch_done))) = {.r = r, .bulk = true};
    r->tally.seen += (int64_t)n;
    if (!road_in(&b, jobs, n, err))
        return false;
    drift_note(&b);
    return road_out(&b, err);
}

bool sync_detour(struct route *r, const struct job *jobs, size_t n, const struct detour *d, struct err *err)
{
    struct batch b __attribute__((cleanup(batch_done))) = {.r = r, .dry = d->dry};
    r->tally.seen += (int64_t)n;
    if (!road_in(&b, jobs, n, err))
        return false;
    if (d->decided)
        d->decided(&b, d->self);
    if (!d->dry && !road_out(&b, err))
        return false;
    if (d->done)
        d->done(&b, d->self);
    return true;
}

/* ---- plans ---- */

static const char *act_of(const struct item *it)
{
    if (it->create)
        return "create";
    if (it->event && str_eq(it->event, "linked"))
        return "link";
    return it->event ? it->event : "update";
}

static json_t *row_cell(const struct cell_plan *c, int side)
{
    json_t *row = json_object();
    js_set(row, "field", json_string(c->f->name));
    js_set(row, "act", json_string(c->act == ACT_HOLD ? "hold" : "write"));
    js_set(row, "side", json_string(side == SIDE_S ? "inbox" : "crm"));
    json_object_set(row, "from", c->now[side]);
    json_object_set(row, "to", c->act == ACT_HOLD ? c->now[1 - side] : c->to[side]);
    json_object_set(row, "source", c->now[1 - side]);
    js_set(row, "why", js_text(c->why));
    js_set(row, "policy", json_string(policy_name(c->f->conflict)));
    js_set(row, "line", json_integer(c->f->line));
    return row;
}

static json_t *row_of(const struct item *it)
{
    json_t *row = json_object(), *cells = json_array();
    js_set(row, "object", json_string(it->job->object));
    js_set(row, "key", json_string(it->job->key));
    js_set(row, "label", js_text(it->subject.label));
    if (it->off && it->next == NEXT_FINISH && !it->event)
        js_set(row, "excluded", js_text(it->why));
    else if (it->err.kind)
        js_set(row, "error", json_string(it->err.text));
    js_set(row, "act", json_string(act_of(it)));
    js_set(row, "t_id", js_text(it->link.t_id));
    for (size_t i = 0; it->planned && i < it->plan.n; i++)
        for (int side = 0; side < 2; side++)
            if (it->plan.cells[i].write[side] || (it->plan.cells[i].act == ACT_HOLD && side == SIDE_T))
                js_add(cells, row_cell(&it->plan.cells[i], side));
    js_set(row, "cells", cells);
    return row;
}

/* Children of what is planned have no jobs yet: their parents' settling would make them. */
static bool plan_children(struct batch *b, sync_emit *emit, void *self, struct err *err)
{
    struct job *jobs = NULL;
    size_t n = 0;
    if (!family_due(b, &jobs, &n, err))
        return false;
    struct batch children __attribute__((cleanup(batch_done))) = {.r = b->r, .dry = true};
    bool ok = !n || road_in(&children, jobs, n, err);
    for (size_t i = 0; ok && i < children.n; i++) {
        AUTO_JSON json_t *row = row_of(&children.items[i]);
        emit(self, row);
    }
    b->r->tally.seen += (int64_t)n;
    jobs_free(jobs, n);
    return ok;
}

bool sync_plan(struct route *r, const struct job *jobs, size_t n, sync_emit *emit, void *self, struct err *err)
{
    struct batch b __attribute__((cleanup(batch_done))) = {.r = r, .dry = true};
    r->tally.seen += (int64_t)n;
    if (!road_in(&b, jobs, n, err))
        return false;
    for (size_t i = 0; i < b.n; i++) {
        AUTO_JSON json_t *row = row_of(&b.items[i]);
        emit(self, row);
    }
    return plan_children(&b, emit, self, err);
}

static json_t *explained(const struct cell_plan *c)
{
    static const char *const names[2][3] = {{"inbox", "base_inbox", "to_inbox"}, {"crm", "base_crm", "to_crm"}};
    json_t *row = json_object();
    js_set(row, "field", json_string(c->f->name));
    for (int side = 0; side < 2; side++) {
        if (c->now[side])
            json_object_set(row, names[side][0], c->now[side]);
        if (c->base[side])
            json_object_set(row, names[side][1], c->base[side]);
        if (c->write[side])
            json_object_set(row, names[side][2], c->to[side]);
    }
    js_set(row, "act", json_string(action_name(c->act)));
    js_set(row, "why", js_text(c->why));
    js_set(row, "policy", json_string(policy_name(c->f->conflict)));
    js_set(row, "line", json_integer(c->f->line));
    js_set(row, "held", json_boolean(c->held));
    return row;
}

bool sync_explain(struct route *r, const struct job *job, json_t **out, struct err *err)
{
    struct batch b __attribute__((cleanup(batch_done))) = {.r = r, .dry = true};
    if (!road_in(&b, job, 1, err))
        return false;
    const struct item *it = &b.items[0];
    json_t *cells = json_array();
    for (size_t i = 0; it->planned && i < it->plan.n; i++)
        js_add(cells, explained(&it->plan.cells[i]));
    *out = row_of(it);
    js_set(*out, "cells", cells);
    js_set(*out, "state", json_string(it->link.id ? link_state_name(it->link.state) : "not linked"));
    js_set(*out, "reason", js_text(it->link.reason));
    js_set(*out, "ops", json_integer((json_int_t)it->n_ops));
    return true;
}

/* ---- applying a plan ---- */

static json_t *planned_cell(const json_t *row, const char *field, int side)
{
    size_t i;
    json_t *cell;
    json_array_foreach (json_object_get(row, "cells"), i, cell)
        if (str_eq(js_str(cell, "field"), field) && str_eq(js_str(cell, "side"), side == SIDE_S ? "inbox" : "crm") &&
            str_eq(js_str(cell, "act"), "write"))
            return cell;
    return NULL;
}

/* Only what the plan says, and only while both values are still what it saw. */
static void keep_planned(struct item *it, json_t *row)
{
    json_t *stale = json_array();
    for (size_t i = 0; i < it->plan.n; i++) {
        struct cell_plan *c = &it->plan.cells[i];
        for (int side = 0; side < 2; side++) {
            json_t *said = planned_cell(row, c->f->name, side);
            bool same = said && js_equal(json_object_get(said, "to"), c->to[side]) &&
                        js_equal(json_object_get(said, "from"), c->now[side]);
            if (said && (!c->write[side] || !same) && !value_same(c->now[side], json_object_get(said, "to")))
                js_add(stale, json_string(c->f->name));
            if (c->write[side] && !same) {
                c->write[side] = false;
                it->plan.writes[side]--;
                c->act = ACT_NONE;
                c->adopt_only = false;
                it->next = NEXT_AGAIN;
                it->why = "not in the plan";
            }
        }
    }
    if (json_array_size(stale))
        js_set(row, "stale", stale);
    else
        json_decref(stale);
}

static void gate(struct batch *b, json_t *const *rows)
{
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        bool create = str_eq(js_str(rows[i], "act"), "create");
        if (it->off || !it->planned)
            continue;
        if (it->create != create && (it->create || json_array_size(json_object_get(rows[i], "cells")))) {
            js_set(rows[i], "stale", json_pack("[s]", "record"));
            item_off(it, NEXT_AGAIN, "not in the plan");
        } else {
            keep_planned(it, rows[i]);
        }
        b->r->tally.stale += json_object_get(rows[i], "stale") != NULL;
    }
}

bool sync_apply(struct route *r, const struct job *jobs, json_t *const *rows, size_t n, struct err *err)
{
    struct batch b __attribute__((cleanup(batch_done))) = {.r = r};
    bool yes = r->yes;
    r->tally.seen += (int64_t)n;
    if (!road_in(&b, jobs, n, err))
        return false;
    gate(&b, rows);
    r->yes = true; /* the plan is the approval */
    bool ok = road_out(&b, err);
    r->yes = yes;
    return ok;
}
