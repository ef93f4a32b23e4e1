/* What is particular about opportunities and activities: a contact named at birth gets a role, record types allow some stages
 * only, organisations may have several currencies, and old tasks are archived. */
#include "tests/sandbox/salesforce.h"

/* ---- record types ---- */

static const struct sf_row *record_type(struct sf *s, const char *id)
{
    const struct sf_type *t = sf_type_of(s, "RecordType");
    for (size_t i = 0; i < t->n; i++)
        if (id ? str_eq(t->rows[i]->id, id) : json_is_true(json_object_get(t->rows[i]->values, "default")))
            return t->rows[i];
    return NULL;
}

static bool allows(const struct sf_row *type, const char *stage)
{
    size_t i;
    json_t *one;
    json_array_foreach (json_object_get(type->values, "stages"), i, one)
        if (str_eq_nocase(json_string_value(one), stage))
            return true;
    return false;
}

/* {"object":"record_type","create":{"Name":"Partner","stages":["Prospecting",…],"default":true}} */
bool sf_edit_record_type(struct sf *s, const json_t *edit, json_t **out, struct err *err)
{
    struct sf_type *deals = sf_type_of(s, "Opportunity");
    const json_t *create = json_object_get(edit, "create");
    if (!js_str(create, "Name") || !json_is_array(json_object_get(create, "stages")))
        return err_set(err, ERR_REJECT, "a record type has a Name and stages");
    if (!sf_field(deals, "RecordTypeId")) {
        struct sf_field *f = sf_field_add(s, deals, "RecordTypeId", "Record Type ID", "reference", 18);
        str_copy(f->to[0], sizeof f->to[0], "RecordType");
        str_copy(f->relationship, sizeof f->relationship, "RecordType");
        f->defaulted = true;
    }
    AUTO_JSON json_t *values = json_copy((json_t *)create);
    js_set(values, "SobjectType", json_string("Opportunity"));
    js_set(values, "DeveloperName", json_string(js_str(create, "Name")));
    js_set(values, "IsActive", json_true());
    const struct sf_row *r = sf_put(s, sf_type_of(s, "RecordType"), NULL, values, s->ann);
    *out = sf_row_state(r);
    return true;
}

json_t *sf_record_types(struct sf *s, const struct sf_type *of)
{
    const struct sf_type *t = sf_type_of(s, "RecordType");
    json_t *out = json_array();
    bool any = str_eq(of->name, "Opportunity") && t->n;
    for (size_t i = 0; any && i < t->n; i++) {
        bool chosen = json_is_true(json_object_get(t->rows[i]->values, "default"));
        const char *name = sf_get(t->rows[i], "Name");
        js_add(out, json_pack("{s:b,s:b,s:b,s:s,s:s,s:b,s:s}", "active", 1, "available", 1, "defaultRecordTypeMapping",
                              chosen, "developerName", name, "name", name, "master", 0, "recordTypeId", t->rows[i]->id));
    }
    js_add(out, json_pack("{s:b,s:b,s:b,s:s,s:s,s:b,s:s}", "active", 1, "available", 1, "defaultRecordTypeMapping",
                          !any, "developerName", "Master", "name", "Master", "master", 1, "recordTypeId",
                          "012000000000000AAA"));
    return out;
}

/* /ui-api/object-info/Opportunity/picklist-values/{record type}/StageName */
void sf_ui_api(struct sf_ask *ask)
{
    bool mine = ask->n == 6 && str_eq(ask->part[1], "object-info") && str_eq(ask->part[2], "Opportunity") &&
                str_eq(ask->part[3], "picklist-values") && str_eq(ask->part[5], "StageName");
    const struct sf_row *type = mine ? record_type(ask->s, ask->part[4]) : NULL;
    const struct sf_field *f = sf_field(sf_type_of(ask->s, "Opportunity"), "StageName");
    json_t *values = json_array(), *v;
    size_t i;
    sf_note(ask, false, "/ui-api/object-info/{type}/picklist-values/{record type}/{field}");
    json_array_foreach (f->values, i, v)
        if (type && js_bool_or(v, "active", false) && allows(type, js_str(v, "value")))
            js_add(values, json_pack("{s:n,s:s,s:[],s:s}", "attributes", "label", js_str(v, "label"), "validFor",
                                     "value", js_str(v, "value")));
    if (type)
        sf_reply(ask, 200, json_pack("{s:{},s:n,s:O}", "controllerValues", "defaultValue", "values", values));
    else
        sf_not_there(ask);
    json_decref(values);
}

/* ---- currencies ---- */

/* {"object":"currency","create":{"IsoCode":"EUR","IsCorporate":true}}: the first one makes the organisation one of several. */
bool sf_edit_currency(struct sf *s, const json_t *edit, json_t **out, struct err *err)
{
    struct sf_type *t = sf_type_of(s, "CurrencyType"), *deals = sf_type_of(s, "Opportunity");
    const json_t *create = json_object_get(edit, "create");
    struct sf_field *f = sf_field(deals, "CurrencyIsoCode");
    struct buf codes = {0};
    if (!js_str(create, "IsoCode"))
        return err_set(err, ERR_REJECT, "a currency has an IsoCode");
    if (!f)
        f = sf_field_add(s, deals, "CurrencyIsoCode", "Currency ISO Code", "picklist", 3);
    f->defaulted = f->restricted = t->api = true;
    const struct sf_row *r = sf_put(s, t, NULL, create, s->ann);
    for (size_t i = 0; i < t->n; i++)
        buf_printf(&codes, "%s%s%s", i ? "|" : "", sf_get(t->rows[i], "IsoCode"),
                   json_is_true(json_object_get(t->rows[i]->values, "IsCorporate")) ? "*" : "");
    sf_picklist(f, buf_str(&codes));
    buf_done(&codes);
    *out = sf_row_state(r);
    return true;
}

/* ---- rows ---- */

static const char *after(const struct sf_row *r, const json_t *changes, const char *field)
{
    return json_object_get(changes, field) ? js_str(changes, field) : sf_get(r, field);
}

bool sf_deal_fits(struct sf *s, const struct sf_row *r, json_t *changes, struct sf_bad *bad)
{
    const struct sf_row *fallback = r ? NULL : record_type(s, NULL);
    if (fallback && !js_str(changes, "RecordTypeId"))
        js_set(changes, "RecordTypeId", json_string(fallback->id));
    const char *type = after(r, changes, "RecordTypeId"), *stage = js_str(changes, "StageName");
    const struct sf_row *of = type ? record_type(s, type) : NULL;
    if (!of || !stage || allows(of, stage))
        return true;
    return sf_set_bad(bad, 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "StageName",
                      "Stage: bad value for restricted picklist field: %s", stage);
}

/* A task of a lead is related to nothing else, and of a converted lead there are no new ones. */
bool sf_task_fits(struct sf *s, const struct sf_row *r, const json_t *changes, struct sf_bad *bad)
{
    const char *who = after(r, changes, "WhoId"), *what = after(r, changes, "WhatId"), *said = js_str(changes, "WhoId");
    const struct sf_row *lead = said && str_starts(said, "00Q") ? sf_find(s, said) : NULL;
    if (lead && json_is_true(json_object_get(lead->values, "IsConverted")))
        return sf_set_bad(bad, 400, "CANNOT_UPDATE_CONVERTED_LEAD", "WhoId", "cannot reference converted lead");
    if (!who || !what || !str_starts(who, "00Q"))
        return true;
    return sf_set_bad(bad, 400, "FIELD_INTEGRITY_EXCEPTION", "WhatId",
                      "Related To ID: WhatId must be null when WhoId refers to a lead: %s", what);
}

/* The contact a new opportunity names is its primary one: there is a role at once, in the same transaction. */
void sf_deal_made(struct sf *s, const struct sf_row *deal, const char *user)
{
    const char *contact = sf_get(deal, "ContactId");
    if (!contact)
        return;
    AUTO_JSON json_t *role = json_pack("{s:s,s:s,s:b}", "OpportunityId", deal->id, "ContactId", contact, "IsPrimary", 1);
    sf_put(s, sf_type_of(s, "OpportunityContactRole"), NULL, role, user);
}

bool sf_archived(const json_t *values)
{
    return json_is_true(json_object_get(values, "IsArchived"));
}
