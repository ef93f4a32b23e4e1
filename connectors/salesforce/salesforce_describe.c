/* What an object looks like. The description is the integration user's own: a field without permission is not in it. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_private.h"
#include <string.h>

/* Compound and binary fields are read and written through their parts, or not at all. */
static bool salesforce_type(const char *type, enum schema_type *out)
{
    static const struct {
        const char *name;
        enum schema_type type;
    } types[] = {{"boolean", SCHEMA_BOOL},     {"int", SCHEMA_NUMBER},        {"double", SCHEMA_NUMBER},
                 {"currency", SCHEMA_NUMBER},  {"percent", SCHEMA_NUMBER},    {"long", SCHEMA_NUMBER},
                 {"date", SCHEMA_DATE},        {"datetime", SCHEMA_DATETIME}, {"picklist", SCHEMA_CHOICE},
                 {"multipicklist", SCHEMA_SET}};
    static const char *const none[] = {"address", "location", "base64", "complexvalue", "json"};
    for (size_t i = 0; i < COUNT(none); i++)
        if (str_eq(type, none[i]))
            return false;
    *out = SCHEMA_TEXT;
    for (size_t i = 0; i < COUNT(types); i++)
        if (str_eq(type, types[i].name))
            *out = types[i].type;
    return true;
}

static void salesforce_options_of(const json_t *def, struct schema_field *f)
{
    size_t i;
    json_t *o;
    json_array_foreach (json_object_get(def, "picklistValues"), i, o)
        if (js_str(o, "value") && js_bool_or(o, "active", true))
            schema_add_option(f, js_str(o, "value"), js_str_or(o, "label", js_str(o, "value")));
    f->open = !js_bool_or(def, "restrictedPicklist", false);
}

static void salesforce_field(struct schema *out, const json_t *def)
{
    enum schema_type type;
    const char *name = js_str(def, "name");
    if (!name || !salesforce_type(js_str_or(def, "type", "string"), &type))
        return;
    struct schema_field *f = schema_add(out, name, js_str_or(def, "label", name), type);
    int64_t length = js_int_or(def, "length", 0);
    f->read_only = !js_bool_or(def, "updateable", false) || js_bool_or(def, "calculated", false);
    bool key = js_bool_or(def, "externalId", false) || js_bool_or(def, "idLookup", false); /* what an upsert can name */
    f->unique = js_bool_or(def, "unique", false) && key;
    f->max_len = type == SCHEMA_TEXT && length > 0 ? (size_t)length : 0;
    if (type == SCHEMA_CHOICE || type == SCHEMA_SET)
        salesforce_options_of(def, f);
}

/* The door completes addresses with the organisation's own; a new token may name another. */
static void salesforce_learn_home(struct endpoint *ep, const struct call *c)
{
    const char *url = c->request.url ? c->request.url : "", *at = strstr(url, "/services/data/");
    if (!at || at == url)
        return;
    free(salesforce_of(ep)->home);
    salesforce_of(ep)->home = mem_dup_n(url, (size_t)(at - url));
}

static bool salesforce_ask(struct endpoint *ep, const char *object, struct schema *out, struct err *err)
{
    AUTO_FREE char *tail = mem_printf("/sobjects/%s/describe", object);
    AUTO(call_done) struct call c = {0};
    size_t i;
    json_t *def;
    salesforce_call(ep, &c, "GET", tail);
    if (!endpoint_call(ep, &c, err))
        return err_wrap(err, "describing %s", object);
    salesforce_learn_home(ep, &c);
    const json_t *fields = json_object_get(c.json, "fields");
    if (!json_array_size(fields))
        return err_set(err, ERR_TEMP, "the description of %s has no fields", object);
    out->object = mem_dup(object);
    json_array_foreach ((json_t *)fields, i, def)
        salesforce_field(out, def);
    return true;
}

void salesforce_forget(struct endpoint *ep, const char *object)
{
    struct salesforce *s = salesforce_of(ep);
    for (size_t i = 0; i < s->n_known; i++)
        if (str_eq(s->known[i].object, object)) {
            schema_done(&s->known[i]);
            s->known[i] = s->known[--s->n_known];
            return;
        }
}

const struct schema *salesforce_types(struct endpoint *ep, const char *object, struct err *err)
{
    struct salesforce *s = salesforce_of(ep);
    struct schema fresh = {0};
    if (!salesforce_object_of(object)) {
        err_set(err, ERR_CONFIG, "salesforce has no object \"%s\" here", object ? object : "");
        return NULL;
    }
    object = salesforce_object_of(object)->name;
    for (size_t i = 0; i < s->n_known; i++)
        if (str_eq(s->known[i].object, object))
            return &s->known[i];
    if (!salesforce_ask(ep, object, &fresh, err)) {
        schema_done(&fresh);
        return NULL;
    }
    s->known[s->n_known] = fresh; /* there are fewer objects than places */
    return &s->known[s->n_known++];
}

static void salesforce_copy(const struct schema *from, struct schema *to)
{
    to->object = mem_dup(from->object);
    for (size_t i = 0; i < from->n; i++) {
        const struct schema_field *f = &from->fields[i];
        struct schema_field *copy = schema_add(to, f->name, f->label, f->type);
        copy->read_only = f->read_only;
        copy->unique = f->unique;
        copy->open = f->open;
        copy->max_len = f->max_len;
        for (size_t k = 0; k < f->n_options; k++)
            schema_add_option(copy, f->options[k].id, f->options[k].label);
    }
}

bool salesforce_describe(struct endpoint *ep, const char *object, struct schema *out, struct err *err)
{
    const struct salesforce_object *o = salesforce_object_of(object);
    salesforce_forget(ep, o ? o->name : object);
    const struct schema *types = salesforce_types(ep, object, err);
    if (types)
        salesforce_copy(types, out);
    if (types)
        schema_add(out, SALESFORCE_ADDRESS, "Address of the record", SCHEMA_TEXT)->read_only = true;
    return types && salesforce_owners(ep, out, err);
}
