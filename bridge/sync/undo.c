/* Undoing changes plans and nothing else: guards, confirmation, intents, calls and settling are those of every write. What
 * the mapping would like to do to other cells waits for the next sync. */
#include "bridge/sync/undo.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include "mappings/value.h"

struct undo {
    int64_t run;
    json_t *const *rows;
    bool dry;
};

static const char *const sides[2] = {"inbox", "crm"};

static void list(json_t *row, const char *name, json_t *stolen)
{
    if (!json_object_get(row, name))
        js_set(row, name, json_array());
    js_add(json_object_get(row, name), stolen);
}

static void keep(json_t *row, const char *field, const char *why)
{
    list(row, "kept", json_pack("{s:s,s:s}", "field", field, "why", why));
}

/* ---- plans ---- */

static void leave_alone(struct item *it, struct cell_plan *c)
{
    if (!c->write[0] && !c->write[1])
        return;
    c->write[0] = c->write[1] = false;
    c->act = ACT_NONE;
    it->next = NEXT_AGAIN;
    it->why = "not part of the undo";
}

static const char *cannot(const struct cell_plan *c, const json_t *note)
{
    static const char *const moved[] = {"changed in Inbox since", "changed in the CRM since"};
    if (c->held || c->f->flow == FLOW_NONE || !c->now[SIDE_S] || !c->now[SIDE_T])
        return c->held ? "held for a person" : "not mapped any more, or not told";
    for (int side = 0; side < 2; side++) {
        const json_t *old = json_object_get(note, sides[side]);
        if (!value_same(c->now[side], json_object_get(note, side == SIDE_S ? "s" : "t")))
            return moved[side];
        if (old && value_blank(old) && !c->f->blank_to[side])
            return "it was blank, and the mapping never clears this side";
    }
    return NULL;
}

static void take_back(const struct undo *u, struct cell_plan *c, const json_t *note)
{
    free(c->why);
    c->why = mem_printf("undo of run %lld", (long long)u->run);
    c->conflict = c->merged = c->adopt_only = c->release = c->clears = false;
    for (int side = 0; side < 2; side++) {
        json_t *old = json_object_get(note, sides[side]);
        c->write[side] = old && !value_same(old, c->now[side]);
        if (!c->write[side])
            continue;
        json_decref(c->to[side]);
        c->to[side] = json_incref(old);
    }
    c->act = c->write[SIDE_T] ? ACT_WRITE_T : c->write[SIDE_S] ? ACT_WRITE_S : ACT_NONE;
}

static void recount(struct link_plan *p)
{
    p->writes[0] = p->writes[1] = p->holds = p->adopts = 0;
    p->clears = 0; /* a person asked for exactly these: no guard asks again */
    for (size_t i = 0; i < p->n; i++) {
        for (int side = 0; side < 2; side++)
            p->writes[side] += p->cells[i].write[side];
        p->holds += p->cells[i].act == ACT_HOLD;
        p->adopts += p->cells[i].adopt_only;
    }
}

static void plan_item(const struct undo *u, struct item *it, json_t *row)
{
    const json_t *cells = json_object_get(row, "cells");
    js_set(row, "label", js_text(it->subject.label));
    if (it->create && !it->off)
        item_off(it, NEXT_AGAIN, "the CRM has no such record any more");
    if (it->off || !it->planned)
        return;
    for (size_t i = 0; i < it->plan.n; i++) {
        struct cell_plan *c = &it->plan.cells[i];
        const json_t *note = json_object_get(cells, c->f->name);
        const char *why = note ? cannot(c, note) : NULL;
        if (why)
            keep(row, c->f->name, why);
        if (note && !why)
            take_back(u, c, note);
        else
            leave_alone(it, c);
    }
    recount(&it->plan);
}

static void decided(struct batch *b, void *self)
{
    const struct undo *u = self;
    for (size_t i = 0; i < b->n; i++)
        plan_item(u, &b->items[i], u->rows[i]);
}

/* ---- what came of it ---- */

static bool kept_already(const json_t *row, const char *field)
{
    size_t i;
    json_t *kept;
    json_array_foreach (json_object_get(row, "kept"), i, kept)
        if (str_eq(js_str(kept, "field"), field))
            return true;
    return false;
}

static const struct cell_plan *cell_of(const struct item *it, const char *field)
{
    for (size_t i = 0; it->planned && i < it->plan.n; i++)
        if (str_eq(it->plan.cells[i].f->name, field))
            return &it->plan.cells[i];
    return NULL;
}

static const char *why_not(const struct item *it)
{
    const struct err *err = &it->out[0].result.err;
    for (int side = 0; side < 2; side++)
        if (it->out[side].result.err.kind != ERR_NONE)
            err = &it->out[side].result.err;
    if (err->kind == ERR_NONE)
        err = &it->err;
    if (err->kind == ERR_UNSURE)
        return "the answer was lost: the next sync looks whether it was written";
    return err->kind != ERR_NONE ? err->text : it->why ? it->why : "it has the old value already";
}

static void tell_cell(const struct undo *u, const struct item *it, json_t *row, const char *field)
{
    const struct cell_plan *c = cell_of(it, field);
    bool any = false;
    if (kept_already(row, field))
        return;
    for (int side = 0; c && side < 2; side++) {
        bool done = u->dry ? !it->off && c->write[side] : item_landed(it, field, side) && c->write[side];
        any |= done;
        if (done)
            list(row, "undone",
                 json_pack("{s:s,s:s,s:O,s:O}", "field", field, "side", sides[side], "from", c->now[side], "to",
                           c->to[side]));
    }
    if (!any)
        keep(row, field, c || it->off ? why_not(it) : "the mapping has no such field any more");
}

static void done(const struct batch *b, void *self)
{
    const struct undo *u = self;
    for (size_t i = 0; i < b->n; i++) {
        const char *field;
        json_t *note;
        json_object_foreach (json_object_get(u->rows[i], "cells"), field, note)
            tell_cell(u, &b->items[i], u->rows[i], field);
    }
}

bool sync_undo(struct route *r, int64_t run, const struct job *jobs, json_t *const *rows, size_t n, bool dry,
               struct err *err)
{
    struct undo u = {.run = run, .rows = rows, .dry = dry};
    return sync_detour(r, jobs, n, &(struct detour){.dry = dry, .decided = decided, .done = done, .self = &u}, err);
}
