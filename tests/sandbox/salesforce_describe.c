/* What Salesforce says of itself: the list of objects, and each with its fields as this user sees them. */
#include "tests/sandbox/salesforce.h"
#include <stdio.h>
#include <time.h>

static bool one_of(const char *word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(word, words[i]))
            return true;
    return false;
}

static bool filterable(const struct sf_field *f)
{
    return !str_eq(f->type, "textarea") || f->length <= 255;
}

static json_t *references(const struct sf_field *f)
{
    json_t *out = json_array();
    for (int i = 0; i < 2; i++)
        if (f->to[i][0])
            js_add(out, json_string(f->to[i]));
    return out;
}

json_t *sf_field_describe(const struct sf_field *f)
{
    static const char *const worked_out[] = {"Id", "IsDeleted", "Name"};
    json_t *out = json_pack("{s:s,s:s,s:s,s:i,s:i,s:i,s:i,s:i}", "name", f->name, "label", f->label, "type", f->type,
                            "length", f->length, "byteLength", f->length * 3, "precision", f->precision, "scale",
                            f->scale, "digits", str_eq(f->type, "int") ? 8 : 0);
    struct {
        const char *name;
        bool value;
    } flags[] = {{"aggregatable", filterable(f)},
                 {"autoNumber", false},
                 {"calculated", false},
                 {"cascadeDelete", false},
                 {"caseSensitive", f->cased},
                 {"createable", f->createable && f->edit},
                 {"custom", f->custom},
                 {"defaultedOnCreate", f->defaulted},
                 {"dependentPicklist", false},
                 {"deprecatedAndHidden", false},
                 {"externalId", f->external},
                 {"filterable", filterable(f)},
                 {"groupable", filterable(f)},
                 {"htmlFormatted", false},
                 {"idLookup", f->id_lookup || f->external},
                 {"nameField", str_eq(f->name, "Name") || str_eq(f->name, "Subject")},
                 {"nillable", f->nillable},
                 {"permissionable", !one_of(f->name, worked_out, COUNT(worked_out)) && f->nillable},
                 {"polymorphicForeignKey", f->to[1][0] != '\0'},
                 {"restrictedPicklist", f->restricted},
                 {"sortable", filterable(f)},
                 {"unique", f->unique},
                 {"updateable", f->updateable && f->edit}};
    for (size_t i = 0; i < COUNT(flags); i++)
        js_set(out, flags[i].name, json_boolean(flags[i].value));
    js_set(out, "controllerName", json_null());
    js_set(out, "defaultValue", json_null());
    js_set(out, "inlineHelpText", json_null());
    js_set(out, "picklistValues", f->values ? json_deep_copy(f->values) : json_array());
    js_set(out, "referenceTo", references(f));
    js_set(out, "relationshipName", f->relationship[0] ? json_string(f->relationship) : json_null());
    return out;
}

json_t *sf_type_brief(struct sf_ask *ask, const struct sf_type *t)
{
    AUTO_FREE char *base = mem_printf("/services/data/v%d.0/sobjects/%s", ask->version, t->name);
    json_t *out = json_pack("{s:s,s:s,s:o,s:s,s:b}", "name", t->name, "label", t->label, "labelPlural",
                            json_sprintf("%ss", t->label), "keyPrefix", t->prefix, "custom", 0);
    static const char *const merged[] = {"Lead", "Contact", "Account"};
    struct {
        const char *name;
        bool value;
    } flags[] = {{"activateable", false},
                 {"createable", t->writable},
                 {"customSetting", false},
                 {"deletable", t->writable},
                 {"deprecatedAndHidden", false},
                 {"layoutable", t->writable},
                 {"mergeable", one_of(t->name, merged, COUNT(merged))},
                 {"queryable", true},
                 {"replicateable", t->writable || str_eq(t->name, "User")},
                 {"retrieveable", true},
                 {"searchable", t->writable},
                 {"triggerable", t->writable},
                 {"undeletable", t->writable},
                 {"updateable", t->writable}};
    for (size_t i = 0; i < COUNT(flags); i++)
        js_set(out, flags[i].name, json_boolean(flags[i].value));
    js_set(out, "urls",
           json_pack("{s:s,s:o,s:o}", "sobject", base, "describe", json_sprintf("%s/describe", base), "rowTemplate",
                     json_sprintf("%s/{ID}", base)));
    return out;
}

void sf_sobjects_list(struct sf_ask *ask)
{
    json_t *all = json_array();
    sf_note(ask, false, "/sobjects");
    for (size_t i = 0; i < ask->s->n_types; i++)
        if (ask->s->types[i].api)
            js_add(all, sf_type_brief(ask, &ask->s->types[i]));
    sf_reply(ask, 200, json_pack("{s:s,s:i,s:o}", "encoding", "UTF-8", "maxBatchSize", SF_ROWS_MOST, "sobjects", all));
}

static bool unchanged(struct sf_ask *ask)
{
    const char *said = http_headers_get(&ask->request->headers, "If-Modified-Since");
    int64_t since = 0;
    char text[64];
    struct tm tm;
    time_t t = (time_t)(ask->s->schema_changed / 1000);
    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    http_headers_set(&ask->a->headers, "Last-Modified", text);
    return said && when_parse_http(said, &since) && ask->s->schema_changed / 1000 <= since / 1000;
}

void sf_describe(struct sf_ask *ask, const struct sf_type *t)
{
    AUTO_FREE char *route = mem_printf("/sobjects/%s/describe", t->name);
    json_t *fields = json_array(), *out;
    sf_note(ask, false, route);
    if (unchanged(ask)) {
        ask->a->status = 304;
        json_decref(fields);
        return;
    }
    for (size_t i = 0; i < t->n_fields; i++)
        if (sf_visible(ask->s, t, t->fields[i]->name) && !strchr(t->fields[i]->name, '.'))
            js_add(fields, sf_field_describe(t->fields[i]));
    out = sf_type_brief(ask, t);
    js_set(out, "fields", fields);
    js_set(out, "childRelationships", json_array());
    js_set(out, "recordTypeInfos", sf_record_types(ask->s, t));
    sf_reply(ask, 200, out);
}
