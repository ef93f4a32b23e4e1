/* What administrators do: fields, their values, who may see them, validation rules; sessions and tokens that end. */
#include "tests/sandbox/salesforce.h"

static struct sf_field *named(struct sf *s, const char *full, struct sf_type **t)
{
    const char *dot = full ? strchr(full, '.') : NULL;
    AUTO_FREE char *type = dot ? mem_dup_n(full, (size_t)(dot - full)) : NULL;
    *t = sf_type_of(s, type && str_eq_nocase(type, "Activity") ? "Task" : type);
    return *t ? sf_field(*t, dot + 1) : NULL;
}

/* "values":["A","B"]: those that are left out become inactive. */
static void set_values(struct sf_field *f, const json_t *values)
{
    struct buf names = {0};
    json_t *old = f->values, *v;
    size_t i, k;
    json_array_foreach ((json_t *)values, i, v)
        buf_printf(&names, "%s%s", names.n ? "|" : "", json_string_value(v));
    f->values = NULL;
    sf_picklist(f, buf_str(&names));
    json_array_foreach (old, i, v) {
        bool kept = false;
        for (k = 0; k < json_array_size(f->values); k++)
            kept |= str_eq(js_str(json_array_get(f->values, k), "value"), js_str(v, "value"));
        if (kept)
            continue;
        js_set(v, "active", json_false());
        js_add(f->values, json_incref(v));
    }
    json_decref(old);
    buf_done(&names);
}

static void set_field(struct sf_type *t, struct sf_field *f, const json_t *set)
{
    if (json_object_get(set, "values"))
        set_values(f, json_object_get(set, "values"));
    f->restricted = js_bool_or(set, "restricted", f->restricted);
    f->length = (int)js_int_or(set, "length", f->length);
    f->updateable = js_bool_or(set, "updateable", f->updateable);
    f->external = js_bool_or(set, "externalId", f->external);
    f->unique = js_bool_or(set, "unique", f->unique);
    str_copy(f->label, sizeof f->label, js_str_or(set, "label", f->label));
    if (f->unique)
        sf_index_all(t, f);
}

static void drop_field(struct sf_type *t, struct sf_field *f)
{
    size_t kept = 0;
    json_object_del(t->unique, f->name);
    for (size_t i = 0; i < t->n_fields; i++)
        if (t->fields[i] != f)
            t->fields[kept++] = t->fields[i];
    t->n_fields = kept;
    sf_field_free(f);
}

/* {"object":"field","id":"Lead.X__c","create":{metadata}} or "set" or "delete"; visible at once. */
static bool edit_field(struct sf *s, const json_t *edit, json_t **out, struct err *err)
{
    struct sf_bad bad = {0};
    struct sf_type *t;
    const json_t *create = json_object_get(edit, "create"), *set = json_object_get(edit, "set");
    const char *full = js_str(edit, "id");
    struct sf_field *f = create ? sf_define(s, full, create, &bad) : named(s, full, &t);
    if (!f) {
        err_set(err, ERR_REJECT, "%s", bad.message ? bad.message : "no such field");
        sf_bad_done(&bad);
        return false;
    }
    if (create)
        f->granted = js_bool_or(edit, "granted", true), named(s, full, &t);
    set_field(t, f, set);
    *out = sf_field_describe(f);
    if (js_bool_or(edit, "delete", false))
        drop_field(t, f);
    sf_permissions(s);
    return true;
}

/* {"object":"permission","id":"Lead.Phone","set":{"read":false,"edit":false}} */
static bool edit_permission(struct sf *s, const json_t *edit, json_t **out, struct err *err)
{
    struct sf_type *t;
    struct sf_field *f = named(s, js_str(edit, "id"), &t);
    const json_t *set = json_object_get(edit, "set");
    if (!f || !set)
        return err_set(err, ERR_REJECT, "a permission names a field and what is set");
    f->no_read = !js_bool_or(set, "read", true);
    f->no_edit = !js_bool_or(set, "edit", true);
    sf_permissions(s);
    *out = json_pack("{s:s,s:b,s:b}", "field", f->name, "read", f->read, "edit", f->edit);
    return true;
}

/* {"object":"rule","create":{"type","field","value","message","code"}}; "delete": no rules any more */
static bool edit_rule(struct sf *s, const json_t *edit, json_t **out, struct err *err)
{
    const json_t *create = json_object_get(edit, "create");
    if (js_bool_or(edit, "delete", false))
        json_array_clear(s->rules);
    else if (!create || !sf_type_of(s, js_str(create, "type")) || !js_str(create, "field"))
        return err_set(err, ERR_REJECT, "a rule names a type and a field");
    else
        js_add(s->rules, json_deep_copy(create));
    *out = json_deep_copy(s->rules);
    return true;
}

bool sf_edit_account(struct sf *s, const char *object, const json_t *edit, json_t **out, struct err *err)
{
    bool gone = js_bool_or(edit, "delete", false);
    if (str_eq(object, "field"))
        return edit_field(s, edit, out, err);
    if (str_eq(object, "permission"))
        return edit_permission(s, edit, out, err);
    if (str_eq(object, "rule"))
        return edit_rule(s, edit, out, err);
    if (str_eq(object, "record_type"))
        return sf_edit_record_type(s, edit, out, err);
    if (str_eq(object, "currency"))
        return sf_edit_currency(s, edit, out, err);
    if (str_eq(object, "session") && gone)
        json_object_clear(s->sessions);
    else if (str_eq(object, "locator") && gone)
        json_object_clear(s->cursors);
    else if (str_eq(object, "refresh_token") && gone)
        free(s->refresh), s->refresh = mem_printf("revoked-%lld", (long long)++s->issued);
    else
        return err_set(err, ERR_REJECT, "Salesforce has no object \"%s\" here, or nothing to do with it", object);
    *out = json_object();
    return true;
}
