/* The calls of setup: a custom field through the Tooling API, and a permission set around it. A refusal is no failure: it
 * becomes words for an administrator. */
#include "connectors/salesforce/salesforce_tooling.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include <string.h>

#define KEY_LENGTH 64 /* of a bridge key */
#define TEXT_LENGTH 255
#define LONG_LENGTH 32768

/* ---- what a field looks like ---- */

/* A text whose length nobody tells may be a long one; long texts cannot be searched by, but nothing is refused. */
static bool salesforce_is_long(const struct schema_field *f)
{
    return f->type == SCHEMA_TEXT && !f->unique && (f->max_len > TEXT_LENGTH || !f->max_len);
}

static size_t salesforce_length(const struct schema_field *f)
{
    return f->unique ? KEY_LENGTH : salesforce_is_long(f) ? LONG_LENGTH : TEXT_LENGTH;
}

static const char *salesforce_metadata_type(const struct schema_field *f)
{
    static const char *const names[] = {[SCHEMA_TEXT] = "Text",
                                        [SCHEMA_NUMBER] = "Number",
                                        [SCHEMA_BOOL] = "Checkbox",
                                        [SCHEMA_DATE] = "Date",
                                        [SCHEMA_DATETIME] = "DateTime",
                                        [SCHEMA_CHOICE] = "Picklist",
                                        [SCHEMA_SET] = "MultiselectPicklist"};
    return salesforce_is_long(f) ? "LongTextArea" : names[f->type];
}

static json_t *salesforce_value_set(const struct schema_field *f)
{
    json_t *values = json_array();
    for (size_t i = 0; i < f->n_options; i++)
        js_add(values,
               json_pack("{s:s,s:s,s:b}", "fullName", f->options[i].id, "label", f->options[i].label, "default", 0));
    return json_pack("{s:b,s:{s:b,s:o}}", "restricted", 0, "valueSetDefinition", "sorted", 0, "value", values);
}

static json_t *salesforce_metadata(const struct schema_field *f)
{
    json_t *m = json_pack("{s:s,s:s,s:s}", "type", salesforce_metadata_type(f), "label",
                          str_blank(f->label) ? f->name : f->label, "description",
                          "Kept in step with Inbox by inbox-bridge");
    if (f->type == SCHEMA_TEXT)
        js_set(m, "length", json_integer((json_int_t)salesforce_length(f)));
    if (salesforce_is_long(f) || f->type == SCHEMA_SET)
        js_set(m, "visibleLines", json_integer(4));
    if (f->type == SCHEMA_NUMBER) {
        js_set(m, "precision", json_integer(18));
        js_set(m, "scale", json_integer(2));
    }
    if (f->type == SCHEMA_BOOL)
        js_set(m, "defaultValue", json_false());
    else if (!salesforce_is_long(f) && f->type != SCHEMA_SET)
        js_set(m, "required", json_false());
    if (f->type == SCHEMA_CHOICE || f->type == SCHEMA_SET)
        js_set(m, "valueSet", salesforce_value_set(f));
    if (f->unique) {
        js_set(m, "externalId", json_true());
        js_set(m, "unique", json_true());
        js_set(m, "caseSensitive", json_false());
    }
    return m;
}

static char *salesforce_bare(const char *name)
{
    size_t n = strlen(name);
    return mem_dup_n(name, n > 3 && str_eq(name + n - 3, "__c") ? n - 3 : n);
}

char *salesforce_field_steps(const struct salesforce_object *o, const struct schema_field *f)
{
    static const char *const people[] = {[SCHEMA_TEXT] = "Text",
                                         [SCHEMA_NUMBER] = "Number, 16 digits, 2 decimal places",
                                         [SCHEMA_BOOL] = "Checkbox",
                                         [SCHEMA_DATE] = "Date",
                                         [SCHEMA_DATETIME] = "Date/Time",
                                         [SCHEMA_CHOICE] = "Picklist",
                                         [SCHEMA_SET] = "Picklist (Multi-Select)"};
    AUTO_FREE char *bare = salesforce_bare(f->name);
    struct buf b = {0};
    buf_printf(&b, "Setup, Object Manager, %s, Fields & Relationships, New: %s", o->defined_on,
               salesforce_is_long(f) ? "Text Area (Long)" : people[f->type]);
    if (f->type == SCHEMA_TEXT)
        buf_printf(&b, ", length %zu", salesforce_length(f));
    buf_printf(&b, ", field name %s", bare);
    if (f->unique)
        buf_puts(&b, ", tick Unique (case insensitive) and External ID");
    for (size_t i = 0; i < f->n_options; i++)
        buf_printf(&b, "%s%s", i ? ", " : "; values ", f->options[i].id);
    buf_printf(&b,
               "; then give the permission set " SALESFORCE_SET_LABEL
               " read and edit access to %s.%s and assign it to the integration user",
               o->name, f->name);
    return buf_take(&b);
}

/* ---- calls ---- */

/* True when the call was answered: then *refused tells whether with a refusal. */
static bool salesforce_try(struct endpoint *ep, struct call *c, const char *tail, const json_t *body, bool *refused,
                           struct err *err)
{
    salesforce_call(ep, c, body ? "POST" : "GET", tail);
    if (body)
        call_body(c, body);
    endpoint_call_many(ep, c, 1);
    enum err_kind kind = c->err.kind;
    *refused = kind == ERR_REJECT || kind == ERR_CONFIG || kind == ERR_GONE || kind == ERR_BUG ||
               (kind == ERR_AUTH && c->answer.status == 403);
    if (kind == ERR_NONE || *refused)
        return true;
    *err = c->err;
    return false;
}

/* Somebody was faster, or an earlier run got so far. */
static bool salesforce_exists(const struct call *c)
{
    const char *body = c->answer.body ? c->answer.body : "";
    return strstr(body, "DUPLICATE") || strstr(body, "already exists") || strstr(body, "already in use") ||
           strstr(body, "already a field");
}

bool salesforce_field_create(struct endpoint *ep, const struct salesforce_object *o, const struct schema_field *f,
                             char **words, struct err *err)
{
    AUTO_FREE char *full = mem_printf("%s.%s", o->defined_on, f->name);
    AUTO_JSON json_t *body = json_pack("{s:s,s:o}", "FullName", full, "Metadata", salesforce_metadata(f));
    AUTO(call_done) struct call c = {0};
    bool refused = false;
    if (!salesforce_try(ep, &c, "/tooling/sobjects/CustomField", body, &refused, err))
        return false;
    if (refused && !salesforce_exists(&c))
        *words = mem_dup(c.err.text);
    return true;
}

/* ---- the permission set ---- */

static void salesforce_note_refusal(char **words, const struct call *c)
{
    if (!*words)
        *words = mem_dup(c->err.text);
}

static bool salesforce_add(struct endpoint *ep, const char *tail, json_t *stolen_body, char **words, struct err *err)
{
    AUTO_JSON json_t *body = stolen_body;
    AUTO(call_done) struct call c = {0};
    bool refused = false;
    if (!salesforce_try(ep, &c, tail, body, &refused, err))
        return false;
    if (refused && !salesforce_exists(&c))
        salesforce_note_refusal(words, &c);
    return true;
}

static bool salesforce_set_id(struct endpoint *ep, char **id, char **words, struct err *err)
{
    AUTO(call_done) struct call look = {0}, make = {0};
    AUTO_JSON json_t *body = json_pack("{s:s,s:s}", "Name", SALESFORCE_SET_NAME, "Label", SALESFORCE_SET_LABEL);
    bool refused = false;
    salesforce_query(ep, &look, "SELECT Id FROM PermissionSet WHERE Name = '" SALESFORCE_SET_NAME "'", false);
    endpoint_call_many(ep, &look, 1);
    *id = mem_dup(js_str(json_array_get(json_object_get(look.json, "records"), 0), "Id"));
    if (*id)
        return true;
    if (!salesforce_try(ep, &make, "/sobjects/PermissionSet", body, &refused, err))
        return false;
    if (refused)
        salesforce_note_refusal(words, &make);
    else
        *id = mem_dup(js_str(make.json, "id"));
    return true;
}

/* Whom the session belongs to; NULL when that may not be seen. */
static bool salesforce_user_id(struct endpoint *ep, char **id, char **words, struct err *err)
{
    AUTO(call_done) struct call c = {0};
    call_init(&c, "GET", "/services/oauth2/userinfo");
    endpoint_call_many(ep, &c, 1);
    *id = mem_dup(js_str(c.json, "user_id"));
    if (*id)
        return true;
    if (c.err.kind == ERR_TEMP || c.err.kind == ERR_RATE) {
        *err = c.err;
        return false;
    }
    if (!*words)
        *words = mem_dup("whose session this is, the service does not tell");
    return true;
}

static bool salesforce_assign(struct endpoint *ep, const char *set, char **words, struct err *err)
{
    AUTO_FREE char *user = NULL;
    if (!salesforce_user_id(ep, &user, words, err))
        return false;
    return !user || salesforce_add(ep, "/sobjects/PermissionSetAssignment",
                                   json_pack("{s:s,s:s}", "PermissionSetId", set, "AssigneeId", user), words, err);
}

bool salesforce_permit(struct endpoint *ep, const struct salesforce_object *o, const json_t *fields, char **words,
                       struct err *err)
{
    AUTO_FREE char *set = NULL;
    size_t i;
    json_t *name;
    if (!salesforce_set_id(ep, &set, words, err))
        return false;
    if (!set)
        return true;
    json_t *rights = json_pack("{s:s,s:s,s:b,s:b,s:b}", "ParentId", set, "SobjectType", o->name, "PermissionsRead", 1,
                               "PermissionsCreate", 1, "PermissionsEdit", 1);
    AUTO_FREE char *unimportant = NULL; /* the user's profile may give the object already */
    if (!salesforce_add(ep, "/sobjects/ObjectPermissions", rights, &unimportant, err))
        return false;
    json_array_foreach ((json_t *)fields, i, name) {
        AUTO_FREE char *full = mem_printf("%s.%s", o->name, json_string_value(name));
        json_t *right = json_pack("{s:s,s:s,s:s,s:b,s:b}", "ParentId", set, "SobjectType", o->name, "Field", full,
                                  "PermissionsRead", 1, "PermissionsEdit", 1);
        if (!salesforce_add(ep, "/sobjects/FieldPermissions", right, words, err))
            return false;
    }
    return salesforce_assign(ep, set, words, err);
}
