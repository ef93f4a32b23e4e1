/* The organisation as it begins: its users, a queue, the statuses of leads and the stages of opportunities. */
#include "tests/sandbox/salesforce.h"

static const char *add(struct sf *s, const char *type, json_t *stolen)
{
    const struct sf_row *r = sf_put(s, sf_type_of(s, type), NULL, stolen, s->robot);
    json_decref(stolen);
    return r->id;
}

static const char *add_user(struct sf *s, const char *first, const char *last, const char *email, bool active)
{
    AUTO_FREE char *name = mem_printf("%s %s", first, last);
    return add(s, "User",
               json_pack("{s:s,s:s,s:s,s:s,s:s,s:b,s:s}", "Username", email, "FirstName", first, "LastName", last,
                         "Name", name, "Email", email, "IsActive", active, "UserType", "Standard"));
}

static void add_status(struct sf *s, int order, const char *name, bool chosen, bool converted)
{
    add(s, "LeadStatus",
        json_pack("{s:s,s:s,s:i,s:b,s:b}", "MasterLabel", name, "ApiName", name, "SortOrder", order, "IsDefault",
                  chosen, "IsConverted", converted));
}

static void add_stage(struct sf *s, int order, const char *name, double probability, bool closed)
{
    add(s, "OpportunityStage",
        json_pack("{s:s,s:s,s:i,s:b,s:b,s:b,s:f}", "MasterLabel", name, "ApiName", name, "SortOrder", order, "IsActive",
                  1, "IsClosed", closed, "IsWon", closed && probability > 0, "DefaultProbability", probability));
}

void sf_town_init(struct sf *s)
{
    static const struct {
        const char *name;
        double probability;
        bool closed;
    } stages[] = {{"Prospecting", 10, false},          {"Qualification", 10, false},
                  {"Needs Analysis", 20, false},       {"Value Proposition", 50, false},
                  {"Proposal/Price Quote", 75, false}, {"Negotiation/Review", 90, false},
                  {"Closed Won", 100, true},           {"Closed Lost", 0, true}};
    sf_id_make("005", 1, s->robot);
    add_user(s, "Integration", "User", "integration@sandbox.example", true);
    str_copy(s->ann, SF_ID, add_user(s, "Ann", "Ames", "ann@team.example", true));
    str_copy(s->ben, SF_ID, add_user(s, "Ben", "Boyd", "ben@team.example", true));
    add_user(s, "Cy", "Cole", "cy@team.example", true);
    add_user(s, "Dora", "Dunn", "dora@team.example", false);
    str_copy(
        s->queue, SF_ID,
        add(s, "Group",
            json_pack("{s:s,s:s,s:s}", "Name", "Inbound Leads", "DeveloperName", "Inbound_Leads", "Type", "Queue")));
    str_copy(s->org, SF_ID,
             add(s, "Organization",
                 json_pack("{s:s,s:s,s:b,s:s}", "Name", "Sandbox Sales", "OrganizationType", "Enterprise Edition",
                           "IsSandbox", 1, "InstanceName", "CS42")));
    add_status(s, 1, "Open - Not Contacted", true, false);
    add_status(s, 2, "Working - Contacted", false, false);
    add_status(s, 3, "Closed - Converted", false, true);
    add_status(s, 4, "Closed - Not Converted", false, false);
    for (size_t i = 0; i < COUNT(stages); i++)
        add_stage(s, (int)i + 1, stages[i].name, stages[i].probability, stages[i].closed);
}
