/* HubSpot: single records, their defaults, what is refused and how, history, merges, deletions. */
#include "tests/sandbox/asking_hubspot.h"

static void a_record_shows_strings_nulls_and_a_few_defaults(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = made(p, "contacts", "{'firstname':'Ada','email':'ada@x.example'}");
    assert_string_equal(id, "100001");
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/%s", NULL, id), 200);
    assert_string_equal(text_at(p, "properties.email"), "ada@x.example");
    assert_true(json_is_null(at(p, "properties.lastname")));
    assert_string_equal(text_at(p, "properties.hs_object_id"), id);
    assert_string_equal(text_at(p, "updatedAt"), text_at(p, "properties.lastmodifieddate"));
    assert_int_equal(hub(p, "GET", OBJECTS "/0-1/%s?properties=city,nothing", NULL, id), 200);
    assert_true(json_is_null(at(p, "properties.city")));
    assert_null(at(p, "properties.nothing"));
    assert_null(at(p, "properties.email"));
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/ada@x.example?idProperty=email", NULL), 200);
    assert_string_equal(text_at(p, "id"), id);
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/x?idProperty=city", NULL), 400);
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/999", NULL), 404);
    assert_string_equal(text_at(p, "category"), "OBJECT_NOT_FOUND");
    assert_non_null(text_at(p, "correlationId"));
}

static void the_families_of_versions_differ_in_their_paths_only(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *path;
        int status;
    } cases[] = {{"/crm/v3/objects/contacts", 200},
                 {"/crm/objects/2026-03/contacts", 200},
                 {"/crm/objects/2026-09/0-1", 200},
                 {"/crm/objects/v3/contacts", 404},
                 {"/crm/2026-09/objects/contacts", 404},
                 {"/crm/v4/objects/contacts", 404},
                 {"/crm/v3/properties/contacts", 200},
                 {"/crm/properties/2026-03/contacts", 200},
                 {"/crm/v4/properties/contacts", 404},
                 {"/crm/v3/owners", 200},
                 {"/crm/owners/2026-09", 200},
                 {"/crm/pipelines/2026-03/deals", 200},
                 {"/crm/v3/pipelines/0-3", 200},
                 {"/crm/objects/2026-09/unicorns", 400},
                 {"/crm/v3/limits/custom-properties", 200}};
    for (size_t i = 0; i < COUNT(cases); i++)
        if (hub(p, "GET", "%s", NULL, cases[i].path) != cases[i].status)
            fail_msg("%s: %d", cases[i].path, p->answer.status);
}

static void bad_values_are_all_told_at_once(void **state)
{
    struct place *p = *state;
    assert_int_equal(post(p, "POST", OBJECTS "/contacts",
                          "{'properties':{'nope':'1','hs_lead_status':'Maybe','createdate':'2026-01-01','email':'at',"
                          "'firstname':null,'city':'Oslo'}}"),
                     400);
    assert_string_equal(text_at(p, "category"), "VALIDATION_ERROR");
    assert_true(str_starts(text_at(p, "message"), "Property values were not valid: [{"));
    static const char *const codes[] = {"PROPERTY_DOESNT_EXIST", "INVALID_OPTION", "READ_ONLY_VALUE", "INVALID_EMAIL",
                                        "INVALID_VALUE"};
    assert_int_equal(count_at(p, "errors"), COUNT(codes));
    for (size_t i = 0; i < COUNT(codes); i++) {
        AUTO_FREE char *path = mem_printf("errors[%zu].code", i);
        assert_string_equal(text_at(p, path), codes[i]);
    }
}

static void dates_are_days_and_lists_can_be_appended_to(void **state)
{
    struct place *p = *state;
    edit(p, "{'object':'property','type':'contacts','create':{'name':'met','label':'Met','type':'date','fieldType':"
            "'date','groupName':'contactinformation'}}");
    edit(p, "{'object':'property','type':'contacts','create':{'name':'tags','label':'Tags','type':'enumeration',"
            "'fieldType':'checkbox','groupName':'contactinformation','options':[{'label':'A','value':'a','hidden':"
            "false},{'label':'B','value':'b','hidden':false}]}}");
    AUTO_FREE char *id = made(p, "contacts", "{'met':'2026-03-02','tags':'a'}");
    AUTO_FREE char *path = mem_printf(OBJECTS "/contacts/%s", id);
    assert_int_equal(post(p, "PATCH", path, "{'properties':{'met':'1772409600000','tags':';b;a'}}"), 200);
    assert_string_equal(text_at(p, "properties.met"), "2026-03-02");
    assert_string_equal(text_at(p, "properties.tags"), "a;b");
    assert_int_equal(post(p, "PATCH", path, "{'properties':{'met':'1772409600001'}}"), 400);
    assert_non_null(strstr(text_at(p, "message"), "not midnight!"));
    assert_int_equal(post(p, "PATCH", path, "{'properties':{'tags':'a;c'}}"), 400);
    assert_int_equal(post(p, "PATCH", path, "{'properties':{'tags':''}}"), 200);
    assert_true(json_is_null(at(p, "properties.tags")));
}

static void a_taken_email_is_a_conflict_with_the_id_in_the_text_only(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = made(p, "contacts", "{'email':'a@x.example','hs_additional_emails':'b@x.example'}");
    AUTO_FREE char *text = mem_printf("Contact already exists. Existing ID: %s", id);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts", "{'properties':{'email':'a@x.example'}}"), 409);
    assert_string_equal(text_at(p, "category"), "CONFLICT");
    assert_string_equal(text_at(p, "message"), text);
    assert_null(at(p, "context"));
    assert_int_equal(post(p, "POST", OBJECTS "/contacts", "{'properties':{'email':'b@x.example'}}"), 409);
    AUTO_FREE char *one = made(p, "companies", "{'domain':'x.example'}"),
                   *two = made(p, "companies", "{'domain':'x.example'}"); /* companies are not deduplicated */
    assert_string_not_equal(one, two);
}

static void required_properties_are_named_in_the_context(void **state)
{
    struct place *p = *state;
    assert_int_equal(post(p, "POST", OBJECTS "/deals", "{'properties':{'amount':'5'}}"), 400);
    assert_string_equal(text_at(p, "message"), "Error creating DEAL. Some required properties were not set.");
    assert_string_equal(text_at(p, "context.properties[1]"), "dealstage");
    assert_int_equal(post(p, "POST", OBJECTS "/notes", "{'properties':{'hs_note_body':'x'}}"), 400);
    assert_int_equal(post(p, "POST", OBJECTS "/communications", "{'properties':{'hs_timestamp':'1793000000000'}}"),
                     400);
    assert_string_equal(text_at(p, "context.properties[0]"), "hs_communication_channel_type");
    AUTO_FREE char *note = made(p, "notes", "{'hs_timestamp':'1793000000000','hs_note_body':'<b>x</b>'}");
    assert_string_equal(text_at(p, "properties.hs_timestamp"), "2026-10-26T07:33:20.000Z");
    assert_non_null(text_at(p, "properties.hs_createdate"));
    assert_int_equal(post(p, "POST", OBJECTS "/communications",
                          "{'properties':{'hs_timestamp':'1793000000000','hs_communication_channel_type':'TELEPATHY',"
                          "'hs_communication_logged_from':'CRM'}}"),
                     400);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts", "{'properties':{}}"), 201);
    assert_int_equal(post(p, "POST", "/_sandbox/manners", "{'contact_needs_name':true}"), 200);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts", "{'properties':{}}"), 400);
}

static void rules_of_the_account_bind_the_newest_version_only(void **state)
{
    struct place *p = *state;
    edit(p, "{'object':'rule','create':{'type':'contacts','required':['lastname']}}");
    edit(p, "{'object':'rule','create':{'type':'contacts','property':'hs_lead_status','value':'UNQUALIFIED',"
            "'required':['message']}}");
    assert_int_equal(post(p, "POST", "/crm/v3/objects/contacts", "{'properties':{'firstname':'A'}}"), 201);
    assert_int_equal(post(p, "POST", "/crm/objects/2026-03/contacts", "{'properties':{'firstname':'A'}}"), 201);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts", "{'properties':{'firstname':'A'}}"), 400);
    assert_string_equal(text_at(p, "errors[0].code"), "MISSING_REQUIRED_PROPERTY");
    AUTO_FREE char *id = made(p, "contacts", "{'lastname':'A'}"), *path = mem_printf(OBJECTS "/contacts/%s", id);
    assert_int_equal(post(p, "PATCH", path, "{'properties':{'hs_lead_status':'UNQUALIFIED'}}"), 400);
    assert_string_equal(text_at(p, "errors[0].code"), "MISSING_CONDITIONAL_REQUIRED_PROPERTY");
    assert_int_equal(post(p, "PATCH", path, "{'properties':{'hs_lead_status':'UNQUALIFIED','message':'no budget'}}"),
                     200);
}

static void lifecycle_moves_forward_or_is_cleared_first(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = made(p, "contacts", "{'lifecyclestage':'customer'}"),
                   *path = mem_printf(OBJECTS "/contacts/%s", id);
    assert_int_equal(post(p, "PATCH", path, "{'properties':{'lifecyclestage':'lead'}}"), 200);
    assert_string_equal(text_at(p, "properties.lifecyclestage"), "customer");
    assert_int_equal(post(p, "POST", "/_sandbox/manners", "{'lifecycle_back':400}"), 200);
    assert_int_equal(post(p, "PATCH", path, "{'properties':{'lifecyclestage':'lead'}}"), 400);
    assert_int_equal(post(p, "PATCH", path, "{'properties':{'lifecyclestage':''}}"), 200);
    assert_int_equal(post(p, "PATCH", path, "{'properties':{'lifecyclestage':'lead'}}"), 200);
    assert_string_equal(text_at(p, "properties.lifecyclestage"), "lead");
    edit(p, "{'object':'contacts','id':'%s','set':{'lifecyclestage':'subscriber'}}", id); /* people may */
}

static void history_tells_who_wrote_what_when(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = made(p, "contacts", "{'city':'Oslo'}");
    sandbox_advance(p->box, 5000);
    edit(p, "{'object':'contacts','id':'%s','set':{'city':'Bergen'}}", id);
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/%s?propertiesWithHistory=city,phone", NULL, id), 200);
    assert_int_equal(count_at(p, "propertiesWithHistory.city"), 2);
    assert_string_equal(text_at(p, "propertiesWithHistory.city[0].value"), "Bergen");
    assert_string_equal(text_at(p, "propertiesWithHistory.city[0].sourceType"), "CRM_UI");
    assert_string_equal(text_at(p, "propertiesWithHistory.city[1].sourceType"), "INTEGRATION");
    assert_int_equal(count_at(p, "propertiesWithHistory.phone"), 0);
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/%s?properties=hs_object_source", NULL, id), 200);
    assert_string_equal(text_at(p, "properties.hs_object_source"), "INTEGRATION");
}

static void archived_records_are_elsewhere_and_erased_ones_nowhere(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = made(p, "contacts", "{'email':'a@x.example'}"), *other = made(p, "contacts", "{'city':'x'}");
    assert_int_equal(hub(p, "DELETE", OBJECTS "/contacts/%s", NULL, id), 204);
    assert_int_equal(hub(p, "DELETE", OBJECTS "/contacts/%s", NULL, id), 204);
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/%s", NULL, id), 404);
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/%s?archived=true", NULL, id), 200);
    assert_non_null(text_at(p, "archivedAt"));
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts?archived=true", NULL), 200);
    assert_int_equal(count_at(p, "results"), 1);
    edit(p, "{'object':'contacts','id':'%s','restore':true}", id);
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/%s", NULL, id), 200);
    assert_int_equal(
        post(p, "POST", OBJECTS "/contacts/gdpr-delete", "{'objectId':'a@x.example','idProperty':'email'}"), 204);
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/%s?archived=true", NULL, id), 404);
    assert_int_equal(post(p, "POST", OBJECTS "/deals/gdpr-delete", "{'objectId':'%s'}", other), 405);
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts?archived=true", NULL), 200);
    assert_int_equal(count_at(p, "results"), 0);
}

static void lists_page_by_record_id(void **state)
{
    struct place *p = *state;
    for (int i = 0; i < 5; i++)
        free(made(p, "contacts", "{'city':'%d'}", i));
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts?limit=2&properties=city", NULL), 200);
    assert_string_equal(text_at(p, "paging.next.after"), "100002");
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts?limit=3&after=100002", NULL), 200);
    assert_string_equal(text_at(p, "results[0].id"), "100003");
    assert_null(at(p, "paging"));
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts?limit=101", NULL), 400);
}

static void both_ids_of_a_merge_lead_to_a_third(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *one = made(p, "contacts", "{'email':'a@x.example','city':'Oslo'}"),
                   *two = made(p, "contacts", "{'email':'b@x.example','city':'Rome','phone':'1'}");
    assert_int_equal(
        post(p, "POST", OBJECTS "/contacts/merge", "{'primaryObjectId':'%s','objectIdToMerge':'%s'}", one, two), 200);
    AUTO_FREE char *both = mem_printf("%s;%s", one, two);
    const char *ids[] = {one, two};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hub(p, "GET",
                             OBJECTS "/contacts/%s?properties=hs_merged_object_ids,city,phone,email,"
                                     "hs_additional_emails",
                             NULL, ids[i]),
                         200);
        assert_string_equal(text_at(p, "id"), "100003");
        assert_string_equal(text_at(p, "properties.hs_merged_object_ids"), both);
        assert_string_equal(text_at(p, "properties.city"), "Oslo");
        assert_string_equal(text_at(p, "properties.email"), "a@x.example");
        assert_string_equal(text_at(p, "properties.hs_additional_emails"), "b@x.example");
        assert_true(json_is_null(at(p, "properties.phone")));
    }
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts?archived=true", NULL), 200);
    assert_int_equal(count_at(p, "results"), 0);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts", "{'properties':{'email':'b@x.example'}}"), 409);
    assert_int_equal(
        post(p, "POST", OBJECTS "/contacts/merge", "{'primaryObjectId':'%s','objectIdToMerge':'%s'}", one, two), 400);
}

static void a_new_contact_is_a_lead_and_the_answer_says_so(void **state)
{
    struct place *p = *state;
    assert_int_equal(post(p, "POST", OBJECTS "/contacts", "{'properties':{'firstname':'Ada'}}"), 201);
    assert_string_equal(text_at(p, "properties.lifecyclestage"), "lead");
    assert_string_equal(text_at(p, "createdAt"), text_at(p, "updatedAt"));
    assert_int_equal(post(p, "POST", OBJECTS "/contacts", "{'properties':{'lifecyclestage':'subscriber'}}"), 201);
    assert_string_equal(text_at(p, "properties.lifecyclestage"), "subscriber");
    assert_int_equal(post(p, "POST", "/_sandbox/manners", "{'new_lifecycle':''}"), 200);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts", "{'properties':{'firstname':'Bob'}}"), 201);
    assert_null(text_at(p, "properties.lifecyclestage"));
}

/* What the connector makes of it is the contract's business; here: who changed what, in deliveries of a hundred at most. */
static void what_happens_is_told_to_webhooks(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = made(p, "contacts", "{'firstname':'Ada'}");
    edit(p, "{'object':'contacts','id':'%s','set':{'city':'Oslo','phone':'1'}}", id);
    edit(p, "{'object':'contacts','id':'%s','set':{'city':'Oslo'}}", id);
    edit(p, "{'object':'contacts','id':'%s','delete':true}", id);
    assert_int_equal(hub(p, "GET", "/_sandbox/deliveries?secret=s&url=https%%3A%%2F%%2Fb.example%%2Fh", NULL), 200);
    assert_int_equal(json_array_size(p->json), 1);
    const json_t *delivery = json_array_get(p->json, 0);
    assert_int_equal(js_int_or(delivery, "last", 0), 6);
    assert_non_null(js_str(json_object_get(delivery, "headers"), "X-HubSpot-Signature-v3"));
    AUTO_JSON json_t *events = js_parse(js_str(delivery, "body"), strlen(js_str(delivery, "body")), NULL);
    static const char *const told[][3] = {{"contact.creation", NULL, "INTEGRATION"},
                                          {"contact.propertyChange", "firstname", "INTEGRATION"},
                                          {"contact.propertyChange", "lifecyclestage", "CRM_UI"}, /* nobody chose it */
                                          {"contact.propertyChange", "city", "CRM_UI"},
                                          {"contact.propertyChange", "phone", "CRM_UI"},
                                          {"contact.deletion", NULL, "CRM_UI"}};
    assert_int_equal(json_array_size(events), COUNT(told));
    for (size_t i = 0; i < COUNT(told); i++) {
        const json_t *e = json_array_get(events, i);
        assert_string_equal(js_str(e, "subscriptionType"), told[i][0]);
        assert_true(str_eq(js_str(e, "propertyName"), told[i][1]));
        assert_string_equal(js_str(e, "changeSource"), told[i][2]);
        assert_int_equal(js_int_or(e, "objectId", 0), 100001);
    }
    assert_int_equal(hub(p, "GET", "/_sandbox/deliveries?after=6", NULL), 200);
    assert_int_equal(json_array_size(p->json), 0);
    for (int i = 0; i < 75; i++)
        edit(p, "{'object':'companies','create':{}}");
    assert_int_equal(hub(p, "GET", "/_sandbox/deliveries?after=6", NULL), 200);
    assert_int_equal(json_array_size(p->json), 2);
    assert_int_equal(js_int_or(json_array_get(p->json, 0), "last", 0), 106);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_hubspot, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_shows_strings_nulls_and_a_few_defaults),
        TEST(the_families_of_versions_differ_in_their_paths_only),
        TEST(bad_values_are_all_told_at_once),
        TEST(dates_are_days_and_lists_can_be_appended_to),
        TEST(a_taken_email_is_a_conflict_with_the_id_in_the_text_only),
        TEST(required_properties_are_named_in_the_context),
        TEST(rules_of_the_account_bind_the_newest_version_only),
        TEST(lifecycle_moves_forward_or_is_cleared_first),
        TEST(a_new_contact_is_a_lead_and_the_answer_says_so),
        TEST(history_tells_who_wrote_what_when),
        TEST(archived_records_are_elsewhere_and_erased_ones_nowhere),
        TEST(lists_page_by_record_id),
        TEST(both_ids_of_a_merge_lead_to_a_third),
        TEST(what_happens_is_told_to_webhooks),
    };
    return cmocka_run_group_tests_name("sandbox.hubspot_objects", tests, NULL, NULL);
}
