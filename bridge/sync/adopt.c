/* Adopting is first contact with its hands tied: the road finds the records by the bridge key, and every write is taken out
 * of the plans. Records that match by another field are left to an ordinary sync. */
#include "bridge/sync/adopt.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"

struct adoption {
    json_t **rows;
    adopt_emit *emit;
    void *self;
};

static bool has_key(const struct item *it)
{
    const json_t *key = it->t.fields ? json_object_get(it->t.fields, it->b->o->key) : NULL;
    return str_eq(it->t.key ? it->t.key : json_string_value(key), it->job->key);
}

/* As it was before it was found. */
static void unlink_item(struct item *it)
{
    free(it->link.t_id);
    it->link.t_id = NULL;
    it->link_dirty = false;
    it->event = NULL;
}

static json_t *row_of(const struct item *it, const char *act)
{
    json_t *row = json_object();
    js_set(row, "key", json_string(it->job->key));
    js_set(row, "label", js_text(it->subject.label));
    js_set(row, "act", json_string(act));
    js_set(row, "t_id", js_text(it->link.t_id));
    return row;
}

static json_t *row_off(const struct item *it)
{
    bool ambiguous = it->link.state == LINK_AMBIGUOUS, known = it->link.id && it->link.state != LINK_AMBIGUOUS;
    const char *act = it->err.kind ? "failed" : ambiguous ? "ambiguous" : known ? "known" : "excluded";
    json_t *row = row_of(it, act);
    js_set(row, "why", js_text(it->err.kind ? it->err.text : it->why));
    if (it->err.kind == ERR_RATE || it->err.kind == ERR_TEMP)
        js_set(row, "again", json_true());
    return row;
}

/* Only agreement is taken over. */
static void tie_hands(struct item *it, json_t *row)
{
    json_t *differs = json_array();
    for (size_t i = 0; i < it->plan.n; i++) {
        struct cell_plan *c = &it->plan.cells[i];
        if (c->act != ACT_NONE && c->act != ACT_ADOPT)
            js_add(differs, json_string(c->f->name));
        if (c->act != ACT_ADOPT)
            c->act = ACT_NONE;
        c->write[0] = c->write[1] = false;
        c->release = c->clears = false;
    }
    it->plan.writes[0] = it->plan.writes[1] = it->plan.holds = it->plan.clears = 0;
    if (json_array_size(differs)) {
        it->next = NEXT_AGAIN;
        it->why = "adopted";
    }
    js_set(row, "differs", differs);
}

static json_t *adopt_item(struct item *it)
{
    bool found = str_eq(it->event, "linked");
    if (it->off)
        return row_off(it);
    if (it->create || (found && !has_key(it))) {
        unlink_item(it);
        item_off(it, NEXT_AGAIN,
                 it->create ? "no CRM record carries its key" : "a CRM record matches, but not by its key");
        it->create = false;
        json_t *row = row_of(it, "unmatched");
        js_set(row, "why", json_string(it->why));
        return row;
    }
    json_t *row = row_of(it, found ? "linked" : "known");
    tie_hands(it, row);
    return row;
}

static void decided(struct batch *b, void *self)
{
    struct adoption *a = self;
    for (size_t i = 0; i < b->n; i++)
        a->rows[i] = adopt_item(&b->items[i]);
}

static void done(const struct batch *b, void *self)
{
    struct adoption *a = self;
    for (size_t i = 0; i < b->n; i++)
        a->emit(a->self, a->rows[i]);
}

bool sync_adopt(struct route *r, const struct job *jobs, size_t n, bool dry, adopt_emit *emit, void *self,
                struct err *err)
{
    AUTO_FREE json_t **rows = mem_grow(NULL, n + 1, sizeof *rows);
    struct adoption a = {.rows = rows, .emit = emit, .self = self};
    for (size_t i = 0; i < n; i++)
        rows[i] = NULL;
    bool ok = sync_detour(r, jobs, n, &(struct detour){.dry = dry, .decided = decided, .done = done, .self = &a}, err);
    for (size_t i = 0; i < n; i++)
        json_decref(rows[i]);
    return ok;
}
