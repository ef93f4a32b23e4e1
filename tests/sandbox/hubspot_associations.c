/* Associations of one record: v4 and the dated versions speak of type ids, v3 of names. */
#include "tests/sandbox/hubspot.h"

#define PAGE_MOST 500

/* ---- listing ---- */

static json_t *link_row(struct hub *h, const struct hub_type *from, const struct hub_type *to, const char *id,
                        const json_t *codes)
{
    json_t *types = json_array(), *code, *number;
    size_t i;
    json_array_foreach ((json_t *)codes, i, code) {
        const struct hub_link_type *lt = hub_link_type(h, from->kind, to->kind, (int)json_integer_value(code));
        if (lt)
            js_add(types, hub_spec_json(lt));
    }
    number = hub_says(h, "to_object_id", "string") ? json_string(id) : json_integer(strtoll(id, NULL, 10));
    return json_pack("{s:o,s:o}", "toObjectId", number, "associationTypes", types);
}

/* The cursor is the place in the list. */
json_t *hub_link_page(struct hub *h, const struct hub_type *from, struct hub_type *to, const struct hub_record *r,
                      int64_t limit, int64_t after)
{
    json_t *results = json_array(), *out = json_pack("{s:o}", "results", results), *codes;
    const char *id;
    int64_t at = 0;
    json_object_foreach ((json_t *)hub_linked(r, to), id, codes) {
        if (!hub_live(to, id))
            continue;
        if ((int64_t)json_array_size(results) == limit) {
            js_set(out, "paging", json_pack("{s:{s:o}}", "next", "after", hub_id(at)));
            break;
        }
        if (at++ >= after)
            js_add(results, link_row(h, from, to, id, codes));
    }
    return out;
}

static void list(struct hub_ask *ask, struct hub_type *from, struct hub_type *to, const struct hub_record *r)
{
    int64_t limit = js_int_or(ask->query, "limit", PAGE_MOST), after = js_int_or(ask->query, "after", 0);
    hub_note(ask, false, "/objects/{id}/associations");
    if (limit < 1 || limit > PAGE_MOST)
        hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "limit must be between 1 and %d", PAGE_MOST);
    else if (ask->version == HUB_V3)
        hub_reply(ask, 200, json_pack("{s:o}", "results", hub_links_v3(ask->h, from, r, to)));
    else
        hub_reply(ask, 200, hub_link_page(ask->h, from, to, r, limit, after));
}

/* ---- joining and parting ---- */

json_t *hub_joined_json(struct hub *h, const struct hub_link *l, const json_t *codes)
{
    json_t *labels = json_array(), *code;
    size_t i;
    json_array_foreach ((json_t *)codes, i, code) {
        const struct hub_link_type *lt = hub_link_type(h, l->from_type->kind, l->to_type->kind,
                                                       (int)json_integer_value(code));
        if (lt && *lt->label)
            js_add(labels, json_string(lt->label));
    }
    return json_pack("{s:s,s:I,s:s,s:I,s:o}", "fromObjectTypeId", l->from_type->names[1], "fromObjectId",
                     (json_int_t)l->from->id, "toObjectTypeId", l->to_type->names[1], "toObjectId",
                     (json_int_t)l->to->id, "labels", labels);
}

/* What associating without a word of types answers: both directions. */
json_t *hub_default_json(struct hub *h, const struct hub_link *l)
{
    json_t *rows = json_array();
    for (int back = 0; back < 2; back++) {
        const struct hub_type *from = back ? l->to_type : l->from_type, *to = back ? l->from_type : l->to_type;
        const struct hub_link_type *lt = hub_plain_link(h, from->kind, to->kind);
        js_add(rows, json_pack("{s:{s:o},s:{s:o},s:{s:s,s:i}}", "from", "id", hub_id(back ? l->to->id : l->from->id),
                               "to", "id", hub_id(back ? l->from->id : l->to->id), "associationSpec",
                               "associationCategory", "HUBSPOT_DEFINED", "associationTypeId", lt ? lt->code : 0));
    }
    return json_pack("{s:s,s:o}", "status", "COMPLETE", "results", rows);
}

static void join(struct hub_ask *ask, const struct hub_link *l)
{
    struct hub_bad bad = {0};
    AUTO_JSON json_t *codes = NULL;
    if (!hub_specs(ask->h, l, ask->body, &codes, &bad)) {
        hub_refuse(ask->h, ask->a, &bad);
        return;
    }
    hub_join(ask->h, l, codes, true);
    hub_note(ask, true, "/objects/{id}/associations/{id}");
    hub_reply(ask, 201, hub_joined_json(ask->h, l, codes));
}

static void part(struct hub_ask *ask, const struct hub_link *l, const json_t *codes)
{
    hub_part(ask->h, l, codes);
    hub_note(ask, true, "/objects/{id}/associations/{id}");
    hub_reply(ask, 204, NULL);
}

/* …/associations/{to}/{toId}/{type}: the type is a name or a number */
static void typed(struct hub_ask *ask, const struct hub_link *l, const char *name)
{
    const struct hub_link_type *lt = hub_named_link(ask->h, l->from_type->kind, l->to_type->kind, name);
    AUTO_JSON json_t *codes = lt ? json_pack("[i]", lt->code) : NULL;
    if (!lt) {
        hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "No association type %s from %s to %s exists", name,
                  l->from_type->names[2], l->to_type->names[2]);
    } else if (hub_is(ask, "DELETE")) {
        part(ask, l, *lt->label ? codes : NULL);
    } else if (hub_is(ask, "PUT")) {
        struct hub_view view = {0};
        hub_join(ask->h, l, codes, false);
        hub_note(ask, true, "/objects/{id}/associations/{id}");
        hub_reply(ask, 200, hub_show(ask->h, l->from_type, l->from, &view));
    } else {
        hub_wrong_method(ask);
    }
}

static void pair(struct hub_ask *ask, const struct hub_link *l, const char *type, bool plain)
{
    if (!hub_plain_link(ask->h, l->from_type->kind, l->to_type->kind)) {
        hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "%s cannot be associated with %s", l->from_type->names[0],
                  l->to_type->names[0]);
    } else if (plain && hub_is(ask, "PUT")) {
        hub_join(ask->h, l, NULL, false);
        hub_note(ask, true, "/objects/{id}/associations/default");
        hub_reply(ask, 200, hub_default_json(ask->h, l));
    } else if (type) {
        typed(ask, l, type);
    } else if (ask->version == HUB_V3) {
        hub_not_found(ask);
    } else if (hub_is(ask, "PUT")) {
        join(ask, l);
    } else if (hub_is(ask, "DELETE")) {
        part(ask, l, NULL);
    } else {
        hub_wrong_method(ask);
    }
}

/* part: type, id, "associations", to, toId, type; or …, "default", to, toId. r NULL: 404 is answered already. */
void hub_associations(struct hub_ask *ask, struct hub_type *from, struct hub_record *r)
{
    bool plain = ask->n == 6 && str_eq(ask->part[3], "default");
    size_t at = plain ? 4 : 3;
    struct hub_type *to = ask->n > at ? hub_type_of(ask->h, ask->part[at]) : NULL;
    hub_note(ask, false, "/objects/{id}/associations");
    if (!r)
        return;
    if (!to || r->archived || (ask->n == 4 && !hub_is(ask, "GET"))) {
        hub_not_found(ask);
        return;
    }
    if (ask->n == 4) {
        list(ask, from, to, r);
        return;
    }
    struct hub_link l = {.from_type = from, .to_type = to, .from = r, .to = hub_live(to, ask->part[at + 1])};
    if (!l.to)
        hub_not_found(ask);
    else
        pair(ask, &l, ask->n == 6 && !plain ? ask->part[5] : NULL, plain);
}
