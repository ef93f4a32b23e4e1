/* One link's cells through mapping, merge() and decide(). */
#include "bridge/sync/plan.h"
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/sync/evidence.h"
#include "bridge/sync/merge.h"
#include "mappings/value.h"

json_t *plan_base(const json_t *cells, const char *field, int side)
{
    return json_object_get(json_object_get(cells, field), side == SIDE_S ? "s" : "t");
}

static const struct hold *hold_of(const struct hold *holds, size_t n, const char *field)
{
    for (size_t i = 0; i < n; i++)
        if (holds[i].field && str_eq(holds[i].field, field))
            return &holds[i];
    return NULL;
}

static int rank_of(const struct map_field *f, const json_t *s_value)
{
    const char *text = json_string_value(s_value);
    for (size_t i = 0; text && i < f->n_order; i++)
        if (str_eq(f->order[i], text))
            return (int)i;
    return -1;
}

static void rank_sides(const struct map_field *f, json_t *const values[2], int rank[2])
{
    struct err err = {0};
    AUTO_JSON json_t *t = values[SIDE_T] ? map_translate(f, SIDE_T, values[SIDE_T], &err) : NULL;
    rank[SIDE_S] = rank_of(f, values[SIDE_S]);
    rank[SIDE_T] = rank_of(f, t);
}

/* ---- writes ---- */

static void keep(struct cell_plan *c, enum action act, const char *why)
{
    c->act = act;
    free(c->why);
    c->why = mem_dup(why);
}

/* Puts the value (in the terms of side `from`) on the way to the other side; what has no translation waits for a person. */
static bool send(struct cell_plan *c, int from, const json_t *value, const struct sides *in)
{
    struct err err = {0};
    json_t *to = map_translate(c->f, from, value, &err);
    if (!to && err.kind == ERR_NONE) {
        keep(c, ACT_NONE, "the mapping ignores this value");
        return false;
    }
    if (!to) {
        keep(c, ACT_HOLD, err.text);
        return false;
    }
    if (!map_named(c->f, 1 - from, to, in->vocab[1 - from], &err)) {
        json_decref(to);
        keep(c, c->f->skip_unknown ? ACT_NONE : ACT_HOLD, c->f->skip_unknown ? "the mapping ignores what is unknown there" : err.text);
        return false;
    }
    c->to[1 - from] = to;
    c->write[1 - from] = true;
    c->clears = value_blank(to) && !value_blank(c->now[1 - from]);
    return true;
}

/* Elements outside the managed vocabulary stay on the side that has them. */
static json_t *with_unmanaged(const struct cell_plan *c, int side, json_t *stolen_set, const struct vocabulary *v)
{
    size_t i;
    json_t *item;
    json_array_foreach (c->now[side], i, item)
        if (json_is_string(item) && !map_managed(c->f, side, json_string_value(item), v))
            json_array_append(stolen_set, item);
    json_t *set = value_canonical(stolen_set, true);
    json_decref(stolen_set);
    return set;
}

/* A set as the other side's terms have it: only what the mapping manages. */
static json_t *seen_from_s(const struct cell_plan *c, const json_t *t)
{
    struct err err = {0};
    json_t *s = t ? map_translate(c->f, SIDE_T, t, &err) : NULL;
    return s ? s : json_array();
}

static json_t *managed_only(const struct cell_plan *c, const json_t *set, const struct vocabulary *v)
{
    json_t *out = json_array();
    size_t i;
    json_t *item;
    json_array_foreach ((json_t *)set, i, item)
        if (json_is_string(item) && map_managed(c->f, SIDE_S, json_string_value(item), v))
            json_array_append(out, item);
    return out;
}

/* `merged` is in S terms. Whichever side does not hold it yet is written. */
static void spread(struct cell_plan *c, json_t *stolen_merged, const struct sides *in, const char *why)
{
    AUTO_JSON json_t *merged = stolen_merged;
    struct err err = {0};
    json_t *to_t = map_translate(c->f, SIDE_S, merged, &err);
    if (!to_t) {
        keep(c, ACT_HOLD, err.kind ? err.text : "the merged value has no translation");
        return;
    }
    bool set = c->f->is_set;
    c->to[SIDE_T] = set ? with_unmanaged(c, SIDE_T, to_t, in->vocab[SIDE_T]) : to_t;
    c->to[SIDE_S] = set ? with_unmanaged(c, SIDE_S, json_incref(merged), in->vocab[SIDE_S]) : json_incref(merged);
    for (int side = 0; side < 2; side++) {
        bool allowed = c->f->flow == FLOW_BOTH || (c->f->flow == FLOW_TO_CRM) == (side == SIDE_T);
        c->write[side] = allowed && !value_alike(c->to[side], c->now[side]);
        c->clears |= c->write[side] && value_blank(c->to[side]) && !value_blank(c->now[side]);
    }
    c->merged = c->write[SIDE_S] && c->write[SIDE_T];
    keep(c, c->write[SIDE_T] ? ACT_WRITE_T : c->write[SIDE_S] ? ACT_WRITE_S : ACT_ADOPT, why);
}

static void plan_union(struct cell_plan *c, const struct sides *in)
{
    const struct vocabulary *v = in->vocab[SIDE_S];
    AUTO_JSON json_t *t = seen_from_s(c, c->now[SIDE_T]), *base_t = seen_from_s(c, c->base[SIDE_T]);
    AUTO_JSON json_t *s = managed_only(c, c->now[SIDE_S], v), *base_s = managed_only(c, c->base[SIDE_S], v);
    spread(c, merge_sets(base_s, base_t, s, t), in, "sets merged element by element");
}

static const char *text_of(const json_t *v)
{
    const char *s = json_string_value(v);
    return s ? s : "";
}

static void plan_append(struct cell_plan *c, const struct sides *in)
{
    struct err err = {0};
    AUTO_JSON json_t *t = map_translate(c->f, SIDE_T, c->now[SIDE_T], &err);
    AUTO_JSON json_t *base_t = c->base[SIDE_T] ? map_translate(c->f, SIDE_T, c->base[SIDE_T], &err) : NULL;
    json_t *merged = merge_notes(text_of(c->base[SIDE_S]), text_of(base_t), text_of(c->now[SIDE_S]), text_of(t),
                                 in->as_of[SIDE_T] > in->as_of[SIDE_S]);
    if (merged)
        spread(c, merged, in, "notes merged paragraph by paragraph");
    else
        keep(c, ACT_HOLD, "notes of more paragraphs than are merged");
}

/* ---- holds ---- */

static void chosen(struct cell_plan *c, const struct hold *hold, const struct sides *in)
{
    c->release = true;
    if (str_eq(hold->choice, "value")) {
        spread(c, json_incref(hold->value ? hold->value : json_null()), in, "a person chose this value");
        return;
    }
    int winner = str_eq(hold->choice, "crm") ? SIDE_T : SIDE_S;
    keep(c, winner == SIDE_S ? ACT_WRITE_T : ACT_WRITE_S, "a person chose this side");
    send(c, winner, c->now[winner], in);
}

static bool sticky(const struct hold *hold)
{
    return str_eq(hold->why, "flapping") || str_eq(hold->why, "unknown outcome");
}

/* ---- one cell ---- */

static bool both_moved(const struct cell_plan *c)
{
    if (!c->base[SIDE_S] || !c->base[SIDE_T])
        return true;
    return !value_same(c->now[SIDE_S], c->base[SIDE_S]) && !value_same(c->now[SIDE_T], c->base[SIDE_T]);
}

/* Nobody touched the cell since the shadows were taken. */
static bool unmoved(const struct cell_plan *c)
{
    return c->base[SIDE_S] && c->base[SIDE_T] && value_same(c->now[SIDE_S], c->base[SIDE_S]) &&
           value_same(c->now[SIDE_T], c->base[SIDE_T]);
}

static bool merges(const struct cell_plan *c, bool same)
{
    enum policy p = c->f->conflict;
    if (same || (p != POLICY_UNION && p != POLICY_APPEND) || !c->now[SIDE_S] || !c->now[SIDE_T])
        return false;
    return p == POLICY_UNION ? !unmoved(c) : both_moved(c);
}

static void plan_decided(struct cell_plan *c, const struct sides *in, bool same, const json_t *stored)
{
    struct rules rules = rules_of(c->f);
    int64_t agreed = json_integer_value(json_object_get(stored, "at"));
    struct cell cell = {.now = {c->now[0], c->now[1]}, .base = {c->base[0], c->base[1]}, .same = same, .rank = {-1, -1}, .was = {-1, -1}};
    if (c->f->conflict == POLICY_MONOTONE) {
        rank_sides(c->f, c->now, cell.rank);
        rank_sides(c->f, c->base, cell.was);
    }
    if (c->f->conflict == POLICY_NEWEST || c->f->initial == POLICY_NEWEST) {
        cell.seen[SIDE_S] = evidence_source(in->s_changed, c->f->path[SIDE_S], agreed, in->as_of[SIDE_S]);
        cell.seen[SIDE_T] = evidence_target(in->history, c->f->path[SIDE_T], agreed, in->t_modified);
    }
    struct verdict_cell v = decide(&cell, &rules);
    c->conflict = v.conflict;
    keep(c, v.act, v.why);
    if (v.act == ACT_WRITE_S || v.act == ACT_WRITE_T) {
        int from = v.act == ACT_WRITE_S ? SIDE_T : SIDE_S;
        if (send(c, from, c->now[from], in) && c->f->is_set)
            c->to[1 - from] = with_unmanaged(c, 1 - from, c->to[1 - from], in->vocab[1 - from]);
    }
}

/* A value that would be written but already stands there in other bytes is agreement, not a write. */
static void drop_idle(struct cell_plan *c)
{
    for (int side = 0; side < 2; side++)
        if (c->write[side] && value_same(c->to[side], c->now[side]))
            c->write[side] = false;
    if ((c->act == ACT_WRITE_S || c->act == ACT_WRITE_T) && !c->write[0] && !c->write[1])
        keep(c, ACT_ADOPT, "both sides hold the same in their own words");
}

/* The bridge's line was there, and somebody removed it: that is respected, whatever the CRM says now. */
static bool taken_away(const struct cell_plan *c)
{
    return c->write[SIDE_S] && value_blank(c->now[SIDE_S]) && c->base[SIDE_S] && !value_blank(c->base[SIDE_S]) &&
           c->f->on_forbidden != FORBIDDEN_REVERT;
}

static void plan_cell(struct cell_plan *c, const struct sides *in, const struct hold *hold, const json_t *stored)
{
    if (c->f->flow == FLOW_NONE || !c->now[SIDE_S] || !c->now[SIDE_T]) {
        keep(c, ACT_NONE, c->f->flow == FLOW_NONE ? "flow is none" : "not observed this time");
        c->held = hold != NULL;
        return;
    }
    bool same = map_same(c->f, c->now[SIDE_S], c->now[SIDE_T]);
    if (hold && hold->choice && (unmoved(c) || !str_eq(hold->why, "raced")))
        chosen(c, hold, in);
    else if (merges(c, same))
        c->f->conflict == POLICY_UNION ? plan_union(c, in) : plan_append(c, in);
    else
        plan_decided(c, in, same, stored);
    if (c->f->fence && taken_away(c)) {
        keep(c, ACT_NONE, "one-way field: its line was taken away, and stays away");
        c->write[0] = c->write[1] = false;
    }
    drop_idle(c);
    if (hold && !hold->choice && sticky(hold)) {
        keep(c, ACT_HOLD, hold->why);
        c->write[0] = c->write[1] = false;
    }
    if (c->f->money && in->foreign && c->act != ACT_NONE && !(hold && hold->choice)) {
        keep(c, ACT_HOLD, in->foreign);
        c->write[0] = c->write[1] = false;
    }
    c->held = hold && c->act == ACT_HOLD;
    c->release = hold && c->act != ACT_HOLD;
    c->adopt_only = c->act == ACT_ADOPT;
}

void plan_cells(const struct map_object *o, const json_t *cells, const struct sides *in, const struct hold *holds,
                size_t n_holds, struct link_plan *out)
{
    *out = (struct link_plan){.cells = mem_grow(NULL, o->n_fields + 1, sizeof *out->cells), .n = o->n_fields};
    for (size_t i = 0; i < o->n_fields; i++) {
        struct cell_plan *c = &out->cells[i];
        *c = (struct cell_plan){.f = &o->fields[i]};
        for (int side = 0; side < 2; side++) {
            c->now[side] = in->fields[side] ? map_read(c->f, side, in->fields[side], in->vocab[side], &out->unknown)
                                            : json_null();
            c->base[side] = json_incref(plan_base(cells, c->f->name, side));
        }
        plan_cell(c, in, hold_of(holds, n_holds, c->f->name), json_object_get(cells, c->f->name));
    }
    plan_count(out);
}

void plan_as_is(struct cell_plan *c, const char *why)
{
    keep(c, ACT_ADOPT, why);
    c->write[0] = c->write[1] = c->held = false;
    c->adopt_only = true;
}

void plan_begin(struct cell_plan *c, const char *first)
{
    keep(c, ACT_WRITE_T, "a new record begins here");
    json_decref(c->to[SIDE_T]);
    c->to[SIDE_T] = json_string(first);
    c->write[SIDE_T] = true;
    c->adopt_only = false;
}

void plan_count(struct link_plan *p)
{
    p->writes[0] = p->writes[1] = p->holds = p->adopts = p->clears = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct cell_plan *c = &p->cells[i];
        for (int side = 0; side < 2; side++)
            p->writes[side] += c->write[side];
        p->holds += c->act == ACT_HOLD;
        p->adopts += c->adopt_only;
        p->clears += c->clears && (c->write[0] || c->write[1]);
    }
}

void plan_done(struct link_plan *p)
{
    for (size_t i = 0; i < p->n; i++) {
        struct cell_plan *c = &p->cells[i];
        for (int side = 0; side < 2; side++) {
            json_decref(c->now[side]);
            json_decref(c->base[side]);
            json_decref(c->to[side]);
        }
        free(c->why);
    }
    free(p->cells);
    *p = (struct link_plan){0};
}
