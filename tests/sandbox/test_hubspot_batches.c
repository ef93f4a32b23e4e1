/* HubSpot: batches as the bridge sends them, what fails whole and what row by row; search, its caps and its lag. */
#include "tests/sandbox/asking_hubspot.h"

static int setup(void **state)
{
    open_hubspot(state);
    return post(*state, "POST", PROPERTIES "/contacts",
                "{'name':'bridge_key','label':'Key','type':'string','fieldType':'text','groupName':"
                "'contactinformation','hasUniqueValue':true}") == 201
               ? 0
               : 1;
}

static void upserts_by_a_unique_key_create_then_update(void **state)
{
    struct place *p = *state;
    static const char body[] =
        "{'inputs':[{'id':'p1','idProperty':'bridge_key','properties':{'city':'Oslo','bridge_key':'p1'},"
        "'objectWriteTraceId':'t1'},{'id':'p2','idProperty':'bridge_key','properties':{'city':'Rome'}}]}";
    for (int round = 0; round < 2; round++) {
        assert_int_equal(post(p, "POST", OBJECTS "/contacts/batch/upsert", body), 200);
        assert_int_equal(count_at(p, "results"), 2);
        assert_int_equal(json_is_true(at(p, "results[0].new")), round == 0);
        assert_string_equal(text_at(p, "results[0].objectWriteTraceId"), "t1");
        assert_string_equal(text_at(p, "results[1].properties.city"), "Rome");
    }
    assert_int_equal(post(p, "POST", OBJECTS "/contacts/batch/read",
                          "{'idProperty':'bridge_key','inputs':[{'id':'p2'},{'id':'p3'}],'properties':['city']}"),
                     207);
    assert_int_equal(number_at(p, "numErrors"), 1);
    assert_string_equal(text_at(p, "errors[0].context.ids[0]"), "p3");
    assert_string_equal(text_at(p, "errors[0].category"), "OBJECT_NOT_FOUND");
}

static void a_batch_is_refused_as_a_whole_for_what_one_row_says(void **state)
{
    struct place *p = *state;
    static const char *const bad[] = {
        "{'inputs':[{'id':'1','idProperty':'hs_object_id','properties':{}}]}",
        "{'inputs':[{'id':'1','properties':{}}]}",
        "{'inputs':[{'id':'1','idProperty':'bridge_key','properties':{'nope':'x'}},"
        "{'id':'2','idProperty':'bridge_key','properties':{'city':'x'}}]}",
        "{'inputs':[{'id':'1','idProperty':'bridge_key','properties':{}},"
        "{'id':'1','idProperty':'bridge_key','properties':{}}]}",
        "{'inputs':'all'}",
        "[",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        if (post(p, "POST", OBJECTS "/contacts/batch/upsert", "%s", bad[i]) != 400)
            fail_msg("%s: %d", bad[i], p->answer.status);
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts", NULL), 200);
    assert_int_equal(count_at(p, "results"), 0);
    assert_int_equal(post(p, "POST", "/_sandbox/manners", "{'bad_row':'row'}"), 200);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts/batch/upsert", "%s", bad[2]), 207);
    assert_int_equal(count_at(p, "results"), 1);
    assert_string_equal(text_at(p, "errors[0].context.ids[0]"), "1");
}

static void a_hundred_and_not_one_more(void **state)
{
    struct place *p = *state;
    struct buf b = {0};
    for (int i = 0; i < 101; i++)
        buf_printf(&b, "%s{'id':'%d'}", i ? "," : "", 100001 + i);
    static const char *const verbs[] = {"read", "update", "archive"};
    for (size_t i = 0; i < COUNT(verbs); i++) {
        AUTO_FREE char *path = mem_printf(OBJECTS "/contacts/batch/%s", verbs[i]);
        assert_int_equal(post(p, "POST", path, "{'inputs':[%s]}", buf_str(&b)), 400);
    }
    buf_done(&b);
}

static void updates_by_email_are_refused_and_merged_ids_vanish(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *one = made(p, "contacts", "{'email':'a@x.example'}"), *two = made(p, "contacts", "{'city':'x'}"),
                   *three = made(p, "contacts", "{'city':'y'}");
    assert_int_equal(post(p, "POST", OBJECTS "/contacts/batch/update",
                          "{'inputs':[{'id':'a@x.example','idProperty':'email','properties':{}}]}"),
                     400);
    edit(p, "{'object':'contacts','id':'%s','merge_into':'%s'}", two, one);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts/batch/update",
                          "{'inputs':[{'id':'%s','properties':{'city':'z'}},{'id':'%s','properties':{'city':'z'}}]}",
                          two, three),
                     200);
    assert_int_equal(count_at(p, "results"), 1);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts/batch/read", "{'inputs':[{'id':'%s'},{'id':'%s'}]}", one, two),
                     200);
    assert_int_equal(count_at(p, "results"), 1); /* both are the same record now */
    AUTO_FREE char *path = mem_printf(OBJECTS "/contacts/%s", two);
    assert_int_equal(post(p, "PATCH", path, "{'properties':{'city':'w'}}"), 200);
}

static void creates_are_all_or_nothing_without_trace_ids(void **state)
{
    struct place *p = *state;
    assert_int_equal(post(p, "POST", OBJECTS "/contacts/batch/create",
                          "{'inputs':[{'properties':{'city':'a'}},{'properties':{'nope':'a'}}]}"),
                     400);
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts", NULL), 200);
    assert_int_equal(count_at(p, "results"), 0);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts/batch/create",
                          "{'inputs':[{'properties':{'city':'a'},'objectWriteTraceId':'t1'},{'properties':{'nope':'a'},"
                          "'objectWriteTraceId':'t2'}]}"),
                     207);
    assert_string_equal(text_at(p, "errors[0].context.objectWriteTraceId[0]"), "t2");
    assert_string_equal(text_at(p, "results[0].objectWriteTraceId"), "t1");
    assert_int_equal(post(p, "POST", OBJECTS "/contacts/batch/create", "{'inputs':[{'properties':{'city':'b'}}]}"),
                     201);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts/batch/archive", "{'inputs':[{'id':'%s'},{'id':'7'}]}",
                          text_at(p, "results[0].id")),
                     204);
}

/* ---- search ---- */

static void seed(struct place *p)
{
    free(made(p, "contacts", "{'email':'ada@x.example','city':'Oslo','hs_lead_status':'NEW'}"));
    free(made(p, "contacts", "{'email':'bob@x.example','city':'Rome','hs_lead_status':'OPEN'}"));
    free(made(p, "contacts", "{'city':'OSLO'}"));
    settle(p);
}

static void the_operators_have_their_ways(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *filter;
        int hits; /* -1: refused */
    } cases[] = {
        {"'propertyName':'city','operator':'EQ','value':'oslo'", 2},
        {"'propertyName':'city','operator':'IN','values':['oslo']", 2},
        {"'propertyName':'city','operator':'IN','values':['Oslo']", 0},
        {"'propertyName':'hs_lead_status','operator':'EQ','value':'new'", 0},
        {"'propertyName':'hs_lead_status','operator':'IN','values':['NEW','OPEN']", 2},
        {"'propertyName':'email','operator':'NOT_HAS_PROPERTY'", 1},
        {"'propertyName':'email','operator':'CONTAINS_TOKEN','value':'ad*'", 1},
        {"'propertyName':'hs_object_id','operator':'GT','value':'100001'", 2},
        {"'propertyName':'hs_object_id','operator':'BETWEEN','value':'100001','highValue':'100002'", 2},
        {"'propertyName':'lastmodifieddate','operator':'LTE','value':'1792999999999'", 0},
        {"'propertyName':'lastmodifieddate','operator':'GTE','value':'1793000000000'", 3},
        {"'propertyName':'nope','operator':'EQ','value':'x'", -1},
        {"'propertyName':'city','operator':'LIKE','value':'x'", -1},
        {"'propertyName':'city','operator':'EQ'", -1},
    };
    seed(p);
    for (size_t i = 0; i < COUNT(cases); i++) {
        sandbox_advance(p->box, 1000);
        int status = post(p, "POST", OBJECTS "/contacts/search", "{'filterGroups':[{'filters':[{%s}]}]}",
                          cases[i].filter);
        if (status != (cases[i].hits < 0 ? 400 : 200) || (status == 200 && number_at(p, "total") != cases[i].hits))
            fail_msg("%s: %d, %.*s", cases[i].filter, status, (int)p->answer.body_n, p->answer.body);
    }
}

static void sorting_and_paging_by_offset(void **state)
{
    struct place *p = *state;
    seed(p);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts/search", "{'sorts':['-hs_object_id'],'limit':2}"), 200);
    assert_string_equal(text_at(p, "results[0].id"), "100003");
    assert_string_equal(text_at(p, "paging.next.after"), "2");
    assert_int_equal(post(p, "POST", OBJECTS "/contacts/search", "{'limit':2,'after':'2'}"), 200);
    assert_int_equal(count_at(p, "results"), 1);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts/search",
                          "{'filters':[{'propertyName':'city','operator':'HAS_PROPERTY'}],'sorts':[{'propertyName':"
                          "'city','direction':'DESCENDING'}]}"),
                     200);
    assert_string_equal(text_at(p, "results[0].id"), "100002");
    sandbox_advance(p->box, 1000);
    static const char *const bad[] = {"{'limit':201}", "{'after':'9999','limit':10}", "{'after':'x'}",
                                      "{'sorts':['city','email']}"};
    for (size_t i = 0; i < COUNT(bad); i++)
        if (post(p, "POST", OBJECTS "/contacts/search", "%s", bad[i]) != 400)
            fail_msg("%s", bad[i]);
}

static void the_index_lags_with_old_values(void **state)
{
    struct place *p = *state;
    static const char oslo[] = "{'filters':[{'propertyName':'city','operator':'EQ','value':'Oslo'}]}";
    AUTO_FREE char *id = made(p, "contacts", "{'city':'Oslo'}"), *path = mem_printf(OBJECTS "/contacts/%s", id);
    post(p, "POST", OBJECTS "/contacts/search", oslo);
    assert_int_equal(number_at(p, "total"), 0); /* new: not known */
    settle(p);
    post(p, "POST", OBJECTS "/contacts/search", oslo);
    assert_int_equal(number_at(p, "total"), 1);
    assert_int_equal(post(p, "PATCH", path, "{'properties':{'city':'Rome'}}"), 200);
    post(p, "POST", OBJECTS "/contacts/search", oslo);
    assert_int_equal(number_at(p, "total"), 1); /* changed: known as it was */
    settle(p);
    post(p, "POST", OBJECTS "/contacts/search", oslo);
    assert_int_equal(number_at(p, "total"), 0);
    assert_int_equal(hub(p, "DELETE", OBJECTS "/contacts/%s", NULL, id), 204);
    post(p, "POST", OBJECTS "/contacts/search", "{}");
    assert_int_equal(number_at(p, "total"), 0);
}

static void long_bodies_and_many_filters_are_refused(void **state)
{
    struct place *p = *state;
    static const char filter[] = "{'propertyName':'city','operator':'HAS_PROPERTY'}";
    AUTO_FREE char *long_text = mem_alloc(3001);
    memset(long_text, 'x', 3000);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts/search", "{'query':'%s'}", long_text), 400);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts/search",
                          "{'filterGroups':[{'filters':[%s,%s,%s,%s,%s,%s,%s]}]}", filter, filter, filter, filter,
                          filter, filter, filter),
                     400);
    assert_int_equal(post(p, "POST", OBJECTS "/contacts/search", "{'filterGroups':[{},{},{},{},{},{}]}"), 400);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(upserts_by_a_unique_key_create_then_update),
        TEST(a_batch_is_refused_as_a_whole_for_what_one_row_says),
        TEST(a_hundred_and_not_one_more),
        TEST(updates_by_email_are_refused_and_merged_ids_vanish),
        TEST(creates_are_all_or_nothing_without_trace_ids),
        TEST(the_operators_have_their_ways),
        TEST(sorting_and_paging_by_offset),
        TEST(the_index_lags_with_old_values),
        TEST(long_bodies_and_many_filters_are_refused),
    };
    return cmocka_run_group_tests_name("sandbox.hubspot_batches", tests, NULL, NULL);
}
