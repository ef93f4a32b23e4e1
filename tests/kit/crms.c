/* The CRMs worlds are made with: how each is reached and the mapping of the scenarios. */
#include "bridge/base/str.h"
#include "tests/kit/world.h"

#include <unistd.h>

const char world_mapping[] =
    "prospect = {\n"
    "  crm = \"contacts\"; key = \"inbox_prospect_key\"; match = ( \"inbox_prospect_key\" ); create = true; max_creates = 1000000;\n"
    "  fields = (\n"
    "    { name = \"name\"; inbox = \"displayName\"; crm = \"firstname\"; flow = \"to_crm\"; },\n"
    "    { name = \"status\"; inbox = \"context.status\"; crm = \"inbox_stage\"; table = \"stages\"; conflict = \"crm\"; initial = \"source\"; },\n"
    "    { name = \"valuation\"; inbox = \"context.valuation\"; crm = \"inbox_valuation\"; conflict = \"source_unless_blank\"; initial = \"source\"; },\n"
    "    { name = \"tags\"; inbox = \"context.tags\"; crm = \"inbox_tags\"; conflict = \"union\"; },\n"
    "    { name = \"notes\"; inbox = \"context.notes\"; crm = \"inbox_notes\"; conflict = \"crm\"; initial = \"source\"; }\n"
    "  );\n"
    "  stages = ( (\"New\", \"new\"), (\"Contacted\", \"contacted\"), (\"Qualified\", \"qualified\"), (\"Negotiation\", \"negotiation\"),\n"
    "             (\"Won\", \"won\"), (\"Lost\", \"lost\") );\n"
    "};\n";

const char world_grant[] = "client_id = \"app\"; client_secret = \"env:WORLD_SECRET\"; refresh_token = \"env:WORLD_REFRESH\";";
static const char static_token[] = "token = \"env:WORLD_TOKEN\";";

static const char webhook_mapping[] =
    "prospect = {\n"
    "  crm = \"people\"; key = \"inbox_prospect_key\"; match = ( \"inbox_prospect_key\" ); create = true; max_creates = 1000000;\n"
    "  fields = (\n"
    "    { name = \"name\"; inbox = \"displayName\"; crm = \"name\"; flow = \"to_crm\"; },\n"
    "    { name = \"status\"; inbox = \"context.status\"; crm = \"stage\"; table = \"stages\"; conflict = \"crm\"; initial = \"source\"; },\n"
    "    { name = \"valuation\"; inbox = \"context.valuation\"; crm = \"value\"; conflict = \"source_unless_blank\"; initial = \"source\"; },\n"
    "    { name = \"tags\"; inbox = \"context.tags\"; crm = \"tags\"; conflict = \"union\"; },\n"
    "    { name = \"notes\"; inbox = \"context.notes\"; crm = \"notes\"; conflict = \"crm\"; initial = \"source\"; }\n"
    "  );\n"
    "  stages = ( (\"New\", \"new\"), (\"Contacted\", \"contacted\"), (\"Qualified\", \"qualified\"), (\"Negotiation\", \"negotiation\"),\n"
    "             (\"Won\", \"won\"), (\"Lost\", \"lost\") );\n"
    "};\n";

static const char webhook_account[] = "url = \"http://webhook.sandbox/messages\"; secret = \"env:WORLD_WEBHOOK_SECRET\"; allow_private = true;";
static const char webhook_readable[] = "url = \"http://webhook.sandbox/messages\"; secret = \"env:WORLD_WEBHOOK_SECRET\"; allow_private = true; "
                                       "read_url = \"http://webhook.sandbox/records\";";

const char world_leads[] =
    "prospect = {\n"
    "  crm = \"Lead\"; key = \"inbox_prospect_key__c\"; match = ( \"inbox_prospect_key__c\" ); create = true; max_creates = 1000000;\n"
    "  fields = (\n"
    "    { name = \"first\"; inbox = \"displayName\"; crm = \"FirstName\"; flow = \"to_crm\"; transform = ( \"first_word\", \"truncate:40\" ); },\n"
    "    { name = \"last\"; inbox = \"displayName\"; crm = \"LastName\"; flow = \"to_crm\"; transform = ( \"rest\", \"truncate:80\" ); on_blank = \"keep\"; },\n"
    "    { name = \"status\"; inbox = \"context.status\"; crm = \"Status\"; table = \"stages\"; conflict = \"crm\"; initial = \"source\"; on_blank = \"keep\"; },\n"
    "    { name = \"valuation\"; inbox = \"context.valuation\"; crm = \"inbox_valuation__c\"; conflict = \"source_unless_blank\"; initial = \"source\"; },\n"
    "    { name = \"tags\"; inbox = \"context.tags\"; crm = \"inbox_tags__c\"; conflict = \"union\"; },\n"
    "    { name = \"notes\"; inbox = \"context.notes\"; crm = \"inbox_notes__c\"; conflict = \"crm\"; initial = \"source\"; }\n"
    "  );\n"
    "  stages = { pairs = ( (\"New\", \"Open - Not Contacted\"), (\"Contacted\", \"Working - Contacted\"), (\"Lost\", \"Closed - Not Converted\") );\n"
    "             ignore_inbox = ( \"Qualified\", \"Negotiation\", \"Won\" ); ignore_crm = ( \"Closed - Converted\" ); };\n"
    "};\n";

static const char static_login[] = "token = \"env:WORLD_TOKEN\"; base_url = \"http://salesforce.sandbox\";";

static struct world *one(uint64_t seed, size_t prospects, const char *kind, const char *account, const char *mapping)
{
    return world_new_of(seed, prospects, &(struct world_crm){"r", kind, account, mapping, NULL}, 1);
}

struct world *world_new(uint64_t seed, size_t prospects, const char *mapping_text)
{
    return world_new_with(seed, prospects, mapping_text, static_token);
}

struct world *world_new_with(uint64_t seed, size_t prospects, const char *mapping_text, const char *account)
{
    return one(seed, prospects, "hubspot", account, mapping_text ? mapping_text : world_mapping);
}

struct world *world_new_webhook(uint64_t seed, size_t prospects, bool readable)
{
    return one(seed, prospects, "webhook", readable ? webhook_readable : webhook_account, webhook_mapping);
}

struct world *world_new_salesforce(uint64_t seed, size_t prospects, const char *mapping_text, const char *account)
{
    return one(seed, prospects, "salesforce", account, mapping_text);
}

struct world *world_new_both(uint64_t seed, size_t prospects, const char *hubspot, const char *salesforce)
{
    const struct world_crm crms[] = {{"r", "hubspot", static_token, hubspot ? hubspot : world_mapping, NULL},
                                     {"s", "salesforce", static_login, salesforce ? salesforce : world_leads, NULL}};
    return world_new_of(seed, prospects, crms, COUNT(crms));
}
