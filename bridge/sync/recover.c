/* Open ops are writes whose answer was never seen. Before anything is decided again, this looks whether each one landed:
 * the value itself, its trace in the record's history, or, where neither can tell, whether it matters at all. What
 * nobody can know is held for a person, never guessed. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include "mappings/value.h"
#include <string.h>

enum landed { LANDED_NO, LANDED_YES, LANDED_UNKNOWN };

static const struct map_field *field_of(const struct map_object *o, const char *name)
{
    for (size_t i = 0; i < o->n_fields; i++)
        if (str_eq(o->fields[i].name, name))
            return &o->fields[i];
    return NULL;
}

/* Looks for what was sent among the values the record has had since the op was made. *value is what the service made of
 * it. For a create the oldest entry is what was created. */
static enum landed in_history(const struct batch *b, const struct item *it, const struct op *op,
                              const struct map_field *f, const json_t *cell, json_t **value)
{
    const json_t *sent = json_object_get(cell, "new"), *was = json_object_get(cell, "was");
    const json_t *entries = json_object_get(it->t.history, f->path[SIDE_T]);
    if (!json_is_array(entries))
        return LANDED_UNKNOWN;
    bool create = str_eq(op->kind, "create");
    for (size_t i = json_array_size(entries); i-- > 0;) {
        const json_t *entry = json_array_get(entries, i);
        if (!create && js_int_or(entry, "at", 0) < op->created - 5 * 60 * 1000)
            continue;
        json_t *past = race_past(b->r, f, entry);
        bool before = past && value_same(past, was) && !value_same(past, sent); /* the front of a text that grew is not its cut form */
        if (past && !before && (race_is_it(past, sent) || create)) {
            *value = past;
            return LANDED_YES;
        }
        json_decref(past);
    }
    return LANDED_NO;
}

static enum landed look(const struct batch *b, const struct item *it, const struct op *op, const struct map_field *f,
                        const json_t *cell, json_t **value)
{
    const json_t *fields = op->side == SIDE_T ? it->t.fields : it->subject.fields;
    bool unknown = false;
    json_t *now = fields ? map_read(f, op->side, fields, b->r->vocab[op->side], &unknown) : NULL;
    const json_t *sent = json_object_get(cell, "new"), *was = json_object_get(cell, "was");
    bool untouched = now && value_same(now, was) && !value_same(now, sent) && !str_eq(op->kind, "create");
    if (now && !untouched && race_is_it(now, sent)) {
        *value = now;
        return LANDED_YES;
    }
    /* A refused create is made bare and then field by field; cut off in between, what is blank never got there. A bulk job
     * makes a record whole or not at all: there a blank is somebody's. */
    bool seen = now != NULL, missing = now && !op->bulk && value_blank(now) && !value_blank(sent);
    AUTO_JSON json_t *mine = now;
    if (untouched)
        return LANDED_NO;
    enum landed past = op->side == SIDE_T ? in_history(b, it, op, f, cell, value) : LANDED_UNKNOWN;
    if (past == LANDED_UNKNOWN && str_eq(op->kind, "create") && missing)
        return LANDED_NO;
    if (past == LANDED_UNKNOWN && str_eq(op->kind, "create") && seen) {
        /* The record carries our key: it was made with this, or with what the service made of it if nobody else was there. */
        *value = json_incref(it->t.untouched ? mine : (json_t *)sent);
        return LANDED_YES;
    }
    return past;
}

/* Cut off before it could look: did somebody edit the cell between our read and our write? */
static void race_of(struct batch *b, struct item *it, const struct op *op, const struct map_field *f, const json_t *cell)
{
    struct race race = {.s = json_object_get(cell, "other"), .base_s = plan_base(it->link.cells, f->name, SIDE_S),
                        .was = json_object_get(cell, "was"), .sent = json_object_get(cell, "new"), .since = op->created - 2 * 60 * 1000};
    if (op->side != SIDE_T || str_eq(op->kind, "create") || (b->r->without & WITHOUT_RACE))
        return;
    AUTO_JSON json_t *value = race_found(b->r, f, json_object_get(it->t.history, f->path[SIDE_T]), &race);
    if (value)
        race_settle(b, it, f, &race, value);
}

void recover_landed(struct batch *b, struct item *it, const struct op *op, const struct map_field *f, const json_t *cell,
                    const json_t *value)
{
    bool alone = js_bool_or(cell, "merged", false);
    const json_t *other = json_object_get(cell, "other"), *as_if = json_object_get(cell, "as_if");
    int64_t now = b->r->env->now(b->r->env);
    const json_t *mine = alone && as_if ? as_if : value;
    if (op->side == SIDE_T)
        settle_cell(it, f, other, mine, now, WROTE_T);
    else
        settle_cell(it, f, mine, other, now, WROTE_S);
    settle_note(it, f->name, op->side == SIDE_T ? "crm" : "inbox", json_object_get(cell, "was"), value,
                op->bulk ? js_str(cell, "why") : "found landed after a lost answer", js_str(cell, "policy"), f->line,
                js_bool_or(cell, "conflict", false) ? json_object_get(cell, "was") : NULL);
}

static const struct cell_plan *planned(const struct link_plan *p, const char *field)
{
    for (size_t i = 0; i < p->n; i++)
        if (str_eq(p->cells[i].f->name, field))
            return &p->cells[i];
    return NULL;
}

static bool same_step(const struct cell_plan *a, const struct cell_plan *b)
{
    return a->act == b->act && js_equal(a->to[0], b->to[0]) && js_equal(a->to[1], b->to[1]) &&
           a->write[0] == b->write[0] && a->write[1] == b->write[1];
}

/* Plans the cell twice, as if it had landed and as if not. Does it matter? */
static bool matters(const struct batch *b, struct item *it, const struct op *op, const struct map_field *f,
                    const json_t *cell)
{
    struct sides in = item_sides(b, it);
    AUTO_JSON json_t *if_so = json_deep_copy(it->link.cells);
    json_t *mine = json_object_get(cell, "new"), *other = json_object_get(cell, "other");
    json_object_set_new(if_so, f->name,
                        json_pack("{s:O,s:O}", op->side == SIDE_S ? "s" : "t", mine, op->side == SIDE_S ? "t" : "s", other));
    struct link_plan no = {0}, yes = {0};
    plan_cells(it->b->o, it->link.cells, &in, NULL, 0, &no);
    plan_cells(it->b->o, if_so, &in, NULL, 0, &yes);
    const struct cell_plan *a = planned(&no, f->name), *z = planned(&yes, f->name);
    bool differs = a && z && !same_step(a, z);
    plan_done(&no);
    plan_done(&yes);
    return differs;
}

static void hold_unknown(struct batch *b, struct item *it, const struct map_field *f, const json_t *cell)
{
    (void)b;
    json_t *about = json_object();
    json_object_set(about, "sent", json_object_get(cell, "new"));
    json_object_set(about, "was", json_object_get(cell, "was"));
    it->holds = mem_grow(it->holds, it->n_holds + 1, sizeof *it->holds);
    it->holds[it->n_holds++] = (struct hold){.link = it->link.id, .field = mem_dup(f->name),
                                            .why = mem_dup("unknown outcome"), .about = about};
}

/* A create that landed and was not touched since: what it left to the service is as it was given at birth. */
static void recover_unsaid(struct batch *b, struct item *it, const struct op *op)
{
    bool ours = it->t.modified >= op->created - 5 * 60 * 1000;
    const char *name;
    json_t *s;
    json_object_foreach (json_object_get(op->payload, "unsaid"), name, s) {
        const struct map_field *f = field_of(it->b->o, name);
        bool unknown = false;
        if (!f || !ours || !it->t.untouched || json_object_get(it->link.cells, name))
            continue;
        AUTO_JSON json_t *t = it->t.fields ? map_read(f, SIDE_T, it->t.fields, b->r->vocab[SIDE_T], &unknown) : NULL;
        if (t)
            settle_cell(it, f, s, t, b->r->env->now(b->r->env), WROTE_NOTHING);
    }
}

static void recover_op(struct batch *b, struct item *it, struct op *op)
{
    const char *name;
    json_t *cell;
    json_object_foreach (json_object_get(op->payload, "cells"), name, cell) {
        const struct map_field *f = field_of(it->b->o, name);
        json_t *value = NULL;
        if (!f)
            continue;
        enum landed l = look(b, it, op, f, cell, &value);
        if (l == LANDED_YES) {
            race_of(b, it, op, f, cell);
            recover_landed(b, it, op, f, cell, value);
        }
        else if (l == LANDED_UNKNOWN && matters(b, it, op, f, cell))
            hold_unknown(b, it, f, cell);
        json_decref(value);
    }
    if (str_eq(op->kind, "create") && it->has_t) {
        recover_unsaid(b, it, op);
        it->link.state = LINK_LINKED;
        it->event = op->bulk ? NULL : "linked"; /* what a bulk job did was no doubt: it is told as made, below */
        it->settled = op->bulk != 0;
    }
    it->link_dirty = true;
}

/* What can be recovered now: its side was read (or, for a create, was looked for and found or not found). */
static bool readable(const struct item *it, const struct op *op)
{
    if (op->state != OP_OPEN)
        return false;
    return op->side == SIDE_S || it->has_t || str_eq(op->kind, "create");
}

static bool recover_item(struct batch *b, struct item *it, struct err *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < it->n_ops; i++) {
        struct op *op = &it->ops[i];
        if (!readable(it, op)) {
            it->ops[kept++] = *op;
            continue;
        }
        if ((op->side == SIDE_S || it->has_t) && !(b->r->without & WITHOUT_PROBE))
            recover_op(b, it, op);
        it->direct |= op->error != NULL;
        if (!store_op_delete(b->r->store, op->id, err))
            return false;
        op_done(op);
    }
    it->n_ops = kept;
    for (size_t i = 0; i < it->n_holds; i++)
        if (!it->holds[i].id && it->holds[i].field && !store_hold_put(b->r->store, &it->holds[i], err))
            return false;
    if (it->log && !store_log_add(b->r->store, b->r->run, it->link.id, it->settled ? "created" : "recovered", it->log, err))
        return false;
    b->r->tally.created += it->settled;
    json_decref(it->log);
    it->log = NULL;
    return !it->link_dirty || store_link_put(b->r->store, &it->link, err);
}

bool recover_ops(struct batch *b, struct err *err)
{
    bool any = false;
    for (size_t i = 0; i < b->n && !any; i++)
        for (size_t k = 0; k < b->items[i].n_ops; k++)
            any |= !b->items[i].off && readable(&b->items[i], &b->items[i].ops[k]);
    if (!any || b->dry)
        return true;
    STORE_TX(tx, b->r->store);
    if (!store_begin(b->r->store, err))
        return false;
    for (size_t i = 0; i < b->n; i++)
        if (!b->items[i].off && b->items[i].n_ops && !recover_item(b, &b->items[i], err))
            return false;
    return store_commit(b->r->store, err);
}
