/* Salesforce keeps the promises of the contract, with its leads, opportunities and tasks; also when its pages are short, when it is behind, and when
 * a duplicate rule watches. Commits that come late are for the scenarios: what is not committed, nobody can see at once. */
#include "bridge/base/js.h"
#include "connectors/salesforce/salesforce.h"
#include "tests/contract/contract.h"
#include <string.h>

static struct sandbox_service *service(struct sandbox *box, size_t people)
{
    struct sandbox_service *s = sandbox_salesforce_new(box);
    for (size_t i = 0; i < people; i++) {
        AUTO_FREE char *mail = mem_printf("person%zu@crm.example", i);
        AUTO_JSON json_t *edit = json_pack("{s:s,s:{s:s,s:s,s:s,s:s}}", "object", "Lead", "create", "LastName",
                                           "Person", "Company", "Acme", "Email", mail, "Title", "Engineer");
        json_t *out = NULL;
        if (!sandbox_edit(box, s, edit, &out, &(struct err){0}))
            abort();
        json_decref(out);
        sandbox_advance(box, 20);
    }
    return s;
}

static json_t *deed(struct sandbox *box, struct sandbox_service *s, enum contract_deed what, const char *id,
                    const char *with)
{
    (void)box;
    (void)s;
    switch (what) {
    case DEED_TEXT:
        return json_pack("{s:s,s:s,s:{s:s}}", "object", "Lead", "id", id, "set", "Title", with);
    case DEED_TOUCH:
        return json_pack("{s:s,s:s,s:{s:s}}", "object", "Lead", "id", id, "set", "City", "Oslo");
    case DEED_ADD:
        return json_pack("{s:s,s:{s:s,s:s}}", "object", "Lead", "create", "LastName", "Newcomer", "Company", "New");
    case DEED_REMOVE:
        return json_pack("{s:s,s:s,s:b}", "object", "Lead", "id", id, "delete", 1);
    case DEED_MERGE:
        return json_pack("{s:s,s:s,s:s}", "object", "Lead", "id", id, "merge_into", with);
    }
    return NULL;
}

/* Opportunities and tasks: what they are born with, and the text people edit. */
struct kind {
    const char *object, *text, *fields;
};
static const struct kind kinds[] = {
    {"Opportunity", "NextStep", "\"Name\":\"Deal\",\"StageName\":\"Prospecting\",\"CloseDate\":\"2027-01-31\",\"NextStep\":\"Call\""},
    {"Task", "Subject", "\"Status\":\"Completed\",\"Subject\":\"Talk\""}};
static const struct kind *kind; /* the one whose turn it is */

static json_t *kind_create(void)
{
    AUTO_FREE char *text = mem_printf("{\"object\":\"%s\",\"create\":{%s}}", kind->object, kind->fields);
    return js_parse(text, strlen(text), NULL);
}

static struct sandbox_service *kind_service(struct sandbox *box, size_t n)
{
    struct sandbox_service *s = sandbox_salesforce_new(box);
    for (size_t i = 0; i < n; i++) {
        AUTO_JSON json_t *edit = kind_create(), *out = NULL;
        if (!sandbox_edit(box, s, edit, &out, &(struct err){0}))
            abort();
        sandbox_advance(box, 20);
    }
    return s;
}

/* They are not merged. */
static json_t *kind_deed(struct sandbox *box, struct sandbox_service *s, enum contract_deed what, const char *id,
                         const char *with)
{
    (void)box;
    (void)s;
    switch (what) {
    case DEED_TEXT:
        return json_pack("{s:s,s:s,s:{s:s}}", "object", kind->object, "id", id, "set", kind->text, with);
    case DEED_TOUCH:
        return json_pack("{s:s,s:s,s:{s:s}}", "object", kind->object, "id", id, "set", "Description", "touched");
    case DEED_ADD:
        return kind_create();
    case DEED_REMOVE:
        return json_pack("{s:s,s:s,s:b}", "object", kind->object, "id", id, "delete", 1);
    default:
        return NULL;
    }
}

static int run_kinds(struct contract_case c)
{
    int failed = 0;
    c.service = kind_service;
    c.deed = kind_deed;
    c.unique = NULL; /* but for the bridge key they have none */
    c.manners = NULL;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        kind = &kinds[i];
        c.name = c.object = c.state = kind->object;
        c.text = kind->text;
        c.key_field = i ? "inbox_entry_key__c" : "inbox_deal_key__c";
        failed += contract_run(&c);
    }
    return failed;
}

static const char *const manners[] = {
    NULL,
    "{\"short_pages\":true,\"page_size\":50}",
    "{\"covered_lag_minutes\":4,\"limit_info\":\"per_app\"}",
    "{\"duplicate_rule\":\"alert\",\"newlines\":\"crlf\",\"limit_info\":\"missing\"}",
};

int main(void)
{
    struct contract_case salesforce = {
        .kind = &salesforce_connector,
        .options = "token = \"env:CONTRACT_TOKEN\"; base_url = \"http://salesforce.sandbox\";",
        .service = service,
        .object = "Lead",
        .state = "Lead",
        .state_id = "Id",
        .text = "Title",
        .unique = "Email",
        .key_field = "inbox_prospect_key__c",
        .feed_lag_ms = 60000,
        .page = 100,
        .deed = deed,
    };
    int failed = 0;
    for (size_t i = 0; i < COUNT(manners); i++) {
        salesforce.name = manners[i] ? manners[i] : "salesforce";
        salesforce.manners = manners[i];
        failed += contract_run(&salesforce);
    }
    return failed + run_kinds(salesforce);
}
