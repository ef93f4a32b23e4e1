/* Groups of properties: a name, a label, an order. */
#include "tests/sandbox/hubspot.h"

static void create(struct hub_ask *ask, struct hub_type *t)
{
    const char *name = js_str(ask->body, "name"), *label = js_str(ask->body, "label");
    struct hub_bad bad = {0};
    if (!name || !label) {
        hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "Invalid input JSON: name and label are required");
        return;
    }
    if (json_object_get(t->groups, name)) {
        hub_set_bad(&bad, 409, "OBJECT_ALREADY_EXISTS", "A property group named '%s' already exists.", name);
        bad.sub = "Properties.GROUP_WITH_NAME_EXISTS";
        hub_refuse(ask->h, ask->a, &bad);
        return;
    }
    json_t *group = json_pack("{s:s,s:s,s:I,s:b}", "name", name, "label", label, "displayOrder",
                              (json_int_t)js_int_or(ask->body, "displayOrder", -1), "archived", 0);
    js_set(t->groups, name, group);
    hub_note(ask, true, "/properties/groups");
    hub_reply(ask, 201, json_incref(group));
}

static void list(struct hub_ask *ask, const struct hub_type *t)
{
    json_t *out = json_array(), *group;
    const char *name;
    json_object_foreach (t->groups, name, group)
        json_array_append(out, group);
    hub_reply(ask, 200, json_pack("{s:o}", "results", out));
}

static bool holds_any(const struct hub_type *t, const char *group)
{
    const char *name;
    json_t *def;
    json_object_foreach (t->defs, name, def)
        if (str_eq(js_str(def, "groupName"), group) && !js_bool_or(def, "archived", false))
            return true;
    return false;
}

static void one(struct hub_ask *ask, struct hub_type *t, const char *name)
{
    static const char *const changeable[] = {"label", "displayOrder"};
    json_t *group = json_object_get(t->groups, name);
    hub_note(ask, group && !hub_is(ask, "GET"), "/properties/groups/{name}");
    if (!group) {
        hub_error(ask->h, ask->a, 404, "OBJECT_NOT_FOUND", "Property group %s does not exist", name);
    } else if (hub_is(ask, "DELETE")) {
        if (holds_any(t, name)) {
            hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "Property group %s has properties", name);
            return;
        }
        json_object_del(t->groups, name);
        hub_reply(ask, 204, NULL);
    } else if (hub_is(ask, "GET") || hub_is(ask, "PATCH")) {
        for (size_t i = 0; i < COUNT(changeable) && hub_is(ask, "PATCH"); i++)
            if (json_object_get(ask->body, changeable[i]))
                json_object_set(group, changeable[i], json_object_get(ask->body, changeable[i]));
        hub_reply(ask, 200, json_incref(group));
    } else {
        hub_wrong_method(ask);
    }
}

/* part: type, "groups", name */
void hub_groups(struct hub_ask *ask, struct hub_type *t)
{
    hub_note(ask, false, "/properties/groups");
    if (ask->n == 2 && hub_is(ask, "POST"))
        create(ask, t);
    else if (ask->n == 2 && hub_is(ask, "GET"))
        list(ask, t);
    else if (ask->n == 3)
        one(ask, t, ask->part[2]);
    else
        hub_not_found(ask);
}
