/* Properties: definitions that can be made, changed in part and archived. What cannot be changed, or does not fit
 * together, is refused. */
#include "tests/sandbox/hubspot.h"

#define UNIQUE_MOST 10
#define CUSTOM_MOST 1000
#define BATCH_MOST 100

json_t *hub_def(const struct hub_type *t, const char *name)
{
    json_t *def = name ? json_object_get(t->defs, name) : NULL;
    return js_bool_or(def, "archived", false) ? NULL : def;
}

bool hub_is_unique(const struct hub_type *t, const char *name)
{
    return js_bool_or(hub_def(t, name), "hasUniqueValue", false);
}

static size_t count_of(const struct hub_type *t, const char *flag, bool value)
{
    size_t n = 0;
    const char *name;
    json_t *def;
    json_object_foreach (t->defs, name, def)
        n += js_bool_or(def, flag, false) == value && !js_bool_or(def, "archived", false);
    return n;
}

/* ---- what fits together ---- */

static bool fields_fit(const char *type, const char *field)
{
    static const char *const pairs[] = {"string:text",
                                        "string:textarea",
                                        "string:html",
                                        "string:file",
                                        "string:phonenumber",
                                        "number:number",
                                        "bool:booleancheckbox",
                                        "enumeration:select",
                                        "enumeration:radio",
                                        "enumeration:checkbox",
                                        "date:date",
                                        "datetime:date",
                                        "enumeration:booleancheckbox"};
    AUTO_FREE char *pair = mem_printf("%s:%s", type, field);
    bool fit = str_eq(field, "calculation_equation");
    for (size_t i = 0; i < COUNT(pairs); i++)
        fit |= str_eq(pairs[i], pair);
    return fit;
}

static bool is_name(const char *name)
{
    return *name >= 'a' && *name <= 'z' && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name) &&
           strlen(name) <= 100;
}

static bool check_options(const json_t *options, struct hub_bad *bad)
{
    AUTO_JSON json_t *seen = json_object();
    size_t i;
    json_t *o;
    json_array_foreach ((json_t *)options, i, o) {
        const char *value = js_str(o, "value");
        if (!value || !js_str(o, "label") || !json_is_boolean(json_object_get(o, "hidden")))
            return hub_set_bad(bad, 400, "VALIDATION_ERROR",
                               "Invalid input JSON: options need label, value and hidden");
        if (json_object_get(seen, value))
            return hub_set_bad(bad, 400, "VALIDATION_ERROR", "Option value %s is there twice", value);
        js_set(seen, value, json_true());
    }
    return true;
}

static bool check_new(struct hub *h, const struct hub_type *t, const json_t *said, struct hub_bad *bad)
{
    static const char *const needed[] = {"name", "label", "type", "fieldType", "groupName"};
    const char *type = js_str(said, "type"), *field = js_str(said, "fieldType"), *group = js_str(said, "groupName");
    bool unique = js_bool_or(said, "hasUniqueValue", false);
    for (size_t i = 0; i < COUNT(needed); i++)
        if (!js_str(said, needed[i]))
            return hub_set_bad(bad, 400, "VALIDATION_ERROR", "Invalid input JSON: %s is required", needed[i]);
    if (!is_name(js_str(said, "name")))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "The property name %s is invalid: lower case, digits and _",
                           js_str(said, "name"));
    if (!fields_fit(type, field))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "fieldType %s is not valid for type %s", field, type);
    if (!json_object_get(t->groups, group))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "Property group %s does not exist", group);
    if (unique && !str_eq(type, "string") && !str_eq(type, "number"))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "A property of type %s cannot have unique values", type);
    if (unique && hub_is_activity(t) && !hub_flag(h, "unique_activities"))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "%s cannot have unique properties", t->names[0]);
    if (unique && count_of(t, "hasUniqueValue", true) >= UNIQUE_MOST + (t->kind == HUB_CONTACT))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "At most %d properties can have unique values", UNIQUE_MOST);
    if (count_of(t, "hubspotDefined", false) >= CUSTOM_MOST)
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "The limit of %d custom properties is reached", CUSTOM_MOST);
    return check_options(json_object_get(said, "options"), bad);
}

/* ---- making, changing, archiving ---- */

static const char *const changeable[] = {"label",   "description", "groupName",    "type",      "fieldType",
                                         "options", "hidden",      "displayOrder", "formField", "calculationFormula"};

static void take(json_t *def, const json_t *said)
{
    for (size_t i = 0; i < COUNT(changeable); i++)
        if (json_object_get(said, changeable[i]))
            js_set(def, changeable[i], json_deep_copy(json_object_get(said, changeable[i])));
}

/* The name of an archived property brings it back, as it was. NULL with *bad. */
static json_t *make(struct hub *h, struct hub_type *t, const json_t *said, struct hub_bad *bad)
{
    const char *name = js_str(said, "name");
    json_t *old = name ? json_object_get(t->defs, name) : NULL;
    if (!check_new(h, t, said, bad))
        return NULL;
    if (old && !js_bool_or(old, "archived", false)) {
        hub_set_bad(bad, 409, "OBJECT_ALREADY_EXISTS", "A property named '%s' already exists.", name);
        bad->sub = "Properties.PROPERTY_WITH_NAME_EXISTS";
        return NULL;
    }
    if (old) {
        js_set(old, "archived", json_false());
        return old;
    }
    json_t *def = hub_define(t, name, js_str(said, "label"), js_str(said, "type"), js_str(said, "fieldType"));
    take(def, said);
    js_set(def, "hasUniqueValue", json_boolean(js_bool_or(said, "hasUniqueValue", false)));
    return def;
}

static bool in_use(struct hub *h, const struct hub_type *t, const char *name)
{
    size_t i, k;
    json_t *rule, *used;
    json_array_foreach (h->rules, i, rule) {
        if (hub_type_of(h, js_str(rule, "type")) != t)
            continue;
        if (str_eq(js_str(rule, "property"), name))
            return true;
        json_array_foreach (json_object_get(rule, "required"), k, used)
            if (str_eq(json_string_value(used), name))
                return true;
    }
    return false;
}

static bool archive(struct hub *h, struct hub_type *t, const char *name, struct hub_bad *bad)
{
    json_t *def = hub_def(t, name);
    if (!def)
        return hub_set_bad(bad, 404, "OBJECT_NOT_FOUND", "Property %s does not exist", name);
    if (!js_bool_or(json_object_get(def, "modificationMetadata"), "archivable", false))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "Property %s is defined by HubSpot", name);
    if (in_use(h, t, name))
        return hub_set_bad(bad, 400, "CANNOT_DELETE_PROPERTY_IN_USE", "Property %s is in use", name);
    js_set(def, "archived", json_true());
    return true;
}

/* ---- requests ---- */

static void reply_def(struct hub_ask *ask, int status, const json_t *def, struct hub_bad *bad)
{
    if (def)
        hub_reply(ask, status, json_deep_copy(def));
    else
        hub_refuse(ask->h, ask->a, bad);
}

static void list(struct hub_ask *ask, const struct hub_type *t)
{
    bool archived = str_eq(js_str(ask->query, "archived"), "true");
    json_t *out = json_array(), *def;
    const char *name;
    json_object_foreach (t->defs, name, def)
        if (js_bool_or(def, "archived", false) == archived)
            json_array_append(out, def);
    hub_reply(ask, 200, json_pack("{s:o}", "results", out));
}

static const json_t *change(struct hub_ask *ask, struct hub_type *t, json_t *def, struct hub_bad *bad)
{
    const char *type = js_str_or(ask->body, "type", js_str(def, "type"));
    const char *field = js_str_or(ask->body, "fieldType", js_str(def, "fieldType"));
    const char *group = js_str(ask->body, "groupName");
    bool types = json_object_get(ask->body, "type") || json_object_get(ask->body, "fieldType");
    if (types && !fields_fit(type, field))
        hub_set_bad(bad, 400, "VALIDATION_ERROR", "fieldType %s is not valid for type %s", field, type);
    else if (group && !json_object_get(t->groups, group))
        hub_set_bad(bad, 400, "VALIDATION_ERROR", "Property group %s does not exist", group);
    else if (check_options(json_object_get(ask->body, "options"), bad))
        take(def, ask->body);
    return bad->status ? NULL : def;
}

static void one(struct hub_ask *ask, struct hub_type *t, const char *name)
{
    bool archived = str_eq(js_str(ask->query, "archived"), "true");
    json_t *def = archived && hub_is(ask, "GET") ? json_object_get(t->defs, name) : hub_def(t, name);
    struct hub_bad bad = {0};
    hub_note(ask, def && !hub_is(ask, "GET"), "/properties/{name}");
    if (!def)
        hub_error(ask->h, ask->a, 404, "OBJECT_NOT_FOUND", "Property %s does not exist", name);
    else if (hub_is(ask, "GET"))
        reply_def(ask, 200, def, &bad);
    else if (hub_is(ask, "PATCH"))
        reply_def(ask, 200, change(ask, t, def, &bad), &bad);
    else if (!hub_is(ask, "DELETE"))
        hub_wrong_method(ask);
    else if (archive(ask->h, t, name, &bad))
        hub_reply(ask, 204, NULL);
    else
        hub_refuse(ask->h, ask->a, &bad);
}

static const json_t *batch_one(struct hub_ask *ask, struct hub_type *t, const char *verb, const json_t *in,
                               struct hub_bad *bad)
{
    const json_t *def = hub_def(t, js_str(in, "name"));
    if (str_eq(verb, "create"))
        return make(ask->h, t, in, bad);
    if (str_eq(verb, "archive"))
        return archive(ask->h, t, js_str_or(in, "name", ""), bad) ? in : NULL;
    if (!def)
        hub_set_bad(bad, 404, "OBJECT_NOT_FOUND", "Property %s does not exist", js_str_or(in, "name", ""));
    return def;
}

static void batch(struct hub_ask *ask, struct hub_type *t, const char *verb)
{
    const json_t *inputs = json_object_get(ask->body, "inputs");
    json_t *results = json_array(), *errors = json_array(), *in;
    size_t i;
    json_array_foreach ((json_t *)inputs, i, in) {
        struct hub_bad bad = {0};
        const json_t *def = i < BATCH_MOST ? batch_one(ask, t, verb, in, &bad) : NULL;
        if (def)
            js_add(results, json_deep_copy(def));
        else if (bad.status)
            js_add(errors, hub_bad_row(&bad, in));
        hub_bad_done(&bad);
    }
    size_t n = json_array_size(errors);
    json_t *out = json_pack("{s:s,s:o}", "status", "COMPLETE", "results", results);
    if (n)
        js_set(out, "numErrors", json_integer((json_int_t)n));
    if (n)
        json_object_set(out, "errors", errors);
    json_decref(errors);
    hub_note(ask, !str_eq(verb, "read"), "/properties/batch");
    if (str_eq(verb, "archive"))
        json_decref(out);
    hub_reply(ask,
              str_eq(verb, "archive")  ? 204
              : n                      ? 207
              : str_eq(verb, "create") ? 201
                                       : 200,
              str_eq(verb, "archive") ? NULL : out);
}

void hub_properties(struct hub_ask *ask)
{
    struct hub_type *t = ask->n ? hub_type_of(ask->h, ask->part[0]) : NULL;
    struct hub_bad bad = {0};
    hub_note(ask, false, "/properties");
    if (!t) {
        hub_not_found(ask);
    } else if (ask->n > 1 && str_eq(ask->part[1], "groups")) {
        hub_groups(ask, t);
    } else if (ask->n == 3 && str_eq(ask->part[1], "batch") && hub_is(ask, "POST")) {
        batch(ask, t, ask->part[2]);
    } else if (ask->n == 1 && hub_is(ask, "POST")) {
        const json_t *def = make(ask->h, t, ask->body, &bad);
        hub_note(ask, def != NULL, "/properties");
        reply_def(ask, 201, def, &bad);
    } else if (ask->n == 1 && hub_is(ask, "GET")) {
        list(ask, t);
    } else if (ask->n == 2) {
        one(ask, t, ask->part[1]);
    } else {
        hub_not_found(ask);
    }
}

/* /crm/limits/{version}/custom-properties */
void hub_custom_limits(struct hub_ask *ask)
{
    json_t *out = json_array();
    hub_note(ask, false, "/limits/custom-properties");
    for (size_t i = 0; i < HUB_KINDS; i++) {
        const struct hub_type *t = &ask->h->types[i];
        size_t used = count_of(t, "hubspotDefined", false);
        js_add(out, json_pack("{s:s,s:s,s:i,s:i,s:f}", "objectTypeId", t->names[1], "objectType", t->names[0], "limit",
                              CUSTOM_MOST, "usage", (int)used, "percentage", (double)used * 100 / CUSTOM_MOST));
    }
    hub_reply(ask, 200, json_pack("{s:o}", "byObjectType", out));
}

/* {"object":"property","type":"deals","id":NAME,"set":{…}} or "delete" */
bool hub_edit_property(struct hub *h, const json_t *edit, json_t **out, struct err *err)
{
    struct hub_type *t = hub_type_of(h, js_str_or(edit, "type", "contacts"));
    json_t *create = json_object_get(edit, "create"), *def;
    struct hub_bad bad = {0};
    if (!t)
        return err_set(err, ERR_REJECT, "HubSpot has no object \"%s\" here", js_str_or(edit, "type", "?"));
    def = create ? make(h, t, create, &bad) : hub_def(t, js_str_or(edit, "id", ""));
    if (!def) {
        err_set(err, ERR_REJECT, "%s", bad.message ? bad.message : "no such property");
        hub_bad_done(&bad);
        return false;
    }
    if (js_bool_or(edit, "delete", false))
        js_set(def, "archived", json_true());
    take(def, json_object_get(edit, "set"));
    *out = json_deep_copy(def);
    return true;
}
