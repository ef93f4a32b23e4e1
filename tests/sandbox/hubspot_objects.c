/* Records one by one: list, create, read, update, archive; merge and GDPR deletion. */
#include "tests/sandbox/hubspot.h"

#define LIST_MOST 100
#define IDENTITIES_MOST 250

/* ---- which record is meant ---- */

static bool wants_archived(const struct hub_ask *ask)
{
    return str_eq(js_str(ask->query, "archived"), "true");
}

/* By id, also an old one, or by a unique property. NULL: 404 is answered. */
static struct hub_record *asked(struct hub_ask *ask, struct hub_type *t, const char *id, const char *property)
{
    struct hub_record *r = NULL;
    if (property && !hub_is_unique(t, property))
        hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "%s is not a unique property of %s", property, t->names[0]);
    else if (property && !(r = hub_unique(t, property, id)))
        hub_not_found(ask);
    else if (!property && !(r = hub_follow(t, hub_get(t, id))))
        hub_not_found(ask);
    return r;
}

static void answer_record(struct hub_ask *ask, struct hub_type *t, const struct hub_record *r, int status,
                          const json_t *written)
{
    AUTO_JSON json_t *names = written ? hub_default_names(t) : hub_names(json_object_get(ask->query, "properties"));
    AUTO_JSON json_t *past = hub_names(json_object_get(ask->query, "propertiesWithHistory"));
    AUTO_JSON json_t *linked = hub_names(json_object_get(ask->query, "associations"));
    AUTO_JSON json_t *also = hub_keys(status == 201 ? r->props : written); /* a new record is told whole */
    json_array_extend(names, also);
    struct hub_view view = {.names = names, .past = past, .linked = linked, .url = ask->version >= HUB_2026_03};
    hub_reply(ask, status, hub_show(ask->h, t, r, &view));
}

/* ---- create ---- */

struct hub_record *hub_new(struct hub_ask *ask, struct hub_type *t, const json_t *input, struct hub_bad *bad)
{
    const json_t *props = json_object_get(input, "properties"), *links = json_object_get(input, "associations");
    if (!json_is_object(props)) {
        hub_set_bad(bad, 400, "VALIDATION_ERROR", "Invalid input JSON: properties must be an object");
        return NULL;
    }
    if (!hub_check(ask->h, t, NULL, props, HUB_BY_APP, bad) || !hub_check_required(ask, t, NULL, props, bad) ||
        !hub_check_unique(t, NULL, props, bad) || !hub_check_inline(ask->h, t, links, bad))
        return NULL;
    struct hub_record *r = hub_create(ask->h, t, HUB_BY_APP);
    hub_write(ask->h, t, r, props, HUB_BY_APP);
    hub_born(ask->h, t, r);
    hub_join_inline(ask->h, t, r, links);
    return r;
}

static void create(struct hub_ask *ask, struct hub_type *t)
{
    struct hub_bad bad = {0};
    const struct hub_record *r = hub_new(ask, t, ask->body, &bad);
    AUTO_FREE char *route = mem_printf("/objects/%s", t->names[0]);
    hub_note(ask, r != NULL, route);
    if (r)
        answer_record(ask, t, r, 201, json_object_get(ask->body, "properties"));
    else
        hub_refuse(ask->h, ask->a, &bad);
}

/* ---- list ---- */

/* The cursor is a record id. Merged-away records are in neither list. */
static void list(struct hub_ask *ask, struct hub_type *t)
{
    int64_t limit = js_int_or(ask->query, "limit", 10), after = js_int_or(ask->query, "after", 0);
    bool archived = wants_archived(ask);
    AUTO_JSON json_t *names = hub_names(json_object_get(ask->query, "properties"));
    AUTO_JSON json_t *past = hub_names(json_object_get(ask->query, "propertiesWithHistory"));
    AUTO_JSON json_t *linked = hub_names(json_object_get(ask->query, "associations"));
    struct hub_view view = {.names = names, .past = past, .linked = linked, .url = ask->version >= HUB_2026_03};
    if (limit < 1 || limit > LIST_MOST) {
        hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "limit must be between 1 and %d", LIST_MOST);
        return;
    }
    json_t *results = json_array(), *out = json_pack("{s:o}", "results", results);
    for (size_t i = 0; i < t->n; i++) {
        const struct hub_record *r = &t->records[i];
        if (r->id <= after || r->archived != archived || r->erased || r->merged_into)
            continue;
        if ((int64_t)json_array_size(results) == limit) {
            const char *last = js_str(json_array_get(results, (size_t)limit - 1), "id");
            js_set(out, "paging", json_pack("{s:{s:s,s:s}}", "next", "after", last, "link", "?after="));
            break;
        }
        js_add(results, hub_show(ask->h, t, r, &view));
    }
    hub_reply(ask, 200, out);
}

/* ---- one ---- */

static void update(struct hub_ask *ask, struct hub_type *t, struct hub_record *r)
{
    struct hub_bad bad = {0};
    const json_t *props = json_object_get(ask->body, "properties");
    if (r->archived) {
        hub_not_found(ask);
    } else if (!json_is_object(props)) {
        hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "Invalid input JSON: properties must be an object");
    } else if (!hub_check(ask->h, t, r, props, HUB_BY_APP, &bad) || !hub_check_required(ask, t, r, props, &bad) ||
               !hub_check_unique(t, r, props, &bad)) {
        hub_refuse(ask->h, ask->a, &bad);
    } else {
        AUTO_FREE char *route = mem_printf("/objects/%s/{id}", t->names[0]);
        hub_note(ask, hub_write(ask->h, t, r, props, HUB_BY_APP), route);
        answer_record(ask, t, r, 200, props);
    }
}

static void archive(struct hub_ask *ask, struct hub_type *t, const char *id)
{
    const char *property = js_str(ask->query, "idProperty");
    struct hub_record *r = property ? hub_unique(t, property, id) : hub_follow(t, hub_get(t, id));
    AUTO_FREE char *route = mem_printf("/objects/%s/{id}", t->names[0]);
    bool gone = !r || r->archived;
    hub_note(ask, !gone, route);
    if (gone && hub_says(ask->h, "second_delete", "404")) {
        hub_not_found(ask);
        return;
    }
    if (!gone)
        hub_archive(ask->h, t, r, HUB_BY_APP);
    hub_reply(ask, 204, NULL);
}

static void one(struct hub_ask *ask, struct hub_type *t, const char *id)
{
    AUTO_FREE char *route = mem_printf("/objects/%s/{id}", t->names[0]);
    hub_note(ask, false, route);
    if (hub_is(ask, "DELETE")) {
        archive(ask, t, id);
        return;
    }
    if (!hub_is(ask, "GET") && !hub_is(ask, "PATCH")) {
        hub_wrong_method(ask);
        return;
    }
    struct hub_record *r = asked(ask, t, id, js_str(ask->query, "idProperty"));
    if (!r)
        return;
    if (hub_is(ask, "PATCH"))
        update(ask, t, r);
    else if (r->archived != wants_archived(ask))
        hub_not_found(ask);
    else
        answer_record(ask, t, r, 200, NULL);
}

/* ---- verbs ---- */

static void merge(struct hub_ask *ask, struct hub_type *t)
{
    struct hub_record *winner = hub_live(t, js_str(ask->body, "primaryObjectId"));
    struct hub_record *loser = hub_live(t, js_str(ask->body, "objectIdToMerge"));
    const char *merged = js_str_or(winner ? winner->props : NULL, "hs_merged_object_ids", "");
    size_t identities = 1;
    for (; *merged; merged++)
        identities += *merged == ';';
    hub_note(ask, false, "/objects/merge");
    if (hub_is_activity(t)) {
        hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "%s cannot be merged", t->names[0]);
    } else if (!winner || !loser) {
        hub_not_found(ask);
    } else if (winner == loser) {
        hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "Cannot merge an object with itself");
    } else if (identities >= IDENTITIES_MOST) {
        hub_error(ask->h, ask->a, 414, "VALIDATION_ERROR", "The merge limit of %d is reached", IDENTITIES_MOST);
    } else {
        hub_note(ask, true, "/objects/merge");
        answer_record(ask, t, hub_merge(ask->h, t, winner, loser), 200, NULL);
    }
}

static void gdpr_delete(struct hub_ask *ask, struct hub_type *t)
{
    const char *id = js_str(ask->body, "objectId");
    struct hub_record *r = id ? asked(ask, t, id, js_str(ask->body, "idProperty")) : NULL;
    hub_note(ask, r != NULL, "/objects/contacts/gdpr-delete");
    if (!id)
        hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "objectId is required");
    if (!r)
        return;
    hub_erase(t, r);
    hub_reply(ask, 204, NULL);
}

static void verb(struct hub_ask *ask, struct hub_type *t, const char *name)
{
    if (!hub_is(ask, "POST"))
        hub_wrong_method(ask);
    else if (str_eq(name, "search"))
        hub_search(ask, t);
    else if (str_eq(name, "merge"))
        merge(ask, t);
    else
        gdpr_delete(ask, t);
}

/* part[0] is the object's name. */
void hub_objects(struct hub_ask *ask)
{
    struct hub_type *t = ask->n ? hub_type_of(ask->h, ask->part[0]) : NULL;
    const char *second = ask->n > 1 ? ask->part[1] : "";
    bool contacts = t && t->kind == HUB_CONTACT;
    if (!t)
        hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "Unable to infer object type from: %s",
                  ask->n ? ask->part[0] : "");
    else if (ask->n > 2 && str_eq(ask->part[2], "associations"))
        hub_associations(ask, t, asked(ask, t, second, NULL));
    else if (ask->version == HUB_V4)
        hub_not_found(ask); /* v4 has associations only */
    else if (ask->n == 2 &&
             (str_eq(second, "search") || str_eq(second, "merge") || (contacts && str_eq(second, "gdpr-delete"))))
        verb(ask, t, second);
    else if (ask->n == 3 && str_eq(second, "batch"))
        hub_is(ask, "POST") ? hub_batch(ask, t, ask->part[2]) : hub_wrong_method(ask);
    else if (ask->n == 1 && hub_is(ask, "POST"))
        create(ask, t);
    else if (ask->n == 1 && hub_is(ask, "GET"))
        list(ask, t);
    else if (ask->n == 2)
        one(ask, t, second);
    else
        hub_not_found(ask);
}
