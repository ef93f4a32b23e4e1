/* The CRMs that conversations are logged in: mappings, and where an entry is found again. */
#include "tests/kit/talk.h"
#include "bridge/base/str.h"

#define SALESFORCE "token = \"env:WORLD_TOKEN\"; base_url = \"http://salesforce.sandbox\";"
#define PERSON(object)                                                                                                    \
    "prospect = {\n"                                                                                                      \
    "  crm = \"" object "\"; key = \"inbox_prospect_key__c\"; match = ( \"inbox_prospect_key__c\" ); create = true;\n"     \
    "  max_creates = 1000000;\n"                                                                                          \
    "  fields = (\n"                                                                                                      \
    "    { name = \"name\"; inbox = \"displayName\"; crm = \"LastName\"; flow = \"to_crm\"; transform = \"truncate:80\";\n"  \
    "      on_blank = \"keep\"; },\n"                                                                                     \
    "    { name = \"notes\"; inbox = \"context.notes\"; crm = \"inbox_notes__c\"; conflict = \"crm\"; initial = \"source\"; }\n" \
    "  );\n"                                                                                                             \
    "};\n"
#define COMMUNICATIONS                                                                                                    \
    "crm = \"communications\"; key = \"inbox_entry_key\";\n"                                                             \
    "  fields = ( { name = \"text\"; inbox = \"body\"; crm = \"hs_communication_body\"; flow = \"to_crm\"; },\n"          \
    "             { name = \"time\"; inbox = \"timestamp\"; crm = \"hs_timestamp\"; flow = \"to_crm\"; } );"
#define TASKS                                                                                                             \
    "crm = \"Task\"; key = \"inbox_entry_key__c\"; format = \"text\";\n"                                                  \
    "  fields = ( { name = \"text\"; inbox = \"body\"; crm = \"Description\"; flow = \"to_crm\"; },\n"                      \
    "             { name = \"title\"; inbox = \"title\"; crm = \"Subject\"; flow = \"to_crm\"; transform = \"truncate:255\"; },\n" \
    "             { name = \"day\"; inbox = \"day\"; crm = \"ActivityDate\"; flow = \"to_crm\"; } );"

static struct world *make_hubspot(uint64_t seed, size_t people, const char *mapping)
{
    return world_new(seed, people, mapping);
}

/* Not every account lets the key of an activity be unique. */
static struct world *make_without_unique_key(uint64_t seed, size_t people, const char *mapping)
{
    const struct world_crm crm = {"r", "hubspot", "token = \"env:WORLD_TOKEN\";", mapping, "{\"unique_activities\":false}"};
    return world_new_of(seed, people, &crm, 1);
}

static struct world *make_salesforce(uint64_t seed, size_t people, const char *mapping)
{
    return world_new_salesforce(seed, people, mapping, SALESFORCE);
}

const struct talk_crm talk_hubspot = {
    .name = "hubspot",
    .mapping = world_mapping,
    .entries = "crm = \"notes\"; key = \"inbox_entry_key\";\n"
               "  fields = ( { name = \"text\"; inbox = \"body\"; crm = \"hs_note_body\"; flow = \"to_crm\"; },\n"
               "             { name = \"time\"; inbox = \"timestamp\"; crm = \"hs_timestamp\"; flow = \"to_crm\"; } );",
    .list = "note",
    .key = "inbox_entry_key",
    .body = "hs_note_body",
    .parents = {"contact"},
    .parent_key = "inbox_prospect_key",
    .makes = "\"method\":\"POST\",\"path\":\"*notes/batch/create*\"",
    .make = make_hubspot};

/* Where what was said is a communication of HubSpot's, or a task of Salesforce's: all but whom it is below. */
#define ON_COMMUNICATIONS                                                                                                 \
    .mapping = world_mapping, .entries = COMMUNICATIONS, .list = "communication", .key = "inbox_entry_key",                \
    .body = "hs_communication_body", .parents = {"contact"}, .parent_key = "inbox_prospect_key",                           \
    .makes = "\"method\":\"POST\",\"path\":\"*communications/batch/create*\"", .every = 9
#define ON_TASKS                                                                                                          \
    .entries = TASKS, .list = "Task", .key = "inbox_entry_key__c", .body = "Description",                                  \
    .parent_key = "inbox_prospect_key__c", .makes = "\"method\":\"POST\",\"path\":\"*composite/sobjects\"", .every = 9,   \
    .make = make_salesforce

const struct talk_crm talk_communications = {ON_COMMUNICATIONS, .name = "hubspot communications", .make = make_hubspot};
const struct talk_crm talk_without_unique_key = {ON_COMMUNICATIONS, .name = "hubspot communications without a unique key",
                                                 .make = make_without_unique_key};
const struct talk_crm talk_contacts = {ON_TASKS, .name = "salesforce contacts", .mapping = PERSON("Contact"), .parents = {"Contact"}};
const struct talk_crm talk_leads = {ON_TASKS, .name = "salesforce leads", .mapping = PERSON("Lead"), .parents = {"Contact", "Lead"}};

char *talk_mapping(const struct talk_crm *crm, const char *rules)
{
    return mem_printf("%smessage = { of = \"prospect\"; mode = \"append\"; %s\n  %s };\n", crm->mapping, rules, crm->entries);
}

bool talk_is_below(const struct talk_crm *crm, const json_t *entry, const char *person)
{
    const json_t *contacts = json_object_get(json_object_get(entry, "associations"), "contacts");
    if (str_starts(crm->name, "salesforce"))
        return person && str_eq(js_str(entry, "WhoId"), person);
    return person && json_object_size(contacts) == 1 && json_object_get(contacts, person);
}
