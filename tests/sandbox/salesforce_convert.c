/* Leads that become account, contact and opportunity, and records that become one. */
#include "tests/sandbox/salesforce.h"

/* ---- conversion ---- */

static void copy(const struct sf_row *from, const char *name, json_t *into, const char *as)
{
    json_t *v = json_object_get(from->values, name);
    if (v && !json_is_null(v))
        json_object_set(into, as, v);
}

/* Fields both have, some under another name; an existing record is filled where it is empty. */
static json_t *carried(struct sf *s, const struct sf_row *lead, const struct sf_type *to, const struct sf_row *old)
{
    static const char *const renamed[][2] = {{"Street", "MailingStreet"},         {"City", "MailingCity"},
                                             {"State", "MailingState"},           {"Country", "MailingCountry"},
                                             {"PostalCode", "MailingPostalCode"}, {"Company", "Name"}};
    json_t *out = json_object();
    const struct sf_type *leads = sf_type_of(s, "Lead");
    for (size_t i = 0; i < to->n_fields; i++) {
        const struct sf_field *f = to->fields[i];
        const char *from = f->name;
        for (size_t k = 0; k < COUNT(renamed); k++)
            if (str_eq(renamed[k][1], f->name) && (k < 5 || !str_eq(to->name, "Contact")))
                from = renamed[k][0];
        bool ours = f->createable && sf_field(leads, from) && (!f->custom || sf_flag(s, "conversion_maps_keys"));
        const json_t *have = old ? json_object_get(old->values, f->name) : NULL;
        if (ours && (!have || json_is_null(have)))
            copy(lead, from, out, f->name);
    }
    return out;
}

static struct sf_row *become(struct sf *s, const struct sf_row *lead, const char *type, const json_t *existing,
                             json_t *also_stolen, const char *user)
{
    struct sf_type *t = sf_type_of(s, type);
    struct sf_row *old = json_is_string(existing) ? sf_find(s, json_string_value(existing)) : NULL;
    AUTO_JSON json_t *values = carried(s, lead, t, old), *also = also_stolen;
    json_object_update_missing(values, also);
    if (old)
        json_object_del(values, "OwnerId");
    for (size_t i = 0; !old && i < t->n_fields; i++)
        if (str_eq(t->fields[i]->type, "boolean") && !json_object_get(values, t->fields[i]->name) &&
            !str_eq(t->fields[i]->name, "IsDeleted"))
            js_set(values, t->fields[i]->name, json_false());
    sf_derive(s, t, old, values);
    return sf_put(s, t, old, values, user);
}

/* Activities follow the person. */
static void move_children(struct sf *s, const char *from, const char *to, const char *user)
{
    static const char *const children[][2] = {{"Task", "WhoId"},
                                              {"Task", "WhatId"},
                                              {"Contact", "AccountId"},
                                              {"Opportunity", "AccountId"},
                                              {"OpportunityContactRole", "ContactId"}};
    for (size_t k = 0; k < COUNT(children); k++) {
        struct sf_type *t = sf_type_of(s, children[k][0]);
        AUTO_JSON json_t *change = json_pack("{s:s}", children[k][1], to);
        for (size_t i = 0; i < t->n; i++)
            if (str_eq(sf_get(t->rows[i], children[k][1]), from) && !t->rows[i]->deleted)
                sf_put(s, t, t->rows[i], change, user);
    }
}

static const char *converted_status(struct sf *s)
{
    const struct sf_type *t = sf_type_of(s, "LeadStatus");
    for (size_t i = 0; i < t->n; i++)
        if (json_is_true(json_object_get(t->rows[i]->values, "IsConverted")))
            return sf_get(t->rows[i], "ApiName");
    return "Closed - Converted";
}

/* The opportunity of a conversion: {"opportunity":true} or a name; NULL: none is wanted. */
static struct sf_row *opportunity(struct sf *s, const struct sf_row *lead, const struct sf_row *account,
                                  const struct sf_row *contact, const json_t *said, const char *user)
{
    char day[SF_STAMP];
    if (!json_is_true(said) && !json_is_string(said))
        return NULL;
    sf_stamp(sf_now(s) + 30 * SF_DAY, day);
    day[10] = '\0';
    const char *name = json_is_string(said) ? json_string_value(said) : sf_get(account, "Name");
    struct sf_row *r = become(
        s, lead, "Opportunity", NULL,
        json_pack("{s:s,s:s,s:s}", "AccountId", account->id, "StageName", "Prospecting", "CloseDate", day), user);
    AUTO_JSON json_t *values = json_pack("{s:s}", "Name", name),
                     *role = json_pack("{s:s,s:s,s:b}", "OpportunityId", r->id, "ContactId", contact->id, "IsPrimary",
                                       1);
    sf_put(s, sf_type_of(s, "Opportunity"), r, values, user);
    sf_put(s, sf_type_of(s, "OpportunityContactRole"), NULL, role, user);
    return r;
}

/* Account, contact and opportunity come first, the lead last. */
bool sf_convert(struct sf *s, struct sf_row *lead, const json_t *how, const char *user, struct err *err)
{
    char today[SF_STAMP];
    if (!str_starts(lead->id, "00Q") || lead->deleted)
        return err_set(err, ERR_REJECT, "only leads are converted");
    if (json_is_true(json_object_get(lead->values, "IsConverted")))
        return err_set(err, ERR_REJECT, "the lead is converted already");
    struct sf_row *account = become(s, lead, "Account", json_object_get(how, "account"), json_object(), user);
    struct sf_row *contact = become(s, lead, "Contact", json_object_get(how, "contact"),
                                    json_pack("{s:s}", "AccountId", account->id), user);
    const struct sf_row *deal = opportunity(s, lead, account, contact, json_object_get(how, "opportunity"), user);
    sf_stamp(sf_now(s), today);
    today[10] = '\0';
    AUTO_JSON json_t *values = json_pack("{s:b,s:s,s:s,s:s,s:s}", "IsConverted", 1, "ConvertedDate", today,
                                         "ConvertedAccountId", account->id, "ConvertedContactId", contact->id, "Status",
                                         js_str_or(how, "status", converted_status(s)));
    js_set(values, "ConvertedOpportunityId", deal ? json_string(deal->id) : json_null());
    sf_put(s, sf_type_of(s, "Lead"), lead, values, user);
    move_children(s, lead->id, contact->id, user);
    return true;
}

/* ---- merging ---- */

bool sf_merge(struct sf *s, struct sf_type *t, struct sf_row *winner, struct sf_row *loser, const char *user,
              struct err *err)
{
    AUTO_JSON json_t *nothing = json_object();
    if (!str_eq(t->name, "Lead") && !str_eq(t->name, "Contact") && !str_eq(t->name, "Account"))
        return err_set(err, ERR_REJECT, "%s records are not merged", t->name);
    if (loser->deleted)
        return err_set(err, ERR_REJECT, "the record is deleted already");
    sf_delete(s, t, loser, winner->id, user);
    move_children(s, loser->id, winner->id, user);
    sf_put(s, t, winner, nothing, user);
    return true;
}
