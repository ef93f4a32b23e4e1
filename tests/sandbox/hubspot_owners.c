/* Owners: the account's users, whose id is not their userId. Those who left are archived and have no userId. */
#include "tests/sandbox/hubspot.h"
#include <strings.h>

#define PAGE_MOST 500

static json_t *add_owner(struct hub *h, const char *email, const char *name, const char *type, bool archived)
{
    size_t n = json_array_size(h->owners);
    char at[WHEN_TEXT];
    when_print(sandbox_now(hub_box(h)), at);
    bool person = str_eq(type, "PERSON");
    json_t *o = json_pack("{s:o,s:s?,s:s,s:s,s:s,s:b,s:s,s:s,s:[]}", "id", hub_id(7001 + (int64_t)n), "email", email,
                          "type", type, "firstName", name, "lastName", "Team", "archived", archived, "createdAt", at,
                          "updatedAt", at, "teams");
    js_set(o, "userId", person && !archived ? json_integer(51 + (json_int_t)n) : json_null());
    js_set(o, "userIdIncludingInactive", person ? json_integer(51 + (json_int_t)n) : json_null());
    js_add(h->owners, o);
    return o;
}

void hub_owners_init(struct hub *h)
{
    h->owners = json_array();
    add_owner(h, "ann@team.example", "ann", "PERSON", false);
    add_owner(h, "ben@team.example", "ben", "PERSON", false);
    add_owner(h, "cy@team.example", "cy", "PERSON", false);
    add_owner(h, "dora@team.example", "dora", "PERSON", true);
    add_owner(h, NULL, "Round robin", "QUEUE", false);
}

static json_t *owner_by(struct hub *h, const char *member, const char *value)
{
    size_t i;
    json_t *o;
    json_array_foreach (h->owners, i, o) {
        AUTO_JSON json_t *number = hub_id(js_int_or(o, member, -1));
        if (str_eq(json_string_value(number), value))
            return o;
    }
    return NULL;
}

/* Also who left: the records keep their names. */
bool hub_is_owner(struct hub *h, const char *id)
{
    return owner_by(h, "id", id) != NULL;
}

static bool is_listed(const json_t *o, const char *email, bool archived, int64_t after)
{
    const char *have = js_str(o, "email");
    return js_bool_or(o, "archived", false) == archived && js_int_or(o, "id", 0) > after &&
           (!email || (have && strcasecmp(have, email) == 0));
}

static void list(struct hub_ask *ask)
{
    int64_t limit = js_int_or(ask->query, "limit", 100), after = js_int_or(ask->query, "after", 0);
    bool archived = str_eq(js_str(ask->query, "archived"), "true");
    const char *email = js_str(ask->query, "email");
    json_t *results = json_array(), *out = json_pack("{s:o}", "results", results), *o;
    size_t i;
    if (limit < 1 || limit > PAGE_MOST) {
        json_decref(out);
        hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "limit must be between 1 and %d", PAGE_MOST);
        return;
    }
    json_array_foreach (ask->h->owners, i, o) {
        if (!is_listed(o, email, archived, after))
            continue;
        if ((int64_t)json_array_size(results) == limit) {
            const char *last = js_str(json_array_get(results, (size_t)limit - 1), "id");
            js_set(out, "paging", json_pack("{s:{s:s,s:s}}", "next", "after", last, "link", "?after="));
            break;
        }
        json_array_append(results, o);
    }
    hub_reply(ask, 200, out);
}

void hub_owners(struct hub_ask *ask)
{
    const char *by = str_eq(js_str(ask->query, "idProperty"), "userId") ? "userId" : "id";
    bool archived = str_eq(js_str(ask->query, "archived"), "true");
    const json_t *o = ask->n == 1 ? owner_by(ask->h, by, ask->part[0]) : NULL;
    hub_note(ask, false, ask->n ? "/owners/{id}" : "/owners");
    if (!hub_is(ask, "GET"))
        hub_wrong_method(ask);
    else if (ask->n == 0)
        list(ask);
    else if (!o || js_bool_or(o, "archived", false) != archived)
        hub_not_found(ask);
    else
        hub_reply(ask, 200, json_deep_copy(o));
}

/* {"object":"owner","create":{"email","firstName"}}, or "id" with "set" or "delete": somebody leaves. */
bool hub_edit_owner(struct hub *h, const json_t *edit, json_t **out, struct err *err)
{
    const json_t *create = json_object_get(edit, "create"), *set = json_object_get(edit, "set");
    const char *email = js_str(create, "email");
    json_t *o = email ? add_owner(h, email, js_str_or(create, "firstName", "New"), "PERSON", false)
                      : owner_by(h, "id", js_str(edit, "id"));
    if (!o)
        return err_set(err, ERR_REJECT, "no such owner");
    if (js_str(set, "email"))
        json_object_set(o, "email", json_object_get(set, "email"));
    if (js_bool_or(edit, "delete", false)) {
        js_set(o, "archived", json_true());
        js_set(o, "userId", json_null());
    }
    *out = json_deep_copy(o);
    return true;
}
