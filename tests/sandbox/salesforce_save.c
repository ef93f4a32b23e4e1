/* One row written by the API: may it be touched, are its fields there and writable, are the values good, and what the
 * organisation's own automation makes of it. */
#include "tests/sandbox/salesforce.h"

struct sf_hand sf_hand_of(struct sf_ask *ask)
{
    const char *assign = http_headers_get(&ask->request->headers, "Sforce-Auto-Assign");
    const char *rule = http_headers_get(&ask->request->headers, "Sforce-Duplicate-Rule-Header");
    return (struct sf_hand){.user = ask->s->robot,
                            .assign = !str_eq_nocase(assign, "FALSE"),
                            .allow_save = rule && strcasestr(rule, "allowSave=true"),
                            .details = rule && strcasestr(rule, "includeRecordDetails=true")};
}

/* ---- may it be touched ---- */

bool sf_may_touch(struct sf *s, const struct sf_type *t, const struct sf_row *r, struct sf_bad *bad)
{
    bool unlucky = sf_share(s, "lock_share") > 0 && sandbox_chance(sf_box(s)) < sf_share(s, "lock_share");
    if (r && r->deleted && sf_now(s) >= r->commits_at)
        return sf_set_bad(bad, 404, "ENTITY_IS_DELETED", NULL, "entity is deleted");
    if (r && json_is_true(json_object_get(r->values, "IsConverted")))
        return sf_set_bad(bad, 400, "CANNOT_UPDATE_CONVERTED_LEAD", NULL, "cannot reference converted lead");
    if (unlucky || (r && sf_now(s) < r->commits_at))
        return sf_set_bad(bad, 400, "UNABLE_TO_LOCK_ROW", NULL,
                          "unable to obtain exclusive access to this record or 1 records: %s", r ? r->id : s->robot);
    if (r && sf_archived(r->values))
        return sf_set_bad(bad, 400, "INSUFFICIENT_ACCESS_OR_READONLY", NULL, "insufficient access rights on object id");
    if (!t->writable)
        return sf_set_bad(bad, 400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", NULL,
                          "entity type %s does not support this", t->name);
    return true;
}

bool sf_erase(struct sf *s, struct sf_type *t, struct sf_row *r, const struct sf_hand *hand, struct sf_bad *bad)
{
    if (!sf_may_touch(s, t, r, bad))
        return false;
    sf_delete(s, t, r, NULL, hand->user);
    if (strstr(t->name, "Permission"))
        sf_permissions(s);
    return true;
}

/* ---- fields ---- */

/* "Contact__r":{"Ext__c":"x"} or "Account":{…}: a parent by its External ID. */
static bool read_parent(struct sf *s, const struct sf_type *t, const char *name, const json_t *said, json_t *changes,
                        struct sf_bad *bad)
{
    const struct sf_field *f = NULL;
    struct sf_row *r = NULL;
    const char *key;
    json_t *v;
    for (size_t i = 0; i < t->n_fields; i++)
        if (str_eq_nocase(t->fields[i]->relationship, name))
            f = t->fields[i];
    if (!f)
        return sf_set_bad(bad, 400, "INVALID_FIELD", NULL, "No such column '%s' on sobject of type %s", name, t->name);
    json_object_foreach ((json_t *)said, key, v) {
        struct sf_type *to = sf_type_of(s, f->to[0]);
        const struct sf_field *by = str_eq(key, "attributes") ? NULL : sf_visible(s, to, key);
        size_t n = by && by->external && json_is_string(v) ? sf_matches(to, by, json_string_value(v), &r) : 0;
        if (n != 1 && !str_eq(key, "attributes"))
            return sf_set_bad(bad, 400, "INVALID_FIELD", NULL,
                              "Foreign key external ID: %s not found for field %s in entity %s",
                              json_is_string(v) ? json_string_value(v) : "?", key, to->name);
    }
    js_set(changes, f->name, r ? json_string(r->id) : json_null());
    return true;
}

static bool writable(struct sf *s, const struct sf_type *t, const char *name, bool creating,
                     const struct sf_field **found, struct sf_bad *bad)
{
    const struct sf_field *f = *found = sf_visible(s, t, name);
    if (!f || strchr(name, '.'))
        return sf_set_bad(bad, 400, "INVALID_FIELD", NULL, "No such column '%s' on sobject of type %s", name, t->name);
    if (str_eq(f->name, "Id") && creating)
        return sf_set_bad(bad, 400, "INVALID_FIELD_FOR_INSERT_UPDATE", "Id", "cannot specify Id in an insert call");
    if (f->edit && (creating ? f->createable : f->updateable))
        return true;
    return sf_set_bad(bad, 400, "INVALID_FIELD_FOR_INSERT_UPDATE", f->name,
                      "Unable to create/update fields: %s. Please check the security settings of this field and verify "
                      "that it is read/write for your profile or permission set.",
                      f->name);
}

static bool read_fields(struct sf *s, const struct sf_type *t, const struct sf_row *r, const json_t *said, bool person,
                        json_t *changes, struct sf_bad *bad)
{
    const char *name;
    json_t *v;
    json_object_foreach ((json_t *)said, name, v) {
        const struct sf_field *f = NULL;
        if (str_eq(name, "attributes"))
            continue;
        if (json_is_object(v)) {
            if (!read_parent(s, t, name, v, changes, bad))
                return false;
            continue;
        }
        if (person && !(f = sf_field(t, name)))
            return sf_set_bad(bad, 400, "INVALID_FIELD", NULL, "No such column '%s' on %s", name, t->name);
        if (!person && !writable(s, t, name, r == NULL, &f, bad))
            return false;
        bool free_text = person && f->restricted && json_is_string(v);
        json_t *value = free_text ? json_incref(v) : sf_value(s, t, f, v, bad);
        if (!value)
            return false;
        js_set(changes, f->name, value);
    }
    return true;
}

/* ---- what a new row must have and gets ---- */

static bool complete(const struct sf_type *t, const json_t *changes, struct sf_bad *bad)
{
    struct buf names = {0};
    AUTO_JSON json_t *missing = json_array();
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct sf_field *f = t->fields[i];
        if (!f->createable || f->nillable || f->defaulted || js_str(changes, f->name))
            continue;
        buf_printf(&names, "%s%s", names.n ? ", " : "", f->name);
        js_add(missing, json_string(f->name));
    }
    if (names.n) {
        sf_set_bad(bad, 400, "REQUIRED_FIELD_MISSING", NULL, "Required fields are missing: [%s]", buf_str(&names));
        bad->fields = json_incref(missing);
    }
    buf_done(&names);
    return bad->code == NULL;
}

static void add_defaults(const struct sf_type *t, const struct sf_hand *hand, json_t *changes)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct sf_field *f = t->fields[i];
        const char *chosen = f->values ? sf_default_of(f) : NULL;
        const json_t *have = json_object_get(changes, f->name);
        if (have && !(json_is_null(have) && !f->nillable))
            continue;
        if (chosen)
            js_set(changes, f->name, json_string(chosen));
        else if (str_eq(f->name, "OwnerId"))
            js_set(changes, "OwnerId", json_string(hand->user));
        else if (str_eq(f->type, "boolean") && !str_eq(f->name, "IsDeleted"))
            js_set(changes, f->name, json_false());
    }
}

/* The assignment rule gives the lead to somebody else, whatever the owner said. */
static void assign(struct sf *s, const struct sf_type *t, const struct sf_hand *hand, json_t *changes)
{
    if (!hand->assign || hand->person || !str_eq(t->name, "Lead") || sf_says(s, "assignment_rule", "off"))
        return;
    js_set(changes, "OwnerId", json_string(sf_says(s, "assignment_rule", "queue") ? s->queue : s->ben));
}

/* A write locks the parent, and may touch it. */
static void touch_parents(struct sf *s, const struct sf_row *r)
{
    AUTO_JSON json_t *nothing = json_object();
    struct sf_row *parent = sf_find(s, js_str_or(r->values, "AccountId", ""));
    if (parent && !parent->deleted && sf_flag(s, "touch_parents"))
        sf_put(s, sf_type_of(s, "Account"), parent, nothing, NULL);
}

struct sf_row *sf_save(struct sf *s, struct sf_type *t, struct sf_row *r, const json_t *said,
                       const struct sf_hand *hand, struct sf_bad *bad)
{
    AUTO_JSON json_t *changes = json_object();
    bool creating = r == NULL;
    if (!hand->person && !sf_may_touch(s, t, r, bad))
        return NULL;
    if (!read_fields(s, t, r, said, hand->person, changes, bad))
        return NULL;
    if (creating)
        add_defaults(t, hand, changes);
    if (creating && !hand->person && !complete(t, changes, bad))
        return NULL;
    if (!sf_guard(s, t, r, changes, bad) || (creating && !sf_no_duplicate(s, t, changes, hand, bad)))
        return NULL;
    assign(s, t, hand, changes);
    sf_derive(s, t, r, changes);
    r = sf_put(s, t, r, changes, hand->user);
    if (creating && str_eq(t->name, "Opportunity"))
        sf_deal_made(s, r, hand->user);
    touch_parents(s, r);
    if (strstr(t->name, "Permission"))
        sf_permissions(s);
    return r;
}
