/* What a row as a whole must be: references that lead somewhere, keys nobody else has, the account's own rules. */
#include "tests/sandbox/salesforce.h"

json_t *sf_refer(struct sf *s, const struct sf_type *t, const struct sf_field *f, const json_t *said,
                 struct sf_bad *bad)
{
    char id[SF_ID];
    const char *text = json_string_value(said);
    const struct sf_type *to = sf_id_read(text, id) ? sf_type_of_id(s, id) : NULL;
    const struct sf_row *r = to ? sf_find(s, id) : NULL;
    bool fits = to && (str_eq(to->name, f->to[0]) || str_eq(to->name, f->to[1]));
    bool active = !r || !str_eq(to->name, "User") || json_is_true(json_object_get(r->values, "IsActive"));
    if (!fits)
        sf_set_bad(bad, 400, "MALFORMED_ID", f->name, "%s: id value of incorrect type: %s", f->label, text);
    else if (r && r->deleted && !r->purged)
        sf_set_bad(bad, 400, "INVALID_CROSS_REFERENCE_KEY", f->name, "invalid cross reference id");
    else if (!r || !sf_live(s, r))
        sf_set_bad(bad, 400, "INVALID_CROSS_REFERENCE_KEY", f->name, "invalid cross reference id");
    else if (str_eq(f->name, "OwnerId") && !active)
        sf_set_bad(bad, 400, "INACTIVE_OWNER_OR_USER", f->name,
                   "operation performed with inactive user [%s] as owner of %s", id, t->name);
    else
        return json_string(id);
    return NULL;
}

static bool keys_free(struct sf_type *t, const struct sf_row *r, const json_t *changes, struct sf_bad *bad)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct sf_field *f = t->fields[i];
        const json_t *v = f->unique ? json_object_get(changes, f->name) : NULL;
        AUTO_FREE char *printed = v && !json_is_null(v) && !json_is_string(v) ? js_print(v) : NULL;
        const char *text = printed ? printed : json_string_value(v);
        struct sf_row *other = NULL;
        if (text && sf_matches(t, f, text, &other) && other != r)
            return sf_set_bad(bad, 400, "DUPLICATE_VALUE", NULL,
                              "duplicate value found: %s duplicates value on record with id: %s", f->name, other->id);
    }
    return true;
}

static const char *after(const struct sf_row *r, const json_t *changes, const char *field)
{
    return json_object_get(changes, field) ? js_str(changes, field) : sf_get(r, field);
}

/* {"type","field","value","message"}: what an administrator forbids; code FIELD_CUSTOM_VALIDATION_EXCEPTION. */
static bool rules_kept(struct sf *s, const struct sf_type *t, const json_t *changes, struct sf_bad *bad)
{
    size_t i;
    json_t *rule;
    json_array_foreach (s->rules, i, rule) {
        const json_t *v = json_object_get(changes, js_str_or(rule, "field", ""));
        if (str_eq_nocase(js_str(rule, "type"), t->name) && v && js_equal(v, json_object_get(rule, "value")))
            return sf_set_bad(bad, 400, js_str_or(rule, "code", "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
                              js_str(rule, "field"), "%s", js_str_or(rule, "message", "Not allowed here"));
    }
    return true;
}

/* ---- rows about permissions ---- */

static bool same(const struct sf_row *r, const json_t *changes, const char *field)
{
    return str_eq(sf_get(r, field), js_str(changes, field));
}

static bool permission_fits(struct sf *s, const struct sf_type *t, const json_t *changes, struct sf_bad *bad)
{
    static const char *const pairs[][3] = {{"FieldPermissions", "ParentId", "Field"},
                                           {"ObjectPermissions", "ParentId", "SobjectType"},
                                           {"PermissionSetAssignment", "PermissionSetId", "AssigneeId"},
                                           {"PermissionSet", "Name", "Name"}};
    const char *field = js_str(changes, "Field"), *dot = field ? strchr(field, '.') : NULL;
    const struct sf_type *of = sf_type_of(s, js_str_or(changes, "SobjectType", "Lead"));
    bool named = !str_eq(t->name, "FieldPermissions") || (of && dot && sf_field(of, dot + 1));
    if (!of || !named)
        return sf_set_bad(bad, 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", of ? "Field" : "SobjectType",
                          "bad value for restricted picklist field: %s", of && field ? field : "?");
    for (size_t i = 0; i < COUNT(pairs); i++)
        for (size_t k = 0; str_eq(pairs[i][0], t->name) && k < t->n; k++)
            if (!t->rows[k]->deleted && same(t->rows[k], changes, pairs[i][1]) &&
                same(t->rows[k], changes, pairs[i][2]))
                return sf_set_bad(bad, 400, i == 3 ? "DUPLICATE_DEVELOPER_NAME" : "DUPLICATE_VALUE", NULL,
                                  "duplicate value found: <unknown> duplicates value on record with id: %s",
                                  t->rows[k]->id);
    return true;
}

bool sf_guard(struct sf *s, struct sf_type *t, const struct sf_row *r, json_t *changes, struct sf_bad *bad)
{
    bool about_permissions = strstr(t->name, "Permission") != NULL;
    if (about_permissions && !r && !sf_flag(s, "customize"))
        return sf_set_bad(bad, 403, "INSUFFICIENT_ACCESS_OR_READONLY", NULL, "insufficient access rights on entity: %s",
                          t->label);
    if (about_permissions && !r && !permission_fits(s, t, changes, bad))
        return false;
    if (str_eq(t->name, "Task") && !sf_task_fits(s, r, changes, bad))
        return false;
    if (str_eq(t->name, "Opportunity") && !sf_deal_fits(s, r, changes, bad))
        return false;
    return rules_kept(s, t, changes, bad) && keys_free(t, r, changes, bad);
}

/* ---- what follows from the rest ---- */

static const struct sf_row *named(struct sf *s, const char *type, const char *label)
{
    const struct sf_type *t = sf_type_of(s, type);
    for (size_t i = 0; label && i < t->n; i++)
        if (str_eq(sf_get(t->rows[i], "ApiName"), label))
            return t->rows[i];
    return NULL;
}

static void copy_from(const struct sf_row *r, const char *from, json_t *changes, const char *to)
{
    json_object_set(changes, to, json_object_get(r->values, from));
}

/* A rule with "set" is a flow: whoever writes its field writes those, too, and it looks like one hand. */
static void run_flows(struct sf *s, const struct sf_type *t, json_t *changes)
{
    size_t i;
    json_t *rule;
    json_array_foreach (s->rules, i, rule)
        if (str_eq_nocase(js_str(rule, "type"), t->name) && json_object_get(changes, js_str_or(rule, "field", "")))
            json_object_update(changes, json_object_get(rule, "set"));
}

void sf_derive(struct sf *s, struct sf_type *t, const struct sf_row *r, json_t *changes)
{
    const char *first = after(r, changes, "FirstName"), *last = after(r, changes, "LastName");
    run_flows(s, t, changes);
    const struct sf_row *stage = named(s, "OpportunityStage", js_str(changes, "StageName"));
    if (sf_field(t, "LastName") && last)
        js_set(changes, "Name", json_sprintf("%s%s%s", first ? first : "", first ? " " : "", last));
    if (stage) {
        copy_from(stage, "IsClosed", changes, "IsClosed");
        copy_from(stage, "IsWon", changes, "IsWon");
        if (!json_object_get(changes, "Probability"))
            copy_from(stage, "DefaultProbability", changes, "Probability");
    }
    if (str_eq(t->name, "Task") && js_str(changes, "Status"))
        js_set(changes, "IsClosed", json_boolean(str_eq(js_str(changes, "Status"), "Completed")));
}
