/* Options, logins, and what setup creates or tells people to create. */
#include "tests/connectors/salesforce_kit.h"

static json_t *set_up(struct recorded *w, bool apply)
{
    AUTO(schema_done) struct schema wanted = {.object = mem_dup("Lead")};
    struct err err = {0};
    json_t *missing = NULL;
    schema_add(&wanted, "k__c", "Key", SCHEMA_TEXT)->unique = true;
    struct schema_field *tags = schema_add(&wanted, "inbox_tags__c", "Inbox tags", SCHEMA_SET);
    schema_add_option(tags, "VIP", "VIP");
    if (!salesforce_connector.setup(w->ep, &wanted, apply, &missing, &err))
        fail_msg("%s", err.text);
    return missing;
}

static void what_is_missing_is_told_with_the_steps_to_get_it(void **state)
{
    struct recorded *w = *state;
    AUTO_JSON json_t *missing = set_up(w, false);
    assert_int_equal(json_array_size(missing), 2); /* on leads, and on the contacts they become */
    assert_member(json_array_get(missing, 0), "field", "'inbox_tags__c'");
    assert_member(json_array_get(missing, 0), "done", "false");
    assert_member(json_array_get(missing, 1), "field", "'inbox_tags__c (on Contact)'");
    assert_non_null(strstr(js_str(json_array_get(missing, 0), "manual"),
                           "Setup, Object Manager, Lead, Fields & Relationships, New: Picklist (Multi-Select)"));
    assert_int_equal(w->n_asked, 2);
}

static void fields_are_created_and_made_visible(void **state)
{
    struct recorded *w = *state;
    recorded_add(w, "CustomField {\"FullName\":\"Lead.inbox_tags__c\"", 201, "{\"id\":\"00N\",\"success\":true}");
    recorded_add(w, "FROM%20PermissionSet", 200, "{\"done\":true,\"records\":[]}");
    recorded_add(w, "/sobjects/PermissionSet {\"Name\":\"Inbox_Bridge\"", 201, "{\"id\":\"0PS000000000001AAA\"}");
    recorded_add(w, "/sobjects/ObjectPermissions", 400, ERRORS("DUPLICATE_VALUE", "x"));
    recorded_add(w, "\"Field\":\"Lead.inbox_tags__c\"", 201, "{\"id\":\"x\"}");
    recorded_add(w, "/services/oauth2/userinfo", 200, "{\"user_id\":\"005000000000001AAA\"}");
    recorded_add(w,
                 "/sobjects/PermissionSetAssignment "
                 "{\"PermissionSetId\":\"0PS000000000001AAA\",\"AssigneeId\":\"005000000000001AAA\"}",
                 201, "{}");
    recorded_add(w, "/sobjects/Lead/describe", 200, "{\"fields\":[" FIELD("inbox_tags__c", "multipicklist") "]}");
    /* on contacts somebody may not: it is told, and nothing stops */
    recorded_add(w, "CustomField {\"FullName\":\"Contact.inbox_tags__c\"", 403,
                 ERRORS("INSUFFICIENT_ACCESS", "no Customize Application"));
    AUTO_JSON json_t *missing = set_up(w, true);
    assert_member(json_array_get(missing, 0), "done", "true");
    assert_member(json_array_get(missing, 1), "done", "false");
    assert_non_null(strstr(js_str(json_array_get(missing, 1), "manual"), "no Customize Application"));
}

static void fields_that_stay_invisible_are_told(void **state)
{
    struct recorded *w = *state;
    recorded_add(w, "Lead.inbox_tags__c\",\"Metadata\"", 400,
                 ERRORS("DUPLICATE_DEVELOPER_NAME", "There is already a field named that"));
    recorded_add(w, "FROM%20PermissionSet", 200, "{\"done\":true,\"records\":[{\"Id\":\"0PS000000000001AAA\"}]}");
    recorded_add(w, "/sobjects/ObjectPermissions", 403, ERRORS("INSUFFICIENT_ACCESS", "no"));
    recorded_add(w, "/sobjects/FieldPermissions", 403, ERRORS("INSUFFICIENT_ACCESS", "no rights to that"));
    recorded_add(w, "/services/oauth2/userinfo", 200, "{\"user_id\":\"005000000000001AAA\"}");
    recorded_add(w, "/sobjects/PermissionSetAssignment", 400, ERRORS("DUPLICATE_VALUE", "assigned already"));
    recorded_add(w, "/sobjects/Lead/describe", 200, LEAD_FIELDS);
    recorded_add(w, "Contact.inbox_tags__c", 403, ERRORS("INSUFFICIENT_ACCESS", "no"));
    AUTO_JSON json_t *missing = set_up(w, true);
    assert_member(json_array_get(missing, 0), "done", "false");
    assert_non_null(strstr(js_str(json_array_get(missing, 0), "manual"), "no rights to that"));
}

/* ---- options ---- */

static bool opens(struct recorded *w, const char *options)
{
    struct endpoint *ep = recorded_endpoint(w, &salesforce_connector, options);
    bool ok = ep != NULL;
    endpoint_free(ep);
    return ok;
}

static void options_that_cannot_log_in_are_refused(void **state)
{
    struct recorded *w = *state;
    assert_false(opens(w, ""));
    assert_false(opens(w, "token = \"env:RECORDED_TOKEN\";"));
    assert_false(opens(w, "client_id = \"c\";"));
    assert_false(opens(w, "client_id = \"c\"; private_key = \"env:RECORDED_TOKEN\"; username = \"u\";")); /* no key */
    assert_false(opens(w, "client_id = \"c\"; client_secret = \"env:RECORDED_TOKEN\";")); /* on the shared host */
    assert_true(opens(
        w,
        "client_id = \"c\"; client_secret = \"env:RECORDED_TOKEN\"; login_url = \"https://acme.my.salesforce.com\";"));
    assert_true(opens(w, "client_id = \"c\"; refresh_token = \"env:RECORDED_TOKEN\";"));
    assert_false(opens(w, "client_id = \"c\"; refresh_token = \"env:RECORDED_TOKEN\"; version = \"v62\";"));
}

#define LOGS_IN                                                                                                        \
    "client_id = \"c\"; client_secret = \"env:RECORDED_TOKEN\"; login_url = \"https://acme.my.salesforce.com/\";"
#define TOKEN(instance)                                                                                                \
    "{\"access_token\":\"T\",\"instance_url\":\"https://" instance ".example\",\"token_type\":\"Bearer\"}"
#define ORGANISATION "{\"done\":true,\"records\":[{\"Id\":\"00D000000000001AAA\",\"Name\":\"Acme\"}]}"

static int begin_logging_in(void **state)
{
    struct recorded *w;
    salesforce_begin(state);
    w = *state;
    endpoint_free(w->ep);
    w->ep = recorded_endpoint(w, &salesforce_connector, LOGS_IN);
    return w->ep ? 0 : -1;
}

static void an_expired_session_is_renewed_once_at_its_new_address(void **state)
{
    struct recorded *w = *state;
    AUTO(organisation_done) struct organisation org = {0};
    struct err err = {0};
    recorded_add(w, "POST https://acme.my.salesforce.com/services/oauth2/token", 200, TOKEN("na1"));
    recorded_add(w, "GET https://na1.example/services/data/v62.0/query", 401,
                 ERRORS("INVALID_SESSION_ID", "Session expired or invalid"));
    recorded_add(w, "POST https://acme.my.salesforce.com/services/oauth2/token", 200, TOKEN("na2"));
    recorded_add(w, "GET https://na2.example/services/data/v62.0/query", 200, ORGANISATION);
    assert_true(salesforce_connector.probe(w->ep, &org, &err));
    assert_string_equal(org.id, "00D000000000001AAA");
}

static void a_refusal_that_no_login_cures_makes_none(void **state)
{
    struct recorded *w = *state;
    struct organisation org = {0};
    struct err err = {0};
    recorded_add(w, "/token", 200, TOKEN("na1"));
    recorded_add(w, "/query", 401, ERRORS("INVALID_SESSION_ID", "This session is not valid for use with the REST API"));
    assert_false(salesforce_connector.probe(w->ep, &org, &err));
    assert_int_equal(err.kind, ERR_AUTH);
    assert_int_equal(recorded_count(w, "/token"), 1);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, salesforce_begin, salesforce_end)
    const struct CMUnitTest tests[] = {
        CASE(what_is_missing_is_told_with_the_steps_to_get_it),
        CASE(fields_are_created_and_made_visible),
        CASE(fields_that_stay_invisible_are_told),
        CASE(options_that_cannot_log_in_are_refused),
        cmocka_unit_test_setup_teardown(an_expired_session_is_renewed_once_at_its_new_address, begin_logging_in,
                                        salesforce_end),
        cmocka_unit_test_setup_teardown(a_refusal_that_no_login_cures_makes_none, begin_logging_in, salesforce_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
