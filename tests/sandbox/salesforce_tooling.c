/* The Tooling API as far as a setup needs it: making custom fields, and asking what is defined. */
#include "tests/sandbox/salesforce.h"
#include <stdio.h>

#define EXTERNAL_IDS_MOST 25
#define NAME "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* Metadata's words for types, and describe's. */
static const char *const types[][2] = {{"Text", "string"},       {"LongTextArea", "textarea"},
                                       {"TextArea", "textarea"}, {"Number", "double"},
                                       {"Currency", "currency"}, {"Percent", "percent"},
                                       {"Date", "date"},         {"DateTime", "datetime"},
                                       {"Checkbox", "boolean"},  {"Email", "email"},
                                       {"Phone", "phone"},       {"Url", "url"},
                                       {"Picklist", "picklist"}, {"MultiselectPicklist", "multipicklist"},
                                       {"Lookup", "reference"}};

static const char *described(const char *type)
{
    for (size_t i = 0; type && i < COUNT(types); i++)
        if (str_eq(types[i][0], type))
            return types[i][1];
    return NULL;
}

static const char *spelled(const char *type)
{
    for (size_t i = 0; i < COUNT(types); i++)
        if (str_eq(types[i][1], type))
            return types[i][0];
    return type;
}

static struct sf_type *owner_of(struct sf *s, const char *entity)
{
    for (size_t i = 0; i < s->n_types; i++)
        if (str_eq_nocase(s->types[i].entity, entity) && s->types[i].writable)
            return &s->types[i];
    return NULL;
}

/* {"valueSet":{"restricted":true,"valueSetDefinition":{"value":[{"fullName","label","default"}]}}} */
static void read_values(struct sf_field *f, const json_t *metadata)
{
    const json_t *set = json_object_get(metadata, "valueSet");
    struct buf names = {0};
    size_t i;
    json_t *v;
    json_array_foreach (json_object_get(json_object_get(set, "valueSetDefinition"), "value"), i, v)
        buf_printf(&names, "%s%s%s", names.n ? "|" : "", js_str_or(v, "fullName", js_str_or(v, "valueName", "?")),
                   js_bool_or(v, "default", false) ? "*" : "");
    f->restricted = js_bool_or(set, "restricted", false);
    sf_picklist(f, buf_str(&names));
    buf_done(&names);
}

static bool may_define(const struct sf_type *t, const char *name, const json_t *metadata, struct sf_bad *bad)
{
    size_t keys = 0, n = strlen(name);
    const char *type = described(js_str(metadata, "type"));
    for (size_t i = 0; t && i < t->n_fields; i++)
        keys += t->fields[i]->external;
    if (!t)
        return sf_set_bad(bad, 400, "INVALID_CROSS_REFERENCE_KEY", "FullName", "Entity Enumeration Or ID: bad value");
    if (n < 4 || n > 43 || strspn(name, NAME) != n || !str_eq(name + n - 3, "__c") || !type ||
        !js_str(metadata, "label"))
        return sf_set_bad(bad, 400, "FIELD_INTEGRITY_EXCEPTION", "FullName",
                          "a custom field needs a name ending in __c, a type and a label");
    if (sf_field(t, name))
        return sf_set_bad(bad, 400, "DUPLICATE_DEVELOPER_NAME", "DeveloperName",
                          "There is already a field named %.*s on %s.", (int)n - 3, name, t->entity);
    if (str_eq(type, "string") && js_int_or(metadata, "length", 0) < 1)
        return sf_set_bad(bad, 400, "FIELD_INTEGRITY_EXCEPTION", "Length",
                          "Must specify 'length' for a CustomField of "
                          "type Text");
    if (js_bool_or(metadata, "externalId", false) && keys >= EXTERNAL_IDS_MOST)
        return sf_set_bad(bad, 400, "CUSTOM_FIELD_INDEX_LIMIT_EXCEEDED", NULL, "too many external id fields");
    return true;
}

static int between(int64_t n, int least, int most)
{
    return n < least ? least : n > most ? most : (int)n;
}

static void fill(struct sf_field *f, const json_t *metadata)
{
    f->custom = true;
    f->nillable = !js_bool_or(metadata, "required", false) && !str_eq(f->type, "boolean");
    f->defaulted = str_eq(f->type, "boolean");
    f->external = js_bool_or(metadata, "externalId", false);
    f->unique = js_bool_or(metadata, "unique", false);
    f->cased = js_bool_or(metadata, "caseSensitive", false);
    if (f->precision)
        f->precision = between(js_int_or(metadata, "precision", f->precision), 1, 18);
    f->scale = between(js_int_or(metadata, "scale", 0), 0, 17);
    str_copy(f->to[0], sizeof f->to[0], js_str_or(metadata, "referenceTo", ""));
    if (f->to[0][0])
        snprintf(f->relationship, sizeof f->relationship, "%.*sr", (int)strlen(f->name) - 1, f->name);
    if (strstr(f->type, "picklist"))
        read_values(f, metadata);
}

struct sf_field *sf_define(struct sf *s, const char *full_name, const json_t *metadata, struct sf_bad *bad)
{
    const char *dot = full_name ? strchr(full_name, '.') : NULL, *type = described(js_str(metadata, "type"));
    AUTO_FREE char *entity = dot ? mem_dup_n(full_name, (size_t)(dot - full_name)) : mem_dup("");
    struct sf_type *t = owner_of(s, entity), *rows = sf_type_of(s, "CustomField");
    if (!may_define(t, dot ? dot + 1 : "", metadata, bad))
        return NULL;
    bool number = str_eq(type, "double") || str_eq(type, "currency") || str_eq(type, "percent");
    int usual = number ? 18 : str_eq(type, "email") ? 80 : 255;
    int length = between(js_int_or(metadata, "length", usual), 1, 131072);
    struct sf_field *f = sf_field_add(s, t, dot + 1, js_str(metadata, "label"), type, length);
    fill(f, metadata);
    f->granted = sf_flag(s, "fields_visible");
    f->since = sf_now(s) + sf_count(s, "metadata_lag_ms");
    AUTO_JSON json_t *values = json_pack("{s:o,s:s,s:s}", "DeveloperName", json_stringn(f->name, strlen(f->name) - 3),
                                         "TableEnumOrId", t->entity, "FullName", full_name);
    sf_put(s, rows, NULL, values, s->robot);
    sf_permissions(s);
    return f;
}

/* ---- definitions as rows ---- */

static struct sf_row *add_row(struct sf *s, struct sf_type *t, const char *id, json_t *stolen)
{
    struct sf_row *r = sf_put(s, t, NULL, stolen, s->robot);
    js_set(r->values, "DurableId", json_string(id));
    json_decref(stolen);
    return r;
}

static void empty(struct sf_type *t)
{
    for (size_t i = 0; i < t->n; i++) {
        json_decref(t->rows[i]->values);
        json_decref(t->rows[i]->before);
        free(t->rows[i]);
    }
    t->n = 0;
}

static void add_field_row(struct sf *s, struct sf_type *into, const struct sf_type *t, const struct sf_field *f)
{
    AUTO_FREE char *id = mem_printf("%s.%s", t->name, f->name);
    size_t bare = strlen(f->name) - (f->custom ? 3 : 0);
    bool sized = f->length && (str_eq(f->type, "string") || str_eq(f->type, "textarea"));
    json_t *type = sized ? json_sprintf("%s(%d)", spelled(f->type), f->length) : json_string(spelled(f->type));
    add_row(s, into, id,
            json_pack("{s:s,s:o,s:s,s:o,s:i,s:b,s:s,s:s,s:s}", "QualifiedApiName", f->name, "DeveloperName",
                      json_stringn(f->name, bare), "Label", f->label, "DataType", type, "Length", f->length,
                      "IsIndexed", f->external || f->unique, "EntityDefinitionId", t->name,
                      "EntityDefinition.QualifiedApiName", t->name, "EntityDefinition.DurableId", t->name));
}

void sf_tooling_rows(struct sf *s)
{
    struct sf_type *entities = sf_type_of(s, "EntityDefinition"), *fields = sf_type_of(s, "FieldDefinition");
    empty(entities);
    empty(fields);
    for (size_t i = 0; i < s->n_types; i++) {
        const struct sf_type *t = &s->types[i];
        if (!t->api)
            continue;
        add_row(s, entities, t->name,
                json_pack("{s:s,s:s,s:s,s:s}", "QualifiedApiName", t->name, "DeveloperName", t->name, "Label", t->label,
                          "KeyPrefix", t->prefix));
        for (size_t k = 0; k < t->n_fields; k++)
            if (!strchr(t->fields[k]->name, '.'))
                add_field_row(s, fields, t, t->fields[k]);
    }
}

/* ---- the API ---- */

static void make_field(struct sf_ask *ask)
{
    struct sf_bad bad = {0};
    const struct sf_field *f = NULL;
    if (!sf_flag(ask->s, "customize"))
        sf_set_bad(&bad, 403, "INSUFFICIENT_ACCESS_OR_READONLY", NULL,
                   "insufficient access rights on entity: Custom Field Definition");
    else
        f = sf_define(ask->s, js_str(ask->body, "FullName"), json_object_get(ask->body, "Metadata"), &bad);
    sf_note(ask, f != NULL, "/tooling/sobjects/CustomField");
    if (!f) {
        sf_refuse(ask, &bad);
        return;
    }
    const struct sf_type *rows = sf_type_of(ask->s, "CustomField");
    sf_reply(ask, 201,
             json_pack("{s:s,s:b,s:[],s:[],s:[]}", "id", rows->rows[rows->n - 1]->id, "success", 1, "errors",
                       "warnings", "infos"));
}

void sf_tooling(struct sf_ask *ask)
{
    const char *what = ask->n > 1 ? ask->part[1] : "";
    sf_note(ask, false, "/tooling");
    if (str_eq(what, "query"))
        sf_query(ask, false, true);
    else if (ask->n == 3 && str_eq(what, "sobjects") && str_eq_nocase(ask->part[2], "CustomField") &&
             sf_is(ask, "POST"))
        make_field(ask);
    else
        sf_not_there(ask);
}
