/* Properties: described, compared with what a mapping wants, and created. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/hubspot/hubspot_private.h"

static enum schema_type hubspot_type(const json_t *def)
{
    const char *type = js_str_or(def, "type", "string");
    if (str_eq(type, "number"))
        return SCHEMA_NUMBER;
    if (str_eq(type, "bool"))
        return SCHEMA_BOOL;
    if (str_eq(type, "date"))
        return SCHEMA_DATE;
    if (str_eq(type, "datetime"))
        return SCHEMA_DATETIME;
    if (str_eq(type, "enumeration"))
        return str_eq(js_str(def, "fieldType"), "checkbox") ? SCHEMA_SET : SCHEMA_CHOICE;
    return SCHEMA_TEXT;
}

static void hubspot_field(struct schema *out, const json_t *def)
{
    size_t i;
    json_t *o;
    if (!js_str(def, "name"))
        return;
    struct schema_field *f = schema_add(out, js_str(def, "name"), js_str_or(def, "label", ""), hubspot_type(def));
    f->read_only = js_bool_or(json_object_get(def, "modificationMetadata"), "readOnlyValue", false) || js_bool_or(def, "calculated", false);
    f->unique = js_bool_or(def, "hasUniqueValue", false);
    f->open = js_bool_or(def, "externalOptions", false);
    f->max_len = f->type == SCHEMA_TEXT ? 65536 : 0;
    json_array_foreach (json_object_get(def, "options"), i, o)
        if (js_str(o, "value"))
            schema_add_option(f, js_str(o, "value"), js_str_or(o, "label", js_str(o, "value")));
}

static bool hubspot_ask(struct endpoint *ep, const char *object, struct schema *out, struct err *err)
{
    AUTO_FREE char *tail = mem_printf("/%s", object), *path = hubspot_path(ep, "properties", tail);
    struct call c __attribute__((cleanup(call_done)));
    size_t i;
    json_t *def;
    call_init(&c, "GET", "%s", path);
    if (!hubspot_list(ep, &c, err))
        return false;
    out->object = mem_dup(object);
    json_array_foreach (json_object_get(c.json, "results"), i, def)
        hubspot_field(out, def);
    return true;
}

/* The types of properties are needed to read any answer; they are kept from the last description. */
static struct schema *hubspot_slot(struct hubspot *h, const char *object)
{
    for (size_t i = 0; i < h->n_known; i++)
        if (str_eq(h->known[i].object, object))
            return &h->known[i];
    return h->n_known < COUNT(h->known) ? &h->known[h->n_known++] : &h->known[0];
}

const struct schema *hubspot_types(struct endpoint *ep, const char *object, struct err *err)
{
    struct hubspot *h = hubspot_of(ep);
    struct schema fresh = {0};
    for (size_t i = 0; i < h->n_known; i++)
        if (str_eq(h->known[i].object, object))
            return &h->known[i];
    if (!hubspot_ask(ep, object, &fresh, err)) {
        schema_done(&fresh);
        return NULL;
    }
    struct schema *slot = hubspot_slot(h, object);
    *slot = fresh;
    return slot;
}

static void hubspot_forget(struct hubspot *h, const char *object)
{
    for (size_t i = 0; i < h->n_known; i++)
        if (str_eq(h->known[i].object, object)) {
            schema_done(&h->known[i]);
            h->known[i] = h->known[--h->n_known];
            return;
        }
}

/* Contacts and deals have pages of their own; whoever has none is not asked who the account is. */
static bool hubspot_addressed(struct endpoint *ep, const char *object, struct schema *out, struct err *err)
{
    struct organisation org __attribute__((cleanup(organisation_done))) = {0};
    if (!hubspot_object_of(object)->number)
        return true;
    if (!hubspot_of(ep)->home && !hubspot_probe(ep, &org, err))
        return false;
    schema_add(out, HUBSPOT_ADDRESS, "Address of the record", SCHEMA_TEXT)->read_only = true;
    return true;
}

bool hubspot_describe(struct endpoint *ep, const char *object, struct schema *out, struct err *err)
{
    if (!hubspot_object_of(object))
        return err_set(err, ERR_CONFIG, "hubspot has no object \"%s\" here", object);
    hubspot_forget(hubspot_of(ep), object);
    return hubspot_types(ep, object, err) && hubspot_ask(ep, object, out, err) && hubspot_owners(ep, out, err) &&
           hubspot_addressed(ep, object, out, err) && (!str_eq(object, "deals") || hubspot_stages(ep, out, err));
}

/* ---- setup ---- */

static const char *const hubspot_kinds[][2] = {
    [SCHEMA_TEXT] = {"string", "text"}, [SCHEMA_NUMBER] = {"number", "number"}, [SCHEMA_BOOL] = {"bool", "booleancheckbox"},
    [SCHEMA_DATE] = {"date", "date"}, [SCHEMA_DATETIME] = {"datetime", "date"}, [SCHEMA_CHOICE] = {"enumeration", "select"},
    [SCHEMA_SET] = {"enumeration", "checkbox"}};

static json_t *hubspot_option(const struct schema_option *o, size_t order)
{
    return json_pack("{s:s,s:s,s:b,s:I}", "label", o->label, "value", o->id, "hidden", 0, "displayOrder", (json_int_t)order);
}

static json_t *hubspot_definition(const struct schema_field *f)
{
    bool tall = f->type == SCHEMA_TEXT && !f->unique && f->max_len > 255;
    json_t *def = json_pack("{s:s,s:s,s:s,s:s,s:s}", "name", f->name, "label", f->label, "type", hubspot_kinds[f->type][0], "fieldType",
                            tall ? "textarea" : hubspot_kinds[f->type][1], "groupName", "inbox_bridge");
    json_t *options = json_array();
    for (size_t i = 0; i < f->n_options; i++)
        js_add(options, hubspot_option(&f->options[i], i));
    if (f->n_options)
        js_set(def, "options", options);
    else
        json_decref(options);
    if (f->type == SCHEMA_BOOL)
        js_set(def, "options", json_pack("[{s:s,s:s,s:b},{s:s,s:s,s:b}]", "label", "Yes", "value", "true", "hidden", 0, "label", "No", "value", "false", "hidden", 0));
    if (f->unique)
        js_set(def, "hasUniqueValue", json_true());
    return def;
}

/* 409 is success: somebody was faster. */
static bool hubspot_send(struct endpoint *ep, const char *method, const char *tail, const json_t *body, struct err *err)
{
    AUTO_FREE char *path = hubspot_path(ep, "properties", tail);
    struct call c __attribute__((cleanup(call_done)));
    call_init(&c, method, "%s", path);
    call_body(&c, body);
    return endpoint_call(ep, &c, err) || c.answer.status == 409;
}

static bool hubspot_create_as(struct endpoint *ep, const char *object, const struct schema_field *f, struct err *err)
{
    AUTO_FREE char *group = mem_printf("/%s/groups", object), *tail = mem_printf("/%s", object);
    AUTO_JSON json_t *inbox = json_pack("{s:s,s:s}", "name", "inbox_bridge", "label", "Inbox");
    AUTO_JSON json_t *def = hubspot_definition(f);
    return hubspot_send(ep, "POST", group, inbox, err) && hubspot_send(ep, "POST", tail, def, err);
}

/* Where an account allows no unique properties, on notes and communications, a plain one carries the key. */
static bool hubspot_create(struct endpoint *ep, const char *object, const struct schema_field *f, struct err *err)
{
    struct schema_field plain = *f;
    plain.unique = false;
    if (hubspot_create_as(ep, object, f, err))
        return true;
    if (!f->unique || !hubspot_object_of(object)->activity || err->kind != ERR_REJECT)
        return false;
    *err = (struct err){0};
    return hubspot_create_as(ep, object, &plain, err);
}

/* PATCH replaces the whole list: the live one, with what is missing behind it. */
static bool hubspot_extend(struct endpoint *ep, const char *object, const struct schema_field *live, const struct schema_field *f, struct err *err)
{
    AUTO_FREE char *tail = mem_printf("/%s/%s", object, f->name);
    json_t *options = json_array();
    for (size_t i = 0; i < live->n_options; i++)
        js_add(options, hubspot_option(&live->options[i], i));
    for (size_t i = 0; i < f->n_options; i++)
        if (!schema_option_by_id(live, f->options[i].id))
            js_add(options, hubspot_option(&f->options[i], live->n_options + i));
    AUTO_JSON json_t *body = json_pack("{s:o}", "options", options);
    return hubspot_send(ep, "PATCH", tail, body, err);
}

static size_t hubspot_lacks(const struct schema_field *live, const struct schema_field *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n_options; i++)
        n += schema_option_by_id(live, f->options[i].id) == NULL;
    return n;
}

static bool hubspot_one(struct endpoint *ep, const char *object, const struct schema *live, const struct schema_field *f, bool apply, json_t *out,
                        struct err *err)
{
    const struct schema_field *have = schema_find(live, f->name);
    if (!have) {
        AUTO_FREE char *what = mem_printf("property of type %s%s", schema_type_name(f->type), f->unique ? ", unique" : "");
        bool done = apply && hubspot_create(ep, object, f, err);
        js_add(out, json_pack("{s:s,s:s,s:b}", "field", f->name, "what", what, "done", done));
        return done || !apply;
    }
    bool must = f->unique && !hubspot_object_of(object)->activity;
    if (have->type != f->type || (must && !have->unique)) {
        AUTO_FREE char *what = mem_printf("exists, but is %s%s; the mapping needs %s%s", schema_type_name(have->type), have->unique ? ", unique" : "",
                                          schema_type_name(f->type), f->unique ? ", unique" : "");
        js_add(out, json_pack("{s:s,s:s,s:b,s:s}", "field", f->name, "what", what, "done", 0, "manual",
                              "a property's type and uniqueness cannot be changed: delete it in HubSpot (Settings, Properties), or map another one"));
        return true;
    }
    size_t lacks = hubspot_lacks(have, f);
    if (!lacks)
        return true;
    AUTO_FREE char *what = mem_printf("%zu option%s", lacks, lacks == 1 ? "" : "s");
    bool done = apply && hubspot_extend(ep, object, have, f, err);
    js_add(out, json_pack("{s:s,s:s,s:b}", "field", f->name, "what", what, "done", done));
    return done || !apply;
}

bool hubspot_setup(struct endpoint *ep, const struct schema *wanted, bool apply, json_t **missing, struct err *err)
{
    struct schema live __attribute__((cleanup(schema_done))) = {0};
    if (!hubspot_ask(ep, wanted->object, &live, err))
        return false;
    AUTO_JSON json_t *out = json_array();
    for (size_t i = 0; i < wanted->n; i++)
        if (!hubspot_one(ep, wanted->object, &live, &wanted->fields[i], apply, out, err))
            return err_wrap(err, "property %s", wanted->fields[i].name);
    hubspot_forget(hubspot_of(ep), wanted->object);
    if (!hubspot_types(ep, wanted->object, err))
        return false;
    *missing = json_incref(out);
    return true;
}
