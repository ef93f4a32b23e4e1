/* HubSpot: pipelines and stages, deals that keep to them, owners, and what people do to deals and notes. */
#include "tests/sandbox/asking_hubspot.h"

#define PIPELINES "/crm/pipelines/2026-09/deals"

/* A second pipeline; ids of its two stages. */
static char *a_pipeline(struct place *p, char **open_stage, char **won)
{
    assert_int_equal(post(p, "POST", PIPELINES,
                          "{'label':'Sponsors','displayOrder':1,'stages':[{'label':'Talking','displayOrder':0,"
                          "'metadata':{'probability':'0.3'}},{'label':'Signed','displayOrder':1,'metadata':{"
                          "'probability':'1'}}]}"),
                     201);
    *open_stage = keep(p, "stages[0].id");
    *won = keep(p, "stages[1].id");
    return keep(p, "id");
}

static void metadata_are_strings_and_stages_have_ids(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *talking = NULL, *signed_id = NULL, *id = a_pipeline(p, &talking, &signed_id);
    assert_int_equal(hub(p, "GET", PIPELINES, NULL), 200);
    assert_int_equal(count_at(p, "results"), 2);
    assert_string_equal(text_at(p, "results[0].id"), "default");
    assert_string_equal(text_at(p, "results[0].stages[5].metadata.isClosed"), "true");
    assert_string_equal(text_at(p, "results[0].stages[5].metadata.probability"), "1.0");
    assert_string_equal(text_at(p, "results[0].stages[0].metadata.isClosed"), "false");
    assert_int_equal(hub(p, "GET", PIPELINES "/%s/stages/%s", NULL, id, signed_id), 200);
    assert_string_equal(text_at(p, "metadata.probability"), "1.0");
    AUTO_FREE char *path = mem_printf(PIPELINES "/%s/stages/%s", id, talking);
    assert_int_equal(post(p, "PATCH", path, "{'label':'Chatting','metadata':{'probability':0.4}}"), 200);
    assert_string_equal(text_at(p, "metadata.probability"), "0.4");
    assert_int_equal(post(p, "PATCH", path, "{'metadata':{'probability':'2'}}"), 400);
    assert_int_equal(post(p, "POST", PIPELINES, "{'label':'Sponsors','displayOrder':1,'stages':[]}"), 409);
    assert_int_equal(post(p, "POST", PIPELINES, "{'label':'X','displayOrder':1,'stages':[{'label':'a'}]}"), 400);
    assert_int_equal(hub(p, "GET", PIPELINES "/nope", NULL), 404);
    assert_int_equal(hub(p, "GET", "/crm/pipelines/2026-09/contacts", NULL), 404);
}

static void a_deal_keeps_to_its_pipeline(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *talking = NULL, *won = NULL, *id = NULL;
    free(made(p, "deals", "{'dealname':'D','dealstage':'qualifiedtobuy'}")); /* one pipeline: it is that */
    assert_string_equal(text_at(p, "properties.pipeline"), "default");
    id = a_pipeline(p, &talking, &won);
    assert_int_equal(post(p, "POST", OBJECTS "/deals", "{'properties':{'dealname':'D','dealstage':'qualifiedtobuy'}}"),
                     400);
    assert_string_equal(text_at(p, "context.properties[0]"), "pipeline");
    static const char *const bad[] = {"'pipeline':'default','dealstage':'Qualified To Buy'",
                                      "'pipeline':'nope','dealstage':'qualifiedtobuy'"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(post(p, "POST", OBJECTS "/deals", "{'properties':{'dealname':'D',%s}}", bad[i]), 400);
        assert_string_equal(text_at(p, "errors[0].code"), "INVALID_OPTION");
    }
    assert_int_equal(post(p, "POST", OBJECTS "/deals",
                          "{'properties':{'dealname':'D','pipeline':'%s','dealstage':'closedwon'}}", id),
                     400);
    AUTO_FREE char *deal = made(p, "deals", "{'dealname':'D','pipeline':'%s','dealstage':'%s'}", id, talking),
                   *path = mem_printf(OBJECTS "/deals/%s", deal);
    assert_int_equal(post(p, "PATCH", path, "{'properties':{'dealstage':'closedwon'}}"), 400);
    assert_int_equal(post(p, "PATCH", path, "{'properties':{'dealstage':'%s','amount':'12.50'}}", won), 200);
    assert_string_equal(text_at(p, "properties.amount"), "12.50");
    assert_int_equal(post(p, "PATCH", path, "{'properties':{'hs_is_closed':'false'}}"), 400);
    assert_int_equal(hub(p, "GET", OBJECTS "/deals/%s?properties=hs_is_closed,hs_is_closed_won", NULL, deal), 200);
    assert_string_equal(text_at(p, "properties.hs_is_closed"), "true");
    assert_string_equal(text_at(p, "properties.hs_is_closed_won"), "true");
    assert_int_equal(hub(p, "DELETE", PIPELINES "/%s/stages/%s", NULL, id, won), 400);
    assert_int_equal(hub(p, "DELETE", PIPELINES "/%s?validateReferencesBeforeDelete=true", NULL, id), 400);
    assert_int_equal(hub(p, "DELETE", PIPELINES "/%s", NULL, id), 204);
}

static void a_batch_update_looks_at_the_deals_own_pipeline(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *talking = NULL, *won = NULL, *id = a_pipeline(p, &talking, &won),
                   *deal = made(p, "deals", "{'dealname':'D','pipeline':'%s','dealstage':'%s'}", id, talking);
    assert_int_equal(post(p, "POST", OBJECTS "/deals/batch/update",
                          "{'inputs':[{'id':'%s','properties':{'dealstage':'%s'}}]}", deal, won),
                     200);
    assert_int_equal(post(p, "POST", "/crm/v3/objects/0-3/batch/update",
                          "{'inputs':[{'id':'%s','properties':{'dealstage':'closedwon'}}]}", deal),
                     400);
}

static void owners_page_and_those_who_left_are_archived(void **state)
{
    struct place *p = *state;
    assert_int_equal(hub(p, "GET", "/crm/owners/2026-09?limit=2", NULL), 200);
    assert_int_equal(count_at(p, "results"), 2);
    assert_int_equal(hub(p, "GET", "/crm/owners/2026-09?limit=2&after=%s", NULL, text_at(p, "paging.next.after")), 200);
    assert_string_equal(text_at(p, "results[0].email"), "cy@team.example");
    assert_string_equal(text_at(p, "results[1].type"), "QUEUE");
    assert_null(at(p, "paging"));
    assert_int_equal(hub(p, "GET", "/crm/owners/2026-09?archived=true", NULL), 200);
    assert_int_equal(count_at(p, "results"), 1);
    assert_true(json_is_null(at(p, "results[0].userId")));
    assert_int_equal(hub(p, "GET", "/crm/v3/owners?email=BEN@team.example", NULL), 200);
    AUTO_FREE char *ben = keep(p, "results[0].id");
    long long user = number_at(p, "results[0].userId");
    assert_int_equal(hub(p, "GET", "/crm/v3/owners/%lld?idProperty=userId", NULL, user), 200);
    assert_string_equal(text_at(p, "id"), ben);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts", "{'properties':{'hubspot_owner_id':'%lld'}}", user), 400);
    free(made(p, "contacts", "{'hubspot_owner_id':'%s'}", ben));
    edit(p, "{'object':'owner','id':'%s','delete':true}", ben);
    assert_int_equal(hub(p, "GET", "/crm/v3/owners?email=ben@team.example", NULL), 200);
    assert_int_equal(count_at(p, "results"), 0);
}

static void people_make_join_and_merge_deals_and_notes(void **state)
{
    struct place *p = *state;
    edit(p, "{'object':'contacts','create':{'firstname':'Ada'}}");
    edit(p, "{'object':'deals','create':{'dealname':'A','dealstage':'qualifiedtobuy'},'associate':{'object':'contacts',"
            "'id':'100001'}}");
    edit(p, "{'object':'deals','create':{'dealname':'B','dealstage':'closedlost'}}");
    edit(p, "{'object':'notes','create':{'hs_timestamp':'1793000000000','hs_note_body':'x'},'associate':[{'object':"
            "'contacts','id':'100001'},{'object':'deals','id':'100002','types':[214]}]}");
    edit(p, "{'object':'deals','id':'100002','merge_into':'100001'}");
    assert_int_equal(hub(p, "GET", OBJECTS "/notes/100001?associations=contacts,deals", NULL), 200);
    assert_string_equal(text_at(p, "associations.deals.results[0].id"), "100003");
    assert_int_equal(hub(p, "GET", OBJECTS "/deals/100002", NULL), 200);
    assert_string_equal(text_at(p, "id"), "100003");
    assert_string_equal(text_at(p, "properties.dealname"), "A");
    edit(p, "{'object':'deals','id':'100003','dissociate':{'object':'contacts','id':'100001'},'set':{'dealstage':"
            "'closedwon'}}");
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/100001/associations/deals", NULL), 200);
    assert_int_equal(count_at(p, "results"), 0);
    AUTO_JSON json_t *state_now = sandbox_state(p->box, p->inbox);
    assert_string_equal(js_str(path_get(state_now, "deal[0]"), "mergedInto"), "100003");
    assert_non_null(path_get(state_now, "note[0].associations.deals.100003"));
}

static void a_deal_may_make_its_contact_an_opportunity(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *contact = made(p, "contacts", "{'lifecyclestage':'lead'}");
    assert_int_equal(post(p, "POST", "/_sandbox/manners", "{'deal_moves_lifecycle':true}"), 200);
    assert_int_equal(post(p, "POST", OBJECTS "/deals",
                          "{'properties':{'dealname':'D','dealstage':'qualifiedtobuy'},'associations':[{'to':{'id':"
                          "'%s'},'types':[{'associationCategory':'HUBSPOT_DEFINED','associationTypeId':3}]}]}",
                          contact),
                     201);
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/%s?properties=lifecyclestage", NULL, contact), 200);
    assert_string_equal(text_at(p, "properties.lifecyclestage"), "opportunity");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_hubspot, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(metadata_are_strings_and_stages_have_ids),       TEST(a_deal_keeps_to_its_pipeline),
        TEST(a_batch_update_looks_at_the_deals_own_pipeline), TEST(owners_page_and_those_who_left_are_archived),
        TEST(people_make_join_and_merge_deals_and_notes),     TEST(a_deal_may_make_its_contact_an_opportunity),
    };
    return cmocka_run_group_tests_name("sandbox.hubspot_deals", tests, NULL, NULL);
}
