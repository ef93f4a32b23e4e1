/* What a record must have: properties required at creation, rules of the account that only the newest version
 * enforces, values no other record may have. */
#include "tests/sandbox/hubspot.h"

static bool given(const struct hub_record *r, const json_t *props, const char *name)
{
    const char *value = json_object_get(props, name) ? js_str(props, name) : js_str(r ? r->props : NULL, name);
    return value && *value;
}

static size_t live_pipelines(struct hub *h)
{
    size_t n = 0;
    const char *id;
    json_t *p;
    json_object_foreach (h->pipelines, id, p)
        n += !js_bool_or(p, "archived", false);
    return n;
}

static json_t *missing_of(struct hub *h, struct hub_type *t, const json_t *props)
{
    static const char *const required[HUB_KINDS][3] = {
        [HUB_DEAL] = {"dealname", "dealstage"},
        [HUB_NOTE] = {"hs_timestamp"},
        [HUB_COMMUNICATION] = {"hs_timestamp", "hs_communication_channel_type"},
        [HUB_TASK] = {"hs_timestamp"},
    };
    json_t *out = json_array();
    bool named = given(NULL, props, "email") || given(NULL, props, "firstname") || given(NULL, props, "lastname");
    for (size_t i = 0; i < 3 && required[t->kind][i]; i++)
        if (!given(NULL, props, required[t->kind][i]))
            js_add(out, json_string(required[t->kind][i]));
    if (t->kind == HUB_COMPANY && !given(NULL, props, "name") && !given(NULL, props, "domain"))
        js_add(out, json_string("name"));
    if (t->kind == HUB_CONTACT && hub_flag(h, "contact_needs_name") && !named)
        js_add(out, json_string("firstname"));
    if (t->kind == HUB_DEAL && hub_flag(h, "pipeline_required") && live_pipelines(h) > 1 &&
        !given(NULL, props, "pipeline"))
        js_add(out, json_string("pipeline"));
    return out;
}

/* A rule: {"type","required":[…]} for new records, with "property" and "value" for those that have that value. */
static const char *broken(const json_t *rule, const struct hub_record *r, const json_t *props)
{
    const char *property = js_str(rule, "property"), *value = js_str(rule, "value");
    const char *have = property && json_object_get(props, property)
                           ? js_str(props, property)
                           : js_str(r ? r->props : NULL, property ? property : "");
    size_t i;
    json_t *name;
    if (property ? !str_eq(have, value) : r != NULL)
        return NULL;
    json_array_foreach (json_object_get(rule, "required"), i, name)
        if (!given(r, props, json_string_value(name)))
            return json_string_value(name);
    return NULL;
}

static bool check_rules(struct hub *h, struct hub_type *t, const struct hub_record *r, const json_t *props,
                        struct hub_bad *bad)
{
    size_t i;
    json_t *rule;
    json_array_foreach (h->rules, i, rule) {
        const char *lacks = hub_type_of(h, js_str(rule, "type")) == t ? broken(rule, r, props) : NULL;
        const char *code = js_str(rule, "property") ? "MISSING_CONDITIONAL_REQUIRED_PROPERTY"
                                                    : "MISSING_REQUIRED_PROPERTY";
        if (!lacks)
            continue;
        hub_set_bad(bad, 400, "VALIDATION_ERROR", "%s is required by a rule of this account", lacks);
        bad->errors = json_pack("[{s:s,s:s,s:{s:[s]}}]", "message", bad->message, "code", code, "context",
                                "propertyName", lacks);
        return false;
    }
    return true;
}

bool hub_check_required(struct hub_ask *ask, struct hub_type *t, const struct hub_record *r, const json_t *props,
                        struct hub_bad *bad)
{
    AUTO_JSON json_t *missing = r ? json_array() : missing_of(ask->h, t, props);
    if (json_array_size(missing)) {
        AUTO_FREE char *kind = mem_dup(t->names[2]);
        for (char *c = kind; *c; c++)
            *c = (char)(*c - 32);
        hub_set_bad(bad, 400, "VALIDATION_ERROR", "Error creating %s. Some required properties were not set.", kind);
        bad->context = json_pack("{s:O}", "properties", missing);
        return false;
    }
    return ask->version < HUB_2026_09 || check_rules(ask->h, t, r, props, bad);
}

/* Also an additional email of another contact is taken. */
static const struct hub_record *holder(struct hub_type *t, const char *name, const char *value)
{
    const struct hub_record *r = hub_unique(t, name, value);
    if (!r && str_eq(name, "email"))
        r = hub_unique(t, "hs_additional_emails", value);
    return r;
}

bool hub_check_unique(struct hub_type *t, const struct hub_record *r, const json_t *props, struct hub_bad *bad)
{
    const char *name;
    json_t *v;
    json_object_foreach ((json_t *)props, name, v) {
        const struct hub_record *other = hub_is_unique(t, name) ? holder(t, name, json_string_value(v)) : NULL;
        if (!other || other == r)
            continue;
        if (str_eq(name, "email"))
            return hub_set_bad(bad, 409, "CONFLICT", "Contact already exists. Existing ID: %lld", (long long)other->id);
        hub_set_bad(
            bad, 400, "VALIDATION_ERROR",
            "Cannot set PropertyValueCoordinates{propertyName=%s, value=%s} on %lld. %lld already has that value.",
            name, json_string_value(v), r ? (long long)r->id : 0, (long long)other->id);
        bad->errors = json_pack("[{s:s,s:s,s:{s:[s]}}]", "message", bad->message, "code", "CONFLICTING_UNIQUE_VALUE",
                                "context", "propertyName", name);
        return false;
    }
    return true;
}
