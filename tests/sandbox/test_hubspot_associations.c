/* HubSpot: associations inline, one by one and in batches, in three spellings; their numbers, labels and directions. */
#include "tests/sandbox/asking_hubspot.h"

#define LINKS "/crm/associations/2026-09"

static char *a_deal(struct place *p)
{
    return made(p, "deals", "{'dealname':'D','dealstage':'qualifiedtobuy','pipeline':'default'}");
}

static char *a_note_on(struct place *p, const char *contact, int type)
{
    int status = post(p, "POST", OBJECTS "/notes",
                      "{'properties':{'hs_timestamp':'1793000000000','hs_note_body':'hi'},'associations':[{'to':{'id':"
                      "'%s'},'types':[{'associationCategory':'HUBSPOT_DEFINED','associationTypeId':%d}]}]}",
                      contact, type);
    return status == 201 ? keep(p, "id") : NULL;
}

static void a_note_is_made_on_a_contact_in_one_call(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *contact = made(p, "contacts", "{'firstname':'Ada'}"), *note = a_note_on(p, contact, 202);
    assert_non_null(note);
    assert_int_equal(hub(p, "GET", OBJECTS "/notes/%s?associations=contacts", NULL, note), 200);
    assert_string_equal(text_at(p, "associations.contacts.results[0].id"), contact);
    assert_string_equal(text_at(p, "associations.contacts.results[0].type"), "note_to_contact");
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/%s/associations/notes", NULL, contact), 200);
    assert_int_equal(number_at(p, "results[0].toObjectId"), strtol(note, NULL, 10));
    assert_int_equal(number_at(p, "results[0].associationTypes[0].typeId"), 201);
    assert_true(json_is_null(at(p, "results[0].associationTypes[0].label")));
}

static void the_wrong_direction_or_target_makes_nothing(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *contact = made(p, "contacts", "{'firstname':'Ada'}");
    assert_null(a_note_on(p, contact, 201));
    assert_null(a_note_on(p, contact, 3));
    assert_null(a_note_on(p, "100099", 202));
    assert_string_equal(text_at(p, "errors[0].message"), "contact=100099 is not valid");
    assert_int_equal(hub(p, "GET", OBJECTS "/notes", NULL), 200);
    assert_int_equal(count_at(p, "results"), 0);
}

static void v4_puts_lists_and_deletes(void **state)
{
    struct place *p = *state;
    static const char *const families[] = {"/crm/v4/objects", OBJECTS};
    AUTO_FREE char *contact = made(p, "contacts", "{'firstname':'Ada'}"), *deal = a_deal(p);
    for (size_t i = 0; i < COUNT(families); i++) {
        AUTO_FREE char *all = mem_printf("%s/deals/%s/associations/contacts", families[i], deal),
                       *path = mem_printf("%s/%s", all, contact);
        assert_int_equal(post(p, "PUT", path, "[{'associationCategory':'HUBSPOT_DEFINED','associationTypeId':3}]"),
                         201);
        assert_int_equal(post(p, "PUT", path, "[{'associationCategory':'HUBSPOT_DEFINED','associationTypeId':4}]"),
                         400);
        assert_int_equal(post(p, "PUT", path, "[]"), 400);
        assert_int_equal(hub(p, "GET", "%s", NULL, all), 200);
        assert_int_equal(count_at(p, "results"), 1);
        assert_int_equal(hub(p, "DELETE", "%s", NULL, path), 204);
        assert_int_equal(hub(p, "GET", "%s", NULL, all), 200);
        assert_int_equal(count_at(p, "results"), 0);
    }
    assert_int_equal(hub(p, "PUT", OBJECTS "/deals/%s/associations/default/contacts/%s", NULL, deal, contact), 200);
    assert_int_equal(number_at(p, "results[1].associationSpec.associationTypeId"), 4);
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/%s/associations/deals", NULL, contact), 200);
    assert_int_equal(count_at(p, "results"), 1);
}

static void a_contact_has_one_primary_company(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *contact = made(p, "contacts", "{'firstname':'Ada'}"), *one = made(p, "companies", "{'name':'One'}"),
                   *two = made(p, "companies", "{'name':'Two'}");
    const char *companies[] = {one, two};
    for (int i = 0; i < 2; i++) {
        AUTO_FREE char *path = mem_printf(OBJECTS "/contacts/%s/associations/companies/%s", contact, companies[i]);
        assert_int_equal(post(p, "PUT", path, "[{'associationCategory':'HUBSPOT_DEFINED','associationTypeId':1}]"),
                         201);
        assert_string_equal(text_at(p, "labels[0]"), "Primary");
    }
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/%s/associations/companies", NULL, contact), 200);
    assert_int_equal(count_at(p, "results[0].associationTypes"), 1); /* the plain one stays */
    assert_int_equal(number_at(p, "results[0].associationTypes[0].typeId"), 279);
    assert_int_equal(count_at(p, "results[1].associationTypes"), 2);
    assert_int_equal(hub(p, "GET", OBJECTS "/companies/%s/associations/contacts", NULL, two), 200);
    assert_int_equal(number_at(p, "results[0].associationTypes[1].typeId"), 2);
}

static void v3_speaks_in_names(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *contact = made(p, "contacts", "{'firstname':'Ada'}"), *deal = a_deal(p);
    assert_int_equal(
        hub(p, "PUT", "/crm/v3/objects/deals/%s/associations/contacts/%s/deal_to_contact", NULL, deal, contact), 200);
    assert_int_equal(hub(p, "GET", "/crm/v3/objects/deals/%s/associations/contacts", NULL, deal), 200);
    assert_string_equal(text_at(p, "results[0].type"), "deal_to_contact");
    assert_int_equal(hub(p, "DELETE", "/crm/v3/objects/deals/%s/associations/contacts/%s/3", NULL, deal, contact), 204);
    assert_int_equal(post(p, "POST", "/crm/v3/associations/deals/contacts/batch/create",
                          "{'inputs':[{'from':{'id':'%s'},'to':{'id':'%s'},'type':'deal_to_contact'}]}", deal, contact),
                     201);
    assert_int_equal(
        post(p, "POST", "/crm/v3/associations/deals/contacts/batch/read", "{'inputs':[{'id':'%s'}]}", deal), 200);
    assert_string_equal(text_at(p, "results[0].to[0].id"), contact);
}

static void batches_answer_row_by_row(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *contact = made(p, "contacts", "{'firstname':'Ada'}"), *deal = a_deal(p), *lonely = a_deal(p);
    assert_int_equal(post(p, "POST", LINKS "/deals/contacts/batch/create",
                          "{'inputs':[{'from':{'id':'%s'},'to':{'id':'%s'},'types':[{'associationCategory':"
                          "'HUBSPOT_DEFINED','associationTypeId':3}]},{'from':{'id':'%s'},'to':{'id':'5'},'types':[{"
                          "'associationCategory':'HUBSPOT_DEFINED','associationTypeId':3}]}]}",
                          deal, contact, lonely),
                     207);
    assert_int_equal(count_at(p, "results"), 1);
    assert_int_equal(number_at(p, "numErrors"), 1);
    assert_int_equal(
        post(p, "POST", LINKS "/deals/contacts/batch/read", "{'inputs':[{'id':'%s'},{'id':'%s'}]}", deal, lonely), 207);
    assert_string_equal(text_at(p, "results[0].from.id"), deal);
    assert_int_equal(number_at(p, "results[0].to[0].toObjectId"), strtol(contact, NULL, 10));
    assert_string_equal(text_at(p, "errors[0].subCategory"), "crm.associations.NO_ASSOCIATIONS_FOUND");
    assert_string_equal(text_at(p, "errors[0].context.fromObjectId[0]"), lonely);
    assert_int_equal(post(p, "POST", LINKS "/deals/contacts/batch/archive",
                          "{'inputs':[{'from':{'id':'%s'},'to':[{'id':'%s'}]}]}", deal, contact),
                     204);
    assert_int_equal(post(p, "POST", LINKS "/deals/contacts/batch/associate/default",
                          "{'inputs':[{'from':{'id':'%s'},'to':{'id':'%s'}}]}", lonely, contact),
                     200);
    assert_int_equal(count_at(p, "results"), 2);
}

static void batches_have_three_sizes(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *verb;
        int most;
    } cases[] = {{"read", 1000}, {"create", 2000}, {"archive", 100}};
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int more = 0; more < 2; more++) {
            struct buf b = {0};
            for (int n = 0; n < cases[i].most + more; n++)
                buf_puts(&b, n ? ",{}" : "{}");
            AUTO_FREE char *path = mem_printf(LINKS "/deals/contacts/batch/%s", cases[i].verb);
            int status = post(p, "POST", path, "{'inputs':[%s]}", buf_str(&b));
            assert_int_equal(status == 400, more);
            buf_done(&b);
        }
}

static void labels_of_ones_own_have_their_own_numbers(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *contact = made(p, "contacts", "{'firstname':'Ada'}"), *deal = a_deal(p);
    assert_int_equal(post(p, "POST", LINKS "/deals/contacts/labels",
                          "{'label':'Decides','name':'decides','inverseLabel':'Decided by'}"),
                     200);
    long long id = number_at(p, "results[0].typeId");
    AUTO_FREE char *path = mem_printf(OBJECTS "/deals/%s/associations/contacts/%s", deal, contact);
    assert_int_equal(post(p, "PUT", path, "[{'associationCategory':'HUBSPOT_DEFINED','associationTypeId':%lld}]", id),
                     400);
    assert_int_equal(post(p, "PUT", path, "[{'associationCategory':'USER_DEFINED','associationTypeId':%lld}]", id),
                     201);
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/%s/associations/deals", NULL, contact), 200);
    assert_string_equal(text_at(p, "results[0].associationTypes[1].label"), "Decided by");
    assert_int_equal(hub(p, "GET", LINKS "/deals/contacts/labels", NULL), 200);
    assert_int_equal(count_at(p, "results"), 2);
    assert_int_equal(hub(p, "DELETE", LINKS "/deals/contacts/labels/%lld", NULL, id), 204);
    assert_int_equal(hub(p, "GET", LINKS "/contacts/deals/labels", NULL), 200);
    assert_int_equal(count_at(p, "results"), 1);
}

static void dates_stay_unless_the_manner_says_otherwise(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *contact = made(p, "contacts", "{'firstname':'Ada'}"), *before = keep(p, "updatedAt");
    for (int touch = 0; touch < 2; touch++) {
        AUTO_FREE char *deal = a_deal(p);
        assert_int_equal(post(p, "POST", "/_sandbox/manners", "{'association_touch':%s}", touch ? "true" : "false"),
                         200);
        sandbox_advance(p->box, 1000);
        assert_int_equal(hub(p, "PUT", OBJECTS "/deals/%s/associations/default/contacts/%s", NULL, deal, contact), 200);
        assert_int_equal(hub(p, "GET", OBJECTS "/contacts/%s?properties=num_associated_deals", NULL, contact), 200);
        assert_string_equal(text_at(p, "properties.num_associated_deals"), touch ? "2" : "1");
        assert_int_equal(str_eq(text_at(p, "updatedAt"), before), !touch);
    }
}

static void a_merge_carries_them_over_and_an_archived_end_hides_them(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *one = made(p, "contacts", "{'firstname':'A'}"), *two = made(p, "contacts", "{'firstname':'B'}"),
                   *first = a_note_on(p, one, 202), *second = a_note_on(p, two, 202);
    edit(p, "{'object':'contacts','id':'%s','merge_into':'%s'}", two, one);
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/%s/associations/notes?limit=1", NULL, two), 200);
    assert_int_equal(count_at(p, "results"), 1);
    assert_string_equal(text_at(p, "paging.next.after"), "1");
    assert_int_equal(hub(p, "GET", OBJECTS "/notes/%s/associations/contacts", NULL, second), 200);
    assert_int_equal(number_at(p, "results[0].toObjectId"), 100003);
    assert_int_equal(count_at(p, "results"), 1);
    edit(p, "{'object':'notes','id':'%s','delete':true}", first);
    assert_int_equal(hub(p, "GET", OBJECTS "/contacts/100003/associations/notes", NULL), 200);
    assert_int_equal(count_at(p, "results"), 1);
    settle(p);
    assert_int_equal(post(p, "POST", OBJECTS "/notes/search",
                          "{'filters':[{'propertyName':'associations.contact','operator':'EQ','value':'100003'}]}"),
                     200);
    assert_int_equal(number_at(p, "total"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_hubspot, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_note_is_made_on_a_contact_in_one_call),
        TEST(the_wrong_direction_or_target_makes_nothing),
        TEST(v4_puts_lists_and_deletes),
        TEST(a_contact_has_one_primary_company),
        TEST(v3_speaks_in_names),
        TEST(batches_answer_row_by_row),
        TEST(batches_have_three_sizes),
        TEST(labels_of_ones_own_have_their_own_numbers),
        TEST(dates_stay_unless_the_manner_says_otherwise),
        TEST(a_merge_carries_them_over_and_an_archived_end_hides_them),
    };
    return cmocka_run_group_tests_name("sandbox.hubspot_associations", tests, NULL, NULL);
}
