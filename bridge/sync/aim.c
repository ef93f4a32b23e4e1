/* Shadows belong to a field's name, values to its places. Whoever edits the mapping and points a name at another place would make
 * every record look edited there: blanks would clear, strangers' values overwrite what people wrote on the other side. So the
 * places are remembered: {"prospect":{"types":[inbox,crm],"fields":{"notes":[inbox,crm]}}} under "aim:<route>", and of entries how
 * they are grouped, for their keys hang on it. What the mapping does not mention any more stays remembered, for it may come back
 * pointing elsewhere. */
#include "bridge/sync/aim.h"
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "mappings/digest.h"
#include <string.h>

#define STEP 500

static json_t *pair(char *const both[2])
{
    return json_pack("[s,s]", both[SIDE_S], both[SIDE_T]);
}

/* Names of this object's fields that point elsewhere now; new reference. */
static json_t *moved_fields(const struct map_object *o, const json_t *fields)
{
    json_t *moved = json_array();
    for (size_t i = 0; i < o->n_fields; i++) {
        const json_t *was = json_object_get(fields, o->fields[i].name);
        AUTO_JSON json_t *is = pair(o->fields[i].path);
        if (was && !js_equal(was, is))
            js_add(moved, json_string(o->fields[i].name));
    }
    return moved;
}

/* ---- forgetting ---- */

static bool forget_intents(struct route *r, const struct link *link, const json_t *moved, struct err *err)
{
    struct op *ops = NULL;
    size_t n = 0, k;
    json_t *name;
    if (!store_ops_of(r->store, link->id, &ops, &n, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        json_t *cells = json_object_get(ops[i].payload, "cells");
        size_t before = json_object_size(cells);
        json_array_foreach (moved, k, name)
            json_object_del(cells, json_string_value(name));
        ok = json_object_size(cells) == before || store_op_put(r->store, &ops[i], err);
    }
    ops_free(ops, n);
    return ok;
}

static bool among(const json_t *names, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach ((json_t *)names, i, one)
        if (str_eq(json_string_value(one), name))
            return true;
    return false;
}

static bool forget_holds(struct route *r, const struct link *link, const json_t *moved, struct err *err)
{
    struct hold *holds = NULL;
    size_t n = 0;
    bool ok = store_holds_of(r->store, link->id, &holds, &n, err);
    for (size_t i = 0; ok && i < n; i++)
        ok = !holds[i].field || !among(moved, holds[i].field) || store_hold_delete(r->store, holds[i].id, err);
    holds_free(holds, n);
    return ok;
}

static bool forget_link(struct route *r, struct link *link, const json_t *moved, struct err *err)
{
    AUTO_JSON json_t *notes = json_object();
    size_t i;
    json_t *name;
    json_array_foreach ((json_t *)moved, i, name)
        if (json_object_get(link->cells, json_string_value(name))) {
            json_object_del(link->cells, json_string_value(name));
            js_set(notes, json_string_value(name), json_pack("{s:n,s:n}", "s", "t"));
        }
    if (!forget_intents(r, link, moved, err) || !forget_holds(r, link, moved, err))
        return false;
    return !json_object_size(notes) || (store_link_put(r->store, link, err) && store_log_add(r->store, r->run, link->id, "mapped anew", notes, err));
}

/* ---- going over the links ---- */

typedef bool visitor(struct route *r, struct link *link, const json_t *moved, struct err *err);

static bool each_link(struct route *r, const struct map_object *o, visitor *visit, const json_t *moved, struct err *err)
{
    int64_t after = 0;
    for (bool more = true; more;) {
        struct link *links = NULL;
        size_t n = 0;
        STORE_TX(tx, r->store);
        if (!store_begin(r->store, err) || !store_links_after(r->store, r->name, after, STEP, &links, &n, err))
            return false;
        bool ok = true;
        for (size_t i = 0; ok && i < n; i++) {
            after = links[i].id;
            ok = !str_eq(links[i].object, o->name) || visit(r, &links[i], moved, err);
        }
        links_free(links, n);
        more = n == STEP;
        if (!ok || !store_commit(r->store, err))
            return false;
    }
    return true;
}

static bool refuse_link(struct route *r, struct link *link, const json_t *was, struct err *err)
{
    if (!link->t_id)
        return true;
    return err_set(err, ERR_CONFIG,
                   "route %s: the links of \"%s\" are %s of Inbox and %s of the CRM, and the mapping %s now says something else; "
                   "give the route another name, or use another store file",
                   r->name, link->object, json_string_value(json_array_get(was, SIDE_S)), json_string_value(json_array_get(was, SIDE_T)),
                   r->mapping->file);
}

/* Grouped otherwise, everything said so far would be logged a second time, under other keys. */
static bool refuse_entry(struct route *r, struct link *link, const json_t *was, struct err *err)
{
    if (!link->t_id)
        return true;
    return err_set(err, ERR_CONFIG,
                   "route %s: conversations are logged grouped by \"%s\", and the `digest` or `timezone` of \"%s\" in %s now says something "
                   "else: what is logged would be logged again; set it back",
                   r->name, json_string_value(was), link->object, r->mapping->file);
}

/* ---- one object ---- */

static void remember(const struct map_object *o, const char *grouping, json_t *known)
{
    json_t *mine = json_object_get(known, o->name);
    if (!mine) {
        mine = json_pack("{s:{}}", "fields");
        js_set(known, o->name, mine);
    }
    js_set(mine, "types", pair(o->type));
    if (grouping)
        js_set(mine, "entries", json_string(grouping));
    for (size_t i = 0; i < o->n_fields; i++)
        js_set(json_object_get(mine, "fields"), o->fields[i].name, pair(o->fields[i].path));
}

static bool take_object(struct route *r, const struct map_object *o, json_t *known, struct err *err)
{
    const json_t *mine = json_object_get(known, o->name), *types = json_object_get(mine, "types"), *entries = json_object_get(mine, "entries");
    AUTO_FREE char *grouping = o->digest ? digest_grouping(o->digest) : NULL;
    AUTO_JSON json_t *is = pair(o->type), *moved = moved_fields(o, json_object_get(mine, "fields"));
    if (types && !js_equal(types, is) && !each_link(r, o, refuse_link, types, err))
        return false;
    if (entries && !str_eq(json_string_value(entries), grouping) && !each_link(r, o, refuse_entry, entries, err))
        return false;
    if (json_array_size(moved) && !each_link(r, o, forget_link, moved, err))
        return false;
    remember(o, grouping, known);
    return true;
}

bool aim_take(struct route *r, struct err *err)
{
    AUTO_FREE char *name = mem_printf("aim:%s", r->name), *text = NULL;
    if (!store_meta_get(r->store, name, &text, err))
        return false;
    json_t *read = text ? js_parse(text, strlen(text), NULL) : NULL;
    AUTO_JSON json_t *known = read ? read : json_object();
    for (size_t i = 0; i < r->n; i++)
        if (!take_object(r, r->objects[i].o, known, err))
            return false;
    AUTO_FREE char *now = js_print(known);
    return str_eq(text, now) || store_meta_set(r->store, name, now, err);
}
