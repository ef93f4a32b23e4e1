/* Deals of the world: the mapping that has them, and what must be true of each. */
#include "bridge/base/str.h"
#include "tests/kit/world.h"
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

char *world_deals_reopening(const char *policy)
{
    static const char said[] = "reopen = \"new\"";
    const char *at = strstr(world_deals, said);
    return mem_printf("%.*sreopen = \"%s\"%s", (int)(at - world_deals), world_deals, policy, at + sizeof said - 1);
}

static bool live(const json_t *deal)
{
    return !js_bool_or(deal, "archived", false) && !js_str(deal, "mergedInto");
}

static json_t *deals_of(struct world *w, const char *key, size_t *n)
{
    AUTO_JSON json_t *state = world_state(w, 1);
    json_t *found = NULL, *d;
    size_t i;
    *n = 0;
    json_array_foreach (json_object_get(state, "deal"), i, d)
        if (live(d) && str_eq(js_str(json_object_get(d, "properties"), "inbox_deal_key"), key)) {
            (*n)++;
            json_decref(found);
            found = json_incref(d);
        }
    return found;
}

json_t *world_deal(struct world *w, const char *key)
{
    size_t n = 0;
    json_t *d = deals_of(w, key, &n);
    if (n > 1) {
        fprintf(stderr, "world: %zu deals of %s\n", n, key);
        abort();
    }
    return d;
}

/* How often is the deal associated with that contact, and with how many contacts at all? */
static size_t tied(const json_t *deal, const char *contact, size_t *all)
{
    const json_t *contacts = json_object_get(json_object_get(deal, "associations"), "contacts");
    *all = json_object_size(contacts);
    return json_array_size(json_object_get(contacts, contact));
}

static bool open_deal(const json_t *deal)
{
    return !str_eq(js_str(json_object_get(deal, "properties"), "hs_is_closed"), "true");
}

/* Deals of this subject that are open and followed: those with a later one are left alone, whatever people do with them. */
static char *broken_parent(struct world *w, const struct link *parent)
{
    bool deals = world_route(w, parent->route)->n > 1;
    size_t open = 0;
    for (int k = 1; deals; k++) {
        AUTO_FREE char *key = mem_printf("%s#deal-%d", parent->key, k), *next = mem_printf("%s#deal-%d", parent->key, k + 1);
        size_t n = 0, later = 0;
        AUTO_JSON json_t *deal = deals_of(w, key, &n);
        json_decref(deals_of(w, next, &later));
        if (n > 1)
            return mem_printf("D1: %zu deals carry %s", n, key);
        if (!n && k > 1)
            break;
        open += n && !later && open_deal(deal);
    }
    return open > 1 ? mem_printf("D2: %zu open deals of %s", open, parent->key) : NULL;
}

static char *broken_child(struct world *w, const struct link *link)
{
    struct link parent __attribute__((cleanup(link_done))) = {0};
    AUTO_FREE char *who = mem_dup_n(link->key, strcspn(link->key, "#"));
    AUTO_JSON json_t *deal = world_deal(w, link->key);
    struct err err = {0};
    bool found = false;
    size_t all = 0;
    if (!store_link_get(w->store, link->route, "prospect", who, &parent, &found, &err) || !found)
        return mem_printf("D3: %s has no parent", link->key);
    if (!deal)
        return mem_printf("D4: %s is linked and not there", link->key);
    if (tied(deal, parent.t_id, &all) != 1 || all != 1)
        return mem_printf("D5: %s is associated %zu times with %s, and with %zu contacts", link->key, tied(deal, parent.t_id, &all), parent.t_id, all);
    return NULL;
}

char *world_broken_deal(struct world *w, const struct link *link)
{
    if (str_eq(link->object, "prospect"))
        return broken_parent(w, link);
    return str_eq(link->object, "deal") ? broken_child(w, link) : NULL;
}
