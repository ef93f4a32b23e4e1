/* Deals of the world: the mapping that has them, and what must be true of each. */
#include "bridge/base/str.h"
#include "tests/kit/deals.h"
#include <stdio.h>
#include <string.h>

const char world_deals[] =
    "prospect = {\n"
    "  crm = \"contacts\"; key = \"inbox_prospect_key\"; match = ( \"inbox_prospect_key\" ); create = true; max_creates = 1000000;\n"
    "  fields = (\n"
    "    { name = \"name\"; inbox = \"displayName\"; crm = \"firstname\"; flow = \"to_crm\"; },\n"
    "    { name = \"status\"; inbox = \"context.status\"; crm = \"inbox_stage\"; table = \"stages\"; flow = \"to_crm\"; },\n"
    "    { name = \"valuation\"; inbox = \"context.valuation\"; crm = \"inbox_valuation\"; flow = \"to_crm\"; },\n"
    "    { name = \"tags\"; inbox = \"context.tags\"; crm = \"inbox_tags\"; conflict = \"union\"; },\n"
    "    { name = \"notes\"; inbox = \"context.notes\"; crm = \"inbox_notes\"; conflict = \"crm\"; initial = \"source\"; }\n"
    "  );\n"
    "  stages = ( (\"New\", \"new\"), (\"Contacted\", \"contacted\"), (\"Qualified\", \"qualified\"), (\"Negotiation\", \"negotiation\"),\n"
    "             (\"Won\", \"won\"), (\"Lost\", \"lost\") );\n"
    "};\n"
    "deal = {\n"
    "  crm = \"deals\"; of = \"prospect\"; key = \"inbox_deal_key\"; create_when = \"context.valuation\"; pipeline = \"default\";\n"
    "  reopen = \"new\"; currency = \"deal_currency_code\"; max_creates = 1000000;\n"
    "  fields = (\n"
    "    { name = \"title\"; inbox = \"displayName\"; crm = \"dealname\"; flow = \"to_crm\"; },\n"
    "    { name = \"stage\"; inbox = \"context.status\"; crm = \"dealstage\"; table = \"stages\"; conflict = \"monotone\"; initial = \"source\"; },\n"
    "    { name = \"amount\"; inbox = \"context.valuation\"; crm = \"amount\"; conflict = \"source_unless_blank\"; initial = \"source\"; }\n"
    "  );\n"
    "  stages = { pairs = ( (\"New\", \"Appointment Scheduled\"), (\"Contacted\", \"qualifiedtobuy\"), (\"Qualified\", \"presentationscheduled\"),\n"
    "             (\"Negotiation\", \"contractsent\"), (\"Won\", \"Closed Won\"), (\"Lost\", \"closedlost\") );\n"
    "             ignore_crm = ( \"decisionmakerboughtin\" ); };\n"
    "};\n";

static const char salesforce_deals[] =
    "prospect = {\n"
    "  crm = \"Contact\"; key = \"inbox_prospect_key__c\"; match = ( \"inbox_prospect_key__c\" ); create = true; max_creates = 1000000;\n"
    "  fields = (\n"
    "    { name = \"name\"; inbox = \"displayName\"; crm = \"LastName\"; flow = \"to_crm\"; transform = \"truncate:80\"; on_blank = \"keep\"; },\n"
    "    { name = \"status\"; inbox = \"context.status\"; crm = \"inbox_stage__c\"; table = \"stages\"; flow = \"to_crm\"; },\n"
    "    { name = \"valuation\"; inbox = \"context.valuation\"; crm = \"inbox_valuation__c\"; flow = \"to_crm\"; },\n"
    "    { name = \"tags\"; inbox = \"context.tags\"; crm = \"inbox_tags__c\"; conflict = \"union\"; },\n"
    "    { name = \"notes\"; inbox = \"context.notes\"; crm = \"inbox_notes__c\"; conflict = \"crm\"; initial = \"source\"; }\n"
    "  );\n"
    "  stages = ( (\"New\", \"new\"), (\"Contacted\", \"contacted\"), (\"Qualified\", \"qualified\"), (\"Negotiation\", \"negotiation\"),\n"
    "             (\"Won\", \"won\"), (\"Lost\", \"lost\") );\n"
    "};\n"
    "deal = {\n"
    "  crm = \"Opportunity\"; of = \"prospect\"; key = \"inbox_deal_key__c\"; create_when = \"context.valuation\";\n"
    "  reopen = \"new\"; currency = \"CurrencyIsoCode\"; max_creates = 1000000;\n"
    "  fields = (\n"
    "    { name = \"title\"; inbox = \"displayName\"; crm = \"Name\"; flow = \"to_crm\"; transform = \"truncate:120\"; on_blank = \"keep\"; },\n"
    "    { name = \"stage\"; inbox = \"context.status\"; crm = \"StageName\"; table = \"stages\"; conflict = \"monotone\"; initial = \"source\"; },\n"
    "    { name = \"amount\"; inbox = \"context.valuation\"; crm = \"Amount\"; conflict = \"source_unless_blank\"; initial = \"source\"; }\n"
    "  );\n"
    "  stages = { pairs = ( (\"New\", \"Prospecting\"), (\"Contacted\", \"Qualification\"), (\"Qualified\", \"Needs Analysis\"),\n"
    "             (\"Negotiation\", \"Negotiation/Review\"), (\"Won\", \"Closed Won\"), (\"Lost\", \"Closed Lost\") );\n"
    "             ignore_crm = ( \"Value Proposition\", \"Proposal/Price Quote\" ); };\n"
    "};\n";

/* ---- the CRMs ---- */

static struct world *make_hubspot(uint64_t seed, size_t people, const char *mapping)
{
    return world_new(seed, people, mapping);
}

/* An organisation with two currencies. */
static struct world *two_currencies(struct world *w, int side)
{
    json_decref(world_edit(w, side, "{'object':'currency','create':{'IsoCode':'USD','IsCorporate':true}}"));
    json_decref(world_edit(w, side, "{'object':'currency','create':{'IsoCode':'EUR','IsCorporate':false}}"));
    return w;
}

static struct world *make_salesforce(uint64_t seed, size_t people, const char *mapping)
{
    return two_currencies(world_new_salesforce(seed, people, mapping, "token = \"env:WORLD_TOKEN\"; base_url = \"http://salesforce.sandbox\";"), 1);
}

const struct deal_crm deal_hubspot = {
    .name = "hubspot",
    .mapping = world_deals,
    .object = "deals",
    .list = "deal",
    .key = "inbox_deal_key",
    .amount = "amount",
    .stage = "dealstage",
    .currency = "deal_currency_code",
    .stages = {"appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "contractsent", "closedwon", "closedlost"},
    .aside = "decisionmakerboughtin",
    .person = "contacts",
    .person_key = "inbox_prospect_key",
    .id = "id",
    .valuation = "inbox_valuation",
    .notes = "inbox_notes",
    .tags = "inbox_tags",
    .renames = {"{'object':'pipeline','id':'default','stage':'appointmentscheduled','set':{'label':'Intro call'}}",
                "{'object':'pipeline','id':'default','set':{'label':'Direct messages'}}"},
    .makes = "\"method\":\"POST\",\"path\":\"*deals/batch/create*\"",
    .touches = "\"path\":\"*deals*\"",
    .make = make_hubspot};

const struct deal_crm deal_salesforce = {
    .name = "salesforce",
    .mapping = salesforce_deals,
    .object = "Opportunity",
    .list = "Opportunity",
    .key = "inbox_deal_key__c",
    .amount = "Amount",
    .stage = "StageName",
    .currency = "CurrencyIsoCode",
    .stages = {"Prospecting", "Qualification", "Needs Analysis", "Negotiation/Review", "Closed Won", "Closed Lost"},
    .aside = "Value Proposition",
    .person = "Contact",
    .person_key = "inbox_prospect_key__c",
    .id = "Id",
    .valuation = "inbox_valuation__c",
    .notes = "inbox_notes__c",
    .tags = "inbox_tags__c",
    .makes = "\"method\":\"POST\",\"path\":\"*composite/sobjects\"",
    .touches = "\"path\":\"*Opportunity*\"",
    .every = 9,
    .make = make_salesforce};

/* The side of the CRM a route leads to. */
static int side_of(struct world *w, const char *route)
{
    return (int)(world_route(w, route) - w->route) + 1;
}

const struct deal_crm *deal_crm_of(const struct world *w, int side)
{
    return str_eq(w->crm[side - 1].kind, "salesforce") ? &deal_salesforce : &deal_hubspot;
}

char *deal_mapping(const struct deal_crm *crm, const char *reopen)
{
    static const char said[] = "reopen = \"new\"";
    const char *at = strstr(crm->mapping, said);
    return mem_printf("%.*sreopen = \"%s\"%s", (int)(at - crm->mapping), crm->mapping, reopen, at + sizeof said - 1);
}

char *world_deals_reopening(const char *policy)
{
    return deal_mapping(&deal_hubspot, policy);
}

struct world *deal_both(uint64_t seed, size_t people, const char *hubspot, const char *salesforce)
{
    return two_currencies(world_new_both(seed, people, hubspot, salesforce), 2);
}

/* ---- records ---- */

char *deal_text(const json_t *record, const char *field)
{
    const json_t *props = json_object_get(record, "properties"), *v = json_object_get(props ? props : record, field);
    if (json_is_number(v))
        return mem_printf("%.15g", json_number_value(v));
    return mem_dup(json_is_string(v) ? json_string_value(v) : "");
}

static bool live(const json_t *deal)
{
    return !js_bool_or(deal, "archived", false) && !js_str(deal, "mergedInto") && !js_bool_or(deal, "IsDeleted", false);
}

static json_t *deals_of(struct world *w, int side, const char *key, size_t *n)
{
    const struct deal_crm *crm = deal_crm_of(w, side);
    AUTO_JSON json_t *state = world_state(w, side);
    json_t *found = NULL, *d;
    size_t i;
    *n = 0;
    json_array_foreach (json_object_get(state, crm->list), i, d) {
        AUTO_FREE char *have = deal_text(d, crm->key);
        if (!live(d) || !str_eq(have, key))
            continue;
        (*n)++;
        json_decref(found);
        found = json_incref(d);
    }
    return found;
}

json_t *deal_at(struct world *w, int side, const char *key)
{
    size_t n = 0;
    json_t *d = deals_of(w, side, key, &n);
    if (n > 1) {
        fprintf(stderr, "world: %zu deals of %s\n", n, key);
        abort();
    }
    return d;
}

json_t *world_deal(struct world *w, const char *key)
{
    return deal_at(w, 1, key);
}

json_t *deal_newest(struct world *w, int side, const char *who)
{
    json_t *newest = NULL, *deal = NULL;
    for (int n = 1; n == 1 || deal; n++) {
        AUTO_FREE char *key = mem_printf("%s#deal-%d", who, n);
        deal = deal_at(w, side, key);
        if (deal)
            json_decref(newest);
        newest = deal ? deal : newest;
    }
    return newest;
}

/* Roles of contacts are records of their own. */
static size_t roles(struct world *w, int side, const json_t *deal, const char *contact, size_t *all)
{
    AUTO_JSON json_t *state = world_state(w, side);
    size_t mine = 0, i;
    json_t *role;
    *all = 0;
    json_array_foreach (json_object_get(state, "OpportunityContactRole"), i, role) {
        bool here = str_eq(js_str(role, "OpportunityId"), js_str(deal, "Id")) && live(role);
        *all += here;
        mine += here && str_eq(js_str(role, "ContactId"), contact);
    }
    return mine;
}

/* How often is the deal associated with that contact, and with how many contacts at all? */
static size_t tied(struct world *w, int side, const json_t *deal, const char *contact, size_t *all)
{
    const json_t *contacts = json_object_get(json_object_get(deal, "associations"), "contacts");
    if (deal_crm_of(w, side) == &deal_salesforce)
        return roles(w, side, deal, contact, all);
    *all = json_object_size(contacts);
    return json_array_size(json_object_get(contacts, contact));
}

void deal_untie(struct world *w, const json_t *deal, const json_t *contact)
{
    if (deal_crm_of(w, 1) == &deal_salesforce)
        json_decref(world_edit(w, 1, "{'object':'OpportunityContactRole','id':{'OpportunityId':'%s'},'delete':true}", js_str(deal, "Id")));
    else
        json_decref(world_edit(w, 1, "{'object':'deals','id':'%s','dissociate':{'object':'contacts','id':'%s'}}", js_str(deal, "id"),
                               js_str(contact, "id")));
}

bool deal_open(const json_t *deal)
{
    return !js_bool_or(deal, "IsClosed", false) && !str_eq(js_str(json_object_get(deal, "properties"), "hs_is_closed"), "true");
}

/* Deals of this subject that are open and followed: those with a later one are left alone, whatever people do with them. */
static char *broken_parent(struct world *w, const struct link *parent)
{
    bool deals = world_route(w, parent->route)->n > 1;
    size_t open = 0;
    int side = side_of(w, parent->route);
    for (int k = 1; deals; k++) {
        AUTO_FREE char *key = mem_printf("%s#deal-%d", parent->key, k), *next = mem_printf("%s#deal-%d", parent->key, k + 1);
        size_t n = 0, later = 0;
        AUTO_JSON json_t *deal = deals_of(w, side, key, &n);
        json_decref(deals_of(w, side, next, &later));
        if (n > 1)
            return mem_printf("D1: %zu deals carry %s", n, key);
        if (!n && k > 1)
            break;
        open += n && !later && deal_open(deal);
    }
    return open > 1 ? mem_printf("D2: %zu open deals of %s", open, parent->key) : NULL;
}

static char *broken_child(struct world *w, const struct link *link)
{
    struct link parent __attribute__((cleanup(link_done))) = {0};
    AUTO_FREE char *who = mem_dup_n(link->key, strcspn(link->key, "#"));
    size_t carrying = 0;
    int side = side_of(w, link->route);
    AUTO_JSON json_t *deal = deals_of(w, side, link->key, &carrying);
    struct err err = {0};
    bool found = false;
    size_t all = 0;
    if (!store_link_get(w->store, link->route, "prospect", who, &parent, &found, &err) || !found)
        return mem_printf("D3: %s has no parent", link->key);
    if (!deal)
        return mem_printf("D4: %s is linked and not there", link->key);
    size_t times = tied(w, side, deal, parent.t_id, &all);
    if (times != 1 || all != 1)
        return mem_printf("D5: %s is associated %zu times with %s, and with %zu contacts", link->key, times, parent.t_id, all);
    return NULL;
}

char *world_broken_deal(struct world *w, const struct link *link)
{
    if (str_eq(link->object, "prospect"))
        return broken_parent(w, link);
    return str_eq(link->object, "deal") ? broken_child(w, link) : NULL;
}
