/* Who has no link yet: their record by the bridge key and the match keys, or by what a person picked. One hit links; several, or
 * one that belongs to somebody else, wait for a person. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"

#define SEARCH_LAG_MS (10 * 60 * 1000) /* far beyond what a search index is seen to lag */

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

/* Does another prospect own that record already, or has one just found it in this very batch? */
static bool taken_by_another(struct batch *b, const struct item *it, const char *id, bool *taken, struct err *err)
{
    struct link other = {0};
    bool found = false;
    if (!store_link_by_target(b->r->store, b->r->name, it->b->o->type[SIDE_T], id, &other, &found, err))
        return false;
    *taken = found && other.id != it->link.id;
    link_done(&other);
    for (size_t i = 0; i < b->n && !*taken; i++)
        *taken = &b->items[i] != it && b->items[i].b == it->b && str_eq(b->items[i].link.t_id, id);
    return true;
}

/* One hit links, unless it is another prospect's. */
static bool take_found(struct batch *b, struct item *it, struct found *f, const char *field, struct err *err)
{
    bool taken = false;
    if (f->err.kind != ERR_NONE) {
        item_fail(b, it, &f->err);
        return true;
    }
    if (f->n > 1)
        hold_candidates(it, f, field);
    if (f->n != 1)
        return true;
    if (!taken_by_another(b, it, f->items[0].id, &taken, err))
        return false;
    if (taken) {
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

/* A choice that cannot be: it is asked for again. */
static bool ask_again(struct batch *b, struct item *it, struct hold *h, struct err *err)
{
    char *why = mem_printf("record %s belongs to another prospect already", h->choice);
    free(h->why);
    free(h->choice);
    h->why = why;
    h->choice = NULL;
    item_off(it, NEXT_FINISH, "several records match");
    return b->dry || store_hold_put(b->r->store, h, err);
}

/* A person picked the record of an ambiguous link. */
static bool take_choice(struct batch *b, struct item *it, struct err *err)
{
    for (size_t i = 0; i < it->n_holds; i++) {
        struct hold *h = &it->holds[i];
        bool taken = false;
        if (h->field || !h->choice || it->link.state != LINK_AMBIGUOUS)
            continue;
        if (!taken_by_another(b, it, h->choice, &taken, err))
            return false;
        if (taken)
            return ask_again(b, it, h, err);
        it->link.t_id = mem_dup(h->choice);
        it->link.state = LINK_LINKED;
        it->link_dirty = true;
        it->event = "linked";
    }
    return true;
}

bool match_choices(struct batch *b, struct err *err)
{
    for (size_t i = 0; i < b->n; i++)
        if (!b->items[i].off && !take_choice(b, &b->items[i], err))
            return false;
    return true;
}

bool match_targets(struct batch *b, struct err *err)
{
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
            gather_fail(b, bound, unlinked, &one);
        }
    }
    return true;
}
