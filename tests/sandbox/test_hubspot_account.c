/* HubSpot: properties and their groups, limits and their headers, tokens, scopes, manners, the account. */
#include "tests/sandbox/asking_hubspot.h"

static void a_property_needs_a_group_and_a_fitting_field(void **state)
{
    struct place *p = *state;
    static const char good[] = "{'name':'bridge_key','label':'Key','type':'string','fieldType':'text','groupName':"
                               "'inbox_bridge','hasUniqueValue':true}";
    static const char *const bad[] = {
        "{'name':'x','label':'X','type':'string','fieldType':'number','groupName':'inbox_bridge'}",
        "{'name':'X y','label':'X','type':'string','fieldType':'text','groupName':'inbox_bridge'}",
        "{'name':'x','label':'X','type':'string','fieldType':'text'}",
        "{'name':'x','label':'X','type':'enumeration','fieldType':'select','groupName':'inbox_bridge','options':[{"
        "'label':'A','value':'a'}]}",
        "{'name':'x','label':'X','type':'date','fieldType':'date','groupName':'inbox_bridge','hasUniqueValue':true}",
    };
    assert_int_equal(post(p, "POST", PROPERTIES "/contacts", good), 400); /* no such group */
    assert_int_equal(post(p, "POST", PROPERTIES "/contacts/groups", "{'name':'inbox_bridge','label':'Inbox'}"), 201);
    assert_int_equal(post(p, "POST", PROPERTIES "/contacts/groups", "{'name':'inbox_bridge','label':'Inbox'}"), 409);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (post(p, "POST", PROPERTIES "/contacts", "%s", bad[i]) != 400)
            fail_msg("%s", bad[i]);
    assert_int_equal(hub(p, "GET", PROPERTIES "/contacts/bridge_key", NULL), 404);
    assert_int_equal(post(p, "POST", PROPERTIES "/contacts", good), 201);
    assert_true(json_is_true(at(p, "hasUniqueValue")));
    assert_int_equal(post(p, "POST", PROPERTIES "/contacts", good), 409);
    assert_string_equal(text_at(p, "category"), "OBJECT_ALREADY_EXISTS");
    assert_string_equal(text_at(p, "subCategory"), "Properties.PROPERTY_WITH_NAME_EXISTS");
    assert_int_equal(post(p, "PATCH", PROPERTIES "/contacts/bridge_key", "{'label':'K','hasUniqueValue':false}"), 200);
    assert_true(json_is_true(at(p, "hasUniqueValue")));
    assert_int_equal(hub(p, "DELETE", PROPERTIES "/contacts/groups/inbox_bridge", NULL), 400);
}

static void archived_properties_come_back_by_their_name(void **state)
{
    struct place *p = *state;
    static const char def[] = "{'name':'tier','label':'Tier','type':'enumeration','fieldType':'select','groupName':"
                              "'contactinformation','options':[{'label':'A','value':'a','hidden':false}]}";
    assert_int_equal(post(p, "POST", PROPERTIES "/contacts", def), 201);
    assert_int_equal(
        post(p, "PATCH", PROPERTIES "/contacts/tier", "{'options':[{'label':'B','value':'b','hidden':false}]}"), 200);
    assert_int_equal(count_at(p, "options"), 1); /* the list was replaced */
    assert_int_equal(post(p, "POST", OBJECTS "/contacts", "{'properties':{'tier':'a'}}"), 400);
    assert_int_equal(hub(p, "DELETE", PROPERTIES "/contacts/tier", NULL), 204);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts", "{'properties':{'tier':'b'}}"), 400);
    assert_string_equal(text_at(p, "errors[0].code"), "PROPERTY_DOESNT_EXIST");
    assert_int_equal(hub(p, "GET", PROPERTIES "/contacts?archived=true", NULL), 200);
    assert_int_equal(count_at(p, "results"), 1);
    assert_int_equal(post(p, "POST", PROPERTIES "/contacts", def), 201);
    assert_string_equal(text_at(p, "options[0].value"), "b");
    edit(p, "{'object':'rule','create':{'type':'contacts','required':['tier']}}");
    assert_int_equal(hub(p, "DELETE", PROPERTIES "/contacts/tier", NULL), 400);
    assert_string_equal(text_at(p, "category"), "CANNOT_DELETE_PROPERTY_IN_USE");
    assert_int_equal(hub(p, "DELETE", PROPERTIES "/contacts/email", NULL), 400);
}

static void ten_unique_properties_per_type(void **state)
{
    struct place *p = *state;
    for (int i = 0; i < 11; i++)
        assert_int_equal(post(p, "POST", PROPERTIES "/deals",
                              "{'name':'key_%d','label':'K','type':'string','fieldType':'text','groupName':"
                              "'dealinformation','hasUniqueValue':true}",
                              i),
                         i < 10 ? 201 : 400);
    assert_int_equal(hub(p, "GET", "/crm/limits/2026-09/custom-properties", NULL), 200);
    assert_int_equal(number_at(p, "byObjectType[2].usage"), 10);
    assert_int_equal(post(p, "POST", "/_sandbox/manners", "{'unique_activities':false}"), 200);
    assert_int_equal(post(p, "POST", PROPERTIES "/notes",
                          "{'name':'key','label':'K','type':'string','fieldType':'text','groupName':'engagement',"
                          "'hasUniqueValue':true}"),
                     400);
}

static void batches_of_properties_answer_row_by_row(void **state)
{
    struct place *p = *state;
    assert_int_equal(post(p, "POST", PROPERTIES "/deals/batch/read", "{'inputs':[{'name':'amount'},{'name':'nope'}]}"),
                     207);
    assert_int_equal(count_at(p, "results"), 1);
    assert_int_equal(post(p, "POST", PROPERTIES "/deals/batch/create",
                          "{'inputs':[{'name':'x','label':'X','type':'string','fieldType':'text','groupName':"
                          "'dealinformation'}]}"),
                     201);
    assert_int_equal(post(p, "POST", PROPERTIES "/deals/batch/archive", "{'inputs':[{'name':'x'}]}"), 204);
    assert_int_equal(hub(p, "GET", PROPERTIES "/deals/x", NULL), 404);
}

/* ---- limits ---- */

static void headers_count_down_and_search_has_none(void **state)
{
    struct place *p = *state;
    for (int i = 0; i < 190; i++) {
        assert_int_equal(hub(p, "GET", "/crm/v3/owners", NULL), 200);
        assert_int_equal(strtol(answer_header(p, "X-HubSpot-RateLimit-Remaining"), NULL, 10), 189 - i);
    }
    assert_string_equal(answer_header(p, "X-HubSpot-RateLimit-Max"), "190");
    assert_string_equal(answer_header(p, "X-HubSpot-RateLimit-Interval-Milliseconds"), "10000");
    assert_string_equal(answer_header(p, "X-HubSpot-RateLimit-Daily"), "625000");
    assert_int_equal(hub(p, "GET", "/crm/v3/owners", NULL), 429);
    assert_string_equal(text_at(p, "policyName"), "TEN_SECONDLY_ROLLING");
    assert_string_equal(text_at(p, "message"), "You have reached your ten_secondly_rolling limit.");
    assert_null(at(p, "category"));
    assert_string_equal(answer_header(p, "Retry-After"), "");
    AUTO_FREE char *pool = mem_dup(OBJECTS "/contacts/1/associations/notes"); /* a pool of its own */
    assert_int_equal(hub(p, "GET", "%s", NULL, pool), 404);
    settle(p);
    for (int i = 0; i < 6; i++)
        assert_int_equal(post(p, "POST", OBJECTS "/contacts/search", "{}"), i < 5 ? 200 : 429);
    assert_string_equal(text_at(p, "message"), "You have reached your secondly limit.");
    assert_string_equal(answer_header(p, "X-HubSpot-RateLimit-Max"), "");
}

static void a_day_ends_at_midnight_of_the_account(void **state)
{
    struct place *p = *state;
    assert_int_equal(post(p, "POST", "/_sandbox/manners", "{'daily':3,'retry_after':true}"), 200);
    for (int i = 0; i < 4; i++)
        assert_int_equal(hub(p, "GET", "/crm/v3/owners", NULL), i < 3 ? 200 : 429);
    assert_string_equal(text_at(p, "policyName"), "DAILY");
    int64_t wait = strtol(answer_header(p, "Retry-After"), NULL, 10);
    sandbox_advance(p->box, wait * 1000 - 1000);
    assert_int_equal(hub(p, "GET", "/crm/v3/owners", NULL), 429);
    sandbox_advance(p->box, 1000);
    assert_int_equal(hub(p, "GET", "/account-info/v3/api-usage/daily/private-apps", NULL), 200);
    assert_int_equal(number_at(p, "results[0].currentUsage"), 1);
    assert_int_equal(hub(p, "GET", "/account-info/2026-09/details", NULL), 200);
    assert_int_equal(number_at(p, "portalId"), 4242);
}

/* ---- who may ---- */

static int token(struct place *p, const char *version, const char *body)
{
    AUTO_FREE char *path = mem_printf("/oauth/%s/token", version);
    return send_as(p, "none", "application/x-www-form-urlencoded", "POST", path, mem_dup(body));
}

static void access_tokens_live_half_an_hour(void **state)
{
    struct place *p = *state;
    static const char *const versions[] = {"v1", "v3", "2026-03", "2026-09"};
    static const char body[] =
        "grant_type=refresh_token&client_id=c&client_secret=sandbox-secret&refresh_token=sandbox-refresh";
    for (size_t i = 0; i < COUNT(versions); i++)
        assert_int_equal(token(p, versions[i], body), 200);
    assert_int_equal(number_at(p, "expires_in"), 1800);
    assert_string_equal(text_at(p, "refresh_token"), "sandbox-refresh");
    AUTO_FREE char *access = keep(p, "access_token");
    assert_int_equal(send_as(p, access, NULL, "GET", "/crm/v3/owners", NULL), 200);
    assert_string_equal(answer_header(p, "X-HubSpot-RateLimit-Daily"), ""); /* OAuth has no daily pool to tell of */
    sandbox_advance(p->box, 1800 * 1000 + 5000);
    assert_int_equal(send_as(p, access, NULL, "GET", "/crm/v3/owners", NULL), 401);
    assert_string_equal(text_at(p, "category"), "EXPIRED_AUTHENTICATION");
    assert_string_equal(text_at(p, "message"), "The OAuth token used to make this call expired 5 second(s) ago.");
    assert_non_null(at(p, "context['expire time'][0]"));
    assert_int_equal(send_as(p, "wrong", NULL, "GET", "/crm/v3/owners", NULL), 401);
    assert_string_equal(text_at(p, "category"), "INVALID_AUTHENTICATION");
    assert_int_equal(
        token(p, "v3", "grant_type=refresh_token&client_id=c&client_secret=sandbox-secret&refresh_token=x"), 400);
    assert_string_equal(text_at(p, "status"), "BAD_REFRESH_TOKEN");
    assert_int_equal(token(p, "2026-09", "grant_type=client_credentials&client_id=c&client_secret=sandbox-secret"),
                     400);
    assert_int_equal(token(p, "2026-03", "grant_type=client_credentials&client_id=c&client_secret=sandbox-secret"),
                     200);
}

static void a_missing_scope_is_named(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *method, *path;
        int status;
    } cases[] = {{"GET", OBJECTS "/deals", 200},    {"POST", OBJECTS "/deals/search", 200},
                 {"POST", OBJECTS "/deals", 403},   {"GET", "/crm/v3/owners", 403},
                 {"GET", PROPERTIES "/notes", 200}, {"POST", PROPERTIES "/notes", 403}};
    assert_int_equal(
        post(p, "POST", "/_sandbox/manners",
             "{'missing_scopes':'crm.objects.deals.write crm.objects.owners.read crm.schemas.contacts.write'}"),
        200);
    for (size_t i = 0; i < COUNT(cases); i++)
        if (post(p, cases[i].method, cases[i].path, "{}") != cases[i].status)
            fail_msg("%s %s: %d", cases[i].method, cases[i].path, p->answer.status);
    assert_string_equal(text_at(p, "category"), "MISSING_SCOPES");
    assert_string_equal(text_at(p, "errors[0].context.requiredGranularScopes[0]"), "crm.schemas.contacts.write");
}

static void manners_are_checked_and_faults_speak_like_hubspot(void **state)
{
    struct place *p = *state;
    assert_int_equal(post(p, "POST", "/_sandbox/manners", "{'retry_aftr':true}"), 400);
    assert_non_null(strstr(text_at(p, "error"), "did you mean retry_after"));
    assert_int_equal(post(p, "POST", "/_sandbox/manners", "{'bad_row':'some'}"), 400);
    assert_int_equal(post(p, "POST", "/_sandbox/manners", "{'trim':1}"), 400);
    assert_int_equal(hub(p, "DELETE", "/_sandbox/manners", NULL), 200);
    assert_int_equal(number_at(p, "index_lag_ms"), 2000);
    assert_true(sandbox_fault(p->box, "{\"match\":{\"path\":\"/crm\"},\"do\":\"status\",\"status\":477,"
                                      "\"retry_after\":3600,\"times\":1}"));
    assert_int_equal(hub(p, "GET", "/crm/v3/owners", NULL), 477);
    assert_string_equal(answer_header(p, "Retry-After"), "3600");
    assert_non_null(text_at(p, "correlationId"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_hubspot, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_property_needs_a_group_and_a_fitting_field),
        TEST(archived_properties_come_back_by_their_name),
        TEST(ten_unique_properties_per_type),
        TEST(batches_of_properties_answer_row_by_row),
        TEST(headers_count_down_and_search_has_none),
        TEST(a_day_ends_at_midnight_of_the_account),
        TEST(access_tokens_live_half_an_hour),
        TEST(a_missing_scope_is_named),
        TEST(manners_are_checked_and_faults_speak_like_hubspot),
    };
    return cmocka_run_group_tests_name("sandbox.hubspot_account", tests, NULL, NULL);
}
