/* Salesforce: single records, what is refused and how, what becomes of values, keys, describe. */
#include "tests/sandbox/asking_salesforce.h"

static void a_record_comes_back_with_attributes_nulls_and_long_ids(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = made(p, "Lead",
                              "{'LastName':' Lovelace ','FirstName':'Ada','Company':'Fjordworks','Title':'  ',"
                              "'Email':'ada@x.example','AnnualRevenue':4200,'NumberOfEmployees':'12'}");
    assert_string_equal(id, "00Q5e0000000001EAA");
    assert_int_equal(sf(p, "GET", LEAD "/%s", NULL, id), 200);
    assert_string_equal(text_at(p, "attributes.url"), "/services/data/v62.0/sobjects/Lead/00Q5e0000000001EAA");
    assert_string_equal(text_at(p, "LastName"), "Lovelace");
    assert_string_equal(text_at(p, "Name"), "Ada Lovelace");
    assert_true(json_is_null(at(p, "Title")));
    assert_true(json_is_real(at(p, "AnnualRevenue")));
    assert_int_equal(number_at(p, "NumberOfEmployees"), 12);
    assert_true(json_is_false(at(p, "IsConverted")));
    assert_string_equal(text_at(p, "Status"), "Open - Not Contacted");
    assert_int_equal(strlen(text_at(p, "SystemModstamp")), 28);
    assert_string_equal(text_at(p, "SystemModstamp") + 19, ".000+0000");
    assert_int_equal(sf(p, "GET", DATA "/sobjects/lead/%.15s?fields=lastname,Owner.Email", NULL, id), 200);
    assert_string_equal(text_at(p, "LastName"), "Lovelace");
    assert_string_equal(text_at(p, "Owner.Email"), "ben@team.example");
    assert_null(at(p, "FirstName"));
    assert_int_equal(sf(p, "GET", LEAD "/00q5e0000000001", NULL), 404); /* ids keep their case */
    assert_int_equal(sf(p, "GET", LEAD "/00Q5e0000000009EAA", NULL), 404);
    assert_string_equal(code(p), "NOT_FOUND");
}

static void refusals_name_code_and_field(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *body, *code, *message, *field;
    } cases[] = {
        {"{'FirstName':'A'}", "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName, Company]", "LastName"},
        {"{'LastName':'','Company':'X'}", "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]",
         "LastName"},
        {"{'LastName':'A','Company':'X','foo':1}", "INVALID_FIELD", "No such column 'foo' on sobject of type Lead",
         NULL},
        {"{'LastName':'A','Company':'X','IsConverted':true}", "INVALID_FIELD_FOR_INSERT_UPDATE", NULL, "IsConverted"},
        {"{'LastName':'A','Company':'X','Id':'00Q5e0000000001EAA'}", "INVALID_FIELD_FOR_INSERT_UPDATE", NULL, "Id"},
        {"{'LastName':'A','Company':'X','FirstName':'12345678901234567890123456789012345678901'}", "STRING_TOO_LONG",
         "First Name: data value too large: 12345678901234567890123456789012345678901 (max length=40)", "FirstName"},
        {"{'LastName':'A','Company':'X','Email':'at'}", "INVALID_EMAIL_ADDRESS", "Email: invalid email address: at",
         "Email"},
        {"{'LastName':'A','Company':'X','Rating':'Tepid'}", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
         "Rating: bad value for restricted picklist field: Tepid", "Rating"},
        {"{'LastName':'A','Company':'X','OwnerId':'x'}", "MALFORMED_ID", "Owner ID: id value of incorrect type: x",
         "OwnerId"},
        {"{'LastName':'A','Company':'X','OwnerId':'0055e0000000099AAA'}", "INVALID_CROSS_REFERENCE_KEY",
         "invalid cross reference id", "OwnerId"},
        {"{'LastName':'A','Company':'X','OwnerId':'0055e0000000005'}", "INACTIVE_OWNER_OR_USER", NULL, "OwnerId"},
        {"{'LastName':'A','Company':'X','AnnualRevenue':'lots'}", "JSON_PARSER_ERROR", NULL, NULL},
        {"{'LastName':'A','Company':'X','AnnualRevenue':1e30}", "NUMBER_OUTSIDE_VALID_RANGE", NULL, "AnnualRevenue"},
        {"{'LastName':5,'Company':'X'}", "JSON_PARSER_ERROR", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(sf(p, "POST", LEAD, cases[i].body), 400);
        assert_string_equal(code(p), cases[i].code);
        if (cases[i].message)
            assert_string_equal(js_str(row_at(p, 0), "message"), cases[i].message);
        const json_t *fields = json_object_get(row_at(p, 0), "fields");
        if (cases[i].field)
            assert_string_equal(json_string_value(json_array_get(fields, 0)), cases[i].field);
        else
            assert_null(fields);
    }
    assert_int_equal(
        sf(p, "POST", DATA "/sobjects/Opportunity", "{'Name':'A','StageName':'Prospecting','CloseDate':'soon'}"), 400);
    assert_string_equal(code(p), "JSON_PARSER_ERROR");
    assert_int_equal(sf(p, "PUT", LEAD, "{}"), 405);
    assert_string_equal(code(p), "METHOD_NOT_ALLOWED");
}

static void a_deleted_record_is_gone_for_readers_and_says_so_to_writers(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = made_lead(p, "Lind"), *path = mem_printf(LEAD "/%s", id);
    assert_int_equal(post(p, "PATCH", path, "{'City':'Oslo'}"), 204);
    assert_int_equal(p->answer.body_n, 0);
    assert_int_equal(sf(p, "DELETE", "%s", NULL, path), 204);
    assert_int_equal(sf(p, "GET", "%s", NULL, path), 404);
    assert_int_equal(post(p, "PATCH", path, "{'City':'Oslo'}"), 404);
    assert_string_equal(code(p), "ENTITY_IS_DELETED");
    assert_int_equal(sf(p, "DELETE", "%s", NULL, path), 404);
    assert_string_equal(js_str(row_at(p, 0), "message"), "entity is deleted");
    edit(p, "{'object':'Lead','id':'%s','undelete':true}", id);
    assert_int_equal(sf(p, "GET", "%s", NULL, path), 200);
}

static void an_upsert_creates_updates_or_finds_too_many(void **state)
{
    struct place *p = *state;
    with_key(p, "Lead");
    const char *path = LEAD "/Key__c/a%2Fb";
    assert_int_equal(post(p, "PATCH", path, "{'LastName':'A','Company':'X'}"), 201);
    assert_true(json_is_true(at(p, "created")));
    AUTO_FREE char *id = keep(p, "id");
    assert_int_equal(post(p, "PATCH", path, "{'City':'Oslo'}"), 200);
    assert_true(json_is_false(at(p, "created")));
    assert_string_equal(text_at(p, "id"), id);
    assert_int_equal(post(p, "PATCH", "/services/data/v45.0/sobjects/Lead/Key__c/a%2Fb", "{'City':'Oslo'}"), 204);
    assert_int_equal(sf(p, "GET", "%s", NULL, path), 200);
    assert_string_equal(text_at(p, "Key__c"), "a/b");
    assert_int_equal(post(p, "PATCH", path, "{'Key__c':'a/b'}"), 400);
    assert_int_equal(post(p, "PATCH", LEAD "/Key__c/A%2FB", "{'City':'Bergen'}"), 200); /* case does not count */
    assert_int_equal(post(p, "PATCH", LEAD "/Key__c/c?updateOnly=true", "{'City':'Oslo'}"), 404);
    assert_int_equal(post(p, "PATCH", LEAD "/City/Oslo", "{'LastName':'A'}"), 404);
    assert_string_equal(js_str(row_at(p, 0), "message"),
                        "Provided external ID field does not exist or is not accessible: City");
    assert_int_equal(post(p, "PATCH", LEAD "/Key__c/x.inc", "{'LastName':'A','Company':'X'}"), 404);
    assert_int_equal(post(p, "POST", LEAD, "{'LastName':'A','Company':'X','Key__c':'A/B'}"), 400);
    assert_string_equal(code(p), "DUPLICATE_VALUE");
    assert_non_null(strstr(js_str(row_at(p, 0), "message"), id));
    edit(p,
         "{'object':'field','id':'Lead.Loose__c','create':{'type':'Text','label':'L','length':9,'externalId':true}}");
    for (int i = 0; i < 2; i++)
        free(made(p, "Lead", "{'LastName':'A','Company':'X','Loose__c':'1'}"));
    assert_int_equal(post(p, "PATCH", LEAD "/Loose__c/1", "{'City':'Rome'}"), 300);
    assert_int_equal(json_array_size(p->json), 2);
    assert_true(str_starts(json_string_value(row_at(p, 0)), "/services/data/v"));
    set_manner(p, "{'view_all':false}");
    assert_int_equal(post(p, "PATCH", LEAD "/Loose__c/2", "{'LastName':'A','Company':'X'}"), 403);
}

static void assignment_rules_take_leads_away(void **state)
{
    struct place *p = *state;
    assert_int_equal(sf(p, "GET", "/services/oauth2/userinfo", NULL), 200);
    AUTO_FREE char *robot = keep(p, "user_id"), *given = made_lead(p, "A");
    assert_int_equal(post_with(p, "Sforce-Auto-Assign", "FALSE", "POST", LEAD, "{'LastName':'B','Company':'X'}"), 201);
    AUTO_FREE char *own = keep(p, "id"), *path = mem_printf(LEAD "/%s", own);
    assert_int_equal(sf(p, "GET", LEAD "/%s", NULL, given), 200);
    assert_string_not_equal(text_at(p, "OwnerId"), robot);
    assert_int_equal(sf(p, "GET", "%s", NULL, path), 200);
    assert_string_equal(text_at(p, "OwnerId"), robot);
    set_manner(p, "{'assignment_rule':'queue'}");
    assert_int_equal(post_with(p, "Sforce-Auto-Assign", "false", "PATCH", path, "{'City':'Oslo'}"), 204);
    assert_int_equal(post(p, "PATCH", path, "{'City':'Rome'}"), 204);
    assert_int_equal(sf(p, "GET", "%s", NULL, path), 200);
    assert_true(str_starts(text_at(p, "OwnerId"), "00G"));
}

static void duplicates_are_told_under_a_misspelt_key(void **state)
{
    struct place *p = *state;
    const char *body = "{'LastName':'Lind','Company':'X','Email':'a@x.example'}";
    AUTO_FREE char *id = made(p, "Lead", body);
    set_manner(p, "{'duplicate_rule':'alert'}");
    assert_int_equal(sf(p, "POST", LEAD, body), 400);
    assert_string_equal(code(p), "DUPLICATES_DETECTED");
    const json_t *found = json_object_get(row_at(p, 0), "duplicateResut");
    assert_true(json_is_true(json_object_get(found, "allowSave")));
    assert_string_equal(json_string_value(path_get(found, "matchResults[0].matchRecords[0].record.Id")), id);
    assert_int_equal(post_with(p, "Sforce-Duplicate-Rule-Header", "allowSave=true", "POST", LEAD, body), 201);
    set_manner(p, "{'duplicate_rule':'block'}");
    assert_int_equal(post_with(p, "Sforce-Duplicate-Rule-Header", "allowSave=true", "POST", LEAD, body), 400);
    assert_int_equal(sf(p, "POST", MANY,
                        "{'records':[{'attributes':{'type':'Lead'},'LastName':'Lind','Company':'X',"
                        "'Email':'A@x.example'}]}"),
                     200);
    assert_string_equal(row_code(p, 0), "DUPLICATES_DETECTED");
    assert_null(path_get(row_at(p, 0), "errors[0].duplicateResut"));
}

static void conditions_are_kept_to_the_second(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = made_lead(p, "A"), *path = mem_printf(LEAD "/%s", id), *then = NULL;
    then = mem_dup(answer_header(p, "date"));
    assert_int_equal(post_with(p, "If-Unmodified-Since", then, "PATCH", path, "{'City':'Oslo'}"), 204);
    sandbox_advance(p->box, 2000);
    assert_int_equal(post(p, "PATCH", path, "{'City':'Rome'}"), 204);
    assert_int_equal(post_with(p, "If-Unmodified-Since", then, "PATCH", path, "{'City':'Oslo'}"), 412);
    assert_int_equal(p->answer.body_n, 0);
    AUTO_FREE char *now = NULL;
    assert_int_equal(sf(p, "GET", "%s", NULL, path), 200);
    now = mem_dup(answer_header(p, "date"));
    assert_int_equal(send_with(p, "sandbox-token", (struct header){"If-Modified-Since", now}, NULL, "GET", path, NULL),
                     304);
}

static const json_t *described(struct place *p, const char *name)
{
    size_t i;
    json_t *f;
    json_array_foreach ((json_t *)at(p, "fields"), i, f)
        if (str_eq(js_str(f, "name"), name))
            return f;
    return NULL;
}

static void describe_says_what_may_be_written(void **state)
{
    struct place *p = *state;
    with_key(p, "Lead");
    assert_int_equal(sf(p, "GET", DATA "/sobjects", NULL), 200);
    assert_int_equal(number_at(p, "maxBatchSize"), 200);
    assert_int_equal(sf(p, "GET", LEAD "/describe", NULL), 200);
    assert_string_equal(text_at(p, "keyPrefix"), "00Q");
    const json_t *last = described(p, "LastName"), *status = described(p, "Status"), *key = described(p, "Key__c");
    assert_int_equal(js_int_or(last, "length", 0), 80);
    assert_false(js_bool_or(last, "nillable", true));
    assert_true(js_bool_or(status, "defaultedOnCreate", false));
    assert_string_equal(json_string_value(path_get(status, "picklistValues[0].value")), "Open - Not Contacted");
    assert_false(js_bool_or(described(p, "Id"), "createable", true));
    assert_true(js_bool_or(key, "unique", false) && js_bool_or(key, "externalId", false) &&
                js_bool_or(key, "idLookup", false) && js_bool_or(key, "custom", false));
    assert_string_equal(js_str(described(p, "OwnerId"), "relationshipName"), "Owner");
    AUTO_FREE char *when = mem_dup(answer_header(p, "last-modified"));
    struct header since = {"If-Modified-Since", when};
    assert_int_equal(send_with(p, "sandbox-token", since, NULL, "GET", LEAD "/describe", NULL), 304);
    sandbox_advance(p->box, 5000);
    edit(p, "{'object':'permission','id':'Lead.Phone','set':{'read':false}}");
    assert_int_equal(send_with(p, "sandbox-token", since, NULL, "GET", LEAD "/describe", NULL), 200);
    assert_null(described(p, "Phone"));
    assert_int_equal(sf(p, "POST", LEAD, "{'LastName':'A','Company':'X','Phone':'1'}"), 400);
    assert_string_equal(code(p), "INVALID_FIELD");
    edit(p, "{'object':'permission','id':'Lead.Phone','set':{'edit':false}}");
    assert_int_equal(sf(p, "POST", LEAD, "{'LastName':'A','Company':'X','Phone':'1'}"), 400);
    assert_string_equal(code(p), "INVALID_FIELD_FOR_INSERT_UPDATE");
}

static void tasks_of_leads_stand_alone_and_parents_go_by_key(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *lead = made_lead(p, "A"), *account = made(p, "Account", "{'Name':'X'}");
    assert_int_equal(
        post(p, "POST", DATA "/sobjects/Task", "{'Subject':'Hi','WhoId':'%s','WhatId':'%s'}", lead, account), 400);
    assert_string_equal(code(p), "FIELD_INTEGRITY_EXCEPTION");
    assert_int_equal(
        post(p, "POST", DATA "/sobjects/Task", "{'Subject':'Hi','WhoId':'%s','ActivityDate':'2026-10-01'}", lead), 201);
    with_key(p, "Account");
    assert_int_equal(sf(p, "PATCH", DATA "/sobjects/Account/%s", "{'Key__c':'k'}", account), 204);
    AUTO_FREE char *contact = made(p, "Contact", "{'LastName':'A','Account':{'Key__c':'k'}}");
    assert_int_equal(sf(p, "GET", DATA "/sobjects/Contact/%s", NULL, contact), 200);
    assert_string_equal(text_at(p, "AccountId"), account);
    assert_int_equal(sf(p, "POST", DATA "/sobjects/Contact", "{'LastName':'A','Account':{'Key__c':'z'}}"), 400);
    edit(p, "{'object':'rule','create':{'type':'Contact','field':'Title','value':'King','message':'No kings'}}");
    assert_int_equal(sf(p, "POST", DATA "/sobjects/Contact", "{'LastName':'A','Title':'King'}"), 400);
    assert_string_equal(code(p), "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    AUTO_FREE char *deal = made(p, "Opportunity", "{'Name':'D','StageName':'Closed Won','CloseDate':'2026-10-01'}");
    assert_int_equal(sf(p, "GET", DATA "/sobjects/Opportunity/%s?fields=IsWon,Probability,CloseDate", NULL, deal), 200);
    assert_true(json_is_true(at(p, "IsWon")));
    assert_string_equal(text_at(p, "CloseDate"), "2026-10-01");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_salesforce, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_comes_back_with_attributes_nulls_and_long_ids),
        TEST(refusals_name_code_and_field),
        TEST(a_deleted_record_is_gone_for_readers_and_says_so_to_writers),
        TEST(an_upsert_creates_updates_or_finds_too_many),
        TEST(assignment_rules_take_leads_away),
        TEST(duplicates_are_told_under_a_misspelt_key),
        TEST(conditions_are_kept_to_the_second),
        TEST(describe_says_what_may_be_written),
        TEST(tasks_of_leads_stand_alone_and_parents_go_by_key),
    };
    return cmocka_run_group_tests_name("sandbox.salesforce_objects", tests, NULL, NULL);
}
