/* Salesforce: what people do: conversion, merges, open transactions, fields, lists and permissions; setting fields up
 * by the Tooling API. */
#include "tests/sandbox/asking_salesforce.h"

static void a_converted_lead_lives_on_as_a_contact(void **state)
{
    struct place *p = *state;
    with_key(p, "Lead");
    with_key(p, "Contact");
    AUTO_FREE char *id = made(p, "Lead",
                              "{'LastName':'Lind','FirstName':'Mara','Company':'Fjord','Email':'m@x.example',"
                              "'Street':'Way 1','Key__c':'k'}");
    AUTO_FREE char *path = mem_printf(LEAD "/%s", id);
    assert_int_equal(post(p, "POST", DATA "/sobjects/Task", "{'Subject':'S','WhoId':'%s'}", id), 201);
    edit(p, "{'object':'Lead','id':'%s','convert':{'opportunity':'Big'}}", id);
    assert_int_equal(soql(p, "SELECT IsConverted, ConvertedDate, Status, ConvertedContactId, ConvertedAccountId, "
                             "ConvertedOpportunityId FROM Lead WHERE IsConverted = true"),
                     200);
    AUTO_FREE char *contact = keep(p, "records[0].ConvertedContactId"),
                   *deal = keep(p, "records[0].ConvertedOpportunityId");
    assert_string_equal(text_at(p, "records[0].Status"), "Closed - Converted");
    assert_int_equal(strlen(text_at(p, "records[0].ConvertedDate")), 10);
    assert_int_equal(post(p, "PATCH", path, "{'City':'Oslo'}"), 400);
    assert_string_equal(code(p), "CANNOT_UPDATE_CONVERTED_LEAD");
    assert_string_equal(js_str(row_at(p, 0), "message"), "cannot reference converted lead");
    assert_int_equal(sf(p, "DELETE", "%s", NULL, path), 400);
    assert_int_equal(sf(p, "PATCH", LEAD "/Key__c/k", "{'City':'Oslo'}"), 400);
    assert_string_equal(code(p), "CANNOT_UPDATE_CONVERTED_LEAD");
    assert_int_equal(sf(p, "GET", DATA "/sobjects/Contact/%s", NULL, contact), 200);
    assert_string_equal(text_at(p, "Name"), "Mara Lind");
    assert_string_equal(text_at(p, "MailingStreet"), "Way 1");
    assert_true(json_is_null(at(p, "Key__c"))); /* nobody mapped it */
    assert_int_equal(soql(p, "SELECT WhoId FROM Task"), 200);
    assert_string_equal(text_at(p, "records[0].WhoId"), contact);
    assert_int_equal(soql(p, "SELECT ContactId FROM OpportunityContactRole WHERE OpportunityId = '%s'", deal), 200);
    assert_string_equal(text_at(p, "records[0].ContactId"), contact);
    AUTO_FREE char *two = made(p, "Lead", "{'LastName':'Lind','Company':'Fjord','Phone':'1','Key__c':'z'}");
    set_manner(p, "{'conversion_maps_keys':true}");
    edit(p, "{'object':'Lead','id':'%s','convert':{'contact':'%s'}}", two, contact);
    assert_int_equal(sf(p, "GET", DATA "/sobjects/Contact/%s", NULL, contact), 200);
    assert_string_equal(text_at(p, "FirstName"), "Mara");
    assert_string_equal(text_at(p, "Phone"), "1");
    assert_string_equal(text_at(p, "Key__c"), "z");
}

static void losers_of_a_merge_name_their_master(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *one = made_lead(p, "A"), *two = made_lead(p, "B");
    assert_int_equal(post(p, "POST", DATA "/sobjects/Task", "{'Subject':'S','WhoId':'%s'}", two), 201);
    sandbox_advance(p->box, 60000);
    edit(p, "{'object':'Lead','id':'%s','merge_into':'%s'}", two, one);
    assert_int_equal(soql(p, "SELECT Id FROM Lead"), 200);
    assert_int_equal(count_at(p, "records"), 1);
    assert_int_equal(soql_all(p, "SELECT Id, MasterRecordId FROM Lead WHERE IsDeleted = true"), 200);
    assert_string_equal(text_at(p, "records[0].MasterRecordId"), one);
    assert_int_equal(soql(p, "SELECT WhoId FROM Task"), 200);
    assert_string_equal(text_at(p, "records[0].WhoId"), one);
    assert_int_equal(soql_all(p, "SELECT Id FROM Lead WHERE SystemModstamp > 2026-10-26T00:00:00Z"), 200);
    assert_int_equal(count_at(p, "records"), 2);
}

static void people_change_lists_users_and_rules(void **state)
{
    struct place *p = *state;
    edit(p, "{'object':'field','id':'Lead.Status','set':{'values':['Open*','Won']}}");
    AUTO_FREE char *id = made_lead(p, "A");
    assert_int_equal(sf(p, "GET", LEAD "/%s", NULL, id), 200);
    assert_string_equal(text_at(p, "Status"), "Open");
    assert_int_equal(sf(p, "PATCH", LEAD "/%s", "{'Status':'Working - Contacted'}", id), 400);
    set_manner(p, "{'restricted_status':false}");
    assert_int_equal(sf(p, "PATCH", LEAD "/%s", "{'Status':'Anything'}", id), 204);
    edit(p, "{'object':'User','id':{'Email':'cy@team.example'},'set':{'IsActive':false}}");
    assert_int_equal(sf(p, "PATCH", LEAD "/%s", "{'OwnerId':'0055e0000000004'}", id), 400);
    assert_string_equal(code(p), "INACTIVE_OWNER_OR_USER");
    edit(p, "{'object':'Lead','id':'%s','set':{'Title':'CEO'},'by':'ben@team.example'}", id);
    assert_int_equal(soql(p, "SELECT LastModifiedBy.Name FROM Lead"), 200);
    assert_string_equal(text_at(p, "records[0].LastModifiedBy.Name"), "Ben Boyd");
    edit(p, "{'object':'field','id':'Contact.Tags__c','create':{'type':'MultiselectPicklist','label':'Tags','valueSet':"
            "{'restricted':true,'valueSetDefinition':{'value':[{'fullName':'VIP'},{'fullName':'Lead'}]}}}}");
    free(made(p, "Contact", "{'LastName':'A','Tags__c':'VIP;Lead'}"));
    assert_int_equal(sf(p, "POST", DATA "/sobjects/Contact", "{'LastName':'A','Tags__c':'VIP;Nope'}"), 400);
    assert_string_equal(code(p), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST");
    assert_int_equal(soql(p, "SELECT Id FROM Contact WHERE Tags__c INCLUDES ('VIP','x')"), 200);
    assert_int_equal(count_at(p, "records"), 1);
}

#define FIELD "/services/data/v62.0/tooling/sobjects/CustomField"
#define A_FIELD                                                                                                        \
    "{'FullName':'%s.DM_Prospect_Id__c','Metadata':{'type':'Text','label':'DM','length':64,'externalId':true,'unique'" \
    ":true}}"

static void a_new_field_is_invisible_until_somebody_may_see_it(void **state)
{
    struct place *p = *state;
    const char *body = "{'LastName':'A','Company':'X','DM_Prospect_Id__c':'1'}";
    assert_int_equal(post(p, "POST", FIELD, A_FIELD, "Lead"), 201);
    assert_true(str_starts(text_at(p, "id"), "00N"));
    assert_int_equal(post(p, "POST", FIELD, A_FIELD, "Lead"), 400);
    assert_string_equal(code(p), "DUPLICATE_DEVELOPER_NAME");
    assert_int_equal(sf(p, "POST", LEAD, body), 400);
    assert_string_equal(code(p), "INVALID_FIELD");
    AUTO_FREE char *set = made(p, "PermissionSet", "{'Name':'Bridge','Label':'Bridge'}");
    assert_int_equal(sf(p, "POST", DATA "/sobjects/PermissionSet", "{'Name':'Bridge','Label':'B'}"), 400);
    assert_string_equal(code(p), "DUPLICATE_DEVELOPER_NAME");
    assert_int_equal(
        post(p, "POST", DATA "/sobjects/FieldPermissions",
             "{'ParentId':'%s','SobjectType':'Lead','Field':'Lead.DM_Prospect_Id__c','PermissionsRead':true,"
             "'PermissionsEdit':true}",
             set),
        201);
    assert_int_equal(sf(p, "POST", LEAD, body), 400); /* nobody has the set */
    assert_int_equal(sf(p, "GET", "/services/oauth2/userinfo", NULL), 200);
    AUTO_FREE char *user = keep(p, "user_id");
    assert_int_equal(post(p, "POST", DATA "/sobjects/PermissionSetAssignment",
                          "{'PermissionSetId':'%s','AssigneeId':'%s'}", set, user),
                     201);
    assert_int_equal(sf(p, "POST", LEAD, body), 201);
    assert_int_equal(sf(p, "POST", LEAD, body), 400);
    assert_string_equal(code(p), "DUPLICATE_VALUE");
    assert_int_equal(post(p, "POST", DATA "/sobjects/PermissionSetAssignment",
                          "{'PermissionSetId':'%s','AssigneeId':'%s'}", set, user),
                     400);
}

static int tooling(struct place *p, const char *soql_text)
{
    AUTO_FREE char *safe = http_escape(soql_text);
    return sf(p, "GET", DATA "/tooling/query?q=%s", NULL, safe);
}

static void definitions_can_be_asked_for(void **state)
{
    struct place *p = *state;
    assert_int_equal(post(p, "POST", FIELD, A_FIELD, "Activity"), 201);
    assert_int_equal(tooling(p, "SELECT Id, DeveloperName, TableEnumOrId FROM CustomField WHERE DeveloperName = "
                                "'DM_Prospect_Id' AND TableEnumOrId = 'Activity'"),
                     200);
    assert_int_equal(number_at(p, "size"), 1);
    assert_string_equal(text_at(p, "records[0].DeveloperName"), "DM_Prospect_Id");
    assert_int_equal(tooling(p,
                             "SELECT QualifiedApiName, DataType, EntityDefinition.QualifiedApiName FROM "
                             "FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Task' AND QualifiedApiName = "
                             "'DM_Prospect_Id__c'"),
                     200);
    assert_string_equal(text_at(p, "records[0].DataType"), "Text(64)");
    assert_string_equal(text_at(p, "records[0].EntityDefinition.QualifiedApiName"), "Task");
    assert_int_equal(tooling(p, "SELECT QualifiedApiName FROM EntityDefinition WHERE QualifiedApiName = 'Lead'"), 200);
    assert_int_equal(count_at(p, "records"), 1);
    set_manner(p, "{'customize':false}");
    assert_int_equal(post(p, "POST", FIELD, A_FIELD, "Lead"), 403);
    assert_string_equal(code(p), "INSUFFICIENT_ACCESS_OR_READONLY");
    set_manner(p, "{'customize':true,'fields_visible':true,'metadata_lag_ms':5000}");
    assert_int_equal(post(p, "POST", FIELD, A_FIELD, "Lead"), 201);
    assert_int_equal(soql(p, "SELECT DM_Prospect_Id__c FROM Lead"), 400);
    sandbox_advance(p->box, 5000);
    assert_int_equal(soql(p, "SELECT DM_Prospect_Id__c FROM Lead"), 200);
    assert_int_equal(soql(p, "SELECT Id, Name, IsSandbox, OrganizationType FROM Organization"), 200);
    assert_true(str_starts(text_at(p, "records[0].Id"), "00D"));
    assert_int_equal(soql(p, "SELECT ApiName, IsConverted FROM LeadStatus ORDER BY SortOrder"), 200);
    assert_true(json_is_true(at(p, "records[2].IsConverted")));
}

static void values_are_tidied_as_the_manners_say(void **state)
{
    struct place *p = *state;
    set_manner(p, "{'newlines':'crlf','lower_email':true,'format_phones':true}");
    AUTO_FREE char *id = made(p, "Lead",
                              "{'LastName':'A','Company':'X','Description':'a\\nb','Email':'A@X.example',"
                              "'Phone':'4155551234'}");
    assert_int_equal(sf(p, "GET", LEAD "/%s", NULL, id), 200);
    assert_string_equal(text_at(p, "Description"), "a\r\nb");
    assert_string_equal(text_at(p, "Email"), "a@x.example");
    assert_string_equal(text_at(p, "Phone"), "(415) 555-1234");
    assert_int_equal(sf(p, "POST", "/_sandbox/manners", "{'newline':'crlf'}"), 400);
    assert_non_null(strstr(text_at(p, "error"), "did you mean newlines"));
}

static void automation_writes_beside_us(void **state)
{
    struct place *p = *state;
    edit(p, "{'object':'rule','create':{'type':'Lead','field':'City','set':{'Rating':'Hot'}}}");
    AUTO_FREE char *lead = made(p, "Lead", "{'LastName':'A','Company':'X','City':'Oslo'}");
    assert_int_equal(sf(p, "GET", LEAD "/%s?fields=Rating,LastModifiedBy.Name", NULL, lead), 200);
    assert_string_equal(text_at(p, "Rating"), "Hot");
    assert_string_equal(text_at(p, "LastModifiedBy.Name"), "Integration User");
    set_manner(p, "{'touch_parents':true}");
    AUTO_FREE char *account = made(p, "Account", "{'Name':'X'}");
    AUTO_FREE char *contact = mem_printf("{'LastName':'A','AccountId':'%s'}", account);
    sandbox_advance(p->box, 5000);
    free(made(p, "Contact", contact));
    assert_int_equal(soql(p, "SELECT CreatedDate, LastModifiedDate, SystemModstamp FROM Account"), 200);
    assert_string_equal(text_at(p, "records[0].LastModifiedDate"), text_at(p, "records[0].CreatedDate"));
    assert_string_not_equal(text_at(p, "records[0].SystemModstamp"), text_at(p, "records[0].CreatedDate"));
}

static void faults_speak_like_salesforce(void **state)
{
    struct place *p = *state;
    assert_true(sandbox_fault(
        p->box, "{\"match\":{\"path\":\"/services/data\"},\"do\":\"status\",\"status\":503,\"times\":1}"));
    assert_int_equal(sf(p, "GET", DATA "/limits", NULL), 503);
    assert_string_equal(code(p), "SERVER_UNAVAILABLE");
    assert_true(sandbox_fault(
        p->box, "{\"match\":{\"path\":\"/services/data\"},\"do\":\"status\",\"status\":420,\"times\":1}"));
    assert_int_equal(sf(p, "GET", DATA "/limits", NULL), 420);
    assert_int_equal(p->answer.body_n, 0);
    AUTO_FREE char *id = made_lead(p, "A");
    sandbox_advance(p->box, 1000);
    assert_int_equal(sf(p, "PATCH", LEAD "/%s", "{'City':'Oslo'}", id), 204);
    assert_true(sandbox_fault(p->box, "{\"match\":{\"path\":\"/services/data\"},\"do\":\"stale\",\"times\":1}"));
    assert_int_equal(sf(p, "GET", LEAD "/%s", NULL, id), 200);
    assert_true(json_is_null(at(p, "City")));
    AUTO_JSON json_t *all = sandbox_state(p->box, p->inbox);
    assert_string_equal(json_string_value(path_get(all, "Lead[0].City")), "Oslo");
    AUTO_JSON json_t *calls = sandbox_calls_json(p->box, p->inbox);
    assert_int_equal(js_int_or(calls, "writes", 0), 2);
    assert_int_equal(js_int_or(json_object_get(calls, "routes"), "PATCH /sobjects/Lead/{id}", 0), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_salesforce, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_converted_lead_lives_on_as_a_contact),
        TEST(losers_of_a_merge_name_their_master),
        TEST(people_change_lists_users_and_rules),
        TEST(a_new_field_is_invisible_until_somebody_may_see_it),
        TEST(definitions_can_be_asked_for),
        TEST(values_are_tidied_as_the_manners_say),
        TEST(automation_writes_beside_us),
        TEST(faults_speak_like_salesforce),
    };
    return cmocka_run_group_tests_name("sandbox.salesforce_people", tests, NULL, NULL);
}
