/* Opportunities and activities of the imitated Salesforce: roles, record types, currencies, the rules of WhoId, the archive. */
#include "tests/sandbox/asking_salesforce.h"

#define DEAL "'Name':'D','StageName':'Prospecting','CloseDate':'2027-01-31'"

static void an_opportunity_needs_name_stage_and_close_date(void **state)
{
    struct place *p = *state;
    assert_int_equal(sf(p, "POST", DATA "/sobjects/Opportunity", "{'Amount':5}"), 400);
    assert_string_equal(code(p), "REQUIRED_FIELD_MISSING");
    assert_int_equal(json_array_size(json_object_get(row_at(p, 0), "fields")), 3);
}

static void a_contact_named_at_birth_gets_a_role_and_no_other_way(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *contact = made(p, "Contact", "{'LastName':'Lind'}"), *fields = mem_printf("{" DEAL ",'ContactId':'%s'}", contact);
    AUTO_FREE char *deal = made(p, "Opportunity", fields);
    assert_int_equal(soql(p, "SELECT ContactId, IsPrimary FROM OpportunityContactRole WHERE OpportunityId = '%s'", deal), 200);
    assert_int_equal(number_at(p, "totalSize"), 1);
    AUTO_FREE char *body = mem_printf("{'ContactId':'%s'}", contact);
    assert_int_equal(sf(p, "PATCH", DATA "/sobjects/Opportunity/%s", body, deal), 400);
    assert_string_equal(code(p), "INVALID_FIELD_FOR_INSERT_UPDATE");
    /* a second role of the same contact is taken without a word */
    AUTO_FREE char *role = mem_printf("{'OpportunityId':'%s','ContactId':'%s'}", deal, contact), *made_role = made(p, "OpportunityContactRole", role);
    assert_non_null(made_role);
}

static void stages_close_an_opportunity_and_record_types_limit_them(void **state)
{
    struct place *p = *state;
    assert_int_equal(sf(p, "GET", DATA "/sobjects/Opportunity/describe", NULL), 200);
    assert_int_equal(count_at(p, "recordTypeInfos"), 1); /* the master's */
    edit(p, "{'object':'record_type','create':{'Name':'Sales','default':true,'stages':['Prospecting','Closed Won']}}");
    assert_int_equal(sf(p, "GET", DATA "/sobjects/Opportunity/describe", NULL), 200);
    AUTO_FREE char *type = keep(p, "recordTypeInfos[0].recordTypeId");
    assert_int_equal(sf(p, "GET", DATA "/ui-api/object-info/Opportunity/picklist-values/%s/StageName", NULL, type), 200);
    assert_int_equal(count_at(p, "values"), 2);
    AUTO_FREE char *deal = made(p, "Opportunity", "{" DEAL "}");
    assert_int_equal(sf(p, "PATCH", DATA "/sobjects/Opportunity/%s", "{'StageName':'Qualification'}", deal), 400);
    assert_string_equal(code(p), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST");
    assert_int_equal(sf(p, "PATCH", DATA "/sobjects/Opportunity/%s", "{'StageName':'Closed Won'}", deal), 204);
    assert_int_equal(sf(p, "GET", DATA "/sobjects/Opportunity/%s", NULL, deal), 200);
    assert_true(json_is_true(at(p, "IsClosed")));
    assert_string_equal(text_at(p, "RecordTypeId"), type);
}

static void one_currency_is_not_told_and_several_are(void **state)
{
    struct place *p = *state;
    assert_int_equal(soql(p, "SELECT IsoCode FROM CurrencyType"), 400);
    assert_string_equal(code(p), "INVALID_TYPE");
    edit(p, "{'object':'currency','create':{'IsoCode':'EUR','IsCorporate':true}}");
    edit(p, "{'object':'currency','create':{'IsoCode':'USD','IsCorporate':false}}");
    assert_int_equal(soql(p, "SELECT IsoCode FROM CurrencyType WHERE IsCorporate = true"), 200);
    assert_string_equal(text_at(p, "records[0].IsoCode"), "EUR");
    AUTO_FREE char *deal = made(p, "Opportunity", "{" DEAL "}");
    assert_int_equal(sf(p, "GET", DATA "/sobjects/Opportunity/%s", NULL, deal), 200);
    assert_string_equal(text_at(p, "CurrencyIsoCode"), "EUR");
    assert_int_equal(sf(p, "PATCH", DATA "/sobjects/Opportunity/%s", "{'CurrencyIsoCode':'JPY'}", deal), 400);
}

static void no_task_is_made_of_a_converted_lead(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *lead = made_lead(p, "Lind");
    edit(p, "{'object':'Lead','id':'%s','convert':{}}", lead);
    AUTO_FREE char *body = mem_printf("{'Subject':'S','WhoId':'%s'}", lead);
    assert_int_equal(sf(p, "POST", DATA "/sobjects/Task", body), 400);
    assert_string_equal(code(p), "CANNOT_UPDATE_CONVERTED_LEAD");
}

static void archived_tasks_are_in_the_query_over_everything_alone(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *task = made(p, "Task", "{'Subject':'S','Status':'Completed'}"), *body = mem_printf("{'ids':['%s'],'fields':['Id']}", task);
    edit(p, "{'object':'Task','id':'%s','set':{'IsArchived':true}}", task);
    soql(p, "SELECT Id FROM Task");
    assert_int_equal(number_at(p, "totalSize"), 0);
    soql_all(p, "SELECT Id, IsArchived FROM Task");
    assert_int_equal(number_at(p, "totalSize"), 1);
    assert_int_equal(sf(p, "POST", MANY "/Task", body), 200);
    assert_true(json_is_null(row_at(p, 0)));
    assert_int_equal(sf(p, "PATCH", DATA "/sobjects/Task/%s", "{'Subject':'T'}", task), 400);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_salesforce, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_opportunity_needs_name_stage_and_close_date),
        TEST(a_contact_named_at_birth_gets_a_role_and_no_other_way),
        TEST(stages_close_an_opportunity_and_record_types_limit_them),
        TEST(one_currency_is_not_told_and_several_are),
        TEST(no_task_is_made_of_a_converted_lead),
        TEST(archived_tasks_are_in_the_query_over_everything_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
